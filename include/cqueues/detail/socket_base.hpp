// SPDX-License-Identifier: MIT
// What sockets and listeners of fibers and of coroutines have in common: all that does not wait.
#pragma once

#include "../address.hpp"
#include "../datagrams.hpp"
#include "../options.hpp"
#include "../span.hpp"
#include "../time.hpp"

#include <optional>

namespace cqueues {

// Bytes that were read, or nothing at the end of the stream.
using received = std::optional<std::string_view>;

// Bytes that came with a descriptor.
struct received_fd {
	std::size_t size = 0;
	int fd = -1;
};

// Who is at the other end of a UNIX stream.
struct peer_user {
	std::uint32_t uid = 0;
	std::uint32_t gid = 0;
};

enum class direction : std::uint32_t { input = CQ_INPUT, output = CQ_OUTPUT };

// Which lines may be held until the task waits: see cq_socket_set_hold.
enum class hold : std::uint32_t { none = CQ_HOLD_NONE, answers = CQ_HOLD_ANSWERS, lines = CQ_HOLD_LINES };

// Facts of a TLS connection; cqueues.h says more of each.
enum class tls_fact : std::uint32_t {
	version = CQ_TLS_FACT_VERSION,
	cipher = CQ_TLS_FACT_CIPHER,
	group = CQ_TLS_FACT_GROUP,
	subject = CQ_TLS_FACT_SUBJECT,
	issuer = CQ_TLS_FACT_ISSUER,
	name = CQ_TLS_FACT_NAME,
	der = CQ_TLS_FACT_DER,
	pem = CQ_TLS_FACT_PEM,
};

namespace detail {

// What a read has given; the end of the stream is no error.
inline received received_of(const void *data, std::size_t size, std::error_code &code) noexcept
{
	if (code.value() == EPIPE)
		code.clear();
	else if (!code && data)
		return std::string_view(static_cast<const char *>(data), size);
	return std::nullopt;
}

inline std::optional<std::size_t> size_of_read(std::size_t size, std::error_code &code) noexcept
{
	if (code.value() == EPIPE)
		code.clear();
	else if (!code)
		return size;
	return std::nullopt;
}

// Goes on with a batch of which some are sent. One that nothing can be sent of is told by the next call.
inline int send_rest(const cq_socket *socket, span<packet> list, std::size_t &sent) noexcept
{
	do {
		std::size_t done = 0;
		const int code = cq_socket_try_send_batch(socket, list.data() + sent, list.size() - sent, &done);
		if (code)
			return code;
		sent += done;
	} while (sent < list.size());
	return 0;
}

class socket_base : public handle<cq_socket, cq_socket_free> {
public:
	using handle::handle;

	// Closes the connection; buffered output that was not flushed is dropped. The destructor does the same.
	void close(std::error_code &code) const { call(code, cq_socket_close); }

	// Closes so that the peer is told of a failure.
	void abort(std::error_code &code) const { call(code, cq_socket_abort); }

	// shutdown(2): SHUT_RD, SHUT_WR, SHUT_RDWR.
	void shutdown(int how, std::error_code &code) const { call(code, cq_socket_shutdown, how); }

	// Gives up the descriptor, which is the caller's from then on.
	int release_fd(std::error_code &code) const
	{
		int fd = -1;
		call(code, cq_socket_release, &fd);
		return fd;
	}

	void configure(const options &settings, std::error_code &code) const
	{
		if (settings)
			call(code, cq_socket_configure, static_cast<const cq_options *>(settings.native()));
		else
			assign(code, EBADF);
	}

	// Puts bytes in front of the input.
	void unget(bytes data, std::error_code &code) const { call(code, cq_socket_unget, data.data(), data.size()); }

	// How a direction is read and buffered: "t" or "b" (text, binary), "n", "l" or "f" (unbuffered, by lines, fully).
	void set_mode(direction which, std::string_view flags, std::error_code &code) const
	{
		call(code, cq_socket_set_mode, number(which), cq_mode_parse(flags.data(), flags.size()));
	}

