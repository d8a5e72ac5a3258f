#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The timers of examples/timers, while a file is read that comes from here; see service.py."""

import re
import subprocess

from service import SECONDS, check, equal, main, read_until


def ends(said, *wanted):
    """Compares all that a program has said but for its ticks, which only must grow."""
    ticks = [int(line.split()[1]) for line in said if re.fullmatch(r"tick \d+", line)]
    equal(ticks, sorted(set(ticks)))
    equal([line for line in said if not line.startswith("tick ")], list(wanted))
    return ticks


@check
def timers_go_on_while_a_file_is_read_that_does_not_come(command):
    with subprocess.Popen([command], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        try:
            _, said = read_until(program, b"", rb"(?s)this takes long\n.*(tick \d+\n.*){3}", SECONDS)
            rest, _ = program.communicate(b"one\ntwo\nthree\n", SECONDS)
        finally:
            program.kill()
        said = (said + rest).decode().splitlines()
        ticks = ends(said, "this takes long", "/dev/stdin: 3 lines", "the ticks have ceased")
        assert len(ticks) >= 4, ticks
        assert re.fullmatch(r"tick \d+", said[0]), said  # before the patience is at its end
        equal(said[-2:], ["/dev/stdin: 3 lines", "the ticks have ceased"])  # no tick after the end of the file
        equal(program.returncode, 0)


@check
def a_file_that_is_read_at_once_stops_them(command):
    done = subprocess.run([command, "/dev/null"], capture_output=True, text=True, timeout=SECONDS)
    equal(done.returncode, 0)
    equal(done.stderr, "")
    ends(done.stdout.splitlines(), "/dev/null: 0 lines", "the ticks have ceased")


@check
def a_file_that_is_not_there_is_an_error(command):
    done = subprocess.run([command, "/no/such/file"], capture_output=True, text=True, timeout=SECONDS)
    equal((done.returncode, done.stdout, done.stderr), (1, "", "timers: /no/such/file: No such file or directory\n"))


main()
