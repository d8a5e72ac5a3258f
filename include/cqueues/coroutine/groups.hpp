// SPDX-License-Identifier: MIT
// Several coroutines at once, limits of time, and fibers that wait for coroutines.
#pragma once

#include "spawn.hpp"
#include "waits.hpp"

#include <tuple>
#include <variant>
#include <vector>

namespace cqueues {

namespace detail {

// What stands for a result in tuples, variants and optionals.
template <class T> using value_of = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

// The result of a task that is over; nothing if it has failed, with its code unless there is one already.
template <class T> std::optional<value_of<T>> result_of(const job<T> &ended, std::error_code &code)
{
	std::error_code failed;
	std::optional<value_of<T>> result;
	if (!ended)
		return result; // it was not started, for which there is a code
	if constexpr (std::is_void_v<T>) {
		ended.outcome(failed);
		if (!failed)
			result.emplace();
	} else {
		result = ended.outcome(failed);
	}
	if (!code)
		code = failed;
	return result;
}

// Starts one of several. What failed first is told.
template <class T> job<T> spawn_one(scope &all, task<T> &&body, std::error_code &code)
{
	std::error_code failed;
	job<T> started = all.spawn(std::move(body), failed);
	if (!code)
		code = failed;
	return started;
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

template <class... T, std::size_t... Index>
std::tuple<job<T>...> race(scope &all, std::size_t &winner, std::error_code &code, std::index_sequence<Index...>, task<T> &&...bodies)
{
	return { spawn_one(all, bodies ? run_for(std::move(bodies), winner, all, Index) : task<T>(), code)... };
}

// The result of the one that was first.
template <std::size_t Index, class... T>
std::optional<std::variant<value_of<T>...>> nth_result(const std::tuple<job<T>...> &started, std::size_t winner, std::error_code &code)
{
	if constexpr (Index + 1 < sizeof...(T)) {
		if (winner != Index)
			return nth_result<Index + 1>(started, winner, code);
	}
	auto result = result_of(std::get<Index>(started), code);
	if (!result)
		return std::nullopt;
	return std::variant<value_of<T>...>(std::in_place_index<Index>, std::move(*result));
}

} // namespace detail

// Runs coroutines at once, each as a task in a scope of their own, and gives their results in order; a void one gives a
// std::monostate. When one fails, the others end; nothing is given then, and the code tells why, once they have ended.
template <class... T>
task<std::optional<std::tuple<detail::value_of<T>...>>> when_all(std::error_code &code, task<T>... bodies)
{
	scope all = scope::here(code);
	if (code)
		co_return std::nullopt;
	std::error_code ended;
	const auto started = std::tuple<job<T>...>{ detail::spawn_one(all, std::move(bodies), code)... };
	if (code)
		cq_scope_cancel(all.native(), 0, nullptr);
	co_await detail::scope_awaitable<true>(all, &ended);
	if (!code)
		code = ended;
	auto results = std::apply(
		[&](auto &...each) { return std::tuple<std::optional<detail::value_of<T>>...>{ detail::result_of(each, code)... }; }, started);
	if (code)
		co_return std::nullopt;
	co_return std::apply([](auto &...each) { return std::tuple<detail::value_of<T>...>{ std::move(*each)... }; }, results);
}

template <class T>
task<std::optional<std::vector<detail::value_of<T>>>> when_all(std::error_code &code, std::vector<task<T>> bodies)
{
	scope all = scope::here(code);
	if (code)
		co_return std::nullopt;
	std::error_code ended;
	std::vector<job<T>> started;
	for (auto &body : bodies)
		started.push_back(detail::spawn_one(all, std::move(body), code));
	if (code)
		cq_scope_cancel(all.native(), 0, nullptr);
	co_await detail::scope_awaitable<true>(all, &ended);
	if (!code)
		code = ended;
	std::vector<detail::value_of<T>> results;
	for (auto &each : started)
		if (auto result = detail::result_of(each, code))
			results.push_back(std::move(*result));
	if (code)
		co_return std::nullopt;
	co_return results;
}

// Runs coroutines at once until the first is over, and ends the others. Gives its result in a variant whose index()
// tells which it was, once the others have ended; nothing if it has failed, with its code.
template <class... T>
task<std::optional<std::variant<detail::value_of<T>...>>> when_any(std::error_code &code, task<T>... bodies)
{
	std::size_t winner = detail::first_of::none;
	std::error_code ended; // ECANCELED, from the winner; of what ended all from outside, the results tell
	scope all = scope::here(code);
	if (!code)
		all.set_supervisor(true, code);
	if (code)
		co_return std::nullopt;
	const auto started = detail::race(all, winner, code, std::index_sequence_for<T...>(), std::move(bodies)...);
	if (code)
		cq_scope_cancel(all.native(), 0, nullptr);
	co_await detail::scope_awaitable<true>(all, &ended);
	if (code)
		co_return std::nullopt;
	co_return detail::nth_result<0>(started, winner, code);
}

// Runs a coroutine for at most so long: its waits end with std::errc::timed_out when the time is over, which the code
// tells then. What it gives in spite of that is given; nothing if it has failed.
template <class T>
task<std::optional<detail::value_of<T>>> with_timeout(std::error_code &code, timeout limit, task<T> body)
{
	std::optional<detail::value_of<T>> result;
	deadline around(limit, code);
	if (code)
		co_return result;
#ifdef __cpp_exceptions
	try {
#endif
		if constexpr (std::is_void_v<T>) {
			co_await std::move(body);
			result.emplace();
		} else {
			result.emplace(co_await std::move(body));
		}
#ifdef __cpp_exceptions
	} catch (...) {
		detail::assign(code, detail::code_of(std::current_exception()));
	}
#endif
	if (!code && around.has_passed())
		detail::assign(code, ETIMEDOUT);
	co_return result;
}

#ifdef __cpp_exceptions

namespace detail {

template <class T> value_of<T> result_or_throw(const job<T> &ended)
{
	if constexpr (std::is_void_v<T>)
		return ended.outcome({}, "join"), std::monostate();
	else
		return ended.outcome({}, "join");
}

template <std::size_t Index, class... T>
std::variant<value_of<T>...> nth_result_or_throw(const std::tuple<job<T>...> &started, std::size_t winner)
{
	if constexpr (Index + 1 < sizeof...(T)) {
		if (winner != Index)
			return nth_result_or_throw<Index + 1>(started, winner);
	}
	return std::variant<value_of<T>...>(std::in_place_index<Index>, result_or_throw(std::get<Index>(started)));
}

} // namespace detail

// The same, throwing what the first that failed has thrown.
template <class... T> task<std::tuple<detail::value_of<T>...>> when_all(task<T>... bodies)
{
	scope all = scope::here();
	auto started = std::tuple<job<T>...>{ all.spawn(std::move(bodies))... };
	co_await detail::scope_awaitable<true>(all, nullptr);
	co_return std::apply([](auto &...each) { return std::tuple<detail::value_of<T>...>{ detail::result_or_throw(each)... }; }, started);
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
		results.push_back(detail::result_or_throw(each));
	co_return results;
}

// Throws what the first has thrown.
template <class... T> task<std::variant<detail::value_of<T>...>> when_any(task<T>... bodies)
{
	std::size_t winner = detail::first_of::none;
	std::error_code code; // ECANCELED, from the winner; of what ended all from outside, the results tell
	scope all = scope::here();
	all.set_supervisor(true);
	std::error_code refused;
	auto started = detail::race(all, winner, refused, std::index_sequence_for<T...>(), std::move(bodies)...);
	if (refused)
		all.cancel();
	co_await detail::scope_awaitable<true>(all, &code);
	if (refused)
		detail::raise(refused, "spawn", detail::nothing());
	co_return detail::nth_result_or_throw<0>(started, winner);
}
#endif

// Without a code, the waits of the coroutine alone tell that the time is over.
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
