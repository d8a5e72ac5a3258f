#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make lint` does: the linters that are installed, and the licence line at the
# head of every file.

cd "$(dirname "$0")/../.." || exit 1
: "${CARGO:=cargo}"
passed=0 failed=0 skipped=0

# check NAME COMMAND...: passes if the command succeeds, else shows what it said.
check() {
	name=$1
	shift
	if output=$("$@" 2>&1); then
		passed=$((passed + 1))
		echo "ok     $name"
	else
		failed=$((failed + 1))
		echo "FAILED $name"
		printf '%s\n' "$output" | sed 's/^/       /'
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "skip   $1: not installed"
}

# Every file of ours: tracked or new, but not ignored and not deleted.
files() {
	git ls-files --cached --others --exclude-standard | while read -r file; do
		if [ -f "$file" ]; then echo "$file"; fi
	done
}

scripts() {
	files | while read -r file; do
		case $(head -n 1 "$file") in
		'#!/bin/sh' | '#!/bin/bash' | '#!/usr/bin/env bash') echo "$file" ;;
		esac
	done
}

# Names in programs that look like words: ours, and the keyword of Rust.
words_are_spelled() {
	codespell -L crate,fro,hel,upto README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md docs include programs \
		bindings/lua/api bindings/lua/cqueues src/capi examples
}

shell_scripts_are_clean() {
	scripts | xargs shellcheck -x
}

# They want a nightly compiler, or a stable one that takes itself for one.
fuzz_targets_compile() {
	RUSTC_BOOTSTRAP=1 $CARGO check --quiet --manifest-path fuzz/Cargo.toml --bins --target-dir target/fuzz
}

# Files that have no comment syntax, or are made by a tool, need none.
files_carry_the_licence() {
	! files | grep -v -E '(^|/)(LICENSE|Cargo\.lock|\.gitignore)$|\.(md|abi|txt|json|bin)$|^debian/(changelog|README\.source|source/format|.*\.doc-base)$' |
		xargs grep -L 'SPDX-License-Identifier: MIT' | grep .
}

# example DOCUMENT LANGUAGE N: the N-th example in that language.
example() {
	awk -v begin="\`\`\`$2" -v wanted="$3" '
		$0 == "```" { inside = 0 }
		inside { print }
		$0 == begin { inside = ++count == wanted }' "$1"
}

readme_example() {
	example README.md "$@"
}

# readme_shows LANGUAGE N FILE: the README's example is the file without its licence line.
readme_shows() {
	readme_example "$1" "$2" >"${TMPDIR:-/tmp}/cqueues-readme.$$"
	sed 1d "$3" | diff - "${TMPDIR:-/tmp}/cqueues-readme.$$"
	status=$?
	rm -f "${TMPDIR:-/tmp}/cqueues-readme.$$"
	return $status
}

# document_quotes DOCUMENT LANGUAGE N FILE: its example is a part of the file, in one piece.
document_quotes() {
	QUOTE=$(example "$1" "$2" "$3") awk '
		{ text = text $0 "\n" }
		END { exit ENVIRON["QUOTE"] == "" || !index(text, ENVIRON["QUOTE"] "\n") }' "$4"
}

readme_quotes() {
	document_quotes README.md "$@"
}

readme_shows_its_examples() {
	readme_shows lua 1 examples/echo/echo.lua && readme_shows lua 2 examples/https/get.lua &&
		readme_shows c 1 examples/ticker/ticker.c && readme_quotes c 2 examples/https/get.c &&
		test -z "$(readme_example lua 3)$(readme_example c 3)"
}

# What of the binding docs/sockets.md leaves out: methods, functions, options and their second names, and the
# constants of C.
sockets_md_leaves_out() {
	sed -n '/^\(static \)\{0,1\}const luaL_Reg [a-z_]*\[\] = {$/,/^};/s/^	{ "\([a-z][a-z0-9]*\)".*/\1/p' bindings/lua/src/socket*.c |
		sort -u | while read -r name; do
		grep -q "^|.*\(s:\|socket\.\)$name(" docs/sockets.md || echo "the method $name"
	done
	sed -n '/^} fields/,/^};/s/^	{ "\([a-z0-9]*\)", \(NULL\|"\([a-z0-9_]*\)"\),.*/\1 \3/p' bindings/lua/src/socket_options.c |
		tr ' ' '\n' | grep . | while read -r name; do
		grep -q "^|.*\`$name\`" docs/sockets.md || echo "the option $name"
	done
	grep -o 'CQ_OPTION_[A-Z0-9_]*' include/cqueues.h | sort -u | while read -r name; do
		grep -q "$name" docs/sockets.md || echo "the constant $name"
	done
}

