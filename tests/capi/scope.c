/* SPDX-License-Identifier: MIT */
/* Scopes: groups of tasks that end together, around children and around a part of a task's own code. */

#include "fixture.h"
#include <pthread.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static cq_scope *new_scope(cq_controller *cq, cq_scope *parent)
{
	cq_scope *scope = NULL;

	OK(cq_scope_new(cq, parent, &scope));
	CHECK(scope != NULL);
	return scope;
}

/* What a fiber of these tests does, and what came of it. */
struct part {
	cq_controller *cq;
	cq_scope *scope;
	cq_condition *cv;
	double seconds;
	int code, again, ended, released;
	cq_task task;
};

static cq_task start(cq_scope *scope, cq_function function, struct part *part);

static void note_release(void *argument)
{
	((struct part *)argument)->released++;
}

static cq_task start(cq_scope *scope, cq_function function, struct part *part)
{
	OK(cq_scope_wrap(scope, function, note_release, part, &part->task));
	return part->task;
}

static cq_task start_outside(cq_controller *cq, cq_function function, struct part *part)
{
	part->cq = cq;
	OK(cq_controller_wrap(cq, function, note_release, part, &part->task));
	return part->task;
}

static int sleep_twice(void *argument)
{
	struct part *p = argument;

	p->code = cq_sleep(p->seconds);
	p->again = cq_sleep(0);
	p->ended = 1;
	return p->code;
}

static int fail_with_code(void *argument)
{
	struct part *p = argument;

	OK(cq_sleep(p->seconds));
	p->ended = 1;
	return p->code;
}

static int wait_twice(void *argument)
{
	struct part *p = argument;

	p->code = cq_condition_wait(p->cv, -1);
	p->again = cq_condition_wait(p->cv, MS(1));
	p->ended = 1;
	return 0;
}

/* -- children -- */

TEST(waiting_for_a_scope_is_waiting_for_its_tasks)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part parts[3] = { { .seconds = MS(1) }, { .seconds = MS(5) }, { .seconds = 0 } };

	OK(cq_scope_wait(scope)); /* nothing to wait for */
	for (size_t i = 0; i < COUNT(parts); i++)
		start(scope, sleep_twice, &parts[i]);
	EQ(cq_scope_count(scope), 3);
	OK(cq_scope_wait(scope));
	EQ(cq_scope_count(scope), 0);
	for (size_t i = 0; i < COUNT(parts); i++)
		CHECK(parts[i].ended && parts[i].released == 1);
	OK(cq_scope_status(scope));
	ERR(cq_scope_failure(scope, &(cq_failure){ 0 }), ENOENT);
	CHECK(cq_controller_empty(cq));
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(a_task_that_fails_ends_the_others_and_its_code_is_the_scope_s)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part bad = { .seconds = MS(1), .code = 7 }, other = { .seconds = -1 };
	cq_failure failure;

	start(scope, sleep_twice, &other);
	OK(cq_task_set_name(cq, start(scope, fail_with_code, &bad), "bad"));
	ERR(cq_scope_wait(scope), 7);
	EQ(other.code, ECANCELED);
	EQ(other.again, ECANCELED);
	ERR(cq_scope_status(scope), ECANCELED);
	OK(cq_scope_failure(scope, &failure));
	EQ(failure.code, 7);
	CHECK(failure.task == bad.task && strcmp(failure.name, "bad") == 0 && failure.reason == NULL);
	ERR(cq_scope_wrap(scope, sleep_twice, NULL, &other, NULL), ECANCELED);
	ERR(cq_controller_failure(cq, &failure), ENOENT); /* the scope has taken care of it */
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(of_two_tasks_that_fail_at_once_the_first_is_told)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part a = { .code = 5 }, b = { .code = 6 };

	start(scope, fail_with_code, &a);
	start(scope, fail_with_code, &b);
	ERR(cq_scope_wait(scope), 5);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(a_supervisor_lets_the_others_go_on)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part bad = { .code = 7 }, other = { .seconds = MS(10) };

	OK(cq_scope_set_supervisor(scope, true));
	start(scope, fail_with_code, &bad);
	start(scope, sleep_twice, &other);
	ERR(cq_scope_wait(scope), 7);
	OK(other.code);
	OK(other.again);
	OK(cq_scope_status(scope));
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(cancelling_ends_the_present_wait_and_every_later_one)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part p = { .seconds = -1 }, late = { .seconds = -1 };

	start(scope, sleep_twice, &p);
	OK(cq_controller_step(cq, 0));
	start(scope, sleep_twice, &late); /* has not run yet */
	OK(cq_scope_cancel(scope, 0, "the server stops"));
	OK(cq_scope_cancel(scope, 9, "again")); /* changes nothing */
	OK(cq_controller_step(cq, 0));
	EQ(p.code, ECANCELED);
	CHECK(!p.ended);
	OK(cq_controller_step(cq, 0));
	CHECK(p.ended && p.again == ECANCELED);
	EQ(late.code, ECANCELED);
	ERR(cq_scope_wait(scope), ECANCELED);
	CHECK(strcmp(cq_scope_reason(scope), "the server stops") == 0);
	CHECK(late.ended);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(whoever_waits_is_told_the_code_of_the_cancel)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part p = { .seconds = -1 };

	start(scope, sleep_twice, &p);
	OK(cq_scope_cancel(scope, 42, NULL));
	ERR(cq_scope_wait(scope), 42);
	CHECK(cq_scope_reason(scope) == NULL);
	EQ(p.code, ECANCELED);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(a_deadline_ends_with_etimedout)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part p = { .seconds = -1 };
	double begun = cq_monotime();

	OK(cq_scope_deadline(scope, 1000));
	OK(cq_scope_deadline(scope, MS(20))); /* instead */
	start(scope, sleep_twice, &p);
	ERR(cq_scope_wait(scope), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(20));
	EQ(p.code, ETIMEDOUT);
	EQ(p.again, ETIMEDOUT);
	cq_scope_free(scope);

	scope = new_scope(cq, NULL);
	OK(cq_scope_deadline(scope, MS(1)));
	OK(cq_scope_deadline(scope, -1)); /* none */
	p.seconds = MS(10);
	start(scope, sleep_twice, &p);
	OK(cq_scope_wait(scope));
	OK(cq_scope_deadline(scope, 0)); /* has passed */
	ERR(cq_scope_status(scope), ETIMEDOUT);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(what_ends_a_scope_ends_those_in_it_and_not_the_one_around_it)
{
	cq_controller *cq = new_controller();
	cq_scope *outer = new_scope(cq, NULL), *inner = new_scope(cq, outer), *other = new_scope(cq, outer);
	struct part a = { .seconds = -1 }, b = { .seconds = -1 }, c = { .seconds = -1 };

	start(outer, sleep_twice, &a);
	start(inner, sleep_twice, &b);
	start(other, sleep_twice, &c);
	EQ(cq_scope_count(outer), 3);
	OK(cq_scope_cancel(inner, 0, NULL));
	ERR(cq_scope_wait(inner), ECANCELED);
	CHECK(b.ended && !a.ended && !c.ended);
	EQ(cq_scope_count(outer), 2);
	OK(cq_scope_status(outer));
	OK(cq_scope_cancel(outer, 0, NULL));
	ERR(cq_scope_status(other), ECANCELED);
	ERR(cq_scope_wait(outer), ECANCELED);
	CHECK(a.ended && c.ended);
	cq_scope_free(inner);
	cq_scope_free(outer);
	ERR(cq_scope_status(other), ECANCELED);
	cq_scope_free(other); /* after the one that it lay in */
	cq_controller_free(cq);
}

