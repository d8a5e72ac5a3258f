/* SPDX-License-Identifier: MIT */
/* DTLS: TLS over datagrams, which keep their boundaries, get lost, come twice and from anybody. */

#include "datagrams.h"
#include "tls.h"

/* Two ends on connected UDP sockets that have shaken hands. */
static struct ends secure_udp(void)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends;

	udp_pair("127.0.0.1", &ends.server, &ends.client);
	set_modes(ends.client, "bn");
	set_modes(ends.server, "bn");
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	cq_tls_free(client);
	cq_tls_free(server);
	return ends;
}

TEST(datagrams_are_exchanged_in_secret)
{
	struct ends ends = secure_udp();
	SSL *ssl = (SSL *)cq_socket_checktls(ends.client);

	CHECK(strcmp(SSL_get_version(ssl), "DTLSv1.2") == 0);
	OK(cq_socket_write(ends.client, "one", 3));
	OK(cq_socket_write(ends.client, "twice two", 9));
	READ(ends.server, CQ_READ_UP_TO, 100, "one"); /* boundaries are kept */
	READ(ends.server, CQ_READ_UP_TO, 100, "twice two");
	OK(cq_socket_write(ends.server, "back", 4));
	READ(ends.client, CQ_READ_UP_TO, 100, "back");
	ERR(recv_code(ends.client, CQ_READ_UP_TO, 100), EAGAIN);
	EQ(cq_socket_events(ends.client), POLLIN);
	free_ends(&ends);
}

TEST(pairs_of_unix_datagrams_serve_too)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends;

	OK(cq_socket_pair(SOCK_DGRAM, &ends.client, &ends.server));
	set_modes(ends.client, "bn");
	set_modes(ends.server, "bn");
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	exchange(&ends);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(a_server_that_anybody_can_send_to_takes_the_first)
{
	int port;
	cq_socket *server = bound_socket("127.0.0.1", &port), *stranger = bound_socket("127.0.0.1", NULL);
	cq_tls *server_tls = server_with("server"), *client_tls = client_for("ca", NULL);
	cq_options *options = new_options();
	cq_address to = address_of("127.0.0.1", port);
	struct ends ends;
	cq_name name;

	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_host(options, "127.0.0.1", port));
	OK(cq_socket_connect(options, &ends.client));
	ends.server = server;
	set_modes(ends.client, "bn");
	set_modes(ends.server, "bn");
	ERR(cq_socket_try_starttls(server, server_tls), EAGAIN); /* nobody has spoken */
	EQ(cq_socket_events(server), POLLIN);
	shake_hands(&ends, client_tls, server_tls);
	OK(ends.client_code); /* whose certificate names 127.0.0.1 */
	OK(ends.server_code);
	OK(cq_socket_peername(server, &name));
	EQ(name.family, AF_INET);
	OK(cq_socket_sendto(stranger, "psst", 4, &to)); /* the others are not heard any more */
	exchange(&ends);
	free_ends(&ends);
	cq_socket_free(stranger);
	cq_options_free(options);
	cq_tls_free(client_tls);
	cq_tls_free(server_tls);
}

TEST(certificates_are_verified)
{
	static const struct {
		const char *authority, *name, *shown, *reason;
	} bad[] = {
		{ "stranger", "localhost", "server", "unable to get local issuer certificate" },
		{ "ca", "other.test", "server", "hostname mismatch" },
		{ "ca", "127.0.0.2", "server", "IP address mismatch" },
		{ "ca", "localhost", "expired", "certificate has expired" },
		{ "ca", "localhost", "alone", "self-signed certificate" },
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		cq_tls *server = server_with(bad[i].shown), *client = client_for(bad[i].authority, bad[i].name);
		struct ends ends;

		udp_pair("127.0.0.1", &ends.server, &ends.client);
		shake_hands(&ends, client, server);
		ERR(ends.client_code, CQ_ENOTVERIFIED);
		REASON(ends.client, bad[i].reason);
		ERR(read_code(ends.client, CQ_READ_UP_TO, 10), CQ_ENOTVERIFIED);
		free_ends(&ends);
		cq_tls_free(client);
		cq_tls_free(server);
	}
}

TEST(a_client_without_authorities_and_name_refuses)
{
	cq_tls *server = server_with("server");
	struct ends ends;

	udp_pair("127.0.0.1", &ends.server, &ends.client);
	shake_hands(&ends, NULL, server);
	ERR(ends.client_code, CQ_ENOTVERIFIED);
	free_ends(&ends);
	cq_tls_free(server);
}

