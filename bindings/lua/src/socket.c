/* SPDX-License-Identifier: MIT
 *
 * _cqueues.socket: making sockets, from arguments or a table of options (guide 3.2.2).
 */
#include "shim.h"
#include <netinet/in.h>

const char shim_socket_tag[] = SHIM_SOCKET;

struct socket *shim_socket(lua_State *L, int index)
{
	struct socket *socket = shim_check(L, index, shim_socket_tag, SHIM_SOCKET);
	if (!socket->so)
		shim_error(L, "%s", "socket closed");
	return socket;
}

struct socket *shim_new_socket(lua_State *L, struct shim *shim)
{
	struct socket *socket = shim_new(L, shim, shim_socket_tag, SHIM_SOCKET, sizeof *socket);
	socket->onerror = LUA_NOREF;
	return socket;
}

void shim_apply_defaults(struct shim *shim, struct socket *socket)
{
	const struct defaults *d = &shim->defaults;
	for (uint32_t side = 0; side < 2; side++) {
		cq_socket_set_mode(socket->so, side, d->mode[side]);
		cq_socket_set_bufsiz(socket->so, side, d->bufsiz[side]);
		cq_socket_set_maxline(socket->so, side, d->maxline[side]);
		socket->maxerrs[side] = d->maxerrs[side];
	}
	socket->timeout = d->timeout;
}

/* -- Options -------------------------------------------------------------------------------- */

/* Pushes a field of the table at 1 by its name or its second name. */
static int field(lua_State *L, const char *name, const char *second)
{
	lua_getfield(L, 1, name);
	if (lua_isnil(L, -1) && second) {
		lua_pop(L, 1);
		lua_getfield(L, 1, second);
	}
	return lua_type(L, -1);
}

static int bad_field(lua_State *L, const char *name, const char *why)
{
	return luaL_argerror(L, 1, lua_pushfstring(L, "field %s: %s", name, why));
}

static void set(lua_State *L, cq_options *options, uint32_t option, const char *name, int value)
{
	int code = cq_options_set(options, option, value);
	if (code)
		bad_field(L, name, cq_strerror(code));
}

/* Host and port, a number or its digits, at the two indices. A code, 0 if they are right. */
static int load_host(lua_State *L, cq_options *options, int host, int port)
{
	const char *name = luaL_checkstring(L, host);
	luaL_checkstring(L, port);
	lua_Number number = lua_isnumber(L, port) ? lua_tonumber(L, port) : -1;
	if (!(number >= 0 && number <= 65535 && number == floor(number)))
		return CQ_ESERVICE;
	return cq_options_host(options, name, (int)number);
}

/* Permissions: a number, octal digits, or "rwxrwxrwx". */
static int permissions(lua_State *L, const char *name)
{
	static const char letters[] = "rwxrwxrwx";
	if (lua_type(L, -1) == LUA_TNUMBER)
		return (int)lua_tointeger(L, -1);
	const char *text = lua_tostring(L, -1);
	if (!text)
		return bad_field(L, name, "number or string expected");
	int value = 0, count = (int)strspn(text, "01234567");
	if (count && !text[count]) {
		for (const char *digit = text; *digit; digit++)
			value = value << 3 | (*digit - '0');
		return value;
	}
	for (int i = 0; i < 9; i++) {
		if (!text[i] || (text[i] != letters[i] && text[i] != '-'))
			return bad_field(L, name, "octal digits or rwxrwxrwx expected");
		value = value << 1 | (text[i] != '-');
	}
	return value;
}

static void opt_permissions(lua_State *L, cq_options *options, uint32_t option, const char *name, const char *second)
{
	if (field(L, name, second) != LUA_TNIL)
		set(L, options, option, name, permissions(L, name));
	lua_pop(L, 1);
}

static void opt_switch(lua_State *L, cq_options *options, uint32_t option, const char *name, const char *second)
{
	if (field(L, name, second) != LUA_TNIL)
		set(L, options, option, name, lua_toboolean(L, -1));
	lua_pop(L, 1);
}

static void opt_number(lua_State *L, cq_options *options, uint32_t option, const char *name)
{
	int type = field(L, name, NULL);
	if (type != LUA_TNIL && !lua_isnumber(L, -1))
		bad_field(L, name, "number expected");
	if (type != LUA_TNIL)
		set(L, options, option, name, (int)lua_tointeger(L, -1));
	lua_pop(L, 1);
}

/* bind: an address, { address, port } or { path = path }. */
static void opt_bind(lua_State *L, cq_options *options)
{
	int type = field(L, "bind", "sa_bind"), code = 0;
	if (type == LUA_TSTRING) {
		code = cq_options_bind(options, lua_tostring(L, -1), 0);
	} else if (type == LUA_TTABLE) {
		size_t size;
		lua_getfield(L, -1, "path");
		const char *path = lua_tolstring(L, -1, &size);
		lua_rawgeti(L, -2, 1);
		lua_rawgeti(L, -3, 2);
		code = path ? cq_options_bind_path(options, path, size)
		            : cq_options_bind(options, lua_tostring(L, -2), (int)lua_tointeger(L, -1));
		lua_pop(L, 3);
	} else if (type != LUA_TNIL) {
		bad_field(L, "bind", "string or table expected");
	}
	if (code)
		bad_field(L, "bind", cq_strerror(code));
	lua_pop(L, 1);
}

