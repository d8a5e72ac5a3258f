/* SPDX-License-Identifier: MIT */
/* A task that waits for the socket that it waited for before takes a short way. Nothing tells it from others. */

#include "stage.h"
#include <sys/ioctl.h>

/* A task of the pull interface that was resumed once, as its socket became readable, and a step that is under way. */
struct turn {
	cq_controller *cq;
	struct stage stage;
	cq_task task;
};

/* Has the task handed out that is the only one ready, and tells what it waited for and what fired. */
static void resume(struct turn *turn, uint32_t member, uint32_t events)
{
	cq_ready ready;

	OK(cq_controller_begin(turn->cq, -1, 0, &ready));
	EQ(ready.task, turn->task);
	EQ(ready.count, 1);
	EQ(ready.fired->member, member);
	EQ(ready.fired->events, events);
}

static void expect_nothing(struct turn *turn)
{
	cq_ready ready;

	ERR(cq_controller_begin(turn->cq, 0, 0, &ready), ENOENT);
}

static struct turn turn_in(uint32_t order)
{
	struct turn turn;

	turn.cq = new_controller();
	OK(cq_controller_set_order(turn.cq, order));
	turn.stage.socket = half_tcp(&turn.stage.peer); /* which is registered edge-triggered */
	set_modes(turn.stage.socket, "bl");
	OK(cq_controller_add(turn.cq, NULL, &turn.task));
	OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
	plain_write(turn.stage.peer, "first\n");
	resume(&turn, 0, POLLIN);
	RECV(turn.stage.socket, CQ_READ_LINE, 0, "first");
	return turn;
}

static void leave(struct turn *turn)
{
	OK(cq_controller_leave(turn->cq));
}

static void finish(struct turn *turn)
{
	cq_controller_free(turn->cq);
	end(&turn->stage);
}

static const uint32_t orders[] = { CQ_OLDEST_FIRST, CQ_NEWEST_FIRST };

TEST(each_wait_is_told_of_what_comes_in_it)
{
	size_t i;
	int round;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);

		for (round = 0; round < 3; round++) {
			OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
			leave(&turn);
			expect_nothing(&turn);
			plain_write(turn.stage.peer, "next\n");
			resume(&turn, 0, POLLIN);
			RECV(turn.stage.socket, CQ_READ_LINE, 0, "next");
		}
		leave(&turn);
		finish(&turn);
	}
}

TEST(what_was_not_read_wakes_at_once)
{
	size_t i;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);

		OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
		leave(&turn);
		plain_write(turn.stage.peer, "a\nb\n");
		resume(&turn, 0, POLLIN); /* and nothing is read */
		OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
		leave(&turn);
		resume(&turn, 0, POLLIN);
		leave(&turn);
		finish(&turn);
	}
}

TEST(other_events_are_waited_for_instead)
{
	size_t i;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);

		OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLOUT)));
		leave(&turn);
		resume(&turn, 0, POLLOUT);
		OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
		leave(&turn);
		expect_nothing(&turn);
		plain_write(turn.stage.peer, "in\n");
		resume(&turn, 0, POLLIN);
		ERR(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN | 64)), EINVAL);
		ERR(park(turn.cq, turn.task, on_socket(turn.stage.socket, 1 << 16 | POLLIN)), EINVAL);
		leave(&turn);
		expect_nothing(&turn);
		finish(&turn);
	}
}

TEST(what_else_an_interest_names_counts)
{
	size_t i;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);
		cq_condition *cv = new_condition(false);
		cq_interest both = on_socket(turn.stage.socket, POLLIN), set[2];

		both.timeout = MS(5);
		OK(park(turn.cq, turn.task, both));
		leave(&turn);
		resume(&turn, 0, CQ_FIRED);
		both.timeout = -1;
		both.condition = cv;
		OK(park(turn.cq, turn.task, both));
		leave(&turn);
		OK(cq_condition_signal(cv, 1, NULL));
		resume(&turn, 0, CQ_FIRED);
		set[0] = on_socket(turn.stage.socket, POLLIN);
		set[1] = on_time(MS(5));
		OK(cq_controller_park(turn.cq, turn.task, set, 2));
		leave(&turn);
		resume(&turn, 1, CQ_FIRED);
		OK(cq_controller_park(turn.cq, turn.task, set, 1));
		ERR(cq_controller_park(turn.cq, turn.task, NULL, 1), EINVAL);
		leave(&turn);
		plain_write(turn.stage.peer, "in\n");
		resume(&turn, 0, POLLIN);
		OK(cq_controller_park(turn.cq, turn.task, set, 0));
		leave(&turn);
		ERR(cq_controller_step(turn.cq, 0), ENOTSUP); /* it was ready again */
		finish(&turn);
		cq_condition_free(cv);
	}
}

