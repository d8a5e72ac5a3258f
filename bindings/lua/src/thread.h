/* SPDX-License-Identifier: MIT
 *
 * What the files about threads share: values that travel from one Lua state to another.
 */
#ifndef CQUEUES_THREAD_H
#define CQUEUES_THREAD_H

#include "socket.h"

/* Values, copied into one piece of memory that belongs to no Lua state: whoever packed them may be closed before they
 * are unpacked. */
struct parcel;

/* Packs package.path, package.cpath and the values at 1 to `count`, the arguments of the running function, which throws
 * for what cannot travel. NULL without memory. Free it with free(3). */
struct parcel *parcel_pack(lua_State *L, int count);
/* Sets package.path and package.cpath. */
void parcel_set_paths(lua_State *L, const struct parcel *parcel);
/* Pushes the first argument; pushes the others and returns how many. */
void parcel_push_function(lua_State *L, const struct parcel *parcel);
int parcel_push_rest(lua_State *L, const struct parcel *parcel);

/* Keeps the library that an address lies in from being unloaded, as long as the process lives. */
void thread_pin(void *address);

#endif
