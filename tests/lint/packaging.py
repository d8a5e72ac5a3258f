#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packages have the version of Cargo.toml, and debian/copyright covers the crates that the archive holds."""

import fnmatch
import pathlib
import re
import sys
import tomllib

# Each file, and how the version stands in it. Conan's recipe and the wheel's hook read Cargo.toml themselves.
VERSIONS = {
    "debian/changelog": r"\Alibcqueues \(([0-9.]+)-\d+\)",
    "packaging/homebrew/libcqueues.rb": r"libcqueues-([0-9.]+)\.tar\.gz",
    "packaging/vcpkg/libcqueues/vcpkg.json": r'^  "version": "([^"]*)"',
}


def main():
    faults = []
    package = tomllib.loads(pathlib.Path("Cargo.toml").read_text())["package"]
    for name, pattern in VERSIONS.items():
        found = re.findall(pattern, pathlib.Path(name).read_text(), re.MULTILINE)
        if found != [package["version"]]:
            faults.append(f"{name}: version {', '.join(found) or 'none'}, and {package['version']} in Cargo.toml")

    # The wheel's version is told by its hook.
    declared = re.findall(r"^(?:version\b|dynamic\b).*", pathlib.Path("bindings/python/pyproject.toml").read_text(), re.MULTILINE)
    if declared != ['dynamic = ["version", "readme"]']:
        faults.append("bindings/python/pyproject.toml: has a version of its own")

    control = pathlib.Path("debian/control").read_text()
    for tool in ("cargo", "rustc"):
        if f" {tool} (>= {package['rust-version']})" not in control:
            faults.append(f"debian/control: does not want {tool} {package['rust-version']}, the rust-version of Cargo.toml")

    # Stanzas of copyright: "Files:" with patterns, one a line.
    text = pathlib.Path("debian/copyright").read_text()
    patterns = re.findall(r"^(?:Files:| {7})\s*(vendor/\S+)$", text, re.MULTILINE)
    crates = [
        f"vendor/{crate['name']}-{crate['version']}"
        for crate in tomllib.loads(pathlib.Path("Cargo.lock").read_text())["package"]
        if "source" in crate
    ]
    if len(crates) < 10 or len(patterns) < 10:
        sys.exit("too few crates or stanzas were found: the check itself is broken")
    for crate in crates:
        if not any(fnmatch.fnmatch(crate, pattern) for pattern in patterns):
            faults.append(f"debian/copyright: no stanza for {crate}")
    for pattern in patterns:
        if not fnmatch.filter(crates, pattern):
            faults.append(f"debian/copyright: {pattern} is no crate of Cargo.lock")

    for fault in faults:
        print(fault)
    return len(faults) != 0


if __name__ == "__main__":
    sys.exit(main())
