/* SPDX-License-Identifier: MIT
 *
 * Socket methods that can wait: read, write and their relatives.
 *
 * Each is an `attempt` that runs to its end, answers EAGAIN, or fails. What it has to remember across
 * a wait is a `struct op`, kept as three numbers on top of the Lua stack, behind the arguments and
 * the results so far. When the socket is ready the attempt is made again.
 *
 * In a task the wait is a yield. From 5.2 on, a C function goes on after it in a continuation. In
 * 5.1 and LuaJIT it returns the marker SHIM_WAIT, the timeout and its stack to a Lua function
 * (`drive`, below), which yields and calls it again with that stack.
 */
#include "shim.h"

struct op {
	int kind;     /* of `kinds` */
	int count;    /* arguments behind the socket */
	int next;     /* the argument being worked on */
	uint32_t mode;
	size_t offset; /* how far that argument is done, or a size */
	double timeout, deadline;
	int stuck; /* the error of an earlier write */
};

enum kind { READ, XREAD, LINES, WRITE, XWRITE, PACK, FLUSH, FILL, UNPACK, CONNECT, LISTEN, ACCEPT };

enum { LEVEL = SHIM_CONTINUES ? 3 : 4 }; /* of the method's caller, seen from the error handler */

typedef int attempt(lua_State *L, struct socket *socket, struct op *op, int first);
static attempt attempt_read, attempt_write, attempt_flush, attempt_fill, attempt_unpack;
static attempt attempt_establish, attempt_accept;

/* What kinds differ in: the name that error handlers get, the direction whose error sticks (or
 * neither), and what a failure returns first. */
