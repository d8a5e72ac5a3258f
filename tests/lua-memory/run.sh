#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Scripts without memory on Lua 5.1 to 5.5, and on LuaJIT without its compiler, which crashes by itself without memory: see memory.c.
#
#   PREFIX=/usr/local tests/lua-memory/run.sh [--valgrind] [NAME]
#
# PREFIX is an install prefix with share/lua/5.x/?.lua and lib/lua/5.x/?.so below it. NAME is that of a scenario. Under valgrind
# every fifth allocation of each fails, on two Luas.

cd "$(dirname "$0")/../.." || exit 2
prefix=${PREFIX:?"set PREFIX to the prefix the binding is installed under"}
: "${CC:=cc}"
# shellcheck source=tests/lua55/path.sh
. tests/lua55/path.sh
# shellcheck source=tests/tally.sh
. tests/tally.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/lua-memory-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

under='timeout 100' stride=1 versions='5.1 jit 5.2 5.3 5.4 5.5'
if [ "${1:-}" = --valgrind ]; then
	shift
	if ! command -v valgrind >/dev/null; then
		verdict skip 'no valgrind'
		finish
	fi
	under="timeout 300 valgrind -q --read-inline-info=no --error-exitcode=99 --leak-check=full --child-silent-after-fork=yes
		--show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible
		--suppressions=tests/valgrind/lua.supp --log-file=$work/valgrind"
	stride=5 versions='5.1 5.4'
fi

# library VERSION: what the linker needs for that Lua.
library() {
	case $1 in
	5.5) echo build/lua-5.5/lib/liblua.a -lm -ldl ;;
	jit) pkg-config --libs luajit ;;
	*) echo "-llua$1" ;;
	esac
}

# headers VERSION: what the compiler needs for it.
headers() {
	case $1 in
	jit) pkg-config --cflags luajit && echo -DINTERPRETED ;;
	*) tools/find-lua "$1" ;;
	esac
}

for version in $versions; do
	name="Lua $version"
	headers=$(headers "$version" 2>"$work/log")
	library=$(library "$version")
	if [ "$version" = jit ]; then name=LuaJIT version=5.1; fi # whose module it uses
	# shellcheck disable=SC2086 # lists of words
	if [ -z "$headers" ] || [ ! -e "$prefix/lib/lua/$version/_cqueues.so" ] ||
		! $CC -g -Wall -Wextra -Werror $headers tests/lua-memory/memory.c -Wl,-E -o "$work/memory" $library 2>"$work/log"; then
		verdict skip "$name: no library of it, or no binding: $(head -n 1 "$work/log")"
		continue
	fi
	LUA_PATH="$prefix/share/lua/$version/?.lua" LUA_CPATH="$prefix/lib/lua/$version/?.so" \
		SCENARIOS_FOLDER=$work/files $under "$work/memory" tests/lua-memory/scenarios.lua $stride "$@" >"$work/log" 2>&1
	status=$?
	sed -n "s/^FAILED/& $name:/p" "$work/log"
	if [ $status -gt 1 ] || ! grep -q 'passed, ' "$work/log"; then
		tail -n 40 "$work/log"
		if [ -e "$work/valgrind" ]; then grep -v 'WARNING: unhandled' "$work/valgrind" | head -n 60; fi
		verdict FAILED "$name: status $status"
	else
		echo "$name: $(tail -n 1 "$work/log")"
		tally "$work/log"
	fi
done
finish
