/* SPDX-License-Identifier: MIT
 *
 * cqueues.notify: what happens to files (guide 3.2.6). The methods that wait stand in notify.lua.
 */
#include "shim.h"

const char shim_notifier_tag[] = SHIM_NOTIFIER;

static const struct shim_flag changes[] = {
	{ CQ_NOTIFY_CREATE, "CREATE", "CREATE" },
	{ CQ_NOTIFY_ATTRIB, "ATTRIB", "ATTRIB" },
	{ CQ_NOTIFY_MODIFY, "MODIFY", "MODIFY" },
	{ CQ_NOTIFY_REVOKE, "REVOKE", "REVOKE" },
	{ CQ_NOTIFY_DELETE, "DELETE", "DELETE" },
	{ CQ_NOTIFY_OVERFLOW, "OVERFLOW", "OVERFLOW" },
	{ CQ_NOTIFY_RENAMED, "RENAMED", "RENAMED" },
	{ CQ_NOTIFY_PRESENT, "PRESENT", "PRESENT" },
	{ CQ_NOTIFY_INOTIFY, "INOTIFY", "inotify" },
	{ CQ_NOTIFY_FEN, "FEN", "FEN" },
	{ CQ_NOTIFY_KQUEUE, "KQUEUE", "kqueue" },
	{ CQ_NOTIFY_KQUEUE1, "KQUEUE1", "kqueue1" },
	{ CQ_NOTIFY_OPENAT, "OPENAT", "openat" },
	{ CQ_NOTIFY_FDOPENDIR, "FDOPENDIR", "fdopendir" },
	{ CQ_NOTIFY_O_CLOEXEC, "O_CLOEXEC", "O_CLOEXEC" },
	{ CQ_NOTIFY_IN_CLOEXEC, "IN_CLOEXEC", "IN_CLOEXEC" },
	{ 0, NULL, NULL },
};

static struct notifier *check(lua_State *L)
{
	struct notifier *notifier = shim_check(L, 1, shim_notifier_tag, SHIM_NOTIFIER);
	if (!notifier->notifier)
		shim_argerror(L, 1, "notifier closed");
	return notifier;
}

/* What can be asked for. Bits that do not exist are passed over. */
enum { ASKED = CQ_NOTIFY_ALL | CQ_NOTIFY_RENAMED };

/* -- Opening ----------------------------------------------------------------------------------------- */

/* What is wrong with the value on top of the stack, a field of opendir's table. */
static void field_error(lua_State *L, const char *name, const char *wanted)
{
	shim_argerror(L, 1, lua_pushfstring(L, "field %s: %s expected, got %s", name, wanted, luaL_typename(L, -1)));
}

/* The text on top of the stack, the same for C. */
static const char *field_text(lua_State *L, const char *name)
{
	const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
	if (!text)
		field_error(L, name, "string");
	else if (strlen(text) != lua_rawlen(L, -1))
		field_error(L, name, "text without a NUL");
	return text;
}

static uint32_t load_changes(lua_State *L)
{
	lua_getfield(L, 1, "changes");
	lua_Integer bits = CQ_NOTIFY_ALL;
	if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TNUMBER)
		field_error(L, "changes", "number");
	else if (!lua_isnil(L, -1) && !shim_tointeger(L, -1, &bits))
		shim_argerror(L, 1, "field changes: number has no integer representation");
	return (uint32_t)bits & ASKED;
}

static int load_switch(lua_State *L, const char *name)
{
	lua_getfield(L, 1, name);
	if (!lua_isnil(L, -1) && !lua_isboolean(L, -1))
		field_error(L, name, "boolean");
	return lua_toboolean(L, -1);
}

/* Adds the field `pattern` of the table at 1, one or a list. A code. */
static int load_patterns(lua_State *L, const cq_notify *notifier, uint32_t bits)
{
	lua_getfield(L, 1, "pattern");
	if (lua_isnil(L, -1))
		return 0;
	if (!lua_istable(L, -1))
		return cq_notify_match(notifier, field_text(L, "pattern"), bits);
	int code = 0;
	for (int i = 1, count = (int)lua_rawlen(L, -1); i <= count && !code; i++) {
		lua_rawgeti(L, -1, i);
		code = cq_notify_match(notifier, field_text(L, "pattern"), bits);
		lua_pop(L, 1);
	}
	return code;
}

