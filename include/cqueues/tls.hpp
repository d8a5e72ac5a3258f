// SPDX-License-Identifier: MIT
// TLS configurations.
#pragma once

#include "handle.hpp"
#include "span.hpp"

namespace cqueues {

enum class tls_role : std::uint32_t { any = CQ_TLS_ANY, client = CQ_TLS_CLIENT, server = CQ_TLS_SERVER };
enum class tls_verify : std::uint32_t { none = CQ_TLS_VERIFY_NONE, peer = CQ_TLS_VERIFY_PEER, require = CQ_TLS_VERIFY_REQUIRE };
enum class tls_version : std::uint32_t { any = 0, v1_2 = CQ_TLS_1_2, v1_3 = CQ_TLS_1_3 };
enum class tls_staples : std::uint32_t {
	none = CQ_TLS_STAPLES_NONE,
	asked = CQ_TLS_STAPLES_ASKED,
	demanded = CQ_TLS_STAPLES_DEMANDED,
};

// What a TLS or DTLS stream demands and shows. One configuration serves any number of sockets.
class tls : public handle<cq_tls, cq_tls_free> {
public:
	tls(tls_role role, std::error_code &code) { open(role, code); }

	// Of a program's own SSL_CTX or SSL, of which a reference is taken.
	static tls adopt_context(void *context, tls_role role, std::error_code &code)
	{
		tls made{ empty() };
		made.open(code, cq_tls_adopt_context, context, role);
		return made;
	}

	static tls adopt_ssl(void *ssl, tls_role role, std::error_code &code)
	{
		tls made{ empty() };
		made.open(code, cq_tls_adopt_ssl, ssl, role);
		return made;
	}

	// PEM files with the certificate, followed by its chain, and the key.
	void certificate(std::string_view chain, std::string_view key, std::error_code &code) const
	{
		const detail::c_string first(chain), second(key);
		call(code, cq_tls_certificate, static_cast<const char *>(first), static_cast<const char *>(second));
	}

	void certificate_pem(bytes chain, bytes key, std::error_code &code) const
	{
		call(code, cq_tls_certificate_pem, chain.data(), chain.size(), key.data(), key.size());
	}

	// A PEM file or a hashed directory, instead of the system's authorities.
	void authorities(std::string_view path, std::error_code &code) const { set(code, cq_tls_authorities, path); }

	void authorities_pem(bytes data, std::error_code &code) const
	{
		call(code, cq_tls_authorities_pem, data.data(), data.size());
	}

	void verify(tls_verify how, std::error_code &code) const
	{
		call(code, cq_tls_verify, static_cast<std::uint32_t>(how));
	}

	// The name that the server's certificate must have.
	void name(std::string_view name, std::error_code &code) const { set(code, cq_tls_name, name); }

	// Application protocols, the best first: "h2,http/1.1".
	void alpn(std::string_view protocols, std::error_code &code) const { set(code, cq_tls_alpn, protocols); }

	void password(std::string_view password, std::error_code &code) const { set(code, cq_tls_password, password); }

	void versions(tls_version least, tls_version most, std::error_code &code) const
	{
		call(code, cq_tls_versions, static_cast<std::uint32_t>(least), static_cast<std::uint32_t>(most));
	}

	void ciphers(std::string_view list, std::error_code &code) const { set(code, cq_tls_ciphers, list); }
	void suites(std::string_view list, std::error_code &code) const { set(code, cq_tls_suites, list); }
	void groups(std::string_view list, std::error_code &code) const { set(code, cq_tls_groups, list); }

	// A server's other configuration, for clients that ask for a name (SNI).
	void add_name(std::string_view name, const tls &other, std::error_code &code) const
	{
		const detail::c_string text(name);
		if (other)
			call(code, cq_tls_add_name, static_cast<const char *>(text), static_cast<const cq_tls *>(other.native()));
		else
			detail::assign(code, EBADF);
	}

	void keylog(std::string_view path, std::error_code &code) const { set(code, cq_tls_keylog, path); }

	void revoked(std::string_view path, bool whole, std::error_code &code) const
	{
		const detail::c_string text(path);
		call(code, cq_tls_revoked, static_cast<const char *>(text), whole);
	}

