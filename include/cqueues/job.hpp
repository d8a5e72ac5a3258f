// SPDX-License-Identifier: MIT
// The handle of a task, fiber or coroutine, through which its result comes.
#pragma once

#include "detail/task_state.hpp"
#include "handle.hpp"

#include <string_view>

namespace cqueues {

// May outlive the task and its controller. Without it the task goes on all the same; then a failure is told by
// controller::loop() or scope::wait().
template <class T = void> class job {
public:
	using state = detail::result_state<T>;

	job() noexcept = default;
	explicit job(state *shared) noexcept : shared_(shared) { shared_->retain(); }
	job(job &&other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
	~job() { reset(); }

	job &operator=(job &&other) noexcept
	{
		if (this != &other) {
			reset();
			shared_ = std::exchange(other.shared_, nullptr);
		}
		return *this;
	}

	// Whether there is a task, over or not.
	explicit operator bool() const noexcept { return shared_ != nullptr; }
	bool is_over() const noexcept { return !shared_ || shared_->is_over(); }

	// The task's number for C; 0 once it is over.
	cq_task id() const noexcept { return is_over() ? 0 : shared_->number(); }

	// Ends the waits of the task, the present one and later ones, with ECANCELED. One that is over is left alone.
	void cancel(std::string_view reason, std::error_code &code) const
	{
		const detail::c_string text(reason);
		detail::assign(code, !shared_ ? EBADF : is_over() ? 0 : cq_task_cancel(shared_->controller(), shared_->number(), text));
	}

	// Names the task, for lists of tasks.
	void set_name(std::string_view name, std::error_code &code) const
	{
		const detail::c_string text(name);
		detail::assign(code, !shared_ ? EBADF
					: is_over() ? ENOENT
						    : cq_task_set_name(shared_->controller(), shared_->number(), text));
	}

	// The name, and why the task's waits are ended, in words; empty without any, and once the task is over.
	std::string name() const { return words(cq_task_name); }
	std::string reason() const { return words(cq_task_reason); }

	// Waits for the end of the task, and takes its result: an empty optional, or nothing, if the wait or the task has
	// failed. The code is that of either. The result can be taken once. In a fiber only the fiber waits; outside of
	// tasks this thread steps the controller.
	auto join(timeout limit, std::error_code &code) const
	{
		detail::assign(code, shared_ ? shared_->join(limit) : EBADF);
		return outcome(code);
	}

	auto join(std::error_code &code) const { return join(forever, code); }

#ifdef __cpp_exceptions
	void cancel(std::string_view reason = {}) const
	{
		detail::attempt("cancel", [&](auto &code) { cancel(reason, code); });
	}

	void set_name(std::string_view name) const
	{
		detail::attempt("set_name", [&](auto &code) { set_name(name, code); });
	}

	// Throws what the task has thrown.
	T join(timeout limit = forever) const
	{
		std::error_code code;
		detail::assign(code, shared_ ? shared_->join(limit) : EBADF);
		return outcome(code, "join");
	}

	// For what has waited for the end in its own way.
	T outcome(std::error_code code, const char *what) const
	{
		if (!code && shared_->exception())
			std::rethrow_exception(shared_->exception());
		if constexpr (std::is_void_v<T>) {
			outcome(code);
			if (code)
				detail::raise(code, what, detail::nothing());
		} else {
			auto result = outcome(code);
			if (code)
				detail::raise(code, what, detail::nothing());
			return std::move(*result);
		}
	}
#endif

	// What join tells after a wait that ended with `code`.
	auto outcome(std::error_code &code) const
	{
		if (!code && shared_->code())
			detail::assign(code, shared_->code());
		if constexpr (!std::is_void_v<T>) {
			auto result = code ? std::optional<T>() : shared_->take();
			if (!code && !result)
				detail::assign(code, ENOENT);
			return result;
		}
	}

	// What the task shares with its handles: for awaiting, and for C.
	state *shared() const noexcept { return shared_; }

private:
	std::string words(const char *(*function)(const cq_controller *, cq_task)) const
	{
		return is_over() ? std::string() : std::string(detail::view(function(shared_->controller(), shared_->number())));
	}

	void reset() noexcept
	{
		if (shared_)
			std::exchange(shared_, nullptr)->drop();
	}

	state *shared_ = nullptr;
};

} // namespace cqueues