static const struct {
	const char *name;
	attempt *attempt;
	int side;
	int failure_is_false;
} kinds[] = {
	[READ] = { "read", attempt_read, CQ_INPUT, 0 },
	[XREAD] = { "read", attempt_read, CQ_INPUT, 0 },
	[LINES] = { "lines", attempt_read, CQ_INPUT, 0 },
	[WRITE] = { "flush", attempt_write, CQ_OUTPUT, 0 },
	[XWRITE] = { "flush", attempt_write, CQ_OUTPUT, 0 },
	[PACK] = { "flush", attempt_write, CQ_OUTPUT, 1 },
	[FLUSH] = { "flush", attempt_flush, CQ_OUTPUT, 1 },
	[FILL] = { "fill", attempt_fill, CQ_INPUT, 1 },
	[UNPACK] = { "unpack", attempt_unpack, CQ_INPUT, 0 },
	[CONNECT] = { "connect", attempt_establish, -1, 0 },
	[LISTEN] = { "listen", attempt_establish, -1, 0 },
	[ACCEPT] = { "accept", attempt_accept, -1, 0 },
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

/* Keeps an op: most of it in one integer, what is there only sometimes on the stack. */
static uint64_t pack_op(const struct op *op)
{
	return (uint64_t)op->kind | (uint64_t)op->mode << 4 | (uint64_t)op->count << 10 |
	       (uint64_t)op->next << 26;
}

static struct op unpack_op(uint64_t packed)
{
	struct op op = { 0, 0, 0, 0, 0, NAN, NAN, 0 };
	op.kind = (int)(packed & 15);
	op.mode = (uint32_t)(packed >> 4 & 63);
	op.count = (int)(packed >> 10 & 65535);
	op.next = (int)(packed >> 26 & 65535);
	return op;
}

static void push_op(lua_State *L, const struct op *op)
{
	luaL_checkstack(L, 8, "too many arguments");
	lua_pushnumber(L, (lua_Number)pack_op(op));
	lua_pushnumber(L, (lua_Number)op->offset);
	lua_pushnumber(L, op->deadline);
}

static struct op pop_op(lua_State *L)
{
	struct op op = unpack_op((uint64_t)lua_tonumber(L, -3));
	op.offset = (size_t)lua_tonumber(L, -2);
	op.deadline = lua_tonumber(L, -1);
	lua_pop(L, 3);
	return op;
}

/* Goes on after a wait. */
static int go_on(lua_State *L, struct op op)
{
	struct socket *socket = lua_touserdata(L, 1); /* was checked before the wait */
	if (!socket->so)
		return shim_error(L, "%s", "socket closed");
	return go(L, socket, &op, 0);
}

#if SHIM_CONTINUES
/* A wide context holds the top of the stack and a plain op; otherwise the op lies on the stack. */
enum { WIDE = sizeof(shim_context) >= 8, TOP_BITS = 20 };
#define IN_CONTEXT ((uint64_t)1 << 62)

SHIM_CONTINUATION(continue_op)
{
	shim_context given_context;
	shim_get_context(L, given_context);
	uint64_t context = (uint64_t)given_context;
	lua_settop(L, (int)(context & ((1 << TOP_BITS) - 1)));
	if (context & IN_CONTEXT)
		return go_on(L, unpack_op((context & ~IN_CONTEXT) >> TOP_BITS));
	return go_on(L, pop_op(L));
}

/* Leaves the method until the socket is ready or `left` seconds have passed (NaN: no limit). */
static int suspend(lua_State *L, struct socket *socket, const struct op *op, double left)
{
	int plain = WIDE && isnan(left) && op->offset == 0;
	if (!plain)
		push_op(L, op);
	uint64_t context = (uint64_t)lua_gettop(L);
	if (plain)
		context |= pack_op(op) << TOP_BITS | IN_CONTEXT;
	lua_rawgeti(L, LUA_REGISTRYINDEX, socket->object.shim->poll_ref);
	lua_pushvalue(L, 1);
	if (isnan(left))
		return lua_yieldk(L, 2, (shim_context)context, continue_op);
	lua_pushnumber(L, left);
	return lua_yieldk(L, 3, (shim_context)context, continue_op);
}
#else
/* Called by `drive` with the stack that `suspend` returned. */
static int continue_op(lua_State *L)
{
	return go_on(L, pop_op(L));
}

/* Returns the marker, the timeout and the stack. */
static int suspend(lua_State *L, struct socket *socket, const struct op *op, double left)
{
	(void)socket;
	push_op(L, op);
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_WAIT);
	lua_insert(L, 1);
	if (isnan(left))
		lua_pushnil(L);
	else
		lua_pushnumber(L, left);
	lua_insert(L, 2);
	return lua_gettop(L);
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

static int begin(lua_State *L, struct socket *socket, int kind, int count, uint32_t mode, double timeout)
{
	struct op op = { kind, count, 0, mode, 0, timeout, NAN, 0 };
	if (count > 65535)
		return luaL_error(L, "too many arguments");
	if (isnan(timeout))
		op.timeout = socket->timeout;
	return go(L, socket, &op, 1);
}

/* -- Reading ------------------------------------------------------------------------------- */

struct format {
	uint32_t kind;
	size_t count;
	const char *boundary;
};

/* A read format: nil is "*l", numbers are counts. */
static struct format check_format(lua_State *L, int index)
{
	struct format format = { CQ_READ_LINE, 0, NULL };
	int type = lua_type(L, index);
	if (type == LUA_TNUMBER) {
		/* the common case: nothing to check */
	} else if (type == LUA_TSTRING) {
		size_t size;
		const char *text = lua_tolstring(L, index, &size);
		if (text[0] == '*' && size == 2) {
			switch (text[1]) {
			case 'l': return format;
			case 'L': return format.kind = CQ_READ_LINE_KEEP, format;
			case 'a': return format.kind = CQ_READ_ALL, format;
			case 'h': return format.kind = CQ_READ_HEADER, format;
			case 'H': return format.kind = CQ_READ_HEADER_KEEP, format;
			case 'n': shim_argerror(L, index, "*n not implemented yet");
			}
		} else if (size >= 2 && text[0] == '-' && text[1] == '-') {
			format.boundary = text;
			format.count = size;
			return format;
		}
		if (!lua_isnumber(L, index))
			shim_argerror(L, index, lua_pushfstring(L, "invalid format %s", text));
	} else if (lua_isnoneornil(L, index) || (type == LUA_TBOOLEAN && !lua_toboolean(L, index))) {
		return format;
	} else {
		shim_checkstring(L, index, NULL);
	}
	lua_Number count = lua_tonumber(L, index);
	format.kind = count < 0 ? CQ_READ_UP_TO : CQ_READ_EXACTLY;
	count = fabs(count);
	format.count = count < (lua_Number)SIZE_MAX ? (size_t)count : SIZE_MAX;
	return format;
}

static int receive(struct socket *socket, const struct format *format, uint32_t mode, uint32_t flags,
                   const void **data, size_t *size)
{
	if (format->boundary)
		return cq_socket_recv_body(socket->so, format->boundary, format->count, mode, flags, data, size);
	return cq_socket_recv(socket->so, format->kind, format->count, mode, flags, data, size);
}

/* Arguments are formats; results are pushed behind them. */
static int attempt_read(lua_State *L, struct socket *socket, struct op *op, int first)
{
	int code = socket->error[CQ_INPUT];
	if (code && code != EPIPE)
		return code;
	for (; op->next < op->count; op->next++) {
		struct format format = check_format(L, op->next + 2);
		const void *data;
		size_t size;
		if (code == 0)
			code = receive(socket, &format, op->mode, first ? CQ_FLUSH | CQ_PATIENT : CQ_FLUSH, &data, &size);
		if (code == EPIPE) {
			lua_pushnil(L); /* end of file */
			return 0;
		}
		if (code)
			return code;
		if (!data)
			return 0; /* no such thing follows */
		if (op->count > 8)
			luaL_checkstack(L, 2, "too many results");
		lua_pushlstring(L, data, size);
		first = 1;
	}
	return 0;
}

/* socket:read(...) */
static int socket_read(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	if (lua_gettop(L) == 1)
		lua_pushnil(L);
	return begin(L, socket, READ, lua_gettop(L) - 1, CQ_MODE_DEFAULT, NAN);
}

/* Mode and timeout of the x functions, in either order, told by their types. */
static void mode_and_timeout(lua_State *L, int index, uint32_t *mode, double *timeout)
{
	*mode = CQ_MODE_DEFAULT;
	*timeout = NAN;
	for (int i = index; i < index + 2; i++) {
		if (lua_type(L, i) == LUA_TNUMBER)
			*timeout = lua_tonumber(L, i);
		else
			*mode |= shim_opt_mode(L, i);
	}
}

/* socket:xread(format[, mode][, timeout]) */
static int socket_xread(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	uint32_t mode;
	double timeout;
	mode_and_timeout(L, 3, &mode, &timeout);
	lua_settop(L, 2);
	return begin(L, socket, XREAD, 1, mode, timeout);
}

/* The iterator of lines; upvalues behind the state: the socket and the formats, then their number. */
static int next_line(lua_State *L)
{
	int count = (int)lua_tointeger(L, lua_upvalueindex(3));
	lua_settop(L, 0);
	luaL_checkstack(L, count + 8, "too many formats");
	lua_pushvalue(L, lua_upvalueindex(2));
	for (int i = 0; i < count; i++)
		lua_pushvalue(L, lua_upvalueindex(4 + i));
	return begin(L, shim_socket(L, 1), LINES, count, CQ_MODE_DEFAULT, NAN);
}

/* The iterator of xlines: the socket, a format, mode and timeout. */
static int next_xline(lua_State *L)
{
	lua_settop(L, 0);
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_pushvalue(L, lua_upvalueindex(3));
	uint32_t mode = (uint32_t)lua_tointeger(L, lua_upvalueindex(4));
	return begin(L, shim_socket(L, 1), XREAD, 1, mode, lua_tonumber(L, lua_upvalueindex(5)));
}

/* Wraps a waiting C function for versions without continuations; see luaopen. */
static void make_waiting(lua_State *L);

/* socket:lines(...) */
static int socket_lines(lua_State *L)
{
	shim_check(L, 1, shim_socket_tag, SHIM_SOCKET);
	int count = lua_gettop(L) - 1;
	if (count == 0)
		lua_pushnil(L), count = 1;
	luaL_argcheck(L, count <= 200, 201, "too many formats");
	lua_pushinteger(L, count);
	lua_insert(L, 2);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_pushcclosure(L, next_line, count + 3);
	make_waiting(L);
	return 1;
}

/* socket:xlines(format[, mode][, timeout]) */
static int socket_xlines(lua_State *L)
{
	uint32_t mode;
	double timeout;
	shim_check(L, 1, shim_socket_tag, SHIM_SOCKET);
	mode_and_timeout(L, 3, &mode, &timeout);
	lua_settop(L, 2);
	lua_pushinteger(L, (lua_Integer)mode);
	lua_pushnumber(L, timeout);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_pushcclosure(L, next_xline, 5);
	make_waiting(L);
	return 1;
}

/* socket:recv([format][, mode]): the value, or nil and a code; never waits */
static int socket_recv(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	struct format format = check_format(L, 2);
	const void *data;
	size_t size;
	int code = socket->error[CQ_INPUT];
	if (!code)
		code = receive(socket, &format, shim_opt_mode(L, 3), 0, &data, &size);
	if (!code && data) {
		lua_pushlstring(L, data, size);
		return 1;
	}
	lua_pushnil(L);
	if (code)
		lua_pushinteger(L, code);
	return code ? 2 : 1;
}

/* -- Filling -------------------------------------------------------------------------------- */

static int attempt_fill(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)first;
	int code = socket->error[CQ_INPUT];
	if (!code)
		code = cq_socket_try_fill(socket->so, op->offset);
	if (code && code != EPIPE)
		return code;
	lua_pushboolean(L, code == 0);
	return 0;
}

