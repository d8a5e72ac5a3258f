// SPDX-License-Identifier: MIT
// Pools of threads for coroutines.
#pragma once

#include "../pool.hpp"
#include "waits.hpp"

namespace cqueues {
namespace detail {

// C has no wait set member for a call in a pool, and one that has begun must be waited for. So a fiber waits on the
// coroutine's behalf, in a scope of its own. When the coroutine's waits are ended it ends that scope, and waits for it.
template <class Call, bool Throws> class [[nodiscard]] pool_awaitable final : private waiter {
public:
	pool_awaitable(const cq_pool *pool, std::shared_ptr<blocking_calls> calls, std::shared_ptr<Call> call, std::error_code *code) noexcept
		: pool_(pool), calls_(std::move(calls)), call_(std::move(call)), told_(code)
	{
	}

	pool_awaitable(pool_awaitable &&) noexcept = default; // before it is awaited

	~pool_awaitable()
	{
		if (around_)
			call_->abandon();
	}

	bool await_ready() noexcept
	{
		if (!pool_)
			call_->fail(EBADF);
		return !pool_;
	}

	template <class Promise> bool await_suspend(std::coroutine_handle<Promise> coroutine)
	{
		context_ = &coroutine.promise().context();
		int code = start();
		if (!code)
			code = park();
		if (code) {
			call_->fail(code);
			return false;
		}
		context_->suspend(coroutine, this);
		return true;
	}

	auto await_resume()
	{
		if (ended_ && call_->code() == ECANCELED)
			call_->fail(ended_); // with the code of the coroutine's end, which need not be that
		if constexpr (Throws)
			return call_->result();
		else
			return call_->result(*told_);
	}

private:
	int start()
	{
		cq_controller *controller = context_->controller();
		cq_scope *made = nullptr;
		std::error_code code;
		assign(code, cq_scope_new(controller, nullptr, &made));
		around_.reset(made);
		if (code)
			return code.value();
		auto body = [pool = pool_, calls = calls_, call = call_] { run_blocking(pool, calls.get(), call); };
		const auto fiber = start_fiber(
			starter<cq_scope>{ made, controller, cq_scope_wrap, cq_scope_attach, nullptr, true }, std::move(body), code);
		if (!code)
			cq_task_set_name(controller, fiber.id(), "run");
		return code.value();
	}

	int park() noexcept { return cq_scope_park(around_.native(), context_->number()); }

	bool wake(const cq_fired *fired, std::size_t count) noexcept override
	{
		if (cq_scope_count(around_.native()) == 0)
			return true;
		if (const int code = ended_with(fired, count)) {
			ended_ = code;
			cq_scope_cancel(around_.native(), 0, nullptr);
		}
		const int refused = park();
		if (refused)
			call_->fail(refused);
		return refused != 0;
	}

	const cq_pool *pool_;
	std::shared_ptr<blocking_calls> calls_;
	std::shared_ptr<Call> call_;
	std::error_code *told_;
	coroutine_context *context_ = nullptr;
	handle<cq_scope, cq_scope_free> around_; // without waiting, which a coroutine cannot
	int ended_ = 0;
};

} // namespace detail

namespace co {

// Fibers use it as the cqueues::pool that it is.
class pool : public cqueues::pool {
public:
	using cqueues::pool::pool;

	// As cqueues::pool. The coroutine may be destroyed while the function runs.
	template <class Function, class... Arguments>
	auto run(std::error_code &code, Function &&function, Arguments &&...arguments) const
	{
		return make<false>(&code, detail::make_blocking(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
	}

#ifdef __cpp_exceptions
	template <class Function, class... Arguments,
		  class = std::enable_if_t<!std::is_same_v<std::decay_t<Function>, std::error_code>>>
	auto run(Function &&function, Arguments &&...arguments) const
	{
		return make<true>(nullptr, detail::make_blocking(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
	}
#endif

private:
	template <bool Throws, class Call> detail::pool_awaitable<Call, Throws> make(std::error_code *code, std::shared_ptr<Call> call) const
	{
		return { native(), calls(), std::move(call), code };
	}
};

} // namespace co
} // namespace cqueues
