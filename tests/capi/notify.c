/* SPDX-License-Identifier: MIT */
/* What happens to files, told by name. */

#include "folder.h"
#include <sched.h>
#include <sys/stat.h>

#define KERNEL_TELLS_NAMES (cq_notify_features() & CQ_NOTIFY_INOTIFY)

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "w");

	CHECK(file != NULL);
	CHECK(fputs(text, file) >= 0);
	EQ(fclose(file), 0);
}

static cq_notify *watch(uint32_t flags)
{
	cq_notify *notifier = NULL;

	OK(cq_notify_opendir(folder, CQ_NOTIFY_ALL, flags, &notifier));
	CHECK(notifier != NULL);
	return notifier;
}

/* Gets until all these changes of a name have been told. Others may come before. */
static void expect(const cq_notify *notifier, const char *wanted, uint32_t changes)
{
	const char *name;
	uint32_t told;
	size_t size;

	while (changes) {
		int code = cq_notify_get(notifier, 10, &told, &name, &size);

		if (code) {
			printf("       waiting for %u of %s\n", (unsigned)changes, wanted);
			OK(code);
		}
		EQ(strlen(name), size);
		if (strcmp(name, wanted) == 0)
			changes &= ~told;
	}
}

/* Gets what is there already. */
static void drain(const cq_notify *notifier)
{
	const char *name;
	uint32_t told;

	while (cq_notify_get(notifier, 0.02, &told, &name, NULL) == 0)
		;
}

static void expect_silence(const cq_notify *notifier)
{
	const char *name = "nothing";
	uint32_t told;

	ERR(cq_notify_get(notifier, 0.02, &told, &name, NULL), ETIMEDOUT);
	ERR(cq_notify_try_get(notifier, &told, &name, NULL), EAGAIN);
}

