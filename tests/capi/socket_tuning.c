/* SPDX-License-Identifier: MIT */
/* Options that few programs set, what is in effect, the system's own options; multicast, and what goes beside datagrams. */
#include "datagrams.h"
#include <limits.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

static int effect(const cq_socket *socket, uint32_t option)
{
	int value = 77;

	OK(cq_socket_option(socket, option, &value));
	return value;
}

TEST(a_socket_tells_what_was_set)
{
	static const struct {
		uint32_t option;
		int set, unset;
	} rows[] = {
		{ CQ_OPTION_NODELAY, 1, 0 }, { CQ_OPTION_NOPUSH, 1, 0 }, { CQ_OPTION_OOBINLINE, 1, 0 },
		{ CQ_OPTION_REUSEPORT, 1, 0 }, { CQ_OPTION_NONBLOCK, 0, 1 }, { CQ_OPTION_CLOEXEC, 0, 1 },
		{ CQ_OPTION_TIME, 0, 1 }, { CQ_OPTION_NOSIGPIPE, 0, 1 }, { CQ_OPTION_STRICT, 0, 1 },
		{ CQ_OPTION_KEEPALIVE, 1, 0 }, { CQ_OPTION_KEEPALIVE_IDLE, 77, 7200 }, { CQ_OPTION_KEEPALIVE_INTERVAL, 7, 75 },
		{ CQ_OPTION_KEEPALIVE_COUNT, 3, 9 }, { CQ_OPTION_USER_TIMEOUT, 4321, 0 }, { CQ_OPTION_TOS, 0x10, 0 },
	};
	int port;
	cq_socket *listener = listen_on("127.0.0.1", &port), *plain = connect_to("127.0.0.1", port), *socket;
	cq_options *options = new_options();
	size_t i;

	OK(cq_options_host(options, "127.0.0.1", port));
	for (i = 0; i < COUNT(rows); i++)
		OK(cq_options_set(options, rows[i].option, rows[i].set));
	OK(cq_options_set(options, CQ_OPTION_SEND_BUFFER, 50000));
	OK(cq_options_set(options, CQ_OPTION_RECEIVE_BUFFER, 60000));
	OK(cq_socket_connect(options, &socket));
	OK(cq_socket_establish(socket));
	OK(cq_socket_establish(plain));
	for (i = 0; i < COUNT(rows); i++) {
		EQ(effect(socket, rows[i].option), rows[i].set);
		EQ(effect(plain, rows[i].option), rows[i].unset);
	}
	EQ(effect(socket, CQ_OPTION_SEND_BUFFER), 100000); /* Linux doubles, for its own needs */
	EQ(effect(socket, CQ_OPTION_RECEIVE_BUFFER), 120000);
	EQ(effect(socket, CQ_OPTION_FAMILY), AF_INET);
	EQ(effect(socket, CQ_OPTION_TYPE), SOCK_STREAM);
	EQ(effect(listener, CQ_OPTION_REUSEADDR), 1);
	cq_options_free(options);
	cq_socket_free(plain);
	cq_socket_free(socket);
	cq_socket_free(listener);
}

TEST(a_connection_has_what_its_listener_has)
{
	static const struct {
		uint32_t option;
		int set;
	} rows[] = {
		{ CQ_OPTION_NODELAY, 1 }, { CQ_OPTION_KEEPALIVE, 1 }, { CQ_OPTION_TIME, 0 }, { CQ_OPTION_NOSIGPIPE, 0 },
		{ CQ_OPTION_STRICT, 0 },
	};
	cq_options *options = new_options();
	cq_socket *listener, *accepted;
	cq_name name;
	size_t i;
	int fd;

	OK(cq_options_host(options, "127.0.0.1", 0));
	for (i = 0; i < COUNT(rows); i++)
		OK(cq_options_set(options, rows[i].option, rows[i].set));
	OK(cq_options_set(options, CQ_OPTION_RECEIVE_BUFFER, 60000));
	OK(cq_socket_listen(options, &listener));
	OK(cq_socket_establish(listener));
	OK(cq_socket_set_hold(listener, CQ_HOLD_ANSWERS));
	set_modes(listener, "bf");
	OK(cq_socket_set_timeout(listener, 7));
	OK(cq_socket_localname(listener, &name));
	fd = plain_connect(name.port);
	OK(cq_socket_accept(listener, &accepted));
	for (i = 0; i < COUNT(rows); i++)
		EQ(effect(accepted, rows[i].option), rows[i].set);
	EQ(effect(accepted, CQ_OPTION_RECEIVE_BUFFER), 120000);
	EQ(cq_socket_hold(accepted), CQ_HOLD_ANSWERS);
	CHECK(cq_socket_mode(accepted, CQ_OUTPUT) != cq_socket_mode(listener, CQ_OUTPUT)); /* text, by lines */
	CHECK(!(cq_socket_timeout(accepted) >= 0)); /* without limit */
	cq_options_free(options);
	cq_socket_free(accepted);
	cq_socket_free(listener);
	close(fd);
}

