# SPDX-License-Identifier: MIT
# For demo scripts, at the top of the clone: sets `stage` to what `make stage` built, and `lua` to an
# interpreter for which there is a module, or to nothing. Nothing but that module is found, whatever
# else is installed.

stage=$PWD/build/stage
lua=''
unset LUA_INIT LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_PATH_5_5 \
	LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4 LUA_CPATH_5_5
for candidate in lua5.4 lua5.3 luajit lua5.2 lua5.5; do
	command -v "$candidate" >/dev/null || continue
	version=${candidate#lua}
	if [ "$candidate" = luajit ]; then version=5.1; fi
	test -e "$stage/lib/lua/$version/_cqueues.so" || continue
	lua=$candidate
	LUA_PATH="$stage/share/lua/$version/?.lua"
	LUA_CPATH="$stage/lib/lua/$version/?.so"
	export LUA_PATH LUA_CPATH
	break
done
if [ -z "$lua" ]; then
	echo 'No Lua with both an interpreter and headers: its programs are left out.' >&2
fi
