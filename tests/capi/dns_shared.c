/* SPDX-License-Identifier: MIT */
/*
 * What resolvers share: exchanges (equal questions at once are one), pools (whoever goes gives back what it has, and its
 * turn), and tables, also between threads.
 */

#include "dns.h"
#include <pthread.h>

struct query {
	cq_dns_resolver *resolver;
	cq_dns_resolvers *pool;
	char name[40];
	double timeout;
	bool done;
	int code;
	char asked[40], answer[40];
};

static int ask(void *argument)
{
	struct query *query = (struct query *)argument;
	cq_dns_packet *packet = NULL;
	cq_dns_record question;
	uint64_t cursor = 0;

	query->code = query->resolver
	    ? cq_dns_resolver_query(query->resolver, query->name, TYPE_A, CLASS_IN, query->timeout, &packet)
	    : cq_dns_resolvers_query(query->pool, query->name, TYPE_A, CLASS_IN, query->timeout, &packet);
	if (packet) {
		OK(cq_dns_packet_grep(packet, NULL, &cursor, &question));
		OK(cq_dns_record_name(&question, query->asked, sizeof query->asked, NULL));
		snprintf(query->answer, sizeof query->answer, "%.39s", first_answer(packet));
	}
	cq_dns_packet_free(packet);
	query->done = true;
	return 0;
}

static void begin(cq_controller *controller, struct query *query, const char *name, cq_task *task)
{
	snprintf(query->name, sizeof query->name, "%s", name);
	query->timeout = query->timeout > 0 ? query->timeout : 10;
	OK(cq_controller_wrap(controller, ask, NULL, query, task));
}

static bool is(const char *found, const char *wanted)
{
	if (strcmp(found, wanted) != 0)
		printf("       '%s' instead of '%s'\n", found, wanted);
	return strcmp(found, wanted) == 0;
}

TEST(equal_questions_at_once_are_one_and_each_has_its_own_letters)
{
	static const char *names[] = { "slow.test.", "SLOW.test.", "slow.TEST.", "sLoW.tEsT." };
	static const char *configs[] = { "options nocache\n", "options nocache ports:2\n", "options nocache edns0\n" };
	size_t i, k;

	for (i = 0; i < COUNT(configs); i++) {
		cq_controller *controller = new_controller();
		struct nameserver server;
		struct query queries[4];
		cq_dns_resolvers *pool;

		memset(queries, 0, sizeof queries);
		open_nameserver(&server);
		serving = controller;
		pool = pool_for(server.port, configs[i]);
		for (k = 0; k < COUNT(names); k++) {
			queries[k].pool = pool;
			begin(controller, &queries[k], names[k], NULL);
		}
		OK(cq_controller_wrap(controller, serve_datagrams, NULL, &server, NULL));
		for (k = 0; k < COUNT(names); k++) {
			/* The server takes names that begin with "slow" in small letters for slow ones, others it answers. */
			UNTIL(queries[k].done, controller);
			OK(queries[k].code);
			CHECK(is(queries[k].asked, names[k]));
			CHECK(is(queries[k].answer, "192.0.2.1"));
		}
		EQ(server.asked, 1);
		cq_dns_resolvers_free(pool);
		close_nameserver(&server);
		cq_controller_free(controller);
	}
}

TEST(when_the_first_who_asked_goes_another_one_receives)
{
	static const char *configs[] = { "options nocache\n", "options nocache ports:1\n" };
	size_t i;
	int how;

	for (i = 0; i < COUNT(configs); i++)
		for (how = 0; how < 3; how++) {
			cq_controller *controller = new_controller();
			struct nameserver server;
			struct query first, second;
			cq_task task;

			memset(&first, 0, sizeof first);
			memset(&second, 0, sizeof second);
			serve(controller, &server);
			first.resolver = resolver_for(server.port, configs[i]);
			second.resolver = resolver_for(server.port, configs[i]);
			begin(controller, &first, "slow.test", &task);
			OK(cq_controller_step(controller, 0));
			begin(controller, &second, "slow.test", NULL);
			UNTIL(server.asked == 1, controller);
			if (how == 0)
				OK(cq_dns_resolver_cancel(first.resolver));
			else if (how == 1)
				OK(cq_dns_resolver_close(first.resolver));
			else { /* abandoned, and its resolver asked for something else */
				OK(cq_controller_finish(controller, task));
				OK(cq_dns_resolver_submit(first.resolver, "silent.test", TYPE_A, CLASS_IN));
			}
			UNTIL(second.done, controller);
			OK(second.code);
			CHECK(is(second.answer, "192.0.2.1"));
			EQ(server.asked, 1);
			cq_dns_resolver_free(first.resolver);
			cq_dns_resolver_free(second.resolver);
			close_nameserver(&server);
			cq_controller_free(controller);
		}
}

