/* SPDX-License-Identifier: MIT
 *
 * Tasks of controllers: coroutines that are anchored in their controller as long as they have something to do.
 */
#include "controller.h"
#include <stdlib.h>

static int place(const struct task *task)
{
	return (int)(task->id & CQ_TASK_PLACE) + 1; /* the index of a task in its controller */
}

/* Makes room in the controller at 1 for what anchors one more task, so that neither a coroutine nor a task is left without the
 * other if there is no memory. Places are used again; a new one is the next after those that there have been. Objects of
 * tasks lie at negated places, for which there is room once there has been one. */
static void reserve(lua_State *L, struct controller *controller, int is_watched)
{
	int next = controller->places + 1, known = is_watched ? next : 0;
	if (controller->reserved >= next && controller->known >= known)
		return;
	lua_getuservalue(L, 1);
	if (controller->reserved < next) {
		lua_pushboolean(L, 0);
		lua_rawseti(L, -2, next);
		controller->reserved = next;
	}
	for (; controller->known < known; controller->known++) {
		lua_pushboolean(L, 0);
		lua_rawseti(L, -2, -(controller->known + 1));
	}
	lua_pop(L, 1);
}

/* Sets the hook of the running coroutine in the one on top of the stack, too. The library `debug` keeps the function behind a hook for each
 * coroutine, and only its own functions find it. */
static void hand_hook_down(lua_State *L)
{
	int top = lua_gettop(L);
	luaL_checkstack(L, 8, "too many arguments");
	lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
	lua_getfield(L, -1, "debug");
	if (lua_istable(L, -1)) {
		lua_getfield(L, -1, "sethook");
		lua_pushvalue(L, top);
		lua_getfield(L, -3, "gethook");
		if (lua_pcall(L, 0, 2, 0) == 0 && lua_isfunction(L, -2))
			lua_pcall(L, 3, 0, 0);
	}
	lua_settop(L, top);
}

/* Pushes a coroutine for a task. It has the hook by lines of who makes it, so that coverage tools and debuggers see it; not one by counts
 * of instructions, with which programs end what takes too long. */
lua_State *shim_new_coroutine(lua_State *L)
{
	lua_State *T = lua_newthread(L);
	if (lua_gethook(L) && (lua_gethookmask(L) & (LUA_MASKLINE | LUA_MASKCOUNT)) == LUA_MASKLINE)
		hand_hook_down(L);
	return T;
}

/* Anchors the coroutine at `index` in the controller at 1, so that it lives as long as the task. */
static void anchor(lua_State *L, const struct task *task, int index)
{
	index = lua_absindex(L, index);
	lua_getuservalue(L, 1);
	lua_pushvalue(L, index);
	lua_rawseti(L, -2, place(task));
	lua_pop(L, 1);
}

/* -- Their records ------------------------------------------------------------------------------- */

/* How many the first chunk has, and how many times as many each further one has, up to a page. Chosen: most controllers have
 * few tasks, and what is left unused at the end of the last page is little beside many. */
enum { FIRST = 4, TIMES = 4, PAGE = 4096 - 2 * sizeof(void *) };

static int add_chunk(struct controller *controller)
{
	int most = (int)((PAGE - sizeof(struct chunk)) / sizeof(struct task));
	int size = controller->chunks ? controller->chunks->size * TIMES : FIRST;
	if (size > most)
		size = most;
	struct chunk *chunk = malloc(sizeof *chunk + (size_t)size * sizeof *chunk->tasks);
	if (!chunk)
		return 0;
	chunk->next = controller->chunks;
	chunk->size = size;
	controller->chunks = chunk;
	while (size--) {
		chunk->tasks[size].id = 0;
		chunk->tasks[size].next = controller->free;
		controller->free = &chunk->tasks[size];
	}
	return 1;
}

static struct task *new_task(struct controller *controller)
{
	if (!controller->free && !add_chunk(controller))
		return NULL;
	struct task *task = controller->free;
	controller->free = task->next;
	return task;
}

static void drop_task(struct controller *controller, struct task *task)
{
	task->id = 0;
	task->next = controller->free;
	controller->free = task;
}

