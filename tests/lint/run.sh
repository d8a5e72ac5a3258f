#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make lint` does: the linters that are installed, and the licence line at the
# head of every file.

cd "$(dirname "$0")/../.." || exit 1
: "${CARGO:=cargo}"
passed=0 failed=0 skipped=0

# check NAME COMMAND...: passes if the command succeeds, else shows what it said.
check() {
	name=$1
	shift
	if output=$("$@" 2>&1); then
		passed=$((passed + 1))
		echo "ok     $name"
	else
		failed=$((failed + 1))
		echo "FAILED $name"
		printf '%s\n' "$output" | sed 's/^/       /'
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "skip   $1: not installed"
}

# Every file of ours: tracked or new, but not ignored and not deleted.
files() {
	git ls-files --cached --others --exclude-standard | while read -r file; do
		if [ -f "$file" ]; then echo "$file"; fi
	done
}

scripts() {
	files | while read -r file; do
		case $(head -n 1 "$file") in
		'#!/bin/sh' | '#!/bin/bash' | '#!/usr/bin/env bash') echo "$file" ;;
		esac
	done
}

shell_scripts_are_clean() {
	scripts | xargs shellcheck -x
}

# Files that have no comment syntax, or are made by a tool, need none.
files_carry_the_licence() {
	! files | grep -v -E '(^|/)(LICENSE|Cargo\.lock|\.gitignore)$|\.(md|abi|txt|json)$' |
		xargs grep -L 'SPDX-License-Identifier: MIT' | grep .
}

# readme_shows LANGUAGE FILE: the README's example is the file without its licence line.
readme_shows() {
	sed -n '/^```'"$1"'$/,/^```$/p' README.md | sed '1d; $d' >"${TMPDIR:-/tmp}/cqueues-readme.$$"
	sed 1d "$2" | diff - "${TMPDIR:-/tmp}/cqueues-readme.$$"
	status=$?
	rm -f "${TMPDIR:-/tmp}/cqueues-readme.$$"
	return $status
}

readme_shows_the_echo_server() {
	readme_shows lua examples/echo/echo.lua
}

readme_shows_the_ticker() {
	readme_shows c examples/ticker/ticker.c
}

if "$CARGO" fmt --version >/dev/null 2>&1; then
	check 'Rust is formatted (cargo fmt)' "$CARGO" fmt --check
else
	skip 'cargo fmt'
fi
if "$CARGO" clippy --version >/dev/null 2>&1; then
	check 'Rust is clean (cargo clippy)' \
		"$CARGO" clippy --release --target-dir target --all-targets -- -D warnings
else
	skip 'cargo clippy'
fi
if command -v git >/dev/null && git rev-parse --git-dir >/dev/null 2>&1; then
	if command -v shellcheck >/dev/null; then
		check 'shell scripts are clean (shellcheck)' shell_scripts_are_clean
	else
		skip 'shellcheck'
	fi
	check 'every file carries the licence line' files_carry_the_licence
else
	skip 'what looks at every file: not a git clone, or git'
fi
check 'the README shows examples/echo/echo.lua as it is' readme_shows_the_echo_server
check 'the README shows examples/ticker/ticker.c as it is' readme_shows_the_ticker

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
