/* SPDX-License-Identifier: MIT */
/*
 * A name server in a fiber, for the tests of resolvers: it answers by the first label of a name.
 *
 *   silent...   not at all             cut...     a cut datagram, the rest over TCP
 *   no...       there is no such name  nodata...  it has no such record
 *   fail...     SERVFAIL               alias...   an alias of www.test, with its address
 *   slow...     after 50 milliseconds  local...   127.0.0.1 and ::1
 *   half...     127.0.0.1, and of ::1 nothing comes
 *   hangup...   a cut datagram, and the end of the connection
 *   large4097.. 4,097 bytes of records of a private type; a cut datagram where they are too many for one
 *   _www...     for SRV: www.test at port 80, and, less wanted, local.test at port 81
 *   _off...     for SRV: the service is not there
 *   1.2.0...    for PTR: www.test
 *   others      192.0.2.1 for A, nothing for other types
 */
#ifndef DNS_H
#define DNS_H

#include "fixture.h"

enum { TYPE_A = 1, TYPE_AAAA = 28, TYPE_PTR = 12, TYPE_MX = 15, TYPE_SRV = 33, TYPE_PRIVATE = 65280, TYPE_SVCB = 64, TYPE_HTTPS = 65, CLASS_IN = 1 };

struct nameserver {
	int datagrams, listener, port;
	/* How many came, of questions over each, and of those that are not to be answered. */
	int asked, streamed, silent;
};

UNUSED static void make_nonblocking(int fd)
{
	SYS(fcntl(fd, F_SETFL, O_NONBLOCK));
}

UNUSED static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in address;

	memset(&address, 0, sizeof address);
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

/* A listener at an address, at the port of another one. */
UNUSED static int listen_at(const char *host, int port, int backlog)
{
	struct sockaddr_in address = loopback(port);
	int fd = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));

	EQ(inet_pton(AF_INET, host, &address.sin_addr), 1);
	SYS(bind(fd, (struct sockaddr *)&address, sizeof address));
	SYS(listen(fd, backlog));
	return fd;
}

UNUSED static int port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t size = sizeof address;

	SYS(getsockname(fd, (struct sockaddr *)&address, &size));
	return ntohs(address.sin_port);
}

/* Sockets of both kinds at one port. */
UNUSED static void open_nameserver(struct nameserver *server)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof address;

	memset(server, 0, sizeof *server);
	for (;;) {
		server->listener = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));
		address.sin_port = 0;
		SYS(bind(server->listener, (struct sockaddr *)&address, sizeof address));
		SYS(listen(server->listener, 16));
		SYS(getsockname(server->listener, (struct sockaddr *)&address, &size));
		server->datagrams = (int)SYS(socket(AF_INET, SOCK_DGRAM, 0));
		if (bind(server->datagrams, (struct sockaddr *)&address, sizeof address) == 0)
			break;
		close(server->listener);
		close(server->datagrams);
	}
	server->port = ntohs(address.sin_port);
	make_nonblocking(server->listener);
	make_nonblocking(server->datagrams);
}

UNUSED static void close_nameserver(struct nameserver *server)
{
	SYS(close(server->datagrams));
	SYS(close(server->listener));
}

