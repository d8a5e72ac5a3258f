// SPDX-License-Identifier: MIT
// Queues from tasks to tasks, and from threads to tasks.
#pragma once

#include "controller.hpp"

#include <memory>

namespace cqueues {
namespace detail {

// C passes pointers: each item lies on the heap while it is in the queue. What nobody has taken is destroyed.
template <class T> void free_queue(cq_queue *queue)
{
	void *item = nullptr;
	cq_queue_close(queue);
	while (cq_queue_try_get(queue, &item) == 0)
		delete static_cast<T *>(item);
	cq_queue_free(queue);
}

} // namespace detail

// First in, first out. Who waits at either end is served in the order of coming.
template <class T> class queue : public handle<cq_queue, detail::free_queue<T>> {
public:
	// Takes at most so many items; 0: as many as there is memory for.
	queue(std::size_t limit, std::error_code &code) { open(limit, code); }

	// Waits while the queue is full. An item that could not be put is still the caller's.
	void put(T &&item, timeout limit, std::error_code &code) const
	{
		give(std::move(item), code, [&](const cq_queue *native, void *made) { return cq_queue_put(native, made, limit.seconds()); });
	}

	// Without waiting: std::errc::resource_unavailable_try_again while the queue is full.
	void try_put(T &&item, std::error_code &code) const { give(std::move(item), code, cq_queue_try_put); }

	// From any thread. Tasks learn of the item in the next step of their controller, which is given.
	void post(const controller &where, T &&item, std::error_code &code) const
	{
		if (!where)
			return detail::assign(code, EBADF);
		give(std::move(item), code, [&](const cq_queue *native, void *made) { return cq_queue_post(native, where.native(), made); });
	}

	// Waits while the queue is empty. Once it is closed and has no items left, that is no error: an empty optional.
	std::optional<T> get(timeout limit, std::error_code &code) const
	{
		void *item = nullptr;
		this->call(code, cq_queue_get, limit.seconds(), &item);
		return take(item, code);
	}

	std::optional<T> get(std::error_code &code) const { return get(forever, code); }

	// Without waiting: std::errc::resource_unavailable_try_again while the queue is empty.
	std::optional<T> try_get(std::error_code &code) const
	{
		void *item = nullptr;
		this->call(code, cq_queue_try_get, &item);
		return take(item, code);
	}

	// Nothing more can be put; everybody who waits is woken.
	void close(std::error_code &code) const { this->call(code, cq_queue_close); }

	std::size_t count() const noexcept { return cq_queue_count(this->native()); }

#ifdef __cpp_exceptions
	explicit queue(std::size_t limit = 0)
	{
		detail::attempt("queue", [&](auto &code) { open(limit, code); });
	}

	void put(T &&item, timeout limit = forever) const
	{
		detail::attempt("put", [&](auto &code) { put(std::move(item), limit, code); });
	}

	void put(const T &item, timeout limit = forever) const { put(T(item), limit); }
	void post(const controller &where, const T &item) const { post(where, T(item)); }

	void post(const controller &where, T &&item) const
	{
		detail::attempt("post", [&](auto &code) { post(where, std::move(item), code); });
	}

	std::optional<T> get(timeout limit = forever) const
	{
		return detail::attempt("get", [&](auto &code) { return get(limit, code); });
	}

	void close() const
	{
		detail::attempt("close", [&](auto &code) { close(code); });
	}
#else
	queue() noexcept = default;
#endif

protected:
	static std::optional<T> take(void *item, std::error_code &code)
	{
		if (code.value() == EPIPE)
			code.clear();
		const std::unique_ptr<T> owned(static_cast<T *>(item));
		return owned ? std::optional<T>(std::move(*owned)) : std::nullopt;
	}

private:
	void open(std::size_t limit, std::error_code &code)
	{
		cq_queue *made = nullptr;
		detail::assign(code, cq_queue_new(limit, &made));
		this->reset(made);
	}

	template <class Put> void give(T &&item, std::error_code &code, Put put_in) const
	{
		auto owned = std::make_unique<T>(std::move(item));
		detail::assign(code, this->native() ? put_in(this->native(), owned.get()) : EBADF);
		if (code)
			item = std::move(*owned);
		else
			owned.release(); // the queue's
	}
};

} // namespace cqueues
