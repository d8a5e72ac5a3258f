/* SPDX-License-Identifier: MIT */
/* Objects that go from thread to thread, and threads that must not touch them. */

#include "fixture.h"
#include <pthread.h>
#include <sched.h>

/* Runs a function in another thread, and waits until it has ended. */
static void elsewhere(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	EQ(pthread_create(&thread, NULL, function, argument), 0);
	EQ(pthread_join(thread, NULL), 0);
}

struct reading {
	cq_socket *ours, *peer;
	int result;
	double took;
};

static int read_a_line(void *argument)
{
	struct reading *reading = argument;
	const void *data;
	size_t size;
	double begun = cq_monotime();

	OK(cq_socket_set_timeout(reading->ours, 5));
	reading->result = cq_socket_read(reading->ours, CQ_READ_LINE, 0, &data, &size);
	reading->took = cq_monotime() - begun;
	return 0;
}

static int write_a_line(void *argument)
{
	struct reading *reading = argument;

	OK(cq_sleep(MS(20)));
	OK(cq_socket_write(reading->peer, "hello\n", 6));
	return cq_socket_flush(reading->peer);
}

static int close_it(void *argument)
{
	struct reading *reading = argument;

	OK(cq_sleep(MS(20)));
	return cq_socket_close(reading->ours);
}

static void *free_socket(void *socket)
{
	cq_socket_free(socket);
	return NULL;
}

/* What went wrong: the number of a socket that another thread had freed was believed to be registered still, and its next
 * owner was told of nothing. */
TEST(a_socket_that_was_read_here_is_freed_in_another_thread)
{
	cq_controller *cq = new_controller();
	struct reading reading;
	int round;

	for (round = 0; round < 5; round++) {
		OK(cq_socket_pair(SOCK_STREAM, &reading.ours, &reading.peer));
		OK(cq_controller_wrap(cq, read_a_line, NULL, &reading, NULL));
		OK(cq_controller_wrap(cq, write_a_line, NULL, &reading, NULL));
		run(cq);
		OK(reading.result);
		CHECK(reading.took < 2);
		elsewhere(free_socket, reading.ours);
		cq_socket_free(reading.peer);
	}
	cq_controller_free(cq);
}

/* The socket is waited for while another thread closes it: a mistake as long as the controller runs, but it does not, and
 * then its waiter is told. */
TEST(a_socket_that_another_thread_frees_wakes_its_waiter)
{
	cq_controller *cq = new_controller();
	cq_socket *ours, *peer;
	cq_interest on;
	cq_task task;
	cq_ready ready;

	OK(cq_socket_pair(SOCK_STREAM, &ours, &peer));
	OK(cq_controller_add(cq, NULL, &task));
	on = on_socket(ours, POLLIN);
	OK(cq_controller_enter(cq));
	OK(cq_controller_park(cq, task, &on, 1));
	OK(cq_controller_leave(cq));
	elsewhere(free_socket, ours);
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 5, 0));
	OK(cq_controller_next(cq, &ready));
	EQ(ready.count, 1);
	EQ(ready.fired[0].events, CQ_CANCELLED);
	OK(cq_controller_finish(cq, task));
	OK(cq_controller_leave(cq));
	cq_socket_free(peer);
	cq_controller_free(cq);
}

static void *make_controller(void *place)
{
	OK(cq_controller_new(place));
	return NULL;
}

static void *use_controller(void *controller)
{
	struct reading reading;

	OK(cq_socket_pair(SOCK_STREAM, &reading.ours, &reading.peer));
	OK(cq_controller_wrap(controller, read_a_line, NULL, &reading, NULL));
	OK(cq_controller_wrap(controller, close_it, NULL, &reading, NULL));
	run(controller);
	EQ(reading.result, EBADF);
	CHECK(reading.took < 2);
	cq_socket_free(reading.ours);
	cq_socket_free(reading.peer);
	return NULL;
}

/* What went wrong: threads were told apart by where their thread-locals lie, and the next thread's lie where the last
 * one's did. */
TEST(a_controller_outlives_the_thread_that_made_it)
{
	cq_controller *cq = NULL;
	int round;

	elsewhere(make_controller, &cq);
	for (round = 0; round < 3; round++)
		elsewhere(use_controller, cq);
	use_controller(cq);
	cq_controller_free(cq);
}

struct meeting {
	cq_condition *condition;
	cq_controller *other;
};

static int wait_once(void *condition)
{
	return cq_condition_wait(condition, -1);
}

static void *wait_here(void *argument)
{
	struct meeting *meeting = argument;

	meeting->other = new_controller();
	OK(cq_controller_wrap(meeting->other, wait_once, NULL, meeting->condition, NULL));
	OK(cq_controller_step(meeting->other, 0));
	return NULL;
}

