/* SPDX-License-Identifier: MIT
 *
 * _cqueues: the functions of the module (guide 3.2.1).
 */
#include "controller.h"
#include "dns.h"
#include "scope.h"
#include "socket.h"
#include "wait_set.h"

/* cqueues.create(): a controller, or nil, message, code */
static int cqueues_create(lua_State *L)
{
	struct shim *shim = shim_self(L);
	struct controller *controller =
	    shim_new_with_value(L, shim, shim_controller_tag, SHIM_CONTROLLER, sizeof *controller);
	lua_newtable(L);
	lua_setuservalue(L, -2);
	static const cq_interest none = CQ_INTEREST_NONE;
	controller->wait = controller->handed_waits[0] = controller->handed_waits[1] = none;
	int code = cq_controller_new(&controller->cq);
	if (shim_collected(L, code))
		code = cq_controller_new(&controller->cq);
	if (code)
		return shim_failure(L, code);
	cq_controller_set_order(controller->cq, CQ_NEWEST_FIRST); /* as programs are used to */
	controller->serial = ++shim->serial;
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_CONTROLLERS);
	lua_pushvalue(L, -2);
	lua_rawseti(L, -2, (int)controller->serial);
	lua_pop(L, 1);
	return 1;
}

/* _trace_errors([f]): has `step` put a traceback behind messages, which f(coroutine, message) makes; whether it did before */
static int cqueues_trace_errors(lua_State *L)
{
	struct shim *shim = shim_self(L);
	int before = shim->traces_errors;
	lua_settop(L, 1);
	shim->traces_errors = !lua_isnil(L, 1);
	lua_setfield(L, LUA_REGISTRYINDEX, SHIM_TRACEBACK);
	lua_pushboolean(L, before);
	return 1;
}

/* cqueues.checkfields([on]): whether unknown fields of option tables are errors; how it was before */
static int cqueues_checkfields(lua_State *L)
{
	struct shim *shim = shim_self(L);
	lua_pushboolean(L, shim->checks_fields);
	if (!lua_isnone(L, 1))
		shim->checks_fields = lua_toboolean(L, 1);
	return 1;
}

/* cqueues.new(): a controller; throws the reason of a failure */
static int cqueues_new(lua_State *L)
{
	int count = cqueues_create(L);
	if (count == 3)
		return shim_error(L, "%s", lua_tostring(L, -2));
	return count;
}

/* cqueues.type(object) */
static int cqueues_type(lua_State *L)
{
	struct controller *controller = shim_test(L, 1, shim_controller_tag);
	if (!controller && shim_is_cancellation(L, 1))
		lua_pushliteral(L, "cancellation");
	else if (!controller)
		lua_pushnil(L);
	else
		lua_pushstring(L, controller->cq ? "controller" : "closed controller");
	return 1;
}

/* cqueues.interpose(name, function) */
static int cqueues_interpose(lua_State *L)
{
	const char *name = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL; /* a number would become a text */
	if (name && !strcmp(name, "step"))
		shim_self(L)->custom_step = 1;
	return shim_interpose(L, &shim_self(L)->custom_controller);
}

/* cqueues.monotime() */
static int cqueues_monotime(lua_State *L)
{
	lua_pushnumber(L, cq_monotime());
	return 1;
}

/* cqueues.clockadvance(seconds): for tests of programs */
static int cqueues_clockadvance(lua_State *L)
{
	if (cq_clock_advance(shim_checknumber(L, 1)))
		return shim_argerror(L, 1, "no length of time, or too long");
	return 0;
}

/* cqueues.clockrate(rate) */
static int cqueues_clockrate(lua_State *L)
{
	if (cq_clock_set_rate(shim_checknumber(L, 1)))
		return shim_argerror(L, 1, "rate from 0 to 1e6 expected");
	return 0;
}

/* cqueues.running(): the controller, and whether this coroutine is the one that it resumed */
static int cqueues_running(lua_State *L)
{
	struct controller *controller = shim_self(L)->running;
	if (!controller) {
		lua_pushnil(L);
		lua_pushboolean(L, 0);
		return 2;
	}
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_CONTROLLERS);
	lua_rawgeti(L, -1, (int)controller->serial);
	lua_pushboolean(L, controller->current && controller->current->thread == L);
	return 2;
}

