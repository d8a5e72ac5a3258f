#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs tests of the Python binding under valgrind: those that concern what waits, what is cancelled, and what is left behind.
#
#   PREFIX=/usr/local tests/valgrind/python.sh [test_sockets ...]
#
# PREFIX is an install prefix with lib/libcqueues.so.1. PYTHON names the interpreter. What valgrind finds in CPython itself is
# none of ours: only what has a function of the library in its stack counts. Whether that would be seen is tried first.
#
# Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=$PWD/build/stage}" "${PYTHON:=python3}"
work=$(mktemp -d "${TMPDIR:-/tmp}/valgrind-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=tests/tally.sh
. tests/tally.sh

if ! command -v valgrind >/dev/null; then
	verdict skip 'no valgrind'
	finish
fi
# What stands behind a name that a version manager put into PATH: valgrind runs programs, not scripts.
program=$("$PYTHON" -c 'import sys; print(sys.executable)')
version=$("$PYTHON" -c 'import platform; print(platform.python_version())')
export CQUEUES_LIBRARY="$PREFIX/lib/libcqueues.so.1" PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1 SPECS_ARE_SLOW=1
export PYTHONPATH="$PWD/bindings/python:$PWD/tests/python:$PWD/build/python/$version"
if ! "$program" -c 'import cqueues' 2>"$work/output"; then
	if grep -q exceptiongroup "$work/output"; then
		verdict skip "$version: no exceptiongroup (tests/python/run.sh --fetch)"
	else
		verdict FAILED "$version imports cqueues"
		cat "$work/output"
	fi
	finish
fi

under_valgrind() {
	timeout 300 valgrind -q --read-inline-info=no --leak-check=full --show-leak-kinds=definite --num-callers=20 --child-silent-after-fork=yes \
		--suppressions=tests/capi/valgrind.supp --log-file="$work/log" "$program" "$@" >"$work/output" 2>&1 </dev/null
}

# Prints what valgrind says with a function of the library in it; true if there is such.
findings() {
	awk 'function end() { if (text ~ /\.rs:|libcqueues/) { printf "%s", text; found = 1 }; text = "" }
		/^==[0-9]+== *$/ { end(); next }
		/^==/ { text = text $0 "\n" }
		END { end(); exit !found }' "$work/log" >"$work/ours"
}

# A text of which nobody has written a byte, and a scope that nobody frees.
cat >"$work/fault.py" <<'END_OF_FAULT'
import ctypes
from cqueues._library import declared, library

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
library._loaded.cq_address_parse(ctypes.c_void_p(libc.malloc(ctypes.c_size_t(8))), 0, ctypes.byref(declared.cq_address()))
place = ctypes.c_void_p()
library.cq_condition_new(False, ctypes.byref(place))
place.value = None
END_OF_FAULT
under_valgrind "$work/fault.py"
if findings && grep -q uninitialised "$work/ours" && grep -q 'definitely lost' "$work/ours"; then
	verdict ok 'faults of the library would be seen'
else
	verdict FAILED 'faults of the library would be seen'
	tail -n 20 "$work/output" "$work/log"
fi

[ $# -gt 0 ] || set -- test_sockets test_robust test_sync test_datagrams test_dns
for name in "$@"; do
	if under_valgrind tests/python/runner.py "$name" && ! findings; then
		verdict ok "$name ($(tail -n 1 "$work/output"))"
	else
		verdict FAILED "$name"
		grep -v '^ok ' "$work/output" | tail -n 40
		head -n 60 "$work/ours"
	fi
done
finish