TEST(whoever_is_waited_for_may_stand_still)
{
	cq_controller *moving = new_controller(), *still = new_controller();
	struct nameserver server;
	struct query first, second;

	memset(&first, 0, sizeof first);
	memset(&second, 0, sizeof second);
	serve(moving, &server);
	first.resolver = resolver_for(server.port, "options nocache\n");
	second.resolver = resolver_for(server.port, "options nocache\n");
	begin(still, &first, "slow.test", NULL);
	OK(cq_controller_step(still, 0));
	begin(moving, &second, "slow.test", NULL);
	UNTIL(second.done, moving);
	OK(second.code);
	EQ(server.asked, 1);
	UNTIL(first.done, still);
	OK(first.code);
	cq_dns_resolver_free(first.resolver);
	cq_dns_resolver_free(second.resolver);
	close_nameserver(&server);
	cq_controller_free(still);
	cq_controller_free(moving);
}

/* With nothing but descriptors and timeouts, as another event loop has it. */
TEST(equal_questions_are_polled_by_descriptors_alone)
{
	int port = serve_elsewhere();
	cq_dns_resolver *both[2];
	cq_dns_packet *packets[2] = { NULL, NULL };
	double begun = now();
	int i, left = 2;

	for (i = 0; i < 2; i++) {
		both[i] = resolver_for(port, "options nocache\n");
		OK(cq_dns_resolver_submit(both[i], "slow.test", TYPE_A, CLASS_IN));
		ERR(cq_dns_resolver_try_fetch(both[i], &packets[i]), EAGAIN);
	}
	EQ(cq_dns_resolver_pollfd(both[0]), cq_dns_resolver_pollfd(both[1]));
	while (left > 0) {
		for (i = 0; i < 2; i++) {
			struct pollfd entry;
			int code;

			if (packets[i])
				continue;
			entry.fd = cq_dns_resolver_pollfd(both[i]);
			entry.events = (short)cq_dns_resolver_events(both[i]);
			SYS(poll(&entry, 1, (int)(cq_dns_resolver_timeout(both[i]) * 1000) + 1));
			code = cq_dns_resolver_try_fetch(both[i], &packets[i]);
			CHECK(code == 0 || code == EAGAIN);
			left -= code == 0;
		}
	}
	CHECK(slow() || now() - begun < 2);
	for (i = 0; i < 2; i++) {
		cq_dns_packet_free(packets[i]);
		cq_dns_resolver_free(both[i]);
	}
}

TEST(a_question_that_another_one_replaced_is_told_so)
{
	static const char *configs[] = { "", "options ports:2\n" };
	size_t i;
	int equal;

	for (i = 0; i < COUNT(configs); i++)
		for (equal = 0; equal < 2; equal++) {
			cq_controller *controller = new_controller();
			struct nameserver server;
			struct query first, second;

			memset(&first, 0, sizeof first);
			memset(&second, 0, sizeof second);
			serve(controller, &server);
			first.resolver = second.resolver = resolver_for(server.port, configs[i]);
			begin(controller, &first, equal ? "slow.test" : "silent.test", NULL);
			UNTIL(server.asked == 1, controller);
			begin(controller, &second, "slow.test", NULL);
			UNTIL(first.done, controller);
			ERR(first.code, ECANCELED);
			UNTIL(second.done, controller);
			OK(second.code);
			cq_dns_resolver_free(first.resolver);
			close_nameserver(&server);
			cq_controller_free(controller);
		}
}

TEST(a_waiter_that_goes_when_it_is_its_turn_passes_it_on)
{
	cq_controller *controller = new_controller();
	struct nameserver server;
	struct query queries[4];
	cq_task tasks[4];
	cq_dns_resolvers *pool;
	int i;

	memset(queries, 0, sizeof queries);
	serve(controller, &server);
	pool = pool_for(server.port, "");
	OK(cq_dns_resolvers_set_limit(pool, 1));
	for (i = 0; i < 4; i++) {
		queries[i].pool = pool;
		begin(controller, &queries[i], i ? "www.test" : "silent.test", &tasks[i]);
		OK(cq_controller_step(controller, 0));
	}
	UNTIL(server.asked == 1, controller);
	/* The second one is called, and gone before it looks; the third goes while it waits. */
	OK(cq_controller_finish(controller, tasks[0]));
	OK(cq_controller_finish(controller, tasks[1]));
	OK(cq_controller_finish(controller, tasks[2]));
	UNTIL(queries[3].done, controller);
	OK(queries[3].code);
	cq_dns_resolvers_free(pool);
	close_nameserver(&server);
	cq_controller_free(controller);
}

static int ask_for_addresses(void *argument)
{
	cq_address addresses[4];
	size_t count = 4;

	return cq_dns_addresses(NULL, (const char *)argument, AF_UNSPEC, 30, addresses, &count);
}

TEST(abandoned_fibers_give_their_resolvers_back)
{
	cq_controller *controller = new_controller();
	struct nameserver server;
	struct query queries[40], last;
	char name[] = "silent.test";
	int i, before;

	memset(queries, 0, sizeof queries);
	memset(&last, 0, sizeof last);
	serve(controller, &server);
	configure(server.port, "options timeout:30\n", "");
	before = open_descriptors();
	for (i = 0; i < 40; i++) {
		cq_controller *other = new_controller();

		begin(other, &queries[i], name, NULL);
		OK(cq_controller_wrap(other, ask_for_addresses, NULL, name, NULL));
		OK(cq_controller_step(other, 0));
		cq_controller_free(other);
	}
	CHECK(open_descriptors() <= before + 2);
	begin(controller, &last, "www.test", NULL);
	UNTIL(last.done, controller);
	OK(last.code);
	close_nameserver(&server);
	cq_controller_free(controller);
}

