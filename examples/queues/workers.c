/* SPDX-License-Identifier: MIT */
/* Five jobs, two workers: who is free takes the next job. No more than three jobs wait at a time. */
#include <cqueues.h>
#include <errno.h>
#include <stdio.h>

struct worker {
	cq_queue *jobs;
	int number;
};

static int work(void *argument)
{
	const struct worker *worker = argument;
	void *job;
	int error;

	while ((error = cq_queue_get(worker->jobs, -1, &job)) == 0) {
		cq_sleep(*(int *)job / 100.0); /* the work */
		printf("worker %d has done job %d\n", worker->number, *(int *)job);
	}
	return error == EPIPE ? 0 : error;
}

static int order(void *argument)
{
	static int jobs[] = { 1, 2, 3, 4, 5 };
	int error = 0;

	for (int i = 0; i < 5 && !error; i++)
		error = cq_queue_put(argument, &jobs[i], -1); /* waits while three jobs wait */
	cq_queue_close(argument); /* the workers end when all is done */
	return error;
}

int main(void)
{
	struct worker workers[2] = { { NULL, 1 }, { NULL, 2 } };
	cq_controller *controller = NULL;
	cq_queue *jobs = NULL;
	int error = cq_controller_new(&controller);

	if (!error)
		error = cq_queue_new(3, &jobs);
	for (int i = 0; i < 2 && !error; i++) {
		workers[i].jobs = jobs;
		error = cq_controller_wrap(controller, work, NULL, &workers[i], NULL);
	}
	if (!error)
		error = cq_controller_wrap(controller, order, NULL, jobs, NULL);
	if (!error)
		error = cq_controller_loop(controller, -1);
	if (error)
		fprintf(stderr, "workers: %s\n", cq_strerror(error));
	cq_controller_free(controller);
	cq_queue_free(jobs);
	return error != 0;
}
