/* SPDX-License-Identifier: MIT */
/* Queues: order, limits, who is served when, and that no item is lost whoever leaves. */

#include "fixture.h"
#include <pthread.h>

static cq_queue *new_queue(size_t limit)
{
	cq_queue *queue = NULL;

	OK(cq_queue_new(limit, &queue));
	CHECK(queue != NULL);
	return queue;
}

static void *item(long number)
{
	return (void *)(intptr_t)number;
}

static long number(void *item)
{
	return (long)(intptr_t)item;
}

/* Takes the first item, which must be there. */
static long take(cq_queue *queue)
{
	void *taken = NULL;

	OK(cq_queue_try_get(queue, &taken));
	return number(taken);
}

static void is_empty(cq_queue *queue)
{
	void *taken = &queue;

	ERR(cq_queue_try_get(queue, &taken), EAGAIN);
	CHECK(taken == &queue);
}

/* -- without waiting -- */

TEST(null_is_refused)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	void *taken = &queue;

	ERR(cq_queue_new(0, NULL), EINVAL);
	ERR(cq_queue_put(NULL, item(1), 0), EINVAL);
	ERR(cq_queue_try_put(NULL, item(1)), EINVAL);
	ERR(cq_queue_get(NULL, 0, &taken), EINVAL);
	ERR(cq_queue_try_get(NULL, &taken), EINVAL);
	OK(cq_queue_put(queue, item(1), 0));
	ERR(cq_queue_get(queue, 0, NULL), EINVAL);
	ERR(cq_queue_try_get(queue, NULL), EINVAL);
	ERR(cq_queue_post(NULL, cq, item(1)), EINVAL);
	ERR(cq_queue_post(queue, NULL, item(1)), EINVAL);
	ERR(cq_queue_close(NULL), EINVAL);
	EQ(cq_queue_count(NULL), 0);
	EQ(cq_queue_count(queue), 1);
	CHECK(taken == &queue);
	cq_queue_free(NULL);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(items_come_out_in_the_order_in_which_they_were_put)
{
	cq_queue *queue = new_queue(0);
	long i;

	for (i = 0; i < 1000; i++)
		OK(cq_queue_try_put(queue, item(i))); /* the first is NULL */
	EQ(cq_queue_count(queue), 1000);
	for (i = 0; i < 1000; i++)
		EQ(take(queue), i);
	is_empty(queue);
	cq_queue_free(queue);
}

TEST(a_full_queue_takes_nothing_more)
{
	cq_queue *queue = new_queue(2);

	OK(cq_queue_try_put(queue, item(1)));
	OK(cq_queue_put(queue, item(2), 0));
	ERR(cq_queue_try_put(queue, item(3)), EAGAIN);
	EQ(cq_queue_count(queue), 2);
	EQ(take(queue), 1);
	OK(cq_queue_try_put(queue, item(4)));
	EQ(take(queue), 2);
	EQ(take(queue), 4);
	cq_queue_free(queue);
}

TEST(a_closed_queue_gives_what_it_has_and_takes_nothing)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	void *taken;

	OK(cq_queue_try_put(queue, item(1)));
	OK(cq_queue_close(queue));
	OK(cq_queue_close(queue));
	ERR(cq_queue_try_put(queue, item(2)), EPIPE);
	ERR(cq_queue_put(queue, item(2), 0), EPIPE);
	ERR(cq_queue_post(queue, cq, item(2)), EPIPE);
	EQ(cq_queue_count(queue), 1);
	OK(cq_queue_get(queue, 0, &taken));
	EQ(number(taken), 1);
	ERR(cq_queue_get(queue, 0, &taken), EPIPE);
	ERR(cq_queue_try_get(queue, &taken), EPIPE);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(outside_a_controller_a_wait_ends_at_its_timeout)
{
	cq_queue *queue = new_queue(1);
	double begun = cq_monotime();
	void *taken;

	ERR(cq_queue_get(queue, MS(10), &taken), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(10));
	OK(cq_queue_put(queue, item(1), -1));
	ERR(cq_queue_put(queue, item(2), MS(1)), ETIMEDOUT);
	EQ(take(queue), 1);
	is_empty(queue);
	cq_queue_free(queue);
}

/* -- fibers that wait -- */

/* One that gets or puts once, and notes when its turn was. */
struct actor {
	cq_queue *queue;
	bool puts;
	long item;
	double timeout;
	int code, place, *turns;
	bool done;
	cq_task task;
};