/* Applies `what` to every open controller of the VM. */
static void each_controller(lua_State *L, void (*what)(struct controller *, int), int value)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_CONTROLLERS);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		struct controller *controller = lua_touserdata(L, -1);
		if (controller->cq)
			what(controller, value);
	}
	lua_pop(L, 1);
}

static void cancel_in(struct controller *controller, int fd)
{
	cq_controller_cancel(controller->cq, fd);
}

static void reset_in(struct controller *controller, int unused)
{
	(void)unused;
	cq_controller_reset(controller->cq);
}

void shim_cancel(lua_State *L, int fd)
{
	each_controller(L, cancel_in, fd);
}

/* cqueues.cancel(fd or object, ...) */
static int cqueues_cancel(lua_State *L)
{
	for (int i = 1, top = lua_gettop(L); i <= top; i++) {
		shim_cancel(L, shim_descriptor(L, shim_self(L), i));
		shim_cancel(L, shim_other_descriptor(L, i));
	}
	return 0;
}

/* cqueues.reset() */
static int cqueues_reset(lua_State *L)
{
	each_controller(L, reset_in, 0);
	return 0;
}

/* Polls without a controller: blocks the thread. */
static int poll_blocking(lua_State *L, struct shim *shim)
{
	int top = lua_gettop(L), waits = 0;
	cq_interest few[SHIM_FEW], *list = few;
	luaL_checkstack(L, top + 8, "too many objects");
	for (int i = 1; i <= top; i++)
		waits |= !lua_isnil(L, i);
	if (!waits)
		return 0;
	if (top > SHIM_FEW)
		list = lua_newuserdata(L, (size_t)top * sizeof *list);
	struct wait_set set = { L, 1, top, 1, list, 0, 0 };
	if (shim_ask_all(L, shim, &set))
		return lua_error(L);
	int code = cq_poll(list, (size_t)top, NULL);
	if (code) {
		int fd = -1;
		for (int i = 0; i < top && fd < 0; i++)
			fd = cq_interest_pollfd(&list[i]);
		return shim_error(L, "unable to update event disposition: %s (fd:%d)", cq_strerror(code), fd);
	}
	int count = 0;
	for (int i = 0; i < top; i++) {
		if (list[i].fired) {
			lua_pushvalue(L, i + 1);
			count++;
		}
	}
	return count;
}

/* _wait(...): what of these has become ready; if the wait is ended, the marker and what poll is to throw */
static int cqueues_wait(lua_State *L)
{
	struct shim *shim = shim_self(L);
	if (!shim->running)
		return poll_blocking(L, shim);
#if !SHIM_CONTINUES
	int left = shim_hand_time(L, shim);
	if (left)
		return left;
#endif
	lua_rawgeti(L, LUA_REGISTRYINDEX, shim->poll_ref);
	lua_insert(L, 1);
	return lua_yield(L, lua_gettop(L));
}

/* _is_end(ended): whether what follows the marker in the answer of a wait says that it was ended, and not what a program has passed that
 * resumed the task by hand. Who asks tells of it: nobody else is told. */
static int cqueues_is_end(lua_State *L)
{
	struct controller *running = shim_self(L)->running;
	int is_end = shim_is_cancellation(L, 1);
	if (is_end && running)
		running->ended = 0;
	lua_pushboolean(L, is_end);
	return 1;
}

/* _public(module): a table with what of it is for programs: all but names that begin with an underscore */
static int cqueues_public(lua_State *L)
{
	shim_check_type(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
		if (lua_type(L, -2) == LUA_TSTRING && *lua_tostring(L, -2) == '_')
			continue;
		lua_pushvalue(L, -2);
		lua_pushvalue(L, -2);
		lua_rawset(L, 2);
	}
	return 1;
}

/* _steps_by_method(): whether `step` was replaced, so that `loop` must call the method */
static int cqueues_steps_by_method(lua_State *L)
{
	lua_pushboolean(L, shim_self(L)->custom_step);
	return 1;
}

