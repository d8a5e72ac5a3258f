/* SPDX-License-Identifier: MIT */
/* Stream sockets: connecting, accepting, reading, writing, and what they tell about themselves. */

#include "fixture.h"
#include <pthread.h>
#include <time.h>

TEST(null_and_what_makes_no_sense_is_refused)
{
	const void *data = "unchanged";
	size_t size = 77, sent = 77;
	cq_socket *socket, *other, *none = NULL;
	cq_stat stat;
	cq_name name;
	uint32_t number = 77;
	int code = 77;

	pair(&socket, &other);
	ERR(cq_socket_pair(SOCK_STREAM, NULL, &none), EINVAL);
	ERR(cq_socket_pair(SOCK_STREAM, &none, NULL), EINVAL);
	ERR(cq_socket_adopt(0, NULL), EINVAL);
	ERR(cq_socket_dup(0, NULL), EINVAL);
	ERR(cq_socket_peereid(NULL, &number, &number), EINVAL);
	ERR(cq_socket_peereid(socket, NULL, &number), EINVAL);
	ERR(cq_socket_peereid(socket, &number, NULL), EINVAL);
	ERR(cq_socket_peerpid(NULL, &code), EINVAL);
	ERR(cq_socket_peerpid(socket, NULL), EINVAL);
	ERR(cq_socket_close(NULL), EINVAL);
	ERR(cq_socket_try_establish(NULL), EINVAL);
	ERR(cq_socket_establish(NULL), EINVAL);
	ERR(cq_socket_try_accept(NULL, &none), EINVAL);
	ERR(cq_socket_try_accept(socket, NULL), EINVAL);
	ERR(cq_socket_accept(NULL, &none), EINVAL);
	ERR(cq_socket_accept(socket, NULL), EINVAL);
	ERR(cq_socket_try_recv(NULL, CQ_READ_LINE, 0, 0, 0, &data, &size), EINVAL);
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, 0, NULL, &size), EINVAL);
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, 0, &data, NULL), EINVAL);
	ERR(cq_socket_try_recv(socket, 0, 0, 0, 0, &data, &size), EINVAL);
	ERR(cq_socket_try_recv(socket, CQ_READ_UP_TO + 1, 0, 0, 0, &data, &size), EINVAL);
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, CQ_FLUSH << 1, &data, &size), EINVAL);
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 12345, 0, &data, &size), EINVAL);
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 2, 0, &data, &size), EINVAL);
	ERR(cq_socket_try_recv_body(NULL, "--x", 3, 0, 0, &data, &size), EINVAL);
	ERR(cq_socket_try_recv_body(socket, NULL, 3, 0, 0, &data, &size), EINVAL);
	ERR(cq_socket_try_recv_body(socket, "--x", 3, 0, 0, NULL, &size), EINVAL);
	ERR(cq_socket_try_recv_body(socket, "--x", 3, 0, 0, &data, NULL), EINVAL);
	ERR(cq_socket_try_recv_body(socket, "--x", 3, 0, 6, &data, &size), EINVAL);
	ERR(cq_socket_try_recv_body(socket, "--x", 3, 99, 0, &data, &size), EINVAL);
	ERR(cq_socket_read(NULL, CQ_READ_LINE, 0, &data, &size), EINVAL);
	ERR(cq_socket_read(socket, CQ_READ_LINE, 0, NULL, &size), EINVAL);
	ERR(cq_socket_read(socket, CQ_READ_LINE, 0, &data, NULL), EINVAL);
	ERR(cq_socket_read(socket, 99, 0, &data, &size), EINVAL);
	ERR(cq_socket_try_fill(NULL, 1), EINVAL);
	ERR(cq_socket_fill(NULL, 1), EINVAL);
	ERR(cq_socket_unget(NULL, "x", 1), EINVAL);
	ERR(cq_socket_unget(socket, NULL, 1), EINVAL);
	ERR(cq_socket_try_send(NULL, "x", 1, 0, &sent), EINVAL);
	ERR(cq_socket_try_send(socket, NULL, 1, 0, &sent), EINVAL);
	ERR(cq_socket_try_send(socket, "x", 1, 0, NULL), EINVAL);
	ERR(cq_socket_try_send(socket, "x", 1, 256, &sent), EINVAL);
	ERR(cq_socket_write(NULL, "x", 1), EINVAL);
	ERR(cq_socket_write(socket, NULL, 1), EINVAL);
	ERR(cq_socket_try_flush(NULL, 0), EINVAL);
	ERR(cq_socket_try_flush(socket, 2), EINVAL);
	ERR(cq_socket_flush(NULL), EINVAL);
	ERR(cq_socket_shutdown(NULL, SHUT_WR), EINVAL);
	ERR(cq_socket_shutdown(socket, 77), EINVAL);
	ERR(cq_socket_uncork(NULL), EINVAL);
	ERR(cq_socket_peername(NULL, &name), EINVAL);
	ERR(cq_socket_peername(socket, NULL), EINVAL);
	ERR(cq_socket_localname(NULL, &name), EINVAL);
	ERR(cq_socket_localname(socket, NULL), EINVAL);
	ERR(cq_socket_stat(NULL, CQ_INPUT, &stat), EINVAL);
	ERR(cq_socket_stat(socket, 2, &stat), EINVAL);
	ERR(cq_socket_stat(socket, CQ_INPUT, NULL), EINVAL);
	ERR(cq_socket_set_mode(NULL, CQ_INPUT, cq_mode_parse("b", 1)), EINVAL);
	ERR(cq_socket_set_mode(socket, 2, cq_mode_parse("b", 1)), EINVAL);
	ERR(cq_socket_set_mode(socket, CQ_INPUT, 0), EINVAL);
	ERR(cq_socket_set_mode(socket, CQ_INPUT, 2), EINVAL);
	ERR(cq_socket_set_bufsiz(NULL, CQ_INPUT, 1), EINVAL);
	ERR(cq_socket_set_bufsiz(socket, CQ_INPUT, 0), EINVAL);
	ERR(cq_socket_set_bufsiz(socket, 2, 1), EINVAL);
	ERR(cq_socket_set_maxline(NULL, CQ_INPUT, 1), EINVAL);
	ERR(cq_socket_set_maxline(socket, CQ_INPUT, 0), EINVAL);
	ERR(cq_socket_set_maxline(socket, 2, 1), EINVAL);
	ERR(cq_socket_set_timeout(NULL, 1), EINVAL);
	ERR(cq_socket_set_error(NULL, CQ_INPUT, 0, &code), EINVAL);
	ERR(cq_socket_set_error(socket, 2, 0, &code), EINVAL);
	EQ(cq_socket_pollfd(NULL), -1);
	EQ(cq_socket_events(NULL), 0);
	CHECK(isnan(cq_socket_poll_timeout(NULL)));
	CHECK(isnan(cq_socket_timeout(NULL)));
	CHECK(!cq_socket_eof(NULL, CQ_INPUT));
	CHECK(!cq_socket_eof(socket, 2));
	EQ(cq_socket_pending(NULL, CQ_INPUT), 0);
	EQ(cq_socket_pending(socket, 2), 0);
	EQ(cq_socket_mode(NULL, CQ_INPUT), 0);
	EQ(cq_socket_bufsiz(NULL, CQ_INPUT), 0);
	EQ(cq_socket_maxline(NULL, CQ_INPUT), 0);
	EQ(cq_socket_error(NULL, CQ_INPUT), 0);
	cq_socket_readable(NULL);
	cq_socket_add_events(NULL, POLLIN);
	cq_socket_clear_events(NULL);
	cq_socket_free(NULL);
	CHECK(none == NULL && strcmp(data, "unchanged") == 0);
	EQ(size, 77);
	EQ(code, 77);
	EQ(number, 77);
	cq_socket_free(socket);
	cq_socket_free(other);
}

