/* SPDX-License-Identifier: MIT */
/*
 * An echo server of callbacks: every line that a client sends comes back to it. The listener and
 * each client are a task, a function that is called when its socket is ready, does what can be
 * done without waiting, and says what to wait for next.
 *
 *   echo_callbacks [ADDRESS [PORT]]       port 0 lets the system choose a free one
 */

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

/* Parks a task until its socket can go on with what was answered by EAGAIN. */
static int wait_for(cq_controller *controller, cq_task task, cq_socket *socket)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.socket = socket;
	return cq_controller_park(controller, task, &interest, 1);
}

static int serve(cq_controller *controller, cq_task task, void *argument,
                 const cq_fired *fired, size_t count)
{
	cq_socket *client = argument;
	const void *line;
	size_t size, sent;
	int error;

	(void)fired, (void)count;
	do {
		/* The next line is read when the last one has left: slow clients hold up themselves. */
		error = cq_socket_try_flush(client, CQ_MODE_DEFAULT);
		if (!error)
			error = cq_socket_try_recv(client, CQ_READ_LINE_KEEP, 0, CQ_MODE_DEFAULT, CQ_PATIENT, &line, &size);
		if (!error)
			error = cq_socket_try_send(client, line, size, CQ_MODE_DEFAULT, &sent);
	} while (!error);

	if (error == EAGAIN)
		return wait_for(controller, task, client);
	return 0; /* EPIPE at the end, ECONNRESET and the like: the task is over, the others go on */
}

static void hang_up(void *client)
{
	cq_socket_free(client);
}

static int welcome(cq_controller *controller, cq_task task, void *listener,
                   const cq_fired *fired, size_t count)
{
	uint32_t binary = cq_mode_parse("bl", 2); /* bytes as they are, sent line by line */
	cq_socket *client;
	int error;

	(void)fired, (void)count;
	while ((error = cq_socket_try_accept(listener, &client)) == 0) {
		cq_socket_set_mode(client, CQ_INPUT, binary);
		cq_socket_set_mode(client, CQ_OUTPUT, binary);
		cq_socket_set_bufsiz(client, CQ_OUTPUT, SIZE_MAX); /* a send takes the whole line */
		if (cq_controller_attach(controller, serve, hang_up, client, NULL))
			hang_up(client);
	}
	return error == EAGAIN ? wait_for(controller, task, listener) : error;
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
	check(cq_controller_attach(controller, welcome, NULL, listener, NULL), "listener");
	check(cq_controller_loop(controller, -1), "loop");
	return 0;
}
