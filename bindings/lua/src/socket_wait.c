/* SPDX-License-Identifier: MIT
 *
 * How socket methods wait.
 *
 * Each method is an attempt that runs to its end, answers EAGAIN, or fails. What it has to remember
 * across a wait is a `struct op` and, on the Lua stack, its arguments and the results so far. When the
 * socket is ready the attempt is made again.
 *
 * In a task the wait is a yield. From 5.2 on, a C function goes on after it in a continuation, with its
 * stack as it was. In 5.1 and LuaJIT it returns a marker to a Lua function (`settle`, below), which
 * yields and calls `go_on`; if the stack is needed then, it lies in a table.
 *
 * The op is kept in the socket, which has room for one that reads and one that writes; should two
 * tasks read from one socket, the second one's lies on its stack.
 */
#include "shim.h"

/* What kinds differ in: the name that error handlers get, the direction whose error sticks (or
 * neither), and what a failure returns first. */
static const struct {
	const char *name;
	shim_attempt *attempt;
	int side;
	enum { NIL, FALSE, NIL_NIL } failure;
} kinds[] = {
	[READ] = { "read", shim_attempt_read, CQ_INPUT, NIL },
	[XREAD] = { "read", shim_attempt_read, CQ_INPUT, NIL },
	[LINES] = { "lines", shim_attempt_read, CQ_INPUT, NIL },
	[FILL] = { "fill", shim_attempt_fill, CQ_INPUT, FALSE },
	[UNPACK] = { "unpack", shim_attempt_unpack, CQ_INPUT, NIL },
	[CONNECT] = { "connect", shim_attempt_establish, -1, NIL },
	[LISTEN] = { "listen", shim_attempt_establish, -1, NIL },
	[ACCEPT] = { "accept", shim_attempt_accept, -1, NIL },
	[RECVFD] = { "recvfd", shim_attempt_recvfd, CQ_INPUT, NIL_NIL },
	[RECVFROM] = { "recvfrom", shim_attempt_recvfrom, CQ_INPUT, NIL },
	[STARTTLS] = { "starttls", shim_attempt_starttls, -1, NIL },
	[WRITE] = { "flush", shim_attempt_write, CQ_OUTPUT, NIL },
	[XWRITE] = { "flush", shim_attempt_write, CQ_OUTPUT, NIL },
	[PACK] = { "flush", shim_attempt_write, CQ_OUTPUT, FALSE },
	[FLUSH] = { "flush", shim_attempt_flush, CQ_OUTPUT, FALSE },
	[SENDFD] = { "sendfd", shim_attempt_sendfd, CQ_OUTPUT, FALSE },
	[SENDTO] = { "sendto", shim_attempt_sendto, CQ_OUTPUT, FALSE },
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

/* Returns EPIPE and ETIMEDOUT, throws the rest; `level` counts from the handler, as for error(), 0 stands for the caller
 * of the method that runs. */
static int default_onerror(lua_State *L, struct socket *socket, const char *method, int code, int level)
{
	if (code == EPIPE || code == ETIMEDOUT)
		return code;
	char reason[512];
	if (!socket->so || cq_socket_reason(socket->so, reason, sizeof reason))
		*reason = 0;
	/* An error of the system is told as ever, unless it was met on the way from a name to a connection. */
	if (code >= 0 && (strstr(reason, ", peer ") || strcmp(cq_socket_phase(socket->so), "failed")))
		*reason = 0;
	if (level)
		luaL_where(L, level - 1);
	else
		shim_push_where(L);
	const char *peer = push_peer(L, socket);
	lua_pushfstring(L, "%s:%s: %s", peer, method, *reason ? reason : cq_strerror(code));
	lua_remove(L, -2);
	lua_concat(L, 2);
	return lua_error(L);
}

int shim_default_onerror(lua_State *L)
{
	struct socket *socket = shim_test(L, 1, shim_socket_tag);
	luaL_argcheck(L, socket, 1, "socket expected");
	const char *method = luaL_checkstring(L, 2);
	int code = (int)luaL_checkinteger(L, 3), level = (int)luaL_optinteger(L, 4, 0);
	lua_pushinteger(L, default_onerror(L, socket, method, code, level));
	return 1;
}

#if SHIM_CONTINUES
/* The results are what lies above the socket and its arguments. */
static int results(lua_State *L, const struct op *op)
{
	return lua_gettop(L) - (op->count + 1);
}

/* Those of the error handler lie behind those of the method. */
SHIM_CONTINUATION(continue_handler)
{
	shim_context frame;
	shim_get_context(L, frame);
	return lua_gettop(L) - (int)frame;
}
#else
/* What a method returns to `settle`: a result, or one of these and up to two values. */
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
static int results(lua_State *L, const struct op *op)
{
	struct shim *shim = ((struct object *)lua_touserdata(L, 1))->shim;
	int frame = op->count + 1, count = lua_gettop(L) - frame;
	if (count == 1)
		return 1;
	if (count == 0) {
		push_mark(L, shim, NONE);
		return 1;
	}
	push_table(L, frame);
	push_mark(L, shim, MANY);
	lua_insert(L, -3);
	return 3;
}
#endif

/* Pushes the error handler: what `onerror` tells if that method was replaced. */
static void push_handler(lua_State *L, struct socket *socket)
{
	if (socket->object.shim->replaced & ONERROR) {
		lua_getfield(L, 1, "onerror");
		lua_pushvalue(L, 1);
		lua_call(L, 1, 1);
	} else {
		lua_rawgeti(L, LUA_REGISTRYINDEX, socket->onerror);
	}
}

/* Pushes what comes before the answer of the error handler. */
static void push_first_results(lua_State *L, int failure)
{
	if (failure == FALSE)
		lua_pushboolean(L, 0);
	else
		lua_pushnil(L);
	if (failure == NIL_NIL)
		lua_pushnil(L);
}

/* For errno.strerror. */
static void keep_tls_reason(lua_State *L, const struct socket *socket)
{
	char reason[512];
	if (cq_socket_reason(socket->so, reason, sizeof reason) || !*reason)
		return;
	lua_pushstring(L, reason);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_TLS_REASON);
}

