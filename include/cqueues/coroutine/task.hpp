// SPDX-License-Identifier: MIT
// The type of coroutines.
#pragma once

#include "context.hpp"

#include <cstdlib>

namespace cqueues {
namespace detail {

// For a task that was moved from.
[[noreturn]] inline void refuse()
{
#ifdef __cpp_exceptions
	raise(make_error_code(EBADF), "task", nothing());
#else
	std::abort();
#endif
}

class promise_base {
public:
	// Lazy: a coroutine begins when it is awaited or spawned.
	std::suspend_always initial_suspend() const noexcept { return {}; }

	// Symmetric transfer: who awaits goes on in place of this coroutine, whatever the depth.
	auto final_suspend() const noexcept
	{
		struct transfer : std::suspend_always {
			std::coroutine_handle<> next;
			std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept { return next; }
		};
		transfer to;
		to.next = continuation_ ? continuation_ : std::noop_coroutine();
		return to;
	}

	void unhandled_exception() noexcept
	{
#ifdef __cpp_exceptions
		exception_ = std::current_exception();
#else
		std::abort();
#endif
	}

	void begin(coroutine_context *context, std::coroutine_handle<> continuation) noexcept
	{
		context_ = context;
		continuation_ = continuation;
	}

	coroutine_context &context() const noexcept { return *context_; }
	const std::exception_ptr &exception() const noexcept { return exception_; }

protected:
	void rethrow() const
	{
#ifdef __cpp_exceptions
		if (exception_)
			std::rethrow_exception(exception_);
#endif
	}

private:
	coroutine_context *context_ = nullptr;
	std::coroutine_handle<> continuation_;
	std::exception_ptr exception_;
};

template <class T> class promise final : public promise_base {
public:
	task<T> get_return_object() noexcept;

	template <class Value> void return_value(Value &&value) { value_.emplace(std::forward<Value>(value)); }

	T take()
	{
		rethrow();
		return std::move(*value_);
	}

private:
	std::optional<T> value_;
};

template <> class promise<void> final : public promise_base {
public:
	task<void> get_return_object() noexcept;

	void return_void() const noexcept {}
	void take() const { rethrow(); }
};

} // namespace detail

// A coroutine that gives a T. It begins when it is awaited, or spawned by a controller or a scope, and can be awaited
// once. Its one allocation is that of its frame. The frame, with all that the coroutine owns, is destroyed with the
// task, also while the coroutine is suspended.
//
// A coroutine may await whatever <cqueues/coroutine.hpp> has. As of any C++ coroutine, reference parameters, and what
// a lambda has captured, must outlive it; a lambda that is spawned is kept for as long.
template <class T = void> class [[nodiscard]] task {
public:
	using promise_type = detail::promise<T>;
	using handle_type = std::coroutine_handle<promise_type>;

	task() noexcept = default;
	explicit task(handle_type coroutine) noexcept : coroutine_(coroutine) {}
	task(task &&other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
	~task() { destroy(); }

	task &operator=(task &&other) noexcept
	{
		if (this != &other) {
			destroy();
			coroutine_ = std::exchange(other.coroutine_, nullptr);
		}
		return *this;
	}

	explicit operator bool() const noexcept { return static_cast<bool>(coroutine_); }

	// Starts the coroutine in the context of the one that awaits it, and gives its result.
	class awaiter {
	public:
		explicit awaiter(handle_type coroutine) noexcept : coroutine_(coroutine) {}

		bool await_ready() const noexcept { return !coroutine_ || coroutine_.done(); }

		template <class Promise> std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> outer) const noexcept
		{
			coroutine_.promise().begin(&outer.promise().context(), outer);
			return coroutine_;
		}

		T await_resume() const
		{
			if (!coroutine_)
				detail::refuse();
			return coroutine_.promise().take();
		}

	private:
		handle_type coroutine_;
	};

	awaiter operator co_await() && noexcept { return awaiter(coroutine_); }

	handle_type coroutine() const noexcept { return coroutine_; }

	// Ends the coroutine where it is.
	void destroy() noexcept
	{
		if (coroutine_)
			std::exchange(coroutine_, nullptr).destroy();
	}

private:
	handle_type coroutine_;
};

namespace detail {

template <class T> task<T> promise<T>::get_return_object() noexcept
{
	return task<T>(std::coroutine_handle<promise>::from_promise(*this));
}

inline task<void> promise<void>::get_return_object() noexcept
{
	return task<void>(std::coroutine_handle<promise>::from_promise(*this));
}

} // namespace detail
} // namespace cqueues
