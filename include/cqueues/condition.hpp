// SPDX-License-Identifier: MIT
// Condition variables of tasks.
#pragma once

#include "handle.hpp"
#include "time.hpp"

namespace cqueues {

// Tasks wait for it until it is signalled. A signal without a waiter is lost.
class condition : public handle<cq_condition, cq_condition_free> {
public:
	// With `lifo` the latest waiter is woken first.
	condition(bool lifo, std::error_code &code) { open(lifo, code); }

	// Waits until the condition is signalled: std::errc::timed_out if that takes longer.
	void wait(timeout limit, std::error_code &code) const { call(code, cq_condition_wait, limit.seconds()); }
	void wait(std::error_code &code) const { wait(forever, code); }

	// Wakes at most so many waiting tasks, and tells how many it woke.
	std::size_t signal(std::size_t limit, std::error_code &code) const
	{
		std::size_t woken = 0;
		call(code, cq_condition_signal, limit, &woken);
		return woken;
	}

	void set_name(std::string_view name, std::error_code &code) const
	{
		const detail::c_string text(name);
		call(code, cq_condition_set_name, static_cast<const char *>(text));
	}

#ifdef __cpp_exceptions
	explicit condition(bool lifo = false)
	{
		detail::attempt("condition", [&](auto &code) { open(lifo, code); });
	}

	void wait(timeout limit = forever) const
	{
		detail::attempt("wait", [&](auto &code) { wait(limit, code); });
	}

	std::size_t signal(std::size_t limit = static_cast<std::size_t>(-1)) const
	{
		return detail::attempt("signal", [&](auto &code) { return signal(limit, code); });
	}

	void set_name(std::string_view name) const
	{
		detail::attempt("set_name", [&](auto &code) { set_name(name, code); });
	}
#else
	condition() noexcept = default;
#endif

private:
	void open(bool lifo, std::error_code &code)
	{
		cq_condition *made = nullptr;
		detail::assign(code, cq_condition_new(lifo, &made));
		reset(made);
	}
};

} // namespace cqueues
