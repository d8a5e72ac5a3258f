# SPDX-License-Identifier: MIT
"""What the tests with other people's programs share: starting servers and clients, and comparing.

A test is a function marked `@test`; its name is a sentence. It starts a server, ours or another's, on a port
that the system chooses, and a client.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from programs import read_until

WORK = Path(sys.argv[1])
CERTIFICATES = WORK / "certificates"
PEER = str(WORK / "peer")
SECONDS = 20

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def file(name):
    return str(CERTIFICATES / name)


AUTHORITY = ["-a", file("ca.pem")]
SERVER = ["-t", "-c", file("server.pem"), "-k", file("server.key")]
CLIENT = ["-c", file("client.pem"), "-k", file("client.key")]
OPENSSL_SERVER = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", file("server.pem"), "-key", file("server.key")]


# -- Programs ------------------------------------------------------------------


class Program:
    """A server that runs until the test is over. It says on what port it listens."""

    def __init__(self, command, pattern=rb"listening on \S+ (\d+)", text=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        if text:
            self.process.stdin.write(text)
            self.process.stdin.flush()
        self.output = b""
        try:
            self.port = self.wait_for(pattern).group(1).decode()
        except BaseException:
            self.stop()
            raise

    def wait_for(self, pattern):
        """Reads what it says until that matches."""
        found, self.output = read_until(self.process, self.output, pattern, SECONDS)
        return found

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@contextlib.contextmanager
def running(*arguments, **named):
    program = Program(*arguments, **named)
    try:
        yield program
    finally:
        program.stop()


def our_server(kind, *arguments):
    return running([PEER, *arguments, kind, "127.0.0.1"])


def run(command, text=b"", status=0):
    """Runs a client; returns what it printed on its two outputs."""
    result = subprocess.run(command, input=text, capture_output=True, timeout=SECONDS, check=False)
    told = f"{command} ended with {result.returncode}: {result.stderr[-500:]}"
    assert (result.returncode == status) if status is not None else result.returncode != 0, told
    return result.stdout, result.stderr


def our_client(kind, port, *arguments, text=b"", status=0):
    return run([PEER, *arguments, kind, "127.0.0.1", str(port)], text, status)
