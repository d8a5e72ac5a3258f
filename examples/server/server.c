/* SPDX-License-Identifier: MIT */
/*
 * An HTTP/1.1 server for the files below a directory, with fibers: GET and HEAD, connections that stay open.
 *
 *   server DIRECTORY [ADDRESS [PORT [SECONDS [GRACE [LIMIT]]]]]      port 0 lets the system choose a free one
 *
 * A client has SECONDS (30) to begin a request, as many to send its head, and as many to take each 64 KiB of the file.
 * LIMIT (100) connections are served at once; others wait in the kernel until one of those ends. SIGTERM and SIGINT
 * stop the server: it accepts no more, ends the connections that wait for their next request, gives the requests under
 * way GRACE (5) seconds to end, and cancels those that are left then.
 */

#include <cqueues.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct connection {
	cq_socket *socket; /* NULL: this one is free */
	bool keep;         /* the connection goes on after the answer */
	char target[4096];
	char piece[65536];
};

static cq_controller *controller;
static cq_semaphore *permits;
static struct connection *connections;
static double seconds = 30, grace = 5;
static int root, limit = 100;

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "server: %s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

/* -- Answers -- */

static int send_head(struct connection *c, const char *status, long long size, const char *more)
{
	char head[512], date[64];
	time_t now = time(NULL);

	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
	int length = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nDate: %s\r\nContent-Length: %lld\r\n%s%s\r\n",
	                      status, date, size, more, c->keep ? "" : "Connection: close\r\n");
	return cq_socket_write(c->socket, head, (size_t)length);
}

/* An answer without a file: its body is its status. */
static bool refuse(struct connection *c, const char *status, const char *more, bool with_body)
{
	size_t size = strlen(status);

	return send_head(c, status, (long long)size, more) == 0 &&
	       cq_socket_write(c->socket, status, with_body ? size : 0) == 0 && cq_socket_flush(c->socket) == 0 && c->keep;
}

/* Sends so much of the file. Each piece has its time. */
static bool send_file(struct connection *c, cq_scope *scope, int file, long long left)
{
	while (left > 0) {
		ssize_t size = read(file, c->piece, left < (long long)sizeof c->piece ? (size_t)left : sizeof c->piece);

		if (size <= 0 || cq_scope_deadline(scope, seconds) || cq_socket_write(c->socket, c->piece, (size_t)size))
			return false;
		left -= size;
	}
	return cq_socket_flush(c->socket) == 0 && c->keep;
}

/* The path of what a request means, below the directory; NULL if it is not there or leads out. Changes `target`. */
static const char *path_of(char *target)
{
	static char path[4096 + sizeof "./index.html"];
	char *to = path;

	if (strncasecmp(target, "http://", 7) == 0)
		target += 7 + strcspn(target + 7, "/");
	target[strcspn(target, "?#")] = 0;
	for (*to++ = '.'; *target; target++) {
		*to = *target;
		if (*target == '%' && isxdigit((unsigned char)target[1]) && isxdigit((unsigned char)target[2])) {
			*to = (char)strtol((char[]){ target[1], target[2], 0 }, NULL, 16);
			target += 2;
		}
		if (!*to++)
			return NULL;
	}
	strcpy(to, to[-1] == '/' ? "index.html" : "");
	for (char *dots = path; (dots = strstr(dots, "/..")); dots += 3)
		if (dots[3] == '/' || !dots[3])
			return NULL;
	return path[1] == '/' ? path : NULL;
}

static bool send_what_is_asked_for(struct connection *c, cq_scope *scope, bool with_body)
{
	const char *path = path_of(c->target);
	int file = path ? openat(root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	struct stat status;
	bool goes_on;

	if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode))
		goes_on = send_head(c, "200 OK", status.st_size, "") == 0 && send_file(c, scope, file, with_body ? status.st_size : 0);
	else
		goes_on = refuse(c, "404 Not Found", "", with_body);
	if (file >= 0)
		close(file);
	return goes_on;
}

/* -- Requests -- */

static bool has_word(const char *header, const char *name, const char *value)
{
	size_t length = strlen(name);

	return strncasecmp(header, name, length) == 0 && strcasecmp(header + length + strspn(header + length, " \t"), value) == 0;
}

