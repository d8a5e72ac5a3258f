/* SPDX-License-Identifier: MIT */
/*
 * A line echo server on libcqueues, as the examples are.
 *
 *   echo_cqueues callbacks     each line leaves by itself
 *   echo_cqueues fibers        the same
 *   echo_cqueues batched       callbacks; lines that have come together leave together
 *   echo_cqueues pieces        callbacks that do what the other loops' servers do: see peer.h
 */

#include "peer.h"
#include <cqueues.h>

static cq_controller *controller;
static const char *style = "callbacks", *buffering = "bl";

static int wait_for_input(cq_task task, cq_socket *socket)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.socket = socket;
	interest.events = POLLIN;
	return cq_controller_park(controller, task, &interest, 1);
}

static int serve(cq_controller *cq, cq_task task, void *client, const cq_fired *fired, size_t count)
{
	const void *line;
	size_t size, sent;
	int code;

	(void)cq, (void)fired, (void)count;
	while ((code = cq_socket_try_recv(client, CQ_READ_LINE_KEEP, 0, CQ_MODE_DEFAULT, CQ_PATIENT, &line, &size)) == 0)
		if ((code = cq_socket_try_send(client, line, size, CQ_MODE_DEFAULT, &sent)) != 0)
			return 0;
	if (code == EAGAIN && *style == 'b' && cq_socket_try_flush(client, CQ_MODE_DEFAULT) != 0)
		return 0;
	return code == EAGAIN ? wait_for_input(task, client) : 0;
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

/* A connection that is served by pieces. */
struct connection {
	cq_socket *client;
	struct rest rest;
};

/* Sends the lines of a piece back at once, behind what was left of the piece before. */
static bool echo_piece(struct connection *connection, const char *data, size_t size)
{
	struct rest *rest = &connection->rest;
	size_t have = rest->size + size, lines, sent;
	const char *end;

	if (rest->size > 0) {
		if (have > sizeof common)
			return false;
		memcpy(common, rest->data, rest->size);
		memcpy(common + rest->size, data, size);
		data = common;
	}
	end = memrchr(data, '\n', have);
	lines = end ? (size_t)(end + 1 - data) : 0;
	return (lines == 0 || cq_socket_try_send(connection->client, data, lines, CQ_MODE_DEFAULT, &sent) == 0) &&
	       keep_rest(rest, data + lines, have - lines);
}

static int serve_pieces(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct connection *connection = argument;
	const void *data;
	size_t size;
	int code;

	(void)cq, (void)fired, (void)count;
	while ((code = cq_socket_try_recv(connection->client, CQ_READ_UP_TO, 4096, CQ_MODE_DEFAULT, CQ_PATIENT, &data, &size)) == 0)
		if (!echo_piece(connection, data, size))
			return 0;
	return code == EAGAIN ? wait_for_input(task, connection->client) : 0;
}

static void end_pieces(void *argument)
{
	struct connection *connection = argument;

	cq_socket_free(connection->client);
	free(connection->rest.data);
	free(connection);
}

static int begin_pieces(cq_socket *client)
{
	struct connection *connection = calloc(1, sizeof *connection);

	if (!connection)
		return ENOMEM;
	connection->client = client;
	if (!cq_controller_attach(controller, serve_pieces, end_pieces, connection, NULL))
		return 0;
	free(connection);
	return ENOMEM;
}

static void hang_up(void *client)
{
	cq_socket_free(client);
}

static int welcome(cq_controller *cq, cq_task task, void *listener, const cq_fired *fired, size_t count)
{
	uint32_t mode = cq_mode_parse(buffering, 2);
	cq_socket *client;
	int code;

	(void)cq, (void)fired, (void)count;
	while ((code = cq_socket_try_accept(listener, &client)) == 0) {
		cq_socket_set_mode(client, CQ_INPUT, mode);
		cq_socket_set_mode(client, CQ_OUTPUT, mode);
		if (*style == 'p'   ? begin_pieces(client)
		    : *style == 'f' ? cq_controller_wrap(controller, serve_fiber, hang_up, client, NULL)
		                    : cq_controller_attach(controller, serve, hang_up, client, NULL))
			hang_up(client);
	}
	return code == EAGAIN ? wait_for_input(task, listener) : code;
}

int main(int argc, char **argv)
{
	cq_options *options;
	cq_socket *listener;
	cq_name name;

	prepare();
	if (argc > 1)
		style = argv[1];
	if (*style == 'b')
		buffering = "bf";
	if (*style == 'p')
		buffering = "bn";
	if (cq_options_new(&options) || cq_options_host(options, "127.0.0.1", 0) ||
	    cq_socket_listen(options, &listener) || cq_socket_localname(listener, &name) || cq_controller_new(&controller) ||
	    cq_controller_attach(controller, welcome, NULL, listener, NULL))
		die("listen");
	announce(name.port);
	return cq_controller_loop(controller, -1);
}
