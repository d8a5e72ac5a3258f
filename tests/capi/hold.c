/* SPDX-License-Identifier: MIT */
/* Lines that a task writes in one resumption: answers leave together; of others the first leaves at once, the rest together. */

#include "fixture.h"
#include <sys/wait.h>

/* What has arrived at a plain descriptor so far. */
static void expect_now(int fd, const char *text)
{
	char data[200];
	ssize_t size = recv(fd, data, sizeof data, MSG_DONTWAIT);

	if (size < 0) {
		EQ(errno, EAGAIN);
		size = 0;
	}
	check_text(__FILE__, __LINE__, data, (size_t)size, text, strlen(text));
}

struct line {
	cq_socket *socket;
	int peer;
	int steps;
};

static void begin(struct line *line)
{
	memset(line, 0, sizeof *line);
	line->socket = half_pair(&line->peer);
	set_modes(line->socket, "bl");
}

static void end(struct line *line)
{
	cq_socket_free(line->socket);
	SYS(close(line->peer));
}

static void say(struct line *line, const char *text)
{
	OK(cq_socket_write(line->socket, text, strlen(text)));
}

static int write_three(void *argument)
{
	struct line *line = argument;

	say(line, "one\n");
	expect_now(line->peer, "one\n");
	say(line, "two\n");
	say(line, "three\n");
	expect_now(line->peer, "");
	OK(cq_sleep(0));
	expect_now(line->peer, "two\nthree\n");
	say(line, "four\n");
	expect_now(line->peer, "four\n");
	say(line, "five\n");
	return 0;
}

TEST(the_first_line_leaves_at_once_and_the_others_when_the_task_waits_or_ends)
{
	struct line line;

	begin(&line);
	in_a_fiber(write_three, &line);
	expect_now(line.peer, "five\n");
	end(&line);
}

TEST(what_is_held_leaves_as_soon_as_its_task_waits_for_the_same_again)
{
	cq_condition *condition = new_condition(false);
	cq_interest sets[] = { on_time(0), on_condition(condition) };
	size_t which;
	int round;

	for (which = 0; which < COUNT(sets); which++) {
		cq_controller *cq = new_controller();
		struct line line;
		cq_ready ready;
		cq_task task;

		begin(&line);
		OK(cq_controller_add(cq, NULL, &task));
		for (round = 0; round < 3; round++) {
			OK(cq_controller_enter(cq));
			OK(cq_controller_wait(cq, 1, 0));
			OK(cq_controller_next(cq, &ready));
			say(&line, "one\n");
			say(&line, "two\n");
			expect_now(line.peer, "one\n");
			OK(cq_controller_park(cq, task, &sets[which], 1));
			expect_now(line.peer, "two\n");
			OK(cq_condition_signal(condition, 1, NULL));
			OK(cq_controller_leave(cq));
		}
		cq_controller_free(cq);
		end(&line);
	}
	cq_condition_free(condition);
}

static int write_many(void *argument)
{
	struct line *line = argument;

	char text[1001];

	memset(text, 'x', 999);
	memcpy(text + 999, "\n", 2);
	for (int i = 0; i < 6; i++)
		say(line, text); /* the last is one too many for the buffer */
	return 0;
}

/* The end of the line for which the buffer had no room stayed. */
TEST(held_lines_leave_to_the_last_byte_when_they_were_more_than_the_buffer_holds)
{
	struct line line;
	char data[10000];
	ssize_t size, total = 0;

	begin(&line);
	in_a_fiber(write_many, &line);
	while ((size = recv(line.peer, data, sizeof data, MSG_DONTWAIT)) > 0)
		total += size;
	EQ(total, 6000);
	EQ(cq_socket_pending(line.socket, CQ_OUTPUT), 0);
	end(&line);
}

TEST(outside_a_controller_every_line_leaves_at_once)
{
	struct line line;

	begin(&line);
	say(&line, "one\n");
	say(&line, "two\n");
	expect_now(line.peer, "one\ntwo\n");
	end(&line);
}

