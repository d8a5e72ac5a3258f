#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs small random programs on the original and on ours and compares the order in which their tasks ran; see
# programs.lua.
#
#   OURS_PREFIX=/usr/local tests/differential/order/run.sh [COUNT [FIRST]]
#
# COUNT programs (2,000 by default) are dealt out to the interpreters. A program with timers whose trace differs is run again:
# on a busy machine two timers may come due together that usually do not. Closes with the counts of programs.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
prefix=${OURS_PREFIX:?"set OURS_PREFIX to the prefix ours is installed under"}
count=${1:-2000} first=${2:-1}
work=$(mktemp -d "${TMPDIR:-/tmp}/order-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
unset LUA_INIT LUA_PATH LUA_CPATH
# shellcheck source=tests/tally.sh
. "$here/../../tally.sh"

cd "$here/../../.." || exit 2
# shellcheck source=tests/lua55/path.sh
. tests/lua55/path.sh

# The interpreter that runs the original: it does not know 5.5.
reference() {
	if [ "$1" = lua5.5 ]; then echo lua5.4; else echo "$1"; fi
}

# original LUA FIRST LAST, ours LUA FIRST LAST: the traces
original() {
	timeout 120 "$(reference "$1")" "$here/programs.lua" "$2" "$3" 2>&1 </dev/null
}

ours() {
	version=${1#lua}
	[ "$version" != jit ] || version=5.1
	LUA_PATH="$prefix/share/lua/$version/?.lua" LUA_CPATH="$prefix/lib/lua/$version/?.so" \
		timeout 120 "$1" "$here/programs.lua" "$2" "$3" 2>&1 </dev/null
}

# differing LUA FIRST LAST: the numbers of the programs whose traces differ, or that one library does not finish
differing() {
	original "$@" >"$work/original" &
	ours "$@" >"$work/ours"
	wait
	awk -v last="$3" -v number="$2" '
		FNR == NR { first[$0 ~ /^[0-9]+: / ? key = $1 : key] = first[key] "\n" $0; next }
		{ second[$0 ~ /^[0-9]+: / ? key = $1 : key] = second[key] "\n" $0 }
		END { for (; number <= last; number++) if (first[number ":"] == "" || first[number ":"] != second[number ":"]) print number }
	' "$work/original" "$work/ours"
}

present=
for lua in lua5.1 luajit lua5.2 lua5.3 lua5.4 lua5.5; do
	if ! command -v "$lua" >/dev/null || ! "$(reference "$lua")" -e 'require "cqueues"' >/dev/null 2>&1; then
		echo "skip: $lua, or the original for it, is not here"
		continue
	fi
	present="$present $lua"
done
# shellcheck disable=SC2086
set -- $present
share=$((count / ($# > 0 ? $# : 1)))

for lua; do
	last=$((first + share - 1))
	wrong=$(differing "$lua" "$first" "$last")
	for number in $wrong; do
		tries=0
		while [ $tries -lt 8 ] && [ -n "$(differing "$lua" "$number" "$number")" ]; do
			tries=$((tries + 1))
			[ $((number % 4)) -eq 0 ] || tries=8 # without timers once more is enough
		done
		if [ $tries -ge 8 ]; then
			echo "differs on $lua: program $number"
			echo "original $(cat "$work/original")"
			echo "ours     $(cat "$work/ours")"
			failed=$((failed + 1)) passed=$((passed - 1))
		fi
	done
	passed=$((passed + share))
	first=$((last + 1))
done
finish
