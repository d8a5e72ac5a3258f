/* SPDX-License-Identifier: MIT */
/*
 * A program to look at: two controllers, of which the first runs a task that sleeps in a scope and one that obeys its
 * standard input. `stuck` has it block the thread until SIGTERM comes; at the end of the input it ends.
 */

#include <cqueues.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int sleep_long(void *argument)
{
	(void)argument;
	return cq_sleep(1000);
}

static int obey(void *argument)
{
	cq_controller *cq = argument;
	cq_interest input = CQ_INTEREST_NONE;
	char line[16];

	input.fd = STDIN_FILENO;
	input.events = POLLIN;
	for (;;) {
		int error = cq_poll(&input, 1, NULL);
		ssize_t size = error ? 0 : read(STDIN_FILENO, line, sizeof line);

		if (size <= 0)
			return cq_controller_stop(cq);
		while (size >= 5 && memcmp(line, "stuck", 5) == 0)
			pause();
	}
}

int main(void)
{
	cq_controller *cq, *other;
	cq_scope *scope;
	cq_task task;

	if (cq_controller_new(&cq) || cq_controller_new(&other) || cq_scope_new(cq, NULL, &scope))
		return 1;
	cq_scope_set_name(scope, "workers");
	if (cq_scope_wrap(scope, sleep_long, NULL, NULL, &task))
		return 1;
	cq_task_set_name(cq, task, "sleeper");
	if (cq_controller_wrap(cq, obey, NULL, cq, &task))
		return 1;
	cq_task_set_name(cq, task, "obeys");
	puts("ready");
	fflush(stdout);
	cq_controller_loop(cq, -1);
	cq_scope_free(scope);
	cq_controller_free(other);
	cq_controller_free(cq);
	return 0;
}
