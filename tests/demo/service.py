# SPDX-License-Identifier: MIT
"""What the checks of the example servers share: a server that runs while a check does, plain connections to it, and the
list of what is found.

Each file of checks is started with a name and the command that starts a server, without arguments:

    chat_example.py lua5.4 'lua5.4 examples/chat/chat.lua'

and prints for each function that is marked `check` a line "ok SENTENCE", "bad SENTENCE: WHY" or "skip SENTENCE: WHY".
"""

import contextlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from programs import Skip, equal, need, read_until  # noqa: E402,F401

SECONDS = 10  # that something may take which should be soon
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Service:
    """A server that has said where it listens."""

    def __init__(self, command, *arguments):
        words = [*shlex.split(command), *map(str, arguments)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        found, self.said = read_until(self.process, b"", rb"listening on (\S+)(?: (\d+))?\n", SECONDS)
        self.host, self.port = found.group(1).decode(), int(found.group(2) or 0)

    def says(self, text):
        """Waits until it has printed that."""
        read_until(self.process, b"", re.escape(text), SECONDS)

    def terminate(self):
        """Sends SIGTERM; the status that it ends with, and the seconds that it takes."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS), time.monotonic() - began


@contextlib.contextmanager
def running(command, *arguments):
    service = Service(command, *arguments)
    try:
        yield service
    finally:
        service.process.kill()
        service.process.wait()
        service.process.stdout.close()


class Line:
    """A connection that is read until something has come. Whatever else comes before is passed over."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), SECONDS)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def ask(self, text, answer):
        self.send(text)
        return self.until(answer)

    def until(self, *texts):
        """The first line that contains one of the texts."""
        seen = []
        while line := self.file.readline():
            if any(text.encode() in line for text in texts):
                return line.decode()
            seen.append(line[:100])
        raise AssertionError(f"no {texts} in {seen}")

    def rest(self):
        return self.file.read()


def main():
    name, commands = sys.argv[1], sys.argv[2:]
    for function in CHECKS:
        sentence = f"{Path(sys.argv[0]).stem.partition('_')[0]}, {name}: {function.__name__.replace('_', ' ')}"
        try:
            function(*commands)
            print("ok", sentence, flush=True)
        except Skip as why:
            print("skip", f"{sentence}: {why}", flush=True)
        except (AssertionError, OSError, ValueError, EOFError, subprocess.SubprocessError) as error:
            print("bad", f"{sentence}: {type(error).__name__} {error}".replace("\n", " ")[:600], flush=True)
