/* SPDX-License-Identifier: MIT */
/* What is sent alone takes a short way to the kernel. Nothing tells it from other output. */

#include "stage.h"
#include <fcntl.h>

/* Takes all that comes now, which is what follows in `text`. */
static size_t drain(int fd, const char *text)
{
	char data[4096];
	size_t got = 0;
	ssize_t count;

	while ((count = recv(fd, data, sizeof data, MSG_DONTWAIT)) > 0) {
		CHECK(memcmp(data, text + got, (size_t)count) == 0);
		got += (size_t)count;
	}
	return got;
}

TEST(of_a_line_that_is_too_long_for_the_kernel_the_rest_is_queued_or_left)
{
	struct stage stage = stage_of("bl");
	char *text = large_line();
	size_t sent = 0, taken = 0, left;

	OK(cq_socket_set_bufsiz(stage.socket, CQ_OUTPUT, 5000)); /* no whole number of blocks */
	ERR(cq_socket_try_send(stage.socket, text, LARGE, CQ_MODE_DEFAULT, &sent), EAGAIN);
	EQ(cq_socket_events(stage.socket), POLLOUT);
	CHECK(sent > 0 && sent < LARGE);
	EQ(cq_socket_pending(stage.socket, CQ_OUTPUT), 5000); /* as much as the buffer has room for */
	left = drain(stage.peer, text);
	EQ(left, sent - 5000);
	OK(cq_socket_try_flush(stage.socket, cq_mode_parse("l", 1))); /* being part of a line, it does not wait for more */
	EQ(cq_socket_pending(stage.socket, CQ_OUTPUT), 0);
	taken = sent;
	while (taken < LARGE) {
		int code = cq_socket_try_send(stage.socket, text + taken, LARGE - taken, CQ_MODE_DEFAULT, &sent);

		CHECK(code == 0 || code == EAGAIN);
		taken += sent;
		left += drain(stage.peer, text + left);
	}
	OK(cq_socket_try_flush(stage.socket, CQ_MODE_DEFAULT));
	left += drain(stage.peer, text + left);
	EQ(left, LARGE);
	free(text);
	end(&stage);
}

TEST(what_is_sent_again_does_not_fill_a_large_buffer)
{
	static const uint32_t flags[] = { CQ_AGAIN, 0, CQ_AGAIN };
	char *text = large_line();
	size_t i;

	for (i = 0; i < COUNT(flags); i++) {
		struct stage stage = stage_of("bl");
		size_t sent = 0, kept = flags[i] ? 0 : 65536;

		OK(cq_socket_set_bufsiz(stage.socket, CQ_OUTPUT, 65536));
		ERR(cq_socket_try_send(stage.socket, text, LARGE, flags[i], &sent), EAGAIN);
		EQ(cq_socket_pending(stage.socket, CQ_OUTPUT), kept);
		EQ(drain(stage.peer, text), sent - kept);
		end(&stage);
	}
	free(text);
}

struct writer {
	struct stage stage;
	char *text;
	size_t got;
};

static int write_large(void *argument)
{
	struct writer *writer = argument;

	OK(cq_socket_write(writer->stage.socket, writer->text, LARGE));
	OK(cq_socket_write(writer->stage.socket, "end\n", 4));
	return 0;
}

static int read_slowly(void *argument)
{
	struct writer *writer = argument;

	while (writer->got < LARGE) {
		writer->got += drain(writer->stage.peer, writer->text + writer->got);
		OK(cq_sleep(MS(1)));
	}
	return 0;
}

TEST(a_line_that_is_too_long_for_the_kernel_is_written_to_its_end)
{
	struct writer writer = { stage_of("bl"), large_line(), 0 };
	cq_controller *cq = new_controller();

	writer.text = realloc(writer.text, LARGE + 4);
	CHECK(writer.text != NULL);
	memcpy(writer.text + LARGE, "end\n", 4);
	OK(cq_controller_wrap(cq, write_large, NULL, &writer, NULL));
	OK(cq_controller_wrap(cq, read_slowly, NULL, &writer, NULL));
	run(cq);
	writer.got += drain(writer.stage.peer, writer.text + writer.got);
	EQ(writer.got, LARGE + 4);
	EQ(cq_socket_pending(writer.stage.socket, CQ_OUTPUT), 0);
	cq_controller_free(cq);
	free(writer.text);
	end(&writer.stage);
}

