/* SPDX-License-Identifier: MIT */
/* Controllers: their life, steps, timers, and the pull interface. */

#include "fixture.h"

TEST(a_new_controller_has_no_tasks)
{
	cq_controller *cq = new_controller();

	CHECK(cq_controller_empty(cq));
	EQ(cq_controller_count(cq), 0);
	CHECK(isnan(cq_controller_timeout(cq)));
	EQ(cq_controller_events(cq), POLLIN);
	cq_controller_free(cq);
	cq_controller_free(NULL);
}

TEST(null_and_unknown_flags_are_refused)
{
	cq_controller *cq = new_controller();
	cq_interest set = on_time(1);
	int number = 0, bad[] = { SIGUSR1, 12345 };
	cq_ready ready;
	cq_task task;

	ERR(cq_controller_new(NULL), EINVAL);
	ERR(cq_controller_close(NULL), EINVAL);
	ERR(cq_controller_add(NULL, NULL, NULL), EINVAL);
	ERR(cq_controller_attach(NULL, end_at_once, NULL, NULL, NULL), EINVAL);
	ERR(cq_controller_attach(cq, NULL, count_release, &number, NULL), EINVAL);
	ERR(cq_controller_wrap(NULL, sleep_for_ever, NULL, NULL, NULL), EINVAL);
	ERR(cq_controller_wrap(cq, NULL, count_release, &number, NULL), EINVAL);
	EQ(number, 0); /* what was refused is not released */
	CHECK(cq_controller_empty(cq));
	ERR(cq_controller_enter(NULL), EINVAL);
	ERR(cq_controller_leave(NULL), EINVAL);
	ERR(cq_controller_wait(NULL, 0, 0), EINVAL);
	ERR(cq_controller_wait(cq, 0, CQ_WAIT_LAZY << 1), EINVAL);
	ERR(cq_controller_wait(cq, 0, UINT32_MAX), EINVAL);
	ERR(cq_controller_next(NULL, &ready), EINVAL);
	ERR(cq_controller_next(cq, NULL), EINVAL);
	OK(cq_controller_add(cq, NULL, &task));
	ERR(cq_controller_park(NULL, task, &set, 1), EINVAL);
	ERR(cq_controller_park(cq, task, NULL, 1), EINVAL);
	set = on_fd(0, 0x8000);
	ERR(cq_controller_park(cq, task, &set, 1), EINVAL);
	set = on_fd(0, POLLHUP);
	ERR(cq_controller_park(cq, task, &set, 1), EINVAL);
	ERR(cq_controller_finish(NULL, task), EINVAL);
	ERR(cq_controller_step(NULL, 0), EINVAL);
	ERR(cq_controller_loop(NULL, 0), EINVAL);
	CHECK(cq_controller_empty(NULL));
	EQ(cq_controller_count(NULL), 0);
	ERR(cq_controller_cancel(NULL, 0), EINVAL);
	ERR(cq_controller_pause(NULL, NULL, 0), EINVAL);
	ERR(cq_controller_pause(cq, NULL, 1), EINVAL);
	ERR(cq_controller_pause(cq, bad, 2), EINVAL);
	ERR(cq_controller_pollfd(NULL, &number), EINVAL);
	ERR(cq_controller_pollfd(cq, NULL), EINVAL);
	EQ(cq_controller_events(NULL), POLLIN);
	CHECK(isnan(cq_controller_timeout(NULL)));
	ERR(cq_controller_alert(NULL), EINVAL);
	ERR(cq_controller_reset(NULL), EINVAL);
	cq_controller_free(cq);
}

