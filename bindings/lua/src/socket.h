/* SPDX-License-Identifier: MIT
 *
 * Sockets, and what their methods share.
 */
#ifndef CQUEUES_SOCKET_H
#define CQUEUES_SOCKET_H

#include "shim.h"
#include <stdlib.h>

/* Nobody else calls these, which makes calls cheaper. */
#pragma GCC visibility push(hidden)

/* A read format. */
struct format {
	uint32_t kind;
	size_t count;
	const char *boundary; /* on the Lua stack, or NULL */
};

/* A method that can wait, see socket_wait.c. */
struct op {
	uint8_t kind;  /* of `kinds` */
	uint8_t stuck; /* failed by the error of an earlier write */
	uint16_t mode;
	int count;     /* arguments behind the socket */
	int next;      /* the argument being worked on; of a flush, the input that was wanted before */
	int collected; /* what nobody uses was collected, as no descriptor was left */
	size_t offset; /* how far that argument is done, or a size */
	double timeout, deadline;
	struct format format; /* of a read with one format */
};

/* The lowest `count` bits of `value`. */
struct bits {
	unsigned char value, count;
};

/* A waiting op as nearly all are: without a limit, not begun yet, and of one format at most. */
struct brief_op {
	uint8_t kind, format;
	uint16_t mode;
	uint32_t bytes; /* of the format */
};

/* What only few sockets need. */
struct rare {
	struct op ops[2];       /* that wait and are not brief: one that reads and one that writes */
	lua_Integer maxerrs[2], errors[2]; /* for which there is no room in the socket */
	double timeout; /* as the program set it, also when negative: expired at once */
};

/* There are many of these, so its members stand in the order in which they take least room. */
struct socket {
	struct object object;
	cq_socket *so; /* NULL once closed */
	struct rare *rare; /* NULL until it is needed */
	struct brief_op brief; /* a method that waits and reads */
	int error[2];  /* of each direction, what the last waiting method left; 0 if nothing */
	int16_t maxerrs[2]; /* how many failures may follow each other; SHIM_RARE: see `rare` */
	uint16_t errors[2]; /* and how many have, up to the most that there is room for */
	unsigned char parked[2]; /* 0, WHOLE, or the count of arguments of a brief one and 1 */
	struct bits bits[2]; /* of a byte that `unpack` began, and of one that `pack` has not completed */
	unsigned char has_handler : 1; /* see `shim_get_handler`: the handler may refer to the socket */
	unsigned char has_timeout : 1; /* see `rare` */
	unsigned char is_exposed : 1;  /* Lua has its descriptor's number */
	unsigned char is_planned : 1;  /* connect or listen made it; what others made has no address to connect to */
	unsigned char carries : 2;     /* of `enum carries` */
#if SHIM_COPIES_LATE
	/* On which stack its bytes are being copied, before which a finalizer may run: closing waits for that. */
	lua_State *pinned;
	cq_socket *doomed;
#endif
};

/* What a socket receives, which is asked when it matters: see `ask_for_rest`. */
enum carries { UNKNOWN, BYTES, MESSAGES };

/* NULL without memory. */
static inline struct rare *shim_rare(struct socket *socket)
{
	if (!socket->rare)
		socket->rare = malloc(sizeof *socket->rare);
	return socket->rare;
}
/* Its timeout, NaN for none, and sets that. Throws without memory. */
static inline double shim_timeout_of(const struct socket *socket)
{
	return socket->has_timeout ? socket->rare->timeout : NAN;
}
void shim_set_timeout(lua_State *L, struct socket *socket, double timeout);
#define SHIM_RARE INT16_MIN
/* Sets how many failures of a direction may follow each other. Throws without memory. */
void shim_set_maxerrs(lua_State *L, struct socket *socket, uint32_t side, lua_Integer number);
/* Throws: the value at `index` is no socket, or a closed one. */
struct socket *shim_no_socket(lua_State *L, int index);
/* The socket at `index`; throws if it is none, or closed. */
static inline struct socket *shim_socket(lua_State *L, int index)
{
	struct socket *socket = shim_test(L, index, shim_socket_tag);
	return socket && socket->so ? socket : shim_no_socket(L, index);
}
/* Pushes a socket object with the class's defaults; the caller fills in `so`. */
struct socket *shim_new_socket(lua_State *L, struct shim *shim);
/* Sets what is set for all new sockets, for the socket on top. */
void shim_apply_defaults(lua_State *L, struct shim *shim, struct socket *socket);
/* Pops a function and makes it the error handler of the socket at `index`. */
void shim_set_handler(lua_State *L, int index, struct socket *socket);
/* Pushes it; there is one. */
void shim_get_handler(lua_State *L, int index);
/* Pushes bytes of the socket's buffer. */
#if SHIM_COPIES_LATE
void shim_push_bytes(lua_State *L, struct socket *socket, const void *data, size_t size);
#else
#define shim_push_bytes(L, socket, data, size) lua_pushlstring((L), (data), (size))
#endif
/* Options: the fields of the table at `index`, without its address and, unless `making`, without family
 * and type; a wrong one throws. */
void shim_load_options(lua_State *L, int index, cq_options *options, int making);
/* Its address: a code, 0 if it is right. */
int shim_load_address(lua_State *L, int index, cq_options *options);
/* The arguments host, port[, family][, type]: likewise. */
int shim_load_arguments(lua_State *L, cq_options *options);
/* Pushes options, which the collector frees. */
cq_options *shim_new_options(lua_State *L);
/* The descriptor of a number, a socket or a file; -1 for all else. */
int shim_descriptor_of(lua_State *L, int index);
/* How often the error that sticks to a direction may be the answer; that error, 0 if there is none, which is counted, and thrown
 * when it has been the answer so often; forgets the count: socket_failure.c */
