/* SPDX-License-Identifier: MIT */
/* Semaphores and mutexes: who is served when, and that no permit is lost whoever leaves. */

#include "fixture.h"
#include <pthread.h>

static cq_semaphore *new_semaphore(size_t count)
{
	cq_semaphore *semaphore = NULL;

	OK(cq_semaphore_new(count, &semaphore));
	CHECK(semaphore != NULL);
	return semaphore;
}

static cq_mutex *new_mutex(void)
{
	cq_mutex *mutex = NULL;

	OK(cq_mutex_new(&mutex));
	CHECK(mutex != NULL);
	return mutex;
}

static void in_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	EQ(pthread_create(&thread, NULL, function, argument), 0);
	EQ(pthread_join(thread, NULL), 0);
}

/* -- semaphores -- */

TEST(null_is_refused)
{
	ERR(cq_semaphore_new(1, NULL), EINVAL);
	ERR(cq_semaphore_acquire(NULL, 0), EINVAL);
	ERR(cq_semaphore_try_acquire(NULL), EINVAL);
	ERR(cq_semaphore_release(NULL, 1), EINVAL);
	EQ(cq_semaphore_count(NULL), 0);
	cq_semaphore_free(NULL);
	ERR(cq_mutex_new(NULL), EINVAL);
	ERR(cq_mutex_lock(NULL, 0), EINVAL);
	ERR(cq_mutex_try_lock(NULL), EINVAL);
	ERR(cq_mutex_unlock(NULL), EINVAL);
	OK(cq_mutex_free(NULL));
}

TEST(permits_are_counted)
{
	cq_semaphore *semaphore = new_semaphore(2);

	OK(cq_semaphore_try_acquire(semaphore));
	OK(cq_semaphore_acquire(semaphore, 0));
	ERR(cq_semaphore_try_acquire(semaphore), EAGAIN);
	ERR(cq_semaphore_acquire(semaphore, MS(1)), ETIMEDOUT);
	EQ(cq_semaphore_count(semaphore), 0);
	OK(cq_semaphore_release(semaphore, 3));
	OK(cq_semaphore_release(semaphore, 0));
	EQ(cq_semaphore_count(semaphore), 3);
	ERR(cq_semaphore_release(semaphore, SIZE_MAX), EOVERFLOW);
	ERR(cq_semaphore_release(semaphore, SIZE_MAX - 2), EOVERFLOW);
	EQ(cq_semaphore_count(semaphore), 3);
	OK(cq_semaphore_release(semaphore, SIZE_MAX - 3));
	EQ(cq_semaphore_count(semaphore), SIZE_MAX);
	cq_semaphore_free(semaphore);
}

struct taker {
	cq_semaphore *semaphore;
	double timeout;
	int code, place, *turns;
	bool done;
	cq_task task;
};

static int take_one(void *argument)
{
	struct taker *taker = argument;

	taker->code = cq_semaphore_acquire(taker->semaphore, taker->timeout);
	taker->place = (*taker->turns)++;
	taker->done = true;
	return 0;
}

static void begin(struct taker *taker, cq_controller *cq, cq_semaphore *semaphore, double timeout, int *turns)
{
	memset(taker, 0, sizeof *taker);
	taker->semaphore = semaphore;
	taker->timeout = timeout;
	taker->turns = turns;
	OK(cq_controller_wrap(cq, take_one, NULL, taker, &taker->task));
}

#define TAKERS 5

static void gather(struct taker *takers, int count, cq_controller *cq, cq_semaphore *semaphore, int *turns)
{
	int i;

	*turns = 0;
	for (i = 0; i < count; i++)
		begin(&takers[i], cq, semaphore, -1, turns);
	OK(cq_controller_step(cq, 0));
	EQ(*turns, 0);
}

TEST(permits_go_to_those_who_have_waited_longest)
{
	cq_controller *cq = new_controller();
	cq_semaphore *semaphore = new_semaphore(0);
	struct taker takers[TAKERS];
	int turns, i;

	gather(takers, TAKERS, cq, semaphore, &turns);
	OK(cq_semaphore_release(semaphore, 2));
	ERR(cq_semaphore_try_acquire(semaphore), EAGAIN);
	EQ(cq_semaphore_count(semaphore), 0);
	OK(cq_controller_step(cq, 0));
	EQ(turns, 2);
	OK(cq_semaphore_release(semaphore, TAKERS));
	EQ(cq_semaphore_count(semaphore), 2);
	run(cq);
	for (i = 0; i < TAKERS; i++) {
		OK(takers[i].code);
		EQ(takers[i].place, i);
	}
	EQ(cq_semaphore_count(semaphore), 2);
	cq_semaphore_free(semaphore);
	cq_controller_free(cq);
}

