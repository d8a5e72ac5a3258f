/* SPDX-License-Identifier: MIT
 *
 * The options of socket.connect{}, listen{}, accept{}, pair{} ...: fields of a table (guide 3.2.2), each
 * with an older second name. What is not a field of ours is ignored.
 */
#include "socket.h"
#include <stdlib.h>

/* Pushes a field of the table at `index` by its name or its second name; returns its type. */
static int field(lua_State *L, int index, const char *name, const char *second)
{
	lua_getfield(L, index, name);
	if (lua_isnil(L, -1) && second) {
		lua_pop(L, 1);
		lua_getfield(L, index, second);
	}
	return lua_type(L, -1);
}

static int bad_field(lua_State *L, int index, const char *name, const char *why)
{
	const char *text = lua_pushfstring(L, "field %s: %s", name, why);
	return shim_argerror(L, index, text);
}

static int bad_type(lua_State *L, int index, const char *name, const char *wanted)
{
	return bad_field(L, index, name, lua_pushfstring(L, "%s expected, got %s", wanted, luaL_typename(L, -1)));
}

/* The string on top of the stack, which must be the same for C. */
static const char *plain_text(lua_State *L, int index, const char *name)
{
	size_t size;
	const char *text = lua_tolstring(L, -1, &size);
	if (strlen(text) != size)
		bad_field(L, index, name, "text with a NUL inside");
	return text;
}

static void set(lua_State *L, int index, cq_options *options, uint32_t option, const char *name, int value)
{
	int code = cq_options_set(options, option, value);
	if (code)
		bad_field(L, index, name, cq_strerror(code));
}

/* The number on top of the stack, cut to the size of int as ever. */
static int cut(lua_State *L, int index, const char *name)
{
	lua_Integer number;
	if (!lua_isnumber(L, -1))
		bad_type(L, index, name, "number");
	if (!shim_tointeger(L, -1, &number))
		bad_field(L, index, name, "number has no integer representation");
	return (int)number;
}

/* The whole number on top of the stack. */
static int whole(lua_State *L, int index, const char *name)
{
	lua_Number number = lua_tonumber(L, -1);
	if (!lua_isnumber(L, -1))
		bad_type(L, index, name, "number");
	if (number != floor(number) || fabs(number) > INT_MAX)
		bad_field(L, index, name, "whole number expected");
	return (int)number;
}

/* The port at `index`, a number or its digits; -1 for anything else. */
static int port_at(lua_State *L, int index)
{
	if (lua_type(L, index) == LUA_TSTRING) { /* of which lua_isnumber would take signs, spaces and exponents, too */
		const char *text = lua_tostring(L, index);
		if (strspn(text, "0123456789") < lua_rawlen(L, index))
			return -1;
	}
	lua_Number number = lua_isnumber(L, index) ? lua_tonumber(L, index) : -1;
	return number >= 0 && number <= 65535 && number == floor(number) ? (int)number : -1;
}

/* Host and port at the two indices. A code, 0 if they are right. */
static int load_host(lua_State *L, cq_options *options, int host, int port)
{
	const char *name = shim_checkstring(L, host, NULL);
	if (lua_type(L, port) != LUA_TNUMBER) /* a number would become a string */
		shim_checkstring(L, port, NULL);
	shim_argcheck(L, strlen(name) == lua_rawlen(L, host), host, "host with a NUL inside");
	int number = port_at(L, port);
	return number < 0 ? CQ_ESERVICE : cq_options_host(options, name, number);
}

/* Permissions, as text: digits as in C, so that octal ones begin with 0, or letters of "rwxrwxrwx", of which each, and each
 * "-", goes one place further. Of a place nothing but its group of three counts: "x" alone is that of the owner. */
static int permissions(lua_State *L, int index, const char *name)
{
	const char *text = lua_tostring(L, -1);
	if (!text)
		return bad_type(L, index, name, "string");
	if (*text >= '0' && *text <= '9')
		return (int)(strtoul(text, NULL, 0) & 07777);
	int value = 0;
	for (int place = 0; *text && place < 9; text++) {
		int bit = *text == 'r' ? 4 : *text == 'w' ? 2 : *text == 'x' ? 1 : 0;
		value |= bit << (6 - place / 3 * 3);
		place += bit || *text == '-';
	}
	return value;
}

