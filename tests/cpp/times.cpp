// SPDX-License-Identifier: MIT
// Timers, wakeups and pools of threads, in fibers and in callbacks.

#include "fixture.hpp"
#include "gate.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

#include <poll.h>

TEST(a_timer_expires_once_or_again_and_again)
{
	controller cq;
	timer clock;
	CHECK(!clock.left());
	cq.run([&] {
		clock.start(1ms);
		CHECK(clock.left()->count() <= 0.001);
		EQ(clock.wait(), 1u);
		CHECK(!clock.left());
		THROWS(clock.wait(1ms), std::errc::timed_out, "wait");
		clock.start(0s, 1ms);
		std::uint64_t count = 0;
		while (count < 5)
			count += clock.wait();
		clock.stop();
		std::error_code code;
		clock.try_wait(code);
		EQ(code, std::errc::resource_unavailable_try_again);
		clock.start(0s, code);
		EQ(clock.try_wait(code), 1u);
		CHECK(!code);
	});
}

TEST(a_timer_expires_at_a_time_of_any_clock)
{
	timer clock;
	const auto before = std::chrono::steady_clock::now();
	clock.start_at(before + 3ms);
	EQ(clock.wait(), 1u);
	CHECK(std::chrono::steady_clock::now() >= before + 3ms);
	clock.start_at(std::chrono::system_clock::now() + 1ms);
	EQ(clock.wait(), 1u);
	clock.start_at(monotime() + 1ms);
	EQ(clock.wait(), 1u);
	std::error_code code;
	clock.start_at(std::chrono::steady_clock::now() - 35ms, 10ms, code); // at -35, -25, -15 and -5 ms
	CHECK(!code);
	CHECK(clock.try_wait(code) >= 4);
	clock.start_at(std::chrono::system_clock::time_point(), code);
	EQ(clock.try_wait(code), 1u);
}

TEST(a_clock_that_is_moved_moves_what_waits)
{
	controller cq;
	bool over = false;
	const duration begun = monotime();
	clock_set_rate(0);
	cq.spawn([&] {
		sleep(std::chrono::hours(1));
		over = true;
	});
	cq.step(0s);
	CHECK(!over);
	clock_advance(std::chrono::hours(1));
	cq.step(0s);
	CHECK(over);
	clock_set_rate(1);
	CHECK(monotime() - begun >= std::chrono::hours(1));
	THROWS(clock_advance(-1s), std::errc::invalid_argument, "clock_advance");
	THROWS(clock_set_rate(-1), std::errc::invalid_argument, "clock_set_rate");
	std::error_code code;
	clock_advance(-1s, code);
	EQ(code, std::errc::invalid_argument);
	clock_set_rate(1, code);
	CHECK(!code);
}

TEST(a_timer_calls_a_function_each_time)
{
	controller cq;
	scope all(cq);
	timer clock;
	std::uint64_t count = 0;
	int calls = 0;
	clock.start(0s, 1ms);
	auto counting = clock.each(cq, [&](std::uint64_t times) { count += times; return count < 3; });
	cq.loop();
	CHECK(count >= 3);
	counting.join();
	auto plain = clock.each(all, [&] { calls++; });
	while (calls < 2)
		cq.step();
	clock.start(1h); // set anew while a callback waits
	while (cq.poll_timeout() && cq.poll_timeout()->count() < 1)
		cq.step();
	const int seen = calls;
	clock.start(0s);
	while (calls == seen)
		cq.step();
	EQ(calls, seen + 1);
	plain.cancel();
	THROWS(plain.join(), std::errc::operation_canceled, "join");
}