TEST(the_last_of_several_waits_counts)
{
	size_t i;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);
		struct stage other = stage_of("bl");

		OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
		OK(park(turn.cq, turn.task, on_socket(other.socket, POLLIN)));
		leave(&turn);
		plain_write(turn.stage.peer, "unheard\n");
		expect_nothing(&turn);
		plain_write(other.peer, "heard\n");
		resume(&turn, 0, POLLIN);
		RECV(other.socket, CQ_READ_LINE, 0, "heard");
		leave(&turn);
		finish(&turn);
		end(&other);
	}
}

TEST(what_is_sent_behind_the_turn_leaves_at_once)
{
	size_t i, sent;
	int line, arrived;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);
		struct stage other = stage_of("bl");

		OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
		for (line = 1; line <= 3; line++) {
			OK(cq_socket_try_send(other.socket, "line\n", 5, CQ_MODE_DEFAULT, &sent));
			SYS(ioctl(other.peer, FIONREAD, &arrived));
			EQ(arrived, 5 * line);
		}
		leave(&turn);
		finish(&turn);
		end(&other);
	}
}

TEST(a_task_that_was_to_run_again_waits_instead)
{
	size_t i;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);

		OK(cq_controller_park(turn.cq, turn.task, NULL, 0));
		OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
		leave(&turn);
		expect_nothing(&turn);
		plain_write(turn.stage.peer, "in\n");
		resume(&turn, 0, POLLIN);
		leave(&turn);
		finish(&turn);
	}
}

TEST(two_tasks_of_a_socket_wake_both_each_time)
{
	size_t i;
	int round, task;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);
		cq_ready ready;
		cq_task second, seen[2];

		OK(cq_controller_add(turn.cq, NULL, &second));
		OK(park(turn.cq, second, on_socket(turn.stage.socket, POLLIN)));
		for (round = 0; round < 3; round++) {
			OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
			leave(&turn);
			plain_write(turn.stage.peer, "both\n");
			OK(cq_controller_begin(turn.cq, -1, 0, &ready));
			for (task = 0; task < 2; task++) {
				seen[task] = ready.task;
				EQ(ready.fired->events, POLLIN);
				if (task == 0) {
					RECV(turn.stage.socket, CQ_READ_LINE, 0, "both");
					if (ready.task == second)
						OK(park(turn.cq, second, on_socket(turn.stage.socket, POLLIN)));
					OK(cq_controller_next(turn.cq, &ready));
				}
			}
			CHECK(seen[0] != seen[1]);
			if (orders[i] == CQ_OLDEST_FIRST)
				EQ(seen[0], second); /* the first has waited anew behind it */
			if (seen[1] == second)
				OK(park(turn.cq, second, on_socket(turn.stage.socket, POLLIN)));
			ERR(cq_controller_next(turn.cq, &ready), ENOENT);
		}
		leave(&turn);
		finish(&turn);
	}
}

TEST(parking_another_task_on_the_socket_leaves_its_own_wait)
{
	size_t i;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);
		cq_ready ready;
		cq_task other;

		OK(cq_controller_add(turn.cq, NULL, &other));
		OK(park(turn.cq, other, on_time(-1)));
		OK(park(turn.cq, other, on_socket(turn.stage.socket, POLLIN))); /* in the turn of the first */
		leave(&turn);
		plain_write(turn.stage.peer, "for the other\n");
		OK(cq_controller_begin(turn.cq, -1, 0, &ready));
		EQ(ready.task, other);
		RECV(turn.stage.socket, CQ_READ_LINE, 0, "for the other");
		OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
		leave(&turn);
		plain_write(turn.stage.peer, "for the first\n");
		resume(&turn, 0, POLLIN);
		leave(&turn);
		finish(&turn);
	}
}

TEST(tasks_that_are_over_or_not_of_this_thread_are_refused)
{
	struct turn turn = turn_in(CQ_OLDEST_FIRST);
	cq_interest readable = on_socket(turn.stage.socket, POLLIN);

	ERR(cq_controller_park(NULL, turn.task, &readable, 1), EINVAL);
	OK(cq_controller_finish(turn.cq, turn.task));
	ERR(park(turn.cq, turn.task, readable), ENOENT);
	leave(&turn);
	finish(&turn);
}

