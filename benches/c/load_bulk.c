/* SPDX-License-Identifier: MIT */
/*
 * The load of the bulk benchmarks, on plain TCP or TLS 1.3 with AES-128-GCM.
 *
 *   load_bulk blast PORT PID MEBIBYTES [tls]     sends; the server answers "k" and LF when all came
 *   load_bulk sink PORT PID MEBIBYTES [tls]      sends a line, and takes what the server sends then
 *                                                (so much on each of a few connections, in turn)
 *   load_bulk idle PORT PID CONNECTIONS          opens TLS connections, has a line echoed, lets them be
 *
 * Every byte that comes is checked. Prints what `load` does; an operation is a mebibyte.
 */

#include "load.h"
#include "stream.h"
#include <openssl/ssl.h>

#define CONNECTIONS 2

static SSL_CTX *context;

/* A connection: `ssl` is NULL for plain TCP. */
struct stream {
	int fd;
	SSL *ssl;
};

static void use_tls(void)
{
	context = SSL_CTX_new(TLS_client_method());
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1)
		die("TLS");
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL); /* speed is measured here, not trust */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

static struct stream connect_stream(void)
{
	struct stream stream = { connect_to_server(), NULL };

	if (context) {
		stream.ssl = SSL_new(context);
		if (!stream.ssl || SSL_set_fd(stream.ssl, stream.fd) != 1 || SSL_connect(stream.ssl) != 1)
			die("handshake");
	}
	return stream;
}

static size_t take(struct stream *stream, void *data, size_t size)
{
	ssize_t count = stream->ssl ? SSL_read(stream->ssl, data, (int)size) : read(stream->fd, data, size);

	if (count <= 0)
		die("the server has gone");
	return (size_t)count;
}

static void give(struct stream *stream, const void *data, size_t size)
{
	const char *bytes = data;

	while (size > 0) {
		ssize_t count = stream->ssl ? SSL_write(stream->ssl, bytes, (int)size) : write(stream->fd, bytes, size);

		if (count <= 0)
			die("the server refuses");
		bytes += count;
		size -= (size_t)count;
	}
}

static void expect(struct stream *stream, const char *wanted)
{
	char byte;

	for (; *wanted; wanted++)
		if (take(stream, &byte, 1) != 1 || byte != *wanted)
			wrong_byte();
}

static void blast(struct stream *stream, size_t size)
{
	size_t sent;

	for (sent = 0; sent < size; sent += CHUNK)
		give(stream, chunk(), CHUNK);
	expect(stream, "k\n");
}

static void sink(struct stream *stream, size_t size)
{
	static char data[1 << 18];
	size_t at = 0;

	give(stream, "g\n", 2);
	while (at < size) {
		size_t count = take(stream, data, sizeof data), done = 0;

		while (done < count) {
			size_t from = (at + done) % CHUNK, part = CHUNK - from < count - done ? CHUNK - from : count - done;

			if (memcmp(data + done, chunk() + from, part) != 0)
				wrong_byte();
			done += part;
		}
		at += count;
	}
	if (at != size)
		wrong_byte();
}

static void idle(int connections)
{
	double before = 0;
	int warm = 10, i;

	use_tls();
	for (i = 0; i < warm + connections; i++) {
		struct stream stream;

		if (i == warm)
			before = resident_bytes();
		stream = connect_stream();
		give(&stream, "hello\n", 6);
		expect(&stream, "hello\n");
	}
	printf("operations=%d bytes=%.1f\n", connections, (resident_bytes() - before) / connections);
}

static void transfer(const char *direction, size_t mebibytes)
{
	struct stream stream = connect_stream();

	if (strcmp(direction, "blast") == 0)
		blast(&stream, mebibytes << 20);
	else
		sink(&stream, mebibytes << 20);
	SSL_free(stream.ssl);
	close(stream.fd);
}

int main(int argc, char **argv)
{
	unsigned long mebibytes;
	double begun, cpu;
	int i;

	prepare();
	if (argc < 5)
		return 2;
	choose_server(argv[2], argv[3]);
	if (strcmp(argv[1], "idle") == 0) {
		idle(atoi(argv[4]));
		return 0;
	}
	if (argc > 5)
		use_tls();
	mebibytes = strtoul(argv[4], NULL, 10);
	transfer(argv[1], mebibytes); /* to warm up */
	begun = seconds_of(CLOCK_MONOTONIC);
	cpu = server_cpu();
	for (i = 0; i < CONNECTIONS; i++)
		transfer(argv[1], mebibytes);
	printf("operations=%lu seconds=%.6f cpu=%.6f\n", CONNECTIONS * mebibytes, seconds_of(CLOCK_MONOTONIC) - begun,
	       server_cpu() - cpu);
	return 0;
}
