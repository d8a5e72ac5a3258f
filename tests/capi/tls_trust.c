/* SPDX-License-Identifier: MIT */
/*
 * What a configuration demands when nobody has said what, keys that are encrypted, failures that pass, what is left in
 * OpenSSL's queue of errors, and what a fiber leaves that is abandoned in its handshake.
 */

#include "tls.h"

/* -- the role of an end -- */

/* Sockets that turn out to be clients. */
enum end { CONNECTED, PAIRED, DATAGRAM };

/* How a client with this configuration fares with a server that shows a certificate. */
static int call_as(const cq_tls *client, enum end end, const char *shown)
{
	cq_tls *server = server_with(shown);
	struct ends ends;

	if (end == CONNECTED) {
		int port;
		cq_socket *listener = listen_on("127.0.0.1", &port);
		cq_options *options = new_options();

		ends = new_tcp(listener, options, "127.0.0.1");
		cq_options_free(options);
		cq_socket_free(listener);
	} else {
		OK(cq_socket_pair(end == PAIRED ? SOCK_STREAM : SOCK_DGRAM, &ends.client, &ends.server));
	}
	shake_hands(&ends, client, server);
	EQ(SSL_is_server((SSL *)cq_socket_checktls(ends.client)), 0);
	free_ends(&ends);
	cq_tls_free(server);
	return ends.client_code;
}

/* What went wrong: a configuration for either end verified nothing, also where it was a client's. */
TEST(a_client_verifies_whatever_role_was_given)
{
	const uint32_t roles[] = { CQ_TLS_CLIENT, CQ_TLS_ANY };
	enum end end;
	size_t i;

	for (i = 0; i < COUNT(roles); i++)
		for (end = CONNECTED; end <= DATAGRAM; end++) {
			cq_tls *tls;

			OK(cq_tls_new(roles[i], &tls));
			OK(cq_tls_name(tls, "localhost"));
			ERR(call_as(tls, end, "server"), CQ_ENOTVERIFIED); /* no authority of the system's */
			OK(cq_tls_authorities(tls, certificate("ca.pem")));
			OK(call_as(tls, end, "server"));
			ERR(call_as(tls, end, "other"), CQ_ENOTVERIFIED);
			ERR(call_as(tls, end, "untrusted"), CQ_ENOTVERIFIED);
			OK(cq_tls_verify(tls, CQ_TLS_VERIFY_NONE)); /* somebody has said so */
			OK(call_as(tls, end, "untrusted"));
			OK(cq_tls_verify(tls, CQ_TLS_VERIFY_PEER));
			ERR(call_as(tls, end, "untrusted"), CQ_ENOTVERIFIED);
			cq_tls_free(tls);
		}
}

TEST(a_client_that_does_not_know_the_name_is_refused_whatever_role_was_given)
{
	const uint32_t roles[] = { CQ_TLS_CLIENT, CQ_TLS_ANY };
	size_t i;

	for (i = 0; i <= COUNT(roles); i++) { /* the last time without a configuration */
		struct ends ends = new_pair();
		cq_tls *tls = NULL;

		if (i < COUNT(roles))
			OK(cq_tls_new(roles[i], &tls));
		ERR(cq_socket_try_starttls(ends.client, tls), CQ_ENOTVERIFIED);
		CHECK(cq_socket_checktls(ends.client) == NULL);
		free_ends(&ends);
		cq_tls_free(tls);
	}
}

/* A server demands nothing unless it is told to, also with the configuration of either end. */
TEST(a_server_demands_nothing_whatever_role_was_given)
{
	const uint32_t roles[] = { CQ_TLS_SERVER, CQ_TLS_ANY };
	int port;
	cq_socket *listener = listen_on("127.0.0.1", &port);
	size_t i;

	for (i = 0; i < COUNT(roles) * 2; i++) {
		cq_tls *server, *client = client_for("ca", NULL);
		cq_options *options = new_options();
		struct ends ends;

		OK(cq_tls_new(roles[i / 2], &server));
		load(server, "server");
		OK(cq_tls_authorities(server, certificate("ca.pem")));
		if (i % 2)
			OK(cq_tls_verify(server, CQ_TLS_VERIFY_REQUIRE));
		ends = new_tcp(listener, options, "127.0.0.1");
		shake_hands(&ends, client, server);
		ERR(ends.server_code, i % 2 ? CQ_ENOTVERIFIED : 0);
		free_ends(&ends);
		cq_options_free(options);
		cq_tls_free(client);
		cq_tls_free(server);
	}
	cq_socket_free(listener);
}

