// SPDX-License-Identifier: MIT
// Addresses of sockets.
#pragma once

#include "handle.hpp"

namespace cqueues {

// What an address says in words: the numeric host or the path, and the port.
class name {
public:
	name() noexcept : native_() {}
	explicit name(const cq_name &native) noexcept : native_(native) {}

	int family() const noexcept { return native_.family; }
	int port() const noexcept { return native_.port; }
	std::string_view text() const noexcept { return { native_.text, native_.size }; }
	const cq_name &native() const noexcept { return native_; }

private:
	cq_name native_;
};

// An address of any family, as the system has it; a default one is none.
class address {
public:
	address() noexcept : native_() {}
	explicit address(const cq_address &native) noexcept : native_(native) {}

	// A numeric host, "127.0.0.1" or "fe80::1%eth0", and a port.
	static address parse(std::string_view host, int port, std::error_code &code)
	{
		address made;
		const detail::c_string text(host);
		detail::assign(code, cq_address_parse(text, port, &made.native_));
		return made;
	}

	// A UNIX path.
	static address path(std::string_view path, std::error_code &code)
	{
		address made;
		detail::assign(code, cq_address_path(path.data(), path.size(), &made.native_));
		return made;
	}

#ifdef __cpp_exceptions
	static address parse(std::string_view host, int port)
	{
		return detail::attempt("address", [&](auto &code) { return parse(host, port, code); });
	}

	static address path(std::string_view where)
	{
		return detail::attempt("address", [&](auto &code) { return path(where, code); });
	}
#endif

	explicit operator bool() const noexcept { return native_.size > 0; }

	cqueues::name name() const noexcept
	{
		cq_name told = {};
		cq_address_name(&native_, &told);
		return cqueues::name(told);
	}

	const cq_address &native() const noexcept { return native_; }
	cq_address &native() noexcept { return native_; }

private:
	cq_address native_;
};

} // namespace cqueues
