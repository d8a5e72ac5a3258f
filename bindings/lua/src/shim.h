/* SPDX-License-Identifier: MIT
 *
 * What the files of the shim share: the differences between Lua versions (nowhere else does
 * LUA_VERSION_NUM stand), the state of one Lua VM, and its object types.
 *
 * The shim checks arguments, calls cq_* and pushes results. It never lets a Lua error cross a
 * library call: the library returns before Lua goes on.
 */
#ifndef CQUEUES_SHIM_H
#define CQUEUES_SHIM_H

#include <cqueues.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- Lua versions ------------------------------------------------------------------------- */

#if LUA_VERSION_NUM < 502
/* 5.1 and LuaJIT: C functions cannot go on after a yield; see socket_wait.c. */
#define SHIM_CONTINUES 0
#define lua_rawlen lua_objlen
#define lua_getuservalue lua_getfenv
#define lua_setuservalue lua_setfenv
#define shim_resume(co, from, nargs, nresults) \
	((void)(from), *(nresults) = -1, lua_resume((co), (nargs)))
typedef FILE *shim_file;
#define shim_file_is_open(file) (*(file) != NULL)
#define shim_file_stream(file) (*(file))
void shim_setfuncs(lua_State *L, const luaL_Reg *list, int upvalues);
#define luaL_setfuncs shim_setfuncs
const char *shim_tolstring(lua_State *L, int index, size_t *size);
#define luaL_tolstring shim_tolstring
#define lua_absindex(L, i) ((i) > 0 || (i) <= LUA_REGISTRYINDEX ? (i) : lua_gettop(L) + (i) + 1)
#else
#define SHIM_CONTINUES 1
typedef luaL_Stream shim_file;
#define shim_file_is_open(file) ((file)->closef != NULL)
#define shim_file_stream(file) ((file)->f)
#if LUA_VERSION_NUM < 504
#define shim_resume(co, from, nargs, nresults) \
	(*(nresults) = -1, lua_resume((co), (from), (nargs)))
#else
#define shim_resume lua_resume
#define SHIM_PLAIN(L, size) lua_newuserdatauv((L), (size), 0)
#endif
#if LUA_VERSION_NUM < 503
typedef int shim_context;
#define SHIM_CONTINUATION(name) static int name(lua_State *L)
#define shim_get_context(L, context) lua_getctx((L), &(context))
#define lua_isinteger(L, i) 0
#else
typedef lua_KContext shim_context;
#define SHIM_CONTINUATION(name) static int name(lua_State *L, int status, lua_KContext given)
#define shim_get_context(L, context) ((void)(L), (void)status, (context) = given)
#endif
#endif

#ifndef SHIM_PLAIN
#define SHIM_PLAIN lua_newuserdata
#endif
#if LUA_VERSION_NUM < 503
#define shim_push_unsigned(L, value) lua_pushnumber((L), (lua_Number)(value))
#else
#define shim_push_unsigned(L, value) lua_pushinteger((L), (lua_Integer)(value))
#endif
#if LUA_VERSION_NUM < 502
#define lua_isinteger(L, i) 0
#define LUA_OK 0
#endif
/* A number as an integer: below 5.3 whatever it is, from then on only if it is one. */
#if LUA_VERSION_NUM < 503
#define shim_tointeger(L, index, value) (*(value) = lua_tointeger((L), (index)), 1)
#else
static inline int shim_tointeger(lua_State *L, int index, lua_Integer *value)
{
	int is_integer;
	*value = lua_tointegerx(L, index, &is_integer);
	return is_integer;
}
#endif
/* Closes the to-be-closed variables of a coroutine that has ended or never goes on. */
#if LUA_VERSION_NUM < 504
#define SHIM_CLOSES 0
#define shim_close_thread(L, co) ((void)(L), (void)(co))
#elif LUA_VERSION_RELEASE_NUM < 50406
#define SHIM_CLOSES 1
#define shim_close_thread(L, co) ((void)(L), lua_resetthread(co))
#else
#define SHIM_CLOSES 1
#define shim_close_thread(L, co) lua_closethread((co), (L))
#endif
#if LUA_VERSION_NUM < 503
#define shim_dump lua_dump
#else
#define shim_dump(L, writer, data) lua_dump((L), (writer), (data), 0)
#endif
/* Calls a function with a pointer as its argument; 0, or a status with a message on the stack. Throws nothing. */
int shim_protect(lua_State *L, lua_CFunction function, void *argument);
/* Whether an upvalue of this name, of a Lua function, is the table of globals that each Lua state has of its own. */
int shim_is_environment(lua_State *L, const char *name, int index);

