/* SPDX-License-Identifier: MIT
 *
 * cqueues.signal: what becomes of signals, and listeners for them (guide 3.2.4). A listener's `wait` stands in
 * signal.lua.
 */
#include "shim.h"
#include <signal.h>

const char shim_listener_tag[] = SHIM_LISTENER;

static const struct shim_flag features[] = {
	{ CQ_SIGNAL_SIGNALFD, "SIGNALFD", "signalfd" },
	{ CQ_SIGNAL_EVFILT, "EVFILT_SIGNAL", "EVFILT_SIGNAL" },
	{ CQ_SIGNAL_SIGTIMEDWAIT, "SIGTIMEDWAIT", "sigtimedwait" },
	{ CQ_SIGNAL_KQUEUE, "KQUEUE", "kqueue" },
	{ CQ_SIGNAL_KQUEUE1, "KQUEUE1", "kqueue1" },
	{ 0, NULL, NULL },
};

enum { ALL_FEATURES = 31 };

static struct listener *check(lua_State *L)
{
	struct listener *listener = shim_check(L, 1, shim_listener_tag, SHIM_LISTENER);
	if (!listener->listener)
		shim_argerror(L, 1, "signal listener closed");
	return listener;
}

/* -- What becomes of signals --------------------------------------------------------------------- */

typedef int change(const int *signals, size_t count);

/* The arguments, in memory of Lua's. */
static int *check_signals(lua_State *L, size_t *count)
{
	int top = lua_gettop(L);
	int *signals = lua_newuserdata(L, (size_t)(top + 1) * sizeof *signals);
	for (int i = 0; i < top; i++)
		signals[i] = (int)shim_checkinteger(L, i + 1);
	*count = (size_t)top;
	return signals;
}

/* Leaves out what is no signal, and those of which nobody can hear: they were never heard of either way. */
static size_t audible(int *signals, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (signals[i] > 0 && signals[i] < NSIG && signals[i] != SIGKILL && signals[i] != SIGSTOP)
			signals[kept++] = signals[i];
	return kept;
}

/* Throws what failed, or pushes true. */
static int done(lua_State *L, const char *name, int code)
{
	if (code)
		return shim_error(L, "signal.%s: %s", name, cq_strerror(code));
	lua_pushboolean(L, 1);
	return 1;
}

static int dispose(lua_State *L, const char *name, change *what)
{
	size_t count;
	const int *signals = check_signals(L, &count);
	return done(L, name, what(signals, count));
}

/* Numbers that are no signals are passed over. */
static int mask(lua_State *L, change *what)
{
	size_t count;
	const int *signals = check_signals(L, &count);
	if (what(signals, count) == EINVAL)
		for (size_t i = 0; i < count; i++)
			what(&signals[i], 1);
	lua_pushboolean(L, 1);
	return 1;
}

/* signal.ignore(signal, ...) */
static int signal_ignore(lua_State *L)
{
	return dispose(L, "ignore", cq_signal_ignore);
}

/* signal.default(signal, ...) */
static int signal_default(lua_State *L)
{
	return dispose(L, "default", cq_signal_default);
}

/* signal.discard(signal, ...) */
static int signal_discard(lua_State *L)
{
	return dispose(L, "discard", cq_signal_discard);
}

/* signal.raise(signal, ...) */
static int signal_raise(lua_State *L)
{
	size_t count;
	const int *signals = check_signals(L, &count);
	for (size_t i = 0; i < count; i++)
		cq_signal_raise(&signals[i], 1); /* which refuses what is no signal */
	lua_pushboolean(L, 1);
	return 1;
}

/* signal.block(signal, ...) */
static int signal_block(lua_State *L)
{
	return mask(L, cq_signal_block);
}

/* signal.unblock(signal, ...) */
static int signal_unblock(lua_State *L)
{
	return mask(L, cq_signal_unblock);
}

/* -- Listeners ------------------------------------------------------------------------------------- */

/* signal.listen(signal, ...) */
static int signal_listen(lua_State *L)
{
	size_t count;
	int *signals = check_signals(L, &count);
	struct listener *listener =
	    shim_new(L, shim_self(L), shim_listener_tag, SHIM_LISTENER, sizeof *listener);
	listener->timeout = NAN;
	size_t heard = audible(signals, count);
	int code = cq_signal_listen(signals, heard, &listener->listener);
	if (shim_collected(L, code))
		code = cq_signal_listen(signals, heard, &listener->listener);
	if (code)
		return done(L, "listen", code);
	return 1;
}

/* listener:settimeout(seconds): the one before */
static int listener_settimeout(lua_State *L)
{
	struct listener *listener = check(L);
	double timeout = shim_optnumber(L, 2, NAN);
	/* None is also what makes no interval. */
	cq_signal_set_timeout(listener->listener, timeout > 0 && !isinf(timeout) ? timeout : NAN);
	lua_pushnumber(L, listener->timeout);
	listener->timeout = timeout;
	return 1;
}

