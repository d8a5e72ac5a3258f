/* SPDX-License-Identifier: MIT */
/* Threads: started with a socket, joined like anything else is waited for. */

#include "fixture.h"
#include <pthread.h>
#include <time.h>

/* Sends back a line, and ends with the number that it was given. */
static int echo_line(cq_socket *socket, void *argument)
{
	const void *line;
	size_t size;

	OK(cq_socket_read(socket, CQ_READ_LINE_KEEP, 0, &line, &size));
	OK(cq_socket_write(socket, line, size));
	OK(cq_socket_flush(socket));
	cq_socket_free(socket);
	return *(int *)argument;
}

static int return_at_once(cq_socket *socket, void *argument)
{
	(void)argument;
	cq_socket_free(socket);
	return 0;
}

/* Runs until the other end is closed. */
static int wait_for_the_end(cq_socket *socket, void *argument)
{
	const void *data;
	size_t size;

	(void)argument;
	ERR(cq_socket_read(socket, CQ_READ_LINE, 0, &data, &size), EPIPE);
	cq_socket_free(socket);
	return 0;
}

static cq_thread *start(cq_thread_function function, void *argument, cq_socket **socket)
{
	cq_thread *thread = NULL;

	OK(cq_thread_start(function, argument, socket, &thread));
	CHECK(thread != NULL && *socket != NULL);
	return thread;
}

static int join(const cq_thread *thread)
{
	int result = 77;

	OK(cq_thread_join(thread, -1, &result));
	return result;
}

TEST(null_is_refused)
{
	cq_socket *socket = NULL;
	cq_thread *thread = NULL;

	ERR(cq_thread_start(NULL, NULL, &socket, &thread), EINVAL);
	ERR(cq_thread_start(return_at_once, NULL, NULL, &thread), EINVAL);
	ERR(cq_thread_start(return_at_once, NULL, &socket, NULL), EINVAL);
	CHECK(socket == NULL && thread == NULL);
	ERR(cq_thread_join(NULL, 0, NULL), EINVAL);
	ERR(cq_thread_self(NULL), ESRCH);
	ERR(cq_thread_explain("text", 4), EINVAL);
	CHECK(cq_thread_reason(NULL, NULL) == NULL);
	EQ(cq_thread_pollfd(NULL), -1);
	CHECK(!cq_thread_equal(NULL, NULL));
	cq_thread_free(NULL);
}

TEST(a_thread_speaks_over_its_socket_and_returns_a_number)
{
	int argument = 42;
	cq_socket *socket;
	cq_thread *thread = start(echo_line, &argument, &socket);
	const void *line;
	size_t size;

	OK(cq_socket_write(socket, "hello\n", 6));
	OK(cq_socket_flush(socket));
	OK(cq_socket_read(socket, CQ_READ_LINE, 0, &line, &size));
	TEXT(line, size, "hello");
	EQ(join(thread), 42);
	EQ(join(thread), 42); /* as often as one likes */
	OK(cq_thread_join(thread, 0, NULL));
	CHECK(cq_thread_reason(thread, NULL) == NULL);
	cq_thread_free(thread);
	cq_socket_free(socket);
}

static int look_at_the_mask(cq_socket *socket, void *argument)
{
	sigset_t mask;

	EQ(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	*(int *)argument = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGUSR1) == 1 &&
	                   sigismember(&mask, SIGCHLD) == 1;
	cq_socket_free(socket);
	return 0;
}

