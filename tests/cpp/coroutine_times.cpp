// SPDX-License-Identifier: MIT
// Timers, wakeups and pools of threads in coroutines.

#include "fixture.hpp"
#include "gate.hpp"

#include <cqueues/coroutine.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

TEST(coroutines_wait_for_timers)
{
	controller cq;
	co::timer clock;
	cq.run([&]() -> task<> {
		clock.start(1ms);
		EQ(co_await clock, 1u);
		std::error_code code;
		co_await clock.wait(1ms, code);
		EQ(code, std::errc::timed_out);
		clock.start(0s, 1ms);
		std::uint64_t count = 0;
		while (count < 5)
			count += co_await clock;
		clock.stop();
	});
	// Started, and set anew, while a coroutine waits; by a coroutine and a fiber that use the same timer.
	auto waiting = cq.spawn([&]() -> task<std::uint64_t> { co_return co_await clock.wait(); });
	cq.step(0s);
	clock.start(1h);
	cq.step(0s);
	CHECK(!waiting.is_over());
	cq.spawn([&] { static_cast<timer &>(clock).start(0s); });
	cq.loop();
	EQ(waiting.join(), 1u);
}

TEST(a_wait_for_a_timer_allocates_nothing)
{
	controller cq;
	co::timer clock;
	cq.run([&]() -> task<> {
		clock.start(0s, 100us);
		co_await clock;
		const std::size_t before = allocations;
		for (int i = 0; i < 10; i++)
			co_await clock;
		EQ(allocations, before);
	});
}

TEST(a_timer_is_moved_and_goes_while_coroutines_wait)
{
	controller cq;
	auto clock = std::make_unique<co::timer>();
	int served = 0, refused = 0;
	for (int i = 0; i < 3; i++)
		cq.spawn([&]() -> task<> {
			std::error_code code;
			co_await clock->wait(code);
			if (code)
				EQ(code, std::errc::bad_file_descriptor);
			(code ? refused : served)++;
		});
	cq.step(0s);
	auto moved = std::make_unique<co::timer>(std::move(*clock));
	cq.spawn([&]() -> task<> { // the one that was moved from
		THROWS(co_await *clock, std::errc::bad_file_descriptor, "wait");
		clock.reset();
	});
	moved->start(0s);
	while (served < 1)
		cq.step(0s);
	EQ(refused, 0);
	moved->start(0s); // it expires, and goes before anybody looks
	moved.reset();
	cq.loop();
	EQ(served, 1);
	EQ(refused, 2);

	// Coroutines that are destroyed while they wait leave nothing behind.
	co::timer left;
	{
		controller closed;
		closed.spawn([&]() -> task<> { co_await left; });
		closed.step(0s);
	}
	left.start(0s);
}

TEST(coroutines_wait_for_wakeups)
{
	controller cq;
	co::wakeup bell;
	std::thread other;
	cq.run([&]() -> task<> {
		other = std::thread([&] { bell.raise(); });
		co_await bell;
		CHECK(!bell.take());
		std::error_code code;
		co_await bell.wait(1ms, code);
		EQ(code, std::errc::timed_out);
		bell.raise();
		co_await bell.wait();
	});
	other.join();
	auto waiting = cq.spawn([&]() -> task<> { co_await bell; });
	cq.step(0s);
	waiting.cancel();
	cq.loop();
	THROWS(waiting.join(), std::errc::operation_canceled, "wait");
}

TEST(a_wakeup_is_moved_and_goes_while_a_coroutine_waits)
{
	for (const bool inside : { false, true })
		for (const bool raised : { false, true }) {
			controller cq;
			std::error_code code;
			auto bell = std::make_unique<co::wakeup>();
			cq.spawn([&]() -> task<> { co_await bell->wait(code); });
			cq.step(0s);
			auto moved = std::make_unique<co::wakeup>(std::move(*bell));
			if (raised)
				moved->raise();
			if (inside)
				cq.spawn([&] { moved.reset(); });
			else
				moved.reset();
			cq.loop();
			CHECK(code == std::errc::bad_file_descriptor || (inside && raised && !code));
			// A descriptor of the same number is another one.
			moved = std::make_unique<co::wakeup>();
			moved->raise();
			cq.run([&]() -> task<> { co_await *moved; });
		}
	co::wakeup left;
	{
		controller closed;
		closed.spawn([&]() -> task<> { co_await left; });
		closed.step(0s);
	}
	CHECK(left.raise());
}

