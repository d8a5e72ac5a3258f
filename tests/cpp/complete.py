#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""C++ has what C has: each function of include/cqueues.h is called by a header in include/cqueues/, or left_out.txt says
why not; each constant of a kind that C++ has as an enumeration is in it. Prints what is missing, and what left_out.txt
names without need."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"

# Constants that are members of enumerations: the prefix, and the names with that prefix that are something else.
ENUMERATIONS = {
    "CQ_E": {"CQ_ENDED", "CQ_ENOHOST", "CQ_ESERVICE"},  # the last two no function of C returns
    "CQ_OPTION_": set(),
    "CQ_TLS_FACT_": set(),
    "CQ_PROCESS_": set(),
}


def without_comments(text):
    return re.sub(r"//.*", "", re.sub(r"/\*.*?\*/", "", text, flags=re.S))


def left_out():
    """What C++ leaves out: names and reasons."""
    reasons = {}
    for line in (HERE / "left_out.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition(": ")
            if not reason or name in reasons:
                sys.exit(f"left_out.txt: {line!r} is no name with a reason, or stands there twice")
            reasons[name] = reason
    return reasons


def main():
    header = without_comments((INCLUDE / "cqueues.h").read_text())
    functions = set(re.findall(r"^[\w \*]*?\b(cq_\w+)\(", header, re.M)) - {"cq_"}
    constants = set(re.findall(r"^#define (CQ_\w+) ", header, re.M))
    used = set()
    for path in (INCLUDE / "cqueues").rglob("*.hpp"):
        used |= set(re.findall(r"\b[cC][qQ]_\w+", without_comments(path.read_text())))
    reasons = left_out()
    faults = [f"{name}: no header of C++ calls it" for name in functions - used - set(reasons)]
    faults += [f"{name}: left_out.txt names it, but C++ has it" for name in set(reasons) & used]
    faults += [f"{name}: left_out.txt names it, but C has no such function" for name in set(reasons) - functions]
    for prefix, others in ENUMERATIONS.items():
        of_kind = {name for name in constants if name.startswith(prefix)} - others
        faults += [f"{name}: in no enumeration of C++" for name in of_kind - used]
    print("\n".join(sorted(faults)) or f"{len(functions)} functions, {len(reasons)} left out")
    return 1 if faults or len(functions) < 300 else 0


sys.exit(main())