TEST(a_condition_that_has_gone_to_another_thread_is_not_waited_for_again)
{
	struct meeting meeting = { new_condition(false), NULL };
	cq_interest set = on_condition(meeting.condition);
	cq_controller *cq = new_controller();
	cq_ready ready;
	cq_task task;
	int waits;

	OK(cq_controller_add(cq, NULL, &task));
	for (waits = 0; waits < 3; waits++) {
		OK(cq_controller_enter(cq));
		OK(cq_controller_wait(cq, 0, 0));
		OK(cq_controller_next(cq, &ready));
		if (waits == 2)
			elsewhere(wait_here, &meeting);
		ERR(cq_controller_park(cq, task, &set, 1), waits == 2 ? EPERM : 0);
		OK(cq_controller_leave(cq));
		if (waits < 2)
			OK(cq_condition_signal(meeting.condition, 1, NULL));
	}
	cq_controller_free(cq);
	cq_controller_free(meeting.other);
	cq_condition_free(meeting.condition);
}

struct intrusion {
	cq_controller *cq;
	cq_condition *condition;
	int codes[12], count;
};

static int nothing(void *unused)
{
	(void)unused;
	return 0;
}

static void *intrude(void *argument)
{
	struct intrusion *intrusion = argument;
	cq_controller *cq = intrusion->cq;
	cq_ready ready;
	cq_task task;
	int fd, *code = intrusion->codes;

	*code++ = cq_controller_add(cq, NULL, &task);
	*code++ = cq_controller_wrap(cq, nothing, NULL, NULL, NULL);
	*code++ = cq_controller_step(cq, 0);
	*code++ = cq_controller_loop(cq, 0);
	*code++ = cq_controller_enter(cq);
	*code++ = cq_controller_next(cq, &ready);
	*code++ = cq_controller_leave(cq);
	*code++ = cq_controller_close(cq);
	*code++ = cq_controller_cancel(cq, 0);
	*code++ = cq_controller_pollfd(cq, &fd);
	*code++ = cq_condition_signal(intrusion->condition, 1, NULL);
	*code++ = cq_condition_wait(intrusion->condition, 0);
	intrusion->count = (int)(code - intrusion->codes);
	OK(cq_controller_alert(cq)); /* this it may */
	return NULL;
}

static int wait_for_signals(void *condition)
{
	int waits;

	for (waits = 0; waits < 3; waits++)
		ERR(cq_condition_wait(condition, MS(50)), ETIMEDOUT);
	return 0;
}

/* What went wrong: the queue of a condition was changed by two threads at once, and either was answered with CQ_EPANIC. */
TEST(what_another_thread_uses_is_not_to_be_touched)
{
	struct intrusion intrusion = { new_controller(), new_condition(false), { 0 }, 0 };
	pthread_t thread;
	int i;

	OK(cq_controller_wrap(intrusion.cq, wait_for_signals, NULL, intrusion.condition, NULL));
	OK(cq_controller_step(intrusion.cq, 0));
	OK(cq_controller_enter(intrusion.cq));
	EQ(pthread_create(&thread, NULL, intrude, &intrusion), 0);
	EQ(pthread_join(thread, NULL), 0);
	OK(cq_controller_leave(intrusion.cq));
	EQ(intrusion.count, 12);
	for (i = 0; i < intrusion.count; i++)
		EQ(intrusion.codes[i], EPERM);
	run(intrusion.cq);
	OK(cq_condition_signal(intrusion.condition, 1, NULL));
	cq_condition_free(intrusion.condition);
	cq_controller_free(intrusion.cq);
}

static void *loop(void *controller)
{
	OK(cq_controller_loop(controller, 10));
	return NULL;
}

static int wait_for_one_signal(void *condition)
{
	return cq_condition_wait(condition, 10);
}

static int signal_it(void *condition)
{
	OK(cq_sleep(MS(10)));
	return cq_condition_signal(condition, 1, NULL);
}

TEST(a_condition_moves_with_the_controller_whose_tasks_wait_for_it)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);

	OK(cq_controller_wrap(cq, wait_for_one_signal, NULL, condition, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_wrap(cq, signal_it, NULL, condition, NULL));
	elsewhere(loop, cq);
	CHECK(cq_controller_empty(cq));
	cq_condition_free(condition);
	cq_controller_free(cq);
}

/* -- posting -- */

enum { POSTERS = 4, POSTS = 250000 };

