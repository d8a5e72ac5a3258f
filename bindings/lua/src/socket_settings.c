/* SPDX-License-Identifier: MIT
 *
 * Socket methods that set something or tell something; none of them waits.
 */
#include "shim.h"

/* -- Pairs of values, one for each direction --------------------------------------------------- */

uint32_t shim_opt_mode(lua_State *L, int index)
{
	size_t size;
	if (!lua_toboolean(L, index))
		return CQ_MODE_DEFAULT; /* nil, none and false */
	const char *flags = luaL_checklstring(L, index, &size);
	return cq_mode_parse(flags, size);
}

static void push_mode(lua_State *L, uint32_t mode, uint32_t side)
{
	char text[4];
	cq_mode_format(mode, side, text);
	lua_pushlstring(L, text, 3);
}

/* A size: 0 for nil, none and 0, which leave it unchanged; negative and huge are unlimited. */
static size_t opt_size(lua_State *L, int index)
{
	if (lua_isnoneornil(L, index))
		return 0;
	lua_Number size = luaL_checknumber(L, index);
	return size >= 0 && size < (lua_Number)SIZE_MAX ? (size_t)size : SIZE_MAX;
}

static void push_size(lua_State *L, size_t size, lua_Number unlimited)
{
	if (size == SIZE_MAX)
		lua_pushnumber(L, unlimited);
	else
		lua_pushinteger(L, (lua_Integer)size);
}

/* Each letter of the argument at `index` as a direction; calls `each` for it. */
static int for_each_side(lua_State *L, int index, void (*each)(lua_State *, struct socket *, uint32_t),
                         struct socket *socket)
{
	const char *which = luaL_optstring(L, index, "rw");
	luaL_checkstack(L, (int)strlen(which) + 1, "too many directions");
	for (const char *letter = which; *letter; letter++)
		if (*letter != 'r' && *letter != 'w')
			return luaL_argerror(L, index, lua_pushfstring(L, "%c: %c: only `r' or `w' accepted", *letter, *letter));
	int count = 0;
	for (const char *letter = which; *letter; letter++, count++)
		each(L, socket, *letter == 'r' ? CQ_INPUT : CQ_OUTPUT);
	return count;
}

/* -- Modes and sizes, of a socket or of the class ------------------------------------------------ */

static uint32_t check_mode(lua_State *L, int index)
{
	if (!lua_isnoneornil(L, index))
		luaL_checkstring(L, index);
	return shim_opt_mode(L, index);
}

static int set_modes(lua_State *L, int index, uint32_t (*get)(void *, uint32_t),
                     void (*set)(void *, uint32_t, uint32_t), void *target)
{
	uint32_t mode[2] = { check_mode(L, index), check_mode(L, index + 1) };
	for (uint32_t side = 0; side < 2; side++) {
		push_mode(L, get(target, side), side);
		if (mode[side])
			set(target, side, mode[side]);
	}
	return 2;
}

static uint32_t socket_get_mode(void *target, uint32_t side)
{
	return cq_socket_mode(((struct socket *)target)->so, side);
}

static void socket_put_mode(void *target, uint32_t side, uint32_t mode)
{
	cq_socket_set_mode(((struct socket *)target)->so, side, mode);
}

/* socket:setmode([input][, output]) */
static int socket_setmode(lua_State *L)
{
	return set_modes(L, 2, socket_get_mode, socket_put_mode, shim_socket(L, 1));
}

static uint32_t class_get_mode(void *target, uint32_t side)
{
	return ((struct defaults *)target)->mode[side];
}

static void class_put_mode(void *target, uint32_t side, uint32_t mode)
{
	((struct defaults *)target)->mode[side] = mode;
}

/* cqueues.socket.setmode([input][, output]) */
static int class_setmode(lua_State *L)
{
	return set_modes(L, 1, class_get_mode, class_put_mode, &shim_self(L)->defaults);
}

