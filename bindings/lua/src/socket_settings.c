/* SPDX-License-Identifier: MIT
 *
 * Socket methods that set something, of a socket or of the class; none of them waits.
 */
#include "socket.h"

/* -- Pairs of values, one for each direction --------------------------------------------------- */

uint32_t shim_opt_mode(lua_State *L, int index)
{
	if (lua_isnoneornil(L, index))
		return CQ_MODE_DEFAULT;
	const char *flags = shim_checkstring(L, index, NULL);
	return cq_mode_parse(flags, strlen(flags)); /* a zero byte ends them, as in cqueues */
}

static void push_mode(lua_State *L, uint32_t mode, uint32_t side)
{
	char text[4];
	cq_mode_format(mode, side, text);
	lua_pushlstring(L, text, 3);
}

/* What stands for a size that is not to be set; no buffer has it. */
#define UNCHANGED (SIZE_MAX - 1)

/* A size: UNCHANGED for nil, none, 0 and what is no number at all; negative and huge ones are unlimited. */
static size_t opt_size(lua_State *L, int index)
{
	lua_Number size = lua_isnoneornil(L, index) ? 0 : shim_checknumber(L, index);
	if (size == 0 || isnan(size))
		return UNCHANGED;
	return size > 0 && size < 0x1p63 ? (size_t)size : SIZE_MAX;
}

static void push_size(lua_State *L, size_t size)
{
	if (size == SIZE_MAX)
		lua_pushnumber(L, HUGE_VAL);
	else
		lua_pushinteger(L, (lua_Integer)size);
}

/* -- Modes and sizes, of a socket or of the class ------------------------------------------------ */

/* Sets one after the other: the first is set also when the second is refused. */
static int set_modes(lua_State *L, int index, uint32_t (*get)(void *, uint32_t),
                     void (*set)(void *, uint32_t, uint32_t), void *target)
{
	lua_settop(L, index + 1);
	for (uint32_t side = 0; side < 2; side++) {
		uint32_t mode = shim_opt_mode(L, index + (int)side);
		push_mode(L, get(target, side), side);
		if (mode)
			set(target, side, mode);
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
		push_size(L, cq_socket_bufsiz(so, side));
		if (size != UNCHANGED)
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
		push_size(L, cq_socket_maxline(so, side));
		if (size != UNCHANGED)
			cq_socket_set_maxline(so, side, size);
	}
	return 2;
}

