#!/bin/sh
# SPDX-License-Identifier: MIT
# The C++ headers as their users meet them: installed below PREFIX, found by pkg-config, compiled strictly by every
# compiler and for every standard there is, and run.
#
#   run.sh [TEST...]       all, or the tests named, without the examples and the packages
#
# Most of the time is the compilers'. So each program has all files of tests, and of the many ways to compile them each
# is tried, but not each with each.
#
# Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=$PWD/build/stage}" "${PKG_CONFIG:=pkg-config}"
here=tests/cpp
work=${WORK:-$PWD/build/cpp}
mkdir -p "$work"
# shellcheck source=tests/tally.sh
. tests/tally.sh

PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
export PKG_CONFIG_PATH
if ! flags=$($PKG_CONFIG --cflags cqueues) || ! libraries=$($PKG_CONFIG --libs cqueues); then
	verdict FAILED "pkg-config finds the library below $PREFIX (make stage)"
	finish
fi
strict='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror'
# The certificates of the tests that speak TLS, which they skip without.
if sh tests/certificates.sh "$work/certificates"; then
	CERTIFICATES=$work/certificates
	export CERTIFICATES
fi

# coroutines COMPILER: the flags with which it knows those of the standard. clang 14 does, but does not say so.
coroutines() {
	printf '#include <coroutine>\nint main() { std::coroutine_handle<> none; return none != nullptr; }\n' >"$work/coroutine.cpp"
	for extra in '' '-D__cpp_impl_coroutine=201902L'; do
		# shellcheck disable=SC2086
		if $1 -std=c++20 $extra -fsyntax-only "$work/coroutine.cpp" 2>/dev/null; then
			echo "-std=c++20 $extra"
			return
		fi
	done
	return 1
}

# parses COMMAND FILE: compiles without making anything.
parses() {
	# shellcheck disable=SC2086
	if $1 $strict $flags -I"$here" -fsyntax-only "$2"; then
		verdict ok "$1: compiles ${2##*/} without a warning"
	else
		verdict FAILED "$1: compiles ${2##*/} without a warning"
	fi
}

# compile COMMAND OUTPUT FILE: with the flags that all programs have.
compile() {
	# shellcheck disable=SC2086
	$1 $strict $flags -I"$here" -o "$2" "$3" $libraries "-Wl,-rpath,$PREFIX/lib" -pthread
}

# suite TITLE COMMAND SOURCE NAMES...: compiles a program and runs its tests.
suite() {
	title=$1 command=$2 source=$3
	shift 3
	program=$work/$(echo "$title" | tr -c 'a-z0-9+\n' _)
	if ! compile "$command" "$program" "$source"; then
		verdict FAILED "$title: compiles without a warning"
		return
	fi
	verdict ok "$title: compiles without a warning"
	"$program" "$@" >"$work/log" 2>&1
	# The address sanitizer says of each exception in a fiber that it does not know the fiber's stack.
	grep -v -e '__asan_handle_no_return' -e '^False positive error' -e 'sanitizers/issues/189$' "$work/log" | sed "s/^/$title: /"
	tally "$work/log"
}

# header_by_header COMPILER FLAGS WHICH...: each header can be included alone, be it of coroutines or not (`coroutine`,
# `-v coroutine`).
header_by_header() {
	command="$1 $2"
	shift 2
	broken=
	for header in $(cd "$PREFIX/include" && find cqueues -name '*.hpp' | sort | grep "$@"); do
		# shellcheck disable=SC2086
		echo "#include <$header>" | $command $strict $flags -fsyntax-only -x c++ - || broken="$broken $header"
	done
	if [ -z "$broken" ]; then
		verdict ok "$command: each header ($*) can be included alone"
	else
		verdict FAILED "$command: each header ($*) can be included alone:$broken"
	fi
}

# known COMPILER STANDARD: does it know that standard?
known() {
	echo | $1 "$2" -fsyntax-only -x c++ - 2>/dev/null
}

# The headers leave no macro behind but those of cqueues.h.
exports_no_macros() {
	for header in cqueues.h cqueues/coroutine.hpp; do
		# shellcheck disable=SC2086
		echo "#include <$header>" | g++ -std=c++20 $flags -dM -E -x c++ - | awk '{ print $2 }' | sort -u
	done | sort | uniq -u >"$work/macros"
	# What the standard library's own headers define begins with an underscore or is one of theirs.
	grep -i 'cqueues\|^CQ' "$work/macros"
	[ $? -eq 1 ]
}

plain='fibers sockets events names secure main'
# one_file NAME...: a source that has all of them.
one_file() {
	for name; do echo "#include \"$name.cpp\""; done
}
# shellcheck disable=SC2086
one_file $plain >"$work/plain.cpp"
# shellcheck disable=SC2086
one_file coroutines coroutine_events $plain >"$work/modern.cpp"
one_file no_exceptions main >"$work/codes.cpp"
one_file events main >"$work/threads.cpp"

if [ $# -gt 0 ]; then
	suite 'g++ named' "g++ -g -O0 $(coroutines g++)" "$work/modern.cpp" "$@"
	finish
fi

for compiler in g++ clang++; do
	if ! command -v $compiler >/dev/null; then
		verdict skip "$compiler is not installed"
		continue
	fi
	# The last standard that it knows; 17 and 20 are below.
	for standard in -std=c++26 -std=c++23 -std=c++2b; do
		if known $compiler $standard; then
			parses "$compiler $standard" "$work/plain.cpp"
			break
		fi
	done
	suite "$compiler c++17" "$compiler -std=c++17 -O1" "$work/plain.cpp"
	if modernly=$(coroutines $compiler); then
		suite "$compiler c++20" "$compiler $modernly -O2" "$work/modern.cpp"
		suite "$compiler c++20 without exceptions" "$compiler $modernly -fno-exceptions -fno-rtti" "$work/codes.cpp"
	else
		verdict skip "$compiler has no coroutines"
		suite "$compiler c++17 without exceptions" "$compiler -std=c++17 -fno-exceptions -fno-rtti" "$work/codes.cpp"
	fi
done

header_by_header g++ -std=c++17 -v coroutine
header_by_header g++ "$(coroutines g++)" coroutine
if exports_no_macros; then
	verdict ok 'the headers leave no macro behind'
else
	verdict FAILED 'the headers leave no macro behind'
fi

# Stacks are left alone: a fiber that is abandoned leaves the marks of its frames on a stack that is used again.
sanitize='-g1 -O0 -fsanitize=address,undefined -fno-sanitize-recover=all --param asan-stack=0'
echo 'int main() { return 0; }' >"$work/try.cpp"
# shellcheck disable=SC2086
if g++ $sanitize -o "$work/try" "$work/try.cpp" 2>/dev/null && "$work/try"; then
	ASAN_OPTIONS=detect_stack_use_after_return=0:exitcode=98
	export ASAN_OPTIONS
	suite 'g++ address and undefined behaviour sanitizers' "g++ $(coroutines g++) $sanitize" "$work/modern.cpp"
else
	verdict skip 'g++ has no address sanitizer here'
fi
races='-g -O1 -fsanitize=thread'
# shellcheck disable=SC2086
if g++ $races -o "$work/try" "$work/try.cpp" 2>/dev/null && "$work/try"; then
	suite 'g++ thread sanitizer' "g++ -std=c++17 $races" "$work/threads.cpp" threads_post_items_and_functions \
		a_thread_talks_over_its_socket_and_its_exception_reaches_the_join a_thread_runs_a_controller_of_its_own
else
	verdict skip 'g++ has no thread sanitizer here'
fi
finish
