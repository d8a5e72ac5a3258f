/* SPDX-License-Identifier: MIT */
/*
 * Tokens on libcqueues: a task for each pair, which is parked again each time, so that there is nothing else for `changing`
 * to change.
 */

#include "tokens.h"
#include <cqueues.h>

static cq_controller *controller;

static int told(cq_controller *cq, cq_task task, void *pair, const cq_fired *fired, size_t count)
{
	cq_interest interest = CQ_INTEREST_NONE;
	int number = (int)((int(*)[2])pair - pairs);

	(void)fired;
	if (count)
		pass(number);
	interest.fd = pairs[number][0];
	interest.events = POLLIN;
	return cq_controller_park(cq, task, &interest, 1);
}

static void watch(int pair)
{
	if (cq_controller_attach(controller, told, NULL, pairs[pair], NULL))
		die("attach");
}

static void turn(void)
{
	if (cq_controller_step(controller, 0))
		die("step");
}

int main(int argc, char **argv)
{
	if (cq_controller_new(&controller))
		die("new");
	return measure_tokens(argc, argv);
}
