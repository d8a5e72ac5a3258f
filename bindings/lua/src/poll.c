/* SPDX-License-Identifier: MIT
 *
 * The poll protocol: what an object's pollfd, events and timeout say, methods or plain fields
 * (guide 3.1.1).
 *
 * Objects of ours, numbers and strings are asked without running Lua code. All others are foreign: their methods may
 * do anything, so they are asked first, on the stack of whoever steps; see `park` in step.c.
 */
#include "controller.h"
#include "scope.h"
#include "socket.h"
#include "wait_set.h"
#include <poll.h>

/* -- Foreign objects ------------------------------------------------------------------------- */

/* Pushes a field of the object, calling it if it is a function. 0, or -1 with a message pushed. */
static int load(lua_State *L, int object, const char *name)
{
	lua_getfield(L, object, name);
	if (lua_type(L, -1) != LUA_TFUNCTION)
		return 0;
	lua_pushvalue(L, object);
	if (lua_pcall(L, 1, 1, 0) == 0)
		return 0;
	const char *why = lua_tostring(L, -1);
	lua_pushfstring(L, "error calling method %s: %s", name, why ? why : luaL_typename(L, -1));
	return -1;
}

static int unexpected(lua_State *L, const char *name, const char *wanted)
{
	lua_pushfstring(L, "error loading field %s: %s expected, got %s", name, wanted, luaL_typename(L, -1));
	return -1;
}

/* The whole number on top of the stack. */
static int load_integer(lua_State *L, const char *name, lua_Integer *value)
{
	if (!shim_tointeger(L, -1, value)) {
		lua_pushfstring(L, "error loading field %s: number has no integer representation", name);
		return -1;
	}
	return 0;
}

/* A condition stays on the stack: the core counts a reference once it is waited for. */
static int load_pollfd(lua_State *L, int object, cq_interest *interest)
{
	lua_Integer fd;
	if (load(L, object, "pollfd"))
		return -1;
	struct condition *condition = shim_test(L, -1, shim_condition_tag);
	if (condition) {
		interest->condition = condition->cv;
		return 0;
	} else if (lua_type(L, -1) == LUA_TNUMBER) {
		if (load_integer(L, "pollfd", &fd))
			return -1;
		if (fd != (int)fd) {
			lua_pushliteral(L, "error loading field pollfd: number is no descriptor");
			return -1;
		}
		interest->fd = (int)fd;
	} else if (!lua_isnil(L, -1)) {
		return unexpected(L, "pollfd", "number");
	}
	lua_pop(L, 1);
	return 0;
}

static int load_events(lua_State *L, int object, cq_interest *interest)
{
	lua_Integer events;
	if (load(L, object, "events"))
		return -1;
	if (lua_isnumber(L, -1)) { /* also in digits; a fraction names no events */
		int whole = lua_tonumber(L, -1) == floor(lua_tonumber(L, -1)) && shim_tointeger(L, -1, &events);
		interest->events = whole ? (uint32_t)events & (POLLIN | POLLOUT | POLLPRI) : 0;
	} else if (lua_type(L, -1) == LUA_TSTRING) {
		const char *text = lua_tostring(L, -1);
		interest->events = (strchr(text, 'r') ? POLLIN : 0) | (strchr(text, 'w') ? POLLOUT : 0) |
		                   (strchr(text, 'p') ? POLLPRI : 0);
	} else if (!lua_isnil(L, -1)) {
		return unexpected(L, "events", "number");
	}
	lua_pop(L, 1);
	return 0;
}

/* Seconds that a poll waits: those below 0 have passed. */
static double span(double seconds)
{
	return isinf(seconds) ? NAN : seconds < 0 ? 0 : seconds; /* NaN stays: no limit */
}

static int load_timeout(lua_State *L, int object, cq_interest *interest)
{
	if (load(L, object, "timeout"))
		return -1;
	if (lua_type(L, -1) == LUA_TNUMBER)
		interest->timeout = span(lua_tonumber(L, -1));
	else if (!lua_isnil(L, -1))
		return unexpected(L, "timeout", "number");
	lua_pop(L, 1);
	return 0;
}

int shim_ask_foreign(lua_State *L, int index, cq_interest *interest)
{
	static const cq_interest none = CQ_INTEREST_NONE;
	*interest = none;
	int type = lua_type(L, index);
	index = lua_absindex(L, index);
	if (type != LUA_TUSERDATA && type != LUA_TTABLE) {
		lua_pushfstring(L, "cannot poll a %s value", luaL_typename(L, index));
		return -1;
	}
	if (load_pollfd(L, index, interest) || load_events(L, index, interest))
		return -1;
	return load_timeout(L, index, interest);
}

/* -- Objects of ours ------------------------------------------------------------------------- */

/* Of those that are no more than a descriptor and a time. */
static int own_source(struct shim *shim, struct object *object, cq_interest *interest)
{
	if (object->tag == shim_scope_tag) {
		interest->scope = ((struct scope *)object)->scope;
		return interest->scope != NULL;
	}
	if (object->tag == shim_process_tag) {
		interest->process = ((struct process *)object)->process;
		return interest->process != NULL;
	}
	if (object->tag == shim_listener_tag && !shim->custom_listener)
		interest->signal = ((struct listener *)object)->listener;
	else if (object->tag == shim_thread_tag && !shim->custom_thread)
		interest->thread = ((struct thread *)object)->thread;
	else if (object->tag == shim_notifier_tag && !shim->custom_notifier)
		interest->notify = ((struct notifier *)object)->notifier;
	else
		return 0;
	return 1;
}