lua_Integer shim_maxerrs(const struct socket *socket, uint32_t side);
int shim_stuck_error(lua_State *L, struct socket *socket, uint32_t side);
/* The error that sticks to the input. EPIPE, which is told as the end and not as a failure, is counted as above. */
static inline int shim_input_error(lua_State *L, struct socket *socket)
{
	int code = socket->error[CQ_INPUT];
	return code == EPIPE ? shim_stuck_error(L, socket, CQ_INPUT) : code;
}
void shim_forget_errors(struct socket *socket, uint32_t side);
/* A mode argument: CQ_MODE_DEFAULT for nil and none. Throws if it is no string. */
uint32_t shim_opt_mode(lua_State *L, int index);
/* The methods that can wait, those that never do, and those that set and tell. */
extern const luaL_Reg shim_socket_finishing[], shim_socket_reading[], shim_socket_writing[], shim_socket_messages[];
extern const luaL_Reg shim_socket_establishing[], shim_socket_iterating[];
extern const luaL_Reg shim_socket_tls[], shim_socket_tls_plain[];
/* Whether an output mode sends by lines; the mode of a closed socket does not. */
int shim_sends_lines(uint32_t mode);
int shim_socket_send(lua_State *L), shim_socket_pack(lua_State *L), shim_socket_unpack(lua_State *L);
extern const luaL_Reg shim_socket_plain[], shim_socket_settings[], shim_class_settings[];
extern const luaL_Reg shim_socket_errors[], shim_class_errors[], shim_socket_telling[];
int shim_default_onerror(lua_State *L);
/* Sends what has to leave before the socket reads: also if the read is then refused for its arguments. */
void shim_flush_before_reading(struct socket *socket);

/* -- Methods that can wait ------------------------------------------------------------------- */

enum kind {
	READ, XREAD, LINES, FILL, UNPACK, CONNECT, LISTEN, ACCEPT, CLIENTS, RECVFD, RECVFROM, STARTTLS,
	WRITE, XWRITE, PACK, FLUSH, FINISH, SENDFD, SENDTO
};

/* Runs a method to its end, answers EAGAIN, or another code. Pushes results. */
typedef int shim_attempt(lua_State *L, struct socket *socket, struct op *op, int first);
shim_attempt shim_attempt_read, shim_attempt_fill, shim_attempt_unpack, shim_attempt_establish;
shim_attempt shim_attempt_accept, shim_attempt_write, shim_attempt_flush;
shim_attempt shim_attempt_recvfd, shim_attempt_recvfrom, shim_attempt_sendfd, shim_attempt_sendto;
shim_attempt shim_attempt_starttls;

/* A method with `count` arguments behind the socket at 1; NaN stands for the socket's timeout. */
static inline struct op shim_op(int kind, int count, uint32_t mode, double timeout)
{
	struct op op = { (uint8_t)kind, 0, (uint16_t)mode, count, 0, 0, 0, timeout, NAN, { 0, 0, NULL } };
	return op;
}
/* Does in Lua what a method does in C, since a method that it calls was replaced: the function `name` of socket.lua is
 * called with the arguments of the running one. The result is that of the Lua function. */
int shim_delegate(lua_State *L, const char *name);
void shim_push_replacement(lua_State *L, const char *name);
/* _use, _deadline and _wait_by: see socket_replaced.c; _note: see socket_failure.c. */
int shim_use_replacements(lua_State *L), shim_deadline(lua_State *L), shim_note_failure(lua_State *L);
int shim_wait_by(lua_State *L);
/* Answer of an attempt to write in 5.1: the argument at op->next + 2 has to be made a string first, by code that may
 * wait. */
enum { SHIM_WANTS_TEXT = INT_MIN };
/* Runs it, waiting as need be. The result is that of the Lua function. */
int shim_go(lua_State *L, struct socket *socket, struct op *op);
/* The same behind a first attempt that has answered `code`, with the socket's timeout. */
int shim_go_from(lua_State *L, struct socket *socket, struct op *op, int code);
/* Adds waiting methods to the table on top of the stack. */
void shim_set_waiting(lua_State *L, const luaL_Reg *methods);
/* Makes an iterator of the waiting C function on top of the stack, whose upvalue 2 is the socket. */
void shim_make_iterator(lua_State *L);
/* The waiting C functions of the iterators of one format that is a word, and how many there are: all that such an iterator has of its
 * own is the socket. */
enum { ITERATORS = 5 };
extern const lua_CFunction shim_iterators[ITERATORS];
/* Pushes an iterator, the one of that number, of the socket at 1. */
void shim_iterate(lua_State *L, int number);
/* For such a function: its socket, which lies at 1 then and alone. In 5.1 it is an argument. */
static inline struct socket *shim_iterated(lua_State *L)
{
	if (SHIM_CONTINUES) {
		lua_settop(L, 0);
		lua_pushvalue(L, lua_upvalueindex(2));
	} else {
		lua_settop(L, 1);
	}
	return lua_touserdata(L, 1);
}
/* Mode and timeout of the x functions, in either order, told by their types. */
void shim_mode_and_timeout(lua_State *L, int index, uint32_t *mode, double *timeout);

#pragma GCC visibility pop

#endif
