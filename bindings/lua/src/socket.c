/* SPDX-License-Identifier: MIT
 *
 * _cqueues.socket: making sockets, from arguments or a table of options (guide 3.2.2).
 */
#include "socket.h"
#include <netinet/in.h>

const char shim_socket_tag[] = SHIM_SOCKET;

struct socket *shim_no_socket(lua_State *L, int index)
{
	shim_check(L, index, shim_socket_tag, SHIM_SOCKET);
	shim_error(L, "socket closed");
	return NULL;
}

struct socket *shim_new_socket(lua_State *L, struct shim *shim)
{
	return shim_new(L, shim, shim_socket_tag, SHIM_SOCKET, sizeof(struct socket));
}

void shim_set_timeout(lua_State *L, struct socket *socket, double timeout)
{
	if (!isnan(timeout) && !shim_rare(socket))
		shim_error(L, "%s", cq_strerror(ENOMEM));
	socket->has_timeout = !isnan(timeout);
	if (socket->has_timeout)
		socket->rare->timeout = timeout;
}

void shim_set_maxerrs(lua_State *L, struct socket *socket, uint32_t side, lua_Integer number)
{
	int is_small = number > SHIM_RARE && number <= INT16_MAX, was_small = socket->maxerrs[side] != SHIM_RARE;
	if (is_small && !was_small) {
		lua_Integer errors = socket->rare->errors[side];
		socket->errors[side] = errors < UINT16_MAX ? (uint16_t)errors : UINT16_MAX;
	}
	if (!is_small && !shim_rare(socket))
		shim_error(L, "%s", cq_strerror(ENOMEM));
	if (!is_small && was_small)
		socket->rare->errors[side] = socket->errors[side];
	if (!is_small)
		socket->rare->maxerrs[side] = number;
	socket->maxerrs[side] = is_small ? (int16_t)number : SHIM_RARE;
}

void shim_apply_defaults(lua_State *L, struct shim *shim, struct socket *socket)
{
	const struct defaults *d = &shim->defaults;
	for (uint32_t side = 0; side < 2; side++) {
		cq_socket_set_mode(socket->so, side, d->mode[side]);
		cq_socket_set_bufsiz(socket->so, side, d->bufsiz[side]);
		cq_socket_set_maxline(socket->so, side, d->maxline[side]);
		shim_set_maxerrs(L, socket, side, d->maxerrs[side]);
	}
	shim_set_timeout(L, socket, d->timeout);
	if (d->onerror != LUA_NOREF) {
		lua_rawgeti(L, LUA_REGISTRYINDEX, d->onerror);
		shim_set_handler(L, lua_gettop(L) - 1, socket);
	}
	cq_socket_set_hold(socket->so, d->hold);
}

#if SHIM_COPIES_LATE
void shim_push_bytes(lua_State *L, struct socket *socket, const void *data, size_t size)
{
	lua_State *outer = socket->pinned;
	socket->pinned = L;
	lua_pushlstring(L, data, size);
	socket->pinned = outer;
	if (outer)
		return;
	cq_socket_free(socket->doomed);
	socket->doomed = NULL;
}

/* Whether a method of the socket is still pushing its bytes. An error of memory leaves `pinned` as it was, but not the frame. */
static int is_pinned(lua_State *L, const struct socket *socket)
{
	lua_Debug frame;
	if (socket->pinned != L)
		return socket->pinned != NULL;
	for (int level = 1; lua_getstack(L, level, &frame); level++) {
		lua_getinfo(L, "S", &frame);
		if (*frame.what != 'C' || !lua_getlocal(L, &frame, 1))
			continue;
		int is_own = lua_touserdata(L, -1) == socket;
		lua_pop(L, 1);
		if (is_own)
			return 1;
	}
	return 0;
}
#endif

/* -- Constructors --------------------------------------------------------------------------- */

typedef int constructor(const cq_options *, cq_socket **);

