/* SPDX-License-Identifier: MIT */
/*
 * The load of the benchmarks: one thread, one epoll loop, lines of 64 bytes.
 *
 *   load echo PORT PID CONNECTIONS DEPTH SECONDS     DEPTH lines on the way on each connection
 *   load idle PORT PID CONNECTIONS                   opens connections and lets them be
 *
 * Every byte that comes back is checked. Prints one line, "NAME=VALUE ...": operations, the
 * seconds they took, and the CPU seconds (of all threads, user and system) that the server PID
 * spent meanwhile; or the bytes by which its resident memory has grown per connection.
 */

#include "peer.h"
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <time.h>

#define LINE 64

static struct sockaddr_in server = { .sin_family = AF_INET };
static pid_t server_process;

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		die("clock");
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double server_cpu(void)
{
	clockid_t clock;

	if (clock_getcpuclockid(server_process, &clock) != 0)
		die("the server's clock");
	return seconds_of(clock);
}

static double resident_bytes(void)
{
	char path[64];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/statm", (long)server_process);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		die(path);
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int connect_to_server(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
	    connect(fd, (void *)&server, sizeof server) < 0)
		die("connect");
	return fd;
}

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
		if (data[i] != lines[(begun + (size_t)i) % LINE]) {
			errno = EPROTO;
			die("a wrong byte");
		}
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

int main(int argc, char **argv)
{
	prepare();
	if (argc < 5)
		return 2;
	server.sin_port = htons((uint16_t)atoi(argv[2]));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server_process = (pid_t)atol(argv[3]);
	if (strcmp(argv[1], "echo") == 0 && argc == 7)
		echo(atoi(argv[4]), atoi(argv[5]), atof(argv[6]));
	else if (strcmp(argv[1], "idle") == 0)
		idle(atoi(argv[4]));
	else
		return 2;
	return 0;
}
