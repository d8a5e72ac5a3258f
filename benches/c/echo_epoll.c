/* SPDX-License-Identifier: MIT */
/* A line echo server on bare epoll: about the least that can be done. */

#include "peer.h"
#include <sys/epoll.h>

struct connection {
	int fd;
	struct rest rest;
};

static void add(int epoll, int fd, void *data)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = data };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

static void welcome(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *connection = calloc(1, sizeof *connection);

		connection->fd = fd;
		add(epoll, fd, connection);
	}
}

static void serve(struct connection *connection)
{
	if (!echo_lines(connection->fd, &connection->rest)) {
		close(connection->fd);
		free(connection->rest.data);
		free(connection);
	}
}

int main(void)
{
	struct epoll_event events[256];
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener, count, i;

	prepare();
	listener = listen_anywhere();
	add(epoll, listener, NULL);
	for (;;) {
		count = epoll_wait(epoll, events, 256, -1);
		for (i = 0; i < count; i++) {
			if (events[i].data.ptr)
				serve(events[i].data.ptr);
			else
				welcome(epoll, listener);
		}
	}
}
