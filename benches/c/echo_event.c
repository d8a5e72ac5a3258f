/* SPDX-License-Identifier: MIT */
/* A line echo server on libevent, by plain events; `echo_bufferevent.c` uses its buffers. */

#include "peer.h"
#include <event2/event.h>

struct connection {
	struct event *event;
	struct rest rest;
};

static struct event_base *base;

static void serve(evutil_socket_t fd, short events, void *argument)
{
	struct connection *connection = argument;

	(void)events;
	if (!echo_lines(fd, &connection->rest)) {
		event_free(connection->event);
		close(fd);
		free(connection->rest.data);
		free(connection);
	}
}

static void welcome(evutil_socket_t listener, short events, void *argument)
{
	int fd;

	(void)events, (void)argument;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *connection = calloc(1, sizeof *connection);

		connection->event = event_new(base, fd, EV_READ | EV_PERSIST, serve, connection);
		event_add(connection->event, NULL);
	}
}

int main(void)
{
	prepare();
	base = event_base_new();
	event_add(event_new(base, listen_anywhere(), EV_READ | EV_PERSIST, welcome, NULL), NULL);
	return event_base_dispatch(base);
}
