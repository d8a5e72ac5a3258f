#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make demo` shows next: the HTTPS clients of this folder against nginx, which is one time who
# it says it is, and twice not. Every byte of the page is checked.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=examples/lua.sh
. examples/lua.sh

for program in openssl nginx; do
	if ! PATH=$PATH:/usr/sbin command -v $program >/dev/null; then
		echo "HTTPS is left out: no $program." >&2
		exit 0
	fi
done

work=$(mktemp -d "${TMPDIR:-/tmp}/cqueues-https-XXXXXX") || exit 1
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null; fi; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkfifo "$work/ports"
python3 examples/https/serve.py "$work" >"$work/ports" 2>"$work/log" &
server=$!
if ! read -r valid alone other <"$work/ports"; then
	cat "$work/log" >&2
	exit 1
fi

failed=0

# get NAME OUTCOME COMMAND...: a row of the table, which should have that outcome.
get() {
	client=$1 wanted=$2
	shift 2
	if timeout 10 "$@" >"$work/answer" 2>"$work/reason"; then
		sed '1,/^\r\{0,1\}$/d' "$work/answer" >"$work/body"
		outcome=$(head -n 1 "$work/answer" | tr -d '\r')
		if cmp -s "$work/body" "$work/www/index.html"; then
			outcome="$outcome, $(wc -c <"$work/body" | tr -d ' ') bytes, all right"
		fi
	else
		outcome="refused: $(sed -n '1s/.*starttls: //; 1s/, peer .*//p' "$work/reason")"
	fi
	printf '%-14s  %-18s  %s\n' "$client" "$certificate" "$outcome"
	if [ "$outcome" != "$wanted" ]; then
		echo "FAILED: wanted $wanted" >&2
		cat "$work/reason" "$work/log" >&2
		failed=1
	fi
}

# all CERTIFICATE PORT OUTCOME: a row for each client.
all() {
	certificate=$1
	if [ -n "$lua" ]; then
		get "Lua ($lua)" "$3" env SSL_CERT_FILE="$work/ca.pem" "$lua" examples/https/get.lua localhost "$2"
	fi
	if [ -x build/examples/get ]; then
		get C "$3" build/examples/get localhost "$2" / "$work/ca.pem"
	fi
}

printf '\n%-14s  %-18s  %s\n' 'HTTPS client' 'certificate' 'outcome'
all 'valid' "$valid" 'HTTP/1.1 200 OK, 32000 bytes, all right'
all 'signed by itself' "$alone" 'refused: certificate verify failed: self-signed certificate'
all 'for another name' "$other" 'refused: certificate verify failed: hostname mismatch'
exit $failed
