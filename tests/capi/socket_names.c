/* SPDX-License-Identifier: MIT */
/* Connecting, listening and sending by name: addresses race, and time limits cover the resolver. */

#include "dns.h"

/* Takes a listener's room for connections: whoever connects waits. */
static void deafen(int fd, struct sockaddr_in address)
{
	int i;

	SYS(listen(fd, 0));
	for (i = 0; i < 8; i++) {
		int filler = (int)SYS(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
		struct pollfd entry;

		entry.fd = filler;
		entry.events = POLLOUT;
		if (connect(filler, (struct sockaddr *)&address, sizeof address) < 0 && poll(&entry, 1, 50) == 0)
			return;
	}
	SKIP("a full backlog accepts connections here");
}

/* A listener at one address, and at its port of another address one that does not answer. */
static int listen_beside_a_deaf_one(const char *host, const char *deaf)
{
	for (;;) {
		int listener = listen_at(host, 0, 8), fd = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));
		struct sockaddr_in address = loopback(port_of(listener));

		EQ(inet_pton(AF_INET, deaf, &address.sin_addr), 1);
		if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) {
			deafen(fd, address);
			return listener;
		}
		EQ(errno, EADDRINUSE); /* somebody has the port there: another one */
		SYS(close(fd));
		SYS(close(listener));
	}
}

static cq_socket *connect_by(const char *name, int port, int family)
{
	cq_options *options = new_options();
	cq_socket *socket;

	OK(cq_options_set(options, CQ_OPTION_FAMILY, family));
	OK(cq_options_host(options, name, port));
	OK(cq_socket_connect(options, &socket));
	cq_options_free(options);
	return socket;
}

/* For where `socket` is the name of something else. */
static int socket_of_kind(int kind)
{
	return socket(AF_INET, kind, 0);
}

static int socket_of_datagrams(void)
{
	return socket_of_kind(SOCK_DGRAM);
}

static bool phase_is(const cq_socket *socket, const char *wanted)
{
	const char *phase = cq_socket_phase(socket);

	if (strcmp(phase, wanted) != 0)
		printf("       the phase is '%s'\n", phase);
	return strcmp(phase, wanted) == 0;
}

static bool reason_has(const cq_socket *socket, const char *part)
{
	char text[300];

	OK(cq_socket_reason(socket, text, sizeof text));
	if (!strstr(text, part))
		printf("       the reason is '%s'\n", text);
	return strstr(text, part) != NULL;
}

static void peer_is(const cq_socket *socket, const char *host)
{
	cq_name name;

	OK(cq_socket_peername(socket, &name));
	if (strcmp(name.text, host) != 0)
		printf("       the peer is %s\n", name.text);
	CHECK(strcmp(name.text, host) == 0);
}

/* A configuration that knows a table of hosts and asks nobody. */
static void know(const char *table)
{
	configure(9, "lookup file\n", table);
}

TEST(a_socket_connects_by_a_name_of_the_hosts_file)
{
	int listener = listen_at("127.0.0.1", 0, 8), accepted;
	cq_socket *socket;

	know("127.0.0.1 name.test\n");
	socket = connect_by("name.test", port_of(listener), AF_UNSPEC);
	OK(cq_socket_establish(socket));
	CHECK(phase_is(socket, "connected"));
	peer_is(socket, "127.0.0.1");
	accepted = (int)SYS(accept(listener, NULL, NULL));
	set_modes(socket, "bn");
	OK(cq_socket_write(socket, "hello", 5));
	plain_expect(accepted, "hello");
	cq_socket_free(socket);
}

TEST(a_socket_connects_by_a_name_that_a_server_knows)
{
	int listener = listen_at("127.0.0.1", 0, 8);
	cq_socket *socket;

	configure(serve_elsewhere(), "", "");
	socket = connect_by("local.test", port_of(listener), AF_UNSPEC);
	CHECK(phase_is(socket, "resolving"));
	OK(cq_socket_establish(socket));
	peer_is(socket, "127.0.0.1");
	cq_socket_free(socket);
}

TEST(ipv4_is_not_kept_waiting_by_a_server_that_is_silent_about_ipv6)
{
	int listener = listen_at("127.0.0.1", 0, 8), before;
	cq_socket *socket;
	double begun;

	configure(serve_elsewhere(), "", "");
	before = open_descriptors();
	begun = now();
	socket = connect_by("half.test", port_of(listener), AF_UNSPEC);
	OK(cq_socket_establish(socket));
	CHECK(now() - begun >= MS(50) && (slow() || now() - begun < 1));
	peer_is(socket, "127.0.0.1");
	EQ(open_descriptors(), before + 1);
	cq_socket_free(socket);
}

