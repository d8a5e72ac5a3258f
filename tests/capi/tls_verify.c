/* SPDX-License-Identifier: MIT */
/* Who is trusted and who is not, and what is said of those who are not. */

#include "tls.h"

#define REFUSED CQ_ENOTVERIFIED

/* A client that trusts `authority` and expects `name` meets a server that shows `shown`. */
static void meet(const char *authority, const char *name, const char *shown, int wanted, const char *reason)
{
	cq_tls *server = server_with(shown), *client = client_for(authority, name);
	struct ends ends = new_pair();
	int version;

	for (version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		limit_version(server, version, version);
		shake_hands(&ends, client, server);
		if (ends.client_code != wanted)
			printf("       a client that trusts %s and expects %s meets %s:\n", authority, name, shown);
		ERR(ends.client_code, wanted);
		if (wanted == 0) {
			OK(ends.server_code);
			exchange(&ends);
		} else {
			REASON(ends.client, reason);
			ERR(read_code(ends.client, CQ_READ_LINE, 0), wanted); /* nothing gets through */
			ERR(cq_socket_write(ends.client, "secret", 6), wanted);
			ERR(cq_socket_try_starttls(ends.client, client), wanted);
		}
		free_ends(&ends);
		ends = new_pair();
	}
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(a_certificate_is_good_for_the_names_and_addresses_in_it)
{
	meet("ca", "localhost", "server", 0, "");
	meet("ca", "LocalHost", "server", 0, "");
	meet("ca", "localhost.", "server", 0, "");
	meet("ca", "127.0.0.1", "server", 0, "");
	meet("ca", "::1", "server", 0, "");
	meet("ca", "0:0:0:0:0:0:0:1", "server", 0, "");
	meet("ca", "::1%lo", "server", 0, "");
}

TEST(a_certificate_for_others_is_refused)
{
	meet("ca", "other.test", "server", REFUSED, "certificate verify failed: hostname mismatch");
	meet("ca", "localhost", "other", REFUSED, "hostname mismatch");
	meet("ca", "localhos", "server", REFUSED, "hostname mismatch");
	meet("ca", "a.localhost", "server", REFUSED, "hostname mismatch");
	meet("ca", "127.0.0.2", "server", REFUSED, "IP address mismatch");
	meet("ca", "127.0.0.1", "other", REFUSED, "IP address mismatch");
	meet("ca", "::2", "server", REFUSED, "IP address mismatch");
	meet("ca", "::ffff:127.0.0.1", "server", REFUSED, "IP address mismatch");
}

TEST(the_subject_is_no_name_where_there_are_others)
{
	meet("ca", "localhost", "subject", REFUSED, "hostname mismatch");
}

TEST(a_name_with_a_nul_is_no_other_name)
{
	meet("ca", "localhost", "nul", REFUSED, "hostname mismatch");
}

TEST(a_wildcard_stands_for_one_whole_label)
{
	meet("ca", "a.wild.test", "wild", 0, "");
	meet("ca", "wild.test", "wild", REFUSED, "hostname mismatch");
	meet("ca", "a.b.wild.test", "wild", REFUSED, "hostname mismatch");
	meet("ca", "part.test", "wild", REFUSED, "hostname mismatch");
	meet("ca", "party.test", "wild", REFUSED, "hostname mismatch");
}

TEST(a_chain_must_lead_to_an_authority)
{
	meet("ca", "localhost", "chain", 0, "");
	meet("ca", "localhost", "below", REFUSED, "unable to get local issuer certificate");
	meet("ca", "localhost", "untrusted", REFUSED, "unable to get local issuer certificate");
	meet("ca", "localhost", "alone", REFUSED, "self-signed certificate");
	meet("alone", "localhost", "alone", 0, ""); /* whoever says so himself */
	meet("ca", "localhost", "false", REFUSED, "invalid CA certificate");
	meet("stranger", "localhost", "server", REFUSED, "unable to get local issuer certificate");
}

TEST(a_certificate_has_its_time)
{
	meet("ca", "localhost", "expired", REFUSED, "certificate has expired");
	meet("ca", "localhost", "future", REFUSED, "certificate is not yet valid");
}

TEST(a_certificate_has_its_purpose)
{
	meet("ca", "localhost", "purpose", REFUSED, "certificate purpose");
}

TEST(authorities_may_lie_in_a_hashed_directory_or_in_several_files)
{
	cq_tls *server = server_with("server"), *client = client_for("stranger", "localhost");
	struct ends ends = new_pair();

	shake_hands(&ends, client, server);
	ERR(ends.client_code, REFUSED);
	free_ends(&ends);
	OK(cq_tls_authorities(client, certificate("hashed")));
	ends = new_pair();
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	free_ends(&ends);
	cq_tls_free(client);
	client = client_for("stranger", "localhost");
	OK(cq_tls_authorities(client, certificate("ca.pem")));
	ends = new_pair();
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(the_authorities_of_the_system_are_trusted_unless_others_are_named)
{
	cq_tls *server = server_with("server"), *client;
	struct ends ends = new_pair();

	OK(cq_tls_new(CQ_TLS_CLIENT, &client));
	OK(cq_tls_name(client, "localhost"));
	shake_hands(&ends, client, server);
	ERR(ends.client_code, REFUSED);
	free_ends(&ends);
	cq_tls_free(client);

	SYS(setenv("SSL_CERT_FILE", certificate("ca.pem"), 1)); /* what libssl takes for the system's */
	OK(cq_tls_new(CQ_TLS_CLIENT, &client));
	OK(cq_tls_name(client, "localhost"));
	ends = new_pair();
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	free_ends(&ends);
	cq_tls_free(client);

	client = client_for("stranger", "localhost"); /* instead of, not besides */
	ends = new_pair();
	shake_hands(&ends, client, server);
	ERR(ends.client_code, REFUSED);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- over TCP: the host is the name -- */

/* How a handshake ends at a client with such options. */
static int visit(struct world *world, const cq_tls *client, cq_options *options, const char *reason)
{
	struct ends ends = new_tcp(world->listener, options, "127.0.0.1");
	char wanted[200];

	shake_hands(&ends, client, world->server);
	if (ends.client_code != 0) {
		snprintf(wanted, sizeof wanted, "%s, peer 127.0.0.1:%d", reason, world->port);
		REASON(ends.client, wanted);
	} else {
		OK(ends.server_code);
		exchange(&ends);
	}
	free_ends(&ends);
	cq_options_free(options);
	return ends.client_code;
}

TEST(the_host_of_the_socket_is_what_a_certificate_must_name)
{
	struct world good = open_world("server"), bad = open_world("other");
	cq_tls *client = client_for("ca", NULL), *named = client_for("ca", "other.test");

	OK(visit(&good, client, new_options(), ""));
	ERR(visit(&bad, client, new_options(), "certificate verify failed: IP address mismatch"), REFUSED);
	OK(visit(&bad, named, new_options(), "")); /* unless another name is given */
	ERR(visit(&good, named, new_options(), "certificate verify failed: hostname mismatch"), REFUSED);
	cq_tls_free(client);
	cq_tls_free(named);
	close_world(&good);
	close_world(&bad);
}

TEST(without_configuration_a_client_verifies)
{
	struct world world = open_world("server");

	ERR(visit(&world, NULL, new_options(), "unable to get local issuer certificate"), REFUSED);
	close_world(&world);
}

TEST(a_client_that_knows_no_name_refuses)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", NULL);
	struct ends ends = new_pair();

	/* A certificate of anybody's whom the authority knows would do. */
	ERR(cq_socket_starttls(ends.client, client), REFUSED);
	REASON(ends.client, "name");
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(verification_can_be_given_up)
{
	static const char *shown[] = { "server", "other", "untrusted", "expired", "alone", "purpose", "nul" };
	cq_tls *client;
	size_t i;

	OK(cq_tls_new(CQ_TLS_CLIENT, &client));
	OK(cq_tls_verify(client, CQ_TLS_VERIFY_NONE));
	for (i = 0; i < COUNT(shown); i++) {
		struct world world = open_world(shown[i]);

		OK(visit(&world, client, new_options(), ""));
		close_world(&world);
	}
	cq_tls_free(client);
}

TEST(a_socket_can_demand_what_its_configuration_does_not)
{
	struct world good = open_world("server"), bad = open_world("untrusted"), other = open_world("other");
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	cq_tls *clients[2];
	size_t i;

	EQ(SSL_CTX_load_verify_locations(context, certificate("ca.pem"), NULL), 1);
	OK(cq_tls_adopt_context(context, CQ_TLS_CLIENT, &clients[0]));
	clients[1] = client_for("ca", NULL);
	OK(cq_tls_verify(clients[1], CQ_TLS_VERIFY_NONE));
	for (i = 0; i < 2; i++) {
		cq_options *options = new_options(), *more = new_options(), *most = new_options();

		OK(visit(&bad, clients[i], new_options(), ""));
		OK(visit(&other, clients[i], new_options(), ""));
		OK(cq_options_set(options, CQ_OPTION_VERIFY, 1));
		OK(cq_options_set(more, CQ_OPTION_VERIFY, 1));
		OK(cq_options_set(most, CQ_OPTION_VERIFY, 1));
		ERR(visit(&bad, clients[i], options, "unable to get local issuer certificate"), REFUSED);
		ERR(visit(&other, clients[i], more, "IP address mismatch"), REFUSED);
		OK(visit(&good, clients[i], most, ""));
		cq_tls_free(clients[i]);
	}
	SSL_CTX_free(context);
	close_world(&good);
	close_world(&bad);
	close_world(&other);
}

/* -- clients that show certificates -- */

/* A client that shows `shown` (NULL: nothing) meets a server that demands; returns the server's code. */
static int call_on(uint32_t demand, const char *shown, const char *reason)
{
	cq_tls *server = server_with("server"), *client;
	struct ends ends;
	int version, code = 0;

	OK(cq_tls_authorities(server, certificate("ca.pem")));
	OK(cq_tls_verify(server, demand));
	for (version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		limit_version(server, version, version);
		client = client_for("ca", "localhost");
		if (shown)
			load(client, shown);
		ends = new_pair();
		shake_hands(&ends, client, server);
		code = ends.server_code;
		if (code == 0) {
			SSL *ssl = (SSL *)cq_socket_checktls(ends.server);
			X509 *found = SSL_get_peer_certificate(ssl);

			OK(ends.client_code);
			exchange(&ends);
			EQ(found != NULL, shown != NULL && demand != CQ_TLS_VERIFY_NONE);
			X509_free(found);
		} else {
			REASON(ends.server, reason);
			ERR(read_code(ends.server, CQ_READ_LINE, 0), code);
			/* In TLS 1.3 the client has finished first, and is told when it reads. */
			CHECK(ends.client_code != 0 || read_code(ends.client, CQ_READ_LINE, 0) == CQ_ETLS);
		}
		free_ends(&ends);
		cq_tls_free(client);
	}
	cq_tls_free(server);
	return code;
}

TEST(a_server_demands_certificates_or_does_not)
{
	OK(call_on(CQ_TLS_VERIFY_NONE, NULL, ""));
	OK(call_on(CQ_TLS_VERIFY_NONE, "client", ""));
	OK(call_on(CQ_TLS_VERIFY_PEER, NULL, ""));
	OK(call_on(CQ_TLS_VERIFY_PEER, "client", ""));
	OK(call_on(CQ_TLS_VERIFY_REQUIRE, "client", ""));
	ERR(call_on(CQ_TLS_VERIFY_REQUIRE, NULL, "peer did not return a certificate"), CQ_ENOTVERIFIED);
}

TEST(a_server_refuses_the_certificates_of_strangers)
{
	uint32_t demand;

	for (demand = CQ_TLS_VERIFY_PEER; demand <= CQ_TLS_VERIFY_REQUIRE; demand++) {
		ERR(call_on(demand, "client-untrusted", "unable to get local issuer certificate"), CQ_ENOTVERIFIED);
		ERR(call_on(demand, "client-expired", "certificate has expired"), CQ_ENOTVERIFIED);
	}
}
