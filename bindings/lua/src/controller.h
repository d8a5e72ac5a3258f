/* SPDX-License-Identifier: MIT
 *
 * Controllers and their tasks.
 */
#ifndef CQUEUES_CONTROLLER_H
#define CQUEUES_CONTROLLER_H

#include "shim.h"

/* Nobody else calls these, which makes calls cheaper. */
#pragma GCC visibility push(hidden)

/* One is as small as it can be, as a program may have a million. */
struct task {
	cq_task id; /* 0: nobody uses this record */
	union {
		lua_State *thread;
		struct task *next; /* of those that nobody uses */
	};
	/* Where the values it yielded lie on its stack: behind this index, so many. */
	int base;
	unsigned count : 28;
	/* In 5.1, an `enum handed`: what it waits for if a function has handed that over, and yielded the mark. */
	unsigned handed : 3;
	/* Lua has an object for it, which is told of its end. */
	unsigned is_watched : 1;
};

/* Records of tasks, which stay where they are. */
struct chunk {
	struct chunk *next;
	int size;
	struct task tasks[];
};

struct controller {
	struct object object;
	cq_controller *cq; /* NULL once closed */
	/* The records of its tasks, those that are free, and how many there are of tasks. */
	struct chunk *chunks;
	struct task *free;
	int count;
	/* The task that is being resumed, or is to be first, with that many arguments. */
	struct task *current;
	int nargs;
	/* A task that is over, and that is still to be told of: there was no memory. The next step begins with it. */
	struct task *ending;
	/* The highest place that a task has had, and for which one there is room to anchor it; see task.c. */
	int places, reserved;
	/* Up to which place there is room for an object of the task there. */
	int known;
	/* What the task that is being resumed waits for, if it is in a function that hands that over: the socket, condition or controller, and at
	 * most so many seconds, NaN for no limit. */
	enum handed { HANDED_NOTHING, HANDED_SOCKET, HANDED_CONDITION, HANDED_TIME, HANDED_CONTROLLER } handed_kind;
	void *handed;
	double seconds;
	/* An interest of which only socket and timeout are ever set. It is large, and most waits are for one socket. */
	cq_interest wait;
	/* Two of which only the first one's condition, or its controller for the time of a call, and the timeouts are ever set. */
	cq_interest handed_waits[2];
	/* The task that is being resumed, and what has fired for it. */
	cq_ready ready;
	/* Whether the library's step is under way. */
	int is_begun;
	/* Whether `ready` holds a task that was taken before the call that catches errors. It stays so if that call fails, as the
	 * stack may end there: the next step begins with it. */
	int is_fetched;
	/* Which controller runs this one's step inside one of its tasks. */
	struct controller *outer;
	unsigned serial;
	/* Lua has the number of its descriptor. */
	int is_exposed;
	/* A step was left by a yield to whoever resumed it. */
	int suspended;
	/* A step waits for it in a task of another controller, and has time: it is not to be woken for nothing. */
	int quiet;
	/* The step is one of a loop, which ends at a time of cq_monotime, NaN for none; whether a task has run in it. */
	int loops, has_run;
	double deadline;
	/* Whether the last step was left because a task had failed: the next one goes on at once. */
	int has_failed;
	/* How many coroutines of failed tasks are kept; see task.c. */
	int failed;
	/* The code that the wait of the task that is being resumed was ended with, until that is told; 0: it was not. And the first object
	 * that it has yielded to wait for, a key that is compared alone: NULL if it has yielded none. */
	int ended;
	const void *ended_for;
};

/* _step, _take, _resume_step: see task.c. */

/* The controller at 1; throws if it is none, or closed. */
struct controller *shim_controller(lua_State *L);

/* -- Tasks: task.c ---------------------------------------------------------------------------- */

/* Adds the coroutine on top of the stack to the controller at 1. */
lua_State *shim_new_coroutine(lua_State *L);
void shim_spawn(lua_State *L, struct controller *controller);
/* The same in a scope, NULL for none; only a task in one can be watched. */
struct task *shim_spawn_in(lua_State *L, struct controller *controller, cq_scope *scope);
/* The object on top of the stack, which it pops, is told of the task's end: its controller is at 1. */
void shim_watch(lua_State *L, struct task *task);
/* Tells it, and removes the task: it has returned what lies on its stack or, with `failed`, thrown what is on top of L. 0, or
 * -1 with a message on L instead. */