TEST(a_client_shows_its_certificate)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends;
	X509 *shown;

	load(client, "client");
	OK(cq_tls_authorities(server, certificate("ca.pem")));
	OK(cq_tls_verify(server, CQ_TLS_VERIFY_REQUIRE));
	udp_pair("127.0.0.1", &ends.server, &ends.client);
	set_modes(ends.client, "bn");
	set_modes(ends.server, "bn");
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	shown = SSL_get_peer_certificate((SSL *)cq_socket_checktls(ends.server));
	CHECK(shown != NULL);
	X509_free(shown);
	exchange(&ends);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(the_end_is_told)
{
	struct ends ends = secure_udp();

	OK(cq_socket_write(ends.client, "last", 4));
	OK(cq_socket_close(ends.client));
	READ(ends.server, CQ_READ_UP_TO, 100, "last");
	ERR(read_code(ends.server, CQ_READ_UP_TO, 100), EPIPE);
	free_ends(&ends);
}

TEST(a_message_that_is_too_large_is_refused)
{
	struct ends ends = secure_udp();
	char *big = calloc(1, 20000);
	const void *data;
	size_t size;

	OK(cq_socket_set_bufsiz(ends.server, CQ_INPUT, 20000));
	OK(cq_socket_write(ends.client, big, 16384));
	ERR(cq_socket_write(ends.client, big, 16385), EMSGSIZE); /* never two messages for one */
	OK(cq_socket_set_error(ends.client, CQ_OUTPUT, 0, NULL));
	OK(cq_socket_write(ends.client, "next", 4));
	OK(cq_socket_read(ends.server, CQ_READ_UP_TO, 20000, &data, &size));
	EQ(size, 16384);
	READ(ends.server, CQ_READ_UP_TO, 20000, "next");
	free_ends(&ends);
	free(big);
}

/* -- networks that lose, double and shuffle -- */

/* Each end is connected to a descriptor in between, which is ours to carry on or drop. */
struct network {
	struct ends ends;
	int to[2];
	int seen, lost, doubled; /* datagrams; of `lost`, that one is dropped, of `doubled`, it comes twice */
};

static struct network new_network(void)
{
	struct network network;
	int fds[2], i;

	memset(&network, 0, sizeof network);
	network.lost = network.doubled = -1;
	for (i = 0; i < 2; i++) {
		SYS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds));
		OK(cq_socket_adopt(fds[0], i ? &network.ends.server : &network.ends.client));
		network.to[i] = fds[1];
	}
	set_modes(network.ends.client, "bn");
	set_modes(network.ends.server, "bn");
	return network;
}

static void carry(struct network *network, int from)
{
	char data[2000];
	ssize_t count;

	while ((count = recv(network->to[from], data, sizeof data, 0)) >= 0) {
		int number = network->seen++, times = number == network->lost ? 0 : number == network->doubled ? 2 : 1;

		while (times-- > 0)
			EQ(send(network->to[1 - from], data, (size_t)count, 0), count);
	}
}

static void shake_over(struct network *network, const cq_tls *client, const cq_tls *server)
{
	struct ends *ends = &network->ends;

	ends->client_code = ends->server_code = EAGAIN;
	while (ends->client_code == EAGAIN || ends->server_code == EAGAIN) {
		cq_interest set[4];
		size_t count = 0;

		set[count++] = on_fd(network->to[0], POLLIN);
		set[count++] = on_fd(network->to[1], POLLIN);
		if (ends->client_code == EAGAIN &&
		    (ends->client_code = cq_socket_try_starttls(ends->client, client)) == EAGAIN)
			set[count++] = on_socket(ends->client, 0);
		if (ends->server_code == EAGAIN &&
		    (ends->server_code = cq_socket_try_starttls(ends->server, server)) == EAGAIN)
			set[count++] = on_socket(ends->server, 0);
		if (count > 2)
			OK(cq_poll(set, count, NULL));
		carry(network, 0);
		carry(network, 1);
		if (ends->server_code == 0) /* whoever is done answers those who have not heard it while it reads */
			ERR(recv_code(ends->server, CQ_READ_UP_TO, 100), EAGAIN);
	}
}

static void free_network(struct network *network)
{
	free_ends(&network->ends);
	SYS(close(network->to[0]));
	SYS(close(network->to[1]));
}

