// SPDX-License-Identifier: MIT
// Waits of coroutines that are not those of an object: time, descriptors, the ends of tasks and scopes.
#pragma once

#include "../scope.hpp"
#include "../this_task.hpp"
#include "operation.hpp"

namespace cqueues {
namespace detail {

// Waits once: for a condition, or so long, or for either.
class [[nodiscard]] once_awaitable final : private waiter {
public:
	// `late` is the code for when the time is over first.
	once_awaitable(const char *what, const cq_condition *condition, timeout limit, int late, std::error_code *code) noexcept
		: what_(what), condition_(condition), limit_(limit), told_(code), late_(late)
	{
	}

	// For a condition that there is not.
	once_awaitable(const char *what, std::error_code *code) noexcept
		: once_awaitable(what, nullptr, forever, 0, code)
	{
		code_ = EBADF;
	}

	bool await_ready() const noexcept { return code_ != 0; }

	template <class Promise> bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept
	{
		std::array<cq_interest, 2> set{ { CQ_INTEREST_NONE, CQ_INTEREST_NONE } };
		set[0].condition = condition_;
		set[1].timeout = limit_.seconds();
		coroutine_context &context = coroutine.promise().context();
		code_ = context.park(set.data(), set.size());
		if (code_)
			return false;
		context.suspend(coroutine, this);
		return true;
	}

	void await_resume() const
	{
		std::error_code code;
		assign(code, code_);
		if (told_)
			*told_ = code;
#ifdef __cpp_exceptions
		else if (code)
			raise(code, what_, nothing());
#endif
	}

private:
	bool wake(const cq_fired *fired, std::size_t count) noexcept override
	{
		code_ = ended_with(fired, count);
		if (!code_ && count > 0 && fired->member == 1)
			code_ = late_;
		return true;
	}

	[[maybe_unused]] const char *what_; // for exceptions
	const cq_condition *condition_;
	timeout limit_;
	std::error_code *told_;
	int late_;
	int code_ = 0;
};

// Waits until the others have run once.
class [[nodiscard]] yield_awaitable final : private waiter {
public:
	bool await_ready() const noexcept { return false; }

	template <class Promise> bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept
	{
		coroutine_context &context = coroutine.promise().context();
		if (context.park(nullptr, 0))
			return false;
		context.suspend(coroutine, this);
		return true;
	}

	void await_resume() const noexcept {}

private:
	bool wake(const cq_fired *, std::size_t) noexcept override { return true; }
};

class [[nodiscard]] poll_awaitable final : private waiter {
public:
	poll_awaitable(span<interest> set, std::error_code *code) noexcept : set_(set), told_(code) {}

	bool await_ready() noexcept
	{
		for (interest &member : set_)
			member.fired = 0;
		return false;
	}

	template <class Promise> bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept
	{
		coroutine_context &context = coroutine.promise().context();
		code_ = context.park(set_.data(), set_.size());
		if (code_)
			return false;
		context.suspend(coroutine, this);
		return true;
	}

	// How many members have fired.
	std::size_t await_resume() const
	{
		std::error_code code;
		assign(code, code_);
		if (told_)
			*told_ = code;
#ifdef __cpp_exceptions
		else if (code)
			raise(code, "poll", nothing());
#endif
		return count_;
	}

private:
	bool wake(const cq_fired *fired, std::size_t count) noexcept override
	{
		code_ = ended_with(fired, count);
		if (!code_)
			for (count_ = 0; count_ < count; count_++)
				set_[fired[count_].member].fired = fired[count_].events;
		return true;
	}

