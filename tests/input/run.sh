#!/bin/sh
# SPDX-License-Identifier: MIT
# Every exported function with input that makes no sense, as input.c tells: against the library below PREFIX.
#
#   run.sh [FUNCTION...]                the functions of the header, or those named
#   run.sh --sanitize [FUNCTION...]     built with the address and undefined behaviour sanitizers
#
# Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=$PWD/build/stage}" "${CC:=cc}" "${PKG_CONFIG:=pkg-config}"
flags='-std=c11 -O1'
work=$PWD/build/input
if [ "${1-}" = --sanitize ]; then
	shift
	CC=gcc
	# As in tests/capi/run.sh.
	flags='-std=c11 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all --param asan-stack=0'
	ASAN_OPTIONS=detect_stack_use_after_return=0:exitcode=98
	export ASAN_OPTIONS
	work=$work-sanitize
fi
mkdir -p "$work"
# shellcheck source=tests/tally.sh
. tests/tally.sh

PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
export PKG_CONFIG_PATH
if ! command -v python3 >/dev/null; then
	verdict skip 'python3 is not installed'
	finish
fi
if python3 tests/input/generate.py "$PREFIX/include/cqueues.h" >"$work/calls.h"; then
	verdict ok 'every comment of the header says what comes back'
else
	verdict FAILED 'every comment of the header says what comes back'
fi
# shellcheck disable=SC2046,SC2086
if ! $CC $flags -g -Wall -Wextra -Wpedantic -Werror -I"$work" -o "$work/input" tests/input/input.c \
	$($PKG_CONFIG --cflags --libs cqueues) "-Wl,-rpath,$PREFIX/lib" -pthread -lm -lssl -lcrypto; then
	verdict FAILED 'input.c compiles'
	finish
fi

# Most of the time is waited, so all places are tried at once.
for place in 0 1 2 3 4 5; do
	"$work/input" $place "$@" >"$work/log.$place" 2>&1 &
done
wait
for place in 0 1 2 3 4 5; do
	cat "$work/log.$place"
	tally "$work/log.$place"
done
finish
