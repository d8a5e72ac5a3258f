/* SPDX-License-Identifier: MIT */
/* Condition variables: who is woken, in which order, and by whom. */

#include "fixture.h"

/* A task that waits for a condition and notes its number when it is woken. */
struct waiter {
	cq_condition *condition;
	int number;
	int *order, *woken;
};

static int wait_and_note(cq_controller *controller, cq_task task, void *argument,
                         const cq_fired *fired, size_t count)
{
	struct waiter *waiter = argument;

	if (count == 0)
		return park(controller, task, on_condition(waiter->condition));
	EQ(count, 1);
	EQ(fired[0].events, CQ_FIRED);
	waiter->order[(*waiter->woken)++] = waiter->number;
	return 0;
}

#define WAITERS 6

struct crowd {
	cq_condition *condition;
	struct waiter waiters[WAITERS];
	int order[WAITERS + 2], woken;
};

static void gather(struct crowd *crowd, cq_controller *cq, bool lifo)
{
	int i;

	crowd->condition = new_condition(lifo);
	crowd->woken = 0;
	for (i = 0; i < WAITERS; i++) {
		crowd->waiters[i].condition = crowd->condition;
		crowd->waiters[i].number = i;
		crowd->waiters[i].order = crowd->order;
		crowd->waiters[i].woken = &crowd->woken;
		OK(cq_controller_attach(cq, wait_and_note, NULL, &crowd->waiters[i], NULL));
	}
	OK(cq_controller_step(cq, -1));
	EQ(crowd->woken, 0);
}

static size_t signal_some(struct crowd *crowd, size_t limit)
{
	size_t woken = 77;

	OK(cq_condition_signal(crowd->condition, limit, &woken));
	return woken;
}

TEST(null_is_refused)
{
	size_t woken = 77;

	ERR(cq_condition_new(false, NULL), EINVAL);
	ERR(cq_condition_signal(NULL, 1, &woken), EINVAL);
	ERR(cq_condition_wait(NULL, 0), EINVAL);
	EQ(woken, 77);
	cq_condition_free(NULL);
}

TEST(the_earliest_waiter_is_woken_first)
{
	cq_controller *cq = new_controller();
	struct crowd crowd;
	int i;

	gather(&crowd, cq, false);
	for (i = 0; i < WAITERS; i++) {
		EQ(signal_some(&crowd, 1), 1);
		OK(cq_controller_step(cq, 0));
		EQ(crowd.woken, i + 1);
		EQ(crowd.order[i], i);
	}
	EQ(signal_some(&crowd, 1), 0);
	cq_condition_free(crowd.condition);
	cq_controller_free(cq);
}

TEST(with_lifo_the_latest_waiter_is_woken_first)
{
	cq_controller *cq = new_controller();
	struct crowd crowd;
	int i;

	gather(&crowd, cq, true);
	for (i = 0; i < WAITERS; i++) {
		EQ(signal_some(&crowd, 1), 1);
		OK(cq_controller_step(cq, 0));
		EQ(crowd.order[i], WAITERS - 1 - i);
	}
	cq_condition_free(crowd.condition);
	cq_controller_free(cq);
}

TEST(a_signal_wakes_no_more_than_its_limit)
{
	cq_controller *cq = new_controller();
	struct crowd crowd;

	gather(&crowd, cq, false);
	EQ(signal_some(&crowd, 0), 0);
	OK(cq_controller_step(cq, 0));
	EQ(crowd.woken, 0);
	EQ(signal_some(&crowd, 4), 4);
	OK(cq_controller_step(cq, 0));
	EQ(crowd.woken, 4);
	EQ(signal_some(&crowd, SIZE_MAX), 2);
	OK(cq_condition_signal(crowd.condition, 1, NULL));
	run(cq);
	EQ(crowd.woken, WAITERS);
	cq_condition_free(crowd.condition);
	cq_controller_free(cq);
}

