/* SPDX-License-Identifier: MIT */
/*
 * Two threads, one of which sends lines to the other, each line by itself: by hand, with blocking sockets and
 * a buffer.
 *
 *   lines_plain LINES
 */
#include "peer.h"
#include "connect.h"
#include <pthread.h>

static long lines;

static void *send_lines(void *fd)
{
	for (long i = 0; i < lines; i++)
		if (send((int)(long)fd, line(), LINE, 0) != LINE)
			die("send");
	close((int)(long)fd);
	return NULL;
}

int main(int argc, char **argv)
{
	static char buffer[4096];
	pthread_t thread;
	int fds[2];
	long found = 0;
	ssize_t size;

	if (argc < 2)
		return 2;
	lines = atol(argv[1]);
	line(); /* before there are two who would make it */
	begin_measuring();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ||
	    pthread_create(&thread, NULL, send_lines, (void *)(long)fds[1]) != 0)
		die("start");
	while ((size = recv(fds[0], buffer, sizeof buffer, 0)) > 0)
		for (const char *at = buffer; (at = memchr(at, '\n', (size_t)(buffer + size - at))); at++)
			found++;
	pthread_join(thread, NULL);
	if (found != lines)
		die("lines");
	end_measuring((int)lines);
	return 0;
}
