#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo works, and its client does notice what a bad server does.

cd "$(dirname "$0")/../.." || exit 1
log=build/demo-test.log
passed=0 failed=0 skipped=0

verdict() {
	if [ "$1" = ok ]; then
		passed=$((passed + 1))
		echo "ok     $2"
	else
		failed=$((failed + 1))
		echo "FAILED $2"
		sed 's/^/       /' "$log"
	fi
}

# load FAULT: the demo's client against a server with that fault.
load() {
	timeout 30 python3 examples/echo/load.py --connections 20 --lines 10 --seconds 2 \
		'bad server' "python3 tests/demo/bad_server.py $1" >"$log" 2>&1
}

if load none; then verdict ok 'a good server passes'; else verdict bad 'a good server passes'; fi
for fault in flip extra drop close exit linger dead talk; do
	name="a server with the fault '$fault' is told apart"
	load "$fault"
	# 1 is the client's own verdict; anything else is a failure of the client.
	if [ $? -eq 1 ] && grep -q '^FAILED bad server: ' "$log"; then
		verdict ok "$name"
	else
		verdict bad "$name"
	fi
done

name='make demo shows every echo server, all lines back'
if sh examples/echo/demo.sh >"$log" 2>&1 && grep -q 'byte for byte' "$log"; then
	verdict ok "$name"
	sed -n '/^server /,$p' "$log"
else
	verdict bad "$name"
fi

# What the programs of docs/scopes.md and docs/processes.md print, sorted, with ";" for the ends of lines.
. examples/lua.sh
prints() {
	name=$1 wanted=$2
	shift 2
	said=$(timeout 20 "$@" 2>&1 | LC_ALL=C sort | tr '\n' ';')
	echo "$said" >"$log"
	if [ "$said" = "$wanted" ]; then verdict ok "$name"; else verdict bad "$name"; fi
}
prints 'a request in C has a time limit' 'Connection timed out;later: half past nine;' build/examples/request
if [ -n "$lua" ]; then
	prints 'a request in Lua has a time limit' 'Connection timed out;later: half past nine;' "$lua" examples/scopes/request.lua
	lost='has lost its server.' served='is served.'
	prints 'a server stops with its connections' \
		"Client 1 $lost;Client 1 $served;Client 2 $lost;Client 2 $served;Client 3 $lost;Client 3 $served;The server has stopped.;" \
		"$lua" examples/scopes/stop.lua
	prints 'a sorter in Lua has its numbers sorted' '10;8;9;exited	0;' "$lua" examples/processes/sort.lua
	prints 'a worker cleans up under a shield' 'answer: bye;bye: the shift is over;the task is cancelled;' \
		"$lua" examples/scopes/cleanup.lua
fi

# The file servers, in C and in Lua, under other people's clients.
set -- C build/examples/server
if [ -n "$lua" ]; then set -- "$@" "$lua" "$lua examples/server/server.lua"; fi
if python3 tests/demo/file_servers.py build/demo-files "$@" >build/demo-files.list 2>"$log"; then
	while read -r outcome name; do verdict "$outcome" "$name"; done <build/demo-files.list
else
	verdict bad 'the file servers are tested'
fi

# supervisor COMMAND...: a supervisor with commands that talk, end, die and will not stop.
supervisor() {
	if python3 tests/demo/supervisor.py "$@" >build/demo-supervisor.list 2>"$log"; then
		while read -r outcome name; do verdict "$outcome" "$name"; done <build/demo-supervisor.list
	else
		verdict bad "a supervisor is tested: $*"
	fi
}
supervisor build/examples/supervise
if [ -n "$lua" ]; then supervisor "$lua" examples/supervisor/supervisor.lua; fi

# verdicts LIST: what the checks of an example have found.
verdicts() {
	while read -r outcome name; do
		if [ "$outcome" = skip ]; then
			skipped=$((skipped + 1))
			echo "skip   $name"
		else
			verdict "$outcome" "$name"
		fi
	done <"$1"
}

