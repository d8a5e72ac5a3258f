/* SPDX-License-Identifier: MIT
 *
 * TLS configurations without luaossl. Each setting is a method; tls.lua makes one of them for each field of a table.
 */
#include "socket.h"
#include "tls.h"

static int configuration_gc(lua_State *L)
{
	cq_tls **box = lua_touserdata(L, 1);
	cq_tls_free(*box);
	*box = NULL;
	return 0;
}

cq_tls **shim_new_tls(lua_State *L)
{
	cq_tls **box = lua_newuserdata(L, sizeof *box);
	*box = NULL;
	if (luaL_newmetatable(L, SHIM_TLS)) {
		lua_pushcfunction(L, configuration_gc);
		lua_setfield(L, -2, "__gc");
		lua_pushliteral(L, SHIM_TLS); /* Lua 5.3 and later have done so already */
		lua_setfield(L, -2, "__name");
	}
	lua_setmetatable(L, -2);
	return box;
}

static cq_tls *configuration(lua_State *L, int index)
{
	cq_tls **box = shim_check_class(L, index, SHIM_TLS);
	shim_argcheck(L, *box, index, "a TLS configuration expected");
	return *box;
}

/* The configuration, or nil, why it was refused, and the code. */
static int answer(lua_State *L, const cq_tls *tls, int code)
{
	char text[512];
	if (!code) {
		lua_settop(L, 1);
		return 1;
	}
	if (cq_tls_reason(tls, text, sizeof text) || !text[0])
		snprintf(text, sizeof text, "%s", cq_strerror(code));
	lua_pushnil(L);
	lua_pushstring(L, text);
	lua_pushinteger(L, code);
	return 3;
}

/* Methods that take one text. */
#define TAKES_TEXT(name) \
	static int tls_##name(lua_State *L) \
	{ \
		cq_tls *tls = configuration(L, 1); \
		return answer(L, tls, cq_tls_##name(tls, shim_check_text(L, 2))); \
	}
TAKES_TEXT(authorities)
TAKES_TEXT(password)
TAKES_TEXT(name)
TAKES_TEXT(alpn)
TAKES_TEXT(ciphers)
TAKES_TEXT(suites)
TAKES_TEXT(groups)
TAKES_TEXT(keylog)
TAKES_TEXT(staple)

static int tls_certificate(lua_State *L)
{
	cq_tls *tls = configuration(L, 1);
	const char *chain = shim_check_text(L, 2), *key = shim_check_text(L, 3);
	return answer(L, tls, cq_tls_certificate(tls, chain, key));
}

static int tls_certificate_pem(lua_State *L)
{
	cq_tls *tls = configuration(L, 1);
	size_t chain_size, key_size;
	const char *chain = shim_checkstring(L, 2, &chain_size), *key = shim_checkstring(L, 3, &key_size);
	return answer(L, tls, cq_tls_certificate_pem(tls, chain, chain_size, key, key_size));
}

static int tls_authorities_pem(lua_State *L)
{
	cq_tls *tls = configuration(L, 1);
	size_t size;
	const char *data = shim_checkstring(L, 2, &size);
	return answer(L, tls, cq_tls_authorities_pem(tls, data, size));
}

static int tls_staple_der(lua_State *L)
{
	cq_tls *tls = configuration(L, 1);
	size_t size;
	const char *data = shim_checkstring(L, 2, &size);
	return answer(L, tls, cq_tls_staple_der(tls, data, size));
}

static int tls_revoked(lua_State *L)
{
	cq_tls *tls = configuration(L, 1);
	return answer(L, tls, cq_tls_revoked(tls, shim_check_text(L, 2), lua_toboolean(L, 3)));
}

static int tls_add_name(lua_State *L)
{
	cq_tls *tls = configuration(L, 1);
	const char *name = shim_check_text(L, 2);
	return answer(L, tls, cq_tls_add_name(tls, name, configuration(L, 3)));
}

/* verify("none" | "peer" | "require"), or a boolean: true demands a certificate of either end. */
static int tls_verify(lua_State *L)
{
	static const char *const names[] = { "none", "peer", "require", NULL };
	cq_tls *tls = configuration(L, 1);
	if (lua_isboolean(L, 2))
		return answer(L, tls, cq_tls_verify(tls, lua_toboolean(L, 2) ? CQ_TLS_VERIFY_REQUIRE : CQ_TLS_VERIFY_NONE));
	return answer(L, tls, cq_tls_verify(tls, (uint32_t)shim_checkoption(L, 2, NULL, names)));
}

static int tls_staples(lua_State *L)
{
	static const char *const names[] = { "none", "asked", "demanded", NULL };
	cq_tls *tls = configuration(L, 1);
	return answer(L, tls, cq_tls_staples(tls, (uint32_t)shim_checkoption(L, 2, NULL, names)));
}

static int tls_versions(lua_State *L)
{
	static const char *const names[] = { "any", "1.2", "1.3", NULL };
	static const uint32_t numbers[] = { 0, CQ_TLS_1_2, CQ_TLS_1_3 };
	cq_tls *tls = configuration(L, 1);
	uint32_t least = numbers[shim_checkoption(L, 2, "any", names)], most = numbers[shim_checkoption(L, 3, "any", names)];
	return answer(L, tls, cq_tls_versions(tls, least, most));
}

/* _new("any" | "client" | "server"): a configuration, or nil, a text and a code */
static int tls_new(lua_State *L)
{
	static const char *const names[] = { "any", "client", "server", NULL };
	uint32_t role = (uint32_t)shim_checkoption(L, 1, "any", names);
	cq_tls **box = shim_new_tls(L);
	int code = cq_tls_new(role, box);
	return code ? answer(L, NULL, code) : 1;
}

static int tls_type(lua_State *L)
{
	shim_check_any(L, 1);
	if (shim_test_class(L, 1, SHIM_TLS))
		lua_pushliteral(L, "tls");
	else
		lua_pushnil(L);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "certificate", tls_certificate },
	{ "certificate_pem", tls_certificate_pem },
	{ "authorities", tls_authorities },
	{ "authorities_pem", tls_authorities_pem },
	{ "password", tls_password },
	{ "verify", tls_verify },
	{ "name", tls_name },
	{ "alpn", tls_alpn },
	{ "versions", tls_versions },
	{ "ciphers", tls_ciphers },
	{ "suites", tls_suites },
	{ "groups", tls_groups },
	{ "add_name", tls_add_name },
	{ "keylog", tls_keylog },
	{ "revoked", tls_revoked },
	{ "staple", tls_staple },
	{ "staple_der", tls_staple_der },
	{ "staples", tls_staples },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "type", tls_type },
	{ "_new", tls_new },
	{ NULL, NULL },
};

int luaopen__cqueues_tls(lua_State *L)
{
	shim_new_tls(L); /* makes the class */
	lua_getmetatable(L, -1);
	lua_newtable(L);
	luaL_setfuncs(L, methods, 0);
	lua_setfield(L, -2, "__index");
	lua_newtable(L);
	luaL_setfuncs(L, functions, 0);
	return 1;
}
