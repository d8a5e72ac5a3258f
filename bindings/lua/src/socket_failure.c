/* SPDX-License-Identifier: MIT
 *
 * Waiting methods that fail: the errors that stick to a direction, and the error handler.
 */
#include "socket_wait.h"

/* Pushes the error handler: what `onerror` tells if that method was replaced. */
void shim_push_handler(lua_State *L, struct socket *socket)
{
	if (socket->object.shim->replaced & ONERROR) {
		lua_getfield(L, 1, "onerror");
		lua_pushvalue(L, 1);
		lua_call(L, 1, 1);
	} else {
		shim_get_handler(L, 1);
	}
}

/* Pushes what comes before the answer of the error handler. */
void shim_push_first_results(lua_State *L, int failure)
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

#define LIMIT_EXCEEDED "exceeded unchecked error limit (%s)"

lua_Integer shim_maxerrs(const struct socket *socket, uint32_t side)
{
	return socket->maxerrs[side] == SHIM_RARE ? socket->rare->maxerrs[side] : socket->maxerrs[side];
}

/* Counts that a method was answered with the error that sticks to a direction; whether that may be. */
static int count_error(struct socket *socket, uint32_t side)
{
	if (socket->maxerrs[side] == SHIM_RARE)
		return socket->rare->errors[side]++ < socket->rare->maxerrs[side];
	int is_allowed = socket->errors[side] < socket->maxerrs[side];
	socket->errors[side] += socket->errors[side] < UINT16_MAX;
	return is_allowed;
}

void shim_forget_errors(struct socket *socket, uint32_t side)
{
	socket->errors[side] = 0;
	if (socket->rare)
		socket->rare->errors[side] = 0;
}

int shim_stuck_error(lua_State *L, struct socket *socket, uint32_t side)
{
	int code = socket->error[side];
	if (code && !count_error(socket, side))
		shim_error(L, LIMIT_EXCEEDED, cq_strerror(code));
	return code;
}

int shim_tell_stuck_error(lua_State *L, struct socket *socket, uint32_t side)
{
	int code = shim_stuck_error(L, socket, side);
	if (code)
		socket->is_counted |= (unsigned char)(1u << side);
	return code;
}

/* Whether the error that sticks is this one, and `recv` or `send` has counted that it was the answer; once. */
static int is_counted(struct socket *socket, int side, int code)
{
	unsigned bit = 1u << side, counted = socket->is_counted & bit;
	socket->is_counted &= (unsigned char)~bit;
	return counted && socket->error[side] == code;
}

/* Has an error stick to its direction. Throws if it did already, and has been the answer more often than may be. */
static void keep_error(lua_State *L, struct socket *socket, int side, int code)
{
	shim_stuck_error(L, socket, (uint32_t)side);
	socket->error[side] = code;
}

/* Asks the error handler; returns nil or false and what it answers. */
int shim_fail(lua_State *L, struct socket *socket, struct op *op, const char *name, int side, int code)
{
	if (code == CQ_ETLS || code == CQ_ENOTVERIFIED)
		keep_tls_reason(L, socket);
	if (side >= 0)
		keep_error(L, socket, side, code);
	luaL_checkstack(L, 8, "too many results");
	if (op->kind == ACCEPT || op->kind == CLIENTS)
		lua_settop(L, op->count + 1); /* without the socket for the next connection */
	if (!socket->has_handler && !(socket->object.shim->replaced & ONERROR)) {
		shim_push_first_results(L, shim_methods[op->kind].failure);
		lua_pushinteger(L, shim_default_answer(L, socket, name, code, 0));
		return shim_results(L, op);
	}
	return shim_call_handler(L, socket, op, name, code);
}

/* _note(socket, direction, code): a waiting method has failed; its error handler, which the caller calls, and the level of the program
 * for that. */
int shim_note_failure(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	int side = (int)shim_checkinteger(L, 2), code = (int)shim_checkinteger(L, 3);
	if (side >= 0 && !is_counted(socket, side, code))
		keep_error(L, socket, side, code);
	lua_settop(L, 1);
	lua_getfield(L, 1, "onerror");
	lua_pushvalue(L, 1);
	lua_call(L, 1, 1);
	lua_pushinteger(L, shim_program_level(L, 1) + 1); /* the handler comes in front of the caller */
	return 2;
}
