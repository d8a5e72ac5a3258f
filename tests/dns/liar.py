# SPDX-License-Identifier: MIT
"""Plays scenarios: servers that lie, and what the client must make of it.

    liar.py [-v] SCENARIO       plays one; prints what was wrong, and ends with 1, if anything was

With -v it also prints what was asked and what came out.

It runs itself again in a network namespace, where it listens on port 53 of the addresses that the scenario names.
The client is the program `dig`, or what the variable DIG says.
"""

import contextlib
import heapq
import itertools
import os
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import client
import namespace
import wire
from processes import bound, end_with_parent
from scenario import Mistake, Scenario

# What the scenarios take for granted; `options` lines come behind these.
OPTIONS = ["--timeout", "1", "--attempts", "2", "--deadline", "20"]
GRACE = 5


class Connection:
    """A TCP client of one of the servers."""

    def __init__(self, stream, address):
        self.stream, self.address, self.input = stream, address, b""

    def messages(self, data):
        self.input += data
        while len(self.input) >= 2 and len(self.input) >= 2 + (size := struct.unpack_from(">H", self.input)[0]):
            message, self.input = self.input[2:2 + size], self.input[2 + size:]
            yield message


class Player:
    """The servers of a scenario, and the one client."""

    def __init__(self, scenario, folder, verbose):
        self.scenario, self.folder, self.verbose = scenario, folder, verbose
        self.wrong = []
        self.received = []
        self.selector = selectors.DefaultSelector()
        self.sockets = {}
        self.timers, self.order = [], itertools.count()
        self.dig, self.output, self.errors = None, b"", b""
        namespace.add_addresses(scenario.servers)
        for address in scenario.servers:
            self.listen(address)

    # -- Servers ---------------------------------------------------------------------------

    def listen(self, address):
        datagrams = bound(socket.SOCK_DGRAM, (address, 53))
        self.sockets[address, 53] = datagrams
        self.selector.register(datagrams, selectors.EVENT_READ, lambda: self.datagram(datagrams, address))
        if address in self.scenario.without_tcp:
            return
        listener = bound(socket.SOCK_STREAM, (address, 53))
        listener.listen(16)
        self.selector.register(listener, selectors.EVENT_READ, lambda: self.accept(listener, address))

    def datagram(self, datagrams, address):
        data, source = datagrams.recvfrom(65535)
        self.query("udp", address, data, source, lambda reply, message: self.send(reply, message, address, source))

    def accept(self, listener, address):
        connection = Connection(listener.accept()[0], address)
        self.selector.register(connection.stream, selectors.EVENT_READ, lambda: self.readable(connection))

    def readable(self, connection):
        try:
            data = connection.stream.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.hang_up(connection)
            return
        for message in connection.messages(data):
            source = connection.stream.getpeername() if connection.stream.fileno() >= 0 else None
            self.query("tcp", connection.address, message, source,
                       lambda reply, answer: self.send_stream(connection, reply, answer))

    def hang_up(self, connection):
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(connection.stream)
        connection.stream.close()

    def query(self, protocol, address, data, source, send):
        """A query has come: finds what is to be done on it."""
        try:
            query = wire.Query(data)
        except (wire.Malformed, IndexError, struct.error) as reason:
            self.wrong.append(f"{address} received {data[:40].hex()}: {reason}")
            return
        self.received.append((protocol, address, source, query))
        if query.recursion_desired != bool(not self.scenario.roots):
            self.wrong.append(f"RD is {int(query.recursion_desired)} in {query.name}")
        rule = next((rule for rule in self.scenario.servers[address] if rule.matches(protocol, query)), None)
        if not rule:
            self.wrong.append(f"nobody expects {protocol} {query.name} TYPE{query.type} at {address}")
            return
        rule.used += 1
        for reply in rule.replies:
            delay = float(reply.settings.get("after", 0))
            if delay:
                heapq.heappush(self.timers, (time.monotonic() + delay, next(self.order), query, reply, send))
            else:
                self.reply(query, reply, send)

    def reply(self, query, reply, send):
        if reply.kind == "message":
            for identity in identities(reply.settings.get("id", "+0"), query.identity):
                send(reply, wire.reply_bytes(query, reply, identity))
        elif reply.kind == "raw":
            text = reply.hex.replace("ID", f"{query.identity:04x}").replace("QUESTION", query.question.hex())
            send(reply, bytes.fromhex(text))
        elif reply.kind == "hangup":
            send(reply, None)

    def send(self, reply, message, address, target):
        """Sends a datagram, from elsewhere if the scenario says so."""
        source = address, 53
        if "from" in reply.settings:
            host, _, port = reply.settings["from"].partition("#")
            source = host or address, int(port or 53)
        if source not in self.sockets:
            namespace.add_addresses([source[0]])
            self.sockets[source] = bound(socket.SOCK_DGRAM, source)
        if message is not None:
            with contextlib.suppress(ConnectionError):
                self.sockets[source].sendto(message, target)

    def send_stream(self, connection, reply, message):
        if message is None:
            self.hang_up(connection)
            return
        data = struct.pack(">H", int(reply.settings.get("prefix", len(message)))) + message
        pieces = [data[i:i + 1] for i in range(len(data))] if "chop" in reply.settings else [data]
        if "close" in reply.settings:
            pieces = [data[:int(reply.settings["close"])]]
        with contextlib.suppress(OSError):
            connection.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                connection.stream.sendall(piece)
        if "close" in reply.settings:
            self.hang_up(connection)

    # -- The client --------------------------------------------------------------------------

    def arguments(self):
        out = list(OPTIONS)
        if self.scenario.roots:
            path = self.folder / "roots"
            path.write_text("".join(f". {address}\n" for address in self.scenario.roots), encoding="utf-8")
            out += ["--root", str(path)]
        for option, lines in ("hosts", self.scenario.hosts), ("config", self.scenario.config):
            if lines is not None:
                path = self.folder / option
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")
                out += [f"--{option}", str(path)]
        out += [f"@{address}" for address in self.scenario.nameservers]
        return out + self.scenario.options

    def play(self):
        for kind, step in self.scenario.steps:
            if kind == "resolv.conf":
                self.configure(step)
                continue
            if not self.dig:
                self.start()
            if not self.ask(step):
                break
        self.finish()
        return self.wrong

    def configure(self, lines):
        """Writes the system's resolv.conf. It is a file of this namespace alone."""
        path = self.folder / "resolv.conf"
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        if not os.path.samefile(path, "/etc/resolv.conf"):
            subprocess.run(["mount", "--bind", path, "/etc/resolv.conf"], check=True)

    def start(self):
        self.dig = client.start(self.arguments(), preexec_fn=end_with_parent)
        os.set_blocking(self.dig.stdout.fileno(), False)
        os.set_blocking(self.dig.stderr.fileno(), False)
        self.selector.register(self.dig.stdout, selectors.EVENT_READ, self.read_output)
        self.selector.register(self.dig.stderr, selectors.EVENT_READ, self.read_errors)

    def read_output(self):
        data = self.dig.stdout.read()
        self.output += data or b""
        if data == b"":
            self.selector.unregister(self.dig.stdout)

    def read_errors(self):
        data = self.dig.stderr.read()
        self.errors += data or b""
        if data == b"":
            self.selector.unregister(self.dig.stderr)

    def serve(self, until, done):
        """Serves until `done` holds; False when the time is over, or the client."""
        while not done():
            now = time.monotonic()
            if now >= until:
                return False
            while self.timers and self.timers[0][0] <= now:
                self.reply(*heapq.heappop(self.timers)[2:])
            next_timer = self.timers[0][0] if self.timers else until
            for key, _ in self.selector.select(max(0, min(until, next_timer) - now)):
                key.data()
            if self.dig.stdout not in {key.fileobj for key in self.selector.get_map().values()}:
                return done()
        return True

    def ask(self, ask):
        """Asks, again and again if that is said, until all is as it should be; False if the client is lost."""
        before, until = len(self.wrong), time.monotonic() + ask.eventually
        while self.ask_once(ask):
            if len(self.wrong) == before or time.monotonic() >= until:
                return True
            del self.wrong[before:]
            self.serve(time.monotonic() + 0.05, lambda: False)
        return False

    def ask_once(self, ask):
        """Asks, and judges; False if the client is lost."""
        self.output = self.errors = b""
        before, begun = len(self.received), time.monotonic()
        try:
            self.dig.stdin.write(f"{ask.name} {ask.type}\n".encode())
            self.dig.stdin.flush()
        except BrokenPipeError:
            pass
        asked = re.compile(rb"^;; asked .*\n", re.MULTILINE)
        if not self.serve(begun + ask.bounds["seconds"].most + GRACE, lambda: asked.search(self.output)):
            said = self.errors.decode(errors="replace")
            self.wrong.append(f"{ask.name} {ask.type}: neither answer nor error from the client: {said}")
            return False
        seconds = time.monotonic() - begun
        self.read_errors()
        output = asked.split(self.output)[0]
        packet = client.Packet(output.decode(errors="replace"), self.errors.decode(errors="replace"))
        self.judge(ask, packet, self.received[before:], seconds)
        return True

    def judge(self, ask, packet, received, seconds):
        def wrong(text):
            self.wrong.append(f"{ask.name} {ask.type}: {text}")

        if ask.fails is not None:
            if packet.rcode is not None:
                wrong(f"{packet.rcode} {packet.answer}, it should have failed")
            elif not ask.fails.search(packet.error):
                wrong(f"the reason is {packet.error.strip()!r}, not {ask.fails.pattern!r}")
        elif packet.rcode != ask.rcode:
            wrong(f"rcode {packet.rcode}, not {ask.rcode}: {packet.error.strip()}")
        else:
            for difference in differences(ask.answer, packet.answer):
                wrong(difference)
        for text in ask.nowhere:
            if text.lower() in packet.text.lower():
                wrong(f"{text} is in what it says:\n{packet.text}")
        for text in ask.somewhere:
            if text.lower() not in packet.text.lower():
                wrong(f"{text} is not in what it says:\n{packet.text}")
        measured = {"seconds": seconds, "queries": len(received), "tcp": sum(each[0] == "tcp" for each in received)}
        if self.verbose:
            print(f"{ask.name} {ask.type}: {packet.rcode or packet.error.strip()} {packet.answer}", measured)
            for protocol, address, _, query in received:
                print(f"    {protocol}{' edns' if query.edns else ''} {query.name} TYPE{query.type} at {address}")
        for word, limit in ask.bounds.items():
            if not limit.holds(measured[word]):
                wrong(f"{measured[word]:.4g} {word}, not {limit.text}")

    def finish(self):
        """The end of input ends the client; then what holds for all of it."""
        self.output = b""
        with contextlib.suppress(BrokenPipeError):
            self.dig.stdin.close()
        self.serve(time.monotonic() + GRACE, lambda: False)
        try:
            status = self.dig.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.dig.kill()
            self.dig.wait()
            status = "a kill"
        if status not in (0, 1):
            self.wrong.append(f"the client ended with {status}: {self.errors.decode(errors='replace')}")
        for address, rules in self.scenario.servers.items():
            for rule in rules:
                if not rule.used and not rule.maybe:
                    self.wrong.append(f"nobody asked {address} for {rule.text}")
        for what, name, limit in filter(None, self.scenario.finally_):
            value = self.measure(what, name)
            if not limit.holds(value):
                self.wrong.append(f"{what} {name or ''}: {value}, not {limit.text}")

    def measure(self, what, name):
        if what == "ports":
            return len({source[1] for _, _, source, _ in self.received})
        if what == "ids":
            return len({query.identity for *_, query in self.received})
        found = re.search(rf"^; {re.escape(name)} (\d+)$", self.output.decode(), re.MULTILINE)
        return int(found[1]) if found else -1


