#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The echo servers of examples/embed, each in another event loop; see service.py. The loop runs what is its own, too."""

import time

from service import Line, check, equal, main, running


@check
def clients_are_echoed_at_once(command):
    with running(command, 0) as server:
        lines = [Line(server.port) for _ in range(20)]
        for turn in range(10):
            for number, line in enumerate(lines):
                line.send(f"line {turn} of {number}\n")
            for number, line in enumerate(lines):
                equal(line.until("line"), f"line {turn} of {number}\n")
        for line in lines:
            line.close()
        server.says(b"tick of ")


@check
def who_is_silent_is_hung_up_on(command):
    """So times of the controller are kept in the other loop."""
    with running(command, 0) as server, Line(server.port) as silent:
        began = time.monotonic()
        equal(silent.ask("hello\n", "hello"), "hello\n")
        equal(silent.rest(), b"")
        seconds = time.monotonic() - began
        assert 0.9 < seconds < 8, seconds


@check
def sigterm_ends_it_in_good_order(command):
    with running(command, 0) as server, Line(server.port) as client:
        equal(client.ask("hello\n", "hello"), "hello\n")
        server.says(b"tick of ")
        status, _ = server.terminate()
        equal(status, 0)
        equal(client.rest(), b"")


if __name__ == "__main__":
    main()