TEST(localhost_needs_nobody)
{
	int port;
	cq_socket *listener = listen_on("127.0.0.1", &port), *socket;

	know("");
	socket = connect_by("localhost", port, AF_UNSPEC);
	OK(cq_socket_establish(socket));
	peer_is(socket, "127.0.0.1");
	cq_socket_free(socket);
	cq_socket_free(listener);
}

TEST(ipv6_comes_first_where_there_is_some)
{
	cq_options *options = new_options();
	cq_socket *listener, *socket;
	cq_name name;

	OK(cq_options_host(options, "::1", 0));
	OK(cq_socket_listen(options, &listener));
	if (cq_socket_establish(listener) != 0)
		SKIP("there is no IPv6");
	OK(cq_socket_localname(listener, &name));
	know("127.0.0.1 both.test\n::1 both.test\n");
	socket = connect_by("both.test", name.port, AF_UNSPEC);
	OK(cq_socket_establish(socket));
	peer_is(socket, "::1");
	cq_socket_free(socket);
	socket = connect_by("both.test", name.port, AF_INET);
	ERR(cq_socket_establish(socket), ECONNREFUSED);
	cq_socket_free(socket);
	cq_socket_free(listener);
	cq_options_free(options);
}

TEST(when_an_address_refuses_the_next_one_is_tried)
{
	int listener = listen_at("127.0.0.3", 0, 8);
	cq_socket *socket;
	double begun;

	know("::1 name.test\n127.0.0.2 name.test\n127.0.0.3 name.test\n127.0.0.1 name.test\n");
	begun = now();
	socket = connect_by("name.test", port_of(listener), AF_UNSPEC);
	OK(cq_socket_establish(socket));
	peer_is(socket, "127.0.0.3");
	CHECK(slow() || now() - begun < 0.2);
	cq_socket_free(socket);
}

TEST(an_address_that_does_not_answer_is_overtaken_and_given_up)
{
	/* 127.0.0.1 comes first: it is nearer to the source, which is itself, RFC 6724 rule 9. */
	int listener = listen_beside_a_deaf_one("127.0.0.2", "127.0.0.1"), port = port_of(listener), before;
	cq_socket *socket;
	double begun, took;

	know("127.0.0.2 name.test\n127.0.0.1 name.test\n");
	before = open_descriptors();
	begun = now();
	socket = connect_by("name.test", port, AF_UNSPEC);
	OK(cq_socket_establish(socket));
	took = now() - begun;
	peer_is(socket, "127.0.0.2");
	CHECK(took >= 0.25);
	CHECK(slow() || took < 0.9);
	/* The socket's own: the loser and what waited for both are closed. */
	EQ(open_descriptors(), before + 1);
	cq_socket_free(socket);
	EQ(open_descriptors(), before);
}

struct establishing {
	cq_socket *socket;
	double timeout, seconds;
	int code;
	bool done;
};

static int establish(void *argument)
{
	struct establishing *it = (struct establishing *)argument;
	double begun = now();

	it->code = cq_socket_establish(it->socket);
	it->seconds = now() - begun;
	it->done = true;
	return 0;
}

TEST(a_race_in_a_fiber_leaves_others_running)
{
	cq_controller *controller = new_controller();
	int listener = listen_beside_a_deaf_one("127.0.0.2", "127.0.0.1"), port = port_of(listener), before, steps = 0;
	struct establishing it;
	double begun;

	know("127.0.0.2 name.test\n127.0.0.1 name.test\n");
	memset(&it, 0, sizeof it);
	OK(cq_controller_step(controller, 0));
	before = open_descriptors();
	begun = now();
	it.socket = connect_by("name.test", port, AF_UNSPEC);
	OK(cq_controller_wrap(controller, establish, NULL, &it, NULL));
	while (!it.done) {
		OK(cq_controller_step(controller, MS(20)));
		steps++;
		CHECK(it.done || open_descriptors() <= before + 4);
	}
	OK(it.code);
	CHECK(steps > (slow() ? 1 : 3));
	CHECK(now() - begun >= 0.25);
	EQ(open_descriptors(), before + 1);
	cq_socket_free(it.socket);
	cq_controller_free(controller);
}

