// SPDX-License-Identifier: MIT
// Controllers, fibers, their results and exceptions.

#include "fixture.hpp"

#include <memory>
#include <stdexcept>

TEST(a_fiber_gives_its_result_through_its_job)
{
	controller cq;
	auto number = cq.spawn([] { return 42; });
	auto text = cq.spawn([] { return std::string("text"); });
	auto nothing = cq.spawn([] {});
	cq.loop();
	EQ(number.join(), 42);
	EQ(text.join(), "text");
	nothing.join();
	THROWS(number.join(), std::errc::no_such_file_or_directory, "join");
}

TEST(a_job_can_be_joined_in_another_fiber_and_outside_of_tasks)
{
	controller cq;
	int seen = 0;
	auto inner = cq.spawn([] { sleep(5ms); return std::make_unique<int>(7); });
	auto outer = cq.spawn([&] { seen = *inner.join(); });
	outer.join();
	EQ(seen, 7);
	CHECK(cq.empty());
}

TEST(an_exception_reaches_who_joins_and_not_the_loop)
{
	controller cq;
	auto failing = cq.spawn([] { sleep(1ms); throw std::out_of_range("too far"); });
	cq.loop();
	std::string caught;
	try {
		failing.join();
	} catch (const std::out_of_range &failure) {
		caught = failure.what();
	}
	EQ(caught, "too far");
	std::error_code code;
	failing.join(code);
	EQ(code, errc::failed);
}

TEST(an_exception_of_a_task_without_a_job_reaches_the_loop)
{
	controller cq;
	cq.spawn([] { throw std::out_of_range("too far"); });
	bool after = false;
	cq.spawn([&] { sleep(1ms); after = true; });
	bool caught = false;
	try {
		cq.loop();
	} catch (const std::out_of_range &) {
		caught = true;
	}
	CHECK(caught);
	CHECK(!after);
	cq.loop(); // the others go on
	CHECK(after);
}

TEST(a_failure_of_the_system_keeps_its_code)
{
	controller cq;
	auto failing = cq.spawn([]() -> int { throw std::system_error(std::make_error_code(std::errc::broken_pipe)); });
	auto refusing = cq.spawn([] { return std::make_error_code(std::errc::permission_denied); });
	cq.loop();
	std::error_code code;
	CHECK(!failing.join(code));
	EQ(code, std::errc::broken_pipe);
	refusing.join(code);
	EQ(code, std::errc::permission_denied);
}

TEST(a_scope_ends_with_its_first_failure_and_throws_it)
{
	controller cq;
	scope all(cq);
	bool unwound = false;
	all.spawn([&] {
		struct guard {
			bool &unwound;
			~guard() { unwound = true; }
		} guard{ unwound };
		sleep(forever);
	});
	auto failing = all.spawn([] { sleep(1ms); throw std::length_error("long"); });
	bool caught = false;
	try {
		all.wait();
	} catch (const std::length_error &failure) {
		caught = std::string(failure.what()) == "long";
	}
	CHECK(caught);
	CHECK(unwound);
	std::error_code code;
	failing.join(code);
	EQ(code, errc::failed);
	EQ(all.status(), std::errc::operation_canceled);
}

TEST(a_scope_ends_with_the_one_around_it_unless_it_is_shielded)
{
	controller cq;
	scope outer(cq);
	scope inner(cq, outer), shielded(cq, outer);
	inner.set_name("inner");
	EQ(inner.name(), "inner");
	shielded.shield(10s);
	auto ended = inner.spawn([] { sleep(1h); });
	auto saved = shielded.spawn([] { sleep(3ms); return 1; });
	outer.cancel("over");
	cq.loop();
	THROWS(ended.join(), std::errc::operation_canceled, "");
	EQ(saved.join(), 1);
	scope moved = std::move(outer);
	THROWS(scope(cq, outer), std::errc::bad_file_descriptor, "scope");
}

TEST(a_supervisor_goes_on_when_one_fails)
{
	controller cq;
	scope all(cq);
	all.set_supervisor(true);
	all.spawn([] { throw std::domain_error("one"); });
	auto other = all.spawn([] { sleep(1ms); return 2; });
	std::string caught;
	try {
		all.wait();
	} catch (const std::domain_error &failure) {
		caught = failure.what();
	}
	EQ(caught, "one");
	EQ(other.join(), 2);
}

TEST(a_scope_that_is_cancelled_tells_why)
{
	controller cq;
	scope all(cq);
	auto task = all.spawn([] { sleep(forever); });
	all.cancel("enough");
	THROWS(all.wait(), std::errc::operation_canceled, "enough");
	THROWS(task.join(), std::errc::operation_canceled, "");
	THROWS(all.spawn([] {}), std::errc::operation_canceled, "enough");
}

TEST(a_deadline_ends_waits_in_its_block_only)
{
	controller cq;
	cq.run([] {
		{
			deadline limit(2ms);
			THROWS(sleep(1h), std::errc::timed_out, "sleep");
			CHECK(limit.has_passed());
		}
		sleep(1ms);
	});
}

TEST(the_end_of_a_scope_waits_for_its_fibers)
{
	controller cq;
	bool unwound = false;
	cq.run([&] {
		scope inner = scope::here();
		auto task = inner.spawn([&] {
			try {
				sleep(forever);
			} catch (const error &) {
				unwound = true;
				throw;
			}
		});
		sleep(1ms);
	});
	CHECK(unwound);
}

