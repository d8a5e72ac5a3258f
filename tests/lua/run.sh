#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Run every spec here, or those named, on all six interpreters, or those that LUAS names.
#
#   PREFIX=/usr/local tests/lua/run.sh [socket_stream_spec.lua ...]
#
# PREFIX is an install prefix with share/lua/5.x/?.lua and lib/lua/5.x/?.so below it. Prints what
# failed or was skipped, the counts of each interpreter and the total; VERBOSE=1 prints every
# test. Exit status 1 when anything failed.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
prefix=${PREFIX:?"set PREFIX to the prefix the binding is installed under"}
# shellcheck source=tests/lua55/path.sh
cd "$here/../.." && . tests/lua55/path.sh
output=$(mktemp "${TMPDIR:-/tmp}/specs-XXXXXX") || exit 2
trap 'rm -f "$output"' EXIT
trap 'exit 130' INT TERM
unset LUA_INIT
for version in 5_1 5_2 5_3 5_4 5_5; do
	unset "LUA_PATH_$version" "LUA_CPATH_$version"
done

if [ $# -gt 0 ]; then
	specs=$*
else
	specs=$(cd "$here" && ls ./*_spec.lua)
fi
total_passed=0 total_failed=0 total_skipped=0
luas=${LUAS:-lua5.1 luajit lua5.2 lua5.3 lua5.4 lua5.5}

# Every other interpreter beside the rest: most of the time is waited.
case $luas in
*' '*)
	for which in 'p;n' 'n;p'; do
		# shellcheck disable=SC2086
		LUAS=$(printf '%s\n' $luas | sed -n "$which") sh tests/apart.sh sh "$here/run.sh" "$@" >"$output.$which" 2>&1 &
	done
	wait
	cat "$output".* >"$output"
	rm "$output".*
	grep -v '^specs: ' "$output"
	awk '/^specs: / { passed += $2; failed += $4; skipped += $6; runs++ }
		END {
			printf "specs: %d passed, %d failed, %d skipped\n", passed, failed, skipped
			exit failed > 0 || runs != 2
		}' "$output"
	exit
	;;
esac

for lua in $luas; do
	if ! command -v "$lua" >/dev/null; then
		echo "$lua: not here"
		continue
	fi
	case $lua in
	luajit) version=5.1 ;;
	*) version=${lua#lua} ;;
	esac
	unset LUA_PATH LUA_CPATH
	SYSTEM_LUA_PATH=$("$lua" -e 'print(package.path)') SYSTEM_LUA_CPATH=$("$lua" -e 'print(package.cpath)')
	export SYSTEM_LUA_PATH SYSTEM_LUA_CPATH
	LUA_PATH="$prefix/share/lua/$version/?.lua;$prefix/share/lua/$version/?/init.lua"
	LUA_CPATH="$prefix/lib/lua/$version/?.so"
	export LUA_PATH LUA_CPATH
	passed=0 failed=0 skipped=0
	for spec in $specs; do
		spec=$(basename "$spec")
		timeout 120 "$lua" "$here/$spec" >"$output" 2>&1 </dev/null
		status=$?
		if [ -n "${VERBOSE:-}" ]; then
			sed "s/^/$lua: /" "$output"
		else
			grep -E '^(FAILED|skip)' "$output" | sed "s/^/$lua $spec: /"
		fi
		counts=$(sed -n 's/^[a-z_]*_spec: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$output")
		if [ -z "$counts" ]; then
			echo "$lua $spec: FAILED: ended with status $status before its summary"
			tail -n 5 "$output"
			counts="0 1 0"
		fi
		# shellcheck disable=SC2086
		set -- $counts
		passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	done
	echo "$lua: $passed passed, $failed failed, $skipped skipped"
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
	total_skipped=$((total_skipped + skipped))
done

echo "specs: $total_passed passed, $total_failed failed, $total_skipped skipped"
[ $total_failed -eq 0 ]
