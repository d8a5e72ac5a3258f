#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mail server of examples/starttls with openssl s_client, with its own client, and with somebody in between; see
service.py."""

import contextlib
import re
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

from service import SECONDS, Line, check, equal, main, need, running

FOLDER = tempfile.TemporaryDirectory()
PEM, KEY = (str(Path(FOLDER.name, name)) for name in ("server.pem", "server.key"))


def serving(command):
    need("openssl")
    if not Path(PEM).exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", KEY, "-out", PEM],
                       capture_output=True, check=True)
    return running(command, PEM, KEY, "127.0.0.1", 0)


def send(command, port, host="localhost", text=b"Subject: x\n\n.dot\nlast\n"):
    words = re.sub(r"starttls\.lua$", "client.lua", command).split()
    return subprocess.run([*words, "a@example.org", "b@example.org", host, str(port), PEM], input=text, capture_output=True,
                          timeout=SECONDS)


@check
def openssl_speaks_to_it(command):
    with serving(command) as server:
        done = subprocess.run(["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{server.port}", "-CAfile", PEM,
                               "-verify_hostname", "localhost", "-verify_return_error", "-crlf", "-quiet"],
                              input=b"EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\n..one\ntwo\n.\nQUIT\n", capture_output=True,
                              timeout=SECONDS, check=True)
        equal(done.stdout.split(b"\r\n")[-7:], [b"250 hello", b"250 ok", b"250 ok", b"354 a dot ends it", b"250 ok", b"221 bye", b""])
        server.says(b"from a@b to c@d: 8 bytes\n")


@check
def its_client_sends_a_message(command):
    with serving(command) as server:
        done = send(command, server.port)
        equal((done.returncode, done.stderr), (0, b""))
        server.says(b"from a@example.org to b@example.org: 21 bytes\n")


@check
def its_client_refuses_a_certificate_for_another_name(command):
    with serving(command) as server:
        done = send(command, server.port, host="127.0.0.1")
        assert done.returncode == 1 and b"certificate verify failed" in done.stderr, done.stderr


@check
def nothing_is_taken_in_plain_text_or_in_wrong_order(command):
    with serving(command) as server, Line(server.port) as line:
        for text, wanted in [("MAIL FROM:<a@b>", "530 "), ("EHLO me", "250 STARTTLS"), ("MAIL FROM:<a@b>", "530 "), ("RCPT TO:<a>", "503 "),
                             ("DATA", "503 "), ("what", "500 "), ("NOOP", "250 "), ("QUIT", "221 ")]:
            line.ask(text + "\r\n", wanted)
        equal(line.rest(), b"")


def encrypted(line):
    line.ask("STARTTLS\r\n", "220 go on")
    line.socket = ssl.create_default_context(cafile=PEM).wrap_socket(line.socket, server_hostname="localhost")
    line.file = line.socket.makefile("rb")


@check
def what_came_before_starttls_is_forgotten(command):
    with serving(command) as server, Line(server.port) as line:
        line.ask("EHLO me\r\n", "250 STARTTLS")
        encrypted(line)
        line.ask("MAIL FROM:<a@b>\r\n", "503 EHLO")
        equal(line.ask("EHLO me\r\n", "250"), "250 hello\r\n")
        line.ask("STARTTLS\r\n", "503 ")
        line.ask("MAIL FROM:<a@b>\r\nRSET\r\nRCPT TO:<c@d>\r\n", "503 MAIL")


@check
def a_bare_line_feed_ends_no_message(command):
    with serving(command) as server, Line(server.port) as line:
        line.until("220 ready")
        encrypted(line)
        line.ask("EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "354 ")
        line.ask("text\r\n.\nMAIL FROM:<evil>\r\n", "500 ")
        equal(line.rest(), b"")


@check
def what_is_slipped_in_behind_starttls_makes_it_fail(command):
    with serving(command) as server, Line(server.port) as line:
        line.until("220 ready")
        line.ask("STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil>\r\n", "220 go on")
        server.says(b"no TLS: ")


@check
def its_client_believes_no_answer_that_is_slipped_in(command):
    said = []
    with serving(command), contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        def answer():
            peer, _ = listener.accept()
            with peer, peer.makefile("rb", buffering=0) as file:
                for text in b"220 ready\r\n", b"250-hello\r\n250 STARTTLS\r\n", b"220 go on\r\n250 hello\r\n250 ok\r\n":
                    peer.sendall(text)
                    if b"220 go" not in text:
                        file.readline()
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(PEM, KEY)
                with contextlib.suppress(OSError), context.wrap_socket(peer, server_side=True) as encrypted_peer:
                    said.append(encrypted_peer.recv(100))
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        done = send(command, listener.getsockname()[1])
        thread.join(SECONDS)
        equal((done.returncode, b"".join(said)), (1, b""))


@check
def at_sigterm_it_ends_at_once(command):
    with serving(command) as server, Line(server.port) as line:
        line.until("220 ready")
        status, seconds = server.terminate()
        equal((status, line.rest()), (0, b""))
        assert seconds < 3, f"it took {seconds:.2f} s"


main()
