/* SPDX-License-Identifier: MIT
 *
 * TLS on sockets. A configuration is one of cqueues.tls, or a context or connection of luaossl: userdata of its classes,
 * each of which holds the pointer of libssl.
 */
#include "socket.h"
#include "tls.h"

#define CONTEXT_CLASS "SSL_CTX*"
#define CONNECTION_CLASS "SSL*"
#define CONFIGURATION "cqueues.tls"

/* Pushes the configuration of those who give none: a client that demands nothing, unless its socket
 * was made with the option `verify`. One for the VM, so that sessions are resumed. */
static int push_usual(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, CONFIGURATION);
	if (!lua_isnil(L, -1))
		return 0;
	lua_pop(L, 1);
	cq_tls **box = shim_new_tls(L);
	int code = cq_tls_new(CQ_TLS_CLIENT, box);
	if (!code)
		code = cq_tls_verify(*box, CQ_TLS_VERIFY_NONE);
	if (code)
		return code;
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, CONFIGURATION);
	return 0;
}

/* Classes of other bindings of OpenSSL: what lies in their objects is not known. */
static const struct {
	const char *class, *binding;
} strangers[] = {
	{ "SSL:Context", "LuaSec" },
	{ "SSL:Connection", "LuaSec" },
	{ "openssl.ssl_ctx", "lua-openssl" },
	{ "openssl.ssl", "lua-openssl" },
};

/* Throws that the object at 2 is of no use, and says what it is. */
static int refuse_object(lua_State *L)
{
	const char *got = luaL_typename(L, 2);
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
		if (shim_test_class(L, 2, strangers[i].class))
			got = lua_pushfstring(L, "%s of %s", strangers[i].class, strangers[i].binding);
	return shim_argerror(L, 2, lua_pushfstring(L, "openssl.ssl.context or cqueues.tls expected, got %s", got));
}

/* Pushes the configuration that the value at 2 stands for. */
static int push_configuration(lua_State *L)
{
	void **context = shim_test_class(L, 2, CONTEXT_CLASS), **ssl = shim_test_class(L, 2, CONNECTION_CLASS);
	cq_tls **own = shim_test_class(L, 2, SHIM_TLS);
	if (own) {
		if (!*own)
			shim_argerror(L, 2, "the configuration was finalized");
		lua_pushvalue(L, 2);
		return 0;
	}
	if (!context && !ssl) {
		/* An object may be meant for a context that demands certificates: it is not left out in silence. */
		if (lua_isuserdata(L, 2))
			refuse_object(L);
		return push_usual(L);
	}
	cq_tls **box = shim_new_tls(L);
	int code = context ? cq_tls_adopt_context(*context, CQ_TLS_ANY, box) : cq_tls_adopt_ssl(*ssl, CQ_TLS_ANY, box);
	if (code == EOPNOTSUPP)
		shim_argerror(L, 2, "the library has an OpenSSL of its own inside, and takes configurations of cqueues.tls only");
	return code;
}

/* Pushes the input that the mode flag P keeps from the handshake. */
static size_t hold_back(lua_State *L, struct socket *socket)
{
	cq_socket *so = socket->so;
	char mode[4];
	const void *data;
	size_t size = cq_socket_pending(so, CQ_INPUT);
	cq_mode_format(cq_socket_mode(so, CQ_INPUT), CQ_INPUT, mode);
	if (!size || mode[2] != 'P')
		return 0;
	if (cq_socket_try_recv(so, CQ_READ_UP_TO, size, cq_mode_parse("b", 1), 0, &data, &size))
		return 0;
	shim_push_bytes(L, socket, data, size);
	return size;
}

int shim_attempt_starttls(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)op, (void)first;
	cq_tls **box = lua_touserdata(L, 2);
	size_t held = hold_back(L, socket);
	int code = cq_socket_try_starttls(socket->so, *box);
	if (held) {
		int kept = cq_socket_unget(socket->so, lua_tostring(L, -1), held);
		lua_pop(L, 1);
		code = code ? code : kept;
	}
	if (!code)
		lua_pushvalue(L, 1);
	return code;
}

/* Pushes a field of the table at 2, without its metamethods: objects of programs were never asked for such fields. */
static void push_field(lua_State *L, const char *name)
{
	lua_pushstring(L, name);
	lua_rawget(L, 2);
}

/* Throws unless the field on top of the stack is nil or of a type. */
static void check_field(lua_State *L, const char *name, int type, const char *wanted)
{
	if (!lua_isnil(L, -1) && lua_type(L, -1) != type)
		shim_argerror(L, 2, lua_pushfstring(L, "field %s: %s expected, got %s", name, wanted, luaL_typename(L, -1)));
}

