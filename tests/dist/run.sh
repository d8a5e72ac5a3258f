#!/bin/sh
# SPDX-License-Identifier: MIT
# The source archive: two of them have the same bytes, and one builds without a network and installs a library that a
# program links with. Builds everything anew, so no part of `make test`.
#
# Closes with "N passed, N failed, N skipped".

# shellcheck disable=SC2317 # functions are called by `check`
cd "$(dirname "$0")/../.." || exit 1
: "${MAKE:=make}" "${CC:=cc}"
work=$PWD/build/dist-test
log=$work/log
rm -rf "$work"
mkdir -p "$work/cargo"
# shellcheck source=tests/tally.sh
. tests/tally.sh

two_are_the_same() {
	$MAKE --no-print-directory dist && mv build/dist/*.tar.gz "$work/first.tar.gz" &&
		find . -maxdepth 1 -name README.md -exec touch {} + && # when a file was written does not matter
		(umask 077 && $MAKE --no-print-directory dist) && cmp build/dist/*.tar.gz "$work/first.tar.gz"
}

unpacks() {
	tar -xzf "$work/first.tar.gz" -C "$work" && mv "$work"/libcqueues-* "$work/tree" && test -e "$work/tree/vendor"
}

# CARGO_HOME is empty: nothing that was fetched before helps.
builds_without_a_network() {
	CARGO_HOME=$work/cargo unshare -n "$MAKE" -C "$work/tree" install-lib prefix="$work/installed" DESTDIR=
}

links() {
	PKG_CONFIG_PATH=$work/installed/lib/pkgconfig
	export PKG_CONFIG_PATH
	# shellcheck disable=SC2046
	$CC -o "$work/ticker" examples/ticker/ticker.c $(pkg-config --cflags --libs cqueues) "-Wl,-rpath,$work/installed/lib" &&
		"$work/ticker"
}

check 'two archives of the same sources have the same bytes' two_are_the_same
check 'the archive has one folder' unpacks
if unshare -n true 2>/dev/null; then
	check 'it builds without a network, and installs' builds_without_a_network
	check 'a program links with what was installed' links
else
	verdict skip 'it builds without a network: networks of our own are not allowed here'
fi
rm -rf "$work/tree" "$work/cargo" build/dist
finish
