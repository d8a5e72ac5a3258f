#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The file servers of examples/server under clients that nobody here wrote, and under bad ones.

file_servers.py FOLDER NAME COMMAND [NAME COMMAND ...]: makes FOLDER, and prints for each server and each function
below that is marked `check` a line "ok SENTENCE" or "bad SENTENCE: WHY".
"""

import contextlib
import http.client
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from programs import equal, read_until  # noqa: E402

SECONDS = 10  # that something may take which should be soon
BIG = os.urandom(1 << 20) * 64  # more than the buffers of a connection hold
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Server:
    """A server while a check runs, with the limits of slow clients, of the stop and of connections."""

    def __init__(self, command, folder, seconds=SECONDS, grace=SECONDS, limit=10):
        words = [*shlex.split(command), folder / "www", "127.0.0.1", 0, seconds, grace, limit]
        self.process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE)
        found, _ = read_until(self.process, b"", rb"listening on \S+ (\d+)\n", SECONDS)
        self.port = int(found.group(1))

    def client(self):
        """Of Python's library."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    def connection(self, text=b""):
        """A bare connection that has sent that. It holds few bytes that were not read."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.settimeout(SECONDS)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(text)
        return connection

    def says(self, text):
        """Sends that on a connection; returns all that comes until the server closes."""
        with self.connection(text) as connection:
            return rest(connection)

    def refuses(self):
        """Waits until it accepts no more connections."""
        until = time.monotonic() + SECONDS
        with contextlib.suppress(ConnectionRefusedError):
            while time.monotonic() < until:
                with contextlib.suppress(ConnectionResetError):  # it was in the queue when the listener closed
                    self.connection().close()
            raise AssertionError("it still accepts")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def ends(self):
        """Waits for its end; returns its status."""
        return self.process.wait(SECONDS)


@contextlib.contextmanager
def running(*arguments, **limits):
    server = Server(*arguments, **limits)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        server.process.stdout.close()


def rest(connection):
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(1 << 20):
            pieces.append(piece)
    return b"".join(pieces)


def request(path, *lines, method="GET"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def ask(client, path, method="GET", body=None):
    client.request(method, path, body)
    answer = client.getresponse()
    return answer.status, answer.read(), answer


CLOSE = "Connection: close"


# -- Files -----------------------------------------------------------------------------------


@check
def files_come_right_over_one_connection(command, folder):
    with running(command, folder) as server, contextlib.closing(server.client()) as client:
        client.connect()
        before = client.sock
        for path, wanted in [("/", b"home\n"), ("/big", BIG), ("/empty", b""), ("/sub/a%20file?query", b"spaced\n"),
                             ("/link", b"outside\n"), (f"http://localhost:{server.port}/", b"home\n")]:
            status, body, answer = ask(client, path)
            equal((path, status, answer.getheader("Content-Length")), (path, 200, str(len(wanted))))
            assert body == wanted, f"{path} has other bytes"
        status, body, answer = ask(client, "/big", "HEAD")
        equal((status, body, answer.getheader("Content-Length")), (200, b"", str(len(BIG))))
        assert client.sock is before, "it was connected again"


@check
def curl_gets_a_file(command, folder):
    if not shutil.which("curl"):
        return
    with running(command, folder) as server:
        url = f"http://127.0.0.1:{server.port}"
        said = subprocess.run(["curl", "-sv", "-m", str(SECONDS), f"{url}/big", f"{url}/none", f"{url}/"], capture_output=True, check=True)
        assert said.stdout.startswith(BIG) and said.stdout.endswith(b"home\n"), "other bytes"
        equal(said.stderr.count(b"Re-using existing connection"), 2)


@check
def requests_that_come_together_are_answered_in_order(command, folder):
    with running(command, folder) as server:
        said = server.says(request("/") + request("/sub/a%20file") + request("/empty", CLOSE))
        equal(said.count(b"HTTP/1.1 200 OK\r\n"), 3)
        assert said.index(b"home\n") < said.index(b"spaced\n"), "out of order"


@check
def what_is_not_there_or_leads_out_is_404(command, folder):
    with running(command, folder) as server:
        for path in ["/none", "/sub", "/../secret", "/sub/../../secret", "/%2e%2e/secret", "/sub/..%2f..%2Fsecret", "/..",
                     "/none%00", "//../secret", "http://localhost/../secret", "secret", "/" + "a" * 3000]:
            said = server.says(request(path, CLOSE))
            equal((path, said[:13]), (path, b"HTTP/1.1 404 "))
            assert b"secret\n" not in said, path


@check
def other_methods_and_bad_requests_are_refused(command, folder):
    with running(command, folder) as server:
        with contextlib.closing(server.client()) as client:
            equal(ask(client, "/", "DELETE")[0], 405)
            status, _, answer = ask(client, "/", "POST", b"x" * 100000)  # which nobody reads
            equal((status, answer.getheader("Allow")), (405, "GET, HEAD"))
        for text in [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nno header\r\n\r\n",
                     b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 1000 + b"\r\n"]:
            with server.connection(text) as connection:
                connection.shutdown(socket.SHUT_WR)
                equal((text[:40], rest(connection)[:13]), (text[:40], b"HTTP/1.1 400 "))
        equal(server.says(b"GET / HTTP/1.0\r\n\r\n")[-5:], b"home\n")


# -- Limits ----------------------------------------------------------------------------------


@check
def slow_clients_are_cut_off(command, folder):
    with running(command, folder, seconds=0.3) as server:
        for text in [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n", request("/")]:
            with server.connection(text) as connection:
                said = rest(connection)
                equal(said[-5:], b"home\n" if text == request("/") else b"")


@check
def a_client_that_takes_nothing_makes_room_for_the_next(command, folder):
    with running(command, folder, seconds=0.3, limit=1) as server, server.connection(request("/big")) as connection:
        assert connection.recv(1)
        equal(server.says(request("/", CLOSE))[-5:], b"home\n")
        assert len(rest(connection)) < len(BIG), "the download was not cut"


@check
def no_more_connections_are_served_than_the_limit(command, folder):
    with running(command, folder, limit=1) as server:
        with server.connection(request("/")) as one, server.connection(request("/")) as other:
            assert one.recv(1), "the first is not served"
            other.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                raise AssertionError(f"the second is served: {other.recv(100)}")
            one.close()
            other.settimeout(SECONDS)
            equal(other.recv(9), b"HTTP/1.1 ")


# -- The stop --------------------------------------------------------------------------------


@check
def at_sigterm_a_download_ends_and_idle_connections_do_at_once(command, folder):
    with running(command, folder, grace=10 * SECONDS) as server:
        with server.connection(request("/")) as idle, server.connection(request("/big")) as busy:
            said = b""
            while not said.endswith(b"home\n"):
                said += idle.recv(100)
            first = busy.recv(100)
            assert first.startswith(b"HTTP/1.1 200 "), first
            server.terminate()
            equal(rest(idle), b"")  # although the download has not moved
            server.refuses()
            assert (first + rest(busy)).endswith(BIG), "the download is not whole"
        equal(server.ends(), 0)


@check
def a_request_that_hangs_is_cut_after_the_grace(command, folder):
    with running(command, folder, grace=0.5) as server:
        with server.connection(request("/big")) as stuck, server.connection(b"GET / HT") as half:
            assert stuck.recv(100)
            server.terminate()
            begun = time.monotonic()
            equal(server.ends(), 0)
            took = time.monotonic() - begun
            assert 0.4 < took < 5, f"it took {took:.2f} s"
            assert len(rest(stuck)) < len(BIG), "it was not cut"
            equal(rest(half), b"")


@check
def at_its_limit_it_ends_too(command, folder):
    with running(command, folder, grace=10 * SECONDS, limit=1) as server:
        with server.connection(request("/big")) as busy, server.connection(request("/")) as other:
            first = busy.recv(100)
            server.terminate()
            equal(rest(other), b"")  # it was never accepted
            assert (first + rest(busy)).endswith(BIG), "the download is not whole"
        equal(server.ends(), 0)


@check
def without_connections_it_ends_at_once(command, folder):
    with running(command, folder) as server:
        server.terminate()
        equal(server.ends(), 0)


def prepare(folder):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "www" / "sub").mkdir(parents=True)
    for name, content in [("www/index.html", b"home\n"), ("www/big", BIG), ("www/empty", b""), ("www/sub/a file", b"spaced\n"),
                          ("outside", b"outside\n"), ("secret", b"secret\n")]:
        (folder / name).write_bytes(content)
    (folder / "www" / "link").symlink_to(folder / "outside")


def main():
    folder = Path(sys.argv[1]).absolute()
    prepare(folder)
    for name, command in zip(sys.argv[2::2], sys.argv[3::2]):
        for function in CHECKS:
            sentence = f"file server, {name}: {function.__name__.replace('_', ' ')}"
            try:
                function(command, folder)
                print("ok", sentence, flush=True)
            except (AssertionError, OSError, http.client.HTTPException, subprocess.SubprocessError) as error:
                print("bad", f"{sentence}: {type(error).__name__} {error}".replace("\n", " ")[:600], flush=True)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
