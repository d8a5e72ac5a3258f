#!/bin/sh
# SPDX-License-Identifier: MIT
# The program `cq`, as it is installed below PREFIX, looks at a program that uses the library there.

cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=$PWD/build/stage}" "${CC:=cc}" "${PKG_CONFIG:=pkg-config}"
work=${WORK:-$PWD/build/inspect}
mkdir -p "$work"
cq=$PREFIX/bin/cq
# shellcheck source=tests/tally.sh
. tests/tally.sh

# check NAME COMMAND...: passes if the command succeeds, else shows what was said.
check() {
	name=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		verdict ok "$name"
	else
		verdict FAILED "$name"
		sed 's/^/       /' "$work/log" "$work/out" "$work/err"
	fi
}

# says STATUS PATTERN ARGUMENT...: `cq ARGUMENT...` ends with that status and says so.
says() {
	status=$1
	pattern=$2
	shift 2
	"$cq" "$@" >"$work/out" 2>"$work/err"
	found=$?
	test "$found" -eq "$status" && cat "$work/out" "$work/err" | grep -q "$pattern"
}

shows_the_tree() {
	says 0 '^scope 0 "workers"$' ps "$CQUEUES_INSPECT/$program.1" &&
		grep -q '^  task [0-9]* "sleeper", waits for [0-9.]* s: sleep, until ' "$work/out" &&
		grep -q '^task [0-9]* "obeys", waits for ' "$work/out"
}

# The loop of the second never runs.
tells_the_second_apart() {
	says 1 "^cq: .*/$program.2: no answer within a second: no task runs" ps "$program" && grep -q '"sleeper"' "$work/out"
}

# Nobody else may read who runs; without the page it is not known.
keeps_its_page_private() {
	page=$CQUEUES_INSPECT/$program.2.page
	test "$(stat -c %a "$page")" = 600 && mv "$page" "$work/page" &&
		says 1 'no answer within a second: its loop is stuck in a task, or is not running' ps "$CQUEUES_INSPECT/$program.2" &&
		: >"$page" && says 1 'is stuck in a task, or is not running' ps "$CQUEUES_INSPECT/$program.2" && mv "$work/page" "$page"
}

dumps_json() {
	says 0 '"name":"sleeper"' dump "$CQUEUES_INSPECT/$program.1" || return 1
	command -v python3 >/dev/null || return 0
	python3 -c 'import json, sys
found = json.load(sys.stdin)
assert found["controller"]["tasks"] == len(found["tasks"]) == 2, found
assert found["scopes"][0]["name"] == "workers", found' <"$work/out"
}

# Two pictures, a second apart.
shows_the_longest_again() {
	"$cq" top "$CQUEUES_INSPECT/$program.1" >"$work/out" 2>"$work/err" &
	top=$!
	tries=0
	until [ "$(grep -c '^longest waits' "$work/out")" -ge 2 ]; do
		tries=$((tries + 1))
		if [ $tries -gt 100 ]; then break; fi
		sleep 0.1
	done
	kill $top
	[ $tries -le 100 ] && grep -q '^busiest$' "$work/out"
}

# tells_file_and_line INTERPRETER VERSION FILE [steps]: a Lua program, and how its file is written.
tells_file_and_line() {
	LUA_PATH="$PREFIX/share/lua/$2/?.lua;;" LUA_CPATH="$PREFIX/lib/lua/$2/?.so;;" "$1" "$3" "$work/lua.sock" "${4-}" &
	lua=$!
	tries=0
	until says 0 ' "sleeper", waits for .*: sleep, .*, at '"$3:8$" ps "$work/lua.sock"; do
		tries=$((tries + 1))
		if [ $tries -gt 100 ]; then break; fi
		sleep 0.1
	done
	grep -q ' "reader", waits for .*: read of .*, at '"$3:15$" "$work/out" &&
		grep -q ' "waiter", waits for .*: condition "database", at '"$3:12$" "$work/out"
	found=$?
	kill $lua
	wait $lua 2>/dev/null
	[ $tries -le 100 ] && [ $found -eq 0 ]
}

