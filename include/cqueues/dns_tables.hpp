// SPDX-License-Identifier: MIT
// What resolvers know before they ask: configurations, hosts, hints.
#pragma once

#include "handle.hpp"
#include "tls.hpp"

#include <vector>

namespace cqueues {

enum class dns_list : int {
	nameservers = CQ_DNS_NAMESERVERS,
	search = CQ_DNS_SEARCH,
	lookup = CQ_DNS_LOOKUP,
	warnings = CQ_DNS_WARNINGS, // lines that were skipped; nothing can be added
};

enum class dns_syntax : int { resolv_conf = CQ_DNS_RESOLV_CONF, nsswitch_conf = CQ_DNS_NSSWITCH_CONF };

namespace detail {

// The entries of a list of C, which ends with ENOENT. `call` is as for text_of, with an index first.
template <class Call> std::vector<std::string> texts_of(std::error_code &code, Call call)
{
	std::vector<std::string> list;
	for (;;) {
		std::string text = text_of(code, [&](char *room, std::size_t size, std::size_t *length) {
			return call(list.size(), room, size, length);
		});
		if (code)
			break;
		list.push_back(std::move(text));
	}
	if (code.value() == ENOENT)
		code.clear();
	return list;
}

} // namespace detail

// How resolvers ask. They keep a copy.
class dns_config : public handle<cq_dns_config, cq_dns_config_free> {
public:
	explicit dns_config(std::error_code &code) { open(code); }

	// That of the system's files, and the same for a recursive resolver.
	static dns_config system(std::error_code &code) { return dns_config(cq_dns_config_stub, code); }
	static dns_config recursive(std::error_code &code) { return dns_config(cq_dns_config_root, code); }

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

	std::string get(std::string_view option, std::error_code &code) const
	{
		char text[80] = "";
		const detail::c_string name(option);
		call(code, cq_dns_config_get, static_cast<const char *>(name), text, sizeof text);
		return text;
	}

	std::vector<std::string> list(dns_list which, std::error_code &code) const
	{
		return texts(code, [&](std::size_t index, char *text, std::size_t room, std::size_t *length) {
			return cq_dns_config_list(native(), static_cast<int>(which), index, text, room, length);
		});
	}

	// The full names that are asked for when a person has written one, in their order.
	std::vector<std::string> candidates(std::string_view name, std::error_code &code) const
	{
		const detail::c_string given(name);
		return texts(code, [&](std::size_t index, char *text, std::size_t room, std::size_t *length) {
			const int refused = cq_dns_config_candidate(native(), given, index, text, room);
			*length = refused == CQ_ENOBUFS ? 1300 : refused ? 0 : std::strlen(text);
			return refused;
		});
	}

	// Of a file, or of a text that `file` names in warnings. Lines that make no sense are skipped.
	void load(std::string_view text, dns_syntax syntax, std::string_view file, std::error_code &code) const
	{
		const detail::c_string name(file);
		call(code, cq_dns_config_load, static_cast<const void *>(text.data()), text.size(), static_cast<int>(syntax),
		     static_cast<const char *>(name));
	}

	void load_path(std::string_view path, dns_syntax syntax, std::error_code &code) const
	{
		const detail::c_string name(path);
		call(code, cq_dns_config_loadpath, static_cast<const char *>(name), static_cast<int>(syntax));
	}

	// In the syntax of resolv.conf.
	std::string text(std::error_code &code) const
	{
		if (!native())
			return detail::assign(code, EBADF), std::string();
		return detail::text_of(code, [&](char *text, std::size_t room, std::size_t *length) {
			return cq_dns_config_format(native(), text, room, length);
		});
	}

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

	static dns_config system()
	{
		return detail::attempt("dns_config", [](auto &code) { return system(code); });
	}

	static dns_config recursive()
	{
		return detail::attempt("dns_config", [](auto &code) { return recursive(code); });
	}

	std::string get(std::string_view option) const
	{
		return detail::attempt("get", [&](auto &code) { return get(option, code); });
	}

