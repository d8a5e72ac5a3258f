/* SPDX-License-Identifier: MIT */
/*
 * Workloads whose system calls, instructions and bytes tests/counts/capi.sh counts.
 *
 *   workload pairs|pairs-fibers MESSAGES       500 UNIX pairs, one byte bounced in each
 *   workload serve|serve-fibers|serve-limits   a line echo server, of the last with timeouts; ends with its last client
 *   workload load PORT CONNECTIONS LINES       its client: a line at a time on each connection
 *   workload conditions ROUNDS                 two tasks that wake each other
 *   workload tasks NUMBER                      tasks that start and end, one after the other
 *   workload fibers NUMBER                     the same with fibers
 *   workload dns QUERIES PORT PORTS SAME       16 fibers ask a name server for as many names, or all for the same
 *   workload idle DESCRIPTORS STEPS            steps while so many descriptors are polled
 *   workload memory CONNECTIONS                prints the bytes of each idle accepted connection
 *   workload memory-half CONNECTIONS           the same when half a line has come on each, in two pieces
 *   workload most NUMBER                       prints how many descriptors can be had, at most NUMBER
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <cqueues.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static cq_controller *controller;

static void check(int code, const char *what)
{
	if (code != 0) {
		fprintf(stderr, "%s: %s\n", what, cq_strerror(code));
		exit(1);
	}
}

static void check_system(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
}

static int wait_for(cq_task task, cq_socket *socket)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.socket = socket;
	return cq_controller_park(controller, task, &interest, 1);
}

static void set_binary(cq_socket *socket, const char *flags)
{
	uint32_t mode = cq_mode_parse(flags, 2);

	cq_socket_set_mode(socket, CQ_INPUT, mode);
	cq_socket_set_mode(socket, CQ_OUTPUT, mode);
}

/* -- UNIX pairs -- */

#define PAIRS 500

static cq_socket *ends[2 * PAIRS];
static long messages;

static int bounce(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	const void *data;
	size_t size, sent;
	int code;

	(void)cq, (void)fired, (void)count;
	while ((code = cq_socket_try_recv(argument, CQ_READ_UP_TO, 1, 0, CQ_PATIENT, &data, &size)) == 0) {
		if (messages-- <= 0)
			return 0;
		check(cq_socket_try_send(argument, data, size, 0, &sent), "send");
	}
	return code == EAGAIN && messages > 0 ? wait_for(task, argument) : 0;
}

static int bounce_fiber(void *argument)
{
	const void *data;
	size_t size;

	while (messages-- > 0) {
		if (cq_socket_read(argument, CQ_READ_UP_TO, 1, &data, &size))
			break;
		check(cq_socket_write(argument, data, size), "write");
	}
	return 0;
}

static void run_pairs(bool fibers)
{
	size_t sent;
	int i;

	for (i = 0; i < PAIRS; i++) {
		check(cq_socket_pair(SOCK_STREAM, &ends[2 * i], &ends[2 * i + 1]), "pair");
		set_binary(ends[2 * i], "bn");
		set_binary(ends[2 * i + 1], "bn");
	}
	for (i = 0; i < 2 * PAIRS; i++) {
		if (fibers)
			check(cq_controller_wrap(controller, bounce_fiber, NULL, ends[i], NULL), "wrap");
		else
			check(cq_controller_attach(controller, bounce, NULL, ends[i], NULL), "attach");
		if (i % 2)
			check(cq_socket_try_send(ends[i], "x", 1, 0, &sent), "send");
	}
	while (messages > 0)
		check(cq_controller_step(controller, 1), "step");
}

/* -- a line echo server -- */

static long clients = -1, resumptions;

static void end_client(void *socket)
{
	cq_socket_free(socket);
	clients--;
}

static int serve(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	const void *data;
	size_t size, sent;
	int code;

	(void)cq, (void)fired, (void)count;
	resumptions++;
	while ((code = cq_socket_try_recv(argument, CQ_READ_LINE_KEEP, 0, 0, CQ_PATIENT, &data, &size)) == 0)
		check(cq_socket_try_send(argument, data, size, 0, &sent), "send");
	return code == EAGAIN ? wait_for(task, argument) : 0;
}

static int serve_fiber(void *argument)
{
	const void *data;
	size_t size;

	while (!cq_socket_read(argument, CQ_READ_LINE_KEEP, 0, &data, &size))
		check(cq_socket_write(argument, data, size), "write");
	return 0;
}

static bool serve_by_fibers, serve_with_limits;

