// SPDX-License-Identifier: MIT
// Resolvers that ask nobody but the test.
#pragma once

#include "fixture.hpp"

#include <array>

inline cqueues::resolver_pool pool_without_servers()
{
	dns_config config;
	dns_hosts hosts;
	config.clear(dns_list::lookup);
	config.add(dns_list::lookup, "file");
	hosts.insert("192.0.2.7", "www.test");
	return resolver_pool(config, hosts);
}

// A name server in a fiber: 192.0.2.1 is the address of everything but "no...", which there is not, and "silent...", of
// which nothing is heard.
class name_server {
public:
	explicit name_server(controller &cq)
	{
		options where("127.0.0.1", 0);
		where.set(option::type, SOCK_DGRAM);
		listener bound(where);
		bound.establish();
		socket_ = cqueues::socket(bound.detach());
		serving_ = cq.spawn([this] { serve(); });
	}

	void stop() const { serving_.cancel(); }

	template <class Pool = resolver_pool> Pool pool() const
	{
		dns_config config;
		config.clear(dns_list::nameservers);
		config.add(dns_list::nameservers, "[127.0.0.1]:" + std::to_string(socket_.local().port()));
		config.clear(dns_list::lookup);
		config.add(dns_list::lookup, "bind");
		return Pool(config, dns_hosts());
	}

private:
	void serve()
	{
		std::array<char, 512> room{};
		for (;;) {
			auto asked = socket_.receive_from(room);
			cq_dns_packet *parsed = nullptr;
			if (cq_dns_packet_parse(room.data(), asked.size, &parsed))
				continue;
			dns_packet question(parsed);
			const std::string name = question.records(CQ_DNS_QUESTION)[0].name;
			if (name.rfind("silent", 0) == 0)
				continue;
			const bool is_there = name.rfind("no", 0) != 0;
			cq_dns_packet *made = nullptr;
			CHECK(cq_dns_packet_new(512, &made) == 0);
			dns_packet answer(made);
			const unsigned type = question.records(CQ_DNS_QUESTION)[0].type;
			cq_dns_packet_set_qid(made, cq_dns_packet_qid(parsed));
			cq_dns_packet_set_flags(made, is_there ? 0x8580 : 0x8583);
			cq_dns_packet_push(made, CQ_DNS_QUESTION, name.c_str(), type, 1, 0, nullptr, 0);
			if (is_there && type == 1)
				cq_dns_packet_push(made, CQ_DNS_ANSWER, name.c_str(), 1, 1, 60, "\xc0\x00\x02\x01", 4);
			const void *data = nullptr;
			std::size_t size = 0;
			CHECK(cq_dns_packet_dump(made, &data, &size) == 0);
			socket_.send_to(bytes(data, size), asked.from);
		}
	}

	cqueues::socket socket_;
	job<> serving_;
};
