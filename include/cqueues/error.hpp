// SPDX-License-Identifier: MIT
// Errors: the codes of the library as std::error_code, and the exception that carries one.
//
// Each call that can fail comes twice: with a std::error_code & as its last argument, which tells the outcome, and
// without, which throws cqueues::error. Where exceptions are off, only the first is there.
#pragma once

#include <cqueues.h>

#include <cerrno>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace cqueues {

// The library's own codes. Those of the system compare equal to std::errc.
enum class errc {
	panic = CQ_EPANIC,
	tls = CQ_ETLS,
	not_verified = CQ_ENOTVERIFIED,
	truncated = CQ_ETRUNCATED,
	watches = CQ_EWATCHES,
	instances = CQ_EINSTANCES,
	failed = CQ_EFAILED, // a task ended with an exception that is no std::system_error
	no_buffer_space = CQ_ENOBUFS,
	illegal = CQ_EILLEGAL,
	order = CQ_EORDER,
	section = CQ_ESECTION,
	address = CQ_EADDRESS,
	no_query = CQ_ENOQUERY,
	no_answer = CQ_ENOANSWER,
	fetched = CQ_EFETCHED,
	no_server = CQ_EFAIL,
	no_name = CQ_ENONAME,
};

namespace detail {

class error_category final : public std::error_category {
public:
	const char *name() const noexcept override { return "cqueues"; }
	std::string message(int code) const override { return cq_strerror(code); }

	// Positive codes are errno values, so that they compare equal to std::errc.
	std::error_condition default_error_condition(int code) const noexcept override
	{
		return code > 0 ? std::error_condition(code, std::generic_category()) : std::error_condition(code, *this);
	}
};

} // namespace detail

inline const std::error_category &category() noexcept
{
	// Never destroyed: codes are looked at until the program has ended.
	alignas(detail::error_category) static unsigned char place[sizeof(detail::error_category)];
	static const std::error_category &instance = *::new (static_cast<void *>(place)) detail::error_category();
	return instance;
}

// "EAGAIN", "CQ_EPANIC"; empty for what is no error.
inline std::string_view error_name(const std::error_code &code) noexcept
{
	const char *text = cq_errno_name(code.value());
	return text ? std::string_view(text) : std::string_view();
}

// The error of a name; one that is none if there is no such error.
inline std::error_code error_of_name(const std::string &name) noexcept
{
	int code = 0;
	cq_errno_code(name.c_str(), &code);
	return { code, category() };
}

// The release of the library that runs, CQ_VERSION of its header, and who made it.
inline int version() noexcept { return cq_version(); }
inline const char *vendor() noexcept { return cq_vendor(); }

inline std::error_code make_error_code(int code) noexcept { return { code, category() }; }
inline std::error_code make_error_code(errc code) noexcept { return { static_cast<int>(code), category() }; }

#ifdef __cpp_exceptions
// What the throwing overloads throw. what() names the operation, the reason in words where the library knows one, and
// the text of the code.
class error : public std::system_error {
public:
	using std::system_error::system_error;
};
#endif

namespace detail {

// The C code of an error: one that C gave, or that std::error_code has of the same system.
inline int native_code(const std::error_code &code) noexcept
{
	if (!code)
		return 0;
	if (code.category() == category() || code.category() == std::generic_category() ||
	    code.category() == std::system_category())
		return code.value();
	return CQ_EFAILED;
}

inline void assign(std::error_code &code, int native) noexcept { code.assign(native, category()); }

// Stands for an object that has no words for its failures.
struct nothing {};

#ifdef __cpp_exceptions

template <class Object, class = void> struct has_reason : std::false_type {};
template <class Object>
struct has_reason<Object, std::void_t<decltype(std::declval<const Object &>().reason())>> : std::true_type {};

template <class Object> [[noreturn]] void raise(const std::error_code &code, const char *what, const Object &object)
{
	std::string text = what;
	if constexpr (has_reason<Object>::value) {
		const std::string reason(object.reason());
		if (!reason.empty())
			text += ": " + reason;
	}
	throw error(code, text);
}

// What a call with a code tells, said before the call is defined: classes use their own functions in their bodies.
template <class Call> using outcome_of = decltype(std::declval<Call &>()(std::declval<std::error_code &>()));

// Makes a throwing overload of one with a code: calls `call(code)`, and throws if that is set.
template <class Object, class Call> auto attempt(const char *what, const Object &object, Call &&call)
{
	std::error_code code;
	if constexpr (std::is_void_v<decltype(call(code))>) {
		call(code);
		if (code)
			raise(code, what, object);
	} else {
		auto result = call(code);
		if (code)
			raise(code, what, object);
		return result;
	}
}

template <class Call> auto attempt(const char *what, Call &&call)
{
	return attempt(what, nothing(), std::forward<Call>(call));
}

#endif

} // namespace detail
} // namespace cqueues

template <> struct std::is_error_code_enum<cqueues::errc> : std::true_type {};
