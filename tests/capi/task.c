/* SPDX-License-Identifier: MIT */
/* Tasks in callback style: how they start, wait, end and are released. */

#include "fixture.h"

/* A task that notes what it sees, waits as it was told, and ends with a code. */
struct probe {
	int releases; /* first: see count_release */
	int runs;
	cq_fired fired[4];
	size_t count;
	cq_interest set[4];
	size_t members;
	int wait_times; /* how often to wait for the set before ending */
	int park_code, code;
};

static int probe_run(cq_controller *controller, cq_task task, void *argument,
                     const cq_fired *fired, size_t count)
{
	struct probe *probe = argument;

	CHECK(probe->releases == 0);
	CHECK(count <= COUNT(probe->fired));
	CHECK(count == 0 || fired != NULL);
	if (count > 0)
		memcpy(probe->fired, fired, count * sizeof *fired);
	probe->count = count;
	if (probe->runs++ < probe->wait_times)
		probe->park_code = cq_controller_park(controller, task, probe->set, probe->members);
	return probe->code;
}

static struct probe new_probe(void)
{
	struct probe probe;

	memset(&probe, 0, sizeof probe);
	return probe;
}

static cq_task start(cq_controller *cq, struct probe *probe)
{
	cq_task task;

	OK(cq_controller_attach(cq, probe_run, count_release, probe, &task));
	return task;
}

TEST(a_task_that_does_not_wait_is_over_after_one_run)
{
	cq_controller *cq = new_controller();
	struct probe probe = new_probe();

	start(cq, &probe);
	EQ(cq_controller_count(cq), 1);
	EQ(probe.runs, 0);
	OK(cq_controller_step(cq, -1));
	EQ(probe.runs, 1);
	EQ(probe.count, 0);
	EQ(probe.releases, 1);
	CHECK(cq_controller_empty(cq));
	cq_controller_free(cq);
	EQ(probe.releases, 1);
}

TEST(a_task_needs_no_release_and_no_name)
{
	cq_controller *cq = new_controller();

	OK(cq_controller_attach(cq, end_at_once, NULL, NULL, NULL));
	OK(cq_controller_attach(cq, wait_for_ever, NULL, NULL, NULL));
	OK(cq_controller_step(cq, -1));
	EQ(cq_controller_count(cq), 1);
	cq_controller_free(cq);
}

TEST(a_waiting_task_is_told_what_woke_it)
{
	cq_controller *cq = new_controller();
	struct probe probe = new_probe();
	int fds[2];

	SYS(pipe(fds));
	probe.set[0] = on_time(100);
	probe.set[1] = on_fd(fds[0], POLLIN);
	probe.members = 2;
	probe.wait_times = 2;
	start(cq, &probe);
	OK(cq_controller_step(cq, -1));
	OK(probe.park_code);
	plain_write(fds[1], "x");
	UNTIL(probe.runs == 2, cq);
	EQ(probe.count, 1);
	EQ(probe.fired[0].member, 1);
	EQ(probe.fired[0].events, POLLIN);
	/* It has not read, so it is woken again: interest is level-triggered. */
	UNTIL(probe.runs == 3, cq);
	EQ(probe.releases, 1);
	cq_controller_free(cq);
}

TEST(an_empty_set_lets_the_others_run_once)
{
	cq_controller *cq = new_controller();
	struct probe first = new_probe(), second = new_probe();
	int i;

	first.wait_times = second.wait_times = 100;
	start(cq, &first);
	start(cq, &second);
	for (i = 1; i <= 100; i++) {
		OK(cq_controller_step(cq, -1));
		EQ(first.runs, i);
		EQ(second.runs, i);
	}
	cq_controller_free(cq);
}

static int park_twice(cq_controller *controller, cq_task task, void *argument,
                      const cq_fired *fired, size_t count)
{
	int *fds = argument;

	if (count == 0) {
		OK(park(controller, task, on_fd(fds[0], POLLIN)));
		return park(controller, task, on_fd(fds[2], POLLIN));
	}
	EQ(count, 1);
	EQ(fired[0].events, POLLIN);
	fds[4]++;
	return 0;
}

