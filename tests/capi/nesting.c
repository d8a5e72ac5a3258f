/* SPDX-License-Identifier: MIT */
/* Controllers inside other loops: their descriptor, their timeout, and other threads. */

#include "fixture.h"
#include <pthread.h>
#include <sys/epoll.h>

static int pollfd_of(cq_controller *cq)
{
	int fd = -1;

	OK(cq_controller_pollfd(cq, &fd));
	CHECK(fd >= 0);
	return fd;
}

/* -- the descriptor -- */

TEST(an_idle_controller_is_not_readable)
{
	cq_controller *cq = new_controller();
	int fd = pollfd_of(cq);

	CHECK(!is_readable(fd));
	OK(cq_controller_step(cq, 0));
	CHECK(!is_readable(fd));
	EQ(pollfd_of(cq), fd);
	cq_controller_free(cq);
}

TEST(a_new_task_makes_it_readable)
{
	cq_controller *cq = new_controller();
	int fd = pollfd_of(cq);

	OK(cq_controller_attach(cq, end_at_once, NULL, NULL, NULL));
	CHECK(is_readable(fd));
	EQ(cq_controller_timeout(cq), 0);
	OK(cq_controller_step(cq, 0));
	CHECK(cq_controller_empty(cq));
	OK(cq_controller_step(cq, 0));
	CHECK(!is_readable(fd));
	cq_controller_free(cq);
}

TEST(a_task_from_before_the_descriptor_was_asked_for_makes_it_readable)
{
	cq_controller *cq = new_controller();

	OK(cq_controller_attach(cq, end_at_once, NULL, NULL, NULL));
	CHECK(is_readable(pollfd_of(cq)));
	cq_controller_free(cq);
}

static int wait_for_byte(cq_controller *controller, cq_task task, void *argument,
                         const cq_fired *fired, size_t count)
{
	int *fds = argument;
	char byte;

	(void)fired;
	if (count == 0)
		return park(controller, task, on_fd(fds[0], POLLIN));
	EQ(read(fds[0], &byte, 1), 1);
	return 0;
}

