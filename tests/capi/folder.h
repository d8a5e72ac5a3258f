/* SPDX-License-Identifier: MIT */
/* A folder of the test's own, and paths in it. */
#ifndef FOLDER_H
#define FOLDER_H

#include "fixture.h"

static char folder[64];

UNUSED static void make_folder(void)
{
	snprintf(folder, sizeof folder, "/tmp/cq-notify-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
}

UNUSED static void remove_folder(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf %s", folder);
	EQ(system(command), 0);
}

/* The path of a name in it. The last two are good at once. */
UNUSED static const char *at(const char *name)
{
	static char paths[2][600];
	static int turn;
	char *path = paths[turn = !turn];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

#endif
