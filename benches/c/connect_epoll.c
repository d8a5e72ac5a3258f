/* SPDX-License-Identifier: MIT */
/*
 * Short connections made, on bare epoll: connect, one line there and back, close.
 *
 *   connect_epoll PORT CONNECTIONS PARALLEL
 */

#include "peer.h"
#include "connect.h"
#include <sys/epoll.h>

static struct sockaddr_in server = { .sin_family = AF_INET };
static int epoll;

static void open_one(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd };

	if (fd < 0 || (connect(fd, (void *)&server, sizeof server) < 0 && errno != EINPROGRESS))
		die("connect");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

/* Whether the connection is over. */
static bool serve(int fd, uint32_t events)
{
	char data[LINE];

	if (events & EPOLLIN) {
		if (recv(fd, data, sizeof data, 0) != LINE || memcmp(data, line(), LINE) != 0)
			die("echo");
		close(fd);
		return true;
	}
	if (send(fd, line(), LINE, 0) != LINE)
		die("send");
	return false;
}

int main(int argc, char **argv)
{
	int connections, parallel, opened = 0, closed = 0;
	struct epoll_event events[256];

	if (argc < 4)
		return 2;
	prepare();
	server.sin_port = htons((uint16_t)atoi(argv[1]));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connections = atoi(argv[2]);
	parallel = atoi(argv[3]);
	begin_measuring();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	while (opened < parallel) {
		open_one();
		opened++;
	}
	while (closed < connections) {
		int count = epoll_wait(epoll, events, 256, 5000), i;

		if (count <= 0)
			die("the server stalls");
		for (i = 0; i < count; i++) {
			if (!serve(events[i].data.fd, events[i].events))
				continue;
			closed++;
			if (opened < connections) {
				open_one();
				opened++;
			}
		}
	}
	end_measuring(connections);
	return 0;
}
