// SPDX-License-Identifier: MIT
// What keeps a thread of a pool busy.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

// Holds a thread of a pool until it is opened.
class gate {
public:
	void hold()
	{
		held_ = true;
		while (!open_)
			std::this_thread::sleep_for(100us);
	}

	void wait() const
	{
		while (!held_)
			std::this_thread::sleep_for(100us);
	}

	void open() { open_ = true; }

private:
	std::atomic<bool> held_{ false }, open_{ false };
};