TEST(a_closed_controller_refuses_everything)
{
	cq_controller *cq = new_controller();
	int releases = 0, fd;
	cq_ready ready;

	OK(cq_controller_attach(cq, wait_for_ever, count_release, &releases, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_close(cq));
	EQ(releases, 1);
	OK(cq_controller_close(cq));
	EQ(cq_controller_count(cq), 0);
	ERR(cq_controller_add(cq, NULL, NULL), EBADF);
	ERR(cq_controller_attach(cq, end_at_once, count_release, &releases, NULL), EBADF);
	ERR(cq_controller_wrap(cq, sleep_for_ever, count_release, &releases, NULL), EBADF);
	EQ(releases, 1);
	ERR(cq_controller_enter(cq), EBADF);
	ERR(cq_controller_wait(cq, 0, 0), EBADF);
	ERR(cq_controller_next(cq, &ready), EINVAL); /* outside of a step */
	ERR(cq_controller_leave(cq), EINVAL);
	ERR(cq_controller_step(cq, 0), EBADF);
	OK(cq_controller_loop(cq, 0)); /* no tasks: nothing to do */
	ERR(cq_controller_pause(cq, NULL, 0), EBADF);
	ERR(cq_controller_pollfd(cq, &fd), EBADF);
	ERR(cq_controller_reset(cq), EBADF);
	OK(cq_controller_cancel(cq, 0));
	CHECK(isnan(cq_controller_timeout(cq)));
	cq_controller_free(cq);
	EQ(releases, 1);
}

TEST(close_closes_every_descriptor)
{
	int before = open_descriptors(), fd;
	cq_controller *cq = new_controller();

	OK(cq_controller_pollfd(cq, &fd));
	CHECK(open_descriptors() > before);
	OK(cq_controller_close(cq));
	EQ(open_descriptors(), before);
	cq_controller_free(cq);
}

TEST(free_closes_every_descriptor)
{
	int before = open_descriptors(), fd, i;

	for (i = 0; i < 10; i++) {
		cq_controller *cq = new_controller();

		if (i % 2)
			OK(cq_controller_pollfd(cq, &fd));
		OK(cq_controller_attach(cq, wait_for_ever, NULL, NULL, NULL));
		OK(cq_controller_step(cq, 0));
		cq_controller_free(cq);
		EQ(open_descriptors(), before);
	}
}

TEST(descriptors_are_closed_on_exec)
{
	bool inherited[64];
	cq_controller *cq;
	int fd;

	for (fd = 0; fd < (int)COUNT(inherited); fd++)
		inherited[fd] = fcntl(fd, F_GETFD) >= 0;
	cq = new_controller();
	OK(cq_controller_pollfd(cq, &fd));
	CHECK(fd < (int)COUNT(inherited));
	for (fd = 0; fd < (int)COUNT(inherited); fd++)
		CHECK(inherited[fd] || fcntl(fd, F_GETFD) < 0 || fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cq_controller_free(cq);
}

TEST(no_descriptors_are_an_error_and_no_crash)
{
	struct rlimit limit, none;
	cq_controller *cq = NULL;

	if (slow())
		SKIP("valgrind has descriptors of its own");
	SYS(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 0;
	SYS(setrlimit(RLIMIT_NOFILE, &none));
	ERR(cq_controller_new(&cq), EMFILE);
	SYS(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK(cq == NULL);
}

TEST(a_step_waits_no_longer_than_asked_and_no_shorter)
{
	cq_controller *cq = new_controller();
	double begun;

	OK(cq_controller_attach(cq, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(cq, 0));
	begun = cq_monotime();
	OK(cq_controller_step(cq, MS(20)));
	CHECK(cq_monotime() - begun >= MS(20));
	begun = cq_monotime();
	ERR(cq_controller_loop(cq, MS(20)), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(20));
	EQ(cq_controller_count(cq), 1);
	cq_controller_free(cq);
}

TEST(a_step_or_loop_without_time_asks_once)
{
	cq_controller *cq = new_controller();
	int runs = 0;

	OK(cq_controller_step(cq, 0));
	OK(cq_controller_loop(cq, 0));
	OK(cq_controller_loop(cq, -1)); /* no tasks */
	OK(cq_controller_attach(cq, end_at_once, count_release, &runs, NULL));
	OK(cq_controller_loop(cq, 0));
	EQ(runs, 1);
	cq_controller_free(cq);
}

TEST(without_tasks_nothing_is_waited_for)
{
	cq_controller *cq = new_controller();
	double begun = cq_monotime();

	OK(cq_controller_step(cq, 100));
	OK(cq_controller_step(cq, -1));
	OK(cq_controller_loop(cq, -1));
	CHECK(cq_monotime() - begun < 50);
	cq_controller_free(cq);
}

/* -- the pull interface -- */

TEST(a_spawned_task_is_handed_out_in_the_next_step)
{
	cq_controller *cq = new_controller();
	cq_ready ready;
	cq_task task;
	int data;

	OK(cq_controller_add(cq, &data, &task));
	EQ(cq_controller_count(cq), 1);
	EQ(cq_controller_timeout(cq), 0);
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, -1, 0));
	OK(cq_controller_next(cq, &ready));
	CHECK(ready.data == &data);
	EQ(ready.task, task);
	EQ(ready.count, 0);
	OK(cq_controller_finish(cq, task));
	ERR(cq_controller_next(cq, &ready), ENOENT);
	OK(cq_controller_leave(cq));
	CHECK(cq_controller_empty(cq));
	cq_controller_free(cq);
}

TEST(a_task_that_is_handed_out_tells_whose_data_comes_next)
{
	cq_controller *cq = new_controller();
	cq_ready ready;
	cq_task tasks[3];
	int data[3], order[] = { 0, 2 };

	for (int i = 0; i < 3; i++)
		OK(cq_controller_add(cq, &data[i], &tasks[i]));
	OK(cq_controller_finish(cq, tasks[1]));
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	for (int i = 0; i < 2; i++) {
		OK(cq_controller_next(cq, &ready));
		CHECK(ready.data == &data[order[i]]);
		CHECK(ready.ahead == (i == 0 ? &data[2] : NULL));
		OK(cq_controller_finish(cq, ready.task));
	}
	ERR(cq_controller_next(cq, &ready), ENOENT);
	OK(cq_controller_leave(cq));
	cq_controller_free(cq);
}

/* One step of a pull controller in which at most one task is ready. */
static size_t pull(cq_controller *cq, double timeout, cq_ready *ready)
{
	int code;

	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, timeout, 0));
	code = cq_controller_next(cq, ready);
	if (code != 0)
		ERR(code, ENOENT);
	OK(cq_controller_leave(cq));
	return code == 0;
}

TEST(a_parked_task_is_handed_out_when_a_member_fires)
{
	cq_controller *cq = new_controller();
	cq_interest set[3];
	cq_ready ready;
	cq_task task;
	int fds[2];

	SYS(pipe(fds));
	OK(cq_controller_add(cq, NULL, &task));
	EQ(pull(cq, 0, &ready), 1);
	set[0] = on_time(100);
	set[1] = on_fd(fds[0], POLLIN);
	set[2] = on_fd(fds[1], POLLPRI);
	OK(cq_controller_park(cq, task, set, 3));
	EQ(pull(cq, 0, &ready), 0);
	plain_write(fds[1], "x");
	EQ(pull(cq, -1, &ready), 1);
	EQ(ready.task, task);
	EQ(ready.count, 1);
	EQ(ready.fired[0].member, 1);
	EQ(ready.fired[0].events, POLLIN);
	OK(cq_controller_finish(cq, task));
	ERR(cq_controller_finish(cq, task), ENOENT);
	ERR(cq_controller_park(cq, task, set, 1), ENOENT);
	cq_controller_free(cq);
}

TEST(all_members_that_fired_are_told_in_the_order_of_the_set)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);
	cq_interest set[4];
	cq_ready ready;
	cq_task task;
	int fds[2];

	SYS(pipe(fds));
	plain_write(fds[1], "x");
	OK(cq_controller_add(cq, NULL, &task));
	EQ(pull(cq, 0, &ready), 1);
	set[0] = on_condition(condition);
	set[1] = on_fd(fds[0], POLLIN);
	set[2] = on_time(50);
	set[3] = on_fd(fds[1], POLLOUT);
	OK(cq_controller_park(cq, task, set, 4));
	OK(cq_condition_signal(condition, 1, NULL));
	EQ(pull(cq, 0, &ready), 1);
	EQ(ready.count, 3);
	EQ(ready.fired[0].member, 0);
	EQ(ready.fired[0].events, CQ_FIRED);
	EQ(ready.fired[1].member, 1);
	EQ(ready.fired[1].events, POLLIN);
	EQ(ready.fired[2].member, 3);
	EQ(ready.fired[2].events, POLLOUT);
	cq_controller_free(cq);
	cq_condition_free(condition);
}