void shim_drop_tasks(struct controller *controller)
{
	for (struct chunk *chunk = controller->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	controller->chunks = NULL;
	controller->free = NULL;
	controller->count = 0;
}

/* -- Beginning and ending ------------------------------------------------------------------------- */

struct task *shim_spawn_in(lua_State *L, struct controller *controller, cq_scope *scope)
{
	reserve(L, controller, scope != NULL);
	if (!controller->cq)
		shim_controller(L); /* throws: a finalizer has closed it meanwhile, and nobody would free a record */
	struct task *task = new_task(controller);
	int code = ENOMEM;
	if (task && scope)
		code = cq_scope_add(scope, task, &task->id);
	else if (task)
		code = cq_controller_add(controller->cq, task, &task->id);
	if (code) {
		if (task)
			drop_task(controller, task);
		shim_error(L, "%s", cq_strerror(code));
	}
	task->thread = lua_tothread(L, -1);
	task->base = 0;
	task->count = task->handed = task->is_watched = 0;
	controller->count++;
	if (place(task) > controller->places)
		controller->places = place(task);
	anchor(L, task, -1);
	return task;
}

void shim_spawn(lua_State *L, struct controller *controller)
{
	shim_spawn_in(L, controller, NULL);
}

/* Makes what lies at an index of the controller's table false, not nil: the place is kept for another task, and the array part
 * stays one. */
static void clear(lua_State *L, int index)
{
	lua_getuservalue(L, 1);
	lua_pushboolean(L, 0);
	lua_rawseti(L, -2, index);
	lua_pop(L, 1);
}

/* Removes a task from the controller at 1. Takes no memory. */
void shim_finish(lua_State *L, struct controller *controller, struct task *task)
{
	clear(L, place(task));
	if (task->is_watched)
		clear(L, -place(task));
	if (controller->ending == task)
		controller->ending = NULL;
	cq_controller_finish(controller->cq, task->id);
	drop_task(controller, task);
	controller->count--;
}

/* -- Tasks that Lua knows --------------------------------------------------------------------- */

/* Its object lies in the controller's table too, at the negated index. */
void shim_watch(lua_State *L, struct task *task)
{
	lua_getuservalue(L, 1);
	lua_insert(L, -2);
	lua_rawseti(L, -2, -place(task));
	lua_pop(L, 1);
	task->is_watched = 1;
}

/* Pushes the method that is told of a task's end, and the object. Takes no memory: the object has the method's name. */
static void push_watcher(lua_State *L, const struct task *task)
{
	lua_getuservalue(L, 1);
	lua_rawgeti(L, -1, -place(task));
	lua_remove(L, -2);
	lua_getfield(L, -1, "_over");
	lua_insert(L, -2);
}

/* Pushes the coroutine of a task. */
static void push_thread(lua_State *L, const struct task *task)
{
	lua_pushthread(task->thread);
	lua_xmove(task->thread, L, 1);
}

/* Calls the method that is told, with `count` values behind the object, and notes a failure. A status; without an error nothing is
 * left on L. */
static int call_watcher(lua_State *L, const struct controller *controller, struct task *task, int count)
{
	int status = lua_pcall(L, count + 1, 1, 0);
	if (status)
		return status;
	if (lua_isstring(L, -1)) /* it has failed, and this is why */
		cq_task_fail(controller->cq, task->id, CQ_EFAILED, lua_tostring(L, -1));
	lua_pop(L, 1);
	clear(L, -place(task));
	task->is_watched = 0;
	return 0;
}

int shim_tell_end(lua_State *L, struct controller *controller, struct task *task, int failed)
{
	lua_State *T = task->thread;
	int results = failed ? 0 : lua_gettop(T);
	luaL_checkstack(L, results + 8, "too many results");
	push_watcher(L, task);
	lua_pushboolean(L, !failed);
	if (failed) {
		lua_pushvalue(L, -4); /* what was thrown */
		push_thread(L, task);
		results = 2;
	} else {
		lua_xmove(T, L, results);
	}
	if (call_watcher(L, controller, task, results + 1))
		return -1; /* `shim_abandon` tells it */
	if (failed) {
		push_thread(L, task);
		shim_keep_failed(L, controller);
		lua_pop(L, 1);
	}
	shim_finish(L, controller, task);
	return 0;
}

int shim_abandon(lua_State *L, struct controller *controller)
{
	struct task *task = controller->ending;
	int top = lua_gettop(L), status = 0;
	if (task->is_watched) {
		push_watcher(L, task);
		lua_pushboolean(L, 0);
		lua_pushvalue(L, top);
		push_thread(L, task);
		status = call_watcher(L, controller, task, 3);
		lua_settop(L, top);
	}
	if (!status)
		shim_finish(L, controller, task);
	return status;
}

/* -- Coroutines that never go on ------------------------------------------------------------- */

/* A coroutine of a task that has failed is kept in its controller until the next step, so that whoever is told of the
 * failure can print its traceback. Then its to-be-closed variables are closed, where Lua has them. */
#define FAILED "failed" /* the field of the controller's table: a list */

int shim_runs(lua_State *co)
{
	lua_Debug info;
	return lua_status(co) == LUA_OK && lua_getstack(co, 0, &info);
}

/* Closes the coroutines in the list on top of the stack, and pops it. */
void shim_close_threads(lua_State *L)
{
	for (int i = 1, count = (int)lua_rawlen(L, -1); i <= count; i++) {
		lua_rawgeti(L, -1, i);
		lua_State *co = lua_tothread(L, -1);
		if (co && co != L && lua_status(co) != LUA_OK)
			shim_close_thread(L, co);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/* Keeps the coroutine on top of the stack of the controller at 1. */
void shim_keep_failed(lua_State *L, struct controller *controller)
{
	if (!SHIM_CLOSES)
		return;
	lua_getuservalue(L, 1);
	if (controller->failed++ == 0)
		lua_newtable(L);
	else
		lua_getfield(L, -1, FAILED);
	lua_pushvalue(L, -3);
	lua_rawseti(L, -2, controller->failed);
	lua_setfield(L, -2, FAILED);
	lua_pop(L, 1);
}

void shim_close_failed(lua_State *L, struct controller *controller)
{
	if (!controller->failed)
		return;
	controller->failed = 0;
	lua_getuservalue(L, 1);
	lua_getfield(L, -1, FAILED);
	lua_pushnil(L);
	lua_setfield(L, -3, FAILED);
	lua_remove(L, -2);
	shim_close_threads(L);
}

/* The coroutine on top of the stack is to be a task again: it is not closed. */
void shim_forgive(lua_State *L, struct controller *controller)
{
	if (!controller->failed)
		return;
	lua_getuservalue(L, 1);
	lua_getfield(L, -1, FAILED);
	for (int i = 1; i <= controller->failed; i++) {
		lua_rawgeti(L, -1, i);
		int same = lua_rawequal(L, -1, -4);
		lua_pop(L, 1);
		if (same) {
			lua_pushboolean(L, 0);
			lua_rawseti(L, -2, i);
		}
	}
	lua_pop(L, 2);
}
