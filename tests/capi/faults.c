/* SPDX-License-Identifier: MIT */
/* What goes wrong in the world outside: resets, no descriptors, signals, files closed under us. */

#include "fixture.h"
#include <time.h>

/* -- an echo server to do harm to -- */

struct server {
	cq_controller *controller;
	cq_socket *listener;
	int port, accepts, ends, last_code;
};

struct client {
	struct server *server;
	cq_socket *socket;
};

static void end_client(void *argument)
{
	struct client *client = argument;

	client->server->ends++;
	cq_socket_free(client->socket);
	free(client);
}

static int serve_client(cq_controller *controller, cq_task task, void *argument,
                        const cq_fired *fired, size_t count)
{
	struct client *client = argument;
	const void *data;
	size_t size, sent;
	int code;

	(void)fired, (void)count;
	while ((code = cq_socket_try_recv(client->socket, CQ_READ_LINE_KEEP, 0, 0, CQ_PATIENT, &data, &size)) == 0)
		if ((code = cq_socket_try_send(client->socket, data, size, 0, &sent)) != 0)
			break;
	if (code == EAGAIN)
		return park(controller, task, on_socket(client->socket, 0));
	client->server->last_code = code;
	return 0;
}

static int serve_fiber(void *argument)
{
	struct client *client = argument;
	const void *data;
	size_t size;
	int code;

	while ((code = cq_socket_read(client->socket, CQ_READ_LINE_KEEP, 0, &data, &size)) == 0)
		if ((code = cq_socket_write(client->socket, data, size)) != 0)
			break;
	client->server->last_code = code;
	return 0;
}

static struct client *new_client(struct server *server, cq_socket *socket)
{
	struct client *client = malloc(sizeof *client);

	client->server = server;
	client->socket = socket;
	set_modes(socket, "bl");
	server->accepts++;
	return client;
}

static int accept_clients(cq_controller *controller, cq_task task, void *argument,
                          const cq_fired *fired, size_t count)
{
	struct server *server = argument;
	cq_socket *socket;
	int code;

	(void)fired, (void)count;
	while ((code = cq_socket_try_accept(server->listener, &socket)) == 0)
		OK(cq_controller_attach(controller, serve_client, end_client, new_client(server, socket), NULL));
	ERR(code, EAGAIN);
	return park(controller, task, on_socket(server->listener, 0));
}

static int accept_by_fiber(void *argument)
{
	struct server *server = argument;
	cq_socket *socket;
	int code;

	while ((code = cq_socket_accept(server->listener, &socket)) == 0)
		OK(cq_controller_wrap(server->controller, serve_fiber, end_client, new_client(server, socket), NULL));
	return code;
}

static void start_server(struct server *server, bool fibers)
{
	memset(server, 0, sizeof *server);
	server->controller = new_controller();
	server->listener = listen_on("127.0.0.1", &server->port);
	if (fibers)
		OK(cq_controller_wrap(server->controller, accept_by_fiber, NULL, server, NULL));
	else
		OK(cq_controller_attach(server->controller, accept_clients, NULL, server, NULL));
	OK(cq_controller_step(server->controller, -1));
}

static void stop_server(struct server *server)
{
	cq_controller_free(server->controller);
	cq_socket_free(server->listener);
	EQ(server->ends, server->accepts);
}

/* One line there and back, while the server is stepped. */
static void echo_a_line(struct server *server, int fd)
{
	struct pollfd record;

	record.fd = fd;
	record.events = POLLIN;
	plain_write(fd, "still alive\n");
	while (poll(&record, 1, 0) == 0)
		OK(cq_controller_step(server->controller, MS(5)));
	plain_expect(fd, "still alive\n");
}

/* -- resets -- */

static void reset_in_a_line(bool fibers)
{
	struct server server;
	int good, bad[10], i;

	start_server(&server, fibers);
	good = plain_connect(server.port);
	echo_a_line(&server, good);
	for (i = 0; i < 10; i++) {
		bad[i] = plain_connect(server.port);
		plain_write(bad[i], "half a li");
	}
	UNTIL(server.accepts == 11, server.controller);
	for (i = 0; i < 10; i++)
		OK(cq_controller_step(server.controller, MS(1)));
	for (i = 0; i < 10; i++)
		reset_connection(bad[i]);
	UNTIL(server.ends == 10, server.controller);
	ERR(server.last_code, ECONNRESET);
	echo_a_line(&server, good);
	EQ(cq_controller_count(server.controller), 2);
	stop_server(&server);
}

