// SPDX-License-Identifier: MIT
// An echo server of fibers: every line that a client sends comes back to it, and all clients are served at once, each by
// a function that reads as if it were alone.
//
//   echo_fibers [ADDRESS [PORT]]       port 0 lets the system choose a free one

#include <cqueues/cqueues.hpp>

#include <cstdlib>
#include <iostream>

// Ends when the client is done or its connection fails: no more than this fiber ends with it.
static void serve(const cqueues::socket &client)
try {
	client.set_mode("bl"); // bytes as they are, sent line by line
	while (auto line = client.read_line_keep())
		client.write(*line);
	client.flush(); // a last line without its end
} catch (const cqueues::error &failure) {
	std::cerr << failure.what() << "\n";
}

int main(int argc, char **argv)
try {
	cqueues::controller controller;
	cqueues::listener server(argc > 1 ? argv[1] : "127.0.0.1", argc > 2 ? std::atoi(argv[2]) : 8000);
	server.establish();
	const auto name = server.local();
	std::cout << "listening on " << name.text() << " " << name.port() << std::endl;

	controller.spawn([&] {
		for (;;)
			controller.spawn([client = server.accept()] { serve(client); });
	});
	controller.loop();
} catch (const std::exception &failure) {
	std::cerr << failure.what() << "\n";
	return 1;
}
