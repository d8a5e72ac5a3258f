/* SPDX-License-Identifier: MIT */
/* Resolvers and pools of them, beside a name server in the same process. */

#include "dns.h"

/* A question in a fiber. */
struct query {
	cq_dns_resolver *resolver;
	cq_dns_resolvers *pool;
	const char *name;
	unsigned type;
	double timeout;
	bool done;
	int code;
	unsigned rcode;
	double seconds;
	char answer[64];
	/* The bytes of the message. */
	size_t size;
};

static int ask(void *argument)
{
	struct query *query = (struct query *)argument;
	cq_dns_packet *packet = NULL;
	double begun = now();

	if (query->resolver)
		query->code = cq_dns_resolver_query(query->resolver, query->name, query->type, CLASS_IN, query->timeout, &packet);
	else
		query->code = cq_dns_resolvers_query(query->pool, query->name, query->type, CLASS_IN, query->timeout, &packet);
	query->seconds = now() - begun;
	EQ(packet != NULL, query->code == 0);
	if (packet) {
		const void *data;

		OK(cq_dns_packet_dump(packet, &data, &query->size));
		query->rcode = cq_dns_packet_rcode(packet);
		snprintf(query->answer, sizeof query->answer, "%s", first_answer(packet));
	}
	cq_dns_packet_free(packet);
	query->done = true;
	return 0;
}

static void begin(cq_controller *controller, struct query *query)
{
	OK(cq_controller_wrap(controller, ask, NULL, query, NULL));
}

static struct query question(cq_dns_resolver *resolver, const char *name)
{
	struct query query;

	memset(&query, 0, sizeof query);
	query.resolver = resolver;
	query.name = name;
	query.type = TYPE_A;
	query.timeout = -1;
	return query;
}

/* Asks a question and waits. */
static struct query answered(cq_controller *controller, cq_dns_resolver *resolver, const char *name)
{
	struct query query = question(resolver, name);

	begin(controller, &query);
	UNTIL(query.done, controller);
	return query;
}

static bool reason_has(const cq_dns_resolver *resolver, const char *part)
{
	char text[300];
	size_t length;

	OK(cq_dns_resolver_reason(resolver, text, sizeof text, &length));
	EQ(length, strlen(text));
	if (!strstr(text, part))
		printf("       the reason is '%s'\n", text);
	return strstr(text, part) != NULL;
}

static cq_dns_stat stat_of(const cq_dns_resolver *resolver)
{
	cq_dns_stat stat;

	OK(cq_dns_resolver_stat(resolver, &stat));
	return stat;
}

/* A controller, a server in it, and a resolver that asks it. */
struct stage {
	cq_controller *controller;
	struct nameserver server;
	cq_dns_resolver *resolver;
};

static void set_stage(struct stage *stage, const char *config)
{
	stage->controller = new_controller();
	serve(stage->controller, &stage->server);
	stage->resolver = resolver_for(stage->server.port, config);
}

static void clear_stage(struct stage *stage)
{
	cq_dns_resolver_free(stage->resolver);
	close_nameserver(&stage->server);
	cq_controller_free(stage->controller);
}

TEST(an_answer_comes_to_the_fiber_that_asked)
{
	struct stage stage;
	struct query query;

	set_stage(&stage, "");
	query = answered(stage.controller, stage.resolver, "www.test");
	OK(query.code);
	TEXT(query.answer, strlen(query.answer), "192.0.2.1");
	CHECK(reason_has(stage.resolver, ""));
	query = answered(stage.controller, stage.resolver, "alias.test");
	TEXT(query.answer, strlen(query.answer), "www.test.");
	EQ(stat_of(stage.resolver).udp_sent.count, 2);
	EQ(stat_of(stage.resolver).udp_received.count, 2);
	EQ(stat_of(stage.resolver).tcp_sent.count, 0);
	EQ(stage.server.asked, 2);
	clear_stage(&stage);
}

TEST(an_answer_that_says_no_is_an_answer_with_a_reason)
{
	struct stage stage;
	struct query query;
	char part[100];

	set_stage(&stage, "");
	query = answered(stage.controller, stage.resolver, "no.test.");
	OK(query.code);
	EQ(query.rcode, 3);
	snprintf(part, sizeof part, "no.test.: no such name, says 127.0.0.1:%d", stage.server.port);
	CHECK(reason_has(stage.resolver, part));
	query = answered(stage.controller, stage.resolver, "nodata.test.");
	EQ(query.rcode, 0);
	CHECK(reason_has(stage.resolver, "nodata.test.: no such record"));
	query = answered(stage.controller, stage.resolver, "fail.test.");
	EQ(query.rcode, 2);
	CHECK(reason_has(stage.resolver, "answered SERVFAIL"));
	clear_stage(&stage);
}

