/* SPDX-License-Identifier: MIT
 *
 * Socket methods that establish a connection, and those that await one.
 */
#include "socket.h"

int shim_attempt_establish(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)first;
	int code = op->kind == LISTEN       ? cq_socket_try_listen(socket->so)
	           : socket->is_planned ? cq_socket_try_establish(socket->so)
	                                : CQ_ENOHOST;
	if (!code)
		lua_pushvalue(L, 1);
	return code;
}

static int establish(lua_State *L, int kind)
{
	struct socket *socket = shim_socket(L, 1);
	double timeout = shim_checktimeout(L, 2);
	lua_settop(L, 1);
	struct op op = shim_op(kind, 0, CQ_MODE_DEFAULT, timeout);
	return shim_go(L, socket, &op);
}

/* socket:connect([timeout]) */
static int socket_connect(lua_State *L)
{
	return establish(L, CONNECT);
}

/* socket:listen([timeout]) */
static int socket_listen(lua_State *L)
{
	return establish(L, LISTEN);
}

int shim_attempt_accept(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)first;
	struct shim *shim = socket->object.shim;
	/* From 5.2 on, what a try that found no connection has made lies on the stack, and is used again. */
	int is_made = SHIM_CONTINUES && lua_gettop(L) > op->count + 1;
	struct socket *accepted = is_made ? lua_touserdata(L, -1) : shim_new_socket(L, shim);
	int code = cq_socket_try_accept(socket->so, &accepted->so);
	if (code == EAGAIN && !op->collected && !isnan(cq_socket_poll_timeout(socket->so))) {
		/* No descriptor is left: those of sockets that nobody uses may be. */
		op->collected = 1;
		lua_gc(L, LUA_GCCOLLECT, 0);
		code = socket->so ? cq_socket_try_accept(socket->so, &accepted->so) : EBADF;
	}
	cq_options **options = op->count ? lua_touserdata(L, 2) : NULL;
	if (!code && options && (code = cq_socket_configure(accepted->so, *options)))
		cq_socket_free(accepted->so), accepted->so = NULL;
	if (!code)
		shim_apply_defaults(L, shim, accepted);
	else if (code != EAGAIN || !SHIM_CONTINUES)
		lua_pop(L, 1);
	return code;
}

/* accept([options][, timeout]): leaves the socket and, if there are any, the options on the stack. The
 * timeout may stand in the options too. */
static double accept_arguments(lua_State *L)
{
	double timeout = NAN;
	lua_settop(L, 3);
	int table = lua_istable(L, 2);
	if (table) {
		lua_getfield(L, 2, "timeout");
		timeout = shim_seconds(L, -1);
		lua_pop(L, 1);
	}
	/* What is neither options nor a number is no first argument. */
	double given = shim_checktimeout(L, lua_type(L, 2) == LUA_TNUMBER ? 2 : 3);
	if (table) {
		cq_options *options = shim_new_options(L);
		shim_load_options(L, 2, options, 0);
		lua_replace(L, 2);
	}
	lua_settop(L, table ? 2 : 1);
	return isnan(given) ? timeout : given;
}

/* socket:accept([options][, timeout]) */
static int socket_accept(lua_State *L)
{
	shim_socket(L, 1);
	double timeout = accept_arguments(L);
	struct socket *socket = shim_socket(L, 1); /* unless it was closed while the table was read */
	struct op op = shim_op(ACCEPT, lua_gettop(L) - 1, CQ_MODE_DEFAULT, timeout);
	return shim_go(L, socket, &op);
}

/* The iterator of clients: the socket, the timeout, the options. */
static int next_client(lua_State *L)
{
	lua_settop(L, 0);
	lua_pushvalue(L, lua_upvalueindex(2));
	if (!lua_isnil(L, lua_upvalueindex(4)))
		lua_pushvalue(L, lua_upvalueindex(4));
	struct socket *socket = lua_touserdata(L, 1); /* clients has checked it */
	if (!socket->so && lua_toboolean(L, lua_upvalueindex(5)))
		return 0; /* closed since */
	socket = shim_socket(L, 1);
	struct op op = shim_op(CLIENTS, lua_gettop(L) - 1, CQ_MODE_DEFAULT, lua_tonumber(L, lua_upvalueindex(3)));
	return shim_go(L, socket, &op);
}

/* socket:clients([options][, timeout]) */
static int socket_clients(lua_State *L)
{
	shim_check(L, 1, shim_socket_tag, SHIM_SOCKET);
	if (shim_self(L)->replaced & TAKE) {
		shim_push_replacement(L, "clients");
		lua_insert(L, 1);
		lua_call(L, lua_gettop(L) - 1, 1);
		return 1;
	}
	double timeout = accept_arguments(L);
	int is_open = ((struct socket *)lua_touserdata(L, 1))->so != NULL;
	lua_settop(L, 2); /* the options, or nil */
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	lua_pushnumber(L, timeout);
	lua_pushvalue(L, 2);
	lua_pushboolean(L, is_open);
	lua_pushcclosure(L, next_client, 5);
	shim_make_iterator(L);
	return 1;
}

/* -- Methods ------------------------------------------------------------------------------- */

const luaL_Reg shim_socket_establishing[] = {
	{ "connect", socket_connect },
	{ "listen", socket_listen },
	{ "accept", socket_accept },
	{ NULL, NULL },
};

const luaL_Reg shim_socket_iterating[] = {
	{ "clients", socket_clients },
	{ NULL, NULL },
};
