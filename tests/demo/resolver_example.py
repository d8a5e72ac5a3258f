#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The resolver of examples/resolver between dig and nsd, and between clients and servers that keep to no rule; see service.py."""

import contextlib
import os
import re
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

from service import SECONDS, check, equal, main, need, read_until, running

os.environ["PATH"] += ":/usr/sbin:/sbin"
LIMIT = 64  # queries at once, as the program has it

ZONE = """$ORIGIN example.test.
$TTL 300
@ SOA ns host 1 3600 900 604800 300
@ NS ns
ns A 127.0.0.1
www A 192.0.2.1
www AAAA 2001:db8::1
alias CNAME www
\\000odd\\.name A 192.0.2.7
""" + "".join(f"long TXT \"{n:02} {'x' * 240}\"\n" for n in range(20)) \
    + "".join(f"middle TXT \"{n:02} {'x' * 240}\"\n" for n in range(3)) \
    + "".join(f"n{n} A 192.0.2.{n % 250}\n" for n in range(300))

NSD = """server:
    server-count: 1
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{folder}"
    pidfile: ""
    zonelistfile: "{folder}/zones"
    xfrdfile: ""
    xfrdir: "{folder}"
    rrl-ratelimit: 0
    verbosity: 1
    ip-address: 127.0.0.1@{port}
remote-control:
    control-enable: no
zone:
    name: "example.test"
    zonefile: "zone"
"""


def free_port():
    """A port of 127.0.0.1 that is free over UDP and TCP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram, contextlib.suppress(OSError):
            stream.bind(("127.0.0.1", 0))
            datagram.bind(stream.getsockname())
            return stream.getsockname()[1]


@contextlib.contextmanager
def nsd():
    """An authoritative server; its address."""
    need("nsd")
    need("dig")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        Path(folder, "zone").write_text(ZONE, encoding="ascii")
        Path(folder, "nsd.conf").write_text(NSD.format(folder=folder, port=port), encoding="ascii")
        process = subprocess.Popen(["nsd", "-d", "-c", f"{folder}/nsd.conf"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            read_until(process, b"", rb"nsd started", SECONDS)
            yield f"[127.0.0.1]:{port}"
        finally:
            process.terminate()
            process.wait(SECONDS)
            process.stdout.close()


@contextlib.contextmanager
def upstream():
    """A socket where the queries of the resolver come."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(SECONDS)
        yield server, f"[127.0.0.1]:{server.getsockname()[1]}"


@contextlib.contextmanager
def resolver(command, server, seconds=SECONDS, address="127.0.0.1"):
    with running(command, address, 0, seconds, server) as service:
        yield service


def dig(service, *words):
    """What dig says, which must have got an answer."""
    done = subprocess.run(["dig", "-r", f"@{service.host}", "-p", str(service.port), "+tries=1", f"+time={SECONDS}", *words],
                          capture_output=True, text=True)
    equal((words, done.returncode), (words, 0))
    return done.stdout


def status(said):
    return re.search(r"status: (\w+)", said).group(1)


def flags(said):
    return re.search(r"flags: ([a-z ]*);", said).group(1).split()


def query(name, identity=1, flag=0x0100, kind=1, more=b"", count=0):
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    return struct.pack(">6H", identity, flag, 1, 0, 0, count) + labels + b"\0" + struct.pack(">2H", kind, 1) + more


def answer(question):
    """A response with one address, to a query of the resolver's, without EDNS."""
    end = question.index(b"\0", 12) + 5
    return question[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + question[12:end] + b"\xc0\x0c" + struct.pack(">2HIH4B", 1, 1, 60, 4, 192, 0, 2, 9)


@contextlib.contextmanager
def asking(service):
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS)
        client.connect((service.host, service.port))
        yield client