TEST(an_empty_set_makes_a_task_ready_in_the_next_step)
{
	cq_controller *cq = new_controller();
	cq_ready ready;
	cq_task task;
	int i;

	OK(cq_controller_add(cq, NULL, &task));
	for (i = 0; i < 5; i++) {
		EQ(pull(cq, -1, &ready), 1);
		EQ(ready.count, 0);
		OK(cq_controller_park(cq, task, NULL, 0));
	}
	cq_controller_free(cq);
}

TEST(what_a_step_did_not_take_is_handed_out_by_the_next)
{
	cq_controller *cq = new_controller();
	int data[5];
	cq_ready ready;
	size_t i;

	for (i = 0; i < COUNT(data); i++)
		OK(cq_controller_add(cq, &data[i], NULL));
	for (i = 0; i < COUNT(data); i++) {
		EQ(pull(cq, -1, &ready), 1);
		CHECK(ready.data == &data[i]);
		OK(cq_controller_finish(cq, ready.task));
	}
	CHECK(cq_controller_empty(cq));
	cq_controller_free(cq);
}

TEST(a_task_finished_while_it_is_ready_is_not_handed_out)
{
	cq_controller *cq = new_controller();
	cq_ready ready;
	cq_task first, second;

	OK(cq_controller_add(cq, NULL, &first));
	OK(cq_controller_add(cq, NULL, &second));
	OK(cq_controller_finish(cq, first));
	EQ(pull(cq, -1, &ready), 1);
	EQ(ready.task, second);
	cq_controller_free(cq);
}

