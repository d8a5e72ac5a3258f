#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No source file is longer than a reader can keep in mind.

Tests of modules (tests.rs, tests/) and the tables below are free. Split a file that is too long by what it is made of:
a struct and its methods go into a file of their own.
"""

import pathlib
import sys

MOST = 450

ROOTS = ("src", "bindings/lua/src", "bindings/python", "include/cqueues")

# Files that are rows and little else.
TABLES = ("src/dns/message/types.rs", "src/errno/names.rs", "bindings/python/cqueues/_declarations.py")


def sources():
    """The source files that somebody reads: all but tests."""
    for root in ROOTS:
        for path in sorted(pathlib.Path(root).rglob("*")):
            if path.suffix in (".rs", ".c", ".h", ".hpp", ".py") and path.stem != "tests" and "tests" not in path.parts:
                yield path


def main():
    files = list(sources())
    if len(files) < 100:
        sys.exit(f"only {len(files)} files were found: the check itself is broken")
    faults = 0
    for table in TABLES:
        if not pathlib.Path(table).is_file():
            print(f"{table}: listed as a table in {sys.argv[0]}, and does not exist")
            faults += 1
    for path in files:
        length = len(path.read_text().splitlines())
        if length > MOST and str(path) not in TABLES:
            print(f"{path}: {length} lines, {MOST} are the most")
            faults += 1
    return faults != 0


if __name__ == "__main__":
    sys.exit(main())