static int act(void *argument)
{
	struct actor *actor = argument;
	void *taken = item(-1);

	if (actor->puts) {
		actor->code = cq_queue_put(actor->queue, item(actor->item), actor->timeout);
	} else {
		actor->code = cq_queue_get(actor->queue, actor->timeout, &taken);
		actor->item = number(taken);
	}
	actor->place = (*actor->turns)++;
	actor->done = true;
	return 0;
}

#define ACTORS 5

struct crowd {
	struct actor actors[ACTORS];
	int turns;
};

/* So many fibers that wait, in their order. */
static void gather(struct crowd *crowd, int count, cq_controller *cq, cq_queue *queue, bool puts)
{
	int i;

	memset(crowd, 0, sizeof *crowd);
	for (i = 0; i < count; i++) {
		struct actor *actor = &crowd->actors[i];

		actor->queue = queue;
		actor->puts = puts;
		actor->item = 100 + i;
		actor->timeout = -1;
		actor->turns = &crowd->turns;
		OK(cq_controller_wrap(cq, act, NULL, actor, &actor->task));
	}
	OK(cq_controller_step(cq, 0));
	EQ(crowd->turns, 0);
}

TEST(who_waits_for_an_item_is_served_in_the_order_of_arrival)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	struct crowd crowd;
	int i;

	gather(&crowd, ACTORS, cq, queue, false);
	OK(cq_queue_try_put(queue, item(0)));
	OK(cq_queue_try_put(queue, item(1)));
	OK(cq_controller_step(cq, 0));
	EQ(crowd.turns, 2);
	for (i = 2; i < ACTORS; i++)
		OK(cq_queue_try_put(queue, item(i)));
	run(cq);
	for (i = 0; i < ACTORS; i++) {
		OK(crowd.actors[i].code);
		EQ(crowd.actors[i].place, i);
		EQ(crowd.actors[i].item, i);
	}
	is_empty(queue);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(who_waits_for_room_is_served_in_the_order_of_arrival)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(1);
	struct crowd crowd;
	int i;

	OK(cq_queue_try_put(queue, item(99)));
	gather(&crowd, ACTORS, cq, queue, true);
	for (i = 0; i <= ACTORS; i++) {
		EQ(cq_queue_count(queue), 1);
		EQ(take(queue), 99 + i);
		ERR(cq_queue_try_put(queue, item(7)), i < ACTORS ? EAGAIN : 0); /* the room is for the next */
		OK(cq_controller_step(cq, 0));
	}
	for (i = 0; i < ACTORS; i++) {
		OK(crowd.actors[i].code);
		EQ(crowd.actors[i].place, i);
	}
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(an_item_is_for_the_task_that_was_woken_for_it)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	struct crowd crowd;

	gather(&crowd, 1, cq, queue, false);
	OK(cq_queue_try_put(queue, item(1)));
	is_empty(queue);
	EQ(cq_queue_count(queue), 1);
	OK(cq_queue_try_put(queue, item(2)));
	EQ(take(queue), 1); /* the second is the woken task's now: it is promised one, not that one */
	is_empty(queue);
	run(cq);
	EQ(crowd.actors[0].item, 2);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(a_wait_that_times_out_leaves_the_queue_as_it_was)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	struct actor actor;
	struct crowd crowd;
	int turns = 0;

	memset(&actor, 0, sizeof actor);
	actor.queue = queue;
	actor.timeout = MS(1);
	actor.turns = &turns;
	OK(cq_controller_wrap(cq, act, NULL, &actor, NULL));
	OK(cq_controller_step(cq, 0));
	gather(&crowd, 1, cq, queue, false);
	UNTIL(actor.done, cq);
	ERR(actor.code, ETIMEDOUT);
	EQ(actor.item, -1);
	OK(cq_queue_try_put(queue, item(5)));
	run(cq);
	EQ(crowd.actors[0].item, 5);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

static int put_after_a_while(void *argument)
{
	double until = cq_monotime() + MS(5);

	while (cq_monotime() < until)
		;
	return cq_queue_try_put(argument, item(8));
}

