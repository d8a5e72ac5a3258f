#!/bin/sh
# SPDX-License-Identifier: MIT
# The library over musl, on any Linux of this processor: what `make check-musl` does.
#
#   run.sh [rust] [capi]
#
# The Rust tests, and those of C with everything linked statically: the target's usual form. zig from PyPI is the C
# compiler and has musl; OpenSSL, which no distribution has for a foreign C library, is built from the
# sources in the crate openssl-src. Needs what tests/portability needs, and the first time about eight minutes.
#
# Closes with "N passed, N failed, N skipped".

# shellcheck disable=SC2317 # functions are called by `part`
cd "$(dirname "$0")/../.." || exit 1
: "${PYTHON:=python3}" "${RUST_BIN:=/usr/bin}"
parts=${*:-rust capi}
root=$PWD
shared=$PWD/build/portability
work=$PWD/build/musl
target=x86_64-unknown-linux-musl
mkdir -p "$work/bin" "$work/tree" "$shared"
# shellcheck source=tests/tally.sh
. tests/tally.sh

skip() {
	verdict skip "$1"
	finish
}

if [ "$(uname -sm)" != 'Linux x86_64' ]; then skip 'for Linux on x86-64'; fi
sources=$("$RUST_BIN/rustc" --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library
if [ ! -d "$sources" ] || [ ! -x "$RUST_BIN/cargo" ]; then
	skip "no cargo and rustc in $RUST_BIN with sources (rustc-web, cargo-web, rust-web-src)"
fi
zig() {
	test -x "$shared/venv/bin/python" || "$PYTHON" -m venv "$shared/venv" || return
	"$shared/venv/bin/python" -m ziglang version 2>/dev/null || "$shared/venv/bin/pip" install -q ziglang
}
zig >"$work/zig.log" 2>&1 || skip 'no zig, and no pip to get it'

# tool NAME ARGUMENTS: a command of zig's.
tool() {
	cat >"$work/bin/$1" <<-TOOL
		#!/bin/sh
		export ZIG_GLOBAL_CACHE_DIR='$shared/zig' ZIG_LOCAL_CACHE_DIR='$shared/zig'
		for word; do
			shift
			case \$word in
			--target=* | -lgcc) ;; # as zig names it, below
			-lgcc_eh | -lgcc_s) set -- "\$@" -lunwind ;;
			*) set -- "\$@" "\$word" ;;
			esac
		done
		exec '$shared/venv/bin/python' -m ziglang $2 "\$@"
	TOOL
	chmod +x "$work/bin/$1"
}
tool musl-cc 'cc -target x86_64-linux-musl -fno-sanitize=undefined'
tool musl-ar ar
tool musl-ranlib ranlib

# A folder that looks like this one, but with a lock file that has OpenSSL's sources too.
for file in build.rs cbindgen.toml bindings include src tests tools; do
	ln -sfn "$root/$file" "$work/tree/$file"
done
cp Cargo.toml Cargo.lock "$work/tree"

cargo() (
	cd "$work/tree" || exit
	unset RUSTUP_TOOLCHAIN RUSTFLAGS CARGO_TARGET_DIR
	export CARGO_HOME="$shared/cargo" RUSTC="$RUST_BIN/rustc" RUSTC_BOOTSTRAP=1
	export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
	export CC_x86_64_unknown_linux_musl="$work/bin/musl-cc" AR_x86_64_unknown_linux_musl="$work/bin/musl-ar"
	export RANLIB_x86_64_unknown_linux_musl="$work/bin/musl-ranlib"
	export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER="$work/bin/musl-cc"
	export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS='-C link-self-contained=no -C relocation-model=static'
	subcommand=$1
	shift
	"$RUST_BIN/cargo" "$subcommand" -Z build-std=std,panic_unwind,test --target "$target" --target-dir "$work/target" \
		--features openssl/vendored "$@"
)

rust() {
	cargo test --lib
}

# The tests of C find a library, and a compiler, in the usual way.
capi() {
	cargo build --lib || return
	openssl=$(find "$work/target/$target/debug/build" -path '*/openssl-build/install/lib*' -name libssl.a | head -n 1)
	mkdir -p "$work/stage/lib/pkgconfig"
	cp "$work/target/$target/debug/libcqueues.a" "$work/stage/lib"
	printf '%s\n' 'Name: cqueues' 'Description: for tests' 'Version: 0' \
		"Cflags: -I$root/include -I${openssl%/lib*/libssl.a}/include" \
		"Libs: -static -L$work/stage/lib -lcqueues -L${openssl%/libssl.a} -lunwind -lm" \
		>"$work/stage/lib/pkgconfig/cqueues.pc"
	PATH="$work/bin:$PATH" PREFIX="$work/stage" WORK="$work/capi" COMPILERS=musl-cc CC=musl-cc CXX=none \
		sh tests/capi/run.sh
}

part() {
	case " $parts " in *" $1 "*) ;; *) return ;; esac
	echo "-- musl: $1"
	"$1" </dev/null 2>&1 | tee "$work/$1.log"
	tally "$work/$1.log"
}

part rust
part capi
finish