	void staple(std::string_view path, std::error_code &code) const { set(code, cq_tls_staple, path); }
	void staple_der(bytes data, std::error_code &code) const { call(code, cq_tls_staple_der, data.data(), data.size()); }

	void staples(tls_staples how, std::error_code &code) const
	{
		call(code, cq_tls_staples, static_cast<std::uint32_t>(how));
	}

	// The SSL_CTX, for what libssl can do beyond this.
	void *context() const noexcept { return cq_tls_context(native()); }

	// Why the last call that sets something failed, in words.
	std::string reason() const
	{
		char text[1024] = "";
		if (native())
			cq_tls_reason(native(), text, sizeof text);
		return text;
	}

#ifdef __cpp_exceptions
	explicit tls(tls_role role = tls_role::any)
	{
		detail::attempt("tls", [&](auto &code) { open(role, code); });
	}

	static tls adopt_context(void *context, tls_role role)
	{
		return detail::attempt("tls", [&](auto &code) { return adopt_context(context, role, code); });
	}

	static tls adopt_ssl(void *ssl, tls_role role)
	{
		return detail::attempt("tls", [&](auto &code) { return adopt_ssl(ssl, role, code); });
	}

	// These throw with the reason.
	void certificate(std::string_view chain, std::string_view key) const
	{
		attempt("certificate", [&](auto &code) { certificate(chain, key, code); });
	}

	void certificate_pem(bytes chain, bytes key) const
	{
		attempt("certificate", [&](auto &code) { certificate_pem(chain, key, code); });
	}

	void authorities(std::string_view path) const { attempt("authorities", [&](auto &code) { authorities(path, code); }); }
	void authorities_pem(bytes data) const { attempt("authorities", [&](auto &code) { authorities_pem(data, code); }); }
	void verify(tls_verify how) const { attempt("verify", [&](auto &code) { verify(how, code); }); }
	void name(std::string_view text) const { attempt("name", [&](auto &code) { name(text, code); }); }
	void alpn(std::string_view protocols) const { attempt("alpn", [&](auto &code) { alpn(protocols, code); }); }
	void password(std::string_view text) const { attempt("password", [&](auto &code) { password(text, code); }); }
	void ciphers(std::string_view list) const { attempt("ciphers", [&](auto &code) { ciphers(list, code); }); }
	void suites(std::string_view list) const { attempt("suites", [&](auto &code) { suites(list, code); }); }
	void groups(std::string_view list) const { attempt("groups", [&](auto &code) { groups(list, code); }); }
	void keylog(std::string_view path) const { attempt("keylog", [&](auto &code) { keylog(path, code); }); }
	void staple(std::string_view path) const { attempt("staple", [&](auto &code) { staple(path, code); }); }
	void staple_der(bytes data) const { attempt("staple", [&](auto &code) { staple_der(data, code); }); }
	void staples(tls_staples how) const { attempt("staples", [&](auto &code) { staples(how, code); }); }

	void versions(tls_version least, tls_version most = tls_version::any) const
	{
		attempt("versions", [&](auto &code) { versions(least, most, code); });
	}

	void add_name(std::string_view text, const tls &other) const
	{
		attempt("add_name", [&](auto &code) { add_name(text, other, code); });
	}

	void revoked(std::string_view path, bool whole = false) const
	{
		attempt("revoked", [&](auto &code) { revoked(path, whole, code); });
	}

private:
	template <class Call> void attempt(const char *what, Call call) const { detail::attempt(what, *this, call); }
#else
	tls() noexcept = default;

private:
#endif
	struct empty {};
	explicit tls(empty) noexcept {}

	void open(tls_role role, std::error_code &code)
	{
		cq_tls *made = nullptr;
		detail::assign(code, cq_tls_new(static_cast<std::uint32_t>(role), &made));
		reset(made);
	}

	void open(std::error_code &code, int (*function)(void *, std::uint32_t, cq_tls **), void *object, tls_role role)
	{
		cq_tls *made = nullptr;
		detail::assign(code, function(object, static_cast<std::uint32_t>(role), &made));
		reset(made);
	}

	void set(std::error_code &code, int (*function)(const cq_tls *, const char *), std::string_view value) const
	{
		const detail::c_string text(value);
		call(code, function, static_cast<const char *>(text));
	}
};

} // namespace cqueues
