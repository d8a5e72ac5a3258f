/* SPDX-License-Identifier: MIT */
/*
 * TLS that begins after plain text. What came in plain text is never read as if it had come through TLS: somebody on the
 * way may have slipped it in behind the command.
 */

#include "tls.h"

static const struct {
	uint32_t format;
	size_t count;
} formats[] = { { CQ_READ_LINE, 0 }, { CQ_READ_LINE_KEEP, 0 }, { CQ_READ_EXACTLY, 9 }, { CQ_READ_UP_TO, 9 } };

static const char *const modes[] = { "bn", "tn", "bf", "tl" };

/* Both ends shake hands behind a command; `slipped` came with it. How it ends for the end that reads the command. */
static void begin(bool server, size_t format, const char *mode, const char *slipped, bool late)
{
	cq_tls *tls = server ? server_with("server") : client_for("ca", "localhost");
	char command[100];
	int other, code, rounds;
	cq_socket *socket = half_pair(&other);
	SSL *peer = raw_tls(other, server ? NULL : "server", !server);
	const void *data;
	size_t size;

	if (server)
		SSL_set_connect_state(peer);
	else
		SSL_set_accept_state(peer);
	SYS(fcntl(other, F_SETFL, O_NONBLOCK));
	set_modes(socket, mode);
	snprintf(command, sizeof command, "STARTTLS\n%s", late ? "" : slipped);
	EQ(write(other, command, strlen(command)), strlen(command));
	OK(cq_socket_read(socket, formats[format].format, formats[format].count, &data, &size));
	CHECK(size >= 8 && memcmp(data, "STARTTLS", 8) == 0);
	if (late) /* it is still in the kernel when the handshake begins */
		EQ(write(other, slipped, strlen(slipped)), strlen(slipped));
	for (rounds = 0, code = EAGAIN; code == EAGAIN && rounds < 100; rounds++) {
		code = cq_socket_try_starttls(socket, tls);
		SSL_do_handshake(peer);
	}
	ERR(code, slipped[0] ? CQ_ETLS : 0);
	if (!slipped[0]) {
		EQ(SSL_do_handshake(peer), 1);
		EQ(SSL_write(peer, "secret\n", 7), 7);
		READ(socket, CQ_READ_LINE, 0, "secret");
	} else {
		ERR(read_code(socket, CQ_READ_UP_TO, 100), CQ_ETLS); /* nothing of it is ever read */
		EQ(cq_socket_pending(socket, CQ_INPUT), 0);
	}
	SSL_free(peer);
	SYS(close(other));
	cq_socket_free(socket);
	cq_tls_free(tls);
}

TEST(what_is_slipped_in_behind_the_command_ends_the_handshake_at_either_end)
{
	static const char *const slipped[] = { "", "EVIL\n", "E", "\n", "a longer text than a header of a record\r\n" };
	size_t format, mode, i;
	int server;

	for (server = 0; server < 2; server++)
		for (format = 0; format < COUNT(formats); format++)
			for (mode = 0; mode < COUNT(modes); mode++)
				for (i = 0; i < COUNT(slipped); i++) {
					begin(server, format, modes[mode], slipped[i], false);
					if (format == 0)
						begin(server, format, modes[mode], slipped[i], true);
				}
}

/* What was put back by the program, or filled, is plain text too. */
TEST(input_that_was_put_back_counts_as_plain_text)
{
	cq_tls *tls = server_with("server");
	int other;
	cq_socket *socket = half_pair(&other);

	OK(cq_socket_unget(socket, "GET /\n", 6));
	ERR(cq_socket_starttls(socket, tls), CQ_ETLS);
	ERR(read_code(socket, CQ_READ_UP_TO, 100), CQ_ETLS);
	cq_socket_free(socket);
	SYS(close(other));
	cq_tls_free(tls);
}

TEST(a_peer_that_closes_between_the_command_and_the_handshake_is_told)
{
	static const char *const last[] = { "", "STARTTLS\n", "STARTTLS\nEVIL\n" };
	size_t i;
	int server;

	for (server = 0; server < 2; server++)
		for (i = 0; i < COUNT(last); i++) {
			cq_tls *tls = server ? server_with("server") : client_for("ca", "localhost");
			int other, code;
			cq_socket *socket = half_pair(&other);

			EQ(write(other, last[i], strlen(last[i])), strlen(last[i]));
			SYS(close(other));
			if (i > 0)
				READ(socket, CQ_READ_LINE, 0, "STARTTLS");
			code = cq_socket_starttls(socket, tls);
			ERR(code, i == 2 && code != EPIPE ? CQ_ETLS : EPIPE);
			CHECK(strcmp(cq_socket_phase(socket), "failed") == 0);
			CHECK(read_code(socket, CQ_READ_UP_TO, 100) == code); /* nothing in plain text either */
			cq_socket_free(socket);
			cq_tls_free(tls);
		}
}

/* -- callbacks of the program that fail -- */

static int fail_always(SSL *ssl, int *alert, void *argument)
{
	(void)ssl, (void)argument;
	*alert = SSL_AD_INTERNAL_ERROR;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int select_none(SSL *ssl, const unsigned char **out, unsigned char *size, const unsigned char *in, unsigned count,
                       void *argument)
{
	(void)ssl, (void)out, (void)size, (void)in, (void)count, (void)argument;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int trust_nobody(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

static int refuse_hello(SSL *ssl, int *alert, void *argument)
{
	(void)ssl, (void)alert, (void)argument;
	return SSL_CLIENT_HELLO_ERROR;
}

TEST(a_callback_of_the_programs_context_that_fails_ends_the_handshake_and_nothing_else)
{
	int which;

	for (which = 0; which < 4; which++) {
		SSL_CTX *context = SSL_CTX_new(TLS_server_method());
		cq_tls *server, *client = client_for("ca", "localhost");
		struct ends ends = new_pair();

		EQ(SSL_CTX_use_certificate_chain_file(context, certificate("server.pem")), 1);
		EQ(SSL_CTX_use_PrivateKey_file(context, certificate("server.key"), SSL_FILETYPE_PEM), 1);
		EQ(SSL_CTX_load_verify_locations(context, certificate("ca.pem"), NULL), 1);
		load(client, "client");
		OK(cq_tls_alpn(client, "h2"));
		if (which == 0)
			SSL_CTX_set_tlsext_servername_callback(context, fail_always);
		else if (which == 1)
			SSL_CTX_set_alpn_select_cb(context, select_none, NULL);
		else if (which == 2)
			SSL_CTX_set_verify(context, SSL_VERIFY_PEER, trust_nobody);
		else
			SSL_CTX_set_client_hello_cb(context, refuse_hello, NULL);
		OK(cq_tls_adopt_context(context, CQ_TLS_SERVER, &server));
		shake_hands(&ends, client, server);
		ERR(ends.server_code, CQ_ETLS);
		ERR(cq_socket_try_starttls(ends.server, server), CQ_ETLS); /* told again */
		free_ends(&ends);
		SSL_CTX_free(context);
		cq_tls_free(server);
		cq_tls_free(client);
	}
}
