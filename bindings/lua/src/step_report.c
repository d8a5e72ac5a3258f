/* SPDX-License-Identifier: MIT
 *
 * What a step tells of a task that has failed.
 */
#include "controller.h"

/* false, message, errno, coroutine, object, fd for a task; the message is on top of L. */
int shim_report(lua_State *L, struct controller *controller, struct task *task, const struct refusal *why)
{
	lua_State *T = task->thread;
	if (task->is_watched) {
		if (shim_tell_end(L, controller, task, 1))
			return lua_error(L);
		lua_settop(L, 1);
		return SHIM_NEXT;
	}
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
	shim_add_traceback(L, controller->object.shim);
	if (!shim_runs(T)) /* else it has not failed, and may yield to whoever runs it */
		shim_keep_failed(L, controller);
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
	shim_finish(L, controller, task);
	controller->has_failed = 1;
	return count;
}