/* -- connecting and accepting -- */

static void exchange(cq_socket *client, cq_socket *server)
{
	OK(cq_socket_write(client, "ping\n", 5));
	OK(cq_socket_flush(client));
	READ(server, CQ_READ_LINE, 0, "ping");
	OK(cq_socket_write(server, "pong\n", 5));
	OK(cq_socket_flush(server));
	READ(client, CQ_READ_LINE, 0, "pong");
}

static void connect_and_exchange(const char *host, int family)
{
	cq_socket *listener, *client, *server;
	cq_name local, peer;
	int port;

	listener = listen_on(host, &port);
	client = connect_to(host, port);
	OK(cq_socket_accept(listener, &server));
	exchange(client, server);
	OK(cq_socket_peername(client, &peer));
	OK(cq_socket_localname(server, &local));
	EQ(peer.family, family);
	EQ(peer.port, port);
	EQ(local.port, port);
	CHECK(strcmp(peer.text, host) == 0 && strcmp(local.text, host) == 0);
	EQ(peer.size, strlen(host));
	OK(cq_socket_peername(server, &peer));
	OK(cq_socket_localname(client, &local));
	EQ(peer.port, local.port);
	cq_socket_free(client);
	cq_socket_free(server);
	cq_socket_free(listener);
}

TEST(sockets_connect_over_ipv4)
{
	connect_and_exchange("127.0.0.1", AF_INET);
}

TEST(sockets_connect_over_ipv6)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 address;

	memset(&address, 0, sizeof address);
	address.sin6_family = AF_INET6;
	address.sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		SKIP("no IPv6 here");
	SYS(close(fd));
	connect_and_exchange("::1", AF_INET6);
}