TEST(a_permit_of_a_task_that_is_ended_goes_to_the_next)
{
	cq_controller *cq = new_controller();
	cq_semaphore *semaphore = new_semaphore(0);
	struct taker takers[TAKERS];
	int turns;

	gather(takers, 3, cq, semaphore, &turns);
	OK(cq_controller_finish(cq, takers[1].task));
	OK(cq_semaphore_release(semaphore, 1));
	OK(cq_controller_finish(cq, takers[0].task));
	run(cq);
	EQ(turns, 1);
	OK(takers[2].code);
	EQ(cq_semaphore_count(semaphore), 0);
	gather(takers, 2, cq, semaphore, &turns);
	OK(cq_semaphore_release(semaphore, 1));
	cq_controller_free(cq);
	EQ(cq_semaphore_count(semaphore), 1);
	cq_semaphore_free(semaphore);
}

TEST(a_permit_that_comes_with_the_timeout_is_not_lost)
{
	cq_controller *cq = new_controller();
	cq_semaphore *semaphore = new_semaphore(0);
	struct taker first, second;
	int turns = 0;

	begin(&first, cq, semaphore, MS(1), &turns);
	begin(&second, cq, semaphore, -1, &turns);
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_enter(cq));
	usleep(3000);
	OK(cq_controller_wait(cq, 0, 0)); /* the first is ready for its timeout */
	OK(cq_semaphore_release(semaphore, 1));
	OK(cq_controller_leave(cq));
	UNTIL(first.done, cq);
	OK(first.code);
	CHECK(!second.done);
	OK(cq_semaphore_release(semaphore, 1));
	run(cq);
	OK(second.code);
	EQ(cq_semaphore_count(semaphore), 0);
	cq_semaphore_free(semaphore);
	cq_controller_free(cq);
}

TEST(freeing_a_semaphore_ends_the_waits_for_it)
{
	cq_controller *cq = new_controller();
	cq_semaphore *semaphore = new_semaphore(0);
	struct taker takers[TAKERS];
	int turns, i;

	gather(takers, TAKERS, cq, semaphore, &turns);
	OK(cq_semaphore_release(semaphore, 1));
	cq_semaphore_free(semaphore);
	run(cq);
	for (i = 0; i < TAKERS; i++)
		ERR(takers[i].code, EBADF);
	cq_controller_free(cq);
}

static int acquire_in_callback(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)cq, (void)task, (void)fired, (void)count;
	OK(cq_semaphore_acquire(argument, -1));
	ERR(cq_semaphore_acquire(argument, -1), EDEADLK);
	OK(cq_semaphore_release(argument, 1));
	OK(cq_semaphore_try_acquire(argument));
	return 0;
}

TEST(a_callback_does_not_wait)
{
	cq_controller *cq = new_controller();
	cq_semaphore *semaphore = new_semaphore(1);

	OK(cq_controller_attach(cq, acquire_in_callback, NULL, semaphore, NULL));
	run(cq);
	EQ(cq_semaphore_count(semaphore), 0);
	cq_semaphore_free(semaphore);
	cq_controller_free(cq);
}

static void *use_from_elsewhere(void *argument)
{
	ERR(cq_semaphore_acquire(argument, 0), EPERM);
	ERR(cq_semaphore_try_acquire(argument), EPERM);
	ERR(cq_semaphore_release(argument, 1), EPERM);
	return NULL;
}

TEST(another_thread_is_refused_while_tasks_wait)
{
	cq_controller *cq = new_controller();
	cq_semaphore *semaphore = new_semaphore(0);
	struct taker takers[TAKERS];
	int turns;

	gather(takers, 2, cq, semaphore, &turns);
	in_thread(use_from_elsewhere, semaphore);
	OK(cq_semaphore_release(semaphore, 2));
	run(cq);
	EQ(turns, 2);
	cq_semaphore_free(semaphore);
	cq_controller_free(cq);
}

struct gate {
	cq_semaphore *semaphore;
	int inside, most, passed;
};

