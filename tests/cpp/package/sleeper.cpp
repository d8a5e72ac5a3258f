// SPDX-License-Identifier: MIT
#include <cqueues/cqueues.hpp>

int main()
{
	cqueues::controller controller;
	return controller.run([] {
		cqueues::sleep(std::chrono::milliseconds(1));
		return 0;
	});
}
