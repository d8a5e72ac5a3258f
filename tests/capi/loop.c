/* SPDX-License-Identifier: MIT */
/* How loops end: because all is done, out of time, stopped, or since a task failed; and which one that was. */

#include "fixture.h"
#include <signal.h>
#include <sys/time.h>

#define STR(found, wanted) CHECK(strcmp((found), (wanted)) == 0)

static int fail_with_7(void *argument)
{
	(void)argument;
	return 7;
}

static int sleep_for(void *argument)
{
	return cq_sleep(*(double *)argument);
}

static cq_task fiber(cq_controller *cq, cq_function function, void *argument)
{
	cq_task task = 0;

	OK(cq_controller_wrap(cq, function, NULL, argument, &task));
	return task;
}

static void no_failure(cq_controller *cq)
{
	cq_failure failure;

	ERR(cq_controller_failure(cq, &failure), ENOENT);
}

static void failed(cq_controller *cq, cq_task task, int code, const char *name)
{
	cq_failure failure;
	size_t i;

	memset(&failure, 0xff, sizeof failure);
	OK(cq_controller_failure(cq, &failure));
	CHECK(failure.task == task);
	EQ(failure.code, code);
	STR(failure.name, name);
	for (i = 0; i < COUNT(failure.reserved); i++)
		CHECK(failure.reserved[i] == 0);
}

/* -- done, and out of time -- */

TEST(a_loop_that_is_done_answers_0)
{
	cq_controller *cq = new_controller();
	double little = MS(5);

	OK(cq_controller_loop(cq, -1));
	OK(cq_controller_loop(cq, 0));
	fiber(cq, sleep_for, &little);
	OK(cq_controller_loop(cq, 10));
	CHECK(cq_controller_empty(cq));
	no_failure(cq);
	cq_controller_free(cq);
}

TEST(a_loop_that_is_out_of_time_says_so_and_can_go_on)
{
	cq_controller *cq = new_controller();
	double little = MS(250);

	fiber(cq, sleep_for, &little);
	ERR(cq_controller_loop(cq, 0), ETIMEDOUT);
	ERR(cq_controller_loop(cq, MS(20)), ETIMEDOUT);
	EQ(cq_controller_count(cq), 1);
	no_failure(cq);
	OK(cq_controller_loop(cq, 10));
	cq_controller_free(cq);
}

/* The last step ends the last task although its time is over by then. */
static int take_long(void *argument)
{
	double until = cq_monotime() + *(double *)argument;

	while (cq_monotime() < until)
		;
	return 0;
}

TEST(a_loop_that_is_done_when_its_time_is_over_is_done)
{
	cq_controller *cq = new_controller();
	double little = MS(20);

	fiber(cq, take_long, &little);
	OK(cq_controller_loop(cq, MS(5)));
	cq_controller_free(cq);
}

/* -- stopping -- */

struct stopping {
	cq_controller *cq;
	int runs;
	cq_condition *never;
};

static int stop_it(void *argument)
{
	struct stopping *s = argument;

	s->runs++;
	OK(cq_controller_stop(s->cq));
	OK(cq_controller_stop(s->cq)); /* twice is once */
	return 0;
}

static int run_once(void *argument)
{
	((struct stopping *)argument)->runs++;
	return 0;
}

static int wait_for_never(void *argument)
{
	return cq_condition_wait(((struct stopping *)argument)->never, -1);
}

TEST(a_fiber_stops_its_loop_after_the_step)
{
	struct stopping s = { new_controller(), 0, new_condition(false) };

	fiber(s.cq, wait_for_never, &s);
	fiber(s.cq, stop_it, &s);
	fiber(s.cq, run_once, &s);
	ERR(cq_controller_loop(s.cq, -1), ECANCELED);
	EQ(s.runs, 2); /* the rest of the step has run */
	EQ(cq_controller_count(s.cq), 1);
	no_failure(s.cq);
	ERR(cq_controller_loop(s.cq, MS(10)), ETIMEDOUT); /* it was asked once */
	cq_condition_signal(s.never, 1, NULL);
	OK(cq_controller_loop(s.cq, -1));
	cq_controller_free(s.cq);
	cq_condition_free(s.never);
}

