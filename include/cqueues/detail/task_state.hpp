// SPDX-License-Identifier: MIT
// What a task shares with those who hold its handle: its outcome, and who waits for it.
#pragma once

#include "../error.hpp"
#include "../time.hpp"

#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace cqueues::detail {

class task_state;

// The tasks of a scope or controller. It outlives either, and each of its tasks.
struct task_group {
	// The exception behind the code that the scope or the controller tells: exceptions never cross C.
	cq_task task = 0;
	int code = 0;
	std::exception_ptr exception;

	// The tasks of a scope that are not over.
	task_state *first = nullptr;

	inline void abandon() noexcept;
};

inline int code_of(const std::exception_ptr &exception) noexcept
{
#ifdef __cpp_exceptions
	try {
		std::rethrow_exception(exception);
	} catch (const std::system_error &failure) {
		const int code = native_code(failure.code());
		return code ? code : CQ_EFAILED;
	} catch (const std::bad_alloc &) {
		return ENOMEM;
	} catch (...) {
	}
#else
	(void)exception;
#endif
	return CQ_EFAILED;
}

// Counted by hand, as tasks and handles are used by one thread at a time. The task has one reference until it is over.
class task_state {
public:
	task_state(std::shared_ptr<task_group> group, bool of_scope) noexcept : group_(std::move(group)), of_scope_(of_scope)
	{
		if (!of_scope_ || !group_)
			return;
		next_ = std::exchange(group_->first, this);
		if (next_)
			next_->previous_ = this;
	}

	task_state(const task_state &) = delete;
	task_state &operator=(const task_state &) = delete;

	void retain() noexcept { references_++; }

	void drop() noexcept
	{
		if (--references_ == 0)
			delete this;
	}

	void begin(cq_controller *controller) noexcept { controller_ = controller; }
	cq_task *id() noexcept { return &task_; }

	cq_controller *controller() const noexcept { return controller_; }
	cq_task number() const noexcept { return task_; }
	bool is_over() const noexcept { return over_; }
	int code() const noexcept { return code_; }
	const std::exception_ptr &exception() const noexcept { return exception_; }

	void fail(int code, std::exception_ptr exception) noexcept
	{
		code_ = code;
		exception_ = std::move(exception);
	}

#ifdef __cpp_exceptions
	void fail_with_current() noexcept
	{
		std::exception_ptr exception = std::current_exception();
		const int code = code_of(exception);
		fail(code, std::move(exception));
	}
#endif

	// The body has returned. Tells the code for C. Of a task outside of scopes, the handle gets the failure, or without
	// one whoever runs the controller. A scope gets it in any case: it ends. To end as one's waits were ended is no
	// failure.
	int report() noexcept
	{
		returned_ = true;
		if (!code_ || code_ == cq_task_status(controller_, task_))
			return code_;
		if (!of_scope_ && references_ > 1)
			return 0;
		if (!of_scope_ || !group_->code) {
			group_->task = task_;
			group_->code = code_;
			group_->exception = exception_;
		}
		return code_;
	}

	// The task is over, whether its body has returned or not.
	void end() noexcept
	{
		over_ = true;
		if (!returned_)
			code_ = ECANCELED;
		controller_ = nullptr;
		unlink();
		if (ended_)
			cq_condition_signal(ended_, SIZE_MAX, nullptr);
		drop();
	}

	// For tasks without a stack, which cannot call cq_task_join: signalled at the end. NULL without memory.
	cq_condition *ended() noexcept
	{
		if (!ended_)
			cq_condition_new(false, &ended_);
		return ended_;
	}

	// Waits for the end. The outcome is in code() then.
	int join(timeout limit) noexcept
	{
		if (over_)
			return 0;
		retain();
		const int code = cq_task_join(controller_, task_, limit.seconds(), nullptr);
		const bool over = over_;
		drop();
		return over ? 0 : code;
	}

	// Destroys what the task owns, before C says that it is over: see task_group::abandon.
	virtual void abandon() noexcept = 0;

	task_state *next() const noexcept { return next_; }

	void unlink() noexcept
	{
		if (!of_scope_ || !group_)
			return;
		if (previous_)
			previous_->next_ = next_;
		else if (group_->first == this)
			group_->first = next_;
		if (next_)
			next_->previous_ = previous_;
		next_ = previous_ = nullptr;
	}

protected:
	virtual ~task_state()
	{
		unlink();
		cq_condition_free(ended_);
	}

private:
	std::shared_ptr<task_group> group_;
	cq_controller *controller_ = nullptr;
	cq_condition *ended_ = nullptr;
	task_state *next_ = nullptr, *previous_ = nullptr;
	std::exception_ptr exception_;
	cq_task task_ = 0;
	int references_ = 1;
	int code_ = 0;
	bool of_scope_;
	bool returned_ = false;
	bool over_ = false;
};

// When a controller is closed, C gives all its tasks up and tells each that it is over, in an order of its own. A task's
// code may refer to what the task that made its scope owns. So when that is destroyed, the scope's tasks go before it.
inline void task_group::abandon() noexcept
{
	for (task_state *each = first; each;) {
		if (cq_task_status(each->controller(), each->number()) != ENOENT) {
			each = each->next();
			continue;
		}
		each->retain();
		each->unlink();
		each->abandon();
		each->drop();
		each = first; // the list may have changed
	}
}

template <class T> class result_state : public task_state {
public:
	using task_state::task_state;

	template <class Value> void set(Value &&value) { value_.emplace(std::forward<Value>(value)); }
	std::optional<T> take() { return std::exchange(value_, std::nullopt); }

private:
	std::optional<T> value_;
};

template <> class result_state<void> : public task_state {
public:
	using task_state::task_state;
};

// Tasks whose function returns a std::error_code have no other result: they fail with that code.
template <class Returned>
using result_type = std::conditional_t<std::is_same_v<Returned, std::error_code>, void, Returned>;

// A function on a stack of its own. What it captures lives until the task is over.
template <class Function, class Returned = std::invoke_result_t<Function &>>
class fiber_state final : public result_state<result_type<Returned>> {
public:
	fiber_state(Function &&function, std::shared_ptr<task_group> group, bool of_scope)
		: result_state<result_type<Returned>>(std::move(group), of_scope), function_(std::move(function))
	{
	}

	static int run(void *argument) noexcept
	{
		auto &self = *static_cast<fiber_state *>(argument);
#ifdef __cpp_exceptions
		try {
			self.run_body();
		} catch (...) {
			self.fail_with_current();
		}
#else
		self.run_body();
#endif
		return self.report();
	}

	static void release(void *argument) noexcept
	{
		auto &self = *static_cast<fiber_state *>(argument);
		self.abandon();
		self.end();
	}

	void abandon() noexcept override { function_.reset(); }

private:
	void run_body()
	{
		if constexpr (std::is_void_v<Returned>)
			(*function_)();
		else if constexpr (std::is_same_v<Returned, std::error_code>)
			this->fail(native_code((*function_)()), nullptr);
		else
			this->set((*function_)());
	}

	std::optional<Function> function_;
};

} // namespace cqueues::detail
