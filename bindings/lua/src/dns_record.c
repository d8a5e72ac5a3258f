/* SPDX-License-Identifier: MIT
 *
 * cqueues.dns.record: records that were found in packets (guide 3.2.7).
 *
 * Each type has a class of its own, whose methods are the members that the library names. A method knows
 * its type and member by its upvalues.
 */
#include "dns.h"

const char dns_record_tag[] = "DNS RR";

#define DNS_CLASSES "cqueues.dns.classes"

enum { OTHER = 0, A = 1, TXT = 16, AAAA = 28, SSHFP = 44, SPF = 99, ALL = 255 };

/* Types whose data programs have always got as members only. */
static const unsigned oldest[] = { 1, 2, 5, 6, 12, 15, 16, 28, 33, 41, SSHFP, SPF };

static inline const struct record *check(lua_State *L)
{
	const struct record *record = lua_touserdata(L, 1);
	if (!record || lua_rawlen(L, 1) < sizeof *record || record->tag != dns_record_tag)
		shim_check_class(L, 1, "DNS RR"); /* there is none: throws */
	return record;
}

/* -- Members -------------------------------------------------------------------------------- */

/* The record, if it is of the type of upvalue 2; throws otherwise. */
static const struct record *check_type(lua_State *L)
{
	const struct record *record = check(L);
	unsigned type = (unsigned)lua_tointeger(L, lua_upvalueindex(2));
	if (record->rr.rtype != type) {
		char name[16];
		cq_dns_type_name(type, name, sizeof name);
		shim_argerror(L, 1, lua_pushfstring(L, "DNS RR %s expected", name));
	}
	return record;
}

/* Data that is not of the type does not become an object, so that what fails is a question, which has none. */
static int push_text(lua_State *L, const struct record *record, const char *member)
{
	char few[1280], *text = few;
	size_t size = sizeof few, length = 0;
	int code;
	while ((code = cq_dns_record_text(&record->rr, member, text, size, &length)) && length >= size)
		text = lua_newuserdata(L, size = length + 1);
	lua_pushlstring(L, text, code ? 0 : length);
	return 1;
}

/* record:MEMBER() of a number */
static int record_number(lua_State *L)
{
	const struct record *record = check_type(L);
	uint32_t number = 0;
	cq_dns_record_number(&record->rr, lua_tostring(L, lua_upvalueindex(3)), &number);
	shim_push_unsigned(L, number);
	return 1;
}

/* record:MEMBER() of a name, an address or bytes */
static int record_text(lua_State *L)
{
	return push_text(L, check_type(L), lua_tostring(L, lua_upvalueindex(3)));
}

/* record:addr() of an A, which programs call most often */
static int record_addr(lua_State *L)
{
	const struct record *record = check(L);
	char text[16], *end = text;
	if (record->rr.rtype != A)
		check_type(L); /* throws */
	if (record->rr.rdata_length != 4) {
		lua_pushliteral(L, "");
		return 1;
	}
	const unsigned char *byte = record->rr.message + record->rr.rdata;
	for (int i = 0; i < 4; i++) {
		unsigned value = byte[i];
		if (value >= 100)
			*end++ = (char)('0' + value / 100);
		if (value >= 10)
			*end++ = (char)('0' + value / 10 % 10);
		*end++ = (char)('0' + value % 10);
		*end++ = '.';
	}
	lua_pushlstring(L, text, (size_t)(end - text - 1));
	return 1;
}

/* record:digest() of an SSHFP: its type, and its digits in small letters */
static int record_digest(lua_State *L)
{
	const struct record *record = check_type(L);
	const unsigned char *data = record->rr.message + record->rr.rdata;
	size_t size = record->rr.rdata_length;
	lua_pushinteger(L, size < 2 ? 0 : data[1]);
	if (size < 2) {
		lua_pushnil(L);
		return 2;
	}
	luaL_Buffer text;
	luaL_buffinit(L, &text);
	for (size_t i = 2; i < size; i++) {
		luaL_addchar(&text, "0123456789abcdef"[data[i] >> 4]);
		luaL_addchar(&text, "0123456789abcdef"[data[i] & 15]);
	}
	luaL_pushresult(&text);
	return 2;
}

/* -- What all records have -------------------------------------------------------------------- */

/* record:section() */
static int record_section(lua_State *L)
{
	lua_pushinteger(L, check(L)->rr.section);
	return 1;
}

/* record:name() */
static int record_name(lua_State *L)
{
	const struct record *record = check(L);
	dns_push_text(L, cq_dns_record_name, &record->rr);
	return 1;
}

/* record:type() */
static int record_type(lua_State *L)
{
	lua_pushinteger(L, check(L)->rr.rtype);
	return 1;
}

/* record:class() */
static int record_class(lua_State *L)
{
	lua_pushinteger(L, check(L)->rr.rclass);
	return 1;
}