TEST(a_controller_ends_its_fibers_before_it_goes)
{
	auto owned = std::make_shared<int>(1);
	bool unwound = false;
	{
		controller cq;
		cq.spawn([&unwound, owned] {
			auto copy = owned;
			try {
				sleep(forever);
			} catch (const error &failure) {
				unwound = failure.code() == std::errc::timed_out;
			}
		});
		cq.step(0s);
		EQ(owned.use_count(), 3);
	}
	CHECK(unwound);
	EQ(owned.use_count(), 1);
}

TEST(what_a_fiber_captures_is_destroyed_with_the_task_and_not_with_the_job)
{
	auto owned = std::make_shared<int>(1);
	controller cq;
	auto ended = cq.spawn([owned] {});
	cq.loop();
	EQ(owned.use_count(), 1);
	auto dropped = cq.spawn([owned] { sleep(forever); });
	cq.step(0s);
	cq.close();
	EQ(owned.use_count(), 1);
	CHECK(dropped.is_over());
	THROWS(dropped.join(), std::errc::operation_canceled, "join");
}

TEST(a_task_that_is_cancelled_unwinds_by_an_exception)
{
	controller cq;
	int unwound = 0;
	auto task = cq.spawn([&] {
		try {
			sleep(forever);
		} catch (const error &failure) {
			unwound = failure.code().value();
			throw;
		}
	});
	cq.step(0s);
	task.cancel("not needed");
	cq.loop();
	EQ(unwound, ECANCELED);
	THROWS(task.join(), std::errc::operation_canceled, "sleep");
	task.cancel(); // over: left alone
}

TEST(a_join_has_a_limit)
{
	controller cq;
	auto slow = cq.spawn([] { sleep(20ms); return 1; });
	THROWS(slow.join(1ms), std::errc::timed_out, "join");
	EQ(slow.join(), 1);
}

TEST(tasks_are_listed_by_name)
{
	controller cq;
	auto task = cq.spawn([] { sleep(1h); });
	task.set_name("sleeper");
	cq.step(0s);
	auto list = cq.tasks();
	EQ(list.size(), 1u);
	EQ(std::string(list[0].name), "sleeper");
	EQ(std::string(list[0].wait), "sleep");
	EQ(list[0].task, task.id());
}

TEST(functions_can_be_posted_and_the_loop_stopped)
{
	controller cq;
	auto owned = std::make_shared<int>(0);
	cq.spawn([] { sleep(1h); });
	cq.post([owned, &cq] { ++*owned; cq.stop(); });
	THROWS(cq.loop(), std::errc::operation_canceled, "loop");
	EQ(*owned, 1);
	EQ(owned.use_count(), 1);
}

TEST(running_one_task_throws_what_another_without_a_job_has_thrown)
{
	controller cq;
	cq.spawn([] { throw std::domain_error("other"); });
	std::string caught;
	try {
		cq.run([] { sleep(1h); });
	} catch (const std::domain_error &failure) {
		caught = failure.what();
	}
	EQ(caught, "other");
	cq.run([&] { THROWS(cq.run([] {}), std::errc::device_or_resource_busy, "step"); });
}

TEST(what_a_posted_function_throws_reaches_the_loop)
{
	controller cq;
	cq.spawn([] { sleep(1h); });
	cq.post([] { throw std::domain_error("posted"); });
	bool caught = false;
	try {
		cq.loop();
	} catch (const std::domain_error &) {
		caught = true;
	}
	CHECK(caught);
}

TEST(a_controller_that_was_moved_from_refuses_everything)
{
	controller cq;
	controller other = std::move(cq);
	std::error_code code;
	cq.loop(code);
	EQ(code, std::errc::bad_file_descriptor);
	cq.spawn([] {}, code);
	EQ(code, std::errc::bad_file_descriptor);
	THROWS(cq.spawn([] {}), std::errc::bad_file_descriptor, "spawn");
	THROWS(cq.shutdown(), std::errc::bad_file_descriptor, "shutdown");
	THROWS(scope{ cq }, std::errc::bad_file_descriptor, "scope");
	CHECK(cq.empty());
	CHECK(!cq);
	EQ(other.run([] { return 3; }), 3);
	cq = std::move(other);
	EQ(cq.run([] { return 4; }), 4);

	job<int> nobody;
	nobody.join(code);
	EQ(code, std::errc::bad_file_descriptor);
	scope all(cq);
	scope moved = std::move(all);
	THROWS(all.wait(), std::errc::bad_file_descriptor, "wait");
	THROWS(all.spawn([] {}), std::errc::bad_file_descriptor, "spawn");
}

TEST(an_exception_is_thrown_again_in_each_of_several_joins)
{
	controller cq;
	auto failing = cq.spawn([]() -> int { throw std::logic_error("x"); });
	int caught = 0;
	for (int i = 0; i < 3; i++)
		cq.spawn([&] {
			try {
				failing.join();
			} catch (const std::logic_error &) {
				caught++;
			}
		});
	cq.loop();
	EQ(caught, 3);
}

TEST(negative_times_are_over_and_the_longest_are_not)
{
	controller cq;
	EQ(timeout(-5s).seconds(), 0.0);
	CHECK(forever.is_forever());
	cq.run([] { sleep(-1ms); });
	auto task = cq.spawn([] { sleep(std::chrono::hours::max()); });
	std::error_code code;
	cq.loop(1ms, code);
	EQ(code, std::errc::timed_out);
	CHECK(!task.is_over());
}

TEST(errors_have_the_text_and_the_conditions_of_the_library)
{
	std::error_code code = errc::not_verified;
	EQ(std::string(code.category().name()), "cqueues");
	EQ(code.message(), cq_strerror(CQ_ENOTVERIFIED));
	CHECK(code != std::errc::timed_out);
	CHECK(make_error_code(ETIMEDOUT) == std::errc::timed_out);
	CHECK(code == errc::not_verified);
	CHECK(!make_error_code(0));
}
