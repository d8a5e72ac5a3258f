/* SPDX-License-Identifier: MIT
 *
 * What every part of the shim uses: the state of the VM, classes, argument checks.
 */
#include "shim.h"

/* Makes a table in the registry that is weak in its keys or its values. */
static void make_weak(lua_State *L, const char *name, const char *mode)
{
	lua_newtable(L);
	lua_newtable(L);
	lua_pushstring(L, mode);
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	lua_setfield(L, LUA_REGISTRYINDEX, name);
}

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
	d->hold = CQ_HOLD_ANSWERS;
	shim->custom_poll = LUA_NOREF;
	d->onerror = LUA_NOREF;
	shim->poll = lua_newuserdata(L, 1); /* a value equal only to itself */
	shim->poll_ref = luaL_ref(L, LUA_REGISTRYINDEX);
	make_weak(L, SHIM_CONTROLLERS, "v");
	if (SHIM_KEEPS_ASIDE)
		make_weak(L, SHIM_HANDLERS, "k");
	return shim;
}

void shim_push_state(lua_State *L)
{
	shim_state(L); /* makes it, the first time */
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_STATE);
}

void shim_push_poll(lua_State *L)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, shim_state(L)->poll_ref);
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

void shim_module(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta,
                const luaL_Reg *functions)
{
	shim_class(L, name, methods, meta);
	lua_newtable(L);
	shim_push_state(L);
	lua_pushvalue(L, -3);
	luaL_setfuncs(L, functions, 2);
	lua_remove(L, -2);
}

/* The userdata on top of the stack as an object. */
static void *begin_object(lua_State *L, struct object *object, struct shim *shim, const char *tag, const char *name,
                          size_t size)
{
	memset(object, 0, size);
	object->shim = shim;
	luaL_getmetatable(L, name);
	lua_setmetatable(L, -2);
	object->tag = tag;
	return object;
}

void *shim_new(lua_State *L, struct shim *shim, const char *tag, const char *name, size_t size)
{
	return begin_object(L, SHIM_PLAIN(L, size), shim, tag, name, size);
}

void *shim_new_with_value(lua_State *L, struct shim *shim, const char *tag, const char *name, size_t size)
{
	return begin_object(L, lua_newuserdata(L, size), shim, tag, name, size);
}

int shim_push_type(lua_State *L, const char *tag, const char *kind)
{
	if (shim_test(L, 1, tag))
		lua_pushstring(L, kind);
	else
		lua_pushnil(L);
	return 1;
}

void *shim_test_class(lua_State *L, int index, const char *name)
{
	void *object = lua_touserdata(L, index);
	if (!object || !lua_getmetatable(L, index))
		return NULL;
	luaL_getmetatable(L, name);
	int same = !lua_isnil(L, -1) && lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same ? object : NULL;
}

int shim_interpose(lua_State *L, int *custom)
{
	const char *name = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
	luaL_checkany(L, 1);
	if (lua_type(L, 1) == LUA_TNUMBER && isnan(lua_tonumber(L, 1)))
		return luaL_error(L, "table index is NaN");
	if (!strcmp(name, "pollfd") || !strcmp(name, "events") || !strcmp(name, "timeout"))
		*custom = 1;
	lua_settop(L, 2);
	lua_getfield(L, lua_upvalueindex(2), "__index");
	lua_pushvalue(L, 1);
	lua_gettable(L, -2);
	lua_pushvalue(L, 1);
	lua_pushvalue(L, 2);
	lua_settable(L, -4);
	return 1;
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
		lua_getinfo(L, "n", &info);
		if (info.name)
			name = info.name;
		if (info.namewhat && !strcmp(info.namewhat, "method"))
			index--;
	}
	luaL_where(L, below + 1);
	if (index == 0)
		lua_pushfstring(L, "calling '%s' on bad self (%s)", name, why);
	else
		lua_pushfstring(L, "bad argument #%d to '%s' (%s)", index, name, why);
	lua_concat(L, 2);
	return lua_error(L);
}