/* record:ttl() */
static int record_ttl(lua_State *L)
{
	shim_push_unsigned(L, check(L)->rr.ttl);
	return 1;
}

/* record:rdata(): the data in wire form, its names uncompressed */
static int record_rdata(lua_State *L)
{
	const struct record *record = check(L);
	lua_pushlstring(L, (const char *)record->rr.message + record->rr.rdata, record->rr.rdata_length);
	return 1;
}

/* tostring(record): its data as text; that of an SPF is its policy, that of an unknown type the bytes */
static int record_tostring(lua_State *L)
{
	const struct record *record = check(L);
	if (record->rr.section == CQ_DNS_QUESTION)
		lua_pushliteral(L, "");
	else if (record->rr.rtype == SPF)
		return push_text(L, record, "policy");
	else if (lua_toboolean(L, lua_upvalueindex(2)))
		return record_rdata(L);
	else {
		dns_push_text(L, cq_dns_record_format, &record->rr);
		/* The strings of a TXT as one, as ever: no quotes stand within them. */
		if (record->rr.rtype == TXT)
			luaL_gsub(L, lua_tostring(L, -1), "\" \"", "");
	}
	return 1;
}

/* record:strings() of a TXT or SPF: a list of what `data` joins */
static int record_strings(lua_State *L)
{
	const struct record *record = check_type(L);
	const unsigned char *data = record->rr.message + record->rr.rdata;
	size_t size = record->rr.rdata_length;
	lua_newtable(L);
	for (size_t at = 0, i = 1; at < size && at + data[at] < size; at += data[at] + 1u, i++) {
		lua_pushlstring(L, (const char *)data + at + 1, data[at]);
		lua_rawseti(L, -2, (int)i);
	}
	return 1;
}

static const luaL_Reg methods[] = {
	{ "section", record_section },
	{ "name", record_name },
	{ "type", record_type },
	{ "class", record_class },
	{ "ttl", record_ttl },
	{ NULL, NULL },
};

/* -- Classes ---------------------------------------------------------------------------------- */

/* Sets a method in the table on top of the stack. */
static void set_member(lua_State *L, unsigned type, const char *name, lua_CFunction function, const char *member)
{
	shim_push_state(L);
	lua_pushinteger(L, (lua_Integer)type);
	lua_pushstring(L, member);
	lua_pushcclosure(L, function, 3);
	lua_setfield(L, -2, name);
}

static void set_members(lua_State *L, unsigned type)
{
	char name[32];
	bool is_number, has_rdata = true;
	for (size_t i = 0; i < sizeof oldest / sizeof *oldest; i++)
		has_rdata &= type != oldest[i];
	if (has_rdata)
		set_member(L, type, "rdata", record_rdata, "rdata");
	for (size_t i = 0; cq_dns_type_member(type, i, name, sizeof name, &is_number) == 0; i++)
		set_member(L, type, name, is_number ? record_number : record_text, name);
	if (type == A)
		set_member(L, type, "addr", record_addr, "addr");
	else if (type == SSHFP)
		set_member(L, type, "digest", record_digest, "digest");
	else if (type == SPF)
		set_member(L, type, "data", record_text, "policy");
	if (type == TXT || type == SPF)
		set_member(L, type, "strings", record_strings, "strings");
}

/* Pushes the metatable of a type. */
static void push_class(lua_State *L, unsigned type, const char *name)
{
	static const luaL_Reg none[] = { { NULL, NULL } };
	char class[32];
	snprintf(class, sizeof class, "DNS RR %s", name);
	shim_class(L, class, methods, none);
	shim_push_state(L);
	lua_pushboolean(L, type == OTHER);
	lua_pushcclosure(L, record_tostring, 2);
	lua_setfield(L, -2, "__tostring");
	lua_getfield(L, -1, "__index");
	set_members(L, type);
	lua_pop(L, 1);
}

void dns_push_classes(lua_State *L)
{
	char name[16];
	unsigned type;
	lua_getfield(L, LUA_REGISTRYINDEX, DNS_CLASSES);
	if (lua_istable(L, -1))
		return;
	lua_pop(L, 1);
	lua_newtable(L);
	push_class(L, OTHER, "Any");
	lua_rawseti(L, -2, OTHER);
	for (size_t i = 0; cq_dns_list(CQ_DNS_TYPES, i, name, sizeof name, &type) == 0; i++) {
		push_class(L, type, name);
		lua_rawseti(L, -2, (int)type);
	}
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, DNS_CLASSES);
}

