/* SPDX-License-Identifier: MIT */
/*
 * A TCP proxy: each connection is connected to another server.
 *
 *   proxy_tcp LISTEN_PORT HOST PORT [GRACE]      listens on 127.0.0.1; port 0 lets the system choose a free one
 *
 * A side that takes nothing makes the other one wait. The end of one direction is passed on while the other goes on, and a
 * reset is passed on as a reset. SIGTERM and SIGINT stop the proxy: it accepts no more, and connections that are left after
 * GRACE (5) seconds are reset.
 */

#include <cqueues.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIECE = 65536, CONNECT_SECONDS = 10 };

/* What belongs to a connection. Its fiber may not come to its end, so `hang_up` frees this. */
struct connection {
	cq_socket *client, *server;
	cq_scope *scope; /* of both directions */
};

struct direction {
	cq_socket *from, *to;
};

static cq_controller *controller;
static cq_options *target, *incoming;
static double grace = 5;

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "proxy_tcp: %s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

/* Bytes are taken as they are. A write waits until the kernel has taken all: that is the back pressure, as nothing is read
 * meanwhile. */
static void prepare(cq_socket *socket)
{
	cq_socket_set_mode(socket, CQ_INPUT, cq_mode_parse("b", 1));
	cq_socket_set_mode(socket, CQ_OUTPUT, cq_mode_parse("bn", 2));
}

/* Sends on what comes, and then the end. Any other code than 0 ends the scope, and with it the other direction. */
static int copy(void *argument)
{
	struct direction *direction = argument;
	const void *data;
	size_t size;
	int error;

	while ((error = cq_socket_read(direction->from, CQ_READ_UP_TO, PIECE, &data, &size)) == 0)
		if ((error = cq_socket_write(direction->to, data, size)) != 0)
			return error;
	return error == EPIPE ? cq_socket_finish(direction->to) : error; /* EPIPE of a read is the end, not a failure */
}

/* Copies both ways until both have ended; otherwise the code of what has failed first. */
static int join(struct connection *c)
{
	struct direction up = { c->client, c->server }, down = { c->server, c->client };
	int error = cq_scope_new(controller, NULL, &c->scope);

	if (!error)
		error = cq_scope_wrap(c->scope, copy, NULL, &up, NULL);
	if (!error && (error = cq_scope_wrap(c->scope, copy, NULL, &down, NULL)) != 0)
		cq_scope_cancel(c->scope, error, NULL);
	if (c->scope) {
		int ended = cq_scope_wait(c->scope); /* until the directions have ended, which point into this stack */

		error = error ? error : ended;
	}
	return error;
}

static int serve(void *argument)
{
	struct connection *c = argument;
	int error;

	cq_socket_configure(c->client, incoming);
	prepare(c->client);
	if ((error = cq_socket_connect(target, &c->server)) == 0) {
		prepare(c->server);
		cq_socket_set_timeout(c->server, CONNECT_SECONDS);
		error = cq_socket_establish(c->server);
		if (error)
			fprintf(stderr, "proxy_tcp: the server: %s\n", cq_strerror(error));
		cq_socket_set_timeout(c->server, -1);
	}
	if (!error)
		error = join(c);
	if (error) { /* a peer must not take what it has got for the whole */
		cq_socket_abort(c->client);
		if (c->server)
			cq_socket_abort(c->server);
	}
	return 0;
}

static void hang_up(void *argument)
{
	struct connection *c = argument;

	cq_scope_free(c->scope);
	cq_socket_free(c->client);
	cq_socket_free(c->server);
	free(c);
}

/* Starts a fiber for each connection, until the proxy stops. */
static int welcome(void *listener)
{
	cq_socket *client;
	int error;

	while ((error = cq_socket_accept(listener, &client)) == 0) {
		struct connection *c = calloc(1, sizeof *c);

		if (!c) {
			cq_socket_free(client);
			continue;
		}
		c->client = client;
		if (cq_controller_wrap(controller, serve, hang_up, c, NULL))
			hang_up(c);
	}
	cq_socket_close(listener);
	return error == ECANCELED ? 0 : error;
}

static int await_stop(void *signals)
{
	int number, error = cq_signal_wait(signals, -1, &number);

	return error ? error : cq_controller_shutdown(controller, grace);
}

/* Options for a connection between two who may be silent for long. */
static cq_options *options_for(const char *host, int port)
{
	cq_options *options;

	check(cq_options_new(&options), "options");
	check(cq_options_host(options, host, port), "address");
	check(cq_options_set(options, CQ_OPTION_NODELAY, 1), "options");
	check(cq_options_set(options, CQ_OPTION_KEEPALIVE, 1), "options");
	return options;
}

int main(int argc, char **argv)
{
	static const int numbers[] = { SIGTERM, SIGINT };
	cq_socket *listener;
	cq_signal *signals;
	cq_name name;

	if (argc < 4) {
		fprintf(stderr, "proxy_tcp LISTEN_PORT HOST PORT [GRACE]\n");
		return 2;
	}
	incoming = options_for("127.0.0.1", atoi(argv[1]));
	target = options_for(argv[2], atoi(argv[3]));
	grace = argc > 4 ? atof(argv[4]) : grace;

	check(cq_signal_block(numbers, 2), "signals");
	check(cq_signal_listen(numbers, 2, &signals), "signals");
	check(cq_socket_listen(incoming, &listener), "listen");
	check(cq_socket_establish(listener), "listen");
	check(cq_socket_localname(listener, &name), "name");
	printf("listening on %s %d\n", name.text, name.port);
	fflush(stdout);

	check(cq_controller_new(&controller), "controller");
	check(cq_controller_wrap(controller, welcome, NULL, listener, NULL), "fiber");
	check(cq_controller_wrap(controller, await_stop, NULL, signals, NULL), "fiber");
	check(cq_controller_loop(controller, -1), "loop"); /* until the last connection has ended */
	cq_controller_free(controller);
	cq_socket_free(listener);
	cq_signal_free(signals);
	cq_options_free(incoming);
	cq_options_free(target);
	return 0;
}