/* How a field is read. */
enum reading { SWITCH, NUMBER, PERMISSIONS };

static const struct {
	const char *name, *second;
	uint32_t option;
	enum reading reading;
} fields[] = {
	{ "family", NULL, CQ_OPTION_FAMILY, NUMBER },
	{ "type", NULL, CQ_OPTION_TYPE, NUMBER },
	{ "mode", "sun_mode", CQ_OPTION_PERMISSIONS, PERMISSIONS },
	{ "mask", "sun_mask", CQ_OPTION_UMASK, PERMISSIONS },
	{ "unlink", "sun_unlink", CQ_OPTION_UNLINK, SWITCH },
	{ "reuseaddr", "sin_reuseaddr", CQ_OPTION_REUSEADDR, SWITCH },
	{ "reuseport", "sin_reuseport", CQ_OPTION_REUSEPORT, SWITCH },
	{ "broadcast", "sin_broadcast", CQ_OPTION_BROADCAST, SWITCH },
	{ "nodelay", "sin_nodelay", CQ_OPTION_NODELAY, SWITCH },
	{ "nopush", "sin_nopush", CQ_OPTION_NOPUSH, SWITCH },
	{ "v6only", "sin_v6only", CQ_OPTION_V6ONLY, SWITCH },
	{ "oobinline", "sin_oobinline", CQ_OPTION_OOBINLINE, SWITCH },
	{ "nonblock", "fd_nonblock", CQ_OPTION_NONBLOCK, SWITCH },
	{ "cloexec", "fd_cloexec", CQ_OPTION_CLOEXEC, SWITCH },
	{ "nosigpipe", "fd_nosigpipe", CQ_OPTION_NOSIGPIPE, SWITCH },
	{ "verify", "tls_verify", CQ_OPTION_VERIFY, SWITCH },
	{ "strict", NULL, CQ_OPTION_STRICT, SWITCH },
	{ "time", "st_time", CQ_OPTION_TIME, SWITCH },
};

/* The first fields are for those who make a socket; who has one ignores them, but for a wrong type of permissions. */
enum { MAKING = 5, FIELDS = sizeof fields / sizeof *fields, KEEPALIVE = FIELDS, SENDNAME, BIND, SERVICE, ALPN };

static int same(const char *key, const char *name)
{
	return name && *key == *name && !strcmp(key, name);
}

/* The bit of a field's name. */
static uint32_t field_bit(const char *key)
{
	static const char *const others[][2] = {
		{ "keepalive", NULL }, { "sendname", "tls_sendname" }, { "bind", "sa_bind" }, { "service", NULL },
		{ "alpn", NULL },
	};
	for (int i = 0; i < FIELDS; i++) {
		if (same(key, fields[i].name) || same(key, fields[i].second))
			return UINT32_C(1) << i;
	}
	for (int i = 0; i < (int)(sizeof others / sizeof *others); i++) {
		if (same(key, others[i][0]) || same(key, others[i][1]))
			return UINT32_C(1) << (KEEPALIVE + i);
	}
	return 0;
}

/* Whether it is a field of an address, as nearly every table has them: `shim_load_address` reads these. */
static int is_address(const char *key)
{
	return same(key, "host") || same(key, "port") || same(key, "path");
}

/* The fields that are there: most tables have few, and asking for each that could be there takes longer
 * than to connect. One with a metatable may have any. */
static uint32_t present_fields(lua_State *L, int index)
{
	uint32_t present = 0;
	if (lua_getmetatable(L, index)) {
		lua_pop(L, 1);
		return UINT32_MAX;
	}
	lua_pushnil(L);
	while (lua_next(L, index)) {
		const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
		if (key && !is_address(key))
			present |= field_bit(key);
		lua_pop(L, 1);
	}
	return present;
}

