# SPDX-License-Identifier: MIT
#
# For GNU make, called gmake on some systems. `make help` lists the targets.
# Everything made lies in build/ and target/.

# `make configure VARIABLE=VALUE...` keeps values for later calls in this file.
-include build/config.mk

prefix      ?= /usr/local
exec_prefix ?= $(prefix)
bindir      ?= $(exec_prefix)/bin
libdir      ?= $(exec_prefix)/lib
datadir     ?= $(prefix)/share
mandir      ?= $(datadir)/man
docdir      ?= $(datadir)/doc/libcqueues
includedir  ?= $(prefix)/include
DESTDIR     ?=

ifeq ($(origin CC),default)
CC := cc
endif
CFLAGS   ?= -O2 -g
CPPFLAGS ?=
LDFLAGS  ?=
SOFLAGS  ?=
CARGO    ?= cargo
RUSTC    ?= rustc
INSTALL  ?= install
STRIP    ?= strip

.DELETE_ON_ERROR:
.SECONDEXPANSION:
.SUFFIXES:
.PHONY: all lib reference install install-lib install-doc install-types lua-api python-declarations uninstall stage examples configure demo test check bench \
        rock rock-cargo rock-module rock-install rock-test dist dist-test deb deb-test openssl-test packaging-test wheel wheel-test fuzz random races abi-baseline header check-portability \
        check-musl fmt lint clean help FORCE

.DEFAULT_GOAL := all

quote = '$(subst ','\'',$(1))'
comma := ,

# -- Systems ----------------------------------------------------------------

SYSTEM  := $(shell uname -s)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
ABI     := 1

ifeq ($(SYSTEM),Darwin)
LIB_FILE    := libcqueues.$(ABI).dylib
SONAME      := $(LIB_FILE)
LIB_LINKS   := libcqueues.dylib
NATIVE_LIBS ?= -lssl -lcrypto -liconv -lSystem -lc -lm
LIB_FLAGS    = -dynamiclib -install_name $(libdir)/$(LIB_FILE) -Wl,-exported_symbol,_cq_* \
               -Wl,-dead_strip -Wl,-force_load,$(ARCHIVE) $(NATIVE_LIBS)
MODULE_FLAGS = -bundle -undefined dynamic_lookup
ORIGIN      := @loader_path
else
LIB_FILE    := libcqueues.so.$(ABI).0.0
SONAME      := libcqueues.so.$(ABI)
LIB_LINKS   := libcqueues.so.$(ABI) libcqueues.so
LIB_FLAGS    = -shared -Wl,-soname,libcqueues.so.$(ABI) -Wl,--version-script=src/cqueues.map \
               -Wl,-z,defs -Wl,-z,nodelete -Wl,--gc-sections \
               -Wl,--whole-archive $(ARCHIVE) -Wl,--no-whole-archive -Wl,--as-needed $(NATIVE_LIBS)
MODULE_FLAGS = -shared -Wl,-z,nodelete
HIDE_ARCHIVE = -Wl,--exclude-libs,libcqueues.a -Wl,--gc-sections
ORIGIN      := $$ORIGIN
endif
ifeq ($(SYSTEM),SunOS)
CQ_LIBS     := -lsocket -lnsl
endif
ifeq ($(SYSTEM),Linux)
# A call of Lua or of the library is one instruction and not three: their addresses are looked up when the module is loaded.
MODULE_CFLAGS := -fno-plt
NATIVE_LIBS ?= -lssl -lcrypto -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc
endif
ifeq ($(SYSTEM),FreeBSD)
NATIVE_LIBS ?= -lssl -lcrypto -lexecinfo -lgcc_s -lutil -lrt -lpthread -lm -lc
endif
ifeq ($(SYSTEM),NetBSD)
NATIVE_LIBS ?= -lssl -lcrypto -lexecinfo -lgcc_s -lutil -lrt -lpthread -lm -lc
endif
ifeq ($(SYSTEM),OpenBSD)
NATIVE_LIBS ?= -lssl -lcrypto -lexecinfo -lc++abi -lutil -lpthread -lm -lc
endif

