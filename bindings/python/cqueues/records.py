# SPDX-License-Identifier: MIT
"""Records of the DNS: a class for each common type, and `Other` for the rest."""

from __future__ import annotations

import ctypes
import errno
from dataclasses import dataclass, fields
from typing import Any, Callable

from ._library import check, declared, error, library

__all__ = ["A", "AAAA", "CAA", "CNAME", "HTTPS", "MX", "NS", "Other", "PTR", "Record", "SOA", "SRV", "SVCB", "TXT"]


@dataclass(frozen=True)
class Record:
    """What all have: the name that it is of, and for how many seconds it holds."""

    name: str
    ttl: int


@dataclass(frozen=True)
class A(Record):
    """An IPv4 address."""

    addr: str


@dataclass(frozen=True)
class AAAA(Record):
    """An IPv6 address."""

    addr: str


@dataclass(frozen=True)
class MX(Record):
    """A host that takes the domain's mail; the one with the lowest number first."""

    preference: int
    host: str


@dataclass(frozen=True)
class SRV(Record):
    """Where a service is."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True)
class TXT(Record):
    """A text: its strings, joined."""

    data: bytes


@dataclass(frozen=True)
class CAA(Record):
    """Who may issue certificates."""

    flags: int
    tag: str
    value: bytes


@dataclass(frozen=True)
class SOA(Record):
    """What a zone is like."""

    mname: str
    rname: str
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int


@dataclass(frozen=True)
class NS(Record):
    """A name server of the zone."""

    host: str


@dataclass(frozen=True)
class CNAME(Record):
    """The name that this one stands for."""

    host: str


@dataclass(frozen=True)
class PTR(Record):
    """The name of an address."""

    host: str


@dataclass(frozen=True)
class SVCB(Record):
    """How to reach a service. `params` is text as in zone files: 'alpn="h2" port=8443'."""

    priority: int
    target: str
    params: str


@dataclass(frozen=True)
class HTTPS(SVCB):
    """The same for HTTPS."""


@dataclass(frozen=True)
class Other(Record):
    """A record of another type: its name or "TYPE65280", and its data as text in zone files."""

    type: str
    text: str


_CLASSES: dict[str, Any] = {kind.__name__: kind for kind in (A, AAAA, CAA, CNAME, HTTPS, MX, NS, PTR, SOA, SRV, SVCB, TXT)}


def type_number(name: str) -> int:
    """The number of a type: "MX" or "TYPE65280". ValueError for what is none."""
    number = ctypes.c_uint()
    if library.cq_dns_type_number(name.encode("ascii", "replace"), ctypes.byref(number)):
        raise ValueError(f"{name!r} is no type of records")
    return number.value


def _written(write: Callable[[Any, int, Any], int]) -> bytes:
    """What a function of the library writes, however long it is."""
    length, size = ctypes.c_size_t(), 1100
    while True:
        place = ctypes.create_string_buffer(size)
        code = write(place, size, ctypes.byref(length))
        if code != declared.CQ_ENOBUFS or length.value < size:
            check(code)
            return place.raw[: length.value]
        size = length.value + 1


def _member(record: Any, member: str, kind: str) -> Any:
    if kind == "int":
        number = ctypes.c_uint32()
        check(library.cq_dns_record_number(record, member.encode(), ctypes.byref(number)))
        return number.value
    raw = _written(lambda *to: library.cq_dns_record_text(record, member.encode(), *to))
    return raw if kind == "bytes" else raw.decode("utf-8", "backslashreplace")


def _made(found: Any) -> Record:
    record = ctypes.byref(found)
    name = _written(lambda *to: library.cq_dns_record_name(record, *to)).decode("utf-8", "backslashreplace")
    place = ctypes.create_string_buffer(32)
    check(library.cq_dns_type_name(found.rtype, place, len(place)))
    type = place.value.decode()
    kind = _CLASSES.get(type)
    if kind is None:
        shown = _written(lambda *to: library.cq_dns_record_format(record, *to))
        return Other(name, found.ttl, type, shown.decode("utf-8", "backslashreplace"))
    values = [_member(record, field.name, str(field.type)) for field in fields(kind)[2:]]
    return kind(name, found.ttl, *values)  # type: ignore[no-any-return]


def answers(packet: int, rtype: int) -> list[Record]:
    """The records of a type in a message's answer section; all of them for ANY."""
    selector = declared.cq_dns_selector()
    selector.size, selector.sections = ctypes.sizeof(selector), declared.CQ_DNS_ANSWER
    selector.rtype = rtype
    cursor, record = ctypes.c_uint64(), declared.cq_dns_record()
    out: list[Any] = []
    while True:
        code = library.cq_dns_packet_grep(packet, ctypes.byref(selector), ctypes.byref(cursor), ctypes.byref(record))
        if code == errno.ENOENT:
            return out
        if code:
            raise error(code)
        out.append(_made(record))