TEST(a_reset_in_the_middle_of_a_line_ends_only_its_callback)
{
	reset_in_a_line(false);
}

TEST(a_reset_in_the_middle_of_a_line_ends_only_its_fiber)
{
	reset_in_a_line(true);
}

TEST(a_reset_leaves_the_bytes_that_came_before_it)
{
	cq_socket *socket;
	int other;

	socket = half_tcp(&other);
	plain_write(other, "whole\nhalf");
	READ(socket, CQ_READ_LINE, 0, "whole"); /* the rest is buffered now */
	reset_connection(other);
	ERR(read_code(socket, CQ_READ_LINE, 0), ECONNRESET);
	EQ(cq_socket_error(socket, CQ_INPUT), ECONNRESET);
	OK(cq_socket_set_error(socket, CQ_INPUT, 0, NULL));
	EQ(cq_socket_pending(socket, CQ_INPUT), 4);
	READ(socket, CQ_READ_UP_TO, 100, "half");
	cq_socket_free(socket);
}

TEST(a_reset_while_output_waits_is_told_by_the_write)
{
	char *big = calloc(1, 16 << 20);
	cq_socket *socket;
	size_t sent;
	int other, code;

	socket = half_tcp(&other);
	ERR(cq_socket_try_send(socket, big, 16 << 20, 0, &sent), EAGAIN);
	reset_connection(other);
	code = cq_socket_write(socket, "x", 1);
	CHECK(code == ECONNRESET || code == EPIPE);
	EQ(cq_socket_error(socket, CQ_OUTPUT), code);
	cq_socket_free(socket);
	free(big);
}

TEST(a_connection_reset_before_it_is_accepted_does_no_harm)
{
	struct server server;
	int good, i;

	start_server(&server, false);
	for (i = 0; i < 20; i++)
		reset_connection(plain_connect(server.port));
	good = plain_connect(server.port);
	echo_a_line(&server, good);
	stop_server(&server);
}

TEST(clients_that_come_and_go_leave_nothing_behind)
{
	int before = open_descriptors(), rounds = slow() ? 30 : 1000, i;
	struct server server;

	start_server(&server, false);
	for (i = 0; i < rounds; i++) {
		int fd = plain_connect(server.port);

		if (i % 3 == 0)
			echo_a_line(&server, fd);
		if (i % 2)
			reset_connection(fd);
		else
			SYS(close(fd));
	}
	UNTIL(server.ends == server.accepts && server.accepts > rounds / 4, server.controller);
	EQ(cq_controller_count(server.controller), 1);
	stop_server(&server);
	EQ(open_descriptors(), before);
}

/* -- no descriptors -- */

static void run_out_of_descriptors(bool fibers)
{
	struct server server;
	struct rlimit limit;
	int established, waiting[5], i;
	double begun;

	start_server(&server, fibers);
	established = plain_connect(server.port);
	echo_a_line(&server, established);
	for (i = 0; i < 5; i++)
		waiting[i] = plain_connect(server.port);
	limit = forbid_descriptors();
	begun = cq_monotime();
	for (i = 0; i < 5; i++)
		echo_a_line(&server, established); /* existing connections are untouched */
	EQ(server.accepts, 1);
	EQ(cq_controller_count(server.controller), 2); /* the listener's task lives, */
	CHECK(cq_controller_timeout(server.controller) >= 0); /* and waits by timer, */
	while (cq_monotime() - begun < MS(120))
		OK(cq_controller_step(server.controller, MS(50)));
	EQ(server.accepts, 1);
	allow_descriptors(limit);
	UNTIL(server.accepts == 6, server.controller); /* and goes on */
	for (i = 0; i < 5; i++)
		echo_a_line(&server, waiting[i]);
	stop_server(&server);
}

TEST(a_listening_callback_without_free_descriptors_goes_on_later)
{
	run_out_of_descriptors(false);
}

