// SPDX-License-Identifier: MIT
// Names and addresses: asking for them.
#pragma once

#include "dns_packet.hpp"
#include "dns_tables.hpp"
#include "time.hpp"

namespace cqueues {

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
	explicit resolver_pool(std::error_code &code) { open(nullptr, nullptr, nullptr, code); }

	resolver_pool(const dns_config &config, const dns_hosts &hosts, std::error_code &code) { open(config, hosts, code); }

	// Where hints tell the servers of zones, those of the root for a recursive resolver.
	resolver_pool(const dns_config &config, const dns_hosts &hosts, const dns_hints &hints, std::error_code &code)
	{
		open(config, hosts, hints, code);
	}

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
		detail::attempt("resolver_pool", [&](auto &code) { open(nullptr, nullptr, nullptr, code); });
	}

	resolver_pool(const dns_config &config, const dns_hosts &hosts)
	{
		detail::attempt("resolver_pool", [&](auto &code) { open(config, hosts, code); });
	}

	resolver_pool(const dns_config &config, const dns_hosts &hosts, const dns_hints &hints)
	{
		detail::attempt("resolver_pool", [&](auto &code) { open(config, hosts, hints, code); });
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
			open(config.native(), hosts.native(), nullptr, code);
		else
			detail::assign(code, EBADF); // for C they would be the system's
	}

	void open(const dns_config &config, const dns_hosts &hosts, const dns_hints &hints, std::error_code &code)
	{
		if (config && hosts && hints)
			open(config.native(), hosts.native(), hints.native(), code);
		else
			detail::assign(code, EBADF);
	}

	void open(const cq_dns_config *config, const cq_dns_hosts *hosts, const cq_dns_hints *hints, std::error_code &code)
	{
		cq_dns_resolvers *made = nullptr;
		detail::assign(code, cq_dns_resolvers_new(config, hosts, hints, &made));
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

inline void configure_dns(const dns_config &config, const dns_hosts &hosts, const dns_hints &hints, std::error_code &code)
{
	const bool all = config && hosts && hints;
	detail::assign(code, all ? cq_dns_configure(config.native(), hosts.native(), hints.native()) : EBADF);
}

// Forgets the answers that this thread's resolvers share.
inline void clear_dns_cache() noexcept { cq_dns_clear_cache(); }

// Sorts addresses in the order in which to try them, RFC 6724.
inline void sort_addresses(span<address> list, std::error_code &code)
{
	std::vector<cq_address> natives;
	natives.reserve(list.size());
	for (const address &each : list)
		natives.push_back(each.native());
	detail::assign(code, cq_dns_sort(natives.data(), natives.size()));
	for (std::size_t i = 0; !code && i < list.size(); i++)
		list[i] = address(natives[i]);
}

#ifdef __cpp_exceptions
inline void configure_dns(const dns_config &config, const dns_hosts &hosts)
{
	detail::attempt("configure_dns", [&](auto &code) { configure_dns(config, hosts, code); });
}

inline void configure_dns(const dns_config &config, const dns_hosts &hosts, const dns_hints &hints)
{
	detail::attempt("configure_dns", [&](auto &code) { configure_dns(config, hosts, hints, code); });
}

inline void sort_addresses(span<address> list)
{
	detail::attempt("sort_addresses", [&](auto &code) { sort_addresses(list, code); });
}
#endif

} // namespace cqueues
