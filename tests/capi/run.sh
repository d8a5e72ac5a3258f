#!/bin/sh
# SPDX-License-Identifier: MIT
# The C library as its users meet it: installed below PREFIX, found by pkg-config, compiled
# strictly by every compiler there is, and run as the first of them made it.
#
#   run.sh [NAME...]                   the files here, or those named (socket for socket.c)
#   run.sh --sanitize [NAME...]        built with the address and undefined behaviour sanitizers
#   run.sh --valgrind [NAME...]        under valgrind: no errors and no leaks
#   run.sh --races [NAME...]           with the thread sanitizer: see tests/races/run.sh
#
# COMPILERS names those of C, and WORK is a folder for what is built. What they make of a file
# is kept in build/capi-kept. With AGAIN=yes the programs that passed in the run
# before, in the same folder, are not run once more: what they counted then counts.
#
# Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=$PWD/build/stage}" "${PKG_CONFIG:=pkg-config}" "${CXX:=c++}" "${COMPILERS:=gcc clang}"
here=tests/capi
mode=plain
case ${1-} in
--*)
	mode=${1#--}
	shift
	;;
esac
work=${WORK:-$PWD/build/capi-$mode}
mkdir -p "$work"
# shellcheck source=tests/tally.sh
. tests/tally.sh

PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
export PKG_CONFIG_PATH
if ! compile_flags=$($PKG_CONFIG --cflags cqueues) || ! link_flags=$($PKG_CONFIG --libs cqueues); then
	verdict FAILED "pkg-config finds the library below $PREFIX (make stage)"
	finish
fi
link_flags="$link_flags -Wl,-rpath,$PREFIX/lib -pthread -lm"
strict='-Wall -Wextra -Wpedantic -Werror'

if [ $# -gt 0 ]; then
	names=$*
else
	names=$(cd $here && for file in *.c *.cpp; do echo "${file%.*}"; done)
fi

# build COMPILER FLAGS NAME OUTPUT: compiles and links one file. FLAGS begin with the standard. What
# calls libssl itself is linked with it.
build() {
	source=$here/$3.c
	if [ ! -f "$source" ]; then source=$here/$3.cpp; fi
	libraries=
	if grep -q '"tls.h"' "$source"; then libraries='-lssl -lcrypto'; fi
	# shellcheck disable=SC2086
	$1 $2 -g $strict $compile_flags -o "$4" "$source" $link_flags $libraries
}

# What the programs that run are made with: nothing is optimised away, and it takes least.
plain='-std=c99 -O0'
first=${COMPILERS%% *}

# kept COMPILER FLAGS NAME: where that stands which this compiler has made of this text: the runs under valgrind and over
# other backends want the same.
kept() {
	mkdir -p build/capi-kept
	# shellcheck disable=SC2086
	echo "build/capi-kept/$3-$({
		cksum <"$(command -v "$1")"
		echo "$2 $strict"
		$1 $2 $compile_flags -E -P "$here/$3.c"
	} | cksum | tr ' ' -)"
}

# link NAME OUTPUT: makes the program of a file in C.
link() {
	object=$(kept "$first" "$plain" "$1").o
	# shellcheck disable=SC2086
	[ -e "$object" ] || {
		$first $plain -g $strict $compile_flags -c -o "$work/$1.o" "$here/$1.c" && mv "$work/$1.o" "$object"
	} || return
	libraries=
	if grep -q '"tls.h"' "$here/$1.c"; then libraries='-lssl -lcrypto'; fi
	# shellcheck disable=SC2086
	$first -o "$2" "$object" $link_flags $libraries
}

# warned COMPILER FLAGS NAME: compiles a file in C for the sake of the warnings. gcc has said all when it has optimised, clang
# when it has read.
warned() {
	silent=$(kept "$@").silent
	case $1 in
	clang*) last=-fsyntax-only ;;
	*) last='-S -o /dev/null' ;;
	esac
	# shellcheck disable=SC2086
	[ -e "$silent" ] || { $1 $2 $strict $compile_flags $last "$here/$3.c" && touch "$silent"; }
}

# compiles COMPILER FLAGS [HOW]: one verdict about all files of a language, which HOW makes: build, link or warned.
compiles() {
	broken=
	for name in $names; do
		case $1 in
		*++) test -f "$here/$name.cpp" || continue ;;
		*) test -f "$here/$name.c" || continue ;;
		esac
		case ${3-build} in
		build) build "$1" "$2" "$name" "$work/$name.$1" ;;
		link) link "$name" "$work/$name.$1" ;;
		warned) warned "$1" "$2" "$name" ;;
		esac || broken="$broken $name"
	done
	if [ -z "$broken" ]; then
		verdict ok "$1 $2 compiles every file without a warning"
	else
		verdict FAILED "$1 $2 compiles every file without a warning:$broken"
	fi
}

# has_passed LOG: whether a program has passed in the run before, which left this.
has_passed() {
	[ -n "${AGAIN-}" ] && [ -f "$1" ] && [ "$(count "$1" | cut -d ' ' -f 2)" = 0 ]
}