TEST(a_cut_answer_is_had_over_tcp)
{
	struct stage stage;
	struct query query;

	set_stage(&stage, "");
	query = answered(stage.controller, stage.resolver, "cut.test");
	OK(query.code);
	TEXT(query.answer, strlen(query.answer), "192.0.2.1");
	EQ(stage.server.streamed, 1);
	EQ(stat_of(stage.resolver).tcp_sent.count, 1);
	EQ(stat_of(stage.resolver).tcp_received.count, 1);
	clear_stage(&stage);
	set_stage(&stage, "options tcp:only");
	query = answered(stage.controller, stage.resolver, "www.test");
	TEXT(query.answer, strlen(query.answer), "192.0.2.1");
	EQ(stage.server.asked, 0);
	EQ(stage.server.streamed, 1);
	clear_stage(&stage);
	set_stage(&stage, "options tcp:disable");
	query = answered(stage.controller, stage.resolver, "cut.test");
	OK(query.code);
	EQ(stage.server.streamed, 0);
	clear_stage(&stage);
}

/* How many bytes of answers come for "large4097.test" and the like. */
static size_t size_of(struct stage *stage, const char *name)
{
	struct query query = question(stage->resolver, name);

	query.type = TYPE_PRIVATE;
	begin(stage->controller, &query);
	UNTIL(query.done, stage->controller);
	OK(query.code);
	EQ(query.rcode, 0);
	return query.size;
}

/* By UDP one that does not fit into 4,096 bytes is as one that the server has cut, though it does not say so. What went wrong:
 * where no connection may be made, it became an answer that there is no such record. */
TEST(a_message_has_4096_bytes_by_udp_and_65535_by_tcp_at_most)
{
	const char *configs[] = { "options nocache", "options nocache ports:2" };
	cq_dns_packet *packet = NULL;
	struct stage stage;
	size_t i;

	for (i = 0; i < 2; i++) {
		set_stage(&stage, configs[i]);
		EQ(size_of(&stage, "large4096.test"), 4096);
		EQ(stage.server.streamed, 0);
		EQ(size_of(&stage, "large4097.test"), 4097);
		EQ(stage.server.streamed, 1);
		EQ(stat_of(stage.resolver).udp_received.bytes, 2 * 4096);
		EQ(size_of(&stage, "large65535.test"), 65535);
		EQ(stage.server.streamed, 2);
		EQ(stat_of(stage.resolver).tcp_received.bytes, 2 + 4097 + 2 + 65535);
		clear_stage(&stage);
	}
	set_stage(&stage, "options tcp:disable");
	OK(cq_dns_resolver_submit(stage.resolver, "large4097.test", TYPE_PRIVATE, CLASS_IN));
	UNTIL(cq_dns_resolver_try_fetch(stage.resolver, &packet) == 0, stage.controller);
	CHECK(cq_dns_packet_flags(packet) & 0x200);
	EQ(cq_dns_packet_count(packet, CQ_DNS_ANSWER), 0);
	EQ(stage.server.streamed, 0);
	cq_dns_packet_free(packet);
	clear_stage(&stage);
}

TEST(a_connection_that_ends_too_early_is_a_failure)
{
	struct stage stage;
	struct query query;

	set_stage(&stage, "");
	query = answered(stage.controller, stage.resolver, "hangup.test");
	ERR(query.code, CQ_ENOANSWER);
	CHECK(reason_has(stage.resolver, "hangup.test.: 127.0.0.1:"));
	clear_stage(&stage);
}

TEST(a_time_limit_is_kept_and_the_resolver_answers_again)
{
	struct stage stage;
	struct query query;

	set_stage(&stage, "");
	query = question(stage.resolver, "silent.test");
	query.timeout = MS(60);
	begin(stage.controller, &query);
	UNTIL(query.done, stage.controller);
	ERR(query.code, ETIMEDOUT);
	CHECK(query.seconds >= MS(60) && (slow() || query.seconds < 2));
	query = answered(stage.controller, stage.resolver, "www.test");
	OK(query.code);
	query = question(stage.resolver, "other.test");
	query.timeout = 0;
	begin(stage.controller, &query);
	UNTIL(query.done, stage.controller);
	ERR(query.code, ETIMEDOUT);
	clear_stage(&stage);
}

TEST(a_silent_server_is_asked_as_often_as_the_configuration_says)
{
	struct stage stage;
	struct query query;

	set_stage(&stage, "options timeout:1 attempts:2");
	query = answered(stage.controller, stage.resolver, "silent.test.");
	OK(query.code);
	EQ(query.rcode, 2);
	EQ(stage.server.silent, 2);
	CHECK(query.seconds >= 2);
	CHECK(reason_has(stage.resolver, "silent.test.: no answer from 127.0.0.1:"));
	clear_stage(&stage);
}

