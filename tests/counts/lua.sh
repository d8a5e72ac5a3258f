#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the Lua binding costs, in system calls, instructions and bytes: figures that do not depend
# on how busy the machine is, each beside its budget.
#
#   PREFIX=/usr/local tests/counts/lua.sh
#
# PREFIX is an install prefix with share/lua/5.x/?.lua and lib/lua/5.x/?.so below it. A figure is
# what a larger run takes more than a smaller one, divided by what it does more, so that starting
# and ending do not count.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
prefix=${PREFIX:?"set PREFIX to the prefix the binding is installed under"}
work=$(mktemp -d "${TMPDIR:-/tmp}/counts-XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
unset LUA_INIT
for version in 5_1 5_4; do
	unset "LUA_PATH_$version" "LUA_CPATH_$version"
done

passed=0 failed=0 skipped=0

# -- The table ------------------------------------------------------------------

# row INTERPRETER WHAT FIGURE BUDGET VERDICT
row() {
	printf '%-7s  %-58s %10s %10s  %s\n' "$@"
}

# judge INTERPRETER WHAT FIGURE BUDGET: the figure must be there and not above the budget.
judge() {
	if [ -n "$3" ] && awk -v figure="$3" -v budget="$4" 'BEGIN { exit !(figure <= budget) }'; then
		passed=$((passed + 1))
		row "$@" ok
	else
		failed=$((failed + 1))
		row "$1" "$2" "${3:-none}" "$4" FAILED
	fi
}

# skip INTERPRETER WHAT WHY
skip() {
	skipped=$((skipped + 1))
	row "$1" "$2" - - "skipped: $3"
}

has() {
	command -v "$1" >/dev/null
}

# use INTERPRETER: from now on the binding is found.
use() {
	lua=$1
	case $lua in
	luajit) version=5.1 ;;
	*) version=${lua#lua} ;;
	esac
	LUA_PATH="$prefix/share/lua/$version/?.lua;$prefix/share/lua/$version/?/init.lua"
	LUA_CPATH="$prefix/lib/lua/$version/?.so"
	# Beside ours, luaossl.
	mkdir -p "$work/$version"
	for module in /usr/share/lua/"$version"/openssl* /usr/lib/*/lua/"$version"/_openssl.so; do
		[ ! -e "$module" ] || ln -sf "$module" "$work/$version/"
	done
	LUA_PATH="$LUA_PATH;$work/$version/?.lua" LUA_CPATH="$LUA_CPATH;$work/$version/?.so"
	export LUA_PATH LUA_CPATH
	has "$lua" && "$lua" -e 'require "cqueues"' 2>/dev/null
}

# -- Counting ---------------------------------------------------------------------

# in_strace NAME COMMAND...: runs it and leaves in NAME how many calls it made, how many of them
# were epoll_ctl, and how many failed. Without accept, for how many connections come at once is
# chance, and without those of the memory allocators, which depend on the garbage collector.
in_strace() {
	name=$1
	shift
	timeout 60 strace -c -o "$work/table" "$@" || return
	awk '
		$4 !~ /^[0-9]+$/ || $NF ~ /^(total|accept4|brk|mmap|mremap|munmap|madvise)$/ { next }
		{ calls += $4; failed += NF == 6 ? $5 : 0 }
		$NF == "epoll_ctl" { control = $4 }
		END { print calls + 0, control + 0, failed + 0 }' "$work/table" >"$work/$name"
}

# in_callgrind NAME COMMAND...: runs it and leaves in NAME how many instructions it took.
in_callgrind() {
	name=$1
	shift
	timeout 120 valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$work/log" "$@" ||
		return
	sed -n 's/.*Collected : //p' "$work/log" >"$work/$name"
}

# in_memcheck NAME COMMAND...: runs it and leaves in NAME how many bytes of malloc's it has when it ends.
in_memcheck() {
	name=$1
	shift
	timeout 120 valgrind --leak-check=no --log-file="$work/log" "$@" || return
	sed -n 's/.*in use at exit: \([0-9,]*\) bytes.*/\1/p' "$work/log" | tr -d , >"$work/$name"
}