/* -- around a part of a task -- */

static int try_for_a_while(void *argument)
{
	struct part *p = argument;
	cq_scope *scope = new_scope(p->cq, NULL), *current = NULL;

	OK(cq_scope_deadline(scope, MS(5)));
	OK(cq_scope_begin(scope, 0));
	ERR(cq_scope_begin(scope, 0), EBUSY);
	OK(cq_task_scope(p->cq, 0, &current));
	CHECK(current == scope);
	p->code = cq_sleep(-1);
	ERR(cq_sleep(0), ETIMEDOUT);
	ERR(cq_scope_status(scope), ETIMEDOUT);
	OK(cq_scope_end(scope, 0));
	ERR(cq_scope_end(scope, 0), EINVAL);
	cq_scope_free(scope);
	p->again = cq_sleep(MS(1));
	p->ended = 1;
	return 0;
}

TEST(a_scope_around_a_part_of_a_task_ends_only_that)
{
	cq_controller *cq = new_controller();
	struct part p = { 0 };

	start_outside(cq, try_for_a_while, &p);
	run(cq);
	EQ(p.code, ETIMEDOUT);
	OK(p.again);
	CHECK(p.ended);
	cq_controller_free(cq);
}

static int nest(void *argument)
{
	struct part *p = argument;
	cq_scope *outer = new_scope(p->cq, NULL), *inner;

	OK(cq_scope_begin(outer, 0));
	inner = new_scope(p->cq, NULL); /* lies in outer */
	OK(cq_scope_begin(inner, 0));
	ERR(cq_scope_end(outer, 0), EINVAL); /* not the innermost one */
	OK(cq_scope_deadline(outer, MS(2)));
	p->code = cq_sleep(-1);
	OK(cq_scope_end(inner, 0));
	p->again = cq_sleep(-1); /* outer has ended too */
	OK(cq_scope_end(outer, 0));
	OK(cq_sleep(0));
	p->ended = 1;
	cq_scope_free(outer);
	cq_scope_free(inner);
	return 0;
}

TEST(scopes_around_parts_nest)
{
	cq_controller *cq = new_controller();
	struct part p = { 0 };

	start_outside(cq, nest, &p);
	run(cq);
	EQ(p.code, ETIMEDOUT);
	EQ(p.again, ETIMEDOUT);
	CHECK(p.ended);
	cq_controller_free(cq);
}

/* A fiber that starts children in a scope of its own and waits for them, as most programs do. */
static struct part children[2];

static int have_children(void *argument)
{
	struct part *p = argument;
	cq_scope *scope = new_scope(p->cq, NULL);

	p->scope = scope;
	OK(cq_scope_begin(scope, 0));
	for (size_t i = 0; i < COUNT(children); i++)
		start(scope, sleep_twice, &children[i]);
	ERR(cq_scope_end(scope, 0), EBUSY);
	p->code = cq_scope_wait(scope);
	CHECK(children[0].ended && children[1].ended); /* whatever the code: no task outlives its scope */
	OK(cq_scope_end(scope, 0));
	cq_scope_free(scope);
	p->ended = 1;
	return 0;
}

TEST(a_cancelled_parent_waits_for_its_children_which_end_first)
{
	cq_controller *cq = new_controller();
	struct part p = { 0 };

	children[0] = children[1] = (struct part){ .seconds = -1 };
	start_outside(cq, have_children, &p);
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	OK(cq_task_cancel(cq, p.task, "enough"));
	ERR(cq_task_status(cq, children[0].task), ECANCELED);
	CHECK(strcmp(cq_task_reason(cq, children[1].task), "enough") == 0);
	run(cq);
	EQ(p.code, ECANCELED);
	EQ(children[0].code, ECANCELED);
	CHECK(p.ended);
	cq_controller_free(cq);
}