# run_program TITLE PROGRAM COMMAND...: runs a test program and adds what it counts.
run_program() {
	program=$2
	log=$work/${2##*/}.log
	if has_passed "$log"; then
		echo "-- $1, in the run before"
	else
		echo "-- $1"
		shift 2
		"$@" "$program" >"$log" 2>&1
		status=$?
		if [ $status -ne 0 ] && [ "$(count "$log" | cut -d ' ' -f 2)" = 0 ]; then
			echo "FAILED $program ended with status $status" >>"$log"
			echo '0 passed, 1 failed, 0 skipped' >>"$log"
		fi
	fi
	# What valgrind says about system calls that it does not know.
	grep -v -e '^--[0-9]*-- ' "$log"
	if [ -z "$(count "$log")" ]; then
		verdict FAILED "$program counted nothing"
	else
		tally "$log"
	fi
}

every_function_is_called() {
	! sed -n 's/^[[:space:]]*\(cq_[a-z_]*\);$/\1/p' src/cqueues.map | while read -r symbol; do
		grep -q -w "$symbol" $here/*.c || echo "no test calls $symbol"
	done | grep .
}

# half NAME WHICH: the files that `sed -n WHICH` prints, in a run of their own.
half() {
	flag=
	if [ "$mode" != plain ]; then flag=--$mode; fi
	# shellcheck disable=SC2046,SC2086
	WORK=$work/$1 sh $here/run.sh $flag $(printf '%s\n' $names | sed -n "$2") >"$work/$1.log" 2>&1
}

# All files, every other one beside the rest: most of the time is waited.
if [ $# -eq 0 ]; then
	if [ "$mode" = plain ]; then
		if every_function_is_called; then
			verdict ok 'every exported function is called by a test'
		else
			verdict FAILED 'every exported function is called by a test'
		fi
	fi
	half odd 'p;n' &
	half even 'n;p'
	wait
	for half in odd even; do
		echo "-- $half files"
		cat "$work/$half.log"
		if [ -z "$(count "$work/$half.log")" ]; then
			verdict FAILED "the $half files counted nothing"
		else
			tally "$work/$half.log"
		fi
	done
	finish
fi
if [ -z "${AGAIN-}" ]; then
	for name in $names; do rm -f "$work/$name.log" "$work/$name".*.log; done
fi

# The example servers, for the tests that do harm to them.
EXAMPLES=$work
export EXAMPLES
for example in callbacks fibers; do
	# shellcheck disable=SC2086
	${CC:-cc} -O2 -std=c99 $strict $compile_flags -o "$work/echo_$example" \
		examples/echo/echo_$example.c $link_flags || verdict FAILED "examples/echo/echo_$example.c compiles as C99"
done

# The certificates of the tests that speak TLS, which they skip without.
if sh tests/certificates.sh "$work/certificates"; then
	CERTIFICATES=$work/certificates
	export CERTIFICATES
fi

case $mode in
plain)
	for compiler in $COMPILERS; do
		if ! command -v "$compiler" >/dev/null; then
			verdict skip "$compiler is not installed"
			continue
		fi
		compiles "$compiler" '-std=c11 -O2' warned
		how=build
		if [ "$compiler" = "$first" ]; then how="link"; fi
		compiles "$compiler" "$plain" $how
	done
	case $COMPILERS in
	*clang*) others=clang++ ;;
	*) others= ;;
	esac
	for compiler in "$CXX" $others; do
		if command -v "$compiler" >/dev/null; then
			compiles "$compiler" '-std=c++11'
			compiles "$compiler" '-std=c++17 -O2'
		fi
	done
	for name in $names; do
		if [ -x "$work/$name.$first" ]; then run_program "$name ($first)" "$work/$name.$first"; fi
	done
	for name in $names; do
		if [ -x "$work/$name.$CXX" ]; then run_program "$name ($CXX)" "$work/$name.$CXX"; fi
	done
	;;
sanitize | races)
	# Stacks are left alone: a fiber that is abandoned leaves the marks of its frames on a stack
	# that is used again, and the sanitizer would take them for those of the next.
	flags='-std=c11 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all --param asan-stack=0'
	if [ "$mode" = races ]; then
		flags='-std=c11 -O1 -fsanitize=thread' CHECK_SLOW=1
		export CHECK_SLOW
	fi
	echo 'int main(void) { return 0; }' >"$work/try.c"
	# shellcheck disable=SC2086
	if ! gcc $flags -o "$work/try" "$work/try.c" 2>/dev/null || ! "$work/try"; then
		verdict skip 'gcc has no sanitizers here'
		finish
	fi
	ASAN_OPTIONS=detect_stack_use_after_return=0:exitcode=98
	export ASAN_OPTIONS
	for name in $names; do
		test -f "$here/$name.c" || continue
		if build gcc "$flags" "$name" "$work/$name"; then
			run_program "$name (sanitizers)" "$work/$name"
		else
			verdict FAILED "$name compiles with sanitizers"
		fi
	done
	;;
valgrind)
	if ! command -v valgrind >/dev/null; then
		verdict skip 'valgrind is not installed'
		finish
	fi
	CHECK_SLOW=1
	export CHECK_SLOW
	for name in $names; do
		test -f "$here/$name.c" || continue
		link "$name" "$work/$name" || { verdict FAILED "$name compiles"; continue; }
		run_program "$name (valgrind)" "$work/$name" valgrind -q --read-inline-info=no --leak-check=full \
			--suppressions=$here/valgrind.supp --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \
			--error-exitcode=99
	done
	;;
*)
	echo "unknown mode --$mode" >&2
	exit 2
	;;
esac
finish
