/* SPDX-License-Identifier: MIT */
/* TLS on sockets: the handshake, the data, the end of the stream, other people's contexts. */

#include "tls.h"

TEST(null_and_what_makes_no_sense_is_refused)
{
	cq_tls *tls = NULL, *other = NULL;
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	SSL *ssl = SSL_new(context);
	char text[10] = "unchanged", name[300];
	struct ends ends = new_pair();

	ERR(cq_tls_new(CQ_TLS_SERVER, NULL), EINVAL);
	ERR(cq_tls_new(3, &tls), EINVAL);
	ERR(cq_tls_adopt_context(NULL, CQ_TLS_CLIENT, &tls), EINVAL);
	ERR(cq_tls_adopt_context(context, 3, &tls), EINVAL);
	ERR(cq_tls_adopt_context(context, CQ_TLS_CLIENT, NULL), EINVAL);
	ERR(cq_tls_adopt_ssl(NULL, CQ_TLS_CLIENT, &tls), EINVAL);
	ERR(cq_tls_adopt_ssl(ssl, 3, &tls), EINVAL);
	ERR(cq_tls_adopt_ssl(ssl, CQ_TLS_CLIENT, NULL), EINVAL);
	CHECK(tls == NULL);
	tls = server_with("server");
	ERR(cq_tls_certificate(NULL, "x", "x"), EINVAL);
	ERR(cq_tls_certificate(tls, NULL, "x"), EINVAL);
	ERR(cq_tls_certificate(tls, "x", NULL), EINVAL);
	ERR(cq_tls_authorities(NULL, "x"), EINVAL);
	ERR(cq_tls_authorities(tls, NULL), EINVAL);
	ERR(cq_tls_verify(NULL, CQ_TLS_VERIFY_PEER), EINVAL);
	ERR(cq_tls_verify(tls, 3), EINVAL);
	ERR(cq_tls_name(NULL, "x"), EINVAL);
	ERR(cq_tls_name(tls, NULL), EINVAL);
	ERR(cq_tls_name(tls, ""), EINVAL);
	ERR(cq_tls_name(tls, "\xff"), EINVAL);
	ERR(cq_tls_alpn(NULL, "x"), EINVAL);
	ERR(cq_tls_alpn(tls, NULL), EINVAL);
	ERR(cq_tls_alpn(tls, ""), EINVAL);
	ERR(cq_tls_alpn(tls, "h2,,h3"), EINVAL);
	ERR(cq_tls_alpn(tls, "h2,"), EINVAL);
	memset(name, 'x', sizeof name);
	name[256] = 0;
	ERR(cq_tls_alpn(tls, name), EINVAL);
	CHECK(cq_tls_context(NULL) == NULL);
	ERR(cq_socket_try_starttls(NULL, tls), EINVAL);
	ERR(cq_socket_starttls(NULL, tls), EINVAL);
	CHECK(cq_socket_checktls(NULL) == NULL && cq_socket_checktls(ends.client) == NULL);
	CHECK(cq_socket_sharetls(NULL) == NULL && cq_socket_sharetls(ends.client) == NULL);
	CHECK(!cq_socket_resumed(NULL) && !cq_socket_resumed(ends.client));
	ERR(cq_socket_alpn(NULL, text, sizeof text), EINVAL);
	ERR(cq_socket_alpn(ends.client, NULL, 10), EINVAL);
	ERR(cq_socket_alpn(ends.client, text, 0), EINVAL);
	ERR(cq_socket_reason(NULL, text, sizeof text), EINVAL);
	ERR(cq_socket_reason(ends.client, NULL, 10), EINVAL);
	ERR(cq_socket_reason(ends.client, text, 0), EINVAL);
	CHECK(strcmp(text, "unchanged") == 0);
	OK(cq_socket_alpn(ends.client, text, sizeof text));
	CHECK(strcmp(text, "") == 0);
	OK(cq_socket_reason(ends.client, text, sizeof text));
	CHECK(strcmp(text, "") == 0);

	/* An adopted configuration says what it demands by itself. */
	OK(cq_tls_adopt_context(context, CQ_TLS_SERVER, &other));
	ERR(cq_tls_certificate(other, certificate("server.pem"), certificate("server.key")), EINVAL);
	ERR(cq_tls_authorities(other, certificate("ca.pem")), EINVAL);
	ERR(cq_tls_verify(other, CQ_TLS_VERIFY_PEER), EINVAL);
	ERR(cq_tls_alpn(other, "h2"), EINVAL);
	CHECK(cq_tls_context(other) == context);
	cq_tls_free(other);
	cq_tls_free(tls);
	cq_tls_free(NULL);
	free_ends(&ends);
	SSL_free(ssl);
	SSL_CTX_free(context);
}

