/* SPDX-License-Identifier: MIT */
/*
 * A service that is told what to do by signals: HUP reads its configuration again, USR1 tells how it is, INT and
 * TERM end it in good order. Between them it goes about its work.
 */
#include <cqueues.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const int signals[] = { SIGHUP, SIGUSR1, SIGINT, SIGTERM };
static long rounds;

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "signals: %s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

static int work(void *argument)
{
	(void)argument;
	for (;;) {
		check(cq_sleep(0.01), "sleep");
		rounds++;
	}
}

static int obey(void *listener)
{
	int number;

	for (;;) {
		check(cq_signal_wait(listener, -1, &number), "wait");
		printf("%s: ", cq_signal_name(number));
		if (number == SIGHUP)
			puts("reading the configuration again");
		else if (number == SIGUSR1)
			printf("%s so far\n", rounds > 0 ? "worked" : "did nothing");
		else
			break;
		fflush(stdout);
	}
	puts("ending in good order");
	exit(0);
}

int main(void)
{
	cq_controller *controller;
	cq_signal *listener;

	/* Before any thread is started, so that all of them leave the signals to the listener. */
	check(cq_signal_block(signals, 4), "block");
	check(cq_signal_listen(signals, 4, &listener), "listen");
	check(cq_controller_new(&controller), "controller");
	check(cq_controller_wrap(controller, obey, NULL, listener, NULL), "fiber");
	check(cq_controller_wrap(controller, work, NULL, NULL, NULL), "fiber");
	printf("process %ld waits for signals\n", (long)getpid());
	fflush(stdout);
	check(cq_controller_loop(controller, -1), "loop");
	return 0;
}
