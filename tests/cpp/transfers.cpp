// SPDX-License-Identifier: MIT
// Pieces, files, batches of datagrams and the system's options, in fibers.

#include "fixture.hpp"
#include "transfers.hpp"

#include <array>

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

TEST(pieces_leave_as_one_and_bytes_come_into_the_caller_s_memory)
{
	controller cq;
	cq.run([] {
		auto [a, b] = cqueues::socket::pair();
		a.set_mode("bf");
		b.set_mode("bn");
		const std::vector<char> rest = { 'c', 'd' };
		const std::array<bytes, 2> list = { { bytes("ef"), bytes(rest) } };
		a.writev({ "a", std::string("b"), rest, "" });
		a.writev(list);
		a.finish();
		std::array<char, 5> room;
		EQ(*b.read_into(room), 5u);
		EQ(std::string(room.data(), 5), "abcde");
		EQ(*b.read_into({ room.data(), 2 }), 2u);
		EQ(*b.read_some(9), "d");
		CHECK(!b.read_into(room)); // the end
		EQ(*(b.write("back"), b.flush(), a.read_some(9)), "back"); // which ended one direction only
		a.set_mode("bn");
		THROWS(a.writev({ "late" }), std::errc::broken_pipe, "writev");
		THROWS(b.writev(span<const bytes>()), std::errc::invalid_argument, "writev");
	});
}

TEST(more_pieces_and_more_of_a_file_than_the_kernel_takes_at_once_arrive)
{
	controller cq;
	temporary_file file(3 << 20);
	auto [a, b] = cqueues::socket::pair();
	std::size_t got = 0;
	cq.spawn([&a = a, &file] {
		const std::string large(1 << 20, 'x');
		a.writev({ large, "|", large });
		EQ(a.send_file(file.fd(), 1, 2 << 20), static_cast<std::size_t>(2 << 20));
		EQ(a.send_file(file.fd(), (3 << 20) - 5), 5u);
		EQ(a.send_file(file.fd(), 4 << 20, 1), 0u); // beyond its end
		a.finish();
	});
	cq.spawn([&b = b, &got] {
		std::array<char, 65536> room;
		while (auto size = b.read_into(room))
			got += *size;
	});
	cq.loop();
	EQ(got, static_cast<std::size_t>((4 << 20) + 1 + 5));
	std::error_code code;
	a.send_file(-1, 0, 1, code);
	CHECK(code);
}

TEST(the_parts_of_a_mime_entity_are_read_up_to_their_boundary)
{
	controller cq;
	cq.run([] {
		auto [a, b] = cqueues::socket::pair();
		a.set_mode("bn");
		b.set_mode("bn");
		a.write("one\r\ntwo\r\n--part\r\nthree");
		a.finish();
		std::string text;
		while (auto chunk = b.read_body("--part"))
			text += *chunk;
		EQ(text, "one\r\ntwo");
		EQ(*b.read_line(), "--part\r");
		auto [c, d] = cqueues::socket::pair();
		d.set_timeout(2ms);
		THROWS(d.read_body("--part"), std::errc::timed_out, "read_body");
	});
}

TEST(datagrams_come_and_go_in_batches)
{
	controller cq;
	auto [server, client] = udp_ends<cqueues::socket>();
	cq.spawn([&client = client, to = server.local()] {
		const auto where = address::parse("127.0.0.1", to.port());
		sleep(2ms); // so that the other one waits
		std::vector<packet> list = { packet::of("one", where), packet::of("two", where), packet::of("a long one", where) };
		EQ(client.send_batch(list), 3u);
	});
	cq.spawn([&server = server, from = client.local()] {
		server.set_timeout(5s);
		char rooms[3][5];
		std::vector<packet> list = { packet::into(rooms[0]), packet::into(rooms[1]), packet::into(rooms[2]) };
		std::size_t count = 0;
		while (count < 3)
			count += server.receive_batch({ list.data() + count, 3 - count });
		EQ(list[0].text(), "one");
		EQ(list[1].text(), "two");
		CHECK(!list[1].is_truncated() && list[2].is_truncated());
		EQ(list[2].peer().name().port(), from.port());
		server.set_timeout(1ms);
		THROWS(server.receive_batch(list), std::errc::timed_out, "receive_batch");
		THROWS(server.receive_batch({}), std::errc::invalid_argument, "receive_batch");
		std::vector<packet> lost = { packet::of("nobody") };
		std::error_code code;
		EQ(server.send_batch(lost, code), 0u); // without an address, and not connected
		CHECK(code);
	});
	cq.loop();
}

#ifdef __linux__
TEST(a_batch_tells_where_datagrams_came_to_and_how_they_were_marked)
{
	controller cq;
	cq.run([] {
		auto [server, client] = udp_ends<cqueues::socket>();
		const int port = server.local().port();
		EQ(server.get(option::packet_info), 1);
		auto marked = packet::of("marked", address::parse("127.0.0.1", port));
		marked.ecn = 2;
		auto cut = packet::of("aaaabbbbcc", address::parse("127.0.0.1", port));
		cut.segment = 4;
		std::vector<packet> list = { marked };
		EQ(client.send_batch(list), 1u);
		char room[100];
		list = { packet::into(room) };
		EQ(server.receive_batch(list), 1u);
		EQ(list[0].local_address().name().text(), "127.0.0.1");
		EQ(list[0].interface, if_nametoindex("lo"));
		EQ(list[0].ecn, 2u);
		std::error_code code;
		list = { cut };
		client.send_batch(list, code);
		if (code)
			return; // an old kernel, without UDP_SEGMENT
		std::string text;
		while (text.size() < 10) {
			list = { packet::into(room) };
			EQ(server.receive_batch(list), 1u);
			text += list[0].text();
		}
		EQ(text, "aaaabbbbcc");
	});
}
#endif