static void load_fields(lua_State *L, int index, cq_options *options, uint32_t present, int making)
{
	for (int i = 0; i < FIELDS; i++) {
		if (!(present & UINT32_C(1) << i))
			continue;
		if (!making && i < MAKING && fields[i].reading != PERMISSIONS)
			continue;
		const char *name = fields[i].name;
		int type = field(L, index, name, fields[i].second), value = 0;
		if (type != LUA_TNIL) {
			switch (fields[i].reading) {
			case SWITCH:
				if (type != LUA_TBOOLEAN)
					bad_type(L, index, name, "boolean");
				value = lua_toboolean(L, -1);
				break;
			case NUMBER: value = cut(L, index, name); break;
			case PERMISSIONS: value = permissions(L, index, name); break;
			}
			if (making || i >= MAKING)
				set(L, index, options, fields[i].option, name, value);
		}
		lua_pop(L, 1);
	}
}

/* keepalive: a switch, or { idle = seconds, interval = seconds, count = probes }. */
static void load_keepalive(lua_State *L, int index, cq_options *options)
{
	static const char *const names[] = { "idle", "interval", "count" };
	int type = field(L, index, "keepalive", NULL);
	if (type == LUA_TTABLE) {
		set(L, index, options, CQ_OPTION_KEEPALIVE, "keepalive", 1);
		for (uint32_t i = 0; i < 3; i++) {
			lua_getfield(L, -1, names[i]);
			if (!lua_isnil(L, -1)) {
				const char *name = lua_pushfstring(L, "keepalive.%s", names[i]);
				lua_insert(L, -2);
				set(L, index, options, CQ_OPTION_KEEPALIVE_IDLE + i, name, whole(L, index, name));
				lua_pop(L, 1);
			}
			lua_pop(L, 1);
		}
	} else if (type == LUA_TBOOLEAN) {
		set(L, index, options, CQ_OPTION_KEEPALIVE, "keepalive", lua_toboolean(L, -1));
	} else if (type != LUA_TNIL) {
		bad_type(L, index, "keepalive", "boolean or table");
	}
	lua_pop(L, 1);
}

/* sendname: a switch, or the name. */
static void load_sendname(lua_State *L, int index, cq_options *options)
{
	int type = field(L, index, "sendname", "tls_sendname"), code = 0;
	if (type == LUA_TBOOLEAN)
		code = cq_options_set(options, CQ_OPTION_SENDNAME, lua_toboolean(L, -1));
	else if (type == LUA_TSTRING || type == LUA_TNUMBER)
		code = cq_options_sendname(options, plain_text(L, index, "sendname"));
	else if (type != LUA_TNIL)
		bad_type(L, index, "sendname", "string");
	if (code)
		bad_field(L, index, "sendname", cq_strerror(code));
	lua_pop(L, 1);
}

/* bind: an address, { address, port }, { addr = address, port = port } or { path = path }. */
static void load_bind(lua_State *L, int index, cq_options *options)
{
	int type = field(L, index, "bind", "sa_bind"), code = 0, top = lua_gettop(L);
	if (type == LUA_TSTRING) {
		code = cq_options_bind(options, plain_text(L, index, "bind"), 0);
	} else if (type == LUA_TTABLE) {
		size_t size;
		lua_getfield(L, top, "path");
		const char *path = lua_tolstring(L, -1, &size);
		if (path) {
			code = cq_options_bind_path(options, path, size);
		} else {
			lua_getfield(L, top, "port");
			if (lua_isnil(L, -1)) {
				lua_pop(L, 1);
				lua_rawgeti(L, top, 2);
			}
			int port = lua_isnil(L, -1) ? 0 : whole(L, index, "bind");
			lua_getfield(L, top, "addr");
			if (lua_isnil(L, -1)) {
				lua_pop(L, 1);
				lua_rawgeti(L, top, 1);
			}
			if (lua_type(L, -1) != LUA_TSTRING)
				bad_field(L, index, "bind", "no bind address specified");
			code = cq_options_bind(options, plain_text(L, index, "bind"), port);
		}
	} else if (type != LUA_TNIL) {
		bad_type(L, index, "bind", "string");
	}
	if (code)
		bad_field(L, index, "bind", cq_strerror(code));
	lua_settop(L, top - 1);
}

