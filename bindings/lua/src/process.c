/* SPDX-License-Identifier: MIT
 *
 * cqueues.process: child processes. The table that `spawn` takes is checked in process.lua, and so is `wait` there.
 */
#include "socket.h"

const char shim_process_tag[] = SHIM_PROCESS;

static const char *const stream_names[] = { "stdin", "stdout", "stderr" };

static struct process *check(lua_State *L)
{
	return shim_check(L, 1, shim_process_tag, SHIM_PROCESS);
}

/* -- Starting -------------------------------------------------------------------------------------------- */

/* Nothing between making and freeing options may throw: process.lua has made sure that all texts are strings. */

static int add_arguments(lua_State *L, int index, cq_process_options *options)
{
	int code = 0;
	for (int i = 1; code == 0; i++) {
		lua_rawgeti(L, index, i);
		if (lua_isnil(L, -1))
			break;
		code = cq_process_options_argument(options, lua_tostring(L, -1));
		lua_pop(L, 1);
	}
	lua_settop(L, 10);
	return code;
}

/* A table from names to values, or to false for what the child is not to have; nil for no changes. */
static int set_variables(lua_State *L, int index, cq_process_options *options)
{
	int code = 0;
	if (!lua_istable(L, index))
		return 0;
	for (lua_pushnil(L); code == 0 && lua_next(L, index); lua_pop(L, 1))
		code = cq_process_options_variable(options, lua_tostring(L, -2),
		                                   lua_toboolean(L, -1) ? lua_tostring(L, -1) : NULL);
	lua_settop(L, 10);
	return code;
}

/* A descriptor, or one of the words. */
static int set_stream(lua_State *L, int index, int stream, cq_process_options *options)
{
	static const struct {
		const char *word;
		uint32_t kind;
	} kinds[] = { { "inherit", CQ_PROCESS_INHERIT }, { "null", CQ_PROCESS_NULL }, { "pipe", CQ_PROCESS_SOCKET },
		      { "stdout", CQ_PROCESS_STDOUT } };
	if (lua_type(L, index) == LUA_TSTRING)
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
			if (strcmp(lua_tostring(L, index), kinds[i].word) == 0)
				return cq_process_options_stream(options, stream, kinds[i].kind, -1);
	return cq_process_options_stream(options, stream, CQ_PROCESS_DESCRIPTOR, (int)lua_tointeger(L, index));
}

static int set_all(lua_State *L, cq_process_options *options)
{
	int code = add_arguments(L, 1, options);
	code = code ? code : set_variables(L, 2, options);
	if (!code && lua_toboolean(L, 3))
		code = cq_process_options_set(options, CQ_PROCESS_ENVIRONMENT, 0);
	if (!code && lua_isstring(L, 4))
		code = cq_process_options_directory(options, lua_tostring(L, 4));
	for (int stream = 0; stream < 3 && !code; stream++)
		code = set_stream(L, 5 + stream, stream, options);
	if (!code && lua_toboolean(L, 8))
		code = cq_process_options_set(options, CQ_PROCESS_GROUP, 1);
	if (!code && lua_toboolean(L, 9))
		code = cq_process_options_set(options, CQ_PROCESS_SESSION, 1);
	return code;
}

/* Makes the objects for the other ends of the child's streams, before there is a child: it is not lost if there is no memory. */
static void make_streams(lua_State *L, struct shim *shim, struct process *process, struct socket *sockets[3])
{
	for (int i = 0; i < 3; i++) {
		const char *word = lua_type(L, 5 + i) == LUA_TSTRING ? lua_tostring(L, 5 + i) : "";
		if ((sockets[i] = strcmp(word, "pipe") ? NULL : shim_new_socket(L, shim)))
			process->streams[i] = luaL_ref(L, LUA_REGISTRYINDEX);
	}
}

static void take_streams(lua_State *L, struct shim *shim, struct process *process, struct socket *sockets[3])
{
	static int (*const take[])(const cq_process *, cq_socket **) = { cq_process_stdin, cq_process_stdout,
		                                                         cq_process_stderr };
	for (int i = 0; i < 3; i++)
		if (sockets[i])
			take[i](process->process, &sockets[i]->so);
	for (int i = 0; i < 3; i++) {
		if (!sockets[i])
			continue;
		lua_rawgeti(L, LUA_REGISTRYINDEX, process->streams[i]);
		shim_apply_defaults(L, shim, sockets[i]);
		cq_socket_set_strict(sockets[i]->so, shim->defaults.strict);
		lua_pop(L, 1);
	}
}

/* _spawn(arguments, variables, whole, directory, stdin, stdout, stderr, group, session): a process; or nil, code */
static int process_spawn(lua_State *L)
{
	struct shim *shim = shim_self(L);
	lua_settop(L, 9);
	luaL_checkstack(L, 10, NULL);
	struct process *process = shim_new(L, shim, shim_process_tag, SHIM_PROCESS, sizeof *process);
	for (int i = 0; i < 3; i++)
		process->streams[i] = LUA_NOREF;
	struct socket *sockets[3];
	make_streams(L, shim, process, sockets);
	cq_process_options *options;
	int code = cq_process_options_new(&options);
	if (!code) {
		code = set_all(L, options);
		code = code ? code : cq_process_spawn(options, &process->process);
		if (shim_collected(L, code))
			code = cq_process_spawn(options, &process->process);
		cq_process_options_free(options);
	}
	if (code)
		return shim_nil_and_code(L, code);
	process->pid = cq_process_pid(process->process);
	take_streams(L, shim, process, sockets);
	return 1;
}

