# SPDX-License-Identifier: MIT
"""The order of addresses beside glibc: `run.sh` starts this.

In a network of its own with various addresses and routes, `cq_dns_sort` sorts as getaddrinfo(3) does, which has the table of
policies of RFC 6724 from a gai.conf(5) of that network: without one glibc takes that of the older RFC 3484.

    with_glibc.py LIBRARY
"""

import ctypes
import itertools
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import namespace

GAI_CONF = """label ::1/128 0
label ::/0 1
label ::ffff:0:0/96 4
label 2002::/16 2
label 2001::/32 5
label fc00::/7 13
label ::/96 3
label fec0::/10 11
label 3ffe::/16 12
precedence ::1/128 50
precedence ::/0 40
precedence ::ffff:0:0/96 35
precedence 2002::/16 30
precedence 2001::/32 5
precedence fc00::/7 3
precedence ::/96 1
precedence fec0::/10 1
precedence 3ffe::/16 1
"""
# Addresses of this host in each network, and whether there is a default route for IPv4 and IPv6.
NETWORKS = {
    "IPv4 alone": (["192.0.2.9/24"], True, False),
    "IPv6 alone": (["2001:db8:1::9/64"], False, True),
    "both": (["192.0.2.9/24", "10.1.2.9/16", "2001:db8:1::9/64"], True, True),
    "both without a way out": (["192.0.2.9/24", "2001:db8:1::9/64"], False, False),
    "unique local addresses and 6to4": (["192.0.2.9/24", "fd00:1::9/64", "2002:c000:209::9/64"], True, True),
    "link-local IPv4": (["169.254.1.9/16", "2001:db8:1::9/64", "fd00:1::9/64"], True, True),
    "an address that goes out of use": (["192.0.2.9/24", "2001:db8:1::9/64 preferred_lft 0", "fd00:1::9/64"], True, True),
}
TARGETS = ["127.0.0.1", "::1", "192.0.2.77", "192.0.3.1", "10.1.200.1", "198.51.100.1", "203.0.113.1", "169.254.7.7",
           "2001:db8:1::77", "2001:db8:2::1", "2001:db8:ffff::1", "2002:c000:201::1", "fd00:1::77", "fd00:2::1", "fec0::1",
           "3ffe::1", "2001::1", "2a00::1"]
NAME = "all.order.test"
failed = 0


class Address(ctypes.Structure):
    _fields_ = [("storage", ctypes.c_uint64 * 16), ("size", ctypes.c_uint32)]


class Name(ctypes.Structure):
    _fields_ = [("family", ctypes.c_int), ("rest", ctypes.c_char * 1024)]


def report(good, name, said=""):
    global failed
    failed += not good
    print(f"{'ok' if good else 'FAILED':<6} {name}{': ' if said else ''}{said}", flush=True)


def ours(library, targets):
    """The texts of addresses in our order."""
    array = (Address * len(targets))()
    for place, text in zip(array, targets):
        if library.cq_address_parse(text.encode(), 80, ctypes.byref(place)):
            raise ValueError(text)
    if library.cq_dns_sort(array, ctypes.c_size_t(len(targets))):
        raise ValueError("not sorted")
    known = {}
    for text in targets:
        one = Address()
        library.cq_address_parse(text.encode(), 80, ctypes.byref(one))
        known[bytes(one)] = text
    return [known[bytes(one)] for one in array]


def theirs():
    return [found[4][0] for found in socket.getaddrinfo(NAME, 80, type=socket.SOCK_STREAM)]


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL)


def build(addresses, v4_out, v6_out):
    """A network with one interface that leads nowhere."""
    subprocess.run(["ip", "link", "del", "out"], check=False, stderr=subprocess.DEVNULL)
    ip("link", "add", "out", "type", "veth", "peer", "name", "far")
    ip("link", "set", "far", "up")
    ip("link", "set", "out", "up")
    for address in addresses:
        words = address.split()
        ip("address", "add", words[0], "dev", "out", *(["nodad"] if ":" in address else []), *words[1:])
    if v4_out:
        ip("-4", "route", "add", "default", "dev", "out")
    if v6_out:
        ip("-6", "route", "add", "default", "dev", "out")


def mount(folder, name, text):
    path = Path(folder) / name
    path.write_text(text, encoding="utf-8")
    target = Path("/etc") / name
    if not target.exists():
        return False
    subprocess.run(["mount", "--bind", path, target], check=True)
    return True


def main():
    namespace.enter()
    if not shutil.which("ip"):
        print("skip   the order of addresses beside glibc: ip is not installed")
        print("glibc: 0 passed, 0 failed, 1 skipped")
        return 0
    library = ctypes.CDLL(sys.argv[1])
    passed = 0
    numbers = random.Random(6724)
    with tempfile.TemporaryDirectory() as folder:
        mount(folder, "nsswitch.conf", "hosts: files\n")
        if not mount(folder, "gai.conf", GAI_CONF) or not mount(folder, "hosts", ""):
            print("skip   the order of addresses beside glibc: there is no /etc/gai.conf or no /etc/hosts")
            print("glibc: 0 passed, 0 failed, 1 skipped")
            return 0
        for what, network in NETWORKS.items():
            build(*network)
            wrong = []
            pairs = list(itertools.permutations(TARGETS, 2))
            lists = pairs + [tuple(numbers.sample(TARGETS, 6)) for _ in range(100)]
            for targets in lists:
                Path("/etc/hosts").write_text("".join(f"{text} {NAME}\n" for text in targets), encoding="utf-8")
                # What the file says comes IPv6 first from glibc; the order counts where addresses are of equal rank.
                plain = sorted(targets, key=lambda text: ":" not in text)
                if ours(library, plain) != theirs():
                    wrong.append(f"{plain}: {ours(library, plain)}, not {theirs()}")
            report(not wrong, f"the order of addresses is that of glibc: {what}", "; ".join(wrong[:3]))
            passed += not wrong
    print(f"glibc: {passed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
