#!/bin/sh
# SPDX-License-Identifier: MIT
# The wheel and the sdist of the Python binding: `make wheel-test`. Each CPython that is found installs the wheel in a venv of
# its own and runs tests/python with the library that is inside. About four minutes on two processors, of which
# two build the library from the sdist; ten with OPENSSL=vendored. It wants PyPI and crates.io. With OPENSSL=vendored the wheel is the one that has OpenSSL inside.
#
# Closes with "N passed, N failed, N skipped".

# shellcheck disable=SC2317 # functions are called by `check`
cd "$(dirname "$0")/../.." || exit 1
: "${MAKE:=make}" "${OPENSSL:=system}"
work=$PWD/build/python/wheel-test
log=$work/log
rm -rf "$work"
mkdir -p "$work"
unset CQUEUES_LIBRARY CQUEUES_WHEEL_LIBRARY PYTHONPATH
# shellcheck source=tests/tally.sh
. tests/tally.sh
# shellcheck source=tests/python/interpreters.sh
. tests/python/interpreters.sh

# Exactly one library, and its OpenSSL is the system's or its own.
it_carries_one_library() {
	unzipped=$work/unzipped
	rm -rf "$unzipped"
	"$tools/python" -m zipfile -e "$wheel" "$unzipped" &&
		[ "$(find "$unzipped" -name '*.so*' | wc -l)" -eq 1 ] &&
		readelf -d "$unzipped/cqueues/lib/libcqueues.so.1" >"$work/dynamic" &&
		cat "$work/dynamic" && grep -q 'SONAME.*\[libcqueues.so.1\]' "$work/dynamic" &&
		if [ "$OPENSSL" = vendored ]; then ! grep -q 'libssl\|libcrypto' "$work/dynamic"; else grep -q 'NEEDED.*libssl' "$work/dynamic"; fi
}

# The name promises as much as auditwheel does, and no more.
its_tag_is_right() {
	shown=$("$tools/auditwheel" show "$wheel" | tr '\n' ' ')
	echo "$shown"
	tag=$(echo "$shown" | sed -n 's/.*following platform tag: "\([a-z0-9_]*\)".*/\1/p')
	case $(basename "$wheel") in
	*-py3-none-"$tag".whl) ;;
	*) return 1 ;;
	esac
	case $OPENSSL-$tag in
	vendored-manylinux_* | system-linux_*) ;;
	*) return 1 ;;
	esac
}

it_has_licence_and_types() {
	for file in cqueues/py.typed 'libcqueues-*.dist-info/licenses/LICENSE'; do
		# shellcheck disable=SC2086
		(cd "$work/unzipped" && ls $file) || return 1
	done
	grep -x "Version: $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)" "$work"/unzipped/*.dist-info/METADATA &&
		grep -x 'License-Expression: MIT' "$work"/unzipped/*.dist-info/METADATA
}

# installed PYTHON VENV WHEEL
installed() {
	"$1" -m venv "$2" && "$2/bin/python" -m pip install -q --disable-pip-version-check "$3"
}

# The library that is used is the wheel's.
tests_pass() {
	(cd "$1" && bin/python -c 'import cqueues._library as l; print(l.library._loaded._name)') | grep -F "$1/" || return 1
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD/tests/python sh tests/apart.sh "$1/bin/python" -W error::ResourceWarning \
		-W error::RuntimeWarning tests/python/runner.py >"$work/tests" 2>&1
	status=$?
	grep -v '^ok  ' "$work/tests"
	grep -q '^[1-9][0-9]* passed, 0 failed' "$work/tests" && [ "$status" -eq 0 ]
}

# The extra brings what the backend of anyio needs.
anyio_is_an_extra() {
	"$1/bin/python" -m pip install -q --disable-pip-version-check "${wheel}[anyio]" httpx starlette &&
		PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD/tests/python sh tests/apart.sh "$1/bin/python" tests/python/runner.py test_anyio test_http \
			>"$work/tests" 2>&1
	status=$?
	grep -v '^ok  ' "$work/tests"
	grep -q '^[1-9][0-9]* passed, 0 failed' "$work/tests" && [ "$status" -eq 0 ]
}

the_sdist_builds() {
	"$tools/python" -m build --no-isolation --wheel --outdir "$work/again" "$work/sdist" &&
		[ "$(basename "$work"/again/*.whl)" = "$(basename "$wheel")" ]
}

one_without_library_is_for_all() {
	CQUEUES_WHEEL_LIBRARY=none "$tools/python" -m build --no-isolation --wheel --outdir "$work/without" "$work/sdist" &&
		ls "$work"/without/libcqueues-*-py3-none-any.whl
}

# Import says where it looked, and takes what CQUEUES_LIBRARY names.
its_absence_is_told() {
	without=$work/venv-without/bin/python
	if said=$("$without" -c 'import cqueues' 2>&1); then
		echo "a libcqueues is installed here: $said"
		said=$(CQUEUES_LIBRARY=/nowhere/libcqueues.so.1 "$without" -c 'import cqueues' 2>&1) && return 1
	fi
	echo "$said" | grep '^ImportError: libcqueues is not found\..*CQUEUES_LIBRARY' && echo "$said" | grep '^  /.*libcqueues.so.1: ' &&
		CQUEUES_LIBRARY=$work/unzipped/cqueues/lib/libcqueues.so.1 "$without" -c 'import cqueues; cqueues.run(cqueues.sleep(0))'
}

# A library that is not there, and one that is none.
wrong_libraries_are_refused() {
	if CQUEUES_WHEEL_LIBRARY=/nowhere "$tools/python" -m build --no-isolation --wheel --outdir "$work/wrong" "$work/sdist" >"$work/said" 2>&1; then
		return 1
	fi
	grep '/nowhere is no file' "$work/said" &&
		! CQUEUES_LIBRARY=/bin/sh "$work/venv-without/bin/python" -c 'import cqueues' >"$work/said" 2>&1 &&
		grep 'ImportError: libcqueues is not found' "$work/said"
}

tools=$PWD/build/python/tools/bin
check 'make wheel makes a wheel and an sdist' "$MAKE" --no-print-directory wheel OPENSSL="$OPENSSL" || finish
wheel=$(echo build/python/dist/*.whl)
mkdir "$work/sdist" && tar -xzf build/python/dist/*.tar.gz -C "$work/sdist" --strip-components 1
check "it carries one library, with OpenSSL: $OPENSSL" it_carries_one_library
if [ "$(uname -s)" = Linux ]; then check 'its tag is that of auditwheel' its_tag_is_right; fi
check 'it has the licence, its types, and the version of Cargo.toml' it_has_licence_and_types
for python in $PYTHONS; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	check "$version installs it" installed "$python" "$work/venv-$version" "$wheel" &&
		check "$version runs its tests with it" tests_pass "$work/venv-$version" &&
		check "$version with the extra anyio runs what is written for that" anyio_is_an_extra "$work/venv-$version"
done
if [ -z "$PYTHONS" ]; then verdict skip 'no CPython from 3.9 on'; fi
check 'one without the library is for all systems' one_without_library_is_for_all &&
	check 'and installs' installed "$tools/python" "$work/venv-without" "$work/without"/*.whl &&
	check 'without a library, import says where it looked' its_absence_is_told &&
	check 'what is no library is refused' wrong_libraries_are_refused
check 'mypy and pyright find nothing in it' sh tests/python/types.sh --install
check 'the sdist builds the library with cargo' the_sdist_builds
finish
