// SPDX-License-Identifier: MIT
// A program that is compiled without exceptions: each call tells its outcome in a std::error_code.

#include "fixture_plain.hpp"

#ifdef __cpp_exceptions
#error "this file is for -fno-exceptions"
#endif

#if __cplusplus >= 202002L
#include <cqueues/coroutine.hpp>
#endif

// The port of a listener that `code` tells nothing bad of.
static int listens(listener &server, std::error_code &code)
{
	server.establish(code);
	CHECK(!code);
	return server.local(code).port();
}

TEST(an_echo_in_fibers_without_exceptions)
{
	std::error_code code;
	controller cq(code);
	listener server("127.0.0.1", 0, code);
	const int port = listens(server, code);
	auto serving = cq.spawn(
		[&]() -> std::error_code {
			std::error_code failure;
			auto client = server.accept(failure);
			while (auto line = failure ? received() : client.read_line_keep(failure))
				client.write(*line, failure);
			return failure;
		},
		code);
	auto asking = cq.spawn(
		[&] {
			std::error_code failure;
			auto client = cqueues::socket::connect("127.0.0.1", port, failure);
			client.write("one\ntwo\n", failure);
			client.shutdown(SHUT_WR, failure);
			int count = 0;
			for (auto line : client.lines(failure))
				count += line == "one" || line == "two";
			return failure ? -1 : count;
		},
		code);
	cq.loop(code);
	CHECK(!code);
	serving.join(code);
	CHECK(!code);
	EQ(*asking.join(code), 2);
}

TEST(a_task_fails_with_the_code_that_it_returns)
{
	std::error_code code;
	controller cq(code);
	scope all(cq, code);
	auto waiting = all.spawn([] { std::error_code ended; sleep(forever, ended); return ended; }, code);
	all.spawn([] { return std::make_error_code(std::errc::permission_denied); }, code);
	all.wait(code);
	EQ(code, std::errc::permission_denied);
	waiting.join(code);
	EQ(code, std::errc::operation_canceled);
}

TEST(handles_without_objects_refuse_everything)
{
	std::error_code code;
	controller none;
	none.spawn([] {}, code);
	EQ(code, std::errc::bad_file_descriptor);
	none.loop(code);
	EQ(code, std::errc::bad_file_descriptor);
	queue<int> items;
	CHECK(!items.get(code));
	EQ(code, std::errc::bad_file_descriptor);
	cqueues::mutex door;
	door.lock(forever, code);
	EQ(code, std::errc::bad_file_descriptor);
	tls trust;
	trust.verify(tls_verify::none, code);
	EQ(code, std::errc::bad_file_descriptor);
	timer clock;
	clock.start(1s, code);
	EQ(code, std::errc::bad_file_descriptor);
	wakeup bell;
	bell.wait(code);
	EQ(code, std::errc::bad_file_descriptor);
	CHECK(!bell.raise());
	cqueues::pool workers;
	CHECK(!workers.run(code, [] { return 1; }));
	EQ(code, std::errc::bad_file_descriptor);
}

TEST(timers_wakeups_and_pools_without_exceptions)
{
	std::error_code code;
	controller cq(code);
	timer clock(code);
	wakeup bell(code);
	cqueues::pool workers(1, "workers", code);
	CHECK(!code);
	int calls = 0;
	clock.start(0s, 1ms, code);
	auto calling = clock.each(cq, [&] { return ++calls < 3; }, code);
	auto waiting = cq.spawn([&]() -> std::error_code {
		std::error_code failure;
		bell.wait(failure);
		return failure;
	}, code);
	auto working = cq.spawn([&] {
		std::error_code failure;
		return *workers.run(failure, [&](int number) { bell.raise(); return number; }, 5);
	}, code);
	cq.loop(code);
	CHECK(!code);
	EQ(calls, 3);
	calling.join(code);
	CHECK(!code);
	waiting.join(code);
	CHECK(!code);
	EQ(*working.join(code), 5);
}

#if __cplusplus >= 202002L
static task<int> echo(co::socket client)
{
	std::error_code code;
	int count = 0;
	while (auto line = co_await client.read_line_keep(code)) {
		co_await client.write(*line, code);
		count++;
	}
	co_return code ? -1 : count;
}

