/* SPDX-License-Identifier: MIT */
/*
 * What a connection tells about itself and its peer: version, cipher, certificates, names, expiry.
 */

#include "tls.h"
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define FACT(socket, which, index, wanted) \
	do { \
		char text_[300]; \
		size_t length_; \
		OK(cq_socket_tls_fact((socket), (which), (index), text_, sizeof text_, &length_)); \
		if (strcmp(text_, (wanted)) != 0) \
			printf("       the fact is '%s', not '%s'\n", text_, (wanted)); \
		CHECK(strcmp(text_, (wanted)) == 0 && length_ == strlen(wanted)); \
	} while (0)

#define NO_FACT(socket, which, index) \
	do { \
		char text_[10]; \
		ERR(cq_socket_tls_fact((socket), (which), (index), text_, sizeof text_, NULL), ENOENT); \
	} while (0)

/* A server that shows a certificate, and a client that may, over TCP. */
static struct ends meet(struct world *world, cq_tls *client)
{
	cq_options *options = new_options();
	struct ends ends = new_tcp(world->listener, options, "127.0.0.1");

	cq_options_free(options);
	shake_hands(&ends, client, world->server);
	OK(ends.client_code);
	OK(ends.server_code);
	exchange(&ends);
	return ends;
}

/* The facts of a connection whose server shows a chain of two. */
static void check_chain(cq_socket *client)
{
	char text[4000];
	size_t index, length;
	double until;

	FACT(client, CQ_TLS_FACT_SUBJECT, 0, "CN=localhost");
	FACT(client, CQ_TLS_FACT_ISSUER, 0, "CN=Intermediate authority");
	FACT(client, CQ_TLS_FACT_NAME, 0, "DNS:localhost");
	FACT(client, CQ_TLS_FACT_NAME, 1, "IP:127.0.0.1");
	FACT(client, CQ_TLS_FACT_NAME, 2, "IP:::1");
	NO_FACT(client, CQ_TLS_FACT_NAME, 3);
	for (index = 0; index < 2; index++) {
		const unsigned char *der = (const unsigned char *)text;
		X509 *found;
		BIO *bio;

		OK(cq_socket_tls_fact(client, CQ_TLS_FACT_DER, index, text, sizeof text, &length));
		found = d2i_X509(NULL, &der, (long)length);
		CHECK(found != NULL && der == (const unsigned char *)text + length);
		OK(cq_socket_tls_fact(client, CQ_TLS_FACT_PEM, index, text, sizeof text, &length));
		bio = BIO_new_mem_buf(text, (int)length);
		{
			X509 *again = PEM_read_bio_X509(bio, NULL, NULL, NULL);

			CHECK(again != NULL && X509_cmp(found, again) == 0);
			X509_free(again);
		}
		EQ(X509_check_host(found, "localhost", 9, 0, NULL), index == 0);
		BIO_free(bio);
		X509_free(found);
	}
	NO_FACT(client, CQ_TLS_FACT_DER, 2);
	OK(cq_socket_tls_expiry(client, &until));
	CHECK(until > (double)time(NULL) + 29 * 86400 && until < (double)time(NULL) + 31 * 86400);
}

TEST(a_client_learns_everything_about_the_server_also_when_it_resumes)
{
	static const uint32_t versions[] = { CQ_TLS_1_2, CQ_TLS_1_3 };
	static const char *const names[] = { "TLSv1.2", "TLSv1.3" };
	static const char *const ciphers[] = { "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_AES_256_GCM_SHA384" };
	int round, i;

	for (i = 0; i < 2; i++) {
		struct world world = open_world("chain");
		cq_tls *client = client_for("ca", NULL);

		OK(cq_tls_versions(client, versions[i], versions[i]));
		for (round = 0; round < 2; round++) {
			struct ends ends = meet(&world, client);

			EQ(cq_socket_resumed(ends.client), round);
			FACT(ends.client, CQ_TLS_FACT_VERSION, 0, names[i]);
			FACT(ends.server, CQ_TLS_FACT_VERSION, 0, names[i]);
			FACT(ends.client, CQ_TLS_FACT_CIPHER, 0, ciphers[i]);
			if (round == 0 || i == 1) /* a resumed connection of 1.2 exchanges no keys */
				FACT(ends.client, CQ_TLS_FACT_GROUP, 0, "X25519");
			check_chain(ends.client);
			NO_FACT(ends.server, CQ_TLS_FACT_SUBJECT, 0);
			NO_FACT(ends.server, CQ_TLS_FACT_DER, 0);
			free_ends(&ends);
		}
		cq_tls_free(client);
		close_world(&world);
	}
}

TEST(a_server_learns_who_the_client_is)
{
	struct world world = open_world("server");
	cq_tls *client = client_for("ca", NULL);
	struct ends ends;
	char der[4000];

	OK(cq_tls_authorities(world.server, certificate("ca.pem")));
	OK(cq_tls_verify(world.server, CQ_TLS_VERIFY_REQUIRE));
	load(client, "client");
	ends = meet(&world, client);
	FACT(ends.server, CQ_TLS_FACT_SUBJECT, 0, "CN=client");
	FACT(ends.server, CQ_TLS_FACT_ISSUER, 0, "CN=Test authority");
	NO_FACT(ends.server, CQ_TLS_FACT_NAME, 0);
	OK(cq_socket_tls_fact(ends.server, CQ_TLS_FACT_DER, 0, der, sizeof der, NULL));
	NO_FACT(ends.server, CQ_TLS_FACT_DER, 1);
	free_ends(&ends);
	cq_tls_free(client);
	close_world(&world);
}

/* "localhost", NUL, ".evil.test": whoever copies the text as a C string must not be deceived. */
TEST(a_name_with_a_nul_is_not_taken_for_another)
{
	struct world world = open_world("nul");
	cq_tls *client = client_for("ca", NULL);
	struct ends ends;

	OK(cq_tls_verify(client, CQ_TLS_VERIFY_NONE));
	ends = meet(&world, client);
	FACT(ends.client, CQ_TLS_FACT_NAME, 0, "DNS:localhost\\00.evil.test");
	free_ends(&ends);
	cq_tls_free(client);
	close_world(&world);
}

TEST(what_does_not_fit_is_told_with_its_length)
{
	struct ends ends = secure_pair();
	char text[4];
	size_t length = 0;
	double until;

	ERR(cq_socket_tls_fact(ends.client, CQ_TLS_FACT_SUBJECT, 0, text, sizeof text, &length), CQ_ENOBUFS);
	EQ(length, strlen("CN=localhost"));
	CHECK(strcmp(text, "CN=") == 0);
	ERR(cq_socket_tls_fact(ends.client, CQ_TLS_FACT_SUBJECT, 0, NULL, 0, &length), CQ_ENOBUFS);
	ERR(cq_socket_tls_fact(ends.client, 8, 0, text, sizeof text, NULL), EINVAL);
	ERR(cq_socket_tls_fact(ends.client, CQ_TLS_FACT_VERSION, 1, text, sizeof text, NULL), ENOENT);
	ERR(cq_socket_tls_fact(NULL, CQ_TLS_FACT_VERSION, 0, text, sizeof text, NULL), EINVAL);
	ERR(cq_socket_tls_expiry(ends.server, &until), ENOENT);
	free_ends(&ends);
	ends = new_pair();
	NO_FACT(ends.client, CQ_TLS_FACT_VERSION, 0); /* no TLS */
	ERR(cq_socket_tls_expiry(ends.client, &until), ENOENT);
	free_ends(&ends);
}