	// Of both directions.
	void set_mode(std::string_view flags, std::error_code &code) const
	{
		set_mode(direction::input, flags, code);
		if (!code)
			set_mode(direction::output, flags, code);
	}

	void set_timeout(timeout limit, std::error_code &code) const { call(code, cq_socket_set_timeout, limit.seconds()); }

	void set_max_line(direction which, std::size_t size, std::error_code &code) const
	{
		call(code, cq_socket_set_maxline, number(which), size);
	}

	void set_buffer_size(direction which, std::size_t size, std::error_code &code) const
	{
		call(code, cq_socket_set_bufsiz, number(which), size);
	}

	// Which lines that a task writes in one turn may leave together.
	void set_hold(hold which, std::error_code &code) const { call(code, cq_socket_set_hold, static_cast<std::uint32_t>(which)); }

	// Whether an end of the TLS stream that was not announced is a failure.
	void set_strict(bool on, std::error_code &code) const { call(code, cq_socket_set_strict, on); }

	// The error that an operation has left in a direction, which later ones repeat until it is cleared.
	std::error_code error_of(direction which) const noexcept { return make_error_code(cq_socket_error(native(), number(which))); }

	void clear_error(direction which, std::error_code &code) const
	{
		call(code, cq_socket_set_error, number(which), 0, static_cast<int *>(nullptr));
	}

	// What is in effect of an option that the system keeps.
	int get(option which, std::error_code &code) const
	{
		int value = 0;
		call(code, cq_socket_option, static_cast<std::uint32_t>(which), &value);
		return value;
	}

	// getsockopt(2): how many bytes were written to `room`.
	std::size_t get_raw(int level, int name, span<char> room, std::error_code &code) const
	{
		std::size_t size = room.size();
		call(code, cq_socket_getsockopt, level, name, static_cast<void *>(room.data()), &size);
		return code ? 0 : size;
	}

	// setsockopt(2): `set_raw(SOL_SOCKET, SO_MARK, { &mark, sizeof mark })`.
	void set_raw(int level, int name, bytes value, std::error_code &code) const
	{
		call(code, cq_socket_setsockopt, level, name, value.data(), value.size());
	}

	// Receives what is sent to a multicast group, by an interface of that name or by the one that the system chooses.
	void join(const address &group, std::string_view interface, std::error_code &code) const
	{
		by_interface(code, interface, [&](auto name) { return cq_socket_join(native(), &group.native(), name); });
	}

	void leave(const address &group, std::string_view interface, std::error_code &code) const
	{
		by_interface(code, interface, [&](auto name) { return cq_socket_leave(native(), &group.native(), name); });
	}

	// By which interface multicast datagrams leave.
	void set_multicast_interface(std::string_view interface, std::error_code &code) const
	{
		by_interface(code, interface, [&](auto name) { return cq_socket_set_multicast_interface(native(), name); });
	}

	// Has the kernel send what it holds back for option::nopush.
	void uncork(std::error_code &code) const { call(code, cq_socket_uncork); }

	// The user and the process at the other end of a UNIX stream, as of its connect.
	cqueues::peer_user peer_user(std::error_code &code) const
	{
		cqueues::peer_user user;
		call(code, cq_socket_peereid, &user.uid, &user.gid);
		return user;
	}

	int peer_process(std::error_code &code) const
	{
		int pid = 0;
		call(code, cq_socket_peerpid, &pid);
		return pid;
	}

	// Until when the peer's certificate is valid.
	std::chrono::system_clock::time_point tls_expiry(std::error_code &code) const
	{
		double seconds = 0;
		call(code, cq_socket_tls_expiry, &seconds);
		return std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(duration(seconds)));
	}

	cqueues::name peer(std::error_code &code) const { return name_of(cq_socket_peername, code); }
	cqueues::name local(std::error_code &code) const { return name_of(cq_socket_localname, code); }

