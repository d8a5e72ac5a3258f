/* SPDX-License-Identifier: MIT */
/*
 * Waits on TCP connections are registered edge-triggered where the system can do that, and look level-triggered all the same:
 * a task that waits for what is there already goes on. poll(2) on the same descriptor says what is there.
 */

#include "fixture.h"

/* An accepted connection of ours, whose descriptor the library believes to be its secret, and the peer's. */
struct link {
	cq_controller *cq;
	cq_socket *socket;
	int fd;
	int peer;
};

static struct link new_link(void)
{
	struct link link;
	int port;
	cq_socket *listener = listen_on("127.0.0.1", &port);

	link.cq = new_controller();
	link.peer = plain_connect(port);
	SYS(fcntl(link.peer, F_SETFL, O_NONBLOCK));
	link.fd = (int)SYS(dup(0)); /* the lowest that is free, which the connection gets next */
	SYS(close(link.fd));
	OK(cq_socket_accept(listener, &link.socket));
	set_modes(link.socket, "bn");
	cq_socket_free(listener);
	return link;
}

static void end_link(struct link *link)
{
	cq_controller_free(link->cq);
	cq_socket_free(link->socket);
	SYS(close(link->peer));
}

static uint32_t is_there(int fd, uint32_t events)
{
	struct pollfd record;

	record.fd = fd;
	record.events = (short)events;
	SYS(poll(&record, 1, 0));
	return (uint32_t)record.revents;
}

/* What a task does each time that it is resumed, before it waits for the same again. */
struct waiter {
	struct link *link;
	cq_interest interest;
	void (*act)(struct waiter *waiter);
	int resumed;
};

static int go_on(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct waiter *waiter = argument;

	(void)fired, (void)count;
	waiter->resumed++;
	if (waiter->act)
		waiter->act(waiter);
	return cq_controller_park(cq, task, &waiter->interest, 1);
}

static struct waiter wait_for(struct link *link, uint32_t events, void (*act)(struct waiter *waiter))
{
	struct waiter waiter;

	memset(&waiter, 0, sizeof waiter);
	waiter.link = link;
	waiter.interest = on_socket(link->socket, events);
	waiter.act = act;
	return waiter;
}

/* Begins to wait; the task has run once. */
static void begin(struct waiter *waiter)
{
	OK(cq_controller_attach(waiter->link->cq, go_on, NULL, waiter, NULL));
	OK(cq_controller_step(waiter->link->cq, 0));
	EQ(waiter->resumed, 1);
}

static void expect_resumed(struct waiter *waiter, int times)
{
	int before = waiter->resumed;

	OK(cq_controller_step(waiter->link->cq, 0));
	EQ(waiter->resumed - before, times);
}

TEST(a_task_that_reads_nothing_is_resumed_again)
{
	struct link link = new_link();
	struct waiter waiter = wait_for(&link, POLLIN, NULL);
	int i;

	begin(&waiter);
	expect_resumed(&waiter, 0);
	plain_write(link.peer, "x");
	for (i = 0; i < 5; i++)
		expect_resumed(&waiter, 1);
	end_link(&link);
}

static void take_what_is_there(struct waiter *waiter)
{
	while (recv_code(waiter->link->socket, CQ_READ_UP_TO, 4096) == 0)
		;
}

TEST(a_task_that_reads_everything_waits_for_more)
{
	struct link link = new_link();
	struct waiter waiter = wait_for(&link, POLLIN, take_what_is_there);
	int i;

	begin(&waiter);
	for (i = 0; i < 5; i++) {
		expect_resumed(&waiter, 0);
		plain_write(link.peer, "a line\n");
		expect_resumed(&waiter, 1);
	}
	end_link(&link);
}

static void take_once(struct waiter *waiter)
{
	const void *data;
	size_t size;

	(void)cq_socket_try_recv(waiter->link->socket, CQ_READ_UP_TO, 4096, CQ_MODE_DEFAULT, 0, &data, &size);
}

TEST(an_end_that_stands_behind_the_data_is_told)
{
	struct link link = new_link();
	struct waiter waiter = wait_for(&link, POLLIN, take_once);

	begin(&waiter);
	plain_write(link.peer, "all");
	SYS(shutdown(link.peer, SHUT_WR));
	expect_resumed(&waiter, 1); /* got less than it asked for */
	expect_resumed(&waiter, 1); /* the end */
	expect_resumed(&waiter, 1); /* which stays */
	end_link(&link);
}

TEST(an_end_that_comes_between_the_report_and_the_receive_is_told)
{
	struct link link = new_link();
	struct waiter waiter = wait_for(&link, POLLIN, take_once);

	begin(&waiter);
	plain_write(link.peer, "all");
	OK(cq_controller_enter(link.cq));
	OK(cq_controller_wait(link.cq, 0, 0));
	SYS(shutdown(link.peer, SHUT_WR));
	{
		cq_ready ready;

		ERR(cq_controller_next(link.cq, &ready), ENOENT); /* runs the callback */
	}
	OK(cq_controller_leave(link.cq));
	EQ(waiter.resumed, 2);
	expect_resumed(&waiter, 1);
	expect_resumed(&waiter, 1);
	end_link(&link);
}

