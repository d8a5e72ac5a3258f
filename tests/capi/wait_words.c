/* SPDX-License-Identifier: MIT */
/* What tasks wait for, in words, where the kernel alone does not know it. */

#include "dns.h"
#include "folder.h"
#include "tls.h"

static cq_controller *controller;

static cq_task start(cq_function function, void *argument)
{
	cq_task task;

	OK(cq_controller_wrap(controller, function, NULL, argument, &task));
	return task;
}

/* Steps until a task waits for something that is written so. */
static void waits_for(cq_task task, const char *wanted)
{
	static cq_task_info list[16];
	double until = cq_monotime() + 10;
	const char *found = "";

	while (cq_monotime() < until) {
		size_t count;

		OK(cq_controller_step(controller, 0.01));
		OK(cq_controller_tasks(controller, list, COUNT(list), &count));
		for (size_t i = 0; i < count; i++)
			if (list[i].task == task)
				found = list[i].wait;
		if (strcmp(found, wanted) == 0)
			return;
	}
	printf("       found '%s', not '%s'\n", found, wanted);
	CHECK(!"the words come");
}

static int wait_for_condition(void *argument)
{
	return cq_condition_wait((cq_condition *)argument, -1);
}

static int get_item(void *argument)
{
	void *item;

	return cq_queue_get((cq_queue *)argument, -1, &item);
}

static int put_item(void *argument)
{
	return cq_queue_put((cq_queue *)argument, argument, -1);
}

static int acquire(void *argument)
{
	return cq_semaphore_acquire((cq_semaphore *)argument, -1);
}

static int lock(void *argument)
{
	return cq_mutex_lock((cq_mutex *)argument, -1);
}

static int wait_for_scope(void *argument)
{
	return cq_scope_wait((cq_scope *)argument);
}

static int join(void *argument)
{
	return cq_task_join(controller, *(cq_task *)argument, -1, NULL);
}

TEST(a_condition_shows_its_name)
{
	cq_condition *condition = new_condition(false);
	char longest[65];
	cq_task task;

	controller = new_controller();
	memset(longest, 'x', sizeof longest);
	longest[64] = '\0';
	OK(cq_condition_set_name(condition, "database"));
	EQ(cq_condition_set_name(condition, longest), ENAMETOOLONG);
	EQ(cq_condition_set_name(NULL, "database"), EINVAL);
	task = start(wait_for_condition, condition);
	waits_for(task, "condition \"database\"");
	OK(cq_condition_set_name(condition, "\xff"));
	waits_for(task, "condition \"\xef\xbf\xbd\"");
	OK(cq_condition_set_name(condition, ""));
	waits_for(task, "condition");
	OK(cq_condition_set_name(condition, "database"));
	OK(cq_condition_set_name(condition, NULL));
	waits_for(task, "condition");
	cq_controller_free(controller);
	cq_condition_free(condition);
}

TEST(queues_semaphores_and_mutexes_say_what_they_are)
{
	cq_queue *empty, *full;
	cq_semaphore *semaphore;
	cq_mutex *mutex;

	controller = new_controller();
	OK(cq_queue_new(1, &empty));
	OK(cq_queue_new(1, &full));
	OK(cq_queue_try_put(full, full));
	OK(cq_semaphore_new(0, &semaphore));
	OK(cq_mutex_new(&mutex));
	start(lock, mutex);
	waits_for(start(lock, mutex), "mutex");
	waits_for(start(get_item, empty), "item of a queue");
	waits_for(start(put_item, full), "room in a queue");
	waits_for(start(acquire, semaphore), "permit of a semaphore");
	cq_controller_free(controller);
	cq_queue_free(empty);
	cq_queue_free(full);
	cq_semaphore_free(semaphore);
	cq_mutex_free(mutex);
}

TEST(the_end_of_a_scope_and_of_a_task_is_named)
{
	cq_condition *never = new_condition(false);
	cq_scope *first, *second;
	char wanted[64];
	cq_task sleeper;

	controller = new_controller();
	OK(cq_scope_new(controller, NULL, &first));
	OK(cq_scope_new(controller, NULL, &second));
	OK(cq_scope_wrap(second, wait_for_condition, NULL, never, &sleeper));
	waits_for(start(wait_for_scope, second), "end of scope 1");
	snprintf(wanted, sizeof wanted, "end of task %" PRIu64, sleeper);
	waits_for(start(join, &sleeper), wanted);
	cq_scope_free(first);
	cq_scope_free(second);
	cq_controller_free(controller);
	cq_condition_free(never);
}

