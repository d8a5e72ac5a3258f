#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every suite and adds up what they counted: what `make test` does.
# `tests/run.sh NAME...` runs only the suites named.
#
# Suites run one after the other. Those marked `beside`, which compute much and mind no
# delay, run beside the others from when `stage` is done, with what time these leave;
# what they print comes at the end.
#
# Those that listen on ports run in networks of their own.
#
# A few suites that failed beside the others are run once more, alone, and that run counts;
# the table says so: what fails only on a busy machine is mostly a test in a hurry. When
# many have failed the machine is not the cause, and they stand as they are. AGAIN=yes tells
# a suite of it, so that a long one can leave out what has passed.
#
# What failed is told once more behind the table, before the sum, also when it passed alone.
#
# A suite closes with "N passed, N failed, N skipped" alone on a line, or prints
# the "test result:" lines of cargo. One that exits with an error, or that counts
# nothing, has failed, whatever else it said. Logs: build/test-logs/NAME.log.

cd "$(dirname "$0")/.." || exit 1
: "${CARGO:=cargo}" "${MAKE:=make}" "${CC:=cc}"
export CARGO MAKE CC
export PREFIX="$PWD/build/stage" OURS_PREFIX="$PWD/build/stage"
# What cargo makes for tests is without debug information, which only costs time: a panic tells its place without.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
# shellcheck source=tests/lua55/path.sh
. tests/lua55/path.sh
# shellcheck source=tests/tally.sh
. tests/tally.sh

# One suite a line: its name, the seconds it may take, `beside` or `-`, its command.
# `stage` builds what the suites below it test.
suites="
stage          900 -      $MAKE --no-print-directory stage examples && echo '0 passed, 0 failed, 0 skipped'
lint           900 beside sh tests/lint/run.sh
lua-valgrind  3600 beside sh tests/apart.sh sh tests/valgrind/lua.sh
capi-valgrind 3600 beside sh tests/apart.sh sh tests/capi/run.sh --valgrind
py-valgrind    900 beside sh tests/apart.sh sh tests/valgrind/python.sh
mem-valgrind  1200 beside sh tests/lua-memory/run.sh --valgrind
capi-sanitize 1800 beside sh tests/apart.sh sh tests/capi/run.sh --sanitize
rust          1200 -      $CARGO test --target-dir target
abi            120 -      sh tests/abi/run.sh
header         120 -      sh tests/header/run.sh
install        300 -      sh tests/install/run.sh
capi           900 -      sh tests/apart.sh sh tests/capi/run.sh
cpp            600 -      sh tests/apart.sh sh tests/cpp/run.sh
filter         300 -      sh tests/apart.sh sh tests/filter/run.sh
input          300 -      sh tests/input/run.sh
rocks          600 -      sh tests/rocks/run.sh
inspect         60 -      sh tests/inspect/run.sh
peers          300 -      sh tests/peers/run.sh
python         600 -      sh tests/python/run.sh --fetch; sh tests/apart.sh sh tests/python/run.sh
anyio          300 -      sh tests/python/foreign.sh --fetch; sh tests/python/foreign.sh
dns            300 -      sh tests/dns/run.sh
counts         300 -      sh tests/counts/capi.sh
lua            900 -      sh tests/apart.sh sh tests/lua/run.sh
lua-memory     300 -      sh tests/lua-memory/run.sh
lua-counts     600 -      sh tests/counts/lua.sh
kqueue         900 -      sh tests/backends/run.sh kqueue
ports          900 -      sh tests/backends/run.sh ports
order          300 -      sh tests/apart.sh sh tests/differential/order/run.sh
differential   600 -      sh tests/differential/run.sh
table          300 -      sh tests/differential/table/run.sh
random         300 -      sh tests/random/run.sh --suite
clients        600 -      sh tests/lua55/modules.sh; sh tests/apart.sh sh tests/clients/run.sh
demo           300 -      sh tests/apart.sh sh tests/demo/run.sh
input-sanitize 900 -      sh tests/input/run.sh --sanitize
lua-sanitize  1200 -      sh tests/apart.sh sh tests/sanitize/lua.sh
"

logs=build/test-logs
mkdir -p "$logs"
table=$logs/table
: >"$table"

# limited SECONDS COMMAND: ends the command when its time is over.
nice=
limited() {
	if command -v timeout >/dev/null; then
		$nice timeout -k 10 "$1" sh -c "$2"
	else
		$nice sh -c "$2"
	fi
}

