/* SPDX-License-Identifier: MIT */
/* Watched trees in which directories move, are replaced, or are not what they seem. */

#define _GNU_SOURCE
#include "folder.h"
#include <sys/stat.h>
#include <sys/syscall.h>

/* Runs a command of the shell's in the folder. */
static void sh(const char *command)
{
	char line[600];

	snprintf(line, sizeof line, "cd %s && { %s; }", folder, command);
	EQ(system(line), 0);
}

static cq_notify *watch_tree(const char *making)
{
	cq_notify *notifier = NULL;

	make_folder();
	sh(making);
	OK(cq_notify_opendir(at("tree"), CQ_NOTIFY_ALL, CQ_NOTIFY_RECURSIVE, &notifier));
	return notifier;
}

static void leave(cq_notify *notifier)
{
	cq_notify_free(notifier);
	remove_folder();
}

/* What is told of a name until nothing follows; `others` (may be NULL) counts what is told of names with that in them. */
static uint32_t told_of(const cq_notify *notifier, const char *wanted, const char *part, int *others)
{
	const char *name;
	uint32_t told, all = 0;

	while (cq_notify_get(notifier, 0.1, &told, &name, NULL) == 0) {
		if (strcmp(name, wanted) == 0)
			all |= told;
		if (others && strstr(name, part))
			++*others;
	}
	return all;
}

/* What went wrong: only its own removal was told of an added path, not that of a directory above it. */
TEST(an_added_path_is_gone_when_a_directory_above_it_is)
{
	static const struct {
		const char *command;
		uint32_t changes;
	} moves[] = {
		{ "mv tree/s tree/s2", CQ_NOTIFY_DELETE },     { "mv tree/s2 tree/s", CQ_NOTIFY_CREATE },
		{ "mv tree/s/t tree/s/t2", CQ_NOTIFY_DELETE }, { "mv tree/s/t2 tree/s/t", CQ_NOTIFY_CREATE },
		{ "mv tree/s out/", CQ_NOTIFY_DELETE },        { "mv out/s tree/", CQ_NOTIFY_CREATE },
		{ "rm -r tree/s", CQ_NOTIFY_DELETE },
	};
	cq_notify *notifier = watch_tree("mkdir -p tree/s/t out && touch tree/s/t/f");
	size_t i;

	OK(cq_notify_add(notifier, "s/t/f", CQ_NOTIFY_ALL));
	OK(cq_notify_add(notifier, "s/t/never", CQ_NOTIFY_ALL));
	for (i = 0; i < COUNT(moves); i++) {
		int never = 0;

		sh(moves[i].command);
		EQ(told_of(notifier, "s/t/f", "never", &never) & (CQ_NOTIFY_CREATE | CQ_NOTIFY_DELETE), moves[i].changes);
		EQ(never, 0); /* what was not there is not gone */
	}
	leave(notifier);
}

/* What went wrong: the second of the four events that tell of it had the directory that had come forgotten. */
TEST(directories_that_change_places_go_on_being_watched)
{
	cq_notify *notifier = watch_tree("mkdir -p tree/a/x tree/b/y && touch tree/a/fa tree/b/fb");
	int round;

	for (round = 0; round < 4; round++) {
		const char *inside = round % 2 ? "a/fa" : "a/fb", *deeper = round % 2 ? "b/y/new" : "b/x/new";
		char command[100];

#ifdef SYS_renameat2
		if (syscall(SYS_renameat2, AT_FDCWD, at("tree/a"), AT_FDCWD, at("tree/b"), 2)) {
			CHECK(errno == ENOSYS || errno == EINVAL);
			SKIP("this file system does not exchange directories");
		}
#else
		SKIP("this system does not exchange directories");
#endif
		told_of(notifier, "", NULL, NULL);
		snprintf(command, sizeof command, "echo >>tree/%s", inside);
		sh(command);
		CHECK(told_of(notifier, inside, NULL, NULL) & CQ_NOTIFY_MODIFY);
		snprintf(command, sizeof command, "touch tree/%s%d", deeper, round);
		sh(command);
		snprintf(command, sizeof command, "%s%d", deeper, round);
		CHECK(told_of(notifier, command, NULL, NULL) & CQ_NOTIFY_CREATE);
	}
	leave(notifier);
}

/* What went wrong: the name that the kernel invents was told, under which nobody can open the file. */
TEST(a_file_without_a_name_is_not_told_by_one)
{
	cq_notify *notifier = watch_tree("mkdir -p tree/sub");
	int invented = 0;

#ifdef O_TMPFILE
	int fd = open(at("tree/sub"), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		SKIP("this file system has no files without names");
	EQ(write(fd, "text", 4), 4);
	SYS(fchmod(fd, 0644));
	SYS(close(fd));
	told_of(notifier, "", "#", &invented);
	EQ(invented, 0);
#else
	SKIP("this system has no files without names");
#endif
	sh("echo >'tree/#123'"); /* this is one that somebody gave */
	CHECK(told_of(notifier, "#123", "#", &invented) & CQ_NOTIFY_CREATE);
	leave(notifier);
}

/* What went wrong: a link that had taken the place of a directory before the notifier looked was followed. */
TEST(a_link_in_the_place_of_a_directory_is_not_followed)
{
	cq_notify *notifier = watch_tree("mkdir -p tree out/sub && touch out/secret out/sub/deep");
	int behind = 0;

	sh("mkdir tree/x && rmdir tree/x && ln -s ../out tree/x");
	told_of(notifier, "", "/", &behind);
	EQ(behind, 0);
	sh("echo >>out/secret; echo >>out/sub/deep; touch out/new");
	told_of(notifier, "", "", &behind);
	EQ(behind, 0);
	leave(notifier);
}

enum { LEVELS = 1900 };

static int watch_deep(void *result)
{
	cq_notify *notifier = NULL;

	*(int *)result = cq_notify_opendir(at("tree"), CQ_NOTIFY_ALL, CQ_NOTIFY_RECURSIVE, &notifier);
	cq_notify_free(notifier);
	return 0;
}

/* What went wrong: walking down took stack for each level, and a fiber has 256 KiB of it. */
TEST(a_tree_that_is_deeper_than_a_fibers_stack_is_watched_from_a_fiber)
{
	cq_controller *cq = new_controller();
	char here[1000];
	int level, result = -1;

	leave(watch_tree("mkdir tree"));
	SYS(mkdir(folder, 0700));
	SYS(mkdir(at("tree"), 0700));
	CHECK(getcwd(here, sizeof here) != NULL);
	SYS(chdir(at("tree")));
	for (level = 0; level < LEVELS; level++) {
		SYS(mkdir("d", 0700));
		SYS(chdir("d"));
	}
	SYS(chdir(here));
	OK(cq_controller_wrap(cq, watch_deep, NULL, &result, NULL));
	run(cq);
	if (result != CQ_EWATCHES)
		OK(result);
	cq_controller_free(cq);
	leave(NULL);
}
