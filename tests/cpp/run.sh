#!/bin/sh
# SPDX-License-Identifier: MIT
# The C++ headers as their users meet them: installed below PREFIX, found by pkg-config, compiled strictly by every
# compiler and for every standard there is, and run.
#
#   run.sh [TEST...]       all, or the tests named, without the examples and the packages
#   run.sh --races         what concerns threads, with the thread sanitizer: see tests/races/run.sh
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

# compile COMMAND OUTPUT FILE: with the flags that all programs have. Much memory saves g++ the time of looking for what
# it could give back.
compile() {
	case $1 in
	g++*) memory='--param ggc-min-heapsize=1000000' ;;
	*) memory= ;;
	esac
	# shellcheck disable=SC2086
	$1 $memory $strict $flags -I"$here" -o "$2" "$3" $libraries "-Wl,-rpath,$PREFIX/lib" -pthread
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

# Nor do they open a namespace for who includes them.
exports_no_macros() {
	! grep -rn -e '#[[:space:]]*define' -e 'using namespace' "$PREFIX/include/cqueues"
}

# judge STATUS TITLE: the verdict on what has said its reasons in the log.
judge() {
	if [ "$1" -eq 0 ]; then
		verdict ok "$2"
	else
		verdict FAILED "$2"
		sed 's/^/       /' "$work/log"
	fi
}

plain='fibers sockets transfers events times names library secure main'

# one_file NAME...: a source that has all of them.
one_file() {
	for name; do echo "#include \"$name.cpp\""; done
}
# shellcheck disable=SC2086
one_file $plain >"$work/plain.cpp"
# shellcheck disable=SC2086
one_file coroutines coroutine_events coroutine_times coroutine_transfers coroutine_random $plain >"$work/modern.cpp"
one_file no_exceptions main >"$work/codes.cpp"
one_file events times main >"$work/threads.cpp"

if [ "${1-}" = --races ]; then
	suite 'g++ thread sanitizer' 'g++ -std=c++17 -g -O1 -fsanitize=thread' "$work/threads.cpp" \
		threads_post_items_and_functions a_thread_runs_a_controller_of_its_own \
		a_thread_talks_over_its_socket_and_its_exception_reaches_the_join \
		a_wakeup_is_raised_by_any_thread_and_by_signal_handlers several_threads_share_a_pool \
		what_a_call_in_a_pool_throws_reaches_who_waits a_pool_that_goes_waits_for_what_runs_and_takes_back_the_rest
	finish
fi

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
	parses "$compiler -std=c++17 -fno-exceptions -fno-rtti" "$work/codes.cpp"
	suite "$compiler c++17" "$compiler -std=c++17 -O0" "$work/plain.cpp"
	if modernly=$(coroutines $compiler); then
		level=-O1
		if [ $compiler = g++ ]; then level=-O2; fi # below, it makes calls of symmetric transfers
		suite "$compiler c++20" "$compiler $modernly $level" "$work/modern.cpp"
		suite "$compiler c++20 without exceptions" "$compiler $modernly -fno-exceptions -fno-rtti" "$work/codes.cpp"
	else
		verdict skip "$compiler has no coroutines"
		suite "$compiler c++17 without exceptions" "$compiler -std=c++17 -fno-exceptions -fno-rtti" "$work/codes.cpp"
	fi
done

header_by_header g++ -std=c++17 -v coroutine
newest=$(coroutines g++)
if known g++ -std=c++23; then newest=-std=c++23; fi
header_by_header g++ "$newest" coroutine
exports_no_macros >"$work/log"
judge $? 'the headers define no macros and open no namespaces'
if command -v python3 >/dev/null; then
	python3 "$here/complete.py" >"$work/log" 2>&1
	judge $? 'C++ has what C has, or says why not'
else
	verdict skip 'whether C++ has what C has: no python3'
fi

