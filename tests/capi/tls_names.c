/* SPDX-License-Identifier: MIT */
/*
 * A server with several names: each client gets the configuration for the name that it asks for, and what that demands.
 * The session of one name is resumed under no other: by it a client would get past what the other demands.
 */

#include "tls.h"

static cq_tls *server_with_names(void)
{
	cq_tls *tls = server_with("server"), *other = server_with("other"), *wild = server_with("wild");

	OK(cq_tls_add_name(tls, "Other.Test", other));
	OK(cq_tls_add_name(tls, "*.wild.test.", wild));
	cq_tls_free(other);
	cq_tls_free(wild);
	return tls;
}

static int code_for(const char *name, const cq_tls *server, int type)
{
	cq_tls *client = client_for("ca", name);
	struct ends ends;

	OK(cq_socket_pair(type, &ends.client, &ends.server));
	shake_hands(&ends, client, server);
	free_ends(&ends);
	cq_tls_free(client);
	return ends.client_code;
}

TEST(each_name_has_its_certificate)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	size_t i;

	for (i = 0; i < COUNT(types); i++) {
		cq_tls *server = server_with_names();

		OK(code_for("localhost", server, types[i])); /* no name of those: the server itself */
		OK(code_for("127.0.0.1", server, types[i])); /* no name at all */
		OK(code_for("other.test", server, types[i]));
		OK(code_for("OTHER.test.", server, types[i]));
		OK(code_for("a.wild.test", server, types[i]));
		ERR(code_for("a.b.wild.test", server, types[i]), CQ_ENOTVERIFIED);
		ERR(code_for("wild.test", server, types[i]), CQ_ENOTVERIFIED);
		cq_tls_free(server);
	}
}

TEST(a_name_can_be_replaced_and_its_configuration_changed)
{
	cq_tls *server = server_with_names(), *other = server_with("untrusted");

	OK(cq_tls_add_name(server, "other.test", other));
	ERR(code_for("other.test", server, SOCK_STREAM), CQ_ENOTVERIFIED);
	load(other, "other");
	OK(code_for("other.test", server, SOCK_STREAM));
	cq_tls_free(other);
	cq_tls_free(server);
}

/* A row: what a name's configuration is told, and what shows that it counts. */
TEST(versions_ciphers_and_protocols_of_a_name_count)
{
	cq_tls *server = server_with("server"), *other = server_with("other"), *client = client_for("ca", "other.test");
	struct ends ends = new_pair();
	char text[100];

	OK(cq_tls_versions(server, CQ_TLS_1_3, 0));
	OK(cq_tls_versions(other, 0, CQ_TLS_1_2));
	OK(cq_tls_ciphers(other, "ECDHE-ECDSA-CHACHA20-POLY1305"));
	OK(cq_tls_groups(other, "P-384"));
	OK(cq_tls_alpn(other, "second"));
	OK(cq_tls_alpn(client, "first,second"));
	OK(cq_tls_add_name(server, "other.test", other));
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(cq_socket_tls_fact(ends.client, CQ_TLS_FACT_VERSION, 0, text, sizeof text, NULL));
	CHECK(strcmp(text, "TLSv1.2") == 0);
	OK(cq_socket_tls_fact(ends.client, CQ_TLS_FACT_CIPHER, 0, text, sizeof text, NULL));
	CHECK(strcmp(text, "ECDHE-ECDSA-CHACHA20-POLY1305") == 0);
	OK(cq_socket_tls_fact(ends.client, CQ_TLS_FACT_GROUP, 0, text, sizeof text, NULL));
	CHECK(strcmp(text, "secp384r1") == 0);
	OK(cq_socket_alpn(ends.client, text, sizeof text));
	CHECK(strcmp(text, "second") == 0);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(other);
	cq_tls_free(server);
}

/* libssl asks for the configuration twice when it asks the client for another key. */
TEST(the_choice_holds_when_the_client_is_asked_for_another_key)
{
	cq_tls *server = server_with("server"), *other = server_with("other");

	OK(cq_tls_groups(other, "P-384"));
	OK(cq_tls_authorities(other, certificate("ca.pem")));
	OK(cq_tls_verify(other, CQ_TLS_VERIFY_PEER)); /* which a client without a certificate meets */
	OK(cq_tls_add_name(server, "other.test", other));
	OK(code_for("other.test", server, SOCK_STREAM));
	cq_tls_free(other);
	cq_tls_free(server);
}

TEST(what_is_no_name_or_would_go_round_in_circles_is_refused)
{
	static const char *const bad[] = { "", ".", "*", "*.", "a.*.test", "two words" };
	cq_tls *server = server_with_names(), *plain = server_with("server"), *adopted;
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		ERR(cq_tls_add_name(server, bad[i], plain), EINVAL);
	ERR(cq_tls_add_name(server, "a.test", server), EINVAL);
	ERR(cq_tls_add_name(plain, "a.test", server), EINVAL);
	OK(cq_tls_adopt_context(context, CQ_TLS_SERVER, &adopted));
	ERR(cq_tls_add_name(server, "a.test", adopted), EINVAL);
	ERR(cq_tls_add_name(adopted, "a.test", plain), EINVAL);
	SSL_CTX_free(context);
	cq_tls_free(adopted);
	cq_tls_free(plain);
	cq_tls_free(server);
}