static int pass_gate(void *argument)
{
	struct gate *gate = argument;
	int round;

	for (round = 0; round < 5; round++) {
		OK(cq_semaphore_acquire(gate->semaphore, -1));
		if (++gate->inside > gate->most)
			gate->most = gate->inside;
		OK(cq_poll(NULL, 0, NULL));
		gate->inside--;
		gate->passed++;
		OK(cq_semaphore_release(gate->semaphore, 1));
	}
	return 0;
}

TEST(of_ten_thousand_fibers_no_more_are_inside_than_there_are_permits)
{
	cq_controller *cq = new_controller();
	struct gate gate = { NULL, 0, 0, 0 };
	int i, fibers = slow() ? 500 : 10000;

	gate.semaphore = new_semaphore(300);
	for (i = 0; i < fibers; i++)
		OK(cq_controller_wrap(cq, pass_gate, NULL, &gate, NULL));
	run(cq);
	EQ(gate.most, 300);
	EQ(gate.passed, 5 * fibers);
	EQ(cq_semaphore_count(gate.semaphore), 300);
	cq_semaphore_free(gate.semaphore);
	cq_controller_free(cq);
}

/* -- mutexes -- */

TEST(a_mutex_is_held_by_one_at_a_time)
{
	cq_mutex *mutex = new_mutex();

	ERR(cq_mutex_unlock(mutex), EPERM);
	OK(cq_mutex_lock(mutex, 0));
	ERR(cq_mutex_lock(mutex, -1), EDEADLK);
	ERR(cq_mutex_try_lock(mutex), EBUSY);
	ERR(cq_mutex_free(mutex), EBUSY);
	OK(cq_mutex_unlock(mutex));
	ERR(cq_mutex_unlock(mutex), EPERM);
	OK(cq_mutex_try_lock(mutex));
	OK(cq_mutex_unlock(mutex));
	OK(cq_mutex_free(mutex));
}

struct guarded {
	cq_mutex *mutex;
	int inside, count;
};

static int add_one_slowly(void *argument)
{
	struct guarded *guarded = argument;
	int before;

	OK(cq_mutex_lock(guarded->mutex, -1));
	ERR(cq_mutex_lock(guarded->mutex, -1), EDEADLK);
	EQ(guarded->inside++, 0);
	before = guarded->count;
	OK(cq_poll(NULL, 0, NULL));
	guarded->count = before + 1;
	guarded->inside--;
	OK(cq_mutex_unlock(guarded->mutex));
	ERR(cq_mutex_unlock(guarded->mutex), EPERM);
	return 0;
}

TEST(ten_thousand_fibers_add_one_each)
{
	cq_controller *cq = new_controller();
	struct guarded guarded = { NULL, 0, 0 };
	int i, fibers = slow() ? 500 : 10000;

	guarded.mutex = new_mutex();
	for (i = 0; i < fibers; i++)
		OK(cq_controller_wrap(cq, add_one_slowly, NULL, &guarded, NULL));
	OK(cq_controller_step(cq, -1));
	ERR(cq_mutex_unlock(guarded.mutex), EPERM);
	ERR(cq_mutex_try_lock(guarded.mutex), EBUSY);
	ERR(cq_mutex_free(guarded.mutex), EBUSY);
	run(cq);
	EQ(guarded.count, fibers);
	OK(cq_mutex_free(guarded.mutex));
	cq_controller_free(cq);
}

struct locker {
	cq_mutex *mutex;
	double timeout, holds;
	int code, place, *turns;
	cq_task task;
};

static int lock_and_hold(void *argument)
{
	struct locker *locker = argument;

	locker->code = cq_mutex_lock(locker->mutex, locker->timeout);
	locker->place = (*locker->turns)++;
	if (locker->code)
		return 0;
	OK(cq_sleep(locker->holds));
	OK(cq_mutex_unlock(locker->mutex));
	return 0;
}

static void begin_locker(struct locker *locker, cq_controller *cq, cq_mutex *mutex, double timeout, double holds, int *turns)
{
	memset(locker, 0, sizeof *locker);
	locker->mutex = mutex;
	locker->timeout = timeout;
	locker->holds = holds;
	locker->turns = turns;
	OK(cq_controller_wrap(cq, lock_and_hold, NULL, locker, &locker->task));
}

