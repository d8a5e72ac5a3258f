#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make demo` shows last: a program that hangs, and why, seen from outside by `cq ps` and told by itself.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=examples/lua.sh
. examples/lua.sh
if [ -z "$lua" ]; then exit 0; fi

work=$(mktemp -d "${TMPDIR:-/tmp}/cq-demo-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
CQUEUES_INSPECT=$work
export CQUEUES_INSPECT

# Waits until the program has written a line that matches.
await() {
	tries=0
	until grep -q "$1" "$work/log" 2>/dev/null; do
		tries=$((tries + 1))
		if [ "$tries" -gt 200 ]; then
			echo 'FAILED: the program has not told what was expected:'
			cat "$work/log"
			exit 1
		fi
		sleep 0.05
	done
}

echo 'A program hangs. What does it wait for?'
timeout 60 "$lua" examples/hang/hang.lua >"$work/log" 2>&1 &
await '^hanging'
path=$(find "$work" -name '*.1')
echo "\$ cq ps $(basename "${path%.1}")"
"$stage/bin/cq" ps "$path" || exit 1
kill -USR1 "$(basename "${path%.1}")"
await 'task guest'
echo 'On SIGUSR1 it tells where each task stands:'
sed 1d "$work/log"
kill "$(basename "${path%.1}")"
wait $! || exit 1
await '^ended'
