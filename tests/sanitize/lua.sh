#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the Lua specs with a binding built for AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   PREFIX=/usr/local tests/sanitize/lua.sh
#
# PREFIX is an install prefix with the library, its header, and share/lua/5.4/?.lua below it. The
# binding is built from its source into a folder of its own.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
root=$(dirname "$(dirname "$here")")
prefix=${PREFIX:?"set PREFIX to the prefix the library is installed under"}
: "${CC:=cc}"
build=$root/build/lua5.4-sanitize
output=$(mktemp "${TMPDIR:-/tmp}/sanitize-XXXXXX") || exit 2
trap 'rm -f "$output"' EXIT
trap 'exit 130' INT TERM
unset LUA_INIT LUA_PATH_5_4 LUA_CPATH_5_4

skip() {
	echo "skip: $1"
	echo '0 passed, 0 failed, 1 skipped'
	exit 0
}

flags='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer'
command -v lua5.4 >/dev/null || skip 'no interpreter lua5.4'
headers=$(CC="$CC" "$root/tools/find-lua" 5.4 2>/dev/null) || skip 'no headers of Lua 5.4'
runtime=$($CC -print-file-name=libasan.so)
[ -e "$runtime" ] || skip "$CC has no AddressSanitizer"

mkdir -p "$build"
# shellcheck disable=SC2086 # lists of words
if ! $CC -g -O1 $flags $headers -I"$prefix/include" -Wall -Wextra -fPIC -shared \
	-o "$build/_cqueues.so" "$root"/bindings/lua/src/*.c \
	-L"$prefix/lib" -lcqueues "-Wl,-rpath,$prefix/lib"; then
	echo '0 passed, 1 failed, 0 skipped'
	exit 1
fi

# Memory that is still in use at the end is the business of valgrind, which knows the interpreter's.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
SYSTEM_LUA_PATH=$(lua5.4 -e 'print(package.path)') SYSTEM_LUA_CPATH=$(lua5.4 -e 'print(package.cpath)')
export SYSTEM_LUA_PATH SYSTEM_LUA_CPATH
export LUA_PATH="$prefix/share/lua/5.4/?.lua" LUA_CPATH="$build/?.so"

passed=0 failed=0 skipped=0
for spec in "$root"/tests/lua/*_spec.lua; do
	LD_PRELOAD="$runtime" timeout 300 lua5.4 "$spec" >"$output" 2>&1 </dev/null
	status=$?
	counts=$(sed -n 's/^[a-z_]*_spec: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$output")
	if [ -z "$counts" ] || grep -q -E 'Sanitizer|runtime error:' "$output" ||
		{ [ $status -ne 0 ] && [ "${counts#* 0 }" != "$counts" ]; }; then
		failed=$((failed + 1))
		echo "FAILED $(basename "$spec"): status $status"
		tail -n 40 "$output"
		continue
	fi
	grep -E '^(FAILED|skip)' "$output"
	# shellcheck disable=SC2086 # three numbers
	set -- $counts
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
