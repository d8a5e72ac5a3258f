/* SPDX-License-Identifier: MIT */
/*
 * Every function that waits, ended by a cancel and by a deadline: before it begins, while it waits, and in the same
 * step as its success. Whatever comes first, the code is told within one step of the loop, nothing is lost, and what
 * was waited for can be used again. tests/header.rs checks that no function is missing here.
 */
#include "dns.h"
#include "folder.h"
#include "process.h"
#include "tls.h"
#include <pthread.h>

/* What a wait works on. */
struct stage {
	cq_controller *cq, *inner;
	cq_socket *socket, *other, *made;
	cq_condition *cv;
	cq_scope *scope;
	cq_task task;
	cq_thread *thread;
	cq_process *process;
	cq_signal *listener;
	cq_notify *notifier;
	cq_tls *client, *server;
	cq_dns_resolver *resolver;
	cq_dns_resolvers *pool;
	cq_queue *queue;
	cq_semaphore *semaphore;
	cq_mutex *mutex;
	cq_timer *timer;
	cq_wakeup *wakeup;
	cq_pool *blocking;
	pthread_mutex_t occupied;
	struct nameserver nameserver;
	int fd, port;
	size_t filled, took;
	double seconds;
	/* The code of the last wait, whether it is over, and how many have succeeded. */
	int code, over, succeeded;
};

struct wait {
	const char *name;
	void (*open)(struct stage *);
	/* 0, or the code of a failure. */
	int (*wait)(struct stage *);
	/* Lets the wait succeed; NULL: only that of another call, since `seconds` is 0 then. */
	void (*succeed)(struct stage *);
	void (*close)(struct stage *);
};

static const struct wait *current;

/* -- sleeping, polling, conditions -- */

static void open_nothing(struct stage *s)
{
	s->seconds = -1;
}

static void close_nothing(struct stage *s)
{
	(void)s;
}

static int wait_cq_sleep(struct stage *s)
{
	return cq_sleep(s->seconds);
}

static void open_condition(struct stage *s)
{
	s->cv = new_condition(false);
}

static void signal_it(struct stage *s)
{
	size_t woken = 0;

	OK(cq_condition_signal(s->cv, 1, &woken));
}

/* A signal for which nobody waits is gone: it is repeated for whoever waits next. */
static void signal_waiter(struct stage *s)
{
	signal_it(s);
}

static void close_condition(struct stage *s)
{
	size_t woken = 1;

	OK(cq_condition_signal(s->cv, 1, &woken));
	EQ(woken, 0); /* no waiter is left */
	cq_condition_free(s->cv);
}

static int wait_cq_condition_wait(struct stage *s)
{
	return cq_condition_wait(s->cv, -1);
}

static int wait_cq_poll(struct stage *s)
{
	cq_interest set[2] = { on_condition(s->cv), on_time(1000) };
	size_t ready = 0;
	int code = cq_poll(set, 2, &ready);

	EQ(ready, code == 0);
	CHECK(code || set[0].fired == CQ_FIRED);
	return code;
}

/* -- sockets that read -- */

static void open_half(struct stage *s)
{
	s->socket = half_pair(&s->fd);
}

static void write_line(struct stage *s)
{
	plain_write(s->fd, "line\n");
}

static void close_half(struct stage *s)
{
	cq_socket_free(s->socket);
	close(s->fd);
}

static int wait_cq_socket_read(struct stage *s)
{
	const void *data;
	size_t size;
	int code = cq_socket_read(s->socket, CQ_READ_LINE, 0, &data, &size);

	if (code == 0)
		TEXT(data, size, "line");
	return code;
}

static int wait_cq_socket_read_into(struct stage *s)
{
	char data[16];
	size_t size;
	int code = cq_socket_read_into(s->socket, data, sizeof data, &size);

	if (code == 0)
		TEXT(data, size, "line\n");
	return code;
}

