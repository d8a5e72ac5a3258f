// SPDX-License-Identifier: MIT
// The header from C++: it compiles, links as C, and takes C++ functions as callbacks.

#include <cqueues.h>

#include "check.h"
#include <type_traits>

TEST(the_macro_for_an_empty_interest_initialises_one)
{
	cq_interest interest = CQ_INTEREST_NONE;

	EQ(interest.fd, -1);
	EQ(interest.events, 0);
	CHECK(interest.timeout < 0);
	CHECK(interest.condition == nullptr && interest.socket == nullptr);
}

TEST(handles_are_types_of_their_own)
{
	static_assert(!std::is_same<cq_controller *, cq_socket *>::value, "distinct handles");
	static_assert(std::is_same<decltype(cq_version()), int>::value, "functions are declared");
	EQ(cq_version(), CQ_VERSION);
}

static int count_down(cq_controller *controller, cq_task task, void *argument, const cq_fired *, size_t)
{
	return --*static_cast<int *>(argument) > 0 ? cq_controller_park(controller, task, nullptr, 0) : 0;
}

TEST(a_cxx_function_runs_as_a_task)
{
	cq_controller *controller = nullptr;
	int left = 3, fibers = 0;

	OK(cq_controller_new(&controller));
	OK(cq_controller_attach(controller, count_down, nullptr, &left, nullptr));
	OK(cq_controller_wrap(
	    controller, [](void *argument) { return ++*static_cast<int *>(argument), cq_sleep(0); }, nullptr, &fibers, nullptr));
	OK(cq_controller_loop(controller, -1));
	EQ(left, 0);
	EQ(fibers, 1);
	cq_controller_free(controller);
}