TEST(a_socket_that_is_there_can_be_tuned)
{
	cq_options *options = new_options();
	cq_socket *socket = bound_socket("::1", NULL);

	EQ(effect(socket, CQ_OPTION_MULTICAST_TTL), 1);
	EQ(effect(socket, CQ_OPTION_MULTICAST_LOOP), 1);
	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_set(options, CQ_OPTION_MULTICAST_TTL, 9));
	OK(cq_options_set(options, CQ_OPTION_MULTICAST_LOOP, 0));
	OK(cq_options_set(options, CQ_OPTION_TOS, 0x20));
	OK(cq_options_set(options, CQ_OPTION_PACKET_INFO, 1));
	OK(cq_options_set(options, CQ_OPTION_ECN, 1));
	OK(cq_options_set(options, CQ_OPTION_SEGMENTS, 1));
	OK(cq_socket_configure(socket, options));
	EQ(effect(socket, CQ_OPTION_MULTICAST_TTL), 9);
	EQ(effect(socket, CQ_OPTION_MULTICAST_LOOP), 0);
	EQ(effect(socket, CQ_OPTION_TOS), 0x20);
	EQ(effect(socket, CQ_OPTION_PACKET_INFO), 1);
	EQ(effect(socket, CQ_OPTION_ECN), 1);
	EQ(effect(socket, CQ_OPTION_SEGMENTS), 1);
	EQ(effect(socket, CQ_OPTION_FAMILY), AF_INET6);
	cq_options_free(options);
	cq_socket_free(socket);
}

TEST(a_backlog_is_as_long_as_was_asked_for)
{
	cq_options *options = new_options();
	cq_socket *listener;
	cq_name name;
	struct tcp_info info;
	size_t size = sizeof info;

	OK(cq_options_host(options, "127.0.0.1", 0));
	OK(cq_options_set(options, CQ_OPTION_BACKLOG, 3));
	OK(cq_socket_listen(options, &listener));
	OK(cq_socket_establish(listener));
	OK(cq_socket_localname(listener, &name));
	OK(cq_socket_getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size));
	CHECK(size > offsetof(struct tcp_info, tcpi_sacked));
	EQ(info.tcpi_sacked, 3); /* of a listener, this tells the backlog */
	cq_options_free(options);
	cq_socket_free(listener);
}

