# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the suites of the Python binding: PYTHONS, each CPython from 3.9 on that is found in PATH and among pyenv's, one of each
# version, without names that lead nowhere.

interpreters() {
	for version in 9 10 11 12 13; do
		for place in "$(command -v python3.$version)" "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.$version".*/bin/python3; do
			if [ -x "$place" ] && "$place" -c "import sys; sys.exit(sys.version_info[:2] != (3, $version))" 2>/dev/null; then
				echo "$place"
				break
			fi
		done
	done
}

: "${PYTHONS:=$(interpreters)}"
