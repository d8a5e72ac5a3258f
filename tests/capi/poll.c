/* SPDX-License-Identifier: MIT */
/* Wait sets: cq_poll, cq_sleep, cq_cancel, and what fires when. */

#include "fixture.h"

/* -- outside of a controller: the thread waits -- */

TEST(a_poll_outside_a_controller_blocks_the_thread)
{
	cq_interest set[2];
	double begun = cq_monotime();
	size_t fired = 77;
	int fds[2];

	SYS(pipe(fds));
	set[0] = on_fd(fds[0], POLLIN);
	set[1] = on_time(MS(20));
	OK(cq_poll(set, 2, &fired));
	EQ(fired, 1);
	EQ(set[0].fired, 0);
	EQ(set[1].fired, CQ_FIRED);
	CHECK(cq_monotime() - begun >= MS(20));

	plain_write(fds[1], "x");
	OK(cq_poll(set, 2, NULL));
	EQ(set[0].fired, POLLIN);
	EQ(set[1].fired, 0);
}

TEST(an_empty_poll_outside_a_controller_returns_at_once)
{
	size_t fired = 77;

	OK(cq_poll(NULL, 0, &fired));
	EQ(fired, 0);
	OK(cq_poll(NULL, 0, NULL));
}

TEST(a_sleep_outside_a_controller_is_never_short)
{
	int i;

	for (i = 0; i < 10; i++) {
		double begun = cq_monotime(), seconds = MS(i) / 3;

		OK(cq_sleep(seconds));
		CHECK(cq_monotime() - begun >= seconds);
	}
	OK(cq_sleep(0));
}

TEST(a_poll_leaves_no_descriptor_behind)
{
	int before = open_descriptors();
	cq_interest set = on_time(0), bad = on_fd(12345, POLLIN);

	OK(cq_poll(&set, 1, NULL));
	ERR(cq_poll(&bad, 1, NULL), EBADF);
	OK(cq_sleep(0));
	EQ(open_descriptors(), before);
}

TEST(what_cannot_be_polled_is_refused)
{
	cq_interest set[2];
	size_t fired = 77;

	ERR(cq_poll(NULL, 1, &fired), EINVAL);
	set[0] = on_time(0);
	set[1] = on_fd(0, POLLERR);
	ERR(cq_poll(set, 2, &fired), EINVAL);
	set[1] = on_fd(0, UINT32_MAX);
	ERR(cq_poll(set, 2, &fired), EINVAL);
	set[1] = on_fd(12345, POLLIN);
	ERR(cq_poll(set, 2, &fired), EBADF);
	set[1] = on_fd(open("/proc/self/exe", O_RDONLY), POLLIN);
	ERR(cq_poll(set, 2, &fired), EPERM);
	EQ(fired, 77); /* outputs are written on success only */
}

/* -- what fires -- */

/* Polls one descriptor for a moment. Returns what fired. */
static uint32_t poll_fd(int fd, uint32_t events)
{
	cq_interest set[2];

	set[0] = on_fd(fd, events);
	set[1] = on_time(MS(10));
	OK(cq_poll(set, 2, NULL));
	return set[0].fired;
}

TEST(readiness_is_told_as_poll_tells_it)
{
	int fds[2], pair[2];

	SYS(pipe(fds));
	EQ(poll_fd(fds[0], POLLIN), 0);
	EQ(poll_fd(fds[1], POLLOUT), POLLOUT);
	EQ(poll_fd(fds[1], POLLIN), 0);
	plain_write(fds[1], "x");
	EQ(poll_fd(fds[0], POLLIN), POLLIN);
	EQ(poll_fd(fds[0], POLLIN | POLLPRI), POLLIN);
	SYS(close(fds[1]));
	EQ(poll_fd(fds[0], POLLIN), POLLIN | POLLHUP);
	EQ(poll_fd(fds[0], POLLPRI), POLLHUP); /* asked for or not */

	SYS(pipe(fds));
	SYS(close(fds[0]));
	EQ(poll_fd(fds[1], POLLOUT), POLLOUT | POLLERR);

	SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	EQ(poll_fd(pair[0], POLLIN | POLLOUT), POLLOUT);
	plain_write(pair[1], "x");
	EQ(poll_fd(pair[0], POLLIN | POLLOUT), POLLIN | POLLOUT);
}