/* _descriptor(object): the descriptor of a socket, a file or a number; -1 if it is closed or something else */
static int process_descriptor(lua_State *L)
{
	lua_pushinteger(L, shim_descriptor_of(L, 1));
	return 1;
}

/* -- Processes --------------------------------------------------------------------------------------------- */

/* process:pid() */
static int process_pid(lua_State *L)
{
	lua_pushinteger(L, check(L)->pid);
	return 1;
}

/* process:kill([signal]): true; or nil, code */
static int process_kill(lua_State *L)
{
	struct process *process = check(L);
	int signal = (int)shim_optinteger(L, 2, 15); /* SIGTERM, everywhere */
	int code = process->process ? cq_process_kill(process->process, signal) : EBADF;
	if (code)
		return shim_nil_and_code(L, code);
	lua_pushboolean(L, 1);
	return 1;
}

/* _begin(process, seconds) */
static int process_begin(lua_State *L)
{
	double timeout;
	shim_begin(L, shim_process_tag, SHIM_PROCESS, &timeout);
	return shim_push_limit(L, timeout);
}

/* _outcome(process): nothing while it runs; else what `wait` returns */
static int process_outcome(lua_State *L)
{
	const struct process *process = check(L);
	int exited = 0, killed = 0;
	int code = process->process ? cq_process_try_wait(process->process, &exited, &killed) : EBADF;
	if (code == EAGAIN)
		return 0;
	if (code)
		return lua_pushboolean(L, 1), 1 + shim_nil_and_code(L, code);
	lua_pushboolean(L, 1);
	lua_pushstring(L, killed ? "signaled" : "exited");
	lua_pushinteger(L, killed ? killed : exited);
	return 3;
}

/* process:pollfd(): nil where there is none */
static int process_pollfd(lua_State *L)
{
	const struct process *process = check(L);
	int fd = process->process ? cq_process_pollfd(process->process) : -1;
	if (fd < 0)
		return 0;
	lua_pushinteger(L, fd);
	return 1;
}

/* process:events() */
static int process_events(lua_State *L)
{
	check(L);
	lua_pushliteral(L, "r");
	return 1;
}

/* process:timeout(): when to ask again where there is no descriptor */
static int process_timeout(lua_State *L)
{
	const struct process *process = check(L);
	return shim_push_seconds(L, process->process ? cq_process_timeout(process->process) : 0);
}

static int process_gc(lua_State *L)
{
	struct process *process = lua_touserdata(L, 1);
	cq_process_free(process->process);
	process->process = NULL;
	for (int i = 0; i < 3; i++) {
		luaL_unref(L, LUA_REGISTRYINDEX, process->streams[i]);
		process->streams[i] = LUA_NOREF;
	}
	return 0;
}

/* Closes a socket of the process's, as its method does: who waits for it is told. */
static void close_stream(lua_State *L, int reference)
{
	if (reference == LUA_NOREF)
		return;
	lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
	lua_getfield(L, -1, "close");
	lua_insert(L, -2);
	lua_call(L, 1, 0);
}

/* process:close(): the process goes on, with its streams closed on our side */
static int process_close(lua_State *L)
{
	const struct process *process = check(L);
	for (int i = 0; i < 3; i++)
		close_stream(L, process->streams[i]);
	lua_settop(L, 1);
	return process_gc(L);
}

/* A method, or one of the streams. Upvalue 1 has the methods. */
static int process_index(lua_State *L)
{
	lua_settop(L, 2);
	lua_pushvalue(L, 2);
	lua_rawget(L, lua_upvalueindex(1));
	const struct process *process = shim_test(L, 1, shim_process_tag);
	if (!lua_isnil(L, -1) || !process || lua_type(L, 2) != LUA_TSTRING)
		return 1;
	for (int i = 0; i < 3; i++)
		if (process->streams[i] != LUA_NOREF && strcmp(lua_tostring(L, 2), stream_names[i]) == 0)
			lua_rawgeti(L, LUA_REGISTRYINDEX, process->streams[i]);
	return 1;
}

/* -- The module -------------------------------------------------------------------------------------------- */

/* process.type(object) */
static int process_type(lua_State *L)
{
	return shim_push_type(L, shim_process_tag, "process");
}

static const luaL_Reg methods[] = {
	{ "pid", process_pid },
	{ "kill", process_kill },
	{ "pollfd", process_pollfd },
	{ "events", process_events },
	{ "timeout", process_timeout },
	{ "close", process_close },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__gc", process_gc },
	{ "__close", process_close },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "type", process_type },
	{ "_spawn", process_spawn },
	{ "_descriptor", process_descriptor },
	{ "_begin", process_begin },
	{ "_outcome", process_outcome },
	{ NULL, NULL },
};

int luaopen__cqueues_process(lua_State *L)
{
	luaopen__cqueues_socket(L); /* the class of what else `spawn` makes */
	shim_module(L, SHIM_PROCESS, methods, meta, functions);
	luaL_getmetatable(L, SHIM_PROCESS);
	lua_getfield(L, -1, "__index");
	if (lua_istable(L, -1)) { /* loaded for the first time */
		lua_pushvalue(L, -1);
		lua_setfield(L, -3, "_methods");
		lua_pushcclosure(L, process_index, 1);
		lua_setfield(L, -2, "__index");
	} else {
		lua_pop(L, 1);
	}
	lua_getfield(L, -1, "_methods");
	lua_setfield(L, -3, "_methods");
	lua_pop(L, 1);
	return 1;
}
