#!/bin/sh
# SPDX-License-Identifier: MIT
# The header, alone, as every compiler and standard reads it, and as tools read it that are no compilers.
#
#   run.sh      include/cqueues.h; closes with "N passed, N failed, N skipped"
#
# COMPILERS names C compilers, whose C++ is found beside them. pycparser and its headers in place of libc's come from PyPI
# (pycparser, pycparser-fake-libc), bindgen from crates.io (cargo install bindgen-cli).

# shellcheck disable=SC2086 # flags are several words
cd "$(dirname "$0")/../.." || exit 1
: "${COMPILERS:=gcc clang}"
work=build/header
mkdir -p "$work"
# shellcheck source=tests/tally.sh
. tests/tally.sh

# It is read twice, and its macros are used, so that they are looked at too.
cat >"$work/header.c" <<'END'
#include <cqueues.h>
#include <cqueues.h>

int cq_header_is_read(void);

int cq_header_is_read(void)
{
	cq_interest nothing = CQ_INTEREST_NONE;

	return nothing.fd + CQ_VERSION_AT_LEAST(1, 0, 0);
}
END
cp "$work/header.c" "$work/header.cpp"

# reads WHAT COMMAND...
reads() {
	what=$1
	shift
	if "$@" >"$work/said" 2>&1 && [ ! -s "$work/said" ]; then
		verdict ok "$what"
	else
		verdict FAILED "$what"
		head -n 10 "$work/said" | sed 's/^/       /'
	fi
}

# The first of these standards that a compiler knows.
known() {
	compiler=$1 language=$2
	shift 2
	for standard in "$@"; do
		if $compiler -std="$standard" -x "$language" -fsyntax-only /dev/null 2>/dev/null; then
			echo "$standard"
			return
		fi
	done
}

strict='-Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only'
# What clang calls a fault of every C program: gaps in structures, old standards, arrays in the tests' own use of macros.
all='-Weverything -Wno-padded -Wno-c++98-compat -Wno-c++98-compat-pedantic -Wno-old-style-cast -Wno-zero-as-null-pointer-constant
	-Wno-unsafe-buffer-usage -Wno-reserved-identifier -Wno-reserved-id-macro -Wno-unknown-warning-option'
for compiler in $COMPILERS; do
	case $compiler in
	*clang*) cpp=$(echo "$compiler" | sed 's/clang/clang++/') more=$all ;;
	*gcc*) cpp=$(echo "$compiler" | sed 's/gcc/g++/') more='-Wconversion -Wshadow -Wstrict-prototypes -Wcast-qual' ;;
	*) cpp=c++ more= ;;
	esac
	if ! command -v "$compiler" >/dev/null; then
		verdict skip "$compiler: not installed"
		continue
	fi
	for standard in c99 c11 c17 "$(known "$compiler" c c23 c2x)"; do
		reads "$compiler -std=$standard" "$compiler" -std="$standard" $strict $more "$work/header.c"
	done
	if ! command -v "$cpp" >/dev/null; then
		verdict skip "$cpp: not installed"
		continue
	fi
	more=$(echo "$more" | sed 's/-Wstrict-prototypes//')
	for standard in c++11 c++14 c++17 c++20 "$(known "$cpp" c++ c++23 c++2b)"; do
		reads "$cpp -std=$standard" "$cpp" -std="$standard" $strict $more "$work/header.cpp"
	done
done

export PYTHONPATH="$PWD/$work/python" PIP_ROOT_USER_ACTION=ignore
[ -d "$work/python/pycparser" ] ||
	python3 -m pip install -q --retries 0 --target "$work/python" pycparser pycparser-fake-libc >/dev/null 2>&1
if fake=$(python3 -c 'import pycparser, pycparser_fake_libc; print(pycparser_fake_libc.directory)' 2>/dev/null); then
	cc -E -nostdinc -I"$fake" -Iinclude -D__attribute__\(x\)= "$work/header.c" >"$work/header.i" 2>"$work/said"
	reads 'pycparser' python3 -c "
import sys, pycparser
found = pycparser.CParser().parse(open(sys.argv[1]).read())
names = {node.name for node in found.ext if isinstance(node, pycparser.c_ast.Decl)}
sys.exit(not {'cq_socket_read', 'cq_batch_step'} <= names)" "$work/header.i"
else
	verdict skip 'pycparser: pip install pycparser pycparser-fake-libc'
fi
if command -v bindgen >/dev/null; then
	reads 'bindgen' sh -c "bindgen --allowlist-item 'cq_.*' include/cqueues.h >$work/bindings.rs && grep -q 'pub fn cq_batch_step' $work/bindings.rs"
else
	verdict skip 'bindgen: cargo install bindgen-cli'
fi
finish
