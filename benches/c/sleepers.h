/* SPDX-License-Identifier: MIT */
/*
 * Sleepers: many tasks, each of which sleeps again and again for a random time. What is measured is how late they wake.
 *
 * First the mean of these times is adjusted until the process is busy for half of the time, on whatever machine and
 * library; then lateness is recorded for so many seconds. A program gives each wake to `woken`, with the time for which
 * it was asked, and sleeps until the time that this returns. It ends in there.
 */
#ifndef SLEEPERS_H
#define SLEEPERS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SLEEPERS 100000
#define BUSY 0.5    /* of the time */
#define ROUND 0.6   /* seconds: a round of adjusting settles for one of these, and is judged by the next */
#define ROUNDS 6
#define BUCKETS 1000000 /* of a microsecond; the last one also has all that is later */

static double mean_seconds = 0.2, round_end, round_begun, round_cpu, measured_seconds = 3;
static int halves; /* of rounds that are over */
static double lateness, latest;
static uint32_t buckets[BUCKETS];
static long wakes;

static inline double seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* xorshift64*, of which the upper bits are good: the next time for which to sleep, up to twice the mean. */
static inline double some_seconds(void)
{
	static uint64_t state = 88172645463325252;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (double)((state * 2685821657736338717u) >> 11) * 0x1p-53 * 2 * mean_seconds;
}

static inline void print_figures(double seconds, double cpu)
{
	long left = wakes - wakes / 100;
	int i = 0;

	while ((left -= buckets[i]) > 0)
		i++;
	printf("operations=%ld cpu=%.6f mean=%.6f p99=%.3f latest=%.3f busy=%.1f rate=%.0f\n", wakes, cpu,
	       lateness / (double)wakes * 1e3, (i + 1) * 1e-3, latest * 1e3, cpu / seconds * 100, (double)wakes / seconds);
	exit(0);
}

/* Half a round is over: after every second one the mean is adjusted, and after the last the figures are there. */
static inline void next_half(double now)
{
	double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID), share = (cpu - round_cpu) / (now - round_begun);

	if (halves == 2 * ROUNDS)
		print_figures(now - round_begun, cpu - round_cpu);
	if (halves % 2 == 1 && halves > 1)
		mean_seconds *= share / BUSY < 0.5 ? 0.5 : share / BUSY;
	halves++;
	round_begun = now;
	round_cpu = cpu;
	round_end = now + (halves == 2 * ROUNDS ? measured_seconds : ROUND);
}

static inline double woken(double deadline)
{
	double now = seconds_of(CLOCK_MONOTONIC), late = now - deadline;

	if (halves == 2 * ROUNDS) {
		int bucket = late > 0 ? (int)(late * 1e6) : 0;

		wakes++;
		lateness += late;
		latest = late > latest ? late : latest;
		buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	}
	if (now >= round_end)
		next_half(now);
	return now + some_seconds();
}

#endif