TEST(a_child_that_fails_ends_its_parent_s_scope_and_not_the_parent)
{
	cq_controller *cq = new_controller();
	struct part p = { 0 };

	children[0] = (struct part){ .seconds = -1 };
	children[1] = (struct part){ .seconds = -1 };
	start_outside(cq, have_children, &p);
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	struct part bad = { .code = 3 };
	start(p.scope, fail_with_code, &bad);
	run(cq);
	EQ(p.code, 3);
	CHECK(p.ended);
	cq_controller_free(cq);
}

static int clean_up(void *argument)
{
	struct part *p = argument;
	cq_scope *scope;

	p->code = cq_sleep(-1);
	scope = new_scope(p->cq, NULL);
	OK(cq_scope_shield(scope, p->seconds));
	OK(cq_scope_begin(scope, 0));
	OK(cq_sleep(MS(2))); /* cleans up */
	p->again = cq_sleep(MS(50));
	OK(cq_scope_end(scope, 0));
	cq_scope_free(scope);
	ERR(cq_sleep(0), ECANCELED);
	p->ended = 1;
	return 0;
}

TEST(a_shield_gives_a_bounded_time)
{
	cq_controller *cq = new_controller();
	struct part roomy = { .seconds = 10 }, narrow = { .seconds = MS(10) };

	start_outside(cq, clean_up, &roomy);
	start_outside(cq, clean_up, &narrow);
	OK(cq_controller_step(cq, 0));
	OK(cq_task_cancel(cq, roomy.task, NULL));
	OK(cq_task_cancel(cq, narrow.task, NULL));
	run(cq);
	EQ(roomy.code, ECANCELED);
	OK(roomy.again);
	EQ(narrow.again, ECANCELED); /* the time was over */
	CHECK(roomy.ended && narrow.ended);
	cq_controller_free(cq);
}

/* -- what is waited for -- */

TEST(a_cancelled_task_takes_no_signal_from_others)
{
	cq_controller *cq = new_controller();
	cq_condition *cv = new_condition(false);
	struct part a = { .cv = cv }, b = { .cv = cv };
	size_t woken = 0;

	start_outside(cq, wait_twice, &a);
	start_outside(cq, wait_twice, &b);
	OK(cq_controller_step(cq, 0));
	OK(cq_task_cancel(cq, a.task, NULL));
	OK(cq_condition_signal(cv, 1, &woken));
	EQ(woken, 1);
	run(cq);
	EQ(a.code, ECANCELED);
	OK(b.code);
	cq_condition_free(cv);
	cq_controller_free(cq);
}

TEST(what_has_fired_already_is_not_taken_back)
{
	cq_controller *cq = new_controller();
	cq_condition *cv = new_condition(false);
	struct part a = { .cv = cv };
	size_t woken = 0;

	start_outside(cq, wait_twice, &a);
	OK(cq_controller_step(cq, 0));
	OK(cq_condition_signal(cv, 1, &woken));
	OK(cq_task_cancel(cq, a.task, NULL));
	EQ(woken, 1);
	run(cq);
	OK(a.code);
	EQ(a.again, ECANCELED);
	cq_condition_free(cv);
	cq_controller_free(cq);
}

static int count_ends(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct part *p = argument;
	cq_interest never = CQ_INTEREST_NONE;

	if (count) {
		EQ(count, 1);
		EQ(fired[0].member, CQ_ENDED);
		p->code = (int)fired[0].events;
		if (++p->ended == 3)
			return 0;
	}
	OK(cq_controller_park(cq, task, &never, 1));
	return 0;
}

TEST(a_callback_is_told_of_the_end)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part p = { 0 };

	OK(cq_scope_attach(scope, count_ends, NULL, &p, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_scope_deadline(scope, 0));
	ERR(cq_scope_wait(scope), ETIMEDOUT);
	EQ(p.ended, 3); /* it went on waiting */
	EQ(p.code, ETIMEDOUT);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

static void step_once(cq_controller *cq, cq_ready *ready)
{
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, 0, 0));
	OK(cq_controller_next(cq, ready));
}

TEST(a_task_of_the_pull_interface_is_told_and_can_begin_scopes_and_fail)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL), *part = new_scope(cq, scope);
	cq_interest never = CQ_INTEREST_NONE;
	cq_failure failure;
	cq_ready ready;
	cq_task task;
	int data;

	OK(cq_scope_add(scope, &data, &task));
	step_once(cq, &ready);
	CHECK(ready.data == &data);
	EQ(ready.count, 0);
	OK(cq_scope_begin(part, task));
	OK(cq_scope_deadline(part, 0));
	OK(cq_controller_park(cq, task, &never, 1));
	OK(cq_controller_leave(cq));
	step_once(cq, &ready);
	EQ(ready.count, 1);
	EQ(ready.fired[0].member, CQ_ENDED);
	EQ(ready.fired[0].events, ETIMEDOUT);
	OK(cq_scope_end(part, task));
	ERR(cq_task_fail(cq, task, 0, NULL), EINVAL);
	OK(cq_task_fail(cq, task, 99, "line 3: a nil value"));
	OK(cq_controller_finish(cq, task));
	OK(cq_controller_leave(cq));
	ERR(cq_scope_wait(scope), 99);
	OK(cq_scope_failure(scope, &failure));
	CHECK(strcmp(failure.reason, "line 3: a nil value") == 0);
	OK(cq_controller_add(cq, &data, &task));
	ERR(cq_task_fail(cq, task, 1, NULL), ENOENT); /* in no scope */
	cq_scope_free(part);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

