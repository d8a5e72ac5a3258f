/* SPDX-License-Identifier: MIT
 *
 * How socket methods wait.
 *
 * Each method is an attempt that runs to its end, answers EAGAIN, or fails. What it has to remember
 * across a wait is a `struct op` and, on the Lua stack, its arguments and the results so far. When the
 * socket is ready the attempt is made again.
 *
 * In a task the wait is a yield. From 5.2 on, a C function goes on after it in a continuation, with its
 * stack as it was (socket_yield.c). In 5.1 and LuaJIT it returns a marker to a Lua function, `settle` in
 * socket_driver.c, which yields and calls `go_on`; if the stack is needed then, it lies in a table.
 *
 * The op is kept in the socket, which has room for one that reads and one that writes; should two
 * tasks read from one socket, the second one's lies on its stack. An idle connection waits in an op that
 * has hardly anything to remember, and keeps only that.
 */
#include "controller.h"
#include "socket_wait.h"

/* By kind. */
const struct method shim_methods[] = {
	[READ] = { "read", shim_attempt_read, CQ_INPUT, NIL },
	[XREAD] = { "read", shim_attempt_read, CQ_INPUT, NIL },
	[LINES] = { "lines", shim_attempt_read, CQ_INPUT, NIL },
	[FILL] = { "fill", shim_attempt_fill, CQ_INPUT, FALSE },
	[UNPACK] = { "unpack", shim_attempt_unpack, CQ_INPUT, NIL },
	[CONNECT] = { "connect", shim_attempt_establish, -1, NIL },
	[LISTEN] = { "listen", shim_attempt_establish, -1, NIL },
	[ACCEPT] = { "accept", shim_attempt_accept, -1, NIL },
	[CLIENTS] = { "accept", shim_attempt_accept, -1, NIL },
	[RECVFD] = { "recvfd", shim_attempt_recvfd, CQ_INPUT, NIL_NIL },
	[RECVFROM] = { "recvfrom", shim_attempt_recvfrom, CQ_INPUT, NIL },
	[STARTTLS] = { "starttls", shim_attempt_starttls, -1, NIL },
	[WRITE] = { "flush", shim_attempt_write, CQ_OUTPUT, NIL },
	[XWRITE] = { "flush", shim_attempt_write, CQ_OUTPUT, NIL },
	[PACK] = { "pack", shim_attempt_write, CQ_OUTPUT, FALSE },
	[FLUSH] = { "flush", shim_attempt_flush, CQ_OUTPUT, FALSE },
	[FINISH] = { "flush", shim_attempt_flush, CQ_OUTPUT, FALSE }, /* what it waits for is a flush */
	[SENDFD] = { "sendfd", shim_attempt_sendfd, CQ_OUTPUT, FALSE },
	[SENDTO] = { "sendto", shim_attempt_sendto, CQ_OUTPUT, FALSE },
};

/* Throws that a timeout is no number, which is found when it is needed, whatever place it had. */
static int refuse_timeout(lua_State *L, const struct op *op)
{
	const char *name = op->kind == XREAD ? "xread" : op->kind == XWRITE ? "xwrite" : shim_methods[op->kind].name;
	return shim_error(L, "bad argument 'timeout' to '%s' (number expected)", name);
}

/* Goes on behind an attempt that has answered `code`: waits and attempts again until the op is done. */
static int settle(lua_State *L, struct socket *socket, struct op *op, int first, int code)
{
	const struct method *method = &shim_methods[op->kind];
	for (;; code = method->attempt(L, socket, op, first = 0)) {
		if (code == 0)
			return shim_results(L, op);
		if (!socket->so) /* closed in the middle of the attempt, by Lua code that ran there */
			return shim_error(L, "socket closed");
#if !SHIM_CONTINUES
		if (code == SHIM_WANTS_TEXT)
			return shim_convert(L, socket, op);
		if (code == EAGAIN && first && !cq_socket_events(socket->so) && !shim_can_yield(L))
			continue; /* it was to give way to others, which is impossible here */
#endif
		if (op->timeout == SHIM_NO_NUMBER && op->kind <= FILL)
			return refuse_timeout(L, op); /* who reads looks at it before all that is no success */
		if (code != EAGAIN && !op->collected && shim_collected(L, code) && socket->so) {
			op->collected = 1;
			continue;
		}
		if (code != EAGAIN)
			return shim_fail(L, socket, op, op->stuck && op->kind != PACK ? "write" : method->name, method->side, code);
		double left = NAN;
		if (!isnan(op->timeout) || !isnan(op->deadline)) {
			double now = cq_monotime();
			if (op->timeout == SHIM_NO_NUMBER)
				return refuse_timeout(L, op);
			if (isnan(op->deadline))
				op->deadline = now + op->timeout;
			if (op->deadline <= now) {
				if (op->kind == FLUSH) /* a wait for input that came before still matters to who polls the socket */
					cq_socket_add_events(socket->so, (uint32_t)op->next);
				return shim_fail(L, socket, op, method->name, method->side, ETIMEDOUT);
			}
			left = fmax(op->deadline - now, 0);
		}
		struct shim *shim = socket->object.shim;
		if (shim->running || shim->custom_poll != LUA_NOREF)
			return shim_suspend(L, socket, op, left);
		cq_interest wait = CQ_INTEREST_NONE;
		wait.socket = socket->so;
		wait.timeout = left;
		if ((code = cq_poll(&wait, 1, NULL)))
			return shim_fail(L, socket, op, method->name, method->side, code);
	}
}

static int go(lua_State *L, struct socket *socket, struct op *op, int first)
{
	return settle(L, socket, op, first, shim_methods[op->kind].attempt(L, socket, op, first));
}

int shim_go_from(lua_State *L, struct socket *socket, struct op *op, int code)
{
	op->timeout = shim_timeout_of(socket);
	return settle(L, socket, op, 1, code);
}

int shim_go_on(lua_State *L, struct socket *socket, struct op *op)
{
	if (!socket->so && op->kind == CLIENTS)
		return 0; /* the loop ends with its listener */
	if (!socket->so)
		return shim_error(L, "socket closed");
	int ended = shim_take_end(L, socket->object.shim, socket);
	if (ended) /* it sticks to no direction: others may use the socket */
		return shim_fail(L, socket, op, shim_methods[op->kind].name, -1, ended);
	return go(L, socket, op, 0);
}

int shim_go(lua_State *L, struct socket *socket, struct op *op)
{
	if (isnan(op->timeout)) {
		op->timeout = shim_timeout_of(socket);
		if (socket->object.shim->replaced & LIMIT) {
			op->timeout = shim_ask_timeout(L);
			if (!socket->so)
				return shim_error(L, "socket closed");
		}
	}
	/* Without time to wait, the kernel is asked at once. */
	return go(L, socket, op, isnan(op->timeout) || op->timeout > 0);
}