TEST(of_two_parks_the_last_counts)
{
	cq_controller *cq = new_controller();
	int fds[5];

	fds[4] = 0;
	SYS(pipe(fds));
	SYS(pipe(fds + 2));
	OK(cq_controller_attach(cq, park_twice, NULL, fds, NULL));
	OK(cq_controller_step(cq, -1));
	plain_write(fds[1], "x");
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	EQ(fds[4], 0);
	plain_write(fds[3], "x");
	UNTIL(fds[4] == 1, cq);
	cq_controller_free(cq);
}

TEST(a_task_that_cannot_wait_for_its_descriptor_is_over)
{
	cq_controller *cq = new_controller();
	struct probe bad = new_probe(), file = new_probe(), strange = new_probe();

	bad.set[0] = on_fd(12345, POLLIN);
	file.set[0] = on_fd(open("/proc/self/exe", O_RDONLY), POLLIN);
	strange.set[0] = on_fd(0, POLLIN | 0x40000);
	bad.members = file.members = strange.members = 1;
	bad.wait_times = file.wait_times = strange.wait_times = 10;
	start(cq, &bad);
	start(cq, &file);
	start(cq, &strange);
	OK(cq_controller_step(cq, -1));
	EQ(bad.park_code, EBADF);
	EQ(file.park_code, EPERM);
	EQ(strange.park_code, EINVAL);
	EQ(bad.releases + file.releases + strange.releases, 3);
	CHECK(cq_controller_empty(cq));
	cq_controller_free(cq);
}

TEST(a_descriptor_number_out_of_this_world_is_refused_without_effort)
{
	cq_controller *cq = new_controller();
	struct probe probe = new_probe();
	struct rusage before, after;

	SYS(getrusage(RUSAGE_SELF, &before));
	probe.set[0] = on_fd(60 * 1000 * 1000, POLLIN);
	probe.members = 1;
	probe.wait_times = 10;
	start(cq, &probe);
	OK(cq_controller_step(cq, -1));
	EQ(probe.park_code, EBADF);
	SYS(getrusage(RUSAGE_SELF, &after));
	CHECK(after.ru_maxrss - before.ru_maxrss < 10 * 1024);
	cq_controller_free(cq);
}

/* -- ends -- */

TEST(release_is_called_once_however_a_task_ends)
{
	cq_controller *cq = new_controller();
	struct probe ended = new_probe(), finished = new_probe(), unborn = new_probe(), dropped = new_probe();
	cq_task task;

	finished.set[0] = dropped.set[0] = on_time(-1);
	finished.members = dropped.members = finished.wait_times = dropped.wait_times = 1;
	start(cq, &ended);
	task = start(cq, &finished);
	start(cq, &dropped);
	OK(cq_controller_step(cq, -1));
	EQ(ended.releases, 1);
	EQ(finished.releases, 0);
	OK(cq_controller_finish(cq, task));
	EQ(finished.releases, 1);
	ERR(cq_controller_finish(cq, task), ENOENT);
	EQ(finished.releases, 1);
	start(cq, &unborn);
	EQ(cq_controller_count(cq), 2);
	cq_controller_free(cq);
	EQ(ended.releases, 1);
	EQ(finished.releases, 1);
	EQ(dropped.releases, 1);
	EQ(unborn.releases, 1);
	EQ(unborn.runs, 0);
}

TEST(freeing_a_controller_releases_each_of_a_thousand_waiting_tasks_once)
{
	cq_controller *cq = new_controller();
	cq_condition *condition = new_condition(false);
	struct probe list[1000];
	int fds[2];
	size_t i;

	SYS(pipe(fds));
	for (i = 0; i < COUNT(list); i++) {
		list[i] = new_probe();
		list[i].set[0] = on_fd(fds[0], POLLIN);
		list[i].set[1] = on_condition(condition);
		list[i].set[2] = on_time(1000);
		list[i].members = 3;
		list[i].wait_times = 10;
		start(cq, &list[i]);
	}
	OK(cq_controller_step(cq, -1));
	OK(cq_condition_signal(condition, 10, NULL)); /* some are ready to run */
	cq_controller_free(cq);
	for (i = 0; i < COUNT(list); i++) {
		EQ(list[i].releases, 1);
		EQ(list[i].runs, 1);
	}
	cq_condition_free(condition);
}

