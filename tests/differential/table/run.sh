#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Calls every function and method with every kind of argument in every state of its object, on the original and on
# ours, with each interpreter, and compares what comes of it, case by case.
#
#   OURS_PREFIX=/usr/local tests/differential/table/run.sh [--subject NAME]... [--save DIRECTORY] [INTERPRETER...]
#
# OURS_PREFIX is an install prefix with share/lua/5.x/?.lua and lib/lua/5.x/?.so below it. The original is what the
# interpreter finds by itself. Everything happens in a network namespace of its own; where there can be none, or no
# Python, all is skipped. What may differ stands in differences.txt. Exit status 1 when anything else does.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
: "${OURS_PREFIX:?set OURS_PREFIX to the prefix ours is installed under}"
if ! command -v python3 >/dev/null; then
	echo 'skip   table: python3 is not installed'
	echo 'table: 0 passed, 0 failed, 1 skipped'
	exit
fi
cd "$here/../../.." || exit 2
# shellcheck source=tests/lua55/path.sh
. tests/lua55/path.sh
python3 "$here/driver.py" "$@"
status=$?
if [ $status -eq 77 ]; then
	echo 'table: 0 passed, 0 failed, 1 skipped'
	exit
fi
exit $status