# run NAME SECONDS COMMAND: runs a suite and adds its line to the table.
run() {
	log=$logs/$1.log
	echo "== $1: $3"
	begun=$(date +%s)
	{ limited "$2" "$3" </dev/null 2>&1; echo $? >"$logs/$1.status"; } | tee "$log"
	seconds=$(($(date +%s) - begun))
	status=$(cat "$logs/$1.status")

	counts=$(count "$log")
	note=
	if [ "$status" -eq 124 ]; then note="stopped after $2 s"; fi
	if [ -z "$counts" ]; then
		counts='0 1 0'
		: "${note:=counted nothing, status $status}"
	elif [ "$status" -ne 0 ] && [ "$(echo "$counts" | cut -d ' ' -f 2)" -eq 0 ]; then
		counts=$(echo "$counts" | awk '{ print $1, $2 + 1, $3 }')
		: "${note:=ended with status $status}"
	fi
	echo "$1 $counts $seconds $note" >>"$table"
	echo
}

# suites_of -|beside NAME...: the lines of those of them that are asked for.
suites_of() {
	kind=$1
	shift
	echo "$suites" | while read -r name seconds where command; do
		case "$where $* " in
		"$kind  " | "$kind "*" $name "* | "$kind $name "*) echo "$name $seconds $command" ;;
		esac
	done
}

# run_all: those whose lines come on descriptor 3, so that none of them can eat the list.
run_all() {
	while read -r name seconds command <&3; do
		case $name in
		'') continue ;;
		stage) ;;
		*) begin_beside ;;
		esac
		run "$name" "$seconds" "$command"
	done
}

# Begins those that run beside the others, once.
begin_beside() {
	if [ -n "$beside" ]; then return; fi
	if [ -n "$besides" ]; then
		echo "== beside the others: $(echo "$besides" | cut -d ' ' -f 1 | tr '\n' ' ')"
		echo
	fi
	beside=$logs/beside
	{
		nice='nice -n 10'
		run_all 3<<LIST
$besides
LIST
	} >"$beside" 2>&1 &
}

beside='' besides=$(suites_of beside "$@") others=$(suites_of - "$@")
run_all 3<<LIST
$others
LIST
begin_beside
wait
cat "$beside"

# failures: what the suites that failed said of it, a few lines each. `failures REMARK`
failures() {
	while read -r name _ failed _; do
		if [ "$failed" -eq 0 ]; then continue; fi
		grep -hE '^(differs|not ok)|FAILED' "$logs/$name.log" | cut -c 1-200 | head -n 10 | sed "s/^/$name$1: /"
	done <"$table"
}

# again NAME...: runs these suites once more; the lines of the table are those of this run.
again() {
	export AGAIN=yes
	for suite in "$@"; do
		grep -v "^$suite " "$table" >"$table.rest"
		mv "$table.rest" "$table"
		run_all 3<<LIST
$(echo "$besides
$others" | grep "^$suite ")
LIST
		sed "s/^$suite .*/& failed beside the others, this is the run alone/" "$table" >"$table.rest"
		mv "$table.rest" "$table"
	done
}

at_first=$(failures ', beside the others')
again=$(awk '$3 > 0 && $1 != "stage" { print $1 }' "$table")
if [ -n "$again" ] && [ "$(echo "$again" | wc -l)" -le 4 ] && [ "$(wc -l <"$table")" -gt 1 ]; then
	# shellcheck disable=SC2086
	again $again
else
	at_first=
fi

failures=$(printf '%s\n' "$at_first" "$(failures '')" | grep .) awk -v wanted="$(printf '%s\n' "$besides" "$others" | grep -c .)" '
	BEGIN { printf "%-14s %7s %7s %7s %7s\n", "suite", "passed", "failed", "skipped", "seconds" }
	{
		note = ""
		for (i = 6; i <= NF; i++) note = note " " $i
		printf "%-14s %7d %7d %7d %7d %s\n", $1, $2, $3, $4, $5, note
		passed += $2; failed += $3; skipped += $4
	}
	END {
		if (NR == 0) { print "no suite of that name"; failed = 1 }
		if (NR != wanted) { print wanted - NR " suites did not come to an end"; failed++ }
		if (ENVIRON["failures"]) print "\n" ENVIRON["failures"]
		printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed > 0
	}' "$table"