/* socket:fill(size[, timeout]) */
static int socket_fill(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	lua_settop(L, 3);
	lua_Number size = shim_checknumber(L, 2);
	size_t count = size > 0 ? (size_t)size : 0;
	struct op op = { FILL, 0, 0, CQ_MODE_DEFAULT, count, shim_seconds(L, 3), NAN, 0 };
	if (isnan(op.timeout))
		op.timeout = socket->timeout;
	lua_settop(L, 1);
	return go(L, socket, &op, 1);
}

/* A big-endian number of op->offset bytes. */
static int attempt_unpack(lua_State *L, struct socket *socket, struct op *op, int first)
{
	static const char binary[] = "b";
	(void)first;
	const void *data;
	size_t size;
	int code = socket->error[CQ_INPUT];
	if (!code)
		code = cq_socket_try_fill(socket->so, op->offset);
	if (!code)
		code = cq_socket_recv(socket->so, CQ_READ_EXACTLY, op->offset, cq_mode_parse(binary, 1), 0, &data, &size);
	if (code == EPIPE) {
		lua_pushnil(L);
		return 0;
	}
	if (code)
		return code;
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | ((const unsigned char *)data)[i];
	shim_push_unsigned(L, value);
	return 0;
}

/* The bytes that a count of bits takes. */
static size_t check_bits(lua_State *L, int index)
{
	lua_Integer bits = lua_isnumber(L, index) ? lua_tointeger(L, index) : 32;
	luaL_argcheck(L, bits >= 0 && bits <= 64, index, "0 to 64 bits expected");
	return (size_t)(bits + 7) / 8;
}