TEST(a_loop_that_is_asked_before_it_begins_ends_at_once)
{
	struct stopping s = { new_controller(), 0, NULL };

	fiber(s.cq, run_once, &s);
	OK(cq_controller_stop(s.cq));
	ERR(cq_controller_loop(s.cq, -1), ECANCELED);
	EQ(s.runs, 0);
	OK(cq_controller_stop(s.cq));
	OK(cq_controller_step(s.cq, 0)); /* a step is no loop */
	EQ(s.runs, 1);
	ERR(cq_controller_loop(s.cq, -1), ECANCELED);
	OK(cq_controller_loop(s.cq, -1));
	cq_controller_free(s.cq);
}

static int stop_by_callback(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)task, (void)fired, (void)count;
	++*(int *)argument;
	return cq_controller_stop(cq);
}

TEST(a_callback_stops_its_loop)
{
	cq_controller *cq = new_controller();
	int runs = 0;

	OK(cq_controller_attach(cq, stop_by_callback, NULL, &runs, NULL));
	ERR(cq_controller_loop(cq, -1), ECANCELED);
	EQ(runs, 1);
	cq_controller_free(cq);
}

/* A loop that waits in the kernel, stopped by what another thread has posted, or by that thread itself. */
static int stop_from_there(cq_socket *socket, void *argument)
{
	struct stopping *s = argument;

	cq_socket_free(socket);
	usleep(20000);
	return s->runs ? cq_controller_post(s->cq, stop_it, s) : cq_controller_stop(s->cq);
}

static void stopped_by_thread(int posts)
{
	struct stopping s = { new_controller(), posts, new_condition(false) };
	cq_socket *socket;
	cq_thread *thread;
	int result = -1;

	fiber(s.cq, wait_for_never, &s);
	OK(cq_thread_start(stop_from_there, &s, &socket, &thread));
	ERR(cq_controller_loop(s.cq, -1), ECANCELED);
	OK(cq_thread_join(thread, -1, &result));
	EQ(result, 0);
	EQ(s.runs, 2 * posts);
	cq_thread_free(thread);
	cq_socket_free(socket);
	cq_controller_free(s.cq);
	cq_condition_free(s.never);
}

TEST(another_thread_stops_a_loop_that_waits)
{
	stopped_by_thread(0);
}

TEST(what_is_posted_stops_a_loop_that_waits)
{
	stopped_by_thread(1);
}

/* Many times at once: no request is lost between a look and the wait. */
static int stop_for_ever(cq_socket *socket, void *argument)
{
	struct stopping *s = argument;
	char byte;
	struct pollfd ready = { cq_socket_pollfd(socket), POLLIN, 0 };

	while (poll(&ready, 1, -1) == 1 && read(ready.fd, &byte, 1) == 1)
		OK(cq_controller_stop(s->cq));
	cq_socket_free(socket);
	return 0;
}

TEST(no_request_is_lost_on_its_way_to_a_loop)
{
	struct stopping s = { new_controller(), 0, new_condition(false) };
	int rounds = slow() ? 200 : 20000, fd, i;
	cq_socket *socket;
	cq_thread *thread;

	fiber(s.cq, wait_for_never, &s);
	OK(cq_thread_start(stop_for_ever, &s, &socket, &thread));
	fd = cq_socket_pollfd(socket);
	for (i = 0; i < rounds; i++) {
		EQ(write(fd, "x", 1), 1);
		ERR(cq_controller_loop(s.cq, -1), ECANCELED);
	}
	cq_socket_free(socket);
	OK(cq_thread_join(thread, -1, NULL));
	cq_thread_free(thread);
	cq_controller_free(s.cq);
	cq_condition_free(s.never);
}

static cq_controller *to_stop;

static void stop_in_handler(int number)
{
	int kept = errno;

	(void)number;
	cq_controller_stop(to_stop);
	errno = kept;
}

