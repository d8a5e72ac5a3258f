# SPDX-License-Identifier: MIT
"""The library with socat, curl, nginx and Python's ssl."""

import hashlib
import re
import socket
import sys
from pathlib import Path

from harness import AUTHORITY, CLIENT, PEER, SERVER, WORK, file, our_client, our_server, run, running, test
from programs import NGINX_SERVES, alphabet, contains, equal, need, nginx_command

SOCAT_LISTENS = rb"listening on (?:AF=\d+ )?\S*?:?(\d+)\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# -- socat -----------------------------------------------------------------------


def socat(address, command="EXEC:cat"):
    """socat as an echo server."""
    need("socat")
    return running(["socat", "-d", "-d", address, command], pattern=SOCAT_LISTENS)


@test
def our_client_talks_to_socat_over_tls():
    listen = f"OPENSSL-LISTEN:0,bind=127.0.0.1,cert={file('server.pem')},key={file('server.key')},cafile={file('ca.pem')}"
    with socat(f"{listen},verify=0,fork") as server:
        equal(our_client("lines", server.port, "-t", *AUTHORITY, text=b"hello\n")[0], b"hello\n")
    with socat(f"{listen},verify=1,fork") as server:
        equal(our_client("lines", server.port, "-t", *AUTHORITY, *CLIENT, text=b"hello\n")[0], b"hello\n")
        our_client("lines", server.port, "-t", *AUTHORITY, text=b"hello\n", status=1)


@test
def socat_talks_to_our_server_over_tls():
    need("socat")
    with our_server("echo", *SERVER) as server:
        command = ["socat", "-t", "5", "-", f"OPENSSL:127.0.0.1:{server.port},cafile={file('ca.pem')},commonname=localhost"]
        equal(run(command, b"hello\nworld\n")[0], b"hello\nworld\n")


@test
def our_client_talks_to_socat_over_a_unix_socket():
    path = WORK / "socat.socket"
    path.unlink(missing_ok=True)
    need("socat")
    with running(["socat", "-d", "-d", f"UNIX-LISTEN:{path},fork", "EXEC:cat"], pattern=rb"(listening on)"):
        found, _ = run([PEER, "-u", str(path), "lines", "127.0.0.1", "0"], b"hello\nworld\n")
        equal(found, b"hello\nworld\n")


@test
def socat_talks_to_our_server_over_a_unix_socket():
    path = WORK / "ours.socket"
    need("socat")
    with running([PEER, "-u", str(path), "echo", "127.0.0.1"], pattern=rb"(listening on)"):
        equal(run(["socat", "-t", "5", "-", f"UNIX-CONNECT:{path}"], b"hello\n")[0], b"hello\n")


@test
def our_client_exchanges_datagrams_with_socat():
    port = free_port()
    need("socat")
    with running(["socat", "-d", "-d", f"UDP-RECVFROM:{port},bind=127.0.0.1,fork", "EXEC:cat"], pattern=rb"(receiving on)"):
        equal(our_client("lines", port, "-d", text=b"hello\nworld\n")[0], b"hello\nworld\n")


# -- curl ------------------------------------------------------------------------


def curl(port, path, *arguments, status=0, text=b""):
    need("curl")
    command = ["curl", "--silent", "--show-error", "--include", "--cacert", file("ca.pem"), *arguments,
               f"https://localhost:{port}/{path}"]
    return run(command, text, status)


def body(answer):
    return re.split(rb"\r\n\r\n(?!HTTP)", answer, maxsplit=1)[1]


@test
def curl_fetches_from_our_server():
    with our_server("http", *SERVER, "-p", "http/1.1") as server:
        for version in ("1.2", "1.3"):
            for size in (0, 1, 16384, 5_000_000):
                found, _ = curl(server.port, size, f"--tlsv{version}", "--tls-max", version)
                equal(hashlib.sha256(body(found)).digest(), hashlib.sha256(alphabet(size)).digest())


