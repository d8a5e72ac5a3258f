/* SPDX-License-Identifier: MIT
 *
 * How a socket method waits in Lua 5.1 and LuaJIT: it answers a marker to a Lua function, which yields.
 */
#include "controller.h"
#include "socket_wait.h"

#if !SHIM_CONTINUES
/* What a method returns to `settle`: a result, or one of these and up to two values, the first of which is never nil. */
enum { WAIT, FRAME, MANY, NONE, FAIL, TEXT, CALL };

/* Moves the values above `frame` into a table: { ... }, its size. */
static void push_table(lua_State *L, int frame)
{
	int count = lua_gettop(L) - frame;
	lua_createtable(L, count, 0);
	lua_insert(L, frame + 1);
	for (int i = count; i > 0; i--)
		lua_rawseti(L, frame + 1, i);
	lua_pushinteger(L, count);
}

static void push_mark(lua_State *L, struct shim *shim, int mark)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, shim->marks[mark]);
}

/* The results are what lies above the socket and its arguments: one as it is, more in a table. */
int shim_results(lua_State *L, const struct op *op)
{
	struct shim *shim = ((struct object *)lua_touserdata(L, 1))->shim;
	int frame = op->count + 1, count = lua_gettop(L) - frame;
	if (count == 1)
		return 1;
	if (count == 0) {
		push_mark(L, shim, NONE);
		lua_pushboolean(L, 1);
		return 2;
	}
	push_table(L, frame);
	push_mark(L, shim, MANY);
	lua_insert(L, -3);
	return 3;
}

int shim_call_handler(lua_State *L, struct socket *socket, const struct op *op, const char *name, int code)
{
	/* `settle` calls it, so that it may wait. What was read so far comes before its answer. */
	int before = lua_gettop(L) > op->count + 1;
	if (before)
		push_table(L, op->count + 1);
	push_mark(L, socket->object.shim, FAIL);
	lua_pushinteger(L, shim_methods[op->kind].failure);
	lua_createtable(L, 4, before ? 2 : 0);
	if (before) {
		lua_pushvalue(L, op->count + 2);
		lua_setfield(L, -2, "before");
		lua_pushvalue(L, op->count + 3);
		lua_setfield(L, -2, "count");
	}
	shim_push_handler(L, socket);
	lua_rawseti(L, -2, 1);
	lua_pushstring(L, name);
	lua_rawseti(L, -2, 2);
	lua_pushinteger(L, code);
	lua_rawseti(L, -2, 3);
	lua_pushinteger(L, socket->object.shim->is_jit ? 3 : 5); /* tail calls count in 5.1 */
	lua_rawseti(L, -2, 4);
	return 3;
}

/* The Lua functions. `settle` is small, and what is rare stands beside it, since a frame that is large makes the stack of each coroutine
 * that waits grow.
 *
 * WAIT comes with the op's slot and the timeout, FRAME with the stack in a table and the timeout,
 * MANY with the results in a table and their number; FAIL with what comes before the answer of an error handler, and the
 * handler with its arguments; TEXT with the stack and an object to be written; CALL with a function and its arguments.
 * What is called here may wait.
 *
 * LuaJIT is not to compile iterators. Of most each has a function f of its own, for each of which a trace would be made. Of those whose
 * f is shared, a line of 16 on the way took a sixth more instructions. */
