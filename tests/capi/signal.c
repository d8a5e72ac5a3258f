/* SPDX-License-Identifier: MIT */
/* Signals as events: listeners, masks, names. */

#include "fixture.h"

#define BOTH (CQ_SIGNAL_SIGNALFD | CQ_SIGNAL_SIGTIMEDWAIT)

static const int usr1[] = { SIGUSR1 }, usr2[] = { SIGUSR2 };

static cq_signal *listen_for(const int *signals, size_t count)
{
	cq_signal *listener = NULL;

	OK(cq_signal_block(signals, count));
	OK(cq_signal_listen(signals, count, &listener));
	OK(cq_signal_set_timeout(listener, cq_signal_pollfd(listener) < 0 ? 0.01 : -1));
	return listener;
}

/* Whether a signal is in the calling thread's mask, or among those that are ignored or caught. */
static bool blocked(int number)
{
	sigset_t mask;

	EQ(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	return sigismember(&mask, number) == 1;
}

static void (*handler_of(int number))(int)
{
	struct sigaction action;

	SYS(sigaction(number, NULL, &action));
	return action.sa_handler;
}

TEST(null_is_refused)
{
	cq_signal *listener = listen_for(usr1, 1);
	const char *name;
	int number;

	ERR(cq_signal_listen(usr1, 1, NULL), EINVAL);
	ERR(cq_signal_listen(NULL, 1, &listener), EINVAL);
	ERR(cq_signal_try_wait(NULL, &number), EINVAL);
	ERR(cq_signal_try_wait(listener, NULL), EINVAL);
	ERR(cq_signal_wait(NULL, 0, &number), EINVAL);
	ERR(cq_signal_wait(listener, 0, NULL), EINVAL);
	ERR(cq_signal_set_timeout(NULL, 1), EINVAL);
	ERR(cq_signal_block(NULL, 1), EINVAL);
	ERR(cq_signal_unblock(NULL, 1), EINVAL);
	ERR(cq_signal_raise(NULL, 1), EINVAL);
	ERR(cq_signal_ignore(NULL, 1), EINVAL);
	ERR(cq_signal_default(NULL, 1), EINVAL);
	ERR(cq_signal_discard(NULL, 1), EINVAL);
	ERR(cq_signal_number(NULL, &number), EINVAL);
	ERR(cq_signal_number("SIGINT", NULL), EINVAL);
	ERR(cq_signal_list(0, NULL, &number), EINVAL);
	ERR(cq_signal_list(0, &name, NULL), EINVAL);
	EQ(cq_signal_pollfd(NULL), -1);
	EQ(cq_signal_events(NULL), 0);
	CHECK(isnan(cq_signal_timeout(NULL)));
	cq_signal_free(NULL);
	cq_signal_free(listener);
}

TEST(listening_changes_neither_mask_nor_handlers)
{
	cq_signal *listener;

	OK(cq_signal_listen(usr1, 1, &listener));
	CHECK(!blocked(SIGUSR1));
	CHECK(handler_of(SIGUSR1) == SIG_DFL);
	cq_signal_free(listener);
	CHECK(!blocked(SIGUSR1));
	CHECK(handler_of(SIGUSR1) == SIG_DFL);
}

TEST(a_signal_is_told_once_however_often_it_was_sent)
{
	cq_signal *listener = listen_for(usr1, 1);
	int number = 77;

	ERR(cq_signal_try_wait(listener, &number), EAGAIN);
	ERR(cq_signal_wait(listener, 0, &number), ETIMEDOUT);
	EQ(number, 77);
	OK(cq_signal_raise(usr1, 1));
	OK(cq_signal_raise(usr1, 1));
	OK(cq_signal_wait(listener, 10, &number));
	EQ(number, SIGUSR1);
	ERR(cq_signal_wait(listener, 0.02, &number), ETIMEDOUT);
	cq_signal_free(listener);
}

TEST(a_listener_tells_of_each_of_its_signals)
{
	const int three[] = { SIGUSR2, SIGTERM, SIGHUP };
	cq_signal *listener = listen_for(three, COUNT(three));
	unsigned told = 0;
	int i, number;

	OK(cq_signal_raise(three, COUNT(three)));
	for (i = 0; i < 3; i++) {
		OK(cq_signal_wait(listener, 10, &number));
		told |= 1u << number;
	}
	EQ(told, 1u << SIGUSR2 | 1u << SIGTERM | 1u << SIGHUP);
	ERR(cq_signal_try_wait(listener, &number), EAGAIN);
	cq_signal_free(listener);
}

TEST(a_listener_that_is_freed_loses_no_signal)
{
	cq_signal *listener = listen_for(usr1, 1);
	int number;

	if (!(cq_signal_features() & BOTH))
		SKIP("queues tell of what comes after they were made");
	if (cq_signal_features() & CQ_SIGNAL_EVFILT)
		SKIP("queues tell of what comes after they were made");
	OK(cq_signal_raise(usr1, 1));
	cq_signal_free(listener);
	listener = listen_for(usr1, 1);
	OK(cq_signal_wait(listener, 10, &number));
	EQ(number, SIGUSR1);
	cq_signal_free(listener);
}

static int wait_in_a_fiber(void *argument)
{
	int number = 0;

	OK(cq_signal_wait(argument, 10, &number));
	EQ(number, SIGUSR1);
	return 0;
}

static int send_later(void *argument)
{
	(void)argument;
	OK(cq_sleep(0.02));
	SYS(kill(getpid(), SIGUSR1));
	return 0;
}

TEST(a_fiber_waits_while_others_run)
{
	cq_signal *listener = listen_for(usr1, 1);
	cq_controller *cq = new_controller();

	OK(cq_controller_wrap(cq, wait_in_a_fiber, NULL, listener, NULL));
	OK(cq_controller_wrap(cq, send_later, NULL, NULL, NULL));
	run(cq);
	cq_controller_free(cq);
	cq_signal_free(listener);
}

TEST(a_listener_nests_in_any_loop)
{
	cq_signal *listener = listen_for(usr2, 1);
	struct pollfd record = { 0, POLLIN, 0 };
	int number;

	record.fd = cq_signal_pollfd(listener);
	EQ(cq_signal_events(listener), POLLIN);
	if (record.fd < 0) {
		CHECK(cq_signal_timeout(listener) > 0);
		SKIP("this system has no descriptor for signals");
	}
	CHECK(isnan(cq_signal_timeout(listener)));
	EQ(poll(&record, 1, 0), 0);
	SYS(raise(SIGUSR2));
	EQ(poll(&record, 1, 10000), 1);
	OK(cq_signal_try_wait(listener, &number));
	EQ(number, SIGUSR2);
	EQ(poll(&record, 1, 0), 0);
	cq_signal_free(listener);
}

static cq_interest on_signal(const cq_signal *listener)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.signal = listener;
	return interest;
}

