/* SPDX-License-Identifier: MIT */
/*
 * Sockets without memory. What went wrong: a buffer that could not grow ended the process. Every buffer that grows with
 * what a program or its peer sends answers ENOMEM, keeps what it holds, and goes on when there is memory again.
 */

#include "tls.h"

/* More than there will be room for. */
#define MUCH ((size_t)64 << 20)

static struct rlimit usual;

/* Leaves the process so much more address space. */
static void forbid_memory(size_t left)
{
	struct rlimit limit;
	long pages = 0;
	FILE *file;

	if (SANITIZED || slow())
		SKIP("the tool needs address space of its own");
	file = fopen("/proc/self/statm", "r");
	if (!file || fscanf(file, "%ld", &pages) != 1)
		SKIP("no /proc/self/statm");
	fclose(file);
	SYS(getrlimit(RLIMIT_AS, &usual));
	limit = usual;
	limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + left;
	SYS(setrlimit(RLIMIT_AS, &limit));
}

static void allow_memory(void)
{
	SYS(setrlimit(RLIMIT_AS, &usual));
}

/* Numbered lines of 16 bytes. */
static char *much(void)
{
	char *bytes = malloc(MUCH + 1);
	size_t i;

	CHECK(bytes != NULL);
	for (i = 0; i < MUCH; i += 16)
		snprintf(bytes + i, 17, "%015zu\n", i);
	return bytes;
}

TEST(unget_without_memory_changes_nothing)
{
	cq_socket *a, *b;
	char *bytes = much();

	pair(&a, &b);
	OK(cq_socket_unget(a, "first\n", 6));
	forbid_memory(MUCH / 2);
	ERR(cq_socket_unget(a, bytes, MUCH), ENOMEM);
	EQ(cq_socket_pending(a, CQ_INPUT), 6);
	OK(cq_socket_unget(a, "before ", 7));
	allow_memory();
	READ(a, CQ_READ_LINE, 0, "before first");
	OK(cq_socket_unget(a, bytes, MUCH));
	EQ(cq_socket_pending(a, CQ_INPUT), MUCH);
	cq_socket_free(a);
	cq_socket_free(b);
	free(bytes);
}

/* Sends much to a socket that takes it by `take` until there is no memory; then all of it is read. */
static void receive_much(struct ends ends, int (*take)(cq_socket *socket), size_t left)
{
	char *bytes = much();
	const void *data;
	size_t sent = 0, total, got, size;
	int code = EAGAIN;

	forbid_memory(left);
	while (code == EAGAIN) {
		size_t count = 0;
		int sending = cq_socket_try_send(ends.client, bytes + sent, 32768, CQ_MODE_DEFAULT, &count);

		CHECK(sending == 0 || sending == EAGAIN);
		sent += count;
		CHECK(sent < MUCH - 65536);
		code = take(ends.server);
	}
	ERR(code, ENOMEM);
	ERR(take(ends.server), ENOMEM); /* it stays so, and nothing is lost */
	allow_memory();
	total = cq_socket_pending(ends.server, CQ_INPUT);
	CHECK(total >= 1 << 20);
	for (got = 0; got < sent; got += size) {
		int flushed = cq_socket_try_flush(ends.client, 0);

		CHECK(flushed == 0 || flushed == EAGAIN);
		OK(cq_socket_try_recv(ends.server, CQ_READ_UP_TO, 65536, CQ_MODE_DEFAULT, 0, &data, &size));
		CHECK(size > 0 && memcmp(data, bytes + got, size) == 0);
	}
	exchange(&ends);
	free_ends(&ends);
	free(bytes);
}

static int fill_it(cq_socket *socket)
{
	return cq_socket_try_fill(socket, MUCH);
}

static int read_exactly(cq_socket *socket)
{
	return recv_code(socket, CQ_READ_EXACTLY, MUCH);
}

static int read_endlessly(cq_socket *socket)
{
	return recv_code(socket, CQ_READ_EXACTLY, SIZE_MAX);
}

static int read_all(cq_socket *socket)
{
	return recv_code(socket, CQ_READ_ALL, 0);
}

static int read_long_line(cq_socket *socket)
{
	const void *data;
	size_t size;

	OK(cq_socket_set_maxline(socket, CQ_INPUT, SIZE_MAX));
	return cq_socket_try_recv_body(socket, "--boundary", 10, CQ_MODE_DEFAULT, 0, &data, &size);
}

TEST(reads_without_memory_keep_what_came)
{
	int (*const ways[])(cq_socket *) = { fill_it, read_exactly, read_endlessly, read_all, read_long_line };
	size_t i;

	for (i = 0; i < COUNT(ways); i++)
		receive_much(new_pair(), ways[i], MUCH / 8);
}

