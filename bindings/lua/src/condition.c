/* SPDX-License-Identifier: MIT
 *
 * cqueues.condition: guide 3.2.13. Waiting is polling, so `wait` stands in condition.lua.
 */
#include "shim.h"

const char shim_condition_tag[] = SHIM_CONDITION;

static struct condition *check(lua_State *L)
{
	return shim_check(L, 1, shim_condition_tag, SHIM_CONDITION);
}

/* condition.new([lifo]) */
static int condition_new(lua_State *L)
{
	int lifo = lua_toboolean(L, 1);
	struct condition *condition =
	    shim_new(L, shim_self(L), shim_condition_tag, SHIM_CONDITION, sizeof *condition);
	int code = cq_condition_new(lifo, &condition->cv);
	return code ? shim_failure(L, code) : 1;
}

/* condition.type(object) */
static int condition_type(lua_State *L)
{
	return shim_push_type(L, shim_condition_tag, "condition");
}

/* condition.interpose(name, function) */
static int condition_interpose(lua_State *L)
{
	return shim_interpose(L, &shim_self(L)->custom_condition);
}

/* condition:signal([n]) */
static int condition_signal(lua_State *L)
{
	struct condition *condition = check(L);
	int limit = shim_optint(L, 2, INT_MAX);
	size_t woken = 0;
	cq_condition_signal(condition->cv, limit > 0 ? (size_t)limit : 0, &woken);
	lua_pushinteger(L, (lua_Integer)woken);
	return 1;
}

/* condition:name(name): names what tasks wait for, for lists of tasks; "" takes the name away. Returns the condition. */
static int condition_name(lua_State *L)
{
	struct condition *condition = check(L);
	int code = cq_condition_set_name(condition->cv, shim_checkstring(L, 2, NULL));
	if (code)
		return shim_failure(L, code);
	lua_settop(L, 1);
	return 1;
}

/* condition:pollfd(), and calling it: the condition itself */
static int condition_pollfd(lua_State *L)
{
	check(L);
	lua_settop(L, 1);
	return 1;
}

/* condition:events(), condition:timeout() */
static int condition_nothing(lua_State *L)
{
	(void)L;
	return 0;
}

/* _check(self): throws, in the name of the method that asks, if it is no condition */
static int condition_check(lua_State *L)
{
	double unused;
	lua_settop(L, 1);
	shim_begin(L, shim_condition_tag, SHIM_CONDITION, &unused);
	return 0;
}

static int condition_gc(lua_State *L)
{
	struct condition *condition = check(L);
	cq_condition_free(condition->cv);
	condition->cv = NULL;
	return 0;
}

static const luaL_Reg methods[] = {
	{ "signal", condition_signal },
	{ "name", condition_name },
	{ "pollfd", condition_pollfd },
	{ "events", condition_nothing },
	{ "timeout", condition_nothing },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__gc", condition_gc },
	{ "__call", condition_pollfd },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "new", condition_new },
	{ "type", condition_type },
	{ "interpose", condition_interpose },
	{ "_define", shim_define },
	{ "_check", condition_check },
	{ NULL, NULL },
};

int luaopen__cqueues_condition(lua_State *L)
{
	shim_module(L, SHIM_CONDITION, methods, meta, functions);
	return 1;
}
