#!/bin/sh
# SPDX-License-Identifier: MIT
# The library with other people's programs at the other end: openssl, socat, curl, nginx, Python. What is
# not installed is skipped. Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=$PWD/build/stage}" "${PKG_CONFIG:=pkg-config}" "${CC:=cc}"
work=$PWD/build/peers
mkdir -p "$work"

if ! command -v python3 >/dev/null; then
	echo 'skip   other programs: python3 is not installed'
	echo '0 passed, 0 failed, 1 skipped'
	exit
fi
if ! sh tests/certificates.sh "$work/certificates"; then
	echo 'skip   other programs: no certificates without openssl'
	echo '0 passed, 0 failed, 1 skipped'
	exit
fi
# shellcheck disable=SC2046
if ! $CC -O1 -g -Wall -Wextra -Werror -o "$work/peer" tests/peers/peer.c \
	$(PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig $PKG_CONFIG --cflags --libs cqueues) "-Wl,-rpath,$PREFIX/lib" -lssl -lcrypto; then
	echo 'FAILED tests/peers/peer.c compiles'
	echo '0 passed, 1 failed, 0 skipped'
	exit 1
fi
exec python3 tests/peers/peers.py "$work" "$@"
