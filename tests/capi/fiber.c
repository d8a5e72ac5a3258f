/* SPDX-License-Identifier: MIT */
/* Fibers: straight-line code whose waits suspend only itself. */

#include "fixture.h"
#include <pthread.h>

struct log {
	int releases; /* first: see count_release */
	char text[200];
	size_t size;
};

static void note(struct log *log, char letter)
{
	CHECK(log->size < sizeof log->text);
	log->text[log->size++] = letter;
}

static int three_steps(void *argument)
{
	struct log *log = argument;

	note(log, 'a');
	OK(cq_sleep(0));
	note(log, 'b');
	OK(cq_sleep(MS(1)));
	note(log, 'c');
	return 0;
}

TEST(a_fiber_runs_from_top_to_bottom)
{
	cq_controller *cq = new_controller();
	struct log log;

	memset(&log, 0, sizeof log);
	OK(cq_controller_wrap(cq, three_steps, count_release, &log, NULL));
	EQ(log.size, 0);
	OK(cq_controller_step(cq, -1));
	TEXT(log.text, log.size, "a");
	EQ(log.releases, 0);
	run(cq);
	TEXT(log.text, log.size, "abc");
	EQ(log.releases, 1);
	cq_controller_free(cq);
	EQ(log.releases, 1);
}

struct turn {
	struct log *log;
	char letter;
	int turns;
};

static int take_turns(void *argument)
{
	struct turn *turn = argument;

	while (turn->turns-- > 0) {
		note(turn->log, turn->letter);
		OK(cq_poll(NULL, 0, NULL));
	}
	return 0;
}

TEST(fibers_take_turns_by_an_empty_poll)
{
	cq_controller *cq = new_controller();
	struct log log;
	struct turn turns[3];
	int i;

	memset(&log, 0, sizeof log);
	for (i = 0; i < 3; i++) {
		turns[i].log = &log;
		turns[i].letter = (char)('x' + i);
		turns[i].turns = 3;
		OK(cq_controller_wrap(cq, take_turns, NULL, &turns[i], NULL));
	}
	run(cq);
	TEXT(log.text, log.size, "xyzxyzxyz");
	cq_controller_free(cq);
}

static int fail(void *argument)
{
	OK(cq_sleep(0));
	return *(int *)argument;
}

TEST(the_result_of_a_fiber_is_that_of_its_step_and_the_others_go_on)
{
	cq_controller *cq = new_controller();
	int codes[] = { ENOTTY, -7 };
	struct log log;

	memset(&log, 0, sizeof log);
	OK(cq_controller_wrap(cq, fail, NULL, &codes[0], NULL));
	OK(cq_controller_wrap(cq, fail, NULL, &codes[1], NULL));
	OK(cq_controller_wrap(cq, three_steps, count_release, &log, NULL));
	ERR(cq_controller_loop(cq, -1), ENOTTY);
	ERR(cq_controller_loop(cq, -1), -7);
	run(cq);
	TEXT(log.text, log.size, "abc");
	EQ(log.releases, 1);
	cq_controller_free(cq);
}

static int tell_who_runs(void *argument)
{
	cq_controller *controller;
	cq_task before, after;

	OK(cq_running(&controller, &before));
	CHECK(controller == argument);
	OK(cq_sleep(MS(1)));
	OK(cq_running(&controller, &after));
	CHECK(controller == argument);
	EQ(before, after);
	ERR(cq_controller_finish(controller, after), EBUSY);
	return 0;
}

TEST(a_fiber_is_told_which_task_it_is)
{
	cq_controller *cq = new_controller();

	OK(cq_controller_wrap(cq, tell_who_runs, NULL, cq, NULL));
	OK(cq_controller_wrap(cq, tell_who_runs, NULL, cq, NULL));
	run(cq);
	cq_controller_free(cq);
}

/* -- waiting -- */