static int is_known(const char *name)
{
	return !strcmp(name, "path") || !strcmp(name, "changes") || !strcmp(name, "recursive") ||
	       !strcmp(name, "existing") || !strcmp(name, "pattern");
}

/* opendir{ path = , changes = , recursive = , existing = , pattern = } */
static int open_table(lua_State *L)
{
	struct notifier *notifier =
	    shim_new(L, shim_self(L), shim_notifier_tag, SHIM_NOTIFIER, sizeof *notifier);
	shim_check_fields(L, 1, is_known);
	uint32_t bits = load_changes(L);
	uint32_t flags = load_switch(L, "recursive") ? CQ_NOTIFY_RECURSIVE : 0;
	flags |= load_switch(L, "existing") ? CQ_NOTIFY_EXISTING : 0;
	lua_getfield(L, 1, "path");
	const char *path = field_text(L, "path");
	int code = cq_notify_opendir(path, bits, flags, &notifier->notifier);
	if (shim_collected(L, code))
		code = cq_notify_opendir(path, bits, flags, &notifier->notifier);
	if (!code)
		code = load_patterns(L, notifier->notifier, bits);
	if (code)
		return shim_nil_and_code(L, code);
	lua_settop(L, 2);
	return 1;
}

/* Whether the first argument is a table with a path of its own: of other tables no field is asked for. */
static int is_description(lua_State *L)
{
	if (!lua_istable(L, 1))
		return 0;
	lua_pushliteral(L, "path");
	lua_rawget(L, 1);
	int is_there = !lua_isnil(L, -1);
	lua_pop(L, 1);
	return is_there;
}

/* notify.opendir(path[, changes]), notify.opendir{ ... } */
static int notify_opendir(lua_State *L)
{
	if (is_description(L)) {
		lua_settop(L, 1);
		return open_table(L);
	}
	const char *path = shim_check_text(L, 1);
	lua_Integer given;
	int is_number = lua_type(L, 2) == LUA_TNUMBER && shim_tointeger(L, 2, &given); /* else it is not looked at, as ever */
	uint32_t bits = is_number ? (uint32_t)given & ASKED : CQ_NOTIFY_ALL;
	struct notifier *notifier =
	    shim_new(L, shim_self(L), shim_notifier_tag, SHIM_NOTIFIER, sizeof *notifier);
	int code = cq_notify_opendir(path, bits, 0, &notifier->notifier);
	if (shim_collected(L, code))
		code = cq_notify_opendir(path, bits, 0, &notifier->notifier);
	return code ? shim_nil_and_code(L, code) : 1;
}

/* -- What to tell --------------------------------------------------------------------------------------- */

typedef int want(const cq_notify *notifier, const char *name, uint32_t bits);

/* Throws what is wrong with an argument, which is counted without the notifier. */
static int refuse(lua_State *L, const char *method, int index, const char *why)
{
	return shim_error(L, "bad argument #%d to '%s' (%s)", index - 1, method, why);
}

static const char *check_name(lua_State *L, const char *method)
{
	size_t size;
	const char *name = lua_tolstring(L, 2, &size);
	if (!name)
		refuse(L, method, 2, lua_pushfstring(L, "string expected, got %s", luaL_typename(L, 2)));
	else if (strlen(name) != size)
		refuse(L, method, 2, "text with a NUL inside");
	return name;
}

static uint32_t opt_bits(lua_State *L, const char *method)
{
	lua_Integer bits;
	if (!lua_toboolean(L, 3))
		return CQ_NOTIFY_ALL;
	if (!lua_isnumber(L, 3))
		refuse(L, method, 3, lua_pushfstring(L, "number expected, got %s", luaL_typename(L, 3)));
	if (!shim_tointeger(L, 3, &bits))
		refuse(L, method, 3, "number has no integer representation");
	return (uint32_t)bits & ASKED;
}

static int add(lua_State *L, const char *method, want *what)
{
	const cq_notify *notifier = check(L)->notifier;
	const char *name = check_name(L, method);
	uint32_t bits = opt_bits(L, method);
	int code = what(notifier, name, bits);
	if (code)
		return shim_error(L, "notify.%s: %s", method, cq_strerror(code));
	lua_pushboolean(L, 1);
	return 1;
}

/* notifier:add(name[, changes]) */
static int notifier_add(lua_State *L)
{
	return add(L, "add", cq_notify_add);
}

/* notifier:match(pattern[, changes]) */
static int notifier_match(lua_State *L)
{
	return add(L, "match", cq_notify_match);
}