TEST(names_of_tasks_are_not_used_again)
{
	cq_controller *cq = new_controller();
	cq_task first, second;
	int i;

	OK(cq_controller_add(cq, NULL, &first));
	for (i = 0; i < 1000; i++) {
		OK(cq_controller_finish(cq, first));
		OK(cq_controller_add(cq, NULL, &second));
		CHECK(first != second);
		ERR(cq_controller_finish(cq, first), ENOENT);
		first = second;
	}
	ERR(cq_controller_finish(cq, UINT64_MAX), ENOENT);
	cq_controller_free(cq);
}

TEST(callbacks_run_inside_next_and_their_errors_come_out_of_it)
{
	cq_controller *cq = new_controller();
	int releases = 0, data;
	cq_ready ready;

	OK(cq_controller_attach(cq, end_at_once, count_release, &releases, NULL));
	OK(cq_controller_add(cq, &data, NULL));
	OK(cq_controller_attach(cq, end_at_once, count_release, &releases, NULL));
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	OK(cq_controller_next(cq, &ready));
	CHECK(ready.data == &data);
	EQ(releases, 1);
	OK(cq_controller_finish(cq, ready.task));
	ERR(cq_controller_next(cq, &ready), ENOENT);
	EQ(releases, 2);
	OK(cq_controller_leave(cq));
	cq_controller_free(cq);
}

TEST(a_step_refuses_tasks_that_only_the_caller_can_resume)
{
	cq_controller *cq = new_controller();
	cq_ready ready;
	int releases = 0;

	OK(cq_controller_add(cq, NULL, NULL));
	OK(cq_controller_attach(cq, end_at_once, count_release, &releases, NULL));
	ERR(cq_controller_step(cq, 0), ENOTSUP);
	EQ(pull(cq, 0, &ready), 1); /* nothing was lost */
	EQ(releases, 1);
	cq_controller_free(cq);
}

TEST(a_step_inside_a_step_is_refused)
{
	cq_controller *cq = new_controller();
	cq_ready ready;

	OK(cq_controller_add(cq, NULL, NULL));
	OK(cq_controller_enter(cq));
	ERR(cq_controller_enter(cq), EBUSY);
	ERR(cq_controller_step(cq, 0), EBUSY);
	ERR(cq_controller_loop(cq, 0), EBUSY);
	ERR(cq_controller_close(cq), EBUSY);
	OK(cq_controller_wait(cq, 0, 0));
	OK(cq_controller_next(cq, &ready)); /* the outer step goes on */
	OK(cq_controller_leave(cq));
	OK(cq_controller_close(cq));
	cq_controller_free(cq);
}