/* The table at 1; the options' owner lies at 2. A code as load_host. */
static int load_options(lua_State *L, cq_options *options)
{
	size_t size;
	int code = 0;
	if (field(L, "path", NULL) != LUA_TNIL) {
		const char *path = lua_tolstring(L, -1, &size);
		if (!path)
			bad_field(L, "path", "string expected");
		code = cq_options_path(options, path, size);
		if (code)
			bad_field(L, "path", cq_strerror(code));
	} else {
		lua_settop(L, 2);
		field(L, "host", NULL); /* at 3 */
		field(L, "port", NULL); /* at 4 */
		code = load_host(L, options, 3, 4);
		if (code)
			return code;
	}
	lua_settop(L, 2);
	opt_number(L, options, CQ_OPTION_FAMILY, "family");
	opt_number(L, options, CQ_OPTION_TYPE, "type");
	opt_permissions(L, options, CQ_OPTION_MODE, "mode", "sun_mode");
	opt_permissions(L, options, CQ_OPTION_MASK, "mask", "sun_mask");
	opt_switch(L, options, CQ_OPTION_UNLINK, "unlink", "sun_unlink");
	opt_switch(L, options, CQ_OPTION_REUSEADDR, "reuseaddr", "sin_reuseaddr");
	opt_switch(L, options, CQ_OPTION_REUSEPORT, "reuseport", "sin_reuseport");
	opt_switch(L, options, CQ_OPTION_NODELAY, "nodelay", "sin_nodelay");
	opt_switch(L, options, CQ_OPTION_NOPUSH, "nopush", "sin_nopush");
	opt_switch(L, options, CQ_OPTION_V6ONLY, "v6only", "sin_v6only");
	opt_switch(L, options, CQ_OPTION_TIME, "time", "st_time");
	opt_bind(L, options);
	return 0;
}

/* host, port[, family][, type]. A code as load_host. */
static int load_arguments(lua_State *L, cq_options *options)
{
	int code = load_host(L, options, 1, 2);
	if (code)
		return code;
	if (!lua_isnoneornil(L, 3)) {
		code = cq_options_set(options, CQ_OPTION_FAMILY, (int)luaL_checkinteger(L, 3));
		luaL_argcheck(L, code == 0, 3, cq_strerror(code));
	}
	if (!lua_isnoneornil(L, 4)) {
		code = cq_options_set(options, CQ_OPTION_TYPE, (int)luaL_checkinteger(L, 4));
		luaL_argcheck(L, code == 0, 4, cq_strerror(code));
	}
	return 0;
}

static int options_gc(lua_State *L)
{
	cq_options **box = lua_touserdata(L, 1);
	cq_options_free(*box);
	*box = NULL;
	return 0;
}

/* Options that the collector frees if an argument turns out to be wrong. */
static cq_options **new_options(lua_State *L)
{
	cq_options **box = lua_newuserdata(L, sizeof *box);
	*box = NULL;
	if (luaL_newmetatable(L, "cqueues.options")) {
		lua_pushcfunction(L, options_gc);
		lua_setfield(L, -2, "__gc");
	}
	lua_setmetatable(L, -2);
	int code = cq_options_new(box);
	if (code)
		luaL_error(L, "%s", cq_strerror(code));
	return box;
}

/* -- Constructors --------------------------------------------------------------------------- */

static int nil_and_code(lua_State *L, int code)
{
	lua_pushnil(L);
	lua_pushinteger(L, code);
	return 2;
}

typedef int constructor(const cq_options *, cq_socket **);

static int construct(lua_State *L, constructor *make)
{
	struct shim *shim = shim_self(L);
	int code;
	if (!lua_istable(L, 1)) {
		luaL_checkstring(L, 1);
		luaL_checkstring(L, 2);
	}
	lua_settop(L, 4);
	cq_options **options = new_options(L); /* on top */
	if (lua_istable(L, 1)) {
		lua_replace(L, 2);
		lua_settop(L, 2);
		code = load_options(L, *options);
	} else {
		code = load_arguments(L, *options);
	}
	struct socket *socket = shim_new_socket(L, shim);
	if (code == 0)
		code = make(*options, &socket->so);
	cq_options_free(*options);
	*options = NULL;
	if (code)
		return nil_and_code(L, code);
	shim_apply_defaults(shim, socket);
	return 1;
}

/* socket.connect(host, port[, family][, type]), socket.connect{ ... } */
static int socket_connect(lua_State *L)
{
	return construct(L, cq_socket_connect);
}

/* socket.listen(host, port[, family][, type]), socket.listen{ ... } */
static int socket_listen(lua_State *L)
{
	return construct(L, cq_socket_listen);
}