TEST(urgent_data_fires_pollpri)
{
	int other;
	cq_socket *socket = half_tcp(&other);

	EQ(poll_fd(cq_socket_pollfd(socket), POLLPRI), 0);
	EQ(send(other, "!", 1, MSG_OOB), 1);
	EQ(poll_fd(cq_socket_pollfd(socket), POLLPRI) & POLLPRI, POLLPRI);
	cq_socket_free(socket);
}

TEST(a_timeout_without_limit_never_fires)
{
	double limits[] = { -1, -1e300, 1e300 };
	cq_interest set[4];
	size_t i, fired;

	for (i = 0; i < 3; i++)
		set[i] = on_time(limits[i]);
	set[3] = on_time(MS(5));
	OK(cq_poll(set, 4, &fired));
	EQ(fired, 1);
	EQ(set[3].fired, CQ_FIRED);
	set[0] = on_time((double)NAN);
	set[1] = on_time((double)INFINITY);
	OK(cq_poll(set, 4, &fired));
	EQ(fired, 1);
}

TEST(a_timeout_of_zero_fires_at_once_and_beside_what_is_ready)
{
	cq_interest set[2];
	size_t fired;
	int fds[2];

	SYS(pipe(fds));
	set[0] = on_time(0);
	set[1] = on_fd(fds[1], POLLOUT);
	OK(cq_poll(set, 2, &fired));
	CHECK(fired >= 1);
	EQ(set[0].fired, CQ_FIRED);
	set[0].timeout = 0;
	set[0].fd = fds[0];
	set[0].events = POLLIN;
	OK(cq_poll(set, 1, &fired)); /* one member, several parts */
	EQ(fired, 1);
	EQ(set[0].fired, CQ_FIRED);
}

TEST(the_first_of_several_timeouts_fires)
{
	cq_interest set[3];
	double begun = cq_monotime();
	size_t fired;

	set[0] = on_time(10);
	set[1] = on_time(MS(5));
	set[2] = on_time(1);
	OK(cq_poll(set, 3, &fired));
	EQ(fired, 1);
	EQ(set[1].fired, CQ_FIRED);
	CHECK(cq_monotime() - begun < 1);
}

struct multi {
	cq_condition *condition;
	int fds[2], stage;
};

static int wait_for_any(void *argument)
{
	struct multi *multi = argument;
	cq_interest set = on_condition(multi->condition);
	char byte;
	size_t fired;

	set.fd = multi->fds[0];
	set.events = POLLIN;
	set.timeout = 100;
	multi->stage = 1;
	OK(cq_poll(&set, 1, &fired)); /* the descriptor */
	EQ(fired, 1);
	EQ(set.fired, POLLIN);
	EQ(read(multi->fds[0], &byte, 1), 1);
	multi->stage = 2;
	OK(cq_poll(&set, 1, &fired)); /* the condition */
	EQ(set.fired, CQ_FIRED);
	multi->stage = 3;
	set.timeout = MS(2);
	OK(cq_poll(&set, 1, &fired)); /* the timeout */
	EQ(set.fired, CQ_FIRED);
	multi->stage = 4;
	set.timeout = 100;
	OK(cq_poll(&set, 1, &fired)); /* descriptor and condition */
	EQ(fired, 1);
	EQ(set.fired, CQ_FIRED | POLLIN);
	multi->stage = 5;
	return 0;
}

