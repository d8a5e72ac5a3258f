# SPDX-License-Identifier: MIT
"""Sockets: streams over TCP, UNIX paths and TLS, and listeners."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Generator
from types import TracebackType, coroutine
from typing import Any, AsyncIterator, Callable, Optional, Union

from ._library import Owner, check, declared, error, library, text
from ._loop import BYTES_AT, CHECK, ENDLESS, READ, WRITE, checkpoint, current, here, operation

__all__ = ["Listener", "Socket", "TLS", "connect", "listen", "pair"]

_UP_TO = declared.CQ_READ_UP_TO
_ACCEPT, _ESTABLISH = declared.CQ_DO_ACCEPT, declared.CQ_DO_ESTABLISH
_BINARY, _AT_ONCE = library.cq_mode_parse(b"b", 1), library.cq_mode_parse(b"bn", 2)
#: A task may have written so much that has not left yet; with more it waits.
_PENDING = 65536
#: How much a read asks for: more while as much has come.
_CHUNKS = (4096, 16384, 65536)
_CHUNK = _CHUNKS[-1]


class TLS:
    """A TLS configuration. Without arguments that of a client, which trusts the system's authorities.

    `certificate`, `key`: PEM files; a server has both. `authorities`: a PEM file or folder, instead of the system's.
    `verify`: whether peers must show a certificate; clients always demand one unless this is False. `name`: instead of the
    host's. `alpn`: protocols, the best first. Errors: OSError, with the file and the cause.
    """

    handle: Optional[int] = None

    def __init__(
        self,
        *,
        certificate: Union[str, os.PathLike[str], None] = None,
        key: Union[str, os.PathLike[str], None] = None,
        authorities: Union[str, os.PathLike[str], None] = None,
        verify: Optional[bool] = None,
        name: Optional[str] = None,
        alpn: tuple[str, ...] = (),
        server: Optional[bool] = None,
    ) -> None:
        is_server = server if server is not None else certificate is not None
        place = ctypes.c_void_p()
        check(library.cq_tls_new(declared.CQ_TLS_SERVER if is_server else declared.CQ_TLS_CLIENT, ctypes.byref(place)))
        self.handle = place.value
        if certificate is not None:
            self._check(library.cq_tls_certificate(self.handle, os.fsencode(certificate), os.fsencode(key or certificate)))
        if authorities is not None:
            self._check(library.cq_tls_authorities(self.handle, os.fsencode(authorities)))
        if verify is not None:
            how = declared.CQ_TLS_VERIFY_REQUIRE if verify else declared.CQ_TLS_VERIFY_NONE
            self._check(library.cq_tls_verify(self.handle, how))
        if name is not None:
            self._check(library.cq_tls_name(self.handle, name.encode()))
        if alpn:
            if any("," in protocol for protocol in alpn):
                raise ValueError("a protocol of ALPN has no comma")
            self._check(library.cq_tls_alpn(self.handle, ",".join(alpn).encode()))

    def _check(self, code: int) -> None:
        if code:
            place = ctypes.create_string_buffer(512)
            check(library.cq_tls_reason(self.handle, place, len(place)))
            raise error(code, text(place.value) or None)

    def __del__(self) -> None:
        library.cq_tls_free(self.handle)

    def __repr__(self) -> str:
        return "<cqueues.TLS>"


class _Handle(Owner):
    """A socket of the library's, which is closed with this object at the latest."""

    __slots__ = ("__weakref__", "is_closed")

    _freed_by = "cq_socket_free"

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.is_closed = False

    def _live(self) -> int:
        if self._handle is None:
            raise ValueError(f"{type(self).__name__} is closed")
        return self._handle

    def _name(self, ask: Callable[[Any, Any], int]) -> Union[tuple[str, int], str]:
        name = declared.cq_name()
        check(ask(self._live(), ctypes.byref(name)))
        shown = name.text.decode("utf-8", "surrogateescape")
        return shown if name.family == socket.AF_UNIX else (shown, name.port)

    @property
    def local_name(self) -> Union[tuple[str, int], str]:
        """Its own address and port, or path."""
        return self._name(library.cq_socket_localname)

    @property
    def descriptor(self) -> int:
        """Its descriptor's number; it stays the socket's."""
        return int(library.cq_socket_pollfd(self._live()))

    def close(self) -> None:
        """Closes it at once; who waits for it gets OSError (EBADF). Again: does nothing."""
        if self._handle is not None and not self.is_closed:
            check(library.cq_socket_close(self._handle))
            self.is_closed = True

    async def aclose(self) -> None:
        """Closes it, and lets others run."""
        self.close()
        await checkpoint()

    def __repr__(self) -> str:
        if self.is_closed or self._handle is None:
            return f"<cqueues.{type(self).__name__} closed>"
        try:
            return f"<cqueues.{type(self).__name__} {self.local_name}>"
        except OSError:
            return f"<cqueues.{type(self).__name__}>"


