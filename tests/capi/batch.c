/* SPDX-License-Identifier: MIT */
/* Batches: what many tasks want in one array, what came of it in another. */
#include "fixture.h"

#define ROOM 64

/* A batch with its arrays, and what the last step brought. */
struct bench {
	cq_controller *controller;
	cq_batch *batch;
	cq_operation wanted[ROOM];
	cq_result results[ROOM];
	size_t count, produced;
};

static void set_bench(struct bench *bench, size_t memory)
{
	memset(bench, 0, sizeof *bench);
	bench->controller = new_controller();
	OK(cq_batch_new(bench->controller, memory, &bench->batch));
}

static void clear_bench(struct bench *bench)
{
	cq_batch_free(bench->batch);
	cq_controller_free(bench->controller);
}

/* Adds an operation to the next step, to be changed further. */
static cq_operation *want(struct bench *bench, cq_task task, uint32_t kind, void *object)
{
	cq_operation *operation = &bench->wanted[bench->count++];

	CHECK(bench->count <= ROOM);
	memset(operation, 0, sizeof *operation);
	operation->task = task;
	operation->kind = kind;
	operation->object = object;
	operation->timeout = -1;
	return operation;
}

static int try_step(struct bench *bench, double timeout)
{
	int code = cq_batch_step(bench->batch, bench->wanted, bench->count, timeout, bench->results, ROOM, &bench->produced);

	bench->count = 0;
	return code;
}

static void step(struct bench *bench, double timeout)
{
	OK(try_step(bench, timeout));
}

/* The only result of a step. */
static cq_result *only(struct bench *bench)
{
	step(bench, 10);
	EQ(bench->produced, 1);
	return &bench->results[0];
}

static cq_task add(struct bench *bench, cq_scope *scope, void *data)
{
	cq_result *result;

	want(bench, 0, CQ_DO_ADD, scope)->data = data;
	result = only(bench);
	EQ(result->kind, CQ_DO_ADD);
	OK(result->code);
	CHECK(result->data == data);
	return result->task;
}

static void read_line(struct bench *bench, cq_task task, cq_socket *socket)
{
	want(bench, task, CQ_DO_READ, socket)->format = CQ_READ_LINE;
}

static cq_operation *write_text(struct bench *bench, cq_task task, cq_socket *socket, const char *text)
{
	cq_operation *operation = want(bench, task, CQ_DO_WRITE, socket);

	operation->data = (void *)(uintptr_t)text;
	operation->size = strlen(text);
	return operation;
}

static void two_sockets(cq_socket **a, cq_socket **b)
{
	OK(cq_socket_pair(SOCK_STREAM, a, b));
}

TEST(tasks_come_out_in_their_order_and_end)
{
	struct bench bench;
	int i, data[10];
	cq_task task;

	set_bench(&bench, 0);
	for (i = 0; i < 10; i++)
		want(&bench, 0, CQ_DO_ADD, NULL)->data = &data[i];
	step(&bench, 0);
	EQ(bench.produced, 10);
	EQ(cq_controller_count(bench.controller), 10);
	for (i = 0; i < 10; i++) {
		CHECK(bench.results[i].data == &data[i]);
		want(&bench, bench.results[i].task, i % 2 ? CQ_DO_END : CQ_DO_NOTHING, NULL);
	}
	task = bench.results[1].task;
	step(&bench, 0);
	EQ(bench.produced, 5);
	EQ(cq_controller_count(bench.controller), 5);
	for (i = 0; i < 5; i++) {
		CHECK(bench.results[i].data == &data[2 * i]);
		EQ(bench.results[i].kind, CQ_DO_NOTHING);
		OK(bench.results[i].code);
	}
	want(&bench, task, CQ_DO_NOTHING, NULL); /* it is over */
	ERR(only(&bench)->code, ENOENT);
	CHECK(bench.results[0].data == NULL);
	clear_bench(&bench);
}

