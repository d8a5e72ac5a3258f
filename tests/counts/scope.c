/* SPDX-License-Identifier: MIT */
/*
 * Work on scopes. Instructions are counted inside of `measured` only.
 *
 *   scope broadcast N    N tasks wait for a condition: all are woken, and end
 *   scope end N          N tasks of a scope sleep: it ends, and so do they
 *   scope one N          one of N sleeping tasks of a scope is cancelled, and ends
 *   scope nothing N      N scopes with deadlines around nothing
 *   scope fibers N       N fibers are made, run and end, one after the other
 *   scope turns N        a fiber lets others run N times
 */
#include <cqueues.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cq_controller *cq;
static cq_scope *scope;
static cq_condition *condition;
static cq_task last;

static void check(int code)
{
	if (code) {
		fprintf(stderr, "scope: %s\n", cq_strerror(code));
		exit(1);
	}
}

static int sleep_once(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	cq_interest interest = CQ_INTEREST_NONE;

	(void)fired, (void)argument;
	interest.timeout = 1000;
	return count ? 0 : cq_controller_park(controller, task, &interest, 1);
}

static int wait_once(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	cq_interest interest = CQ_INTEREST_NONE;

	(void)fired, (void)argument;
	interest.condition = condition;
	return count ? 0 : cq_controller_park(controller, task, &interest, 1);
}

static void run_all(size_t left)
{
	while (cq_controller_count(cq) > left)
		check(cq_controller_step(cq, 0));
}

__attribute__((noinline)) void measured(const char *what, size_t count)
{
	if (!strcmp(what, "broadcast")) {
		check(cq_condition_signal(condition, count, NULL));
		run_all(0);
	} else if (!strcmp(what, "end")) {
		check(cq_scope_cancel(scope, 0, NULL));
		run_all(0);
	} else if (!strcmp(what, "one")) {
		check(cq_task_cancel(cq, last, NULL));
		run_all(count - 1);
	}
}

static void nothing(size_t count)
{
	while (count--) {
		cq_scope *made;

		check(cq_scope_new(cq, NULL, &made));
		check(cq_scope_deadline(made, 1000));
		cq_scope_free(made);
	}
}

static int return_at_once(void *argument)
{
	(void)argument;
	return 0;
}

static int let_others_run(void *argument)
{
	size_t *count = argument;

	while ((*count)--)
		check(cq_poll(NULL, 0, NULL));
	return 0;
}

static void fibers(size_t count)
{
	while (count--) {
		check(cq_controller_wrap(cq, return_at_once, NULL, NULL, NULL));
		check(cq_controller_step(cq, 0));
	}
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (count == 0)
		return 2;
	check(cq_controller_new(&cq));
	check(cq_scope_new(cq, NULL, &scope));
	check(cq_condition_new(false, &condition));
	if (!strcmp(argv[1], "nothing")) {
		nothing(count);
		return 0;
	}
	if (!strcmp(argv[1], "fibers")) {
		fibers(count);
		return 0;
	}
	if (!strcmp(argv[1], "turns")) {
		check(cq_controller_wrap(cq, let_others_run, NULL, &count, NULL));
		run_all(0);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(argv[1], "broadcast"))
			check(cq_controller_attach(cq, wait_once, NULL, NULL, NULL));
		else
			check(cq_scope_attach(scope, sleep_once, NULL, NULL, &last));
	}
	check(cq_controller_step(cq, 0));
	measured(argv[1], count);
	cq_scope_free(scope);
	cq_condition_free(condition);
	cq_controller_free(cq);
	return 0;
}
