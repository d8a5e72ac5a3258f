/* SPDX-License-Identifier: MIT */
/* How bytes are translated and when output leaves: modes, buffering, headers, MIME bodies. */

#include "fixture.h"

/* -- modes as values -- */

static void mode_is(const char *flags, const char *input, const char *output)
{
	uint32_t mode = cq_mode_parse(flags, strlen(flags));
	char text[4] = "???";

	CHECK(mode != CQ_MODE_DEFAULT);
	OK(cq_mode_format(mode, CQ_INPUT, text));
	CHECK(strcmp(text, input) == 0);
	OK(cq_mode_format(mode, CQ_OUTPUT, text));
	CHECK(strcmp(text, output) == 0);
}

TEST(modes_are_made_of_flags)
{
	mode_is("", "t-p", "tla");
	mode_is("b", "b-p", "bla");
	mode_is("bf", "b-p", "bfa");
	mode_is("nA", "t-p", "tnA");
	mode_is("P", "t-P", "tla");
	mode_is("tbt", "t-p", "tla"); /* the last of a group counts */
	mode_is("fnl", "t-p", "tla");
	mode_is("x b\ny", "b-p", "bla"); /* others are ignored */
}

TEST(modes_that_make_no_sense_are_refused)
{
	uint32_t bad[] = { CQ_MODE_DEFAULT, 2, 512, 1 | 2 | 4, UINT32_MAX };
	char text[4];
	size_t i;

	EQ(cq_mode_parse(NULL, 3), CQ_MODE_DEFAULT);
	EQ(cq_mode_parse("bf", 0), cq_mode_parse("", 0));
	EQ(cq_mode_parse("bf", 1), cq_mode_parse("b", 1)); /* so many flags, no more */
	for (i = 0; i < COUNT(bad); i++)
		ERR(cq_mode_format(bad[i], CQ_INPUT, text), EINVAL);
	ERR(cq_mode_format(cq_mode_parse("b", 1), 2, text), EINVAL);
	ERR(cq_mode_format(cq_mode_parse("b", 1), CQ_INPUT, NULL), EINVAL);
}

static cq_socket *with_modes(const char *flags, int *other)
{
	cq_socket *socket = half_pair(other);

	set_modes(socket, flags);
	SYS(fcntl(*other, F_SETFL, O_NONBLOCK));
	return socket;
}

/* What has arrived at the other end, and nothing more. */
#define ARRIVED(other, wanted) \
	do { \
		char data_[65536]; \
		ssize_t count_ = read((other), data_, sizeof data_); \
		TEXT(data_, count_ < 0 ? 0 : (size_t)count_, wanted); \
	} while (0)

/* -- text -- */

TEST(text_mode_reads_crlf_as_lf)
{
	cq_socket *socket;
	int other;

	socket = with_modes("tn", &other);
	plain_write(other, "one\r\ntwo\nthree\r\n\r\nfour\rfive\r\n");
	READ(socket, CQ_READ_LINE, 0, "one");
	READ(socket, CQ_READ_LINE, 0, "two");
	READ(socket, CQ_READ_LINE_KEEP, 0, "three\n");
	READ(socket, CQ_READ_LINE_KEEP, 0, "\n");
	READ(socket, CQ_READ_LINE, 0, "four\rfive"); /* a CR alone is a byte like others */
	plain_write(other, "a\r\nb\r\nc\r");
	READ(socket, CQ_READ_EXACTLY, 4, "a\nb\n");
	READ(socket, CQ_READ_UP_TO, 10, "c");
	ERR(recv_code(socket, CQ_READ_UP_TO, 1), EAGAIN); /* the CR may be half of something */
	plain_write(other, "\n");
	READ(socket, CQ_READ_UP_TO, 10, "\n");
	plain_write(other, "x\r\ny\rz\r\n");
	SYS(close(other));
	READ(socket, CQ_READ_ALL, 0, "x\ny\rz\n");
	cq_socket_free(socket);
}

TEST(binary_mode_reads_bytes_as_they_are)
{
	cq_socket *socket;
	int other;

	socket = with_modes("bn", &other);
	plain_write(other, "one\r\ntwo\r\nthree\r\n");
	READ(socket, CQ_READ_LINE, 0, "one\r");
	READ(socket, CQ_READ_LINE_KEEP, 0, "two\r\n");
	READ(socket, CQ_READ_EXACTLY, 7, "three\r\n");
	cq_socket_free(socket);
}

