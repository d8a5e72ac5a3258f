/* SPDX-License-Identifier: MIT */
/* Sleepers on libuv's timers, which count whole milliseconds from when the loop last woke: sleepers_uv SECONDS. */

#include "peer.h"
#include "sleepers.h"
#include <math.h>
#include <uv.h>

struct sleeper {
	uv_timer_t timer; /* first: libuv hands out its address */
	double deadline;
};

static void wake(uv_timer_t *timer)
{
	struct sleeper *sleeper = (struct sleeper *)timer;
	double wait;

	sleeper->deadline = woken(sleeper->deadline);
	wait = ceil(sleeper->deadline * 1e3) - (double)uv_now(timer->loop); /* its clock is the monotonic one */
	uv_timer_start(timer, wake, wait > 0 ? (uint64_t)wait : 0, 0);
}

int main(int argc, char **argv)
{
	static struct sleeper sleepers[SLEEPERS];
	uv_loop_t *loop = uv_default_loop();

	if (argc < 2)
		return 2;
	measured_seconds = atof(argv[1]);
	for (int i = 0; i < SLEEPERS; i++) {
		uv_timer_init(loop, &sleepers[i].timer);
		uv_timer_start(&sleepers[i].timer, wake, 0, 0);
	}
	return uv_run(loop, UV_RUN_DEFAULT);
}