/* -- demands -- */

/* A client of libssl's own that asks for a name and wants to resume a session. */
static cq_tls *raw_client(SSL_CTX *context, const char *name, SSL_SESSION *session)
{
	SSL *ssl = SSL_new(context);
	cq_tls *tls;

	CHECK(ssl != NULL);
	EQ(SSL_set_tlsext_host_name(ssl, name), 1);
	if (session)
		EQ(SSL_set_session(ssl, session), 1);
	OK(cq_tls_adopt_ssl(ssl, CQ_TLS_CLIENT, &tls));
	SSL_free(ssl);
	return tls;
}

/* What the server makes of that client; `session`: what it comes with, and has in the end. */
static int call_with(SSL_CTX *context, const char *name, const cq_tls *server, bool demand, SSL_SESSION **session,
                     bool *resumed)
{
	cq_tls *client = raw_client(context, name, *session);
	cq_options *options = new_options();
	struct ends ends = new_pair();

	OK(cq_options_set(options, CQ_OPTION_VERIFY, demand));
	OK(cq_socket_configure(ends.server, options));
	cq_options_free(options);
	shake_hands(&ends, client, server);
	if (ends.server_code == 0) {
		OK(ends.client_code);
		exchange(&ends); /* and with it the tickets */
		*resumed = cq_socket_resumed(ends.server);
		SSL_SESSION_free(*session);
		*session = SSL_get1_session((SSL *)cq_socket_checktls(ends.client));
		CHECK(*session != NULL);
	}
	free_ends(&ends);
	cq_tls_free(client);
	return ends.server_code;
}

/* The names: one demands nothing, the others a client's certificate, of authorities of theirs. */
TEST(the_session_of_one_name_is_resumed_under_no_other)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	size_t i;

	for (i = 0; i < COUNT(versions); i++) {
		cq_tls *server = server_with("server"), *strict = server_with("other"), *twin = server_with("other");
		SSL_CTX *context = SSL_CTX_new(TLS_client_method());
		SSL_SESSION *session = NULL;
		bool resumed = false;

		SSL_CTX_set_max_proto_version(context, versions[i]);
		OK(cq_tls_authorities(strict, certificate("ca.pem")));
		OK(cq_tls_verify(strict, CQ_TLS_VERIFY_REQUIRE));
		OK(cq_tls_add_name(server, "strict.test", strict));
		OK(cq_tls_add_name(server, "twin.test", twin));
		OK(call_with(context, "localhost", server, false, &session, &resumed));
		CHECK(!resumed);
		OK(call_with(context, "localhost", server, false, &session, &resumed));
		CHECK(resumed);
		ERR(call_with(context, "strict.test", server, false, &session, &resumed), CQ_ENOTVERIFIED);
		OK(call_with(context, "twin.test", server, false, &session, &resumed));
		CHECK(!resumed); /* though it demands as little */
		OK(call_with(context, "twin.test", server, false, &session, &resumed));
		CHECK(resumed);
		ERR(call_with(context, "strict.test", server, false, &session, &resumed), CQ_ENOTVERIFIED);

		EQ(SSL_CTX_use_certificate_file(context, certificate("client.pem"), SSL_FILETYPE_PEM), 1);
		EQ(SSL_CTX_use_PrivateKey_file(context, certificate("client.key"), SSL_FILETYPE_PEM), 1);
		OK(call_with(context, "strict.test", server, false, &session, &resumed));
		CHECK(!resumed);
		OK(call_with(context, "strict.test", server, false, &session, &resumed));
		CHECK(resumed);
		OK(call_with(context, "twin.test", server, false, &session, &resumed));
		CHECK(!resumed);
		SSL_SESSION_free(session);
		SSL_CTX_free(context);
		cq_tls_free(twin);
		cq_tls_free(strict);
		cq_tls_free(server);
	}
}

/* What the socket demands stays, whatever a name's configuration says; what the server demands does not. */
TEST(what_the_socket_demands_counts_for_every_name)
{
	cq_tls *server = server_with("server"), *lax = server_with("other");
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL_SESSION *session = NULL;
	bool resumed;

	OK(cq_tls_verify(server, CQ_TLS_VERIFY_REQUIRE));
	OK(cq_tls_authorities(lax, certificate("ca.pem")));
	OK(cq_tls_add_name(server, "lax.test", lax));
	ERR(call_with(context, "localhost", server, false, &session, &resumed), CQ_ENOTVERIFIED);
	OK(call_with(context, "lax.test", server, false, &session, &resumed));
	ERR(call_with(context, "lax.test", server, true, &session, &resumed), CQ_ENOTVERIFIED);
	SSL_SESSION_free(session);
	SSL_CTX_free(context);
	cq_tls_free(lax);
	cq_tls_free(server);
}
