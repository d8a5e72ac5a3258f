# SPDX-License-Identifier: MIT
"""The other end of the servers that are counted.

    load.py lines PORT CONNECTIONS ROUNDS   one line to and fro on every connection, ROUNDS times
    load.py idle PORT CONNECTIONS           connections that say nothing, until the server ends
    load.py pipelined PORT CONNECTIONS ROUNDS   the same with 16 lines at once
    load.py short PORT CONNECTIONS          so many connections, 16 at a time, one line on each
    load.py answer CONNECTIONS              prints its port and answers a line on so many connections
    load.py names                           prints its port and answers every DNS query, until it is ended
    load.py pour PORT MEBIBYTES TLS         sends so much; TLS is 0 or 1
    load.py drain PORT MEBIBYTES TLS        receives so much
"""

import socket
import ssl
import sys


def connections(port, number):
    return [socket.create_connection(("127.0.0.1", port), 30) for _ in range(number)]


def read_line(peer, wanted):
    line = b""
    while len(line) < len(wanted):
        piece = peer.recv(4096)
        if not piece:
            sys.exit("the server hung up")
        line += piece
    if line != wanted:
        sys.exit(f"got {line!r}, wanted {wanted!r}")


def lines(port, number, rounds):
    peers = connections(port, number)
    for turn in range(rounds):
        line = b"%063d\n" % turn
        for peer in peers:
            peer.sendall(line)
        for peer in peers:
            read_line(peer, line)


def pipelined(port, number, rounds):
    peers = connections(port, number)
    for turn in range(rounds):
        lines = b"".join(b"%063d\n" % (turn * 16 + i) for i in range(16))
        for peer in peers:
            peer.sendall(lines)
        for peer in peers:
            read_line(peer, lines)


def short(port, count):
    for _ in range(count // 16):
        lines(port, 16, 1)


def names():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    while True:
        query, client = server.recvfrom(512)
        # The question is kept, a pointer to it is the answer's name; A, IN, five minutes, four bytes.
        head = query[:2] + b"\x85\x80" + b"\0\1\0\1\0\0\0\0"
        server.sendto(head + query[12:] + b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1", client)


def answer(count):
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)
    for _ in range(count):
        peer, _ = listener.accept()
        peer.sendall(peer.recv(4096))
        peer.recv(1)
        peer.close()


def bulk_connection(port, tls):
    peer = socket.create_connection(("127.0.0.1", port), 60)
    if not tls:
        return peer
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(peer)


def pour(port, mebibytes, tls):
    peer = bulk_connection(port, tls)
    block = b"x" * 1048576
    for _ in range(mebibytes):
        peer.sendall(block)
    if tls:
        peer.unwrap()
    peer.close()


def drain(port, mebibytes, tls):
    peer = bulk_connection(port, tls)
    count = 0
    while piece := peer.recv(1048576):
        count += len(piece)
    if count != mebibytes * 1048576:
        sys.exit(f"got {count} bytes")


def idle(port, number):
    peers = connections(port, number)
    for peer in peers:
        peer.settimeout(60)
    try:
        peers[0].recv(1)
    except ConnectionResetError:
        pass


def main():
    what, arguments = sys.argv[1], [int(word) for word in sys.argv[2:]]
    known = [lines, pipelined, short, names, answer, pour, drain, idle]
    {each.__name__: each for each in known}[what](*arguments)


if __name__ == "__main__":
    main()
