/* SPDX-License-Identifier: MIT */
/* TLS with peers that vanish, stall, lie or speak something else, and networks that do all of that. */

#include "tls.h"

/* -- a network between two ends -- */

/* Each end is connected to a descriptor of the network's, which carries bytes as far as it will. */
struct network {
	struct ends ends;
	int to[2];           /* of the client, of the server */
	size_t carried;      /* both ways, in the order in which they came */
	size_t limit;        /* after so many it is cut */
	size_t flipped;      /* in that byte a bit is flipped; SIZE_MAX: in none */
	unsigned char bit;
	size_t piece;        /* so many at a time */
};

static struct network new_network(void)
{
	struct network network;

	memset(&network, 0, sizeof network);
	network.limit = network.flipped = network.piece = SIZE_MAX;
	network.ends.client = half_pair(&network.to[0]);
	network.ends.server = half_pair(&network.to[1]);
	SYS(fcntl(network.to[0], F_SETFL, O_NONBLOCK));
	SYS(fcntl(network.to[1], F_SETFL, O_NONBLOCK));
	return network;
}

static void cut_network(struct network *network)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (network->to[i] >= 0)
			SYS(close(network->to[i]));
		network->to[i] = -1;
	}
}

static void free_network(struct network *network)
{
	cut_network(network);
	free_ends(&network->ends);
}

static bool has_room(int fd)
{
	struct pollfd record;

	record.fd = fd;
	record.events = POLLOUT;
	return SYS(poll(&record, 1, 0)) == 1;
}

/* Carries what is there from one end to the other. Whether there was anything. */
static bool carry(struct network *network, int from)
{
	unsigned char data[20000];
	size_t most = network->piece < sizeof data ? network->piece : sizeof data;
	ssize_t count;

	if (network->to[from] < 0)
		return false;
	if (network->limit - network->carried < most)
		most = network->limit - network->carried;
	if (most == 0) {
		cut_network(network);
		return false;
	}
	if (!has_room(network->to[1 - from]))
		return false;
	count = read(network->to[from], data, most);
	if (count <= 0)
		return false;
	if (network->flipped >= network->carried && network->flipped < network->carried + (size_t)count)
		data[network->flipped - network->carried] ^= network->bit;
	network->carried += (size_t)count;
	if (write(network->to[1 - from], data, (size_t)count) != count)
		cut_network(network);
	return true;
}

/* Lets both ends shake hands over the network until both are done, or until nothing moves any more. */
static void shake_over(struct network *network, const cq_tls *client, const cq_tls *server)
{
	struct ends *ends = &network->ends;
	bool moved = true;

	ends->client_code = ends->server_code = EAGAIN;
	while (moved) {
		int client_before = ends->client_code, server_before = ends->server_code;

		if (ends->client_code == EAGAIN)
			ends->client_code = cq_socket_try_starttls(ends->client, client);
		moved = carry(network, 0);
		if (ends->server_code == EAGAIN)
			ends->server_code = cq_socket_try_starttls(ends->server, server);
		moved |= carry(network, 1);
		moved |= client_before != ends->client_code || server_before != ends->server_code;
	}
}

TEST(a_network_that_gives_single_bytes_is_slow_but_good)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct network network = new_network();
	const void *data;
	size_t size;
	int i;

	network.piece = 1;
	shake_over(&network, client, server);
	OK(network.ends.client_code);
	OK(network.ends.server_code);
	for (i = 0; i < 3; i++) {
		OK(cq_socket_write(network.ends.client, "hello\n", 6));
		while (cq_socket_try_recv(network.ends.server, CQ_READ_LINE, 0, 0, 0, &data, &size) == EAGAIN)
			CHECK(carry(&network, 0));
		TEXT(data, size, "hello");
	}
	free_network(&network);
	cq_tls_free(client);
	cq_tls_free(server);
}

/* The system says ECONNRESET where bytes were still on the way. */
static bool ended(int code)
{
	return code == 0 || code == EPIPE || code == ECONNRESET;
}

/* A sanitizer makes a handshake three times as long: every third byte will do there. */
#ifdef __SANITIZE_ADDRESS__
#define STEP 3
#else
#define STEP 1
#endif