TEST(the_code_of_a_task_is_the_result_of_its_step_and_the_others_go_on)
{
	cq_controller *cq = new_controller();
	struct probe first = new_probe(), bad = new_probe(), worse = new_probe(), last = new_probe(), waits = new_probe();
	int fds[2];

	SYS(pipe(fds));
	waits.set[0] = on_fd(fds[0], POLLIN);
	waits.members = waits.wait_times = 1;
	bad.code = ENOTTY;
	worse.code = -42;
	start(cq, &waits);
	start(cq, &first);
	start(cq, &bad);
	start(cq, &worse);
	start(cq, &last);
	ERR(cq_controller_step(cq, -1), ENOTTY);
	EQ(first.releases, 1);
	EQ(bad.releases, 1);
	EQ(last.releases, 0);
	ERR(cq_controller_loop(cq, -1), -42);
	OK(cq_controller_step(cq, 0));
	EQ(last.releases, 1);
	EQ(cq_controller_count(cq), 1);
	plain_write(fds[1], "x");
	run(cq);
	EQ(waits.runs, 2);
	EQ(waits.releases, 1);
	cq_controller_free(cq);
}

TEST(a_task_that_returns_a_code_but_waits_goes_on)
{
	cq_controller *cq = new_controller();
	struct probe probe = new_probe();

	probe.code = EIO;
	probe.wait_times = 2;
	start(cq, &probe);
	ERR(cq_controller_step(cq, -1), EIO);
	EQ(probe.releases, 0);
	ERR(cq_controller_step(cq, -1), EIO);
	ERR(cq_controller_step(cq, -1), EIO);
	EQ(probe.releases, 1);
	cq_controller_free(cq);
}

/* -- from inside -- */

static int finish_another(cq_controller *controller, cq_task task, void *argument,
                          const cq_fired *fired, size_t count)
{
	cq_task *other = argument;

	(void)fired, (void)count;
	ERR(cq_controller_finish(controller, task), EBUSY);
	OK(cq_controller_finish(controller, *other));
	ERR(cq_controller_finish(controller, *other), ENOENT);
	return 0;
}

TEST(a_task_ends_another_but_not_itself)
{
	cq_controller *cq = new_controller();
	struct probe waiting = new_probe(), ready = new_probe();
	cq_task names[2];

	waiting.set[0] = on_time(-1);
	waiting.members = waiting.wait_times = 1;
	names[0] = start(cq, &waiting);
	OK(cq_controller_attach(cq, finish_another, NULL, &names[0], NULL));
	OK(cq_controller_attach(cq, finish_another, NULL, &names[1], NULL));
	names[1] = start(cq, &ready);
	OK(cq_controller_step(cq, -1));
	EQ(waiting.releases, 1);
	EQ(waiting.runs, 1);
	EQ(ready.releases, 1);
	EQ(ready.runs, 0); /* it was ready in the same step, behind the one that ended it */
	CHECK(cq_controller_empty(cq));
	cq_controller_free(cq);
}

struct chain {
	int left, releases;
};

static int link_of_chain(cq_controller *controller, cq_task task, void *argument,
                         const cq_fired *fired, size_t count)
{
	struct chain *chain = argument;

	(void)task, (void)fired, (void)count;
	return chain->left-- > 0 ? cq_controller_attach(controller, link_of_chain, NULL, chain, NULL) : 0;
}

TEST(tasks_start_tasks)
{
	cq_controller *cq = new_controller();
	struct chain chain = { 10000, 0 };

	OK(cq_controller_attach(cq, link_of_chain, NULL, &chain, NULL));
	run(cq);
	EQ(chain.left, -1);
	cq_controller_free(cq);
}

static int free_controller(cq_controller *controller, cq_task task, void *argument,
                           const cq_fired *fired, size_t count)
{
	int *releases = argument;

	(void)task, (void)fired, (void)count;
	ERR(cq_controller_close(controller), EBUSY);
	cq_controller_free(controller);
	EQ(*releases, 0); /* nothing happens before the step ends */
	return 0;
}

