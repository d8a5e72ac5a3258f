/* SPDX-License-Identifier: MIT */
/* A line or some bytes that come alone, or are buffered, take a short way to the program. Nothing tells them from others. */

#include "stage.h"

static int patient_code(cq_socket *socket)
{
	const void *data;
	size_t size;

	return cq_socket_try_recv(socket, CQ_READ_LINE, 0, CQ_MODE_DEFAULT, CQ_PATIENT, &data, &size);
}

TEST(a_line_in_pieces_is_found_whole)
{
	struct stage stage = stage_of("bl");

	plain_write(stage.peer, "whole\n");
	RECV(stage.socket, CQ_READ_LINE_KEEP, 0, "whole\n");
	EQ(patient_code(stage.socket), EAGAIN);
	EQ(cq_socket_events(stage.socket), POLLIN);
	plain_write(stage.peer, "be");
	ERR(recv_code(stage.socket, CQ_READ_LINE, 0), EAGAIN);
	EQ(cq_socket_events(stage.socket), POLLIN);
	EQ(cq_socket_pending(stage.socket, CQ_INPUT), 2);
	plain_write(stage.peer, "gin");
	ERR(recv_code(stage.socket, CQ_READ_LINE, 0), EAGAIN);
	plain_write(stage.peer, "\nand");
	READ(stage.socket, CQ_READ_LINE, 0, "begin");
	RECV(stage.socket, CQ_READ_EXACTLY, 3, "and");
	plain_write(stage.peer, "\n");
	RECV(stage.socket, CQ_READ_LINE, 0, "");
	end(&stage);
}

TEST(what_comes_behind_a_line_is_not_asked_for_by_the_patient)
{
	struct stage stage = stage_of("bl");

	plain_write(stage.peer, "a\n");
	RECV(stage.socket, CQ_READ_LINE, 0, "a");
	plain_write(stage.peer, "b\n"); /* by a descriptor of which the library knows nothing */
	EQ(patient_code(stage.socket), EAGAIN);
	RECV(stage.socket, CQ_READ_LINE, 0, "b");
	end(&stage);
}

TEST(a_read_that_fills_its_room_says_nothing_of_what_is_left)
{
	struct stage stage = stage_of("bl");
	char text[4096 + 5 + 1];
	const void *data;
	size_t size;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	plain_write(stage.peer, "a\n");
	RECV(stage.socket, CQ_READ_LINE, 0, "a"); /* all that there was */
	plain_write(stage.peer, text);
	OK(cq_socket_try_recv(stage.socket, CQ_READ_UP_TO, 4096, CQ_MODE_DEFAULT, 0, &data, &size));
	EQ(size, 4096);
	OK(cq_socket_try_recv(stage.socket, CQ_READ_UP_TO, 4096, CQ_MODE_DEFAULT, CQ_PATIENT, &data, &size));
	EQ(size, 5);
	end(&stage);
}

TEST(a_line_alone_is_cut_and_translated_as_others_are)
{
	struct stage stage = stage_of("tl");

	plain_write(stage.peer, "one\r\n");
	READ(stage.socket, CQ_READ_LINE, 0, "one");
	plain_write(stage.peer, "two\r\n");
	READ(stage.socket, CQ_READ_LINE_KEEP, 0, "two\n");
	OK(cq_socket_set_maxline(stage.socket, CQ_INPUT, 3));
	plain_write(stage.peer, "three\r\n");
	READ(stage.socket, CQ_READ_LINE_KEEP, 0, "thr");
	OK(cq_socket_set_maxline(stage.socket, CQ_INPUT, 100));
	READ(stage.socket, CQ_READ_LINE_KEEP, 0, "ee\n");
	OK(cq_socket_set_mode(stage.socket, CQ_INPUT, cq_mode_parse("b", 1)));
	plain_write(stage.peer, "four\r\n");
	READ(stage.socket, CQ_READ_LINE, 0, "four\r");
	end(&stage);
}