/* With a shared port one question's socket receives for all others, which wait for conditions: a socket that waited for
 * one of its two questions' only was late by a fifth of a second. */
TEST(several_sockets_at_one_port_do_not_wait_for_each_other)
{
	cq_controller *controller = new_controller();
	int listener = listen_at("127.0.0.1", 0, 8), port = port_of(listener);
	struct establishing it[4];

	configure(serve_elsewhere(), "options ports:1\n", "");
	memset(it, 0, sizeof it);
	for (int i = 0; i < 4; i++) {
		it[i].socket = connect_by("half.test", port, AF_UNSPEC);
		OK(cq_controller_wrap(controller, establish, NULL, &it[i], NULL));
	}
	OK(cq_controller_loop(controller, MS(5000)));
	for (int i = 0; i < 4; i++) {
		OK(it[i].code);
		CHECK(slow() || it[i].seconds < 0.15);
		cq_socket_free(it[i].socket);
	}
	cq_controller_free(controller);
}

static int ask_a_silent_server(void *argument)
{
	cq_dns_packet *packet;

	*(int *)argument = cq_dns_resolvers_query(NULL, "silent.test", 1, 1, 0.2, &packet);
	return 0;
}

static int replace_the_pool(void *argument)
{
	(void)argument;
	OK(cq_sleep(0.05));
	OK(cq_dns_configure(NULL, NULL, NULL));
	return 0;
}

/* The pool was freed under the query. */
TEST(a_query_keeps_the_pool_that_it_asks_through)
{
	cq_controller *controller = new_controller();
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof address;
	int silent = (int)SYS(socket(AF_INET, SOCK_DGRAM, 0)), code = 0;

	SYS(bind(silent, (struct sockaddr *)&address, sizeof address));
	SYS(getsockname(silent, (struct sockaddr *)&address, &size));
	configure(ntohs(address.sin_port), "", "");
	OK(cq_controller_wrap(controller, ask_a_silent_server, NULL, &code, NULL));
	OK(cq_controller_wrap(controller, replace_the_pool, NULL, NULL, NULL));
	OK(cq_controller_loop(controller, MS(5000)));
	EQ(code, ETIMEDOUT);
	cq_controller_free(controller);
	SYS(close(silent));
}

TEST(a_name_with_silent_addresses_alone_ends_with_the_time_limit)
{
	int port = port_of(listen_beside_a_deaf_one("127.0.0.1", "127.0.0.2")), before;
	cq_socket *socket;
	double begun;

	know("127.0.0.2 name.test\n");
	before = open_descriptors();
	socket = connect_by("name.test", port, AF_UNSPEC);
	OK(cq_socket_set_timeout(socket, 0.4));
	begun = now();
	ERR(cq_socket_establish(socket), ETIMEDOUT);
	CHECK(now() - begun >= 0.4 && (slow() || now() - begun < 1.5));
	CHECK(phase_is(socket, "connecting"));
	CHECK(reason_has(socket, "name.test: connecting to 127.0.0.2:"));
	cq_socket_free(socket);
	EQ(open_descriptors(), before);
}

TEST(the_time_limit_covers_the_resolver)
{
	int port = serve_elsewhere(), before;
	cq_socket *socket;
	char part[60];
	double begun;

	configure(port, "", "");
	before = open_descriptors();
	socket = connect_by("silent.test", 80, AF_UNSPEC);
	OK(cq_socket_set_timeout(socket, 0.2));
	CHECK(phase_is(socket, "resolving"));
	begun = now();
	ERR(cq_socket_establish(socket), ETIMEDOUT);
	CHECK(now() - begun >= 0.2 && (slow() || now() - begun < 1));
	CHECK(phase_is(socket, "resolving"));
	snprintf(part, sizeof part, "silent.test.: waiting for 127.0.0.1:%d", port);
	CHECK(reason_has(socket, part));
	cq_socket_free(socket);
	EQ(open_descriptors(), before);
}

TEST(reading_from_a_socket_resolves_its_name)
{
	int listener = listen_at("127.0.0.1", 0, 8), accepted;
	cq_socket *socket;

	know("127.0.0.1 name.test\n");
	socket = connect_by("name.test", port_of(listener), AF_UNSPEC);
	set_modes(socket, "bn");
	OK(cq_socket_write(socket, "hello", 5));
	accepted = (int)SYS(accept(listener, NULL, NULL));
	plain_expect(accepted, "hello");
	plain_write(accepted, "world");
	READ(socket, CQ_READ_EXACTLY, 5, "world");
	cq_socket_free(socket);
}

