/* SPDX-License-Identifier: MIT */
/*
 * Peers that send much that is no data. What went wrong: one read worked on it for as long as more came, so that no other
 * task had its turn and the socket's time limit never passed, and answers that the peer did not take were kept without
 * limit. Now a read gives way after 64 records, and does not go on before its answers have gone.
 */

#include "datagrams.h"
#include "tls.h"

/* A peer by plain libssl, whose records after the handshake go to `records` instead of to the network. */
struct peer {
	SSL *ssl;
	BIO *records;
	int fd;
	cq_socket *socket; /* our end */
};

/* Sends what the network takes at once. Whether that was all. */
static bool send_records(struct peer *peer)
{
	char *data;
	long size = BIO_get_mem_data(peer->records, &data);
	ssize_t sent = size > 0 ? write(peer->fd, data, (size_t)size) : 0;

	CHECK(sent >= 0 || errno == EAGAIN);
	while (sent > 0) {
		char gone[4096];
		int most = sent < (ssize_t)sizeof gone ? (int)sent : (int)sizeof gone;

		sent -= BIO_read(peer->records, gone, most);
	}
	return BIO_pending(peer->records) == 0;
}

/* Both ends have shaken hands. `tickets`: how many the peer sends as a server; -1: it is a client. */
static struct peer new_peer(int version, int tickets)
{
	cq_tls *tls = tickets < 0 ? server_with("server") : client_for("ca", "localhost");
	int ours = EAGAIN, theirs = 0;
	struct peer peer;

	peer.socket = half_pair(&peer.fd);
	SYS(fcntl(peer.fd, F_SETFL, O_NONBLOCK));
	peer.ssl = raw_tls(peer.fd, tickets < 0 ? NULL : "server", tickets >= 0);
	EQ(SSL_set_min_proto_version(peer.ssl, version), 1);
	EQ(SSL_set_max_proto_version(peer.ssl, version), 1);
	if (tickets >= 0)
		EQ(SSL_set_num_tickets(peer.ssl, (size_t)tickets), 1);
	peer.records = BIO_new(BIO_s_mem());
	SSL_set0_wbio(peer.ssl, peer.records);
	while (ours == EAGAIN || theirs != 1) {
		if (theirs != 1)
			theirs = tickets < 0 ? SSL_connect(peer.ssl) : SSL_accept(peer.ssl);
		if (theirs != 1 || tickets < 0)
			send_records(&peer);
		if (ours == EAGAIN)
			ours = cq_socket_try_starttls(peer.socket, tls);
	}
	OK(ours);
	cq_tls_free(tls);
	return peer;
}

static void free_peer(struct peer *peer)
{
	cq_socket_free(peer->socket);
	SYS(close(peer->fd));
	SSL_free(peer->ssl);
}

