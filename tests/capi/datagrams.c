/* SPDX-License-Identifier: MIT */
/* Datagrams: their boundaries, their senders, batches of them, and what has no room or nobody to go to. */

#include "datagrams.h"

/* Room for what is to come: what a program leaves there would be taken for a wish some day. */
TEST(what_is_not_0_in_reserved_room_is_refused)
{
	cq_socket *socket = bound_socket("127.0.0.1", NULL);
	cq_datagram list[2];
	char room[10] = "x";
	size_t i, done = 77;

	memset(list, 0, sizeof list);
	for (i = 0; i < COUNT(list); i++) {
		list[i].data = room;
		list[i].size = sizeof room;
	}
	ERR(cq_socket_try_recv_batch(socket, list, 2, &done), EAGAIN);
	for (i = 0; i < COUNT(list[1].reserved); i++) {
		list[1].reserved[i] = 1;
		ERR(cq_socket_try_recv_batch(socket, list, 2, &done), EINVAL);
		ERR(cq_socket_try_send_batch(socket, list, 2, &done), EINVAL);
		list[1].reserved[i] = 0;
	}
	EQ(done, 77);
	cq_socket_free(socket);
}

TEST(reserved_room_of_what_is_told_is_0)
{
	cq_socket *socket = bound_socket("127.0.0.1", NULL);
	cq_stat stat;
	cq_name name;
	size_t i;

	memset(&stat, 0xff, sizeof stat);
	memset(&name, 0xff, sizeof name);
	OK(cq_socket_stat(socket, CQ_INPUT, &stat));
	OK(cq_socket_localname(socket, &name));
	for (i = 0; i < COUNT(stat.reserved); i++)
		CHECK(stat.reserved[i] == 0);
	for (i = 0; i < COUNT(name.reserved); i++)
		CHECK(name.reserved[i] == 0);
	cq_socket_free(socket);
}

TEST(null_and_what_makes_no_sense_is_refused)
{
	cq_address address = address_of("127.0.0.1", 9);
	cq_datagram list[1];
	cq_socket *socket = bound_socket("127.0.0.1", NULL);
	size_t size = 77;
	cq_name name;
	char room[10];

	memset(list, 0, sizeof list);
	ERR(cq_socket_try_recvfrom(NULL, room, 10, &size, NULL, NULL), EINVAL);
	ERR(cq_socket_try_recvfrom(socket, NULL, 10, &size, NULL, NULL), EINVAL);
	ERR(cq_socket_try_recvfrom(socket, room, 10, NULL, NULL, NULL), EINVAL);
	ERR(cq_socket_recvfrom(NULL, room, 10, &size, NULL, NULL), EINVAL);
	ERR(cq_socket_recvfrom(socket, NULL, 10, &size, NULL, NULL), EINVAL);
	ERR(cq_socket_recvfrom(socket, room, 10, NULL, NULL, NULL), EINVAL);
	ERR(cq_socket_try_sendto(NULL, "x", 1, &address), EINVAL);
	ERR(cq_socket_try_sendto(socket, NULL, 1, &address), EINVAL);
	ERR(cq_socket_sendto(NULL, "x", 1, &address), EINVAL);
	ERR(cq_socket_sendto(socket, NULL, 1, &address), EINVAL);
	ERR(cq_socket_try_recv_batch(NULL, list, 1, &size), EINVAL);
	ERR(cq_socket_try_recv_batch(socket, NULL, 1, &size), EINVAL);
	ERR(cq_socket_try_recv_batch(socket, list, 0, &size), EINVAL);
	ERR(cq_socket_try_recv_batch(socket, list, 1, NULL), EINVAL);
	ERR(cq_socket_try_send_batch(NULL, list, 1, &size), EINVAL);
	ERR(cq_socket_try_send_batch(socket, NULL, 1, &size), EINVAL);
	ERR(cq_socket_try_send_batch(socket, list, 0, &size), EINVAL);
	ERR(cq_socket_try_send_batch(socket, list, 1, NULL), EINVAL);
	ERR(cq_address_parse(NULL, 1, &address), EINVAL);
	ERR(cq_address_parse("127.0.0.1", 1, NULL), EINVAL);
	ERR(cq_address_parse("127.0.0.1", -1, &address), EINVAL);
	ERR(cq_address_parse("127.0.0.1", 65536, &address), EINVAL);
	ERR(cq_address_parse("\xff", 1, &address), EINVAL);
	ERR(cq_address_path(NULL, 1, &address), EINVAL);
	ERR(cq_address_path("x", 0, &address), EINVAL);
	ERR(cq_address_path("x", 1, NULL), EINVAL);
	ERR(cq_address_name(NULL, &name), EINVAL);
	ERR(cq_address_name(&address, NULL), EINVAL);
	EQ(size, 77);
	cq_socket_free(socket);
}

