/* SPDX-License-Identifier: MIT */
/*
 * One fiber that causes events and waits for them, so many times:
 *
 *   events signals|files|threads|connections NUMBER
 *
 * A signal is sent by one system call, and a file changed by one. The connections are made by a fiber of their own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <cqueues.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static cq_controller *controller;
static long number;

static void check(int code, const char *what)
{
	if (code) {
		fprintf(stderr, "%s: %s\n", what, cq_strerror(code));
		exit(1);
	}
}

static int signals(void *argument)
{
	const int usr1 = SIGUSR1;
	cq_signal *listener;
	long thread = syscall(SYS_gettid);
	pid_t process = getpid();
	int came;

	(void)argument;
	check(cq_signal_block(&usr1, 1), "block");
	check(cq_signal_listen(&usr1, 1, &listener), "listen");
	for (long i = 0; i < number; i++) {
		syscall(SYS_tgkill, process, thread, SIGUSR1);
		check(cq_signal_wait(listener, -1, &came), "wait");
	}
	cq_signal_free(listener);
	return 0;
}

static int files(void *argument)
{
	char folder[] = "/tmp/cq-counts-XXXXXX", path[100];
	cq_notify *notifier;
	const char *name;
	uint32_t changes;

	(void)argument;
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof path, "%s/file", folder);
	fclose(fopen(path, "w"));
	check(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 0, &notifier), "opendir");
	check(cq_notify_add(notifier, "file", CQ_NOTIFY_ALL), "add");
	for (long i = 0; i < number; i++) {
		if (chmod(path, i % 2 ? 0600 : 0644) < 0)
			return 1;
		check(cq_notify_get(notifier, -1, &changes, &name, NULL), "get");
	}
	cq_notify_free(notifier);
	unlink(path);
	rmdir(folder);
	return 0;
}

static int end(cq_socket *socket, void *argument)
{
	(void)argument;
	cq_socket_free(socket);
	return 0;
}

static int threads(void *argument)
{
	(void)argument;
	for (long i = 0; i < number; i++) {
		cq_thread *thread;
		cq_socket *socket;

		check(cq_thread_start(end, NULL, &socket, &thread), "start");
		check(cq_thread_join(thread, -1, NULL), "join");
		cq_thread_free(thread);
		cq_socket_free(socket);
	}
	return 0;
}

/* Each time somebody waits already. */
static int connect_and_yield(void *listener)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	cq_name name;

	check(cq_socket_localname(listener, &name), "name");
	address.sin_port = htons((uint16_t)name.port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (long i = 0; i < number; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
			return 1;
		check(cq_sleep(0), "sleep");
		close(fd);
	}
	return 0;
}

static int connections(void *argument)
{
	cq_options *options;
	cq_socket *listener, *client;

	(void)argument;
	check(cq_options_new(&options), "options");
	check(cq_options_host(options, "127.0.0.1", 0), "address");
	check(cq_socket_listen(options, &listener), "listen");
	check(cq_socket_establish(listener), "establish");
	check(cq_controller_wrap(controller, connect_and_yield, NULL, listener, NULL), "wrap");
	for (long i = 0; i < number; i++) {
		check(cq_socket_accept(listener, &client), "accept");
		cq_socket_free(client);
	}
	cq_socket_free(listener);
	cq_options_free(options);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[1] : "";
	cq_function body = strcmp(what, "signals") == 0     ? signals :
	                   strcmp(what, "files") == 0       ? files :
	                   strcmp(what, "connections") == 0 ? connections :
	                   strcmp(what, "threads") == 0     ? threads : NULL;

	if (!body) {
		fputs("usage: events signals|files|threads|connections NUMBER\n", stderr);
		return 2;
	}
	number = atol(argv[2]);
	check(cq_controller_new(&controller), "controller");
	check(cq_controller_wrap(controller, body, NULL, NULL, NULL), "wrap");
	check(cq_controller_loop(controller, -1), "loop");
	cq_controller_free(controller);
	return 0;
}
