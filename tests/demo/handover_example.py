#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server of examples/handover: versions follow each other while clients come all the time; see service.py."""

import contextlib
import tempfile
import threading
import time

from service import SECONDS, Line, check, equal, main, running


class Clients(threading.Thread):
    """Connects again and again, and has a line echoed by each connection."""

    def __init__(self, port):
        super().__init__()
        self.port, self.stopped, self.served, self.failure = port, False, 0, None

    def run(self):
        try:
            while not self.stopped:
                with Line(self.port) as client:
                    equal(client.ask(f"line {self.served}\n", "line"), f"line {self.served}\n")
                self.served += 1
        except Exception as error:  # told by `finish`
            self.failure = error

    def finish(self):
        self.stopped = True
        self.join(SECONDS)
        if self.failure:
            raise AssertionError(f"client {self.served}: {self.failure!r}")


@check
def five_versions_follow_each_other_and_no_client_is_refused(command):
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as versions:
        path = folder + "/meeting"
        old = versions.enter_context(running(command, path, 0))
        clients = [Clients(old.port) for _ in range(4)]
        for each in clients:
            each.start()
        try:
            for _ in range(5):
                served = [each.served for each in clients]
                while any(each.served < before + 20 and each.is_alive() for each, before in zip(clients, served)):
                    time.sleep(0.005)
                new = versions.enter_context(running(command, path))
                equal(new.port, old.port)
                old.says(b"handed over")
                equal(old.process.wait(SECONDS), 0)
                old = new
        finally:
            for each in clients:
                each.finish()


@check
def the_old_version_serves_whom_it_has(command):
    with tempfile.TemporaryDirectory() as folder, running(command, folder + "/meeting", 0) as old, Line(old.port) as client:
        equal(client.ask("one\n", "one"), "one\n")
        with running(command, folder + "/meeting") as new:
            old.says(b"handed over")
            equal(client.ask("two\n", "two"), "two\n")
            with Line(new.port) as other:
                equal(other.ask("three\n", "three"), "three\n")
            equal(old.process.poll(), None)
            client.close()
            equal(old.process.wait(SECONDS), 0)


if __name__ == "__main__":
    main()