TEST(a_server_that_is_not_there_is_told_as_the_system_tells_it)
{
	cq_controller *controller = new_controller();
	struct nameserver server;
	cq_dns_resolver *resolver;
	struct query query;

	open_nameserver(&server);
	close_nameserver(&server);
	resolver = resolver_for(server.port, "options timeout:1");
	query = answered(controller, resolver, "www.test.");
	ERR(query.code, ECONNREFUSED);
	CHECK(reason_has(resolver, "www.test.: 127.0.0.1:"));
	cq_dns_resolver_free(resolver);
	resolver = resolver_for(server.port, "options tcp:only");
	query = answered(controller, resolver, "www.test.");
	ERR(query.code, ECONNREFUSED);
	cq_dns_resolver_free(resolver);
	cq_controller_free(controller);
}

TEST(closing_a_resolver_wakes_the_fiber_that_waits_in_it)
{
	const char *configs[] = { "", "options ports:2", "options tcp:only" };
	size_t i;

	for (i = 0; i < COUNT(configs); i++) {
		struct stage stage;
		struct query query;

		set_stage(&stage, configs[i]);
		query = question(stage.resolver, "silent.test");
		begin(stage.controller, &query);
		UNTIL(stage.server.silent + stage.server.streamed == 1, stage.controller);
		CHECK(!query.done);
		OK(cq_dns_resolver_close(stage.resolver));
		OK(cq_dns_resolver_close(stage.resolver));
		CHECK(cq_dns_resolver_is_closed(stage.resolver));
		UNTIL(query.done, stage.controller);
		ERR(query.code, EBADF);
		CHECK(slow() || query.seconds < 2);
		ERR(cq_dns_resolver_submit(stage.resolver, "www.test", TYPE_A, CLASS_IN), EBADF);
		clear_stage(&stage);
	}
}

TEST(a_cancelled_question_is_forgotten)
{
	struct stage stage;
	cq_dns_packet *packet = NULL;
	int before;

	set_stage(&stage, "");
	before = open_descriptors();
	ERR(cq_dns_resolver_try_fetch(stage.resolver, &packet), CQ_ENOQUERY);
	OK(cq_dns_resolver_submit(stage.resolver, "www.test", TYPE_A, CLASS_IN));
	ERR(cq_dns_resolver_try_fetch(stage.resolver, &packet), EAGAIN);
	EQ(open_descriptors(), before + 1);
	OK(cq_dns_resolver_cancel(stage.resolver));
	EQ(open_descriptors(), before);
	ERR(cq_dns_resolver_try_fetch(stage.resolver, &packet), CQ_ENOQUERY);
	OK(answered(stage.controller, stage.resolver, "www.test").code);
	clear_stage(&stage);
}

TEST(a_cancelled_question_lets_its_fiber_go)
{
	const char *configs[] = { "", "options ports:2" };
	size_t i;

	for (i = 0; i < COUNT(configs); i++) {
		struct stage stage;
		struct query query;

		set_stage(&stage, configs[i]);
		query = question(stage.resolver, "silent.test");
		begin(stage.controller, &query);
		UNTIL(stage.server.silent == 1, stage.controller);
		OK(cq_dns_resolver_cancel(stage.resolver));
		UNTIL(query.done, stage.controller);
		ERR(query.code, CQ_ENOQUERY);
		CHECK(slow() || query.seconds < 2);
		clear_stage(&stage);
	}
}

TEST(without_waiting_an_answer_is_submitted_polled_and_fetched)
{
	cq_dns_resolver *resolver = resolver_for(serve_elsewhere(), "");
	cq_dns_packet *packet = NULL;
	int code;

	EQ(cq_dns_resolver_pollfd(resolver), -1);
	EQ(cq_dns_resolver_events(resolver), 0);
	CHECK(isnan(cq_dns_resolver_timeout(resolver)));
	OK(cq_dns_resolver_submit(resolver, "www.test", TYPE_A, CLASS_IN));
	CHECK(cq_dns_resolver_timeout(resolver) == 0);
	while ((code = cq_dns_resolver_try_fetch(resolver, &packet)) == EAGAIN) {
		struct pollfd entry;

		entry.fd = cq_dns_resolver_pollfd(resolver);
		entry.events = (short)cq_dns_resolver_events(resolver);
		EQ(entry.events, POLLIN);
		CHECK(entry.fd >= 0);
		CHECK(cq_dns_resolver_timeout(resolver) > 0 && cq_dns_resolver_timeout(resolver) <= 5);
		EQ(SYS(poll(&entry, 1, (int)(1000 * cq_dns_resolver_timeout(resolver)) + 1)), 1);
	}
	OK(code);
	TEXT(first_answer(packet), strlen(first_answer(packet)), "192.0.2.1");
	cq_dns_packet_free(packet);
	packet = NULL;
	ERR(cq_dns_resolver_try_fetch(resolver, &packet), CQ_EFETCHED);
	CHECK(packet == NULL);
	cq_dns_resolver_free(resolver);
}

