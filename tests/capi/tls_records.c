/* SPDX-License-Identifier: MIT */
/*
 * Records that bring nothing, from a peer that means harm: empty ones, warnings, requests to negotiate again. However many
 * come, a read gives way to others after a bounded number of them, or the connection ends; memory does not grow.
 */

#include "tls.h"
#include "tls_records.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

enum outcome { PASSES, ENDS };

static const struct row {
	int version;
	bool server; /* who writes them */
	int type;
	const char *bytes;
	size_t size;
	enum outcome outcome;
} rows[] = {
	{ TLS1_3_VERSION, true, DATA, "", 0, ENDS },              /* empty data */
	{ TLS1_3_VERSION, false, DATA, "", 0, ENDS },
	{ TLS1_2_VERSION, true, DATA, "", 0, ENDS },
	{ TLS1_2_VERSION, false, DATA, "", 0, ENDS },
	{ TLS1_3_VERSION, true, ALERT, "\1\132", 2, ENDS },       /* warnings: user_canceled, */
	{ TLS1_3_VERSION, false, ALERT, "\1\132", 2, ENDS },
	{ TLS1_2_VERSION, true, ALERT, "\1\132", 2, ENDS },
	{ TLS1_2_VERSION, false, ALERT, "\1\132", 2, ENDS },
	{ TLS1_2_VERSION, true, ALERT, "\1\144", 2, ENDS },       /* no_renegotiation */
	{ TLS1_2_VERSION, true, ALERT, "", 0, ENDS },             /* nothing that would be an alert */
	{ TLS1_2_VERSION, true, HANDSHAKE, "\0\0\0\0", 4, PASSES }, /* HelloRequest */
	{ TLS1_2_VERSION, false, HANDSHAKE, "\1\0\0\2\3\3", 6, PASSES }, /* ClientHello */
	{ TLS1_3_VERSION, true, HANDSHAKE, "", 0, ENDS },         /* no message at all */
	{ TLS1_3_VERSION, true, HANDSHAKE, "\0\0\0\0", 4, ENDS },
	{ TLS1_3_VERSION, false, HANDSHAKE, "\1\0\0\2\3\3", 6, ENDS },
};

#define COUNT_OF_RECORDS 640

/* Reads until something comes or the connection ends; counts how often that gave way. */
static int read_through(cq_socket *socket, int *turns)
{
	int code;

	for (*turns = 0; (code = recv_code(socket, CQ_READ_LINE, 0)) == EAGAIN && cq_socket_poll_timeout(socket) == 0; ++*turns)
		CHECK(*turns < COUNT_OF_RECORDS);
	return code;
}

static unsigned char records[COUNT_OF_RECORDS * 60];

TEST(records_that_bring_nothing_end_the_connection_or_give_way)
{
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct writer writer = new_writer(row->version, row->server);
		int turns, code, k;
		size_t size = 0;

		write_record(&writer, DATA, "first\n", 6); /* the keys are right */
		OK(read_through(writer.socket, &turns));
		for (k = 0; k < COUNT_OF_RECORDS; k++)
			size += make_record(&writer, row->type, row->bytes, row->size, records + size);
		size += make_record(&writer, DATA, "line\n", 5, records + size);
		EQ(write(writer.fd, records, size), size); /* in one piece: the kernel counts pieces, too */
		code = read_through(writer.socket, &turns);
		if (row->outcome == PASSES && (code || turns < COUNT_OF_RECORDS / 64 - 1))
			printf("       row %d: %d after %d turns\n", (int)i, code, turns);
		if (row->outcome == ENDS && code == 0)
			printf("       row %d passes\n", (int)i);
		if (row->outcome == PASSES) {
			OK(code);
			CHECK(turns >= COUNT_OF_RECORDS / 64 - 1);
		} else {
			ERR(code, CQ_ETLS);
			CHECK(turns <= 1);
		}
		free_writer(&writer);
	}
}

/* Each request is answered with a warning, RFC 5246 §7.4.1.1: what the peer does not take is not collected without end. */
TEST(refusals_to_negotiate_again_are_bounded)
{
	struct writer writer = new_writer(TLS1_2_VERSION, true);
	size_t sent = 0, limit = 16 << 20;
	unsigned char record[100];
	size_t left = 0, size = 0;
	int code = EAGAIN;

	while (code == EAGAIN && cq_socket_events(writer.socket) != POLLOUT && sent < limit) {
		int k;

		for (k = 0; k < 1000; k++) {
			ssize_t done;

			if (!left)
				left = size = make_record(&writer, HANDSHAKE, "\0\0\0\0", 4, record);
			done = write(writer.fd, record + size - left, left);
			if (done < 0)
				break;
			left -= (size_t)done;
			sent += (size_t)done;
		}
		code = recv_code(writer.socket, CQ_READ_LINE, 0);
	}
	ERR(code, EAGAIN);
	CHECK(sent < limit);
	EQ(cq_socket_events(writer.socket), POLLOUT);
	free_writer(&writer);
}

/* Records in plain text that TLS 1.3 allows within a handshake for the sake of old boxes, RFC 8446 §D.4. */
TEST(change_cipher_spec_in_a_handshake_is_bounded)
{
	static const unsigned char record[] = { 20, 3, 3, 0, 1, 1 };
	cq_tls *server = server_with("server");
	int other, i, turns = 0, code;
	cq_socket *socket = half_pair(&other);

	SYS(fcntl(other, F_SETFL, O_NONBLOCK));
	for (i = 0; i < COUNT_OF_RECORDS; i++)
		memcpy(records + i * sizeof record, record, sizeof record);
	EQ(write(other, records, COUNT_OF_RECORDS * sizeof record), COUNT_OF_RECORDS * sizeof record);
	while ((code = cq_socket_try_starttls(socket, server)) == EAGAIN && cq_socket_poll_timeout(socket) == 0)
		CHECK(++turns < COUNT_OF_RECORDS);
	ERR(code, CQ_ETLS);
	CHECK(turns <= 1);
	cq_socket_free(socket);
	SYS(close(other));
	cq_tls_free(server);
}

/* A ClientHello whose length says 16 MB, byte by byte: libssl's limit ends it before much is kept. */
TEST(a_message_of_a_handshake_has_a_limit)
{
	static unsigned char record[5 + 16384] = { 22, 3, 1, 64, 0, 1, 0xff, 0xff, 0xff };
	cq_tls *server = server_with("server");
	int other, i, code = EAGAIN;
	cq_socket *socket = half_pair(&other);

	SYS(fcntl(other, F_SETFL, O_NONBLOCK));
	for (i = 0; i < 100 && code == EAGAIN; i++) {
		ssize_t done = write(other, record, sizeof record);

		CHECK(done == (ssize_t)sizeof record);
		code = cq_socket_try_starttls(socket, server);
	}
	ERR(code, CQ_ETLS);
	CHECK(i < 12); /* libssl takes 128 KiB */
	cq_socket_free(socket);
	SYS(close(other));
	cq_tls_free(server);
}
