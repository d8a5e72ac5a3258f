/* SPDX-License-Identifier: MIT */
/*
 * Sessions are resumed only under the demands under which they were made, and by whom they were made. What went wrong: a
 * client went on with a session in which it had shown nothing after it was given a certificate; a server let clients
 * in by sessions from before it demanded certificates, or, with a program's own context, not at all.
 */

#include "tls.h"

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* Its server knows whom to trust, should it ask for certificates. */
static struct world open_knowing_world(void)
{
	struct world world = open_world("server");

	OK(cq_tls_authorities(world.server, certificate("ca.pem")));
	return world;
}

/* A server by a context of the program's own. */
static struct world open_foreign_world(int version)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	struct world world;
	int port;

	EQ(SSL_CTX_use_certificate_chain_file(context, certificate("server.pem")), 1);
	EQ(SSL_CTX_use_PrivateKey_file(context, certificate("server.key"), SSL_FILETYPE_PEM), 1);
	EQ(SSL_CTX_load_verify_locations(context, certificate("ca.pem"), NULL), 1);
	EQ(SSL_CTX_set_max_proto_version(context, version), 1);
	OK(cq_tls_adopt_context(context, CQ_TLS_SERVER, &world.server));
	SSL_CTX_free(context);
	world.listener = listen_on("127.0.0.1", &port);
	return world;
}

struct visit {
	int code;      /* the server's */
	bool resumed;
	bool shown;    /* the server knows a certificate of the client's */
};

/* A client comes, to a socket that demands a certificate or not. */
static struct visit visit(struct world *world, const cq_tls *client, bool demand)
{
	cq_options *options = new_options(), *demands = new_options();
	struct ends ends = new_tcp(world->listener, options, "127.0.0.1");
	struct visit visit = { 0, false, false };

	OK(cq_options_set(demands, CQ_OPTION_VERIFY, demand));
	OK(cq_socket_configure(ends.server, demands));
	shake_hands(&ends, client, world->server);
	visit.code = ends.server_code;
	if (visit.code == 0) {
		X509 *found = SSL_get_peer_certificate((SSL *)cq_socket_checktls(ends.server));

		OK(ends.client_code);
		exchange(&ends); /* and with it the tickets */
		visit.resumed = cq_socket_resumed(ends.server);
		EQ(cq_socket_resumed(ends.client), visit.resumed);
		visit.shown = found != NULL;
		X509_free(found);
	}
	free_ends(&ends);
	cq_options_free(options);
	cq_options_free(demands);
	return visit;
}

/* -- what a client shows and demands -- */

TEST(a_client_shows_the_certificate_that_it_was_given_since)
{
	size_t i;

	for (i = 0; i < COUNT(versions); i++) {
		struct world world = open_knowing_world();
		cq_tls *client = client_for("ca", NULL);

		limit_version(world.server, versions[i], versions[i]);
		OK(cq_tls_verify(world.server, CQ_TLS_VERIFY_PEER));
		CHECK(!visit(&world, client, false).resumed);
		CHECK(visit(&world, client, false).resumed);
		load(client, "client");
		CHECK(visit(&world, client, false).shown);
		CHECK(visit(&world, client, false).shown); /* resumed, the server still knows who that is */
		CHECK(visit(&world, client, false).resumed);
		EQ(SSL_CTX_use_certificate_file((SSL_CTX *)cq_tls_context(client), certificate("server.pem"), SSL_FILETYPE_PEM), 1);
		EQ(SSL_CTX_use_PrivateKey_file((SSL_CTX *)cq_tls_context(client), certificate("server.key"), SSL_FILETYPE_PEM), 1);
		CHECK(!visit(&world, client, false).resumed); /* said past us */
		cq_tls_free(client);
		close_world(&world);
	}
}

/* The handshake of a connection goes on while the configuration is changed: its session is of the old one. */
TEST(a_session_that_is_made_while_the_configuration_changes_is_not_resumed)
{
	struct world world = open_knowing_world();
	cq_tls *client = client_for("ca", NULL);
	cq_options *options = new_options();
	struct ends ends = new_tcp(world.listener, options, "127.0.0.1");

	OK(cq_tls_verify(world.server, CQ_TLS_VERIFY_PEER));
	ERR(cq_socket_try_starttls(ends.client, client), EAGAIN);
	load(client, "client");
	shake_hands(&ends, client, world.server);
	OK(ends.server_code);
	exchange(&ends);
	free_ends(&ends);
	CHECK(visit(&world, client, false).shown);
	cq_options_free(options);
	cq_tls_free(client);
	close_world(&world);
}

