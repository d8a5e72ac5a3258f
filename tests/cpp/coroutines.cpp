// SPDX-License-Identifier: MIT
// Coroutines: their results, exceptions, scopes, ends, and what they cost.

#include "fixture.hpp"

#include <cqueues/coroutine.hpp>

#include <memory>
#include <new>
#include <stdexcept>

static std::size_t allocations;

[[gnu::noinline]] void *operator new(std::size_t size)
{
	allocations++;
	if (void *room = std::malloc(size))
		return room;
	throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void *room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void *room, std::size_t) noexcept { std::free(room); }

static task<int> number(int value) { co_return value; }

static task<> nap(timeout time) { co_await co::sleep(time); }

static task<int> nap_and_give(timeout time, int value)
{
	co_await co::sleep(time);
	co_return value;
}

static task<int> nap_and_throw(timeout time)
{
	co_await co::sleep(time);
	throw std::out_of_range("too far");
}

TEST(a_coroutine_gives_its_result_through_its_job)
{
	controller cq;
	auto given = cq.spawn(number(42));
	auto made = cq.spawn([value = std::make_unique<int>(7)]() -> task<std::unique_ptr<int>> {
		co_await co::sleep(1ms);
		co_return std::make_unique<int>(*value);
	});
	cq.loop();
	EQ(given.join(), 42);
	EQ(*made.join(), 7);
	EQ(cq.run(nap_and_give(1ms, 3)), 3);
}

TEST(a_coroutine_does_not_begin_before_it_is_awaited)
{
	controller cq;
	bool begun = false;
	auto body = [&]() -> task<> {
		begun = true;
		co_return;
	};
	{
		auto never = body();
	}
	auto later = body();
	CHECK(!begun);
	cq.run(std::move(later));
	CHECK(begun);
}

TEST(a_task_that_was_moved_from_is_refused)
{
	controller cq;
	cq.run([]() -> task<> {
		task<int> body = number(1);
		task<int> moved = std::move(body);
		THROWS(co_await std::move(body), std::errc::bad_file_descriptor, "task");
		EQ(co_await std::move(moved), 1);
		EQ(co_await std::move(moved), 1); // it is over: it does not begin again
	});
	THROWS(cq.spawn(task<int>()), std::errc::bad_file_descriptor, "spawn");
}

TEST(exceptions_of_coroutines_reach_who_awaits)
{
	controller cq;
	cq.run([]() -> task<> {
		bool caught = false;
		try {
			co_await nap_and_throw(1ms);
		} catch (const std::out_of_range &) {
			caught = true;
		}
		CHECK(caught);
	});
	auto failing = cq.spawn(nap_and_throw(1ms));
	cq.loop();
	std::error_code code;
	CHECK(!failing.join(code));
	EQ(code, errc::failed);
	cq.spawn(nap_and_throw(1ms));
	bool caught = false;
	try {
		cq.loop();
	} catch (const std::out_of_range &) {
		caught = true;
	}
	CHECK(caught);
}

TEST(a_scope_of_coroutines_throws_what_its_first_failure_has_thrown)
{
	controller cq;
	bool unwound = false;
	cq.run([&]() -> task<> {
		scope all = scope::here();
		all.spawn([&]() -> task<> {
			struct guard {
				bool &unwound;
				~guard() { unwound = true; }
			} last{ unwound };
			co_await co::sleep(forever);
		});
		all.spawn(nap_and_throw(1ms));
		bool caught = false;
		try {
			co_await co::wait(all);
		} catch (const std::out_of_range &) {
			caught = true;
		}
		CHECK(caught);
	});
	CHECK(unwound);
}

TEST(coroutines_are_tasks_of_the_controllers_tree)
{
	controller cq;
	scope all(cq);
	auto one = all.spawn(nap(1h));
	one.set_name("napper");
	cq.step(0s);
	auto list = cq.tasks();
	EQ(list.size(), 1u);
	EQ(std::string(list[0].name), "napper");
	EQ(std::string(list[0].wait), "sleep");
	CHECK(list[0].scope == all.native());
	all.cancel("over");
	std::error_code code;
	all.wait(code);
	EQ(code, std::errc::operation_canceled);
	THROWS(one.join(), std::errc::operation_canceled, "sleep");
}

