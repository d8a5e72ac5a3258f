/* SPDX-License-Identifier: MIT */
/*
 * Connections to name servers: kept between queries, closed with their resolver, and never used by a child process.
 */

#include "dns.h"
#include <pthread.h>

/* A server of connections in a thread of its own: it answers each query, until it is asked for "stop". */
struct stream_server {
	pthread_t thread;
	int listener, port;
	/* How many connections there were, and how many are open. */
	int connections, open;
	/* How many queries came. */
	int queries;
	/* Seconds after which an answer is sent. */
	double delay;
};

static int count_of(const int *count)
{
	return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}

static void add(int *count, int number)
{
	__atomic_add_fetch(count, number, __ATOMIC_SEQ_CST);
}

static bool receive(int fd, void *buffer, size_t size)
{
	return recv(fd, buffer, size, MSG_WAITALL) == (ssize_t)size;
}

struct talk {
	struct stream_server *server;
	int fd;
};

static void *talk(void *argument)
{
	struct talk talk = *(struct talk *)argument;
	unsigned char length[2], query[512];
	size_t size;

	free(argument);
	while (receive(talk.fd, length, 2) && receive(talk.fd, query, size = (size_t)(length[0] << 8 | length[1]))) {
		cq_dns_packet *reply = answer_to(query, size, true);
		const void *data;

		add(&talk.server->queries, 1);
		if (!reply)
			continue;
		usleep((useconds_t)(talk.server->delay * 1e6));
		OK(cq_dns_packet_dump(reply, &data, &size));
		length[0] = (unsigned char)(size >> 8), length[1] = (unsigned char)size;
		if (send(talk.fd, length, 2, MSG_NOSIGNAL) != 2 || send(talk.fd, data, size, MSG_NOSIGNAL) < 0)
			size = 0;
		cq_dns_packet_free(reply);
	}
	close(talk.fd);
	add(&talk.server->open, -1);
	return NULL;
}

static void *accept_all(void *argument)
{
	struct stream_server *server = argument;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		struct talk *begun = malloc(sizeof *begun);
		pthread_t thread;

		CHECK(begun);
		begun->server = server, begun->fd = fd;
		add(&server->connections, 1);
		add(&server->open, 1);
		EQ(pthread_create(&thread, NULL, talk, begun), 0);
		EQ(pthread_detach(thread), 0);
	}
	return NULL;
}

static void start(struct stream_server *server)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof address;

	memset(server, 0, sizeof *server);
	server->listener = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));
	SYS(bind(server->listener, (struct sockaddr *)&address, sizeof address));
	SYS(listen(server->listener, 64));
	SYS(getsockname(server->listener, (struct sockaddr *)&address, &size));
	server->port = ntohs(address.sin_port);
	EQ(pthread_create(&server->thread, NULL, accept_all, server), 0);
}

static void stop(struct stream_server *server)
{
	SYS(shutdown(server->listener, SHUT_RDWR));
	EQ(pthread_join(server->thread, NULL), 0);
	SYS(close(server->listener));
	while (count_of(&server->open) > 0)
		usleep(1000);
}

static int code_of(cq_dns_resolver *resolver, const char *name)
{
	cq_dns_packet *packet = NULL;
	int code = cq_dns_resolver_query(resolver, name, TYPE_A, CLASS_IN, 10, &packet);

	if (packet && strcmp(first_answer(packet), "192.0.2.1") != 0)
		code = CQ_EILLEGAL;
	cq_dns_packet_free(packet);
	return code;
}

static const char only[] = "options nocache tcp\n";

TEST(a_resolver_keeps_its_connection_and_closes_it_with_itself)
{
	struct stream_server server;
	cq_dns_resolver *resolver;
	char name[40];
	int i;

	start(&server);
	resolver = resolver_for(server.port, only);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "name%d.test", i);
		OK(code_of(resolver, name));
	}
	EQ(count_of(&server.connections), 1);
	EQ(count_of(&server.open), 1);
	cq_dns_resolver_free(resolver);
	while (count_of(&server.open) > 0)
		usleep(1000);
	stop(&server);
}