TEST(condition_and_descriptor_and_timeout_share_one_member)
{
	cq_controller *cq = new_controller();
	struct multi multi;

	multi.condition = new_condition(false);
	multi.stage = 0;
	SYS(pipe(multi.fds));
	OK(cq_controller_wrap(cq, wait_for_any, NULL, &multi, NULL));
	UNTIL(multi.stage == 1, cq);
	plain_write(multi.fds[1], "x");
	UNTIL(multi.stage == 2, cq);
	OK(cq_condition_signal(multi.condition, 1, NULL));
	UNTIL(multi.stage == 4, cq);
	plain_write(multi.fds[1], "x");
	OK(cq_condition_signal(multi.condition, 1, NULL));
	UNTIL(multi.stage == 5, cq);
	cq_controller_free(cq);
	cq_condition_free(multi.condition);
}

/* -- several waiters on one descriptor -- */

struct waiter {
	int fd, runs;
	uint32_t events, fired;
};

static int wait_once(void *argument)
{
	struct waiter *waiter = argument;
	cq_interest set = on_fd(waiter->fd, waiter->events);

	OK(cq_poll(&set, 1, NULL));
	waiter->fired = set.fired;
	waiter->runs++;
	return 0;
}

TEST(waiters_of_one_descriptor_are_woken_by_their_own_events)
{
	cq_controller *cq = new_controller();
	struct waiter list[4];
	char *fill = calloc(1, 1 << 20);
	int fds[2], i;

	SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
	while (write(fds[0], fill, 1 << 20) > 0)
		;
	for (i = 0; i < 4; i++) {
		list[i].fd = fds[0];
		list[i].events = i % 2 ? POLLOUT : POLLIN;
		list[i].runs = 0;
		OK(cq_controller_wrap(cq, wait_once, NULL, &list[i], NULL));
	}
	OK(cq_controller_step(cq, -1));
	OK(cq_controller_step(cq, 0));
	plain_write(fds[1], "x");
	UNTIL(list[0].runs && list[2].runs, cq);
	EQ(list[0].fired, POLLIN);
	EQ(list[2].fired, POLLIN);
	OK(cq_controller_step(cq, 0)); /* still readable, but nobody wants that now */
	EQ(list[1].runs + list[3].runs, 0);
	while (read(fds[1], fill, 1 << 20) > 0)
		;
	UNTIL(list[1].runs && list[3].runs, cq);
	EQ(list[1].fired & POLLOUT, POLLOUT);
	EQ(list[3].fired & POLLOUT, POLLOUT);
	cq_controller_free(cq);
	free(fill);
}

TEST(an_unwanted_event_does_not_make_steps_spin)
{
	cq_controller *cq = new_controller();
	struct waiter waiter = { -1, 0, POLLOUT, 0 };
	char *fill = calloc(1, 1 << 20);
	int fds[2];
	double cpu;

	SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
	while (write(fds[0], fill, 1 << 20) > 0)
		;
	waiter.fd = fds[0];
	OK(cq_controller_wrap(cq, wait_once, NULL, &waiter, NULL));
	OK(cq_controller_step(cq, -1));
	plain_write(fds[1], "unread");
	cpu = cpu_seconds();
	ERR(cq_controller_loop(cq, MS(100)), ETIMEDOUT);
	CHECK(cpu_seconds() - cpu < MS(50));
	EQ(waiter.runs, 0);
	cq_controller_free(cq);
	free(fill);
}

TEST(one_descriptor_may_stand_in_a_set_twice)
{
	cq_interest set[3];
	size_t fired;
	int fds[2];

	SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	plain_write(fds[1], "x");
	set[0] = on_fd(fds[0], POLLIN);
	set[1] = on_fd(fds[0], POLLOUT);
	set[2] = on_fd(fds[0], POLLIN);
	OK(cq_poll(set, 3, &fired));
	EQ(fired, 3);
	EQ(set[0].fired, POLLIN);
	EQ(set[1].fired, POLLOUT);
	EQ(set[2].fired, POLLIN);
}

