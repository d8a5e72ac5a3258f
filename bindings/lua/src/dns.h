/* SPDX-License-Identifier: MIT
 *
 * What the files about DNS share. Each object holds one handle of the library, or in the case of records
 * the record itself.
 */
#ifndef CQUEUES_DNS_H
#define CQUEUES_DNS_H

#include "shim.h"

#define DNS_PACKET "DNS Packet"
#define DNS_CONFIG "DNS Config"
#define DNS_HOSTS "DNS Hosts"
#define DNS_HINTS "DNS Hints"
#define DNS_RESOLVER "DNS Resolver"

enum { DNS_LARGEST = 65535 }; /* bytes of a message */

extern const char dns_packet_tag[], dns_record_tag[], dns_config_tag[], dns_hosts_tag[], dns_hints_tag[];
/* dns_resolver_tag stands in shim.h: the controller polls resolvers. */

struct packet {
	struct object object;
	cq_dns_packet *packet;
	size_t room;      /* how many bytes it may have */
	unsigned changes; /* grows with each change of its bytes */
};

/* The owner of the record that was found last: the next one usually points to the same name. */
struct owner {
	unsigned pointer, changes; /* 0: there is none */
	size_t size;
	unsigned char wire[255];
};

/* Name and data lie behind it, so that it needs neither its packet nor a finalizer. */
struct record {
	const char *tag; /* as in struct object */
	cq_dns_record rr;
	unsigned char data[];
};

struct config {
	struct object object;
	cq_dns_config *config;
};

struct hosts {
	struct object object;
	cq_dns_hosts *hosts;
};

struct hints {
	struct object object;
	cq_dns_hints *hints;
};

/* -- Texts ---------------------------------------------------------------------------------- */

/* Pushes what `function(object, buffer, size, &length)` of the library writes; throws what it fails with. `object` is
 * looked at again when a longer buffer was made, which runs finalizers. */
#define dns_push_text(L, function, object) \
	do { \
		char few_[1024], *text_ = few_; \
		size_t size_ = sizeof few_, length_ = 0; \
		int code_; \
		while ((code_ = function((object), text_, size_, &length_)) && length_ >= size_) \
			text_ = lua_newuserdata((L), size_ = length_ + 1); \
		if (code_) \
			shim_error((L), "%s", cq_strerror(code_)); \
		lua_pushlstring((L), text_, length_); \
	} while (0)

/* Pushes the content of the file at `index`, of which nothing is left if it is closed. */
void dns_read_file(lua_State *L, int index);

/* -- Numbers with names --------------------------------------------------------------------- */

/* The type, the class or the section, a number or a name, at `index`; throws if there is none. */
unsigned dns_check_type(lua_State *L, int index);
unsigned dns_check_class(lua_State *L, int index);
unsigned dns_check_section(lua_State *L, int index);
/* Adds a table of the library to the table on top of the stack: names to numbers, and numbers to names if
 * `both`. */
void dns_set_names(lua_State *L, unsigned table, int both);

/* -- Objects -------------------------------------------------------------------------------- */

/* interpose(name, function) of a class whose methods nothing here calls past the metatable. */
int dns_interpose(lua_State *L);
/* Pushes a packet object without a packet. */
struct packet *dns_new_packet(lua_State *L, struct shim *shim);
int dns_packet_grep(lua_State *L);
/* Pushes the table of the metatables of records: by type, and at 0 that of all other types. */
void dns_push_classes(lua_State *L);
/* Bytes to copy a record into. */
struct room {
	unsigned char *bytes;
	size_t size;
};

/* Pushes a record, which is in a packet; `classes` is where that table is. Returns a code: EAGAIN if there was not enough
 * room; it is larger then, and the record must be looked up again. */
int dns_push_record(lua_State *L, int classes, const cq_dns_record *record, struct owner *owner, struct room *room);
/* The resolver at 1; throws if it is none, or closed. */
struct resolver *dns_resolver(lua_State *L);
/* Its descriptors are about to change: wakes who polls the one that Lua has the number of. */
void dns_cancel_exposed(lua_State *L, struct resolver *resolver);
/* Adds the methods that ask to the table on top of the stack. */
void dns_set_questions(lua_State *L);
/* The fields of a configuration's table that hold its lists, by CQ_DNS_NAMESERVERS and so on. */
extern const char *const dns_lists[];
/* Set a list, the options or the interface of a configuration to the value on top of the stack, a table or for the
 * interface a text; throw what is wrong with it. */
void dns_set_list(lua_State *L, cq_dns_config *config, int list);
void dns_set_options(lua_State *L, cq_dns_config *config);
void dns_set_interface(lua_State *L, cq_dns_config *config);
/* Has connections over TLS made with the TLS configuration on top of the stack; throws if it is none. */
void dns_set_tls(lua_State *L, cq_dns_config *config);
/* Push a list, the options or the interface of a configuration; return 1. */
int dns_push_list(lua_State *L, const cq_dns_config *config, int list);
int dns_push_options(lua_State *L, const cq_dns_config *config);
int dns_push_interface(lua_State *L, const cq_dns_config *config);
/* Applies the table at `index`, with the fields of config.new, to a configuration. */
void dns_apply(lua_State *L, int index, cq_dns_config *config);
/* Pushes a new configuration, to which the table at `index`, if there is one, was applied. */
cq_dns_config *dns_new_config(lua_State *L, struct shim *shim, int index, int (*make)(cq_dns_config **));

int luaopen__cqueues_dns(lua_State *L);
int luaopen__cqueues_dns_record(lua_State *L);
int luaopen__cqueues_dns_packet(lua_State *L);
int luaopen__cqueues_dns_config(lua_State *L);
int luaopen__cqueues_dns_hosts(lua_State *L);
int luaopen__cqueues_dns_hints(lua_State *L);
int luaopen__cqueues_dns_resolver(lua_State *L);

#endif
