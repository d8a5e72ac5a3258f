/* SPDX-License-Identifier: MIT */
/* Descriptors that are passed over UNIX sockets, and who is at the other end of one. */

#include "fixture.h"
#include <sys/stat.h>

/* Whether two descriptors are the same open file. */
static bool same_file(int first, int second)
{
	struct stat a, b;

	SYS(fstat(first, &a));
	SYS(fstat(second, &b));
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int temporary_file(const char *text)
{
	char path[] = "/tmp/cqueues-XXXXXX";
	int fd = (int)SYS(mkstemp(path));

	SYS(unlink(path));
	plain_write(fd, text);
	SYS(lseek(fd, 0, SEEK_SET));
	return fd;
}

/* What the tests do with raw sendmsg(2): bytes with any number of descriptors in one message. */
static void send_descriptors(int to, const char *text, const int *fds, size_t count)
{
	size_t size = CMSG_SPACE(count * sizeof *fds);
	struct msghdr message;
	struct iovec part;
	char *control = calloc(1, size);

	memset(&message, 0, sizeof message);
	part.iov_base = (void *)(uintptr_t)text;
	part.iov_len = strlen(text);
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	if (count > 0) {
		struct cmsghdr *header;

		message.msg_control = control;
		message.msg_controllen = size;
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof *fds);
		memcpy(CMSG_DATA(header), fds, count * sizeof *fds);
	}
	EQ(SYS(sendmsg(to, &message, 0)), part.iov_len);
	free(control);
}

/* Receives bytes and compares; returns the descriptor that came. */
#define RECVFD(socket, wanted, fd) \
	do { \
		char room_[100]; \
		size_t size_ = 77; \
		OK(cq_socket_recvfd((socket), room_, sizeof room_, &size_, (fd))); \
		TEXT(room_, size_, wanted); \
	} while (0)

TEST(null_and_what_makes_no_sense_is_refused)
{
	cq_socket *socket, *other;
	size_t size = 77;
	char room[10];
	int fd = 77;

	pair(&socket, &other);
	ERR(cq_socket_try_sendfd(NULL, "x", 1, 0), EINVAL);
	ERR(cq_socket_try_sendfd(socket, NULL, 1, 0), EINVAL);
	ERR(cq_socket_try_sendfd(socket, "x", 0, 0), EINVAL); /* a descriptor travels with a byte */
	ERR(cq_socket_try_sendfd(socket, "x", 1, 12345), EBADF);
	ERR(cq_socket_sendfd(NULL, "x", 1, 0), EINVAL);
	ERR(cq_socket_sendfd(socket, NULL, 1, 0), EINVAL);
	ERR(cq_socket_sendfd(socket, "x", 0, 0), EINVAL);
	ERR(cq_socket_sendfd(socket, "x", 1, 12345), EBADF);
	ERR(cq_socket_try_recvfd(NULL, room, 10, &size, &fd), EINVAL);
	ERR(cq_socket_try_recvfd(socket, NULL, 10, &size, &fd), EINVAL);
	ERR(cq_socket_try_recvfd(socket, room, 10, NULL, &fd), EINVAL);
	ERR(cq_socket_try_recvfd(socket, room, 10, &size, NULL), EINVAL);
	ERR(cq_socket_recvfd(NULL, room, 10, &size, &fd), EINVAL);
	ERR(cq_socket_recvfd(socket, NULL, 10, &size, &fd), EINVAL);
	ERR(cq_socket_recvfd(socket, room, 10, NULL, &fd), EINVAL);
	ERR(cq_socket_recvfd(socket, room, 10, &size, NULL), EINVAL);
	ERR(cq_socket_try_recvfd(other, room, 10, &size, &fd), EAGAIN); /* nothing was sent */
	EQ(cq_socket_events(other), POLLIN);
	EQ(size, 77);
	EQ(fd, 77);
	cq_socket_free(socket);
	cq_socket_free(other);
}

