# SPDX-License-Identifier: MIT
"""Runs one program on one side, the original or ours, and gives its trace."""

import pathlib
import subprocess
import sys
import tempfile
import typing

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "differential" / "table"), str(HERE.parent / "dns")]
import driver  # noqa: E402
import namespace  # noqa: E402

TIMEOUT_SECONDS = 10
MEMORY_KILOBYTES = 4_000_000


class Program(typing.NamedTuple):
    """A program: its family, the number it is made from, and the numbers of the operations that are left out."""

    family: str
    seed: int
    without: frozenset = frozenset()

    def arguments(self):
        dropped = ["--without", ",".join(map(str, sorted(self.without)))] if self.without else []
        return [str(HERE / "program.lua"), self.family, str(self.seed), *dropped]


class Trace(typing.NamedTuple):
    """What a program printed, and how its process ended: "", "hang", "crash: ...", or in another way."""

    lines: tuple
    ending: str

    def has_failed(self):
        """Whatever the other side does, this is a fault."""
        return self.ending.startswith(("hang", "crash"))

    def in_order_of_tasks(self):
        """The same lines, those of each task together: for families in which the order of tasks does not matter."""
        return Trace(tuple(sorted(self.lines, key=lambda line: line.partition(": ")[0])), self.ending)


def run(side, arguments, timeout=TIMEOUT_SECONDS):
    """The trace of a program, in a network and a directory of its own. `side` is one of driver.sides_of."""
    namespace.leave_for_own_network()
    with tempfile.TemporaryDirectory(prefix="cqueues-random-") as directory:
        limited = ["sh", "-c", f'ulimit -v {MEMORY_KILOBYTES}; exec "$@"', "sh", side.interpreter, *arguments]
        process = subprocess.Popen(limited, env=side.environment, cwd=directory, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=timeout)
            ending = driver.ending(process.returncode, "") if process.returncode else ""
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            ending = "hang"
    text = output.decode("latin-1")
    if side.interpreter == "lua5.5":
        text = text.replace('"<no error object>"', "nil")  # error(nil), since 5.5
    return Trace(tuple(text.split("\n")[:-1]), ending)