TEST(secret_reads_without_memory_keep_what_came)
{
	int (*const ways[])(cq_socket *) = { fill_it, read_exactly, read_all };
	size_t i;

	for (i = 0; i < COUNT(ways); i++)
		receive_much(secure_pair(), ways[i], MUCH / 8);
}

/* Sends much, in a mode that buffers all of it or needs room to translate it. */
static void send_much(struct ends ends, const char *mode)
{
	char *bytes = much(), *line;
	size_t sent = 77;

	OK(cq_socket_set_mode(ends.client, CQ_OUTPUT, cq_mode_parse(mode, strlen(mode))));
	OK(cq_socket_set_bufsiz(ends.client, CQ_OUTPUT, SIZE_MAX));
	OK(cq_socket_set_maxline(ends.client, CQ_OUTPUT, SIZE_MAX));
	OK(cq_socket_set_mode(ends.server, CQ_INPUT, cq_mode_parse("tn", 2)));
	OK(cq_socket_try_send(ends.client, "kept ", 5, CQ_MODE_DEFAULT, &sent));
	forbid_memory(MUCH / 2);
	bytes[MUCH - 1] = 0; /* no end of a line that would have to leave */
	if (strchr(mode, 'b'))
		for (line = bytes; (line = strchr(line, '\n')) != NULL;)
			*line = ' ';
	ERR(cq_socket_try_send(ends.client, bytes, MUCH - 1, CQ_MODE_DEFAULT, &sent), ENOMEM);
	allow_memory();
	EQ(cq_socket_pending(ends.client, CQ_OUTPUT), strchr(mode, 't') ? 5 + sent + sent / 16 : 5 + sent);
	CHECK(sent < MUCH - 1);
	if (sent == 0) { /* as it was */
		OK(cq_socket_try_send(ends.client, "and sent\n", 9, CQ_MODE_DEFAULT, &sent));
		OK(cq_socket_flush(ends.client));
		READ(ends.server, CQ_READ_LINE, 0, "kept and sent");
	}
	free_ends(&ends);
	free(bytes);
}

TEST(sends_without_memory_keep_what_was_taken)
{
	send_much(new_pair(), "bf");
	send_much(new_pair(), "bl");
	send_much(new_pair(), "tf");
	send_much(secure_pair(), "bf");
	send_much(secure_pair(), "tf");
}

/* With no memory at all for it, what the kernel does not take stays with the caller. */
TEST(writes_without_memory_go_on_when_there_is_some)
{
	struct ends ends = secure_pair();
	char *bytes = much();
	size_t sent = 0, got = 0, size, count;
	const void *data;

	forbid_memory(0);
	while (cq_socket_try_send(ends.client, bytes + sent, 1 << 20, CQ_MODE_DEFAULT, &count) == 0 && sent < MUCH / 2)
		sent += count;
	sent += count;
	allow_memory();
	for (; got < sent; got += size) {
		int code = cq_socket_try_flush(ends.client, 0);

		CHECK(code == 0 || code == EAGAIN);
		OK(cq_socket_try_recv(ends.server, CQ_READ_UP_TO, 65536, CQ_MODE_DEFAULT, 0, &data, &size));
		CHECK(memcmp(data, bytes + got, size) == 0);
	}
	EQ(got, sent);
	exchange(&ends);
	free_ends(&ends);
	free(bytes);
}

TEST(sizes_that_no_object_has_are_refused)
{
	const size_t sizes[] = { SIZE_MAX, SIZE_MAX / 2 + 1 };
	cq_socket *a, *b, *d, *e;
	char byte = 'x';
	size_t i, count = 0;
	int fd;

	pair(&a, &b);
	OK(cq_socket_pair(SOCK_DGRAM, &d, &e));
	for (i = 0; i < COUNT(sizes); i++) {
		ERR(cq_socket_unget(a, &byte, sizes[i]), EINVAL);
		ERR(cq_socket_try_send(a, &byte, sizes[i], CQ_MODE_DEFAULT, &count), EINVAL);
		ERR(cq_socket_write(a, &byte, sizes[i]), EINVAL);
		ERR(cq_socket_try_sendfd(a, &byte, sizes[i], -1), EINVAL);
		ERR(cq_socket_try_recvfd(a, &byte, sizes[i], &count, &fd), EINVAL);
		ERR(cq_socket_try_sendto(d, &byte, sizes[i], NULL), EINVAL);
		ERR(cq_socket_try_recvfrom(d, &byte, sizes[i], &count, NULL, NULL), EINVAL);
		ERR(cq_poll((cq_interest *)(void *)&byte, sizes[i] / 16, NULL), EINVAL);
	}
	exchange(&(struct ends){ a, b, 0, 0 });
	cq_socket_free(a);
	cq_socket_free(b);
	cq_socket_free(d);
	cq_socket_free(e);
}
