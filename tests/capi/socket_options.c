/* SPDX-License-Identifier: MIT */
/* What options do to sockets: the system confirms each, or the socket behaves as it says. */

#include "fixture.h"

static cq_options *options_with(uint32_t option, int value)
{
	cq_options *options = new_options();

	OK(cq_options_set(options, option, value));
	return options;
}

static int told(cq_socket *socket, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = -1;

	SYS(getsockopt(cq_socket_pollfd(socket), level, name, &value, &size));
	return value;
}

/* A TCP socket with such options, connected; the other end is a plain descriptor. */
static cq_socket *connected_with(cq_options *options, int *other)
{
	struct sockaddr_in address;
	socklen_t size = sizeof address;
	int listener = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));
	cq_socket *socket;

	memset(&address, 0, sizeof address);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SYS(bind(listener, (struct sockaddr *)&address, size));
	SYS(listen(listener, 1));
	SYS(getsockname(listener, (struct sockaddr *)&address, &size));
	OK(cq_options_host(options, "127.0.0.1", ntohs(address.sin_port)));
	OK(cq_socket_connect(options, &socket));
	OK(cq_socket_establish(socket));
	*other = (int)SYS(accept(listener, NULL, NULL));
	SYS(close(listener));
	cq_options_free(options);
	set_modes(socket, "bn");
	return socket;
}

static cq_socket *listener_with(cq_options *options, int type)
{
	cq_socket *listener;

	OK(cq_options_set(options, CQ_OPTION_TYPE, type));
	OK(cq_options_host(options, "127.0.0.1", 0));
	OK(cq_socket_listen(options, &listener));
	OK(cq_socket_establish(listener));
	cq_options_free(options);
	return listener;
}

TEST(values_that_make_no_sense_are_refused)
{
	static const struct {
		uint32_t option;
		int value;
	} bad[] = {
		{ CQ_OPTION_BROADCAST, 2 }, { CQ_OPTION_OOBINLINE, -1 }, { CQ_OPTION_NONBLOCK, 2 },
		{ CQ_OPTION_CLOEXEC, -1 }, { CQ_OPTION_NOSIGPIPE, 2 }, { CQ_OPTION_VERIFY, 2 },
		{ CQ_OPTION_SENDNAME, 2 }, { CQ_OPTION_SENDNAME, -1 }, { CQ_OPTION_KEEPALIVE, 2 },
		{ CQ_OPTION_KEEPALIVE_IDLE, -1 }, { CQ_OPTION_KEEPALIVE_IDLE, 32768 },
		{ CQ_OPTION_KEEPALIVE_INTERVAL, -1 }, { CQ_OPTION_KEEPALIVE_INTERVAL, 32768 },
		{ CQ_OPTION_KEEPALIVE_COUNT, -1 }, { CQ_OPTION_KEEPALIVE_COUNT, 128 },
		{ CQ_OPTION_STRICT, 2 }, { CQ_OPTION_ACTIVATED + 1, 0 },
	};
	cq_options *options = new_options();
	cq_socket *socket, *other;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		int code = cq_options_set(options, bad[i].option, bad[i].value);

		if (code != EINVAL)
			printf("       option %u, value %d\n", (unsigned)bad[i].option, bad[i].value);
		ERR(code, EINVAL);
	}
	ERR(cq_options_sendname(NULL, "x"), EINVAL);
	ERR(cq_options_sendname(options, NULL), EINVAL);
	ERR(cq_options_sendname(options, "\xff"), EINVAL);
	pair(&socket, &other);
	ERR(cq_socket_configure(NULL, options), EINVAL);
	ERR(cq_socket_configure(socket, NULL), EINVAL);
	OK(cq_socket_close(socket));
	ERR(cq_socket_configure(socket, options), EBADF);
	cq_socket_free(socket);
	cq_socket_free(other);
	cq_options_free(options);
}