TEST(a_line_is_read_and_answered_by_linked_operations)
{
	struct bench bench;
	cq_socket *a, *b;
	cq_task reader, writer;
	cq_result *result;
	const void *memory;
	size_t size;

	set_bench(&bench, 0);
	two_sockets(&a, &b);
	reader = add(&bench, NULL, a);
	writer = add(&bench, NULL, b);
	read_line(&bench, reader, a);
	step(&bench, 0);
	EQ(bench.produced, 0);
	write_text(&bench, writer, b, "hello\n")->flags = CQ_OPERATION_LINK;
	read_line(&bench, writer, b);
	result = only(&bench); /* of the reader: the writer waits for its answer */
	EQ(result->task, reader);
	TEXT(result->bytes, result->size, "hello");
	OK(cq_batch_memory(bench.batch, &memory, &size));
	EQ(size, 256 * 1024);
	CHECK((const char *)result->bytes >= (const char *)memory);
	CHECK((const char *)result->bytes + result->size <= (const char *)memory + size);
	write_text(&bench, reader, a, "hello yourself\n")->flags = CQ_OPERATION_LINK;
	want(&bench, reader, CQ_DO_END, NULL);
	result = only(&bench);
	EQ(result->task, writer);
	EQ(result->kind, CQ_DO_READ);
	TEXT(result->bytes, result->size, "hello yourself");
	EQ(cq_controller_count(bench.controller), 1);
	cq_socket_free(a);
	read_line(&bench, writer, b);
	ERR(only(&bench)->code, EPIPE);
	cq_socket_free(b);
	clear_bench(&bench);
}

TEST(what_is_linked_to_a_failure_is_left_out)
{
	struct bench bench;
	cq_socket *a, *b;
	cq_task task;
	cq_result *result;

	set_bench(&bench, 0);
	two_sockets(&a, &b);
	task = add(&bench, NULL, NULL);
	OK(cq_socket_close(a));
	write_text(&bench, task, a, "x\n")->flags = CQ_OPERATION_LINK;
	write_text(&bench, task, a, "y\n")->flags = CQ_OPERATION_LINK;
	want(&bench, task, CQ_DO_END, NULL);
	result = only(&bench);
	EQ(result->kind, CQ_DO_WRITE);
	ERR(result->code, EBADF);
	EQ(cq_controller_count(bench.controller), 1);
	want(&bench, task, CQ_DO_SLEEP, NULL)->timeout = 0; /* and it goes on */
	OK(only(&bench)->code);
	cq_socket_free(a);
	cq_socket_free(b);
	clear_bench(&bench);
}

TEST(a_large_write_goes_on_inside_and_its_reader_gets_all)
{
	static char sent[3000000], got[sizeof sent];
	struct bench bench;
	cq_socket *a, *b;
	cq_task reader, writer;
	size_t i, have = 0, written = 0;

	for (i = 0; i < sizeof sent; i++)
		sent[i] = (char)(i * 7 + i / 1000);
	set_bench(&bench, 0);
	two_sockets(&a, &b);
	OK(cq_socket_set_mode(a, CQ_INPUT, cq_mode_parse("b", 1)));
	OK(cq_socket_set_mode(b, CQ_OUTPUT, cq_mode_parse("bn", 2)));
	reader = add(&bench, NULL, NULL);
	writer = add(&bench, NULL, NULL);
	write_text(&bench, writer, b, "")->data = sent;
	bench.wanted[0].size = sizeof sent;
	while (have < sizeof sent) {
		cq_operation *operation = want(&bench, reader, CQ_DO_READ, a);

		operation->format = CQ_READ_UP_TO;
		operation->size = 1000000;
		do {
			step(&bench, 10);
			for (i = 0; i < bench.produced; i++) {
				cq_result *result = &bench.results[i];

				OK(result->code);
				if (result->task == writer) {
					written = result->size;
					continue;
				}
				CHECK(result->size > 0 && result->size <= 256 * 1024);
				memcpy(got + have, result->bytes, result->size);
				have += result->size;
			}
		} while (bench.produced == 1 && bench.results[0].task == writer);
	}
	EQ(written, sizeof sent);
	CHECK(memcmp(sent, got, sizeof sent) == 0);
	cq_socket_free(a);
	cq_socket_free(b);
	clear_bench(&bench);
}

