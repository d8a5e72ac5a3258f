/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL keeps a queue of errors for each thread. What went wrong: calls of ours emptied it, so that a program that looked
 * there afterwards for the reason of a failure of its own found nothing, and a text that is not UTF-8 in it was CQ_EPANIC.
 */

#include "tls.h"

/* Two errors as a program leaves them. */
static void leave_errors(void)
{
	ERR_clear_error();
	ERR_put_error(ERR_LIB_USER, 0, 101, "program.c", 1);
	ERR_add_error_data(2, "of the ", "program");
	ERR_put_error(ERR_LIB_USER, 0, 102, "program.c", 2);
}

static int collect(const char *line, size_t size, void *text)
{
	(void)size;
	strncat((char *)text, line, 300);
	return 1;
}

/* They are there, and nothing else. */
static void find_errors(void)
{
	char text[2000] = "";
	unsigned long first = ERR_peek_error();

	EQ(ERR_GET_REASON(first), 101);
	EQ(ERR_GET_LIB(first), ERR_LIB_USER);
	EQ(ERR_GET_REASON(ERR_peek_last_error()), 102);
	ERR_print_errors_cb(collect, text);
	CHECK(strstr(text, "program.c:1:of the program\n") != NULL);
	CHECK(strstr(text, "program.c:2:") != NULL);
	CHECK(strchr(strchr(text, '\n') + 1, '\n')[1] == 0); /* two lines */
}

#define KEEPS(call, code) \
	do { \
		leave_errors(); \
		ERR((call), (code)); \
		find_errors(); \
		ERR((call), (code)); \
		EQ(ERR_peek_error(), 0); \
	} while (0)

TEST(setting_up_keeps_the_errors_of_the_program)
{
	cq_tls *tls;

	leave_errors();
	OK(cq_tls_new(CQ_TLS_ANY, &tls));
	find_errors();
	KEEPS(cq_tls_certificate(tls, certificate("server.pem"), certificate("server.key")), 0);
	KEEPS(cq_tls_certificate(tls, certificate("garbage.pem"), certificate("server.key")), CQ_ETLS);
	KEEPS(cq_tls_certificate(tls, certificate("server.pem"), certificate("client.key")), CQ_ETLS);
	KEEPS(cq_tls_authorities(tls, certificate("ca.pem")), 0);
	KEEPS(cq_tls_authorities(tls, certificate("garbage.pem")), CQ_ETLS);
	KEEPS(cq_tls_alpn(tls, "h2"), 0);
	KEEPS(cq_tls_name(tls, "localhost"), 0);
	leave_errors();
	cq_tls_free(tls);
	find_errors();
}

TEST(connections_keep_the_errors_of_the_program)
{
	cq_tls *server = server_with("server"), *client = client_for("ca", "localhost");
	struct ends ends = new_pair();
	const void *data;
	size_t size;

	ends.client_code = ends.server_code = EAGAIN;
	while (ends.client_code == EAGAIN || ends.server_code == EAGAIN) {
		leave_errors();
		ends.client_code = cq_socket_try_starttls(ends.client, client);
		ends.server_code = cq_socket_try_starttls(ends.server, server);
		find_errors();
	}
	OK(ends.client_code);
	OK(ends.server_code);
	KEEPS(recv_code(ends.server, CQ_READ_LINE, 0), EAGAIN);
	KEEPS(cq_socket_write(ends.client, "line\n", 5), 0);
	KEEPS(cq_socket_try_recv(ends.server, CQ_READ_LINE, 0, CQ_MODE_DEFAULT, 0, &data, &size), 0);
	KEEPS(cq_socket_shutdown(ends.client, SHUT_WR), 0);
	KEEPS(recv_code(ends.server, CQ_READ_LINE, 0), EPIPE);
	KEEPS(cq_socket_close(ends.server), 0);
	leave_errors();
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
	find_errors();
}

TEST(failures_leave_nothing_but_the_errors_of_the_program)
{
	cq_tls *server = server_with("untrusted"), *client = client_for("ca", "localhost");
	struct ends ends = new_pair();

	leave_errors();
	shake_hands(&ends, client, server);
	ERR(ends.client_code, CQ_ENOTVERIFIED);
	REASON(ends.client, "unable to get local issuer certificate"); /* not the program's */
	find_errors();
	KEEPS(cq_socket_try_starttls(ends.client, client), CQ_ENOTVERIFIED);
	KEEPS(recv_code(ends.server, CQ_READ_LINE, 0), CQ_ETLS);
	free_ends(&ends);
	cq_tls_free(client);
	cq_tls_free(server);
}

/* A file's name, say, that is no UTF-8. */
TEST(errors_of_the_program_may_say_anything)
{
	struct ends ends = secure_pair();

	ERR_put_error(ERR_LIB_USER, 0, 101, "program.c", 1);
	ERR_add_error_data(1, "caf\xe9");
	ERR(recv_code(ends.server, CQ_READ_LINE, 0), EAGAIN);
	exchange(&ends);
	free_ends(&ends);
}
