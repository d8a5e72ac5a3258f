#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The prompt of examples/repl with socat as its client; see service.py."""

import contextlib
import os
import stat
import subprocess
import tempfile

from service import SECONDS, check, equal, main, need, running


@contextlib.contextmanager
def program(command):
    need("socat")
    with tempfile.TemporaryDirectory() as folder, running(command, f"{folder}/prompt") as service:
        yield service


def typed(service, text):
    """What comes of lines, without the prompts."""
    done = subprocess.run(["socat", "-t", str(SECONDS), "-", f"UNIX-CONNECT:{service.host}"], input=text.encode(), capture_output=True,
                          timeout=SECONDS, check=True)
    return done.stdout.decode().replace("> ", "").splitlines()


@check
def expressions_are_printed_and_statements_obeyed(command):
    with program(command) as service:
        equal(typed(service, "1 + 1, nil, 'a'\nx = 5\nx * 2\nprogram.step = 0\nprogram.step\n"), ["2\tnil\ta", "10", "0"])
        equal(typed(service, "x\n"), ["5"])


@check
def errors_are_told_and_the_prompt_goes_on(command):
    with program(command) as service:
        said = typed(service, "error('oh', 0)\n1 +\n7\n")
        equal((said[0], said[1][:13], said[2]), ("error: oh", "error: repl:1", "7"))


@check
def the_program_goes_on_while_a_line_waits(command):
    with program(command) as service:
        equal(typed(service, "before = program.count\nwhile program.count < before + 3 do cqueues.sleep(0.01) end\n"
                             "program.count >= before + 3\n"), ["true"])


@check
def only_its_user_can_open_it_and_at_sigterm_it_is_removed(command):
    with program(command) as service:
        equal(stat.S_IMODE(os.stat(service.host).st_mode), 0o600)
        status, seconds = service.terminate()
        equal((status, os.path.exists(service.host)), (0, False))
        assert seconds < 0.9, f"it took {seconds:.2f} s"


main()