TEST(a_signal_handler_stops_a_loop_that_waits)
{
	struct stopping s = { new_controller(), 0, new_condition(false) };
	struct itimerval soon = { { 0, 0 }, { 0, 20000 } };
	struct sigaction action;
	int fd;

	memset(&action, 0, sizeof action);
	action.sa_handler = stop_in_handler;
	SYS(sigaction(SIGALRM, &action, NULL));
	to_stop = s.cq;
	fiber(s.cq, wait_for_never, &s);
	OK(cq_controller_pollfd(s.cq, &fd));
	SYS(setitimer(ITIMER_REAL, &soon, NULL));
	ERR(cq_controller_loop(s.cq, -1), ECANCELED);
	cq_controller_free(s.cq);
	cq_condition_free(s.never);
}

/* A loop in a fiber of another controller, stopped by that one's task. */
static int loop_inner(void *argument)
{
	ERR(cq_controller_loop(argument, -1), ECANCELED);
	return 0;
}

static int stop_inner(void *argument)
{
	OK(cq_sleep(MS(10)));
	return cq_controller_stop(argument);
}

TEST(a_loop_in_a_fiber_is_stopped_from_outside)
{
	struct stopping s = { new_controller(), 0, new_condition(false) };
	cq_controller *outer = new_controller();

	fiber(s.cq, wait_for_never, &s);
	fiber(outer, loop_inner, s.cq);
	fiber(outer, stop_inner, s.cq);
	OK(cq_controller_loop(outer, -1));
	cq_controller_free(outer);
	cq_controller_free(s.cq);
	cq_condition_free(s.never);
}

TEST(what_cannot_be_stopped_says_so)
{
	cq_controller *cq = new_controller();
	cq_failure failure;

	ERR(cq_controller_stop(NULL), EINVAL);
	ERR(cq_controller_failure(NULL, &failure), EINVAL);
	OK(cq_controller_close(cq));
	ERR(cq_controller_stop(cq), EBADF);
	cq_controller_free(cq);
}

/* -- failing -- */

TEST(the_task_that_failed_is_told_with_its_name)
{
	cq_controller *cq = new_controller();
	double little = MS(1);
	cq_task task;
	cq_failure failure;

	fiber(cq, sleep_for, &little);
	task = fiber(cq, fail_with_7, NULL);
	OK(cq_task_set_name(cq, task, "answers 7"));
	STR(cq_task_name(cq, task), "answers 7");
	no_failure(cq);
	ERR(cq_controller_failure(cq, NULL), ENOENT);
	ERR(cq_controller_loop(cq, -1), 7);
	failed(cq, task, 7, "answers 7");
	ERR(cq_controller_failure(cq, NULL), EINVAL);
	CHECK(cq_task_name(cq, task) == NULL);
	OK(cq_controller_loop(cq, -1));
	ERR(cq_controller_failure(cq, &failure), ENOENT); /* that loop went well */
	cq_controller_free(cq);
}

TEST(a_task_that_takes_the_place_of_another_has_no_name)
{
	cq_controller *cq = new_controller();
	cq_task first = fiber(cq, fail_with_7, NULL), second;

	OK(cq_task_set_name(cq, first, "first"));
	OK(cq_controller_finish(cq, first));
	second = fiber(cq, fail_with_7, NULL);
	EQ(second & CQ_TASK_PLACE, first & CQ_TASK_PLACE);
	CHECK(cq_task_name(cq, second) == NULL);
	ERR(cq_task_set_name(cq, first, "late"), ENOENT);
	ERR(cq_controller_step(cq, 0), 7);
	failed(cq, second, 7, "");
	cq_controller_free(cq);
}

static int fail_with_timeout(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)cq, (void)task, (void)argument, (void)fired, (void)count;
	return ETIMEDOUT;
}

static int fail_and_wait(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)argument, (void)fired;
	if (count == 0)
		OK(park(cq, task, on_time(0)));
	return count == 0 ? 9 : 0;
}

