#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The proxies of examples/proxy, in Lua and in C, between servers and clients that end, reset and do not listen; see
service.py."""

import contextlib
import re
import socket
import struct
import subprocess
import sys
import threading

from service import SECONDS, check, equal, main, need, running


IN_C = not sys.argv[2].endswith(".lua")


@contextlib.contextmanager
def listener(family=socket.AF_INET):
    with socket.socket(family) as server:
        server.settimeout(SECONDS)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        server.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        server.listen()
        yield server


def proxy_to(command, port, *more):
    """The proxy in C wants its own port first."""
    return running(command, *(0, "127.0.0.1", port, *more) if IN_C else ("127.0.0.1", port, "127.0.0.1", 0))


@contextlib.contextmanager
def joined(command, *more):
    """A proxy, and a client and a server on both sides of it."""
    with listener() as server, proxy_to(command, server.getsockname()[1], *more) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), SECONDS) as client:
            other, _ = server.accept()
            with other:
                other.settimeout(SECONDS)
                yield proxy, client, other


def rest(connection):
    data = bytearray()
    while piece := connection.recv(65536):
        data += piece
    return bytes(data)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def is_reset(connection):
    try:
        return rest(connection) is None
    except ConnectionResetError:
        return True


@check
def the_end_of_one_direction_is_passed_on_and_the_other_goes_on(command):
    with joined(command) as (_, client, server):
        for one, other in (client, server), (server, client):
            one.sendall(b"first ")
            equal(other.recv(6), b"first ")
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        equal(rest(server), b"question")
        server.sendall(b"answer" * 100000)
        server.shutdown(socket.SHUT_WR)
        equal(rest(client) == b"answer" * 100000, True)


@check
def a_reset_is_passed_on_as_a_reset(command):
    for by in 0, 1:
        with joined(command) as (_, *sides):
            sides[by].sendall(b"a part")
            equal(sides[1 - by].recv(6), b"a part")
            reset(sides[by])
            assert is_reset(sides[1 - by]), "it looked like an end"


@check
def who_does_not_read_makes_the_other_wait(command):
    with joined(command) as (_, client, server):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        client.settimeout(0.3)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 100 << 20:
                sent += client.send(b"x" * 65536)
        assert sent < 50 << 20, f"{sent} bytes went into the proxy"
        client.shutdown(socket.SHUT_WR)
        equal(len(rest(server)), sent)


@check
def a_server_that_is_not_there_is_a_reset(command):
    with listener() as server:
        port = server.getsockname()[1]
    with proxy_to(command, port) as proxy:
        with contextlib.suppress(ConnectionResetError):  # which may come before create_connection has returned
            with socket.create_connection(("127.0.0.1", proxy.port), SECONDS) as client:
                assert is_reset(client), "it looked like an end"


@check
def at_sigterm_it_ends_with_its_last_connection(command):
    with joined(command) as (proxy, client, server):
        server.sendall(b"x")
        equal(client.recv(1), b"x")
        proxy.process.terminate()
        client.close()
        equal(rest(server), b"")
        server.close()
        equal(proxy.process.wait(SECONDS), 0)


if IN_C:  # the one in Lua takes no grace

    @check
    def connections_that_are_left_after_the_grace_are_reset(command):
        with joined(command, 0.2) as (proxy, client, server):
            client.sendall(b"x")
            equal(server.recv(1), b"x")
            status, seconds = proxy.terminate()
            equal(status, 0)
            assert 0.2 <= seconds < 5, f"it took {seconds:.2f} s"
            assert is_reset(client) and is_reset(server), "it looked like an end"


# -- SOCKS5, in Lua alone --------------------------------------------------------------------


def check_in_lua(function):
    return function if IN_C else check(function)


def socks(command):
    return running(re.sub(r"proxy\.lua$", "socks5.lua", command), "127.0.0.1", 0)


def serve_page(server):
    connection, _ = server.accept()
    with connection:
        while b"\r\n\r\n" not in connection.recv(65536):
            pass
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\npage\n")


@check_in_lua
def curl_goes_through_socks5_to_names_and_addresses(command):
    need("curl")
    with socks(command) as proxy:
        for way, host, family in [("--socks5-hostname", "localhost", socket.AF_INET), ("--socks5", "127.0.0.1", socket.AF_INET),
                                  ("--socks5", "[::1]", socket.AF_INET6), ("--socks5-hostname", "[::1]", socket.AF_INET6)]:
            with listener(family) as server:
                thread = threading.Thread(target=serve_page, args=(server,), daemon=True)
                thread.start()
                url = f"http://{host}:{server.getsockname()[1]}/"
                done = subprocess.run(["curl", "-sS", "--noproxy", "", "-m", str(SECONDS), way, f"127.0.0.1:{proxy.port}", url],
                                      capture_output=True)
                equal((way, host, done.stdout, done.stderr), (way, host, b"page\n", b""))
                thread.join(SECONDS)


@check_in_lua
def socks5_refuses_what_it_does_not_do(command):
    with listener() as server:
        closed = server.getsockname()[1].to_bytes(2, "big")
    local = b"\x01\x7f\x00\x00\x01"
    with socks(command) as proxy:
        for text, wanted in [(b"\x05\x01\x02", b"\x05\xff"), (b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", b"\x05\xff"), (b"\x05\x02", b""),
                             (b"\x05\x02\x02\x00\x05\x01\x00" + local + closed, b"\x05\x00\x05\x05"),
                             (b"\x05\x01\x00\x05\x02\x00" + local + closed, b"\x05\x00\x05\x07"),
                             (b"\x05\x01\x00\x05\x01\x00\x09", b"\x05\x00\x05\x08"),
                             (b"\x05\x01\x00\x05\x01\x00\x03\x09local", b"\x05\x00")]:
            with socket.create_connection(("127.0.0.1", proxy.port), SECONDS) as client:
                client.sendall(text)
                client.shutdown(socket.SHUT_WR)
                said = rest(client)
                equal((text, said[:len(wanted)], len(said)), (text, wanted, 12 if len(wanted) > 2 else len(wanted)))


main()
