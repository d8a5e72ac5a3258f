/* SPDX-License-Identifier: MIT */
/* A second copy of the library in the process, as a plugin brings it: each has tasks, sockets and threads of its own. */
#include "fixture.h"
#include <dlfcn.h>
#include <pthread.h>

/* What the tests call of a copy. */
struct library {
	void *handle;
	__typeof__(&cq_controller_new) controller_new;
	__typeof__(&cq_controller_free) controller_free;
	__typeof__(&cq_controller_wrap) wrap;
	__typeof__(&cq_controller_loop) loop;
	__typeof__(&cq_controller_step) step;
	__typeof__(&cq_controller_count) count;
	__typeof__(&cq_controller_pollfd) pollfd;
	__typeof__(&cq_sleep) sleep;
	__typeof__(&cq_poll) poll;
	__typeof__(&cq_pool_new) pool_new;
	__typeof__(&cq_pool_free) pool_free;
	__typeof__(&cq_pool_run) pool_run;
};

static void copy_file(const char *from, const char *to)
{
	char bytes[65536];
	size_t size;
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");

	CHECK(in && out);
	while ((size = fread(bytes, 1, sizeof bytes, in)) > 0)
		EQ(fwrite(bytes, 1, size, out), size);
	EQ(fclose(in), 0);
	EQ(fclose(out), 0);
}

static void *symbol(struct library *library, const char *name)
{
	void *found = dlsym(library->handle, name);

	CHECK(found != NULL);
	return found;
}

#define LOAD(member, name) memcpy(&library->member, (void *[]){ symbol(library, name) }, sizeof library->member)

/* Loads a copy of the library that this program is linked with. */
static void load(struct library *library)
{
	const char *path = temporary_path("copy");
	Dl_info info;
	void *linked;

	memcpy(&linked, (__typeof__(&cq_sleep)[]){ cq_sleep }, sizeof linked);
	CHECK(dladdr(linked, &info) != 0);
	copy_file(info.dli_fname, path);
	library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle)
		printf("       %s\n", dlerror());
	CHECK(library->handle != NULL);
	SYS(unlink(path));
	LOAD(controller_new, "cq_controller_new");
	LOAD(controller_free, "cq_controller_free");
	LOAD(wrap, "cq_controller_wrap");
	LOAD(loop, "cq_controller_loop");
	LOAD(step, "cq_controller_step");
	LOAD(count, "cq_controller_count");
	LOAD(pollfd, "cq_controller_pollfd");
	LOAD(sleep, "cq_sleep");
	LOAD(poll, "cq_poll");
	LOAD(pool_new, "cq_pool_new");
	LOAD(pool_free, "cq_pool_free");
	LOAD(pool_run, "cq_pool_run");
	CHECK(library->sleep != cq_sleep);
}

struct sleeper {
	__typeof__(&cq_sleep) sleep;
	int rounds, code;
};

static int sleep_often(void *argument)
{
	struct sleeper *sleeper = argument;
	int i;

	for (i = 0; i < 20 && !sleeper->code; i++, sleeper->rounds++)
		sleeper->code = sleeper->sleep(MS(1));
	return 0;
}

TEST(two_copies_take_turns_in_a_thread)
{
	struct library other;
	struct sleeper ours = { cq_sleep, 0, 0 }, theirs;
	cq_controller *controller = new_controller(), *second;

	load(&other);
	theirs.sleep = other.sleep;
	theirs.rounds = theirs.code = 0;
	OK(other.controller_new(&second));
	OK(cq_controller_wrap(controller, sleep_often, NULL, &ours, NULL));
	OK(other.wrap(second, sleep_often, NULL, &theirs, NULL));
	while (cq_controller_count(controller) + other.count(second) > 0) {
		OK(cq_controller_step(controller, MS(1)));
		OK(other.step(second, MS(1)));
	}
	EQ(ours.rounds + theirs.rounds, 40);
	EQ(ours.code | theirs.code, 0);
	other.controller_free(second);
	cq_controller_free(controller);
}

struct host {
	struct library *other;
	cq_controller *second;
	int steps;
};

/* A fiber of one copy waits for the descriptor of the other one's controller. */
static int drive(void *argument)
{
	struct host *host = argument;

	while (host->other->count(host->second) > 0) {
		cq_interest set[2] = { CQ_INTEREST_NONE, CQ_INTEREST_NONE };

		OK(host->other->pollfd(host->second, &set[0].fd));
		set[0].events = POLLIN;
		set[1].timeout = MS(1);
		OK(cq_poll(set, 2, NULL));
		OK(host->other->step(host->second, 0));
		host->steps++;
	}
	return 0;
}

TEST(a_controller_of_one_copy_is_a_descriptor_for_the_other)
{
	struct library other;
	struct host host = { &other, NULL, 0 };
	struct sleeper theirs = { NULL, 0, 0 };
	cq_controller *controller = new_controller();

	load(&other);
	theirs.sleep = other.sleep;
	OK(other.controller_new(&host.second));
	OK(other.wrap(host.second, sleep_often, NULL, &theirs, NULL));
	OK(cq_controller_wrap(controller, drive, NULL, &host, NULL));
	run(controller);
	EQ(theirs.rounds, 20);
	CHECK(host.steps >= 20);
	other.controller_free(host.second);
	cq_controller_free(controller);
}

/* A fiber of one copy is, for the other one, no fiber: what waits there blocks the thread. */
static int sleep_elsewhere(void *argument)
{
	struct sleeper *sleeper = argument;

	sleeper->code = sleeper->sleep(MS(20));
	sleeper->rounds = 1;
	return 0;
}

TEST(a_wait_of_the_other_copy_blocks_the_thread_and_is_safe)
{
	struct library other;
	struct sleeper theirs = { NULL, 0, 0 };
	cq_controller *controller = new_controller();
	double begun;

	load(&other);
	theirs.sleep = other.sleep;
	OK(cq_controller_wrap(controller, sleep_elsewhere, NULL, &theirs, NULL));
	begun = cq_monotime();
	OK(cq_controller_step(controller, 0));
	CHECK(cq_monotime() - begun >= MS(20));
	EQ(theirs.rounds, 1);
	OK(theirs.code);
	cq_controller_free(controller);
}

static int add_one(void *argument)
{
	++*(int *)argument;
	return 7;
}

TEST(threads_and_forks_of_both_copies)
{
	struct library other;
	cq_pool *ours, *theirs;
	int count = 0, result = 0;
	pid_t child;

	load(&other);
	OK(cq_pool_new(NULL, 2, &ours));
	OK(other.pool_new("other", 2, &theirs));
	OK(cq_pool_run(ours, add_one, &count, &result));
	OK(other.pool_run(theirs, add_one, &count, &result));
	EQ(count, 2);
	EQ(result, 7);
	child = (pid_t)SYS(fork());
	if (child == 0) {
		bool well = cq_pool_run(ours, add_one, &count, NULL) == ECHILD;

		end_child(well && other.pool_run(theirs, add_one, &count, NULL) == ECHILD);
	}
	EQ(wait_for_child(child), 0);
	other.pool_free(theirs);
	cq_pool_free(ours);
}