define unknown_system
NATIVE_LIBS is not known for $(SYSTEM). Name what a Rust static library needs there,
    make NATIVE_LIBS="-l...", as told by
    cargo rustc --release --lib --crate-type staticlib -- --print native-static-libs
endef

# OPENSSL=vendored: the library has an OpenSSL of its own inside, built from the sources in the crate openssl-src.
OPENSSL ?= system
ifeq ($(OPENSSL),vendored)
CARGO_TARGET ?= target/vendored
CARGO_FLAGS  := --features vendored-openssl
NATIVE_LIBS  := $(filter-out -lssl -lcrypto,$(NATIVE_LIBS))
else ifneq ($(OPENSSL),system)
$(error OPENSSL is $(OPENSSL). It can be system, or vendored: built into the library)
endif

# -- The library ------------------------------------------------------------

# Where cargo builds.
CARGO_TARGET ?= target
ARCHIVE := $(CARGO_TARGET)/release/libcqueues.a
RUST    := $(wildcard Cargo.toml Cargo.lock build.rs cbindgen.toml) $(shell find src -name '*.rs')

all: lib build/cq build/reference.made $$(addprefix all,$$(LUAS_FOUND))
	@test -n "$(LUAS_FOUND)" || echo 'No Lua headers found: built the library only.'

lib: build/$(LIB_FILE)

# The program that looks at others; it needs no library.
build/cq: programs/cq.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Wall -Wextra -o $@ $< $(LDFLAGS) $(CQ_LIBS)

# Manual pages and HTML, made of the comments of the header.
REFERENCE := build/reference

reference: build/reference.made

build/reference.made: include/cqueues.h $(wildcard tools/reference/*.rs)
	@mkdir -p $(@D)
	$(RUSTC) --edition 2021 -O -o build/make-reference tools/reference/main.rs
	rm -rf $(REFERENCE)
	build/make-reference include/cqueues.h $(REFERENCE)
	@touch $@

# An archive of `make dist` has OpenSSL's sources only if it was made so.
ifeq ($(OPENSSL),vendored)
ifneq (,$(filter-out $(patsubst %/openssl,%,$(wildcard vendor/openssl-src-*/openssl)),$(wildcard vendor/openssl-src-*)))
$(error This archive has no sources of OpenSSL: make one with `make dist OPENSSL=vendored`, or build from a clone)
endif
endif

# cargo leaves the archive's time alone when nothing in it changed.
$(ARCHIVE): $(RUST)
	+$(CARGO) build --release --lib $(CARGO_FLAGS) --target-dir $(CARGO_TARGET)
	@touch $@

build/$(LIB_FILE): $(ARCHIVE) src/cqueues.map build/lib.flags
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(LIB_FLAGS) $(SOFLAGS)
	@cd build && for link in $(LIB_LINKS); do ln -sf $(LIB_FILE) $$link; done

# A .flags file holds the command line that its neighbours were made with, and
# changes only when that does.
keep_flags = @mkdir -p $(@D); printf '%s\n' $(call quote,$(1)) >$@.new; \
             if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

build/lib.flags: FORCE
	$(if $(NATIVE_LIBS),,$(error $(unknown_system)))
	$(call keep_flags,$(CC) $(CFLAGS) $(LDFLAGS) $(LIB_FLAGS) $(SOFLAGS))

# The C++ side is headers only. CMake finds it, and the library, by two files.
CMAKE_FILES := cqueuesConfig.cmake cqueuesConfigVersion.cmake
HPP_FILES   := $(shell cd include 2>/dev/null && find cqueues -name '*.hpp' | sort)

# -- One module per Lua -------------------------------------------------------

