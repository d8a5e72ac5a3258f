/* SPDX-License-Identifier: MIT */
/* A line or some bytes that come alone take a short way to the program, and the answer one from it. Nothing tells them
 * from others. */

#include "fixture.h"
#include <fcntl.h>
#include <stdlib.h>

/* A socket and the other end of it. */
struct line {
	cq_socket *socket;
	int peer;
};

static struct line line_of(const char *modes)
{
	struct line line;

	line.socket = half_pair(&line.peer);
	set_modes(line.socket, modes);
	return line;
}

static void end(struct line *line)
{
	cq_socket_free(line->socket);
	SYS(close(line->peer));
}

static int patient_code(cq_socket *socket)
{
	const void *data;
	size_t size;

	return cq_socket_try_recv(socket, CQ_READ_LINE, 0, CQ_MODE_DEFAULT, CQ_PATIENT, &data, &size);
}

TEST(a_line_in_pieces_is_found_whole)
{
	struct line line = line_of("bl");

	plain_write(line.peer, "whole\n");
	RECV(line.socket, CQ_READ_LINE_KEEP, 0, "whole\n");
	EQ(patient_code(line.socket), EAGAIN);
	EQ(cq_socket_events(line.socket), POLLIN);
	plain_write(line.peer, "be");
	ERR(recv_code(line.socket, CQ_READ_LINE, 0), EAGAIN);
	EQ(cq_socket_events(line.socket), POLLIN);
	EQ(cq_socket_pending(line.socket, CQ_INPUT), 2);
	plain_write(line.peer, "gin");
	ERR(recv_code(line.socket, CQ_READ_LINE, 0), EAGAIN);
	plain_write(line.peer, "\nand");
	READ(line.socket, CQ_READ_LINE, 0, "begin");
	RECV(line.socket, CQ_READ_EXACTLY, 3, "and");
	plain_write(line.peer, "\n");
	RECV(line.socket, CQ_READ_LINE, 0, "");
	end(&line);
}

TEST(what_comes_behind_a_line_is_not_asked_for_by_the_patient)
{
	struct line line = line_of("bl");

	plain_write(line.peer, "a\n");
	RECV(line.socket, CQ_READ_LINE, 0, "a");
	plain_write(line.peer, "b\n"); /* by a descriptor of which the library knows nothing */
	EQ(patient_code(line.socket), EAGAIN);
	RECV(line.socket, CQ_READ_LINE, 0, "b");
	end(&line);
}

TEST(a_line_alone_is_cut_and_translated_as_others_are)
{
	struct line line = line_of("tl");

	plain_write(line.peer, "one\r\n");
	READ(line.socket, CQ_READ_LINE, 0, "one");
	plain_write(line.peer, "two\r\n");
	READ(line.socket, CQ_READ_LINE_KEEP, 0, "two\n");
	OK(cq_socket_set_maxline(line.socket, CQ_INPUT, 3));
	plain_write(line.peer, "three\r\n");
	READ(line.socket, CQ_READ_LINE_KEEP, 0, "thr");
	OK(cq_socket_set_maxline(line.socket, CQ_INPUT, 100));
	READ(line.socket, CQ_READ_LINE_KEEP, 0, "ee\n");
	OK(cq_socket_set_mode(line.socket, CQ_INPUT, cq_mode_parse("b", 1)));
	plain_write(line.peer, "four\r\n");
	READ(line.socket, CQ_READ_LINE, 0, "four\r");
	end(&line);
}

TEST(buffers_of_other_sizes_change_nothing)
{
	static const size_t sizes[] = { 1, 100, 4096, 4097, 65536 };
	char text[3001];
	size_t i;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 2] = '\n';
	text[sizeof text - 1] = 0;
	for (i = 0; i < COUNT(sizes); i++) {
		struct line line = line_of("bl");

		OK(cq_socket_set_bufsiz(line.socket, CQ_INPUT, sizes[i]));
		plain_write(line.peer, text);
		READ(line.socket, CQ_READ_LINE_KEEP, 0, text);
		ERR(recv_code(line.socket, CQ_READ_LINE, 0), EAGAIN);
		end(&line);
	}
}

