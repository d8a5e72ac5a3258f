// SPDX-License-Identifier: MIT
// Sockets that listen.
#pragma once

#include "detail/listener_base.hpp"
#include "socket.hpp"

namespace cqueues {

// What waits here suspends the fiber that calls it, for at most the listener's timeout. In coroutines use co::listener.
class listener : public detail::listener_base {
public:
	listener() noexcept = default;
	explicit listener(cq_socket *native) noexcept : listener_base(native) {}

	// Port 0 is any free one: local() tells which.
	listener(std::string_view host, int port, std::error_code &code) { open(host, port, code); }
	listener(const options &where, std::error_code &code) { open(where, code); }

	// Waits until the listener is bound; accept() does so, too. Datagram sockets are bound in the same way.
	void establish(std::error_code &code) const { call(code, cq_socket_establish); }

	socket accept(std::error_code &code) const
	{
		cq_socket *accepted = nullptr;
		call(code, cq_socket_accept, &accepted);
		return socket(accepted);
	}

#ifdef __cpp_exceptions
	listener(std::string_view host, int port)
	{
		detail::attempt("listen", [&](auto &code) { open(host, port, code); });
	}

	explicit listener(const options &where)
	{
		detail::attempt("listen", [&](auto &code) { open(where, code); });
	}

	void establish() const { attempt("establish", [&](auto &code) { establish(code); }); }
	socket accept() const { return attempt("accept", [&](auto &code) { return accept(code); }); }
#endif
};

} // namespace cqueues
