// SPDX-License-Identifier: MIT
// Counts the lines of files, several at once in threads of a pool, since reading files blocks. Meanwhile a timer tells how far
// it has come, and SIGINT, which raises a wakeup, ends it early.
//
//   count FILE...

#include <cqueues/coroutine.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>

namespace co = cqueues::co;
using namespace std::chrono_literals;

static co::wakeup interrupted; // outlives the handler's use of it

// Runs in a thread of the pool.
static long count_lines(const std::string &path)
{
	std::ifstream file(path);
	if (!file)
		throw std::system_error(errno, std::generic_category(), path);
	return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
}

static cqueues::task<> tell(const co::pool &readers, std::string path)
try {
	std::cout << co_await readers.run(count_lines, path) << " " << path << std::endl;
} catch (const std::system_error &failure) {
	std::cerr << failure.what() << std::endl;
}

static cqueues::task<> count_all(const co::pool &readers, std::vector<std::string> paths)
{
	std::vector<cqueues::task<>> counts;
	for (std::string &path : paths)
		counts.push_back(tell(readers, std::move(path)));
	co_await cqueues::when_all(std::move(counts));
}

static cqueues::task<> wait_for_interrupt() { co_await interrupted; }

int main(int count, char **arguments)
{
	cqueues::controller controller;
	const co::pool readers(4, "readers");
	const cqueues::timer clock;
	std::signal(SIGINT, [](int) { interrupted.raise(); });
	clock.start(1s, 1s);
	auto ticking = clock.each(controller, [&] { std::cerr << readers.waiting() << " files to go" << std::endl; });
	auto first = controller.run(cqueues::when_any(count_all(readers, { arguments + 1, arguments + count }), wait_for_interrupt()));
	return static_cast<int>(first.index());
}