TEST(a_socket_that_was_closed_in_between_is_refused)
{
	size_t i;

	for (i = 0; i < COUNT(orders); i++) {
		struct turn turn = turn_in(orders[i]);

		OK(cq_socket_close(turn.stage.socket));
		ERR(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)), EBADF);
		leave(&turn);
		expect_nothing(&turn);
		finish(&turn);
	}
}

/* A connection that is served by a callback. */
struct service {
	struct stage stage;
	cq_scope *scope;
	int turns, ended;
};

/* Sends two lines for each one that comes. The first leaves at once, the second when the turn ends. */
static int answer_twice(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct service *service = argument;
	int arrived;
	size_t sent;

	(void)fired;
	if (count == 0)
		return park(cq, task, on_socket(service->stage.socket, POLLIN));
	RECV(service->stage.socket, CQ_READ_LINE, 0, "go");
	OK(cq_socket_try_send(service->stage.socket, "one\n", 4, CQ_MODE_DEFAULT, &sent));
	OK(cq_socket_try_send(service->stage.socket, "two\n", 4, CQ_MODE_DEFAULT, &sent));
	SYS(ioctl(service->stage.peer, FIONREAD, &arrived));
	EQ(arrived, 4);
	OK(park(cq, task, on_socket(service->stage.socket, POLLIN)));
	SYS(ioctl(service->stage.peer, FIONREAD, &arrived));
	EQ(arrived, 8);
	service->turns++;
	return 0;
}

TEST(lines_that_are_held_leave_when_the_task_waits_again)
{
	cq_controller *cq = new_controller();
	struct service service = { .stage = stage_of("bl") };
	int round;

	OK(cq_controller_attach(cq, answer_twice, NULL, &service, NULL));
	OK(cq_controller_step(cq, 0));
	for (round = 1; round <= 3; round++) {
		plain_write(service.stage.peer, "go\n");
		UNTIL(service.turns == round, cq);
		plain_expect(service.stage.peer, "one\ntwo\n");
	}
	cq_controller_free(cq);
	end(&service.stage);
}

/* Ends its own scope, and waits once more. */
static int end_and_wait(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct service *service = argument;

	if (count > 0 && fired->member == CQ_ENDED) {
		service->ended = (int)fired->events;
		return 0;
	}
	if (count > 0) {
		RECV(service->stage.socket, CQ_READ_LINE, 0, "go");
		OK(cq_scope_cancel(service->scope, ECANCELED, NULL));
	}
	return park(cq, task, on_socket(service->stage.socket, POLLIN));
}

TEST(a_task_whose_scope_has_ended_does_not_wait_again)
{
	cq_controller *cq = new_controller();
	struct service service = { .stage = stage_of("bl") };

	OK(cq_scope_new(cq, NULL, &service.scope));
	OK(cq_scope_attach(service.scope, end_and_wait, NULL, &service, NULL));
	OK(cq_controller_step(cq, 0));
	plain_write(service.stage.peer, "go\n");
	run(cq);
	EQ(service.ended, ECANCELED);
	cq_scope_free(service.scope);
	cq_controller_free(cq);
	end(&service.stage);
}

/* A fiber that reads line after line. */
struct reader {
	struct stage stage;
	int lines, code;
};

static int read_lines(void *argument)
{
	struct reader *reader = argument;
	const void *line;
	size_t size;

	while (!(reader->code = cq_socket_read(reader->stage.socket, CQ_READ_LINE, 0, &line, &size))) {
		OK(cq_socket_write(reader->stage.socket, "one\n", 4));
		OK(cq_socket_write(reader->stage.socket, "two\n", 4));
		reader->lines++;
	}
	return 0;
}

static void read_three(cq_controller *cq, struct reader *reader)
{
	int line;

	for (line = 1; line <= 3; line++) {
		plain_write(reader->stage.peer, "go\n");
		UNTIL(reader->lines == line, cq);
		plain_expect(reader->stage.peer, "one\ntwo\n");
	}
}

TEST(a_fiber_that_waits_again_can_be_cancelled)
{
	cq_controller *cq = new_controller();
	struct reader reader = { .stage = stage_of("bl") };
	cq_task task;

	OK(cq_controller_wrap(cq, read_lines, NULL, &reader, &task));
	OK(cq_controller_step(cq, 0));
	read_three(cq, &reader);
	OK(cq_task_cancel(cq, task, NULL));
	run(cq);
	EQ(reader.code, ECANCELED);
	ERR(recv_code(reader.stage.socket, CQ_READ_LINE, 0), EAGAIN); /* the end of a wait does not stick */
	cq_controller_free(cq);
	end(&reader.stage);
}

