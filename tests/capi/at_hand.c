/* SPDX-License-Identifier: MIT */
/* Lines that are buffered take a short way to the program, and answers behind held lines one from it. Nothing tells them from others. */

#include "stage.h"

/* A socket with these bytes in its buffer, behind a first line that was read. */
static struct stage buffered(const char *modes, const char *text)
{
	struct stage stage = stage_of(modes);

	plain_write(stage.peer, "first\n");
	plain_write(stage.peer, text);
	READ(stage.socket, CQ_READ_LINE, 0, "first");
	return stage;
}

TEST(pending_output_leaves_before_a_buffered_line_is_read)
{
	struct stage stage = buffered("bf", "a\nb\nc\n");

	OK(cq_socket_write(stage.socket, "question", 8));
	CHECK(!is_readable(stage.peer));
	RECV(stage.socket, CQ_READ_LINE, 0, "a"); /* does not send: it was not asked to */
	CHECK(!is_readable(stage.peer));
	READ(stage.socket, CQ_READ_LINE, 0, "b");
	plain_expect(stage.peer, "question");
	OK(cq_socket_set_mode(stage.socket, CQ_OUTPUT, cq_mode_parse("bfA", 3)));
	OK(cq_socket_write(stage.socket, "remark", 6));
	READ(stage.socket, CQ_READ_LINE, 0, "c");
	CHECK(!is_readable(stage.peer));
	end(&stage);
}

TEST(an_error_that_was_left_is_told_before_a_buffered_line)
{
	struct stage stage = buffered("bl", "a\nb\n");

	OK(cq_socket_set_error(stage.socket, CQ_INPUT, EIO, NULL));
	ERR(read_code(stage.socket, CQ_READ_LINE, 0), EIO);
	RECV(stage.socket, CQ_READ_LINE, 0, "a"); /* which no error stays with */
	OK(cq_socket_set_error(stage.socket, CQ_INPUT, 0, NULL));
	READ(stage.socket, CQ_READ_LINE, 0, "b");
	end(&stage);
}

TEST(lines_are_cut_and_translated_as_others_are)
{
	struct stage stage = buffered("tl", "one\r\ntwo\r\nthree\r\nfour\r\n\r\nx\ry\n");

	READ(stage.socket, CQ_READ_LINE, 0, "one");
	READ(stage.socket, CQ_READ_LINE_KEEP, 0, "two\n");
	OK(cq_socket_set_maxline(stage.socket, CQ_INPUT, 3));
	READ(stage.socket, CQ_READ_LINE, 0, "thr");
	OK(cq_socket_set_maxline(stage.socket, CQ_INPUT, 100));
	READ(stage.socket, CQ_READ_LINE_KEEP, 0, "ee\n");
	OK(cq_socket_set_mode(stage.socket, CQ_INPUT, cq_mode_parse("b", 1)));
	READ(stage.socket, CQ_READ_LINE, 0, "four\r");
	READ(stage.socket, CQ_READ_LINE_KEEP, 0, "\r\n");
	READ(stage.socket, CQ_READ_LINE, 0, "x\ry");
	end(&stage);
}

TEST(a_line_that_was_looked_at_in_part_is_found_whole)
{
	struct stage stage = buffered("bl", "begin");

	ERR(recv_code(stage.socket, CQ_READ_LINE, 0), EAGAIN);
	plain_write(stage.peer, "ning\nand more\n");
	OK(cq_socket_try_fill(stage.socket, 15)); /* nothing asks for a line meanwhile */
	READ(stage.socket, CQ_READ_LINE, 0, "beginning");
	OK(cq_socket_unget(stage.socket, "a\n", 2));
	READ(stage.socket, CQ_READ_LINE, 0, "a");
	READ(stage.socket, CQ_READ_LINE, 0, "and more");
	end(&stage);
}

TEST(what_a_wait_was_for_is_forgotten)
{
	struct stage stage = buffered("bl", "a");

	ERR(recv_code(stage.socket, CQ_READ_LINE, 0), EAGAIN);
	EQ(cq_socket_events(stage.socket), POLLIN);
	OK(cq_socket_unget(stage.socket, "b\n", 2));
	RECV(stage.socket, CQ_READ_LINE, 0, "b");
	EQ(cq_socket_events(stage.socket), 0);
	end(&stage);
}

/* -- one task that reads for long -- */

enum { MANY = 1 << 16 };

struct reader {
	struct stage stage;
	int lines;
	struct bystander other;
};

static int read_all(void *argument)
{
	struct reader *reader = argument;
	const void *line;
	size_t size;

	while (reader->lines < MANY) {
		OK(cq_socket_read(reader->stage.socket, CQ_READ_LINE_KEEP, 0, &line, &size));
		TEXT(line, size, "x\n");
		reader->lines++;
		for (double until = cq_monotime() + 2e-6; cq_monotime() < until;)
			;
	}
	reader->other.over = true;
	return 0;
}

static void read_many(const char *modes, const char *line)
{
	size_t size = strlen(line);
	char *text = malloc(size * MANY);
	struct reader reader = { { NULL, -1 }, 0, { 0, false } };
	cq_controller *cq = new_controller();

	CHECK(text != NULL);
	for (int i = 0; i < MANY; i++)
		memcpy(text + size * i, line, size);
	reader.stage = buffered(modes, "");
	OK(cq_socket_unget(reader.stage.socket, text, size * MANY));
	OK(cq_controller_wrap(cq, read_all, NULL, &reader, NULL));
	OK(cq_controller_wrap(cq, stand_by, NULL, &reader.other, NULL));
	run(cq);
	EQ(reader.lines, MANY);
	CHECK(reader.other.steps >= 4); /* of 130 ms it has 10 at once */
	CHECK(reader.other.steps < MANY / 128);
	cq_controller_free(cq);
	end(&reader.stage);
	free(text);
}

