/* SPDX-License-Identifier: MIT
 *
 * The poll protocol: what an object's pollfd, events and timeout say, methods or plain fields
 * (guide 3.1.1).
 */
#include "shim.h"
#include <poll.h>

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
	lua_remove(L, -2);
	return -1;
}

static int unexpected(lua_State *L, const char *name, const char *wanted)
{
	const char *got = luaL_typename(L, -1);
	lua_pop(L, 1);
	lua_pushfstring(L, "error loading field %s: %s expected, got %s", name, wanted, got);
	return -1;
}

static int load_pollfd(lua_State *L, int object, cq_interest *interest)
{
	if (load(L, object, "pollfd"))
		return -1;
	struct condition *condition = shim_test(L, -1, shim_condition_tag);
	if (condition)
		interest->condition = condition->cv; /* the core counts a reference while it is waited for */
	else if (lua_type(L, -1) == LUA_TNUMBER)
		interest->fd = (int)lua_tointeger(L, -1);
	else if (!lua_isnil(L, -1))
		return unexpected(L, "pollfd", "number");
	lua_pop(L, 1);
	return 0;
}

static int load_events(lua_State *L, int object, cq_interest *interest)
{
	if (load(L, object, "events"))
		return -1;
	if (lua_type(L, -1) == LUA_TNUMBER) {
		interest->events = (uint32_t)lua_tointeger(L, -1) & (POLLIN | POLLOUT | POLLPRI);
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

static int load_timeout(lua_State *L, int object, cq_interest *interest)
{
	if (load(L, object, "timeout"))
		return -1;
	if (lua_type(L, -1) == LUA_TNUMBER)
		interest->timeout = fmax(lua_tonumber(L, -1), 0); /* NaN becomes 0: expired */
	else if (!lua_isnil(L, -1))
		return unexpected(L, "timeout", "number");
	lua_pop(L, 1);
	return 0;
}

/* Of those that are no more than a descriptor and a time. */
static int own_source(struct shim *shim, struct object *object, cq_interest *interest)
{
	if (object->tag == shim_listener_tag && !shim->custom_listener) {
		const cq_signal *listener = ((struct listener *)object)->listener;
		interest->fd = cq_signal_pollfd(listener);
		interest->timeout = cq_signal_timeout(listener);
	} else if (object->tag == shim_thread_tag && !shim->custom_thread) {
		interest->fd = cq_thread_pollfd(((struct thread *)object)->thread);
	} else if (object->tag == shim_notifier_tag && !shim->custom_notifier) {
		const cq_notify *notifier = ((struct notifier *)object)->notifier;
		interest->fd = cq_notify_pollfd(notifier);
		interest->timeout = cq_notify_timeout(notifier);
	} else {
		return 0;
	}
	interest->events = POLLIN;
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
		interest->timeout = isnan(socket->timeout) ? NAN : fmax(socket->timeout, 0);
		return 1;
	} else if (object->tag == shim_condition_tag && !shim->custom_condition) {
		interest->condition = ((struct condition *)object)->cv;
		return 1;
	} else if (object->tag == shim_controller_tag && !shim->custom_controller) {
		struct controller *controller = (struct controller *)object;
		if (!controller->cq || cq_controller_pollfd(controller->cq, &interest->fd))
			return 0;
		interest->events = POLLIN;
		interest->timeout = cq_controller_timeout(controller->cq);
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

int shim_interest(lua_State *L, struct shim *shim, int index, cq_interest *interest)
{
	static const cq_interest none = CQ_INTEREST_NONE;
	*interest = none;
	switch (lua_type(L, index)) {
	case LUA_TNUMBER:
		interest->timeout = lua_tonumber(L, index);
		if (interest->timeout < 0)
			interest->timeout = 0; /* has expired */
		return 0;
	case LUA_TUSERDATA:
		if (own_object(L, shim, index, interest))
			return 0;
		/* fall through */
	case LUA_TTABLE:
		if (load_pollfd(L, index, interest) || load_events(L, index, interest))
			return -1;
		return load_timeout(L, index, interest);
	case LUA_TNIL:
	case LUA_TSTRING:
		return 0;
	default:
		lua_pushfstring(L, "cannot poll a %s value", luaL_typename(L, index));
		return -1;
	}
}

int shim_interest_fd(const cq_interest *interest)
{
	if (interest->resolver)
		return cq_dns_resolver_pollfd(interest->resolver);
	return interest->socket ? cq_socket_pollfd(interest->socket) : interest->fd;
}

/* The descriptor of a number or an object, -1 for none. */
int shim_descriptor(lua_State *L, struct shim *shim, int index)
{
	cq_interest interest;
	if (lua_type(L, index) == LUA_TNUMBER)
		return (int)lua_tointeger(L, index);
	if (shim_interest(L, shim, index, &interest))
		return lua_error(L);
	return shim_interest_fd(&interest);
}