TEST(a_pair_is_connected_and_has_no_names)
{
	cq_socket *first, *second;
	cq_name name;

	OK(cq_socket_pair(SOCK_STREAM, &first, &second));
	exchange(first, second);
	OK(cq_socket_peername(first, &name));
	EQ(name.family, AF_UNIX);
	EQ(name.size, 0);
	EQ(name.text[0], 0);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(a_pair_of_a_strange_type_is_refused)
{
	cq_socket *first = NULL, *second = NULL;

	CHECK(cq_socket_pair(12345, &first, &second) > 0);
	CHECK(first == NULL && second == NULL);
}

TEST(sockets_are_closed_on_exec_and_do_not_block)
{
	cq_socket *list[5];
	int port, other;
	size_t i;

	pair(&list[0], &list[1]);
	list[2] = listen_on("127.0.0.1", &port);
	list[3] = connect_to("127.0.0.1", port);
	OK(cq_socket_accept(list[2], &list[4]));
	for (i = 0; i < COUNT(list); i++) {
		CHECK(fcntl(cq_socket_pollfd(list[i]), F_GETFD) & FD_CLOEXEC);
		CHECK(fcntl(cq_socket_pollfd(list[i]), F_GETFL) & O_NONBLOCK);
		cq_socket_free(list[i]);
	}
	list[0] = half_pair(&other); /* adopted */
	CHECK(fcntl(cq_socket_pollfd(list[0]), F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(cq_socket_pollfd(list[0]), F_GETFL) & O_NONBLOCK);
	cq_socket_free(list[0]);
}

TEST(a_refused_connection_is_told_by_the_first_operation)
{
	cq_socket *listener, *socket;
	cq_name name;
	int port, i;

	listener = listen_on("127.0.0.1", &port);
	cq_socket_free(listener); /* nobody listens there now */
	for (i = 0; i < 4; i++) {
		socket = connect_to("127.0.0.1", port);
		switch (i) {
		case 0:
			ERR(cq_socket_establish(socket), ECONNREFUSED);
			break;
		case 1:
			ERR(read_code(socket, CQ_READ_LINE, 0), ECONNREFUSED);
			break;
		case 2:
			ERR(cq_socket_write(socket, "x\n", 2), ECONNREFUSED);
			break;
		default:
			ERR(cq_socket_fill(socket, 1), ECONNREFUSED);
		}
		ERR(cq_socket_try_establish(socket), ECONNREFUSED); /* and by all later ones */
		ERR(cq_socket_peername(socket, &name), ECONNREFUSED);
		cq_socket_free(socket);
	}
}

TEST(accepting_without_a_connection_waits)
{
	cq_socket *listener, *accepted = NULL;
	double begun = cq_monotime();
	int port;

	listener = listen_on("127.0.0.1", &port);
	ERR(cq_socket_try_accept(listener, &accepted), EAGAIN);
	EQ(cq_socket_events(listener), POLLIN);
	OK(cq_socket_set_timeout(listener, MS(10)));
	ERR(cq_socket_accept(listener, &accepted), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(10));
	CHECK(accepted == NULL);
	plain_connect(port);
	OK(cq_socket_accept(listener, &accepted));
	cq_socket_free(accepted);
	ERR(cq_socket_try_accept(listener, &accepted), EAGAIN);
	cq_socket_free(listener);
}

TEST(all_waiting_connections_are_accepted_in_a_row)
{
	cq_socket *listener, *accepted;
	int port, i;

	listener = listen_on("127.0.0.1", &port);
	for (i = 0; i < 100; i++)
		plain_connect(port);
	for (i = 0; i < 100; i++) {
		OK(cq_socket_accept(listener, &accepted));
		cq_socket_free(accepted);
	}
	ERR(cq_socket_try_accept(listener, &accepted), EAGAIN);
	cq_socket_free(listener);
}

TEST(what_is_no_descriptor_is_not_adopted_and_what_is_no_socket_is_a_stream)
{
	cq_socket *reader = NULL, *writer = NULL;
	const void *data;
	size_t size;
	int fds[2];

	ERR(cq_socket_adopt(-1, &reader), EBADF);
	ERR(cq_socket_adopt(12345, &reader), EBADF);
	CHECK(reader == NULL);
	SYS(pipe(fds));
	OK(cq_socket_adopt(fds[0], &reader));
	OK(cq_socket_adopt(fds[1], &writer));
	CHECK(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	OK(cq_socket_write(writer, "through a pipe\n", 15));
	OK(cq_socket_read(reader, CQ_READ_LINE, 0, &data, &size));
	EQ(size, 14);
	cq_socket_free(writer);
	ERR(cq_socket_read(reader, CQ_READ_LINE, 0, &data, &size), EPIPE);
	cq_socket_free(reader);
}

TEST(a_released_descriptor_is_the_callers_again)
{
	cq_socket *socket;
	int fds[2], fd = -1;

	SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	OK(cq_socket_adopt(fds[0], &socket));
	ERR(cq_socket_release(NULL, &fd), EINVAL);
	ERR(cq_socket_release(socket, NULL), EINVAL);
	OK(cq_socket_release(socket, &fd));
	EQ(fd, fds[0]);
	ERR(cq_socket_release(socket, &fd), EBADF);
	cq_socket_free(socket);
	plain_write(fd, "still open\n");
	plain_expect(fds[1], "still open\n");
	SYS(close(fd));
	SYS(close(fds[1]));
}

TEST(a_copy_of_a_descriptor_lives_on_its_own)
{
	cq_socket *socket = NULL;
	int fds[2];

	ERR(cq_socket_dup(12345, &socket), EBADF);
	CHECK(socket == NULL);
	SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	OK(cq_socket_dup(fds[0], &socket));
	CHECK(cq_socket_pollfd(socket) != fds[0]);
	CHECK(fcntl(cq_socket_pollfd(socket), F_GETFD) & FD_CLOEXEC);
	plain_write(fds[1], "to both\n");
	READ(socket, CQ_READ_LINE, 0, "to both");
	cq_socket_free(socket);
	plain_write(fds[0], "still open");
	plain_expect(fds[1], "still open");
}

TEST(a_unix_peer_tells_who_it_is)
{
	cq_socket *socket;
	uint32_t user = 77, group = 77;
	int other, process = 77;

	socket = half_pair(&other);
	OK(cq_socket_peereid(socket, &user, &group));
	EQ(user, geteuid());
	EQ(group, getegid());
	OK(cq_socket_peerpid(socket, &process));
	EQ(process, getpid());
	cq_socket_free(socket);
	socket = half_tcp(&other);
	ERR(cq_socket_peereid(socket, &user, &group), EOPNOTSUPP);
	cq_socket_free(socket);
}

TEST(an_adopted_listener_accepts)
{
	struct sockaddr_in address;
	socklen_t size = sizeof address;
	cq_socket *listener, *accepted;
	int fd = (int)SYS(socket(AF_INET, SOCK_STREAM, 0)), other;

	SYS(listen(fd, 5));
	SYS(getsockname(fd, (struct sockaddr *)&address, &size));
	OK(cq_socket_adopt(fd, &listener));
	EQ(cq_socket_pollfd(listener), fd);
	other = plain_connect(ntohs(address.sin_port));
	OK(cq_socket_accept(listener, &accepted));
	plain_write(other, "hello\n");
	READ(accepted, CQ_READ_LINE, 0, "hello");
	cq_socket_free(accepted);
	cq_socket_free(listener);
}

/* -- reading -- */

TEST(lines_come_one_by_one)
{
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	plain_write(other, "one\ntwo\n\nfour");
	READ(socket, CQ_READ_LINE, 0, "one");
	READ(socket, CQ_READ_LINE_KEEP, 0, "two\n");
	READ(socket, CQ_READ_LINE, 0, "");
	ERR(recv_code(socket, CQ_READ_LINE, 0), EAGAIN);
	plain_write(other, "th\nfive");
	READ(socket, CQ_READ_LINE, 0, "fourth");
	SYS(close(other));
	READ(socket, CQ_READ_LINE_KEEP, 0, "five"); /* the last one has no end */
	ERR(read_code(socket, CQ_READ_LINE, 0), EPIPE);
	ERR(read_code(socket, CQ_READ_LINE, 0), EPIPE);
	EQ(cq_socket_error(socket, CQ_INPUT), 0); /* end of file does not stick */
	CHECK(cq_socket_eof(socket, CQ_INPUT));
	cq_socket_free(socket);
}

TEST(a_line_of_a_thousand_pieces_comes_whole)
{
	cq_socket *socket;
	int other, i;

	socket = half_pair(&other);
	for (i = 0; i < 1000; i++) {
		char letter[2] = { (char)('a' + i % 26), 0 };

		plain_write(other, letter);
		ERR(recv_code(socket, CQ_READ_LINE, 0), EAGAIN);
	}
	plain_write(other, "\n");
	{
		const void *data;
		size_t size;

		OK(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, 0, &data, &size));
		EQ(size, 1000);
		for (i = 0; i < 1000; i++)
			EQ(((const char *)data)[i], 'a' + i % 26);
	}
	cq_socket_free(socket);
}

/* The kernel keeps the rest, and its window makes the peer wait. */
TEST(what_was_received_and_not_read_is_one_receive)
{
	cq_socket *socket;
	char lines[100000];
	const void *data;
	size_t size, i;
	int other;

	socket = half_pair(&other);
	for (i = 0; i < sizeof lines; i++)
		lines[i] = i % 10 == 9 ? '\n' : 'x';
	EQ(write(other, lines, sizeof lines), sizeof lines);
	for (i = 0; i < 1000; i++) {
		OK(cq_socket_read(socket, CQ_READ_LINE, 0, &data, &size));
		EQ(size, 9);
		CHECK(cq_socket_pending(socket, CQ_INPUT) <= 4096);
	}
	cq_socket_free(socket);
	SYS(close(other));
}

TEST(a_line_over_the_limit_comes_in_pieces)
{
	cq_socket *socket;
	char line[10000];
	const void *data;
	size_t size;
	int other, i;

	socket = half_pair(&other);
	EQ(cq_socket_maxline(socket, CQ_INPUT), 4096);
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	EQ(write(other, line, sizeof line), sizeof line);
	for (i = 0; i < 2; i++) {
		OK(cq_socket_read(socket, CQ_READ_LINE_KEEP, 0, &data, &size));
		EQ(size, 4096);
		CHECK(memcmp(data, line, size) == 0);
	}
	OK(cq_socket_read(socket, CQ_READ_LINE_KEEP, 0, &data, &size));
	EQ(size, sizeof line - 2 * 4096);

	OK(cq_socket_set_maxline(socket, CQ_INPUT, 3));
	EQ(cq_socket_maxline(socket, CQ_INPUT), 3);
	plain_write(other, "abcdef\nab\nabc\n");
	READ(socket, CQ_READ_LINE, 0, "abc");
	READ(socket, CQ_READ_LINE, 0, "def");
	READ(socket, CQ_READ_LINE, 0, "");
	READ(socket, CQ_READ_LINE, 0, "ab");
	READ(socket, CQ_READ_LINE, 0, "abc");
	READ(socket, CQ_READ_LINE, 0, "");
	OK(cq_socket_set_maxline(socket, CQ_INPUT, SIZE_MAX));
	EQ(write(other, line, sizeof line), sizeof line);
	OK(cq_socket_read(socket, CQ_READ_LINE_KEEP, 0, &data, &size));
	EQ(size, sizeof line);
	cq_socket_free(socket);
}

TEST(counted_reads_take_what_they_ask_for)
{
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	plain_write(other, "abcdefghij");
	READ(socket, CQ_READ_EXACTLY, 3, "abc");
	READ(socket, CQ_READ_EXACTLY, 0, "");
	READ(socket, CQ_READ_UP_TO, 4, "defg");
	READ(socket, CQ_READ_UP_TO, 100, "hij");
	ERR(recv_code(socket, CQ_READ_UP_TO, 1), EAGAIN);
	ERR(recv_code(socket, CQ_READ_EXACTLY, 1), EAGAIN);
	plain_write(other, "xyz");
	ERR(recv_code(socket, CQ_READ_EXACTLY, 4), EAGAIN);
	SYS(close(other));
	READ(socket, CQ_READ_EXACTLY, 4, "xyz"); /* fewer at end of file */
	ERR(read_code(socket, CQ_READ_EXACTLY, 1), EPIPE);
	ERR(read_code(socket, CQ_READ_UP_TO, 1), EPIPE);
	cq_socket_free(socket);
}

TEST(everything_until_the_end_is_read_in_one_piece)
{
	size_t total = 3 << 20, i;
	char *bytes = malloc(total);
	cq_socket *socket;
	const void *data;
	size_t size;
	int other;
	pid_t child;

	for (i = 0; i < total; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	socket = half_pair(&other);
	child = (pid_t)SYS(fork());
	if (child == 0)
		end_child(write(other, bytes, total) == (ssize_t)total);
	SYS(close(other));
	OK(cq_socket_read(socket, CQ_READ_ALL, 0, &data, &size));
	EQ(size, total);
	CHECK(memcmp(data, bytes, total) == 0);
	OK(cq_socket_read(socket, CQ_READ_ALL, 0, &data, &size));
	CHECK(data == NULL && size == 0);
	wait_for_child(child);
	cq_socket_free(socket);
	free(bytes);
}

TEST(a_timeout_in_an_exact_read_keeps_the_bytes)
{
	cq_socket *socket;
	int other, previous;

	socket = half_pair(&other);
	OK(cq_socket_set_timeout(socket, MS(5)));
	EQ((int)(cq_socket_timeout(socket) * 1e6 + 0.5), 5000);
	plain_write(other, "12345");
	ERR(read_code(socket, CQ_READ_EXACTLY, 10), ETIMEDOUT);
	EQ(cq_socket_pending(socket, CQ_INPUT), 5);
	EQ(cq_socket_error(socket, CQ_INPUT), ETIMEDOUT);
	plain_write(other, "67890");
	ERR(read_code(socket, CQ_READ_EXACTLY, 10), ETIMEDOUT); /* it sticks */
	OK(cq_socket_set_error(socket, CQ_INPUT, 0, &previous));
	EQ(previous, ETIMEDOUT);
	READ(socket, CQ_READ_EXACTLY, 10, "1234567890");
	cq_socket_free(socket);
}

TEST(a_timeout_in_a_line_keeps_the_bytes)
{
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	OK(cq_socket_set_timeout(socket, MS(5)));
	plain_write(other, "half a ");
	ERR(read_code(socket, CQ_READ_LINE, 0), ETIMEDOUT);
	OK(cq_socket_set_error(socket, CQ_INPUT, 0, NULL));
	ERR(cq_socket_fill(socket, 100), ETIMEDOUT);
	OK(cq_socket_set_error(socket, CQ_INPUT, 0, NULL));
	plain_write(other, "line\n");
	READ(socket, CQ_READ_LINE, 0, "half a line");
	cq_socket_free(socket);
}

TEST(a_timeout_of_zero_tries_once)
{
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	OK(cq_socket_set_timeout(socket, 0));
	EQ(cq_socket_timeout(socket), 0);
	ERR(read_code(socket, CQ_READ_LINE, 0), ETIMEDOUT);
	OK(cq_socket_set_error(socket, CQ_INPUT, 0, NULL));
	plain_write(other, "there\n");
	READ(socket, CQ_READ_LINE, 0, "there");
	OK(cq_socket_set_timeout(socket, -1));
	CHECK(isnan(cq_socket_timeout(socket)));
	OK(cq_socket_set_timeout(socket, (double)NAN));
	CHECK(isnan(cq_socket_timeout(socket)));
	cq_socket_free(socket);
}

TEST(bytes_put_back_come_first)
{
	cq_socket *socket;
	char big[10000];
	int other;

	socket = half_pair(&other);
	plain_write(other, "world\nrest\n");
	READ(socket, CQ_READ_UP_TO, 1, "w");
	OK(cq_socket_unget(socket, "w", 1));
	OK(cq_socket_unget(socket, "hello ", 6));
	OK(cq_socket_unget(socket, "", 0));
	OK(cq_socket_unget(socket, NULL, 0));
	READ(socket, CQ_READ_LINE, 0, "hello world");
	OK(cq_socket_unget(socket, "a\nb\nc", 5));
	READ(socket, CQ_READ_LINE, 0, "a");
	READ(socket, CQ_READ_LINE, 0, "b");
	READ(socket, CQ_READ_LINE, 0, "crest");
	memset(big, 'u', sizeof big);
	OK(cq_socket_unget(socket, big, sizeof big));
	EQ(cq_socket_pending(socket, CQ_INPUT), sizeof big);
	SYS(close(other));
	ERR(recv_code(socket, CQ_READ_EXACTLY, sizeof big), 0);
	ERR(recv_code(socket, CQ_READ_EXACTLY, 1), EPIPE);
	OK(cq_socket_unget(socket, "even now\n", 9)); /* after end of file */
	READ(socket, CQ_READ_LINE, 0, "even now");
	cq_socket_free(socket);
}

TEST(filling_gathers_input_without_taking_it)
{
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	ERR(cq_socket_try_fill(socket, 1), EAGAIN);
	OK(cq_socket_try_fill(socket, 0));
	plain_write(other, "12345");
	OK(cq_socket_fill(socket, 5));
	OK(cq_socket_try_fill(socket, 3));
	EQ(cq_socket_pending(socket, CQ_INPUT), 5);
	ERR(cq_socket_try_fill(socket, 6), EAGAIN);
	SYS(close(other));
	ERR(cq_socket_try_fill(socket, 6), EPIPE);
	ERR(cq_socket_fill(socket, 6), EPIPE);
	READ(socket, CQ_READ_EXACTLY, 5, "12345"); /* nothing is lost */
	cq_socket_free(socket);
}

TEST(a_patient_receive_asks_the_kernel_once_the_socket_was_found_readable)
{
	const void *data;
	size_t size;
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, CQ_PATIENT, &data, &size), EAGAIN);
	plain_write(other, "line\n");
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, CQ_PATIENT, &data, &size), EAGAIN);
	cq_socket_readable(socket);
	OK(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, CQ_PATIENT, &data, &size));
	TEXT(data, size, "line");
	plain_write(other, "next\n");
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, CQ_PATIENT, &data, &size), EAGAIN);
	OK(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, 0, &data, &size)); /* an impatient one always does */
	TEXT(data, size, "next");
	cq_socket_free(socket);
}