TEST(a_timeout_in_the_turn_of_the_put_loses_no_item)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	struct actor actors[2];
	int i, turns = 0;

	memset(actors, 0, sizeof actors);
	for (i = 0; i < 2; i++) {
		actors[i].queue = queue;
		actors[i].timeout = MS(1);
		actors[i].turns = &turns;
		OK(cq_controller_wrap(cq, act, NULL, &actors[i], NULL));
	}
	/* In this step both begin to wait, and then it takes longer than their time. */
	OK(cq_controller_wrap(cq, put_after_a_while, NULL, queue, NULL));
	run(cq);
	OK(actors[0].code);
	EQ(actors[0].item, 8);
	ERR(actors[1].code, ETIMEDOUT);
	is_empty(queue);

	/* Both are ready for their timeouts when the item comes: the first still gets it. */
	memset(actors, 0, sizeof actors);
	for (i = 0; i < 2; i++) {
		actors[i].queue = queue;
		actors[i].timeout = MS(1);
		actors[i].turns = &turns;
		OK(cq_controller_wrap(cq, act, NULL, &actors[i], NULL));
	}
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_enter(cq));
	usleep(5000);
	OK(cq_controller_wait(cq, 0, 0));
	OK(cq_queue_try_put(queue, item(9)));
	OK(cq_controller_leave(cq));
	run(cq);
	OK(actors[0].code);
	EQ(actors[0].item, 9);
	ERR(actors[1].code, ETIMEDOUT);
	is_empty(queue);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(a_task_that_is_ended_leaves_its_item_to_the_next)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	struct crowd crowd;

	gather(&crowd, 3, cq, queue, false);
	OK(cq_controller_finish(cq, crowd.actors[1].task)); /* not woken yet */
	OK(cq_queue_try_put(queue, item(1)));
	OK(cq_controller_finish(cq, crowd.actors[0].task)); /* woken */
	run(cq);
	EQ(crowd.turns, 1);
	EQ(crowd.actors[2].item, 1);

	gather(&crowd, 1, cq, queue, false);
	OK(cq_queue_try_put(queue, item(2)));
	OK(cq_controller_finish(cq, crowd.actors[0].task));
	EQ(take(queue), 2);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(a_task_that_is_ended_leaves_its_room_to_the_next)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(1);
	struct crowd crowd;

	OK(cq_queue_try_put(queue, item(1)));
	gather(&crowd, 2, cq, queue, true);
	EQ(take(queue), 1);
	OK(cq_controller_finish(cq, crowd.actors[0].task));
	run(cq);
	EQ(crowd.turns, 1);
	EQ(take(queue), 101);
	is_empty(queue);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(a_controller_that_is_freed_leaves_its_items_to_the_others)
{
	cq_controller *gone = new_controller(), *stays = new_controller();
	cq_queue *queue = new_queue(0);
	struct crowd lost, left;
	int i;

	gather(&lost, 3, gone, queue, false);
	gather(&left, 2, stays, queue, false);
	OK(cq_queue_try_put(queue, item(1)));
	OK(cq_queue_try_put(queue, item(2)));
	cq_controller_free(gone);
	run(stays);
	EQ(lost.turns, 0);
	for (i = 0; i < 2; i++)
		EQ(left.actors[i].item, i + 1);
	cq_queue_free(queue);
	cq_controller_free(stays);
}

static void put_at_release(void *argument)
{
	struct actor *actor = argument;

	OK(cq_queue_try_put(actor->queue, item(77)));
}

TEST(an_item_that_is_put_while_a_waiting_task_is_ended_goes_to_the_next)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	struct actor actor;
	struct crowd crowd;
	int turns = 0;

	memset(&actor, 0, sizeof actor);
	actor.queue = queue;
	actor.timeout = -1;
	actor.turns = &turns;
	OK(cq_controller_wrap(cq, act, put_at_release, &actor, &actor.task));
	OK(cq_controller_step(cq, 0));
	gather(&crowd, 1, cq, queue, false);
	OK(cq_controller_finish(cq, actor.task));
	run(cq);
	EQ(turns, 0);
	EQ(crowd.actors[0].item, 77);
	is_empty(queue);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(closing_wakes_all_who_wait)
{
	cq_controller *cq = new_controller();
	cq_queue *empty = new_queue(0), *full = new_queue(1);
	struct crowd getters, putters;
	int i;

	OK(cq_queue_try_put(full, item(1)));
	gather(&getters, ACTORS, cq, empty, false);
	gather(&putters, ACTORS, cq, full, true);
	OK(cq_queue_close(empty));
	OK(cq_queue_close(full));
	run(cq);
	for (i = 0; i < ACTORS; i++) {
		ERR(getters.actors[i].code, EPIPE);
		ERR(putters.actors[i].code, EPIPE);
	}
	EQ(take(full), 1);
	EQ(cq_queue_count(full), 0);
	cq_queue_free(empty);
	cq_queue_free(full);
	cq_controller_free(cq);
}

