// SPDX-License-Identifier: MIT
// Scopes: tasks that end together.
#pragma once

#include "controller.hpp"

namespace cqueues {
namespace detail {

// Nothing outlives its scope: the tasks are told to end and waited for, so that fibers leave their functions. Where
// nobody can wait, in a coroutine, C removes them: coroutines are destroyed, suspended fibers never continue.
inline void end_scope(cq_scope *scope)
{
	if (cq_scope_count(scope) > 0 && cq_scope_cancel(scope, 0, nullptr) == 0)
		cq_scope_wait(scope);
	cq_scope_free(scope);
}

} // namespace detail

class scope : public handle<cq_scope, detail::end_scope> {
public:
	scope(scope &&) noexcept = default;
	~scope() { reset(); }

	scope &operator=(scope &&other) noexcept
	{
		if (this != &other) {
			reset();
			handle::operator=(std::move(other));
			controller_ = other.controller_;
			group_ = std::move(other.group_);
		}
		return *this;
	}

	// Ends and frees the scope.
	void reset() noexcept
	{
		handle::reset();
		if (group_)
			group_->abandon();
		group_.reset();
	}

	// In the present scope of the task that runs, or in none.
	scope(const controller &where, std::error_code &code) { open(where.native(), nullptr, code); }

	// In another scope.
	scope(const controller &where, const scope &parent, std::error_code &code) { open(where, parent, code); }

	// In the task that runs: std::errc::no_such_file_or_directory outside of tasks.
	static scope here(std::error_code &code)
	{
		scope made;
		cq_controller *controller = nullptr;
		detail::assign(code, cq_running(&controller, nullptr));
		if (!code)
			made.open(controller, nullptr, code);
		return made;
	}

	// As controller::spawn. When the task fails, the scope ends, unless it supervises.
	template <class Function> auto spawn(Function &&function, std::error_code &code)
	{
		return detail::start(starter(), std::forward<Function>(function), code);
	}

	// Waits until all tasks of the scope have ended. The code is that of the first that failed, or why the scope ended.
	void wait(std::error_code &code) const { call(code, cq_scope_wait); }

	// Ends the scope: each wait of its tasks ends with std::errc::operation_canceled.
	void cancel(std::string_view reason, std::error_code &code) const
	{
		const detail::c_string text(reason);
		call(code, cq_scope_cancel, 0, static_cast<const char *>(text));
	}

	// Ends the scope in so much time, with std::errc::timed_out.
	void set_deadline(timeout limit, std::error_code &code) const { call(code, cq_scope_deadline, limit.seconds()); }

	// Keeps out for so long what ends the scopes around this one.
	void shield(timeout limit, std::error_code &code) const { call(code, cq_scope_shield, limit.seconds()); }

	// Whether the others go on when a task fails.
	void set_supervisor(bool supervises, std::error_code &code) const { call(code, cq_scope_set_supervisor, supervises); }

	// Whether the scope may end at once when the controller shuts down.
	void set_idle(bool idle, std::error_code &code) const { call(code, cq_scope_set_idle, idle); }

	void set_name(std::string_view name, std::error_code &code) const
	{
		const detail::c_string text(name);
		call(code, cq_scope_set_name, static_cast<const char *>(text));
	}

	// Begins the scope around what the task that runs does from now on, until end().
	void begin(std::error_code &code) const { call(code, cq_scope_begin, cq_task(0)); }
	void end(std::error_code &code) const { call(code, cq_scope_end, cq_task(0)); }

	// What ended the scope, if it has ended.
	std::error_code status() const
	{
		std::error_code code;
		call(code, cq_scope_status);
		return code;
	}

	std::size_t count() const noexcept { return cq_scope_count(native()); }
	std::string_view name() const noexcept { return detail::view(cq_scope_name(native())); }