TEST(a_socket_tells_what_its_last_operation_waits_for)
{
	char *big = calloc(1, 8 << 20);
	cq_socket *socket;
	size_t sent;
	int other;

	socket = half_pair(&other);
	CHECK(cq_socket_pollfd(socket) >= 0);
	EQ(cq_socket_events(socket), 0);
	CHECK(isnan(cq_socket_poll_timeout(socket)));
	ERR(recv_code(socket, CQ_READ_LINE, 0), EAGAIN);
	EQ(cq_socket_events(socket), POLLIN);
	ERR(cq_socket_try_send(socket, big, 8 << 20, 0, &sent), EAGAIN);
	EQ(cq_socket_events(socket), POLLOUT);
	CHECK(sent > 0 && sent < 8 << 20);
	cq_socket_add_events(socket, POLLIN | POLLHUP | 1u << 31);
	EQ(cq_socket_events(socket), POLLIN | POLLOUT);
	ERR(cq_socket_try_flush(socket, 0), EAGAIN);
	EQ(cq_socket_events(socket), POLLOUT);
	cq_socket_clear_events(socket);
	EQ(cq_socket_events(socket), 0);
	CHECK(isnan(cq_socket_poll_timeout(socket)));
	cq_socket_free(socket);
	free(big);
}

/* -- writing -- */

