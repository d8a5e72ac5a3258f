/* SPDX-License-Identifier: MIT
 *
 * Socket methods that write.
 */
#include "socket.h"
#include <poll.h>

/* -- Writing -------------------------------------------------------------------------------- */

int shim_sends_lines(uint32_t mode)
{
	char flags[4] = ""; /* stays so if there is no mode */
	cq_mode_format(mode, CQ_OUTPUT, flags);
	return flags[1] == 'l';
}

/* Sends the bytes of a packed number, of which none ends a line, also where the socket looks for lines. A finalizer may have closed
 * the socket. */
static int send_packed(struct socket *socket, const char *data, size_t size, uint32_t mode, size_t *sent)
{
	uint32_t usual = cq_socket_mode(socket->so, CQ_OUTPUT);
	int by_lines = shim_sends_lines(usual);
	if (by_lines)
		cq_socket_set_mode(socket->so, CQ_OUTPUT, cq_mode_change(usual, cq_mode_parse("f", 1)));
	int code = cq_socket_try_send(socket->so, data, size, mode | CQ_AGAIN, sent);
	if (by_lines)
		cq_socket_set_mode(socket->so, CQ_OUTPUT, usual);
	return code;
}

/* Arguments are strings, or what is written as one; nil and false end them. */
int shim_attempt_write(lua_State *L, struct socket *socket, struct op *op, int first)
{
	int code = socket->error[CQ_OUTPUT];
	if (code && code != EAGAIN)
		return op->stuck = 1, code;
	if (op->kind == PACK && op->format.kind && (code = cq_socket_try_flush(socket->so, cq_mode_parse("l", 1))))
		return code; /* the lines before the number, of a socket that sends by lines */
	for (; op->next < op->count; op->next++, op->offset = 0, first = 1) {
		int index = op->next + 2;
		size_t size;
		if (lua_type(L, index) != LUA_TSTRING) {
			if (!lua_toboolean(L, index))
				break;
			if (!SHIM_CONTINUES && lua_type(L, index) != LUA_TNUMBER)
				return SHIM_WANTS_TEXT;
			luaL_tolstring(L, index, NULL);
			lua_replace(L, index);
			if (!socket->so)
				return EBADF; /* closed by the value's __tostring */
		}
		const char *data = lua_tolstring(L, index, &size);
		if (!first && op->offset == size) {
			/* All was taken, and what must leave had to wait. */
			if ((code = cq_socket_try_flush(socket->so, op->mode ? op->mode : cq_mode_parse("", 0))))
				return code;
			continue;
		}
		/* What one call writes leaves together. */
		uint32_t more = op->next + 1 < op->count && lua_toboolean(L, index + 1) ? CQ_MORE : 0;
		size_t sent = 0;
		if (op->kind == PACK)
			code = send_packed(socket, data + op->offset, size - op->offset, op->mode, &sent);
		else
			code = cq_socket_try_send(socket->so, data + op->offset, size - op->offset, op->mode | more | CQ_AGAIN, &sent);
		op->offset += sent;
		if (code)
			return code;
	}
	if (op->next == 0 && (code = cq_socket_try_flush(socket->so, op->mode ? op->mode : cq_mode_parse("", 0))))
		return code; /* nothing was given: what is pending leaves if the mode says so */
	if (op->kind == PACK)
		lua_pushboolean(L, 1);
	else
		lua_pushvalue(L, 1);
	return 0;
}

/* socket:write(...) */
static int socket_write(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	unsigned replaced = socket->object.shim->replaced;
	int count = lua_gettop(L) - 1, code = socket->error[CQ_OUTPUT];
	if (replaced & SEND)
		return shim_delegate(L, "write");
	if (count != 1 || replaced & LIMIT || (code && code != EAGAIN) || lua_type(L, 2) != LUA_TSTRING) {
		struct op op = shim_op(WRITE, count, CQ_MODE_DEFAULT, NAN);
		return shim_go(L, socket, &op);
	}
	/* One text is what nearly all writes are, and the kernel mostly takes it. */
	size_t size, sent = 0;
	const char *text = lua_tolstring(L, 2, &size);
	code = cq_socket_try_send(socket->so, text, size, CQ_MODE_DEFAULT | CQ_AGAIN, &sent);
	if (code) {
		struct op op = shim_op(WRITE, count, CQ_MODE_DEFAULT, NAN);
		op.offset = sent;
		return shim_go_from(L, socket, &op, code);
	}
	lua_settop(L, 1);
	return 1;
}