/* Runs a step in which one task of the pull interface is ready; returns the code that its wait was ended with, or 0. */
static int pull_one(cq_controller *cq, double seconds, int *ready_count)
{
	cq_ready ready;
	int code = 0;

	*ready_count = 0;
	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, seconds, 0));
	while (cq_controller_next(cq, &ready) == 0) {
		++*ready_count;
		if (ready.count == 1 && ready.fired[0].member == CQ_ENDED)
			code = (int)ready.fired[0].events;
	}
	OK(cq_controller_leave(cq));
	return code;
}

TEST(a_task_of_the_pull_interface_waits_for_a_scope)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part p = { .seconds = slow() ? 0.2 : MS(20) };
	cq_task task, inside;
	int count = 0;

	ERR(cq_scope_park(NULL, 1), EINVAL);
	OK(cq_controller_add(cq, NULL, &task));
	OK(pull_one(cq, 0, &count));
	OK(cq_scope_park(scope, task)); /* it has no tasks: ready at once */
	OK(pull_one(cq, 0, &count));
	EQ(count, 1);
	OK(cq_scope_add(scope, NULL, &inside));
	ERR(cq_scope_park(scope, inside), EDEADLK);
	OK(cq_controller_finish(cq, inside));
	start(scope, sleep_twice, &p);
	OK(cq_scope_park(scope, task));
	OK(pull_one(cq, 0, &count));
	EQ(count, 0);
	while (count == 0)
		OK(pull_one(cq, 1, &count));
	CHECK(p.ended);

	/* Cancelled with the scope, it waits for it all the same; cancelled alone, it does not. */
	p = (struct part){ .seconds = -1 };
	start(scope, sleep_twice, &p);
	OK(pull_one(cq, 0, &count));
	OK(cq_scope_park(scope, task));
	OK(cq_task_cancel(cq, task, NULL));
	EQ(pull_one(cq, 0, &count), ECANCELED);
	OK(cq_scope_cancel(scope, 0, NULL));
	OK(cq_scope_park(scope, task));
	for (count = 0; count == 0;)
		OK(pull_one(cq, 1, &count));
	CHECK(p.ended);
	cq_scope_free(scope);
	cq_controller_free(cq);
	ERR(cq_scope_park(NULL, task), EINVAL);
}

static int poll_scope(void *argument)
{
	struct part *p = argument;
	cq_interest set[2] = { CQ_INTEREST_NONE, CQ_INTEREST_NONE };

	set[0].scope = p->scope;
	set[1].timeout = p->seconds;
	p->code = cq_poll(set, 2, NULL);
	p->again = set[0].fired != 0;
	p->ended = 1;
	return 0;
}

TEST(a_scope_is_a_member_of_wait_sets)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	cq_condition *cv = new_condition(false);
	struct part sleeper = { .seconds = slow() ? 0.5 : MS(50) }, early = { .scope = scope, .seconds = MS(1) };
	struct part late = { .scope = scope, .seconds = 100 };
	cq_interest both = CQ_INTEREST_NONE;

	both.scope = scope;
	both.condition = cv;
	ERR(cq_poll(&both, 1, NULL), EINVAL);
	both.condition = NULL;
	OK(cq_poll(&both, 1, NULL)); /* no task is left */
	start(scope, sleep_twice, &sleeper);
	start_outside(cq, poll_scope, &early);
	start_outside(cq, poll_scope, &late);
	run(cq);
	CHECK(sleeper.ended && early.ended && late.ended && !early.again && late.again);
	OK(early.code);
	OK(late.code);
	cq_scope_free(scope);
	cq_condition_free(cv);
	cq_controller_free(cq);
}

/* -- joining -- */

static struct part *joined;

static int join_it(void *argument)
{
	struct part *p = argument;

	p->again = -1;
	p->code = cq_task_join(p->cq, joined->task, p->seconds, &p->again);
	return 0;
}

TEST(joining_a_task_gives_its_code)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part target = { .seconds = slow() ? 1 : MS(10), .code = 77 }, a = { .seconds = -1 }, b = { .seconds = MS(1) };
	int code = 0;

	joined = &target;
	OK(cq_scope_set_supervisor(scope, true));
	start(scope, fail_with_code, &target);
	start_outside(cq, join_it, &a);
	start_outside(cq, join_it, &b);
	OK(cq_task_join(cq, target.task, -1, &code)); /* outside of any task */
	EQ(code, 77);
	run(cq);
	OK(a.code);
	EQ(a.again, 77);
	EQ(b.code, ETIMEDOUT);
	EQ(b.again, -1);
	ERR(cq_task_join(cq, target.task, -1, &code), ENOENT);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(a_task_that_is_removed_or_dropped_was_cancelled)
{
	cq_controller *cq = new_controller(), *other = new_controller();
	struct part target = { .seconds = -1 }, a = { .seconds = -1 };

	joined = &target;
	start_outside(cq, sleep_twice, &target);
	start_outside(cq, join_it, &a);
	OK(cq_controller_step(cq, 0));
	ERR(cq_task_join(cq, target.task, 0, NULL), ETIMEDOUT);
	OK(cq_controller_finish(cq, target.task));
	run(cq);
	OK(a.code);
	EQ(a.again, ECANCELED);

	start_outside(cq, sleep_twice, &target);
	start_outside(other, join_it, &a);
	a.cq = cq;
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(other, 0));
	cq_controller_free(cq);
	run(other);
	OK(a.code);
	EQ(a.again, ECANCELED);
	cq_controller_free(other);
}

static int join_itself(void *argument)
{
	struct part *p = argument;

	ERR(cq_task_join(p->cq, p->task, -1, NULL), EDEADLK);
	p->ended = 1;
	return 0;
}

TEST(a_task_cannot_join_itself)
{
	cq_controller *cq = new_controller();
	struct part p = { 0 };

	start_outside(cq, join_itself, &p);
	run(cq);
	CHECK(p.ended);
	cq_controller_free(cq);
}

