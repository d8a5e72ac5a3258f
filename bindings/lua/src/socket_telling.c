/* SPDX-License-Identifier: MIT
 *
 * Socket methods that tell something.
 */
#include "socket.h"

static void push_eof(lua_State *L, struct socket *socket, uint32_t side)
{
	lua_pushboolean(L, cq_socket_eof(socket->so, side));
}

/* socket:eof([which]): other letters are passed over */
static int socket_eof(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	const char *which = shim_optstring(L, 2, "rw");
	int count = 0;
	luaL_checkstack(L, (int)strlen(which) + 1, "too many directions");
	for (; *which; which++) {
		if (*which != 'r' && *which != 'w')
			continue;
		push_eof(L, socket, *which == 'r' ? CQ_INPUT : CQ_OUTPUT);
		count++;
	}
	return count;
}

/* socket:pending() */
static int socket_pending(lua_State *L)
{
	cq_socket *so = shim_socket(L, 1)->so;
	lua_pushinteger(L, (lua_Integer)cq_socket_pending(so, CQ_INPUT));
	lua_pushinteger(L, (lua_Integer)cq_socket_pending(so, CQ_OUTPUT));
	return 2;
}

/* socket:peereid() */
static int socket_peereid(lua_State *L)
{
	uint32_t uid, gid;
	int code = cq_socket_peereid(shim_socket(L, 1)->so, &uid, &gid);
	if (code) {
		lua_pushnil(L);
		lua_pushinteger(L, code);
	} else {
		lua_pushinteger(L, (lua_Integer)uid);
		lua_pushinteger(L, (lua_Integer)gid);
	}
	return 2;
}

/* socket:peerpid() */
static int socket_peerpid(lua_State *L)
{
	int pid, code = cq_socket_peerpid(shim_socket(L, 1)->so, &pid);
	if (code)
		lua_pushnil(L);
	lua_pushinteger(L, code ? code : pid);
	return code ? 2 : 1;
}

static int push_name(lua_State *L, int code, const cq_name *name)
{
	if (code) {
		lua_pushnil(L);
		lua_pushinteger(L, code);
		return 2;
	}
	lua_pushinteger(L, name->family);
	if (name->family == AF_UNSPEC)
		return 1;
	if (name->family == AF_UNIX && name->size == 0)
		lua_pushnil(L);
	else
		lua_pushlstring(L, name->text, name->size);
	if (name->family == AF_UNIX)
		lua_pushnil(L);
	else
		lua_pushinteger(L, name->port);
	return 3;
}

/* socket:peername() */
static int socket_peername(lua_State *L)
{
	cq_name name;
	return push_name(L, cq_socket_peername(shim_socket(L, 1)->so, &name), &name);
}

/* socket:localname() */
static int socket_localname(lua_State *L)
{
	cq_name name;
	return push_name(L, cq_socket_localname(shim_socket(L, 1)->so, &name), &name);
}

static void set_stat(lua_State *L, const struct socket *socket, uint32_t side, const char *key)
{
	cq_stat stat = { 0, 0, 0, { 0 } };
	cq_socket_stat(socket->so, side, &stat);
	lua_newtable(L);
	shim_push_unsigned(L, stat.count);
	lua_setfield(L, -2, "count");
	lua_pushboolean(L, stat.eof);
	lua_setfield(L, -2, "eof");
	lua_pushinteger(L, (lua_Integer)stat.time);
	lua_setfield(L, -2, "time");
	lua_setfield(L, -2, key);
}

/* socket:stat() */
static int socket_stat(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	lua_newtable(L);
	set_stat(L, socket, CQ_INPUT, "rcvd");
	set_stat(L, socket, CQ_OUTPUT, "sent");
	return 1;
}

/* socket:pollfd() */
static int socket_pollfd(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	socket->is_exposed = 1;
	lua_pushinteger(L, cq_socket_pollfd(socket->so));
	return 1;
}

/* socket:events() */
static int socket_events(lua_State *L)
{
	uint32_t events = cq_socket_events(shim_socket(L, 1)->so);
	lua_pushstring(L, events & POLLIN && events & POLLOUT ? "rw" : events & POLLIN ? "r" : events & POLLOUT ? "w" : "");
	return 1;
}

/* socket:timeout() */
static int socket_timeout(lua_State *L)
{
	double timeout = shim_timeout_of(shim_socket(L, 1));
	if (isnan(timeout))
		return 0;
	lua_pushnumber(L, timeout);
	return 1;
}

/* socket:phase(): what it is doing */
static int socket_phase(lua_State *L)
{
	lua_pushstring(L, cq_socket_phase(shim_socket(L, 1)->so));
	return 1;
}

const luaL_Reg shim_socket_telling[] = {
	{ "eof", socket_eof },
	{ "pending", socket_pending },
	{ "peername", socket_peername },
	{ "localname", socket_localname },
	{ "peereid", socket_peereid },
	{ "peerpid", socket_peerpid },
	{ "stat", socket_stat },
	{ "pollfd", socket_pollfd },
	{ "events", socket_events },
	{ "phase", socket_phase },
	{ "timeout", socket_timeout },
	{ NULL, NULL },
};