TEST(whatever_an_option_takes_a_socket_can_have)
{
	static const struct {
		uint32_t option;
		int values[3];
	} good[] = {
		{ CQ_OPTION_BROADCAST, { 0, 1, 1 } }, { CQ_OPTION_OOBINLINE, { 0, 1, 1 } },
		{ CQ_OPTION_NONBLOCK, { 0, 1, 1 } }, { CQ_OPTION_CLOEXEC, { 0, 1, 1 } },
		{ CQ_OPTION_NOSIGPIPE, { 0, 1, 1 } }, { CQ_OPTION_VERIFY, { 0, 1, 1 } },
		{ CQ_OPTION_SENDNAME, { 0, 1, 1 } }, { CQ_OPTION_KEEPALIVE, { 0, 1, 1 } },
		{ CQ_OPTION_KEEPALIVE_IDLE, { 0, 1, 32767 } }, { CQ_OPTION_KEEPALIVE_INTERVAL, { 0, 1, 32767 } },
		{ CQ_OPTION_KEEPALIVE_COUNT, { 0, 1, 127 } },
		{ CQ_OPTION_TIME, { 0, 1, 1 } }, { CQ_OPTION_NODELAY, { 0, 1, 1 } }, { CQ_OPTION_NOPUSH, { 0, 1, 1 } },
	};
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	cq_socket *first, *second;
	size_t i, j;
	int other;

	for (i = 0; i < COUNT(good); i++)
		for (j = 0; j < 3; j++) {
			cq_options *options = options_with(good[i].option, good[i].values[j]);

			/* Those that do not apply are ignored. */
			OK(cq_socket_pair(types[j], &first, &second));
			OK(cq_options_set(options, CQ_OPTION_KEEPALIVE, good[i].option != CQ_OPTION_KEEPALIVE));
			OK(cq_socket_configure(first, options));
			cq_socket_free(first);
			cq_socket_free(second);
			first = connected_with(options, &other);
			cq_socket_free(first);
			SYS(close(other));
		}
}

/* -- switches of the system -- */

static void is_on_when_asked_for(uint32_t option, int type, int level, int name)
{
	cq_socket *plain = listener_with(new_options(), type), *with = listener_with(options_with(option, 1), type);
	cq_socket *without = listener_with(options_with(option, 0), type);

	EQ(told(plain, level, name) != 0, 0);
	EQ(told(with, level, name) != 0, 1);
	EQ(told(without, level, name) != 0, 0);
	cq_socket_free(plain);
	cq_socket_free(with);
	cq_socket_free(without);
}

TEST(switches_are_on_when_asked_for)
{
	is_on_when_asked_for(CQ_OPTION_BROADCAST, SOCK_DGRAM, SOL_SOCKET, SO_BROADCAST);
	is_on_when_asked_for(CQ_OPTION_OOBINLINE, SOCK_STREAM, SOL_SOCKET, SO_OOBINLINE);
	is_on_when_asked_for(CQ_OPTION_KEEPALIVE, SOCK_STREAM, SOL_SOCKET, SO_KEEPALIVE);
	is_on_when_asked_for(CQ_OPTION_NODELAY, SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY);
	is_on_when_asked_for(CQ_OPTION_NOPUSH, SOCK_STREAM, IPPROTO_TCP, TCP_CORK);
	is_on_when_asked_for(CQ_OPTION_REUSEPORT, SOCK_STREAM, SOL_SOCKET, SO_REUSEPORT);
	is_on_when_asked_for(CQ_OPTION_REUSEPORT, SOCK_DGRAM, SOL_SOCKET, SO_REUSEPORT);
}

TEST(urgent_bytes_come_in_line_when_asked_for)
{
	cq_socket *socket;
	int other;

	socket = connected_with(options_with(CQ_OPTION_OOBINLINE, 1), &other);
	EQ(send(other, "ab", 2, 0), 2);
	EQ(send(other, "!", 1, MSG_OOB), 1);
	EQ(send(other, "cd\n", 3, 0), 3);
	READ(socket, CQ_READ_LINE, 0, "ab!cd");
	cq_socket_free(socket);
	socket = connected_with(options_with(CQ_OPTION_OOBINLINE, 0), &other);
	EQ(send(other, "ab", 2, 0), 2);
	EQ(send(other, "!", 1, MSG_OOB), 1);
	EQ(send(other, "cd\n", 3, 0), 3);
	READ(socket, CQ_READ_LINE, 0, "abcd");
	cq_socket_free(socket);
}