/* -- cancelling -- */

TEST(cancelling_wakes_every_waiter_of_every_controller)
{
	cq_controller *first = new_controller(), *second = new_controller();
	struct waiter list[6];
	int fds[2], i;

	SYS(pipe(fds));
	for (i = 0; i < 6; i++) {
		list[i].fd = fds[0];
		list[i].events = i % 2 ? POLLIN : POLLPRI;
		list[i].runs = 0;
		OK(cq_controller_wrap(i < 3 ? first : second, wait_once, NULL, &list[i], NULL));
	}
	OK(cq_controller_step(first, -1));
	OK(cq_controller_step(second, -1));
	OK(cq_controller_cancel(first, fds[0]));
	OK(cq_controller_cancel(second, fds[0]));
	SYS(close(fds[0]));
	run(first);
	run(second);
	for (i = 0; i < 6; i++) {
		EQ(list[i].runs, 1);
		EQ(list[i].fired, CQ_CANCELLED);
	}
	cq_controller_free(first);
	cq_controller_free(second);
}

TEST(cancelling_in_one_controller_leaves_the_others_alone)
{
	cq_controller *first = new_controller(), *second = new_controller();
	struct waiter list[2];
	int fds[2], i;

	SYS(pipe(fds));
	for (i = 0; i < 2; i++) {
		list[i].fd = fds[0];
		list[i].events = POLLIN;
		list[i].runs = 0;
		OK(cq_controller_wrap(i ? second : first, wait_once, NULL, &list[i], NULL));
	}
	OK(cq_controller_step(first, -1));
	OK(cq_controller_step(second, -1));
	OK(cq_controller_cancel(first, fds[0]));
	run(first);
	EQ(list[0].fired, CQ_CANCELLED);
	OK(cq_controller_step(second, 0));
	EQ(list[1].runs, 0);
	plain_write(fds[1], "x");
	run(second);
	EQ(list[1].fired, POLLIN);
	cq_controller_free(first);
	cq_controller_free(second);
}

TEST(cancelling_what_nobody_polls_is_no_error)
{
	cq_controller *cq = new_controller();
	int numbers[] = { -1, 0, 12345, INT32_MAX, INT32_MIN };
	size_t i;

	for (i = 0; i < COUNT(numbers); i++) {
		ERR(cq_cancel(numbers[i]), ENOENT); /* no controller runs here */
		OK(cq_controller_cancel(cq, numbers[i]));
	}
	cq_controller_free(cq);
}

TEST(a_cancelled_number_can_be_used_for_another_file)
{
	cq_controller *cq = new_controller();
	int fds[2], i;

	for (i = 0; i < 10; i++) {
		struct waiter closed = { -1, 0, POLLIN, 0 }, fresh = { -1, 0, POLLIN, 0 };
		int number;

		SYS(pipe(fds));
		number = closed.fd = fresh.fd = fds[0];
		OK(cq_controller_wrap(cq, wait_once, NULL, &closed, NULL));
		OK(cq_controller_step(cq, -1));
		OK(cq_controller_cancel(cq, fds[0]));
		SYS(close(fds[0]));
		SYS(close(fds[1]));
		SYS(pipe(fds));
		EQ(fds[0], number);
		OK(cq_controller_wrap(cq, wait_once, NULL, &fresh, NULL));
		UNTIL(closed.runs, cq);
		EQ(closed.fired, CQ_CANCELLED);
		OK(cq_controller_step(cq, 0));
		EQ(fresh.runs, 0);
		plain_write(fds[1], "x");
		UNTIL(fresh.runs, cq);
		EQ(fresh.fired, POLLIN);
		OK(cq_controller_cancel(cq, fds[0]));
		SYS(close(fds[0]));
		SYS(close(fds[1]));
	}
	cq_controller_free(cq);
}

