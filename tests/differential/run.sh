#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Run every script here, or those named, on the original and on ours, with each interpreter, and
# compare what they print byte by byte.
#
#   OURS_PREFIX=/usr/local tests/differential/run.sh [03-read-formats.lua ...]
#
# OURS_PREFIX is an install prefix with share/lua/5.x/?.lua and lib/lua/5.x/?.so below it. The
# original is what the interpreter finds by itself; ours on Lua 5.5 is compared with the original on 5.4,
# but that it makes a text of an error that is nil. Exit status 1 when any output differs.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
prefix=${OURS_PREFIX:?"set OURS_PREFIX to the prefix ours is installed under"}
work=$(mktemp -d "${TMPDIR:-/tmp}/differential-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
unset LUA_INIT LUA_PATH LUA_CPATH
for version in 5_1 5_2 5_3 5_4; do
	unset "LUA_PATH_$version" "LUA_CPATH_$version"
done

cd "$here/../.." || exit 2
# shellcheck source=tests/lua55/path.sh
. tests/lua55/path.sh

passed=0 failed=0 skipped=0

if [ $# -gt 0 ]; then
	scripts=$*
else
	scripts=$(cd "$here" && ls [0-9][0-9]-*.lua)
fi
# shellcheck disable=SC2086 # a list of words
count=$(echo $scripts | wc -w)

# run_script INTERPRETER FILE: what the script prints, and its status when it is not 0.
run_script() {
	timeout 20 sh tests/apart.sh "$1" "$2" 2>&1 </dev/null
	status=$?
	[ $status -eq 0 ] || echo "exit status $status"
}

for lua in lua5.1 luajit lua5.2 lua5.3 lua5.4 lua5.5; do
	if ! command -v "$lua" >/dev/null; then
		echo "skip: no interpreter $lua"
		continue
	fi
	case $lua in
	luajit) version=5.1 ;;
	*) version=${lua#lua} ;;
	esac
	reference=$lua
	if [ "$lua" = lua5.5 ]; then reference=lua5.4; fi # the original does not know 5.5
	if ! "$reference" -e 'require "cqueues"' >/dev/null 2>&1; then
		echo "skip: the original is not available for $lua ($count scripts)"
		skipped=$((skipped + count))
		continue
	fi
	# Beside ours, luaossl and nothing else: what is missing in ours must not be found elsewhere.
	mkdir -p "$work/$version"
	for module in /usr/share/lua/"$version"/openssl* /usr/lib/*/lua/"$version"/_openssl.so; do
		[ ! -e "$module" ] || ln -sf "$module" "$work/$version/"
	done
	for script in $scripts; do
		script=$(basename "$script")
		run_script "$reference" "$here/$script" >"$work/original" &
		(
			LUA_PATH="$prefix/share/lua/$version/?.lua;$work/$version/?.lua"
			LUA_CPATH="$prefix/lib/lua/$version/?.so;$work/$version/?.so"
			export LUA_PATH LUA_CPATH
			run_script "$lua" "$here/$script" | if [ "$lua" = lua5.5 ]; then sed 's/"<no error object>"/nil/'; else cat; fi
		) >"$work/ours"
		wait
		# The original does not always do the same: its finalizers fail at the end of a script now and then, and a
		# thread's result is lost. It has three attempts, ours one.
		for _ in 1 2; do
			cmp -s "$work/original" "$work/ours" && break
			run_script "$reference" "$here/$script" >"$work/original"
		done
		if cmp -s "$work/original" "$work/ours"; then
			passed=$((passed + 1))
		elif [ "$lua" = lua5.5 ] && [ "$(cat "$work/ours")" = 'skip: no luaossl' ]; then
			skipped=$((skipped + 1)) # there is none for it
		else
			failed=$((failed + 1))
			echo "differs: $script on $lua"
			diff -u "$work/original" "$work/ours" | sed '1s/.*/--- original/;2s/.*/+++ ours/'
		fi
	done
done

echo "differential: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
