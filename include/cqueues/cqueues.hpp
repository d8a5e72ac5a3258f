// SPDX-License-Identifier: MIT
// libcqueues for C++17 and later: all of it but coroutines, which <cqueues/coroutine.hpp> adds for C++20.
//
// The classes are owners of what cqueues.h describes, function by function. That header is the reference; docs/cpp.md
// is the manual of what C++ adds.
#pragma once

#include "address.hpp"
#include "condition.hpp"
#include "controller.hpp"
#include "datagrams.hpp"
#include "dns.hpp"
#include "error.hpp"
#include "job.hpp"
#include "listener.hpp"
#include "mutex.hpp"
#include "notify.hpp"
#include "options.hpp"
#include "pool.hpp"
#include "process.hpp"
#include "queue.hpp"
#include "scope.hpp"
#include "semaphore.hpp"
#include "signal.hpp"
#include "socket.hpp"
#include "span.hpp"
#include "this_task.hpp"
#include "thread.hpp"
#include "time.hpp"
#include "timer.hpp"
#include "tls.hpp"
#include "wakeup.hpp"
