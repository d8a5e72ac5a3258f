/* SPDX-License-Identifier: MIT
 *
 * The step: the loop that resumes the coroutines of a controller (guide 3.2.1).
 *
 * A task's coroutine yields the marker `_POLL` and the objects that it waits for. They stay on its stack while it is parked,
 * which keeps them alive; when some have fired, those are pushed on top and the coroutine is resumed with them. From Lua
 * 5.4 on a function that waits yields nothing if the step has resumed its coroutine directly, and in 5.1 the object and a mark: it
 * leaves what it waits for in `controller->handed` (handed.c). Any other yield without the marker goes up to whoever resumed
 * the thread that runs the step; see `step` in cqueues.lua.
 */
#include "controller.h"
#include "scope.h"

/* Puts what fired in the place of what was yielded, on top of the task's stack: no room is needed. Returns how much. */
static int take_fired(const struct task *task, const cq_ready *ready)
{
	lua_State *T = task->thread;
	int count = (int)ready->count;
	if (count == 1) {
		lua_pushvalue(T, task->base + 1 + (int)ready->fired[0].member);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		int member = (int)ready->fired[i].member;
		if (member == i)
			continue;
		lua_pushvalue(T, task->base + 1 + member);
		lua_replace(T, task->base + 1 + i);
	}
	lua_settop(T, task->base + count);
	return count;
}

/* The code that a wait was ended with; 0: it was not. */
static inline int end_of(const cq_ready *ready)
{
	return ready->count == 1 && ready->fired->member == CQ_ENDED ? (int)ready->fired->events : 0;
}

/* As `arguments`, for a task whose wait was ended: the marker and what the poll is to throw. Methods of sockets and resolvers
 * ask `shim_take_end` instead. */
static int tell_ended(lua_State *L, struct controller *controller, const struct task *task)
{
	lua_State *T = task->thread;
	controller->ended_for = NULL;
	if (lua_status(T) != LUA_YIELD)
		return shim_runs(T) ? -1 : 0;
	int handed = shim_handed(task), code = controller->ended, has_mark = handed == HANDED_CONDITION;
	if (handed) {
		if (!shim_has_handed(T, controller->object.shim))
			return 0;
		if (handed == HANDED_SOCKET || handed == HANDED_CONTROLLER)
			return shim_handed_arguments(controller, task);
		controller->ended = 0; /* nobody else is to be told */
	} else if (!task->base || lua_gettop(T) != task->base + (int)task->count || !lua_checkstack(T, 2)) {
		return 0;
	} else {
		controller->ended_for = task->count ? lua_touserdata(T, task->base + 1) : NULL;
	}
	shim_push_poll(L);
	shim_push_cancellation(L, controller, task, code);
	lua_xmove(L, T, 2);
	return has_mark ? 3 : 2; /* with the mark below */
}

/* How many values a task is resumed with, which lie on top of its stack; -1 if it cannot be resumed: somebody else has. */
static int arguments(const struct controller *controller, const struct task *task, const cq_ready *ready)
{
	lua_State *T = task->thread;
	if (lua_status(T) == LUA_YIELD) {
		if (shim_handed(task))
			return shim_has_handed(T, controller->object.shim) ? shim_handed_arguments(controller, task) : 0;
		if (!task->base || lua_gettop(T) != task->base + (int)task->count)
			return 0;
		return take_fired(task, ready);
	}
	if (shim_runs(T))
		return -1;
	return !task->base && lua_status(T) == LUA_OK && lua_gettop(T) > 0 ? lua_gettop(T) - 1 : 0;
}

/* Tells of a task that has failed; as `shim_report`, which an error of memory may leave. */
static int report(lua_State *L, struct controller *controller, struct task *task, const struct refusal *why)
{
	controller->ending = task;
	return shim_report(L, controller, task, why);
}

enum { NEXT = SHIM_NEXT, YIELDED = -1 };

/* Resumes a task with `nargs` values on its stack. NEXT, YIELDED without the marker (the values
 * stay on its stack, their number in *yielded), or the number of values to return from the step. */
static int resume(lua_State *L, struct controller *controller, struct task *task, int nargs,
                  int *yielded)
{
	lua_State *T = task->thread;
	struct refusal why = { 0, 0, -1 };
	int count;
	if (nargs < 0) {
		lua_pushliteral(L, "cannot resume non-suspended coroutine");
		return report(L, controller, task, NULL);
	}
	controller->current = task;
	controller->handed_kind = HANDED_NOTHING;
	int status = shim_resume(T, L, nargs, &count);
	controller->current = NULL;
	if (status == LUA_YIELD) {
		if (controller->handed_kind && shim_has_handed(T, controller->object.shim))
			return shim_park_given(L, controller, task, &why) ? report(L, controller, task, &why) : NEXT;
		int top = lua_gettop(T);
		if (count < 0)
			count = top;
		task->base = top - count + 1; /* where the marker is */
		if (count == 0 || lua_touserdata(T, task->base) != controller->object.shim->poll) {
			*yielded = count;
			return YIELDED;
		}
		return shim_park_yielded(L, controller, task, &why) ? report(L, controller, task, &why) : NEXT;
	}
	if (status != 0) {
		lua_xmove(T, L, 1);
		return report(L, controller, task, NULL);
	}
	if (!task->is_watched) {
		shim_finish(L, controller, task);
		return NEXT;
	}
	controller->ending = task;
	if (shim_tell_end(L, controller, task, 0))
		return lua_error(L);
	return NEXT;
}