static void cut_everywhere(int version, bool demanding)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	int before = open_descriptors();
	size_t limit, step = slow() ? 197 : STEP, whole = 0;
	bool complete = false;

	limit_version(server, version, version);
	if (demanding) {
		load(client, "client");
		OK(cq_tls_authorities(server, certificate("ca.pem")));
		OK(cq_tls_verify(server, CQ_TLS_VERIFY_REQUIRE));
	}
	for (limit = 0; !complete; limit += step) {
		struct network network = new_network();

		network.limit = limit;
		shake_over(&network, client, server);
		cut_network(&network); /* now at the latest */
		if (network.ends.client_code == EAGAIN)
			network.ends.client_code = cq_socket_starttls(network.ends.client, client);
		if (network.ends.server_code == EAGAIN)
			network.ends.server_code = cq_socket_starttls(network.ends.server, server);
		complete = network.carried < limit;
		whole += network.ends.client_code == 0 && network.ends.server_code == 0;
		CHECK(ended(network.ends.client_code) && ended(network.ends.server_code));
		if (network.ends.client_code == 0) { /* the end is nobody's word */
			int code = read_code(network.ends.client, CQ_READ_LINE, 0);

			CHECK(code == CQ_ETRUNCATED || code == ECONNRESET);
		}
		free_network(&network);
	}
	CHECK(limit > 1000);
	CHECK(whole > 0); /* a few more times, since the length of signatures varies */
	CHECK(version == TLS1_3_VERSION || whole <= 8);
	EQ(open_descriptors(), before);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(a_peer_may_vanish_at_any_byte_of_a_handshake)
{
	cut_everywhere(TLS1_3_VERSION, false);
}

TEST(a_peer_may_vanish_at_any_byte_of_a_handshake_of_tls_1_2)
{
	cut_everywhere(TLS1_2_VERSION, false);
}

TEST(a_peer_may_vanish_at_any_byte_of_a_handshake_with_a_client_certificate)
{
	cut_everywhere(TLS1_3_VERSION, true);
}

static void flip_everywhere(int version)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	size_t at, total = SIZE_MAX, harmless = 0, step = slow() ? 89 : 3;

	limit_version(server, version, version);
	for (at = 0; at < total; at += step) {
		struct network network = new_network();

		network.flipped = at;
		network.bit = (unsigned char)(1u << at % 8);
		shake_over(&network, client, server);
		cut_network(&network);
		if (network.ends.client_code == 0 && network.ends.server_code == 0)
			harmless++;
		if (total == SIZE_MAX)
			total = 1000; /* at least; the rest is told by what is carried */
		if (network.carried > total)
			total = network.carried;
		free_network(&network);
	}
	/* Record versions are ignored, and what comes behind the handshake is seen by the first read. */
	CHECK(harmless < total / step / 3);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(a_flipped_bit_anywhere_in_a_handshake_does_no_harm)
{
	flip_everywhere(TLS1_3_VERSION);
	flip_everywhere(TLS1_2_VERSION);
}

TEST(a_flipped_bit_in_the_data_ends_the_connection)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	size_t at;

	for (at = 0; at < 60; at++) {
		struct network network = new_network();
		const void *data;
		size_t size;
		int code;

		shake_over(&network, client, server);
		OK(network.ends.server_code);
		network.flipped = network.carried + at;
		network.bit = 1;
		OK(cq_socket_write(network.ends.client, "a line that is not to be believed\n", 34));
		while (carry(&network, 0))
			;
		code = cq_socket_try_recv(network.ends.server, CQ_READ_LINE, 0, 0, 0, &data, &size);
		if (network.flipped >= network.carried) /* it was no longer on the way */
			OK(code);
		else if (at == 1 || at == 2) /* the version of a record is ignored, or not */
			CHECK(code == 0 || code == CQ_ETLS);
		else if (at == 3 || at == 4) /* the rest of a longer record is waited for, in vain */
			CHECK(code == EAGAIN || code == CQ_ETLS);
		else
			ERR(code, CQ_ETLS);
		if (code == CQ_ETLS) /* and it stays so */
			ERR(recv_code(network.ends.server, CQ_READ_UP_TO, 1), CQ_ETLS);
		free_network(&network);
	}
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- peers that speak something else -- */