/* -- freeing -- */

TEST(freeing_a_scope_leaves_no_task_behind)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL), *inner = new_scope(cq, scope);
	struct part a = { .seconds = -1 }, b = { .seconds = -1 }, c = { .seconds = MS(1) };

	start(scope, sleep_twice, &a);
	start(inner, sleep_twice, &b);
	start_outside(cq, sleep_twice, &c);
	OK(cq_controller_step(cq, 0));
	cq_scope_free(scope);
	EQ(a.released, 1);
	EQ(b.released, 1);
	EQ(cq_controller_count(cq), 1);
	EQ(cq_scope_count(inner), 0);
	cq_scope_free(inner);
	run(cq);
	OK(c.code);
	cq_controller_free(cq);
}

static int free_own(void *argument)
{
	struct part *p = argument;

	cq_scope_free(p->scope);
	p->code = cq_sleep(0);
	p->again = cq_sleep(-1);
	p->ended = 1;
	return 0;
}

TEST(a_task_that_frees_its_own_scope_goes_on_without_waiting)
{
	cq_controller *cq = new_controller();
	cq_scope *outer = new_scope(cq, NULL), *scope = new_scope(cq, outer);
	struct part p = { .scope = scope }, other = { .seconds = -1 };

	start(scope, sleep_twice, &other);
	start(scope, free_own, &p);
	EQ(cq_scope_count(outer), 1);
	OK(cq_scope_wait(outer));
	run(cq);
	EQ(other.released, 1);
	CHECK(p.ended);
	EQ(p.code, ECANCELED);
	EQ(p.again, ECANCELED);
	cq_scope_free(outer);
	cq_controller_free(cq);
}

static int free_begun(void *argument)
{
	struct part *p = argument;
	cq_scope *outer = new_scope(p->cq, NULL), *inner;

	OK(cq_scope_begin(outer, 0));
	inner = new_scope(p->cq, NULL);
	OK(cq_scope_begin(inner, 0));
	OK(cq_scope_cancel(inner, 0, NULL));
	cq_scope_free(outer); /* with its end, and that of inner */
	OK(cq_sleep(MS(1)));
	cq_scope_free(inner);
	OK(cq_sleep(MS(1)));
	p->ended = 1;
	return 0;
}

TEST(freeing_a_scope_that_one_has_begun_ends_it)
{
	cq_controller *cq = new_controller();
	cq_scope *home = new_scope(cq, NULL);
	struct part p = { .cq = cq };

	start(home, free_begun, &p);
	OK(cq_scope_wait(home));
	CHECK(p.ended);
	EQ(cq_scope_count(home), 0);
	cq_scope_free(home);
	cq_controller_free(cq);
}

/* What went wrong: asking about itself while it parked was a bug of the library. */
static int poll_own_controller(void *argument)
{
	struct part *p = argument;
	cq_interest own = CQ_INTEREST_NONE;

	own.controller = p->cq;
	own.timeout = MS(1);
	p->code = cq_poll(&own, 1, NULL);
	p->ended = 1;
	return 0;
}

TEST(a_fiber_that_polls_its_own_controller_gets_a_code)
{
	cq_controller *cq = new_controller();
	struct part p = { 0 };

	start_outside(cq, poll_own_controller, &p);
	run(cq);
	CHECK(p.ended && p.code != CQ_EPANIC);
	cq_controller_free(cq);
}

/* What went wrong: of a task of another controller the number was looked up here. */
static int ask_elsewhere(void *argument)
{
	struct part *p = argument;
	cq_scope *found = NULL;

	p->code = cq_task_scope(p->scope ? cq_scope_data(p->scope) : NULL, 0, &found);
	CHECK(found == NULL);
	return 0;
}

TEST(task_0_is_one_of_the_controller_that_is_asked)
{
	cq_controller *cq = new_controller(), *other = new_controller();
	cq_scope *scope = new_scope(other, NULL), *equal = new_scope(cq, NULL); /* the numbers go on alike */
	struct part p = { .scope = scope }, namesake = { .seconds = -1 };

	OK(cq_scope_set_data(scope, other));
	start(scope, sleep_twice, &namesake);
	start_outside(cq, ask_elsewhere, &p);
	CHECK(p.task == namesake.task);
	run(cq);
	EQ(p.code, ENOENT);
	cq_scope_free(scope);
	cq_scope_free(equal);
	cq_controller_free(other);
	cq_controller_free(cq);
}

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
/* What went wrong: each look made room for another signal. */
TEST(looking_again_and_again_takes_no_memory)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	cq_interest on = CQ_INTEREST_NONE;
	struct part p = { .seconds = -1 };
	size_t before;

	on.scope = scope;
	on.timeout = 0;
	start(scope, sleep_twice, &p);
	ERR(cq_task_join(cq, p.task, 0, NULL), ETIMEDOUT);
	OK(cq_poll(&on, 1, NULL));
	before = mallinfo2().uordblks;
	for (int i = 0; i < (slow() ? 2000 : 20000); i++) {
		ERR(cq_task_join(cq, p.task, 0, NULL), ETIMEDOUT);
		OK(cq_interest_pollfd(&on) + 1);
	}
	CHECK(mallinfo2().uordblks < before + 4096);
	cq_scope_free(scope);
	cq_controller_free(cq);
}
#endif
#endif

static int begin_and_end(void *argument)
{
	struct part *p = argument;

	p->scope = new_scope(p->cq, NULL);
	OK(cq_scope_begin(p->scope, 0));
	return 0;
}