TEST(what_is_known_is_told_without_asking)
{
	cq_dns_config *config = config_for(9, "lookup file bind\nsearch corp.test\n");
	cq_dns_hosts *hosts = hosts_of("192.0.2.1 four\n2001:db8::1 both\n192.0.2.2 both\nfe80::1%1 near\n192.0.2.3 full.corp.test\n");
	cq_dns_resolver *resolver;
	static const struct {
		const char *name;
		int family, code;
		size_t count;
	} cases[] = {
		{ "four", AF_UNSPEC, 0, 1 }, { "four", AF_INET6, CQ_ENONAME, 0 }, { "BOTH", AF_UNSPEC, 0, 2 },
		{ "both", AF_INET, 0, 1 }, { "full", AF_UNSPEC, 0, 1 }, { "near", AF_UNSPEC, 0, 1 },
		{ "localhost", AF_UNSPEC, 0, 2 }, { "a.localhost.", AF_INET, 0, 1 }, { "192.0.2.9", AF_INET, 0, 1 },
		{ "fe80::9%1", AF_INET6, 0, 1 }, { "192.0.2.9", AF_INET6, CQ_ENONAME, 0 }, { "other", AF_UNSPEC, EAGAIN, 0 },
		{ "a..b", AF_UNSPEC, CQ_EILLEGAL, 0 }, { "a\\", AF_UNSPEC, CQ_EILLEGAL, 0 },
	};
	cq_address addresses[4];
	struct sockaddr_in6 v6;
	size_t i, count;

	OK(cq_dns_resolver_new(config, hosts, NULL, &resolver));
	for (i = 0; i < COUNT(cases); i++) {
		count = 4;
		ERR(cq_dns_resolver_known(resolver, cases[i].name, cases[i].family, addresses, &count), cases[i].code);
		if (cases[i].code == 0)
			EQ(count, cases[i].count);
	}
	count = 1;
	OK(cq_dns_resolver_known(resolver, "both", AF_UNSPEC, addresses, &count));
	EQ(count, 1);
	memcpy(&v6, addresses[0].storage, sizeof v6);
	EQ(v6.sin6_family, AF_INET6);
	count = 4;
	OK(cq_dns_resolver_known(resolver, "near", AF_UNSPEC, addresses, &count));
	memcpy(&v6, addresses[0].storage, sizeof v6);
	EQ(v6.sin6_scope_id, 1);
	ERR(cq_dns_resolver_known(NULL, "four", AF_UNSPEC, addresses, &count), EINVAL);
	ERR(cq_dns_resolver_known(resolver, NULL, AF_UNSPEC, addresses, &count), EINVAL);
	ERR(cq_dns_resolver_known(resolver, "four", AF_UNSPEC, NULL, &count), EINVAL);
	ERR(cq_dns_resolver_known(resolver, "four", AF_UNSPEC, addresses, NULL), EINVAL);
	cq_dns_resolver_free(resolver);
	cq_dns_config_free(config);
	cq_dns_hosts_free(hosts);
}

/* Frees what comes through a pipe. */
static void *free_all(void *argument)
{
	cq_dns_resolver *resolver;

	while (read(*(int *)argument, &resolver, sizeof resolver) == sizeof resolver)
		cq_dns_resolver_free(resolver);
	return NULL;
}

TEST(resolvers_are_freed_in_another_thread)
{
	int ends[2], i, many = slow() ? 500 : 20000;
	cq_dns_config *config = config_for(9, "lookup file bind\n");
	cq_dns_hosts *hosts = hosts_of("192.0.2.1 four\n");
	cq_dns_hints *hints;
	pthread_t thread;

	SYS(pipe(ends));
	OK(cq_dns_hints_new(&hints));
	OK(cq_dns_hints_insert(hints, ".", "127.0.0.1", 1));
	EQ(pthread_create(&thread, NULL, free_all, &ends[0]), 0);
	for (i = 0; i < many; i++) {
		cq_dns_resolver *resolver;
		cq_dns_packet *packet = NULL;

		/* Tables of the program, and those of the system. */
		OK(cq_dns_resolver_new(i % 2 ? config : NULL, i % 2 ? hosts : NULL, i % 2 ? hints : NULL, &resolver));
		if (i % 2)
			OK(cq_dns_resolver_query(resolver, "four", TYPE_A, CLASS_IN, 5, &packet));
		cq_dns_packet_free(packet);
		EQ(write(ends[1], &resolver, sizeof resolver), sizeof resolver);
	}
	SYS(close(ends[1]));
	EQ(pthread_join(thread, NULL), 0);
	cq_dns_hints_free(hints);
	cq_dns_hosts_free(hosts);
	cq_dns_config_free(config);
}
