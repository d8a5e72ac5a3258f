# SPDX-License-Identifier: MIT
"""A client that believes whatever comes, to see that the scenarios notice it. It knows addresses only.

It takes the arguments of `dig` that a scenario gives, prints as `dig` does, and looks at nothing but the records: not
at the id, not at who sent them, not at whose they are.
"""

import random
import socket
import struct
import sys

servers = [word[1:] for word in sys.argv[1:] if word.startswith("@")]


def name_end(message, place):
    while message[place]:
        if message[place] >= 0xC0:
            return place + 2
        place += 1 + message[place]
    return place + 1


def addresses(message):
    """What is in the records of type A, wherever they are."""
    questions, *records = struct.unpack_from(">4H", message, 4)
    place = 12
    for _ in range(questions):
        place = name_end(message, place) + 4
    for _ in range(sum(records)):
        place = name_end(message, place)
        kind, _, ttl, length = struct.unpack_from(">2HIH", message, place)
        place += 10 + length
        if kind == 1:
            yield ttl, socket.inet_ntoa(message[place - 4:place])


def answer(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack(">6H", random.randrange(65536), 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
    for server in servers:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(0.5)
            datagrams.sendto(query, (server, 53))
            try:
                return list(addresses(datagrams.recv(65535)))
            except (TimeoutError, IndexError, struct.error):
                continue
    return []


for line in sys.stdin:
    asked = line.split()[0]
    print(";;  rcode : NOERROR(0)\n\n;; [ANSWER:1]")
    for seconds, address in answer(asked):
        print(f"{asked}. {seconds} IN A {address}")
    print(f";; asked {line}", end="", flush=True)
