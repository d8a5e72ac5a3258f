/* SPDX-License-Identifier: MIT */
/*
 * Questions asked on c-ares, over epoll, each for a new name, PARALLEL at a time. c-ares keeps one socket for
 * all that are under way.
 *
 *   dns_cares PORT QUESTIONS PARALLEL
 */

#include "peer.h"
#include "connect.h"
#include "dns.h"
#include <ares.h>
#include <arpa/nameser.h>
#include <sys/epoll.h>

static ares_channel channel;
static int epoll, left, waiting;

static void ask(void);

static void answered(void *argument, int status, int timeouts, unsigned char *data, int size)
{
	(void)argument, (void)timeouts;
	if (status != ARES_SUCCESS || size < 12 || data[7] != 1)
		die("answer");
	waiting--;
	if (left > 0)
		ask();
}

static void ask(void)
{
	char name[64];

	name_of(name, sizeof name, left--);
	waiting++;
	ares_query(channel, name, ns_c_in, ns_t_a, answered, NULL);
}

static void watch(void *data, ares_socket_t fd, int readable, int writable)
{
	struct epoll_event event = { .data.fd = fd };

	(void)data;
	event.events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
	if (!event.events)
		epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) < 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

int main(int argc, char **argv)
{
	struct ares_options options = { .flags = ARES_FLAG_NOSEARCH, .sock_state_cb = watch, .lookups = (char[]){ "b" } };
	struct epoll_event events[64];
	char server[40];
	int questions, parallel, i;

	if (argc < 4)
		return 2;
	prepare();
	snprintf(server, sizeof server, "127.0.0.1:%s", argv[1]);
	questions = left = atoi(argv[2]);
	parallel = atoi(argv[3]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ares_library_init(ARES_LIB_INIT_ALL) || ares_init_options(&channel, &options, ARES_OPT_FLAGS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS) ||
	    ares_set_servers_ports_csv(channel, server))
		die("c-ares");
	begin_measuring();
	for (i = 0; i < parallel; i++)
		ask();
	while (waiting > 0) {
		struct timeval room, *limit = ares_timeout(channel, NULL, &room);
		int count = epoll_wait(epoll, events, 64, limit ? (int)(limit->tv_sec * 1000 + limit->tv_usec / 1000) : -1);

		if (count == 0)
			ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
		for (i = 0; i < count; i++)
			ares_process_fd(channel, events[i].events & EPOLLIN ? events[i].data.fd : ARES_SOCKET_BAD,
			                events[i].events & EPOLLOUT ? events[i].data.fd : ARES_SOCKET_BAD);
	}
	end_measuring(questions);
	return 0;
}
