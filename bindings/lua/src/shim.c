/* SPDX-License-Identifier: MIT
 *
 * What every part of the shim uses: the state of the VM, classes, argument checks.
 */
#include "shim.h"

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
#endif

struct shim *shim_state(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_STATE);
	struct shim *shim = lua_touserdata(L, -1);
	if (shim) {
		lua_pop(L, 1);
		return shim;
	}
	lua_pop(L, 1);
	shim = lua_newuserdata(L, sizeof *shim);
	memset(shim, 0, sizeof *shim);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_STATE);
	struct defaults *d = &shim->defaults;
	for (int i = 0; i < 2; i++) {
		d->mode[i] = cq_mode_parse("", 0);
		d->bufsiz[i] = d->maxline[i] = 4096;
		d->maxerrs[i] = 100;
	}
	d->timeout = NAN;
	d->onerror = LUA_NOREF;
	lua_newuserdata(L, 1); /* the marker: a value equal only to itself */
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_POLL);
	lua_newtable(L);
	lua_newtable(L);
	lua_pushliteral(L, "v");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_CONTROLLERS);
	return shim;
}

void shim_push_state(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_STATE);
}

void shim_push_poll(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_POLL);
}

int shim_is_poll(lua_State *L, int index)
{
	if (lua_type(L, index) != LUA_TUSERDATA)
		return 0;
	shim_push_poll(L);
	int same = lua_touserdata(L, -1) == lua_touserdata(L, index);
	lua_pop(L, 1);
	return same;
}

void shim_class(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta)
{
	if (!luaL_newmetatable(L, name))
		return; /* the module is loaded again: keep the class and what was interposed */
	shim_push_state(L);
	luaL_setfuncs(L, meta, 1);
	lua_newtable(L);
	shim_push_state(L);
	luaL_setfuncs(L, methods, 1);
	lua_setfield(L, -2, "__index");
	lua_pushstring(L, name);
	lua_setfield(L, -2, "__name");
}

void *shim_test(lua_State *L, int index, const void *type)
{
	void *object = lua_touserdata(L, index);
	if (!object || !lua_getmetatable(L, index))
		return NULL;
	int same = lua_topointer(L, -1) == type;
	lua_pop(L, 1);
	return same ? object : NULL;
}

void *shim_check(lua_State *L, int index, const void *type, const char *name)
{
	void *object = shim_test(L, index, type);
	return object ? object : luaL_checkudata(L, index, name);
}

const char *shim_interpose(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	lua_settop(L, 2);
	lua_getfield(L, lua_upvalueindex(2), "__index");
	lua_getfield(L, -1, name);
	lua_pushvalue(L, 2);
	lua_setfield(L, -3, name);
	return name;
}

int shim_define(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	lua_getfield(L, lua_upvalueindex(2), "__index");
	lua_getfield(L, -1, name);
	if (lua_isnil(L, -1)) {
		lua_pushvalue(L, 2);
		lua_setfield(L, -3, name);
	}
	return 0;
}

double shim_seconds(lua_State *L, int index)
{
	return lua_isnumber(L, index) ? (double)lua_tonumber(L, index) : NAN;
}

int shim_failure(lua_State *L, int code)
{
	lua_pushnil(L);
	lua_pushstring(L, cq_strerror(code));
	lua_pushinteger(L, code);
	return 3;
}
