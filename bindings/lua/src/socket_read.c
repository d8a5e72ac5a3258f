/* SPDX-License-Identifier: MIT
 *
 * Socket methods that read.
 */
#include "socket.h"
#include <sys/socket.h>

/* -- Reading ------------------------------------------------------------------------------- */

void shim_flush_before_reading(struct socket *socket)
{
	const void *data;
	size_t size;
	if (cq_socket_pending(socket->so, CQ_OUTPUT))
		cq_socket_try_recv(socket->so, CQ_READ_UP_TO, 0, CQ_MODE_DEFAULT, CQ_FLUSH, &data, &size);
}

static void refuse_format(lua_State *L, struct socket *socket, int index, const char *why)
{
	shim_flush_before_reading(socket);
	shim_argerror(L, index, why);
}

#define MOST_BYTES INT64_C(0x4000000000000000)

/* A read format, and its type: nil is "*l", numbers are counts; one that no program can mean counts nothing. */
static struct format check_format(lua_State *L, struct socket *socket, int index, int type)
{
	struct format format = { CQ_READ_LINE, 0, NULL };
	lua_Integer bytes;
	if (type == LUA_TSTRING) {
		size_t size;
		const char *text = lua_tolstring(L, index, &size);
		if (text[0] == '*' && size == 2) {
			switch (text[1]) {
			case 'l': return format;
			case 'L': return format.kind = CQ_READ_LINE_KEEP, format;
			case 'a': return format.kind = CQ_READ_ALL, format;
			case 'h': return format.kind = CQ_READ_HEADER, format;
			case 'H': return format.kind = CQ_READ_HEADER_KEEP, format;
			case 'n': refuse_format(L, socket, index, "*n not implemented yet");
			}
		} else if (size >= 2 && text[0] == '-' && text[1] == '-') {
			format.boundary = text;
			format.count = size;
			return format;
		}
		if (!lua_isnumber(L, index))
			refuse_format(L, socket, index, lua_pushfstring(L, "invalid format %s", text));
	} else if (type == LUA_TNIL || type == LUA_TNONE) {
		return format;
	} else if (type != LUA_TNUMBER) {
		refuse_format(L, socket, index, lua_pushfstring(L, "string expected, got %s", luaL_typename(L, index)));
	}
	if (shim_is_count(L, index, &bytes) && bytes >= -MOST_BYTES && bytes <= MOST_BYTES) { /* nearly always */
		format.kind = bytes < 0 ? CQ_READ_UP_TO : CQ_READ_EXACTLY;
		format.count = (size_t)(bytes < 0 ? -bytes : bytes);
		return format;
	}
	lua_Number count = lua_tonumber(L, index);
	if (isnan(count))
		count = 0x1p62; /* never there */
	else if (fabs(count) > 0x1p63)
		count = 0;
	else if (fabs(count) > 0x1p62)
		count = copysign(0x1p62, count);
	format.kind = count < 0 ? CQ_READ_UP_TO : CQ_READ_EXACTLY;
	format.count = (size_t)fabs(count);
	return format;
}

static inline int receive(struct socket *socket, const struct format *format, uint32_t mode, uint32_t flags,
                   const void **data, size_t *size)
{
	if (format->boundary)
		return cq_socket_try_recv_body(socket->so, format->boundary, format->count, mode, flags, data, size);
	return cq_socket_try_recv(socket->so, format->kind, format->count, mode, flags, data, size);
}

/* Whether the input is translated, with the flags of this call. */
static int is_text(const struct socket *socket, uint32_t mode)
{
	char flags[4];
	cq_mode_format(cq_mode_change(cq_socket_mode(socket->so, CQ_INPUT), mode), CQ_INPUT, flags);
	return *flags == 't';
}

