# SPDX-License-Identifier: MIT
"""Runs random programs on the original and on ours and compares their traces, line by line.

    run.py [--seeds 1..100] [--luas "lua5.1 lua5.4"] [--jobs N] [FAMILY...]
    run.py --show FAMILY SEED [--luas lua5.4] [--without 3,7]
    run.py --suite

The seeds are dealt out to the interpreters; with --each every interpreter has all of them. What differs is run again by
itself: programs wait, and on a busy machine not each time as long. What always differs is made as small as
possible and shown with both traces.

A program on which the original crashes or hangs is no example: it counts as skipped if ours comes to its end.
"""

import argparse
import concurrent.futures
import difflib
import os
import pathlib
import subprocess
import sys
import tempfile

import shrink
import sides
from sides import Program, driver, namespace

AGAIN = 6  # runs before two traces count as different
AGAIN_SMALLER = 3  # the same while a program is made smaller
SUITE_SEEDS = range(1, 49)
FAMILIES = sorted(path.stem for path in (sides.HERE / "families").glob("*.lua"))


# When a descriptor is closed that tasks wait for, the original may go on asking the kernel for its events.
FAULTS_OF_THE_ORIGINAL = ("unable to update event disposition: Bad file descriptor",)


def is_a_fault_of_the_original(trace):
    return any(fault in line for line in trace.lines for fault in FAULTS_OF_THE_ORIGINAL)


class Runner:
    """Both sides of one interpreter."""

    def __init__(self, interpreter, pair, pool):
        self.interpreter, self.pair, self.pool = interpreter, pair, pool

    def facts(self, program):
        """The text of a program, whether the order of its tasks counts, and the numbers of its operations."""
        shown = subprocess.run([self.pair["ours"].interpreter, *program.arguments(), "--show"], text=True, check=True,
                               env=self.pair["ours"].environment, capture_output=True, encoding="latin-1").stdout
        first, _, text = shown.partition("\n")
        numbers = [int(line.split()[0]) for line in text.split("\n") if line.startswith("    ")]
        return text, first == "ordered true", numbers

    def both(self, program, ordered):
        """The traces of the original and of ours."""
        jobs = [self.pool.submit(sides.run, self.pair[name], program.arguments()) for name in ("original", "ours")]
        traces = [job.result() for job in jobs]
        return traces if ordered else [trace.in_order_of_tasks() for trace in traces]

    def judge(self, program, ordered, again=AGAIN):
        """What comes of a program: "same", "skipped", "unsteady", "fails" or "differs", and two traces that differ.
        One that does not do the same each time is unsteady, and so is one in which only tasks come in another order: their
        timers may end together. tests/differential/order compares the order where that cannot be."""
        original, ours = set(), set()
        for _ in range(again):
            theirs, mine = self.both(program, ordered)
            if mine.lines[:1] == ("skip: no luaossl",):
                return "skipped", theirs, mine
            original.add(theirs)
            ours.add(mine)
            if original & ours:
                return "same", theirs, mine
        if all(trace.has_failed() for trace in ours):
            return "fails", theirs, mine
        if any(trace.has_failed() or is_a_fault_of_the_original(trace) for trace in original):
            return "skipped", theirs, mine
        if len(original) > 1 and len(ours) > 1:
            return "unsteady", theirs, mine
        if {trace.in_order_of_tasks() for trace in original} & {trace.in_order_of_tasks() for trace in ours}:
            return "unsteady", theirs, mine
        return "differs", theirs, mine

    def shrink(self, program, ordered, numbers, verdict):
        def differs(without):
            return self.judge(program._replace(without=program.without | without), ordered, AGAIN_SMALLER)[0] == verdict

        return program._replace(without=program.without | shrink.shrink(numbers, differs))