TEST(a_ready_descriptor_makes_it_readable_until_it_was_served)
{
	cq_controller *cq = new_controller();
	int fd = pollfd_of(cq), fds[2];

	SYS(pipe(fds));
	OK(cq_controller_attach(cq, wait_for_byte, NULL, fds, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	CHECK(!is_readable(fd));
	plain_write(fds[1], "x");
	CHECK(is_readable(fd));
	OK(cq_controller_step(cq, 0));
	CHECK(cq_controller_empty(cq));
	OK(cq_controller_step(cq, 0));
	CHECK(!is_readable(fd));
	cq_controller_free(cq);
}

static int yield_often(cq_controller *controller, cq_task task, void *argument,
                       const cq_fired *fired, size_t count)
{
	(void)fired, (void)count;
	return --*(int *)argument > 0 ? cq_controller_park(controller, task, NULL, 0) : 0;
}

/* Serves a controller the way the header says: descriptor and timeout, steps of 0. */
static int serve_by_epoll(cq_controller *cq)
{
	struct epoll_event event;
	int epoll = (int)SYS(epoll_create1(EPOLL_CLOEXEC)), fd = pollfd_of(cq), rounds = 0;

	memset(&event, 0, sizeof event);
	event.events = EPOLLIN;
	SYS(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	for (; !cq_controller_empty(cq); rounds++) {
		double seconds = cq_controller_timeout(cq);

		SYS(epoll_wait(epoll, &event, 1, isnan(seconds) ? -1 : (int)ceil(seconds * 1000)));
		OK(cq_controller_step(cq, 0));
	}
	SYS(close(epoll));
	return rounds;
}

TEST(a_task_left_ready_by_a_step_keeps_an_outer_loop_going)
{
	cq_controller *cq = new_controller();
	int left = 100, rounds;

	OK(cq_controller_attach(cq, yield_often, NULL, &left, NULL));
	rounds = serve_by_epoll(cq);
	EQ(left, 0);
	CHECK(rounds <= 102);
	cq_controller_free(cq);
}

struct nap {
	int left;
	double due;
};

static int nap_often(cq_controller *controller, cq_task task, void *argument,
                     const cq_fired *fired, size_t count)
{
	struct nap *nap = argument;

	(void)fired;
	if (count > 0)
		CHECK(cq_monotime() >= nap->due);
	nap->due = cq_monotime() + MS(3);
	return nap->left-- > 0 ? park(controller, task, on_time(MS(3))) : 0;
}

TEST(an_outer_loop_serves_timers)
{
	cq_controller *cq = new_controller();
	struct nap naps[5];
	size_t i;

	for (i = 0; i < COUNT(naps); i++) {
		naps[i].left = 5;
		OK(cq_controller_attach(cq, nap_often, NULL, &naps[i], NULL));
	}
	CHECK(serve_by_epoll(cq) < 200); /* it sleeps, it does not spin */
	cq_controller_free(cq);
}

static int talk(void *argument)
{
	int i;

	for (i = 0; i < 20; i++) {
		OK(cq_socket_write(argument, "question\n", 9));
		READ(argument, CQ_READ_LINE, 0, "question");
		OK(cq_sleep(MS(0.3)));
	}
	OK(cq_socket_shutdown(argument, SHUT_WR));
	return 0;
}

static int answer(void *argument)
{
	const void *data;
	size_t size;

	while (cq_socket_read(argument, CQ_READ_LINE_KEEP, 0, &data, &size) == 0)
		OK(cq_socket_write(argument, data, size));
	return 0;
}

TEST(an_outer_loop_serves_sockets_timers_and_fibers)
{
	cq_controller *cq = new_controller();
	cq_socket *first, *second;

	pair(&first, &second);
	OK(cq_controller_wrap(cq, talk, NULL, first, NULL));
	OK(cq_controller_wrap(cq, answer, NULL, second, NULL));
	serve_by_epoll(cq);
	cq_controller_free(cq);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(cancelling_from_outside_makes_it_readable)
{
	cq_controller *cq = new_controller();
	int fd = pollfd_of(cq), fds[2];

	SYS(pipe(fds));
	OK(cq_controller_attach(cq, wait_for_byte, NULL, fds, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	CHECK(!is_readable(fd));
	plain_write(fds[1], "x"); /* so that its read succeeds */
	OK(cq_controller_cancel(cq, fds[0]));
	CHECK(is_readable(fd));
	OK(cq_controller_step(cq, 0));
	CHECK(cq_controller_empty(cq));
	cq_controller_free(cq);
}

/* -- inside another controller -- */

struct nested {
	cq_controller *inner;
	int steps;
};

static int drive_inner(cq_controller *controller, cq_task task, void *argument,
                       const cq_fired *fired, size_t count)
{
	struct nested *nested = argument;
	cq_interest set;
	double timeout;

	(void)fired, (void)count;
	nested->steps++;
	OK(cq_controller_step(nested->inner, 0));
	if (cq_controller_empty(nested->inner))
		return 0;
	timeout = cq_controller_timeout(nested->inner);
	set = on_fd(pollfd_of(nested->inner), cq_controller_events(nested->inner));
	set.timeout = isnan(timeout) ? -1 : timeout;
	return park(controller, task, set);
}

TEST(a_callback_drives_a_controller_inside_another)
{
	cq_controller *outer = new_controller();
	struct nested nested = { NULL, 0 };
	cq_socket *first, *second;

	nested.inner = new_controller();
	pair(&first, &second);
	OK(cq_controller_wrap(nested.inner, talk, NULL, first, NULL));
	OK(cq_controller_wrap(nested.inner, answer, NULL, second, NULL));
	OK(cq_controller_attach(outer, drive_inner, NULL, &nested, NULL));
	run(outer);
	CHECK(cq_controller_empty(nested.inner));
	CHECK(nested.steps < 500);
	cq_controller_free(outer);
	cq_controller_free(nested.inner);
	cq_socket_free(first);
	cq_socket_free(second);
}

static int step_with_time(cq_controller *controller, cq_task task, void *argument,
                          const cq_fired *fired, size_t count)
{
	(void)controller, (void)task, (void)fired, (void)count;
	return cq_controller_step(argument, 10);
}

TEST(a_callback_may_not_wait_for_another_controller)
{
	cq_controller *outer = new_controller(), *inner = new_controller();

	OK(cq_controller_attach(inner, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(inner, 0));
	OK(cq_controller_attach(outer, step_with_time, NULL, inner, NULL));
	ERR(cq_controller_loop(outer, -1), EDEADLK);
	cq_controller_free(outer);
	cq_controller_free(inner);
}

static int loop_inner(void *argument)
{
	return cq_controller_loop(argument, -1);
}

TEST(controllers_nest_five_deep)
{
	cq_controller *levels[5];
	cq_socket *first, *second;
	int i;

	pair(&first, &second);
	for (i = 0; i < 5; i++) {
		levels[i] = new_controller();
		if (i == 0) {
			OK(cq_controller_wrap(levels[0], talk, NULL, first, NULL));
			OK(cq_controller_wrap(levels[0], answer, NULL, second, NULL));
		} else {
			OK(cq_controller_wrap(levels[i], loop_inner, NULL, levels[i - 1], NULL));
		}
	}
	run(levels[4]);
	for (i = 0; i < 5; i++) {
		CHECK(cq_controller_empty(levels[i]));
		cq_controller_free(levels[i]);
	}
	cq_socket_free(first);
	cq_socket_free(second);
}

static int step_own(void *argument)
{
	ERR(cq_controller_step(argument, 0), EBUSY);
	OK(cq_sleep(0));
	ERR(cq_controller_loop(argument, 1), EBUSY);
	return 0;
}

TEST(a_fiber_may_not_step_its_own_controller)
{
	cq_controller *cq = new_controller();

	OK(cq_controller_wrap(cq, step_own, NULL, cq, NULL));
	run(cq);
	cq_controller_free(cq);
}

static int sleep_a_moment(void *argument)
{
	(void)argument;
	return cq_sleep(MS(1));
}

struct bounded {
	cq_controller *inner;
	double took;
};

static int step_for_a_while(void *argument)
{
	struct bounded *bounded = argument;
	double begun = cq_monotime();

	OK(cq_controller_step(bounded->inner, MS(10)));
	ERR(cq_controller_loop(bounded->inner, MS(10)), ETIMEDOUT);
	bounded->took = cq_monotime() - begun;
	return 0;
}

TEST(a_nested_step_keeps_to_its_time)
{
	cq_controller *outer = new_controller();
	struct bounded bounded = { NULL, 0 };

	bounded.inner = new_controller();
	OK(cq_controller_attach(bounded.inner, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(bounded.inner, 0));
	OK(cq_controller_wrap(outer, step_for_a_while, NULL, &bounded, NULL));
	run(outer);
	CHECK(bounded.took >= MS(20) && bounded.took < 5);
	cq_controller_free(outer);
	cq_controller_free(bounded.inner);
}

static int fail_inside(cq_controller *controller, cq_task task, void *argument,
                       const cq_fired *fired, size_t count)
{
	(void)controller, (void)task, (void)argument, (void)fired, (void)count;
	return ENOTTY;
}

TEST(the_error_of_a_nested_task_comes_out_of_the_nested_step)
{
	cq_controller *outer = new_controller(), *inner = new_controller();

	OK(cq_controller_attach(inner, fail_inside, NULL, NULL, NULL));
	OK(cq_controller_wrap(outer, loop_inner, NULL, inner, NULL));
	ERR(cq_controller_loop(outer, -1), ENOTTY);
	cq_controller_free(outer);
	cq_controller_free(inner);
}

static int free_inner(void *argument)
{
	cq_controller_free(argument);
	return 0;
}

TEST(a_task_may_free_the_controller_of_others)
{
	cq_controller *outer = new_controller(), *inner = new_controller();
	int releases = 0;

	OK(cq_controller_wrap(inner, sleep_for_ever, count_release, &releases, NULL));
	OK(cq_controller_attach(inner, wait_for_ever, count_release, &releases, NULL));
	OK(cq_controller_step(inner, 0));
	OK(cq_controller_wrap(outer, free_inner, NULL, inner, NULL));
	run(outer);
	EQ(releases, 2);
	cq_controller_free(outer);
}

static int write_later(void *argument)
{
	OK(cq_sleep(MS(5)));
	plain_write(*(int *)argument, "later\n");
	return 0;
}

static int use_number_again(void *argument)
{
	cq_controller *inner = new_controller();
	int number = pollfd_of(inner), fds[2];
	cq_socket *socket;

	OK(cq_controller_wrap(inner, sleep_a_moment, NULL, NULL, NULL));
	OK(cq_controller_loop(inner, -1)); /* the outer controller polls the inner one meanwhile */
	cq_controller_free(inner);
	SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	EQ(dup2(fds[0], number), number);
	OK(cq_socket_adopt(number, &socket));
	OK(cq_controller_wrap(argument, write_later, NULL, &fds[1], NULL));
	READ(socket, CQ_READ_LINE, 0, "later"); /* waits, in the same step in which the other was freed */
	cq_socket_free(socket);
	return 0;
}

/* What polled the freed controller took a new file of its number for it, and was never woken. */
TEST(the_number_of_a_freed_controller_can_be_used_again)
{
	cq_controller *outer = new_controller();

	OK(cq_controller_wrap(outer, use_number_again, NULL, outer, NULL));
	run(outer);
	cq_controller_free(outer);
}

static int wait_in(void *argument)
{
	return cq_controller_step(argument, -1);
}

static int close_it(void *argument)
{
	OK(cq_sleep(MS(1)));
	return cq_controller_close(argument);
}

TEST(closing_a_controller_ends_the_steps_that_wait_in_it)
{
	cq_controller *outer = new_controller(), *inner = new_controller();
	cq_task waiter;

	OK(cq_controller_attach(inner, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(inner, 0));
	OK(cq_controller_wrap(outer, wait_in, NULL, inner, &waiter));
	OK(cq_controller_wrap(outer, close_it, NULL, inner, NULL));
	ERR(cq_controller_loop(outer, -1), EBADF);
	OK(cq_controller_loop(outer, -1));
	CHECK(cq_controller_empty(outer));
	cq_controller_free(outer);
	cq_controller_free(inner);
}

/* -- threads -- */

TEST(an_alert_makes_it_readable_once)
{
	cq_controller *cq = new_controller();
	int fd = pollfd_of(cq), i;

	OK(cq_controller_attach(cq, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	for (i = 0; i < 3; i++) {
		OK(cq_controller_alert(cq));
		OK(cq_controller_alert(cq));
		CHECK(is_readable(fd));
		OK(cq_controller_step(cq, -1)); /* does not wait */
		CHECK(!is_readable(fd));
	}
	cq_controller_free(cq);
}

TEST(an_alert_from_before_the_descriptor_was_asked_for_counts)
{
	cq_controller *cq = new_controller();

	OK(cq_controller_attach(cq, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_alert(cq));
	CHECK(is_readable(pollfd_of(cq)));
	OK(cq_controller_step(cq, -1));
	cq_controller_free(cq);
}

struct alarm_clock {
	cq_controller *controller;
	int go[2];
	bool in_wait;
};

/* Alerts once the main thread sleeps in the kernel, or has had all the time to. */
static void *alert_sleeper(void *argument)
{
	struct alarm_clock *alarm_clock = argument;
	char byte;

	EQ(read(alarm_clock->go[0], &byte, 1), 1);
	if (alarm_clock->in_wait) {
		char path[64], state = 0;
		int tries;

		snprintf(path, sizeof path, "/proc/%ld/stat", (long)getpid());
		for (tries = 0; tries < 1000 && state != 'S'; tries++) {
			FILE *file = fopen(path, "r");

			if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
				state = 'S';
			if (file)
				fclose(file);
			if (state != 'S')
				poll(NULL, 0, 1);
		}
	}
	OK(cq_controller_alert(alarm_clock->controller));
	return NULL;
}

static void alert_a_blocked_step(bool with_descriptor, bool in_wait)
{
	struct alarm_clock alarm_clock;
	pthread_t thread;

	alarm_clock.controller = new_controller();
	alarm_clock.in_wait = in_wait;
	SYS(pipe(alarm_clock.go));
	if (with_descriptor)
		pollfd_of(alarm_clock.controller);
	EQ(pthread_create(&thread, NULL, alert_sleeper, &alarm_clock), 0);
	OK(cq_controller_attach(alarm_clock.controller, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(alarm_clock.controller, 0));
	plain_write(alarm_clock.go[1], "x");
	OK(cq_controller_step(alarm_clock.controller, -1));
	EQ(pthread_join(thread, NULL), 0);
	cq_controller_free(alarm_clock.controller);
}

TEST(an_alert_from_another_thread_wakes_a_blocked_step)
{
	alert_a_blocked_step(true, true);
}

TEST(an_alert_wakes_a_blocked_step_though_no_descriptor_was_asked_for)
{
	alert_a_blocked_step(false, true);
}

TEST(an_alert_is_not_lost_whenever_it_comes)
{
	int i;

	for (i = 0; i < (slow() ? 5 : 200); i++)
		alert_a_blocked_step(i % 2, false);
}

static void *alert_often(void *argument)
{
	int i;

	for (i = 0; i < (slow() ? 1000 : 200000); i++)
		OK(cq_controller_alert(argument));
	return NULL;
}

/* An alert that came between two parts of clearing the last one was lost, and all after it. */
TEST(an_alert_counts_however_many_came_before_it)
{
	cq_controller *cq = new_controller();
	int fd = pollfd_of(cq), round;

	OK(cq_controller_attach(cq, wait_for_ever, NULL, NULL, NULL));
	for (round = 0; round < 5; round++) {
		pthread_t threads[2];
		size_t i;

		for (i = 0; i < COUNT(threads); i++)
			EQ(pthread_create(&threads[i], NULL, alert_often, cq), 0);
		for (i = 0; i < (slow() ? 1000 : 20000); i++)
			OK(cq_controller_step(cq, 0));
		for (i = 0; i < COUNT(threads); i++)
			EQ(pthread_join(threads[i], NULL), 0);
		OK(cq_controller_step(cq, 0));
		OK(cq_controller_step(cq, 0));
		CHECK(!is_readable(fd));
		OK(cq_controller_alert(cq));
		CHECK(is_readable(fd));
		OK(cq_controller_step(cq, 0));
	}
	cq_controller_free(cq);
}

static void *run_own_controller(void *argument)
{
	cq_controller *cq = new_controller();
	cq_socket *first, *second;

	(void)argument;
	pair(&first, &second);
	OK(cq_controller_wrap(cq, talk, NULL, first, NULL));
	OK(cq_controller_wrap(cq, answer, NULL, second, NULL));
	run(cq);
	cq_controller_free(cq);
	cq_socket_free(first);
	cq_socket_free(second);
	return NULL;
}

TEST(every_thread_may_have_its_own)
{
	pthread_t threads[8];
	size_t i;

	for (i = 0; i < COUNT(threads); i++)
		EQ(pthread_create(&threads[i], NULL, run_own_controller, NULL), 0);
	for (i = 0; i < COUNT(threads); i++)
		EQ(pthread_join(threads[i], NULL), 0);
}

/* -- fork -- */

TEST(a_child_goes_on_with_a_queue_of_its_own)
{
	cq_controller *cq = new_controller();
	int fds[2], in_child[2], fd = pollfd_of(cq);
	pid_t child;

	SYS(pipe(fds));
	SYS(pipe(in_child));
	OK(cq_controller_attach(cq, wait_for_byte, NULL, fds, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		OK(cq_controller_reset(cq));
		OK(cq_controller_attach(cq, wait_for_byte, NULL, in_child, NULL));
		OK(cq_controller_step(cq, 0));
		EQ(cq_controller_count(cq), 2);
		plain_write(in_child[1], "x");
		UNTIL(cq_controller_count(cq) == 1, cq);
		OK(cq_controller_alert(cq));
		CHECK(is_readable(pollfd_of(cq)));
		plain_write(fds[1], "x"); /* what was polled before still is */
		run(cq);
		cq_controller_free(cq);
		end_child(true);
	}
	EQ(wait_for_child(child), 0);
	EQ(cq_controller_count(cq), 1);
	OK(cq_controller_step(cq, 0)); /* nothing of the child's gets here */
	EQ(cq_controller_count(cq), 1);
	CHECK(!is_readable(fd));
	plain_write(fds[1], "y");
	run(cq);
	cq_controller_free(cq);
}

/* What went wrong: where a controller's descriptor is its kernel queue, the alert stayed with the queue that was replaced. */
TEST(a_controller_that_was_reset_can_be_woken)
{
	cq_controller *cq = new_controller();

	pollfd_of(cq);
	OK(cq_controller_alert(cq));
	OK(cq_controller_reset(cq));
	CHECK(is_readable(pollfd_of(cq))); /* what was raised stays so */
	OK(cq_controller_step(cq, 0));
	CHECK(!is_readable(pollfd_of(cq)));
	OK(cq_controller_reset(cq));
	CHECK(!is_readable(pollfd_of(cq)));
	OK(cq_controller_alert(cq));
	CHECK(is_readable(pollfd_of(cq)));
	OK(cq_controller_step(cq, 0));
	CHECK(!is_readable(pollfd_of(cq)));
	cq_controller_free(cq);
}

TEST(a_child_can_free_what_it_inherited)
{
	cq_controller *cq = new_controller();
	int fds[2], fd = pollfd_of(cq);
	pid_t child;

	SYS(pipe(fds));
	OK(cq_controller_attach(cq, wait_for_byte, NULL, fds, NULL));
	OK(cq_controller_step(cq, 0));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		OK(cq_controller_reset(cq));
		cq_controller_free(cq);
		end_child(true);
	}
	EQ(wait_for_child(child), 0);
	OK(cq_controller_step(cq, 0));
	CHECK(!is_readable(fd));
	plain_write(fds[1], "x");
	CHECK(is_readable(fd)); /* the parent's is untouched */
	OK(cq_controller_close(cq));
	cq_controller_free(cq);
}
