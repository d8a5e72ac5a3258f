/* SPDX-License-Identifier: MIT
 *
 * How a socket method waits from Lua 5.2 on: it yields, and goes on in a continuation.
 */
#include "controller.h"
#include "socket_wait.h"

#if SHIM_CONTINUES
/* Those of the error handler lie behind those of the method. */
SHIM_CONTINUATION(continue_handler)
{
	shim_context frame;
	shim_get_context(L, frame);
	return lua_gettop(L) - (int)frame;
}

int shim_call_handler(lua_State *L, struct socket *socket, const struct op *op, const char *name, int code)
{
	shim_push_first_results(L, shim_methods[op->kind].failure);
	shim_push_handler(L, socket);
	lua_pushvalue(L, 1);
	lua_pushstring(L, name);
	lua_pushinteger(L, code);
	lua_pushinteger(L, shim_program_level(L, 1) + 2); /* behind the handler and the method */
	lua_callk(L, 4, LUA_MULTRET, op->count + 1, continue_handler);
	return shim_results(L, op);
}

/* The context is the top of the stack, and where the op lies: in a slot or on the stack. */
enum { ON_STACK = 2, PLACES = 3 };

static int continue_from(lua_State *L, shim_context context)
{
	struct socket *socket = lua_touserdata(L, 1); /* was checked before the wait */
	lua_settop(L, (int)(context / PLACES));
	int where = (int)(context % PLACES);
	struct op op = where == ON_STACK ? shim_pop_op(L) : shim_unpark(socket, where);
	return shim_go_on(L, socket, &op);
}

SHIM_CONTINUATION(continue_op)
{
	shim_context context;
	shim_get_context(L, context);
	return continue_from(L, context);
}

/* Leaves the method until the socket is ready or `left` seconds have passed (NaN: no limit). */
int shim_suspend(lua_State *L, struct socket *socket, const struct op *op, double left)
{
	int where = shim_park(socket, op, left);
	if (where < 0) {
		shim_push_op(L, op);
		where = ON_STACK;
	}
	shim_context context = lua_gettop(L) * PLACES + where;
	struct shim *shim = socket->object.shim;
	int custom = shim->custom_poll;
	if (custom != LUA_NOREF) {
		lua_rawgeti(L, LUA_REGISTRYINDEX, custom);
		lua_pushvalue(L, 1);
		if (!isnan(left))
			lua_pushnumber(L, left);
		lua_callk(L, isnan(left) ? 1 : 2, 0, context, continue_op);
		return continue_from(L, context);
	}
	struct task *task = shim->running->current;
	if (task && task->thread == L && !shim->custom_socket && SHIM_HANDS_OVER(L)) {
		/* It is the step that has resumed this coroutine: nobody in between has to see what it waits for. */
		shim->running->handed_kind = HANDED_SOCKET;
		shim->running->handed = socket;
		shim->running->seconds = left;
		return lua_yieldk(L, 0, context, continue_op);
	}
	lua_rawgeti(L, LUA_REGISTRYINDEX, shim->poll_ref);
	lua_pushvalue(L, 1);
	if (isnan(left))
		return lua_yieldk(L, 2, context, continue_op);
	lua_pushnumber(L, left);
	return lua_yieldk(L, 3, context, continue_op);
}

void shim_set_waiting(lua_State *L, const luaL_Reg *methods)
{
	shim_push_state(L);
	luaL_setfuncs(L, methods, 1);
}

void shim_make_iterator(lua_State *L)
{
	(void)L;
}

void shim_iterate(lua_State *L, int number)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	lua_pushcclosure(L, shim_iterators[number], 2);
}

int shim_delegate(lua_State *L, const char *name)
{
	shim_push_replacement(L, name);
	lua_insert(L, 1);
	return shim_call_through(L, lua_gettop(L) - 1);
}

void shim_wait_through(lua_State *L)
{
	(void)L;
}
#endif
