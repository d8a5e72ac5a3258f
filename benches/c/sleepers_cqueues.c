/* SPDX-License-Identifier: MIT */
/*
 * Sleepers on libcqueues.
 *
 *   sleepers_cqueues callbacks|fibers SECONDS
 */

#include "peer.h"
#include "sleepers.h"
#include <cqueues.h>

static int wake(cq_controller *cq, cq_task task, void *deadline, const cq_fired *fired, size_t count)
{
	cq_interest interest = CQ_INTEREST_NONE;
	double *until = deadline;

	(void)fired, (void)count;
	*until = woken(*until);
	interest.timeout = *until - seconds_of(CLOCK_MONOTONIC);
	return cq_controller_park(cq, task, &interest, 1);
}

static int sleep_on(void *deadline)
{
	double *until = deadline;
	int error = 0;

	while (!error) {
		*until = woken(*until);
		error = cq_sleep(*until - seconds_of(CLOCK_MONOTONIC));
	}
	return error;
}

int main(int argc, char **argv)
{
	static double deadlines[SLEEPERS];
	cq_controller *controller;

	if (argc < 3)
		return 2;
	measured_seconds = atof(argv[2]);
	if (cq_controller_new(&controller))
		die("new");
	for (int i = 0; i < SLEEPERS; i++)
		if (argv[1][0] == 'f' ? cq_controller_wrap(controller, sleep_on, NULL, &deadlines[i], NULL)
		                      : cq_controller_attach(controller, wake, NULL, &deadlines[i], NULL))
			die("task");
	return cq_controller_loop(controller, -1);
}