/* _controllers(): all controllers of the VM, by their numbers */
static int cqueues_controllers(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_CONTROLLERS);
	return 1;
}

static const luaL_Reg functions[] = {
	{ "create", cqueues_create },
	{ "new", cqueues_new },
	{ "type", cqueues_type },
	{ "interpose", cqueues_interpose },
	{ "monotime", cqueues_monotime },
	{ "clockadvance", cqueues_clockadvance },
	{ "clockrate", cqueues_clockrate },
	{ "running", cqueues_running },
	{ "checkfields", cqueues_checkfields },
	{ "cancel", cqueues_cancel },
	{ "reset", cqueues_reset },
	{ "_wait", cqueues_wait },
	{ "_is_end", cqueues_is_end },
	{ "_quick_sleep", shim_quick_sleep },
	{ "_quick_wait", shim_quick_wait },
	{ "_quick_step", shim_quick_step },
	{ "_step", shim_step },
#if !SHIM_CONTINUES
	{ "_hand_wait", shim_hand_wait },
	{ "_park_controller", shim_park_controller },
	{ "_step_handed", shim_step_handed },
#endif
	{ "_take", shim_take },
	{ "_resume_step", shim_resume_step },
	{ "_begin_loop", shim_begin_loop },
	{ "_controllers", cqueues_controllers },
	{ "_tasks", shim_tasks },
	{ "_note_home", shim_note_home },
	{ "_trace_errors", cqueues_trace_errors },
	{ "_steps_by_method", cqueues_steps_by_method },
	{ "_wait_by", shim_wait_by },
	{ "_define", shim_define },
	{ "_public", cqueues_public },
	{ NULL, NULL },
};

static const luaL_Reg modules[] = {
	{ "_cqueues", luaopen__cqueues },
	{ "_cqueues.condition", luaopen__cqueues_condition },
	{ "_cqueues.debug", luaopen__cqueues_debug },
	{ "_cqueues.dns", luaopen__cqueues_dns },
	{ "_cqueues.dns.config", luaopen__cqueues_dns_config },
	{ "_cqueues.dns.hints", luaopen__cqueues_dns_hints },
	{ "_cqueues.dns.hosts", luaopen__cqueues_dns_hosts },
	{ "_cqueues.dns.packet", luaopen__cqueues_dns_packet },
	{ "_cqueues.dns.record", luaopen__cqueues_dns_record },
	{ "_cqueues.dns.resolver", luaopen__cqueues_dns_resolver },
	{ "_cqueues.errno", luaopen__cqueues_errno },
	{ "_cqueues.notify", luaopen__cqueues_notify },
	{ "_cqueues.process", luaopen__cqueues_process },
	{ "_cqueues.scope", luaopen__cqueues_scope },
	{ "_cqueues.signal", luaopen__cqueues_signal },
	{ "_cqueues.socket", luaopen__cqueues_socket },
	{ "_cqueues.thread", luaopen__cqueues_thread },
	{ "_cqueues.tls", luaopen__cqueues_tls },
	{ NULL, NULL },
};

void shim_preload(lua_State *L)
{
	lua_getglobal(L, "package");
	lua_getfield(L, -1, "preload");
	for (const luaL_Reg *module = modules; module->name; module++) {
		lua_pushcfunction(L, module->func);
		lua_setfield(L, -2, module->name);
	}
	lua_pop(L, 2);
}

int luaopen__cqueues(lua_State *L)
{
	shim_module(L, SHIM_CONTROLLER, shim_controller_methods, shim_controller_meta, functions);
	shim_make_cancellations(L);
	shim_prepare_step(L, shim_state(L));
	shim_push_poll(L);
	lua_setfield(L, -2, "_POLL");
#if !SHIM_CONTINUES
	lua_rawgeti(L, LUA_REGISTRYINDEX, shim_state(L)->hand_ref);
	lua_setfield(L, -2, "_HANDED");
#endif
	lua_pushstring(L, cq_vendor());
	lua_setfield(L, -2, "VENDOR");
	lua_pushinteger(L, cq_version());
	lua_setfield(L, -2, "VERSION");
	shim_preload(L); /* whoever loads the library by hand finds its parts */
	return 1;
}
