// SPDX-License-Identifier: MIT
// The task of C in which coroutines run, and what it waits for on their behalf.
#pragma once

#include "../detail/spawn.hpp"

#include <coroutine>

namespace cqueues::detail {

class coroutine_context;

// What a suspended coroutine waits for. It lies in the coroutine's frame.
class waiter {
public:
	// The task was woken. Returns true if the coroutine goes on, and false if it was parked again.
	virtual bool wake(const cq_fired *fired, std::size_t count) noexcept = 0;

protected:
	~waiter() = default;
};

// A callback of C that resumes a coroutine, and of the coroutines that this awaits the innermost one. All of them have
// a pointer to the one context. It lives until the last of their frames is gone.
class coroutine_context {
public:
	// Only inside of a coroutine that runs here.
	cq_controller *controller() const noexcept { return controller_; }
	cq_task number() const noexcept { return task_; }

	int park(const cq_interest *set, std::size_t count) noexcept
	{
		return cq_controller_park(controller_, task_, set, count);
	}

	// Of the innermost coroutine, which is about to be suspended.
	void suspend(std::coroutine_handle<> coroutine, waiter *waits_for) noexcept
	{
		suspended_ = coroutine;
		waits_for_ = waits_for;
	}

protected:
	// Goes on with the innermost coroutine, unless that waits on.
	void wake(cq_controller *controller, cq_task task, const cq_fired *fired, std::size_t count)
	{
		controller_ = controller;
		task_ = task;
		if (waits_for_ && !waits_for_->wake(fired, count))
			return;
		waits_for_ = nullptr;
		suspended_.resume();
	}

private:
	cq_controller *controller_ = nullptr;
	cq_task task_ = 0;
	std::coroutine_handle<> suspended_;
	waiter *waits_for_ = nullptr;
};

// If a wait was ended from outside, the code for that; otherwise 0.
inline int ended_with(const cq_fired *fired, std::size_t count) noexcept
{
	return count == 1 && fired->member == CQ_ENDED ? static_cast<int>(fired->events) : 0;
}

} // namespace cqueues::detail
