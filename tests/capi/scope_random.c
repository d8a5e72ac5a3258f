/* SPDX-License-Identifier: MIT */
/*
 * Scopes in any order: fibers that make, begin, cancel, shield, wait for and free scopes at random, their own and those of
 * others, while tasks fail, are removed and end in the middle. Whatever the order, no call answers CQ_EPANIC, the counts
 * are right in the end, and everything ends once the controller shuts down. SEED in the environment chooses another order.
 */
#include "fixture.h"

enum { SCOPES = 24, TASKS = 40 };

static cq_controller *cq;
static cq_scope *scopes[SCOPES];
static cq_task tasks[TASKS];
static int living, started;
static cq_condition *cv;

/* Any code may come but that of a bug. */
static int any(int code)
{
	CHECK(code != CQ_EPANIC);
	return code;
}

static void note_end(void *argument)
{
	(void)argument;
	living--;
}

static int act(void *argument);

static void start_one(void)
{
	cq_scope *scope = scopes[pick(SCOPES)];
	cq_task task = 0;
	int code;

	if (living >= TASKS)
		return;
	living++;
	started++;
	if (scope && pick(4))
		code = any(cq_scope_wrap(scope, act, note_end, NULL, &task));
	else
		code = any(cq_controller_wrap(cq, act, note_end, NULL, &task));
	if (code) {
		living--;
		return;
	}
	tasks[pick(TASKS)] = task;
}

static void replace_scope(void)
{
	cq_scope **place = &scopes[pick(SCOPES)], *parent = scopes[pick(SCOPES)];

	if (*place) {
		cq_scope *gone = *place;

		*place = NULL;
		cq_scope_free(gone);
	} else if (any(cq_scope_new(cq, pick(2) ? parent : NULL, place))) {
		*place = NULL;
	}
}

/* A wait of some kind. */
static void wait_somehow(void)
{
	cq_interest set[2] = { on_condition(cv), on_time(MS(1)) };

	switch (pick(4)) {
	case 0:
		any(cq_sleep(pick(2) ? 0 : MS(1)));
		break;
	case 1:
		any(cq_poll(set, 2, NULL));
		break;
	case 2:
		any(cq_poll(NULL, 0, NULL));
		break;
	default:
		any(cq_condition_signal(cv, 1 + pick(3), NULL));
	}
}

/* A scope of the fiber's own, around a wait and perhaps children. */
static void nest(int depth)
{
	cq_scope *own = NULL;

	if (any(cq_scope_new(cq, NULL, &own)))
		return;
	if (pick(3) == 0)
		any(cq_scope_deadline(own, MS(pick(3))));
	if (pick(4) == 0)
		any(cq_scope_shield(own, MS(pick(3))));
	if (pick(5) == 0)
		any(cq_scope_set_idle(own, true));
	if (any(cq_scope_begin(own, 0)) == 0) {
		wait_somehow();
		if (pick(2) && living < TASKS) {
			living++;
			if (any(cq_scope_wrap(own, act, note_end, NULL, NULL)))
				living--;
		}
		if (depth > 0)
			nest(depth - 1);
		if (pick(3))
			any(cq_scope_wait(own));
		if (pick(4))
			any(cq_scope_end(own, 0));
		if (pick(50) == 0)
			return; /* it ends inside: the scope is left behind, and the leak is the test's */
	}
	cq_scope_free(own);
}

static int act(void *argument)
{
	(void)argument;
	for (unsigned steps = 1 + pick(6); steps; steps--) {
		cq_scope *scope = scopes[pick(SCOPES)];

		switch (pick(12)) {
		case 0:
			replace_scope();
			break;
		case 1:
			start_one();
			break;
		case 2:
			any(cq_task_cancel(cq, tasks[pick(TASKS)], pick(2) ? "random" : NULL));
			break;
		case 3:
			any(cq_controller_finish(cq, tasks[pick(TASKS)]));
			break;
		case 4:
			if (scope)
				any(cq_scope_cancel(scope, (int)pick(3), "random"));
			break;
		case 5:
			if (scope)
				any(cq_scope_deadline(scope, pick(2) ? MS(pick(4)) : -1));
			break;
		case 6:
			if (scope)
				any(cq_scope_shield(scope, MS(pick(4))));
			break;
		case 7:
			any(cq_task_join(cq, tasks[pick(TASKS)], MS(pick(3)), NULL));
			break;
		case 8:
			nest((int)pick(3));
			break;
		case 9:
			if (scope)
				any(cq_scope_set_supervisor(scope, pick(2)));
			break;
		default:
			wait_somehow();
		}
	}
	return pick(10) ? 0 : (int)pick(200);
}

static void play(unsigned long long seed)
{
	int begun = 0;

	pick_state = seed;
	living = started = 0;
	memset(scopes, 0, sizeof scopes);
	memset(tasks, 0, sizeof tasks);
	cq = new_controller();
	cv = new_condition(pick(2));
	if (pick(2))
		OK(cq_controller_set_order(cq, CQ_NEWEST_FIRST));
	for (int i = 0; i < 60; i++) {
		replace_scope();
		start_one();
		any(cq_controller_step(cq, 0));
	}
	OK(cq_controller_shutdown(cq, MS(5)));
	for (double until = cq_monotime() + 10; living && cq_monotime() < until;)
		any(cq_controller_step(cq, MS(1)));
	begun = living;
	if (pick(2))
		cq_controller_free(cq);
	for (int i = 0; i < SCOPES; i++) {
		if (scopes[i] && begun == 0)
			EQ(cq_scope_count(scopes[i]), 0);
		cq_scope_free(scopes[i]);
	}
	EQ(begun, 0);
	CHECK(started >= 30); /* it was a game */
}

TEST(scopes_hold_in_any_order)
{
	const char *seed = getenv("SEED");
	int games = getenv("GAMES") ? atoi(getenv("GAMES")) : slow() || SANITIZED ? 20 : 300;

	for (int i = 0; i < games; i++) {
		pid_t child = (pid_t)SYS(fork());

		if (child == 0) {
			play(seed ? strtoull(seed, NULL, 10) : (unsigned long long)i);
			end_child(*check_outcome != 'f'); /* scopes that were left behind are no news for tools */
		}
		if (wait_for_child(child)) {
			printf("       seed %d\n", i);
			CHECK(!"it ended well");
		}
		if (*check_outcome == 'f')
			CHECK(!"nothing failed in it");
	}
}
