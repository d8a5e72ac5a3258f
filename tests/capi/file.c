/* SPDX-License-Identifier: MIT */
/* Files, by the threads of a pool. */
#include "fixture.h"
#include <fcntl.h>

static cq_pool *new_pool(void)
{
	cq_pool *pool;

	OK(cq_pool_new("files", 2, &pool));
	return pool;
}

struct copy {
	cq_pool *pool;
	const char *path;
	int turns, over;
};

static int write_and_read(void *argument)
{
	static const char text[] = "what is written";
	struct copy *copy = argument;
	char found[100] = "";
	size_t count = 77;
	int fd = -1;

	OK(cq_file_open(copy->pool, copy->path, O_RDWR | O_CREAT | O_EXCL, 0600, &fd));
	CHECK(fd >= 0);
	CHECK(SYS(fcntl(fd, F_GETFD)) & FD_CLOEXEC);
	OK(cq_file_write(copy->pool, fd, text, strlen(text), 5, &count));
	EQ(count, strlen(text));
	OK(cq_file_sync(copy->pool, fd));
	OK(cq_file_read(copy->pool, fd, found, sizeof found, 10, &count));
	TEXT(found, count, "is written");
	OK(cq_file_read(copy->pool, fd, found, sizeof found, 1000, &count));
	EQ(count, 0); /* the end */
	OK(cq_file_read(copy->pool, fd, found, 7, -1, &count)); /* where the file stands: at its begin */
	EQ(count, 7);
	CHECK(memcmp(found, "\0\0\0\0\0wh", 7) == 0);
	OK(cq_file_write(copy->pool, fd, "AT", 2, -1, &count));
	OK(cq_file_read(copy->pool, fd, found, 9, 5, &count));
	TEXT(found, count, "whAT is w");
	OK(cq_file_write(copy->pool, fd, NULL, 0, 0, &count));
	EQ(count, 0);
	SYS(close(fd));
	copy->over = 1;
	return 0;
}

static int count_turns(void *argument)
{
	struct copy *copy = argument;

	while (!copy->over) {
		copy->turns++;
		OK(cq_poll(NULL, 0, NULL));
	}
	return 0;
}

TEST(a_fiber_reads_and_writes_while_others_run)
{
	cq_controller *controller = new_controller();
	struct copy copy = { new_pool(), temporary_path("file"), 0, 0 };

	unlink(copy.path);
	OK(cq_controller_wrap(controller, write_and_read, NULL, &copy, NULL));
	OK(cq_controller_wrap(controller, count_turns, NULL, &copy, NULL));
	run(controller);
	CHECK(copy.turns > 3);
	SYS(unlink(copy.path));
	cq_controller_free(controller);
	cq_pool_free(copy.pool);
}

TEST(failures_are_those_of_the_system)
{
	cq_pool *pool = new_pool();
	char byte = 'x';
	size_t count = 77;
	int fd = 77, pipes[2];

	ERR(cq_file_open(pool, "/nowhere/at/all", O_RDONLY, 0, &fd), ENOENT);
	ERR(cq_file_open(pool, "/", O_WRONLY, 0, &fd), EISDIR);
	EQ(fd, 77);
	ERR(cq_file_read(pool, -1, &byte, 1, 0, &count), EBADF);
	SYS(pipe(pipes));
	ERR(cq_file_read(pool, pipes[0], &byte, 1, 0, &count), ESPIPE);
	OK(cq_file_write(pool, pipes[1], "y", 1, -1, &count));
	EQ(count, 1);
	OK(cq_file_read(pool, pipes[0], &byte, 1, -1, &count));
	EQ(byte, 'y');
	ERR(cq_file_sync(pool, -1), EBADF);
	SYS(close(pipes[0]));
	SYS(close(pipes[1]));
	OK(cq_file_open(pool, "/dev/full", O_WRONLY, 0, &fd));
	count = 77;
	ERR(cq_file_write(pool, fd, &byte, 1, -1, &count), ENOSPC);
	EQ(count, 77);
	SYS(close(fd));
	ERR(cq_file_open(NULL, "/", O_RDONLY, 0, &fd), EINVAL);
	ERR(cq_file_open(pool, NULL, O_RDONLY, 0, &fd), EINVAL);
	ERR(cq_file_open(pool, "/", O_RDONLY, 0, NULL), EINVAL);
	ERR(cq_file_read(pool, 0, NULL, 1, 0, &count), EINVAL);
	ERR(cq_file_read(pool, 0, &byte, SIZE_MAX, 0, &count), EINVAL);
	ERR(cq_file_write(pool, 0, &byte, 1, 0, NULL), EINVAL);
	cq_pool_free(pool);
}

static int try_to_read(cq_controller *controller, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	char byte;
	size_t got;

	(void)controller, (void)task, (void)fired, (void)count;
	ERR(cq_file_read(argument, 0, &byte, 1, 0, &got), EDEADLK);
	return 0;
}

TEST(a_callback_cannot_wait_for_a_file)
{
	cq_controller *controller = new_controller();
	cq_pool *pool = new_pool();

	OK(cq_controller_attach(controller, try_to_read, NULL, pool, NULL));
	run(controller);
	cq_controller_free(controller);
	cq_pool_free(pool);
}

struct reader {
	cq_pool *pool;
	int fd, code;
	char byte;
	size_t count;
};

static int read_a_byte(void *argument)
{
	struct reader *reader = argument;

	reader->code = cq_file_read(reader->pool, reader->fd, &reader->byte, 1, -1, &reader->count);
	return 0;
}

TEST(a_read_that_runs_is_waited_for_and_one_that_waits_is_taken_back)
{
	cq_controller *controller = new_controller();
	cq_pool *pool;
	struct reader readers[2];
	cq_task tasks[2];
	int pipes[2], i;

	OK(cq_pool_new(NULL, 1, &pool));
	SYS(pipe(pipes));
	for (i = 0; i < 2; i++) {
		readers[i] = (struct reader){ pool, pipes[0], -1, 0, 0 };
		OK(cq_controller_wrap(controller, read_a_byte, NULL, &readers[i], &tasks[i]));
	}
	OK(cq_controller_step(controller, 0));
	UNTIL(cq_pool_waiting(pool) == 1, controller);
	for (i = 0; i < 2; i++)
		OK(cq_task_cancel(controller, tasks[i], NULL));
	OK(cq_controller_step(controller, MS(20)));
	ERR(readers[1].code, ECANCELED);
	EQ(readers[0].code, -1);
	SYS(write(pipes[1], "z", 1));
	run(controller);
	OK(readers[0].code);
	EQ(readers[0].byte, 'z');
	SYS(close(pipes[0]));
	SYS(close(pipes[1]));
	cq_controller_free(controller);
	cq_pool_free(pool);
}
