#!/bin/sh
# SPDX-License-Identifier: MIT
# Whether the library still fits systems that are not at hand: what `make check-portability` does.
#
#   run.sh [--check|--link] [TARGET...]
#
# --check has the compiler check everything in src/ for each target, warnings being errors. --link builds the
# library as a release does and links the shared object, and compiles and links the Lua shim, by the rules of
# the Makefile, with zig as the C compiler. Both, if neither is asked for. Nothing of it is ever run.
#
# Needs a cargo and a rustc with the standard library's sources: Debian's rustc-web, cargo-web and
# rust-web-src, or RUST_BIN, a folder with both. The first time takes about a minute a target and step,
# and the registries of cargo and pip; all that is fetched or made lies in build/portability.
#
# Closes with "N passed, N failed, N skipped".

# shellcheck disable=SC2317 # functions are called by `attempt`
cd "$(dirname "$0")/../.." || exit 1
: "${MAKE:=make}" "${PYTHON:=python3}" "${RUST_BIN:=/usr/bin}"
checked='x86_64-unknown-freebsd x86_64-unknown-netbsd x86_64-unknown-openbsd x86_64-unknown-dragonfly
	x86_64-unknown-illumos x86_64-pc-solaris aarch64-apple-darwin'
linked='x86_64-unknown-freebsd x86_64-unknown-netbsd x86_64-unknown-openbsd aarch64-apple-darwin'
steps='check link'
case ${1-} in
--*)
	steps=${1#--}
	shift
	;;
esac
if [ $# -gt 0 ]; then checked=$* linked=$*; fi

export LC_ALL=C
root=$PWD
work=$PWD/build/portability
mkdir -p "$work/bin"
# shellcheck source=tests/tally.sh
. tests/tally.sh

# attempt TITLE LOG COMMAND...: one verdict; what the command said is shown if it fails.
attempt() {
	title=$1 log=$work/$2.log
	shift 2
	if "$@" >"$log" 2>&1; then
		verdict ok "$title"
	else
		verdict FAILED "$title"
		grep -E -A 12 '^(warning|error|ld|zig)|[Uu]ndefined' "$log" | head -n 60
		return 1
	fi
}

# The compiler that rustup installs has no sources of the standard library, and another one's do not fit it.
rustc=$RUST_BIN/rustc
sources=$("$rustc" --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library
if [ ! -d "$sources" ] || [ ! -x "$RUST_BIN/cargo" ]; then
	verdict skip "no cargo and rustc in $RUST_BIN with sources (rustc-web, cargo-web, rust-web-src)"
	finish
fi

# cc for the crates' build scripts, which only ask its preprocessor: without the flags of other systems.
cat >"$work/bin/probe-cc" <<'CC'
#!/bin/sh
for flag; do
	shift
	case $flag in
	-arch | arm64 | -mmacosx-version-min=* | --target=*) ;;
	*) set -- "$@" "$flag" ;;
	esac
done
exec cc "$@"
CC
chmod +x "$work/bin/probe-cc"

# This machine's OpenSSL headers stand in for the targets': the parts that we use are the same everywhere.
headers=$work/openssl/include
mkdir -p "$headers"
for folder in /usr/include /usr/include/*-linux-gnu; do
	if [ -d "$folder/openssl" ]; then cp -R "$folder/openssl" "$headers"; fi
done
# The crate looks whether there are libraries, and no more: nothing is linked before there are stubs.
for library in ssl crypto; do
	: >"$work/openssl/lib$library.so"
done
if [ ! -f "$headers/openssl/ssl.h" ]; then
	verdict skip 'the headers of OpenSSL are not installed'
	finish
fi

# cargo ARGUMENT...: with a home of its own and the standard library built from its sources.
cargo() {
	env -u MAKEFLAGS -u RUSTUP_TOOLCHAIN -u RUSTFLAGS -u CARGO_TARGET_DIR CARGO_HOME="$work/cargo" RUSTC="$rustc" \
		RUSTC_BOOTSTRAP=1 PATH="$RUST_BIN:$PATH" CC="$work/bin/probe-cc" \
		OPENSSL_NO_PKG_CONFIG=1 OPENSSL_LIB_DIR="$work/openssl" OPENSSL_INCLUDE_DIR="$headers" \
		"$@"
}

check() {
	log=$work/check-$1.messages
	cargo cargo check --lib -Z build-std=std,panic_unwind --target "$1" --target-dir "$work/check" 2>&1 | tee "$log" &&
		grep -q '^ *Finished' "$log" && ! grep -q '^warning: .cqueues. (lib) generated' "$log"
}

# As a release, panics unwinding, but without what only costs time here.
build() {
	CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0 \
		CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
		cargo cargo build --release --lib -Z build-std=std,panic_unwind --target "$1" --target-dir "$work/link"
}

# zig, from PyPI: a C compiler and linker with the system libraries of many targets.
zig() {
	test -x "$work/venv/bin/python" || "$PYTHON" -m venv "$work/venv" || return
	"$work/venv/bin/python" -m ziglang version 2>/dev/null || "$work/venv/bin/pip" install -q ziglang
}

# The headers of every Lua, as their authors publish them: those of this machine are made for it.
lua_headers() {
	mkdir -p "$work/lua/src"
	: >"$work/lua/src/lib.rs"
	printf '%s\n' '[package]' 'name = "headers"' 'version = "0.0.0"' 'edition = "2021"' '[dependencies]' \
		'lua-src = "551"' '[workspace]' >"$work/lua/Cargo.toml"
	cargo cargo fetch -q --manifest-path "$work/lua/Cargo.toml"
}

# There is no OpenSSL for the targets, so two libraries stand in that have nothing but those names of this
# machine's OpenSSL that occur in the archive. Any other name that is missing is an error. (The symbols of
# Mach-O are not known to nm, and those of ELF may be ends of others.)
stub_openssl() {
	{
		nm -u "$1" 2>/dev/null | awk 'NF == 2 { print $2 }'
		grep -a -o -E '[A-Za-z_][A-Za-z0-9_]*' "$1" | sed 's/^_//'
	} | sort -u >"$2/names"
	for library in ssl crypto; do
		for file in /usr/lib/*-linux-gnu/"lib$library.so.3" /usr/lib*/"lib$library.so.3"; do
			if [ -f "$file" ]; then nm -D --defined-only "$file"; fi
		done | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u | comm -12 - "$2/names" |
			sed 's/.*/void &(void) {}/' >"$2/$library.c"
		test -s "$2/$library.c" || return
		"$2/cc" -shared -fPIC -fno-builtin -w -o "$2/lib$library.$3" "$2/$library.c" || return
	done
}

