/* SPDX-License-Identifier: MIT
 *
 * Scopes, and what their tasks meet when they end.
 */
#ifndef CQUEUES_SCOPE_H
#define CQUEUES_SCOPE_H

#include "controller.h"

#pragma GCC visibility push(hidden)

#define SHIM_SCOPE "CQS Scope"
#define SHIM_CANCELLATION "CQS Cancellation"

struct scope {
	struct object object;
	cq_scope *scope; /* NULL once freed */
};

extern const char shim_scope_tag[];

/* Makes the class of cancellations. */
void shim_make_cancellations(lua_State *L);
/* Pushes what a wait throws that was ended with `code`. */
void shim_push_cancellation(lua_State *L, struct controller *controller, const struct task *task, int code);
int shim_is_cancellation(lua_State *L, int index);

#pragma GCC visibility pop

#endif
