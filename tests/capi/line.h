/* SPDX-License-Identifier: MIT */
/* What the tests share of what comes and goes alone: a socket with a plain descriptor at its other end, and a line that is
 * longer than the kernel takes at once. */

#ifndef LINE_H
#define LINE_H

#include "fixture.h"
#include <stdlib.h>

/* A socket and the other end of it. */
struct line {
	cq_socket *socket;
	int peer;
};

UNUSED static struct line line_of(const char *modes)
{
	struct line line;

	line.socket = half_pair(&line.peer);
	set_modes(line.socket, modes);
	return line;
}

UNUSED static void end(struct line *line)
{
	cq_socket_free(line->socket);
	SYS(close(line->peer));
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

#endif
