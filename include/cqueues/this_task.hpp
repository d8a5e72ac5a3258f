// SPDX-License-Identifier: MIT
// What a fiber, or a thread outside of controllers, waits for.
#pragma once

#include "error.hpp"
#include "span.hpp"
#include "time.hpp"

namespace cqueues {

// One member of what a task waits for. Make one with `interest()` and set what applies: fd and events, timeout, or an
// object's native().
struct interest : cq_interest {
	interest() noexcept : cq_interest(CQ_INTEREST_NONE) {}

	interest(int descriptor, short poll_events) noexcept : interest()
	{
		fd = descriptor;
		events = static_cast<std::uint32_t>(poll_events);
	}

	// The descriptor that it is for; -1 if there is none.
	int pollfd() const noexcept { return cq_interest_pollfd(this); }
};

// Waits until a member fires, and tells how many did; each has what fired in its `fired`.
inline std::size_t poll(span<interest> set, std::error_code &code)
{
	static_assert(sizeof(interest) == sizeof(cq_interest), "an array of one is an array of the other");
	std::size_t ready = 0;
	detail::assign(code, cq_poll(set.data(), set.size(), &ready));
	return ready;
}

// Waits so long.
inline void sleep(timeout time, std::error_code &code) { detail::assign(code, cq_sleep(time.seconds())); }

// Lets the other tasks run once.
inline void yield(std::error_code &code) { detail::assign(code, cq_poll(nullptr, 0, nullptr)); }

// Wakes the tasks of the running controller that wait for a descriptor of the program's, before it is closed.
inline void cancel(int fd, std::error_code &code) { detail::assign(code, cq_cancel(fd)); }

#ifdef __cpp_exceptions
inline std::size_t poll(span<interest> set)
{
	return detail::attempt("poll", [&](auto &code) { return poll(set, code); });
}

inline void sleep(timeout time)
{
	detail::attempt("sleep", [&](auto &code) { sleep(time, code); });
}

inline void yield()
{
	detail::attempt("yield", [](auto &code) { yield(code); });
}

inline void cancel(int fd)
{
	detail::attempt("cancel", [&](auto &code) { cancel(fd, code); });
}
#endif

} // namespace cqueues
