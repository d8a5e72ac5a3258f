/* SPDX-License-Identifier: MIT */
/*
 * Each allocation of a scenario fails once. What went wrong: memory that could not be had ended the process, also where it
 * grows with tasks, waits and descriptors. Whatever allocation fails, the call that needed it answers ENOMEM, or goes
 * without; everything else goes on and can be freed, and nothing leaks. What may end the process all the same stands in
 * docs/memory.md, and here as a number for each scenario: more fail the test.
 */

#include "tls.h"
#include <sys/stat.h>

/* -- an allocator that fails -- */

extern void *__libc_malloc(size_t size) __attribute__((weak));
extern void *__libc_calloc(size_t count, size_t size) __attribute__((weak));
extern void *__libc_realloc(void *old, size_t size) __attribute__((weak));
extern void *__libc_memalign(size_t alignment, size_t size) __attribute__((weak));
extern void __libc_free(void *old) __attribute__((weak));

static volatile long counted, failing, living;
static volatile int counting;

#if !SANITIZED && defined(__GLIBC__)
#define FAILS 1

static int fails(void)
{
	if (!counting || __atomic_add_fetch(&counted, 1, __ATOMIC_RELAXED) != failing)
		return 0;
	errno = ENOMEM;
	return 1;
}

static void *count_living(void *made)
{
	if (made)
		__atomic_add_fetch(&living, 1, __ATOMIC_RELAXED);
	return made;
}