/* Has the peer ask for so many updates of our key. */
static void ask_for_updates(struct peer *peer, int count)
{
	while (count-- > 0) {
		EQ(SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		EQ(SSL_do_handshake(peer->ssl), 1);
	}
}

/* How often a receive of a line gives way before it is there. */
static int turns_until_line(cq_socket *socket, const char *line)
{
	const void *data;
	size_t size;
	int turns = 0, code;

	while ((code = cq_socket_try_recv(socket, CQ_READ_LINE, 0, CQ_MODE_DEFAULT, 0, &data, &size)) == EAGAIN) {
		CHECK(cq_socket_events(socket) & POLLIN); /* for a loop that knows no more */
		CHECK(cq_socket_poll_timeout(socket) == 0);
		turns++;
	}
	OK(code);
	CHECK(size == strlen(line) && memcmp(data, line, size) == 0);
	return turns;
}

#define UPDATES 640

TEST(a_read_gives_way_to_others_during_a_flood_of_key_updates)
{
	struct peer peer = new_peer(TLS1_3_VERSION, -1);
	int turns;

	ask_for_updates(&peer, UPDATES);
	EQ(SSL_write(peer.ssl, "line\n", 5), 5);
	CHECK(send_records(&peer));
	turns = turns_until_line(peer.socket, "line");
	CHECK(turns >= UPDATES / 64 - 1 && turns <= UPDATES / 64 + 1);
	free_peer(&peer);
}

/* Data in between does not make the rest free. */
TEST(key_updates_between_little_data_count_too)
{
	struct peer peer = new_peer(TLS1_3_VERSION, -1);
	int turns, i;

	for (i = 0; i < 20; i++) {
		ask_for_updates(&peer, UPDATES / 20);
		EQ(SSL_write(peer.ssl, i < 19 ? "x" : "\n", 1), 1);
	}
	CHECK(send_records(&peer));
	turns = turns_until_line(peer.socket, "xxxxxxxxxxxxxxxxxxx");
	CHECK(turns >= UPDATES / 64 - 2);
	free_peer(&peer);
}

TEST(a_read_gives_way_to_others_during_a_flood_of_tickets)
{
	struct peer peer = new_peer(TLS1_3_VERSION, 200);

	EQ(SSL_write(peer.ssl, "line\n", 5), 5);
	CHECK(send_records(&peer));
	CHECK(turns_until_line(peer.socket, "line") >= 2);
	free_peer(&peer);
}

TEST(data_alone_never_gives_way)
{
	struct peer peer = new_peer(TLS1_3_VERSION, -1);
	int i;

	for (i = 0; i < 2000; i++)
		EQ(SSL_write(peer.ssl, "line\n", 5), 5);
	CHECK(send_records(&peer));
	for (i = 0; i < 2000; i++)
		EQ(turns_until_line(peer.socket, "line"), 0);
	free_peer(&peer);
}

struct reader {
	cq_socket *socket;
	bool done;
	int code, turns;
};

static int read_line(void *argument)
{
	struct reader *reader = argument;

	reader->code = read_code(reader->socket, CQ_READ_LINE, 0);
	reader->done = true;
	return 0;
}

static int count_turns(void *argument)
{
	struct reader *reader = argument;

	for (; !reader->done; reader->turns++)
		OK(cq_sleep(0));
	return 0;
}

TEST(other_fibers_run_during_a_flood_of_key_updates)
{
	cq_controller *cq = new_controller();
	struct peer peer = new_peer(TLS1_3_VERSION, -1);
	struct reader reader = { peer.socket, false, 0, 0 };

	ask_for_updates(&peer, UPDATES);
	EQ(SSL_write(peer.ssl, "line\n", 5), 5);
	CHECK(send_records(&peer));
	OK(cq_controller_wrap(cq, read_line, NULL, &reader, NULL));
	OK(cq_controller_wrap(cq, count_turns, NULL, &reader, NULL));
	run(cq);
	OK(reader.code);
	CHECK(reader.turns >= UPDATES / 64 - 1);
	cq_controller_free(cq);
	free_peer(&peer);
}

TEST(the_time_limit_of_a_read_passes_during_a_flood)
{
	struct peer peer = new_peer(TLS1_3_VERSION, -1);

	OK(cq_socket_set_timeout(peer.socket, 0));
	ask_for_updates(&peer, UPDATES);
	CHECK(send_records(&peer));
	ERR(read_code(peer.socket, CQ_READ_LINE, 0), ETIMEDOUT);
	EQ(cq_socket_error(peer.socket, CQ_INPUT), ETIMEDOUT);
	free_peer(&peer);
}

/* Receives until the socket waits for nothing but room for its answers; tells how much the peer could send. */
static size_t flood_until_it_stops(struct peer *peer)
{
	size_t sent = 0;
	int code = EAGAIN;

	while (code == EAGAIN && cq_socket_events(peer->socket) != POLLOUT) {
		if (send_records(peer)) {
			ask_for_updates(peer, 1000);
			sent += (size_t)BIO_pending(peer->records);
		}
		CHECK(sent < 8 << 20);
		code = recv_code(peer->socket, CQ_READ_LINE, 0);
	}
	ERR(code, EAGAIN);
	return sent;
}

TEST(answers_that_the_peer_does_not_take_are_bounded)
{
	struct peer peer = new_peer(TLS1_3_VERSION, -1);
	char byte;
	int code;

	CHECK(flood_until_it_stops(&peer) > 100000);
	ERR(recv_code(peer.socket, CQ_READ_LINE, 0), EAGAIN); /* it stays so, */
	EQ(cq_socket_events(peer.socket), POLLOUT);
	EQ(SSL_write(peer.ssl, "line\n", 5), 5);
	do { /* until the peer takes them */
		SSL_read(peer.ssl, &byte, 1);
		send_records(&peer);
		code = recv_code(peer.socket, CQ_READ_LINE, 0);
	} while (code == EAGAIN);
	OK(code);
	free_peer(&peer);
}

TEST(a_socket_that_sends_no_more_drops_its_answers)
{
	struct peer peer = new_peer(TLS1_3_VERSION, -1);
	int i;

	OK(cq_socket_shutdown(peer.socket, SHUT_WR));
	for (i = 0; i < 40; i++) { /* with all answers 540 KB */
		ask_for_updates(&peer, 500);
		CHECK(send_records(&peer));
		do
			ERR(recv_code(peer.socket, CQ_READ_LINE, 0), EAGAIN);
		while (cq_socket_poll_timeout(peer.socket) == 0);
		EQ(cq_socket_events(peer.socket) & POLLIN, POLLIN);
	}
	free_peer(&peer);
}

/* Datagrams that are no good cost as much as any, and are dropped without a word. */
static void send_garbage(int to, int count, size_t size)
{
	static const char garbage[100];

	while (count-- > 0)
		EQ(send(to, garbage, size, 0), size);
}

TEST(datagrams_that_are_no_good_count)
{
	const size_t sizes[] = { 0, 1, 13, 100 };
	size_t i;

	for (i = 0; i < COUNT(sizes); i++) {
		cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
		struct ends ends;
		int gave_way = 0, code;

		udp_pair("127.0.0.1", &ends.server, &ends.client);
		set_modes(ends.client, "bn");
		set_modes(ends.server, "bn");
		send_garbage(cq_socket_pollfd(ends.client), 150, sizes[i]);
		code = cq_socket_try_starttls(ends.server, server); /* in the handshake, */
		ERR(code, EAGAIN);
		CHECK(cq_socket_poll_timeout(ends.server) == 0);
		shake_hands(&ends, client, server);
		OK(ends.client_code);
		OK(ends.server_code);
		send_garbage(cq_socket_pollfd(ends.client), 150, sizes[i]); /* and after it */
		while ((code = recv_code(ends.server, CQ_READ_UP_TO, 100)) == EAGAIN && cq_socket_poll_timeout(ends.server) == 0)
			gave_way++;
		ERR(code, EAGAIN);
		CHECK(gave_way >= 1);
		OK(cq_socket_write(ends.client, "data", 4));
		READ(ends.server, CQ_READ_UP_TO, 100, "data");
		free_ends(&ends);
		cq_tls_free(server);
		cq_tls_free(client);
	}
}
