/* SPDX-License-Identifier: MIT */
/* Thousands of questions at once, over few descriptors. */

#include "dns.h"

#define MANY 10000
#define BATCH 50

/* A server that answers nothing before all have asked. */
struct patient {
	struct nameserver server;
	int wanted, came, answered;
	struct {
		struct sockaddr_in from;
		unsigned char data[64];
		size_t size;
	} *queries;
};

static int be_patient(void *argument)
{
	struct patient *patient = (struct patient *)argument;
	cq_interest interest = on_fd(patient->server.datagrams, POLLIN);

	while (patient->came < patient->wanted) {
		socklen_t length = sizeof(struct sockaddr_in);
		ssize_t size = recvfrom(patient->server.datagrams, patient->queries[patient->came].data, 64, 0,
		                        (struct sockaddr *)&patient->queries[patient->came].from, &length);

		if (size < 0)
			OK(cq_poll(&interest, 1, NULL));
		else
			patient->queries[patient->came++].size = (size_t)size;
	}
	while (patient->answered < patient->wanted) {
		int i = patient->answered++;

		answer_datagram(&patient->server, patient->queries[i].data, patient->queries[i].size,
		                patient->queries[i].from);
		/* So that nobody's buffer overflows. */
		if (i % BATCH == 0)
			OK(cq_sleep(0));
	}
	return 0;
}

/* Room for all of them in the kernel. */
static void widen(int fd)
{
	int size = 16 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

struct crowd {
	cq_dns_config *config;
	cq_dns_hosts *hosts;
	int done, failed;
};

/* A question as a state machine. */
struct member {
	struct crowd *crowd;
	cq_dns_resolver *resolver;
	int number;
};

static int ask(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct member *member = (struct member *)argument;
	cq_interest interest = CQ_INTEREST_NONE;
	cq_dns_packet *packet = NULL;
	char name[40];
	int code;

	(void)fired, (void)count;
	if (!member->resolver) {
		snprintf(name, sizeof name, "host%d.test.", member->number);
		OK(cq_dns_resolver_new(member->crowd->config, member->crowd->hosts, NULL, &member->resolver));
		OK(cq_dns_resolver_submit(member->resolver, name, TYPE_A, CLASS_IN));
	}
	code = cq_dns_resolver_try_fetch(member->resolver, &packet);
	if (code == EAGAIN) {
		interest.resolver = member->resolver;
		interest.timeout = cq_dns_resolver_timeout(member->resolver);
		return park(controller, task, interest);
	}
	member->crowd->done++;
	if (code != 0 || strcmp(first_answer(packet), "192.0.2.1") != 0)
		member->crowd->failed++;
	cq_dns_packet_free(packet);
	cq_dns_resolver_free(member->resolver);
	return 0;
}

static void all_are_answered(int count, const char *config, int descriptors)
{
	cq_controller *controller = new_controller();
	struct patient patient;
	struct member *members = (struct member *)calloc((size_t)count, sizeof *members);
	struct crowd crowd;
	int i, before, most = 0;

	memset(&patient, 0, sizeof patient);
	memset(&crowd, 0, sizeof crowd);
	open_nameserver(&patient.server);
	widen(patient.server.datagrams);
	patient.wanted = count;
	patient.queries = calloc((size_t)count, sizeof *patient.queries);
	crowd.config = config_for(patient.server.port, config);
	crowd.hosts = hosts_of("");
	OK(cq_controller_wrap(controller, be_patient, NULL, &patient, NULL));
	OK(cq_controller_step(controller, 0));
	before = open_descriptors();
	for (i = 0; i < count; i++) {
		members[i].crowd = &crowd;
		members[i].number = i;
		OK(cq_controller_attach(controller, ask, NULL, &members[i], NULL));
		if (i % BATCH == BATCH - 1)
			OK(cq_controller_step(controller, 0));
	}
	while (crowd.done < count) {
		int open = open_descriptors();

		most = open > most ? open : most;
		OK(cq_controller_step(controller, 1));
	}
	EQ(crowd.failed, 0);
	/* Nothing was lost, and nobody asked twice. */
	EQ(patient.came, count);
	if (descriptors > 0)
		CHECK(most - before <= descriptors);
	else
		CHECK(most - before >= count);
	run(controller);
	close_nameserver(&patient.server);
	cq_dns_config_free(crowd.config);
	cq_dns_hosts_free(crowd.hosts);
	cq_controller_free(controller);
	free(patient.queries);
	free(members);
}

TEST(ten_thousand_questions_share_a_few_descriptors)
{
	int count = slow() || SANITIZED ? MANY / 10 : MANY;

	/* Eight at a time, each for 1,000 queries, and those that were given up and still wait for answers. */
	all_are_answered(count, "options ports:8 timeout:30 nocache\n", 8 + count / 1000);
}

TEST(with_sockets_of_their_own_many_questions_are_answered_too)
{
	int count = slow() || SANITIZED ? 100 : 1000;

	need_descriptors((rlim_t)count + 100);
	all_are_answered(count, "options timeout:30 nocache\n", 0);
}

TEST(one_port_is_enough_for_a_thousand)
{
	all_are_answered(slow() ? 200 : 1000, "options ports:1 timeout:30 nocache\n", 1);
}