	// Why the scope was cancelled, in words.
	std::string_view reason() const noexcept { return detail::view(cq_scope_reason(native())); }

#ifdef __cpp_exceptions
	explicit scope(const controller &where)
	{
		attempt("scope", [&](auto &code) { open(where.native(), nullptr, code); });
	}

	scope(const controller &where, const scope &parent)
	{
		attempt("scope", [&](auto &code) { open(where, parent, code); });
	}

	static scope here()
	{
		return detail::attempt("scope", [](auto &code) { return here(code); });
	}

	template <class Function> auto spawn(Function &&function)
	{
		return attempt("spawn", [&](auto &code) { return spawn(std::forward<Function>(function), code); });
	}

	// Throws what the first task that failed has thrown.
	void wait() const
	{
		std::error_code code;
		wait(code);
		check(code);
	}

	void cancel(std::string_view reason = {}) const { attempt("cancel", [&](auto &code) { cancel(reason, code); }); }
	void set_deadline(timeout limit) const { attempt("set_deadline", [&](auto &code) { set_deadline(limit, code); }); }
	void shield(timeout limit) const { attempt("shield", [&](auto &code) { shield(limit, code); }); }
	void set_supervisor(bool on) const { attempt("set_supervisor", [&](auto &code) { set_supervisor(on, code); }); }
	void set_idle(bool idle) const { attempt("set_idle", [&](auto &code) { set_idle(idle, code); }); }
	void set_name(std::string_view name) const { attempt("set_name", [&](auto &code) { set_name(name, code); }); }
	void begin() const { attempt("begin", [&](auto &code) { begin(code); }); }
	void end() const { attempt("end", [&](auto &code) { end(code); }); }

	// Throws for what wait(code) has told.
	void check(const std::error_code &code) const
	{
		cq_failure failure = {};
		if (!code)
			return;
		if (group_ && native() && cq_scope_failure(native(), &failure) == 0)
			detail::rethrow(*group_, failure.task, code.value());
		detail::raise(code, "wait", *this);
	}
#endif

protected:
	scope() noexcept = default;

	void open(const controller &where, const scope &parent, std::error_code &code)
	{
		if (parent)
			open(where.native(), parent.native(), code);
		else
			detail::assign(code, EBADF); // for C it would be the present one
	}

	void open(cq_controller *controller, const cq_scope *parent, std::error_code &code)
	{
		cq_scope *made = nullptr;
		detail::assign(code, controller ? cq_scope_new(controller, parent, &made) : EBADF);
		controller_ = controller;
		handle::reset(made);
	}

private:
	friend detail::access;

	detail::starter<cq_scope> starter() const
	{
		if (!group_)
			group_ = std::make_shared<detail::task_group>(); // scopes without tasks, for deadlines, do without
		return { native(), controller_, cq_scope_wrap, cq_scope_attach, group_, true };
	}

#ifdef __cpp_exceptions
	template <class Call> auto attempt(const char *what, Call call) const -> detail::outcome_of<Call>
	{
		return detail::attempt(what, *this, call);
	}
#endif

	cq_controller *controller_ = nullptr;
	mutable std::shared_ptr<detail::task_group> group_;
};

// A limit of time around some code of a task: the waits in it end with std::errc::timed_out when the time is over.
class deadline {
public:
	deadline(timeout limit, std::error_code &code) : scope_(scope::here(code))
	{
		if (!code)
			scope_.set_deadline(limit, code);
		if (!code)
			scope_.begin(code);
	}

#ifdef __cpp_exceptions
	explicit deadline(timeout limit) : scope_(scope::here())
	{
		scope_.set_deadline(limit);
		scope_.begin();
	}
#endif

	deadline(const deadline &) = delete;
	deadline &operator=(const deadline &) = delete;

	// Freeing the scope ends it for the task, too.
	~deadline() = default;

	// Whether the time was over before the code was done.
	bool has_passed() const { return scope_.status() == std::errc::timed_out; }

private:
	scope scope_;
};

} // namespace cqueues