TEST(text_mode_writes_lf_as_crlf)
{
	cq_socket *socket;
	int other;

	socket = with_modes("tn", &other);
	OK(cq_socket_write(socket, "one\ntwo\r\n\nthree", 15));
	ARRIVED(other, "one\r\ntwo\r\r\n\r\nthree");
	set_modes(socket, "bn");
	OK(cq_socket_write(socket, "one\ntwo\r\n", 9));
	ARRIVED(other, "one\ntwo\r\n");
	cq_socket_free(socket);
}

TEST(translation_does_not_depend_on_where_the_pieces_part)
{
	static const char stream[] = "a\r\nbb\r\r\nccc\r\n\r\ndddd\n\reeee\r\n";
	size_t size = sizeof stream - 1, first, second;

	for (first = 0; first <= size; first++)
		for (second = first; second <= size; second += 3) {
			cq_socket *socket;
			int other;

			socket = with_modes("tn", &other);
			EQ(write(other, stream, first), first);
			cq_socket_try_fill(socket, size);
			EQ(write(other, stream + first, second - first), second - first);
			cq_socket_try_fill(socket, size);
			EQ(write(other, stream + second, size - second), size - second);
			READ(socket, CQ_READ_LINE, 0, "a");
			READ(socket, CQ_READ_LINE, 0, "bb\r");
			READ(socket, CQ_READ_EXACTLY, 5, "ccc\n\n");
			READ(socket, CQ_READ_LINE_KEEP, 0, "dddd\n");
			READ(socket, CQ_READ_LINE_KEEP, 0, "\reeee\n");
			cq_socket_free(socket);
			SYS(close(other));
		}
}

TEST(a_mode_can_be_given_for_one_call)
{
	uint32_t text = cq_mode_parse("tn", 2), binary = cq_mode_parse("bn", 2);
	const void *data;
	size_t size, sent;
	cq_socket *socket;
	int other;

	socket = with_modes("bn", &other);
	plain_write(other, "one\r\ntwo\r\n");
	OK(cq_socket_try_recv(socket, CQ_READ_LINE, 0, text, 0, &data, &size));
	TEXT(data, size, "one");
	OK(cq_socket_try_recv(socket, CQ_READ_LINE, 0, binary, 0, &data, &size));
	TEXT(data, size, "two\r");
	OK(cq_socket_try_send(socket, "x\n", 2, text, &sent));
	EQ(sent, 2); /* bytes of the program */
	OK(cq_socket_try_send(socket, "y\n", 2, binary, &sent));
	OK(cq_socket_try_send(socket, "z\n", 2, CQ_MODE_DEFAULT, &sent));
	ARRIVED(other, "x\r\ny\nz\n");
	cq_socket_free(socket);
}

TEST(a_long_text_is_translated_whole_through_a_full_socket)
{
	size_t size = slow() ? 100 * 1000 : 4 * 1000 * 1000, at = 0, i;
	char *text = malloc(size);
	unsigned char piece[20000];
	cq_socket *socket;
	ssize_t count;
	pid_t child;
	int other;

	for (i = 0; i < size; i++)
		text[i] = i % 61 == 60 ? '\n' : (char)('a' + i % 23);
	socket = with_modes("tf", &other);
	SYS(fcntl(other, F_SETFL, 0));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		OK(cq_socket_write(socket, text, size));
		OK(cq_socket_flush(socket));
		end_child(true);
	}
	cq_socket_free(socket);
	while ((count = read(other, piece, sizeof piece)) > 0) {
		ssize_t j;

		for (j = 0; j < count; j++) {
			if (piece[j] == '\r') {
				EQ(text[at], '\n');
				continue;
			}
			CHECK(at < size);
			EQ(piece[j], text[at]);
			at++;
		}
	}
	EQ(at, size);
	wait_for_child(child);
	free(text);
}

/* -- buffering -- */

TEST(unbuffered_output_leaves_at_once)
{
	cq_socket *socket;
	int other;

	socket = with_modes("bn", &other);
	OK(cq_socket_write(socket, "a", 1));
	ARRIVED(other, "a");
	OK(cq_socket_write(socket, "", 0));
	OK(cq_socket_write(socket, NULL, 0));
	EQ(cq_socket_pending(socket, CQ_OUTPUT), 0);
	cq_socket_free(socket);
}

