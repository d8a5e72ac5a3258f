/* SPDX-License-Identifier: MIT */
/* cq_controller_begin: the start of a step of the pull interface in one call. Unless it answers 0, no step is under way. */

#include "fixture.h"
#include <pthread.h>

/* No step is under way: one can be begun. */
static void check_over(cq_controller *cq)
{
	ERR(cq_controller_leave(cq), EINVAL);
	OK(cq_controller_enter(cq));
	OK(cq_controller_leave(cq));
}

TEST(a_step_begins_with_its_first_task)
{
	cq_controller *cq = new_controller();
	int data[3];
	cq_ready ready;

	for (int i = 0; i < 3; i++)
		OK(cq_controller_add(cq, &data[i], NULL));
	OK(cq_controller_begin(cq, -1, 0, &ready));
	CHECK(ready.data == &data[0]);
	CHECK(ready.ahead == &data[1]);
	EQ(ready.count, 0);
	OK(cq_controller_finish(cq, ready.task));
	OK(cq_controller_next(cq, &ready));
	CHECK(ready.data == &data[1]);
	OK(cq_controller_leave(cq)); /* the third is left to the next step */
	OK(cq_controller_begin(cq, 0, CQ_WAIT_LAZY, &ready));
	CHECK(ready.data == &data[2]);
	ERR(cq_controller_next(cq, &ready), ENOENT);
	OK(cq_controller_leave(cq));
	check_over(cq);
	cq_controller_free(cq);
}

TEST(without_anything_ready_the_step_is_over)
{
	cq_controller *cq = new_controller();
	int ends[2], made = pipe(ends);
	cq_interest readable = on_fd(ends[0], POLLIN);
	cq_ready ready = { .count = 7 };
	cq_task task;
	double begun;

	EQ(made, 0);
	ERR(cq_controller_begin(cq, -1, 0, &ready), ENOENT); /* without tasks nothing is waited for */
	OK(cq_controller_add(cq, cq, &task));
	OK(cq_controller_park(cq, task, &readable, 1));
	begun = cq_monotime();
	ERR(cq_controller_begin(cq, MS(20), 0, &ready), ENOENT);
	CHECK(cq_monotime() - begun >= MS(20));
	EQ(ready.count, 7); /* not written */
	check_over(cq);
	EQ(write(ends[1], "x", 1), 1);
	OK(cq_controller_begin(cq, -1, 0, &ready));
	CHECK(ready.data == cq);
	EQ(ready.count, 1);
	EQ(ready.fired->events, POLLIN);
	OK(cq_controller_leave(cq));
	close(ends[0]), close(ends[1]);
	cq_controller_free(cq);
}

TEST(what_is_refused_begins_no_step)
{
	cq_controller *cq = new_controller();
	cq_ready ready;

	OK(cq_controller_add(cq, NULL, NULL));
	ERR(cq_controller_begin(NULL, 0, 0, &ready), EINVAL);
	ERR(cq_controller_begin(cq, 0, 0, NULL), EINVAL);
	ERR(cq_controller_begin(cq, 0, CQ_WAIT_LAZY << 1, &ready), EINVAL);
	check_over(cq);
	OK(cq_controller_enter(cq));
	ERR(cq_controller_begin(cq, 0, 0, &ready), EBUSY);
	OK(cq_controller_leave(cq)); /* the outer step was not ended */
	OK(cq_controller_begin(cq, 0, 0, &ready));
	ERR(cq_controller_begin(cq, 0, 0, &ready), EBUSY);
	OK(cq_controller_leave(cq));
	OK(cq_controller_close(cq));
	ERR(cq_controller_begin(cq, 0, 0, &ready), EBADF);
	cq_controller_free(cq);
}

static int begin_inside(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	cq_ready ready;

	(void)task, (void)fired, (void)count;
	*(int *)argument = cq_controller_begin(controller, 0, 0, &ready);
	return 0;
}

TEST(a_callback_cannot_begin_a_step_of_its_own_controller)
{
	cq_controller *cq = new_controller();
	int code = 0;
	cq_ready ready;

	OK(cq_controller_attach(cq, begin_inside, NULL, &code, NULL));
	ERR(cq_controller_begin(cq, 0, 0, &ready), ENOENT); /* it ran, and nothing else was ready */
	EQ(code, EBUSY);
	check_over(cq);
	cq_controller_free(cq);
}