# Stacks are left alone: a fiber that is abandoned leaves the marks of its frames on a stack that is used again.
sanitize='-g1 -O0 -fsanitize=address,undefined -fno-sanitize-recover=all --param asan-stack=0'
echo 'int main() { return 0; }' >"$work/try.cpp"
# shellcheck disable=SC2086
if g++ $sanitize -o "$work/try" "$work/try.cpp" 2>/dev/null && "$work/try"; then
	ASAN_OPTIONS=detect_stack_use_after_return=0:exitcode=98
	export ASAN_OPTIONS
	strict='' # g++ has said above what it has to say, and what the sanitizers add is not for its eyes
	suite 'g++ address and undefined behaviour sanitizers' "g++ $(coroutines g++) $sanitize" "$work/modern.cpp"
else
	verdict skip 'g++ has no address sanitizer here'
fi

# example NAME FLAGS CLIENT...: builds an example as its users do, with the flags of pkg-config and no others but the
# standard, and runs a client against it, whose command line gets the program as its last word.
example() {
	name=$1 title="the example $1 serves $3"
	# shellcheck disable=SC2086
	if ! g++ $2 -o "$work/$name" examples/cpp/"$name".cpp $flags $libraries "-Wl,-rpath,$PREFIX/lib"; then
		verdict FAILED "$title: compiles"
		return
	fi
	shift 3
	timeout 60 "$@" "$work/$name" >"$work/log" 2>&1
	judge $? "$title"
}

# load PROGRAM: 50 connections, each line checked.
cat >"$work/load" <<'LOAD'
exec python3 examples/echo/load.py --connections 50 --lines 20 echo "$1 127.0.0.1 0"
LOAD

# lines PROGRAM: two files, one that there is not, and an interrupt.
cat >"$work/lines" <<'LINES'
set -e
cd "${0%/*}"
printf 'one\ntwo\n' >two
: >none
test "$("$1" two missing none 2>said | sort)" = "$(printf '0 none\n2 two')"
grep -q '^missing: ' said
rm -f endless && mkfifo endless
"$1" endless 2>said &
until grep -q '^0 files to go' said; do sleep 0.1; done
kill -INT $!
sleep 1 >endless # the reader's end, when it closes
set +e
wait $!
test $? -eq 1
LINES

builds_with_cmake() {
	rm -rf "$work/package"
	cmake -S "$here/package" -B "$work/package" -DCMAKE_PREFIX_PATH="$PREFIX" &&
		cmake --build "$work/package" && "$work/package/sleeper" && "$work/package/version"
}

# refuses WORDS: find_package with these words does not find the package.
refuses() {
	mkdir -p "$work/refused"
	printf 'cmake_minimum_required(VERSION 3.13)\nproject(refused C CXX)\nfind_package(cqueues %s)\n' "$1" \
		>"$work/refused/CMakeLists.txt"
	rm -rf "$work/refused/build"
	cmake -S "$work/refused" -B "$work/refused/build" -DCMAKE_PREFIX_PATH="$PREFIX" &&
		grep -q '^cqueues_DIR' "$work/refused/build/CMakeCache.txt" && echo found || echo refused
}

refuses_what_is_not_there() {
	test "$(refuses '1.0 REQUIRED COMPONENTS C CXX' 2>&1 | tail -n 1)" = found &&
		test "$(refuses '1.0 REQUIRED COMPONENTS Fortran' 2>&1 | tail -n 1)" = refused &&
		test "$(refuses '1.99 REQUIRED' 2>&1 | tail -n 1)" = refused &&
		test "$(refuses '2.0 REQUIRED' 2>&1 | tail -n 1)" = refused
}

if command -v python3 >/dev/null; then
	example echo_fibers -std=c++17 'fifty clients' sh "$work/load"
	example echo_coroutines "$(coroutines g++)" 'fifty clients' sh "$work/load"
	example chat "$(coroutines g++)" 'two users' python3 "$here/chat.py"
	example count "$(coroutines g++)" 'whoever wants to know how long files are' sh "$work/lines"
else
	verdict skip 'the examples have no clients: no python3'
fi
if command -v cmake >/dev/null; then
	builds_with_cmake >"$work/log" 2>&1
	judge $? 'a project of CMake finds the library and its C++ side'
	refuses_what_is_not_there >"$work/log" 2>&1
	judge $? 'CMake refuses components and versions that there are not'
else
	verdict skip 'CMake is not installed'
fi
finish