TEST(options_tell_what_is_in_effect_and_raw_ones_pass_through)
{
	controller cq;
	cq.run([] {
		auto [server, port] = listen_anywhere();
		auto client = cqueues::socket::connect(options("127.0.0.1", port).set(option::tos, 16).set(option::receive_buffer, 65536));
		client.establish();
		EQ(client.get(option::tos), 16);
		CHECK(client.get(option::receive_buffer) >= 65536);
		EQ(client.get(option::nodelay), 0);
		int on = 1;
		client.set_raw(IPPROTO_TCP, TCP_NODELAY, { &on, sizeof on });
		EQ(client.get(option::nodelay), 1);
		int found = 0;
		EQ(client.get_raw(IPPROTO_TCP, TCP_NODELAY, { reinterpret_cast<char *>(&found), sizeof found }), sizeof found);
		CHECK(found != 0);
		THROWS(client.get(option::backlog), std::errc::invalid_argument, "get");
		THROWS(client.set_raw(-1, -1, { &on, sizeof on }), std::errc::no_protocol_option, "set_raw");
		client.set_mode("bl");
		EQ(client.mode(direction::output), "bla");
		EQ(client.max_line(direction::input) > 0, true);
		client.set_buffer_size(direction::input, 12345);
		EQ(client.buffer_size(direction::input), 12345u);
		CHECK(client.holds() == hold::lines);
		client.set_hold(hold::answers);
		CHECK(client.holds() == hold::answers);
		auto [a, b] = cqueues::socket::pair();
		EQ(a.peer_user().uid, geteuid());
		EQ(b.peer_process(), getpid());
		THROWS(a.uncork(), std::errc::operation_not_supported, "uncork");
		THROWS(a.tls_expiry(), std::errc::no_such_file_or_directory, "tls_expiry");
		CHECK(!a.share_ssl());
	});
}

TEST(members_of_a_multicast_group_get_what_is_sent_to_it)
{
	controller cq;
	cq.run([] {
		auto [server, client] = udp_ends<cqueues::socket>("0.0.0.0");
		const int port = server.local().port();
		const auto group = address::parse("239.255.7.7", 0);
		std::error_code code;
		server.join(group, "lo", code);
		if (code == std::errc::no_such_device)
			check::skip("no interface lo");
		CHECK(!code);
		THROWS(server.join(group, "lo"), std::errc::address_in_use, "join");
		client.set_multicast_interface("lo");
		client.configure(options().set(option::multicast_loop, 1).set(option::multicast_ttl, 0));
		client.send_to("hello", address::parse("239.255.7.7", port));
		char room[10];
		server.set_timeout(5s);
		EQ(server.receive_from(room).size, 5u);
		server.leave(group, "lo");
		THROWS(server.leave(group, "lo"), std::errc::address_not_available, "leave");
		THROWS(server.join(address::parse("127.0.0.1", 0)), std::errc::invalid_argument, "join");
		THROWS(server.join(group, "no-such-if"), std::errc::no_such_device, "join");
		THROWS(server.join(group, std::string_view("l\0o", 3)), std::errc::invalid_argument, "join");
	});
}

TEST(a_listener_takes_a_descriptor_that_was_handed_over)
{
	listener bound("127.0.0.1", 0);
	bound.establish();
	const int port = bound.local().port(), fd = bound.release_fd();
	CHECK(::listen(fd, 1) == 0);
	if (fd != 3) {
		CHECK(dup2(fd, 3) == 3);
		close(fd);
	}
	setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
	setenv("LISTEN_FDS", "1", 1);
	controller cq;
	listener server(options("127.0.0.1", port).set(option::activated, 1));
	cq.spawn([&] { server.accept().write("hello\n"); });
	cq.spawn([port] { EQ(*cqueues::socket::connect("127.0.0.1", port).read_line(), "hello"); });
	cq.loop();
}

TEST(a_socket_that_was_moved_from_refuses_transfers)
{
	auto ends = cqueues::socket::pair();
	cqueues::socket &a = ends.first, taken = std::move(a);
	std::vector<packet> list = { packet::of("x") };
	char room[1];
	THROWS(a.writev({ "x" }), std::errc::bad_file_descriptor, "writev");
	THROWS(a.read_into(room), std::errc::bad_file_descriptor, "read_into");
	THROWS(a.read_body("--"), std::errc::bad_file_descriptor, "read_body");
	THROWS(a.send_file(0), std::errc::bad_file_descriptor, "send_file");
	THROWS(a.finish(), std::errc::bad_file_descriptor, "finish");
	THROWS(a.send_batch(list), std::errc::bad_file_descriptor, "send_batch");
	THROWS(a.receive_batch(list), std::errc::bad_file_descriptor, "receive_batch");
	THROWS(a.get(option::nodelay), std::errc::bad_file_descriptor, "get");
	THROWS(a.set_raw(0, 0, "x"), std::errc::bad_file_descriptor, "set_raw");
	THROWS(a.get_raw(0, 0, room), std::errc::bad_file_descriptor, "get_raw");
	THROWS(a.join({}), std::errc::bad_file_descriptor, "join");
	THROWS(a.leave({}), std::errc::bad_file_descriptor, "leave");
	THROWS(a.set_multicast_interface("lo"), std::errc::bad_file_descriptor, "set_multicast_interface");
	THROWS(a.peer_user(), std::errc::bad_file_descriptor, "peer_user");
	THROWS(a.peer_process(), std::errc::bad_file_descriptor, "peer_process");
	THROWS(a.tls_expiry(), std::errc::bad_file_descriptor, "tls_expiry");
	EQ(a.mode(direction::input), "");
}
