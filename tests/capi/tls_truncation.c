/* SPDX-License-Identifier: MIT */
/*
 * A stream that is cut at any byte: each format of a read gives what it would give of the plain text that came, and then
 * tells that something may be missing. A datagram that is cut is none.
 */

#include "tls.h"
#include "tls_records.h"

enum { ALERT = 21, DATA = 23 };

/* Each is a record; the last one, close_notify, is not among them. */
static const char *const pieces[] = { "line\n", "Key: a\r\n", " b\n", "Key: c\n", "\n", "rest" };

static const struct {
	uint32_t format;
	size_t count;
} formats[] = {
	{ CQ_READ_ALL, 0 },    { CQ_READ_LINE, 0 },        { CQ_READ_LINE_KEEP, 0 }, { CQ_READ_HEADER, 0 },
	{ CQ_READ_HEADER_KEEP, 0 }, { CQ_READ_EXACTLY, 7 }, { CQ_READ_UP_TO, 3 },
};

static bool is_header(size_t format)
{
	return formats[format].format == CQ_READ_HEADER || formats[format].format == CQ_READ_HEADER_KEEP;
}

/* The code of a read that finds no field: at the empty line, and without TLS also at the end of file. */
#define HEADER_ENDS 1000000

/* What reads gave, each after its size, and how they ended. */
struct told {
	char text[400];
	size_t size;
	int code;
};

static struct told read_to_end(cq_socket *socket, size_t format, const char *mode)
{
	struct told told;
	int rounds;

	memset(&told, 0, sizeof told);
	set_modes(socket, mode);
	for (rounds = 0; rounds < 100; rounds++) {
		const void *data;
		size_t size;

		told.code = cq_socket_read(socket, formats[format].format, formats[format].count, &data, &size);
		if (!told.code && size == 0 && formats[format].format == CQ_READ_ALL)
			told.code = EPIPE; /* no text, and then the end, is the end */
		if (!told.code && !data)
			told.code = HEADER_ENDS;
		if (told.code)
			break;
		told.size += (size_t)snprintf(told.text + told.size, sizeof told.text - told.size, "%d:%.*s|", (int)size, (int)size,
		                              (const char *)data);
		CHECK(told.size < sizeof told.text);
	}
	CHECK(rounds < 100);
	return told;
}

/* Over a pair without TLS. */
static struct told told_in_plain_text(const char *text, size_t format, const char *mode)
{
	int other;
	cq_socket *socket = half_pair(&other);
	struct told told;

	EQ(write(other, text, strlen(text)), strlen(text));
	SYS(close(other));
	told = read_to_end(socket, format, mode);
	cq_socket_free(socket);
	return told;
}

/* Cuts the stream after so many bytes; false: there are fewer. */
static bool cut_at(size_t cut, int version, size_t format, const char *mode)
{
	struct writer writer = new_writer(version, true);
	unsigned char stream[800];
	char text[100] = "";
	size_t size = 0, i = is_header(format); /* the first is no field */
	struct told plain, told;
	bool whole;

	for (; i < COUNT(pieces); i++) {
		size += make_record(&writer, DATA, pieces[i], strlen(pieces[i]), stream + size);
		if (size <= cut)
			strcat(text, pieces[i]);
	}
	size += make_record(&writer, ALERT, "\1\0", 2, stream + size); /* close_notify */
	whole = cut >= size;
	EQ(write(writer.fd, stream, whole ? size : cut), whole ? size : cut);
	SYS(shutdown(writer.fd, SHUT_WR));
	plain = told_in_plain_text(text, format, mode);
	told = read_to_end(writer.socket, format, mode);
	if (formats[format].format == CQ_READ_ALL && !whole) {
		/* It would be taken for the whole. Nothing is lost: another format gives it. */
		CHECK(told.size == 0);
		ERR(told.code, CQ_ETRUNCATED);
		CHECK(cq_socket_pending(writer.socket, CQ_INPUT) == strlen(text) || mode[0] == 't');
		OK(cq_socket_set_error(writer.socket, CQ_INPUT, 0, NULL));
		plain = told_in_plain_text(text, COUNT(formats) - 1, mode);
		told = read_to_end(writer.socket, COUNT(formats) - 1, mode);
	}
	if (strcmp(told.text, plain.text) != 0)
		printf("       cut at %d, format %d: '%s', not '%s'\n", (int)cut, (int)format, told.text, plain.text);
	CHECK(strcmp(told.text, plain.text) == 0);
	if (plain.code == HEADER_ENDS && strstr(text, "c\n\n"))
		EQ(told.code, HEADER_ENDS); /* the header is whole */
	else
		EQ(told.code, whole ? plain.code : CQ_ETRUNCATED);
	free_writer(&writer);
	return !whole;
}

