#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The programs of examples/luv, in which luv and cqueues run in one thread, with clients that talk at the same time; see service.py."""

import contextlib
import os
import re
import shlex
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from service import SECONDS, Line, Skip, check, equal, main, running

os.environ["LUA_CPATH"] = os.environ.get("LUA_CPATH", "") + ";;"  # luv is where the system has its modules


def program(command, name):
    """The command that starts one of the two programs."""
    interpreter = shlex.split(command)[0]
    if subprocess.run([interpreter, "-e", "require 'luv'"], stderr=subprocess.DEVNULL).returncode:
        raise Skip(f"luv is not installed for {interpreter}")
    return re.sub(r"luv\.lua$", name, command)


# -- luv inside of cqueues -------------------------------------------------------------------


@contextlib.contextmanager
def files(command):
    command = program(command, "files.lua")
    with tempfile.TemporaryDirectory() as folder, running(command, "127.0.0.1", 0) as server:
        yield server, Path(folder)


def fetch(line, path):
    """What is in a file, or the line that says why not."""
    line.send(f"{path}\n")
    head = line.file.readline().decode()
    return line.file.read(int(head)) if head[:1].isdigit() else head


@check
def tasks_read_files_through_luv(command):
    with files(command) as (server, folder):
        big, small, empty = os.urandom(1_000_003), b"a line\n", b""
        for name, data in ("big", big), ("small", small), ("empty", empty):
            (folder / name).write_bytes(data)
        with Line(server.port) as line, Line(server.port) as other:
            equal(fetch(line, folder / "small"), small)
            equal(fetch(other, folder / "big") == big, True)
            assert fetch(line, folder / "none").startswith("error: ENOENT"), "no error"
            equal(fetch(line, folder / "empty"), empty)
            equal(fetch(line, folder / "big") == big, True)


@check
def many_tasks_wait_for_luv_at_once(command):
    with files(command) as (server, folder), contextlib.ExitStack() as stack:
        for n in range(40):
            (folder / f"file{n}").write_bytes(b"%d " % n * 20000)
        lines = [stack.enter_context(Line(server.port)) for _ in range(40)]
        for n, line in enumerate(lines):
            line.send(f"{folder}/file{n}\n" * 2)
        for n, line in enumerate(lines):
            for _ in range(2):
                equal(line.file.read(int(line.file.readline())) == b"%d " % n * 20000, True)


@check
def a_file_that_keeps_a_thread_of_luv_waiting_stops_nobody_else(command):
    with files(command) as (server, folder):
        os.mkfifo(folder / "fifo")
        (folder / "small").write_bytes(b"small")
        with Line(server.port) as slow, Line(server.port) as fast:
            slow.send(f"{folder}/fifo\n")  # to open it waits for a writer
            equal(fetch(fast, folder / "small"), b"small")
            with open(folder / "fifo", "wb"):
                equal(slow.file.readline(), b"0\n")


@check
def the_server_stops_at_sigterm(command):
    with files(command) as (server, folder):
        (folder / "small").write_bytes(b"small")
        with Line(server.port) as line:
            equal(fetch(line, folder / "small"), b"small")
            status, seconds = server.terminate()
            equal((status, seconds < 3, line.rest()), (0, True, b""))


@check
def a_program_that_waits_for_luv_is_idle(command):
    with files(command) as (server, folder), Line(server.port) as line:
        equal(fetch(line, folder / "none")[:5], "error")
        usage = Path(f"/proc/{server.process.pid}/stat")
        before = usage.read_text().rsplit(")")[1].split()[11:13]
        time.sleep(0.5)  # nothing comes that could be waited for
        equal([int(b) - int(a) < 5 for a, b in zip(before, usage.read_text().rsplit(")")[1].split()[11:13])], [True, True])


# -- cqueues inside of luv -------------------------------------------------------------------


class Backend:
    """A server that answers a line "ECHO x" with "x", "LATE x" once it is released, and "MUTE" never."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.released = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
            word, _, rest = lines.readline().rstrip(b"\n").partition(b" ")
            if word == b"LATE":
                self.released.wait(SECONDS)
            if word in (b"LATE", b"ECHO"):
                connection.sendall(rest + b"\n")
            elif word == b"MUTE":
                lines.read()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@contextlib.contextmanager
def asked(command, seconds):
    command = program(command, "ask.lua")
    with contextlib.closing(Backend()) as backend, running(command, "127.0.0.1", backend.port, seconds, "127.0.0.1", 0) as server:
        yield server, backend


@check
def tasks_answer_connections_of_luv(command):
    with asked(command, SECONDS) as (server, _), Line(server.port) as line:
        for n in range(20):
            line.send(f"ECHO {n}\n")
            equal(line.file.readline(), b"%d\n" % n)


@check
def tasks_run_beside_each_other_under_the_loop_of_luv(command):
    with asked(command, SECONDS) as (server, backend), contextlib.ExitStack() as stack:
        first = stack.enter_context(Line(server.port))
        first.send("LATE late\nECHO early\n")
        equal(first.file.readline(), b"early\n")
        backend.released.set()
        equal(first.file.readline(), b"late\n")
        lines = [stack.enter_context(Line(server.port)) for _ in range(30)]
        for n, line in enumerate(lines):
            line.send("".join(f"ECHO {n}.{k}\n" for k in range(10)))
        for n, line in enumerate(lines):
            equal(sorted(line.file.readline() for _ in range(10)), [b"%d.%d\n" % (n, k) for k in range(10)])


@check
def deadlines_of_tasks_hold_under_the_loop_of_luv(command):
    with asked(command, 0.3) as (server, _), Line(server.port) as line:
        began = time.monotonic()
        line.send("MUTE\n")
        said = line.file.readline()
        seconds = time.monotonic() - began
        equal((said, 0.3 <= seconds < 3), (b"error: Connection timed out\n", True))


@check
def failures_are_told_to_the_client_of_luv(command):
    with asked(command, SECONDS) as (server, backend), Line(server.port) as line:
        line.send("NOTHING\n")
        equal(line.file.readline(), b"error: the server says nothing\n")
        backend.close()
        line.send("ECHO x\n")
        equal(line.file.readline(), b"error: Connection refused\n")
        equal(server.terminate()[0], 0)


main()
