// SPDX-License-Identifier: MIT
// Semaphores of tasks.
#pragma once

#include "handle.hpp"
#include "time.hpp"

namespace cqueues {

// A number of permits. Who waits for one is served in the order of coming.
class semaphore : public handle<cq_semaphore, cq_semaphore_free> {
public:
	semaphore(std::size_t permits, std::error_code &code) { open(permits, code); }

	// Takes a permit, and waits while there is none.
	void acquire(timeout limit, std::error_code &code) const { call(code, cq_semaphore_acquire, limit.seconds()); }
	void acquire(std::error_code &code) const { acquire(forever, code); }

	// Without waiting: whether there was one to take.
	bool try_acquire() const noexcept { return cq_semaphore_try_acquire(native()) == 0; }

	void release(std::size_t permits, std::error_code &code) const { call(code, cq_semaphore_release, permits); }

	std::size_t count() const noexcept { return cq_semaphore_count(native()); }

#ifdef __cpp_exceptions
	explicit semaphore(std::size_t permits)
	{
		detail::attempt("semaphore", [&](auto &code) { open(permits, code); });
	}

	void acquire(timeout limit = forever) const
	{
		detail::attempt("acquire", [&](auto &code) { acquire(limit, code); });
	}

	void release(std::size_t permits = 1) const
	{
		detail::attempt("release", [&](auto &code) { release(permits, code); });
	}
#else
	semaphore() noexcept = default;
#endif

private:
	void open(std::size_t permits, std::error_code &code)
	{
		cq_semaphore *made = nullptr;
		detail::assign(code, cq_semaphore_new(permits, &made));
		reset(made);
	}
};

} // namespace cqueues
