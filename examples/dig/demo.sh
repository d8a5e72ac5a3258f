#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make demo` shows of names: `dig` in C and in Lua goes from the root of a small internet of its own, in a
# network namespace, down to the answers.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=examples/lua.sh
. examples/lua.sh

PATH=$PATH:/usr/sbin:/sbin
for program in nsd knotd unshare ip; do
	if ! command -v $program >/dev/null; then
		echo "DNS is left out: no $program." >&2
		exit 0
	fi
done

# Inside of the namespace: a row for each question.
if [ "$1" = inside ]; then
	# row CLIENT NAME TYPE COMMAND...
	row() {
		client=$1 name=$2 type=$3
		shift 3
		if answer=$(timeout 20 "$@" --root tests/dns/internet/roots --short "$name" "$type" 2>&1); then
			printf '%-6s %-24s %-5s %s\n' "$client" "$name" "$type" "$(echo "$answer" | tr '\n' ' ')"
		else
			printf '%-6s %-24s %-5s FAILED %s\n' "$client" "$name" "$type" "$answer"
			return 1
		fi
	}
	printf '%-6s %-24s %-5s %s\n' dig name type answer
	while read -r name type; do
		row C "$name" "$type" build/examples/dig || failed=1
		if [ -n "$lua" ]; then row "$lua" "$name" "$type" "$lua" examples/dig/dig.lua || failed=1; fi
	done <<-EOF2
		www.harbor.sea A
		harbor.sea MX
		www.six.land A
	EOF2
	exit "${failed:-0}"
fi

echo 'Names, resolved from the root of an internet of nsd and knot:'
python3 tests/dns/internet.py --without-unbound sh "$PWD/examples/dig/demo.sh" inside
status=$?
if [ $status -eq 77 ]; then
	echo 'DNS is left out: it needs a network namespace (root, or users who may have their own).' >&2
	exit 0
fi
exit $status
