/* SPDX-License-Identifier: MIT */
/*
 * Hundreds of tasks wait for random mixtures of pipes, conditions and timeouts, are woken,
 * cancelled, ended and replaced at random, beside a model that knows who must be woken. The
 * sequence depends on nothing but the seed.
 */

#include "fixture.h"

#define TASKS 200
#define PIPES 20
#define CONDITIONS 12
#define MEMBERS 4

struct world;

struct actor {
	struct world *world;
	cq_task task;
	bool alive, started;
	cq_interest set[MEMBERS];
	int pipes[MEMBERS], conditions[MEMBERS]; /* what the members are, -1 for none */
	double due[MEMBERS];
	size_t members;
	int promised[MEMBERS]; /* the step in which a signal or cancellation said that it fires, or 0 */
};

/* One entry of the model of a condition's queue. */
struct place {
	int actor, member;
};

struct world {
	cq_controller *controller;
	bool fibers, ending;
	struct actor actors[TASKS];
	int pipes[PIPES][2];
	cq_condition *conditions[CONDITIONS];
	struct place queues[CONDITIONS][TASKS * MEMBERS];
	size_t waiting[CONDITIONS];
	int step, releases, starts, wakes;
};

/* -- the model of the conditions -- */

static void leave_queues(struct world *world, int actor)
{
	int condition;

	for (condition = 0; condition < CONDITIONS; condition++) {
		struct place *queue = world->queues[condition];
		size_t from, to = 0;

		for (from = 0; from < world->waiting[condition]; from++)
			if (queue[from].actor != actor)
				queue[to++] = queue[from];
		world->waiting[condition] = to;
	}
}

static void enter_queues(struct world *world, int number)
{
	struct actor *actor = &world->actors[number];
	size_t member;

	for (member = 0; member < actor->members; member++) {
		int condition = actor->conditions[member];

		if (condition >= 0) {
			struct place place = { number, (int)member };

			world->queues[condition][world->waiting[condition]++] = place;
		}
	}
}

static void signal_condition(struct world *world, int condition, size_t limit)
{
	size_t woken = 0, expected = world->waiting[condition] < limit ? world->waiting[condition] : limit, i;

	OK(cq_condition_signal(world->conditions[condition], limit, &woken));
	EQ(woken, expected);
	for (i = 0; i < expected; i++) {
		struct place *queue = world->queues[condition];
		size_t last = --world->waiting[condition];
		struct place place = queue[condition % 2 ? last : 0]; /* the odd ones are LIFO */

		if (condition % 2 == 0)
			memmove(queue, queue + 1, last * sizeof *queue);
		world->actors[place.actor].promised[place.member] = world->step;
	}
}

/* -- the tasks -- */

static void choose_set(struct actor *actor)
{
	struct world *world = actor->world;
	size_t i;

	actor->members = pick(MEMBERS + 1);
	for (i = 0; i < actor->members; i++) {
		cq_interest none = CQ_INTEREST_NONE;

		actor->set[i] = none;
		actor->pipes[i] = actor->conditions[i] = -1;
		actor->promised[i] = 0;
		if (pick(2)) {
			actor->pipes[i] = (int)pick(PIPES);
			actor->set[i].fd = world->pipes[actor->pipes[i]][0];
			actor->set[i].events = POLLIN;
		}
		if (pick(2)) {
			actor->conditions[i] = (int)pick(CONDITIONS);
			actor->set[i].condition = world->conditions[actor->conditions[i]];
		}
		if (pick(3) == 0) {
			actor->set[i].timeout = MS(pick(8)) / 2;
			actor->due[i] = cq_monotime() + actor->set[i].timeout;
		}
	}
	enter_queues(world, (int)(actor - world->actors));
}

/* A member may fire only for a reason, and must when one was promised. */
static void judge_member(struct actor *actor, size_t member, uint32_t events)
{
	bool timed = actor->set[member].timeout >= 0;

	if (actor->promised[member])
		CHECK(events != 0);
	if (events & CQ_FIRED && !actor->promised[member])
		CHECK(timed && cq_monotime() >= actor->due[member]);
	if (events & (POLLIN | CQ_CANCELLED))
		CHECK(actor->pipes[member] >= 0);
	CHECK((events & ~(uint32_t)(CQ_FIRED | CQ_CANCELLED | POLLIN)) == 0);
}

static void judge(struct actor *actor, const uint32_t *events)
{
	size_t i, fired = 0;
	char byte;

	for (i = 0; i < actor->members; i++) {
		judge_member(actor, i, events[i]);
		fired += events[i] != 0;
		if (events[i] & POLLIN && pick(3))
			CHECK(read(actor->set[i].fd, &byte, 1) == 1 || errno == EAGAIN); /* others read, too */
	}
	CHECK(actor->members == 0 || fired > 0);
	actor->world->wakes++;
	leave_queues(actor->world, (int)(actor - actor->world->actors));
	if (pick(4) == 0) /* tasks wake each other, too */
		signal_condition(actor->world, (int)pick(CONDITIONS), pick(3));
}

static bool goes_on(struct actor *actor)
{
	return !actor->world->ending && pick(40) != 0;
}

static int act_by_callback(cq_controller *controller, cq_task task, void *argument,
                           const cq_fired *fired, size_t count)
{
	uint32_t events[MEMBERS] = { 0 };
	struct actor *actor = argument;
	size_t i;

	for (i = 0; i < count; i++) {
		CHECK(fired[i].member < actor->members && fired[i].events != 0);
		CHECK(i == 0 || fired[i].member > fired[i - 1].member);
		events[fired[i].member] = fired[i].events;
	}
	if (actor->started)
		judge(actor, events);
	actor->started = true;
	if (!goes_on(actor))
		return 0;
	choose_set(actor);
	return cq_controller_park(controller, task, actor->set, actor->members);
}