/* How many datagrams a handshake takes when none is lost: the least of three, as a slow machine sends some again. */
static int usual(void)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	int least = 0, i;

	for (i = 0; i < 3; i++) {
		struct network network = new_network();

		shake_over(&network, client, server);
		OK(network.ends.client_code);
		OK(network.ends.server_code);
		CHECK(network.seen > 3);
		if (i == 0 || network.seen < least)
			least = network.seen;
		free_network(&network);
	}
	cq_tls_free(client);
	cq_tls_free(server);
	return least;
}

TEST(a_handshake_survives_the_loss_of_any_datagram)
{
	int total = usual(), number, step = slow() ? 3 : 1;
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");

	for (number = 0; number < total; number += step) {
		struct network network = new_network();
		double begun = cq_monotime();

		network.lost = number;
		shake_over(&network, client, server);
		OK(network.ends.client_code);
		OK(network.ends.server_code);
		CHECK(network.seen > number + 1); /* it was lost, and something was sent again, */
		CHECK(cq_monotime() - begun >= 0.5); /* in due time */
		OK(cq_socket_write(network.ends.client, "ping", 4));
		carry(&network, 0);
		READ(network.ends.server, CQ_READ_UP_TO, 10, "ping");
		free_network(&network);
	}
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(a_handshake_survives_datagrams_that_come_twice)
{
	int total = usual(), number;
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");

	for (number = 0; number < total; number++) {
		struct network network = new_network();

		network.doubled = number;
		shake_over(&network, client, server);
		OK(network.ends.client_code);
		OK(network.ends.server_code);
		free_network(&network);
	}
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(data_that_comes_twice_or_never_is_told_once_or_never)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct network network = new_network();
	int i;

	shake_over(&network, client, server);
	network.doubled = network.seen;
	network.lost = network.seen + 1;
	for (i = 0; i < 3; i++)
		OK(cq_socket_write(network.ends.client, &"012"[i], 1));
	carry(&network, 0);
	READ(network.ends.server, CQ_READ_UP_TO, 10, "0");
	READ(network.ends.server, CQ_READ_UP_TO, 10, "2");
	ERR(recv_code(network.ends.server, CQ_READ_UP_TO, 10), EAGAIN);
	free_network(&network);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(datagrams_that_are_no_records_are_passed_over)
{
	static const char *const garbage[] = { "", "x", "GET / HTTP/1.0\r\n\r\n", "\x17\xfe\xfd\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x05hello" };
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct network network = new_network();
	size_t i;

	for (i = 0; i < COUNT(garbage); i++) {
		SYS(send(network.to[0], garbage[i], strlen(garbage[i]), 0)); /* before the handshake, */
		SYS(send(network.to[1], garbage[i], strlen(garbage[i]), 0));
	}
	shake_over(&network, client, server);
	OK(network.ends.client_code);
	OK(network.ends.server_code);
	for (i = 0; i < COUNT(garbage); i++) /* and after it */
		SYS(send(network.to[1], garbage[i], strlen(garbage[i]), 0));
	OK(cq_socket_write(network.ends.client, "ping", 4));
	carry(&network, 0);
	READ(network.ends.server, CQ_READ_UP_TO, 10, "ping");
	free_network(&network);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(a_peer_that_does_not_answer_is_given_up_or_waited_for_so_long)
{
	cq_tls *client = client_for("ca", "localhost");
	struct network network = new_network();

	OK(cq_socket_set_timeout(network.ends.client, MS(20)));
	ERR(cq_socket_starttls(network.ends.client, client), ETIMEDOUT);
	ERR(cq_socket_try_starttls(network.ends.client, client), EAGAIN);
	CHECK(cq_socket_poll_timeout(network.ends.client) > 0); /* the time of the next attempt */
	CHECK(cq_socket_poll_timeout(network.ends.client) <= 1);
	free_network(&network);
	cq_tls_free(client);
}

TEST(nobody_there_is_told)
{
	int port;
	cq_socket *gone = bound_socket("127.0.0.1", &port), *socket;
	cq_tls *client = client_for("ca", "localhost");
	cq_options *options = new_options();

	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_host(options, "127.0.0.1", port));
	OK(cq_socket_connect(options, &socket));
	cq_socket_free(gone);
	ERR(cq_socket_starttls(socket, client), ECONNREFUSED);
	cq_socket_free(socket);
	cq_options_free(options);
	cq_tls_free(client);
}
