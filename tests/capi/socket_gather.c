/* SPDX-License-Identifier: MIT */
/* Several pieces in one write, reading into one's own memory, files that the kernel sends. */
#include "tls.h"
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* The layout is that of `struct iovec`: a program may pass its own. */
TEST(a_piece_is_laid_out_as_an_iovec)
{
	cq_piece piece;
	struct iovec iovec;

	EQ(sizeof piece, sizeof iovec);
	EQ(offsetof(cq_piece, data), offsetof(struct iovec, iov_base));
	EQ(offsetof(cq_piece, size), offsetof(struct iovec, iov_len));
	EQ(sizeof piece.size, sizeof iovec.iov_len);
}

TEST(pieces_leave_as_one_write)
{
	const cq_piece pieces[] = { { "GET ", 4 }, { NULL, 0 }, { "/", 1 }, { "\n", 1 } };
	char data[100];
	int other;
	cq_socket *socket = half_pair(&other);

	set_modes(socket, "tl");
	OK(cq_socket_writev(socket, pieces, COUNT(pieces)));
	EQ(recv(other, data, sizeof data, MSG_DONTWAIT), 7); /* all of it with the first receive */
	TEXT(data, 7, "GET /\r\n");
	EQ(recv(other, data, sizeof data, MSG_DONTWAIT), -1);
	cq_socket_free(socket);
	close(other);
}

TEST(pieces_make_one_datagram)
{
	const cq_piece pieces[] = { { "one", 3 }, { " ", 1 }, { "message", 7 } };
	cq_socket *first, *second;
	char data[100];
	size_t size, sent;

	OK(cq_socket_pair(SOCK_DGRAM, &first, &second));
	set_modes(first, "bn");
	OK(cq_socket_writev(first, pieces, COUNT(pieces)));
	OK(cq_socket_try_recvfrom(second, data, sizeof data, &size, NULL, NULL));
	TEXT(data, size, "one message");
	OK(cq_socket_try_sendv(first, pieces, 1, CQ_MODE_DEFAULT | CQ_AGAIN, &sent));
	EQ(sent, 3);
	OK(cq_socket_try_recvfrom(second, data, sizeof data, &size, NULL, NULL));
	TEXT(data, size, "one");
	cq_socket_free(first);
	cq_socket_free(second);
}

/* A peer that reads slowly gets every byte once, in order, whatever the sizes of the pieces. */
static int write_pieces(void *argument)
{
	static char bytes[400000];
	cq_piece pieces[40];
	size_t i, at = 0;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	for (i = 0; i < COUNT(pieces); i++) {
		pieces[i].data = bytes + at;
		pieces[i].size = i % 3 == 0 ? 1 : i % 3 == 1 ? 0 : 29000;
		at += pieces[i].size;
	}
	OK(cq_socket_writev(argument, pieces, COUNT(pieces)));
	OK(cq_socket_flush(argument));
	OK(cq_socket_shutdown(argument, SHUT_WR));
	return 0;
}

struct reader {
	cq_socket *socket;
	size_t size;
};

static int read_slowly(void *argument)
{
	struct reader *reader = argument;
	char room[5000];
	size_t i, size;
	int code;

	while ((code = cq_socket_read_into(reader->socket, room, sizeof room - reader->size % 4999, &size)) == 0) {
		CHECK(size > 0);
		for (i = 0; i < size; i++, reader->size++)
			EQ(room[i], (char)(reader->size * 7 + reader->size / 251));
	}
	EQ(size, 0);
	return code == EPIPE ? 0 : code;
}

