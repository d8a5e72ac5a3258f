/* SPDX-License-Identifier: MIT
 *
 * _tasks: the tasks of a controller, and what they wait for; cqueues/dump.lua makes a tree of them. Where tasks stand, for who
 * looks from outside, and for messages of errors.
 */
#include "controller.h"
#include "scope.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_text(lua_State *L, const char *field, const char *text)
{
	if (!text || !*text)
		return;
	lua_pushstring(L, text);
	lua_setfield(L, -2, field);
}

static void set_time(lua_State *L, const char *field, double time)
{
	if (isnan(time))
		return;
	lua_pushnumber(L, time);
	lua_setfield(L, -2, field);
}

/* A scope as a key: its address, in digits. */
static void set_scope(lua_State *L, const char *field, const cq_scope *scope)
{
	if (!scope)
		return;
	lua_pushfstring(L, "%p", (const void *)scope);
	lua_setfield(L, -2, field);
}

/* Adds the scope to the table of scopes at `scopes`, and those around it. */
static void tell_scopes(lua_State *L, int scopes, cq_scope *scope)
{
	for (; scope; scope = cq_scope_parent(scope)) {
		lua_pushfstring(L, "%p", (const void *)scope);
		lua_pushvalue(L, -1);
		lua_rawget(L, scopes);
		int known = !lua_isnil(L, -1);
		lua_pop(L, 1);
		if (known) {
			lua_pop(L, 1);
			return;
		}
		lua_newtable(L);
		set_text(L, "name", cq_scope_name(scope));
		set_text(L, "ended", cq_scope_status(scope) ? cq_scope_reason(scope) ? cq_scope_reason(scope) :
		                                                                       cq_strerror(cq_scope_status(scope)) : NULL);
		set_scope(L, "parent", cq_scope_parent(scope));
		lua_rawset(L, scopes);
	}
}

static const char *const states[] = { "running", "ready", "parked" };

/* One task: a table on top. The coroutine is that of the controller at 1, if the task is one of Lua's. */
static void tell_task(lua_State *L, const cq_task_info *info)
{
	lua_createtable(L, 0, 8);
	lua_pushfstring(L, "%d", (int)(info->task & CQ_TASK_PLACE));
	lua_setfield(L, -2, "place");
	set_text(L, "state", states[info->state <= CQ_TASK_PARKED ? info->state : CQ_TASK_PARKED]);
	set_text(L, "name", info->name);
	set_text(L, "wait", info->wait);
	set_time(L, "since", info->since);
	set_time(L, "deadline", info->deadline);
	set_scope(L, "scope", info->scope);
	lua_getuservalue(L, 1);
	lua_rawgeti(L, -1, (int)(info->task & CQ_TASK_PLACE) + 1);
	lua_remove(L, -2);
	if (lua_isthread(L, -1))
		lua_setfield(L, -2, "thread");
	else
		lua_pop(L, 1);
}

/* _note_home(f): f stands in cqueues.lua, and the other files of the binding in the folder beside it */
int shim_note_home(lua_State *L)
{
	lua_Debug info;
	shim_check_type(L, 1, LUA_TFUNCTION);
	lua_settop(L, 1);
	lua_getinfo(L, ">S", &info);
	size_t size = strlen(info.source), end = strlen(".lua");
	if (size > end && strcmp(info.source + size - end, ".lua") == 0)
		size -= end;
	lua_pushlstring(L, info.source, size);
	shim_self(L)->home = lua_tostring(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, "cqueues.home"); /* keeps it */
	return 0;
}

static void tell_place(const struct controller *controller, const struct task *task)
{
	char place[LUA_IDSIZE + 16] = "";
	lua_Debug frame;
	for (int level = 0; lua_getstack(task->thread, level, &frame); level++) {
		lua_getinfo(task->thread, "Sl", &frame);
		if (frame.currentline > 0 && !shim_is_ours(controller->object.shim, &frame)) {
			snprintf(place, sizeof place, "%s:%d", frame.short_src, frame.currentline);
			break;
		}
	}
	cq_task_set_place(controller->cq, task->id, place);
}

void shim_tell_places(const struct controller *controller)
{
	for (const struct chunk *chunk = controller->chunks; chunk; chunk = chunk->next)
		for (int i = 0; i < chunk->size; i++)
			if (chunk->tasks[i].id)
				tell_place(controller, &chunk->tasks[i]);
}

/* In Lua 5.1, the error of a task that waits where it cannot says nothing of waiting, and has no place. */
#if !SHIM_CONTINUES
#define CANNOT_YIELD "attempt to yield across metamethod/C-call boundary"

static void explain_yield(lua_State *L, const struct shim *shim)
{
	lua_State *T = lua_tothread(L, 5);
	lua_Debug frame;
	if (lua_type(L, 3) != LUA_TSTRING || strcmp(lua_tostring(L, 3), CANNOT_YIELD) != 0)
		return;
	lua_pushvalue(L, 3);
	for (int level = 0; lua_getstack(T, level, &frame); level++) {
		lua_getinfo(T, "Sl", &frame);
		if (frame.currentline > 0 && !shim_is_ours(shim, &frame)) {
			lua_pushfstring(L, " at %s:%d", frame.short_src, frame.currentline);
			lua_concat(L, 2);
			break;
		}
	}
	lua_pushliteral(L, ": Lua 5.1 cannot wait in a for loop, in pcall or in a metamethod: call accept, read or get in a while loop");
	lua_concat(L, 2);
	lua_replace(L, 3);
}
#endif

void shim_add_traceback(lua_State *L, const struct shim *shim)
{
#if !SHIM_CONTINUES
	explain_yield(L, shim);
#endif
	if (!shim->traces_errors || lua_type(L, 3) != LUA_TSTRING)
		return;
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_TRACEBACK);
	lua_pushvalue(L, 5);
	lua_pushvalue(L, 3);
	if (lua_pcall(L, 2, 1, 0) == 0)
		lua_replace(L, 3);
	else
		lua_pop(L, 1); /* no memory: the message comes alone */
}

/* _tasks(controller): a list of tasks, and a table of the scopes that they are in */
int shim_tasks(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	size_t room = cq_controller_count(controller->cq) + 1, count = 0;
	cq_task_info *list = lua_newuserdata(L, room * sizeof *list); /* may collect, and tasks go; none comes */
	int code = cq_controller_tasks(controller->cq, list, room, &count);
	if (code)
		return shim_error(L, "%s", cq_strerror(code));
	lua_newtable(L);
	int scopes = lua_gettop(L);
	lua_createtable(L, (int)count, 0);
	for (size_t i = 0; i < count && i < room; i++) {
		luaL_checkstack(L, 8, "too many tasks");
		tell_task(L, &list[i]);
		lua_rawseti(L, -2, (int)i + 1);
		tell_scopes(L, scopes, list[i].scope);
	}
	lua_insert(L, -2);
	return 2;
}
