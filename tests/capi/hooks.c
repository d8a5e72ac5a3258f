/* SPDX-License-Identifier: MIT */
/* Functions that are called around each wait of a controller. */
#include "fixture.h"

/* What happened, a letter each: `b` and `a` for the hooks, others for tasks. */
struct diary {
	char text[100];
	cq_condition *condition;
	cq_task task;
	double at_before, at_after;
	int code;
};

static void note(struct diary *diary, char letter)
{
	size_t size = strlen(diary->text);

	CHECK(size + 1 < sizeof diary->text);
	diary->text[size] = letter;
}

static void before(cq_controller *controller, void *argument)
{
	struct diary *diary = argument;

	(void)controller;
	diary->at_before = cq_monotime();
	note(diary, 'b');
}

static void after(cq_controller *controller, void *argument)
{
	struct diary *diary = argument;

	(void)controller;
	diary->at_after = cq_monotime();
	note(diary, 'a');
}

static int sleep_a_little(void *argument)
{
	note(argument, '1');
	OK(cq_sleep(MS(100)));
	note(argument, '2');
	return 0;
}

static int note_it(void *argument)
{
	note(argument, 'x');
	return 0;
}

TEST(hooks_are_called_around_each_wait)
{
	cq_controller *controller = new_controller();
	struct diary diary = { 0 };

	OK(cq_controller_set_hooks(controller, before, after, &diary));
	OK(cq_controller_wrap(controller, sleep_a_little, NULL, &diary, NULL));
	OK(cq_controller_step(controller, 0));
	CHECK(strcmp(diary.text, "ba1") == 0);
	OK(cq_controller_step(controller, -1));
	CHECK(strcmp(diary.text, "ba1ba2") == 0);
	CHECK(diary.at_after - diary.at_before >= MS(20)); /* the time that was waited */
	OK(cq_controller_set_hooks(controller, NULL, after, &diary));
	OK(cq_controller_step(controller, 0)); /* also without tasks */
	CHECK(strcmp(diary.text, "ba1ba2a") == 0);
	OK(cq_controller_set_hooks(controller, before, NULL, &diary));
	OK(cq_controller_step(controller, 0));
	OK(cq_controller_set_hooks(controller, NULL, NULL, &diary));
	OK(cq_controller_step(controller, 0));
	CHECK(strcmp(diary.text, "ba1ba2ab") == 0);
	cq_controller_free(controller);
}

static void add_a_task(cq_controller *controller, void *argument)
{
	OK(cq_controller_wrap(controller, note_it, NULL, argument, NULL));
}

TEST(what_a_hook_makes_ready_runs_in_this_step_or_in_the_next)
{
	cq_controller *controller = new_controller();
	struct diary diary = { 0 };

	OK(cq_controller_wrap(controller, sleep_a_little, NULL, &diary, NULL));
	OK(cq_controller_step(controller, 0));
	OK(cq_controller_set_hooks(controller, add_a_task, NULL, &diary));
	OK(cq_controller_step(controller, -1)); /* and it does not wait for the sleeper */
	EQ(diary.text[1], 'x');
	OK(cq_controller_set_hooks(controller, NULL, add_a_task, &diary));
	OK(cq_controller_step(controller, -1));
	OK(cq_controller_set_hooks(controller, NULL, NULL, NULL));
	OK(cq_controller_step(controller, 0));
	EQ(strchr(diary.text + 2, 'x') != NULL, 1);
	cq_controller_free(controller);
}

static void do_what_a_callback_may(cq_controller *controller, void *argument)
{
	struct diary *diary = argument;
	cq_controller *running = NULL;
	cq_task task = 77;
	cq_scope *scope;

	ERR(cq_sleep(MS(1)), EDEADLK);
	ERR(cq_controller_step(controller, 0), EBUSY);
	ERR(cq_controller_leave(controller), EINVAL);
	ERR(cq_running(&running, &task), ENOENT);
	EQ(task, 77);
	CHECK(running == NULL);
	OK(cq_scope_new(controller, NULL, &scope)); /* one for tasks, not around the hook's code */
	cq_scope_free(scope);
	OK(cq_condition_signal(diary->condition, 1, NULL));
	diary->code++;
}

