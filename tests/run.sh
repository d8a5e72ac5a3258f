#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every suite, one after the other, and adds up what they counted: what
# `make test` does. `tests/run.sh NAME...` runs only the suites named.
#
# A suite closes with "N passed, N failed, N skipped" alone on a line, or prints
# the "test result:" lines of cargo. One that exits with an error, or that counts
# nothing, has failed, whatever else it said. Logs: build/test-logs/NAME.log.

cd "$(dirname "$0")/.." || exit 1
: "${CARGO:=cargo}" "${MAKE:=make}" "${CC:=cc}"
export CARGO MAKE CC
export PREFIX="$PWD/build/stage" OURS_PREFIX="$PWD/build/stage"
# shellcheck source=tests/tally.sh
. tests/tally.sh

# One suite a line: its name, the seconds it may take, its command. `stage` builds
# what the suites below it test.
suites="
rust          1200  $CARGO test --target-dir target
lint           600  sh tests/lint/run.sh
stage          900  $MAKE --no-print-directory stage examples && echo '0 passed, 0 failed, 0 skipped'
abi            120  sh tests/abi/run.sh
install        300  sh tests/install/run.sh
capi           900  sh tests/capi/run.sh
capi-sanitize  600  sh tests/capi/run.sh --sanitize
capi-valgrind  900  sh tests/capi/run.sh --valgrind
input          300  sh tests/input/run.sh
input-sanitize 600  sh tests/input/run.sh --sanitize
peers          300  sh tests/peers/run.sh
dns            300  sh tests/dns/run.sh
counts         300  sh tests/counts/capi.sh
lua            900  sh tests/lua/run.sh
lua-sanitize   600  sh tests/sanitize/lua.sh
lua-valgrind   900  sh tests/valgrind/lua.sh
lua-counts     600  sh tests/counts/lua.sh
kqueue         600  sh tests/backends/run.sh kqueue
ports          600  sh tests/backends/run.sh ports
order          300  sh tests/differential/order/run.sh
differential   600  sh tests/differential/run.sh
table          300  sh tests/differential/table/run.sh
clients        600  sh tests/clients/run.sh
demo           300  sh tests/demo/run.sh
"

logs=build/test-logs
mkdir -p "$logs"
table=$logs/table
: >"$table"

# limited SECONDS COMMAND: ends the command when its time is over.
limited() {
	if command -v timeout >/dev/null; then
		timeout -k 10 "$1" sh -c "$2"
	else
		sh -c "$2"
	fi
}

# run NAME SECONDS COMMAND: runs a suite and adds its line to the table.
run() {
	log=$logs/$1.log
	echo "== $1: $3"
	begun=$(date +%s)
	{ limited "$2" "$3" </dev/null 2>&1; echo $? >"$logs/status"; } | tee "$log"
	seconds=$(($(date +%s) - begun))
	status=$(cat "$logs/status")

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

# The suites are read on descriptor 3, so that none of them can eat the list.
while read -r name seconds command <&3; do
	if [ -z "$name" ]; then continue; fi
	case " $* " in
	'  ' | *" $name "*) run "$name" "$seconds" "$command" ;;
	esac
done 3<<LIST
$suites
LIST

awk '
	BEGIN { printf "%-14s %7s %7s %7s %7s\n", "suite", "passed", "failed", "skipped", "seconds" }
	{
		note = ""
		for (i = 6; i <= NF; i++) note = note " " $i
		printf "%-14s %7d %7d %7d %7d %s\n", $1, $2, $3, $4, $5, note
		passed += $2; failed += $3; skipped += $4
	}
	END {
		if (NR == 0) { print "no suite of that name"; failed = 1 }
		printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed > 0
	}' "$table"