class Socket(_Handle):
    """A connected stream. Reads and writes are bytes; a read at the end of the stream gives b""."""

    __slots__ = ("_ask", "_at", "_input", "max_line")

    def __init__(self, handle: int) -> None:
        super().__init__(handle)
        #: The longest line that `readline` takes.
        self.max_line = _CHUNK
        check(library.cq_socket_set_mode(handle, declared.CQ_INPUT, _BINARY))
        check(library.cq_socket_set_mode(handle, declared.CQ_OUTPUT, _AT_ONCE))
        #: Which of the sizes the next receive asks for.
        self._ask = 0
        #: Bytes that have come, and the place of the first that was not taken.
        self._input, self._at = b"", 0

    async def readline(self) -> bytes:
        """A line with its end; what is left without one at the end of the stream, then b"".

        Errors: ValueError if more than `max_line` bytes are no line; they stay.
        """
        found, at = self._input, self._at
        end = found.find(b"\n", at) + 1
        while not end:
            if len(found) - at > self.max_line:
                raise ValueError(f"a line of more than {self.max_line} bytes")
            seen = len(found) - at
            if not self._filled(await _receive(self)):
                break
            found, at = self._input, self._at
            end = found.find(b"\n", at + seen) + 1
        end = end or len(found)
        self._at = end
        return found[at:end]

    async def read(self, size: int = _CHUNK) -> bytes:
        """1 to `size` bytes, as soon as there are any; b"" at the end."""
        _check_size(size)
        if self._at == len(self._input) and size and not self._filled(await _receive(self)):
            return b""
        return self._take(size)

    async def read_exactly(self, size: int) -> bytes:
        """`size` bytes; EOFError if the stream ends before, and what came stays."""
        _check_size(size)
        missing = size - (len(self._input) - self._at)
        if missing > _CHUNK:
            pieces = [self._take(size)]
            try:
                pieces.append(await self._read(declared.CQ_READ_EXACTLY, missing))
            finally:
                self._input, self._at = b"".join(pieces), 0
        while len(self._input) - self._at < size:
            if not self._filled(await _receive(self)):
                raise EOFError(f"the stream ended after {len(self._input) - self._at} of {size} bytes")
        return self._take(size)

    async def read_all(self) -> bytes:
        """Everything until the end of the stream."""
        pieces = [self._take(len(self._input))]
        try:
            pieces.append(await self._read(declared.CQ_READ_ALL, 0))
        except BaseException:
            self._input, self._at = pieces[0], 0
            raise
        return b"".join(pieces)

    def _take(self, size: int) -> bytes:
        at = self._at
        found = self._input[at : at + size]
        self._at = at + len(found)
        return found

    def _filled(self, came: bytes) -> bool:
        """Puts what has come behind what is there; False at the end of the stream."""
        if not came:
            return False
        ask = self._ask
        if len(came) == _CHUNKS[ask] and ask < 2:
            self._ask = ask + 1
        elif ask and len(came) < _CHUNKS[ask - 1]:
            self._ask = ask - 1
        left = self._input[self._at :]
        self._input, self._at = left + came if left else came, 0
        return True

    async def _read(self, format: int, size: int) -> bytes:
        try:
            found: Optional[bytes] = await operation(READ, CHECK, format, 0, self._live(), 0, size, ENDLESS, 0)
        except BrokenPipeError:
            return b""
        return found or b""

    async def lines(self) -> AsyncIterator[bytes]:
        """The lines until the end of the stream, without their ends."""
        while True:
            line = await self.readline()
            if not line:
                return
            yield line[:-2] if line.endswith(b"\r\n") else line[:-1] if line.endswith(b"\n") else line

    async def write(self, data: Union[bytes, bytearray, memoryview]) -> None:
        """Writes all of it. It leaves with what the task does next, which fails if it cannot; `drain` makes sure."""
        if type(data) is not bytes:
            if isinstance(data, str):
                raise TypeError("sockets take bytes, not str: encode it")
            data = bytes(memoryview(data))
        task, handle = here.task, self._live()
        if task is None:
            task = current()
        task.written += len(data)
        if task.written <= _PENDING:
            output = task.output
            if not output:
                task.output = [self, [data]]
            elif output[-2] is self:
                output[-1].append(data)
            else:
                output += (self, [data])
            return
        task.written = 0  # all of it leaves now
        await operation(WRITE, 0, 0, 0, handle, id(data) + BYTES_AT, len(data), ENDLESS, 0)

    async def drain(self) -> None:
        """Waits until the kernel has taken what was written."""
        await operation(declared.CQ_DO_FLUSH, 0, 0, 0, self._live(), 0, 0, ENDLESS, 0)

    async def finish(self) -> None:
        """Sends all, and ends the output: the peer reads the end of the stream. Reading goes on."""
        await operation(declared.CQ_DO_FINISH, 0, 0, 0, self._live(), 0, 0, ENDLESS, 0)

    async def start_tls(self, tls: Optional[TLS] = None) -> None:
        """Shakes hands for TLS: as a client without a configuration. Errors: Error with CQ_ETLS or CQ_ENOTVERIFIED."""
        tls = tls or TLS()
        early, self._input, self._at = self._take(len(self._input)), b"", 0
        if early:  # the handshake's own
            check(library.cq_socket_unget(self._live(), early, len(early)))
        try:
            await operation(declared.CQ_DO_STARTTLS, CHECK, 0, 0, self._live(), tls.handle, 0, ENDLESS, 0)
        except OSError as why:
            raise self._told(why) from None

    def _told(self, why: OSError) -> OSError:
        """The same failure with the library's story."""
        place = ctypes.create_string_buffer(512)
        if library.cq_socket_reason(self._live(), place, len(place)) == 0 and place.value:
            return error(why.errno or 0, place.value.decode("utf-8", "replace"))
        return why

    @property
    def peer_name(self) -> Union[tuple[str, int], str]:
        """The peer's address and port, or path."""
        return self._name(library.cq_socket_peername)

    async def __aenter__(self) -> Socket:
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        task = here.task
        if task is not None and task.output:
            try:
                await checkpoint()  # what was written leaves before
            finally:
                self.close()
        self.close()


