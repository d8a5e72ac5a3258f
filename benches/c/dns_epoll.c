/* SPDX-License-Identifier: MIT */
/*
 * Questions asked by hand, over epoll, each for a new name from a socket of its own, PARALLEL at a time. It looks
 * at the id and at nothing else, and waits for ever.
 *
 *   dns_epoll PORT QUESTIONS PARALLEL
 */

#include "peer.h"
#include "connect.h"
#include "dns.h"
#include <sys/epoll.h>
#include <sys/random.h>

static struct sockaddr_in server = { .sin_family = AF_INET };
static uint16_t ids[65536]; /* by descriptor */
static int epoll, left, waiting;

static uint16_t random_id(void)
{
	static uint16_t words[128];
	static int stock;

	if (stock == 0) {
		if (getrandom(words, sizeof words, 0) != sizeof words)
			die("getrandom");
		stock = 128;
	}
	return words[--stock];
}

static size_t make_query(unsigned char *data, uint16_t id)
{
	char name[64], *label = name, *dot;
	size_t size = 12;

	name_of(name, sizeof name, left--);
	memcpy(data, "\0\0\1\0\0\1\0\0\0\0\0\0", 12);
	memcpy(data, &id, 2);
	for (; (dot = strchr(label, '.')); label = dot + 1) {
		data[size++] = (unsigned char)(dot - label);
		memcpy(data + size, label, (size_t)(dot - label));
		size += (size_t)(dot - label);
	}
	memcpy(data + size, "\0\0\1\0\1", 5);
	return size + 5;
}

static void ask(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	unsigned char data[512];
	size_t size;

	if (fd < 0 || fd > 65535 || connect(fd, (void *)&server, sizeof server) < 0)
		die("socket");
	ids[fd] = random_id();
	size = make_query(data, ids[fd]);
	if (send(fd, data, size, 0) != (ssize_t)size || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("send");
	waiting++;
}

/* Takes an answer, and asks for the next name. */
static void turn(int fd)
{
	unsigned char data[4096];
	ssize_t size = recv(fd, data, sizeof data, 0);

	if (size < 12 || memcmp(data, &ids[fd], 2) != 0 || data[7] != 1)
		die("answer");
	close(fd);
	waiting--;
	if (left > 0)
		ask();
}

int main(int argc, char **argv)
{
	struct epoll_event events[256];
	int questions, parallel, count, i;

	if (argc < 4)
		return 2;
	prepare();
	server.sin_port = htons((uint16_t)atoi(argv[1]));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	questions = left = atoi(argv[2]);
	parallel = atoi(argv[3]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	begin_measuring();
	for (i = 0; i < parallel; i++)
		ask();
	while (waiting > 0) {
		count = epoll_wait(epoll, events, 256, 5000);
		if (count <= 0)
			die("the server stalls");
		for (i = 0; i < count; i++)
			turn(events[i].data.fd);
	}
	end_measuring(questions);
	return 0;
}
