/* SPDX-License-Identifier: MIT */
/* What many tests need: controllers, connected sockets, a task that runs a function. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "check.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define UNUSED __attribute__((unused))

/* A milliseconds' worth of seconds. */
#define MS(n) ((n) / 1000.0)

UNUSED static cq_controller *new_controller(void)
{
	cq_controller *controller = NULL;

	OK(cq_controller_new(&controller));
	CHECK(controller != NULL);
	return controller;
}

UNUSED static cq_condition *new_condition(bool lifo)
{
	cq_condition *condition = NULL;

	OK(cq_condition_new(lifo, &condition));
	CHECK(condition != NULL);
	return condition;
}

UNUSED static cq_options *new_options(void)
{
	cq_options *options = NULL;

	OK(cq_options_new(&options));
	CHECK(options != NULL);
	return options;
}

/* Runs a controller until it has no tasks left. */
UNUSED static void run(cq_controller *controller)
{
	OK(cq_controller_loop(controller, -1));
	CHECK(cq_controller_empty(controller));
}

/* Steps a controller until something has come about. The test's deadline is the limit. */
#define UNTIL(condition, controller) \
	do { \
		while (!(condition)) \
			OK(cq_controller_step((controller), 1)); \
	} while (0)

/* Runs a function as the only fiber of a controller, to its end. */
UNUSED static void in_a_fiber(cq_function function, void *argument)
{
	cq_controller *cq = new_controller();

	OK(cq_controller_wrap(cq, function, NULL, argument, NULL));
	run(cq);
	cq_controller_free(cq);
}

UNUSED static cq_interest on_fd(int fd, uint32_t events)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.fd = fd;
	interest.events = events;
	return interest;
}

UNUSED static cq_interest on_time(double seconds)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.timeout = seconds;
	return interest;
}

UNUSED static cq_interest on_condition(const cq_condition *condition)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.condition = condition;
	return interest;
}

UNUSED static cq_interest on_socket(const cq_socket *socket, uint32_t events)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.socket = socket;
	interest.events = events;
	return interest;
}

/* For waiting in a callback. */
UNUSED static int park(cq_controller *controller, cq_task task, cq_interest interest)
{
	return cq_controller_park(controller, task, &interest, 1);
}

UNUSED static void set_modes(cq_socket *socket, const char *flags)
{
	uint32_t mode = cq_mode_parse(flags, strlen(flags));

	OK(cq_socket_set_mode(socket, CQ_INPUT, mode));
	OK(cq_socket_set_mode(socket, CQ_OUTPUT, mode));
}

/* Two connected UNIX sockets in binary mode without buffering. */
UNUSED static void pair(cq_socket **first, cq_socket **second)
{
	OK(cq_socket_pair(SOCK_STREAM, first, second));
	set_modes(*first, "bn");
	set_modes(*second, "bn");
}

/* A socket of ours and a plain blocking descriptor at the other end. */
UNUSED static cq_socket *half_pair(int *other)
{
	cq_socket *socket;
	int fds[2];

	SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	OK(cq_socket_adopt(fds[0], &socket));
	set_modes(socket, "bn");
	*other = fds[1];
	return socket;
}

/* A TCP listener on a free port of that host. */
UNUSED static cq_socket *listen_on(const char *host, int *port)
{
	cq_options *options = new_options();
	cq_socket *listener;
	cq_name name;

	OK(cq_options_host(options, host, 0));
	OK(cq_socket_listen(options, &listener));
	OK(cq_socket_establish(listener));
	OK(cq_socket_localname(listener, &name));
	*port = name.port;
	cq_options_free(options);
	return listener;
}

UNUSED static cq_socket *connect_to(const char *host, int port)
{
	cq_options *options = new_options();
	cq_socket *socket;

	OK(cq_options_host(options, host, port));
	OK(cq_socket_connect(options, &socket));
	cq_options_free(options);
	return socket;
}

/* A plain blocking TCP connection. */
UNUSED static int plain_connect(int port)
{
	struct sockaddr_in address;
	int fd = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));

	memset(&address, 0, sizeof address);
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SYS(connect(fd, (struct sockaddr *)&address, sizeof address));
	return fd;
}

/* A TCP socket of ours, accepted, and a plain descriptor at the other end. */
UNUSED static cq_socket *half_tcp(int *other)
{
	int port;
	cq_socket *listener = listen_on("127.0.0.1", &port), *accepted;

	*other = plain_connect(port);
	OK(cq_socket_accept(listener, &accepted));
	set_modes(accepted, "bn");
	cq_socket_free(listener);
	return accepted;
}

