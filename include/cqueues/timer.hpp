// SPDX-License-Identifier: MIT
// Timers.
#pragma once

#include "controller.hpp"
#include "scope.hpp"

namespace cqueues {
namespace detail {

// What callbacks and coroutines know of a timer that they wait for. The timer tells them through it of each change, and
// of its end: they may outlive it.
struct timer_watch {
	timer_watch() = default;
	timer_watch(const timer_watch &) = delete;
	timer_watch &operator=(const timer_watch &) = delete;
	~timer_watch() { cq_condition_free(changed); }

	int attempt(std::uint64_t &count) const noexcept { return timer ? cq_timer_try_wait(timer, &count) : EBADF; }

	void describe(cq_interest &interest) const noexcept
	{
		interest.condition = changed;
		interest.timeout = cq_timer_timeout(timer);
	}

	cq_timer *timer = nullptr; // nullptr once it is gone
	cq_condition *changed = nullptr;
};

// A callback of C that calls a function whenever a timer expires.
template <class Function> class timer_task final : public result_state<void> {
public:
	timer_task(Function &&function, std::shared_ptr<timer_watch> watch, std::shared_ptr<task_group> group, bool of_scope)
		: result_state<void>(std::move(group), of_scope), function_(std::move(function)), watch_(std::move(watch))
	{
	}

	static int resume(cq_controller *controller, cq_task number, void *argument, const cq_fired *fired, std::size_t count) noexcept
	{
		auto &self = *static_cast<timer_task *>(argument);
		int code = count == 1 && fired->member == CQ_ENDED ? static_cast<int>(fired->events) : 0;
		if (!code && self.goes_on()) {
			cq_interest interest = CQ_INTEREST_NONE;
			self.watch_->describe(interest);
			code = cq_controller_park(controller, number, &interest, 1);
			if (!code)
				return 0;
		}
		if (code)
			self.fail(code, nullptr);
		return self.report();
	}

	static void release(void *argument) noexcept
	{
		auto &self = *static_cast<timer_task *>(argument);
		self.abandon();
		self.end();
	}

	void abandon() noexcept override { function_.reset(); }

private:
	// Calls the function if the timer has expired. Tells whether to wait for the next time.
	bool goes_on() noexcept
	{
		std::uint64_t count = 0;
		switch (watch_->attempt(count)) {
		case 0:
			break;
		case EAGAIN:
			return true;
		default:
			return false; // the timer is gone
		}
#ifdef __cpp_exceptions
		try {
			return run(count) && watch_->timer;
		} catch (...) {
			fail_with_current();
			return false;
		}
#else
		return run(count) && watch_->timer;
#endif
	}

	bool run(std::uint64_t count)
	{
		if constexpr (std::is_invocable_r_v<bool, Function &, std::uint64_t>)
			return (*function_)(count);
		else if constexpr (std::is_invocable_v<Function &, std::uint64_t>)
			return (*function_)(count), true;
		else if constexpr (std::is_invocable_r_v<bool, Function &>)
			return (*function_)();
		else
			return (*function_)(), true;
	}

	std::optional<Function> function_;
	std::shared_ptr<timer_watch> watch_;
};

} // namespace detail

// Expires once, or again and again. It can be set anew or stopped while somebody waits for it; who waits when it is
// destroyed gets std::errc::bad_file_descriptor. A timer that is set through native() tells its callbacks and coroutines
// nothing.
class timer : public handle<cq_timer, cq_timer_free> {
public:
	explicit timer(std::error_code &code) { open(code); }

	timer(timer &&) noexcept = default;
	~timer() { reset(); }

	timer &operator=(timer &&other) noexcept
	{
		if (this != &other) {
			reset();
			handle::operator=(std::move(other));
			watch_ = std::move(other.watch_);
		}
		return *this;
	}

	// Expires in so much time, and after that at every interval if that is more than no time. `forever` stops it.
	void start(timeout after, timeout every, std::error_code &code) const
	{
		change(code, cq_timer_start, after.seconds(), every.seconds());
	}

	void start(timeout after, std::error_code &code) const { start(after, std::chrono::seconds(0), code); }

	// At a time, which may have passed, of any clock of std::chrono. Where that clock is set later, the timer is not.
	template <class Clock, class Duration>
	void start_at(std::chrono::time_point<Clock, Duration> when, timeout every, std::error_code &code) const
	{
		// In this order of the two clocks it is never early.
		const duration left = when - Clock::now();
		start_at(monotime() + left, every, code);
	}

