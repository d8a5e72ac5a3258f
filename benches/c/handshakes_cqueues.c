/* SPDX-License-Identifier: MIT */
/* TLS handshakes on libcqueues, each call of which waits by itself. See handshakes.h. */

#include "peer.h"
#include "connect.h"
#include "handshakes.h"
#include <cqueues.h>

static cq_tls *tls;

static void check(int code, const char *what)
{
	if (code) {
		fprintf(stderr, "%s: %s\n", what, cq_strerror(code));
		exit(1);
	}
}

static void accept_one(cq_socket *listener)
{
	cq_socket *socket;

	check(cq_socket_accept(listener, &socket), "accept");
	send_at_once(cq_socket_pollfd(socket));
	check(cq_socket_starttls(socket, tls), "starttls");
	cq_socket_free(socket);
}

static void connect_one(cq_options *options, bool first)
{
	const void *data;
	cq_socket *socket;
	size_t size;

	check(cq_socket_connect(options, &socket), "connect");
	check(cq_socket_starttls(socket, tls), "starttls");
	if (given.resumed && !first && !cq_socket_resumed(socket))
		die("resumed");
	if (cq_socket_read(socket, CQ_READ_UP_TO, 1, &data, &size) != EPIPE)
		die("read");
	cq_socket_free(socket);
}

static void run(bool server)
{
	cq_options *options = NULL;
	cq_socket *listener = NULL;
	int i;

	check(cq_tls_new(server ? CQ_TLS_SERVER : CQ_TLS_CLIENT, &tls), "tls");
	if (server) {
		check(cq_tls_certificate(tls, given.certificate, given.key), "certificate");
		check(cq_socket_adopt(given.listener, &listener), "listener");
	} else {
		check(cq_tls_authorities(tls, given.certificate), "authorities");
		check(cq_options_new(&options), "options");
		check(cq_options_host(options, "127.0.0.1", given.port), "host");
		check(cq_options_set(options, CQ_OPTION_NODELAY, 1), "nodelay");
	}
	for (i = 0; i <= given.times; i++) {
		if (i == 1)
			begin_measuring();
		if (server)
			accept_one(listener);
		else
			connect_one(options, i == 0);
		if (!server && !given.resumed)
			check(cq_tls_verify(tls, CQ_TLS_VERIFY_PEER), "verify"); /* forgets the session */
	}
}

int main(int argc, char **argv)
{
	return run_handshakes(argc, argv, run);
}
