/* SPDX-License-Identifier: MIT */
/* Connecting where the SVCB and HTTPS records of a service lead, RFC 9460. */

#include "dns.h"

/* What the records of the server say of ports. */
static int there, elsewhere, nowhere;

/* One record: parameters follow each other in a buffer. */
struct binding {
	unsigned char data[300];
	size_t size;
};

static void put(struct binding *binding, const void *bytes, size_t size)
{
	memcpy(binding->data + binding->size, bytes, size);
	binding->size += size;
}

static void put_number(struct binding *binding, unsigned number)
{
	unsigned char bytes[2];

	bytes[0] = (unsigned char)(number >> 8);
	bytes[1] = (unsigned char)number;
	put(binding, bytes, 2);
}

/* A name as text, "" for the root. */
static struct binding binding_to(unsigned priority, const char *target)
{
	struct binding binding;

	binding.size = 0;
	put_number(&binding, priority);
	while (*target) {
		size_t size = strcspn(target, ".");
		unsigned char length = (unsigned char)size;

		put(&binding, &length, 1);
		put(&binding, target, size);
		target += size + (target[size] == '.');
	}
	put(&binding, "", 1);
	return binding;
}

static void put_parameter(struct binding *binding, unsigned key, const void *value, size_t size)
{
	put_number(binding, key);
	put_number(binding, (unsigned)size);
	put(binding, value, size);
}

static void put_port(struct binding *binding, int port)
{
	put_number(binding, 3);
	put_number(binding, 2);
	put_number(binding, (unsigned)port);
}

static void push_binding(cq_dns_packet *reply, const char *name, unsigned type, const struct binding *binding)
{
	push_rdata(reply, name, type, binding->data, binding->size);
}

/* Records of services by the first labels of names. Hosts called local... have the address 127.0.0.1. */
static bool answer_service(cq_dns_packet *reply, const char *owner, unsigned type)
{
	const char *name = owner;
	struct binding first = binding_to(1, "local.test"), second = binding_to(2, "local-second.test");

	const char *prefix = strstr(name, "._https.");

	if (type != TYPE_HTTPS && type != TYPE_SVCB)
		return begins(name, "gone"); /* no addresses */
	if (prefix && !begins(prefix, "._https.local"))
		name = prefix + 8;
	if (begins(name, "port")) {
		put_port(&first, there);
	} else if (begins(name, "order")) { /* the better one comes second, and refuses */
		put_port(&second, there);
		push_binding(reply, owner, type, &second);
		put_port(&first, nowhere);
	} else if (begins(name, "back")) {
		put_port(&first, nowhere);
	} else if (begins(name, "self")) {
		first = binding_to(1, "");
		put_port(&first, there);
	} else if (begins(name, "gone")) {
		first = binding_to(0, "");
	} else if (begins(name, "leads")) {
		first = binding_to(0, "port.test");
	} else if (begins(name, "loop")) {
		first = binding_to(0, name);
	} else if (begins(name, "hint")) { /* nobody tells the addresses of the host */
		first = binding_to(1, "silent.test");
		put_port(&first, there);
		put_parameter(&first, 4, "\177\0\0\1", 4);
	} else if (begins(name, "alpn")) {
		put_parameter(&first, 1, "\2h2", 3);
		put_parameter(&first, 2, "", 0);
		put_port(&first, there);
		push_binding(reply, owner, type, &first);
		put_parameter(&second, 1, "\2h3", 3);
		put_port(&second, elsewhere);
		first = second;
	} else if (begins(name, "demand")) { /* a key that nobody knows is mandatory */
		put_parameter(&first, 0, "\2\232", 2);
		put_port(&first, elsewhere);
		put_parameter(&first, 666, "x", 1);
	} else if (begins(name, "broken")) { /* the second record has its keys in the wrong order */
		put_port(&first, elsewhere);
		push_binding(reply, owner, type, &first);
		put_port(&second, elsewhere);
		put_parameter(&second, 1, "\2h2", 3);
		first = second;
	} else if (begins(name, "_") && strstr(name, "._https.local")) {
		put_port(&first, there);
	} else if (begins(name, "_chat.local")) {
		put_port(&first, there);
	} else {
		return false;
	}
	push_binding(reply, owner, type, &first);
	return true;
}

/* A host that is called so and has the address 127.0.0.1, too. */
static bool answer_all(cq_dns_packet *reply, const char *name, unsigned type)
{
	static const char *const hosts[] = { "order", "back", "self", "alpn", "demand", "broken", "plain", "loop" };
	size_t i;

	for (i = 0; type == TYPE_A && i < sizeof hosts / sizeof *hosts; i++) {
		if (begins(name, hosts[i])) {
			push_rdata(reply, name, TYPE_A, "\177\0\0\1", 4);
			return true;
		}
	}
	return answer_service(reply, name, type);
}

/* Three ports, at the last of which nobody listens, and a server whose records name them. */
static void begin(void)
{
	int closed;

	there = port_of(listen_at("127.0.0.1", 0, 8));
	elsewhere = port_of(listen_at("127.0.0.1", 0, 8));
	closed = listen_at("127.0.0.1", 0, 8);
	nowhere = port_of(closed);
	SYS(close(closed));
	answered_by_test = answer_all;
	configure(serve_elsewhere(), "lookup file bind\n", "127.0.0.1 table.test\n");
}