/* socket.pair([type]), socket.pair{ type = type } */
static int socket_pair(lua_State *L)
{
	struct shim *shim = shim_self(L);
	int type = SOCK_STREAM;
	if (lua_istable(L, 1)) {
		lua_getfield(L, 1, "type");
		lua_replace(L, 1);
	}
	if (lua_type(L, 1) == LUA_TSTRING && !strcmp(lua_tostring(L, 1), "stream"))
		type = SOCK_STREAM;
	else if (!lua_isnoneornil(L, 1))
		type = (int)luaL_checkinteger(L, 1);
	struct socket *a = shim_new_socket(L, shim), *b = shim_new_socket(L, shim);
	int code = type == SOCK_STREAM ? cq_socket_pair(type, &a->so, &b->so) : EINVAL;
	if (code) {
		lua_pushnil(L);
		return 1 + nil_and_code(L, code);
	}
	shim_apply_defaults(shim, a);
	shim_apply_defaults(shim, b);
	return 2;
}

/* The descriptor of a number, a socket, or a table with a field fd. */
static int descriptor(lua_State *L, int index)
{
	struct socket *socket = shim_test(L, index, shim_socket_tag);
	if (socket)
		return socket->so ? cq_socket_pollfd(socket->so) : -1;
	if (lua_istable(L, index)) {
		lua_getfield(L, index, "fd");
		return lua_isnumber(L, -1) ? (int)lua_tointeger(L, -1) : -1;
	}
	return lua_isnoneornil(L, index) ? -1 : (int)luaL_checkinteger(L, index);
}

static int from_descriptor(lua_State *L, int (*make)(int, cq_socket **))
{
	struct shim *shim = shim_self(L);
	int fd = descriptor(L, 1);
	struct socket *socket = shim_new_socket(L, shim);
	int code = make(fd, &socket->so);
	if (code)
		return nil_and_code(L, code);
	shim_apply_defaults(shim, socket);
	return 1;
}

/* socket.dup(fd or socket or { fd = fd }) */
static int socket_dup(lua_State *L)
{
	return from_descriptor(L, cq_socket_dup);
}

/* socket.fdopen(fd or { fd = fd }) */
static int socket_fdopen(lua_State *L)
{
	return from_descriptor(L, cq_socket_adopt);
}

/* socket.type(object) */
static int socket_type(lua_State *L)
{
	struct socket *socket = shim_test(L, 1, shim_socket_tag);
	if (!socket)
		lua_pushnil(L);
	else
		lua_pushstring(L, socket->so ? "socket" : "closed socket");
	return 1;
}

/* socket.interpose(name, function) */
static int socket_interpose(lua_State *L)
{
	return shim_interpose(L, &shim_self(L)->custom_socket);
}

static void destroy(lua_State *L, struct socket *socket)
{
	cq_socket_free(socket->so);
	socket->so = NULL;
	luaL_unref(L, LUA_REGISTRYINDEX, socket->onerror);
	socket->onerror = LUA_NOREF;
}

/* socket:close() */
static int socket_close(lua_State *L)
{
	destroy(L, shim_check(L, 1, shim_socket_tag, SHIM_SOCKET));
	return 0;
}

static int socket_gc(lua_State *L)
{
	destroy(L, lua_touserdata(L, 1));
	return 0;
}

/* -- The module ----------------------------------------------------------------------------- */

static const luaL_Reg methods[] = {
	{ "close", socket_close },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__gc", socket_gc },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "connect", socket_connect },
	{ "listen", socket_listen },
	{ "pair", socket_pair },
	{ "dup", socket_dup },
	{ "fdopen", socket_fdopen },
	{ "type", socket_type },
	{ "interpose", socket_interpose },
	{ NULL, NULL },
};

static const struct {
	const char *name;
	int value;
} constants[] = {
	{ "AF_UNSPEC", AF_UNSPEC },
	{ "AF_INET", AF_INET },
	{ "AF_INET6", AF_INET6 },
	{ "AF_UNIX", AF_UNIX },
	{ "SOCK_STREAM", SOCK_STREAM },
	{ "SOCK_DGRAM", SOCK_DGRAM },
	{ "SOCK_SEQPACKET", SOCK_SEQPACKET },
};

int luaopen__cqueues_socket(lua_State *L)
{
	luaL_getmetatable(L, SHIM_SOCKET);
	int first = lua_isnil(L, -1);
	lua_pop(L, 1);
	shim_class(L, SHIM_SOCKET, methods, meta);
	if (first) {
		lua_getfield(L, -1, "__index");
		shim_push_state(L);
		luaL_setfuncs(L, shim_socket_plain, 1);
		shim_push_state(L);
		luaL_setfuncs(L, shim_socket_settings, 1);
		shim_set_waiting(L, shim_socket_reading);
		shim_set_waiting(L, shim_socket_writing);
		lua_pop(L, 1);
	}
	lua_newtable(L);
	shim_push_state(L);
	lua_pushvalue(L, -3);
	luaL_setfuncs(L, functions, 2);
	shim_push_state(L);
	luaL_setfuncs(L, shim_class_settings, 1);
	for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
		lua_pushinteger(L, constants[i].value);
		lua_setfield(L, -2, constants[i].name);
	}
	return 1;
}
