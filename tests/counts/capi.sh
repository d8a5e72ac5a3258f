#!/bin/sh
# SPDX-License-Identifier: MIT
# What operations cost in system calls, instructions and bytes, beside their budgets. Each count
# is the difference of two runs of different length, so that start and end cancel out: it does not
# depend on how busy the machine is. Works on the library installed below PREFIX.

cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=$PWD/build/stage}" "${CC:=cc}" "${PKG_CONFIG:=pkg-config}"
work=$PWD/build/counts
mkdir -p "$work"
passed=0 failed=0 skipped=0

PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
export PKG_CONFIG_PATH
for program in workload events scope; do
	# shellcheck disable=SC2046
	if ! $CC -O2 -o "$work/$program" tests/counts/$program.c \
		$($PKG_CONFIG --cflags --libs cqueues) "-Wl,-rpath,$PREFIX/lib"; then
		echo "0 passed, 1 failed, 0 skipped"
		exit 1
	fi
done

# budget WHAT FIGURE LIMIT: prints the figure beside its budget and judges it.
budget() {
	if [ -n "$2" ] && awk -v figure="$2" -v limit="$3" 'BEGIN { exit !(figure <= limit) }'; then
		passed=$((passed + 1))
		word=ok
	else
		failed=$((failed + 1))
		word=FAILED
	fi
	printf '%-6s %-68s %10s of %s\n' "$word" "$1" "${2:-nothing}" "$3"
}

skip() {
	skipped=$((skipped + 1))
	printf '%-6s %s\n' skip "$1"
}

# figure COLUMN CALLS FILE: adds up a column of `strace -c` (4 calls, 5 errors) over the system
# calls that match.
figure() {
	awk -v column="$1" -v calls="^($2)\$" '
		$1 ~ /^[0-9.]+$/ && $NF != "total" && $NF ~ calls && (column == 4 || NF == 6) { sum += $column }
		END { print sum + 0 }' "$3"
}

# per_operation COLUMN CALLS SHORT LONG: the difference of two logs by the difference of lengths.
per_operation() {
	awk -v long="$(figure "$1" "$2" "$work/long")" -v short="$(figure "$1" "$2" "$work/short")" \
		-v operations="$(($4 - $3))" 'BEGIN { printf "%.4f", (long - short) / operations }'
}

# two_runs SHORT LONG WORKLOAD [PROGRAM]: logs the system calls of both.
two_runs() {
	strace -f -c -o "$work/short" "$work/${4-workload}" "$3" "$1" &&
		strace -f -c -o "$work/long" "$work/${4-workload}" "$3" "$2"
}

# serve_lines WORKLOAD CONNECTIONS LINES COMMAND...: runs a server, by that command, under load.
serve_lines() {
	workload=$1 connections=$2 lines=$3
	shift 3
	rm -f "$work/port"
	mkfifo "$work/port" || return 1
	"$@" "$work/workload" "$workload" >"$work/port" &
	read -r port <"$work/port" && "$work/workload" load "$port" "$connections" "$lines"
	wait $!
}

count_system_calls() {
	short=5000 long=55000
	for style in pairs pairs-fibers; do
		two_runs $short $long $style
		budget "$style: system calls per message" "$(per_operation 4 '.*' $short $long)" 2.1
		budget "$style: epoll_ctl per message" "$(per_operation 4 epoll_ctl $short $long)" 0
		budget "$style: receives that found nothing per message" "$(per_operation 5 'recv.*' $short $long)" 0
	done

	connections=64 short=50 long=450
	for style in serve serve-fibers serve-limits; do
		serve_lines "$style" "$connections" $short strace -f -c -o "$work/short"
		serve_lines "$style" "$connections" $long strace -f -c -o "$work/long"
		lines=$((connections * (long - short)))
		budget "$style: system calls per line, $connections connections" "$(per_operation 4 '.*' 0 $lines)" 2.1
		# A new connection is read before its first line has come, or after; the end of one may come with its last line:
		# once each.
		budget "$style: epoll_ctl per line" "$(per_operation 4 epoll_ctl 0 $lines)" 0.0025
		budget "$style: receives that found nothing per line" "$(per_operation 5 'recv.*' 0 $lines)" 0.0025
	done

	short=1000 long=11000
	for style in conditions tasks fibers; do
		two_runs $short $long $style
		budget "$style: system calls per round" "$(per_operation 4 '.*' $short $long)" 0
	done
}

# What causes the event is one call, waiting for it is two: the poll, and the fetching.
count_events() {
	short=500 long=2500
	two_runs $short $long signals events
	budget 'signal, sent and waited for: system calls' "$(per_operation 4 '.*' $short $long)" 3
	two_runs $short $long files events
	budget 'file, changed and waited for: system calls' "$(per_operation 4 '.*' $short $long)" 3.01
	two_runs $short $long connections events
	budget 'connection, waited for and accepted: epoll_ctl' "$(per_operation 4 epoll_ctl $short $long)" 0
	short=100 long=600
	two_runs $short $long threads events >/dev/null 2>&1
	# A wait that ends a moment too early, which happens on a machine that is busy, is repeated.
	budget "thread, joined: system calls of the poll, its registration, and the thread's end" \
		"$(per_operation 4 'epoll.*|read|poll|write' $short $long)" 3.05
}

