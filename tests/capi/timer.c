/* SPDX-License-Identifier: MIT */
/* Timers: once, again and again, at a time; set anew, stopped and freed while somebody waits. */
#include "fixture.h"
#include <math.h>

static cq_timer *new_timer(void)
{
	cq_timer *timer = NULL;

	OK(cq_timer_new(&timer));
	return timer;
}

TEST(a_timer_expires_once)
{
	cq_timer *timer = new_timer();
	uint64_t count = 77;
	double begun = cq_monotime(), left;

	CHECK(isnan(cq_timer_timeout(timer)));
	ERR(cq_timer_try_wait(timer, &count), EAGAIN);
	OK(cq_timer_start(timer, 1000, 0));
	left = cq_timer_timeout(timer);
	CHECK(left > 0 && left <= 1000);
	ERR(cq_timer_try_wait(timer, &count), EAGAIN);
	ERR(cq_timer_wait(timer, 0, &count), ETIMEDOUT);
	ERR(cq_timer_wait(timer, MS(1), &count), ETIMEDOUT);
	EQ(count, 77);
	OK(cq_timer_start(timer, MS(20), 0));
	OK(cq_timer_wait(timer, -1, &count));
	EQ(count, 1);
	CHECK(cq_monotime() - begun >= MS(20));
	CHECK(isnan(cq_timer_timeout(timer)));
	ERR(cq_timer_try_wait(timer, NULL), EAGAIN);
	cq_timer_free(timer);
}

TEST(a_timer_that_repeats_keeps_its_times)
{
	cq_timer *timer = new_timer();
	uint64_t count, sum = 0;
	double begun = cq_monotime();

	OK(cq_timer_start(timer, MS(5), MS(10)));
	while (sum < 10) {
		OK(cq_timer_wait(timer, -1, &count));
		CHECK(count >= 1);
		sum += count;
		if (sum == 4)
			OK(cq_sleep(MS(25))); /* too late for two of them */
	}
	CHECK(cq_monotime() - begun >= MS(95));
	CHECK(cq_timer_timeout(timer) <= MS(10));
	OK(cq_timer_stop(timer));
	ERR(cq_timer_try_wait(timer, &count), EAGAIN);
	ERR(cq_timer_wait(timer, MS(5), &count), ETIMEDOUT); /* nobody starts it */
	cq_timer_free(timer);
}

TEST(a_timer_is_set_to_a_time)
{
	cq_timer *timer = new_timer();
	double now = cq_monotime();
	uint64_t count;

	OK(cq_timer_start_at(timer, now - 1.05, 0.1)); /* eleven times already */
	OK(cq_timer_try_wait(timer, &count));
	CHECK(count >= 11);
	OK(cq_timer_start_at(timer, now + 1000, 0));
	CHECK(fabs(cq_timer_timeout(timer) - 1000) < 5);
	OK(cq_timer_start_at(timer, -1, 0));
	CHECK(isnan(cq_timer_timeout(timer)));
	OK(cq_timer_start(timer, 0, 0));
	EQ(cq_timer_timeout(timer), 0);
	OK(cq_timer_wait(timer, -1, NULL));
	cq_timer_free(timer);
}

struct waiter {
	cq_timer *timer;
	int code, over;
	double at;
};

static int wait_for_it(void *argument)
{
	struct waiter *w = argument;

	w->code = cq_timer_wait(w->timer, -1, NULL);
	w->at = cq_monotime();
	w->over = 1;
	return 0;
}

TEST(who_waits_sees_that_a_timer_is_set_anew)
{
	cq_controller *controller = new_controller();
	struct waiter w = { new_timer(), 0, 0, 0 };
	double begun = cq_monotime();

	OK(cq_timer_start(w.timer, 1000, 0));
	OK(cq_controller_wrap(controller, wait_for_it, NULL, &w, NULL));
	OK(cq_controller_step(controller, 0));
	OK(cq_timer_stop(w.timer));
	OK(cq_controller_step(controller, 0));
	OK(cq_controller_step(controller, 0));
	CHECK(!w.over);
	OK(cq_timer_start(w.timer, MS(10), 0));
	run(controller);
	OK(w.code);
	CHECK(w.at - begun >= MS(10) && w.at - begun < 100);
	cq_timer_free(w.timer);
	cq_controller_free(controller);
}