TEST(an_interest_in_a_resolver_waits_for_its_answer)
{
	cq_dns_resolver *resolver = resolver_for(serve_elsewhere(), "");
	cq_dns_packet *packet = NULL;
	cq_interest interest = CQ_INTEREST_NONE;
	int code;

	interest.resolver = resolver;
	OK(cq_dns_resolver_submit(resolver, "www.test", TYPE_A, CLASS_IN));
	while ((code = cq_dns_resolver_try_fetch(resolver, &packet)) == EAGAIN)
		OK(cq_poll(&interest, 1, NULL));
	OK(code);
	cq_dns_packet_free(packet);
	cq_dns_resolver_free(resolver);
}

TEST(outside_a_controller_a_query_blocks)
{
	int port = serve_elsewhere();
	cq_dns_resolver *resolver = resolver_for(port, "options nocache");
	cq_dns_resolvers *pool = pool_for(port, "options nocache ports:1");
	cq_dns_packet *packet = NULL;
	double begun = now();

	OK(cq_dns_resolver_query(resolver, "slow.test", TYPE_A, CLASS_IN, -1, &packet));
	CHECK(now() - begun >= MS(50));
	cq_dns_packet_free(packet);
	OK(cq_dns_resolvers_query(pool, "slow.test", TYPE_A, CLASS_IN, -1, &packet));
	cq_dns_packet_free(packet);
	packet = NULL;
	ERR(cq_dns_resolver_query(resolver, "silent.test", TYPE_A, CLASS_IN, MS(50), &packet), ETIMEDOUT);
	ERR(cq_dns_resolvers_query(pool, "silent.test", TYPE_A, CLASS_IN, MS(50), &packet), ETIMEDOUT);
	CHECK(packet == NULL);
	cq_dns_resolver_free(resolver);
	cq_dns_resolvers_free(pool);
}

struct callback {
	cq_dns_resolver *resolver;
	cq_dns_resolvers *pool;
	int codes[3];
};

static int ask_in_a_callback(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct callback *callback = (struct callback *)argument;
	cq_dns_packet *packet = NULL;
	cq_address address;
	size_t room = 1;

	(void)controller, (void)task, (void)fired, (void)count;
	callback->codes[0] = cq_dns_resolver_query(callback->resolver, "www.test", TYPE_A, CLASS_IN, -1, &packet);
	callback->codes[1] = cq_dns_resolvers_query(callback->pool, "www.test", TYPE_A, CLASS_IN, -1, &packet);
	callback->codes[2] = cq_dns_addresses(callback->pool, "www.test", AF_INET, -1, &address, &room);
	return 0;
}

TEST(a_callback_must_not_wait)
{
	struct stage stage;
	struct callback callback;
	int i;

	set_stage(&stage, "");
	callback.resolver = stage.resolver;
	callback.pool = pool_for(stage.server.port, "");
	callback.codes[2] = 0;
	OK(cq_controller_attach(stage.controller, ask_in_a_callback, NULL, &callback, NULL));
	UNTIL(callback.codes[2], stage.controller);
	for (i = 0; i < 3; i++)
		ERR(callback.codes[i], EDEADLK);
	OK(answered(stage.controller, stage.resolver, "www.test").code);
	cq_dns_resolvers_free(callback.pool);
	clear_stage(&stage);
}

TEST(what_is_known_costs_no_datagram)
{
	struct stage stage;

	set_stage(&stage, "");
	OK(answered(stage.controller, stage.resolver, "www.test").code);
	OK(answered(stage.controller, stage.resolver, "WWW.TEST.").code);
	EQ(stage.server.asked, 1);
	EQ(stat_of(stage.resolver).queries, 1);
	cq_dns_clear_cache();
	OK(answered(stage.controller, stage.resolver, "www.test").code);
	EQ(stage.server.asked, 2);
	clear_stage(&stage);
	set_stage(&stage, "options nocache");
	OK(answered(stage.controller, stage.resolver, "www.test").code);
	OK(answered(stage.controller, stage.resolver, "www.test").code);
	EQ(stage.server.asked, 2);
	clear_stage(&stage);
}