def identities(text, right):
    """`+1`, `7`, or `1..300` but never the right one."""
    first, dots, last = text.partition("..")
    if dots:
        return [identity for identity in range(int(first), int(last) + 1) if identity != right]
    return [right + int(text) & 0xFFFF if text[0] in "+-" else int(text)]


def differences(wanted, found):
    """What is in the one and not in the other."""
    left = list(found)
    for record in wanted:
        match = next((line for line in left if same(record, line)), None)
        if match is None:
            yield f"no {record.name} {record.ttl} {record.type} {' '.join(record.rdata)} in {found}"
        else:
            left.remove(match)
    for line in left:
        yield f"{line} has no place in the answer"


def same(record, line):
    """Whether a printed line is that record. Up to two seconds of its time may have passed."""
    name, ttl, _, kind, rdata = (line.split(None, 4) + [""])[:5]
    number = wire.TYPES.get(kind) or int(kind.removeprefix("TYPE"))
    return (plain(name) == plain(record.name) and number == wire.type_number(record.type)
            and plain(rdata) == plain(" ".join(record.rdata))
            and (record.any_ttl or max(0, record.ttl - 2) <= int(ttl) <= record.ttl))


def plain(text):
    return " ".join(word.removesuffix(".") or "." for word in text.lower().split())


def main():
    namespace.enter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        scenario = Scenario(sys.argv[-1])
    except Mistake as mistake:
        sys.exit(str(mistake))
    with tempfile.TemporaryDirectory(prefix="cqueues-liar-") as folder:
        wrong = Player(scenario, Path(folder), "-v" in sys.argv[1:-1]).play()
    for line in wrong:
        print(line)
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