/* Pushes the protocols of alpn, "h2,http/1.1" or a list of names, as the first. */
static const char *push_alpn(lua_State *L, int index)
{
	int type = field(L, index, "alpn", NULL);
	if (type == LUA_TTABLE) {
		int list = lua_gettop(L);
		luaL_Buffer buffer;
		luaL_buffinit(L, &buffer);
		for (int i = 1, size = (int)lua_rawlen(L, list); i <= size; i++) {
			if (i > 1)
				luaL_addchar(&buffer, ',');
			lua_rawgeti(L, list, i);
			if (lua_type(L, -1) != LUA_TSTRING)
				bad_type(L, index, "alpn", "names");
			luaL_addvalue(&buffer);
		}
		luaL_pushresult(&buffer);
	} else if (type == LUA_TNIL) {
		return NULL;
	} else if (type != LUA_TSTRING) {
		bad_type(L, index, "alpn", "string or table");
	}
	return plain_text(L, index, "alpn");
}

/* service: a service whose records say where to connect; alpn: the protocols that the program speaks. */
static void load_service(lua_State *L, int index, cq_options *options)
{
	int type = field(L, index, "service", NULL), top = lua_gettop(L);
	const char *protocols = push_alpn(L, index);
	lua_pushvalue(L, top);
	if (type == LUA_TSTRING) {
		const char *service = plain_text(L, index, "service");
		int code = cq_options_service(options, service, protocols);
		if (code)
			bad_field(L, index, "service", cq_strerror(code));
	} else if (type != LUA_TNIL) {
		bad_type(L, index, "service", "string");
	}
	lua_settop(L, top - 1);
}

static int is_known(const char *name)
{
	static const char *const others[] = { "host", "port", "path", "timeout", "fd", "socket", "file" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (!strcmp(name, others[i]))
			return 1;
	}
	return field_bit(name) != 0;
}

void shim_load_options(lua_State *L, int index, cq_options *options, int making)
{
	luaL_checkstack(L, 8, "too many arguments");
	shim_check_fields(L, index, is_known);
	uint32_t present = present_fields(L, index);
	load_fields(L, index, options, present, making);
	if (present & UINT32_C(1) << KEEPALIVE)
		load_keepalive(L, index, options);
	if (present & UINT32_C(1) << SENDNAME)
		load_sendname(L, index, options);
	if (present & UINT32_C(1) << BIND)
		load_bind(L, index, options);
	if (making && present & (UINT32_C(1) << SERVICE | UINT32_C(1) << ALPN))
		load_service(L, index, options);
}

int shim_load_address(lua_State *L, int index, cq_options *options)
{
	size_t size;
	int code = 0, top = lua_gettop(L);
	if (field(L, index, "path", NULL) != LUA_TNIL) {
		const char *path = lua_tolstring(L, -1, &size);
		if (!path)
			bad_type(L, index, "path", "string");
		code = cq_options_path(options, path, size ? size : 1); /* without a name: the one that is a NUL */
		if (code)
			bad_field(L, index, "path", cq_strerror(code));
	} else {
		if (field(L, index, "host", NULL) != LUA_TSTRING && !lua_isnumber(L, -1))
			bad_type(L, index, "host", "string");
		plain_text(L, index, "host");
		int type = field(L, index, "port", NULL);
		if (type != LUA_TSTRING && type != LUA_TNUMBER)
			bad_type(L, index, "port", "string");
		code = load_host(L, options, top + 2, top + 3);
	}
	lua_settop(L, top);
	return code;
}

int shim_load_arguments(lua_State *L, cq_options *options)
{
	int code = load_host(L, options, 1, 2);
	if (code)
		return code;
	if (!lua_isnoneornil(L, 3)) {
		code = cq_options_set(options, CQ_OPTION_FAMILY, (int)shim_checkinteger(L, 3));
		shim_argcheck(L, code == 0, 3, cq_strerror(code));
	}
	if (!lua_isnoneornil(L, 4)) {
		code = cq_options_set(options, CQ_OPTION_TYPE, (int)shim_checkinteger(L, 4));
		shim_argcheck(L, code == 0, 4, cq_strerror(code));
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

cq_options *shim_new_options(lua_State *L)
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
		shim_error(L, "%s", cq_strerror(code));
	return *box;
}
