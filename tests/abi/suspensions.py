#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tell which functions of the library may use the address of a thread's variable in another thread.

    suspensions.py LIBRARY

A fiber that is suspended may go on in another thread, and the compiler takes the address of a thread's variable for one that
never changes within a function. So no function that may be suspended, in what it calls, may look one up: src/sys/fiber.rs. Those
of ALLOWED look it up before they are suspended, once and in no loop, and have been read for that. Prints one line for
each other function, and for each that is no more to be allowed; ends with 2 if the library cannot be read so.
"""

import re
import subprocess
import sys
from collections import defaultdict

LOOKUP = "__tls_get_addr"
SUSPENDS = "cqueues::sys::fiber::suspend"
ALLOWED = {
    SUSPENDS,
    "cqueues::fiber::suspend_if",
    "cqueues::fiber::suspend_parked",
    "cqueues::capi::socket_io::read",  # its first attempt; others are calls
    "cq_socket_write",  # its first attempt, behind which another function goes on
}


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def places(library):
    """What the entries of the global offset table lead to: addresses in the library, or names outside."""
    found = {}
    for line in output("readelf", "-rW", library):
        parts = line.split()
        if len(parts) >= 4 and parts[2] == "R_X86_64_RELATIVE":
            found[int(parts[0], 16)] = int(parts[3], 16)
        elif len(parts) >= 5 and parts[2] in ("R_X86_64_GLOB_DAT", "R_X86_64_JUMP_SLOT"):
            found[int(parts[0], 16)] = parts[4]
    return found


def called(library):
    """The functions by their addresses: the name of each, and what it calls, by address or name."""
    table, names, calls = places(library), {}, defaultdict(set)
    function = None
    for line in output("objdump", "-d", "-C", "--no-show-raw-insn", library):
        if begun := re.match(r"([0-9a-f]+) <(.*)>:$", line):
            function = int(begun[1], 16)
            names[function] = begun[2]
        elif direct := re.search(r"\b(?:call|jmp)\s+([0-9a-f]+) <([^>]*)>", line):
            is_outside = direct[2].endswith("@plt")
            calls[function].add(direct[2].split("@")[0] if is_outside else int(direct[1], 16))
        elif through := re.search(r"\b(?:call|jmp)\s+\*0x[0-9a-f]+\(%rip\)\s+# ([0-9a-f]+)", line):
            place = table.get(int(through[1], 16), "")
            calls[function].add(place.split("@")[0] if isinstance(place, str) else place)
    return names, calls


def main():
    names, calls = called(sys.argv[1])
    suspended = {function for function, name in names.items() if name == SUSPENDS}
    more = set(suspended)
    while more:
        more = {function for function in names if function not in suspended and calls[function] & suspended}
        suspended |= more
    if len(suspended) < 20:
        sys.exit(2)
    looking = {names[function] for function in suspended if LOOKUP in calls[function]}
    for name in sorted(looking - ALLOWED):
        print(f"{name} looks up a variable of the thread, and may be suspended")
    for name in sorted(ALLOWED - looking):
        print(f"{name} is allowed for nothing")


main()
