/* SPDX-License-Identifier: MIT
 *
 * The differences between Lua versions: LUA_VERSION_NUM stands nowhere else.
 */
#ifndef CQUEUES_VERSIONS_H
#define CQUEUES_VERSIONS_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

#if LUA_VERSION_NUM < 502
/* 5.1 and LuaJIT: C functions cannot go on after a yield; see socket_driver.c. */
#define SHIM_CONTINUES 0
#define lua_rawlen lua_objlen
#define lua_getuservalue lua_getfenv
#define lua_setuservalue lua_setfenv
#define shim_resume(co, from, nargs, nresults) \
	((void)(from), *(nresults) = -1, lua_resume((co), (nargs)))
typedef FILE *shim_file;
#define shim_file_is_open(file) (*(file) != NULL)
#define shim_file_stream(file) (*(file))
void shim_setfuncs(lua_State *L, const luaL_Reg *list, int upvalues);
#define luaL_setfuncs shim_setfuncs
const char *shim_tolstring(lua_State *L, int index, size_t *size);
#define luaL_tolstring shim_tolstring
#define lua_absindex(L, i) ((i) > 0 || (i) <= LUA_REGISTRYINDEX ? (i) : lua_gettop(L) + (i) + 1)
#else
#define SHIM_CONTINUES 1
typedef luaL_Stream shim_file;
#define shim_file_is_open(file) ((file)->closef != NULL)
#define shim_file_stream(file) ((file)->f)
#if LUA_VERSION_NUM < 504
#define shim_resume(co, from, nargs, nresults) \
	(*(nresults) = -1, lua_resume((co), (from), (nargs)))
#else
#define shim_resume lua_resume
#define SHIM_PLAIN(L, size) lua_newuserdatauv((L), (size), 0)
#define SHIM_KEEPS_ASIDE 1
#endif
#if LUA_VERSION_NUM < 503
typedef int shim_context;
#define SHIM_CONTINUATION(name) static int name(lua_State *L)
#define shim_get_context(L, context) lua_getctx((L), &(context))
#define lua_isinteger(L, i) 0
#else
typedef lua_KContext shim_context;
#define SHIM_CONTINUATION(name) static int name(lua_State *L, int status, lua_KContext given)
#define shim_get_context(L, context) ((void)(L), (void)status, (context) = given)
#endif
#endif

/* Has the processor fetch what lies at an address, which may be any. */
#ifdef __GNUC__
#define SHIM_PREFETCH(address) __builtin_prefetch(address)
#else
#define SHIM_PREFETCH(address) ((void)(address))
#endif

#ifndef SHIM_PLAIN
#define SHIM_PLAIN lua_newuserdata
/* Whether a userdata has no place for a value of its own unless that is asked for: what few objects of a class keep is in a
 * table then, whose keys they are and which keeps none of them (an ephemeron table). */
#define SHIM_KEEPS_ASIDE 0
#endif
/* Whether lua_pushlstring collects, and may run finalizers, before it copies the bytes, and not afterwards. */
#define SHIM_COPIES_LATE (LUA_VERSION_NUM < 503)
/* Pushes bytes that a finalizer may overwrite, no more than LUAL_BUFFERSIZE of them. */
#if SHIM_COPIES_LATE
void shim_push_copy(lua_State *L, const char *bytes, size_t size);
#else
#define shim_push_copy lua_pushlstring
#endif
#if LUA_VERSION_NUM < 503
#define shim_push_unsigned(L, value) lua_pushnumber((L), (lua_Number)(value))
#else
#define shim_push_unsigned(L, value) lua_pushinteger((L), (lua_Integer)(value))
#endif
#define shim_push_signed shim_push_unsigned /* a value of a signed type is pushed as that */
#if LUA_VERSION_NUM < 502
#define lua_isinteger(L, i) 0
#define LUA_OK 0
#endif
/* A number as an integer: below 5.3 whatever it is, from then on only if it is one. */
#if LUA_VERSION_NUM < 503
#define shim_tointeger(L, index, value) (*(value) = lua_tointeger((L), (index)), 1)
#else
static inline int shim_tointeger(lua_State *L, int index, lua_Integer *value)
{
	int is_integer;
	*value = lua_tointegerx(L, index, &is_integer);
	return is_integer;
}
#endif
/* Whether the value at `index` is an integer, or the digits of one, which are told apart in one call from 5.3 on. */
#if LUA_VERSION_NUM < 503
#define shim_is_count(L, index, value) 0
#else
#define shim_is_count shim_tointeger
#endif
/* Whether a function of ours can yield in a way that the step tells from all others, and its wait be handed over beside the
 * stack: see handed.c. In 5.1 it leaves a mark. From 5.4 on it yields nothing, and its stack stays in sight. */
#if LUA_VERSION_NUM < 502
#define SHIM_HANDS 1
#define SHIM_HANDS_OVER(L) 1 /* lua_yield throws if not */
#elif LUA_VERSION_NUM < 504
#define SHIM_HANDS 0
#define SHIM_HANDS_OVER(L) 0
#else
#define SHIM_HANDS 1
#define SHIM_HANDS_OVER(L) lua_isyieldable(L)
#endif
/* Closes the to-be-closed variables of a coroutine that has ended or never goes on. */
#if LUA_VERSION_NUM < 504
#define SHIM_CLOSES 0
#define shim_close_thread(L, co) ((void)(L), (void)(co))
#elif LUA_VERSION_RELEASE_NUM < 50406
#define SHIM_CLOSES 1
#define shim_close_thread(L, co) ((void)(L), lua_resetthread(co))
#else
#define SHIM_CLOSES 1
#define shim_close_thread(L, co) lua_closethread((co), (L))
#endif
#if LUA_VERSION_NUM < 503
#define shim_dump lua_dump
#else
#define shim_dump(L, writer, data) lua_dump((L), (writer), (data), 0)
#endif
#if SHIM_CONTINUES
/* Calls the function below so many arguments. Returns how many results it has, which lie on top: a function that returns them
 * may be left by a yield meanwhile, and returns them then all the same. */
int shim_call_through(lua_State *L, int arguments);
#endif
/* Calls a function with a pointer as its argument; 0, or a status with a message on the stack. Throws nothing. */
int shim_protect(lua_State *L, lua_CFunction function, void *argument);
/* Whether an upvalue of this name, of a Lua function, is the table of globals that each Lua state has of its own. */
int shim_is_environment(lua_State *L, const char *name, int index);

#endif
