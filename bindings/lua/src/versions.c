/* SPDX-License-Identifier: MIT
 *
 * What older Lua versions lack.
 */
#include "versions.h"
#include <string.h>

#if !SHIM_CONTINUES
void shim_setfuncs(lua_State *L, const luaL_Reg *list, int upvalues)
{
	for (; list->name; list++) {
		for (int i = 0; i < upvalues; i++)
			lua_pushvalue(L, -upvalues);
		lua_pushcclosure(L, list->func, upvalues);
		lua_setfield(L, -(upvalues + 2), list->name);
	}
	lua_pop(L, upvalues);
}

const char *shim_tolstring(lua_State *L, int index, size_t *size)
{
	index = lua_absindex(L, index);
	lua_getglobal(L, "tostring");
	lua_pushvalue(L, index);
	lua_call(L, 1, 1);
	return lua_tolstring(L, -1, size);
}

int shim_protect(lua_State *L, lua_CFunction function, void *argument)
{
	return lua_cpcall(L, function, argument);
}

int shim_is_environment(lua_State *L, const char *name, int index)
{
	(void)L, (void)name, (void)index;
	return 0; /* it is none of the upvalues */
}
#else
/* The context is how much lies on the stack below the results. */
SHIM_CONTINUATION(continue_through)
{
	shim_context below;
	shim_get_context(L, below);
	return lua_gettop(L) - (int)below;
}

int shim_call_through(lua_State *L, int arguments)
{
	int below = lua_gettop(L) - arguments - 1;
	lua_callk(L, arguments, LUA_MULTRET, below, continue_through);
	return lua_gettop(L) - below;
}

int shim_protect(lua_State *L, lua_CFunction function, void *argument)
{
	lua_pushcfunction(L, function); /* neither needs memory */
	lua_pushlightuserdata(L, argument);
	return lua_pcall(L, 1, 0, 0);
}

int shim_is_environment(lua_State *L, const char *name, int index)
{
	if (!strcmp(name, "_ENV"))
		return 1;
	index = lua_absindex(L, index);
	lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	int same = lua_rawequal(L, index, -1); /* of a function without debug information */
	lua_pop(L, 1);
	return same;
}
#endif

#if SHIM_COPIES_LATE
void shim_push_copy(lua_State *L, const char *bytes, size_t size)
{
	luaL_Buffer copy;
	luaL_buffinit(L, &copy);
	luaL_addlstring(&copy, bytes, size);
	luaL_pushresult(&copy);
}
#endif