/* A fiber that nobody may park, itself included. */
static int park_itself(void *argument)
{
	struct reader *reader = argument;
	cq_controller *cq;
	cq_task task;
	int line;

	OK(cq_running(&cq, &task));
	for (line = 0; line < 3; line++) {
		READ(reader->stage.socket, CQ_READ_LINE, 0, "go");
		ERR(park(cq, task, on_socket(reader->stage.socket, POLLIN)), EINVAL);
		reader->lines++;
	}
	return 0;
}

TEST(a_fiber_is_not_parked_from_outside)
{
	cq_controller *cq = new_controller();
	struct reader reader = { .stage = stage_of("bl") };
	int line;

	OK(cq_controller_wrap(cq, park_itself, NULL, &reader, NULL));
	OK(cq_controller_step(cq, 0));
	for (line = 1; line <= 3; line++) {
		plain_write(reader.stage.peer, "go\n");
		UNTIL(reader.lines == line, cq);
	}
	run(cq);
	cq_controller_free(cq);
	end(&reader.stage);
}

TEST(a_limit_of_time_that_is_set_later_counts)
{
	cq_controller *cq = new_controller();
	struct reader reader = { .stage = stage_of("bl") };

	OK(cq_controller_wrap(cq, read_lines, NULL, &reader, NULL));
	OK(cq_controller_step(cq, 0));
	read_three(cq, &reader);
	OK(cq_socket_set_timeout(reader.stage.socket, MS(5)));
	plain_write(reader.stage.peer, "go\n"); /* the next wait has the limit */
	run(cq);
	EQ(reader.code, ETIMEDOUT);
	EQ(reader.lines, 4);
	cq_controller_free(cq);
	end(&reader.stage);
}

TEST(a_fiber_that_waits_again_is_told_of_the_end_of_its_controller_and_its_socket)
{
	cq_controller *cq = new_controller();
	struct reader reader = { .stage = stage_of("bl") };

	OK(cq_controller_wrap(cq, read_lines, NULL, &reader, NULL));
	OK(cq_controller_step(cq, 0));
	read_three(cq, &reader);
	OK(cq_socket_close(reader.stage.socket));
	run(cq);
	EQ(reader.code, EBADF);
	cq_controller_free(cq);
	end(&reader.stage);

	cq = new_controller();
	reader.stage = stage_of("bl");
	reader.lines = 0;
	OK(cq_controller_wrap(cq, read_lines, NULL, &reader, NULL));
	OK(cq_controller_step(cq, 0));
	read_three(cq, &reader);
	cq_controller_free(cq); /* the fiber is abandoned */
	plain_write(reader.stage.peer, "go\n");
	RECV(reader.stage.socket, CQ_READ_LINE, 0, "go");
	end(&reader.stage);
}

/* Reads what the peer sends, and waits again, a few times. */
static void read_again_and_again(struct turn *turn)
{
	int round;

	for (round = 0; round < 3; round++) {
		resume(turn, 0, POLLIN);
		RECV(turn->stage.socket, CQ_READ_LINE, 0, "next");
		OK(park(turn->cq, turn->task, on_socket(turn->stage.socket, POLLIN)));
		leave(turn);
		expect_nothing(turn);
		plain_write(turn->stage.peer, "next\n");
	}
	resume(turn, 0, POLLIN);
	RECV(turn->stage.socket, CQ_READ_LINE, 0, "next");
	leave(turn);
}

TEST(a_child_of_fork_waits_again_as_its_parent_does)
{
	enum { IN_ITS_TURN, WAITING, ARRIVED, POINTS };
	size_t i;
	int point;

	for (i = 0; i < COUNT(orders) * POINTS; i++) {
		struct turn turn = turn_in(orders[i / POINTS]);
		pid_t child;

		point = (int)(i % POINTS);
		if (point != IN_ITS_TURN) {
			OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
			leave(&turn);
		}
		if (point == ARRIVED)
			plain_write(turn.stage.peer, "next\n");
		child = (pid_t)SYS(fork());
		if (child != 0)
			EQ(wait_for_child(child), 0);
		if (point == IN_ITS_TURN) {
			OK(park(turn.cq, turn.task, on_socket(turn.stage.socket, POLLIN)));
			leave(&turn);
		}
		if (point != ARRIVED || child != 0)
			plain_write(turn.stage.peer, "next\n"); /* the child has read what came */
		read_again_and_again(&turn);
		if (child == 0)
			end_child(true);
		finish(&turn);
	}
}
