/* SPDX-License-Identifier: MIT */
/* What both ends agree upon: application protocols, server names, sessions that are resumed. */

#include "tls.h"

/* -- ALPN -- */

/* What client and server choose of what they know (NULL: nothing), or NULL if they part. */
static const char *choose(const char *offered, const char *accepted)
{
	static char chosen[2][256];
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends = new_pair();
	bool agreed;

	if (offered)
		OK(cq_tls_alpn(client, offered));
	if (accepted)
		OK(cq_tls_alpn(server, accepted));
	shake_hands(&ends, client, server);
	agreed = ends.server_code == 0;
	if (agreed) {
		OK(ends.client_code);
		OK(cq_socket_alpn(ends.client, chosen[0], sizeof chosen[0]));
		OK(cq_socket_alpn(ends.server, chosen[1], sizeof chosen[1]));
		CHECK(strcmp(chosen[0], chosen[1]) == 0);
		exchange(&ends);
	} else {
		ERR(ends.server_code, CQ_ETLS);
		ERR(ends.client_code, CQ_ETLS);
		REASON(ends.client, "no application protocol");
	}
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
	return agreed ? chosen[0] : NULL;
}

#define CHOSEN(offered, accepted, wanted) \
	do { \
		const char *found_ = choose((offered), (accepted)); \
		CHECK(found_ != NULL); \
		TEXT(found_, strlen(found_), wanted); \
	} while (0)

TEST(an_application_protocol_is_agreed_upon)
{
	char longest[256];

	CHOSEN("h2", "h2", "h2");
	CHOSEN("http/1.1,h2", "h2,http/1.1", "h2"); /* the server chooses */
	CHOSEN("http/1.1,h2", "http/1.1", "http/1.1");
	CHOSEN("a,b,c", "x,c", "c");
	CHOSEN(NULL, "h2", "");
	CHOSEN("h2", NULL, "");
	CHOSEN(NULL, NULL, "");
	memset(longest, 'x', 255);
	longest[255] = 0;
	CHECK(choose(longest, longest) != NULL);
}

TEST(without_a_common_application_protocol_both_ends_part)
{
	CHECK(choose("h2", "http/1.1") == NULL);
	CHECK(choose("h", "h2") == NULL);
	CHECK(choose("h22", "h2") == NULL);
}

TEST(the_name_of_a_protocol_is_cut_to_the_room_for_it)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends = new_pair();
	char text[5] = "????";

	OK(cq_tls_alpn(client, "http/1.1"));
	OK(cq_tls_alpn(server, "http/1.1"));
	shake_hands(&ends, client, server);
	OK(cq_socket_alpn(ends.client, text, sizeof text));
	CHECK(strcmp(text, "http") == 0);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- server names -- */

/* What name the server is told by a client that expects `name` and connects with such options. */
static const char *told(struct world *world, const char *name, cq_options *options)
{
	static char text[300];
	cq_tls *client = client_for("ca", name);
	struct ends ends = new_tcp(world->listener, options, "127.0.0.1");
	const char *found;

	OK(cq_tls_verify(client, CQ_TLS_VERIFY_NONE));
	shake_hands(&ends, client, world->server);
	OK(ends.client_code);
	OK(ends.server_code);
	found = SSL_get_servername((SSL *)cq_socket_checktls(ends.server), TLSEXT_NAMETYPE_host_name);
	snprintf(text, sizeof text, "%s", found ? found : "(none)");
	free_ends(&ends);
	cq_options_free(options);
	cq_tls_free(client);
	return text;
}

#define TOLD(world, name, options, wanted) \
	do { \
		const char *found_ = told((world), (name), (options)); \
		TEXT(found_, strlen(found_), wanted); \
	} while (0)

static cq_options *sending(const char *name, int send)
{
	cq_options *options = new_options();

	OK(cq_options_set(options, CQ_OPTION_SENDNAME, send));
	if (name)
		OK(cq_options_sendname(options, name));
	return options;
}

