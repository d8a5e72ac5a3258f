#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs of other people that are written for cqueues, unchanged, as Debian packages them: each check runs on the
# original and then on ours, in a network namespace that the tests make. What passes on the original must pass on
# ours; what fails on the original, too, is skipped, and so is what is not installed.
#
#   run.sh [WORD...]      only the checks that have all the words in their line: `run.sh lua5.4: WebSocket`
#
# PREFIX is the prefix that ours is installed under. Closes with "N passed, N failed, N skipped".

cd "$(dirname "$0")/../.." || exit 1
: "${PREFIX:=$PWD/build/stage}"
export PREFIX
work=${WORK:-$PWD/build/clients}
mkdir -p "$work"

# shellcheck source=tests/tally.sh
. tests/tally.sh
if ! command -v python3 >/dev/null; then
	verdict skip 'foreign programs: python3 is not installed'
	finish
fi
if ! sh tests/certificates.sh "$work/certificates"; then
	verdict skip 'foreign programs: no certificates without openssl'
	finish
fi
# shellcheck source=tests/lua55/path.sh
. tests/lua55/path.sh
if ! said=$(sh tests/lua55/modules.sh 2>&1); then
	echo "$said" >&2 # the checks with 5.5 are skipped
fi
python3 tests/clients/clients.py "$work" "$@"
status=$?
if [ $status -eq 77 ]; then
	verdict skip 'foreign programs: network namespaces are not allowed here'
	finish
fi
exit $status