	std::vector<std::string> list(dns_list which) const
	{
		return detail::attempt("list", [&](auto &code) { return list(which, code); });
	}

	std::vector<std::string> candidates(std::string_view name) const
	{
		return detail::attempt("candidates", [&](auto &code) { return candidates(name, code); });
	}

	void load(std::string_view text, dns_syntax syntax = dns_syntax::resolv_conf, std::string_view file = "text") const
	{
		detail::attempt("load", [&](auto &code) { load(text, syntax, file, code); });
	}

	void load_path(std::string_view path, dns_syntax syntax = dns_syntax::resolv_conf) const
	{
		detail::attempt("load_path", [&](auto &code) { load_path(path, syntax, code); });
	}

	std::string text() const
	{
		return detail::attempt("text", [&](auto &code) { return text(code); });
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
	dns_config(int (*make)(cq_dns_config **), std::error_code &code)
	{
		cq_dns_config *made = nullptr;
		detail::assign(code, make(&made));
		reset(made);
	}

	template <class Call> std::vector<std::string> texts(std::error_code &code, Call each) const
	{
		if (native())
			return detail::texts_of(code, each);
		detail::assign(code, EBADF);
		return {};
	}

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
	explicit dns_hosts(std::error_code &code) { open(cq_dns_hosts_new, code); }

	// Those of the system.
	static dns_hosts system(std::error_code &code)
	{
		dns_hosts made{ empty() };
		made.open(cq_dns_hosts_stub, code);
		return made;
	}

	// `canonical`: whether the name is the answer to a reverse lookup of the address.
	void insert(std::string_view address, std::string_view name, bool canonical, std::error_code &code) const
	{
		const detail::c_string first(address), second(name);
		call(code, cq_dns_hosts_insert, static_cast<const char *>(first), static_cast<const char *>(second), canonical);
	}

	// Of a file in the syntax of hosts(5), or of such a text, which `file` names in warnings.
	void load(std::string_view text, std::string_view file, std::error_code &code) const
	{
		const detail::c_string name(file);
		call(code, cq_dns_hosts_load, static_cast<const void *>(text.data()), text.size(), static_cast<const char *>(name));
	}

	void load_path(std::string_view path, std::error_code &code) const
	{
		const detail::c_string name(path);
		call(code, cq_dns_hosts_loadpath, static_cast<const char *>(name));
	}

	// The lines that were skipped.
	std::vector<std::string> warnings() const
	{
		std::error_code code;
		return !native() ? std::vector<std::string>()
				 : detail::texts_of(code, [&](std::size_t index, char *text, std::size_t room, std::size_t *length) {
					   return cq_dns_hosts_warning(native(), index, text, room, length);
				   });
	}

	// In the syntax of hosts(5).
	std::string text(std::error_code &code) const
	{
		if (!native())
			return detail::assign(code, EBADF), std::string();
		return detail::text_of(code, [&](char *text, std::size_t room, std::size_t *length) {
			return cq_dns_hosts_format(native(), text, room, length);
		});
	}

#ifdef __cpp_exceptions
	dns_hosts()
	{
		detail::attempt("dns_hosts", [&](auto &code) { open(cq_dns_hosts_new, code); });
	}

	static dns_hosts system()
	{
		return detail::attempt("dns_hosts", [](auto &code) { return system(code); });
	}

	void load(std::string_view text, std::string_view file = "text") const
	{
		detail::attempt("load", [&](auto &code) { load(text, file, code); });
	}

	void load_path(std::string_view path) const
	{
		detail::attempt("load_path", [&](auto &code) { load_path(path, code); });
	}

	std::string text() const
	{
		return detail::attempt("text", [&](auto &code) { return text(code); });
	}

	void insert(std::string_view address, std::string_view name, bool canonical = true) const
	{
		detail::attempt("insert", [&](auto &code) { insert(address, name, canonical, code); });
	}
#else
	dns_hosts() noexcept = default;
#endif

private:
	struct empty {};
	explicit dns_hosts(empty) noexcept {}

	void open(int (*make)(cq_dns_hosts **), std::error_code &code)
	{
		cq_dns_hosts *made = nullptr;
		detail::assign(code, make(&made));
		reset(made);
	}
};

// A server of a zone. Those with lower priorities are asked first.
struct dns_server {
	std::string address; // "127.0.0.1", "[::1]:5353", "tls://127.0.0.1#dns.example"
	int priority = 0;
};

// Where resolvers begin: the servers of zones.
class dns_hints : public handle<cq_dns_hints, cq_dns_hints_free> {
public:
	explicit dns_hints(std::error_code &code) { detail::assign(code, open(cq_dns_hints_new)); }

