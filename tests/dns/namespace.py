# SPDX-License-Identifier: MIT
"""A network and mounts of one's own, where servers may listen on port 53 and nothing leads outside.

A program that calls `enter` first runs itself again inside; `unshare` of util-linux makes the namespace, for
root and, where the system lets users have their own, for everybody.
"""

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

NOT_ALLOWED = 77
INSIDE = "CQUEUES_TESTS_NAMESPACE"


def command(mounts=True):
    """What to put before a command so that it runs in a namespace; None where that is not allowed. A namespace of
    mounts, too, is more than some places allow: chroots, for one."""
    for options in ("-nm", "-rnm") if mounts else ("-n", "-rn"):
        prefix = ["unshare", options, "--"]
        if shutil.which("unshare"):
            tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
            if tried.returncode == 0:
                return prefix
    return None


def enter(mounts=True):
    """Goes on inside a namespace, with the loopback interface up; ends with NOT_ALLOWED where there can be none."""
    if os.environ.pop(INSIDE, None) != str(os.getpid()):
        prefix = command(mounts)
        if not prefix:
            print("network namespaces are not allowed here", file=sys.stderr)
            sys.exit(NOT_ALLOWED)
        os.environ[INSIDE] = str(os.getpid())  # `unshare` keeps the process
        os.execvp(prefix[0], [*prefix, sys.executable, *sys.argv])
    raise_loopback()


def leave_for_own_network():
    """Gives the calling thread, and the processes that it starts, a network of their own. A program that has entered
    uses it so that what its threads run beside each other cannot meet on a port."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare: " + os.strerror(ctypes.get_errno()))
    raise_loopback()


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)


def add_addresses(addresses):
    """Gives the loopback interface the IPv6 addresses among these; 127.0.0.0/8 is there by itself. They can be used at
    once: without IFA_F_NODAD the kernel would first, a moment later, see to it that nobody else has them."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as kernel:
        for address in addresses:
            if ":" in address:
                packed = socket.inet_pton(socket.AF_INET6, address)
                message = struct.pack("=4BI", socket.AF_INET6, 128, IFA_F_NODAD, 0, socket.if_nametoindex("lo"))
                message += struct.pack("=2H16s", 20, IFA_LOCAL, packed)
                kind = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE
                kernel.send(struct.pack("=I2H2I", 16 + len(message), RTM_NEWADDR, kind, 0, 0) + message)
                error = -struct.unpack_from("=i", kernel.recv(4096), 16)[0]
                if error:
                    raise OSError(error, f"{address}: {os.strerror(error)}")


CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
NETLINK_ROUTE, RTM_NEWADDR = 0, 20
NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE, NLM_F_CREATE = 1, 4, 0x100, 0x400
IFA_LOCAL, IFA_F_NODAD = 2, 2
