#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two users of the chat server of examples/cpp.

    chat.py COMMAND...
"""

import socket
import subprocess
import sys

SECONDS = 10


def connected(port):
    return socket.create_connection(("127.0.0.1", port), SECONDS)


def expect(lines, wanted):
    said = lines.readline()
    if said.rstrip() != wanted:
        sys.exit(f"{said!r} was said, and not {wanted!r}")


def name_in(lines, what):
    said = lines.readline().rstrip()
    if not said.startswith("* guest") or not said.endswith(what):
        sys.exit(f"{said!r} was said, and nothing of one who {what}")
    return said.split()[1]


def converse(port):
    with connected(port) as first, first.makefile("r") as heard:
        # The first one is in the room before the second one comes, whatever the order in which they are accepted.
        with connected(port) as second, second.makefile("r") as other:
            first.settimeout(SECONDS)
            name = name_in(heard, "comes")
            second.sendall(b"hello\n")
            expect(heard, f"{name}: hello")
            first.sendall(b"you too\n")
            said = other.readline().rstrip()
            if not said.endswith(": you too") or said.startswith(name):
                sys.exit(f"{said!r} was said")
        expect(heard, f"* {name} goes")
        # Who says nothing is sent away.
        if heard.readline() != "":
            sys.exit("a silent user was not sent away")


def main():
    server = subprocess.Popen([*sys.argv[1:], "127.0.0.1", "0", "1"], stdout=subprocess.PIPE, text=True)
    try:
        converse(int(server.stdout.readline().split()[3]))
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
