// SPDX-License-Identifier: MIT
#include "check.hpp"

int main(int count, char **names) { return check::main(count, names); }