TEST(a_coroutine_that_is_cancelled_is_told_in_its_await)
{
	controller cq;
	int told = 0;
	auto one = cq.spawn([&]() -> task<> {
		std::error_code code;
		co_await co::sleep(1h, code);
		told = code.value();
		co_await co::sleep(1h);
	});
	cq.step(0s);
	one.cancel();
	cq.loop();
	EQ(told, ECANCELED);
	THROWS(one.join(), std::errc::operation_canceled, "sleep");
}

TEST(fibers_and_coroutines_wait_for_each_other)
{
	controller cq;
	auto fiber = cq.spawn([] { sleep(2ms); return 5; });
	auto coroutine = cq.spawn([&]() -> task<int> { co_return co_await fiber + 1; });
	auto last = cq.spawn([&] { return coroutine.join() + await(nap_and_give(1ms, 10)); });
	cq.loop();
	EQ(last.join(), 16);
	auto failing = cq.spawn([] { sleep(1ms); throw std::out_of_range("too far"); });
	bool caught = false;
	cq.run([&]() -> task<> {
		try {
			co_await failing;
		} catch (const std::out_of_range &) {
			caught = true;
		}
	});
	CHECK(caught);
	cq.run([] {
		std::error_code code;
		await(nap_and_throw(1ms), code);
		EQ(code, errc::failed);
	});
}

TEST(a_coroutine_that_a_fiber_waits_for_ends_with_the_fibers_wait)
{
	controller cq;
	bool unwound = false;
	auto fiber = cq.spawn([&] {
		await([](bool &to) -> task<> {
			struct guard {
				bool &unwound;
				~guard() { unwound = true; }
			} last{ to };
			co_await co::sleep(forever);
		}(unwound));
	});
	cq.step(0s);
	cq.step(0s);
	fiber.cancel();
	cq.loop();
	CHECK(unwound);
	THROWS(fiber.join(), std::errc::operation_canceled, "");
}

TEST(a_join_in_a_coroutine_has_a_limit_and_refuses_itself)
{
	controller cq;
	job<> self;
	auto slow = cq.spawn(nap_and_give(20ms, 1));
	self = cq.spawn([&]() -> task<> {
		std::error_code code;
		CHECK(!co_await co::join(slow, 1ms, code));
		EQ(code, std::errc::timed_out);
		EQ(*co_await co::join(slow, code), 1);
		CHECK(!code);
		co_await co::join(self, code);
		EQ(code, std::errc::resource_deadlock_would_occur);
		job<int> nobody;
		co_await co::join(nobody, code);
		EQ(code, std::errc::bad_file_descriptor);
	});
	cq.loop();
	self.join();
}

TEST(all_results_come_in_order_and_the_first_failure_ends_the_others)
{
	controller cq;
	cq.run([]() -> task<> {
		auto [first, second, third] = co_await when_all(nap_and_give(3ms, 1), nap(1ms), number(3));
		EQ(first, 1);
		EQ(third, 3);
		(void)second;
		std::vector<task<int>> many;
		for (int i = 0; i < 10; i++)
			many.push_back(nap_and_give(1ms, i));
		auto results = co_await when_all(std::move(many));
		EQ(results.size(), 10u);
		EQ(results[9], 9);
		const duration begun = monotime();
		bool caught = false;
		try {
			co_await when_all(nap(1h), nap_and_throw(1ms));
		} catch (const std::out_of_range &) {
			caught = true;
		}
		CHECK(caught);
		CHECK(monotime() - begun < 10s);
	});
	CHECK(cq.empty());
}

