/* SPDX-License-Identifier: MIT
 *
 * What a step parks a task on: what it has yielded behind the marker, or a method has handed over.
 */
#include "controller.h"
#include "scope.h"
#include "socket.h"
#include "wait_set.h"
#include <stdlib.h>

/* What a task has yielded, on its way to being parked. */
struct parking {
	struct controller *controller;
	struct task *task;
	struct wait_set set;
	struct refusal *why;
};

/* Which member of a set that the core refuses it is about: the last one that it refuses alone. */
static void find_culprit(struct parking *p)
{
	cq_controller *cq = p->controller->cq;
	for (int i = p->set.count - 1; i >= 0; i--) {
		p->why->object = p->set.first + i;
		p->why->fd = cq_interest_pollfd(&p->set.list[i]);
		if (p->why->fd >= 0 && (p->set.count == 1 || cq_controller_park(cq, p->task->id, &p->set.list[i], 1)))
			break;
	}
}

#define UNABLE "unable to update event disposition: %s (fd:%d)"

/* Asks all members and parks the task; throws the task's error. Foreign objects' methods run on the stepping stack. */
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
	lua_pushfstring(L, UNABLE, cq_strerror(code), p->why->fd);
	return lua_error(L);
}

int shim_park_yielded(lua_State *L, struct controller *controller, struct task *task, struct refusal *why)
{
	lua_State *T = task->thread;
	int count = lua_gettop(T) - task->base;
	cq_interest few[SHIM_FEW], *list = few;
	struct socket *socket;
	task->count = (unsigned)count;
	if (!SHIM_CONTINUES)
		task->handed = HANDED_NOTHING;
	if (count == 1 && (socket = shim_test(T, task->base + 1, shim_socket_tag)) && socket->so &&
	    !socket->has_timeout && !controller->object.shim->custom_socket) {
		/* What nearly all waits are: one socket, without a limit. */
		controller->wait.socket = socket->so;
		controller->wait.timeout = NAN;
		if (cq_controller_park(controller->cq, task->id, &controller->wait, 1) == 0)
			return 0;
	}
	struct scope *scope = count == 1 ? shim_test(T, task->base + 1, shim_scope_tag) : NULL;
	if (scope && cq_scope_park(scope->scope, task->id) == 0)
		return 0;
	while (count > 0 && lua_isnil(T, task->base + count))
		count--; /* such wait for nothing */
	/* Of the others most are for one object of ours, perhaps with a limit: no Lua code runs for it. */
	struct shim *shim = controller->object.shim;
	int first = task->base + 1, is_limited = count == 2 && lua_type(T, first + 1) == LUA_TNUMBER;
	if ((count == 1 || is_limited) && shim_ask_own(T, shim, first, &few[0]) &&
	    (!is_limited || shim_ask_own(T, shim, first + 1, &few[1])) &&
	    cq_controller_park(controller->cq, task->id, few, (size_t)count) == 0)
		return 0;
	controller->ending = task;
	lua_pushcfunction(L, park_members); /* before `list`, which an error would lose */
	if (count > SHIM_FEW && !(list = malloc((size_t)count * sizeof *list))) {
		lua_pushliteral(L, "not enough memory");
		return -1;
	}
	struct parking parking = { controller, task, { T, task->base + 1, count, 0, list, 0, 0 }, why };
	lua_pushlightuserdata(L, &parking);
	controller->ending = NULL;
	int status = lua_pcall(L, 1, 0, 0);
	if (list != few)
		free(list);
	return status ? -1 : 0;
}

/* Says why the object at 1 cannot be waited for. -1 */
static int refuse(lua_State *L, struct controller *controller, struct task *task, struct refusal *why)
{
	why->object = 1;
	controller->ending = task;
	lua_pushfstring(L, UNABLE, cq_strerror(why->code), why->fd);
	return -1;
}

/* Parks a task on the socket that its method has handed over, which lies at 1 on its stack. 0, or -1 with a message on L. */
static int park_on_socket(lua_State *L, struct controller *controller, struct task *task, struct refusal *why)
{
	const struct socket *socket = controller->handed;
	cq_interest own, *wait = &controller->wait;
	wait->socket = socket->so;
	wait->timeout = controller->seconds;
	if (socket->has_timeout) {
		shim_ask_own(task->thread, controller->object.shim, 1, &own);
		own.timeout = fmin(own.timeout, controller->seconds); /* the other one, if one is NaN */
		wait = &own;
	}
	why->code = cq_controller_park(controller->cq, task->id, wait, 1);
	if (why->code == 0)
		return 0;
	why->fd = cq_socket_pollfd(socket->so);
	return refuse(L, controller, task, why);
}

/* The same for another controller, whose step is to be made when it has something to do. */
static int park_on_controller(lua_State *L, struct controller *controller, struct task *task, struct refusal *why)
{
	const struct controller *handed = controller->handed;
	cq_interest *wait = controller->handed_waits;
	double seconds = controller->seconds;
	if (!handed->quiet)
		cq_controller_recall(handed->cq);
	wait->condition = NULL;
	wait->controller = handed->cq;
	wait->timeout = isinf(seconds) ? NAN : seconds < 0 ? 0 : seconds;
	why->code = cq_controller_park(controller->cq, task->id, wait, 1);
	if (why->code)
		why->fd = cq_interest_pollfd(wait);
	wait->controller = NULL;
	return why->code ? refuse(L, controller, task, why) : 0;
}

int shim_park_given(lua_State *L, struct controller *controller, struct task *task, struct refusal *why)
{
	task->base = 0; /* it has yielded nothing that it is resumed with */
	if (!SHIM_CONTINUES)
		task->handed = controller->handed_kind;
	if (controller->handed_kind == HANDED_SOCKET)
		return park_on_socket(L, controller, task, why);
	if (controller->handed_kind == HANDED_CONTROLLER)
		return park_on_controller(L, controller, task, why);
	why->code = shim_park_handed(controller, task);
	return why->code ? refuse(L, controller, task, why) : 0;
}
