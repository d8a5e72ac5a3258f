/* SPDX-License-Identifier: MIT */
/* Data over TLS: all sizes, both directions at once, small records and large, keys that change. */

#include "tls.h"
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* -- volumes -- */

struct stream {
	cq_socket *socket;
	size_t size, piece;
	unsigned factor;
	bool done;
};

static int write_stream(void *argument)
{
	struct stream *stream = argument;
	unsigned char *piece = malloc(stream->piece);
	size_t at = 0;

	while (at < stream->size) {
		size_t i, size = stream->size - at < stream->piece ? stream->size - at : stream->piece;

		for (i = 0; i < size; i++)
			piece[i] = (unsigned char)((at + i) * stream->factor >> 3);
		OK(cq_socket_write(stream->socket, piece, size));
		at += size;
	}
	OK(cq_socket_flush(stream->socket));
	OK(cq_socket_shutdown(stream->socket, SHUT_WR));
	free(piece);
	return 0;
}

static int read_stream(void *argument)
{
	struct stream *stream = argument;
	size_t at = 0, size, i;
	const void *data;
	int code;

	while ((code = cq_socket_read(stream->socket, CQ_READ_UP_TO, 7919, &data, &size)) == 0)
		for (i = 0; i < size; i++, at++)
			EQ(((const unsigned char *)data)[i], (unsigned char)(at * stream->factor >> 3));
	ERR(code, EPIPE);
	EQ(at, stream->size);
	stream->done = true;
	return 0;
}

static void carry(const char *modes, size_t size, size_t piece, size_t buffer)
{
	cq_controller *cq = new_controller();
	struct stream writers[2], readers[2];
	struct ends ends = secure_pair();
	int i;

	for (i = 0; i < 2; i++) {
		writers[i].socket = i ? ends.server : ends.client;
		writers[i].size = size;
		writers[i].piece = piece;
		writers[i].factor = 3 + 2 * (unsigned)i;
		writers[i].done = false;
		readers[i] = writers[i];
		readers[i].socket = i ? ends.client : ends.server;
		set_modes(writers[i].socket, modes);
		OK(cq_socket_set_bufsiz(writers[i].socket, CQ_INPUT, buffer));
		OK(cq_socket_set_bufsiz(writers[i].socket, CQ_OUTPUT, buffer));
		OK(cq_controller_wrap(cq, write_stream, NULL, &writers[i], NULL));
		OK(cq_controller_wrap(cq, read_stream, NULL, &readers[i], NULL));
	}
	run(cq);
	CHECK(readers[0].done && readers[1].done);
	cq_controller_free(cq);
	free_ends(&ends);
}

TEST(both_directions_carry_data_at_once)
{
	size_t size = slow() ? 300 * 1000 : 10 * 1000 * 1000;

	carry("bfA", size, 5000, 4096);
	carry("bfA", size, 100 * 1000, 65536);
	carry("bn", size / 20, 100, 4096);
	carry("bn", size, 1 << 20, 1);
}

TEST(pieces_around_the_size_of_a_record_arrive)
{
	static const size_t sizes[] = { 1, 2, 4095, 4096, 4097, 16383, 16384, 16385, 16401, 32767, 32768, 32769, 65536, 65537 };
	static unsigned char bytes[65537];
	struct ends ends = secure_pair();
	size_t i, j, size;
	const void *data;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 7 >> 2);
	for (i = 0; i < COUNT(sizes); i++) {
		OK(cq_socket_write(ends.client, bytes, sizes[i]));
		OK(cq_socket_read(ends.server, CQ_READ_EXACTLY, sizes[i], &data, &size));
		EQ(size, sizes[i]);
		CHECK(memcmp(data, bytes, size) == 0);
		OK(cq_socket_write(ends.server, bytes, sizes[i]));
		for (j = 0; j < sizes[i]; j += size) {
			OK(cq_socket_read(ends.client, CQ_READ_UP_TO, 1000, &data, &size));
			CHECK(memcmp(data, bytes + j, size) == 0);
		}
	}
	free_ends(&ends);
}

struct lines {
	cq_socket *socket;
	char *line;
	size_t length;
	int left;
};

static int write_lines(void *argument)
{
	struct lines *lines = argument;
	int i;

	for (i = 0; i < 3; i++)
		OK(cq_socket_write(lines->socket, lines->line, lines->length));
	return 0;
}

