/* SPDX-License-Identifier: MIT */
/* A line echo server on libev. */

#include "peer.h"
#include <ev.h>

struct connection {
	ev_io io; /* first: libev hands out its address */
	struct rest rest;
};

static void serve(struct ev_loop *loop, ev_io *io, int events)
{
	struct connection *connection = (struct connection *)io;

	(void)events;
	if (!echo_lines(io->fd, &connection->rest)) {
		ev_io_stop(loop, io);
		close(io->fd);
		free(connection->rest.data);
		free(connection);
	}
}

static void welcome(struct ev_loop *loop, ev_io *io, int events)
{
	int fd;

	(void)events;
	while ((fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *connection = calloc(1, sizeof *connection);

		ev_io_init(&connection->io, serve, fd, EV_READ);
		ev_io_start(loop, &connection->io);
	}
}

int main(void)
{
	struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
	ev_io listener;

	prepare();
	ev_io_init(&listener, welcome, listen_anywhere(), EV_READ);
	ev_io_start(loop, &listener);
	return ev_run(loop, 0);
}
