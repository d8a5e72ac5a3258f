#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes Lua 5.5, which few systems have yet, from the sources in a crate: build/lua-5.5/bin/lua5.5, lib/liblua.a and the headers. Once;
# `tools/find-lua` knows the place. With a lua5.5 of the system's there is nothing to do.
#
#   CARGO  cargo    CC  the C compiler

cd "$(dirname "$0")/../.." || exit 1
: "${CARGO:=cargo}" "${CC:=cc}"
place=$PWD/build/lua-5.5
if { [ -x "$place/bin/lua5.5" ] && [ -e "$place/lib/liblua.a" ]; } || command -v lua5.5 >/dev/null; then exit 0; fi

sources=$($CARGO metadata --format-version 1 --locked --manifest-path tests/lua55/Cargo.toml |
	sed 's/.*"manifest_path":"\([^"]*lua-src-[^"]*\)\/Cargo\.toml".*/\1/')/lua-5.5.1
if [ ! -f "$sources/lua.h" ]; then
	echo "Lua 5.5: cargo has not fetched the crate lua-src, whose sources it is made of" >&2
	exit 1
fi
case $(uname -s) in
Linux) flags='-DLUA_USE_LINUX -Wl,-E' libraries='-lm -ldl' ;;
*) flags='-DLUA_USE_POSIX -DLUA_USE_DLOPEN -Wl,-E' libraries=-lm ;;
esac
mkdir -p "$place/bin" "$place/lib" "$place/include" || exit 1
cp "$sources/lua.h" "$sources/luaconf.h" "$sources/lualib.h" "$sources/lauxlib.h" "$place/include" || exit 1
# Moved there when it is complete: whoever finds it may run it.
# shellcheck disable=SC2086
$CC -std=gnu99 -O2 -g $flags -I"$sources" -o "$place/bin/lua5.5.new" tests/lua55/launcher.c "$sources"/l*.c $libraries &&
	mv "$place/bin/lua5.5.new" "$place/bin/lua5.5" || exit 1
# shellcheck disable=SC2086
rm -rf "$place/objects" && mkdir "$place/objects" && cd "$place/objects" &&
	$CC -std=gnu99 -O2 -g -c ${flags%-Wl,-E} -I"$sources" "$sources"/l*.c && ar rcs "$place/lib/liblua.a" ./*.o && rm -r "$place/objects"