int shim_tell_end(lua_State *L, struct controller *controller, struct task *task, int failed);
/* Removes a task from the controller at 1. */
void shim_finish(lua_State *L, struct controller *controller, struct task *task);
/* Tells of the task that was to be told of, and removes it from the controller at 1. On top of the stack is what it is said to have
 * thrown, which stays. 0, or a status: there is still no memory. */
int shim_abandon(lua_State *L, struct controller *controller);
/* Frees the records of all tasks, which the core has forgotten. */
void shim_drop_tasks(struct controller *controller);
/* Whether a coroutine runs, or has resumed one that runs. */
int shim_runs(lua_State *co);
/* Keeps the failed coroutine on top of the stack in the controller at 1 until the next step. */
void shim_keep_failed(lua_State *L, struct controller *controller);
/* Closes those that were kept. */
void shim_close_failed(lua_State *L, struct controller *controller);
/* The coroutine on top of the stack is to be a task again: it is not closed. */
void shim_forgive(lua_State *L, struct controller *controller);
/* Closes the coroutines in the list on top of the stack, and pops it. */
void shim_close_threads(lua_State *L);

/* The end of a wait for an object that goes on in the coroutine L, once; 0 if it was not ended. What the step has resumed may resume
 * others by hand, whose waits are not: so it is the step's own coroutine, or one inside it, which waits for what that has yielded. */
static inline int shim_take_end(const lua_State *L, const struct shim *shim, const void *object)
{
	struct controller *running = shim->running;
	int code = running ? running->ended : 0;
	if (!code || (running->ended_for != object && !(running->current && running->current->thread == L)))
		return 0;
	running->ended = 0;
	return code;
}

/* -- The step: step.c ------------------------------------------------------------------------- */

/* Makes what steps need, once. */
void shim_prepare_step(lua_State *L, struct shim *shim);
/* _step, _take, _resume_step */
int shim_step(lua_State *L);
int shim_take(lua_State *L);
int shim_resume_step(lua_State *L);
/* Whether the caller is a task of another controller, which polls this one before it steps it; notes then whether it has time. */
int shim_polls_first(struct controller *controller, double timeout);
/* The step itself, of the controller at 1, for callers that have looked at the arguments. The first half waits. 0: nothing was
 * ready, and the step is over. Otherwise the second half runs what is ready, or tells of the code with which the first half has
 * failed; how many values it pushes. */
int shim_begin_step(lua_State *L, struct controller *controller, double timeout, int *code);
int shim_run_step(lua_State *L, struct controller *controller, int code);
/* Whether a loop goes on after a step, and for how long at most, NaN for no limit. 0 if Lua is to decide: the loop may be over,
 * a hook waits to be called (the interpreter's for SIGINT is set so), or no task has run, as after a signal. */
int shim_goes_on(lua_State *L, const struct controller *controller, double deadline, double *left);
/* What `_step` does for a caller in a task of another controller that has polled the one at 1. */
int shim_step_polled(lua_State *L);
/* _quick_step(f, g): the method `step`; f is one in Lua, and g goes on after what _step cannot do by itself: step_method.c */
int shim_quick_step(lua_State *L);

/* -- What a step tells: step_report.c ------------------------------------------------------------- */

/* Why a task cannot be parked. */
struct refusal {
	int code;   /* an errno, or 0 */
	int object; /* the place of the polled object on the task's stack, or 0 */
	int fd;     /* or -1 */
};

/* -- What a step parks a task on: step_park.c ------------------------------------------------------ */

/* Parks a task on the values that it yielded behind the marker, which lies at task->base. 0, or -1 with a message on L. */
int shim_park_yielded(lua_State *L, struct controller *controller, struct task *task, struct refusal *why);
/* The same for what a method has handed over. */
int shim_park_given(lua_State *L, struct controller *controller, struct task *task, struct refusal *why);

/* What resuming a task comes to when the step goes on with the next one. */
enum { SHIM_NEXT = 0 };

/* false, message, errno, coroutine, object, fd for a task; the message is on top of L. SHIM_NEXT if somebody
 * else is told. */
