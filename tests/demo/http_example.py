#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server of examples/http with curl, with its own client and with peers that keep to no rule; see service.py."""

import os
import re
import subprocess
import time

from service import SECONDS, Line, check, equal, main, need, running

HEAD = "GET / HTTP/1.1\r\nHost: a\r\n"
UPGRADE = ("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def curl(server, *words, data=None):
    need("curl")
    done = subprocess.run(["curl", "-sv", "-m", str(SECONDS), *(w.replace("URL", f"http://127.0.0.1:{server.port}") for w in words)],
                          input=data, capture_output=True, check=True)
    return done.stdout, done.stderr.decode(errors="replace")


def status(server, text):
    with Line(server.port) as line:
        line.send(text)
        return int(line.until("HTTP/1.1").split()[1])


def frame(opcode, payload, final=True, masked=True):
    """A frame of less than 64 KiB."""
    key = os.urandom(4) if masked else b""
    size, bit = len(payload), 128 if masked else 0
    length = bytes([bit + size]) if size < 126 else bytes([bit + 126]) + size.to_bytes(2, "big")
    if masked:
        payload = bytes(b ^ key[i % 4] for i, b in enumerate(payload))
    return bytes([opcode + (128 if final else 0)]) + length + key + payload


def upgraded(server):
    line = Line(server.port)
    line.send(UPGRADE)
    line.until("HTTP/1.1 101")
    line.until("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")  # the example of RFC 6455, section 1.3
    line.until("\r\n")
    return line


def answer(line):
    """Opcode and payload of a frame that is less than 64 KiB and not masked."""
    first, size = line.file.read(2)
    if size == 126:
        size = int.from_bytes(line.file.read(2), "big")
    return first - 128, line.file.read(size)


@check
def curl_gets_pages_over_one_connection(command):
    with running(command, "127.0.0.1", 0) as server:
        body, said = curl(server, "URL/", "URL/count?x", "URL/none", "URL/")
        equal(body, b"Hello.\n" + b"".join(b"%d\n" % i for i in range(1, 11)) + b"Not Found\n" + b"Hello.\n")
        equal(said.count("Re-using existing connection"), 3)
        assert "Transfer-Encoding: chunked" in said, said


@check
def curl_posts_bodies_with_a_length_and_in_chunks(command):
    data = os.urandom(300000)
    with running(command, "127.0.0.1", 0) as server:
        for header in "X: y", "Transfer-Encoding: chunked", "Expect: 100-continue":
            body, said = curl(server, "-H", header, "--data-binary", "@-", "URL/echo", data=data)
            assert body == data, f"{header}: other bytes, {said[-300:]}"
        equal("HTTP/1.1 100 Continue" in said, True)


@check
def what_is_too_much_or_ambiguous_is_refused(command):
    with running(command, "127.0.0.1", 0) as server:
        post = "POST /echo HTTP/1.1\r\nHost: a\r\n"
        for wanted, text in [
                (200, HEAD + "\r\n"), (200, "GET / HTTP/1.1\nHost: a\n\n"), (400, "hello\r\n\r\n"), (400, "GET / HTTP/1.1\r\n\r\n"),
                (400, HEAD + "no header\r\n\r\n"), (400, HEAD + "Host: b\r\n\r\n"), (431, HEAD + "X: " + "y" * 9000 + "\r\n\r\n"),
                (431, HEAD + "X: y\r\n" * 2000 + "\r\n"), (405, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"),
                (413, post + "Content-Length: 1048577\r\n\r\n"), (413, post + "Transfer-Encoding: chunked\r\n\r\n100001\r\n"),
                (400, post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), (400, post + "Content-Length: -1\r\n\r\n"),
                (400, post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                (501, post + "Transfer-Encoding: gzip, chunked\r\n\r\n"), (400, post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
                (400, post + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"), (426, "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n")]:
            equal((text[:80], status(server, text)), (text[:80], wanted))


@check
def a_request_has_its_time(command):
    with running(command, "127.0.0.1", 0, 0.2) as server, Line(server.port) as silent, Line(server.port) as slow:
        slow.send(HEAD)
        equal(silent.rest(), b"")
        slow.until("HTTP/1.1 408 ")


@check
def a_websocket_echoes_what_comes_in_any_frames(command):
    with running(command, "127.0.0.1", 0) as server, upgraded(server) as line:
        for payload in b"", b"hello", os.urandom(125), os.urandom(126), os.urandom(65000):
            line.send(frame(2, payload))
            equal(answer(line), (2, payload))
        line.send(frame(1, b"one ", final=False) + frame(9, b"ping") + frame(0, b"two"))
        equal(answer(line), (10, b"ping"))
        equal(answer(line), (1, b"one two"))
        line.send(frame(8, b"\x03\xe8bye"))
        equal(answer(line), (8, b"\x03\xe8"))
        equal(line.rest(), b"")


@check
def a_websocket_refuses_what_is_no_frame(command):
    with running(command, "127.0.0.1", 0) as server:
        for code, text in [(1002, frame(1, b"x", masked=False)), (1002, b"\xc1\x80"), (1002, frame(3, b"x")),
                           (1002, frame(0, b"x")), (1002, frame(9, b"x", final=False)), (1002, frame(9, b"x" * 126)),
                           (1002, frame(1, b"x", final=False) + frame(1, b"x")), (1009, b"\x81\xff" + b"\xff" * 8),
                           (1009, frame(1, b"x" * 60000, final=False) + frame(0, b"x" * 6000))]:
            with upgraded(server) as line:
                line.send(text)
                equal((text[:8], answer(line)), (text[:8], (8, code.to_bytes(2, "big"))))
                equal(line.rest(), b"")


@check
def its_client_gets_pages_and_talks(command):
    client = re.sub(r"http\.lua$", "client.lua", command).split()
    with running(command, "127.0.0.1", 0) as server:
        got = subprocess.run([*client, f"http://127.0.0.1:{server.port}/", "/count"], capture_output=True, timeout=SECONDS, check=True)
        equal(got.stdout, b"Hello.\n" + b"".join(b"%d\n" % i for i in range(1, 11)))
        got = subprocess.run([*client, f"ws://127.0.0.1:{server.port}/ws", "one", "x" * 60000], capture_output=True, timeout=SECONDS,
                             check=True)
        equal(got.stdout, b"one\n" + b"x" * 60000 + b"\n")
        for wrong in f"http://127.0.0.1:{server.port}/none", f"ws://127.0.0.1:{server.port}/":
            equal(subprocess.run([*client, wrong], capture_output=True, timeout=SECONDS).returncode, 1)


@check
def at_sigterm_idle_connections_end_at_once_and_websockets_are_closed(command):
    with running(command, "127.0.0.1", 0) as server, Line(server.port) as idle, upgraded(server) as line:
        idle.send(HEAD + "\r\n")
        idle.until("Hello.")
        server.process.terminate()
        began = time.monotonic()
        equal(answer(line), (8, b"\x03\xe9"))
        equal((line.rest(), idle.rest()), (b"", b""))
        assert time.monotonic() - began < 3, "they ended when the grace was over"
        line.close()
        idle.close()
        equal(server.process.wait(SECONDS), 0)


main()
