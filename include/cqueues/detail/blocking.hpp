// SPDX-License-Identifier: MIT
// Calls that threads of a pool make for tasks.
#pragma once

#include "task_state.hpp"

#include <atomic>
#include <functional>
#include <mutex>
#include <tuple>

namespace cqueues::detail {

// A function, its arguments and what came of them. It lies on the heap: a task that waits for it is gone before the
// function has returned if its controller is closed.
class blocking_call {
public:
	blocking_call() = default;
	blocking_call(const blocking_call &) = delete;
	blocking_call &operator=(const blocking_call &) = delete;
	virtual ~blocking_call() = default;

	// Waits in a fiber, or blocks the thread, until the function has returned.
	void wait(const cq_pool *pool) noexcept
	{
		code_ = cq_pool_run(pool, run, this, nullptr);
		if (code_)
			return;
		if (phase_.load(std::memory_order_acquire) != phase::over)
			code_ = ECANCELED; // the pool was freed
		else if (exception_)
			code_ = code_of(exception_);
	}

	// What kept the function from being called, or the code of what it has thrown. As long as wait() has not returned,
	// ECANCELED.
	int code() const noexcept { return code_; }
	void fail(int code) noexcept { code_ = code; }

	// Nobody waits any more: the function is not called, unless a thread has begun to.
	void abandon() noexcept
	{
		phase expected = phase::made;
		phase_.compare_exchange_strong(expected, phase::unwanted);
	}

protected:
	virtual void make() = 0;

	// What the function has thrown. Only after wait().
	const std::exception_ptr &exception() const noexcept { return exception_; }

private:
	friend class blocking_calls;
	enum class phase { made, running, over, unwanted };

	static int run(void *argument) noexcept
	{
		auto &self = *static_cast<blocking_call *>(argument);
		phase expected = phase::made;
		if (!self.phase_.compare_exchange_strong(expected, phase::running))
			return 0;
#ifdef __cpp_exceptions
		try {
			self.make();
		} catch (...) {
			self.exception_ = std::current_exception();
		}
#else
		self.make();
#endif
		self.phase_.store(phase::over, std::memory_order_release);
		return 0;
	}

	std::atomic<phase> phase_{ phase::made };
	std::exception_ptr exception_;
	int code_ = ECANCELED;

	// Of the list of blocking_calls.
	std::shared_ptr<blocking_call> kept_;
	blocking_call *next_ = nullptr, *previous_ = nullptr;
};

// The calls for which a thread of the pool may come. One that was not taken out, as nobody waits for it any more, stays
// until the pool has no threads.
class blocking_calls {
public:
	void add(const std::shared_ptr<blocking_call> &call) noexcept
	{
		const std::lock_guard<std::mutex> lock(guard_);
		call->kept_ = call;
		call->next_ = std::exchange(first_, call.get());
		if (call->next_)
			call->next_->previous_ = call.get();
	}

	void remove(blocking_call &call) noexcept
	{
		std::shared_ptr<blocking_call> last; // destroyed without the lock
		const std::lock_guard<std::mutex> lock(guard_);
		last = unlink(call);
	}

	void clear() noexcept
	{
		for (;;) {
			std::shared_ptr<blocking_call> last;
			const std::lock_guard<std::mutex> lock(guard_);
			if (!first_)
				return;
			last = unlink(*first_);
		}
	}

private:
	std::shared_ptr<blocking_call> unlink(blocking_call &call) noexcept
	{
		if (!call.kept_)
			return nullptr;
		(call.previous_ ? call.previous_->next_ : first_) = call.next_;
		if (call.next_)
			call.next_->previous_ = call.previous_;
		call.next_ = call.previous_ = nullptr;
		return std::move(call.kept_);
	}

	std::mutex guard_;
	blocking_call *first_ = nullptr;
};

// Makes a call, which is kept for as long as a thread may come for it.
// No reference is made on the stack, which a fiber may leave without going back.
template <class Call> void run_blocking(const cq_pool *pool, blocking_calls *calls, const std::shared_ptr<Call> &call) noexcept
{
	if (!pool)
		return call->fail(EBADF);
	calls->add(call);
	call->wait(pool);
	calls->remove(*call);
}

// Keeps copies of the function and its arguments, as std::thread does.
template <class Function, class... Arguments> class blocking_call_of final : public blocking_call {
public:
	using returned = std::invoke_result_t<Function, Arguments...>;
	using value = std::decay_t<returned>;

	template <class... Given> explicit blocking_call_of(Given &&...given) : parts_(std::forward<Given>(given)...) {}

	// An empty optional, or nothing, for a call that has failed.
	auto result(std::error_code &told)
	{
		assign(told, code());
		if constexpr (!std::is_void_v<returned>)
			return told ? std::optional<value>() : std::move(value_);
	}

#ifdef __cpp_exceptions
	// Throws what the function has thrown.
	auto result()
	{
		if (code() && exception())
			std::rethrow_exception(exception());
		if (code())
			raise(make_error_code(code()), "run", nothing());
		if constexpr (!std::is_void_v<returned>)
			return std::move(*value_);
	}
#endif

private:
	void make() override
	{
		auto apply = [](Function &function, Arguments &...arguments) -> decltype(auto) {
			return std::invoke(std::move(function), std::move(arguments)...);
		};
		if constexpr (std::is_void_v<returned>)
			std::apply(apply, parts_);
		else
			value_.emplace(std::apply(apply, parts_));
	}

	std::tuple<Function, Arguments...> parts_;
	std::optional<std::conditional_t<std::is_void_v<returned>, char, value>> value_;
};

template <class Function, class... Arguments> auto make_blocking(Function &&function, Arguments &&...arguments)
{
	using call = blocking_call_of<std::decay_t<Function>, std::decay_t<Arguments>...>;
	return std::make_shared<call>(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
}

} // namespace cqueues::detail
