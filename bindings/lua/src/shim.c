/* SPDX-License-Identifier: MIT
 *
 * What every part of the shim uses: the state of the VM, classes, numbers that have names.
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
	shim_check_any(L, 1);
	if (lua_type(L, 1) == LUA_TNUMBER && isnan(lua_tonumber(L, 1)))
		return shim_error(L, "table index is NaN");
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
	const char *name = shim_checkstring(L, 1, NULL);
	lua_getfield(L, lua_upvalueindex(2), "__index");
	lua_getfield(L, -1, name);
	if (lua_isnil(L, -1)) {
		lua_pushvalue(L, 2);
		lua_setfield(L, -3, name);
	}
	return 0;
}

double shim_timeout(lua_State *L, int index)
{
	int none = lua_isnoneornil(L, index) || (lua_isboolean(L, index) && !lua_toboolean(L, index));
	return none ? NAN : lua_isnumber(L, index) ? (double)lua_tonumber(L, index) : SHIM_NO_NUMBER;
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
		bits |= (unsigned)shim_checkinteger(L, i);
	lua_pushnumber(L, bits & mask);
	lua_pushcclosure(L, next_bit, 1);
	return 1;
}