TEST(a_listening_fiber_without_free_descriptors_goes_on_later)
{
	run_out_of_descriptors(true);
}

TEST(a_listener_without_free_descriptors_does_not_spin)
{
	struct rlimit limit;
	struct server server;
	double begun, cpu;

	start_server(&server, false);
	plain_connect(server.port);
	limit = forbid_descriptors();
	begun = cq_monotime();
	cpu = cpu_seconds();
	while (cq_monotime() - begun < MS(200))
		OK(cq_controller_step(server.controller, MS(200)));
	CHECK(cpu_seconds() - cpu < MS(50));
	allow_descriptors(limit);
	stop_server(&server);
}

TEST(no_descriptor_for_a_socket_is_told_by_its_first_operation)
{
	cq_options *options = new_options();
	cq_socket *socket, *first = NULL, *second = NULL;
	struct rlimit limit;

	OK(cq_options_host(options, "127.0.0.1", 1));
	limit = forbid_descriptors();
	OK(cq_socket_connect(options, &socket));
	ERR(cq_socket_try_establish(socket), EMFILE);
	cq_socket_free(socket);
	OK(cq_socket_listen(options, &socket));
	ERR(cq_socket_try_establish(socket), EMFILE);
	cq_socket_free(socket);
	ERR(cq_socket_pair(SOCK_STREAM, &first, &second), EMFILE);
	CHECK(first == NULL && second == NULL);
	OK(cq_sleep(0)); /* time passes without a descriptor */
	allow_descriptors(limit);
	cq_options_free(options);
}

TEST(what_failed_for_want_of_a_descriptor_can_be_tried_again)
{
	cq_options *options = new_options();
	cq_socket *sockets[2];
	struct rlimit limit;
	int i;

	OK(cq_options_host(options, "127.0.0.1", 1));
	limit = forbid_descriptors();
	OK(cq_socket_connect(options, &sockets[0]));
	OK(cq_options_host(options, "127.0.0.1", 0));
	OK(cq_socket_listen(options, &sockets[1]));
	for (i = 0; i < 4; i++)
		ERR(cq_socket_try_establish(sockets[i % 2]), EMFILE);
	allow_descriptors(limit);
	ERR(cq_socket_establish(sockets[0]), ECONNREFUSED);
	OK(cq_socket_establish(sockets[1]));
	cq_socket_free(sockets[0]);
	cq_socket_free(sockets[1]);
	cq_options_free(options);
}

TEST(no_descriptor_for_an_alert_is_an_error)
{
	cq_controller *cq = new_controller();
	struct rlimit limit;
	int fd = -1;

	if (getenv("CQUEUES_TEST_BACKEND") != NULL) {
		cq_controller_free(cq);
		SKIP("the system's queue takes alerts itself, without a descriptor");
	}
	limit = forbid_descriptors();
	ERR(cq_controller_pollfd(cq, &fd), EMFILE);
	ERR(cq_controller_alert(cq), EMFILE);
	ERR(cq_controller_reset(cq), EMFILE);
	OK(cq_controller_attach(cq, end_at_once, NULL, NULL, NULL)); /* it still works */
	run(cq);
	allow_descriptors(limit);
	cq_controller_free(cq);
}

/* -- signals -- */

static void note_signal(int number)
{
	(void)number;
}

/* A child that sends SIGUSR1 every few milliseconds; the handler does not restart system calls. */
static pid_t bombard(void)
{
	struct sigaction action;
	pid_t parent = getpid(), child;

	memset(&action, 0, sizeof action);
	action.sa_handler = note_signal;
	SYS(sigaction(SIGUSR1, &action, NULL));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		while (kill(parent, SIGUSR1) == 0)
			poll(NULL, 0, 2);
		end_child(true);
	}
	return child;
}

