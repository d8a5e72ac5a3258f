// SPDX-License-Identifier: MIT
// Coroutines on controllers, for C++20: cqueues::task<T>, and in the namespace cqueues::co what they await.
//
// The classes in cqueues::co have the names and functions of those in cqueues. There, what waits suspends the fiber or
// blocks the thread that calls it; here, it gives something for co_await.
#pragma once

#include "cqueues.hpp"

#include "coroutine/dns.hpp"
#include "coroutine/events.hpp"
#include "coroutine/groups.hpp"
#include "coroutine/pool.hpp"
#include "coroutine/queue.hpp"
#include "coroutine/socket.hpp"
#include "coroutine/spawn.hpp"
#include "coroutine/task.hpp"
#include "coroutine/timer.hpp"
#include "coroutine/waits.hpp"