void *malloc(size_t size)
{
	return fails() ? NULL : count_living(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : count_living(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	void *made;

	if (fails())
		return NULL;
	made = __libc_realloc(old, size);
	if (!old)
		count_living(made);
	return made;
}

int posix_memalign(void **place, size_t alignment, size_t size)
{
	void *made = fails() ? NULL : count_living(__libc_memalign(alignment, size));

	if (!made)
		return ENOMEM;
	*place = made;
	return 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : count_living(__libc_memalign(alignment, size));
}

void free(void *old)
{
	if (old)
		__atomic_sub_fetch(&living, 1, __ATOMIC_RELAXED);
	__libc_free(old);
}
#else
#define FAILS 0
#endif

/* -- scenarios: 0, or ENOMEM for one that a call has answered so -- */

/* Ends a scenario at the call that has no memory; nothing else may go wrong. */
#define TRY(call) \
	do { \
		int code_ = (call); \
		if (code_ == ENOMEM) { \
			result = ENOMEM; \
			goto out; \
		} \
		ERR(code_, 0); \
	} while (0)

static int yield_once(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	cq_interest soon = on_time(0);

	(void)fired;
	++*(int *)argument;
	return count == 0 ? cq_controller_park(cq, task, &soon, 1) : 0;
}

static int many_callbacks(void)
{
	cq_controller *cq = NULL;
	int result = 0, i, runs = 0;

	TRY(cq_controller_new(&cq));
	for (i = 0; i < 1000; i++)
		TRY(cq_controller_attach(cq, yield_once, NULL, &runs, NULL));
	while (!cq_controller_empty(cq))
		TRY(cq_controller_step(cq, -1));
	EQ(runs, 2000);
out:
	cq_controller_free(cq);
	return result;
}

/* So many that the later ones lie in buckets, which are spread over others when their time comes. */
enum { SLEEPERS = 700 };

struct sleeper {
	int place; /* in the order of their times */
	int *next; /* whose time it is */
};

static int sleep_once(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct sleeper *sleeper = argument;
	cq_interest later = on_time(1 + sleeper->place / 1e6);

	(void)fired;
	if (count == 0)
		return cq_controller_park(cq, task, &later, 1);
	EQ(sleeper->place, *sleeper->next);
	++*sleeper->next;
	return 0;
}

/* The clock stands still, so that their times are as far apart as they say. */
static int many_sleepers(void)
{
	static struct sleeper sleepers[SLEEPERS];
	cq_controller *cq = NULL;
	int result = 0, i, next = 0;

	OK(cq_clock_set_rate(0));
	TRY(cq_controller_new(&cq));
	for (i = 0; i < SLEEPERS; i++) {
		sleepers[i].place = i * 611 % SLEEPERS;
		sleepers[i].next = &next;
		TRY(cq_controller_attach(cq, sleep_once, NULL, &sleepers[i], NULL));
	}
	TRY(cq_controller_step(cq, 0));
	OK(cq_clock_advance(2));
	while (!cq_controller_empty(cq))
		TRY(cq_controller_step(cq, 0));
	EQ(next, SLEEPERS);
out:
	cq_controller_free(cq);
	return result;
}

static int sleep_in_fiber(void *argument)
{
	++*(int *)argument;
	return cq_sleep(0);
}

static int many_fibers(void)
{
	cq_controller *cq = NULL;
	int result = 0, i, runs = 0;

	TRY(cq_controller_new(&cq));
	for (i = 0; i < 50; i++)
		TRY(cq_controller_wrap(cq, sleep_in_fiber, NULL, &runs, NULL));
	while (!cq_controller_empty(cq))
		TRY(cq_controller_step(cq, -1));
	EQ(runs, 50);
out:
	cq_controller_free(cq);
	return result;
}

static int pull_and_wait(void)
{
	enum { DESCRIPTORS = 40 };
	cq_interest set[DESCRIPTORS];
	int result = 0, i, fds[DESCRIPTORS][2] = { { 0, 0 } };
	cq_condition *condition = NULL;
	cq_controller *cq = NULL;
	cq_ready ready;
	cq_task task;

	for (i = 0; i < DESCRIPTORS; i++) {
		SYS(pipe(fds[i]));
		set[i] = on_fd(fds[i][0], POLLIN);
		set[i].timeout = 10;
	}
	TRY(cq_condition_new(false, &condition));
	TRY(cq_controller_new(&cq));
	TRY(cq_controller_add(cq, NULL, &task));
	set[1].condition = condition;
	TRY(cq_controller_park(cq, task, set, DESCRIPTORS));
	for (i = 0; i < DESCRIPTORS; i++)
		SYS(write(fds[i][1], "x", 1));
	TRY(cq_condition_signal(condition, 1, NULL));
	OK(cq_controller_enter(cq));
	result = cq_controller_wait(cq, -1, 0);
	if (result == 0) {
		OK(cq_controller_next(cq, &ready));
		CHECK(ready.count > 0);
		OK(cq_controller_finish(cq, task));
	}
	OK(cq_controller_leave(cq));
	CHECK(result == 0 || result == ENOMEM);
out:
	cq_controller_free(cq);
	cq_condition_free(condition);
	for (i = 0; i < DESCRIPTORS; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	return result;
}

/* Sends some bytes from one socket to the other, and back. */
static int echo_between(cq_socket *a, cq_socket *b, const char *bytes, size_t size)
{
	size_t out = 0, in = 0, sent, got;
	const void *data;
	int code;

	while (in < size) {
		if (out < size) {
			code = cq_socket_try_send(a, bytes + out, size - out, CQ_MODE_DEFAULT, &sent);
			out += sent;
		} else {
			code = cq_socket_try_flush(a, 0);
		}
		if (code != 0 && code != EAGAIN)
			return code;
		code = cq_socket_try_recv(b, CQ_READ_UP_TO, 4096, CQ_MODE_DEFAULT, 0, &data, &got);
		if (code == 0) {
			CHECK(memcmp(data, bytes + in, got) == 0);
			in += got;
		} else if (code != EAGAIN) {
			return code;
		}
	}
	return 0;
}

static char block[1 << 16];

static int echo_on_a_pair(void)
{
	cq_socket *a = NULL, *b = NULL;
	int result = 0, i;

	memset(block, 'x', sizeof block);
	TRY(cq_socket_pair(SOCK_STREAM, &a, &b));
	for (i = 0; i < 3; i++)
		TRY(echo_between(a, b, "a line\n", 7));
	TRY(echo_between(a, b, block, sizeof block));
	TRY(echo_between(b, a, block, sizeof block));
out:
	cq_socket_free(a);
	cq_socket_free(b);
	return result;
}

static int connect_and_accept(void)
{
	cq_socket *listener = NULL, *client = NULL, *server = NULL;
	cq_options *options = NULL;
	cq_name name;
	int result = 0, code;

	TRY(cq_options_new(&options));
	TRY(cq_options_host(options, "127.0.0.1", 0));
	TRY(cq_socket_listen(options, &listener));
	TRY(cq_socket_establish(listener));
	TRY(cq_socket_localname(listener, &name));
	TRY(cq_options_host(options, "127.0.0.1", name.port));
	TRY(cq_socket_connect(options, &client));
	TRY(cq_socket_establish(client));
	code = cq_socket_accept(listener, &server);
	if (code == ENOMEM) {
		result = ENOMEM;
		code = cq_socket_accept(listener, &server); /* the connection is still there */
	}
	ERR(code, 0);
	TRY(echo_between(client, server, "a line\n", 7));
out:
	cq_socket_free(listener);
	cq_socket_free(client);
	cq_socket_free(server);
	cq_options_free(options);
	return result;
}

/* A descriptor that cannot be taken over stays the caller's. */
static int take_descriptors_over(void)
{
	cq_socket *adopted = NULL, *copy = NULL;
	int fds[2], result = 0, code;

	SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	code = cq_socket_adopt(fds[0], &adopted);
	if (code == ENOMEM) {
		SYS(close(fds[0]));
		result = ENOMEM;
		goto out;
	}
	ERR(code, 0);
	TRY(cq_socket_dup(fds[1], &copy));
	TRY(echo_between(adopted, copy, "a line\n", 7));
out:
	cq_socket_free(adopted);
	cq_socket_free(copy);
	close(fds[1]);
	return result;
}

/* All that an option keeps. */
static int listen_at_a_path(void)
{
	const char *path = temporary_path("allocations.socket");
	cq_socket *listener = NULL;
	cq_options *options = NULL;
	int result = 0;

	TRY(cq_options_new(&options));
	TRY(cq_options_path(options, path, strlen(path)));
	TRY(cq_options_sendname(options, "localhost"));
	TRY(cq_options_set(options, CQ_OPTION_UNLINK, 1));
	TRY(cq_options_set(options, CQ_OPTION_PERMISSIONS, 0600));
	TRY(cq_socket_listen(options, &listener));
	TRY(cq_socket_configure(listener, options));
out:
	cq_socket_free(listener);
	cq_options_free(options);
	unlink(path);
	return result;
}

static int watch_a_folder(void)
{
	const char *path = temporary_path_of(getppid(), "allocations"), *name;
	cq_notify *notifier = NULL;
	char file[150];
	uint32_t changes;
	int result = 0, fd, code;

	snprintf(file, sizeof file, "%s/file", path);
	unlink(file); /* a child before this one that ended for want of memory has left both behind */
	rmdir(path);
	SYS(mkdir(path, 0700));
	TRY(cq_notify_opendir(path, CQ_NOTIFY_ALL, 0, &notifier));
	TRY(cq_notify_add(notifier, "file", CQ_NOTIFY_ALL));
	fd = (int)SYS(open(file, O_CREAT | O_WRONLY, 0600));
	SYS(close(fd));
	while ((code = cq_notify_try_get(notifier, &changes, &name, NULL)) == 0)
		CHECK(changes != 0);
	CHECK(code == EAGAIN || code == ENOMEM);
	result = code == ENOMEM ? ENOMEM : 0;
out:
	cq_notify_free(notifier);
	unlink(file);
	rmdir(path);
	return result;
}

static int end_thread(cq_socket *socket, void *argument)
{
	(void)argument;
	cq_socket_free(socket);
	return 7;
}

static int start_and_join(void)
{
	cq_thread *thread = NULL;
	cq_socket *socket = NULL;
	int result = 0, code = 0;

	result = cq_thread_start(end_thread, NULL, &socket, &thread);
	if (result == EAGAIN)
		return ENOMEM; /* so says pthread_create(3) */
	TRY(result);
	TRY(cq_thread_join(thread, 10, &code));
	CHECK(code == 7 || code == ENOMEM); /* the thread had none */
out:
	cq_socket_free(socket);
	cq_thread_free(thread);
	return result;
}

static int start_a_process(void)
{
	cq_process_options *options = NULL;
	cq_process *process = NULL;
	int result = 0, code = 0;

	TRY(cq_process_options_new(&options));
	TRY(cq_process_options_argument(options, "/bin/true"));
	TRY(cq_process_options_variable(options, "NAME", "value"));
	TRY(cq_process_options_directory(options, "/"));
	TRY(cq_process_options_stream(options, 0, CQ_PROCESS_SOCKET, -1));
	TRY(cq_process_spawn(options, &process));
	TRY(cq_sleep(0)); /* the first wait of a thread allocates, and the next may find that there is nothing to wait for */
	TRY(cq_process_wait(process, 10, &code, NULL));
	EQ(code, 0);
out:
	cq_process_free(process);
	cq_process_options_free(options);
	return result;
}

static int hear_a_signal(void)
{
	const int signals[] = { SIGUSR1 };
	cq_signal *listener = NULL;
	int result = 0, number = 0;

	TRY(cq_signal_block(signals, 1));
	TRY(cq_signal_listen(signals, 1, &listener));
	OK(cq_signal_raise(signals, 1));
	TRY(cq_signal_wait(listener, 10, &number));
	EQ(number, SIGUSR1);
out:
	cq_signal_free(listener);
	return result;
}

static int count_call(void *argument)
{
	++*(int *)argument;
	return 0;
}

static int post_some(void)
{
	cq_controller *cq = NULL;
	int result = 0, i, ran = 0;

	TRY(cq_controller_new(&cq));
	for (i = 0; i < 100; i++)
		TRY(cq_controller_post(cq, count_call, &ran));
	while (ran < 100)
		TRY(cq_controller_step(cq, 1));
out:
	cq_controller_free(cq);
	return result;
}

struct meeting {
	cq_queue *queue;
	cq_semaphore *semaphore;
	cq_mutex *mutex;
	int taken;
};

static int take_and_count(void *argument)
{
	struct meeting *meeting = argument;
	void *item;
	int result = 0;

	TRY(cq_queue_get(meeting->queue, 1, &item));
	TRY(cq_semaphore_acquire(meeting->semaphore, 1));
	TRY(cq_mutex_lock(meeting->mutex, 1));
	meeting->taken++;
	OK(cq_sleep(0));
	OK(cq_mutex_unlock(meeting->mutex));
out:
	return result;
}

/* A task that finds no memory ends the step with ENOMEM; the others go on. */
static int hand_items_on(void)
{
	struct meeting meeting = { NULL, NULL, NULL, 0 };
	cq_controller *cq = NULL;
	int result = 0, i;

	TRY(cq_controller_new(&cq));
	TRY(cq_queue_new(0, &meeting.queue));
	TRY(cq_semaphore_new(0, &meeting.semaphore));
	TRY(cq_mutex_new(&meeting.mutex));
	for (i = 0; i < 20; i++)
		TRY(cq_controller_wrap(cq, take_and_count, NULL, &meeting, NULL));
	TRY(cq_controller_step(cq, 0));
	for (i = 0; i < 20; i++)
		TRY(i % 2 ? cq_queue_post(meeting.queue, cq, cq) : cq_queue_put(meeting.queue, NULL, 0));
	TRY(cq_controller_step(cq, 0));
	TRY(cq_semaphore_release(meeting.semaphore, 20));
	TRY(cq_controller_loop(cq, -1));
	EQ(meeting.taken, 20);
	EQ(cq_queue_count(meeting.queue), 0);
out:
	cq_controller_free(cq);
	cq_queue_free(meeting.queue);
	cq_semaphore_free(meeting.semaphore);
	OK(cq_mutex_free(meeting.mutex));
	return result;
}

/* Answers one question from a plain socket: there is no such name. */
static void answer_from(int fd)
{
	unsigned char packet[600];
	struct sockaddr_in from;
	socklen_t length = sizeof from;
	ssize_t size = recvfrom(fd, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from, &length);

	if (size < 12)
		return;
	packet[2] |= 0x80;
	packet[3] = 0x83;
	SYS(sendto(fd, packet, (size_t)size, 0, (struct sockaddr *)&from, length));
}

static int ask_a_server(void)
{
	struct sockaddr_in address;
	socklen_t length = sizeof address;
	cq_dns_resolver *resolver = NULL;
	cq_dns_config *config = NULL;
	cq_dns_packet *packet = NULL;
	char server[40];
	int result = 0, code, fd = (int)SYS(socket(AF_INET, SOCK_DGRAM, 0));

	memset(&address, 0, sizeof address);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SYS(bind(fd, (struct sockaddr *)&address, sizeof address));
	SYS(getsockname(fd, (struct sockaddr *)&address, &length));
	snprintf(server, sizeof server, "[127.0.0.1]:%d", ntohs(address.sin_port));
	TRY(cq_dns_config_new(&config));
	TRY(cq_dns_config_clear(config, CQ_DNS_NAMESERVERS));
	TRY(cq_dns_config_add(config, CQ_DNS_NAMESERVERS, server));
	TRY(cq_dns_config_set(config, "cache", "false"));
	TRY(cq_dns_resolver_new(config, NULL, NULL, &resolver));
	TRY(cq_dns_resolver_submit(resolver, "nobody.invalid", 1, 1));
	while ((code = cq_dns_resolver_try_fetch(resolver, &packet)) == EAGAIN)
		answer_from(fd);
	TRY(code);
out:
	cq_dns_packet_free(packet);
	cq_dns_resolver_free(resolver);
	cq_dns_config_free(config);
	close(fd);
	return result;
}

/* Configurations that are there before memory is short. */
static cq_tls *tls_client, *tls_server;

static void shake(struct ends *ends)
{
	ends->client_code = ends->server_code = EAGAIN;
	do {
		if (ends->client_code == EAGAIN)
			ends->client_code = cq_socket_try_starttls(ends->client, tls_client);
		if (ends->server_code == EAGAIN)
			ends->server_code = cq_socket_try_starttls(ends->server, tls_server);
		if ((ends->client_code && ends->client_code != EAGAIN) || (ends->server_code && ends->server_code != EAGAIN))
			return;
	} while (ends->client_code || ends->server_code);
}

/* libssl tells of no memory in its own way: any code will do, and it is told as ENOMEM here. */
static int shake_hands_and_talk(void)
{
	struct ends ends = { NULL, NULL, 0, 0 };
	const void *data;
	size_t size;
	int result = 0;

	if (!tls_client)
		tls_client = client_for("ca", "localhost");
	if (!tls_server)
		tls_server = server_with("server");
	TRY(cq_socket_pair(SOCK_STREAM, &ends.client, &ends.server));
	shake(&ends);
	if (ends.client_code || ends.server_code) {
		result = ENOMEM;
		goto out;
	}
	if (cq_socket_write(ends.client, "ping\n", 5) || cq_socket_flush(ends.client) ||
	    cq_socket_read(ends.server, CQ_READ_LINE, 0, &data, &size)) {
		result = ENOMEM;
		goto out;
	}
	TEXT(data, size, "ping");
out:
	free_ends(&ends);
	ERR_clear_error(); /* its messages have memory of their own */
	return result;
}

/* Without memory for a check the check has not been passed. */
static int shake_hands_with_a_stranger(void)
{
	struct ends ends = { NULL, NULL, 0, 0 };
	int result = 0;

	if (!tls_client)
		tls_client = client_for("ca", "elsewhere.test");
	if (!tls_server)
		tls_server = server_with("server");
	TRY(cq_socket_pair(SOCK_STREAM, &ends.client, &ends.server));
	shake(&ends);
	CHECK(ends.client_code != 0);
	result = ends.client_code == CQ_ENOTVERIFIED ? 0 : ENOMEM;
out:
	free_ends(&ends);
	ERR_clear_error();
	return result;
}

/* -- every allocation fails -- */

/* The scenario in a process of its own, with its n-th allocation failing; then it must succeed. `warm`: it has run before, and
 * leaves as much as it did then. 'e' for the end: fewer allocations were made. */
static void fail_one(int (*scenario)(void), long n, bool warm, int lost, char *outcome)
{
	long before;
	int i;

	if (warm) {
		OK(scenario());
		OK(scenario());
	}
	before = living;
	counted = 0;
	failing = n;
	counting = 1;
	*outcome = scenario() == 0 ? 's' : 'm';
	counting = 0;
	if (counted < n)
		*outcome = 'e';
	OK(scenario());
	/* A child that nobody waits for is remembered until it has ended, which may take a moment. */
	for (i = 0; i < 200 && warm && living > before + lost; i++) {
		usleep(10000);
		OK(scenario());
	}
	if (warm && living > before + lost) {
		printf("       %ld allocations are left over after number %ld failed\n", living - before, n);
		CHECK(!"nothing leaks");
	}
}

/* What libcrypto may lose on its way out of a function that has no memory. */
#define LOST 8

/* Every `stride`-th allocation fails. */
static void fail_each(int (*scenario)(void), bool warm, int stride, int lost, int most_aborts)
{
	char *outcome = check_outcome + 1;
	int aborts = 0, nomem = 0, said;
	FILE *errors = tmpfile();
	long n;

	if (!FAILS || slow())
		SKIP("the allocator is the tool's");
	if (getenv("CQUEUES_TEST_BACKEND"))
		SKIP("an imitated kernel allocates in the process");
	CHECK(errors != NULL);
	said = fileno(errors);
	alarm(SLOW_DEADLINE);
	for (n = 1;; n += stride) {
		int status;
		pid_t child;

		fflush(NULL);
		*outcome = 0;
		SYS(child = fork());
		if (child == 0) {
			SYS(dup2(said, 2));
			setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
			alarm(10);
			fail_one(scenario, n, warm, lost, outcome);
			_exit(0);
		}
		status = wait_for_child(child);
		/* Only who ends the process says something about it. */
		CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) || lseek(said, 0, SEEK_END) == 0);
		SYS(ftruncate(said, 0));
		SYS(lseek(said, 0, SEEK_SET));
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
			aborts++;
		else if (status != 0 || *check_outcome == 'f') {
			printf("       number %ld failed: status %x\n", n, status);
			CHECK(!"the scenario goes on without memory");
		}
		nomem += *outcome == 'm';
		if (*outcome == 'e')
			break;
	}
	printf("       %ld allocations, one in %d failed: %d answered ENOMEM, %d ended the process\n", n - 1, stride, nomem, aborts);
	CHECK(aborts <= most_aborts);
}

#define SCENARIO(name, scenario, warm, aborts) \
	TEST(name) \
	{ \
		fail_each(scenario, warm, 1, 0, aborts); \
	}

SCENARIO(callbacks_without_memory, many_callbacks, true, 0)
SCENARIO(timers_without_memory, many_sleepers, true, 0)
SCENARIO(fibers_without_memory, many_fibers, true, 0)
SCENARIO(first_fibers_without_memory, many_fibers, false, 8)
SCENARIO(wait_sets_without_memory, pull_and_wait, true, 0)
SCENARIO(posts_without_memory, post_some, true, 0)
SCENARIO(queues_without_memory, hand_items_on, true, 9)
SCENARIO(echoes_without_memory, echo_on_a_pair, true, 0)
SCENARIO(first_echoes_without_memory, echo_on_a_pair, false, 1)
SCENARIO(connections_without_memory, connect_and_accept, true, 0)
SCENARIO(descriptors_without_memory, take_descriptors_over, true, 0)
SCENARIO(paths_without_memory, listen_at_a_path, true, 0)
SCENARIO(questions_without_memory, ask_a_server, true, 32)
SCENARIO(notifiers_without_memory, watch_a_folder, true, 18)
SCENARIO(threads_without_memory, start_and_join, true, 1)
SCENARIO(processes_without_memory, start_a_process, true, 0)
SCENARIO(signals_without_memory, hear_a_signal, true, 0)

/* 3,100 allocations, of which 9 end the process. */
TEST(a_scope_around_nothing_takes_no_memory_once_warm)
{
	cq_controller *cq;
	int i;

	if (!FAILS)
		SKIP("the allocator is the tool's");
	if (getenv("CQUEUES_TEST_BACKEND"))
		SKIP("an imitated kernel allocates in the process");
	OK(cq_controller_new(&cq));
	for (i = 0; i < 300; i++) {
		cq_scope *scope;

		if (i == 200)
			counting = 1, counted = 0; /* the heap of deadlines is swept now and then, and has its room by now */
		OK(cq_scope_new(cq, NULL, &scope));
		OK(cq_scope_deadline(scope, 1000));
		OK(cq_scope_wait(scope));
		cq_scope_free(scope);
	}
	counting = 0;
	EQ(counted, 0);
	cq_controller_free(cq);
}

TEST(handshakes_without_memory)
{
	fail_each(shake_hands_and_talk, true, 13, LOST, 2);
}

/* What went wrong: libssl had no memory for a copy of the name, and took the certificate without it. */
TEST(strangers_without_memory)
{
	fail_each(shake_hands_with_a_stranger, true, 1, LOST, 24);
}
