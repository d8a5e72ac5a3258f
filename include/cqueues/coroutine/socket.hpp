// SPDX-License-Identifier: MIT
// Sockets and listeners of coroutines: the functions of cqueues::socket and cqueues::listener, to be awaited.
#pragma once

#include "../listener.hpp"
#include "socket_more.hpp"

namespace cqueues::co {

// Data and arguments must live until the operation is done, as they do in `co_await client.write("text")`.
class socket : public detail::socket_base {
public:
	socket() noexcept = default;
	explicit socket(cq_socket *native) noexcept : socket_base(native) {}
	explicit socket(cqueues::socket &&other) noexcept : socket_base(other.detach()) {}

	static socket connect(const options &where, std::error_code &code) { return socket(open(where, code)); }
	static socket connect(std::string_view host, int port, std::error_code &code) { return socket(open(host, port, code)); }
	static socket adopt(int fd, std::error_code &code) { return socket(open(fd, cq_socket_adopt, code)); }
	static socket dup(int fd, std::error_code &code) { return socket(open(fd, cq_socket_dup, code)); }

	static std::pair<socket, socket> pair(int type, std::error_code &code)
	{
		auto made = open_pair(type, code);
		return { socket(made.first), socket(made.second) };
	}

#ifdef __cpp_exceptions
	static socket connect(const options &where) { return socket(cqueues::socket::connect(where)); }
	static socket connect(std::string_view host, int port) { return socket(cqueues::socket::connect(host, port)); }
	static socket adopt(int fd) { return socket(cqueues::socket::adopt(fd)); }
	static socket dup(int fd) { return socket(cqueues::socket::dup(fd)); }

	static std::pair<socket, socket> pair(int type = SOCK_STREAM)
	{
		auto made = cqueues::socket::pair(type);
		return { socket(std::move(made.first)), socket(std::move(made.second)) };
	}
#endif

	template <class Operation> using awaitable = detail::awaitable<Operation>;
	using establish_type = awaitable<detail::establish_operation>;
	using starttls_type = awaitable<detail::starttls_operation>;
	using read_type = awaitable<detail::read_operation>;
	using fill_type = awaitable<detail::fill_operation>;
	using write_type = awaitable<detail::write_operation>;
	using flush_type = awaitable<detail::flush_operation>;
	using receive_from_type = awaitable<detail::receive_from_operation>;
	using send_to_type = awaitable<detail::send_to_operation>;
	using send_fd_type = awaitable<detail::send_fd_operation>;
	using receive_fd_type = awaitable<detail::receive_fd_operation>;
	using read_into_type = awaitable<detail::read_into_operation>;
	using read_body_type = awaitable<detail::read_body_operation>;
	using writev_type = awaitable<detail::writev_operation>;
	using send_file_type = awaitable<detail::send_file_operation>;
	using finish_type = awaitable<detail::finish_operation>;
	using receive_batch_type = awaitable<detail::receive_batch_operation>;
	using send_batch_type = awaitable<detail::send_batch_operation>;

	establish_type establish(std::error_code &code) const { return { &code, detail::establish_operation(*this) }; }
	starttls_type starttls(std::error_code &code) const { return { &code, { *this, nullptr } }; }
	starttls_type starttls(const tls &with, std::error_code &code) const { return { &code, { *this, &with } }; }
	read_type read_line(std::error_code &code) const { return read(CQ_READ_LINE, 0, &code); }
	read_type read_line_keep(std::error_code &code) const { return read(CQ_READ_LINE_KEEP, 0, &code); }
	read_type read(std::size_t count, std::error_code &code) const { return read(CQ_READ_EXACTLY, count, &code); }
	read_type read_some(std::size_t most, std::error_code &code) const { return read(CQ_READ_UP_TO, most, &code); }
	read_type read_all(std::error_code &code) const { return read(CQ_READ_ALL, 0, &code); }
	read_type read_header(std::error_code &code) const { return read(CQ_READ_HEADER, 0, &code); }
	read_into_type read_into(span<char> room, std::error_code &code) const { return { &code, { *this, room } }; }
	read_body_type read_body(std::string_view boundary, std::error_code &code) const { return { &code, { *this, boundary } }; }
	writev_type writev(span<const bytes> pieces, std::error_code &code) const { return { &code, { *this, pieces } }; }
	finish_type finish(std::error_code &code) const { return { &code, detail::finish_operation(*this) }; }
	receive_batch_type receive_batch(span<packet> list, std::error_code &code) const { return { &code, { *this, list } }; }
	send_batch_type send_batch(span<packet> list, std::error_code &code) const { return { &code, { *this, list } }; }
	fill_type fill(std::size_t size, std::error_code &code) const { return { &code, { *this, size } }; }
	write_type write(bytes data, std::error_code &code) const { return { &code, { *this, data } }; }
	flush_type flush(std::error_code &code) const { return { &code, detail::flush_operation(*this) }; }
	receive_from_type receive_from(span<char> room, std::error_code &code) const { return { &code, { *this, room } }; }
	receive_fd_type receive_fd(span<char> room, std::error_code &code) const { return { &code, { *this, room } }; }
	send_fd_type send_fd(bytes data, int fd, std::error_code &code) const { return { &code, { *this, data, fd } }; }

