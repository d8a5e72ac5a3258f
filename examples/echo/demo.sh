#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make demo` shows, once all is built: the echo servers of this folder, each
# under the load of many connections, every byte checked.

cd "$(dirname "$0")/../.." || exit 1
stage=$PWD/build/stage

set --
for lua in lua5.4 lua5.3 luajit lua5.2 lua5.5; do
	command -v "$lua" >/dev/null || continue
	version=${lua#lua}
	if [ "$lua" = luajit ]; then version=5.1; fi
	test -e "$stage/lib/lua/$version/_cqueues.so" || continue
	# Nothing but the freshly built modules, whatever else is installed.
	unset LUA_INIT LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_PATH_5_5 \
		LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4 LUA_CPATH_5_5
	LUA_PATH="$stage/share/lua/$version/?.lua"
	LUA_CPATH="$stage/lib/lua/$version/?.so"
	export LUA_PATH LUA_CPATH
	set -- "Lua ($lua)" "$lua examples/echo/echo.lua 127.0.0.1 0"
	break
done
if [ $# -eq 0 ]; then
	echo 'No Lua with both an interpreter and headers: the Lua server is left out.' >&2
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
