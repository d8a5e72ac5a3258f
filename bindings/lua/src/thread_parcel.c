/* SPDX-License-Identifier: MIT
 *
 * Values that travel to the Lua state of a new thread: nil, booleans, numbers, texts, light userdata, and functions without
 * upvalues.
 *
 * They are looked at where they lie on the stack, and copied when nothing can be thrown any more.
 */
#ifdef __linux__
#define _GNU_SOURCE /* dladdr */
#endif
#include "thread.h"
#include <dlfcn.h>
#include <stdlib.h>

struct item {
	enum { NIL, BOOLEAN, INTEGER, NUMBER, STRING, POINTER, C_FUNCTION, LUA_FUNCTION } kind;
	union {
		int boolean;
		lua_Integer integer;
		lua_Number number;
		void *pointer;
		lua_CFunction function;
		struct {
			const char *bytes; /* within the parcel, once it is packed */
			size_t size;
		} string; /* and the dump of a Lua function */
	} as;
};

struct parcel {
	int count;
	struct item items[]; /* and their bytes */
};

enum { PATH, CPATH, FUNCTION, REST }; /* places of the items */

void thread_pin(void *address)
{
#if defined RTLD_NODELETE && defined RTLD_NOLOAD
	Dl_info info;
	void *library = NULL;
	/* A name without a slash is the program's own, and would be searched for. */
	if (dladdr(address, &info) && info.dli_fname && strchr(info.dli_fname, '/'))
		library = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
	if (library)
		dlclose(library); /* a count of users is not needed */
#else
	(void)address;
#endif
}

/* -- Functions ----------------------------------------------------------------------------------------- */

/* Throws if the function at `index` has upvalues other than the table of globals, of which the new state has its own. */
static void check_upvalues(lua_State *L, int index)
{
	const char *name;
	for (int i = 1; (name = lua_getupvalue(L, index, i)); i++) {
		int global = !lua_iscfunction(L, index) && shim_is_environment(L, name, -1);
		if (!global && !*name) /* as those of C functions */
			shim_argerror(L, index, "function has upvalues");
		else if (!global)
			shim_argerror(L, index, lua_pushfstring(L, "function has upvalues (%s)", name));
		lua_pop(L, 1);
	}
}

static int count_bytes(lua_State *L, const void *bytes, size_t size, void *data)
{
	(void)L, (void)bytes;
	*(size_t *)data += size;
	return 0;
}

struct dump {
	char *bytes;
	size_t size, room;
};

static int copy_bytes(lua_State *L, const void *bytes, size_t size, void *data)
{
	struct dump *dump = data;
	(void)L;
	if (size > dump->room - dump->size)
		return 1;
	if (size)
		memcpy(dump->bytes + dump->size, bytes, size);
	dump->size += size;
	return 0;
}

/* Puts the dump of the Lua function at `index` in its place. It is made twice, first for its size: the memory must be
 * Lua's, which nothing that is thrown can lose. */
static void dump_function(lua_State *L, int index, struct item *item)
{
	struct dump dump = { NULL, 0, 0 };
	lua_pushvalue(L, index);
	int failed = shim_dump(L, count_bytes, &dump.room);
	dump.bytes = lua_newuserdata(L, dump.room);
	lua_insert(L, -2);
	failed = failed || shim_dump(L, copy_bytes, &dump);
	lua_pop(L, 1);
	if (failed)
		shim_argerror(L, index, "function cannot be dumped");
	lua_replace(L, index);
	item->kind = LUA_FUNCTION;
	item->as.string.bytes = dump.bytes;
	item->as.string.size = dump.size;
}

static void look_at_function(lua_State *L, int index, struct item *item)
{
	check_upvalues(L, index);
	if (!lua_iscfunction(L, index)) {
		dump_function(L, index, item);
		return;
	}
	item->kind = C_FUNCTION;
	item->as.function = lua_tocfunction(L, index);
	if (!item->as.function) /* LuaJIT: one of its own */
		shim_argerror(L, index, "function has upvalues");
}

/* -- Packing ------------------------------------------------------------------------------------------- */

static void look_at_string(lua_State *L, int index, struct item *item)
{
	item->kind = STRING;
	item->as.string.bytes = shim_checkstring(L, index, &item->as.string.size);
}

static void look_at_number(lua_State *L, int index, struct item *item)
{
	if (lua_isinteger(L, index)) {
		item->kind = INTEGER;
		item->as.integer = lua_tointeger(L, index);
	} else {
		item->kind = NUMBER;
		item->as.number = lua_tonumber(L, index);
	}
}