/* -- The state of one VM ------------------------------------------------------------------ */

struct controller;

/* Upvalue 1 of every C function of the shim. */
struct shim {
	/* The controller whose task runs, the innermost one. */
	struct controller *running;
	/* The marker that comes first in each yield: its address, and its reference in the registry. */
	const void *poll;
	int poll_ref;
	/* In 5.1, the references of the markers that waiting methods return, and whether this is LuaJIT. */
	int marks[7], is_jit;
	/* Whether :pollfd, :events or :timeout of that class were replaced. */
	int custom_socket, custom_condition, custom_controller, custom_resolver;
	int custom_listener, custom_thread, custom_notifier;
	/* Whether the `step` of controllers was replaced. */
	int custom_step;
	/* Which socket methods were replaced that others of them call: bits of `enum replaced`. */
	unsigned replaced;
	/* What sockets wait through if cqueues.poll was replaced before they were loaded: a reference, or LUA_NOREF. */
	int custom_poll;
	/* Defaults of new sockets. */
	struct defaults {
		uint32_t mode[2];
		size_t bufsiz[2], maxline[2];
		double timeout;
		lua_Integer maxerrs[2];
		int onerror; /* a reference, or LUA_NOREF */
		int holds_lines, strict;
	} defaults;
	/* Room for messages, kept in the registry. */
	void *scratch;
	size_t scratch_size;
	unsigned serial;
};

enum replaced { RECV = 1, SEND = 2, TAKE = 4, ONERROR = 8, LIMIT = 16 };

#define SHIM_SOCKET "CQS Socket"
#define SHIM_CONDITION "CQS Condition"
#define SHIM_CONTROLLER "Continuation Queue"
#define SHIM_LISTENER "CQS Signal"
#define SHIM_THREAD "CQS Thread"
#define SHIM_NOTIFIER "CQS Notify"

/* What each object of a class begins with. Comparing a tag is cheaper than asking the registry for a
 * metatable, and as safe: the tags' addresses are known to this module alone. */
struct object {
	const char *tag;
	struct shim *shim;
};

extern const char shim_socket_tag[], shim_condition_tag[], shim_controller_tag[], dns_resolver_tag[];
extern const char shim_listener_tag[], shim_thread_tag[], shim_notifier_tag[];

/* Keys of the registry: strings, since LuaJIT on 64-bit ARM has no light userdata to spare. */
#define SHIM_STATE "cqueues.state"
#define SHIM_CONTROLLERS "cqueues.controllers" /* weak: number -> controller */
#define SHIM_TLS_REASON "cqueues.tls.reason" /* why TLS failed last, in words */

struct shim *shim_state(lua_State *L);
void shim_push_state(lua_State *L);
#define shim_self(L) ((struct shim *)lua_touserdata((L), lua_upvalueindex(1)))
void shim_push_poll(lua_State *L);

/* Makes a class: a metatable with methods in __index. Leaves the metatable on the stack. */
void shim_class(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta);
/* The same with a module: its functions have the state and the metatable as upvalues. Leaves the module on
 * the stack. */
void shim_module(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta,
                 const luaL_Reg *functions);