static int act_by_fiber(void *argument)
{
	struct actor *actor = argument;

	actor->started = true;
	while (goes_on(actor)) {
		uint32_t events[MEMBERS];
		size_t i, fired = 0, told;

		choose_set(actor);
		OK(cq_poll(actor->set, actor->members, &told));
		for (i = 0; i < actor->members; i++) {
			events[i] = actor->set[i].fired;
			fired += events[i] != 0;
		}
		EQ(told, fired);
		judge(actor, events);
	}
	return 0;
}

static void end_actor(void *argument)
{
	struct actor *actor = argument;

	CHECK(actor->alive);
	actor->alive = false;
	actor->world->releases++;
	leave_queues(actor->world, (int)(actor - actor->world->actors));
}

static void start_actor(struct world *world, struct actor *actor)
{
	memset(actor, 0, sizeof *actor);
	actor->world = world;
	actor->alive = true;
	world->starts++;
	if (world->fibers)
		OK(cq_controller_wrap(world->controller, act_by_fiber, end_actor, actor, &actor->task));
	else
		OK(cq_controller_attach(world->controller, act_by_callback, end_actor, actor, &actor->task));
}

/* -- what happens to them -- */

static void cancel_pipe(struct world *world, int pipe)
{
	int i;
	size_t member;

	OK(cq_controller_cancel(world->controller, world->pipes[pipe][0]));
	for (i = 0; i < TASKS; i++)
		for (member = 0; member < world->actors[i].members; member++)
			if (world->actors[i].alive && world->actors[i].pipes[member] == pipe)
				world->actors[i].promised[member] = world->step;
}

static void reopen_pipe(struct world *world, int number)
{
	int end;

	cancel_pipe(world, number);
	for (end = 0; end < 2; end++)
		SYS(close(world->pipes[number][end]));
	SYS(pipe2(world->pipes[number], O_NONBLOCK | O_CLOEXEC));
}

static void disturb(struct world *world)
{
	struct actor *actor = &world->actors[pick(TASKS)];
	int number = (int)pick(PIPES);

	switch (pick(8)) {
	case 0:
	case 1:
		CHECK(write(world->pipes[number][1], "x", 1) == 1 || errno == EAGAIN);
		break;
	case 2:
	case 3:
		signal_condition(world, (int)pick(CONDITIONS), pick(5));
		break;
	case 4:
		if (pick(4) == 0)
			cancel_pipe(world, number);
		break;
	case 5:
		if (pick(8) == 0)
			reopen_pipe(world, number);
		break;
	case 6:
		if (actor->alive && pick(4) == 0) {
			OK(cq_controller_finish(world->controller, actor->task));
			CHECK(!actor->alive);
		}
		break;
	default:
		if (!actor->alive)
			start_actor(world, actor);
	}
}

/* Everybody is woken by what they wait for, and ends. */
static void end_all(struct world *world)
{
	int rounds, i;

	world->ending = true;
	for (rounds = 0; !cq_controller_empty(world->controller); rounds++) {
		for (i = 0; i < CONDITIONS; i++)
			signal_condition(world, i, SIZE_MAX);
		for (i = 0; i < PIPES; i++)
			CHECK(write(world->pipes[i][1], "x", 1) == 1 || errno == EAGAIN);
		for (i = 0; i < TASKS; i++) /* those that wait for nothing that can come */
			if (world->actors[i].alive && world->actors[i].started && rounds > 5 && pick(2))
				OK(cq_controller_finish(world->controller, world->actors[i].task));
		OK(cq_controller_step(world->controller, MS(5)));
		CHECK(rounds < 100);
	}
}

/* Who was promised to be woken in an earlier step has been by now. */
static void keep_promises(const struct world *world)
{
	int i;
	size_t member;

	for (i = 0; i < TASKS; i++)
		for (member = 0; member < world->actors[i].members; member++)
			if (world->actors[i].alive && world->actors[i].promised[member])
				EQ(world->actors[i].promised[member], world->step);
}

static void live(bool fibers, uint64_t seed)
{
	struct world *world = calloc(1, sizeof *world);
	int steps = slow() ? 200 : 5000, i;

	world->controller = new_controller();
	pick_state = seed;
	world->fibers = fibers;
	for (i = 0; i < PIPES; i++)
		SYS(pipe2(world->pipes[i], O_NONBLOCK | O_CLOEXEC));
	for (i = 0; i < CONDITIONS; i++)
		world->conditions[i] = new_condition(i % 2);
	for (i = 0; i < TASKS; i++)
		start_actor(world, &world->actors[i]);
	for (world->step = 1; world->step < steps; world->step++) {
		for (i = 0; i < 20; i++)
			disturb(world);
		world->step++; /* what is promised from here on is kept by the next step */
		OK(cq_controller_step(world->controller, world->step % 50 ? 0 : MS(1)));
		keep_promises(world);
	}
	CHECK(world->wakes > steps);
	if (seed % 2)
		end_all(world);
	cq_controller_free(world->controller);
	EQ(world->releases, world->starts);
	for (i = 0; i < CONDITIONS; i++) {
		signal_condition(world, i, SIZE_MAX);
		cq_condition_free(world->conditions[i]);
	}
	free(world);
}

TEST(callbacks_are_woken_as_the_model_says)
{
	uint64_t seed;

	for (seed = 1; seed <= 4; seed++)
		live(false, seed);
}

TEST(fibers_are_woken_as_the_model_says)
{
	uint64_t seed;

	for (seed = 1; seed <= 4; seed++)
		live(true, seed);
}
