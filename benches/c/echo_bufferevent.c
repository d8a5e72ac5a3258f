/* SPDX-License-Identifier: MIT */
/* A line echo server on libevent's bufferevents, which hand out lines one by one and send the answers together. */

#include "peer.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

static struct event_base *base;

static void serve(struct bufferevent *client, void *argument)
{
	struct evbuffer *input = bufferevent_get_input(client), *output = bufferevent_get_output(client);
	size_t size;
	char *line;

	(void)argument;
	while ((line = evbuffer_readln(input, &size, EVBUFFER_EOL_LF)) != NULL) {
		if (evbuffer_add(output, line, size) < 0 || evbuffer_add(output, "\n", 1) < 0)
			die("evbuffer_add");
		free(line);
	}
}

static void hang_up(struct bufferevent *client, short events, void *argument)
{
	(void)events, (void)argument;
	bufferevent_free(client);
}

static void welcome(evutil_socket_t listener, short events, void *argument)
{
	int fd;

	(void)events, (void)argument;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct bufferevent *client = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

		bufferevent_setcb(client, serve, NULL, hang_up, NULL);
		bufferevent_enable(client, EV_READ | EV_WRITE);
	}
}

int main(void)
{
	prepare();
	base = event_base_new();
	event_add(event_new(base, listen_anywhere(), EV_READ | EV_PERSIST, welcome, NULL), NULL);
	return event_base_dispatch(base);
}