TEST(a_timer_that_goes_ends_its_callbacks_and_fibers)
{
	controller cq;
	auto clock = std::make_unique<timer>();
	auto watched = std::make_shared<int>(0);
	auto calling = clock->each(cq, [watched] {});
	auto waiting = cq.spawn([&] { THROWS(clock->wait(), std::errc::bad_file_descriptor, "wait"); });
	cq.step(0s);
	auto moved = std::make_unique<timer>(std::move(*clock));
	THROWS(clock->start(1s), std::errc::bad_file_descriptor, "start");
	THROWS(clock->each(cq, [] {}), std::errc::bad_file_descriptor, "each");
	moved.reset();
	cq.loop();
	calling.join();
	waiting.join();
	EQ(watched.use_count(), 1);

	// By its own callback, which owns it, or with its controller.
	auto own = std::make_unique<timer>();
	own->start(0s, 1ms);
	auto ended = own->each(cq, [&] { own.reset(); });
	cq.loop();
	ended.join();
	timer left;
	left.start(1h);
	{
		controller closed;
		left.each(closed, [watched] {});
		closed.step(0s);
		EQ(watched.use_count(), 2);
	}
	EQ(watched.use_count(), 1);
	left.start(0s);
}

TEST(what_the_function_of_a_timer_throws_reaches_its_job)
{
	controller cq;
	timer clock;
	clock.start(0s);
	auto thrown = clock.each(cq, []() -> void { throw std::out_of_range("too late"); });
	cq.loop();
	try {
		thrown.join();
		check::fail(__FILE__, __LINE__, "nothing was thrown");
	} catch (const std::out_of_range &failure) {
		EQ(std::string(failure.what()), "too late");
	}
	clock.start(0s);
	clock.each(cq, []() -> void { throw std::out_of_range("to the loop"); });
	try {
		cq.loop();
		check::fail(__FILE__, __LINE__, "nothing was thrown");
	} catch (const std::out_of_range &failure) {
		EQ(std::string(failure.what()), "to the loop");
	}
}

TEST(a_wakeup_is_raised_by_any_thread_and_by_signal_handlers)
{
	static wakeup *raised;
	controller cq;
	wakeup bell;
	raised = &bell;
	CHECK(!bell.take());
	CHECK(bell.raise() && bell.raise());
	CHECK(bell.take() && !bell.take());
	auto waiting = cq.spawn([&] { bell.wait(); });
	std::thread other([&] { bell.raise(); });
	cq.loop();
	other.join();
	waiting.join();
	std::signal(SIGUSR1, [](int) { raised->raise(); });
	errno = EDOM;
	std::raise(SIGUSR1);
	EQ(errno, EDOM);
	pollfd ready = { bell.pollfd(), POLLIN, 0 };
	EQ(poll(&ready, 1, 0), 1);
	cq.run([&] {
		bell.wait();
		THROWS(bell.wait(1ms), std::errc::timed_out, "wait");
	});
	wakeup moved = std::move(bell);
	CHECK(!bell.raise() && !bell.take() && bell.pollfd() == -1);
	THROWS(bell.wait(), std::errc::bad_file_descriptor, "wait");
	CHECK(moved.raise() && moved.take());
}

TEST(a_wakeup_that_goes_wakes_the_fiber_that_waits)
{
	controller cq;
	auto bell = std::make_unique<wakeup>();
	cq.spawn([&] { THROWS(bell->wait(), std::errc::bad_file_descriptor, "wait"); });
	cq.step(0s);
	bell.reset();
	cq.loop();
}

TEST(a_pool_calls_functions_in_threads_of_its_own)
{
	controller cq;
	pool workers(2, "workers");
	const auto here = std::this_thread::get_id();
	int turns = 0;
	cq.spawn([&] {
		const auto there = workers.run([] { std::this_thread::sleep_for(5ms); return std::this_thread::get_id(); });
		CHECK(there != here);
		EQ(turns > 0, true);
		std::string text = "abc";
		EQ(workers.run([](std::string copy, std::size_t more) { return copy.size() + more; }, text, 2u), 5u);
		EQ(workers.run(&std::string::size, std::string("abcd")), 4u);
		auto owned = workers.run([](std::unique_ptr<int> moved) { return moved; }, std::make_unique<int>(7));
		EQ(*owned, 7);
		workers.run([&] { text = "seen"; });
		EQ(text, "seen");
		workers.run([](std::string &same) { same += "!"; }, std::ref(text));
		EQ(text, "seen!");
	});
	cq.spawn([&] {
		for (; cq.count() > 1; turns++)
			sleep(1ms);
	});
	cq.loop();
	EQ(workers.run([] { return 3; }), 3); // outside of tasks the thread waits
	pool moved = std::move(workers);
	THROWS(workers.run([] {}), std::errc::bad_file_descriptor, "run");
	EQ(moved.run([] { return 4; }), 4);
	THROWS(pool(0), std::errc::invalid_argument, "pool");
	THROWS(pool(1, std::string_view("a\0b", 3)), std::errc::invalid_argument, "pool");
}

