/* SPDX-License-Identifier: MIT */
/* Tokens on libuv. */

#include "tokens.h"
#include <uv.h>

static uv_poll_t polls[PAIRS];

static void told(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events;
	if (changing)
		uv_poll_stop(poll);
	pass((int)(poll - polls));
	if (changing && uv_poll_start(poll, UV_READABLE, told))
		die("uv_poll_start");
}

static void watch(int pair)
{
	if (uv_poll_init(uv_default_loop(), &polls[pair], pairs[pair][0]) || uv_poll_start(&polls[pair], UV_READABLE, told))
		die("uv_poll_init");
}

static void turn(void)
{
	uv_run(uv_default_loop(), UV_RUN_NOWAIT);
}

int main(int argc, char **argv)
{
	return measure_tokens(argc, argv);
}