TEST(a_task_may_free_its_own_controller)
{
	cq_controller *cq = new_controller();
	int releases = 0, i, before = open_descriptors();

	for (i = 0; i < 10; i++)
		OK(cq_controller_attach(cq, wait_for_ever, count_release, &releases, NULL));
	OK(cq_controller_attach(cq, free_controller, count_release, &releases, NULL));
	for (i = 0; i < 10; i++)
		OK(cq_controller_attach(cq, wait_for_ever, count_release, &releases, NULL));
	OK(cq_controller_step(cq, -1));
	EQ(releases, 21);
	EQ(open_descriptors(), before - 1);

	releases = 0;
	cq = new_controller();
	OK(cq_controller_attach(cq, wait_for_ever, count_release, &releases, NULL));
	OK(cq_controller_attach(cq, free_controller, count_release, &releases, NULL));
	OK(cq_controller_loop(cq, -1)); /* and a loop ends with it */
	EQ(releases, 2);
}

static int free_and_fail(cq_controller *controller, cq_task task, void *argument,
                         const cq_fired *fired, size_t count)
{
	(void)task, (void)fired, (void)count, (void)argument;
	cq_controller_free(controller);
	return ENOTTY;
}

TEST(a_task_may_free_its_own_controller_and_fail)
{
	cq_controller *cq = new_controller();
	int releases = 0;

	OK(cq_controller_attach(cq, free_and_fail, count_release, &releases, NULL));
	OK(cq_controller_attach(cq, wait_for_ever, count_release, &releases, NULL));
	ERR(cq_controller_step(cq, -1), ENOTTY);
	EQ(releases, 2);
}

struct reaper {
	int releases;
	cq_controller *controller;
	cq_task other;
};

static void release_and_work(void *argument)
{
	struct reaper *reaper = argument;

	reaper->releases++;
	if (reaper->other) {
		cq_controller_finish(reaper->controller, reaper->other);
		cq_controller_attach(reaper->controller, end_at_once, NULL, NULL, NULL);
	}
}

TEST(a_release_may_use_the_controller)
{
	cq_controller *cq = new_controller();
	struct reaper second = { 0, NULL, 0 }, first = { 0, NULL, 0 };

	second.controller = first.controller = cq;
	OK(cq_controller_attach(cq, wait_for_ever, release_and_work, &second, &first.other));
	OK(cq_controller_attach(cq, wait_for_ever, release_and_work, &first, &second.other));
	OK(cq_controller_step(cq, -1));
	OK(cq_controller_finish(cq, second.other));
	EQ(first.releases, 1);
	EQ(second.releases, 1);
	run(cq);

	first.releases = 0;
	OK(cq_controller_attach(cq, wait_for_ever, release_and_work, &first, NULL));
	OK(cq_controller_step(cq, -1));
	cq_controller_free(cq); /* the controller is closing: what a release starts is refused */
	EQ(first.releases, 1);
}

/* -- waiting calls -- */

static int try_to_wait(cq_controller *controller, cq_task task, void *argument,
                       const cq_fired *fired, size_t count)
{
	cq_controller *other = new_controller();
	cq_condition *condition = new_condition(false);
	cq_interest set = on_time(1);
	cq_socket *socket, *peer, *listener, *accepted = NULL, *connecting;
	const void *data;
	char *big = calloc(1, 8 << 20);
	size_t size;
	int port;

	(void)controller, (void)task, (void)fired, (void)count;
	pair(&socket, &peer);
	listener = listen_on("127.0.0.1", &port);
	connecting = connect_to("127.0.0.1", port);
	ERR(cq_poll(&set, 1, &size), EDEADLK);
	ERR(cq_sleep(0), EDEADLK);
	ERR(cq_sleep(1), EDEADLK);
	ERR(cq_condition_wait(condition, 1), EDEADLK);
	ERR(cq_socket_read(socket, CQ_READ_LINE, 0, &data, &size), EDEADLK);
	OK(cq_socket_set_error(socket, CQ_INPUT, 0, NULL));
	ERR(cq_socket_fill(socket, 1), EDEADLK);
	OK(cq_socket_set_error(socket, CQ_INPUT, 0, NULL));
	ERR(cq_socket_write(socket, big, 8 << 20), EDEADLK);
	OK(cq_socket_set_error(socket, CQ_OUTPUT, 0, NULL));
	ERR(cq_socket_flush(socket), EDEADLK);
	if (cq_socket_establish(connecting) != EDEADLK) /* loopback may connect at once */
		OK(cq_socket_establish(connecting));
	OK(cq_socket_accept(listener, &accepted)); /* no need to wait */
	cq_socket_free(accepted);
	ERR(cq_socket_accept(listener, &accepted), EDEADLK);
	cq_socket_free(connecting);
	cq_socket_free(listener);
	cq_socket_free(socket);
	cq_socket_free(peer);
	cq_condition_free(condition);
	cq_controller_free(other);
	free(big);
	++*(int *)argument;
	return 0;
}

