/* SPDX-License-Identifier: MIT
 *
 * _cqueues.dns: what belongs to no object, and what the files about DNS share.
 */
#include "dns.h"
#include <sys/socket.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

/* -- Files ---------------------------------------------------------------------------------- */

void dns_read_file(lua_State *L, int index)
{
	shim_file *file = shim_check_class(L, index, LUA_FILEHANDLE);
	luaL_Buffer text;
	size_t got;
	luaL_buffinit(L, &text);
	do {
		char *room = luaL_prepbuffer(&text); /* memory, for which a finalizer may close the file */
		got = shim_file_is_open(file) ? fread(room, 1, LUAL_BUFFERSIZE, shim_file_stream(file)) : 0;
		luaL_addsize(&text, got);
	} while (got);
	luaL_pushresult(&text);
}

/* -- Numbers with names --------------------------------------------------------------------- */

/* Without a position: the text is part of the interface. */
static unsigned unknown(lua_State *L, int index, const char *what)
{
	luaL_tolstring(L, index, NULL);
	lua_pushfstring(L, ": unknown DNS %s", what);
	lua_concat(L, 2); /* all of the text, also behind a zero byte */
	return (unsigned)lua_error(L);
}

/* A number of 16 bits, or a name; the number if there is neither. */
static unsigned check_number(lua_State *L, int index, unsigned usual, const char *what,
                             int (*find)(const char *, unsigned *))
{
	unsigned number;
	switch (lua_type(L, index)) {
	case LUA_TNONE:
	case LUA_TNIL:
		return usual;
	case LUA_TNUMBER: {
		lua_Number value = lua_tonumber(L, index);
		if (value >= 1 && value <= 65535 && value == (number = (unsigned)value))
			return number;
		break;
	}
	case LUA_TSTRING: {
		size_t size;
		const char *name = lua_tolstring(L, index, &size);
		if (strlen(name) != size)
			break;
		if (name[0] == 'A' && !name[1] && usual == 1 && find == cq_dns_type_number)
			return 1;
		if (name[0] == 'I' && name[1] == 'N' && !name[2] && find == cq_dns_class_number)
			return 1;
		/* What begins with a letter is a number for nobody, but "inf" and "nan" are none for lua_isnumber either. */
		if (((name[0] | 32) >= 'a' && (name[0] | 32) <= 'z') || !lua_isnumber(L, index))
			if (find(name, &number) == 0)
				return number;
	}
	}
	return unknown(L, index, what);
}

unsigned dns_check_type(lua_State *L, int index)
{
	return check_number(L, index, 1, "type", cq_dns_type_number);
}

unsigned dns_check_class(lua_State *L, int index)
{
	return check_number(L, index, 1, "class", cq_dns_class_number);
}

static const struct {
	const char *name;
	unsigned number;
} short_names[] = { { "QD", 1 }, { "AN", 2 }, { "NS", 4 }, { "AR", 8 } };

static int same(const char *a, const char *b)
{
	while (*a && (*a | 32) == (*b | 32)) /* letters only */
		a++, b++;
	return !*a && !*b;
}

static int find_section(const char *name, unsigned *number)
{
	char known[16];
	for (size_t i = 0; i < 4; i++) {
		cq_dns_list(CQ_DNS_SECTIONS, i, known, sizeof known, number);
		if (same(name, known) || same(name, short_names[i].name))
			return 0;
	}
	return ENOENT;
}

unsigned dns_check_section(lua_State *L, int index)
{
	if (lua_isnumber(L, index)) { /* or its digits */
		lua_Number value = lua_tonumber(L, index);
		if (value == 1 || value == 2 || value == 4 || value == 8)
			return (unsigned)value;
		return unknown(L, index, "section");
	}
	if (lua_isnoneornil(L, index))
		shim_checkstring(L, index, NULL);
	return check_number(L, index, 0, "section", find_section);
}

void dns_set_names(lua_State *L, unsigned table, int both)
{
	char name[16];
	unsigned number;
	for (size_t i = 0; cq_dns_list(table, i, name, sizeof name, &number) == 0; i++) {
		lua_pushinteger(L, (lua_Integer)number);
		lua_setfield(L, -2, name);
		if (both) {
			lua_pushstring(L, name);
			lua_rawseti(L, -2, (int)number);
		}
		if (table == CQ_DNS_SECTIONS) {
			lua_pushinteger(L, (lua_Integer)number);
			lua_setfield(L, -2, short_names[i].name);
		}
	}
}