TEST(all_signals_are_blocked_in_a_thread_and_none_in_its_starter)
{
	int all = 0;
	cq_socket *socket;
	cq_thread *thread = start(look_at_the_mask, &all, &socket);
	sigset_t mask;

	EQ(join(thread), 0);
	EQ(all, 1);
	EQ(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	EQ(sigismember(&mask, SIGINT), 0);
	cq_thread_free(thread);
	cq_socket_free(socket);
}

TEST(joining_a_thread_that_runs_ends_with_its_time)
{
	int result = 77;
	cq_socket *socket;
	cq_thread *thread = start(wait_for_the_end, NULL, &socket);
	struct pollfd record = { cq_thread_pollfd(thread), POLLIN, 0 };

	ERR(cq_thread_join(thread, 0, &result), ETIMEDOUT);
	ERR(cq_thread_join(thread, 0.02, &result), ETIMEDOUT);
	EQ(result, 77);
	EQ(poll(&record, 1, 0), 0);
	cq_socket_free(socket);
	EQ(poll(&record, 1, 10000), 1);
	EQ(join(thread), 0);
	EQ(poll(&record, 1, 0), 1); /* as long as there is a handle */
	cq_thread_free(thread);
}

static int join_oneself(cq_socket *socket, void *argument)
{
	cq_thread *self, *again;

	(void)argument;
	OK(cq_thread_self(&self));
	OK(cq_thread_self(&again));
	CHECK(cq_thread_equal(self, again));
	ERR(cq_thread_join(self, 0, NULL), EDEADLK);
	ERR(cq_thread_join(self, -1, NULL), EDEADLK);
	cq_thread_free(self);
	cq_thread_free(again);
	cq_socket_free(socket);
	return 0;
}

TEST(a_thread_cannot_join_itself)
{
	cq_socket *socket;
	cq_thread *thread = start(join_oneself, NULL, &socket);

	EQ(join(thread), 0);
	CHECK(cq_thread_equal(thread, thread));
	cq_thread_free(thread);
	cq_socket_free(socket);
}

static int explain(cq_socket *socket, void *argument)
{
	(void)argument;
	ERR(cq_thread_explain(NULL, 3), EINVAL);
	ERR(cq_thread_explain("a\0b", 3), EINVAL);
	OK(cq_thread_explain("first", 5));
	OK(cq_thread_explain("the disk is full", 16));
	cq_socket_free(socket);
	return ENOSPC;
}

TEST(a_thread_explains_its_end)
{
	cq_socket *socket;
	cq_thread *thread = start(explain, NULL, &socket);
	const char *reason;
	size_t size = 0;

	EQ(join(thread), ENOSPC);
	reason = cq_thread_reason(thread, &size);
	TEXT(reason, size, "the disk is full");
	EQ(strlen(reason), size);
	cq_thread_free(thread);
	cq_socket_free(socket);
}

static int leave(cq_socket *socket, void *argument)
{
	(void)argument;
	cq_socket_free(socket);
	pthread_exit(NULL);
}

TEST(a_thread_that_never_returned_is_joined_as_dead)
{
	cq_socket *socket;
	cq_thread *thread;

	if (SANITIZED)
		SKIP("the sanitizer keeps books of frames that pthread_exit jumps over");
	thread = start(leave, NULL, &socket);
	EQ(join(thread), EOWNERDEAD);
	EQ(join(thread), EOWNERDEAD);
	cq_thread_free(thread);
	cq_socket_free(socket);
}

static int join_in_a_fiber(void *argument)
{
	EQ(join(argument), 0);
	return 0;
}

static int close_later(void *argument)
{
	OK(cq_sleep(0.02));
	cq_socket_free(argument);
	return 0;
}

TEST(fibers_join_while_others_run)
{
	cq_controller *cq = new_controller();
	cq_socket *socket;
	cq_thread *thread = start(wait_for_the_end, NULL, &socket);

	OK(cq_controller_wrap(cq, join_in_a_fiber, NULL, thread, NULL));
	OK(cq_controller_wrap(cq, join_in_a_fiber, NULL, thread, NULL));
	OK(cq_controller_wrap(cq, close_later, NULL, socket, NULL));
	run(cq);
	cq_thread_free(thread);
	cq_controller_free(cq);
}

static void *do_nothing(void *unused)
{
	return unused;
}

/* The first thread of a process may bring one of a tool's. */
static void be_threaded(void)
{
	pthread_t first;

	EQ(pthread_create(&first, NULL, do_nothing, NULL), 0);
	EQ(pthread_join(first, NULL), 0);
}

static int count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int count = 0;

	if (!tasks)
		return -1;
	while (readdir(tasks))
		count++;
	closedir(tasks);
	return count;
}

static int tell_when_over(cq_socket *socket, void *argument)
{
	const void *data;
	size_t size;
	char byte = 'x';

	ERR(cq_socket_read(socket, CQ_READ_LINE, 0, &data, &size), EPIPE);
	cq_socket_free(socket);
	EQ(write(*(int *)argument, &byte, 1), 1);
	return 0;
}

TEST(a_thread_outlives_its_handle)
{
	cq_socket *socket;
	int fds[2], before;
	char byte = 0;

	be_threaded();
	before = count_threads();
	SYS(pipe(fds));
	cq_thread_free(start(tell_when_over, &fds[1], &socket));
	cq_socket_free(socket);
	EQ(read(fds[0], &byte, 1), 1);
	EQ(byte, 'x');
	while (count_threads() != before)
		usleep(1000);
}

/* A handle that goes round: a thread joins the one before it. */
static int join_another(cq_socket *socket, void *argument)
{
	int result = join(argument);

	cq_socket_free(socket);
	return result + 1;
}

TEST(any_thread_may_join_another)
{
	int argument = 1;
	cq_socket *first, *second;
	cq_thread *a = start(echo_line, &argument, &first);
	cq_thread *b = start(join_another, a, &second);

	OK(cq_socket_write(first, "x\n", 2));
	OK(cq_socket_flush(first));
	EQ(join(b), 2);
	EQ(join(a), 1);
	cq_thread_free(a);
	cq_thread_free(b);
	cq_socket_free(first);
	cq_socket_free(second);
}

static int start_another(cq_socket *socket, void *argument)
{
	cq_socket *inner;
	cq_thread *thread = start(return_at_once, NULL, &inner);

	(void)argument;
	EQ(join(thread), 0);
	cq_thread_free(thread);
	cq_socket_free(inner);
	cq_socket_free(socket);
	return 7;
}

TEST(threads_start_threads)
{
	cq_socket *socket;
	cq_thread *thread = start(start_another, NULL, &socket);

	EQ(join(thread), 7);
	cq_thread_free(thread);
	cq_socket_free(socket);
}

