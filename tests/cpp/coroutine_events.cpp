// SPDX-License-Identifier: MIT
// What coroutines await beside sockets and time: conditions, queues, semaphores, names, signals, files, processes, threads.

#include "fixture.hpp"
#include "names.hpp"
#include "secure.hpp"

#include <cqueues/coroutine.hpp>

#include <memory>
#include <stdexcept>

TEST(coroutines_wait_for_conditions)
{
	controller cq;
	co::condition ready;
	int woken = 0;
	for (int i = 0; i < 2; i++)
		cq.spawn([&]() -> task<> {
			co_await ready.wait();
			woken++;
		});
	cq.spawn([&] { static_cast<condition &>(ready).wait(); woken++; }); // a fiber at the same one
	cq.step(0s);
	EQ(ready.signal(), 3u);
	cq.loop();
	EQ(woken, 3);
	cq.run([&]() -> task<> {
		std::error_code code;
		co_await ready.wait(1ms, code);
		EQ(code, std::errc::timed_out);
		co::condition moved = std::move(ready);
		co_await ready.wait(code);
		EQ(code, std::errc::bad_file_descriptor);
	});
}

TEST(coroutines_and_fibers_share_a_queue)
{
	controller cq;
	co::queue<std::unique_ptr<int>> items(1);
	int sum = 0;
	cq.spawn([&]() -> task<> {
		for (int i = 1; i <= 10; i++)
			co_await items.put(std::make_unique<int>(i));
		items.close();
	});
	cq.spawn([&]() -> task<> {
		while (auto item = co_await items.get())
			sum += **item;
	});
	cq.spawn([&] {
		queue<std::unique_ptr<int>> &same = items;
		while (auto item = same.get())
			sum += **item;
	});
	cq.loop();
	EQ(sum, 55);
	cq.run([&]() -> task<> {
		std::error_code code;
		co_await items.put(std::make_unique<int>(1), forever, code);
		EQ(code, std::errc::broken_pipe);
		co::queue<std::unique_ptr<int>> moved = std::move(items);
		CHECK(!co_await items.get(code));
		EQ(code, std::errc::bad_file_descriptor);
	});
}

TEST(a_get_that_is_ended_or_destroyed_loses_no_item)
{
	controller cq;
	co::queue<std::shared_ptr<int>> items;
	queue<std::shared_ptr<int>> &plain = items;
	auto watched = std::make_shared<int>(1);
	std::error_code code;
	auto taker = [&]() -> task<std::shared_ptr<int>> {
		auto item = co_await items.get();
		co_return item ? *item : nullptr;
	};

	cq.run([&]() -> task<> {
		CHECK(!co_await items.get(1ms, code));
		EQ(code, std::errc::timed_out);
	});

	// Ended while it waits: the next one gets the item.
	auto ended = cq.spawn(taker());
	cq.step(0s);
	cq.step(0s);
	ended.cancel();
	cq.loop();
	THROWS(ended.join(), std::errc::operation_canceled, "get");
	plain.put(watched);
	EQ(cq.run(taker()).use_count(), 1 + 1);

	// Ended when the item is there already: it is told.
	auto served = cq.spawn(taker());
	cq.step(0s);
	cq.step(0s);
	plain.put(watched);
	served.cancel();
	cq.loop();
	std::error_code late;
	auto got = served.join(late);
	EQ(items.count() + (got ? 1u : 0u), 1u);
	while (plain.try_get(code))
		;
	got.reset();
	EQ(watched.use_count(), 1);

	// Destroyed with its scope when the item is set aside for it: the queue keeps or destroys it, and leaks nothing.
	{
		scope all(cq);
		all.spawn(taker());
		cq.step(0s);
		cq.step(0s);
		plain.put(watched);
	}
	while (plain.try_get(code))
		;
	EQ(watched.use_count(), 1);
	for (int steps = 0; steps < 4; steps++) {
		{
			controller other;
			co::queue<std::shared_ptr<int>> own;
			other.spawn([&]() -> task<> { co_await own.get(); });
			for (int i = 0; i < steps; i++)
				other.step(0s);
			static_cast<queue<std::shared_ptr<int>> &>(own).put(watched);
			other.close();
		}
		EQ(watched.use_count(), 1);
	}
}