static void passes_a_file(int type)
{
	int before = open_descriptors(), file = temporary_file("contents"), got = -2;
	cq_socket *first, *second;

	OK(cq_socket_pair(type, &first, &second));
	OK(cq_socket_sendfd(first, "a file", 6, file));
	RECVFD(second, "a file", &got);
	CHECK(got >= 0 && got != file);
	CHECK(same_file(got, file));
	CHECK(fcntl(got, F_GETFD) & FD_CLOEXEC);
	CHECK(!(fcntl(file, F_GETFD) & FD_CLOEXEC)); /* the sender keeps its own */
	plain_expect(got, "contents");
	SYS(close(file));
	SYS(close(got));
	OK(cq_socket_sendfd(first, "none", 4, -1));
	RECVFD(second, "none", &got);
	EQ(got, -1);
	cq_socket_free(first);
	cq_socket_free(second);
	EQ(open_descriptors(), before);
}

TEST(a_file_is_passed_with_its_bytes)
{
	passes_a_file(SOCK_STREAM);
	passes_a_file(SOCK_DGRAM);
	passes_a_file(SOCK_SEQPACKET);
}

TEST(a_socket_is_passed_and_works)
{
	cq_socket *first, *second, *passed;
	int fds[2], got = -1;

	pair(&first, &second);
	SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	OK(cq_socket_sendfd(first, "x", 1, fds[0]));
	SYS(close(fds[0])); /* it lives on while it travels */
	RECVFD(second, "x", &got);
	OK(cq_socket_adopt(got, &passed));
	set_modes(passed, "bn");
	plain_write(fds[1], "hello\n");
	READ(passed, CQ_READ_LINE, 0, "hello");
	OK(cq_socket_write(passed, "back", 4));
	plain_expect(fds[1], "back");
	cq_socket_free(passed);
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(a_socket_can_be_passed_through_itself)
{
	cq_socket *first, *second;
	int got = -1;

	pair(&first, &second);
	OK(cq_socket_sendfd(first, "x", 1, cq_socket_pollfd(first)));
	RECVFD(second, "x", &got);
	CHECK(same_file(got, cq_socket_pollfd(first)));
	SYS(close(got));
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(many_descriptors_are_passed_one_after_the_other)
{
	int before = open_descriptors(), i, fds[50], got = -1;
	cq_socket *first, *second;
	char byte;

	OK(cq_socket_pair(SOCK_STREAM, &first, &second));
	for (i = 0; i < 50; i++) {
		fds[i] = temporary_file("x");
		OK(cq_socket_try_sendfd(first, "x", 1, fds[i]));
	}
	for (i = 0; i < 50; i++) {
		size_t size;

		OK(cq_socket_try_recvfd(second, &byte, 1, &size, &got));
		EQ(size, 1);
		CHECK(same_file(got, fds[i]));
		SYS(close(got));
		SYS(close(fds[i]));
	}
	cq_socket_free(first);
	cq_socket_free(second);
	EQ(open_descriptors(), before);
}

static int refusal(cq_socket *socket, size_t room)
{
	int fd = 77, code;
	size_t size = 77;
	char data[100];

	code = cq_socket_try_recvfd(socket, data, room, &size, &fd);
	EQ(fd, 77);
	EQ(size, 77);
	return code;
}

static void spoils(int type, size_t count, size_t room)
{
	int before = open_descriptors(), zero = (int)SYS(open("/dev/zero", O_RDONLY)), raw, got = -1;
	int *fds = malloc((count + 1) * sizeof *fds);
	cq_socket *first, *second;
	size_t i;

	for (i = 0; i <= count; i++)
		fds[i] = zero;
	OK(cq_socket_pair(type, &first, &second));
	raw = cq_socket_pollfd(first);
	send_descriptors(raw, "too much", fds, count);
	send_descriptors(raw, "after", fds, 1);
	ERR(refusal(second, room), ENOBUFS);
	EQ(open_descriptors(), before + 3); /* none of them is left open: /dev/zero and the pair */
	if (type == SOCK_STREAM && room < 8) { /* of a stream, what had no room is still there */
		char data[100];
		size_t size;

		OK(cq_socket_recvfd(second, data, 8 - room, &size, &got));
		EQ(size, 8 - room);
		EQ(got, -1);
	}
	RECVFD(second, "after", &got);
	CHECK(same_file(got, zero));
	SYS(close(got));
	SYS(close(zero));
	cq_socket_free(first);
	cq_socket_free(second);
	EQ(open_descriptors(), before);
	free(fds);
}

TEST(more_than_one_descriptor_is_refused_and_none_leaks)
{
	static const size_t counts[] = { 2, 3, 11, 12, 13, 14, 20, 253 };
	size_t i;

	for (i = 0; i < COUNT(counts); i++) {
		spoils(SOCK_STREAM, counts[i], 100);
		spoils(SOCK_DGRAM, counts[i], 100);
		spoils(SOCK_SEQPACKET, counts[i], 100);
	}
}

TEST(three_hundred_descriptors_in_two_messages_are_refused_and_none_leaks)
{
	int before = open_descriptors(), zero = (int)SYS(open("/dev/zero", O_RDONLY)), fds[150], i;
	cq_socket *first, *second;

	for (i = 0; i < 150; i++)
		fds[i] = zero;
	pair(&first, &second);
	for (i = 0; i < 2; i++)
		send_descriptors(cq_socket_pollfd(first), "x", fds, 150);
	ERR(refusal(second, 100), ENOBUFS);
	ERR(refusal(second, 100), ENOBUFS);
	EQ(open_descriptors(), before + 3);
	ERR(refusal(second, 100), EAGAIN);
	for (i = 0; i < 2; i++)
		send_descriptors(cq_socket_pollfd(first), "x", fds, 150);
	cq_socket_free(second); /* nor do those that nobody has received */
	cq_socket_free(first);
	EQ(open_descriptors(), before + 1);
}

TEST(a_message_that_has_no_room_is_refused_and_its_descriptor_does_not_leak)
{
	spoils(SOCK_DGRAM, 1, 4);
	spoils(SOCK_SEQPACKET, 1, 4);
	spoils(SOCK_DGRAM, 0, 4);
	spoils(SOCK_STREAM, 2, 4);
}

TEST(without_free_descriptors_none_is_received_and_none_leaks)
{
	int zero = (int)SYS(open("/dev/zero", O_RDONLY)), got = 77;
	cq_socket *first, *second;
	struct rlimit limit;
	size_t size = 77;
	char byte;
	int code;

	pair(&first, &second);
	OK(cq_socket_sendfd(first, "x", 1, zero));
	limit = forbid_descriptors();
	code = cq_socket_try_recvfd(second, &byte, 1, &size, &got);
	allow_descriptors(limit);
	CHECK(code == ENOBUFS || code == EMFILE);
	EQ(got, 77);
	OK(cq_socket_sendfd(first, "y", 1, zero));
	RECVFD(second, "y", &got);
	CHECK(same_file(got, zero));
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(the_end_of_the_stream_is_a_broken_pipe)
{
	cq_socket *first, *second;
	int got = 77;
	size_t size;
	char byte;

	pair(&first, &second);
	OK(cq_socket_sendfd(first, "last", 4, 0));
	cq_socket_free(first);
	RECVFD(second, "last", &got);
	SYS(close(got));
	got = 77;
	ERR(cq_socket_recvfd(second, &byte, 1, &size, &got), EPIPE);
	EQ(got, 77);
	ERR(cq_socket_sendfd(second, "x", 1, 0), EPIPE);
	cq_socket_free(second);
}

TEST(reads_and_descriptors_take_turns)
{
	cq_socket *first, *second;
	int got = -1;

	pair(&first, &second);
	OK(cq_socket_write(first, "a line\n", 7));
	READ(second, CQ_READ_LINE, 0, "a line");
	OK(cq_socket_sendfd(first, "fd\n", 3, 0));
	RECVFD(second, "fd\n", &got);
	CHECK(same_file(got, 0));
	SYS(close(got));
	OK(cq_socket_write(first, "bytes", 5));
	RECVFD(second, "bytes", &got);
	EQ(got, -1);
	OK(cq_socket_sendfd(first, "another line\n", 13, 0));
	READ(second, CQ_READ_LINE, 0, "another line"); /* whoever reads loses the descriptor */
	cq_socket_free(first);
	cq_socket_free(second);
}

TEST(a_descriptor_that_a_read_passes_over_does_not_leak)
{
	int before = open_descriptors();
	cq_socket *first, *second;

	pair(&first, &second);
	OK(cq_socket_sendfd(first, "a line\n", 7, 0));
	READ(second, CQ_READ_LINE, 0, "a line");
	cq_socket_free(first);
	cq_socket_free(second);
	EQ(open_descriptors(), before);
}

TEST(other_sockets_pass_no_descriptors)
{
	cq_socket *socket;
	int other;

	/* TCP would send the byte and drop the descriptor without a word. */
	socket = half_tcp(&other);
	ERR(cq_socket_try_sendfd(socket, "x", 1, 0), EOPNOTSUPP);
	OK(cq_socket_try_sendfd(socket, "plain", 5, -1));
	plain_expect(other, "plain");
	cq_socket_free(socket);
}

/* -- waiting -- */

TEST(passing_descriptors_times_out)
{
	cq_socket *first, *second;
	double begun = cq_monotime();
	int got = 77, code;
	size_t size;
	char byte;

	pair(&first, &second);
	OK(cq_socket_set_timeout(first, MS(10)));
	OK(cq_socket_set_timeout(second, MS(10)));
	ERR(cq_socket_recvfd(second, &byte, 1, &size, &got), ETIMEDOUT);
	CHECK(cq_monotime() - begun >= MS(10));
	while ((code = cq_socket_try_sendfd(first, "x", 1, -1)) == 0)
		;
	ERR(code, EAGAIN);
	EQ(cq_socket_events(first), POLLOUT);
	ERR(cq_socket_sendfd(first, "x", 1, 0), ETIMEDOUT);
	OK(cq_socket_recvfd(second, &byte, 1, &size, &got)); /* what was sent is there */
	EQ(byte, 'x');
	EQ(got, -1);
	cq_socket_free(first);
	cq_socket_free(second);
}

struct passing {
	cq_socket *socket;
	int count;
};

static int pass_many(void *argument)
{
	struct passing *passing = argument;
	int i;

	for (i = 0; i < passing->count; i++)
		OK(cq_socket_sendfd(passing->socket, "x", 1, 0));
	OK(cq_socket_shutdown(passing->socket, SHUT_WR));
	return 0;
}

static int take_many(void *argument)
{
	struct passing *passing = argument;
	int got, code;
	size_t size;
	char byte;

	while ((code = cq_socket_recvfd(passing->socket, &byte, 1, &size, &got)) == 0) {
		CHECK(same_file(got, 0));
		SYS(close(got));
		passing->count--;
	}
	ERR(code, EPIPE);
	return 0;
}

TEST(fibers_pass_descriptors_to_each_other)
{
	int before = open_descriptors(), count = slow() ? 100 : 5000;
	cq_controller *cq = new_controller();
	struct passing giver, taker;

	pair(&giver.socket, &taker.socket);
	giver.count = taker.count = count;
	OK(cq_controller_wrap(cq, pass_many, NULL, &giver, NULL));
	OK(cq_controller_wrap(cq, take_many, NULL, &taker, NULL));
	run(cq);
	EQ(taker.count, 0);
	cq_controller_free(cq);
	cq_socket_free(giver.socket);
	cq_socket_free(taker.socket);
	EQ(open_descriptors(), before);
}

TEST(a_closed_socket_passes_nothing)
{
	cq_socket *first, *second;
	size_t size;
	char byte;
	int fd;

	pair(&first, &second);
	OK(cq_socket_close(first));
	ERR(cq_socket_try_sendfd(first, "x", 1, 0), EBADF);
	ERR(cq_socket_sendfd(first, "x", 1, 0), EBADF);
	ERR(cq_socket_try_recvfd(first, &byte, 1, &size, &fd), EBADF);
	ERR(cq_socket_recvfd(first, &byte, 1, &size, &fd), EBADF);
	cq_socket_free(first);
	cq_socket_free(second);
}

/* -- who is there -- */

TEST(a_unix_peer_of_any_type_tells_who_it_is)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	uint32_t user, group;
	cq_socket *first, *second;
	size_t i;
	int pid;

	for (i = 0; i < COUNT(types); i++) {
		user = group = 77777;
		OK(cq_socket_pair(types[i], &first, &second));
		OK(cq_socket_peereid(first, &user, &group));
		OK(cq_socket_peerpid(first, &pid));
		EQ(user, geteuid());
		EQ(group, getegid());
		EQ(pid, getpid());
		cq_socket_free(first);
		cq_socket_free(second);
	}
}