/* socket:setbufsiz([input][, output]) */
static int socket_setbufsiz(lua_State *L)
{
	cq_socket *so = shim_socket(L, 1)->so;
	for (uint32_t side = 0; side < 2; side++) {
		size_t size = opt_size(L, (int)side + 2);
		push_size(L, cq_socket_bufsiz(so, side), HUGE_VAL);
		if (size)
			cq_socket_set_bufsiz(so, side, size);
	}
	return 2;
}

/* socket:setmaxline([input][, output]) */
static int socket_setmaxline(lua_State *L)
{
	cq_socket *so = shim_socket(L, 1)->so;
	for (uint32_t side = 0; side < 2; side++) {
		size_t size = opt_size(L, (int)side + 2);
		push_size(L, cq_socket_maxline(so, side), HUGE_VAL);
		if (size)
			cq_socket_set_maxline(so, side, size);
	}
	return 2;
}

static int class_set_sizes(lua_State *L, size_t *sizes)
{
	for (int side = 0; side < 2; side++) {
		size_t size = opt_size(L, side + 1);
		push_size(L, sizes[side], HUGE_VAL);
		if (size)
			sizes[side] = size;
	}
	return 2;
}

/* cqueues.socket.setbufsiz, cqueues.socket.setmaxline */
static int class_setbufsiz(lua_State *L)
{
	return class_set_sizes(L, shim_self(L)->defaults.bufsiz);
}

static int class_setmaxline(lua_State *L)
{
	return class_set_sizes(L, shim_self(L)->defaults.maxline);
}

static const char *const vbuf_names[] = { "no", "line", "full", NULL };
static const char vbuf_flags[] = "nlf";

/* The mode with another way of buffering. */
static uint32_t with_buffering(uint32_t mode, int which)
{
	char flags[4];
	cq_mode_format(mode, CQ_OUTPUT, flags);
	flags[1] = vbuf_flags[which];
	return cq_mode_parse(flags, 3);
}

static void push_vbuf(lua_State *L, uint32_t mode, size_t size)
{
	char flags[4];
	cq_mode_format(mode, CQ_OUTPUT, flags);
	lua_pushstring(L, vbuf_names[strchr(vbuf_flags, flags[1]) - vbuf_flags]);
	push_size(L, size, -1);
}

/* socket:setvbuf([mode][, size]) */
static int socket_setvbuf(lua_State *L)
{
	cq_socket *so = shim_socket(L, 1)->so;
	int which = luaL_checkoption(L, 2, "line", vbuf_names);
	size_t size = opt_size(L, 3);
	uint32_t mode = cq_socket_mode(so, CQ_OUTPUT);
	push_vbuf(L, mode, cq_socket_bufsiz(so, CQ_OUTPUT));
	cq_socket_set_mode(so, CQ_OUTPUT, with_buffering(mode, which));
	if (size)
		cq_socket_set_bufsiz(so, CQ_OUTPUT, size);
	return 2;
}

/* cqueues.socket.setvbuf([mode][, size]) */
static int class_setvbuf(lua_State *L)
{
	struct defaults *d = &shim_self(L)->defaults;
	int which = luaL_checkoption(L, 1, "line", vbuf_names);
	size_t size = opt_size(L, 2);
	push_vbuf(L, d->mode[CQ_OUTPUT], d->bufsiz[CQ_OUTPUT]);
	d->mode[CQ_OUTPUT] = with_buffering(d->mode[CQ_OUTPUT], which);
	if (size)
		d->bufsiz[CQ_OUTPUT] = size;
	return 2;
}

/* -- Timeouts and errors ------------------------------------------------------------------------ */

/* A timeout argument: NaN for nil, none and infinity. */
static double opt_timeout(lua_State *L, int index)
{
	double timeout = lua_isnoneornil(L, index) ? NAN : (double)luaL_checknumber(L, index);
	return isinf(timeout) ? NAN : timeout;
}

static int push_timeout(lua_State *L, double timeout)
{
	if (isnan(timeout))
		lua_pushnil(L);
	else
		lua_pushnumber(L, timeout);
	return 1;
}

