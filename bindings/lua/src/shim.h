/* SPDX-License-Identifier: MIT
 *
 * What the files of the shim share: the state of one Lua VM, classes, and the checks of arguments.
 *
 * The shim checks arguments, calls cq_* and pushes results. It never lets a Lua error cross a
 * library call: the library returns before Lua goes on.
 */
#ifndef CQUEUES_SHIM_H
#define CQUEUES_SHIM_H

#include "versions.h"
#include <cqueues.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* -- The state of one VM ------------------------------------------------------------------ */

struct controller;

/* Upvalue 1 of every C function of the shim. */
struct shim {
	/* The controller whose task runs, the innermost one. */
	struct controller *running;
	/* The marker that comes first in each yield: its address, and its reference in the registry. */
	const void *poll;
	int poll_ref;
	/* In 5.1, the reference of the function that runs the tasks of a step. */
	int run_ref;
	/* In 5.1, what a function that hands its wait over yields: its address, and its reference. */
	const void *hand;
	int hand_ref;
	/* In 5.1, the references of the markers that waiting methods return, and whether this is LuaJIT. */
	int marks[7], is_jit;
	/* In 5.1, the references of the functions that make iterators of lines, 0 for those that nobody has used. */
	int iterators[5];
	/* Whether :pollfd, :events or :timeout of that class were replaced. */
	int custom_socket, custom_condition, custom_controller, custom_resolver;
	int custom_listener, custom_thread, custom_notifier;
	/* Whether the `step` of controllers was replaced. */
	int custom_step;
	int traces_errors; /* whether messages of `step` have tracebacks behind them */
	/* Whether unknown fields of option tables are errors. */
	int checks_fields;
	/* How the chunk names of the binding's own files begin: that of cqueues.lua without the end. NULL before it is loaded. */
	const char *home;
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
		int strict;
		uint32_t hold;
	} defaults;
	/* How many bytes of room for messages the registry holds; 0: somebody uses it, or there is none. */
	size_t room;
	unsigned serial;
};

enum replaced { RECV = 1, SEND = 2, TAKE = 4, ONERROR = 8, LIMIT = 16 };

#define SHIM_SOCKET "CQS Socket"
#define SHIM_CONDITION "CQS Condition"
#define SHIM_CONTROLLER "Continuation Queue"
#define SHIM_LISTENER "CQS Signal"
#define SHIM_THREAD "CQS Thread"
#define SHIM_NOTIFIER "CQS Notify"
#define SHIM_PROCESS "CQS Process"

/* What each object of a class begins with. Comparing a tag is cheaper than asking the registry for a
 * metatable, and as safe: the tags' addresses are known to this module alone. */
struct object {
	const char *tag;
	struct shim *shim;
};

extern const char shim_socket_tag[], shim_condition_tag[], shim_controller_tag[], dns_resolver_tag[];
extern const char shim_listener_tag[], shim_thread_tag[], shim_notifier_tag[], shim_process_tag[];

/* Keys of the registry: strings, since LuaJIT on 64-bit ARM has no light userdata to spare. */
#define SHIM_STATE "cqueues.state"
#define SHIM_CONTROLLERS "cqueues.controllers" /* weak: number -> controller */
#define SHIM_HANDLERS "cqueues.handlers" /* with SHIM_KEEPS_ASIDE, weak: socket -> error handler */
#define SHIM_TRACEBACK "cqueues.traceback" /* what makes tracebacks for `step`, or nil */
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
/* The same with a user value. */
void *shim_new_with_value(lua_State *L, struct shim *shim, const char *tag, const char *name, size_t size);
/* The content of the argument, NULL if it is not of the class. */
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
/* Whether a call is worth another try: no descriptor was left, and what nobody uses any more was collected. */
static inline int shim_collected(lua_State *L, int code)
{
	if (code != EMFILE && code != ENFILE && code != CQ_EINSTANCES)
		return 0;
	lua_gc(L, LUA_GCCOLLECT, 0);
	return 1;
}
/* Seconds, or NaN for nil, none and what is no number. */
double shim_seconds(lua_State *L, int index);
/* A timeout of a method: NaN for nil, none and false. What is no number is SHIM_NO_NUMBER, which throws when the method
 * has to wait, or, with shim_checktimeout, at once. */
double shim_timeout(lua_State *L, int index);
#define SHIM_NO_NUMBER (-0x1p1000)
/* A time, nil for NaN. */
int shim_push_seconds(lua_State *L, double seconds);
/* true, or false and the code. */
int shim_success(lua_State *L, int code);
/* nil, code. */
int shim_nil_and_code(lua_State *L, int code);
/* nil, text, code. */
int shim_failure(lua_State *L, int code);

/* Pushes the seconds and the deadline; nothing without a limit. */
int shim_push_limit(lua_State *L, double timeout);

