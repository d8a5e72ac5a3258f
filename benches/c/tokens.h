/* SPDX-License-Identifier: MIT */
/*
 * Tokens: of a thousand pairs of sockets a hundred get a byte. Who reads one sends another to the next pair, until a
 * thousand were sent besides: what a loop costs where few of many descriptors are ready. With `changing`, whoever waits takes
 * its interest back when it is told and states it again.
 *
 * A program starts to watch in `watch`, lets its loop run once without waiting in `turn`, and calls `pass` for a pair
 * that is readable.
 */
#ifndef TOKENS_H
#define TOKENS_H

#include "peer.h"
#include <time.h>

#define PAIRS 1000
#define ACTIVE 100
#define EXTRA 1000
#define ROUNDS 200

static int pairs[PAIRS][2];
static long sent, passed, extra;
static bool changing;

static void watch(int pair);
static void turn(void);

static inline void send_token(int pair)
{
	if (write(pairs[pair][1], "t", 1) != 1)
		die("write");
	sent++;
}

static inline void pass(int pair)
{
	char token[16];

	if (read(pairs[pair][0], token, sizeof token) > 0)
		passed++;
	if (extra > 0) {
		extra--;
		send_token((pair + 1) % PAIRS);
	}
}

static inline void go_round(void)
{
	sent = passed = 0;
	extra = EXTRA;
	for (int i = 0; i < ACTIVE; i++)
		send_token(i * (PAIRS / ACTIVE));
	while (passed < sent)
		turn();
}

static inline double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline int measure_tokens(int argc, char **argv)
{
	long operations = 0;
	double begun;

	changing = argc > 1 && !strcmp(argv[1], "changing");
	prepare();
	for (int i = 0; i < PAIRS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pairs[i]))
			die("socketpair");
		watch(i);
	}
	go_round(); /* registers all */
	begun = cpu_seconds();
	for (int i = 0; i < ROUNDS; i++) {
		go_round();
		operations += passed;
	}
	printf("operations=%ld cpu=%.6f\n", operations, cpu_seconds() - begun);
	return 0;
}

#endif
