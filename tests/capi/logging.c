/* SPDX-License-Identifier: MIT */
/* What the library tells a program by itself. A bug of the library's own cannot be had from here: tests/log.rs has one. */
#include "dns.h"

struct told {
	int count, level;
	char text[600];
};

static void keep(void *data, int level, const char *text)
{
	struct told *told = data;

	told->count++;
	told->level = level;
	snprintf(told->text, sizeof told->text, "%s", text);
	CHECK(cq_monotime() > 0);
	CHECK(strchr(text, '\n') == NULL);
}

TEST(a_server_that_fails_is_told_although_another_one_answers)
{
	struct told told = { 0 };
	cq_dns_resolver *resolver;
	cq_dns_packet *packet;
	char more[100];

	cq_set_log(keep, &told);
	snprintf(more, sizeof more, "nameserver [127.0.0.1]:%d\noptions timeout:1 attempts:1\n", serve_elsewhere());
	resolver = resolver_for(1, more); /* nobody listens at the first one */
	OK(cq_dns_resolver_query(resolver, "www.test", TYPE_A, CLASS_IN, 10, &packet));
	cq_dns_packet_free(packet);
	EQ(told.level, CQ_LOG_WARNING);
	EQ(told.count, 1);
	CHECK(strstr(told.text, "www.test.: 127.0.0.1:1: "));
	CHECK(strstr(told.text, strerror(ECONNREFUSED)));
	cq_set_log(NULL, NULL);
	ERR(cq_dns_resolver_query(resolver, "silent.test", TYPE_A, CLASS_IN, 10, &packet), ECONNREFUSED);
	EQ(told.count, 1); /* nobody is told any more */
	cq_dns_resolver_free(resolver);
}

static void replace(void *data, int level, const char *text)
{
	keep(data, level, text);
	cq_set_log(NULL, NULL);
}

TEST(the_function_may_be_replaced_from_within)
{
	struct told told = { 0 };
	cq_dns_resolver *resolver = resolver_for(1, "options timeout:1 attempts:3");
	cq_dns_packet *packet;
	int i;

	cq_set_log(replace, &told);
	for (i = 0; i < 3; i++)
		ERR(cq_dns_resolver_query(resolver, "www.test", TYPE_A, CLASS_IN, 10, &packet), ECONNREFUSED);
	EQ(told.count, 1);
	cq_dns_resolver_free(resolver);
}