/* An object of our own whose methods nobody replaced: no call into Lua. */
static int own_object(lua_State *L, struct shim *shim, int index, cq_interest *interest)
{
	struct object *object = lua_touserdata(L, index);
	if (lua_rawlen(L, index) < sizeof *object)
		return 0;
	if (object->tag == shim_socket_tag && !shim->custom_socket) {
		struct socket *socket = (struct socket *)object;
		if (!socket->so)
			return 0; /* its methods say what is wrong */
		interest->socket = socket->so;
		interest->timeout = span(shim_timeout_of(socket));
		return 1;
	} else if (object->tag == shim_condition_tag && !shim->custom_condition) {
		interest->condition = ((struct condition *)object)->cv;
		return 1;
	} else if (object->tag == shim_controller_tag && !shim->custom_controller) {
		struct controller *controller = (struct controller *)object;
		if (!controller->cq)
			return 0;
		if (!controller->quiet)
			cq_controller_recall(controller->cq);
		interest->controller = controller->cq;
		return 1;
	} else if (object->tag == dns_resolver_tag && !shim->custom_resolver) {
		struct resolver *resolver = (struct resolver *)object;
		if (!resolver->resolver || !resolver->waits)
			return 0;
		interest->resolver = resolver->resolver;
		return 1;
	}
	return own_source(shim, object, interest);
}

int shim_ask_own(lua_State *L, struct shim *shim, int index, cq_interest *interest)
{
	static const cq_interest none = CQ_INTEREST_NONE;
	*interest = none;
	switch (lua_type(L, index)) {
	case LUA_TUSERDATA:
		return own_object(L, shim, index, interest);
	case LUA_TSTRING:
		if (!lua_isnumber(L, index))
			return 1;
		/* fall through */
	case LUA_TNUMBER:
		interest->timeout = span(lua_tonumber(L, index));
		return 1;
	case LUA_TNIL:
		return 1;
	default:
		return 0;
	}
}

/* -- Wait sets ------------------------------------------------------------------------------- */

enum { FOREIGN = 1 }; /* in `fired`, which means nothing yet */

/* Asks the members that are foreign; of each the object is pushed on L, and a condition that its method returned. */
static int ask_foreign_members(lua_State *L, struct shim *shim, struct wait_set *set)
{
	for (int i = 0; i < set->count; i++) {
		if (shim_ask_own(set->values, shim, set->first + i, &set->list[i]))
			continue;
		set->failed = i + 1;
		luaL_checkstack(L, 8, "too many objects");
		if (set->values == L) {
			lua_pushvalue(L, set->first + i);
		} else {
			lua_pushvalue(set->values, set->first + i);
			lua_xmove(set->values, L, 1);
		}
		if (shim_ask_foreign(L, -1, &set->list[i]))
			return -1;
		if (!shim_is_intact(set)) {
			lua_pushliteral(L, "the coroutine was resumed by a method of an object that it polls");
			return -1;
		}
		set->list[i].fired = FOREIGN;
		set->foreign++;
		set->failed = 0;
	}
	return 0;
}

int shim_is_intact(const struct wait_set *set)
{
	return lua_gettop(set->values) >= set->first + set->count - 1 &&
	       (set->is_running || lua_status(set->values) == LUA_YIELD);
}

int shim_ask_all(lua_State *L, struct shim *shim, struct wait_set *set)
{
	set->foreign = set->failed = 0;
	if (ask_foreign_members(L, shim, set))
		return -1;
	/* The methods that ran may have closed what was asked before them: such are asked again. */
	for (int i = 0; set->foreign && i < set->count; i++) {
		if (set->list[i].fired == FOREIGN) {
			set->list[i].fired = 0;
		} else if (!shim_ask_own(set->values, shim, set->first + i, &set->list[i])) {
			set->failed = i + 1;
			lua_pushliteral(L, "a polled object was closed by a method of another one");
			return -1;
		}
	}
	return 0;
}

int shim_descriptor(lua_State *L, struct shim *shim, int index)
{
	cq_interest interest;
	lua_Integer fd;
	int type = lua_type(L, index);
	if (lua_isnumber(L, index)) {
		shim_argcheck(L, shim_tointeger(L, index, &fd), index, "number has no integer representation");
		return fd == (int)fd ? (int)fd : -1;
	}
	if (type == LUA_TNIL)
		return -1;
	if (type == LUA_TUSERDATA && shim_ask_own(L, shim, index, &interest) && !interest.condition)
		return cq_interest_pollfd(&interest);
	lua_getfield(L, index, "pollfd");
	if (lua_type(L, -1) == LUA_TFUNCTION) {
		lua_pushvalue(L, index);
		lua_call(L, 1, 1);
	}
	if (lua_type(L, -1) != LUA_TNUMBER)
		return shim_error(L, "error loading field pollfd: number expected, got %s", luaL_typename(L, -1));
	fd = lua_tointeger(L, -1);
	lua_pop(L, 1);
	return fd == (int)fd ? (int)fd : -1;
}

int shim_other_descriptor(lua_State *L, int index)
{
	struct controller *controller = shim_test(L, index, shim_controller_tag);
	int fd = -1;
	if (controller && controller->cq && controller->is_exposed)
		cq_controller_pollfd(controller->cq, &fd);
	return fd;
}
