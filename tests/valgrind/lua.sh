#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the Lua specs, and the scripts that are otherwise compared with the original, under
# valgrind: no invalid access, no use of undefined values, and nothing lost when the interpreter
# has closed its state.
#
#   PREFIX=/usr/local tests/valgrind/lua.sh [poll_spec.lua 19-poll.lua ...]
#
# PREFIX is an install prefix with share/lua/5.x/?.lua and lib/lua/5.x/?.so below it. With AGAIN=yes what was clean in the run
# before is not run once more, and counts.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
tests=$(dirname "$here")
prefix=${PREFIX:?"set PREFIX to the prefix the binding is installed under"}
work=$(mktemp -d "${TMPDIR:-/tmp}/valgrind-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
unset LUA_INIT LUA_PATH LUA_CPATH
for version in 5_1 5_4; do
	unset "LUA_PATH_$version" "LUA_CPATH_$version"
done

passed=0 failed=0 skipped=0

# What was clean, a line each: interpreter and file.
clean=$(dirname "$tests")/build/lua-valgrind.clean
mkdir -p "$(dirname "$clean")"
if [ -z "${AGAIN-}" ]; then : >"$clean"; fi

# The status by which valgrind tells that it found something, whatever the script says of itself.
found=99

SPECS_ARE_SLOW=1
export SPECS_ARE_SLOW

under_valgrind() {
	# Reading which functions were inlined takes longer than most scripts.
	timeout 300 valgrind -q --read-inline-info=no --error-exitcode=$found --leak-check=full \
		--show-leak-kinds=definite,indirect,possible \
		--errors-for-leak-kinds=definite,indirect,possible \
		--suppressions="$here/lua.supp" --child-silent-after-fork=yes \
		--log-file="$work/log" "$@" >"$work/output" 2>&1 </dev/null
}

# What valgrind says of system calls newer than itself is no finding.
findings() {
	grep -v -E 'WARNING: unhandled|You may be able|Read the file README|Nevertheless we|Please report|it at http' \
		"$work/log" | head -n 60
}

# check INTERPRETER FILE
check() {
	if [ -n "${AGAIN-}" ] && grep -q -F -x -e "$1 $2" "$clean"; then
		passed=$((passed + 1))
		return
	fi
	under_valgrind "$1" "$2"
	status=$?
	case $status in
	0)
		passed=$((passed + 1))
		echo "$1 $2" >>"$clean"
		return
		;;
	"$found")
		findings
		# A spec that fails ends without closing its state, which looks like a leak.
		grep -A 5 '^FAILED' "$work/output"
		;;
	*) tail -n 15 "$work/output" ;;
	esac
	failed=$((failed + 1))
	echo "FAILED $1 $(basename "$2"): status $status"
}

# use INTERPRETER VERSION: whether it and the binding are here. Bare, the interpreter must be clean,
# or its own faults would be taken for ours.
use() {
	unset LUA_PATH LUA_CPATH
	SYSTEM_LUA_PATH=$("$1" -e 'print(package.path)' 2>/dev/null)
	SYSTEM_LUA_CPATH=$("$1" -e 'print(package.cpath)' 2>/dev/null)
	export SYSTEM_LUA_PATH SYSTEM_LUA_CPATH
	LUA_PATH="$prefix/share/lua/$2/?.lua;$prefix/share/lua/$2/?/init.lua"
	LUA_CPATH="$prefix/lib/lua/$2/?.so"
	export LUA_PATH LUA_CPATH
	if ! command -v "$1" >/dev/null || ! "$1" -e 'require "cqueues"' 2>/dev/null; then
		echo "skip $1: the interpreter or the binding is not here"
		return 1
	fi
	echo 'local t = {} for i = 1, 1000 do t[i] = tostring(i) end coroutine.wrap(function() end)()' >"$work/bare.lua"
	if ! under_valgrind "$1" "$work/bare.lua"; then
		echo "skip $1: valgrind finds faults in the bare interpreter"
		findings
		return 1
	fi
}

# check_all INTERPRETER VERSION FILE...
check_all() {
	interpreter=$1
	if ! use "$1" "$2"; then
		shift 2
		skipped=$((skipped + $#))
		return
	fi
	shift 2
	before="$passed $failed"
	for file in "$@"; do
		check "$interpreter" "$file"
	done
	echo "$interpreter: $((passed - ${before% *})) scripts clean, $((failed - ${before#* })) not"
}

# beside INTERPRETER VERSION FILE...: check_all in a process of its own, with a folder of its own.
# shellcheck disable=SC2030,SC2031
beside() {
	mkdir "$work/$1"
	{
		work=$work/$1
		check_all "$@"
		echo "$passed $failed $skipped" >"$work/counts"
	} >"$work/$1/said" 2>&1 &
}

# What those have said and counted.
# shellcheck disable=SC2031
gather() {
	wait
	for interpreter in "$@"; do
		cat "$work/$interpreter/said"
		more_passed=0 more_failed=1 more_skipped=0
		read -r more_passed more_failed more_skipped <"$work/$interpreter/counts"
		passed=$((passed + more_passed)) failed=$((failed + more_failed)) skipped=$((skipped + more_skipped))
	done
}

if ! command -v valgrind >/dev/null; then
	echo 'skip: valgrind is not here'
	echo '0 passed, 0 failed, 1 skipped'
	exit 0
fi

if [ $# -gt 0 ]; then
	for file in "$@"; do
		case $file in
		*_spec.lua) check_all lua5.4 5.4 "$tests/lua/$file" ;;
		*) check_all lua5.4 5.4 "$tests/differential/$file" ;;
		esac
	done
else
	# The specs cover TLS; the scripts on it make luaossl lose memory of its own.
	others=$(grep -L 'tls\.lua' "$tests"/differential/[0-9]*.lua)
	# Wrong types are tried under AddressSanitizer, thousands of them; what the guide shows is in the other specs.
	specs=$(printf '%s\n' "$tests"/lua/*_spec.lua | grep -v -e wrong_types_spec -e guide_spec)
	# shellcheck disable=SC2086 # lists of files
	beside lua5.4 5.4 $specs $others
	# shellcheck disable=SC2086
	beside lua5.1 5.1 $specs
	gather lua5.4 lua5.1
	echo 'skip luajit: valgrind cannot follow its allocator and its compiled code'
	skipped=$((skipped + 1))
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
