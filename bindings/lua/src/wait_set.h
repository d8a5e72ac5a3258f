/* SPDX-License-Identifier: MIT
 *
 * What polling an object means, and values to be waited for: poll.c.
 */
#ifndef CQUEUES_WAIT_SET_H
#define CQUEUES_WAIT_SET_H

#include "shim.h"

/* Nobody else calls these, which makes calls cheaper. */
#pragma GCC visibility push(hidden)

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
/* The descriptor of a number or an object, which tasks wait for that poll it; -1 for none. */
int shim_descriptor(lua_State *L, struct shim *shim, int index);
/* That of a controller whose `pollfd` Lua was given, for tasks that poll this number; -1 for all else. */
int shim_other_descriptor(lua_State *L, int index);

enum { SHIM_FEW = 16 }; /* wait sets up to this size need no memory */

#pragma GCC visibility pop

#endif
