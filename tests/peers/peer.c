/* SPDX-License-Identifier: MIT */
/*
 * A client or server on libcqueues, to be tried with other programs.
 *
 *   peer OPTION... lines|fetch HOST PORT     sends each line of its input and prints the one that comes
 *                                            back; or sends all its input and prints all that comes
 *   peer OPTION... echo|http HOST            says where it listens, then echoes lines (or datagrams), or
 *                                            answers requests with as many bytes as their path says
 *
 *   -t  TLS        -d  datagrams     -u PATH  a UNIX socket (the other words remain)
 *   -a FILE  authorities             -n NAME  the server's name
 *   -c FILE  certificate, and -k FILE  its key
 *   -v none|peer|require             -p LIST  application protocols
 *   -r COUNT  connects so often, one after the other, each time with the same input
 *
 * When it fails it says so on its standard error output and exits with 1. A client with TLS says there
 * what was agreed upon.
 */
#define _GNU_SOURCE
#include <cqueues.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct {
	bool tls, datagrams, http;
	const char *path, *authorities, *name, *certificate, *key, *verify, *protocols;
	int repeat;
} given = { .repeat = 1 };

#define LIMIT 20 /* seconds that it waits for anything */

static char *input;
static size_t input_size;
static cq_controller *controller;
static cq_options *options;
static cq_tls *tls;

static void fail(const char *what, int code, cq_socket *socket)
{
	char reason[300] = "";

	if (socket)
		cq_socket_reason(socket, reason, sizeof reason);
	fprintf(stderr, "peer: %s: %s%s%s\n", what, cq_strerror(code), *reason ? ": " : "", reason);
	exit(1);
}

static void must(const char *what, int code)
{
	if (code)
		fail(what, code, NULL);
}

static void set_up_tls(uint32_t role)
{
	must("tls", cq_tls_new(role, &tls));
	if (given.authorities)
		must(given.authorities, cq_tls_authorities(tls, given.authorities));
	if (given.name)
		must(given.name, cq_tls_name(tls, given.name));
	if (given.certificate)
		must(given.certificate, cq_tls_certificate(tls, given.certificate, given.key));
	if (given.verify)
		must(given.verify, cq_tls_verify(tls, *given.verify == 'n' ? CQ_TLS_VERIFY_NONE
		                                : *given.verify == 'p' ? CQ_TLS_VERIFY_PEER : CQ_TLS_VERIFY_REQUIRE));
	if (given.protocols)
		must(given.protocols, cq_tls_alpn(tls, given.protocols));
}

