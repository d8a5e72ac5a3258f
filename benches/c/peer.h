/* SPDX-License-Identifier: MIT */
/*
 * What the echo servers of other event loops share, so that nothing but the loop differs: they
 * read whatever is there into one common buffer, send all complete lines back in one write, and
 * keep the rest of a line with its connection. A client that does not take its echo is dropped.
 */
#ifndef PEER_H
#define PEER_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Raises the limit of descriptors as far as it goes, and ignores broken pipes. */
static inline void prepare(void)
{
	struct rlimit limit;

	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* What the load generator waits for. */
static inline void announce(int port)
{
	printf("listening on 127.0.0.1 %d\n", port);
	fflush(stdout);
}

static inline int listen_anywhere(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)&address, size) < 0 || listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (void *)&address, &size) < 0)
		die("listen");
	announce(ntohs(address.sin_port));
	return fd;
}

/* TLS writes in small parts: a handshake's last one must not wait for the peer's acknowledgement. */
static inline void send_at_once(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		die("TCP_NODELAY");
}

/* The part of a line that has come, if any. */
struct rest {
	char *data;
	size_t size;
};

static char common[65536];

static inline bool keep_rest(struct rest *rest, const char *data, size_t size)
{
	if (size > 0 && !(rest->data = realloc(rest->data, size)))
		return false;
	if (size > 0)
		memcpy(rest->data, data, size);
	rest->size = size;
	return true;
}

/* Serves a connection that is readable. False when it is over. */
static inline bool echo_lines(int fd, struct rest *rest)
{
	size_t have = rest->size, lines;
	ssize_t count;
	char *end;

	memcpy(common, rest->data ? rest->data : "", have);
	count = recv(fd, common + have, sizeof common - have, 0);
	if (count <= 0)
		return count < 0 && errno == EAGAIN;
	have += (size_t)count;
	end = memrchr(common, '\n', have);
	lines = end ? (size_t)(end + 1 - common) : 0;
	if (lines > 0 && send(fd, common, lines, 0) != (ssize_t)lines)
		return false;
	return keep_rest(rest, common + lines, have - lines) && have - lines < sizeof common;
}

#endif