TEST(an_answer_to_a_peer_that_has_gone_fails_and_the_error_stays)
{
	struct stage stage = stage_of("bl");
	size_t sent;

	SYS(close(stage.peer));
	ERR(cq_socket_try_send(stage.socket, "a\n", 2, CQ_MODE_DEFAULT, &sent), EPIPE);
	CHECK(cq_socket_eof(stage.socket, CQ_OUTPUT));
	ERR(cq_socket_write(stage.socket, "a\n", 2), EPIPE);
	ERR(cq_socket_write(stage.socket, "a\n", 2), EPIPE);
	EQ(cq_socket_error(stage.socket, CQ_OUTPUT), EPIPE);
	stage.peer = SYS(open("/dev/null", O_RDONLY));
	end(&stage);
}

TEST(what_is_not_buffered_leaves_at_once_and_translated)
{
	struct stage stage = stage_of("tn");
	size_t sent = 7;

	OK(cq_socket_write(stage.socket, "a", 1));
	plain_expect(stage.peer, "a");
	OK(cq_socket_try_send(stage.socket, "b\n", 2, CQ_MODE_DEFAULT, &sent));
	EQ(sent, 2);
	plain_expect(stage.peer, "b\r\n");
	OK(cq_socket_try_send(stage.socket, "c\n", 2, cq_mode_parse("b", 1), &sent));
	plain_expect(stage.peer, "c\n");
	OK(cq_socket_try_send(stage.socket, "", 0, CQ_MODE_DEFAULT, &sent));
	EQ(sent, 0);
	OK(cq_socket_try_send(stage.socket, "d", 1, CQ_MORE, &sent));
	CHECK(!is_readable(stage.peer));
	OK(cq_socket_try_send(stage.socket, "e", 1, CQ_MODE_DEFAULT, &sent));
	plain_expect(stage.peer, "de");
	ERR(cq_socket_try_send(stage.socket, "f", 1, 1u << 31, &sent), EINVAL);
	CHECK(!is_readable(stage.peer));
	end(&stage);
}

TEST(a_line_in_the_mode_of_one_call_leaves_as_that_says)
{
	struct stage stage = stage_of("bf");
	size_t sent;

	OK(cq_socket_try_send(stage.socket, "a\n", 2, CQ_MODE_DEFAULT, &sent));
	CHECK(!is_readable(stage.peer));
	OK(cq_socket_try_send(stage.socket, "b\n", 2, cq_mode_parse("l", 1), &sent));
	plain_expect(stage.peer, "a\nb\n");
	OK(cq_socket_try_send(stage.socket, "c", 1, cq_mode_parse("l", 1), &sent));
	CHECK(!is_readable(stage.peer));
	OK(cq_socket_try_send(stage.socket, "d", 1, cq_mode_parse("n", 1), &sent));
	plain_expect(stage.peer, "cd");
	OK(cq_socket_try_send(stage.socket, "e\n", 2, cq_mode_parse("tl", 2), &sent));
	plain_expect(stage.peer, "e\r\n");
	end(&stage);
}

TEST(a_line_goes_behind_what_is_queued)
{
	struct stage stage = stage_of("bl");

	OK(cq_socket_write(stage.socket, "part ", 5));
	CHECK(!is_readable(stage.peer));
	OK(cq_socket_write(stage.socket, "and line\n", 9));
	plain_expect(stage.peer, "part and line\n");
	OK(cq_socket_write(stage.socket, "alone\n", 6));
	plain_expect(stage.peer, "alone\n");
	EQ(cq_socket_pending(stage.socket, CQ_OUTPUT), 0);
	end(&stage);
}

static int answer_twice(void *argument)
{
	struct stage *stage = argument;

	OK(cq_socket_write(stage->socket, "one\n", 4));
	plain_expect(stage->peer, "one\n");
	OK(cq_socket_write(stage->socket, "two\n", 4));
	CHECK(!is_readable(stage->peer)); /* leaves with what may follow */
	OK(cq_sleep(0));
	plain_expect(stage->peer, "two\n");
	OK(cq_socket_write(stage->socket, "three\n", 6));
	plain_expect(stage->peer, "three\n");
	OK(cq_socket_set_hold(stage->socket, CQ_HOLD_NONE));
	OK(cq_socket_write(stage->socket, "four\n", 5));
	plain_expect(stage->peer, "four\n");
	return 0;
}

TEST(of_the_lines_of_one_resumption_the_first_leaves_at_once)
{
	struct stage stage = stage_of("bl");

	in_a_fiber(answer_twice, &stage);
	end(&stage);
}
