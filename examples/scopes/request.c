/* SPDX-License-Identifier: MIT */
/* A time limit around a request, whatever it consists of. What comes too late is not lost. */
#include <cqueues.h>
#include <stdio.h>

static cq_controller *controller;
static cq_socket *client, *server;

static int answer_late(void *argument)
{
	static const char text[] = "half past nine\n";
	const void *line;
	size_t size;
	int error = cq_socket_read(server, CQ_READ_LINE, 0, &line, &size);

	(void)argument;
	if (!error)
		error = cq_sleep(0.2);
	return error ? error : cq_socket_write(server, text, sizeof text - 1);
}

static int ask_with_patience(double seconds, const void **answer, size_t *size)
{
	static const char text[] = "What is the time?\n";
	cq_scope *scope;
	int error = cq_scope_new(controller, NULL, &scope);

	if (error)
		return error;
	cq_scope_deadline(scope, seconds);
	cq_scope_begin(scope, 0); /* around what this fiber does from here */
	error = cq_socket_write(client, text, sizeof text - 1);
	if (!error)
		error = cq_socket_read(client, CQ_READ_LINE, 0, answer, size); /* ETIMEDOUT after the deadline */
	cq_scope_end(scope, 0); /* to here */
	cq_scope_free(scope);
	return error;
}

static int ask(void *argument)
{
	const void *line;
	size_t size;
	int error = ask_with_patience(0.1, &line, &size);

	(void)argument;
	puts(cq_strerror(error));
	error = cq_socket_read(client, CQ_READ_LINE, 0, &line, &size);
	if (!error)
		printf("later: %.*s\n", (int)size, (const char *)line);
	return error;
}

int main(void)
{
	int error = cq_socket_pair(SOCK_STREAM, &client, &server);

	if (!error)
		error = cq_controller_new(&controller);
	if (!error)
		error = cq_controller_wrap(controller, answer_late, NULL, NULL, NULL);
	if (!error)
		error = cq_controller_wrap(controller, ask, NULL, NULL, NULL);
	if (!error)
		error = cq_controller_loop(controller, -1);
	if (error)
		fprintf(stderr, "request: %s\n", cq_strerror(error));
	cq_controller_free(controller);
	cq_socket_free(client);
	cq_socket_free(server);
	return error != 0;
}
