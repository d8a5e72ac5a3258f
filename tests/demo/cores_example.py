#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server of examples/cores with many clients; see service.py."""

import re

from service import Line, check, equal, main, running


@check
def threads_share_the_clients_out(command):
    with running(command, 0, 3) as server:
        lines = [Line(server.port) for _ in range(90)]
        for number, line in enumerate(lines):
            line.send(f"line {number}\n")
        for number, line in enumerate(lines):
            equal(line.until("line"), f"line {number}\n")
            line.close()
        status, _ = server.terminate()
        equal(status, 0)
        served = [int(count) for count in re.findall(rb"has served (\d+)", server.process.stdout.read())]
        equal((len(served), sum(served)), (3, 90))
        equal(min(served) > 0, True)


@check
def a_client_that_stays_is_waited_for_no_longer_than_the_grace(command):
    with running(command, 0, 2) as server, Line(server.port) as client:
        equal(client.ask("hello\n", "hello"), "hello\n")
        status, seconds = server.terminate()
        equal(status, 0)
        equal(seconds < 8, True)
        equal(client.rest(), b"")


if __name__ == "__main__":
    main()