TEST(line_buffered_output_leaves_by_lines)
{
	cq_socket *socket;
	int other;

	socket = with_modes("bl", &other);
	OK(cq_socket_write(socket, "half", 4));
	ARRIVED(other, "");
	EQ(cq_socket_pending(socket, CQ_OUTPUT), 4);
	OK(cq_socket_write(socket, " a line\nand", 11));
	ARRIVED(other, "half a line\n");
	EQ(cq_socket_pending(socket, CQ_OUTPUT), 3);
	OK(cq_socket_write(socket, "\n\n", 2));
	ARRIVED(other, "and\n\n");
	OK(cq_socket_write(socket, "rest", 4));
	OK(cq_socket_flush(socket));
	ARRIVED(other, "rest");
	cq_socket_free(socket);
}

TEST(a_long_line_leaves_in_pieces_of_the_limit)
{
	cq_socket *socket;
	int other;

	socket = with_modes("bl", &other);
	OK(cq_socket_set_maxline(socket, CQ_OUTPUT, 10));
	OK(cq_socket_write(socket, "123456789", 9));
	ARRIVED(other, "");
	OK(cq_socket_write(socket, "0abcdefghijABC", 14));
	ARRIVED(other, "1234567890abcdefghij");
	EQ(cq_socket_pending(socket, CQ_OUTPUT), 3);
	OK(cq_socket_write(socket, "\n", 1));
	ARRIVED(other, "ABC\n");
	cq_socket_free(socket);
}

TEST(fully_buffered_output_leaves_when_the_buffer_is_full)
{
	cq_socket *socket;
	int other;

	socket = with_modes("bf", &other);
	OK(cq_socket_set_bufsiz(socket, CQ_OUTPUT, 10));
	OK(cq_socket_write(socket, "1\n2\n3\n4\n", 8));
	ARRIVED(other, "");
	OK(cq_socket_write(socket, "abcd", 4));
	ARRIVED(other, "1\n2\n3\n4\nab");
	EQ(cq_socket_pending(socket, CQ_OUTPUT), 2);
	OK(cq_socket_write(socket, "0123456789012345678901234", 25));
	ARRIVED(other, "cd012345678901234567"); /* whole buffers */
	EQ(cq_socket_pending(socket, CQ_OUTPUT), 7);
	cq_socket_free(socket);
}

TEST(an_unlimited_buffer_leaves_only_when_flushed)
{
	cq_socket *socket;
	char *big = calloc(1, 100000);
	int other;

	socket = with_modes("bf", &other);
	OK(cq_socket_set_bufsiz(socket, CQ_OUTPUT, SIZE_MAX));
	OK(cq_socket_write(socket, big, 100000));
	OK(cq_socket_write(socket, big, 100));
	EQ(cq_socket_pending(socket, CQ_OUTPUT), 100100);
	ARRIVED(other, "");
	CHECK(cq_socket_try_flush(socket, CQ_MODE_DEFAULT) == 0 || cq_socket_pending(socket, CQ_OUTPUT) > 0);
	CHECK(is_readable(other));
	cq_socket_free(socket);
	free(big);
}

TEST(a_flush_sends_what_its_mode_says)
{
	uint32_t full = cq_mode_parse("bf", 2), lines = cq_mode_parse("bl", 2), now = cq_mode_parse("bn", 2);
	cq_socket *socket;
	size_t sent;
	int other;

	socket = with_modes("bf", &other);
	OK(cq_socket_try_flush(socket, 0)); /* nothing there */
	OK(cq_socket_write(socket, "line\nhalf", 9));
	OK(cq_socket_try_flush(socket, full));
	ARRIVED(other, "");
	OK(cq_socket_try_flush(socket, now));
	ARRIVED(other, "line\nhalf");
	OK(cq_socket_write(socket, "more", 4));
	OK(cq_socket_try_flush(socket, CQ_MODE_DEFAULT)); /* everything */
	ARRIVED(other, "more");
	OK(cq_socket_try_send(socket, "a\nb", 3, lines, &sent));
	ARRIVED(other, "a\n");
	OK(cq_socket_try_send(socket, "\nc", 2, lines, &sent));
	ARRIVED(other, "b\n");
	cq_socket_free(socket);
}

