// SPDX-License-Identifier: MIT
// Names of errors and signals, what nests in other event loops, and the tables and messages of DNS.

#include "fixture.hpp"

#include <algorithm>

#include <poll.h>

TEST(errors_and_the_library_have_names)
{
	EQ(error_name(make_error_code(EAGAIN)), "EAGAIN");
	EQ(error_name(cqueues::errc::panic), "CQ_EPANIC");
	EQ(error_name(make_error_code(123456)), "");
	EQ(error_of_name("ECANCELED"), std::errc::operation_canceled);
	EQ(error_of_name("CQ_ENONAME"), cqueues::errc::no_name);
	CHECK(!error_of_name("ENOSUCH"));
	EQ(version(), CQ_VERSION);
	EQ(vendor(), std::string("libcqueues"));
}

// Destroyed after what the thread itself keeps: once that made the library panic.
struct destroyed_last {
	~destroyed_last()
	{
		std::error_code code;
		cqueues::cancel(0, code);
		EQ(code, std::errc::no_such_file_or_directory);
		sleep(0s, code);
		CHECK(!code);
	}
};

TEST(a_program_that_ends_may_call_the_library_in_its_last_destructors)
{
	static const destroyed_last last;
	controller cq;
	cq.run([] { sleep(1ms); });
}

TEST(signals_have_names_and_dispositions)
{
	EQ(signal_name(SIGINT), "SIGINT");
	EQ(signal_name(12345), "");
	EQ(signal_number("SIGTERM"), SIGTERM);
	THROWS(signal_number("SIGNONE"), std::errc::no_such_file_or_directory, "signal_number");
	CHECK(!signal_text(SIGINT).empty());
	CHECK(signal_features() != 0);
	ignore_signals({ SIGUSR1, SIGUSR2 });
	raise_signals({ SIGUSR1, SIGUSR2 });
	discard_signals({ SIGUSR1 });
	raise_signals({ SIGUSR1 });
	default_signals({ SIGUSR2 });
	THROWS(ignore_signals({ SIGKILL }), std::errc::invalid_argument, "ignore_signals");
	block_signals({ SIGUSR2 });
	signal_listener came({ SIGUSR2 });
	came.set_timeout(1s);
	raise_signals({ SIGUSR2 });
	if (came.pollfd() >= 0) {
		pollfd ready = { came.pollfd(), came.events(), 0 };
		EQ(poll(&ready, 1, 5000), 1);
	}
	EQ(came.wait(), SIGUSR2);
}

TEST(notifiers_processes_threads_and_controllers_nest_in_other_loops)
{
	notifier changes("/tmp", CQ_NOTIFY_ALL);
	changes.step();
	pollfd ready = { changes.pollfd(), changes.events(), 0 };
	EQ(poll(&ready, 1, 0) >= 0, true);
	CHECK(!changes.poll_timeout() || changes.poll_timeout()->count() >= 0);
	CHECK(notify_features() != 0);
	EQ(notify_name(CQ_NOTIFY_CREATE), "CREATE");
	process child(process_options({ "/bin/true" }));
	if (child.pollfd() >= 0) {
		ready = { child.pollfd(), POLLIN, 0 };
		EQ(poll(&ready, 1, 10000), 1);
	} else {
		CHECK(child.poll_timeout());
	}
	EQ(child.wait().code, 0);
	controller cq;
	EQ(cq.current_order(), order::oldest_first);
	cq.set_order(order::newest_first);
	EQ(cq.current_order(), order::newest_first);
	EQ(cq.events(), POLLIN);
	auto ends = cqueues::socket::pair();
	ends.first.write("x\n");
	std::error_code code;
	cq.run([&] { EQ(*ends.second.read_line(), "x"); });
	EQ(ends.second.events() & ~POLLIN, 0);
	CHECK(!ends.second.poll_timeout());
}

TEST(a_controller_cancels_the_waits_for_a_descriptor)
{
	controller cq;
	int pipe_ends[2];
	CHECK(pipe(pipe_ends) == 0);
	auto waiting = cq.spawn([&] {
		interest one(pipe_ends[0], POLLIN);
		EQ(one.pollfd(), pipe_ends[0]);
		poll({ &one, 1 });
		return one.fired;
	});
	cq.step(0s);
	waiting.set_name("reader");
	EQ(waiting.name(), "reader");
	cq.cancel(pipe_ends[0]);
	cq.loop();
	EQ(waiting.join(), static_cast<std::uint32_t>(CQ_CANCELLED));
	EQ(waiting.name(), "");
	auto told = cq.spawn([] { std::error_code code; sleep(forever, code); });
	cq.step(0s);
	told.cancel("no more");
	EQ(told.reason(), "no more");
	cq.loop();
}

TEST(a_thread_tells_why_it_ended)
{
	std::error_code code;
	cqueues::thread::self(code);
	EQ(code, std::errc::no_such_process);
	thread explaining([](cqueues::socket channel) {
		const auto self = cqueues::thread::self();
		CHECK(self.is_same(self));
		cqueues::thread::explain("out of paper");
		channel.write("done\n");
	});
	EQ(*explaining.channel().read_line(), "done");
	pollfd ready = { explaining.pollfd(), POLLIN, 0 };
	EQ(poll(&ready, 1, 10000), 1);
	explaining.join();
	EQ(explaining.reason(), "out of paper");
	const thread none;
	CHECK(!none.is_same(none) && none.reason().empty());
}

