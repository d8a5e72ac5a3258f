/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks of TLS handshakes share: the other end, a child process on libssl, and the command line.
 *
 *   PROGRAM server|client full|resumed CERTIFICATE KEY TIMES
 *
 * Connections are made one after the other; the server closes each as soon as it has shaken hands, the client reads to the
 * end. The CPU time of the end that is named first is measured. After peer.h and connect.h.
 */
#ifndef HANDSHAKES_H
#define HANDSHAKES_H

#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/wait.h>

static struct {
	bool server, resumed;
	const char *certificate, *key;
	int times, listener, port;
} given;

static SSL_CTX *raw_context;
static SSL_SESSION *raw_session;

static inline void prepare_raw(bool server)
{
	raw_context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!raw_context)
		die("SSL_CTX_new");
	SSL_CTX_set_min_proto_version(raw_context, TLS1_2_VERSION);
	if (server && (SSL_CTX_use_certificate_chain_file(raw_context, given.certificate) != 1 ||
	               SSL_CTX_use_PrivateKey_file(raw_context, given.key, SSL_FILETYPE_PEM) != 1))
		die("certificate");
	if (!server && SSL_CTX_load_verify_locations(raw_context, given.certificate, NULL) != 1)
		die("authorities");
	if (!server)
		SSL_CTX_set_verify(raw_context, SSL_VERIFY_PEER, NULL);
}

static inline void wait_for(int fd)
{
	struct pollfd one = { fd, POLLIN, 0 };

	if (poll(&one, 1, -1) < 0)
		die("poll");
}

/* Repeats a call of libssl until it need not wait any more; what it returns. */
static inline int finish(SSL *ssl, int (*call)(SSL *ssl))
{
	int result;

	while ((result = call(ssl)) < 0 && SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ)
		wait_for(SSL_get_fd(ssl));
	return result;
}

static inline int read_byte(SSL *ssl)
{
	char byte;

	return SSL_read(ssl, &byte, 1);
}

static inline void accept_raw(void)
{
	int fd;
	SSL *ssl = SSL_new(raw_context);

	while ((fd = accept4(given.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0 && errno == EAGAIN)
		wait_for(given.listener);
	if (fd < 0 || !ssl || SSL_set_fd(ssl, fd) != 1)
		die("accept");
	send_at_once(fd);
	if (finish(ssl, SSL_accept) != 1)
		die("SSL_accept");
	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

static inline int connect_to_listener(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)given.port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (void *)&address, sizeof address) < 0)
		die("connect");
	send_at_once(fd);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		die("fcntl");
	return fd;
}

static inline void connect_raw(void)
{
	int fd = connect_to_listener();
	SSL *ssl = SSL_new(raw_context);

	if (!ssl || SSL_set_fd(ssl, fd) != 1 || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), "127.0.0.1") != 1)
		die("SSL_new");
	if (given.resumed && raw_session)
		SSL_set_session(ssl, raw_session);
	if (finish(ssl, SSL_connect) != 1)
		die("SSL_connect");
	if (given.resumed && raw_session && !SSL_session_reused(ssl))
		die("resumed");
	if (finish(ssl, read_byte) > 0)
		die("SSL_read");
	if (given.resumed) {
		SSL_SESSION_free(raw_session);
		raw_session = SSL_get1_session(ssl);
	}
	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

/* One connection more is made before measuring begins, so that there is a session. */
static inline void run_raw(bool server)
{
	int i;

	prepare_raw(server);
	for (i = 0; i <= given.times; i++) {
		if (i == 1)
			begin_measuring();
		if (server)
			accept_raw();
		else
			connect_raw();
	}
}

/* `run` makes all connections of the end that is measured, and begins to measure after the first. */
static inline int run_handshakes(int argc, char **argv, void (*run)(bool server))
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	int status = 0;
	pid_t child;

	if (argc < 6)
		return 2;
	prepare();
	given.server = strcmp(argv[1], "server") == 0;
	given.resumed = strcmp(argv[2], "resumed") == 0;
	given.certificate = argv[3];
	given.key = argv[4];
	given.times = atoi(argv[5]);
	given.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (given.listener < 0 || bind(given.listener, (void *)&address, size) < 0 || listen(given.listener, SOMAXCONN) < 0 ||
	    getsockname(given.listener, (void *)&address, &size) < 0)
		die("listen");
	given.port = ntohs(address.sin_port);
	child = fork();
	if (child == 0) {
		run_raw(!given.server);
		_exit(0);
	}
	run(given.server);
	end_measuring(given.times);
	if (waitpid(child, &status, 0) < 0 || status != 0)
		die("the other end");
	return 0;
}

#endif