static int fail(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)controller, (void)task, (void)fired, (void)count;
	return *(int *)argument;
}

TEST(the_code_of_a_callback_ends_the_step_and_loses_nothing)
{
	int codes[] = { EIO, EBUSY, EBADF, ENOENT }, data;
	cq_failure failure;
	cq_ready ready;

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		cq_controller *cq = new_controller();

		OK(cq_controller_attach(cq, fail, NULL, &codes[i], NULL));
		OK(cq_controller_add(cq, &data, NULL));
		ERR(cq_controller_begin(cq, 0, 0, &ready), codes[i]);
		OK(cq_controller_failure(cq, &failure));
		EQ(failure.code, codes[i]);
		check_over(cq);
		OK(cq_controller_begin(cq, 0, 0, &ready));
		CHECK(ready.data == &data);
		OK(cq_controller_leave(cq));
		cq_controller_free(cq);
	}
}

TEST(a_task_of_a_batch_is_left_to_it)
{
	cq_controller *cq = new_controller();
	cq_operation wanted = { .kind = CQ_DO_ADD };
	cq_interest readable;
	cq_result result;
	cq_batch *batch;
	cq_ready ready;
	size_t produced;
	int ends[2];

	SYS(pipe(ends));
	readable = on_fd(ends[0], POLLIN);
	OK(cq_batch_new(cq, 0, &batch));
	OK(cq_batch_step(batch, &wanted, 1, 0, &result, 1, &produced));
	EQ(produced, 1);
	wanted = (cq_operation){ .kind = CQ_DO_POLL, .task = result.task, .data = &readable, .size = 1, .timeout = -1 };
	OK(cq_batch_step(batch, &wanted, 1, 0, &result, 1, &produced));
	EQ(produced, 0);
	EQ(write(ends[1], "x", 1), 1);
	ERR(cq_controller_begin(cq, 10, 0, &ready), ENOTSUP);
	check_over(cq);
	cq_batch_free(batch);
	cq_controller_free(cq);
	close(ends[0]), close(ends[1]);
}

static void free_around_the_wait(cq_controller *controller, void *argument)
{
	(void)argument;
	cq_controller_free(controller);
}

TEST(a_controller_freed_in_the_middle_lives_until_the_step_ends)
{
	cq_controller *cq = new_controller();
	int releases = 0, data;
	cq_ready ready;

	OK(cq_controller_attach(cq, free_its_controller, count_release, &releases, NULL));
	OK(cq_controller_attach(cq, wait_for_ever, count_release, &releases, NULL));
	ERR(cq_controller_begin(cq, 0, 0, &ready), ENOENT); /* and with the step it is gone */
	EQ(releases, 2);

	cq = new_controller();
	OK(cq_controller_attach(cq, wait_for_ever, count_release, &releases, NULL));
	OK(cq_controller_set_hooks(cq, free_around_the_wait, NULL, NULL));
	ERR(cq_controller_begin(cq, 0, 0, &ready), ENOENT);
	EQ(releases, 3);

	cq = new_controller();
	OK(cq_controller_attach(cq, free_its_controller, count_release, &releases, NULL));
	OK(cq_controller_add(cq, &data, NULL));
	OK(cq_controller_begin(cq, 0, 0, &ready));
	CHECK(ready.data == &data);
	OK(cq_controller_finish(cq, ready.task));
	OK(cq_controller_leave(cq));
	EQ(releases, 4);
}

static void *begin_elsewhere(void *cq)
{
	cq_ready ready;

	ERR(cq_controller_begin(cq, 0, 0, &ready), EPERM);
	return NULL;
}

TEST(another_thread_cannot_begin_a_step_meanwhile)
{
	cq_controller *cq = new_controller();
	pthread_t thread;
	cq_ready ready;

	OK(cq_controller_add(cq, NULL, NULL));
	OK(cq_controller_begin(cq, 0, 0, &ready));
	EQ(pthread_create(&thread, NULL, begin_elsewhere, cq), 0);
	EQ(pthread_join(thread, NULL), 0);
	OK(cq_controller_leave(cq));
	cq_controller_free(cq);
}