	span<interest> set_;
	std::error_code *told_;
	std::size_t count_ = 0;
	int code_ = 0;
};

// Waits for the end of a task, whose handle may go meanwhile. It gives what job::join gives.
template <class T, bool Throws> class [[nodiscard]] join_awaitable final : private waiter {
public:
	join_awaitable(const job<T> &task, timeout limit, std::error_code *code) : limit_(limit), told_(code)
	{
		if (task)
			task_ = job<T>(task.shared());
	}

	bool await_ready() const noexcept { return task_.is_over(); }

	template <class Promise> bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept
	{
		context_ = &coroutine.promise().context();
		if (context_->number() == task_.id() && context_->controller() == task_.shared()->controller())
			code_ = EDEADLK; // of itself
		else if (!task_.shared()->ended())
			code_ = ENOMEM;
		if (code_)
			return false;
		if (!limit_.is_forever())
			deadline_ = cq_monotime() + limit_.seconds();
		if (!park())
			return false;
		context_->suspend(coroutine, this);
		return true;
	}

	auto await_resume() const
	{
		std::error_code code;
		assign(code, task_ ? code_ : EBADF);
		if constexpr (Throws) {
			return task_.outcome(code, "join");
		} else if constexpr (std::is_void_v<T>) {
			task_.outcome(code);
			*told_ = code;
		} else {
			auto result = task_.outcome(code);
			*told_ = code;
			return result;
		}
	}

private:
	bool wake(const cq_fired *fired, std::size_t count) noexcept override
	{
		if (task_.is_over())
			return true;
		code_ = ended_with(fired, count);
		if (!code_ && deadline_ <= cq_monotime())
			code_ = ETIMEDOUT;
		return code_ || !park();
	}

	bool park() noexcept
	{
		cq_interest interest = CQ_INTEREST_NONE;
		interest.condition = task_.shared()->ended();
		if (!std::isnan(deadline_))
			interest.timeout = std::fmax(0, deadline_ - cq_monotime());
		code_ = context_->park(&interest, 1);
		return code_ == 0;
	}

	job<T> task_;
	timeout limit_;
	std::error_code *told_;
	coroutine_context *context_ = nullptr;
	double deadline_ = std::numeric_limits<double>::quiet_NaN();
	int code_ = 0;
};

// Waits until a scope has no tasks left. What ends the waits of this coroutine ends the wait only while the scope goes
// on; with Ends it ends the scope instead, and the coroutine waits for that.
template <bool Ends> class [[nodiscard]] scope_awaitable final : private waiter {
public:
	scope_awaitable(const scope &where, std::error_code *code) noexcept : scope_(&where), told_(code) {}

	bool await_ready() const noexcept { return !*scope_; }

	template <class Promise> bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept
	{
		context_ = &coroutine.promise().context();
		if (!park())
			return false;
		context_->suspend(coroutine, this);
		return true;
	}

	void await_resume() const
	{
		std::error_code code;
		assign(code, !*scope_ ? EBADF : code_ ? code_ : cq_scope_wait(scope_->native()));
		if (told_)
			*told_ = code;
#ifdef __cpp_exceptions
		else
			scope_->check(code);
#endif
	}

private:
	bool wake(const cq_fired *fired, std::size_t count) noexcept override
	{
		// The end of the wait and of the last task may come together: the latter counts.
		const bool empty = cq_scope_count(scope_->native()) == 0;
		const int code = empty ? 0 : ended_with(fired, count);
		if (code && Ends) {
			ended_ = code;
			cq_scope_cancel(scope_->native(), 0, nullptr);
			return !park();
		}
		code_ = empty ? ended_ : code;
		return empty || code_ || !park();
	}

	bool park() noexcept
	{
		code_ = cq_scope_park(scope_->native(), context_->number());
		return code_ == 0;
	}

	const scope *scope_;
	std::error_code *told_;
	coroutine_context *context_ = nullptr;
	int ended_ = 0;
	int code_ = 0;
};

} // namespace detail

// In a coroutine: `co_await job` gives the result of a task, or throws what it has thrown.
#ifdef __cpp_exceptions
template <class T> detail::join_awaitable<T, true> operator co_await(const job<T> &task)
{
	return { task, forever, nullptr };
}
#endif

namespace co {

template <class T> detail::join_awaitable<T, false> join(const job<T> &task, timeout limit, std::error_code &code)
{
	return { task, limit, &code };
}

template <class T> detail::join_awaitable<T, false> join(const job<T> &task, std::error_code &code)
{
	return { task, forever, &code };
}

// Waits until all tasks of a scope have ended, as scope::wait does.
inline detail::scope_awaitable<false> wait(const scope &where, std::error_code &code) { return { where, &code }; }

// Ends a scope, and waits until its tasks have ended, even if the waits of this coroutine are ended, too. To be called
// before a scope with fibers is destroyed in a coroutine. The code is that of scope::wait, ECANCELED as a rule.
inline detail::scope_awaitable<true> end(const scope &where, std::error_code &code)
{
	where.cancel({}, code);
	return { where, &code };
}

inline detail::once_awaitable sleep(timeout time, std::error_code &code) { return { "sleep", nullptr, time, 0, &code }; }

// Lets the other tasks run once.
inline detail::yield_awaitable yield() { return {}; }

// Waits until a member fires, and tells how many did; each has what fired in its `fired`.
inline detail::poll_awaitable poll(span<interest> set, std::error_code &code) { return { set, &code }; }

#ifdef __cpp_exceptions
template <class T> detail::join_awaitable<T, true> join(const job<T> &task, timeout limit = forever)
{
	return { task, limit, nullptr };
}

inline detail::scope_awaitable<false> wait(const scope &where) { return { where, nullptr }; }
inline detail::once_awaitable sleep(timeout time) { return { "sleep", nullptr, time, 0, nullptr }; }
inline detail::poll_awaitable poll(span<interest> set) { return { set, nullptr }; }
#endif

} // namespace co
} // namespace cqueues
