/* SPDX-License-Identifier: MIT */
/*
 * A datagram socket that serves many peers of DTLS: each that has proven its address by a cookie gets a socket of its own.
 */

#include "datagrams.h"
#include "tls.h"
#include <sys/resource.h>

static cq_socket *peers_listener(const cq_tls *tls, const char *host, size_t most, int *port)
{
	cq_socket *listener = bound_socket(host, port);

	OK(cq_socket_listen_tls(listener, tls, most));
	return listener;
}

static cq_socket *new_client(const char *host, int port)
{
	cq_options *options = new_options();
	cq_socket *socket;

	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_host(options, host, port));
	OK(cq_socket_connect(options, &socket));
	OK(cq_socket_establish(socket));
	set_modes(socket, "bn");
	cq_options_free(options);
	return socket;
}

/* -- an echo server of fibers -- */

struct service {
	cq_controller *cq;
	cq_socket *listener;
	const cq_tls *server, *client;
	int port, clients, served, here;
	size_t most;
	const char *host;
};

struct call {
	struct service *service;
	cq_socket *socket;
};

static int echo(void *argument)
{
	struct call *call = argument;
	const void *data;
	size_t size;

	if (cq_socket_starttls(call->socket, NULL) == 0 &&
	    cq_socket_read(call->socket, CQ_READ_UP_TO, 100, &data, &size) == 0) {
		char copy[100];

		memcpy(copy, data, size);
		OK(cq_socket_write(call->socket, copy, size));
		OK(cq_socket_flush(call->socket));
		call->service->served++;
	}
	cq_socket_free(call->socket);
	call->service->here--;
	free(call);
	return 0;
}

static int serve(void *argument)
{
	struct service *service = argument;

	OK(cq_socket_set_timeout(service->listener, 3 * (slow() ? 10 : 1)));
	while (service->served < service->clients) {
		struct call *call = calloc(1, sizeof *call);
		int code;

		CHECK(call != NULL);
		call->service = service;
		code = cq_socket_accept(service->listener, &call->socket);
		if (code) {
			free(call);
			return code == ETIMEDOUT ? 0 : code;
		}
		CHECK(++service->here <= (int)service->most);
		set_modes(call->socket, "bn");
		OK(cq_socket_set_timeout(call->socket, 3 * (slow() ? 10 : 1)));
		OK(cq_controller_wrap(service->cq, echo, NULL, call, NULL));
	}
	return 0;
}

static int call_service(void *argument)
{
	struct service *service = argument;
	cq_socket *socket = new_client(service->host, service->port);
	char text[20];
	const void *data;
	size_t size;

	snprintf(text, sizeof text, "to %p", (void *)socket);
	OK(cq_socket_set_timeout(socket, 10 * (slow() ? 10 : 1)));
	OK(cq_socket_starttls(socket, service->client));
	OK(cq_socket_write(socket, text, strlen(text)));
	OK(cq_socket_flush(socket));
	OK(cq_socket_read(socket, CQ_READ_UP_TO, 100, &data, &size));
	CHECK(size == strlen(text) && memcmp(data, text, size) == 0);
	cq_socket_free(socket);
	return 0;
}

static void serve_many(const char *host, const char *at, int clients, size_t most)
{
	struct service service;
	int i;

	memset(&service, 0, sizeof service);
	service.cq = new_controller();
	service.server = server_with("server");
	service.client = client_for("ca", NULL);
	service.clients = clients;
	service.most = most;
	service.host = at;
	service.listener = peers_listener(service.server, host, most, &service.port);
	OK(cq_controller_wrap(service.cq, serve, NULL, &service, NULL));
	for (i = 0; i < clients; i++)
		OK(cq_controller_wrap(service.cq, call_service, NULL, &service, NULL));
	run(service.cq);
	EQ(service.served, clients);
	cq_controller_free(service.cq);
	cq_socket_free(service.listener);
	cq_tls_free((cq_tls *)service.server);
	cq_tls_free((cq_tls *)service.client);
}

TEST(many_peers_are_served_at_once)
{
	serve_many("127.0.0.1", "127.0.0.1", slow() ? 10 : 100, 1000);
}

TEST(peers_come_over_ipv6_and_to_a_listener_of_both_families)
{
	serve_many("::1", "::1", 3, 10);
	serve_many("::", "::1", 3, 10);
	serve_many("::", "127.0.0.1", 3, 10);
	serve_many("0.0.0.0", "127.0.0.1", 3, 10);
}

TEST(peers_beyond_the_limit_wait_for_a_place)
{
	serve_many("127.0.0.1", "127.0.0.1", 12, 2);
}

/* -- one peer, step by step -- */

/* A client that knocks until it has a socket of its own. */
static struct ends knock(cq_socket *listener, const cq_tls *client, int port)
{
	struct ends ends = { NULL, NULL, EAGAIN, EAGAIN };
	double until = cq_monotime() + 5 * (slow() ? 20 : 1);

