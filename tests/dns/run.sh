#!/bin/sh
# SPDX-License-Identifier: MIT
# The resolver of the installed library, by the example program `dig`: against servers that lie, and on a small
# internet of its own beside unbound and the real dig. Nothing leaves a network namespace that the tests make.
#
#   run.sh [PREFIX [WORD...]]       only the scenarios with one of the words in their name; `internet` is the internet
#
# What is not installed is skipped. Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
if [ -n "$1" ]; then PREFIX=$1; fi
if [ $# -gt 0 ]; then shift; fi
: "${PREFIX:=$PWD/build/stage}" "${PKG_CONFIG:=pkg-config}" "${CC:=cc}"
work=${WORK:-$PWD/build/dns}
mkdir -p "$work"

# dnspython belongs to one interpreter; any will do for the scenarios.
python=
for candidate in python3 /usr/bin/python3; do
	if command -v "$candidate" >/dev/null; then
		: "${python:=$candidate}"
		if "$candidate" -c 'import dns.message' 2>/dev/null; then
			python=$candidate
			break
		fi
	fi
done
if [ -z "$python" ]; then
	echo 'skip   DNS: python3 is not installed'
	echo '0 passed, 0 failed, 1 skipped'
	exit
fi

if [ -z "$DIG" ]; then
	# shellcheck disable=SC2046
	if ! $CC -O1 -g -Wall -Wextra -Werror -o "$work/dig" examples/dig/dig.c \
		$(PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig $PKG_CONFIG --cflags --libs cqueues) "-Wl,-rpath,$PREFIX/lib"; then
		echo 'FAILED examples/dig/dig.c compiles'
		echo '0 passed, 1 failed, 0 skipped'
		exit 1
	fi
	DIG=$work/dig
fi
LIBRARY=$PREFIX/lib/libcqueues.so.1
export DIG LIBRARY
exec "$python" tests/dns/suite.py "$@"