static int wait_for_the_condition(void *argument)
{
	struct diary *diary = argument;

	OK(cq_condition_wait(diary->condition, 10));
	note(diary, 'w');
	return 0;
}

TEST(a_hook_may_do_what_a_callback_may)
{
	cq_controller *controller = new_controller();
	struct diary diary = { 0 };

	OK(cq_condition_new(false, &diary.condition));
	OK(cq_controller_wrap(controller, wait_for_the_condition, NULL, &diary, NULL));
	OK(cq_controller_step(controller, 0));
	OK(cq_controller_set_hooks(controller, do_what_a_callback_may, do_what_a_callback_may, &diary));
	OK(cq_controller_step(controller, -1));
	CHECK(strcmp(diary.text, "w") == 0);
	EQ(diary.code, 2);
	cq_controller_free(controller);
	cq_condition_free(diary.condition);
}

static void free_it(cq_controller *controller, void *argument)
{
	note(argument, 'f');
	cq_controller_free(controller);
}

static void change_hooks(cq_controller *controller, void *argument)
{
	note(argument, 'c');
	OK(cq_controller_set_hooks(controller, NULL, NULL, NULL));
}

TEST(a_hook_may_free_its_controller_and_change_the_hooks)
{
	int place;

	for (place = 0; place < 2; place++) {
		cq_controller *controller = new_controller();
		struct diary diary = { 0 };

		OK(cq_controller_wrap(controller, sleep_a_little, NULL, &diary, NULL));
		OK(cq_controller_set_hooks(controller, place ? NULL : free_it, place ? free_it : NULL, &diary));
		OK(cq_controller_step(controller, 0));
		EQ(diary.text[0], 'f');
		controller = new_controller();
		memset(&diary, 0, sizeof diary);
		OK(cq_controller_set_hooks(controller, change_hooks, after, &diary));
		OK(cq_controller_step(controller, 0));
		OK(cq_controller_step(controller, 0));
		CHECK(strcmp(diary.text, "c") == 0);
		cq_controller_free(controller);
	}
}

TEST(hooks_are_called_in_the_pull_interface_and_by_a_loop)
{
	cq_controller *controller = new_controller();
	struct diary diary = { 0 };
	cq_ready ready;
	size_t size;

	OK(cq_controller_set_hooks(controller, before, after, &diary));
	OK(cq_controller_enter(controller));
	OK(cq_controller_wait(controller, 0, 0));
	ERR(cq_controller_next(controller, &ready), ENOENT);
	OK(cq_controller_leave(controller));
	CHECK(strcmp(diary.text, "ba") == 0);
	OK(cq_controller_wrap(controller, sleep_a_little, NULL, &diary, NULL));
	run(controller);
	size = strlen(diary.text);
	CHECK(size >= 8 && diary.text[size - 1] == '2');
	CHECK(memcmp(diary.text, "baba1ba", 7) == 0);
	cq_controller_free(controller);
}

struct nested {
	cq_controller *inner;
	struct diary *diary;
};

static int step_inner(void *argument)
{
	struct nested *nested = argument;

	OK(cq_controller_loop(nested->inner, 10));
	note(nested->diary, 'e');
	return 0;
}

TEST(hooks_of_a_controller_in_a_fiber_of_another_one)
{
	cq_controller *outer = new_controller();
	struct diary diary = { 0 };
	struct nested nested = { new_controller(), &diary };
	size_t i, size;

	OK(cq_condition_new(false, &diary.condition));
	OK(cq_controller_set_hooks(nested.inner, before, do_what_a_callback_may, &diary));
	OK(cq_controller_wrap(nested.inner, sleep_a_little, NULL, &diary, NULL));
	OK(cq_controller_wrap(outer, step_inner, NULL, &nested, NULL));
	run(outer);
	size = strlen(diary.text);
	CHECK(diary.text[0] == 'b' && diary.text[1] == '1' && diary.text[size - 1] == 'e');
	for (i = 0; i < size; i++)
		diary.code -= diary.text[i] == 'b';
	EQ(diary.code, 0); /* as many of one as of the other */
	cq_controller_free(outer);
	cq_controller_free(nested.inner);
	cq_condition_free(diary.condition);
}

TEST(null_is_no_controller)
{
	ERR(cq_controller_set_hooks(NULL, before, after, NULL), EINVAL);
}
