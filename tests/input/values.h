/* SPDX-License-Identifier: MIT */
/*
 * What is passed to functions: for each kind of parameter a first value with which the call makes sense, and then those
 * with which it makes none. Objects are made for one call, and given up after it.
 */
#ifndef VALUES_H
#define VALUES_H

#include "../capi/fixture.h"
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <stdint.h>

#define MOST 8 /* parameters of a function */

union value {
	void *p;
	unsigned long long u;
	double d;
};

union result {
	long long i;
	double d;
};

/* What a result is, and what a comment says beyond its codes. */
enum { CODE, VALUE, NUMBER, NOTHING };
enum { SYSTEM = 1, WAITS = 2, ANY_THREAD = 4, ALONE = 8, FREES = 16 };
#define NO_FALLBACK (-77)
#define NOT_A_NUMBER (-78)

struct function {
	const char *name;
	void (*call)(const union value *, union result *);
	int returns, says;
	long long fallback;
	int parameters, kinds[MOST];
	const char *types[MOST];
	int codes[24];
};

static int a_function(void *argument)
{
	(void)argument;
	return 0;
}

/* In a thread of a pool. */
static int a_blocking(void *argument)
{
	(void)argument;
	return 0;
}

static void a_release(void *argument)
{
	(void)argument;
}

static int a_resume(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)controller, (void)task, (void)argument, (void)fired, (void)count;
	return 0;
}

static int a_thread_function(cq_socket *socket, void *argument)
{
	(void)argument;
	cq_socket_free(socket);
	return 0;
}

#include "calls.h"

/* Everything that one call needs. */
struct setting {
	const struct function *function;
	int variants[MOST];
	union value values[MOST];
	void *outs[MOST];
	cq_controller *host; /* runs the call's callback or fiber, and tasks that keep objects busy */
	cq_task tasks[3];
	struct made {
		const char *type;
		void *object;
	} made[64];
	int made_count, fds[16], fd_count;
};

static uint64_t scratch[1 << 14]; /* for outputs, buffers and bytes */
static char long_text[1 << 16];
static char folder[120], file[150], nothing[150]; /* there is nothing at the last */
static int silent_port, refused_port;
static SSL_CTX *context;

static void *keep(struct setting *s, const char *type, void *object)
{
	CHECK(s->made_count < (int)COUNT(s->made));
	s->made[s->made_count].type = type;
	s->made[s->made_count++].object = object;
	return object;
}

/* Somebody has freed an object. */
static void forget(struct setting *s, const void *object)
{
	int i;

	for (i = 0; i < s->made_count; i++)
		if (s->made[i].object == object)
			s->made[i].object = NULL;
	if (s->host == object)
		s->host = NULL;
}

static int keep_fd(struct setting *s, int fd)
{
	CHECK(s->fd_count < (int)COUNT(s->fds));
	return s->fds[s->fd_count++] = fd;
}

static int a_port_without_server(int type)
{
	struct sockaddr_in address;
	socklen_t size = sizeof address;
	int fd = (int)SYS(socket(AF_INET, type, 0));

	memset(&address, 0, sizeof address);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SYS(bind(fd, (struct sockaddr *)&address, sizeof address));
	SYS(getsockname(fd, (struct sockaddr *)&address, &size));
	return ntohs(address.sin_port); /* the descriptor stays open: datagrams are taken, connections refused */
}

static cq_dns_config *silent_config(void)
{
	cq_dns_config *config;
	char server[40];

	OK(cq_dns_config_new(&config));
	snprintf(server, sizeof server, "[127.0.0.1]:%d", silent_port);
	OK(cq_dns_config_clear(config, CQ_DNS_NAMESERVERS));
	OK(cq_dns_config_add(config, CQ_DNS_NAMESERVERS, server));
	OK(cq_dns_config_set(config, "timeout", "1"));
	OK(cq_dns_config_set(config, "attempts", "1"));
	return config;
}

/* Once for the program. */
static void prepare_world(void)
{
	sigset_t set;
	FILE *stream;
	int pipes[2];

	memset(long_text, 'a', sizeof long_text - 1);
	snprintf(folder, sizeof folder, "%s", temporary_path("input"));
	SYS(mkdir(folder, 0700));
	snprintf(file, sizeof file, "%s/file", folder);
	snprintf(nothing, sizeof nothing, "%s/nothing", folder);
	stream = fopen(file, "w");
	CHECK(stream != NULL);
	fputs("127.0.0.1 somebody\n", stream);
	fclose(stream);
	silent_port = a_port_without_server(SOCK_DGRAM);
	refused_port = a_port_without_server(SOCK_STREAM);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	context = SSL_CTX_new(TLS_method());
	CHECK(context != NULL);
	SYS(pipe(pipes));
}

/* The thread's resolvers ask a server of this program, which never answers. */
static void prepare_process(void)
{
	cq_dns_config *config = silent_config();

	OK(cq_dns_configure(config, NULL, NULL));
	cq_dns_config_free(config);
}

/* -- objects -- */

