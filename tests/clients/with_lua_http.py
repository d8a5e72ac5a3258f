# SPDX-License-Identifier: MIT
"""lua-http: its server and its client with each other, with curl, nginx, nghttp2's clients and with sockets."""

import contextlib
import hashlib
import re
import socket
import ssl
import struct
import threading
import time

from harness import HERE, INTERPRETERS, NEW, SECONDS, check, file, free_port, need, text
from programs import NGINX_SERVES, alphabet, contains, equal, nginx_command
from websocket import BINARY, CLOSE, PING, PONG, TEXT, WebSocket

MEGABYTES = 8_000_000
TLS = f"tls={file('server')}"


class Server:
    """lua-http's server, while a check runs."""

    def __init__(self, program, port):
        self.program, self.port = program, port

    def url(self, path="hello", scheme="http"):
        return f"{scheme}://localhost:{self.port}/{path}"


@contextlib.contextmanager
def server(side, *options):
    with side.running([side.lua, str(HERE / "server.lua"), *options]) as program:
        port = program.wait_for(rb"listening on \S+ (\w+)\n").group(1)
        program.uses(side.library)
        yield Server(program, int(port) if port.isdigit() else None)
        assert program.process.poll() is None, f"the server ended: {text(program.output + program.process.stdout.read())}"


def client(side, how, action, uri, *options, status=0):
    found, _ = side.run([side.lua, str(HERE / "client.lua"), how, action, uri, *options], status=status)
    return found.decode()


def curl(side, *arguments, text_in=b"", status=0):
    need("curl")
    return side.run(["curl", "--silent", "--show-error", "--max-time", str(SECONDS), "--cacert", file("ca.pem"), *arguments],
                    text_in, status)[0]


def digest(size):
    return hashlib.sha256(alphabet(size)).hexdigest()


def connected(port):
    return socket.create_connection(("127.0.0.1", port), SECONDS)