TEST(a_controller_freed_inside_a_pull_step_lives_until_the_step_ends)
{
	cq_controller *cq = new_controller();
	int releases = 0;
	cq_ready ready;

	OK(cq_controller_add(cq, NULL, NULL));
	OK(cq_controller_attach(cq, wait_for_ever, count_release, &releases, NULL));
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	OK(cq_controller_next(cq, &ready));
	cq_controller_free(cq);
	EQ(releases, 0);
	ERR(cq_controller_next(cq, &ready), ENOENT);
	OK(cq_controller_leave(cq));
	EQ(releases, 1);
}

TEST(a_controller_freed_by_a_callback_in_a_pull_step_lives_until_the_step_ends)
{
	cq_controller *cq = new_controller();
	int releases = 0;
	cq_ready ready;

	OK(cq_controller_attach(cq, free_its_controller, count_release, &releases, NULL));
	OK(cq_controller_attach(cq, wait_for_ever, count_release, &releases, NULL));
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	ERR(cq_controller_next(cq, &ready), ENOENT);
	OK(cq_controller_leave(cq));
	EQ(releases, 2);
}

static int spawn_again(cq_controller *controller, cq_task task, void *argument,
                       const cq_fired *fired, size_t count)
{
	(void)task, (void)fired, (void)count;
	++*(int *)argument;
	return cq_controller_attach(controller, spawn_again, NULL, argument, NULL);
}

TEST(tasks_that_start_during_a_step_run_in_the_next_one)
{
	cq_controller *cq = new_controller();
	int runs = 0, i;

	OK(cq_controller_attach(cq, spawn_again, NULL, &runs, NULL));
	for (i = 1; i <= 100; i++) {
		OK(cq_controller_step(cq, -1));
		EQ(runs, i);
	}
	cq_controller_free(cq);
}

/* -- many at once -- */

struct reader {
	int fds[2];
	int *runs;
};

static int take_a_byte(cq_controller *controller, cq_task task, void *argument,
                       const cq_fired *fired, size_t count)
{
	struct reader *reader = argument;
	char byte;

	if (count == 0)
		return park(controller, task, on_fd(reader->fds[0], POLLIN));
	EQ(fired[0].events & POLLIN, POLLIN);
	EQ(read(reader->fds[0], &byte, 1), 1);
	++*reader->runs;
	return 0;
}

TEST(one_step_runs_every_task_that_is_ready)
{
	size_t readers = 1200, i;
	struct reader *list = calloc(readers, sizeof *list);
	cq_controller *cq = new_controller();
	int runs = 0;

	need_descriptors(2 * 1200 + 20);
	for (i = 0; i < readers; i++) {
		SYS(pipe(list[i].fds));
		list[i].runs = &runs;
		OK(cq_controller_attach(cq, take_a_byte, NULL, &list[i], NULL));
	}
	OK(cq_controller_step(cq, 0));
	EQ(cq_controller_count(cq), readers);
	for (i = 0; i < readers; i++)
		plain_write(list[i].fds[1], "x");
	OK(cq_controller_step(cq, -1));
	EQ(runs, readers);
	CHECK(cq_controller_empty(cq));
	cq_controller_free(cq);
	free(list);
}

/* -- timers -- */

/* A timer counts from its call, which lies between two looks at the clock: it is due in [earliest, latest]. */
struct sleeper {
	double seconds, earliest, latest;
	int *finished;
	double *last;
};

static int sleep_in_order(cq_controller *controller, cq_task task, void *argument,
                          const cq_fired *fired, size_t count)
{
	struct sleeper *sleeper = argument;

	if (count == 0) {
		int code;

		sleeper->earliest = cq_monotime() + sleeper->seconds;
		code = park(controller, task, on_time(sleeper->seconds));
		sleeper->latest = cq_monotime() + sleeper->seconds;
		return code;
	}
	EQ(fired[0].events, CQ_FIRED);
	CHECK(cq_monotime() >= sleeper->earliest); /* never early */
	CHECK(sleeper->latest >= *sleeper->last); /* in order */
	if (sleeper->earliest > *sleeper->last)
		*sleeper->last = sleeper->earliest;
	++*sleeper->finished;
	return 0;
}