TEST(the_server_is_told_the_name_but_no_address)
{
	struct world world = open_world("server");

	TOLD(&world, NULL, new_options(), "(none)"); /* the host is an address */
	TOLD(&world, "localhost", new_options(), "localhost");
	TOLD(&world, "localhost.", new_options(), "localhost");
	TOLD(&world, "127.0.0.1", new_options(), "(none)");
	TOLD(&world, "::1", new_options(), "(none)");
	TOLD(&world, NULL, sending("front.test", 1), "front.test");
	TOLD(&world, NULL, sending("127.0.0.1", 1), "(none)");
	TOLD(&world, "localhost", sending(NULL, 0), "(none)");
	close_world(&world);
}

/* How a client fares that is given a name for the host. */
static int call_by(struct world *world, const char *name)
{
	cq_tls *client = client_for("ca", NULL);
	cq_options *options = sending(name, 1);
	struct ends ends = new_tcp(world->listener, options, "127.0.0.1");

	shake_hands(&ends, client, world->server);
	free_ends(&ends);
	cq_options_free(options);
	cq_tls_free(client);
	return ends.client_code;
}

TEST(the_name_that_is_given_for_the_host_is_the_one_that_is_verified)
{
	struct world world = open_world("server");

	OK(call_by(&world, "localhost"));
	OK(call_by(&world, "::1"));
	ERR(call_by(&world, "other.test"), CQ_ENOTVERIFIED);
	ERR(call_by(&world, "127.0.0.2"), CQ_ENOTVERIFIED);
	close_world(&world);
}

/* -- sessions -- */

/* Connects, exchanges data and tells whether a session was resumed. */
static bool resumes(struct world *world, cq_tls *client, const char *host, bool verify)
{
	cq_options *options = new_options();
	struct ends ends;
	bool resumed;

	OK(cq_options_set(options, CQ_OPTION_VERIFY, verify));
	ends = new_tcp(world->listener, options, host);
	shake_hands(&ends, client, world->server);
	OK(ends.client_code);
	OK(ends.server_code);
	exchange(&ends);
	resumed = cq_socket_resumed(ends.client);
	EQ(cq_socket_resumed(ends.server), resumed);
	EQ(SSL_get_verify_result((SSL *)cq_socket_checktls(ends.client)), X509_V_OK);
	free_ends(&ends);
	cq_options_free(options);
	return resumed;
}

TEST(a_client_resumes_its_sessions_with_the_same_server)
{
	int version, i;

	for (version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct world world = open_world("server");
		cq_tls *client = client_for("ca", NULL);

		limit_version(world.server, version, version);
		CHECK(!resumes(&world, client, "127.0.0.1", false));
		for (i = 0; i < 5; i++)
			CHECK(resumes(&world, client, "127.0.0.1", false));
		cq_tls_free(client);
		close_world(&world);
	}
}

TEST(a_session_is_not_resumed_elsewhere)
{
	struct world first = open_world("server"), second = open_world("server");
	cq_tls *client = client_for("ca", NULL), *other = client_for("ca", NULL);

	CHECK(!resumes(&first, client, "127.0.0.1", false));
	CHECK(!resumes(&first, other, "127.0.0.1", false)); /* another configuration, */
	CHECK(!resumes(&second, client, "127.0.0.1", false)); /* another port */
	CHECK(resumes(&first, client, "127.0.0.1", false));
	CHECK(resumes(&second, client, "127.0.0.1", false));
	cq_tls_free(client);
	cq_tls_free(other);
	close_world(&first);
	close_world(&second);
}

