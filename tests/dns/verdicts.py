# SPDX-License-Identifier: MIT
"""Tests of a program here that run one after the other, and their verdicts."""

import sys
import traceback

TESTS = []
counts = {"ok": 0, "FAILED": 0, "skip": 0}


def test(function):
    TESTS.append(function)
    return function


def report(verdict, name, said=""):
    counts[verdict] += 1
    print(f"{verdict:<6} {name}{': ' if said else ''}{said}", flush=True)


def judge(name, differences):
    """One verdict on what was found."""
    report("FAILED" if differences else "ok", name, "; ".join(differences)[:600])


def run_all(*arguments):
    """Runs every test, or those whose name has the word on the command line in it. One that throws has failed."""
    for function in TESTS:
        if sys.argv[1:] and sys.argv[1] not in function.__name__:
            continue
        try:
            function(*arguments)
        except Exception:  # pylint: disable=broad-except
            report("FAILED", function.__name__.replace("_", " "), "\n" + traceback.format_exc())


def close(what):
    """Says how many tests there were. The status of the program."""
    print(f"{what}: {counts['ok']} passed, {counts['FAILED']} failed, {counts['skip']} skipped")
    return counts["FAILED"] > 0