/* Closes a TCP descriptor so that the peer gets a reset. */
UNUSED static void reset_connection(int fd)
{
	struct linger linger = { 1, 0 };

	SYS(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
	SYS(close(fd));
}

UNUSED static void plain_write(int fd, const char *text)
{
	size_t size = strlen(text);

	EQ(write(fd, text, size), size);
}

/* Reads exactly what is expected from a plain descriptor. */
UNUSED static void plain_expect(int fd, const char *wanted)
{
	size_t size = strlen(wanted), got = 0;
	char data[4096];

	CHECK(size < sizeof data);
	while (got < size) {
		ssize_t count = read(fd, data + got, size - got);

		CHECK(count > 0);
		got += (size_t)count;
	}
	data[got] = 0;
	if (strcmp(data, wanted) != 0) {
		printf("       found '%s', not '%s'\n", data, wanted);
		CHECK(!"the right bytes");
	}
}

UNUSED static bool is_readable(int fd)
{
	struct pollfd record;

	record.fd = fd;
	record.events = POLLIN;
	return SYS(poll(&record, 1, 0)) == 1;
}

/* Reads a format and compares. */
#define READ(socket, format, count, wanted) \
	do { \
		const void *data_ = NULL; \
		size_t size_ = 0; \
		OK(cq_socket_read((socket), (format), (count), &data_, &size_)); \
		TEXT(data_, size_, wanted); \
	} while (0)

#define RECV(socket, format, count, wanted) \
	do { \
		const void *data_ = NULL; \
		size_t size_ = 0; \
		OK(cq_socket_try_recv((socket), (format), (count), CQ_MODE_DEFAULT, 0, &data_, &size_)); \
		TEXT(data_, size_, wanted); \
	} while (0)

/* The code of a read or receive that yields nothing. */
UNUSED static int read_code(cq_socket *socket, uint32_t format, size_t count)
{
	const void *data;
	size_t size;

	return cq_socket_read(socket, format, count, &data, &size);
}

UNUSED static int recv_code(cq_socket *socket, uint32_t format, size_t count)
{
	const void *data;
	size_t size;

	return cq_socket_try_recv(socket, format, count, CQ_MODE_DEFAULT, 0, &data, &size);
}

/* The CPU time that this process has taken. */
UNUSED static double cpu_seconds(void)
{
	struct rusage usage;

	SYS(getrusage(RUSAGE_SELF, &usage));
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* What `pick` goes on from: a test that plays at random sets it to the number of its game. */
UNUSED static unsigned long long pick_state;

/* A number from 0 that is below this one, at random. */
UNUSED static unsigned pick(unsigned below)
{
	pick_state = pick_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(pick_state >> 33) % below;
}

/* How many descriptors this process has open. */
UNUSED static int open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = -1; /* the folder's own */

	if (!folder)
		SKIP("no /proc/self/fd");
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2; /* . and .. */
}

/* Makes sure that so many descriptors can be open at once. */
UNUSED static void need_descriptors(rlim_t count)
{
	struct rlimit limit;

	SYS(getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_cur < count) {
		limit.rlim_cur = count;
		if (limit.rlim_max < count || setrlimit(RLIMIT_NOFILE, &limit) < 0)
			SKIP("too few descriptors allowed");
	}
}

/* Takes away all descriptors that are free; returns the limit as it was, for `allow_descriptors`. */
UNUSED static struct rlimit forbid_descriptors(void)
{
	struct rlimit limit, few;
	int lowest = (int)SYS(dup(0));

	if (slow())
		SKIP("valgrind has descriptors of its own");
	SYS(close(lowest));
	SYS(getrlimit(RLIMIT_NOFILE, &limit));
	few = limit;
	few.rlim_cur = (rlim_t)lowest;
	SYS(setrlimit(RLIMIT_NOFILE, &few));
	return limit;
}

UNUSED static void allow_descriptors(struct rlimit limit)
{
	SYS(setrlimit(RLIMIT_NOFILE, &limit));
}

/* Ends a child of a test. */
UNUSED static void end_child(bool well)
{
	if (well)
		check_vanish();
	_exit(1);
}

/* The status of a child that has ended or is about to: 0 if it did well. */
UNUSED static int wait_for_child(pid_t child)
{
	int status = -1;

	while (waitpid(child, &status, 0) < 0)
		CHECK(errno == EINTR);
	return status;
}

/* A path below the folder for temporary files, of one process alone. */
UNUSED static const char *temporary_path_of(pid_t process, const char *name)
{
	static char path[100];
	const char *folder = getenv("TMPDIR");

	snprintf(path, sizeof path, "%.60s/cqueues-%s-%ld", folder ? folder : "/tmp", name, (long)process);
	return path;
}

/* As `temporary_path_of`, of this process. */
UNUSED static const char *temporary_path(const char *name)
{
	return temporary_path_of(getpid(), name);
}

/* A release function that counts: the argument begins with the counter. */
UNUSED static void count_release(void *argument)
{
	++*(int *)argument;
}

/* A callback that parks on nothing that ever comes. */
UNUSED static int wait_for_ever(cq_controller *controller, cq_task task, void *argument,
                                const cq_fired *fired, size_t count)
{
	cq_interest nothing = CQ_INTEREST_NONE;

	(void)argument, (void)fired, (void)count;
	return cq_controller_park(controller, task, &nothing, 1);
}

/* A callback that ends at once. */
UNUSED static int end_at_once(cq_controller *controller, cq_task task, void *argument,
                              const cq_fired *fired, size_t count)
{
	(void)controller, (void)task, (void)argument, (void)fired, (void)count;
	return 0;
}

/* A callback that frees its controller. */
UNUSED static int free_its_controller(cq_controller *controller, cq_task task, void *argument,
                                      const cq_fired *fired, size_t count)
{
	(void)task, (void)argument, (void)fired, (void)count;
	cq_controller_free(controller);
	return 0;
}

/* A fiber that waits for ever. */
UNUSED static int sleep_for_ever(void *argument)
{
	(void)argument;
	return cq_sleep(-1);
}

#endif