sockets_md_names_everything() {
	! sockets_md_leaves_out | grep .
}

# What docs/dns.md leaves out: methods and functions in C and in Lua, and the options of configurations.
dns_md_leaves_out() {
	{
		sed -n '/^\(static \)\{0,1\}const luaL_Reg [a-z_]*\[\] = {$/,/^};/s/^	{ "\([a-z][a-z0-9]*\)".*/\1/p' bindings/lua/src/dns*.c
		sed -n 's/^function [a-z]*[.:]\([a-z]*\)(.*/\1/p' bindings/lua/cqueues/dns.lua bindings/lua/cqueues/dns/*.lua
	} | sort -u | while read -r name; do
		grep -q "^|.*[.:]${name}[({]" docs/dns.md || echo "the method $name"
	done
	sed -n '/^} options/,/^};/s/^	{ "\([a-z0-9]*\)".*/\1/p' bindings/lua/src/dns*.c | while read -r name; do
		grep -q "^| \`$name\`" docs/dns.md || echo "the option $name"
	done
}

dns_md_names_everything() {
	! dns_md_leaves_out | grep .
}

# What docs/events.md leaves out: functions in Lua and in C.
events_md_leaves_out() {
	{
		for noun in signal thread notify errno; do
			sed -n '/^\(static \)\{0,1\}const luaL_Reg [a-z_]*\[\] = {$/,/^};/s/^	{ "\([a-z][a-z0-9]*\)".*/\1/p' bindings/lua/src/$noun.c
			sed -n 's/^function [a-z]*[.:]\([a-z]*\)(.*/\1/p' bindings/lua/cqueues/$noun.lua
		done
	} | sort -u | grep -v '^loader$' | while read -r name; do
		grep -q "^|.*[.:]${name}[({]" docs/events.md || echo "the function $name"
	done
	# Of several in a row, the second and further ones by what is different: `cq_signal_block`, `_unblock`.
	grep -o 'cq_\(signal\|thread\|notify\|errno\)_[a-z_]*(' include/cqueues.h | sort -u | tr -d '(' | grep -v '_free$' |
		while read -r name; do
			noun=${name#cq_} && noun=${noun%%_*}
			grep -q "^|.*\`$name\`" docs/events.md || grep -q "^|.*\`cq_${noun}_.*\`_${name#cq_"${noun}"_}\`" docs/events.md ||
				echo "the function $name"
		done
}

events_md_names_everything() {
	! events_md_leaves_out | grep .
}

# What docs/queues.md leaves out: functions in Lua and in C.
queues_md_leaves_out() {
	for noun in queue semaphore mutex; do
		sed -n 's/^function [a-z]*[.:]\([a-z]*\)(.*/\1/p' bindings/lua/cqueues/$noun.lua | while read -r name; do
			grep -q "^|.*[.:]${name}(" docs/queues.md || echo "the function $name of $noun"
		done
		grep -o "cq_${noun}_[a-z_]*(" include/cqueues.h | sort -u | tr -d '(' | grep -v '_free$' | while read -r name; do
			grep -q "^|.*\`$name\`" docs/queues.md || grep -q "^|.*\`cq_${noun}_.*\`_${name#cq_"${noun}"_}\`" docs/queues.md ||
				echo "the function $name"
		done
	done
}

queues_md_names_everything() {
	! queues_md_leaves_out | grep .
}

# Its examples are parts of the programs.
queues_md_shows_its_examples() {
	document_quotes docs/queues.md lua 1 examples/queues/workers.lua &&
		document_quotes docs/queues.md c 1 examples/queues/workers.c
}

# What docs/scopes.md leaves out: functions in Lua and in C.
scopes_md_leaves_out() {
	sed -n 's/^	function [a-z]*[.:]\([a-z]*\)(.*/\1/p' bindings/lua/cqueues/scope.lua | while read -r name; do
		grep -q "^|.*[.:]${name}(" docs/scopes.md || echo "the function $name"
	done
	for noun in scope task; do
		grep -o "cq_${noun}_[a-z_]*(" include/cqueues.h | sort -u | tr -d '(' | grep -v '_free$' | while read -r name; do
			grep -q "^|.*\`$name\`" docs/scopes.md || grep -q "^|.*\`cq_${noun}_.*\`_${name#cq_"${noun}"_}\`" docs/scopes.md ||
				echo "the function $name"
		done
	done
}

scopes_md_names_everything() {
	! scopes_md_leaves_out | grep .
}

# Its examples are parts of the programs.
scopes_md_shows_its_examples() {
	document_quotes docs/scopes.md lua 1 examples/scopes/request.lua && document_quotes docs/scopes.md c 1 examples/scopes/request.c &&
		document_quotes docs/scopes.md lua 2 examples/scopes/stop.lua &&
		document_quotes docs/scopes.md lua 3 examples/scopes/cleanup.lua &&
		test -z "$(example docs/scopes.md lua 4)$(example docs/scopes.md c 2)"
}

# What docs/processes.md leaves out: functions in Lua and in C.
processes_md_leaves_out() {
	{
		sed -n '/^static const luaL_Reg [a-z_]*\[\] = {$/,/^};/s/^	{ "\([a-z][a-z0-9]*\)".*/\1/p' bindings/lua/src/process.c
		sed -n 's/^function [a-z._]*[.:]\([a-z]*\)(.*/\1/p' bindings/lua/cqueues/process.lua
	} | sort -u | grep -v '^loader$' | while read -r name; do
		grep -q "^|.*[.:]${name}(" docs/processes.md || echo "the function $name"
	done
	grep -o 'cq_process_[a-z_]*(' include/cqueues.h | sort -u | tr -d '(' | while read -r name; do
		grep -q "^|.*\`$name\`" docs/processes.md || grep -q "^|.*\`_${name##*_}\`" docs/processes.md ||
			grep -q "^|.*\`_${name#cq_process_}\`" docs/processes.md || echo "the function $name"
	done
}

processes_md_names_everything() {
	! processes_md_leaves_out | grep .
}

# Its example is a program.
processes_md_shows_its_example() {
	document_quotes docs/processes.md lua 1 examples/processes/sort.lua
}

# What docs/cpp.md leaves out: classes of the C++ headers, those for coroutines among them.
cpp_md_leaves_out() {
	{
		sed -n 's/^\(template <class T[^>]*> \)\{0,1\}class \(\[\[nodiscard\]\] \)\{0,1\}\([a-z_]*\) .*{$/\3/p' include/cqueues/*.hpp |
			grep -v -x -e handle -e error_category -e error -e line_range -e timeout -e bytes -e span -e c_string
		awk 'FNR == 1 { inside = 0 }
			/^namespace (cqueues::)?co \{/ { inside = 1 }
			inside && sub(/^(template <class T> )?class /, "") { print "co::" $1 }' include/cqueues/coroutine/*.hpp
	} | sort -u | while read -r name; do
		grep -q "^|.*\`$name\(<T>\)\{0,1\}\`" docs/cpp.md || echo "the class $name"
	done
}

cpp_md_names_every_class() {
	! cpp_md_leaves_out | grep .
}

# Its examples are parts of the programs.
cpp_md_shows_its_examples() {
	document_quotes docs/cpp.md cpp 1 examples/cpp/echo_fibers.cpp &&
		document_quotes docs/cpp.md cpp 2 examples/cpp/echo_fibers.cpp &&
		document_quotes docs/cpp.md cpp 3 examples/cpp/echo_coroutines.cpp &&
		document_quotes README.md cpp 1 examples/cpp/echo_coroutines.cpp &&
		test -z "$(example docs/cpp.md cpp 4)$(example README.md cpp 2)"
}

# Python's documents show parts of its examples.
python_md_shows_its_example() {
	document_quotes docs/python.md python 1 examples/python/echo.py && document_quotes README.md python 1 examples/python/echo.py &&
		test -z "$(example README.md python 2)"
}

# What `make lua-api` makes is what is there.
# luaL_error and the like name a line of ours if Lua code of ours has called: bindings/lua/src/arguments.c has others.
lua_errors_name_programs() {
	! grep -nE 'luaL_(error|arg(error|check|expected)|typeerror|(check|opt)(any|integer|number|l?string|option|type|udata))\(' \
		bindings/lua/src/*.[ch]
}

lua_api_is_fresh() {
	"$1" tools/lua-api/make.lua --check
}

# What `make python-declarations` makes is what is there.
python_declarations_are_fresh() {
	python3 tools/python-api/generate.py include/cqueues.h | diff bindings/python/cqueues/_declarations.py - >&2
}

# What bindings/lua/api leaves out of the fields of tables: options of sockets and of DNS configurations.
lua_api_leaves_out() {
	sed -n '/^} fields/,/^};/s/^	{ "\([a-z0-9]*\)", \(NULL\|"\([a-z0-9_]*\)"\),.*/\1 \3/p' bindings/lua/src/socket_options.c |
		tr ' ' '\n' | grep . | while read -r name; do
		grep -q "\"$name?: \|also = \"$name\"" bindings/lua/api/socket.lua || echo "the option $name"
	done
	sed -n '/^} options/,/^};/s/^	{ "\([a-z0-9-]*\)".*/\1/p' bindings/lua/src/dns_options.c | while read -r name; do
		grep -q "\"$name?: \|'$name'\]?: " bindings/lua/api/dns_config.lua || echo "the option $name"
	done
}

lua_api_names_every_option() {
	! lua_api_leaves_out | grep .
}

# What an editor would tell of the examples: unknown methods and fields, arguments that are missing or too many. Types that
# are nil only after a failure, and numbers that are whole ones, are left to the reader.
examples_fit_the_types() {
	emmylua_check --config tests/lint/emmylua.json --warnings-as-errors examples bindings/lua/types
}

if "$CARGO" fmt --version >/dev/null 2>&1; then
	check 'Rust is formatted (cargo fmt)' "$CARGO" fmt --check
	check 'the maker of the reference is formatted' rustfmt --check --edition 2021 tools/reference/main.rs
else
	skip 'cargo fmt'
fi
if "$CARGO" clippy --version >/dev/null 2>&1; then
	check 'Rust is clean (cargo clippy)' \
		"$CARGO" clippy --release --target-dir target --all-targets -- -D warnings
else
	skip 'cargo clippy'
fi
if command -v git >/dev/null && git rev-parse --git-dir >/dev/null 2>&1; then
	if command -v codespell >/dev/null; then
		check 'words are spelled (codespell)' words_are_spelled
	else
		skip codespell
	fi
	if command -v shellcheck >/dev/null; then
		check 'shell scripts are clean (shellcheck)' shell_scripts_are_clean
	else
		skip 'shellcheck'
	fi
	check 'every file carries the licence line' files_carry_the_licence
check 'the fuzz targets compile' fuzz_targets_compile
if command -v python3 >/dev/null; then
	check 'imports of the core point one way (ARCHITECTURE.md)' python3 tests/lint/layers.py
	check 'unsafe stands in src/sys and src/capi only' python3 tests/lint/unsafe.py
	check 'no source file is longer than 450 lines' python3 tests/lint/rooms.py
	check 'ARCHITECTURE.md names each source file once' python3 tests/lint/map.py
	check 'docs/limits.md names tests that exist' python3 tests/lint/limits.py
	check 'the Python binding knows the header' python_declarations_are_fresh
	check 'packages have the version of Cargo.toml, and name all crates' python3 tests/lint/packaging.py
	check 'all crates build with the oldest Rust that Cargo.toml names' python3 tests/lint/crates.py
else
	skip python3
fi
else
	skip 'what looks at every file: not a git clone, or git'
fi
check 'the examples of the README are those of examples/' readme_shows_its_examples
check 'docs/sockets.md names every option and method' sockets_md_names_everything
check 'docs/dns.md names every option and method' dns_md_names_everything
check 'docs/events.md names every function' events_md_names_everything
check 'docs/queues.md names every function' queues_md_names_everything
check 'docs/queues.md shows parts of examples/queues' queues_md_shows_its_examples
check 'docs/processes.md names every function' processes_md_names_everything
check 'docs/processes.md shows its example' processes_md_shows_its_example
check 'docs/scopes.md names every function' scopes_md_names_everything
check 'docs/scopes.md shows parts of examples/scopes' scopes_md_shows_its_examples
check 'docs/cpp.md names every class' cpp_md_names_every_class
check 'docs/cpp.md and the README show parts of examples/cpp' cpp_md_shows_its_examples
check 'docs/python.md and the README show parts of examples/python' python_md_shows_its_example
check 'bindings/lua/api names every option' lua_api_names_every_option
check 'errors of the Lua binding name the line of the program' lua_errors_name_programs
for lua in lua5.4 lua5.3 lua5.2 lua5.1 luajit lua; do
	if command -v "$lua" >/dev/null; then break; fi
done
if command -v "$lua" >/dev/null; then
	check 'docs/lua.md and bindings/lua/types are those of bindings/lua/api' lua_api_is_fresh "$lua"
else
	skip Lua
fi
if command -v emmylua_check >/dev/null; then
	check 'the examples fit the type definitions (emmylua_check)' examples_fit_the_types
else
	skip 'emmylua_check (cargo install emmylua_check)'
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