/* socket:phase(): what it is doing */
static int socket_phase(lua_State *L)
{
	lua_pushstring(L, cq_socket_phase(shim_socket(L, 1)->so));
	return 1;
}

/* socket:settimeout([seconds]) */
static int socket_settimeout(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	double timeout = opt_timeout(L, 2);
	push_timeout(L, socket->timeout);
	socket->timeout = timeout;
	return 1;
}

/* cqueues.socket.settimeout([seconds]) */
static int class_settimeout(lua_State *L)
{
	struct defaults *d = &shim_self(L)->defaults;
	double timeout = opt_timeout(L, 1);
	push_timeout(L, d->timeout);
	d->timeout = timeout;
	return 1;
}

/* socket:sethold([on]): whether lines may be held until the task waits; returns what was set */
static int socket_sethold(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	lua_pushboolean(L, cq_socket_hold(socket->so));
	if (!lua_isnoneornil(L, 2))
		cq_socket_set_hold(socket->so, lua_toboolean(L, 2));
	return 1;
}

/* cqueues.socket.sethold([on]) */
static int class_sethold(lua_State *L)
{
	struct defaults *d = &shim_self(L)->defaults;
	lua_pushboolean(L, d->holds_lines);
	if (!lua_isnoneornil(L, 1))
		d->holds_lines = lua_toboolean(L, 1);
	return 1;
}

/* socket:setstrict([on]): whether a TLS stream that ends without notice is a failure; returns what was set */
static int socket_setstrict(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	lua_pushboolean(L, cq_socket_strict(socket->so));
	if (!lua_isnoneornil(L, 2))
		cq_socket_set_strict(socket->so, lua_toboolean(L, 2));
	return 1;
}

/* cqueues.socket.setstrict([on]) */
static int class_setstrict(lua_State *L)
{
	struct defaults *d = &shim_self(L)->defaults;
	lua_pushboolean(L, d->strict);
	if (!lua_isnoneornil(L, 1))
		d->strict = lua_toboolean(L, 1);
	return 1;
}

/* Pushes the handler, and sets it to the function at `index`, or, for nil, to the usual one. */
static int set_onerror(lua_State *L, int index, int *reference)
{
	int given = lua_gettop(L) >= index;
	if (given && !lua_isnil(L, index))
		luaL_checktype(L, index, LUA_TFUNCTION);
	lua_settop(L, index);
	if (*reference == LUA_NOREF) {
		shim_push_state(L);
		lua_pushcclosure(L, shim_default_onerror, 1);
	} else {
		lua_rawgeti(L, LUA_REGISTRYINDEX, *reference);
	}
	if (given) {
		luaL_unref(L, LUA_REGISTRYINDEX, *reference);
		*reference = LUA_NOREF;
	}
	if (!lua_isnil(L, index)) {
		lua_pushvalue(L, index);
		*reference = luaL_ref(L, LUA_REGISTRYINDEX);
	}
	return 1;
}

/* socket:onerror([function]) */
static int socket_onerror(lua_State *L)
{
	return set_onerror(L, 2, &shim_socket(L, 1)->onerror);
}

/* cqueues.socket.onerror([function]) */
static int class_onerror(lua_State *L)
{
	return set_onerror(L, 1, &shim_self(L)->defaults.onerror);
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
	socket->error[side] = socket->errors[side] = 0;
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
	luaL_checkstring(L, 2);
	luaL_optinteger(L, 3, 0);
	lua_settop(L, 3);
	return for_each_side(L, 2, put_error, socket);
}

/* Reads [which,] n; returns the index of n, and puts "rw" in front of it if it came alone. */
static void which_and_number(lua_State *L, int index)
{
	if (lua_type(L, index) == LUA_TNUMBER) {
		lua_pushliteral(L, "rw");
		lua_insert(L, index);
	}
	luaL_optinteger(L, index + 1, 0);
	lua_settop(L, index + 1);
}