/* Pushes a record without a class: `size` bytes of name and data, which follow each other. */
static struct record *push(lua_State *L, const cq_dns_record *rr, size_t name, size_t size)
{
	struct record *record = SHIM_PLAIN(L, sizeof *record + size);
	record->tag = dns_record_tag;
	record->rr = *rr;
	record->rr.message = record->data;
	record->rr.message_length = size;
	record->rr.name = 0;
	record->rr.rdata = (uint16_t)name;
	record->rr.rdata_length = (uint16_t)(size - name);
	return record;
}

/* The bytes of a pointer (RFC 1035 4.1.4) that is all of the record's name, 0 if it is something else. */
static unsigned pointer_of(const cq_dns_record *rr)
{
	const unsigned char *name = rr->message + rr->name;
	return *name >= 0xC0 ? (unsigned)name[0] << 8 | name[1] : 0;
}

static int push_any(lua_State *L, const cq_dns_record *rr, struct owner *owner, struct room *room)
{
	size_t length = 0;
	cq_dns_record copy;
	int code = cq_dns_record_copy(rr, room->bytes, room->size, &length, &copy);
	if (length > room->size) {
		room->bytes = lua_newuserdata(L, room->size = length);
		return EAGAIN;
	}
	if (code)
		return code;
	owner->pointer = pointer_of(rr);
	owner->size = copy.rdata;
	memcpy(owner->wire, room->bytes, owner->size);
	memcpy(push(L, rr, copy.rdata, length)->data, room->bytes, length);
	return 0;
}

/* An address behind the owner that is known. */
static void push_address(lua_State *L, const cq_dns_record *rr, const struct owner *owner)
{
	unsigned char address[16];
	size_t size = rr->rdata_length;
	memcpy(address, rr->message + rr->rdata, size); /* before finalizers run */
	struct record *record = push(L, rr, owner->size, owner->size + size);
	memcpy(record->data, owner->wire, owner->size);
	memcpy(record->data + owner->size, address, size);
}

int dns_push_record(lua_State *L, int classes, const cq_dns_record *rr, struct owner *owner, struct room *room)
{
	size_t address = rr->rtype == A ? 4 : rr->rtype == AAAA ? 16 : 0;
	if (address && rr->rdata_length == address && owner->pointer && owner->pointer == pointer_of(rr)) {
		push_address(L, rr, owner);
	} else {
		int code = push_any(L, rr, owner, room);
		if (code)
			return code;
	}
	lua_rawgeti(L, classes, rr->rtype);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_rawgeti(L, classes, OTHER);
	}
	lua_setmetatable(L, -2);
	return 0;
}

/* -- The module ------------------------------------------------------------------------------- */

/* record.type(object) */
static int type_of(lua_State *L)
{
	const struct record *record = lua_touserdata(L, 2);
	if (record && lua_rawlen(L, 2) >= sizeof *record && record->tag == dns_record_tag)
		lua_pushliteral(L, "dns record");
	else
		lua_pushnil(L);
	return 1;
}

/* Numbers of algorithms and digests, RFC 4255, 6594, 7479; the names of the former by number, too. */
static void push_sshfp(lua_State *L)
{
	static const char *const algorithms[] = { "RSA", "DSA", "ECDSA", "ED25519" };
	lua_newtable(L);
	for (int i = 0; i < 4; i++) {
		lua_pushinteger(L, i + 1);
		lua_setfield(L, -2, algorithms[i]);
		lua_pushstring(L, algorithms[i]);
		lua_rawseti(L, -2, i + 1);
	}
	lua_pushinteger(L, 1);
	lua_setfield(L, -2, "SHA1");
	lua_pushliteral(L, "SHA1"); /* not RSA, as ever */
	lua_rawseti(L, -2, 1);
	lua_pushinteger(L, 2);
	lua_setfield(L, -2, "SHA256");
}

int luaopen__cqueues_dns_record(lua_State *L)
{
	dns_push_classes(L);
	lua_newtable(L);
	dns_set_names(L, CQ_DNS_TYPES, 0);
	dns_set_names(L, CQ_DNS_CLASSES, 0);
	dns_set_names(L, CQ_DNS_SECTIONS, 0); /* NS is the section; the type is record.type.NS */
	lua_pushinteger(L, ALL);
	lua_setfield(L, -2, "ALL");
	lua_newtable(L);
	dns_set_names(L, CQ_DNS_TYPES, 1);
	lua_pushinteger(L, ALL);
	lua_setfield(L, -2, "ALL");
	lua_pushliteral(L, "ALL");
	lua_rawseti(L, -2, ALL);
	lua_newtable(L);
	lua_pushcfunction(L, type_of);
	lua_setfield(L, -2, "__call");
	lua_setmetatable(L, -2);
	lua_setfield(L, -2, "type");
	lua_newtable(L);
	dns_set_names(L, CQ_DNS_CLASSES, 1);
	lua_setfield(L, -2, "class");
	push_sshfp(L);
	lua_setfield(L, -2, "sshfp");
	return 1;
}
