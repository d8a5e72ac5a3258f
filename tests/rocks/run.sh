#!/bin/sh
# SPDX-License-Identifier: MIT
# The rock as its users meet it: built from the source archive by luarocks for each Lua, in a tree of its own. A rock that
# depends on cqueues is content with it, programs run, and nothing is left when it is removed.
#
# Closes with "N passed, N failed, N skipped".

# shellcheck disable=SC2317 # functions are called by `check`
cd "$(dirname "$0")/../.." || exit 1
: "${MAKE:=make}"
work=$PWD/build/rocks-test
log=$work/log
rm -rf "$work"
mkdir -p "$work"
# shellcheck source=tests/tally.sh
. tests/tally.sh
# Crates are built once for all.
export CARGO_TARGET="$PWD/target"
unset LUA_PATH LUA_CPATH LUA_INIT

skip_all() {
	verdict skip "$1"
	finish
}

command -v luarocks >/dev/null || skip_all 'luarocks is not installed'

check 'make rock writes a rockspec' "$MAKE" --no-print-directory rock
rockspec=$(ls "$PWD"/build/rocks/*.rockspec)
check 'luarocks finds nothing wrong with it' luarocks lint "$rockspec"

cat >"$work/uses-cqueues-1.0-1.rockspec" <<'END'
package, version = "uses-cqueues", "1.0-1"
source = { url = "file://uses.lua" }
dependencies = { "cqueues >= 20161214" }
build = { type = "builtin", modules = { ["uses-cqueues"] = "uses.lua" } }
END
cat >"$work/uses.lua" <<'END'
local cqueues, socket, thread = require "cqueues", require "cqueues.socket", require "cqueues.thread"
local dns, tls = require "cqueues.dns", require "cqueues.tls"
local controller = cqueues.new()
controller:wrap(function()
	local a, b = socket.pair()
	a:write "hello\n"
	a:flush()
	assert(b:read "*l" == "hello")
	local t, channel = thread.start(function(channel)
		channel:write(require "cqueues".VERSION, "\n")
		channel:flush()
	end)
	assert(tonumber(channel:read "*l") == cqueues.VERSION)
	assert(t:join())
	assert(tls.new { role = "client" } and dns.addresses "127.0.0.1")
end)
assert(controller:loop(10))
return true
END

works() {
	eval "$(luarocks --lua-version "$1" --tree "$work/$1" path)"
	"lua$1" -e 'assert(require "uses-cqueues")
		local path = package.searchpath and package.searchpath("_cqueues", package.cpath)
		assert(not path or path:find("rocks-test", 1, true), path)'
}

# Without a server to ask: what is installed must do.
depends() (
	cd "$work" &&
		luarocks --lua-version "$1" --tree "$work/$1" make --deps-mode one --only-server "file://$work/none" \
			uses-cqueues-1.0-1.rockspec
)

leaves_nothing() {
	luarocks --lua-version "$1" --tree "$work/$1" remove uses-cqueues &&
		luarocks --lua-version "$1" --tree "$work/$1" remove cqueues || return 1
	left=$(find "$work/$1/lib/lua" "$work/$1/share/lua" -type f 2>/dev/null)
	test -z "$left" || { echo "$left"; return 1; }
}

for version in 5.1 5.2 5.3 5.4; do
	if ! command -v "lua$version" >/dev/null || ! tools/find-lua "$version" >/dev/null 2>&1; then
		verdict skip "Lua $version, or its headers, are not installed"
		continue
	fi
	check "$version: luarocks builds it from the archive" \
		luarocks --lua-version "$version" --tree "$work/$version" build "$rockspec"
	check "$version: a rock that depends on cqueues is content" depends "$version"
	(works "$version") >"$log" 2>&1
	check "$version: a program runs" test $? -eq 0
	check "$version: removing it leaves nothing" leaves_nothing "$version"
done

without_cargo() {
	CARGO=no-such-cargo luarocks --lua-version 5.1 --tree "$work/none" build "$rockspec" && return 1
	grep -q 'no-such-cargo is not installed: the library is written in Rust' "$log"
}
check 'without cargo it says what is missing' without_cargo

without_openssl() {
	luarocks --lua-version 5.1 --tree "$work/none" build "$rockspec" OPENSSL_DIR="$work/none" && return 1
	grep -q 'OPENSSL' "$log"
}
check 'without OpenSSL it says what is missing' without_openssl

finish
