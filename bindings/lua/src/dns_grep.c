/* SPDX-License-Identifier: MIT
 *
 * packet:grep: finding records (guide 3.2.8). The iterator is what programs run most often, so that it looks up
 * nothing by name.
 *
 * From 5.2 on it is a C function that has its search as an upvalue. LuaJIT would compile a loop anew for each such function, so in
 * 5.1 it is one in Lua, around a C function that all searches share.
 */
#include "dns.h"
#include <ctype.h>

/* What an iterator remembers. */
struct search {
	const struct packet *packet; /* which the iterator keeps */
	cq_dns_selector selector;
	uint64_t cursor;
	struct owner owner;
};

#define CLASSES lua_upvalueindex(2) /* of records */
#if SHIM_CONTINUES
#define SEARCH lua_upvalueindex(3)
#else
#define SEARCH 1
#endif

static int next_record(lua_State *L)
{
	struct search *search = lua_touserdata(L, SEARCH);
	unsigned char few[1024]; /* enough for the usual types */
	struct room room = { few, sizeof few };
	uint64_t cursor;
	int code;
	do {
		cq_dns_record record;
		cursor = search->cursor;
		code = cq_dns_packet_grep(search->packet->packet, &search->selector, &cursor, &record);
		if (code == ENOENT || code == CQ_EILLEGAL) /* nothing more, or what is no name is nobody's */
			return 0;
		if (search->owner.changes != search->packet->changes) {
			search->owner.changes = search->packet->changes;
			search->owner.pointer = 0;
		}
		if (!code)
			code = dns_push_record(L, CLASSES, &record, &search->owner, &room);
	} while (code == EAGAIN); /* there is more room now, for which finalizers may have changed the packet */
	search->cursor = cursor;
	return code ? shim_error(L, "%s", cq_strerror(code)) : 1;
}

/* The bits of the sections that the words of a text name; `is_letter` tells what words are of. */
static unsigned section_words(lua_State *L, const char *text, int (*is_letter)(int))
{
	unsigned sections = 0;
	while (*text) {
		size_t size = 0;
		while (is_letter((unsigned char)text[size]))
			size++;
		if (size) {
			lua_pushlstring(L, text, size);
			sections |= dns_check_section(L, -1);
			lua_pop(L, 1);
		}
		text += size + !size;
	}
	return sections;
}

/* The bits that the value on top of the stack stands for. In a text of several words digits are none. */
static unsigned sections_of(lua_State *L, int (*is_letter)(int))
{
	unsigned sections = 0;
	lua_Integer number;
	if (lua_type(L, -1) == LUA_TNUMBER) {
		shim_argcheck(L, shim_tointeger(L, -1, &number), 2, "number has no integer representation");
		return (unsigned)number;
	}
	if (lua_type(L, -1) == LUA_TSTRING)
		return section_words(L, lua_tostring(L, -1), is_letter);
	shim_argcheck(L, lua_istable(L, -1), 2, "field section: number, string or table expected");
	for (int i = 1; lua_rawgeti(L, -1, i), !lua_isnil(L, -1); i++) {
		shim_argcheck(L, !lua_istable(L, -1), 2, "field section: number or string expected in the list");
		sections |= sections_of(L, isalnum);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return sections;
}

/* Fills in the selector from the table at 2. */
static void load_selector(lua_State *L, cq_dns_selector *selector)
{
	selector->size = sizeof *selector;
	if (lua_isnoneornil(L, 2))
		return;
	shim_check_type(L, 2, LUA_TTABLE);
	lua_getfield(L, 2, "section");
	if (!lua_isnil(L, -1)) {
		selector->sections = sections_of(L, isalpha);
		if (selector->sections && !(selector->sections & 15))
			selector->sections = 16; /* no record has it */
	}
	lua_getfield(L, 2, "type");
	if (!lua_isnil(L, -1))
		selector->rtype = (uint16_t)dns_check_type(L, -1);
	lua_getfield(L, 2, "class");
	if (!lua_isnil(L, -1))
		selector->rclass = (uint16_t)dns_check_class(L, -1);
	lua_pop(L, 3);
}

/* Makes the iterator of what lies on top of the stack: the state, the classes, the search, the packet and the name. */
#if SHIM_CONTINUES
static void make_iterator(lua_State *L)
{
	lua_pushcclosure(L, next_record, 5);
}
#else
#define DNS_ITERATORS "cqueues.dns.iterators"

/* Packet and name are passed so that they are kept. */
static const char iterators[] =
    "local next = ...\n"
    "return function(search, packet, name)\n"
    "	return function() return next(search, packet, name) end\n"
    "end\n";

static void make_iterator(lua_State *L)
{
	int search = lua_gettop(L) - 2;
	lua_getfield(L, LUA_REGISTRYINDEX, DNS_ITERATORS);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		if (luaL_loadbuffer(L, iterators, sizeof iterators - 1, "=cqueues.dns.packet"))
			lua_error(L);
		lua_pushvalue(L, search - 2);
		lua_pushvalue(L, search - 1);
		lua_pushcclosure(L, next_record, 2);
		lua_call(L, 1, 1);
		lua_pushvalue(L, -1);
		lua_setfield(L, LUA_REGISTRYINDEX, DNS_ITERATORS);
	}
	lua_insert(L, search);
	lua_call(L, 3, 1);
}
#endif

/* packet:grep([{ section =, type =, class =, name = }]): an iterator over records */
int dns_packet_grep(lua_State *L)
{
	static const cq_dns_selector none;
	struct packet *packet = shim_check(L, 1, dns_packet_tag, DNS_PACKET);
	lua_settop(L, 2);
	lua_pushvalue(L, lua_upvalueindex(1));
	dns_push_classes(L);
	struct search *search = SHIM_PLAIN(L, sizeof *search);
	search->packet = packet;
	search->owner.pointer = 0;
	search->owner.changes = packet->changes;
	search->cursor = 0;
	search->selector = none;
	load_selector(L, &search->selector);
	lua_pushvalue(L, 1);
	if (lua_istable(L, 2)) {
		lua_getfield(L, 2, "name");
		shim_argcheck(L, lua_isnil(L, -1) || lua_isstring(L, -1), 2, "field name: string expected");
		search->selector.name = lua_tostring(L, -1);
		if (search->selector.name && strlen(search->selector.name) != lua_rawlen(L, -1))
			search->selector.name = ".."; /* what is no name is nobody's */
	} else {
		lua_pushnil(L);
	}
	make_iterator(L);
	return 1;
}