TEST(every_change_of_a_client_ends_its_sessions)
{
	int change;

	for (change = 0; change < 10; change++) {
		struct world world = open_knowing_world();
		cq_tls *client = client_for("ca", NULL);

		OK(cq_tls_alpn(world.server, "h2"));
		CHECK(!visit(&world, client, false).resumed);
		CHECK(visit(&world, client, false).resumed);
		if (change == 0)
			OK(cq_tls_verify(client, CQ_TLS_VERIFY_NONE));
		else if (change == 1)
			OK(cq_tls_name(client, "localhost"));
		else if (change == 2)
			OK(cq_tls_authorities(client, certificate("stranger.pem")));
		else if (change == 3)
			OK(cq_tls_alpn(client, "h2"));
		else if (change == 4)
			load(client, "client");
		else if (change == 5)
			OK(cq_tls_revoked(client, certificate("crl.pem"), false));
		else if (change == 6)
			OK(cq_tls_staples(client, CQ_TLS_STAPLES_ASKED));
		else if (change == 7)
			OK(cq_tls_suites(client, "TLS_AES_256_GCM_SHA384"));
		else if (change == 8) /* which changes nothing */
			ERR(cq_tls_certificate(client, certificate("client.pem"), certificate("server.key")), CQ_ETLS);
		else
			SSL_CTX_set_verify((SSL_CTX *)cq_tls_context(client), SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, NULL);
		EQ(visit(&world, client, false).resumed, change >= 8); /* ours replaces the last */
		cq_tls_free(client);
		close_world(&world);
	}
}

/* -- what a server demands -- */

/* A client with a certificate is let in again under the same demands, resumed, and under others without. */
static void demand(struct world *world, uint32_t before, uint32_t after, bool option_before, bool option_after)
{
	cq_tls *client = client_for("ca", NULL);
	struct visit found;

	load(client, "client");
	OK(cq_tls_verify(world->server, before));
	OK(visit(world, client, option_before).code);
	CHECK(visit(world, client, option_before).resumed);
	OK(cq_tls_verify(world->server, after));
	found = visit(world, client, option_after);
	OK(found.code);
	EQ(found.resumed, before == after && option_before == option_after);
	EQ(found.shown, option_after || after != CQ_TLS_VERIFY_NONE);
	CHECK(visit(world, client, option_after).resumed);
	cq_tls_free(client);
}

TEST(a_server_resumes_only_what_was_made_under_the_same_demands)
{
	uint32_t before, after;
	size_t i;

	for (i = 0; i < COUNT(versions); i++) {
		struct world world = open_knowing_world();

		limit_version(world.server, versions[i], versions[i]);
		for (before = CQ_TLS_VERIFY_NONE; before <= CQ_TLS_VERIFY_REQUIRE; before++)
			for (after = CQ_TLS_VERIFY_NONE; after <= CQ_TLS_VERIFY_REQUIRE; after++)
				demand(&world, before, after, false, false);
		demand(&world, CQ_TLS_VERIFY_NONE, CQ_TLS_VERIFY_NONE, false, true);
		demand(&world, CQ_TLS_VERIFY_NONE, CQ_TLS_VERIFY_NONE, true, false);
		demand(&world, CQ_TLS_VERIFY_NONE, CQ_TLS_VERIFY_NONE, true, true);
		close_world(&world);
	}
}

