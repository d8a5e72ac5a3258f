/* SPDX-License-Identifier: MIT */
/* Datagrams that are waited for, batches of them, and the buffered operations on sockets that have them. */

#include "datagrams.h"

/* -- waiting -- */

TEST(receiving_and_sending_time_out)
{
	cq_socket *first, *second;
	double begun = cq_monotime();
	size_t size = 77;
	char room[10];
	int code;

	OK(cq_socket_pair(SOCK_DGRAM, &first, &second));
	OK(cq_socket_set_timeout(second, MS(10)));
	OK(cq_socket_set_timeout(first, MS(10)));
	ERR(cq_socket_recvfrom(second, room, sizeof room, &size, NULL, NULL), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(10));
	EQ(size, 77);
	while ((code = cq_socket_try_sendto(first, "fill", 4, NULL)) == 0)
		;
	ERR(code, EAGAIN);
	EQ(cq_socket_events(first), POLLOUT);
	begun = cq_monotime();
	ERR(cq_socket_sendto(first, "late", 4, NULL), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(10));
	RECEIVE(second, "fill"); /* a timeout loses nothing, */
	OK(cq_socket_sendto(first, "last", 4, NULL)); /* and leaves nothing behind */
	do {
		OK(cq_socket_recvfrom(second, room, sizeof room, &size, NULL, NULL));
		EQ(size, 4);
	} while (memcmp(room, "last", 4) != 0);
	RECEIVE_NONE(second);
	cq_socket_free(first);
	cq_socket_free(second);
}

struct flow {
	cq_socket *socket;
	int count, done;
};

static int send_many(void *argument)
{
	struct flow *flow = argument;

	for (; flow->done < flow->count; flow->done++)
		OK(cq_socket_sendto(flow->socket, &flow->done, sizeof flow->done, NULL));
	return 0;
}

static int receive_many(void *argument)
{
	struct flow *flow = argument;
	size_t size;
	int number;

	for (; flow->done < flow->count; flow->done++) {
		OK(cq_socket_recvfrom(flow->socket, &number, sizeof number, &size, NULL, NULL));
		EQ(size, sizeof number);
		EQ(number, flow->done);
	}
	return 0;
}

TEST(fibers_wait_for_datagrams_and_for_room)
{
	cq_controller *cq = new_controller();
	struct flow flows[4];
	cq_socket *ends[2];
	int i;

	OK(cq_socket_pair(SOCK_DGRAM, &ends[0], &ends[1]));
	for (i = 0; i < 4; i++) {
		flows[i].socket = ends[i % 2];
		flows[i].count = slow() ? 300 : 10000;
		flows[i].done = 0;
		OK(cq_controller_wrap(cq, i < 2 ? send_many : receive_many, NULL, &flows[i], NULL));
	}
	run(cq);
	for (i = 0; i < 4; i++)
		EQ(flows[i].done, flows[i].count);
	cq_controller_free(cq);
	cq_socket_free(ends[0]);
	cq_socket_free(ends[1]);
}

static int wait_in_callback(cq_controller *controller, cq_task task, void *argument,
                            const cq_fired *fired, size_t count)
{
	struct flow *flow = argument;
	size_t size;
	char byte;

	(void)fired;
	if (count == 0) {
		ERR(cq_socket_recvfrom(flow->socket, &byte, 1, &size, NULL, NULL), EDEADLK);
		ERR(cq_socket_try_recvfrom(flow->socket, &byte, 1, &size, NULL, NULL), EAGAIN);
		return park(controller, task, on_socket(flow->socket, 0));
	}
	CHECK(fired[0].events & POLLIN);
	OK(cq_socket_recvfrom(flow->socket, &byte, 1, &size, NULL, NULL)); /* it need not wait */
	EQ(byte, 'x');
	flow->done++;
	return 0;
}

TEST(a_callback_waits_by_parking)
{
	cq_controller *cq = new_controller();
	struct flow flow = { NULL, 1, 0 };
	cq_socket *first;

	udp_pair("127.0.0.1", &first, &flow.socket);
	OK(cq_controller_attach(cq, wait_in_callback, NULL, &flow, NULL));
	OK(cq_controller_step(cq, 0));
	EQ(flow.done, 0);
	SEND(first, "x");
	run(cq);
	EQ(flow.done, 1);
	cq_controller_free(cq);
	cq_socket_free(first);
	cq_socket_free(flow.socket);
}

static int receive_once(void *argument)
{
	struct flow *flow = argument;
	size_t size;
	char byte;

	flow->done = cq_socket_recvfrom(flow->socket, &byte, 1, &size, NULL, NULL);
	return 0;
}

