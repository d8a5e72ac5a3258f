/* SPDX-License-Identifier: MIT
 *
 * cqueues.sleep and condition:wait where they need no more than the step: what they wait for is handed over beside the
 * stack, as sockets do (`shim_suspend`). All else is done by functions in Lua.
 *
 * From 5.4 on nothing is yielded, and a continuation goes on. In 5.1 and LuaJIT a C function may yield as its last act, and returns
 * what it is resumed with: the step works that out (`shim_handed_arguments`). The function yields a mark that only the step knows:
 * lua_yield may throw after the wait was noted, and if the task then yields something else the mark tells the two apart. A program
 * may resume the task by hand, with values of its own. So what a wait returns is believed only behind the mark, and the waits
 * of sockets and controllers return nothing that is looked at.
 */
#include "controller.h"
#include "scope.h"

#if SHIM_HANDS
struct controller *shim_stepped(lua_State *L, const struct shim *shim)
{
	struct controller *running = shim->running;
	if (!running || !running->current || running->current->thread != L || shim->custom_poll != LUA_NOREF)
		return NULL;
	return SHIM_HANDS_OVER(L) ? running : NULL;
}

/* Throws if the wait was ended. The controller that runs, if it is its step that has resumed this coroutine, which has handed
 * its wait over. */
static const struct controller *resumed(lua_State *L, const struct shim *shim)
{
	struct controller *running = shim->running;
	if (!running || !running->current || running->current->thread != L)
		return NULL;
	int code = shim_take_end(L, shim, NULL);
	if (code) {
		shim_push_cancellation(L, running, running->current, code);
		lua_error(L);
	}
	return running;
}

#if SHIM_CONTINUES
/* Has the function in Lua, an upvalue, do it. */
static int slowly(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_insert(L, 1);
	return shim_call_through(L, lua_gettop(L) - 1);
}

SHIM_CONTINUATION(continue_sleep)
{
	shim_context shim;
	shim_get_context(L, shim);
	resumed(L, (const struct shim *)shim);
	return 0;
}

static int quick_sleep(lua_State *L)
{
	const struct shim *shim = shim_self(L);
	struct controller *running = lua_type(L, 1) == LUA_TNUMBER ? shim_stepped(L, shim) : NULL;
	if (!running)
		return slowly(L);
	running->handed_kind = HANDED_TIME;
	running->seconds = lua_tonumber(L, 1);
	return lua_yieldk(L, 0, (shim_context)shim, continue_sleep);
}

/* Whether the condition was signalled; with a limit that has passed, also that. */
SHIM_CONTINUATION(continue_wait)
{
	shim_context shim;
	shim_get_context(L, shim);
	const struct controller *running = resumed(L, (const struct shim *)shim);
	size_t count = running ? running->ready.count : 0;
	int is_signalled = count > 0 && running->ready.fired->member == 0;
	lua_pushboolean(L, is_signalled);
	if (count == 0 || (count == 1 && is_signalled))
		return 1;
	lua_pushvalue(L, 2);
	return 2;
}

/* Whether an object that is no condition has the method `signal` of one. */
static int acts_as_condition(lua_State *L)
{
	if (!lua_istable(L, 1) && luaL_getmetafield(L, 1, "__index") == LUA_TNIL)
		return 0; /* nothing was pushed */
	lua_getfield(L, 1, "signal");
	int does = lua_rawequal(L, -1, lua_upvalueindex(3));
	lua_pop(L, lua_istable(L, 1) ? 1 : 2);
	return does;
}

static int quick_wait(lua_State *L)
{
	struct condition *condition = shim_test(L, 1, shim_condition_tag);
	if (!condition && !acts_as_condition(L))
		shim_check(L, 1, shim_condition_tag, SHIM_CONDITION); /* throws */
	const struct shim *shim = condition ? condition->object.shim : NULL;
	int type = lua_type(L, 2);
	struct controller *running = condition && (type == LUA_TNUMBER || type <= LUA_TNIL) ? shim_stepped(L, shim) : NULL;
	if (!running || lua_gettop(L) > 2 || shim->custom_condition)
		return slowly(L);
	running->handed_kind = HANDED_CONDITION;
	running->handed = condition;
	running->seconds = type == LUA_TNUMBER ? lua_tonumber(L, 2) : NAN;
	return lua_yieldk(L, 0, (shim_context)shim, continue_wait);
}

/* The step of a controller that a task of another one has waited for. */
SHIM_CONTINUATION(continue_step)
{
	shim_context shim;
	shim_get_context(L, shim);
	resumed(L, (const struct shim *)shim);
	return shim_step_polled(L);
}

int shim_poll_and_step(lua_State *L, struct controller *controller, double seconds)
{
	const struct shim *shim = controller->object.shim;
	struct controller *running = shim->custom_controller ? NULL : shim_stepped(L, shim);
	if (!running)
		return 0;
	running->handed_kind = HANDED_CONTROLLER;
	running->handed = controller;
	running->seconds = seconds;
	return lua_yieldk(L, 0, (shim_context)shim, continue_step);
}

/* A C function with the state, the function in Lua and one more value as upvalues. */
static int with_slow_way(lua_State *L, lua_CFunction function)
{
	shim_check_type(L, 1, LUA_TFUNCTION);
	lua_settop(L, 2);
	shim_push_state(L);
	lua_insert(L, 1);
	lua_pushcclosure(L, function, 3);
	return 1;
}