TEST(dns_configurations_hosts_and_hints_are_read_and_written)
{
	dns_config config;
	config.load("nameserver 127.0.0.1\nsearch a.example b.example\nnonsense \x01\noptions ndots:2\n", dns_syntax::resolv_conf, "mine");
	EQ(config.list(dns_list::nameservers).at(0), "127.0.0.1");
	EQ(config.list(dns_list::search).size(), 2u);
	EQ(config.get("ndots"), "2");
	THROWS(config.get("no-such"), std::errc::no_such_file_or_directory, "get");
	const auto names = config.candidates("www");
	CHECK(std::find(names.begin(), names.end(), "www.a.example.") != names.end());
	CHECK(config.text().find("nameserver 127.0.0.1") != std::string::npos);
	THROWS(config.load_path("/no/such/file"), std::errc::no_such_file_or_directory, "load_path");
	CHECK(dns_config::system() && dns_config::recursive().get("recurse") == "true");

	dns_hosts hosts;
	hosts.load("127.0.0.9 here.example\nno-address x\n", "mine");
	CHECK(hosts.text().find("here.example") != std::string::npos);
	EQ(hosts.warnings().size(), 1u);
	CHECK(hosts.warnings()[0].find("mine") != std::string::npos);
	THROWS(hosts.load_path("/no/such/file"), std::errc::no_such_file_or_directory, "load_path");
	CHECK(dns_hosts::system());

	dns_hints hints;
	hints.insert("example", dns_server{ "127.0.0.2", 7 });
	hints.insert(".", config);
	EQ(hints.servers("example").at(0).address, "127.0.0.2");
	EQ(hints.servers("example")[0].priority, 7);
	EQ(hints.servers(".").at(0).address, "127.0.0.1");
	EQ(hints.servers("none").size(), 0u);
	THROWS(hints.insert("example", dns_server{ "not an address", 1 }), cqueues::errc::address, "insert");
	CHECK(hints.text().find("127.0.0.2") != std::string::npos);
	CHECK(!dns_hints::root().servers(".").empty());
	EQ(dns_hints::of(config).servers(".").size(), 1u);

	resolver_pool pool(config, hosts, hints);
	EQ(pool.addresses("here.example", AF_INET).at(0).name().text(), "127.0.0.9");
	configure_dns(config, hosts, hints);
	clear_dns_cache();

	dns_config moved = std::move(config);
	std::error_code code;
	config.list(dns_list::search, code);
	EQ(code, std::errc::bad_file_descriptor);
	config.text(code);
	EQ(code, std::errc::bad_file_descriptor);
	dns_hints::of(config, code);
	EQ(code, std::errc::bad_file_descriptor);
	THROWS(hints.insert(".", config), std::errc::bad_file_descriptor, "insert");
	THROWS(resolver_pool(config, hosts, hints), std::errc::bad_file_descriptor, "resolver_pool");
}

TEST(dns_messages_are_made_and_taken_apart)
{
	dns_packet made(512);
	made.set_id(4711);
	made.set_flags(0x8180);
	made.push(CQ_DNS_QUESTION, "example.com.", dns_type_number("MX"));
	made.push(CQ_DNS_ANSWER, "example.com.", 15, 60, std::string("\0\x0a\4mail\7example\3com\0", 20));
	made.push(CQ_DNS_ANSWER, "mail.example.com.", 1, 60, std::string("\x7f\0\0\1", 4));
	THROWS(made.push(CQ_DNS_QUESTION, "late.example.", 1), cqueues::errc::order, "push");
	const dns_packet read = dns_packet::parse(made.wire());
	EQ(read.id(), 4711u);
	EQ(read.flags(), 0x8180u);
	EQ(read.count(CQ_DNS_ANSWER), 2u);
	CHECK(read.text().find("mail.example.com.") != std::string::npos);
	int seen = 0;
	read.each(CQ_DNS_ANSWER, [&](const cq_dns_record &record) {
		if (seen++ == 0) {
			EQ(number_of(record, "preference"), 10u);
			EQ(text_of(record, "host"), "mail.example.com.");
			THROWS(number_of(record, "no-such"), std::errc::no_such_file_or_directory, "number_of");
			EQ(address_of(record).size(), 0u);
		} else {
			EQ(address_of(record), std::string_view("\x7f\0\0\1", 4));
		}
	});
	EQ(seen, 2);
	EQ(read.records().at(0).text, "10 mail.example.com.");
	dns_packet other(512);
	other.load(made.wire());
	EQ(other.id(), 4711u);
	THROWS(other.load("short"), cqueues::errc::illegal, "load");
	THROWS(dns_packet::parse("short"), cqueues::errc::illegal, "parse");
	EQ(dns_type_name(28), "AAAA");
	EQ(dns_rcode_name(3), "NXDOMAIN");
	EQ(dns_class_number("in"), 1u);
	THROWS(dns_type_number("NOTYPE"), std::errc::no_such_file_or_directory, "dns_type_number");
	EQ(reverse_name(address::parse("192.0.2.1", 0)), "1.2.0.192.in-addr.arpa.");
	THROWS(reverse_name(address::path("/x")), std::errc::address_family_not_supported, "reverse_name");
	std::vector<address> list = { address::parse("127.0.0.1", 5), address::parse("::1", 6) };
	sort_addresses(list);
	EQ(list.size(), 2u);
	EQ(list[0].name().port() + list[1].name().port(), 11);
	list.push_back(address::path("/x"));
	THROWS(sort_addresses(list), std::errc::address_family_not_supported, "sort_addresses");
}