@coroutine
def _receive(stream: Socket) -> Generator[tuple[Any, ...], Any, bytes]:
    """What comes next, b"" at the end. An idle connection waits here: the frame holds little, and nothing is kept ready."""
    try:
        return (yield (READ, CHECK, _UP_TO, 0, stream._live(), 0, _CHUNKS[stream._ask], ENDLESS, 0))  # type: ignore[no-any-return]
    except BrokenPipeError:
        return b""


def _check_size(size: int) -> None:
    if not isinstance(size, int):
        raise TypeError(f"a size is a whole number, not {size!r}")
    if size < 0:
        raise ValueError("a size is not negative")


class Listener(_Handle):
    """A listening socket: `async for connection in listener`, or `serve`."""

    async def accept(self) -> Socket:
        """The next connection."""
        return Socket(await operation(_ACCEPT, CHECK, 0, 0, self._live(), 0, 0, ENDLESS, 0))

    def __aiter__(self) -> Listener:
        return self

    async def __anext__(self) -> Socket:
        return await self.accept()

    async def serve(self, handler: Callable[[Socket], Any], nursery: Any = None) -> None:
        """Starts a task with `handler(connection)` for each connection, which is closed behind it; until it is cancelled."""
        from ._scopes import open_nursery

        async def handled(connection: Socket) -> None:
            async with connection:
                await handler(connection)

        if nursery is not None:
            while True:
                nursery.start_soon(handled, await self.accept(), name=getattr(handler, "__qualname__", None))
        async with open_nursery() as own:
            await self.serve(handler, own)

    async def __aenter__(self) -> Listener:
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self.close()


