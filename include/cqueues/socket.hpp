// SPDX-License-Identifier: MIT
// Buffered sockets: connecting, reading, writing, TLS.
#pragma once

#include "detail/socket_base.hpp"
#include "lines.hpp"
#include "options.hpp"
#include "tls.hpp"

#include <cmath>
#include <initializer_list>

namespace cqueues {
namespace detail {

// What can only be tried in C: repeats it while it answers EAGAIN, for at most the socket's timeout.
template <class Attempt> int repeat(const cq_socket *socket, Attempt attempt) noexcept
{
	const double until = cq_monotime() + cq_socket_timeout(socket); // NaN: no limit
	int code;
	while ((code = attempt()) == EAGAIN) {
		const double left = until - cq_monotime();
		if (left <= 0)
			return ETIMEDOUT;
		cq_interest interest = CQ_INTEREST_NONE;
		interest.socket = socket;
		interest.timeout = left;
		const int ended = cq_poll(&interest, 1, nullptr);
		if (ended)
			return ended;
	}
	return code;
}

} // namespace detail

// A stream, or datagrams. What waits here suspends the fiber that calls it, or blocks a thread outside of controllers,
// for at most the socket's timeout. In coroutines use co::socket, which has the same functions to be awaited.
//
// Reads give an empty optional at the end of the stream, which is no error. Their bytes lie in the socket's buffer until
// the next read.
class socket : public detail::socket_base {
public:
	socket() noexcept = default;
	explicit socket(cq_socket *native) noexcept : socket_base(native) {}

	// Begins to connect; the first operation tells whether that succeeded.
	static socket connect(const options &where, std::error_code &code) { return socket(open(where, code)); }
	static socket connect(std::string_view host, int port, std::error_code &code) { return socket(open(host, port, code)); }

	// Two connected UNIX sockets.
	static std::pair<socket, socket> pair(int type, std::error_code &code)
	{
		auto made = open_pair(type, code);
		return { socket(made.first), socket(made.second) };
	}

	// Of a descriptor, which is closed with the socket; and of a copy of one.
	static socket adopt(int fd, std::error_code &code) { return socket(open(fd, cq_socket_adopt, code)); }
	static socket dup(int fd, std::error_code &code) { return socket(open(fd, cq_socket_dup, code)); }

	// Waits until the socket is connected.
	void establish(std::error_code &code) const { call(code, cq_socket_establish); }

	// Begins TLS and waits for its handshake. Without a configuration: as a client that trusts the system's authorities.
	void starttls(const tls &configuration, std::error_code &code) const
	{
		if (configuration)
			call(code, cq_socket_starttls, static_cast<const cq_tls *>(configuration.native()));
		else
			detail::assign(code, EBADF);
	}

	void starttls(std::error_code &code) const { call(code, cq_socket_starttls, static_cast<const cq_tls *>(nullptr)); }

	// A line, without its end or with it.
	received read_line(std::error_code &code) const { return read(CQ_READ_LINE, 0, code); }
	received read_line_keep(std::error_code &code) const { return read(CQ_READ_LINE_KEEP, 0, code); }

	// So many bytes; fewer only at the end of the stream.
	received read(std::size_t count, std::error_code &code) const { return read(CQ_READ_EXACTLY, count, code); }

	// 1 to `most` bytes, as soon as some have come.
	received read_some(std::size_t most, std::error_code &code) const { return read(CQ_READ_UP_TO, most, code); }

	// Everything until the end of the stream.
	received read_all(std::error_code &code) const { return read(CQ_READ_ALL, 0, code); }

	// A MIME header field, unfolded; an empty optional also if what comes is none.
	received read_header(std::error_code &code) const { return read(CQ_READ_HEADER, 0, code); }

	// 1 to as many bytes as there is room for, into that: how many.
	std::optional<std::size_t> read_into(span<char> room, std::error_code &code) const
	{
		std::size_t size = 0;
		call(code, cq_socket_read_into, static_cast<void *>(room.data()), room.size(), &size);
		return detail::size_of_read(size, code);
	}

