# SPDX-License-Identifier: MIT
"""Builds the archive of `make dist`, without a network: `make dist && conan create packaging/conan`."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, load, rm, rmdir, unzip
from conan.tools.gnu import AutotoolsToolchain
from conan.tools.layout import basic_layout


class LibcqueuesConan(ConanFile):
    name = "libcqueues"
    package_type = "library"
    license = "MIT"
    description = "Tasks on one pollable controller, with buffered sockets, TLS and DNS"
    topics = ("event-loop", "sockets", "tls", "dns", "fibers")
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "openssl": ["system", "vendored"]}
    default_options = {"shared": True, "openssl": "system"}

    def top(self):
        return os.path.join(self.recipe_folder, "..", "..")

    # The version stands in Cargo.toml only. It is read while the recipe lies in its clone.
    def set_version(self):
        cargo = load(self, os.path.join(self.top(), "Cargo.toml"))
        self.version = re.search(r'^version = "(.*)"$', cargo, re.MULTILINE)[1]

    def export_sources(self):
        archives = os.path.join(self.top(), "build", "dist")
        if not copy(self, f"libcqueues-{self.version}.tar.gz", src=archives, dst=self.export_sources_folder):
            raise ConanInvalidConfiguration("no archive in build/dist: call `make dist` first")

    def validate(self):
        if self.settings.os not in ("Linux", "FreeBSD", "Macos"):
            raise ConanInvalidConfiguration(f"libcqueues does not know {self.settings.os}")

    def layout(self):
        basic_layout(self, src_folder="src")

    def source(self):
        archive = os.path.join(self.export_sources_folder, f"libcqueues-{self.version}.tar.gz")
        unzip(self, archive, strip_root=True)

    def generate(self):
        AutotoolsToolchain(self).generate()

    def make(self, target):
        self.run(f'make {target} OPENSSL={self.options.openssl} prefix="{self.package_folder}" DESTDIR=', cwd=self.source_folder)

    def build(self):
        self.make("lib")

    def package(self):
        self.make("install-lib")
        lib = os.path.join(self.package_folder, "lib")
        rmdir(self, os.path.join(lib, "cmake"))
        rmdir(self, os.path.join(lib, "pkgconfig"))
        for unwanted in ["libcqueues.a"] if self.options.shared else ["libcqueues.so*", "libcqueues*.dylib"]:
            rm(self, unwanted, lib)
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.libs = ["cqueues"]
        self.cpp_info.set_property("cmake_file_name", "cqueues")
        self.cpp_info.set_property("cmake_target_name", "cqueues::cqueues")
        self.cpp_info.set_property("pkg_config_name", "cqueues")
        if not self.options.shared:
            if self.options.openssl == "system":
                self.cpp_info.system_libs = ["ssl", "crypto"]
            if self.settings.os == "Linux":
                self.cpp_info.system_libs += ["util", "rt", "pthread", "m", "dl"]