	std::string tls_fact(cqueues::tls_fact which, std::size_t index, std::error_code &code) const
	{
		if (!native())
			return assign(code, EBADF), std::string();
		return text_of(code, [&](char *text, std::size_t room, std::size_t *length) {
			return cq_socket_tls_fact(native(), static_cast<std::uint32_t>(which), index, text, room, length);
		});
	}

#ifdef __cpp_exceptions
	void close() const { attempt("close", [&](auto &code) { close(code); }); }
	void abort() const { attempt("abort", [&](auto &code) { abort(code); }); }
	void shutdown(int how) const { attempt("shutdown", [&](auto &code) { shutdown(how, code); }); }
	int release_fd() const { return attempt("release_fd", [&](auto &code) { return release_fd(code); }); }
	void configure(const options &settings) const { attempt("configure", [&](auto &code) { configure(settings, code); }); }
	void unget(bytes data) const { attempt("unget", [&](auto &code) { unget(data, code); }); }
	void set_mode(std::string_view flags) const { attempt("set_mode", [&](auto &code) { set_mode(flags, code); }); }
	void set_timeout(timeout limit) const { attempt("set_timeout", [&](auto &code) { set_timeout(limit, code); }); }
	void set_hold(hold which) const { attempt("set_hold", [&](auto &code) { set_hold(which, code); }); }
	void set_strict(bool on) const { attempt("set_strict", [&](auto &code) { set_strict(on, code); }); }
	void clear_error(direction which) const { attempt("clear_error", [&](auto &code) { clear_error(which, code); }); }
	int get(option which) const { return attempt("get", [&](auto &code) { return get(which, code); }); }
	void uncork() const { attempt("uncork", [&](auto &code) { uncork(code); }); }
	int peer_process() const { return attempt("peer_process", [&](auto &code) { return peer_process(code); }); }
	auto tls_expiry() const { return attempt("tls_expiry", [&](auto &code) { return tls_expiry(code); }); }
	cqueues::peer_user peer_user() const { return attempt("peer_user", [&](auto &code) { return peer_user(code); }); }
	cqueues::name peer() const { return attempt("peer", [&](auto &code) { return peer(code); }); }
	cqueues::name local() const { return attempt("local", [&](auto &code) { return local(code); }); }

	std::size_t get_raw(int level, int name, span<char> room) const
	{
		return attempt("get_raw", [&](auto &code) { return get_raw(level, name, room, code); });
	}

	void set_raw(int level, int name, bytes value) const
	{
		attempt("set_raw", [&](auto &code) { set_raw(level, name, value, code); });
	}

	void join(const address &group, std::string_view interface = {}) const
	{
		attempt("join", [&](auto &code) { join(group, interface, code); });
	}

	void leave(const address &group, std::string_view interface = {}) const
	{
		attempt("leave", [&](auto &code) { leave(group, interface, code); });
	}

	void set_multicast_interface(std::string_view interface) const
	{
		attempt("set_multicast_interface", [&](auto &code) { set_multicast_interface(interface, code); });
	}

	void set_mode(direction which, std::string_view flags) const
	{
		attempt("set_mode", [&](auto &code) { set_mode(which, flags, code); });
	}

	void set_max_line(direction which, std::size_t size) const
	{
		attempt("set_max_line", [&](auto &code) { set_max_line(which, size, code); });
	}

	void set_buffer_size(direction which, std::size_t size) const
	{
		attempt("set_buffer_size", [&](auto &code) { set_buffer_size(which, size, code); });
	}

	std::string tls_fact(cqueues::tls_fact which, std::size_t index = 0) const
	{
		return attempt("tls_fact", [&](auto &code) { return tls_fact(which, index, code); });
	}
#endif

	// The flags of set_mode, as three characters.
	std::string mode(direction which) const
	{
		char text[4] = "";
		cq_mode_format(cq_socket_mode(native(), number(which)), number(which), text);
		return text;
	}

