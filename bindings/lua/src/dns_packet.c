/* SPDX-License-Identifier: MIT
 *
 * cqueues.dns.packet: DNS messages (guide 3.2.8).
 */
#include "dns.h"
#include <string.h>

const char dns_packet_tag[] = DNS_PACKET;

enum { HEADER = 12, QBUFSIZ = 352, TC = 0x0200 };

static cq_dns_packet *check(lua_State *L)
{
	return ((struct packet *)shim_check(L, 1, dns_packet_tag, DNS_PACKET))->packet;
}

/* The same for a method that changes it. */
static cq_dns_packet *check_change(lua_State *L)
{
	struct packet *packet = shim_check(L, 1, dns_packet_tag, DNS_PACKET);
	packet->changes++;
	return packet->packet;
}

struct packet *dns_new_packet(lua_State *L, struct shim *shim)
{
	return shim_new(L, shim, dns_packet_tag, DNS_PACKET, sizeof(struct packet));
}

/* -- Making packets ------------------------------------------------------------------------- */

/* Puts bytes into a packet that has room for `room`; what is too long is cut, and the packet says so. */
static int load(lua_State *L, cq_dns_packet *packet, const char *data, size_t size, size_t room)
{
	if (size <= room)
		return cq_dns_packet_load(packet, data, size);
	char *cut = lua_newuserdata(L, room);
	memcpy(cut, data, room);
	cut[2] |= (char)(TC >> 8);
	int code = cq_dns_packet_load(packet, cut, room);
	lua_pop(L, 1);
	return code;
}

/* The size at `index`, `usual` if there is none. */
static size_t check_size(lua_State *L, int index, lua_Integer usual)
{
	lua_Integer size = shim_optinteger(L, index, usual);
	if (!lua_isnoneornil(L, index) && !(fabs(lua_tonumber(L, index)) <= INT_MAX))
		shim_error(L, "not enough memory");
	shim_argcheck(L, size >= 0, index, "size below 0");
	return size < HEADER ? HEADER : size > DNS_LARGEST ? DNS_LARGEST : (size_t)size;
}

/* Whether the value at 1 is a message and no size in digits. Lua 5.1 takes "7" with anything behind a zero byte for a
   number, as which one message in 6,500 begins. */
static int is_message(lua_State *L)
{
	size_t size;
	if (lua_type(L, 1) != LUA_TSTRING)
		return 0;
	return !lua_isnumber(L, 1) || strlen(lua_tolstring(L, 1, &size)) < size;
}

/* packet.new([size]), packet.new(data[, size]) */
static int packet_new(lua_State *L)
{
	int parses = is_message(L);
	size_t size = 0;
	const char *data = parses ? lua_tolstring(L, 1, &size) : NULL;
	if (!parses && !lua_isnoneornil(L, 1) && !lua_isnumber(L, 1))
		return shim_argerror(L, 1, lua_pushfstring(L, "string expected, got %s", luaL_typename(L, 1)));
	size_t room = parses ? check_size(L, 2, (lua_Integer)size) : check_size(L, 1, QBUFSIZ);
	struct packet *packet = dns_new_packet(L, shim_self(L));
	packet->room = room;
	int code = cq_dns_packet_new(room, &packet->packet);
	if (!code && parses)
		code = load(L, packet->packet, data, size, room);
	return code ? shim_nil_and_code(L, code) : 1;
}

/* packet:load(data) */
static int packet_load(lua_State *L)
{
	size_t size;
	cq_dns_packet *packet = check_change(L);
	const char *data = shim_checkstring(L, 2, &size);
	int code = load(L, packet, data, size, ((struct packet *)lua_touserdata(L, 1))->room);
	if (code)
		return shim_nil_and_code(L, code);
	lua_settop(L, 1);
	return 1;
}

/* packet:dump() */
static int packet_dump(lua_State *L)
{
	const void *data = "";
	size_t size = 0;
	cq_dns_packet *packet = check(L);
	void *copy = SHIM_COPIES_LATE ? lua_newuserdata(L, ((struct packet *)lua_touserdata(L, 1))->room) : NULL;
	cq_dns_packet_dump(packet, &data, &size);
	if (copy)
		data = memcpy(copy, data, size); /* before a finalizer loads other bytes */
	lua_pushlstring(L, data, size);
	return 1;
}

/* packet:push(section, name[, type][, class][, ttl][, rdata]); rdata in wire form, or a record whose it is */
static int packet_push(lua_State *L)
{
	cq_dns_packet *packet = check_change(L);
	unsigned section = dns_check_section(L, 2);
	size_t length, size = 0;
	const char *name = shim_checkstring(L, 3, &length);
	unsigned type = dns_check_type(L, 4), class = dns_check_class(L, 5);
	lua_Number ttl = section == CQ_DNS_QUESTION ? 0 : shim_optnumber(L, 6, 0); /* questions have none */
	shim_argcheck(L, ttl >= 0 && ttl <= 4294967295.0, 6, "seconds from 0 to 2^32 - 1 expected");
	const struct record *record = shim_test(L, 7, dns_record_tag);
	const void *data = "";
	if (record)
		data = record->rr.message + record->rr.rdata, size = record->rr.rdata_length;
	else if (section != CQ_DNS_QUESTION)
		data = lua_isnoneornil(L, 7) ? (size = 0, "") : shim_checkstring(L, 7, &size);
	int code = CQ_EILLEGAL;
	if (length && strlen(name) == length)
		code = cq_dns_packet_push(packet, section, name, type, class, (uint32_t)ttl, data, size);
	if (code)
		return shim_nil_and_code(L, code);
	lua_settop(L, 1);
	return 1;
}

