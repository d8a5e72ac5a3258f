#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make demo` shows of threads, files and signals: a thread counts for another one, a file is watched while
# it is made, changed and removed, and a service is told by signals what to do. In C and in Lua.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=examples/lua.sh
. examples/lua.sh

work=$(mktemp -d "${TMPDIR:-/tmp}/cq-demo-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# row CLIENT WHAT FOUND WANTED: one line of the table.
row() {
	if [ "$3" = "$4" ]; then
		printf '%-8s %-10s %s\n' "$1" "$2" "$3"
	else
		printf '%-8s %-10s FAILED: %s\n' "$1" "$2" "$3"
		failed=1
	fi
}

# Waits until a program has written a line that matches.
await() {
	tries=0
	until grep -q "$2" "$1" 2>/dev/null; do
		tries=$((tries + 1))
		if [ "$tries" -gt 200 ]; then return 1; fi
		sleep 0.05
	done
}

# show_... CLIENT COMMAND...
show_thread() {
	client=$1
	shift
	said=$(timeout 20 "$@" 1 3 2>&1 | tr '\n' ';')
	row "$client" thread "$said" 'heard number 1;heard number 2;heard number 3;The other thread ended well.;'
}

# A file is made, changed and removed under the program's eyes, each time when it has told of the last.
show_file() {
	client=$1 folder=$work/$1 log=$work/$1.log
	shift
	mkdir "$folder"
	timeout 20 "$@" -r -p '*.txt' "$folder" >"$log" 2>&1 &
	watcher=$!
	await "$log" '^watching' && echo one >"$folder/notes.txt" &&
		await "$log" CREATE && echo two >>"$folder/notes.txt" &&
		await "$log" '^MODIFY notes' && rm "$folder/notes.txt" && await "$log" DELETE
	kill -TERM $watcher
	wait $watcher
	said=$(grep -v '^watch' "$log" | sed 's/.*CREATE.*/made/; s/.*MODIFY.*/changed/; s/.*DELETE.*/removed/' | uniq | tr '\n' ' ')
	row "$client" file "notes.txt $said" 'notes.txt made changed removed '
}

show_signals() {
	client=$1 log=$work/$1.signals last='waits\|waiting'
	shift
	"$@" >"$log" 2>&1 &
	service=$!
	for send in HUP USR1 TERM; do
		await "$log" "$last" && kill -$send $service
		last=SIG$send
	done
	await "$log" SIGTERM || kill -KILL $service
	wait $service
	said=$(tail -n +2 "$log" | cut -d: -f1 | tr '\n' ' ')
	row "$client" signals "$said" 'SIGHUP SIGUSR1 SIGTERM '
}

echo 'Threads, files, signals:'
show_thread C build/examples/messages
show_file C build/examples/watch
show_signals C build/examples/signals
if [ -n "$lua" ]; then
	show_thread "$lua" "$lua" examples/threads/messages.lua
	show_file "$lua" "$lua" examples/watch/watch.lua
	show_signals "$lua" "$lua" examples/signals/signals.lua
fi
exit $failed
