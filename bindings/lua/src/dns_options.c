/* SPDX-License-Identifier: MIT
 *
 * What a configuration says, as tables of Lua: lists, options, the interface.
 */
#include "dns.h"
#include "tls.h"
#include <stdlib.h>

const char *const dns_lists[] = {
	[CQ_DNS_NAMESERVERS] = "nameserver",
	[CQ_DNS_SEARCH] = "search",
	[CQ_DNS_LOOKUP] = "lookup",
};

enum option_kind { SWITCH, NUMBER, TCP, OVER_TLS };

static const struct {
	const char *name;
	enum option_kind kind;
	const char *usual; /* left out of tables when it is so: programs that compare these do not know it */
	int is_ours;       /* no option of the original */
} options[] = {
	{ "edns0", SWITCH, NULL, 0 },
	{ "ndots", NUMBER, NULL, 0 },
	{ "timeout", NUMBER, NULL, 0 },
	{ "attempts", NUMBER, NULL, 0 },
	{ "rotate", SWITCH, NULL, 0 },
	{ "recurse", SWITCH, NULL, 0 },
	{ "smart", SWITCH, NULL, 0 },
	{ "tcp", TCP, NULL, 0 },
	{ "cache", SWITCH, "true", 0 },
	{ "no-aaaa", SWITCH, "false", 1 },
	{ "trust-ad", SWITCH, "false", 1 },
	{ "cookies", SWITCH, "true", 1 },
	{ "use-caps-for-id", SWITCH, "false", 1 },
	{ "ports", NUMBER, "0", 1 },
	{ "dns-over-tls", OVER_TLS, "false", 1 },
};

enum { OPTIONS = sizeof options / sizeof *options, VALUE = 80 };

/* Throws what is wrong with a text. */
static void refuse(lua_State *L, const char *text, int code)
{
	char address[64] = "";
	int size = (int)strcspn(text, ":"), end = 0;
	if (code == CQ_EADDRESS && size < (int)sizeof address && sscanf(text + size, ":%*5[0-9]%n", &end) == 0 && end && !text[size + end])
		snprintf(address, sizeof address, ": write a port as [%.*s]%s", size, text, text + size);
	shim_error(L, "%s: %s%s", text, cq_strerror(code), address);
}

static void bad_field(lua_State *L, const char *name, const char *wanted)
{
	shim_error(L, "field %s: %s expected, got %s", name, wanted, luaL_typename(L, -1));
}

/* The string on top of the stack, without a NUL inside. */
static const char *plain_text(lua_State *L, const char *name)
{
	const char *text = lua_tostring(L, -1);
	if (!text)
		bad_field(L, name, "string");
	if (strlen(text) != lua_rawlen(L, -1))
		shim_error(L, "field %s: text with a NUL inside", name);
	return text;
}

/* Adds the string on top of the stack to a list. */
static int add(cq_dns_config *config, int list, const char *entry)
{
	int code = *entry || list == CQ_DNS_NAMESERVERS ? cq_dns_config_add(config, list, entry) : 0;
	return code == ENOENT || code == ENOSPC ? 0 : code;
}

/* Adds the entries from `first` on of the table at `index`, which holds a list as it was. */
static void add_rest(lua_State *L, cq_dns_config *config, int list, int index, int first)
{
	for (int i = first; lua_rawgeti(L, index, i), !lua_isnil(L, -1); i++) {
		add(config, list, lua_tostring(L, -1));
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/* Replaces a list by the table on top of the stack. Empty entries and words that name no source are skipped, and
 * so is what is more than counts. Behind an entry that is refused the list stays as it was, but for the sources. */
void dns_set_list(lua_State *L, cq_dns_config *config, int list)
{
	int table = lua_gettop(L), before = table + 1;
	dns_push_list(L, config, list);
	cq_dns_config_clear(config, list);
	for (int i = 1; lua_rawgeti(L, table, i), !lua_isnil(L, -1); i++) {
		const char *entry = lua_tostring(L, -1);
		int code = entry && strlen(entry) == lua_rawlen(L, -1) ? add(config, list, entry) : EINVAL;
		if (code && list != CQ_DNS_LOOKUP)
			add_rest(L, config, list, before, i);
		if (code)
			refuse(L, plain_text(L, dns_lists[list]), code);
		lua_pop(L, 1);
	}
	lua_settop(L, table);
}

/* Writes the value on top of the stack as the library reads it. */
static void write_value(lua_State *L, int option, char *value)
{
	enum option_kind kind = options[option].kind;
	if (kind == SWITCH || (kind == OVER_TLS && lua_isboolean(L, -1))) {
		strcpy(value, lua_toboolean(L, -1) ? "true" : "false");
	} else if (kind != OVER_TLS && lua_isnumber(L, -1)) {
		lua_Integer number;
		if (!shim_tointeger(L, -1, &number))
			shim_error(L, "field %s: number has no integer representation", options[option].name);
		snprintf(value, VALUE, "%u", (unsigned)number); /* cut, as ever */
	} else if ((kind == TCP || kind == OVER_TLS) && lua_type(L, -1) == LUA_TSTRING) {
		snprintf(value, VALUE, "%s", lua_tostring(L, -1));
	} else {
		bad_field(L, options[option].name, kind == OVER_TLS ? "boolean or string" : "number");
	}
}

/* Sets the options that the table on top of the stack has. */
void dns_set_options(lua_State *L, cq_dns_config *config)
{
	char value[VALUE];
	for (int i = 0; i < OPTIONS; i++) {
		if (options[i].is_ours && lua_istable(L, -1)) {
			lua_pushstring(L, options[i].name);
			lua_rawget(L, -2); /* objects of programs were never asked for it */
		} else {
			lua_getfield(L, -1, options[i].name);
		}
		if (!lua_isnil(L, -1)) {
			write_value(L, i, value);
			if (cq_dns_config_set(config, options[i].name, value))
				shim_error(L, "field %s: not a value of it: %s", options[i].name, value);
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

void dns_set_tls(lua_State *L, cq_dns_config *config)
{
	cq_tls **tls = shim_test_class(L, lua_gettop(L), SHIM_TLS);
	if (!tls || !*tls)
		bad_field(L, "tls", "cqueues.tls");
	cq_dns_config_set_tls(config, *tls);
}

/* Pushes a field, which must be a table, nil or false; whether it is a table. */
static int push_table(lua_State *L, int index, const char *name)
{
	lua_getfield(L, index, name);
	if (lua_toboolean(L, -1) && !lua_istable(L, -1))
		bad_field(L, name, "table");
	return lua_toboolean(L, -1);
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
	if (lua_toboolean(L, -1))
		dns_set_interface(L, config);
	lua_pop(L, 2);
	if (!lua_istable(L, index))
		return;
	lua_pushliteral(L, "tls");
	lua_rawget(L, index);
	if (!lua_isnil(L, -1))
		dns_set_tls(L, config);
	lua_pop(L, 1);
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
		if (options[i].kind == SWITCH || !strcmp(value, "true"))
			lua_pushboolean(L, !strcmp(value, "true"));
		else if (options[i].kind == OVER_TLS)
			lua_pushstring(L, value);
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