TEST(a_task_may_end_inside_a_scope_that_it_has_begun)
{
	cq_controller *cq = new_controller();
	cq_scope *home = new_scope(cq, NULL);
	struct part p = { .cq = cq }, late = { .seconds = MS(1) };

	start(home, begin_and_end, &p);
	OK(cq_scope_wait(home));
	start(p.scope, sleep_twice, &late); /* it is still there, and lies in home */
	EQ(cq_scope_count(home), 1);
	OK(cq_scope_wait(home));
	CHECK(late.ended);
	cq_scope_free(p.scope);
	cq_scope_free(home);
	cq_controller_free(cq);
}

TEST(a_scope_of_a_closed_controller_can_only_be_freed)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL), *other = new_scope(cq, scope);
	struct part p = { .seconds = -1 };

	start(scope, sleep_twice, &p);
	OK(cq_controller_close(cq));
	EQ(p.released, 1);
	ERR(cq_scope_cancel(scope, 0, NULL), EBADF);
	ERR(cq_scope_wait(scope), EBADF);
	ERR(cq_scope_deadline(scope, 1), EBADF);
	ERR(cq_scope_new(cq, NULL, &(cq_scope *){ NULL }), EBADF);
	EQ(cq_scope_count(scope), 0);
	cq_controller_free(cq);
	ERR(cq_scope_status(other), EBADF);
	cq_scope_free(scope);
	cq_scope_free(other);
}

TEST(scopes_of_different_controllers_do_not_nest)
{
	cq_controller *cq = new_controller(), *other = new_controller();
	cq_scope *scope = new_scope(cq, NULL), *none = NULL;
	struct part p = { 0 };

	ERR(cq_scope_new(other, scope, &none), EINVAL);
	start_outside(other, sleep_twice, &p);
	ERR(cq_scope_begin(scope, p.task), ENOENT); /* no task of that controller */
	cq_scope_free(scope);
	cq_controller_free(cq);
	cq_controller_free(other);
}

/* -- oneself, others, too late -- */

static int cancel_oneself(void *argument)
{
	struct part *p = argument;

	OK(p->scope ? cq_scope_cancel(p->scope, 0, "by itself") : cq_task_cancel(p->cq, p->task, "by itself"));
	p->code = cq_sleep(-1);
	CHECK(strcmp(cq_task_reason(p->cq, p->task), "by itself") == 0);
	p->again = cq_poll(NULL, 0, NULL);
	p->ended = 1;
	return ECANCELED;
}

TEST(a_task_may_cancel_itself_and_its_scope)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part a = { .cq = cq }, b = { .cq = cq, .scope = scope };

	OK(cq_controller_wrap(cq, cancel_oneself, NULL, &a, &a.task));
	OK(cq_controller_loop(cq, -1)); /* its code is no failure either */
	start(scope, cancel_oneself, &b);
	ERR(cq_scope_wait(scope), ECANCELED);
	ERR(cq_scope_failure(scope, &(cq_failure){ 0 }), ENOENT); /* it did as it was told */
	CHECK(a.ended && b.ended && a.code == ECANCELED && b.again == ECANCELED);
	ERR(cq_task_cancel(cq, a.task, NULL), ENOENT);
	ERR(cq_task_status(cq, a.task), ENOENT);
	CHECK(cq_task_reason(cq, a.task) == NULL);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

static int stubborn(void *argument)
{
	struct part *p = argument;

	while (p->again < 20)
		p->again += cq_sleep(-1) == ECANCELED;
	return 0;
}

TEST(a_task_that_goes_on_waiting_does_not_block_the_others)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part p = { 0 }, other = { .seconds = 0 };

	start(scope, stubborn, &p);
	OK(cq_controller_step(cq, 0));
	OK(cq_scope_cancel(scope, 0, NULL));
	start_outside(cq, sleep_twice, &other);
	while (!other.ended)
		OK(cq_controller_step(cq, 0));
	CHECK(p.again < 20); /* one wait a step */
	ERR(cq_scope_wait(scope), ECANCELED);
	EQ(p.again, 20);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

static void cancel_posted(void *argument);

static int cancel_in_post(void *argument)
{
	cancel_posted(argument);
	return 0;
}

static void cancel_posted(void *argument)
{
	OK(cq_scope_cancel(((struct part *)argument)->scope, 0, NULL));
}

static void *cancel_elsewhere(void *argument)
{
	struct part *p = argument;

	while (!__atomic_load_n(&p->ended, __ATOMIC_ACQUIRE))
		usleep(100);
	ERR(cq_scope_cancel(p->scope, 0, NULL), EPERM);
	ERR(cq_task_cancel(p->cq, p->task, NULL), EPERM);
	OK(cq_controller_post(p->cq, cancel_in_post, p));
	return NULL;
}

static int sleep_and_tell(void *argument)
{
	struct part *p = argument;

	__atomic_store_n(&p->ended, 1, __ATOMIC_RELEASE);
	p->code = cq_sleep(-1);
	return 0;
}

TEST(another_thread_posts_a_cancel)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part p = { .cq = cq, .scope = scope };
	pthread_t thread;

	OK(cq_controller_alert(cq));
	start(scope, sleep_and_tell, &p);
	SYS(pthread_create(&thread, NULL, cancel_elsewhere, &p));
	ERR(cq_scope_wait(scope), ECANCELED);
	SYS(pthread_join(thread, NULL));
	EQ(p.code, ECANCELED);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

static int wait_for_own_scope(void *argument)
{
	struct part *p = argument;

	p->code = cq_scope_wait(p->scope);
	return 0;
}

static int wait_in_callback(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct part *p = argument;

	(void)cq, (void)task, (void)fired, (void)count;
	OK(cq_scope_cancel(p->scope, 0, NULL));
	p->code = cq_scope_wait(p->scope);
	return 0;
}