TEST(a_question_takes_the_place_of_the_one_before)
{
	struct stage stage;
	cq_dns_packet *packet = NULL;

	set_stage(&stage, "");
	OK(cq_dns_resolver_submit(stage.resolver, "silent.test", TYPE_A, CLASS_IN));
	ERR(cq_dns_resolver_try_fetch(stage.resolver, &packet), EAGAIN);
	OK(answered(stage.controller, stage.resolver, "www.test").code);
	ERR(cq_dns_resolver_submit(stage.resolver, "a..b", TYPE_A, CLASS_IN), CQ_EILLEGAL);
	ERR(cq_dns_resolver_submit(stage.resolver, "a", 65536, CLASS_IN), EINVAL);
	ERR(cq_dns_resolver_submit(stage.resolver, "a", TYPE_A, 65536), EINVAL);
	clear_stage(&stage);
}

TEST(a_pool_makes_so_many_resolvers_wait_and_uses_them_again)
{
	struct stage stage;
	struct query queries[6];
	/* Equal ones would be one. */
	static const char *names[] = { "slow1.test", "slow2.test", "slow3.test", "slow4.test", "slow5.test", "slow6.test" };
	cq_dns_resolvers *pool;
	size_t i;
	int before, done = 0;

	set_stage(&stage, "");
	pool = pool_for(stage.server.port, "options nocache");
	OK(cq_dns_resolvers_set_limit(pool, 2));
	before = open_descriptors();
	for (i = 0; i < COUNT(queries); i++) {
		queries[i] = question(NULL, names[i]);
		queries[i].pool = pool;
		begin(stage.controller, &queries[i]);
	}
	while (done < (int)COUNT(queries)) {
		OK(cq_controller_step(stage.controller, 1));
		CHECK(open_descriptors() <= before + 2);
		for (i = 0, done = 0; i < COUNT(queries); i++)
			done += queries[i].done;
	}
	for (i = 0; i < COUNT(queries); i++)
		OK(queries[i].code);
	/* Two at a time: the last had to wait for two others. */
	CHECK(queries[5].seconds >= 3 * MS(50));
	EQ(stage.server.asked, 6);
	cq_dns_resolvers_free(pool);
	clear_stage(&stage);
}

TEST(waiting_for_a_resolver_of_a_pool_counts_in_the_time_limit)
{
	struct stage stage;
	struct query first, second;
	cq_dns_resolvers *pool;

	set_stage(&stage, "");
	pool = pool_for(stage.server.port, "");
	OK(cq_dns_resolvers_set_limit(pool, 1));
	first = question(NULL, "silent.test");
	second = question(NULL, "www.test");
	first.pool = second.pool = pool;
	first.timeout = 0.5;
	second.timeout = MS(50);
	begin(stage.controller, &first);
	begin(stage.controller, &second);
	UNTIL(second.done, stage.controller);
	ERR(second.code, ETIMEDOUT);
	CHECK(!first.done || slow());
	UNTIL(first.done, stage.controller);
	ERR(first.code, ETIMEDOUT);
	second = question(NULL, "www.test");
	second.pool = pool;
	begin(stage.controller, &second);
	UNTIL(second.done, stage.controller);
	OK(second.code);
	cq_dns_resolvers_free(pool);
	clear_stage(&stage);
}

TEST(a_resolver_is_freed_while_others_run_at_the_same_port)
{
	struct stage stage;
	struct query queries[8];
	cq_dns_resolver *resolvers[8];
	size_t i;

	set_stage(&stage, "");
	for (i = 0; i < 8; i++) {
		resolvers[i] = resolver_for(stage.server.port, "options nocache ports:1");
		queries[i] = question(resolvers[i], i % 2 ? "slow.test" : "silent.test");
		if (i % 2)
			begin(stage.controller, &queries[i]);
		else {
			cq_dns_packet *packet;

			/* It becomes the one that receives for all, and never looks again. */
			OK(cq_dns_resolver_submit(resolvers[i], "silent.test", TYPE_A, CLASS_IN));
			ERR(cq_dns_resolver_try_fetch(resolvers[i], &packet), EAGAIN);
		}
	}
	OK(cq_controller_step(stage.controller, 0));
	cq_dns_resolver_free(resolvers[0]);
	cq_dns_resolver_free(resolvers[4]);
	for (i = 1; i < 8; i += 2) {
		UNTIL(queries[i].done, stage.controller);
		OK(queries[i].code);
		TEXT(queries[i].answer, strlen(queries[i].answer), "192.0.2.1");
		CHECK(slow() || queries[i].seconds < 3);
		cq_dns_resolver_free(resolvers[i]);
	}
	cq_dns_resolver_free(resolvers[2]);
	cq_dns_resolver_free(resolvers[6]);
	clear_stage(&stage);
}

TEST(a_controller_that_is_freed_leaves_the_resolver_in_order)
{
	struct stage stage;
	struct query query;
	cq_controller *other = new_controller();

	set_stage(&stage, "");
	query = question(stage.resolver, "silent.test");
	begin(other, &query);
	OK(cq_controller_step(other, 0));
	cq_controller_free(other);
	CHECK(!query.done);
	OK(answered(stage.controller, stage.resolver, "www.test").code);
	clear_stage(&stage);
}

