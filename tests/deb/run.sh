#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's packages: they build, lintian finds no error, and in a fresh Debian they install, serve programs in C, C++, Lua
# and Python, and go without leaving anything. Builds everything anew, runs as root and fetches packages from the mirror MIRROR, so
# no part of `make test`.
#
#   run.sh             all of it
#   run.sh --built     with the packages that `make deb` left in build/deb
#
# The fresh system is kept in build/deb-cache for the next run; delete that folder to have it made anew. DEBIAN names the
# release, bookworm if nothing is said. Closes with "N passed, N failed, N skipped".

# shellcheck disable=SC2317,SC2016 # functions are called by `check`; shells and dpkg-query inside expand what is quoted
cd "$(dirname "$0")/../.." || exit 1
: "${MAKE:=make}" "${DEBIAN:=bookworm}" "${MIRROR:=http://deb.debian.org/debian}"
work=$PWD/build/deb-test
cache=$PWD/build/deb-cache
root=$work/root
log=$work/log
# shellcheck source=tests/tally.sh
. tests/tally.sh

if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
	verdict FAILED 'a system to install packages in takes root, and mounts of its own'
	finish
fi
# What is mounted below goes with this process.
if [ -z "${CQUEUES_OWN_MOUNTS-}" ]; then
	CQUEUES_OWN_MOUNTS=yes exec unshare -m --propagation private sh tests/deb/run.sh "$@"
fi
PATH=$PATH:/usr/sbin:/sbin
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
rm -rf --one-file-system "$work"
mkdir -p "$work" "$cache"

inside() {
	chroot "$root" "$@"
}

lintian_finds_no_error() {
	lintian --allow-root --fail-on error build/deb/*.changes
}

# A minimal system, with what the programs below are made and read with, and a program that needs Lua's cqueues. The
# certificates, which the packages recommend, would stay: others there recommend them, too.
makes_a_system() {
	kept=$cache/$DEBIAN.tar
	if [ ! -e "$kept" ]; then
		debootstrap --variant=minbase --include=gcc,g++,libc6-dev,make,pkg-config,cmake,man-db,lua5.1,lua5.2,lua5.3,lua5.4,luajit \
			"$DEBIAN" "$cache/root" "$MIRROR" || return 1
		tar -cf "$kept.new" -C "$cache/root" . && mv "$kept.new" "$kept" || return 1
		umount -R "$cache/root/proc" "$cache/root/sys" 2>/dev/null
		rm -rf --one-file-system "$cache/root"
	fi
	mkdir "$root" && tar -xpf "$kept" -C "$root" && mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" &&
		cp /etc/resolv.conf "$root/etc/" && printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" &&
		chmod 755 "$root/usr/sbin/policy-rc.d" && inside apt-get update && inside apt-get install -y lua-http ca-certificates &&
		mkdir "$root/packages" "$root/programs" && cp build/deb/*.deb "$root/packages/" && rm "$root"/packages/*-dbgsym_* &&
		cp tests/deb/pair.* tests/deb/CMakeLists.txt "$root/programs/"
}

# Every file of the system; what apt and dpkg keep for themselves changes.
list_files() {
	find "$root" -xdev ! -type d ! -path "$root/var/lib/apt/*" ! -path "$root/var/lib/dpkg/*" ! -path "$root/var/cache/*" \
		! -path "$root/var/log/*" ! -path "$root/packages/*" ! -path "$root/programs/*" | sort
}

packages_install() {
	inside sh -c 'apt-get install -y /packages/*.deb'
}

# The original goes, and what needs it stays and runs.
the_original_is_replaced() {
	! inside dpkg-query -W -f '${db:Status-Abbrev}' lua-cqueues | grep '^i' || return 1
	inside dpkg-query -W -f '${db:Status-Abbrev}' lua-http | grep '^ii' && inside apt-get check &&
		inside lua5.1 -e 'print(require "http.request".new_from_uri("http://localhost/").headers:get ":authority")' | grep '^localhost$'
}

# They are linked with the library of libcqueues1, and have no other idea of where it is.
modules_use_the_shared_library() {
	for version in 5.1 5.2 5.3 5.4; do
		module=$(echo "$root"/usr/lib/*/lua/"$version"/_cqueues.so)
		objdump -p "$module" >"$work/module" || return 1
		grep 'NEEDED *libcqueues.so.1$' "$work/module" || return 1
		! grep 'RUNPATH\|RPATH' "$work/module" || return 1
		! nm -D --defined-only "$module" | grep ' cq_' || return 1
		inside ldd "${module#"$root"}" | grep 'libcqueues.so.1 => /' || return 1
	done
}

says() {
	text=$1
	shift
	inside "$@" >"$work/said" && cat "$work/said" && grep -qx "$text" "$work/said"
}

a_c_program_runs() {
	inside sh -c 'cd /programs && cc -Wall -Wextra -Werror -o pair pair.c $(pkg-config --cflags --libs cqueues)' &&
		says 'from fiber to fiber' /programs/pair
}

