// SPDX-License-Identifier: MIT
// Threads, each with a socket to it.
#pragma once

#include "socket.hpp"

#include <exception>
#include <memory>
#include <mutex>

namespace cqueues {
namespace detail {

// What a thread has thrown, for who joins it.
struct thread_failure {
	std::mutex guard;
	std::exception_ptr exception;
};

template <class Function> struct thread_body {
	Function function;
	std::shared_ptr<thread_failure> failure;

	static int run(cq_socket *native, void *argument) noexcept
	{
		const std::unique_ptr<thread_body> self(static_cast<thread_body *>(argument));
		socket channel(native);
#ifdef __cpp_exceptions
		try {
			self->function(std::move(channel));
		} catch (...) {
			const std::lock_guard<std::mutex> lock(self->failure->guard);
			self->failure->exception = std::current_exception();
			return CQ_EFAILED;
		}
#else
		self->function(std::move(channel));
#endif
		return 0;
	}
};

} // namespace detail

// Goes on without its handle. What the thread runs makes a controller of its own if it needs one.
class thread : public handle<cq_thread, cq_thread_free> {
public:
	thread() noexcept = default;

	// Starts a thread that calls function(socket), with the thread's end of a pair of sockets.
	template <class Function> thread(Function &&function, std::error_code &code)
	{
		open(std::forward<Function>(function), code);
	}

	// The thread that calls: std::errc::no_such_process in one that was started in another way. It has no channel.
	static thread self(std::error_code &code)
	{
		thread made;
		cq_thread *native = nullptr;
		detail::assign(code, cq_thread_self(&native));
		made.reset(native);
		return made;
	}

	// In a thread: what reason() tells after its end.
	static void explain(std::string_view text, std::error_code &code)
	{
		detail::assign(code, cq_thread_explain(text.data(), text.size()));
	}

	// What the thread has said of its end; empty as long as it runs.
	std::string_view reason() const noexcept
	{
		std::size_t size = 0;
		const char *text = cq_thread_reason(native(), &size);
		return text ? std::string_view(text, size) : std::string_view();
	}

	// Whether both are handles of one thread.
	bool is_same(const thread &other) const noexcept { return cq_thread_equal(native(), other.native()); }

	// Readable once the thread has ended.
	int pollfd() const noexcept { return cq_thread_pollfd(native()); }

	// The caller's end.
	socket &channel() noexcept { return channel_; }

	// Waits for the end of the thread: errc::failed if it ended with an exception, std::errc::owner_dead if its function
	// never returned.
	void join(timeout limit, std::error_code &code) const
	{
		int result = 0;
		call(code, cq_thread_join, limit.seconds(), &result);
		if (!code)
			detail::assign(code, result);
	}

	void join(std::error_code &code) const { join(forever, code); }

#ifdef __cpp_exceptions
	template <class Function, class = std::enable_if_t<!std::is_base_of_v<thread, std::decay_t<Function>>>>
	explicit thread(Function &&function)
	{
		detail::attempt("thread", [&](auto &code) { open(std::forward<Function>(function), code); });
	}

	static thread self()
	{
		return detail::attempt("self", [](auto &code) { return self(code); });
	}

	static void explain(std::string_view text)
	{
		detail::attempt("explain", [&](auto &code) { explain(text, code); });
	}

	// Throws what the thread has thrown.
	void join(timeout limit = forever) const
	{
		std::error_code code;
		join(limit, code);
		check(code);
	}

	// Throws for what join(code) has told.
	void check(const std::error_code &code) const
	{
		if (!code)
			return;
		if (code == errc::failed && failure_) {
			const std::lock_guard<std::mutex> lock(failure_->guard);
			if (failure_->exception)
				std::rethrow_exception(failure_->exception);
		}
		detail::raise(code, "join", *this);
	}
#endif

private:
	template <class Function> void open(Function &&function, std::error_code &code)
	{
		using body = detail::thread_body<std::decay_t<Function>>;
		failure_ = std::make_shared<detail::thread_failure>();
		auto made = std::unique_ptr<body>(new body{ std::forward<Function>(function), failure_ });
		cq_socket *mine = nullptr;
		cq_thread *started = nullptr;
		detail::assign(code, cq_thread_start(body::run, made.get(), &mine, &started));
		if (code)
			return;
		made.release(); // the thread's
		channel_ = socket(mine);
		reset(started);
	}

	std::shared_ptr<detail::thread_failure> failure_;
	socket channel_;
};

} // namespace cqueues
