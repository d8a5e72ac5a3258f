#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`unsafe` stands in src/sys and src/capi only. What needs it elsewhere goes through a function of src/sys."""

import pathlib
import re
import sys

ALLOWED = ("src/sys/", "src/capi/")


def main():
    faults = found = 0
    for path in sorted(pathlib.Path("src").rglob("*.rs")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = re.sub(r'//.*|"(?:\\.|[^"\\])*"', "", line)
            if re.search(r"\bunsafe\b", code):
                found += 1
                if not str(path).startswith(ALLOWED):
                    print(f"{path}:{number}: unsafe outside of {' and '.join(ALLOWED)}")
                    faults += 1
    if not found:
        sys.exit("no unsafe was found anywhere: the check itself is broken")
    return faults != 0


if __name__ == "__main__":
    sys.exit(main())