TEST(a_send_tells_how_much_it_took)
{
	size_t size = 8 << 20, taken = 0, got = 0, i;
	char *bytes = malloc(size), *back = malloc(size);
	cq_socket *socket;
	int other;

	for (i = 0; i < size; i++)
		bytes[i] = (char)(i * 13 + i / 257);
	socket = half_pair(&other);
	SYS(fcntl(other, F_SETFL, O_NONBLOCK));
	while (got < size) {
		size_t sent = 77;
		ssize_t count;
		int code = cq_socket_try_send(socket, bytes + taken, size - taken, 0, &sent);

		CHECK(code == 0 || code == EAGAIN);
		taken += sent;
		while ((count = read(other, back + got, size - got)) > 0)
			got += (size_t)count;
		code = cq_socket_try_flush(socket, 0);
		CHECK(code == 0 || code == EAGAIN);
	}
	EQ(taken, size);
	CHECK(memcmp(bytes, back, size) == 0);
	cq_socket_free(socket);
	free(bytes);
	free(back);
}

/* Reads slowly: small pieces, and a nap now and then. Checks every byte. */
static void *read_slowly(void *argument)
{
	int fd = *(int *)argument;
	unsigned char piece[30011];
	size_t at = 0;
	ssize_t count;
	int naps = 0;

	while ((count = read(fd, piece, sizeof piece)) > 0) {
		ssize_t i;

		for (i = 0; i < count; i++, at++)
			if (piece[i] != (unsigned char)(at * 31 + at / 65537))
				return "a byte differs";
		if (at / (4 << 20) > (size_t)naps) {
			naps++;
			poll(NULL, 0, 1);
		}
	}
	return at == (size_t)64 << 20 ? NULL : "bytes are missing";
}

static void write_to_slow_readers(bool tcp)
{
	size_t size = (size_t)64 << 20, i;
	unsigned char *bytes = malloc(size);
	cq_socket *socket;
	pthread_t thread;
	void *complaint;
	int other;

	if (slow())
		SKIP("too much for a slow run");
	for (i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i * 31 + i / 65537);
	socket = tcp ? half_tcp(&other) : half_pair(&other);
	EQ(pthread_create(&thread, NULL, read_slowly, &other), 0);
	OK(cq_socket_write(socket, bytes, size));
	OK(cq_socket_shutdown(socket, SHUT_WR));
	EQ(pthread_join(thread, &complaint), 0);
	if (complaint)
		check_fail(__FILE__, __LINE__, complaint);
	cq_socket_free(socket);
	free(bytes);
}

TEST(big_writes_get_through_to_a_slow_reader)
{
	write_to_slow_readers(false);
}

TEST(big_writes_get_through_tcp_to_a_slow_reader)
{
	write_to_slow_readers(true);
}

struct stream {
	cq_socket *socket;
	size_t size;
	unsigned factor;
	bool done;
};

static int write_stream(void *argument)
{
	struct stream *stream = argument;
	size_t at = 0;

	while (at < stream->size) {
		unsigned char piece[5000];
		size_t i, size = stream->size - at < sizeof piece ? stream->size - at : sizeof piece;

		for (i = 0; i < size; i++)
			piece[i] = (unsigned char)((at + i) * stream->factor);
		OK(cq_socket_write(stream->socket, piece, size));
		at += size;
	}
	OK(cq_socket_flush(stream->socket));
	OK(cq_socket_shutdown(stream->socket, SHUT_WR));
	return 0;
}

static int read_stream(void *argument)
{
	struct stream *stream = argument;
	size_t at = 0, size, i;
	const void *data;

	while (cq_socket_read(stream->socket, CQ_READ_UP_TO, 7919, &data, &size) == 0)
		for (i = 0; i < size; i++, at++)
			EQ(((const unsigned char *)data)[i], (unsigned char)(at * stream->factor));
	EQ(at, stream->size);
	stream->done = true;
	return 0;
}

