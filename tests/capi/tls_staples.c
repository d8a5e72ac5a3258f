/* SPDX-License-Identifier: MIT */
/*
 * Answers of authorities about certificates (OCSP): a server staples one to its handshake, and a client may ask for it or
 * demand it. A certificate can say that its server always does.
 */

#include "tls.h"
#include <openssl/ocsp.h>
#include <openssl/pem.h>

/* What a server shows and staples, what the client wants, and how that ends for the client. */
struct row {
	const char *shown, *stapled;
	uint32_t how;
	const char *refusal; /* NULL: there is none */
};

static const struct row rows[] = {
	{ "server", "server.der", CQ_TLS_STAPLES_DEMANDED, NULL },
	{ "server", NULL, CQ_TLS_STAPLES_DEMANDED, "no answer is stapled" },
	{ "server", NULL, CQ_TLS_STAPLES_ASKED, NULL },
	{ "server", NULL, CQ_TLS_STAPLES_NONE, NULL },
	{ "must", NULL, CQ_TLS_STAPLES_ASKED, "which the certificate demands" },
	{ "must", "must.der", CQ_TLS_STAPLES_ASKED, NULL },
	{ "revoked", "revoked.der", CQ_TLS_STAPLES_ASKED, "certificate is revoked" },
	{ "revoked", "revoked.der", CQ_TLS_STAPLES_NONE, NULL },
	{ "server", "must.der", CQ_TLS_STAPLES_ASKED, "of another certificate" },
	{ "server", "untrusted.der", CQ_TLS_STAPLES_ASKED, "not signed by the authority" },
	{ "server", "delegated.der", CQ_TLS_STAPLES_DEMANDED, NULL },
	{ "server", "undelegated.der", CQ_TLS_STAPLES_DEMANDED, "not signed by the authority" },
};

static void check_row(const struct row *row, int type, uint32_t version)
{
	cq_tls *server = server_with(row->shown), *client = client_for("ca", "localhost");
	struct ends ends;

	OK(cq_tls_versions(server, 0, version));
	if (row->stapled)
		OK(cq_tls_staple(server, certificate(row->stapled)));
	OK(cq_tls_staples(client, row->how));
	OK(cq_socket_pair(type, &ends.client, &ends.server));
	shake_hands(&ends, client, server);
	ERR(ends.client_code, row->refusal ? CQ_ENOTVERIFIED : 0);
	if (row->refusal)
		REASON(ends.client, row->refusal);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(a_client_gets_the_answer_that_it_demands_or_refuses)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		check_row(&rows[i], SOCK_STREAM, CQ_TLS_1_2);
		check_row(&rows[i], SOCK_STREAM, CQ_TLS_1_3);
		check_row(&rows[i], SOCK_DGRAM, 0);
	}
}

static void *read_pem(const char *name, bool key)
{
	FILE *stream = fopen(certificate(name), "r");
	void *object;

	CHECK(stream != NULL);
	object = key ? (void *)PEM_read_PrivateKey(stream, NULL, NULL, NULL) : (void *)PEM_read_X509(stream, NULL, NULL, NULL);
	fclose(stream);
	CHECK(object != NULL);
	return object;
}

/* What the authority says about the certificate "server", from a second to another, counted from now. */
static int answer_of(long from, long to, unsigned char **der)
{
	X509 *subject = (X509 *)read_pem("server.pem", false), *authority = (X509 *)read_pem("ca.pem", false);
	EVP_PKEY *key = (EVP_PKEY *)read_pem("ca.key", true);
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha256(), subject, authority);
	ASN1_TIME *begin = X509_gmtime_adj(NULL, from), *end = X509_gmtime_adj(NULL, to);
	OCSP_RESPONSE *response;
	int size;

	CHECK(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, begin, end) != NULL);
	EQ(OCSP_basic_sign(basic, authority, key, EVP_sha256(), NULL, 0), 1);
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	*der = NULL;
	size = i2d_OCSP_RESPONSE(response, der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(begin);
	ASN1_TIME_free(end);
	EVP_PKEY_free(key);
	X509_free(subject);
	X509_free(authority);
	return size;
}

