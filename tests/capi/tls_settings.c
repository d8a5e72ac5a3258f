/* SPDX-License-Identifier: MIT */
/*
 * What a configuration can be told: keys and certificates from memory, passwords, versions, ciphers and groups, a log of
 * keys, revocation lists; and the reasons that it gives for what it refuses.
 */

#include "tls.h"
#include <sys/stat.h>

/* The bytes of a file of certificates.sh, in one of two static places. */
static size_t bytes_of(const char *path, const void **bytes)
{
	static char places[2][20000];
	static int next;
	FILE *stream = fopen(path, "rb");
	size_t size;

	CHECK(stream != NULL);
	next = !next;
	size = fread(places[next], 1, sizeof places[next], stream);
	fclose(stream);
	*bytes = places[next];
	return size;
}

/* The reason of the last failure of a configuration contains a text. */
static void told(const cq_tls *tls, const char *wanted)
{
	char text[400];

	OK(cq_tls_reason(tls, text, sizeof text));
	if (wanted[0] ? !strstr(text, wanted) : text[0] != 0) {
		printf("       the reason is '%s', without '%s'\n", text, wanted);
		CHECK(!"the right reason");
	}
}

static cq_tls *new_server(void)
{
	cq_tls *tls = NULL;

	OK(cq_tls_new(CQ_TLS_SERVER, &tls));
	return tls;
}

/* How both ends of a handshake over a pair fare. */
static struct ends meet(const cq_tls *client, const cq_tls *server, int type)
{
	struct ends ends = { NULL, NULL, 0, 0 };

	if (type == SOCK_STREAM)
		pair(&ends.client, &ends.server);
	else
		OK(cq_socket_pair(type, &ends.client, &ends.server));
	shake_hands(&ends, client, server);
	return ends;
}

static int client_code(const cq_tls *client, const cq_tls *server)
{
	struct ends ends = meet(client, server, SOCK_STREAM);

	free_ends(&ends);
	return ends.client_code;
}

static const char *fact(cq_socket *socket, uint32_t which)
{
	static char text[200];

	OK(cq_socket_tls_fact(socket, which, 0, text, sizeof text, NULL));
	return text;
}

/* -- from memory -- */

TEST(certificate_key_and_authorities_come_from_memory)
{
	cq_tls *server = new_server(), *client = NULL;
	const void *chain, *key, *authority;
	size_t chain_size = bytes_of(certificate("chain.pem"), &chain), key_size = bytes_of(certificate("chain.key"), &key);
	size_t size;

	OK(cq_tls_certificate_pem(server, chain, chain_size, key, key_size));
	size = bytes_of(certificate("ca.pem"), &authority);
	OK(cq_tls_new(CQ_TLS_CLIENT, &client));
	OK(cq_tls_name(client, "localhost"));
	ERR(client_code(client, server), CQ_ENOTVERIFIED);
	OK(cq_tls_authorities_pem(client, authority, size));
	OK(client_code(client, server));
	cq_tls_free(client);
	cq_tls_free(server);
}