TEST(a_thousand_threads_come_and_go_and_leave_nothing)
{
	int number = slow() ? 100 : 1000, before, i, first;

	be_threaded();
	before = count_threads();
	first = dup(0);
	close(first);
	for (i = 0; i < number; i++) {
		cq_socket *socket;
		cq_thread *thread = start(return_at_once, NULL, &socket);

		if (i % 2 == 0)
			EQ(join(thread), 0);
		else
			while (cq_thread_join(thread, 1, NULL) == ETIMEDOUT)
				;
		cq_thread_free(thread);
		cq_socket_free(socket);
	}
	EQ(dup(0), first);
	while (count_threads() > before)
		usleep(1000); /* the kernel lists the last one for a moment after it was joined */
}

TEST(many_threads_run_at_once)
{
	enum { MANY = 50 };
	cq_thread *threads[MANY];
	cq_socket *sockets[MANY];
	int i;

	for (i = 0; i < MANY; i++)
		threads[i] = start(wait_for_the_end, NULL, &sockets[i]);
	for (i = 0; i < MANY; i++)
		cq_socket_free(sockets[i]);
	for (i = 0; i < MANY; i++) {
		EQ(join(threads[i]), 0);
		cq_thread_free(threads[i]);
	}
}

TEST(without_descriptors_nothing_is_started)
{
	struct rlimit limit;
	int free_number = dup(0), room;
	cq_socket *socket = NULL;
	cq_thread *thread = NULL;

	close(free_number);
	SYS(getrlimit(RLIMIT_NOFILE, &limit));
	/* One descriptor less than a start takes, and two, ... */
	for (room = 0; room < 4; room++) {
		limit.rlim_cur = (rlim_t)(free_number + room);
		SYS(setrlimit(RLIMIT_NOFILE, &limit));
		ERR(cq_thread_start(return_at_once, NULL, &socket, &thread), EMFILE);
		CHECK(socket == NULL && thread == NULL);
	}
	limit.rlim_cur = (rlim_t)(free_number + 5); /* and one to wait with */
	SYS(setrlimit(RLIMIT_NOFILE, &limit));
	OK(cq_thread_start(return_at_once, NULL, &socket, &thread));
	EQ(join(thread), 0);
	cq_thread_free(thread);
	cq_socket_free(socket);
}

TEST(a_process_without_room_for_threads_is_told)
{
	struct rlimit limit = { 1, 1 };
	cq_socket *socket = NULL;
	cq_thread *thread = NULL;
	int status;

	if (getuid() != 0)
		SKIP("only root can become a user of whom there are too many processes");
	if (SYS(fork()) == 0) {
		SYS(setrlimit(RLIMIT_NPROC, &limit));
		SYS(setuid(65534));
		ERR(cq_thread_start(return_at_once, NULL, &socket, &thread), EAGAIN);
		CHECK(socket == NULL && thread == NULL);
		check_vanish();
	}
	SYS(wait(&status));
	EQ(status, 0);
}

#if defined(__linux__)
#include <sys/syscall.h>

static int vanish(cq_socket *socket, void *argument)
{
	(void)socket, (void)argument;
	return (int)syscall(SYS_exit, 0); /* this thread only, past all destructors */
}

TEST(a_thread_that_vanished_is_told_at_the_timeout)
{
	cq_socket *socket;
	cq_thread *thread;
	int result = 0;

	if (SANITIZED)
		SKIP("the sanitizer waits for threads that it has seen begin");
	thread = start(vanish, NULL, &socket);
	OK(cq_thread_join(thread, MS(500), &result));
	EQ(result, EOWNERDEAD);
	OK(cq_thread_join(thread, 0, &result));
	EQ(result, EOWNERDEAD);
	cq_thread_free(thread);
	cq_socket_free(socket);
	if (slow())
		check_vanish(); /* what the thread had is nobody's */
}
#endif

static pthread_key_t lingering;
static int lingered;

static void linger(void *unused)
{
	(void)unused;
	usleep(1000000);
	__atomic_store_n(&lingered, 1, __ATOMIC_SEQ_CST);
}

static int end_with_a_destructor(cq_socket *socket, void *argument)
{
	cq_socket_free(socket);
	EQ(pthread_setspecific(lingering, argument), 0);
	return 7;
}

/* What went wrong: a fiber that joined a thread held up its controller while destructors of the program's ran there. */
TEST(joining_does_not_wait_for_destructors_of_the_program)
{
#ifdef __linux__
	cq_socket *socket;
	cq_thread *thread;
	double begun;
	int result = 0;

	EQ(pthread_key_create(&lingering, linger), 0);
	thread = start(end_with_a_destructor, &result, &socket);
	begun = cq_monotime();
	OK(cq_thread_join(thread, 10, &result));
	EQ(result, 7);
	CHECK(__atomic_load_n(&lingered, __ATOMIC_SEQ_CST) || cq_monotime() - begun < 0.7 || slow());
	cq_thread_free(thread);
	cq_socket_free(socket);
	while (!__atomic_load_n(&lingered, __ATOMIC_SEQ_CST))
		usleep(1000);
	usleep(50000); /* and is gone */
#else
	SKIP("this system waits for a thread without a limit only");
#endif
}
