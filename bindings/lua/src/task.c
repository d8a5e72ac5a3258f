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

/* Anchors the coroutine at `index` in the controller at 1, so that it lives as long as the task. */
static void anchor(lua_State *L, const struct task *task, int index)
{
	index = lua_absindex(L, index);
	lua_getuservalue(L, 1);
	lua_pushvalue(L, index);
	lua_rawseti(L, -2, place(task));
	lua_pop(L, 1);
}

void shim_drop_task(struct task *task)
{
	*task->link = task->next;
	if (task->next)
		task->next->link = task->link;
	free(task);
}

struct task *shim_spawn_in(lua_State *L, struct controller *controller, cq_scope *scope)
{
	struct task *task = malloc(sizeof *task);
	int code = ENOMEM;
	if (task && scope)
		code = cq_scope_add(scope, task, &task->id);
	else if (task)
		code = cq_controller_add(controller->cq, task, &task->id);
	if (code) {
		free(task);
		luaL_error(L, "%s", cq_strerror(code));
	}
	task->thread = lua_tothread(L, -1);
	task->base = task->count = task->is_watched = 0;
	task->next = controller->tasks;
	task->link = &controller->tasks;
	if (task->next)
		task->next->link = &task->next;
	controller->tasks = task;
	anchor(L, task, -1);
	return task;
}

void shim_spawn(lua_State *L, struct controller *controller)
{
	shim_spawn_in(L, controller, NULL);
}

/* Removes a task from the controller at 1. */
void shim_finish(lua_State *L, struct controller *controller, struct task *task)
{
	lua_pushboolean(L, 0); /* not nil: the array part stays one */
	anchor(L, task, -1);
	lua_pop(L, 1);
	cq_controller_finish(controller->cq, task->id);
	shim_drop_task(task);
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

/* Pushes the object, and takes it out of the controller. */
static void take_watcher(lua_State *L, const struct task *task)
{
	lua_getuservalue(L, 1);
	lua_rawgeti(L, -1, -place(task));
	lua_pushnil(L);
	lua_rawseti(L, -3, -place(task));
	lua_remove(L, -2);
}

int shim_tell_end(lua_State *L, struct controller *controller, struct task *task, int failed)
{
	lua_State *T = task->thread;
	int results = failed ? 0 : lua_gettop(T);
	luaL_checkstack(L, results + 8, "too many results");
	take_watcher(L, task);
	lua_getfield(L, -1, "_over");
	lua_insert(L, -2);
	lua_pushboolean(L, !failed);
	if (failed) {
		lua_pushvalue(L, -4); /* what was thrown */
		lua_pushthread(T);
		lua_xmove(T, L, 1);
		results = 2;
	} else {
		lua_xmove(T, L, results);
	}
	int status = lua_pcall(L, results + 2, 1, 0);
	if (!status && lua_isstring(L, -1)) /* it has failed, and this is why */
		cq_task_fail(controller->cq, task->id, CQ_EFAILED, lua_tostring(L, -1));
	if (!status)
		lua_pop(L, 1);
	if (failed) {
		lua_pushthread(T);
		lua_xmove(T, L, 1);
		shim_keep_failed(L, controller);
		lua_pop(L, 1);
	}
	shim_finish(L, controller, task);
	return status ? -1 : 0;
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