@test
def curl_sends_to_our_server():
    with our_server("http", *SERVER) as server:
        for size in (1, 100_000, 5_000_000):
            found, _ = curl(server.port, 10, "--http1.1", "--data-binary", "@-", text=alphabet(size))
            contains(found, b"Received: %d\r\n" % size)
            equal(body(found), alphabet(10))


@test
def curl_does_not_trust_a_stranger():
    arguments = ["-t", "-c", file("untrusted.pem"), "-k", file("untrusted.key")]
    with our_server("http", *arguments) as server:
        curl(server.port, 1, status=60)


# -- nginx -----------------------------------------------------------------------

NGINX = """
	ssl_session_cache shared:cache:1m;
	ssl_protocols {protocols};
	server {{
		listen 127.0.0.1:{port} ssl;
		root {folder};
		{more}
		add_header Session $ssl_session_reused;
	}}
"""


def nginx(protocols="TLSv1.2 TLSv1.3", more=""):
    """nginx with a file of some megabytes, in a folder of its own."""
    need("nginx")
    folder, port = WORK / "nginx", free_port()
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(alphabet(8_000_000))
    server = str(Path(file("server.pem")).with_suffix(""))
    settings = NGINX.format(folder=folder, port=port, protocols=protocols, more=more)
    program = running(nginx_command(folder, server, settings), pattern=b"(" + NGINX_SERVES + b")")
    return program, port


def request(path):
    return f"GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


@test
def our_client_fetches_from_nginx():
    for protocol in ("TLSv1.2", "TLSv1.3"):
        program, port = nginx(protocol)
        with program:
            found, told = our_client("fetch", port, "-t", *AUTHORITY, "-p", "http/1.1", text=request("file"))
            contains(told, protocol.encode())
            equal(hashlib.sha256(body(found)).digest(), hashlib.sha256(alphabet(8_000_000)).digest())


@test
def our_client_resumes_a_session_with_nginx():
    for protocol in ("TLSv1.2", "TLSv1.3"):
        program, port = nginx(protocol)
        with program:
            found, told = our_client("fetch", port, "-t", *AUTHORITY, "-r", "3", text=request("none"))
            equal(re.findall(rb"new|resumed", told), [b"new", b"resumed", b"resumed"])


@test
def our_client_shows_its_certificate_to_nginx():
    program, port = nginx(more=f"ssl_verify_client on; ssl_client_certificate {file('ca.pem')};")
    with program:
        found, _ = our_client("fetch", port, "-t", *AUTHORITY, *CLIENT, text=request("file"))
        contains(found[:30], b"200 OK")
        found, _ = our_client("fetch", port, "-t", *AUTHORITY, text=request("file"))
        contains(found[:30], b"400 Bad Request")


# -- Python ----------------------------------------------------------------------


def python(*arguments, status=0):
    return run([sys.executable, str(Path(__file__).with_name("python_peer.py")), *map(str, arguments)], status=status)


def python_server(kind):
    script = str(Path(__file__).with_name("python_peer.py"))
    return running([sys.executable, script, "serve", kind, file("server.pem"), file("server.key")])


@test
def python_talks_to_our_server():
    with our_server("echo", *SERVER) as server:
        found, _ = python("talk", server.port, file("ca.pem"))
        contains(found, b"new, then resumed")


@test
def our_client_talks_to_python():
    with python_server("echo") as server:
        equal(our_client("lines", server.port, "-t", *AUTHORITY, text=b"hello\n" * 100)[0], b"hello\n" * 100)


@test
def our_client_tells_a_stream_that_python_cuts():
    with python_server("close") as server:
        equal(our_client("fetch", server.port, "-t", *AUTHORITY, text=b"x")[0], b"the whole answer")
    with python_server("cut") as server:
        found, told = our_client("fetch", server.port, "-t", *AUTHORITY, text=b"x", status=1)
        contains(told, b"close_notify")
