// SPDX-License-Identifier: MIT
// Signals.
#pragma once

#include "handle.hpp"
#include "time.hpp"

#include <initializer_list>

namespace cqueues {

using signals = std::initializer_list<int>;

// Tells which of its signals came. Block them first, in the first thread, before others are started.
class signal_listener : public handle<cq_signal, cq_signal_free> {
public:
	signal_listener() noexcept = default;
	signal_listener(signals which, std::error_code &code) { open(which, code); }

	// Waits for a signal, and gives its number.
	int wait(timeout limit, std::error_code &code) const
	{
		int number = 0;
		call(code, cq_signal_wait, limit.seconds(), &number);
		return number;
	}

	int wait(std::error_code &code) const { return wait(forever, code); }

	// Without waiting: std::errc::resource_unavailable_try_again if none came.
	int try_wait(std::error_code &code) const
	{
		int number = 0;
		call(code, cq_signal_try_wait, &number);
		return number;
	}

#ifdef __cpp_exceptions
	explicit signal_listener(signals which)
	{
		detail::attempt("signal_listener", [&](auto &code) { open(which, code); });
	}

	int wait(timeout limit = forever) const
	{
		return detail::attempt("wait", [&](auto &code) { return wait(limit, code); });
	}
#endif

private:
	void open(signals which, std::error_code &code)
	{
		cq_signal *made = nullptr;
		detail::assign(code, cq_signal_listen(which.begin(), which.size(), &made));
		reset(made);
	}
};

// Blocks signals in this thread and those that it starts.
inline void block_signals(signals which, std::error_code &code)
{
	detail::assign(code, cq_signal_block(which.begin(), which.size()));
}

inline void unblock_signals(signals which, std::error_code &code)
{
	detail::assign(code, cq_signal_unblock(which.begin(), which.size()));
}

#ifdef __cpp_exceptions
inline void block_signals(signals which)
{
	detail::attempt("block_signals", [&](auto &code) { block_signals(which, code); });
}

inline void unblock_signals(signals which)
{
	detail::attempt("unblock_signals", [&](auto &code) { unblock_signals(which, code); });
}
#endif

} // namespace cqueues
