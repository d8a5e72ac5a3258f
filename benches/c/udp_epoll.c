/* SPDX-License-Identifier: MIT */
/*
 * A UDP echo server on bare epoll.
 *
 *   udp_epoll single      recvfrom and sendto
 *   udp_epoll batched     recvmmsg and sendmmsg, up to 32 datagrams a call
 */

#include "peer.h"
#include "udp.h"
#include <sys/epoll.h>

static void serve_single(int fd)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof from;
	char data[ROOM];
	ssize_t size;

	while ((size = recvfrom(fd, data, sizeof data, 0, (void *)&from, &length)) >= 0) {
		sendto(fd, data, (size_t)size, 0, (void *)&from, length);
		length = sizeof from;
	}
}

static void serve_batched(int fd)
{
	static struct sockaddr_storage from[BATCH];
	static char data[BATCH][ROOM];
	static struct iovec parts[BATCH];
	static struct mmsghdr list[BATCH];
	int count, i;

	do {
		for (i = 0; i < BATCH; i++) {
			parts[i].iov_base = data[i];
			parts[i].iov_len = ROOM;
			list[i].msg_hdr.msg_iov = &parts[i];
			list[i].msg_hdr.msg_iovlen = 1;
			list[i].msg_hdr.msg_name = &from[i];
			list[i].msg_hdr.msg_namelen = sizeof from[i];
		}
		count = recvmmsg(fd, list, BATCH, 0, NULL);
		for (i = 0; i < count; i++)
			parts[i].iov_len = list[i].msg_len;
		if (count > 0)
			sendmmsg(fd, list, (unsigned)count, 0);
	} while (count == BATCH);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN };
	socklen_t size = sizeof address;
	int epoll = epoll_create1(EPOLL_CLOEXEC), fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (argc < 2)
		return 2;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)&address, size) < 0 || getsockname(fd, (void *)&address, &size) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("bind");
	announce(ntohs(address.sin_port));
	for (;;) {
		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (argv[1][0] == 'b')
			serve_batched(fd);
		else
			serve_single(fd);
	}
}
