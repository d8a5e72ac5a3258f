# SPDX-License-Identifier: MIT
"""The parsers that Python reaches, with inputs that Hypothesis makes: addresses, lines and pieces of streams, DNS records.

The same examples each time, unless EXAMPLES in the environment says how many new ones to try for each test.
"""

import ctypes
import io
import ipaddress
import os
import socket
import struct
import unittest

import cqueues
from cqueues import records
from cqueues._library import declared, library, numeric
from cqueues.testing import memory_stream_pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_dns import TYPES, data, name

bounded = settings(
    max_examples=int(os.environ.get("EXAMPLES", 60)), derandomize="EXAMPLES" not in os.environ, database=None, deadline=5000,
    suppress_health_check=list(HealthCheck),
)

#: Labels of host names, and names of them.
labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=20)
names = st.lists(labels, min_size=1, max_size=5).map(lambda parts: ".".join(parts) + ".")
numbers16, numbers32 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)
strings = st.binary(max_size=255)
#: Texts that are addresses, or nearly.
nearly = st.builds(
    lambda address, at, noise, cut: str(address)[: at % 40] + noise + str(address)[at % 40 + cut :],
    st.ip_addresses(), st.integers(0, 39), st.text("0123456789abcdefABCDEFx:.[]/ -", max_size=3), st.integers(0, 3),
)
tags = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=15)
#: Of each type the arguments of `data`, and the members of the record that this is.
rdata = st.one_of(
    st.ip_addresses(v=4).map(lambda a: ("A", (str(a),), {"addr": str(a)})),
    st.ip_addresses(v=6).map(lambda a: ("AAAA", (str(a),), {"addr": socket.inet_ntop(socket.AF_INET6, a.packed)})),
    st.tuples(numbers16, names).map(lambda v: ("MX", v, dict(zip(("preference", "host"), v)))),
    st.tuples(numbers16, numbers16, numbers16, names).map(
        lambda v: ("SRV", v, dict(zip(("priority", "weight", "port", "target"), v)))
    ),
    st.lists(strings, min_size=1, max_size=4).map(lambda v: ("TXT", tuple(v), {"data": b"".join(v)})),
    st.tuples(st.integers(0, 255), tags, st.binary(max_size=300)).map(
        lambda v: ("CAA", (v[0], v[1].encode(), v[2]), dict(zip(("flags", "tag", "value"), v)))
    ),
    st.tuples(names, names, *[numbers32] * 5).map(
        lambda v: ("SOA", v, dict(zip(("mname", "rname", "serial", "refresh", "retry", "expire", "minimum"), v)))
    ),
    names.map(lambda host: ("NS", (host,), {"host": host})),
    names.map(lambda host: ("CNAME", (host,), {"host": host})),
    names.map(lambda host: ("PTR", (host,), {"host": host})),
)


def parsed(host, port):
    """The host and port that the library makes of a text; None for what is no address."""
    address = declared.cq_address()
    if library.cq_address_parse(host.encode(), port, ctypes.byref(address)):
        return None
    return numeric(address)


def found(message, rtype):
    """The records of a type in the answer section of a message; None for what is no message."""
    place = ctypes.c_void_p()
    if library.cq_dns_packet_parse(message, len(message), ctypes.byref(place)):
        return None
    try:
        return records.answers(place.value, rtype)
    finally:
        library.cq_dns_packet_free(place)


def answer(owner, rtype, ttl, content, count=1):
    record = name(owner) + struct.pack("!HHIH", rtype, 1, ttl, len(content)) + content
    return struct.pack("!HHHHHH", 1, 0x8180, 0, count, 0, 0) + record


class Addresses(unittest.TestCase):
    @bounded
    @given(st.ip_addresses(), st.integers(0, 65535))
    def test_each_address_is_read_and_written_as_the_system_does(self, address, port):
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        self.assertEqual(parsed(str(address), port), (socket.inet_ntop(family, address.packed), port))
        if address.version == 6:
            self.assertEqual(parsed(address.exploded, port), parsed(address.compressed, port))

    @bounded
    @given(st.one_of(nearly, st.text("0123456789abcdefABCDEFx:.[]/ -", max_size=45)))
    def test_what_is_read_as_an_address_is_one(self, text):
        address = parsed(text, 7)
        if address is not None:
            self.assertEqual(parsed(*address), address)
            self.assertEqual(ipaddress.ip_address(address[0]), ipaddress.ip_address(text))
        else:
            with self.assertRaises(ValueError):
                ipaddress.ip_address(text)

    @bounded
    @given(st.text(max_size=30))
    def test_any_text_is_an_address_or_refused(self, text):
        if "\0" not in text:
            address = parsed(text, 0)
            self.assertTrue(address is None or isinstance(address[0], str))

    @bounded
    @given(st.one_of(nearly, st.text(max_size=30)))
    def test_any_text_is_a_name_server_or_refused(self, text):
        try:
            cqueues.Resolver(nameservers=[text])
        except ValueError:
            pass
        try:
            cqueues.Resolver(hosts={text: "192.0.2.1"}, search=[text])
        except ValueError:
            pass