/* Makes an object of `size` bytes of a class. */
void *shim_new(lua_State *L, struct shim *shim, const char *tag, const char *name, size_t size);
/* Checks that the argument is of a class and returns its content. */
void *shim_check(lua_State *L, int index, const char *tag, const char *name);
/* The same without an error: NULL. */
static inline void *shim_test(lua_State *L, int index, const char *tag)
{
	struct object *object = lua_touserdata(L, index);
	return object && lua_rawlen(L, index) >= sizeof *object && object->tag == tag ? object : NULL;
}
/* Pushes the kind if the argument is an object of a class, or nil. */
int shim_push_type(lua_State *L, const char *tag, const char *kind);
/* The content of a userdata of another library's class, NULL if it is something else. */
void *shim_test_class(lua_State *L, int index, const char *name);
/* interpose(name, function) for the class whose metatable is upvalue 2; `*custom` becomes true if a
 * method of the poll protocol is replaced. */
int shim_interpose(lua_State *L, int *custom);
/* _define(name, function): the same for the library's own Lua methods; keeps what is there. */
int shim_define(lua_State *L);
/* Argument and other errors of waiting methods: in 5.1 a Lua function stands between them and their
 * caller, which is whom the text must name. */
int shim_argerror(lua_State *L, int index, const char *why);
int shim_error(lua_State *L, const char *format, const char *value);
/* Pushes where the waiting method that runs was called, "file:line: " or nothing. */
void shim_push_where(lua_State *L);
lua_Number shim_checknumber(lua_State *L, int index);
/* A whole number, cut to the size of int; `usual` for nil and none. */
int shim_optint(lua_State *L, int index, int usual);
const char *shim_checkstring(lua_State *L, int index, size_t *size);
/* Seconds, or NaN for nil, none and what is no number. */
double shim_seconds(lua_State *L, int index);
/* A timeout of a method: NaN for nil, none and false. What is no number is SHIM_NO_NUMBER, which throws when the method
 * has to wait, or, with shim_checktimeout, at once. */
double shim_timeout(lua_State *L, int index);
double shim_checktimeout(lua_State *L, int index);
#define SHIM_NO_NUMBER (-0x1p1000)
/* The string at `index`, which must be the same for C; throws otherwise. */
const char *shim_check_text(lua_State *L, int index);
/* nil, code. */
int shim_nil_and_code(lua_State *L, int code);
/* nil, text, code. */
int shim_failure(lua_State *L, int code);

/* A method that waits may stand in Lua: a loop of asking and polling. It begins with this, which checks an object
 * at 1 and seconds at 2 (NaN for none); errors name the method. */
void *shim_begin(lua_State *L, const char *tag, const char *name, double *timeout);
/* Pushes the seconds and the deadline; nothing without a limit. */
int shim_push_limit(lua_State *L, double timeout);

/* A bit, the name of its constant, and what strflag calls it. A list ends with bit 0. */
struct shim_flag {
	unsigned bit;
	const char *name, *word;
};

/* Pushes the words of the bits that are set; returns how many. */
int shim_push_words(lua_State *L, const struct shim_flag *flags, unsigned bits);
/* flags(bits, ...): pushes an iterator over the bits of all arguments that are in the mask. */
int shim_push_bits(lua_State *L, unsigned mask);

/* -- Controllers --------------------------------------------------------------------------- */

struct task {
	cq_task id;
	lua_State *thread;
	/* Where the values it yielded lie on its stack: behind this index, so many. */
	int base, count;
	struct task *next, **link;
};

struct controller {
	struct object object;
	cq_controller *cq; /* NULL once closed */
	struct task *tasks;
	/* The task that is being resumed, or is to be first, with that many arguments. */
	struct task *current;
	int nargs;
	/* Which controller runs this one's step inside one of its tasks. */
	struct controller *outer;
	unsigned serial;
	/* A step was left by a yield to whoever resumed it. */
	int suspended;
	/* A step waits for it in a task of another controller, and has time: it is not to be woken for nothing. */
	int quiet;
	/* How many coroutines of failed tasks are kept; see controller.c. */
	int failed;
};