	send_file_type send_file(int fd, std::uint64_t offset, std::size_t count, std::error_code &code) const
	{
		return { &code, { *this, fd, offset, count } };
	}

	send_to_type send_to(bytes data, const address &to, std::error_code &code) const
	{
		return { &code, { *this, data, to } };
	}

#ifdef __cpp_exceptions
	establish_type establish() const { return { nullptr, detail::establish_operation(*this) }; }
	starttls_type starttls() const { return { nullptr, { *this, nullptr } }; }
	starttls_type starttls(const tls &with) const { return { nullptr, { *this, &with } }; }
	read_type read_line() const { return read(CQ_READ_LINE, 0, nullptr); }
	read_type read_line_keep() const { return read(CQ_READ_LINE_KEEP, 0, nullptr); }
	read_type read(std::size_t count) const { return read(CQ_READ_EXACTLY, count, nullptr); }
	read_type read_some(std::size_t most) const { return read(CQ_READ_UP_TO, most, nullptr); }
	read_type read_all() const { return read(CQ_READ_ALL, 0, nullptr); }
	read_type read_header() const { return read(CQ_READ_HEADER, 0, nullptr); }
	read_into_type read_into(span<char> room) const { return { nullptr, { *this, room } }; }
	read_body_type read_body(std::string_view boundary) const { return { nullptr, { *this, boundary } }; }
	writev_type writev(span<const bytes> pieces) const { return { nullptr, { *this, pieces } }; }
	finish_type finish() const { return { nullptr, detail::finish_operation(*this) }; }
	receive_batch_type receive_batch(span<packet> list) const { return { nullptr, { *this, list } }; }
	send_batch_type send_batch(span<packet> list) const { return { nullptr, { *this, list } }; }
	fill_type fill(std::size_t size) const { return { nullptr, { *this, size } }; }
	write_type write(bytes data) const { return { nullptr, { *this, data } }; }
	flush_type flush() const { return { nullptr, detail::flush_operation(*this) }; }
	receive_from_type receive_from(span<char> room) const { return { nullptr, { *this, room } }; }
	receive_fd_type receive_fd(span<char> room) const { return { nullptr, { *this, room } }; }
	send_fd_type send_fd(bytes data, int fd) const { return { nullptr, { *this, data, fd } }; }

	send_file_type send_file(int fd, std::uint64_t offset = 0, std::size_t count = SIZE_MAX) const
	{
		return { nullptr, { *this, fd, offset, count } };
	}

	send_to_type send_to(bytes data, const address &to = {}) const { return { nullptr, { *this, data, to } }; }
#endif

private:
	read_type read(std::uint32_t format, std::size_t count, std::error_code *code) const
	{
		return { code, { *this, format, count } };
	}
};

class listener : public detail::listener_base {
public:
	listener() noexcept = default;
	listener(std::string_view host, int port, std::error_code &code) { open(host, port, code); }
	listener(const options &where, std::error_code &code) { open(where, code); }
	explicit listener(cqueues::listener &&other) noexcept : listener_base(other.detach()) {}

	using establish_type = detail::awaitable<detail::establish_operation>;
	using accept_type = detail::awaitable<detail::accept_operation<socket>>;

	establish_type establish(std::error_code &code) const { return { &code, detail::establish_operation(*this) }; }
	accept_type accept(std::error_code &code) const { return { &code, detail::accept_operation<socket>(*this) }; }

#ifdef __cpp_exceptions
	listener(std::string_view host, int port)
	{
		detail::attempt("listen", [&](auto &code) { open(host, port, code); });
	}

	explicit listener(const options &where)
	{
		detail::attempt("listen", [&](auto &code) { open(where, code); });
	}

	establish_type establish() const { return { nullptr, detail::establish_operation(*this) }; }
	accept_type accept() const { return { nullptr, detail::accept_operation<socket>(*this) }; }
#endif
};

} // namespace cqueues::co