	// At a time of the clock of monotime().
	void start_at(duration when, timeout every, std::error_code &code) const
	{
		change(code, cq_timer_start_at, when.count() < 0 ? 0 : when.count(), every.seconds());
	}

	template <class Time> void start_at(Time when, std::error_code &code) const
	{
		start_at(when, std::chrono::seconds(0), code);
	}

	// Who waits, waits until it is started again.
	void stop(std::error_code &code) const { change(code, cq_timer_stop); }

	// Waits until the timer expires, and tells how often it has since this was last asked.
	std::uint64_t wait(timeout limit, std::error_code &code) const
	{
		std::uint64_t count = 0;
		call(code, cq_timer_wait, limit.seconds(), &count);
		return count;
	}

	std::uint64_t wait(std::error_code &code) const { return wait(forever, code); }

	// Without waiting: std::errc::resource_unavailable_try_again if it has not expired.
	std::uint64_t try_wait(std::error_code &code) const
	{
		std::uint64_t count = 0;
		call(code, cq_timer_try_wait, &count);
		return count;
	}

	// How long it is until it expires; empty while it is stopped.
	std::optional<duration> left() const noexcept { return detail::time_of(cq_timer_timeout(native())); }

	// Starts a task of a controller or a scope that calls a function whenever the timer expires, with the count of
	// wait() if it takes one, until it returns false or the timer is destroyed. The task has no stack: the function must
	// not wait.
	template <class Owner, class Function> job<> each(Owner &where, Function &&function, std::error_code &code) const
	{
		using state = detail::timer_task<std::decay_t<Function>>;
		const auto starter = detail::access::starter_of(where);
		auto watch = this->watch(code);
		if (!code && !starter.owner)
			detail::assign(code, EBADF);
		if (code)
			return {};
		auto *shared = new state(std::decay_t<Function>(std::forward<Function>(function)), std::move(watch), starter.group,
					 starter.of_scope);
		job<> started(shared);
		if (detail::attach(starter, shared, code))
			return started;
		shared->drop();
		return {};
	}

	// Frees the C object, and owns another one instead.
	void reset(cq_timer *native = nullptr) noexcept
	{
		forget();
		handle::reset(native);
	}

	cq_timer *detach() noexcept
	{
		forget();
		return handle::detach();
	}

#ifdef __cpp_exceptions
	timer()
	{
		detail::attempt("timer", [&](auto &code) { open(code); });
	}

	void start(timeout after, timeout every = std::chrono::seconds(0)) const
	{
		detail::attempt("start", [&](auto &code) { start(after, every, code); });
	}

	template <class Time> void start_at(Time when, timeout every = std::chrono::seconds(0)) const
	{
		detail::attempt("start_at", [&](auto &code) { start_at(when, every, code); });
	}

	void stop() const
	{
		detail::attempt("stop", [&](auto &code) { stop(code); });
	}

	std::uint64_t wait(timeout limit = forever) const
	{
		return detail::attempt("wait", [&](auto &code) { return wait(limit, code); });
	}

	template <class Owner, class Function> job<> each(Owner &where, Function &&function) const
	{
		return detail::attempt("each", [&](auto &code) { return each(where, std::forward<Function>(function), code); });
	}
#else
	timer() noexcept = default;
#endif

protected:
	// For who waits without a stack.
	std::shared_ptr<detail::timer_watch> watch(std::error_code &code) const
	{
		detail::assign(code, native() ? 0 : EBADF);
		if (code || watch_)
			return watch_;
		auto made = std::make_shared<detail::timer_watch>();
		detail::assign(code, cq_condition_new(false, &made->changed));
		if (code)
			return nullptr;
		cq_condition_set_name(made->changed, "timer");
		made->timer = native();
		return watch_ = std::move(made);
	}

private:
	void open(std::error_code &code)
	{
		cq_timer *made = nullptr;
		detail::assign(code, cq_timer_new(&made));
		reset(made);
	}

	// Those who wait look at the timer when they are resumed, which is after the change.
	template <class Function, class... Arguments>
	void change(std::error_code &code, Function function, Arguments... arguments) const
	{
		const int refused = watch_ ? cq_condition_signal(watch_->changed, SIZE_MAX, nullptr) : 0;
		if (refused)
			detail::assign(code, refused); // another thread's tasks wait
		else
			call(code, function, arguments...);
	}

	void forget() noexcept
	{
		if (!watch_)
			return;
		watch_->timer = nullptr;
		cq_condition_signal(watch_->changed, SIZE_MAX, nullptr);
		watch_.reset();
	}

	mutable std::shared_ptr<detail::timer_watch> watch_;
};

} // namespace cqueues