TEST(reads_flush_output_first_unless_told_otherwise)
{
	cq_socket *socket;
	int other;

	socket = with_modes("bf", &other);
	OK(cq_socket_write(socket, "prompt> ", 8));
	plain_write(other, "answer\n");
	READ(socket, CQ_READ_LINE, 0, "answer");
	ARRIVED(other, "prompt> ");
	set_modes(socket, "bfA");
	OK(cq_socket_write(socket, "prompt> ", 8));
	plain_write(other, "answer\n");
	READ(socket, CQ_READ_LINE, 0, "answer");
	ARRIVED(other, "");
	cq_socket_free(socket);
}

TEST(a_receive_flushes_on_request)
{
	cq_socket *socket;
	const void *data;
	size_t size;
	int other;

	socket = with_modes("bf", &other);
	OK(cq_socket_write(socket, "prompt> ", 8));
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, 0, &data, &size), EAGAIN);
	ARRIVED(other, "");
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, CQ_FLUSH, &data, &size), EAGAIN);
	ARRIVED(other, "prompt> ");
	set_modes(socket, "bfA");
	OK(cq_socket_write(socket, "kept", 4));
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, CQ_FLUSH, &data, &size), EAGAIN);
	ARRIVED(other, "");
	cq_socket_free(socket);
}

/* -- headers -- */

TEST(header_fields_are_unfolded)
{
	cq_socket *socket;
	const void *data = "";
	size_t size;
	int other;

	socket = with_modes("tn", &other);
	plain_write(other, "Subject: one\r\n two\r\n\tthree\r\nTo: x\nFrom : y\r\n\r\nbody\r\n");
	READ(socket, CQ_READ_HEADER, 0, "Subject: one two\tthree");
	READ(socket, CQ_READ_HEADER, 0, "To: x");
	READ(socket, CQ_READ_HEADER, 0, "From : y");
	OK(cq_socket_read(socket, CQ_READ_HEADER, 0, &data, &size)); /* what comes is no header */
	CHECK(data == NULL && size == 0);
	READ(socket, CQ_READ_LINE, 0, "");
	READ(socket, CQ_READ_LINE, 0, "body");
	cq_socket_free(socket);
}

TEST(header_fields_can_be_kept_as_they_came)
{
	cq_socket *socket;
	int other;

	socket = with_modes("bn", &other);
	plain_write(other, "A: b\r\n c\r\nD: e\r\n\r\n");
	READ(socket, CQ_READ_HEADER_KEEP, 0, "A: b\r\n c\r\n");
	set_modes(socket, "tn");
	READ(socket, CQ_READ_HEADER_KEEP, 0, "D: e\n");
	cq_socket_free(socket);
}

TEST(a_header_field_waits_for_the_line_behind_it)
{
	cq_socket *socket;
	int other;

	socket = with_modes("tn", &other);
	plain_write(other, "A: b\r\n");
	ERR(recv_code(socket, CQ_READ_HEADER, 0), EAGAIN); /* it may be continued */
	plain_write(other, " c\r\n");
	ERR(recv_code(socket, CQ_READ_HEADER, 0), EAGAIN);
	plain_write(other, "X");
	READ(socket, CQ_READ_HEADER, 0, "A: b c");
	cq_socket_free(socket);
}

/* -- bodies -- */

static int recv_body(cq_socket *socket, const char *boundary, const void **data, size_t *size)
{
	return cq_socket_try_recv_body(socket, boundary, strlen(boundary), CQ_MODE_DEFAULT, 0, data, size);
}

TEST(a_mime_body_ends_at_its_boundary)
{
	cq_socket *socket;
	const void *data;
	size_t size;
	int other;

	socket = with_modes("bn", &other);
	plain_write(other, "first\r\nsecond\r\n--bound\r\nthird\r\n--bound--\r\n");
	OK(recv_body(socket, "--bound", &data, &size));
	TEXT(data, size, "first\r\nsecond");
	OK(recv_body(socket, "--bound", &data, &size));
	CHECK(data == NULL && size == 0);
	READ(socket, CQ_READ_LINE, 0, "--bound\r");
	OK(recv_body(socket, "--bound", &data, &size));
	TEXT(data, size, "third");
	OK(recv_body(socket, "--bound", &data, &size));
	CHECK(data == NULL);
	READ(socket, CQ_READ_LINE, 0, "--bound--\r");
	cq_socket_free(socket);
}