static int write_unheld(void *argument)
{
	struct line *line = argument;

	EQ(cq_socket_hold(line->socket), CQ_HOLD_LINES);
	OK(cq_socket_set_hold(line->socket, CQ_HOLD_NONE));
	EQ(cq_socket_hold(line->socket), CQ_HOLD_NONE);
	say(line, "one\n");
	say(line, "two\n");
	expect_now(line->peer, "one\ntwo\n");
	OK(cq_socket_set_hold(line->socket, CQ_HOLD_LINES));
	say(line, "three\n");
	say(line, "four\n");
	expect_now(line->peer, "three\n");
	OK(cq_socket_set_hold(line->socket, CQ_HOLD_NONE));
	expect_now(line->peer, "four\n");
	return 0;
}

TEST(a_switch_sends_each_line_by_itself)
{
	struct line line;

	begin(&line);
	in_a_fiber(write_unheld, &line);
	end(&line);
	ERR(cq_socket_set_hold(line.socket, 3), EINVAL);
	ERR(cq_socket_set_hold(NULL, CQ_HOLD_LINES), EINVAL);
	EQ(cq_socket_hold(NULL), CQ_HOLD_NONE);
}

static int read_between(void *argument)
{
	struct line *line = argument;
	const void *data;
	size_t size;

	plain_write(line->peer, "a\nb\nc\nd");
	OK(cq_socket_read(line->socket, CQ_READ_LINE, 0, &data, &size));
	say(line, "one\n");
	OK(cq_socket_read(line->socket, CQ_READ_LINE, 0, &data, &size));
	say(line, "two\n");
	OK(cq_socket_read(line->socket, CQ_READ_LINE, 0, &data, &size));
	expect_now(line->peer, "");
	OK(cq_socket_set_timeout(line->socket, MS(1)));
	ERR(cq_socket_read(line->socket, CQ_READ_LINE, 0, &data, &size), ETIMEDOUT);
	expect_now(line->peer, "one\ntwo\n");
	return 0;
}

TEST(reads_from_the_buffer_leave_lines_held_and_reads_that_wait_send_them)
{
	struct line line;

	begin(&line);
	in_a_fiber(read_between, &line);
	end(&line);
}

static void answer(struct line *line, const char *question, const char *text)
{
	const void *data;
	size_t size;

	OK(cq_socket_read(line->socket, CQ_READ_LINE, 0, &data, &size));
	check_text(__FILE__, __LINE__, data, size, question, strlen(question));
	say(line, text);
}

static int answer_all(void *argument)
{
	struct line *line = argument;

	OK(cq_socket_set_hold(line->socket, CQ_HOLD_ANSWERS));
	plain_write(line->peer, "a\nb\nc\n");
	answer(line, "a", "one\n");
	answer(line, "b", "two\n");
	expect_now(line->peer, "");
	answer(line, "c", "three\n"); /* nothing more to answer */
	expect_now(line->peer, "one\ntwo\nthree\n");
	say(line, "four\n");
	say(line, "five\n");
	expect_now(line->peer, "four\nfive\n");
	return 0;
}

TEST(answers_leave_with_the_last_of_them_and_other_lines_at_once)
{
	struct line line;

	begin(&line);
	in_a_fiber(answer_all, &line);
	end(&line);
}

static int answer_without_holding(void *argument)
{
	struct line *line = argument;

	OK(cq_socket_set_hold(line->socket, CQ_HOLD_NONE));
	plain_write(line->peer, "a\nb\n");
	answer(line, "a", "one\n");
	expect_now(line->peer, "one\n");
	return 0;
}

TEST(where_nothing_may_be_held_answers_leave_at_once)
{
	struct line line;

	begin(&line);
	in_a_fiber(answer_without_holding, &line);
	end(&line);
}

static int answer_and_exit(void *argument)
{
	struct line *line = argument;

	plain_write(line->peer, "a\nb\n");
	answer(line, "a", "one\n");
	expect_now(line->peer, "");
	exit(7);
}

TEST(what_is_held_leaves_at_exit)
{
	struct line line;
	pid_t child;
	int status;

	begin(&line);
	child = fork();
	if (child == 0) {
		in_a_fiber(answer_and_exit, &line);
		_exit(1);
	}
	SYS(child);
	SYS(waitpid(child, &status, 0));
	CHECK(WIFEXITED(status));
	EQ(WEXITSTATUS(status), 7);
	expect_now(line.peer, "one\n");
	end(&line);
}

/* What hands the descriptor out. */
static void ask_for_descriptor(struct line *line)
{
	CHECK(cq_socket_pollfd(line->socket) >= 0);
}

