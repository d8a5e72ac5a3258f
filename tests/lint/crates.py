#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every crate of Cargo.lock, those of tests included, is for the oldest Rust that Cargo.toml names.

A newer compiler does not tell. Each crate that wants a newer one is printed.
"""

import json
import os
import subprocess
import sys


def version(text):
    return tuple(int(part) for part in text.split("."))


def main():
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["packages"]
    ours = next(package for package in packages if package["name"] == "cqueues")["rust_version"]
    newer = [package for package in packages if version(package["rust_version"] or "0") > version(ours) + (0,)]
    for package in newer:
        print(f"{package['name']} {package['version']} wants Rust {package['rust_version']}, Cargo.toml says {ours}")
    return 1 if newer else 0


if __name__ == "__main__":
    sys.exit(main())
