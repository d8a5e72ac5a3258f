#!/bin/sh
# SPDX-License-Identifier: MIT
# The C tests, and those of C++ that concern threads, under ThreadSanitizer, with the core and Rust's standard library
# instrumented too: what `make races` does. Takes about ten minutes, so no part of `make test`.
#
#   run.sh [NAME...]     all files of tests/capi, or those named
#
# What it cannot see: libssl and libcrypto are not instrumented, so what happens inside them counts as nothing (see
# suppressions); nor what a kernel queue orders, but where a descriptor is written and read; nor what runs in the
# system calls that the core makes by number. A race that no test provokes is not found.
#
# Needs a cargo and a rustc with the standard library's sources: Debian's rustc-web, cargo-web and rust-web-src, or
# RUST_BIN, a folder with both. What is made lies in build/races.
#
# Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
: "${MAKE:=make}" "${RUST_BIN:=/usr/bin}"
work=$PWD/build/races
# shellcheck source=tests/tally.sh
. tests/tally.sh

# The compiler that rustup installs has no sources of the standard library, and another one's do not fit it.
rustc=$RUST_BIN/rustc
if [ ! -d "$("$rustc" --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library" ] || [ ! -x "$RUST_BIN/cargo" ]; then
	verdict skip "no cargo and rustc in $RUST_BIN with sources (rustc-web, cargo-web, rust-web-src)"
	finish
fi

echo "-- building with ThreadSanitizer"
mkdir -p "$work/tree"
target=$("$rustc" -vV | sed -n 's/^host: //p')
if ! env -u MAKEFLAGS -u RUSTUP_TOOLCHAIN -u CARGO_TARGET_DIR CARGO_HOME="$work/cargo" RUSTC="$rustc" RUSTC_BOOTSTRAP=1 \
	PATH="$RUST_BIN:$PATH" RUSTFLAGS='-Zsanitizer=thread -Zexternal-clangrt --cfg tsan' CARGO_PROFILE_RELEASE_LTO=off \
	CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 "$RUST_BIN/cargo" build --release --lib -Z build-std=std,panic_unwind \
	--target "$target" --target-dir "$work/target"; then
	verdict FAILED 'the library is built with ThreadSanitizer'
	finish
fi
for file in Makefile Cargo.toml Cargo.lock build.rs cbindgen.toml bindings cmake examples include pkgconfig programs src tools; do
	ln -sfn "$PWD/$file" "$work/tree/$file"
done
touch "$work/target/$target/release/libcqueues.a"
gcc -O1 -fPIC -fno-builtin -c -o "$work/newer.o" tests/races/newer.c
if ! $MAKE --no-print-directory -C "$work/tree" ARCHIVE="$work/target/$target/release/libcqueues.a" LUAS= \
	CC="gcc -fsanitize=thread" NATIVE_LIBS="$work/newer.o -lssl -lcrypto -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc" \
	stage >"$work/stage.log" 2>&1; then
	cat "$work/stage.log"
	verdict FAILED 'the library is linked with ThreadSanitizer'
	finish
fi

# Addresses that are too random leave it no room: it says so and ends.
PREFIX=$work/tree/build/stage
TSAN_OPTIONS="suppressions=$PWD/tests/races/suppressions die_after_fork=0 history_size=4"
export PREFIX TSAN_OPTIONS
WORK=$work/capi setarch -R sh tests/capi/run.sh --races "$@" >"$work/log" 2>&1
cat "$work/log"
tally "$work/log"
WORK=$work/cpp setarch -R sh tests/cpp/run.sh --races >"$work/log" 2>&1
cat "$work/log"
tally "$work/log"
finish
