/* SPDX-License-Identifier: MIT */
/*
 * The load of the benchmarks: one thread, one epoll loop, lines of 64 bytes.
 *
 *   load echo PORT PID CONNECTIONS DEPTH SECONDS     DEPTH lines on the way on each connection
 *   load idle PORT PID CONNECTIONS                   opens connections and lets them be
 *   load short PORT PID CONNECTIONS PARALLEL         connects, has one line echoed, closes
 *
 * Every byte that comes back is checked. Prints one line, "NAME=VALUE ...": operations, the
 * seconds they took, and the CPU seconds (of all threads, user and system) that the server PID
 * spent meanwhile; or the bytes by which its resident memory has grown per connection.
 */

#include "load.h"

#define LINE 64

/* -- echo -- */

struct connection {
	int fd;
	size_t at; /* within the line that is coming back */
};

static char *lines;

static void fill_lines(int depth)
{
	int i;

	lines = malloc((size_t)depth * LINE);
	for (i = 0; i < depth * LINE; i++)
		lines[i] = i % LINE == LINE - 1 ? '\n' : (char)('a' + i % LINE % 26);
}

static void send_lines(const struct connection *connection, size_t count)
{
	if (write(connection->fd, lines, count * LINE) != (ssize_t)(count * LINE))
		die("write");
}

/* Takes what has come back. Returns how many lines that completes. */
static size_t take_lines(struct connection *connection)
{
	static char data[65536];
	ssize_t count = read(connection->fd, data, sizeof data), i;
	size_t begun = connection->at;

	if (count <= 0)
		die("the server has gone");
	for (i = 0; i < count; i++)
		if (data[i] != lines[(begun + (size_t)i) % LINE])
			wrong_byte();
	connection->at = (begun + (size_t)count) % LINE;
	return (begun + (size_t)count) / LINE;
}

static void echo(int connections, int depth, double seconds)
{
	struct connection *list = calloc((size_t)connections, sizeof *list);
	struct epoll_event event = { .events = EPOLLIN }, events[256];
	int epoll = epoll_create1(EPOLL_CLOEXEC), count, i;
	double begun, cpu = 0, warm = 0.2;
	size_t done = 0;
	bool counting = false;

	fill_lines(depth);
	for (i = 0; i < connections; i++) {
		list[i].fd = connect_to_server();
		event.data.ptr = &list[i];
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, list[i].fd, &event) < 0)
			die("epoll_ctl");
	}
	for (i = 0; i < connections; i++)
		send_lines(&list[i], (size_t)depth);
	begun = seconds_of(CLOCK_MONOTONIC);
	for (;;) {
		double now;

		count = epoll_wait(epoll, events, 256, 5000);
		if (count <= 0)
			die("the server stalls");
		for (i = 0; i < count; i++) {
			size_t taken = take_lines(events[i].data.ptr);

			done += taken;
			send_lines(events[i].data.ptr, taken);
		}
		now = seconds_of(CLOCK_MONOTONIC);
		if (!counting && now - begun > warm) {
			counting = true;
			done = 0;
			begun = now;
			cpu = server_cpu();
		} else if (counting && now - begun > seconds) {
			printf("operations=%zu seconds=%.6f cpu=%.6f\n", done, now - begun, server_cpu() - cpu);
			return;
		}
	}
}

/* -- idle -- */

static void idle(int connections)
{
	double before = resident_bytes();
	char back[LINE];
	int fd = -1, i;

	fill_lines(1);
	for (i = 0; i < connections; i++) {
		fd = connect_to_server();
		/* Connections are accepted in turn: an echo on this one tells that all before it were. */
		if (i % 100 == 99 || i == connections - 1)
			if (write(fd, lines, LINE) != LINE || recv(fd, back, LINE, MSG_WAITALL) != LINE)
				die("echo");
	}
	printf("operations=%d bytes=%.1f\n", connections, (resident_bytes() - before) / connections);
}

/* -- short -- */

static void open_short(int epoll, int number)
{
	struct connection *connection = calloc(1, sizeof *connection);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

	connection->fd = connect_from((uint32_t)getpid() * 7 + (uint32_t)number / 1000);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) < 0)
		die("epoll_ctl");
	send_lines(connection, 1);
}

static void short_connections(int connections, int parallel)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), opened = 0, closed = 0, count, i;
	struct epoll_event events[256];
	double begun = seconds_of(CLOCK_MONOTONIC), cpu = server_cpu();

	fill_lines(1);
	while (opened < parallel)
		open_short(epoll, opened++);
	while (closed < connections) {
		count = epoll_wait(epoll, events, 256, 5000);
		if (count <= 0)
			die("the server stalls");
		for (i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;

			if (take_lines(connection) == 0)
				continue;
			close(connection->fd);
			free(connection);
			closed++;
			if (opened < connections)
				open_short(epoll, opened++);
		}
	}
	printf("operations=%d seconds=%.6f cpu=%.6f\n", connections, seconds_of(CLOCK_MONOTONIC) - begun, server_cpu() - cpu);
}

int main(int argc, char **argv)
{
	prepare();
	if (argc < 5)
		return 2;
	choose_server(argv[2], argv[3]);
	if (strcmp(argv[1], "echo") == 0 && argc == 7)
		echo(atoi(argv[4]), atoi(argv[5]), atof(argv[6]));
	else if (strcmp(argv[1], "idle") == 0)
		idle(atoi(argv[4]));
	else if (strcmp(argv[1], "short") == 0 && argc == 6)
		short_connections(atoi(argv[4]), atoi(argv[5]));
	else
		return 2;
	return 0;
}