TEST(a_line_holds_nothing_of_another_connection)
{
	struct line first = line_of("bl"), second;

	plain_write(first.peer, "read\nnot read");
	READ(first.socket, CQ_READ_LINE, 0, "read");
	end(&first); /* its buffer goes to who asks next */
	second = line_of("bl");
	plain_write(second.peer, "mine\n");
	READ(second.socket, CQ_READ_LINE, 0, "mine");
	EQ(cq_socket_pending(second.socket, CQ_INPUT), 0);
	end(&second);
}

/* -- bytes -- */

TEST(of_bytes_as_many_as_were_asked_for_are_taken)
{
	struct line line = line_of("bl");

	plain_write(line.peer, "abc");
	RECV(line.socket, CQ_READ_EXACTLY, 2, "ab");
	RECV(line.socket, CQ_READ_EXACTLY, 1, "c");
	ERR(recv_code(line.socket, CQ_READ_EXACTLY, 1), EAGAIN);
	EQ(cq_socket_events(line.socket), POLLIN);
	plain_write(line.peer, "de");
	ERR(recv_code(line.socket, CQ_READ_EXACTLY, 3), EAGAIN);
	EQ(cq_socket_pending(line.socket, CQ_INPUT), 2);
	plain_write(line.peer, "fg");
	READ(line.socket, CQ_READ_EXACTLY, 3, "def");
	RECV(line.socket, CQ_READ_UP_TO, 10, "g");
	plain_write(line.peer, "hi");
	RECV(line.socket, CQ_READ_UP_TO, 10, "hi");
	RECV(line.socket, CQ_READ_EXACTLY, 0, "");
	RECV(line.socket, CQ_READ_UP_TO, 0, "");
	ERR(recv_code(line.socket, CQ_READ_UP_TO, 1), EAGAIN);
	end(&line);
}

TEST(bytes_in_text_mode_are_those_of_the_program)
{
	struct line line = line_of("tl");

	plain_write(line.peer, "a\r\nb\r");
	READ(line.socket, CQ_READ_EXACTLY, 2, "a\n");
	ERR(recv_code(line.socket, CQ_READ_EXACTLY, 2), EAGAIN); /* what the CR is, tells what follows */
	plain_write(line.peer, "\nc");
	READ(line.socket, CQ_READ_EXACTLY, 3, "b\nc");
	plain_write(line.peer, "\r");
	ERR(recv_code(line.socket, CQ_READ_UP_TO, 5), EAGAIN);
	plain_write(line.peer, "d\r\n");
	READ(line.socket, CQ_READ_UP_TO, 5, "\rd\n");
	end(&line);
}