/* Whether end of file is told without a value: of counted bytes in text mode, as ever. */
static int ends_silently(const struct socket *socket, const struct format *format, uint32_t mode)
{
	return (format->kind == CQ_READ_EXACTLY || format->kind == CQ_READ_UP_TO) && !format->boundary && is_text(socket, mode);
}

/* Whether what it receives has no boundaries, also if it is no socket at all. */
static int carries_bytes(struct socket *socket)
{
	int type = SOCK_STREAM;
	socklen_t size = sizeof type;
	if (socket->carries == UNKNOWN) {
		getsockopt(cq_socket_pollfd(socket->so), SOL_SOCKET, SO_TYPE, &type, &size);
		socket->carries = type == SOCK_STREAM ? BYTES : MESSAGES;
	}
	return socket->carries == BYTES;
}

/* Who gets fewer bytes than it asked for has asked the kernel for more: the socket waits for them, as whoever polls it next
 * sees. To be called once the bytes have been copied. */
static void ask_for_rest(struct socket *socket, const struct format *format, size_t size)
{
	if (format->kind == CQ_READ_UP_TO && !format->boundary && size < format->count && carries_bytes(socket))
		cq_socket_try_fill(socket->so, 1);
}

/* Arguments are formats; results are pushed behind them. */
int shim_attempt_read(lua_State *L, struct socket *socket, struct op *op, int first)
{
	int code = socket->error[CQ_INPUT];
	if (code && code != EPIPE)
		return code;
	if (code)
		code = shim_stuck_error(L, socket, CQ_INPUT);
	for (; op->next < op->count; op->next++) {
		struct format other;
		const struct format *format = &op->format;
		if (!format->kind) {
			other = check_format(L, socket, op->next + 2, lua_type(L, op->next + 2));
			format = &other;
		}
		const void *data;
		size_t size;
		if (code == 0)
			code = receive(socket, format, op->mode, first ? CQ_FLUSH | CQ_PATIENT : CQ_FLUSH, &data, &size);
		if (code == CQ_ETRUNCATED && format->kind == CQ_READ_ALL) {
			const struct format rest = { CQ_READ_UP_TO, SIZE_MAX, NULL };
			code = receive(socket, &rest, op->mode, 0, &data, &size);
		}
		if (code == EPIPE && !socket->error[CQ_INPUT] && ends_silently(socket, format, op->mode))
			return 0;
		if (code == EPIPE || code == CQ_ETRUNCATED) {
			lua_pushnil(L); /* end of file */
			if (code == CQ_ETRUNCATED)
				lua_pushinteger(L, code);
			return 0;
		}
		if (code)
			return code;
		if (!data)
			return 0; /* no such thing follows */
		if (op->count > 8)
			luaL_checkstack(L, 2, "too many results");
		shim_push_bytes(L, socket, data, size);
		ask_for_rest(socket, format, size);
		first = 1;
	}
	return 0;
}

static inline int start_read(lua_State *L, struct socket *socket, int kind, int count, uint32_t mode, double timeout)
{
	struct op op = shim_op(kind, count, mode, timeout);
	if (count == 1)
		op.format = check_format(L, socket, 2, lua_type(L, 2));
	return shim_go(L, socket, &op);
}

/* The formats end with the first nil or false, and a sole one of those is "*l". The first lies at `index`. */
static int count_formats(lua_State *L, int index)
{
	int count = 0;
	while (lua_toboolean(L, index + count))
		count++;
	if (count == 0) {
		lua_settop(L, index - 1);
		lua_pushnil(L);
		return 1;
	}
	lua_settop(L, index + count - 1);
	return count;
}

/* socket:read(...) */
static int socket_read(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	if (socket->object.shim->replaced & RECV)
		return shim_delegate(L, "read");
	int type = lua_gettop(L) == 2 ? lua_type(L, 2) : LUA_TNONE;
	if (type != LUA_TNUMBER && type != LUA_TSTRING)
		return start_read(L, socket, READ, count_formats(L, 2), CQ_MODE_DEFAULT, NAN);
	struct op op = shim_op(READ, 1, CQ_MODE_DEFAULT, NAN); /* nearly always */
	op.format = check_format(L, socket, 2, type);
	return shim_go(L, socket, &op);
}