	// The servers of the root.
	static dns_hints root(std::error_code &code)
	{
		dns_hints made{ empty() };
		detail::assign(code, made.open(cq_dns_hints_root));
		return made;
	}

	// The name servers of a configuration, for all names.
	static dns_hints of(const dns_config &config, std::error_code &code)
	{
		dns_hints made{ empty() };
		detail::assign(code, config ? made.open([&](cq_dns_hints **place) { return cq_dns_hints_stub(config.native(), place); }) : EBADF);
		return made;
	}

	void insert(std::string_view zone, const dns_server &server, std::error_code &code) const
	{
		const detail::c_string name(zone), address(server.address);
		call(code, cq_dns_hints_insert, static_cast<const char *>(name), static_cast<const char *>(address), server.priority);
	}

	void insert(std::string_view zone, const dns_config &config, std::error_code &code) const
	{
		const detail::c_string name(zone);
		if (config)
			call(code, cq_dns_hints_insert_config, static_cast<const char *>(name),
			     static_cast<const cq_dns_config *>(config.native()));
		else
			detail::assign(code, EBADF);
	}

	// The servers of a zone, in the order in which they are asked.
	std::vector<dns_server> servers(std::string_view zone, std::error_code &code) const
	{
		std::vector<dns_server> list;
		const detail::c_string name(zone);
		for (code.clear(); !code;) {
			char text[400] = "";
			dns_server found;
			call(code, cq_dns_hints_grep, static_cast<const char *>(name), list.size(), text, sizeof text, &found.priority);
			found.address = text;
			if (!code)
				list.push_back(std::move(found));
		}
		if (code.value() == ENOENT)
			code.clear();
		return list;
	}

	std::string text(std::error_code &code) const
	{
		if (!native())
			return detail::assign(code, EBADF), std::string();
		return detail::text_of(code, [&](char *text, std::size_t room, std::size_t *length) {
			return cq_dns_hints_format(native(), text, room, length);
		});
	}

#ifdef __cpp_exceptions
	dns_hints()
	{
		detail::attempt("dns_hints", [&](auto &code) { detail::assign(code, open(cq_dns_hints_new)); });
	}

	static dns_hints root()
	{
		return detail::attempt("dns_hints", [](auto &code) { return root(code); });
	}

	static dns_hints of(const dns_config &config)
	{
		return detail::attempt("dns_hints", [&](auto &code) { return of(config, code); });
	}

	template <class Server> void insert(std::string_view zone, const Server &server) const
	{
		detail::attempt("insert", [&](auto &code) { insert(zone, server, code); });
	}

	std::vector<dns_server> servers(std::string_view zone) const
	{
		return detail::attempt("servers", [&](auto &code) { return servers(zone, code); });
	}

	std::string text() const
	{
		return detail::attempt("text", [&](auto &code) { return text(code); });
	}
#else
	dns_hints() noexcept = default;
#endif

private:
	struct empty {};
	explicit dns_hints(empty) noexcept {}

	template <class Make> int open(Make make)
	{
		cq_dns_hints *made = nullptr;
		const int code = make(&made);
		reset(made);
		return code;
	}
};

} // namespace cqueues
