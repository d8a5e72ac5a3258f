/* SPDX-License-Identifier: MIT
 *
 * Checks of arguments, and errors in general: they name the line of the program and the function that it has called.
 *
 * Between that line and the C function that throws there may be functions of ours: in 5.1 those through which methods wait, and
 * everywhere those in Lua that call C. luaL_error and luaL_argerror would name a line of theirs, so nothing here uses them.
 */
#include "shim.h"
#include <stdarg.h>

/* -- Places ---------------------------------------------------------------------------------------- */

int shim_is_ours(const struct shim *shim, const lua_Debug *frame)
{
	size_t size = shim->home ? strlen(shim->home) : 0;
	int is_file = size && strncmp(frame->source, shim->home, size) == 0 &&
	              (frame->source[size] == '/' || strcmp(frame->source + size, ".lua") == 0);
	return is_file || strncmp(frame->source, "=cqueues.", 9) == 0; /* a text that we have loaded, or a file of ours */
}

/* Whether the function at a level, which `info` becomes about, stands between an error and the line of the program. */
static int is_between(lua_State *L, const struct shim *shim, int level, lua_Debug *info)
{
	if (!lua_getstack(L, level, info))
		return 0;
	lua_getinfo(L, "Sf", info);
	/* Our functions in C have the state as their first upvalue. In 5.1 tail calls have levels of their own. */
	int is_in_c = *info->what == 'C' && lua_getupvalue(L, -1, 1);
	int is_ours = is_in_c ? lua_touserdata(L, -1) == shim : *info->what == 't' || shim_is_ours(shim, info);
	lua_pop(L, is_in_c ? 2 : 1);
	return is_ours;
}

int shim_program_level(lua_State *L, int level)
{
	const struct shim *shim = shim_state(L);
	lua_Debug info;
	if (level < 0)
		level = 0; /* of a program's; Lua 5.1 finds functions below 0 too */
	while (is_between(L, shim, level, &info))
		level++;
	return level;
}

void shim_push_where(lua_State *L)
{
	luaL_where(L, shim_program_level(L, 1));
}

int shim_error(lua_State *L, const char *format, ...)
{
	va_list values;
	shim_push_where(L);
	va_start(values, format);
	lua_pushvfstring(L, format, values);
	va_end(values);
	lua_concat(L, 2);
	return lua_error(L);
}

/* -- Names ----------------------------------------------------------------------------------------- */

/* Pushes the key under which the table on top has the function at `function`, if there is one that is a text. Whether there is. */
static int push_key(lua_State *L, int function)
{
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		if (lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, function)) {
			lua_pop(L, 1);
			return 1;
		}
	}
	return 0;
}

/* The same for the table that is a field of the one on top. */
static int push_key_in(lua_State *L, const char *field, int function)
{
	lua_pushstring(L, field);
	lua_rawget(L, -2);
	if (lua_istable(L, -1) && push_key(L, function))
		return 1;
	lua_pop(L, 1);
	return 0;
}

/* Pushes the name of the function on top as a method of a class. Whether there is one. */
static int push_method(lua_State *L)
{
	int function = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, LUA_REGISTRYINDEX)) {
		/* Classes have names; other tables there, of which programs may have very many, mostly have numbers. */
		if (lua_type(L, -2) == LUA_TSTRING && lua_istable(L, -1) &&
		    (push_key_in(L, "__index", function) || push_key_in(L, "_methods", function)))
			return 1;
		lua_pop(L, 1);
	}
	return 0;
}

/* The same as a function of a module of ours that is loaded. */
static int push_function_of_module(lua_State *L)
{
	int function = lua_gettop(L);
	lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
	if (!lua_istable(L, -1))
		return 0;
	lua_pushnil(L);
	while (lua_next(L, function + 1)) {
		const char *module = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
		if (module && strncmp(module, "cqueues", 7) == 0 && lua_istable(L, -1) && push_key(L, function)) {
			lua_pushfstring(L, "%s.%s", module, lua_tostring(L, -1));
			return 1;
		}
		lua_settop(L, function + 2);
	}
	return 0;
}

/* What the program calls the function at a level; if it has called it by pcall or as a task, the name is looked up. What it
 * pushes stays on the stack. */
static const char *name_of(lua_State *L, lua_Debug *info)
{
	lua_getinfo(L, "nf", info);
	if (info->name)
		return info->name;
	luaL_checkstack(L, 12, "too many arguments");
	int top = lua_gettop(L);
	if (push_method(L) || (lua_settop(L, top), push_function_of_module(L)))
		return lua_tostring(L, -1);
	return "?";
}

/* -- What is wrong with an argument ---------------------------------------------------------------- */

/* Whether the function at a level is one of the Lua functions through which methods wait in 5.1. */
static int is_driver(lua_State *L, int level)
{
	lua_Debug info;
	return !SHIM_CONTINUES && lua_getstack(L, level, &info) && lua_getinfo(L, "S", &info) &&
	       (!strcmp(info.short_src, "cqueues.socket") || !strcmp(info.short_src, "cqueues.dns.resolver"));
}