/* -- addresses -- */

static void address_is(cq_address address, int family, int port, const char *text, size_t size)
{
	sa_family_t raw;
	cq_name name;

	OK(cq_address_name(&address, &name));
	EQ(name.family, family);
	EQ(name.port, port);
	EQ(name.size, size);
	CHECK(memcmp(name.text, text, size) == 0 && name.text[size] == 0);
	CHECK(address.size <= sizeof address.storage);
	memcpy(&raw, address.storage, sizeof raw);
	EQ(raw, family);
}

TEST(addresses_are_made_of_text_and_told_as_text)
{
	char path[200];
	cq_address address;

	address_is(address_of("127.0.0.1", 80), AF_INET, 80, "127.0.0.1", 9);
	address_is(address_of("0.0.0.0", 0), AF_INET, 0, "0.0.0.0", 7);
	address_is(address_of("2001:0db8:0:0:0:0:0:1", 65535), AF_INET6, 65535, "2001:db8::1", 11);
	OK(cq_address_path("/tmp/x", 6, &address));
	address_is(address, AF_UNIX, 0, "/tmp/x", 6);
	OK(cq_address_path("\0hidden", 7, &address));
	address_is(address, AF_UNIX, 0, "\0hidden", 7);
	memset(path, 'p', sizeof path);
	OK(cq_address_path(path, 107, &address));
	address_is(address, AF_UNIX, 0, path, 107);
	ERR(cq_address_path(path, sizeof path, &address), ENAMETOOLONG);
	ERR(cq_address_parse("localhost", 1, &address), CQ_ENONAME);
	ERR(cq_address_parse("", 1, &address), CQ_ENONAME);
	memset(&address, 0, sizeof address);
	address_is(address, AF_UNSPEC, 0, "", 0);
}

TEST(an_address_of_nonsense_is_named_without_harm)
{
	sa_family_t family;
	cq_address address;
	cq_name name;

	for (family = 0; family <= 50; family++)
		for (address.size = 0; address.size < 200; address.size++) {
			memset(address.storage, 'x', sizeof address.storage);
			memcpy(address.storage, &family, sizeof family);
			OK(cq_address_name(&address, &name));
			CHECK(name.size < sizeof name.text);
			EQ(name.text[name.size], 0);
		}
}

/* -- one at a time -- */

static void keeps_boundaries(cq_socket *from, cq_socket *to)
{
	RECEIVE_NONE(to);
	SEND(from, "one");
	SEND(from, "twice two");
	SEND(from, "3\n\r\n");
	RECEIVE(to, "one");
	RECEIVE(to, "twice two");
	SEND(from, "four");
	RECEIVE(to, "3\n\r\n");
	RECEIVE(to, "four");
	RECEIVE_NONE(to);
}