TEST(null_and_unknown_bits_are_refused)
{
	cq_notify *notifier, *none = NULL;
	const char *name;
	uint32_t told;

	make_folder();
	notifier = watch(0);
	ERR(cq_notify_opendir(NULL, CQ_NOTIFY_ALL, 0, &none), EINVAL);
	ERR(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 0, NULL), EINVAL);
	ERR(cq_notify_opendir(folder, 256, 0, &none), EINVAL);
	ERR(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 8, &none), EINVAL);
	CHECK(none == NULL);
	ERR(cq_notify_add(NULL, "a", CQ_NOTIFY_ALL), EINVAL);
	ERR(cq_notify_add(notifier, NULL, CQ_NOTIFY_ALL), EINVAL);
	ERR(cq_notify_add(notifier, "a", 256), EINVAL);
	ERR(cq_notify_match(NULL, "*", CQ_NOTIFY_ALL), EINVAL);
	ERR(cq_notify_match(notifier, NULL, CQ_NOTIFY_ALL), EINVAL);
	ERR(cq_notify_match(notifier, "*", 256), EINVAL);
	ERR(cq_notify_try_get(NULL, &told, &name, NULL), EINVAL);
	ERR(cq_notify_try_get(notifier, NULL, &name, NULL), EINVAL);
	ERR(cq_notify_try_get(notifier, &told, NULL, NULL), EINVAL);
	ERR(cq_notify_get(NULL, 0, &told, &name, NULL), EINVAL);
	ERR(cq_notify_get(notifier, 0, NULL, &name, NULL), EINVAL);
	ERR(cq_notify_get(notifier, 0, &told, NULL, NULL), EINVAL);
	ERR(cq_notify_step(NULL), EINVAL);
	EQ(cq_notify_pollfd(NULL), -1);
	EQ(cq_notify_events(NULL), 0);
	CHECK(isnan(cq_notify_timeout(NULL)));
	cq_notify_free(NULL);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(a_file_is_created_changed_and_removed)
{
	cq_notify *notifier;

	make_folder();
	notifier = watch(0);
	OK(cq_notify_add(notifier, "file", CQ_NOTIFY_ALL));
	expect_silence(notifier);
	write_file("file", "text");
	expect(notifier, "file", CQ_NOTIFY_CREATE);
	drain(notifier);
	write_file("file", "more text");
	expect(notifier, "file", CQ_NOTIFY_MODIFY);
	drain(notifier);
	SYS(chmod(at("file"), 0600));
	expect(notifier, "file", CQ_NOTIFY_ATTRIB);
	SYS(unlink(at("file")));
	expect(notifier, "file", CQ_NOTIFY_DELETE);
	expect(notifier, ".", CQ_NOTIFY_DELETE);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(a_file_that_is_renamed_over_another_is_told_under_its_new_name)
{
	cq_notify *notifier;

	make_folder();
	write_file("file", "old");
	notifier = watch(0);
	OK(cq_notify_add(notifier, "file", CQ_NOTIFY_ALL));
	write_file("new", "new");
	SYS(rename(at("new"), at("file")));
	expect(notifier, "file", CQ_NOTIFY_CREATE);
	drain(notifier);
	write_file("file", "newer");
	expect(notifier, "file", CQ_NOTIFY_MODIFY);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(the_end_of_the_directory_is_told_and_then_there_is_nothing_more_to_get)
{
	cq_notify *notifier;
	const char *name;
	uint32_t told;

	make_folder();
	notifier = watch(0);
	SYS(rmdir(folder));
	expect(notifier, ".", CQ_NOTIFY_DELETE);
	ERR(cq_notify_get(notifier, 10, &told, &name, NULL), ENOENT);
	ERR(cq_notify_try_get(notifier, &told, &name, NULL), ENOENT);
	cq_notify_free(notifier);
}

TEST(a_path_that_is_a_file_is_refused)
{
	cq_notify *notifier = NULL;

	make_folder();
	write_file("file", "text");
	ERR(cq_notify_opendir(at("file"), CQ_NOTIFY_ALL, 0, &notifier), ENOTDIR);
	ERR(cq_notify_opendir(at("file"), CQ_NOTIFY_ALL, CQ_NOTIFY_RECURSIVE, &notifier), ENOTDIR);
	ERR(cq_notify_opendir(at("missing"), CQ_NOTIFY_ALL, 0, &notifier), ENOENT);
	ERR(cq_notify_opendir("", CQ_NOTIFY_ALL, 0, &notifier), ENOENT);
	CHECK(notifier == NULL);
	remove_folder();
}

TEST(names_that_cannot_be_entries_are_refused)
{
	cq_notify *notifier;
	char name[300];

	make_folder();
	notifier = watch(0);
	memset(name, 'x', sizeof name);
	name[256] = '\0';
	ERR(cq_notify_add(notifier, "a/b", CQ_NOTIFY_ALL), EISDIR);
	ERR(cq_notify_add(notifier, "/a", CQ_NOTIFY_ALL), EISDIR);
	ERR(cq_notify_add(notifier, name, CQ_NOTIFY_ALL), ENAMETOOLONG);
	name[255] = '\0';
	OK(cq_notify_add(notifier, name, CQ_NOTIFY_ALL));
	cq_notify_free(notifier);
	remove_folder();
}

TEST(without_permission_nothing_is_watched)
{
	cq_notify *notifier = NULL;
	pid_t child;
	int status;

	if (getuid() != 0)
		SKIP("only root can become somebody else");
	make_folder();
	SYS(chmod(folder, 0700));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		SYS(setuid(65534));
		ERR(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 0, &notifier), EACCES);
		check_vanish();
	}
	SYS(waitpid(child, &status, 0));
	EQ(status, 0);
	remove_folder();
}

/* Writes a number to a file of /proc. */
static bool limit_to(const char *path, const char *number)
{
	FILE *file = fopen(path, "w");
	bool written = file && fputs(number, file) >= 0;

	return (file && fclose(file) == 0) && written;
}