static int poll_set(void *argument)
{
	int *fds = argument;
	cq_interest set[3];
	size_t fired;

	set[0] = on_time(MS(slow() ? 1000 : 20));
	set[1] = on_fd(fds[0], POLLIN);
	set[2] = on_fd(fds[1], POLLOUT);
	OK(cq_poll(set, 3, &fired));
	EQ(fired, 1);
	EQ(set[0].fired, 0);
	EQ(set[1].fired, 0);
	EQ(set[2].fired, POLLOUT);

	OK(cq_poll(set, 2, &fired)); /* marks are cleared first */
	EQ(fired, 1);
	EQ(set[0].fired, CQ_FIRED);
	EQ(set[1].fired, 0);
	EQ(set[2].fired, POLLOUT); /* not in this set */

	plain_write(fds[1], "x");
	set[0] = on_time(100);
	OK(cq_poll(set, 3, &fired));
	EQ(fired, 2);
	EQ(set[0].fired, 0);
	EQ(set[1].fired, POLLIN);
	EQ(set[2].fired, POLLOUT);

	set[1] = on_fd(12345, POLLIN);
	ERR(cq_poll(set, 3, &fired), EBADF);
	set[1] = on_fd(fds[0], POLLNVAL);
	ERR(cq_poll(set, 3, &fired), EINVAL);
	ERR(cq_poll(NULL, 1, &fired), EINVAL);
	fds[2]++;
	return 0;
}

TEST(a_fiber_polls_a_set)
{
	cq_controller *cq = new_controller();
	int fds[3];

	SYS(pipe(fds));
	fds[2] = 0;
	OK(cq_controller_wrap(cq, poll_set, NULL, fds, NULL));
	run(cq);
	EQ(fds[2], 1);
	cq_controller_free(cq);
}

struct meeting {
	cq_condition *condition;
	int arrived, timeouts;
};

static int wait_for_signal(void *argument)
{
	struct meeting *meeting = argument;

	OK(cq_condition_wait(meeting->condition, -1));
	meeting->arrived++;
	ERR(cq_condition_wait(meeting->condition, MS(1)), ETIMEDOUT);
	meeting->timeouts++;
	return 0;
}

static int signal_all(void *argument)
{
	struct meeting *meeting = argument;
	size_t woken;

	OK(cq_poll(NULL, 0, NULL));
	OK(cq_condition_signal(meeting->condition, SIZE_MAX, &woken));
	EQ(woken, 5);
	return 0;
}

TEST(fibers_wait_for_a_condition)
{
	cq_controller *cq = new_controller();
	struct meeting meeting = { NULL, 0, 0 };
	int i;

	meeting.condition = new_condition(false);
	for (i = 0; i < 5; i++)
		OK(cq_controller_wrap(cq, wait_for_signal, NULL, &meeting, NULL));
	OK(cq_controller_wrap(cq, signal_all, NULL, &meeting, NULL));
	run(cq);
	EQ(meeting.arrived, 5);
	EQ(meeting.timeouts, 5);
	cq_condition_free(meeting.condition);
	cq_controller_free(cq);
}

static int echo(void *argument)
{
	const void *line;
	size_t size;
	int code;

	while ((code = cq_socket_read(argument, CQ_READ_LINE_KEEP, 0, &line, &size)) == 0)
		OK(cq_socket_write(argument, line, size));
	EQ(code, EPIPE);
	OK(cq_socket_shutdown(argument, SHUT_WR));
	return 0;
}

static int ask(void *argument)
{
	char line[32];
	int i;

	for (i = 0; i < 50; i++) {
		int size = snprintf(line, sizeof line, "question %d\n", i);
		const void *data;
		size_t got;

		OK(cq_socket_write(argument, line, (size_t)size));
		OK(cq_socket_read(argument, CQ_READ_LINE_KEEP, 0, &data, &got));
		EQ(got, size);
		CHECK(memcmp(data, line, got) == 0);
	}
	OK(cq_socket_shutdown(argument, SHUT_WR));
	ERR(read_code(argument, CQ_READ_LINE, 0), EPIPE);
	return 0;
}

