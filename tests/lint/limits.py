#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each test or file that docs/limits.md names in its last column exists."""

import pathlib
import re
import sys


def main():
    tests = [path for path in pathlib.Path("tests").rglob("*") if path.suffix in (".c", ".lua")]
    tests += [path for path in pathlib.Path("src").rglob("*.rs") if "tests" in path.parts or path.stem == "tests"]
    defined = set()
    for path in tests:
        defined |= set(re.findall(r"TEST\((\w+)\)|t\.(?:test|plain)\(\"(\w+)\"|\bfn (\w+)\(", path.read_text()))
    names = {name for group in defined for name in group if name}
    rows = [line for line in pathlib.Path("docs/limits.md").read_text().splitlines() if line.startswith("| ")][1:]
    missing = checked = 0
    for row in rows:
        for name in re.findall(r"`([^`]+)`", row.rstrip("| ").split("|")[-1]):
            checked += 1
            if name not in names and not pathlib.Path(name).exists():
                print(f"docs/limits.md names {name}, which does not exist")
                missing += 1
    if checked < 15:
        sys.exit(f"only {checked} names were found: the check itself is broken")
    return missing != 0


if __name__ == "__main__":
    sys.exit(main())
