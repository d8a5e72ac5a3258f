# SPDX-License-Identifier: MIT
"""The library with `openssl s_server` and `s_client`."""

import concurrent.futures
import os
import select
import socket
import subprocess

from harness import AUTHORITY, CLIENT, OPENSSL_SERVER, PEER, SECONDS, SERVER, WORK, file, our_client, our_server, running, test
from programs import contains, equal, need


def openssl_server(*arguments, **named):
    need("openssl")
    return running([*OPENSSL_SERVER, *arguments], pattern=rb"ACCEPT [^\n]*?:(\d+)\n", **named)


@test
def our_client_talks_to_openssl():
    for version in ("1_2", "1_3"):
        with openssl_server(f"-tls{version}", "-rev") as server:
            found, told = our_client("lines", server.port, "-t", *AUTHORITY, text=b"hello\nworld\n")
            equal(found, b"olleh\ndlrow\n")
            contains(told, f"TLSv{version.replace('_', '.')}, new".encode())


@test
def our_client_refuses_an_openssl_server_that_it_does_not_trust():
    with openssl_server("-rev") as server:
        _, told = our_client("lines", server.port, "-t", "-a", file("stranger.pem"), text=b"hello\n", status=1)
        contains(told, b"unable to get local issuer certificate, peer 127.0.0.1:" + server.port.encode())
        _, told = our_client("lines", server.port, "-t", *AUTHORITY, "-n", "other.test", text=b"hello\n", status=1)
        contains(told, b"hostname mismatch")
        our_client("lines", server.port, "-t", "-v", "none", text=b"hello\n")


@test
def our_client_shows_its_certificate_to_openssl():
    demand = ["-Verify", "2", "-verify_return_error", "-CAfile", file("ca.pem"), "-rev"]
    for version in ("1_2", "1_3"):
        with openssl_server(f"-tls{version}", *demand) as server:
            found, _ = our_client("lines", server.port, "-t", *AUTHORITY, *CLIENT, text=b"hello\n")
            equal(found, b"olleh\n")
        with openssl_server(f"-tls{version}", *demand) as server:
            _, told = our_client("lines", server.port, "-t", *AUTHORITY, text=b"hello\n", status=1)
            contains(told, b"peer: ")


@test
def our_client_agrees_on_a_protocol_with_openssl():
    with openssl_server("-alpn", "http/1.1", "-rev") as server:
        _, told = our_client("lines", server.port, "-t", *AUTHORITY, "-p", "h2,http/1.1", text=b"x\n")
        contains(told, b"protocol 'http/1.1'")


@test
def our_client_fetches_a_page_from_openssl():
    with openssl_server("-www") as server:
        found, told = our_client("fetch", server.port, "-t", *AUTHORITY, "-r", "2", text=b"GET / HTTP/1.0\r\n\r\n")
        assert found.count(b"HTTP/1.0 200 ok") == 2
        contains(told, b"new")
        contains(told, b"resumed")


@test
def old_openssl_servers_are_refused():
    with openssl_server("-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-rev") as server:
        _, told = our_client("lines", server.port, "-t", *AUTHORITY, text=b"hello\n", status=1)
        contains(told, b"protocol version")


# -- openssl s_client ------------------------------------------------------------


def openssl_client(port, *arguments, lines=(b"hello\n",), status=0):
    """Runs s_client; it ends when its input does, so that comes only after the answers."""
    need("openssl")
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", file("ca.pem"), "-verify_return_error",
               "-no_ign_eof", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = b""
    try:
        for line in lines:
            process.stdin.write(line)
            process.stdin.flush()
            before = output.count(line)
            while output.count(line) == before:
                ready, _, _ = select.select([process.stdout], [], [], SECONDS)
                more = os.read(process.stdout.fileno(), 65536) if ready else b""
                if not more:
                    break
                output += more
        process.stdin.close()
        output += process.stdout.read()
        code = process.wait(SECONDS)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert (code == 0) == (status == 0), f"{command} ended with {code}: {output[-500:]}"
    return output