# queries OPTIONS: system calls of a DNS query, of which 16 are under way at once.
queries() {
	for number in 500 2500; do
		strace -f -c -o "$work/$number" "$work/workload" dns $number "$@"
	done
	cp "$work/500" "$work/short" && cp "$work/2500" "$work/long"
	per_operation 4 '.*' 500 2500
}

count_queries() {
	if ! command -v python3 >/dev/null; then
		skip 'DNS queries: python3 is not here'
		return
	fi
	rm -f "$work/port"
	mkfifo "$work/port"
	python3 tests/counts/load.py names >"$work/port" &
	server=$!
	read -r port <"$work/port"
	budget 'DNS query from a port of its own: system calls' "$(queries "$port" 0 0)" 5.1
	budget 'DNS query from a shared port: system calls' "$(queries "$port" 8 0)" 3.5
	budget 'DNS query answered from the cache: system calls' "$(queries "$port" 0 1)" 0
	kill "$server"
	wait "$server" 2>/dev/null
}

# idle_... DESCRIPTORS STEPS: what such a run makes.
idle_calls() {
	strace -f -c -o "$work/log" "$work/workload" idle "$1" "$2" && figure 4 'epoll.*wait.*' "$work/log"
}

idle_instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/workload" idle "$1" "$2" 2>&1 |
		sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}

# line_instructions STYLE: of a line that a server echoes, the program's own and those of the C library included. How many lines
# come in one step is chance, so it is the least of three.
line_instructions() {
	for try in 1 2 3; do
		for count in 50 450; do
			serve_lines "$1" 64 $count valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$work/$try.$count"
			sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$work/$try.$count"
		done | awk 'NR == 1 { short = $1 } NR == 2 { printf "%.0f\n", ($1 - short) / (64 * 400) }'
	done | sort -n | head -n 1
}

# scope_instructions WHAT COUNT: what is counted inside of `measured`.
scope_instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=measured \
		"$work/scope" "$1" "$2" 2>&1 | sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}

# instructions_each WORKLOAD: of one more of what `scope WORKLOAD` does, from a warm start.
instructions_each() {
	for count in 1000 11000; do
		valgrind --tool=callgrind --callgrind-out-file=/dev/null "$work/scope" "$1" $count 2>&1 |
			sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
	done | awk 'NR == 1 { short = $1 } NR == 2 { printf "%.0f", ($1 - short) / 10000 }'
}

many=$("$work/workload" most 10000)

if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	count_system_calls
	count_events
	count_queries
	two_runs 1000 11000 nothing scope
	budget 'a scope with a deadline around nothing: system calls' "$(per_operation 4 '.*' 1000 11000)" 0
	one=$(idle_calls 1 1000)
	budget "idle step with $many descriptors: system calls as with one" \
		"$(awk -v all="$(idle_calls "$many" 1000)" -v one="$one" 'BEGIN { printf "%.3f", all / one }')" 1
else
	skip 'system calls: strace does not work here'
fi

if command -v valgrind >/dev/null; then
	one=$(($(idle_instructions 1 2200) - $(idle_instructions 1 200)))
	all=$(($(idle_instructions "$many" 2200) - $(idle_instructions "$many" 200)))
	budget "idle step with $many descriptors: instructions as with one ($((one / 2000)))" \
		"$(awk -v all=$all -v one=$one 'BEGIN { printf "%.3f", all / one }')" 1.05
	woken=$(scope_instructions broadcast 100000)
	ended=$(scope_instructions end 100000)
	budget "ending a scope of 100000 sleepers: instructions as of a broadcast ($((woken / 100000)))" \
		"$(awk -v ended="$ended" -v woken="$woken" 'BEGIN { printf "%.3f", ended / woken }')" 1.2
	turn=$(instructions_each turns) fiber=$(instructions_each fibers)
	budget "a fiber that is made, runs and ends: instructions ($fiber) as of a turn ($turn)" \
		"$(awk -v fiber="$fiber" -v turn="$turn" 'BEGIN { printf "%.2f", fiber / turn }')" 10
	budget 'serve: instructions per line' "$(line_instructions serve)" 1400
	budget 'serve-fibers: instructions per line' "$(line_instructions serve-fibers)" 1540
	one=$(scope_instructions one 1) all=$(scope_instructions one 100000)
	budget "cancelling one of 100000 tasks: instructions as of the only one ($one)" \
		"$(awk -v all="$all" -v one="$one" 'BEGIN { printf "%.3f", all / one }')" 1.25
else
	skip 'instructions: valgrind is not installed'
fi

budget "bytes of a connection on which half a line has come" "$("$work/workload" memory-half "$many")" 6144
budget "bytes of an idle accepted connection ($many of them)" "$("$work/workload" memory "$many")" 2048

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
