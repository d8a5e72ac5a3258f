// SPDX-License-Identifier: MIT
// Names and addresses, from a table of hosts and from a name server of the test's own.

#include "names.hpp"

TEST(names_of_the_table_of_hosts_are_known)
{
	controller cq;
	auto pool = pool_without_servers();
	cq.run([&] {
		auto found = pool.addresses("www.test", AF_INET);
		EQ(found.size(), 1u);
		EQ(found[0].name().text(), "192.0.2.7");
		EQ(pool.names(address::parse("192.0.2.7", 0))[0], "www.test.");
		EQ(pool.addresses("127.0.0.1")[0].name().text(), "127.0.0.1");
	});
	resolver_pool moved = std::move(pool);
	std::error_code code;
	CHECK(pool.addresses("www.test", AF_INET, forever, code).empty());
	EQ(code, std::errc::bad_file_descriptor);
	CHECK(!pool.query("www.test", 1, forever, code));
	EQ(code, std::errc::bad_file_descriptor);
	THROWS(pool.services("_x._tcp.test"), std::errc::bad_file_descriptor, "services");
	THROWS(pool.names({}), std::errc::bad_file_descriptor, "names");
}

TEST(a_question_is_asked_and_its_answer_read)
{
	controller cq;
	name_server server(cq);
	auto pool = server.pool();
	cq.run([&] {
		auto answer = pool.query("anything.test.", 1, 10s);
		EQ(answer.rcode(), 0u);
		auto records = answer.records();
		EQ(records.size(), 1u);
		EQ(records[0].name, "anything.test.");
		EQ(records[0].type, 1);
		EQ(records[0].text, "192.0.2.1");
		EQ(pool.addresses("anything.test", AF_INET, 10s)[0].name().text(), "192.0.2.1");
		THROWS(pool.addresses("silent.test", AF_INET, 2ms), std::errc::timed_out, "addresses");
		THROWS(pool.addresses("no.test", AF_INET, 10s), errc::no_name, "addresses");
		server.stop();
	});
}

TEST(sockets_use_the_configuration_of_the_thread)
{
	controller cq;
	dns_config config;
	dns_hosts hosts;
	hosts.insert("127.0.0.1", "here.test");
	config.clear(dns_list::lookup);
	config.add(dns_list::lookup, "file");
	configure_dns(config, hosts);
	auto [server, port] = listen_anywhere();
	cq.spawn([&server = server] { server.accept().write("welcome\n"); });
	EQ(cq.run([port = port] { return std::string(*cqueues::socket::connect("here.test", port).read_line()); }), "welcome");
}
