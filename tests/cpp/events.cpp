// SPDX-License-Identifier: MIT
// Conditions, queues, semaphores, mutexes, signals, files, processes and threads in fibers.

#include "fixture.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

// A folder of this process alone, which goes with it.
class folder {
public:
	folder()
	{
		const char *where = std::getenv("TMPDIR");
		path = std::string(where ? where : "/tmp") + "/cqueues-cpp-XXXXXX";
		CHECK(mkdtemp(path.data()) != nullptr);
	}

	~folder()
	{
		unlink((path + "/file").c_str());
		rmdir(path.c_str());
	}

	std::string path;
};

TEST(a_condition_wakes_as_many_as_it_is_told_to)
{
	controller cq;
	condition ready;
	ready.set_name("ready");
	int woken = 0;
	for (int i = 0; i < 3; i++)
		cq.spawn([&] { ready.wait(); woken++; });
	cq.step(0s);
	EQ(std::string(cq.tasks()[0].wait), "condition \"ready\"");
	EQ(ready.signal(1), 1u);
	cq.step(0s);
	EQ(woken, 1);
	EQ(ready.signal(), 2u);
	cq.loop();
	EQ(woken, 3);
	cq.run([&] { THROWS(ready.wait(1ms), std::errc::timed_out, "wait"); });
	condition moved = std::move(ready);
	THROWS(ready.wait(), std::errc::bad_file_descriptor, "wait");
	THROWS(ready.signal(), std::errc::bad_file_descriptor, "signal");
}

TEST(a_queue_hands_over_what_cannot_be_copied)
{
	controller cq;
	queue<std::unique_ptr<int>> items(1);
	int sum = 0;
	cq.spawn([&] {
		for (int i = 1; i <= 4; i++)
			items.put(std::make_unique<int>(i));
		items.close();
	});
	cq.spawn([&] {
		while (auto item = items.get())
			sum += **item;
	});
	cq.loop();
	EQ(sum, 10);
	auto refused = std::make_unique<int>(7);
	THROWS(items.put(std::move(refused)), std::errc::broken_pipe, "put");
	EQ(*refused, 7); // still the caller's
}

TEST(a_queue_has_limits_and_destroys_what_nobody_takes)
{
	auto watched = std::make_shared<int>(1);
	std::error_code code;
	{
		queue<std::shared_ptr<int>> items(2);
		items.put(watched);
		items.put(watched);
		items.try_put(std::shared_ptr<int>(watched), code);
		EQ(code, std::errc::resource_unavailable_try_again);
		items.put(std::shared_ptr<int>(watched), 1ms, code);
		EQ(code, std::errc::timed_out);
		EQ(items.count(), 2u);
		EQ(watched.use_count(), 3);
		CHECK(items.try_get(code));
		EQ(watched.use_count(), 2);
	}
	EQ(watched.use_count(), 1);
	queue<int> none;
	CHECK(!none.try_get(code));
	EQ(code, std::errc::resource_unavailable_try_again);
	CHECK(!none.get(1ms, code));
	EQ(code, std::errc::timed_out);
	queue<int> moved = std::move(none);
	THROWS(none.get(), std::errc::bad_file_descriptor, "get");
	THROWS(none.put(1), std::errc::bad_file_descriptor, "put");
	THROWS(none.close(), std::errc::bad_file_descriptor, "close");
}

TEST(an_item_that_is_set_aside_for_a_waiter_is_not_lost_with_the_queue)
{
	auto watched = std::make_shared<int>(1);
	controller cq;
	auto items = std::make_unique<queue<std::shared_ptr<int>>>();
	std::shared_ptr<int> got;
	cq.spawn([&] {
		std::error_code code;
		if (auto item = items->get(code))
			got = *item;
	});
	cq.step(0s);
	items->put(watched);
	items.reset();
	cq.loop();
	EQ(watched.use_count(), got ? 2 : 1);
}

TEST(threads_post_items_and_functions)
{
	controller cq;
	queue<int> items;
	std::atomic<int> called{ 0 };
	long sum = 0;
	auto taker = cq.spawn([&] {
		for (int i = 0; i < 300; i++)
			sum += *items.get();
	});
	std::vector<std::thread> threads;
	for (int t = 0; t < 3; t++)
		threads.emplace_back([&] {
			for (int i = 0; i < 100; i++) {
				items.post(cq, 1);
				cq.post([&] { called++; });
			}
		});
	taker.join();
	for (auto &each : threads)
		each.join();
	cq.step(0s);
	EQ(sum, 300);
	EQ(called.load(), 300);
}

TEST(a_semaphore_limits_how_many_are_inside)
{
	controller cq;
	semaphore permits(2);
	int inside = 0, most = 0;
	for (int i = 0; i < 6; i++)
		cq.spawn([&] {
			permits.acquire();
			most = std::max(most, ++inside);
			sleep(1ms);
			inside--;
			permits.release();
		});
	cq.loop();
	EQ(most, 2);
	EQ(permits.count(), 2u);
	CHECK(permits.try_acquire());
	permits.acquire();
	CHECK(!permits.try_acquire());
	THROWS(permits.acquire(1ms), std::errc::timed_out, "acquire");
	semaphore moved = std::move(permits);
	THROWS(permits.acquire(), std::errc::bad_file_descriptor, "acquire");
	THROWS(permits.release(), std::errc::bad_file_descriptor, "release");
	CHECK(!permits.try_acquire());
}

