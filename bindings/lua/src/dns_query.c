/* SPDX-License-Identifier: MIT
 *
 * Questions and answers of resolvers: submit, fetch, query (guide 3.2.12).
 *
 * `query` submits a question and fetches until there is an answer. In between it waits as the methods of sockets
 * do (see socket_wait.c): from 5.2 on a C function yields and goes on in a continuation; in 5.1 and LuaJIT it
 * answers a marker to a small Lua function, which yields and calls `go_on`. All that is remembered across the wait
 * lies in the resolver, which has one question at a time; its number tells whether it is still the same.
 */
#include "controller.h"
#include "dns.h"

/* Submits the question of the arguments from 2 on. A code. */
static int submit(lua_State *L, struct resolver *resolver)
{
	size_t size;
	const char *name = shim_checkstring(L, 2, &size);
	unsigned type = dns_check_type(L, 3), class = dns_check_class(L, 4);
	if (!size || strlen(name) != size)
		return CQ_EILLEGAL;
	dns_cancel_exposed(L, resolver);
	resolver->serial++;
	resolver->waits = 1;
	resolver->deadline = NAN;
	return cq_dns_resolver_submit(resolver->resolver, name, type, class);
}

/* Pushes the answer; otherwise a code. */
static int fetch(lua_State *L, struct resolver *resolver)
{
	int code = cq_dns_resolver_try_fetch(resolver->resolver, &resolver->answer);
	resolver->waits = code == EAGAIN;
	if (code)
		return code;
	struct packet *packet = dns_new_packet(L, resolver->object.shim); /* memory may run out */
	if (!resolver->answer)
		return ECANCELED; /* a finalizer has closed it */
	packet->packet = resolver->answer;
	packet->room = DNS_LARGEST;
	resolver->answer = NULL;
	return 0;
}

/* resolver:submit(name[, type][, class]) */
static int resolver_submit(lua_State *L)
{
	int code = submit(L, dns_resolver(L));
	if (code == CQ_EILLEGAL && lua_rawlen(L, 2) == 0) {
		cq_dns_resolver_cancel(((struct resolver *)lua_touserdata(L, 1))->resolver);
		code = 0; /* `fetch` tells */
	}
	return shim_success(L, code);
}

/* resolver:fetch() */
static int resolver_fetch(lua_State *L)
{
	int code = fetch(L, dns_resolver(L));
	if (code == CQ_ENOQUERY)
		code = CQ_EILLEGAL; /* as ever: it asked for no name */
	return code ? shim_success(L, code) : 1;
}

/* -- Waiting ------------------------------------------------------------------------------------ */

static int go(lua_State *L, struct resolver *resolver);

/* After a wait: the question may have been given up meanwhile. */
static int go_on_with(lua_State *L, struct resolver *resolver, unsigned serial)
{
	int ended = shim_take_end(L, resolver->object.shim, resolver);
	if (!resolver->resolver || resolver->serial != serial)
		return shim_nil_and_code(L, ECANCELED);
	if (ended) {
		cq_dns_resolver_cancel(resolver->resolver);
		resolver->waits = 0;
		return shim_nil_and_code(L, ended);
	}
	return go(L, resolver);
}

#if SHIM_CONTINUES
SHIM_CONTINUATION(continue_query)
{
	shim_context serial;
	shim_get_context(L, serial);
	return go_on_with(L, lua_touserdata(L, 1), (unsigned)serial); /* was checked before the wait */
}

static int suspend(lua_State *L, struct resolver *resolver, double left)
{
	shim_context serial = (shim_context)resolver->serial;
	lua_settop(L, 1);
	lua_rawgeti(L, LUA_REGISTRYINDEX, resolver->object.shim->poll_ref);
	lua_pushvalue(L, 1);
	if (isnan(left))
		return lua_yieldk(L, 2, serial, continue_query);
	lua_pushnumber(L, left);
	return lua_yieldk(L, 3, serial, continue_query);
}

static void set_query(lua_State *L, lua_CFunction query)
{
	shim_push_state(L);
	lua_pushcclosure(L, query, 1);
	lua_setfield(L, -2, "query");
}
#else
static const char driver[] =
    "if jit then jit.off(true, true) end\n"
    "local query, go_on, POLL, yield = ...\n"
    "local function settle(resolver, answer, code, left)\n"
    "	while answer == POLL do\n"
    "		yield(POLL, resolver, left)\n"
    "		answer, code, left = go_on(resolver, code)\n"
    "	end\n"
    "	if answer then return answer end\n"
    "	return answer, code\n"
    "end\n"
    "return function(resolver, ...)\n"
    "	return settle(resolver, query(resolver, ...))\n"
    "end\n";

/* go_on(resolver, serial) */
static int go_on(lua_State *L)
{
	struct resolver *resolver = lua_touserdata(L, 1); /* was checked before the wait */
	return go_on_with(L, resolver, (unsigned)lua_tonumber(L, 2));
}

/* The marker, the number of the question, and the seconds that are left. */
static int suspend(lua_State *L, struct resolver *resolver, double left)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, resolver->object.shim->poll_ref);
	lua_pushnumber(L, resolver->serial);
	shim_push_seconds(L, left);
	return 3;
}

static void set_query(lua_State *L, lua_CFunction query)
{
	if (luaL_loadbuffer(L, driver, sizeof driver - 1, "=cqueues.dns.resolver"))
		lua_error(L);
	shim_push_state(L);
	lua_pushcclosure(L, query, 1);
	shim_push_state(L);
	lua_pushcclosure(L, go_on, 1);
	shim_push_poll(L);
	lua_getglobal(L, "coroutine");
	lua_getfield(L, -1, "yield");
	lua_remove(L, -2);
	lua_call(L, 4, 1);
	lua_setfield(L, -2, "query");
}
#endif

/* Fetches until there is an answer; waits in between. */
static int go(lua_State *L, struct resolver *resolver)
{
	for (;;) {
		int code = fetch(L, resolver);
		if (code != EAGAIN)
			return code ? shim_nil_and_code(L, code) : 1;
		double left = NAN;
		if (!isnan(resolver->deadline)) {
			left = resolver->deadline - cq_monotime();
			if (left <= 0) {
				cq_dns_resolver_cancel(resolver->resolver);
				resolver->waits = 0;
				return shim_nil_and_code(L, ETIMEDOUT);
			}
		}
		if (resolver->object.shim->running)
			return suspend(L, resolver, left);
		cq_interest wait = CQ_INTEREST_NONE;
		wait.resolver = resolver->resolver;
		wait.timeout = left;
		if ((code = cq_poll(&wait, 1, NULL)))
			return shim_nil_and_code(L, code);
	}
}

/* resolver:query(name[, type][, class][, timeout]) */
static int resolver_query(lua_State *L)
{
	struct resolver *resolver = shim_check(L, 1, dns_resolver_tag, DNS_RESOLVER);
	if (!resolver->resolver)
		return shim_argerror(L, 1, "resolver defunct");
	double timeout = shim_checktimeout(L, 5);
	int code = submit(L, resolver);
	if (code)
		return shim_nil_and_code(L, code);
	if (!isnan(timeout))
		resolver->deadline = cq_monotime() + timeout;
	return go(L, resolver);
}

static const luaL_Reg methods[] = {
	{ "submit", resolver_submit },
	{ "fetch", resolver_fetch },
	{ NULL, NULL },
};

void dns_set_questions(lua_State *L)
{
	shim_push_state(L);
	luaL_setfuncs(L, methods, 1);
	set_query(L, resolver_query);
}