static int welcome(cq_controller *cq, cq_task task, void *listener, const cq_fired *fired, size_t count)
{
	cq_socket *client;
	int code;

	(void)cq, (void)fired, (void)count;
	while ((code = cq_socket_try_accept(listener, &client)) == 0) {
		clients = clients < 0 ? 1 : clients + 1;
		set_binary(client, "bl");
		if (serve_with_limits)
			cq_socket_set_timeout(client, 30);
		if (serve_by_fibers)
			check(cq_controller_wrap(controller, serve_fiber, end_client, client, NULL), "wrap");
		else
			check(cq_controller_attach(controller, serve, end_client, client, NULL), "attach");
	}
	return code == EAGAIN ? wait_for(task, listener) : code;
}

static cq_socket *start_listener(int *port)
{
	cq_options *options;
	cq_socket *listener;
	cq_name name;

	check(cq_options_new(&options), "options");
	check(cq_options_host(options, "127.0.0.1", 0), "address");
	check(cq_socket_listen(options, &listener), "listen");
	check(cq_socket_localname(listener, &name), "name");
	check(cq_controller_attach(controller, welcome, NULL, listener, NULL), "listener");
	cq_options_free(options);
	*port = name.port;
	return listener;
}

static void run_server(const char *style)
{
	cq_socket *listener;
	int port;

	serve_by_fibers = *style != 0;
	serve_with_limits = strcmp(style, "-limits") == 0;
	listener = start_listener(&port);
	printf("%d\n", port);
	fflush(stdout);
	while (clients != 0)
		check(cq_controller_step(controller, -1), "step");
	cq_socket_free(listener);
}

static int connect_plainly(int port)
{
	struct sockaddr_in address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(&address, 0, sizeof address);
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check_system(fd, "socket");
	check_system(connect(fd, (struct sockaddr *)&address, sizeof address), "connect");
	return fd;
}

static void run_load(int port, int connections, long lines)
{
	int *fds = calloc((size_t)connections, sizeof *fds), i;
	char back[64];
	long line;

	for (i = 0; i < connections; i++)
		fds[i] = connect_plainly(port);
	for (line = 0; line < lines; line++) {
		for (i = 0; i < connections; i++)
			check_system(write(fds[i], "a line of the load\n", 19), "write");
		for (i = 0; i < connections; i++)
			if (recv(fds[i], back, 19, MSG_WAITALL) != 19)
				check(EPROTO, "echo");
	}
	free(fds);
}

/* -- no descriptor at all -- */

static cq_condition *conditions[2];
static long rounds;

static int signal_and_wait(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	cq_interest interest = CQ_INTEREST_NONE;
	int which = *(int *)argument;

	(void)fired, (void)count;
	if (rounds-- <= 0)
		return ECANCELED; /* ends the loop */
	interest.condition = conditions[which];
	check(cq_condition_signal(conditions[1 - which], 1, NULL), "signal");
	return cq_controller_park(cq, task, &interest, 1);
}

static void run_conditions(void)
{
	static int numbers[2] = { 0, 1 };
	int i;

	for (i = 0; i < 2; i++) {
		check(cq_condition_new(false, &conditions[i]), "condition");
		check(cq_controller_attach(controller, signal_and_wait, NULL, &numbers[i], NULL), "attach");
	}
	if (cq_controller_loop(controller, -1) != ECANCELED)
		check(EPROTO, "loop");
}

static int start_next(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)task, (void)argument, (void)fired, (void)count;
	return rounds-- > 0 ? cq_controller_attach(cq, start_next, NULL, NULL, NULL) : 0;
}

static int start_next_fiber(void *argument)
{
	(void)argument;
	return rounds-- > 0 ? cq_controller_wrap(controller, start_next_fiber, NULL, NULL, NULL) : 0;
}

/* -- many idle descriptors -- */

static int wait_on_fd(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	cq_interest interest = CQ_INTEREST_NONE;

	(void)fired, (void)count;
	interest.fd = *(int *)argument;
	interest.events = POLLIN;
	return cq_controller_park(cq, task, &interest, 1);
}

static void run_idle(int descriptors, long steps)
{
	int *fds = calloc((size_t)descriptors, sizeof *fds), first[2], i;

	check_system(pipe(first), "pipe");
	for (i = 0; i < descriptors; i++) {
		check_system(fds[i] = dup(first[0]), "dup");
		check(cq_controller_attach(controller, wait_on_fd, NULL, &fds[i], NULL), "attach");
	}
	check(cq_controller_step(controller, 0), "step");
	while (steps-- > 0)
		check(cq_controller_step(controller, 0), "step");
	cq_controller_free(controller);
	controller = NULL;
	free(fds);
}

/* -- memory -- */

