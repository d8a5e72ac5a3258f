/* SPDX-License-Identifier: MIT */
/* Pools of threads, for calls that block. */
#include "fixture.h"
#include <pthread.h>
#include <signal.h>

static cq_pool *new_pool(size_t threads)
{
	cq_pool *pool = NULL;

	OK(cq_pool_new("test pool", threads, &pool));
	return pool;
}

/* Something that blocks until it is let go. */
struct blocker {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int begun, ended, go;
	cq_pool *pool;
	pthread_t threads[8];
};

static struct blocker new_blocker(cq_pool *pool)
{
	struct blocker b = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, pool, { 0 } };

	return b;
}

static int block(void *argument)
{
	struct blocker *b = argument;
	int number;

	pthread_mutex_lock(&b->mutex);
	b->threads[b->begun] = pthread_self();
	number = ++b->begun;
	pthread_cond_broadcast(&b->changed);
	while (!b->go)
		pthread_cond_wait(&b->changed, &b->mutex);
	b->ended++;
	pthread_mutex_unlock(&b->mutex);
	return number;
}

static void wait_begun(struct blocker *b, int count)
{
	pthread_mutex_lock(&b->mutex);
	while (b->begun < count)
		pthread_cond_wait(&b->changed, &b->mutex);
	pthread_mutex_unlock(&b->mutex);
}

static void let_go(struct blocker *b)
{
	pthread_mutex_lock(&b->mutex);
	b->go = 1;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mutex);
}

struct caller {
	struct blocker *blocker;
	int result, code, over;
};

static int call_it(void *argument)
{
	struct caller *c = argument;

	c->code = cq_pool_run(c->blocker->pool, block, c->blocker, &c->result);
	c->over = 1;
	return 0;
}

static int count_steps(void *argument)
{
	int *steps = argument, i;

	for (i = 0; i < 20; i++, ++*steps)
		OK(cq_sleep(MS(1)));
	return 0;
}

TEST(other_tasks_run_while_a_call_blocks)
{
	cq_controller *controller = new_controller();
	struct blocker b = new_blocker(new_pool(2));
	struct caller first = { &b, 0, 77, 0 }, second = { &b, 0, 77, 0 }, third = { &b, 0, 77, 0 };
	int steps = 0;

	OK(cq_controller_wrap(controller, call_it, NULL, &first, NULL));
	OK(cq_controller_wrap(controller, call_it, NULL, &second, NULL));
	OK(cq_controller_wrap(controller, call_it, NULL, &third, NULL));
	OK(cq_controller_wrap(controller, count_steps, NULL, &steps, NULL));
	UNTIL(steps == 20, controller);
	wait_begun(&b, 2);
	EQ(b.begun, 2); /* no more threads than were asked for */
	EQ(cq_pool_waiting(b.pool), 1);
	EQ(first.over + second.over + third.over, 0);
	let_go(&b);
	run(controller);
	EQ(first.code | second.code | third.code, 0);
	EQ(first.result + second.result + third.result, 1 + 2 + 3);
	EQ(b.ended, 3);
	CHECK(!pthread_equal(b.threads[0], pthread_self()));
	cq_pool_free(b.pool);
	cq_controller_free(controller);
}

static int tell_mask(void *argument)
{
	return pthread_sigmask(SIG_BLOCK, NULL, argument);
}

TEST(a_call_without_a_controller_blocks_the_thread)
{
	cq_pool *pool = new_pool(1);
	sigset_t mask;
	int result = 77;

	OK(cq_pool_run(pool, tell_mask, &mask, &result));
	EQ(result, 0);
	EQ(sigismember(&mask, SIGTERM), 1); /* signals go to the program's own threads */
	OK(cq_pool_run(pool, tell_mask, &mask, NULL));
	cq_pool_free(pool);
}

/* What has not begun is taken back; what runs is waited for, and its result is told. */
TEST(a_call_that_is_cancelled_is_taken_back_or_waited_for)
{
	cq_controller *controller = new_controller();
	struct blocker b = new_blocker(new_pool(1));
	struct caller runs = { &b, 0, 77, 0 }, waits = { &b, 0, 77, 0 };
	cq_task tasks[2];
	int i;

	OK(cq_controller_wrap(controller, call_it, NULL, &runs, &tasks[0]));
	OK(cq_controller_wrap(controller, call_it, NULL, &waits, &tasks[1]));
	OK(cq_controller_step(controller, 0));
	wait_begun(&b, 1);
	OK(cq_task_cancel(controller, tasks[0], NULL));
	OK(cq_task_cancel(controller, tasks[1], NULL));
	for (i = 0; i < 3; i++)
		OK(cq_controller_step(controller, 0));
	EQ(waits.over, 1);
	EQ(waits.code, ECANCELED);
	EQ(runs.over, 0);
	EQ(cq_pool_waiting(b.pool), 0);
	let_go(&b);
	run(controller);
	EQ(runs.code, 0);
	EQ(runs.result, 1);
	EQ(b.begun, 1);
	cq_pool_free(b.pool);
	cq_controller_free(controller);
}

