#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every fuzz target for a while, from its seeds and what earlier runs found.
#
#   run.sh [SECONDS [TARGET...]]       20 seconds each unless told otherwise
#
# Needs cargo-fuzz (cargo install cargo-fuzz --locked). A crashing input is kept below artifacts/;
# `cargo fuzz run TARGET FILE` repeats it. Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")" || exit 1
: "${CARGO:=cargo}"
seconds=${1:-20}
if [ $# -gt 0 ]; then shift; fi
passed=0 failed=0 skipped=0

finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

# The sanitizers' flags are for nightly compilers; this makes a stable one take them.
export RUSTC_BOOTSTRAP=1

# shellcheck disable=SC2046
if [ $# -eq 0 ]; then set -- $(cd fuzz_targets && grep -l '^fuzz_target!' ./*.rs | sed 's|^\./||; s|\.rs$||'); fi
if ! "$CARGO" fuzz --version >/dev/null 2>&1; then
	for target; do
		skipped=$((skipped + 1))
		echo "skip   $target: cargo-fuzz is not installed"
	done
	finish
fi
mkdir -p artifacts
for target; do
	mkdir -p "corpus/$target" "artifacts/$target"
	log=artifacts/$target.log
	"$CARGO" fuzz run --fuzz-dir . "$target" "corpus/$target" "seeds/$target" -- \
		-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=1024 -print_final_stats=1 >"$log" 2>&1
	status=$?
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if [ "$status" -eq 0 ] && [ "${executions:-0}" -gt 0 ]; then
		passed=$((passed + 1))
		echo "ok     $target: $executions executions"
	else
		failed=$((failed + 1))
		echo "FAILED $target: status $status, after ${executions:-no} executions; from fuzz/$log:"
		{ grep -m 1 -A 4 -E 'panicked at|^error|ERROR' "$log"; grep 'artifacts/.*-' "$log"; } | sed 's/^[[:space:]]*/       /'
	fi
done
finish