static void put_maxerrs(lua_State *L, struct socket *socket, uint32_t side)
{
	lua_pushinteger(L, socket->maxerrs[side]);
	if (!lua_isnil(L, 3))
		socket->maxerrs[side] = (int)lua_tointeger(L, 3);
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
	int *maxerrs = shim_self(L)->defaults.maxerrs;
	lua_pushinteger(L, maxerrs[side]);
	if (!lua_isnil(L, 2))
		maxerrs[side] = (int)lua_tointeger(L, 2);
}

/* cqueues.socket.setmaxerrs([which,] n) */
static int class_setmaxerrs(lua_State *L)
{
	which_and_number(L, 1);
	return for_each_side(L, 1, class_put_maxerrs, NULL);
}

/* -- Telling ------------------------------------------------------------------------------------ */

static void push_eof(lua_State *L, struct socket *socket, uint32_t side)
{
	lua_pushboolean(L, cq_socket_eof(socket->so, side));
}

/* socket:eof([which]): other letters are passed over */
static int socket_eof(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	const char *which = luaL_optstring(L, 2, "rw");
	int count = 0;
	luaL_checkstack(L, (int)strlen(which) + 1, "too many directions");
	for (; *which; which++) {
		if (*which != 'r' && *which != 'w')
			continue;
		push_eof(L, socket, *which == 'r' ? CQ_INPUT : CQ_OUTPUT);
		count++;
	}
	return count;
}

/* socket:pending() */
static int socket_pending(lua_State *L)
{
	cq_socket *so = shim_socket(L, 1)->so;
	lua_pushinteger(L, (lua_Integer)cq_socket_pending(so, CQ_INPUT));
	lua_pushinteger(L, (lua_Integer)cq_socket_pending(so, CQ_OUTPUT));
	return 2;
}

/* socket:peereid() */
static int socket_peereid(lua_State *L)
{
	uint32_t uid, gid;
	int code = cq_socket_peereid(shim_socket(L, 1)->so, &uid, &gid);
	if (code) {
		lua_pushnil(L);
		lua_pushinteger(L, code);
	} else {
		lua_pushinteger(L, (lua_Integer)uid);
		lua_pushinteger(L, (lua_Integer)gid);
	}
	return 2;
}

/* socket:peerpid() */
static int socket_peerpid(lua_State *L)
{
	int pid, code = cq_socket_peerpid(shim_socket(L, 1)->so, &pid);
	if (code)
		lua_pushnil(L);
	lua_pushinteger(L, code ? code : pid);
	return code ? 2 : 1;
}

static int push_name(lua_State *L, int code, const cq_name *name)
{
	if (code) {
		lua_pushnil(L);
		lua_pushinteger(L, code);
		return 2;
	}
	lua_pushinteger(L, name->family);
	if (name->family == AF_UNSPEC)
		return 1;
	if (name->family == AF_UNIX && name->size == 0)
		lua_pushnil(L);
	else
		lua_pushlstring(L, name->text, name->size);
	if (name->family == AF_UNIX)
		lua_pushnil(L);
	else
		lua_pushinteger(L, name->port);
	return 3;
}

/* socket:peername() */
static int socket_peername(lua_State *L)
{
	cq_name name;
	return push_name(L, cq_socket_peername(shim_socket(L, 1)->so, &name), &name);
}

/* socket:localname() */
static int socket_localname(lua_State *L)
{
	cq_name name;
	return push_name(L, cq_socket_localname(shim_socket(L, 1)->so, &name), &name);
}

static void set_stat(lua_State *L, const struct socket *socket, uint32_t side, const char *key)
{
	cq_stat stat = { 0, 0, 0 };
	cq_socket_stat(socket->so, side, &stat);
	lua_newtable(L);
	shim_push_unsigned(L, stat.count);
	lua_setfield(L, -2, "count");
	lua_pushboolean(L, stat.eof);
	lua_setfield(L, -2, "eof");
	lua_pushinteger(L, (lua_Integer)stat.time);
	lua_setfield(L, -2, "time");
	lua_setfield(L, -2, key);
}