	ends.client = new_client("127.0.0.1", port);
	ends.server_code = EAGAIN;
	while (ends.server_code == EAGAIN && cq_monotime() < until) {
		ERR(cq_socket_try_starttls(ends.client, client), EAGAIN);
		ends.server_code = cq_socket_try_accept(listener, &ends.server);
	}
	OK(ends.server_code);
	set_modes(ends.server, "bn");
	return ends;
}

TEST(a_peer_gets_a_socket_once_it_has_sent_its_cookie_back)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", NULL);
	int port;
	cq_socket *listener = peers_listener(server, "127.0.0.1", 10, &port), *accepted = NULL;
	struct ends ends = { NULL, NULL, EAGAIN, EAGAIN };
	cq_name mine, theirs;

	ERR(cq_socket_try_accept(listener, &accepted), EAGAIN); /* nobody has spoken */
	EQ(cq_socket_events(listener), POLLIN);
	ends.client = new_client("127.0.0.1", port);
	ERR(cq_socket_try_starttls(ends.client, client), EAGAIN);
	ERR(cq_socket_try_accept(listener, &accepted), EAGAIN); /* the cookie is on its way */
	ERR(cq_socket_try_starttls(ends.client, client), EAGAIN);
	OK(cq_socket_try_accept(listener, &ends.server));
	CHECK(strcmp(cq_socket_phase(ends.server), "handshaking") == 0);
	set_modes(ends.server, "bn");
	OK(cq_socket_peername(ends.server, &theirs));
	OK(cq_socket_localname(ends.client, &mine));
	EQ(theirs.port, mine.port);
	OK(cq_socket_localname(ends.server, &mine));
	EQ(mine.port, port);
	shake_hands(&ends, client, NULL);
	OK(ends.client_code);
	OK(ends.server_code);
	exchange(&ends);
	ERR(cq_socket_try_accept(listener, &accepted), EAGAIN); /* what it sends comes to its socket */
	cq_socket_free(listener); /* which outlives the listener */
	exchange(&ends);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

/* The handshake needs no starttls: nothing ever leaves in plain text. */
TEST(an_accepted_socket_shakes_hands_in_its_first_read)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", NULL);
	int port, code;
	cq_socket *listener = peers_listener(server, "127.0.0.1", 10, &port);
	struct ends ends = knock(listener, client, port);
	double until = cq_monotime() + 5;

	do {
		code = recv_code(ends.server, CQ_READ_UP_TO, 100);
		ERR(code, EAGAIN);
		code = cq_socket_try_starttls(ends.client, client);
	} while (code == EAGAIN && cq_monotime() < until);
	OK(code);
	OK(cq_socket_write(ends.client, "hello", 5));
	READ(ends.server, CQ_READ_UP_TO, 100, "hello");
	free_ends(&ends);
	cq_socket_free(listener);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(what_the_configuration_and_the_socket_demand_is_verified)
{
	int way;

	for (way = 0; way < 4; way++) { /* 1: the configuration demands, 2: the socket, 3: and the client shows */
		cq_tls *server = server_with("server"), *client = client_for("ca", NULL);
		cq_options *options = new_options();
		struct ends ends;
		cq_socket *listener;
		int port;

		OK(cq_tls_authorities(server, certificate("ca.pem")));
		if (way == 1)
			OK(cq_tls_verify(server, CQ_TLS_VERIFY_REQUIRE));
		if (way == 3)
			load(client, "client");
		listener = peers_listener(server, "127.0.0.1", 10, &port);
		ends = knock(listener, client, port);
		OK(cq_options_set(options, CQ_OPTION_VERIFY, way >= 2));
		OK(cq_socket_configure(ends.server, options));
		shake_hands(&ends, client, server);
		ERR(ends.server_code, way == 1 || way == 2 ? CQ_ENOTVERIFIED : 0);
		free_ends(&ends);
		cq_options_free(options);
		cq_socket_free(listener);
		cq_tls_free(client);
		cq_tls_free(server);
	}
}

TEST(what_cannot_be_a_listener_of_peers_says_so)
{
	cq_tls *server = server_with("server"), *adopted;
	SSL_CTX *context = SSL_CTX_new(DTLS_method());
	cq_socket *bound = bound_socket("127.0.0.1", NULL), *ends[2], *stream;
	int port;

	ERR(cq_socket_listen_tls(NULL, server, 1), EINVAL);
	ERR(cq_socket_listen_tls(bound, NULL, 1), EINVAL);
	OK(cq_tls_adopt_context(context, CQ_TLS_SERVER, &adopted));
	ERR(cq_socket_listen_tls(bound, adopted, 1), EINVAL);
	OK(cq_socket_pair(SOCK_DGRAM, &ends[0], &ends[1]));
	ERR(cq_socket_listen_tls(ends[0], server, 1), EOPNOTSUPP);
	stream = listen_on("127.0.0.1", &port);
	ERR(cq_socket_listen_tls(stream, server, 1), EOPNOTSUPP);
	OK(cq_socket_close(bound));
	ERR(cq_socket_listen_tls(bound, server, 1), EBADF);
	SSL_CTX_free(context);
	cq_tls_free(adopted);
	cq_tls_free(server);
	cq_socket_free(stream);
	cq_socket_free(bound);
	cq_socket_free(ends[0]);
	cq_socket_free(ends[1]);
}

