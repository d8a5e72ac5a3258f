/* SPDX-License-Identifier: MIT */
/*
 * A UDP echo server on libcqueues.
 *
 *   udp_cqueues fibers        one datagram a call, in a fiber
 *   udp_cqueues callbacks     the same in a callback
 *   udp_cqueues batched       up to 32 datagrams a call, in a callback
 */

#include "peer.h"
#include "udp.h"
#include <cqueues.h>

static cq_socket *server;

static int later(cq_controller *controller, cq_task task)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.socket = server;
	interest.events = POLLIN;
	return cq_controller_park(controller, task, &interest, 1);
}

static int serve_fiber(void *argument)
{
	static char data[ROOM];
	cq_address from;
	size_t size;

	(void)argument;
	while (cq_socket_recvfrom(server, data, sizeof data, &size, &from, NULL) == 0)
		cq_socket_sendto(server, data, size, &from);
	return EIO;
}

static int serve_single(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	static char data[ROOM];
	cq_address from;
	size_t size;

	(void)argument, (void)fired, (void)count;
	while (cq_socket_try_recvfrom(server, data, sizeof data, &size, &from, NULL) == 0)
		cq_socket_try_sendto(server, data, size, &from);
	return later(controller, task);
}

static int serve_batched(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	static char data[BATCH][ROOM];
	static cq_datagram list[BATCH];
	size_t received, sent, i;

	(void)argument, (void)fired, (void)count;
	do {
		for (i = 0; i < BATCH; i++) {
			list[i].data = data[i];
			list[i].size = ROOM;
		}
		if (cq_socket_try_recv_batch(server, list, BATCH, &received) != 0)
			break;
		for (i = 0; i < received; i++)
			list[i].size = list[i].received;
		cq_socket_try_send_batch(server, list, received, &sent);
	} while (received == BATCH);
	return later(controller, task);
}

int main(int argc, char **argv)
{
	cq_controller *controller;
	cq_options *options;
	cq_name name;

	if (argc < 2)
		return 2;
	if (cq_options_new(&options) || cq_options_host(options, "127.0.0.1", 0) ||
	    cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM) || cq_socket_listen(options, &server) ||
	    cq_socket_localname(server, &name) || cq_controller_new(&controller))
		die("bind");
	if (argv[1][0] == 'f' ? cq_controller_wrap(controller, serve_fiber, NULL, NULL, NULL)
	                      : cq_controller_attach(controller, argv[1][0] == 'b' ? serve_batched : serve_single, NULL, NULL, NULL))
		die("task");
	announce(name.port);
	return cq_controller_loop(controller, -1);
}