/* -- Objects -------------------------------------------------------------------------------- */

int dns_interpose(lua_State *L)
{
	int unused;
	return shim_interpose(L, &unused);
}

/* -- The module ----------------------------------------------------------------------------- */

/* dns.version(): three numbers, as ever; this library has one */
static int dns_version(lua_State *L)
{
	for (int i = 0; i < 3; i++)
		lua_pushinteger(L, cq_version());
	return 3;
}

/* The limit at `index`: fractions are cut, what is negative or too large is none. */
static double check_limit(lua_State *L, int index)
{
	const double most = 4294967296.0;
	double limit = trunc(shim_optnumber(L, index, most));
	if ((limit < 0 && !isinf(limit)) || limit > most)
		return most;
	if (!(limit >= 2))
		shim_argerror(L, index, lua_pushfstring(L, "[0, %d): interval is empty", limit == 1));
	return limit;
}

/* dns.random([limit]): a whole number from 0 to limit - 1; each is as likely as the others, and nobody can
 * foretell it. */
static int dns_random(lua_State *L)
{
	const double most = 4294967296.0;
	double limit = check_limit(L, 1), number;
	do {
		unsigned char bytes[4];
		if (getentropy(bytes, sizeof bytes))
			return shim_error(L, "%s", cq_strerror(errno));
		number = bytes[0] + 256.0 * (bytes[1] + 256.0 * (bytes[2] + 256.0 * bytes[3]));
	} while (number >= most - fmod(most, limit)); /* those would make the low ones more likely */
	shim_push_unsigned(L, fmod(number, limit));
	return 1;
}

/* _configure([config][, hosts][, hints]): what sockets resolve names with */
static int dns_configure(lua_State *L)
{
	const struct config *config = shim_test(L, 1, dns_config_tag);
	const struct hosts *hosts = shim_test(L, 2, dns_hosts_tag);
	const struct hints *hints = shim_test(L, 3, dns_hints_tag);
	cq_dns_configure(config ? config->config : NULL, hosts ? hosts->hosts : NULL, hints ? hints->hints : NULL);
	return 0;
}

/* Behind `size` an address may hold anything. */
static int same_address(const cq_address *a, const cq_address *b)
{
	return a->size == b->size && !memcmp(a->storage, b->storage, a->size);
}

/* _sort(list): the addresses of a list of texts in the order in which to connect to them. A list that has anything else
 * comes back as it is. */
static int dns_sort(lua_State *L)
{
	size_t count = lua_rawlen(L, 1);
	cq_address *sorted = lua_newuserdata(L, (2 * count + 1) * sizeof *sorted), *given = sorted + count;
	for (size_t i = 0; i < count; i++) {
		lua_rawgeti(L, 1, (int)i + 1);
		const char *text = lua_tostring(L, -1);
		if (!text || cq_address_parse(text, 0, &given[i])) {
			lua_pushvalue(L, 1);
			return 1;
		}
		lua_pop(L, 1);
	}
	memcpy(sorted, given, count * sizeof *sorted);
	cq_dns_sort(sorted, count);
	lua_createtable(L, (int)count, 0);
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;
		while (k + 1 < count && !same_address(&given[k], &sorted[i]))
			k++;
		given[k].size = 0; /* an address may be there twice */
		lua_rawgeti(L, 1, (int)k + 1);
		lua_rawseti(L, -2, (int)i + 1);
	}
	return 1;
}

/* _reverse(address): the name under which the names of an address stand; nil for what is no address */
static int dns_reverse(lua_State *L)
{
	char name[80];
	cq_address address;
	if (cq_address_parse(shim_checkstring(L, 1, NULL), 0, &address) || cq_dns_reverse_name(&address, name, sizeof name))
		return 0;
	lua_pushstring(L, name);
	return 1;
}

static const luaL_Reg functions[] = {
	{ "_reverse", dns_reverse },
	{ "version", dns_version },
	{ "_sort", dns_sort },
	{ "random", dns_random },
	{ "_configure", dns_configure },
	{ NULL, NULL },
};

int luaopen__cqueues_dns(lua_State *L)
{
	static const struct shim_constant constants[] = {
		{ "_AF_INET", AF_INET },
		{ "_AF_INET6", AF_INET6 },
		{ "_ENONAME", CQ_ENONAME },
		{ "_EFAIL", CQ_EFAIL },
		{ NULL, 0 },
	};
	lua_newtable(L);
	luaL_setfuncs(L, functions, 0);
	shim_set_constants(L, constants);
	return 1;
}
