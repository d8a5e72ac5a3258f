/* SPDX-License-Identifier: MIT */
/*
 * Gets a page over HTTPS: the server's certificate must be valid and name the host.
 *
 *   get [HOST [PORT [PATH [AUTHORITIES]]]]       a PEM file, instead of the system's authorities
 */

#include <cqueues.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static cq_socket *http;

static void check(int error, const char *what)
{
	char reason[512] = "";

	if (!error)
		return;
	cq_socket_reason(http, reason, sizeof reason);
	fprintf(stderr, "%s: %s\n", what, *reason ? reason : cq_strerror(error));
	exit(1);
}

static void send_request(const char *host, const char *path)
{
	char request[2048];
	int size = snprintf(request, sizeof request, "GET %s HTTP/1.0\nHost: %s\n\n", path, host);

	if (size >= (int)sizeof request)
		check(EMSGSIZE, path);
	check(cq_socket_write(http, request, (size_t)size), "write"); /* in text mode, LF becomes CRLF */
}

static void show_answer(void)
{
	const void *data;
	size_t size;
	int error;

	check(cq_socket_read(http, CQ_READ_LINE, 0, &data, &size), "read");
	do
		printf("%.*s\n", (int)size, (const char *)data);
	while (!(error = cq_socket_read(http, CQ_READ_HEADER, 0, &data, &size)) && data);
	check(error, "read");
	cq_socket_set_mode(http, CQ_INPUT, cq_mode_parse("b", 1)); /* the body as it is, with its empty line */
	while (!(error = cq_socket_read(http, CQ_READ_UP_TO, 65536, &data, &size)))
		fwrite(data, 1, size, stdout);
	if (error != EPIPE) /* CQ_ETRUNCATED: it was cut short */
		check(error, "read");
}

int main(int argc, char **argv)
{
	const char *host = argc > 1 ? argv[1] : "localhost";
	cq_options *options;
	cq_tls *tls;

	check(cq_options_new(&options), "options");
	check(cq_options_host(options, host, argc > 2 ? atoi(argv[2]) : 443), host);
	check(cq_socket_connect(options, &http), host);
	check(cq_socket_set_timeout(http, 30), "timeout");

	check(cq_tls_new(CQ_TLS_CLIENT, &tls), "TLS"); /* verifies chain and name */
	if (argc > 4)
		check(cq_tls_authorities(tls, argv[4]), argv[4]);
	check(cq_socket_starttls(http, tls), "starttls");

	send_request(host, argc > 3 ? argv[3] : "/");
	show_answer();
	cq_socket_free(http);
	cq_tls_free(tls);
	cq_options_free(options);
	return 0;
}