static int note_the_end(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired,
                        size_t count)
{
	if (count == 0)
		return park(controller, task, on_signal(*(cq_signal **)argument));
	EQ(fired[0].events, CQ_CANCELLED);
	return 0;
}

TEST(a_listener_that_is_freed_wakes_who_polls_it)
{
	cq_signal *listener = listen_for(usr1, 1);
	cq_controller *cq = new_controller();

	if (cq_signal_pollfd(listener) < 0)
		SKIP("this system has no descriptor for signals");
	OK(cq_controller_attach(cq, note_the_end, NULL, &listener, NULL));
	OK(cq_controller_step(cq, 0));
	cq_signal_free(listener);
	run(cq);
	cq_controller_free(cq);
}

TEST(signals_are_ignored_defaulted_and_discarded)
{
	OK(cq_signal_ignore(usr1, 1));
	CHECK(handler_of(SIGUSR1) == SIG_IGN);
	SYS(raise(SIGUSR1));
	OK(cq_signal_discard(usr1, 1));
	CHECK(handler_of(SIGUSR1) != SIG_IGN && handler_of(SIGUSR1) != SIG_DFL);
	SYS(raise(SIGUSR1));
	OK(cq_signal_default(usr1, 1));
	CHECK(handler_of(SIGUSR1) == SIG_DFL);
}

TEST(a_discarded_signal_interrupts_system_calls)
{
	struct pollfd none = { -1, 0, 0 };
	pid_t child;

	OK(cq_signal_discard(usr1, 1));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		for (;;) {
			usleep(10000);
			if (kill(getppid(), SIGUSR1) < 0)
				check_vanish();
		}
	}
	EQ(poll(&none, 1, 10000), -1);
	EQ(errno, EINTR);
	SYS(kill(child, SIGKILL));
	SYS(waitpid(child, NULL, 0));
}

