/* SPDX-License-Identifier: MIT */
/*
 * Datagrams of 1,400 bytes from one socket to another of the same thread, forty in each call.
 *
 *   datagrams_many plain|batch|segments COUNT
 *
 * plain: sendmmsg(2) and recvmmsg(2) alone. batch: cq_socket_try_send_batch and _recv_batch. segments: the same with
 * one buffer, which the kernel cuts, and joins where they arrive.
 */

#include "peer.h"
#include "connect.h"
#include <cqueues.h>
#include <fcntl.h>

enum { AT_ONCE = 40, SIZE = 1400, WHOLE = AT_ONCE * SIZE };

static char sent[WHOLE], came[AT_ONCE][65536];

static int bound(struct sockaddr_in *address)
{
	socklen_t size = sizeof *address;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 1 << 20;

	memset(address, 0, sizeof *address);
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)address, size) < 0 || getsockname(fd, (void *)address, &size) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) < 0)
		die("bind");
	return fd;
}

static void plain(int from, int to, long count)
{
	static struct mmsghdr out[AT_ONCE], in[AT_ONCE];
	static struct iovec pieces[AT_ONCE], rooms[AT_ONCE];
	int i;

	for (i = 0; i < AT_ONCE; i++) {
		pieces[i] = (struct iovec){ sent + i * SIZE, SIZE };
		rooms[i] = (struct iovec){ came[i], SIZE };
		out[i].msg_hdr.msg_iov = &pieces[i];
		in[i].msg_hdr.msg_iov = &rooms[i];
		out[i].msg_hdr.msg_iovlen = in[i].msg_hdr.msg_iovlen = 1;
	}
	for (; count > 0; count -= AT_ONCE) {
		int left = AT_ONCE;

		if (sendmmsg(from, out, AT_ONCE, 0) != AT_ONCE)
			die("sendmmsg");
		while (left > 0) {
			int got = recvmmsg(to, in, AT_ONCE, 0, NULL);

			if (got <= 0)
				die("recvmmsg");
			left -= got;
		}
	}
}

static void check(int code)
{
	if (code) {
		fprintf(stderr, "%s\n", cq_strerror(code));
		exit(1);
	}
}

static void ours(int from, int to, long count, bool segments)
{
	static cq_datagram out[AT_ONCE], in[AT_ONCE];
	size_t messages = segments ? 1 : AT_ONCE, done, i;
	cq_options *options;
	cq_socket *sender, *receiver;

	check(cq_socket_adopt(from, &sender));
	check(cq_socket_adopt(to, &receiver));
	check(cq_options_new(&options));
	check(cq_options_set(options, CQ_OPTION_SEGMENTS, segments));
	check(cq_socket_configure(receiver, options));
	cq_options_free(options);
	for (i = 0; i < AT_ONCE; i++) {
		out[i].data = sent + i * SIZE;
		out[i].size = segments ? WHOLE : SIZE;
		out[i].segment = segments ? SIZE : 0;
		in[i].data = came[i];
		in[i].size = sizeof came[i];
	}
	for (; count > 0; count -= AT_ONCE) {
		size_t left = WHOLE;

		check(cq_socket_try_send_batch(sender, out, messages, &done));
		if (done != messages)
			die("send");
		while (left > 0) {
			check(cq_socket_try_recv_batch(receiver, in, AT_ONCE, &done));
			for (i = 0; i < done; i++)
				left -= in[i].received;
		}
	}
	cq_socket_free(sender);
	cq_socket_free(receiver);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addresses[2];
	int from, to;
	long count;

	if (argc < 3)
		return 2;
	count = atol(argv[2]) / AT_ONCE * AT_ONCE;
	from = bound(&addresses[0]);
	to = bound(&addresses[1]);
	if (connect(from, (void *)&addresses[1], sizeof addresses[1]) < 0)
		die("connect");
	begin_measuring();
	if (strcmp(argv[1], "plain") == 0)
		plain(from, to, count);
	else
		ours(from, to, count, strcmp(argv[1], "segments") == 0);
	end_measuring((int)count);
	return 0;
}