static int wait_cq_socket_fill(struct stage *s)
{
	int code = cq_socket_fill(s->socket, 5);

	if (code == 0)
		READ(s->socket, CQ_READ_LINE, 0, "line");
	return code;
}

static int wait_cq_socket_recvfd(struct stage *s)
{
	char data[16];
	size_t size;
	int fd = -1, code = cq_socket_recvfd(s->socket, data, sizeof data, &size, &fd);

	if (code == 0)
		TEXT(data, size, "line\n");
	return code;
}

static void open_datagrams(struct stage *s)
{
	int fds[2];

	SYS(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
	OK(cq_socket_adopt(fds[0], &s->socket));
	set_modes(s->socket, "bn");
	s->fd = fds[1];
}

static int wait_cq_socket_recvfrom(struct stage *s)
{
	char data[16];
	size_t size;
	int code = cq_socket_recvfrom(s->socket, data, sizeof data, &size, NULL, NULL);

	if (code == 0)
		TEXT(data, size, "line\n");
	return code;
}

/* -- sockets that write: what is in the pipe is counted -- */

static void fill_stream(struct stage *s)
{
	char data[4096];
	int small = 4096;
	size_t sent;

	s->socket = half_pair(&s->fd);
	SYS(setsockopt(cq_socket_pollfd(s->socket), SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
	memset(data, 'x', sizeof data);
	while (cq_socket_try_send(s->socket, data, sizeof data, CQ_MODE_DEFAULT, &sent) == 0 && sent == sizeof data)
		s->filled += sent;
	s->filled += sent;
	s->took = 0;
}

static void take_all(struct stage *s)
{
	char data[65536];
	ssize_t count;

	while ((count = recv(s->fd, data, sizeof data, MSG_DONTWAIT)) > 0)
		s->took += (size_t)count;
}

/* All that the socket said it had taken arrives, and nothing twice. */
static void close_stream(struct stage *s)
{
	for (int i = 0; i < 100 && cq_socket_flush(s->socket); i++)
		take_all(s);
	take_all(s);
	EQ(s->took, s->filled);
	close_half(s);
}

/* Nothing can be written afterwards; what was taken has arrived. */
static void close_finished(struct stage *s)
{
	for (int i = 0; i < 100 && cq_socket_finish(s->socket); i++)
		take_all(s);
	take_all(s);
	EQ(s->took, s->filled);
	close_half(s);
}

static int wait_cq_socket_write(struct stage *s)
{
	s->filled++; /* it is queued, as after a timeout: what failed is only to wait until it has left */
	return cq_socket_write(s->socket, "y", 1);
}

static int wait_cq_socket_writev(struct stage *s)
{
	const cq_piece pieces[] = { { "", 0 }, { "y", 1 } };

	s->filled++;
	return cq_socket_writev(s->socket, pieces, COUNT(pieces));
}

/* One byte of a file; what the socket holds leaves before. */
static int wait_cq_socket_sendfile(struct stage *s)
{
	size_t sent = 77;
	int fd = (int)SYS(open("/proc/self/exe", O_RDONLY)), code = cq_socket_sendfile(s->socket, fd, 0, 1, &sent);

	s->filled += sent;
	EQ(sent, code == 0);
	close(fd);
	return code;
}

static void fill_and_buffer(struct stage *s)
{
	size_t sent;

	fill_stream(s);
	OK(cq_socket_try_send(s->socket, "y", 1, cq_mode_parse("bf", 2), &sent));
	s->filled += sent;
}

static int wait_cq_socket_flush(struct stage *s)
{
	return cq_socket_flush(s->socket);
}

static int wait_cq_socket_finish(struct stage *s)
{
	return cq_socket_finish(s->socket);
}

static int wait_cq_socket_sendfd(struct stage *s)
{
	int code = cq_socket_sendfd(s->socket, "y", 1, -1);

	s->filled += code == 0;
	return code;
}

static void fill_datagrams(struct stage *s)
{
	open_datagrams(s);
	while (cq_socket_try_sendto(s->socket, "x", 1, NULL) == 0)
		s->filled++;
}

static int wait_cq_socket_sendto(struct stage *s)
{
	int code = cq_socket_sendto(s->socket, "x", 1, NULL);

	s->filled += code == 0;
	return code;
}

static void close_datagrams(struct stage *s)
{
	take_all(s);
	EQ(s->took, s->filled);
	close_half(s);
}

/* -- connections -- */

static void open_listener(struct stage *s)
{
	s->fd = -1;
	s->socket = listen_on("127.0.0.1", &s->port);
}

static void connect_once(struct stage *s)
{
	s->fd = plain_connect(s->port);
}

static int wait_cq_socket_accept(struct stage *s)
{
	cq_socket *accepted;
	int code = cq_socket_accept(s->socket, &accepted);

	if (code == 0)
		cq_socket_free(accepted);
	return code;
}

/* A UNIX listener whose queue is full: whoever connects waits. */
static void open_backlog(struct stage *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cq_options *options = new_options();

	snprintf(address.sun_path, sizeof address.sun_path, "%s", temporary_path("scope"));
	unlink(address.sun_path);
	s->fd = (int)SYS(socket(AF_UNIX, SOCK_STREAM, 0));
	SYS(bind(s->fd, (struct sockaddr *)&address, sizeof address));
	SYS(listen(s->fd, 0));
	OK(cq_options_path(options, address.sun_path, strlen(address.sun_path)));
	OK(cq_socket_connect(options, &s->other));
	OK(cq_socket_establish(s->other));
	OK(cq_socket_connect(options, &s->socket));
	ERR(cq_socket_try_establish(s->socket), EAGAIN);
	cq_options_free(options);
}

static void make_room(struct stage *s)
{
	close((int)SYS(accept(s->fd, NULL, NULL)));
}

static int wait_cq_socket_establish(struct stage *s)
{
	return cq_socket_establish(s->socket);
}

static void close_backlog(struct stage *s)
{
	cq_socket_free(s->other);
	close_half(s);
	unlink(temporary_path("scope"));
}

static void open_tls(struct stage *s)
{
	s->server = server_with("server");
	s->client = client_for("ca", "localhost");
	pair(&s->socket, &s->other);
}

static int serve_tls(void *argument)
{
	struct stage *s = argument;

	return cq_socket_starttls(s->other, s->server);
}

static void begin_serving_tls(struct stage *s)
{
	OK(cq_controller_wrap(s->cq, serve_tls, NULL, s, NULL));
}

static int wait_cq_socket_starttls(struct stage *s)
{
	return cq_socket_starttls(s->socket, s->client);
}

static void close_tls(struct stage *s)
{
	cq_tls_free(s->server);
	cq_tls_free(s->client);
	cq_socket_free(s->socket);
	cq_socket_free(s->other);
}

/* -- names -- */

static void open_resolver(struct stage *s)
{
	open_nameserver(&s->nameserver);
	s->resolver = resolver_for(s->nameserver.port, "options timeout:20 nocache\n");
}

static void open_pool(struct stage *s)
{
	open_nameserver(&s->nameserver);
	s->pool = pool_for(s->nameserver.port, "options timeout:20 nocache\n");
}

static void answer_names(struct stage *s)
{
	serving = s->cq;
	OK(cq_controller_wrap(s->cq, serve_datagrams, NULL, &s->nameserver, NULL));
}

static int wait_cq_dns_resolver_query(struct stage *s)
{
	cq_dns_packet *answer;
	int code = cq_dns_resolver_query(s->resolver, "www.test", TYPE_A, CLASS_IN, -1, &answer);

	if (code == 0)
		cq_dns_packet_free(answer);
	return code;
}

static int wait_cq_dns_resolvers_query(struct stage *s)
{
	cq_dns_packet *answer;
	int code = cq_dns_resolvers_query(s->pool, "www.test", TYPE_A, CLASS_IN, -1, &answer);

	if (code == 0)
		cq_dns_packet_free(answer);
	return code;
}

static int wait_cq_dns_addresses(struct stage *s)
{
	cq_address list[4];
	size_t count = COUNT(list);

	return cq_dns_addresses(s->pool, "www.test", AF_INET, -1, list, &count);
}

static int wait_cq_dns_reverse(struct stage *s)
{
	cq_dns_packet *answer = NULL;
	cq_address address;
	int code;

	OK(cq_address_parse("192.0.2.1", 0, &address));
	code = cq_dns_reverse(s->pool, &address, -1, &answer);
	cq_dns_packet_free(answer);
	return code == CQ_ENONAME ? 0 : code; /* the server here answers, and knows no names */
}

static int wait_cq_dns_services(struct stage *s)
{
	cq_address list[4];
	size_t count = COUNT(list);
	int code = cq_dns_services(s->pool, "_www._tcp.test", -1, list, &count);

	return code == CQ_ENONAME ? 0 : code;
}

static void close_resolver(struct stage *s)
{
	cq_dns_resolver_free(s->resolver);
	close_nameserver(&s->nameserver);
}

static void close_pool(struct stage *s)
{
	cq_dns_resolvers_free(s->pool);
	close_nameserver(&s->nameserver);
}

/* -- signals, threads, files -- */

static void open_signal(struct stage *s)
{
	const int list[] = { SIGUSR1 };

	OK(cq_signal_block(list, 1));
	OK(cq_signal_listen(list, 1, &s->listener));
	OK(cq_signal_set_timeout(s->listener, cq_signal_pollfd(s->listener) < 0 ? 0.01 : -1));
}

static void raise_it(struct stage *s)
{
	(void)s;
	SYS(kill(getpid(), SIGUSR1));
}

static int wait_cq_signal_wait(struct stage *s)
{
	int number = 0, code = cq_signal_wait(s->listener, -1, &number);

	CHECK(code || number == SIGUSR1);
	return code;
}

static void close_signal(struct stage *s)
{
	cq_signal_free(s->listener);
}

static int read_to_the_end(cq_socket *socket, void *argument)
{
	(void)argument;
	read_code(socket, CQ_READ_LINE, 0);
	cq_socket_free(socket);
	return 0;
}

static void open_thread(struct stage *s)
{
	OK(cq_thread_start(read_to_the_end, NULL, &s->socket, &s->thread));
}

/* It has ended before this returns, so that the descriptors can be counted. */
static void end_thread(struct stage *s)
{
	struct pollfd ended = { .fd = cq_thread_pollfd(s->thread), .events = POLLIN };

	cq_socket_free(s->socket);
	s->socket = NULL;
	EQ(SYS(poll(&ended, 1, -1)), 1);
}

static int wait_cq_thread_join(struct stage *s)
{
	return cq_thread_join(s->thread, -1, NULL);
}

static void close_thread(struct stage *s)
{
	cq_thread_free(s->thread);
}

static void open_process(struct stage *s)
{
	cq_process_options *options = shell("read line");

	OK(cq_process_options_stream(options, 0, CQ_PROCESS_SOCKET, -1));
	s->process = start(options);
	OK(cq_process_stdin(s->process, &s->socket));
}

/* It has ended before this returns, so that its wait is over in the next step. */
static void end_process(struct stage *s)
{
	cq_socket_free(s->socket);
	s->socket = NULL;
	wait_for_zombie(cq_process_pid(s->process));
}

static int wait_cq_process_wait(struct stage *s)
{
	return cq_process_wait(s->process, -1, NULL, NULL);
}

static void close_process(struct stage *s)
{
	cq_process_free(s->process);
	if (s->socket)
		cq_socket_free(s->socket);
}

static void open_notifier(struct stage *s)
{
	make_folder();
	OK(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 0, &s->notifier));
	OK(cq_notify_add(s->notifier, "file", CQ_NOTIFY_ALL));
}

static void make_file(struct stage *s)
{
	(void)s;
	close((int)SYS(open(at("file"), O_CREAT | O_WRONLY, 0600)));
}

static int wait_cq_notify_get(struct stage *s)
{
	const char *name;
	uint32_t changes;
	size_t size;
	int code = cq_notify_get(s->notifier, -1, &changes, &name, &size);

	if (code == 0)
		TEXT(name, size, "file");
	return code;
}

static void close_notifier(struct stage *s)
{
	cq_notify_free(s->notifier);
	remove_folder();
}

/* -- tasks, scopes, controllers -- */

static int wait_for_signal(void *argument)
{
	return cq_condition_wait(((struct stage *)argument)->cv, -1);
}

static void open_task(struct stage *s)
{
	s->cv = new_condition(false);
	OK(cq_scope_new(s->cq, NULL, &s->scope));
	OK(cq_scope_wrap(s->scope, wait_for_signal, NULL, s, &s->task));
	OK(cq_controller_step(s->cq, 0));
}

static int wait_cq_scope_wait(struct stage *s)
{
	return cq_scope_wait(s->scope);
}

static int wait_cq_task_join(struct stage *s)
{
	int result = -1, code = cq_task_join(s->cq, s->task, -1, &result);

	CHECK(code || result == 0);
	return code == ENOENT ? 0 : code; /* it was over before */
}

static void close_task(struct stage *s)
{
	cq_scope_free(s->scope);
	close_condition(s);
}

static void open_inner(struct stage *s)
{
	s->cv = new_condition(false);
	s->inner = new_controller();
	OK(cq_controller_pollfd(s->inner, &s->fd)); /* it makes a descriptor when it is first polled */
	OK(cq_controller_wrap(s->inner, wait_for_signal, NULL, s, NULL));
	OK(cq_controller_step(s->inner, 0));
}

static int wait_cq_controller_step(struct stage *s)
{
	return cq_controller_step(s->inner, -1);
}

static int wait_cq_controller_loop(struct stage *s)
{
	return cq_controller_loop(s->inner, -1);
}

static void close_inner(struct stage *s)
{
	cq_controller_free(s->inner);
	close_condition(s);
}

/* -- queues, semaphores, mutexes: a fired wait that is not taken up goes to whoever waits next -- */

static int item;

static void open_queue(struct stage *s)
{
	OK(cq_queue_new(1, &s->queue));
}

static void put_one(struct stage *s)
{
	OK(cq_queue_try_put(s->queue, &item));
}

static int wait_cq_queue_get(struct stage *s)
{
	void *got = NULL;
	int code = cq_queue_get(s->queue, -1, &got);

	CHECK(code || got == &item);
	return code;
}

static void open_full_queue(struct stage *s)
{
	open_queue(s);
	put_one(s);
}

static void get_one(struct stage *s)
{
	void *got = NULL;

	OK(cq_queue_try_get(s->queue, &got));
}

static int wait_cq_queue_put(struct stage *s)
{
	return cq_queue_put(s->queue, &item, -1);
}

static void close_queue(struct stage *s)
{
	EQ(cq_queue_count(s->queue), current->wait == wait_cq_queue_put);
	cq_queue_free(s->queue);
}

static void open_semaphore(struct stage *s)
{
	OK(cq_semaphore_new(0, &s->semaphore));
}

static void release_one(struct stage *s)
{
	OK(cq_semaphore_release(s->semaphore, 1));
}

static int wait_cq_semaphore_acquire(struct stage *s)
{
	return cq_semaphore_acquire(s->semaphore, -1);
}

static void close_semaphore(struct stage *s)
{
	EQ(cq_semaphore_count(s->semaphore), 0);
	cq_semaphore_free(s->semaphore);
}

static int hold_mutex(void *argument)
{
	struct stage *s = argument;

	OK(cq_mutex_lock(s->mutex, -1));
	OK(cq_condition_wait(s->cv, -1));
	OK(cq_mutex_unlock(s->mutex));
	return 0;
}

static void open_mutex(struct stage *s)
{
	s->cv = new_condition(false);
	OK(cq_mutex_new(&s->mutex));
	OK(cq_controller_wrap(s->cq, hold_mutex, NULL, s, NULL));
	OK(cq_controller_step(s->cq, 0));
}

static int wait_cq_mutex_lock(struct stage *s)
{
	int code = cq_mutex_lock(s->mutex, -1);

	if (code == 0)
		OK(cq_mutex_unlock(s->mutex));
	return code;
}

static void close_mutex(struct stage *s)
{
	OK(cq_mutex_free(s->mutex));
	close_condition(s);
}

/* -- the test -- */

static int run_wait(void *argument)
{
	struct stage *s = argument;

	s->code = current->wait(s);
	s->succeeded += s->code == 0;
	s->over = 1;
	return 0;
}

enum moment { BEFORE, PARKED, AFTER_SUCCESS, BEFORE_SUCCESS, MOMENTS };

static void end(cq_scope *scope, bool by_deadline)
{
	if (by_deadline)
		OK(cq_scope_deadline(scope, 0));
	else
		OK(cq_scope_cancel(scope, 0, "test"));
}

static void settle(cq_controller *cq)
{
	for (int i = 0; i < 4; i++)
		OK(cq_controller_step(cq, 0));
}

static void run_to_the_end(struct stage *s)
{
	while (!s->over)
		OK(cq_controller_step(s->cq, 1));
}

static void try_once(const struct wait *wait, enum moment moment, bool by_deadline)
{
	struct stage stage = { .seconds = 0 }, *s = &stage;
	int wanted = by_deadline ? ETIMEDOUT : ECANCELED, steps = 0, descriptors;
	cq_scope *scope;

	current = wait;
	s->cq = new_controller();
	wait->open(s);
	OK(cq_scope_new(s->cq, NULL, &scope));
	OK(cq_scope_wrap(scope, run_wait, NULL, s, NULL));
	if (moment != BEFORE)
		settle(s->cq);
	if (s->over)
		printf("       it has ended with %s\n", cq_strerror(s->code));
	CHECK(!s->over); /* it does wait */
	descriptors = open_descriptors();
	if (moment == AFTER_SUCCESS)
		wait->succeed(s);
	end(scope, by_deadline);
	if (moment == BEFORE_SUCCESS)
		wait->succeed(s);
	while (!s->over && steps++ < 2 + (moment == BEFORE))
		OK(cq_controller_step(s->cq, 0));
	CHECK(s->over); /* within a step: the first may only make it ready */
	if (s->code != 0 || moment <= PARKED)
		EQ(s->code, wanted);
	if (moment <= PARKED && strncmp(wait->name, "cq_dns", 6) != 0)
		CHECK(open_descriptors() <= descriptors);
	EQ(cq_scope_count(scope), 0);
	cq_scope_free(scope);

	/* It can be used again: whoever waits next succeeds, once. */
	s->over = 0;
	s->seconds = 0;
	if (!s->succeeded) {
		OK(cq_controller_wrap(s->cq, run_wait, NULL, s, NULL));
		settle(s->cq);
		if (wait->succeed && (moment <= PARKED || wait->succeed == signal_waiter))
			wait->succeed(s);
		run_to_the_end(s);
		OK(s->code);
	}
	EQ(s->succeeded, 1);
	wait->close(s);
	cq_controller_free(s->cq);
}

static void try_all(const struct wait *wait)
{
	for (int moment = BEFORE; moment < (wait->succeed ? MOMENTS : AFTER_SUCCESS); moment++) {
		try_once(wait, (enum moment)moment, false);
		try_once(wait, (enum moment)moment, true);
	}
}

/* -- timers, wakeups, calls that block -- */

static void open_timer(struct stage *s)
{
	OK(cq_timer_new(&s->timer));
}

static void start_timer(struct stage *s)
{
	OK(cq_timer_start(s->timer, 0, 0));
}

static void close_timer(struct stage *s)
{
	cq_timer_free(s->timer);
}

static int wait_cq_timer_wait(struct stage *s)
{
	return cq_timer_wait(s->timer, -1, NULL);
}

static void open_wakeup(struct stage *s)
{
	OK(cq_wakeup_new(&s->wakeup));
}

static void raise_wakeup(struct stage *s)
{
	OK(cq_wakeup_raise(s->wakeup));
}

static void close_wakeup(struct stage *s)
{
	cq_wakeup_free(s->wakeup);
}

static int wait_cq_wakeup_wait(struct stage *s)
{
	return cq_wakeup_wait(s->wakeup, -1);
}

/* The only thread of the pool is busy until the mutex is unlocked, so that calls have to wait. */
static int occupy(void *argument)
{
	struct stage *s = argument;

	pthread_mutex_lock(&s->occupied);
	return pthread_mutex_unlock(&s->occupied);
}

static int occupy_it(void *argument)
{
	struct stage *s = argument;

	return cq_pool_run(s->blocking, occupy, s, NULL);
}

static void open_pool_of_threads(struct stage *s)
{
	pthread_mutex_init(&s->occupied, NULL);
	pthread_mutex_lock(&s->occupied);
	s->inner = s->cq;
	OK(cq_pool_new(NULL, 1, &s->blocking));
	OK(cq_controller_wrap(s->cq, occupy_it, NULL, s, NULL));
	while (!s->filled) {
		OK(cq_controller_step(s->cq, 0));
		s->filled = cq_pool_waiting(s->blocking) == 0;
	}
}

static int seven(void *argument)
{
	(void)argument;
	return 7;
}

/* Both calls are over, and their descriptors readable, when this returns. */
static void free_thread(struct stage *s)
{
	pthread_mutex_unlock(&s->occupied);
	while (cq_pool_waiting(s->blocking) > 0)
		usleep(100);
	usleep(20000);
}

static void close_pool_of_threads(struct stage *s)
{
	cq_pool_free(s->blocking);
	pthread_mutex_destroy(&s->occupied);
}

static int wait_cq_pool_run(struct stage *s)
{
	int result = 77, code = cq_pool_run(s->blocking, seven, NULL, &result);

	EQ(result, code ? 77 : 7);
	return code;
}

/* Calls on a pipe that has a byte to read and room for one, so that only the thread is waited for. */
static int on_a_pipe(struct stage *s, int (*call)(cq_pool *pool, const int *pipes, size_t *count))
{
	int pipes[2], code;
	size_t count = 77;

	SYS(pipe(pipes));
	SYS(write(pipes[1], "x", 1));
	code = call(s->blocking, pipes, &count);
	EQ(count, code ? 77 : 1);
	SYS(close(pipes[0]));
	SYS(close(pipes[1]));
	return code;
}

static int open_it(cq_pool *pool, const int *pipes, size_t *count)
{
	int fd = -1, code = cq_file_open(pool, "/dev/null", O_RDONLY, 0, &fd);

	(void)pipes;
	if (code == 0) {
		*count = 1;
		SYS(close(fd));
	}
	return code;
}

static int read_it(cq_pool *pool, const int *pipes, size_t *count)
{
	static char byte;

	return cq_file_read(pool, pipes[0], &byte, 1, -1, count);
}

static int write_it(cq_pool *pool, const int *pipes, size_t *count)
{
	return cq_file_write(pool, pipes[1], "y", 1, -1, count);
}

static int sync_it(cq_pool *pool, const int *pipes, size_t *count)
{
	int code = cq_file_sync(pool, pipes[0]);

	*count = code == EINVAL || code == EROFS ? 1 : 77; /* what fsync says of a pipe */
	return *count == 1 ? 0 : code;
}

static int wait_cq_file_open(struct stage *s)
{
	return on_a_pipe(s, open_it);
}

static int wait_cq_file_read(struct stage *s)
{
	return on_a_pipe(s, read_it);
}

static int wait_cq_file_write(struct stage *s)
{
	return on_a_pipe(s, write_it);
}

static int wait_cq_file_sync(struct stage *s)
{
	return on_a_pipe(s, sync_it);
}

#define WAIT(name, open, succeed, close) \
	TEST(name##_can_be_ended) \
	{ \
		static const struct wait wait = { #name, open, wait_##name, succeed, close }; \
		try_all(&wait); \
	}

WAIT(cq_sleep, open_nothing, NULL, close_nothing)
WAIT(cq_condition_wait, open_condition, signal_waiter, close_condition)
WAIT(cq_poll, open_condition, signal_waiter, close_condition)
WAIT(cq_socket_read, open_half, write_line, close_half)
WAIT(cq_socket_read_into, open_half, write_line, close_half)
WAIT(cq_socket_fill, open_half, write_line, close_half)
WAIT(cq_socket_recvfd, open_half, write_line, close_half)
WAIT(cq_socket_recvfrom, open_datagrams, write_line, close_half)
WAIT(cq_socket_write, fill_stream, take_all, close_stream)
WAIT(cq_socket_writev, fill_stream, take_all, close_stream)
WAIT(cq_socket_sendfile, fill_stream, take_all, close_stream)
WAIT(cq_socket_flush, fill_and_buffer, take_all, close_stream)
WAIT(cq_socket_finish, fill_and_buffer, take_all, close_finished)
WAIT(cq_socket_sendfd, fill_stream, take_all, close_stream)
WAIT(cq_socket_sendto, fill_datagrams, take_all, close_datagrams)
WAIT(cq_socket_accept, open_listener, connect_once, close_half)
WAIT(cq_socket_establish, open_backlog, make_room, close_backlog)
WAIT(cq_socket_starttls, open_tls, begin_serving_tls, close_tls)
WAIT(cq_dns_resolver_query, open_resolver, answer_names, close_resolver)
WAIT(cq_dns_resolvers_query, open_pool, answer_names, close_pool)
WAIT(cq_dns_addresses, open_pool, answer_names, close_pool)
WAIT(cq_dns_reverse, open_pool, answer_names, close_pool)
WAIT(cq_dns_services, open_pool, answer_names, close_pool)
WAIT(cq_signal_wait, open_signal, raise_it, close_signal)
WAIT(cq_thread_join, open_thread, end_thread, close_thread)
WAIT(cq_process_wait, open_process, end_process, close_process)
WAIT(cq_notify_get, open_notifier, make_file, close_notifier)
WAIT(cq_scope_wait, open_task, signal_it, close_task)
WAIT(cq_task_join, open_task, signal_it, close_task)
WAIT(cq_controller_step, open_inner, signal_it, close_inner)
WAIT(cq_controller_loop, open_inner, signal_it, close_inner)
WAIT(cq_queue_get, open_queue, put_one, close_queue)
WAIT(cq_queue_put, open_full_queue, get_one, close_queue)
WAIT(cq_semaphore_acquire, open_semaphore, release_one, close_semaphore)
WAIT(cq_mutex_lock, open_mutex, signal_it, close_mutex)
WAIT(cq_timer_wait, open_timer, start_timer, close_timer)
WAIT(cq_wakeup_wait, open_wakeup, raise_wakeup, close_wakeup)
WAIT(cq_pool_run, open_pool_of_threads, free_thread, close_pool_of_threads)
WAIT(cq_file_open, open_pool_of_threads, free_thread, close_pool_of_threads)
WAIT(cq_file_read, open_pool_of_threads, free_thread, close_pool_of_threads)
WAIT(cq_file_write, open_pool_of_threads, free_thread, close_pool_of_threads)
WAIT(cq_file_sync, open_pool_of_threads, free_thread, close_pool_of_threads)
