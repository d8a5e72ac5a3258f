// SPDX-License-Identifier: MIT
// Pieces, files and batches of datagrams in coroutines.

#include "transfers.hpp"

#include <cqueues/coroutine.hpp>

#include <array>

TEST(coroutines_send_pieces_and_files)
{
	controller cq;
	temporary_file file(3 << 20);
	auto [a, b] = co::socket::pair();
	std::size_t got = 0;
	cq.spawn([&a = a, &file]() -> task<> {
		const std::string large(1 << 20, 'x');
		const std::array<bytes, 4> list = { { bytes(large), bytes(""), bytes("|"), bytes(large) } };
		co_await a.writev(list);
		EQ(co_await a.send_file(file.fd(), 1, 2 << 20), static_cast<std::size_t>(2 << 20));
		EQ(co_await a.send_file(file.fd(), (3 << 20) - 5), 5u);
		co_await a.finish();
		std::error_code code;
		co_await a.writev(list, code);
		EQ(code, std::errc::broken_pipe);
		co_await a.writev({}, code);
		EQ(code, std::errc::invalid_argument);
	});
	cq.spawn([&b = b, &got]() -> task<> {
		std::array<char, 65536> room;
		while (auto size = co_await b.read_into(room))
			got += *size;
	});
	cq.loop();
	EQ(got, static_cast<std::size_t>((4 << 20) + 1 + 5));
}

TEST(pieces_that_are_awaited_cost_no_allocation)
{
	controller cq;
	cq.run([]() -> task<> {
		auto [a, b] = co::socket::pair();
		a.set_mode("bn");
		b.set_mode("bn");
		const std::array<bytes, 2> list = { { bytes("one"), bytes("\n") } };
		std::array<char, 9> room;
		co_await a.writev(list);
		EQ(*co_await b.read_into(room), 4u);
		const std::size_t before = allocations;
		co_await a.writev(list);
		EQ(*co_await b.read_into(room), 4u);
		EQ(allocations, before);
	});
}

TEST(coroutines_read_the_parts_of_a_mime_entity)
{
	controller cq;
	cq.run([]() -> task<> {
		auto [a, b] = co::socket::pair();
		a.set_mode("bn");
		b.set_mode("bn");
		co_await a.write("one\r\ntwo\r\n--part\r\nthree");
		co_await a.finish();
		std::string text;
		while (auto chunk = co_await b.read_body("--part"))
			text += *chunk;
		EQ(text, "one\r\ntwo");
		EQ(*co_await b.read_line(), "--part\r");
	});
}

TEST(coroutines_receive_and_send_batches)
{
	controller cq;
	auto [server, client] = udp_ends<co::socket>();
	cq.spawn([&client = client, port = server.local().port()]() -> task<> {
		co_await co::sleep(2ms);
		const auto where = address::parse("127.0.0.1", port);
		std::vector<packet> list = { packet::of("one", where), packet::of("two", where) };
		EQ(co_await client.send_batch(list), 2u);
	});
	cq.spawn([&server = server]() -> task<> {
		char rooms[2][5];
		std::vector<packet> list = { packet::into(rooms[0]), packet::into(rooms[1]) };
		std::size_t count = 0;
		while (count < 2)
			count += co_await server.receive_batch({ list.data() + count, 2 - count });
		EQ(list[0].text(), "one");
		EQ(list[1].text(), "two");
		server.set_timeout(1ms);
		std::error_code code;
		co_await server.receive_batch(list, code);
		EQ(code, std::errc::timed_out);
		co::socket moved = std::move(server);
		co_await server.send_batch(list, code);
		EQ(code, std::errc::bad_file_descriptor);
	});
	cq.loop();
}
