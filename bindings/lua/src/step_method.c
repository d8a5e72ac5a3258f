/* SPDX-License-Identifier: MIT
 *
 * controller:step, which goes into Lua only for what needs it: to yield for a task that has yielded without the marker, and to
 * wait in a task of another controller. See cqueues.lua.
 */
#include "controller.h"

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
	luaL_checktype(L, 1, LUA_TFUNCTION);
	luaL_checktype(L, 2, LUA_TFUNCTION);
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
