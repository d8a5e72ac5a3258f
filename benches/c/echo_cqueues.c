/* SPDX-License-Identifier: MIT */
/*
 * A line echo server on libcqueues: `echo_cqueues callbacks` or `echo_cqueues fibers`. As the
 * examples, but it allows for many connections and leaves out what a benchmark does not need.
 */

#include "peer.h"
#include <cqueues.h>

static cq_controller *controller;
static bool fibers;

static int wait_for(cq_task task, cq_socket *socket)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.socket = socket;
	return cq_controller_park(controller, task, &interest, 1);
}

/* Lines that have come together go back together: output leaves when no line is left. */
static int serve(cq_controller *cq, cq_task task, void *client, const cq_fired *fired, size_t count)
{
	const void *line;
	size_t size, sent;
	int code;

	(void)cq, (void)fired, (void)count;
	while ((code = cq_socket_recv(client, CQ_READ_LINE_KEEP, 0, CQ_MODE_DEFAULT, CQ_PATIENT, &line, &size)) == 0)
		if ((code = cq_socket_send(client, line, size, CQ_MODE_DEFAULT, &sent)) != 0)
			return 0;
	if (code == EAGAIN && cq_socket_pending(client, CQ_OUTPUT) > 0)
		code = cq_socket_try_flush(client, CQ_MODE_DEFAULT) == 0 ? EAGAIN : 0;
	return code == EAGAIN ? wait_for(task, client) : 0;
}

static int serve_fiber(void *client)
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

static int welcome(cq_controller *cq, cq_task task, void *listener, const cq_fired *fired, size_t count)
{
	uint32_t lines = cq_mode_parse("bl", 2);
	cq_socket *client;
	int code;

	(void)cq, (void)fired, (void)count;
	while ((code = cq_socket_try_accept(listener, &client)) == 0) {
		cq_socket_set_mode(client, CQ_INPUT, lines);
		cq_socket_set_mode(client, CQ_OUTPUT, lines);
		if (fibers ? cq_controller_wrap(controller, serve_fiber, hang_up, client, NULL)
		           : cq_controller_attach(controller, serve, hang_up, client, NULL))
			hang_up(client);
	}
	return code == EAGAIN ? wait_for(task, listener) : code;
}

int main(int argc, char **argv)
{
	cq_options *options;
	cq_socket *listener;
	cq_name name;

	prepare();
	fibers = argc > 1 && strcmp(argv[1], "fibers") == 0;
	if (cq_options_new(&options) || cq_options_host(options, "127.0.0.1", 0) ||
	    cq_socket_listen(options, &listener) || cq_socket_localname(listener, &name) || cq_controller_new(&controller) ||
	    cq_controller_attach(controller, welcome, NULL, listener, NULL))
		die("listen");
	announce(name.port);
	return cq_controller_loop(controller, -1);
}