TEST(a_child_process_has_connections_of_its_own)
{
	struct stream_server server;
	cq_dns_resolver *resolver;
	int status;
	pid_t child;

	start(&server);
	resolver = resolver_for(server.port, only);
	OK(code_of(resolver, "before.test"));
	EQ(count_of(&server.connections), 1);
	child = (pid_t)SYS(fork());
	if (child == 0) {
		int code = code_of(resolver, "child.test");

		cq_dns_resolver_free(resolver);
		_exit(code != 0);
	}
	SYS(waitpid(child, &status, 0));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	EQ(count_of(&server.connections), 2);
	OK(code_of(resolver, "after.test"));
	EQ(count_of(&server.connections), 2);
	cq_dns_resolver_free(resolver);
	stop(&server);
}

/* The descriptor that the child has copied does not keep the connection open. */
TEST(a_connection_ends_though_a_child_has_a_copy_of_it)
{
	struct stream_server server;
	cq_dns_resolver *resolver;
	pid_t child;

	start(&server);
	resolver = resolver_for(server.port, only);
	OK(code_of(resolver, "before.test"));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		sleep(30);
		_exit(0);
	}
	cq_dns_resolver_free(resolver);
	while (count_of(&server.open) > 0)
		usleep(1000);
	SYS(kill(child, SIGKILL));
	SYS(waitpid(child, NULL, 0));
	stop(&server);
}

struct asked {
	cq_dns_resolver *resolver;
	char name[40];
	int code, *ended;
};

static int ask(void *argument)
{
	struct asked *asked = argument;

	asked->code = code_of(asked->resolver, asked->name);
	++*asked->ended;
	return 0;
}

TEST(queries_at_once_share_a_connection_and_others_may_be_given_up)
{
	enum { MANY = 30 };
	cq_controller *controller = new_controller();
	struct stream_server server;
	struct asked asked[MANY];
	int i, ended = 0;

	start(&server);
	server.delay = 0.002;
	for (i = 0; i < MANY; i++) {
		asked[i].resolver = resolver_for(server.port, only);
		asked[i].ended = &ended;
		snprintf(asked[i].name, sizeof asked[i].name, "%s%d.test", i % 3 == 1 ? "silent" : "name", i);
		OK(cq_controller_wrap(controller, ask, NULL, &asked[i], NULL));
	}
	UNTIL(ended == MANY - MANY / 3, controller);
	EQ(count_of(&server.connections), 1);
	for (i = 0; i < MANY; i++) {
		if (i % 3 == 1)
			OK(cq_dns_resolver_close(asked[i].resolver));
		else
			OK(asked[i].code);
	}
	UNTIL(ended == MANY, controller);
	for (i = 0; i < MANY; i++) {
		if (i % 3 == 1)
			ERR(asked[i].code, EBADF);
		cq_dns_resolver_free(asked[i].resolver);
	}
	cq_controller_free(controller);
	stop(&server);
}

/* The only way to use one in another thread: nobody else uses it meanwhile. */
static void *free_elsewhere(void *resolver)
{
	cq_dns_resolver_free(resolver);
	return NULL;
}

TEST(a_resolver_with_a_connection_may_be_freed_in_another_thread)
{
	struct stream_server server;
	cq_dns_resolver *one, *two;
	cq_dns_packet *packet;
	pthread_t thread;

	start(&server);
	one = resolver_for(server.port, only);
	two = resolver_for(server.port, only);
	OK(code_of(one, "one.test"));
	OK(cq_dns_resolver_submit(two, "silent.test", TYPE_A, CLASS_IN));
	ERR(cq_dns_resolver_fetch(two, &packet), EAGAIN);
	EQ(pthread_create(&thread, NULL, free_elsewhere, one), 0);
	EQ(pthread_join(thread, NULL), 0);
	OK(code_of(two, "two.test"));
	cq_dns_resolver_free(two);
	stop(&server);
}