static int construct(lua_State *L, constructor *make)
{
	struct shim *shim = shim_self(L);
	int code, table = lua_istable(L, 1);
	if (!table) {
		shim_checkstring(L, 1, NULL);
		shim_checkstring(L, 2, NULL);
	}
	lua_settop(L, 4);
	cq_options *options = shim_new_options(L); /* freed by the collector */
	cq_options_set(options, CQ_OPTION_STRICT, shim->defaults.strict);
	if (table) {
		code = shim_load_address(L, 1, options);
		if (!code)
			shim_load_options(L, 1, options, 1);
	} else {
		code = shim_load_arguments(L, options);
	}
	struct socket *socket = shim_new_socket(L, shim);
	socket->is_planned = 1;
	if (code == 0)
		code = make(options, &socket->so);
	if (code)
		return shim_nil_and_code(L, code);
	shim_apply_defaults(L, shim, socket);
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

/* The options in the table at 1, on top of the stack; NULL if there is none. */
static cq_options *table_options(lua_State *L)
{
	if (!lua_istable(L, 1))
		return NULL;
	cq_options *options = shim_new_options(L);
	shim_load_options(L, 1, options, 0);
	return options;
}

/* The whole number at `index`, a value of the first argument. */
static lua_Integer check_number(lua_State *L, int index)
{
	lua_Integer number;
	if (!lua_isnumber(L, index))
		shim_argerror(L, 1, lua_pushfstring(L, "number expected, got %s", luaL_typename(L, index)));
	shim_argcheck(L, shim_tointeger(L, index, &number), 1, "number has no integer representation");
	return number;
}

static int socket_type_of(lua_State *L, int index)
{
	static const char *const names[] = { "stream", "dgram", "seqpacket" };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	if (lua_isnoneornil(L, index))
		return SOCK_STREAM;
	if (lua_type(L, index) == LUA_TSTRING) {
		for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
			if (!strcmp(lua_tostring(L, index), names[i]))
				return types[i];
		}
	}
	return (int)check_number(L, index);
}

/* socket.pair([type]), socket.pair{ type = type, ... } */
static int socket_pair(lua_State *L)
{
	struct shim *shim = shim_self(L);
	lua_settop(L, 1);
	const cq_options *options = table_options(L);
	if (options)
		lua_getfield(L, 1, "type");
	int type = socket_type_of(L, options ? -1 : 1);
	struct socket *a = shim_new_socket(L, shim), *b = shim_new_socket(L, shim);
	int code = cq_socket_pair(type, &a->so, &b->so);
	if (shim_collected(L, code))
		code = cq_socket_pair(type, &a->so, &b->so);
	cq_socket_set_strict(a->so, shim->defaults.strict);
	cq_socket_set_strict(b->so, shim->defaults.strict);
	if (!code && options)
		code = cq_socket_configure(a->so, options);
	if (!code && options)
		code = cq_socket_configure(b->so, options);
	if (code) {
		lua_pushnil(L);
		return 1 + shim_nil_and_code(L, code);
	}
	lua_pushvalue(L, -2);
	shim_apply_defaults(L, shim, a);
	lua_pop(L, 1);
	shim_apply_defaults(L, shim, b);
	return 2;
}

int shim_descriptor_of(lua_State *L, int index)
{
	const struct socket *socket = shim_test(L, index, shim_socket_tag);
	if (socket)
		return socket->so ? cq_socket_pollfd(socket->so) : -1;
	shim_file *stream = shim_test_class(L, index, LUA_FILEHANDLE);
	if (stream)
		return shim_file_is_open(stream) ? fileno(shim_file_stream(stream)) : -1;
	return lua_isnumber(L, index) ? (int)lua_tointeger(L, index) : -1;
}

/* Pushes the argument, or what of a table stands for a descriptor. */
static void push_descriptor(lua_State *L)
{
	static const char *const names[] = { "fd", "socket", "file" };
	if (!lua_istable(L, 1)) {
		lua_pushvalue(L, 1);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		lua_getfield(L, 1, names[i]);
		if (!lua_isnil(L, -1))
			return;
		lua_pop(L, 1);
	}
	lua_rawgeti(L, 1, 1);
}

static int from_descriptor(lua_State *L, int (*descriptor)(lua_State *, int), int (*make)(int, cq_socket **))
{
	struct shim *shim = shim_self(L);
	const cq_options *options = table_options(L);
	struct socket *socket = shim_new_socket(L, shim);
	push_descriptor(L);
	/* Only now: reading the table may have closed what it names. */
	int fd = descriptor(L, -1), code = make(fd, &socket->so);
	if (shim_collected(L, code))
		code = make(fd, &socket->so);
	lua_pop(L, 1);
	cq_socket_set_strict(socket->so, shim->defaults.strict);
	if (!code && options && (code = cq_socket_configure(socket->so, options)) && make == cq_socket_adopt)
		cq_socket_release(socket->so, &fd); /* it stays the caller's */
	if (code)
		return shim_nil_and_code(L, code);
	shim_apply_defaults(L, shim, socket);
	return 1;
}

/* socket.dup(fd or file or socket or { fd = fd, ... }) */
static int socket_dup(lua_State *L)
{
	lua_settop(L, 1);
	return from_descriptor(L, shim_descriptor_of, cq_socket_dup);
}

