// SPDX-License-Identifier: MIT
// What a user of the packages compiles: two fibers of C++, and a line between them.
#include <cqueues/cqueues.hpp>

#include <iostream>

int main()
try {
	cqueues::controller controller;
	auto [left, right] = cqueues::socket::pair();
	controller.spawn([&left = left] {
		left.write("from fiber to fiber\n");
		left.flush();
	});
	controller.spawn([&right = right] { std::cout << right.read_line().value() << std::endl; });
	controller.loop();
} catch (const std::exception &failure) {
	std::cerr << failure.what() << "\n";
	return 1;
}
