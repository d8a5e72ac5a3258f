// SPDX-License-Identifier: MIT
// Sockets, listeners and options in fibers.

#include "fixture.hpp"

#include <array>
#include <iterator>
#if __cplusplus >= 202002L && __has_include(<ranges>)
#include <ranges>
#endif

static void echo(cqueues::socket client)
{
	client.set_mode("bl");
	while (auto line = client.read_line_keep())
		client.write(*line);
	client.flush();
}

TEST(lines_come_back_over_tcp_as_a_range)
{
	controller cq;
	auto [server, port] = listen_anywhere();
	cq.spawn([&server = server] { echo(server.accept()); });
	std::vector<std::string> lines;
	cq.spawn([&, port = port] {
		auto client = cqueues::socket::connect("127.0.0.1", port);
		client.write("one\ntwo\n");
		client.write(std::string("three\n"));
		client.shutdown(SHUT_WR);
		for (auto line : client.lines())
			lines.emplace_back(line);
	});
	cq.loop();
	EQ(lines.size(), 3u);
	EQ(lines[0] + lines[1] + lines[2], "onetwothree");
}

#if __cplusplus >= 202002L && __has_include(<ranges>) && !defined(__clang__)
static_assert(std::ranges::input_range<line_range<cqueues::socket>>, "lines can be filtered and transformed");
#endif

TEST(the_end_of_a_range_of_lines_tells_its_code)
{
	controller cq;
	cq.run([] {
		auto [a, b] = cqueues::socket::pair();
		b.set_timeout(2ms);
		a.write("one\n");
		std::error_code code;
		int count = 0;
		for (auto line : b.lines(code))
			count += line == "one";
		EQ(count, 1);
		EQ(code, std::errc::timed_out);
		EQ(b.error_of(direction::input), std::errc::timed_out);
		b.clear_error(direction::input);
		a.close();
		for (auto line : b.lines(code))
			count += line.empty() ? 1 : 1;
		EQ(count, 1);
		CHECK(!code);
		CHECK(b.is_at_end(direction::input));
	});
}

TEST(each_way_of_reading_gives_its_bytes)
{
	controller cq;
	cq.run([] {
		auto [a, b] = cqueues::socket::pair();
		a.set_mode("bn");
		b.set_mode("bn");
		a.write("Subject: x\n y\nline\nkept\nabcdefrest");
		a.shutdown(SHUT_WR);
		EQ(*b.read_header(), "Subject: x y");
		EQ(*b.read_line(), "line");
		EQ(*b.read_line_keep(), "kept\n");
		EQ(*b.read(3), "abc");
		EQ(*b.read_some(3), "def");
		b.fill(4);
		EQ(b.pending(direction::input), 4u);
		b.unget(">");
		EQ(*b.read_all(), ">rest");
		CHECK(!b.read_line());
		CHECK(!b.read(1));
	});
}

TEST(failures_tell_the_operation_the_reason_and_the_code)
{
	controller cq;
	auto [server, port] = listen_anywhere();
	server.close();
	cq.run([port = port] {
		auto client = cqueues::socket::connect("127.0.0.1", port);
		THROWS(client.read_line(), std::errc::connection_refused, "read_line");
		std::error_code code;
		client.write("x\n", code);
		EQ(code, std::errc::connection_refused);
		auto [a, b] = cqueues::socket::pair();
		b.close();
		a.write("x\n", code);
		EQ(code, std::errc::broken_pipe);
		THROWS(b.read(1), std::errc::bad_file_descriptor, "read");
		EQ(b.phase(), "closed");
	});
}

TEST(a_socket_that_was_moved_from_answers_ebadf_to_every_call)
{
	auto ends = cqueues::socket::pair();
	cqueues::socket &a = ends.first, &b = ends.second, taken = std::move(a);
	std::error_code code;
	int calls = 0;
	const auto refuses = [&](auto call) {
		code.clear();
		call();
		EQ(code, std::errc::bad_file_descriptor);
		calls++;
	};
	std::array<char, 4> room{};
	options settings;
	options moved = std::move(settings);
	tls trust;
	tls kept = std::move(trust);
	refuses([&] { a.read_line(code); });
	refuses([&] { a.read_line_keep(code); });
	refuses([&] { a.read(1, code); });
	refuses([&] { a.read_some(1, code); });
	refuses([&] { a.read_all(code); });
	refuses([&] { a.read_header(code); });
	refuses([&] { a.fill(1, code); });
	refuses([&] { a.write("x", code); });
	refuses([&] { a.flush(code); });
	refuses([&] { a.establish(code); });
	refuses([&] { a.starttls(code); });
	refuses([&] { a.starttls(kept, code); });
	refuses([&] { taken.starttls(trust, code); });
	refuses([&] { a.close(code); });
	refuses([&] { a.abort(code); });
	refuses([&] { a.shutdown(SHUT_WR, code); });
	refuses([&] { a.release_fd(code); });
	refuses([&] { a.configure(moved, code); });
	refuses([&] { a.unget("x", code); });
	refuses([&] { a.set_mode("b", code); });
	refuses([&] { a.set_mode(direction::input, "b", code); });
	refuses([&] { a.set_timeout(1s, code); });
	refuses([&] { a.set_max_line(direction::input, 1, code); });
	refuses([&] { a.set_buffer_size(direction::input, 1, code); });
	refuses([&] { a.set_hold(hold::lines, code); });
	refuses([&] { a.set_strict(true, code); });
	refuses([&] { a.clear_error(direction::input, code); });
	refuses([&] { a.peer(code); });
	refuses([&] { a.local(code); });
	refuses([&] { a.tls_fact(tls_fact::version, 0, code); });
	refuses([&] { a.receive_from(room, code); });
	refuses([&] { a.send_to("x", {}, code); });
	refuses([&] { a.send_fd("x", 0, code); });
	refuses([&] { a.receive_fd(room, code); });
	refuses([&] { for (auto line : a.lines(code)) CHECK(line.empty()); });
	refuses([&] { cqueues::socket::connect(settings, code); });
	refuses([&] { settings.host("::1", 1, code); });
	refuses([&] { settings.set(option::nodelay, 1, code); });
	refuses([&] { trust.verify(tls_verify::none, code); });
	refuses([&] { trust.certificate("a", "b", code); });
	refuses([&] { listener(settings, code); });
	refuses([&] { listener().accept(code); });
	dns_config config;
	dns_config other_config = std::move(config);
	dns_hosts hosts;
	refuses([&] { taken.configure(settings, code); });
	refuses([&] { kept.add_name("x.test", trust, code); });
	refuses([&] { trust.add_name("x.test", kept, code); });
	refuses([&] { listener("127.0.0.1", 0, code).listen_tls(trust, 1, code); });
	refuses([&] { config.set("timeout", "1", code); });
	refuses([&] { other_config.set_tls(trust, code); });
	refuses([&] { resolver_pool(config, hosts, code); });
	refuses([&] { configure_dns(config, hosts, code); });
	EQ(calls, 50);
	EQ(a.pending(direction::input), 0u);
	EQ(a.pollfd(), -1);
	EQ(a.reason(), "");
	CHECK(a.phase().empty());
	CHECK(!a.timeout_of_waits());
	THROWS(a.read_line(), std::errc::bad_file_descriptor, "read_line");
	taken.write("still here\n");
	EQ(*b.read_line(), "still here");
}