/* Once it did not return. */
TEST(a_callback_cannot_wait_for_a_scope_that_ends)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part asleep = { .seconds = 60 }, p = { .scope = scope };

	start(scope, sleep_twice, &asleep);
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_attach(cq, wait_in_callback, NULL, &p, NULL));
	run(cq);
	EQ(p.code, EDEADLK);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(a_task_of_a_scope_cannot_wait_for_it)
{
	cq_controller *cq = new_controller();
	cq_scope *outer = new_scope(cq, NULL), *inner = new_scope(cq, outer);
	struct part a = { .scope = outer }, b = { .scope = inner }, c = { .scope = outer }, d = { .seconds = MS(1) };

	start(inner, wait_for_own_scope, &a);
	start(outer, wait_for_own_scope, &b);
	start_outside(cq, wait_for_own_scope, &c);
	start(inner, sleep_twice, &d);
	run(cq);
	EQ(a.code, EDEADLK);
	OK(b.code);
	OK(c.code);
	cq_scope_free(inner);
	cq_scope_free(outer);
	cq_controller_free(cq);
}

TEST(whoever_waits_for_another_s_scope_can_be_cancelled)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part sleeper = { .seconds = -1 }, waiter = { .scope = scope };

	start(scope, sleep_twice, &sleeper);
	start_outside(cq, wait_for_own_scope, &waiter);
	OK(cq_controller_step(cq, 0));
	OK(cq_task_cancel(cq, waiter.task, NULL));
	OK(cq_controller_step(cq, 0));
	EQ(waiter.code, ECANCELED);
	EQ(waiter.released, 1);
	EQ(cq_scope_count(scope), 1);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

/* -- many, and data -- */

TEST(data_belongs_to_controllers_and_sockets)
{
	cq_controller *cq = new_controller();
	cq_socket *a, *b;

	pair(&a, &b);
	CHECK(cq_controller_data(cq) == NULL && cq_socket_data(a) == NULL);
	OK(cq_controller_set_data(cq, a));
	OK(cq_socket_set_data(a, b));
	CHECK(cq_controller_data(cq) == a && cq_socket_data(a) == b && cq_socket_data(b) == NULL);
	ERR(cq_controller_set_data(NULL, a), EINVAL);
	ERR(cq_socket_set_data(NULL, a), EINVAL);
	OK(cq_socket_close(a));
	CHECK(cq_socket_data(a) == b);
	cq_socket_free(a);
	cq_socket_free(b);
	cq_controller_free(cq);
}

TEST(data_belongs_to_scopes_and_tasks)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part p = { .seconds = 0 };
	cq_scope *found = NULL;

	start(scope, sleep_twice, &p);
	CHECK(cq_scope_data(scope) == NULL && cq_task_data(cq, p.task) == NULL);
	OK(cq_scope_set_data(scope, cq));
	OK(cq_task_set_data(cq, p.task, &p));
	CHECK(cq_scope_data(scope) == cq && cq_task_data(cq, p.task) == &p);
	OK(cq_task_scope(cq, p.task, &found));
	CHECK(found == scope);
	OK(cq_scope_set_name(scope, "requests"));
	ERR(cq_scope_set_name(scope, "0123456789012345678901234567890123456789012345678901234567890123"), ENAMETOOLONG);
	OK(cq_scope_wait(scope));
	CHECK(cq_task_data(cq, p.task) == NULL);
	ERR(cq_task_set_data(cq, p.task, &p), ENOENT);
	cq_scope_free(scope);
	cq_controller_free(cq);
}

TEST(ten_thousand_tasks_and_scopes_end_together)
{
	enum { MANY = 10000 };
	cq_controller *cq = new_controller();
	cq_scope *root = new_scope(cq, NULL), **scopes = calloc(MANY, sizeof *scopes);
	struct part *parts = calloc(MANY, sizeof *parts);
	size_t count = slow() ? MANY / 20 : MANY, depth = 0;

	for (size_t i = 0; i < count; i++) {
		scopes[i] = new_scope(cq, i % 100 ? scopes[i - 1] : root); /* a hundred in each other */
		parts[i].seconds = -1;
		start(scopes[i], sleep_twice, &parts[i]);
	}
	while (depth < 3)
		OK((depth++, cq_controller_step(cq, 0)));
	OK(cq_scope_cancel(root, 0, NULL));
	ERR(cq_scope_wait(root), ECANCELED);
	for (size_t i = 0; i < count; i++)
		CHECK(parts[i].ended && parts[i].code == ECANCELED);
	for (size_t i = 0; i < count; i++)
		cq_scope_free(scopes[i % 2 ? i - 1 : i + 1]); /* in no order */
	cq_scope_free(root);
	free(parts);
	free(scopes);
	cq_controller_free(cq);
}

/* What went wrong: the next wait after that for an ended scope could not be ended. */
static int wait_after_scope(void *argument)
{
	struct part *p = argument;
	cq_scope *scope = new_scope(p->cq, NULL);
	struct part child = { .seconds = -1 };

	OK(cq_scope_begin(scope, 0));
	start(scope, sleep_twice, &child);
	OK(cq_sleep(0));
	OK(cq_scope_cancel(scope, 0, NULL));
	ERR(cq_scope_wait(scope), ECANCELED);
	OK(cq_scope_end(scope, 0));
	cq_scope_free(scope);
	scope = new_scope(p->cq, NULL);
	OK(cq_scope_begin(scope, 0));
	OK(cq_scope_deadline(scope, MS(5)));
	p->code = cq_sleep(1000);
	OK(cq_scope_end(scope, 0));
	cq_scope_free(scope);
	p->again = cq_sleep(1000);
	p->ended = 1;
	return 0;
}

