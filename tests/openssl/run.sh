#!/bin/sh
# SPDX-License-Identifier: MIT
# `make OPENSSL=vendored`: the library with an OpenSSL of its own inside needs none of the system, hides its own, and trusts the
# system's authorities, wherever the system has them. Builds OpenSSL, so no part of `make test`: about six minutes the first time.
#
# The authorities of the system are replaced in mounts of its own, as root. Closes with "N passed, N failed, N skipped".

# shellcheck disable=SC2317,SC2030,SC2031 # functions are called by `check`; variables are set for one call on purpose
cd "$(dirname "$0")/../.." || exit 1
: "${MAKE:=make}" "${CC:=cc}" "${CARGO:=cargo}"
work=$PWD/build/openssl-test
log=$work/log
# shellcheck source=tests/tally.sh
. tests/tally.sh
rm -rf "$work"
mkdir -p "$work"

# With the tree's other build left as it is: a build folder of its own.
builds() {
	mkdir -p "$work/tree" target && for file in Makefile Cargo.toml Cargo.lock build.rs cbindgen.toml bindings cmake include pkgconfig programs src \
		tools target; do
		ln -sfn "$PWD/$file" "$work/tree/$file"
	done
	"$MAKE" -C "$work/tree" install-lib install5.4 OPENSSL=vendored prefix="$work/installed" DESTDIR= STRIP=:
}

code_is_clean() {
	"$CARGO" clippy --release --target-dir target/vendored --features vendored-openssl -- -D warnings
}

# unlinked FILE...: needs no library of OpenSSL.
unlinked() {
	for file; do
		objdump -p "$file" >"$work/objdump" || return 1
		grep NEEDED "$work/objdump"
		! grep 'NEEDED.*lib\(ssl\|crypto\)' "$work/objdump" || return 1
	done
}

the_library_stands_alone() {
	unlinked "$work/installed/lib/libcqueues.so" && nm -D --defined-only "$work/installed/lib/libcqueues.so" >"$work/symbols" &&
		grep ' cq_socket_starttls' "$work/symbols" && ! grep -v ' cq_\| CQUEUES_' "$work/symbols"
}

programs_link() {
	PKG_CONFIG_PATH=$work/installed/lib/pkgconfig
	export PKG_CONFIG_PATH
	# shellcheck disable=SC2046
	$CC -o "$work/get-shared" examples/https/get.c $(pkg-config --cflags --libs cqueues) "-Wl,-rpath,$work/installed/lib" &&
		$CC -o "$work/get-static" examples/https/get.c \
			$(pkg-config --static --cflags --libs cqueues | sed "s|-lcqueues|$work/installed/lib/libcqueues.a|") &&
		unlinked "$work/get-shared" "$work/get-static" && ! ldd "$work/get-static" | grep 'cqueues\|ssl\|crypto'
}

serve() {
	sh tests/certificates.sh "$work/certificates" >"$log" 2>&1 || return 1
	mkdir -p "$work/www" "$work/by-file" "$work/by-hash" && echo 'a page' >"$work/www/page.txt" &&
		cp "$work/certificates/ca.pem" "$work/by-file/ca-certificates.crt" && cp "$work/certificates/ca.pem" "$work/by-hash/" &&
		openssl rehash "$work/by-hash" || return 1
	mkfifo "$work/said"
	(cd "$work/www" && exec openssl s_server -accept 127.0.0.1:0 -cert ../certificates/server.pem -key ../certificates/server.key \
		-WWW -naccept 100) >"$work/said" 2>&1 </dev/null &
	server=$!
	while read -r word where <&3; do
		if [ "$word" = ACCEPT ]; then break; fi
	done 3<"$work/said"
	port=${where##*:}
}

# Each client of the list, with the environment and the mounts that it is called in.
gets_the_page() {
	for client in "$work/get-shared" "$work/get-static" lua; do
		if [ "$client" = lua ]; then
			LUA_PATH="$work/installed/share/lua/5.4/?.lua" LUA_CPATH="$work/installed/lib/lua/5.4/?.so" \
				timeout 20 lua5.4 examples/https/get.lua localhost "$port" /page.txt >"$work/page" 2>&1
		else
			timeout 20 "$client" localhost "$port" /page.txt >"$work/page" 2>&1
		fi
		cat "$work/page"
		grep -q '^a page' "$work/page" || return 1
	done
}

# Refused for want of an authority, and not for anything else.
is_refused() {
	! gets_the_page || return 1
	grep 'certificate verify failed' "$work/page"
}

# mounted FOLDER COMMAND...: where the folder stands in place of the system's authorities.
mounted() {
	folder=$1
	shift
	mount --bind "$folder" /etc/ssl/certs || return 1
	"$@"
	status=$?
	umount /etc/ssl/certs
	return "$status"
}

the_environment_is_obeyed() {
	(export SSL_CERT_FILE="$work/certificates/ca.pem" && gets_the_page) &&
		(export SSL_CERT_DIR="$work/by-hash" && gets_the_page)
}

# Also where the system's would do.
the_environment_comes_first() {
	(export SSL_CERT_FILE=/nonexistent SSL_CERT_DIR=/nonexistent && is_refused)
}

objects_of_others_are_refused() {
	LUA_PATH="$work/installed/share/lua/5.4/?.lua;/usr/share/lua/5.4/?.lua" \
		LUA_CPATH="$work/installed/lib/lua/5.4/?.so;$(lua5.4 -e 'print(package.cpath)')" \
		timeout 20 lua5.4 tests/openssl/foreign.lua "$port"
}

# A network and mounts of its own, where those are allowed.
if [ -z "${CQUEUES_OWN_MOUNTS-}" ] && unshare -m true 2>/dev/null; then
	CQUEUES_OWN_MOUNTS=yes exec unshare -m --propagation private sh "$0" "$@"
fi

check 'the library builds, with OpenSSL inside' builds || finish
if "$CARGO" clippy --version >/dev/null 2>&1; then check 'its own lines of Rust are clean (cargo clippy)' code_is_clean; fi
check 'the shared library needs no OpenSSL, and shows none' the_library_stands_alone
check 'programs link with either library, and need no OpenSSL' programs_link
if ! serve; then
	verdict FAILED 'a server with a certificate'
	finish
fi
check 'an authority that the system does not know is refused' is_refused
check 'SSL_CERT_FILE and SSL_CERT_DIR name authorities' the_environment_is_obeyed
if [ -n "${CQUEUES_OWN_MOUNTS-}" ] && [ -d /etc/ssl/certs ]; then
	check "the system's file of authorities is found" mounted "$work/by-file" gets_the_page
	check "the system's directory of authorities is found" mounted "$work/by-hash" gets_the_page
	check 'SSL_CERT_FILE and SSL_CERT_DIR take its place' mounted "$work/by-file" the_environment_comes_first
else
	verdict skip "the system's authorities are found: takes mounts of its own, and /etc/ssl/certs"
fi
if lua5.4 -e 'require "openssl.ssl.context"' 2>/dev/null; then
	check 'objects of luaossl are refused, and none is made for it' objects_of_others_are_refused
else
	verdict skip 'objects of luaossl are refused: luaossl is not installed'
fi
kill "$server" 2>/dev/null
finish
