/* SPDX-License-Identifier: MIT */
/*
 * Bulk data on bare epoll: one connection at a time, 64 KiB a call, nothing copied twice.
 *
 *   bulk_epoll recv|send MEBIBYTES
 */

#include "peer.h"
#include "stream.h"
#include <sys/epoll.h>

static int epoll;
static size_t total;

static void add(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

static void wait_for_event(void)
{
	struct epoll_event event;

	while (epoll_wait(epoll, &event, 1, -1) != 1)
		;
}

/* False when the client has gone. */
static bool receive_all(int fd)
{
	static char data[CHUNK];
	size_t got = 0;

	add(fd, EPOLLIN);
	while (got < total) {
		ssize_t count = recv(fd, data, sizeof data, 0);

		if (count > 0)
			got += (size_t)count;
		if (count == 0 || (count < 0 && errno != EAGAIN))
			return false;
		if (count < (ssize_t)sizeof data && got < total)
			wait_for_event();
	}
	return send(fd, "k\n", 2, 0) == 2;
}

static bool send_all(int fd)
{
	size_t sent = 0;
	char go[2];

	add(fd, EPOLLIN);
	wait_for_event();
	if (recv(fd, go, 2, 0) != 2)
		return false;
	epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
	add(fd, EPOLLOUT);
	while (sent < total) {
		size_t from = sent % CHUNK;
		ssize_t count = send(fd, chunk() + from, CHUNK - from, 0);

		if (count > 0)
			sent += (size_t)count;
		else if (count < 0 && errno != EAGAIN)
			return false;
		if (count < (ssize_t)(CHUNK - from) && sent < total)
			wait_for_event();
	}
	return true;
}

int main(int argc, char **argv)
{
	int listener;

	if (argc < 3)
		return 2;
	prepare();
	total = strtoul(argv[2], NULL, 10) << 20;
	listener = listen_anywhere();
	for (;;) {
		int fd;

		epoll = epoll_create1(EPOLL_CLOEXEC);
		add(listener, EPOLLIN);
		wait_for_event();
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		epoll_ctl(epoll, EPOLL_CTL_DEL, listener, NULL);
		if (fd < 0 || !(argv[1][0] == 'r' ? receive_all(fd) : send_all(fd)))
			perror("client");
		close(fd);
		close(epoll);
	}
}