TEST(files_that_are_no_good_are_told)
{
	cq_tls *tls;

	OK(cq_tls_new(CQ_TLS_SERVER, &tls));
	ERR(cq_tls_certificate(tls, certificate("none.pem"), certificate("server.key")), ENOENT);
	ERR(cq_tls_certificate(tls, certificate("server.pem"), certificate("none.key")), ENOENT);
	ERR(cq_tls_certificate(tls, certificate("garbage.pem"), certificate("server.key")), CQ_ETLS);
	ERR(cq_tls_certificate(tls, certificate("server.pem"), certificate("garbage.pem")), CQ_ETLS);
	ERR(cq_tls_certificate(tls, certificate("server.pem"), certificate("other.key")), CQ_ETLS);
	ERR(cq_tls_authorities(tls, certificate("none.pem")), ENOENT);
	ERR(cq_tls_authorities(tls, certificate("garbage.pem")), CQ_ETLS);
	EQ(ERR_peek_error(), 0); /* nothing is left in the program's queue of errors */
	load(tls, "server"); /* and nothing is spoilt */
	cq_tls_free(tls);
}

/* -- the handshake -- */

TEST(two_sockets_shake_hands_and_exchange_data)
{
	struct ends ends = secure_pair();
	SSL *ssl = (SSL *)cq_socket_checktls(ends.client);

	CHECK(ssl != NULL);
	CHECK(strcmp(SSL_get_version(ssl), "TLSv1.3") == 0);
	CHECK(!cq_socket_resumed(ends.client));
	exchange(&ends);
	exchange(&ends);
	OK(cq_socket_try_starttls(ends.client, NULL)); /* it is done */
	OK(cq_socket_starttls(ends.server, NULL));
	CHECK(cq_socket_checktls(ends.client) == ssl);
	free_ends(&ends);
}

TEST(tls_1_2_serves_too)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends = new_pair();

	limit_version(server, TLS1_2_VERSION, TLS1_2_VERSION);
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	CHECK(strcmp(SSL_get_version((SSL *)cq_socket_checktls(ends.client)), "TLSv1.2") == 0);
	exchange(&ends);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

/* Whether a raw peer of an old version gets through. */
static int old_peer(bool is_server, int version)
{
	cq_tls *tls = is_server ? client_for("ca", "localhost") : server_with("server");
	cq_socket *socket;
	int other, code, status;
	pid_t child;

	socket = half_pair(&other);
	child = (pid_t)SYS(fork());
	if (child == 0) {
		SSL *ssl = raw_tls(other, is_server ? "server" : NULL, is_server);

		cq_socket_free(socket); /* or its end would never be seen */
		SSL_set_security_level(ssl, 0);
		SSL_set_min_proto_version(ssl, TLS1_VERSION);
		SSL_set_max_proto_version(ssl, version);
		code = is_server ? SSL_accept(ssl) : SSL_connect(ssl);
		if (code != 1 || SSL_version(ssl) != version)
			execlp("false", "false", (char *)NULL); /* a leak of this child is no news */
		end_child(true);
	}
	SYS(close(other));
	code = cq_socket_starttls(socket, tls);
	SYS(waitpid(child, &status, 0));
	EQ(code == 0, status == 0); /* both ends are of one opinion */
	cq_socket_free(socket);
	cq_tls_free(tls);
	return code;
}

