// SPDX-License-Identifier: MIT
// What the tests share, with and without exceptions.
#pragma once

#include "check.hpp"

#include <cqueues/cqueues.hpp>

using namespace cqueues;
using namespace std::chrono_literals;
using cqueues::sleep;
