/* SPDX-License-Identifier: MIT */
/* Tokens on libevent. */

#include "tokens.h"
#include <event2/event.h>

static struct event_base *base;
static struct event *events[PAIRS];

static void told(evutil_socket_t fd, short what, void *pair)
{
	int number = (int)((int(*)[2])pair - pairs);

	(void)fd, (void)what;
	pass(number);
	if (changing && event_add(events[number], NULL)) /* its event was for once */
		die("event_add");
}

static void watch(int pair)
{
	events[pair] = event_new(base, pairs[pair][0], (short)(changing ? EV_READ : EV_READ | EV_PERSIST), told, pairs[pair]);
	if (!events[pair] || event_add(events[pair], NULL))
		die("event_add");
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

int main(int argc, char **argv)
{
	base = event_base_new();
	return base ? measure_tokens(argc, argv) : 1;
}
