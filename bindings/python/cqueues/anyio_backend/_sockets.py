# SPDX-License-Identifier: MIT
"""Sockets of anyio. Each has a socket of Python's, for which the controller waits."""

from __future__ import annotations

import array
import errno
import os
import socket
from collections.abc import Collection
from functools import lru_cache
from typing import Any, NoReturn, Optional, Union

import anyio
import anyio.abc
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import IPSockAddrType, UDPPacketType, UNIXDatagramPacketType

from .._loop import checkpoint
from ._descriptors import READ, WRITE, Waiter, closing
from ._names import getaddrinfo

__all__ = [
    "ConnectedUDPSocket", "ConnectedUNIXDatagramSocket", "Listener", "SocketStream", "UDPSocket", "UNIXDatagramSocket",
    "UNIXListener", "UNIXSocketStream", "connect", "udp",
]

_DATAGRAM = 65536


class _Base:
    """A socket of Python's that does not block, and the waits for it."""

    READS = "reading from"

    def __init__(self, raw: socket.socket) -> None:
        raw.setblocking(False)
        self._raw = raw
        self._is_closed = False
        self._to_read, self._to_write = Waiter(raw.fileno(), READ), Waiter(raw.fileno(), WRITE)
        #: What a task does with it at present, for who would do the same.
        self._reads: Optional[str] = None
        self._writes = anyio.ResourceGuard("writing to")

    @property
    def _raw_socket(self) -> socket.socket:
        return self._raw

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            if self._raw.fileno() >= 0:
                closing(self._raw)
            self._raw.close()
        await checkpoint()

    def _fail(self, why: BaseException) -> NoReturn:
        """Raises what stands for a failure of the socket."""
        if self._is_closed:
            raise ClosedResourceError from None
        if isinstance(why, OSError):
            raise BrokenResourceError from why
        raise why

    def _check(self) -> None:
        if self._is_closed:
            raise ClosedResourceError
        if self._raw.fileno() < 0:
            raise BrokenResourceError

    async def _receive(self, receive: Any, *args: Any) -> Any:
        """Waits until something has come, and receives it: always at least one checkpoint."""
        if self._reads is not None:
            raise anyio.BusyResourceError(self._reads)
        self._reads = self.READS
        try:
            while True:
                self._check()
                await self._to_read.wait()
                try:
                    return receive(*args)
                except (BlockingIOError, InterruptedError):
                    continue
        except OSError as why:
            self._fail(why)
        finally:
            self._reads = None

    async def _send(self, send: Any, *args: Any) -> Any:
        """Sends, when the socket has taken what was sent before; the caller has made a checkpoint."""
        try:
            while True:
                self._check()
                try:
                    return send(*args)
                except (BlockingIOError, InterruptedError):
                    await self._to_write.wait()
        except OSError as why:
            self._fail(why)

    def __del__(self) -> None:
        raw = getattr(self, "_raw", None)
        if raw is not None and not self._is_closed and raw.fileno() >= 0:
            closing(raw)  # its number may be another one's soon


class SocketStream(_Base, anyio.abc.SocketStream):
    async def receive(self, max_bytes: int = 65536) -> bytes:
        if max_bytes < 1:
            raise ValueError("max_bytes must be a positive integer")
        data: bytes = await self._receive(self._raw.recv, max_bytes)
        if not data:
            raise EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        with self._writes:
            self._check()
            await checkpoint()
            left = memoryview(item)
            while left:
                left = left[await self._send(self._raw.send, left) :]

    async def send_eof(self) -> None:
        self._check()
        self._raw.shutdown(socket.SHUT_WR)


class UNIXSocketStream(SocketStream, anyio.abc.UNIXSocketStream):
    async def receive_fds(self, msglen: int, maxfds: int) -> tuple[bytes, list[int]]:
        if not isinstance(msglen, int) or msglen < 0:
            raise ValueError("msglen must be a non-negative integer")
        if not isinstance(maxfds, int) or maxfds < 1:
            raise ValueError("maxfds must be a positive integer")
        numbers = array.array("i")
        message, more, _, _ = await self._receive(self._raw.recvmsg, msglen, socket.CMSG_LEN(maxfds * numbers.itemsize))
        if not message and not more:
            raise EndOfStream
        for level, kind, data in more:
            if level != socket.SOL_SOCKET or kind != socket.SCM_RIGHTS:
                raise RuntimeError(f"Received unexpected ancillary data; message = {message!r}, cmsg_level = {level}, cmsg_type = {kind}")
            numbers.frombytes(data[: len(data) - (len(data) % numbers.itemsize)])
        return message, list(numbers)

    async def send_fds(self, message: bytes, fds: Collection[Any]) -> None:
        if not message:
            raise ValueError("message must not be empty")
        if not fds:
            raise ValueError("fds must not be empty")
        numbers = array.array("i", [fd if isinstance(fd, int) else fd.fileno() for fd in fds])
        more = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)]
        with self._writes:
            self._check()
            await checkpoint()
            left = memoryview(message)
            while left:
                left = left[await self._send(self._raw.sendmsg, [left], more) :]
                more = []  # the descriptors have left with the first bytes


