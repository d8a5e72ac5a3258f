/* SPDX-License-Identifier: MIT */
/*
 * A TLS 1.3 server that calls libssl itself, on epoll with non-blocking sockets.
 *
 *   tls_epoll recv|send CERTIFICATE KEY SIZE MEBIBYTES     bulk data, SIZE bytes a call
 *   tls_epoll echo CERTIFICATE KEY                         lines
 *
 * A SIZE of 0 stands for 64 KiB a call and all that can be tuned: large receives below the records,
 * and several records in one send.
 */

#include "peer.h"
#include "stream.h"
#include <openssl/ssl.h>
#include <sys/epoll.h>

static SSL_CTX *context;
static int epoll;
static size_t size, total;
static bool tuned;

enum state { HANDSHAKE, WAIT, TRANSFER, OVER };

struct client {
	int fd;
	SSL *ssl;
	enum state state;
	size_t done;
};

static void watch(struct client *client, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = client };

	if (epoll_ctl(epoll, operation, client->fd, &event) < 0)
		die("epoll_ctl");
}

/* What a call's result means: true to go on, false to wait for the event or, when it failed, the end. */
static bool went_on(struct client *client, int result)
{
	int error;

	if (result > 0)
		return true;
	error = SSL_get_error(client->ssl, result);
	if (error == SSL_ERROR_WANT_READ)
		watch(client, EPOLL_CTL_MOD, EPOLLIN);
	else if (error == SSL_ERROR_WANT_WRITE)
		watch(client, EPOLL_CTL_MOD, EPOLLOUT);
	else
		client->state = OVER;
	return false;
}

static void gather_records(SSL *ssl)
{
	BIO *below = SSL_get_rbio(ssl), *buffer = BIO_new(BIO_f_buffer());

	if (!buffer || BIO_set_write_buffer_size(buffer, 2 * CHUNK) != 1 || BIO_up_ref(below) != 1)
		die("BIO");
	SSL_set0_wbio(ssl, BIO_push(buffer, below));
}

static void flush_records(struct client *client)
{
	if (tuned && BIO_flush(SSL_get_wbio(client->ssl)) <= 0)
		watch(client, EPOLL_CTL_MOD, EPOLLOUT);
}

static void receive(struct client *client)
{
	static char data[CHUNK];
	int count;

	while (client->done < total && went_on(client, count = SSL_read(client->ssl, data, (int)size)))
		client->done += (size_t)count;
	if (client->done == total && went_on(client, SSL_write(client->ssl, "k\n", 2))) {
		flush_records(client);
		client->done++;
	}
	/* The client closes first, and that is the end. */
	if (client->done > total)
		went_on(client, SSL_read(client->ssl, data, 1));
}

static void send_on(struct client *client)
{
	int count;

	while (client->done < total) {
		size_t from = client->done % CHUNK, part = CHUNK - from < size ? CHUNK - from : size;

		if (!went_on(client, count = SSL_write(client->ssl, chunk() + from, (int)part)))
			return;
		client->done += (size_t)count;
	}
	flush_records(client);
	went_on(client, SSL_read(client->ssl, &count, 1));
}

static void echo(struct client *client)
{
	char data[4096];
	int count;

	while (went_on(client, count = SSL_read(client->ssl, data, sizeof data)))
		if (!went_on(client, SSL_write(client->ssl, data, count)))
			return;
}

static void serve(struct client *client, char what)
{
	char line[2];

	if (client->state == HANDSHAKE && went_on(client, SSL_accept(client->ssl))) {
		client->state = what == 's' ? WAIT : TRANSFER;
		flush_records(client);
	}
	if (client->state == WAIT && went_on(client, SSL_read(client->ssl, line, 2)))
		client->state = TRANSFER;
	if (client->state == TRANSFER) {
		if (what == 's')
			send_on(client);
		else if (what == 'r')
			receive(client);
		else
			echo(client);
	}
	if (client->state == OVER) {
		close(client->fd);
		SSL_free(client->ssl);
		free(client);
	}
}

static void welcome(int fd)
{
	struct client *client = calloc(1, sizeof *client);

	if (!client || !(client->ssl = SSL_new(context)) || SSL_set_fd(client->ssl, fd) != 1)
		die("SSL");
	client->fd = fd;
	send_at_once(fd);
	if (tuned)
		gather_records(client->ssl);
	watch(client, EPOLL_CTL_ADD, EPOLLIN);
}

static void prepare_tls(const char *certificate, const char *key)
{
	context = SSL_CTX_new(TLS_server_method());
	if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		die("TLS");
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	if (tuned) {
		SSL_CTX_set_read_ahead(context, 1);
		SSL_CTX_set_default_read_buffer_len(context, 2 * CHUNK);
		SSL_CTX_clear_mode(context, SSL_MODE_RELEASE_BUFFERS);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[256], event = { .events = EPOLLIN };
	int listener, fd, count, i;

	if (argc < 4)
		return 2;
	prepare();
	if (argc > 5) {
		tuned = strtoul(argv[4], NULL, 10) == 0;
		size = tuned ? CHUNK : strtoul(argv[4], NULL, 10);
		total = strtoul(argv[5], NULL, 10) << 20;
	}
	prepare_tls(argv[2], argv[3]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	listener = listen_anywhere();
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
		die("epoll_ctl");
	for (;;) {
		count = epoll_wait(epoll, events, 256, -1);
		for (i = 0; i < count; i++) {
			if (events[i].data.ptr)
				serve(events[i].data.ptr, argv[1][0]);
			else
				while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
					welcome(fd);
		}
	}
}
