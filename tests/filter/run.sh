#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests in C that have to do with what wakes a loop, where a filter refuses the system calls that filter.c names.
# Without eventfd2, threads wake each other in another way; without pidfd_open, children are waited for in
# another way.
#
#   PREFIX=/usr/local tests/filter/run.sh [NAME...]

cd "$(dirname "$0")/../.." || exit 1
: "${CC:=cc}"
work=build/filter
mkdir -p "$work"
names=${*:-"controller crossing inspect listing loop nesting notify poll pool process process_waits queue scope
	semaphore signal socket task thread wakeup dns_shared"}

skip() {
	echo "skip   $1"
	echo '0 passed, 0 failed, 1 skipped'
	exit
}

test "$(uname)" = Linux || skip 'filters of system calls are of Linux'
$CC -Wall -Wextra -Werror -o "$work/filter" tests/filter/filter.c || exit 1
"$work/filter" true
if [ $? -eq 77 ]; then skip 'filters of system calls are not allowed here'; fi
# shellcheck disable=SC2086 # words
COMPILERS="$CC" WORK="$PWD/$work" exec "$work/filter" sh tests/capi/run.sh $names