TEST(bytes_of_one_step_do_not_overwrite_each_other)
{
	enum { PAIRS = 8, SIZE = 3000 };
	struct bench bench;
	cq_socket *a[PAIRS], *b[PAIRS];
	cq_task tasks[PAIRS];
	char text[SIZE];
	int i, seen[PAIRS] = { 0 }, total = 0, steps = 0;
	size_t j;

	set_bench(&bench, 1); /* the least: 4,096 bytes */
	for (i = 0; i < PAIRS; i++) {
		two_sockets(&a[i], &b[i]);
		OK(cq_socket_set_mode(b[i], CQ_OUTPUT, cq_mode_parse("bn", 2)));
		memset(text, 'a' + i, SIZE);
		OK(cq_socket_write(b[i], text, SIZE));
		tasks[i] = add(&bench, NULL, &seen[i]);
	}
	for (i = 0; i < PAIRS; i++) {
		cq_operation *operation = want(&bench, tasks[i], CQ_DO_READ, a[i]);

		operation->format = CQ_READ_EXACTLY;
		operation->size = i == 3 ? 10000 : SIZE; /* more than ever fits: it lies elsewhere */
		if (i == 3)
			OK(cq_socket_write(b[i], text, 0));
	}
	memset(text, 'a' + 3, SIZE);
	for (i = 0; i < 3; i++)
		OK(cq_socket_write(b[3], text, i < 2 ? SIZE : 1000));
	while (total < PAIRS) {
		step(&bench, 10);
		steps++;
		CHECK(bench.produced > 0);
		for (j = 0; j < bench.produced; j++) {
			cq_result *result = &bench.results[j];
			const char *bytes = (const char *)result->bytes;
			int which = (int)((int *)result->data - seen);
			size_t k;

			OK(result->code);
			EQ(seen[which]++, 0);
			EQ(result->size, which == 3 ? 10000 : SIZE);
			for (k = 0; k < result->size; k++)
				CHECK(bytes[k] == 'a' + which);
			total++;
		}
	}
	CHECK(steps >= PAIRS - 1); /* one fits at a time */
	for (i = 0; i < PAIRS; i++) {
		cq_socket_free(a[i]);
		cq_socket_free(b[i]);
	}
	clear_bench(&bench);
}

TEST(time_is_up)
{
	struct bench bench;
	cq_socket *a, *b;
	cq_condition *condition;
	cq_task tasks[4];
	int i;
	size_t seen = 0;
	double soon = slow() ? 1 : MS(20);

	set_bench(&bench, 0);
	two_sockets(&a, &b);
	OK(cq_condition_new(false, &condition));
	for (i = 0; i < 4; i++)
		tasks[i] = add(&bench, NULL, NULL);
	want(&bench, tasks[0], CQ_DO_READ, a)->format = CQ_READ_LINE;
	bench.wanted[0].timeout = soon;
	want(&bench, tasks[1], CQ_DO_CONDITION, condition)->timeout = soon;
	want(&bench, tasks[2], CQ_DO_SLEEP, NULL)->timeout = soon;
	want(&bench, tasks[3], CQ_DO_READ, a)->format = CQ_READ_LINE;
	bench.wanted[3].timeout = 0;
	step(&bench, 0);
	EQ(bench.produced, 1); /* whose time was none */
	EQ(bench.results[0].task, tasks[3]);
	ERR(bench.results[0].code, ETIMEDOUT);
	while (seen < 3) {
		size_t j;

		step(&bench, 10);
		for (j = 0; j < bench.produced; j++, seen++)
			ERR(bench.results[j].code, bench.results[j].task == tasks[2] ? 0 : ETIMEDOUT);
	}
	OK(cq_condition_signal(condition, 1, NULL));
	want(&bench, tasks[1], CQ_DO_CONDITION, condition);
	step(&bench, MS(5));
	EQ(bench.produced, 0); /* nobody waited when it was signalled */
	OK(cq_condition_signal(condition, 1, NULL));
	OK(only(&bench)->code);
	cq_condition_free(condition);
	cq_socket_free(a);
	cq_socket_free(b);
	clear_bench(&bench);
}