/* Puts what a table { context = ..., strict = ..., timeout = ... } at 2 says in the place of the arguments; returns what it
 * says of `strict`: -1 if nothing. */
static int unpack_arguments(lua_State *L)
{
	lua_settop(L, 3);
	if (!lua_istable(L, 2))
		return -1;
	push_field(L, "strict");
	int strict = lua_isnil(L, -1) ? -1 : lua_toboolean(L, -1);
	push_field(L, "timeout");
	check_field(L, "timeout", LUA_TNUMBER, "number");
	if (!lua_isnil(L, -1)) {
		lua_pushvalue(L, -1);
		lua_replace(L, 3);
	}
	push_field(L, "context");
	check_field(L, "context", LUA_TUSERDATA, "openssl.ssl.context or cqueues.tls");
	lua_replace(L, 2);
	lua_settop(L, 3);
	return strict;
}

/* socket:starttls([configuration, context or connection][, timeout]), socket:starttls{ ... } */
static int socket_starttls(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	int strict = unpack_arguments(L);
	/* What is no number, or a number in a string, is no timeout here. */
	int place = lua_type(L, 2) == LUA_TNUMBER ? 2 : 3;
	double timeout = lua_type(L, place) == LUA_TNUMBER ? lua_tonumber(L, place) : NAN;
	lua_settop(L, 2);
	if (strict >= 0)
		cq_socket_set_strict(socket->so, strict);
	int code = push_configuration(L);
	if (code)
		return shim_error(L, "%s", cq_strerror(code));
	lua_replace(L, 2);
	struct op op = shim_op(STARTTLS, 1, CQ_MODE_DEFAULT, timeout);
	return shim_go(L, socket, &op);
}

/* socket:listentls(configuration[, most]): the socket, or nil and a code */
static int socket_listentls(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	cq_tls **own = shim_test_class(L, 2, SHIM_TLS);
	shim_argcheck(L, own && *own, 2, "cqueues.tls expected");
	lua_Number most = shim_optnumber(L, 3, 1024);
	shim_argcheck(L, most >= 1 && most <= 1e9, 3, "a number of peers expected");
	int code = cq_socket_listen_tls(socket->so, *own, (size_t)most);
	if (code) {
		lua_pushnil(L);
		lua_pushinteger(L, code);
		return 2;
	}
	lua_settop(L, 1);
	return 1;
}

/* socket:checktls(): luaossl's object; nothing without TLS; nil and a text without luaossl */
static int socket_checktls(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	if (!cq_socket_checktls(socket->so))
		return 0;
	lua_getglobal(L, "require");
	lua_pushliteral(L, "openssl.ssl");
	if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
		lua_pushnil(L);
		lua_insert(L, -2);
		return 2;
	}
	shim_socket(L, 1); /* unless it was closed by what was loaded */
	void **place = lua_newuserdata(L, sizeof *place);
	luaL_getmetatable(L, CONNECTION_CLASS);
	if (lua_isnil(L, -1)) {
		lua_pushnil(L);
		lua_pushliteral(L, "openssl.ssl has no class of that name");
		return 2;
	}
	if (!(*place = cq_socket_sharetls(shim_socket(L, 1)->so))) { /* freed by the class */
		lua_pushnil(L);
		lua_pushliteral(L, "the library has an OpenSSL of its own inside, whose objects luaossl cannot use");
		return 2;
	}
	lua_setmetatable(L, -2);
	return 1;
}

/* socket:reason(): why the connection failed, in words; nothing if there is no more to say */
static int socket_reason(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	char text[512];
	if (cq_socket_reason(socket->so, text, sizeof text) || !text[0])
		return 0;
	lua_pushstring(L, text);
	return 1;
}

/* socket:truncated(): whether the TLS stream has ended without notice, so that something may be missing */
static int socket_truncated(lua_State *L)
{
	lua_pushboolean(L, cq_socket_truncated(shim_socket(L, 1)->so));
	return 1;
}

/* socket:alpn(): the application protocol that both ends chose, if any */
static int socket_alpn(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	char text[256];
	if (cq_socket_alpn(socket->so, text, sizeof text) || !text[0])
		return 0;
	lua_pushstring(L, text);
	return 1;
}

/* -- Methods ------------------------------------------------------------------------------- */

const luaL_Reg shim_socket_tls[] = {
	{ "starttls", socket_starttls },
	{ NULL, NULL },
};

const luaL_Reg shim_socket_tls_plain[] = {
	{ "checktls", socket_checktls },
	{ "listentls", socket_listentls },
	{ "reason", socket_reason },
	{ "truncated", socket_truncated },
	{ "alpn", socket_alpn },
	{ "tlsinfo", shim_socket_tlsinfo },
	{ NULL, NULL },
};
