/* SPDX-License-Identifier: MIT
 *
 * cqueues.thread: threads with a Lua state of their own (guide 3.2.5). `join` stands in thread.lua.
 *
 * A new thread shares nothing with the state that started it, which may be closed before: all that it is given travels in a
 * parcel. Its state is closed before it ends, so that whoever has joined it finds its descriptors closed.
 */
#include "thread.h"
#include <stdlib.h>

const char shim_thread_tag[] = SHIM_THREAD;

#define SELF "cqueues.self" /* key of the registry: the handle of the thread that runs this state */

static struct thread *check(lua_State *L)
{
	return shim_check(L, 1, shim_thread_tag, SHIM_THREAD);
}

/* -- The new thread ------------------------------------------------------------------------------------ */

struct birth {
	cq_socket *socket; /* NULL once an object of the new state owns it */
	struct parcel *parcel; /* NULL once it is unpacked */
};

/* Whether a text tells where it was thrown, "file:5: why". One that does not was made by `error(text, 0)`: it is for the
 * program and not for people, and must come out as it is. */
static bool has_place(const char *text)
{
	for (; (text = strchr(text, ':')); text++) {
		size_t digits = strspn(text + 1, "0123456789");
		if (digits && strncmp(text + 1 + digits, ": ", 2) == 0)
			return true;
	}
	return false;
}

/* The message handler: errors get a traceback; other values become texts. Upvalue 1 is debug.traceback. */
static int make_text(lua_State *L)
{
	lua_settop(L, 1);
	if (lua_type(L, 1) == LUA_TNUMBER || (lua_type(L, 1) == LUA_TSTRING && !has_place(lua_tostring(L, 1))))
		return lua_tostring(L, 1), 1;
	if (lua_type(L, 1) != LUA_TSTRING && luaL_getmetafield(L, 1, "__tostring"))
		return luaL_tolstring(L, 1, NULL), 1;
	lua_pushvalue(L, lua_upvalueindex(1));
	if (lua_type(L, 1) == LUA_TSTRING)
		lua_pushvalue(L, 1);
	else
		lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
	lua_pushinteger(L, 2); /* from whoever threw it */
	lua_call(L, 2, 1);
	return 1;
}

static void push_handler(lua_State *L)
{
	lua_getglobal(L, "debug");
	lua_getfield(L, -1, "traceback");
	lua_pushcclosure(L, make_text, 1);
	lua_remove(L, -2);
}

/* Has `join` tell the error on top of the stack, up to its first NUL. Throws nothing. */
static void explain(lua_State *L)
{
	char text[80];
	const char *why = text;
	if (lua_type(L, -1) == LUA_TSTRING)
		why = lua_tostring(L, -1);
	else
		snprintf(text, sizeof text, "(error object is a %s value)", luaL_typename(L, -1));
	cq_thread_explain(why, strlen(why));
}

static void push_socket(lua_State *L, struct birth *birth)
{
	int top = lua_gettop(L);
	luaopen__cqueues_socket(L); /* makes the class */
	lua_settop(L, top);
	struct shim *shim = shim_state(L);
	struct socket *socket = shim_new_socket(L, shim);
	socket->so = birth->socket;
	birth->socket = NULL;
	shim_apply_defaults(L, shim, socket);
	cq_socket_set_strict(socket->so, shim->defaults.strict);
}

/* All that happens in the new state. */
static int live(lua_State *L)
{
	struct birth *birth = lua_touserdata(L, 1);
	luaL_openlibs(L);
	shim_preload(L);
	parcel_set_paths(L, birth->parcel);
	push_handler(L);
	int handler = lua_gettop(L);
	parcel_push_function(L, birth->parcel);
	push_socket(L, birth);
	int count = parcel_push_rest(L, birth->parcel);
	free(birth->parcel);
	birth->parcel = NULL;
	if (lua_pcall(L, count + 1, 0, handler))
		explain(L);
	return 0;
}

static int run(cq_socket *socket, void *parcel)
{
	static const char no_memory[] = "not enough memory";
	struct birth birth = { socket, parcel };
	lua_State *L = luaL_newstate();
	if (!L)
		cq_thread_explain(no_memory, sizeof no_memory - 1);
	else if (shim_protect(L, live, &birth))
		explain(L);
	if (L)
		lua_close(L);
	cq_socket_free(birth.socket);
	free(birth.parcel);
	return 0;
}

