// SPDX-License-Identifier: MIT
// Coroutines as tasks of controllers and scopes.
#pragma once

#include "task.hpp"

namespace cqueues::detail {

struct no_maker {};

// A coroutine with the function that made it, both of which live until the task is over.
template <class T, class Maker = no_maker>
class coroutine_state final : public result_state<T>, private coroutine_context {
public:
	coroutine_state(task<T> &&body, std::shared_ptr<task_group> group, bool of_scope)
		: result_state<T>(std::move(group), of_scope), body_(std::move(body))
	{
		prepare();
	}

	coroutine_state(Maker &&maker, std::shared_ptr<task_group> group, bool of_scope, std::nullptr_t)
		: result_state<T>(std::move(group), of_scope), maker_(std::move(maker)), body_((*maker_)())
	{
		prepare();
	}

	static int resume(cq_controller *controller, cq_task number, void *argument, const cq_fired *fired, std::size_t count) noexcept
	{
		auto &self = *static_cast<coroutine_state *>(argument);
		if (self.body_.coroutine().done())
			return 0; // a wait could not begin, which has parked the task, and the coroutine ended in the same turn
		self.wake(controller, number, fired, count);
		return self.body_.coroutine().done() ? self.finish() : 0;
	}

	static void release(void *argument) noexcept
	{
		auto &self = *static_cast<coroutine_state *>(argument);
		self.abandon();
		self.end();
	}

	void abandon() noexcept override
	{
		body_.destroy();
		maker_.reset();
	}

private:
	void prepare() noexcept
	{
		body_.coroutine().promise().begin(this, nullptr);
		this->suspend(body_.coroutine(), nullptr);
	}

	int finish() noexcept
	{
		auto &promise = body_.coroutine().promise();
		if (promise.exception())
			this->fail(code_of(promise.exception()), promise.exception());
		else if constexpr (!std::is_void_v<T>)
			this->set(promise.take());
		return this->report();
	}

	std::optional<Maker> maker_;
	task<T> body_;
};

template <class Owner, class T> job<T> start_coroutine(const starter<Owner> &where, task<T> &&body, std::error_code &code)
{
	if (!where.owner || !body) {
		assign(code, EBADF);
		return {};
	}
	auto *shared = new coroutine_state<T>(std::move(body), where.group, where.of_scope);
	job<T> handle(shared);
	if (!attach(where, shared, code)) {
		shared->drop();
		return {};
	}
	return handle;
}

template <class T> struct result_of_coroutine;
template <class T> struct result_of_coroutine<task<T>> { using type = T; };

template <class Owner, class Function>
auto start_coroutine_of(const starter<Owner> &where, Function &&function, std::error_code &code)
	-> job<typename result_of_coroutine<returned_by<Function>>::type>
{
	using state = coroutine_state<typename result_of_coroutine<returned_by<Function>>::type, std::decay_t<Function>>;

	if (!where.owner) {
		assign(code, EBADF);
		return {};
	}
	auto *shared = new state(std::decay_t<Function>(std::forward<Function>(function)), where.group, where.of_scope, nullptr);
	job<typename result_of_coroutine<returned_by<Function>>::type> handle(shared);
	if (!attach(where, shared, code)) {
		shared->drop();
		return {};
	}
	return handle;
}

} // namespace cqueues::detail