/* socket:xread(format[, mode][, timeout]) */
static int socket_xread(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	if (socket->object.shim->replaced & RECV)
		return shim_delegate(L, "xread");
	uint32_t mode;
	double timeout;
	shim_mode_and_timeout(L, 3, &mode, &timeout);
	lua_settop(L, 2);
	return start_read(L, socket, XREAD, 1, mode, timeout);
}

/* The iterator of lines; upvalues behind the state: the socket, the formats. */
static int next_line(lua_State *L)
{
	struct socket *socket = lua_touserdata(L, lua_upvalueindex(2));
	int count = 1;
	lua_settop(L, 0);
	if (!socket->so)
		return shim_error(L, "socket closed");
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_pushvalue(L, lua_upvalueindex(3));
	for (; !lua_isnone(L, lua_upvalueindex(3 + count)); count++) {
		luaL_checkstack(L, 8, "too many formats");
		lua_pushvalue(L, lua_upvalueindex(3 + count));
	}
	if (socket->object.shim->replaced & RECV)
		return shim_delegate(L, "read");
	return start_read(L, socket, LINES, count, CQ_MODE_DEFAULT, NAN);
}

/* The iterator of xlines: the socket, a format, mode and timeout. */
static int next_xline(lua_State *L)
{
	lua_settop(L, 0);
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_pushvalue(L, lua_upvalueindex(3));
	struct socket *socket = shim_socket(L, 1);
	if (socket->object.shim->replaced & RECV) {
		lua_pushvalue(L, lua_upvalueindex(6));
		lua_pushvalue(L, lua_upvalueindex(7));
		return shim_delegate(L, "xread");
	}
	uint32_t mode = (uint32_t)lua_tointeger(L, lua_upvalueindex(4));
	return start_read(L, socket, XREAD, 1, mode, lua_tonumber(L, lua_upvalueindex(5)));
}

/* The same for one format that is a word. */
static inline int next_of_kind(lua_State *L, uint32_t kind, const char *word)
{
	struct socket *socket = shim_iterated(L);
	struct op op = shim_op(LINES, 1, CQ_MODE_DEFAULT, NAN);
	op.format.kind = kind;
	if (!socket->so)
		return shim_error(L, "socket closed");
	if (socket->object.shim->replaced & RECV) {
		lua_pushstring(L, word);
		return shim_delegate(L, "read");
	}
	lua_pushnil(L); /* in the place of the format, which the op knows */
	return shim_go(L, socket, &op);
}

/* A function for each of them, so that an iterator has no upvalue for that: there are as many as idle connections. */
static int next_line_bare(lua_State *L)
{
	return next_of_kind(L, CQ_READ_LINE, "*l");
}

static int next_line_kept(lua_State *L)
{
	return next_of_kind(L, CQ_READ_LINE_KEEP, "*L");
}

static int next_all(lua_State *L)
{
	return next_of_kind(L, CQ_READ_ALL, "*a");
}

static int next_header_bare(lua_State *L)
{
	return next_of_kind(L, CQ_READ_HEADER, "*h");
}

static int next_header_kept(lua_State *L)
{
	return next_of_kind(L, CQ_READ_HEADER_KEEP, "*H");
}

const lua_CFunction shim_iterators[ITERATORS] = { next_line_bare, next_line_kept, next_all, next_header_bare, next_header_kept };

/* Which one is meant by the format at `index`, ITERATORS if it is no such word. */
static int iterator_of_word(lua_State *L, int index)
{
	static const char words[ITERATORS + 1] = "lLahH";
	size_t size;
	const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : NULL;
	const char *found = text && size == 2 && text[0] == '*' ? memchr(words, text[1], ITERATORS) : NULL;
	return found ? (int)(found - words) : ITERATORS;
}

