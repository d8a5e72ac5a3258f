/* SPDX-License-Identifier: MIT */
/* What tasks wait for, in words, and what a controller has done. */

#include "fixture.h"
#include <sys/inotify.h>

#define STR(found, wanted) check_same(__FILE__, __LINE__, (found), (wanted))

static void check_same(const char *file, int line, const char *found, const char *wanted)
{
	if (strcmp(found, wanted) != 0) {
		printf("       found '%s', not '%s'\n", found, wanted);
		check_fail(file, line, "words");
	}
}

static cq_task_info list[64];

static size_t list_tasks(cq_controller *cq)
{
	size_t count = 0;

	OK(cq_controller_tasks(cq, list, COUNT(list), &count));
	return count;
}

/* What the task waits for, in words. */
static const cq_task_info *found(cq_controller *cq, cq_task task)
{
	size_t count = list_tasks(cq);

	for (size_t i = 0; i < count; i++)
		if (list[i].task == task)
			return &list[i];
	CHECK(!"the task is listed");
	return NULL;
}

struct waiter {
	cq_socket *socket;
	cq_condition *condition;
	double seconds;
	int fd;
};

static int poll_it(void *argument)
{
	struct waiter *w = argument;
	cq_interest set[3] = { CQ_INTEREST_NONE, CQ_INTEREST_NONE, CQ_INTEREST_NONE };
	size_t count = 0;

	if (w->socket)
		set[count++].socket = w->socket;
	if (w->condition)
		set[count++].condition = w->condition;
	if (w->fd > 0)
		set[count++] = on_fd(w->fd, POLLIN);
	if (w->seconds >= 0)
		set[0].timeout = w->seconds;
	return cq_poll(set, count ? count : 1, NULL);
}

static cq_task start(cq_controller *cq, struct waiter *waiter)
{
	cq_task task;

	OK(cq_controller_wrap(cq, poll_it, NULL, waiter, &task));
	return task;
}

static int read_line(void *argument)
{
	return read_code(argument, CQ_READ_LINE, 0);
}

static int accept_one(void *argument)
{
	cq_socket *accepted;
	int code = cq_socket_accept(argument, &accepted);

	if (code == 0)
		cq_socket_free(accepted);
	return code;
}

static cq_task start_with(cq_controller *cq, cq_function function, void *argument)
{
	cq_task task;

	OK(cq_controller_wrap(cq, function, NULL, argument, &task));
	return task;
}

TEST(each_kind_of_wait_has_its_words)
{
	cq_controller *cq = new_controller();
	cq_condition *cv = new_condition(false);
	int other, port, pipe_ends[2], watch = (int)SYS(inotify_init());
	cq_socket *unix_socket = half_pair(&other), *listener = listen_on("127.0.0.1", &port), *tcp, *server;
	struct waiter sleeper = { .seconds = 1000 }, never = { .seconds = -1 };
	struct waiter condition = { .seconds = -1, .condition = cv };
	struct waiter two = { .seconds = 5, .condition = cv, .fd = watch };
	struct waiter file = { .seconds = -1, .fd = watch }, plain = { .seconds = -1 };
	cq_task sleeps, waits, reads, accepts, several, watches, pipes, nothing, ready, connected;
	char wanted[96];
	cq_name name;

	SYS(pipe(pipe_ends));
	plain.fd = pipe_ends[0];
	tcp = connect_to("127.0.0.1", port);
	OK(cq_socket_establish(tcp));
	OK(cq_socket_accept(listener, &server));
	sleeps = start(cq, &sleeper);
	waits = start(cq, &condition);
	several = start(cq, &two);
	watches = start(cq, &file);
	pipes = start(cq, &plain);
	nothing = start(cq, &never);
	reads = start_with(cq, read_line, unix_socket);
	accepts = start_with(cq, accept_one, listener);
	connected = start_with(cq, read_line, tcp);
	OK(cq_controller_step(cq, 0));
	ready = start(cq, &sleeper);

	EQ(list_tasks(cq), 10);
	STR(found(cq, sleeps)->wait, "sleep");
	CHECK(fabs(found(cq, sleeps)->deadline - cq_monotime() - 1000) < 100);
	EQ(found(cq, sleeps)->state, CQ_TASK_PARKED);
	STR(found(cq, waits)->wait, "condition");
	CHECK(isnan(found(cq, waits)->deadline));
	EQ(found(cq, several)->others, 1);
	CHECK(found(cq, several)->deadline - cq_monotime() < 6);
	STR(found(cq, watches)->wait, "file changes");
	snprintf(wanted, sizeof wanted, "read of descriptor %d", pipe_ends[0]);
	STR(found(cq, pipes)->wait, wanted);
	STR(found(cq, nothing)->wait, "nothing");
	snprintf(wanted, sizeof wanted, "read of an unnamed UNIX socket, descriptor %d", cq_socket_pollfd(unix_socket));
	STR(found(cq, reads)->wait, wanted);
	snprintf(wanted, sizeof wanted, "accept on 127.0.0.1:%d", port);
	STR(found(cq, accepts)->wait, wanted);
	OK(cq_socket_peername(tcp, &name));
	snprintf(wanted, sizeof wanted, "read of 127.0.0.1:%d", port);
	STR(found(cq, connected)->wait, wanted);
	STR(found(cq, ready)->wait, "");
	EQ(found(cq, ready)->state, CQ_TASK_READY);

	cq_controller_free(cq);
	cq_condition_free(cv);
	cq_socket_free(unix_socket);
	cq_socket_free(listener);
	cq_socket_free(tcp);
	cq_socket_free(server);
	close(other), close(watch), close(pipe_ends[0]), close(pipe_ends[1]);
}

