/* SPDX-License-Identifier: MIT */
/*
 * An echo server on every processor: each thread has a controller and a listener of its own at the same port
 * (SO_REUSEPORT), and the kernel shares the connections out. Nothing else is shared, so nothing is locked.
 *
 *   cores [PORT [THREADS]]       port 0 lets the system choose a free one
 */

#include <cqueues.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <unistd.h>

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

static cq_socket *listen_at(int port)
{
	cq_options *options;
	cq_socket *listener;

	check(cq_options_new(&options), "options");
	check(cq_options_host(options, "127.0.0.1", port), "address");
	check(cq_options_set(options, CQ_OPTION_REUSEPORT, 1), "options");
	check(cq_socket_listen(options, &listener), "listen");
	check(cq_socket_establish(listener), "listen");
	cq_options_free(options);
	return listener;
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

struct worker {
	cq_controller *controller;
	cq_socket *listener;
	unsigned long served;
};

static int welcome(void *argument)
{
	struct worker *worker = argument;
	uint32_t binary = cq_mode_parse("bl", 2); /* bytes as they are, sent line by line */
	cq_socket *client;

	while (!cq_socket_accept(worker->listener, &client)) {
		cq_socket_set_mode(client, CQ_INPUT, binary);
		cq_socket_set_mode(client, CQ_OUTPUT, binary);
		worker->served++;
		if (cq_controller_wrap(worker->controller, serve, hang_up, client, NULL))
			hang_up(client);
	}
	return 0;
}

/* The other end says a word when it is time to go. */
static int wait_for_the_end(void *argument)
{
	const void *word;
	size_t size;

	cq_socket_read(argument, CQ_READ_LINE, 0, &word, &size);
	return cq_controller_shutdown(((struct worker *)cq_socket_data(argument))->controller, 1);
}

/* Runs in each thread. */
static int work(cq_socket *con, void *port)
{
	struct worker worker = { NULL, listen_at(*(int *)port), 0 };

	check(cq_controller_new(&worker.controller), "controller");
	cq_socket_set_data(con, &worker);
	check(cq_controller_wrap(worker.controller, welcome, NULL, &worker, NULL), "listener");
	check(cq_controller_wrap(worker.controller, wait_for_the_end, NULL, con, NULL), "end");
	cq_socket_write(con, "ready\n", 6);
	cq_controller_loop(worker.controller, -1);
	cq_controller_free(worker.controller);
	cq_socket_free(worker.listener);
	cq_socket_free(con);
	return (int)worker.served;
}

int main(int argc, char **argv)
{
	int threads = argc > 2 ? atoi(argv[2]) : (int)sysconf(_SC_NPROCESSORS_ONLN), port = argc > 1 ? atoi(argv[1]) : 8000;
	int numbers[] = { SIGTERM, SIGINT }, number, served;
	cq_thread *workers[64];
	cq_socket *cons[64], *first;
	cq_signal *signals;
	const void *word;
	size_t size;
	cq_name name;

	if (threads < 1 || threads > 64) {
		fprintf(stderr, "cores: 1 to 64 threads\n");
		return 2;
	}
	check(cq_signal_block(numbers, 2), "signals"); /* before the threads, which inherit that */
	check(cq_signal_listen(numbers, 2, &signals), "signals");
	first = listen_at(port); /* holds the port until all threads have it; takes no connections then */
	check(cq_socket_localname(first, &name), "name");
	port = name.port;
	for (int i = 0; i < threads; i++) {
		check(cq_thread_start(work, &port, &cons[i], &workers[i]), "thread");
		check(cq_socket_read(cons[i], CQ_READ_LINE, 0, &word, &size), "thread");
	}
	cq_socket_free(first);
	printf("listening on %s %d\n", name.text, port);
	fflush(stdout);

	check(cq_signal_wait(signals, -1, &number), "signals");
	for (int i = 0; i < threads; i++) {
		cq_socket_write(cons[i], "end\n", 4);
		cq_socket_flush(cons[i]);
	}
	for (int i = 0; i < threads; i++) {
		check(cq_thread_join(workers[i], 10, &served), "join");
		printf("thread %d has served %d\n", i + 1, served);
		cq_thread_free(workers[i]);
		cq_socket_free(cons[i]);
	}
	cq_signal_free(signals);
	return 0;
}