TEST(the_code_of_a_task_is_told_from_that_of_the_loop)
{
	cq_controller *cq = new_controller();
	cq_task task;

	OK(cq_controller_attach(cq, fail_with_timeout, NULL, NULL, &task));
	ERR(cq_controller_loop(cq, 10), ETIMEDOUT);
	failed(cq, task, ETIMEDOUT, "");
	OK(cq_controller_attach(cq, wait_for_ever, NULL, NULL, NULL));
	ERR(cq_controller_loop(cq, 0), ETIMEDOUT);
	no_failure(cq);
	OK(cq_controller_attach(cq, fail_and_wait, NULL, NULL, &task)); /* a code, and it goes on */
	ERR(cq_controller_loop(cq, 10), 9);
	failed(cq, task, 9, "");
	EQ(cq_controller_count(cq), 2);
	ERR(cq_controller_loop(cq, 0), ETIMEDOUT);
	no_failure(cq);
	cq_controller_free(cq);
}

TEST(what_is_posted_and_fails_is_told)
{
	cq_controller *cq = new_controller();
	cq_failure failure;

	OK(cq_controller_post(cq, fail_with_7, NULL));
	ERR(cq_controller_loop(cq, -1), 7);
	OK(cq_controller_failure(cq, &failure));
	EQ(failure.code, 7);
	STR(failure.name, "");
	cq_controller_free(cq);
}

TEST(each_failure_of_a_batch_is_told_in_turn)
{
	cq_controller *cq = new_controller();
	cq_task first = fiber(cq, fail_with_7, NULL), second;

	OK(cq_controller_attach(cq, fail_with_timeout, NULL, NULL, &second));
	ERR(cq_controller_step(cq, 0), 7);
	failed(cq, first, 7, "");
	ERR(cq_controller_step(cq, 0), ETIMEDOUT);
	failed(cq, second, ETIMEDOUT, "");
	cq_controller_free(cq);
}

TEST(who_pulls_is_told_too)
{
	cq_controller *cq = new_controller();
	cq_task task = fiber(cq, fail_with_7, NULL);
	cq_ready ready;

	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	ERR(cq_controller_next(cq, &ready), 7);
	failed(cq, task, 7, "");
	ERR(cq_controller_next(cq, &ready), ENOENT);
	failed(cq, task, 7, "");
	OK(cq_controller_leave(cq));
	cq_controller_free(cq);
}

/* -- names -- */

TEST(names_are_kept_changed_and_taken_away)
{
	cq_controller *cq = new_controller();
	char most[64], name[16] = "of the caller";
	cq_task task = fiber(cq, fail_with_7, NULL);

	CHECK(cq_task_name(cq, task) == NULL);
	OK(cq_task_set_name(cq, task, name));
	memset(name, 'x', sizeof name - 1);
	STR(cq_task_name(cq, task), "of the caller");
	memset(most, 'm', sizeof most);
	most[63] = 0;
	OK(cq_task_set_name(cq, task, most));
	STR(cq_task_name(cq, task), most);
	ERR(cq_task_set_name(cq, task, "0123456789012345678901234567890123456789012345678901234567890123"), ENAMETOOLONG);
	STR(cq_task_name(cq, task), most);
	OK(cq_task_set_name(cq, task, ""));
	CHECK(cq_task_name(cq, task) == NULL);
	OK(cq_task_set_name(cq, task, "again"));
	OK(cq_task_set_name(cq, task, NULL));
	CHECK(cq_task_name(cq, task) == NULL);
	ERR(cq_task_set_name(NULL, task, "x"), EINVAL);
	ERR(cq_task_set_name(cq, task + 1, "x"), ENOENT);
	CHECK(cq_task_name(NULL, task) == NULL);
	cq_controller_free(cq);
}

TEST(a_name_stays_where_it_is_while_others_are_given)
{
	cq_controller *cq = new_controller();
	cq_task task = fiber(cq, fail_with_7, NULL);
	const char *name;
	int i;

	OK(cq_task_set_name(cq, task, "the first"));
	name = cq_task_name(cq, task);
	for (i = 0; i < 1000; i++)
		OK(cq_task_set_name(cq, fiber(cq, fail_with_7, NULL), "another"));
	CHECK(cq_task_name(cq, task) == name);
	STR(name, "the first");
	cq_controller_free(cq);
}
