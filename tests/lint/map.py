#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ARCHITECTURE.md names files that exist, and its map names each source file once.

A file name is what stands between back quotes and ends as file names do, or in a slash. It counts from the root; below
a heading "### `src/socket/`" of the map, in the first column, from there.
"""

import pathlib
import re
import sys

from rooms import sources

DOCUMENT = pathlib.Path("ARCHITECTURE.md")
NAME = re.compile(r"`([A-Za-z0-9_][A-Za-z0-9_./-]*(?:\.(?:rs|c|h|hpp|py|sh|lua|md|toml|map|txt|abi)|/))`")


def names(text):
    """Each file name of the document: its line, whether it is an entry of the map, and its path."""
    inside, folder = False, None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            inside, folder = line == "## Map of files", None
        heading = re.match(r"### `([^`]+/)`", line)
        if heading and inside:
            folder = heading[1]
            yield number, False, folder
            continue
        first, _, rest = line[1:].partition("|") if inside and folder and line.startswith("|") else ("", "", line)
        for name in NAME.findall(first):
            yield number, True, folder + name
        for name in NAME.findall(rest):
            yield number, False, name


def main():
    rows, faults = {}, 0
    for number, is_row, name in names(DOCUMENT.read_text()):
        if not pathlib.Path(name).exists():
            print(f"{DOCUMENT}:{number}: {name} does not exist")
            faults += 1
        if is_row and name in rows:
            print(f"{DOCUMENT}:{number}: {name} stands in line {rows[name]} too")
            faults += 1
        if is_row:
            rows[name] = number
    for path in sources():
        if str(path) not in rows:
            print(f"{path}: stands in no row of the map in {DOCUMENT}")
            faults += 1
    return faults != 0


if __name__ == "__main__":
    sys.exit(main())
