#!/bin/sh
# SPDX-License-Identifier: MIT
# What the Makefile promises to people who install, package or move the library.
# Works on what `make stage` built.

cd "$(dirname "$0")/../.." || exit 1
: "${MAKE:=make}" "${CC:=cc}" "${PKG_CONFIG:=pkg-config}"
export CC
top=$PWD
stage=$top/build/stage
work=$top/build/install-test
log=$work/log
rm -rf "$work"
mkdir -p "$work"
passed=0 failed=0 skipped=0

# check NAME FUNCTION: passes if the function succeeds, else shows what it said.
check() {
	if "$2" >"$log" 2>&1; then
		passed=$((passed + 1))
		echo "ok     $1"
	else
		failed=$((failed + 1))
		echo "FAILED $1"
		tail -n 20 "$log" | sed 's/^/       /'
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "skip   $1: $2"
}

make_quietly() {
	$MAKE --no-print-directory "$@"
}

nothing_is_built_twice() {
	make_quietly all && make_quietly all >"$work/second" && ! grep . "$work/second"
}

files_land_below_destdir() {
	make_quietly install DESTDIR="$work/dest" prefix=/usr lua54cpath=/opt/lua/54 || return 1
	for file in /usr/include/cqueues.h /usr/include/cqueues/cqueues.hpp /usr/include/cqueues/coroutine/task.hpp \
		/usr/lib/cmake/cqueues/cqueuesConfig.cmake /usr/lib/cmake/cqueues/cqueuesConfigVersion.cmake /usr/lib/libcqueues.a /usr/lib/libcqueues.so \
		/usr/lib/libcqueues.so.1 /usr/lib/pkgconfig/cqueues.pc /usr/bin/cq \
		/usr/share/man/man1/cq.1 /usr/share/man/man3/cq_socket_read.3 /usr/share/man/man7/cqueues.7 \
		/usr/share/doc/libcqueues/html/index.html \
		/usr/share/libcqueues/lua-types/cqueues.lua /usr/share/libcqueues/lua-types/cqueues/dns/config.lua; do
		test -e "$work/dest$file" || { echo "no $file"; return 1; }
	done
	! find "$work/dest/usr/share/lua" -path '*/lua/5.*/api*' -o -path '*/lua/5.*/types*' | grep . || return 1
	test ! -e "$stage/lib/lua/5.4" || test -e "$work/dest/opt/lua/54/_cqueues.so" || return 1
	! grep "$work" "$work/dest/usr/lib/pkgconfig/cqueues.pc" "$work"/dest/usr/lib/cmake/cqueues/*
}

uninstall_leaves_nothing() {
	make_quietly uninstall DESTDIR="$work/dest" prefix=/usr lua54cpath=/opt/lua/54 &&
		! find "$work/dest" ! -type d | grep . && ! find "$work/dest" -name cqueues | grep .
}

the_readmes_c_example_runs() {
	# shellcheck disable=SC2046
	$CC -std=c99 -o "$work/ticker" examples/ticker/ticker.c \
		$(PKG_CONFIG_PATH="$stage/lib/pkgconfig" $PKG_CONFIG --cflags --libs cqueues) \
		-Wl,-rpath,"$stage/lib" || return 1
	"$work/ticker" >"$work/ticks" || return 1
	printf 'fast 1\nfast 2\nslow 1\nfast 3\nslow 2\nslow 3\n' | diff - "$work/ticks"
}

program() {
	printf '#include <cqueues.h>\nint main(void) { return &cq_version == 0; }\n' >"$work/program.c"
}

c_program_links_by_pkg_config() {
	program
	PKG_CONFIG_PATH=$stage/lib/pkgconfig
	export PKG_CONFIG_PATH
	flags=$($PKG_CONFIG --cflags --libs cqueues) || return 1
	# shellcheck disable=SC2086
	$CC -Wno-address -o "$work/program" "$work/program.c" $flags "-Wl,-rpath,$stage/lib" && "$work/program"
}

c_program_links_statically() {
	program
	PKG_CONFIG_PATH=$stage/lib/pkgconfig
	export PKG_CONFIG_PATH
	flags=$($PKG_CONFIG --static --cflags --libs cqueues | sed "s|-lcqueues|$stage/lib/libcqueues.a|") || return 1
	# shellcheck disable=SC2086
	$CC -Wno-address -o "$work/program" "$work/program.c" $flags &&
		"$work/program" && ! ldd "$work/program" | grep libcqueues
}

pkg_config_tells_the_version() {
	version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
	test "$(PKG_CONFIG_PATH=$stage/lib/pkgconfig $PKG_CONFIG --modversion cqueues)" = "$version"
}

moved_module_finds_its_library() {
	rm -rf "$work/moved" && cp -R "$stage" "$work/moved" || return 1
	LUA_PATH_5_4="$work/moved/share/lua/5.4/?.lua" LUA_CPATH_5_4="$work/moved/lib/lua/5.4/?.so" \
		lua5.4 -e 'require "_cqueues"
			for line in io.lines "/proc/self/maps" do
				if line:find("libcqueues.so", 1, true) then print(line) end
			end' >"$work/maps" || return 1
	cat "$work/maps"
	grep -q "$work/moved/lib/libcqueues.so" "$work/maps" && ! grep -v "$work/moved" "$work/maps"
}

# headers VERSION: a folder whose lua.h is of that version.
headers() {
	mkdir -p "$work/lua$1"
	echo "#define LUA_VERSION_NUM $2" >"$work/lua$1/lua.h"
}

headers_are_told_apart_by_version() {
	headers 5.2 502
	headers 5.4 504
	headers 5.5 '(5 * 100 + 5)'
	flags="-DX -I$work/lua5.4 -I $work/lua5.5 -I$work/lua5.2"
	for version in 5.2 5.4 5.5; do
		test "$(CPPFLAGS=$flags tools/find-lua $version)" = "-I$work/lua$version" || return 1
	done
}

every_function_has_a_manual_page() {
	sed -n 's/^	\(cq_[a-z0-9_]*\);$/\1/p' src/cqueues.map >"$work/functions"
	test "$(wc -l <"$work/functions")" -gt 300 || return 1
	while read -r function; do
		page=$stage/share/man/man3/$function.3
		test -e "$page" || { echo "no page for $function"; return 1; }
		case $(head -n 1 "$page") in
		.so*) page=$stage/share/man/$(sed -n 's/^\.so //p' "$page") ;;
		esac
		grep -q "^\.SS $function$" "$page" || { echo "$page does not explain $function"; return 1; }
	done <"$work/functions"
}

manual_pages_are_read_without_a_warning() {
	for page in "$stage"/share/man/man[137]/*; do
		if ! head -n 1 "$page" | grep -q '^\.so '; then
			LC_ALL=C.UTF-8 man --warnings -l "$page" 2>&1 >/dev/null </dev/null | sed "s|^|$page: |"
		fi
	done >"$work/warnings"
	! grep . "$work/warnings"
}

links_of_the_reference_lead_somewhere() {
	python3 tests/install/links.py "$stage/share/doc/libcqueues/html"
}

missing_lua_is_a_clear_error() {
	! PKG_CONFIG=false $MAKE --no-print-directory all5.5 >"$work/error" 2>&1 || return 1
	grep 'apt-get install liblua5.5-dev' "$work/error" && grep 'CPPFLAGS=-I' "$work/error"
}

configure_remembers() {
	mkdir -p "$work/configured/src" "$work/configured/bindings/lua"
	cp -R Makefile Cargo.toml tools "$work/configured"
	(
		unset MAKEFLAGS CC prefix
		cd "$work/configured" || exit 1
		make_quietly configure prefix=/remembered CC='cc -DX' &&
			make_quietly -pn help >kept && grep '^CC := cc -DX$' kept && grep '^prefix := /remembered$' kept &&
			make_quietly -pn help prefix=/given >kept && grep '^prefix = /given$' kept
	)
}

check 'the C example of the README runs' the_readmes_c_example_runs
check 'what is built is not built again' nothing_is_built_twice
check 'files land below DESTDIR, where the variables say' files_land_below_destdir
check 'uninstall leaves nothing behind' uninstall_leaves_nothing
check 'a C program links by pkg-config' c_program_links_by_pkg_config
check 'a C program links statically' c_program_links_statically
check 'pkg-config tells the version of Cargo.toml' pkg_config_tells_the_version
check 'every function has a manual page' every_function_has_a_manual_page
if command -v man >/dev/null; then
	check 'manual pages are read without a warning' manual_pages_are_read_without_a_warning
else
	skip 'manual pages are read without a warning' 'man is not installed'
fi
check 'links of the reference lead somewhere' links_of_the_reference_lead_somewhere
if command -v lua5.4 >/dev/null && [ -e "$stage/lib/lua/5.4/_cqueues.so" ] && [ -e /proc/self/maps ]; then
	check 'a moved Lua module finds its library' moved_module_finds_its_library
else
	skip 'a moved Lua module finds its library' 'needs lua5.4, its headers and /proc'
fi
check 'lua.h files are told apart by their version' headers_are_told_apart_by_version
if PKG_CONFIG=false tools/find-lua 5.5 >/dev/null 2>&1; then
	skip 'a missing Lua is a clear error' 'Lua 5.5 is installed'
else
	check 'a missing Lua is a clear error' missing_lua_is_a_clear_error
fi
check 'configure remembers, the command line decides' configure_remembers

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