TEST(a_slow_peer_gets_every_byte_once)
{
	cq_controller *controller = new_controller();
	struct reader reader = { NULL, 0 };
	cq_socket *writer;
	int small = 4096;

	pair(&writer, &reader.socket);
	SYS(setsockopt(cq_socket_pollfd(writer), SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
	OK(cq_controller_wrap(controller, write_pieces, NULL, writer, NULL));
	OK(cq_controller_wrap(controller, read_slowly, NULL, &reader, NULL));
	run(controller);
	EQ(reader.size, 13 * 29000 + 14);
	cq_socket_free(writer);
	cq_socket_free(reader.socket);
	cq_controller_free(controller);
}

TEST(what_was_not_taken_can_be_sent_again)
{
	static char bytes[300000];
	cq_socket *writer, *reader;
	cq_piece piece = { bytes, sizeof bytes };
	char room[8192];
	size_t sent, done = 0, came = 0, size;
	int code;

	pair(&writer, &reader);
	while (done < sizeof bytes) {
		piece.data = bytes + done;
		piece.size = sizeof bytes - done;
		code = cq_socket_try_sendv(writer, &piece, 1, CQ_MODE_DEFAULT, &sent);
		CHECK(code == 0 || code == EAGAIN);
		done += sent;
		while (cq_socket_try_recv_into(reader, room, sizeof room, CQ_MODE_DEFAULT, 0, &size) == 0)
			came += size;
	}
	while (cq_socket_try_flush(writer, CQ_MODE_DEFAULT) == EAGAIN || came < sizeof bytes)
		if (cq_socket_try_recv_into(reader, room, sizeof room, CQ_MODE_DEFAULT, 0, &size) == 0)
			came += size;
	EQ(came, sizeof bytes);
	cq_socket_free(writer);
	cq_socket_free(reader);
}

TEST(bytes_are_read_into_the_callers_memory)
{
	int other;
	cq_socket *socket = half_pair(&other);
	char room[4] = "....";
	size_t size;

	plain_write(other, "hello");
	OK(cq_socket_read_into(socket, room, 3, &size));
	TEXT(room, 4, "hel.");
	EQ(size, 3);
	OK(cq_socket_unget(socket, "L", 1));
	OK(cq_socket_try_recv_into(socket, room, 4, CQ_MODE_DEFAULT, 0, &size));
	TEXT(room, size, "Llo");
	ERR(cq_socket_try_recv_into(socket, room, 4, CQ_MODE_DEFAULT, 0, &size), EAGAIN);
	EQ(size, 0);
	OK(cq_socket_read_into(socket, room, 0, &size));
	EQ(size, 0);
	close(other);
	ERR(cq_socket_read_into(socket, room, 4, &size), EPIPE);
	cq_socket_free(socket);
}

/* -- files -- */

/* A file with `size` bytes that tell where they stand. */
static int file_of(size_t size)
{
	int fd = (int)SYS(open(temporary_path("file"), O_RDWR | O_CREAT | O_TRUNC, 0600));
	char block[4096];
	size_t i, at;

	unlink(temporary_path("file"));
	for (at = 0; at < size; at += i) {
		for (i = 0; i < sizeof block && at + i < size; i++)
			block[i] = (char)((at + i) * 3 + (at + i) / 256);
		EQ(write(fd, block, i), i);
	}
	return fd;
}

struct sender {
	cq_socket *socket;
	int fd;
	uint64_t offset;
	size_t count, sent;
};

static int send_it(void *argument)
{
	struct sender *s = argument;

	OK(cq_socket_write(s->socket, "head:", 5));
	OK(cq_socket_sendfile(s->socket, s->fd, s->offset, s->count, &s->sent));
	OK(cq_socket_write(s->socket, ":tail", 5));
	return cq_socket_finish(s->socket);
}

struct receiver {
	cq_socket *socket;
	uint64_t offset;
	size_t count, size;
};

static int check_it(void *argument)
{
	struct receiver *r = argument;
	char room[3000];
	size_t i, size, at;

	READ(r->socket, CQ_READ_EXACTLY, 5, "head:");
	for (at = 0; at < r->count; at += size) {
		OK(cq_socket_read_into(r->socket, room, r->count - at < sizeof room ? r->count - at : sizeof room, &size));
		for (i = 0; i < size; i++)
			EQ(room[i], (char)((r->offset + at + i) * 3 + (r->offset + at + i) / 256));
	}
	READ(r->socket, CQ_READ_ALL, 0, ":tail");
	return 0;
}

static void send_file_over(cq_socket *from, cq_socket *to, size_t size, uint64_t offset, size_t count)
{
	cq_controller *controller = new_controller();
	struct sender sender = { from, file_of(size), offset, count, 77 };
	struct receiver receiver = { to, offset, offset < size ? size - (size_t)offset : 0, 0 };

	if (receiver.count > count)
		receiver.count = count;
	OK(cq_controller_wrap(controller, send_it, NULL, &sender, NULL));
	OK(cq_controller_wrap(controller, check_it, NULL, &receiver, NULL));
	run(controller);
	EQ(sender.sent, receiver.count);
	close(sender.fd);
	cq_socket_free(from);
	cq_socket_free(to);
	cq_controller_free(controller);
}

TEST(a_file_goes_from_its_offset_to_its_end)
{
	cq_socket *from, *to;

	pair(&from, &to);
	send_file_over(from, to, 3000000, 12345, SIZE_MAX / 4);
	pair(&from, &to);
	send_file_over(from, to, 3000000, 12345, 1500000);
	pair(&from, &to);
	send_file_over(from, to, 10, 10, 100);
	pair(&from, &to);
	send_file_over(from, to, 10, 5000000000u, 100);
}

/* TLS must see the bytes: they are read and sent. In text mode they are not translated either. */
TEST(a_file_goes_over_tls_too)
{
	struct ends ends = secure_pair();

	set_modes(ends.client, "bn");
	send_file_over(ends.server, ends.client, 300000, 77, 200000);
}

TEST(what_is_no_file_is_refused)
{
	cq_socket *from, *to;
	int pipes[2];
	size_t sent = 77;

	pair(&from, &to);
	SYS(pipe(pipes));
	SYS(write(pipes[1], "x", 1));
	ERR(cq_socket_try_sendfile(from, pipes[0], 0, 10, &sent), ESPIPE);
	EQ(sent, 0);
	ERR(cq_socket_try_sendfile(from, -1, 0, 10, &sent), EBADF);
	ERR(cq_socket_sendfile(from, pipes[0], UINT64_MAX, 10, &sent), EINVAL);
	ERR(cq_socket_sendfile(from, pipes[0], 0, 10, NULL), EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	cq_socket_free(from);
	cq_socket_free(to);
}

static void count_signal(int number)
{
	(void)number;
	_exit(9);
}

TEST(a_peer_that_is_gone_raises_no_signal)
{
	cq_socket *from, *to;
	int fd = file_of(100000);
	size_t sent;

	signal(SIGPIPE, count_signal);
	pair(&from, &to);
	cq_socket_free(to);
	ERR(cq_socket_sendfile(from, fd, 0, 100000, &sent), EPIPE);
	EQ(sent, 0);
	signal(SIGPIPE, SIG_DFL);
	close(fd);
	cq_socket_free(from);
}

/* The goodbye of TLS waits for room, so that the peer does not think that it was cut short; and so does what was buffered. */
TEST(a_socket_finishes_when_all_has_left)
{
	struct ends ends = secure_pair();
	char block[4096] = "";
	size_t sent, total = 0, came = 0, size;
	int code;

	set_modes(ends.server, "bf");
	while ((code = cq_socket_try_send(ends.server, block, sizeof block, CQ_MODE_DEFAULT, &sent)) == 0)
		total += sent;
	EQ(code, EAGAIN);
	total += sent;
	ERR(cq_socket_try_finish(ends.server), EAGAIN);
	CHECK(cq_socket_events(ends.server) & POLLOUT);
	CHECK(!cq_socket_eof(ends.client, CQ_INPUT));
	while ((code = cq_socket_try_recv_into(ends.client, block, sizeof block, CQ_MODE_DEFAULT, 0, &size)) != EPIPE) {
		CHECK(code == 0 || code == EAGAIN);
		came += size;
		if (code == EAGAIN)
			OK(cq_socket_finish(ends.server));
	}
	EQ(came, total);
	CHECK(!cq_socket_truncated(ends.client));
	/* The other direction goes on. */
	OK(cq_socket_write(ends.client, "late", 4));
	READ(ends.server, CQ_READ_EXACTLY, 4, "late");
	OK(cq_socket_write(ends.server, "x", 1)); /* buffered */
	ERR(cq_socket_flush(ends.server), EPIPE);
	free_ends(&ends);
}

TEST(what_has_no_end_is_flushed)
{
	cq_socket *socket, *listener;
	int pipes[2], port;
	char data[4];

	SYS(pipe(pipes));
	OK(cq_socket_adopt(pipes[1], &socket));
	set_modes(socket, "bf");
	OK(cq_socket_write(socket, "x", 1));
	OK(cq_socket_finish(socket));
	EQ(read(pipes[0], data, sizeof data), 1);
	cq_socket_free(socket);
	close(pipes[0]);
	listener = listen_on("127.0.0.1", &port);
	OK(cq_socket_finish(listener));
	OK(cq_socket_close(listener));
	ERR(cq_socket_finish(listener), EBADF);
	ERR(cq_socket_finish(NULL), EINVAL);
	cq_socket_free(listener);
}

TEST(what_makes_no_sense_is_refused)
{
	cq_piece piece = { NULL, 1 };
	cq_socket *first, *second;
	char room[4];
	size_t size;

	pair(&first, &second);
	ERR(cq_socket_writev(NULL, &piece, 1), EINVAL);
	ERR(cq_socket_writev(first, &piece, 1), EINVAL);
	ERR(cq_socket_writev(first, NULL, 1), EINVAL);
	ERR(cq_socket_try_sendv(first, &piece, 0, CQ_MODE_DEFAULT, &size), EINVAL);
	piece.data = room;
	piece.size = SIZE_MAX;
	ERR(cq_socket_try_sendv(first, &piece, 1, CQ_MODE_DEFAULT, &size), EINVAL);
	ERR(cq_socket_read_into(first, NULL, 4, &size), EINVAL);
	ERR(cq_socket_read_into(first, room, 4, NULL), EINVAL);
	OK(cq_socket_close(first));
	piece.size = 1;
	ERR(cq_socket_writev(first, &piece, 1), EBADF);
	ERR(cq_socket_read_into(first, room, 4, &size), EBADF);
	ERR(cq_socket_try_sendfile(first, 0, 0, 1, &size), EBADF);
	cq_socket_free(first);
	cq_socket_free(second);
}