TEST(coroutines_wait_for_calls_in_a_pool)
{
	controller cq;
	co::pool workers(2);
	int turns = 0;
	auto calling = cq.spawn([&]() -> task<int> {
		const auto there = co_await workers.run([] { std::this_thread::sleep_for(5ms); return std::this_thread::get_id(); });
		CHECK(there != std::this_thread::get_id());
		auto owned = co_await workers.run([](std::unique_ptr<int> moved) { return moved; }, std::make_unique<int>(7));
		co_await workers.run([] {});
		std::error_code code;
		EQ(*co_await workers.run(code, [](int a, int b) { return a + b; }, 1, 2), 3);
		CHECK(!code);
		co_return *owned;
	});
	cq.spawn([&]() -> task<> {
		for (; !calling.is_over(); turns++)
			co_await co::sleep(1ms);
	});
	cq.loop();
	EQ(calling.join(), 7);
	CHECK(turns > 1);
	cq.run([&]() -> task<> {
		std::error_code code;
		co::pool moved = std::move(workers);
		co_await workers.run(code, [] {});
		EQ(code, std::errc::bad_file_descriptor);
		EQ(co_await moved.run([] { return 1; }), 1);
	});
}

TEST(what_a_call_in_a_pool_throws_reaches_the_coroutine)
{
	controller cq;
	co::pool workers(1);
	cq.run([&]() -> task<> {
		std::string said;
		try {
			co_await workers.run([]() -> int { throw std::out_of_range("there"); });
		} catch (const std::out_of_range &failure) {
			said = failure.what();
		}
		EQ(said, "there");
		std::error_code code;
		CHECK(!co_await workers.run(code, []() -> int { throw std::system_error(EDOM, std::generic_category()); }));
		EQ(code, std::errc::argument_out_of_domain);
	});
}

TEST(a_coroutine_that_is_cancelled_waits_for_its_call_and_takes_back_what_has_not_begun)
{
	controller cq;
	co::pool workers(1);
	gate door;
	bool called = false;
	auto runs = cq.spawn([&]() -> task<int> { co_return co_await workers.run([&] { door.hold(); return 1; }); });
	auto waits = cq.spawn([&]() -> task<> { co_await workers.run([&] { called = true; }); });
	auto late = cq.spawn([&]() -> task<> { co_await with_timeout(1ms, [](auto &pool) -> task<> { co_await pool.run([] {}); }(workers)); });
	while (workers.waiting() < 2)
		cq.step(0s);
	door.wait();
	runs.cancel();
	waits.cancel();
	int steps = 0;
	while (!waits.is_over() || !late.is_over())
		cq.step(1ms), steps++;
	CHECK(steps < 100);
	for (steps = 0; steps < 5; steps++) {
		cq.step(1ms);
		CHECK(!runs.is_over());
	}
	THROWS(waits.join(), std::errc::operation_canceled, "run");
	THROWS(late.join(), std::errc::timed_out, "run");
	CHECK(!cq.poll_timeout() || cq.poll_timeout()->count() > 0); // it does not spin meanwhile
	door.open();
	cq.loop();
	EQ(runs.join(), 1);
	workers.reset();
	CHECK(!called);
}

// (g++ 12 destroys twice what a lambda has captured that is written inside of a co_await expression.)
TEST(a_coroutine_may_be_destroyed_while_its_call_runs)
{
	auto watched = std::make_shared<int>(0);
	std::atomic<int> size{ 0 };
	bool called = false;
	gate door;
	co::pool workers(1);
	{
		controller cq;
		cq.spawn([&]() -> task<> {
			auto body = [&, watched](const std::string &text) { door.hold(); size = static_cast<int>(text.size()); };
			co_await workers.run(std::move(body), std::string(100, 'x'));
		});
		cq.spawn([&]() -> task<> {
			auto body = [&, watched] { called = true; };
			co_await workers.run(std::move(body));
		});
		while (workers.waiting() < 1)
			cq.step(0s);
		door.wait();
		cq.close();
		EQ(watched.use_count() >= 2, true);
	}
	door.open();
	(void)workers.run([] {}); // what is never awaited makes no call
	workers.reset();
	EQ(size.load(), 100);
	CHECK(!called);
	EQ(watched.use_count(), 1);
}

TEST(a_scope_that_a_coroutine_destroys_drops_a_call)
{
	controller cq;
	co::pool workers(1);
	gate door;
	std::atomic<bool> done{ false };
	cq.run([&]() -> task<> {
		scope all = scope::here();
		all.spawn([&]() -> task<> { co_await workers.run([&] { door.hold(); done = true; }); });
		while (co_await co::sleep(1ms), workers.waiting() > 0)
			;
	});
	door.open();
	workers.reset();
	CHECK(done);
}

TEST(a_pool_goes_while_coroutines_wait)
{
	controller cq;
	auto workers = std::make_unique<co::pool>(1);
	gate door;
	std::error_code code;
	auto runs = cq.spawn([&]() -> task<int> { co_return co_await workers->run([&] { door.hold(); return 1; }); });
	auto waits = cq.spawn([&]() -> task<> { co_await workers->run(code, [] {}); });
	while (workers->waiting() < 1)
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
	EQ(code, std::errc::operation_canceled);
}
