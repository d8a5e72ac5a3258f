/* SPDX-License-Identifier: MIT
 *
 * cqueues.errno: guide 3.2.3; and _cqueues.debug, the conversions of time that programs test.
 */
#include "shim.h"
#include <limits.h>

/* errno.strerror(code) */
static int errno_strerror(lua_State *L)
{
	int code = (int)shim_checkinteger(L, 1);
	if (code == CQ_ETLS || code == CQ_ENOTVERIFIED) {
		/* What is wrong with TLS has many reasons: as ever, the text is that of the last failure. */
		lua_getfield(L, LUA_REGISTRYINDEX, SHIM_TLS_REASON);
		if (lua_isstring(L, -1))
			return 1;
	}
	lua_pushstring(L, cq_strerror(code));
	return 1;
}

int luaopen__cqueues_errno(lua_State *L)
{
	const char *name;
	int code;
	lua_newtable(L);
	for (size_t i = 0; cq_errno_list(i, &name, &code) == 0; i++) {
		lua_pushinteger(L, code);
		lua_setfield(L, -2, name);
		lua_pushstring(L, cq_errno_name(code));
		lua_rawseti(L, -2, code);
	}
	lua_pushcfunction(L, errno_strerror);
	lua_setfield(L, -2, "strerror");
	return 1;
}

/* debug.f2ms(seconds): milliseconds rounded up, -1 for "no timeout"; and whether INT_MAX cut it. */
static int debug_f2ms(lua_State *L)
{
	double seconds = shim_checknumber(L, 1), milliseconds = ceil(seconds * 1000);
	int none = !isfinite(seconds);
	int cut = !none && milliseconds > INT_MAX;
	lua_pushinteger(L, none ? -1 : cut ? INT_MAX : milliseconds < 0 ? 0 : (int)milliseconds);
	lua_pushboolean(L, cut);
	return 2;
}

/* debug.f2ts(seconds): { tv_sec, tv_nsec } rounded up, nothing for "no timeout"; and whether
 * LONG_MAX cut it. */
static int debug_f2ts(lua_State *L)
{
	double seconds = shim_checknumber(L, 1);
	if (!isfinite(seconds))
		return 0;
	seconds = fmax(seconds, 0);
	int cut = seconds >= (double)LONG_MAX;
	double whole = floor(seconds), rest = cut ? 0 : ceil((seconds - whole) * 1e9);
	if (rest >= 1e9)
		whole += 1, rest = 0;
	lua_newtable(L);
	lua_pushinteger(L, cut ? LONG_MAX : (lua_Integer)whole);
	lua_setfield(L, -2, "tv_sec");
	lua_pushinteger(L, (lua_Integer)rest);
	lua_setfield(L, -2, "tv_nsec");
	lua_pushboolean(L, cut);
	return 2;
}

int luaopen__cqueues_debug(lua_State *L)
{
	lua_newtable(L);
	lua_pushcfunction(L, debug_f2ms);
	lua_setfield(L, -2, "f2ms");
	lua_pushcfunction(L, debug_f2ts);
	lua_setfield(L, -2, "f2ts");
	lua_pushinteger(L, INT_MAX);
	lua_setfield(L, -2, "INT_MAX");
	lua_pushinteger(L, LONG_MAX);
	lua_setfield(L, -2, "LONG_MAX");
	return 1;
}