# in_folder COMMAND...: from the folder of the work, as paths are shown as they were given.
in_folder() {
	(cd "$work" && "$@")
}

says_that_a_loop_is_stuck() {
	echo stuck >&3
	tries=0
	until says 1 'no answer within a second: task [0-9]* "obeys" has been running for [0-9]*\.' ps "$CQUEUES_INSPECT/$program.1"; do
		tries=$((tries + 1))
		if [ $tries -gt 20 ]; then return 1; fi
	done
}

says_that_a_process_is_over() {
	kill -9 "$program"
	wait "$program" 2>/dev/null
	says 2 'its process is over' ps "$CQUEUES_INSPECT/$program.1"
}

has_nothing_to_ask() {
	says 2 '^usage: ' && says 2 '^usage: ' ps && says 2 '^usage: ' look "$program" && says 2 'No such file' ps /nowhere/at/all &&
		says 2 'serves nothing' ps 999999999 && (unset CQUEUES_INSPECT && says 2 'which directory' ps "$program")
}

# Its input is over when it begins.
leaves_no_path_behind() {
	rm -f "$CQUEUES_INSPECT"/*
	"$work/program" </dev/null >/dev/null || return 1
	test -z "$(ls "$CQUEUES_INSPECT")"
}

PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
if ! $CC -std=gnu99 -O1 -o "$work/program" tests/inspect/program.c \
	$($PKG_CONFIG --cflags --libs cqueues) "-Wl,-rpath,$PREFIX/lib"; then
	echo '0 passed, 1 failed, 0 skipped'
	exit 1
fi

# A short path: those of UNIX sockets are limited.
CQUEUES_INSPECT=$(mktemp -d "${TMPDIR:-/tmp}/cq.XXXXXX")
export CQUEUES_INSPECT
rm -f "$work/input" "$work/output"
mkfifo "$work/input" "$work/output"
"$work/program" <"$work/input" >"$work/output" &
program=$!
exec 3>"$work/input" 4<"$work/output"
trap 'kill "$program" 2>/dev/null; rm -rf "$CQUEUES_INSPECT"' EXIT
read -r ready <&4

check 'the program is ready' test "$ready" = ready
check 'cq ps shows the tree' shows_the_tree
check 'cq ps asks each controller of a process, and tells which does not run' tells_the_second_apart
check 'who runs is told to nobody else, and only if it is known' keeps_its_page_private
check 'cq dump prints one JSON object' dumps_json
check 'cq top shows the longest waits again and again' shows_the_longest_again
# A program of whatever path shows its own lines; in 5.1 sockets wait in Lua functions of the binding.
mkdir -p "$work/cqueues"
cp tests/inspect/program.lua "$work/cqueues/server.lua"
for interpreter in lua5.1 lua5.4; do
	if command -v $interpreter >/dev/null && [ -f "$PREFIX/lib/lua/${interpreter#lua}/_cqueues.so" ]; then
		check "cq ps shows where the tasks of a program stand, on $interpreter" \
			tells_file_and_line $interpreter ${interpreter#lua} tests/inspect/program.lua
		check "and of one in a folder called cqueues, on $interpreter" \
			in_folder tells_file_and_line $interpreter ${interpreter#lua} cqueues/server.lua
		check "and of one that makes its steps itself, on $interpreter" \
			tells_file_and_line $interpreter ${interpreter#lua} tests/inspect/program.lua steps
	else
		verdict skip "cq ps shows where the tasks of a program stand: no $interpreter"
	fi
done
check 'a loop that is stuck is told from one that answers' says_that_a_loop_is_stuck
check 'a process that is over is told from one that is stuck' says_that_a_process_is_over
check 'what cannot be asked is an error of its own' has_nothing_to_ask
check 'a program that ends leaves no path behind' leaves_no_path_behind

# shellcheck disable=SC2154 # tests/tally.sh sets them
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
