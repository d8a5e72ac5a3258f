// SPDX-License-Identifier: MIT
// Controllers: they own tasks and wake them.
#pragma once

#include "detail/spawn.hpp"
#include "handle.hpp"
#include "span.hpp"
#include "time.hpp"

#include <vector>

namespace cqueues {
namespace detail {

// Ends the tasks before it frees the controller, so that fibers leave their functions and what these own is destroyed.
// Tasks that do not end in so many steps are dropped: the destructors of suspended fibers' locals do not run then.
// Inside of a step C drops the tasks, when the step ends.
inline void end_controller(cq_controller *controller)
{
	if (cq_controller_shutdown(controller, 0) == 0)
		for (int step = 0; step < 100 && !cq_controller_empty(controller); step++) {
			const int code = cq_controller_step(controller, 0);
			if (code == EBUSY || code == EDEADLK || code == EBADF)
				break;
		}
	cq_controller_free(controller);
}

// A function for cq_controller_post.
template <class Function> struct posted {
	Function function;
	std::shared_ptr<task_group> group;

	static int run(void *argument) noexcept
	{
		const std::unique_ptr<posted> self(static_cast<posted *>(argument));
#ifdef __cpp_exceptions
		try {
			self->function();
		} catch (...) {
			self->group->task = 0;
			self->group->exception = std::current_exception();
			return self->group->code = code_of(self->group->exception);
		}
#else
		self->function();
#endif
		return 0;
	}
};

} // namespace detail

// The order in which tasks run that are ready together.
enum class order : std::uint32_t { oldest_first = CQ_OLDEST_FIRST, newest_first = CQ_NEWEST_FIRST };

using task_info = cq_task_info;
using controller_counts = cq_controller_counts;

class controller : public handle<cq_controller, detail::end_controller> {
public:
	explicit controller(std::error_code &code) { open(code); }

	// Starts a task: any function without arguments as a fiber, a function that returns task<T>, or such a task, as a
	// coroutine. What it returns or throws comes through the job.
	template <class Function> auto spawn(Function &&function, std::error_code &code)
	{
		return detail::start(starter(), std::forward<Function>(function), code);
	}

	// Waits at most so long for something to do, and runs every task that is ready, once.
	void step(timeout limit, std::error_code &code) { call(code, cq_controller_step, limit.seconds()); }

	// Steps until no task is left, or until the time is over: std::errc::timed_out.
	void loop(timeout limit, std::error_code &code) { call(code, cq_controller_loop, limit.seconds()); }
	void loop(std::error_code &code) { loop(forever, code); }

	// Has the loop under way return std::errc::operation_canceled. Any thread may call it.
	void stop(std::error_code &code) const { call(code, cq_controller_stop); }

	// Wakes the step under way. Any thread may call it.
	void alert(std::error_code &code) const { call(code, cq_controller_alert); }

	// Has a function called by the thread that steps the controller, in its next step. Any thread may post. What the
	// function throws, step() and loop() throw. A function that has not run when the controller is closed is never
	// called nor destroyed.
	template <class Function> void post(Function &&function, std::error_code &code) const
	{
		using posted = detail::posted<std::decay_t<Function>>;
		auto *copy = new posted{ std::forward<Function>(function), group_ };
		call(code, cq_controller_post, &posted::run, static_cast<void *>(copy));
		if (code)
			delete copy;
	}

	// No more connections are accepted, idle scopes end, and all else in so much time.
	void shutdown(timeout grace, std::error_code &code) { call(code, cq_controller_shutdown, grace.seconds()); }
	bool shuts_down() const noexcept { return native() && cq_controller_shuts_down(native()); }

	// Drops all tasks at once. Coroutines are destroyed; fibers that are suspended never continue.
	void close(std::error_code &code) { call(code, cq_controller_close); }

	void set_order(order which, std::error_code &code)
	{
		call(code, cq_controller_set_order, static_cast<std::uint32_t>(which));
	}

	void set_stack_size(std::size_t size, std::error_code &code) { call(code, cq_controller_set_stack_size, size); }

	// After fork(2), in the child.
	void reset_after_fork(std::error_code &code) { call(code, cq_controller_reset); }

	order current_order() const noexcept { return static_cast<order>(cq_controller_order(native())); }

	// Wakes the tasks that wait for a descriptor of the program's, before it is closed. In tasks of this controller,
	// cqueues::cancel does the same.
	void cancel(int fd, std::error_code &code) const { call(code, cq_controller_cancel, fd); }

	bool empty() const noexcept { return cq_controller_empty(native()); }
	std::size_t count() const noexcept { return cq_controller_count(native()); }

