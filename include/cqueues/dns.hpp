// SPDX-License-Identifier: MIT
// Names and addresses.
#pragma once

#include "address.hpp"
#include "time.hpp"
#include "tls.hpp"

#include <optional>
#include <vector>

namespace cqueues {

enum class dns_list : int {
	nameservers = CQ_DNS_NAMESERVERS,
	search = CQ_DNS_SEARCH,
	lookup = CQ_DNS_LOOKUP,
};

// How resolvers ask. They keep a copy.
class dns_config : public handle<cq_dns_config, cq_dns_config_free> {
public:
	explicit dns_config(std::error_code &code) { open(code); }

	// An option by its name: "timeout", "attempts", "tcp"; cqueues.h lists them.
	void set(std::string_view option, std::string_view value, std::error_code &code) const
	{
		const detail::c_string first(option), second(value);
		call(code, cq_dns_config_set, static_cast<const char *>(first), static_cast<const char *>(second));
	}

	void add(dns_list list, std::string_view entry, std::error_code &code) const
	{
		const detail::c_string text(entry);
		call(code, cq_dns_config_add, static_cast<int>(list), static_cast<const char *>(text));
	}

	void clear(dns_list list, std::error_code &code) const { call(code, cq_dns_config_clear, static_cast<int>(list)); }

	void set_tls(const tls &configuration, std::error_code &code) const
	{
		if (configuration)
			call(code, cq_dns_config_set_tls, static_cast<const cq_tls *>(configuration.native()));
		else
			detail::assign(code, EBADF); // for C it would be the system's
	}

#ifdef __cpp_exceptions
	dns_config()
	{
		detail::attempt("dns_config", [&](auto &code) { open(code); });
	}

	void set(std::string_view option, std::string_view value) const
	{
		detail::attempt("set", [&](auto &code) { set(option, value, code); });
	}

	void add(dns_list list, std::string_view entry) const
	{
		detail::attempt("add", [&](auto &code) { add(list, entry, code); });
	}

	void clear(dns_list list) const
	{
		detail::attempt("clear", [&](auto &code) { clear(list, code); });
	}

	void set_tls(const tls &configuration) const
	{
		detail::attempt("set_tls", [&](auto &code) { set_tls(configuration, code); });
	}
#else
	dns_config() noexcept = default;
#endif

private:
	void open(std::error_code &code)
	{
		cq_dns_config *made = nullptr;
		detail::assign(code, cq_dns_config_new(&made));
		reset(made);
	}
};

// Names and addresses that are known without asking.
class dns_hosts : public handle<cq_dns_hosts, cq_dns_hosts_free> {
public:
	explicit dns_hosts(std::error_code &code) { open(code); }

	// `canonical`: whether the name is the answer to a reverse lookup of the address.
	void insert(std::string_view address, std::string_view name, bool canonical, std::error_code &code) const
	{
		const detail::c_string first(address), second(name);
		call(code, cq_dns_hosts_insert, static_cast<const char *>(first), static_cast<const char *>(second), canonical);
	}

#ifdef __cpp_exceptions
	dns_hosts()
	{
		detail::attempt("dns_hosts", [&](auto &code) { open(code); });
	}

	void insert(std::string_view address, std::string_view name, bool canonical = true) const
	{
		detail::attempt("insert", [&](auto &code) { insert(address, name, canonical, code); });
	}
#else
	dns_hosts() noexcept = default;
#endif

private:
	void open(std::error_code &code)
	{
		cq_dns_hosts *made = nullptr;
		detail::assign(code, cq_dns_hosts_new(&made));
		reset(made);
	}
};

struct dns_record {
	std::string name;
	std::uint16_t type = 0;
	std::uint16_t section = 0; // CQ_DNS_ANSWER and so on
	std::uint32_t ttl = 0;
	std::string text; // the data in the form of zone files: "10 mx.example.com."
};

// An answer, whatever it says.
class dns_packet : public handle<cq_dns_packet, cq_dns_packet_free> {
public:
	using handle::handle;

	unsigned rcode() const noexcept { return cq_dns_packet_rcode(native()); }

	// The records of sections, which are joined by `|`; 0: of all.
	std::vector<dns_record> records(std::uint32_t sections = CQ_DNS_ANSWER) const
	{
		std::vector<dns_record> list;
		cq_dns_selector selector = {};
		selector.size = sizeof selector;
		selector.sections = sections;
		cq_dns_record found;
		std::uint64_t cursor = 0;
		std::error_code code;
		while (native() && cq_dns_packet_grep(native(), &selector, &cursor, &found) == 0) {
			dns_record record;
			record.name = detail::text_of(code, [&](char *text, std::size_t room, std::size_t *length) {
				return cq_dns_record_name(&found, text, room, length);
			});
			record.type = found.rtype;
			record.section = found.section;
			record.ttl = found.ttl;
			if (found.section != CQ_DNS_QUESTION)
				record.text = detail::text_of(code, [&](char *text, std::size_t room, std::size_t *length) {
					return cq_dns_record_format(&found, text, room, length);
				});
			list.push_back(std::move(record));
		}
		return list;
	}
};

namespace detail {

// The questions, each with its own storage: for fibers, and for the fibers that ask for coroutines.
struct addresses_question {
	const cq_dns_resolvers *pool;
	c_string name;
	int family;
	std::vector<cq_address> room = std::vector<cq_address>(64);
	std::size_t count = 64;

	int ask(double seconds) noexcept { return cq_dns_addresses(pool, name, family, seconds, room.data(), &count); }

