/* SPDX-License-Identifier: MIT */
/*
 * A peer that writes records which no library writes: the handshake is libssl's, what comes after it is encrypted here,
 * with AES-128-GCM and SHA-256, RFC 8446 §5.2 and RFC 5288.
 */
#ifndef TLS_RECORDS_H
#define TLS_RECORDS_H

#include "tls.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>

struct writer {
	SSL *ssl;
	int fd;
	cq_socket *socket; /* our end */
	int version;
	unsigned char key[16], iv[12];
	uint64_t sequence;
};

static unsigned char traffic_secret[2][32]; /* of the client and the server */

UNUSED static void keep_secret(const SSL *ssl, const char *line)
{
	static const char *const names[] = { "CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 " };
	int i, k;

	(void)ssl;
	for (i = 0; i < 2; i++) {
		const char *secret = strrchr(line, ' ') + 1;

		if (strncmp(line, names[i], strlen(names[i])) == 0)
			for (k = 0; k < 32; k++) {
				unsigned byte;

				EQ(sscanf(secret + 2 * k, "%2x", &byte), 1);
				traffic_secret[i][k] = (unsigned char)byte;
			}
	}
}

/* HKDF-Expand-Label of at most 32 bytes, RFC 8446 §7.1. */
UNUSED static void expand_label(const unsigned char *secret, const char *label, unsigned char *to, int size)
{
	unsigned char info[40], sum[32];
	unsigned length = 32;
	int used = snprintf((char *)info + 2, sizeof info - 2, "%c%s", (int)strlen(label), label) + 2;

	info[0] = 0;
	info[1] = (unsigned char)size;
	info[used++] = 0;
	info[used++] = 1;
	CHECK(HMAC(EVP_sha256(), secret, 32, info, (size_t)used, sum, &length) != NULL);
	memcpy(to, sum, (size_t)size);
}

/* The block of keys of TLS 1.2: 16 bytes for the client's key and the server's, 4 for the beginning of each nonce. */
UNUSED static void key_block(SSL *ssl, unsigned char block[64])
{
	unsigned char master[48], seed[13 + 64 + 32], a[32], text[32 + sizeof seed];
	size_t count = SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof master), at;
	unsigned length;
	int i;

	memcpy(seed, "key expansion", 13);
	SSL_get_server_random(ssl, seed + 13, 32);
	SSL_get_client_random(ssl, seed + 45, 32);
	CHECK(HMAC(EVP_sha256(), master, (int)count, seed, 77, a, &length) != NULL);
	for (i = 0; i < 2; i++) {
		memcpy(text, a, 32);
		memcpy(text + 32, seed, 77);
		at = 32 + 77;
		CHECK(HMAC(EVP_sha256(), master, (int)count, text, at, block + 32 * i, &length) != NULL);
		CHECK(HMAC(EVP_sha256(), master, (int)count, text, 32, a, &length) != NULL);
	}
}

/* Both ends have shaken hands; the writer is the server or the client. */
UNUSED static struct writer new_writer(int version, bool server)
{
	cq_tls *tls = server ? client_for("ca", "localhost") : server_with("server");
	int ours = EAGAIN, theirs = 0;
	struct writer writer;

	memset(&writer, 0, sizeof writer);
	writer.version = version;
	writer.socket = half_pair(&writer.fd);
	SYS(fcntl(writer.fd, F_SETFL, O_NONBLOCK));
	writer.ssl = raw_tls(writer.fd, server ? "server" : NULL, server);
	SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(writer.ssl), keep_secret);
	EQ(SSL_set_min_proto_version(writer.ssl, version), 1);
	EQ(SSL_set_max_proto_version(writer.ssl, version), 1);
	EQ(SSL_set_ciphersuites(writer.ssl, "TLS_AES_128_GCM_SHA256"), 1);
	EQ(SSL_set_cipher_list(writer.ssl, "ECDHE-ECDSA-AES128-GCM-SHA256"), 1);
	EQ(SSL_set_num_tickets(writer.ssl, 0), 1);
	while (ours == EAGAIN || theirs != 1) {
		if (theirs != 1)
			theirs = server ? SSL_accept(writer.ssl) : SSL_connect(writer.ssl);
		if (ours == EAGAIN)
			ours = cq_socket_try_starttls(writer.socket, tls);
	}
	OK(ours);
	cq_tls_free(tls);
	if (version == TLS1_3_VERSION) {
		expand_label(traffic_secret[server], "tls13 key", writer.key, 16);
		expand_label(traffic_secret[server], "tls13 iv", writer.iv, 12);
	} else {
		unsigned char block[64];

		key_block(writer.ssl, block);
		memcpy(writer.key, block + (server ? 16 : 0), 16);
		memcpy(writer.iv, block + 32 + (server ? 4 : 0), 4);
		writer.sequence = 1; /* the first was "finished" */
	}
	return writer;
}

UNUSED static void free_writer(struct writer *writer)
{
	cq_socket_free(writer->socket);
	SYS(close(writer->fd));
	SSL_free(writer->ssl);
}

/* Encrypts `size` bytes behind `aad` and its 12 bytes of nonce; returns the bytes with their tag. */
UNUSED static int seal(struct writer *writer, const unsigned char *nonce, const unsigned char *aad, int aad_size,
                       const unsigned char *data, int size, unsigned char *to)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int done = 0, more = 0;

	EQ(EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, writer->key, nonce), 1);
	EQ(EVP_EncryptUpdate(context, NULL, &more, aad, aad_size), 1);
	if (size > 0)
		EQ(EVP_EncryptUpdate(context, to, &done, data, size), 1);
	EQ(EVP_EncryptFinal_ex(context, to + done, &more), 1);
	EQ(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, to + done), 1);
	EVP_CIPHER_CTX_free(context);
	return done + 16;
}

/* Writes a record of this type to `to`; returns its size. */
UNUSED static size_t make_record(struct writer *writer, int type, const void *data, size_t size, unsigned char *to)
{
	unsigned char plain[300], nonce[12], aad[13];
	bool modern = writer->version == TLS1_3_VERSION;
	size_t inner = size + modern, outer = inner + 16 + (modern ? 0 : 8);
	int i;

	CHECK(inner <= sizeof plain);
	if (size > 0)
		memcpy(plain, data, size);
	if (modern)
		plain[size] = (unsigned char)type;
	to[0] = (unsigned char)(modern ? 23 : type);
	to[1] = to[2] = 3;
	to[3] = (unsigned char)(outer >> 8);
	to[4] = (unsigned char)outer;
	memcpy(nonce, writer->iv, 12);
	for (i = 0; i < 8; i++) {
		unsigned char part = (unsigned char)(writer->sequence >> (56 - 8 * i));

		aad[i] = part;
		nonce[4 + i] = (unsigned char)(modern ? nonce[4 + i] ^ part : part);
	}
	writer->sequence++;
	if (modern)
		return 5 + (size_t)seal(writer, nonce, to, 5, plain, (int)inner, to + 5);
	memcpy(to + 5, nonce + 4, 8);
	memcpy(aad + 8, to, 3);
	aad[11] = (unsigned char)(inner >> 8);
	aad[12] = (unsigned char)inner;
	return 13 + (size_t)seal(writer, nonce, aad, 13, plain, (int)inner, to + 13);
}

UNUSED static void write_record(struct writer *writer, int type, const void *data, size_t size)
{
	unsigned char record[400];
	size_t made = make_record(writer, type, data, size, record);

	EQ(write(writer->fd, record, made), made);
}

#endif
