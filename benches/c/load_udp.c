/* SPDX-License-Identifier: MIT */
/*
 * The load of the datagram benchmarks: connected UDP sockets, datagrams of 64 bytes.
 *
 *   load_udp PORT PID SOCKETS DEPTH SECONDS     DEPTH datagrams on the way on each socket
 *
 * Every byte that comes back is checked; a lost datagram stops its socket, and when all have
 * stopped, so does the program. Prints what `load` does.
 */

#include "load.h"

#define SIZE 64

static char wanted[SIZE];

static int open_socket(int depth)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), i;

	if (fd < 0 || connect(fd, (void *)&server, sizeof server) < 0)
		die("connect");
	for (i = 0; i < depth; i++)
		if (send(fd, wanted, SIZE, 0) != SIZE)
			die("send");
	return fd;
}

/* Takes one datagram and sends the next. */
static void turn(int fd)
{
	char data[SIZE + 1];

	if (recv(fd, data, sizeof data, 0) != SIZE || memcmp(data, wanted, SIZE) != 0)
		wrong_byte();
	if (send(fd, wanted, SIZE, 0) != SIZE)
		die("send");
}

int main(int argc, char **argv)
{
	struct epoll_event event = { .events = EPOLLIN }, events[256];
	int epoll = epoll_create1(EPOLL_CLOEXEC), depth, count, i;
	double begun, cpu = 0, warm = 0.2, seconds;
	size_t done = 0;
	bool counting = false;

	prepare();
	if (argc < 6)
		return 2;
	choose_server(argv[1], argv[2]);
	memset(wanted, 'd', SIZE);
	depth = atoi(argv[4]);
	seconds = atof(argv[5]);
	for (i = 0; i < atoi(argv[3]); i++) {
		event.data.fd = open_socket(depth);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) < 0)
			die("epoll_ctl");
	}
	begun = seconds_of(CLOCK_MONOTONIC);
	for (;;) {
		double now;

		count = epoll_wait(epoll, events, 256, 5000);
		if (count <= 0)
			die("the server stalls");
		for (i = 0; i < count; i++)
			turn(events[i].data.fd);
		done += (size_t)count;
		now = seconds_of(CLOCK_MONOTONIC);
		if (!counting && now - begun > warm) {
			counting = true;
			done = 0;
			begun = now;
			cpu = server_cpu();
		} else if (counting && now - begun > seconds) {
			printf("operations=%zu seconds=%.6f cpu=%.6f\n", done, now - begun, server_cpu() - cpu);
			return 0;
		}
	}
}