# served ROUNDS COMMAND...: runs a server that prints its port, and 64 clients that send it a line
# ROUNDS times, each after the answer to the one before.
served() {
	rounds=$1
	shift
	under 'lines PORT 64 '"$rounds" "$@"
}

# under LOAD COMMAND...: runs a server that prints its port, under that load, where PORT stands for it.
under() {
	load=$1
	shift
	rm -f "$work/port"
	mkfifo "$work/port"
	"$@" >"$work/port" &
	server=$!
	read -r port <"$work/port"
	# shellcheck disable=SC2046 # a list of words
	python3 "$here/load.py" $(echo "$load" | sed "s/PORT/$port/")
	wait "$server"
}

# each COLUMN OPERATIONS: what `large` has in that column more than `small`, for one operation.
each() {
	cat "$work/small" "$work/large" 2>/dev/null | awk -v column="$1" -v operations="$2" '
		{ value[NR] = $column }
		END { if (NR == 2) printf "%.4g\n", (value[2] - value[1]) / operations }'
}

forget() {
	rm -f "$work/small" "$work/large"
}

# -- The figures --------------------------------------------------------------------

# pingpong INTERPRETER: ten rounds of 500 pairs are 10,000 messages.
count_pingpong() {
	forget
	in_strace small "$1" "$here/lua/pingpong.lua" 4
	in_strace large "$1" "$here/lua/pingpong.lua" 14
	judge "$1" 'system calls to play a byte to and fro, per message' "$(each 1 10000)" 2.1
	judge "$1" '  of these, epoll_ctl' "$(each 2 10000)" 0
	judge "$1" '  of these, failed (EAGAIN and the like)' "$(each 3 10000)" 0
}

count_echo() {
	forget
	served 20 in_strace small "$1" "$here/lua/echo.lua" 64
	served 120 in_strace large "$1" "$here/lua/echo.lua" 64
	judge "$1" 'system calls to echo a line over TCP, 64 connections' "$(each 1 6400)" 2.1
	judge "$1" '  of these, epoll_ctl' "$(each 2 6400)" 0
	# A new connection is read at once, and its first line may not be there yet: 64 of 6,400.
	judge "$1" '  of these, failed (EAGAIN and the like)' "$(each 3 6400)" 0.01
}

# Lines that answer what has come together leave together; otherwise each leaves when it is written.
count_pipelined() {
	forget
	under 'pipelined PORT 64 10' in_strace small "$1" "$here/lua/echo.lua" 64
	under 'pipelined PORT 64 60' in_strace large "$1" "$here/lua/echo.lua" 64
	judge "$1" 'system calls to echo a line, 16 of them at once' "$(each 1 51200)" 0.14
	forget
	under 'pipelined PORT 64 10' in_strace small "$1" "$here/lua/echo.lua" 64 none
	under 'pipelined PORT 64 60' in_strace large "$1" "$here/lua/echo.lua" 64 none
	judge "$1" '  where none may be held' "$(each 1 51200)" 1.1
}

# accept4 is left out in the table, and counted here as one.
count_short() {
	forget
	under 'short PORT 160' in_strace small "$1" "$here/lua/short.lua" 160
	under 'short PORT 1760' in_strace large "$1" "$here/lua/short.lua" 1760
	judge "$1" 'system calls of a short connection accepted' \
		"$(each 1 1600 | awk '{ print $1 + 1 }')" 7.2
	forget
	connected 160 small "$1"
	connected 1760 large "$1"
	judge "$1" 'system calls of a short connection made' "$(each 1 1600)" 9
}

count_connection_instructions() {
	forget
	connected 160 small "$1" in_callgrind
	connected 1760 large "$1" in_callgrind
	judge "$1" 'instructions of a short connection made' "$(each 1 1600)" 20300
}

# Those that are due nearly together are woken together: without that it is one call each.
count_sleepers() {
	forget
	in_strace small "$1" "$here/lua/sleepers.lua" 2
	in_strace large "$1" "$here/lua/sleepers.lua" 6
	judge "$1" 'system calls to wake one of a thousand sleepers' "$(each 1 4000)" 0.4
}