int shim_quick_sleep(lua_State *L)
{
	return with_slow_way(L, quick_sleep);
}

int shim_quick_wait(lua_State *L)
{
	return with_slow_way(L, quick_wait);
}
#else
int shim_leave(lua_State *L, const struct shim *shim)
{
	if (lua_gettop(L) != 1)
		lua_settop(L, 1);
	lua_rawgeti(L, LUA_REGISTRYINDEX, shim->hand_ref);
	return lua_yield(L, 2);
}

/* A condition answers the mark, whether it was signalled and, if the time has passed, true; a number is answered as poll does. */
int shim_handed_arguments(const struct controller *controller, const struct task *task)
{
	lua_State *T = task->thread;
	const cq_ready *ready = &controller->ready;
	if (task->handed == HANDED_TIME) {
		lua_pushvalue(T, 1);
		return 1;
	}
	if (task->handed != HANDED_CONDITION)
		return 1; /* the mark */
	int is_signalled = ready->count > 0 && ready->fired->member == 0;
	lua_pushboolean(T, is_signalled);
	if (ready->count == 0 || (ready->count == 1 && is_signalled))
		return 2; /* with the mark below */
	lua_pushboolean(T, 1);
	return 3;
}

int shim_hand_wait(lua_State *L)
{
	struct condition *condition = shim_test(L, 1, shim_condition_tag);
	const struct shim *shim = condition ? condition->object.shim : NULL;
	int count = lua_gettop(L), type = count > 1 ? lua_type(L, 2) : LUA_TNIL;
	int is_plain = condition && count <= 2 && (type == LUA_TNUMBER || type == LUA_TNIL) && !shim->custom_condition;
	struct controller *running = is_plain ? shim_stepped(L, shim) : NULL;
	if (!running) {
		lua_rawgeti(L, LUA_REGISTRYINDEX, shim_self(L)->hand_ref);
		lua_pushvalue(L, -1);
		return 2;
	}
	running->handed_kind = HANDED_CONDITION;
	running->handed = condition;
	running->seconds = type == LUA_TNUMBER ? lua_tonumber(L, 2) : NAN;
	return shim_leave(L, shim);
}

int shim_hand_time(lua_State *L, const struct shim *shim)
{
	struct controller *running = lua_type(L, 1) == LUA_TNUMBER && lua_gettop(L) == 1 ? shim_stepped(L, shim) : NULL;
	if (!running)
		return 0;
	running->handed_kind = HANDED_TIME;
	running->seconds = lua_tonumber(L, 1);
	return shim_leave(L, shim);
}

int shim_poll_and_step(lua_State *L, struct controller *controller, double seconds)
{
	const struct shim *shim = controller->object.shim;
	struct controller *running = shim->custom_controller ? NULL : shim_stepped(L, shim);
	if (!running)
		return 0;
	lua_rawgeti(L, LUA_REGISTRYINDEX, shim->hand_ref);
	shim_push_seconds(L, seconds);
	return 2;
}

int shim_poll_again(lua_State *L, struct controller *controller, double seconds)
{
	const struct shim *shim = controller->object.shim;
	struct controller *running = shim->custom_controller ? NULL : shim_stepped(L, shim);
	if (!running)
		return 0;
	running->handed_kind = HANDED_CONTROLLER;
	running->handed = controller;
	running->seconds = seconds;
	return shim_leave(L, shim);
}

int shim_park_controller(lua_State *L)
{
	return shim_poll_again(L, shim_controller(L), shim_seconds(L, 2)); /* 0: a step follows, which waits by itself */
}

int shim_step_handed(lua_State *L)
{
	const struct shim *shim = shim_controller(L)->object.shim;
	resumed(L, shim);
	int count = shim_step_polled(L);
	if (count < 0)
		return count; /* it has handed over the wait for the next step */
	for (int i = 0; i < 2; i++) {
		lua_rawgeti(L, LUA_REGISTRYINDEX, shim->hand_ref);
		lua_insert(L, -count - 1);
	}
	return count + 2;
}
#endif

int shim_park_handed(struct controller *controller, struct task *task)
{
	cq_interest *wait = controller->handed_waits;
	double seconds = controller->seconds;
	int is_limited = !isnan(seconds) && !isinf(seconds), has_condition = controller->handed_kind == HANDED_CONDITION;
	int count = has_condition && is_limited ? 2 : 1;
	wait->condition = has_condition ? ((struct condition *)controller->handed)->cv : NULL;
	wait->timeout = NAN;
	if (is_limited)
		wait[count - 1].timeout = seconds < 0 ? 0 : seconds;
	return cq_controller_park(controller->cq, task->id, wait, (size_t)count);
}
#else
int shim_poll_and_step(lua_State *L, struct controller *controller, double seconds)
{
	(void)L, (void)controller, (void)seconds;
	return 0;
}

int shim_park_handed(struct controller *controller, struct task *task)
{
	(void)controller, (void)task;
	return EINVAL; /* nothing is handed over */
}
#endif

#if !(SHIM_HANDS && SHIM_CONTINUES)
int shim_quick_sleep(lua_State *L)
{
	lua_settop(L, 1);
	return 1;
}

int shim_quick_wait(lua_State *L)
{
	return shim_quick_sleep(L);
}
#endif
