#!/bin/sh
# SPDX-License-Identifier: MIT
# The library over the queue of another system, imitated on Linux: the Rust, C and Lua tests.
#
#   run.sh kqueue|ports [rust] [capi] [lua]
#
# Built in build/NAME, by cargo's quick profile, with the crates that the suite `rust` has built: what is tested is
# behaviour. One compiler of C and the two Lua versions that differ most in how a
# method waits stand for the others, which see nothing of the queue.
#
# Closes with "N passed, N failed, N skipped".

# shellcheck disable=SC2317 # functions are called by `part`
cd "$(dirname "$0")/../.." || exit 1
: "${CARGO:=cargo}" "${MAKE:=make}"
name=${1:?"kqueue or ports"}
shift
parts=${*:-rust capi lua}
export CQUEUES_TEST_BACKEND="$name"
work=$PWD/build/$name target=$PWD/target
mkdir -p "$work"
# shellcheck source=tests/tally.sh
. tests/tally.sh

# part NAME COMMAND...: one of the three, if it was asked for.
part() {
	case " $parts " in *" $1 "*) ;; *) return ;; esac
	part=$1
	shift
	echo "-- $name: $part"
	{ "$@" 2>&1 || echo "$part: ended with an error"; } </dev/null | tee "$work/$part.log"
	before=$failed
	tally "$work/$part.log"
	if [ "$failed" -eq "$before" ] && grep -q "^$part: ended with an error" "$work/$part.log"; then
		failed=$((failed + 1))
	fi
}

# As in tests/run.sh; the library is made of the same crates.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0

rust() {
	$CARGO test --target-dir "$target" --lib --tests --no-fail-fast
}

# What the Makefile does, in a folder that looks like this one, with an archive made by the quick profile.
stage() {
	$CARGO build --lib --target-dir "$target" || return
	tree=$work/tree
	mkdir -p "$tree"
	for file in Makefile Cargo.toml Cargo.lock build.rs cbindgen.toml bindings cmake examples include pkgconfig programs src tools; do
		ln -sfn "$PWD/$file" "$tree/$file"
	done
	touch "$target/debug/libcqueues.a"
	$MAKE --no-print-directory -C "$tree" ARCHIVE="$target/debug/libcqueues.a" LUAS='5.1 5.4' stage
}

capi() {
	stage && PREFIX=$work/tree/build/stage WORK=$work/capi COMPILERS=gcc sh tests/capi/run.sh
}

lua() {
	stage && PREFIX=$work/tree/build/stage LUAS='lua5.4 luajit' sh tests/lua/run.sh
}

part rust rust
part capi capi
part lua lua
finish
