#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the supervisor does with commands that talk, end, die and will not stop.

    supervisor.py COMMAND...      how a supervisor is started

Prints "ok NAME" or "bad NAME" a behaviour. Ends with status 2 if it cannot be tested.
"""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

DEADLINE = 15


class Supervisor:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([*sys.argv[1:], *arguments], stdout=subprocess.PIPE, text=True, bufsize=1)
        self.lines = []

    def until(self, pattern, times=1):
        """Reads lines until so many of them fit."""
        found = [line for line in self.lines if re.fullmatch(pattern, line)]
        while len(found) < times:
            line = self.process.stdout.readline()
            if not line:
                raise EOFError(f"no {pattern} in {self.lines}")
            self.lines.append(line.rstrip("\n"))
            if re.fullmatch(pattern, self.lines[-1]):
                found.append(self.lines[-1])
        return found

    def stop(self):
        """Its status, the lines that came last, and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        rest = self.process.communicate(timeout=DEADLINE)[0].splitlines()
        return self.process.returncode, rest, time.monotonic() - began


def prefixes_lines():
    s = Supervisor("one=echo a; echo b >&2; exec sleep 100", "two=printf 'c\\nd'; exec sleep 100")
    for line in r"one \| a", r"one \| b", r"two \| c":
        s.until(line)
    status, rest, _ = s.stop()
    return status == 0 and "two | d" in rest and "one | signaled 15" in rest and "two | signaled 15" in rest


def restarts_with_growing_pauses():
    s = Supervisor("-p", "0.05", "dies=exit 3")
    s.until(r"dies \| exited 3", 4)
    pauses = s.until(r"dies \| starts again in .*", 4)
    status, _, seconds = s.stop()
    return status == 0 and seconds < 5 and [p.split()[-2] for p in pauses] == ["0.05", "0.1", "0.2", "0.4"]


def kills_what_does_not_stop():
    s = Supervisor("-g", "0.3", "deaf=trap '' TERM; echo ready; while :; do sleep 0.05; done")
    pid = int(s.until(r"deaf \| started as process .*")[0].split()[-1])
    s.until(r"deaf \| ready")
    status, rest, seconds = s.stop()
    alive = subprocess.run(["kill", "-0", str(pid)], stderr=subprocess.DEVNULL).returncode == 0
    return status == 0 and seconds >= 0.3 and not alive and rest[-1:] == ["deaf | signaled 9"]


def lets_commands_end_in_their_own_way():
    s = Supervisor("polite=trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
    s.until(r"polite \| ready")
    status, rest, seconds = s.stop()
    # Its last line and its end may be noticed in either order.
    return status == 0 and seconds < 5 and sorted(rest) == ["polite | bye", "polite | exited 0"]


def refuses_what_is_no_command():
    done = subprocess.run([*sys.argv[1:], "good=true", "bad"], capture_output=True, text=True, timeout=DEADLINE)
    return done.returncode != 0 and done.stdout == "" and "not NAME=COMMAND: bad" in done.stderr


def main():
    tests = [prefixes_lines, restarts_with_growing_pauses, kills_what_does_not_stop, lets_commands_end_in_their_own_way,
             refuses_what_is_no_command]
    for test in tests:
        try:
            good = test()
        except (EOFError, ValueError, subprocess.TimeoutExpired) as error:
            print(f"{test.__name__}: {error}", file=sys.stderr)
            good = False
        print("ok" if good else "bad", f"{Path(sys.argv[-1]).name} {test.__name__.replace('_', ' ')}")
    return 0


sys.exit(main())