static void *make_controller(struct setting *s, int variant)
{
	cq_controller *cq;

	if (variant == 3)
		return s->host;
	cq = keep(s, "struct cq_controller **", new_controller());
	OK(cq_controller_attach(cq, end_at_once, NULL, NULL, &s->tasks[0]));
	OK(cq_controller_wrap(cq, a_function, NULL, NULL, &s->tasks[1]));
	if (variant == 4)
		OK(cq_controller_add(cq, NULL, &s->tasks[2]));
	if (variant == 2)
		OK(cq_controller_close(cq));
	return cq;
}

static cq_socket *new_socket(struct setting *s, cq_socket *socket)
{
	OK(cq_socket_set_timeout(socket, MS(2)));
	return keep(s, "struct cq_socket **", socket);
}

static void *make_socket(struct setting *s, int variant)
{
	cq_socket *socket, *peer;
	int port, fds[2];

	switch (variant) {
	case 3:
		return new_socket(s, listen_on("127.0.0.1", &port));
	case 5:
		return new_socket(s, connect_to("127.0.0.1", refused_port));
	case 6:
		SYS(pipe(fds));
		keep_fd(s, fds[1]);
		OK(cq_socket_adopt(fds[0], &socket));
		return new_socket(s, socket);
	case 7:
		return new_socket(s, connect_to("nobody.invalid", 80));
	}
	OK(cq_socket_pair(variant == 4 ? SOCK_DGRAM : SOCK_STREAM, &socket, &peer));
	new_socket(s, peer);
	OK(cq_socket_write(peer, "hello\nworld\n", 12));
	if (variant == 4)
		cq_socket_flush(peer);
	if (variant == 2)
		OK(cq_socket_close(socket));
	return new_socket(s, socket);
}

static void *make_options(struct setting *s, int variant)
{
	cq_options *options = keep(s, "struct cq_options **", new_options());

	if (variant == 0)
		OK(cq_options_host(options, "127.0.0.1", refused_port));
	if (variant == 3)
		OK(cq_options_path(options, "/nowhere/at/all", 15));
	if (variant == 4) {
		OK(cq_options_host(options, "nobody.invalid", 80));
		OK(cq_options_set(options, CQ_OPTION_TYPE, 77));
	}
	return options;
}

static int wait_for_end(cq_socket *socket, void *argument)
{
	const void *data;
	size_t size;

	(void)argument;
	cq_socket_read(socket, CQ_READ_ALL, 0, &data, &size);
	cq_socket_free(socket);
	return 7;
}

static void *make_thread(struct setting *s, int variant)
{
	cq_thread *thread;
	cq_socket *socket;

	OK(cq_thread_start(variant == 2 ? wait_for_end : a_thread_function, NULL, &socket, &thread));
	if (variant != 2)
		OK(cq_thread_join(thread, 5, NULL));
	keep(s, "struct cq_socket **", socket);
	return keep(s, "struct cq_thread **", thread);
}

static void *make_process_options(struct setting *s, int variant)
{
	cq_process_options *options;

	OK(cq_process_options_new(&options));
	if (variant != 2)
		OK(cq_process_options_argument(options, variant == 3 ? nothing : "true"));
	if (variant == 4)
		OK(cq_process_options_stream(options, 1, CQ_PROCESS_SOCKET, -1));
	return keep(s, "struct cq_process_options **", options);
}

/* One that ends, one that runs until its input is closed, one that has ended. */
static void *make_process(struct setting *s, int variant)
{
	cq_process_options *options = make_process_options(s, 2);
	cq_process *process;

	OK(cq_process_options_argument(options, variant == 2 ? "cat" : "true"));
	OK(cq_process_options_stream(options, 0, CQ_PROCESS_SOCKET, -1));
	OK(cq_process_spawn(options, &process));
	if (variant == 3)
		OK(cq_process_wait(process, 5, NULL, NULL));
	return keep(s, "struct cq_process **", process);
}

static void *make_resolver(struct setting *s, int variant)
{
	cq_dns_config *config = silent_config();
	cq_dns_resolver *resolver;
	cq_dns_packet *packet;

	OK(cq_dns_resolver_new(config, NULL, NULL, &resolver));
	cq_dns_config_free(config);
	if (variant == 2)
		OK(cq_dns_resolver_close(resolver));
	if (variant == 3) {
		OK(cq_dns_resolver_submit(resolver, "nobody.invalid", 1, 1));
		ERR(cq_dns_resolver_try_fetch(resolver, &packet), EAGAIN);
	}
	return keep(s, "struct cq_dns_resolver **", resolver);
}

static void *make_pool(struct setting *s)
{
	cq_dns_config *config = silent_config();
	cq_dns_resolvers *pool;

	OK(cq_dns_resolvers_new(config, NULL, NULL, &pool));
	cq_dns_config_free(config);
	return keep(s, "struct cq_dns_resolvers **", pool);
}