TEST(who_waits_is_told_when_a_timer_is_freed)
{
	cq_controller *controller = new_controller();
	struct waiter w = { new_timer(), 0, 0, 0 }, other = { w.timer, 0, 0, 0 };

	OK(cq_controller_wrap(controller, wait_for_it, NULL, &w, NULL));
	OK(cq_controller_wrap(controller, wait_for_it, NULL, &other, NULL));
	OK(cq_controller_step(controller, 0));
	cq_timer_free(w.timer);
	run(controller);
	EQ(w.code, EBADF);
	EQ(other.code, EBADF);
	cq_controller_free(controller);
}

/* One that expires once wakes one of two; the other waits on. */
TEST(of_two_that_wait_one_gets_the_expiration)
{
	cq_controller *controller = new_controller();
	struct waiter w = { new_timer(), 0, 0, 0 }, other = { w.timer, 0, 0, 0 };

	OK(cq_timer_start(w.timer, MS(5), 0));
	OK(cq_controller_wrap(controller, wait_for_it, NULL, &w, NULL));
	OK(cq_controller_wrap(controller, wait_for_it, NULL, &other, NULL));
	UNTIL(w.over || other.over, controller);
	OK(cq_controller_step(controller, 0));
	EQ(w.over + other.over, 1);
	OK(cq_timer_start(w.timer, 0, 0));
	run(controller);
	EQ(w.over + other.over, 2);
	cq_timer_free(w.timer);
	cq_controller_free(controller);
}

TEST(a_controller_can_go_while_somebody_waits_for_a_timer)
{
	cq_controller *controller = new_controller();
	struct waiter w = { new_timer(), 0, 0, 0 };

	OK(cq_controller_wrap(controller, wait_for_it, NULL, &w, NULL));
	OK(cq_controller_step(controller, 0));
	cq_controller_free(controller);
	OK(cq_timer_start(w.timer, 0, 0));
	OK(cq_timer_try_wait(w.timer, NULL));
	cq_timer_free(w.timer);
}

/* A callback, too, which repeats. */
struct ticks {
	cq_timer *timer;
	int count;
};

static int tick(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct ticks *ticks = argument;

	(void)fired, (void)count;
	if (cq_timer_try_wait(ticks->timer, NULL) == 0)
		ticks->count++;
	else
		ERR(cq_timer_wait(ticks->timer, -1, NULL), EDEADLK);
	return ticks->count == 3 ? 0 : park(controller, task, on_time(cq_timer_timeout(ticks->timer)));
}

TEST(a_callback_waits_for_a_timer)
{
	cq_controller *controller = new_controller();
	struct ticks ticks = { new_timer(), 0 };

	OK(cq_timer_start(ticks.timer, MS(1), MS(1)));
	OK(cq_controller_attach(controller, tick, NULL, &ticks, NULL));
	run(controller);
	EQ(ticks.count, 3);
	cq_timer_free(ticks.timer);
	cq_controller_free(controller);
}

TEST(what_makes_no_sense_is_refused)
{
	cq_timer *timer = new_timer();

	ERR(cq_timer_new(NULL), EINVAL);
	ERR(cq_timer_start(NULL, 0, 0), EINVAL);
	ERR(cq_timer_start(timer, 1, NAN), EINVAL);
	ERR(cq_timer_start_at(timer, 1, NAN), EINVAL);
	ERR(cq_timer_start_at(NULL, 1, 1), EINVAL);
	ERR(cq_timer_stop(NULL), EINVAL);
	ERR(cq_timer_wait(NULL, -1, NULL), EINVAL);
	ERR(cq_timer_try_wait(NULL, NULL), EINVAL);
	CHECK(isnan(cq_timer_timeout(NULL)));
	CHECK(isnan(cq_timer_timeout(timer)));
	OK(cq_timer_start(timer, 1e300, 1e300)); /* later than the clock can tell: never */
	ERR(cq_timer_try_wait(timer, NULL), EAGAIN);
	OK(cq_timer_start(timer, 0, 1e-300)); /* shorter than the clock can tell: once */
	OK(cq_timer_wait(timer, -1, NULL));
	cq_timer_free(timer);
	cq_timer_free(NULL);
}
