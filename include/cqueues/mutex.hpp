// SPDX-License-Identifier: MIT
// Mutexes of tasks.
#pragma once

#include "handle.hpp"
#include "time.hpp"

namespace cqueues {
namespace detail {

// C does not free a mutex that somebody holds or waits for; it stays then, as the holder still has to unlock it.
inline void free_mutex(cq_mutex *mutex) { cq_mutex_free(mutex); }

} // namespace detail

// One task at a time holds it, also while it waits. It keeps the tasks of one thread apart, and no threads. It can be
// held by std::lock_guard and std::unique_lock.
class mutex : public handle<cq_mutex, detail::free_mutex> {
public:
	explicit mutex(std::error_code &code) { open(code); }

	// Waits while another task holds the mutex.
	void lock(timeout limit, std::error_code &code) const { call(code, cq_mutex_lock, limit.seconds()); }

	bool try_lock() const noexcept { return cq_mutex_try_lock(native()) == 0; }

	void unlock(std::error_code &code) const { call(code, cq_mutex_unlock); }

#ifdef __cpp_exceptions
	mutex()
	{
		detail::attempt("mutex", [&](auto &code) { open(code); });
	}

	void lock() const { lock(forever); }

	void lock(timeout limit) const
	{
		detail::attempt("lock", [&](auto &code) { lock(limit, code); });
	}

	void unlock() const
	{
		detail::attempt("unlock", [&](auto &code) { unlock(code); });
	}
#else
	mutex() noexcept = default;
#endif

private:
	void open(std::error_code &code)
	{
		cq_mutex *made = nullptr;
		detail::assign(code, cq_mutex_new(&made));
		reset(made);
	}
};

} // namespace cqueues
