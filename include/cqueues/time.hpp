// SPDX-License-Identifier: MIT
// Limits of time.
#pragma once

#include "error.hpp"

#include <chrono>
#include <limits>
#include <optional>

namespace cqueues {

// What the library tells of times.
using duration = std::chrono::duration<double>;

// How long to wait at most: any std::chrono duration, or `forever`. A negative duration, what is left of a deadline
// that has passed, is no time at all.
class timeout {
public:
	constexpr timeout() noexcept : seconds_(std::numeric_limits<double>::quiet_NaN()) {}

	template <class Count, class Period>
	constexpr timeout(std::chrono::duration<Count, Period> time) noexcept
		: seconds_(std::chrono::duration_cast<duration>(time).count())
	{
		if (seconds_ < 0)
			seconds_ = 0;
	}

	// NaN: without limit.
	constexpr double seconds() const noexcept { return seconds_; }
	constexpr bool is_forever() const noexcept { return seconds_ != seconds_; }

private:
	double seconds_;
};

inline constexpr timeout forever{};

// The time of the monotonic clock: the system's, unless clock_advance() or clock_set_rate() have moved it.
inline duration monotime() noexcept { return duration(cq_monotime()); }

// Moves that clock forward, for the whole process: for tests of programs. What is due by that goes on in the next step.
inline void clock_advance(duration time, std::error_code &code)
{
	detail::assign(code, cq_clock_advance(time.count()));
}

// How fast it runs from now on: 1 as the system's, 0 not at all.
inline void clock_set_rate(double rate, std::error_code &code) { detail::assign(code, cq_clock_set_rate(rate)); }

#ifdef __cpp_exceptions
inline void clock_advance(duration time)
{
	detail::attempt("clock_advance", [&](auto &code) { clock_advance(time, code); });
}

inline void clock_set_rate(double rate)
{
	detail::attempt("clock_set_rate", [&](auto &code) { clock_set_rate(rate, code); });
}
#endif

namespace detail {

// What the library tells as seconds, with NaN for none.
inline std::optional<duration> time_of(double seconds) noexcept
{
	return seconds == seconds ? std::optional<duration>(seconds) : std::nullopt;
}

} // namespace detail
} // namespace cqueues
