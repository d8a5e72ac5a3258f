// SPDX-License-Identifier: MIT
// Names and addresses for coroutines.
#pragma once

#include "../dns.hpp"
#include "helper.hpp"

namespace cqueues {
namespace detail {

template <class Question> struct dns_call : Question {
	explicit dns_call(Question &&question) : Question(std::move(question)) {}
	static constexpr const char *what = "dns";

	int attempt() const noexcept { return this->pool ? EAGAIN : EBADF; }
	int wait(double seconds) noexcept { return this->ask(seconds); }
};

} // namespace detail

namespace co {

class resolver_pool : public cqueues::resolver_pool {
public:
	using cqueues::resolver_pool::resolver_pool;

	template <class Question> using answer = detail::helper_awaitable<detail::dns_call<Question>>;
	using addresses_type = answer<detail::addresses_question>;
	using services_type = answer<detail::services_question>;
	using names_type = answer<detail::reverse_question>;
	using query_type = answer<detail::query_question>;

	addresses_type addresses(std::string_view name, int family, timeout limit, std::error_code &code) const
	{
		return ask(detail::addresses_question{ native(), name, family }, limit, &code);
	}

	services_type services(std::string_view name, timeout limit, std::error_code &code) const
	{
		return ask(detail::services_question{ { native(), name, AF_UNSPEC } }, limit, &code);
	}

	names_type names(const address &of, timeout limit, std::error_code &code) const
	{
		return ask(detail::reverse_question(native(), of), limit, &code);
	}

	query_type query(std::string_view name, unsigned type, timeout limit, std::error_code &code) const
	{
		return ask(detail::query_question(native(), name, type), limit, &code);
	}

#ifdef __cpp_exceptions
	addresses_type addresses(std::string_view name, int family = AF_UNSPEC, timeout limit = forever) const
	{
		return ask(detail::addresses_question{ native(), name, family }, limit, nullptr);
	}

	services_type services(std::string_view name, timeout limit = forever) const
	{
		return ask(detail::services_question{ { native(), name, AF_UNSPEC } }, limit, nullptr);
	}

	names_type names(const address &of, timeout limit = forever) const
	{
		return ask(detail::reverse_question(native(), of), limit, nullptr);
	}

	query_type query(std::string_view name, unsigned type, timeout limit = forever) const
	{
		return ask(detail::query_question(native(), name, type), limit, nullptr);
	}
#endif

private:
	template <class Question> static answer<Question> ask(Question question, timeout limit, std::error_code *code)
	{
		return { detail::dns_call<Question>(std::move(question)), limit, code };
	}
};

} // namespace co
} // namespace cqueues
