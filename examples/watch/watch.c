/* SPDX-License-Identifier: MIT */
/*
 * Tells what happens to files, until it is interrupted.
 *
 *   watch [-r] [-n COUNT] [-p PATTERN]... DIRECTORY [NAME...]
 *
 * -r watches the whole tree, -p names that fit a pattern ("*.c"), -n ends after so many changes. Without names
 * and patterns it tells of the directory itself, or with -r of everything.
 */
#include <cqueues.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static cq_notify *notifier;
static cq_signal *interrupts;
static long left = -1;

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "watch: %s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

static void tell(uint32_t changes, const char *name)
{
	for (uint32_t bit = 1; bit <= CQ_NOTIFY_OVERFLOW; bit <<= 1)
		if (changes & bit)
			printf("%s ", cq_notify_name(bit));
	printf("%s\n", name);
	fflush(stdout);
}

static int watch(void *argument)
{
	const char *name;
	uint32_t changes;
	int error = 0;

	while (left != 0 && (error = cq_notify_get(notifier, -1, &changes, &name, NULL)) == 0) {
		tell(changes, name);
		left -= left > 0;
	}
	if (error)
		fprintf(stderr, "watch: %s: %s\n", (const char *)argument, cq_strerror(error));
	exit(error != 0);
}

static int stop(void *argument)
{
	int number;

	(void)argument;
	check(cq_signal_wait(interrupts, -1, &number), "signals");
	fprintf(stderr, "watch: %s\n", cq_strsignal(number));
	exit(0);
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGINT, SIGTERM };
	const char *patterns[16];
	int option, count = 0;
	uint32_t flags = 0;
	cq_controller *controller;

	while ((option = getopt(argc, argv, "rn:p:")) != -1) {
		if (option == 'r')
			flags = CQ_NOTIFY_RECURSIVE;
		else if (option == 'n')
			left = atol(optarg);
		else if (option == 'p' && count < 16)
			patterns[count++] = optarg;
		else
			optind = argc + 1;
	}
	if (optind >= argc) {
		fputs("usage: watch [-r] [-n COUNT] [-p PATTERN]... DIRECTORY [NAME...]\n", stderr);
		return 2;
	}
	const char *directory = argv[optind++];
	check(cq_notify_opendir(directory, CQ_NOTIFY_ALL, flags, &notifier), directory);
	for (int i = 0; i < count; i++)
		check(cq_notify_match(notifier, patterns[i], CQ_NOTIFY_ALL), patterns[i]);
	for (int i = optind; i < argc; i++)
		check(cq_notify_add(notifier, argv[i], CQ_NOTIFY_ALL), argv[i]);

	/* A signal that is blocked waits until it is asked for. */
	check(cq_signal_block(signals, 2), "signals");
	check(cq_signal_listen(signals, 2, &interrupts), "signals");

	fprintf(stderr, "watching %s\n", directory);
	check(cq_controller_new(&controller), "controller");
	check(cq_controller_wrap(controller, watch, NULL, (void *)directory, NULL), "fiber");
	check(cq_controller_wrap(controller, stop, NULL, NULL, NULL), "fiber");
	check(cq_controller_loop(controller, -1), "loop");
	return 0;
}