LUAS       := 5.1 5.2 5.3 5.4 5.5
LUAS_FOUND  = $(foreach v,$(LUAS),$(if $(LUA$(subst .,,$(v))_CFLAGS),$(v)))
LUA_C      := $(wildcard bindings/lua/src/*.c)
LUA_FILES  := $(shell cd bindings/lua && find cqueues.lua cqueues -name '*.lua' 2>/dev/null | sort)
# What editors and checkers read of the modules, and where they find it.
LUA_TYPES  := $(shell cd bindings/lua && find types -name '*.lua' 2>/dev/null | sed 's|^types/||' | sort)
luatypes   ?= $(datadir)/libcqueues/lua-types

# $(1) is the version, $(2) its digits. LUAxx_CFLAGS is looked up at most once, and
# only where it is needed. The module looks for the library where both will be
# installed: relative to itself in the usual layout, so that it can be moved. (The path is a little longer than it need
# be: the loader reads eight bytes at a time, and valgrind would complain of those behind its end.) LUAxx_RUNPATH= leaves
# that to the system's loader, for packages.
define lua_rules
lua$(2)path  ?= $$(datadir)/lua/$(1)
lua$(2)cpath ?= $$(libdir)/lua/$(1)

LUA$(2)_CFLAGS = $$(eval LUA$(2)_CFLAGS := $$(shell CC=$$(call quote,$$(CC)) \
    CPPFLAGS=$$(call quote,$$(CPPFLAGS)) tools/find-lua $(1) 2>/dev/null))$$(LUA$(2)_CFLAGS)
LUA$(2)_OBJECTS := $$(LUA_C:bindings/lua/src/%.c=build/lua$(1)/%.o)
LUA$(2)_RUNPATH  = $$(if $$(filter $$(libdir)/lua/$(1),$$(lua$(2)cpath)),$$(ORIGIN)/.././../.,$$(libdir))
LUA$(2)_RPATH    = $$(if $$(LUA$(2)_RUNPATH),'-Wl$$(comma)-rpath$$(comma)$$(LUA$(2)_RUNPATH)')
LUA$(2)_COMPILE  = $$(CC) $$(LUA$(2)_CFLAGS) $$(CPPFLAGS) -Iinclude $$(CFLAGS) -Wall -Wextra -fPIC $$(MODULE_CFLAGS)
LUA$(2)_LINK     = $$(CC) $$(CFLAGS) $$(LDFLAGS) $$(MODULE_FLAGS) $$(LUA$(2)_RPATH) $$(SOFLAGS)

.PHONY: all$(1) install$(1)
all$(1): build/lua$(1)/_cqueues.so

build/lua$(1)/.flags: FORCE
	$$(if $$(LUA$(2)_CFLAGS),,@CC=$$(call quote,$$(CC)) CPPFLAGS=$$(call quote,$$(CPPFLAGS)) tools/find-lua $(1))
	$$(call keep_flags,$$(LUA$(2)_COMPILE) $$(LUA$(2)_LINK))

build/lua$(1)/%.o: bindings/lua/src/%.c build/lua$(1)/.flags
	$$(LUA$(2)_COMPILE) -MMD -MP -c -o $$@ $$<

build/lua$(1)/_cqueues.so: $$(LUA$(2)_OBJECTS) build/$$(LIB_FILE) build/lua$(1)/.flags
	$$(LUA$(2)_LINK) -o $$@ $$(LUA$(2)_OBJECTS) build/$$(LIB_FILE)

-include $$(LUA$(2)_OBJECTS:.o=.d)

install$(1): install-lib all$(1)
	$(INSTALL) -d '$$(DESTDIR)$$(lua$(2)cpath)' '$$(DESTDIR)$$(lua$(2)path)'
	$(INSTALL) -m 755 build/lua$(1)/_cqueues.so '$$(DESTDIR)$$(lua$(2)cpath)/_cqueues.so'
	$(STRIP) -S '$$(DESTDIR)$$(lua$(2)cpath)/_cqueues.so'
	for file in $$(LUA_FILES); do \
	    $(INSTALL) -d "$$$$(dirname '$$(DESTDIR)$$(lua$(2)path)/'$$$$file)" && \
	    $(INSTALL) -m 644 bindings/lua/$$$$file '$$(DESTDIR)$$(lua$(2)path)/'$$$$file || exit 1; \
	done
endef
$(foreach v,$(LUAS),$(eval $(call lua_rules,$(v),$(subst .,,$(v)))))

# -- Installation -------------------------------------------------------------

install: install-lib install-types install-doc $$(addprefix install,$$(LUAS_FOUND))

install-doc: reference
	$(INSTALL) -d $(foreach part,man1 man3 man7,'$(DESTDIR)$(mandir)/$(part)') '$(DESTDIR)$(docdir)/html'
	$(INSTALL) -m 644 programs/cq.1 '$(DESTDIR)$(mandir)/man1'
	$(INSTALL) -m 644 $(REFERENCE)/man/man7/cqueues.7 '$(DESTDIR)$(mandir)/man7'
	$(INSTALL) -m 644 $(REFERENCE)/man/man3/*.3 '$(DESTDIR)$(mandir)/man3'
	$(INSTALL) -m 644 $(REFERENCE)/html/*.html '$(DESTDIR)$(docdir)/html'

install-types:
	for file in $(LUA_TYPES); do \
	    $(INSTALL) -d "$$(dirname '$(DESTDIR)$(luatypes)/'$$file)" && \
	    $(INSTALL) -m 644 bindings/lua/types/$$file '$(DESTDIR)$(luatypes)/'$$file || exit 1; \
	done

install-lib: lib build/cq
	$(INSTALL) -d '$(DESTDIR)$(libdir)/pkgconfig' '$(DESTDIR)$(libdir)/cmake/cqueues' '$(DESTDIR)$(includedir)' \
	    '$(DESTDIR)$(bindir)'
	$(INSTALL) -m 755 build/cq '$(DESTDIR)$(bindir)/cq'
	$(STRIP) -S '$(DESTDIR)$(bindir)/cq'
	$(INSTALL) -m 644 build/$(LIB_FILE) $(ARCHIVE) '$(DESTDIR)$(libdir)'
	$(STRIP) -S '$(DESTDIR)$(libdir)/$(LIB_FILE)' '$(DESTDIR)$(libdir)/libcqueues.a'
	for link in $(LIB_LINKS); do ln -sf $(LIB_FILE) '$(DESTDIR)$(libdir)/'$$link; done
	$(INSTALL) -m 644 include/cqueues.h '$(DESTDIR)$(includedir)'
	for file in $(HPP_FILES); do \
	    $(INSTALL) -d "$$(dirname '$(DESTDIR)$(includedir)/'$$file)" && \
	    $(INSTALL) -m 644 include/$$file '$(DESTDIR)$(includedir)/'$$file || exit 1; \
	done
	sed -e 's|@prefix@|$(prefix)|' -e 's|@exec_prefix@|$(exec_prefix)|' \
	    -e 's|@libdir@|$(libdir)|' -e 's|@includedir@|$(includedir)|' \
	    -e 's|@VERSION@|$(VERSION)|' -e 's|@NATIVE_LIBS@|$(filter-out -lgcc_s,$(NATIVE_LIBS))|' \
	    pkgconfig/cqueues.pc.in >'$(DESTDIR)$(libdir)/pkgconfig/cqueues.pc'
	for file in $(CMAKE_FILES); do \
	    sed -e 's|@libdir@|$(libdir)|' -e 's|@includedir@|$(includedir)|' -e 's|@VERSION@|$(VERSION)|' \
	        -e 's|@LIB_FILE@|$(LIB_FILE)|' -e 's|@SONAME@|$(SONAME)|' \
	        cmake/$$file.in >'$(DESTDIR)$(libdir)/cmake/cqueues/'$$file || exit 1; \
	done

uninstall:
	rm -f $(foreach file,$(LIB_FILE) $(LIB_LINKS) libcqueues.a pkgconfig/cqueues.pc \
	    $(addprefix cmake/cqueues/,$(CMAKE_FILES)),'$(DESTDIR)$(libdir)/$(file)')
	rmdir '$(DESTDIR)$(libdir)/cmake/cqueues' 2>/dev/null; true
	rm -f $(foreach file,cqueues.h $(HPP_FILES),'$(DESTDIR)$(includedir)/$(file)') '$(DESTDIR)$(bindir)/cq'
	find '$(DESTDIR)$(includedir)/cqueues' -depth -type d -exec rmdir {} \; 2>/dev/null; true
	rm -f '$(DESTDIR)$(mandir)'/man3/cq_*.3 '$(DESTDIR)$(mandir)/man7/cqueues.7' '$(DESTDIR)$(mandir)/man1/cq.1'
	rm -f '$(DESTDIR)$(docdir)'/html/*.html
	rmdir '$(DESTDIR)$(docdir)/html' '$(DESTDIR)$(docdir)' 2>/dev/null; true
	for path in $(foreach v,51 52 53 54 55,'$(lua$(v)path)'); do \
	    for file in $(LUA_FILES); do rm -f '$(DESTDIR)'"$$path/$$file"; done; \
	    find '$(DESTDIR)'"$$path/cqueues" -depth -type d -exec rmdir {} \; 2>/dev/null; \
	done; true
	rm -f $(foreach v,51 52 53 54 55,'$(DESTDIR)$(lua$(v)cpath)/_cqueues.so')
	rm -f $(foreach file,$(LUA_TYPES),'$(DESTDIR)$(luatypes)/$(file)')
	find '$(DESTDIR)$(luatypes)' -depth -type d -exec rmdir {} \; 2>/dev/null; \
	    rmdir '$(DESTDIR)$(datadir)/libcqueues' 2>/dev/null; true

# The tests and the demo run what `install` installs, from a folder of their own,
# with debug information so that a failure has a readable backtrace.
STAGE := $(CURDIR)/build/stage
STAGE_VARIABLES := STRIP=: DESTDIR= prefix=$(STAGE) exec_prefix=$(STAGE) bindir=$(STAGE)/bin libdir=$(STAGE)/lib \
    datadir=$(STAGE)/share includedir=$(STAGE)/include \
    luatypes=$(STAGE)/share/libcqueues/lua-types mandir=$(STAGE)/share/man docdir=$(STAGE)/share/doc/libcqueues \
    $(foreach v,$(LUAS),lua$(subst .,,$(v))path=$(STAGE)/share/lua/$(v) lua$(subst .,,$(v))cpath=$(STAGE)/lib/lua/$(v))

stage: all
	@$(MAKE) --no-print-directory install $(STAGE_VARIABLES)

# -- LuaRocks -----------------------------------------------------------------

# `make rock` writes a rockspec and its source archive. The rockspec has luarocks call rock-module and rock-install: they
# make one module for the Lua of LUA_INCDIR that holds the library, too, so that nothing else is installed.
ROCK_VERSION := $(shell sed -n 's/^pub const CQ_VERSION: c_int = \([0-9]*\);/\1/p' src/capi/library.rs)
ROCK_URL     ?= file://$(CURDIR)/build/rocks/cqueues-$(ROCK_VERSION).tar.gz
ROCK_OBJECTS := $(LUA_C:bindings/lua/src/%.c=build/rock/%.o)

rock:
	@sh tools/rock '$(ROCK_VERSION)' '$(ROCK_URL)'

rock-module: rock-cargo build/rock/_cqueues.so

rock-cargo:
	@command -v $(CARGO) >/dev/null || { \
	    echo '$(CARGO) is not installed: the library is written in Rust, and needs cargo and rustc 1.85 or newer' >&2; \
	    exit 1; }

ROCK_COMPILE  = $(CC) -I'$(LUA_INCDIR)' $(CPPFLAGS) -Iinclude $(CFLAGS) -fPIC $(MODULE_CFLAGS)

build/rock/.flags: FORCE
	$(call keep_flags,$(ROCK_COMPILE))

build/rock/%.o: bindings/lua/src/%.c build/rock/.flags
	$(ROCK_COMPILE) -c -o $@ $<

build/rock/_cqueues.so: $(ROCK_OBJECTS) $(ARCHIVE)
	$(CC) $(CFLAGS) $(LDFLAGS) $(MODULE_FLAGS) $(SOFLAGS) -o $@ $(ROCK_OBJECTS) $(ARCHIVE) $(HIDE_ARCHIVE) $(NATIVE_LIBS)

rock-install:
	$(INSTALL) -d '$(LIBDIR)'
	$(INSTALL) -m 755 build/rock/_cqueues.so '$(LIBDIR)/_cqueues.so'
	for file in $(LUA_FILES); do \
	    $(INSTALL) -d "$$(dirname '$(LUADIR)/'$$file)" && \
	    $(INSTALL) -m 644 bindings/lua/$$file '$(LUADIR)/'$$file || exit 1; \
	done

# The library with an OpenSSL of its own inside.
openssl-test:
	@tools/prerequisites openssl
	@CARGO='$(CARGO)' MAKE='$(MAKE)' CC='$(CC)' sh tests/apart.sh sh tests/openssl/run.sh

# The recipes for Conan, vcpkg and Homebrew.
packaging-test:
	@tools/prerequisites build
	@MAKE='$(MAKE)' sh tests/packaging/run.sh

# The wheel of the Python binding, with the library inside, and its sdist, in build/python/dist.
wheel: lib
	@tools/prerequisites python
	@STRIP='$(STRIP)' tools/wheel 'build/$(LIB_FILE)'

wheel-test:
	@tools/prerequisites python
	@MAKE='$(MAKE)' OPENSSL='$(OPENSSL)' sh tests/python/wheel.sh

rock-test:
	@tools/prerequisites rocks
	@MAKE='$(MAKE)' sh tests/rocks/run.sh

# The sources with those of all crates, to build without a network.
dist:
	@CARGO='$(CARGO)' tools/dist '$(VERSION)' '$(OPENSSL)'

# Debian's packages, of that archive, in build/deb. `make deb-test` installs them in a system of their own.
deb:
	@tools/prerequisites deb
	@CARGO='$(CARGO)' MAKE='$(MAKE)' tools/deb '$(VERSION)'

deb-test:
	@tools/prerequisites deb
	@CARGO='$(CARGO)' MAKE='$(MAKE)' sh tests/deb/run.sh

dist-test:
	@MAKE='$(MAKE)' CC='$(CC)' sh tests/dist/run.sh

# -- Trying and testing ---------------------------------------------------------

# The C examples are built the way a user of the installed library builds them.
NEEDS_embed_glib     := glib-2.0
NEEDS_embed_libevent := libevent
NEEDS_embed_libuv    := libuv
NEEDS_libuv_inside   := libuv
# Those that need another library are made where it is.
is_possible = $(if $(NEEDS_$(1)),$(shell pkg-config --exists $(NEEDS_$(1)) && echo yes),yes)
EXAMPLES  = $(foreach name,$(basename $(notdir $(wildcard examples/*/*.c))), \
    $(if $(call is_possible,$(name)),build/examples/$(name)))