/* listener:timeout() */
static int listener_timeout(lua_State *L)
{
	return shim_push_seconds(L, cq_signal_timeout(check(L)->listener));
}

/* listener:features(): how this one is told */
static int listener_features(lua_State *L)
{
	check(L);
	unsigned all = cq_signal_features();
	lua_pushinteger(L, all & CQ_SIGNAL_SIGNALFD ? CQ_SIGNAL_SIGNALFD : (int)all);
	return 1;
}

/* listener:pollfd() */
static int listener_pollfd(lua_State *L)
{
	lua_pushinteger(L, cq_signal_pollfd(check(L)->listener));
	return 1;
}

/* listener:events() */
static int listener_events(lua_State *L)
{
	check(L);
	lua_pushliteral(L, "r");
	return 1;
}

/* _begin(listener, seconds) */
static int listener_begin(lua_State *L)
{
	double timeout;
	shim_begin(L, shim_listener_tag, SHIM_LISTENER, &timeout);
	return shim_push_limit(L, timeout);
}

/* _fetch(listener): the number of a signal that came, or nil */
static int listener_fetch(lua_State *L)
{
	struct listener *listener = shim_check(L, 1, shim_listener_tag, SHIM_LISTENER);
	int number, code = listener->listener ? cq_signal_try_wait(listener->listener, &number) : EBADF;
	if (code == 0)
		lua_pushinteger(L, number);
	else if (code == EAGAIN)
		lua_pushnil(L);
	else if (code == EBADF)
		return shim_nil_and_code(L, code);
	else
		return shim_error(L, "signal:wait: %s", cq_strerror(code));
	return 1;
}

static int end(struct listener *listener)
{
	cq_signal_free(listener->listener);
	listener->listener = NULL;
	return 0;
}

static int listener_gc(lua_State *L)
{
	return end(lua_touserdata(L, 1));
}

/* listener:close(): who waits for it is told EBADF */
static int listener_close(lua_State *L)
{
	return end(shim_check(L, 1, shim_listener_tag, SHIM_LISTENER));
}

/* -- The module -------------------------------------------------------------------------------------- */

/* signal.strsignal(number) */
static int signal_strsignal(lua_State *L)
{
	lua_pushstring(L, cq_strsignal((int)shim_checkinteger(L, 1)));
	return 1;
}

/* signal.strflag(bits, ...): the words of each argument */
static int signal_strflag(lua_State *L)
{
	int count = 0, top = lua_gettop(L);
	for (int i = 1; i <= top; i++) {
		luaL_checkstack(L, 8, "too many flags");
		count += shim_push_words(L, features, (unsigned)shim_checkinteger(L, i));
	}
	return count;
}

/* signal.flags(bits, ...) */
static int signal_flags(lua_State *L)
{
	return shim_push_bits(L, ALL_FEATURES);
}

/* signal.type(object) */
static int signal_type(lua_State *L)
{
	return shim_push_type(L, shim_listener_tag, "signal listener");
}

/* signal.interpose(name, function) */
static int signal_interpose(lua_State *L)
{
	return shim_interpose(L, &shim_self(L)->custom_listener);
}

static const luaL_Reg methods[] = {
	{ "settimeout", listener_settimeout },
	{ "features", listener_features },
	{ "pollfd", listener_pollfd },
	{ "events", listener_events },
	{ "timeout", listener_timeout },
	{ "close", listener_close },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__gc", listener_gc },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "ignore", signal_ignore },
	{ "default", signal_default },
	{ "discard", signal_discard },
	{ "raise", signal_raise },
	{ "block", signal_block },
	{ "unblock", signal_unblock },
	{ "listen", signal_listen },
	{ "strsignal", signal_strsignal },
	{ "strflag", signal_strflag },
	{ "flags", signal_flags },
	{ "type", signal_type },
	{ "interpose", signal_interpose },
	{ "_begin", listener_begin },
	{ "_fetch", listener_fetch },
	{ "_define", shim_define },
	{ NULL, NULL },
};

/* Names and numbers both ways. Of names that share a number, one is the number's. */
static void set_signals(lua_State *L)
{
	const char *name;
	int number;
	for (size_t i = 0; cq_signal_list(i, &name, &number) == 0; i++) {
		lua_pushinteger(L, number);
		lua_setfield(L, -2, name);
		lua_pushstring(L, cq_signal_name(number));
		lua_rawseti(L, -2, number);
	}
}

/* By name only: the numbers are those of signals. */
static void set_features(lua_State *L)
{
	for (const struct shim_flag *flag = features; flag->bit; flag++) {
		lua_pushinteger(L, (int)flag->bit);
		lua_setfield(L, -2, flag->name);
	}
	lua_pushinteger(L, (int)cq_signal_features());
	lua_setfield(L, -2, "FEATURES");
}

int luaopen__cqueues_signal(lua_State *L)
{
	shim_module(L, SHIM_LISTENER, methods, meta, functions);
	set_signals(L);
	set_features(L);
	return 1;
}
