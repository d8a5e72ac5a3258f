/* SPDX-License-Identifier: MIT */
/* Sleepers on libev's timers, whose times count from when the loop last woke: sleepers_ev SECONDS. */

#include "peer.h"
#include "sleepers.h"
#include <ev.h>

struct sleeper {
	ev_timer timer; /* first: libev hands out its address */
	double deadline;
};

static double between; /* the clock of this program and that of the loop */

static void wake(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct sleeper *sleeper = (struct sleeper *)timer;

	(void)events;
	sleeper->deadline = woken(sleeper->deadline);
	ev_timer_set(timer, sleeper->deadline - between - ev_now(loop), 0);
	ev_timer_start(loop, timer);
}

int main(int argc, char **argv)
{
	static struct sleeper sleepers[SLEEPERS];
	struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);

	if (argc < 2)
		return 2;
	measured_seconds = atof(argv[1]);
	between = seconds_of(CLOCK_MONOTONIC) - ev_time();
	for (int i = 0; i < SLEEPERS; i++) {
		ev_timer_init(&sleepers[i].timer, wake, 0, 0);
		ev_timer_start(loop, &sleepers[i].timer);
	}
	return ev_run(loop, 0);
}