/* A task that was woken may close its descriptor without more ado once it polls something else. */
TEST(a_descriptor_that_was_polled_can_be_closed_later_without_cancelling)
{
	cq_controller *cq = new_controller();
	int fds[2], i;

	for (i = 0; i < 10; i++) {
		struct waiter waiter = { -1, 0, POLLIN, 0 };

		SYS(pipe(fds));
		waiter.fd = fds[0];
		plain_write(fds[1], "x");
		OK(cq_controller_wrap(cq, wait_once, NULL, &waiter, NULL));
		UNTIL(waiter.runs, cq);
		OK(cq_controller_step(cq, 0));
		SYS(close(fds[0]));
		SYS(close(fds[1]));
	}
	cq_controller_free(cq);
}

TEST(a_fired_descriptor_that_is_cancelled_in_the_same_step_tells_both)
{
	cq_controller *cq = new_controller();
	struct waiter list[2];
	int fds[2], i;

	SYS(pipe(fds));
	for (i = 0; i < 2; i++) {
		list[i].fd = fds[0];
		list[i].events = POLLIN;
		list[i].runs = 0;
		OK(cq_controller_wrap(cq, wait_once, NULL, &list[i], NULL));
	}
	OK(cq_controller_step(cq, -1));
	plain_write(fds[1], "x");
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, -1, 0));
	OK(cq_controller_cancel(cq, fds[0])); /* both are ready already */
	{
		cq_ready ready;

		ERR(cq_controller_next(cq, &ready), ENOENT);
	}
	OK(cq_controller_leave(cq));
	for (i = 0; i < 2; i++) {
		EQ(list[i].runs, 1);
		EQ(list[i].fired & CQ_CANCELLED, CQ_CANCELLED);
	}
	cq_controller_free(cq);
}

/* -- sockets as members -- */

TEST(a_socket_stands_for_its_descriptor_and_what_it_waits_for)
{
	cq_interest set[2];
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	ERR(recv_code(socket, CQ_READ_LINE, 0), EAGAIN);
	EQ(cq_socket_events(socket), POLLIN);
	set[0] = on_socket(socket, 0);
	set[1] = on_time(MS(5));
	OK(cq_poll(set, 2, NULL));
	EQ(set[0].fired, 0);
	plain_write(other, "x");
	OK(cq_poll(set, 2, NULL));
	EQ(set[0].fired, POLLIN);
	set[0] = on_socket(socket, POLLOUT); /* other events, if named */
	OK(cq_poll(set, 2, NULL));
	EQ(set[0].fired, POLLOUT);
	cq_socket_free(socket);
}

/* Each kind of object that an interest can name, which fires when the object goes. */
struct named {
	cq_interest interest;
	uint32_t fired;
};

static int poll_named(void *argument)
{
	struct named *named = argument;
	cq_interest on = named->interest;

	OK(cq_poll(&on, 1, NULL));
	named->fired = on.fired;
	return 0;
}

static int linger(void *unused)
{
	(void)unused;
	return 0;
}

enum { SOCKET, CONTROLLER, SIGNAL, NOTIFY, KINDS };

/* One object of each kind, and two fibers that poll each. */
struct kinds {
	cq_socket *socket;
	cq_controller *inner;
	cq_signal *listener;
	cq_notify *notifier;
	struct named list[KINDS][2];
};

static void poll_all_kinds(cq_controller *cq, struct kinds *kinds)
{
	static const int usr1 = SIGUSR1;
	int other, kind, i;

	kinds->socket = half_pair(&other);
	kinds->inner = new_controller();
	OK(cq_signal_listen(&usr1, 1, &kinds->listener));
	OK(cq_notify_opendir("/tmp", CQ_NOTIFY_ALL, 0, &kinds->notifier));
	for (kind = 0; kind < KINDS; kind++)
		for (i = 0; i < 2; i++) {
			cq_interest none = CQ_INTEREST_NONE;

			none.socket = kind == SOCKET ? kinds->socket : NULL;
			none.events = kind == SOCKET ? POLLIN : 0;
			none.controller = kind == CONTROLLER ? kinds->inner : NULL;
			none.signal = kind == SIGNAL ? kinds->listener : NULL;
			none.notify = kind == NOTIFY ? kinds->notifier : NULL;
			kinds->list[kind][i].interest = none;
			kinds->list[kind][i].fired = 0;
			if (kind == SIGNAL && cq_signal_pollfd(kinds->listener) < 0)
				kinds->list[kind][i].interest.timeout = 0; /* this system has no descriptor for signals */
			OK(cq_controller_wrap(cq, poll_named, NULL, &kinds->list[kind][i], NULL));
		}
	OK(cq_controller_step(cq, -1));
}