TEST(a_thousand_timers_fire_in_order_and_never_early)
{
	cq_controller *cq = new_controller();
	struct sleeper list[1000];
	int finished = 0;
	double last = 0;
	size_t i;

	for (i = 0; i < COUNT(list); i++) {
		/* 0 to 200 ms, some equal, in no order: 389 is prime */
		list[i].seconds = MS((double)(i * 389 % 1000 / 5));
		list[i].finished = &finished;
		list[i].last = &last;
		OK(cq_controller_attach(cq, sleep_in_order, NULL, &list[i], NULL));
	}
	run(cq);
	EQ(finished, 1000);
	cq_controller_free(cq);
}

struct ordered {
	int number, *last;
};

static int equal_sleep(cq_controller *controller, cq_task task, void *argument,
                       const cq_fired *fired, size_t count)
{
	struct ordered *ordered = argument;

	(void)fired;
	if (count == 0)
		return park(controller, task, on_time(MS(5)));
	EQ(*ordered->last + 1, ordered->number);
	*ordered->last = ordered->number;
	return 0;
}

TEST(equal_timers_fire_in_the_order_in_which_they_were_set)
{
	cq_controller *cq = new_controller();
	struct ordered list[500];
	int last = -1, i;

	for (i = 0; i < (int)COUNT(list); i++) {
		list[i].number = i;
		list[i].last = &last;
		OK(cq_controller_attach(cq, equal_sleep, NULL, &list[i], NULL));
	}
	run(cq);
	EQ(last, (int)COUNT(list) - 1);
	cq_controller_free(cq);
}

TEST(the_timeout_tells_the_next_deadline)
{
	cq_controller *cq = new_controller();
	cq_interest set = on_time(10);
	cq_ready ready;
	cq_task task;
	double timeout;

	OK(cq_controller_add(cq, NULL, &task));
	EQ(cq_controller_timeout(cq), 0);
	EQ(pull(cq, 0, &ready), 1);
	OK(cq_controller_park(cq, task, &set, 1));
	timeout = cq_controller_timeout(cq);
	CHECK(timeout > 9 && timeout <= 10);
	set = on_time(-1);
	OK(cq_controller_park(cq, task, &set, 1));
	CHECK(isnan(cq_controller_timeout(cq)));
	set = on_time(0);
	OK(cq_controller_park(cq, task, &set, 1));
	EQ(cq_controller_timeout(cq), 0);
	cq_controller_free(cq);
}

TEST(abandoned_timers_cost_no_memory)
{
	cq_controller *cq = new_controller();
	int rounds = slow() ? 20000 : 1000000, i;
	cq_interest set = on_time(1000);
	struct rusage before, after;
	cq_ready ready;
	cq_task task;

	OK(cq_controller_add(cq, NULL, &task));
	EQ(pull(cq, 0, &ready), 1);
	SYS(getrusage(RUSAGE_SELF, &before));
	for (i = 0; i < rounds; i++) {
		OK(cq_controller_park(cq, task, &set, 1));
		if (i % 100 == 0)
			EQ(pull(cq, 0, &ready), 0);
	}
	SYS(getrusage(RUSAGE_SELF, &after));
	CHECK(after.ru_maxrss - before.ru_maxrss < 4096);
	cq_controller_free(cq);
}

/* -- signals -- */

static volatile sig_atomic_t signals;

static void note_signal(int number)
{
	(void)number;
	signals++;
}

static void catch_signals(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = note_signal;
	SYS(sigaction(SIGUSR1, &action, NULL));
}

/* A child that sends SIGUSR1 again and again, until it is killed. */
static pid_t signal_sender(void)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		while (kill(parent, SIGUSR1) == 0)
			poll(NULL, 0, 5);
		end_child(true);
	}
	return child;
}