/* -- The header ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int shift;
	unsigned mask;
} fields[] = {
	{ "qr", 15, 1 }, { "opcode", 11, 15 }, { "aa", 10, 1 }, { "tc", 9, 1 },
	{ "rd", 8, 1 }, { "ra", 7, 1 }, { "z", 4, 7 }, { "rcode", 0, 15 },
};

enum { FIELDS = sizeof fields / sizeof *fields };

/* packet:flags() */
static int packet_flags(lua_State *L)
{
	unsigned flags = cq_dns_packet_flags(check(L));
	lua_createtable(L, 0, FIELDS);
	for (int i = 0; i < FIELDS; i++) {
		unsigned value = flags >> fields[i].shift & fields[i].mask;
		if (fields[i].mask == 1)
			lua_pushboolean(L, (int)value);
		else
			lua_pushinteger(L, (lua_Integer)value);
		lua_setfield(L, -2, fields[i].name);
	}
	return 1;
}

/* The value on top of the stack for a field. */
static unsigned check_field(lua_State *L, int field)
{
	if (fields[field].mask > 1 || lua_isnumber(L, -1)) {
		if (!lua_isnumber(L, -1)) {
			const char *got = luaL_typename(L, -1);
			shim_argerror(L, 2, lua_pushfstring(L, "field %s: number expected, got %s", fields[field].name, got));
		}
		lua_Integer value;
		lua_Number number = lua_tonumber(L, -1);
		if (fields[field].mask == 1 && lua_isinteger(L, -1))
			return lua_tointeger(L, -1) != 0;
		if (fields[field].mask == 1)
			return number != 0 && number >= -0x1p63 && number < 0x1p63 && number == floor(number); /* what is no integer is 0 */
		shim_argcheck(L, shim_tointeger(L, -1, &value), 2, "number has no integer representation");
		return (unsigned)value & fields[field].mask;
	}
	return (unsigned)lua_toboolean(L, -1);
}

/* packet:setflags(number or table) */
static int packet_setflags(lua_State *L)
{
	cq_dns_packet *packet = check_change(L);
	lua_settop(L, 2);
	if (lua_isnumber(L, 2)) {
		cq_dns_packet_set_flags(packet, (unsigned)shim_checkinteger(L, 2));
		lua_settop(L, 1);
		return 1;
	}
	shim_check_type(L, 2, LUA_TTABLE);
	unsigned flags = cq_dns_packet_flags(packet);
	for (int i = 0; i < FIELDS; i++) {
		lua_pushstring(L, fields[i].name);
		lua_rawget(L, 2);
		if (!lua_isnil(L, -1)) {
			flags &= ~(fields[i].mask << fields[i].shift);
			flags |= check_field(L, i) << fields[i].shift;
		}
		lua_pop(L, 1);
	}
	cq_dns_packet_set_flags(packet, flags);
	lua_settop(L, 1);
	return 1;
}

/* packet:qid() */
static int packet_qid(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)cq_dns_packet_qid(check(L)));
	return 1;
}

/* packet:setqid(number) */
static int packet_setqid(lua_State *L)
{
	cq_dns_packet_set_qid(check_change(L), (unsigned)shim_checkinteger(L, 2));
	lua_settop(L, 1);
	return 1;
}

/* packet:rcode(): with the bits that an OPT record adds */
static int packet_rcode(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)cq_dns_packet_rcode(check(L)));
	return 1;
}

/* packet:count([sections]) */
static int packet_count(lua_State *L)
{
	cq_dns_packet *packet = check(L);
	unsigned sections = (unsigned)shim_optinteger(L, 2, 15) & 15;
	lua_pushinteger(L, (lua_Integer)cq_dns_packet_count(packet, sections));
	return 1;
}

/* -- The rest ----------------------------------------------------------------------------------- */

/* tostring(packet) */
static int packet_tostring(lua_State *L)
{
	cq_dns_packet *packet = check(L);
	dns_push_text(L, cq_dns_packet_format, packet);
	return 1;
}

static int packet_gc(lua_State *L)
{
	struct packet *packet = lua_touserdata(L, 1);
	cq_dns_packet_free(packet->packet);
	packet->packet = NULL;
	return 0;
}

/* -- The module ------------------------------------------------------------------------------- */

/* packet.type(object) */
static int packet_type(lua_State *L)
{
	return shim_push_type(L, dns_packet_tag, "dns packet");
}

static const luaL_Reg methods[] = {
	{ "qid", packet_qid },
	{ "setqid", packet_setqid },
	{ "flags", packet_flags },
	{ "setflags", packet_setflags },
	{ "rcode", packet_rcode },
	{ "count", packet_count },
	{ "push", packet_push },
	{ "grep", dns_packet_grep },
	{ "load", packet_load },
	{ "dump", packet_dump },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__tostring", packet_tostring },
	{ "__gc", packet_gc },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "new", packet_new },
	{ "type", packet_type },
	{ "interpose", dns_interpose },
	{ NULL, NULL },
};

int luaopen__cqueues_dns_packet(lua_State *L)
{
	static const struct {
		const char *name;
		unsigned table;
	} tables[] = { { "section", CQ_DNS_SECTIONS }, { "opcode", CQ_DNS_OPCODES }, { "rcode", CQ_DNS_RCODES } };
	shim_module(L, DNS_PACKET, methods, meta, functions);
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		lua_newtable(L);
		dns_set_names(L, tables[i].table, 1);
		lua_setfield(L, -2, tables[i].name);
	}
	lua_pushinteger(L, QBUFSIZ);
	lua_setfield(L, -2, "QBUFSIZ");
	return 1;
}
