/* SPDX-License-Identifier: MIT
 *
 * Error handlers of sockets, and the errors that stick to a direction.
 */
#include "socket_wait.h"

/* -- The usual error handler --------------------------------------------------------------------- */

/* Pushes what stands in front of an error of a method: the peer, or "socket". */
static const char *push_peer(lua_State *L, const struct socket *socket, const char *method)
{
	cq_name name;
	int connects = !strcmp(method, "connect") || !strcmp(method, "listen") || !strcmp(method, "accept");
	if (connects || !socket->so || cq_socket_peername(socket->so, &name) || name.family == AF_UNSPEC)
		return lua_pushliteral(L, "socket"), lua_tostring(L, -1);
	if (name.family == AF_UNIX)
		return lua_pushfstring(L, "[unix:%s]", name.size ? name.text : "unnamed");
	return lua_pushfstring(L, "[%s.%d]", name.text, name.port);
}

/* Pushes why: an error of the system comes first, as ever, and behind it what was met on the way from a name to a connection. */
static const char *push_why(lua_State *L, const struct socket *socket, int code)
{
	char reason[512];
	const char *text = cq_strerror(code);
	size_t size, end = strlen(text);
	if (!socket->so || cq_socket_reason(socket->so, reason, sizeof reason))
		*reason = 0;
	if (code < 0)
		return lua_pushstring(L, *reason ? reason : text), lua_tostring(L, -1);
	int is_address = strstr(reason, ", peer ") || strstr(reason, ", local address ");
	if (!*reason || is_address || strcmp(cq_socket_phase(socket->so), "failed"))
		return lua_pushstring(L, text), lua_tostring(L, -1);
	size = strlen(reason);
	if (size > end + 2 && !strcmp(reason + size - end, text))
		reason[size - end - 2] = 0; /* the same, behind a colon */
	return lua_pushfstring(L, "%s (%s)", text, reason);
}

/* Returns EPIPE, ETIMEDOUT and ECANCELED, throws the rest; `level` counts from the handler, as for error(), 0 stands for the caller
 * of the method that runs. */
int shim_default_answer(lua_State *L, struct socket *socket, const char *method, int code, int level)
{
	if (code == EPIPE || code == ETIMEDOUT || code == ECANCELED)
		return code;
	luaL_where(L, shim_program_level(L, level ? level - 1 : 1));
	const char *peer = push_peer(L, socket, method), *why = push_why(L, socket, code);
	lua_pushfstring(L, "%s:%s: %s", peer, method, why);
	lua_replace(L, -3);
	lua_pop(L, 1);
	lua_concat(L, 2);
	return lua_error(L);
}

int shim_default_onerror(lua_State *L)
{
	struct socket *socket = shim_test(L, 1, shim_socket_tag);
	shim_argcheck(L, socket, 1, "socket expected");
	const char *method = shim_checkstring(L, 2, NULL);
	int code = (int)shim_checkinteger(L, 3), level = (int)shim_optinteger(L, 4, 0);
	lua_pushinteger(L, shim_default_answer(L, socket, method, code, level));
	return 1;
}

/* -- Setting and telling ------------------------------------------------------------------------- */

/* Each letter of the argument at `index` as a direction; calls `each` for it. */
static int for_each_side(lua_State *L, int index, void (*each)(lua_State *, struct socket *, uint32_t),
                         struct socket *socket)
{
	const char *which = shim_optstring(L, index, "rw");
	luaL_checkstack(L, (int)strlen(which) + 1, "too many directions");
	for (const char *letter = which; *letter; letter++)
		if (*letter != 'r' && *letter != 'w')
			return shim_argerror(L, index, lua_pushfstring(L, "%c: %c: only `r' or `w' accepted", *letter, *letter));
	int count = 0;
	for (const char *letter = which; *letter; letter++, count++)
		each(L, socket, *letter == 'r' ? CQ_INPUT : CQ_OUTPUT);
	return count;
}

/* Leaves the function or nil at `index` on top. Whether one was given. */
static int check_handler(lua_State *L, int index)
{
	int given = lua_gettop(L) >= index;
	if (given && !lua_isnil(L, index))
		shim_check_type(L, index, LUA_TFUNCTION);
	lua_settop(L, index);
	return given;
}

#if SHIM_KEEPS_ASIDE
void shim_set_handler(lua_State *L, int index, struct socket *socket)
{
	index = lua_absindex(L, index);
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_HANDLERS);
	lua_pushvalue(L, index);
	lua_pushvalue(L, -3);
	lua_rawset(L, -3);
	lua_pop(L, 2);
	socket->has_handler = 1;
}

void shim_get_handler(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	lua_getfield(L, LUA_REGISTRYINDEX, SHIM_HANDLERS);
	lua_pushvalue(L, index);
	lua_rawget(L, -2);
	lua_remove(L, -2);
}
#else
void shim_set_handler(lua_State *L, int index, struct socket *socket)
{
	lua_createtable(L, 1, 0);
	lua_insert(L, -2);
	lua_rawseti(L, -2, 1);
	lua_setuservalue(L, index);
	socket->has_handler = 1;
}