TEST(the_first_of_several_ends_the_others)
{
	controller cq;
	cq.run([]() -> task<> {
		auto first = co_await when_any(nap_and_give(1h, 1), nap(1ms), nap_and_give(1h, 3));
		EQ(first.index(), 1u);
		auto last = co_await when_any(nap(1h), nap_and_give(1ms, 4));
		EQ(std::get<1>(last), 4);
		bool caught = false;
		try {
			co_await when_any(nap(1h), nap_and_throw(1ms));
		} catch (const std::out_of_range &) {
			caught = true;
		}
		CHECK(caught);
	});
	CHECK(cq.empty());
}

TEST(groups_end_with_the_coroutine_that_waits_for_them)
{
	controller cq;
	int unwound = 0;
	auto guarded = [&]() -> task<> {
		struct guard {
			int &unwound;
			~guard() { unwound++; }
		} last{ unwound };
		co_await co::sleep(1h);
	};
	auto all = cq.spawn([&]() -> task<> { co_await when_all(guarded(), guarded()); });
	auto any = cq.spawn([&]() -> task<> { co_await when_any(guarded(), guarded()); });
	cq.step(0s);
	cq.step(0s);
	EQ(cq.count(), 6u);
	all.cancel();
	any.cancel();
	cq.loop(10s);
	EQ(unwound, 4);
	THROWS(all.join(), std::errc::operation_canceled, "");
	THROWS(any.join(), std::errc::operation_canceled, "");
}

TEST(a_limit_of_time_ends_the_waits_of_a_coroutine)
{
	controller cq;
	cq.run([]() -> task<> {
		EQ(co_await with_timeout(10s, nap_and_give(1ms, 5)), 5);
		std::error_code code;
		try {
			co_await with_timeout(2ms, nap(1h));
		} catch (const error &failure) {
			code = failure.code();
		}
		EQ(code, std::errc::timed_out);
		co_await co::sleep(1ms); // the limit is over with it
		try {
			co_await with_timeout(10s, with_timeout(2ms, nap(1h)));
		} catch (const error &failure) {
			code = failure.code();
		}
		EQ(code, std::errc::timed_out);
	});
}

TEST(several_at_once_tell_their_outcome_in_a_code)
{
	controller cq;
	cq.run([]() -> task<> {
		std::error_code code;
		const auto failed = co_await when_all(code, nap(1h), nap_and_throw(1ms));
		CHECK(!failed);
		EQ(code, cqueues::errc::failed);
		const auto all = co_await when_all(code, nap_and_give(1ms, 1), nap_and_give(1ms, 2));
		CHECK(!code && all);
		EQ(std::get<1>(*all), 2);
		std::vector<task<int>> many;
		many.push_back(nap_and_throw(1ms));
		many.push_back(nap_and_give(1h, 0));
		CHECK(!co_await when_all(code, std::move(many)));
		EQ(code, cqueues::errc::failed);
		CHECK(!co_await when_any(code, nap(1h), nap_and_throw(1ms)));
		EQ(code, cqueues::errc::failed);
		const auto first = co_await when_any(code, nap_and_give(1ms, 5), nap(1h));
		CHECK(!code && first);
		EQ(std::get<0>(*first), 5);
		CHECK(!co_await with_timeout(code, 1ms, nap(1h)));
		EQ(code, std::errc::timed_out);
		CHECK(!co_await with_timeout(code, 1h, nap_and_throw(1ms)));
		EQ(code, cqueues::errc::failed);
		EQ(*co_await with_timeout(code, 1h, nap_and_give(1ms, 6)), 6);
		CHECK(!code);
		CHECK(!co_await when_all(code, task<int>(), nap_and_give(1ms, 2))); // one that was moved from
		EQ(code, std::errc::bad_file_descriptor);
		CHECK(!co_await when_any(code, task<int>(), nap(1h)));
		EQ(code, std::errc::bad_file_descriptor);
	});
}

