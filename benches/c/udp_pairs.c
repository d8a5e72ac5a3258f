/* SPDX-License-Identifier: MIT */
/*
 * Makes pairs of UDP sockets that are connected to each other, as descriptors from 10 on, and becomes
 * the program named: for libraries that can make no such pairs themselves.
 *
 *   udp_pairs PAIRS COMMAND...
 */

#include "peer.h"
#include <fcntl.h>

#define FIRST 10

static int bound_socket(struct sockaddr_in *address)
{
	socklen_t size = sizeof *address;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memset(address, 0, sizeof *address);
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)address, size) < 0 || getsockname(fd, (void *)address, &size) < 0)
		die("bind");
	return fd;
}

static void move(int fd, int to)
{
	if (dup2(fd, to) != to)
		die("dup2");
	close(fd);
}

int main(int argc, char **argv)
{
	int pairs, i;

	if (argc < 3)
		return 2;
	pairs = atoi(argv[1]);
	for (i = 0; i < pairs; i++) {
		struct sockaddr_in addresses[2];
		int first = bound_socket(&addresses[0]), second = bound_socket(&addresses[1]);

		if (connect(first, (void *)&addresses[1], sizeof addresses[1]) < 0 ||
		    connect(second, (void *)&addresses[0], sizeof addresses[0]) < 0)
			die("connect");
		/* Out of the way, in case one of them is among the numbers wanted. */
		first = fcntl(first, F_DUPFD, FIRST + 2 * pairs);
		second = fcntl(second, F_DUPFD, FIRST + 2 * pairs);
		move(first, FIRST + 2 * i);
		move(second, FIRST + 2 * i + 1);
	}
	execvp(argv[2], argv + 2);
	die(argv[2]);
	return 1;
}
