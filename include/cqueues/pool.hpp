// SPDX-License-Identifier: MIT
// Pools of threads for calls that block.
#pragma once

#include "detail/blocking.hpp"
#include "handle.hpp"

namespace cqueues {

// Calls functions in threads of its own, which are as many as it was told: files, databases, names of users. Any thread
// may use a pool. No task may wait for a call when it is destroyed inside of a step.
class pool : public handle<cq_pool, cq_pool_free> {
public:
	// `name` is what debuggers show of the threads.
	pool(std::size_t threads, std::string_view name, std::error_code &code) { open(threads, name, code); }

	pool(pool &&) noexcept = default;
	~pool() { reset(); }

	pool &operator=(pool &&other) noexcept
	{
		if (this != &other) {
			reset();
			handle::operator=(std::move(other));
			calls_ = std::move(other.calls_);
		}
		return *this;
	}

	// Has a thread call a function with copies of the arguments, as std::thread does, and waits for what it returns: an
	// empty optional, or nothing, if it was not called or has thrown. In a fiber only the fiber waits. A call that has not
	// begun is taken back if the fiber's waits are ended; one that has is waited for all the same, and succeeds.
	template <class Function, class... Arguments>
	auto run(std::error_code &code, Function &&function, Arguments &&...arguments) const
	{
		const auto call = detail::make_blocking(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
		const auto calls = calls_; // the pool may go meanwhile
		detail::run_blocking(native(), calls.get(), call);
		return call->result(code);
	}

	// How many calls wait for a thread.
	std::size_t waiting() const noexcept { return cq_pool_waiting(native()); }

	// Ends the threads: calls that have not begun fail with std::errc::operation_canceled, those that have are waited for.
	void reset() noexcept
	{
		handle::reset();
		if (calls_)
			calls_->clear();
		calls_.reset();
	}

	cq_pool *detach() = delete; // it could not tell when its calls are over

#ifdef __cpp_exceptions
	explicit pool(std::size_t threads, std::string_view name = "cqueues")
	{
		detail::attempt("pool", [&](auto &code) { open(threads, name, code); });
	}

	// Throws what the function has thrown.
	template <class Function, class... Arguments,
		  class = std::enable_if_t<!std::is_same_v<std::decay_t<Function>, std::error_code>>>
	auto run(Function &&function, Arguments &&...arguments) const
	{
		const auto call = detail::make_blocking(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
		const auto calls = calls_; // the pool may go meanwhile
		detail::run_blocking(native(), calls.get(), call);
		return call->result();
	}
#endif

	pool() noexcept = default;

protected:
	const std::shared_ptr<detail::blocking_calls> &calls() const noexcept { return calls_; }

private:
	void open(std::size_t threads, std::string_view name, std::error_code &code)
	{
		const detail::c_string text(name);
		cq_pool *made = nullptr;
		calls_ = std::make_shared<detail::blocking_calls>();
		if (static_cast<const char *>(text))
			detail::assign(code, cq_pool_new(text, threads, &made));
		else
			detail::assign(code, EINVAL);
		handle::reset(made);
	}

	std::shared_ptr<detail::blocking_calls> calls_;
};

} // namespace cqueues
