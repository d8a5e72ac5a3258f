/* SPDX-License-Identifier: MIT */
/*
 * Batches in any order: tasks that want anything at random, alone or linked, of sockets, conditions and scopes that
 * others close, signal and cancel meanwhile, and now and then something wrong. Whatever the order, each operation or
 * chain of them has exactly one result, of its own task and of a kind that it wanted; a step writes no more results than
 * there is room for; and all tasks end once they are cancelled. SEED in the environment chooses another order.
 */
#include "fixture.h"

enum { TASKS = 30, PAIRS = 6, CONDITIONS = 3, SCOPES = 3, ROOM = 96, CHAIN = 3 };

/* A task, and the operations that it waits for the result of. */
struct task {
	cq_task task;
	uint32_t kinds[CHAIN];
	int count; /* of them; 0: it has had its result */
	bool ends; /* the last of them ends it */
	bool is_over;
	bool is_outside; /* of all scopes: two that wait for each other's would never end */
};

struct game {
	cq_controller *controller;
	cq_batch *batch;
	cq_socket *sockets[2 * PAIRS];
	cq_condition *conditions[CONDITIONS];
	cq_scope *scopes[SCOPES];
	struct task tasks[TASKS];
	cq_operation wanted[ROOM];
	cq_result results[ROOM];
	size_t count;
	int results_seen, done;
};

static char bytes[20000];

static cq_operation *want(struct game *game, struct task *task, uint32_t kind)
{
	cq_operation *operation = &game->wanted[game->count++];

	memset(operation, 0, sizeof *operation);
	operation->task = task->task;
	operation->kind = kind;
	operation->timeout = pick(3) ? MS(pick(20)) : -1;
	operation->flags = pick(4) ? 0 : CQ_OPERATION_CHECK;
	task->kinds[task->count++] = kind;
	return operation;
}

/* Adds one operation of the task's. */
static void want_something(struct game *game, struct task *task)
{
	static const uint32_t formats[] = { CQ_READ_LINE, CQ_READ_UP_TO, CQ_READ_EXACTLY, CQ_READ_ALL, CQ_READ_HEADER };
	static const uint32_t kinds[] = { CQ_DO_NOTHING, CQ_DO_SLEEP, CQ_DO_CONDITION, CQ_DO_READ, CQ_DO_READ_INTO,
		CQ_DO_WRITE, CQ_DO_FLUSH, CQ_DO_READ, CQ_DO_WRITE, CQ_DO_POLL, CQ_DO_SCOPE };
	static cq_interest interest = CQ_INTEREST_NONE;
	static char room[TASKS][100];
	cq_operation *operation = want(game, task, pick(40) ? kinds[pick(COUNT(kinds))] : 1000);

	operation->object = game->sockets[pick(2 * PAIRS)];
	switch (operation->kind) {
	case CQ_DO_SLEEP:
		operation->timeout = MS(pick(10));
		break;
	case CQ_DO_CONDITION:
		operation->object = game->conditions[pick(CONDITIONS)];
		break;
	case CQ_DO_READ:
		operation->format = formats[pick(COUNT(formats))];
		operation->size = pick(6000);
		break;
	case CQ_DO_READ_INTO:
		operation->data = room[task - game->tasks];
		operation->size = sizeof room[0];
		break;
	case CQ_DO_WRITE:
		operation->data = bytes;
		operation->size = pick(8) ? pick(200) : pick(sizeof bytes);
		break;
	case CQ_DO_POLL:
		interest.timeout = MS(3);
		operation->data = &interest;
		operation->size = 1;
		break;
	case CQ_DO_SCOPE:
		operation->object = task->is_outside ? game->scopes[pick(SCOPES)] : NULL;
		break;
	}
}

static void want_some(struct game *game, struct task *task)
{
	int links = (int)pick(8) == 0 ? CHAIN - 1 : (int)pick(2);

	if (pick(30) == 0) {
		want(game, task, CQ_DO_END)->flags = 0;
		task->ends = true;
		return;
	}
	while (links-- > 0) {
		want_something(game, task);
		game->wanted[game->count - 1].flags |= CQ_OPERATION_LINK;
	}
	want_something(game, task);
}

static void take_results(struct game *game, size_t produced, bool may_go_on)
{
	size_t i;
	int j;

	CHECK(produced <= ROOM);
	for (i = 0; i < produced; i++) {
		cq_result *result = &game->results[i];
		struct task *task = result->data;
		bool wanted = false;

		CHECK(result->code != CQ_EPANIC);
		CHECK(task >= game->tasks && task < game->tasks + TASKS);
		CHECK(task->count > 0 && !task->is_over);
		for (j = 0; j < task->count; j++)
			wanted |= task->kinds[j] == result->kind;
		CHECK(wanted);
		game->results_seen++;
		if (result->kind == CQ_DO_ADD && result->code) {
			task->is_over = true;
			game->done++;
			continue;
		}
		if (result->kind == CQ_DO_ADD)
			task->task = result->task;
		EQ(result->task, task->task);
		if (result->kind == CQ_DO_READ && result->code == 0 && result->size > 0) {
			volatile char first = ((const char *)result->bytes)[0], last = ((const char *)result->bytes)[result->size - 1];

			(void)first;
			(void)last;
		}
		if (result->kind == CQ_DO_SLEEP || result->kind == CQ_DO_NOTHING)
			CHECK(result->code == 0 || result->code == ECANCELED || result->code == ETIMEDOUT);
		task->count = 0;
		if (may_go_on)
			want_some(game, task);
		else {
			want(game, task, CQ_DO_END)->flags = 0;
			task->ends = true;
		}
	}
}

