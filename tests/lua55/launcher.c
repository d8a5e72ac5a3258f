/* SPDX-License-Identifier: MIT */
/* lua5.5 [-e CHUNK]... [SCRIPT [ARGUMENT...]]: an interpreter as far as the tests need one. */

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

static int traced(lua_State *L)
{
	const char *message = lua_tostring(L, 1);

	luaL_traceback(L, L, message ? message : luaL_tolstring(L, 1, NULL), 1);
	return 1;
}

static int run(lua_State *L)
{
	int argc = (int)lua_tointeger(L, 1), first = 1, count;
	char **argv = lua_touserdata(L, 2);

	luaL_openlibs(L);
	lua_settop(L, 0);
	lua_pushcfunction(L, traced);
	for (; first + 1 < argc && strcmp(argv[first], "-e") == 0; first += 2)
		if (luaL_loadstring(L, argv[first + 1]) || lua_pcall(L, 0, 0, 1))
			return lua_error(L);
	lua_createtable(L, argc, 0);
	for (int i = 0; i < argc; i++) {
		lua_pushstring(L, argv[i]);
		lua_rawseti(L, -2, i - first);
	}
	lua_setglobal(L, "arg");
	if (first >= argc && first > 1)
		return 0;
	if (luaL_loadfile(L, first < argc && strcmp(argv[first], "-") ? argv[first] : NULL))
		return lua_error(L);
	count = argc - first - 1 > 0 ? argc - first - 1 : 0;
	luaL_checkstack(L, count, "too many arguments");
	for (int i = 0; i < count; i++)
		lua_pushstring(L, argv[first + 1 + i]);
	if (lua_pcall(L, count, 0, 1))
		return lua_error(L);
	return 0;
}

int main(int argc, char **argv)
{
	lua_State *L = luaL_newstate();
	int status;

	if (!L)
		return 1;
	lua_pushcfunction(L, run);
	lua_pushinteger(L, argc);
	lua_pushlightuserdata(L, argv);
	status = lua_pcall(L, 2, 0, 0);
	if (status)
		fprintf(stderr, "%s: %s\n", argv[0], luaL_tolstring(L, -1, NULL));
	lua_close(L);
	return status != 0;
}
