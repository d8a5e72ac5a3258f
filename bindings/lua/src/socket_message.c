/* SPDX-License-Identifier: MIT
 *
 * Socket methods that pass whole messages by the buffers: with descriptors, or with addresses.
 */
#include "socket.h"
#include <unistd.h>

enum { PAGE = 4096, DATAGRAM = 65536 };

#define ROOM "cqueues.room" /* key of the registry */

/* Pushes room for a message, which the sockets of the VM share. Until it is given back it is nobody else's: a finalizer
 * that runs meanwhile may receive, too. */
static void *push_room(lua_State *L, struct shim *shim, size_t size)
{
	if (shim->room < size)
		return lua_newuserdata(L, size);
	shim->room = 0;
	lua_getfield(L, LUA_REGISTRYINDEX, ROOM);
	return lua_touserdata(L, -1);
}

/* Gives back the room at `index`, and removes it from there. */
static void give_room(lua_State *L, struct shim *shim, int index)
{
	shim->room = lua_rawlen(L, index);
	lua_pushvalue(L, index);
	lua_setfield(L, LUA_REGISTRYINDEX, ROOM);
	lua_remove(L, index);
}

/* A message size: at least a page. */
static size_t check_size(lua_State *L, int index, size_t usual)
{
	lua_Integer size = (lua_Integer)usual;
	if (!lua_isnoneornil(L, index)) {
		shim_checknumber(L, index);
		if (!shim_tointeger(L, index, &size))
			shim_argerror(L, index, "number has no integer representation");
	}
	if (size < 0 || size > INT_MAX)
		return SIZE_MAX; /* for which there is no memory */
	return size > PAGE ? (size_t)size : PAGE;
}

/* -- Descriptors -------------------------------------------------------------------------------- */

/* Receives into room on the stack, and pushes the message and a socket or nil. A code. */
static int receive_descriptor(lua_State *L, struct socket *socket, void *room, size_t limit)
{
	struct shim *shim = socket->object.shim;
	struct socket *received = shim_new_socket(L, shim); /* first: nothing is lost if there is no memory */
	size_t size;
	int fd, code = cq_socket_try_recvfd(socket->so, room, limit, &size, &fd);
	if (!code && fd >= 0 && (code = cq_socket_adopt(fd, &received->so)))
		close(fd);
	if (code)
		return lua_pop(L, 1), code;
	lua_pushlstring(L, room, size);
	lua_insert(L, -2);
	if (fd >= 0) {
		shim_apply_defaults(L, shim, received);
		cq_socket_set_strict(received->so, shim->defaults.strict);
	} else {
		lua_pop(L, 1);
		lua_pushnil(L);
	}
	return 0;
}

int shim_attempt_recvfd(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)first;
	int code = shim_input_error(L, socket), top = lua_gettop(L);
	if (op->offset == SIZE_MAX)
		return ENOMEM;
	void *room = push_room(L, socket->object.shim, op->offset);
	if (!code)
		code = receive_descriptor(L, socket, room, op->offset);
	give_room(L, socket->object.shim, top + 1);
	if (code == EPIPE) {
		lua_pushnil(L); /* end of file */
		lua_pushnil(L);
		return 0;
	}
	return code;
}

/* socket:recvfd([size][, timeout]): message and socket */
static int socket_recvfd(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	size_t size = check_size(L, 2, PAGE);
	struct op op = shim_op(RECVFD, 0, CQ_MODE_DEFAULT, shim_checktimeout(L, 3));
	op.offset = size;
	lua_settop(L, 1);
	return shim_go(L, socket, &op);
}

int shim_attempt_sendfd(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)op, (void)first;
	size_t size;
	int code = socket->error[CQ_OUTPUT], fd = -1;
	const char *message = lua_tolstring(L, 2, &size);
	if (!lua_isnoneornil(L, 3) && (fd = shim_descriptor_of(L, 3)) < 0)
		return EBADF;
	if (!code)
		code = cq_socket_try_sendfd(socket->so, message, size, fd);
	if (!code)
		lua_pushboolean(L, 1);
	return code;
}