UNUSED static bool begins(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

UNUSED static void push_rdata(cq_dns_packet *reply, const char *name, unsigned type, const void *data, size_t size)
{
	OK(cq_dns_packet_push(reply, CQ_DNS_ANSWER, name, type, CLASS_IN, 60, data, size));
}

/* Adds answers of a private type until the message has this size. */
UNUSED static void fill_up(cq_dns_packet *reply, const char *name, size_t size)
{
	static const char zeros[100];
	const void *data;
	size_t filled, left;

	/* A record has 12 bytes beside its data, as its name is a pointer. */
	for (OK(cq_dns_packet_dump(reply, &data, &filled)); filled < size; filled += left) {
		left = size - filled < 100 ? size - filled : 50;
		push_rdata(reply, name, TYPE_PRIVATE, zeros, left - 12);
	}
	OK(cq_dns_packet_dump(reply, &data, &filled));
	EQ(filled, size);
}

/* What a test answers by itself: true if it did. */
static bool (*answered_by_test)(cq_dns_packet *reply, const char *name, unsigned type);

/* Makes the answer to a query; NULL for none. */
UNUSED static cq_dns_packet *answer_to(const void *query, size_t size, bool stream)
{
	cq_dns_packet *asked, *reply;
	cq_dns_record question;
	char name[1025];
	uint64_t cursor = 0;
	unsigned flags = 0x8180;

	OK(cq_dns_packet_parse(query, size, &asked));
	OK(cq_dns_packet_grep(asked, NULL, &cursor, &question));
	OK(cq_dns_record_name(&question, name, sizeof name, NULL));
	OK(cq_dns_packet_new(65535, &reply));
	OK(cq_dns_packet_set_qid(reply, cq_dns_packet_qid(asked)));
	OK(cq_dns_packet_push(reply, CQ_DNS_QUESTION, name, question.rtype, question.rclass, 0, NULL, 0));
	cq_dns_packet_free(asked);
	if (begins(name, "silent") || (begins(name, "half") && question.rtype != TYPE_A)) {
		cq_dns_packet_free(reply);
		return NULL;
	}
	if (answered_by_test && answered_by_test(reply, name, question.rtype))
		;
	else if (begins(name, "nodata"))
		;
	else if (begins(name, "large") && (stream || atoi(name + 5) < 65000))
		fill_up(reply, name, (size_t)atoi(name + 5));
	else if (begins(name, "large"))
		flags |= 0x200;
	else if (begins(name, "no"))
		flags |= 3;
	else if (begins(name, "fail"))
		flags |= 2;
	else if ((begins(name, "cut") || begins(name, "hangup")) && !stream)
		flags |= 0x200;
	else if (begins(name, "alias")) {
		push_rdata(reply, name, 5, "\3www\4test", 10);
		push_rdata(reply, "www.test", TYPE_A, "\300\0\2\1", 4);
	} else if ((begins(name, "local") || begins(name, "half")) && question.rtype == TYPE_A)
		push_rdata(reply, name, TYPE_A, "\177\0\0\1", 4);
	else if (begins(name, "local") && question.rtype == TYPE_AAAA)
		push_rdata(reply, name, TYPE_AAAA, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	else if (begins(name, "_www") && question.rtype == TYPE_SRV) {
		push_rdata(reply, name, TYPE_SRV, "\0\2\0\7\0\121\5local\4test", 18);
		push_rdata(reply, name, TYPE_SRV, "\0\1\0\7\0\120\3www\4test", 16);
	} else if (begins(name, "_off") && question.rtype == TYPE_SRV)
		push_rdata(reply, name, TYPE_SRV, "\0\0\0\0\0\0", 7);
	else if (begins(name, "1.2.0.") && question.rtype == TYPE_PTR)
		push_rdata(reply, name, TYPE_PTR, "\3www\4test", 10);
	else if (question.rtype == TYPE_A)
		push_rdata(reply, name, TYPE_A, "\300\0\2\1", 4);
	OK(cq_dns_packet_set_flags(reply, flags));
	return reply;
}

struct late_answer {
	struct nameserver *server;
	struct sockaddr_in to;
	char query[512];
	size_t size;
};

UNUSED static void answer_datagram(struct nameserver *server, const void *query, size_t size, struct sockaddr_in to)
{
	cq_dns_packet *reply = answer_to(query, size, false);
	const void *data;

	if (!reply) {
		server->silent++;
		return;
	}
	OK(cq_dns_packet_dump(reply, &data, &size));
	SYS(sendto(server->datagrams, data, size, 0, (struct sockaddr *)&to, sizeof to));
	cq_dns_packet_free(reply);
}

UNUSED static int answer_late(void *argument)
{
	struct late_answer *late = (struct late_answer *)argument;

	OK(cq_sleep(MS(50)));
	answer_datagram(late->server, late->query, late->size, late->to);
	return 0;
}

static cq_controller *serving;

/* Answers datagrams for ever. */
UNUSED static int serve_datagrams(void *argument)
{
	struct nameserver *server = (struct nameserver *)argument;

	for (;;) {
		char query[512];
		struct sockaddr_in from;
		socklen_t length = sizeof from;
		ssize_t size = recvfrom(server->datagrams, query, sizeof query, 0, (struct sockaddr *)&from, &length);

		if (size < 0) {
			cq_interest interest = on_fd(server->datagrams, POLLIN);

			OK(cq_poll(&interest, 1, NULL));
			continue;
		}
		server->asked++;
		if (size > 12 && memcmp(query + 13, "slow", 4) == 0) {
			struct late_answer *late = (struct late_answer *)malloc(sizeof *late);

			late->server = server;
			late->to = from;
			memcpy(late->query, query, (size_t)size);
			late->size = (size_t)size;
			OK(cq_controller_wrap(serving, answer_late, free, late, NULL));
			continue;
		}
		answer_datagram(server, query, (size_t)size, from);
	}
	return 0;
}

/* Reads so many bytes of a connection; false at its end. */
UNUSED static bool read_all(int fd, void *data, size_t size)
{
	char *at = (char *)data;

	while (size > 0) {
		ssize_t count = read(fd, at, size);
		cq_interest interest = on_fd(fd, POLLIN);

		if (count == 0 || (count < 0 && errno != EAGAIN))
			return false;
		if (count < 0) {
			OK(cq_poll(&interest, 1, NULL));
			continue;
		}
		at += count;
		size -= (size_t)count;
	}
	return true;
}

/* Writes all bytes to a connection, or as many as its peer takes before it goes. */
UNUSED static void write_all(int fd, const void *data, size_t size)
{
	const char *at = (const char *)data;

	while (size > 0) {
		ssize_t count = send(fd, at, size, MSG_NOSIGNAL);
		cq_interest interest = on_fd(fd, POLLOUT);

		if (count < 0 && (errno == ECONNRESET || errno == EPIPE))
			return;
		if (count < 0) {
			EQ(errno, EAGAIN);
			OK(cq_poll(&interest, 1, NULL));
			continue;
		}
		at += count;
		size -= (size_t)count;
	}
}

/* Answers connections for ever, one after the other. */
UNUSED static int serve_connections(void *argument)
{
	struct nameserver *server = (struct nameserver *)argument;

	for (;;) {
		unsigned char length[2], query[512];
		int fd = accept(server->listener, NULL, NULL);

		if (fd < 0) {
			cq_interest interest = on_fd(server->listener, POLLIN);

			OK(cq_poll(&interest, 1, NULL));
			continue;
		}
		make_nonblocking(fd);
		if (read_all(fd, length, 2) && length[0] < 2 &&
		    read_all(fd, query, (size_t)(length[0] << 8 | length[1])) && memcmp(query + 13, "hangup", 6) != 0) {
			size_t size = (size_t)(length[0] << 8 | length[1]);
			cq_dns_packet *reply = answer_to(query, size, true);
			const void *data;

			server->streamed++;
			if (reply) {
				OK(cq_dns_packet_dump(reply, &data, &size));
				length[0] = (unsigned char)(size >> 8);
				length[1] = (unsigned char)size;
				write_all(fd, length, 2);
				write_all(fd, data, size);
				cq_dns_packet_free(reply);
			}
		}
		OK(cq_cancel(fd));
		close(fd);
	}
	return 0;
}

/* Begins to serve in a controller. The server must be closed before the controller is freed. */
UNUSED static void serve(cq_controller *controller, struct nameserver *server)
{
	serving = controller;
	open_nameserver(server);
	OK(cq_controller_wrap(controller, serve_datagrams, NULL, server, NULL));
	OK(cq_controller_wrap(controller, serve_connections, NULL, server, NULL));
}

/* A server in a process of its own, which ends with the test; its port. */
UNUSED static int serve_elsewhere(void)
{
	static struct nameserver server;
	pid_t child;

	open_nameserver(&server);
	child = (pid_t)SYS(fork());
	if (child == 0) {
		cq_controller *controller = new_controller();

		serving = controller;
		OK(cq_controller_wrap(controller, serve_datagrams, NULL, &server, NULL));
		OK(cq_controller_wrap(controller, serve_connections, NULL, &server, NULL));
		cq_controller_loop(controller, -1);
		end_child(false);
	}
	SYS(close(server.datagrams));
	SYS(close(server.listener));
	return server.port;
}

/* A configuration that asks a server, with more lines of a resolv.conf. */
UNUSED static cq_dns_config *config_for(int port, const char *more)
{
	cq_dns_config *config;
	char text[500];
	int size = snprintf(text, sizeof text, "nameserver [127.0.0.1]:%d\n%s", port, more);

	CHECK(size > 0 && (size_t)size < sizeof text);
	OK(cq_dns_config_new(&config));
	OK(cq_dns_config_load(config, text, (size_t)size, CQ_DNS_RESOLV_CONF, "test"));
	return config;
}

UNUSED static cq_dns_hosts *hosts_of(const char *text)
{
	cq_dns_hosts *hosts;

	OK(cq_dns_hosts_new(&hosts));
	OK(cq_dns_hosts_load(hosts, text, strlen(text), "test"));
	return hosts;
}

/* A resolver that asks a server and knows no hosts. */
UNUSED static cq_dns_resolver *resolver_for(int port, const char *more)
{
	cq_dns_config *config = config_for(port, more);
	cq_dns_hosts *hosts = hosts_of("");
	cq_dns_resolver *resolver = NULL;

	OK(cq_dns_resolver_new(config, hosts, NULL, &resolver));
	cq_dns_config_free(config);
	cq_dns_hosts_free(hosts);
	return resolver;
}

UNUSED static cq_dns_resolvers *pool_for(int port, const char *more)
{
	cq_dns_config *config = config_for(port, more);
	cq_dns_hosts *hosts = hosts_of("");
	cq_dns_resolvers *pool = NULL;

	OK(cq_dns_resolvers_new(config, hosts, NULL, &pool));
	cq_dns_config_free(config);
	cq_dns_hosts_free(hosts);
	return pool;
}

/* Names of this thread are resolved by a server and a table of hosts. */
UNUSED static void configure(int port, const char *more, const char *table)
{
	cq_dns_config *config = config_for(port, more);
	cq_dns_hosts *hosts = hosts_of(table);

	OK(cq_dns_configure(config, hosts, NULL));
	cq_dns_config_free(config);
	cq_dns_hosts_free(hosts);
}

/* The text of the first answer; "" for none. */
UNUSED static const char *first_answer(const cq_dns_packet *packet)
{
	static char text[300];
	cq_dns_selector selector;
	cq_dns_record record;
	uint64_t cursor = 0;

	memset(&selector, 0, sizeof selector);
	selector.size = sizeof selector;
	selector.sections = CQ_DNS_ANSWER;
	text[0] = 0;
	if (cq_dns_packet_grep(packet, &selector, &cursor, &record) == 0)
		OK(cq_dns_record_format(&record, text, sizeof text, NULL));
	return text;
}

UNUSED static double now(void)
{
	return cq_monotime();
}

#endif
