/* SPDX-License-Identifier: MIT
 *
 * _cqueues: controllers, and the loop that resumes their coroutines (guide 3.2.1).
 *
 * A task's coroutine yields the marker `_POLL` and the objects that it waits for. They stay on its
 * stack while it is parked, which keeps them alive; when some have fired, those are pushed on top
 * and the coroutine is resumed with them. A yield without the marker goes up to whoever resumed
 * the thread that runs the step; see `step` in cqueues.lua.
 */
#include "shim.h"
#include <stdlib.h>

const char shim_controller_tag[] = SHIM_CONTROLLER;

static struct controller *check(lua_State *L)
{
	struct controller *controller =
	    shim_check(L, 1, shim_controller_tag, SHIM_CONTROLLER);
	if (!controller->cq)
		luaL_error(L, "cqueue closed");
	return controller;
}

/* -- Tasks --------------------------------------------------------------------------------- */

static int place(const struct task *task)
{
	return (int)(uint32_t)task->id + 1; /* the index of a task in its controller */
}

/* Anchors the coroutine at `index` in the controller at 1, so that it lives as long as the task. */
static void anchor(lua_State *L, const struct task *task, int index)
{
	index = lua_absindex(L, index);
	lua_getuservalue(L, 1);
	lua_pushvalue(L, index);
	lua_rawseti(L, -2, place(task));
	lua_pop(L, 1);
}

static void unlink_task(struct task *task)
{
	*task->link = task->next;
	if (task->next)
		task->next->link = task->link;
}

/* Adds the coroutine on top of the stack to the controller at 1. */
static void spawn(lua_State *L, struct controller *controller)
{
	struct task *task = malloc(sizeof *task);
	int code = task ? cq_controller_spawn(controller->cq, task, &task->id) : ENOMEM;
	if (code) {
		free(task);
		luaL_error(L, "%s", cq_strerror(code));
	}
	task->thread = lua_tothread(L, -1);
	task->base = task->count = 0;
	task->next = controller->tasks;
	task->link = &controller->tasks;
	if (task->next)
		task->next->link = &task->next;
	controller->tasks = task;
	anchor(L, task, -1);
}

/* Removes a task from the controller at 1. */
static void finish(lua_State *L, struct controller *controller, struct task *task)
{
	lua_pushboolean(L, 0); /* not nil: the array part stays one */
	anchor(L, task, -1);
	lua_pop(L, 1);
	cq_controller_finish(controller->cq, task->id);
	unlink_task(task);
	free(task);
}

/* -- Coroutines that never go on ------------------------------------------------------------- */

/* A coroutine of a task that has failed is kept in its controller until the next step, so that whoever is told of the
 * failure can print its traceback. Then its to-be-closed variables are closed, where Lua has them. */
#define FAILED "failed" /* the field of the controller's table: a list */

static int is_running(lua_State *co)
{
	lua_Debug info;
	return lua_status(co) == LUA_OK && lua_getstack(co, 0, &info);
}