TEST(a_mime_body_of_any_size_comes_in_chunks)
{
	size_t total = 100000, got = 0, i;
	char *body = malloc(total);
	cq_socket *socket;
	const void *data;
	size_t size;
	pid_t child;
	int other;

	for (i = 0; i < total; i++)
		body[i] = "-b\r\nou"[i * 7 % 6];
	socket = with_modes("bn", &other);
	SYS(fcntl(other, F_SETFL, 0));
	child = (pid_t)SYS(fork());
	if (child == 0)
		end_child(write(other, body, total) == (ssize_t)total && write(other, "\r\n--bound\r\n", 11) == 11);
	SYS(close(other));
	for (;;) {
		int code = recv_body(socket, "--bound", &data, &size);

		if (code == EAGAIN) {
			cq_interest set = on_socket(socket, 0);

			OK(cq_poll(&set, 1, NULL));
			continue;
		}
		OK(code);
		if (data == NULL)
			break;
		CHECK(got + size <= total);
		CHECK(memcmp(data, body + got, size) == 0);
		got += size;
	}
	EQ(got, total);
	READ(socket, CQ_READ_LINE, 0, "--bound\r");
	wait_for_child(child);
	cq_socket_free(socket);
	free(body);
}

TEST(a_mode_for_one_call_changes_only_the_flags_that_it_names)
{
	static const char *const own[] = { "tn", "bn" }, *const buffering[] = { "n", "l", "f", "", "a", "P" };
	size_t i, k, sent;

	for (i = 0; i < COUNT(own); i++) {
		for (k = 0; k < COUNT(buffering); k++) {
			uint32_t mode = cq_mode_parse(buffering[k], strlen(buffering[k]));
			int other;
			cq_socket *socket = with_modes(own[i], &other);
			const void *data;
			size_t size;

			OK(cq_socket_try_send(socket, "x\n", 2, mode, &sent)); /* text or binary as the socket's own */
			OK(cq_socket_try_flush(socket, 0));
			plain_expect(other, i == 0 ? "x\r\n" : "x\n");
			plain_write(other, "y\r\n");
			OK(cq_socket_try_recv(socket, CQ_READ_LINE_KEEP, 0, mode, 0, &data, &size));
			if (i == 0)
				TEXT(data, size, "y\n");
			else
				TEXT(data, size, "y\r\n");
			cq_socket_free(socket);
			SYS(close(other));
		}
	}
}

TEST(a_mode_that_names_text_or_binary_keeps_the_buffering)
{
	static const struct {
		const char *own, *gone;
		size_t pending;
	} cases[] = { { "bn", "x\ny", 0 }, { "bl", "x\n", 1 }, { "bf", "", 3 } };
	size_t i, sent;

	for (i = 0; i < COUNT(cases); i++) {
		int other;
		cq_socket *socket = with_modes(cases[i].own, &other);

		OK(cq_socket_try_send(socket, "x\ny", 3, cq_mode_parse("b", 1), &sent));
		EQ(cq_socket_pending(socket, CQ_OUTPUT), cases[i].pending);
		plain_expect(other, cases[i].gone);
		OK(cq_socket_try_flush(socket, cq_mode_parse("b", 1))); /* as the socket's own buffering says */
		EQ(cq_socket_pending(socket, CQ_OUTPUT), cases[i].pending);
		cq_socket_free(socket);
		SYS(close(other));
	}
}

TEST(flags_of_one_mode_replace_those_of_another)
{
	char text[4];
	uint32_t mode = cq_mode_change(cq_mode_parse("bfA", 3), cq_mode_parse("n", 1));

	OK(cq_mode_format(mode, CQ_OUTPUT, text));
	TEXT(text, 3, "bnA");
	EQ(cq_mode_change(CQ_MODE_DEFAULT, CQ_MODE_DEFAULT), CQ_MODE_DEFAULT);
	EQ(cq_mode_change(mode, CQ_MODE_DEFAULT), mode);
	EQ(cq_mode_change(CQ_MODE_DEFAULT, mode), mode);
	EQ(cq_mode_change(2, mode), CQ_MODE_DEFAULT); /* no mode */
}
