/* SPDX-License-Identifier: MIT
 *
 * What a TLS connection tells about itself and its peer, as a table.
 */
#include "socket.h"
#include "tls.h"

/* Pushes a fact, or nothing. */
static int push_fact(lua_State *L, cq_socket *so, uint32_t which, size_t index)
{
	char small[256], *place = small;
	size_t length = 0;
	int code = cq_socket_tls_fact(so, which, index, small, sizeof small, &length);
	if (code == CQ_ENOBUFS) {
		place = lua_newuserdata(L, length + 1);
		code = cq_socket_tls_fact(so, which, index, place, length + 1, &length);
		if (!code)
			lua_pushlstring(L, place, length);
		lua_remove(L, code ? -1 : -2);
		return !code;
	}
	if (!code)
		lua_pushlstring(L, small, length);
	return !code;
}

static void set_fact(lua_State *L, cq_socket *so, const char *field, uint32_t which)
{
	if (push_fact(L, so, which, 0))
		lua_setfield(L, -2, field);
}

/* A list of all facts of a kind; none if there is none. */
static void set_list(lua_State *L, cq_socket *so, const char *field, uint32_t which)
{
	lua_newtable(L);
	size_t count = 0;
	for (; push_fact(L, so, which, count); count++)
		lua_rawseti(L, -2, (int)count + 1);
	if (count)
		lua_setfield(L, -2, field);
	else
		lua_pop(L, 1);
}

int shim_socket_tlsinfo(lua_State *L)
{
	static const struct {
		const char *field;
		uint32_t which;
	} single[] = {
		{ "version", CQ_TLS_FACT_VERSION }, { "cipher", CQ_TLS_FACT_CIPHER },   { "group", CQ_TLS_FACT_GROUP },
		{ "subject", CQ_TLS_FACT_SUBJECT }, { "issuer", CQ_TLS_FACT_ISSUER },
	};
	cq_socket *so = shim_socket(L, 1)->so;
	char protocol[256];
	double until;
	if (!cq_socket_checktls(so))
		return 0;
	lua_newtable(L);
	for (size_t i = 0; i < sizeof single / sizeof *single; i++)
		set_fact(L, so, single[i].field, single[i].which);
	set_list(L, so, "names", CQ_TLS_FACT_NAME);
	set_list(L, so, "der", CQ_TLS_FACT_DER);
	set_list(L, so, "pem", CQ_TLS_FACT_PEM);
	if (!cq_socket_tls_expiry(so, &until)) {
		lua_pushnumber(L, until);
		lua_setfield(L, -2, "expiry");
	}
	if (!cq_socket_alpn(so, protocol, sizeof protocol) && protocol[0]) {
		lua_pushstring(L, protocol);
		lua_setfield(L, -2, "alpn");
	}
	lua_pushboolean(L, cq_socket_resumed(so));
	lua_setfield(L, -2, "resumed");
	return 1;
}