TEST(a_child_of_fork_asks_through_ports_of_its_own)
{
	cq_dns_resolver *resolver = resolver_for(serve_elsewhere(), "options nocache ports:1");
	cq_dns_packet *packet;
	pid_t child;
	int i;

	OK(cq_dns_resolver_query(resolver, "www.test", TYPE_A, CLASS_IN, -1, &packet));
	cq_dns_packet_free(packet);
	child = (pid_t)SYS(fork());
	for (i = 0; i < 50; i++) {
		int code = cq_dns_resolver_query(resolver, "www.test", TYPE_A, CLASS_IN, 5, &packet);

		if (code != 0 && child == 0)
			end_child(false);
		OK(code);
		cq_dns_packet_free(packet);
	}
	EQ(stat_of(resolver).udp_received.count, 51);
	if (child == 0)
		end_child(true);
	EQ(wait_for_child(child), 0);
	cq_dns_resolver_free(resolver);
}

TEST(without_descriptors_a_query_fails_as_the_system_says)
{
	const char *configs[] = { "options nocache", "options nocache ports:2", "options nocache tcp:only" };
	int port = serve_elsewhere();
	size_t i;

	for (i = 0; i < COUNT(configs); i++) {
		cq_dns_resolver *resolver = resolver_for(port, configs[i]);
		cq_dns_packet *packet = NULL;
		struct rlimit limit = forbid_descriptors();
		int code = cq_dns_resolver_query(resolver, "www.test", TYPE_A, CLASS_IN, -1, &packet);

		allow_descriptors(limit);
		ERR(code, EMFILE);
		CHECK(packet == NULL);
		OK(cq_dns_resolver_query(resolver, "www.test", TYPE_A, CLASS_IN, -1, &packet));
		cq_dns_packet_free(packet);
		cq_dns_resolver_free(resolver);
	}
}

TEST(the_hosts_of_a_table_are_known_without_asking)
{
	cq_dns_config *config = config_for(9, "lookup file bind\n");
	cq_dns_hosts *hosts = hosts_of("192.0.2.9 host.test\n");
	cq_dns_resolver *resolver;
	cq_dns_packet *packet;

	OK(cq_dns_resolver_new(config, hosts, NULL, &resolver));
	cq_dns_hosts_free(hosts);
	cq_dns_config_free(config);
	OK(cq_dns_resolver_query(resolver, "host.test", TYPE_A, CLASS_IN, 0, &packet));
	TEXT(first_answer(packet), strlen(first_answer(packet)), "192.0.2.9");
	cq_dns_packet_free(packet);
	OK(cq_dns_resolver_query(resolver, "9.2.0.192.in-addr.arpa", 12, CLASS_IN, 0, &packet));
	TEXT(first_answer(packet), strlen(first_answer(packet)), "host.test.");
	cq_dns_packet_free(packet);
	cq_dns_resolver_free(resolver);
}

TEST(hints_tell_whom_to_ask_for_which_zone)
{
	struct stage stage;
	cq_dns_hints *hints;
	cq_dns_config *config = config_for(9, "options timeout:1\n");
	cq_dns_hosts *hosts = hosts_of("");
	cq_dns_resolver *resolver;
	char address[40];

	set_stage(&stage, "");
	OK(cq_dns_hints_new(&hints));
	snprintf(address, sizeof address, "[127.0.0.1]:%d", stage.server.port);
	OK(cq_dns_hints_insert(hints, "test", address, 1));
	OK(cq_dns_resolver_new(config, hosts, hints, &resolver));
	OK(answered(stage.controller, resolver, "www.test.").code);
	EQ(answered(stage.controller, resolver, "www.other.").rcode, 2);
	CHECK(reason_has(resolver, "www.other.: no server is known"));
	cq_dns_resolver_free(resolver);
	cq_dns_hints_free(hints);
	cq_dns_hosts_free(hosts);
	cq_dns_config_free(config);
	clear_stage(&stage);
}

