# SPDX-License-Identifier: MIT
"""DNS: addresses of hosts, and records of any type, by the library's resolver."""

from __future__ import annotations

import ctypes
import errno
import socket
from collections.abc import Iterable, Mapping
from typing import Any, Optional, Union

from ._library import Error, check, declared, error, library, numeric
from ._loop import CHECK, ENDLESS, operation
from ._scopes import open_nursery
from .records import Record, answers, type_number

__all__ = ["Resolver", "query", "resolve", "reverse"]

_ANSWER, _IN = declared.CQ_DO_ANSWER, 1
_A, _AAAA, _PTR = 1, 28, 12
_NOERROR, _NXDOMAIN = 0, 3
#: How many addresses of a host are looked at.
_MOST = 64


def _wire(name: str) -> bytes:
    """A name as it is asked for."""
    if not isinstance(name, str):
        raise TypeError(f"a name is a str, not {type(name).__name__}")
    return name.encode("ascii" if name.isascii() else "idna")


class Resolver:
    """Whom to ask, and how. Without arguments a stub resolver of the system's configuration.

    `nameservers`: addresses, "127.0.0.1" or "[::1]:5353", instead of the system's configuration; of a recursive resolver,
    those of the root. `recursive`: follow referrals from the root. `hosts`: names and their addresses, instead of the
    system's hosts file. `search`: domains. Options are those of `cq_dns_config_set`, with underscores: `timeout=2`.
    """

    _config: Optional[int] = None
    _hosts: Optional[int] = None
    _hints: Optional[int] = None

    def __init__(
        self,
        *,
        recursive: bool = False,
        nameservers: Optional[Iterable[str]] = None,
        hosts: Optional[Mapping[str, Union[str, Iterable[str]]]] = None,
        search: Optional[Iterable[str]] = None,
        **options: Any,
    ) -> None:
        servers = None if nameservers is None else [nameservers] if isinstance(nameservers, str) else list(nameservers)
        place = ctypes.c_void_p()
        if servers is None:
            make = library.cq_dns_config_root if recursive else library.cq_dns_config_stub
        else:
            make = library.cq_dns_config_new
        check(make(ctypes.byref(place)))
        self._config = place.value
        if servers is not None:
            self._list(declared.CQ_DNS_NAMESERVERS, [] if recursive else servers)
            self._list(declared.CQ_DNS_LOOKUP, ["file", "bind"])
        if search is not None:
            self._list(declared.CQ_DNS_SEARCH, search)
        for option, value in {"recurse": recursive, **options}.items():
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            self._told(library.cq_dns_config_set(self._config, option.replace("_", "-").encode(), shown.encode()), option)
        if hosts is not None:
            check(library.cq_dns_hosts_new(ctypes.byref(place)))
            self._hosts = place.value
            for name, addresses in hosts.items():
                for at, address in enumerate([addresses] if isinstance(addresses, str) else addresses):
                    self._told(library.cq_dns_hosts_insert(self._hosts, address.encode(), _wire(name), at == 0), address)
        if recursive and servers is not None:
            check(library.cq_dns_hints_new(ctypes.byref(place)))
            self._hints = place.value
            for server in servers:
                self._told(library.cq_dns_hints_insert(self._hints, b".", server.encode(), 0), server)

    def _list(self, list: int, entries: Iterable[str]) -> None:
        check(library.cq_dns_config_clear(self._config, list))
        for entry in entries:
            self._told(library.cq_dns_config_add(self._config, list, entry.encode()), entry)

    @staticmethod
    def _told(code: int, what: str) -> None:
        if code:
            words = str(error(code).strerror)
            raise ValueError(f"{what}: {words}")

    def __del__(self) -> None:
        library.cq_dns_config_free(self._config)
        library.cq_dns_hosts_free(self._hosts)
        library.cq_dns_hints_free(self._hints)

    async def _ask(self, name: bytes, rtype: int) -> list[Record]:
        """The records of a type; Error with CQ_ENONAME for a name that is not, with CQ_EFAIL if no server could tell."""
        place = ctypes.c_void_p()
        check(library.cq_dns_resolver_new(self._config, self._hosts, self._hints, ctypes.byref(place)))
        resolver, packet = place.value, None
        try:
            check(library.cq_dns_resolver_submit(resolver, name, rtype, _IN), name.decode())
            packet = await operation(_ANSWER, CHECK, 0, 0, resolver, 0, 0, ENDLESS, 0)
            rcode = library.cq_dns_packet_rcode(packet)
            if rcode == _NXDOMAIN:
                raise error(declared.CQ_ENONAME, name.decode())
            if rcode != _NOERROR:
                raise error(declared.CQ_EFAIL, self._reason(resolver) or f"{name.decode()}: rcode {rcode}")
            return answers(packet, rtype)
        finally:
            library.cq_dns_packet_free(packet)
            library.cq_dns_resolver_free(resolver)

    @staticmethod
    def _reason(resolver: Optional[int]) -> str:
        words = ctypes.create_string_buffer(1024)
        library.cq_dns_resolver_reason(resolver, words, len(words), None)
        return words.value.decode("utf-8", "replace")

    async def query(self, name: str, type: str = "A") -> list[Record]:
        """The records of a type that a name has, of the classes in `cqueues.records`; [] if it has others only.

        Errors: Error with CQ_ENONAME if there is no such name, CQ_EFAIL if no server could tell; ValueError for a type
        that is none; OSError of the only server.
        """
        return await self._ask(_wire(name), type_number(type))

    async def resolve(self, host: str, *, family: int = socket.AF_UNSPEC) -> list[str]:
        """The addresses of a host, in the order in which to connect to them (RFC 6724). `family`: AF_INET or AF_INET6 only.

        The search list counts, the hosts file does, and an address stands for itself. Errors: Error with CQ_ENONAME if
        there are none; as for `query`.
        """
        if family not in (socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6):
            raise ValueError("a family is AF_INET, AF_INET6 or AF_UNSPEC")
        raw = _wire(host)
        known = self._known(raw, family)
        if known is not None:
            return known
        types = [_AAAA] * (family != socket.AF_INET) + [_A] * (family != socket.AF_INET6)
        failure: OSError = error(declared.CQ_ENONAME, host)
        for candidate in self._candidates(raw):
            found: list[str] = []
            failures: list[OSError] = []

            async def ask(rtype: int, candidate: bytes = candidate, found: Any = found, failures: Any = failures) -> None:
                try:
                    found += [record.addr for record in await self._ask(candidate, rtype)]  # type: ignore[attr-defined]
                except OSError as why:
                    failures.append(why)

            async with open_nursery() as nursery:
                for rtype in types[1:]:
                    nursery.start_soon(ask, rtype, name=f"resolve {host}")
                await ask(types[0])
            if found:
                return _sorted(found)
            for why in failures:
                if not (isinstance(why, Error) and why.errno == declared.CQ_ENONAME):
                    failure = why
        raise failure

    def _known(self, host: bytes, family: int) -> Optional[list[str]]:
        """The addresses for which nobody has to be asked; None if there are none."""
        place = ctypes.c_void_p()
        check(library.cq_dns_resolver_new(self._config, self._hosts, self._hints, ctypes.byref(place)))
        list, count = (declared.cq_address * _MOST)(), ctypes.c_size_t(_MOST)
        try:
            code = library.cq_dns_resolver_known(place, host, family, list, ctypes.byref(count))
            if code != errno.EAGAIN:
                check(code, host.decode())
                return [numeric(address)[0] for address in list[: count.value]]
            return None
        finally:
            library.cq_dns_resolver_free(place)

    def _candidates(self, host: bytes) -> list[bytes]:
        place, out = ctypes.create_string_buffer(1300), list[Any]()
        while library.cq_dns_config_candidate(self._config, host, len(out), place, len(place)) == 0:
            out.append(place.value)
        return out

    async def reverse(self, address: str) -> list[str]:
        """The names of an address, as name servers tell them: who holds the address may claim any.

        Errors: ValueError for what is no address; as for `query`.
        """
        parsed, place = declared.cq_address(), ctypes.create_string_buffer(80)
        if library.cq_address_parse(address.encode(), 0, ctypes.byref(parsed)):
            raise ValueError(f"{address!r} is no address")
        check(library.cq_dns_reverse_name(ctypes.byref(parsed), place, len(place)))
        return [record.host for record in await self._ask(place.value, _PTR)]  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return "<cqueues.Resolver>"


def _sorted(found: list[str]) -> list[str]:
    """Addresses in the order in which to connect to them, each once."""
    texts = list(dict.fromkeys(found))[:_MOST]
    addresses = (declared.cq_address * len(texts))()
    for at, text in enumerate(texts):
        check(library.cq_address_parse(text.encode(), 0, ctypes.byref(addresses[at])))
    check(library.cq_dns_sort(addresses, len(texts)))
    return [numeric(address)[0] for address in addresses]


async def resolve(host: str, *, family: int = socket.AF_UNSPEC) -> list[str]:
    """The addresses of a host by the system's configuration: see `Resolver.resolve`."""
    return await Resolver().resolve(host, family=family)


async def query(name: str, type: str = "A") -> list[Record]:
    """The records of a type by the system's configuration: see `Resolver.query`."""
    return await Resolver().query(name, type)


async def reverse(address: str) -> list[str]:
    """The names of an address by the system's configuration: see `Resolver.reverse`."""
    return await Resolver().reverse(address)
