/* SPDX-License-Identifier: MIT
 *
 * _cqueues.scope: groups of tasks that end together. What is best said in Lua stands in cqueues/scope.lua: this knows the
 * scopes of the library, and the tasks that Lua has an object for.
 */
#include "scope.h"
#include "controller.h"

const char shim_scope_tag[] = SHIM_SCOPE;

static struct scope *check(lua_State *L)
{
	return shim_check(L, 1, shim_scope_tag, SHIM_SCOPE);
}

/* The scope at 1; throws if it is over. */
static cq_scope *open_scope(lua_State *L)
{
	struct scope *scope = check(L);
	if (!scope->scope)
		shim_error(L, "the scope is over");
	return scope->scope;
}

static int throw(lua_State *L, int code)
{
	return shim_error(L, "%s", cq_strerror(code));
}

/* The controller whose task runs, and that task. */
static struct controller *running(lua_State *L)
{
	struct controller *controller = shim_self(L)->running;
	if (!controller || !controller->current)
		shim_error(L, "no task is running");
	return controller;
}

/* Words for a reason: nil and none are none. */
static const char *reason(lua_State *L, int index)
{
	return lua_isnoneornil(L, index) ? NULL : luaL_tolstring(L, index, NULL);
}

/* -- Cancellations --------------------------------------------------------------------------- */

void shim_push_cancellation(lua_State *L, struct controller *controller, const struct task *task, int code)
{
	const char *why = cq_task_reason(controller->cq, task->id);
	lua_createtable(L, 0, 2);
	lua_pushinteger(L, code);
	lua_setfield(L, -2, "code");
	lua_pushstring(L, why ? why : cq_strerror(code));
	lua_setfield(L, -2, "reason");
	luaL_getmetatable(L, SHIM_CANCELLATION);
	lua_setmetatable(L, -2);
}

int shim_is_cancellation(lua_State *L, int index)
{
	if (!lua_istable(L, index) || !lua_getmetatable(L, index))
		return 0;
	luaL_getmetatable(L, SHIM_CANCELLATION);
	int same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same;
}

static int cancellation_tostring(lua_State *L)
{
	lua_settop(L, 1);
	lua_getfield(L, 1, "reason");
	return 1;
}

static int cancellation_concat(lua_State *L)
{
	luaL_tolstring(L, 1, NULL);
	luaL_tolstring(L, 2, NULL);
	lua_concat(L, 2);
	return 1;
}

static const luaL_Reg cancellation_meta[] = {
	{ "__tostring", cancellation_tostring },
	{ "__concat", cancellation_concat },
	{ NULL, NULL },
};

/* -- Scopes ---------------------------------------------------------------------------------- */

/* new(): a scope in the running controller, inside of the present one of its task */
static int scope_new(lua_State *L)
{
	struct controller *controller = running(L);
	cq_scope *parent = NULL;
	struct scope *scope = shim_new(L, shim_self(L), shim_scope_tag, SHIM_SCOPE, sizeof *scope);
	int code = cq_task_scope(controller->cq, controller->current->id, &parent);
	if (!code || code == ENOENT)
		code = cq_scope_new(controller->cq, parent, &scope->scope);
	return code ? throw(L, code) : 1;
}

/* begin(scope): around what the running task does from now on */
static int scope_begin(lua_State *L)
{
	int code = cq_scope_begin(check(L)->scope, running(L)->current->id);
	return code ? throw(L, code) : 0;
}

/* leave(scope): whether it could be left; it cannot once its controller is closed */
static int scope_leave(lua_State *L)
{
	struct controller *controller = shim_self(L)->running;
	int code = ENOENT;
	if (controller && controller->current)
		code = cq_scope_end(check(L)->scope, controller->current->id);
	lua_pushboolean(L, code == 0);
	return 1;
}

/* free(scope) */
static int scope_free(lua_State *L)
{
	struct scope *scope = check(L);
	cq_scope_free(scope->scope);
	scope->scope = NULL;
	return 0;
}

/* cancel(scope[, reason]) */
static int scope_cancel(lua_State *L)
{
	int code = cq_scope_cancel(open_scope(L), 0, reason(L, 2));
	return code ? throw(L, code) : 0;
}

/* deadline(scope, seconds or nil) */
static int scope_deadline(lua_State *L)
{
	double seconds = lua_isnoneornil(L, 2) ? NAN : fmax(shim_checknumber(L, 2), 0);
	int code = cq_scope_deadline(open_scope(L), seconds);
	return code ? throw(L, code) : 0;
}

/* shield(scope, seconds) */
static int scope_shield(lua_State *L)
{
	int code = cq_scope_shield(open_scope(L), shim_checknumber(L, 2));
	return code ? throw(L, code) : 0;
}

/* supervise(scope, boolean) */
static int scope_supervise(lua_State *L)
{
	int code = cq_scope_set_supervisor(open_scope(L), lua_toboolean(L, 2));
	return code ? throw(L, code) : 0;
}

/* set_idle(scope, boolean) */
static int scope_set_idle(lua_State *L)
{
	int code = cq_scope_set_idle(open_scope(L), lua_toboolean(L, 2));
	return code ? throw(L, code) : 0;
}

/* set_name(scope, name) */
static int scope_set_name(lua_State *L)
{
	int code = cq_scope_set_name(open_scope(L), shim_optstring(L, 2, NULL));
	return code ? throw(L, code) : 0;
}

/* count(scope) */
static int scope_count(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)cq_scope_count(check(L)->scope));
	return 1;
}