# link TARGET: what the Makefile does, in a folder that looks like this one.
link() {
	case $1 in
	*-freebsd) system=FreeBSD zig=x86_64-freebsd suffix=so ;;
	*-netbsd) system=NetBSD zig=x86_64-netbsd suffix=so ;;
	*-openbsd) system=OpenBSD zig=x86_64-openbsd suffix=so ;;
	*-darwin) system=Darwin zig=aarch64-macos suffix=dylib ;;
	esac
	build "$1" || return
	tree=$work/tree-$1
	mkdir -p "$tree"
	for file in Makefile Cargo.toml Cargo.lock build.rs cbindgen.toml bindings cmake include pkgconfig programs src tools; do
		ln -sfn "$root/$file" "$tree/$file"
	done
	# What zig's linker for macOS lacks: choosing what is exported, bundles (a library stands in), and
	# libiconv, which the archive names but does not need.
	cat >"$tree/cc" <<-CC
		#!/bin/sh
		for flag; do
			shift
			case \$flag in
			-Wl,-exported_symbol,* | -liconv) ;;
			-bundle) set -- "\$@" -dynamiclib ;;
			*) set -- "\$@" "\$flag" ;;
			esac
		done
		ZIG_GLOBAL_CACHE_DIR='$work/zig' ZIG_LOCAL_CACHE_DIR='$work/zig'
		export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR
		exec '$work/venv/bin/python' -m ziglang cc -target $zig "\$@"
	CC
	chmod +x "$tree/cc"
	archive=$work/link/$1/release/libcqueues.a
	touch "$archive"
	stub_openssl "$archive" "$tree" "$suffix" || return
	set --
	for folder in "$work"/cargo/registry/src/*/lua-src-*/lua-5.*; do
		version=${folder##*/lua-}
		digits=5$(echo "$version" | cut -d . -f 2)
		set -- "$@" "LUA${digits}_CFLAGS=-I$folder"
	done
	$MAKE -C "$tree" SYSTEM="$system" ARCHIVE="$archive" CC="$tree/cc" LDFLAGS="-L$tree" CFLAGS=-O1 "$@" all
}

case $steps in
*check*)
	for target in $checked; do
		attempt "$target: every line compiles without a warning" "check-$target" check "$target"
	done
	;;
esac
case $steps in
*link*)
	if ! command -v nm >/dev/null || ! zig >"$work/zig.log" 2>&1; then
		verdict skip 'nothing is linked: zig, or pip to get it, or nm is missing'
		finish
	fi
	attempt 'the headers of Lua are there' lua lua_headers || finish
	for target in $linked; do
		attempt "$target: the library and the Lua modules link" "link-$target" link "$target"
	done
	;;
esac
finish
