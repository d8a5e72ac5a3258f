# SPDX-License-Identifier: MIT
"""Runs the test files here, or those named, and prints a line for each test, then the counts."""

import faulthandler
import gc
import os
import signal
import sys
import unittest
from pathlib import Path

# What hypothesis keeps of its runs.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(__file__).parents[2] / "build/python/hypothesis"))

#: No test may take longer, in seconds.
LIMIT = 60


class Result(unittest.TestResult):
    passed = 0

    def startTest(self, test):
        super().startTest(test)
        faulthandler.dump_traceback_later(LIMIT, exit=True)

    def stopTest(self, test):
        gc.collect()  # what is left behind is told within the test that left it
        faulthandler.cancel_dump_traceback_later()
        super().stopTest(test)

    def addSuccess(self, test):
        self.passed += 1
        print("ok    ", test.id(), flush=True)

    def addFailure(self, test, why):
        super().addFailure(test, why)
        print("FAILED", test.id(), self.failures[-1][1], sep="\n", flush=True)

    def addError(self, test, why):
        super().addError(test, why)
        print("FAILED", test.id(), self.errors[-1][1], sep="\n", flush=True)

    def addSubTest(self, test, subtest, why):
        super().addSubTest(test, subtest, why)
        if why is not None:
            print("FAILED", subtest.id(), (self.failures + self.errors)[-1][1], sep="\n", flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print("skip  ", test.id(), reason, flush=True)


def main():
    here = Path(__file__).parent
    names = sys.argv[1:] or sorted(path.stem for path in here.glob("test_*.py"))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts with `&` ignores it
    unraisable = []
    sys.unraisablehook = lambda what: unraisable.append(what)
    result = Result()
    unittest.TestLoader().loadTestsFromNames(names).run(result)
    for what in unraisable:
        print("FAILED nothing is raised where nobody can catch it:", repr(what.exc_value), repr(what.object))
    failed = len(result.failures) + len(result.errors) + len(unraisable)
    print(f"{result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
    return failed > 0


sys.exit(main())