# connected CONNECTIONS NAME INTERPRETER [WAY]: counts system calls, unless another way is named.
connected() {
	rm -f "$work/port"
	mkfifo "$work/port"
	python3 "$here/load.py" answer "$1" >"$work/port" &
	server=$!
	read -r port <"$work/port"
	"${4:-in_strace}" "$2" "$3" "$here/lua/connect.lua" "$port" "$1"
	wait "$server"
}

# asked WAY WHERE COUNT INTERPRETER PORTS SAME MAKER: counts a program that asks a name server.
asked() {
	rm -f "$work/port"
	mkfifo "$work/port"
	python3 "$here/load.py" names >"$work/port" &
	server=$!
	read -r port <"$work/port"
	"$1" "$2" "$4" "$here/lua/dns.lua" "$port" "$3" "$5" "$6" "$7"
	kill "$server"
	wait "$server" 2>/dev/null
}

# queries INTERPRETER WAY WHAT BUDGET PORTS SAME [MAKER]
queries() {
	forget
	asked "$2" small 300 "$1" "$5" "$6" "${7:-resolver}"
	asked "$2" large 1300 "$1" "$5" "$6" "${7:-resolver}"
	judge "$1" "$3" "$(each 1 1000)" "$4"
}

count_queries() {
	queries "$1" in_strace 'system calls of a DNS query' 5.1 0 0
	queries "$1" in_strace 'system calls of a DNS query through a pool' 5.1 0 0 resolvers
	queries "$1" in_strace 'system calls of a DNS query from a shared port' 3.1 8 0
	queries "$1" in_strace 'system calls of a DNS query that the cache answers' 0 0 1
}

# bulk INTERPRETER receive|send pour|drain WHAT BUDGET TLS [CERTIFICATE KEY]: in pieces of 64 KiB.
bulk() {
	interpreter=$1 direction=$2 verb=$3 what=$4 limit=$5 tls=$6
	shift 6
	# Where the peer falls behind, waiting for it is counted too: the least of three.
	least=
	for _ in 1 2 3; do
		forget
		under "$verb PORT 16 $tls" in_strace small "$interpreter" "$here/lua/bulk.lua" "$direction" 16 "$@"
		under "$verb PORT 80 $tls" in_strace large "$interpreter" "$here/lua/bulk.lua" "$direction" 80 "$@"
		# shellcheck disable=SC2046,SC2086 # words, maybe none
		least=$(printf '%s\n' $least $(each 1 1024) | sort -g | head -n 1)
		if awk -v figure="${least:-9}" -v limit="$limit" 'BEGIN { exit !(figure <= limit) }'; then break; fi
	done
	judge "$interpreter" "$what" "$least" "$limit"
}

count_bulk() {
	bulk "$1" receive pour 'system calls to receive 64 KiB' 1.1 0
	bulk "$1" send drain 'system calls to send 64 KiB' 1.1 0
	if ! has openssl || ! "$1" -e 'require "openssl.ssl.context"' 2>/dev/null; then
		skip "$1" 'system calls of 64 KiB over TLS' 'openssl or luaossl is not here'
		return
	fi
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 \
		-subj /CN=localhost 2>/dev/null
	bulk "$1" receive pour 'system calls to receive 64 KiB over TLS' 2 1 "$work/cert.pem" "$work/key.pem"
	bulk "$1" send drain 'system calls to send 64 KiB over TLS' 2 1 "$work/cert.pem" "$work/key.pem"
}

count_wakeups() {
	forget
	in_strace small "$1" "$here/lua/condition.lua" 1000
	in_strace large "$1" "$here/lua/condition.lua" 11000
	judge "$1" 'system calls of a wait for a condition and its signal' "$(each 1 20000)" 0
	forget
	in_strace small "$1" "$here/lua/tasks.lua" 1000
	in_strace large "$1" "$here/lua/tasks.lua" 11000
	judge "$1" 'system calls to start and finish a task' "$(each 1 10000)" 0
}