class Streams(unittest.TestCase):
    @bounded
    @given(
        st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"\n", b"\r\n", b"\r", b"x" * 5000])), max_size=12),
        st.lists(st.tuples(st.sampled_from(["readline", "read_exactly", "read"]), st.integers(0, 6000)), max_size=12),
    )
    def test_any_mix_of_reads_gives_what_was_written(self, pieces, reads):
        """A file of the same bytes is what it is compared with."""

        async def write(stream):
            for piece in pieces:
                await stream.write(piece)
                await cqueues.checkpoint()
            await stream.finish()

        async def main():
            model = io.BytesIO(b"".join(pieces))
            there, here = memory_stream_pair()
            async with there, here, cqueues.open_nursery() as nursery:
                nursery.start_soon(write, there)
                for what, size in reads:
                    at = model.tell()
                    if what == "readline":
                        self.assertEqual(await here.readline(), model.readline())
                    elif what == "read":
                        got = await here.read(size)
                        self.assertEqual(got, model.read(len(got)))
                        self.assertTrue(got or not size or at == len(model.getvalue()))
                    elif len(model.getvalue()) - at >= size:
                        self.assertEqual(await here.read_exactly(size), model.read(size))
                    else:
                        with self.assertRaises(EOFError):
                            await here.read_exactly(size)
                self.assertEqual(await here.read_all(), model.read())

        cqueues.run(main)

    @bounded
    @given(st.binary(max_size=300), st.integers(1, 50))
    def test_lines_are_those_of_the_whole_in_whatever_pieces_they_come(self, whole, size):
        async def main():
            there, here = memory_stream_pair()
            async with there, here, cqueues.open_nursery() as nursery:

                async def write():
                    for at in range(0, len(whole), size):
                        await there.write(whole[at : at + size])
                        await there.drain()
                    await there.finish()

                nursery.start_soon(write)
                return [line async for line in here.lines()]

        wanted = [line[:-1] if line.endswith(b"\r") else line for line in whole.split(b"\n")]
        if whole.endswith(b"\n") or not whole:
            wanted.pop()
        else:
            wanted[-1] = whole.split(b"\n")[-1]  # it has no end
        self.assertEqual(cqueues.run(main), wanted)


class Records(unittest.TestCase):
    @bounded
    @given(names, st.integers(0, 2**31 - 1), rdata)
    def test_each_record_has_the_members_that_were_sent(self, owner, ttl, record):
        kind, arguments, members = record
        self.assertEqual(
            found(answer(owner, TYPES[kind], ttl, data(kind, *arguments)), TYPES[kind]), [getattr(records, kind)(owner, ttl, **members)]
        )

    @bounded
    @given(rdata, st.integers(0, 400), st.binary(max_size=8))
    def test_what_is_cut_or_changed_is_a_record_or_refused(self, record, at, noise):
        kind, arguments, _ = record
        whole = answer("a.example.", TYPES[kind], 5, data(kind, *arguments))
        self.told_or_refused(whole[:at], TYPES[kind])
        self.told_or_refused(whole[: at % len(whole)] + noise + whole[at % len(whole) + len(noise) :], TYPES[kind])

    @bounded
    @given(st.binary(max_size=100), st.integers(0, 3), st.sampled_from(sorted(TYPES.values()) + [255]))
    def test_any_bytes_are_a_message_or_refused(self, noise, count, rtype):
        self.told_or_refused(noise, rtype)
        self.told_or_refused(struct.pack("!HHHHHH", 1, 0x8180, 0, count, 0, 0) + noise, rtype)

    def told_or_refused(self, message, rtype):
        try:
            made = found(message, rtype)
        except cqueues.Error as why:
            self.assertIn(why.name, ("CQ_EILLEGAL", "CQ_ENOBUFS"))
            return
        for record in made or ():
            self.assertIsInstance(record, records.Record)
            repr(record)

    @bounded
    @given(st.text(max_size=20))
    def test_any_text_is_a_type_or_refused(self, text):
        try:
            number = records.type_number(text)
        except ValueError:
            return
        self.assertTrue(0 <= number <= 65535)