/* socket:stat() */
static int socket_stat(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	lua_newtable(L);
	set_stat(L, socket, CQ_INPUT, "rcvd");
	set_stat(L, socket, CQ_OUTPUT, "sent");
	return 1;
}

/* socket:pollfd() */
static int socket_pollfd(lua_State *L)
{
	lua_pushinteger(L, cq_socket_pollfd(shim_socket(L, 1)->so));
	return 1;
}

/* socket:events() */
static int socket_events(lua_State *L)
{
	uint32_t events = cq_socket_events(shim_socket(L, 1)->so);
	lua_pushstring(L, events & POLLIN && events & POLLOUT ? "rw" : events & POLLIN ? "r" : events & POLLOUT ? "w" : "");
	return 1;
}

/* socket:timeout() */
static int socket_timeout(lua_State *L)
{
	double timeout = shim_socket(L, 1)->timeout;
	return isnan(timeout) ? 0 : push_timeout(L, timeout);
}

/* -- Doing -------------------------------------------------------------------------------------- */

/* socket:unget(string) */
static int socket_unget(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	size_t size;
	const char *data = luaL_checklstring(L, 2, &size);
	int code = cq_socket_unget(socket->so, data, size);
	return lua_pushboolean(L, code == 0), 1;
}

/* true, or false and a code */
static int success(lua_State *L, int code)
{
	lua_pushboolean(L, code == 0);
	if (code)
		lua_pushinteger(L, code);
	return code ? 2 : 1;
}

/* socket:uncork() */
static int socket_uncork(lua_State *L)
{
	return success(L, cq_socket_uncork(shim_socket(L, 1)->so));
}

/* socket:shutdown([how]) */
static int socket_shutdown(lua_State *L)
{
	static const char *const names[] = { "rw", "r", "w", "wr", NULL };
	static const int how[] = { SHUT_RDWR, SHUT_RD, SHUT_WR, SHUT_RDWR };
	struct socket *socket = shim_socket(L, 1);
	return success(L, cq_socket_shutdown(socket->so, how[luaL_checkoption(L, 2, "rw", names)]));
}

/* socket:clear(): forgets what the last operation waits for */
static int socket_clear(lua_State *L)
{
	cq_socket_clear(shim_socket(L, 1)->so);
	return success(L, 0);
}

const luaL_Reg shim_socket_settings[] = {
	{ "setmode", socket_setmode },
	{ "setbufsiz", socket_setbufsiz },
	{ "setmaxline", socket_setmaxline },
	{ "setvbuf", socket_setvbuf },
	{ "settimeout", socket_settimeout },
	{ "sethold", socket_sethold },
	{ "setstrict", socket_setstrict },
	{ "setmaxerrs", socket_setmaxerrs },
	{ "onerror", socket_onerror },
	{ "error", socket_error },
	{ "clearerr", socket_clearerr },
	{ "seterror", socket_seterror },
	{ "eof", socket_eof },
	{ "pending", socket_pending },
	{ "peername", socket_peername },
	{ "localname", socket_localname },
	{ "peereid", socket_peereid },
	{ "peerpid", socket_peerpid },
	{ "stat", socket_stat },
	{ "pollfd", socket_pollfd },
	{ "events", socket_events },
	{ "phase", socket_phase },
	{ "timeout", socket_timeout },
	{ "unget", socket_unget },
	{ "uncork", socket_uncork },
	{ "shutdown", socket_shutdown },
	{ "clear", socket_clear },
	{ NULL, NULL },
};

const luaL_Reg shim_class_settings[] = {
	{ "setmode", class_setmode },
	{ "setbufsiz", class_setbufsiz },
	{ "setmaxline", class_setmaxline },
	{ "setvbuf", class_setvbuf },
	{ "settimeout", class_settimeout },
	{ "sethold", class_sethold },
	{ "setstrict", class_setstrict },
	{ "setmaxerrs", class_setmaxerrs },
	{ "onerror", class_onerror },
	{ NULL, NULL },
};
