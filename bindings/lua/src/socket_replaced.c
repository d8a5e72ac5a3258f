/* SPDX-License-Identifier: MIT
 *
 * Methods that were replaced (`interpose`): those built on them are done in Lua, by functions of socket.lua.
 */
#include "socket_wait.h"

#define SHIM_REPLACEMENTS "cqueues.replacements"

/* _use(functions): what socket.lua has for methods that call replaced ones. */
int shim_use_replacements(lua_State *L)
{
	shim_check_type(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_REPLACEMENTS);
	return 0;
}

void shim_push_replacement(lua_State *L, const char *name)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_REPLACEMENTS);
	lua_getfield(L, -1, name);
	lua_remove(L, -2);
}

/* _deadline(socket, timeout): when a method that waits in Lua must end; nothing without a limit. */
int shim_deadline(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	double timeout = shim_timeout(L, 2);
	if (isnan(timeout))
		timeout = socket->object.shim->replaced & LIMIT ? shim_ask_timeout(L) : shim_timeout_of(socket);
	if (timeout == SHIM_NO_NUMBER)
		return shim_error(L, "the timeout is no number");
	if (isnan(timeout))
		return 0;
	lua_pushnumber(L, cq_monotime() + timeout);
	return 1;
}

/* Asks the method `timeout`, which was replaced. */
double shim_ask_timeout(lua_State *L)
{
	lua_getfield(L, 1, "timeout");
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	double timeout = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : NAN;
	lua_pop(L, 1);
	return timeout;
}

/* cqueues._wait_by(function): sockets wait through it instead of yielding by themselves. */
int shim_wait_by(lua_State *L)
{
	struct shim *shim = shim_self(L);
	shim_check_type(L, 1, LUA_TFUNCTION);
	lua_settop(L, 1);
	shim_wait_through(L);
	luaL_unref(L, LUA_REGISTRYINDEX, shim->custom_poll);
	shim->custom_poll = luaL_ref(L, LUA_REGISTRYINDEX);
	return 0;
}
