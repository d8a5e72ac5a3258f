/* SPDX-License-Identifier: MIT
 *
 * What a configuration says, as tables of Lua: lists, options, the interface.
 */
#include "dns.h"
#include <stdlib.h>

const char *const dns_lists[] = {
	[CQ_DNS_NAMESERVERS] = "nameserver",
	[CQ_DNS_SEARCH] = "search",
	[CQ_DNS_LOOKUP] = "lookup",
};

enum option_kind { SWITCH, NUMBER, TCP };

static const struct {
	const char *name;
	enum option_kind kind;
	const char *usual; /* left out of tables when it is so: programs that compare these do not know it */
} options[] = {
	{ "edns0", SWITCH, NULL },
	{ "ndots", NUMBER, NULL },
	{ "timeout", NUMBER, NULL },
	{ "attempts", NUMBER, NULL },
	{ "rotate", SWITCH, NULL },
	{ "recurse", SWITCH, NULL },
	{ "smart", SWITCH, NULL },
	{ "tcp", TCP, NULL },
	{ "cache", SWITCH, "true" },
	{ "no-aaaa", SWITCH, "false" },
	{ "ports", NUMBER, "0" },
};

enum { OPTIONS = sizeof options / sizeof *options, VALUE = 80 };

/* Throws what is wrong with a text. */
static void refuse(lua_State *L, const char *text, int code)
{
	luaL_error(L, "%s: %s", text, cq_strerror(code));
}

static void bad_field(lua_State *L, const char *name, const char *wanted)
{
	luaL_error(L, "field %s: %s expected, got %s", name, wanted, luaL_typename(L, -1));
}

/* The string on top of the stack, without a NUL inside. */
static const char *plain_text(lua_State *L, const char *name)
{
	const char *text = lua_tostring(L, -1);
	if (!text)
		bad_field(L, name, "string");
	if (strlen(text) != lua_rawlen(L, -1))
		luaL_error(L, "field %s: text with a NUL inside", name);
	return text;
}

/* Replaces a list by the table on top of the stack. Empty entries and words that name no source are skipped, and
 * so is what is more than counts. */
void dns_set_list(lua_State *L, cq_dns_config *config, int list)
{
	cq_dns_config_clear(config, list);
	for (int i = 1; lua_rawgeti(L, -1, i), !lua_isnil(L, -1); i++) {
		const char *entry = plain_text(L, dns_lists[list]);
		int code = *entry || list == CQ_DNS_NAMESERVERS ? cq_dns_config_add(config, list, entry) : 0;
		if (code && code != ENOENT && code != ENOSPC)
			refuse(L, entry, code);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/* Writes the value on top of the stack as the library reads it. */
static void write_value(lua_State *L, int option, char *value)
{
	if (options[option].kind == SWITCH) {
		strcpy(value, lua_toboolean(L, -1) ? "true" : "false");
	} else if (lua_isnumber(L, -1)) {
		snprintf(value, VALUE, "%.14g", (double)lua_tonumber(L, -1));
	} else if (options[option].kind == TCP && lua_type(L, -1) == LUA_TSTRING) {
		snprintf(value, VALUE, "%s", lua_tostring(L, -1));
	} else {
		bad_field(L, options[option].name, "number");
	}
}

/* Sets the options that the table on top of the stack has. */
void dns_set_options(lua_State *L, cq_dns_config *config)
{
	char value[VALUE];
	for (int i = 0; i < OPTIONS; i++) {
		lua_getfield(L, -1, options[i].name);
		if (!lua_isnil(L, -1)) {
			write_value(L, i, value);
			if (cq_dns_config_set(config, options[i].name, value))
				luaL_error(L, "field %s: not a value of it: %s", options[i].name, value);
		}
		lua_pop(L, 1);
	}
}

void dns_set_interface(lua_State *L, cq_dns_config *config)
{
	const char *text = plain_text(L, "interface");
	int code = cq_dns_config_set(config, "interface", text);
	if (code)
		refuse(L, text, code);
}

/* Pushes a field, which must be a table or nil; whether it is one. */
static int push_table(lua_State *L, int index, const char *name)
{
	lua_getfield(L, index, name);
	if (!lua_isnil(L, -1) && !lua_istable(L, -1))
		bad_field(L, name, "table");
	return !lua_isnil(L, -1);
}

void dns_apply(lua_State *L, int index, cq_dns_config *config)
{
	index = lua_absindex(L, index);
	for (int list = CQ_DNS_NAMESERVERS; list <= CQ_DNS_LOOKUP; list++) {
		if (push_table(L, index, dns_lists[list]))
			dns_set_list(L, config, list);
		lua_pop(L, 1);
	}
	if (!push_table(L, index, "options")) {
		lua_pop(L, 1);
		lua_pushvalue(L, index); /* they may stand at the top */
	}
	dns_set_options(L, config);
	lua_getfield(L, index, "interface");
	if (!lua_isnil(L, -1))
		dns_set_interface(L, config);
	lua_pop(L, 2);
}

/* -- Telling ------------------------------------------------------------------------------------ */

int dns_push_list(lua_State *L, const cq_dns_config *config, int list)
{
	lua_newtable(L);
	for (int i = 0;; i++) {
		char few[512], *text = few;
		size_t size = sizeof few, length = 0;
		int code;
		while ((code = cq_dns_config_list(config, list, (size_t)i, text, size, &length)) && length >= size)
			text = lua_newuserdata(L, size = length + 1);
		if (code)
			return 1;
		lua_pushlstring(L, text, length);
		if (text != few)
			lua_remove(L, -2);
		lua_rawseti(L, -2, i + 1);
	}
}

int dns_push_options(lua_State *L, const cq_dns_config *config)
{
	char value[VALUE];
	lua_createtable(L, 0, OPTIONS);
	for (int i = 0; i < OPTIONS; i++) {
		if (cq_dns_config_get(config, options[i].name, value, sizeof value))
			continue;
		if (options[i].usual && !strcmp(value, options[i].usual))
			continue;
		if (options[i].kind == SWITCH)
			lua_pushboolean(L, !strcmp(value, "true"));
		else
			shim_push_unsigned(L, strtoul(value, NULL, 10));
		lua_setfield(L, -2, options[i].name);
	}
	return 1;
}

int dns_push_interface(lua_State *L, const cq_dns_config *config)
{
	char text[VALUE] = "";
	cq_dns_config_get(config, "interface", text, sizeof text);
	lua_pushstring(L, text);
	return 1;
}
