# SPDX-License-Identifier: MIT
"""Asks the DNS, much as dig(1) does.

    python3 dig.py [@SERVER]... [--root SERVER]... [--timeout SECONDS] [-x] NAME [TYPE]

    @SERVER    asks this server, "127.0.0.1" or "[::1]:5300", instead of the system's
    --root     asks from the top, beginning at this server; without an address: `--root system`, at the root servers
    -x         NAME is an address, whose names are asked for

Ends with 0 if there was an answer, with 1 if there was none, with 2 for arguments that make no sense.
"""

import argparse
import dataclasses
import sys

import cqueues

NAMES = ("name", "ttl", "type", "text")


def text(record):
    """A record as a line: name, seconds, type and data."""
    kind = getattr(record, "type", type(record).__name__)
    members = [getattr(record, field.name) for field in dataclasses.fields(record) if field.name not in NAMES]
    data = getattr(record, "text", None) or " ".join(repr(m)[1:] if isinstance(m, bytes) else str(m) for m in members)
    return f"{record.name}\t{record.ttl}\t{kind}\t{data}"


def resolver(arguments):
    """Whom to ask: the root servers, the servers that were named, or the system's."""
    if arguments.root:
        servers = [root for root in arguments.root if root != "system"]
        return cqueues.Resolver(recursive=True, nameservers=servers or None)
    return cqueues.Resolver(nameservers=arguments.servers or None)


async def ask(arguments):
    asked = resolver(arguments)
    with cqueues.fail_after(arguments.timeout):
        if arguments.x:
            for name in await asked.reverse(arguments.name):
                print(name)
            return
        records = await asked.query(arguments.name, arguments.type)
        for record in records:
            print(text(record))
        if not records:
            print(f"{arguments.name} has no {arguments.type}", file=sys.stderr)


parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--root", action="append")
parser.add_argument("--timeout", type=float, default=30)
parser.add_argument("-x", action="store_true")
parser.add_argument("words", nargs="+")
arguments = parser.parse_intermixed_args()
arguments.servers = [word[1:] for word in arguments.words if word.startswith("@")]
arguments.name, arguments.type = ([word for word in arguments.words if not word.startswith("@")] + ["A"])[:2]
try:
    cqueues.run(ask, arguments)
except ValueError as why:
    print(f"dig: {why}", file=sys.stderr)
    sys.exit(2)
except OSError as why:  # the answer is that there is no such name, or that nobody could tell
    print(f"dig: {arguments.name}: {why}", file=sys.stderr)
    sys.exit(1)