/* socket:lines(...) */
static int socket_lines(lua_State *L)
{
	shim_check(L, 1, shim_socket_tag, SHIM_SOCKET);
	int count = count_formats(L, 2);
	shim_argcheck(L, count <= 200, 201, "too many formats");
	int usual = count == 1 ? iterator_of_word(L, 2) : ITERATORS;
	if (usual < ITERATORS) {
		lua_settop(L, 1);
		shim_iterate(L, usual);
		return 1;
	}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_pushcclosure(L, next_line, count + 2);
	shim_make_iterator(L);
	return 1;
}

/* socket:xlines(format[, mode][, timeout]) */
static int socket_xlines(lua_State *L)
{
	uint32_t mode;
	double timeout;
	shim_check(L, 1, shim_socket_tag, SHIM_SOCKET);
	shim_mode_and_timeout(L, 3, &mode, &timeout);
	lua_settop(L, 4);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1); /* the state, the socket, the format, two arguments as they came */
	lua_pushinteger(L, (lua_Integer)mode);
	lua_insert(L, 4);
	lua_pushnumber(L, timeout);
	lua_insert(L, 5);
	lua_pushcclosure(L, next_xline, 7);
	shim_make_iterator(L);
	return 1;
}

/* socket:recv([format][, mode]): the value, or nil and a code; never waits */
static int socket_recv(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	const void *data;
	size_t size;
	struct format format = check_format(L, socket, 2, lua_type(L, 2));
	if (!lua_isnoneornil(L, 3) && !lua_isstring(L, 3))
		shim_flush_before_reading(socket);
	uint32_t mode = shim_opt_mode(L, 3);
	int code = shim_tell_stuck_error(L, socket, CQ_INPUT);
	if (!code)
		code = receive(socket, &format, mode, CQ_FLUSH, &data, &size);
	if (!code && data) {
		shim_push_bytes(L, socket, data, size);
		ask_for_rest(socket, &format, size);
		return 1;
	}
	if (code == EPIPE && !socket->error[CQ_INPUT] && ends_silently(socket, &format, mode))
		code = 0;
	lua_pushnil(L);
	if (code)
		lua_pushinteger(L, code);
	return code ? 2 : 1;
}

/* -- Filling -------------------------------------------------------------------------------- */

int shim_attempt_fill(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)first;
	int code = socket->error[CQ_INPUT];
	if (code == EPIPE)
		code = shim_stuck_error(L, socket, CQ_INPUT);
	else if (!code)
		code = cq_socket_try_fill(socket->so, op->offset);
	if (code && code != EPIPE && code != CQ_ETRUNCATED)
		return code;
	lua_pushboolean(L, code == 0);
	return 0;
}

/* socket:fill(size[, timeout]) */
static int socket_fill(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	lua_settop(L, 3);
	lua_Number size = shim_checknumber(L, 2);
	size_t count = size >= 0x1p64 && !isinf(size) ? 0 : size >= 0 && size < 0x1p62 ? (size_t)size : SIZE_MAX;
	struct op op = shim_op(FILL, 0, CQ_MODE_DEFAULT, shim_timeout(L, 3));
	op.offset = count;
	lua_settop(L, 1);
	return shim_go(L, socket, &op);
}

/* -- Methods ------------------------------------------------------------------------------- */

const luaL_Reg shim_socket_reading[] = {
	{ "read", socket_read },
	{ "xread", socket_xread },
	{ "fill", socket_fill },
	{ "unpack", shim_socket_unpack },
	{ NULL, NULL },
};

const luaL_Reg shim_socket_plain[] = {
	{ "lines", socket_lines },
	{ "xlines", socket_xlines },
	{ "recv", socket_recv },
	{ "send", shim_socket_send },
	{ NULL, NULL },
};