/* -- a task that waits for another controller, which is parked on its queue alone if that has no timers -- */

static int count_call(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)controller, (void)task, (void)fired, (void)count;
	return ++*(int *)argument, 0;
}

struct family {
	cq_controller *outer, *inner;
	cq_task task; /* of the outer one's, waits for the inner one */
	cq_interest inner_works;
};

static struct family new_family(uint32_t order)
{
	struct family family = { new_controller(), new_controller(), 0, CQ_INTEREST_NONE };

	OK(cq_controller_set_order(family.outer, order));
	OK(cq_controller_set_order(family.inner, order));
	OK(cq_controller_add(family.outer, NULL, &family.task));
	family.inner_works.controller = family.inner;
	return family;
}

/* How long the task waited, at most so long. */
static double waited(struct family *family, double limit)
{
	double begun = cq_monotime();
	cq_ready ready;
	int code;

	OK(cq_controller_park(family->outer, family->task, &family->inner_works, 1));
	code = cq_controller_begin(family->outer, limit, 0, &ready);
	if (code == 0) {
		EQ(ready.task, family->task);
		OK(cq_controller_leave(family->outer));
	} else {
		ERR(code, ENOENT);
	}
	return cq_monotime() - begun;
}

static void free_family(struct family *family)
{
	cq_controller_free(family->outer);
	cq_controller_free(family->inner);
}

TEST(a_task_waits_for_whatever_another_controller_has_to_do)
{
	static const uint32_t orders[] = { CQ_OLDEST_FIRST, CQ_NEWEST_FIRST };

	for (int i = 0; i < 2; i++) {
		struct family family = new_family(orders[i]);
		int ends[2], made = pipe(ends), calls = 0;
		cq_interest readable = on_fd(ends[0], POLLIN), soon = on_time(0.5);
		cq_task reader, sleeper;
		double begun;
		cq_ready ready;

		EQ(made, 0);
		CHECK(waited(&family, MS(20)) >= MS(20)); /* nothing is to be done */
		OK(cq_controller_add(family.inner, NULL, &reader));
		OK(cq_controller_park(family.inner, reader, &readable, 1));
		ERR(cq_controller_begin(family.inner, 0, 0, &ready), ENOENT); /* its descriptor told of the new task */
		CHECK(waited(&family, MS(20)) >= MS(20));
		EQ(write(ends[1], "x", 1), 1);
		CHECK(waited(&family, 10) < 5);
		EQ(read(ends[0], &calls, 1), 1);
		OK(cq_controller_finish(family.inner, reader));

		begun = cq_monotime();
		OK(cq_controller_add(family.inner, NULL, &sleeper));
		OK(cq_controller_park(family.inner, sleeper, &soon, 1));
		ERR(cq_controller_begin(family.inner, 0, 0, &ready), ENOENT);
		CHECK(waited(&family, 10) < 5);
		CHECK(cq_monotime() - begun >= 0.5); /* until the timer was due */
		OK(cq_controller_finish(family.inner, sleeper));

		calls = 0;
		OK(cq_controller_attach(family.inner, count_call, NULL, &calls, NULL)); /* is ready */
		CHECK(waited(&family, 10) < 5);
		OK(cq_controller_step(family.inner, 0));
		EQ(calls, 1);
		close(ends[0]), close(ends[1]);
		free_family(&family);
	}
}

TEST(a_task_that_waits_for_a_controller_is_woken_when_that_is_freed)
{
	struct family family = new_family(CQ_NEWEST_FIRST);
	cq_ready ready;

	OK(cq_controller_park(family.outer, family.task, &family.inner_works, 1));
	ERR(cq_controller_begin(family.outer, 0, 0, &ready), ENOENT);
	cq_controller_free(family.inner);
	OK(cq_controller_begin(family.outer, 10, 0, &ready));
	EQ(ready.task, family.task);
	EQ(ready.fired->events, CQ_CANCELLED);
	OK(cq_controller_leave(family.outer));
	cq_controller_free(family.outer);
}

TEST(a_closed_controller_cannot_be_waited_for)
{
	struct family family = new_family(CQ_OLDEST_FIRST);

	OK(cq_controller_close(family.inner));
	ERR(cq_controller_park(family.outer, family.task, &family.inner_works, 1), EBADF);
	free_family(&family);
}