TEST(the_limits_of_inotify_are_named)
{
	cq_notify *notifier = NULL, *second = NULL;

	if (!KERNEL_TELLS_NAMES)
		SKIP("not over inotify");
	if (unshare(CLONE_NEWUSER) < 0 || !limit_to("/proc/sys/user/max_inotify_watches", "2"))
		SKIP("no namespace of users can be made here");
	make_folder();
	SYS(mkdir(at("one"), 0700));
	OK(cq_notify_opendir(folder, CQ_NOTIFY_ALL, CQ_NOTIFY_RECURSIVE, &notifier));
	ERR(cq_notify_opendir("/tmp", CQ_NOTIFY_ALL, 0, &second), CQ_EWATCHES);
	CHECK(strstr(cq_strerror(CQ_EWATCHES), "max_user_watches") != NULL);
	/* What comes later cannot be watched either; that is told, and the rest goes on. */
	SYS(mkdir(at("two"), 0700));
	expect(notifier, "two", CQ_NOTIFY_CREATE);
	{
		const char *name;
		uint32_t told;

		ERR(cq_notify_get(notifier, 10, &told, &name, NULL), CQ_EWATCHES);
	}
	write_file("one/file", "text");
	expect(notifier, "one/file", CQ_NOTIFY_CREATE);
	CHECK(limit_to("/proc/sys/user/max_inotify_instances", "1"));
	ERR(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 0, &second), CQ_EINSTANCES);
	CHECK(strstr(cq_strerror(CQ_EINSTANCES), "max_user_instances") != NULL);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(without_descriptors_the_limit_is_the_processs)
{
	struct rlimit limit, before;
	cq_notify *notifier = NULL;
	int free_number = dup(0);

	close(free_number);
	make_folder();
	SYS(getrlimit(RLIMIT_NOFILE, &before));
	limit = before;
	limit.rlim_cur = (rlim_t)free_number;
	SYS(setrlimit(RLIMIT_NOFILE, &limit));
	ERR(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 0, &notifier), EMFILE);
	SYS(setrlimit(RLIMIT_NOFILE, &before));
	SYS(rmdir(folder));
}

/* Makes many files in another process, whose names no notifier here has read meanwhile. */
static void make_files(const char *prefix, int count)
{
	char command[300];

	snprintf(command, sizeof command,
	         "cd %s && i=0; while [ $i -lt %d ]; do : >%s$i; i=$((i+1)); done", folder, count, prefix);
	EQ(system(command), 0);
}

