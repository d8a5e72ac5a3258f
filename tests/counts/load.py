# SPDX-License-Identifier: MIT
"""The other end of the servers that are counted.

    load.py lines PORT CONNECTIONS ROUNDS   one line to and fro on every connection, ROUNDS times
    load.py idle PORT CONNECTIONS           connections that say nothing, until the server ends
"""

import socket
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
    {"lines": lines, "idle": idle}[what](*arguments)


if __name__ == "__main__":
    main()
