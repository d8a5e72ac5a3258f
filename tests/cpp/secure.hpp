// SPDX-License-Identifier: MIT
// TLS configurations with the certificates of tests/certificates.sh.
#pragma once

#include "fixture.hpp"

inline std::string certificate(const char *name)
{
	const char *folder = std::getenv("CERTIFICATES");
	if (!folder)
		check::skip("CERTIFICATES names no folder: see tests/certificates.sh");
	return std::string(folder) + "/" + name;
}

inline tls server_tls()
{
	tls made(tls_role::server);
	made.certificate(certificate("server.pem"), certificate("server.key"));
	made.alpn("echo");
	return made;
}

inline tls client_tls()
{
	tls made(tls_role::client);
	made.authorities(certificate("ca.pem"));
	made.name("localhost");
	made.alpn("echo");
	return made;
}
