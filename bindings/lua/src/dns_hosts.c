/* SPDX-License-Identifier: MIT
 *
 * cqueues.dns.hosts: names and addresses that are known without asking (guide 3.2.10).
 */
#include "dns.h"

const char dns_hosts_tag[] = DNS_HOSTS;

static cq_dns_hosts *check(lua_State *L)
{
	return ((struct hosts *)shim_check(L, 1, dns_hosts_tag, DNS_HOSTS))->hosts;
}

static cq_dns_hosts *make(lua_State *L, int (*make)(cq_dns_hosts **))
{
	struct hosts *hosts = shim_new(L, shim_self(L), dns_hosts_tag, DNS_HOSTS, sizeof *hosts);
	int code = make(&hosts->hosts);
	if (code)
		shim_error(L, "%s", cq_strerror(code));
	return hosts->hosts;
}

/* hosts.new(), hosts.root(): an empty table */
static int hosts_new(lua_State *L)
{
	make(L, cq_dns_hosts_new);
	return 1;
}

/* hosts.stub(): the system's */
static int hosts_stub(lua_State *L)
{
	make(L, cq_dns_hosts_stub);
	return 1;
}

/* Reads the file, or the file of the path, at `index`. A code. */
static int load(lua_State *L, cq_dns_hosts *hosts, int index, int is_path)
{
	if (is_path) {
		const char *path = shim_check_text(L, index);
		return *path ? cq_dns_hosts_loadpath(hosts, path) : EINVAL;
	}
	size_t size;
	dns_read_file(L, index);
	const char *text = lua_tolstring(L, -1, &size);
	return cq_dns_hosts_load(hosts, text, size, "file");
}

static int load_into(lua_State *L, int is_path)
{
	return shim_success(L, load(L, check(L), 2, is_path));
}

/* hosts:loadfile(file) */
static int hosts_loadfile(lua_State *L)
{
	return load_into(L, 0);
}

/* hosts:loadpath(path) */
static int hosts_loadpath(lua_State *L)
{
	return load_into(L, 1);
}

static int new_of(lua_State *L, int is_path)
{
	lua_settop(L, 1);
	cq_dns_hosts *hosts = make(L, cq_dns_hosts_new);
	load(L, hosts, 1, is_path); /* what cannot be read is as good as empty */
	lua_settop(L, 2);
	return 1;
}

/* hosts.loadfile(file) */
static int new_of_file(lua_State *L)
{
	return new_of(L, 0);
}

/* hosts.loadpath(path) */
static int new_of_path(lua_State *L)
{
	return new_of(L, 1);
}

/* hosts:insert(address, name[, alias]); an alias is no answer to a reverse lookup */
static int hosts_insert(lua_State *L)
{
	cq_dns_hosts *hosts = check(L);
	const char *address = shim_check_text(L, 2), *name = shim_check_text(L, 3);
	bool canonical = !lua_toboolean(L, 4);
	int code = cq_dns_hosts_insert(hosts, address, name, canonical);
	if (code)
		return shim_error(L, "%s: %s", code == CQ_EADDRESS ? address : name, cq_strerror(code));
	lua_pushboolean(L, 1);
	return 1;
}

/* hosts:warnings(): lines that were skipped */
static int hosts_warnings(lua_State *L)
{
	const cq_dns_hosts *hosts = check(L);
	lua_newtable(L);
	for (int i = 0;; i++) {
		char text[512];
		size_t length;
		int code = cq_dns_hosts_warning(hosts, (size_t)i, text, sizeof text, &length);
		if (code == ENOENT)
			return 1;
		lua_pushstring(L, text); /* cut, if it is long */
		lua_rawseti(L, -2, i + 1);
	}
}

/* tostring(hosts) */
static int hosts_tostring(lua_State *L)
{
	const cq_dns_hosts *hosts = check(L);
	dns_push_text(L, cq_dns_hosts_format, hosts);
	return 1;
}

static int hosts_gc(lua_State *L)
{
	struct hosts *hosts = lua_touserdata(L, 1);
	cq_dns_hosts_free(hosts->hosts);
	hosts->hosts = NULL;
	return 0;
}

/* hosts.type(object) */
static int hosts_type(lua_State *L)
{
	return shim_push_type(L, dns_hosts_tag, "dns hosts");
}

static const luaL_Reg methods[] = {
	{ "insert", hosts_insert },
	{ "loadfile", hosts_loadfile },
	{ "loadpath", hosts_loadpath },
	{ "warnings", hosts_warnings },
	{ NULL, NULL },
};

static const luaL_Reg meta[] = {
	{ "__tostring", hosts_tostring },
	{ "__gc", hosts_gc },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "new", hosts_new },
	{ "stub", hosts_stub },
	{ "root", hosts_new },
	{ "loadfile", new_of_file },
	{ "loadpath", new_of_path },
	{ "type", hosts_type },
	{ "interpose", dns_interpose },
	{ NULL, NULL },
};

int luaopen__cqueues_dns_hosts(lua_State *L)
{
	shim_module(L, DNS_HOSTS, methods, meta, functions);
	return 1;
}
