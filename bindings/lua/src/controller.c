/* SPDX-License-Identifier: MIT
 *
 * The methods of controllers (guide 3.2.1). `step`, `loop` and `errors` stand in cqueues.lua, over step.c.
 */
#include "controller.h"
#include "wait_set.h"

const char shim_controller_tag[] = SHIM_CONTROLLER;

struct controller *shim_controller(lua_State *L)
{
	struct controller *controller =
	    shim_check(L, 1, shim_controller_tag, SHIM_CONTROLLER);
	if (!controller->cq)
		shim_error(L, "cqueue closed");
	return controller;
}

/* controller:attach(coroutine) */
static int controller_attach(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	lua_settop(L, 2);
	shim_check_type(L, 2, LUA_TTHREAD);
	shim_forgive(L, controller);
	shim_spawn(L, controller);
	lua_settop(L, 1);
	return 1;
}

/* controller:wrap(function, ...) */
static int controller_wrap(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	shim_check_type(L, 2, LUA_TFUNCTION);
	int count = lua_gettop(L) - 1;
	lua_State *T = shim_new_coroutine(L);
	lua_insert(L, 2);
	luaL_checkstack(T, count, "too many arguments");
	lua_xmove(L, T, count);
	shim_spawn(L, controller);
	lua_settop(L, 1);
	return 1;
}

/* controller:pollfd() */
static int controller_pollfd(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	int fd = -1, code = cq_controller_pollfd(controller->cq, &fd);
	if (code)
		return shim_error(L, "%s", cq_strerror(code));
	controller->is_exposed = 1;
	lua_pushinteger(L, fd);
	return 1;
}

/* controller:events() */
static int controller_events(lua_State *L)
{
	shim_controller(L);
	lua_pushliteral(L, "r");
	return 1;
}

/* Whether the running task is one of this controller, or of a controller that its tasks step. */
static int is_stepped(const struct controller *controller)
{
	for (const struct controller *c = controller->object.shim->running; c; c = c->outer)
		if (c == controller)
			return 1;
	return 0;
}

/* controller:timeout() */
static int controller_timeout(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	if (is_stepped(controller)) {
		lua_pushnumber(L, 0); /* the task that asks is ready itself */
		return 1;
	}
	return shim_push_seconds(L, cq_controller_timeout(controller->cq));
}

/* _begin_loop(controller): whether `loop` has something to do: nothing, if it must wait before it looks, in a task of another
 * controller; otherwise whether there are no tasks. */
int shim_begin_loop(lua_State *L)
{
	shim_check_for_method(L, shim_controller_tag, SHIM_CONTROLLER);
	struct controller *controller = shim_controller(L), *running = controller->object.shim->running;
	if (running && running != controller)
		return 0;
	lua_settop(L, 1);
	shim_close_failed(L, controller);
	lua_pushboolean(L, !controller->cq || cq_controller_empty(controller->cq));
	return 1;
}

/* controller:empty() */
static int controller_empty(lua_State *L)
{
	lua_pushboolean(L, cq_controller_empty(shim_controller(L)->cq));
	return 1;
}

/* controller:count() */
static int controller_count(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)cq_controller_count(shim_controller(L)->cq));
	return 1;
}

/* controller:alert() */
static int controller_alert(lua_State *L)
{
	int code = cq_controller_alert(shim_controller(L)->cq);
	if (code)
		return shim_error(L, "%s", cq_strerror(code));
	lua_settop(L, 1);
	return 1;
}

/* controller:inspect(path): lets other programs look at it there; at nothing for nil */
static int controller_inspect(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	int code = cq_controller_inspect(controller->cq, shim_optstring(L, 2, NULL));
	if (code)
		return shim_failure(L, code);
	lua_settop(L, 1);
	return 1;
}

/* controller:shutdown([grace]) */
static int controller_shutdown(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	double grace = lua_isnoneornil(L, 2) ? NAN : fmax(shim_checknumber(L, 2), 0);
	int code = cq_controller_shutdown(controller->cq, grace);
	if (code)
		return shim_error(L, "%s", cq_strerror(code));
	lua_settop(L, 1);
	return 1;
}

/* controller:closing(): whether it shuts down */
static int controller_closing(lua_State *L)
{
	lua_pushboolean(L, cq_controller_shuts_down(shim_controller(L)->cq));
	return 1;
}

/* controller:pause(signal, ...) */
static int controller_pause(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	int signals[64], count = 0, top = lua_gettop(L);
	for (int i = 2; i <= top; i++) {
		lua_Integer signal = shim_checkinteger(L, i);
		if (signal > 0 && signal <= 64 && count < 64) /* others are none */
			signals[count++] = (int)signal;
	}
	int code = cq_controller_pause(controller->cq, signals, (size_t)count);
	if (code)
		return shim_error(L, "%s", cq_strerror(code));
	return 0;
}

/* controller:reset() */
static int controller_reset(lua_State *L)
{
	int code = cq_controller_reset(shim_controller(L)->cq);
	if (code)
		return shim_error(L, "%s", cq_strerror(code));
	return 0;
}

/* controller:cancel(fd or object, ...) */
static int controller_cancel(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	for (int i = 2, top = lua_gettop(L); i <= top; i++) {
		cq_controller_cancel(controller->cq, shim_descriptor(L, controller->object.shim, i));
		cq_controller_cancel(controller->cq, shim_other_descriptor(L, i));
	}
	return 0;
}

/* Drops all tasks of the controller at 1; their coroutines never go on. */
static void destroy(lua_State *L, struct controller *controller, int is_garbage)
{
	if (!controller->cq)
		return;
	shim_close_failed(L, controller);
	if (!controller->cq)
		return; /* a variable was closed by closing the controller */
	cq_controller_free(controller->cq); /* whoever polls it wakes */
	controller->cq = NULL;
	controller->ending = NULL;
	shim_drop_tasks(controller);
	lua_getuservalue(L, 1);
	if (!is_garbage) { /* nobody sees what is left of garbage, and there may be no memory */
		lua_newtable(L);
		lua_setuservalue(L, 1);
	}
	shim_close_threads(L);
}

/* controller:close() */
static int controller_close(lua_State *L)
{
	struct controller *controller =
	    shim_check(L, 1, shim_controller_tag, SHIM_CONTROLLER);
	if (is_stepped(controller) || controller->suspended)
		return shim_error(L, "cqueue running");
	destroy(L, controller, 0);
	return 0;
}

static int controller_gc(lua_State *L)
{
	struct controller *controller = lua_touserdata(L, 1);
	if (controller->suspended)
		cq_controller_leave(controller->cq);
	controller->suspended = 0;
	destroy(L, controller, 1);
	return 0;
}

const luaL_Reg shim_controller_methods[] = {
	{ "attach", controller_attach },
	{ "wrap", controller_wrap },
	{ "pollfd", controller_pollfd },
	{ "events", controller_events },
	{ "timeout", controller_timeout },
	{ "empty", controller_empty },
	{ "count", controller_count },
	{ "alert", controller_alert },
	{ "pause", controller_pause },
	{ "inspect", controller_inspect },
	{ "shutdown", controller_shutdown },
	{ "closing", controller_closing },
	{ "reset", controller_reset },
	{ "cancel", controller_cancel },
	{ "close", controller_close },
	{ NULL, NULL },
};

const luaL_Reg shim_controller_meta[] = {
	{ "__gc", controller_gc },
	{ NULL, NULL },
};