TEST(a_scope_ends_what_its_tasks_wait_for)
{
	struct bench bench;
	cq_socket *a, *b;
	cq_scope *scope;
	cq_task inside, outside;
	cq_result *result;

	set_bench(&bench, 0);
	two_sockets(&a, &b);
	OK(cq_scope_new(bench.controller, NULL, &scope));
	inside = add(&bench, scope, NULL);
	outside = add(&bench, NULL, NULL);
	read_line(&bench, inside, a);
	want(&bench, outside, CQ_DO_SCOPE, scope);
	step(&bench, 0);
	EQ(bench.produced, 0);
	OK(cq_scope_cancel(scope, 0, NULL));
	result = only(&bench);
	EQ(result->task, inside);
	ERR(result->code, ECANCELED);
	write_text(&bench, inside, a, "bye\n"); /* it need not wait */
	OK(only(&bench)->code);
	write_text(&bench, inside, a, "bye\n")->flags = CQ_OPERATION_CHECK;
	ERR(only(&bench)->code, ECANCELED);
	read_line(&bench, inside, a);
	ERR(only(&bench)->code, ECANCELED);
	want(&bench, 0, CQ_DO_ADD, scope)->data = &bench;
	result = only(&bench);
	ERR(result->code, ECANCELED);
	CHECK(result->data == &bench);
	want(&bench, inside, CQ_DO_SCOPE, scope);
	ERR(only(&bench)->code, EDEADLK);
	want(&bench, inside, CQ_DO_END, NULL);
	result = only(&bench);
	EQ(result->task, outside);
	OK(result->code);
	cq_scope_free(scope);
	cq_socket_free(a);
	cq_socket_free(b);
	clear_bench(&bench);
}

TEST(a_task_that_fails_ends_its_scope)
{
	struct bench bench;
	cq_scope *scope;
	cq_failure failure;
	cq_task first, second;
	cq_operation *operation;

	set_bench(&bench, 0);
	OK(cq_scope_new(bench.controller, NULL, &scope));
	first = add(&bench, scope, NULL);
	second = add(&bench, scope, NULL);
	want(&bench, second, CQ_DO_SLEEP, NULL);
	operation = want(&bench, first, CQ_DO_END, NULL);
	operation->size = CQ_EFAILED & 0xffffffffu;
	operation->data = (void *)(uintptr_t) "out of paper";
	EQ(only(&bench)->task, second);
	ERR(bench.results[0].code, ECANCELED);
	OK(cq_scope_failure(scope, &failure));
	ERR(failure.code, CQ_EFAILED);
	CHECK(strcmp(failure.reason, "out of paper") == 0);
	want(&bench, second, CQ_DO_END, NULL);
	step(&bench, 0);
	ERR(cq_scope_wait(scope), CQ_EFAILED);
	cq_scope_free(scope);
	clear_bench(&bench);
}

TEST(connections_are_made_accepted_and_closed_under_a_wait)
{
	struct bench bench;
	cq_socket *listener, *client, *server;
	cq_task a, b;
	size_t i;
	int ended = 0, port;

	set_bench(&bench, 0);
	listener = listen_on("127.0.0.1", &port);
	client = connect_to("127.0.0.1", port);
	a = add(&bench, NULL, NULL);
	b = add(&bench, NULL, NULL);
	want(&bench, a, CQ_DO_ESTABLISH, listener);
	OK(only(&bench)->code);
	want(&bench, a, CQ_DO_ACCEPT, listener);
	want(&bench, b, CQ_DO_ESTABLISH, client);
	server = NULL;
	for (ended = 0; ended < 2;) {
		step(&bench, 10);
		for (i = 0; i < bench.produced; i++, ended++) {
			OK(bench.results[i].code);
			if (bench.results[i].task == a)
				server = bench.results[i].object;
		}
	}
	CHECK(server != NULL);
	read_line(&bench, a, server);
	read_line(&bench, b, client);
	step(&bench, 0);
	EQ(bench.produced, 0);
	OK(cq_socket_close(server));
	for (ended = 0; ended < 2;) {
		step(&bench, 10);
		for (i = 0; i < bench.produced; i++, ended++)
			ERR(bench.results[i].code, bench.results[i].task == a ? EBADF : EPIPE);
	}
	cq_socket_free(server);
	cq_socket_free(client);
	cq_socket_free(listener);
	clear_bench(&bench);
}