static int class_set_sizes(lua_State *L, size_t *sizes)
{
	for (int side = 0; side < 2; side++) {
		size_t size = opt_size(L, side + 1);
		push_size(L, sizes[side]);
		if (size != UNCHANGED)
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
	lua_pushinteger(L, size == SIZE_MAX ? -1 : (lua_Integer)size);
}

/* The size that goes with a way of buffering: if none is given the usual one. Without a buffer it is what it was, whatever number
 * is given. */
static size_t vbuf_size(lua_State *L, int index, int which, size_t now)
{
	size_t size = opt_size(L, index);
	return vbuf_flags[which] == 'n' ? now : size != UNCHANGED ? size : 4096;
}

/* socket:setvbuf([mode][, size]) */
static int socket_setvbuf(lua_State *L)
{
	const struct socket *socket = shim_socket(L, 1);
	lua_settop(L, 3);
	int which = shim_laxoption(L, 2, "line", vbuf_names);
	uint32_t mode = cq_socket_mode(socket->so, CQ_OUTPUT);
	size_t now = cq_socket_bufsiz(socket->so, CQ_OUTPUT);
	cq_socket_set_mode(socket->so, CQ_OUTPUT, with_buffering(mode, which));
	cq_socket_set_bufsiz(socket->so, CQ_OUTPUT, vbuf_size(L, 3, which, now));
	push_vbuf(L, mode, now);
	return 2;
}

/* cqueues.socket.setvbuf([mode][, size]) */
static int class_setvbuf(lua_State *L)
{
	struct defaults *d = &shim_self(L)->defaults;
	lua_settop(L, 2);
	int which = shim_laxoption(L, 1, "line", vbuf_names);
	push_vbuf(L, d->mode[CQ_OUTPUT], d->bufsiz[CQ_OUTPUT]);
	d->mode[CQ_OUTPUT] = with_buffering(d->mode[CQ_OUTPUT], which);
	d->bufsiz[CQ_OUTPUT] = vbuf_size(L, 2, which, d->bufsiz[CQ_OUTPUT]);
	return 2;
}

/* -- Timeouts and errors ------------------------------------------------------------------------ */

/* A timeout argument: NaN for nil, none and infinity. */
static double opt_timeout(lua_State *L, int index)
{
	double timeout = lua_isnoneornil(L, index) ? NAN : (double)shim_checknumber(L, index);
	return isinf(timeout) ? NAN : timeout;
}

/* socket:settimeout([seconds]) */
static int socket_settimeout(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	double timeout = opt_timeout(L, 2);
	shim_push_seconds(L, shim_timeout_of(socket));
	shim_set_timeout(L, socket, timeout);
	return 1;
}

/* cqueues.socket.settimeout([seconds]) */
static int class_settimeout(lua_State *L)
{
	struct defaults *d = &shim_self(L)->defaults;
	double timeout = opt_timeout(L, 1);
	shim_push_seconds(L, d->timeout);
	d->timeout = timeout;
	return 1;
}

static const char *const holds[] = { "none", "answers", "lines", NULL }; /* CQ_HOLD_* */

static uint32_t check_hold(lua_State *L, int index)
{
	if (lua_isboolean(L, index))
		return lua_toboolean(L, index) ? CQ_HOLD_LINES : CQ_HOLD_NONE;
	return (uint32_t)shim_checkoption(L, index, NULL, holds);
}

/* socket:sethold([which]): which lines may be held until the task waits; returns what was set */
static int socket_sethold(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	const char *before = holds[cq_socket_hold(socket->so)];
	if (!lua_isnoneornil(L, 2))
		cq_socket_set_hold(socket->so, check_hold(L, 2));
	lua_pushstring(L, before);
	return 1;
}

/* cqueues.socket.sethold([which]) */
static int class_sethold(lua_State *L)
{
	struct defaults *d = &shim_self(L)->defaults;
	const char *before = holds[d->hold];
	if (!lua_isnoneornil(L, 1))
		d->hold = check_hold(L, 1);
	lua_pushstring(L, before);
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

/* socket:unget(string) */
static int socket_unget(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	size_t size;
	const char *data = shim_checkstring(L, 2, &size);
	int code = cq_socket_unget(socket->so, data, size);
	return lua_pushboolean(L, code == 0), 1;
}

/* socket:uncork() */
static int socket_uncork(lua_State *L)
{
	return shim_success(L, cq_socket_uncork(shim_socket(L, 1)->so));
}

/* socket:shutdown([how]) */
static int socket_shutdown(lua_State *L)
{
	static const char *const names[] = { "rw", "r", "w", "wr", NULL };
	static const int how[] = { SHUT_RDWR, SHUT_RD, SHUT_WR, SHUT_RDWR };
	struct socket *socket = shim_socket(L, 1);
	return shim_success(L, cq_socket_shutdown(socket->so, how[shim_laxoption(L, 2, "rw", names)]));
}

/* socket:clear(): forgets what the last operation waits for */
static int socket_clear(lua_State *L)
{
	cq_socket_clear_events(shim_socket(L, 1)->so);
	return shim_success(L, 0);
}

const luaL_Reg shim_socket_settings[] = {
	{ "setmode", socket_setmode },
	{ "setbufsiz", socket_setbufsiz },
	{ "setmaxline", socket_setmaxline },
	{ "setvbuf", socket_setvbuf },
	{ "settimeout", socket_settimeout },
	{ "sethold", socket_sethold },
	{ "setstrict", socket_setstrict },
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
	{ NULL, NULL },
};