void shim_mode_and_timeout(lua_State *L, int index, uint32_t *mode, double *timeout)
{
	int swapped = lua_isnumber(L, index);
	*mode = shim_opt_mode(L, swapped ? index + 1 : index);
	*timeout = shim_timeout(L, swapped ? index : index + 1);
}

/* socket:xwrite(string[, mode][, timeout]) */
static int socket_xwrite(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	if (lua_type(L, 2) != LUA_TSTRING)
		return shim_argerror(L, 2, lua_pushfstring(L, "string expected, got %s", luaL_typename(L, 2)));
	if (socket->object.shim->replaced & SEND)
		return shim_delegate(L, "xwrite");
	uint32_t mode;
	double timeout;
	shim_mode_and_timeout(L, 3, &mode, &timeout);
	lua_settop(L, 2);
	struct op op = shim_op(XWRITE, 1, mode, timeout);
	return shim_go(L, socket, &op);
}

/* socket:send(string, i, j[, mode]): how many bytes were taken, and a code; never waits */
int shim_socket_send(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	size_t size, sent = 0;
	lua_settop(L, 5);
	const char *data = shim_checkstring(L, 2, &size);
	lua_Number first = shim_checknumber(L, 3), last = shim_checknumber(L, 4); /* fractions are cut */
	if (last >= 0x1p64 && !isinf(last))
		last = 0;
	shim_argcheck(L, first >= 1 && first < (lua_Number)size + 2, 3, "start index beyond object boundary");
	shim_argcheck(L, last >= 0 && last < (lua_Number)size + 1, 4, "end index beyond object boundary");
	lua_Integer from = (lua_Integer)first, to = (lua_Integer)last;
	uint32_t mode = shim_opt_mode(L, 5);
	int code = shim_stuck_error(L, socket, CQ_OUTPUT);
	if (!code) { /* without a byte, what is pending leaves if the mode says so */
		size_t count = to >= from ? (size_t)(to - from + 1) : 0;
		code = cq_socket_try_send(socket->so, data + from - 1, count, mode, &sent);
	}
	lua_pushinteger(L, (lua_Integer)sent);
	if (code)
		lua_pushinteger(L, code);
	return code ? 2 : 1;
}

int shim_attempt_flush(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)first;
	int code = socket->error[CQ_OUTPUT];
	if (!code)
		code = op->kind == FINISH ? cq_socket_try_finish(socket->so) : cq_socket_try_flush(socket->so, op->mode);
	if (!code)
		lua_pushboolean(L, 1);
	return code;
}

/* socket:flush([mode][, timeout]) */
static int socket_flush(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	int place = lua_type(L, 2) == LUA_TSTRING ? 2 : 3; /* the first text is the mode, whatever stands before it */
	uint32_t mode = lua_type(L, place) == LUA_TSTRING ? shim_opt_mode(L, place) : CQ_MODE_DEFAULT;
	double timeout = shim_timeout(L, 3);
	lua_settop(L, 1);
	struct op op = shim_op(FLUSH, 0, mode, timeout);
	op.next = cq_socket_events(socket->so) & POLLIN;
	return shim_go(L, socket, &op);
}

/* _finish(socket[, timeout]), a function of the module: flushes, and tells the peer the end. */
static int socket_finish(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	double timeout = shim_timeout(L, 2);
	lua_settop(L, 1);
	struct op op = shim_op(FINISH, 0, CQ_MODE_DEFAULT, timeout);
	return shim_go(L, socket, &op);
}

/* -- Methods ------------------------------------------------------------------------------- */

const luaL_Reg shim_socket_writing[] = {
	{ "write", socket_write },
	{ "xwrite", socket_xwrite },
	{ "pack", shim_socket_pack },
	{ "flush", socket_flush },
	{ NULL, NULL },
};

const luaL_Reg shim_socket_finishing[] = {
	{ "_finish", socket_finish },
	{ NULL, NULL },
};
