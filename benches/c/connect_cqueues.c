/* SPDX-License-Identifier: MIT */
/*
 * Short connections made, on libcqueues: connect, one line there and back, close.
 *
 *   connect_cqueues callbacks|fibers PORT CONNECTIONS PARALLEL
 */

#include "peer.h"
#include "connect.h"
#include <cqueues.h>

static cq_controller *controller;
static cq_options *options;
static uint32_t mode;
static int left;

static cq_socket *open_one(void)
{
	cq_socket *socket;

	if (cq_socket_connect(options, &socket))
		die("connect");
	cq_socket_set_mode(socket, CQ_INPUT, mode);
	cq_socket_set_mode(socket, CQ_OUTPUT, mode);
	return socket;
}

static void check(const void *data, size_t size)
{
	if (size != LINE || memcmp(data, line(), LINE) != 0)
		die("echo");
}

/* -- callbacks -- */

struct client {
	cq_socket *socket;
	bool sent;
};

static int serve(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	cq_interest interest = CQ_INTEREST_NONE;
	struct client *client = argument;
	const void *data;
	size_t size, sent;
	int code = 0;

	(void)fired, (void)count;
	for (;;) {
		if (!client->socket) {
			if (left-- <= 0)
				return 0;
			client->socket = open_one();
			client->sent = false;
		}
		if (!client->sent) {
			code = cq_socket_try_send(client->socket, line(), LINE, mode, &sent);
			client->sent = sent == LINE;
		}
		if (client->sent && code != EAGAIN)
			code = cq_socket_try_recv(client->socket, CQ_READ_LINE_KEEP, 0, mode, CQ_PATIENT, &data, &size);
		if (code == EAGAIN) {
			interest.socket = client->socket;
			return cq_controller_park(cq, task, &interest, 1);
		}
		if (code != 0)
			die(cq_strerror(code));
		check(data, size);
		cq_socket_free(client->socket);
		client->socket = NULL;
	}
}

/* -- fibers -- */

static int run(void *argument)
{
	const void *data;
	size_t size;
	int code;

	(void)argument;
	while (left-- > 0) {
		cq_socket *socket = open_one();

		if ((code = cq_socket_write(socket, line(), LINE)) != 0 ||
		    (code = cq_socket_read(socket, CQ_READ_LINE_KEEP, 0, &data, &size)) != 0)
			die(cq_strerror(code));
		check(data, size);
		cq_socket_free(socket);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int connections, i;

	if (argc < 5)
		return 2;
	prepare();
	connections = left = atoi(argv[3]);
	mode = cq_mode_parse("bl", 2);
	begin_measuring();
	if (cq_options_new(&options) || cq_options_host(options, "127.0.0.1", atoi(argv[2])) || cq_controller_new(&controller))
		die("new");
	for (i = 0; i < atoi(argv[4]); i++) {
		struct client *client = calloc(1, sizeof *client);

		if (argv[1][0] == 'f' ? cq_controller_wrap(controller, run, free, client, NULL)
		                      : cq_controller_attach(controller, serve, free, client, NULL))
			die("task");
	}
	if (cq_controller_loop(controller, -1))
		die("loop");
	end_measuring(connections);
	return 0;
}
