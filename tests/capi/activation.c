/* SPDX-License-Identifier: MIT */
/* Listeners that a service manager has bound before the program began. */
#include "datagrams.h"

/* As the manager leaves it: a descriptor with a number, bound to a port. */
static int hand_over(int number, int type, const char *host, int *port)
{
	cq_address address = address_of(host, 0);
	socklen_t size = sizeof address.storage;
	struct sockaddr *name = (struct sockaddr *)address.storage;
	int fd = (int)SYS(socket(name->sa_family, type, 0));

	SYS(bind(fd, name, address.size));
	if (type == SOCK_STREAM)
		SYS(listen(fd, 5));
	SYS(getsockname(fd, name, &size));
	*port = ntohs(((struct sockaddr_in *)name)->sin_port);
	if (fd != number) {
		SYS(dup2(fd, number));
		close(fd);
	}
	return number;
}

static void tell(const char *count, long pid)
{
	char text[20];

	snprintf(text, sizeof text, "%ld", pid);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", count, 1);
}

static cq_socket *listener_at(const char *host, int port, int type, int activated)
{
	cq_options *options = new_options();
	cq_socket *socket;

	OK(cq_options_host(options, host, port));
	OK(cq_options_set(options, CQ_OPTION_TYPE, type));
	OK(cq_options_set(options, CQ_OPTION_ACTIVATED, activated));
	OK(cq_socket_listen(options, &socket));
	cq_options_free(options);
	return socket;
}

TEST(a_listener_takes_what_was_handed_over)
{
	int port, other, fd;
	cq_socket *socket, *accepted, *again;

	hand_over(3, SOCK_STREAM, "127.0.0.1", &other);
	hand_over(4, SOCK_STREAM, "127.0.0.1", &port);
	tell("2", getpid());
	fd = plain_connect(port); /* somebody came before the program did */
	socket = listener_at("127.0.0.1", port, SOCK_STREAM, 1);
	OK(cq_socket_establish(socket));
	EQ(cq_socket_pollfd(socket), 4);
	EQ(fcntl(4, F_GETFD), FD_CLOEXEC);
	OK(cq_socket_accept(socket, &accepted));
	plain_write(fd, "hello\n");
	READ(accepted, CQ_READ_LINE, 0, "hello");

	/* It is taken once: who asks again has to bind, which fails. */
	again = listener_at("127.0.0.1", port, SOCK_STREAM, 1);
	ERR(cq_socket_establish(again), EADDRINUSE);
	cq_socket_free(again);
	again = listener_at("127.0.0.1", 0, SOCK_STREAM, 1); /* of any port: the other one */
	OK(cq_socket_establish(again));
	EQ(cq_socket_pollfd(again), 3);
	cq_socket_free(again);
	cq_socket_free(accepted);
	cq_socket_free(socket);
	close(fd);
}

TEST(any_address_is_that_of_either_family)
{
	int port;
	cq_socket *socket;

	hand_over(3, SOCK_STREAM, "::", &port);
	tell("1", getpid());
	socket = listener_at("0.0.0.0", port, SOCK_STREAM, 1);
	OK(cq_socket_establish(socket));
	EQ(cq_socket_pollfd(socket), 3);
	cq_socket_free(socket);
}

TEST(datagrams_are_taken_too)
{
	int port;
	cq_socket *socket;
	cq_address to;
	char room[10];
	size_t size;

	hand_over(3, SOCK_DGRAM, "127.0.0.1", &port);
	tell("1", getpid());
	socket = listener_at("127.0.0.1", port, SOCK_DGRAM, 1);
	OK(cq_socket_establish(socket));
	EQ(cq_socket_pollfd(socket), 3);
	to = address_of("127.0.0.1", port);
	OK(cq_socket_sendto(socket, "me", 2, &to));
	OK(cq_socket_recvfrom(socket, room, sizeof room, &size, NULL, NULL));
	TEXT(room, size, "me");
	cq_socket_free(socket);
}

/* What is for another process, of another type, at another address, or not asked for, stays where it is. */
TEST(nobody_elses_descriptors_are_touched)
{
	static const struct {
		const char *host, *count;
		int type, activated, others_process;
	} rows[] = {
		{ "127.0.0.1", "1", SOCK_STREAM, 0, 0 }, { "127.0.0.1", "1", SOCK_STREAM, 1, 1 }, { "127.0.0.1", "1", SOCK_DGRAM, 1, 0 },
		{ "127.0.0.2", "1", SOCK_STREAM, 1, 0 }, { "127.0.0.1", "0", SOCK_STREAM, 1, 0 }, { "127.0.0.1", "-1", SOCK_STREAM, 1, 0 },
		{ "127.0.0.1", "many", SOCK_STREAM, 1, 0 },
	};
	size_t i;
	int port;

	hand_over(3, SOCK_STREAM, "127.0.0.1", &port);
	for (i = 0; i < COUNT(rows); i++) {
		int same = rows[i].type == SOCK_STREAM && strcmp(rows[i].host, "127.0.0.1") == 0;
		cq_socket *socket;

		tell(rows[i].count, rows[i].others_process ? 1 : getpid());
		socket = listener_at(rows[i].host, port, rows[i].type, rows[i].activated);
		ERR(cq_socket_establish(socket), same ? EADDRINUSE : 0); /* it is bound as ever, where it can be */
		CHECK(cq_socket_pollfd(socket) != 3);
		cq_socket_free(socket);
		SYS(fcntl(3, F_GETFD));
	}
}