/* Throws what is wrong with an argument of the function so many levels above the running one. */
static int argerror(lua_State *L, int below, int index, const char *why)
{
	lua_Debug info;
	const char *name = "?";
	if (lua_getstack(L, below, &info)) {
		name = name_of(L, &info);
		if (info.namewhat && !strcmp(info.namewhat, "method"))
			index--;
	}
	if (index == 0)
		return shim_error(L, "calling '%s' on bad self (%s)", name, why);
	return shim_error(L, "bad argument #%d to '%s' (%s)", index, name, why);
}

int shim_argerror(lua_State *L, int index, const char *why)
{
	return argerror(L, is_driver(L, 1), index, why);
}

static int type_error(lua_State *L, int below, int index, const char *wanted)
{
	const char *got = lua_isnone(L, index) ? "no value" : luaL_typename(L, index);
	if (luaL_getmetafield(L, index, "__name") && lua_type(L, -1) == LUA_TSTRING)
		got = lua_tostring(L, -1);
	return argerror(L, below, index, lua_pushfstring(L, "%s expected, got %s", wanted, got));
}

static int wrong_type(lua_State *L, int index, const char *wanted)
{
	return type_error(L, is_driver(L, 1), index, wanted);
}

void shim_check_fields(lua_State *L, int index, int (*is_known)(const char *name))
{
	if (!shim_self(L)->checks_fields || !lua_istable(L, index))
		return;
	index = lua_absindex(L, index);
	lua_pushnil(L);
	while (lua_next(L, index)) {
		const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
		if (name && !is_known(name))
			shim_argerror(L, index, lua_pushfstring(L, "field %s: unknown", name));
		lua_pop(L, 1);
	}
}

/* -- Checks ---------------------------------------------------------------------------------------- */

void *shim_check(lua_State *L, int index, const char *tag, const char *name)
{
	void *object = shim_test(L, index, tag);
	if (!object)
		wrong_type(L, index, name);
	return object;
}

void *shim_check_class(lua_State *L, int index, const char *name)
{
	void *object = shim_test_class(L, index, name);
	if (!object)
		wrong_type(L, index, name);
	return object;
}

void shim_check_type(lua_State *L, int index, int type)
{
	if (lua_type(L, index) != type)
		wrong_type(L, index, lua_typename(L, type));
}

void shim_check_any(lua_State *L, int index)
{
	if (lua_isnone(L, index))
		shim_argerror(L, index, "value expected");
}

lua_Number shim_checknumber(lua_State *L, int index)
{
	if (!lua_isnumber(L, index))
		wrong_type(L, index, "number");
	return lua_tonumber(L, index);
}

lua_Number shim_optnumber(lua_State *L, int index, lua_Number usual)
{
	return lua_isnoneornil(L, index) ? usual : shim_checknumber(L, index);
}

lua_Integer shim_checkinteger(lua_State *L, int index)
{
	lua_Integer number;
	shim_checknumber(L, index);
	if (!shim_tointeger(L, index, &number))
		shim_argerror(L, index, "number has no integer representation");
	return number;
}

lua_Integer shim_optinteger(lua_State *L, int index, lua_Integer usual)
{
	return lua_isnoneornil(L, index) ? usual : shim_checkinteger(L, index);
}

int shim_optint(lua_State *L, int index, int usual)
{
	return (int)shim_optinteger(L, index, usual);
}

const char *shim_checkstring(lua_State *L, int index, size_t *size)
{
	const char *text = lua_tolstring(L, index, size);
	if (!text)
		wrong_type(L, index, "string");
	return text;
}

const char *shim_optstring(lua_State *L, int index, const char *usual)
{
	return lua_isnoneornil(L, index) ? usual : shim_checkstring(L, index, NULL);
}

int shim_laxoption(lua_State *L, int index, const char *usual, const char *const names[])
{
	if (shim_state(L)->is_jit && !lua_isstring(L, index)) {
		lua_pushstring(L, usual);
		index = lua_gettop(L);
	}
	return shim_checkoption(L, index, usual, names);
}

int shim_checkoption(lua_State *L, int index, const char *usual, const char *const names[])
{
	const char *name = usual ? shim_optstring(L, index, usual) : shim_checkstring(L, index, NULL);
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return shim_argerror(L, index, lua_pushfstring(L, "invalid option '%s'", name));
}

const char *shim_check_text(lua_State *L, int index)
{
	size_t size;
	const char *text = shim_checkstring(L, index, &size);
	shim_argcheck(L, strlen(text) == size, index, "text with a NUL inside");
	return text;
}

double shim_checktimeout(lua_State *L, int index)
{
	double timeout = shim_timeout(L, index);
	if (timeout == SHIM_NO_NUMBER)
		wrong_type(L, index, "number");
	return timeout;
}

void *shim_check_for_method(lua_State *L, const char *tag, const char *name)
{
	void *object = shim_test(L, 1, tag);
	if (!object)
		type_error(L, 1, 1, name);
	return object;
}

void *shim_begin(lua_State *L, const char *tag, const char *name, double *timeout)
{
	void *object = shim_check_for_method(L, tag, name);
	if (lua_toboolean(L, 2) && !lua_isnumber(L, 2))
		type_error(L, 1, 2, "number");
	*timeout = shim_seconds(L, 2);
	return object;
}
