/* SPDX-License-Identifier: MIT
 *
 * cqueues.dns.resolver: questions and answers (guide 3.2.12).
 */
#include "dns.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>

const char dns_resolver_tag[] = DNS_RESOLVER;

struct resolver *dns_resolver(lua_State *L)
{
	struct resolver *resolver = shim_check(L, 1, dns_resolver_tag, DNS_RESOLVER);
	if (!resolver->resolver)
		shim_argerror(L, 1, "resolver defunct");
	return resolver;
}

/* -- Making resolvers ------------------------------------------------------------------------- */

static int new_resolver(lua_State *L, const cq_dns_config *config, int hosts_at)
{
	const struct hosts *hosts = shim_test(L, hosts_at, dns_hosts_tag);
	const struct hints *hints = shim_test(L, hosts_at + 1, dns_hints_tag);
	struct resolver *resolver = shim_new(L, shim_self(L), dns_resolver_tag, DNS_RESOLVER, sizeof *resolver);
	resolver->exposed = -1;
	int code = cq_dns_resolver_new(config, hosts ? hosts->hosts : NULL, hints ? hints->hints : NULL,
	                               &resolver->resolver);
	return code ? shim_nil_and_code(L, code) : 1;
}

/* resolver.new([config or { ... }][, hosts][, hints]) */
static int resolver_new(lua_State *L)
{
	lua_settop(L, 3);
	if (lua_istable(L, 1))
		return new_resolver(L, dns_new_config(L, shim_self(L), 1, cq_dns_config_new), 2);
	const struct config *config = shim_test(L, 1, dns_config_tag);
	return new_resolver(L, config ? config->config : NULL, 2);
}

static int new_of(lua_State *L, int (*make)(cq_dns_config **))
{
	lua_settop(L, 1);
	lua_settop(L, 3);
	return new_resolver(L, dns_new_config(L, shim_self(L), 1, make), 2);
}

/* resolver.stub([{ ... }]) */
static int resolver_stub(lua_State *L)
{
	return new_of(L, cq_dns_config_stub);
}

/* resolver.root([{ ... }]) */
static int resolver_root(lua_State *L)
{
	return new_of(L, cq_dns_config_root);
}

/* -- The poll protocol ------------------------------------------------------------------------ */

/* resolver:pollfd() */
static int resolver_pollfd(lua_State *L)
{
	struct resolver *resolver = dns_resolver(L);
	resolver->exposed = cq_dns_resolver_pollfd(resolver->resolver);
	lua_pushinteger(L, resolver->exposed);
	return 1;
}

void dns_cancel_exposed(lua_State *L, struct resolver *resolver)
{
	if (resolver->exposed >= 0)
		shim_cancel(L, resolver->exposed);
	resolver->exposed = -1;
}

/* resolver:events() */
static int resolver_events(lua_State *L)
{
	unsigned events = cq_dns_resolver_events(dns_resolver(L)->resolver);
	if (!events)
		lua_pushnil(L);
	else
		lua_pushstring(L, events & POLLOUT ? events & POLLIN ? "rw" : "w" : "r");
	return 1;
}

/* resolver:timeout(): a second if there is nothing to wait for */
static int resolver_timeout(lua_State *L)
{
	double timeout = cq_dns_resolver_timeout(dns_resolver(L)->resolver);
	lua_pushnumber(L, isnan(timeout) ? 1 : timeout);
	return 1;
}

/* -- The rest ----------------------------------------------------------------------------------- */

static void push_traffic(lua_State *L, const char *name, const cq_dns_traffic *sent, const cq_dns_traffic *received)
{
	const cq_dns_traffic *traffic[] = { sent, received };
	lua_newtable(L);
	for (int i = 0; i < 2; i++) {
		lua_createtable(L, 0, 2);
		shim_push_unsigned(L, traffic[i]->count);
		lua_setfield(L, -2, "count");
		shim_push_unsigned(L, traffic[i]->bytes);
		lua_setfield(L, -2, "bytes");
		lua_setfield(L, -2, i ? "rcvd" : "sent");
	}
	lua_setfield(L, -2, name);
}

/* resolver:stat() */
static int resolver_stat(lua_State *L)
{
	cq_dns_stat stat;
	int code = cq_dns_resolver_stat(dns_resolver(L)->resolver, &stat);
	if (code)
		return shim_nil_and_code(L, code);
	lua_newtable(L);
	shim_push_unsigned(L, stat.queries);
	lua_setfield(L, -2, "queries");
	push_traffic(L, "udp", &stat.udp_sent, &stat.udp_received);
	push_traffic(L, "tcp", &stat.tcp_sent, &stat.tcp_received);
	return 1;
}

/* resolver:reason(): why the last answer is not what was wanted; nil if there is nothing to say */
static int resolver_reason(lua_State *L)
{
	dns_push_text(L, cq_dns_resolver_reason, dns_resolver(L)->resolver);
	if (lua_rawlen(L, -1) == 0)
		lua_pushnil(L);
	return 1;
}