/* socket:unpack([bits]) */
static int socket_unpack(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	struct op op = { UNPACK, 0, 0, CQ_MODE_DEFAULT, check_bits(L, 2), socket->timeout, NAN, 0 };
	lua_settop(L, 1);
	return go(L, socket, &op, 1);
}

/* -- Writing -------------------------------------------------------------------------------- */

/* Arguments are strings, or what is written as one; nil and false end them. */
static int attempt_write(lua_State *L, struct socket *socket, struct op *op, int first)
{
	int code = socket->error[CQ_OUTPUT];
	if (code && code != EAGAIN)
		return op->stuck = 1, code;
	for (; op->next < op->count; op->next++, op->offset = 0, first = 1) {
		int index = op->next + 2;
		size_t size;
		if (!lua_toboolean(L, index))
			break;
		if (!lua_isstring(L, index)) {
			luaL_tolstring(L, index, NULL);
			lua_replace(L, index);
		}
		const char *data = lua_tolstring(L, index, &size);
		if (!first && op->offset == size) {
			/* All was taken, and what must leave had to wait. */
			uint32_t mode = op->mode ? op->mode : cq_socket_mode(socket->so, CQ_OUTPUT);
			if ((code = cq_socket_try_flush(socket->so, mode)))
				return code;
			continue;
		}
		size_t sent;
		code = cq_socket_send(socket->so, data + op->offset, size - op->offset, op->mode, &sent);
		op->offset += sent;
		if (code)
			return code;
	}
	if (op->kind == PACK)
		lua_pushboolean(L, 1);
	else
		lua_pushvalue(L, 1);
	return 0;
}