/* -- encrypted keys -- */

static const char *temporary(const char *name)
{
	static char paths[3][120];
	static int next;

	next = (next + 1) % 3;
	snprintf(paths[next], sizeof paths[next], "%s", temporary_path(name));
	return paths[next];
}

/* Writes what is encrypted with "secret": a key of today's form, a key of the old form, a certificate. */
static const char *encrypted(const char *kind)
{
	const char *path = temporary(kind);
	FILE *from, *to = fopen(path, "w");
	int done;

	CHECK(to != NULL);
	from = fopen(certificate(strcmp(kind, "certificate") ? "server.key" : "server.pem"), "r");
	CHECK(from != NULL);
	if (strcmp(kind, "certificate") == 0) {
		X509 *x509 = PEM_read_X509(from, NULL, NULL, NULL);

		done = PEM_ASN1_write((i2d_of_void *)i2d_X509, PEM_STRING_X509, to, x509, EVP_aes_128_cbc(),
		                      (unsigned char *)"secret", 6, NULL, NULL);
		X509_free(x509);
	} else {
		EVP_PKEY *key = PEM_read_PrivateKey(from, NULL, NULL, NULL);
		BIO *out = BIO_new_fp(to, BIO_NOCLOSE);

		if (strcmp(kind, "key") == 0)
			done = PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
		else
			done = PEM_write_bio_PrivateKey_traditional(out, key, EVP_aes_128_cbc(), (unsigned char *)"secret", 6, NULL, NULL);
		BIO_free(out);
		EVP_PKEY_free(key);
	}
	EQ(done, 1);
	fclose(from);
	fclose(to);
	return path;
}

static int load_key(const char *path)
{
	cq_tls *tls;
	int code;

	OK(cq_tls_new(CQ_TLS_SERVER, &tls));
	code = cq_tls_certificate(tls, certificate("server.pem"), path);
	cq_tls_free(tls);
	return code;
}

static int load_chain(const char *path)
{
	cq_tls *tls;
	int code;

	OK(cq_tls_new(CQ_TLS_SERVER, &tls));
	code = cq_tls_certificate(tls, path, certificate("server.key"));
	cq_tls_free(tls);
	return code;
}

static int load_authorities(const char *path)
{
	cq_tls *tls;
	int code;

	OK(cq_tls_new(CQ_TLS_CLIENT, &tls));
	code = cq_tls_authorities(tls, path);
	cq_tls_free(tls);
	return code;
}

/* Runs a load in a child that has a terminal. Nothing may appear there. */
static void load_at_terminal(int (*load)(const char *path), const char *path)
{
	int terminal = (int)SYS(posix_openpt(O_RDWR | O_NOCTTY));
	struct pollfd record = { 0, POLLIN, 0 };
	pid_t child;

	SYS(grantpt(terminal));
	SYS(unlockpt(terminal));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		SYS(setsid());
		SYS(open(ptsname(terminal), O_RDWR)); /* it is the child's now */
		end_child(load(path) == CQ_ETLS);
	}
	record.fd = terminal;
	while (waitpid(child, NULL, WNOHANG) == 0)
		if (SYS(poll(&record, 1, 20)) == 1 && record.revents & POLLIN) {
			kill(child, SIGKILL);
			CHECK(!"nothing at the terminal");
		}
	SYS(close(terminal));
}

