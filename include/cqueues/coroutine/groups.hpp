// SPDX-License-Identifier: MIT
// Several coroutines at once, limits of time, and fibers that wait for coroutines.
#pragma once

#include "spawn.hpp"
#include "waits.hpp"

#include <tuple>
#include <variant>
#include <vector>

namespace cqueues {

// Without exceptions a coroutine has no way to fail, and of several together there is no result.
#ifdef __cpp_exceptions

namespace detail {

// What stands for a result in tuples and variants.
template <class T> using value_of = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T> value_of<T> result_of(const job<T> &ended)
{
	if constexpr (std::is_void_v<T>)
		return ended.outcome({}, "join"), std::monostate();
	else
		return ended.outcome({}, "join");
}

// Notes which of several is over first, and ends the others. In a frame, so that it does so however the coroutine ends.
class first_of {
public:
	static constexpr std::size_t none = static_cast<std::size_t>(-1);

	first_of(std::size_t &winner, const scope &all, std::size_t index) noexcept : winner_(&winner), all_(&all), index_(index) {}
	first_of(const first_of &) = delete;
	first_of &operator=(const first_of &) = delete;

	~first_of()
	{
		if (*winner_ != none)
			return;
		*winner_ = index_;
		cq_scope_cancel(all_->native(), 0, nullptr);
	}

private:
	std::size_t *winner_;
	const scope *all_;
	std::size_t index_;
};

template <class T> task<T> run_for(task<T> body, std::size_t &winner, const scope &all, std::size_t index)
{
	first_of guard(winner, all, index);
	co_return co_await std::move(body);
}

} // namespace detail

// Runs coroutines at once, each as a task in a scope of their own, and gives their results in order; a void one gives a
// std::monostate. When one fails, the others end, and what it has thrown is thrown once they have.
template <class... T> task<std::tuple<detail::value_of<T>...>> when_all(task<T>... bodies)
{
	scope all = scope::here();
	auto started = std::tuple<job<T>...>{ all.spawn(std::move(bodies))... };
	co_await detail::scope_awaitable<true>(all, nullptr);
	co_return std::apply([](auto &...each) { return std::tuple<detail::value_of<T>...>{ detail::result_of(each)... }; }, started);
}

template <class T> task<std::vector<detail::value_of<T>>> when_all(std::vector<task<T>> bodies)
{
	scope all = scope::here();
	std::vector<job<T>> started;
	for (auto &body : bodies)
		started.push_back(all.spawn(std::move(body)));
	co_await detail::scope_awaitable<true>(all, nullptr);
	std::vector<detail::value_of<T>> results;
	for (auto &each : started)
		results.push_back(detail::result_of(each));
	co_return results;
}

namespace detail {

template <std::size_t Index, class... T>
std::variant<value_of<T>...> nth_result(const std::tuple<job<T>...> &started, std::size_t winner)
{
	if constexpr (Index + 1 < sizeof...(T)) {
		if (winner != Index)
			return nth_result<Index + 1>(started, winner);
	}
	return std::variant<value_of<T>...>(std::in_place_index<Index>, result_of(std::get<Index>(started)));
}

template <class... T, std::size_t... Index>
std::tuple<job<T>...> race(scope &all, std::size_t &winner, std::index_sequence<Index...>, task<T> &&...bodies)
{
	return { all.spawn(run_for(std::move(bodies), winner, all, Index))... };
}

} // namespace detail

// Runs coroutines at once until the first is over, and ends the others. Gives its result in a variant whose index()
// tells which it was, or throws what it has thrown, once the others have ended.
template <class... T> task<std::variant<detail::value_of<T>...>> when_any(task<T>... bodies)
{
	std::size_t winner = detail::first_of::none;
	std::error_code code; // ECANCELED, from the winner; of what ended all from outside, the results tell
	scope all = scope::here();
	all.set_supervisor(true);
	auto started = detail::race(all, winner, std::index_sequence_for<T...>(), std::move(bodies)...);
	co_await detail::scope_awaitable<true>(all, &code);
	co_return detail::nth_result<0>(started, winner);
}

#endif

// Runs a coroutine for at most so long: its waits end with std::errc::timed_out when the time is over.
template <class T> task<T> with_timeout(timeout limit, task<T> body)
{
#ifdef __cpp_exceptions
	deadline around(limit);
#else
	std::error_code code; // without memory there is no limit
	deadline around(limit, code);
#endif
	co_return co_await std::move(body);
}

// In a fiber: waits for a coroutine, and gives its result. It runs as a task of its own in the fiber's scope, and ends
// if the fiber's wait is ended.
template <class T> auto await(task<T> body, std::error_code &code)
{
	scope around = scope::here(code);
	job<T> started;
	if (!code)
		started = around.spawn(std::move(body), code);
	if (!code)
		return started.join(code);
	std::error_code ignored;
	return job<T>().join(ignored);
}

#ifdef __cpp_exceptions
template <class T> T await(task<T> body)
{
	scope around = scope::here();
	return around.spawn(std::move(body)).join();
}
#endif

} // namespace cqueues
