/* SPDX-License-Identifier: MIT
 *
 * cqueues.dns.config: how a resolver asks (guide 3.2.9).
 */
#include "dns.h"
#include "tls.h"

const char dns_config_tag[] = DNS_CONFIG;

static cq_dns_config *check(lua_State *L)
{
	return ((struct config *)shim_check(L, 1, dns_config_tag, DNS_CONFIG))->config;
}

/* -- Making configurations -------------------------------------------------------------------- */

/* Fields are looked for in all that has some; a text or a file has none of ours. */
static void check_fields(lua_State *L, int index)
{
	if (lua_type(L, index) != LUA_TSTRING && !lua_isuserdata(L, index))
		shim_check_type(L, index, LUA_TTABLE);
}

cq_dns_config *dns_new_config(lua_State *L, struct shim *shim, int index, int (*make)(cq_dns_config **))
{
	int fields = lua_toboolean(L, index);
	if (fields)
		check_fields(L, index);
	struct config *config = shim_new(L, shim, dns_config_tag, DNS_CONFIG, sizeof *config);
	int code = make(&config->config);
	if (code)
		shim_error(L, "%s", cq_strerror(code));
	if (fields)
		dns_apply(L, index, config->config);
	return config->config;
}

static int make(lua_State *L, int (*make)(cq_dns_config **))
{
	lua_settop(L, 1);
	dns_new_config(L, shim_self(L), 1, make);
	return 1;
}

/* config.new([{ ... }]) */
static int config_new(lua_State *L)
{
	return make(L, cq_dns_config_new);
}

/* config.stub([{ ... }]) */
static int config_stub(lua_State *L)
{
	return make(L, cq_dns_config_stub);
}

/* config.root([{ ... }]) */
static int config_root(lua_State *L)
{
	return make(L, cq_dns_config_root);
}

/* -- Files -------------------------------------------------------------------------------------- */

static int check_syntax(lua_State *L, int index)
{
	return shim_optinteger(L, index, CQ_DNS_RESOLV_CONF) == CQ_DNS_NSSWITCH_CONF ? CQ_DNS_NSSWITCH_CONF : CQ_DNS_RESOLV_CONF;
}

/* Reads the file, or the file of the path, at `index`. A code. */
static int load(lua_State *L, cq_dns_config *config, int index, int is_path)
{
	const char *path = is_path ? shim_check_text(L, index) : NULL;
	if (!is_path)
		shim_check_class(L, index, LUA_FILEHANDLE);
	int syntax = check_syntax(L, index + 1);
	if (is_path)
		return *path ? cq_dns_config_loadpath(config, path, syntax) : EINVAL;
	size_t size;
	dns_read_file(L, index);
	const char *text = lua_tolstring(L, -1, &size);
	return cq_dns_config_load(config, text, size, syntax, "file");
}

/* config:loadfile(file[, syntax]) */
static int config_loadfile(lua_State *L)
{
	return shim_success(L, load(L, check(L), 2, 0));
}

/* config:loadpath(path[, syntax]) */
static int config_loadpath(lua_State *L)
{
	return shim_success(L, load(L, check(L), 2, 1));
}

static int new_of(lua_State *L, int is_path)
{
	lua_settop(L, 2);
	cq_dns_config *config = dns_new_config(L, shim_self(L), 3, cq_dns_config_new);
	load(L, config, 1, is_path); /* what cannot be read is as good as empty */
	lua_settop(L, 3);
	return 1;
}

/* config.loadfile(file[, syntax]) */
static int new_of_file(lua_State *L)
{
	return new_of(L, 0);
}

/* config.loadpath(path[, syntax]) */
static int new_of_path(lua_State *L)
{
	return new_of(L, 1);
}

/* -- Telling ------------------------------------------------------------------------------------ */

/* config:get() */
static int config_get(lua_State *L)
{
	const cq_dns_config *config = check(L);
	lua_createtable(L, 0, 5);
	for (int list = CQ_DNS_NAMESERVERS; list <= CQ_DNS_LOOKUP; list++) {
		dns_push_list(L, config, list);
		lua_setfield(L, -2, dns_lists[list]);
	}
	dns_push_options(L, config);
	lua_setfield(L, -2, "options");
	dns_push_interface(L, config);
	lua_setfield(L, -2, "interface");
	return 1;
}

/* config:set{ ... } */
static int config_set(lua_State *L)
{
	check_fields(L, 2);
	dns_apply(L, 2, check(L));
	return 0;
}

/* config:getns() */
static int config_getns(lua_State *L)
{
	return dns_push_list(L, check(L), CQ_DNS_NAMESERVERS);
}

/* config:getsearch() */
static int config_getsearch(lua_State *L)
{
	return dns_push_list(L, check(L), CQ_DNS_SEARCH);
}

/* config:getlookup() */
static int config_getlookup(lua_State *L)
{
	return dns_push_list(L, check(L), CQ_DNS_LOOKUP);
}

/* config:warnings() */
static int config_warnings(lua_State *L)
{
	return dns_push_list(L, check(L), CQ_DNS_WARNINGS);
}