static const char driver[] =
    "local WAIT, FRAME, MANY, NONE, FAIL, TEXT, CALL, park, unpack, go_on, go_on_frame = ...\n"
    "local getmetatable, tostring, type, rawget = debug and debug.getmetatable or getmetatable, tostring, type, rawget\n"
    "local function text(value)\n"
    "	local metatable = getmetatable(value)\n"
    "	local method = type(metatable) == 'table' and rawget(metatable, '__tostring')\n"
    "	if method then return method(value) end\n"
    "	return tostring(value)\n"
    "end\n"
    "local function failed(first, ...)\n"
    "	if first == 0 then return nil, ... end\n"
    "	if first == 1 then return false, ... end\n"
    "	return nil, nil, ...\n"
    "end\n"
    "local function behind(list, i, ...)\n"
    "	if i == 0 then return ... end\n"
    "	return behind(list, i - 1, list[i], ...)\n"
    "end\n"
    "local function go_far(socket, a, b, c)\n"
    "	while b ~= nil do\n"
    "		if a == WAIT then\n"
    "			park(socket, c)\n"
    "			a, b, c = go_on(socket, b)\n"
    "		elseif a == FRAME then\n"
    "			park(socket, c)\n"
    "			a, b, c = go_on_frame(socket, b)\n"
    "		elseif a == MANY then\n"
    "			return unpack(b, 1, c)\n"
    "		elseif a == NONE then\n"
    "			return\n"
    "		elseif a == FAIL then\n"
    "			if c.before then return behind(c.before, c.count, failed(b, c[1](socket, c[2], c[3], c[4]))) end\n"
    "			return failed(b, c[1](socket, c[2], c[3], c[4]))\n"
    "		elseif a == TEXT then\n"
    "			a, b, c = go_on_frame(socket, b, text(c))\n"
    "		elseif a == CALL then\n"
    "			return b(unpack(c, 1, c.n))\n"
    "		end\n"
    "	end\n"
    "	return a\n"
    "end\n"
    "local function settle(socket, a, b, c)\n"
    "	while a == WAIT do\n"
    "		park(socket, c)\n"
    "		a, b, c = go_on(socket, b)\n"
    "	end\n"
    "	if b == nil then return a end\n"
    "	return go_far(socket, a, b, c)\n"
    "end\n"
    "local function iterator(f, socket)\n"
    "	return function() return settle(socket, f()) end\n"
    "end\n"
    "local function iterators(f)\n"
    "	return function(socket)\n"
    "		return function() return settle(socket, f(socket)) end\n"
    "	end\n"
    "end\n"
    "if jit then jit.off(iterator, true) jit.off(iterators, true) end\n"
    "return function(f, socket)\n"
    "	if socket then return iterator(f, socket) end\n"
    "	return function(socket, ...)\n"
    "		local a, b, c = f(socket, ...)\n"
    "		if b == nil then return a end\n"
    "		return settle(socket, a, b, c)\n"
    "	end\n"
    "end, function(poll) park = poll end, iterators\n";

#define SHIM_DRIVER "cqueues.driver"
#define SHIM_ITERATORS "cqueues.iterators" /* what makes a function that makes iterators */
#define SHIM_WAITS "cqueues.waits" /* a function that has sockets wait through another one */

/* park(socket, seconds): leaves the task until the socket is ready or the time has passed. What it returns says nothing: somebody
 * may have resumed the task by hand. */
static int park(lua_State *L)
{
	struct socket *socket = lua_touserdata(L, 1); /* was checked before */
	struct shim *shim = socket->object.shim;
	struct controller *running = shim->custom_socket || !socket->so ? NULL : shim_stepped(L, shim);
	if (!running) {
		lua_rawgeti(L, LUA_REGISTRYINDEX, shim->poll_ref);
		lua_insert(L, 1);
		return lua_yield(L, lua_gettop(L));
	}
	running->handed_kind = HANDED_SOCKET;
	running->handed = socket;
	running->seconds = lua_isnil(L, 2) ? NAN : lua_tonumber(L, 2);
	return shim_leave(L, shim);
}

/* go_on(socket, slot) */
static int go_on(lua_State *L)
{
	struct socket *socket = lua_touserdata(L, 1); /* was checked before the wait */
	struct op op = shim_unpark(socket, (int)lua_tointeger(L, 2));
	lua_settop(L, 1);
	if (op.count)
		lua_pushnil(L); /* in the place of the format, which the op knows */
	return shim_go_on(L, socket, &op);
}

/* go_on_frame(socket, { [0] = count, ..., op }[, text]) */
static int go_on_frame(lua_State *L)
{
	size_t size = 0;
	const char *text = lua_gettop(L) > 2 ? lua_tolstring(L, 3, &size) : NULL;
	if (lua_gettop(L) > 2 && !text)
		return shim_error(L, "'tostring' must return a string to '%s'", "write");
	lua_rawgeti(L, 2, 0);
	int count = (int)lua_tointeger(L, -1);
	lua_pop(L, 1);
	luaL_checkstack(L, count, "too many arguments");
	int with_text = lua_gettop(L) > 2;
	for (int i = 1; i <= count; i++)
		lua_rawgeti(L, 2, i);
	struct op op = shim_pop_op(L);
	if (with_text) {
		lua_pushvalue(L, 3);
		lua_replace(L, 3 + op.next + 1);
		lua_remove(L, 3);
	}
	lua_remove(L, 2);
	return shim_go_on(L, lua_touserdata(L, 1), &op);
}

