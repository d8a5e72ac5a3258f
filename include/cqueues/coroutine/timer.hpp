// SPDX-License-Identifier: MIT
// Timers and wakeups for coroutines.
#pragma once

#include "../timer.hpp"
#include "../wakeup.hpp"
#include "operation.hpp"

#include <poll.h>

namespace cqueues {
namespace detail {

class timer_operation {
public:
	timer_operation(std::shared_ptr<timer_watch> watch, int refused, timeout limit) noexcept
		: watch_(std::move(watch)), limit_(limit), refused_(refused)
	{
	}

	static constexpr const char *what = "wait";

	int attempt() noexcept { return watch_ ? watch_->attempt(count_) : refused_; }
	void describe(cq_interest &interest) const noexcept { watch_->describe(interest); }
	timeout limit() const noexcept { return limit_; }
	nothing object() const noexcept { return {}; }
	std::uint64_t result(std::error_code &) const noexcept { return count_; }

private:
	std::shared_ptr<timer_watch> watch_;
	timeout limit_;
	std::uint64_t count_ = 0;
	int refused_;
};

class wakeup_operation {
public:
	wakeup_operation(std::shared_ptr<wakeup_watch> watch, timeout limit) noexcept : watch_(std::move(watch)), limit_(limit) {}
	wakeup_operation(wakeup_operation &&) noexcept = default; // before it is awaited

	~wakeup_operation()
	{
		if (watch_)
			watch_->controller = nullptr;
	}

	static constexpr const char *what = "wait";

	int attempt() const noexcept
	{
		return watch_ && watch_->wakeup ? cq_wakeup_try_wait(watch_->wakeup) : EBADF;
	}

	void describe(cq_interest &interest) const noexcept
	{
		cq_running(&watch_->controller, nullptr);
		interest.fd = cq_wakeup_pollfd(watch_->wakeup);
		interest.events = POLLIN;
	}

	timeout limit() const noexcept { return limit_; }
	nothing object() const noexcept { return {}; }
	void result(std::error_code &) const noexcept {}

private:
	std::shared_ptr<wakeup_watch> watch_;
	timeout limit_;
};

} // namespace detail

namespace co {

// Fibers use these as the classes of cqueues that they are. They may be moved or destroyed while a coroutine waits.
class timer : public cqueues::timer {
public:
	using cqueues::timer::timer;
	using wait_type = detail::awaitable<detail::timer_operation>;

	wait_type wait(timeout limit, std::error_code &code) const { return make(limit, &code); }
	wait_type wait(std::error_code &code) const { return make(forever, &code); }

#ifdef __cpp_exceptions
	wait_type wait(timeout limit = forever) const { return make(limit, nullptr); }
	wait_type operator co_await() const { return make(forever, nullptr); }
#endif

private:
	wait_type make(timeout limit, std::error_code *told) const
	{
		std::error_code code;
		auto watch = this->watch(code);
		return { told, { std::move(watch), code.value(), limit } };
	}
};

class wakeup : public cqueues::wakeup {
public:
	using cqueues::wakeup::wakeup;
	using wait_type = detail::awaitable<detail::wakeup_operation>;

	wait_type wait(timeout limit, std::error_code &code) const { return { &code, { watch(), limit } }; }
	wait_type wait(std::error_code &code) const { return { &code, { watch(), forever } }; }

#ifdef __cpp_exceptions
	wait_type wait(timeout limit = forever) const { return { nullptr, { watch(), limit } }; }
	wait_type operator co_await() const { return wait(); }
#endif
};

} // namespace co
} // namespace cqueues