TEST(a_signal_ends_a_step_early_and_without_error)
{
	cq_controller *cq = new_controller();
	double begun = cq_monotime();
	pid_t sender;

	catch_signals();
	OK(cq_controller_attach(cq, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(cq, 0));
	sender = signal_sender();
	OK(cq_controller_step(cq, -1));
	CHECK(signals > 0);
	OK(cq_controller_step(cq, 100));
	CHECK(cq_monotime() - begun < 60);
	EQ(cq_controller_count(cq), 1);
	SYS(kill(sender, SIGKILL));
	cq_controller_free(cq);
}

TEST(signals_neither_shorten_a_loop_nor_lose_a_timer)
{
	cq_controller *cq = new_controller();
	double last = 0, begun = cq_monotime();
	struct sleeper sleeper = { 0, 0, 0, NULL, NULL };
	int finished = 0;
	pid_t sender;

	sleeper.seconds = MS(100);
	sleeper.finished = &finished;
	sleeper.last = &last;
	catch_signals();
	sender = signal_sender();
	OK(cq_controller_attach(cq, sleep_in_order, NULL, &sleeper, NULL));
	run(cq);
	EQ(finished, 1);
	CHECK(cq_monotime() - begun >= MS(100));
	CHECK(signals > 0);
	SYS(kill(sender, SIGKILL));
	cq_controller_free(cq);
}

TEST(a_pause_lets_the_named_signals_through)
{
	cq_controller *cq = new_controller();
	int number = SIGUSR1;
	sigset_t blocked;

	catch_signals();
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	SYS(sigprocmask(SIG_BLOCK, &blocked, NULL));
	SYS(kill(getpid(), SIGUSR1));
	EQ(signals, 0);
	OK(cq_controller_attach(cq, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_pause(cq, &number, 1));
	EQ(signals, 1);
	SYS(kill(getpid(), SIGUSR1));
	EQ(signals, 1); /* blocked again */
	cq_controller_free(cq);
}

TEST(a_pause_ends_when_there_is_something_to_do)
{
	cq_controller *cq = new_controller();
	cq_interest set = on_time(MS(10));
	cq_ready ready;
	cq_task task;
	double begun;
	int fds[2];

	SYS(pipe(fds));
	OK(cq_controller_add(cq, NULL, &task));
	OK(cq_controller_pause(cq, NULL, 0)); /* a task is ready */
	EQ(pull(cq, 0, &ready), 1);
	begun = cq_monotime();
	OK(cq_controller_park(cq, task, &set, 1));
	OK(cq_controller_pause(cq, NULL, 0)); /* a deadline */
	EQ(pull(cq, MS(10), &ready), 1);
	CHECK(cq_monotime() - begun >= MS(10));
	set = on_fd(fds[0], POLLIN);
	OK(cq_controller_park(cq, task, &set, 1));
	plain_write(fds[1], "x");
	OK(cq_controller_pause(cq, NULL, 0)); /* a descriptor */
	EQ(pull(cq, 0, &ready), 1);
	cq_controller_free(cq);
}

/* -- laziness -- */

TEST(a_lazy_wait_asks_the_kernel_now_and_then)
{
	cq_controller *cq = new_controller();
	cq_interest set;
	bool readable = false;
	cq_ready ready;
	cq_task busy, reader;
	int fds[2], i;

	SYS(pipe(fds));
	OK(cq_controller_add(cq, NULL, &reader));
	EQ(pull(cq, 0, &ready), 1);
	set = on_fd(fds[0], POLLIN);
	OK(cq_controller_park(cq, reader, &set, 1));
	EQ(pull(cq, 0, &ready), 0);
	OK(cq_controller_add(cq, NULL, &busy));
	plain_write(fds[1], "x");
	for (i = 0; i < 1000 && !readable; i++) {
		OK(cq_controller_enter(cq));
		OK(cq_controller_wait(cq, -1, CQ_WAIT_LAZY));
		while (cq_controller_next(cq, &ready) == 0) {
			readable |= ready.task == reader;
			OK(cq_controller_park(cq, ready.task, NULL, 0));
		}
		OK(cq_controller_leave(cq));
	}
	CHECK(readable);
	cq_controller_free(cq);
}

/* -- who runs -- */

static int tell_who_runs(cq_controller *controller, cq_task task, void *argument,
                         const cq_fired *fired, size_t count)
{
	cq_controller *found = NULL;
	cq_task own = 0;

	(void)fired, (void)count;
	OK(cq_running(&found, &own));
	CHECK(found == controller);
	EQ(own, task);
	OK(cq_running(NULL, NULL));
	++*(int *)argument;
	return 0;
}

TEST(the_running_task_is_told)
{
	cq_controller *cq = new_controller();
	int runs = 0;

	ERR(cq_running(NULL, NULL), ENOENT);
	OK(cq_controller_attach(cq, tell_who_runs, NULL, &runs, NULL));
	run(cq);
	EQ(runs, 1);
	ERR(cq_running(NULL, NULL), ENOENT);
	cq_controller_free(cq);
}