TEST(a_coroutine_call_allocates_its_frame_and_nothing_else)
{
	controller cq;
	cq.run([]() -> task<> {
		co_await co::sleep(1ms);
		std::size_t before = allocations;
		for (int i = 0; i < 100; i++)
			EQ(co_await number(i), i);
		EQ(allocations - before <= 100, true);
		before = allocations;
		for (int i = 0; i < 10; i++)
			co_await nap(0s);
		EQ(allocations - before <= 10, true);
		auto [a, b] = co::socket::pair();
		co_await a.write("x\n");
		co_await b.read_line();
		before = allocations;
		co_await a.write("line\n");
		EQ(*co_await b.read_line(), "line");
		EQ(allocations, before);
	});
	const std::size_t before = allocations;
	auto started = cq.spawn(number(1));
	EQ(allocations - before <= 2, true); // the frame, and what the task shares with its job
	cq.loop();
}

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
static task<int> depth(int left)
{
	if (left == 0)
		co_return 0;
	co_return co_await depth(left - 1) + 1;
}

// Symmetric transfer: each of these would otherwise take some of the stack. (Without optimization, and
// with sanitizers, compilers make calls of what the standard says are none.)
TEST(a_million_awaits_and_a_depth_of_a_hundred_thousand_take_no_stack)
{
	controller cq;
	cq.run([]() -> task<> {
		long sum = 0;
		for (int i = 0; i < 1000000; i++)
			sum += co_await number(1);
		EQ(sum, 1000000);
		EQ(co_await depth(100000), 100000);
	});
}
#endif

static task<> echo(co::socket client)
{
	client.set_mode("bl");
	while (auto line = co_await client.read_line_keep())
		co_await client.write(*line);
	co_await client.flush();
}

static task<> converse(int port, int lines, int &done)
{
	auto client = co::socket::connect("127.0.0.1", port);
	client.set_mode("bl");
	co_await client.establish();
	for (int i = 0; i < lines; i++) {
		const std::string line = "line " + std::to_string(i) + "\n";
		co_await client.write(line);
		auto back = co_await client.read_line_keep();
		if (!back)
			co_return; // the server has ended
		EQ(*back, line);
	}
	client.shutdown(SHUT_WR);
	CHECK(!co_await client.read_line());
	done++;
}

static task<> serve(co::listener &server, scope &clients, int count)
{
	while (count-- > 0)
		clients.spawn(echo(co_await server.accept()));
}

TEST(an_echo_conversation_of_coroutines_over_tcp)
{
	controller cq;
	auto [server, port] = listen_anywhere<co::listener>();
	int done = 0;
	scope clients(cq);
	cq.spawn(serve(server, clients, 20));
	for (int i = 0; i < 20; i++)
		cq.spawn(converse(port, 50, done));
	cq.loop();
	EQ(done, 20);
}

struct alive {
	static inline int count = 0;
	alive() noexcept { count++; }
	alive(const alive &) noexcept { count++; }
	~alive() { count--; }
};

static task<> guarded_echo(co::socket client)
{
	alive here;
	co_await echo(std::move(client));
}

static task<> guarded_server(co::listener &server, scope &clients)
{
	alive here;
	clients.spawn(guarded_echo(co_await server.accept()));
}

static task<> guarded_client(int port, int &done)
{
	alive here;
	co_await when_any(converse(port, 3, done), nap(1h));
	co_await with_timeout(1h, when_all(nap(1ms), nap(1ms)));
}

// After each number of steps the controller goes, in each of the ways in which it can; nothing may be left behind.
static bool end_after(int steps, int way)
{
	const int descriptors = open_descriptors();
	bool over;
	{
		controller cq;
		auto [server, port] = listen_anywhere<co::listener>();
		int done = 0;
		scope clients(cq);
		auto serving = clients.spawn(guarded_server(server, clients));
		auto asking = cq.spawn(guarded_client(port, done));
		auto awaiting = cq.spawn([&]() -> task<> { co_await asking; });
		while (steps-- > 0 && !cq.empty())
			cq.step(1s);
		over = cq.empty();
		std::error_code code;
		switch (way) {
		case 0: break;
		case 1: cq.close(); break;
		case 2: cq_controller_free(cq.detach()); break;
		case 3: clients.reset(); asking.cancel("over", code); break;
		case 4: asking.cancel("over", code); cq.step(0s, code); break;
		}
	}
	EQ(alive::count, 0);
	EQ(open_descriptors(), descriptors);
	return over;
}