TEST(both_directions_of_a_socket_carry_data_at_once)
{
	size_t size = slow() ? 200 * 1000 : 10 * 1000 * 1000;
	cq_controller *cq = new_controller();
	struct stream writers[2], readers[2];
	cq_socket *ends[2];
	int i;

	pair(&ends[0], &ends[1]);
	for (i = 0; i < 2; i++) {
		set_modes(ends[i], "bfA");
		writers[i].socket = ends[i];
		writers[i].size = size;
		writers[i].factor = 3 + 2 * (unsigned)i;
		writers[i].done = false;
		readers[i] = writers[i];
		readers[i].socket = ends[1 - i];
		OK(cq_controller_wrap(cq, write_stream, NULL, &writers[i], NULL));
		OK(cq_controller_wrap(cq, read_stream, NULL, &readers[i], NULL));
	}
	run(cq);
	CHECK(readers[0].done && readers[1].done);
	cq_controller_free(cq);
	cq_socket_free(ends[0]);
	cq_socket_free(ends[1]);
}

TEST(a_timeout_in_a_write_sticks_until_cleared)
{
	size_t size = 8 << 20;
	char *big = calloc(1, size);
	cq_socket *socket;
	int other, previous;

	socket = half_pair(&other);
	OK(cq_socket_set_timeout(socket, MS(5)));
	ERR(cq_socket_write(socket, big, size), ETIMEDOUT);
	EQ(cq_socket_error(socket, CQ_OUTPUT), ETIMEDOUT);
	EQ(cq_socket_error(socket, CQ_INPUT), 0);
	ERR(cq_socket_write(socket, "x", 1), ETIMEDOUT);
	ERR(cq_socket_flush(socket), ETIMEDOUT);
	OK(cq_socket_set_error(socket, CQ_OUTPUT, 0, &previous));
	EQ(previous, ETIMEDOUT);
	CHECK(cq_socket_pending(socket, CQ_OUTPUT) > 0); /* what was taken waits */
	ERR(cq_socket_flush(socket), ETIMEDOUT);
	cq_socket_free(socket);
	free(big);
}

TEST(an_error_can_be_set_and_cleared)
{
	cq_socket *socket;
	int other, previous = 77;

	socket = half_pair(&other);
	EQ(cq_socket_error(socket, CQ_INPUT), 0);
	OK(cq_socket_set_error(socket, CQ_INPUT, EIO, &previous));
	EQ(previous, 0);
	ERR(read_code(socket, CQ_READ_LINE, 0), EIO);
	ERR(cq_socket_fill(socket, 1), EIO);
	OK(cq_socket_write(socket, "x\n", 2)); /* the other direction works */
	OK(cq_socket_set_error(socket, CQ_INPUT, 0, NULL));
	plain_write(other, "y\n");
	READ(socket, CQ_READ_LINE, 0, "y");
	cq_socket_free(socket);
}

TEST(writing_to_a_peer_that_is_gone_is_a_broken_pipe_without_signal)
{
	cq_socket *socket;
	size_t sent;
	int other;

	socket = half_pair(&other);
	SYS(close(other));
	ERR(cq_socket_try_send(socket, "x", 1, 0, &sent), EPIPE);
	CHECK(cq_socket_eof(socket, CQ_OUTPUT));
	CHECK(!cq_socket_eof(socket, CQ_INPUT));
	ERR(cq_socket_write(socket, "x", 1), EPIPE);
	EQ(cq_socket_error(socket, CQ_OUTPUT), EPIPE);
	cq_socket_free(socket);
}

/* -- shutting down and closing -- */

TEST(a_direction_is_shut_down_and_the_other_goes_on)
{
	cq_socket *socket;
	char byte;
	int other;

	socket = half_pair(&other);
	OK(cq_socket_shutdown(socket, SHUT_WR));
	EQ(read(other, &byte, 1), 0);
	plain_write(other, "still\n");
	READ(socket, CQ_READ_LINE, 0, "still");
	OK(cq_socket_shutdown(socket, SHUT_RD));
	ERR(read_code(socket, CQ_READ_LINE, 0), EPIPE);
	OK(cq_socket_shutdown(socket, SHUT_RDWR));
	cq_socket_free(socket);
}

TEST(a_listener_or_unconnected_socket_is_not_shut_down)
{
	int fd = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));
	cq_socket *unconnected;
	cq_name name;

	OK(cq_socket_adopt(fd, &unconnected));
	ERR(cq_socket_shutdown(unconnected, SHUT_WR), ENOTCONN);
	OK(cq_socket_peername(unconnected, &name));
	EQ(name.family, AF_UNSPEC);
	EQ(name.size, 0);
	cq_socket_free(unconnected);
}

TEST(a_closed_socket_refuses_everything)
{
	const void *data;
	cq_socket *socket, *accepted;
	size_t size, sent;
	cq_name name;
	int other;

	socket = half_pair(&other);
	plain_write(other, "unread\n");
	OK(cq_socket_fill(socket, 3));
	OK(cq_socket_close(socket));
	OK(cq_socket_close(socket));
	EQ(cq_socket_pollfd(socket), -1);
	EQ(cq_socket_pending(socket, CQ_INPUT), 0);
	ERR(cq_socket_try_establish(socket), EBADF);
	ERR(cq_socket_establish(socket), EBADF);
	ERR(cq_socket_try_accept(socket, &accepted), EBADF);
	ERR(cq_socket_accept(socket, &accepted), EBADF);
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, 0, &data, &size), EBADF);
	ERR(cq_socket_try_recv(socket, CQ_READ_LINE, 0, 0, CQ_PATIENT, &data, &size), EBADF);
	ERR(cq_socket_try_recv_body(socket, "--x", 3, 0, 0, &data, &size), EBADF);
	ERR(cq_socket_read(socket, CQ_READ_LINE, 0, &data, &size), EBADF);
	ERR(cq_socket_try_fill(socket, 1), EBADF);
	ERR(cq_socket_fill(socket, 1), EBADF);
	ERR(cq_socket_unget(socket, "x", 1), EBADF);
	ERR(cq_socket_try_send(socket, "x\n", 2, cq_mode_parse("bn", 2), &sent), EBADF);
	EQ(sent, 0);
	ERR(cq_socket_write(socket, "x\n", 2), EBADF);
	ERR(cq_socket_try_flush(socket, 0), EBADF);
	ERR(cq_socket_flush(socket), EBADF);
	ERR(cq_socket_shutdown(socket, SHUT_WR), EBADF);
	ERR(cq_socket_uncork(socket), EBADF);
	ERR(cq_socket_peername(socket, &name), EBADF);
	ERR(cq_socket_localname(socket, &name), EBADF);
	cq_socket_free(socket);
}

TEST(closing_drops_what_is_buffered_and_tells_the_peer)
{
	cq_socket *socket;
	char byte;
	int other;

	socket = half_pair(&other);
	set_modes(socket, "bf");
	OK(cq_socket_write(socket, "never sent", 10));
	EQ(cq_socket_pending(socket, CQ_OUTPUT), 10);
	OK(cq_socket_close(socket));
	EQ(read(other, &byte, 1), 0);
	cq_socket_free(socket);
}

