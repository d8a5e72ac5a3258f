#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the modules in C that lua-http needs for Lua 5.5, which no system packages yet: LPeg and luaossl, from Debian's source
# packages, in build/lua-5.5/modules. Once. Where they cannot be had it says why and exits 1.
#
#   CC  the C compiler

cd "$(dirname "$0")/../.." || exit 1
: "${CC:=cc}"
place=$PWD/build/lua-5.5
if [ -e "$place/modules/openssl.lua" ]; then exit 0; fi

refuse() {
	echo "LPeg and luaossl for Lua 5.5: $1" >&2
	exit 1
}

command -v apt-get >/dev/null || refuse 'their sources come by apt-get'
work=$place/sources
rm -rf "$work" && mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/parts" || exit 1
# Sources of Debian's own, whatever the system's lists name; nothing of the system's is changed.
echo 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main' >"$work/apt/list"
apt() {
	apt-get -q -o Dir::Etc::sourcelist="$work/apt/list" -o Dir::Etc::sourceparts="$work/apt/parts" -o Dir::State::lists="$work/apt/lists" \
		-o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User=root "$@"
}
cd "$work" || exit 1
{ apt update && apt source --print-uris lua-lpeg lua-luaossl; } >log 2>&1 || refuse "apt-get: $(tail -n 1 log)"
# The archives of their authors alone: Debian's changes are for its own versions of Lua.
for name in lua-lpeg lua-luaossl; do
	apt source --print-uris $name 2>>log | sed -n "s/^'\([^']*\.orig\.tar\.[a-z0-9]*\)' .*/\1/p" >uri
	archive=$(sed 's/.*\///' uri)
	/usr/lib/apt/apt-helper download-file "$(cat uri)" "$archive" >>log 2>&1 || refuse "$archive: $(tail -n 1 log)"
	mkdir $name || exit 1
	tar -xf "$archive" -C $name --strip-components=1 || refuse "$archive cannot be unpacked"
done

mkdir -p "$work/modules" || exit 1
# shellcheck disable=SC2086
$CC -O2 -fPIC -shared -I"$place/include" -o modules/lpeg.so lua-lpeg/lp*.c >>log 2>&1 || refuse "LPeg does not compile: see $work/log"
# Its copy of a library for old versions of Lua takes 5.4 for the last one.
sed -i 's/LUA_VERSION_NUM == 504/LUA_VERSION_NUM >= 504/; s/LUA_VERSION_NUM > 504/LUA_VERSION_NUM > 505/' lua-luaossl/vendor/compat53/c-api/compat-5.3.*
$CC -O2 -w -fPIC -shared -I"$place/include" -Ilua-luaossl/vendor/compat53/c-api -DCOMPAT53_PREFIX=luaossl -o modules/_openssl.so \
	lua-luaossl/src/openssl.c -lssl -lcrypto >>log 2>&1 || refuse "luaossl does not compile: see $work/log"
for file in lua-luaossl/src/openssl*.lua; do
	name=$(basename "$file" .lua | tr . /)
	mkdir -p "modules/$(dirname "$name")" && cp "$file" "modules/$name.lua" || exit 1
done
rm -rf "$place/modules" && mv modules "$place/modules" && cd "$place" && rm -r "$work"