static size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Opens connections, and sends a bit of a line on each whenever the parent says so. */
static void be_clients(int port, int connections, int orders)
{
	int *fds = calloc((size_t)connections, sizeof *fds), i;
	char order;

	for (i = 0; i < connections; i++)
		fds[i] = connect_plainly(port);
	while (read(orders, &order, 1) == 1)
		for (i = 0; i < connections; i++)
			check_system(write(fds[i], "bit", 3), "write");
	_exit(0);
}

static void run_memory(int connections, int pieces)
{
	int port, i, pipes[2];
	size_t before;
	pid_t child;

	check_system(pipe(pipes), "pipe");
	start_listener(&port);
	check(cq_controller_step(controller, 0), "step");
	child = fork();
	check_system(child, "fork");
	if (child == 0) {
		close(pipes[1]);
		be_clients(port, connections, pipes[0]);
	}
	before = allocated();
	while (clients < connections)
		check(cq_controller_step(controller, 10), "step");
	check(cq_controller_step(controller, 0), "step"); /* so that all of them wait */
	for (i = 0; i < pieces; i++) {
		resumptions = 0;
		check_system(write(pipes[1], "!", 1), "write");
		while (resumptions < connections)
			check(cq_controller_step(controller, 10), "step");
	}
	printf("%.1f\n", (double)(allocated() - before) / connections);
	close(pipes[1]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static long asked, same;
static cq_dns_config *dns;

static int ask(void *argument)
{
	cq_dns_resolver *resolver;
	cq_dns_packet *packet;
	char name[64];

	(void)argument;
	check(cq_dns_resolver_new(dns, NULL, NULL, &resolver), "resolver");
	while (asked < rounds) {
		snprintf(name, sizeof name, "n%ld.example.", same ? 0 : asked);
		asked++;
		check(cq_dns_resolver_query(resolver, name, 1, 1, 10, &packet), "query");
		if (cq_dns_packet_count(packet, CQ_DNS_ANSWER) != 1)
			check(EPROTO, "answer");
		cq_dns_packet_free(packet);
	}
	cq_dns_resolver_free(resolver);
	return 0;
}

static void run_dns(const char *port, const char *ports)
{
	char server[64];
	cq_task task;

	snprintf(server, sizeof server, "[127.0.0.1]:%s", port);
	check(cq_dns_config_new(&dns), "config");
	cq_dns_config_clear(dns, CQ_DNS_NAMESERVERS);
	cq_dns_config_clear(dns, CQ_DNS_LOOKUP);
	check(cq_dns_config_add(dns, CQ_DNS_NAMESERVERS, server), server);
	check(cq_dns_config_add(dns, CQ_DNS_LOOKUP, "bind"), "lookup");
	check(cq_dns_config_set(dns, "ports", ports), "ports");
	for (int i = 0; i < 16; i++)
		check(cq_controller_wrap(controller, ask, NULL, NULL, &task), "fiber");
	check(cq_controller_loop(controller, -1), "loop");
	cq_dns_config_free(dns);
}

/* Raises the limit of descriptors as far as it goes. Returns it, less some for other needs. */
static long most_descriptors(long wanted)
{
	struct rlimit limit;

	check_system(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	check_system(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	return limit.rlim_cur < (rlim_t)wanted + 100 ? (long)limit.rlim_cur - 100 : wanted;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long number = argc > 2 ? atol(argv[2]) : 0;

	check(cq_controller_new(&controller), "controller");
	messages = rounds = number;
	if (strcmp(what, "load") != 0)
		number = most_descriptors(number);
	if (strncmp(what, "pairs", 5) == 0)
		run_pairs(what[5] != 0);
	else if (strncmp(what, "serve", 5) == 0)
		run_server(what + 5);
	else if (strcmp(what, "load") == 0 && argc == 5)
		run_load((int)number, atoi(argv[3]), atol(argv[4]));
	else if (strcmp(what, "conditions") == 0)
		run_conditions();
	else if (strcmp(what, "tasks") == 0)
		check(start_next(controller, 0, NULL, NULL, 0) || cq_controller_loop(controller, -1), "loop");
	else if (strcmp(what, "fibers") == 0)
		check(start_next_fiber(NULL) || cq_controller_loop(controller, -1), "loop");
	else if (strcmp(what, "dns") == 0 && argc == 6) {
		same = atol(argv[5]);
		run_dns(argv[3], argv[4]);
	} else if (strcmp(what, "idle") == 0 && argc == 4)
		run_idle((int)number, atol(argv[3]));
	else if (strncmp(what, "memory", 6) == 0)
		run_memory((int)number, what[6] ? 2 : 0);
	else if (strcmp(what, "most") == 0)
		printf("%ld\n", number);
	else
		return 2;
	return 0;
}