TEST(an_abort_resets_a_connection_and_closes_all_else)
{
	cq_options *options = new_options();
	cq_socket *listener, *client, *accepted;
	char byte;
	int port, other;

	listener = listen_on("127.0.0.1", &port);
	OK(cq_options_host(options, "127.0.0.1", port));
	OK(cq_socket_connect(options, &client));
	OK(cq_socket_establish(client));
	OK(cq_socket_accept(listener, &accepted));
	set_modes(client, "bf");
	OK(cq_socket_write(client, "never sent", 10));
	OK(cq_socket_abort(client));
	OK(cq_socket_abort(client));
	ERR(cq_socket_try_establish(client), EBADF);
	EQ(read_code(accepted, CQ_READ_LINE, 0), ECONNRESET);
	cq_socket_free(client);
	cq_socket_free(accepted);
	cq_socket_free(listener);
	client = half_pair(&other);
	OK(cq_socket_abort(client));
	EQ(read(other, &byte, 1), 0);
	cq_socket_free(client);
	OK(cq_socket_connect(options, &client));
	OK(cq_socket_abort(client)); /* it has no descriptor yet */
	cq_socket_free(client);
	ERR(cq_socket_abort(NULL), EINVAL);
	cq_options_free(options);
}

struct reading {
	cq_socket *socket;
	int code;
};

static int read_a_line(void *argument)
{
	struct reading *reading = argument;

	reading->code = read_code(reading->socket, CQ_READ_LINE, 0);
	return 0;
}

TEST(closing_a_socket_ends_the_reads_that_wait_for_it)
{
	cq_controller *cq = new_controller(), *other_controller = new_controller();
	struct reading readings[4];
	cq_socket *socket;
	int other, i;

	socket = half_pair(&other);
	for (i = 0; i < 4; i++) {
		readings[i].socket = socket;
		readings[i].code = 0;
		OK(cq_controller_wrap(i % 2 ? cq : other_controller, read_a_line, NULL, &readings[i], NULL));
	}
	OK(cq_controller_step(cq, -1));
	OK(cq_controller_step(other_controller, -1));
	OK(cq_socket_close(socket));
	run(cq);
	run(other_controller);
	for (i = 0; i < 4; i++)
		ERR(readings[i].code, EBADF);
	cq_controller_free(cq);
	cq_controller_free(other_controller);
	cq_socket_free(socket);
}

TEST(no_descriptor_is_left_behind)
{
	int before = open_descriptors(), port, i;
	cq_socket *list[5];

	pair(&list[0], &list[1]);
	list[2] = listen_on("127.0.0.1", &port);
	list[3] = connect_to("127.0.0.1", port);
	OK(cq_socket_accept(list[2], &list[4]));
	for (i = 0; i < 5; i++)
		cq_socket_free(list[i]);
	EQ(open_descriptors(), before);
}

/* -- settings and statistics -- */

TEST(settings_are_remembered_per_direction)
{
	cq_socket *socket, *other;
	char text[4];

	OK(cq_socket_pair(SOCK_STREAM, &socket, &other));
	EQ(cq_socket_bufsiz(socket, CQ_INPUT), 4096);
	EQ(cq_socket_bufsiz(socket, CQ_OUTPUT), 4096);
	EQ(cq_socket_maxline(socket, CQ_OUTPUT), 4096);
	OK(cq_socket_set_bufsiz(socket, CQ_INPUT, 1000));
	OK(cq_socket_set_bufsiz(socket, CQ_OUTPUT, SIZE_MAX));
	OK(cq_socket_set_maxline(socket, CQ_OUTPUT, 20));
	EQ(cq_socket_bufsiz(socket, CQ_INPUT), 1000);
	EQ(cq_socket_bufsiz(socket, CQ_OUTPUT), SIZE_MAX);
	EQ(cq_socket_maxline(socket, CQ_INPUT), 4096);
	EQ(cq_socket_maxline(socket, CQ_OUTPUT), 20);
	OK(cq_mode_format(cq_socket_mode(socket, CQ_INPUT), CQ_INPUT, text));
	CHECK(strcmp(text, "t-p") == 0);
	OK(cq_mode_format(cq_socket_mode(socket, CQ_OUTPUT), CQ_OUTPUT, text));
	CHECK(strcmp(text, "tla") == 0);
	OK(cq_socket_set_mode(socket, CQ_OUTPUT, cq_mode_parse("bnA", 3)));
	OK(cq_mode_format(cq_socket_mode(socket, CQ_INPUT), CQ_INPUT, text));
	CHECK(strcmp(text, "t-p") == 0);
	OK(cq_mode_format(cq_socket_mode(socket, CQ_OUTPUT), CQ_OUTPUT, text));
	CHECK(strcmp(text, "bnA") == 0);
	EQ(cq_socket_mode(socket, 2), 0);
	cq_socket_free(socket);
	cq_socket_free(other);
}

TEST(bytes_and_times_are_counted)
{
	time_t begun = time(NULL);
	cq_socket *socket;
	cq_stat stat;
	int other;

	socket = half_pair(&other);
	OK(cq_socket_stat(socket, CQ_INPUT, &stat));
	EQ(stat.count, 0);
	CHECK(stat.time == 0);
	CHECK(!stat.eof);
	OK(cq_socket_write(socket, "hello\n", 6));
	OK(cq_socket_stat(socket, CQ_OUTPUT, &stat));
	EQ(stat.count, 6);
	CHECK(stat.time >= (double)begun - 1 && stat.time <= (double)time(NULL) + 1);
	plain_expect(other, "hello\n");
	plain_write(other, "abc\ndef\n");
	READ(socket, CQ_READ_LINE, 0, "abc");
	OK(cq_socket_stat(socket, CQ_INPUT, &stat));
	EQ(stat.count, 8); /* received, whether read or not */
	SYS(close(other));
	READ(socket, CQ_READ_LINE, 0, "def");
	ERR(read_code(socket, CQ_READ_LINE, 0), EPIPE);
	OK(cq_socket_stat(socket, CQ_INPUT, &stat));
	CHECK(stat.eof);
	EQ(stat.count, 8);
	ERR(cq_socket_write(socket, "x", 1), EPIPE);
	OK(cq_socket_stat(socket, CQ_OUTPUT, &stat));
	CHECK(stat.eof);
	EQ(stat.count, 6);
	cq_socket_free(socket);
}

TEST(uncorking_is_for_tcp)
{
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	ERR(cq_socket_uncork(socket), EOPNOTSUPP);
	cq_socket_free(socket);
	socket = half_tcp(&other);
	OK(cq_socket_uncork(socket));
	cq_socket_free(socket);
}

/* -- a full backlog -- */