int shim_goes_on(lua_State *L, const struct controller *controller, double deadline, double *left)
{
	*left = NAN;
	if (!controller->has_run || !controller->count || controller->failed || controller->object.shim->custom_step ||
	    lua_gethook(L))
		return 0;
	return isnan(deadline) || (*left = deadline - cq_monotime()) > 0;
}

/* Begins a step and takes its first task. After any code but 0 no step is under way; ENOENT: no task was ready. */
static int begin(struct controller *controller, double seconds)
{
	controller->ready.count = 0;
	controller->is_begun = 1; /* already now: callbacks of the C library run inside the call, and may come here */
	int code = cq_controller_begin(controller->cq, seconds, 0, &controller->ready);
	if (code)
		controller->is_begun = 0;
	return code;
}

/* Begins the next step of a loop at once, without a way through Lua. ENOENT if Lua is to decide how to go on. */
static int begin_next(lua_State *L, struct controller *controller)
{
	double left;
	if (!controller->loops || !shim_goes_on(L, controller, controller->deadline, &left))
		return ENOENT;
	controller->has_run = 0;
	cq_controller_leave(controller->cq);
	return begin(controller, left);
}

/* Tells who looks at the controller where its tasks stand, if somebody wants to know. */
static void tell_places(const struct controller *controller)
{
	if (cq_controller_wants_places(controller->cq))
		shim_tell_places(controller);
}

/* Has the processor fetch the coroutine of the task behind the one that was taken: of many that are woken together each one's memory
 * would be waited for otherwise. */
static inline void fetch_ahead(const struct controller *controller)
{
	const struct task *ahead = controller->ready.ahead;
	if (ahead) {
		SHIM_PREFETCH(ahead->thread);
		SHIM_PREFETCH((const char *)ahead->thread + 64);
	}
}

/* Runs the batch. Continues a task that had yielded without the marker if `task` is given. */
static int run(lua_State *L, struct controller *controller, struct task *task, int nargs)
{
	cq_ready *ready = &controller->ready;
	int yielded = 0, is_fetched = controller->is_fetched;
	if (!is_fetched)
		ready->count = 0;
	controller->is_fetched = 0;
	for (;;) {
		if (!task) {
			int code = is_fetched ? 0 : cq_controller_next(controller->cq, ready);
			is_fetched = 0;
			if (code == ENOENT) {
				tell_places(controller);
				code = begin_next(L, controller);
				if (code == ENOENT)
					break;
			}
			if (code) {
				/* A callback or fiber of the C library on this controller has failed. */
				lua_pushboolean(L, 0);
				lua_pushstring(L, cq_strerror(code));
				lua_pushinteger(L, code);
				return 3;
			}
			task = ready->data;
			fetch_ahead(controller);
			controller->has_run = 1;
			controller->ended = end_of(ready);
			if (controller->ended) {
				controller->is_fetched = 1; /* stays so if there is no memory: the next step begins with it */
				nargs = tell_ended(L, controller, task);
				controller->is_fetched = 0;
			} else {
				nargs = arguments(controller, task, ready);
			}
		}
		int result = resume(L, controller, task, nargs, &yielded);
		if (result == YIELDED) {
			/* Up to whoever resumed this thread: see `_take`. */
			shim_push_poll(L);
			controller->nargs = yielded;
			controller->current = task;
			controller->suspended = 1;
			return 1;
		}
		if (result != NEXT)
			return result;
		task = NULL;
	}
	lua_pushboolean(L, 1);
	lua_pushboolean(L, controller->count == 0);
	return 2;
}

/* The controller that ran before this one runs again. The library's step ends, unless it was suspended. */
static void leave(struct controller *controller)
{
	controller->object.shim->running = controller->outer;
	controller->outer = NULL;
	if (controller->is_begun && !controller->suspended) {
		controller->is_begun = 0;
		cq_controller_leave(controller->cq);
	}
}

/* This controller runs, inside the one that has run until now, if any. */
static void run_inside(struct controller *controller)
{
	controller->outer = controller->object.shim->running;
	controller->object.shim->running = controller;
}

static int protected_run(lua_State *L)
{
	struct controller *controller = lua_touserdata(L, 1);
	struct task *task = controller->current;
	controller->current = NULL;
	return run(L, controller, task, controller->nargs);
}