/* What went wrong: the program's terminal was asked for the pass phrase, and the process waited for it. */
TEST(nobody_is_asked_for_a_pass_phrase_at_the_terminal)
{
	const char *key = encrypted("key"), *old = encrypted("old"), *chain = encrypted("certificate");

	load_at_terminal(load_key, key);
	load_at_terminal(load_key, old);
	load_at_terminal(load_chain, chain);
	load_at_terminal(load_authorities, chain);
	ERR(load_key(key), CQ_ETLS);
	ERR(load_key(old), CQ_ETLS);
	ERR(load_chain(chain), CQ_ETLS);
	ERR(load_authorities(chain), CQ_ETLS);
	unlink(key), unlink(old), unlink(chain);
}

static int tell_pass_phrase(char *text, int size, int writing, void *argument)
{
	(void)writing;
	snprintf(text, (size_t)size, "%s", (const char *)argument);
	return (int)strlen(text);
}

TEST(a_pass_phrase_that_the_program_knows_serves_streams_and_datagrams)
{
	const char *key = encrypted("key");
	char pass_phrase[] = "secret";
	cq_tls *server, *client = client_for("ca", "localhost");
	int kind;

	OK(cq_tls_new(CQ_TLS_SERVER, &server));
	SSL_CTX_set_default_passwd_cb((SSL_CTX *)cq_tls_context(server), tell_pass_phrase);
	SSL_CTX_set_default_passwd_cb_userdata((SSL_CTX *)cq_tls_context(server), pass_phrase);
	OK(cq_tls_certificate(server, certificate("server.pem"), key));
	for (kind = 0; kind < 2; kind++) {
		struct ends ends;

		OK(cq_socket_pair(kind ? SOCK_DGRAM : SOCK_STREAM, &ends.client, &ends.server));
		shake_hands(&ends, client, server);
		OK(ends.client_code);
		OK(ends.server_code);
		free_ends(&ends);
	}
	unlink(key);
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- failures that pass -- */

/* What went wrong: authorities that could not be read for want of a descriptor were never looked for again. */
TEST(the_systems_authorities_are_looked_for_again_after_a_failure)
{
	const uint32_t roles[] = { CQ_TLS_CLIENT, CQ_TLS_ANY };
	int port;
	cq_socket *listener = listen_on("127.0.0.1", &port);
	cq_tls *server = server_with("server");
	size_t i;

	SYS(setenv("SSL_CERT_FILE", certificate("ca.pem"), 1)); /* the system's */
	for (i = 0; i <= COUNT(roles); i++) { /* the last time without a configuration */
		cq_options *options = new_options();
		struct ends ends = new_tcp(listener, options, "127.0.0.1");
		struct rlimit limit;
		cq_tls *client = NULL;
		int code;

		if (i < COUNT(roles))
			OK(cq_tls_new(roles[i], &client));
		limit = forbid_descriptors();
		code = cq_socket_try_starttls(ends.client, client);
		allow_descriptors(limit);
		ERR(code, EMFILE);
		shake_hands(&ends, client, server);
		OK(ends.client_code);
		OK(ends.server_code);
		exchange(&ends);
		free_ends(&ends);
		cq_options_free(options);
		cq_tls_free(client);
	}
	cq_socket_free(listener);
	cq_tls_free(server);
}

/* What went wrong: a wrong path in the environment made every certificate look as if it were to blame. */
TEST(authorities_that_the_environment_names_in_vain_are_told)
{
	static const char *const lacks[][3] = {
		{ "SSL_CERT_FILE", "/nonexistent/a", "; no authorities: SSL_CERT_FILE=/nonexistent/a: No such file or directory, peer 127.0.0.1:" },
		{ "SSL_CERT_FILE", "/", "; no authorities: SSL_CERT_FILE=/: Is a directory, peer 127.0.0.1:" },
		{ "SSL_CERT_DIR", "/nonexistent/a:/nonexistent/b",
		  "; no authorities: SSL_CERT_DIR=/nonexistent/a:/nonexistent/b: No such file or directory, peer 127.0.0.1:" },
		{ "SSL_CERT_DIR", "/nonexistent/a:/", NULL }, /* one of them can be read */
		{ "SSL_CERT_FILE", "", NULL },
	};
	int port;
	cq_socket *listener = listen_on("127.0.0.1", &port);
	cq_tls *server = server_with("server");
	size_t i;

	for (i = 0; i < 2 * COUNT(lacks); i++) {
		const char *const *lack = lacks[i / 2];
		bool own = i % 2; /* whether the program has said whom it trusts: then it is to blame */
		cq_options *options = new_options();
		struct ends ends = new_tcp(listener, options, "127.0.0.1");
		cq_tls *client = own ? client_for("stranger", "localhost") : NULL;
		char text[512];

		SYS(setenv(lack[0], lack[1], 1));
		if (!own)
			OK(cq_tls_new(CQ_TLS_CLIENT, &client));
		shake_hands(&ends, client, server);
		ERR(ends.client_code, CQ_ENOTVERIFIED);
		OK(cq_socket_reason(ends.client, text, sizeof text));
		if (lack[2] && !own)
			CHECK(strstr(text, lack[2]));
		else
			CHECK(!strstr(text, "no authorities"));
		SYS(unsetenv(lack[0]));
		free_ends(&ends);
		cq_options_free(options);
		cq_tls_free(client);
	}
	cq_socket_free(listener);
	cq_tls_free(server);
}

static bool starved;

static void *allocate(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return starved ? NULL : malloc(size);
}

static void *reallocate(void *block, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return starved ? NULL : realloc(block, size);
}

static void deallocate(void *block, const char *file, int line)
{
	(void)file, (void)line;
	free(block);
}

/* What went wrong: one failure to make the configuration that NULL stands for was the answer for ever. */
TEST(the_usual_configuration_is_made_again_after_a_failure)
{
	struct ends ends = new_pair();
	cq_tls *tls = NULL;

	if (!CRYPTO_set_mem_functions(allocate, reallocate, deallocate))
		SKIP("libcrypto has memory already");
	OK(cq_tls_new(CQ_TLS_CLIENT, &tls)); /* libssl begins its work */
	cq_tls_free(tls);
	starved = true;
	ERR(cq_socket_try_starttls(ends.client, NULL), CQ_ETLS);
	ERR(cq_tls_new(CQ_TLS_CLIENT, &tls), CQ_ETLS);
	starved = false;
	ERR(cq_socket_try_starttls(ends.client, NULL), CQ_ENOTVERIFIED); /* whom? */
	free_ends(&ends);
}

/* -- abandoned handshakes -- */

static int freed;

static void note_freed(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument)
{
	(void)parent, (void)pointer, (void)data, (void)index, (void)number, (void)argument;
	freed++;
}

struct handshake {
	cq_socket *socket;
	cq_tls *tls;
};

static int shake(void *argument)
{
	struct handshake *handshake = (struct handshake *)argument;

	return cq_socket_starttls(handshake->socket, handshake->tls);
}

/* What went wrong: the fiber's stack held the configuration, and nobody unwinds the stack of an abandoned fiber. */
TEST(a_handshake_that_is_abandoned_leaves_nothing)
{
	int way;

	CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, NULL, NULL, note_freed);
	for (way = 0; way < 3; way++) {
		cq_controller *cq = new_controller();
		struct ends ends = new_pair();
		struct handshake handshake;
		cq_task task;

		freed = 0;
		handshake.socket = ends.client;
		OK(cq_tls_new(CQ_TLS_CLIENT, &handshake.tls));
		OK(cq_tls_name(handshake.tls, "localhost"));
		OK(cq_controller_wrap(cq, shake, NULL, &handshake, &task));
		OK(cq_controller_step(cq, 0));
		cq_tls_free(handshake.tls); /* the handshake has what it needs */
		if (way == 0)
			OK(cq_controller_cancel(cq, task));
		if (way == 1) {
			OK(cq_socket_close(ends.client)); /* it ends by itself */
			ERR(cq_controller_step(cq, 1), EBADF);
		}
		cq_controller_free(cq);
		free_ends(&ends);
		EQ(freed, 1);
	}
}