static void free_all_kinds(struct kinds *kinds)
{
	cq_socket_free(kinds->socket);
	cq_controller_free(kinds->inner);
	cq_signal_free(kinds->listener);
	cq_notify_free(kinds->notifier);
}

static void check_all_cancelled(cq_controller *cq, struct kinds *kinds)
{
	int kind, i;

	run(cq);
	for (kind = 0; kind < KINDS; kind++)
		for (i = 0; i < 2; i++)
			CHECK(kinds->list[kind][i].fired & (kind == SIGNAL ? CQ_CANCELLED | CQ_FIRED : CQ_CANCELLED));
}

TEST(freeing_an_object_wakes_whoever_polls_it)
{
	cq_controller *cq = new_controller();
	struct kinds kinds;

	poll_all_kinds(cq, &kinds);
	free_all_kinds(&kinds);
	check_all_cancelled(cq, &kinds);
	cq_controller_free(cq);
}

/* What went wrong: tasks wait for the queue of a controller that they poll, which is not what cq_controller_pollfd gives. */
TEST(the_descriptor_of_an_interest_is_the_one_to_cancel)
{
	cq_controller *cq = new_controller();
	cq_interest plain = on_fd(7, POLLIN), nothing = CQ_INTEREST_NONE;
	struct kinds kinds;
	int kind, fd;

	poll_all_kinds(cq, &kinds);
	for (kind = 0; kind < KINDS; kind++) {
		fd = cq_interest_pollfd(&kinds.list[kind][0].interest);
		CHECK(fd >= 0 || kind == SIGNAL);
		OK(cq_controller_cancel(cq, fd));
	}
	check_all_cancelled(cq, &kinds);
	free_all_kinds(&kinds);
	EQ(cq_interest_pollfd(&plain), 7);
	EQ(cq_interest_pollfd(&nothing), -1);
	EQ(cq_interest_pollfd(NULL), -1);
	cq_controller_free(cq);
}

TEST(an_interest_in_a_controller_fires_when_it_has_something_to_do)
{
	cq_controller *cq = new_controller(), *inner = new_controller();
	struct named named = { CQ_INTEREST_NONE, 0 };
	cq_interest two;

	named.interest.controller = inner;
	OK(cq_controller_wrap(cq, poll_named, NULL, &named, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	EQ(named.fired, 0);
	OK(cq_controller_wrap(inner, linger, NULL, NULL, NULL));
	run(cq);
	EQ(named.fired, POLLIN);
	OK(cq_controller_wrap(cq, poll_named, NULL, &named, NULL));
	run(cq); /* at once: there is something to do */
	CHECK(named.fired & CQ_FIRED);
	run(inner);
	two = named.interest;
	two.thread = (const cq_thread *)inner; /* never looked at */
	ERR(cq_poll(&two, 1, NULL), EINVAL);
	cq_controller_free(inner);
	cq_controller_free(cq);
}

TEST(a_closed_socket_cannot_be_polled)
{
	cq_interest set[2];
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	OK(cq_socket_close(socket));
	set[0] = on_socket(socket, POLLIN);
	set[1] = on_time(MS(20));
	ERR(cq_poll(set, 2, NULL), EBADF);
	cq_socket_free(socket);
}