static cq_socket *socket_to(const char *service, const char *protocols, const char *host, int port)
{
	cq_options *options = new_options();
	cq_socket *socket;

	OK(cq_options_host(options, host, port));
	OK(cq_options_service(options, service, protocols));
	OK(cq_socket_connect(options, &socket));
	cq_options_free(options);
	return socket;
}

/* The port at which a client of HTTPS arrives. */
static int arrives(const char *protocols, const char *host, int port)
{
	cq_socket *socket = socket_to("https", protocols, host, port);
	cq_name name;
	int code = cq_socket_establish(socket);

	if (code) {
		char reason[300];

		OK(cq_socket_reason(socket, reason, sizeof reason));
		printf("       %s\n", reason);
		cq_socket_free(socket);
		return -code;
	}
	OK(cq_socket_peername(socket, &name));
	cq_socket_free(socket);
	return name.port;
}

TEST(a_record_names_host_and_port)
{
	begin();
	EQ(arrives(NULL, "port.test", 443), there);
	EQ(arrives(NULL, "self.test", 443), there);
	EQ(arrives(NULL, "port.test", 0), there);
}

TEST(a_port_is_part_of_the_name_that_is_asked_for)
{
	begin();
	EQ(arrives(NULL, "local.test", elsewhere), there);
}

TEST(without_records_the_host_itself_is_tried)
{
	begin();
	EQ(arrives(NULL, "plain.test", there), there);
	EQ(arrives(NULL, "table.test", there), there);
	EQ(arrives(NULL, "127.0.0.1", there), there);
	EQ(arrives(NULL, "localhost", there), there);
}

TEST(endpoints_are_tried_by_priority_and_the_host_comes_last)
{
	begin();
	EQ(arrives(NULL, "order.test", 443), there);
	EQ(arrives(NULL, "back.test", elsewhere), elsewhere);
}

TEST(an_alias_is_followed_and_one_to_itself_is_not_for_ever)
{
	begin();
	EQ(arrives(NULL, "leads.test", 443), there);
	EQ(arrives(NULL, "loop.test", elsewhere), elsewhere);
}

TEST(a_service_that_is_not_there_is_told_so)
{
	cq_socket *socket;
	char reason[300];

	begin();
	socket = socket_to("https", NULL, "gone.test", 443);
	ERR(cq_socket_establish(socket), CQ_ENONAME);
	OK(cq_socket_reason(socket, reason, sizeof reason));
	CHECK(strstr(reason, "gone.test: the service is not offered") != NULL);
	cq_socket_free(socket);
}

TEST(hints_are_tried_before_the_host_is_known)
{
	begin();
	EQ(arrives(NULL, "hint.test", 443), there);
}

TEST(protocols_decide_which_endpoint_can_be_used)
{
	begin();
	EQ(arrives("h2,http/1.1", "alpn.test", 443), there);
	EQ(arrives("h3", "alpn.test", 443), elsewhere);
	EQ(arrives(NULL, "alpn.test", 443), elsewhere); /* http/1.1, which the first excludes */
}

TEST(what_cannot_be_understood_is_passed_over)
{
	begin();
	EQ(arrives(NULL, "demand.test", there), there);
	EQ(arrives(NULL, "broken.test", there), there);
}

TEST(another_service_has_records_of_its_own_type)
{
	cq_socket *socket;
	cq_name name;

	begin();
	socket = socket_to("CHAT", NULL, "local.test", 0);
	OK(cq_socket_establish(socket));
	OK(cq_socket_peername(socket, &name));
	EQ(name.port, there);
	cq_socket_free(socket);
}

TEST(a_socket_that_is_freed_on_its_way_leaves_nothing)
{
	static const char *const names[] = { "port.test", "order.test", "leads.test", "hint.test", "plain.test" };
	int before, i, steps;

	begin();
	EQ(arrives(NULL, "port.test", 443), there);
	before = open_descriptors();
	for (i = 0; i < 5; i++) {
		for (steps = 0; steps < 6; steps++) {
			cq_socket *socket = socket_to("https", NULL, names[i], 443);
			int step;

			for (step = 0; step < steps && cq_socket_try_establish(socket) == EAGAIN; step++)
				usleep(1000);
			cq_socket_free(socket);
			EQ(open_descriptors(), before);
		}
		cq_dns_clear_cache();
	}
}

TEST(a_service_is_a_label)
{
	cq_options *options = new_options();

	ERR(cq_options_service(NULL, "https", NULL), EINVAL);
	ERR(cq_options_service(options, NULL, NULL), EINVAL);
	ERR(cq_options_service(options, "", NULL), EINVAL);
	ERR(cq_options_service(options, "a.b", NULL), EINVAL);
	ERR(cq_options_service(options, "\xff", NULL), EINVAL);
	ERR(cq_options_service(options, "https", "h2,,h3"), EINVAL);
	OK(cq_options_service(options, "https", "h2,h3"));
	cq_options_free(options);
}