TEST(a_connect_to_a_full_unix_backlog_goes_on_when_there_is_room)
{
	const char *path = temporary_path("backlog");
	struct sockaddr_un address;
	cq_options *options = new_options();
	cq_socket *clients[10];
	int listener = (int)SYS(socket(AF_UNIX, SOCK_STREAM, 0)), waiting = -1, accepted[10], i;

	memset(&address, 0, sizeof address);
	address.sun_family = AF_UNIX;
	strcpy(address.sun_path, path);
	SYS(bind(listener, (struct sockaddr *)&address, sizeof address));
	SYS(listen(listener, 1));
	OK(cq_options_path(options, path, strlen(path)));
	for (i = 0; i < 10; i++) {
		int code;

		OK(cq_socket_connect(options, &clients[i]));
		set_modes(clients[i], "bn");
		code = cq_socket_try_establish(clients[i]);
		if (code == EAGAIN && waiting < 0)
			waiting = i;
	}
	CHECK(waiting > 0 && waiting < 9);
	ERR(cq_socket_try_establish(clients[waiting]), EAGAIN);
	CHECK(cq_socket_poll_timeout(clients[waiting]) >= 0 && cq_socket_poll_timeout(clients[waiting]) < 1);
	OK(cq_socket_set_timeout(clients[9], MS(20)));
	ERR(cq_socket_establish(clients[9]), ETIMEDOUT); /* no event comes; it tries by timer until then */
	OK(cq_socket_set_timeout(clients[9], -1));
	for (i = 0; i < waiting; i++)
		accepted[i] = (int)SYS(accept(listener, NULL, NULL));
	OK(cq_socket_establish(clients[waiting])); /* now there is room */
	accepted[waiting] = (int)SYS(accept(listener, NULL, NULL));
	OK(cq_socket_write(clients[waiting], "hello\n", 6));
	plain_expect(accepted[waiting], "hello\n");
	for (i = 0; i < 10; i++)
		cq_socket_free(clients[i]);
	cq_options_free(options);
	SYS(unlink(path));
}

struct burst {
	cq_socket *listener;
	int accepted, others;
};

static int accept_all(void *argument)
{
	struct burst *burst = argument;
	cq_socket *accepted;

	for (; burst->accepted < 200; burst->accepted++) {
		OK(cq_socket_accept(burst->listener, &accepted));
		cq_socket_free(accepted);
	}
	return 0;
}

static int count_turns(void *argument)
{
	struct burst *burst = argument;

	for (; burst->accepted < 200; burst->others++)
		OK(cq_sleep(0));
	return 0;
}

TEST(a_burst_of_connections_is_accepted_in_pieces_so_that_others_run)
{
	cq_controller *cq = new_controller();
	struct burst burst = { NULL, 0, 0 };
	int clients[200], port;
	size_t i;

	burst.listener = listen_on("127.0.0.1", &port);
	for (i = 0; i < COUNT(clients); i++)
		clients[i] = plain_connect(port);
	OK(cq_controller_wrap(cq, accept_all, NULL, &burst, NULL));
	OK(cq_controller_wrap(cq, count_turns, NULL, &burst, NULL));
	OK(cq_controller_step(cq, -1));
	EQ(burst.accepted, 64);
	EQ(burst.others, 0); /* begun, and asleep */
	run(cq);
	EQ(burst.accepted, 200);
	CHECK(burst.others >= 3);
	for (i = 0; i < COUNT(clients); i++)
		SYS(close(clients[i]));
	cq_socket_free(burst.listener);
	cq_controller_free(cq);
}

TEST(an_adopted_descriptor_listens_when_it_is_told_to_or_accepts)
{
	int way;

	for (way = 0; way < 2; way++) {
		int fd = (int)SYS(socket(AF_INET, SOCK_STREAM, 0)), client;
		struct sockaddr_in address;
		socklen_t size = sizeof address;
		cq_socket *listener, *accepted = NULL;

		memset(&address, 0, sizeof address);
		address.sin_family = AF_INET;
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		SYS(bind(fd, (struct sockaddr *)&address, size));
		SYS(getsockname(fd, (struct sockaddr *)&address, &size));
		OK(cq_socket_adopt(fd, &listener));
		if (way == 0)
			OK(cq_socket_try_listen(listener));
		else
			ERR(cq_socket_try_accept(listener, &accepted), EAGAIN);
		client = plain_connect(ntohs(address.sin_port));
		OK(cq_socket_set_timeout(listener, 5));
		OK(cq_socket_accept(listener, &accepted));
		SYS(close(client));
		cq_socket_free(accepted);
		cq_socket_free(listener);
	}
}

TEST(what_cannot_listen_says_so)
{
	cq_socket *first, *second;

	pair(&first, &second);
	ERR(cq_socket_try_listen(first), EINVAL);
	ERR(cq_socket_try_listen(NULL), EINVAL);
	OK(cq_socket_close(first));
	ERR(cq_socket_try_listen(first), EBADF);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(writing_to_a_pipe_without_reader_raises_no_sigpipe)
{
	int ends[2], i;
	cq_socket *writer;
	pid_t child;

	child = (pid_t)SYS(fork());
	if (child == 0) {
		sigset_t pending;
		bool well = signal(SIGPIPE, SIG_DFL) != SIG_ERR && pipe(ends) == 0 && cq_socket_adopt(ends[1], &writer) == 0;

		close(ends[0]);
		for (i = 0; i < 3; i++) {
			size_t sent;
			well &= cq_socket_try_send(writer, "x", 1, cq_mode_parse("bn", 2), &sent) == EPIPE;
		}
		well &= sigpending(&pending) == 0 && !sigismember(&pending, SIGPIPE);
		/* One that was pending before stays so. */
		sigemptyset(&pending);
		sigaddset(&pending, SIGPIPE);
		well &= sigprocmask(SIG_BLOCK, &pending, NULL) == 0 && raise(SIGPIPE) == 0;
		well &= cq_socket_try_flush(writer, 0) == EPIPE;
		well &= sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE);
		end_child(well);
	}
	wait_for_child(child);
}

TEST(a_file_goes_on_after_its_end)
{
	const char *path = temporary_path("grows");
	int fd = (int)SYS(open(path, O_CREAT | O_RDWR | O_TRUNC, 0600)), copy = (int)SYS(open(path, O_RDONLY));
	cq_socket *reader;

	plain_write(fd, "1\n");
	OK(cq_socket_adopt(copy, &reader));
	READ(reader, CQ_READ_LINE, 0, "1");
	ERR(read_code(reader, CQ_READ_LINE, 0), EPIPE);
	plain_write(fd, "2\n");
	READ(reader, CQ_READ_LINE, 0, "2");
	cq_socket_free(reader);
	SYS(close(fd));
	SYS(unlink(path));
}
