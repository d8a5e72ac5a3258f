// SPDX-License-Identifier: MIT
// Conditions, signals, changes of files, processes and threads for coroutines.
#pragma once

#include "../condition.hpp"
#include "../notify.hpp"
#include "../process.hpp"
#include "../signal.hpp"
#include "../thread.hpp"
#include "socket.hpp"
#include "waits.hpp"

namespace cqueues {
namespace detail {

// An operation on an object that is a member of wait sets.
template <class Native> class event_operation {
public:
	event_operation(Native *native, timeout limit) noexcept : native_(native), limit_(limit) {}

	timeout limit() const noexcept { return limit_; }
	nothing object() const noexcept { return {}; }

protected:
	Native *native() const noexcept { return native_; }

private:
	Native *native_;
	timeout limit_;
};

class signal_operation : public event_operation<cq_signal> {
public:
	using event_operation::event_operation;
	static constexpr const char *what = "wait";

	int attempt() noexcept { return native() ? cq_signal_try_wait(native(), &number_) : EBADF; }
	void describe(cq_interest &interest) const noexcept { interest.signal = native(); }
	int result(std::error_code &) const noexcept { return number_; }

private:
	int number_ = 0;
};

class change_operation : public event_operation<cq_notify> {
public:
	using event_operation::event_operation;
	static constexpr const char *what = "get";

	int attempt() noexcept { return native() ? cq_notify_try_get(native(), &told_.what, &name_, &size_) : EBADF; }
	void describe(cq_interest &interest) const noexcept { interest.notify = native(); }

	change result(std::error_code &code)
	{
		if (!code)
			told_.name.assign(name_, size_);
		return std::move(told_);
	}

private:
	change told_;
	const char *name_ = nullptr;
	std::size_t size_ = 0;
};

class exit_operation : public event_operation<cq_process> {
public:
	using event_operation::event_operation;
	static constexpr const char *what = "wait";

	int attempt() noexcept { return native() ? cq_process_try_wait(native(), &status_.code, &status_.signal) : EBADF; }
	void describe(cq_interest &interest) const noexcept { interest.process = native(); }
	exit_status result(std::error_code &) const noexcept { return status_; }

private:
	exit_status status_;
};

class join_operation : public event_operation<cq_thread> {
public:
	join_operation(const thread &joined, timeout limit, bool throws) noexcept
		: event_operation(joined.native(), limit), joined_(&joined), throws_(throws)
	{
	}

	static constexpr const char *what = "join";

	int attempt() noexcept
	{
		const int code = native() ? cq_thread_join(native(), 0, &result_) : EBADF;
		return code == ETIMEDOUT ? EAGAIN : code;
	}

	void describe(cq_interest &interest) const noexcept { interest.thread = native(); }

	void result(std::error_code &code) const
	{
		if (!code)
			assign(code, result_);
#ifdef __cpp_exceptions
		if (throws_)
			joined_->check(code);
#endif
	}

private:
	[[maybe_unused]] const thread *joined_; // for exceptions, as is the last
	int result_ = 0;
	[[maybe_unused]] bool throws_;
};

} // namespace detail

namespace co {

// Fibers use these as the classes of cqueues that they are.
class condition : public cqueues::condition {
public:
	using cqueues::condition::condition;

	detail::once_awaitable wait(timeout limit, std::error_code &code) const { return make(limit, &code); }
	detail::once_awaitable wait(std::error_code &code) const { return make(forever, &code); }

#ifdef __cpp_exceptions
	detail::once_awaitable wait(timeout limit = forever) const { return make(limit, nullptr); }
#endif

private:
	detail::once_awaitable make(timeout limit, std::error_code *code) const
	{
		if (!native())
			return { "wait", code };
		return { "wait", native(), limit, ETIMEDOUT, code };
	}
};

class signal_listener : public cqueues::signal_listener {
public:
	using cqueues::signal_listener::signal_listener;
	using wait_type = detail::awaitable<detail::signal_operation>;

	wait_type wait(timeout limit, std::error_code &code) const { return { &code, { native(), limit } }; }
	wait_type wait(std::error_code &code) const { return { &code, { native(), forever } }; }

#ifdef __cpp_exceptions
	wait_type wait(timeout limit = forever) const { return { nullptr, { native(), limit } }; }
#endif
};

class notifier : public cqueues::notifier {
public:
	using cqueues::notifier::notifier;
	using get_type = detail::awaitable<detail::change_operation>;

	get_type get(timeout limit, std::error_code &code) const { return { &code, { native(), limit } }; }
	get_type get(std::error_code &code) const { return { &code, { native(), forever } }; }

#ifdef __cpp_exceptions
	get_type get(timeout limit = forever) const { return { nullptr, { native(), limit } }; }
#endif
};

class process : public cqueues::process {
public:
	using cqueues::process::process;
	using wait_type = detail::awaitable<detail::exit_operation>;

	wait_type wait(timeout limit, std::error_code &code) const { return { &code, { native(), limit } }; }
	wait_type wait(std::error_code &code) const { return { &code, { native(), forever } }; }
	socket take_stdin(std::error_code &code) const { return socket(cqueues::process::take_stdin(code)); }
	socket take_stdout(std::error_code &code) const { return socket(cqueues::process::take_stdout(code)); }
	socket take_stderr(std::error_code &code) const { return socket(cqueues::process::take_stderr(code)); }

#ifdef __cpp_exceptions
	wait_type wait(timeout limit = forever) const { return { nullptr, { native(), limit } }; }
	socket take_stdin() const { return socket(cqueues::process::take_stdin()); }
	socket take_stdout() const { return socket(cqueues::process::take_stdout()); }
	socket take_stderr() const { return socket(cqueues::process::take_stderr()); }
#endif
};

class thread : public cqueues::thread {
public:
	using cqueues::thread::thread;
	using join_type = detail::awaitable<detail::join_operation>;

	join_type join(timeout limit, std::error_code &code) const { return { &code, { *this, limit, false } }; }
	join_type join(std::error_code &code) const { return { &code, { *this, forever, false } }; }

#ifdef __cpp_exceptions
	join_type join(timeout limit = forever) const { return { nullptr, { *this, limit, true } }; }
#endif
};

} // namespace co
} // namespace cqueues