def tell(runner, program, keep_all=False):
    """Shows a program, unless told otherwise as small as it can be, and how its traces differ. Returns the verdict: one
    that does not show the difference any more is unsteady."""
    _, ordered, numbers = runner.facts(program)
    verdict, theirs, mine = runner.judge(program, ordered)
    if not keep_all and verdict in ("fails", "differs"):
        program = runner.shrink(program, ordered, numbers, verdict)
        verdict, theirs, mine = runner.judge(program, ordered)
    text, _, _ = runner.facts(program)
    print(f"{verdict}: {program.family} {program.seed} on {runner.interpreter}; again: {command(runner, program)}")
    print("".join(f"  {line}\n" for line in text.split("\n") if line), end="")
    for line in difflib.unified_diff([*theirs.lines, f"({theirs.ending or 'ended'})"],
                                     [*mine.lines, f"({mine.ending or 'ended'})"], "original", "ours", n=100, lineterm=""):
        print("  " + line)
    sys.stdout.flush()
    return verdict if verdict in ("fails", "differs") else "unsteady"


def command(runner, program):
    without = f" --without {','.join(map(str, sorted(program.without)))}" if program.without else ""
    return f"tests/random/run.sh --luas {runner.interpreter} --show {program.family} {program.seed}{without}"


def compare(runners, programs, jobs, most, quiet):
    """Runs all programs of one family, some beside each other; then what differed, by itself. At most so many are made small and told in
    full. Returns counts of verdicts."""
    counts = dict.fromkeys(("same", "skipped", "unsteady", "fails", "differs"), 0)
    _, ordered, _ = runners[0].facts(programs[0])

    def first_try(job):
        runner, program = job
        theirs, mine = runner.both(program, ordered)
        return theirs == mine and not mine.has_failed()

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        work = [(runners[i % len(runners)], program) for i, program in enumerate(programs)]
        suspects = [job for job, same in zip(work, pool.map(first_try, work)) if not same]
    counts["same"] = len(work) - len(suspects)
    for runner, program in suspects:
        verdict, _, mine = runner.judge(program, ordered)
        if verdict == "same" and mine.has_failed():
            verdict = "fails"
        is_fault = verdict in ("fails", "differs")
        if is_fault and counts["fails"] + counts["differs"] < most:
            verdict = tell(runner, program)
        elif is_fault or verdict != "same" and not quiet:
            print(f"{verdict}: {program.family} {program.seed} on {runner.interpreter}", flush=True)
        counts[verdict] += 1
    return counts


def numbers_of(text):
    first, _, last = text.partition("..")
    return range(int(first), int(last or first) + 1)


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    parser.add_argument("--seeds", type=numbers_of, default=numbers_of("1..100"))
    parser.add_argument("--luas", default=" ".join(driver.INTERPRETERS))
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--suite", action="store_true", help="what tests/run.sh runs: the same few programs each time")
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--most", type=int, default=20, help="how many programs that differ are told in full, for a family")
    parser.add_argument("--quiet", action="store_true", help="do not name programs that are skipped or unsteady")
    parser.add_argument("--show", nargs=2, metavar=("FAMILY", "SEED"))
    parser.add_argument("--without", default="")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.suite:
        arguments.seeds, arguments.quiet, arguments.most = SUITE_SEEDS, True, 3
    namespace.enter()
    driver.isolate()
    prefix = pathlib.Path(os.environ["OURS_PREFIX"]).resolve()
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(2 * arguments.jobs) as pool:
        pairs, missing = driver.sides_of(arguments.luas.split(), prefix, pathlib.Path(scratch))
        runners = [Runner(interpreter, pair, pool) for interpreter, pair in pairs.items()]
        if arguments.show:
            without = frozenset(int(number) for number in arguments.without.split(",") if number)
            program = Program(arguments.show[0], int(arguments.show[1]), without)
            for runner in runners:
                tell(runner, program, keep_all=True)
            return 0
        for interpreter in missing:
            print(f"skip   {interpreter}: not here, or the original for it is not")
        passed = failed = skipped = 0
        for family in arguments.families or FAMILIES:
            copies = len(runners) if arguments.each else 1
            programs = [Program(family, seed) for seed in arguments.seeds for _ in range(copies)]
            counts = compare(runners, programs, arguments.jobs, arguments.most, arguments.quiet)
            print(f"{family}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()), flush=True)
            passed += counts["same"]
            failed += counts["fails"] + counts["differs"]
            skipped += counts["skipped"] + counts["unsteady"]
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
