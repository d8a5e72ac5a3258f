// SPDX-License-Identifier: MIT
// C++ exceptions and fibers.

#include <cqueues.h>

#include "check.h"
#include <stdexcept>
#include <string>

static std::string caught;

static int rethrow_after_a_wait(void *argument)
{
	const std::string name = static_cast<const char *>(argument);

	try {
		throw std::runtime_error("error of " + name + ", with a text that lies on the heap");
	} catch (std::exception &) {
		cq_sleep(name == "A" ? 0.04 : name == "B" ? 0.02 : 0.03);
		try {
			throw;
		} catch (std::exception &again) {
			caught += std::string(again.what()).substr(9, 1);
		}
	}
	return 0;
}

// What went wrong: the runtime keeps the exceptions that are being handled per thread, and a fiber that went on in its
// catch block found another one's.
TEST(fibers_that_wait_inside_catch_blocks_keep_their_exceptions)
{
	cq_controller *cq;
	char names[][2] = { "A", "B", "C" };

	OK(cq_controller_new(&cq));
	for (auto &name : names)
		OK(cq_controller_wrap(cq, rethrow_after_a_wait, nullptr, name, nullptr));
	OK(cq_controller_loop(cq, 10));
	CHECK(caught == "BCA");
	cq_controller_free(cq);
}

static int wait_in_a_catch_block(void *)
{
	try {
		throw 1;
	} catch (int) {
		cq_sleep(0.01);
	}
	return 0;
}

static int throw_and_catch(void *count)
{
	for (int i = 0; i < 20; i++) {
		try {
			throw std::string(100, 'x');
		} catch (std::string &text) {
			*static_cast<size_t *>(count) += text.size();
		}
		cq_poll(nullptr, 0, nullptr);
	}
	return 0;
}

TEST(exceptions_of_the_main_program_and_of_fibers_do_not_meet)
{
	cq_controller *cq;
	size_t count = 0;

	OK(cq_controller_new(&cq));
	try {
		throw std::runtime_error("outside");
	} catch (std::exception &outside) {
		OK(cq_controller_wrap(cq, wait_in_a_catch_block, nullptr, nullptr, nullptr));
		OK(cq_controller_wrap(cq, throw_and_catch, nullptr, &count, nullptr));
		OK(cq_controller_loop(cq, 10));
		try {
			throw;
		} catch (std::exception &again) {
			CHECK(std::string(again.what()) == "outside");
		}
	}
	EQ(count, 2000);
	cq_controller_free(cq);
}

static int throw_out(void *)
{
	throw std::runtime_error("leaves a fiber");
}

static int throw_out_of_a_callback(cq_controller *, cq_task, void *, const cq_fired *, size_t)
{
	throw std::runtime_error("leaves a callback");
}

// As the header says: it must not, and the process is ended instead of going on with what it left behind.
TEST(an_exception_that_leaves_a_fiber_or_a_callback_ends_the_process)
{
	for (int callback = 0; callback < 2; callback++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			cq_controller *cq;

			if (!freopen("/dev/null", "w", stderr))
				_exit(3);
			cq_controller_new(&cq);
			if (callback)
				cq_controller_attach(cq, throw_out_of_a_callback, nullptr, nullptr, nullptr);
			else
				cq_controller_wrap(cq, throw_out, nullptr, nullptr, nullptr);
			try {
				cq_controller_loop(cq, 1);
			} catch (std::exception &) {
				_exit(2);
			}
			_exit(1);
		}
		EQ(waitpid(child, &status, 0), child);
		CHECK(WIFSIGNALED(status));
	}
}
