// SPDX-License-Identifier: MIT
// What the tests share. All of them are compiled as one file: see run.sh.
#pragma once

#include "fixture_plain.hpp"

#include <fcntl.h>

// A listener on a free port of the loopback interface, and its port.
template <class Listener = listener> std::pair<Listener, int> listen_anywhere()
{
	listener made("127.0.0.1", 0);
	made.establish();
	const int port = made.local().port();
	return { Listener(std::move(made)), port };
}

inline int open_descriptors()
{
	int count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}
