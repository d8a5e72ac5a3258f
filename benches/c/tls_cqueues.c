/* SPDX-License-Identifier: MIT */
/*
 * A TLS 1.3 server on libcqueues.
 *
 *   tls_cqueues recv|send CERTIFICATE KEY MEBIBYTES     bulk data, 64 KiB a call, in fibers
 *   tls_cqueues echo CERTIFICATE KEY                    lines, in fibers
 *   tls_cqueues callbacks CERTIFICATE KEY               lines, in callbacks
 */

#include "peer.h"
#include "stream.h"
#include <cqueues.h>

static cq_controller *controller;
static cq_tls *tls;
static size_t total;

static int receive(void *client)
{
	const void *data;
	size_t done = 0, size;

	if (cq_socket_starttls(client, tls))
		return 0;
	while (done < total && !cq_socket_read(client, CQ_READ_UP_TO, CHUNK, &data, &size))
		done += size;
	if (!cq_socket_write(client, "k\n", 2))
		cq_socket_flush(client);
	return 0;
}

static int send_all(void *client)
{
	const void *data;
	size_t done, size;

	if (cq_socket_starttls(client, tls) || cq_socket_read(client, CQ_READ_LINE, 0, &data, &size))
		return 0;
	for (done = 0; done < total; done += CHUNK)
		if (cq_socket_write(client, chunk(), CHUNK))
			return 0;
	cq_socket_flush(client);
	cq_socket_read(client, CQ_READ_LINE, 0, &data, &size); /* the client closes first */
	return 0;
}

static int echo(void *client)
{
	const void *line;
	size_t size;

	if (cq_socket_starttls(client, tls))
		return 0;
	while (!cq_socket_read(client, CQ_READ_LINE_KEEP, 0, &line, &size))
		if (cq_socket_write(client, line, size))
			break;
	return 0;
}

/* The same in a callback: goes through again from the top whenever it had to wait. */
static int echo_on(cq_controller *cq, cq_task task, void *client, const cq_fired *fired, size_t count)
{
	cq_interest interest = CQ_INTEREST_NONE;
	const void *line;
	size_t size, sent;
	int code = 0;

	(void)fired, (void)count;
	if (!cq_socket_checktls(client) || cq_socket_events(client))
		code = cq_socket_try_starttls(client, tls);
	while (code == 0 && (code = cq_socket_try_recv(client, CQ_READ_LINE_KEEP, 0, 0, CQ_PATIENT, &line, &size)) == 0)
		code = cq_socket_try_send(client, line, size, 0, &sent);
	interest.socket = client;
	return code == EAGAIN ? cq_controller_park(cq, task, &interest, 1) : 0;
}

static void hang_up(void *client)
{
	cq_socket_free(client);
}

struct server {
	cq_socket *listener;
	char what;
};

static cq_function function(char what)
{
	return what == 'r' ? receive : what == 's' ? send_all : echo;
}

static int welcome(void *argument)
{
	struct server *server = argument;
	bool bulk = server->what == 'r' || server->what == 's';
	uint32_t mode = cq_mode_parse(bulk ? "bf" : "bl", 2);
	cq_socket *client;
	int code;

	while ((code = cq_socket_accept(server->listener, &client)) == 0) {
		cq_socket_set_mode(client, CQ_INPUT, mode);
		cq_socket_set_mode(client, CQ_OUTPUT, mode);
		if (bulk) {
			cq_socket_set_bufsiz(client, CQ_INPUT, CHUNK);
			cq_socket_set_bufsiz(client, CQ_OUTPUT, CHUNK);
		}
		if (server->what == 'c' ? cq_controller_attach(controller, echo_on, hang_up, client, NULL)
		                        : cq_controller_wrap(controller, function(server->what), hang_up, client, NULL))
			hang_up(client);
	}
	return code;
}

int main(int argc, char **argv)
{
	struct server server;
	cq_options *options;
	cq_name name;

	if (argc < 4)
		return 2;
	prepare();
	server.what = argv[1][0];
	if (argc > 4)
		total = strtoul(argv[4], NULL, 10) << 20;
	if (cq_tls_new(CQ_TLS_SERVER, &tls) || cq_tls_certificate(tls, argv[2], argv[3]) || cq_options_new(&options) ||
	    cq_options_host(options, "127.0.0.1", 0) || cq_options_set(options, CQ_OPTION_NODELAY, 1) ||
	    cq_socket_listen(options, &server.listener) ||
	    cq_socket_localname(server.listener, &name) || cq_controller_new(&controller) ||
	    cq_controller_wrap(controller, welcome, NULL, &server, NULL))
		die("listen");
	announce(name.port);
	return cq_controller_loop(controller, -1);
}