TEST(descriptors_and_signals_are_waited_for)
{
	struct bench bench;
	cq_interest set[2] = { CQ_INTEREST_NONE, CQ_INTEREST_NONE };
	static const int numbers[] = { SIGUSR1 };
	cq_signal *listener;
	cq_operation *operation;
	cq_result *result;
	int pipes[2];
	cq_task a, b;

	set_bench(&bench, 0);
	SYS(pipe(pipes));
	OK(cq_signal_block(numbers, 1));
	OK(cq_signal_listen(numbers, 1, &listener));
	a = add(&bench, NULL, NULL);
	b = add(&bench, NULL, NULL);
	set[0].fd = pipes[1];
	set[0].events = POLLIN; /* never */
	set[1].fd = pipes[0];
	set[1].events = POLLIN;
	operation = want(&bench, a, CQ_DO_POLL, NULL);
	operation->data = set;
	operation->size = 2;
	want(&bench, b, CQ_DO_SIGNAL, listener);
	step(&bench, 0);
	EQ(bench.produced, 0);
	memset(set, 0xff, sizeof set); /* not needed any more */
	SYS(write(pipes[1], "x", 1));
	result = only(&bench);
	EQ(result->task, a);
	EQ(result->size, 1);
	CHECK(result->events & POLLIN);
	SYS(raise(SIGUSR1));
	result = only(&bench);
	EQ(result->task, b);
	EQ(result->size, SIGUSR1);
	if (cq_signal_pollfd(listener) >= 0) { /* event ports have none */
		want(&bench, b, CQ_DO_SIGNAL, listener);
		step(&bench, 0);
		EQ(bench.produced, 0);
		OK(cq_controller_cancel(bench.controller, cq_signal_pollfd(listener)));
		ERR(only(&bench)->code, EBADF);
	}
	set[0] = (cq_interest)CQ_INTEREST_NONE;
	operation = want(&bench, a, CQ_DO_POLL, NULL);
	operation->data = set;
	operation->size = 1;
	operation->timeout = MS(5);
	ERR(only(&bench)->code, ETIMEDOUT);
	cq_signal_free(listener);
	SYS(close(pipes[0]));
	SYS(close(pipes[1]));
	clear_bench(&bench);
}

static int count_up(void *argument)
{
	int *count = argument;

	for (; *count < 5; ++*count)
		OK(cq_sleep(MS(2)));
	return 42;
}

TEST(fibers_of_the_same_controller_run_in_the_step)
{
	struct bench bench;
	int count = 0, code;
	cq_task task;

	set_bench(&bench, 0);
	OK(cq_controller_wrap(bench.controller, count_up, NULL, &count, NULL));
	task = add(&bench, NULL, NULL);
	want(&bench, task, CQ_DO_SLEEP, NULL)->timeout = 5;
	do
		code = try_step(&bench, 10);
	while (code == 0);
	ERR(code, 42); /* what the fiber returned ends the step, as in any other */
	EQ(count, 5);
	EQ(bench.produced, 0);
	ERR(cq_controller_step(bench.controller, 0), 0);
	OK(cq_task_cancel(bench.controller, task, NULL));
	ERR(cq_controller_step(bench.controller, 0), ENOTSUP); /* the batch has to resume it */
	ERR(only(&bench)->code, ECANCELED);
	clear_bench(&bench);
}

/* Whoever steps the controller without the batch is told so, and an operation goes on within its time. */
TEST(a_task_of_another_batch_is_left_to_it)
{
	struct bench bench;
	cq_batch *other;
	cq_operation operation = { 0 };
	cq_result results[2];
	cq_task task;
	size_t produced = 77;
	double begun;

	set_bench(&bench, 0);
	OK(cq_batch_new(bench.controller, 0, &other));
	task = add(&bench, NULL, NULL);
	operation.task = task;
	operation.kind = CQ_DO_NOTHING;
	OK(cq_batch_step(other, &operation, 1, 0, results, 2, &produced)); /* it knows no such task */
	EQ(produced, 1);
	ERR(results[0].code, ENOENT);
	begun = cq_monotime();
	want(&bench, task, CQ_DO_SLEEP, NULL)->timeout = MS(30);
	step(&bench, 0);
	EQ(bench.produced, 0);
	ERR(cq_batch_step(other, NULL, 0, 10, results, 2, &produced), ENOTSUP);
	EQ(produced, 0);
	ERR(cq_controller_step(bench.controller, 10), ENOTSUP);
	OK(only(&bench)->code);
	EQ(bench.results[0].kind, CQ_DO_SLEEP);
	CHECK(cq_monotime() - begun >= MS(30));
	CHECK(cq_monotime() - begun < 5); /* and did not begin anew */
	cq_batch_free(other);
	clear_bench(&bench);
}