class Listener(_Base, anyio.abc.SocketListener):
    READS = "accepting connections from"

    async def accept(self) -> anyio.abc.SocketStream:
        return self._made(await self._accept())

    def _made(self, raw: socket.socket) -> SocketStream:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return SocketStream(raw)

    async def _accept(self) -> socket.socket:
        while True:
            try:
                raw, _ = await self._receive(self._raw.accept)
                return raw  # type: ignore[no-any-return]
            except BrokenResourceError as why:
                if not isinstance(why.__cause__, ConnectionAbortedError):  # that one is gone, the next may come
                    raise


class UNIXListener(Listener):
    def _made(self, raw: socket.socket) -> UNIXSocketStream:
        return UNIXSocketStream(raw)


class _Datagrams(_Base):
    async def _send_one(self, send: Any, *args: Any) -> None:
        with self._writes:
            self._check()
            await checkpoint()
            await self._send(send, *args)


class UDPSocket(_Datagrams, anyio.abc.UDPSocket):
    async def receive(self) -> UDPPacketType:
        data, address = await self._receive(self._raw.recvfrom, _DATAGRAM)
        return data, _readable(address)

    async def send(self, item: UDPPacketType) -> None:
        data, address = item
        if isinstance(address, tuple) and not _is_numeric(address[0]):  # sendto(2) would block for the name servers
            found = await getaddrinfo(*address[:2], self._raw.family, socket.SOCK_DGRAM, 0, 0)
            address = found[0][4]
        await self._send_one(self._raw.sendto, data, address)


class ConnectedUDPSocket(_Datagrams, anyio.abc.ConnectedUDPSocket):
    async def receive(self) -> bytes:
        return await self._receive(self._raw.recv, _DATAGRAM)  # type: ignore[no-any-return]

    async def send(self, item: bytes) -> None:
        await self._send_one(self._raw.send, item)


class UNIXDatagramSocket(_Datagrams, anyio.abc.UNIXDatagramSocket):
    async def receive(self) -> UNIXDatagramPacketType:
        return await self._receive(self._raw.recvfrom, _DATAGRAM)  # type: ignore[no-any-return]

    async def send(self, item: UNIXDatagramPacketType) -> None:
        await self._send_one(self._raw.sendto, *item)


class ConnectedUNIXDatagramSocket(_Datagrams, anyio.abc.ConnectedUNIXDatagramSocket):
    async def receive(self) -> bytes:
        return await self._receive(self._raw.recv, _DATAGRAM)  # type: ignore[no-any-return]

    async def send(self, item: bytes) -> None:
        await self._send_one(self._raw.send, item)


@lru_cache(maxsize=1024)
def _is_numeric(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return False
    return True


def _readable(address: Any) -> IPSockAddrType:
    """The address of a datagram as anyio gives it: host and port, the host with its zone."""
    if len(address) == 4 and address[3] and "%" not in address[0]:
        return f"{address[0]}%{address[3]}", address[1]
    return address[:2]  # type: ignore[no-any-return]


async def connect(raw: socket.socket, address: Any) -> None:
    """Connects a socket, which is closed where that fails."""
    raw.setblocking(False)
    try:
        await checkpoint()
        code = raw.connect_ex(address)
        if code in (errno.EINPROGRESS, errno.EAGAIN, errno.EINTR):
            if code == errno.EAGAIN:  # of a UNIX socket whose listener has a full queue, which nothing tells the end of
                raise BlockingIOError(code, os.strerror(code))
            await Waiter(raw.fileno(), WRITE).wait()
            code = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        closing(raw)
        raw.close()
        raise


async def udp(
    family: int, local: Optional[IPSockAddrType], remote: Optional[IPSockAddrType], reuse_port: bool
) -> Union[UDPSocket, ConnectedUDPSocket]:
    """A UDP socket, connected if there is a remote address."""
    raw = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if reuse_port:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if local:
            raw.bind(local)
        if remote:
            raw.connect(remote)
    except BaseException:
        raw.close()
        raise
    await checkpoint()
    return ConnectedUDPSocket(raw) if remote else UDPSocket(raw)