/* Answers a request. Whether the connection goes on. */
static bool answer(struct connection *c, cq_scope *scope)
{
	char method[16] = "", header[4097];
	int minor = 0, count = 0, error, end = 0;
	bool has_host = false;
	const void *data;
	size_t size;

	if (cq_socket_read(c->socket, CQ_READ_LINE, 0, &data, &size))
		return false;
	snprintf(header, sizeof header, "%.*s", (int)size, (const char *)data);
	bool good = sscanf(header, "%15[A-Z] %4095s HTTP/1.%1d%n", method, c->target, &minor, &end) == 3 && (size_t)end == size;
	c->keep = good && minor > 0 && !cq_controller_shuts_down(controller);
	while (!(error = cq_socket_read(c->socket, CQ_READ_HEADER, 0, &data, &size)) && data && count++ < 100) {
		snprintf(header, sizeof header, "%.*s", (int)size, (const char *)data);
		has_host |= strncasecmp(header, "Host:", 5) == 0;
		if (has_word(header, "Connection:", "close") || strncasecmp(header, "Transfer-Encoding:", 18) == 0 ||
		    (strncasecmp(header, "Content-Length:", 15) == 0 && !has_word(header, "Content-Length:", "0")))
			c->keep = false;
		else if (has_word(header, "Connection:", "keep-alive"))
			c->keep = good && !cq_controller_shuts_down(controller);
	}
	if (error || cq_socket_read(c->socket, CQ_READ_LINE, 0, &data, &size))
		return false;
	if (!good || size > 0 || (minor > 0 && !has_host)) {
		c->keep = false;
		return refuse(c, "400 Bad Request", "", true);
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return refuse(c, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", true);
	return send_what_is_asked_for(c, scope, *method == 'G');
}

/* -- Connections -- */

/* Begins a scope around what the running fiber does next. It lies in the fiber's present one. */
static cq_scope *begin(double deadline, bool is_idle)
{
	cq_scope *scope;

	check(cq_scope_new(controller, NULL, &scope), "scope");
	check(cq_scope_deadline(scope, deadline), "scope");
	check(cq_scope_set_idle(scope, is_idle), "scope");
	check(cq_scope_begin(scope, 0), "scope");
	return scope;
}

static void end(cq_scope *scope)
{
	check(cq_scope_end(scope, 0), "scope");
	cq_scope_free(scope);
}

/* Whether there is a next request. The wait ends when the server stops; a request that has come by then is answered. */
static bool await_request(struct connection *c)
{
	cq_scope *scope = begin(seconds, true);
	int error = cq_socket_fill(c->socket, 1);

	end(scope);
	return !error || (error == ECANCELED && cq_socket_try_fill(c->socket, 1) == 0);
}

static int serve(void *argument)
{
	struct connection *c = argument;
	bool goes_on = true;

	while (goes_on && await_request(c)) {
		cq_scope *scope = begin(seconds, false);
		const void *data;
		size_t size;

		goes_on = answer(c, scope);
		if (!goes_on) { /* what the client still sends would make TCP take the answer back: it closes first */
			cq_socket_shutdown(c->socket, SHUT_WR);
			cq_scope_deadline(scope, 1);
			while (cq_socket_read(c->socket, CQ_READ_UP_TO, sizeof c->piece, &data, &size) == 0)
				;
		}
		end(scope);
	}
	return 0;
}

static void hang_up(void *argument)
{
	struct connection *c = argument;

	cq_socket_free(c->socket);
	c->socket = NULL;
	cq_semaphore_release(permits, 1);
}

/* Starts a fiber for each connection, until the server stops. */
static int welcome(void *listener)
{
	cq_scope *scope = begin(-1, true);
	int error;

	while ((error = cq_semaphore_acquire(permits, -1)) == 0) {
		struct connection *c = connections;

		while (c->socket) /* there is a free one, as there was a permit */
			c++;
		if ((error = cq_socket_accept(listener, &c->socket)))
			break;
		cq_socket_set_mode(c->socket, CQ_OUTPUT, cq_mode_parse("bf", 2));
		if (cq_controller_wrap(controller, serve, hang_up, c, NULL))
			hang_up(c);
	}
	end(scope);
	cq_socket_close(listener);
	return error == ECANCELED ? 0 : error;
}

static int await_stop(void *signals)
{
	int number, error = cq_signal_wait(signals, -1, &number);

	return error ? error : cq_controller_shutdown(controller, grace); /* ends what is idle now, and the rest after the grace */
}

int main(int argc, char **argv)
{
	static const int numbers[] = { SIGTERM, SIGINT };
	cq_options *options;
	cq_socket *listener;
	cq_signal *signals;
	cq_name name;

	if (argc < 2 || (root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		check(argc < 2 ? EINVAL : errno, "directory");
	seconds = argc > 4 ? atof(argv[4]) : seconds;
	grace = argc > 5 ? atof(argv[5]) : grace;
	limit = argc > 6 ? atoi(argv[6]) : limit;
	connections = calloc((size_t)limit, sizeof *connections);
	check(connections ? cq_semaphore_new((size_t)limit, &permits) : ENOMEM, "connections");

	check(cq_signal_block(numbers, 2), "signals");
	check(cq_signal_listen(numbers, 2, &signals), "signals");
	check(cq_options_new(&options), "options");
	check(cq_options_host(options, argc > 2 ? argv[2] : "127.0.0.1", argc > 3 ? atoi(argv[3]) : 8080), "address");
	check(cq_socket_listen(options, &listener), "listen");
	check(cq_socket_establish(listener), "listen");
	check(cq_socket_localname(listener, &name), "name");
	printf("listening on %s %d\n", name.text, name.port);
	fflush(stdout);

	check(cq_controller_new(&controller), "controller");
	check(cq_controller_wrap(controller, welcome, NULL, listener, NULL), "fiber");
	check(cq_controller_wrap(controller, await_stop, NULL, signals, NULL), "fiber");
	check(cq_controller_loop(controller, -1), "loop"); /* until the last connection has ended */
	cq_controller_free(controller);
	cq_signal_free(signals);
	cq_socket_free(listener);
	cq_options_free(options);
	cq_semaphore_free(permits);
	free(connections);
	return 0;
}