/* thread.start(function, ...), where what is no function fails in the thread: the thread and a socket, whose other end the function is given; or nil, nil, code */
static int thread_start(lua_State *L)
{
	struct shim *shim = shim_self(L);
	int count = lua_gettop(L);
	if (count == 0)
		lua_settop(L, count = 1);
	luaL_checkstack(L, 8, "too many arguments");
	struct thread *thread = shim_new(L, shim, shim_thread_tag, SHIM_THREAD, sizeof *thread);
	struct socket *socket = shim_new_socket(L, shim);
	struct parcel *parcel = parcel_pack(L, count);
	int code = parcel ? cq_thread_start(run, parcel, &socket->so, &thread->thread) : ENOMEM;
	if (code) {
		free(parcel);
		lua_pushnil(L);
		return 1 + shim_nil_and_code(L, code);
	}
	shim_apply_defaults(L, shim, socket);
	cq_socket_set_strict(socket->so, shim->defaults.strict);
	return 2;
}

/* -- Handles --------------------------------------------------------------------------------------------- */

/* thread.self(): the same object each time; nil in a state that no thread was started for */
static int thread_self(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SELF);
	if (!lua_isnil(L, -1))
		return 1;
	struct thread *thread = shim_new(L, shim_self(L), shim_thread_tag, SHIM_THREAD, sizeof *thread);
	if (cq_thread_self(&thread->thread) == 0) {
		lua_pushvalue(L, -1);
		lua_setfield(L, LUA_REGISTRYINDEX, SELF);
	} else {
		lua_pushnil(L);
	}
	return 1;
}

/* _begin(thread, seconds) */
static int thread_begin(lua_State *L)
{
	double timeout;
	shim_begin(L, shim_thread_tag, SHIM_THREAD, &timeout);
	return shim_push_limit(L, timeout);
}

/* Pushes what a thread that has ended said, or the error number that it returned. */
static void push_result(lua_State *L, const struct thread *thread, int result)
{
	size_t size;
	const char *reason = cq_thread_reason(thread->thread, &size);
	if (reason)
		lua_pushlstring(L, reason, size);
	else if (result)
		lua_pushinteger(L, result);
	else
		lua_pushnil(L);
}

/* _outcome(thread): nil while it runs; else what `join` returns. It died if it never returned, which is told as an error
 * of joining it. */
static int thread_outcome(lua_State *L)
{
	const struct thread *thread = check(L);
	int result = 0, code = cq_thread_join(thread->thread, 0, &result);
	if (code == ETIMEDOUT)
		return 0;
	if (code == EDEADLK) {
		lua_pushliteral(L, "thread.join: cannot join self"); /* without a line, as programs know it */
		return lua_error(L);
	}
	lua_pushboolean(L, !code && result != EOWNERDEAD);
	if (code)
		lua_pushinteger(L, code);
	else
		push_result(L, thread, result);
	return 2;
}

/* thread:pollfd() */
static int thread_pollfd(lua_State *L)
{
	lua_pushinteger(L, cq_thread_pollfd(check(L)->thread));
	return 1;
}

/* thread:events() */
static int thread_events(lua_State *L)
{
	check(L);
	lua_pushliteral(L, "r");
	return 1;
}

/* thread:timeout() */
static int thread_timeout(lua_State *L)
{
	check(L);
	return 0;
}

static int thread_equal(lua_State *L)
{
	const struct thread *a = shim_test(L, 1, shim_thread_tag), *b = shim_test(L, 2, shim_thread_tag);
	lua_pushboolean(L, a && b && cq_thread_equal(a->thread, b->thread));
	return 1;
}

static int thread_gc(lua_State *L)
{
	struct thread *thread = lua_touserdata(L, 1);
	cq_thread_free(thread->thread);
	thread->thread = NULL;
	return 0;
}

/* -- The module -------------------------------------------------------------------------------------------- */

/* thread.type(object) */
static int thread_type(lua_State *L)
{
	return shim_push_type(L, shim_thread_tag, "thread");
}

/* thread.interpose(name, function) */
static int thread_interpose(lua_State *L)
{
	return shim_interpose(L, &shim_self(L)->custom_thread);
}

static const luaL_Reg methods[] = {
	{ "pollfd", thread_pollfd },
	{ "events", thread_events },
	{ "timeout", thread_timeout },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__gc", thread_gc },
	{ "__eq", thread_equal },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "start", thread_start },
	{ "self", thread_self },
	{ "type", thread_type },
	{ "interpose", thread_interpose },
	{ "_begin", thread_begin },
	{ "_outcome", thread_outcome },
	{ "_define", shim_define },
	{ NULL, NULL },
};

int luaopen__cqueues_thread(lua_State *L)
{
	/* Threads go on when the state that started them is closed, which may unload libraries. */
	thread_pin((void *)lua_close);
	thread_pin((void *)run);
	luaopen__cqueues_socket(L); /* the class of what else `start` makes */
	shim_module(L, SHIM_THREAD, methods, meta, functions);
	return 1;
}
