# SPDX-License-Identifier: MIT
"""DNS, against a name server of the test's own."""

import socket
import struct
import threading
import time
import unittest

import cqueues
from cqueues import records

INET = socket.AF_INET


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.rstrip(".").split(".") if label) + b"\0"


def data(kind, *parts):
    return {
        "A": lambda a: socket.inet_pton(socket.AF_INET, a),
        "AAAA": lambda a: socket.inet_pton(socket.AF_INET6, a),
        "MX": lambda number, host: struct.pack("!H", number) + name(host),
        "SRV": lambda a, b, c, host: struct.pack("!HHH", a, b, c) + name(host),
        "TXT": lambda *texts: b"".join(bytes([len(text)]) + text for text in texts),
        "CAA": lambda flags, tag, value: bytes([flags, len(tag)]) + tag + value,
        "SOA": lambda m, r, *numbers: name(m) + name(r) + struct.pack("!IIIII", *numbers),
        "NS": name, "CNAME": name, "PTR": name,
        "HTTPS": lambda priority, host, more: struct.pack("!H", priority) + name(host) + more,
        "SVCB": lambda priority, host, more: struct.pack("!H", priority) + name(host) + more,
        "TYPE65280": bytes, "HINFO": lambda *texts: b"".join(bytes([len(text)]) + text for text in texts),
    }[kind](*parts)


TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "SVCB": 64,
    "HTTPS": 65, "CAA": 257, "TYPE65280": 65280,
}
ZONE = [
    ("host.example", "A", "192.0.2.2"), ("host.example", "A", "192.0.2.1"), ("host.example", "AAAA", "2001:db8::1"),
    ("alias.example", "CNAME", "host.example"), ("example", "MX", 20, "b.example"), ("example", "MX", 10, "a.example"),
    ("example", "TXT", b"one ", b"t\0wo"), ("example", "SOA", "ns.example", "me.example", 1, 2, 3, 4, 5),
    ("example", "NS", "ns.example"), ("example", "CAA", 128, b"issue", b"ca.example"), ("_x._tcp.example", "SRV", 1, 2, 3, "h.example"),
    ("1.2.0.192.in-addr.arpa", "PTR", "host.example"), ("example", "HTTPS", 1, "", b"\0\1\0\3\2h2"),
    ("example", "SVCB", 0, "h.example", b""), ("example", "TYPE65280", b"\1\2\3"), ("example", "HINFO", b"cpu", b"os"),
    ("short.lan", "A", "192.0.2.9"),
]


