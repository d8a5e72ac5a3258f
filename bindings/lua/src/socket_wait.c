/* SPDX-License-Identifier: MIT
 *
 * How socket methods wait.
 *
 * Each method is an attempt that runs to its end, answers EAGAIN, or fails. What it has to remember
 * across a wait is a `struct op` and, on the Lua stack, its arguments and the results so far. When the
 * socket is ready the attempt is made again.
 *
 * In a task the wait is a yield. From 5.2 on, a C function goes on after it in a continuation, with its
 * stack as it was. In 5.1 and LuaJIT it returns a marker to a Lua function (`drive`, below), which
 * yields and calls `go_on`; if the stack is needed then, it travels along.
 *
 * The op is kept in the socket, which has room for one that reads and one that writes; should two
 * tasks read from one socket, the second one's lies on its stack.
 */
#include "shim.h"

enum { LEVEL = SHIM_CONTINUES ? 3 : 4 }; /* of the method's caller, seen from the error handler */

/* What kinds differ in: the name that error handlers get, the direction whose error sticks (or
 * neither), and what a failure returns first. */
static const struct {
	const char *name;
	shim_attempt *attempt;
	int side;
	int failure_is_false;
} kinds[] = {
	[READ] = { "read", shim_attempt_read, CQ_INPUT, 0 },
	[XREAD] = { "read", shim_attempt_read, CQ_INPUT, 0 },
	[LINES] = { "lines", shim_attempt_read, CQ_INPUT, 0 },
	[FILL] = { "fill", shim_attempt_fill, CQ_INPUT, 1 },
	[UNPACK] = { "unpack", shim_attempt_unpack, CQ_INPUT, 0 },
	[CONNECT] = { "connect", shim_attempt_establish, -1, 0 },
	[LISTEN] = { "listen", shim_attempt_establish, -1, 0 },
	[ACCEPT] = { "accept", shim_attempt_accept, -1, 0 },
	[WRITE] = { "flush", shim_attempt_write, CQ_OUTPUT, 0 },
	[XWRITE] = { "flush", shim_attempt_write, CQ_OUTPUT, 0 },
	[PACK] = { "flush", shim_attempt_write, CQ_OUTPUT, 1 },
	[FLUSH] = { "flush", shim_attempt_flush, CQ_OUTPUT, 1 },
};

/* -- Failures ------------------------------------------------------------------------------ */

/* Pushes what stands in front of an error: the peer, or "socket". */
static const char *push_peer(lua_State *L, const struct socket *socket)
{
	cq_name name;
	if (!socket->so || cq_socket_peername(socket->so, &name) || name.family == AF_UNSPEC)
		return lua_pushliteral(L, "socket"), lua_tostring(L, -1);
	if (name.family == AF_UNIX)
		return lua_pushfstring(L, "[unix:%s]", name.size ? name.text : "unnamed");
	return lua_pushfstring(L, "[%s.%d]", name.text, name.port);
}

/* Returns EPIPE and ETIMEDOUT, throws the rest; `level` counts from the handler, as for error(). */
static int default_onerror(lua_State *L, struct socket *socket, const char *method, int code, int level)
{
	if (code == EPIPE || code == ETIMEDOUT)
		return code;
	luaL_where(L, level - 1);
	const char *peer = push_peer(L, socket);
	lua_pushfstring(L, "%s:%s: %s", peer, method, cq_strerror(code));
	lua_remove(L, -2);
	lua_concat(L, 2);
	return lua_error(L);
}

int shim_default_onerror(lua_State *L)
{
	struct socket *socket = shim_test(L, 1, shim_socket_tag);
	luaL_argcheck(L, socket, 1, "socket expected");
	const char *method = luaL_checkstring(L, 2);
	int code = (int)luaL_checkinteger(L, 3), level = (int)luaL_optinteger(L, 4, LEVEL);
	lua_pushinteger(L, default_onerror(L, socket, method, code, level));
	return 1;
}

/* The results of the error handler lie behind those of the method. */
static int after_handler(lua_State *L, int frame)
{
	return lua_gettop(L) - frame;
}

#if SHIM_CONTINUES
SHIM_CONTINUATION(continue_handler)
{
	shim_context frame;
	shim_get_context(L, frame);
	return after_handler(L, (int)frame);
}
#endif