def rest(connection):
    """What comes until the other side closes."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def get(path, *lines):
    return "\r\n".join([f"GET /{path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def trusting():
    return ssl.create_default_context(cafile=file("ca.pem"))


def still_serves(served, side):
    equal(curl(side, served.url()), b"hello\n")


# -- The server with curl ------------------------------------------------------------------


@check()
def curl_fetches_from_lua_http_over_HTTP_1_1(side):
    with server(side) as served:
        found = curl(side, "--include", served.url("hello"))
        contains(found, b"HTTP/1.1 200 ")
        equal(found.partition(b"\r\n\r\n")[2], b"hello\n")
        contains(curl(side, "--include", served.url("nothing")), b"HTTP/1.1 404 ")
        contains(curl(side, "--head", served.url()), b"content-length: 1000\r\n")
        contains(curl(side, "--include", "--http1.0", served.url("chunks/2")), b"\r\n\r\nline 1\nline 2\n")


@check()
def curl_keeps_one_connection_to_lua_http_for_several_requests(side):
    with server(side) as served:
        found = curl(side, "--write-out", "%{num_connects}\n", *[served.url()] * 5)
        equal(found, b"hello\n1\n" + b"hello\n0\n" * 4)


@check()
def curl_gets_chunks_and_large_bodies_from_lua_http(side):
    with server(side) as served:
        lines = b"".join(b"line %d\n" % i for i in range(1, 301))
        equal(curl(side, served.url("chunks/300")), lines)
        equal(curl(side, "--tr-encoding", served.url("chunks/300")), lines)
        equal(hashlib.sha256(curl(side, served.url(f"size/{MEGABYTES}"))).hexdigest(), digest(MEGABYTES))


@check(seconds=2)
def curl_uploads_megabytes_to_lua_http_with_a_length_and_in_chunks(side):
    with server(side) as served:
        for more in ([], ["--header", "Transfer-Encoding: chunked"]):
            found = curl(side, "--header", "Expect:", "--data-binary", "@-", *more, served.url("digest"),
                         text_in=alphabet(MEGABYTES))
            equal(found.decode(), f"{MEGABYTES} {digest(MEGABYTES)}\n")


@check()
def curl_is_told_100_continue_by_lua_http(side):
    with server(side) as served:
        found = curl(side, "--include", "--expect100-timeout", "60", "--header", "Expect: 100-continue", "--data-binary", "@-",
                     served.url("digest"), text_in=alphabet(2_000_000))
        contains(found, b"HTTP/1.1 100 ")
        contains(found, f"2000000 {digest(2_000_000)}\n".encode())
        found = curl(side, "--include", "--expect100-timeout", "60", "--header", "Expect: 100-continue", "--data-binary", "@-",
                     served.url("refuse"), text_in=alphabet(2_000_000))
        assert found.startswith(b"HTTP/1.1 403 "), found


@check()
def curl_hears_its_body_back_from_lua_http_while_it_sends(side):
    with server(side) as served:
        found = curl(side, "--header", "Expect:", "--header", "Transfer-Encoding: chunked", "--data-binary", "@-",
                     served.url("echo"), text_in=alphabet(500_000))
        equal(found, alphabet(500_000))


@check(seconds=2)
def curl_speaks_HTTP_2_to_lua_http_with_prior_knowledge(side):
    with server(side) as served:
        prior = ["--http2-prior-knowledge", "--write-out", " HTTP/%{http_version}"]
        equal(curl(side, *prior, served.url()), b"hello\n HTTP/2")
        equal(curl(side, *prior, served.url("size/300000")), alphabet(300_000) + b" HTTP/2")
        found = curl(side, *prior, "--data-binary", "@-", served.url("digest"), text_in=alphabet(1_000_000))
        equal(found.decode(), f"1000000 {digest(1_000_000)}\n HTTP/2")


@check()
def curl_chooses_the_protocol_by_ALPN_with_lua_http(side):
    with server(side, TLS, "alpn=h2,http/1.1") as served:
        for arguments, version in ([], b"2"), (["--http1.1"], b"1.1"), (["--no-alpn"], b"1.1"):
            found = curl(side, *arguments, "--write-out", "HTTP/%{http_version}", served.url("hello", "https"))
            equal(found, b"hello\nHTTP/" + version)


@check(seconds=2)
def curl_talks_to_lua_http_over_TLS_1_2_and_1_3_without_ALPN(side):
    with server(side, TLS) as served:
        for version in "1.2", "1.3":
            only = [f"--tlsv{version}", "--tls-max", version]
            equal(curl(side, *only, served.url("hello", "https")), b"hello\n")
            found = curl(side, *only, served.url(f"size/{MEGABYTES}", "https"))
            equal(hashlib.sha256(found).hexdigest(), digest(MEGABYTES))
            found = curl(side, *only, "--header", "Expect:", "--data-binary", "@-", served.url("digest", "https"),
                         text_in=alphabet(MEGABYTES))
            equal(found.decode(), f"{MEGABYTES} {digest(MEGABYTES)}\n")


@check()
def a_failed_TLS_handshake_does_not_end_the_lua_http_server(side):
    with server(side, TLS) as served:
        curl(side, "--cacert", file("stranger.pem"), served.url("hello", "https"), status=60)
        curl(side, served.url("hello"), status=None)
        with connected(served.port) as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01")  # the begin of a ClientHello
        equal(curl(side, served.url("hello", "https")), b"hello\n")


@check()
def curl_talks_to_lua_http_over_a_unix_socket(side):
    path = side.folder / "socket"
    with server(side, f"path={path}"):
        found = curl(side, "--unix-socket", str(path), "http://localhost/hello", "http://localhost/size/100000")
        equal(found, b"hello\n" + alphabet(100_000))


# -- The server with nghttp2's clients --------------------------------------------------------


@check(seconds=3)
def h2load_is_answered_by_lua_http_a_thousand_times(side):
    need("h2load")
    with server(side) as served:
        found, _ = side.run(["h2load", "-n", "500", "-c", "10", "-m", "10", "-p", "h2c", served.url()])
        contains(found, b"500 succeeded, 0 failed")
        found, _ = side.run(["h2load", "-n", "500", "-c", "10", "--h1", served.url()])
        contains(found, b"500 succeeded, 0 failed")


@check(seconds=2)
def h2load_is_answered_by_lua_http_over_TLS(side):
    need("h2load")
    with server(side, TLS, "alpn=h2") as served:
        found, _ = side.run(["h2load", "-n", "200", "-c", "10", "-m", "5", served.url("size/10000", "https")])
        contains(found, b"200 succeeded, 0 failed")


@check()
def h2load_has_many_streams_at_once_with_lua_http(side):
    with server(side) as served:
        answered_at_once(side, served)


def answered_at_once(side, served):
    need("h2load")
    begun = time.monotonic()
    found, _ = side.run(["h2load", "-n", "10", "-c", "1", "-m", "10", "-p", "h2c", served.url("later/500")])
    contains(found, b"10 succeeded, 0 failed")
    took = time.monotonic() - begun
    assert took < 4, f"the streams waited for each other: {took} s"


@check()
def nghttp_uploads_to_lua_http(side):
    need("nghttp")
    (side.folder / "body").write_bytes(alphabet(500_000))
    with server(side) as served:
        found, _ = side.run(["nghttp", "--data=body", served.url("digest")])
        equal(found.decode(), f"500000 {digest(500_000)}\n")


# -- The server with sockets -----------------------------------------------------------------


@check()
def lua_http_answers_pipelined_requests_in_order(side):
    with server(side) as served, connected(served.port) as connection:
        connection.sendall(b"".join(get(f"size/{i}") for i in range(1, 31)) + get("hello", "Connection: close"))
        found = rest(connection)
        bodies = re.findall(rb"\r\n\r\n([a-z]*\n?)(?=HTTP/1\.1|$)", found)
        equal(bodies, [alphabet(i) for i in range(1, 31)] + [b"hello\n"])


@check()
def lua_http_reads_a_request_that_comes_octet_by_octet(side):
    with server(side) as served, connected(served.port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = get("echo", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: yes\r\n\r\n"
        for i in range(len(request)):
            connection.sendall(request[i:i + 1])
        found = b""
        while not found.endswith(b"\r\n0\r\n\r\n"):
            found += connection.recv(1000)
        equal(found.partition(b"\r\n\r\n")[2], b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")


@check()
def a_client_that_vanishes_does_not_end_the_lua_http_server(side):
    with server(side) as served:
        # Half of a body with a length, and half of a frame of HTTP/2, are what lua-http itself does not survive.
        for request in (b"", b"GET /hel", b"nonsense\r\n\r\n", get("digest", "Transfer-Encoding: chunked") + b"5\r\nab",
                        get("error"), get("size/8000000"), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with connected(served.port) as connection:
                connection.sendall(request)
            with connected(served.port) as connection:
                connection.sendall(request)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST
            still_serves(served, side)


@check()
def lua_http_answers_a_client_that_has_shut_down_its_side(side):
    with server(side) as served, connected(served.port) as connection:
        connection.sendall(get("size/100000"))
        connection.shutdown(socket.SHUT_WR)
        equal(rest(connection).partition(b"\r\n\r\n")[2], alphabet(100_000))


@check(seconds=2)
def lua_http_drops_clients_that_are_idle(side):
    with server(side, "timeout=0.5") as served:
        begun = time.monotonic()
        with connected(served.port) as silent, connected(served.port) as done:
            done.sendall(get("hello"))
            contains(rest(done), b"hello\n")
            rest(silent)
        took = time.monotonic() - begun
        assert 0.4 < took < 5, f"{took} s"
        still_serves(served, side)


@check(seconds=2)
def a_slow_reader_of_lua_http_gets_everything_and_keeps_nobody_waiting(side):
    with server(side) as served, connected(served.port) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        slow.sendall(get(f"size/{MEGABYTES}", "Connection: close"))
        head = slow.recv(100)
        contains(head, b"HTTP/1.1 200")
        still_serves(served, side)
        equal(len((head + rest(slow)).partition(b"\r\n\r\n")[2]), MEGABYTES)


@check(seconds=2)
def lua_http_serves_as_a_task_of_another_controller_and_by_steps(side):
    for how in "nested", "step":
        with server(side, f"cq={how}") as served:
            still_serves(served, side)
            answered_at_once(side, served)
            found = curl(side, "--header", "Expect:", "--data-binary", "@-", served.url("digest"), text_in=alphabet(1_000_000))
            equal(found.decode(), f"1000000 {digest(1_000_000)}\n")


@check()
def the_loop_of_a_lua_http_server_ends_when_the_server_is_closed(side):
    with side.running([side.lua, str(HERE / "server.lua")]) as program:
        port = int(program.wait_for(rb"listening on \S+ (\d+)\n").group(1))
        equal(curl(side, f"http://localhost:{port}/stop"), b"stopping\n")
        status, said = program.ends()
        equal((status, said.splitlines()[-1:]), (0, [b"stopped"]))


# -- The client with the server --------------------------------------------------------------------


@check(seconds=2)
def lua_http_fetches_from_lua_http_in_a_task_and_without_a_controller(side):
    with server(side) as served:
        for how in "task", "main":
            equal(client(side, how, "get", served.url()), "1.1\t200\thello\n\n")
            equal(client(side, how, "get", served.url("chunks/3")), "1.1\t200\tline 1\nline 2\nline 3\n\n")
            equal(client(side, how, "get", served.url("size/3000000")), f"1.1\t200\t{digest(3_000_000)}\n")
            equal(client(side, how, "get", served.url("size/100000"), "version=2"), f"2\t200\t{digest(100_000)}\n")


@check(seconds=2)
def lua_http_fetches_from_lua_http_over_TLS_with_and_without_ALPN(side):
    with server(side, TLS, "alpn=h2,http/1.1") as served:
        for how in "task", "main":
            equal(client(side, how, "get", served.url("hello", "https")), "2\t200\thello\n\n")
            equal(client(side, how, "get", served.url("size/3000000", "https"), "version=1.1"), f"1.1\t200\t{digest(3_000_000)}\n")
    with server(side, TLS) as served:
        equal(client(side, "task", "get", served.url("size/3000000", "https")), f"1.1\t200\t{digest(3_000_000)}\n")
        equal(client(side, "main", "get", served.url("hello", "https")), "1.1\t200\thello\n\n")


@check()
def lua_http_does_not_trust_a_stranger(side):
    with server(side, f"tls={file('untrusted')}") as served:
        contains(client(side, "task", "fail", served.url("hello", "https")), "certificate verify failed")
    with server(side, f"tls={file('other')}") as served:
        contains(client(side, "task", "fail", served.url("hello", "https")), "certificate verify failed")


@check()
def lua_http_keeps_one_connection_for_several_requests(side):
    with server(side) as served:
        found = client(side, "task", "again", served.url(), "count=5").split("\n\n")
        equal((len(found), len(set(found[:5]))), (6, 1))  # the port of the client is in each


@check()
def lua_http_pipelines_requests_to_lua_http(side):
    with server(side) as served:
        wanted = "".join(f"200\t{alphabet(i).decode()}\n" for i in range(1, 11))
        equal(client(side, "task", "pipeline", served.url(), "count=10"), wanted)
        equal(client(side, "main", "pipeline", served.url(), "count=10", "version=2"), wanted)


@check(seconds=2)
def lua_http_has_several_streams_of_HTTP_2_at_once(side):
    wanted = "".join(f"200\t{i}00\n\n" for i in range(1, 6))
    with server(side) as served:
        equal(client(side, "task", "streams", served.url(), "count=5", "version=2"), wanted)
    with server(side, TLS, "alpn=h2") as served:
        equal(client(side, "task", "streams", served.url("", "https"), "count=5"), wanted)


@check(seconds=3)
def a_hundred_lua_http_clients_in_one_controller_are_all_answered(side):
    with server(side) as served:
        equal(client(side, "task", "many", served.url("size/5000"), "count=100", "size=5000"), "100 were answered\n")
    with server(side, TLS, "alpn=h2") as served:
        found = client(side, "task", "many", served.url("size/5000", "https"), "count=40", "size=5000")
        equal(found, "40 were answered\n")


@check(seconds=2)
def lua_http_uploads_megabytes_to_lua_http(side):
    size = 26_000 * 100
    for server_options, scheme in ([], "http"), ([TLS, "alpn=h2"], "https"):
        with server(side, *server_options) as served:
            for how in "task", "main":
                found = client(side, how, "post", served.url("digest", scheme), f"size={size}")
                contains(found, f"{size} {digest(size)}")
            found = client(side, "task", "upload", served.url("digest", scheme), f"size={size}")
            contains(found, f"{size} {hashlib.sha256(alphabet(26_000) * 100).hexdigest()}")


@check()
def lua_http_sends_its_body_only_after_100_continue(side):
    with server(side) as served:
        found = client(side, "task", "upload", served.url("digest"), "size=52000", "expect=yes")
        contains(found, "200\t52000 ")
        found = client(side, "main", "upload", served.url("refuse"), "size=52000", "expect=yes")
        equal(found, "403\tno, thank you\n\n0 were sent\n")


@check()
def lua_http_hears_its_body_back_while_it_sends(side):
    with server(side) as served:
        for version in "1.1", "2":
            found = client(side, "task", "post", served.url("echo"), "size=50000", f"version={version}")
            equal(found, f"200\t{digest(50_000)}\n")


@check()
def lua_http_follows_redirections_and_keeps_cookies(side):
    with server(side) as served:
        equal(client(side, "task", "get", served.url("redirect")), "1.1\t200\thello\n\n")
        equal(client(side, "main", "twice", served.url("cookie")), "none\nname=value\n")


@check(seconds=2)
def a_lua_http_request_times_out_in_every_phase(side):
    with server(side) as served:
        for how in "task", "main":
            contains(client(side, how, "fail", served.url("never"), "seconds=0.3"), "ETIMEDOUT")
            contains(client(side, how, "fail", served.url("never"), "seconds=0.3", "version=2"), "ETIMEDOUT")
            equal(client(side, how, "half", served.url("half"), "seconds=0.3"), "the begin\n\tnil\tETIMEDOUT\n")
    with silent_listener() as port:
        for how in "task", "main":
            contains(client(side, how, "fail", f"http://127.0.0.1:{port}/", "seconds=0.3"), "ETIMEDOUT")
            contains(client(side, how, "fail", f"https://127.0.0.1:{port}/", "seconds=0.3"), "ETIMEDOUT")


@check()
def a_lua_http_request_tells_why_there_was_no_answer(side):
    for how in "task", "main":
        contains(client(side, how, "fail", f"http://127.0.0.1:{free_port()}/"), "ECONNREFUSED")
        with one_answer(b"") as port:
            contains(client(side, how, "fail", f"http://127.0.0.1:{port}/"), "EPIPE")


@contextlib.contextmanager
def silent_listener():
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextlib.contextmanager
def one_answer(answer):
    """A server that hears one request, says that, and closes."""

    def serve():
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(SECONDS)
                heard = b""
                while b"\r\n\r\n" not in heard and (more := connection.recv(65536)):
                    heard += more
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


@check()
def lua_http_reads_a_body_up_to_the_end_of_the_connection(side):
    for how in "task", "main":
        with one_answer(b"HTTP/1.0 200 OK\r\n\r\nno length") as port:
            contains(client(side, how, "get", f"http://127.0.0.1:{port}/"), "200\tno length\n")


@check()
def lua_http_has_a_server_and_clients_in_one_controller(side):
    equal(client(side, "task", "together", "-", "count=20"), "all were answered\n")


@check(interpreters=tuple(lua for lua in INTERPRETERS if lua != NEW))  # its file assigns to the variable of a loop
def lua_http_offers_the_interface_of_LuaSocket(side):
    with server(side) as served:
        equal(client(side, "main", "luasocket", served.url()), "200\thello\n\n")
        equal(client(side, "task", "luasocket", served.url("chunks/2")), "200\tline 1\nline 2\n\n")


@check()
def lua_http_offers_the_interface_of_Prosody(side):
    with server(side) as served:
        equal(client(side, "task", "prosody", served.url()), "200\thello\n\n")


# -- WebSocket -----------------------------------------------------------------------------


@check(seconds=2)
def lua_http_talks_to_lua_http_by_WebSocket(side):
    with server(side) as served:
        for how in "task", "main":
            found = client(side, how, "ws", served.url("ws", "ws"))
            assert found.startswith("protocol\techo\nnil\t1000\n"), found
            served.program.wait_for(rb"the WebSocket was closed\n")


@check(seconds=2)
def lua_http_talks_to_lua_http_by_WebSocket_over_TLS(side):
    with server(side, TLS) as served:
        found = client(side, "task", "ws", served.url("ws", "wss"), "size=4000")
        assert found.startswith("protocol\techo\nnil\t1000\n"), found


@check()
def a_WebSocket_of_lua_http_that_timed_out_goes_on(side):
    with server(side) as served:
        for how in "task", "main":
            equal(client(side, how, "quiet", served.url("ws", "ws"), "seconds=0.3"), "nil\tETIMEDOUT\nstill there\ttext\n")


@check()
def a_WebSocket_of_lua_http_understands_fragments_pings_and_large_messages(side):
    with server(side) as served:
        with WebSocket(served.port, "/ws", SECONDS, protocol="echo") as peer:
            converse(peer)
            served.program.wait_for(rb"the WebSocket was closed\n")
    with server(side, TLS) as served:
        with WebSocket(served.port, "/ws", SECONDS, tls=trusting()) as peer:
            converse(peer)


def converse(peer):
    peer.send(TEXT, b"hello")
    equal(peer.receive(), (TEXT, b"hello"))
    peer.send(BINARY, bytes(range(256)) * 1000)
    equal(peer.receive(), (BINARY, bytes(range(256)) * 1000))
    peer.send(TEXT, b"in ", last=False)
    peer.send(PING, b"ping")
    peer.send(0, b"pieces")
    equal(peer.receive(), (PONG, b"ping"))
    equal(peer.receive(), (TEXT, b"in pieces"))
    peer.send(TEXT, b"bye")
    equal(peer.receive(), (CLOSE, struct.pack(">H", 1000) + b"goodbye"))
    peer.close()
    assert peer.at_end()


@check()
def a_client_that_vanishes_from_a_WebSocket_does_not_end_the_lua_http_server(side):
    with server(side) as served:
        with WebSocket(served.port, "/ws", SECONDS) as peer:
            peer.send(TEXT, b"half", last=False)
        with WebSocket(served.port, "/ws", SECONDS) as peer:
            peer.socket.sendall(b"\x81\xff")
        still_serves(served, side)


# -- nginx -----------------------------------------------------------------------------------

NGINX = """
	client_max_body_size 100m;
	gzip on;
	gzip_types text/html;
	default_type text/html;
	server {{ listen 127.0.0.1:{plain}; root {folder}; {more} }}
	server {{ listen 127.0.0.1:{tls} ssl http2; root {folder}; {more} }}
	server {{ listen 127.0.0.1:{tls1} ssl; root {folder}; {more} }}
	server {{ listen 127.0.0.1:{prior} http2; root {folder}; {more} }}