TEST(a_signal_without_waiters_is_not_remembered)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);
	size_t woken = 77;
	struct crowd crowd;

	OK(cq_condition_signal(condition, 10, &woken));
	EQ(woken, 0);
	cq_condition_free(condition);
	gather(&crowd, cq, false);
	OK(cq_controller_step(cq, 0));
	EQ(crowd.woken, 0);
	cq_controller_free(cq);
	cq_condition_free(crowd.condition);
}

TEST(a_dropped_waiter_is_not_counted)
{
	cq_controller *cq = new_controller(), *other = new_controller();
	struct crowd crowd;
	struct waiter late;

	gather(&crowd, cq, false);
	late = crowd.waiters[0];
	OK(cq_controller_attach(other, wait_and_note, NULL, &late, NULL));
	OK(cq_controller_step(other, -1));
	cq_controller_free(cq);
	EQ(signal_some(&crowd, SIZE_MAX), 1);
	run(other);
	EQ(crowd.woken, 1);
	cq_controller_free(other);
	cq_condition_free(crowd.condition);
}

TEST(waiters_of_several_controllers_share_one_queue)
{
	cq_controller *first = new_controller(), *second = new_controller();
	struct crowd crowd;
	struct waiter others[2];
	int i;

	gather(&crowd, first, false);
	for (i = 0; i < 2; i++) {
		others[i] = crowd.waiters[0];
		others[i].number = 100 + i;
		OK(cq_controller_attach(second, wait_and_note, NULL, &others[i], NULL));
	}
	OK(cq_controller_step(second, -1));
	EQ(signal_some(&crowd, WAITERS + 1), WAITERS + 1);
	OK(cq_controller_step(second, 0));
	EQ(crowd.woken, 1);
	EQ(crowd.order[0], 100);
	run(first);
	EQ(crowd.woken, WAITERS + 1);
	cq_controller_free(second);
	cq_controller_free(first);
	cq_condition_free(crowd.condition);
}

TEST(a_freed_condition_leaves_its_waiters_with_what_else_they_wait_for)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);
	cq_interest set[2];
	cq_ready ready;
	cq_task task;

	OK(cq_controller_add(cq, NULL, &task));
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	OK(cq_controller_next(cq, &ready));
	set[0] = on_condition(condition);
	set[1] = on_time(MS(5));
	OK(cq_controller_park(cq, task, set, 2));
	cq_condition_free(condition);
	OK(cq_controller_wait(cq, -1, 0));
	OK(cq_controller_next(cq, &ready));
	EQ(ready.count, 1);
	EQ(ready.fired[0].member, 1);
	OK(cq_controller_leave(cq));
	cq_controller_free(cq);
}

TEST(a_waiter_that_was_woken_by_something_else_takes_no_signal)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);
	cq_interest set[2];
	size_t woken;
	cq_ready ready;
	cq_task task;

	OK(cq_controller_add(cq, NULL, &task));
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	OK(cq_controller_next(cq, &ready));
	set[0] = on_condition(condition);
	set[1] = on_time(0);
	OK(cq_controller_park(cq, task, set, 2));
	OK(cq_controller_wait(cq, -1, 0));
	OK(cq_controller_next(cq, &ready)); /* the timeout; it no longer waits */
	OK(cq_condition_signal(condition, 1, &woken));
	EQ(woken, 0);
	OK(cq_controller_leave(cq));
	cq_controller_free(cq);
	cq_condition_free(condition);
}

TEST(one_task_may_wait_for_a_condition_twice_and_for_several)
{
	cq_controller *cq = new_controller();
	cq_condition *first = new_condition(false), *second = new_condition(true);
	cq_interest set[3];
	size_t woken;
	cq_ready ready;
	cq_task task;

	OK(cq_controller_add(cq, NULL, &task));
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	OK(cq_controller_next(cq, &ready));
	set[0] = on_condition(first);
	set[1] = on_condition(second);
	set[2] = on_condition(first);
	OK(cq_controller_park(cq, task, set, 3));
	OK(cq_condition_signal(first, 1, &woken));
	EQ(woken, 1);
	OK(cq_condition_signal(second, 1, &woken));
	EQ(woken, 1);
	OK(cq_controller_wait(cq, -1, 0));
	OK(cq_controller_next(cq, &ready));
	EQ(ready.count, 2);
	EQ(ready.fired[0].member, 0);
	EQ(ready.fired[1].member, 1);
	OK(cq_controller_leave(cq));
	cq_controller_free(cq);
	OK(cq_condition_signal(first, 10, &woken));
	EQ(woken, 0);
	cq_condition_free(first);
	cq_condition_free(second);
}