TEST(ten_thousand_changes_in_a_burst_are_all_told)
{
	const int count = slow() || !KERNEL_TELLS_NAMES ? 50 : 10000;
	cq_notify *notifier;
	const char *name;
	uint32_t told;
	int names = 0;
	char *seen = calloc((size_t)count, 1);

	make_folder();
	notifier = watch(0);
	OK(cq_notify_match(notifier, "f*", CQ_NOTIFY_CREATE));
	make_files("f", count);
	while (names < count) {
		OK(cq_notify_get(notifier, 10, &told, &name, NULL));
		if (strcmp(name, ".") == 0) {
			EQ(told & CQ_NOTIFY_OVERFLOW, 0);
			continue;
		}
		EQ(told, CQ_NOTIFY_CREATE);
		EQ(seen[atoi(name + 1)]++, 0);
		names++;
	}
	free(seen);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(what_the_kernel_dropped_is_told_as_overflow)
{
	cq_notify *notifier;
	const char *name;
	uint32_t told = 0;
	char text[20] = "0";
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	int limit;

	if (!KERNEL_TELLS_NAMES || !file || !fgets(text, sizeof text, file))
		SKIP("not over inotify");
	fclose(file);
	limit = atoi(text);
	if (limit > 100000 || slow())
		SKIP("too many events fit into the kernel's queue");
	make_folder();
	SYS(mkdir(at("sub"), 0700));
	notifier = watch(CQ_NOTIFY_RECURSIVE);
	OK(cq_notify_add(notifier, "late/file", CQ_NOTIFY_ALL));
	make_files("f", limit + 100);
	SYS(mkdir(at("late"), 0700)); /* the kernel has no room to tell */
	SYS(rmdir(at("sub")));
	while (!(told & CQ_NOTIFY_OVERFLOW)) {
		OK(cq_notify_get(notifier, 10, &told, &name, NULL));
		if (told & CQ_NOTIFY_OVERFLOW)
			EQ(strcmp(name, "."), 0);
	}
	/* The tree was looked through again. */
	drain(notifier);
	write_file("late/file", "text");
	expect(notifier, "late/file", CQ_NOTIFY_CREATE);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(trees_are_told_by_paths)
{
	cq_notify *notifier;

	make_folder();
	SYS(mkdir(at("sub"), 0700));
	notifier = watch(CQ_NOTIFY_RECURSIVE);
	write_file("sub/file", "text");
	expect(notifier, "sub/file", CQ_NOTIFY_CREATE);
	SYS(mkdir(at("sub/deeper"), 0700));
	write_file("sub/deeper/file", "text");
	expect(notifier, "sub/deeper/file", CQ_NOTIFY_CREATE);
	drain(notifier);
	SYS(rename(at("sub"), at("other")));
	expect(notifier, "other/deeper/file", CQ_NOTIFY_CREATE);
	drain(notifier);
	write_file("other/deeper/file", "more text");
	expect(notifier, "other/deeper/file", CQ_NOTIFY_MODIFY);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(patterns_choose_what_is_told)
{
	cq_notify *notifier;
	const char *name;
	uint32_t told;
	int i;

	make_folder();
	SYS(mkdir(at("sub"), 0700));
	notifier = watch(CQ_NOTIFY_RECURSIVE);
	OK(cq_notify_match(notifier, "*.c", CQ_NOTIFY_CREATE));
	OK(cq_notify_match(notifier, "sub/*.h", CQ_NOTIFY_CREATE));
	write_file("a.h", "no");
	write_file("sub/a.txt", "no");
	write_file("sub/a.h", "yes");
	write_file("sub/a.c", "yes");
	for (i = 0; i < 2; i++) {
		OK(cq_notify_get(notifier, 10, &told, &name, NULL));
		EQ(told, CQ_NOTIFY_CREATE);
		CHECK(strcmp(name, "sub/a.h") == 0 || strcmp(name, "sub/a.c") == 0);
	}
	expect_silence(notifier);
	cq_notify_free(notifier);
	remove_folder();
}

static int get_in_a_fiber(void *argument)
{
	expect(argument, "file", CQ_NOTIFY_CREATE);
	return 0;
}

static int write_later(void *argument)
{
	(void)argument;
	OK(cq_sleep(0.02));
	write_file("file", "text");
	return 0;
}

TEST(a_fiber_waits_while_others_run)
{
	cq_controller *cq = new_controller();
	cq_notify *notifier;

	make_folder();
	notifier = watch(0);
	OK(cq_notify_add(notifier, "file", CQ_NOTIFY_ALL));
	OK(cq_controller_wrap(cq, get_in_a_fiber, NULL, notifier, NULL));
	OK(cq_controller_wrap(cq, write_later, NULL, NULL, NULL));
	run(cq);
	cq_controller_free(cq);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(a_notifier_nests_in_any_loop)
{
	struct pollfd record = { 0, POLLIN, 0 };
	cq_notify *notifier;
	const char *name;
	uint32_t told;

	make_folder();
	notifier = watch(0);
	OK(cq_notify_add(notifier, "file", CQ_NOTIFY_ALL));
	record.fd = cq_notify_pollfd(notifier);
	EQ(cq_notify_events(notifier), POLLIN);
	drain(notifier);
	CHECK(isnan(cq_notify_timeout(notifier)));
	write_file("file", "text");
	EQ(poll(&record, 1, 10000), 1);
	OK(cq_notify_step(notifier));
	EQ(cq_notify_timeout(notifier) == 0, true); /* of what was taken over, the descriptor tells no more */
	/* What some systems find out only by looking is told a little later. */
	do
		drain(notifier);
	while (poll(&record, 1, 20) == 1);
	ERR(cq_notify_try_get(notifier, &told, &name, NULL), EAGAIN);
	CHECK(isnan(cq_notify_timeout(notifier)));
	cq_notify_free(notifier);
	remove_folder();
}

TEST(a_relative_path_stays_where_it_was)
{
	cq_notify *notifier = NULL;

	make_folder();
	SYS(chdir(folder));
	OK(cq_notify_opendir(".", CQ_NOTIFY_ALL, CQ_NOTIFY_RECURSIVE, &notifier));
	SYS(chdir("/"));
	SYS(mkdir(at("sub"), 0700));
	expect(notifier, "sub", CQ_NOTIFY_CREATE);
	write_file("sub/file", "text");
	expect(notifier, "sub/file", CQ_NOTIFY_CREATE);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(what_is_there_already_is_told_first)
{
	cq_notify *notifier;
	const char *name;
	uint32_t told;

	make_folder();
	write_file("a", "x");
	write_file("b", "x");
	notifier = watch(CQ_NOTIFY_EXISTING);
	OK(cq_notify_add(notifier, "b", CQ_NOTIFY_MODIFY));
	CHECK(cq_notify_timeout(notifier) == 0);
	OK(cq_notify_get(notifier, 10, &told, &name, NULL));
	EQ(strcmp(name, "b"), 0);
	EQ(told, CQ_NOTIFY_PRESENT);
	expect_silence(notifier);
	cq_notify_free(notifier);
	ERR(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 4, &notifier), EINVAL);
	ERR(cq_notify_opendir(folder, CQ_NOTIFY_PRESENT, 0, &notifier), EINVAL);
	remove_folder();
}

TEST(renames_are_told_apart_where_that_is_asked_for)
{
	cq_notify *notifier;

	if (!KERNEL_TELLS_NAMES)
		SKIP("only inotify tells");
	make_folder();
	write_file("a", "x");
	OK(cq_notify_opendir(folder, CQ_NOTIFY_ALL | CQ_NOTIFY_RENAMED, 0, &notifier));
	OK(cq_notify_add(notifier, "a", CQ_NOTIFY_ALL | CQ_NOTIFY_RENAMED));
	OK(cq_notify_add(notifier, "b", CQ_NOTIFY_ALL));
	SYS(rename(at("a"), at("b")));
	expect(notifier, "a", CQ_NOTIFY_DELETE | CQ_NOTIFY_RENAMED);
	expect(notifier, "b", CQ_NOTIFY_CREATE);
	write_file("a", "x");
	SYS(unlink(at("a")));
	expect(notifier, "a", CQ_NOTIFY_DELETE);
	cq_notify_free(notifier);
	remove_folder();
}

TEST(bits_have_names)
{
	EQ(strcmp(cq_notify_name(CQ_NOTIFY_CREATE), "CREATE"), 0);
	EQ(strcmp(cq_notify_name(CQ_NOTIFY_OVERFLOW), "OVERFLOW"), 0);
	CHECK(cq_notify_name(0) == NULL && cq_notify_name(3) == NULL && cq_notify_name(1u << 31) == NULL);
	CHECK(cq_notify_features() != 0);
}

TEST(making_and_freeing_notifiers_leaves_nothing)
{
	int i, first = dup(0);

	close(first);
	make_folder();
	SYS(mkdir(at("sub"), 0700));
	for (i = 0; i < 500; i++)
		cq_notify_free(watch(i % 2 ? CQ_NOTIFY_RECURSIVE : 0));
	EQ(dup(0), first);
	remove_folder();
}
