// SPDX-License-Identifier: MIT
// Queues, semaphores and mutexes of coroutines.
#pragma once

#include "../queue.hpp"
#include "../semaphore.hpp"
#include "helper.hpp"

namespace cqueues {
namespace detail {

template <class T> class put_call {
public:
	put_call(const cq_queue *queue, T &&item) : queue_(queue), item_(std::make_unique<T>(std::move(item))) {}
	static constexpr const char *what = "put";

	int attempt() noexcept { return given(queue_ ? cq_queue_try_put(queue_, item_.get()) : EBADF); }
	int wait(double seconds) noexcept { return given(cq_queue_put(queue_, item_.get(), seconds)); }
	void result(std::error_code &) const noexcept {}

private:
	int given(int code) noexcept
	{
		if (!code)
			item_.release(); // the queue's
		return code;
	}

	const cq_queue *queue_;
	std::unique_ptr<T> item_;
};

template <class T> class get_call {
public:
	explicit get_call(const cq_queue *queue) noexcept : queue_(queue) {}
	static constexpr const char *what = "get";

	int attempt() noexcept
	{
		void *item = nullptr;
		const int code = queue_ ? cq_queue_try_get(queue_, &item) : EBADF;
		item_.reset(static_cast<T *>(item));
		return code;
	}

	int wait(double seconds) noexcept
	{
		void *item = nullptr;
		const int code = cq_queue_get(queue_, seconds, &item);
		item_.reset(static_cast<T *>(item));
		return code;
	}

	std::optional<T> result(std::error_code &code)
	{
		if (code.value() == EPIPE)
			code.clear();
		return item_ ? std::optional<T>(std::move(*item_)) : std::nullopt;
	}

private:
	const cq_queue *queue_;
	std::unique_ptr<T> item_;
};

class acquire_call {
public:
	explicit acquire_call(const cq_semaphore *semaphore) noexcept : semaphore_(semaphore) {}
	acquire_call(acquire_call &&other) noexcept : semaphore_(other.semaphore_), held_(std::exchange(other.held_, false)) {}

	~acquire_call()
	{
		if (held_)
			cq_semaphore_release(semaphore_, 1);
	}

	static constexpr const char *what = "acquire";

	int attempt() noexcept { return got(semaphore_ ? cq_semaphore_try_acquire(semaphore_) : EBADF); }
	int wait(double seconds) noexcept { return got(cq_semaphore_acquire(semaphore_, seconds)); }
	void result(std::error_code &) noexcept { held_ = false; } // the coroutine's

private:
	int got(int code) noexcept
	{
		held_ = code == 0;
		return code;
	}

	const cq_semaphore *semaphore_;
	bool held_ = false;
};

} // namespace detail

namespace co {

// Fibers use it as the cqueues::queue<T> that it is.
template <class T> class queue : public cqueues::queue<T> {
public:
	using cqueues::queue<T>::queue;
	using get_type = detail::helper_awaitable<detail::get_call<T>>;
	using put_type = detail::helper_awaitable<detail::put_call<T>>;

	// As cqueues::queue, but what could not be put is destroyed.
	put_type put(T item, timeout limit, std::error_code &code) const { return make(std::move(item), limit, &code); }
	get_type get(timeout limit, std::error_code &code) const { return { detail::get_call<T>(this->native()), limit, &code }; }
	get_type get(std::error_code &code) const { return get(forever, code); }

#ifdef __cpp_exceptions
	put_type put(T item, timeout limit = forever) const { return make(std::move(item), limit, nullptr); }
	get_type get(timeout limit = forever) const { return { detail::get_call<T>(this->native()), limit, nullptr }; }
#endif

private:
	put_type make(T &&item, timeout limit, std::error_code *code) const
	{
		return { detail::put_call<T>(this->native(), std::move(item)), limit, code };
	}
};

class semaphore : public cqueues::semaphore {
public:
	using cqueues::semaphore::semaphore;
	using acquire_type = detail::helper_awaitable<detail::acquire_call>;

	acquire_type acquire(timeout limit, std::error_code &code) const { return { detail::acquire_call(native()), limit, &code }; }
	acquire_type acquire(std::error_code &code) const { return acquire(forever, code); }

#ifdef __cpp_exceptions
	acquire_type acquire(timeout limit = forever) const { return { detail::acquire_call(native()), limit, nullptr }; }
#endif
};

// A mutex of coroutines is a permit: what a coroutine has locked, any task may unlock.
class mutex {
public:
	explicit mutex(std::error_code &code) : permit_(1, code) {}

	semaphore::acquire_type lock(timeout limit, std::error_code &code) const { return permit_.acquire(limit, code); }
	bool try_lock() const noexcept { return permit_.try_acquire(); }
	void unlock(std::error_code &code) const { permit_.release(1, code); }

#ifdef __cpp_exceptions
	mutex() : permit_(1) {}

	semaphore::acquire_type lock(timeout limit = forever) const { return permit_.acquire(limit); }
	void unlock() const { permit_.release(1); }
#endif

private:
	semaphore permit_;
};

} // namespace co
} // namespace cqueues
