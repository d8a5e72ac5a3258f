# SPDX-License-Identifier: MIT
"""Datagrams over UDP."""

from __future__ import annotations

import ctypes
import errno
import select
import socket
from collections.abc import Iterable
from functools import lru_cache
from types import TracebackType
from typing import Any, Optional, Union

from ._library import check, declared, error, library, numeric
from ._loop import BYTES_AT, CHECK, ENDLESS, checkpoint, operation
from ._poll import poll
from ._sockets import _Handle, _Options

__all__ = ["DatagramSocket", "bind"]

#: No datagram is longer.
_LONGEST = 65536
#: How many come or go at once.
_AT_ONCE = 32
#: After so many calls in turn that had nothing to wait for, others run.
_TURN = 16
Address = tuple[str, int]
Data = Union[bytes, bytearray, memoryview]


@lru_cache(maxsize=1024)
def _parsed(host: str, port: int) -> Any:
    address = declared.cq_address()
    check(library.cq_address_parse(host.encode(), port, ctypes.byref(address)), host)
    return address


def _address(address: Address) -> Any:
    if not (isinstance(address, tuple) and len(address) == 2 and isinstance(address[0], str) and isinstance(address[1], int)):
        raise TypeError("an address is a numeric host and a port")
    if not 0 <= address[1] <= 65535:
        raise ValueError(f"{address[1]} is no port")
    return _parsed(*address)


class DatagramSocket(_Handle):
    """A UDP socket: see `bind`."""

    def __init__(self, handle: int) -> None:
        super().__init__(handle)
        self._at_once = 0
        self._room: Any = None
        self._list: Any = None

    async def _when(self, events: int, code: int) -> None:
        """Waits until it is worth another try after EAGAIN; raises all else."""
        if code != errno.EAGAIN:
            raise error(code)
        self._at_once = 0
        await poll("socket", self._live(), events=events)

    async def _turn(self) -> None:
        self._at_once += 1
        if self._at_once >= _TURN:
            self._at_once = 0
            await checkpoint()

    async def receive(self) -> tuple[bytes, Address]:
        """The next datagram, and its sender's address."""
        await self._turn()
        if self._room is None:
            self._room = ctypes.create_string_buffer(_LONGEST)
        size, peer = ctypes.c_size_t(), declared.cq_address()
        while True:
            code = library.cq_socket_try_recvfrom(self._live(), self._room, _LONGEST, ctypes.byref(size), ctypes.byref(peer), None)
            if not code:
                return ctypes.string_at(self._room, size.value), numeric(peer)
            await self._when(select.POLLIN, code)

    async def receive_many(self) -> list[tuple[bytes, Address]]:
        """All datagrams that have come, at least one and 32 at most, with few system calls."""
        await self._turn()
        if self._list is None:
            self._list = (declared.cq_datagram * _AT_ONCE)()
            self._rooms = ctypes.create_string_buffer(_AT_ONCE * _LONGEST)
            for at, datagram in enumerate(self._list):
                datagram.data, datagram.size = ctypes.addressof(self._rooms) + at * _LONGEST, _LONGEST
        count = ctypes.c_size_t()
        while True:
            code = library.cq_socket_try_recv_batch(self._live(), self._list, _AT_ONCE, ctypes.byref(count))
            if not code:
                came = self._list[: count.value]
                return [(ctypes.string_at(datagram.data, datagram.received), numeric(datagram.address)) for datagram in came]
            await self._when(select.POLLIN, code)

    async def send_to(self, data: Data, address: Address) -> None:
        """Sends a datagram to a numeric host and a port. Errors: OSError (EMSGSIZE); Error with CQ_ENONAME for a name."""
        if type(data) is not bytes:
            data = bytes(memoryview(data))
        to = ctypes.byref(_address(address))
        await self._turn()
        while True:
            code = library.cq_socket_try_sendto(self._live(), data, len(data), to)
            if not code:
                return
            await self._when(select.POLLOUT, code)

    async def send_many(self, datagrams: Iterable[tuple[Data, Address]]) -> None:
        """Sends datagrams, each to its address, with few system calls. A failure has how many left as its `written`."""
        pieces = [(bytes(memoryview(data)), _address(address)) for data, address in datagrams]
        list = (declared.cq_datagram * len(pieces))()
        for datagram, (data, address) in zip(list, pieces):
            datagram.data, datagram.size = id(data) + BYTES_AT, len(data)
            datagram.address = address
        sent, done = 0, ctypes.c_size_t()
        await self._turn()
        while sent < len(pieces):
            part = ctypes.byref(list, sent * ctypes.sizeof(declared.cq_datagram))
            code = library.cq_socket_try_send_batch(self._live(), part, len(pieces) - sent, ctypes.byref(done))
            if not code:
                sent += done.value
                continue
            try:
                await self._when(select.POLLOUT, code)
            except OSError as why:
                why.written = sent  # type: ignore[attr-defined]
                raise

    async def __aenter__(self) -> DatagramSocket:
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self.close()


async def bind(host: Optional[str] = None, port: int = 0, **options: Any) -> DatagramSocket:
    """A UDP socket at a numeric host's port; 0 is a free one, which `local_name` tells. Without a host at 127.0.0.1.

    Options are those of `cq_options_set` in lower case: `reuseaddr=True`. Errors: OSError (EADDRINUSE).
    """
    chosen = _Options(host or "127.0.0.1", port, None, {"type": socket.SOCK_DGRAM, "reuseaddr": False, **options})
    place = ctypes.c_void_p()
    check(library.cq_socket_listen(chosen.handle, ctypes.byref(place)))
    made = DatagramSocket(place.value or 0)
    await operation(declared.CQ_DO_ESTABLISH, CHECK, 0, 0, made._live(), 0, 0, ENDLESS, 0)
    return made