TEST(buffers_of_other_sizes_change_nothing)
{
	static const size_t sizes[] = { 1, 100, 4096, 4097, 65536 };
	char text[3001];
	size_t i;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 2] = '\n';
	text[sizeof text - 1] = 0;
	for (i = 0; i < COUNT(sizes); i++) {
		struct stage stage = stage_of("bl");

		OK(cq_socket_set_bufsiz(stage.socket, CQ_INPUT, sizes[i]));
		plain_write(stage.peer, text);
		READ(stage.socket, CQ_READ_LINE_KEEP, 0, text);
		ERR(recv_code(stage.socket, CQ_READ_LINE, 0), EAGAIN);
		end(&stage);
	}
}

TEST(a_line_holds_nothing_of_another_connection)
{
	struct stage first = stage_of("bl"), second;

	plain_write(first.peer, "read\nnot read");
	READ(first.socket, CQ_READ_LINE, 0, "read");
	end(&first); /* its buffer goes to who asks next */
	second = stage_of("bl");
	plain_write(second.peer, "mine\n");
	READ(second.socket, CQ_READ_LINE, 0, "mine");
	EQ(cq_socket_pending(second.socket, CQ_INPUT), 0);
	end(&second);
}

/* -- bytes -- */

TEST(of_bytes_as_many_as_were_asked_for_are_taken)
{
	struct stage stage = stage_of("bl");

	plain_write(stage.peer, "abc");
	RECV(stage.socket, CQ_READ_EXACTLY, 2, "ab");
	RECV(stage.socket, CQ_READ_EXACTLY, 1, "c");
	ERR(recv_code(stage.socket, CQ_READ_EXACTLY, 1), EAGAIN);
	EQ(cq_socket_events(stage.socket), POLLIN);
	plain_write(stage.peer, "de");
	ERR(recv_code(stage.socket, CQ_READ_EXACTLY, 3), EAGAIN);
	EQ(cq_socket_pending(stage.socket, CQ_INPUT), 2);
	plain_write(stage.peer, "fg");
	READ(stage.socket, CQ_READ_EXACTLY, 3, "def");
	RECV(stage.socket, CQ_READ_UP_TO, 10, "g");
	plain_write(stage.peer, "hi");
	RECV(stage.socket, CQ_READ_UP_TO, 10, "hi");
	RECV(stage.socket, CQ_READ_EXACTLY, 0, "");
	RECV(stage.socket, CQ_READ_UP_TO, 0, "");
	ERR(recv_code(stage.socket, CQ_READ_UP_TO, 1), EAGAIN);
	end(&stage);
}

TEST(what_could_not_leave_before_bytes_that_are_buffered_is_waited_for_with_the_next_ones)
{
	struct stage stage = stage_of("bf");
	char *text = large_line();
	size_t sent;

	plain_write(stage.peer, "abcd\ne\n");
	OK(cq_socket_set_bufsiz(stage.socket, CQ_OUTPUT, LARGE));
	OK(cq_socket_try_send(stage.socket, text, LARGE - 1, CQ_MODE_DEFAULT, &sent)); /* more than the kernel takes */
	OK(cq_socket_try_fill(stage.socket, 7));
	EQ(cq_socket_events(stage.socket), 0);
	RECV(stage.socket, CQ_READ_EXACTLY, 2, "ab");
	EQ(cq_socket_events(stage.socket), POLLOUT);
	RECV(stage.socket, CQ_READ_UP_TO, 2, "cd");
	EQ(cq_socket_events(stage.socket), 0);
	OK(cq_socket_try_fill(stage.socket, 3));
	RECV(stage.socket, CQ_READ_LINE, 0, "");
	EQ(cq_socket_events(stage.socket), POLLOUT);
	RECV(stage.socket, CQ_READ_LINE, 0, "e");
	free(text);
	end(&stage);
}