/* What an end says to bytes that are no TLS. */
static int hear(const cq_tls *tls, const char *bytes, size_t size, const char *reason)
{
	cq_socket *socket;
	int other, code;

	socket = half_pair(&other);
	EQ(write(other, bytes, size), size);
	SYS(shutdown(other, SHUT_WR));
	code = cq_socket_starttls(socket, tls);
	if (reason)
		REASON(socket, reason);
	ERR(cq_socket_starttls(socket, tls), code); /* it stays so */
	ERR(read_code(socket, CQ_READ_LINE, 0), code);
	cq_socket_free(socket);
	SYS(close(other));
	return code;
}

#define HEAR(tls, bytes, wanted, reason) ERR(hear((tls), (bytes), sizeof(bytes) - 1, (reason)), (wanted))

TEST(what_is_no_tls_is_told)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");

	HEAR(server, "GET / HTTP/1.0\r\n\r\n", CQ_ETLS, "http request");
	HEAR(server, "EHLO localhost\r\n", CQ_ETLS, "wrong version number");
	HEAR(server, "SSH-2.0-OpenSSH_9.2\r\n", CQ_ETLS, NULL);
	HEAR(client, "HTTP/1.0 400 Bad Request\r\n\r\n", CQ_ETLS, "wrong version number");
	HEAR(client, "220 localhost ESMTP\r\n", CQ_ETLS, "wrong version number");
	HEAR(server, "\0\0\0\0\0\0\0\0\0\0\0\0", CQ_ETLS, NULL);
	HEAR(server, "\x16\x03\x01\xff\xff more than a record may hold", CQ_ETLS, NULL);
	HEAR(server, "\x16\x03\x01\0\x05\x02\0\0\x01\0", CQ_ETLS, NULL); /* a server's hello */
	HEAR(server, "\x17\x03\x03\0\x05hello", CQ_ETLS, NULL); /* data before the handshake */
	HEAR(client, "\x17\x03\x03\0\x05hello", CQ_ETLS, NULL);
	HEAR(client, "\x15\x03\x03\0\x02\x02\x28", CQ_ETLS, "handshake failure"); /* an alert */
	HEAR(client, "\x15\x03\x03\0\x02\x02\x46", CQ_ETLS, "protocol version");
	HEAR(server, "", EPIPE, NULL);
	HEAR(client, "", EPIPE, NULL);
	HEAR(server, "\x16\x03\x01", EPIPE, NULL);
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(random_bytes_do_no_harm)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	int count = slow() ? 20 : 2000, i;
	uint64_t random = 88172645463325252u;
	char bytes[600];

	for (i = 0; i < count; i++) {
		size_t size, j;
		int code;

		for (j = 0; j < sizeof bytes; j++) {
			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			bytes[j] = (char)random;
		}
		size = (size_t)(random >> 20) % sizeof bytes;
		if (i % 2)
			memcpy(bytes, "\x16\x03\x01\x01\0\x01\0\0\xfc\x03\x03", 11); /* the beginning of a hello */
		code = hear(i % 4 < 2 ? server : client, bytes, size, NULL);
		CHECK(code == CQ_ETLS || code == EPIPE);
	}
	cq_tls_free(client);
	cq_tls_free(server);
}

TEST(random_records_after_the_handshake_do_no_harm)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	int type, i;

	for (type = 0; type < 256; type++)
		for (i = 0; i < (slow() ? 1 : 3); i++) {
			static const size_t lengths[] = { 0, 30, 300 };
			struct network network = new_network();
			unsigned char record[305];
			int code;

			shake_over(&network, client, server);
			memset(record, type, sizeof record);
			record[0] = (unsigned char)type;
			record[1] = record[2] = 3;
			record[3] = (unsigned char)(lengths[i] >> 8);
			record[4] = (unsigned char)lengths[i];
			EQ(write(network.to[1], record, 5 + lengths[i]), 5 + lengths[i]);
			SYS(shutdown(network.to[1], SHUT_WR));
			code = recv_code(network.ends.server, CQ_READ_LINE, 0);
			CHECK(code == CQ_ETLS || code == CQ_ETRUNCATED);
			free_network(&network);
		}
	cq_tls_free(client);
	cq_tls_free(server);
}