/* -- Telling ---------------------------------------------------------------------------------------------- */

/* _begin(notifier, seconds) */
static int notifier_begin(lua_State *L)
{
	double timeout;
	shim_begin(L, shim_notifier_tag, SHIM_NOTIFIER, &timeout);
	return shim_push_limit(L, timeout);
}

/* _fetch(notifier): changes and the name; nil; or nil and a code */
static int notifier_fetch(lua_State *L)
{
	uint32_t bits;
	const char *name;
	size_t size;
	struct notifier *notifier = shim_check(L, 1, shim_notifier_tag, SHIM_NOTIFIER);
	int code = notifier->notifier ? cq_notify_try_get(notifier->notifier, &bits, &name, &size) : EBADF;
	if (code == EAGAIN) {
		lua_pushnil(L);
		return 1;
	} else if (code) {
		return shim_nil_and_code(L, code);
	}
	lua_pushinteger(L, (lua_Integer)bits);
	shim_push_copy(L, name, size); /* a path: the system knows no longer ones */
	return 2;
}

/* notifier:step() */
static int notifier_step(lua_State *L)
{
	return shim_success(L, cq_notify_step(check(L)->notifier));
}

/* notifier:pollfd() */
static int notifier_pollfd(lua_State *L)
{
	lua_pushinteger(L, cq_notify_pollfd(check(L)->notifier));
	return 1;
}

/* notifier:events() */
static int notifier_events(lua_State *L)
{
	check(L);
	lua_pushliteral(L, "r");
	return 1;
}

/* notifier:timeout(): 0 while something can be told at once, otherwise nothing */
static int notifier_timeout(lua_State *L)
{
	double timeout = cq_notify_timeout(check(L)->notifier);
	if (isnan(timeout))
		return 0;
	lua_pushnumber(L, timeout);
	return 1;
}

static int end(struct notifier *notifier)
{
	cq_notify_free(notifier->notifier);
	notifier->notifier = NULL;
	return 0;
}

static int notifier_gc(lua_State *L)
{
	return end(lua_touserdata(L, 1));
}

/* notifier:close(): who waits for it is told EBADF */
static int notifier_close(lua_State *L)
{
	return end(shim_check(L, 1, shim_notifier_tag, SHIM_NOTIFIER));
}

/* -- The module --------------------------------------------------------------------------------------------- */

/* notify.strflag(bits) */
static int notify_strflag(lua_State *L)
{
	unsigned bits = (unsigned)shim_checkinteger(L, 1);
	luaL_checkstack(L, 32, "too many flags");
	return shim_push_words(L, changes, bits);
}

/* notify.flags(bits, ...) */
static int notify_flags(lua_State *L)
{
	return shim_push_bits(L, ~0u);
}

/* notify.type(object) */
static int notify_type(lua_State *L)
{
	return shim_push_type(L, shim_notifier_tag, "file notifier");
}

/* notify.interpose(name, function) */
static int notify_interpose(lua_State *L)
{
	return shim_interpose(L, &shim_self(L)->custom_notifier);
}

static const luaL_Reg methods[] = {
	{ "add", notifier_add },
	{ "match", notifier_match },
	{ "step", notifier_step },
	{ "pollfd", notifier_pollfd },
	{ "events", notifier_events },
	{ "timeout", notifier_timeout },
	{ "close", notifier_close },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__gc", notifier_gc },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "opendir", notify_opendir },
	{ "strflag", notify_strflag },
	{ "flags", notify_flags },
	{ "type", notify_type },
	{ "interpose", notify_interpose },
	{ "_begin", notifier_begin },
	{ "_fetch", notifier_fetch },
	{ "_define", shim_define },
	{ NULL, NULL },
};

/* A name and its number, both ways. */
static void set_name(lua_State *L, const char *name, unsigned bits)
{
	lua_pushinteger(L, (int)bits);
	lua_setfield(L, -2, name);
	lua_pushstring(L, name);
	lua_rawseti(L, -2, (int)bits);
}

int luaopen__cqueues_notify(lua_State *L)
{
	shim_module(L, SHIM_NOTIFIER, methods, meta, functions);
	for (const struct shim_flag *flag = changes; flag->bit; flag++)
		set_name(L, flag->name, flag->bit);
	set_name(L, "ALL", CQ_NOTIFY_ALL);
	lua_pushinteger(L, (int)cq_notify_features());
	lua_setfield(L, -2, "FEATURES");
	return 1;
}