TEST(udp_keeps_boundaries)
{
	cq_socket *first, *second;

	udp_pair("127.0.0.1", &first, &second);
	keeps_boundaries(first, second);
	keeps_boundaries(second, first);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(udp_keeps_boundaries_over_ipv6)
{
	cq_socket *first, *second;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 address;

	memset(&address, 0, sizeof address);
	address.sin6_family = AF_INET6;
	address.sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		SKIP("no IPv6 here");
	SYS(close(fd));
	udp_pair("::1", &first, &second);
	keeps_boundaries(first, second);
	cq_socket_free(first);
	cq_socket_free(second);
}

static void pair_keeps_boundaries(int type)
{
	cq_socket *first, *second;

	OK(cq_socket_pair(type, &first, &second));
	keeps_boundaries(first, second);
	keeps_boundaries(second, first);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(unix_datagrams_keep_boundaries)
{
	pair_keeps_boundaries(SOCK_DGRAM);
}

TEST(seqpacket_keeps_boundaries)
{
	pair_keeps_boundaries(SOCK_SEQPACKET);
}

static void tells_truncation(cq_socket *from, cq_socket *to)
{
	uint32_t flags = 77;
	size_t size = 77;
	char room[16];

	SEND(from, "0123456789");
	SEND(from, "0123456789");
	SEND(from, "next");
	OK(cq_socket_recvfrom(to, room, 4, &size, NULL, &flags));
	TEXT(room, size, "0123");
	EQ(flags, CQ_TRUNCATED);
	OK(cq_socket_recvfrom(to, room, 10, &size, NULL, &flags));
	TEXT(room, size, "0123456789");
	EQ(flags, 0);
	OK(cq_socket_try_recvfrom(to, NULL, 0, &size, NULL, &flags));
	EQ(size, 0);
	EQ(flags, CQ_TRUNCATED);
	RECEIVE_NONE(to);
}

TEST(a_datagram_that_has_no_room_is_truncated_and_says_so)
{
	cq_socket *first, *second;

	udp_pair("127.0.0.1", &first, &second);
	tells_truncation(first, second);
	cq_socket_free(first);
	cq_socket_free(second);
	OK(cq_socket_pair(SOCK_DGRAM, &first, &second));
	tells_truncation(first, second);
	cq_socket_free(first);
	cq_socket_free(second);
	OK(cq_socket_pair(SOCK_SEQPACKET, &first, &second));
	tells_truncation(first, second);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(an_empty_datagram_arrives)
{
	cq_socket *first, *second;
	int i;

	for (i = 0; i < 2; i++) {
		if (i == 0)
			udp_pair("127.0.0.1", &first, &second);
		else
			OK(cq_socket_pair(SOCK_DGRAM, &first, &second));
		OK(cq_socket_sendto(first, NULL, 0, NULL));
		OK(cq_socket_try_sendto(first, "x", 0, NULL));
		SEND(first, "last");
		RECEIVE(second, "");
		RECEIVE(second, "");
		RECEIVE(second, "last");
		cq_socket_free(first);
		cq_socket_free(second);
	}
}

TEST(a_datagram_can_be_as_large_as_the_protocol_allows)
{
	char *big = calloc(1, 65600), *room = malloc(65600);
	cq_socket *first, *second;
	uint32_t flags;
	size_t size;

	memset(big, 'b', 65600);
	udp_pair("127.0.0.1", &first, &second);
	OK(cq_socket_sendto(first, big, 65507, NULL));
	ERR(cq_socket_sendto(first, big, 65508, NULL), EMSGSIZE);
	OK(cq_socket_recvfrom(second, room, 65600, &size, NULL, &flags));
	EQ(size, 65507);
	EQ(flags, 0);
	CHECK(memcmp(room, big, size) == 0);
	keeps_boundaries(first, second); /* the failure leaves no trace */
	cq_socket_free(first);
	cq_socket_free(second);
	free(big);
	free(room);
}

/* -- to whom and from whom -- */

TEST(a_datagram_tells_its_sender_who_can_be_answered)
{
	int port, others_port;
	cq_socket *server = bound_socket("127.0.0.1", &port), *client = bound_socket("127.0.0.1", &others_port);
	cq_address to = address_of("127.0.0.1", port), from;
	char room[100];
	size_t size;

	OK(cq_socket_sendto(client, "question", 8, &to));
	OK(cq_socket_recvfrom(server, room, sizeof room, &size, &from, NULL));
	TEXT(room, size, "question");
	address_is(from, AF_INET, others_port, "127.0.0.1", 9);
	OK(cq_socket_sendto(server, "answer", 6, &from));
	OK(cq_socket_recvfrom(client, room, sizeof room, &size, &from, NULL));
	TEXT(room, size, "answer");
	address_is(from, AF_INET, port, "127.0.0.1", 9);
	cq_socket_free(server);
	cq_socket_free(client);
}

TEST(a_datagram_without_destination_is_refused)
{
	cq_socket *socket = bound_socket("127.0.0.1", NULL);
	int fd = (int)SYS(socket_of(AF_UNIX, SOCK_DGRAM));
	cq_socket *lonely;

	ERR(cq_socket_sendto(socket, "x", 1, NULL), EDESTADDRREQ);
	OK(cq_socket_adopt(fd, &lonely));
	ERR(cq_socket_try_sendto(lonely, "x", 1, NULL), ENOTCONN);
	cq_socket_free(socket);
	cq_socket_free(lonely);
}

TEST(a_connected_socket_hears_only_its_peer)
{
	cq_socket *first, *second, *stranger = bound_socket("127.0.0.1", NULL);
	cq_address to;
	cq_name name;

	udp_pair("127.0.0.1", &first, &second);
	OK(cq_socket_localname(second, &name));
	to = address_of("127.0.0.1", name.port);
	OK(cq_socket_sendto(stranger, "psst", 4, &to));
	SEND(first, "from a friend");
	RECEIVE(second, "from a friend");
	RECEIVE_NONE(second);
	cq_socket_free(first);
	cq_socket_free(second);
	cq_socket_free(stranger);
}

TEST(a_connected_socket_is_told_that_nobody_listens_and_goes_on)
{
	int port, other_port;
	cq_socket *gone = bound_socket("127.0.0.1", &port), *socket;
	cq_options *options = new_options();
	char room[10];
	size_t size;

	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_host(options, "127.0.0.1", port));
	OK(cq_socket_connect(options, &socket));
	OK(cq_socket_establish(socket));
	cq_socket_free(gone);
	OK(cq_socket_sendto(socket, "anybody?", 8, NULL));
	ERR(cq_socket_recvfrom(socket, room, sizeof room, &size, NULL, NULL), ECONNREFUSED);
	ERR(cq_socket_try_recvfrom(socket, room, sizeof room, &size, NULL, NULL), EAGAIN);
	EQ(cq_socket_error(socket, CQ_INPUT), 0);
	gone = bound_socket_at("127.0.0.1", port, &other_port);
	OK(cq_socket_sendto(socket, "again", 5, NULL));
	RECEIVE(gone, "again");
	cq_socket_free(gone);
	cq_socket_free(socket);
	cq_options_free(options);
}

TEST(a_socket_is_bound_and_connected_at_once)
{
	int port, local_port;
	cq_socket *server = bound_socket("127.0.0.1", &port), *probe = bound_socket("127.0.0.1", &local_port), *socket;
	cq_options *options = new_options();
	cq_name local, peer;

	cq_socket_free(probe); /* its port is free now */
	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_host(options, "127.0.0.1", port));
	OK(cq_options_bind(options, "127.0.0.1", local_port));
	OK(cq_socket_connect(options, &socket));
	OK(cq_socket_localname(socket, &local));
	OK(cq_socket_peername(socket, &peer));
	EQ(local.port, local_port);
	EQ(peer.port, port);
	SEND(socket, "hello");
	RECEIVE(server, "hello");
	cq_socket_free(socket);
	cq_socket_free(server);
	cq_options_free(options);
}

TEST(unix_datagrams_go_by_path_and_back)
{
	char *here = strdup(temporary_path("here")), *there = strdup(temporary_path("there"));
	cq_options *options = new_options();
	cq_socket *server, *client, *nameless;
	cq_address from, to;
	char room[20];
	size_t size;

	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_path(options, there, strlen(there)));
	OK(cq_socket_listen(options, &server));
	OK(cq_socket_establish(server));
	OK(cq_options_bind_path(options, here, strlen(here)));
	OK(cq_socket_connect(options, &client));
	SEND(client, "question");
	OK(cq_socket_recvfrom(server, room, sizeof room, &size, &from, NULL));
	TEXT(room, size, "question");
	address_is(from, AF_UNIX, 0, here, strlen(here));
	OK(cq_socket_sendto(server, "answer", 6, &from));
	RECEIVE(client, "answer");

	OK(cq_socket_adopt((int)SYS(socket_of(AF_UNIX, SOCK_DGRAM)), &nameless));
	OK(cq_address_path(there, strlen(there), &to));
	OK(cq_socket_sendto(nameless, "guess who", 9, &to));
	OK(cq_socket_recvfrom(server, room, sizeof room, &size, &from, NULL));
	TEXT(room, size, "guess who");
	EQ(from.size, 0); /* nobody who could be answered */
	cq_socket_free(server);
	ERR(cq_socket_sendto(nameless, "x", 1, &to), ECONNREFUSED);
	SYS(unlink(there));
	ERR(cq_socket_sendto(nameless, "x", 1, &to), ENOENT);
	cq_socket_free(client);
	cq_socket_free(nameless);
	cq_options_free(options);
	SYS(unlink(here));
	free(here);
	free(there);
}

TEST(seqpacket_sockets_listen_connect_and_end)
{
	char *path = strdup(temporary_path("packets"));
	cq_options *options = new_options();
	cq_socket *listener, *client, *server;

	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_SEQPACKET));
	OK(cq_options_path(options, path, strlen(path)));
	OK(cq_socket_listen(options, &listener));
	OK(cq_socket_establish(listener));
	OK(cq_socket_connect(options, &client));
	OK(cq_socket_accept(listener, &server));
	keeps_boundaries(client, server);
	keeps_boundaries(server, client);
	SEND(client, "the last");
	cq_socket_free(client);
	RECEIVE(server, "the last");
	RECEIVE(server, ""); /* the end of a stream of messages */
	ERR(cq_socket_sendto(server, "x", 1, NULL), EPIPE);
	cq_socket_free(server);
	cq_socket_free(listener);
	cq_options_free(options);
	SYS(unlink(path));
	free(path);
}
