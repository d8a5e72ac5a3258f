#!/bin/sh
# SPDX-License-Identifier: MIT
# The promises that the shared library makes to programs linked against it: its
# name, its symbols and their versions, and the types in its header.
#
#   run.sh              checks build/libcqueues.so, closes with "N passed, ..."
#   run.sh --baseline   describes the header's types anew in libcqueues.abi
#
# Types are compared by abidiff between two images of the header, since the
# header is all that a caller's compiler ever saw: an object with an empty body
# for every prototype, compiled with debug information.

cd "$(dirname "$0")/../.." || exit 1
library=build/libcqueues.so
header=include/cqueues.h
map=src/cqueues.map
baseline=tests/abi/libcqueues.abi
work=build/abi
mkdir -p "$work"
: "${CC:=cc}"

passed=0 failed=0 skipped=0

# is_empty WHAT FILE: passes if the file has no line, else shows its lines.
is_empty() {
	if [ -s "$2" ]; then
		failed=$((failed + 1))
		echo "FAILED $1"
		sed 's/^/       /' "$2"
	else
		passed=$((passed + 1))
		echo "ok     $1"
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "skip   $1: $2"
}

# Writes the prototypes of the header, one a line.
prototypes() {
	printf '#include "%s"\n' "$header" >"$work/header.c"
	$CC -I. -fsyntax-only -aux-info "$work/all-prototypes" "$work/header.c" || return 1
	sed -n "s|^/\* [./]*$header:[^*]*\*/ extern \(.*\);.*|\1|p" "$work/all-prototypes"
}

# Compiles the image of the header: $work/header.so.
header_image() {
	{
		printf '#include "%s"\n' "$header"
		sed 's/$/ { __builtin_trap(); }/' "$work/prototypes"
	} >"$work/image.c"
	$CC -I. -std=gnu2x -w -g -O0 -shared -fPIC -o "$work/header.so" "$work/image.c"
}

if ! prototypes >"$work/prototypes"; then
	rm -f "$work/prototypes"
fi

if [ "${1-}" = --baseline ]; then
	[ -s "$work/prototypes" ] && header_image || exit 1
	abidw --no-corpus-path --no-show-locs --no-comp-dir-path \
		--out-file "$baseline" "$work/header.so" || exit 1
	echo "$baseline: $(grep -c '<elf-symbol ' "$baseline") functions"
	exit 0
fi

if [ ! -e "$library" ]; then
	echo "$library is missing: make lib" >&2
	exit 1
fi

# "name version" of every symbol that leaves, and of every one that is listed.
nm -D --defined-only --with-symbol-versions "$library" |
	awk '$2 != "A" { sub(/@@?/, " ", $3); print $3 }' | sort >"$work/exported"
sed 's|/\*.*||; /^ \*/d' "$map" | awk '
	/\{/ { version = $1 }
	/^[ \t]*global:/ { listed = 1; next }
	/^[ \t]*local:|\}/ { listed = 0 }
	listed && /;/ { gsub(/[ \t;]/, ""); print $0 " " version }' | sort >"$work/listed"

comm -13 "$work/exported" "$work/listed" >"$work/difference"
is_empty 'every listed symbol is exported with its version' "$work/difference"
comm -23 "$work/exported" "$work/listed" >"$work/difference"
is_empty 'nothing else is exported' "$work/difference"
grep -v '^cq_' "$work/exported" >"$work/difference"
is_empty 'every exported name starts with cq_' "$work/difference"

objdump -p "$library" | awk '$1 == "SONAME" && $2 != "libcqueues.so.1"' >"$work/difference"
objdump -p "$library" | grep -q SONAME || echo 'no SONAME' >>"$work/difference"
is_empty 'the name to load is libcqueues.so.1' "$work/difference"

if [ -e "$work/prototypes" ]; then
	awk 'match($0, /cq_[a-z0-9_]* \(/) { print substr($0, RSTART, RLENGTH - 2) }' \
		"$work/prototypes" | sort >"$work/declared"
	cut -d ' ' -f 1 "$work/listed" | sort >"$work/listed-names"
	comm -3 "$work/declared" "$work/listed-names" >"$work/difference"
	is_empty 'the header declares what is listed, and no more' "$work/difference"
else
	skip 'the header declares what is listed, and no more' "$CC has no -aux-info"
fi

name='no function that may be suspended keeps the address of a variable of its thread'
if [ "$(uname -m)" != x86_64 ] || ! command -v python3 >/dev/null; then
	skip "$name" 'needs python3, and is written for x86-64'
else
	python3 tests/abi/suspensions.py "$library" >"$work/difference" 2>&1 ||
		echo 'the library could not be read' >>"$work/difference"
	is_empty "$name" "$work/difference"
fi

name='the types in the header are compatible with the released ones'
if ! command -v abidiff >/dev/null; then
	skip "$name" 'abidiff is not installed'
elif [ ! -e "$baseline" ]; then
	skip "$name" "no $baseline"
elif [ ! -e "$work/prototypes" ]; then
	skip "$name" "$CC has no -aux-info"
elif header_image; then
	abidiff --no-added-syms "$baseline" "$work/header.so" >"$work/abidiff" 2>&1
	status=$?
	if [ "$status" -eq 0 ]; then : >"$work/abidiff"; fi
	is_empty "$name" "$work/abidiff"
else
	echo 'the header does not compile' >"$work/difference"
	is_empty "$name" "$work/difference"
fi

# What a program that needs a later library is told by an earlier one: a library with one more version stands for the
# later one when the program is linked.
mkdir -p "$work/later" "$work/present"
{
	cat "$map"
	echo 'CQUEUES_1.999 { global: cq_later; } CQUEUES_1.0;'
} >"$work/later.map"
echo 'int cq_later(void) { return 0; }' >"$work/later.c"
printf '%s\n' 'int cq_later(void);' 'int main(void) { return cq_later(); }' >"$work/needs-later.c"
cp "$library" "$work/present/libcqueues.so.1"
: >"$work/difference"
if ! $CC -shared -fPIC -Wl,-soname,libcqueues.so.1 "-Wl,--version-script=$work/later.map" \
	-o "$work/later/libcqueues.so" "$work/later.c" 2>"$work/message" ||
	! $CC -o "$work/needs-later" "$work/needs-later.c" -L"$work/later" -lcqueues 2>>"$work/message"; then
	cat "$work/message" >"$work/difference"
elif LD_LIBRARY_PATH="$work/present" "$work/needs-later" 2>"$work/message"; then
	echo 'it runs' >"$work/difference"
elif ! grep -q 'CQUEUES_1\.999.* not found' "$work/message"; then
	cat "$work/message" >"$work/difference"
fi
is_empty 'a program that needs a later version is told so, and does not run' "$work/difference"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
