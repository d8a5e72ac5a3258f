#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs random programs on the original and on ours, with each interpreter, and compares what they print; see run.py.
#
#   OURS_PREFIX=/usr/local tests/random/run.sh [--seeds 1..100] [--luas "lua5.1 lua5.4"] [FAMILY...]
#   OURS_PREFIX=/usr/local tests/random/run.sh --show FAMILY SEED [--luas lua5.4] [--without 3,7]
#
# OURS_PREFIX is an install prefix with share/lua/5.x/?.lua and lib/lua/5.x/?.so below it. The original is what the
# interpreter finds by itself. Everything happens in a network namespace of its own; where there can be none, or no
# Python, all is skipped.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
: "${OURS_PREFIX:?set OURS_PREFIX to the prefix ours is installed under}"
if ! command -v python3 >/dev/null; then
	echo 'skip   random: python3 is not installed'
	echo 'random: 0 passed, 0 failed, 1 skipped'
	exit
fi
cd "$here/../.." || exit 2
# shellcheck source=tests/lua55/path.sh
. tests/lua55/path.sh
python3 -B "$here/run.py" "$@"
status=$?
if [ $status -eq 77 ]; then
	echo 'random: 0 passed, 0 failed, 1 skipped'
	exit
fi
exit $status
