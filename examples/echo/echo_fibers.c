/* SPDX-License-Identifier: MIT */
/*
 * An echo server of fibers: every line that a client sends comes back to it, and all clients are
 * served at once, each by a function that reads as if it were alone.
 *
 *   echo_fibers [ADDRESS [PORT]]       port 0 lets the system choose a free one
 */

#include <cqueues.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

/* Ends when the client is done or its connection fails: no more than this fiber ends with it. */
static int serve(void *client)
{
	const void *line;
	size_t size;

	while (!cq_socket_read(client, CQ_READ_LINE_KEEP, 0, &line, &size))
		if (cq_socket_write(client, line, size))
			return 0;
	cq_socket_flush(client); /* a last line without its end */
	return 0;
}

static void hang_up(void *client)
{
	cq_socket_free(client);
}

static int welcome(void *listener)
{
	uint32_t binary = cq_mode_parse("bl", 2); /* bytes as they are, sent line by line */
	cq_controller *controller;
	cq_socket *client;
	int error;

	cq_running(&controller, NULL);
	while ((error = cq_socket_accept(listener, &client)) == 0) {
		cq_socket_set_mode(client, CQ_INPUT, binary);
		cq_socket_set_mode(client, CQ_OUTPUT, binary);
		if (cq_controller_wrap(controller, serve, hang_up, client, NULL))
			hang_up(client);
	}
	return error;
}

int main(int argc, char **argv)
{
	cq_controller *controller;
	cq_options *options;
	cq_socket *listener;
	cq_name name;

	check(cq_options_new(&options), "options");
	check(cq_options_host(options, argc > 1 ? argv[1] : "127.0.0.1", argc > 2 ? atoi(argv[2]) : 8000), "address");
	check(cq_socket_listen(options, &listener), "listen");
	check(cq_socket_establish(listener), "listen");
	check(cq_socket_localname(listener, &name), "name");
	printf("listening on %s %d\n", name.text, name.port);
	fflush(stdout);

	check(cq_controller_new(&controller), "controller");
	check(cq_controller_wrap(controller, welcome, NULL, listener, NULL), "listener");
	check(cq_controller_loop(controller, -1), "loop");
	return 0;
}