@check
def dig_gets_answers_over_udp_and_tcp(command):
    with nsd() as server:
        for address in "127.0.0.1", "::1":
            with resolver(command, server, address=address) as service:
                for way in "+notcp", "+tcp":
                    said = dig(service, way, "www.example.test")
                    equal((way, status(said), flags(said)), (way, "NOERROR", ["qr", "rd", "ra"]))
                    assert re.search(r"^www\.example\.test\.\s+300\s+IN\s+A\s+192\.0\.2\.1$", said, re.M), said
                    assert "EDNS: version: 0" in said and ("(TCP)" in said) == (way == "+tcp"), said
                    equal(dig(service, way, "+short", "alias.example.test", "AAAA"), "www.example.test.\n2001:db8::1\n")
                    equal(dig(service, way, "+short", "\\000odd\\.name.example.test"), "192.0.2.7\n")
                    said = dig(service, way, "none.example.test")
                    equal((status(said), "SOA" in said), ("NXDOMAIN", True))
                    equal(status(dig(service, way, "elsewhere.test")), "REFUSED")  # nsd's own word
                equal("EDNS" in dig(service, "+noedns", "www.example.test"), False)
                assert "wWw.exAmple.test." in dig(service, "wWw.exAmple.test"), "the letters of the question are not the client's"


@check
def what_does_not_fit_a_datagram_is_cut_and_comes_over_tcp(command):
    with nsd() as server, resolver(command, server) as service:
        for name, words, cut in [("long", ["+bufsize=4096"], True), ("middle", ["+bufsize=1232"], False), ("middle", ["+noedns"], True),
                                 ("middle", ["+bufsize=100"], True), ("long", ["+noedns"], True)]:
            said = dig(service, "+notcp", "+ignore", *words, f"{name}.example.test", "TXT")
            equal((name, words, "tc" in flags(said), "ANSWER: 0" in said), (name, words, cut, cut))
        equal(dig(service, "+short", "long.example.test", "TXT").count("\n"), 20)  # dig goes on over TCP by itself
        equal(dig(service, "+short", "+tcp", "long.example.test", "TXT").count("\n"), 20)


@check
def many_questions_at_once_are_all_answered(command):
    with nsd() as server, resolver(command, server) as service, tempfile.NamedTemporaryFile("w") as batch:
        batch.write("".join(f"n{n}.example.test\n" for n in range(300)))
        batch.flush()
        for way in "+notcp", "+tcp":
            digs = [subprocess.Popen(["dig", "-r", f"@{service.host}", "-p", str(service.port), way, "+short", "-f", batch.name],
                                     stdout=subprocess.PIPE, text=True) for _ in range(4)]
            for each in digs:
                said, _ = each.communicate(timeout=6 * SECONDS)
                wanted = [f"192.0.2.{n % 250}" for n in range(300)]
                # A dig that has got the port of one that ended warns of what is for that one.
                lines = [line for line in said.splitlines() if not line.startswith(";; Warning: ID mismatch")]
                wrong = [pair for pair in zip(lines, wanted) if pair[0] != pair[1]]
                equal((wrong[:1], len(lines)), ([], len(wanted)))
        said = dig(service, "+tcp", "+keepopen", "n1.example.test", "n2.example.test", "n3.example.test")
        equal(said.count("status: NOERROR"), 3)


@check
def questions_of_one_connection_are_answered_as_answers_come(command):
    with upstream() as (server, address), resolver(command, address) as service:
        with socket.create_connection((service.host, service.port), SECONDS) as client:
            for identity in 1, 2:
                message = query(f"q{identity}.test", identity)
                client.sendall(len(message).to_bytes(2, "big") + message)
            asked = dict()
            for _ in range(2):
                message, sender = server.recvfrom(4096)
                asked[message[14:15]] = message, sender
            with client.makefile("rb") as stream:
                for number in b"2", b"1":
                    server.sendto(answer(asked[number][0]), asked[number][1])
                    size = int.from_bytes(stream.read(2), "big")
                    equal(stream.read(size)[:2], b"\0" + bytes([int(number)]))
                client.shutdown(socket.SHUT_WR)
                equal(stream.read(), b"")


