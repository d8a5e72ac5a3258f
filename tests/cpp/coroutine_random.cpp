// SPDX-License-Identifier: MIT
// Trees of coroutines and fibers that wait for whatever there is, ended at random: nothing is left behind, nothing is used
// after its end. What goes wrong here is mostly told by a sanitizer.

#include "fixture.hpp"

#include <cqueues/coroutine.hpp>

#include <random>

namespace random_trees {

// What the tasks of one tree share.
struct world {
	std::minstd_rand numbers;
	controller cq;
	co::queue<std::shared_ptr<int>> items{ 2 };
	co::semaphore permits{ 2 };
	co::condition bell;
	std::shared_ptr<int> item = std::make_shared<int>(1);
	int alive = 0;
	bool has_fibers; // which cannot be dropped without leaving something behind

	explicit world(unsigned seed) : numbers(seed), has_fibers(seed % 2 == 0) {}

	unsigned below(unsigned limit) { return static_cast<unsigned>(numbers()) % limit; }
};

struct counted {
	explicit counted(world &where) noexcept : place(where) { place.alive++; }
	counted(const counted &) = delete;
	counted &operator=(const counted &) = delete;
	~counted() { place.alive--; }
	world &place;
};

static task<int> grow(world &in, int depth);

struct permit {
	const semaphore &taken;
	~permit()
	{
		std::error_code code;
		taken.release(1, code);
	}
};

static task<> hold_permit(world &in)
{
	co_await in.permits.acquire();
	permit held{ in.permits };
	co_await co::sleep(1ms);
}

static task<> read_from(const co::socket &silent) { co_await silent.read_line(); }

static task<> converse()
{
	auto ends = co::socket::pair();
	co_await ends.first.write("line\n");
	co_await ends.second.read_line();
	co_await with_timeout(2ms, read_from(ends.second));
}

// A fiber, for which the coroutine waits.
static task<int> ask_fiber(world &in, int depth)
{
	scope all = scope::here();
	auto asked = all.spawn([&in, depth] {
		counted here(in);
		return await(grow(in, depth));
	});
	std::error_code code, ended;
	const auto result = co_await co::join(asked, code);
	co_await co::end(all, ended);
	co_return result ? *result : -1;
}

static task<int> grow(world &in, int depth)
{
	counted here(in);
	const unsigned kind = in.below(depth > 0 ? 12 : 7);
	switch (kind) {
	case 0: co_await co::sleep(std::chrono::microseconds(in.below(3000))); break;
	case 1: co_await in.items.put(in.item, 3ms); break;
	case 2: co_await in.items.get(3ms); break;
	case 3: co_await hold_permit(in); break;
	case 4: co_await in.bell.wait(2ms); break;
	case 5: co_await converse(); break;
	case 6: in.bell.signal(); break;
	case 7: co_await when_all(grow(in, depth - 1), grow(in, depth - 1)); break;
	case 8: co_await when_any(grow(in, depth - 1), grow(in, depth - 1), grow(in, depth - 1)); break;
	case 9: co_await with_timeout(1ms, grow(in, depth - 1)); break;
	case 10:
		if (in.has_fibers)
			co_await ask_fiber(in, depth - 1);
		break;
	case 11:
		co_await co::yield();
		co_await grow(in, depth - 1);
		throw std::out_of_range("thrown on purpose");
	}
	co_return 1;
}

// One tree, which is ended after some steps in one of several ways.
static void live_and_die(unsigned seed)
{
	std::weak_ptr<int> item;
	const int descriptors = open_descriptors();
	int left = 0;
	{
		world in(seed);
		item = in.item;
		std::vector<job<int>> jobs;
		auto all = std::make_unique<scope>(in.cq);
		all->set_supervisor(in.below(2) == 0);
		std::error_code code;
		for (unsigned i = 0; i < 4; i++)
			jobs.push_back(all->spawn(grow(in, 4)));
		for (unsigned steps = in.below(12); steps > 0 && !in.cq.empty(); steps--)
			in.cq.step(1ms, code);
		switch (in.below(in.has_fibers ? 4 : 7)) {
		case 0: in.cq.loop(10s, code); break;
		case 1: jobs[in.below(4)].cancel("over", code); in.cq.loop(10s, code); break;
		case 2: all->cancel("over", code); break;
		case 3: in.cq.shutdown(1ms, code); break;
		case 4: in.cq.close(); break;
		case 5: cq_scope_free(all->detach()); break; // the tasks are removed, and not waited for
		case 6: cq_controller_free(in.cq.detach()); break;
		}
		all.reset();
		EQ(in.cq.count(), 0u);
		left = in.alive;
	}
	EQ(left, 0);
	CHECK(item.expired());
	EQ(open_descriptors(), descriptors);
}

} // namespace random_trees

TEST(random_trees_of_coroutines_leave_nothing_behind)
{
	for (unsigned seed = 1; seed <= 1000; seed++)
		random_trees::live_and_die(seed);
}
