// SPDX-License-Identifier: MIT
// Starting tasks: what controllers and scopes have in common.
#pragma once

#include "../job.hpp"

namespace cqueues {

template <class T> class task;

namespace detail {

// Whether a type is a coroutine's task<T>, which coroutine.hpp defines.
template <class T> struct is_coroutine : std::false_type {};
template <class T> struct is_coroutine<task<T>> : std::true_type {};

template <class Function> using returned_by = std::invoke_result_t<std::decay_t<Function> &>;

// Where tasks are started: with C functions of the owner, and with a group for what they throw.
template <class Owner> struct starter {
	Owner *owner;
	cq_controller *controller;
	int (*wrap)(Owner *, cq_function, cq_release, void *, cq_task *);
	int (*attach)(Owner *, cq_resume, cq_release, void *, cq_task *);
	std::shared_ptr<task_group> group;
	bool of_scope;
};

// To the starters of controllers and scopes.
struct access {
	template <class Owner> static auto starter_of(const Owner &where) { return where.starter(); }
};

// Starts a callback.
template <class Owner, class State> bool attach(const starter<Owner> &where, State *shared, std::error_code &code)
{
	shared->begin(where.controller);
	const int result = where.attach(where.owner, State::resume, State::release, shared, shared->id());
	assign(code, result);
	return result == 0;
}

template <class Owner, class Function>
job<result_type<returned_by<Function>>> start_fiber(const starter<Owner> &where, Function &&function, std::error_code &code)
{
	using state = fiber_state<std::decay_t<Function>>;

	if (!where.owner) {
		assign(code, EBADF);
		return {};
	}
	auto *shared = new state(std::decay_t<Function>(std::forward<Function>(function)), where.group, where.of_scope);
	shared->begin(where.controller);
	job<result_type<returned_by<Function>>> handle(shared);
	const int result = where.wrap(where.owner, state::run, state::release, shared, shared->id());
	assign(code, result);
	if (result) {
		shared->drop();
		return {};
	}
	return handle;
}

// Starts what a function returns if that is a coroutine's task, and otherwise the function itself as a fiber. A function
// that makes a coroutine is kept with it, so that a lambda's captures live as long as its coroutine.
template <class Owner, class Function> auto start(const starter<Owner> &where, Function &&function, std::error_code &code)
{
	if constexpr (is_coroutine<std::decay_t<Function>>::value)
		return start_coroutine(where, std::forward<Function>(function), code);
	else if constexpr (is_coroutine<returned_by<Function>>::value)
		return start_coroutine_of(where, std::forward<Function>(function), code);
	else
		return start_fiber(where, std::forward<Function>(function), code);
}

#ifdef __cpp_exceptions
// Throws what a task has thrown if the code came from it.
inline void rethrow(task_group &group, cq_task task, int code)
{
	if (group.exception && group.task == task && group.code == code)
		std::rethrow_exception(std::exchange(group.exception, nullptr));
}
#endif

} // namespace detail
} // namespace cqueues