/* socket:sendfd(message, socket or file or descriptor or nil[, timeout]) */
static int socket_sendfd(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	shim_checkstring(L, 2, NULL);
	double timeout = shim_checktimeout(L, 4);
	lua_settop(L, 3);
	struct op op = shim_op(SENDFD, 2, CQ_MODE_DEFAULT, timeout);
	return shim_go(L, socket, &op);
}

/* -- Addresses --------------------------------------------------------------------------------- */

/* Pushes the host and port, or the path, of an address. */
static void push_address(lua_State *L, const cq_address *address)
{
	cq_name name;
	int internet = !cq_address_name(address, &name) && (name.family == AF_INET || name.family == AF_INET6);
	if (name.size)
		lua_pushlstring(L, name.text, name.size);
	else
		lua_pushnil(L);
	if (internet)
		lua_pushinteger(L, name.port);
	else
		lua_pushnil(L);
}

int shim_attempt_recvfrom(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)first;
	size_t size;
	cq_address from;
	int code = socket->error[CQ_INPUT], top = lua_gettop(L);
	if (op->offset == SIZE_MAX)
		return ENOMEM;
	void *room = push_room(L, socket->object.shim, op->offset);
	if (!code)
		code = cq_socket_try_recvfrom(socket->so, room, op->offset, &size, &from, NULL);
	if (!code) {
		lua_pushlstring(L, room, size);
		push_address(L, &from);
	}
	give_room(L, socket->object.shim, top + 1);
	return code;
}

/* socket:recvfrom([size][, timeout]): message, host and port, or message and path */
static int socket_recvfrom(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	struct op op = shim_op(RECVFROM, 0, CQ_MODE_DEFAULT, shim_checktimeout(L, 3));
	op.offset = check_size(L, 2, DATAGRAM);
	lua_settop(L, 1);
	return shim_go(L, socket, &op);
}

int shim_attempt_sendto(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)op, (void)first;
	size_t size;
	const char *message = lua_tolstring(L, 2, &size);
	const cq_address *to = lua_touserdata(L, 3);
	int code = socket->error[CQ_OUTPUT];
	if (!code)
		code = cq_socket_try_sendto(socket->so, message, size, to);
	if (!code)
		lua_pushboolean(L, 1);
	return code;
}

/* socket:sendto(message, host, port[, timeout]), socket:sendto(message, path[, nil, timeout]) */
static int socket_sendto(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	size_t size;
	cq_address address;
	double timeout = shim_checktimeout(L, 5);
	shim_checkstring(L, 2, NULL);
	const char *host = shim_checkstring(L, 3, &size);
	int internet = !lua_isnoneornil(L, 4);
	lua_Number port = internet ? shim_checknumber(L, 4) : 0;
	if (!(port >= 0 && port <= 65535 && port == floor(port)))
		return shim_argerror(L, 4, "port out of range");
	int code = internet ? cq_address_parse(host, (int)port, &address) : cq_address_path(host, size, &address);
	if (code || (internet && strlen(host) != size))
		return shim_argerror(L, 3, cq_strerror(code ? code : CQ_EADDRESS));
	lua_settop(L, 2);
	*(cq_address *)lua_newuserdata(L, sizeof address) = address;
	struct op op = shim_op(SENDTO, 2, CQ_MODE_DEFAULT, timeout);
	return shim_go(L, socket, &op);
}

/* -- Methods ------------------------------------------------------------------------------- */

const luaL_Reg shim_socket_messages[] = {
	{ "recvfd", socket_recvfd },
	{ "sendfd", socket_sendfd },
	{ "recvfrom", socket_recvfrom },
	{ "sendto", socket_sendto },
	{ NULL, NULL },
};
