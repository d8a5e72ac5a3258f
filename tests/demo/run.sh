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

name='make demo shows every server, all lines back'
if sh examples/echo/demo.sh >"$log" 2>&1 && grep -q 'byte for byte' "$log"; then
	verdict ok "$name"
	sed -n '/^server /,$p' "$log"
else
	verdict bad "$name"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