/* Asks the error handler; returns nil or false and what it answers. */
static int fail(lua_State *L, struct socket *socket, struct op *op, const char *name, int side, int code)
{
	struct shim *shim = socket->object.shim;
	int frame = op->count + 1;
	if (side >= 0) {
		socket->error[side] = code;
		if (socket->errors[side]++ > socket->maxerrs[side])
			return shim_error(L, "exceeded unchecked error limit (%s)", cq_strerror(code));
	}
	if (kinds[op->kind].failure_is_false)
		lua_pushboolean(L, 0);
	else
		lua_pushnil(L);
	int handler = socket->onerror != LUA_NOREF ? socket->onerror : shim->defaults.onerror;
	if (handler == LUA_NOREF) {
		lua_pushinteger(L, default_onerror(L, socket, name, code, LEVEL - 1));
		return after_handler(L, frame);
	}
	luaL_checkstack(L, 6, "too many results");
	lua_rawgeti(L, LUA_REGISTRYINDEX, handler);
	lua_pushvalue(L, 1);
	lua_pushstring(L, name);
	lua_pushinteger(L, code);
	lua_pushinteger(L, LEVEL);
#if SHIM_CONTINUES
	lua_callk(L, 4, LUA_MULTRET, frame, continue_handler);
#else
	lua_call(L, 4, LUA_MULTRET);
#endif
	return after_handler(L, frame);
}

/* -- Waiting ------------------------------------------------------------------------------- */

static int go(lua_State *L, struct socket *socket, struct op *op, int first);

/* The place for an op in its socket, -1 if it is taken. */
static int park(struct socket *socket, const struct op *op)
{
	int slot = op->kind >= WRITE;
	if (socket->is_parked[slot])
		return -1;
	socket->is_parked[slot] = 1;
	socket->parked[slot] = *op;
	return slot;
}

static struct op unpark(struct socket *socket, int slot)
{
	socket->is_parked[slot] = 0;
	return socket->parked[slot];
}

/* The op as a string on top of the stack. */
static void push_op(lua_State *L, const struct op *op)
{
	luaL_checkstack(L, 8, "too many arguments");
	lua_pushlstring(L, (const char *)op, sizeof *op);
}

static struct op pop_op(lua_State *L)
{
	struct op op;
	memcpy(&op, lua_tostring(L, -1), sizeof op);
	lua_pop(L, 1);
	return op;
}

static int go_on_with(lua_State *L, struct socket *socket, struct op *op)
{
	if (!socket->so)
		return shim_error(L, "%s", "socket closed");
	return go(L, socket, op, 0);
}

#if SHIM_CONTINUES
/* The context is the top of the stack, and where the op lies: in a slot or on the stack. */
enum { ON_STACK = 1, SLOTS = 3 };

SHIM_CONTINUATION(continue_op)
{
	shim_context context;
	shim_get_context(L, context);
	struct socket *socket = lua_touserdata(L, 1); /* was checked before the wait */
	lua_settop(L, (int)(context / SLOTS));
	int where = (int)(context % SLOTS);
	struct op op = where == 2 ? pop_op(L) : unpark(socket, where);
	return go_on_with(L, socket, &op);
}