TEST(the_systems_own_options_can_be_read_and_set)
{
	cq_socket *first, *second;
	int value = 0;
	size_t size = sizeof value;

	pair(&first, &second);
	value = 1;
	OK(cq_socket_setsockopt(first, SOL_SOCKET, SO_PASSCRED, &value, sizeof value));
	value = 77;
	OK(cq_socket_getsockopt(first, SOL_SOCKET, SO_PASSCRED, &value, &size));
	EQ(value, 1);
	EQ(size, sizeof value);
	ERR(cq_socket_setsockopt(first, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value), EOPNOTSUPP);
	ERR(cq_socket_setsockopt(first, SOL_SOCKET, SO_PASSCRED, &value, 1), EINVAL);
	ERR(cq_socket_getsockopt(first, SOL_SOCKET, SO_PASSCRED, &value, NULL), EINVAL);
	ERR(cq_socket_getsockopt(first, SOL_SOCKET, SO_PASSCRED, NULL, &size), EINVAL);
	OK(cq_socket_close(first));
	ERR(cq_socket_setsockopt(first, SOL_SOCKET, SO_PASSCRED, &value, sizeof value), EBADF);
	ERR(cq_socket_option(first, CQ_OPTION_TYPE, &value), EBADF);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(what_cannot_be_is_refused)
{
	static const struct {
		uint32_t option;
		int value;
	} rows[] = {
		{ CQ_OPTION_BACKLOG, -1 }, { CQ_OPTION_SEND_BUFFER, -1 }, { CQ_OPTION_RECEIVE_BUFFER, INT_MIN },
		{ CQ_OPTION_USER_TIMEOUT, -1 }, { CQ_OPTION_TOS, 256 }, { CQ_OPTION_TOS, -1 }, { CQ_OPTION_MULTICAST_TTL, 256 },
		{ CQ_OPTION_MULTICAST_LOOP, 2 }, { CQ_OPTION_PACKET_INFO, 2 }, { CQ_OPTION_ECN, -1 }, { CQ_OPTION_SEGMENTS, 2 },
		{ CQ_OPTION_ACTIVATED, 2 }, { CQ_OPTION_ACTIVATED + 1, 0 },
	};
	cq_options *options = new_options();
	cq_socket *socket = bound_socket("127.0.0.1", NULL);
	size_t i;
	int value = 77;

	for (i = 0; i < COUNT(rows); i++)
		ERR(cq_options_set(options, rows[i].option, rows[i].value), EINVAL);
	ERR(cq_socket_option(socket, CQ_OPTION_UNLINK, &value), EINVAL);
	ERR(cq_socket_option(socket, CQ_OPTION_BACKLOG, &value), EINVAL);
	ERR(cq_socket_option(socket, 0, &value), EINVAL);
	ERR(cq_socket_option(socket, CQ_OPTION_NODELAY, &value), EOPNOTSUPP); /* of a datagram socket */
	EQ(value, 77);
	cq_options_free(options);
	cq_socket_free(socket);
}

/* -- multicast -- */

static cq_socket *member_of(const char *any, const char *group, int *port)
{
	cq_socket *socket = bound_socket(any, port);
	cq_address address = address_of(group, 0);
	int code = cq_socket_join(socket, &address, "lo");

	if (code == ENODEV)
		SKIP("no interface lo");
	OK(code);
	return socket;
}

static void multicast(const char *any, const char *group, const char *bad)
{
	int port;
	cq_socket *member = member_of(any, group, &port), *sender = bound_socket(any, NULL);
	cq_address to = address_of(group, port), wrong = address_of(bad, 0);
	char room[10];
	size_t size;
	int code;

	OK(cq_socket_set_multicast_interface(sender, "lo"));
	code = cq_socket_sendto(sender, "news", 4, &to);
	if (code == ENETUNREACH)
		SKIP("no route for multicast on lo");
	OK(code);
	OK(cq_socket_set_timeout(member, 5));
	OK(cq_socket_recvfrom(member, room, sizeof room, &size, NULL, NULL));
	TEXT(room, size, "news");
	CHECK(cq_socket_join(member, &to, "lo") == EADDRINUSE); /* it is in it */
	OK(cq_socket_leave(member, &to, "lo"));
	ERR(cq_socket_leave(member, &to, "lo"), EADDRNOTAVAIL);
	OK(cq_socket_sendto(sender, "more", 4, &to));
	OK(cq_sleep(MS(20)));
	ERR(cq_socket_try_recvfrom(member, room, sizeof room, &size, NULL, NULL), EAGAIN);
	ERR(cq_socket_join(member, &wrong, "lo"), EINVAL);
	ERR(cq_socket_join(member, &to, "nosuch0"), ENODEV);
	ERR(cq_socket_set_multicast_interface(member, "nosuch0"), ENODEV);
	ERR(cq_socket_join(member, NULL, NULL), EINVAL);
	ERR(cq_socket_join(NULL, &to, NULL), EINVAL);
	cq_socket_free(member);
	cq_socket_free(sender);
}

TEST(members_of_a_group_get_what_is_sent_to_it)
{
	multicast("0.0.0.0", "239.77.0.1", "127.0.0.1");
}

TEST(members_of_a_group_of_ipv6_get_what_is_sent_to_it)
{
	multicast("::", "ff15::77", "::1");
}

/* -- beside datagrams -- */

static cq_socket *told_socket(const char *any, int *port)
{
	cq_options *options = new_options();
	cq_socket *socket = bound_socket(any, port);

	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_set(options, CQ_OPTION_PACKET_INFO, 1));
	OK(cq_options_set(options, CQ_OPTION_ECN, 1));
	OK(cq_options_set(options, CQ_OPTION_SEGMENTS, 1));
	OK(cq_socket_configure(socket, options));
	cq_options_free(options);
	return socket;
}

/* One datagram, with room that remembers what was there. */
static cq_datagram receive_one(cq_socket *socket, char *room, size_t size)
{
	cq_datagram item;
	cq_interest interest = on_socket(socket, POLLIN);
	size_t done = 0;

	memset(&item, 0, sizeof item);
	memset(&item.local, 0xff, sizeof item.local);
	item.interface = item.ecn = item.segment = 77;
	item.data = room;
	item.size = size;
	OK(cq_poll(&interest, 1, NULL));
	OK(cq_socket_try_recv_batch(socket, &item, 1, &done));
	EQ(done, 1);
	return item;
}

