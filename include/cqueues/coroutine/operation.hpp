// SPDX-License-Identifier: MIT
// How a coroutine awaits an operation of C that can be tried without waiting.
#pragma once

#include "task.hpp"

#include <array>
#include <cmath>

namespace cqueues::detail {

// Awaits an Operation, which has
//     int attempt() noexcept;                       the code, EAGAIN to wait and try again
//     void describe(cq_interest &) const noexcept;  what to wait for then
//     timeout limit() const noexcept;               how long at most
//     auto result(std::error_code &);               what it gives, which may also change the code
//     static constexpr const char *what;            its name, for exceptions
//     const Object &object() const;                 what tells the reason of a failure
// An operation that need not wait does not suspend the coroutine.
template <class Operation> class [[nodiscard]] awaitable final : private waiter {
public:
	// With a code, the operation tells its outcome in it; without, it throws.
	awaitable(std::error_code *code, Operation operation) : operation_(std::move(operation)), told_(code) {}

	bool await_ready() noexcept
	{
		code_ = operation_.attempt();
		return code_ != EAGAIN;
	}

	template <class Promise> bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept
	{
		context_ = &coroutine.promise().context();
		const timeout limit = operation_.limit();
		if (!limit.is_forever())
			deadline_ = cq_monotime() + limit.seconds();
		if (!park())
			return false;
		context_->suspend(coroutine, this);
		return true;
	}

	auto await_resume()
	{
		std::error_code code;
		assign(code, code_);
		if constexpr (std::is_void_v<decltype(operation_.result(code))>) {
			operation_.result(code);
			tell(code);
		} else {
			auto result = operation_.result(code);
			tell(code);
			return result;
		}
	}

private:
	// Something that has fired before the wait was ended counts, and so does what came with the end of the time.
	bool wake(const cq_fired *fired, std::size_t count) noexcept override
	{
		code_ = operation_.attempt();
		if (code_ != EAGAIN)
			return true;
		code_ = ended_with(fired, count);
		if (!code_ && deadline_ <= cq_monotime())
			code_ = ETIMEDOUT;
		return code_ || !park();
	}

	bool park() noexcept
	{
		std::array<cq_interest, 2> set{ { CQ_INTEREST_NONE, CQ_INTEREST_NONE } };
		operation_.describe(set[0]);
		const bool limited = !std::isnan(deadline_);
		if (limited)
			set[1].timeout = std::fmax(0, deadline_ - cq_monotime());
		code_ = context_->park(set.data(), limited ? 2 : 1);
		return code_ == 0;
	}

	void tell(const std::error_code &code) const
	{
		if (told_)
			*told_ = code;
#ifdef __cpp_exceptions
		else if (code)
			raise(code, Operation::what, operation_.object());
#endif
	}

	Operation operation_;
	std::error_code *told_;
	coroutine_context *context_ = nullptr;
	double deadline_ = std::numeric_limits<double>::quiet_NaN();
	int code_ = 0;
};

} // namespace cqueues::detail