@test
def openssl_talks_to_our_server():
    with our_server("echo", *SERVER) as server:
        for version in ("1_2", "1_3"):
            found = openssl_client(server.port, f"-tls{version}", "-verify_hostname", "localhost", lines=(b"hello\n", b"again\n"))
            contains(found, b"Verification: OK")
            contains(found, b"hello\n")
            contains(found, b"again\n")


@test
def openssl_resumes_a_session_with_our_server():
    session = WORK / "session"
    for version in ("1_2", "1_3"):
        with our_server("echo", *SERVER) as server:
            contains(openssl_client(server.port, f"-tls{version}", "-sess_out", session), b"New, TLS")
            contains(openssl_client(server.port, f"-tls{version}", "-sess_in", session), b"Reused, TLS")


@test
def our_server_demands_a_certificate_of_openssl():
    with our_server("echo", *SERVER, *AUTHORITY, "-v", "require") as server:
        found = openssl_client(server.port, "-cert", file("client.pem"), "-key", file("client.key"))
        contains(found, b"hello\n")
        for arguments in ((), ("-cert", file("client-untrusted.pem"), "-key", file("client-untrusted.key"))):
            found = openssl_client(server.port, *arguments, status=1)
            contains(found, b"alert")


@test
def our_server_agrees_on_a_protocol_with_openssl():
    with our_server("echo", *SERVER, "-p", "h2,http/1.1") as server:
        contains(openssl_client(server.port, "-alpn", "http/1.1,h2"), b"ALPN protocol: h2")
        contains(openssl_client(server.port, "-alpn", "imap", status=1), b"no application protocol")


@test
def our_server_refuses_old_openssl_clients():
    with our_server("echo", *SERVER) as server:
        openssl_client(server.port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", status=1)


# -- renegotiation -----------------------------------------------------------------


@test
def our_server_refuses_another_handshake():
    with our_server("echo", *SERVER) as server:
        found = openssl_client(server.port, "-tls1_2", lines=(b"hello\n", b"R\n"), status=1)
        contains(found, b"hello\n")
        contains(found, b"RENEGOTIATING")
        contains(found, b"no renegotiation")


@test
def our_client_refuses_another_handshake():
    with openssl_server("-tls1_2") as server:
        command = [PEER, "-t", *AUTHORITY, "lines", "127.0.0.1", str(server.port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
            client.stdin.write(b"question\n")
            client.stdin.close()
            server.wait_for(rb"question\n")
            server.process.stdin.write(b"r\n")
            server.process.stdin.flush()
            server.wait_for(rb"no renegotiation")
            client.kill()


# -- DTLS --------------------------------------------------------------------------


@test
def our_client_exchanges_datagrams_with_openssl():
    with openssl_server("-dtls1_2", text=b"answer\n") as server:
        found, told = our_client("lines", server.port, "-t", "-d", *AUTHORITY, text=b"question\n")
        contains(told, b"DTLSv1.2")
        equal(found, b"answer\n")
        server.wait_for(rb"question\n")


@test
def openssl_exchanges_datagrams_with_our_server():
    with our_server("echo", *SERVER, "-d") as server:
        found = openssl_client(server.port, "-dtls1_2", lines=(b"hello\n", b"again\n"))
        contains(found, b"Verification: OK")
        contains(found, b"again\n")


@test
def many_openssl_clients_exchange_datagrams_with_our_server_at_once():
    with our_server("echo", *SERVER, "-d") as server:
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            lines = [(b"hello of %d\n" % number, b"again %d\n" % number) for number in range(20)]
            for found, sent in zip(pool.map(lambda sent: openssl_client(server.port, "-dtls", lines=sent), lines), lines):
                contains(found, b"Verification: OK")
                contains(found, sent[1])


@test
def openssl_comes_to_our_server_again_from_the_same_address():
    with our_server("echo", *SERVER, "-d") as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            bound = f"127.0.0.1:{free.getsockname()[1]}"
        for number in range(3):
            contains(openssl_client(server.port, "-dtls", "-bind", bound, lines=(b"visit %d\n" % number,)), b"visit")