# Sending a signal is three calls, writing to a file one; waiting is the poll and one more.
count_events() {
	forget
	in_strace small "$1" "$here/lua/signals.lua" 500
	in_strace large "$1" "$here/lua/signals.lua" 2500
	judge "$1" 'system calls to raise a signal and wait for it' "$(each 1 2000)" 5
	forget
	in_strace small "$1" "$here/lua/files.lua" 500
	in_strace large "$1" "$here/lua/files.lua" 2500
	judge "$1" 'system calls to change a file and wait for it' "$(each 1 2000)" 3
}

count_instructions() {
	# Where Lua's strings fall in its table is different in each run, and changes this by 30: the median of five, and of
	# such medians the least of three.
	least=
	most=3380
	for _ in 1 2 3; do
		median=$(for _ in 1 2 3 4 5; do
			forget
			in_callgrind small "$1" "$here/lua/pingpong.lua" 2
			in_callgrind large "$1" "$here/lua/pingpong.lua" 12
			each 1 10000
		done | sort -n | sed -n 3p)
		# shellcheck disable=SC2086 # words, maybe none
		least=$(printf '%s\n' $least $median | sort -g | head -n 1)
		if [ "${least:-9999}" -le "$most" ]; then break; fi
	done
	judge "$1" 'instructions to play a byte to and fro, per message' "$least" "$most"
	forget
	served 20 in_callgrind small "$1" "$here/lua/echo.lua" 64
	served 120 in_callgrind large "$1" "$here/lua/echo.lua" 64
	judge "$1" 'instructions to echo a line over TCP, 64 connections' "$(each 1 6400)" 3480
}

# turns INTERPRETER KIND WHAT BUDGET
turns() {
	forget
	in_callgrind small "$1" "$here/lua/turns.lua" "$2" 1000
	in_callgrind large "$1" "$here/lua/turns.lua" "$2" 11000
	judge "$1" "instructions $3" "$(each 1 10000)" "$4"
}

count_turns() {
	turns "$1" signals "to signal a task's condition and wait for one's own" 2620
	turns "$1" wakeups 'of a wakeup, one of a hundred by one signal' 1660
	turns "$1" sleeps 'to sleep for no time' 2160
	turns "$1" sleepers 'to sleep, one of a thousand tasks' 2030
	turns "$1" steps 'of step(0) while nothing happens' 1290
	turns "$1" active 'of step(0) and a byte sent and read in it' 5700
	turns "$1" nested 'of a byte sent and read four controllers deep' 13300
}

# By the interpreter of LuaJIT alone, as valgrind does not follow compiled traces.
count_interpreted_turns() {
	init=${LUA_INIT-}
	LUA_INIT='jit.off()'
	export LUA_INIT
	turns "$1" signals "to signal a task's condition and wait for one's own" 2680
	turns "$1" wakeups 'of a wakeup, one of a hundred by one signal' 1810
	turns "$1" sleeps 'to sleep for no time' 2080
	turns "$1" sleepers 'to sleep, one of a thousand tasks' 1980
	turns "$1" steps 'of step(0) while nothing happens' 1170
	turns "$1" active 'of step(0) and a byte sent and read in it' 6150
	turns "$1" nested 'of a byte sent and read four controllers deep' 16000
	LUA_INIT=$init
}

count_query_instructions() {
	queries "$1" in_callgrind 'instructions of a DNS query' 20300 0 0
	queries "$1" in_callgrind 'instructions of a DNS query from a shared port' 22500 8 0
	queries "$1" in_callgrind 'instructions of a DNS query that the cache answers' 8700 0 1
	queries "$1" in_callgrind 'instructions of a DNS query through a pool' 28400 0 0 resolvers
}

# idle_step COUNT INTERPRETER DESCRIPTORS STEPS: what a step costs while so many descriptors are silent.
# Making 10,000 descriptors takes a million instructions more or less, as strings are hashed anew
# in every run, so that only many steps tell.
idle_step() {
	forget
	"$1" small "$2" "$here/lua/idle.lua" "$3" 100
	"$1" large "$2" "$here/lua/idle.lua" "$3" $((100 + $4))
	each 1 "$4"
}