TEST(a_wait_after_one_for_an_ended_scope_can_be_ended_again)
{
	cq_controller *cq = new_controller();
	struct part p = { .again = -1 };

	start_outside(cq, wait_after_scope, &p);
	while (p.again != -1 || p.code == 0)
		OK(cq_controller_step(cq, 0.1));
	EQ(p.code, ETIMEDOUT);
	OK(cq_controller_step(cq, 0));
	OK(cq_task_cancel(cq, p.task, NULL));
	run(cq);
	EQ(p.again, ECANCELED);
	CHECK(p.ended);
	cq_controller_free(cq);
}

/* -- shutting down -- */

struct service {
	cq_controller *cq;
	cq_socket *listener;
	cq_scope *connections;
	int accept_code, connections_code, ended;
};

static int accept_late(void *argument)
{
	struct service *s = argument;
	cq_socket *accepted;

	OK(cq_sleep(MS(10)));
	s->accept_code = cq_socket_accept(s->listener, &accepted);
	s->connections_code = cq_socket_accept(s->listener, &accepted);
	return 0;
}


static int accept_all(void *argument)
{
	struct service *s = argument;
	cq_socket *accepted;

	while ((s->accept_code = cq_socket_accept(s->listener, &accepted)) == 0)
		cq_socket_free(accepted);
	cq_socket_close(s->listener);
	s->connections_code = cq_scope_wait(s->connections);
	s->ended = 1;
	return 0;
}

static int wait_idle(void *argument)
{
	struct part *p = argument;
	cq_scope *scope = new_scope(p->cq, NULL);

	OK(cq_scope_begin(scope, 0));
	OK(cq_scope_set_idle(scope, true));
	p->code = cq_sleep(-1);
	OK(cq_scope_end(scope, 0));
	cq_scope_free(scope);
	p->again = cq_sleep(0); /* what is left of it goes on */
	p->ended = 1;
	return 0;
}

TEST(a_shutdown_ends_acceptors_and_idle_scopes_at_once_and_the_rest_after_the_grace)
{
	cq_controller *cq = new_controller();
	int port;
	struct service s = { .cq = cq, .listener = listen_on("127.0.0.1", &port), .connections = new_scope(cq, NULL) };
	struct part idle = { .cq = cq }, busy = { .seconds = MS(20) }, stuck = { .seconds = -1 }, outside = { .seconds = -1 };
	double begun = cq_monotime(), grace = slow() ? 3 : 0.2;

	start(s.connections, wait_idle, &idle);
	start(s.connections, sleep_twice, &busy);
	start(s.connections, sleep_twice, &stuck);
	OK(cq_controller_wrap(cq, accept_all, NULL, &s, NULL));
	start_outside(cq, sleep_twice, &outside);
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	CHECK(!cq_controller_shuts_down(cq));
	OK(cq_controller_shutdown(cq, grace));
	CHECK(cq_controller_shuts_down(cq) && !cq_controller_shuts_down(NULL));
	OK(cq_controller_step(cq, 0));
	EQ(s.accept_code, ECANCELED);
	EQ(idle.code, ECANCELED);
	OK(cq_controller_loop(cq, 10));
	CHECK(cq_monotime() - begun >= grace);
	OK(idle.again);
	OK(busy.code);
	EQ(stuck.code, ETIMEDOUT);
	EQ(outside.code, ETIMEDOUT);
	EQ(s.connections_code, ETIMEDOUT);
	CHECK(s.ended && idle.ended && busy.ended && stuck.ended && outside.ended);
	cq_scope_free(s.connections);
	cq_socket_free(s.listener);
	cq_controller_free(cq);
}

TEST(a_task_that_does_not_end_is_told_by_its_name_and_wait)
{
	cq_controller *cq = new_controller();
	struct part p = { .again = -1000000 };
	cq_task_info info;
	cq_task task;
	size_t count;

	OK(cq_controller_wrap(cq, stubborn, NULL, &p, &task));
	OK(cq_task_set_name(cq, task, "stubborn"));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_shutdown(cq, 0));
	ERR(cq_controller_loop(cq, MS(20)), ETIMEDOUT);
	OK(cq_controller_tasks(cq, &info, 1, &count));
	EQ(count, 1);
	CHECK(strcmp(info.name, "stubborn") == 0);
	cq_controller_free(cq);
}

TEST(what_becomes_idle_while_the_controller_shuts_down_ends)
{
	cq_controller *cq = new_controller();
	cq_scope *scope = new_scope(cq, NULL);
	struct part p = { .seconds = -1 };

	ERR(cq_controller_shutdown(NULL, 1), EINVAL);
	start(scope, sleep_twice, &p);
	OK(cq_controller_shutdown(cq, -1)); /* never */
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_step(cq, 0));
	CHECK(!p.ended);
	OK(cq_scope_set_idle(scope, true));
	ERR(cq_scope_wait(scope), ECANCELED);
	EQ(p.code, ECANCELED);
	OK(cq_controller_shutdown(cq, 0)); /* another grace; nothing is left */
	cq_scope_free(scope);
	cq_controller_free(cq);
	cq = new_controller();
	OK(cq_controller_close(cq));
	ERR(cq_controller_shutdown(cq, 1), EBADF);
	cq_controller_free(cq);
}

TEST(nobody_begins_to_accept_while_the_controller_shuts_down)
{
	cq_controller *cq = new_controller();
	int port;
	struct service s = { .listener = listen_on("127.0.0.1", &port) };

	OK(cq_controller_wrap(cq, accept_late, NULL, &s, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_shutdown(cq, 1000));
	OK(cq_controller_loop(cq, 10));
	EQ(s.accept_code, ECANCELED);
	EQ(s.connections_code, ECANCELED);
	cq_socket_free(s.listener);
	cq_controller_free(cq);
}
