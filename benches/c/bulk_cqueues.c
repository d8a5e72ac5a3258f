/* SPDX-License-Identifier: MIT */
/*
 * Bulk data on libcqueues, 64 KiB a call.
 *
 *   bulk_cqueues callbacks|fibers recv|send MEBIBYTES
 */

#include "peer.h"
#include "stream.h"
#include <cqueues.h>

static cq_controller *controller;
static size_t total;
static uint32_t mode;

struct client {
	cq_socket *socket;
	size_t done;
	bool go; /* the client's line has come: send */
};

static void hang_up(void *argument)
{
	struct client *client = argument;

	cq_socket_free(client->socket);
	free(client);
}

/* -- callbacks -- */

static int later(cq_task task, cq_socket *socket, int code)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.socket = socket;
	return code == EAGAIN ? cq_controller_park(controller, task, &interest, 1) : 0;
}

static int receive_some(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct client *client = argument;
	const void *data;
	size_t size, sent;
	int code = 0;

	(void)cq, (void)fired, (void)count;
	while (client->done < total) {
		code = cq_socket_try_recv(client->socket, CQ_READ_UP_TO, CHUNK, mode, CQ_PATIENT, &data, &size);
		if (code != 0)
			return later(task, client->socket, code);
		client->done += size;
	}
	return cq_socket_try_send(client->socket, "k\n", 2, mode, &sent);
}

static int send_some(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct client *client = argument;
	const void *data;
	size_t size, sent;
	int code;

	(void)cq, (void)fired, (void)count;
	if (!client->go) {
		code = cq_socket_try_recv(client->socket, CQ_READ_LINE, 0, mode, CQ_PATIENT, &data, &size);
		if (code != 0)
			return later(task, client->socket, code);
		client->go = true;
	}
	while (client->done < total) {
		size_t from = client->done % CHUNK;

		code = cq_socket_try_send(client->socket, chunk() + from, CHUNK - from, mode, &sent);
		client->done += sent;
		if (code != 0)
			return later(task, client->socket, code);
	}
	code = cq_socket_try_flush(client->socket, CQ_MODE_DEFAULT);
	return later(task, client->socket, code);
}

/* -- fibers -- */

static int receive_all(void *argument)
{
	struct client *client = argument;
	const void *data;
	size_t size;

	while (client->done < total && !cq_socket_read(client->socket, CQ_READ_UP_TO, CHUNK, &data, &size))
		client->done += size;
	return cq_socket_write(client->socket, "k\n", 2) || cq_socket_flush(client->socket);
}

static int send_all(void *argument)
{
	struct client *client = argument;
	const void *data;
	size_t size;

	if (cq_socket_read(client->socket, CQ_READ_LINE, 0, &data, &size))
		return 0;
	for (; client->done < total; client->done += CHUNK)
		if (cq_socket_write(client->socket, chunk(), CHUNK))
			return 0;
	return cq_socket_flush(client->socket);
}

int main(int argc, char **argv)
{
	cq_options *options;
	cq_socket *listener;
	cq_name name;

	if (argc < 4)
		return 2;
	prepare();
	total = strtoul(argv[3], NULL, 10) << 20;
	mode = cq_mode_parse("bn", 2); /* each chunk leaves by itself */
	if (cq_options_new(&options) || cq_options_host(options, "127.0.0.1", 0) ||
	    cq_socket_listen(options, &listener) || cq_socket_localname(listener, &name) || cq_controller_new(&controller))
		die("listen");
	announce(name.port);
	for (;;) {
		struct client *client = calloc(1, sizeof *client);
		bool receives = argv[2][0] == 'r';

		if (!client || cq_socket_accept(listener, &client->socket))
			die("accept");
		cq_socket_set_mode(client->socket, CQ_INPUT, mode);
		cq_socket_set_mode(client->socket, CQ_OUTPUT, mode);
		cq_socket_set_bufsiz(client->socket, CQ_INPUT, CHUNK);
		cq_socket_set_bufsiz(client->socket, CQ_OUTPUT, CHUNK);
		if (argv[1][0] == 'f' ? cq_controller_wrap(controller, receives ? receive_all : send_all, hang_up, client, NULL)
		                      : cq_controller_attach(controller, receives ? receive_some : send_some, hang_up, client, NULL))
			die("task");
		cq_controller_loop(controller, -1);
	}
}