static void send_one(cq_socket *socket, cq_datagram *item)
{
	size_t done = 0;

	OK(cq_socket_try_send_batch(socket, item, 1, &done));
	EQ(done, 1);
}

static void beside(const char *any, const char *host, const char *source)
{
	int port;
	cq_socket *server = told_socket(any, &port), *client = bound_socket(any, NULL);
	cq_datagram item, came;
	cq_name name;
	char room[100];

	memset(&item, 0, sizeof item);
	item.data = (void *)(uintptr_t)"hello";
	item.size = 5;
	item.address = address_of(host, port);
	item.local = address_of(source, 0);
	item.interface = if_nametoindex("lo");
	item.ecn = 2;
	send_one(client, &item);
	came = receive_one(server, room, sizeof room);
	TEXT(room, came.received, "hello");
	OK(cq_address_name(&came.local, &name));
	CHECK(strcmp(name.text, host) == 0);
	EQ(name.port, 0);
	OK(cq_address_name(&came.address, &name));
	CHECK(strcmp(name.text, source) == 0);
	EQ(came.interface, if_nametoindex("lo"));
	EQ(came.ecn, 2);
	EQ(came.segment, 0);

	/* Without a wish, nothing is told of one's own. */
	memset(&item.local, 0, sizeof item.local);
	item.interface = item.ecn = 0;
	send_one(client, &item);
	came = receive_one(server, room, sizeof room);
	EQ(came.ecn, 0);
	EQ(came.interface, if_nametoindex("lo"));
	item.ecn = 4;
	ERR(cq_socket_try_send_batch(client, &item, 1, &item.received), EINVAL);
	cq_socket_free(server);
	cq_socket_free(client);
}

TEST(datagrams_tell_where_they_were_sent_to)
{
	beside("0.0.0.0", "127.0.0.7", "127.0.0.9");
}

TEST(datagrams_of_ipv6_tell_where_they_were_sent_to)
{
	beside("::", "::1", "::1");
}

TEST(nothing_is_told_that_was_not_asked_for)
{
	int port;
	cq_socket *server = bound_socket("127.0.0.1", &port), *client = bound_socket("127.0.0.1", NULL);
	cq_address to = address_of("127.0.0.1", port);
	char room[10];
	cq_datagram came;

	OK(cq_socket_sendto(client, "x", 1, &to));
	came = receive_one(server, room, sizeof room);
	EQ(came.local.size, 0);
	EQ(came.interface + came.ecn + came.segment, 0);
	cq_socket_free(server);
	cq_socket_free(client);
}

/* The kernel cuts what is sent, and hands over what belongs together in one piece, or in several. */
TEST(many_datagrams_leave_and_come_in_one_piece)
{
	static char bytes[14000], room[70000];
	int port;
	cq_socket *server = told_socket("127.0.0.1", &port), *client = bound_socket("127.0.0.1", NULL);
	cq_datagram item, came;
	size_t i, at = 0, pieces = 0;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 5 + i / 250);
	memset(&item, 0, sizeof item);
	item.data = bytes;
	item.size = 13500; /* nine and a half */
	item.address = address_of("127.0.0.1", port);
	item.segment = 1400;
	send_one(client, &item);
	while (at < item.size) {
		came = receive_one(server, room, sizeof room);
		EQ(came.flags, 0);
		CHECK(came.received <= item.size - at);
		CHECK(came.segment == 0 ? came.received <= 1400 : came.segment == 1400);
		CHECK(memcmp(room, bytes + at, came.received) == 0);
		at += came.received;
		pieces++;
	}
	EQ(at, item.size);
	EQ(pieces, 1); /* over loopback it is not even cut */

	/* Who does not ask for pieces gets datagrams. */
	cq_socket_free(server);
	server = bound_socket("127.0.0.1", &port);
	item.address = address_of("127.0.0.1", port);
	send_one(client, &item);
	for (at = 0; at < item.size; at += came.received) {
		came = receive_one(server, room, sizeof room);
		EQ(came.received, item.size - at < 1400 ? item.size - at : 1400);
		EQ(came.segment, 0);
		CHECK(memcmp(room, bytes + at, came.received) == 0);
	}
	item.segment = 70000;
	ERR(cq_socket_try_send_batch(client, &item, 1, &i), EINVAL);
	cq_socket_free(server);
	cq_socket_free(client);
}
