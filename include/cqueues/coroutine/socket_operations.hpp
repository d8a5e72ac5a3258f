// SPDX-License-Identifier: MIT
// The operations on sockets, as coroutines await them.
#pragma once

#include "../detail/listener_base.hpp"
#include "operation.hpp"

namespace cqueues::detail {

// What the operations on a socket have in common: they wait for the socket, at most its timeout.
class socket_operation {
public:
	explicit socket_operation(const socket_base &socket) noexcept : socket_(&socket) {}

	void describe(cq_interest &interest) const noexcept { interest.socket = native(); }
	const socket_base &object() const noexcept { return *socket_; }

	timeout limit() const noexcept
	{
		const double seconds = cq_socket_timeout(native());
		return seconds == seconds ? timeout(duration(seconds)) : forever;
	}

protected:
	cq_socket *native() const noexcept { return socket_->native(); }

private:
	const socket_base *socket_;
};

class establish_operation : public socket_operation {
public:
	using socket_operation::socket_operation;
	static constexpr const char *what = "establish";

	int attempt() const noexcept { return native() ? cq_socket_try_establish(native()) : EBADF; }
	void result(std::error_code &) const noexcept {}
};

class read_operation : public socket_operation {
public:
	read_operation(const socket_base &socket, std::uint32_t format, std::size_t count) noexcept
		: socket_operation(socket), count_(count), format_(format)
	{
	}

	static constexpr const char *what = "read";

	int attempt() noexcept
	{
		return native() ? cq_socket_try_recv(native(), format_, count_, CQ_MODE_DEFAULT, CQ_PATIENT | CQ_FLUSH, &data_, &size_)
				: EBADF;
	}

	received result(std::error_code &code) const noexcept { return received_of(data_, size_, code); }

private:
	const void *data_ = nullptr;
	std::size_t size_ = 0, count_;
	std::uint32_t format_;
};

class fill_operation : public socket_operation {
public:
	fill_operation(const socket_base &socket, std::size_t size) noexcept : socket_operation(socket), size_(size) {}
	static constexpr const char *what = "fill";

	int attempt() const noexcept { return native() ? cq_socket_try_fill(native(), size_) : EBADF; }
	void result(std::error_code &) const noexcept {}

private:
	std::size_t size_;
};

class write_operation : public socket_operation {
public:
	write_operation(const socket_base &socket, bytes data) noexcept
		: socket_operation(socket), data_(static_cast<const char *>(data.data())), left_(data.size())
	{
	}

	static constexpr const char *what = "write";

	int attempt() noexcept
	{
		if (!native())
			return EBADF;
		if (taken_)
			return cq_socket_try_flush(native(), cq_socket_mode(native(), CQ_OUTPUT));
		std::size_t sent = 0;
		const int code = cq_socket_try_send(native(), data_, left_, CQ_MODE_DEFAULT | CQ_AGAIN, &sent);
		data_ += sent;
		left_ -= sent;
		taken_ = left_ == 0;
		return code;
	}

	void result(std::error_code &) const noexcept {}

private:
	const char *data_;
	std::size_t left_;
	bool taken_ = false;
};

class flush_operation : public socket_operation {
public:
	using socket_operation::socket_operation;
	static constexpr const char *what = "flush";

	int attempt() const noexcept { return native() ? cq_socket_try_flush(native(), CQ_MODE_DEFAULT) : EBADF; }
	void result(std::error_code &) const noexcept {}
};

class starttls_operation : public socket_operation {
public:
	starttls_operation(const socket_base &socket, const tls *configuration) noexcept
		: socket_operation(socket), configuration_(configuration)
	{
	}

	static constexpr const char *what = "starttls";

	int attempt() const noexcept
	{
		if (!native() || (configuration_ && !*configuration_))
			return EBADF;
		return cq_socket_try_starttls(native(), configuration_ ? configuration_->native() : nullptr);
	}

	void result(std::error_code &) const noexcept {}

private:
	const tls *configuration_;
};

template <class Socket> class accept_operation : public socket_operation {
public:
	using socket_operation::socket_operation;
	static constexpr const char *what = "accept";

	int attempt() noexcept { return native() ? cq_socket_try_accept(native(), &accepted_) : EBADF; }
	Socket result(std::error_code &) noexcept { return Socket(std::exchange(accepted_, nullptr)); }

private:
	cq_socket *accepted_ = nullptr;
};

class receive_from_operation : public socket_operation {
public:
	receive_from_operation(const socket_base &socket, span<char> room) noexcept : socket_operation(socket), room_(room) {}
	static constexpr const char *what = "receive_from";

	int attempt() noexcept
	{
		return native() ? cq_socket_try_recvfrom(native(), room_.data(), room_.size(), &got_.size, &got_.from.native(), &flags_)
				: EBADF;
	}

	datagram result(std::error_code &) noexcept
	{
		got_.truncated = (flags_ & CQ_TRUNCATED) != 0;
		return got_;
	}

private:
	span<char> room_;
	datagram got_;
	std::uint32_t flags_ = 0;
};

class send_to_operation : public socket_operation {
public:
	send_to_operation(const socket_base &socket, bytes data, const address &to) noexcept
		: socket_operation(socket), data_(data), to_(to)
	{
	}

	static constexpr const char *what = "send_to";

	int attempt() const noexcept
	{
		return native() ? cq_socket_try_sendto(native(), data_.data(), data_.size(), to_ ? &to_.native() : nullptr) : EBADF;
	}

	void result(std::error_code &) const noexcept {}

private:
	bytes data_;
	address to_;
};

class send_fd_operation : public socket_operation {
public:
	send_fd_operation(const socket_base &socket, bytes data, int fd) noexcept : socket_operation(socket), data_(data), fd_(fd) {}
	static constexpr const char *what = "send_fd";

	int attempt() const noexcept { return native() ? cq_socket_try_sendfd(native(), data_.data(), data_.size(), fd_) : EBADF; }
	void result(std::error_code &) const noexcept {}

private:
	bytes data_;
	int fd_;
};

class receive_fd_operation : public socket_operation {
public:
	receive_fd_operation(const socket_base &socket, span<char> room) noexcept : socket_operation(socket), room_(room) {}
	static constexpr const char *what = "receive_fd";

	int attempt() noexcept
	{
		return native() ? cq_socket_try_recvfd(native(), room_.data(), room_.size(), &got_.size, &got_.fd) : EBADF;
	}

	received_fd result(std::error_code &) const noexcept { return got_; }

private:
	span<char> room_;
	received_fd got_;
};

} // namespace cqueues::detail
