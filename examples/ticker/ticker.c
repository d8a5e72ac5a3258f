/* SPDX-License-Identifier: MIT */
/* Two fibers on one controller: each sleeps by itself while the other goes on. */
#include <cqueues.h>
#include <stdio.h>

struct ticker {
	const char *name;
	double seconds;
};

static int tick(void *argument)
{
	const struct ticker *ticker = argument;
	for (int count = 1; count <= 3; count++) {
		cq_sleep(ticker->seconds); /* suspends only this fiber */
		printf("%s %d\n", ticker->name, count);
	}
	return 0;
}

int main(void)
{
	struct ticker fast = { "fast", 0.1 }, slow = { "slow", 0.25 };
	cq_controller *controller;
	int error = cq_controller_new(&controller);
	if (!error)
		error = cq_controller_wrap(controller, tick, NULL, &fast, NULL);
	if (!error)
		error = cq_controller_wrap(controller, tick, NULL, &slow, NULL);
	if (!error)
		error = cq_controller_loop(controller, -1);
	if (error)
		fprintf(stderr, "ticker: %s\n", cq_strerror(error));
	cq_controller_free(controller);
	return error != 0;
}
