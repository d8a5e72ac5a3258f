/* SPDX-License-Identifier: MIT */
/*
 * Counts the lines of a file in another thread, as reading a file may block, while three timers go on in this one.
 *
 *   timers [FILE]      without FILE its input is read: end it with Ctrl-D
 *
 * `ticks` expires every 0.1 s, until the file is read. `patience` expires once. `silence` would expire after 0.3 s, but each
 * tick sets it anew: when it does expire, the ticks have ceased, and the program ends.
 */

#include <cqueues.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct file {
	const char *path;
	long lines;
};

static cq_timer *ticks, *patience, *silence;
static cq_pool *pool;

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "timers: %s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

/* In a thread of the pool, where it may block: it touches nothing but its argument. */
static int count_lines(void *argument)
{
	struct file *file = argument;
	FILE *stream = fopen(file->path, "r");
	int c, error;

	if (!stream)
		return errno;
	while ((c = getc(stream)) != EOF)
		file->lines += c == '\n';
	error = ferror(stream) ? errno : 0;
	fclose(stream);
	return error;
}

static int read_file(void *argument)
{
	struct file *file = argument;
	int error;

	check(cq_pool_run(pool, count_lines, file, &error), "pool"); /* only this fiber waits */
	check(error, file->path);
	printf("%s: %ld lines\n", file->path, file->lines);
	check(cq_timer_stop(patience), "patience"); /* if it has not expired yet, it never will */
	check(cq_timer_stop(ticks), "ticks");
	return 0;
}

static int tick(void *argument)
{
	uint64_t count, sum = 0;
	int error;

	(void)argument;
	while ((error = cq_timer_wait(ticks, -1, &count)) == 0) {
		sum += count; /* more than 1 if something kept this thread busy for longer than the interval */
		printf("tick %llu\n", (unsigned long long)sum);
		check(cq_timer_start(silence, 0.3, 0), "silence"); /* also for the fiber that waits for it now */
	}
	return error == ECANCELED ? 0 : error;
}

static int grow_impatient(void *argument)
{
	int error = cq_timer_wait(patience, -1, NULL);

	(void)argument;
	if (!error)
		printf("this takes long\n");
	return error == ECANCELED ? 0 : error;
}

/* Ends the program, which is to say the waits of those whose timers are stopped. */
static int watch(void *scope)
{
	check(cq_timer_wait(silence, -1, NULL), "silence");
	printf("the ticks have ceased\n");
	return cq_scope_cancel(scope, 0, NULL);
}

int main(int argc, char **argv)
{
	struct file file = { argc > 1 ? argv[1] : "/dev/stdin", 0 };
	cq_controller *controller;
	cq_scope *scope;

	setvbuf(stdout, NULL, _IOLBF, 0);
	check(cq_pool_new("files", 1, &pool), "pool");
	check(cq_timer_new(&ticks), "ticks");
	check(cq_timer_new(&patience), "patience");
	check(cq_timer_new(&silence), "silence");
	check(cq_timer_start(ticks, 0.1, 0.1), "ticks"); /* first in 0.1 s, then every 0.1 s, however long a tick takes */
	check(cq_timer_start(patience, 0.25, 0), "patience");
	check(cq_timer_start(silence, 0.3, 0), "silence");

	check(cq_controller_new(&controller), "controller");
	check(cq_scope_new(controller, NULL, &scope), "scope");
	check(cq_scope_wrap(scope, tick, NULL, NULL, NULL), "fiber");
	check(cq_scope_wrap(scope, grow_impatient, NULL, NULL, NULL), "fiber");
	check(cq_controller_wrap(controller, watch, NULL, scope, NULL), "fiber");
	check(cq_controller_wrap(controller, read_file, NULL, &file, NULL), "fiber");
	check(cq_controller_loop(controller, -1), "loop");

	cq_scope_free(scope);
	cq_controller_free(controller);
	cq_timer_free(ticks);
	cq_timer_free(patience);
	cq_timer_free(silence);
	cq_pool_free(pool);
	return 0;
}