TEST(calls_that_wait_are_refused_in_a_callback)
{
	cq_controller *cq = new_controller();
	int runs = 0;

	OK(cq_controller_attach(cq, try_to_wait, NULL, &runs, NULL));
	run(cq);
	EQ(runs, 1);
	cq_controller_free(cq);
}

static int read_what_is_there(cq_controller *controller, cq_task task, void *argument,
                              const cq_fired *fired, size_t count)
{
	(void)controller, (void)task, (void)fired, (void)count;
	READ(argument, CQ_READ_LINE, 0, "at hand");
	OK(cq_socket_write(argument, "answer\n", 7));
	return 0;
}

TEST(calls_that_need_not_wait_work_in_a_callback)
{
	cq_controller *cq = new_controller();
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	plain_write(other, "at hand\n");
	OK(cq_controller_attach(cq, read_what_is_there, NULL, socket, NULL));
	run(cq);
	plain_expect(other, "answer\n");
	cq_controller_free(cq);
	cq_socket_free(socket);
}

/* -- sockets -- */

struct echo {
	cq_socket *socket;
	int runs, lines;
	uint32_t flags;
};

static int echo_lines(cq_controller *controller, cq_task task, void *argument,
                      const cq_fired *fired, size_t count)
{
	struct echo *echo = argument;
	const void *data;
	size_t size, sent;
	int code;

	(void)fired, (void)count;
	echo->runs++;
	while ((code = cq_socket_try_recv(echo->socket, CQ_READ_LINE_KEEP, 0, CQ_MODE_DEFAULT, echo->flags, &data, &size)) == 0) {
		OK(cq_socket_try_send(echo->socket, data, size, CQ_MODE_DEFAULT, &sent));
		EQ(sent, size);
		echo->lines++;
	}
	if (code == EPIPE)
		return 0;
	ERR(code, EAGAIN);
	EQ(cq_socket_events(echo->socket), POLLIN);
	return park(controller, task, on_socket(echo->socket, 0));
}

static void drive_echo(uint32_t flags)
{
	cq_controller *cq = new_controller();
	struct echo echo = { NULL, 0, 0, 0 };
	int other, i;

	echo.flags = flags;
	echo.socket = half_pair(&other);
	OK(cq_controller_attach(cq, echo_lines, NULL, &echo, NULL));
	for (i = 1; i <= 100; i++) {
		plain_write(other, "line\n");
		UNTIL(echo.lines == i, cq);
		plain_expect(other, "line\n");
		CHECK(echo.runs <= 2 * i); /* it is not woken for nothing */
	}
	SYS(shutdown(other, SHUT_WR));
	run(cq);
	cq_controller_free(cq);
	cq_socket_free(echo.socket);
}

TEST(a_callback_echoes_lines)
{
	drive_echo(0);
}

/* A task that had got EAGAIN from a patient receive got it again and again, and never its line. */
TEST(a_callback_with_patient_receives_gets_its_lines)
{
	drive_echo(CQ_PATIENT);
}