/* Moves the stack above the socket into a table, at 2. */
static void push_frame(lua_State *L, const struct op *op)
{
	shim_push_op(L, op);
	push_table(L, 1);
	lua_rawseti(L, 2, 0); /* how many, since some may be nil */
}

int shim_suspend(lua_State *L, struct socket *socket, const struct op *op, double left)
{
	int knows_its_arguments = op->count == 0 || (op->count == 1 && op->kind <= LINES && !op->format.boundary);
	int slot = knows_its_arguments ? shim_park(socket, op, left) : -1;
	if (slot >= 0) {
		push_mark(L, socket->object.shim, WAIT);
		lua_pushinteger(L, slot);
		shim_push_seconds(L, left);
		return 3;
	}
	push_frame(L, op);
	push_mark(L, socket->object.shim, FRAME);
	lua_pushvalue(L, 2);
	shim_push_seconds(L, left);
	return 3;
}

/* Has `settle` make a string of the argument that is to be written next. */
int shim_convert(lua_State *L, struct socket *socket, const struct op *op)
{
	push_frame(L, op);
	push_mark(L, socket->object.shim, TEXT);
	lua_pushvalue(L, 2);
	lua_rawgeti(L, 2, op->next + 1);
	return 3;
}

/* Whether a yield from the running function would reach a resume: every function between was called by Lua code, and not
 * by C, a metamethod or a `for`, whose calls have no name. */
int shim_can_yield(lua_State *L)
{
	lua_Debug info;
	int is_named = 1;
	if (shim_state(L)->is_jit)
		return 1;
	for (int level = 1; lua_getstack(L, level, &info); level++) {
		lua_getinfo(L, "nS", &info);
		if (*info.what == 'C' || !is_named)
			return 0;
		is_named = *info.namewhat || *info.what == 't';
	}
	return 1;
}

int shim_delegate(lua_State *L, const char *name)
{
	push_table(L, 0);
	lua_setfield(L, 1, "n");
	push_mark(L, shim_state(L), CALL);
	shim_push_replacement(L, name);
	lua_pushvalue(L, 1);
	return 3;
}

/* Pushes the function that makes waiting methods. */
static void push_driver(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_DRIVER);
	if (!lua_isnil(L, -1))
		return;
	lua_pop(L, 1);
	struct shim *shim = shim_state(L);
	if (luaL_loadbuffer(L, driver, sizeof driver - 1, "=cqueues.socket"))
		lua_error(L);
	lua_getglobal(L, "jit");
	shim->is_jit = !lua_isnil(L, -1);
	lua_pop(L, 1);
	for (int mark = WAIT; mark <= CALL; mark++) {
		lua_newuserdata(L, 1);
		lua_pushvalue(L, -1);
		shim->marks[mark] = luaL_ref(L, LUA_REGISTRYINDEX);
	}
	shim_push_state(L);
	lua_pushcclosure(L, park, 1);
	lua_getglobal(L, "unpack");
	shim_push_state(L);
	lua_pushcclosure(L, go_on, 1);
	shim_push_state(L);
	lua_pushcclosure(L, go_on_frame, 1);
	lua_call(L, 11, 3);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_ITERATORS);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_WAITS);
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_DRIVER);
}

void shim_set_waiting(lua_State *L, const luaL_Reg *methods)
{
	push_driver(L);
	for (; methods->name; methods++) {
		lua_pushvalue(L, -1);
		shim_push_state(L);
		lua_pushcclosure(L, methods->func, 1);
		lua_call(L, 1, 1);
		lua_setfield(L, -3, methods->name);
	}
	lua_pop(L, 1);
}

void shim_make_iterator(lua_State *L)
{
	push_driver(L);
	lua_insert(L, -2);
	lua_getupvalue(L, -1, 2);
	lua_call(L, 2, 1);
}

void shim_iterate(lua_State *L, int number)
{
	struct shim *shim = shim_self(L);
	if (!shim->iterators[number]) {
		lua_getfield(L, LUA_REGISTRYINDEX, SHIM_ITERATORS);
		shim_push_state(L);
		lua_pushcclosure(L, shim_iterators[number], 1);
		lua_call(L, 1, 1);
		shim->iterators[number] = luaL_ref(L, LUA_REGISTRYINDEX);
	}
	lua_rawgeti(L, LUA_REGISTRYINDEX, shim->iterators[number]);
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
}

void shim_wait_through(lua_State *L)
{
	push_driver(L);
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_WAITS);
	lua_pushvalue(L, 1);
	lua_call(L, 1, 0);
	lua_pop(L, 1);
}
#endif