/* config:getopts() */
static int config_getopts(lua_State *L)
{
	return dns_push_options(L, check(L));
}

/* config:getiface() */
static int config_getiface(lua_State *L)
{
	return dns_push_interface(L, check(L));
}

static int set_to(lua_State *L, int list)
{
	cq_dns_config *config = check(L);
	shim_check_type(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	if (list <= CQ_DNS_LOOKUP)
		dns_set_list(L, config, list);
	else
		dns_set_options(L, config);
	lua_pushboolean(L, 1);
	return 1;
}

/* config:setns(list) */
static int config_setns(lua_State *L)
{
	return set_to(L, CQ_DNS_NAMESERVERS);
}

/* config:setsearch(list) */
static int config_setsearch(lua_State *L)
{
	return set_to(L, CQ_DNS_SEARCH);
}

/* config:setlookup(list) */
static int config_setlookup(lua_State *L)
{
	return set_to(L, CQ_DNS_LOOKUP);
}

/* config:setopts{ ... } */
static int config_setopts(lua_State *L)
{
	return set_to(L, CQ_DNS_LOOKUP + 1);
}

/* config:setiface(address) */
static int config_setiface(lua_State *L)
{
	cq_dns_config *config = check(L);
	shim_checkstring(L, 2, NULL);
	lua_settop(L, 2);
	dns_set_interface(L, config);
	lua_pushboolean(L, 1);
	return 1;
}

/* config:settls([tls]) */
static int config_settls(lua_State *L)
{
	cq_dns_config *config = check(L);
	lua_settop(L, 2);
	if (lua_isnil(L, 2))
		cq_dns_config_set_tls(config, NULL);
	else if (!shim_test_class(L, 2, SHIM_TLS))
		return shim_argerror(L, 2, lua_pushfstring(L, "cqueues.tls expected, got %s", luaL_typename(L, 2)));
	else
		dns_set_tls(L, config);
	lua_pushboolean(L, 1);
	return 1;
}

/* The iterator: upvalue 2 is the configuration, 3 the name, 4 how many were told. */
static int next_candidate(lua_State *L)
{
	const struct config *config = lua_touserdata(L, lua_upvalueindex(2));
	size_t index = (size_t)lua_tointeger(L, lua_upvalueindex(4));
	const char *name = lua_tostring(L, lua_upvalueindex(3));
	char text[1400];
	if (cq_dns_config_candidate(config->config, name, index, text, sizeof text))
		return 0;
	if (!*name && !strcmp(text, "."))
		return 0; /* the root is not what was meant */
	lua_pushinteger(L, (lua_Integer)index + 1);
	lua_replace(L, lua_upvalueindex(4));
	lua_pushstring(L, text);
	return 1;
}

/* config:search(name): an iterator over the names to ask for */
static int config_search(lua_State *L)
{
	check(L);
	shim_check_type(L, 2, LUA_TSTRING);
	shim_check_text(L, 2);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	lua_pushvalue(L, 2);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next_candidate, 4);
	return 1;
}

/* tostring(config) */
static int config_tostring(lua_State *L)
{
	const cq_dns_config *config = check(L);
	dns_push_text(L, cq_dns_config_format, config);
	return 1;
}

static int config_gc(lua_State *L)
{
	struct config *config = lua_touserdata(L, 1);
	cq_dns_config_free(config->config);
	config->config = NULL;
	return 0;
}

/* -- The module ------------------------------------------------------------------------------- */

/* config.type(object) */
static int config_type(lua_State *L)
{
	return shim_push_type(L, dns_config_tag, "dns config");
}

static const luaL_Reg methods[] = {
	{ "get", config_get },
	{ "set", config_set },
	{ "getns", config_getns },
	{ "setns", config_setns },
	{ "getsearch", config_getsearch },
	{ "setsearch", config_setsearch },
	{ "getlookup", config_getlookup },
	{ "setlookup", config_setlookup },
	{ "getopts", config_getopts },
	{ "setopts", config_setopts },
	{ "getiface", config_getiface },
	{ "setiface", config_setiface },
	{ "settls", config_settls },
	{ "loadfile", config_loadfile },
	{ "loadpath", config_loadpath },
	{ "search", config_search },
	{ "warnings", config_warnings },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__tostring", config_tostring },
	{ "__gc", config_gc },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "new", config_new },
	{ "stub", config_stub },
	{ "root", config_root },
	{ "loadfile", new_of_file },
	{ "loadpath", new_of_path },
	{ "type", config_type },
	{ "interpose", dns_interpose },
	{ NULL, NULL },
};

int luaopen__cqueues_dns_config(lua_State *L)
{
	static const struct shim_constant constants[] = {
		{ "TCP_ENABLE", 0 },
		{ "TCP_ONLY", 1 },
		{ "TCP_DISABLE", 2 },
		{ "RESOLV_CONF", CQ_DNS_RESOLV_CONF },
		{ "NSSWITCH_CONF", CQ_DNS_NSSWITCH_CONF },
		{ NULL, 0 },
	};
	shim_module(L, DNS_CONFIG, methods, meta, functions);
	shim_set_constants(L, constants);
	return 1;
}