TEST(bytes_in_text_mode_are_those_of_the_program)
{
	struct stage stage = stage_of("tl");

	plain_write(stage.peer, "a\r\nb\r");
	READ(stage.socket, CQ_READ_EXACTLY, 2, "a\n");
	ERR(recv_code(stage.socket, CQ_READ_EXACTLY, 2), EAGAIN); /* what the CR is, tells what follows */
	plain_write(stage.peer, "\nc");
	READ(stage.socket, CQ_READ_EXACTLY, 3, "b\nc");
	plain_write(stage.peer, "\r");
	ERR(recv_code(stage.socket, CQ_READ_UP_TO, 5), EAGAIN);
	plain_write(stage.peer, "d\r\n");
	READ(stage.socket, CQ_READ_UP_TO, 5, "\rd\n");
	end(&stage);
}

static void receive_in_text(cq_socket *socket, uint32_t format, size_t count, const char *wanted)
{
	const void *data = NULL;
	size_t size = 0;

	OK(cq_socket_try_recv(socket, format, count, cq_mode_parse("t", 1), 0, &data, &size));
	EQ(size, strlen(wanted));
	CHECK(memcmp(data, wanted, size) == 0);
}

TEST(what_is_read_in_the_mode_of_one_call_is_what_that_says)
{
	struct stage stage = stage_of("bl");

	plain_write(stage.peer, "a\r\nb\r\n");
	receive_in_text(stage.socket, CQ_READ_EXACTLY, 2, "a\n");
	receive_in_text(stage.socket, CQ_READ_UP_TO, 2, "b\n"); /* which was buffered */
	plain_write(stage.peer, "c\r\nd\r\n");
	receive_in_text(stage.socket, CQ_READ_LINE_KEEP, 0, "c\n");
	receive_in_text(stage.socket, CQ_READ_LINE_KEEP, 0, "d\n");
	end(&stage);
}