TEST(an_echo_in_coroutines_without_exceptions)
{
	std::error_code code;
	controller cq(code);
	listener bound("127.0.0.1", 0, code);
	const int port = listens(bound, code);
	co::listener server(std::move(bound));
	auto serving = cq.spawn([&]() -> task<int> {
		std::error_code failure;
		co_return co_await echo(co_await server.accept(failure));
	}, code);
	auto asking = cq.spawn([&]() -> task<bool> {
		std::error_code failure;
		auto client = co::socket::connect("127.0.0.1", port, failure);
		co_await client.write("one\n", failure);
		const auto line = co_await client.read_line(failure);
		co_return line && *line == "one";
	}, code);
	cq.loop(code);
	EQ(*serving.join(code), 1);
	CHECK(*asking.join(code));
	auto limited = cq.spawn([]() -> task<int> {
		std::error_code failure;
		co_await with_timeout(1ms, [](std::error_code &told) -> task<> { co_await co::sleep(1h, told); }(failure));
		co_return failure.value();
	}, code);
	cq.loop(code);
	EQ(*limited.join(code), ETIMEDOUT);
	auto fiber = cq.spawn([] {
		std::error_code failure;
		return *await([]() -> task<int> { co_return 5; }(), failure);
	}, code);
	cq.loop(code);
	EQ(*fiber.join(code), 5);
}

TEST(coroutines_wait_for_timers_wakeups_and_pools_without_exceptions)
{
	std::error_code code;
	controller cq(code);
	auto ended = cq.spawn([]() -> task<int> {
		std::error_code failure;
		co::timer clock(failure);
		co::wakeup bell(failure);
		co::pool workers(1, "workers", failure);
		clock.start(1ms, failure);
		int sum = static_cast<int>(co_await clock.wait(failure));
		sum += *co_await workers.run(failure, [](const co::wakeup *raised) { return raised->raise() ? 10 : 0; }, &bell);
		co_await bell.wait(failure);
		co_return failure ? -1 : sum;
	}, code);
	cq.loop(code);
	EQ(*ended.join(code), 11);
}

static task<int> nap_and_give(timeout time, int value)
{
	std::error_code code;
	co_await co::sleep(time, code);
	co_return code ? -code.value() : value;
}

static task<> nap(timeout time)
{
	std::error_code code;
	co_await co::sleep(time, code);
}

TEST(several_at_once_and_limits_of_time_without_exceptions)
{
	std::error_code code;
	controller cq(code);
	auto several = cq.spawn([]() -> task<bool> {
		std::error_code failure;
		const auto all = co_await when_all(failure, nap_and_give(2ms, 1), nap(1ms), nap_and_give(1ms, 3));
		CHECK(!failure && all);
		EQ(std::get<0>(*all), 1);
		EQ(std::get<2>(*all), 3);
		std::vector<task<int>> many;
		for (int i = 0; i < 5; i++)
			many.push_back(nap_and_give(1ms, i));
		const auto list = co_await when_all(failure, std::move(many));
		CHECK(!failure && list);
		EQ(list->size(), 5u);
		EQ(list->at(4), 4);
		const auto first = co_await when_any(failure, nap(1h), nap_and_give(1ms, 7));
		CHECK(!failure && first);
		EQ(first->index(), 1u);
		EQ(std::get<1>(*first), 7);
		co_return true;
	}, code);
	cq.loop(code);
	CHECK(*several.join(code));

	auto limited = cq.spawn([]() -> task<bool> {
		std::error_code failure;
		auto given = co_await with_timeout(failure, 1ms, nap_and_give(1h, 1));
		EQ(failure, std::errc::timed_out);
		EQ(*given, -ETIMEDOUT);
		given = co_await with_timeout(failure, 1h, nap_and_give(1ms, 1));
		CHECK(!failure);
		EQ(*given, 1);
		CHECK(co_await with_timeout(failure, 1h, nap(1ms)));
		CHECK(!failure);
		// All of several end with the time that is set around them.
		const auto none = co_await with_timeout(failure, 1ms, when_all(failure, nap(1h), nap(1h)));
		EQ(failure, std::errc::timed_out);
		CHECK(none && !*none);
		co_return true;
	}, code);
	cq.loop(code);
	CHECK(*limited.join(code));

	int ended = 0;
	auto cancelled = cq.spawn([&]() -> task<int> {
		std::error_code failure;
		const auto none = co_await when_all(failure, nap(1h), nap(1h));
		ended = none ? 1 : 2;
		co_return failure.value();
	}, code);
	cq.step(0s, code);
	cancelled.cancel("enough", code);
	cq.loop(code);
	EQ(*cancelled.join(code), ECANCELED);
	EQ(ended, 2);
}
#endif