TEST(coroutines_take_permits_and_locks_in_turn)
{
	controller cq;
	co::semaphore permits(1);
	co::mutex door;
	std::string order;
	for (char name : { 'a', 'b', 'c' })
		cq.spawn([&, name]() -> task<> {
			co_await permits.acquire();
			order += name;
			co_await co::sleep(1ms);
			order += name;
			permits.release();
			co_await door.lock();
			CHECK(!door.try_lock());
			co_await co::yield();
			door.unlock();
		});
	cq.loop();
	EQ(order, "aabbcc");
	EQ(permits.count(), 1u);
	CHECK(door.try_lock());

	// Ended or destroyed, a wait leaves the permits as they were.
	CHECK(permits.try_acquire());
	auto waiting = cq.spawn([&]() -> task<> { co_await permits.acquire(); });
	cq.step(0s);
	cq.step(0s);
	waiting.cancel();
	cq.loop();
	{
		scope all(cq);
		all.spawn([&]() -> task<> { co_await permits.acquire(); });
		cq.step(0s);
		cq.step(0s);
	}
	permits.release();
	cq.step(0s);
	EQ(permits.count(), 1u);
}

TEST(coroutines_resolve_names)
{
	controller cq;
	name_server server(cq);
	auto pool = server.pool<co::resolver_pool>();
	cq.run([&]() -> task<> {
		auto found = co_await pool.addresses("anything.test", AF_INET, 10s);
		EQ(found[0].name().text(), "192.0.2.1");
		EQ((co_await pool.query("x.test.", 1, 10s)).records()[0].text, "192.0.2.1");
		std::error_code code;
		co_await pool.addresses("silent.test", AF_INET, 2ms, code);
		EQ(code, std::errc::timed_out);
		co_await pool.addresses("no.test", AF_INET, 10s, code);
		EQ(code, errc::no_name);
		bool ended = false;
		try {
			co_await with_timeout(2ms, [](co::resolver_pool &asked) -> task<> {
				co_await asked.names(address::parse("192.0.2.9", 0));
				co_await asked.addresses("silent.test");
			}(pool));
		} catch (const error &) {
			ended = true;
		}
		CHECK(ended);
		server.stop();
		co::resolver_pool moved = std::move(pool);
		co_await pool.services("_x._tcp.test", forever, code);
		EQ(code, std::errc::bad_file_descriptor);
	});
}

TEST(coroutines_wait_for_signals_files_processes_and_threads)
{
	block_signals({ SIGUSR1 });
	controller cq;
	char path[] = "/tmp/cqueues-cpp-XXXXXX";
	CHECK(mkdtemp(path) != nullptr);
	const std::string file = std::string(path) + "/file";
	cq.run([&]() -> task<> {
		co::signal_listener listener({ SIGUSR1 });
		std::error_code code;
		co_await listener.wait(1ms, code);
		EQ(code, std::errc::timed_out);
		kill(getpid(), SIGUSR1);
		EQ(co_await listener.wait(10s), SIGUSR1);

		co::notifier watch(path);
		co_await watch.get(0s, code);
		EQ(code, std::errc::timed_out);
		watch.add("file");
		close(open(file.c_str(), O_CREAT | O_WRONLY, 0600));
		EQ((co_await watch.get(10s)).name, "file");

		process_options how({ "sh", "-c", "read x; exit $x" });
		how.stream(0, child_stream::socket);
		co::process child(how);
		co_await child.wait(1ms, code);
		EQ(code, std::errc::timed_out);
		auto in = child.take_stdin();
		in.set_mode("b");
		co_await in.write("7\n");
		EQ((co_await child.wait(10s)).code, 7);

		co::thread worker([](cqueues::socket channel) {
			while (channel.read_line())
				;
			throw std::range_error("in a thread");
		});
		co_await worker.join(1ms, code);
		EQ(code, std::errc::timed_out);
		worker.channel().close();
		std::string caught;
		try {
			co_await worker.join(10s);
		} catch (const std::range_error &failure) {
			caught = failure.what();
		}
		EQ(caught, "in a thread");
		co_await worker.join(code);
		EQ(code, errc::failed);

		co::thread moved = std::move(worker);
		co_await worker.join(code);
		EQ(code, std::errc::bad_file_descriptor);
		co::process gone = std::move(child);
		co_await child.wait(code);
		EQ(code, std::errc::bad_file_descriptor);
	});
	unlink(file.c_str());
	rmdir(path);
}