/* Asks the error handler; returns nil or false and what it answers. */
static int fail(lua_State *L, struct socket *socket, struct op *op, const char *name, int side, int code)
{
	int failure = kinds[op->kind].failure;
	if (code == CQ_ETLS || code == CQ_ENOTVERIFIED)
		keep_tls_reason(L, socket);
	if (side >= 0) {
		socket->error[side] = code;
		if (socket->errors[side]++ > socket->maxerrs[side])
			return shim_error(L, "exceeded unchecked error limit (%s)", cq_strerror(code));
	}
	luaL_checkstack(L, 8, "too many results");
	if (socket->onerror == LUA_NOREF && !(socket->object.shim->replaced & ONERROR)) {
		push_first_results(L, failure);
		lua_pushinteger(L, default_onerror(L, socket, name, code, 0));
		return results(L, op);
	}
#if SHIM_CONTINUES
	push_first_results(L, failure);
	push_handler(L, socket);
	lua_pushvalue(L, 1);
	lua_pushstring(L, name);
	lua_pushinteger(L, code);
	lua_pushinteger(L, 3); /* the level of the method's caller */
	lua_callk(L, 4, LUA_MULTRET, op->count + 1, continue_handler);
	return results(L, op);
#else
	/* `settle` calls it, so that it may wait. */
	push_mark(L, socket->object.shim, FAIL);
	lua_pushinteger(L, failure);
	lua_createtable(L, 4, 0);
	push_handler(L, socket);
	lua_rawseti(L, -2, 1);
	lua_pushstring(L, name);
	lua_rawseti(L, -2, 2);
	lua_pushinteger(L, code);
	lua_rawseti(L, -2, 3);
	lua_pushinteger(L, socket->object.shim->is_jit ? 3 : 4); /* a tail call counts in 5.1 */
	lua_rawseti(L, -2, 4);
	return 3;
#endif
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

/* The op as a value on top of the stack. */
static void push_op(lua_State *L, const struct op *op)
{
	luaL_checkstack(L, 8, "too many arguments");
	*(struct op *)lua_newuserdata(L, sizeof *op) = *op;
}

static struct op pop_op(lua_State *L)
{
	struct op op = *(struct op *)lua_touserdata(L, -1);
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
enum { ON_STACK = 2, PLACES = 3 };

static int continue_from(lua_State *L, shim_context context)
{
	struct socket *socket = lua_touserdata(L, 1); /* was checked before the wait */
	lua_settop(L, (int)(context / PLACES));
	int where = (int)(context % PLACES);
	struct op op = where == ON_STACK ? pop_op(L) : unpark(socket, where);
	return go_on_with(L, socket, &op);
}

SHIM_CONTINUATION(continue_op)
{
	shim_context context;
	shim_get_context(L, context);
	return continue_from(L, context);
}

/* Leaves the method until the socket is ready or `left` seconds have passed (NaN: no limit). */
static int suspend(lua_State *L, struct socket *socket, const struct op *op, double left)
{
	int where = park(socket, op);
	if (where < 0) {
		push_op(L, op);
		where = ON_STACK;
	}
	shim_context context = lua_gettop(L) * PLACES + where;
	int custom = socket->object.shim->custom_poll;
	if (custom != LUA_NOREF) {
		lua_rawgeti(L, LUA_REGISTRYINDEX, custom);
		lua_pushvalue(L, 1);
		if (!isnan(left))
			lua_pushnumber(L, left);
		lua_callk(L, isnan(left) ? 1 : 2, 0, context, continue_op);
		return continue_from(L, context);
	}
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

SHIM_CONTINUATION(continue_delegate)
{
	shim_context unused;
	shim_get_context(L, unused);
	(void)unused;
	return lua_gettop(L);
}

int shim_delegate(lua_State *L, const char *name)
{
	shim_push_replacement(L, name);
	lua_insert(L, 1);
	lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, continue_delegate);
	return lua_gettop(L);
}
#else
/* WAIT comes with the timeout and the op's slot, FRAME with the timeout and the stack in a table,
 * MANY with the results in a table and their number; FAIL with what comes before the answer of an error handler, and the
 * handler with its arguments; TEXT with an object to be written and the stack; CALL with a function and its arguments.
 * What is called here may wait.
 *
 * LuaJIT can compile these functions, but each call into C ends a trace and begins another, which
 * costs a seventh more instructions for a line echoed than interpreting them. */
static const char driver[] =
    "if jit then jit.off(true, true) end\n"
    "local WAIT, FRAME, MANY, NONE, FAIL, TEXT, CALL, POLL, waits, yield, unpack, go_on, go_on_frame = ...\n"
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
    "local function settle(socket, a, b, c)\n"
    "	while true do\n"
    "		if a == WAIT then\n"
    "			if waits.poll then waits.poll(socket, b) else yield(POLL, socket, b) end\n"
    "			a, b, c = go_on(socket, c)\n"
    "		elseif a == FRAME then\n"
    "			if waits.poll then waits.poll(socket, b) else yield(POLL, socket, b) end\n"
    "			a, b, c = go_on_frame(socket, c)\n"
    "		elseif a == MANY then\n"
    "			return unpack(b, 1, c)\n"
    "		elseif a == NONE then\n"
    "			return\n"
    "		elseif a == FAIL then\n"
    "			return failed(b, c[1](socket, c[2], c[3], c[4]))\n"
    "		elseif a == TEXT then\n"
    "			a, b, c = go_on_frame(socket, c, text(b))\n"
    "		elseif a == CALL then\n"
    "			return b(unpack(c, 1, c.n))\n"
    "		else\n"
    "			return a\n"
    "		end\n"
    "	end\n"
    "end\n"
    "return function(f, socket)\n"
    "	if socket then return function() return settle(socket, f()) end end\n"
    "	return function(socket, ...)\n"
    "		local a, b, c = f(socket, ...)\n"
    "		if a == socket then return a end\n"
    "		return settle(socket, a, b, c)\n"
    "	end\n"
    "end\n";

#define SHIM_DRIVER "cqueues.driver"
#define SHIM_WAITS "cqueues.waits" /* a table: poll, the function that sockets wait through, if it is another one */

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
	struct op op = pop_op(L);
	if (with_text) {
		lua_pushvalue(L, 3);
		lua_replace(L, 3 + op.next + 1);
		lua_remove(L, 3);
	}
	lua_remove(L, 2);
	return go_on_with(L, lua_touserdata(L, 1), &op);
}

static void push_left(lua_State *L, double left)
{
	if (isnan(left))
		lua_pushnil(L);
	else
		lua_pushnumber(L, left);
}

/* Moves the stack above the socket into a table, at 2. */
static void push_frame(lua_State *L, const struct op *op)
{
	push_op(L, op);
	push_table(L, 1);
	lua_rawseti(L, 2, 0); /* how many, since some may be nil */
}

static int suspend(lua_State *L, struct socket *socket, const struct op *op, double left)
{
	int knows_its_arguments = op->count == 0 || (op->count == 1 && op->kind <= LINES && !op->format.boundary);
	int slot = knows_its_arguments ? park(socket, op) : -1;
	if (slot >= 0) {
		push_mark(L, socket->object.shim, WAIT);
		push_left(L, left);
		lua_pushinteger(L, slot);
		return 3;
	}
	push_frame(L, op);
	push_mark(L, socket->object.shim, FRAME);
	push_left(L, left);
	lua_pushvalue(L, 2);
	return 3;
}

/* Has `settle` make a string of the argument that is to be written next. */
static int convert(lua_State *L, struct socket *socket, const struct op *op)
{
	push_frame(L, op);
	push_mark(L, socket->object.shim, TEXT);
	lua_rawgeti(L, 2, op->next + 1);
	lua_pushvalue(L, 2);
	return 3;
}

/* Whether a yield from the running function would reach a resume: every function between was called by Lua code, and not
 * by C, a metamethod or a `for`, whose calls have no name. */
static int can_yield(lua_State *L)
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
	shim_push_poll(L);
	lua_newtable(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_WAITS);
	lua_getglobal(L, "coroutine");
	lua_getfield(L, -1, "yield");
	lua_remove(L, -2);
	lua_getglobal(L, "unpack");
	shim_push_state(L);
	lua_pushcclosure(L, go_on, 1);
	shim_push_state(L);
	lua_pushcclosure(L, go_on_frame, 1);
	lua_call(L, 13, 1);
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
#endif

/* Attempts the op until it is done; waits in between. */
static int go(lua_State *L, struct socket *socket, struct op *op, int first)
{
	struct shim *shim = socket->object.shim;
	int side = kinds[op->kind].side;
	for (;;) {
		int code = kinds[op->kind].attempt(L, socket, op, first);
		if (code == 0)
			return results(L, op);
		if (!socket->so) /* closed in the middle of the attempt, by Lua code that ran there */
			return shim_error(L, "%s", "socket closed");
#if !SHIM_CONTINUES
		if (code == SHIM_WANTS_TEXT)
			return convert(L, socket, op);
		if (code == EAGAIN && first && !cq_socket_events(socket->so) && !can_yield(L)) {
			first = 0; /* it was to give way to others, which is impossible here */
			continue;
		}
#endif
		if (code != EAGAIN)
			return fail(L, socket, op, op->stuck ? "write" : kinds[op->kind].name, side, code);
		double left = NAN;
		if (!isnan(op->timeout) || !isnan(op->deadline)) {
			double now = cq_monotime();
			if (op->timeout == SHIM_NO_NUMBER)
				return shim_error(L, "%s", "the timeout is no number");
			if (isnan(op->deadline))
				op->deadline = now + op->timeout;
			if (op->deadline <= now)
				return fail(L, socket, op, kinds[op->kind].name, side, ETIMEDOUT);
			left = fmax(op->deadline - now, 0);
		}
		if (shim->running || shim->custom_poll != LUA_NOREF)
			return suspend(L, socket, op, left);
		cq_interest wait = CQ_INTEREST_NONE;
		wait.socket = socket->so;
		wait.timeout = left;
		if ((code = cq_poll(&wait, 1, NULL)))
			return fail(L, socket, op, kinds[op->kind].name, side, code);
		first = 0;
	}
}

/* Asks the method `timeout`, which was replaced. */
static double ask_timeout(lua_State *L)
{
	lua_getfield(L, 1, "timeout");
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	double timeout = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : NAN;
	lua_pop(L, 1);
	return timeout;
}

int shim_go(lua_State *L, struct socket *socket, struct op *op)
{
	if (isnan(op->timeout)) {
		op->timeout = socket->timeout;
		if (socket->object.shim->replaced & LIMIT) {
			op->timeout = ask_timeout(L);
			if (!socket->so)
				return shim_error(L, "%s", "socket closed");
		}
	}
	/* Without time to wait, the kernel is asked at once. */
	return go(L, socket, op, isnan(op->timeout) || op->timeout > 0);
}

/* -- Methods that were replaced ---------------------------------------------------------------- */

#define SHIM_REPLACEMENTS "cqueues.replacements"

/* _use(functions): what socket.lua has for methods that call replaced ones. */
int shim_use_replacements(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_REPLACEMENTS);
	return 0;
}

