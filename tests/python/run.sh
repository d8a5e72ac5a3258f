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
# named, and counts its tests; says which interpreters these were. TYPES=no leaves types.sh out. Exit status 1 when anything
# failed.

here=$(cd "$(dirname "$0")" && pwd) || exit 2
root=$(cd "$here/../.." && pwd)
: "${PREFIX:?set PREFIX to the prefix the library is installed under}"
export CQUEUES_LIBRARY="$PREFIX/lib/libcqueues.so.1" PYTHONDONTWRITEBYTECODE=1 PIP_ROOT_USER_ACTION=ignore
passed=0 failed=0 skipped=0

# shellcheck source=tests/python/interpreters.sh
. "$here/interpreters.sh"
output=$(mktemp "${TMPDIR:-/tmp}/python-XXXXXX") || exit 2
trap 'rm -f "$output" "$output".*' EXIT
# version PYTHON, packages VERSION: where what it uses lies.
version() {
	"$1" -c 'import platform; print(platform.python_version())'
}
packages() {
	echo "$root/build/python/$1"
}

# fetch PYTHON: gets what is missing by one call of pip.
fetch() {
	packages=$(packages "$(version "$1")")
	missing=
	for package in anyio httpx hypothesis sniffio starlette trio uvicorn $("$1" -c 'import sys; print("exceptiongroup" * (sys.version_info < (3, 11)))'); do
		[ -d "$packages/$package" ] || missing="$missing $package"
	done
	# shellcheck disable=SC2086 # words
	[ -z "$missing" ] || "$1" -m pip install -q --disable-pip-version-check --target "$packages" $missing 2>&1 | tail -n 1
}

if [ "${1-}" = --fetch ]; then
	sh "$here/types.sh" --fetch >"$output" 2>&1 &
	for python in $PYTHONS; do fetch "$python"; done
	wait
	exit 0
fi

# add FILE: counts what its last line says, which may begin with `python: `.
add() {
	counts=$(sed -n 's/^\(python: \)\{0,1\}\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\2 \3 \4/p' "$1" | tail -n 1)
	read -r ok bad left <<END
${counts:-0 1 0}
END
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
}

# Several interpreters: two at a time, in networks of their own, and the types beside them: half of the time is waited.
case $PYTHONS in
*[[:space:]]*)
	for which in 1 0; do
		# shellcheck disable=SC2086
		half=$(printf '%s\n' $PYTHONS | awk "NR % 2 == $which")
		[ -z "$half" ] || PYTHONS=$half TYPES=no sh "$root/tests/apart.sh" sh "$here/run.sh" "$@" >"$output.$which" 2>&1 &
	done
	PYTHONS=
	;;
esac
types=
if [ $# -eq 0 ] && [ -z "${TYPES-}" ]; then types=yes; fi
if [ -n "$types" ]; then nice sh "$here/types.sh" >"$output.types" 2>&1; fi

for python in $PYTHONS; do
	version=$(version "$python")
	path=$root/bindings/python:$here:$(packages "$version")
	if ! PYTHONPATH=$path "$python" -c 'import sys; sys.version_info >= (3, 11) or __import__("exceptiongroup")' 2>/dev/null; then
		echo "skip   $version: no exceptiongroup (tests/python/run.sh --fetch)"
		skipped=$((skipped + 1))
		continue
	fi
	PYTHONPATH=$path "$python" -W error::ResourceWarning -W error::RuntimeWarning "$here/runner.py" "$@" >"$output" 2>&1
	status=$?
	sed "s/^/$version: /" "$output" | grep -v ': ok  '
	add "$output"
	if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		echo "FAILED $version: ended with status $status"
		failed=$((failed + 1))
	fi
done
wait
for half in "$output".[01]; do
	[ -e "$half" ] || continue
	grep -v '^python: ' "$half"
	add "$half"
done
if [ $((passed + failed)) -eq 0 ]; then
	echo 'skip   python: no CPython from 3.9 on'
	skipped=1
fi
if [ -n "$types" ]; then
	sed '$d' "$output.types" | grep -v '^ok '
	add "$output.types"
fi
echo "python: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