TEST(signals_neither_shorten_a_sleep_nor_break_a_read)
{
	pid_t bomber = bombard(), writer;
	double begun = cq_monotime();
	cq_interest set = on_time(MS(50));
	cq_socket *socket;
	int other;

	OK(cq_sleep(MS(50)));
	CHECK(cq_monotime() - begun >= MS(50));
	begun = cq_monotime();
	OK(cq_poll(&set, 1, NULL));
	EQ(set.fired, CQ_FIRED);
	CHECK(cq_monotime() - begun >= MS(50));

	socket = half_pair(&other);
	writer = (pid_t)SYS(fork());
	if (writer == 0) {
		struct timespec nap = { 0, 30 * 1000 * 1000 };

		nanosleep(&nap, NULL);
		plain_write(other, "after many signals\n");
		end_child(true);
	}
	READ(socket, CQ_READ_LINE, 0, "after many signals");
	OK(cq_socket_set_timeout(socket, MS(30)));
	begun = cq_monotime();
	ERR(read_code(socket, CQ_READ_LINE, 0), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(30));
	SYS(kill(bomber, SIGKILL));
	cq_socket_free(socket);
}

TEST(signals_do_not_break_big_transfers)
{
	size_t size = slow() ? 1 << 20 : 32 << 20, got = 0;
	char *bytes = calloc(1, size), *piece = malloc(65536);
	pid_t bomber = bombard(), reader;
	cq_socket *socket;
	int other;

	socket = half_pair(&other);
	reader = (pid_t)SYS(fork());
	if (reader == 0) {
		ssize_t count;

		cq_socket_free(socket);
		while ((count = read(other, piece, 65536)) > 0)
			got += (size_t)count;
		end_child(count == 0 && got == size);
	}
	SYS(close(other));
	OK(cq_socket_write(socket, bytes, size));
	cq_socket_free(socket);
	EQ(wait_for_child(reader), 0);
	SYS(kill(bomber, SIGKILL));
	free(bytes);
	free(piece);
}

/* -- files closed under us -- */

static int poll_forever(void *argument)
{
	cq_interest set = on_fd(*(int *)argument, POLLIN);

	return cq_poll(&set, 1, NULL);
}

TEST(a_descriptor_closed_without_cancelling_wakes_nobody_and_harms_nobody)
{
	cq_controller *cq = new_controller();
	int fds[2], ended = 0;
	double cpu;

	SYS(pipe(fds));
	OK(cq_controller_wrap(cq, poll_forever, NULL, &fds[0], NULL));
	OK(cq_controller_step(cq, -1));
	SYS(close(fds[0]));
	SYS(close(fds[1]));
	cpu = cpu_seconds();
	ERR(cq_controller_loop(cq, MS(100)), ETIMEDOUT);
	CHECK(cpu_seconds() - cpu < MS(50));
	OK(cq_controller_attach(cq, end_at_once, count_release, &ended, NULL));
	OK(cq_controller_step(cq, 0));
	EQ(ended, 1);
	OK(cq_controller_cancel(cq, fds[0])); /* better late than never */
	run(cq);
	cq_controller_free(cq);
}

struct swap {
	cq_socket **victim;
	int fds[2], *runs, number;
};

static int close_and_reuse(cq_controller *controller, cq_task task, void *argument,
                           const cq_fired *fired, size_t count)
{
	struct swap *swap = argument;

	(void)fired;
	if (count == 0)
		return park(controller, task, on_fd(swap->fds[0], POLLIN));
	swap->number = cq_socket_pollfd(*swap->victim);
	cq_socket_free(*swap->victim); /* its task is ready, too */
	EQ(dup2(swap->fds[1], swap->number), swap->number); /* somebody else gets the number */
	return 0;
}

static int note_what_fired(cq_controller *controller, cq_task task, void *argument,
                           const cq_fired *fired, size_t count)
{
	struct swap *swap = argument;

	if (count == 0)
		return park(controller, task, on_socket(*swap->victim, POLLIN));
	CHECK(fired[0].events & CQ_CANCELLED);
	++*swap->runs;
	return 0;
}

