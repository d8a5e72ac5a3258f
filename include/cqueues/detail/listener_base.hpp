// SPDX-License-Identifier: MIT
// What listeners of fibers and of coroutines have in common.
#pragma once

#include "../tls.hpp"
#include "socket_base.hpp"

namespace cqueues::detail {

class listener_base : public socket_base {
public:
	using socket_base::socket_base;

	// Makes a bound datagram socket a listener of DTLS for `most` peers at once.
	void listen_tls(const tls &configuration, std::size_t most, std::error_code &code) const
	{
		if (configuration)
			call(code, cq_socket_listen_tls, static_cast<const cq_tls *>(configuration.native()), most);
		else
			assign(code, EBADF);
	}

#ifdef __cpp_exceptions
	void listen_tls(const tls &configuration, std::size_t most) const
	{
		attempt("listen_tls", [&](auto &code) { listen_tls(configuration, most, code); });
	}
#endif

protected:
	void open(const options &where, std::error_code &code)
	{
		cq_socket *made = nullptr;
		assign(code, where ? cq_socket_listen(where.native(), &made) : EBADF);
		reset(made);
	}

	void open(std::string_view host, int port, std::error_code &code)
	{
		options where(code);
		if (!code)
			where.host(host, port, code);
		if (!code)
			open(where, code);
	}
};

} // namespace cqueues::detail