static void *make_packet(struct setting *s)
{
	cq_dns_packet *packet;

	OK(cq_dns_packet_new(512, &packet));
	OK(cq_dns_packet_push(packet, CQ_DNS_QUESTION, "a.invalid", 1, 1, 0, NULL, 0));
	return keep(s, "struct cq_dns_packet **", packet);
}

static void *make_tls(struct setting *s, int variant)
{
	cq_tls *tls;

	if (variant == 2)
		OK(cq_tls_adopt_context(context, CQ_TLS_CLIENT, &tls));
	else
		OK(cq_tls_new(CQ_TLS_CLIENT, &tls));
	return keep(s, "struct cq_tls **", tls);
}

static void *make_plain(struct setting *s, int kind)
{
	static const int signals[] = { SIGUSR1 };
	void *object = NULL;

	switch (kind) {
	case CONDITION:
		return keep(s, "struct cq_condition **", new_condition(false));
	case SEMAPHORE:
		OK(cq_semaphore_new(1, (cq_semaphore **)&object));
		return keep(s, "struct cq_semaphore **", object);
	case TIMER:
		OK(cq_timer_new((cq_timer **)&object));
		OK(cq_timer_start(object, 0, 0));
		return keep(s, "struct cq_timer **", object);
	case WAKEUP:
		OK(cq_wakeup_new((cq_wakeup **)&object));
		OK(cq_wakeup_raise(object));
		return keep(s, "struct cq_wakeup **", object);
	case POOL:
		OK(cq_pool_new(NULL, 1, (cq_pool **)&object));
		return keep(s, "struct cq_pool **", object);
	case BATCH:
		OK(cq_batch_new(make_controller(s, 0), 0, (cq_batch **)&object));
		return keep(s, "struct cq_batch **", object);
	case SIGNAL:
		OK(cq_signal_listen(signals, 1, (cq_signal **)&object));
		return keep(s, "struct cq_signal **", object);
	case NOTIFY:
		OK(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 0, (cq_notify **)&object));
		return keep(s, "struct cq_notify **", object);
	case DNS_CONFIG:
		return keep(s, "struct cq_dns_config **", silent_config());
	case DNS_HOSTS:
		OK(cq_dns_hosts_new((cq_dns_hosts **)&object));
		return keep(s, "struct cq_dns_hosts **", object);
	case DNS_HINTS:
		OK(cq_dns_hints_new((cq_dns_hints **)&object));
		return keep(s, "struct cq_dns_hints **", object);
	}
	return NULL;
}

static void *make_queue(struct setting *s, int variant)
{
	cq_queue *queue;

	OK(cq_queue_new(1, &queue));
	if (variant == 2)
		OK(cq_queue_close(queue));
	if (variant == 3)
		OK(cq_queue_try_put(queue, scratch));
	return keep(s, "struct cq_queue **", queue);
}

static void *make_mutex(struct setting *s, int variant)
{
	cq_mutex *mutex;

	OK(cq_mutex_new(&mutex));
	if (variant == 2)
		OK(cq_mutex_lock(mutex, 0));
	return keep(s, "struct cq_mutex **", mutex);
}

/* Of a controller of its own; ended, with a task, after its controller was closed. */
static void *make_scope(struct setting *s, int variant)
{
	cq_controller *controller = make_controller(s, 0);
	cq_scope *scope;

	OK(cq_scope_new(controller, NULL, &scope));
	if (variant == 2)
		OK(cq_scope_cancel(scope, 0, "input"));
	if (variant == 3)
		OK(cq_scope_attach(scope, end_at_once, NULL, NULL, NULL));
	if (variant == 4)
		OK(cq_controller_close(controller));
	return keep(s, "struct cq_scope **", scope);
}

/* How many variants an object has. */
static int object_variants(int kind)
{
	switch (kind) {
	case CONTROLLER:
		return 5;
	case SOCKET:
		return 8;
	case OPTIONS:
	case SCOPE:
	case PROCESS_OPTIONS:
		return 5;
	case THREAD:
	case TLS:
	case MUTEX:
		return 3;
	case DNS_RESOLVER:
	case QUEUE:
	case PROCESS:
		return 4;
	}
	return 2;
}

/* An object; the second variant is always NULL. */
static void *make_object(struct setting *s, int kind, int variant)
{
	if (variant == 1)
		return NULL;
	switch (kind) {
	case CONTROLLER:
		return make_controller(s, variant);
	case SOCKET:
		return make_socket(s, variant);
	case OPTIONS:
		return make_options(s, variant);
	case THREAD:
		return make_thread(s, variant);
	case PROCESS:
		return make_process(s, variant);
	case PROCESS_OPTIONS:
		return make_process_options(s, variant);
	case DNS_RESOLVER:
		return make_resolver(s, variant);
	case DNS_RESOLVERS:
		return make_pool(s);
	case QUEUE:
		return make_queue(s, variant);
	case MUTEX:
		return make_mutex(s, variant);
	case SCOPE:
		return make_scope(s, variant);
	case DNS_PACKET:
		return make_packet(s);
	case TLS:
		return make_tls(s, variant);
	}
	return make_plain(s, kind);
}

#include "structures.h"

#endif
