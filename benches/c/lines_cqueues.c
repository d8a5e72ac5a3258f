/* SPDX-License-Identifier: MIT */
/*
 * Two threads, one of which sends lines to the other, each line by itself.
 *
 *   lines_cqueues thread|sockets LINES
 *
 * `thread` starts it with cq_thread_start, `sockets` by hand, with a socket of the library at either end.
 */
#include "peer.h"
#include "connect.h"
#include <cqueues.h>
#include <pthread.h>

static long lines;

static int send_lines(cq_socket *socket, void *argument)
{
	(void)argument;
	for (long i = 0; i < lines; i++)
		if (cq_socket_write(socket, line(), LINE))
			die("write");
	cq_socket_free(socket);
	return 0;
}

static void *send_lines_by_hand(void *fd)
{
	cq_socket *socket;

	if (cq_socket_adopt((int)(long)fd, &socket))
		die("adopt");
	send_lines(socket, NULL);
	return NULL;
}

static void receive_lines(cq_socket *socket)
{
	const void *data;
	size_t size;

	for (long i = 0; i < lines; i++)
		if (cq_socket_read(socket, CQ_READ_LINE, 0, &data, &size) || size != LINE - 1)
			die("read");
	cq_socket_free(socket);
}

int main(int argc, char **argv)
{
	cq_socket *socket;

	if (argc < 3)
		return 2;
	lines = atol(argv[2]);
	line(); /* before there are two who would make it */
	begin_measuring();
	if (strcmp(argv[1], "thread") == 0) {
		cq_thread *thread;

		if (cq_thread_start(send_lines, NULL, &socket, &thread))
			die("start");
		receive_lines(socket);
		if (cq_thread_join(thread, -1, NULL))
			die("join");
		cq_thread_free(thread);
	} else {
		pthread_t thread;
		int fds[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0 || cq_socket_adopt(fds[0], &socket) ||
		    pthread_create(&thread, NULL, send_lines_by_hand, (void *)(long)fds[1]) != 0)
			die("start");
		receive_lines(socket);
		pthread_join(thread, NULL);
	}
	end_measuring((int)lines);
	return 0;
}