TEST(coroutines_speak_tls)
{
	controller cq;
	auto [server, port] = listen_anywhere<co::listener>();
	const tls shown = server_tls(), trusted = client_tls();
	cq.spawn([&, &server = server]() -> task<> {
		auto client = co_await server.accept();
		co_await client.starttls(shown);
		while (auto line = co_await client.read_line_keep())
			co_await client.write(*line);
		co_await client.flush();
	});
	cq.run([&, port = port]() -> task<> {
		auto client = co::socket::connect("127.0.0.1", port);
		co_await client.starttls(trusted);
		const std::string much(300000, 'x');
		EQ(client.alpn(), "echo");
		client.set_max_line(direction::input, 400000);
		co_await client.write("secret\n");
		EQ(*co_await client.read_line(), "secret");
	});
}

TEST(coroutines_write_more_than_the_kernel_takes)
{
	controller cq;
	auto ends = co::socket::pair();
	co::socket &a = ends.first, &b = ends.second;
	a.set_mode("bn");
	b.set_mode("bn");
	const std::string much(3000000, 'x');
	auto writer = cq.spawn([&]() -> task<> {
		co_await a.write(much);
		a.shutdown(SHUT_WR);
	});
	auto reader = cq.spawn([&]() -> task<std::size_t> {
		co_await co::sleep(1ms);
		co_return (co_await b.read_all())->size();
	});
	cq.loop();
	writer.join();
	EQ(reader.join(), much.size());
}

TEST(sockets_of_coroutines_have_timeouts_and_an_end)
{
	controller cq;
	cq.run([]() -> task<> {
		auto [a, b] = co::socket::pair();
		std::error_code code;
		b.set_timeout(2ms);
		CHECK(!co_await b.read_line(code));
		EQ(code, std::errc::timed_out);
		co_await a.write("late\n");
		EQ(*co_await b.read_line(), "late"); // nothing is lost, and nothing stays
		a.close();
		CHECK(!co_await b.read_line(code));
		CHECK(!code);
		co_await a.write("x", code);
		EQ(code, std::errc::bad_file_descriptor);
		co::socket moved = std::move(b);
		co_await b.read_line(code);
		EQ(code, std::errc::bad_file_descriptor);
		co_await b.flush(code);
		EQ(code, std::errc::bad_file_descriptor);
		co_await b.establish(code);
		EQ(code, std::errc::bad_file_descriptor);
		co_await b.starttls(code);
		EQ(code, std::errc::bad_file_descriptor);
		co_await b.fill(1, code);
		EQ(code, std::errc::bad_file_descriptor);
		co::listener server("127.0.0.1", 0);
		server.set_timeout(2ms);
		co_await server.accept(code);
		EQ(code, std::errc::timed_out);
		const int port = server.local().port();
		server.close();
		auto refused = co::socket::connect("127.0.0.1", port);
		co_await refused.establish(code);
		EQ(code, std::errc::connection_refused);
	});
}

TEST(a_socket_that_is_closed_wakes_the_coroutine_that_reads)
{
	controller cq;
	auto ends = co::socket::pair();
	std::error_code code;
	auto reader = cq.spawn([&]() -> task<> { co_await ends.first.read_line(code); });
	cq.step(0s);
	ends.first.close();
	cq.loop();
	EQ(code, std::errc::bad_file_descriptor);
}

TEST(coroutines_exchange_datagrams_and_descriptors)
{
	controller cq;
	options where("127.0.0.1", 0);
	where.set(option::type, SOCK_DGRAM);
	listener bound(where);
	bound.establish();
	co::socket server(cqueues::socket(bound.detach()));
	const int port = server.local().port();
	cq.spawn([&]() -> task<> {
		char room[16];
		auto got = co_await server.receive_from(room);
		co_await server.send_to(std::string_view(room, got.size), got.from);
	});
	cq.run([port]() -> task<> {
		options there("127.0.0.1", port);
		there.set(option::type, SOCK_DGRAM);
		auto client = co::socket::connect(there);
		co_await client.send_to("hello");
		char room[16];
		auto got = co_await client.receive_from(room);
		EQ(std::string_view(room, got.size), "hello");

		auto [a, b] = co::socket::pair();
		co_await a.send_fd("x", 1);
		auto passed = co_await b.receive_fd(room);
		CHECK(passed.fd > 2);
		close(passed.fd);
	});
}
