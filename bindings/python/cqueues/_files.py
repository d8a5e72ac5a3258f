# SPDX-License-Identifier: MIT
"""Changes of files and directories."""

from __future__ import annotations

import ctypes
import enum
import errno
import os
from types import TracebackType
from typing import Optional, Union

from ._library import Owner, check, declared, error, library
from ._poll import interrupt, poll

__all__ = ["Change", "Watch", "watch"]


class Change(enum.IntFlag):
    """What has happened to a file. `RENAMED` comes with `CREATE` or `DELETE`; behind `OVERFLOW` look for yourself."""

    CREATE = declared.CQ_NOTIFY_CREATE
    ATTRIB = declared.CQ_NOTIFY_ATTRIB
    MODIFY = declared.CQ_NOTIFY_MODIFY
    REVOKE = declared.CQ_NOTIFY_REVOKE
    DELETE = declared.CQ_NOTIFY_DELETE
    OVERFLOW = declared.CQ_NOTIFY_OVERFLOW
    RENAMED = declared.CQ_NOTIFY_RENAMED
    PRESENT = declared.CQ_NOTIFY_PRESENT


class Watch(Owner):
    """Changes below a directory, or of a file: `async for name, changes in watch`. See `watch`."""

    _freed_by = "cq_notify_free"

    def __init__(self, path: bytes, recursive: bool) -> None:
        self.is_closed = False
        folder, name = (path, b"") if os.path.isdir(path) else os.path.split(os.path.abspath(path))
        flags = declared.CQ_NOTIFY_RECURSIVE if recursive and not name else 0
        place = ctypes.c_void_p()
        check(library.cq_notify_opendir(folder, declared.CQ_NOTIFY_ALL, flags, ctypes.byref(place)), os.fsdecode(folder))
        self._handle, self._name = place.value, os.fsdecode(name)
        if name:
            check(library.cq_notify_add(self._handle, name, declared.CQ_NOTIFY_ALL))
        elif not recursive:
            for pattern in (b"*", b".*"):
                check(library.cq_notify_match(self._handle, pattern, declared.CQ_NOTIFY_ALL))

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> tuple[str, Change]:
        changes, name = ctypes.c_uint32(), ctypes.c_char_p()
        while not self.is_closed:
            code = library.cq_notify_try_get(self._handle, ctypes.byref(changes), ctypes.byref(name), None)
            if code == errno.EAGAIN:
                await poll("notify", self._handle)
            elif code == errno.ENOENT:
                raise StopAsyncIteration
            elif code:
                raise error(code)
            else:
                shown = os.fsdecode(name.value or b"")
                if not self._name or shown == self._name:
                    return shown, Change(changes.value)
        raise ValueError("Watch is closed")

    def close(self) -> None:
        """Ends it: who waits for changes gets ValueError. Again: does nothing."""
        self.is_closed = True
        interrupt(library.cq_notify_pollfd(self._handle))

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<cqueues.Watch {'closed' if self.is_closed else 'open'}>"


def watch(path: Union[str, bytes, os.PathLike[str]], *, recursive: bool = False) -> Watch:
    """Watches a directory, with all below it if `recursive`, or a file, which need not be there yet.

    It watches from this call on. Names are those in the directory, with "/" below it; "." is the directory itself, and
    the iterator ends when that is gone. Errors: OSError (ENOENT, EACCES), Error with CQ_EWATCHES for limits of the system.
    """
    return Watch(os.fsencode(path), recursive)