	// For another event loop: the descriptor that is readable when a step has something to do, and how long to poll it.
	int pollfd(std::error_code &code) const
	{
		int fd = -1;
		call(code, cq_controller_pollfd, &fd);
		return fd;
	}

	short events() const noexcept { return static_cast<short>(cq_controller_events(native())); }
	std::optional<duration> poll_timeout() const noexcept { return detail::time_of(cq_controller_timeout(native())); }

	// The tasks, with what each waits for.
	std::vector<task_info> tasks(std::error_code &code) const
	{
		std::vector<task_info> list(count());
		std::size_t found = 0;
		call(code, cq_controller_tasks, list.data(), list.size(), &found);
		list.resize(code ? 0 : found < list.size() ? found : list.size());
		return list;
	}

	// Serves the tasks at a path for the program cq; an empty path stops that.
	void inspect(std::string_view path, std::error_code &code)
	{
		const detail::c_string text(path);
		call(code, cq_controller_inspect, path.empty() ? nullptr : static_cast<const char *>(text));
	}

	void set_counting(bool counts, std::error_code &code) { call(code, cq_controller_set_counting, counts); }

	controller_counts stat(std::error_code &code) const
	{
		controller_counts counts = {};
		call(code, cq_controller_stat, &counts);
		return counts;
	}

#ifdef __cpp_exceptions
	controller()
	{
		detail::attempt("controller", [&](auto &code) { open(code); });
	}

	template <class Function> auto spawn(Function &&function)
	{
		return detail::attempt("spawn", [&](auto &code) { return spawn(std::forward<Function>(function), code); });
	}

	// Both throw what a task has thrown whose job nobody keeps.
	void step(timeout limit = forever) { run("step", cq_controller_step, limit); }
	void loop(timeout limit = forever) { run("loop", cq_controller_loop, limit); }

	// Starts a task, steps until it is over, and gives its result. Not in a task of this controller.
	template <class Function> auto run(Function &&function)
	{
		auto started = spawn(std::forward<Function>(function));
		while (!started.is_over())
			step();
		return started.join();
	}

	void stop() const { attempt("stop", [&](auto &code) { stop(code); }); }
	void alert() const { attempt("alert", [&](auto &code) { alert(code); }); }
	void shutdown(timeout grace = forever) { attempt("shutdown", [&](auto &code) { shutdown(grace, code); }); }
	void cancel(int fd) const { attempt("cancel", [&](auto &code) { cancel(fd, code); }); }
	void close() { attempt("close", [&](auto &code) { close(code); }); }
	void set_order(order which) { attempt("set_order", [&](auto &code) { set_order(which, code); }); }
	void set_stack_size(std::size_t size) { attempt("set_stack_size", [&](auto &code) { set_stack_size(size, code); }); }
	void reset_after_fork() { attempt("reset_after_fork", [&](auto &code) { reset_after_fork(code); }); }
	int pollfd() const { return attempt("pollfd", [&](auto &code) { return pollfd(code); }); }
	std::vector<task_info> tasks() const { return attempt("tasks", [&](auto &code) { return tasks(code); }); }
	void inspect(std::string_view path) { attempt("inspect", [&](auto &code) { inspect(path, code); }); }
	void set_counting(bool counts) { attempt("set_counting", [&](auto &code) { set_counting(counts, code); }); }
	controller_counts stat() const { return attempt("stat", [&](auto &code) { return stat(code); }); }

	template <class Function> void post(Function &&function) const
	{
		attempt("post", [&](auto &code) { post(std::forward<Function>(function), code); });
	}
#else
	controller() noexcept = default;
#endif

private:
	friend detail::access;

	void open(std::error_code &code)
	{
		cq_controller *made = nullptr;
		detail::assign(code, cq_controller_new(&made));
		reset(made);
	}

	detail::starter<cq_controller> starter() const
	{
		return { native(), native(), cq_controller_wrap, cq_controller_attach, group_, false };
	}

#ifdef __cpp_exceptions
	template <class Call> auto attempt(const char *what, Call call) const -> detail::outcome_of<Call>
	{
		return detail::attempt(what, call);
	}

	void run(const char *what, int (*function)(cq_controller *, double), timeout limit)
	{
		std::error_code code;
		auto group = group_; // a task may free this controller
		call(code, function, limit.seconds());
		if (!code)
			return;
		detail::rethrow(*group, 0, code.value()); // of a posted function
		cq_failure failure = {};
		if (native() && cq_controller_failure(native(), &failure) == 0) {
			detail::rethrow(*group, failure.task, code.value());
			const std::string name(failure.name[0] ? failure.name : "task");
			throw error(code, what + (": " + name));
		}
		throw error(code, what);
	}
#endif

	std::shared_ptr<detail::task_group> group_ = std::make_shared<detail::task_group>();
};

} // namespace cqueues