TEST(a_controller_can_go_while_a_call_runs)
{
	cq_controller *controller = new_controller();
	struct blocker b = new_blocker(new_pool(1));
	struct caller *caller = calloc(1, sizeof *caller);

	caller->blocker = &b;
	OK(cq_controller_wrap(controller, call_it, free, caller, NULL));
	OK(cq_controller_step(controller, 0));
	wait_begun(&b, 1);
	cq_controller_free(controller);
	let_go(&b);
	cq_pool_free(b.pool); /* waits */
	EQ(b.ended, 1);
}

static void *free_pool(void *argument)
{
	struct blocker *b = argument;

	cq_pool_free(b->pool);
	return NULL;
}

TEST(a_pool_that_is_freed_ends_what_has_not_begun)
{
	cq_controller *controller = new_controller();
	struct blocker b = new_blocker(new_pool(1));
	struct caller runs = { &b, 0, 77, 0 }, waits = { &b, 0, 77, 0 };
	pthread_t thread;

	OK(cq_controller_wrap(controller, call_it, NULL, &runs, NULL));
	OK(cq_controller_wrap(controller, call_it, NULL, &waits, NULL));
	OK(cq_controller_step(controller, 0));
	wait_begun(&b, 1);
	EQ(pthread_create(&thread, NULL, free_pool, &b), 0);
	UNTIL(waits.over, controller);
	EQ(waits.code, 0);
	EQ(waits.result, ECANCELED);
	let_go(&b);
	run(controller);
	EQ(runs.result, 1);
	EQ(pthread_join(thread, NULL), 0);
	cq_controller_free(controller);
}

struct many {
	cq_pool *pool;
	int done;
};

static int add_one(void *argument)
{
	return ++*(int *)argument;
}

static int call_many(void *argument)
{
	struct many *many = argument;
	int i, number = 0, result;

	for (i = 0; i < 50; i++) {
		OK(cq_pool_run(many->pool, add_one, &number, &result));
		EQ(result, i + 1);
	}
	many->done++;
	return 0;
}

static void *serve(void *argument)
{
	cq_controller *controller = new_controller();
	struct many many = { argument, 0 };
	int i;

	for (i = 0; i < 8; i++)
		OK(cq_controller_wrap(controller, call_many, NULL, &many, NULL));
	run(controller);
	EQ(many.done, 8);
	cq_controller_free(controller);
	return NULL;
}

TEST(threads_share_a_pool)
{
	cq_pool *pool = new_pool(3);
	pthread_t threads[3];
	int i;

	for (i = 0; i < 3; i++)
		EQ(pthread_create(&threads[i], NULL, serve, pool), 0);
	for (i = 0; i < 3; i++)
		EQ(pthread_join(threads[i], NULL), 0);
	cq_pool_free(pool);
}

static int refuse(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)controller, (void)task, (void)fired, (void)count;
	ERR(cq_pool_run(argument, add_one, NULL, NULL), EDEADLK);
	return 0;
}

TEST(what_makes_no_sense_is_refused)
{
	cq_controller *controller = new_controller();
	cq_pool *pool = new_pool(1), *other = NULL;

	ERR(cq_pool_new(NULL, 0, &other), EINVAL);
	ERR(cq_pool_new(NULL, 1025, &other), EINVAL);
	ERR(cq_pool_new(NULL, 1, NULL), EINVAL);
	CHECK(other == NULL);
	ERR(cq_pool_run(NULL, add_one, NULL, NULL), EINVAL);
	ERR(cq_pool_run(pool, NULL, NULL, NULL), EINVAL);
	OK(cq_controller_attach(controller, refuse, NULL, pool, NULL));
	run(controller);
	EQ(cq_pool_waiting(NULL), 0);
	cq_pool_free(NULL);
	cq_pool_free(pool);
	cq_controller_free(controller);
}