static int read_lines(void *argument)
{
	struct lines *lines = argument;
	const void *data;
	size_t size;

	for (; lines->left > 0; lines->left--) {
		OK(cq_socket_read(lines->socket, CQ_READ_LINE_KEEP, 0, &data, &size));
		EQ(size, lines->length);
		CHECK(memcmp(data, lines->line, size) == 0);
	}
	return 0;
}

TEST(lines_of_a_mebibyte_come_whole)
{
	cq_controller *cq = new_controller();
	struct ends ends = secure_pair();
	struct lines writer = { ends.client, NULL, 1 << 20, 3 }, reader;

	writer.line = malloc(writer.length);
	memset(writer.line, 'x', writer.length);
	writer.line[writer.length - 1] = '\n';
	reader = writer;
	reader.socket = ends.server;
	OK(cq_socket_set_maxline(ends.server, CQ_INPUT, 2 << 20));
	OK(cq_controller_wrap(cq, write_lines, NULL, &writer, NULL));
	OK(cq_controller_wrap(cq, read_lines, NULL, &reader, NULL));
	run(cq);
	EQ(reader.left, 0);
	cq_controller_free(cq);
	free_ends(&ends);
	free(writer.line);
}

TEST(text_is_translated_as_ever)
{
	struct ends ends = secure_pair();

	set_modes(ends.client, "tn");
	OK(cq_socket_write(ends.client, "one\ntwo\n", 8));
	READ(ends.server, CQ_READ_LINE_KEEP, 0, "one\r\n");
	set_modes(ends.server, "tn");
	READ(ends.server, CQ_READ_LINE_KEEP, 0, "two\n");
	free_ends(&ends);
}

TEST(bytes_are_put_back_filled_and_counted_as_ever)
{
	struct ends ends = secure_pair();
	cq_stat before, after;

	OK(cq_socket_stat(ends.server, CQ_INPUT, &before));
	OK(cq_socket_write(ends.client, "0123456789", 10));
	OK(cq_socket_fill(ends.server, 5));
	CHECK(cq_socket_pending(ends.server, CQ_INPUT) >= 5);
	READ(ends.server, CQ_READ_EXACTLY, 4, "0123");
	OK(cq_socket_unget(ends.server, "ab", 2));
	READ(ends.server, CQ_READ_EXACTLY, 8, "ab456789");
	OK(cq_socket_stat(ends.server, CQ_INPUT, &after));
	EQ(after.count - before.count, 10); /* bytes of the program */
	OK(cq_socket_stat(ends.client, CQ_OUTPUT, &after));
	EQ(after.count, 10);
	ERR(cq_socket_try_fill(ends.server, 1), EAGAIN);
	EQ(cq_socket_events(ends.server), POLLIN);
	free_ends(&ends);
}

/* -- waiting -- */

static int patient(cq_socket *socket, uint32_t format, size_t count, const void **data, size_t *size)
{
	return cq_socket_try_recv(socket, format, count, CQ_MODE_DEFAULT, CQ_PATIENT, data, size);
}

TEST(a_patient_receive_gets_all_that_has_come)
{
	struct ends ends = secure_pair();
	char *big = malloc(50000);
	const void *data;
	size_t size, got = 0;
	int i;

	memset(big, 'x', 50000);
	for (i = 0; i < 3; i++)
		OK(cq_socket_write(ends.client, "a line\n", 7)); /* three records, received in one go */
	cq_socket_readable(ends.server);
	for (i = 0; i < 3; i++) {
		OK(patient(ends.server, CQ_READ_LINE, 0, &data, &size));
		TEXT(data, size, "a line");
	}
	ERR(patient(ends.server, CQ_READ_LINE, 0, &data, &size), EAGAIN);
	EQ(cq_socket_events(ends.server), POLLIN);

	OK(cq_socket_set_bufsiz(ends.server, CQ_INPUT, 100)); /* less than a record */
	OK(cq_socket_write(ends.client, big, 50000));
	cq_socket_readable(ends.server);
	while (patient(ends.server, CQ_READ_UP_TO, 77, &data, &size) == 0)
		got += size;
	EQ(got, 50000); /* the poller would not say again that something is there */
	free_ends(&ends);
	free(big);
}