/* -- peers that stall or are reset -- */

TEST(a_handshake_has_a_deadline_and_can_go_on_after_it)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct network network = new_network();
	double begun = cq_monotime();

	OK(cq_socket_set_timeout(network.ends.client, MS(20)));
	ERR(cq_socket_starttls(network.ends.client, client), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(20));
	ERR(cq_socket_starttls(network.ends.client, client), ETIMEDOUT);
	shake_over(&network, client, server); /* the peer wakes up */
	OK(network.ends.client_code);
	OK(network.ends.server_code);
	free_network(&network);
	cq_tls_free(client);
	cq_tls_free(server);
}

struct handshake {
	cq_socket *socket;
	cq_tls *tls;
	int code;
};

static int shake(void *argument)
{
	struct handshake *handshake = argument;

	handshake->code = cq_socket_starttls(handshake->socket, handshake->tls);
	return 0;
}

TEST(closing_a_socket_ends_the_handshake_that_waits_for_it)
{
	cq_controller *cq = new_controller();
	struct handshake handshake = { NULL, client_for("ca", "localhost"), 0 };
	int other;

	handshake.socket = half_pair(&other);
	OK(cq_controller_wrap(cq, shake, NULL, &handshake, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_socket_close(handshake.socket));
	run(cq);
	ERR(handshake.code, EBADF);
	cq_controller_free(cq);
	cq_socket_free(handshake.socket);
	cq_tls_free(handshake.tls);
}

TEST(hundreds_of_handshakes_go_on_at_once)
{
	int count = slow() ? 10 : 200, i;
	cq_controller *cq = new_controller();
	struct handshake *list = calloc((size_t)count * 2, sizeof *list);
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");

	for (i = 0; i < 2 * count; i += 2) {
		pair(&list[i].socket, &list[i + 1].socket);
		list[i].tls = client;
		list[i + 1].tls = server;
		OK(cq_controller_wrap(cq, shake, NULL, &list[i], NULL));
		OK(cq_controller_wrap(cq, shake, NULL, &list[i + 1], NULL));
	}
	run(cq);
	for (i = 0; i < 2 * count; i++) {
		OK(list[i].code);
		cq_socket_free(list[i].socket);
	}
	cq_controller_free(cq);
	cq_tls_free(client);
	cq_tls_free(server);
	free(list);
}

TEST(a_reset_is_told)
{
	cq_tls *tls = server_with("server");
	cq_socket *socket;
	int other;

	socket = half_tcp(&other);
	ERR(cq_socket_try_starttls(socket, tls), EAGAIN);
	reset_connection(other);
	ERR(cq_socket_starttls(socket, tls), ECONNRESET);
	cq_socket_free(socket);
	cq_tls_free(tls);
}

static int starttls_in_callback(cq_controller *controller, cq_task task, void *argument,
                                const cq_fired *fired, size_t count)
{
	struct handshake *handshake = argument;

	(void)fired;
	if (count == 0)
		ERR(cq_socket_starttls(handshake->socket, handshake->tls), EDEADLK);
	handshake->code = cq_socket_try_starttls(handshake->socket, handshake->tls);
	return handshake->code == EAGAIN ? park(controller, task, on_socket(handshake->socket, 0)) : 0;
}

TEST(callbacks_shake_hands_by_parking)
{
	cq_controller *cq = new_controller();
	struct handshake list[2];
	struct ends ends = new_pair();

	list[0].tls = client_for("ca", "localhost");
	list[1].tls = server_with("server");
	list[0].socket = ends.client;
	list[1].socket = ends.server;
	OK(cq_controller_attach(cq, starttls_in_callback, NULL, &list[0], NULL));
	OK(cq_controller_attach(cq, starttls_in_callback, NULL, &list[1], NULL));
	run(cq);
	OK(list[0].code);
	OK(list[1].code);
	exchange(&ends);
	cq_controller_free(cq);
	free_ends(&ends);
	cq_tls_free(list[0].tls);
	cq_tls_free(list[1].tls);
}