TEST(an_address_has_names)
{
	cq_dns_resolvers *pool = pool_for(serve_elsewhere(), "");
	cq_dns_packet *answer;
	cq_dns_record record;
	cq_address address, path;
	char name[80];
	uint64_t cursor = 0;

	OK(cq_address_parse("192.0.2.1", 0, &address));
	OK(cq_dns_reverse_name(&address, name, sizeof name));
	TEXT(name, strlen(name), "1.2.0.192.in-addr.arpa.");
	ERR(cq_dns_reverse_name(&address, name, 23), CQ_ENOBUFS);
	OK(cq_dns_reverse(pool, &address, -1, &answer));
	cq_dns_selector answers = { .size = sizeof answers, .sections = CQ_DNS_ANSWER };
	OK(cq_dns_packet_grep(answer, &answers, &cursor, &record));
	OK(cq_dns_record_format(&record, name, sizeof name, NULL));
	TEXT(name, strlen(name), "www.test.");
	cq_dns_packet_free(answer);
	OK(cq_address_parse("2001:db8::1", 0, &address));
	OK(cq_dns_reverse_name(&address, name, sizeof name));
	TEXT(name, strlen(name), "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.");
	ERR(cq_dns_reverse(pool, &address, -1, &answer), CQ_ENONAME);
	OK(cq_address_path("/tmp/x", 6, &path));
	ERR(cq_dns_reverse(pool, &path, -1, &answer), EAFNOSUPPORT);
	ERR(cq_dns_reverse_name(&path, name, sizeof name), EAFNOSUPPORT);
	ERR(cq_dns_reverse(pool, NULL, 0, &answer), EINVAL);
	ERR(cq_dns_reverse(pool, &address, 0, NULL), EINVAL);
	ERR(cq_dns_reverse_name(NULL, name, sizeof name), EINVAL);
	cq_dns_resolvers_free(pool);
}

TEST(a_service_has_addresses_in_the_order_of_its_priorities)
{
	cq_dns_resolvers *pool = pool_for(serve_elsewhere(), "");
	cq_address addresses[4];
	cq_name name;
	size_t count = COUNT(addresses);

	OK(cq_dns_services(pool, "_www._tcp.test", -1, addresses, &count));
	EQ(count, 3);
	OK(cq_address_name(&addresses[0], &name));
	TEXT(name.text, name.size, "192.0.2.1");
	EQ(name.port, 80);
	for (int i = 1; i < 3; i++) {
		OK(cq_address_name(&addresses[i], &name));
		EQ(name.port, 81);
	}
	count = 1;
	OK(cq_dns_services(pool, "_www._tcp.test", -1, addresses, &count));
	EQ(count, 1);
	count = COUNT(addresses);
	ERR(cq_dns_services(pool, "_off._tcp.test", -1, addresses, &count), CQ_ENONAME);
	ERR(cq_dns_services(pool, "www.test", -1, addresses, &count), CQ_ENONAME);
	ERR(cq_dns_services(pool, "fail.test", -1, addresses, &count), CQ_EFAIL);
	ERR(cq_dns_services(pool, "silent.test", MS(30), addresses, &count), ETIMEDOUT);
	ERR(cq_dns_services(pool, "a..b", -1, addresses, &count), CQ_EILLEGAL);
	ERR(cq_dns_services(pool, NULL, 0, addresses, &count), EINVAL);
	ERR(cq_dns_services(pool, "a", 0, NULL, &count), EINVAL);
	ERR(cq_dns_services(pool, "a", 0, addresses, NULL), EINVAL);
	EQ(count, 4);
	cq_dns_resolvers_free(pool);
}

TEST(addresses_are_sorted_as_rfc_6724_says)
{
	/* No way leads to the reserved block 240.0.0.0/4, so it comes last; both addresses of this host are reached, and of
	 * these IPv6 comes first. */
	static const char *const sorted[] = { "127.0.0.1", "127.0.0.2", "240.0.0.1" };
	cq_address addresses[3], path;
	cq_name name;

	for (int i = 0; i < 3; i++)
		OK(cq_address_parse(sorted[2 - i], 80, &addresses[i]));
	OK(cq_dns_sort(addresses, 3));
	for (int i = 0; i < 3; i++) {
		OK(cq_address_name(&addresses[i], &name));
		EQ(name.port, 80);
	}
	TEXT(name.text, name.size, "240.0.0.1");
	OK(cq_address_path("/tmp/x", 6, &path));
	addresses[1] = path;
	ERR(cq_dns_sort(addresses, 3), EAFNOSUPPORT);
}