#if SHIM_CONTINUES
#define push_function(L, shim) ((void)(shim), lua_pushcfunction((L), protected_run))

void shim_prepare_step(lua_State *L, struct shim *shim)
{
	(void)L, (void)shim;
}
#else
/* In Lua 5.1 a function is a new object each time, for which memory may run out, and the collector run. */
#define push_function(L, shim) lua_rawgeti((L), LUA_REGISTRYINDEX, (shim)->run_ref)

void shim_prepare_step(lua_State *L, struct shim *shim)
{
	if (shim->hand_ref)
		return;
	lua_pushcfunction(L, protected_run);
	shim->run_ref = luaL_ref(L, LUA_REGISTRYINDEX);
	shim->hand = lua_newuserdata(L, 1);
	shim->hand_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}
#endif

/* Pushes what `run_and_leave` calls. Takes no memory. */
static void push_run(lua_State *L, const struct controller *controller)
{
	push_function(L, controller->object.shim);
	lua_pushvalue(L, 1);
}

/* Runs the batch, beginning with `controller->current` if it is set; an error that is none of a task's,
 * memory running out for one, leaves the step in good order. On top of the stack is what `push_run` pushed, and at 1 the
 * controller. */
static int run_and_leave(lua_State *L, struct controller *controller)
{
	int below = lua_gettop(L) - 2, status = lua_pcall(L, 1, LUA_MULTRET, 0);
	if (status == LUA_ERRMEM && lua_isnil(L, -1)) { /* LuaJIT had no memory to resume a coroutine, and says nothing */
		lua_pop(L, 1);
		lua_pushliteral(L, "not enough memory");
	}
	leave(controller);
	if (status && controller->ending)
		shim_abandon(L, controller);
	return status ? lua_error(L) : lua_gettop(L) - below;
}

/* Begins a step without waiting. Throws if that cannot be. */
static void enter(lua_State *L, struct controller *controller)
{
	int code = cq_controller_enter(controller->cq);
	if (code == EBUSY)
		shim_error(L, "cqueue running");
	else if (code)
		shim_error(L, "%s", cq_strerror(code));
	controller->is_begun = 1;
}

/* Begins a step with what the last one had no memory for: a task that is over and is to be told of, or one that was taken. Throws
 * if a step is under way. */
static int begin_with_last(lua_State *L, struct controller *controller, double seconds)
{
	if (controller->ending)
		lua_pushliteral(L, "not enough memory");
	enter(L, controller);
	run_inside(controller);
	if (controller->ending) {
		if (shim_abandon(L, controller)) {
			leave(controller);
			return lua_error(L);
		}
		lua_pop(L, 1);
	}
	int code = cq_controller_wait(controller->cq, seconds, 0);
	if (code)
		leave(controller);
	return code;
}

int shim_begin_step(lua_State *L, struct controller *controller, double timeout, int *code)
{
	if (timeout < 0 || controller->is_fetched || controller->has_failed)
		timeout = 0;
	controller->has_failed = 0;
	controller->has_run = 0;
	shim_close_failed(L, controller);
	if (!controller->cq)
		return shim_error(L, "cqueue closed");
	if (controller->ending || controller->is_fetched || controller->is_begun) {
		*code = begin_with_last(L, controller, timeout);
		return 1;
	}
	run_inside(controller);
	*code = begin(controller, timeout);
	if (*code == 0) {
		controller->is_fetched = 1;
		return 1;
	}
	leave(controller);
	if (*code == ENOENT) {
		tell_places(controller);
		return 0;
	}
	if (*code == EBUSY || *code == EBADF) {
		enter(L, controller); /* throws if the library has refused the step: a callback may have ended with the same code */
		controller->is_begun = 0;
		cq_controller_leave(controller->cq);
	}
	return 1;
}

int shim_run_step(lua_State *L, struct controller *controller, int code)
{
	if (code == 0) {
		push_run(L, controller);
		return run_and_leave(L, controller);
	}
	lua_pushboolean(L, 0);
	lua_pushstring(L, cq_strerror(code));
	lua_pushinteger(L, code);
	return 3;
}

/* _resume_step(controller, ...): goes on after a yield without the marker; the values go to the task. */
int shim_resume_step(lua_State *L)
{
	struct controller *controller = shim_controller(L);
	struct task *task = controller->current;
	if (!controller->suspended || !task)
		return shim_error(L, "no step is suspended");
	controller->nargs = lua_gettop(L) - 1;
	luaL_checkstack(task->thread, controller->nargs, "too many arguments");
	push_run(L, controller);
	lua_insert(L, 2);
	lua_insert(L, 2); /* below the values */
	lua_xmove(L, task->thread, controller->nargs);
	controller->suspended = controller->ended = 0;
	controller->outer = controller->object.shim->running;
	controller->object.shim->running = controller;
	return run_and_leave(L, controller);
}
