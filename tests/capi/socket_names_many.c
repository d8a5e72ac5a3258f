/* SPDX-License-Identifier: MIT */
/*
 * A thousand sockets at names of their own at once, in each way of waiting: every one has to wait for one of the pool's few
 * resolvers, whose turn is told by a condition, and for its descriptor later. An interest in a socket once lost the
 * condition, so that all but the first few waited for ever.
 */

#include "dns.h"
#include <sys/resource.h>

enum { MANY = 1000 };

/* All of them, and a listener with room for them in its queue. */
struct crowd {
	cq_controller *controller;
	int listener, port, done, failed;
	bool both; /* whether the other condition of an interest is used, too */
	cq_condition *never;
	struct one {
		struct crowd *crowd;
		cq_socket *socket;
	} all[MANY];
};

static void count_in(struct crowd *crowd, int code)
{
	if (code && !crowd->failed++)
		printf("       the first that failed: %s\n", cq_strerror(code));
	crowd->done++;
}

/* cq_socket_establish in a fiber. */
static int establish(void *argument)
{
	struct one *one = (struct one *)argument;

	count_in(one->crowd, cq_socket_establish(one->socket));
	return 0;
}

static cq_interest interest_in(const struct one *one)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.socket = one->socket;
	if (one->crowd->both)
		interest.condition = one->crowd->never;
	return interest;
}

/* cq_poll with an interest in the socket. */
static int poll_for(void *argument)
{
	struct one *one = (struct one *)argument;
	int code;

	while ((code = cq_socket_try_establish(one->socket)) == EAGAIN) {
		cq_interest interest = interest_in(one);

		OK(cq_poll(&interest, 1, NULL));
	}
	count_in(one->crowd, code);
	return 0;
}

/* A callback that parks itself. */
static int resume(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	struct one *one = (struct one *)argument;
	int code = cq_socket_try_establish(one->socket);

	(void)fired, (void)count;
	if (code == EAGAIN) {
		cq_interest interest = interest_in(one);

		OK(cq_controller_park(controller, task, &interest, 1));
	} else
		count_in(one->crowd, code);
	return 0;
}

static void all_connect(cq_function function, bool both)
{
	static struct crowd crowd;
	struct sockaddr_in address = loopback(0);
	struct rlimit limit;
	int port = serve_elsewhere(), many = slow() ? MANY / 10 : MANY, i;
	socklen_t size = sizeof address;

	SYS(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max;
	SYS(setrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_cur < 2 * MANY)
		SKIP("too few descriptors");
	memset(&crowd, 0, sizeof crowd);
	crowd.controller = new_controller();
	crowd.never = new_condition(false);
	crowd.both = both;
	crowd.listener = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));
	SYS(bind(crowd.listener, (struct sockaddr *)&address, sizeof address));
	SYS(listen(crowd.listener, 2 * MANY));
	SYS(getsockname(crowd.listener, (struct sockaddr *)&address, &size));
	crowd.port = ntohs(address.sin_port);
	configure(port, "options timeout:10 nocache\n", "");
	for (i = 0; i < many; i++) {
		cq_options *options = new_options();
		char name[40];

		crowd.all[i].crowd = &crowd;
		snprintf(name, sizeof name, "local%d.test", i);
		OK(cq_options_host(options, name, crowd.port));
		OK(cq_socket_connect(options, &crowd.all[i].socket));
		cq_options_free(options);
		if (function)
			OK(cq_controller_wrap(crowd.controller, function, NULL, &crowd.all[i], NULL));
		else
			OK(cq_controller_attach(crowd.controller, resume, NULL, &crowd.all[i], NULL));
	}
	UNTIL(crowd.done == many, crowd.controller);
	EQ(crowd.failed, 0);
	for (i = 0; i < many; i++)
		cq_socket_free(crowd.all[i].socket);
	cq_condition_free(crowd.never);
	cq_controller_free(crowd.controller);
}

TEST(a_thousand_connect_in_fibers)
{
	all_connect(establish, false);
}

TEST(a_thousand_connect_that_are_polled)
{
	all_connect(poll_for, false);
}

TEST(a_thousand_connect_that_are_polled_with_a_condition)
{
	all_connect(poll_for, true);
}

TEST(a_thousand_connect_in_callbacks)
{
	all_connect(NULL, false);
}

TEST(a_thousand_connect_in_callbacks_with_a_condition)
{
	all_connect(NULL, true);
}
