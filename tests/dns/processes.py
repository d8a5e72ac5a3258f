# SPDX-License-Identifier: MIT
"""Starting servers, waiting until they answer, and stopping them."""

import contextlib
import ctypes
import random
import signal
import socket
import struct
import subprocess
import time

SECONDS = 20


def end_with_parent():
    """Asks the kernel to end this process with its parent, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Server:
    """A process that serves until it is stopped. What it says goes into a file."""

    def __init__(self, arguments, log):
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            preexec_fn=end_with_parent)

    def wait_for_answer(self, address, zone):
        """Asks for the SOA of the zone until there is an answer; whoever dies meanwhile says why in its log."""
        until = time.monotonic() + SECONDS
        while not answers(address, zone):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)
            if self.process.poll() is not None or time.monotonic() > until:
                with open(self.log, encoding="utf-8", errors="replace") as said:
                    raise RuntimeError(f"{self.process.args[0]} does not answer at {address}: {said.read()[-2000:]}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Mute:
    """Sockets that are open, and from which nothing ever comes."""

    def __init__(self, address):
        self.sockets = [bound(kind, (address, 53)) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
        self.sockets[1].listen()

    def stop(self):
        for each in self.sockets:
            each.close()


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def bound(kind, name):
    new = socket.socket(family(name[0]), kind)
    new.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    new.bind(name)
    return new


def answers(address, zone):
    """Whether something that looks like an answer to a question about the zone comes from there."""
    identity = random.randrange(65536)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in zone.split(".") if label)
    question = struct.pack(">6H", identity, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", SOA, IN)
    with socket.socket(family(address), socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.settimeout(0.2)
        probe.connect((address, 53))
        probe.send(question)
        reply = probe.recv(65535)
        return len(reply) >= 12 and reply[:2] == question[:2] and reply[2] & 0x80 and reply[3] & 15 == 0
    return False


PR_SET_PDEATHSIG = 1
SOA, IN = 6, 1
