/* SPDX-License-Identifier: MIT */
/* The clock that tests of programs move: everything that waits for a time follows it, and nothing is due before. */
#include "dns.h"
#include "fixture.h"
#include <math.h>
#include <pthread.h>
#include <time.h>

#define HOUR 3600.0

static double real_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

TEST(the_clock_is_the_system_s_until_it_is_moved)
{
	double before = real_time(), between = cq_monotime(), after = real_time();

	CHECK(before <= between && between <= after);
	OK(cq_clock_advance(HOUR));
	before = cq_monotime();
	CHECK(before >= between + HOUR && before < between + HOUR + 100);
	OK(cq_clock_set_rate(0));
	between = cq_monotime();
	CHECK(between >= before);
	EQ(cq_monotime() > between, 0);
	OK(cq_clock_advance(1.5));
	CHECK(fabs(cq_monotime() - between - 1.5) < 1e-6);
	OK(cq_clock_advance(0));
	OK(cq_clock_set_rate(1));
	after = real_time();
	while (real_time() == after)
		;
	CHECK(cq_monotime() > between + 1.5);
}

TEST(what_is_no_length_of_time_is_refused)
{
	const double bad[] = { -1, NAN, INFINITY, -INFINITY, 1e10, 1e300 };
	double before;

	OK(cq_clock_set_rate(0));
	before = cq_monotime();
	for (size_t i = 0; i < COUNT(bad); i++)
		ERR(cq_clock_advance(bad[i]), EINVAL);
	for (size_t i = 0; i < 4; i++)
		ERR(cq_clock_set_rate(bad[i]), EINVAL);
	OK(cq_clock_advance(9e9)); /* 285 years */
	ERR(cq_clock_advance(9e9), EINVAL);
	CHECK(fabs(cq_monotime() - before - 9e9) < 1e-3);
	OK(cq_sleep(0));
	ERR(cq_clock_set_rate(2e6), EINVAL);
	OK(cq_clock_set_rate(1e6));
	OK(cq_clock_set_rate(1));
	OK(cq_sleep(MS(1)));
}

struct sleeper {
	double seconds;
	int code, over;
};

static int sleep_long(void *data)
{
	struct sleeper *sleeper = data;

	sleeper->code = cq_sleep(sleeper->seconds);
	sleeper->over = 1;
	return 0;
}

