/* SPDX-License-Identifier: MIT */
/*
 * Fibers inside of a libevent loop. The controller is one descriptor and one time: an event of libevent has both.
 *
 *   embed_libevent [PORT]
 *
 *   cc embed_libevent.c $(pkg-config --cflags --libs cqueues libevent)
 */

#include "echo_lines.h"
#include <event2/event.h>
#include <signal.h>

static cq_controller *controller;
static struct event *ready;

/* Never waits: libevent does. What the controller waits for next may have changed. */
static void step(evutil_socket_t fd, short events, void *argument)
{
	struct timeval limit;
	double seconds;

	(void)fd, (void)events, (void)argument;
	check(cq_controller_step(controller, 0), "step");
	seconds = cq_controller_timeout(controller);
	if (seconds >= 0) { /* not NaN: something is due then */
		limit.tv_sec = (time_t)seconds;
		limit.tv_usec = (suseconds_t)((seconds - (double)limit.tv_sec) * 1e6);
	}
	event_add(ready, seconds >= 0 ? &limit : NULL);
}

static void on_tick(evutil_socket_t fd, short events, void *argument)
{
	(void)fd, (void)events, (void)argument;
	printf("tick of libevent, %zu tasks\n", cq_controller_count(controller));
	fflush(stdout);
}

static void on_signal(evutil_socket_t number, short events, void *base)
{
	(void)events;
	printf("signal %d: good-bye\n", (int)number);
	event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct timeval second = { 0, 300000 };
	cq_socket *listener;

	controller = echo_server(argc > 1 ? atoi(argv[1]) : 0, &listener);
	ready = event_new(base, descriptor_of(controller), EV_READ, step, NULL);
	step(-1, 0, NULL); /* the listener begins to wait */

	event_add(event_new(base, -1, EV_PERSIST, on_tick, NULL), &second);
	event_add(evsignal_new(base, SIGTERM, on_signal, base), NULL);
	event_base_dispatch(base);
	event_del(ready); /* before its descriptor is closed */
	cq_controller_free(controller);
	return 0;
}
