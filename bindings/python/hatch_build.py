# SPDX-License-Identifier: MIT
"""Builds the wheel: the library goes into cqueues/lib/, and the tag tells where it runs.

`CQUEUES_WHEEL_LIBRARY` names a library that is built already; `none` makes a wheel without one, for systems where it is
installed. Without it `make lib` is called, where OPENSSL=vendored in the environment builds OpenSSL into the library.
"""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

NAME = "libcqueues.1.dylib" if sys.platform == "darwin" else "libcqueues.so.1"


def sources(root):
    """The library's sources: beside this file in an sdist, above it in a clone."""
    inside = Path(root) / "library"
    return inside if inside.is_dir() else Path(root).parent.parent


class Metadata(MetadataHookInterface):
    """The version of Cargo.toml, and the text of docs/python.md."""

    def update(self, metadata):
        place = sources(self.root)
        metadata["version"] = re.search(r'^version = "(.*)"', (place / "Cargo.toml").read_text(encoding="utf-8"), re.M)[1]
        text = (place / "docs" / "python.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


class Library(BuildHookInterface):
    """Puts the library into the wheel."""

    def initialize(self, version, build_data):
        if version == "editable":
            return
        chosen = os.environ.get("CQUEUES_WHEEL_LIBRARY")
        if chosen == "none":
            return
        library = Path(chosen) if chosen else build(sources(self.root))
        if not library.is_file():
            raise SystemExit(f"{library} is no file: CQUEUES_WHEEL_LIBRARY names a shared library, or is none")
        build_data["force_include"][str(library.resolve())] = f"cqueues/lib/{NAME}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform(library.read_bytes())}"


def build(place):
    """Builds the library there; returns its path."""
    try:
        subprocess.run([os.environ.get("MAKE", "make"), "-C", str(place), "lib", "SOFLAGS=-Wl,-S"], check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as why:
        raise SystemExit(
            "libcqueues could not be built: it needs GNU make, a C compiler, OpenSSL's headers, and cargo with rustc 1.85 or newer.\n"
            "Or name a library that is built already in CQUEUES_WHEEL_LIBRARY; with CQUEUES_WHEEL_LIBRARY=none the package\n"
            f"comes without one, and uses the one that is installed. ({why})"
        ) from None
    return place / "build" / NAME


def platform(data):
    """The platform of a wheel with that library.

    On Linux with glibc manylinux promises that nothing but the C library's own files is needed, of the newest version that
    a symbol names. A library that wants the system's OpenSSL cannot promise that: its wheel is for systems like this one.
    """
    here = re.sub(r"[-.]", "_", sysconfig.get_platform())
    versions = [(int(major), int(minor)) for major, minor in re.findall(rb"\0GLIBC_(\d+)\.(\d+)\b", data)]
    if not here.startswith("linux_") or not versions or b"\0libssl.so" in data:
        return here
    major, minor = max(versions)
    return f"manylinux_{major}_{minor}_{here[len('linux_'):]}"