class Server(threading.Thread):
    """A name server that knows ZONE; of names with "silent" it says nothing, of those with "broken" that it failed."""

    def __init__(self):
        super().__init__()
        self.socket = socket.socket(INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "[127.0.0.1]:%d" % self.socket.getsockname()[1]
        self.asked = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", self.socket.getsockname())
        self.join()
        self.socket.close()

    def run(self):
        while True:
            question, peer = self.socket.recvfrom(4096)
            if not question:
                return
            labels, at = [], 12
            while question[at]:
                labels.append(question[at + 1 : at + 1 + question[at]].decode())
                at += 1 + question[at]
            asked, rtype = ".".join(labels).lower(), struct.unpack_from("!H", question, at + 1)[0]
            self.asked.append((asked, rtype))
            if "silent" not in asked:
                self.socket.sendto(self.answer(question[:2], question[12 : at + 5], asked, rtype), peer)

    def answer(self, number, question, asked, rtype):
        found, owner = [], asked
        for entry in ZONE:
            if entry[0] == asked and entry[1] == "CNAME" and rtype != 5:
                found.append(entry)
                owner = entry[2]
        found += [entry for entry in ZONE if entry[0] == owner and TYPES[entry[1]] == rtype]
        rcode = 2 if "broken" in asked else 0 if any(entry[0] == asked for entry in ZONE) else 3
        out = number + struct.pack("!HHHHH", 0x8580 | rcode, 1, len(found), 0, 0) + question
        for entry in found:
            raw = data(*entry[1:])
            out += name(entry[0]) + struct.pack("!HHIH", TYPES[entry[1]], 1, 300, len(raw)) + raw
        return out


class Asking(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def resolver(self, **more):
        more = {"hosts": {}, "cache": False, **more}
        return cqueues.Resolver(nameservers=[self.server.address], **more)

    def test_each_type_has_its_class(self):
        expected = {
            ("host.example", "A"): [records.A("host.example.", 300, "192.0.2.2"), records.A("host.example.", 300, "192.0.2.1")],
            ("host.example", "AAAA"): [records.AAAA("host.example.", 300, "2001:db8::1")],
            ("example", "MX"): [records.MX("example.", 300, 20, "b.example."), records.MX("example.", 300, 10, "a.example.")],
            ("_x._tcp.example", "SRV"): [records.SRV("_x._tcp.example.", 300, 1, 2, 3, "h.example.")],
            ("example", "TXT"): [records.TXT("example.", 300, b"one t\0wo")],
            ("example", "CAA"): [records.CAA("example.", 300, 128, "issue", b"ca.example")],
            ("example", "SOA"): [records.SOA("example.", 300, "ns.example.", "me.example.", 1, 2, 3, 4, 5)],
            ("example", "NS"): [records.NS("example.", 300, "ns.example.")],
            ("alias.example", "CNAME"): [records.CNAME("alias.example.", 300, "host.example.")],
            ("example", "SVCB"): [records.SVCB("example.", 300, 0, "h.example.", "")],
            ("example", "HTTPS"): [records.HTTPS("example.", 300, 1, ".", 'alpn="h2"')],
            ("example", "HINFO"): [records.Other("example.", 300, "HINFO", '"cpu" "os"')],
            ("example", "A"): [],
        }

        async def main():
            resolver = self.resolver()
            for (owner, kind), found in expected.items():
                self.assertCountEqual(await resolver.query(owner, kind), found)
            (other,) = await resolver.query("example", "TYPE65280")
            self.assertEqual(other.type, "TYPE65280")
            with self.assertRaises(ValueError):
                await resolver.query("example", "NONSENSE")
            with self.assertRaises(TypeError):
                await resolver.query(b"example")
            (alias,) = await resolver.query("_x._tcp.example", "SRV")
            with self.assertRaises(AttributeError):
                alias.port = 5

        cqueues.run(main)

    def test_addresses_come_of_both_families_of_aliases_and_of_the_search_list(self):
        async def main():
            resolver = self.resolver(search=["lan"])
            both = {"192.0.2.1", "192.0.2.2", "2001:db8::1"}
            self.assertEqual(set(await resolver.resolve("host.example")), both)
            self.assertEqual(set(await resolver.resolve("alias.example")), both)
            self.assertEqual(await resolver.resolve("host.example", family=socket.AF_INET6), ["2001:db8::1"])
            self.assertEqual(await resolver.resolve("short"), ["192.0.2.9"])
            self.assertEqual(await resolver.resolve("192.0.2.77"), ["192.0.2.77"])
            self.assertEqual(await resolver.reverse("192.0.2.1"), ["host.example."])
            with self.assertRaises(ValueError):
                await resolver.reverse("host.example")
            with self.assertRaises(ValueError):
                await resolver.resolve("x", family=77)
            with self.assertRaises(cqueues.Error) as caught:
                await resolver.resolve("nobody.example")
            self.assertEqual(caught.exception.name, "CQ_ENONAME")

        cqueues.run(main)

    def test_hosts_that_are_given_are_not_asked_for(self):
        async def main():
            resolver = self.resolver(hosts={"printer": ["192.0.2.50", "2001:db8::50"], "one": "192.0.2.51"})
            self.assertEqual(set(await resolver.resolve("printer")), {"192.0.2.50", "2001:db8::50"})
            self.assertEqual(await resolver.resolve("one"), ["192.0.2.51"])

        cqueues.run(main)
        self.assertEqual(self.server.asked, [])

    def test_failures_have_their_codes(self):
        async def main():
            for wrong, code in (("nobody.example", "CQ_ENONAME"), ("broken.example", "CQ_EFAIL")):
                with self.assertRaises(cqueues.Error) as caught:
                    await self.resolver().query(wrong, "MX")
                self.assertEqual(caught.exception.name, code)
                self.assertIn(wrong, str(caught.exception))
            with self.assertRaises(OSError):
                await self.resolver().query("a" * 80 + ".example")
            with self.assertRaises(ValueError):
                cqueues.Resolver(nameservers=["no address"])
            with self.assertRaises(ValueError):
                self.resolver(nonsense=1)

        cqueues.run(main)

    def test_a_question_can_be_cancelled(self):
        async def main():
            begun = time.monotonic()
            with cqueues.move_on_after(0.05) as scope:
                await self.resolver().resolve("silent.example")
            self.assertTrue(scope.cancelled_caught)
            self.assertLess(time.monotonic() - begun, 3)
            with self.assertRaises(cqueues.Error):
                await self.resolver(timeout=1, attempts=1).query("silent.example")

        cqueues.run(main)

    def test_a_recursive_resolver_begins_at_the_servers_that_it_is_given(self):
        async def main():
            resolver = self.resolver(recursive=True)
            self.assertEqual(await resolver.query("example", "NS"), [records.NS("example.", 300, "ns.example.")])
            self.assertEqual(await resolver.resolve("host.example", family=socket.AF_INET6), ["2001:db8::1"])

        cqueues.run(main)

    def test_a_hundred_questions_at_once(self):
        async def main():
            resolver, found = self.resolver(), []

            async def ask():
                found.append(await resolver.resolve("host.example", family=socket.AF_INET6))

            async with cqueues.open_nursery() as nursery:
                for _ in range(100):
                    nursery.start_soon(ask)
            self.assertEqual(found, [["2001:db8::1"]] * 100)

        cqueues.run(main)


if __name__ == "__main__":
    unittest.main()
