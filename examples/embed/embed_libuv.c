/* SPDX-License-Identifier: MIT */
/*
 * Fibers inside of a libuv loop. The controller is one descriptor and one time: libuv watches both.
 *
 *   embed_libuv [PORT]
 *
 *   cc embed_libuv.c $(pkg-config --cflags --libs cqueues libuv)
 */

#include "echo_lines.h"
#include <signal.h>
#include <uv.h>

static cq_controller *controller;
static uv_poll_t readable;
static uv_prepare_t before; /* called each time before libuv waits */
static uv_timer_t due;

/* Never waits: libuv does. */
static void step(void)
{
	check(cq_controller_step(controller, 0), "step");
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)poll, (void)status, (void)events;
	step();
}

static void on_due(uv_timer_t *timer)
{
	(void)timer;
	step();
}

/* What the controller waits for may have changed in any callback. */
static void on_prepare(uv_prepare_t *prepare)
{
	double seconds = cq_controller_timeout(controller);

	(void)prepare;
	if (seconds >= 0) /* not NaN: something is due then */
		uv_timer_start(&due, on_due, (uint64_t)(seconds * 1000 + 0.999), 0);
	else
		uv_timer_stop(&due);
}

static void on_signal(uv_signal_t *handle, int number)
{
	printf("signal %d: good-bye\n", number);
	uv_stop(handle->loop);
}

static void on_tick(uv_timer_t *timer)
{
	printf("tick of libuv, %zu tasks\n", cq_controller_count(controller));
	fflush(stdout);
	(void)timer;
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	uv_timer_t ticks;
	uv_signal_t terminated;
	cq_socket *listener;

	controller = echo_server(argc > 1 ? atoi(argv[1]) : 0, &listener);
	uv_poll_init(loop, &readable, descriptor_of(controller));
	uv_poll_start(&readable, UV_READABLE, on_readable);
	uv_timer_init(loop, &due);
	uv_prepare_init(loop, &before);
	uv_prepare_start(&before, on_prepare);
	step(); /* the listener begins to wait */

	uv_timer_init(loop, &ticks);
	uv_timer_start(&ticks, on_tick, 100, 1000);
	uv_signal_init(loop, &terminated);
	uv_signal_start(&terminated, on_signal, SIGTERM);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_poll_stop(&readable); /* before its descriptor is closed */
	cq_controller_free(controller);
	return 0;
}