static void step(struct game *game, bool may_go_on)
{
	size_t produced = ROOM + 1, i;
	int code = cq_batch_step(game->batch, game->wanted, game->count, MS(5), game->results, ROOM, &produced);

	OK(code);
	game->count = 0;
	for (i = 0; i < TASKS; i++)
		if (game->tasks[i].ends && !game->tasks[i].is_over) {
			game->tasks[i].is_over = true;
			game->done++;
		}
	take_results(game, produced, may_go_on);
}

static void disturb(struct game *game)
{
	unsigned which = pick(2 * PAIRS);

	switch (pick(12)) {
	case 0:
		OK(cq_socket_close(game->sockets[which]));
		break;
	case 1:
	case 2:
	case 3:
		OK(cq_condition_signal(game->conditions[pick(CONDITIONS)], pick(3), NULL));
		break;
	case 4:
		OK(cq_scope_cancel(game->scopes[pick(SCOPES)], 0, NULL));
		break;
	case 5:
		OK(cq_scope_deadline(game->scopes[pick(SCOPES)], MS(pick(10))));
		break;
	case 6:
		OK(cq_controller_alert(game->controller));
		break;
	case 7:
		cq_socket_shutdown(game->sockets[which], 1);
		break;
	}
}

static void play(unsigned long long seed)
{
	static struct game game;
	int i, round;

	memset(&game, 0, sizeof game);
	memset(bytes, 'x', sizeof bytes);
	for (i = 0; i < (int)sizeof bytes; i += 37)
		bytes[i] = '\n';
	pick_state = seed * 977 + 5;
	game.controller = new_controller();
	OK(cq_batch_new(game.controller, pick(2) ? 0 : 4096, &game.batch));
	for (i = 0; i < PAIRS; i++)
		OK(cq_socket_pair(SOCK_STREAM, &game.sockets[2 * i], &game.sockets[2 * i + 1]));
	for (i = 0; i < CONDITIONS; i++)
		OK(cq_condition_new(false, &game.conditions[i]));
	for (i = 0; i < SCOPES; i++)
		OK(cq_scope_new(game.controller, i ? game.scopes[pick((unsigned)i)] : NULL, &game.scopes[i]));
	for (i = 0; i < TASKS; i++) {
		cq_operation *operation = want(&game, &game.tasks[i], CQ_DO_ADD);

		operation->data = &game.tasks[i];
		operation->object = pick(3) ? game.scopes[pick(SCOPES)] : NULL;
		game.tasks[i].is_outside = operation->object == NULL;
	}
	for (round = 0; round < 60; round++) {
		step(&game, true);
		disturb(&game);
	}
	for (i = 0; i < TASKS; i++)
		if (!game.tasks[i].is_over)
			cq_task_cancel(game.controller, game.tasks[i].task, NULL);
	for (round = 0; game.done < TASKS; round++) {
		step(&game, false);
		CHECK(round < 1000);
	}
	EQ(cq_controller_count(game.controller), 0);
	CHECK(game.results_seen > TASKS); /* it was a game */
	for (i = 0; i < SCOPES; i++)
		EQ(cq_scope_count(game.scopes[i]), 0);
	for (i = SCOPES; i-- > 0;)
		cq_scope_free(game.scopes[i]);
	if (pick(2)) {
		cq_batch_free(game.batch);
		cq_controller_free(game.controller);
	} else {
		cq_controller_free(game.controller);
		cq_batch_free(game.batch);
	}
	for (i = 0; i < 2 * PAIRS; i++)
		cq_socket_free(game.sockets[i]);
	for (i = 0; i < CONDITIONS; i++)
		cq_condition_free(game.conditions[i]);
}

TEST(each_operation_has_its_result_in_any_order)
{
	const char *seed = getenv("SEED");
	int games = getenv("GAMES") ? atoi(getenv("GAMES")) : slow() || SANITIZED ? 20 : 200, i;

	for (i = 0; i < games; i++) {
		pid_t child = (pid_t)SYS(fork());

		if (child == 0) {
			play(seed ? strtoull(seed, NULL, 10) : (unsigned long long)i);
			end_child(*check_outcome != 'f');
		}
		if (wait_for_child(child)) {
			printf("       seed %d\n", i);
			CHECK(!"it ended well");
		}
		if (*check_outcome == 'f')
			CHECK(!"nothing failed in it");
	}
}
