# SPDX-License-Identifier: MIT
"""Names of hosts: by the library's resolver where it can tell what getaddrinfo(3) would, else in a thread."""

from __future__ import annotations

import socket
from typing import Any

from .._dns import resolve
from .._library import Error, declared
from .._loop import checkpoint
from .._threads import to_thread

__all__ = ["getaddrinfo", "getnameinfo"]

_PROTOCOLS = {socket.SOCK_STREAM: socket.IPPROTO_TCP, socket.SOCK_DGRAM: socket.IPPROTO_UDP}


async def getaddrinfo(host: Any, port: Any, family: int, type: int, proto: int, flags: int) -> list[Any]:
    """The addresses of a host. What needs no name server is answered at once."""
    await checkpoint()
    try:
        return socket.getaddrinfo(host, port, family, type, proto, flags | socket.AI_NUMERICHOST)
    except socket.gaierror as why:
        if why.errno != socket.EAI_NONAME or flags & socket.AI_NUMERICHOST:
            raise
    name = host.decode("ascii") if isinstance(host, bytes) else host
    is_plain = family in (socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6) and "%" not in name and "\0" not in name
    if not (is_plain and type in _PROTOCOLS and proto in (0, _PROTOCOLS[type]) and not flags):  # type: ignore[index]
        return await to_thread.run_sync(socket.getaddrinfo, host, port, family, type, proto, flags, abandon_on_cancel=True)  # type: ignore[no-any-return]
    failure, found = None, list[Any]()
    try:
        addresses = await resolve(name, family=socket.AddressFamily(family))
    except OSError as why:
        code, words = socket.EAI_AGAIN, str(why.strerror)
        if isinstance(why, Error) and why.errno == declared.CQ_ENONAME:
            code, words = socket.EAI_NONAME, "Name or service not known"
        failure, addresses = socket.gaierror(code, words), []
    if failure is not None:
        raise failure
    for address in addresses:
        found += socket.getaddrinfo(address, port, 0, type, proto, socket.AI_NUMERICHOST)
    return found


async def getnameinfo(address: Any, flags: int) -> tuple[str, str]:
    """The name of an address and of a port, as getnameinfo(3) tells them."""
    return await to_thread.run_sync(socket.getnameinfo, address, flags, abandon_on_cancel=True)  # type: ignore[no-any-return]