TEST(versions_before_tls_1_2_are_refused)
{
	ERR(old_peer(true, TLS1_1_VERSION), CQ_ETLS);
	ERR(old_peer(false, TLS1_1_VERSION), CQ_ETLS);
	ERR(old_peer(true, TLS1_VERSION), CQ_ETLS);
	ERR(old_peer(false, TLS1_VERSION), CQ_ETLS);
	OK(old_peer(true, TLS1_2_VERSION));
	OK(old_peer(false, TLS1_2_VERSION));
}

TEST(a_server_without_certificate_refuses)
{
	cq_tls *server, *client = client_for("ca", "localhost");
	struct ends ends = new_pair();

	OK(cq_tls_new(CQ_TLS_SERVER, &server));
	shake_hands(&ends, client, server);
	ERR(ends.server_code, CQ_ETLS);
	ERR(ends.client_code, CQ_ETLS);
	REASON(ends.server, "no shared cipher");
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(one_configuration_serves_either_end)
{
	cq_tls *any;
	cq_options *options = new_options();
	cq_socket *listener;
	struct ends ends;
	int port;

	OK(cq_tls_new(CQ_TLS_ANY, &any));
	load(any, "server");
	OK(cq_tls_authorities(any, certificate("ca.pem")));
	listener = listen_on("127.0.0.1", &port);
	ends = new_tcp(listener, options, "127.0.0.1");
	shake_hands(&ends, any, any);
	OK(ends.client_code);
	OK(ends.server_code);
	EQ(SSL_is_server((SSL *)cq_socket_checktls(ends.server)), 1);
	EQ(SSL_is_server((SSL *)cq_socket_checktls(ends.client)), 0);
	exchange(&ends);
	free_ends(&ends);
	cq_socket_free(listener);
	cq_options_free(options);
	cq_tls_free(any);
}

TEST(what_cannot_speak_tls_says_so)
{
	cq_tls *tls = server_with("server");
	cq_socket *listener, *refused;
	struct ends ends = secure_pair();
	char byte;
	size_t size;
	int port, fd;

	listener = listen_on("127.0.0.1", &port);
	ERR(cq_socket_try_starttls(listener, tls), EPIPE);
	ERR(cq_socket_starttls(listener, tls), EPIPE);
	cq_socket_free(listener);
	refused = connect_to("127.0.0.1", port);
	ERR(cq_socket_starttls(refused, tls), ECONNREFUSED);
	cq_socket_free(refused);
	ERR(cq_socket_try_recvfrom(ends.client, &byte, 1, &size, NULL, NULL), EOPNOTSUPP);
	ERR(cq_socket_try_sendto(ends.client, "x", 1, NULL), EOPNOTSUPP);
	ERR(cq_socket_try_sendfd(ends.client, "x", 1, 0), EOPNOTSUPP);
	ERR(cq_socket_try_recvfd(ends.client, &byte, 1, &size, &fd), EOPNOTSUPP);
	OK(cq_socket_close(ends.client));
	CHECK(cq_socket_checktls(ends.client) == NULL);
	ERR(cq_socket_try_starttls(ends.client, tls), EBADF);
	free_ends(&ends);
	cq_tls_free(tls);
}

/* -- plain text and TLS -- */

TEST(tls_begins_after_plain_text)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends = new_pair();

	set_modes(ends.client, "tl");
	set_modes(ends.server, "tl");
	OK(cq_socket_write(ends.client, "STARTTLS\n", 9));
	READ(ends.server, CQ_READ_LINE, 0, "STARTTLS");
	OK(cq_socket_write(ends.server, "go ahead", 8)); /* no line: it is still buffered */
	EQ(cq_socket_pending(ends.server, CQ_OUTPUT), 8);
	ERR(cq_socket_try_starttls(ends.server, server), EAGAIN);
	EQ(cq_socket_pending(ends.server, CQ_OUTPUT), 0);
	READ(ends.client, CQ_READ_EXACTLY, 8, "go ahead");
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	exchange(&ends);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(a_handshake_that_was_read_with_the_plain_text_is_not_lost)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends = new_pair();

	OK(cq_socket_write(ends.client, "STARTTLS\n", 9));
	ERR(cq_socket_try_starttls(ends.client, client), EAGAIN); /* without waiting for an answer */
	READ(ends.server, CQ_READ_LINE, 0, "STARTTLS");
	CHECK(cq_socket_pending(ends.server, CQ_INPUT) > 100);
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	EQ(cq_socket_pending(ends.server, CQ_INPUT), 0);
	exchange(&ends);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(plain_text_behind_the_command_is_no_part_of_the_secure_stream)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends = new_pair();

	/* Whoever sits in between adds a command, which must not count as the client's. */
	OK(cq_socket_write(ends.client, "STARTTLS\nRCPT TO:<eve>\n", 23));
	READ(ends.server, CQ_READ_LINE, 0, "STARTTLS");
	shake_hands(&ends, client, server);
	ERR(ends.server_code, CQ_ETLS);
	ERR(read_code(ends.server, CQ_READ_LINE, 0), CQ_ETLS);
	free_ends(&ends);
	ends = new_pair();
	OK(cq_socket_write(ends.server, "go ahead\nand more\n", 18)); /* nor the server's */
	READ(ends.client, CQ_READ_LINE, 0, "go ahead");
	shake_hands(&ends, client, server);
	ERR(ends.client_code, CQ_ETLS);
	ERR(read_code(ends.client, CQ_READ_LINE, 0), CQ_ETLS);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- the end of the stream -- */

TEST(a_stream_that_is_closed_ends_like_any_other)
{
	struct ends ends = secure_pair();

	OK(cq_socket_write(ends.client, "all of it", 9));
	OK(cq_socket_close(ends.client));
	READ(ends.server, CQ_READ_ALL, 0, "all of it");
	ERR(read_code(ends.server, CQ_READ_LINE, 0), EPIPE);
	CHECK(cq_socket_eof(ends.server, CQ_INPUT));
	free_ends(&ends);
}

/* Ends the connection below TLS, without a word. */
static void cut(cq_socket *socket)
{
	SYS(shutdown(cq_socket_pollfd(socket), SHUT_RDWR));
}

TEST(a_stream_that_is_cut_is_told_from_one_that_ends)
{
	struct ends ends = secure_pair();

	OK(cq_socket_write(ends.client, "a line\nhalf", 11));
	cut(ends.client);
	READ(ends.server, CQ_READ_LINE, 0, "a line"); /* what came before can be read */
	READ(ends.server, CQ_READ_UP_TO, 10, "half");
	ERR(read_code(ends.server, CQ_READ_UP_TO, 10), CQ_ETRUNCATED);
	REASON(ends.server, "close_notify");
	free_ends(&ends);
	ends = secure_pair();
	OK(cq_socket_write(ends.client, "not all", 7));
	cut(ends.client);
	ERR(read_code(ends.server, CQ_READ_ALL, 0), CQ_ETRUNCATED); /* this would be taken for the whole */
	free_ends(&ends);
}

TEST(a_stream_that_is_cut_ends_like_any_other_where_that_was_asked_for)
{
	cq_options *options = new_options();
	struct ends ends = secure_pair();
	int i;

	CHECK(cq_socket_strict(ends.server) && !cq_socket_strict(NULL));
	ERR(cq_socket_set_strict(NULL, false), EINVAL);
	OK(cq_options_set(options, CQ_OPTION_STRICT, 0));
	for (i = 0; i < 2; i++) { /* by a call, by an option */
		OK(i ? cq_socket_configure(ends.server, options) : cq_socket_set_strict(ends.server, false));
		CHECK(!cq_socket_strict(ends.server) && !cq_socket_truncated(ends.server));
		OK(cq_socket_write(ends.client, "not all", 7));
		cut(ends.client);
		READ(ends.server, CQ_READ_ALL, 0, "not all");
		ERR(read_code(ends.server, CQ_READ_LINE, 0), EPIPE);
		CHECK(cq_socket_truncated(ends.server) && !cq_socket_truncated(NULL));
		REASON(ends.server, "close_notify");
		free_ends(&ends);
		ends = secure_pair();
	}
	free_ends(&ends);
	cq_options_free(options);
}

TEST(one_direction_ends_and_the_other_goes_on)
{
	struct ends ends = secure_pair();
	int i;

	OK(cq_socket_write(ends.client, "question", 8));
	OK(cq_socket_shutdown(ends.client, SHUT_WR));
	READ(ends.server, CQ_READ_ALL, 0, "question");
	for (i = 0; i < 3; i++) {
		OK(cq_socket_write(ends.server, "answer\n", 7));
		READ(ends.client, CQ_READ_LINE, 0, "answer");
	}
	ERR(cq_socket_write(ends.client, "more", 4), EPIPE); /* which does the other direction no harm */
	OK(cq_socket_close(ends.server));
	ERR(read_code(ends.client, CQ_READ_LINE, 0), EPIPE);
	free_ends(&ends);
}

/* -- other people's objects -- */

static SSL_CTX *own_context(bool server)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());

	if (server) {
		EQ(SSL_CTX_use_certificate_file(context, certificate("server.pem"), SSL_FILETYPE_PEM), 1);
		EQ(SSL_CTX_use_PrivateKey_file(context, certificate("server.key"), SSL_FILETYPE_PEM), 1);
	} else {
		EQ(SSL_CTX_load_verify_locations(context, certificate("ca.pem"), NULL), 1);
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	}
	return context;
}

