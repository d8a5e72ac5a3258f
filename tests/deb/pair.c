/* SPDX-License-Identifier: MIT */
/* What a user of the packages compiles: two fibers, a line between them, and a TLS configuration of the system's OpenSSL. */
#include <cqueues.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static cq_socket *ends[2];

static int write_line(void *argument)
{
	int error = cq_socket_write(ends[0], argument, strlen(argument));
	return error ? error : cq_socket_flush(ends[0]);
}

static int read_line(void *argument)
{
	const void *line;
	size_t length;
	(void)argument;
	int error = cq_socket_read(ends[1], CQ_READ_LINE, 0, &line, &length);
	if (!error)
		printf("%.*s\n", (int)length, (const char *)line);
	return error;
}

int main(void)
{
	static char text[] = "from fiber to fiber\n";
	cq_controller *controller;
	cq_tls *tls;
	int error = cq_tls_new(CQ_TLS_CLIENT, &tls);
	if (!error)
		cq_tls_free(tls);
	if (!error)
		error = cq_socket_pair(SOCK_STREAM, &ends[0], &ends[1]);
	if (!error)
		error = cq_controller_new(&controller);
	if (!error)
		error = cq_controller_wrap(controller, read_line, NULL, NULL, NULL);
	if (!error)
		error = cq_controller_wrap(controller, write_line, NULL, text, NULL);
	if (!error)
		error = cq_controller_loop(controller, 10);
	if (error) {
		fprintf(stderr, "pair: %s\n", cq_strerror(error));
		return 1;
	}
	cq_socket_free(ends[0]);
	cq_socket_free(ends[1]);
	cq_controller_free(controller);
	return 0;
}