@check
def no_more_than_the_limit_are_under_way_and_the_others_wait(command):
    with upstream() as (server, address), resolver(command, address) as service, asking(service) as client:
        count = 150
        for identity in range(count):
            client.send(query(f"n{identity}.test", identity))
        batches, answered, waiting = [], 0, []
        while answered < count:
            server.settimeout(SECONDS if not waiting else 0.3)
            try:
                waiting.append(server.recvfrom(4096))
            except TimeoutError:
                batches.append(len(waiting))
                for message, sender in waiting:
                    server.sendto(answer(message), sender)
                answered, waiting = answered + len(waiting), []
        equal(max(batches), LIMIT)
        equal({client.recv(4096)[:2] for _ in range(count)}, {struct.pack(">H", n) for n in range(count)})


@check
def servers_that_fail_are_servfail_in_time(command):
    closed = f"[127.0.0.1]:{free_port()}"
    with upstream() as (_, mute):
        for server in closed, mute:
            need("dig")
            with resolver(command, server, 2) as service:
                for way in "+notcp", "+tcp":
                    said = dig(service, way, "www.example.test")
                    equal((server == mute, way, status(said)), (server == mute, way, "SERVFAIL"))
                    assert int(re.search(r"Query time: (\d+)", said).group(1)) < 3000, said


@check
def what_is_no_query_is_refused_or_passed_over(command):
    with nsd() as server, resolver(command, server) as service:
        equal(status(dig(service, "+opcode=notify", "example.test", "SOA")), "NOTIMP")
        for kind in "AXFR", "IXFR=1":
            with asking(service) as client:
                client.send(query("example.test", 7, kind=252 if kind == "AXFR" else 251))
                equal((kind, client.recv(4096)[3] & 15), (kind, 4))
        equal(status(dig(service, "+edns=1", "+noednsnegotiation", "www.example.test")), "BADVERS")
        good = query("www.example.test", 9)
        with asking(service) as client:
            silent = [b"", b"\0", good[:11], os.urandom(2) + b"\x81" + os.urandom(40), query("www.example.test", 3, 0x8180)]
            formerr = [good[:12], good[:-1], b"\0\x05\1\0\0\2" + good[6:], b"\0\x05\1\0\0\0" + good[6:],
                       b"\0\x05\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", b"\0\x05\1\0\0\1\0\0\0\0\0\0" + b"\x3f" + b"a" * 30,
                       query("www.example.test", 5, more=b"\0\0\x29\4\0\0\0\0\0\0\x10", count=1)]
            for text in silent:
                client.send(text)
            for text in formerr:
                client.send(text)
                said = client.recv(4096)
                equal((text, said[:2], said[2] & 0x80, said[3] & 15), (text, text[:2], 0x80, 1))
            client.send(good)
            said = client.recv(4096)
            equal((said[:2], said[3] & 15, bytes([192, 0, 2, 1]) in said), (b"\0\x09", 0, True))
        for text in [b"\0", b"\0\0", b"\0\5hello", b"\xff\xff" + good, b"\0\x40" + good]:
            with socket.create_connection((service.host, service.port), SECONDS) as client:
                client.sendall(text)
                client.shutdown(socket.SHUT_WR)
                equal((text, client.recv(4096)), (text, b""))
        equal(dig(service, "+short", "+tcp", "www.example.test"), "192.0.2.1\n")


@check
def at_sigterm_queries_under_way_are_answered_and_no_more_are_taken(command):
    with upstream() as (server, address), resolver(command, address) as service, asking(service) as client:
        with socket.create_connection((service.host, service.port), SECONDS) as quiet:
            client.send(query("slow.test", 77))
            message, sender = server.recvfrom(4096)
            service.process.terminate()
            equal(quiet.recv(1), b"")  # the connection that asked nothing ends at once
            with contextlib.suppress(ConnectionRefusedError):
                client.send(query("late.test", 78))
            server.sendto(answer(message), sender)
            equal(client.recv(4096)[:2], b"\0\x4d")
            equal(service.process.wait(4), 0)
            server.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                equal(server.recv(4096), "nothing more")


main()
