# SPDX-License-Identifier: MIT
"""Runs the tests with other people's programs: `run.sh` builds what this needs.

    peers.py FOLDER [TEST...]

FOLDER holds `peer`, our client and server, and the certificates.
"""

import sys
import traceback
from pathlib import Path

sys.path.insert(1, str(Path(__file__).parent.parent))

import with_openssl  # noqa: F401  what is imported enters its tests
import with_others  # noqa: F401
from harness import TESTS
from programs import Skip


def attempt(function):
    """The verdict on a test, and what there is to say about it."""
    try:
        function()
    except Skip as reason:
        return "skip", f": {reason}"
    except Exception:  # pylint: disable=broad-except
        return "FAILED", "\n" + traceback.format_exc()
    return "ok", ""


def main():
    counts = {"ok": 0, "FAILED": 0, "skip": 0}
    for function in TESTS:
        if sys.argv[2:] and function.__name__ not in sys.argv[2:]:
            continue
        verdict, said = attempt(function)
        counts[verdict] += 1
        print(f"{verdict:<6} {function.__name__.replace('_', ' ')}{said}", flush=True)
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {counts['skip']} skipped")
    return counts["FAILED"] > 0


if __name__ == "__main__":
    sys.exit(main())
