// SPDX-License-Identifier: MIT
// How a coroutine awaits a call of C that can only be waited for.
#pragma once

#include "waits.hpp"

#include <memory>

namespace cqueues::detail {

// Awaits a Call, which has
//     int attempt() noexcept;                 tries without waiting; EAGAIN to wait
//     int wait(double seconds) noexcept;      waits, in a fiber
//     auto result(std::error_code &);         what it gives, which may also change the code
//     static constexpr const char *what;      its name, for exceptions and lists of tasks
// and gives back in its destructor what it got and nobody took.
//
// C has no wait set member for queues, semaphores and pools of resolvers. So a fiber waits on the coroutine's behalf, in
// the scope that this is in. It is served in its turn, as other fibers are. When the wait of the coroutine is ended, or
// its frame destroyed, so is the fiber's.
template <class Call> class [[nodiscard]] helper_awaitable final : private waiter {
public:
	helper_awaitable(Call call, timeout limit, std::error_code *code) : call_(std::move(call)), limit_(limit), told_(code) {}

	helper_awaitable(helper_awaitable &&) = default; // before it is awaited

	~helper_awaitable()
	{
		std::error_code ignored;
		if (!helper_.is_over())
			helper_.cancel({}, ignored);
	}

	bool await_ready() noexcept
	{
		code_ = call_.attempt();
		return code_ != EAGAIN;
	}

	template <class Promise> bool await_suspend(std::coroutine_handle<Promise> coroutine)
	{
		context_ = &coroutine.promise().context();
		start();
		if (code_ || !park())
			return false;
		context_->suspend(coroutine, this);
		return true;
	}

	auto await_resume()
	{
		std::error_code code;
		Call &call = shared_ ? *shared_ : call_;
		assign(code, code_);
		if constexpr (std::is_void_v<decltype(call.result(code))>) {
			call.result(code);
			tell(code);
		} else {
			auto result = call.result(code);
			tell(code);
			return result;
		}
	}

private:
	void start()
	{
		shared_ = std::make_shared<Call>(std::move(call_));
		auto body = [shared = shared_, seconds = limit_.seconds()] { return shared->wait(seconds); };
		std::error_code code;
		cq_scope *around = nullptr;
		cq_controller *controller = context_->controller();
		if (cq_task_scope(controller, 0, &around) == 0)
			helper_ = start_fiber(starter<cq_scope>{ around, controller, cq_scope_wrap, cq_scope_attach, nullptr, true },
					      std::move(body), code);
		else
			helper_ = start_fiber(
				starter<cq_controller>{ controller, controller, cq_controller_wrap, cq_controller_attach, nullptr, false },
				std::move(body), code);
		code_ = code.value();
		if (!code_)
			cq_task_set_name(controller, helper_.id(), Call::what);
	}

	bool park() noexcept
	{
		cq_interest interest = CQ_INTEREST_NONE;
		interest.condition = helper_.shared()->ended();
		code_ = interest.condition ? context_->park(&interest, 1) : ENOMEM;
		return code_ == 0;
	}

	// If this wait is ended, the fiber's is, too; what that has got meanwhile is not lost.
	bool wake(const cq_fired *fired, std::size_t count) noexcept override
	{
		std::error_code code;
		if (!helper_.is_over()) {
			if (ended_with(fired, count))
				helper_.cancel({}, code);
			return !park();
		}
		const auto result = helper_.outcome(code);
		code_ = code ? code.value() : *result;
		return true;
	}

	void tell(const std::error_code &code) const
	{
		if (told_)
			*told_ = code;
#ifdef __cpp_exceptions
		else if (code)
			raise(code, Call::what, nothing());
#endif
	}

	Call call_;
	timeout limit_;
	std::error_code *told_;
	coroutine_context *context_ = nullptr;
	std::shared_ptr<Call> shared_;
	job<int> helper_;
	int code_ = 0;
};

} // namespace cqueues::detail