	// A piece of a MIME entity, without the end of line in front of the boundary, "--...", that ends it; an empty optional
	// when the boundary is next.
	received read_body(std::string_view boundary, std::error_code &code) const
	{
		const void *data = nullptr;
		std::size_t size = 0;
		repeat(code, [&] {
			return cq_socket_try_recv_body(native(), boundary.data(), boundary.size(), CQ_MODE_DEFAULT, CQ_FLUSH, &data, &size);
		});
		return detail::received_of(data, size, code);
	}

	// Waits until so many bytes are buffered.
	void fill(std::size_t size, std::error_code &code) const { call(code, cq_socket_fill, size); }

	// Waits until the bytes were sent or buffered, as the socket's mode says.
	void write(bytes data, std::error_code &code) const { call(code, cq_socket_write, data.data(), data.size()); }

	// The same of several pieces, as if they were one.
	void writev(span<const bytes> pieces, std::error_code &code) const
	{
		call(code, cq_socket_writev, bytes::pieces(pieces), pieces.size());
	}

	void writev(std::initializer_list<bytes> pieces, std::error_code &code) const
	{
		writev({ pieces.begin(), pieces.size() }, code);
	}

	// Sends so many bytes of a file, or as many as it has from there on: how many, also with an error.
	std::size_t send_file(int fd, std::uint64_t offset, std::size_t count, std::error_code &code) const
	{
		std::size_t sent = 0;
		call(code, cq_socket_sendfile, fd, offset, count, &sent);
		return sent;
	}

	// Sends all that is buffered, and tells the peer that this was all. Reading goes on.
	void finish(std::error_code &code) const { call(code, cq_socket_finish); }

	// Sends all that is buffered.
	void flush(std::error_code &code) const { call(code, cq_socket_flush); }

	// One datagram: its bytes are written to `room`.
	datagram receive_from(span<char> room, std::error_code &code) const
	{
		datagram got;
		std::uint32_t flags = 0;
		call(code, cq_socket_recvfrom, static_cast<void *>(room.data()), room.size(), &got.size, &got.from.native(), &flags);
		got.truncated = (flags & CQ_TRUNCATED) != 0;
		return got;
	}

	// To an address, or with a default one to the connected peer.
	void send_to(bytes data, const address &to, std::error_code &code) const
	{
		call(code, cq_socket_sendto, data.data(), data.size(), to ? &to.native() : nullptr);
	}

	// Datagrams with few system calls: waits until some have come, and tells how many.
	std::size_t receive_batch(span<packet> list, std::error_code &code) const
	{
		std::size_t done = 0;
		repeat(code, [&] { return cq_socket_try_recv_batch(native(), list.data(), list.size(), &done); });
		return code ? 0 : done;
	}

	// Waits until all are sent: how many, also with an error.
	std::size_t send_batch(span<packet> list, std::error_code &code) const
	{
		std::size_t sent = 0;
		repeat(code, [&] { return detail::send_rest(native(), list, sent); });
		return sent;
	}

	// Bytes, at least one, with a copy of a descriptor, over a UNIX socket.
	void send_fd(bytes data, int fd, std::error_code &code) const
	{
		call(code, cq_socket_sendfd, data.data(), data.size(), fd);
	}

	// The bytes are written to `room`; the descriptor, -1 if none came, is the caller's to close.
	received_fd receive_fd(span<char> room, std::error_code &code) const
	{
		received_fd got;
		call(code, cq_socket_recvfd, static_cast<void *>(room.data()), room.size(), &got.size, &got.fd);
		return got;
	}

	// A range over the lines that come, without their ends. After it, `code` tells why it ended; 0 at the end of the
	// stream.
	line_range<socket> lines(std::error_code &code) const { return line_range<socket>(*this, &code); }

#ifdef __cpp_exceptions
	static socket connect(const options &where)
	{
		return detail::attempt("connect", [&](auto &code) { return connect(where, code); });
	}