TEST(bytes_of_a_message_end_with_it)
{
	cq_socket *first, *second;

	OK(cq_socket_pair(SOCK_DGRAM, &first, &second));
	set_modes(first, "bn");
	set_modes(second, "bn");
	OK(cq_socket_write(second, "one", 3));
	OK(cq_socket_write(second, "two\n", 4));
	RECV(first, CQ_READ_UP_TO, 100, "one");
	RECV(first, CQ_READ_LINE, 0, "two");
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(bytes_behind_the_end_are_fewer)
{
	struct line line = line_of("bl");

	plain_write(line.peer, "ab");
	SYS(shutdown(line.peer, SHUT_WR));
	READ(line.socket, CQ_READ_EXACTLY, 3, "ab");
	ERR(read_code(line.socket, CQ_READ_EXACTLY, 3), EPIPE);
	ERR(read_code(line.socket, CQ_READ_UP_TO, 3), EPIPE);
	end(&line);
}

/* -- ends -- */

TEST(the_end_comes_behind_the_last_line)
{
	struct line line = line_of("bl");

	plain_write(line.peer, "line\nrest");
	READ(line.socket, CQ_READ_LINE, 0, "line");
	SYS(shutdown(line.peer, SHUT_WR));
	READ(line.socket, CQ_READ_LINE, 0, "rest");
	ERR(read_code(line.socket, CQ_READ_LINE, 0), EPIPE);
	CHECK(cq_socket_eof(line.socket, CQ_INPUT));
	EQ(cq_socket_error(line.socket, CQ_INPUT), 0);
	OK(cq_socket_write(line.socket, "answer\n", 7));
	plain_expect(line.peer, "answer\n");
	end(&line);

	line = line_of("bl");
	SYS(shutdown(line.peer, SHUT_WR));
	ERR(recv_code(line.socket, CQ_READ_LINE, 0), EPIPE); /* nothing has come at all */
	CHECK(cq_socket_eof(line.socket, CQ_INPUT));
	end(&line);
}

TEST(a_reset_is_told_and_stays)
{
	struct line line;

	line.socket = half_tcp(&line.peer);
	set_modes(line.socket, "bl");
	plain_write(line.peer, "line\n");
	READ(line.socket, CQ_READ_LINE, 0, "line");
	reset_connection(line.peer);
	ERR(read_code(line.socket, CQ_READ_LINE, 0), ECONNRESET);
	ERR(read_code(line.socket, CQ_READ_LINE, 0), ECONNRESET);
	EQ(cq_socket_error(line.socket, CQ_INPUT), ECONNRESET);
	cq_socket_free(line.socket);
}

TEST(errors_that_were_left_are_told_first)
{
	struct line line = line_of("bl");
	size_t sent = 0;

	plain_write(line.peer, "a\n");
	OK(cq_socket_set_error(line.socket, CQ_INPUT, EIO, NULL));
	OK(cq_socket_set_error(line.socket, CQ_OUTPUT, ENOSPC, NULL));
	ERR(read_code(line.socket, CQ_READ_LINE, 0), EIO);
	ERR(cq_socket_write(line.socket, "b\n", 2), ENOSPC);
	CHECK(!is_readable(line.peer));
	RECV(line.socket, CQ_READ_LINE, 0, "a"); /* which no error stays with */
	OK(cq_socket_try_send(line.socket, "c\n", 2, CQ_MODE_DEFAULT, &sent));
	EQ(sent, 2);
	plain_expect(line.peer, "c\n");
	end(&line);
}

TEST(pending_output_leaves_before_a_line_is_waited_for)
{
	struct line line = line_of("bf");

	OK(cq_socket_write(line.socket, "question", 8));
	plain_write(line.peer, "a\n");
	RECV(line.socket, CQ_READ_LINE, 0, "a"); /* does not send: it was not asked to */
	CHECK(!is_readable(line.peer));
	plain_write(line.peer, "b\n");
	READ(line.socket, CQ_READ_LINE, 0, "b");
	plain_expect(line.peer, "question");
	end(&line);
}

/* -- a task that always finds the next line -- */

enum { MANY = 1 << 15 };

struct reader {
	cq_socket *socket, *peer;
	int others; /* how often the other task ran meanwhile */
	bool over;
};

static int read_all(void *argument)
{
	struct reader *reader = argument;
	int i;

	for (i = 0; i < MANY; i++) {
		double until = cq_monotime() + 2e-6;

		OK(cq_socket_write(reader->peer, "x\n", 2));
		READ(reader->socket, CQ_READ_LINE, 0, "x");
		while (cq_monotime() < until)
			;
	}
	reader->over = true;
	return 0;
}

static int count_steps(void *argument)
{
	struct reader *reader = argument;

	while (!reader->over) {
		reader->others++;
		OK(cq_sleep(0));
	}
	return 0;
}

TEST(a_task_that_reads_lines_one_by_one_lets_others_run)
{
	struct reader reader = { NULL, NULL, 0, false };
	cq_controller *cq = new_controller();

	pair(&reader.socket, &reader.peer);
	set_modes(reader.socket, "bl");
	set_modes(reader.peer, "bn");
	OK(cq_controller_wrap(cq, read_all, NULL, &reader, NULL));
	OK(cq_controller_wrap(cq, count_steps, NULL, &reader, NULL));
	run(cq);
	CHECK(reader.others >= 4); /* of more than 65 ms it has 10 at once */
	CHECK(reader.others < MANY / 128);
	cq_controller_free(cq);
	cq_socket_free(reader.socket);
	cq_socket_free(reader.peer);
}

/* -- answers -- */

enum { LARGE = 1 << 20 };

static char *large_line(void)
{
	char *text = malloc(LARGE);
	size_t i;

	CHECK(text != NULL);
	for (i = 0; i < LARGE; i++)
		text[i] = (char)('a' + i / 1000 % 26);
	text[LARGE - 1] = '\n';
	return text;
}

/* Takes all that comes now, which is what follows in `text`. */
static size_t drain(int fd, const char *text)
{
	char data[4096];
	size_t got = 0;
	ssize_t count;

	while ((count = recv(fd, data, sizeof data, MSG_DONTWAIT)) > 0) {
		CHECK(memcmp(data, text + got, (size_t)count) == 0);
		got += (size_t)count;
	}
	return got;
}

TEST(of_a_line_that_is_too_long_for_the_kernel_the_rest_is_queued_or_left)
{
	struct line line = line_of("bl");
	char *text = large_line();
	size_t sent = 0, taken = 0, left;

	ERR(cq_socket_try_send(line.socket, text, LARGE, CQ_MODE_DEFAULT, &sent), EAGAIN);
	EQ(cq_socket_events(line.socket), POLLOUT);
	CHECK(sent > 0 && sent < LARGE);
	EQ(cq_socket_pending(line.socket, CQ_OUTPUT), 4096); /* as much as the buffer has room for */
	left = drain(line.peer, text);
	EQ(left, sent - 4096);
	taken = sent;
	while (taken < LARGE) {
		int code = cq_socket_try_send(line.socket, text + taken, LARGE - taken, CQ_MODE_DEFAULT, &sent);

		CHECK(code == 0 || code == EAGAIN);
		taken += sent;
		left += drain(line.peer, text + left);
	}
	OK(cq_socket_try_flush(line.socket, CQ_MODE_DEFAULT));
	left += drain(line.peer, text + left);
	EQ(left, LARGE);
	free(text);
	end(&line);
}

struct writer {
	struct line line;
	char *text;
	size_t got;
};

static int write_large(void *argument)
{
	struct writer *writer = argument;

	OK(cq_socket_write(writer->line.socket, writer->text, LARGE));
	OK(cq_socket_write(writer->line.socket, "end\n", 4));
	return 0;
}

static int read_slowly(void *argument)
{
	struct writer *writer = argument;

	while (writer->got < LARGE) {
		writer->got += drain(writer->line.peer, writer->text + writer->got);
		OK(cq_sleep(MS(1)));
	}
	return 0;
}

TEST(a_line_that_is_too_long_for_the_kernel_is_written_to_its_end)
{
	struct writer writer = { line_of("bl"), large_line(), 0 };
	cq_controller *cq = new_controller();

	writer.text = realloc(writer.text, LARGE + 4);
	CHECK(writer.text != NULL);
	memcpy(writer.text + LARGE, "end\n", 4);
	OK(cq_controller_wrap(cq, write_large, NULL, &writer, NULL));
	OK(cq_controller_wrap(cq, read_slowly, NULL, &writer, NULL));
	run(cq);
	writer.got += drain(writer.line.peer, writer.text + writer.got);
	EQ(writer.got, LARGE + 4);
	EQ(cq_socket_pending(writer.line.socket, CQ_OUTPUT), 0);
	cq_controller_free(cq);
	free(writer.text);
	end(&writer.line);
}

TEST(an_answer_to_a_peer_that_has_gone_fails_and_the_error_stays)
{
	struct line line = line_of("bl");
	size_t sent;

	SYS(close(line.peer));
	ERR(cq_socket_try_send(line.socket, "a\n", 2, CQ_MODE_DEFAULT, &sent), EPIPE);
	CHECK(cq_socket_eof(line.socket, CQ_OUTPUT));
	ERR(cq_socket_write(line.socket, "a\n", 2), EPIPE);
	ERR(cq_socket_write(line.socket, "a\n", 2), EPIPE);
	EQ(cq_socket_error(line.socket, CQ_OUTPUT), EPIPE);
	line.peer = SYS(open("/dev/null", O_RDONLY));
	end(&line);
}

TEST(what_is_not_buffered_leaves_at_once_and_translated)
{
	struct line line = line_of("tn");
	size_t sent = 7;

	OK(cq_socket_write(line.socket, "a", 1));
	plain_expect(line.peer, "a");
	OK(cq_socket_try_send(line.socket, "b\n", 2, CQ_MODE_DEFAULT, &sent));
	EQ(sent, 2);
	plain_expect(line.peer, "b\r\n");
	OK(cq_socket_try_send(line.socket, "c\n", 2, cq_mode_parse("b", 1), &sent));
	plain_expect(line.peer, "c\n");
	OK(cq_socket_try_send(line.socket, "", 0, CQ_MODE_DEFAULT, &sent));
	EQ(sent, 0);
	OK(cq_socket_try_send(line.socket, "d", 1, CQ_MORE, &sent));
	CHECK(!is_readable(line.peer));
	OK(cq_socket_try_send(line.socket, "e", 1, CQ_MODE_DEFAULT, &sent));
	plain_expect(line.peer, "de");
	ERR(cq_socket_try_send(line.socket, "f", 1, 1u << 31, &sent), EINVAL);
	CHECK(!is_readable(line.peer));
	end(&line);
}

TEST(a_line_in_the_mode_of_one_call_leaves_as_that_says)
{
	struct line line = line_of("bf");
	size_t sent;

	OK(cq_socket_try_send(line.socket, "a\n", 2, CQ_MODE_DEFAULT, &sent));
	CHECK(!is_readable(line.peer));
	OK(cq_socket_try_send(line.socket, "b\n", 2, cq_mode_parse("l", 1), &sent));
	plain_expect(line.peer, "a\nb\n");
	OK(cq_socket_try_send(line.socket, "c", 1, cq_mode_parse("l", 1), &sent));
	CHECK(!is_readable(line.peer));
	OK(cq_socket_try_send(line.socket, "d", 1, cq_mode_parse("n", 1), &sent));
	plain_expect(line.peer, "cd");
	OK(cq_socket_try_send(line.socket, "e\n", 2, cq_mode_parse("tl", 2), &sent));
	plain_expect(line.peer, "e\r\n");
	end(&line);
}

TEST(a_line_goes_behind_what_is_queued)
{
	struct line line = line_of("bl");

	OK(cq_socket_write(line.socket, "part ", 5));
	CHECK(!is_readable(line.peer));
	OK(cq_socket_write(line.socket, "and line\n", 9));
	plain_expect(line.peer, "part and line\n");
	OK(cq_socket_write(line.socket, "alone\n", 6));
	plain_expect(line.peer, "alone\n");
	EQ(cq_socket_pending(line.socket, CQ_OUTPUT), 0);
	end(&line);
}

static int answer_twice(void *argument)
{
	struct line *line = argument;

	OK(cq_socket_write(line->socket, "one\n", 4));
	plain_expect(line->peer, "one\n");
	OK(cq_socket_write(line->socket, "two\n", 4));
	CHECK(!is_readable(line->peer)); /* leaves with what may follow */
	OK(cq_sleep(0));
	plain_expect(line->peer, "two\n");
	OK(cq_socket_write(line->socket, "three\n", 6));
	plain_expect(line->peer, "three\n");
	OK(cq_socket_set_hold(line->socket, CQ_HOLD_NONE));
	OK(cq_socket_write(line->socket, "four\n", 5));
	plain_expect(line->peer, "four\n");
	return 0;
}

TEST(of_the_lines_of_one_resumption_the_first_leaves_at_once)
{
	struct line line = line_of("bl");

	in_a_fiber(answer_twice, &line);
	end(&line);
}
