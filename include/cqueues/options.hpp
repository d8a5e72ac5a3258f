// SPDX-License-Identifier: MIT
// Where to connect or listen, and how.
#pragma once

#include "handle.hpp"

namespace cqueues {

// What options::set sets; cqueues.h says what each does.
enum class option : std::uint32_t {
	family = CQ_OPTION_FAMILY,
	type = CQ_OPTION_TYPE,
	permissions = CQ_OPTION_PERMISSIONS,
	umask = CQ_OPTION_UMASK,
	unlink = CQ_OPTION_UNLINK,
	reuseaddr = CQ_OPTION_REUSEADDR,
	reuseport = CQ_OPTION_REUSEPORT,
	nodelay = CQ_OPTION_NODELAY,
	nopush = CQ_OPTION_NOPUSH,
	v6only = CQ_OPTION_V6ONLY,
	time = CQ_OPTION_TIME,
	broadcast = CQ_OPTION_BROADCAST,
	oobinline = CQ_OPTION_OOBINLINE,
	nonblock = CQ_OPTION_NONBLOCK,
	cloexec = CQ_OPTION_CLOEXEC,
	nosigpipe = CQ_OPTION_NOSIGPIPE,
	verify = CQ_OPTION_VERIFY,
	sendname = CQ_OPTION_SENDNAME,
	keepalive = CQ_OPTION_KEEPALIVE,
	keepalive_idle = CQ_OPTION_KEEPALIVE_IDLE,
	keepalive_interval = CQ_OPTION_KEEPALIVE_INTERVAL,
	keepalive_count = CQ_OPTION_KEEPALIVE_COUNT,
	strict = CQ_OPTION_STRICT,
	backlog = CQ_OPTION_BACKLOG,
	send_buffer = CQ_OPTION_SEND_BUFFER,
	receive_buffer = CQ_OPTION_RECEIVE_BUFFER,
	user_timeout = CQ_OPTION_USER_TIMEOUT,
	tos = CQ_OPTION_TOS,
	multicast_ttl = CQ_OPTION_MULTICAST_TTL,
	multicast_loop = CQ_OPTION_MULTICAST_LOOP,
	packet_info = CQ_OPTION_PACKET_INFO,
	ecn = CQ_OPTION_ECN,
	segments = CQ_OPTION_SEGMENTS,
	activated = CQ_OPTION_ACTIVATED,
};

class options : public handle<cq_options, cq_options_free> {
public:
	explicit options(std::error_code &code) { open(code); }

	void host(std::string_view name, int port, std::error_code &code)
	{
		const detail::c_string text(name);
		call(code, cq_options_host, static_cast<const char *>(text), port);
	}

	// The service of which HTTPS or SVCB records tell where to connect; protocols as for tls::alpn, or none.
	void service(std::string_view name, std::string_view protocols, std::error_code &code)
	{
		const detail::c_string text(name), list(protocols);
		call(code, cq_options_service, static_cast<const char *>(text),
		     protocols.empty() ? nullptr : static_cast<const char *>(list));
	}

	void path(std::string_view where, std::error_code &code)
	{
		call(code, cq_options_path, static_cast<const void *>(where.data()), where.size());
	}

	// The local address of what connects.
	void bind(std::string_view host, int port, std::error_code &code)
	{
		const detail::c_string text(host);
		call(code, cq_options_bind, static_cast<const char *>(text), port);
	}

	void bind_path(std::string_view where, std::error_code &code)
	{
		call(code, cq_options_bind_path, static_cast<const void *>(where.data()), where.size());
	}

	// TLS: the name of the server, instead of the host's.
	void sendname(std::string_view name, std::error_code &code)
	{
		const detail::c_string text(name);
		call(code, cq_options_sendname, static_cast<const char *>(text));
	}

	void set(option which, int value, std::error_code &code)
	{
		call(code, cq_options_set, static_cast<std::uint32_t>(which), value);
	}

#ifdef __cpp_exceptions
	options()
	{
		detail::attempt("options", [&](auto &code) { open(code); });
	}

	options(std::string_view name, int port) : options() { host(name, port); }

	// These return the options, so that calls can be chained.
	options &host(std::string_view name, int port) { return attempt("host", [&](auto &code) { host(name, port, code); }); }
	options &path(std::string_view where) { return attempt("path", [&](auto &code) { path(where, code); }); }
	options &bind(std::string_view host, int port) { return attempt("bind", [&](auto &code) { bind(host, port, code); }); }
	options &bind_path(std::string_view where) { return attempt("bind_path", [&](auto &code) { bind_path(where, code); }); }
	options &sendname(std::string_view name) { return attempt("sendname", [&](auto &code) { sendname(name, code); }); }
	options &set(option which, int value) { return attempt("set", [&](auto &code) { set(which, value, code); }); }

	options &service(std::string_view name, std::string_view protocols = {})
	{
		return attempt("service", [&](auto &code) { service(name, protocols, code); });
	}
#else
	options() noexcept = default;
#endif

private:
	void open(std::error_code &code)
	{
		cq_options *made = nullptr;
		detail::assign(code, cq_options_new(&made));
		reset(made);
	}

#ifdef __cpp_exceptions
	template <class Call> options &attempt(const char *what, Call call)
	{
		detail::attempt(what, call);
		return *this;
	}
#endif
};

} // namespace cqueues
