/* SPDX-License-Identifier: MIT */
/*
 * Tests in C and C++. TEST(a_sentence_about_behaviour) { ... } runs in a process of its own, with
 * a deadline, so that one that crashes, hangs or leaks fails alone.
 *
 *   PROGRAM [TEST...]       runs all tests of a file, or those named
 *
 * CHECK_SLOW=1 in the environment says that everything is slow (valgrind): deadlines are longer,
 * and tests that can do with smaller numbers ask `slow()`.
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <cqueues.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether the address or the thread sanitizer is built in. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Seconds that a test may take. */
#define DEADLINE 60
#define SLOW_DEADLINE 300

struct check_test {
	const char *name;
	void (*run)(void);
	struct check_test *next;
};

#ifndef CHECK_NO_MAIN
static struct check_test *check_first, **check_end = &check_first;
#endif

#define TEST(name) \
	static void name(void); \
	__attribute__((constructor)) static void name##_enter(void) \
	{ \
		static struct check_test test = { #name, name, NULL }; \
		*check_end = &test; \
		check_end = &test.next; \
	} \
	static void name(void)

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			check_fail(__FILE__, __LINE__, #condition); \
	} while (0)

/* Whole numbers. */
#define EQ(found, wanted) check_equal(__FILE__, __LINE__, #found, (long long)(found), (long long)(wanted))

/* Codes of the library. */
#define ERR(call, wanted) check_code(__FILE__, __LINE__, #call, (call), (wanted))
#define OK(call) ERR(call, 0)

/* What the system says. */
#define SYS(call) check_system(__FILE__, __LINE__, #call, (long)(call))

/* Bytes, and the text that they shall be. */
#define TEXT(data, size, wanted) check_text(__FILE__, __LINE__, (const char *)(data), (size), (wanted), sizeof(wanted) - 1)

/* Ends the test: it cannot be tried here. */
#define SKIP(why) \
	do { \
		printf("skip   %s: ", check_name); \
		puts(why); \
		check_leave('s'); \
	} while (0)

static const char *check_name = "";

/* Shared with the processes of tests: 'f' for failed and 's' for skipped, if one left in a hurry. */
static char *check_outcome;

static inline bool slow(void)
{
	return getenv("CHECK_SLOW") != NULL;
}

/* Ends a process as another program, which no tool looks into for leaks: after a failure they are
   no news, and in the child of a test they are for the parent to free. */
static inline void check_vanish(void)
{
	fflush(NULL);
	execlp("true", "true", (char *)NULL);
	_exit(0);
}

static inline void check_leave(char outcome)
{
	*check_outcome = outcome;
	check_vanish();
}

static inline void check_fail(const char *file, int line, const char *what)
{
	printf("       %s:%d: %s\n", file, line, what);
	check_leave('f');
}

static inline void check_equal(const char *file, int line, const char *what, long long found, long long wanted)
{
	if (found != wanted) {
		printf("       %s:%d: %s is %lld, not %lld\n", file, line, what, found, wanted);
		check_fail(file, line, what);
	}
}

static inline void check_code(const char *file, int line, const char *what, int found, int wanted)
{
	if (found != wanted) {
		printf("       %s:%d: the result is %d (%s), not %d", file, line, found, cq_strerror(found), wanted);
		printf(" (%s)\n", cq_strerror(wanted));
		check_fail(file, line, what);
	}
}

static inline long check_system(const char *file, int line, const char *what, long result)
{
	if (result < 0) {
		printf("       %s:%d: %s\n", file, line, strerror(errno));
		check_fail(file, line, what);
	}
	return result;
}

static inline void check_text(const char *file, int line, const char *data, size_t size, const char *wanted, size_t length)
{
	if (size != length || (size > 0 && memcmp(data, wanted, size) != 0)) {
		printf("       %s:%d: found %zu bytes: '%.*s', not %zu: '%s'\n", file, line, size,
		        (int)(size < 200 ? size : 200), data ? data : "(none)", length, wanted);
		check_fail(file, line, "bytes differ");
	}
}

static inline void check_sentence(char *to, size_t room, const char *name)
{
	snprintf(to, room, "%s", name);
	for (; *to; to++)
		if (*to == '_')
			*to = ' ';
}

/* Runs one test in a child, and ends what the child may have left behind. */
static inline int check_run(struct check_test *test)
{
	pid_t child;
	int status;

	fflush(NULL);
	*check_outcome = 0;
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		alarm(slow() || getenv("CQUEUES_TEST_BACKEND") ? SLOW_DEADLINE : DEADLINE);
		test->run();
		exit(0);
	}
	if (child < 0) {
		perror("fork");
		exit(2);
	}
	setpgid(child, child);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	kill(-child, SIGKILL);
	return status;
}

static inline bool check_is_named(int argc, char **argv, const char *name)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

#ifndef CHECK_NO_MAIN
int main(int argc, char **argv)
{
	int passed = 0, failed = 0, skipped = 0;
	struct check_test *test;

	check_outcome = (char *)mmap(NULL, 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (check_outcome == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	for (test = check_first; test; test = test->next) {
		char sentence[200];
		int status;

		if (!check_is_named(argc, argv, test->name))
			continue;
		check_sentence(sentence, sizeof sentence, test->name);
		check_name = sentence;
		status = check_run(test);
		if (*check_outcome == 's') {
			skipped++;
		} else if (status == 0 && *check_outcome == 0) {
			passed++;
			printf("ok     %s\n", sentence);
		} else {
			failed++;
			printf("FAILED %s", sentence);
			if (*check_outcome == 'f')
				printf("\n");
			else if (WIFSIGNALED(status))
				printf(": %s\n", WTERMSIG(status) == SIGALRM ? "not done by the deadline" : strsignal(WTERMSIG(status)));
			else
				printf(": status %d, from a tool that looks for leaks and errors\n", WEXITSTATUS(status));
		}
	}
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed > 0;
}
#endif

#endif