TEST(an_alert_and_a_stop_end_the_wait)
{
	struct bench bench;
	cq_task task;

	set_bench(&bench, 0);
	task = add(&bench, NULL, NULL);
	want(&bench, task, CQ_DO_SLEEP, NULL);
	OK(cq_controller_alert(bench.controller));
	step(&bench, 10);
	EQ(bench.produced, 0);
	OK(cq_controller_stop(bench.controller));
	ERR(try_step(&bench, 10), ECANCELED);
	EQ(bench.produced, 0);
	clear_bench(&bench);
}

TEST(wrong_operations_have_results_and_harm_nobody)
{
	struct bench bench;
	cq_socket *a, *b;
	cq_task task;
	cq_operation *operation;
	cq_result *result;
	size_t produced;

	set_bench(&bench, 0);
	two_sockets(&a, &b);
	task = add(&bench, NULL, &bench);
	want(&bench, task, 999, NULL);
	ERR(only(&bench)->code, EINVAL);
	CHECK(bench.results[0].data == &bench);
	want(&bench, task, CQ_DO_NOTHING, NULL)->flags = 64;
	ERR(only(&bench)->code, EINVAL);
	want(&bench, task, CQ_DO_NOTHING, NULL)->reserved = 1; /* a later version may know what that means */
	ERR(only(&bench)->code, EINVAL);
	want(&bench, 0, CQ_DO_ADD, NULL)->flags = 64;
	ERR(only(&bench)->code, EINVAL);
	EQ(cq_controller_count(bench.controller), 1);
	want(&bench, task, CQ_DO_READ, a);
	ERR(only(&bench)->code, EINVAL); /* no format */
	want(&bench, task, CQ_DO_READ, NULL)->format = CQ_READ_LINE;
	ERR(only(&bench)->code, EINVAL);
	operation = want(&bench, task, CQ_DO_WRITE, a);
	operation->size = 3;
	ERR(only(&bench)->code, EINVAL);
	operation = want(&bench, task, CQ_DO_POLL, NULL);
	operation->size = 1;
	ERR(only(&bench)->code, EINVAL);
	want(&bench, task, CQ_DO_CONDITION, NULL);
	ERR(only(&bench)->code, EINVAL);
	want(&bench, task + 1, CQ_DO_NOTHING, NULL);
	ERR(only(&bench)->code, ENOENT);
	want(&bench, 0, CQ_DO_NOTHING, NULL);
	ERR(only(&bench)->code, ENOENT);
	read_line(&bench, task, a);
	step(&bench, 0);
	EQ(bench.produced, 0);
	read_line(&bench, task, b); /* it has one */
	ERR(only(&bench)->code, EBUSY);
	OK(cq_socket_write(b, "line\n", 5));
	result = only(&bench); /* and that goes on */
	TEXT(result->bytes, result->size, "line");
	ERR(cq_batch_step(bench.batch, NULL, 0, 0, bench.results, 0, &produced), EINVAL);
	want(&bench, task, CQ_DO_NOTHING, NULL);
	want(&bench, task, CQ_DO_NOTHING, NULL);
	ERR(cq_batch_step(bench.batch, bench.wanted, 2, 0, bench.results, 1, &produced), EINVAL);
	cq_socket_free(a);
	cq_socket_free(b);
	clear_bench(&bench);
}

TEST(a_batch_may_outlive_its_controller)
{
	struct bench bench;

	set_bench(&bench, 0);
	add(&bench, NULL, NULL);
	cq_controller_free(bench.controller);
	ERR(try_step(&bench, 0), EBADF);
	cq_batch_free(bench.batch);
	set_bench(&bench, 0);
	OK(cq_controller_close(bench.controller));
	want(&bench, 0, CQ_DO_ADD, NULL);
	ERR(try_step(&bench, 0), EBADF);
	cq_controller_free(bench.controller);
	cq_batch_free(bench.batch);
	cq_batch_free(NULL);
}

static int step_it(void *argument)
{
	struct bench *bench = argument;

	ERR(try_step(bench, 0), EBUSY);
	return 0;
}

TEST(a_step_inside_of_a_step_is_refused)
{
	struct bench bench;

	set_bench(&bench, 0);
	OK(cq_controller_wrap(bench.controller, step_it, NULL, &bench, NULL));
	run(bench.controller);
	OK(cq_controller_wrap(bench.controller, step_it, NULL, &bench, NULL));
	step(&bench, 0);
	clear_bench(&bench);
}
