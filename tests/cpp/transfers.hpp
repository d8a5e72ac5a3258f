// SPDX-License-Identifier: MIT
// What the tests of transfers share.
#pragma once

#include "fixture.hpp"

// A file of so many bytes, which has no name.
class temporary_file {
public:
	explicit temporary_file(off_t size) : file_(std::tmpfile())
	{
		CHECK(file_ && ftruncate(fd(), size) == 0);
	}

	temporary_file(const temporary_file &) = delete;
	temporary_file &operator=(const temporary_file &) = delete;
	~temporary_file() { std::fclose(file_); }

	int fd() const { return fileno(file_); }

private:
	std::FILE *file_;
};

// Two UDP sockets, bound to ports of their own; the first tells all that can be told of datagrams.
template <class Socket> std::pair<Socket, Socket> udp_ends(const char *host = "127.0.0.1")
{
	const auto bound = [&](bool tells) {
		options where(host, 0);
		where.set(option::type, SOCK_DGRAM).set(option::packet_info, tells).set(option::ecn, tells);
		listener made(where);
		made.establish();
		return Socket(made.detach());
	};
	return { bound(true), bound(false) };
}