/* status(scope): nil; or the code of its end, or of that of a scope around it, and the reason */
static int scope_status(lua_State *L)
{
	struct scope *scope = check(L);
	int code = scope->scope ? cq_scope_status(scope->scope) : 0;
	if (!code)
		return 0;
	const char *why = cq_scope_reason(scope->scope);
	lua_pushinteger(L, code);
	lua_pushstring(L, why ? why : cq_strerror(code));
	return 2;
}

static int scope_gc(lua_State *L)
{
	return scope_free(L);
}

/* -- Tasks ----------------------------------------------------------------------------------- */

#define SHIM_TASK "CQS Task"
static const char task_tag[] = SHIM_TASK;

/* A task that Lua knows: it may be over. */
struct known {
	struct object object;
	cq_task id;
	unsigned controller; /* its number in the list of controllers */
};

/* The controller of the task at 1, pushed; NULL if it is no more. */
static struct controller *of(lua_State *L, const struct known *known)
{
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_CONTROLLERS);
	lua_rawgeti(L, -1, (int)known->controller);
	struct controller *controller = shim_test(L, -1, shim_controller_tag);
	return controller && controller->cq ? controller : NULL;
}

/* wrap(scope, object, function, ...): starts a task in the scope, of whose end `object:_over` is told. Returns what the
 * functions below take. */
static int scope_wrap(lua_State *L)
{
	cq_scope *scope = open_scope(L);
	struct shim *shim = shim_self(L);
	struct controller *controller = running(L);
	shim_check_type(L, 2, LUA_TTABLE);
	shim_check_type(L, 3, LUA_TFUNCTION);
	int count = lua_gettop(L) - 2;
	struct known *known = shim_new(L, shim, task_tag, SHIM_TASK, sizeof *known);
	known->controller = controller->serial;
	lua_insert(L, 1); /* known, scope, object, function, ... */
	lua_State *T = shim_new_coroutine(L);
	lua_insert(L, 4);
	luaL_checkstack(T, count, "too many arguments");
	lua_xmove(L, T, count); /* known, scope, object, thread */
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_CONTROLLERS);
	lua_rawgeti(L, -1, (int)controller->serial);
	lua_replace(L, 2);
	lua_pop(L, 1);
	lua_pushvalue(L, 1);
	lua_insert(L, 3);   /* known, controller, known, object, thread */
	lua_remove(L, 1);   /* controller, known, object, thread: as for shim_spawn */
	struct task *task = shim_spawn_in(L, controller, scope);
	lua_pop(L, 1);
	shim_watch(L, task);
	known->id = task->id;
	lua_settop(L, 2);
	return 1;
}

static struct known *check_task(lua_State *L)
{
	return shim_check(L, 1, task_tag, SHIM_TASK);
}

/* cancel_task(task[, reason]): whether it was not over */
static int scope_cancel_task(lua_State *L)
{
	struct known *known = check_task(L);
	const char *why = reason(L, 2);
	struct controller *controller = of(L, known);
	lua_pushboolean(L, controller && cq_task_cancel(controller->cq, known->id, why) == 0);
	return 1;
}

/* name_task(task[, name]): its name, before it is changed; nil for none */
static int scope_name_task(lua_State *L)
{
	struct known *known = check_task(L);
	const char *name = shim_optstring(L, 2, NULL);
	struct controller *controller = of(L, known);
	if (!controller)
		return 0;
	lua_pushstring(L, cq_task_name(controller->cq, known->id));
	if (name) {
		int code = cq_task_set_name(controller->cq, known->id, name);
		if (code && code != ENOENT)
			return throw(L, code);
	}
	return 1;
}

/* is_cancelled(task): nil; or the code that its waits end with, and the reason */
static int scope_is_cancelled(lua_State *L)
{
	struct known *known = check_task(L);
	struct controller *controller = of(L, known);
	int code = controller ? cq_task_status(controller->cq, known->id) : ENOENT;
	if (code == 0 || code == ENOENT)
		return 0;
	const char *why = cq_task_reason(controller->cq, known->id);
	lua_pushinteger(L, code);
	lua_pushstring(L, why ? why : cq_strerror(code));
	return 2;
}

/* is_ended_around(): whether the waits of the running task are ended where it is now */
static int scope_is_ended_around(lua_State *L)
{
	struct controller *controller = running(L);
	lua_pushboolean(L, cq_task_status(controller->cq, controller->current->id) != 0);
	return 1;
}

/* is_cancellation(value) */
static int scope_is_cancellation(lua_State *L)
{
	lua_pushboolean(L, shim_is_cancellation(L, 1));
	return 1;
}

static const luaL_Reg no_methods[] = { { NULL, NULL } };

static const luaL_Reg scope_meta[] = {
	{ "__gc", scope_gc },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "new", scope_new },
	{ "begin", scope_begin },
	{ "leave", scope_leave },
	{ "free", scope_free },
	{ "cancel", scope_cancel },
	{ "deadline", scope_deadline },
	{ "shield", scope_shield },
	{ "supervise", scope_supervise },
	{ "set_idle", scope_set_idle },
	{ "set_name", scope_set_name },
	{ "count", scope_count },
	{ "status", scope_status },
	{ "wrap", scope_wrap },
	{ "cancel_task", scope_cancel_task },
	{ "name_task", scope_name_task },
	{ "is_cancelled", scope_is_cancelled },
	{ "is_ended_around", scope_is_ended_around },
	{ "is_cancellation", scope_is_cancellation },
	{ NULL, NULL },
};

int luaopen__cqueues_scope(lua_State *L)
{
	shim_class(L, SHIM_TASK, no_methods, no_methods);
	shim_module(L, SHIM_SCOPE, no_methods, scope_meta, functions);
	return 1;
}

void shim_make_cancellations(lua_State *L)
{
	shim_class(L, SHIM_CANCELLATION, no_methods, cancellation_meta);
	lua_pop(L, 1);
}
