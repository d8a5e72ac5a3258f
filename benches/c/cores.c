/* SPDX-License-Identifier: MIT */
/*
 * Threads that do the same, each for itself: 32 pairs of connected sockets, on each a line that goes to and fro until the
 * time is over. How much more two threads do than one tells what they share.
 *
 *   cores fibers|epoll THREADS SECONDS
 */

#include "peer.h"
#include <cqueues.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <time.h>

enum { PAIRS = 32, LINE_SIZE = 64 };

static double limit;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void check(int code)
{
	if (code) {
		fprintf(stderr, "%s\n", cq_strerror(code));
		exit(1);
	}
}

struct end {
	cq_socket *socket;
	bool begins;
	long *rounds;
};

static int bounce(void *argument)
{
	static const char line[LINE_SIZE + 1] = "012345678901234567890123456789012345678901234567890123456789abc\n";
	struct end *end = argument;
	const void *got;
	size_t size;

	if (end->begins)
		check(cq_socket_write(end->socket, line, LINE_SIZE));
	while (!cq_socket_read(end->socket, CQ_READ_LINE_KEEP, 0, &got, &size)) {
		if (end->begins && ++*end->rounds % 256 == 0 && now() > limit)
			break;
		check(cq_socket_write(end->socket, got, size));
	}
	check(cq_socket_close(end->socket));
	return 0;
}

static long with_fibers(void)
{
	cq_controller *controller;
	struct end ends[2 * PAIRS];
	long rounds = 0;
	int i;

	check(cq_controller_new(&controller));
	for (i = 0; i < 2 * PAIRS; i++) {
		ends[i].begins = i % 2 == 0;
		ends[i].rounds = &rounds;
		if (ends[i].begins)
			check(cq_socket_pair(SOCK_STREAM, &ends[i].socket, &ends[i + 1].socket));
	}
	for (i = 0; i < 2 * PAIRS; i++)
		check(cq_controller_wrap(controller, bounce, NULL, &ends[i], NULL));
	check(cq_controller_loop(controller, -1));
	for (i = 0; i < 2 * PAIRS; i++)
		cq_socket_free(ends[i].socket);
	cq_controller_free(controller);
	return rounds;
}

static long with_epoll(void)
{
	struct epoll_event events[2 * PAIRS], event = { .events = EPOLLIN };
	int queue = epoll_create1(EPOLL_CLOEXEC), fds[2], i, count;
	static const char line[LINE_SIZE];
	char got[4096];
	long rounds = 0;

	for (i = 0; i < PAIRS; i++) {
		int j;

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0)
			die("socketpair");
		for (j = 0; j < 2; j++) {
			event.data.u64 = (uint64_t)fds[j] << 1 | (uint64_t)j;
			if (epoll_ctl(queue, EPOLL_CTL_ADD, fds[j], &event) < 0)
				die("epoll_ctl");
		}
		if (send(fds[0], line, sizeof line, 0) != sizeof line)
			die("send");
	}
	while (now() < limit) {
		count = epoll_wait(queue, events, 2 * PAIRS, -1);
		for (i = 0; i < count; i++) {
			int fd = (int)(events[i].data.u64 >> 1);
			ssize_t size = recv(fd, got, sizeof got, 0);

			if (size <= 0 || send(fd, got, (size_t)size, 0) != size)
				die("bounce");
			rounds += !(events[i].data.u64 & 1);
		}
	}
	return rounds;
}

static void *run(void *argument)
{
	return (void *)(argument ? with_epoll() : with_fibers());
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	void *how, *rounds;
	cpu_set_t processors;
	double begun;
	long all = 0;
	int i, count;

	if (argc < 4 || (count = atoi(argv[2])) < 1 || count > 64)
		return 2;
	how = strcmp(argv[1], "epoll") == 0 ? argv[1] : NULL;
	prepare();
	memset(&processors, 0xff, sizeof processors); /* also those that who started this has kept it from */
	if (sched_setaffinity(0, sizeof processors, &processors) < 0)
		die("sched_setaffinity");
	begun = now();
	limit = begun + atof(argv[3]);
	for (i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, run, how) != 0)
			die("thread");
	for (i = 0; i < count; i++) {
		pthread_join(threads[i], &rounds);
		all += (long)rounds;
	}
	printf("operations=%ld cpu=%.6f rate=%.0f\n", all, now() - begun, (double)all / (now() - begun));
	return 0;
}
