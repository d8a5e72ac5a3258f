/* SPDX-License-Identifier: MIT */
/* Queries that end early: at each of their steps, in each of the ways in which one can end. */

#include "dns.h"

/* Over datagrams, with an alias, late, never; over a connection, which is cut off; large, which is both. */
static const char *const names[] = { "www.test", "alias.test", "slow.test", "silent.test", "cut.test", "hangup.test",
	"large65000.test", "fail.test", "nodata" };

/* Ports of their own, shared ones, connections alone, and a search list. */
static const char *const manners[] = { "options timeout:1 attempts:1 cache:no\n",
	"options timeout:1 attempts:1 ports:2 cache:no\n", "options timeout:1 attempts:1 use-vc cache:no\n",
	"search one.test two.test\noptions timeout:1 attempts:1 cache:no\n" };

enum end { CANCEL, CLOSE, FREE, REPLACE, REPLACE_TWICE, ENDS };

/* Goes so many steps at most; true if the answer came before. */
static bool go(cq_dns_resolver *resolver, int steps)
{
	while (steps-- > 0) {
		cq_dns_packet *packet = NULL;
		struct pollfd entry;

		if (cq_dns_resolver_try_fetch(resolver, &packet) != EAGAIN) {
			cq_dns_packet_free(packet);
			return true;
		}
		entry.fd = cq_dns_resolver_pollfd(resolver);
		entry.events = (short)cq_dns_resolver_events(resolver);
		SYS(poll(&entry, 1, 2));
	}
	return false;
}

/* Ends a query after so many steps. A resolver that is not closed answers the next one. */
static bool end_after(int port, const char *manner, const char *name, int steps, enum end end)
{
	cq_dns_resolver *resolver = resolver_for(port, manner);
	cq_dns_packet *packet = NULL;
	bool over;

	OK(cq_dns_resolver_submit(resolver, name, TYPE_A, CLASS_IN));
	over = go(resolver, steps);
	switch (end) {
	case CANCEL: OK(cq_dns_resolver_cancel(resolver)); break;
	case CLOSE: OK(cq_dns_resolver_close(resolver)); break;
	case REPLACE_TWICE: OK(cq_dns_resolver_submit(resolver, "silent.test", TYPE_A, CLASS_IN)); go(resolver, steps); break;
	default: break;
	}
	if (end == CLOSE) {
		ERR(cq_dns_resolver_submit(resolver, name, TYPE_A, CLASS_IN), EBADF);
	} else if (end != FREE) {
		OK(cq_dns_resolver_query(resolver, "www.test.", TYPE_A, CLASS_IN, 5, &packet));
		TEXT(first_answer(packet), strlen(first_answer(packet)), "192.0.2.1");
		cq_dns_packet_free(packet);
	}
	cq_dns_resolver_free(resolver);
	return over;
}

TEST(a_query_may_end_at_each_of_its_steps)
{
	int port = serve_elsewhere(), before, ended = 0, most = 0;
	size_t manner, name;
	int end;

	end_after(port, manners[1], "www.test", 20, CANCEL); /* ports that stay */
	before = open_descriptors();
	for (manner = 0; manner < sizeof manners / sizeof *manners; manner++) {
		for (name = 0; name < sizeof names / sizeof *names; name++) {
			for (end = 0; end < ENDS; end++) {
				int steps = 0;

				while (!end_after(port, manners[manner], names[name], steps, (enum end)end) && steps < 6)
					steps++;
				ended += steps;
				most = steps > most ? steps : most;
				CHECK(open_descriptors() <= before + 2);
			}
		}
	}
	printf("       %d queries ended early\n", ended);
	CHECK(ended > 300 && most == 6);
}

/* A fiber that asks, for as long as it is let. */
static int ask(void *argument)
{
	cq_dns_resolver *resolver = (cq_dns_resolver *)argument;
	cq_dns_packet *packet = NULL;
	int code = cq_dns_resolver_query(resolver, "cut.test", TYPE_A, CLASS_IN, 5, &packet);

	cq_dns_packet_free(packet);
	return code == ECANCELED ? 0 : code;
}

TEST(a_fiber_that_asks_may_be_cancelled_after_any_number_of_turns)
{
	int port = serve_elsewhere(), turns, before = 0;

	for (turns = 0; turns < 40; turns++) {
		cq_controller *controller = new_controller();
		cq_dns_resolver *resolver = resolver_for(port, "options cache:no\n");
		cq_dns_packet *packet = NULL;
		cq_task id;
		int i;

		OK(cq_controller_wrap(controller, ask, NULL, resolver, &id));
		for (i = 0; i < turns / 4; i++)
			OK(cq_controller_step(controller, MS(1)));
		if (turns % 4 == 0) {
			OK(cq_dns_resolver_close(resolver));
		} else if (turns % 4 == 1) {
			int code = cq_task_cancel(controller, id, "enough");

			CHECK(code == 0 || code == ENOENT);
			OK(cq_controller_loop(controller, 5));
			OK(cq_dns_resolver_query(resolver, "www.test", TYPE_A, CLASS_IN, 5, &packet));
			cq_dns_packet_free(packet);
		} /* else the fiber is abandoned */
		cq_controller_free(controller);
		cq_dns_resolver_free(resolver);
		if (turns == 3)
			before = open_descriptors();
	}
	EQ(open_descriptors(), before);
}