# lua_examples NAME [INTERPRETER...]: the checks of tests/demo/NAME_example.py on examples/NAME/NAME.lua, on Lua 5.4 and on LuaJIT,
# or on those interpreters.
lua_examples() {
	example=$1
	shift
	if [ $# -eq 0 ]; then set -- lua5.4 luajit; fi
	for interpreter; do
		version=${interpreter#lua}
		if [ "$interpreter" = luajit ]; then version=5.1; fi
		command -v "$interpreter" >/dev/null || continue
		test -e "$stage/lib/lua/$version/_cqueues.so" || continue
		if LUA_PATH="$stage/share/lua/$version/?.lua" LUA_CPATH="$stage/lib/lua/$version/?.so" \
			python3 "tests/demo/${example}_example.py" "$interpreter" "$interpreter examples/$example/$example.lua" \
			>"build/demo-$example.list" 2>"$log"; then
			verdicts "build/demo-$example.list"
		else
			verdict bad "the example $example is tested on $interpreter"
		fi
	done
}
# c_examples NAME PROGRAM: the checks of tests/demo/NAME_example.py on a program in C, or in Rust.
c_examples() {
	if [ ! -x "build/examples/$2" ]; then
		skipped=$((skipped + 1))
		echo "skip   $2: what it needs is not installed"
		return
	fi
	if python3 "tests/demo/$1_example.py" "$2" "build/examples/$2" >"build/demo-$2.list" 2>"$log"; then
		verdicts "build/demo-$2.list"
	else
		verdict bad "the example $2 is tested"
	fi
}
for program in embed_libuv embed_libevent embed_glib libuv_inside; do c_examples embed $program; done
for program in cores handover; do c_examples $program $program; done
c_examples timers timers
c_examples proxy proxy_tcp
c_examples chat chat_server
if ${CARGO:-cargo} build --target-dir target --example visitors >"$log" 2>&1; then
	mkdir -p build/examples && cp target/debug/examples/visitors build/examples/visitors
	c_examples rust visitors
else
	verdict bad 'the example in Rust is built'
fi
for name in chat http proxy starttls repl resolver; do lua_examples "$name"; done
lua_examples luv lua5.1 lua5.2 lua5.3 lua5.4 luajit # those for which Debian has luv

for program in openssl nginx; do
	PATH=$PATH:/usr/sbin command -v $program >/dev/null && continue
	echo "skip   HTTPS: no $program"
	echo "$passed passed, $failed failed, $((skipped + 4)) skipped"
	[ "$failed" -eq 0 ]
	exit
done

name='make demo shows the HTTPS clients, the valid server obeyed, the others refused'
if sh examples/https/demo.sh >"$log" 2>&1 &&
	[ "$(grep -c 'bytes, all right$' "$log")" -ge 2 ] && [ "$(grep -c ' refused: ' "$log")" -ge 4 ]; then
	verdict ok "$name"
	sed -n '/^HTTPS client /,$p' "$log"
else
	verdict bad "$name"
fi

# A tree like ours, but for the client.
tree=build/demo-tree
rm -rf "$tree"
mkdir -p "$tree/build/examples"
ln -s "$PWD/examples" "$tree/examples"
cp tests/demo/bad_client.py "$tree/build/examples/get"
chmod +x "$tree/build/examples/get"
name='an HTTPS client that believes everybody is told apart'
if ! sh "$tree/examples/https/demo.sh" >"$log" 2>&1 &&
	grep -q '^C  *valid  *HTTP/1.1 200 OK, 32000 bytes, all right$' "$log" &&
	[ "$(grep -c '^FAILED: wanted refused: ' "$log")" -eq 2 ]; then
	verdict ok "$name"
else
	verdict bad "$name"
fi

# The guide's program, which verifies nothing, gets the page.
guide() {
	. examples/lua.sh
	work=build/demo-guide
	rm -rf "$work"
	mkdir -p "$work"
	mkfifo "$work/ports"
	python3 examples/https/serve.py "$work" >"$work/ports" &
	server=$!
	read -r port _ <"$work/ports"
	timeout 10 "$lua" tests/demo/guide.lua "$port" >"$work/answer"
	status=$?
	kill "$server"
	grep -q '^!	HTTP/1.1 200 OK$' "$work/answer" && grep -q '^|	Content-Length: 32000$' "$work/answer" &&
		sed '1,/^~$/d' "$work/answer" | cmp - "$work/www/index.html" && return $status
}
name="the program of the guide's section 4.1 gets its page"
if guide >"$log" 2>&1; then verdict ok "$name"; else verdict bad "$name"; fi

# Both clients show what came of a page, say that it is not all, and fail. Uses the certificates of `guide`.
cut_short() {
	. examples/lua.sh
	work=build/demo-guide
	rm -f "$work/ports"
	mkfifo "$work/ports"
	timeout 20 python3 tests/demo/cut_server.py "$work/valid.pem" "$work/valid.key" 2 >"$work/ports" &
	read -r port <"$work/ports"
	! SSL_CERT_FILE=$work/ca.pem timeout 10 "$lua" examples/https/get.lua localhost "$port" >"$work/answer" 2>&1 &&
		grep -q '^half a page' "$work/answer" && grep -q 'TLS stream was cut short' "$work/answer" &&
		! timeout 10 build/examples/get localhost "$port" / "$work/ca.pem" >"$work/answer" 2>&1 &&
		grep -q 'half a page' "$work/answer" && grep -q 'end of file without close_notify' "$work/answer"
}
name='a page that is cut short is told from a whole one'
if cut_short >"$log" 2>&1; then verdict ok "$name"; else verdict bad "$name"; fi

# The C and the Lua program say the same, and what the zones of tests/dns/internet have.
name='make demo resolves names from the root of its own internet, in C and in Lua alike'
if ! sh examples/dig/demo.sh >"$log" 2>&1; then
	verdict bad "$name"
elif grep -q '^DNS is left out' "$log"; then
	skipped=$((skipped + 1))
	echo "skip   $name: $(cat "$log")"
elif [ "$(grep -c '^C  *www.harbor.sea  *A  *192.0.2.1 192.0.2.2 $' "$log")" -eq 1 ] &&
	[ "$(grep -c '^lua.* 192.0.2.75 $' "$log")" -eq 1 ] &&
	[ "$(grep -E '^(C|lua)' "$log" | sed 's/^[^ ]* *//' | sort -u | wc -l)" -eq 3 ]; then
	verdict ok "$name"
	sed -n '/^dig /,$p' "$log"
else
	verdict bad "$name"
fi

name='make demo shows a thread, a watched file and a service under signals, in C and in Lua alike'
if sh examples/watch/demo.sh >"$log" 2>&1 && [ "$(grep -c -E ' (thread|file|signals) ' "$log")" -eq 6 ]; then
	verdict ok "$name"
	tail -n +2 "$log"
else
	verdict bad "$name"
fi

name='make demo ends with a program that hangs, and cq ps and the program itself tell why'
if sh examples/hang/demo.sh >"$log" 2>&1 && grep -q '"kitchen", waits for .*: condition' "$log" &&
	grep -q 'task guest, waits: condition' "$log" && grep -q 'hang.lua:[0-9]*: in function' "$log"; then
	verdict ok "$name"
else
	verdict bad "$name"
	cat "$log"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
