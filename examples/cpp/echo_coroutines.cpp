// SPDX-License-Identifier: MIT
// An echo server of coroutines: every line that a client sends comes back to it. SIGTERM and SIGINT end it, and with it
// the scope of its clients.
//
//   echo_coroutines [ADDRESS [PORT]]       port 0 lets the system choose a free one

#include <cqueues/coroutine.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace co = cqueues::co;

static cqueues::task<> serve(co::socket client)
{
	std::error_code code;  // a connection that fails is nobody else's concern
	client.set_mode("bl"); // bytes as they are, sent line by line
	while (auto line = co_await client.read_line_keep(code))
		co_await client.write(*line, code);
	co_await client.flush(code); // a last line without its end
}

static cqueues::task<> welcome(const co::listener &server, cqueues::scope &clients)
{
	for (;;)
		clients.spawn(serve(co_await server.accept()));
}

int main(int argc, char **argv)
try {
	cqueues::block_signals({ SIGTERM, SIGINT });
	cqueues::controller controller;
	cqueues::scope clients(controller);
	co::signal_listener signals({ SIGTERM, SIGINT });
	cqueues::listener bound(argc > 1 ? argv[1] : "127.0.0.1", argc > 2 ? std::atoi(argv[2]) : 8000);
	bound.establish();
	const auto name = bound.local();
	std::cout << "listening on " << name.text() << " " << name.port() << std::endl;

	const co::listener server(std::move(bound));
	clients.spawn(welcome(server, clients));
	const int number = controller.run([&]() -> cqueues::task<int> { co_return co_await signals.wait(); });
	std::cout << "ends by " << cq_signal_name(number) << std::endl;
} catch (const std::exception &failure) {
	std::cerr << failure.what() << "\n";
	return 1;
}