/* _step, _take, _resume_step: see controller.c. */
int shim_step(lua_State *L);
int shim_take(lua_State *L);
int shim_begin_loop(lua_State *L);
int shim_resume_step(lua_State *L);
extern const luaL_Reg shim_controller_methods[], shim_controller_meta[];
int luaopen__cqueues(lua_State *L);
/* Puts all C modules where `require` finds them without searching. */
void shim_preload(lua_State *L);

/* -- Conditions ---------------------------------------------------------------------------- */

struct condition {
	struct object object;
	cq_condition *cv;
};

int luaopen__cqueues_condition(lua_State *L);

/* -- Sockets ------------------------------------------------------------------------------- */

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
	int next;      /* the argument being worked on */
	size_t offset; /* how far that argument is done, or a size */
	double timeout, deadline;
	struct format format; /* of a read with one format */
};

/* The lowest `count` bits of `value`. */
struct bits {
	unsigned char value, count;
};

struct socket {
	struct object object;
	cq_socket *so; /* NULL once closed */
	int onerror;   /* a reference, or LUA_NOREF for the default */
	int error[2];  /* of each direction, what the last waiting method left; 0 if nothing */
	lua_Integer maxerrs[2], errors[2]; /* how many failures may follow each other, and how many have */
	struct bits bits[2];               /* of a byte that `unpack` began, and of one that `pack` has not completed */
	unsigned char is_exposed;          /* Lua has its descriptor's number */
	unsigned char is_planned;          /* connect or listen made it; what others made has no address to connect to */
	struct op parked[2];       /* methods that wait: one that reads and one that writes */
	unsigned char is_parked[2];
	double timeout; /* as the program set it, also when negative: expired at once; NaN: none */
#if !SHIM_CONTINUES
	/* Its bytes are being copied by an interpreter that may run finalizers first: closing waits for that. */
	int pinned;
	cq_socket *doomed;
#endif
};

/* The socket at `index`; throws if it is none, or closed. */
struct socket *shim_socket(lua_State *L, int index);
/* Pushes a socket object with the class's defaults; the caller fills in `so`. */
struct socket *shim_new_socket(lua_State *L, struct shim *shim);
/* Wakes who polls a descriptor in any controller of the VM. For descriptors of ours that were polled by their numbers. */
void shim_cancel(lua_State *L, int fd);
void shim_apply_defaults(lua_State *L, struct shim *shim, struct socket *socket);
/* Closes a socket of the library's, or has it closed when its bytes have been copied. */
void shim_unpin(struct socket *socket);
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
/* A mode argument: CQ_MODE_DEFAULT for nil and none. Throws if it is no string. */
uint32_t shim_opt_mode(lua_State *L, int index);
/* The methods that can wait, those that never do, and those that set and tell. */
extern const luaL_Reg shim_socket_reading[], shim_socket_writing[], shim_socket_messages[];
extern const luaL_Reg shim_socket_tls[], shim_socket_tls_plain[];
int shim_socket_send(lua_State *L), shim_socket_pack(lua_State *L), shim_socket_unpack(lua_State *L);
extern const luaL_Reg shim_socket_plain[], shim_socket_settings[], shim_class_settings[];
extern const luaL_Reg shim_socket_errors[], shim_class_errors[], shim_socket_telling[];
int shim_default_onerror(lua_State *L);
/* Sends what has to leave before the socket reads: also if the read is then refused for its arguments. */
void shim_flush_before_reading(struct socket *socket);
int luaopen__cqueues_socket(lua_State *L);
int luaopen__cqueues_errno(lua_State *L);
int luaopen__cqueues_debug(lua_State *L);

/* -- Resolvers ------------------------------------------------------------------------------- */

struct resolver {
	struct object object;
	cq_dns_resolver *resolver; /* NULL once closed */
	cq_dns_packet *answer;     /* fetched, and in no object yet */
	int waits;                 /* the last fetch answered EAGAIN */
	int exposed;               /* the descriptor that Lua has the number of; -1: none */
	double deadline;           /* of the question that `query` asked; NaN: none */
	unsigned serial;           /* of that question */
};