TEST(a_session_that_nobody_verified_is_not_resumed_where_it_must_be)
{
	struct world world = open_world("server");
	cq_tls *client = client_for("ca", NULL);

	OK(cq_tls_verify(client, CQ_TLS_VERIFY_NONE));
	CHECK(!resumes(&world, client, "127.0.0.1", false));
	CHECK(resumes(&world, client, "127.0.0.1", false));
	CHECK(!resumes(&world, client, "127.0.0.1", true)); /* the socket demands it, */
	OK(cq_tls_verify(client, CQ_TLS_VERIFY_PEER));
	CHECK(!resumes(&world, client, "127.0.0.1", false)); /* or the configuration */
	OK(cq_tls_name(client, "localhost"));
	CHECK(!resumes(&world, client, "127.0.0.1", false)); /* or for another name */
	OK(cq_tls_authorities(client, certificate("stranger.pem")));
	CHECK(!resumes(&world, client, "127.0.0.1", false)); /* or others are trusted */
	cq_tls_free(client);
	close_world(&world);
}

TEST(a_refused_server_is_refused_again)
{
	struct world world = open_world("server");
	cq_tls *client = client_for("stranger", NULL);
	int i;

	for (i = 0; i < 3; i++) {
		cq_options *options = new_options();
		struct ends ends = new_tcp(world.listener, options, "127.0.0.1");

		shake_hands(&ends, client, world.server);
		ERR(ends.client_code, CQ_ENOTVERIFIED);
		free_ends(&ends);
		cq_options_free(options);
	}
	cq_tls_free(client);
	close_world(&world);
}

TEST(a_server_that_has_forgotten_gets_a_full_handshake)
{
	struct world world = open_world("server");
	cq_tls *client = client_for("ca", NULL), *old = world.server;

	CHECK(!resumes(&world, client, "127.0.0.1", false));
	world.server = server_with("server"); /* with other ticket keys */
	CHECK(!resumes(&world, client, "127.0.0.1", false));
	CHECK(resumes(&world, client, "127.0.0.1", false));
	cq_tls_free(old);
	cq_tls_free(client);
	close_world(&world);
}

TEST(a_server_that_demands_certificates_resumes_sessions_too)
{
	struct world world = open_world("server");
	cq_tls *client = client_for("ca", NULL);
	cq_options *options = new_options();
	struct ends ends;
	X509 *shown;

	load(client, "client");
	OK(cq_tls_authorities(world.server, certificate("ca.pem")));
	OK(cq_tls_verify(world.server, CQ_TLS_VERIFY_REQUIRE));
	CHECK(!resumes(&world, client, "127.0.0.1", false));
	ends = new_tcp(world.listener, options, "127.0.0.1");
	shake_hands(&ends, client, world.server);
	OK(ends.server_code);
	CHECK(cq_socket_resumed(ends.server));
	shown = SSL_get_peer_certificate((SSL *)cq_socket_checktls(ends.server));
	CHECK(shown != NULL); /* it still knows who that is */
	X509_free(shown);
	free_ends(&ends);
	cq_options_free(options);
	cq_tls_free(client);
	close_world(&world);
}

TEST(sessions_are_resumed_after_any_kind_of_end)
{
	struct world world = open_world("server");
	cq_tls *client = client_for("ca", NULL);
	int i;

	for (i = 0; i < 4; i++) {
		cq_options *options = new_options();
		struct ends ends = new_tcp(world.listener, options, "127.0.0.1");

		shake_hands(&ends, client, world.server);
		OK(ends.client_code);
		EQ(cq_socket_resumed(ends.client), i > 0);
		exchange(&ends);
		if (i == 0) { /* the server ends it, */
			OK(cq_socket_close(ends.server));
			ERR(read_code(ends.client, CQ_READ_LINE, 0), EPIPE);
		} else if (i == 1) { /* the client does, */
			OK(cq_socket_close(ends.client));
			ERR(read_code(ends.server, CQ_READ_LINE, 0), EPIPE);
		} else { /* nobody says so */
			SYS(shutdown(cq_socket_pollfd(ends.server), SHUT_RDWR));
			ERR(read_code(ends.client, CQ_READ_LINE, 0), CQ_ETRUNCATED);
		}
		free_ends(&ends);
		cq_options_free(options);
	}
	cq_tls_free(client);
	close_world(&world);
}
