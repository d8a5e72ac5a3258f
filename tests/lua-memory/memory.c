/* SPDX-License-Identifier: MIT */
/*
 * Scripts of which each allocation of Lua fails in turn. What went wrong: an error of memory between the making of something and
 * the making of its owner.
 *
 *   memory SCENARIOS.LUA STRIDE [NAME]
 *
 * The file returns a list of scenarios. Each runs in one state, over and over: an allocation fails, and the next one, which is
 * Lua's second try ("twice"); or all that come from then on ("all"). A run ends well, or with an error of memory. It never
 * crashes or hangs and leaks no descriptor, and the state is as good as before: in the end the scenario runs to its end. Then
 * states are made that have no memory from some allocation on, also while modules load and while the state closes ("closing").
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef INTERPRETED
#include <luajit.h>
#endif

#if LUA_VERSION_NUM == 501
#define lua_rawlen lua_objlen
#endif

enum { TWICE, ALL };
#define SECONDS 60 /* until a run counts as one that hangs */
#define SLOW 8.0   /* seconds that no run may take: it has waited for what never comes, see scenarios.lua */

/* -- The allocator -- */

static long counted, failing, living;
static int counting, mode;

static int fails(void)
{
	if (!counting)
		return 0;
	counted++;
	return counted == failing || (counted > failing && (mode == ALL || counted == failing + 1));
}

/* What shrinks never fails: Lua counts on it. */
static void *allocate(void *data, void *old, size_t before, size_t size)
{
	void *made;

	(void)data;
	if (size == 0) {
		living -= old != NULL;
		free(old);
		return NULL;
	}
	if ((!old || size > before) && fails())
		return NULL;
	made = realloc(old, size);
	living += made && !old;
	return made;
}

/* -- What a run must leave as it was -- */

/* LuaJIT's loader leaves the file of a module open when memory runs out. */
static int is_module(const char *what)
{
#ifdef INTERPRETED
	size_t size = strlen(what);

	return size > 4 && !strcmp(what + size - 4, ".lua");
#else
	(void)what;
	return 0;
#endif
}

/* How many there are. Those of children that nobody has waited for are kept until the library is called for a process again. */
static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = -1; /* the folder itself */
	char what[300];

	if (!folder)
		return 0;
	for (struct dirent *entry; (entry = readdir(folder));) {
		ssize_t size = readlinkat(dirfd(folder), entry->d_name, what, sizeof what - 1);

		if (size < 0)
			continue;
		what[size] = 0;
		count += !strstr(what, "pidfd") && !is_module(what);
	}
	closedir(folder);
	return count;
}

/* Whether all children have ended and are collected in time. */
static int childless(void)
{
	for (int i = 0; i < 1000; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (errno == ECHILD)
			return 1;
		usleep(1000);
	}
	return 0;
}

/* The same once threads that end, and what they hold, are gone. */
static int settled(int wanted)
{
	int count = descriptors();

	for (int i = 0; i < 1000 && count > wanted; i++) {
		usleep(1000);
		count = descriptors();
	}
	return count;
}

static char now[200]; /* what runs, for whoever crashes or hangs */

static void on_signal(int number)
{
	ssize_t ignored = write(1, number == SIGALRM ? "FAILED hangs: " : "FAILED crashes: ", number == SIGALRM ? 14 : 16);

	ignored += write(1, now, strlen(now));
	ignored += write(1, "\n", 1);
	(void)ignored;
	_exit(3);
}

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* -- Runs -- */

static int failures;

static void complain(const char *what, const char *detail)
{
	printf("FAILED %s: %s%s%s\n", now, what, *detail ? ": " : "", detail);
	if (++failures > 60)
		exit(1);
}

static int collect_all(lua_State *L)
{
	for (int i = 0; i < 3; i++)
		lua_gc(L, LUA_GCCOLLECT, 0);
	return 0;
}

/* Whether an outcome is that of a run without memory. Pops the error. */
static void judge(lua_State *L, int status)
{
	const char *message = status ? lua_tostring(L, -1) : NULL;

	if (!status)
		return;
	/* The second and third are what Lua makes of a stack, and of an error in an error's handler. */
	if (!message || (!strstr(message, "not enough memory") && !strstr(message, "stack overflow") &&
	                 !strstr(message, "error in error handling") && !strstr(message, strerror(ENOMEM))))
		complain("another error", message ? message : luaL_typename(L, -1));
	lua_pop(L, 1);
}

/* Pushes a value of a scenario: 2 is what it does. */
static void push_scenario(lua_State *L, int index, int field)
{
	lua_rawgeti(L, 1, index);
	lua_rawgeti(L, -1, field);
	lua_remove(L, -2);
}

/* Collects all garbage, with memory; then calls the third value of a scenario, if it has one. */
static void settle(lua_State *L, int index)
{
	lua_pushcfunction(L, collect_all);
	judge(L, lua_pcall(L, 0, 0, 0));
	push_scenario(L, index, 3);
	if (lua_isnil(L, -1))
		lua_pop(L, 1);
	else if (lua_pcall(L, 0, 0, 0)) {
		complain("afterwards", lua_tostring(L, -1));
		lua_pop(L, 1);
	}
}