/* What the argument at `index` is; throws if it cannot travel. */
static void look_at(lua_State *L, int index, struct item *item)
{
	switch (lua_type(L, index)) {
	case LUA_TNIL:
		item->kind = NIL;
		break;
	case LUA_TBOOLEAN:
		item->kind = BOOLEAN;
		item->as.boolean = lua_toboolean(L, index);
		break;
	case LUA_TNUMBER:
		look_at_number(L, index, item);
		break;
	case LUA_TLIGHTUSERDATA:
		item->kind = POINTER;
		item->as.pointer = lua_touserdata(L, index);
		break;
	case LUA_TFUNCTION:
		look_at_function(L, index, item);
		break;
	default:
		look_at_string(L, index, item); /* or throws */
	}
}

/* Pushes package[name]; another script may have put anything there. */
static void look_at_path(lua_State *L, const char *name, struct item *item)
{
	item->kind = NIL;
	lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
	lua_getfield(L, -1, "package");
	if (lua_istable(L, -1))
		lua_getfield(L, -1, name);
	if (lua_type(L, -1) == LUA_TSTRING)
		look_at_string(L, lua_gettop(L), item); /* stays on the stack */
}

static size_t bytes_of(const struct item *item)
{
	return item->kind == STRING || item->kind == LUA_FUNCTION ? item->as.string.size : 0;
}

/* Copies the items with their bytes. */
static struct parcel *copy(const struct item *items, int count)
{
	size_t size = sizeof(struct parcel) + (size_t)count * sizeof *items, used = size;
	for (int i = 0; i < count; i++)
		size += bytes_of(&items[i]);
	struct parcel *parcel = malloc(size);
	if (!parcel)
		return NULL;
	parcel->count = count;
	memcpy(parcel->items, items, (size_t)count * sizeof *items);
	for (struct item *item = parcel->items; count; item++, count--) {
		size_t length = bytes_of(item);
		if (!length)
			continue;
		char *place = (char *)parcel + used;
		memcpy(place, item->as.string.bytes, length);
		item->as.string.bytes = place;
		used += length;
	}
	return parcel;
}

struct parcel *parcel_pack(lua_State *L, int count)
{
	int top = lua_gettop(L), all = FUNCTION + count;
	luaL_checkstack(L, 16, "too many arguments");
	struct item *items = lua_newuserdata(L, (size_t)all * sizeof *items);
	for (int i = 0; i < count; i++)
		look_at(L, i + 1, &items[FUNCTION + i]);
	look_at_path(L, "path", &items[PATH]);
	look_at_path(L, "cpath", &items[CPATH]);
	for (int i = FUNCTION; i < all; i++)
		if (items[i].kind == C_FUNCTION)
			thread_pin((void *)items[i].as.function);
	struct parcel *parcel = copy(items, all);
	lua_settop(L, top);
	return parcel;
}

/* -- Unpacking ----------------------------------------------------------------------------------------- */

static void push(lua_State *L, const struct item *item)
{
	switch (item->kind) {
	case NIL:
		lua_pushnil(L);
		break;
	case BOOLEAN:
		lua_pushboolean(L, item->as.boolean);
		break;
	case INTEGER:
		lua_pushinteger(L, item->as.integer);
		break;
	case NUMBER:
		lua_pushnumber(L, item->as.number);
		break;
	case STRING:
		lua_pushlstring(L, item->as.string.bytes, item->as.string.size);
		break;
	case POINTER:
		lua_pushlightuserdata(L, item->as.pointer);
		break;
	case C_FUNCTION:
		lua_pushcfunction(L, item->as.function);
		break;
	case LUA_FUNCTION:
		if (luaL_loadbuffer(L, item->as.string.bytes, item->as.string.size, "=thread"))
			lua_error(L);
	}
}

void parcel_set_paths(lua_State *L, const struct parcel *parcel)
{
	static const char *const names[] = { [PATH] = "path", [CPATH] = "cpath" };
	lua_getglobal(L, "package");
	for (int i = PATH; i <= CPATH; i++) {
		if (parcel->items[i].kind == NIL)
			continue;
		push(L, &parcel->items[i]);
		lua_setfield(L, -2, names[i]);
	}
	lua_pop(L, 1);
}

void parcel_push_function(lua_State *L, const struct parcel *parcel)
{
	push(L, &parcel->items[FUNCTION]);
}

int parcel_push_rest(lua_State *L, const struct parcel *parcel)
{
	int count = parcel->count - REST;
	luaL_checkstack(L, count + 2, "too many arguments");
	for (int i = REST; i < parcel->count; i++)
		push(L, &parcel->items[i]);
	return count;
}