/* -- those that prove nothing -- */

/* A client's first message without a cookie, or with a wrong one: 0 or 16 bytes. */
static size_t hello(unsigned char *place, size_t cookie, unsigned number)
{
	static const unsigned char rest[] = { 0, 2, 0xc0, 0x2b, 1, 0 };
	size_t body = 2 + 32 + 1 + 1 + cookie + sizeof rest, at = 0, i;

	memset(place, 0, 13 + 12 + body);
	place[at] = 22; /* the record */
	place[at + 1] = place[at + 2] = 0xfe;
	place[at + 2] = 0xff;
	place[at + 12] = (unsigned char)(12 + body);
	at += 13;
	place[at] = 1; /* the message */
	place[at + 3] = place[at + 11] = (unsigned char)body;
	place[at + 5] = cookie > 0;
	at += 12;
	place[at] = 0xfe;
	place[at + 1] = 0xfd;
	memcpy(place + at + 2, &number, sizeof number);
	place[at + 35] = (unsigned char)cookie;
	at += 36;
	for (i = 0; i < cookie; i++)
		place[at++] = (unsigned char)(number >> i);
	memcpy(place + at, rest, sizeof rest);
	return at + sizeof rest;
}

static long most_memory(void)
{
	struct rusage usage;

	SYS(getrusage(RUSAGE_SELF, &usage));
	return usage.ru_maxrss;
}

/* Forged ones from many addresses: nothing is kept of them, and who is real gets through. */
TEST(a_flood_of_forged_hellos_takes_no_memory_and_gives_way)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", NULL);
	int port, i, flood[20], waits = 0, rounds = slow() ? 20 : 100;
	cq_socket *listener = peers_listener(server, "127.0.0.1", 10, &port), *accepted;
	cq_address to = address_of("127.0.0.1", port);
	struct ends ends;
	long before = 0;

	for (i = 0; i < (int)COUNT(flood); i++) {
		flood[i] = (int)SYS(socket_of(AF_INET, SOCK_DGRAM));
		SYS(connect(flood[i], (struct sockaddr *)to.storage, to.size));
	}
	for (i = 0; i < rounds; i++) {
		unsigned char message[200];
		int k, code;

		for (k = 0; k < 100; k++) {
			size_t size = hello(message, k % 2 ? 16 : 0, (unsigned)(i * 100 + k));

			EQ(send(flood[k % COUNT(flood)], message, size, 0), size);
		}
		while ((code = cq_socket_try_accept(listener, &accepted)) == EAGAIN && cq_socket_poll_timeout(listener) == 0)
			waits++;
		ERR(code, EAGAIN);
		if (i == rounds / 10)
			before = most_memory();
	}
	CHECK(waits >= rounds); /* 100 datagrams are two portions */
	CHECK(slow() || SANITIZED || most_memory() - before < 1024);
	ends = knock(listener, client, port);
	shake_hands(&ends, client, NULL);
	OK(ends.client_code);
	OK(ends.server_code);
	free_ends(&ends);
	for (i = 0; i < (int)COUNT(flood); i++)
		SYS(close(flood[i]));
	cq_socket_free(listener);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(without_free_descriptors_a_peer_is_kept_until_there_is_one)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", NULL);
	int port, code;
	cq_socket *listener = peers_listener(server, "127.0.0.1", 10, &port);
	struct ends ends = { NULL, NULL, EAGAIN, EAGAIN };
	struct rlimit limit, none;
	double until = cq_monotime() + 5;

	ends.client = new_client("127.0.0.1", port);
	SYS(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 3;
	do {
		ERR(cq_socket_try_starttls(ends.client, client), EAGAIN);
		SYS(setrlimit(RLIMIT_NOFILE, &none));
		code = cq_socket_try_accept(listener, &ends.server);
		SYS(setrlimit(RLIMIT_NOFILE, &limit));
		ERR(code, EAGAIN);
	} while (!(cq_socket_poll_timeout(listener) > 0) && cq_monotime() < until);
	CHECK(cq_socket_poll_timeout(listener) > 0);
	OK(cq_socket_try_accept(listener, &ends.server));
	set_modes(ends.server, "bn");
	shake_hands(&ends, client, NULL);
	OK(ends.client_code);
	OK(ends.server_code);
	free_ends(&ends);
	cq_socket_free(listener);
	cq_tls_free(client);
	cq_tls_free(server);
}