TEST(a_name_that_does_not_exist_fails_with_the_reason)
{
	cq_socket *socket;
	int port = serve_elsewhere();

	configure(port, "options timeout:1 attempts:1\n", "");
	socket = connect_by("no.test.", 80, AF_UNSPEC);
	ERR(cq_socket_establish(socket), CQ_ENONAME);
	CHECK(phase_is(socket, "failed"));
	CHECK(reason_has(socket, "no.test.: no such name, says 127.0.0.1:"));
	ERR(cq_socket_establish(socket), CQ_ENONAME);
	cq_socket_free(socket);
	socket = connect_by("nodata.test.", 80, AF_UNSPEC);
	ERR(cq_socket_establish(socket), CQ_ENONAME);
	cq_socket_free(socket);
	socket = connect_by("fail.test.", 80, AF_UNSPEC);
	ERR(cq_socket_establish(socket), CQ_EFAIL);
	CHECK(reason_has(socket, "answered SERVFAIL"));
	cq_socket_free(socket);
}

TEST(when_every_address_refuses_the_last_one_is_named)
{
	int listener = listen_at("127.0.0.1", 0, 8), port = port_of(listener);
	cq_socket *socket;

	SYS(close(listener));
	know("127.0.0.1 name.test\n127.0.0.2 name.test\n");
	socket = connect_by("name.test", port, AF_UNSPEC);
	ERR(cq_socket_establish(socket), ECONNREFUSED);
	CHECK(phase_is(socket, "failed"));
	CHECK(reason_has(socket, "name.test: 127.0.0.2:"));
	cq_socket_free(socket);
}

TEST(closing_a_socket_that_resolves_wakes_its_fiber)
{
	cq_controller *controller = new_controller();
	struct nameserver server;
	struct establishing it;
	int before;

	serve(controller, &server);
	configure(server.port, "", "");
	OK(cq_controller_step(controller, 0));
	before = open_descriptors();
	memset(&it, 0, sizeof it);
	it.socket = connect_by("silent.test", 80, AF_UNSPEC);
	OK(cq_controller_wrap(controller, establish, NULL, &it, NULL));
	UNTIL(server.silent >= 2, controller);
	CHECK(!it.done && phase_is(it.socket, "resolving"));
	CHECK(open_descriptors() > before);
	OK(cq_socket_close(it.socket));
	CHECK(phase_is(it.socket, "closed"));
	EQ(open_descriptors(), before);
	UNTIL(it.done, controller);
	ERR(it.code, EBADF);
	cq_socket_free(it.socket);
	close_nameserver(&server);
	cq_controller_free(controller);
}

TEST(closing_a_socket_whose_name_is_asked_through_a_shared_port_wakes_its_fiber)
{
	cq_controller *controller = new_controller();
	struct nameserver server;
	struct establishing it;

	serve(controller, &server);
	configure(server.port, "options ports:1\n", "");
	memset(&it, 0, sizeof it);
	it.socket = connect_by("silent.test", 80, AF_UNSPEC);
	OK(cq_controller_wrap(controller, establish, NULL, &it, NULL));
	UNTIL(server.silent >= 2, controller);
	OK(cq_socket_close(it.socket));
	UNTIL(it.done, controller);
	ERR(it.code, EBADF);
	CHECK(slow() || it.seconds < 2);
	cq_socket_free(it.socket);
	close_nameserver(&server);
	cq_controller_free(controller);
}

TEST(many_sockets_resolve_at_once_through_the_common_pool)
{
	enum { SOCKETS = 60 };
	cq_controller *controller = new_controller();
	struct nameserver server;
	struct establishing all[SOCKETS];
	int listener = listen_at("127.0.0.1", 0, SOCKETS), i;

	serve(controller, &server);
	configure(server.port, "options nocache\n", "");
	for (i = 0; i < SOCKETS; i++) {
		char name[40];

		snprintf(name, sizeof name, "local%d.test", i);
		memset(&all[i], 0, sizeof all[i]);
		all[i].socket = connect_by(name, port_of(listener), AF_UNSPEC);
		OK(cq_controller_wrap(controller, establish, NULL, &all[i], NULL));
	}
	for (i = 0; i < SOCKETS; i++) {
		UNTIL(all[i].done, controller);
		OK(all[i].code);
		cq_socket_free(all[i].socket);
	}
	EQ(server.asked, 2 * SOCKETS);
	close_nameserver(&server);
	cq_controller_free(controller);
}