TEST(who_was_woken_for_an_item_gets_it_though_the_queue_is_closed)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	struct crowd crowd;

	gather(&crowd, 2, cq, queue, false);
	OK(cq_queue_try_put(queue, item(1)));
	OK(cq_queue_close(queue));
	run(cq);
	OK(crowd.actors[0].code);
	EQ(crowd.actors[0].item, 1);
	ERR(crowd.actors[1].code, EPIPE);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(freeing_a_queue_ends_the_waits_for_it)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(1);
	struct crowd getters, putters;

	gather(&getters, ACTORS, cq, queue, false);
	cq_queue_free(queue);
	run(cq);
	ERR(getters.actors[0].code, EPIPE);
	queue = new_queue(1);
	OK(cq_queue_try_put(queue, item(1)));
	gather(&putters, ACTORS, cq, queue, true);
	cq_queue_free(queue);
	cq_controller_free(cq); /* while they still wait to be told */
	EQ(putters.turns, 0);
}

static int wait_in_callback(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	void *taken;

	(void)cq, (void)task, (void)fired, (void)count;
	ERR(cq_queue_get(argument, -1, &taken), EDEADLK);
	OK(cq_queue_put(argument, item(1), -1));
	ERR(cq_queue_put(argument, item(2), -1), EDEADLK);
	ERR(cq_queue_try_put(argument, item(2)), EAGAIN);
	OK(cq_queue_get(argument, -1, &taken));
	is_empty(argument);
	return 0;
}

TEST(a_callback_does_not_wait)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(1);

	OK(cq_controller_attach(cq, wait_in_callback, NULL, queue, NULL));
	run(cq);
	OK(cq_queue_try_put(queue, item(1)));
	EQ(take(queue), 1);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

/* -- many fibers -- */

struct stream {
	cq_queue *queue;
	long first, count, sum;
};

static int produce(void *argument)
{
	struct stream *stream = argument;
	long i;

	for (i = 0; i < stream->count; i++)
		OK(cq_queue_put(stream->queue, item(stream->first + i), -1));
	return 0;
}

static int consume(void *argument)
{
	struct stream *stream = argument;
	void *taken;
	int code;

	while ((code = cq_queue_get(stream->queue, -1, &taken)) == 0) {
		stream->sum += number(taken);
		stream->count++;
	}
	ERR(code, EPIPE);
	return 0;
}