TEST(keepalive_has_its_figures)
{
	cq_options *options = options_with(CQ_OPTION_KEEPALIVE, 1);
	cq_socket *socket;
	int other, idle, interval, count;

	socket = connected_with(new_options(), &other);
	idle = told(socket, IPPROTO_TCP, TCP_KEEPIDLE);
	interval = told(socket, IPPROTO_TCP, TCP_KEEPINTVL);
	count = told(socket, IPPROTO_TCP, TCP_KEEPCNT);
	cq_socket_free(socket);

	OK(cq_options_set(options, CQ_OPTION_KEEPALIVE_IDLE, 11));
	OK(cq_options_set(options, CQ_OPTION_KEEPALIVE_INTERVAL, 12));
	OK(cq_options_set(options, CQ_OPTION_KEEPALIVE_COUNT, 13));
	socket = connected_with(options, &other);
	EQ(told(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
	EQ(told(socket, IPPROTO_TCP, TCP_KEEPIDLE), 11);
	EQ(told(socket, IPPROTO_TCP, TCP_KEEPINTVL), 12);
	EQ(told(socket, IPPROTO_TCP, TCP_KEEPCNT), 13);
	cq_socket_free(socket);

	socket = connected_with(options_with(CQ_OPTION_KEEPALIVE, 1), &other); /* as the system says */
	EQ(told(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
	EQ(told(socket, IPPROTO_TCP, TCP_KEEPIDLE), idle);
	EQ(told(socket, IPPROTO_TCP, TCP_KEEPINTVL), interval);
	EQ(told(socket, IPPROTO_TCP, TCP_KEEPCNT), count);
	cq_socket_free(socket);
}

TEST(connections_have_what_their_listener_has)
{
	cq_options *options = options_with(CQ_OPTION_KEEPALIVE, 1);
	cq_socket *listener, *accepted;
	cq_name name;

	OK(cq_options_set(options, CQ_OPTION_KEEPALIVE_IDLE, 99));
	OK(cq_options_set(options, CQ_OPTION_NODELAY, 1));
	listener = listener_with(options, SOCK_STREAM);
	OK(cq_socket_localname(listener, &name));
	plain_connect(name.port);
	OK(cq_socket_accept(listener, &accepted));
	EQ(told(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
	EQ(told(accepted, IPPROTO_TCP, TCP_KEEPIDLE), 99);
	EQ(told(accepted, IPPROTO_TCP, TCP_NODELAY), 1);
	cq_socket_free(accepted);
	cq_socket_free(listener);
}

/* -- what a descriptor is born with -- */

static bool has_flag(int fd, int get, int flag)
{
	return (SYS(fcntl(fd, get)) & flag) != 0;
}

TEST(a_socket_can_be_left_to_programs_that_are_executed)
{
	cq_socket *socket;
	int other;

	socket = connected_with(options_with(CQ_OPTION_CLOEXEC, 0), &other);
	CHECK(!has_flag(cq_socket_pollfd(socket), F_GETFD, FD_CLOEXEC));
	CHECK(has_flag(cq_socket_pollfd(socket), F_GETFL, O_NONBLOCK));
	cq_socket_free(socket);
	socket = listener_with(options_with(CQ_OPTION_CLOEXEC, 0), SOCK_STREAM);
	CHECK(!has_flag(cq_socket_pollfd(socket), F_GETFD, FD_CLOEXEC));
	cq_socket_free(socket);
	socket = connected_with(options_with(CQ_OPTION_CLOEXEC, 1), &other);
	CHECK(has_flag(cq_socket_pollfd(socket), F_GETFD, FD_CLOEXEC));
	cq_socket_free(socket);
}

TEST(a_descriptor_that_blocks_does_not_block_the_library)
{
	char *big = calloc(1, 16 << 20);
	cq_socket *socket;
	size_t sent;
	int other, code;

	socket = connected_with(options_with(CQ_OPTION_NONBLOCK, 0), &other);
	CHECK(!has_flag(cq_socket_pollfd(socket), F_GETFL, O_NONBLOCK));
	CHECK(has_flag(cq_socket_pollfd(socket), F_GETFD, FD_CLOEXEC));
	ERR(recv_code(socket, CQ_READ_LINE, 0), EAGAIN);
	OK(cq_socket_set_timeout(socket, MS(10)));
	ERR(read_code(socket, CQ_READ_LINE, 0), ETIMEDOUT);
	OK(cq_socket_set_error(socket, CQ_INPUT, 0, NULL));
	ERR(cq_socket_try_fill(socket, 1), EAGAIN);
	plain_write(other, "x\n");
	READ(socket, CQ_READ_LINE, 0, "x");
	ERR(cq_socket_try_send(socket, big, 16 << 20, 0, &sent), EAGAIN);
	CHECK(sent > 0 && sent < 16 << 20);
	ERR(cq_socket_try_flush(socket, 0), EAGAIN);
	do /* the system may find more room meanwhile */
		code = cq_socket_write(socket, big, 65536);
	while (code == 0);
	ERR(code, ETIMEDOUT);
	cq_socket_free(socket);
	free(big);
}

TEST(a_listener_never_blocks)
{
	cq_socket *listener = listener_with(options_with(CQ_OPTION_NONBLOCK, 0), SOCK_STREAM), *accepted = NULL;

	ERR(cq_socket_try_accept(listener, &accepted), EAGAIN);
	CHECK(accepted == NULL);
	cq_socket_free(listener);
}

TEST(a_datagram_socket_that_blocks_does_not_block_the_library)
{
	cq_socket *socket = listener_with(options_with(CQ_OPTION_NONBLOCK, 0), SOCK_DGRAM);
	cq_datagram list[2];
	size_t size;
	char room[4];

	CHECK(!has_flag(cq_socket_pollfd(socket), F_GETFL, O_NONBLOCK));
	ERR(cq_socket_try_recvfrom(socket, room, 4, &size, NULL, NULL), EAGAIN);
	memset(list, 0, sizeof list);
	ERR(cq_socket_try_recv_batch(socket, list, 2, &size), EAGAIN);
	ERR(recv_code(socket, CQ_READ_UP_TO, 10), EAGAIN);
	cq_socket_free(socket);
}

/* How a child ends that sends to a peer that is gone. */
static int end_of_sender(uint32_t option, int value)
{
	cq_options *options = options_with(option, value);
	cq_socket *first, *second;
	int status;
	pid_t child;

	OK(cq_socket_pair(SOCK_STREAM, &first, &second));
	OK(cq_socket_configure(first, options));
	cq_socket_free(second);
	child = (pid_t)SYS(fork());
	if (child == 0) {
		size_t sent;

		signal(SIGPIPE, SIG_DFL);
		end_child(cq_socket_try_send(first, "x", 1, cq_mode_parse("bn", 2), &sent) == EPIPE);
	}
	EQ(SYS(waitpid(child, &status, 0)), child);
	cq_socket_free(first);
	cq_options_free(options);
	return status;
}

TEST(sending_to_nobody_raises_a_signal_only_if_asked_for)
{
	int status = end_of_sender(CQ_OPTION_NOSIGPIPE, 0);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	EQ(end_of_sender(CQ_OPTION_NOSIGPIPE, 1), 0);
	EQ(end_of_sender(CQ_OPTION_TIME, 1), 0); /* nothing said */
}

/* -- existing sockets -- */

TEST(an_accepted_socket_can_be_configured)
{
	cq_options *options = options_with(CQ_OPTION_NODELAY, 1);
	cq_stat stat;
	cq_socket *socket;
	int other;

	OK(cq_options_set(options, CQ_OPTION_KEEPALIVE, 1));
	OK(cq_options_set(options, CQ_OPTION_KEEPALIVE_IDLE, 77));
	OK(cq_options_set(options, CQ_OPTION_CLOEXEC, 0));
	OK(cq_options_set(options, CQ_OPTION_TIME, 0));
	OK(cq_options_set(options, CQ_OPTION_REUSEADDR, 0));
	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM)); /* what it is, it stays */
	OK(cq_options_host(options, "127.0.0.1", 1));
	socket = half_tcp(&other);
	EQ(told(socket, IPPROTO_TCP, TCP_NODELAY), 0);
	OK(cq_socket_configure(socket, options));
	EQ(told(socket, IPPROTO_TCP, TCP_NODELAY), 1);
	EQ(told(socket, IPPROTO_TCP, TCP_KEEPIDLE), 77);
	CHECK(!has_flag(cq_socket_pollfd(socket), F_GETFD, FD_CLOEXEC));
	OK(cq_socket_write(socket, "still a stream\n", 15));
	plain_expect(other, "still a stream\n");
	OK(cq_socket_stat(socket, CQ_OUTPUT, &stat));
	CHECK(stat.time == 0);
	cq_socket_free(socket);
	cq_options_free(options);
}

TEST(an_adopted_socket_can_be_configured)
{
	cq_options *options = options_with(CQ_OPTION_BROADCAST, 1);
	int fd = (int)SYS(socket(AF_INET, SOCK_DGRAM, 0));
	cq_socket *socket;

	OK(cq_socket_adopt(fd, &socket));
	OK(cq_socket_configure(socket, options));
	EQ(told(socket, SOL_SOCKET, SO_BROADCAST), 1);
	cq_socket_free(socket);
	cq_options_free(options);
}

TEST(two_datagram_sockets_share_a_port_only_if_both_say_so)
{
	cq_options *options = options_with(CQ_OPTION_REUSEPORT, 1);
	cq_socket *first, *second, *third;
	cq_name name;

	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_host(options, "127.0.0.1", 0));
	OK(cq_socket_listen(options, &first));
	OK(cq_socket_localname(first, &name));
	OK(cq_options_host(options, "127.0.0.1", name.port));
	OK(cq_socket_listen(options, &second));
	OK(cq_socket_establish(second));
	OK(cq_options_set(options, CQ_OPTION_REUSEPORT, 0));
	OK(cq_options_set(options, CQ_OPTION_REUSEADDR, 0));
	OK(cq_socket_listen(options, &third));
	ERR(cq_socket_establish(third), EADDRINUSE);
	cq_socket_free(first);
	cq_socket_free(second);
	cq_socket_free(third);
	cq_options_free(options);
}
