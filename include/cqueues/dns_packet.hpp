// SPDX-License-Identifier: MIT
// Messages and records of DNS.
#pragma once

#include "address.hpp"
#include "span.hpp"

#include <vector>

namespace cqueues {

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

	// Without records, with room for so many bytes.
	dns_packet(std::size_t size, std::error_code &code)
	{
		cq_dns_packet *made = nullptr;
		detail::assign(code, cq_dns_packet_new(size, &made));
		reset(made);
	}

	// Of bytes in wire form.
	static dns_packet parse(bytes wire, std::error_code &code)
	{
		cq_dns_packet *made = nullptr;
		detail::assign(code, cq_dns_packet_parse(wire.data(), wire.size(), &made));
		return dns_packet(made);
	}

	void load(bytes wire, std::error_code &code) const { call(code, cq_dns_packet_load, wire.data(), wire.size()); }

	// Appends a record to a section; `rdata` is its data in wire form, none for a question.
	void push(std::uint32_t section, std::string_view name, unsigned type, std::uint32_t ttl, bytes rdata, std::error_code &code) const
	{
		const detail::c_string text(name);
		call(code, cq_dns_packet_push, section, static_cast<const char *>(text), type, 1u, ttl, rdata.data(), rdata.size());
	}

	void set_id(unsigned id, std::error_code &code) const { call(code, cq_dns_packet_set_qid, id); }
	void set_flags(unsigned flags, std::error_code &code) const { call(code, cq_dns_packet_set_flags, flags); }

	// As dig(1) prints it.
	std::string text(std::error_code &code) const
	{
		if (!native())
			return detail::assign(code, EBADF), std::string();
		return detail::text_of(code, [&](char *text, std::size_t room, std::size_t *length) {
			return cq_dns_packet_format(native(), text, room, length);
		});
	}

#ifdef __cpp_exceptions
	explicit dns_packet(std::size_t size)
	{
		detail::attempt("dns_packet", [&](auto &code) { *this = dns_packet(size, code); });
	}

	static dns_packet parse(bytes wire)
	{
		return detail::attempt("parse", [&](auto &code) { return parse(wire, code); });
	}

	void push(std::uint32_t section, std::string_view name, unsigned type, std::uint32_t ttl = 0, bytes rdata = "") const
	{
		detail::attempt("push", [&](auto &code) { push(section, name, type, ttl, rdata, code); });
	}

	void load(bytes wire) const
	{
		detail::attempt("load", [&](auto &code) { load(wire, code); });
	}

	void set_id(unsigned id) const
	{
		detail::attempt("set_id", [&](auto &code) { set_id(id, code); });
	}

	void set_flags(unsigned flags) const
	{
		detail::attempt("set_flags", [&](auto &code) { set_flags(flags, code); });
	}

	std::string text() const
	{
		return detail::attempt("text", [&](auto &code) { return text(code); });
	}
#endif

	// The wire form, which holds until the message is changed.
	std::string_view wire() const noexcept
	{
		const void *data = nullptr;
		std::size_t size = 0;
		cq_dns_packet_dump(native(), &data, &size);
		return { static_cast<const char *>(data), size };
	}

	unsigned id() const noexcept { return cq_dns_packet_qid(native()); }
	unsigned flags() const noexcept { return cq_dns_packet_flags(native()); }
	std::size_t count(std::uint32_t sections) const noexcept { return cq_dns_packet_count(native(), sections); }
	unsigned rcode() const noexcept { return cq_dns_packet_rcode(native()); }

	// Calls a function with each record of sections, which are joined by `|`; 0: of all. A record holds during the call.
	template <class Function> void each(std::uint32_t sections, Function function) const
	{
		cq_dns_selector selector = {};
		selector.size = sizeof selector;
		selector.sections = sections;
		cq_dns_record found;
		std::uint64_t cursor = 0;
		while (native() && cq_dns_packet_grep(native(), &selector, &cursor, &found) == 0)
			function(static_cast<const cq_dns_record &>(found));
	}

	// The same as copies.
	std::vector<dns_record> records(std::uint32_t sections = CQ_DNS_ANSWER) const
	{
		std::vector<dns_record> list;
		std::error_code code;
		each(sections, [&](const cq_dns_record &found) {
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
		});
		return list;
	}
};

// Members of a record's data by their names in the type's RFC: "preference" and "host" of an MX.
inline std::uint32_t number_of(const cq_dns_record &record, std::string_view member, std::error_code &code)
{
	std::uint32_t number = 0;
	const detail::c_string name(member);
	detail::assign(code, cq_dns_record_number(&record, name, &number));
	return number;
}

inline std::string text_of(const cq_dns_record &record, std::string_view member, std::error_code &code)
{
	const detail::c_string name(member);
	return detail::text_of(code, [&](char *text, std::size_t room, std::size_t *length) {
		return cq_dns_record_text(&record, name, text, room, length);
	});
}

// The 4 or 16 bytes of an A or AAAA record; none for another.
inline std::string_view address_of(const cq_dns_record &record) noexcept
{
	const void *data = nullptr;
	std::size_t size = 0;
	if (cq_dns_record_address(&record, &data, &size))
		return {};
	return { static_cast<const char *>(data), size };
}

// Names of types and rcodes, "AAAA" and "NXDOMAIN"; numbers without names stand for themselves.
inline std::string dns_type_name(unsigned type)
{
	char text[16] = "";
	cq_dns_type_name(type, text, sizeof text);
	return text;
}

inline std::string dns_rcode_name(unsigned rcode)
{
	char text[16] = "";
	cq_dns_rcode_name(rcode, text, sizeof text);
	return text;
}

inline unsigned dns_type_number(std::string_view name, std::error_code &code)
{
	unsigned number = 0;
	const detail::c_string text(name);
	detail::assign(code, cq_dns_type_number(text, &number));
	return number;
}

inline unsigned dns_class_number(std::string_view name, std::error_code &code)
{
	unsigned number = 0;
	const detail::c_string text(name);
	detail::assign(code, cq_dns_class_number(text, &number));
	return number;
}

// Where the names of an address stand: "1.2.0.192.in-addr.arpa."
inline std::string reverse_name(const address &of, std::error_code &code)
{
	char text[80] = "";
	detail::assign(code, cq_dns_reverse_name(&of.native(), text, sizeof text));
	return text;
}

#ifdef __cpp_exceptions
inline std::uint32_t number_of(const cq_dns_record &record, std::string_view member)
{
	return detail::attempt("number_of", [&](auto &code) { return number_of(record, member, code); });
}

inline std::string text_of(const cq_dns_record &record, std::string_view member)
{
	return detail::attempt("text_of", [&](auto &code) { return text_of(record, member, code); });
}

inline unsigned dns_type_number(std::string_view name)
{
	return detail::attempt("dns_type_number", [&](auto &code) { return dns_type_number(name, code); });
}

inline unsigned dns_class_number(std::string_view name)
{
	return detail::attempt("dns_class_number", [&](auto &code) { return dns_class_number(name, code); });
}

inline std::string reverse_name(const address &of)
{
	return detail::attempt("reverse_name", [&](auto &code) { return reverse_name(of, code); });
}
#endif

} // namespace cqueues