TEST(contexts_of_the_program_serve)
{
	SSL_CTX *contexts[2] = { own_context(false), own_context(true) };
	cq_tls *client, *server;
	struct ends ends = new_pair();

	OK(cq_tls_adopt_context(contexts[0], CQ_TLS_CLIENT, &client));
	OK(cq_tls_adopt_context(contexts[1], CQ_TLS_SERVER, &server));
	SSL_CTX_free(contexts[0]); /* the configurations have references of their own */
	SSL_CTX_free(contexts[1]);
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	CHECK(SSL_get_SSL_CTX((SSL *)cq_socket_checktls(ends.client)) == contexts[0]);
	exchange(&ends);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(what_a_context_of_the_program_demands_stays_in_force)
{
	SSL_CTX *context = own_context(false);
	cq_tls *client, *server = server_with("untrusted");
	struct ends ends = new_pair();

	OK(cq_tls_adopt_context(context, CQ_TLS_CLIENT, &client));
	shake_hands(&ends, client, server);
	CHECK(ends.client_code == CQ_ENOTVERIFIED || ends.client_code == CQ_ETLS);
	REASON(ends.client, "unable to get local issuer certificate");
	free_ends(&ends);
	SSL_CTX_free(context);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(connections_of_the_program_serve_and_outlive_the_socket)
{
	SSL_CTX *context = own_context(false);
	cq_tls *client, *server = server_with("server");
	struct ends ends = new_pair();
	SSL *ssl = SSL_new(context), *shared;

	EQ(SSL_set1_host(ssl, "localhost"), 1);
	OK(cq_tls_adopt_ssl(ssl, CQ_TLS_CLIENT, &client));
	CHECK(cq_tls_context(client) == NULL);
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	CHECK(cq_socket_checktls(ends.client) == ssl);
	exchange(&ends);
	shared = (SSL *)cq_socket_sharetls(ends.server);
	CHECK(shared == cq_socket_checktls(ends.server));
	free_ends(&ends);
	CHECK(strcmp(SSL_get_version(ssl), "TLSv1.3") == 0);
	CHECK(strcmp(SSL_get_version(shared), "TLSv1.3") == 0);
	CHECK(SSL_read(ssl, &context, 1) <= 0); /* nothing is below it any more */
	CHECK(SSL_write(shared, "x", 1) <= 0);
	SSL_free(shared);
	cq_tls_free(client);
	cq_tls_free(server);
	SSL_free(ssl);
	SSL_CTX_free(context);
}