vpath %.c $(wildcard examples/*)

examples: $$(EXAMPLES)

build/examples/%: %.c stage
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) -o $@ $< $(LDFLAGS) -Wl,-rpath,$(STAGE)/lib \
	    $$(PKG_CONFIG_PATH=$(STAGE)/lib/pkgconfig pkg-config --cflags --libs cqueues $(NEEDS_$*))

demo:
	@tools/prerequisites demo
	@$(MAKE) --no-print-directory --silent stage examples
	@sh examples/echo/demo.sh
	@sh examples/https/demo.sh
	@sh examples/dig/demo.sh
	@sh examples/watch/demo.sh
	@sh examples/hang/demo.sh

test:
	@tools/prerequisites test
	@CARGO='$(CARGO)' CC='$(CC)' MAKE='$(MAKE)' sh tests/run.sh

# For every day: one compiler, two Luas, and the suites that find most. A few minutes.
check:
	@tools/prerequisites test
	@CARGO='$(CARGO)' CC='$(CC)' MAKE='$(MAKE)' COMPILERS='$(CC)' LUAS='luajit lua5.4' \
	    sh tests/run.sh rust stage abi capi input dns lua order

# `make bench BENCH_FLAGS='--rounds 9 --record 2026-01.md echo'` passes arguments on.
BENCH_FLAGS ?=

bench:
	@tools/prerequisites bench
	@$(MAKE) --no-print-directory --silent stage
	@CC='$(CC)' PREFIX='$(STAGE)' python3 benches/bench.py $(BENCH_FLAGS)

# Each target for so many seconds; see fuzz/run.sh.
FUZZ_SECONDS ?= 300

fuzz:
	@CARGO='$(CARGO)' sh fuzz/run.sh $(FUZZ_SECONDS)

# Random programs on the original and on ours; see tests/random/run.py. RANDOM_FLAGS='--seeds 1..5000 sockets' passes arguments on.
RANDOM_FLAGS ?=

random:
	@tools/prerequisites test
	@$(MAKE) --no-print-directory --silent stage
	@OURS_PREFIX='$(STAGE)' sh tests/random/run.sh $(RANDOM_FLAGS)

# The C tests under ThreadSanitizer, the core included.
races:
	@tools/prerequisites portability
	@MAKE='$(MAKE)' sh tests/races/run.sh

# For systems that are not at hand; see the heads of the scripts.
check-portability:
	@tools/prerequisites portability
	@MAKE='$(MAKE)' sh tests/portability/run.sh

check-musl:
	@tools/prerequisites portability
	@MAKE='$(MAKE)' sh tests/musl/run.sh

abi-baseline: lib
	@sh tests/abi/run.sh --baseline

# include/cqueues.h, anew from the sources.
header:
	@CQUEUES_UPDATE_HEADER=1 $(CARGO) test --quiet --target-dir target --test header

# docs/lua.md and the type definitions, anew from the description in bindings/lua/api. Any Lua does.
LUA ?= $(firstword $(foreach lua,lua5.4 lua5.3 lua5.2 lua5.1 luajit lua,$(if $(shell command -v $(lua)),$(lua))))

lua-api:
	$(LUA) tools/lua-api/make.lua

# What the Python binding knows of the header.
python-declarations:
	python3 tools/python-api/generate.py include/cqueues.h >bindings/python/cqueues/_declarations.py

fmt:
	$(CARGO) fmt

lint:
	@CARGO='$(CARGO)' sh tests/lint/run.sh

# -- Housekeeping -----------------------------------------------------------------

CONFIGURABLE := prefix exec_prefix bindir libdir datadir mandir docdir includedir luatypes DESTDIR \
    CC CFLAGS CPPFLAGS LDFLAGS SOFLAGS CARGO RUSTC INSTALL STRIP NATIVE_LIBS OPENSSL \
    $(foreach v,51 52 53 54 55,lua$(v)path lua$(v)cpath LUA$(v)_CFLAGS)
GIVEN = $(foreach v,$(CONFIGURABLE),$(if $(filter command environment,$(firstword $(origin $(v)))),$(v)))

configure:
	@mkdir -p build
	@{ $(foreach v,$(GIVEN),printf '%s\n' 'ifneq (,$$(filter undefined default,$$(origin $(v))))' \
	    '$(v) := '$(call quote,$($(v))) endif;) :; } >build/config.mk
	@echo 'Kept in build/config.mk: $(or $(strip $(GIVEN)),nothing)'

clean:
	rm -rf build
	$(CARGO) clean --target-dir target

help:
	@echo 'Build      all (the library and a module for every Lua found), lib, reference (manual pages and HTML), all5.1 ... all5.5'
	@echo 'Install    install, install-lib, install-doc, install-types, install5.1 ... install5.5, uninstall'
	@echo 'LuaRocks   rock (a rockspec and its source archive), rock-test'
	@echo 'Archive    dist (the sources with all crates, the same bytes each time), dist-test'
	@echo "Packages   deb (Debian's, of that archive), deb-test, openssl-test (OPENSSL=vendored), packaging-test"
	@echo 'Try        demo, bench (BENCH_FLAGS passes arguments to benches/bench.py)'
	@echo 'Develop    test, check, examples, fuzz (FUZZ_SECONDS each), random, races, fmt, lint, lua-api, python-declarations,'
	@echo '           abi-baseline, check-portability, check-musl, clean, help'
	@echo 'Remember   configure VARIABLE=VALUE...   until clean'
	@echo 'Variables  prefix exec_prefix bindir libdir datadir mandir docdir includedir luatypes DESTDIR'
	@echo '           lua51path lua51cpath ... lua55path lua55cpath LUA51_CFLAGS ... LUA55_CFLAGS'
	@echo '           CC CFLAGS CPPFLAGS LDFLAGS SOFLAGS CARGO RUSTC INSTALL STRIP (STRIP=: keeps debug information)'
	@echo '           OPENSSL=vendored (builds OpenSSL into the library)'