class _Options:
    """Options of a socket, from keywords: `nodelay=True` is CQ_OPTION_NODELAY."""

    handle: Optional[int] = None

    def __init__(self, host: Optional[str], port: int, path: Union[str, bytes, os.PathLike[str], None], more: dict[str, Any]) -> None:
        place = ctypes.c_void_p()
        check(library.cq_options_new(ctypes.byref(place)))
        self.handle = place.value
        if path is not None:
            raw = os.fsencode(path)
            check(library.cq_options_path(self.handle, raw, len(raw)))
        else:
            if not isinstance(host, (str, type(None))) or not isinstance(port, int):
                raise TypeError("a host is a str, and a port a number")
            if not 0 <= port <= 65535:
                raise ValueError(f"{port} is no port")
            check(library.cq_options_host(self.handle, (host or "").encode("idna" if host and not host.isascii() else "ascii"), port))
        for name, value in more.items():
            number = getattr(declared, f"CQ_OPTION_{name.upper()}", None)
            if number is None:
                raise TypeError(f"{name!r} is no option of sockets")
            check(library.cq_options_set(self.handle, number, int(value)), name)

    def __del__(self) -> None:
        library.cq_options_free(self.handle)


async def connect(
    host: Optional[str] = None,
    port: int = 0,
    *,
    path: Union[str, bytes, os.PathLike[str], None] = None,
    tls: Union[TLS, bool, None] = None,
    **options: Any,
) -> Socket:
    """A connection to a host's port or to a UNIX path; with `tls` (True: the usual configuration) TLS is begun, too.

    Names are found by the library's resolver, and addresses race. Options are those of `cq_options_set` in lower case.
    Errors: OSError of the last address, or Error with CQ_ENONAME if there is no such host.
    """
    chosen = _Options(host, port, path, options)
    place = ctypes.c_void_p()
    check(library.cq_socket_connect(chosen.handle, ctypes.byref(place)))
    made = Socket(place.value or 0)
    try:
        await operation(_ESTABLISH, CHECK, 0, 0, made._live(), 0, 0, ENDLESS, 0)
        if tls:
            await made.start_tls(tls if isinstance(tls, TLS) else None)
    except OSError as why:
        told = made._told(why)
        made.close()
        raise told from None
    except BaseException:
        made.close()
        raise
    return made


async def listen(
    host: Optional[str] = None,
    port: int = 0,
    *,
    path: Union[str, bytes, os.PathLike[str], None] = None,
    **options: Any,
) -> Listener:
    """A listener at a numeric host's port (0: a free one; see `local_name`) or at a UNIX path."""
    chosen = _Options(host or "127.0.0.1", port, path, options)
    place = ctypes.c_void_p()
    check(library.cq_socket_listen(chosen.handle, ctypes.byref(place)))
    made = Listener(place.value or 0)
    await operation(_ESTABLISH, CHECK, 0, 0, made._live(), 0, 0, ENDLESS, 0)
    return made


def pair() -> tuple[Socket, Socket]:
    """Two sockets that are connected to each other."""
    first, second = ctypes.c_void_p(), ctypes.c_void_p()
    check(library.cq_socket_pair(socket.SOCK_STREAM, ctypes.byref(first), ctypes.byref(second)))
    return Socket(first.value or 0), Socket(second.value or 0)