struct posting {
	cq_controller *cq;
	cq_condition *done;
	pthread_t home;
	long ran;
	int last[POSTERS]; /* the number of each one's last post */
	struct post {
		struct posting *posting;
		int poster, number;
	} *posts[POSTERS];
};

static int note_post(void *argument)
{
	struct post *post = argument;
	struct posting *posting = post->posting;

	CHECK(pthread_equal(pthread_self(), posting->home));
	EQ(post->number, posting->last[post->poster] + 1); /* in order */
	posting->last[post->poster]++;
	if (++posting->ran == (long)POSTERS * POSTS)
		OK(cq_condition_signal(posting->done, 1, NULL));
	return 0;
}

static void *post_all(void *argument)
{
	struct post *posts = argument;
	int i;

	for (i = 0; i < POSTS; i++)
		OK(cq_controller_post(posts->posting->cq, note_post, &posts[i]));
	return NULL;
}

TEST(a_million_posts_of_four_threads_all_run_in_order_and_here)
{
	struct posting posting = { new_controller(), new_condition(false), pthread_self(), 0, { 0 }, { NULL } };
	pthread_t threads[POSTERS];
	int i, k;

	for (i = 0; i < POSTERS; i++) {
		posting.last[i] = -1;
		posting.posts[i] = malloc(POSTS * sizeof *posting.posts[i]);
		for (k = 0; k < POSTS; k++) {
			struct post post = { &posting, i, k };
			posting.posts[i][k] = post;
		}
	}
	OK(cq_controller_wrap(posting.cq, wait_for_one_signal, NULL, posting.done, NULL));
	for (i = 0; i < POSTERS; i++)
		EQ(pthread_create(&threads[i], NULL, post_all, posting.posts[i]), 0);
	run(posting.cq);
	EQ(posting.ran, (long)POSTERS * POSTS);
	for (i = 0; i < POSTERS; i++) {
		EQ(pthread_join(threads[i], NULL), 0);
		free(posting.posts[i]);
	}
	cq_condition_free(posting.done);
	cq_controller_free(posting.cq);
}

static int fail_with_7(void *ran)
{
	(*(int *)ran)++;
	ERR(cq_sleep(0), EDEADLK); /* as in a callback */
	return 7;
}

TEST(a_post_runs_once_may_fail_and_is_dropped_with_its_controller)
{
	cq_controller *cq = new_controller();
	int ran = 0;

	ERR(cq_controller_post(NULL, fail_with_7, &ran), EINVAL);
	ERR(cq_controller_post(cq, NULL, &ran), EINVAL);
	OK(cq_controller_post(cq, fail_with_7, &ran));
	EQ(cq_controller_count(cq), 1);
	ERR(cq_controller_loop(cq, 1), 7);
	EQ(ran, 1);
	CHECK(cq_controller_empty(cq));
	OK(cq_controller_post(cq, fail_with_7, &ran));
	OK(cq_controller_close(cq));
	ERR(cq_controller_post(cq, fail_with_7, &ran), EBADF);
	cq_controller_free(cq);
	EQ(ran, 1);
}

/* -- a kernel queue that is replaced while other threads alert -- */

struct lockstep {
	cq_controller *cq;
	volatile long bumps; /* of this thread alone; read by the other one between posts */
	volatile bool over;
	int code;
};