TEST(datagrams_keep_their_bounds_and_senders)
{
	controller cq;
	cq.run([] {
		options where("127.0.0.1", 0);
		where.set(option::type, SOCK_DGRAM);
		listener bound(where);
		bound.establish();
		cqueues::socket server(bound.detach());
		options there("127.0.0.1", server.local().port());
		there.set(option::type, SOCK_DGRAM);
		auto client = cqueues::socket::connect(there);
		client.send_to("hello");
		std::array<char, 3> room{};
		auto got = server.receive_from(room);
		EQ(std::string_view(room.data(), got.size), "hel");
		CHECK(got.truncated);
		EQ(got.from.name().port(), client.local().port());
		server.send_to("yes", got.from);
		got = client.receive_from(room);
		EQ(std::string_view(room.data(), got.size), "yes");
		CHECK(!got.truncated);
		client.set_timeout(1ms);
		THROWS(client.receive_from(room), std::errc::timed_out, "receive_from");
	});
}

TEST(descriptors_pass_over_unix_sockets)
{
	auto [a, b] = cqueues::socket::pair();
	int ends[2];
	CHECK(pipe(ends) == 0);
	a.send_fd("x", ends[1]);
	char room[4];
	auto got = b.receive_fd(room);
	EQ(got.size, 1u);
	CHECK(write(got.fd, "!", 1) == 1);
	char byte = 0;
	CHECK(read(ends[0], &byte, 1) == 1);
	EQ(byte, '!');
	close(got.fd), close(ends[0]), close(ends[1]);
}

TEST(descriptors_are_adopted_copied_and_released)
{
	int ends[2];
	const int before = open_descriptors();
	{
		CHECK(pipe(ends) == 0);
		auto reader = cqueues::socket::adopt(ends[0]);
		auto writer = cqueues::socket::dup(ends[1]);
		close(ends[1]);
		writer.write("through\n");
		EQ(*reader.read_line(), "through");
		const int fd = reader.release_fd();
		EQ(fd, ends[0]);
		close(fd);
		THROWS(cqueues::socket::adopt(-1), std::errc::bad_file_descriptor, "adopt");
	}
	EQ(open_descriptors(), before);
}

TEST(addresses_and_options_refuse_what_is_none)
{
	std::error_code code;
	auto address = address::parse("127.0.0.1", 80);
	EQ(address.name().text(), "127.0.0.1");
	EQ(address.name().port(), 80);
	CHECK(!address::parse("example.org", 80, code));
	EQ(code, errc::no_name);
	THROWS(address::parse("::1", 99999), std::errc::invalid_argument, "address");
	THROWS(address::parse(std::string_view("1.2.3.4\0x", 9), 1), std::errc::invalid_argument, "address");
	EQ(address::path("/tmp/x").name().text(), "/tmp/x");
	options where;
	THROWS(where.set(option::nodelay, 7), std::errc::invalid_argument, "set");
	THROWS(cqueues::socket::connect(where), std::errc::invalid_argument, "connect");
	CHECK(!cqueues::address());
}

TEST(bytes_and_spans_are_made_of_whatever_holds_some)
{
	auto [a, b] = cqueues::socket::pair();
	b.set_mode("bn");
	a.set_mode("bn");
	const std::vector<unsigned char> vector{ 'a', 'b' };
	const std::array<char, 2> array{ { 'c', 'd' } };
	a.write(vector);
	a.write(array);
	a.write(std::string_view("ef"));
	a.write({ "gh", 2 });
	EQ(*b.read(8), "abcdefgh");
	std::vector<char> room(3);
	span<char> piece(room);
	EQ(piece.size(), 3u);
	for (char &each : piece)
		each = 'x';
	EQ(room[2], 'x');
	CHECK(span<char>().empty());
}