/* A listener with a full queue drops what asks for a connection. */
TEST(a_connection_that_is_not_there_yet_names_its_address)
{
	int listener = (int)SYS(socket(AF_INET, SOCK_STREAM, 0)), fillers[8];
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof address;
	char wanted[64];
	cq_socket *socket_;
	cq_task task;

	controller = new_controller();
	SYS(bind(listener, (struct sockaddr *)&address, sizeof address));
	SYS(listen(listener, 0));
	SYS(getsockname(listener, (struct sockaddr *)&address, &size));
	for (size_t i = 0; i < COUNT(fillers); i++) {
		fillers[i] = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));
		make_nonblocking(fillers[i]);
		(void)connect(fillers[i], (struct sockaddr *)&address, sizeof address);
	}
	socket_ = connect_to("127.0.0.1", ntohs(address.sin_port));
	task = start((cq_function)cq_socket_establish, socket_);
	snprintf(wanted, sizeof wanted, "connection to 127.0.0.1:%d", ntohs(address.sin_port));
	waits_for(task, wanted);
	cq_socket_free(socket_);
	cq_controller_free(controller);
	for (size_t i = 0; i < COUNT(fillers); i++)
		close(fillers[i]);
	close(listener);
}

struct secure {
	cq_socket *socket;
	cq_tls *tls;
};

static int shake(void *argument)
{
	struct secure *secure = (struct secure *)argument;

	return cq_socket_starttls(secure->socket, secure->tls);
}

static int read_it(void *argument)
{
	return read_code((cq_socket *)argument, CQ_READ_LINE, 0);
}

/* A task that waits for something to read over TLS still waits for that, and for the handshake no longer. */
TEST(a_handshake_is_told_while_it_lasts)
{
	int port, seconds = 0;
	cq_socket *listener = listen_on("127.0.0.1", &port), *client = connect_to("127.0.0.1", port), *server;
	struct secure ours = { NULL, server_with("server") };
	cq_tls *theirs = client_for("ca", "localhost");
	char wanted[100], name[64];
	struct sockaddr_in address;
	socklen_t size = sizeof address;
	cq_task shakes;

	controller = new_controller();
	OK(cq_socket_establish(client));
	OK(cq_socket_accept(listener, &server));
	ours.socket = server;
	SYS(getsockname(cq_socket_pollfd(client), (struct sockaddr *)&address, &size));
	snprintf(name, sizeof name, "127.0.0.1:%d", ntohs(address.sin_port));
	shakes = start(shake, &ours);
	snprintf(wanted, sizeof wanted, "read of %s (TLS handshake)", name);
	waits_for(shakes, wanted);
	while (cq_socket_try_starttls(client, theirs) == EAGAIN && seconds++ < 1000)
		OK(cq_controller_step(controller, 0.01));
	snprintf(wanted, sizeof wanted, "read of %s", name);
	waits_for(start(read_it, server), wanted);
	cq_socket_free(client);
	cq_socket_free(server);
	cq_socket_free(listener);
	cq_tls_free(ours.tls);
	cq_tls_free(theirs);
	cq_controller_free(controller);
}

static int next_change(void *argument)
{
	uint32_t changes;
	const char *name;
	size_t size;

	return cq_notify_get((cq_notify *)argument, -1, &changes, &name, &size);
}

TEST(changes_of_files_name_their_directory)
{
	cq_notify *notifier;
	char wanted[100];

	controller = new_controller();
	make_folder();
	OK(cq_notify_opendir(folder, CQ_NOTIFY_ALL, 0, &notifier));
	snprintf(wanted, sizeof wanted, "file changes of %s", folder);
	waits_for(start(next_change, notifier), wanted);
	cq_controller_free(controller);
	cq_notify_free(notifier);
	remove_folder();
}

static int ask(void *argument)
{
	cq_dns_packet *packet = NULL;
	int code = cq_dns_resolver_query((cq_dns_resolver *)argument, "silent.test", TYPE_AAAA, CLASS_IN, -1, &packet);

	cq_dns_packet_free(packet);
	return code;
}

static int ask_again(void *resolver)
{
	cq_dns_packet *packet = NULL;
	int code = cq_dns_resolver_query((cq_dns_resolver *)resolver, "www.test", TYPE_A, CLASS_IN, -1, &packet);

	cq_dns_packet_free(packet);
	return code ? code : ask(resolver);
}

static void each_try_is_told(const char *config, int (*asking)(void *))
{
	struct nameserver server;
	cq_dns_resolver *resolver;
	char wanted[100];
	cq_task asks;

	controller = new_controller();
	open_nameserver(&server);
	resolver = resolver_for(server.port, config);
	asks = start(asking, resolver);
	snprintf(wanted, sizeof wanted, "answer of 127.0.0.1:%d to AAAA silent.test., try 1", server.port);
	waits_for(asks, wanted);
	snprintf(wanted, sizeof wanted, "answer of 127.0.0.1:%d to AAAA silent.test., try 2", server.port);
	waits_for(asks, wanted);
	cq_controller_free(controller);
	cq_dns_resolver_free(resolver);
	close_nameserver(&server);
}

TEST(an_answer_names_server_question_and_try)
{
	each_try_is_told("options timeout:1 attempts:2\n", ask);
}

TEST(so_it_does_when_its_socket_is_used_again)
{
	each_try_is_told("options timeout:1 attempts:2\n", ask_again);
}

TEST(so_it_does_over_tcp)
{
	each_try_is_told("options timeout:1 attempts:2 tcp:only\n", ask_again);
}

TEST(so_it_does_at_a_shared_port)
{
	each_try_is_told("options timeout:1 attempts:2 ports:2\n", ask_again);
}