TEST(what_stands_behind_urgent_data_is_told)
{
	struct link link = new_link();
	struct waiter waiter = wait_for(&link, POLLIN, take_once);

	begin(&waiter);
	plain_write(link.peer, "before");
	EQ(send(link.peer, "!", 1, MSG_OOB), 1);
	plain_write(link.peer, "behind");
	expect_resumed(&waiter, 1); /* a receive ends at the mark */
	CHECK(is_there(link.fd, POLLIN) & POLLIN);
	expect_resumed(&waiter, 1);
	expect_resumed(&waiter, 0);
	plain_write(link.peer, "later");
	expect_resumed(&waiter, 1);
	end_link(&link);
}

/* What went wrong: that SO_OOBINLINE makes urgent data readable, which has come before, is not told by the kernel unless it is
   asked anew. */
TEST(urgent_data_that_becomes_readable_by_an_option_is_told)
{
	static const int on = 1;
	int way;

	for (way = 0; way < 2; way++) {
		struct link link = new_link();
		struct waiter waiter = wait_for(&link, POLLIN, NULL);

		begin(&waiter);
		EQ(send(link.peer, "!", 1, MSG_OOB), 1);
		expect_resumed(&waiter, 0);
		if (way == 0) {
			OK(cq_socket_setsockopt(link.socket, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
		} else {
			cq_options *options = new_options();

			OK(cq_options_set(options, CQ_OPTION_OOBINLINE, 1));
			OK(cq_socket_configure(link.socket, options));
			cq_options_free(options);
		}
		CHECK(is_there(link.fd, POLLIN) & POLLIN);
		expect_resumed(&waiter, 1);
		expect_resumed(&waiter, 1);
		end_link(&link);
	}
}

TEST(a_reset_is_told_until_the_socket_is_closed)
{
	struct link link = new_link();
	struct waiter waiter = wait_for(&link, POLLIN, NULL);

	begin(&waiter);
	reset_connection(link.peer);
	expect_resumed(&waiter, 1);
	expect_resumed(&waiter, 1);
	link.peer = (int)SYS(dup(0));
	end_link(&link);
}

TEST(two_tasks_that_wait_for_the_same_both_go_on)
{
	struct link link = new_link();
	struct waiter first = wait_for(&link, POLLIN, take_what_is_there), second = wait_for(&link, POLLIN, NULL);
	int i;

	begin(&first);
	begin(&second);
	for (i = 0; i < 3; i++) {
		int before = first.resumed;

		plain_write(link.peer, "x");
		expect_resumed(&second, 1);
		EQ(first.resumed - before, 1);
		expect_resumed(&second, 0);
	}
	end_link(&link);
}

TEST(the_second_task_sees_what_the_first_has_left)
{
	struct link link = new_link();
	struct waiter first = wait_for(&link, POLLIN, take_what_is_there), second = wait_for(&link, POLLIN, NULL);

	begin(&first);
	plain_write(link.peer, "x");
	expect_resumed(&first, 1);
	plain_write(link.peer, "y"); /* comes before the second waits */
	first.act = NULL;
	begin(&second);
	expect_resumed(&second, 1);
	expect_resumed(&second, 1);
	end_link(&link);
}

TEST(a_task_that_waits_elsewhere_meanwhile_finds_what_has_come)
{
	struct link link = new_link();
	struct waiter waiter = wait_for(&link, POLLIN, take_what_is_there);

	begin(&waiter);
	plain_write(link.peer, "x");
	waiter.interest = on_time(0);
	expect_resumed(&waiter, 1);
	plain_write(link.peer, "y");
	waiter.act = NULL;
	waiter.interest = on_socket(link.socket, POLLIN);
	expect_resumed(&waiter, 1);
	expect_resumed(&waiter, 1);
	end_link(&link);
}

TEST(a_socket_that_two_controllers_wait_for_wakes_both)
{
	struct link link = new_link();
	struct waiter here = wait_for(&link, POLLIN, NULL), there = here;
	struct link other = link;
	int i;

	other.cq = new_controller();
	there.link = &other;
	begin(&here);
	begin(&there);
	plain_write(link.peer, "x");
	for (i = 0; i < 3; i++) {
		expect_resumed(&here, 1);
		expect_resumed(&there, 1);
	}
	take_what_is_there(&here);
	expect_resumed(&there, 0);
	plain_write(link.peer, "x");
	expect_resumed(&there, 1);
	expect_resumed(&here, 1);
	cq_controller_free(other.cq);
	end_link(&link);
}

/* In the middle of a turn another controller is stepped, in which another task reads from the same connection. */
static void step_the_other(struct waiter *waiter)
{
	struct waiter *other = cq_socket_data(waiter->link->socket);

	take_what_is_there(waiter);
	plain_write(waiter->link->peer, "more");
	OK(cq_controller_step(other->link->cq, 0));
}

TEST(what_comes_while_another_controller_is_stepped_is_told)
{
	struct link link = new_link(), other = link;
	struct waiter here = wait_for(&link, POLLIN, NULL), there = wait_for(&link, POLLIN, take_once);

	other.cq = new_controller();
	there.link = &other;
	cq_socket_set_data(link.socket, &there);
	begin(&here);
	begin(&there);
	here.act = step_the_other;
	plain_write(link.peer, "x");
	expect_resumed(&here, 1);
	here.act = NULL;
	there.act = NULL;
	plain_write(link.peer, "y");
	expect_resumed(&here, 1);
	expect_resumed(&there, 1);
	cq_controller_free(other.cq);
	end_link(&link);
}

TEST(a_descriptor_that_the_program_knows_is_looked_at_each_time)
{
	struct link link = new_link();
	struct waiter waiter = wait_for(&link, POLLIN, take_what_is_there);
	int fd = cq_socket_pollfd(link.socket), i;

	EQ(fd, link.fd);
	begin(&waiter);
	for (i = 0; i < 3; i++) {
		expect_resumed(&waiter, 0);
		plain_write(link.peer, "x");
		expect_resumed(&waiter, 1);
	}
	waiter.act = NULL;
	plain_write(link.peer, "x");
	expect_resumed(&waiter, 1);
	expect_resumed(&waiter, 1);
	end_link(&link);
}

/* A raw wait for the number beside one for the socket. */
TEST(a_wait_for_the_number_looks_level_triggered_too)
{
	struct link link = new_link();
	struct waiter socket = wait_for(&link, POLLIN, take_what_is_there), number = wait_for(&link, POLLIN, NULL);
	int i;

	number.interest = on_fd(link.fd, POLLIN);
	begin(&socket);
	begin(&number);
	for (i = 0; i < 3; i++) {
		plain_write(link.peer, "x");
		expect_resumed(&number, 1);
		expect_resumed(&number, 0);
	}
	socket.act = NULL;
	plain_write(link.peer, "x");
	expect_resumed(&number, 1);
	expect_resumed(&number, 1);
	expect_resumed(&socket, 1);
	end_link(&link);
}

/* Anything that may be done in a turn: receive in any portion, through the library or behind its back; send until the kernel takes
   no more. Then the task waits for other events. */
static void act_at_random(struct waiter *waiter)
{
	static const uint32_t masks[] = { POLLIN, POLLIN, POLLIN, POLLOUT, POLLIN | POLLOUT };
	static char block[65536];
	struct link *link = waiter->link;
	int i, count = (int)(pick(4));

	for (i = 0; i < count; i++) {
		const void *data;
		size_t size;
		uint32_t flags = pick(2) ? CQ_PATIENT : 0;

		switch (pick(6)) {
		case 0:
			(void)cq_socket_try_recv(link->socket, CQ_READ_UP_TO, 1 + pick(5000),
			                         CQ_MODE_DEFAULT, flags, &data, &size);
			break;
		case 1:
			(void)cq_socket_try_recv(link->socket, CQ_READ_LINE, 0, CQ_MODE_DEFAULT, flags, &data, &size);
			break;
		case 2:
			take_what_is_there(waiter);
			break;
		case 3:
			(void)recv(link->fd, block, 1 + pick(3000), MSG_DONTWAIT);
			break;
		case 4:
			while (cq_socket_try_send(link->socket, block, sizeof block, CQ_MODE_DEFAULT, &size) == 0)
				;
			break;
		default:
			break;
		}
	}
	waiter->interest.events = masks[pick(COUNT(masks))];
}

static void peer_acts_at_random(struct link *link)
{
	static char block[65536];

	switch (pick(12)) {
	case 0:
	case 1:
	case 2:
		(void)send(link->peer, "line\n", 5, MSG_NOSIGNAL);
		break;
	case 3:
		(void)send(link->peer, block, 1 + pick(9000), MSG_NOSIGNAL);
		break;
	case 4:
		(void)send(link->peer, "!", 1, MSG_OOB | MSG_NOSIGNAL);
		break;
	case 5:
	case 6:
		while (recv(link->peer, block, sizeof block, 0) > 0)
			;
		break;
	case 7:
		if (pick(8) == 0)
			SYS(shutdown(link->peer, SHUT_WR));
		break;
	default:
		break;
	}
}

TEST(at_random_a_task_goes_on_exactly_when_poll_says_so)
{
	int game, round, games = slow() ? 40 : 400, told = 0, quiet = 0;

	for (game = 0; game < games; game++) {
		struct link link = new_link();
		struct waiter waiter = wait_for(&link, POLLIN, act_at_random);

		pick_state = (unsigned long long)game;
		begin(&waiter);
		for (round = 0; round < 40; round++) {
			uint32_t asked = waiter.interest.events | POLLERR | POLLHUP, there;

			peer_acts_at_random(&link);
			there = is_there(link.fd, waiter.interest.events) & asked;
			expect_resumed(&waiter, there != 0);
			*(there ? &told : &quiet) += 1;
		}
		end_link(&link);
	}
	CHECK(told > games && quiet > games);
}