int shim_argerror(lua_State *L, int index, const char *why)
{
	return argerror(L, is_driver(L, 1), index, why);
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

void shim_push_where(lua_State *L)
{
	lua_Debug info;
	int level = 1;
	/* In 5.1 Lua functions of our own stand in between, and tail calls have levels of their own. */
	while (!SHIM_CONTINUES && lua_getstack(L, level, &info) && lua_getinfo(L, "S", &info) &&
	       (*info.what == 't' || is_driver(L, level)))
		level++;
	luaL_where(L, level);
}

int shim_error(lua_State *L, const char *format, const char *value)
{
	shim_push_where(L);
	lua_pushfstring(L, format, value);
	lua_concat(L, 2);
	return lua_error(L);
}

static void type_error(lua_State *L, int below, int index, const char *wanted)
{
	const char *got = lua_isnone(L, index) ? "no value" : luaL_typename(L, index);
	argerror(L, below, index, lua_pushfstring(L, "%s expected, got %s", wanted, got));
}

void *shim_check(lua_State *L, int index, const char *tag, const char *name)
{
	void *object = shim_test(L, index, tag);
	if (!object && is_driver(L, 1))
		type_error(L, 1, index, name);
	return object ? object : luaL_checkudata(L, index, name);
}

lua_Number shim_checknumber(lua_State *L, int index)
{
	if (!lua_isnumber(L, index))
		type_error(L, is_driver(L, 1), index, "number");
	return lua_tonumber(L, index);
}

int shim_optint(lua_State *L, int index, int usual)
{
	lua_Integer number;
	if (lua_isnoneornil(L, index))
		return usual;
	shim_checknumber(L, index);
	if (!shim_tointeger(L, index, &number))
		shim_argerror(L, index, "number has no integer representation");
	return (int)number;
}

const char *shim_checkstring(lua_State *L, int index, size_t *size)
{
	if (!lua_isstring(L, index))
		type_error(L, is_driver(L, 1), index, "string");
	return lua_tolstring(L, index, size);
}

int shim_checkoption(lua_State *L, int index, const char *usual, const char *const names[])
{
	if (!usual || !lua_isnoneornil(L, index))
		luaL_checkstring(L, index);
	return luaL_checkoption(L, index, usual, names);
}

const char *shim_check_text(lua_State *L, int index)
{
	size_t size;
	const char *text = luaL_checklstring(L, index, &size);
	luaL_argcheck(L, strlen(text) == size, index, "text with a NUL inside");
	return text;
}

double shim_timeout(lua_State *L, int index)
{
	int none = lua_isnoneornil(L, index) || (lua_isboolean(L, index) && !lua_toboolean(L, index));
	return none ? NAN : lua_isnumber(L, index) ? (double)lua_tonumber(L, index) : SHIM_NO_NUMBER;
}

double shim_checktimeout(lua_State *L, int index)
{
	double timeout = shim_timeout(L, index);
	if (timeout == SHIM_NO_NUMBER)
		type_error(L, is_driver(L, 1), index, "number");
	return timeout;
}

double shim_seconds(lua_State *L, int index)
{
#if SHIM_CONTINUES
	int is_number;
	double number = (double)lua_tonumberx(L, index, &is_number);
	return is_number ? number : NAN;
#else
	return lua_isnumber(L, index) ? (double)lua_tonumber(L, index) : NAN;
#endif
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

int shim_push_limit(lua_State *L, double timeout)
{
	if (isnan(timeout))
		return 0;
	lua_pushnumber(L, timeout);
	lua_pushnumber(L, cq_monotime() + timeout);
	return 2;
}

int shim_push_seconds(lua_State *L, double seconds)
{
	if (isnan(seconds))
		lua_pushnil(L);
	else
		lua_pushnumber(L, seconds);
	return 1;
}

int shim_success(lua_State *L, int code)
{
	lua_pushboolean(L, code == 0);
	if (code)
		lua_pushinteger(L, code);
	return code ? 2 : 1;
}

int shim_nil_and_code(lua_State *L, int code)
{
	lua_pushnil(L);
	lua_pushinteger(L, code);
	return 2;
}

int shim_failure(lua_State *L, int code)
{
	lua_pushnil(L);
	lua_pushstring(L, cq_strerror(code));
	lua_pushinteger(L, code);
	return 3;
}

/* -- Numbers and bits that have names ---------------------------------------------------------------------- */

void shim_set_constants(lua_State *L, const struct shim_constant *list)
{
	for (; list->name; list++) {
		lua_pushinteger(L, list->value);
		lua_setfield(L, -2, list->name);
	}
}

int shim_push_words(lua_State *L, const struct shim_flag *flags, unsigned bits)
{
	int count = 0;
	for (; flags->bit; flags++) {
		if (!(bits & flags->bit))
			continue;
		lua_pushstring(L, flags->word);
		count++;
	}
	return count;
}

/* The iterator: upvalue 1 holds the bits that are left. */
static int next_bit(lua_State *L)
{
	unsigned left = (unsigned)lua_tonumber(L, lua_upvalueindex(1)), bit = left & -left;
	if (!left)
		return 0;
	lua_pushnumber(L, left - bit);
	lua_replace(L, lua_upvalueindex(1));
	lua_pushinteger(L, (int)bit);
	return 1;
}

int shim_push_bits(lua_State *L, unsigned mask)
{
	unsigned bits = 0;
	for (int i = 1, top = lua_gettop(L); i <= top; i++)
		bits |= (unsigned)luaL_checkinteger(L, i);
	lua_pushnumber(L, bits & mask);
	lua_pushcclosure(L, next_bit, 1);
	return 1;
}