/* Leaves the method until the socket is ready or `left` seconds have passed (NaN: no limit). */
static int suspend(lua_State *L, struct socket *socket, const struct op *op, double left)
{
	int where = park(socket, op);
	if (where < 0) {
		push_op(L, op);
		where = 2;
	}
	shim_context context = lua_gettop(L) * SLOTS + where;
	lua_rawgeti(L, LUA_REGISTRYINDEX, socket->object.shim->poll_ref);
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
#else
/* A method returns WAIT, the timeout and the op's slot; or FRAME, the timeout and its stack. */
static const char driver[] =
    "local WAIT, FRAME, POLL, yield, go_on, go_on_frame = ...\n"
    "local function park_frame(_, timeout, socket, ...)\n"
    "	yield(POLL, socket, timeout)\n"
    "	return socket, ...\n"
    "end\n"
    "local function drive(socket, ...)\n"
    "	local mark, timeout, slot = ...\n"
    "	if mark == WAIT then\n"
    "		yield(POLL, socket, timeout)\n"
    "		return drive(socket, go_on(socket, slot))\n"
    "	elseif mark == FRAME then\n"
    "		return drive(socket, go_on_frame(park_frame(...)))\n"
    "	end\n"
    "	return ...\n"
    "end\n"
    "return function(f, socket)\n"
    "	if socket then return function() return drive(socket, f()) end end\n"
    "	return function(socket, ...) return drive(socket, f(socket, ...)) end\n"
    "end\n";

#define SHIM_WAIT "cqueues.wait"
#define SHIM_FRAME "cqueues.frame"
#define SHIM_DRIVE "cqueues.drive"

/* go_on(socket, slot) */
static int go_on(lua_State *L)
{
	struct socket *socket = lua_touserdata(L, 1); /* was checked before the wait */
	struct op op = unpark(socket, (int)lua_tointeger(L, 2));
	lua_settop(L, 1);
	if (op.count)
		lua_pushnil(L); /* in the place of the format, which the op knows */
	return go_on_with(L, socket, &op);
}

/* go_on_frame(socket, ..., op) */
static int go_on_frame(lua_State *L)
{
	struct op op = pop_op(L);
	return go_on_with(L, lua_touserdata(L, 1), &op);
}

static void push_left(lua_State *L, double left)
{
	if (isnan(left))
		lua_pushnil(L);
	else
		lua_pushnumber(L, left);
}

static int suspend(lua_State *L, struct socket *socket, const struct op *op, double left)
{
	int knows_its_arguments = op->count == 0 || (op->count == 1 && op->kind <= LINES && !op->format.boundary);
	int slot = knows_its_arguments ? park(socket, op) : -1;
	if (slot >= 0) {
		lua_rawgeti(L, LUA_REGISTRYINDEX, socket->object.shim->wait_ref);
		push_left(L, left);
		lua_pushinteger(L, slot);
		return 3;
	}
	push_op(L, op);
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_FRAME);
	lua_insert(L, 1);
	push_left(L, left);
	lua_insert(L, 2);
	return lua_gettop(L);
}

/* Pushes the function that makes waiting methods. */
static void push_driver(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_DRIVE);
	if (!lua_isnil(L, -1))
		return;
	lua_pop(L, 1);
	if (luaL_loadbuffer(L, driver, sizeof driver - 1, "=cqueues.socket"))
		lua_error(L);
	lua_newuserdata(L, 1);
	lua_pushvalue(L, -1);
	shim_state(L)->wait_ref = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_newuserdata(L, 1);
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_FRAME);
	shim_push_poll(L);
	lua_getglobal(L, "coroutine");
	lua_getfield(L, -1, "yield");
	lua_remove(L, -2);
	shim_push_state(L);
	lua_pushcclosure(L, go_on, 1);
	shim_push_state(L);
	lua_pushcclosure(L, go_on_frame, 1);
	lua_call(L, 6, 1);
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_DRIVE);
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
#endif

/* Attempts the op until it is done; waits in between. */
static int go(lua_State *L, struct socket *socket, struct op *op, int first)
{
	int side = kinds[op->kind].side;
	for (;;) {
		int code = kinds[op->kind].attempt(L, socket, op, first);
		if (code == 0)
			return lua_gettop(L) - (op->count + 1);
		if (code != EAGAIN)
			return fail(L, socket, op, op->stuck ? "write" : kinds[op->kind].name, side, code);
		double left = NAN;
		if (!isnan(op->timeout) || !isnan(op->deadline)) {
			double now = cq_monotime();
			if (isnan(op->deadline))
				op->deadline = now + op->timeout;
			else if (op->deadline <= now)
				return fail(L, socket, op, kinds[op->kind].name, side, ETIMEDOUT);
			left = fmax(op->deadline - now, 0);
		}
		if (socket->object.shim->running)
			return suspend(L, socket, op, left);
		cq_interest wait = CQ_INTEREST_NONE;
		wait.socket = socket->so;
		wait.timeout = left;
		if ((code = cq_poll(&wait, 1, NULL)))
			return fail(L, socket, op, kinds[op->kind].name, side, code);
		first = 0;
	}
}

int shim_go(lua_State *L, struct socket *socket, struct op *op)
{
	if (isnan(op->timeout))
		op->timeout = socket->timeout;
	return go(L, socket, op, 1);
}
