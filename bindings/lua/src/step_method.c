/* SPDX-License-Identifier: MIT
 *
 * controller:step, which goes into Lua only for what needs it: to yield for a task that has yielded without the marker, and to
 * wait in a task of another controller; and what its parts in Lua call. See cqueues.lua.
 */
#include "controller.h"

static int step_once(lua_State *L, struct controller *controller, double timeout)
{
	int code;
	if (shim_begin_step(L, controller, timeout, &code))
		return shim_run_step(L, controller, code);
	lua_pushboolean(L, 1);
	lua_pushboolean(L, controller->count == 0);
	return 2;
}

int shim_polls_first(struct controller *controller, double timeout)
{
	const struct controller *running = controller->object.shim->running;
	int elsewhere = running && running != controller;
	controller->quiet = elsewhere && !(timeout <= 0);
	return elsewhere;
}

/* Whether an argument says how long to wait. Anything else is polled beside the controller, which is done in Lua. */
static int is_time(lua_State *L, int index)
{
	lua_Number seconds = lua_tonumber(L, index);
	return lua_isnoneornil(L, index) || (lua_type(L, index) == LUA_TNUMBER && seconds == seconds);
}

/* _step(controller, seconds, polled, deadline): true and whether no tasks are left, or false and why. Nil in
 * a task of another controller, unless the caller has `polled`; false for that argument stands for a loop, which is
 * answered nil too if the method `step` was replaced. A loop names its deadline, false for none, and further steps may be
 * made before this returns. The marker if a task yielded without it: the caller yields what `_take` gives and goes on with
 * `_resume_step`. In 5.1 also the mark of handed waits: see `shim_poll_and_step`. */
int shim_step(lua_State *L)
{
	struct controller *controller = shim_test(L, 1, shim_controller_tag);
	if (!controller && !SHIM_CONTINUES) /* the method is a Lua function, which errors must name */
		shim_check_for_method(L, shim_controller_tag, SHIM_CONTROLLER);
	if (!controller || !controller->cq)
		controller = shim_controller(L); /* throws */
	double timeout = shim_seconds(L, 2);
	int count = lua_gettop(L), is_polled = count > 2 && lua_toboolean(L, 3);
	controller->quiet = 0;
	if (controller->object.shim->custom_step && !is_polled && lua_isboolean(L, 3))
		return 0;
	if (!is_polled && shim_polls_first(controller, timeout))
		return is_time(L, 2) ? shim_poll_and_step(L, controller, timeout) : 0;
	controller->loops = count > 3;
	controller->deadline = controller->loops ? shim_seconds(L, 4) : NAN;
	return step_once(L, controller, timeout);
}

int shim_step_polled(lua_State *L)
{
	struct controller *controller = lua_touserdata(L, 1); /* was checked before the wait */
	int type = lua_type(L, 4), is_loop = type > LUA_TNIL, top = lua_gettop(L);
	double left, deadline = type == LUA_TNUMBER ? (double)lua_tonumber(L, 4) : NAN;
	controller->quiet = controller->loops = 0;
	int count = step_once(L, controller, 0);
	if (!is_loop || count != 2 || !shim_goes_on(L, controller, deadline, &left) || !shim_polls_first(controller, left))
		return count;
	/* The loop's next step, without a way through Lua; if that cannot be it is told of this one. */
	if (SHIM_CONTINUES)
		lua_settop(L, top);
	if ((count = shim_poll_again(L, controller, left)))
		return count;
	lua_pushboolean(L, 1);
	lua_pushboolean(L, 0);
	return 2;
}

/* _take(controller): what the task that suspended the step has yielded. */
int shim_take(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	if (!controller->suspended || !controller->current)
		return shim_error(L, "no step is suspended");
	int count = controller->nargs;
	luaL_checkstack(L, count, "too many results");
	lua_xmove(controller->current->thread, L, count);
	controller->nargs = 0; /* they are there once */
	return count;
}

#if SHIM_CONTINUES
/* Calls a function in Lua, an upvalue, with the arguments on top. */
static int in_lua(lua_State *L, int upvalue, int arguments)
{
	lua_pushvalue(L, lua_upvalueindex(upvalue));
	lua_insert(L, -arguments - 1);
	return shim_call_through(L, arguments);
}

enum { STATE = 1, WHOLE, REST };

/* controller:step([seconds]): true, or false, message, errno, coroutine, polled object, descriptor, as far as they are known */
static int quick_step(lua_State *L)
{
	int type = lua_type(L, 2), is_limited = type == LUA_TNUMBER, count = 0;
	if (!is_limited && type > LUA_TNIL) {
		lua_settop(L, 2);
		return in_lua(L, WHOLE, 2);
	}
	struct controller *controller = shim_controller(L);
	lua_Number seconds = is_limited ? lua_tonumber(L, 2) : NAN;
	if (!shim_polls_first(controller, seconds)) {
		int code;
		controller->loops = 0;
		if (!shim_begin_step(L, controller, seconds, &code)) {
			lua_pushboolean(L, 1);
			return 1;
		}
		count = shim_run_step(L, controller, code);
	}
	int first = lua_gettop(L) - count + 1;
	if (count > 0 && lua_isboolean(L, first)) {
		if (lua_toboolean(L, first)) {
			lua_settop(L, first);
			return 1;
		}
		if (count == 3) {
			lua_pushnil(L); /* it is no task's failure */
			count++;
		}
		return count;
	}
	lua_pushvalue(L, 1);
	if (is_limited)
		lua_pushnumber(L, seconds);
	else
		lua_pushnil(L);
	if (count > 0)
		lua_pushvalue(L, first); /* the marker */
	else
		lua_pushnil(L);
	return in_lua(L, REST, 3);
}

int shim_quick_step(lua_State *L)
{
	shim_check_type(L, 1, LUA_TFUNCTION);
	shim_check_type(L, 2, LUA_TFUNCTION);
	shim_push_state(L);
	lua_pushvalue(L, 1);
	lua_pushvalue(L, 2);
	lua_pushcclosure(L, quick_step, 3);
	return 1;
}
#else
int shim_quick_step(lua_State *L)
{
	lua_settop(L, 1);
	return 1;
}
#endif
