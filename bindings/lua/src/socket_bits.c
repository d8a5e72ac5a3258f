/* SPDX-License-Identifier: MIT
 *
 * Numbers of some bits, the highest first: pack and unpack. Calls follow each other without padding: what is left of a
 * byte stays in the socket for the next call. Bytes that are read or written otherwise pass it by.
 */
#include "socket.h"

enum { BYTE = 8, DEFAULT_BITS = 32, MOST_BITS = 1 << 20 };

/* The bytes that are needed for so many bits more than there are. */
static size_t bytes_for(size_t bits, size_t there)
{
	return bits <= there ? 0 : (bits - there + BYTE - 1) / BYTE;
}

/* -- Reading ---------------------------------------------------------------------------------- */

/* op->offset is the count of bits. */
int shim_attempt_unpack(lua_State *L, struct socket *socket, struct op *op, int first)
{
	(void)first;
	struct bits *left = &socket->bits[CQ_INPUT];
	size_t size = bytes_for(op->offset, left->count);
	const void *data = NULL;
	int code = shim_input_error(L, socket);
	if (!code)
		code = cq_socket_try_fill(socket->so, size); /* of a message it may be less */
	if (!code && cq_socket_pending(socket->so, CQ_INPUT) < size) {
		lua_pushinteger(L, 0);
		return 0;
	}
	if (!code && size)
		code = cq_socket_try_recv(socket->so, CQ_READ_EXACTLY, size, cq_mode_parse("b", 1), 0, &data, &size);
	if (code == EPIPE || code == CQ_ETRUNCATED) {
		lua_pushnil(L);
		return 0;
	}
	if (code)
		return code;
	const unsigned char *bytes = data;
	uint64_t value = 0;
	for (size_t i = 0; i < op->offset; i++) {
		if (left->count == 0)
			*left = (struct bits){ *bytes++, BYTE };
		value = value << 1 | (left->value >> --left->count & 1);
	}
	shim_push_signed(L, (int64_t)value);
	return 0;
}

/* The count of bits at `index`. */
static size_t check_bits(lua_State *L, int index)
{
	int bits = shim_optint(L, index, DEFAULT_BITS);
	return bits < 0 ? SIZE_MAX / 2 : (size_t)bits; /* as many as nobody sends */
}

/* socket:unpack([bits]) */
int shim_socket_unpack(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	struct op op = shim_op(UNPACK, 0, CQ_MODE_DEFAULT, NAN);
	if (!lua_isnoneornil(L, 2) && !lua_isnumber(L, 2))
		shim_flush_before_reading(socket);
	op.offset = check_bits(L, 2);
	lua_settop(L, 1);
	return shim_go(L, socket, &op);
}

/* -- Writing ---------------------------------------------------------------------------------- */

/* Pushes the bytes that a number of so many bits completes. */
static void push_bytes(lua_State *L, struct bits *left, uint64_t value, size_t bits)
{
	luaL_Buffer buffer;
	luaL_buffinit(L, &buffer);
	while (bits) {
		unsigned bit = --bits < 64 ? (unsigned)(value >> bits & 1) : 0;
		left->value = (unsigned char)(left->value << 1 | bit);
		if (++left->count == BYTE) {
			luaL_addchar(&buffer, (char)left->value);
			left->count = 0;
		}
	}
	luaL_pushresult(&buffer);
}

/* The bits of the number at `index`. Those of one that 64 bits do not hold are those of 2^63, as x86 processors convert it. */
static uint64_t bits_of(lua_State *L, int index)
{
	lua_Number number = lua_tonumber(L, index);
	if (lua_isinteger(L, index))
		return (uint64_t)lua_tointeger(L, index);
	if (!(number > -0x1p63 && number < 0x1p64))
		return UINT64_C(1) << 63;
	return number < 0 ? (uint64_t)(int64_t)number : (uint64_t)number;
}

/* socket:pack(number[, bits][, mode]) */
int shim_socket_pack(lua_State *L)
{
	struct socket *socket = shim_socket(L, 1);
	lua_settop(L, 4);
	shim_checknumber(L, 2);
	uint64_t value = bits_of(L, 2);
	size_t bits = check_bits(L, 3);
	if (bits > MOST_BITS)
		return shim_argerror(L, 3, "too many bits");
	uint32_t mode = shim_opt_mode(L, 4);
	int by_lines = shim_sends_lines(cq_mode_change(cq_socket_mode(socket->so, CQ_OUTPUT), mode));
	/* Numbers are not text, and a byte of theirs that is a newline ends no line. */
	mode = cq_mode_change(mode, by_lines ? cq_mode_parse("bf", 2) : cq_mode_parse("b", 1));
	lua_settop(L, 1);
	push_bytes(L, &socket->bits[CQ_OUTPUT], value, bits);
	struct op op = shim_op(PACK, 1, mode, NAN);
	op.format.kind = by_lines;
	return shim_go(L, socket, &op);
}