TEST(several_threads_share_a_pool)
{
	const pool workers(2);
	std::atomic<int> sum{ 0 };
	std::vector<std::thread> callers;
	for (int i = 0; i < 4; i++)
		callers.emplace_back([&] {
			for (int j = 1; j <= 50; j++)
				sum += workers.run([](const std::vector<int> &numbers) { return numbers.at(0); }, std::vector<int>(3, j));
		});
	for (std::thread &caller : callers)
		caller.join();
	EQ(sum.load(), 4 * 50 * 51 / 2);
	EQ(workers.waiting(), 0u);
}

TEST(what_a_call_in_a_pool_throws_reaches_who_waits)
{
	controller cq;
	pool workers(1);
	cq.run([&] {
		try {
			workers.run([]() -> int { throw std::out_of_range("there"); });
			check::fail(__FILE__, __LINE__, "nothing was thrown");
		} catch (const std::out_of_range &failure) {
			EQ(std::string(failure.what()), "there");
		}
		std::error_code code;
		const auto none = workers.run(code, []() -> int { throw std::system_error(EDOM, std::generic_category()); });
		CHECK(!none);
		EQ(code, std::errc::argument_out_of_domain);
		workers.run(code, [] { throw 1; });
		EQ(code, cqueues::errc::failed);
		EQ(*workers.run(code, [] { return 2; }), 2);
		CHECK(!code);
	});
}

TEST(a_call_that_runs_is_waited_for_and_one_that_waits_is_taken_back)
{
	controller cq;
	pool workers(1);
	gate door;
	bool called = false;
	auto runs = cq.spawn([&] { return workers.run([&] { door.hold(); return 1; }); });
	auto waits = cq.spawn([&] { workers.run([&] { called = true; }); });
	cq.step(0s);
	door.wait();
	EQ(workers.waiting(), 1u);
	runs.cancel();
	waits.cancel();
	for (int i = 0; i < 10; i++)
		cq.step(1ms);
	CHECK(waits.is_over() && !runs.is_over());
	THROWS(waits.join(), std::errc::operation_canceled, "run");
	door.open();
	cq.loop();
	EQ(runs.join(), 1);
	workers.reset();
	CHECK(!called);
}

TEST(a_pool_that_goes_waits_for_what_runs_and_takes_back_the_rest)
{
	controller cq;
	auto workers = std::make_unique<pool>(1);
	gate door;
	auto watched = std::make_shared<int>(0);
	std::error_code code;
	auto runs = cq.spawn([&] { return workers->run([&, watched] { door.hold(); return 1; }); });
	auto waits = cq.spawn([&] { workers->run(code, [watched] {}); });
	cq.step(0s);
	door.wait();
	std::thread opening([&] {
		std::this_thread::sleep_for(5ms);
		door.open();
	});
	workers.reset();
	cq.loop();
	opening.join();
	EQ(runs.join(), 1);
	waits.join();
	EQ(code, std::errc::operation_canceled);
	EQ(watched.use_count(), 1);
}

// What the locals of such a fiber own is never destroyed; so that no tool calls that a leak, the pool is never either.
TEST(a_controller_that_goes_leaves_a_call_that_runs_what_it_needs)
{
	static pool &workers = *new pool(1);
	std::atomic<int> size{ 0 };
	gate door;
	{
		controller cq;
		cq.spawn([&] {
			workers.run([&](const std::string &text) { door.hold(); size = static_cast<int>(text.size()); }, std::string(100, 'x'));
		});
		cq.step(0s);
		door.wait();
		cq.close(); // the fiber never continues
	}
	door.open();
	EQ(workers.run([&] { return size.load(); }), 100);
}
