/* SPDX-License-Identifier: MIT
 *
 * cqueues.dns.hints: whom to ask first (guide 3.2.11).
 */
#include "dns.h"

const char dns_hints_tag[] = DNS_HINTS;

static cq_dns_hints *check(lua_State *L)
{
	return ((struct hints *)shim_check(L, 1, dns_hints_tag, DNS_HINTS))->hints;
}

static struct hints *new(lua_State *L)
{
	return shim_new(L, shim_self(L), dns_hints_tag, DNS_HINTS, sizeof(struct hints));
}

static int one_or_error(lua_State *L, int code)
{
	return code ? shim_error(L, "%s", cq_strerror(code)) : 1;
}

/* hints.new([config]): an empty table */
static int hints_new(lua_State *L)
{
	return one_or_error(L, cq_dns_hints_new(&new(L)->hints));
}

/* hints.stub([config]): the servers of a configuration, or of the system's */
static int hints_stub(lua_State *L)
{
	const struct config *config = shim_test(L, 1, dns_config_tag);
	return one_or_error(L, cq_dns_hints_stub(config ? config->config : NULL, &new(L)->hints));
}

/* hints.root([config]): the root servers */
static int hints_root(lua_State *L)
{
	return one_or_error(L, cq_dns_hints_root(&new(L)->hints));
}

/* hints:insert(zone, address or config[, priority]) */
static int hints_insert(lua_State *L)
{
	cq_dns_hints *hints = check(L);
	const char *zone = shim_check_text(L, 2), *address = NULL;
	const struct config *config = shim_test(L, 3, dns_config_tag);
	int code;
	lua_Integer priority = shim_optinteger(L, 4, 1);
	if (config) {
		code = cq_dns_hints_insert_config(hints, zone, config->config);
	} else {
		address = shim_check_text(L, 3);
		code = cq_dns_hints_insert(hints, zone, address, (int)priority ? (int)priority : 1);
	}
	if (code)
		return shim_error(L, "%s: %s", code == CQ_EADDRESS ? address : zone, cq_strerror(code));
	lua_pushboolean(L, 1);
	return 1;
}

/* The iterator: upvalue 2 is the table, 3 the zone, 4 how many were told. */
static int next_server(lua_State *L)
{
	const struct hints *hints = lua_touserdata(L, lua_upvalueindex(2));
	size_t index = (size_t)lua_tointeger(L, lua_upvalueindex(4));
	char address[96];
	if (!lua_rawlen(L, lua_upvalueindex(3)))
		return 0; /* the root's name is "." */
	if (cq_dns_hints_grep(hints->hints, lua_tostring(L, lua_upvalueindex(3)), index, address, sizeof address, NULL))
		return 0;
	lua_pushinteger(L, (lua_Integer)index + 1);
	lua_replace(L, lua_upvalueindex(4));
	lua_pushstring(L, address);
	return 1;
}

/* hints:grep([zone]): an iterator over the addresses of a zone's servers, by priority */
static int hints_grep(lua_State *L)
{
	check(L);
	lua_settop(L, 2);
	if (lua_isnil(L, 2)) {
		lua_pushliteral(L, ".");
		lua_replace(L, 2);
	}
	shim_check_text(L, 2);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next_server, 4);
	return 1;
}

/* tostring(hints) */
static int hints_tostring(lua_State *L)
{
	const cq_dns_hints *hints = check(L);
	dns_push_text(L, cq_dns_hints_format, hints);
	return 1;
}

static int hints_gc(lua_State *L)
{
	struct hints *hints = lua_touserdata(L, 1);
	cq_dns_hints_free(hints->hints);
	hints->hints = NULL;
	return 0;
}

/* hints.type(object) */
static int hints_type(lua_State *L)
{
	return shim_push_type(L, dns_hints_tag, "dns hints");
}

static const luaL_Reg methods[] = {
	{ "insert", hints_insert },
	{ "grep", hints_grep },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__tostring", hints_tostring },
	{ "__gc", hints_gc },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "new", hints_new },
	{ "stub", hints_stub },
	{ "root", hints_root },
	{ "type", hints_type },
	{ "interpose", dns_interpose },
	{ NULL, NULL },
};

int luaopen__cqueues_dns_hints(lua_State *L)
{
	shim_module(L, DNS_HINTS, methods, meta, functions);
	return 1;
}