/* Calls the function on top of the stack, without memory from the nth allocation on. Whether it came to that. */
static int run(lua_State *L, long nth, int how)
{
	double began = seconds();
	int status, reached;

	alarm(SECONDS);
	counted = 0, failing = nth, mode = how, counting = 1;
	status = lua_pcall(L, 0, 0, 0);
	counting = 0;
	reached = counted >= nth;
	judge(L, status);
	if (seconds() - began > SLOW)
		complain("waits for what never comes", "");
	return reached;
}

/* All allocations of a scenario, in a state that has loaded everything. */
static void scenario(lua_State *L, int index, const char *name, int stride, int how)
{
	const char *words[] = { "twice", "all" };
	int before;
	long nth;

	snprintf(now, sizeof now, "%s", name);
	for (int i = 0; i < 2; i++) { /* the second time is as all that follow */
		push_scenario(L, index, 2);
		run(L, 1L << 40, how);
	}
	settle(L, index);
	before = descriptors();
	for (nth = 1;; nth += stride) {
		int after;

		snprintf(now, sizeof now, "%s, %s, allocation %ld", name, words[how], nth);
		push_scenario(L, index, 2);
		if (!run(L, nth, how))
			break;
		settle(L, index);
		after = settled(before);
		if (after > before) {
			char text[40];

			snprintf(text, sizeof text, "%d more than %d", after - before, before);
			complain("descriptors", text);
			before = after;
		}
	}
	snprintf(now, sizeof now, "%s, %s, afterwards", name, words[how]);
	push_scenario(L, index, 2);
	if (lua_pcall(L, 0, 0, 0)) {
		complain("does not run any more", lua_tostring(L, -1));
		lua_pop(L, 1);
	}
	if (getenv("VERBOSE"))
		printf("       %s, %s: %ld allocations\n", name, words[how], nth - 1);
}

static int open_all(lua_State *L)
{
	luaL_openlibs(L);
	return 0;
}

static lua_State *fresh(void)
{
	lua_State *L;

	counting = 0;
	if (!(L = lua_newstate(allocate, NULL
#if LUA_VERSION_NUM >= 505
	                       , 0
#endif
	                       )))
		exit(2);
	lua_pushcfunction(L, open_all);
	lua_call(L, 0, 0);
#ifdef INTERPRETED
	luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF); /* the compiler crashes by itself without memory */
#endif
	return L;
}

static int load_list(lua_State *L, const char *path)
{
	return luaL_loadfile(L, path) || lua_pcall(L, 0, 1, 0);
}

/* A state in which everything is done at once, without memory from some allocation on, and until it is closed or, with `without`, also
 * then: Lua cannot call the finalizers of all objects so. Whether it came to that. */
static int closing(const char *path, int index, long nth, int without)
{
	lua_State *L = fresh();
	int before = descriptors(), reached, after;

	alarm(SECONDS);
	counted = 0, failing = nth, mode = ALL, counting = 1;
	if (load_list(L, path)) {
		judge(L, 1);
	} else {
		push_scenario(L, index, 2);
		judge(L, lua_pcall(L, 0, 0, 0));
	}
	reached = counted >= nth;
	counting = without;
	lua_close(L);
	counting = 0;
	after = without ? before : settled(before);
	if (after > before)
		complain("descriptors", "the closed state has left some");
	if (living)
		complain("memory", "the closed state has left some");
	living = 0;
	return reached;
}

static void close_all(const char *path, int index, const char *name, long stride)
{
	long nth = 1 + index * 7;
	int reached, round = 0;

	do {
		snprintf(now, sizeof now, "%s, closing, allocation %ld", name, nth);
		reached = closing(path, index, nth, round++ % 2);
		nth += stride;
	} while (reached);
}

int main(int count, char **arguments)
{
	const char *path = arguments[1], *only = count > 3 ? arguments[3] : NULL;
	static char names[64][60];
	int stride = count > 2 ? atoi(arguments[2]) : 1, all, passed = 0;
	lua_State *L;

	signal(SIGALRM, on_signal);
	signal(SIGABRT, on_signal);
#ifndef SANITIZED
	signal(SIGSEGV, on_signal);
	signal(SIGBUS, on_signal);
#endif
	setvbuf(stdout, NULL, _IOLBF, 0);
	L = fresh();
	if (load_list(L, path)) {
		printf("FAILED %s\n0 passed, 1 failed, 0 skipped\n", lua_tostring(L, -1));
		return 1;
	}
	all = (int)lua_rawlen(L, 1);
	for (int i = 1; i <= all; i++) {
		char name[60];
		int before = failures;

		lua_rawgeti(L, 1, i);
		lua_rawgeti(L, -1, 1);
		snprintf(name, sizeof name, "%s", lua_tostring(L, -1));
		lua_pop(L, 2);
		if (only && strcmp(only, name))
			continue;
		snprintf(names[i], sizeof names[0], "%s", name);
		scenario(L, i, name, stride, TWICE);
		scenario(L, i, name, stride * 2, ALL);
		passed += failures == before;
	}
	snprintf(now, sizeof now, "the close");
	lua_close(L);
	if (living)
		complain("memory", "the closed state has left some");
	living = 0;
	for (int i = 1; i <= all; i++)
		if (names[i][0])
			close_all(path, i, names[i], 211L * stride);
	if (!childless())
		complain("a child runs on", "");
	printf("%d passed, %d failed, 0 skipped\n", passed + !failures, failures);
	return failures != 0;
}
