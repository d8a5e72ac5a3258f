/* SPDX-License-Identifier: MIT */
/*
 * A libuv loop inside of a controller: a fiber waits for it as for anything else, so that a library made for libuv works
 * beside fibers.
 *
 *   libuv_inside [PORT]
 *
 *   cc libuv_inside.c $(pkg-config --cflags --libs cqueues libuv)
 */

#include "echo_lines.h"
#include <signal.h>
#include <uv.h>

static cq_socket *listener;

/* Runs the loop whenever its descriptor is readable or its next timer is due, until nothing is left in it. */
static int run_libuv(void *loop)
{
	while (uv_run(loop, UV_RUN_NOWAIT)) {
		cq_interest interest = CQ_INTEREST_NONE;
		int milliseconds = uv_backend_timeout(loop);
		int error;

		interest.fd = uv_backend_fd(loop);
		interest.events = POLLIN;
		interest.timeout = milliseconds < 0 ? -1 : milliseconds / 1000.0;
		if ((error = cq_poll(&interest, 1, NULL)) != 0)
			return error;
	}
	return cq_socket_close(listener); /* ends the server, too */
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
	printf("tick of libuv\n");
	fflush(stdout);
}

static void on_signal(uv_signal_t *handle, int number)
{
	printf("signal %d: good-bye\n", number);
	uv_timer_stop(handle->data); /* with the timer gone, and this, the loop has nothing left */
	uv_signal_stop(handle);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	uv_timer_t ticks;
	uv_signal_t terminated;
	cq_controller *controller = echo_server(argc > 1 ? atoi(argv[1]) : 0, &listener);

	uv_timer_init(loop, &ticks);
	uv_timer_start(&ticks, on_tick, 100, 300);
	uv_signal_init(loop, &terminated);
	terminated.data = &ticks;
	uv_signal_start(&terminated, on_signal, SIGTERM);
	check(cq_controller_wrap(controller, run_libuv, NULL, loop, NULL), "libuv");
	check(cq_controller_loop(controller, -1), "loop");
	cq_controller_free(controller);
	return 0;
}