TEST(a_read_of_part_of_a_record_does_not_wait_for_the_rest)
{
	struct ends ends = secure_pair();
	int i;

	OK(cq_socket_set_bufsiz(ends.server, CQ_INPUT, 1));
	OK(cq_socket_set_timeout(ends.server, MS(100)));
	OK(cq_socket_write(ends.client, "0123456789", 10));
	for (i = 0; i < 10; i++) {
		const void *data;
		size_t size;

		OK(cq_socket_read(ends.server, CQ_READ_EXACTLY, 1, &data, &size));
		EQ(*(const char *)data, '0' + i);
	}
	ERR(read_code(ends.server, CQ_READ_EXACTLY, 1), ETIMEDOUT);
	free_ends(&ends);
}

TEST(a_reader_is_woken_by_its_controller)
{
	cq_controller *cq = new_controller();
	struct stream reader = { NULL, 8 * 1000, 100, 3, false }, writer;
	struct ends ends = secure_pair();

	reader.socket = ends.server;
	OK(cq_socket_set_bufsiz(ends.server, CQ_INPUT, 10));
	OK(cq_controller_wrap(cq, read_stream, NULL, &reader, NULL));
	OK(cq_controller_step(cq, 0));
	CHECK(!reader.done);
	writer = reader;
	writer.socket = ends.client;
	OK(cq_controller_wrap(cq, write_stream, NULL, &writer, NULL));
	run(cq);
	CHECK(reader.done);
	cq_controller_free(cq);
	free_ends(&ends);
}

TEST(output_waits_for_a_peer_that_does_not_read)
{
	size_t size = 4 << 20, taken = 0, sent, got = 0, count, i;
	unsigned char *bytes = malloc(size);
	struct ends ends = secure_pair();
	const void *data;
	int code;

	for (i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i * 13 >> 4);
	code = cq_socket_try_send(ends.client, bytes, size, 0, &taken);
	ERR(code, EAGAIN);
	CHECK(taken > 0 && taken < size);
	EQ(cq_socket_events(ends.client) & POLLOUT, POLLOUT);
	ERR(cq_socket_try_flush(ends.client, 0), EAGAIN);
	OK(cq_socket_set_timeout(ends.client, MS(5)));
	ERR(cq_socket_flush(ends.client), ETIMEDOUT); /* which loses nothing */
	OK(cq_socket_set_error(ends.client, CQ_OUTPUT, 0, NULL));
	while (got < size) {
		if (taken < size) {
			code = cq_socket_try_send(ends.client, bytes + taken, size - taken, 0, &sent);
			CHECK(code == 0 || code == EAGAIN);
			taken += sent;
		} else {
			code = cq_socket_try_flush(ends.client, 0);
			CHECK(code == 0 || code == EAGAIN);
		}
		while ((code = cq_socket_try_recv(ends.server, CQ_READ_UP_TO, 60000, 0, 0, &data, &count)) == 0) {
			CHECK(got + count <= size && memcmp(data, bytes + got, count) == 0);
			got += count;
		}
		ERR(code, EAGAIN);
	}
	EQ(cq_socket_pending(ends.client, CQ_OUTPUT), 0);
	free_ends(&ends);
	free(bytes);
}

TEST(closing_does_not_wait_for_a_peer_that_does_not_read)
{
	struct ends ends = secure_pair();
	char *bytes = calloc(1, 1 << 20);
	double begun = cq_monotime();
	size_t taken;

	ERR(cq_socket_try_send(ends.client, bytes, 1 << 20, 0, &taken), EAGAIN);
	OK(cq_socket_close(ends.client));
	CHECK(cq_monotime() - begun < 5);
	free_ends(&ends);
	free(bytes);
}

/* -- what the protocol does by itself -- */

/* How often keys change; what comes after that ends in peace. */
#define CHANGES 10

static void change_keys(SSL *ssl, int version)
{
	if (version == TLS1_3_VERSION) {
		SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
	} else {
		SSL_renegotiate(ssl);
		SSL_do_handshake(ssl);
	}
}

/* A child that speaks TLS with libssl itself: echoes lines, and changes keys with the first ones. */
static pid_t raw_child(cq_socket *ours, int fd, bool server, int version)
{
	pid_t child = (pid_t)SYS(fork());
	int count, changes = 0;
	char line[100];

	if (child == 0) {
		SSL *ssl = raw_tls(fd, server ? "server" : NULL, server);

		cq_socket_free(ours); /* or its end would never be seen */

		SSL_set_max_proto_version(ssl, version);
		if ((server ? SSL_accept(ssl) : SSL_connect(ssl)) != 1)
			end_child(false);
		while ((count = SSL_read(ssl, line, sizeof line)) > 0) {
			if (changes++ < CHANGES)
				change_keys(ssl, version);
			if (SSL_write(ssl, line, count) != count)
				end_child(false);
		}
		end_child(SSL_get_error(ssl, count) == SSL_ERROR_ZERO_RETURN);
	}
	SYS(close(fd));
	return child;
}

