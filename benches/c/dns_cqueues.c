/* SPDX-License-Identifier: MIT */
/*
 * Questions asked on libcqueues, each for a new name, PARALLEL at a time.
 *
 *   dns_cqueues callbacks|fibers PORT QUESTIONS PARALLEL PORTS      PORTS 0: a socket for each
 */

#include "peer.h"
#include "connect.h"
#include "dns.h"
#include <cqueues.h>

static cq_dns_config *config;
static cq_dns_hosts *hosts;
static int left;

static cq_dns_resolver *new_resolver(void)
{
	cq_dns_resolver *resolver;

	if (cq_dns_resolver_new(config, hosts, NULL, &resolver))
		die("resolver");
	return resolver;
}

static void check(int code, cq_dns_packet *packet)
{
	if (code != 0 || cq_dns_packet_count(packet, CQ_DNS_ANSWER) != 1)
		die("answer");
	cq_dns_packet_free(packet);
}

static int ask_in_fiber(void *argument)
{
	cq_dns_resolver *resolver = new_resolver();
	cq_dns_packet *packet;
	char name[64];
	int code;

	(void)argument;
	while (left > 0) {
		name_of(name, sizeof name, left--);
		code = cq_dns_resolver_query(resolver, name, 1, 1, -1, &packet);
		check(code, packet);
	}
	cq_dns_resolver_free(resolver);
	return 0;
}

static int ask_in_callback(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	cq_dns_resolver *resolver = argument;
	cq_interest interest = CQ_INTEREST_NONE;
	cq_dns_packet *packet;
	char name[64];
	int code;

	(void)fired, (void)count;
	for (;;) {
		code = cq_dns_resolver_try_fetch(resolver, &packet);
		if (code == EAGAIN) {
			interest.resolver = resolver;
			interest.timeout = cq_dns_resolver_timeout(resolver);
			return cq_controller_park(controller, task, &interest, 1);
		}
		if (code != CQ_ENOQUERY)
			check(code, packet);
		if (left <= 0)
			return 0;
		name_of(name, sizeof name, left--);
		if (cq_dns_resolver_submit(resolver, name, 1, 1))
			die("submit");
	}
}

static void release(void *argument)
{
	cq_dns_resolver_free(argument);
}

int main(int argc, char **argv)
{
	cq_controller *controller;
	char server[40];
	int questions, i;

	if (argc < 6)
		return 2;
	prepare();
	snprintf(server, sizeof server, "[127.0.0.1]:%s", argv[2]);
	questions = left = atoi(argv[3]);
	if (cq_dns_config_new(&config) || cq_dns_hosts_new(&hosts) || cq_controller_new(&controller) ||
	    cq_dns_config_clear(config, CQ_DNS_NAMESERVERS) || cq_dns_config_add(config, CQ_DNS_NAMESERVERS, server) ||
	    cq_dns_config_set(config, "ports", argv[5]))
		die("new");
	begin_measuring();
	for (i = 0; i < atoi(argv[4]); i++)
		if (argv[1][0] == 'f' ? cq_controller_wrap(controller, ask_in_fiber, NULL, NULL, NULL)
		                      : cq_controller_attach(controller, ask_in_callback, release, new_resolver(), NULL))
			die("task");
	if (cq_controller_loop(controller, -1))
		die("loop");
	end_measuring(questions);
	return 0;
}
