#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house of examples/rust with visitors who come, go, fall, and are there when it closes; see service.py."""

import subprocess

from service import SECONDS, Line, check, equal, main, running


def visitor(server, name):
    line = Line(server.port)
    line.until("Your name?")
    equal(line.ask(f"{name}\n", "Welcome"), f"Welcome, {name}.\r\n")
    return line


@check
def visitors_know_who_is_there(command):
    with running(command, "127.0.0.1", 0) as server, visitor(server, "ann") as ann:
        with visitor(server, "ben") as ben:
            equal(ben.ask("who\n", "ann"), "ann, ben\r\n")
            ann.send("wh")
            equal(ann.ask("o\r\n", "ann"), "ann, ben\r\n")
        server.says(b"ben leaves\n")
        equal(ann.ask("what\nwho\n", "who"), "who, fall or close?\r\n")
        equal(ann.until("ann"), "ann\r\n")


@check
def a_name_is_asked_for_until_it_is_one(command):
    with running(command, "127.0.0.1", 0) as server, visitor(server, "ann") as ann, Line(server.port) as line:
        for name in ("", "ann"):
            line.until("Your name?")
            line.send(f"{name}\n")
        line.until("Your name?")
        equal(line.ask("ben\n", "Welcome"), "Welcome, ben.\r\n")
        ann.close()
        server.says(b"ann leaves\n")
        equal(line.ask("who\n", "ben"), "ben\r\n")


@check
def it_goes_on_when_nobody_reads_what_it_prints(command):
    with running(command, "127.0.0.1", 0) as server, visitor(server, "ann") as ann:
        server.process.stdout.close()
        with visitor(server, "ben") as ben:
            ben.send("fall\n")
            equal(ben.rest(), b"")
        equal(ann.ask("who\n", "ann"), "ann\r\n")


@check
def a_panic_ends_one_session(command):
    with running(command, "127.0.0.1", 0) as server, visitor(server, "ann") as ann, visitor(server, "ben") as ben:
        ann.send("fall\n")
        equal(ann.rest(), b"")
        server.says(b"ann leaves\n")
        equal(ben.ask("who\n", "ben"), "ben\r\n")


@check
def what_is_no_text_ends_the_session(command):
    with running(command, "127.0.0.1", 0) as server, Line(server.port) as nobody, visitor(server, "ann") as ann:
        nobody.until("Your name?")
        nobody.send(b"\xff\xfe\n")
        equal(nobody.rest(), b"")
        equal(ann.ask("who\n", "ann"), "ann\r\n")


@check
def sessions_that_wait_when_it_closes_are_dropped(command):
    with running(command, "127.0.0.1", 0) as server:
        lines = [visitor(server, name) for name in ("ann", "ben", "cid")]
        silent = Line(server.port)
        silent.until("Your name?")
        lines[1].ask("close\n", "We close.")
        said = server.process.stdout.read()
        equal(server.process.wait(SECONDS), 0)
        equal(sorted(said.splitlines()), [b"0 are left", b"ann leaves", b"ben leaves", b"cid leaves"])
        for line in [*lines, silent]:
            equal(line.rest(), b"")
            line.close()


@check
def a_port_that_is_taken_is_told(command):
    with running(command, "127.0.0.1", 0) as server:
        done = subprocess.run([command, "127.0.0.1", str(server.port)], capture_output=True, timeout=SECONDS, check=False)
        equal((done.returncode, done.stderr), (1, b"visitors: Address already in use\n"))


main()