"""


class Nginx:
    """nginx while a check runs, on four ports: plain, TLS with HTTP/2, TLS without it, HTTP/2 without TLS."""

    def __init__(self):
        self.ports = {name: free_port() for name in ("plain", "tls", "tls1", "prior")}

    def url(self, name, path):
        return f"{'https' if name.startswith('tls') else 'http'}://localhost:{self.ports[name]}/{path}"


@contextlib.contextmanager
def nginx(side, more=""):
    need("nginx")
    served = Nginx()
    (side.folder / "file").write_bytes(alphabet(MEGABYTES))
    (side.folder / "small").write_bytes(b"hello\n")
    settings = NGINX.format(folder=side.folder, more=more, **served.ports)
    with side.running(nginx_command(side.folder, file("server"), settings)) as program:
        program.wait_for(NGINX_SERVES)
        yield served


@check(seconds=2)
def lua_http_fetches_from_nginx_over_HTTP_1_1_and_HTTP_2(side):
    with nginx(side) as served:
        for name, version in ("plain", "1.1"), ("tls", "2"), ("tls1", "1.1"):
            for how in "task", "main":
                equal(client(side, how, "get", served.url(name, "small")), f"{version}\t200\thello\n\n")
            equal(client(side, "task", "get", served.url(name, "file")), f"{version}\t200\t{digest(MEGABYTES)}\n")
        equal(client(side, "task", "get", served.url("prior", "small"), "version=2"), "2\t200\thello\n\n")


@check()
def lua_http_has_several_requests_on_one_connection_to_nginx(side):
    more = r'location ~ ^/size/(\d+) { return 200 "$1 $connection"; } location /request { return 200 "$connection"; }'
    with nginx(side, more) as served:
        for name in "plain", "tls", "tls1":
            found = client(side, "task", "again", served.url(name, ""), "count=5").splitlines()
            equal((len(found), len(set(found))), (5, 1))
            found = client(side, "task", "pipeline", served.url(name, ""), "count=5").splitlines()
            equal([line.split()[:2] for line in found], [["200", str(i)] for i in range(1, 6)])


@check(seconds=3)
def nginx_stands_before_lua_http_for_requests_uploads_and_WebSockets(side):
    with server(side) as served:
        more = f"""location / {{
            proxy_pass http://127.0.0.1:{served.port};
            proxy_http_version 1.1;
            proxy_set_header Connection $http_connection;
            proxy_set_header Upgrade $http_upgrade;
            proxy_request_buffering off; }}"""
        with nginx(side, more) as front:
            equal(curl(side, front.url("tls", "hello")), b"hello\n")
            equal(curl(side, front.url("plain", "size/1000000")), alphabet(1_000_000))
            for name, more in ("plain", ["expect=yes"]), ("tls", []):
                found = client(side, "task", "upload", front.url(name, "digest"), "size=1300000", *more)
                contains(found, "200\t1300000 ")
            found = client(side, "task", "ws", front.url("plain", "ws").replace("http", "ws", 1), "size=4000")
            contains(found, "nil\t1000\n")


# -- Proxies -----------------------------------------------------------------------------------


@contextlib.contextmanager
def proxy():
    """A proxy that knows CONNECT and SOCKS 5 without a password."""

    def pump(source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def tunnel(connection):
        with contextlib.suppress(OSError), connection:
            stream = connection.makefile("rb", buffering=0)
            if stream.read(1) == b"\x05":
                stream.read(stream.read(1)[0])
                connection.sendall(b"\x05\x00")
                kind = stream.read(4)[3]
                name = stream.read(stream.read(1)[0]).decode() if kind == 3 else socket.inet_ntoa(stream.read(4))
                port = int.from_bytes(stream.read(2), "big")
                heard.append(f"SOCKS {name}")
                answer = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
            else:
                line = stream.readline().split()[1].decode()
                while stream.readline().strip():
                    pass
                name, _, port = line.partition(":")
                heard.append(f"CONNECT {name}")
                answer = b"HTTP/1.1 200 OK\r\n\r\n"
            with socket.create_connection(("127.0.0.1", int(port)), SECONDS) as further:
                connection.sendall(answer)
                back = threading.Thread(target=pump, args=(further, connection), daemon=True)
                back.start()
                pump(connection, further)
                back.join(SECONDS)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=tunnel, args=(listener.accept()[0],), daemon=True).start()

    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)


@check()
def lua_http_goes_through_proxies(side):
    with server(side, TLS, "alpn=h2,http/1.1") as served, proxy() as (port, heard):
        for scheme in "http", "socks5h":
            found = client(side, "task", "get", served.url("size/200000", "https"), f"proxy={scheme}://127.0.0.1:{port}")
            equal(found, f"2\t200\t{digest(200_000)}\n")
        equal(heard, ["CONNECT localhost", "SOCKS localhost"])