	static socket connect(std::string_view host, int port)
	{
		return detail::attempt("connect", [&](auto &code) { return connect(host, port, code); });
	}

	static std::pair<socket, socket> pair(int type = SOCK_STREAM)
	{
		return detail::attempt("pair", [&](auto &code) { return pair(type, code); });
	}

	static socket adopt(int fd)
	{
		return detail::attempt("adopt", [&](auto &code) { return adopt(fd, code); });
	}

	static socket dup(int fd)
	{
		return detail::attempt("dup", [&](auto &code) { return dup(fd, code); });
	}

	void establish() const { attempt("establish", [&](auto &code) { establish(code); }); }
	void starttls() const { attempt("starttls", [&](auto &code) { starttls(code); }); }
	void starttls(const tls &configuration) const { attempt("starttls", [&](auto &code) { starttls(configuration, code); }); }

	received read_line() const { return attempt("read_line", [&](auto &code) { return read_line(code); }); }
	received read_line_keep() const { return attempt("read_line", [&](auto &code) { return read_line_keep(code); }); }
	received read(std::size_t count) const { return attempt("read", [&](auto &code) { return read(count, code); }); }
	received read_some(std::size_t most) const { return attempt("read_some", [&](auto &code) { return read_some(most, code); }); }
	received read_all() const { return attempt("read_all", [&](auto &code) { return read_all(code); }); }
	received read_header() const { return attempt("read_header", [&](auto &code) { return read_header(code); }); }
	void fill(std::size_t size) const { attempt("fill", [&](auto &code) { fill(size, code); }); }
	void write(bytes data) const { attempt("write", [&](auto &code) { write(data, code); }); }
	void finish() const { attempt("finish", [&](auto &code) { finish(code); }); }
	void writev(span<const bytes> pieces) const { attempt("writev", [&](auto &code) { writev(pieces, code); }); }
	void writev(std::initializer_list<bytes> pieces) const { attempt("writev", [&](auto &code) { writev(pieces, code); }); }

	std::optional<std::size_t> read_into(span<char> room) const
	{
		return attempt("read_into", [&](auto &code) { return read_into(room, code); });
	}

	received read_body(std::string_view boundary) const
	{
		return attempt("read_body", [&](auto &code) { return read_body(boundary, code); });
	}

	std::size_t send_file(int fd, std::uint64_t offset = 0, std::size_t count = SIZE_MAX) const
	{
		return attempt("send_file", [&](auto &code) { return send_file(fd, offset, count, code); });
	}

	std::size_t receive_batch(span<packet> list) const
	{
		return attempt("receive_batch", [&](auto &code) { return receive_batch(list, code); });
	}

	std::size_t send_batch(span<packet> list) const
	{
		return attempt("send_batch", [&](auto &code) { return send_batch(list, code); });
	}

	void flush() const { attempt("flush", [&](auto &code) { flush(code); }); }

	datagram receive_from(span<char> room) const
	{
		return attempt("receive_from", [&](auto &code) { return receive_from(room, code); });
	}

	void send_to(bytes data, const address &to = {}) const
	{
		attempt("send_to", [&](auto &code) { send_to(data, to, code); });
	}

	void send_fd(bytes data, int fd) const { attempt("send_fd", [&](auto &code) { send_fd(data, fd, code); }); }

	received_fd receive_fd(span<char> room) const
	{
		return attempt("receive_fd", [&](auto &code) { return receive_fd(room, code); });
	}

	line_range<socket> lines() const { return line_range<socket>(*this, nullptr); }
#endif

private:
	template <class Attempt> void repeat(std::error_code &code, Attempt attempt) const
	{
		detail::assign(code, native() ? detail::repeat(native(), attempt) : EBADF);
	}

	received read(std::uint32_t format, std::size_t count, std::error_code &code) const
	{
		const void *data = nullptr;
		std::size_t size = 0;
		call(code, cq_socket_read, format, count, &data, &size);
		return detail::received_of(data, size, code);
	}
};

} // namespace cqueues
