# SPDX-License-Identifier: MIT
"""Starts the internet of the folder `internet`, and a recursive server on it, runs a command, stops all.

    internet.py [--without-unbound] [COMMAND [ARGUMENT...]]

Without a command: a shell, from which `dig @127.0.0.54 www.harbor.sea` asks the recursive server and
`dig @127.1.0.1 harbor.sea +norec` the root.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from string import Template

import namespace
from processes import Mute, Server

FOLDER = Path(__file__).parent / "internet"
RECURSIVE = "127.0.0.54"
RECURSIVE_SOURCES = ["127.0.0.53", "fd00:53:53::53"]
os.environ["PATH"] += ":/usr/sbin:/sbin"


class Line:
    """A line of `internet/servers`: one process."""

    def __init__(self, text):
        head, _, zones = text.partition(" : ")
        self.program, self.name, *self.addresses = head.split()
        self.zones = [zone.strip("()") for zone in zones.split()]
        self.broken = [zone.strip("()") for zone in zones.split() if zone.startswith("(")]


def lines(path):
    """The lines of a file without comments and empty ones."""
    text = Path(path).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def names():
    """What is to be asked, as pairs of name and type: with an outcome, and hopeless."""
    asked = [line.split() for line in lines(FOLDER / "names")]
    hopeful = [(name, kind) for name, kind, *mark in asked if not mark]
    return hopeful, [(name, kind) for name, kind, *mark in asked if mark]


def missing():
    """The programs that are needed and not installed."""
    needed = {line.program for line in servers()} - {"mute"} | {"unbound"}
    return sorted(program for program in needed if not shutil.which(program))


def servers():
    return [Line(line) for line in lines(FOLDER / "servers")]


# -- Configurations: a template, and what each process adds to it ----------------------


class Settings(Template):
    delimiter = "@"
    pattern = r"@(?:(?P<named>[a-z]+)@|(?P<escaped>@)|(?P<braced>\b\B)|(?P<invalid>\b\B))"


def template(program, **values):
    text = (FOLDER / f"{program}.conf.in").read_text(encoding="utf-8")
    return Settings(text).substitute(zones=FOLDER / "zones", internet=FOLDER, **values)


def zone_file(line, zone):
    return f"{zone}.missing" if zone in line.broken else f"{'root' if zone == '.' else zone}.zone"


def nsd(line, folder):
    text = template("nsd", folder=folder, name=line.name)
    text += "server:\n" + "".join(f"\tip-address: {address}\n" for address in line.addresses)
    for zone in line.zones:
        text += f"zone:\n\tname: \"{zone}\"\n\tzonefile: \"{zone_file(line, zone)}\"\n"
    return text, ["nsd", "-d", "-c"]


def knotd(line, folder):
    (folder / line.name).mkdir()
    text = template("knotd", folder=folder, name=line.name)
    text += "server:\n    listen: [" + ", ".join(f"{address}@53" for address in line.addresses) + "]\n"
    text += f"template:\n  - id: default\n    storage: \"{FOLDER / 'zones'}\"\n"
    text += "    zonefile-sync: -1\n    zonefile-load: whole\n    journal-content: none\nzone:\n"
    for zone in line.zones:
        text += f"  - domain: {zone}\n    file: {zone_file(line, zone)}\n"
    return text, ["knotd", "-c"]


def unbound(folder):
    return template("unbound", folder=folder, address=RECURSIVE), ["unbound", "-d", "-c"]


# -- Running ---------------------------------------------------------------------------------


def start(stack, folder, name, text, arguments):
    path = folder / f"{name}.conf"
    path.write_text(text, encoding="utf-8")
    server = Server([*arguments, str(path)], folder / f"{name}.log")
    stack.callback(server.stop)
    return server


@contextlib.contextmanager
def running(with_unbound=True):
    """All servers, from the moment each of them answers until the end of the block."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cqueues-internet-")))
        waiting = []
        for line in servers():
            namespace.add_addresses(line.addresses)
            if line.program == "mute":
                stack.callback(Mute(line.addresses[0]).stop)
                continue
            text, arguments = {"nsd": nsd, "knotd": knotd}[line.program](line, folder)
            server = start(stack, folder, line.name, text, arguments)
            waiting += [(server, address, line.zones[0]) for address in line.addresses]
        for server, address, zone in waiting:
            server.wait_for_answer(address, zone)
        if with_unbound:
            namespace.add_addresses(RECURSIVE_SOURCES)
            stack.enter_context(recursive(folder))
        yield folder


@contextlib.contextmanager
def recursive(folder):
    """A recursive server with an empty cache. What it is first asked is a name of its own."""
    with contextlib.ExitStack() as stack:
        server = start(stack, folder, "unbound", *unbound(folder))
        server.wait_for_answer(RECURSIVE, "localhost")
        yield


def main():
    namespace.enter(mounts=False)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without-unbound", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    options = parser.parse_args()
    if missing():
        sys.exit(f"not installed: {', '.join(missing())}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with running(not options.without_unbound):
        return subprocess.run(options.command or [os.environ.get("SHELL", "sh")], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
