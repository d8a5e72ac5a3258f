/* SPDX-License-Identifier: MIT
 *
 * Inside of waiting: what socket_wait.c, socket_failure.c, socket_replaced.c, and socket_yield.c or socket_driver.c share.
 */
#ifndef CQUEUES_SOCKET_WAIT_H
#define CQUEUES_SOCKET_WAIT_H

#include "socket.h"

/* Nobody else calls these, which makes calls cheaper. */
#pragma GCC visibility push(hidden)

/* What a failure returns first. */
enum failure { NIL, FALSE, NIL_NIL };

/* What kinds differ in: the name that error handlers get, the direction whose error sticks (or
 * neither), and what a failure returns first. */
struct method {
	const char *name;
	shim_attempt *attempt;
	int side;
	enum failure failure;
};

extern const struct method shim_methods[];

/* -- Ops that wait ----------------------------------------------------------------------------- */

enum { NOT_PARKED, WHOLE = 255 };

/* Whether an op without a limit is one. Of those that write none need be: a connection that waits to write is not idle. */
static inline int shim_is_brief(const struct op *op)
{
	uint64_t more = (unsigned)op->next | (unsigned)op->collected | op->stuck | (unsigned)op->count >> 6;
	more |= op->offset | (uintptr_t)op->format.boundary | (uint64_t)op->format.count >> 32;
	return !more;
}

/* The place for an op in its socket, -1 if it is taken or there is no memory. `left` is NaN if it has no limit. */
static inline int shim_park(struct socket *socket, const struct op *op, double left)
{
	int slot = op->kind >= WRITE;
	if (socket->parked[slot] != NOT_PARKED)
		return -1;
	if (slot == 0 && isnan(left) && shim_is_brief(op)) {
		socket->parked[slot] = (unsigned char)(op->count + 1);
		socket->brief.kind = op->kind;
		socket->brief.format = (uint8_t)op->format.kind;
		socket->brief.mode = op->mode;
		socket->brief.bytes = (uint32_t)op->format.count;
		return slot;
	}
	if (!shim_rare(socket))
		return -1;
	socket->parked[slot] = WHOLE;
	socket->rare->ops[slot] = *op;
	return slot;
}

static inline struct op shim_unpark(struct socket *socket, int slot)
{
	int how = socket->parked[slot];
	socket->parked[slot] = NOT_PARKED;
	if (how == WHOLE)
		return socket->rare->ops[slot];
	const struct brief_op *brief = &socket->brief;
	struct op op = shim_op(brief->kind, how - 1, brief->mode, NAN);
	op.format.kind = brief->format;
	op.format.count = brief->bytes;
	return op;
}

/* The op as a value on top of the stack. */
static inline void shim_push_op(lua_State *L, const struct op *op)
{
	luaL_checkstack(L, 8, "too many arguments");
	*(struct op *)lua_newuserdata(L, sizeof *op) = *op;
}

static inline struct op shim_pop_op(lua_State *L)
{
	struct op op = *(struct op *)lua_touserdata(L, -1);
	lua_pop(L, 1);
	return op;
}

/* Goes on with an op after a wait. */
int shim_go_on(lua_State *L, struct socket *socket, struct op *op);

/* -- socket_yield.c or socket_driver.c -------------------------------------------------------------- */

/* The results of an op, which lie above the socket and its arguments. */
#if SHIM_CONTINUES
#define shim_results(L, op) (lua_gettop(L) - ((op)->count + 1))
#else
int shim_results(lua_State *L, const struct op *op);
#endif
/* Leaves the method until the socket is ready or `left` seconds have passed (NaN: no limit). */
int shim_suspend(lua_State *L, struct socket *socket, const struct op *op, double left);
/* Calls the error handler; returns what it answers behind what stands for a failure. */
int shim_call_handler(lua_State *L, struct socket *socket, const struct op *op, const char *name, int code);
/* Has sockets wait through the function at 1. */
void shim_wait_through(lua_State *L);
#if !SHIM_CONTINUES
/* Has Lua make a string of the argument that is to be written next. */
int shim_convert(lua_State *L, struct socket *socket, const struct op *op);
/* Whether a yield from the running function would reach a resume. */
int shim_can_yield(lua_State *L);
#endif

/* -- socket_failure.c ----------------------------------------------------------------------------- */

/* Asks the error handler; returns nil or false and what it answers. */
int shim_fail(lua_State *L, struct socket *socket, struct op *op, const char *name, int side, int code);
/* Pushes the error handler: what `onerror` tells if that method was replaced. */
void shim_push_handler(lua_State *L, struct socket *socket);
/* Pushes what comes before the answer of the error handler. */
void shim_push_first_results(lua_State *L, int failure);

/* What the usual error handler answers, or throws; `level` counts from the handler, as for error(), 0 stands for the caller
 * of the method that runs. */
int shim_default_answer(lua_State *L, struct socket *socket, const char *method, int code, int level);

/* -- socket_replaced.c ------------------------------------------------------------------------------ */

/* Asks the method `timeout`, which was replaced. */
double shim_ask_timeout(lua_State *L);

#pragma GCC visibility pop

#endif