void shim_get_handler(lua_State *L, int index)
{
	lua_getuservalue(L, index);
	lua_rawgeti(L, -1, 1);
	lua_remove(L, -2);
}
#endif

static void push_default(lua_State *L)
{
	shim_push_state(L);
	lua_pushcclosure(L, shim_default_onerror, 1);
}

/* socket:onerror([function]) */
static int socket_onerror(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	int given = check_handler(L, 2);
	if (socket->has_handler)
		shim_get_handler(L, 1);
	else
		push_default(L);
	if (given)
		socket->has_handler = 0;
	if (!lua_isnil(L, 2)) {
		lua_pushvalue(L, 2);
		shim_set_handler(L, 1, socket);
	}
	return 1;
}

/* cqueues.socket.onerror([function]) */
static int class_onerror(lua_State *L)
{
	int *reference = &shim_self(L)->defaults.onerror, given = check_handler(L, 1);
	if (*reference == LUA_NOREF)
		push_default(L);
	else
		lua_rawgeti(L, LUA_REGISTRYINDEX, *reference);
	if (given) {
		luaL_unref(L, LUA_REGISTRYINDEX, *reference);
		*reference = LUA_NOREF;
	}
	if (!lua_isnil(L, 1)) {
		lua_pushvalue(L, 1);
		*reference = luaL_ref(L, LUA_REGISTRYINDEX);
	}
	return 1;
}

static void push_code(lua_State *L, int code)
{
	if (code)
		lua_pushinteger(L, code);
	else
		lua_pushnil(L);
}

static void push_error(lua_State *L, struct socket *socket, uint32_t side)
{
	push_code(L, socket->error[side]);
}

/* socket:error([which]) */
static int socket_error(lua_State *L)
{
	return for_each_side(L, 2, push_error, shim_socket(L, 1));
}

static void clear_error(lua_State *L, struct socket *socket, uint32_t side)
{
	push_code(L, socket->error[side]);
	socket->error[side] = 0;
	shim_forget_errors(socket, side);
}

/* socket:clearerr([which]) */
static int socket_clearerr(lua_State *L)
{
	return for_each_side(L, 2, clear_error, shim_socket(L, 1));
}

static void put_error(lua_State *L, struct socket *socket, uint32_t side)
{
	push_code(L, socket->error[side]);
	socket->error[side] = (int)lua_tointeger(L, 3);
}

/* socket:seterror(which, code) */
static int socket_seterror(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	shim_checkstring(L, 2, NULL);
	shim_optinteger(L, 3, 0);
	lua_settop(L, 3);
	return for_each_side(L, 2, put_error, socket);
}

/* Reads [which,] n: puts "rw" in front of n if it came alone. A number in the place of `which` is one, and nil there
 * is as if nothing was given. */
static void which_and_number(lua_State *L, int index)
{
	if (lua_type(L, index) == LUA_TNUMBER) {
		shim_checkinteger(L, index);
		lua_pushliteral(L, "rw");
		lua_insert(L, index);
	} else if (lua_isnoneornil(L, index)) {
		lua_settop(L, index);
	}
	shim_optinteger(L, index + 1, 0);
	lua_settop(L, index + 1);
}

static void put_maxerrs(lua_State *L, struct socket *socket, uint32_t side)
{
	lua_pushinteger(L, shim_maxerrs(socket, side));
	if (!lua_isnil(L, 3))
		shim_set_maxerrs(L, socket, side, lua_tointeger(L, 3));
}

/* socket:setmaxerrs([which,] n) */
static int socket_setmaxerrs(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	which_and_number(L, 2);
	return for_each_side(L, 2, put_maxerrs, socket);
}

static void class_put_maxerrs(lua_State *L, struct socket *unused, uint32_t side)
{
	(void)unused;
	lua_Integer *maxerrs = shim_self(L)->defaults.maxerrs;
	lua_pushinteger(L, maxerrs[side]);
	if (!lua_isnil(L, 2))
		maxerrs[side] = lua_tointeger(L, 2);
}

/* cqueues.socket.setmaxerrs([which,] n) */
static int class_setmaxerrs(lua_State *L)
{
	which_and_number(L, 1);
	return for_each_side(L, 1, class_put_maxerrs, NULL);
}

const luaL_Reg shim_socket_errors[] = {
	{ "setmaxerrs", socket_setmaxerrs },
	{ "onerror", socket_onerror },
	{ "error", socket_error },
	{ "clearerr", socket_clearerr },
	{ "seterror", socket_seterror },
	{ NULL, NULL },
};

const luaL_Reg shim_class_errors[] = {
	{ "setmaxerrs", class_setmaxerrs },
	{ "onerror", class_onerror },
	{ NULL, NULL },
};