static void destroy(lua_State *L, struct resolver *resolver)
{
	dns_cancel_exposed(L, resolver);
	cq_dns_resolver_free(resolver->resolver);
	cq_dns_packet_free(resolver->answer);
	resolver->resolver = NULL;
	resolver->answer = NULL;
}

/* resolver:close() */
static int resolver_close(lua_State *L)
{
	destroy(L, shim_check(L, 1, dns_resolver_tag, DNS_RESOLVER));
	return 0;
}

static int resolver_gc(lua_State *L)
{
	destroy(L, lua_touserdata(L, 1));
	return 0;
}

/* _check(name, type, class): throws what `query` would */
static int check_question(lua_State *L)
{
	shim_checkstring(L, 1, NULL);
	dns_check_type(L, 2);
	dns_check_class(L, 3);
	return 0;
}

/* _release(resolver): gives up its question; whether it can be used again */
static int release(lua_State *L)
{
	struct resolver *resolver = shim_check(L, 1, dns_resolver_tag, DNS_RESOLVER);
	dns_cancel_exposed(L, resolver);
	if (resolver->waits && resolver->resolver)
		cq_dns_resolver_cancel(resolver->resolver);
	resolver->waits = 0;
	resolver->serial++;
	lua_pushboolean(L, resolver->resolver != NULL);
	return 1;
}

/* An address as text, with its zone. */
static void push_address(lua_State *L, const cq_address *address)
{
	char text[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE];
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	memcpy(&v6, address->storage, sizeof v6);
	memcpy(&v4, address->storage, sizeof v4);
	if (v4.sin_family == AF_INET) {
		lua_pushstring(L, inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text));
		return;
	}
	inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
	if (v6.sin6_scope_id) {
		char *zone = text + strlen(text);
		*zone++ = '%';
		if (!if_indextoname(v6.sin6_scope_id, zone))
			snprintf(zone, IF_NAMESIZE, "%u", (unsigned)v6.sin6_scope_id);
	}
	lua_pushstring(L, text);
}

/* _known(resolver, host, family): the addresses that are known without asking, or nil and a code */
static int known(lua_State *L)
{
	size_t size, count = 16, room = count;
	const char *host = shim_checkstring(L, 2, &size);
	int family = (int)shim_checkinteger(L, 3), code;
	cq_address few[16], *list = few;
	if (strlen(host) != size)
		return shim_nil_and_code(L, CQ_EILLEGAL);
	/* The resolver is looked at again each time: a finalizer may have closed it. */
	while (!(code = cq_dns_resolver_known(dns_resolver(L)->resolver, host, family, list, &count)) && count == room)
		list = lua_newuserdata(L, (count = room *= 2) * sizeof *list);
	if (code)
		return shim_nil_and_code(L, code);
	lua_createtable(L, (int)count, 0);
	for (size_t i = 0; i < count; i++) {
		push_address(L, &list[i]);
		lua_rawseti(L, -2, (int)i + 1);
	}
	return 1;
}

/* resolver.type(object) */
static int resolver_type(lua_State *L)
{
	const struct resolver *resolver = shim_test(L, 1, dns_resolver_tag);
	return shim_push_type(L, dns_resolver_tag, resolver && resolver->resolver ? "dns resolver" : "closed dns resolver");
}

/* resolver.interpose(name, function) */
static int resolver_interpose(lua_State *L)
{
	return shim_interpose(L, &shim_self(L)->custom_resolver);
}

static const luaL_Reg methods[] = {
	{ "stat", resolver_stat },
	{ "reason", resolver_reason },
	{ "close", resolver_close },
	{ "pollfd", resolver_pollfd },
	{ "events", resolver_events },
	{ "timeout", resolver_timeout },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__gc", resolver_gc },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "new", resolver_new },
	{ "stub", resolver_stub },
	{ "root", resolver_root },
	{ "type", resolver_type },
	{ "interpose", resolver_interpose },
	{ "_check", check_question },
	{ "_release", release },
	{ "_known", known },
	{ NULL, NULL },
};

int luaopen__cqueues_dns_resolver(lua_State *L)
{
	luaL_getmetatable(L, DNS_RESOLVER);
	int first = lua_isnil(L, -1);
	/* The classes of what resolvers are made of and answer, should their modules not be loaded. */
	luaopen__cqueues_dns_config(L);
	luaopen__cqueues_dns_packet(L);
	lua_pop(L, 3);
	shim_module(L, DNS_RESOLVER, methods, meta, functions);
	if (first) {
		luaL_getmetatable(L, DNS_RESOLVER);
		lua_getfield(L, -1, "__index");
		dns_set_questions(L);
		lua_pop(L, 2);
	}
	return 1;
}
