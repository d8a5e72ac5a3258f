// SPDX-License-Identifier: MIT
// Wakeups: what any thread raises and one task waits for.
#pragma once

#include "handle.hpp"
#include "time.hpp"

#include <cerrno>
#include <memory>

namespace cqueues {
namespace detail {

// What a coroutine knows of a wakeup that it waits for. It may outlive it.
struct wakeup_watch {
	cq_wakeup *wakeup = nullptr;         // nullptr once it is gone
	cq_controller *controller = nullptr; // of the coroutine that waits
};

} // namespace detail

// Raising it more often before that is seen wakes once. One task waits for it; it is destroyed when nobody raises it any
// more.
class wakeup : public handle<cq_wakeup, cq_wakeup_free> {
public:
	explicit wakeup(std::error_code &code) { open(code); }

	wakeup(wakeup &&) noexcept = default;
	~wakeup() { reset(); }

	wakeup &operator=(wakeup &&other) noexcept
	{
		if (this != &other) {
			reset();
			handle::operator=(std::move(other));
			watch_ = std::move(other.watch_);
		}
		return *this;
	}

	// From any thread, and from signal handlers: errno is left alone. Whether there is something to raise.
	bool raise() const noexcept
	{
		const int before = errno;
		const int code = cq_wakeup_raise(native());
		errno = before;
		return code == 0;
	}

	// Without waiting: whether it was raised since this was last asked.
	bool take() const noexcept { return cq_wakeup_try_wait(native()) == 0; }

	// Waits until it is raised.
	void wait(timeout limit, std::error_code &code) const { call(code, cq_wakeup_wait, limit.seconds()); }
	void wait(std::error_code &code) const { wait(forever, code); }

	// Readable from when it is raised until that is seen.
	int pollfd() const noexcept { return cq_wakeup_pollfd(native()); }

	// Frees the C object, and owns another one instead.
	void reset(cq_wakeup *native = nullptr) noexcept
	{
		forget();
		handle::reset(native);
	}

	cq_wakeup *detach() noexcept
	{
		forget();
		return handle::detach();
	}

#ifdef __cpp_exceptions
	wakeup()
	{
		detail::attempt("wakeup", [&](auto &code) { open(code); });
	}

	void wait(timeout limit = forever) const
	{
		detail::attempt("wait", [&](auto &code) { wait(limit, code); });
	}
#else
	wakeup() noexcept = default;
#endif

protected:
	// For coroutines; none if there is nothing to wait for.
	const std::shared_ptr<detail::wakeup_watch> &watch() const
	{
		if (native() && !watch_) {
			watch_ = std::make_shared<detail::wakeup_watch>();
			watch_->wakeup = native();
		}
		return watch_;
	}

private:
	void open(std::error_code &code)
	{
		cq_wakeup *made = nullptr;
		detail::assign(code, cq_wakeup_new(&made));
		reset(made);
	}

	// Coroutines wait for the descriptor, which must be forgotten before it is closed.
	void forget() noexcept
	{
		if (!watch_)
			return;
		watch_->wakeup = nullptr;
		if (watch_->controller)
			cq_controller_cancel(watch_->controller, pollfd());
		cq_cancel(pollfd());
		watch_.reset();
	}

	mutable std::shared_ptr<detail::wakeup_watch> watch_;
};

} // namespace cqueues
