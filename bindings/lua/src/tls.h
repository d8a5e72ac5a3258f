/* SPDX-License-Identifier: MIT
 *
 * What the files about TLS share.
 */
#ifndef CQUEUES_LUA_TLS_H
#define CQUEUES_LUA_TLS_H

#include "shim.h"

#define SHIM_TLS "cqueues.tls.configuration"

/* Pushes a place for a configuration, which the collector frees. */
cq_tls **shim_new_tls(lua_State *L);
/* socket:tlsinfo() */
int shim_socket_tlsinfo(lua_State *L);

#endif
