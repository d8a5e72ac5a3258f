/* SPDX-License-Identifier: MIT */
/*
 * An echo server whose next version takes over without a refused connection. The new process asks the old one, over a UNIX
 * socket, for its listener; the old one serves the clients that it has until they go, and ends.
 *
 *   handover PATH [PORT]       PATH is where versions meet; the first of them listens at PORT
 */

#include <cqueues.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static cq_controller *controller;
static cq_socket *listener, *meeting;

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

static int serve(void *client)
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

static int welcome(void *argument)
{
	uint32_t binary = cq_mode_parse("bl", 2); /* bytes as they are, sent line by line */
	cq_socket *client;

	(void)argument;
	while (!cq_socket_accept(listener, &client)) {
		cq_socket_set_mode(client, CQ_INPUT, binary);
		cq_socket_set_mode(client, CQ_OUTPUT, binary);
		if (cq_controller_wrap(controller, serve, hang_up, client, NULL))
			hang_up(client);
	}
	return 0; /* it was closed: this version is done, but for the clients that it has */
}

/* Gives the listener to the next version. Both may accept for a moment; what waits in the queue is lost by neither. */
static int hand_over(void *argument)
{
	cq_socket *next;
	const void *word;
	size_t size;

	(void)argument;
	check(cq_socket_accept(meeting, &next), "meeting");
	check(cq_socket_sendfd(next, "listener", 8, cq_socket_pollfd(listener)), "listener");
	check(cq_socket_read(next, CQ_READ_LINE, 0, &word, &size), "the next version"); /* it serves */
	cq_socket_free(next);
	cq_socket_close(listener);
	printf("handed over\n");
	fflush(stdout);
	return 0;
}

static cq_options *path_options(const char *path)
{
	cq_options *options;

	check(cq_options_new(&options), "options");
	check(cq_options_path(options, path, strlen(path)), path);
	check(cq_options_set(options, CQ_OPTION_UNLINK, 1), "options");
	check(cq_options_set(options, CQ_OPTION_PERMISSIONS, 0600), "options");
	return options;
}

/* From the version that runs, which closes its end; NULL if none does. */
static cq_socket *listener_of(const char *path, cq_socket **before)
{
	cq_options *options = path_options(path);
	cq_socket *found;
	char word[16];
	size_t size;
	int fd;

	check(cq_socket_connect(options, before), path);
	cq_options_free(options);
	if (cq_socket_recvfd(*before, word, sizeof word, &size, &fd)) {
		cq_socket_free(*before);
		*before = NULL;
		return NULL;
	}
	check(cq_socket_adopt(fd, &found), "listener");
	return found;
}

static cq_socket *new_listener(int port)
{
	cq_options *options;
	cq_socket *made;

	check(cq_options_new(&options), "options");
	check(cq_options_host(options, "127.0.0.1", port), "address");
	check(cq_socket_listen(options, &made), "listen");
	check(cq_socket_establish(made), "listen");
	cq_options_free(options);
	return made;
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/tmp/handover";
	cq_options *options;
	cq_socket *before;
	cq_name name;

	listener = listener_of(path, &before);
	if (!listener)
		listener = new_listener(argc > 2 ? atoi(argv[2]) : 8000);
	check(cq_controller_new(&controller), "controller");
	check(cq_controller_wrap(controller, welcome, NULL, NULL, NULL), "listener");
	options = path_options(path); /* removes the old path: whoever comes next meets this version */
	check(cq_socket_listen(options, &meeting), path);
	check(cq_socket_establish(meeting), path);
	cq_options_free(options);
	check(cq_controller_wrap(controller, hand_over, NULL, NULL, NULL), "meeting");
	if (before) {
		check(cq_socket_write(before, "serving\n", 8), "the version before");
		cq_socket_flush(before);
		cq_socket_free(before);
	}
	check(cq_socket_localname(listener, &name), "name");
	printf("listening on %s %d\n", name.text, name.port);
	fflush(stdout);

	check(cq_controller_loop(controller, -1), "loop");
	printf("no client is left\n");
	cq_controller_free(controller);
	cq_socket_free(meeting);
	cq_socket_free(listener);
	return 0;
}