TEST(a_task_with_many_buffered_lines_lets_others_run_and_loses_none)
{
	read_many("bl", "x\n");
	read_many("tl", "x\r\n"); /* a line that is left for the next step was not translated yet */
}

/* -- answers -- */

static int answer(void *argument)
{
	struct stage *stage = argument;

	READ(stage->socket, CQ_READ_LINE, 0, "a");
	OK(cq_socket_write(stage->socket, "A\n", 2)); /* held, as there is more at hand */
	READ(stage->socket, CQ_READ_LINE, 0, "b");
	OK(cq_socket_write(stage->socket, "B\n", 2));
	CHECK(!is_readable(stage->peer));
	OK(cq_socket_set_error(stage->socket, CQ_OUTPUT, EIO, NULL));
	ERR(cq_socket_write(stage->socket, "lost\n", 5), EIO);
	OK(cq_socket_set_error(stage->socket, CQ_OUTPUT, 0, NULL));
	OK(cq_socket_write(stage->socket, "part", 4)); /* of a line, which stays after the others have left */
	READ(stage->socket, CQ_READ_LINE, 0, "c");
	plain_expect(stage->peer, "A\nB\npart");
	return 0;
}

TEST(answers_are_held_with_those_before_them_but_for_errors_and_parts_of_lines)
{
	struct stage stage = buffered("bl", "a\nb\nc\nd\n");

	in_a_fiber(answer, &stage);
	end(&stage);
}

static int answer_in_text(void *argument)
{
	struct stage *stage = argument;

	READ(stage->socket, CQ_READ_LINE, 0, "a");
	OK(cq_socket_write(stage->socket, "A\n", 2));
	READ(stage->socket, CQ_READ_LINE, 0, "b");
	OK(cq_socket_write(stage->socket, "B\n", 2));
	CHECK(!is_readable(stage->peer));
	return 0;
}

TEST(answers_are_translated)
{
	struct stage stage = buffered("tl", "a\r\nb\r\nc\r\n");

	in_a_fiber(answer_in_text, &stage);
	plain_expect(stage.peer, "A\r\nB\r\n");
	end(&stage);
}

/* Lines are held by calls that say so, of a socket that does not buffer. */
static int answer_at_once(void *argument)
{
	struct stage *stage = argument;
	uint32_t lines = cq_mode_parse("l", 1);
	size_t sent;

	READ(stage->socket, CQ_READ_LINE, 0, "a");
	OK(cq_socket_try_send(stage->socket, "A\n", 2, lines, &sent));
	CHECK(!is_readable(stage->peer));
	OK(cq_socket_try_send(stage->socket, "B\n", 2, CQ_MODE_DEFAULT, &sent));
	plain_expect(stage->peer, "A\nB\n");
	return 0;
}

TEST(what_is_not_buffered_is_not_held)
{
	struct stage stage = buffered("bn", "a\nb\n");

	in_a_fiber(answer_at_once, &stage);
	end(&stage);
}

static int answer_after_a_wait(void *argument)
{
	struct stage *stage = argument;
	size_t sent;

	READ(stage->socket, CQ_READ_LINE, 0, "a");
	OK(cq_socket_write(stage->socket, "A\n", 2));
	ERR(recv_code(stage->socket, CQ_READ_EXACTLY, 100), EAGAIN); /* of what is at hand nothing was taken */
	EQ(cq_socket_events(stage->socket) & POLLIN, POLLIN);
	OK(cq_socket_write(stage->socket, "B\n", 2));
	OK(cq_socket_try_send(stage->socket, "C\n", 2, CQ_MODE_DEFAULT, &sent));
	EQ(cq_socket_events(stage->socket), 0);
	return 0;
}

TEST(an_answer_forgets_what_a_wait_was_for)
{
	struct stage stage = buffered("bl", "a\nb\n");

	in_a_fiber(answer_after_a_wait, &stage);
	plain_expect(stage.peer, "A\nB\nC\n");
	end(&stage);
}

/* Held lines, and then one in another mode. */
static int answer_translated(void *argument)
{
	struct stage *stage = argument;
	size_t sent;

	READ(stage->socket, CQ_READ_LINE, 0, "a");
	OK(cq_socket_write(stage->socket, "A\n", 2));
	OK(cq_socket_try_send(stage->socket, "B\n", 2, cq_mode_parse("t", 1), &sent));
	EQ(sent, 2);
	OK(cq_socket_try_send(stage->socket, "C\n", 2, CQ_MODE_DEFAULT, &sent));
	EQ(sent, 2);
	OK(cq_socket_try_send(stage->socket, "now\n", 4, cq_mode_parse("n", 1), &sent));
	plain_expect(stage->peer, "A\nB\r\nC\nnow\n");
	ERR(cq_socket_try_send(stage->socket, "D\n", 2, CQ_MODE_DEFAULT, NULL), EINVAL);
	return 0;
}

TEST(an_answer_in_another_mode_goes_its_own_way)
{
	struct stage stage = buffered("bl", "a\nb\n");

	in_a_fiber(answer_translated, &stage);
	CHECK(!is_readable(stage.peer)); /* nor did what was refused leave later */
	end(&stage);
}
