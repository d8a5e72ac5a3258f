// SPDX-License-Identifier: MIT
// The operations on sockets that few programs need, as coroutines await them: pieces, files, batches of datagrams.
#pragma once

#include "socket_operations.hpp"

namespace cqueues::detail {

class read_into_operation : public socket_operation {
public:
	read_into_operation(const socket_base &socket, span<char> room) noexcept : socket_operation(socket), room_(room) {}
	static constexpr const char *what = "read_into";

	int attempt() noexcept
	{
		if (!native())
			return EBADF;
		return cq_socket_try_recv_into(native(), room_.data(), room_.size(), CQ_MODE_DEFAULT, CQ_PATIENT | CQ_FLUSH, &size_);
	}

	std::optional<std::size_t> result(std::error_code &code) const noexcept { return size_of_read(size_, code); }

private:
	span<char> room_;
	std::size_t size_ = 0;
};

class read_body_operation : public socket_operation {
public:
	read_body_operation(const socket_base &socket, std::string_view boundary) noexcept
		: socket_operation(socket), boundary_(boundary)
	{
	}

	static constexpr const char *what = "read_body";

	int attempt() noexcept
	{
		if (!native())
			return EBADF;
		return cq_socket_try_recv_body(native(), boundary_.data(), boundary_.size(), CQ_MODE_DEFAULT, CQ_PATIENT | CQ_FLUSH, &data_,
					       &size_);
	}

	received result(std::error_code &code) const noexcept { return received_of(data_, size_, code); }

private:
	std::string_view boundary_;
	const void *data_ = nullptr;
	std::size_t size_ = 0;
};

// Keeps no copy of the list: what was taken of it is a number of whole pieces and a part of the next one.
class writev_operation : public socket_operation {
public:
	writev_operation(const socket_base &socket, span<const bytes> pieces) noexcept : socket_operation(socket), pieces_(pieces) {}
	static constexpr const char *what = "writev";

	int attempt() noexcept
	{
		if (!native())
			return EBADF;
		if (pieces_.empty())
			return EINVAL;
		while (index_ < pieces_.size()) {
			const bytes &piece = pieces_[index_];
			std::size_t sent = 0;
			int code;
			if (part_ > 0)
				code = cq_socket_try_send(native(), static_cast<const char *>(piece.data()) + part_, piece.size() - part_,
							  CQ_MODE_DEFAULT | CQ_AGAIN, &sent);
			else
				code = cq_socket_try_sendv(native(), bytes::pieces(pieces_) + index_, pieces_.size() - index_,
							   CQ_MODE_DEFAULT | CQ_AGAIN, &sent);
			advance(sent);
			if (code)
				return code;
		}
		return cq_socket_try_flush(native(), cq_socket_mode(native(), CQ_OUTPUT));
	}

	void result(std::error_code &) const noexcept {}

private:
	void advance(std::size_t sent) noexcept
	{
		part_ += sent;
		while (index_ < pieces_.size() && part_ >= pieces_[index_].size())
			part_ -= pieces_[index_++].size();
	}

	span<const bytes> pieces_;
	std::size_t index_ = 0, part_ = 0;
};

class send_file_operation : public socket_operation {
public:
	send_file_operation(const socket_base &socket, int fd, std::uint64_t offset, std::size_t count) noexcept
		: socket_operation(socket), offset_(offset), left_(count), fd_(fd)
	{
	}

	static constexpr const char *what = "send_file";

	int attempt() noexcept
	{
		if (!native())
			return EBADF;
		for (;;) {
			std::size_t sent = 0;
			const int code = cq_socket_try_sendfile(native(), fd_, offset_ + sent_, left_, &sent);
			sent_ += sent;
			left_ -= sent;
			if (code || sent == 0 || left_ == 0)
				return code;
		}
	}

	std::size_t result(std::error_code &) const noexcept { return sent_; }

private:
	std::uint64_t offset_;
	std::size_t left_, sent_ = 0;
	int fd_;
};

class finish_operation : public socket_operation {
public:
	using socket_operation::socket_operation;
	static constexpr const char *what = "finish";

	int attempt() const noexcept { return native() ? cq_socket_try_finish(native()) : EBADF; }
	void result(std::error_code &) const noexcept {}
};

class receive_batch_operation : public socket_operation {
public:
	receive_batch_operation(const socket_base &socket, span<packet> list) noexcept : socket_operation(socket), list_(list) {}
	static constexpr const char *what = "receive_batch";

	int attempt() noexcept { return native() ? cq_socket_try_recv_batch(native(), list_.data(), list_.size(), &done_) : EBADF; }
	std::size_t result(std::error_code &code) const noexcept { return code ? 0 : done_; }

private:
	span<packet> list_;
	std::size_t done_ = 0;
};

class send_batch_operation : public socket_operation {
public:
	send_batch_operation(const socket_base &socket, span<packet> list) noexcept : socket_operation(socket), list_(list) {}
	static constexpr const char *what = "send_batch";

	int attempt() noexcept { return native() ? send_rest(native(), list_, sent_) : EBADF; }
	std::size_t result(std::error_code &) const noexcept { return sent_; }

private:
	span<packet> list_;
	std::size_t sent_ = 0;
};

} // namespace cqueues::detail