static int number_of(lua_State *L, int index)
{
	lua_Integer fd = check_number(L, index);
	return fd == (int)fd ? (int)fd : -1;
}

/* socket.fdopen(fd or { fd = fd, ... }) */
static int socket_fdopen(lua_State *L)
{
	lua_settop(L, 1);
	return from_descriptor(L, number_of, cq_socket_adopt);
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
	static const struct {
		const char *name;
		unsigned bit;
	} used[] = { { "recv", RECV }, { "send", SEND }, { "accept", TAKE }, { "onerror", ONERROR }, { "timeout", LIMIT } };
	const char *name = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL;
	for (size_t i = 0; name && i < sizeof used / sizeof *used; i++)
		if (!strcmp(name, used[i].name))
			shim_self(L)->replaced |= used[i].bit;
	return shim_interpose(L, &shim_self(L)->custom_socket);
}

static void destroy(lua_State *L, struct socket *socket)
{
	int fd = socket->so && socket->is_exposed ? cq_socket_pollfd(socket->so) : -1;
	if (fd >= 0)
		shim_cancel(L, fd);
#if SHIM_COPIES_LATE
	if (socket->so && is_pinned(L, socket))
		socket->doomed = socket->so;
	else
#endif
		cq_socket_free(socket->so);
	socket->so = NULL;
	socket->has_handler = 0;
}

/* socket:close() */
static int socket_close(lua_State *L)
{
	destroy(L, shim_check(L, 1, shim_socket_tag, SHIM_SOCKET));
	return 0;
}

/* socket:abort() */
static int socket_abort(lua_State *L)
{
	struct socket *socket = shim_check(L, 1, shim_socket_tag, SHIM_SOCKET);
	if (socket->so)
		cq_socket_abort(socket->so);
	destroy(L, socket);
	return 0;
}

static int socket_gc(lua_State *L)
{
	struct socket *socket = lua_touserdata(L, 1);
#if SHIM_COPIES_LATE
	socket->pinned = NULL; /* nobody has it on a stack any more */
	cq_socket_free(socket->doomed);
	socket->doomed = NULL;
#endif
	destroy(L, socket);
	free(socket->rare); /* a method may have waited in it when the socket was closed */
	socket->rare = NULL;
	return 0;
}

/* -- The module ----------------------------------------------------------------------------- */

static const luaL_Reg methods[] = {
	{ "close", socket_close },
	{ "abort", socket_abort },
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
	{ "_use", shim_use_replacements },
	{ "_deadline", shim_deadline },
	{ "_note", shim_note_failure },
	{ "_define", shim_define },
	{ NULL, NULL },
};

static const struct shim_constant constants[] = {
	{ "AF_UNSPEC", AF_UNSPEC },
	{ "AF_INET", AF_INET },
	{ "AF_INET6", AF_INET6 },
	{ "AF_UNIX", AF_UNIX },
	{ "SOCK_STREAM", SOCK_STREAM },
	{ "SOCK_DGRAM", SOCK_DGRAM },
	{ "SOCK_SEQPACKET", SOCK_SEQPACKET },
	{ NULL, 0 },
};

/* Adds functions to the table on top of the stack. */
static void add(lua_State *L, const luaL_Reg *list)
{
	shim_push_state(L);
	luaL_setfuncs(L, list, 1);
}

/* Adds the methods of the other files to the new class. */
static void add_methods(lua_State *L)
{
	luaL_getmetatable(L, SHIM_SOCKET);
	lua_getfield(L, -1, "__index");
	add(L, shim_socket_plain);
	add(L, shim_socket_iterating);
	add(L, shim_socket_settings);
	add(L, shim_socket_errors);
	add(L, shim_socket_telling);
	add(L, shim_socket_tls_plain);
	shim_set_waiting(L, shim_socket_reading);
	shim_set_waiting(L, shim_socket_establishing);
	shim_set_waiting(L, shim_socket_writing);
	shim_set_waiting(L, shim_socket_messages);
	shim_set_waiting(L, shim_socket_tls);
	lua_pop(L, 2);
}

int luaopen__cqueues_socket(lua_State *L)
{
	luaL_getmetatable(L, SHIM_SOCKET);
	int is_new = lua_isnil(L, -1);
	lua_pop(L, 1);
	shim_module(L, SHIM_SOCKET, methods, meta, functions);
	if (is_new)
		add_methods(L);
	shim_set_waiting(L, shim_socket_finishing);
	add(L, shim_class_settings);
	add(L, shim_class_errors);
	shim_set_constants(L, constants);
	return 1;
}
