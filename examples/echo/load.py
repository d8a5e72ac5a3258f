#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drive echo servers with many connections at once, and check every byte.

    load.py [--connections N] [--lines N] [--seconds N] NAME COMMAND [NAME COMMAND]...

Each COMMAND (a shell word list) starts one server, which must print
"listening on ADDRESS PORT" as its first line. The servers are driven one after
the other: all connections are open before the first line is sent, and each
connection sends its next line when the echo of the last one has come back.
Then each closes its sending side and expects the server to do the same. A table
comes at the end; the exit status is 1 if anything differed from that.

Standard library only, so that it is independent of what it measures.
"""

import argparse
import random
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import time

START_SECONDS = 5
STOP_SECONDS = 2
LONGEST_LINE = 1000
TEXT = "".join(random.Random(2014).choices("abcdefghijklmnopqrstuvwxyz 0123456789", k=1 << 16)).encode()


class Failure(Exception):
    """What went wrong, in words for the person at the terminal."""


class Client:
    """One connection: sends a line, awaits its echo, and so on, then half-closes."""

    def __init__(self, number, address, port, lines):
        self.number = number
        self.lines_left = lines
        self.random = random.Random(number)
        self.expected = b""
        self.received = bytearray()
        self.latencies = []
        self.lines_checked = 0
        self.bytes_checked = 0
        self.socket = socket.create_connection((address, port), timeout=START_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def send_next(self):
        """Sends the next line, or closes the sending side after the last one."""
        if self.lines_left == 0:
            self.socket.shutdown(socket.SHUT_WR)
            return
        self.lines_left -= 1
        start = self.random.randrange(len(TEXT) - LONGEST_LINE)
        length = self.random.randrange(LONGEST_LINE)
        # The numbers make each line one of its kind: a line of another connection
        # or an earlier one does not go unnoticed.
        self.expected = b"%d %d %b\n" % (self.number, self.lines_left, TEXT[start : start + length])
        self.sent_at = time.perf_counter()
        sent = self.socket.send(self.expected)
        if sent != len(self.expected):
            raise Failure(f"connection {self.number}: the system took {sent} of {len(self.expected)} bytes")

    def receive(self):
        """Takes what has come. Returns False once the server has closed, as it should."""
        data = self.socket.recv(1 << 16)
        if not data:
            return self.finish()
        self.received += data
        if len(self.received) < len(self.expected):
            if not self.expected.startswith(self.received):
                raise Failure(f"connection {self.number}: {difference(self.expected, self.received)}")
            return True
        if self.received != self.expected:
            raise Failure(f"connection {self.number}: {difference(self.expected, self.received)}")
        self.latencies.append(time.perf_counter() - self.sent_at)
        self.lines_checked += 1
        self.bytes_checked += len(self.expected)
        self.expected = b""
        self.received.clear()
        self.send_next()
        return True

    def finish(self):
        if self.expected or self.lines_left:
            raise Failure(
                f"connection {self.number}: the server closed with {len(self.expected) - len(self.received)} bytes"
                f" of a line and {self.lines_left} more lines to come"
            )
        self.socket.close()
        return False


def difference(expected, received):
    """Says where the two byte strings part."""
    for position, (wanted, got) in enumerate(zip(expected, received)):
        if wanted != got:
            return f"byte {position} of the echo of {expected[:40]!r}... is {got:#04x} and not {wanted:#04x}"
    return f"{len(received) - len(expected)} bytes too many after the echo of {expected[:40]!r}..."


class Progress:
    """A bar that is redrawn on a terminal; elsewhere a line at each quarter."""

    WIDTH = 30

    def __init__(self, name, total):
        self.name, self.total, self.step = name, total, -1
        self.terminal = sys.stdout.isatty()
        self.show(0)

    def show(self, done):
        step = done * (self.WIDTH if self.terminal else 4) // self.total
        if step == self.step:
            return
        self.step = step
        if self.terminal:
            bar = "#" * step + "." * (self.WIDTH - step)
            print(f"\r{self.name:<16} [{bar}] {done}/{self.total} lines", end="", flush=True)
        else:
            print(f"{self.name}: {done} of {self.total} lines", flush=True)

    def close(self):
        if self.terminal:
            print(flush=True)


class Server:
    """A server process, from its first line of output to its end."""

    def __init__(self, command):
        self.process = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.address = self.port = None

    def __enter__(self):
        try:
            self.await_address()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def await_address(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(START_SECONDS):
                raise Failure(f"it did not say in {START_SECONDS} s where it listens")
        words = self.process.stdout.readline().decode(errors="replace").split()
        if not words:
            raise Failure("it ended, or closed its output, before it said where it listens")
        if len(words) != 4 or words[:2] != ["listening", "on"] or not words[3].isdigit():
            raise Failure(f"its first line is not 'listening on ADDRESS PORT' but {' '.join(words)!r}")
        self.address, self.port = words[2], int(words[3])

    def check(self):
        """A server that ends by itself has failed, whatever it echoed before."""
        if self.process.poll() is not None:
            raise Failure(f"it ended by itself, with status {self.process.returncode}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


def drive(name, server, connections, lines, seconds):
    """Runs one server's share. Returns its row of the table."""
    clients = [Client(number, server.address, server.port, lines) for number in range(connections)]
    total = connections * lines
    checked = 0
    progress = Progress(name, total)
    try:
        with selectors.DefaultSelector() as selector:
            for client in clients:
                selector.register(client.socket, selectors.EVENT_READ, client)
            begun = time.perf_counter()
            deadline = begun + seconds
            for client in clients:
                client.send_next()
            ended = begun
            while selector.get_map():
                ready = selector.select(1)
                if time.perf_counter() > deadline:
                    still_open = len(selector.get_map())
                    raise Failure(f"after {seconds} s: {checked} of {total} lines, {still_open} connections open")
                if not ready:
                    server.check()
                for key, _ in ready:
                    client = key.data
                    before = client.lines_checked
                    if not client.receive():
                        selector.unregister(key.fileobj)
                    elif client.lines_checked > before:
                        checked += 1
                        if checked == total:
                            ended = time.perf_counter()
                progress.show(checked)
    finally:
        progress.close()
        for client in clients:
            client.socket.close()
    server.check()
    received = sum(client.lines_checked for client in clients)
    if received != total or any(client.lines_checked != lines for client in clients):
        raise Failure(f"{received} of {total} lines came back")
    latencies = sorted(latency for client in clients for latency in client.latencies)
    return (
        name,
        f"{connections}",
        f"{total}",
        f"{total / (ended - begun):.0f}",
        f"{latencies[len(latencies) // 2] * 1000:.2f} ms",
        f"{latencies[len(latencies) * 99 // 100] * 1000:.2f} ms",
        f"{sum(client.bytes_checked for client in clients) / 1e6:.1f} MB",
    )


def print_table(rows):
    rows = [("server", "connections", "lines", "lines/s", "p50", "p99", "checked"), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print()
    for row in rows:
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))
        print(row[0].ljust(widths[0]), *cells, sep="  ")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--lines", type=int, default=500, help="per connection")
    parser.add_argument("--seconds", type=int, default=15, help="for all the lines of one server")
    parser.add_argument("servers", nargs="+", metavar="NAME COMMAND", help="a name and the command that starts it")
    options = parser.parse_args()
    if len(options.servers) % 2 or options.connections < 1 or options.lines < 1:
        parser.error("expected NAME COMMAND pairs, and at least one connection and line")

    # Stop the server, too, when asked to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rows = []
    for name, command in zip(options.servers[::2], options.servers[1::2]):
        try:
            with Server(command) as server:
                rows.append(drive(name, server, options.connections, options.lines, options.seconds))
        except (Failure, OSError) as error:
            print(f"\nFAILED {name}: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print(f"\nstopped while driving {name}", file=sys.stderr)
            return 1
    print_table(rows)
    print("\nEvery line came back, byte for byte.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