TEST(bytes_of_a_message_end_with_it)
{
	cq_socket *first, *second;

	OK(cq_socket_pair(SOCK_DGRAM, &first, &second));
	set_modes(first, "bn");
	set_modes(second, "bn");
	OK(cq_socket_write(second, "one", 3));
	OK(cq_socket_write(second, "two\n", 4));
	RECV(first, CQ_READ_UP_TO, 100, "one");
	RECV(first, CQ_READ_LINE, 0, "two");
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(bytes_behind_the_end_are_fewer)
{
	struct stage stage = stage_of("bl");

	plain_write(stage.peer, "ab");
	SYS(shutdown(stage.peer, SHUT_WR));
	READ(stage.socket, CQ_READ_EXACTLY, 3, "ab");
	ERR(read_code(stage.socket, CQ_READ_EXACTLY, 3), EPIPE);
	ERR(read_code(stage.socket, CQ_READ_UP_TO, 3), EPIPE);
	end(&stage);
}

/* -- ends -- */

TEST(the_end_comes_behind_the_last_line)
{
	struct stage stage = stage_of("bl");

	plain_write(stage.peer, "line\nrest");
	READ(stage.socket, CQ_READ_LINE, 0, "line");
	SYS(shutdown(stage.peer, SHUT_WR));
	READ(stage.socket, CQ_READ_LINE, 0, "rest");
	ERR(read_code(stage.socket, CQ_READ_LINE, 0), EPIPE);
	CHECK(cq_socket_eof(stage.socket, CQ_INPUT));
	EQ(cq_socket_error(stage.socket, CQ_INPUT), 0);
	OK(cq_socket_write(stage.socket, "answer\n", 7));
	plain_expect(stage.peer, "answer\n");
	end(&stage);

	stage = stage_of("bl");
	SYS(shutdown(stage.peer, SHUT_WR));
	ERR(recv_code(stage.socket, CQ_READ_LINE, 0), EPIPE); /* nothing has come at all */
	CHECK(cq_socket_eof(stage.socket, CQ_INPUT));
	end(&stage);
}

TEST(a_reset_is_told_and_stays)
{
	struct stage stage;

	stage.socket = half_tcp(&stage.peer);
	set_modes(stage.socket, "bl");
	plain_write(stage.peer, "line\n");
	READ(stage.socket, CQ_READ_LINE, 0, "line");
	reset_connection(stage.peer);
	ERR(read_code(stage.socket, CQ_READ_LINE, 0), ECONNRESET);
	ERR(read_code(stage.socket, CQ_READ_LINE, 0), ECONNRESET);
	EQ(cq_socket_error(stage.socket, CQ_INPUT), ECONNRESET);
	cq_socket_free(stage.socket);
}

TEST(a_reset_that_came_behind_bytes_is_told_by_the_next_read)
{
	static const uint32_t formats[] = { CQ_READ_LINE, CQ_READ_EXACTLY };
	cq_socket *one, *other;
	size_t i;

	pair(&one, &other);
	for (i = 0; i < COUNT(formats); i++) {
		struct stage stage;

		stage.socket = half_tcp(&stage.peer);
		set_modes(stage.socket, "bl");
		plain_write(stage.peer, "abc");
		OK(cq_socket_fill(stage.socket, 3));
		reset_connection(stage.peer);
		OK(cq_socket_write(one, "x\n", 2)); /* the library asks the kernel again once a socket of the thread has sent */
		RECV(stage.socket, CQ_READ_UP_TO, 10, "abc");
		ERR(recv_code(stage.socket, formats[i], 1), ECONNRESET);
		cq_socket_free(stage.socket);
	}
	cq_socket_free(one);
	cq_socket_free(other);
}

TEST(errors_that_were_left_are_told_first)
{
	struct stage stage = stage_of("bl");
	size_t sent = 0;

	plain_write(stage.peer, "a\n");
	OK(cq_socket_set_error(stage.socket, CQ_INPUT, EIO, NULL));
	OK(cq_socket_set_error(stage.socket, CQ_OUTPUT, ENOSPC, NULL));
	ERR(read_code(stage.socket, CQ_READ_LINE, 0), EIO);
	ERR(cq_socket_write(stage.socket, "b\n", 2), ENOSPC);
	CHECK(!is_readable(stage.peer));
	RECV(stage.socket, CQ_READ_LINE, 0, "a"); /* which no error stays with */
	OK(cq_socket_try_send(stage.socket, "c\n", 2, CQ_MODE_DEFAULT, &sent));
	EQ(sent, 2);
	plain_expect(stage.peer, "c\n");
	end(&stage);
}

TEST(pending_output_leaves_before_a_line_is_waited_for)
{
	struct stage stage = stage_of("bf");

	OK(cq_socket_write(stage.socket, "question", 8));
	plain_write(stage.peer, "a\n");
	RECV(stage.socket, CQ_READ_LINE, 0, "a"); /* does not send: it was not asked to */
	CHECK(!is_readable(stage.peer));
	plain_write(stage.peer, "b\n");
	READ(stage.socket, CQ_READ_LINE, 0, "b");
	plain_expect(stage.peer, "question");
	end(&stage);
}

/* -- a task that always finds the next line -- */

enum { MANY = 1 << 15 };

struct reader {
	cq_socket *socket, *peer;
	struct bystander other;
};

static int read_all(void *argument)
{
	struct reader *reader = argument;
	int i;

	for (i = 0; i < MANY; i++) {
		double until = cq_monotime() + 2e-6;

		OK(cq_socket_write(reader->peer, "x\n", 2));
		READ(reader->socket, CQ_READ_LINE, 0, "x");
		while (cq_monotime() < until)
			;
	}
	reader->other.over = true;
	return 0;
}

TEST(a_task_that_reads_lines_one_by_one_lets_others_run)
{
	struct reader reader = { NULL, NULL, { 0, false } };
	cq_controller *cq = new_controller();

	pair(&reader.socket, &reader.peer);
	set_modes(reader.socket, "bl");
	set_modes(reader.peer, "bn");
	OK(cq_controller_wrap(cq, read_all, NULL, &reader, NULL));
	OK(cq_controller_wrap(cq, stand_by, NULL, &reader.other, NULL));
	run(cq);
	CHECK(reader.other.steps >= 4); /* of more than 65 ms it has 10 at once */
	CHECK(reader.other.steps < MANY / 128);
	cq_controller_free(cq);
	cq_socket_free(reader.socket);
	cq_socket_free(reader.peer);
}
