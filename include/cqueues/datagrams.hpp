// SPDX-License-Identifier: MIT
// Datagrams, one at a time and many at once.
#pragma once

#include "address.hpp"
#include "span.hpp"

namespace cqueues {

// A datagram that came.
struct datagram {
	std::size_t size = 0;
	address from;
	bool truncated = false; // it had more bytes than there was room for
};

// One of a batch of datagrams, to receive or to send. Its members are those of cq_datagram, whose local, interface, ecn and
// segment may be set and read: option::packet_info, option::ecn and option::segments have them told of what came.
struct packet : cq_datagram {
	packet() noexcept : cq_datagram() {}

	// Room for one that comes.
	static packet into(span<char> room) noexcept
	{
		packet made;
		made.data = room.data();
		made.size = room.size();
		return made;
	}

	// One to send to an address, or with a default one to the connected peer.
	static packet of(bytes text, const cqueues::address &to = {}) noexcept
	{
		packet made;
		made.data = const_cast<void *>(text.data()); // which C only reads
		made.size = text.size();
		made.address = to.native();
		return made;
	}

	// The bytes that came.
	std::string_view text() const noexcept { return { static_cast<const char *>(data), received }; }
	cqueues::address peer() const noexcept { return cqueues::address(address); }
	cqueues::address local_address() const noexcept { return cqueues::address(local); }
	bool is_truncated() const noexcept { return (flags & CQ_TRUNCATED) != 0; }
};

static_assert(sizeof(packet) == sizeof(cq_datagram), "an array of one is an array of the other");

} // namespace cqueues