/* socket:write(...) */
static int socket_write(lua_State *L)
{
	return begin(L, shim_socket(L, 1), WRITE, lua_gettop(L) - 1, CQ_MODE_DEFAULT, NAN);
}

/* socket:xwrite(string[, mode][, timeout]) */
static int socket_xwrite(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	uint32_t mode;
	double timeout;
	mode_and_timeout(L, 3, &mode, &timeout);
	lua_settop(L, 2);
	return begin(L, socket, XWRITE, 1, mode, timeout);
}

/* socket:pack(number[, bits][, mode]): big-endian */
static int socket_pack(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	lua_settop(L, 4);
	lua_Number number = shim_checknumber(L, 2);
	uint64_t value = lua_isinteger(L, 2) ? (uint64_t)lua_tointeger(L, 2)
	                 : number < 0        ? (uint64_t)(int64_t)number
	                                     : (uint64_t)number;
	size_t size = check_bits(L, 3);
	uint32_t mode = lua_isnoneornil(L, 4) ? cq_socket_mode(socket->so, CQ_OUTPUT) : shim_opt_mode(L, 4);
	unsigned char bytes[8];
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(value >> 8 * (size - 1 - i));
	lua_settop(L, 1);
	lua_pushlstring(L, (const char *)bytes, size);
	/* Numbers are not text, whatever the mode says. */
	char flags[4];
	cq_mode_format(mode, CQ_OUTPUT, flags);
	flags[0] = 'b';
	return begin(L, socket, PACK, 1, cq_mode_parse(flags, 3), NAN);
}

/* socket:send(string, i, j[, mode]): how many bytes were taken, and a code; never waits */
static int socket_send(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	size_t size, sent = 0;
	lua_settop(L, 5);
	const char *data = luaL_checklstring(L, 2, &size);
	lua_Integer from = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
	luaL_argcheck(L, from >= 1 && (size_t)from <= size + 1, 3, "start index beyond object boundary");
	luaL_argcheck(L, to < from || (size_t)to <= size, 4, "end index beyond object boundary");
	int code = socket->error[CQ_OUTPUT];
	if (!code && to >= from)
		code = cq_socket_send(socket->so, data + from - 1, (size_t)(to - from + 1), shim_opt_mode(L, 5), &sent);
	lua_pushinteger(L, (lua_Integer)sent);
	if (code)
		lua_pushinteger(L, code);
	return code ? 2 : 1;
}

static int attempt_flush(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)first;
	int code = socket->error[CQ_OUTPUT];
	if (!code)
		code = cq_socket_try_flush(socket->so, op->mode);
	if (!code)
		lua_pushboolean(L, 1);
	return code;
}

/* socket:flush([mode][, timeout]) */
static int socket_flush(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	uint32_t mode = CQ_MODE_DEFAULT;
	if (lua_type(L, 2) == LUA_TSTRING)
		mode = lua_rawlen(L, 2) ? shim_opt_mode(L, 2) : cq_socket_mode(socket->so, CQ_OUTPUT);
	double timeout = shim_seconds(L, 3);
	lua_settop(L, 1);
	return begin(L, socket, FLUSH, 0, mode, timeout);
}

/* -- Establishing -------------------------------------------------------------------------- */

static int attempt_establish(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)op, (void)first;
	int code = cq_socket_try_establish(socket->so);
	if (!code)
		lua_pushvalue(L, 1);
	return code;
}

/* socket:connect([timeout]), socket:listen([timeout]) */
static int socket_connect(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	double timeout = shim_seconds(L, 2);
	lua_settop(L, 1);
	return begin(L, socket, CONNECT, 0, CQ_MODE_DEFAULT, timeout);
}

static int socket_listen(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	double timeout = shim_seconds(L, 2);
	lua_settop(L, 1);
	return begin(L, socket, LISTEN, 0, CQ_MODE_DEFAULT, timeout);
}

static int attempt_accept(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)op, (void)first;
	struct shim *shim = socket->object.shim;
	struct socket *accepted = shim_new_socket(L, shim);
	int code = cq_socket_try_accept(socket->so, &accepted->so);
	if (code)
		lua_pop(L, 1);
	else
		shim_apply_defaults(shim, accepted);
	return code;
}