static int cancel_own_wait(cq_controller *controller, cq_task task, void *argument,
                           const cq_fired *fired, size_t count)
{
	struct probe *probe = argument;
	cq_interest set[2];
	cq_task self;

	switch (probe->runs++) {
	case 0:
		OK(cq_running(NULL, &self));
		EQ(self, task);
		set[0] = on_fd(probe->set[0].fd, POLLIN);
		set[1] = on_time(MS(1));
		return cq_controller_park(controller, task, set, 2);
	case 1: /* woken by the timer; the descriptor's interest is given up, the number used anew */
		EQ(count, 1);
		EQ(fired[0].member, 1);
		OK(cq_cancel(probe->set[0].fd));
		OK(cq_controller_cancel(controller, probe->set[0].fd));
		set[0] = on_fd(probe->set[0].fd, POLLIN);
		OK(cq_controller_park(controller, task, set, 1));
		OK(cq_cancel(probe->set[0].fd)); /* its own wait, from inside */
		return 0;
	default:
		EQ(count, 1);
		EQ(fired[0].events, CQ_CANCELLED);
		return 0;
	}
}

TEST(a_task_may_cancel_what_it_waits_for_itself)
{
	cq_controller *cq = new_controller();
	struct probe probe = new_probe();
	int fds[2];

	SYS(pipe(fds));
	probe.set[0].fd = fds[0];
	OK(cq_controller_attach(cq, cancel_own_wait, count_release, &probe, NULL));
	run(cq);
	EQ(probe.runs, 3);
	EQ(probe.releases, 1);
	cq_controller_free(cq);
}

/* A task that notes its name when it runs, and lets the others run once. */
struct runner {
	char name;
	char *trace;
	int runs;
};

static int note_run(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct runner *runner = argument;

	(void)fired, (void)count;
	runner->trace[strlen(runner->trace)] = runner->name;
	return runner->runs++ ? 0 : cq_controller_park(controller, task, NULL, 0);
}

TEST(tasks_run_oldest_first_or_newest_first)
{
	static const char *const expected[] = { "abcabc", "cbacba" };
	uint32_t order;

	for (order = CQ_OLDEST_FIRST; order <= CQ_NEWEST_FIRST; order++) {
		cq_controller *cq = new_controller();
		char trace[16] = "";
		struct runner runners[3] = { { 'a', trace, 0 }, { 'b', trace, 0 }, { 'c', trace, 0 } };
		size_t i;

		EQ(cq_controller_order(cq), CQ_OLDEST_FIRST);
		OK(cq_controller_set_order(cq, order));
		EQ(cq_controller_order(cq), order);
		for (i = 0; i < COUNT(runners); i++)
			OK(cq_controller_attach(cq, note_run, NULL, &runners[i], NULL));
		run(cq);
		EQ(strcmp(trace, expected[order]), 0);
		cq_controller_free(cq);
	}
}

TEST(an_order_that_does_not_exist_is_refused)
{
	cq_controller *cq = new_controller();

	ERR(cq_controller_set_order(cq, 2), EINVAL);
	ERR(cq_controller_set_order(NULL, CQ_NEWEST_FIRST), EINVAL);
	EQ(cq_controller_order(NULL), CQ_OLDEST_FIRST);
	EQ(cq_controller_order(cq), CQ_OLDEST_FIRST);
	cq_controller_free(cq);
}

TEST(the_descriptor_tells_once_more_of_a_step_that_found_descriptors)
{
	uint32_t order;

	ERR(cq_controller_recall(NULL), EINVAL);
	for (order = CQ_OLDEST_FIRST; order <= CQ_NEWEST_FIRST; order++) {
		cq_controller *cq = new_controller();
		struct probe probe = new_probe();
		cq_socket *first, *second;
		int fd;

		OK(cq_controller_set_order(cq, order));
		OK(cq_controller_pollfd(cq, &fd));
		pair(&first, &second);
		probe.set[0] = on_socket(first, POLLIN);
		probe.members = probe.wait_times = 1;
		start(cq, &probe);
		OK(cq_controller_step(cq, 0));
		OK(cq_socket_write(second, "x\n", 2));
		OK(cq_controller_step(cq, 0));
		EQ(probe.runs, 2);
		READ(first, CQ_READ_LINE, 0, "x");
		CHECK(!is_readable(fd));
		OK(cq_controller_recall(cq));
		EQ(is_readable(fd), order == CQ_NEWEST_FIRST);
		OK(cq_controller_step(cq, 0)); /* takes note of it */
		OK(cq_controller_recall(cq));
		CHECK(!is_readable(fd));
		cq_socket_free(first);
		cq_socket_free(second);
		cq_controller_free(cq);
	}
}