int shim_report(lua_State *L, struct controller *controller, struct task *task, const struct refusal *why);

/* -- Waits that are handed over: handed.c ---------------------------------------------------------- */

/* The controller whose step has resumed this coroutine, if nobody in between has to see what it waits for. */
struct controller *shim_stepped(lua_State *L, const struct shim *shim);
#if SHIM_CONTINUES
#define shim_has_handed(T, shim) ((void)(T), (void)(shim), 1)
#define shim_handed(task) HANDED_NOTHING
#define shim_handed_arguments(controller, task) ((void)(controller), (void)(task), 0)
#else
/* Leaves the task, whose wait was handed over: yields the object at 1 and the mark; the calling function returns what
 * `shim_handed_arguments` says, or what the program passes that resumes the task by hand. To be called as the last act:
 * `return shim_leave(...)`. */
int shim_leave(lua_State *L, const struct shim *shim);
/* _hand_wait(condition, seconds): the mark, and whether it was signalled and, if the time has passed, true; if the wait is ended, the
 * marker and what is to be thrown; the mark once more if it cannot be handed over, and nothing was done. Without the mark in front
 * the task was resumed by hand. */
int shim_hand_wait(lua_State *L);
/* Does what `_wait` does if it is for a number alone in a task: -1, having yielded. 0 if not. */
int shim_hand_time(lua_State *L, const struct shim *shim);
/* _park_controller(controller, seconds): hands over the wait for a controller, as `shim_poll_and_step` has asked. */
int shim_park_controller(lua_State *L);
/* _step_handed(controller, 0, true, deadline): goes on with a step after that wait, and with those of a loop for which it hands their
 * waits over. The mark twice and what `_step` returns; without it twice the task was resumed, and the step is to be made again. */
int shim_step_handed(lua_State *L);
/* Whether a coroutine has yielded the mark, and nobody has resumed it since. */
static inline int shim_has_handed(lua_State *T, const struct shim *shim)
{
	return lua_touserdata(T, 2) == shim->hand;
}
/* How many values a task is resumed with whose wait was handed over, which lie on top of its stack; see `arguments`. */
int shim_handed_arguments(const struct controller *controller, const struct task *task);
#define shim_handed(task) ((task)->handed)
#endif
/* _quick_sleep(f), _quick_wait(f, signal): `sleep` of cqueues and `wait` of conditions, which leave to f what they cannot do;
 * what has this method `signal` is taken for a condition */
/* Before 5.4 they return f. */
int shim_quick_sleep(lua_State *L);
int shim_quick_wait(lua_State *L);
/* Waits, in a task of another controller, for the one at 1, at most so many seconds, and goes on with shim_step_polled; this leaves
 * the caller. In 5.1 it pushes the mark and the seconds, for the caller to return: Lua calls `_park_controller` with them, and
 * `_step_handed`. 0 if it cannot. */
int shim_poll_and_step(lua_State *L, struct controller *controller, double seconds);
/* The same for the next step of a loop. In 5.1 the caller returns at once what this returns, -1: Lua calls `_step_handed` again. */
#if SHIM_HANDS && !SHIM_CONTINUES
int shim_poll_again(lua_State *L, struct controller *controller, double seconds);
#else
#define shim_poll_again shim_poll_and_step
#endif
/* Parks a task on the condition or the time that was handed over. An errno, or 0. */
int shim_park_handed(struct controller *controller, struct task *task);

/* -- Lists of tasks: listing.c ------------------------------------------------------------------ */

int shim_tasks(lua_State *L);
int shim_note_home(lua_State *L);
/* Puts the traceback of the coroutine at 5 behind the message at 3, where programs have asked for that. In Lua 5.1 a message
 * that a task cannot wait here says so in words. */
void shim_add_traceback(lua_State *L, const struct shim *shim);
/* Tells the core in which file and line each coroutine stands, for who looks at the controller from outside. */
void shim_tell_places(const struct controller *controller);

/* -- Methods: controller.c -------------------------------------------------------------------- */

int shim_begin_loop(lua_State *L);
extern const luaL_Reg shim_controller_methods[], shim_controller_meta[];

#pragma GCC visibility pop

#endif
