// SPDX-License-Identifier: MIT
// A range over the lines of a socket.
#pragma once

#include "error.hpp"

#include <iterator>
#include <optional>
#include <string_view>

namespace cqueues {

// Made by socket::lines(). It can be gone through once; each line holds until the next is read.
template <class Socket> class line_range {
public:
	struct sentinel {};

	class iterator {
	public:
		using iterator_category = std::input_iterator_tag;
		using value_type = std::string_view;
		using difference_type = std::ptrdiff_t;
		using pointer = const std::string_view *;
		using reference = const std::string_view &;

		iterator() noexcept = default;
		explicit iterator(const line_range *range) : range_(range), line_(range->next()) {}

		reference operator*() const noexcept { return *line_; }
		pointer operator->() const noexcept { return &*line_; }

		iterator &operator++()
		{
			line_ = range_->next();
			return *this;
		}

		void operator++(int) { ++*this; }

		friend bool operator==(const iterator &at, sentinel) noexcept { return !at.line_; }
		friend bool operator!=(const iterator &at, sentinel) noexcept { return at.line_.has_value(); }
#if __cplusplus < 202002L
		friend bool operator==(sentinel, const iterator &at) noexcept { return !at.line_; }
		friend bool operator!=(sentinel, const iterator &at) noexcept { return at.line_.has_value(); }
#endif

	private:
		const line_range *range_ = nullptr;
		std::optional<std::string_view> line_;
	};

	line_range(const Socket &socket, std::error_code *code) noexcept : socket_(&socket), code_(code) {}

	iterator begin() const { return iterator(this); }
	sentinel end() const noexcept { return {}; }

private:
	std::optional<std::string_view> next() const
	{
#ifdef __cpp_exceptions
		if (!code_)
			return socket_->read_line();
#endif
		return socket_->read_line(*code_);
	}

	const Socket *socket_;
	std::error_code *code_;
};

} // namespace cqueues