/* -- Signals, threads, files --------------------------------------------------------------------- */

struct listener {
	struct object object;
	cq_signal *listener;
	double timeout; /* as the program set it, also when it means none */
};

struct thread {
	struct object object;
	cq_thread *thread;
};

struct notifier {
	struct object object;
	cq_notify *notifier;
};

int luaopen__cqueues_signal(lua_State *L);
int luaopen__cqueues_thread(lua_State *L);
int luaopen__cqueues_notify(lua_State *L);

/* -- Methods that can wait ------------------------------------------------------------------- */

enum kind {
	READ, XREAD, LINES, FILL, UNPACK, CONNECT, LISTEN, ACCEPT, RECVFD, RECVFROM, STARTTLS,
	WRITE, XWRITE, PACK, FLUSH, SENDFD, SENDTO
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
	struct op op = { (uint8_t)kind, 0, (uint16_t)mode, count, 0, 0, timeout, NAN, { 0, 0, NULL } };
	return op;
}
/* Does in Lua what a method does in C, since a method that it calls was replaced: the function `name` of socket.lua is
 * called with the arguments of the running one. The result is that of the Lua function. */
int shim_delegate(lua_State *L, const char *name);
void shim_push_replacement(lua_State *L, const char *name);
/* _use, _deadline, _note and _wait_by: see socket_wait.c. */
int shim_use_replacements(lua_State *L), shim_deadline(lua_State *L), shim_note_failure(lua_State *L);
int shim_wait_by(lua_State *L);
/* Answer of an attempt to write in 5.1: the argument at op->next + 2 has to be made a string first, by code that may
 * wait. */
enum { SHIM_WANTS_TEXT = INT_MIN };
/* Runs it, waiting as need be. The result is that of the Lua function. */
int shim_go(lua_State *L, struct socket *socket, struct op *op);
/* Adds waiting methods to the table on top of the stack. */
void shim_set_waiting(lua_State *L, const luaL_Reg *methods);
/* Makes an iterator of the waiting C function on top of the stack, whose upvalue 2 is the socket. */
void shim_make_iterator(lua_State *L);
/* Mode and timeout of the x functions, in either order, told by their types. */
void shim_mode_and_timeout(lua_State *L, int index, uint32_t *mode, double *timeout);

/* -- Waiting -------------------------------------------------------------------------------- */

/* What polling an object means. shim_ask_own runs no Lua code and says whether it knows; shim_ask_foreign calls the
 * object's methods: 0, perhaps with a condition pushed that must stay there until it is waited for, or -1 with a
 * message pushed. */
int shim_ask_own(lua_State *L, struct shim *shim, int index, cq_interest *interest);
int shim_ask_foreign(lua_State *L, int index, cq_interest *interest);

/* Values to be waited for, on the stack of a coroutine. */
struct wait_set {
	lua_State *values;
	int first, count;
	/* The stack is that of the caller, and not that of a coroutine that has yielded them. */
	int is_running;
	cq_interest *list; /* room for `count` */
	int foreign;       /* how many had to be asked by methods */
	int failed;        /* which member could not be asked, counted from 1 */
};

/* Fills the list; methods run on L. What it pushes on L must stay until the set is waited for. 0, or -1 with a message. */
int shim_ask_all(lua_State *L, struct shim *shim, struct wait_set *set);
/* Whether the values are still there: nobody has resumed the coroutine by hand. */
int shim_is_intact(const struct wait_set *set);
/* The descriptor that it is about, -1 for none. */
int shim_interest_fd(const cq_interest *interest);
/* The descriptor of a number or an object, -1 for none. */
int shim_descriptor(lua_State *L, struct shim *shim, int index);

enum { SHIM_FEW = 16 }; /* wait sets up to this size need no memory */

#endif