	std::size_t max_line(direction which) const noexcept { return cq_socket_maxline(native(), number(which)); }
	std::size_t buffer_size(direction which) const noexcept { return cq_socket_bufsiz(native(), number(which)); }
	hold holds() const noexcept { return static_cast<hold>(cq_socket_hold(native())); }
	bool is_strict() const noexcept { return cq_socket_strict(native()); }
	std::optional<duration> timeout_of_waits() const noexcept { return time_of(cq_socket_timeout(native())); }
	std::size_t pending(direction which) const noexcept { return cq_socket_pending(native(), number(which)); }
	bool is_at_end(direction which) const noexcept { return cq_socket_eof(native(), number(which)); }
	bool is_truncated() const noexcept { return cq_socket_truncated(native()); }
	bool is_resumed() const noexcept { return cq_socket_resumed(native()); }

	// For another event loop: what the last operation waits for.
	int pollfd() const noexcept { return cq_socket_pollfd(native()); }
	short events() const noexcept { return static_cast<short>(cq_socket_events(native())); }
	std::optional<duration> poll_timeout() const noexcept { return time_of(cq_socket_poll_timeout(native())); }

	// "resolving", "connecting", "handshaking", "connected", "listening", "failed" or "closed".
	std::string_view phase() const noexcept { return view(cq_socket_phase(native())); }

	// The SSL of the connection, which remains the socket's; nullptr without TLS.
	void *ssl() const noexcept { return cq_socket_checktls(native()); }

	// The same with a reference of the caller's, to be given back by SSL_free.
	void *share_ssl() const noexcept { return cq_socket_sharetls(native()); }

	// Why the connection failed, in words; empty if the code says it all.
	std::string reason() const { return words(cq_socket_reason); }

	// The application protocol that both ends chose.
	std::string alpn() const { return words(cq_socket_alpn); }

	cq_stat stat(direction which) const noexcept
	{
		cq_stat told = {};
		cq_socket_stat(native(), number(which), &told);
		return told;
	}

protected:
	static std::uint32_t number(direction which) noexcept { return static_cast<std::uint32_t>(which); }

	static cq_socket *open(const options &where, std::error_code &code)
	{
		cq_socket *made = nullptr;
		assign(code, where ? cq_socket_connect(where.native(), &made) : EBADF);
		return made;
	}

	static cq_socket *open(std::string_view host, int port, std::error_code &code)
	{
		options where(code);
		if (!code)
			where.host(host, port, code);
		return code ? nullptr : open(where, code);
	}

	static cq_socket *open(int fd, int (*make)(int, cq_socket **), std::error_code &code)
	{
		cq_socket *made = nullptr;
		assign(code, make(fd, &made));
		return made;
	}

	static std::pair<cq_socket *, cq_socket *> open_pair(int type, std::error_code &code)
	{
		cq_socket *first = nullptr, *second = nullptr;
		assign(code, cq_socket_pair(type, &first, &second));
		return { first, second };
	}

#ifdef __cpp_exceptions
	template <class Call> auto attempt(const char *what, Call call) const -> detail::outcome_of<Call>
	{
		return detail::attempt(what, *this, call);
	}
#endif

private:
	cqueues::name name_of(int (*function)(const cq_socket *, cq_name *), std::error_code &code) const
	{
		cq_name told = {};
		call(code, function, &told);
		return cqueues::name(told);
	}

	// An empty name stands for the interface that the system chooses.
	template <class Call> void by_interface(std::error_code &code, std::string_view interface, Call call) const
	{
		const c_string text(interface);
		const char *name = text;
		if (!native())
			assign(code, EBADF);
		else if (!name)
			assign(code, EINVAL);
		else
			assign(code, call(interface.empty() ? nullptr : name));
	}

	std::string words(int (*function)(const cq_socket *, char *, std::size_t)) const
	{
		char text[1024] = "";
		if (native())
			function(native(), text, sizeof text);
		return text;
	}
};

} // namespace detail
} // namespace cqueues