static int bump(void *argument)
{
	struct lockstep *lockstep = argument;

	__atomic_add_fetch(&lockstep->bumps, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static void *post_in_lockstep(void *argument)
{
	struct lockstep *lockstep = argument;
	long posts;

	for (posts = 1; posts <= 2000 && !lockstep->code; posts++) {
		double limit = cq_monotime() + 10;

		lockstep->code = cq_controller_post(lockstep->cq, bump, lockstep);
		while (__atomic_load_n(&lockstep->bumps, __ATOMIC_SEQ_CST) < posts && !lockstep->code) {
			if (cq_monotime() > limit)
				lockstep->code = ETIMEDOUT;
			if (slow())
				sched_yield(); /* valgrind runs one thread at a time */
		}
	}
	__atomic_store_n(&lockstep->over, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Leaves a registration behind that cannot be taken out: the descriptor is closed, and its file is open under another number. */
static int leave_stale_registrations(void *argument)
{
	struct lockstep *lockstep = argument;
	int round;

	for (round = 0; !__atomic_load_n(&lockstep->over, __ATOMIC_SEQ_CST); round++) {
		cq_interest on;
		int fds[2], copy;

		SYS(pipe(fds));
		copy = dup(fds[0]);
		CHECK(copy >= 0);
		on = on_fd(fds[0], POLLIN);
		on.timeout = 0;
		OK(cq_poll(&on, 1, NULL));
		SYS(close(fds[0]));
		plain_write(fds[1], "x"); /* the kernel tells of it from now on */
		OK(cq_sleep(0.0001));
		SYS(close(copy));
		SYS(close(fds[1]));
	}
	return 0;
}

TEST(no_post_is_lost_while_the_kernels_queue_is_replaced)
{
	struct lockstep lockstep = { new_controller(), 0, false, 0 };
	pthread_t thread;
	int before, after;

	OK(cq_controller_pollfd(lockstep.cq, &before));
	OK(cq_controller_wrap(lockstep.cq, leave_stale_registrations, NULL, &lockstep, NULL));
	EQ(pthread_create(&thread, NULL, post_in_lockstep, &lockstep), 0);
	run(lockstep.cq);
	EQ(pthread_join(thread, NULL), 0);
	OK(lockstep.code);
	EQ(lockstep.bumps, 2000);
	OK(cq_controller_pollfd(lockstep.cq, &after));
	EQ(after, before);
	cq_controller_free(lockstep.cq);
}

/* A controller that a thread steps for a while, and then another one. */
struct stepping {
	cq_controller *outer, *inner;
	cq_pool *pool;
	cq_scope *scope;
	int ticks, code, steps;
};

static void *step_twice(void *argument)
{
	struct stepping *stepping = argument;

	OK(cq_controller_step(stepping->outer, 0));
	OK(cq_controller_step(stepping->outer, 0));
	return NULL;
}

static void *step_to_the_end(void *argument)
{
	struct stepping *stepping = argument;

	while (!cq_controller_empty(stepping->outer)) {
		OK(cq_controller_step(stepping->outer, 1));
		stepping->steps++;
	}
	return NULL;
}

/* Steps a controller in this thread and in one that lives on, or in one that ends and in this thread. */
static void step_in_two_threads(struct stepping *stepping, bool first_ends)
{
	if (first_ends) {
		elsewhere(step_twice, stepping);
		step_to_the_end(stepping);
	} else {
		step_twice(stepping);
		elsewhere(step_to_the_end, stepping);
	}
}

static int tick(void *argument)
{
	struct stepping *stepping = argument;

	for (stepping->ticks = 0; stepping->ticks < 3; stepping->ticks++)
		OK(cq_sleep(MS(10)));
	return 0;
}

static int step_inner(void *argument)
{
	struct stepping *stepping = argument;

	while (!cq_controller_empty(stepping->inner))
		OK(cq_controller_step(stepping->inner, 5));
	return 0;
}

/* What went wrong: the fiber came to another thread in the middle of the step, which went on with what it had looked up of the
 * first one. */
TEST(a_fiber_that_steps_a_controller_goes_on_in_another_thread)
{
	int first_ends;

	for (first_ends = 0; first_ends < 2; first_ends++) {
		struct stepping stepping = { .outer = new_controller(), .inner = new_controller() };

		OK(cq_controller_wrap(stepping.inner, tick, NULL, &stepping, NULL));
		OK(cq_controller_wrap(stepping.outer, step_inner, NULL, &stepping, NULL));
		step_in_two_threads(&stepping, first_ends);
		EQ(stepping.ticks, 3);
		cq_controller_free(stepping.outer);
		cq_controller_free(stepping.inner);
	}
}

static int block(void *argument)
{
	(void)argument;
	usleep(100000);
	return 7;
}

static int run_in_pool(void *argument)
{
	struct stepping *stepping = argument;
	int result = 0;

	stepping->code = cq_pool_run(stepping->pool, block, NULL, &result);
	return 0;
}

/* What went wrong: the fiber believed itself outside of any, and asked again and again. */
TEST(a_fiber_whose_call_in_a_pool_is_cancelled_in_another_thread_waits_for_its_end)
{
	int first_ends;

	for (first_ends = 0; first_ends < 2; first_ends++) {
		struct stepping stepping = { .outer = new_controller() };

		OK(cq_pool_new(NULL, 1, &stepping.pool));
		OK(cq_scope_new(stepping.outer, NULL, &stepping.scope));
		OK(cq_scope_wrap(stepping.scope, run_in_pool, NULL, &stepping, NULL));
		if (first_ends)
			elsewhere(step_twice, &stepping);
		else
			step_twice(&stepping);
		usleep(20000); /* the function runs */
		OK(cq_scope_cancel(stepping.scope, ECANCELED, NULL));
		if (first_ends)
			step_to_the_end(&stepping);
		else
			elsewhere(step_to_the_end, &stepping);
		OK(stepping.code);
		CHECK(stepping.steps < 50);
		cq_scope_free(stepping.scope);
		cq_pool_free(stepping.pool);
		cq_controller_free(stepping.outer);
	}
}