/* A name and its number. A list ends with a name of NULL. */
struct shim_constant {
	const char *name;
	int value;
};

/* Sets them in the table on top of the stack. */
void shim_set_constants(lua_State *L, const struct shim_constant *list);

/* A bit, the name of its constant, and what strflag calls it. A list ends with bit 0. */
struct shim_flag {
	unsigned bit;
	const char *name, *word;
};

/* Pushes the words of the bits that are set; returns how many. */
int shim_push_words(lua_State *L, const struct shim_flag *flags, unsigned bits);
/* flags(bits, ...): pushes an iterator over the bits of all arguments that are in the mask. */
int shim_push_bits(lua_State *L, unsigned mask);

int luaopen__cqueues(lua_State *L);
/* Puts all C modules where `require` finds them without searching. */
void shim_preload(lua_State *L);
int luaopen__cqueues_socket(lua_State *L);
int luaopen__cqueues_errno(lua_State *L);
int luaopen__cqueues_debug(lua_State *L);

/* -- Arguments and errors: arguments.c -------------------------------------------------------- */

/* All that is thrown names the line of the program, which may be further up than the caller, and the function that the program
 * has called. So luaL_error, luaL_argerror and luaL_check... are not used. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
int shim_error(lua_State *L, const char *format, ...);
int shim_argerror(lua_State *L, int index, const char *why);
#define shim_argcheck(L, condition, index, why) ((void)((condition) || shim_argerror((L), (index), (why))))
/* The level of the program's function, for lua_getstack: `level` or one above it. */
int shim_program_level(lua_State *L, int level);
/* Pushes the line of the program, "file:line: " or nothing. */
void shim_push_where(lua_State *L);
/* Whether code stands in a file of the binding, or in a text that it has loaded. */
int shim_is_ours(const struct shim *shim, const lua_Debug *frame);

/* Check that the argument is of a class, ours or another library's, and return its content. */
void *shim_check(lua_State *L, int index, const char *tag, const char *name);
void *shim_check_class(lua_State *L, int index, const char *name);
/* As the functions of the same name that begin with luaL_. */
void shim_check_type(lua_State *L, int index, int type);
void shim_check_any(lua_State *L, int index);
lua_Number shim_checknumber(lua_State *L, int index);
lua_Number shim_optnumber(lua_State *L, int index, lua_Number usual);
lua_Integer shim_checkinteger(lua_State *L, int index);
lua_Integer shim_optinteger(lua_State *L, int index, lua_Integer usual);
const char *shim_checkstring(lua_State *L, int index, size_t *size);
const char *shim_optstring(lua_State *L, int index, const char *usual);
int shim_checkoption(lua_State *L, int index, const char *usual, const char *const names[]);
/* The same, but that on LuaJIT any value that is no string stands for the usual one, as for programs ever. */
int shim_laxoption(lua_State *L, int index, const char *usual, const char *const names[]);
/* A whole number, cut to the size of int; `usual` for nil and none. */
int shim_optint(lua_State *L, int index, int usual);
/* The string at `index`, which must be the same for C. */
const char *shim_check_text(lua_State *L, int index);
/* As shim_timeout; what is no number throws. */
double shim_checktimeout(lua_State *L, int index);
/* Throws if the table at `index` has a field by name that is not known, where programs have asked for that. */
void shim_check_fields(lua_State *L, int index, int (*is_known)(const char *name));
/* A method that waits may stand in Lua: a loop of asking and polling. It begins with this, which checks an object
 * at 1 and seconds at 2 (NaN for none); errors name the method. */
void *shim_begin(lua_State *L, const char *tag, const char *name, double *timeout);
/* The object at 1 alone, for a method in Lua that asks C; errors name the method. */
void *shim_check_for_method(lua_State *L, const char *tag, const char *name);

/* -- Conditions ---------------------------------------------------------------------------- */

struct condition {
	struct object object;
	cq_condition *cv;
};

int luaopen__cqueues_condition(lua_State *L);

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

/* -- Signals, threads, files, processes --------------------------------------------------------------------- */

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

struct process {
	struct object object;
	cq_process *process; /* NULL once closed */
	int pid;
	int streams[3]; /* references to sockets, or LUA_NOREF */
};

int luaopen__cqueues_process(lua_State *L);
int luaopen__cqueues_scope(lua_State *L);
int luaopen__cqueues_signal(lua_State *L);
int luaopen__cqueues_thread(lua_State *L);
int luaopen__cqueues_tls(lua_State *L);
int luaopen__cqueues_notify(lua_State *L);

/* Wakes who polls a descriptor in any controller of the VM. For descriptors of ours that were polled by their numbers. */
void shim_cancel(lua_State *L, int fd);

#endif