TEST(a_mutex_is_handed_on_in_the_order_of_arrival)
{
	cq_controller *cq = new_controller();
	cq_mutex *mutex = new_mutex();
	struct locker lockers[4];
	int turns = 0, i;

	begin_locker(&lockers[0], cq, mutex, -1, MS(slow() ? 500 : 20), &turns);
	begin_locker(&lockers[1], cq, mutex, MS(1), 0, &turns);
	begin_locker(&lockers[2], cq, mutex, -1, 0, &turns);
	begin_locker(&lockers[3], cq, mutex, -1, 0, &turns);
	run(cq);
	for (i = 0; i < 4; i++)
		ERR(lockers[i].code, i == 1 ? ETIMEDOUT : 0);
	EQ(lockers[0].place, 0);
	EQ(lockers[1].place, 1);
	EQ(lockers[2].place, 2);
	EQ(lockers[3].place, 3);
	OK(cq_mutex_free(mutex));
	cq_controller_free(cq);
}

TEST(a_mutex_that_was_handed_to_a_task_that_is_ended_goes_to_the_next)
{
	cq_controller *cq = new_controller();
	cq_mutex *mutex = new_mutex();
	struct locker lockers[2];
	int turns = 0, i;

	OK(cq_mutex_lock(mutex, -1));
	for (i = 0; i < 2; i++)
		begin_locker(&lockers[i], cq, mutex, -1, 0, &turns);
	OK(cq_controller_step(cq, 0));
	OK(cq_mutex_unlock(mutex));
	ERR(cq_mutex_try_lock(mutex), EBUSY); /* it is the first task's */
	ERR(cq_mutex_free(mutex), EBUSY);
	OK(cq_controller_finish(cq, lockers[0].task));
	run(cq);
	EQ(turns, 1);
	OK(lockers[1].code);
	OK(cq_mutex_free(mutex));
	cq_controller_free(cq);
}

static int lock_in_callback(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)fired;
	if (count == 0) {
		OK(cq_mutex_lock(argument, -1));
		return park(cq, task, on_time(MS(1)));
	}
	ERR(cq_mutex_lock(argument, -1), EDEADLK);
	OK(cq_mutex_unlock(argument));
	return 0;
}

static int lock_while_held(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)cq, (void)task, (void)fired, (void)count;
	ERR(cq_mutex_try_lock(argument), EBUSY);
	ERR(cq_mutex_lock(argument, -1), EDEADLK);
	ERR(cq_mutex_unlock(argument), EPERM);
	return 0;
}

TEST(a_callback_holds_a_mutex_over_its_resumptions)
{
	cq_controller *cq = new_controller();
	cq_mutex *mutex = new_mutex();

	OK(cq_controller_attach(cq, lock_in_callback, NULL, mutex, NULL));
	OK(cq_controller_attach(cq, lock_while_held, NULL, mutex, NULL));
	run(cq);
	OK(cq_mutex_free(mutex));
	cq_controller_free(cq);
}

static int lock_and_leave(void *argument)
{
	return cq_mutex_lock(argument, -1);
}

TEST(a_mutex_whose_holder_is_over_stays_locked_and_can_be_freed)
{
	cq_controller *cq = new_controller();
	cq_mutex *mutex = new_mutex();

	OK(cq_controller_wrap(cq, lock_and_leave, NULL, mutex, NULL));
	run(cq);
	ERR(cq_mutex_try_lock(mutex), EBUSY);
	ERR(cq_mutex_lock(mutex, MS(1)), ETIMEDOUT);
	ERR(cq_mutex_unlock(mutex), EPERM);
	cq_controller_free(cq);
	cq = new_controller(); /* perhaps at the same address, with a first task of the same number */
	OK(cq_controller_attach(cq, lock_while_held, NULL, mutex, NULL));
	run(cq);
	cq_controller_free(cq);
	OK(cq_mutex_free(mutex));
}

static void *unlock_elsewhere(void *argument)
{
	ERR(cq_mutex_unlock(argument), EPERM);
	ERR(cq_mutex_try_lock(argument), EBUSY);
	ERR(cq_mutex_lock(argument, MS(1)), ETIMEDOUT);
	ERR(cq_mutex_free(argument), EBUSY);
	return NULL;
}

TEST(another_thread_does_not_unlock_a_mutex)
{
	cq_mutex *mutex = new_mutex();

	OK(cq_mutex_lock(mutex, -1));
	in_thread(unlock_elsewhere, mutex);
	OK(cq_mutex_unlock(mutex));
	OK(cq_mutex_free(mutex));
}