TEST(closing_ends_the_wait_and_refuses_everything)
{
	cq_controller *cq = new_controller();
	cq_socket *socket = bound_socket("127.0.0.1", NULL);
	cq_address to = address_of("127.0.0.1", 9);
	cq_datagram list[1];
	struct flow flow;
	char room[4];
	size_t size;

	flow.socket = socket;
	OK(cq_controller_wrap(cq, receive_once, NULL, &flow, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_socket_close(socket));
	run(cq);
	ERR(flow.done, EBADF);
	memset(list, 0, sizeof list);
	ERR(cq_socket_try_recvfrom(socket, room, 4, &size, NULL, NULL), EBADF);
	ERR(cq_socket_recvfrom(socket, room, 4, &size, NULL, NULL), EBADF);
	ERR(cq_socket_try_sendto(socket, "x", 1, &to), EBADF);
	ERR(cq_socket_sendto(socket, "x", 1, &to), EBADF);
	ERR(cq_socket_try_recv_batch(socket, list, 1, &size), EBADF);
	ERR(cq_socket_try_send_batch(socket, list, 1, &size), EBADF);
	cq_controller_free(cq);
	cq_socket_free(socket);
}

/* -- batches -- */

#define MOST 100

static cq_datagram list[MOST];
static char rooms[MOST][8];

/* Datagrams that hold their number. */
static void number_datagrams(int first, int count)
{
	int i;

	memset(list, 0, sizeof list);
	for (i = 0; i < count; i++) {
		list[i].data = rooms[i];
		list[i].size = (size_t)snprintf(rooms[i], sizeof rooms[i], "%d", first + i);
	}
}

static void make_room(int count)
{
	int i;

	memset(list, 0xff, sizeof list); /* what is to be filled is nonsense before */
	for (i = 0; i < count; i++) {
		list[i].data = rooms[i];
		list[i].size = sizeof rooms[i];
		memset(list[i].reserved, 0, sizeof list[i].reserved);
	}
}

static void check_numbers(int first, int count, int port)
{
	int i;

	for (i = 0; i < count; i++) {
		char wanted[8];
		cq_name name;

		EQ(list[i].received, snprintf(wanted, sizeof wanted, "%d", first + i));
		CHECK(memcmp(list[i].data, wanted, list[i].received) == 0);
		EQ(list[i].flags, 0);
		OK(cq_address_name(&list[i].address, &name));
		EQ(name.port, port);
	}
}

TEST(batches_of_any_size_go_and_come_in_order)
{
	static const int sizes[] = { 1, 7, 31, 32, 33, 63, 64, 65, MOST };
	cq_socket *first, *second;
	size_t i, j, done = 77;
	cq_name name;

	udp_pair("127.0.0.1", &first, &second);
	OK(cq_socket_localname(first, &name));
	for (i = 0; i < COUNT(sizes); i++)
		for (j = 0; j < COUNT(sizes); j++) {
			int left = sizes[i], at = 0;

			number_datagrams(1000, left);
			OK(cq_socket_try_send_batch(first, list, (size_t)left, &done));
			EQ(done, left);
			while (left > 0) {
				int expected = left < sizes[j] ? left : sizes[j];

				make_room(sizes[j]);
				OK(cq_socket_try_recv_batch(second, list, (size_t)sizes[j], &done));
				EQ(done, expected);
				check_numbers(1000 + at, expected, name.port);
				at += expected;
				left -= expected;
			}
			done = 77;
			make_room(1);
			ERR(cq_socket_try_recv_batch(second, list, 1, &done), EAGAIN);
			EQ(cq_socket_events(second), POLLIN);
			EQ(done, 77);
		}
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(a_batch_goes_to_several_addresses_and_tells_several_senders)
{
	int ports[3], from_port, i;
	cq_socket *sockets[3], *socket = bound_socket("127.0.0.1", &from_port);
	cq_name name;
	size_t done;

	number_datagrams(0, 3);
	for (i = 0; i < 3; i++) {
		sockets[i] = bound_socket("127.0.0.1", &ports[i]);
		list[i].address = address_of("127.0.0.1", ports[i]);
	}
	OK(cq_socket_try_send_batch(socket, list, 3, &done));
	EQ(done, 3);
	RECEIVE(sockets[0], "0");
	RECEIVE(sockets[1], "1");
	RECEIVE(sockets[2], "2");
	for (i = 0; i < 3; i++) {
		cq_address to = address_of("127.0.0.1", from_port);

		OK(cq_socket_sendto(sockets[i], "back", 4, &to));
	}
	make_room(3);
	OK(cq_socket_try_recv_batch(socket, list, 3, &done));
	EQ(done, 3);
	for (i = 0; i < 3; i++) {
		OK(cq_address_name(&list[i].address, &name));
		EQ(name.port, ports[i]);
		TEXT(list[i].data, list[i].received, "back");
		cq_socket_free(sockets[i]);
	}
	cq_socket_free(socket);
}

TEST(a_batch_tells_which_datagrams_were_truncated)
{
	cq_socket *first, *second;
	size_t done;

	udp_pair("127.0.0.1", &first, &second);
	SEND(first, "short");
	SEND(first, "much too long");
	SEND(first, "");
	make_room(3);
	OK(cq_socket_try_recv_batch(second, list, 3, &done));
	EQ(done, 3);
	TEXT(list[0].data, list[0].received, "short");
	EQ(list[0].flags, 0);
	TEXT(list[1].data, list[1].received, "much too");
	EQ(list[1].flags, CQ_TRUNCATED);
	EQ(list[2].received, 0);
	EQ(list[2].flags, 0);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(a_batch_that_has_no_room_is_sent_in_part)
{
	cq_socket *first, *second;
	size_t done = 0, more, i;
	int least = 1;

	OK(cq_socket_pair(SOCK_DGRAM, &first, &second));
	SYS(setsockopt(cq_socket_pollfd(first), SOL_SOCKET, SO_SNDBUF, &least, sizeof least));
	number_datagrams(0, MOST);
	OK(cq_socket_try_send_batch(first, list, MOST, &done));
	CHECK(done > 0 && done < MOST);
	ERR(cq_socket_try_send_batch(first, list + done, MOST - done, &more), EAGAIN);
	EQ(cq_socket_events(first), POLLOUT);
	make_room(MOST);
	OK(cq_socket_try_recv_batch(second, list, MOST, &more));
	EQ(more, done);
	for (i = 0; i < done; i++)
		EQ(atoi(rooms[i]), i);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(a_batch_stops_at_the_datagram_that_cannot_be_sent)
{
	cq_socket *first, *second, *lonely = bound_socket("127.0.0.1", NULL);
	char *big = calloc(1, 70000);
	size_t done = 0;

	udp_pair("127.0.0.1", &first, &second);
	number_datagrams(0, 40);
	list[35].data = big;
	list[35].size = 70000;
	OK(cq_socket_try_send_batch(first, list, 40, &done));
	EQ(done, 35);
	ERR(cq_socket_try_send_batch(first, list + 35, 5, &done), EMSGSIZE);
	EQ(done, 35);
	OK(cq_socket_try_send_batch(first, list + 36, 4, &done));
	EQ(done, 4);
	number_datagrams(0, 1);
	ERR(cq_socket_try_send_batch(lonely, list, 1, &done), EDESTADDRREQ);
	cq_socket_free(lonely);
	cq_socket_free(first);
	cq_socket_free(second);
	free(big);
}

/* -- buffered operations -- */

TEST(reads_and_writes_keep_boundaries_too)
{
	cq_socket *first, *second;
	int type;

	for (type = 0; type < 3; type++) {
		if (type == 0)
			udp_pair("127.0.0.1", &first, &second);
		else
			OK(cq_socket_pair(type == 1 ? SOCK_DGRAM : SOCK_SEQPACKET, &first, &second));
		set_modes(first, "bn");
		set_modes(second, "bn");
		OK(cq_socket_write(first, "one", 3));
		OK(cq_socket_write(first, "two\n", 4));
		READ(second, CQ_READ_UP_TO, 100, "one");
		READ(second, CQ_READ_UP_TO, 100, "two\n");
		ERR(recv_code(second, CQ_READ_UP_TO, 100), EAGAIN);
		cq_socket_free(first);
		cq_socket_free(second);
	}
}

TEST(a_write_of_many_kilobytes_is_one_datagram)
{
	char *big = malloc(60000), *room = malloc(60001);
	cq_socket *first, *second;
	size_t size;

	memset(big, 'b', 60000);
	udp_pair("127.0.0.1", &first, &second);
	set_modes(first, "bn");
	OK(cq_socket_write(first, big, 60000));
	OK(cq_socket_recvfrom(second, room, 60001, &size, NULL, NULL));
	EQ(size, 60000);
	cq_socket_free(first);
	cq_socket_free(second);
	free(big);
	free(room);
}

TEST(datagrams_are_counted)
{
	cq_socket *first, *second;
	cq_stat stat;
	size_t done;

	udp_pair("127.0.0.1", &first, &second);
	SEND(first, "12345");
	number_datagrams(10, 3);
	OK(cq_socket_try_send_batch(first, list, 3, &done));
	OK(cq_socket_stat(first, CQ_OUTPUT, &stat));
	EQ(stat.count, 11);
	RECEIVE(second, "12345");
	make_room(3);
	OK(cq_socket_try_recv_batch(second, list, 3, &done));
	OK(cq_socket_stat(second, CQ_INPUT, &stat));
	EQ(stat.count, 11);
	CHECK(!stat.eof);
	cq_socket_free(first);
	cq_socket_free(second);
}