/* -- by fibers and threads -- */

TEST(a_wait_outside_a_controller_times_out)
{
	cq_condition *condition = new_condition(false);
	double begun = cq_monotime();

	ERR(cq_condition_wait(condition, MS(10)), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(10));
	ERR(cq_condition_wait(condition, 0), ETIMEDOUT);
	cq_condition_free(condition);
}

struct ping {
	cq_condition *mine, *theirs;
	int rounds;
};

static int ping_pong(void *argument)
{
	struct ping *ping = argument;

	for (; ping->rounds > 0; ping->rounds--) {
		OK(cq_condition_wait(ping->mine, -1));
		OK(cq_condition_signal(ping->theirs, 1, NULL));
	}
	return 0;
}

TEST(two_fibers_wake_each_other)
{
	cq_controller *cq = new_controller();
	struct ping first = { NULL, NULL, 1000 }, second = { NULL, NULL, 1000 };

	first.mine = second.theirs = new_condition(false);
	second.mine = first.theirs = new_condition(false);
	OK(cq_controller_wrap(cq, ping_pong, NULL, &first, NULL));
	OK(cq_controller_wrap(cq, ping_pong, NULL, &second, NULL));
	OK(cq_controller_step(cq, -1));
	OK(cq_condition_signal(first.mine, 1, NULL));
	run(cq);
	EQ(first.rounds + second.rounds, 0);
	cq_controller_free(cq);
	cq_condition_free(first.mine);
	cq_condition_free(second.mine);
}

static int signal_own(void *argument)
{
	cq_condition *condition = argument;

	OK(cq_condition_signal(condition, 1, NULL)); /* nobody waits yet */
	ERR(cq_condition_wait(condition, MS(1)), ETIMEDOUT);
	return 0;
}

TEST(a_fiber_does_not_wake_itself)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);

	OK(cq_controller_wrap(cq, signal_own, NULL, condition, NULL));
	run(cq);
	cq_controller_free(cq);
	cq_condition_free(condition);
}

static int signal_from_callback(cq_controller *controller, cq_task task, void *argument,
                                const cq_fired *fired, size_t count)
{
	(void)controller, (void)task, (void)fired, (void)count;
	return cq_condition_signal(argument, 1, NULL);
}

static int wait_without_limit(void *argument)
{
	return cq_condition_wait(argument, -1);
}

TEST(a_callback_wakes_a_fiber)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);

	OK(cq_controller_wrap(cq, wait_without_limit, NULL, condition, NULL));
	OK(cq_controller_attach(cq, signal_from_callback, NULL, condition, NULL));
	run(cq);
	cq_controller_free(cq);
	cq_condition_free(condition);
}

TEST(a_signal_makes_the_descriptor_of_an_idle_controller_ready)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);
	int fd;

	OK(cq_controller_pollfd(cq, &fd));
	OK(cq_controller_wrap(cq, wait_without_limit, NULL, condition, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	CHECK(!is_readable(fd));
	OK(cq_condition_signal(condition, 1, NULL));
	CHECK(is_readable(fd));
	OK(cq_controller_step(cq, 0));
	CHECK(cq_controller_empty(cq));
	cq_controller_free(cq);
	cq_condition_free(condition);
}

TEST(a_condition_outlives_what_waits_for_it_and_the_other_way_round)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);
	struct crowd crowd;

	OK(cq_controller_wrap(cq, wait_without_limit, NULL, condition, NULL));
	OK(cq_controller_step(cq, -1));
	cq_condition_free(condition);
	cq_controller_free(cq);

	cq = new_controller();
	gather(&crowd, cq, true);
	EQ(signal_some(&crowd, 3), 3);
	cq_controller_free(cq);
	EQ(signal_some(&crowd, 100), 0);
	cq_condition_free(crowd.condition);
}