TEST(a_conversation_can_be_destroyed_while_it_is_suspended_at_any_point)
{
	for (int way = 0; way < 5; way++) {
		int steps = 0;
		while (!end_after(steps, way))
			steps++;
		CHECK(steps > 8);
	}
}

TEST(a_server_of_coroutines_shuts_down_in_good_order)
{
	controller cq;
	auto [server, port] = listen_anywhere<co::listener>();
	scope clients(cq);
	std::error_code code;
	auto serving = cq.spawn([&, &server = server]() -> task<> {
		for (;;) {
			auto client = co_await server.accept(code);
			if (code)
				break;
			clients.spawn(echo(std::move(client)));
		}
		server.close();
	});
	auto asking = cq.spawn([&, port = port]() -> task<bool> {
		auto client = co::socket::connect("127.0.0.1", port);
		co_await client.write("one\n");
		CHECK(*co_await client.read_line() == "one");
		cq.shutdown(10s);
		co_await client.write("two\n"); // who is served already is served on
		co_return *co_await client.read_line() == "two";
	});
	cq.loop();
	EQ(code, std::errc::operation_canceled);
	CHECK(asking.join());
	serving.join();
}

TEST(a_task_may_end_the_scope_that_it_is_in)
{
	for (bool fiber : { false, true }) {
		controller cq;
		scope all(cq);
		bool went_on = false, unwound = false;
		all.spawn([&]() -> task<> {
			struct guard {
				bool &unwound;
				~guard() { unwound = true; }
			} last{ unwound };
			co_await co::sleep(1h);
		});
		cq.step(0s);
		if (fiber)
			all.spawn([&] {
				all.reset();
				std::error_code code;
				sleep(1h, code);
				went_on = code == std::errc::operation_canceled;
			});
		else
			all.spawn([&]() -> task<> {
				all.reset();
				std::error_code code;
				co_await co::sleep(1h, code);
				went_on = code == std::errc::operation_canceled;
			});
		cq.loop();
		CHECK(went_on);
		CHECK(unwound);
	}
}

TEST(a_coroutine_may_free_its_own_controller)
{
	auto *cq = new controller;
	std::weak_ptr<int> watched;
	cq->spawn([](controller *own, std::weak_ptr<int> &seen) -> task<> {
		auto owned = std::make_shared<int>(1);
		seen = owned;
		co_await co::sleep(1ms);
		delete own;
		co_await co::sleep(1h);
	}(cq, watched));
	cq_controller *native = cq->native();
	EQ(cq_controller_loop(native, 5), 0);
	CHECK(watched.expired());
}

TEST(a_wait_that_cannot_begin_is_told_and_leaves_the_task_whole)
{
	controller cq;
	auto one = cq.spawn([]() -> task<int> {
		std::error_code code;
		interest file[1];
		file[0].fd = open("/dev/null", O_RDONLY);
		const int fd = dup(file[0].fd);
		close(fd);
		file[0].fd = fd; // no descriptor any more
		file[0].events = POLLIN;
		co_await co::poll(file, code);
		EQ(code, std::errc::bad_file_descriptor);
		co_return 5;
	});
	cq.loop();
	EQ(one.join(), 5);
}

TEST(coroutines_poll_descriptors_and_let_others_run)
{
	controller cq;
	std::string order;
	int ends[2];
	CHECK(pipe(ends) == 0);
	auto reader = cq.spawn([&]() -> task<> {
		interest set[2];
		set[0] = interest(ends[0], POLLIN);
		set[1].timeout = 10;
		EQ(co_await co::poll(set), 1u);
		CHECK(set[0].fired & POLLIN);
		EQ(set[1].fired, 0u);
		order += "r";
	});
	auto writer = cq.spawn([&]() -> task<> {
		for (int i = 0; i < 3; i++) {
			order += "w";
			co_await co::yield();
		}
		CHECK(write(ends[1], "x", 1) == 1);
	});
	cq.loop();
	EQ(order, "wwwr");
	reader.join();
	writer.join();
}
