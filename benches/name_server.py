#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Serve the zone of the DNS benchmarks with nsd, on a free port of this machine, and say which.

    name_server.py FOLDER

Files of the run go to FOLDER. nsd ends with this process, however that ends.
"""

import contextlib
import ctypes
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from workloads import name_server

HERE = Path(__file__).resolve().parent
PR_SET_PDEATHSIG = 1
SECONDS = 4


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port():
    """One that is free for datagrams and connections."""
    while True:
        with socket.socket(type=socket.SOCK_STREAM) as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            stream.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                datagrams.bind(stream.getsockname())
                return stream.getsockname()[1]


def answers(port):
    query = struct.pack(">6H", 7, 0, 1, 0, 0, 0) + b"\1a\5bench\4test\0" + struct.pack(">2H", 1, 1)
    with socket.socket(type=socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.settimeout(0.1)
        probe.connect(("127.0.0.1", port))
        probe.send(query)
        return probe.recv(512)[6:8] == b"\0\1"
    return False


def main():
    folder, port = Path(sys.argv[1]).resolve(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "bench.zone", folder)
    text = (HERE / "nsd.conf.in").read_text().replace("@folder@", str(folder)).replace("@port@", str(port))
    (folder / "nsd.conf").write_text(text)
    with open(folder / "nsd.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen([name_server(), "-d", "-c", folder / "nsd.conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  preexec_fn=end_with_parent)
    until = time.monotonic() + SECONDS
    while not answers(port):
        if server.poll() is not None or time.monotonic() > until:
            sys.exit(f"nsd does not answer, see {folder}/nsd.log")
        time.sleep(0.02)
    print(f"listening on 127.0.0.1 {port}", flush=True)
    server.wait()


if __name__ == "__main__":
    main()
