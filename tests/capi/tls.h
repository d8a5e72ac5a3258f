/* SPDX-License-Identifier: MIT */
/*
 * What the tests of TLS need: configurations with the certificates that certificates.sh made in the
 * folder CERTIFICATES, and two sockets of ours that shake hands within one thread.
 */
#ifndef TLS_H
#define TLS_H

#include "fixture.h"
#include <openssl/err.h>
#include <openssl/ssl.h>

/* The path of a certificate ("server.pem") or key ("server.key"), in one of a few static places. */
UNUSED static const char *certificate(const char *name)
{
	static char paths[4][300];
	static int next;
	const char *folder = getenv("CERTIFICATES");

	if (!folder)
		SKIP("CERTIFICATES names no folder: see tests/certificates.sh");
	next = (next + 1) % 4;
	snprintf(paths[next], sizeof paths[next], "%.200s/%.90s", folder, name);
	return paths[next];
}

UNUSED static void load(cq_tls *tls, const char *name)
{
	char chain[100], key[100];

	snprintf(chain, sizeof chain, "%s.pem", name);
	snprintf(key, sizeof key, "%s.key", name);
	OK(cq_tls_certificate(tls, certificate(chain), certificate(key)));
}

/* A server that shows a certificate. */
UNUSED static cq_tls *server_with(const char *name)
{
	cq_tls *tls = NULL;

	OK(cq_tls_new(CQ_TLS_SERVER, &tls));
	CHECK(tls != NULL);
	load(tls, name);
	return tls;
}

/* A client that trusts an authority and expects a name (NULL: the socket's host). */
UNUSED static cq_tls *client_for(const char *authority, const char *name)
{
	char file[100];
	cq_tls *tls = NULL;

	OK(cq_tls_new(CQ_TLS_CLIENT, &tls));
	snprintf(file, sizeof file, "%s.pem", authority);
	OK(cq_tls_authorities(tls, certificate(file)));
	if (name)
		OK(cq_tls_name(tls, name));
	return tls;
}

UNUSED static void limit_version(cq_tls *tls, int least, int most)
{
	SSL_CTX *context = (SSL_CTX *)cq_tls_context(tls);

	EQ(SSL_CTX_set_min_proto_version(context, least), 1);
	EQ(SSL_CTX_set_max_proto_version(context, most), 1);
}

/* Connected sockets, and how the handshake ended at either end. */
struct ends {
	cq_socket *client, *server;
	int client_code, server_code;
};

/* Seconds in which an end that has failed must have told the other. */
#define ALERT_SECONDS 2

/* Shakes hands. An end that waits for one that has failed is left waiting: EAGAIN. */
UNUSED static void shake_hands(struct ends *ends, const cq_tls *client, const cq_tls *server)
{
	double until = cq_monotime() + ALERT_SECONDS * (slow() ? 10 : 1);

	ends->client_code = ends->server_code = EAGAIN;
	while ((ends->client_code == EAGAIN || ends->server_code == EAGAIN) && cq_monotime() < until) {
		cq_interest set[3];
		size_t count = 0;

		if (ends->client_code == EAGAIN)
			ends->client_code = cq_socket_try_starttls(ends->client, client);
		if (ends->server_code == EAGAIN)
			ends->server_code = cq_socket_try_starttls(ends->server, server);
		if (ends->client_code == EAGAIN)
			set[count++] = on_socket(ends->client, 0);
		if (ends->server_code == EAGAIN)
			set[count++] = on_socket(ends->server, 0);
		set[count++] = on_time(0.1);
		if (count > 1)
			OK(cq_poll(set, count, NULL));
	}
}

UNUSED static void free_ends(struct ends *ends)
{
	cq_socket_free(ends->client);
	cq_socket_free(ends->server);
}

UNUSED static struct ends new_pair(void)
{
	struct ends ends = { NULL, NULL, 0, 0 };

	pair(&ends.client, &ends.server);
	return ends;
}

/* Two ends of a TCP connection to a host, of whose options something may be said before. */
UNUSED static struct ends new_tcp(cq_socket *listener, cq_options *options, const char *host)
{
	struct ends ends = { NULL, NULL, 0, 0 };
	cq_name name;

	OK(cq_socket_localname(listener, &name));
	OK(cq_options_host(options, host, name.port));
	OK(cq_socket_connect(options, &ends.client));
	OK(cq_socket_accept(listener, &ends.server));
	set_modes(ends.client, "bn");
	set_modes(ends.server, "bn");
	return ends;
}

/* Two ends that have shaken hands over a pair. */
UNUSED static struct ends secure_pair(void)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends = new_pair();

	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	cq_tls_free(client); /* sockets keep what they need */
	cq_tls_free(server);
	return ends;
}

/* A line there and a line back. */
UNUSED static void exchange(struct ends *ends)
{
	OK(cq_socket_write(ends->client, "ping\n", 5));
	OK(cq_socket_flush(ends->client));
	READ(ends->server, CQ_READ_LINE, 0, "ping");
	OK(cq_socket_write(ends->server, "pong\n", 5));
	OK(cq_socket_flush(ends->server));
	READ(ends->client, CQ_READ_LINE, 0, "pong");
}

/* The reason of a socket's failure contains a text. */
#define REASON(socket, wanted) \
	do { \
		char text_[300]; \
		OK(cq_socket_reason((socket), text_, sizeof text_)); \
		if (!strstr(text_, (wanted))) { \
			printf("       the reason is '%s', without '%s'\n", text_, (wanted)); \
			CHECK(!"the right reason"); \
		} \
	} while (0)

/* A raw end of TLS in this process, over a plain blocking descriptor. */
UNUSED static SSL *raw_tls(int fd, const char *name, bool server)
{
	SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	SSL *ssl;

	CHECK(context != NULL);
	if (name) {
		char file[100];

		snprintf(file, sizeof file, "%s.pem", name);
		EQ(SSL_CTX_use_certificate_chain_file(context, certificate(file)), 1);
		snprintf(file, sizeof file, "%s.key", name);
		EQ(SSL_CTX_use_PrivateKey_file(context, certificate(file), SSL_FILETYPE_PEM), 1);
	}
	ssl = SSL_new(context);
	CHECK(ssl != NULL);
	SSL_CTX_free(context);
	EQ(SSL_set_fd(ssl, fd), 1);
	return ssl;
}

/* A server that shows a certificate, and where it listens. */
struct world {
	cq_tls *server;
	cq_socket *listener;
	int port;
};

UNUSED static struct world open_world(const char *shown)
{
	struct world world;

	world.server = server_with(shown);
	world.listener = listen_on("127.0.0.1", &world.port);
	return world;
}

UNUSED static void close_world(struct world *world)
{
	cq_socket_free(world->listener);
	cq_tls_free(world->server);
}

#endif