TEST(an_answer_must_be_of_now)
{
	static const struct {
		long from, to;
		const char *refusal;
	} times[] = {
		{ -3600, 3600, NULL }, { -7200, -3600, "not of now" }, { 3600, 7200, "not of now" },
		{ -3600, -60, NULL }, { 60, 3600, NULL }, /* clocks differ */
	};
	size_t i;

	for (i = 0; i < COUNT(times); i++) {
		cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
		struct ends ends = new_pair();
		unsigned char *der;
		int size = answer_of(times[i].from, times[i].to, &der);

		OK(cq_tls_staple_der(server, der, (size_t)size));
		OPENSSL_free(der);
		OK(cq_tls_staples(client, CQ_TLS_STAPLES_ASKED));
		shake_hands(&ends, client, server);
		ERR(ends.client_code, times[i].refusal ? CQ_ENOTVERIFIED : 0);
		if (times[i].refusal)
			REASON(ends.client, times[i].refusal);
		free_ends(&ends);
		cq_tls_free(client);
		cq_tls_free(server);
	}
}

/* On a resumed connection nothing is stapled: the answer was seen when the session was made. */
TEST(a_session_that_was_made_with_an_answer_is_resumed)
{
	static const uint32_t versions[] = { CQ_TLS_1_2, CQ_TLS_1_3 };
	size_t i;

	for (i = 0; i < COUNT(versions); i++) {
		struct world world = open_world("server");
		cq_tls *client = client_for("ca", NULL);
		cq_options *options = new_options();
		int round;

		OK(cq_tls_versions(client, 0, versions[i]));
		OK(cq_tls_staple(world.server, certificate("server.der")));
		OK(cq_tls_staples(client, CQ_TLS_STAPLES_DEMANDED));
		for (round = 0; round < 3; round++) {
			struct ends ends = new_tcp(world.listener, options, "127.0.0.1");

			if (round == 1)
				OK(cq_tls_staple_der(world.server, NULL, 0));
			if (round == 2)
				OK(cq_tls_staples(client, CQ_TLS_STAPLES_DEMANDED)); /* forgets the session */
			shake_hands(&ends, client, world.server);
			ERR(ends.client_code, round < 2 ? 0 : CQ_ENOTVERIFIED);
			if (round < 2) {
				exchange(&ends);
				EQ(cq_socket_resumed(ends.client), round == 1);
			}
			free_ends(&ends);
		}
		cq_options_free(options);
		cq_tls_free(client);
		close_world(&world);
	}
}

TEST(each_name_has_its_answer)
{
	cq_tls *server = server_with("server"), *other = server_with("other"), *client = client_for("ca", "other.test");
	struct ends ends = new_pair();

	OK(cq_tls_staple(server, certificate("server.der")));
	OK(cq_tls_staple(other, certificate("other.der")));
	OK(cq_tls_add_name(server, "other.test", other));
	OK(cq_tls_staples(client, CQ_TLS_STAPLES_DEMANDED));
	shake_hands(&ends, client, server);
	OK(ends.client_code);
	OK(ends.server_code);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(other);
	cq_tls_free(server);
}

TEST(what_is_no_answer_is_not_stapled)
{
	/* OCSPResponse with the status tryLater, RFC 6960 §4.2.1. */
	static const unsigned char later[] = { 0x30, 3, 0x0a, 1, 3 };
	cq_tls *server = server_with("server");
	char text[200];

	ERR(cq_tls_staple_der(server, later, sizeof later), CQ_ETLS);
	OK(cq_tls_reason(server, text, sizeof text));
	CHECK(strstr(text, "the authority failed") != NULL);
	ERR(cq_tls_staple_der(server, "nothing", 7), CQ_ETLS);
	ERR(cq_tls_staple(server, certificate("missing.der")), ENOENT);
	ERR(cq_tls_staples(server, 3), EINVAL);
	cq_tls_free(server);
}