many=10000

# compare_idle COUNT INTERPRETER WHAT STEPS TOLERANCE
compare_idle() {
	one=$(idle_step "$1" "$2" 1 "$4")
	all=$(idle_step "$1" "$2" $many "$4")
	budget=$(awk -v one="$one" -v tolerance="$5" 'BEGIN { printf "%.4g\n", one * (1 + tolerance) }')
	judge "$2" "$3 of a step, $many silent descriptors (one: ${one:-none})" "$all" "$budget"
}

count_idle() {
	if ! enough_descriptors; then
		skip "$1" "a step with $many silent descriptors" 'the limit on descriptors is too low'
		return
	fi
	if has strace; then compare_idle in_strace "$1" 'system calls' 1000 0; fi
	if has valgrind; then compare_idle in_callgrind "$1" instructions 30000 0.1; fi
}

count_memory() {
	if ! enough_descriptors; then
		skip "$1" 'bytes of an idle connection' 'the limit on descriptors is too low'
		return
	fi
	rm -f "$work/lines"
	mkfifo "$work/lines"
	timeout 60 "$1" "$here/lua/connections.lua" 1000 $many >"$work/lines" &
	server=$!
	exec 4<"$work/lines"
	read -r port <&4
	python3 "$here/load.py" idle "$port" $((1000 + many)) &
	clients=$!
	read -r before <&4
	read -r after <&4
	exec 4<&-
	wait "$server" "$clients"
	judge "$1" "bytes of memory of an idle connection, $many of them" \
		"$(((after - before) / many))" 1880
}

# As asked of malloc, from one power of two to another: tables that double are full in both.
count_bytes() {
	forget
	in_memcheck small "$1" "$here/lua/waiting.lua" 1024
	in_memcheck large "$1" "$here/lua/waiting.lua" 8192
	judge "$1" "bytes asked of malloc for a task that waits" "$(each 1 7168)" 1190
	forget
	under 'idle PORT 256' in_memcheck small "$1" "$here/lua/waiting.lua" 256 connections
	under 'idle PORT 1024' in_memcheck large "$1" "$here/lua/waiting.lua" 1024 connections
	judge "$1" "bytes asked of malloc for a connection that waits" "$(each 1 768)" 1770
}

# Descriptors for 10,000 connections and a thousand to begin with, and some.
enough_descriptors() {
	wanted=$((many + 1500))
	# shellcheck disable=SC3045 # every shell of the systems we know has it
	ulimit -n $wanted 2>/dev/null || [ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge $wanted ]
}

# -- All of them -----------------------------------------------------------------------

row lua what figure budget verdict
for interpreter in lua5.4 luajit; do
	if ! use "$interpreter"; then
		skip "$interpreter" 'everything' 'the interpreter or the binding is not here'
		continue
	fi
	if has strace && has python3; then
		count_pingpong "$interpreter"
		count_echo "$interpreter"
		count_pipelined "$interpreter"
		count_short "$interpreter"
		count_bulk "$interpreter"
		count_queries "$interpreter"
		count_wakeups "$interpreter"
		count_sleepers "$interpreter"
		count_events "$interpreter"
	else
		skip "$interpreter" 'system calls' 'strace or python3 is not here'
	fi
	if [ "$interpreter" = luajit ]; then
		if has valgrind; then
			count_interpreted_turns "$interpreter"
		else
			skip "$interpreter" 'instructions' 'valgrind is not here'
		fi
		continue
	fi
	if has valgrind && has python3; then
		count_instructions "$interpreter"
		count_turns "$interpreter"
		count_connection_instructions "$interpreter"
		count_query_instructions "$interpreter"
		count_bytes "$interpreter"
	else
		skip "$interpreter" 'instructions' 'valgrind or python3 is not here'
	fi
	count_idle "$interpreter"
	if has python3; then
		count_memory "$interpreter"
	else
		skip "$interpreter" 'bytes of an idle connection' 'python3 is not here'
	fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
