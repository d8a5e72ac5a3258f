#!/bin/sh
# SPDX-License-Identifier: MIT
# The test suites of anyio, httpcore, httpx and starlette, from their source archives, on our backend of anyio.
#
#   foreign.sh --fetch      gets them and what they need from PyPI, into build/python/foreign
#   foreign.sh [SUITE...]   runs all of them, or those named, with the newest CPython from 3.11 on that is found
#
# PREFIX is the prefix that the library is installed under. tests/python/foreign/known.txt lists what does not pass, and why.
# Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=$PWD/build/stage}"
export CQUEUES_LIBRARY="$PREFIX/lib/libcqueues.so.1" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
work=$PWD/build/python/foreign
here=tests/python/foreign
# shellcheck source=tests/tally.sh
. tests/tally.sh
# shellcheck source=tests/python/interpreters.sh
. tests/python/interpreters.sh

python=
for found in $PYTHONS; do
	if "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then python=$found; fi
done
if [ -z "$python" ]; then
	verdict skip 'suites of others: no CPython from 3.11 on'
	finish
fi
# What was fetched is of these requirements and this interpreter.
stamp=$("$python" --version)\ $(cksum <$here/requirements.txt)

if [ "${1-}" = --fetch ]; then
	if [ "$(cat "$work/stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
	rm -rf "$work"
	mkdir -p "$work"
	"$python" -m venv "$work/venv" && "$work/venv/bin/python" -m pip install -q -r $here/requirements.txt || exit 1
	suites=$(sed -n '2,/^$/p' $here/requirements.txt)
	for package in $suites; do
		name=${package%%==*}
		"$work/venv/bin/python" -m pip download -q --no-deps --no-binary "$name" -d "$work" "$package" || exit 1
		tar -xzf "$work/$name-${package##*==}.tar.gz" -C "$work" || exit 1
	done
	echo "$stamp" >"$work/stamp"
	exit 0
fi

if [ "$(cat "$work/stamp" 2>/dev/null)" != "$stamp" ]; then
	verdict FAILED 'suites of others: they are not there; tests/python/foreign.sh --fetch gets them from PyPI'
	finish
fi
"$work/venv/bin/python" $here/suites.py "$work" "$@"
status=$?
if [ $status -eq 77 ]; then
	verdict skip 'suites of others: network namespaces are not allowed here'
	finish
fi
exit $status
