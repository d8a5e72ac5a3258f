#!/bin/sh
# SPDX-License-Identifier: MIT
# The recipes of packaging/: Conan makes a package without a network, vcpkg's port runs with stand-ins for vcpkg, Ruby reads
# Homebrew's formula. Builds the library three times: about five minutes. Conan comes from PyPI, into build/packaging-test/venv.
#
# Closes with "N passed, N failed, N skipped".

# shellcheck disable=SC2317 # functions are called by `check`
cd "$(dirname "$0")/../.." || exit 1
: "${MAKE:=make}" "${PYTHON:=python3}"
work=$PWD/build/packaging-test
log=$work/log
mkdir -p "$work"
# shellcheck source=tests/tally.sh
. tests/tally.sh

conan() {
	CONAN_HOME=$work/conan "$work/venv/bin/conan" "$@"
}

conan_is_there() {
	test -x "$work/venv/bin/conan" || { "$PYTHON" -m venv "$work/venv" && "$work/venv/bin/pip" install -q conan; }
}

# Its test package is a program that CMake links with the package, and that runs.
conan_makes_a_package() {
	rm -rf "$work/conan"
	conan profile detect && for shared in True False; do
		conan create packaging/conan --no-remote -o "libcqueues/*:shared=$shared" >"$work/said" 2>&1 || { tail -n 20 "$work/said"; return 1; }
		grep '^libcqueues [0-9]*, TLS: yes$' "$work/said" || return 1
	done
	rm -rf packaging/conan/test_package/build packaging/conan/test_package/CMakeUserPresets.json
}

the_port_runs() {
	rm -rf "$work/vcpkg" && cmake -D PORT="$PWD/packaging/vcpkg/libcqueues" -D WORK="$work/vcpkg" -P tests/packaging/vcpkg.cmake
}

# Moved, as vcpkg moves it.
the_ports_package_is_found() {
	rm -rf "$work/moved" "$work/program" && mv "$work/vcpkg/packages" "$work/moved" && rm -rf "$work/vcpkg" &&
		cmake -S packaging/conan/test_package -B "$work/program" -D cqueues_DIR="$work/moved/share/cqueues" &&
		cmake --build "$work/program" && "$work/program/version" | grep 'TLS: yes' &&
		ldd "$work/program/version" | grep "$work/moved/"
}

check 'the archive is made' "$MAKE" --no-print-directory dist || finish
if conan_is_there >"$log" 2>&1; then
	check 'Conan makes packages, shared and static, and a program runs with either' conan_makes_a_package
else
	verdict skip 'Conan makes a package: Conan cannot be had from PyPI'
fi
if command -v cmake >/dev/null; then
	check 'the port for vcpkg runs with stand-ins for vcpkg' the_port_runs &&
		check 'CMake finds what it installs, in another place' the_ports_package_is_found
else
	verdict skip 'the port for vcpkg runs: CMake is not installed'
fi
if command -v ruby >/dev/null; then
	check 'Ruby reads the formula for Homebrew' ruby -c packaging/homebrew/libcqueues.rb
else
	verdict skip 'Ruby reads the formula: Ruby is not installed'
fi
finish