/* The formats from one to another, with each cut, or each so many. */
static void cut_everywhere(int version, size_t first, size_t last, const char *mode, size_t step)
{
	size_t format, cut;

	if (slow())
		step *= 37;
	for (format = first; format <= last; format++)
		for (cut = 0; cut_at(cut, version, format, mode); cut += step)
			;
}

TEST(a_stream_that_is_cut_at_any_byte_gives_no_part_for_the_whole)
{
	cut_everywhere(TLS1_3_VERSION, 0, 0, "bn", 1);
}

TEST(a_stream_that_is_cut_at_any_byte_gives_the_lines_that_came)
{
	cut_everywhere(TLS1_3_VERSION, 1, 2, "bn", 1);
}

TEST(a_stream_that_is_cut_at_any_byte_gives_the_fields_that_came)
{
	cut_everywhere(TLS1_3_VERSION, 3, 4, "bn", 1);
}

TEST(a_stream_that_is_cut_at_any_byte_gives_the_bytes_that_came)
{
	cut_everywhere(TLS1_3_VERSION, 5, 6, "bn", 1);
}

TEST(streams_of_tls_1_2_and_in_text_mode_are_cut_in_the_same_way)
{
	cut_everywhere(TLS1_2_VERSION, 0, COUNT(formats) - 1, "bn", 7);
	cut_everywhere(TLS1_3_VERSION, 0, COUNT(formats) - 1, "tn", 7);
}

/* -- datagrams -- */

static cq_socket *datagram_end(int *other)
{
	cq_socket *socket;
	int fds[2];

	SYS(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
	OK(cq_socket_adopt(fds[0], &socket));
	set_modes(socket, "bn");
	SYS(fcntl(fds[1], F_SETFL, O_NONBLOCK));
	*other = fds[1];
	return socket;
}

/* Passes on what there is. */
static void relay(int from, int to)
{
	char datagram[20000];
	ssize_t size;

	while ((size = recv(from, datagram, sizeof datagram, 0)) > 0)
		EQ(send(to, datagram, (size_t)size, 0), size);
}

TEST(a_datagram_that_is_cut_at_any_byte_is_none)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends = { NULL, NULL, EAGAIN, EAGAIN };
	int near, far;
	char datagram[400];
	ssize_t size, cut;

	ends.client = datagram_end(&near);
	ends.server = datagram_end(&far);
	while (ends.client_code == EAGAIN || ends.server_code == EAGAIN) {
		if (ends.client_code == EAGAIN)
			ends.client_code = cq_socket_try_starttls(ends.client, client);
		relay(near, far);
		if (ends.server_code == EAGAIN)
			ends.server_code = cq_socket_try_starttls(ends.server, server);
		relay(far, near);
	}
	OK(ends.client_code);
	OK(ends.server_code);
	OK(cq_socket_write(ends.client, "whole", 5));
	OK(cq_socket_flush(ends.client));
	size = SYS(recv(near, datagram, sizeof datagram, 0));
	for (cut = 0; cut < size; cut++) {
		int code;

		EQ(send(far, datagram, (size_t)cut, 0), cut);
		while ((code = recv_code(ends.server, CQ_READ_UP_TO, 100)) == EAGAIN && cq_socket_poll_timeout(ends.server) == 0)
			;
		ERR(code, EAGAIN);
	}
	EQ(send(far, datagram, (size_t)size, 0), size);
	READ(ends.server, CQ_READ_UP_TO, 100, "whole");
	SYS(close(near));
	SYS(close(far));
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}
