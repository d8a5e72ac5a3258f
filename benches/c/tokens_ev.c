/* SPDX-License-Identifier: MIT */
/* Tokens on libev. */

#include "tokens.h"
#include <ev.h>

static ev_io watchers[PAIRS];

static void told(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)events;
	if (changing)
		ev_io_stop(loop, watcher);
	pass((int)(watcher - watchers));
	if (changing)
		ev_io_start(loop, watcher);
}

static void watch(int pair)
{
	ev_io_init(&watchers[pair], told, pairs[pair][0], EV_READ);
	ev_io_start(EV_DEFAULT, &watchers[pair]);
}

static void turn(void)
{
	ev_run(EV_DEFAULT, EVRUN_NOWAIT);
}

int main(int argc, char **argv)
{
	return ev_default_loop(EVBACKEND_EPOLL) ? measure_tokens(argc, argv) : 1;
}
