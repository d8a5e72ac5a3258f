#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the tests of the Python binding with each CPython from 3.9 on that is found: in PATH, and among pyenv's.
#
# Without names of test files it runs types.sh, too, which looks at the types.
#
#   PREFIX=/usr/local tests/python/run.sh [test_loop ...]
#   tests/python/run.sh --fetch       only gets what they use from PyPI, into build/python
#
# PREFIX is an install prefix with lib/libcqueues.so.1. PYTHONS names interpreters instead. Each runs all files, or those
# named, and counts its tests; says which interpreters these were. Exit status 1 when anything failed.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
root=$(cd "$here/../.." && pwd)
: "${PREFIX:?set PREFIX to the prefix the library is installed under}"
export CQUEUES_LIBRARY="$PREFIX/lib/libcqueues.so.1" PYTHONDONTWRITEBYTECODE=1 PIP_ROOT_USER_ACTION=ignore
passed=0 failed=0 skipped=0

# shellcheck source=tests/python/interpreters.sh
. "$here/interpreters.sh"
output=$(mktemp "${TMPDIR:-/tmp}/python-XXXXXX") || exit 2
trap 'rm -f "$output"' EXIT
fetch=
if [ "${1-}" = --fetch ]; then fetch=yes; fi
for python in $PYTHONS; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	packages=$root/build/python/$version
	path=$root/bindings/python:$here:$packages
	if [ -n "$fetch" ]; then
		for package in anyio httpx hypothesis sniffio starlette trio uvicorn $("$python" -c 'import sys; print("exceptiongroup" * (sys.version_info < (3, 11)))'); do
			[ -d "$packages/$package" ] || "$python" -m pip install -q --target "$packages" "$package" 2>&1 | tail -n 1
		done
		continue
	fi
	if ! PYTHONPATH=$path "$python" -c 'import sys; sys.version_info >= (3, 11) or __import__("exceptiongroup")' 2>/dev/null; then
		echo "skip   $version: no exceptiongroup (tests/python/run.sh --fetch)"
		skipped=$((skipped + 1))
		continue
	fi
	PYTHONPATH=$path "$python" -W error::ResourceWarning -W error::RuntimeWarning "$here/runner.py" "$@" >"$output" 2>&1
	status=$?
	sed "s/^/$version: /" "$output" | grep -v ': ok  '
	counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$output" | tail -n 1)
	read -r ok bad left <<END
${counts:-0 1 0}
END
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
	if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		echo "FAILED $version: ended with status $status"
		failed=$((failed + 1))
	fi
done
if [ -n "$fetch" ]; then
	sh "$here/types.sh" --install >"$output" 2>&1
	exit 0
fi
if [ $((passed + failed)) -eq 0 ]; then
	echo 'skip   python: no CPython from 3.9 on'
	skipped=1
fi
if [ $# -eq 0 ]; then
	sh "$here/types.sh" >"$output" 2>&1
	sed '$d' "$output" | grep -v '^ok '
	# shellcheck disable=SC2046
	set -- $(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$output")
	passed=$((passed + ${1:-0})) failed=$((failed + ${2:-1})) skipped=$((skipped + ${3:-0}))
fi
echo "python: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