TEST(a_mutex_keeps_fibers_out_while_its_holder_waits)
{
	controller cq;
	cqueues::mutex door;
	std::string order;
	for (char name : { 'a', 'b' })
		cq.spawn([&, name] {
			const std::lock_guard<cqueues::mutex> inside(door);
			order += name;
			sleep(1ms);
			order += name;
		});
	cq.loop();
	EQ(order, "aabb");
	door.lock();
	THROWS(door.lock(), std::errc::resource_deadlock_would_occur, "lock");
	CHECK(!door.try_lock());
	door.unlock();
	THROWS(door.unlock(), std::errc::operation_not_permitted, "unlock");
	cqueues::mutex moved = std::move(door);
	THROWS(door.lock(), std::errc::bad_file_descriptor, "lock");
	CHECK(!door.try_lock());
}

TEST(signals_are_waited_for)
{
	block_signals({ SIGUSR1, SIGUSR2 });
	controller cq;
	signal_listener listener({ SIGUSR1, SIGUSR2 });
	std::error_code code;
	listener.try_wait(code);
	EQ(code, std::errc::resource_unavailable_try_again);
	auto waiting = cq.spawn([&] { return listener.wait(10s); });
	cq.step(0s);
	kill(getpid(), SIGUSR2);
	cq.loop();
	EQ(waiting.join(), SIGUSR2);
	THROWS(listener.wait(0s), std::errc::timed_out, "wait");
	THROWS(signal_listener({ SIGKILL }), std::errc::invalid_argument, "signal_listener");
	signal_listener moved = std::move(listener);
	THROWS(listener.wait(), std::errc::bad_file_descriptor, "wait");
}

TEST(changes_of_files_are_told_by_name)
{
	controller cq;
	folder here;
	notifier watch(here.path);
	watch.add("file");
	auto waiting = cq.spawn([&] { return watch.get(10s); });
	cq.step(0s);
	close(open((here.path + "/file").c_str(), O_CREAT | O_WRONLY, 0600));
	cq.loop();
	auto told = waiting.join();
	EQ(told.name, "file");
	CHECK(told.what & CQ_NOTIFY_CREATE);
	std::error_code code;
	while (!code)
		watch.get(0s, code);
	EQ(code, std::errc::timed_out);
	THROWS(notifier("/nowhere/at/all"), std::errc::no_such_file_or_directory, "notifier");
	notifier moved = std::move(watch);
	THROWS(watch.get(), std::errc::bad_file_descriptor, "get");
	THROWS(watch.match("*"), std::errc::bad_file_descriptor, "match");
}

TEST(a_process_has_streams_an_environment_and_an_end)
{
	controller cq;
	cq.run([] {
		process_options how({ "sh", "-c", "read x; echo $x $NAME; exit 3" });
		how.variable("NAME", "value").stream(0, child_stream::socket).stream(1, child_stream::socket);
		process child(how);
		CHECK(child.pid() > 0);
		auto in = child.take_stdin(), out = child.take_stdout();
		in.set_mode("b"); // text would end lines with CRLF
		in.write("given\n");
		EQ(*out.read_line(), "given value");
		auto status = child.wait(10s);
		EQ(status.code, 3);
		EQ(status.signal, 0);
		THROWS(child.take_stdin(), std::errc::no_such_file_or_directory, "stream");

		process sleeper(process_options({ "sleep", "1000" }));
		THROWS(sleeper.wait(0s), std::errc::timed_out, "wait");
		sleeper.kill(SIGTERM);
		status = sleeper.wait(10s);
		EQ(status.code, -1);
		EQ(status.signal, SIGTERM);
		THROWS(process(process_options({ "/nowhere/at/all" })), std::errc::no_such_file_or_directory, "process");
		process moved = std::move(sleeper);
		THROWS(sleeper.wait(), std::errc::bad_file_descriptor, "wait");
		THROWS(sleeper.kill(0), std::errc::bad_file_descriptor, "kill");
	});
}

TEST(a_thread_talks_over_its_socket_and_its_exception_reaches_the_join)
{
	controller cq;
	cq.run([] {
		cqueues::thread echo([](cqueues::socket channel) {
			while (auto line = channel.read_line_keep())
				channel.write(*line);
		});
		echo.channel().write("over there\n");
		EQ(*echo.channel().read_line(), "over there");
		echo.channel().close();
		echo.join(10s);

		cqueues::thread failing([](cqueues::socket) { throw std::range_error("in a thread"); });
		std::string caught;
		try {
			failing.join(10s);
		} catch (const std::range_error &failure) {
			caught = failure.what();
		}
		EQ(caught, "in a thread");
		std::error_code code;
		failing.join(code);
		EQ(code, errc::failed);

		cqueues::thread moved = std::move(failing);
		THROWS(failing.join(), std::errc::bad_file_descriptor, "join");
	});
}

TEST(a_thread_runs_a_controller_of_its_own)
{
	controller cq;
	cqueues::thread worker([](cqueues::socket channel) {
		controller own;
		own.run([&] {
			sleep(1ms);
			channel.write("done\n");
		});
	});
	EQ(cq.run([&] { return std::string(*worker.channel().read_line()); }), "done");
	worker.join(10s);
}