TEST(events_of_a_closed_socket_do_not_reach_the_next_file_of_its_number)
{
	cq_controller *cq = new_controller();
	struct swap swap;
	cq_socket *socket;
	cq_interest set[2];
	int other, runs = 0;

	socket = half_pair(&other);
	swap.victim = &socket;
	swap.runs = &runs;
	SYS(pipe(swap.fds));
	OK(cq_controller_attach(cq, close_and_reuse, NULL, &swap, NULL));
	OK(cq_controller_attach(cq, note_what_fired, NULL, &swap, NULL));
	OK(cq_controller_step(cq, -1));
	plain_write(swap.fds[1], "x"); /* first, so that its task runs first */
	plain_write(other, "x");
	OK(cq_controller_step(cq, -1));
	EQ(runs, 1);
	CHECK(cq_controller_empty(cq));
	set[0] = on_fd(swap.number, POLLIN); /* a pipe's writing end: never readable */
	set[1] = on_time(MS(5));
	OK(cq_poll(set, 2, NULL));
	EQ(set[0].fired, 0);
	cq_controller_free(cq);
}

static int close_own(cq_controller *controller, cq_task task, void *argument,
                     const cq_fired *fired, size_t count)
{
	struct client *client = argument;

	if (count == 0) {
		OK(park(controller, task, on_socket(client->socket, POLLIN)));
		OK(cq_socket_close(client->socket)); /* what it has just parked on */
		return 0;
	}
	EQ(fired[0].events, CQ_CANCELLED);
	client->server->ends++;
	return 0;
}

TEST(a_task_may_close_the_socket_that_it_waits_for)
{
	cq_controller *cq = new_controller();
	struct server server;
	struct client client;
	int other;

	memset(&server, 0, sizeof server);
	client.server = &server;
	client.socket = half_pair(&other);
	OK(cq_controller_attach(cq, close_own, NULL, &client, NULL));
	run(cq);
	EQ(server.ends, 1);
	cq_controller_free(cq);
	cq_socket_free(client.socket);
}

TEST(a_listener_that_waits_by_timer_says_so)
{
	struct rlimit limit;
	cq_socket *listener, *accepted;
	int port;

	listener = listen_on("127.0.0.1", &port);
	plain_connect(port);
	limit = forbid_descriptors();
	ERR(cq_socket_try_accept(listener, &accepted), EAGAIN);
	EQ(cq_socket_events(listener), 0);
	CHECK(cq_socket_poll_timeout(listener) > 0 && cq_socket_poll_timeout(listener) < 1);
	allow_descriptors(limit);
	OK(cq_socket_close(listener));
	ERR(cq_socket_try_accept(listener, &accepted), EBADF);
	cq_socket_free(listener);
}

/* -- the examples -- */

static void spoil_example(const char *name)
{
	const char *folder = getenv("EXAMPLES");
	char path[300], line[200], address[100];
	int out[2], port, i;
	pid_t child;
	FILE *output;

	snprintf(path, sizeof path, "%.200s/%.50s", folder ? folder : ".", name);
	if (!folder || access(path, X_OK) < 0)
		SKIP("EXAMPLES names no folder with the built example");
	SYS(pipe(out));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		dup2(out[1], 1);
		execl(path, path, "127.0.0.1", "0", (char *)NULL);
		_exit(127);
	}
	SYS(close(out[1]));
	output = fdopen(out[0], "r");
	CHECK(fgets(line, sizeof line, output) != NULL);
	EQ(sscanf(line, "listening on %99s %d\n", address, &port), 2);
	CHECK(strcmp(address, "127.0.0.1") == 0);
	for (i = 0; i < 50; i++) {
		int fd = plain_connect(port);

		plain_write(fd, i % 2 ? "half a li" : "line\n");
		if (i % 3 == 0)
			plain_write(fd, "more\r\n");
		reset_connection(fd);
	}
	{
		int fd = plain_connect(port);

		plain_write(fd, "still\r\nser");
		plain_expect(fd, "still\r\n");
		plain_write(fd, "ving");
		SYS(shutdown(fd, SHUT_WR));
		plain_expect(fd, "serving"); /* also a last line without its end */
		EQ(read(fd, line, 1), 0);
	}
	EQ(waitpid(child, NULL, WNOHANG), 0); /* it runs */
	SYS(kill(child, SIGTERM));
	wait_for_child(child);
	fclose(output);
}

TEST(the_example_with_callbacks_survives_resets)
{
	spoil_example("echo_callbacks");
}

TEST(the_example_with_fibers_survives_resets)
{
	spoil_example("echo_fibers");
}