/* Closes the coroutines in the list on top of the stack, and pops it. */
static void close_threads(lua_State *L)
{
	for (int i = 1, count = (int)lua_rawlen(L, -1); i <= count; i++) {
		lua_rawgeti(L, -1, i);
		lua_State *co = lua_tothread(L, -1);
		if (co && co != L && lua_status(co) != LUA_OK)
			shim_close_thread(L, co);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/* Keeps the coroutine on top of the stack of the controller at 1. */
static void keep_failed(lua_State *L, struct controller *controller)
{
	if (!SHIM_CLOSES)
		return;
	lua_getuservalue(L, 1);
	if (controller->failed++ == 0)
		lua_newtable(L);
	else
		lua_getfield(L, -1, FAILED);
	lua_pushvalue(L, -3);
	lua_rawseti(L, -2, controller->failed);
	lua_setfield(L, -2, FAILED);
	lua_pop(L, 1);
}

static void close_failed(lua_State *L, struct controller *controller)
{
	if (!controller->failed)
		return;
	controller->failed = 0;
	lua_getuservalue(L, 1);
	lua_getfield(L, -1, FAILED);
	lua_pushnil(L);
	lua_setfield(L, -3, FAILED);
	lua_remove(L, -2);
	close_threads(L);
}

/* The coroutine on top of the stack is to be a task again: it is not closed. */
static void forgive(lua_State *L, struct controller *controller)
{
	if (!controller->failed)
		return;
	lua_getuservalue(L, 1);
	lua_getfield(L, -1, FAILED);
	for (int i = 1; i <= controller->failed; i++) {
		lua_rawgeti(L, -1, i);
		int same = lua_rawequal(L, -1, -4);
		lua_pop(L, 1);
		if (same) {
			lua_pushboolean(L, 0);
			lua_rawseti(L, -2, i);
		}
	}
	lua_pop(L, 2);
}

/* -- The step ------------------------------------------------------------------------------ */

/* Why a task cannot be parked. */
struct refusal {
	int code;   /* an errno, or 0 */
	int object; /* the place of the polled object on the task's stack, or 0 */
	int fd;     /* or -1 */
};

/* What a task has yielded, on its way to being parked. */
struct parking {
	struct controller *controller;
	struct task *task;
	struct wait_set set;
	struct refusal *why;
};

/* Which member of a set that the core refuses it is about. */
static void find_culprit(struct parking *p)
{
	cq_controller *cq = p->controller->cq;
	for (int i = 0; i < p->set.count; i++) {
		p->why->object = p->set.first + i;
		p->why->fd = shim_interest_fd(&p->set.list[i]);
		if (p->why->fd >= 0 && (p->set.count == 1 || cq_controller_park(cq, p->task->id, &p->set.list[i], 1)))
			break;
	}
}

/* Asks all members and parks the task; throws a message that is the task's error. Methods of foreign objects run here,
 * on the stack of whoever steps. */
static int park_members(lua_State *L)
{
	struct parking *p = lua_touserdata(L, 1);
	if (shim_ask_all(L, p->controller->object.shim, &p->set)) {
		p->why->object = p->set.first + p->set.failed - 1;
		return lua_error(L);
	}
	int code = cq_controller_park(p->controller->cq, p->task->id, p->set.list, (size_t)p->set.count);
	if (code == 0)
		return 0;
	p->why->code = code;
	find_culprit(p);
	lua_pushfstring(L, "unable to update event disposition: %s (fd:%d)", cq_strerror(code), p->why->fd);
	return lua_error(L);
}

/* Parks a task on the values that it yielded behind the marker, which lies at task->base. Returns
 * 0, or -1 with a message on L. */
static int park(lua_State *L, struct controller *controller, struct task *task, struct refusal *why)
{
	lua_State *T = task->thread;
	int count = lua_gettop(T) - task->base;
	cq_interest few[SHIM_FEW], *list = few;
	struct socket *socket;
	task->count = count;
	if (count == 1 && (socket = shim_test(T, task->base + 1, shim_socket_tag)) && socket->so &&
	    isnan(socket->timeout) && !controller->object.shim->custom_socket) {
		/* What nearly all waits are: one socket, without a limit. */
		static const cq_interest none = CQ_INTEREST_NONE;
		few[0] = none;
		few[0].socket = socket->so;
		if (cq_controller_park(controller->cq, task->id, few, 1) == 0)
			return 0;
	}
	while (count > 0 && lua_isnil(T, task->base + count))
		count--; /* such wait for nothing */
	if (count > SHIM_FEW && !(list = malloc((size_t)count * sizeof *list))) {
		lua_pushliteral(L, "not enough memory");
		return -1;
	}
	struct parking parking = { controller, task, { T, task->base + 1, count, 0, list, 0, 0 }, why };
	lua_pushcfunction(L, park_members);
	lua_pushlightuserdata(L, &parking);
	int status = lua_pcall(L, 1, 0, 0);
	if (list != few)
		free(list);
	return status ? -1 : 0;
}

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

/* How many values a task is resumed with, which lie on top of its stack; -1 if it cannot be resumed: somebody else has. */
static int arguments(const struct task *task, const cq_ready *ready)
{
	lua_State *T = task->thread;
	if (lua_status(T) == LUA_YIELD) {
		if (!task->base || lua_gettop(T) != task->base + task->count)
			return 0;
		return take_fired(task, ready);
	}
	if (is_running(T))
		return -1;
	return !task->base && lua_status(T) == LUA_OK && lua_gettop(T) > 0 ? lua_gettop(T) - 1 : 0;
}

/* false, message, errno, coroutine, object, fd for a task; the message is on top of L. */
static int report(lua_State *L, struct controller *controller, struct task *task,
                  const struct refusal *why)
{
	lua_State *T = task->thread;
	lua_pushboolean(L, 0);
	lua_insert(L, 2);
	lua_insert(L, 3);
	lua_settop(L, 3);
	if (why && why->code)
		lua_pushinteger(L, why->code);
	else
		lua_pushnil(L);
	lua_pushthread(T);
	lua_xmove(T, L, 1);
	keep_failed(L, controller);
	int count = 4;
	if (why && why->object && why->object <= lua_gettop(T)) {
		lua_pushvalue(T, why->object);
		lua_xmove(T, L, 1);
		count++;
		if (why->fd >= 0) {
			lua_pushinteger(L, why->fd);
			count++;
		}
	}
	finish(L, controller, task);
	return count;
}

enum { NEXT = 0, YIELDED = -1 };

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
	int status = shim_resume(T, L, nargs, &count);
	controller->current = NULL;
	if (status == LUA_YIELD) {
		int top = lua_gettop(T);
		if (count < 0)
			count = top;
		task->base = top - count + 1; /* where the marker is */
		if (count == 0 || lua_touserdata(T, task->base) != controller->object.shim->poll) {
			*yielded = count;
			return YIELDED;
		}
		return park(L, controller, task, &why) ? report(L, controller, task, &why) : NEXT;
	}
	if (status != 0) {
		lua_xmove(T, L, 1);
		return report(L, controller, task, NULL);
	}
	finish(L, controller, task);
	return NEXT;
}

/* Runs the batch. Continues a task that had yielded without the marker if `task` is given. */
static int run(lua_State *L, struct controller *controller, struct task *task, int nargs)
{
	cq_ready ready;
	int yielded = 0;
	for (;;) {
		if (!task) {
			int code = cq_controller_next(controller->cq, &ready);
			if (code == ENOENT)
				break;
			if (code) {
				/* A callback or fiber of the C library on this controller has failed. */
				lua_pushboolean(L, 0);
				lua_pushstring(L, cq_strerror(code));
				lua_pushinteger(L, code);
				return 3;
			}
			task = ready.data;
			nargs = arguments(task, &ready);
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
	lua_pushboolean(L, controller->tasks == NULL);
	return 2;
}

static void leave(struct controller *controller)
{
	controller->object.shim->running = controller->outer;
	controller->outer = NULL;
	if (!controller->suspended)
		cq_controller_leave(controller->cq);
}

static int protected_run(lua_State *L)
{
	struct controller *controller = lua_touserdata(L, 1);
	struct task *task = controller->current;
	controller->current = NULL;
	return run(L, controller, task, controller->nargs);
}

/* Runs the batch, beginning with `controller->current` if it is set; an error that is none of a task's,
 * memory running out for one, leaves the step in good order. The controller is all that is on the
 * stack. */
static int run_and_leave(lua_State *L, struct controller *controller)
{
	lua_pushcfunction(L, protected_run);
	lua_pushvalue(L, 1);
	int status = lua_pcall(L, 1, LUA_MULTRET, 0);
	leave(controller);
	return status ? lua_error(L) : lua_gettop(L) - 1;
}

static void enter(lua_State *L, struct controller *controller)
{
	int code = cq_controller_enter(controller->cq);
	if (code == EBUSY)
		luaL_error(L, "cqueue running");
	else if (code)
		luaL_error(L, "%s", cq_strerror(code));
	controller->outer = controller->object.shim->running;
	controller->object.shim->running = controller;
}

/* _step(controller, seconds, polled): true and whether no tasks are left, or false and why. Nil in
 * a task of another controller, unless the caller has `polled`; false for that argument stands for a loop, which is
 * answered nil too if the method `step` was replaced. The marker if a task yielded without it:
 * the caller yields what `_take` gives and goes on with `_resume_step`. */
int shim_step(lua_State *L)
{
	struct controller *controller = check(L);
	double timeout = shim_seconds(L, 2);
	struct controller *running = controller->object.shim->running;
	controller->quiet = 0;
	if (controller->object.shim->custom_step && lua_isboolean(L, 3) && !lua_toboolean(L, 3))
		return 0;
	if (running && running != controller && !lua_toboolean(L, 3)) {
		controller->quiet = !(timeout <= 0);
		return 0;
	}
	if (timeout < 0)
		timeout = 0;
	lua_settop(L, 1);
	close_failed(L, controller);
	if (!controller->cq)
		return luaL_error(L, "cqueue closed");
	enter(L, controller);
	int code = cq_controller_wait(controller->cq, timeout, 0);
	if (code == 0)
		return run_and_leave(L, controller);
	leave(controller);
	lua_pushboolean(L, 0);
	lua_pushstring(L, cq_strerror(code));
	lua_pushinteger(L, code);
	return 3;
}

/* _take(controller): what the task that suspended the step has yielded. */
int shim_take(lua_State *L)
{
	struct controller *controller = check(L);
	if (!controller->suspended || !controller->current)
		return luaL_error(L, "no step is suspended");
	luaL_checkstack(L, controller->nargs, "too many results");
	lua_xmove(controller->current->thread, L, controller->nargs);
	return controller->nargs;
}

/* _resume_step(controller, ...): goes on after a yield without the marker; the values go to the task. */
int shim_resume_step(lua_State *L)
{
	struct controller *controller = check(L);
	struct task *task = controller->current;
	if (!controller->suspended || !task)
		return luaL_error(L, "no step is suspended");
	controller->nargs = lua_gettop(L) - 1;
	luaL_checkstack(task->thread, controller->nargs, "too many arguments");
	lua_xmove(L, task->thread, controller->nargs);
	controller->suspended = 0;
	controller->outer = controller->object.shim->running;
	controller->object.shim->running = controller;
	return run_and_leave(L, controller);
}

/* -- Methods ------------------------------------------------------------------------------- */

/* controller:attach(coroutine) */
static int controller_attach(lua_State *L)
{
	struct controller *controller = check(L);
	lua_settop(L, 2);
	luaL_checktype(L, 2, LUA_TTHREAD);
	luaL_argcheck(L, !is_running(lua_tothread(L, 2)), 2, "the coroutine is running");
	forgive(L, controller);
	spawn(L, controller);
	lua_settop(L, 1);
	return 1;
}

/* controller:wrap(function, ...) */
static int controller_wrap(lua_State *L)
{
	struct controller *controller = check(L);
	luaL_checktype(L, 2, LUA_TFUNCTION);
	int count = lua_gettop(L) - 1;
	lua_State *T = lua_newthread(L);
	lua_insert(L, 2);
	luaL_checkstack(T, count, "too many arguments");
	lua_xmove(L, T, count);
	spawn(L, controller);
	lua_settop(L, 1);
	return 1;
}

/* controller:pollfd() */
static int controller_pollfd(lua_State *L)
{
	int fd = -1, code = cq_controller_pollfd(check(L)->cq, &fd);
	if (code)
		return luaL_error(L, "%s", cq_strerror(code));
	lua_pushinteger(L, fd);
	return 1;
}

/* controller:events() */
static int controller_events(lua_State *L)
{
	check(L);
	lua_pushliteral(L, "r");
	return 1;
}

/* controller:timeout() */
static int controller_timeout(lua_State *L)
{
	struct controller *controller = check(L);
	for (struct controller *c = controller->object.shim->running; c; c = c->outer) {
		if (c == controller) {
			lua_pushnumber(L, 0); /* the task that asks is ready itself */
			return 1;
		}
	}
	double timeout = cq_controller_timeout(check(L)->cq);
	if (isnan(timeout))
		lua_pushnil(L);
	else
		lua_pushnumber(L, timeout);
	return 1;
}

/* _begin(controller): whether `loop` has something to do: nothing, if it must wait before it looks, in a task of another
 * controller; otherwise whether there are no tasks. */
int shim_begin_loop(lua_State *L)
{
	struct controller *controller = check(L), *running = controller->object.shim->running;
	if (running && running != controller)
		return 0;
	lua_settop(L, 1);
	close_failed(L, controller);
	lua_pushboolean(L, !controller->cq || cq_controller_empty(controller->cq));
	return 1;
}

/* controller:empty() */
static int controller_empty(lua_State *L)
{
	lua_pushboolean(L, cq_controller_empty(check(L)->cq));
	return 1;
}

/* controller:count() */
static int controller_count(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)cq_controller_count(check(L)->cq));
	return 1;
}

/* controller:alert() */
static int controller_alert(lua_State *L)
{
	int code = cq_controller_alert(check(L)->cq);
	if (code)
		return luaL_error(L, "%s", cq_strerror(code));
	lua_settop(L, 1);
	return 1;
}

/* controller:pause(signal, ...) */
static int controller_pause(lua_State *L)
{
	struct controller *controller = check(L);
	int signals[64], count = 0, top = lua_gettop(L);
	for (int i = 2; i <= top; i++) {
		lua_Integer signal = luaL_checkinteger(L, i);
		if (signal > 0 && signal <= 64 && count < 64) /* others are none */
			signals[count++] = (int)signal;
	}
	int code = cq_controller_pause(controller->cq, signals, (size_t)count);
	if (code)
		return luaL_error(L, "%s", cq_strerror(code));
	return 0;
}

/* controller:reset() */
static int controller_reset(lua_State *L)
{
	int code = cq_controller_reset(check(L)->cq);
	if (code)
		return luaL_error(L, "%s", cq_strerror(code));
	return 0;
}

/* controller:cancel(fd or object, ...) */
static int controller_cancel(lua_State *L)
{
	struct controller *controller = check(L);
	for (int i = 2, top = lua_gettop(L); i <= top; i++)
		cq_controller_cancel(controller->cq, shim_descriptor(L, controller->object.shim, i));
	return 0;
}

/* Drops all tasks of the controller at 1; their coroutines never go on. */
static void destroy(lua_State *L, struct controller *controller)
{
	if (!controller->cq)
		return;
	close_failed(L, controller);
	if (!controller->cq)
		return; /* a variable was closed by closing the controller */
	cq_controller_free(controller->cq); /* whoever polls it wakes */
	controller->cq = NULL;
	while (controller->tasks) {
		struct task *task = controller->tasks;
		unlink_task(task);
		free(task);
	}
	lua_getuservalue(L, 1);
	lua_newtable(L);
	lua_setuservalue(L, 1);
	close_threads(L);
}

/* controller:close() */
static int controller_close(lua_State *L)
{
	struct controller *controller =
	    shim_check(L, 1, shim_controller_tag, SHIM_CONTROLLER);
	for (struct controller *c = controller->object.shim->running; c; c = c->outer)
		if (c == controller)
			return luaL_error(L, "cqueue running");
	if (controller->suspended)
		return luaL_error(L, "cqueue running");
	destroy(L, controller);
	return 0;
}

static int controller_gc(lua_State *L)
{
	struct controller *controller = lua_touserdata(L, 1);
	if (controller->suspended)
		cq_controller_leave(controller->cq);
	controller->suspended = 0;
	destroy(L, controller);
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
	{ "reset", controller_reset },
	{ "cancel", controller_cancel },
	{ "close", controller_close },
	{ NULL, NULL },
};

const luaL_Reg shim_controller_meta[] = {
	{ "__gc", controller_gc },
	{ NULL, NULL },
};
