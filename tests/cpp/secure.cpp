// SPDX-License-Identifier: MIT
// TLS in fibers.

#include "secure.hpp"

TEST(a_verified_conversation_over_tls)
{
	controller cq;
	auto [server, port] = listen_anywhere();
	const tls shown = server_tls(), trusted = client_tls();
	cq.spawn([&, &server = server] {
		auto client = server.accept();
		client.starttls(shown);
		while (auto line = client.read_line_keep())
			client.write(*line);
		client.flush();
	});
	cq.run([&, port = port] {
		auto client = cqueues::socket::connect("127.0.0.1", port);
		client.starttls(trusted);
		client.write("secret\n");
		EQ(*client.read_line(), "secret");
		CHECK(client.tls_fact(tls_fact::version).rfind("TLSv1.", 0) == 0);
		EQ(client.alpn(), "echo");
		CHECK(client.ssl() != nullptr);
		CHECK(!client.tls_fact(tls_fact::pem).empty());
		THROWS(client.tls_fact(tls_fact::der, 9), std::errc::no_such_file_or_directory, "tls_fact");
		client.shutdown(SHUT_WR);
		CHECK(!client.read_line());
		CHECK(!client.is_truncated());
	});
}

TEST(a_certificate_that_nobody_trusts_is_refused_with_a_reason)
{
	controller cq;
	auto [server, port] = listen_anywhere();
	const tls shown = server_tls();
	cq.spawn([&, &server = server] {
		std::error_code code;
		auto client = server.accept();
		client.starttls(shown, code);
		EQ(code, errc::tls);
	});
	cq.run([port = port] {
		auto client = cqueues::socket::connect("127.0.0.1", port);
		const tls strict(tls_role::client);
		THROWS(client.starttls(strict), errc::not_verified, "starttls: certificate verify failed");
		CHECK(!client.reason().empty());
	});
	cq.loop();
}

TEST(a_configuration_tells_which_file_failed)
{
	tls broken(tls_role::server);
	THROWS(broken.certificate("/nowhere/a.pem", "/nowhere/a.key"), std::errc::no_such_file_or_directory, "/nowhere/a.pem");
	THROWS(broken.certificate_pem("no", "key"), errc::tls, "certificate");
	THROWS(broken.verify(static_cast<tls_verify>(9)), std::errc::invalid_argument, "verify");
	THROWS(broken.name(""), std::errc::invalid_argument, "name");
	CHECK(broken.context() != nullptr);
}
