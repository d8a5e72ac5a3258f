/* SPDX-License-Identifier: MIT */
/* Stacks of fibers: how many, how large, and what keeps them apart. */

#include "fixture.h"
#include <pthread.h>

static long ended;

static int sleep_a_moment(void *unused)
{
	(void)unused;
	OK(cq_sleep(MS(300)));
	ended++;
	return 0;
}

/* What went wrong: each stack was a mapping, of which Linux allows 65,530, and past that the process ended. */
TEST(a_hundred_thousand_fibers_live_at_once_or_there_is_an_error_code)
{
	cq_controller *cq = new_controller();
	long made = 0, most = slow() ? 2000 : 100000;
	int error = 0;

	if (SANITIZED)
		most = 2000; /* its shadow of that many stacks is large */
	while (made < most && !(error = cq_controller_wrap(cq, sleep_a_moment, NULL, NULL, NULL)))
		made++;
	if (error)
		EQ(error, ENOMEM);
	CHECK(made >= 1000);
	run(cq);
	EQ(ended, made);
	OK(cq_controller_wrap(cq, sleep_a_moment, NULL, NULL, NULL)); /* there is room for new ones */
	run(cq);
	EQ(ended, made + 1);
	cq_controller_free(cq);
}

enum { FIBERS = 16, SIZE = 100 * 1024, LARGE = 400 * 1024 };
static long damaged;
static char *arrays[FIBERS];

static int hold_an_array(void *slot)
{
	volatile char mine[SIZE];
	size_t i;

	for (i = 0; i < sizeof mine; i++)
		mine[i] = 7;
	*(char **)slot = (char *)mine;
	cq_sleep(MS(50));
	for (i = 0; i < sizeof mine; i++)
		damaged += mine[i] != 7;
	return 0;
}

/* Writes only where another fiber's array lies, far from where the guards begin. */
static __attribute__((noinline)) void overflow(void)
{
	volatile char large[LARGE];
	uintptr_t begin = (uintptr_t)large, at;
	int i, k;

	for (i = 0; i < FIBERS; i++) {
		at = (uintptr_t)arrays[i];
		if (at > begin && at + SIZE < begin + sizeof large)
			for (k = 0; k < SIZE; k++)
				large[at - begin + (uintptr_t)k] = 1;
	}
}

static int overflow_in_a_moment(void *unused)
{
	(void)unused;
	cq_sleep(MS(10));
	overflow();
	return 0;
}

/* What went wrong: a guard was a page, and an array of 400 KiB lay across it in the stack below. */
TEST(an_array_that_does_not_fit_never_lies_in_another_fibers_stack)
{
	pid_t child = fork();
	int status, i;

	if (child == 0) {
		cq_controller *cq = new_controller();

		for (i = 0; i < FIBERS; i++) {
			if (i % 8 == 0)
				OK(cq_controller_wrap(cq, overflow_in_a_moment, NULL, NULL, NULL));
			OK(cq_controller_wrap(cq, hold_an_array, NULL, &arrays[i], NULL));
		}
		cq_controller_loop(cq, 3);
		_exit(damaged ? 9 : 0);
	}
	EQ(waitpid(child, &status, 0), child);
	CHECK(!WIFEXITED(status) || WEXITSTATUS(status) == 0 || (SANITIZED && WEXITSTATUS(status) != 9));
	CHECK(!WIFSIGNALED(status) || WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS || SANITIZED);
}

/* Touches so much of the stack. */
static __attribute__((noinline)) size_t use(size_t size)
{
	volatile char block[1024];

	memset((char *)block, 1, sizeof block);
	return (size > sizeof block + 200 ? use(size - sizeof block - 100) : 0) + (size_t)block[size % sizeof block];
}

static int use_stack(void *size)
{
	ended += (long)use(*(size_t *)size) > 0;
	return 0;
}

TEST(a_controller_sets_the_size_of_the_stacks_to_come)
{
	cq_controller *cq = new_controller();
	static const size_t wrong[] = { 0, 1, (16 << 10) - 1, (1 << 30) + 1, SIZE_MAX };
	size_t much = 3 << 20, little = 8 << 10, i;

	ERR(cq_controller_set_stack_size(NULL, 1 << 20), EINVAL);
	for (i = 0; i < COUNT(wrong); i++)
		ERR(cq_controller_set_stack_size(cq, wrong[i]), EINVAL);
	OK(cq_controller_set_stack_size(cq, 4 << 20));
	OK(cq_controller_wrap(cq, use_stack, NULL, &much, NULL));
	OK(cq_controller_set_stack_size(cq, SANITIZED ? 64 << 10 : 16 << 10));
	for (i = 0; i < 100; i++)
		OK(cq_controller_wrap(cq, use_stack, NULL, &little, NULL));
	run(cq);
	EQ(ended, 101);
	cq_controller_free(cq);
}

static long resident_kilobytes(void)
{
	char line[200];
	long kilobytes = -1;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1)
			break;
	if (file)
		fclose(file);
	return kilobytes;
}

static int use_much_and_wait(void *unused)
{
	(void)unused;
	ended += use(200 << 10) > 0;
	return cq_sleep(MS(20));
}

/* What went wrong: 256 stacks were kept with all that deep calls had touched of them, 64 MiB. */
TEST(stacks_that_are_kept_give_back_what_deep_calls_touched)
{
	cq_controller *cq = new_controller();
	long before;
	int i;

	if (resident_kilobytes() < 0 || slow() || SANITIZED)
		SKIP("what is resident is not to be seen here");
	before = resident_kilobytes();
	for (i = 0; i < 300; i++)
		OK(cq_controller_wrap(cq, use_much_and_wait, NULL, NULL, NULL));
	run(cq);
	EQ(ended, 300);
	CHECK(resident_kilobytes() - before < 20 << 10);
	cq_controller_free(cq);
}