TEST(ten_thousand_fibers_hand_on_every_item_once)
{
	int fibers = slow() ? 200 : 5000, i;
	struct stream *streams = calloc(2 * (size_t)fibers, sizeof *streams);
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(7);
	long count = 0, sum = 0, items = fibers * 20L;

	for (i = 0; i < fibers; i++) {
		struct stream *producer = &streams[2 * i], *consumer = producer + 1;

		producer->queue = consumer->queue = queue;
		producer->first = 1 + i * 20L;
		producer->count = 20;
		OK(cq_controller_wrap(cq, produce, NULL, producer, NULL));
		OK(cq_controller_wrap(cq, consume, NULL, consumer, NULL));
	}
	while (cq_controller_count(cq) > (size_t)fibers)
		OK(cq_controller_step(cq, -1));
	OK(cq_queue_close(queue));
	run(cq);
	for (i = 0; i < fibers; i++) {
		count += streams[2 * i + 1].count;
		sum += streams[2 * i + 1].sum;
	}
	EQ(count, items);
	EQ(sum, items * (items + 1) / 2);
	free(streams);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

/* A world in which tasks come, wait for short times, are ended and lose their controllers. */
enum { SLOTS = 40 };

struct slot {
	struct actor actor;
	bool used;
	int controller;
};

static unsigned chance_state = 1;

static unsigned chance(unsigned of)
{
	chance_state = chance_state * 1103515245 + 12345;
	return (chance_state >> 16) % of;
}

static void begin_slot(struct slot *slot, cq_controller **cqs, cq_queue *queue, long *next, int *turns)
{
	memset(slot, 0, sizeof *slot);
	slot->controller = (int)chance(3);
	slot->actor.queue = queue;
	slot->actor.puts = chance(2) == 0;
	slot->actor.item = (*next)++;
	slot->actor.timeout = chance(2) ? -1 : chance(3) * 0.0001;
	slot->actor.turns = turns;
	slot->used = true;
	OK(cq_controller_wrap(cqs[slot->controller], act, NULL, &slot->actor, &slot->actor.task));
}

/* Books what a slot has done, and gives it up. */
static void end_slot(struct slot *slot, long *put, long *got, long *puts, long *gets)
{
	if (slot->actor.done && slot->actor.code == 0 && slot->actor.puts) {
		*put += slot->actor.item;
		++*puts;
	} else if (slot->actor.done && slot->actor.code == 0) {
		*got += slot->actor.item;
		++*gets;
	}
	slot->used = false;
}

TEST(no_item_is_lost_whoever_leaves)
{
	cq_controller *cqs[3] = { new_controller(), new_controller(), new_controller() };
	cq_queue *queue = new_queue(3);
	struct slot slots[SLOTS];
	long next = 1, put = 0, got = 0, puts = 0, gets = 0;
	int round, rounds = slow() ? 3000 : 100000, turns = 0, i;

	memset(slots, 0, sizeof slots);
	for (round = 0; round < rounds; round++) {
		struct slot *slot = &slots[chance(SLOTS)];

		switch (chance(8)) {
		case 0: case 1: case 2:
			if (!slot->used)
				begin_slot(slot, cqs, queue, &next, &turns);
			break;
		case 3:
			if (slot->used && !slot->actor.done) {
				OK(cq_controller_finish(cqs[slot->controller], slot->actor.task));
				slot->used = false;
			}
			break;
		case 4:
			if (chance(50) == 0) {
				int gone = (int)chance(3);

				cq_controller_free(cqs[gone]);
				cqs[gone] = new_controller();
				for (i = 0; i < SLOTS; i++)
					if (slots[i].used && slots[i].controller == gone)
						end_slot(&slots[i], &put, &got, &puts, &gets);
			}
			break;
		default:
			OK(cq_controller_step(cqs[chance(3)], 0));
		}
		for (i = 0; i < SLOTS; i++)
			if (slots[i].used && slots[i].actor.done)
				end_slot(&slots[i], &put, &got, &puts, &gets);
		CHECK(cq_queue_count(queue) <= 3);
		EQ(cq_queue_count(queue), puts - gets);
	}
	/* Nobody sleeps beside an item or beside room. */
	for (i = 0; i < 30; i++)
		OK(cq_controller_step(cqs[i % 3], 0));
	for (i = 0; i < SLOTS; i++) {
		if (slots[i].used && !slots[i].actor.done)
			EQ(cq_queue_count(queue), slots[i].actor.puts ? 3 : 0);
		else if (slots[i].used)
			end_slot(&slots[i], &put, &got, &puts, &gets);
	}
	for (i = 0; i < 3; i++)
		cq_controller_free(cqs[i]);
	while (puts > gets) {
		got += take(queue);
		gets++;
	}
	EQ(put, got);
	is_empty(queue);
	CHECK(gets > rounds / 100);
	cq_queue_free(queue);
}

/* -- threads -- */

static void *use_from_elsewhere(void *argument)
{
	void *taken;

	ERR(cq_queue_try_put(argument, item(1)), EPERM);
	ERR(cq_queue_put(argument, item(1), 0), EPERM);
	ERR(cq_queue_try_get(argument, &taken), EPERM);
	ERR(cq_queue_get(argument, 0, &taken), EPERM);
	ERR(cq_queue_close(argument), EPERM);
	return NULL;
}

static void *use_alone(void *argument)
{
	EQ(take(argument), 1);
	OK(cq_queue_put(argument, item(2), 0));
	return NULL;
}

static void in_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	EQ(pthread_create(&thread, NULL, function, argument), 0);
	EQ(pthread_join(thread, NULL), 0);
}

TEST(another_thread_is_refused_while_tasks_wait)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);
	struct crowd crowd;

	OK(cq_queue_try_put(queue, item(1)));
	in_thread(use_alone, queue);
	EQ(take(queue), 2);
	gather(&crowd, 1, cq, queue, false);
	in_thread(use_from_elsewhere, queue);
	OK(cq_queue_try_put(queue, item(3)));
	run(cq);
	EQ(crowd.actors[0].item, 3);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

enum { POSTERS = 4 };