static void keys_change(bool server, int version)
{
	cq_tls *tls = server ? client_for("ca", "localhost") : server_with("server");
	cq_socket *socket;
	pid_t child;
	int other, i;

	socket = half_pair(&other);
	child = raw_child(socket, other, server, version);
	SSL_CTX_clear_options((SSL_CTX *)cq_tls_context(tls), SSL_OP_NO_RENEGOTIATION);
	OK(cq_socket_starttls(socket, tls));
	for (i = 0; i < 2 * CHANGES; i++) {
		OK(cq_socket_write(socket, "a line\n", 7));
		READ(socket, CQ_READ_LINE, 0, "a line");
	}
	OK(cq_socket_close(socket));
	EQ(wait_for_child(child), 0);
	cq_socket_free(socket);
	cq_tls_free(tls);
}

TEST(keys_may_change)
{
	keys_change(true, TLS1_3_VERSION);
	keys_change(false, TLS1_3_VERSION);
}

TEST(a_server_of_tls_1_2_may_negotiate_again_if_the_program_has_allowed_it)
{
	keys_change(true, TLS1_2_VERSION);
}

static int read_all_pieces(void *argument)
{
	cq_socket *socket = *(cq_socket **)argument;

	READ(socket, CQ_READ_UP_TO, 100, "all of it");
	ERR(read_code(socket, CQ_READ_UP_TO, 100), EPIPE);
	return 0;
}

TEST(the_end_is_seen_though_the_connection_stays_open)
{
	cq_controller *cq = new_controller();
	cq_tls *tls = client_for("ca", "localhost");
	cq_socket *socket;
	pid_t child;
	int other;

	socket = half_pair(&other);
	child = (pid_t)SYS(fork());
	if (child == 0) {
		SSL *ssl = raw_tls(other, "server", true);
		BIO *below = SSL_get_rbio(ssl);
		char byte;

		cq_socket_free(socket);
		if (SSL_accept(ssl) != 1 || SSL_read(ssl, &byte, 1) != 1)
			end_child(false);
		BIO_up_ref(below); /* what follows leaves in one piece */
		SSL_set0_wbio(ssl, BIO_push(BIO_new(BIO_f_buffer()), below));
		if (SSL_write(ssl, "all of it", 9) != 9)
			end_child(false);
		SSL_shutdown(ssl); /* says that this is all, and waits for the other to say so */
		end_child(SSL_shutdown(ssl) == 1);
	}
	OK(cq_socket_starttls(socket, tls));
	OK(cq_controller_wrap(cq, read_all_pieces, NULL, &socket, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_socket_write(socket, "x", 1));
	run(cq);
	OK(cq_socket_close(socket));
	EQ(wait_for_child(child), 0);
	cq_controller_free(cq);
	cq_socket_free(socket);
	cq_tls_free(tls);
}

/* -- what is left behind -- */

/* The bytes that malloc has given out; 0 where that cannot be told or a tool counts by itself. */
static size_t allocated(void)
{
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
	return SANITIZED || slow() ? 0 : mallinfo2().uordblks;
#endif
#endif
	return 0;
}

TEST(nothing_is_left_behind)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	int before = open_descriptors(), count = slow() ? 10 : 400, i;
	size_t first = 0;

	for (i = 0; i < count; i++) {
		struct ends ends = new_pair();

		shake_hands(&ends, client, server);
		exchange(&ends);
		free_ends(&ends);
		if (i == count / 2) /* caches are full by then */
			first = allocated();
	}
	EQ(open_descriptors(), before);
	CHECK(allocated() < first + 64 * 1024);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(configurations_leave_nothing_behind)
{
	int count = slow() ? 4 : 100, i;
	size_t first = 0;

	for (i = 0; i < count; i++) {
		struct ends ends = secure_pair();

		free_ends(&ends);
		if (i == count / 2)
			first = allocated();
	}
	CHECK(allocated() < first + 256 * 1024); /* one that verifies has more than that */
}