TEST(fibers_talk_over_sockets)
{
	cq_controller *cq = new_controller();
	cq_socket *sockets[40];
	size_t i;

	for (i = 0; i < COUNT(sockets); i += 2) {
		pair(&sockets[i], &sockets[i + 1]);
		OK(cq_controller_wrap(cq, echo, NULL, sockets[i], NULL));
		OK(cq_controller_wrap(cq, ask, NULL, sockets[i + 1], NULL));
	}
	run(cq);
	for (i = 0; i < COUNT(sockets); i++)
		cq_socket_free(sockets[i]);
	cq_controller_free(cq);
}

static int tick(void *argument)
{
	int *ticks = argument;

	for (;;) {
		OK(cq_sleep(MS(1)));
		++*ticks;
	}
	return 0;
}

static int run_inner(void *argument)
{
	return cq_controller_loop(argument, -1);
}

TEST(a_fiber_that_runs_another_controller_holds_up_nobody)
{
	cq_controller *outer = new_controller(), *inner = new_controller();
	int ticks = 0;
	struct log log;
	cq_task ticker;

	memset(&log, 0, sizeof log);
	OK(cq_controller_wrap(inner, three_steps, NULL, &log, NULL));
	OK(cq_controller_wrap(outer, run_inner, NULL, inner, NULL));
	OK(cq_controller_wrap(outer, tick, NULL, &ticks, &ticker));
	UNTIL(cq_controller_empty(inner), outer);
	UNTIL(ticks > 3, outer);
	OK(cq_controller_finish(outer, ticker));
	run(outer);
	cq_controller_free(inner);
	cq_controller_free(outer);
}

/* -- ends -- */

TEST(a_fiber_that_never_ran_is_released)
{
	cq_controller *cq = new_controller();
	struct log log;

	memset(&log, 0, sizeof log);
	OK(cq_controller_wrap(cq, three_steps, count_release, &log, NULL));
	cq_controller_free(cq);
	EQ(log.releases, 1);
	EQ(log.size, 0);
}

TEST(a_dropped_fiber_never_continues)
{
	cq_controller *cq = new_controller();
	struct log freed, finished;
	cq_task task;

	memset(&freed, 0, sizeof freed);
	memset(&finished, 0, sizeof finished);
	OK(cq_controller_wrap(cq, three_steps, count_release, &freed, NULL));
	OK(cq_controller_wrap(cq, three_steps, count_release, &finished, &task));
	OK(cq_controller_step(cq, -1));
	OK(cq_controller_finish(cq, task));
	EQ(finished.releases, 1);
	OK(cq_controller_close(cq));
	EQ(freed.releases, 1);
	cq_controller_free(cq);
	TEXT(freed.text, freed.size, "a");
	TEXT(finished.text, finished.size, "a");
	EQ(freed.releases, 1);
}

/* Each of the calls that wait, for ever. What the library keeps meanwhile must not get lost. */

static int abandoned_in_poll(void *argument)
{
	cq_interest set[3];

	set[0] = on_condition(argument);
	set[1] = on_time(1000);
	set[2] = on_condition(argument);
	OK(cq_poll(set, 3, NULL));
	CHECK(!"reached");
	return 0;
}

static int abandoned_in_condition(void *argument)
{
	OK(cq_condition_wait(argument, 1000));
	CHECK(!"reached");
	return 0;
}

static int abandoned_in_read(void *argument)
{
	CHECK(read_code(argument, CQ_READ_EXACTLY, 10) == -1);
	return 0;
}

static int abandoned_in_write(void *argument)
{
	static char big[1 << 20];

	CHECK(cq_socket_write(argument, big, sizeof big) == -1);
	return 0;
}

static int abandoned_in_accept(void *argument)
{
	cq_socket *accepted;

	CHECK(cq_socket_accept(argument, &accepted) == -1);
	return 0;
}

static int abandoned_in_step(void *argument)
{
	CHECK(cq_controller_step(argument, 1000) == -1);
	return 0;
}

static void abandon(int (*function)(void *), void *argument)
{
	cq_controller *cq = new_controller();
	int i;

	for (i = 0; i < 20; i++)
		OK(cq_controller_wrap(cq, function, NULL, argument, NULL));
	OK(cq_controller_step(cq, -1));
	OK(cq_controller_step(cq, 0));
	EQ(cq_controller_count(cq), 20);
	cq_controller_free(cq);
}