TEST(a_host_has_addresses_of_both_kinds_ipv6_first)
{
	cq_dns_resolvers *pool = pool_for(serve_elsewhere(), "");
	cq_address addresses[4];
	cq_name name;
	size_t count = COUNT(addresses);

	OK(cq_dns_addresses(pool, "local.test", AF_UNSPEC, -1, addresses, &count));
	EQ(count, 2);
	OK(cq_address_name(&addresses[0], &name));
	TEXT(name.text, name.size, "::1");
	OK(cq_address_name(&addresses[1], &name));
	TEXT(name.text, name.size, "127.0.0.1");
	count = 1;
	OK(cq_dns_addresses(pool, "local.test", AF_UNSPEC, -1, addresses, &count));
	EQ(count, 1);
	count = 0;
	OK(cq_dns_addresses(pool, "local.test", AF_UNSPEC, -1, NULL, &count));
	EQ(count, 0);
	count = COUNT(addresses);
	OK(cq_dns_addresses(pool, "alias.test", AF_INET, -1, addresses, &count));
	EQ(count, 1);
	OK(cq_address_name(&addresses[0], &name));
	TEXT(name.text, name.size, "192.0.2.1");
	count = 1;
	ERR(cq_dns_addresses(pool, "no.test", AF_UNSPEC, -1, addresses, &count), CQ_ENONAME);
	ERR(cq_dns_addresses(pool, "nodata.test", AF_INET, -1, addresses, &count), CQ_ENONAME);
	ERR(cq_dns_addresses(pool, "fail.test", AF_INET, -1, addresses, &count), CQ_EFAIL);
	ERR(cq_dns_addresses(pool, "silent.test", AF_INET, MS(30), addresses, &count), ETIMEDOUT);
	ERR(cq_dns_addresses(pool, "a..b", AF_INET, -1, addresses, &count), CQ_EILLEGAL);
	EQ(count, 1);
	OK(cq_dns_addresses(pool, "::1", AF_UNSPEC, 0, addresses, &count));
	cq_dns_resolvers_free(pool);
}

TEST(without_a_pool_the_thread_s_own_is_asked)
{
	cq_address address;
	cq_dns_packet *packet;
	size_t count = 1;

	configure(serve_elsewhere(), "", "");
	OK(cq_dns_addresses(NULL, "www.test", AF_INET, -1, &address, &count));
	OK(cq_dns_resolvers_query(NULL, "www.test", TYPE_A, CLASS_IN, -1, &packet));
	TEXT(first_answer(packet), strlen(first_answer(packet)), "192.0.2.1");
	cq_dns_packet_free(packet);
	OK(cq_dns_configure(NULL, NULL, NULL));
	OK(cq_dns_addresses(NULL, "localhost", AF_INET, -1, &address, &count));
}

TEST(null_is_an_invalid_argument_and_never_a_crash)
{
	cq_dns_resolver *resolver = resolver_for(9, "");
	cq_dns_resolvers *pool = pool_for(9, "");
	cq_dns_packet *packet = NULL;
	cq_address address;
	char text[8];
	size_t size = 1;

	ERR(cq_dns_resolver_new(NULL, NULL, NULL, NULL), EINVAL);
	cq_dns_resolver_free(NULL);
	ERR(cq_dns_resolver_close(NULL), EINVAL);
	CHECK(cq_dns_resolver_is_closed(NULL));
	ERR(cq_dns_resolver_submit(NULL, "a", 1, 1), EINVAL);
	ERR(cq_dns_resolver_submit(resolver, NULL, 1, 1), EINVAL);
	ERR(cq_dns_resolver_try_fetch(NULL, &packet), EINVAL);
	ERR(cq_dns_resolver_try_fetch(resolver, NULL), EINVAL);
	ERR(cq_dns_resolver_query(NULL, "a", 1, 1, 0, &packet), EINVAL);
	ERR(cq_dns_resolver_query(resolver, NULL, 1, 1, 0, &packet), EINVAL);
	ERR(cq_dns_resolver_query(resolver, "a", 1, 1, 0, NULL), EINVAL);
	ERR(cq_dns_resolver_cancel(NULL), EINVAL);
	EQ(cq_dns_resolver_pollfd(NULL), -1);
	EQ(cq_dns_resolver_events(NULL), 0);
	CHECK(isnan(cq_dns_resolver_timeout(NULL)));
	ERR(cq_dns_resolver_stat(resolver, NULL), EINVAL);
	ERR(cq_dns_resolver_stat(NULL, NULL), EINVAL);
	ERR(cq_dns_resolver_reason(NULL, text, sizeof text, &size), EINVAL);
	ERR(cq_dns_resolver_reason(resolver, NULL, 8, &size), EINVAL);
	ERR(cq_dns_resolvers_new(NULL, NULL, NULL, NULL), EINVAL);
	cq_dns_resolvers_free(NULL);
	ERR(cq_dns_resolvers_set_limit(NULL, 1), EINVAL);
	ERR(cq_dns_resolvers_query(pool, NULL, 1, 1, 0, &packet), EINVAL);
	ERR(cq_dns_resolvers_query(pool, "a", 1, 1, 0, NULL), EINVAL);
	ERR(cq_dns_addresses(pool, NULL, AF_INET, 0, &address, &size), EINVAL);
	ERR(cq_dns_addresses(pool, "a", AF_INET, 0, NULL, &size), EINVAL);
	ERR(cq_dns_addresses(pool, "a", AF_INET, 0, &address, NULL), EINVAL);
	ERR(cq_dns_sort(NULL, 1), EINVAL);
	OK(cq_dns_sort(NULL, 0));
	CHECK(packet == NULL);
	cq_dns_resolver_free(resolver);
	cq_dns_resolvers_free(pool);
}
