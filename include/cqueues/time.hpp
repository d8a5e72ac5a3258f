// SPDX-License-Identifier: MIT
// Limits of time.
#pragma once

#include <cqueues.h>

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

// The time of the system's monotonic clock.
inline duration monotime() noexcept { return duration(cq_monotime()); }

namespace detail {

// What the library tells as seconds, with NaN for none.
inline std::optional<duration> time_of(double seconds) noexcept
{
	return seconds == seconds ? std::optional<duration>(seconds) : std::nullopt;
}

} // namespace detail
} // namespace cqueues
