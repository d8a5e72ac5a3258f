/* SPDX-License-Identifier: MIT */
/* The library itself: version, errors, the clock. */

#include "fixture.h"
#include <pthread.h>
#include <time.h>

TEST(the_library_has_the_version_of_its_header)
{
	EQ(cq_version(), CQ_VERSION);
	CHECK(CQ_VERSION > 20250101 && CQ_VERSION < 21000101);
}

TEST(the_vendor_is_told)
{
	CHECK(cq_vendor() != NULL && *cq_vendor() != 0);
	CHECK(cq_vendor() == cq_vendor());
}

TEST(monotime_is_the_monotonic_clock)
{
	struct timespec before, after;
	double now;

	SYS(clock_gettime(CLOCK_MONOTONIC, &before));
	now = cq_monotime();
	SYS(clock_gettime(CLOCK_MONOTONIC, &after));
	CHECK(now >= (double)before.tv_sec + (double)before.tv_nsec / 1e9 - 1e-6);
	CHECK(now <= (double)after.tv_sec + (double)after.tv_nsec / 1e9 + 1e-6);
}

TEST(monotime_never_goes_back)
{
	double last = cq_monotime();
	int i;

	for (i = 0; i < 10000; i++) {
		double now = cq_monotime();

		CHECK(now >= last);
		last = now;
	}
}

TEST(system_errors_have_the_texts_of_the_system)
{
	int codes[] = { EAGAIN, EPIPE, EBADF, ECONNREFUSED, ETIMEDOUT, EMFILE };
	size_t i;

	for (i = 0; i < COUNT(codes); i++)
		CHECK(strcmp(cq_strerror(codes[i]), strerror(codes[i])) == 0);
}

TEST(errors_of_the_library_have_names_and_texts)
{
	CHECK(strcmp(cq_errno_name(CQ_EPANIC), "CQ_EPANIC") == 0);
	CHECK(strcmp(cq_errno_name(CQ_ENONAME), "CQ_ENONAME") == 0);
	CHECK(strlen(cq_strerror(CQ_EPANIC)) > 5);
	CHECK(strlen(cq_strerror(CQ_ENONAME)) > 5);
	CHECK(CQ_EPANIC < 0 && CQ_ENONAME < 0);
}

TEST(an_unknown_error_has_a_text_but_no_name)
{
	int codes[] = { 0, -1, 99999, INT32_MIN, INT32_MAX };
	size_t i;

	for (i = 0; i < COUNT(codes); i++) {
		CHECK(*cq_strerror(codes[i]) != 0);
		CHECK(cq_errno_name(codes[i]) == NULL);
	}
}

TEST(every_listed_error_is_found_by_its_name)
{
	const char *name;
	size_t index;
	int listed, found;

	for (index = 0; cq_errno_list(index, &name, &listed) == 0; index++) {
		OK(cq_errno_code(name, &found));
		EQ(found, listed);
		CHECK(cq_errno_name(listed) != NULL);
		/* Two names may share a number; its name is one of them. */
		OK(cq_errno_code(cq_errno_name(listed), &found));
		EQ(found, listed);
	}
	CHECK(index > 80);
	ERR(cq_errno_list(index, &name, &listed), ENOENT);
	ERR(cq_errno_list(SIZE_MAX, &name, &listed), ENOENT);
}

TEST(errors_are_known_by_all_their_names)
{
	int code = 0;

	OK(cq_errno_code("EWOULDBLOCK", &code));
	EQ(code, EWOULDBLOCK);
	OK(cq_errno_code("EAGAIN", &code));
	EQ(code, EAGAIN);
	OK(cq_errno_code("CQ_EPANIC", &code));
	EQ(code, CQ_EPANIC);
	ERR(cq_errno_code("ENOSUCHERROR", &code), ENOENT);
	ERR(cq_errno_code("", &code), ENOENT);
	ERR(cq_errno_code("eagain", &code), ENOENT);
}

TEST(null_is_refused)
{
	const char *name = "unchanged";
	int code = 77;

	ERR(cq_errno_code(NULL, &code), EINVAL);
	ERR(cq_errno_code("EAGAIN", NULL), EINVAL);
	ERR(cq_errno_list(0, NULL, &code), EINVAL);
	ERR(cq_errno_list(0, &name, NULL), EINVAL);
	EQ(code, 77);
	CHECK(strcmp(name, "unchanged") == 0);
}

static void *ask_for_a_text(void *argument)
{
	(void)argument;
	return (void *)(strlen(cq_strerror(ENOENT)) > 0 ? NULL : "");
}

/* What went wrong: a thread's texts all lay in one place, so that one call could not print two. */
TEST(texts_of_errors_stay)
{
	const char *name, *texts[300];
	int codes[300] = { 0 };
	size_t count, i;

	texts[0] = cq_strerror(0);
	for (count = 1; count < COUNT(texts) && cq_errno_list(count - 1, &name, &codes[count]) == 0; count++)
		texts[count] = cq_strerror(codes[count]);
	CHECK(count < COUNT(texts));
	for (i = 0; i < count; i++) {
		CHECK(cq_strerror(codes[i]) == texts[i]);
		if (codes[i] >= 0)
			CHECK(strcmp(texts[i], strerror(codes[i])) == 0);
	}
}

TEST(texts_of_unknown_errors_stay_until_16_others_were_asked_for)
{
	const char *texts[16];
	char wanted[60];
	int i;

	for (i = 0; i < 16; i++)
		texts[i] = cq_strerror(5000 + i);
	for (i = 0; i < 200; i++) /* known ones do not count */
		cq_strerror(i % 2 ? ENOENT : CQ_EPANIC);
	for (i = 0; i < 16; i++) {
		snprintf(wanted, sizeof wanted, "Unknown error %d", 5000 + i);
		CHECK(strcmp(texts[i], wanted) == 0);
	}
	for (i = 0; i < 10000; i++)
		CHECK(*cq_strerror(-i - 1) != 0);
}

TEST(the_text_of_an_error_is_not_disturbed_by_other_threads)
{
	const char *text = cq_strerror(EPIPE);
	pthread_t thread;
	void *result;

	EQ(pthread_create(&thread, NULL, ask_for_a_text, NULL), 0);
	EQ(pthread_join(thread, &result), 0);
	CHECK(result == NULL);
	CHECK(strcmp(text, strerror(EPIPE)) == 0);
}