static int list_inside(void *argument)
{
	cq_controller *cq = argument;
	cq_task task;

	OK(cq_running(NULL, &task));
	EQ(found(cq, task)->state, CQ_TASK_RUNNING);
	STR(found(cq, task)->wait, "");
	return 0;
}

TEST(a_task_that_lists_runs)
{
	cq_controller *cq = new_controller();

	start_with(cq, list_inside, cq);
	run(cq);
	cq_controller_free(cq);
}

TEST(names_and_scopes_are_told)
{
	cq_controller *cq = new_controller();
	cq_scope *outer, *inner;
	cq_task task;

	OK(cq_scope_new(cq, NULL, &outer));
	OK(cq_scope_new(cq, outer, &inner));
	OK(cq_scope_set_name(outer, "server"));
	OK(cq_scope_wrap(inner, sleep_for_ever, NULL, NULL, &task));
	OK(cq_task_set_name(cq, task, "request"));
	OK(cq_controller_step(cq, 0));
	STR(found(cq, task)->name, "request");
	CHECK(found(cq, task)->scope == inner);
	CHECK(cq_scope_parent(inner) == outer && cq_scope_parent(outer) == NULL && cq_scope_parent(NULL) == NULL);
	STR(cq_scope_name(outer), "server");
	CHECK(cq_scope_name(inner) == NULL && cq_scope_name(NULL) == NULL);
	cq_scope_free(outer);
	CHECK(cq_scope_parent(inner) == NULL);
	cq_scope_free(inner);
	cq_controller_free(cq);
}

TEST(a_list_with_too_little_room_is_cut_and_says_so)
{
	cq_controller *cq = new_controller();
	size_t count = 0;

	for (int i = 0; i < 10; i++)
		start_with(cq, sleep_for_ever, NULL);
	memset(list, 0xff, sizeof list);
	OK(cq_controller_tasks(cq, list, 3, &count));
	EQ(count, 10);
	EQ(list[2].state, CQ_TASK_READY);
	EQ(list[3].state, 0xffffffff); /* not written */
	OK(cq_controller_tasks(cq, NULL, 0, &count));
	EQ(count, 10);
	ERR(cq_controller_tasks(cq, NULL, 1, &count), EINVAL);
	ERR(cq_controller_tasks(NULL, list, 1, &count), EINVAL);
	ERR(cq_controller_tasks(cq, list, 1, NULL), EINVAL);
	cq_controller_free(cq);
}

static int compute(void *argument)
{
	double until = cq_monotime() + *(double *)argument;

	while (cq_monotime() < until)
		;
	return cq_sleep(slow() ? 1 : MS(20));
}

TEST(what_is_counted_is_told_and_counts_from_zero)
{
	cq_controller *cq = new_controller();
	double little = MS(5), much = MS(250), begun = cq_monotime();
	cq_controller_counts counts;
	cq_task longest;

	start_with(cq, compute, &little);
	longest = start_with(cq, compute, &much);
	OK(cq_task_set_name(cq, longest, "long"));
	OK(cq_controller_stat(cq, &counts));
	EQ(counts.tasks, 2);
	EQ(counts.steps, 0);
	OK(cq_controller_set_counting(cq, true));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_stat(cq, &counts));
	EQ(counts.deadlines, 2);
	EQ(counts.resumptions, 2);
	CHECK(counts.longest >= MS(250) && counts.busy >= MS(255) && counts.busy < cq_monotime() - begun + 1);
	if (!slow()) { /* then the other one may have been held up longer */
		CHECK(counts.longest_task == longest);
		STR(counts.longest_name, "long");
	}
	CHECK(found(cq, longest)->since > begun && found(cq, longest)->since <= cq_monotime());
	run(cq);
	OK(cq_controller_stat(cq, &counts));
	EQ(counts.resumptions, 4);
	EQ(counts.tasks, 0);
	CHECK(counts.idle >= MS(10) && counts.steps >= 2);
	OK(cq_controller_set_counting(cq, false));
	OK(cq_controller_stat(cq, &counts));
	EQ(counts.resumptions, 0);
	ERR(cq_controller_stat(NULL, &counts), EINVAL);
	ERR(cq_controller_stat(cq, NULL), EINVAL);
	ERR(cq_controller_set_counting(NULL, true), EINVAL);
	cq_controller_free(cq);
}

/* It took 39 to 43 ms on a busy machine; what is checked is that the time is not quadratic. */
TEST(a_hundred_thousand_tasks_are_listed_quickly)
{
	enum { MANY = 100000 };
	cq_controller *cq = new_controller();
	size_t wanted = slow() || SANITIZED ? MANY / 100 : MANY, count = 0;
	cq_task_info *all = calloc(wanted, sizeof *all);
	cq_interest on = on_time(1000);
	cq_ready ready;
	double begun;

	for (size_t i = 0; i < wanted; i++)
		OK(cq_controller_add(cq, NULL, NULL));
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	while (cq_controller_next(cq, &ready) == 0)
		OK(park(cq, ready.task, on));
	OK(cq_controller_leave(cq));
	begun = cpu_seconds();
	OK(cq_controller_tasks(cq, all, wanted, &count));
	begun = cpu_seconds() - begun;
	EQ(count, wanted);
	STR(all[wanted - 1].wait, "sleep");
	CHECK(!isnan(all[0].deadline) && !isnan(all[wanted - 1].deadline));
	printf("       %.1f ms\n", begun * 1000);
	CHECK(begun < 1);
	free(all);
	cq_controller_free(cq);
}
