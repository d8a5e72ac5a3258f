/* SPDX-License-Identifier: MIT */
/* What the four programs here have a loop for: an echo server whose connections are fibers. */

#include <cqueues.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

static int serve(void *client)
{
	const void *line;
	size_t size;

	while (!cq_socket_read(client, CQ_READ_LINE_KEEP, 0, &line, &size))
		if (cq_socket_write(client, line, size))
			break;
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
		cq_socket_set_timeout(client, 1); /* who is silent for so many seconds is hung up on */
		if (cq_controller_wrap(controller, serve, hang_up, client, NULL))
			hang_up(client);
	}
	return error == EBADF ? 0 : error; /* closed: the program ends */
}

/* A controller that serves at a port of 127.0.0.1; 0: at a free one. */
static cq_controller *echo_server(int port, cq_socket **listener)
{
	cq_controller *controller;
	cq_options *options;
	cq_name name;

	check(cq_options_new(&options), "options");
	check(cq_options_host(options, "127.0.0.1", port), "address");
	check(cq_socket_listen(options, listener), "listen");
	check(cq_socket_establish(*listener), "listen");
	check(cq_socket_localname(*listener, &name), "name");
	cq_options_free(options);
	printf("listening on %s %d\n", name.text, name.port);
	fflush(stdout);
	check(cq_controller_new(&controller), "controller");
	check(cq_controller_wrap(controller, welcome, hang_up, *listener, NULL), "listener");
	return controller;
}

/* The descriptor that is readable when the controller has something to do. */
static inline int descriptor_of(cq_controller *controller)
{
	int fd;

	check(cq_controller_pollfd(controller, &fd), "descriptor");
	return fd;
}