static void set_up_options(const char *host, int port)
{
	must("options", cq_options_new(&options));
	must(host, cq_options_host(options, host, port));
	if (given.path) {
		must(given.path, cq_options_path(options, given.path, strlen(given.path)));
		must("unlink", cq_options_set(options, CQ_OPTION_UNLINK, 1));
	}
	if (given.datagrams)
		must("datagrams", cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
}

static void set_up_socket(cq_socket *socket)
{
	uint32_t mode = cq_mode_parse("bn", 2);

	cq_socket_set_mode(socket, CQ_INPUT, mode);
	cq_socket_set_mode(socket, CQ_OUTPUT, mode);
	cq_socket_set_maxline(socket, CQ_INPUT, 1 << 20);
	cq_socket_set_timeout(socket, LIMIT);
}

/* -- client -- */

static cq_socket *connect_socket(void)
{
	cq_socket *socket;
	char protocol[256];
	int code;

	must("connect", cq_socket_connect(options, &socket));
	set_up_socket(socket);
	if ((code = cq_socket_establish(socket)) != 0)
		fail("connect", code, socket);
	if (!given.tls)
		return socket;
	if ((code = cq_socket_starttls(socket, tls)) != 0)
		fail("starttls", code, socket);
	cq_socket_alpn(socket, protocol, sizeof protocol);
	fprintf(stderr, "%s, %s, protocol '%s'\n", SSL_get_version((SSL *)cq_socket_checktls(socket)),
	        cq_socket_resumed(socket) ? "resumed" : "new", protocol);
	return socket;
}

static void read_input(void)
{
	size_t room = 1 << 16, count;

	input = malloc(room);
	while ((count = fread(input + input_size, 1, room - input_size, stdin)) > 0)
		if ((input_size += count) == room)
			input = realloc(input, room *= 2);
}

static void talk_in_lines(cq_socket *socket)
{
	uint32_t format = given.datagrams ? CQ_READ_UP_TO : CQ_READ_LINE_KEEP;
	size_t at, length, size;
	const void *data;
	int code;

	for (at = 0; at < input_size; at += length) {
		const char *end = memchr(input + at, '\n', input_size - at);

		length = end ? (size_t)(end + 1 - input) - at : input_size - at;
		if ((code = cq_socket_write(socket, input + at, length)) != 0)
			fail("write", code, socket);
		if ((code = cq_socket_read(socket, format, 65536, &data, &size)) != 0)
			fail("read", code, socket);
		fwrite(data, 1, size, stdout);
	}
}

static int send_input(void *socket)
{
	int code = cq_socket_write(socket, input, input_size);

	if (code)
		fail("write", code, socket);
	return 0;
}

static int print_answer(void *socket)
{
	const void *data;
	size_t size;
	int code;

	while ((code = cq_socket_read(socket, CQ_READ_UP_TO, 65536, &data, &size)) == 0)
		fwrite(data, 1, size, stdout);
	if (code != EPIPE)
		fail("read", code, socket);
	return 0;
}

static void run_client(bool lines)
{
	cq_socket *socket = connect_socket();

	if (lines) {
		talk_in_lines(socket);
	} else {
		must("task", cq_controller_wrap(controller, send_input, NULL, socket, NULL));
		must("task", cq_controller_wrap(controller, print_answer, NULL, socket, NULL));
		must("loop", cq_controller_loop(controller, -1));
	}
	cq_socket_free(socket);
}

/* -- server -- */

static void report(const char *what, int code, cq_socket *socket)
{
	char reason[300] = "";

	cq_socket_reason(socket, reason, sizeof reason);
	fprintf(stderr, "peer: %s: %s%s%s\n", what, cq_strerror(code), *reason ? ": " : "", reason);
}

static int echo(void *socket)
{
	uint32_t format = given.datagrams ? CQ_READ_UP_TO : CQ_READ_LINE_KEEP;
	const void *data;
	size_t size;
	int code = given.tls ? cq_socket_starttls(socket, tls) : 0;

	if (code) {
		report("starttls", code, socket);
		return 0;
	}
	while ((code = cq_socket_read(socket, format, 65536, &data, &size)) == 0)
		if ((code = cq_socket_write(socket, data, size)) != 0)
			break;
	if (code != EPIPE)
		report("echo", code, socket);
	return 0;
}

/* Reads the headers of a request; returns the length of what follows them. */
static size_t read_headers(cq_socket *socket)
{
	const void *data;
	size_t size, length = 0;

	while (cq_socket_read(socket, CQ_READ_HEADER, 0, &data, &size) == 0 && data) {
		char header[200];

		snprintf(header, sizeof header, "%.*s", (int)size, (const char *)data);
		if (strncasecmp(header, "content-length:", 15) == 0)
			length = strtoul(header + 15, NULL, 10);
		if (strncasecmp(header, "expect:", 7) == 0)
			cq_socket_write(socket, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	}
	cq_socket_read(socket, CQ_READ_LINE, 0, &data, &size); /* the empty line */
	return length;
}

/* The letters of the alphabet again and again. */
static int send_body(cq_socket *socket, size_t size)
{
	static char letters[26 * 1000];
	size_t at, i;
	int code = 0;

	for (i = 0; i < sizeof letters; i++)
		letters[i] = (char)('a' + i % 26);
	for (at = 0; at < size && code == 0; at += sizeof letters)
		code = cq_socket_write(socket, letters, size - at < sizeof letters ? size - at : sizeof letters);
	return code;
}

static int answer(void *socket)
{
	char request[200], head[200];
	size_t size, length, wanted;
	const void *data;
	int code = given.tls ? cq_socket_starttls(socket, tls) : 0;

	if (code || (code = cq_socket_read(socket, CQ_READ_LINE, 0, &data, &size)) != 0) {
		report("request", code, socket);
		return 0;
	}
	snprintf(request, sizeof request, "%.*s", (int)size, (const char *)data);
	length = read_headers(socket);
	if (length > 0 && cq_socket_read(socket, CQ_READ_EXACTLY, length, &data, &size) == 0)
		length = size;
	wanted = strchr(request, '/') ? strtoul(strchr(request, '/') + 1, NULL, 10) : 0;
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nReceived: %zu\r\nConnection: close\r\n\r\n",
	         wanted, length);
	if ((code = cq_socket_write(socket, head, strlen(head))) != 0 || (code = send_body(socket, wanted)) != 0)
		report("answer", code, socket);
	return 0;
}

static void hang_up(void *socket)
{
	cq_socket_free(socket);
}

static int accept_all(void *listener)
{
	cq_socket *socket;
	int code;

	while ((code = cq_socket_accept(listener, &socket)) == 0) {
		set_up_socket(socket);
		must("task", cq_controller_wrap(controller, given.http ? answer : echo, hang_up, socket, NULL));
	}
	return code;
}

static int run_server(void)
{
	cq_socket *listener;
	cq_name name;

	must("listen", cq_socket_listen(options, &listener));
	must("listen", cq_socket_establish(listener));
	must("listen", cq_socket_localname(listener, &name));
	printf("listening on %s %d\n", name.text, name.port);
	fflush(stdout);
	if (given.datagrams && given.tls)
		must("listen", cq_socket_listen_tls(listener, tls, 100));
	else if (given.datagrams)
		set_up_socket(listener);
	bool alone = given.datagrams && !given.tls;
	must("task", cq_controller_wrap(controller, alone ? echo : accept_all, NULL, listener, NULL));
	return cq_controller_loop(controller, -1);
}

int main(int argc, char **argv)
{
	bool client;
	int letter;

	while ((letter = getopt(argc, argv, "tdu:a:n:c:k:v:p:r:")) >= 0) {
		switch (letter) {
		case 't': given.tls = true; break;
		case 'd': given.datagrams = true; break;
		case 'u': given.path = optarg; break;
		case 'a': given.authorities = optarg; break;
		case 'n': given.name = optarg; break;
		case 'c': given.certificate = optarg; break;
		case 'k': given.key = optarg; break;
		case 'v': given.verify = optarg; break;
		case 'p': given.protocols = optarg; break;
		case 'r': given.repeat = atoi(optarg); break;
		default: return 2;
		}
	}
	argv += optind;
	if (argc - optind < 2)
		return 2;
	client = argv[0][0] == 'l' || argv[0][0] == 'f';
	must("controller", cq_controller_new(&controller));
	if (given.tls)
		set_up_tls(client ? CQ_TLS_CLIENT : CQ_TLS_SERVER);
	set_up_options(argv[1], client ? atoi(argv[2] ? argv[2] : "0") : 0);
	given.http = argv[0][0] == 'h';
	if (!client)
		return run_server();
	read_input();
	while (given.repeat-- > 0)
		run_client(argv[0][0] == 'l');
	return 0;
}