TEST(a_fiber_abandoned_in_a_poll_leaks_nothing)
{
	cq_condition *condition = new_condition(false);

	abandon(abandoned_in_poll, condition);
	cq_condition_free(condition);
}

TEST(a_fiber_abandoned_at_a_condition_leaks_nothing)
{
	cq_condition *condition = new_condition(false);

	abandon(abandoned_in_condition, condition);
	cq_condition_free(condition);
}

TEST(a_fiber_abandoned_in_a_socket_leaks_nothing)
{
	cq_socket *first, *second;
	int port;

	abandon(sleep_for_ever, NULL);
	pair(&first, &second);
	abandon(abandoned_in_read, first);
	abandon(abandoned_in_write, first);
	cq_socket_free(first);
	cq_socket_free(second);
	first = listen_on("127.0.0.1", &port);
	abandon(abandoned_in_accept, first);
	cq_socket_free(first);
}

TEST(a_fiber_abandoned_in_another_controller_leaks_nothing)
{
	cq_controller *inner = new_controller();
	int before = open_descriptors();

	OK(cq_controller_attach(inner, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(inner, 0));
	abandon(abandoned_in_step, inner);
	cq_controller_free(inner);
	CHECK(open_descriptors() < before);
}

static int end_another(void *argument)
{
	cq_controller *controller;
	cq_task *other = argument, self;

	OK(cq_running(&controller, &self));
	ERR(cq_controller_finish(controller, self), EBUSY);
	OK(cq_controller_finish(controller, *other));
	return 0;
}

TEST(a_fiber_ends_another_but_not_itself)
{
	cq_controller *cq = new_controller();
	cq_task task;
	int releases = 0;

	OK(cq_controller_wrap(cq, sleep_for_ever, count_release, &releases, &task));
	OK(cq_controller_wrap(cq, end_another, NULL, &task, NULL));
	run(cq);
	EQ(releases, 1);
	cq_controller_free(cq);
}

static int free_own_controller(void *argument)
{
	cq_controller *controller;

	(void)argument;
	OK(cq_running(&controller, NULL));
	ERR(cq_controller_close(controller), EBUSY);
	cq_controller_free(controller);
	return 0;
}

static int free_own_controller_and_wait(void *argument)
{
	OK(free_own_controller(argument));
	cq_sleep(MS(1));
	CHECK(!"reached");
	return 0;
}

TEST(a_fiber_may_free_its_own_controller)
{
	cq_controller *cq = new_controller();
	int releases = 0;

	OK(cq_controller_wrap(cq, sleep_for_ever, count_release, &releases, NULL));
	OK(cq_controller_wrap(cq, free_own_controller, count_release, &releases, NULL));
	OK(cq_controller_wrap(cq, sleep_for_ever, count_release, &releases, NULL));
	OK(cq_controller_loop(cq, -1));
	EQ(releases, 3);

	releases = 0;
	cq = new_controller();
	OK(cq_controller_wrap(cq, free_own_controller_and_wait, count_release, &releases, NULL));
	OK(cq_controller_wrap(cq, sleep_for_ever, count_release, &releases, NULL));
	OK(cq_controller_loop(cq, -1));
	EQ(releases, 2);
}

/* What somebody else parks a fiber on has more members than the fiber's own array. */

struct victim {
	cq_task task;
	bool untouched;
};

static int polls_one(void *argument)
{
	struct victim *victim = argument;
	cq_interest around[12];
	size_t i;

	memset(around, 0, sizeof around);
	around[0] = on_time(MS(50));
	OK(cq_poll(around, 1, NULL));
	victim->untouched = true;
	for (i = 1; i < COUNT(around); i++)
		victim->untouched &= around[i].fired == 0;
	return 0;
}

TEST(no_other_task_can_make_a_poll_write_beyond_its_set)
{
	cq_controller *cq = new_controller();
	struct victim victim = { 0, false };
	cq_interest set[12];
	size_t i;

	OK(cq_controller_wrap(cq, polls_one, NULL, &victim, &victim.task));
	OK(cq_controller_step(cq, -1));
	for (i = 0; i < COUNT(set); i++)
		set[i] = on_time(0);
	cq_controller_park(cq, victim.task, set, COUNT(set)); /* refused, or without harm */
	run(cq);
	CHECK(victim.untouched);
	cq_controller_free(cq);
}

/* -- stacks -- */

static size_t use_stack(size_t size, int depth)
{
	volatile char block[1024];
	size_t i, sum = 0;

	for (i = 0; i < sizeof block; i++)
		block[i] = (char)depth;
	if (size > sizeof block + 128)
		sum = use_stack(size - sizeof block - 128, depth + 1);
	for (i = 0; i < sizeof block; i++)
		sum += (unsigned char)block[i];
	return sum;
}

static int deep(void *argument)
{
	size_t before = use_stack(*(size_t *)argument, 1), after;

	OK(cq_sleep(0));
	after = use_stack(*(size_t *)argument, 1);
	EQ(before, after);
	return 0;
}

TEST(deep_stacks_work_up_to_the_limit)
{
	cq_controller *cq = new_controller();
	size_t size = SANITIZED ? 120 * 1024 : 230 * 1024; /* of 256 KiB */
	int i;

	for (i = 0; i < 20; i++)
		OK(cq_controller_wrap(cq, deep, NULL, &size, NULL));
	run(cq);
	cq_controller_free(cq);
}

static int waits_deep_down(void *argument)
{
	volatile char block[150 * 1024];
	size_t i;
	int letter = *(char *)argument;

	for (i = 0; i < sizeof block; i++)
		block[i] = (char)letter;
	OK(cq_sleep(MS(1)));
	for (i = 0; i < sizeof block; i++)
		CHECK(block[i] == (char)letter);
	return 0;
}

TEST(stacks_do_not_mix)
{
	cq_controller *cq = new_controller();
	char letters[100];
	size_t i;

	for (i = 0; i < sizeof letters; i++) {
		letters[i] = (char)i;
		OK(cq_controller_wrap(cq, waits_deep_down, NULL, &letters[i], NULL));
	}
	run(cq);
	cq_controller_free(cq);
}

static int overflow(void *argument)
{
	return (int)use_stack(*(size_t *)argument, 1) & 1;
}

TEST(an_overflow_ends_the_process_with_a_segmentation_fault)
{
	size_t size = 300 * 1024;
	int status;
	pid_t child;

	if (SANITIZED || slow())
		SKIP("the tool catches the signal");
	child = fork();
	if (child == 0) {
		struct rlimit none = { 0, 0 };
		cq_controller *cq = new_controller();

		setrlimit(RLIMIT_CORE, &none);
		cq_controller_wrap(cq, overflow, NULL, &size, NULL);
		cq_controller_loop(cq, -1);
		_exit(0);
	}
	status = wait_for_child(child);
	CHECK(WIFSIGNALED(status));
	EQ(WTERMSIG(status), SIGSEGV);
}

TEST(ten_thousand_fibers_one_after_the_other_need_one_stack)
{
	cq_controller *cq = new_controller();
	struct rusage before, after;
	size_t size = 100 * 1024;
	int i, rounds = slow() ? 500 : 10000;

	if (SANITIZED)
		SKIP("the sanitizer keeps memory");
	OK(cq_controller_wrap(cq, deep, NULL, &size, NULL));
	run(cq);
	SYS(getrusage(RUSAGE_SELF, &before));
	for (i = 0; i < rounds; i++) {
		OK(cq_controller_wrap(cq, deep, NULL, &size, NULL));
		run(cq);
	}
	SYS(getrusage(RUSAGE_SELF, &after));
	CHECK(after.ru_maxrss - before.ru_maxrss < 2048);
	cq_controller_free(cq);
}

TEST(five_thousand_fibers_live_at_once)
{
	cq_controller *cq = new_controller();
	int releases = 0, count = slow() ? 500 : 5000, i;

	for (i = 0; i < count; i++)
		OK(cq_controller_wrap(cq, sleep_for_ever, count_release, &releases, NULL));
	OK(cq_controller_step(cq, -1));
	EQ(cq_controller_count(cq), count);
	cq_controller_free(cq);
	EQ(releases, count);
}

TEST(no_memory_for_a_stack_is_an_error)
{
	cq_controller *cq = new_controller();
	int count = 0, releases = 0, code = 0;
	struct rlimit limit;
	size_t i;

	if (SANITIZED || slow())
		SKIP("the tool needs the address space itself");
	SYS(getrlimit(RLIMIT_AS, &limit));
	limit.rlim_cur = (rlim_t)256 << 20;
	SYS(setrlimit(RLIMIT_AS, &limit));
	for (i = 0; i < 2000 && code == 0; i++) {
		code = cq_controller_wrap(cq, sleep_for_ever, count_release, &releases, NULL);
		count += code == 0;
	}
	ERR(code, ENOMEM);
	EQ(releases, 0);
	OK(cq_controller_step(cq, 0));
	EQ(cq_controller_count(cq), count);
	cq_controller_free(cq);
	EQ(releases, count);
}

static int keep_numbers(void *argument)
{
	double a = *(double *)argument, b = a * 3, c = a * 5, d = a * 7;
	long i = (long)a, j = i * 11, k = i * 13, l = i * 17, m = i * 19, n = i * 23;
	int round;

	for (round = 0; round < 50; round++) {
		OK(cq_poll(NULL, 0, NULL));
		CHECK(b == a * 3 && c == a * 5 && d == a * 7);
		CHECK(j == i * 11 && k == i * 13 && l == i * 17 && m == i * 19 && n == i * 23);
	}
	return 0;
}

TEST(registers_survive_a_wait)
{
	cq_controller *cq = new_controller();
	double numbers[10];
	size_t i;

	for (i = 0; i < COUNT(numbers); i++) {
		numbers[i] = (double)i + 0.25;
		OK(cq_controller_wrap(cq, keep_numbers, NULL, &numbers[i], NULL));
	}
	run(cq);
	cq_controller_free(cq);
}

/* -- threads -- */

static void *step_elsewhere(void *argument)
{
	OK(cq_controller_loop(argument, -1));
	return NULL;
}

/* A controller belongs to one thread at a time, and may move with its suspended fibers. */
TEST(fibers_move_to_another_thread_with_their_controller)
{
	cq_controller *cq = new_controller();
	struct log logs[10];
	pthread_t thread;
	size_t i;

	memset(logs, 0, sizeof logs);
	for (i = 0; i < COUNT(logs); i++)
		OK(cq_controller_wrap(cq, three_steps, count_release, &logs[i], NULL));
	OK(cq_controller_step(cq, -1)); /* suspended here */
	EQ(pthread_create(&thread, NULL, step_elsewhere, cq), 0);
	EQ(pthread_join(thread, NULL), 0);
	for (i = 0; i < COUNT(logs); i++) {
		TEXT(logs[i].text, logs[i].size, "abc");
		EQ(logs[i].releases, 1);
	}
	OK(cq_sleep(MS(1))); /* this thread does not take itself for a fiber */
	cq_controller_free(cq);
}

static void *steps_that_alternate(void *argument)
{
	OK(cq_controller_step(argument, -1));
	return NULL;
}

TEST(fibers_move_between_threads_again_and_again)
{
	cq_controller *cq = new_controller();
	struct log log;
	struct turn turn;
	int i;

	memset(&log, 0, sizeof log);
	turn.log = &log;
	turn.letter = 't';
	turn.turns = 20;
	OK(cq_controller_wrap(cq, take_turns, NULL, &turn, NULL));
	for (i = 0; i < 10; i++) {
		pthread_t thread;

		EQ(pthread_create(&thread, NULL, steps_that_alternate, cq), 0);
		EQ(pthread_join(thread, NULL), 0);
		OK(cq_controller_step(cq, -1));
		EQ(log.size, 2 * (size_t)(i + 1));
		ERR(cq_running(NULL, NULL), ENOENT);
	}
	run(cq);
	cq_controller_free(cq);
}
