// SPDX-License-Identifier: MIT
// The owner of an object of the C library.
#pragma once

#include "error.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace cqueues {

// Owns what a C function `..._new` made, and gives it back to `Free`. It can be moved, not copied. After a move, and
// after the constructor without arguments of most classes, it owns nothing: every call on it fails with EBADF.
template <class Native, auto Free> class handle {
public:
	handle() noexcept = default;
	explicit handle(Native *native) noexcept : native_(native) {}
	handle(handle &&other) noexcept : native_(other.detach()) {}
	~handle() { reset(); }

	handle &operator=(handle &&other) noexcept
	{
		if (this != &other)
			reset(other.detach());
		return *this;
	}

	// The C object, for what only C can do; nullptr if there is none. It stays this object's.
	Native *native() const noexcept { return native_; }

	explicit operator bool() const noexcept { return native_ != nullptr; }

	// Gives up the C object, which is the caller's from then on.
	Native *detach() noexcept { return std::exchange(native_, nullptr); }

	// Frees the C object, and owns another one instead.
	void reset(Native *native = nullptr) noexcept
	{
		Native *old = std::exchange(native_, native);
		if (old)
			Free(old);
	}

protected:
	// Calls a C function on the object, with its result as the outcome.
	template <class Function, class... Arguments>
	void call(std::error_code &code, Function function, Arguments... arguments) const
	{
		detail::assign(code, native_ ? function(native_, arguments...) : EBADF);
	}

private:
	Native *native_ = nullptr;
};

namespace detail {

// A text for C: ended by NUL. One with a NUL inside is no such text; C gets a null pointer, which it refuses.
class c_string {
public:
	c_string(std::string_view text) : text_(text), valid_(text.find('\0') == std::string_view::npos) {}

	operator const char *() const noexcept { return valid_ ? text_.c_str() : nullptr; }

private:
	std::string text_;
	bool valid_;
};

inline std::string_view view(const char *text) noexcept { return text ? std::string_view(text) : std::string_view(); }

// What a C function writes that is given room and tells how much it needs, as `..._format` do.
template <class Call> std::string text_of(std::error_code &code, Call call)
{
	std::string text(256, '\0');
	for (;;) {
		std::size_t length = 0;
		const int result = call(&text[0], text.size(), &length);
		if (result == CQ_ENOBUFS && length >= text.size()) {
			text.resize(length + 1);
			continue;
		}
		assign(code, result);
		text.resize(result ? 0 : length);
		return text;
	}
}

} // namespace detail
} // namespace cqueues