void shim_push_replacement(lua_State *L, const char *name)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_REPLACEMENTS);
	lua_getfield(L, -1, name);
	lua_remove(L, -2);
}

/* _deadline(socket, timeout): when a method that waits in Lua must end; nothing without a limit. */
int shim_deadline(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	double timeout = shim_timeout(L, 2);
	if (isnan(timeout))
		timeout = socket->object.shim->replaced & LIMIT ? ask_timeout(L) : socket->timeout;
	if (timeout == SHIM_NO_NUMBER)
		return shim_error(L, "%s", "the timeout is no number");
	if (isnan(timeout))
		return 0;
	lua_pushnumber(L, cq_monotime() + timeout);
	return 1;
}

/* _note(socket, direction, code): a waiting method has failed; its error handler, and the level of its caller. */
int shim_note_failure(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	int side = (int)luaL_checkinteger(L, 2), code = (int)luaL_checkinteger(L, 3);
	if (side >= 0) {
		socket->error[side] = code;
		if (socket->errors[side]++ > socket->maxerrs[side])
			return luaL_error(L, "exceeded unchecked error limit (%s)", cq_strerror(code));
	}
	lua_settop(L, 1);
	lua_getfield(L, 1, "onerror");
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	return 1;
}

/* cqueues._wait_by(function): sockets wait through it instead of yielding by themselves. */
int shim_wait_by(lua_State *L)
{
	struct shim *shim = shim_self(L);
	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_settop(L, 1);
#if !SHIM_CONTINUES
	push_driver(L);
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_WAITS);
	lua_pushvalue(L, 1);
	lua_setfield(L, -2, "poll");
	lua_settop(L, 1);
#endif
	luaL_unref(L, LUA_REGISTRYINDEX, shim->custom_poll);
	shim->custom_poll = luaL_ref(L, LUA_REGISTRYINDEX);
	return 0;
}