/* What is told before there is a context for datagrams counts for datagrams, though the files are gone since. */
TEST(settings_count_for_datagrams)
{
	cq_tls *server = new_server(), *client = client_for("ca", "localhost");
	const char *path = temporary_path("passing.pem");
	const void *bytes;
	FILE *stream = fopen(path, "wb");
	size_t size = bytes_of(certificate("server.pem"), &bytes);
	struct ends ends;

	CHECK(stream != NULL && fwrite(bytes, 1, size, stream) == size);
	fclose(stream);
	OK(cq_tls_certificate(server, path, certificate("server.key")));
	SYS(unlink(path));
	OK(cq_tls_ciphers(server, "ECDHE-ECDSA-CHACHA20-POLY1305"));
	ends = meet(client, server, SOCK_DGRAM);
	OK(ends.client_code);
	OK(ends.server_code);
	CHECK(strcmp(fact(ends.client, CQ_TLS_FACT_VERSION), "DTLSv1.2") == 0);
	CHECK(strcmp(fact(ends.client, CQ_TLS_FACT_CIPHER), "ECDHE-ECDSA-CHACHA20-POLY1305") == 0);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(two_certificates_with_keys_of_different_types_stand_beside_each_other)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");

	OK(cq_tls_certificate(server, certificate("rsa.pem"), certificate("rsa.key")));
	OK(cq_tls_versions(client, 0, CQ_TLS_1_2));
	OK(cq_tls_ciphers(client, "ECDHE-RSA-AES128-GCM-SHA256"));
	OK(client_code(client, server));
	OK(cq_tls_ciphers(client, "ECDHE-ECDSA-AES128-GCM-SHA256"));
	OK(client_code(client, server));
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- passwords -- */

TEST(an_encrypted_key_is_read_with_its_password_and_no_other)
{
	cq_tls *server = new_server(), *client = client_for("ca", "localhost");
	const void *chain, *key;
	size_t chain_size = bytes_of(certificate("server.pem"), &chain), key_size = bytes_of(certificate("locked.key"), &key);

	ERR(cq_tls_certificate(server, certificate("server.pem"), certificate("locked.key")), CQ_ETLS);
	told(server, "locked.key: encrypted, and no password is known");
	OK(cq_tls_password(server, "guess"));
	ERR(cq_tls_certificate(server, certificate("server.pem"), certificate("locked.key")), CQ_ETLS);
	told(server, "locked.key: encrypted with another password");
	ERR(cq_tls_certificate_pem(server, chain, chain_size, key, key_size), CQ_ETLS);
	told(server, "key: encrypted with another password");
	OK(cq_tls_password(server, "secret"));
	OK(cq_tls_certificate_pem(server, chain, chain_size, key, key_size));
	OK(cq_tls_certificate(server, certificate("server.pem"), certificate("locked.key")));
	told(server, "");
	OK(client_code(client, server));
	OK(cq_tls_password(server, NULL));
	ERR(cq_tls_certificate(server, certificate("server.pem"), certificate("locked.key")), CQ_ETLS);
	cq_tls_free(client);
	cq_tls_free(server);
}

static int tell_secret(char *buffer, int size, int writing, void *argument)
{
	(void)writing;
	CHECK(size >= 6);
	memcpy(buffer, (const char *)argument, 6);
	return 6;
}

TEST(the_program_can_answer_for_passwords_through_libssl)
{
	cq_tls *server = new_server();
	SSL_CTX *context = (SSL_CTX *)cq_tls_context(server);
	char secret[] = "secret";

	SSL_CTX_set_default_passwd_cb(context, tell_secret);
	SSL_CTX_set_default_passwd_cb_userdata(context, secret);
	OK(cq_tls_certificate(server, certificate("server.pem"), certificate("locked.key")));
	OK(cq_tls_password(server, "guess")); /* what is told here goes before */
	ERR(cq_tls_certificate(server, certificate("server.pem"), certificate("locked.key")), CQ_ETLS);
	cq_tls_free(server);
}

/* -- reasons -- */

TEST(a_reason_names_the_file_and_the_cause)
{
	cq_tls *tls = new_server(), *adopted;
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	const char *fifo = temporary_path("fifo");
	char small[8];

	told(tls, "");
	ERR(cq_tls_certificate(tls, certificate("server.pem"), certificate("other.key")), CQ_ETLS);
	told(tls, "other.key: key does not match the certificate ");
	told(tls, "server.pem");
	ERR(cq_tls_certificate(tls, certificate("missing.pem"), certificate("other.key")), ENOENT);
	told(tls, "missing.pem: No such file or directory");
	ERR(cq_tls_certificate(tls, certificate("server.pem"), certificate("missing.key")), ENOENT);
	told(tls, "missing.key: No such file or directory");
	ERR(cq_tls_certificate(tls, certificate("garbage.pem"), certificate("server.key")), CQ_ETLS);
	told(tls, "garbage.pem: no certificate in PEM form");
	ERR(cq_tls_certificate(tls, certificate("server.pem"), certificate("server.pem")), CQ_ETLS);
	told(tls, "server.pem: no key in PEM form");
	ERR(cq_tls_certificate(tls, certificate("hashed"), certificate("server.key")), EISDIR);
	told(tls, "hashed: Is a directory");
	ERR(cq_tls_authorities(tls, certificate("garbage.pem")), CQ_ETLS);
	told(tls, "garbage.pem: ");
	ERR(cq_tls_authorities(tls, certificate("missing.pem")), ENOENT);
	told(tls, "missing.pem: No such file or directory");
	ERR(cq_tls_authorities_pem(tls, "nothing", 7), CQ_ETLS);
	told(tls, "authorities: no certificate in PEM form");
	ERR(cq_tls_revoked(tls, certificate("server.pem"), false), CQ_ETLS);
	told(tls, "server.pem: no revocation list in PEM form");
	ERR(cq_tls_staple(tls, certificate("server.pem")), CQ_ETLS);
	told(tls, "server.pem: no answer of OCSP in DER form");
	ERR(cq_tls_ciphers(tls, "NONESUCH"), CQ_ETLS);
	told(tls, "ciphers NONESUCH: no cipher match");
	ERR(cq_tls_suites(tls, "NONESUCH"), CQ_ETLS);
	told(tls, "suites NONESUCH: ");
	ERR(cq_tls_groups(tls, "NONESUCH"), CQ_ETLS);
	told(tls, "groups NONESUCH: ");
	ERR(cq_tls_keylog(tls, certificate("hashed")), EISDIR);
	told(tls, "hashed: Is a directory");
	ERR(cq_tls_versions(tls, CQ_TLS_1_3, CQ_TLS_1_2), EINVAL);
	told(tls, "the oldest version is newer than the newest");
	OK(cq_tls_versions(tls, 0, 0));
	told(tls, "");

	SYS(mkfifo(fifo, 0600)); /* which nobody writes to: not waited for */
	ERR(cq_tls_certificate(tls, fifo, fifo), CQ_ETLS);
	ERR(cq_tls_keylog(tls, fifo), ENXIO);
	SYS(unlink(fifo));

	OK(cq_tls_reason(tls, small, sizeof small)); /* as much as fits */
	EQ(strlen(small), 7);
	ERR(cq_tls_reason(NULL, small, sizeof small), EINVAL);
	OK(cq_tls_adopt_context(context, CQ_TLS_ANY, &adopted));
	ERR(cq_tls_password(adopted, "secret"), EINVAL);
	told(adopted, "the configuration is of a context of the program's");
	SSL_CTX_free(context);
	cq_tls_free(adopted);
	cq_tls_free(tls);
	EQ(ERR_peek_error(), 0);
}

/* What fails changes nothing. */
TEST(a_certificate_that_is_refused_leaves_the_one_before)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");

	ERR(cq_tls_certificate(server, certificate("other.pem"), certificate("server.key")), CQ_ETLS);
	OK(client_code(client, server));
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- versions, ciphers, groups -- */

TEST(versions_are_kept_to)
{
	static const uint32_t versions[] = { CQ_TLS_1_2, CQ_TLS_1_3 };
	static const char *const names[] = { "TLSv1.2", "TLSv1.3" };
	size_t mine, theirs;

	for (mine = 0; mine < 2; mine++)
		for (theirs = 0; theirs < 2; theirs++) {
			cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
			struct ends ends;

			OK(cq_tls_versions(client, versions[mine], versions[mine]));
			OK(cq_tls_versions(server, versions[theirs], versions[theirs]));
			ends = meet(client, server, SOCK_STREAM);
			ERR(ends.client_code, mine == theirs ? 0 : CQ_ETLS);
			if (mine == theirs)
				CHECK(strcmp(fact(ends.server, CQ_TLS_FACT_VERSION), names[mine]) == 0);
			free_ends(&ends);
			cq_tls_free(client);
			cq_tls_free(server);
		}
}

TEST(there_is_no_version_before_1_2_and_no_dtls_1_3)
{
	cq_tls *tls = client_for("ca", "localhost");
	cq_socket *ends[2];

	ERR(cq_tls_versions(tls, TLS1_1_VERSION, 0), EINVAL);
	ERR(cq_tls_versions(tls, 0, TLS1_1_VERSION), EINVAL);
	OK(cq_tls_versions(tls, CQ_TLS_1_3, 0));
	OK(cq_socket_pair(SOCK_DGRAM, &ends[0], &ends[1]));
	ERR(cq_socket_try_starttls(ends[0], tls), CQ_ETLS);
	told(tls, "versions: ");
	OK(cq_tls_versions(tls, 0, CQ_TLS_1_3)); /* which means 1.2 here */
	ERR(cq_socket_try_starttls(ends[1], tls), EAGAIN);
	ERR(cq_socket_try_starttls(ends[0], tls), CQ_ETLS); /* nothing goes in plain text instead, whatever comes later */
	cq_socket_free(ends[0]);
	cq_socket_free(ends[1]);
	cq_tls_free(tls);
}

TEST(ciphers_suites_and_groups_are_kept_to)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends;

	OK(cq_tls_suites(client, "TLS_CHACHA20_POLY1305_SHA256"));
	OK(cq_tls_groups(server, "P-384:P-256"));
	ends = meet(client, server, SOCK_STREAM);
	OK(ends.client_code);
	CHECK(strcmp(fact(ends.client, CQ_TLS_FACT_CIPHER), "TLS_CHACHA20_POLY1305_SHA256") == 0);
	CHECK(strcmp(fact(ends.client, CQ_TLS_FACT_GROUP), "secp384r1") == 0);
	free_ends(&ends);
	OK(cq_tls_groups(client, "X25519"));
	ERR(client_code(client, server), CQ_ETLS); /* nothing in common */
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- the log of keys -- */

TEST(keys_are_logged_where_that_is_asked_for_and_nowhere_else)
{
	const char *path = temporary_path("keys");
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct stat status;
	const void *bytes;
	size_t once;

	SYS(setenv("SSLKEYLOGFILE", path, 1));
	OK(client_code(client, server));
	EQ(access(path, F_OK), -1);
	SYS(unsetenv("SSLKEYLOGFILE"));
	OK(cq_tls_keylog(client, path));
	SYS(stat(path, &status));
	EQ(status.st_mode & 0777, 0600);
	EQ(status.st_size, 0);
	OK(client_code(client, server));
	once = bytes_of(path, &bytes);
	CHECK(once > 100 && once < 10000);
	CHECK(memcmp(bytes, "SERVER_HANDSHAKE_TRAFFIC_SECRET ", 32) == 0 || strstr((const char *)bytes, "CLIENT_HANDSHAKE"));
	CHECK(((const char *)bytes)[once - 1] == '\n');
	OK(cq_tls_keylog(server, path)); /* appended to */
	OK(client_code(client, server));
	CHECK(bytes_of(path, &bytes) >= 3 * once - 10);
	SYS(unlink(path));
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- revocation lists -- */

TEST(what_a_list_revokes_is_refused_and_so_is_what_no_list_is_about)
{
	static const struct row {
		const char *shown, *list;
		bool whole, refused;
	} rows[] = {
		{ "server", "crl.pem", false, false },   { "revoked", "crl.pem", false, true },
		{ "server", "crl.pem", true, false },    { "chain", "crl.pem", false, true }, /* no list of the middle */
		{ "chain", "middle-crl.pem", false, false }, { "chain", "middle-crl.pem", true, true },
		{ "chain", "both-crl.pem", true, false },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		cq_tls *server = server_with(rows[i].shown), *client = client_for("ca", "localhost");
		struct ends ends;

		OK(client_code(client, server));
		OK(cq_tls_revoked(client, certificate(rows[i].list), rows[i].whole));
		ends = meet(client, server, SOCK_STREAM);
		ERR(ends.client_code, rows[i].refused ? CQ_ENOTVERIFIED : 0);
		if (rows[i].refused)
			REASON(ends.client, i == 1 ? "certificate revoked" : "unable to get certificate CRL");
		free_ends(&ends);
		cq_tls_free(client);
		cq_tls_free(server);
	}
}

/* A client that was let in before it was revoked does not get in by its session. */
TEST(sessions_from_before_a_list_are_not_resumed)
{
	struct world world = open_world("server");
	cq_tls *client = client_for("ca", NULL);
	cq_options *options = new_options();
	int round;

	OK(cq_tls_authorities(world.server, certificate("ca.pem")));
	OK(cq_tls_verify(world.server, CQ_TLS_VERIFY_REQUIRE));
	load(client, "revoked");
	for (round = 0; round < 3; round++) {
		struct ends ends = new_tcp(world.listener, options, "127.0.0.1");

		shake_hands(&ends, client, world.server);
		ERR(ends.server_code, round < 2 ? 0 : CQ_ENOTVERIFIED);
		if (round < 2) {
			exchange(&ends);
			EQ(cq_socket_resumed(ends.server), round == 1);
		}
		free_ends(&ends);
		if (round == 1)
			OK(cq_tls_revoked(world.server, certificate("crl.pem"), false));
	}
	cq_options_free(options);
	cq_tls_free(client);
	close_world(&world);
}

/* -- the common name -- */

TEST(the_common_name_of_a_certificate_counts_for_no_name)
{
	cq_tls *server = server_with("common"), *client = client_for("ca", "localhost");
	struct ends ends = meet(client, server, SOCK_STREAM);

	ERR(ends.client_code, CQ_ENOTVERIFIED);
	REASON(ends.client, "hostname mismatch");
	free_ends(&ends);
	OK(cq_tls_verify(client, CQ_TLS_VERIFY_NONE));
	OK(client_code(client, server));
	cq_tls_free(client);
	cq_tls_free(server);
}