TEST(blocking_and_unblocking_change_the_threads_mask)
{
	OK(cq_signal_block(usr1, 1));
	CHECK(blocked(SIGUSR1) && !blocked(SIGUSR2));
	OK(cq_signal_block(usr2, 1));
	OK(cq_signal_unblock(usr1, 1));
	CHECK(!blocked(SIGUSR1) && blocked(SIGUSR2));
	OK(cq_signal_block(NULL, 0));
}

TEST(numbers_that_are_no_signals_are_refused)
{
	const int bad[] = { 0, -1, 65, 4711, INT32_MAX };
	const int fixed[] = { SIGKILL, SIGSTOP };
	cq_signal *listener = NULL;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		const int list[] = { SIGUSR1, bad[i] };

		ERR(cq_signal_listen(list, 2, &listener), EINVAL);
		ERR(cq_signal_block(list, 2), EINVAL);
		CHECK(!blocked(SIGUSR1));
		ERR(cq_signal_unblock(list, 2), EINVAL);
		ERR(cq_signal_ignore(&bad[i], 1), EINVAL);
		ERR(cq_signal_default(&bad[i], 1), EINVAL);
		ERR(cq_signal_discard(&bad[i], 1), EINVAL);
		if (bad[i] != 0)
			ERR(cq_signal_raise(&bad[i], 1), EINVAL);
	}
	for (i = 0; i < COUNT(fixed); i++) {
		ERR(cq_signal_listen(&fixed[i], 1, &listener), EINVAL);
		ERR(cq_signal_ignore(&fixed[i], 1), EINVAL);
		OK(cq_signal_block(&fixed[i], 1));
		CHECK(!blocked(fixed[i]));
	}
	CHECK(listener == NULL);
}

TEST(what_stands_before_a_refused_number_is_done)
{
	const int list[] = { SIGUSR1, SIGKILL, SIGUSR2 };

	ERR(cq_signal_ignore(list, 3), EINVAL);
	CHECK(handler_of(SIGUSR1) == SIG_IGN && handler_of(SIGUSR2) == SIG_DFL);
}

TEST(names_lead_to_numbers_and_back)
{
	const char *name;
	size_t index;
	int number;

	for (index = 0; cq_signal_list(index, &name, &number) == 0; index++) {
		int found = 0;

		OK(cq_signal_number(name, &found));
		EQ(found, number);
		CHECK(cq_signal_name(number) != NULL);
		CHECK(strcmp(cq_strsignal(number), strsignal(number)) == 0);
	}
	CHECK(index > 25);
	EQ(strcmp(cq_signal_name(SIGHUP), "SIGHUP"), 0);
	EQ(strcmp(cq_signal_name(SIGILL), "SIGILL"), 0);
	CHECK(cq_signal_name(0) == NULL && cq_signal_name(-1) == NULL && cq_signal_name(4711) == NULL);
	ERR(cq_signal_number("SIGNOTHING", &number), ENOENT);
	CHECK(strstr(cq_strsignal(4711), "4711") != NULL);
}

/* What went wrong: a thread's texts all lay in one place, so that one call could not print two. */
TEST(texts_of_signals_stay)
{
	const char *interrupt = cq_strsignal(SIGINT), *unknown = cq_strsignal(4711);
	int number;

	for (number = 1; number < 65; number++) {
		const char *text = cq_strsignal(number);

		CHECK(strcmp(text, strsignal(number)) == 0);
		CHECK(cq_strsignal(number) == text);
	}
	CHECK(strcmp(interrupt, strsignal(SIGINT)) == 0);
	CHECK(strstr(unknown, "4711") != NULL);
	CHECK(*cq_strsignal(-1) != 0 && *cq_strsignal(0) != 0);
}

TEST(every_signal_of_the_system_has_a_name)
{
	int number;

	/* What lies between has no macro of its own on any system that we know. */
	for (number = 1; number < 32; number++)
		CHECK(cq_signal_name(number) != NULL);
}

TEST(making_and_freeing_listeners_leaves_nothing)
{
	int i, first;

	first = dup(0);
	close(first);
	for (i = 0; i < 1000; i++)
		cq_signal_free(listen_for(usr1, 1));
	EQ(dup(0), first);
}
