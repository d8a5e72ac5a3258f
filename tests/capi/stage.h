/* SPDX-License-Identifier: MIT */
/* What the tests of short ways share: a socket with a plain descriptor at its other end, a line that is longer than the kernel
 * takes at once, and a task that runs beside another one. */

#ifndef STAGE_H
#define STAGE_H

#include "fixture.h"
#include <stdlib.h>

/* A socket and the other end of it. */
struct stage {
	cq_socket *socket;
	int peer;
};

UNUSED static struct stage stage_of(const char *modes)
{
	struct stage stage;

	stage.socket = half_pair(&stage.peer);
	set_modes(stage.socket, modes);
	return stage;
}

UNUSED static void end(struct stage *stage)
{
	cq_socket_free(stage->socket);
	SYS(close(stage->peer));
}

enum { LARGE = 1 << 20 };

UNUSED static char *large_line(void)
{
	char *text = malloc(LARGE);
	size_t i;

	CHECK(text != NULL);
	for (i = 0; i < LARGE; i++)
		text[i] = (char)('a' + i / 1000 % 26);
	text[LARGE - 1] = '\n';
	return text;
}

/* A task that runs in each step until the other one is over. */
struct bystander {
	int steps; /* how often it ran meanwhile */
	bool over; /* the other one is */
};

UNUSED static int stand_by(void *argument)
{
	struct bystander *bystander = argument;

	while (!bystander->over) {
		bystander->steps++;
		OK(cq_sleep(0));
	}
	return 0;
}

#endif