TEST(tasks_wake_in_the_order_of_their_deadlines_and_none_before)
{
	cq_controller *cq = new_controller();
	struct sleeper sleepers[] = { { HOUR, 77, 0 }, { HOUR / 2, 77, 0 }, { 2 * HOUR, 77, 0 } };

	OK(cq_clock_set_rate(0));
	for (size_t i = 0; i < COUNT(sleepers); i++)
		OK(cq_controller_wrap(cq, sleep_long, NULL, &sleepers[i], NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_clock_advance(HOUR / 2 - 0.001));
	OK(cq_controller_step(cq, 0));
	EQ(sleepers[1].over, 0);
	CHECK(cq_controller_timeout(cq) > 0 && cq_controller_timeout(cq) < 0.0011);
	OK(cq_clock_advance(0.001001));
	EQ((int)cq_controller_timeout(cq), 0);
	OK(cq_controller_step(cq, 0));
	EQ(sleepers[1].over, 1);
	EQ(sleepers[0].over, 0);
	OK(cq_clock_advance(HOUR));
	OK(cq_controller_step(cq, 0));
	EQ(sleepers[0].over, 1);
	EQ(sleepers[2].over, 0);
	OK(cq_clock_set_rate(1e6)); /* it goes by itself, quickly */
	run(cq);
	EQ(sleepers[2].over, 1);
	OK(cq_clock_set_rate(1));
	cq_controller_free(cq);
}

struct reader {
	cq_socket *socket;
	char line[10];
	int code, over;
};

static int read_line(void *data)
{
	struct reader *reader = data;

	const void *line = NULL;
	size_t size = 0;

	cq_socket_set_timeout(reader->socket, HOUR);
	reader->code = cq_socket_read(reader->socket, CQ_READ_LINE, 0, &line, &size);
	if (line)
		memcpy(reader->line, line, size < sizeof reader->line ? size : sizeof reader->line);
	reader->over = 1;
	return 0;
}

TEST(timeouts_of_sockets_deadlines_of_scopes_and_timers_follow_it)
{
	cq_controller *cq = new_controller();
	cq_socket *here, *there;
	cq_scope *scope;
	cq_timer *timer;
	struct reader reader = { NULL, "", 77, 0 };
	struct sleeper sleeper = { -1, 77, 0 };
	uint64_t count;

	OK(cq_socket_pair(SOCK_STREAM, &here, &there));
	reader.socket = here;
	OK(cq_controller_wrap(cq, read_line, NULL, &reader, NULL));
	OK(cq_scope_new(cq, NULL, &scope));
	OK(cq_scope_deadline(scope, 2 * HOUR));
	OK(cq_scope_wrap(scope, sleep_long, NULL, &sleeper, NULL));
	OK(cq_timer_new(&timer));
	OK(cq_timer_start(timer, HOUR, HOUR));
	OK(cq_controller_step(cq, 0));
	OK(cq_clock_advance(HOUR));
	OK(cq_controller_step(cq, 0));
	EQ(reader.over, 1);
	EQ(reader.code, ETIMEDOUT);
	OK(cq_timer_try_wait(timer, &count));
	EQ(count, 1);
	EQ(sleeper.over, 0);
	OK(cq_clock_advance(2.5 * HOUR));
	OK(cq_controller_step(cq, 0));
	EQ(sleeper.over, 1);
	EQ(sleeper.code, ETIMEDOUT);
	OK(cq_timer_wait(timer, -1, &count));
	EQ(count, 2);
	run(cq);
	cq_timer_free(timer);
	cq_scope_free(scope);
	cq_socket_free(here);
	cq_socket_free(there);
	cq_controller_free(cq);
}

TEST(what_has_come_is_read_also_behind_the_end_of_its_time)
{
	cq_controller *cq = new_controller();
	cq_socket *here, *there;
	struct reader reader = { NULL, "", 77, 0 };

	OK(cq_socket_pair(SOCK_STREAM, &here, &there));
	reader.socket = here;
	OK(cq_controller_wrap(cq, read_line, NULL, &reader, NULL));
	OK(cq_controller_step(cq, 0));
	OK(cq_socket_write(there, "line\n", 5));
	OK(cq_socket_flush(there));
	OK(cq_clock_advance(2 * HOUR));
	run(cq);
	EQ(reader.code, 0);
	EQ(memcmp(reader.line, "line", 4), 0);
	cq_socket_free(here);
	cq_socket_free(there);
	cq_controller_free(cq);
}

TEST(waits_outside_of_controllers_follow_it)
{
	double begun = real_time(), shown = cq_monotime();
	cq_condition *condition = new_condition(false);

	OK(cq_clock_set_rate(36000));
	OK(cq_sleep(HOUR));
	ERR(cq_condition_wait(condition, HOUR), ETIMEDOUT);
	OK(cq_clock_set_rate(1));
	CHECK(cq_monotime() - shown >= 2 * HOUR);
	CHECK(real_time() - begun >= 0.2);
	CHECK(real_time() - begun < 20);
	cq_condition_free(condition);
}

/* Steps a controller in a task of another one until it has no tasks. */
static int step_inner(void *data)
{
	cq_controller *inner = data;

	while (!cq_controller_empty(inner))
		OK(cq_controller_step(inner, -1));
	return 0;
}

struct asking {
	cq_dns_resolver *resolver;
	int code, over;
	unsigned rcode;
};

static int ask_silent(void *data)
{
	struct asking *asking = data;
	cq_dns_packet *packet = NULL;

	asking->code = cq_dns_resolver_query(asking->resolver, "silent.test.", TYPE_A, CLASS_IN, -1, &packet);
	if (packet)
		asking->rcode = cq_dns_packet_rcode(packet);
	cq_dns_packet_free(packet);
	asking->over = 1;
	return 0;
}

TEST(a_controller_within_another_one_follows_it)
{
	cq_controller *outer = new_controller(), *inner = new_controller();
	struct sleeper sleeper = { HOUR, 77, 0 };

	OK(cq_controller_wrap(inner, sleep_long, NULL, &sleeper, NULL));
	OK(cq_controller_wrap(outer, step_inner, NULL, inner, NULL));
	OK(cq_clock_set_rate(0));
	OK(cq_controller_step(outer, 0));
	OK(cq_controller_step(outer, 0));
	EQ(sleeper.over, 0);
	OK(cq_clock_advance(HOUR + 1));
	run(outer);
	EQ(sleeper.over, 1);
	OK(cq_clock_set_rate(1));
	cq_controller_free(inner);
	cq_controller_free(outer);
}

TEST(a_resolver_asks_again_and_gives_up_by_it)
{
	cq_controller *cq = new_controller();
	struct nameserver server;
	cq_dns_resolver *resolver;
	struct asking asking = { NULL, 77, 0, 0 };

	serve(cq, &server);
	asking.resolver = resolver = resolver_for(server.port, "options timeout:3600 attempts:2");
	OK(cq_clock_set_rate(0));
	OK(cq_controller_wrap(cq, ask_silent, NULL, &asking, NULL));
	while (server.silent == 0)
		OK(cq_controller_step(cq, 0));
	for (int i = 0; i < 10; i++)
		OK(cq_controller_step(cq, 0));
	EQ(server.silent, 1);
	OK(cq_clock_advance(HOUR + 1));
	while (server.silent == 1)
		OK(cq_controller_step(cq, 0));
	EQ(asking.over, 0);
	OK(cq_clock_advance(HOUR + 1));
	while (!asking.over)
		OK(cq_controller_step(cq, 0));
	EQ(asking.code, 0);
	EQ(asking.rcode, 2);
	OK(cq_clock_set_rate(1));
	cq_dns_resolver_free(resolver);
	close_nameserver(&server);
	cq_controller_free(cq);
}

struct elsewhere {
	cq_controller *cq;
	struct sleeper sleeper;
};

static void *step_until_over(void *data)
{
	struct elsewhere *elsewhere = data;

	while (!elsewhere->sleeper.over)
		OK(cq_controller_step(elsewhere->cq, -1));
	return NULL;
}

TEST(a_thread_that_waits_is_alerted_and_sees_the_new_time)
{
	struct elsewhere elsewhere = { new_controller(), { HOUR, 77, 0 } };
	pthread_t thread;

	OK(cq_clock_set_rate(0));
	OK(cq_controller_wrap(elsewhere.cq, sleep_long, NULL, &elsewhere.sleeper, NULL));
	OK(cq_controller_step(elsewhere.cq, 0));
	EQ(pthread_create(&thread, NULL, step_until_over, &elsewhere), 0);
	OK(cq_clock_advance(HOUR));
	OK(cq_controller_alert(elsewhere.cq));
	EQ(pthread_join(thread, NULL), 0);
	EQ(elsewhere.sleeper.code, 0);
	OK(cq_clock_set_rate(1));
	cq_controller_free(elsewhere.cq);
}

#define MOVES 20000

static void *move(void *data)
{
	for (int i = 0; i < MOVES; i++) {
		OK(cq_clock_advance(1));
		OK(cq_clock_set_rate(i % 3));
	}
	return data;
}

TEST(threads_that_move_it_at_once_lose_no_second_and_nobody_sees_it_go_back)
{
	pthread_t threads[3];
	double begun = cq_monotime(), last = begun;

	for (size_t i = 0; i < COUNT(threads); i++)
		EQ(pthread_create(&threads[i], NULL, move, NULL), 0);
	for (int i = 0; i < MOVES; i++) {
		double now = cq_monotime();

		CHECK(now >= last);
		last = now;
	}
	for (size_t i = 0; i < COUNT(threads); i++)
		EQ(pthread_join(threads[i], NULL), 0);
	CHECK(cq_monotime() >= begun + 3.0 * MOVES);
	OK(cq_clock_set_rate(1));
}