/* A client whose session is from before keeps its ticket, and has no certificate. */
TEST(a_ticket_from_before_does_not_stand_for_a_certificate)
{
	size_t i;
	int way;

	for (i = 0; i < COUNT(versions); i++)
		for (way = 0; way < 4; way++) {
			bool foreign = way == 3;
			struct world world = foreign ? open_foreign_world(versions[i]) : open_knowing_world();
			cq_tls *client = client_for("ca", NULL);

			limit_version(world.server, versions[i], versions[i]);
			OK(visit(&world, client, false).code);
			CHECK(visit(&world, client, false).resumed);
			if (way == 0)
				OK(cq_tls_verify(world.server, CQ_TLS_VERIFY_REQUIRE));
			else if (way == 1) /* said past us */
				SSL_CTX_set_verify((SSL_CTX *)cq_tls_context(world.server),
				                   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
			ERR(visit(&world, client, way >= 2).code, way == 1 ? CQ_ETLS : CQ_ENOTVERIFIED);
			cq_tls_free(client);
			close_world(&world);
		}
}

TEST(a_server_that_trusts_others_now_resumes_nothing)
{
	struct world world = open_knowing_world();
	cq_tls *client = client_for("ca", NULL);

	load(client, "client");
	OK(cq_tls_verify(world.server, CQ_TLS_VERIFY_REQUIRE));
	OK(visit(&world, client, false).code);
	CHECK(visit(&world, client, false).resumed);
	OK(cq_tls_authorities(world.server, certificate("stranger.pem")));
	CHECK(!visit(&world, client, false).resumed);
	CHECK(visit(&world, client, false).resumed);
	cq_tls_free(client);
	close_world(&world);
}

/* Without a session id context libssl refuses to resume where certificates are demanded. */
TEST(a_foreign_server_of_which_the_socket_demands_more_resumes_under_the_same_demands)
{
	size_t i;

	for (i = 0; i < COUNT(versions); i++) {
		struct world world = open_foreign_world(versions[i]);
		cq_tls *client = client_for("ca", NULL);
		int count;

		load(client, "client");
		for (count = 0; count < 3; count++) {
			struct visit found = visit(&world, client, true);

			OK(found.code);
			CHECK(found.shown);
			EQ(found.resumed, count > 0);
		}
		CHECK(!visit(&world, client, false).resumed);
		CHECK(visit(&world, client, false).resumed); /* with no demands, as before */
		CHECK(!visit(&world, client, true).resumed);
		cq_tls_free(client);
		close_world(&world);
	}
}

TEST(the_session_id_context_of_a_foreign_context_counts_where_the_socket_demands_nothing)
{
	struct world world = open_foreign_world(TLS1_3_VERSION);
	SSL_CTX *context = (SSL_CTX *)cq_tls_context(world.server);
	cq_tls *client = client_for("ca", NULL);

	load(client, "client");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	EQ(SSL_CTX_set_session_id_context(context, (const unsigned char *)"one", 3), 1);
	CHECK(!visit(&world, client, false).resumed);
	CHECK(visit(&world, client, false).resumed);
	EQ(SSL_CTX_set_session_id_context(context, (const unsigned char *)"two", 3), 1);
	CHECK(!visit(&world, client, false).resumed);
	cq_tls_free(client);
	close_world(&world);
}

/* A session that a program has, from where nobody looked, satisfies no socket that verifies. */
TEST(a_session_of_the_programs_own_does_not_stand_for_verification)
{
	struct world world = open_knowing_world();
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL_SESSION *session = NULL;
	int count;

	EQ(SSL_CTX_load_verify_locations(context, certificate("ca.pem"), NULL), 1);
	limit_version(world.server, TLS1_2_VERSION, TLS1_2_VERSION);
	for (count = 0; count < 3; count++) {
		SSL *ssl = SSL_new(context);
		cq_options *options = new_options();
		struct ends ends;
		cq_tls *client;

		if (session)
			EQ(SSL_set_session(ssl, session), 1);
		OK(cq_options_set(options, CQ_OPTION_VERIFY, count == 2));
		OK(cq_tls_adopt_ssl(ssl, CQ_TLS_CLIENT, &client));
		ends = new_tcp(world.listener, options, "127.0.0.1");
		shake_hands(&ends, client, world.server);
		OK(ends.client_code);
		EQ(cq_socket_resumed(ends.client), count == 1);
		if (!session)
			session = SSL_get1_session(ssl);
		free_ends(&ends);
		cq_options_free(options);
		cq_tls_free(client);
		SSL_free(ssl);
	}
	SSL_SESSION_free(session);
	SSL_CTX_free(context);
	close_world(&world);
}
