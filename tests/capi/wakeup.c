/* SPDX-License-Identifier: MIT */
/* Wakeups, which any thread raises and one task waits for. */
#include "fixture.h"
#include <pthread.h>
#include <signal.h>

static cq_wakeup *new_wakeup(void)
{
	cq_wakeup *wakeup = NULL;

	OK(cq_wakeup_new(&wakeup));
	return wakeup;
}

static void *raise_soon(void *argument)
{
	usleep(20000);
	OK(cq_wakeup_raise(argument));
	return NULL;
}

TEST(a_wakeup_is_seen_once_however_often_it_was_raised)
{
	cq_wakeup *wakeup = new_wakeup();
	struct pollfd polled = { cq_wakeup_pollfd(wakeup), POLLIN, 0 };
	int i;

	ERR(cq_wakeup_try_wait(wakeup), EAGAIN);
	EQ(poll(&polled, 1, 0), 0);
	for (i = 0; i < 1000; i++)
		OK(cq_wakeup_raise(wakeup));
	EQ(poll(&polled, 1, 0), 1);
	OK(cq_wakeup_try_wait(wakeup));
	ERR(cq_wakeup_try_wait(wakeup), EAGAIN);
	EQ(poll(&polled, 1, 0), 0);
	ERR(cq_wakeup_wait(wakeup, MS(5)), ETIMEDOUT);
	cq_wakeup_free(wakeup);
}

TEST(another_thread_wakes_one_that_waits)
{
	cq_wakeup *wakeup = new_wakeup();
	pthread_t thread;

	EQ(pthread_create(&thread, NULL, raise_soon, wakeup), 0);
	OK(cq_wakeup_wait(wakeup, 10));
	EQ(pthread_join(thread, NULL), 0);
	cq_wakeup_free(wakeup);
}

struct sleeper {
	cq_wakeup *wakeup;
	int rounds;
};

static int wait_often(void *argument)
{
	struct sleeper *sleeper = argument;
	int i;

	for (i = 0; i < 3; i++, sleeper->rounds++)
		OK(cq_wakeup_wait(sleeper->wakeup, -1));
	return 0;
}

TEST(a_fiber_is_woken_again_and_again)
{
	cq_controller *controller = new_controller();
	struct sleeper sleeper = { new_wakeup(), 0 };
	pthread_t threads[3];
	int i;

	OK(cq_controller_wrap(controller, wait_often, NULL, &sleeper, NULL));
	for (i = 0; i < 3; i++) {
		EQ(pthread_create(&threads[i], NULL, raise_soon, sleeper.wakeup), 0);
		UNTIL(sleeper.rounds == i + 1, controller);
		EQ(pthread_join(threads[i], NULL), 0);
	}
	run(controller);
	cq_wakeup_free(sleeper.wakeup);
	cq_controller_free(controller);
}

static int wait_in_vain(void *argument)
{
	ERR(cq_wakeup_wait(argument, -1), EBADF);
	return 0;
}

/* Freed while a fiber waits, also when it was raised just before. */
TEST(a_fiber_learns_that_its_wakeup_was_freed)
{
	int raised;

	for (raised = 0; raised < 2; raised++) {
		cq_controller *controller = new_controller();
		cq_wakeup *wakeup = new_wakeup();

		OK(cq_controller_wrap(controller, wait_in_vain, NULL, wakeup, NULL));
		OK(cq_controller_step(controller, 0));
		if (raised)
			OK(cq_wakeup_raise(wakeup));
		cq_wakeup_free(wakeup);
		run(controller);
		cq_controller_free(controller);
	}
}

static cq_wakeup *alarmed;

static void on_alarm(int number)
{
	int before = errno;

	(void)number;
	(void)cq_wakeup_raise(alarmed);
	errno = before;
}

TEST(a_signal_handler_may_raise_a_wakeup)
{
	alarmed = new_wakeup();
	signal(SIGUSR1, on_alarm);
	raise(SIGUSR1);
	OK(cq_wakeup_wait(alarmed, 5));
	signal(SIGUSR1, SIG_DFL);
	cq_wakeup_free(alarmed);
}

TEST(null_is_refused)
{
	ERR(cq_wakeup_new(NULL), EINVAL);
	ERR(cq_wakeup_raise(NULL), EINVAL);
	ERR(cq_wakeup_wait(NULL, 0), EINVAL);
	ERR(cq_wakeup_try_wait(NULL), EINVAL);
	EQ(cq_wakeup_pollfd(NULL), -1);
	cq_wakeup_free(NULL);
}
