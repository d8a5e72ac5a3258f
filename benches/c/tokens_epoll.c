/* SPDX-License-Identifier: MIT */
/* Tokens on bare epoll; with `changing`, each event is for once. */

#include "tokens.h"
#include <sys/epoll.h>

static int epoll;

static void state(int operation, int pair)
{
	struct epoll_event event = { .events = changing ? EPOLLIN | EPOLLONESHOT : EPOLLIN, .data.u32 = (unsigned)pair };

	if (epoll_ctl(epoll, operation, pairs[pair][0], &event))
		die("epoll_ctl");
}

static void watch(int pair)
{
	state(EPOLL_CTL_ADD, pair);
}

static void turn(void)
{
	struct epoll_event events[256];
	int count = epoll_wait(epoll, events, 256, 0);

	for (int i = 0; i < count; i++) {
		pass((int)events[i].data.u32);
		if (changing)
			state(EPOLL_CTL_MOD, (int)events[i].data.u32);
	}
}

int main(int argc, char **argv)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	return measure_tokens(argc, argv);
}