static void shut_down(struct line *line)
{
	OK(cq_socket_shutdown(line->socket, SHUT_WR));
}

static void close_socket(struct line *line)
{
	OK(cq_socket_close(line->socket));
}

static void flush_socket(struct line *line)
{
	OK(cq_socket_flush(line->socket));
}

static void change_mode(struct line *line)
{
	set_modes(line->socket, "bf");
}

static void count_pending(struct line *line)
{
	EQ(cq_socket_pending(line->socket, CQ_OUTPUT), 0);
}

static void pass_descriptor(struct line *line)
{
	OK(cq_socket_sendfd(line->socket, "!", 1, -1));
}

static void (*release)(struct line *line);
static const char *released;

static int write_and_release(void *argument)
{
	struct line *line = argument;

	say(line, "one\n");
	say(line, "two\n");
	expect_now(line->peer, "one\n");
	release(line);
	expect_now(line->peer, released);
	return 0;
}

TEST(whatever_hands_the_descriptor_out_sends_what_is_held)
{
	static const struct {
		void (*release)(struct line *line);
		const char *arrives;
	} ways[] = {
		{ ask_for_descriptor, "two\n" }, { shut_down, "two\n" }, { close_socket, "two\n" },
		{ flush_socket, "two\n" }, { change_mode, "two\n" }, { count_pending, "two\n" },
		{ pass_descriptor, "two\n!" },
	};
	struct line line;
	size_t i;

	for (i = 0; i < COUNT(ways); i++) {
		begin(&line);
		release = ways[i].release;
		released = ways[i].arrives;
		in_a_fiber(write_and_release, &line);
		end(&line);
	}
}

static int write_and_fork(void *argument)
{
	struct line *line = argument;
	int status;
	pid_t child;

	say(line, "one\n");
	say(line, "two\n");
	child = fork();
	if (child == 0)
		_exit(0);
	SYS(child);
	expect_now(line->peer, "one\ntwo\n");
	SYS(waitpid(child, &status, 0));
	return 0;
}

TEST(a_fork_sends_what_is_held_so_that_it_leaves_once)
{
	struct line line;

	begin(&line);
	in_a_fiber(write_and_fork, &line);
	expect_now(line.peer, "");
	end(&line);
}

static int write_into_a_full_buffer(void *argument)
{
	struct line *line = argument;
	char block[1024];

	memset(block, 'x', sizeof block);
	say(line, "first\n");
	say(line, "held\n");
	/* Now the kernel's buffer fills up behind the library's back. */
	while (send(line->steps, block, sizeof block, MSG_DONTWAIT) > 0)
		;
	while (send(line->steps, block, 1, MSG_DONTWAIT) > 0)
		;
	EQ(errno, EAGAIN);
	return 0;
}

static int drain_peer(void *argument)
{
	struct line *line = argument;
	char data[4096];
	ssize_t size;

	OK(cq_sleep(MS(1)));
	while ((size = recv(line->peer, data, sizeof data, MSG_DONTWAIT)) > 0)
		;
	EQ(errno, EAGAIN);
	return 0;
}

TEST(what_the_kernel_does_not_take_is_sent_when_it_does_though_the_task_has_ended)
{
	cq_controller *cq = new_controller();
	struct line line;

	begin(&line);
	line.steps = dup(cq_socket_pollfd(line.socket));
	OK(cq_controller_wrap(cq, write_into_a_full_buffer, NULL, &line, NULL));
	OK(cq_controller_step(cq, 0));
	EQ(cq_controller_count(cq), 1);
	OK(cq_controller_wrap(cq, drain_peer, NULL, &line, NULL));
	run(cq);
	expect_now(line.peer, "held\n");
	SYS(close(line.steps));
	cq_controller_free(cq);
	end(&line);
}

static int write_and_free(void *argument)
{
	struct line *line = argument;

	say(line, "one\n");
	say(line, "two\n");
	cq_socket_free(line->socket);
	line->socket = NULL;
	expect_now(line->peer, "one\ntwo\n");
	return 0;
}

TEST(a_freed_socket_sends_what_it_holds)
{
	struct line line;

	begin(&line);
	in_a_fiber(write_and_free, &line);
	end(&line);
}