struct poster {
	pthread_t thread;
	cq_queue *queue;
	cq_controller *cq;
	long number, count, refused;
};

static void *post_many(void *argument)
{
	struct poster *poster = argument;
	long i;
	int code;

	for (i = 0; i < poster->count; i++) {
		while ((code = cq_queue_post(poster->queue, poster->cq, item(i * POSTERS + poster->number))) == EAGAIN) {
			poster->refused++;
			usleep(100);
		}
		OK(code);
	}
	return NULL;
}

struct audience {
	cq_queue *queue;
	long last[POSTERS], count, wanted;
};

static int listen_to_all(void *argument)
{
	struct audience *audience = argument;
	void *taken;
	int code;

	while ((code = cq_queue_get(audience->queue, -1, &taken)) == 0) {
		long poster = number(taken) % POSTERS, i = number(taken) / POSTERS;

		CHECK(i == audience->last[poster] + 1);
		audience->last[poster] = i;
		if (++audience->count == audience->wanted)
			OK(cq_queue_close(audience->queue));
	}
	ERR(code, EPIPE);
	return 0;
}

static void post_from_threads(size_t limit, int listeners, long count)
{
	cq_controller *cq = new_controller();
	struct poster posters[POSTERS];
	struct audience audience;
	int i;

	memset(&audience, 0, sizeof audience);
	audience.queue = new_queue(limit);
	audience.wanted = POSTERS * count;
	for (i = 0; i < listeners; i++)
		OK(cq_controller_wrap(cq, listen_to_all, NULL, &audience, NULL));
	memset(posters, 0, sizeof posters);
	for (i = 0; i < POSTERS; i++) {
		audience.last[i] = -1;
		posters[i].queue = audience.queue;
		posters[i].cq = cq;
		posters[i].number = i;
		posters[i].count = count;
		EQ(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]), 0);
	}
	run(cq);
	for (i = 0; i < POSTERS; i++)
		EQ(pthread_join(posters[i].thread, NULL), 0);
	EQ(audience.count, audience.wanted);
	cq_queue_free(audience.queue);
	cq_controller_free(cq);
}

TEST(a_hundred_thousand_items_of_four_threads_arrive_in_order)
{
	post_from_threads(0, 1, slow() ? 1000 : 25000);
}

TEST(threads_meet_the_limit_and_many_listeners)
{
	post_from_threads(10, 20, slow() ? 200 : 2000);
}

TEST(a_post_that_cannot_arrive_is_refused)
{
	cq_controller *cq = new_controller(), *other = new_controller();
	cq_queue *queue = new_queue(2);
	struct crowd crowd;

	gather(&crowd, 1, cq, queue, false);
	OK(cq_queue_post(queue, other, item(1))); /* any controller of this thread will do */
	OK(cq_controller_close(other));
	ERR(cq_queue_post(queue, other, item(2)), EBADF);
	EQ(cq_queue_count(queue), 1);
	OK(cq_controller_step(cq, 0));
	EQ(crowd.turns, 0); /* the controller that was to tell is closed */
	OK(cq_queue_post(queue, cq, item(2)));
	ERR(cq_queue_post(queue, cq, item(3)), EAGAIN);
	run(cq);
	EQ(crowd.actors[0].item, 1);
	EQ(take(queue), 2);
	cq_controller_free(other);
	cq_queue_free(queue);
	cq_controller_free(cq);
}

TEST(a_queue_may_be_freed_before_its_posts_are_told)
{
	cq_controller *cq = new_controller();
	cq_queue *queue = new_queue(0);

	OK(cq_queue_post(queue, cq, item(1)));
	cq_queue_free(queue);
	run(cq);
	cq_controller_free(cq);
}

static void *run_it(void *argument)
{
	ERR(cq_controller_step(argument, 10), EPERM);
	return NULL;
}

TEST(a_post_to_a_controller_of_another_thread_is_told_there)
{
	cq_controller *cq = new_controller(), *other = new_controller();
	cq_queue *queue = new_queue(0);
	struct crowd crowd;

	gather(&crowd, 1, cq, queue, false);
	OK(cq_queue_post(queue, other, item(1)));
	in_thread(run_it, other);
	EQ(take(queue), 1); /* nobody was woken for it */
	OK(cq_queue_try_put(queue, item(2)));
	run(cq);
	EQ(crowd.actors[0].item, 2);
	cq_queue_free(queue);
	cq_controller_free(cq);
	cq_controller_free(other);
}