/* Each attempt holds a descriptor, and a name may have any number of addresses. */
TEST(a_name_with_many_silent_addresses_holds_few_descriptors)
{
	enum { ADDRESSES = 30 };
	int listener = listen_at("0.0.0.0", 0, 0), port = port_of(listener), most = 0, before, i;
	char table[ADDRESSES * 40] = "";
	struct sockaddr_in address = loopback(port);
	cq_socket *socket;
	double end;

	if (slow())
		SKIP("it takes its time");
	for (i = 0; i < 8; i++) {
		int filler = (int)SYS(socket_of_kind(SOCK_STREAM | SOCK_NONBLOCK));

		connect(filler, (struct sockaddr *)&address, sizeof address);
	}
	for (i = 0; i < ADDRESSES; i++)
		snprintf(table + strlen(table), 40, "127.0.0.%d many.test\n", i + 2);
	know(table);
	before = open_descriptors();
	socket = connect_by("many.test", port, AF_UNSPEC);
	cq_socket_set_timeout(socket, 0.2);
	for (end = now() + 5; now() < end;) {
		ERR(cq_socket_establish(socket), ETIMEDOUT);
		OK(cq_socket_set_error(socket, CQ_INPUT, 0, NULL));
		OK(cq_socket_set_error(socket, CQ_OUTPUT, 0, NULL));
		if (open_descriptors() - before > most)
			most = open_descriptors() - before;
	}
	CHECK(most >= 2 && most <= 14);
	cq_socket_free(socket);
	EQ(open_descriptors(), before);
}

TEST(without_descriptors_a_socket_tells_it_and_resolves_later)
{
	int listener = listen_at("127.0.0.1", 0, 8);
	struct rlimit limit;
	cq_socket *socket;

	configure(serve_elsewhere(), "", "");
	limit = forbid_descriptors();
	socket = connect_by("local.test", port_of(listener), AF_UNSPEC);
	ERR(cq_socket_establish(socket), EMFILE);
	cq_socket_free(socket);
	allow_descriptors(limit);
	socket = connect_by("local.test", port_of(listener), AF_UNSPEC);
	OK(cq_socket_establish(socket));
	cq_socket_free(socket);
}

TEST(a_socket_listens_by_name)
{
	cq_options *options = new_options();
	cq_socket *listener;
	cq_name name;

	know("127.0.0.3 here.test\n");
	OK(cq_options_host(options, "here.test", 0));
	OK(cq_socket_listen(options, &listener));
	OK(cq_socket_establish(listener));
	CHECK(phase_is(listener, "listening"));
	OK(cq_socket_localname(listener, &name));
	TEXT(name.text, name.size, "127.0.0.3");
	cq_socket_free(listener);
	OK(cq_options_host(options, "nowhere.test", 0));
	OK(cq_socket_listen(options, &listener));
	ERR(cq_socket_establish(listener), CQ_EFAIL);
	cq_socket_free(listener);
	cq_options_free(options);
}

TEST(datagrams_are_sent_by_name)
{
	cq_options *options = new_options();
	cq_socket *socket;
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof address;
	int fd = (int)SYS(socket_of_datagrams());
	char data[16];

	SYS(bind(fd, (struct sockaddr *)&address, sizeof address));
	SYS(getsockname(fd, (struct sockaddr *)&address, &size));
	know("127.0.0.1 name.test\n");
	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_host(options, "name.test", ntohs(address.sin_port)));
	OK(cq_socket_connect(options, &socket));
	cq_options_free(options);
	OK(cq_socket_establish(socket));
	set_modes(socket, "bn");
	OK(cq_socket_write(socket, "hello", 5));
	EQ(recv(fd, data, sizeof data, 0), 5);
	cq_socket_free(socket);
}

TEST(a_name_whose_addresses_could_not_be_tried_for_want_of_a_descriptor_can_be_tried_again)
{
	int fd = listen_at("127.0.0.1", 0, 8);
	struct rlimit limit;
	cq_socket *socket;

	know("127.0.0.1 name.test\n");
	limit = forbid_descriptors();
	socket = connect_by("name.test", port_of(fd), AF_UNSPEC);
	ERR(cq_socket_try_establish(socket), EMFILE);
	ERR(cq_socket_try_establish(socket), EMFILE);
	allow_descriptors(limit);
	OK(cq_socket_establish(socket));
	peer_is(socket, "127.0.0.1");
	cq_socket_free(socket);
}
