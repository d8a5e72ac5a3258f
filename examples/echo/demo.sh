#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make demo` shows first, once all is built: the echo servers of this folder, each
# under the load of many connections, every byte checked.

cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=examples/lua.sh
. examples/lua.sh

set --
if [ -n "$lua" ]; then
	set -- "Lua ($lua)" "$lua examples/echo/echo.lua 127.0.0.1 0"
fi
if command -v lua5.1 >/dev/null && [ -e "$stage/lib/lua/5.1/_cqueues.so" ]; then
	found="LUA_PATH=$stage/share/lua/5.1/?.lua LUA_CPATH=$stage/lib/lua/5.1/?.so"
	set -- "$@" "Lua (lua5.1)" "env $found lua5.1 examples/echo/echo51.lua 127.0.0.1 0"
fi
for server in fibers callbacks; do
	program=build/examples/echo_$server
	if [ -x "$program" ]; then
		set -- "$@" "C ($server)" "$program 127.0.0.1 0"
	fi
done

if [ $# -eq 0 ]; then
	echo 'No server to show.' >&2
	exit 1
fi
exec timeout 60 python3 examples/echo/load.py "$@"