TEST(a_controller_that_runs_the_oldest_task_first_has_nothing_to_tell_once_more)
{
	cq_controller *cq = new_controller();
	struct probe probe = new_probe();
	int fd;

	start(cq, &probe); /* woken when nobody has asked for the descriptor yet */
	OK(cq_controller_step(cq, 0));
	EQ(probe.runs, 1);
	OK(cq_controller_pollfd(cq, &fd));
	OK(cq_controller_recall(cq));
	CHECK(!is_readable(fd));
	cq_controller_free(cq);
}

static double step_ended;

static int sleep_for(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	double *seconds = argument, now = cq_monotime();

	(void)fired;
	if (count > 0) {
		*seconds = now - *seconds;
		return 0;
	}
	cq_interest set = CQ_INTEREST_NONE;
	set.timeout = MS(200);
	*seconds = now;
	OK(cq_controller_park(controller, task, &set, 1));
	while (cq_monotime() < now + MS(100)) {
		/* the time of the others passes too */
	}
	step_ended = cq_monotime();
	return 0;
}

TEST(a_timeout_counts_from_the_call_that_sets_it)
{
	cq_controller *cq = new_controller();
	double took[3], began;
	size_t i;

	for (i = 0; i < COUNT(took); i++)
		OK(cq_controller_attach(cq, sleep_for, NULL, &took[i], NULL));
	began = cq_monotime();
	run(cq);
	/* The first one's time was over when the step ended; counted from there it would have had to wait 200 ms more. */
	CHECK(took[0] >= MS(200) && took[0] < step_ended - began + MS(120));
	CHECK(took[2] >= MS(200));
	cq_controller_free(cq);
}

TEST(the_place_of_a_task_is_small_and_its_own)
{
	cq_controller *cq = new_controller();
	bool taken[300] = { false };
	cq_task tasks[300];
	int i;

	for (i = 0; i < 300; i++) {
		OK(cq_controller_add(cq, NULL, &tasks[i]));
		CHECK((tasks[i] & CQ_TASK_PLACE) < 300 && !taken[tasks[i] & CQ_TASK_PLACE]);
		taken[tasks[i] & CQ_TASK_PLACE] = true;
	}
	OK(cq_controller_finish(cq, tasks[7]));
	OK(cq_controller_add(cq, NULL, &tasks[8]));
	CHECK(tasks[8] != tasks[7]);
	EQ(tasks[8] & CQ_TASK_PLACE, tasks[7] & CQ_TASK_PLACE);
	ERR(cq_controller_finish(cq, tasks[7]), ENOENT);
	cq_controller_free(cq);
}

/* -- calls that belong to whoever drives the controller -- */

static int drive_from_inside(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	int *codes = argument;

	(void)task, (void)fired, (void)count;
	codes[0] = cq_controller_leave(cq);
	codes[1] = cq_controller_wait(cq, -1, 0);
	codes[2] = cq_controller_pause(cq, NULL, 0);
	return 0;
}

static void leave_when_released(void *argument)
{
	void **state = argument;

	*(int *)state[1] = cq_controller_leave(state[0]);
}

/* What went wrong: a callback that ended the step in which it ran took a reference to the controller with it, which was
 * freed in the middle of the step; and one that waited for its own controller waited for ever. */
TEST(a_task_does_not_end_the_step_in_which_it_runs)
{
	cq_controller *cq = new_controller();
	int codes[3] = { 0, 0, 0 }, released = 0;
	void *state[2];

	state[0] = cq;
	state[1] = &released;
	OK(cq_controller_attach(cq, drive_from_inside, NULL, codes, NULL));
	OK(cq_controller_attach(cq, end_at_once, leave_when_released, state, NULL));
	run(cq);
	ERR(codes[0], EINVAL);
	ERR(codes[1], EBUSY);
	ERR(codes[2], EBUSY);
	ERR(released, EINVAL);
	cq_controller_free(cq);
}