/* The timeout of accept([options][, timeout]). */
static double accept_timeout(lua_State *L, int index)
{
	double timeout = NAN;
	if (lua_type(L, index) == LUA_TTABLE) {
		lua_getfield(L, index, "timeout");
		timeout = shim_seconds(L, -1);
		lua_pop(L, 1);
		index++;
	}
	double given = shim_seconds(L, index);
	return isnan(given) ? timeout : given;
}

/* socket:accept([options][, timeout]) */
static int socket_accept(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	double timeout = accept_timeout(L, 2);
	lua_settop(L, 1);
	return begin(L, socket, ACCEPT, 0, CQ_MODE_DEFAULT, timeout);
}

/* The iterator of clients: the socket and the timeout. */
static int next_client(lua_State *L)
{
	lua_settop(L, 0);
	lua_pushvalue(L, lua_upvalueindex(2));
	struct socket *socket = shim_socket(L, 1);
	return begin(L, socket, ACCEPT, 0, CQ_MODE_DEFAULT, lua_tonumber(L, lua_upvalueindex(3)));
}

/* socket:clients([options][, timeout]) */
static int socket_clients(lua_State *L)
{
	shim_check(L, 1, shim_socket_tag, SHIM_SOCKET);
	double timeout = accept_timeout(L, 2);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	lua_pushnumber(L, timeout);
	lua_pushcclosure(L, next_client, 3);
	make_waiting(L);
	return 1;
}

/* -- Methods ------------------------------------------------------------------------------- */

const luaL_Reg shim_socket_io[] = {
	{ "lines", socket_lines },
	{ "xlines", socket_xlines },
	{ "clients", socket_clients },
	{ "recv", socket_recv },
	{ "send", socket_send },
	{ NULL, NULL },
};

static const luaL_Reg waiting_methods[] = {
	{ "read", socket_read },
	{ "xread", socket_xread },
	{ "write", socket_write },
	{ "xwrite", socket_xwrite },
	{ "pack", socket_pack },
	{ "unpack", socket_unpack },
	{ "flush", socket_flush },
	{ "fill", socket_fill },
	{ "connect", socket_connect },
	{ "listen", socket_listen },
	{ "accept", socket_accept },
	{ NULL, NULL },
};

#if SHIM_CONTINUES
static void make_waiting(lua_State *L)
{
	(void)L;
}
#else
/* Given the functions below, makes a Lua function of a waiting C function. */
static const char waiting[] =
    "local WAIT, POLL, yield, go_on = ...\n"
    "local function park(_, timeout, socket, ...)\n"
    "	yield(POLL, socket, timeout)\n"
    "	return socket, ...\n"
    "end\n"
    "local function drive(...)\n"
    "	if (...) ~= WAIT then return ... end\n"
    "	return drive(go_on(park(...)))\n"
    "end\n"
    "return function(f) return function(...) return drive(f(...)) end end\n";

/* Replaces the C function on top of the stack. */
static void make_waiting(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_WAIT ".make");
	lua_insert(L, -2);
	lua_call(L, 1, 1);
}

static void load_waiting(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_WAIT ".make");
	int loaded = !lua_isnil(L, -1);
	lua_pop(L, 1);
	if (loaded)
		return;
	lua_newuserdata(L, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_WAIT);
	if (luaL_loadbuffer(L, waiting, sizeof waiting - 1, "=cqueues.socket"))
		lua_error(L);
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_WAIT);
	shim_push_poll(L);
	lua_getglobal(L, "coroutine");
	lua_getfield(L, -1, "yield");
	lua_remove(L, -2);
	shim_push_state(L);
	lua_pushcclosure(L, continue_op, 1);
	lua_call(L, 4, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_WAIT ".make");
}
#endif

void shim_set_waiting(lua_State *L)
{
#if !SHIM_CONTINUES
	load_waiting(L);
#endif
	for (const luaL_Reg *method = waiting_methods; method->name; method++) {
		shim_push_state(L);
		lua_pushcclosure(L, method->func, 1);
		make_waiting(L);
		lua_setfield(L, -2, method->name);
	}
}
