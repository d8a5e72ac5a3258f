// SPDX-License-Identifier: MIT
// Pieces of arrays: std::span where the language has it, otherwise the little of it that this library needs.
#pragma once

#include <cqueues.h>

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#if __cplusplus >= 202002L
#include <span>
#endif

namespace cqueues {

#if __cplusplus >= 202002L

template <class T> using span = std::span<T>;

#else

template <class T> class span {
public:
	using element_type = T;
	using value_type = std::remove_cv_t<T>;

	constexpr span() noexcept = default;
	constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
	template <std::size_t Size> constexpr span(T (&array)[Size]) noexcept : data_(array), size_(Size) {}

	// Of whatever has data() and size(): std::vector, std::array, std::string.
	template <class Container, class = std::enable_if_t<std::is_convertible_v<
					       std::remove_pointer_t<decltype(std::declval<Container &>().data())> (*)[], T (*)[]>>>
	constexpr span(Container &&container) noexcept : data_(container.data()), size_(container.size())
	{
	}

	constexpr T *data() const noexcept { return data_; }
	constexpr std::size_t size() const noexcept { return size_; }
	constexpr std::size_t size_bytes() const noexcept { return size_ * sizeof(T); }
	constexpr bool empty() const noexcept { return size_ == 0; }
	constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }
	constexpr T *begin() const noexcept { return data_; }
	constexpr T *end() const noexcept { return data_ + size_; }

private:
	T *data_ = nullptr;
	std::size_t size_ = 0;
};

#endif

// Bytes to send: text, or an array of bytes. Bytes that come are a std::string_view as well.
class bytes : private cq_piece {
public:
	template <class Text, std::enable_if_t<std::is_convertible_v<const Text &, std::string_view>, int> = 0>
	constexpr bytes(const Text &text) noexcept : bytes(std::string_view(text).data(), std::string_view(text).size())
	{
	}

	template <class Container, class = std::enable_if_t<!std::is_convertible_v<const Container &, std::string_view> &&
							    sizeof(*std::declval<const Container &>().data()) == 1>>
	constexpr bytes(const Container &container) noexcept : bytes(container.data(), container.size())
	{
	}

	constexpr bytes(const void *data, std::size_t size) noexcept : cq_piece{ data, size } {}

	constexpr const void *data() const noexcept { return cq_piece::data; }
	constexpr std::size_t size() const noexcept { return cq_piece::size; }

	// Pieces for C.
	static const cq_piece *pieces(span<const bytes> list) noexcept
	{
		static_assert(sizeof(bytes) == sizeof(cq_piece), "an array of one is an array of the other");
		return list.data();
	}
};

} // namespace cqueues
