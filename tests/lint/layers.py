#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Imports of the core point one way.

The order stands in ARCHITECTURE.md, in the block that begins with ```layers: one layer a line, the topmost first.
A file may name modules of its own layer and of those below. Each import that points upward is printed, and there are
no exceptions. Tests of modules (tests.rs, tests/) may look anywhere.
"""

import pathlib
import re
import sys

SOURCES = pathlib.Path("src")


def layers():
    """The layers, topmost first, as tuples of module names."""
    text = pathlib.Path("ARCHITECTURE.md").read_text()
    block = re.search(r"^```layers\n(.*?)^```$", text, re.M | re.S)
    if not block:
        sys.exit("ARCHITECTURE.md has no block of layers")
    names = [line.split()[0] for line in block[1].splitlines() if line.strip()]
    return [tuple(name.split("::")) for name in names]


def module_of(path):
    """src/dns/ask/pool.rs -> (dns, ask, pool)."""
    parts = list(path.relative_to(SOURCES).with_suffix("").parts)
    if parts[-1] in ("mod", "lib"):
        parts.pop()
    return tuple(parts)


def layer_of(module, order):
    """The index of the layer with the longest name that the module's name begins with."""
    fitting = [name for name in order if module[: len(name)] == name]
    return order.index(max(fitting, key=len)) if fitting else None


def without_comments(text):
    return re.sub(r"//[^\n]*", "", text)


def expand(path):
    """`a::{b, c::{d, e}}` -> a::b, a::c::d, a::c::e."""
    head, brace, rest = path.partition("{")
    if not brace:
        return [path.strip()]
    found, depth, piece = [], 0, ""
    for letter in rest:
        if letter == "," and depth == 0 or letter == "}" and depth == 0:
            found += [head.strip() + one for one in expand(piece)] if piece.strip() else []
            piece = ""
            if letter == "}":
                break
            continue
        depth += (letter == "{") - (letter == "}")
        piece += letter
    return found


def imports(path):
    """The modules of the crate that a file names, absolute, and the line on which it does."""
    text = without_comments(path.read_text())
    here = module_of(path)
    # A path ends where its letters do, or with the brace that closes its group.
    group = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
    for match in re.finditer(r"\b(crate|super)::((?:[A-Za-z_0-9]+::)*(?:%s|[A-Za-z_0-9]+))" % group, text):
        if match.start() and text[match.start() - 1] == ":":
            continue  # the second super of super::super
        for name in expand(re.sub(r"\s+", " ", match[0]).replace("{ ", "{")):
            parts = name.replace(" ", "").split("::")
            base = () if parts[0] == "crate" else here
            while parts and parts[0] in ("crate", "super"):
                if parts.pop(0) == "super":
                    base = base[:-1]
            yield base + tuple(parts), text.count("\n", 0, match.start()) + 1


def main():
    order = layers()
    files = [path for path in sorted(SOURCES.rglob("*.rs")) if "tests" not in path.stem and "tests" not in path.parts]
    faults = checked = 0
    for path in files:
        module = module_of(path)
        if not module:
            continue  # lib.rs lists the rooms
        mine = layer_of(module, order)
        if mine is None:
            print(f"{path}: stands in no layer")
            faults += 1
            continue
        for target, line in imports(path):
            other = layer_of(target, order)
            checked += other is not None
            if other is not None and other < mine:
                print(f"{path}:{line}: {'::'.join(order[mine])} names {'::'.join(target)}, which is above it")
                faults += 1
    if checked < len(files):
        sys.exit(f"only {checked} imports were found in {len(files)} files: the check itself is broken")
    return faults != 0


if __name__ == "__main__":
    sys.exit(main())