	std::vector<address> result(std::error_code &code) const
	{
		return code ? std::vector<address>()
			    : std::vector<address>(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(count));
	}
};

struct services_question : addresses_question {
	int ask(double seconds) noexcept { return cq_dns_services(pool, name, seconds, room.data(), &count); }
};

struct packet_question {
	dns_packet packet;

	dns_packet result(std::error_code &) noexcept { return std::move(packet); }
};

struct reverse_question : packet_question {
	reverse_question(const cq_dns_resolvers *asked, const address &of) noexcept : pool(asked), where(of) {}

	int ask(double seconds) noexcept
	{
		cq_dns_packet *got = nullptr;
		const int code = cq_dns_reverse(pool, &where.native(), seconds, &got);
		packet.reset(got);
		return code;
	}

	std::vector<std::string> result(std::error_code &) const
	{
		std::vector<std::string> names;
		for (dns_record &record : packet.records())
			if (record.type == 12)
				names.push_back(std::move(record.text));
		return names;
	}

	const cq_dns_resolvers *pool;
	address where;
};

struct query_question : packet_question {
	query_question(const cq_dns_resolvers *asked, std::string_view of, unsigned type) : pool(asked), name(of), rtype(type) {}

	int ask(double seconds) noexcept
	{
		cq_dns_packet *got = nullptr;
		const int code = cq_dns_resolvers_query(pool, name, rtype, 1, seconds, &got);
		packet.reset(got);
		return code;
	}

	const cq_dns_resolvers *pool;
	c_string name;
	unsigned rtype;
};

template <class Question> auto answer(Question question, timeout limit, std::error_code &code)
{
	assign(code, question.ask(limit.seconds()));
	return question.result(code);
}

} // namespace detail

// Resolvers that answer any number of questions at a time.
class resolver_pool : public handle<cq_dns_resolvers, cq_dns_resolvers_free> {
public:
	// The system's configuration and hosts.
	explicit resolver_pool(std::error_code &code) { open(nullptr, nullptr, code); }

	resolver_pool(const dns_config &config, const dns_hosts &hosts, std::error_code &code) { open(config, hosts, code); }

	// The addresses of a host, in the order in which to try them. AF_UNSPEC: of both families.
	std::vector<address> addresses(std::string_view name, int family, timeout limit, std::error_code &code) const
	{
		return ask(detail::addresses_question{ native(), name, family }, limit, code);
	}

	// The addresses of a service, "_xmpp-client._tcp.example.com", with their ports.
	std::vector<address> services(std::string_view name, timeout limit, std::error_code &code) const
	{
		return ask(detail::services_question{ { native(), name, AF_UNSPEC } }, limit, code);
	}

	// The names of an address.
	std::vector<std::string> names(const address &of, timeout limit, std::error_code &code) const
	{
		return ask(detail::reverse_question(native(), of), limit, code);
	}

	// Any question of class IN; the type is a number of IANA's.
	dns_packet query(std::string_view name, unsigned type, timeout limit, std::error_code &code) const
	{
		return ask(detail::query_question(native(), name, type), limit, code);
	}

	void set_limit(std::size_t resolvers, std::error_code &code) const { call(code, cq_dns_resolvers_set_limit, resolvers); }

#ifdef __cpp_exceptions
	resolver_pool()
	{
		detail::attempt("resolver_pool", [&](auto &code) { open(nullptr, nullptr, code); });
	}

	resolver_pool(const dns_config &config, const dns_hosts &hosts)
	{
		detail::attempt("resolver_pool", [&](auto &code) { open(config, hosts, code); });
	}

	std::vector<address> addresses(std::string_view name, int family = AF_UNSPEC, timeout limit = forever) const
	{
		return detail::attempt("addresses", [&](auto &code) { return addresses(name, family, limit, code); });
	}

	std::vector<address> services(std::string_view name, timeout limit = forever) const
	{
		return detail::attempt("services", [&](auto &code) { return services(name, limit, code); });
	}

	std::vector<std::string> names(const address &of, timeout limit = forever) const
	{
		return detail::attempt("names", [&](auto &code) { return names(of, limit, code); });
	}

	dns_packet query(std::string_view name, unsigned type, timeout limit = forever) const
	{
		return detail::attempt("query", [&](auto &code) { return query(name, type, limit, code); });
	}
#endif

private:
	void open(const dns_config &config, const dns_hosts &hosts, std::error_code &code)
	{
		if (config && hosts)
			open(config.native(), hosts.native(), code);
		else
			detail::assign(code, EBADF); // for C they would be the system's
	}

	void open(const cq_dns_config *config, const cq_dns_hosts *hosts, std::error_code &code)
	{
		cq_dns_resolvers *made = nullptr;
		detail::assign(code, cq_dns_resolvers_new(config, hosts, nullptr, &made));
		reset(made);
	}

	// C would take no pool for the thread's own.
	template <class Question> auto ask(Question question, timeout limit, std::error_code &code) const
		-> decltype(question.result(code))
	{
		if (native())
			return detail::answer(std::move(question), limit, code);
		detail::assign(code, EBADF);
		return question.result(code);
	}
};

// The configuration and hosts with which this thread's sockets resolve names.
inline void configure_dns(const dns_config &config, const dns_hosts &hosts, std::error_code &code)
{
	detail::assign(code, config && hosts ? cq_dns_configure(config.native(), hosts.native(), nullptr) : EBADF);
}

#ifdef __cpp_exceptions
inline void configure_dns(const dns_config &config, const dns_hosts &hosts)
{
	detail::attempt("configure_dns", [&](auto &code) { configure_dns(config, hosts, code); });
}
#endif

} // namespace cqueues