a_static_c_program_runs() {
	inside sh -c 'cd /programs && cc -o pair-static pair.c \
		$(pkg-config --static --cflags --libs cqueues | sed "s/-lcqueues/-l:libcqueues.a/")' &&
		says 'from fiber to fiber' /programs/pair-static && ! inside ldd /programs/pair-static | grep libcqueues
}

a_cpp_program_runs() {
	inside sh -c 'cd /programs && c++ -std=c++17 -Wall -Wextra -Werror -o pair-cpp pair.cpp $(pkg-config --cflags --libs cqueues)' &&
		says 'from fiber to fiber' /programs/pair-cpp
}

cmake_finds_it() {
	inside sh -c 'cmake -S /programs -B /programs/build && cmake --build /programs/build' &&
		says 'from fiber to fiber' /programs/build/pair-c && says 'from fiber to fiber' /programs/build/pair-cxx
}

lua_programs_run() {
	for lua in lua5.1 lua5.2 lua5.3 lua5.4 luajit; do
		says 'from coroutine to coroutine' "$lua" /programs/pair.lua || { echo "not with $lua"; return 1; }
	done
}

a_python_program_runs() {
	says 'from coroutine to coroutine' python3 /programs/pair.py
}

# It is asked once the program has said its line, and is waiting.
cq_looks_into_a_program() {
	inside sh -c 'mkdir -m 700 /programs/inspect && cd /programs && export CQUEUES_INSPECT=/programs/inspect && mkfifo line &&
		{ lua5.4 pair.lua waits >line & } && process=$! && read -r said <line && timeout 10 cq ps "$process"; status=$?
		kill "$process"; exit "$status"' >"$work/said" && cat "$work/said" && grep 'waits for .* at pair.lua:' "$work/said"
}

manual_pages_are_read() {
	inside man cq_socket_read >"$work/page" && grep 'int cq_socket_read(' "$work/page" &&
		inside man 7 cqueues >"$work/page" && test "$(wc -l <"$work/page")" -gt 100 &&
		inside man cq >"$work/page" && grep 'cq ps' "$work/page"
}

documents_are_there() {
	for file in html/index.html docs/guide.md.gz examples/echo/echo_fibers.c; do
		test -e "$root/usr/share/doc/libcqueues-doc/$file" || { echo "no $file"; return 1; }
	done
}

# The symbols file says from which version on a function is there, so that packages of others need no newer one than that.
dependencies_are_those_of_symbols() {
	grep -q '^ *cq_socket_read@CQUEUES_1.0 1.0$' "$root"/var/lib/dpkg/info/libcqueues1:*.symbols &&
		inside dpkg-query -W -f '${Depends}\n' lua-libcqueues | grep 'libcqueues1 (>= 1.0'
}

# lua-http needs one of the two, and so goes with it; `autoremove` takes what was installed with them.
purging_leaves_nothing() {
	inside apt-get purge -y --autoremove libcqueues1 libcqueues-dev libcqueues-doc lua-libcqueues python3-cqueues cqueues-tools lua-cqueues lua-http || return 1
	list_files >"$work/after"
	! inside dpkg-query -W -f '${Package}\n' | grep cqueues || return 1
	! comm -13 "$work/before" "$work/after" | grep . || return 1
	! find "$root" -xdev -name '*cqueues*' ! -path "$root/packages/*" ! -path "$root/programs/*" ! -path "$root/var/lib/apt/*" ! -path "$root/var/cache/*" | grep .
}

# Which Rust that was: of Debian's packages, and new enough.
tells_its_rust() {
	echo "       $(/usr/bin/rustc --version), $(dpkg-query -S /usr/bin/rustc | cut -d : -f 1)"
}

if [ "${1-}" != --built ]; then
	check 'the packages build, of the crates in the archive' "$MAKE" --no-print-directory deb && tells_its_rust
fi
if [ ! -e "$(echo build/deb/*.changes)" ]; then finish; fi
check 'lintian finds no error' lintian_finds_no_error
if check "a fresh Debian $DEBIAN is made, with lua-http and the original lua-cqueues" makes_a_system; then
	list_files >"$work/before"
	check 'the packages install' packages_install &&
		check 'lua-libcqueues takes the place of lua-cqueues, and lua-http runs on it' the_original_is_replaced
	check 'the modules of Lua use the shared library' modules_use_the_shared_library
	check 'other packages depend on the version that the symbols tell' dependencies_are_those_of_symbols
	check 'a C program compiles and runs' a_c_program_runs
	check 'a C program with the static library compiles and runs' a_static_c_program_runs
	check 'a C++ program compiles and runs' a_cpp_program_runs
	check 'CMake finds the library' cmake_finds_it
	check 'a Lua program runs on Lua 5.1 to 5.4 and LuaJIT' lua_programs_run
	check 'a Python program runs' a_python_program_runs
	check 'cq looks into a running program' cq_looks_into_a_program
	check 'manual pages are read' manual_pages_are_read
	check 'documents and examples are there' documents_are_there
	check 'purging leaves nothing' purging_leaves_nothing
fi
umount -R "$root/proc" "$root/dev" 2>/dev/null
rm -rf --one-file-system "$root"
finish
