// SPDX-License-Identifier: MIT
// Signals.
#pragma once

#include "handle.hpp"
#include "time.hpp"

#include <initializer_list>
#include <optional>

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

	// Where the system cannot tell of signals by itself, how long a wait takes to look again.
	void set_timeout(timeout limit, std::error_code &code) const { call(code, cq_signal_set_timeout, limit.seconds()); }

	// For another event loop.
	int pollfd() const noexcept { return cq_signal_pollfd(native()); }
	short events() const noexcept { return static_cast<short>(cq_signal_events(native())); }
	std::optional<duration> poll_timeout() const noexcept { return detail::time_of(cq_signal_timeout(native())); }

#ifdef __cpp_exceptions
	void set_timeout(timeout limit) const
	{
		detail::attempt("set_timeout", [&](auto &code) { set_timeout(limit, code); });
	}

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

// What the process does with signals: nothing; what the system does; a handler that does nothing, so that they interrupt
// system calls.
inline void ignore_signals(signals which, std::error_code &code)
{
	detail::assign(code, cq_signal_ignore(which.begin(), which.size()));
}

inline void default_signals(signals which, std::error_code &code)
{
	detail::assign(code, cq_signal_default(which.begin(), which.size()));
}

inline void discard_signals(signals which, std::error_code &code)
{
	detail::assign(code, cq_signal_discard(which.begin(), which.size()));
}

// Sends signals to this thread.
inline void raise_signals(signals which, std::error_code &code)
{
	detail::assign(code, cq_signal_raise(which.begin(), which.size()));
}

// "SIGINT"; empty for what is no signal.
inline std::string_view signal_name(int number) noexcept { return detail::view(cq_signal_name(number)); }

// "Interrupt", in the language in which it was first asked for.
inline std::string signal_text(int number) { return cq_strsignal(number); }

inline int signal_number(std::string_view name, std::error_code &code)
{
	int number = 0;
	const detail::c_string text(name);
	detail::assign(code, cq_signal_number(text, &number));
	return number;
}

// How this system tells of signals: CQ_SIGNAL_... bits.
inline std::uint32_t signal_features() noexcept { return cq_signal_features(); }

#ifdef __cpp_exceptions
inline void ignore_signals(signals which)
{
	detail::attempt("ignore_signals", [&](auto &code) { ignore_signals(which, code); });
}

inline void default_signals(signals which)
{
	detail::attempt("default_signals", [&](auto &code) { default_signals(which, code); });
}

inline void discard_signals(signals which)
{
	detail::attempt("discard_signals", [&](auto &code) { discard_signals(which, code); });
}

inline void raise_signals(signals which)
{
	detail::attempt("raise_signals", [&](auto &code) { raise_signals(which, code); });
}

inline int signal_number(std::string_view name)
{
	return detail::attempt("signal_number", [&](auto &code) { return signal_number(name, code); });
}

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
