# SPDX-License-Identifier: MIT
"""The shared library: where it is found, how it is called, and what its codes become."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any, Optional

from . import _declarations as declared

__all__ = ["Error", "Owner", "check", "declared", "error", "library", "numeric", "story_of_end", "text"]

if not getattr(sys, "_is_gil_enabled", lambda: True)():
    raise ImportError("cqueues needs the global interpreter lock: begin Python with PYTHON_GIL=1 in the environment, or with -X gil=1")

#: The file's name, without the folder.
_NAME = "libcqueues.1.dylib" if sys.platform == "darwin" else "libcqueues.so.1"


def _places() -> Iterator[str]:
    """Where the library is looked for, in this order."""
    chosen = os.environ.get("CQUEUES_LIBRARY")
    if chosen:
        yield chosen
        return
    yield os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", _NAME)
    yield _NAME
    from ctypes.util import find_library  # runs programs, and takes longer to import than all else

    found = find_library("cqueues")
    if found:
        yield found


def _load() -> ctypes.CDLL:
    tried = []
    for place in _places():
        try:
            loaded = ctypes.CDLL(place, use_errno=False)
        except OSError as why:
            tried.append(f"  {place}: {why}")
            continue
        version = getattr(loaded, "cq_version", None)
        if version is None or not hasattr(loaded, "cq_batch_step"):
            tried.append(f"  {place}: it is too old, or no libcqueues")
            continue
        return loaded
    raise ImportError(
        "libcqueues is not found. Install it, or say where it is in the environment variable CQUEUES_LIBRARY. Tried:\n"
        + "\n".join(tried)
    )


class _Library:
    """The functions of the header, each set up when it is first used."""

    def __init__(self) -> None:
        self._loaded = _load()
        self._known = {name: (result, kinds) for name, result, kinds in declared.FUNCTIONS}

    def __getattr__(self, name: str) -> Any:
        try:
            result, kinds = self._known[name]
        except KeyError:
            raise AttributeError(f"libcqueues has no function {name}") from None
        function = getattr(self._loaded, name)
        function.restype, function.argtypes = result, kinds
        called = _with_texts(function, kinds) if ctypes.c_char_p in kinds else function
        setattr(self, name, called)
        return called


def _with_texts(function: Any, kinds: Any) -> Any:
    """A function of C that takes texts, which end at a NUL there: one with more behind it is refused, as it would be taken for another."""
    places = [place for place, kind in enumerate(kinds) if kind is ctypes.c_char_p]

    def called(*args: Any) -> Any:
        for place in places:
            given = args[place]
            if type(given) is bytes and b"\0" in given:
                raise ValueError(f"{given!r} has a NUL inside")
        return function(*args)

    return called


library = _Library()


class Error(OSError):
    """A failure that only the library knows: `errno` is its negative code, and `name` the code's name in C."""

    @property
    def name(self) -> str:
        """The name of the code: "CQ_ETLS"."""
        return text(library.cq_errno_name(self.errno)) or str(self.errno)


def text(of: Optional[bytes]) -> Optional[str]:
    """A text of the library's; None for NULL."""
    return None if of is None else of.decode("utf-8", "replace")


def error(code: int, story: Optional[str] = None) -> OSError:
    """The exception that stands for a code: of the system's an OSError of its class, else an `Error`.

    `story` says what it was about, where the library knows it.
    """
    words = text(library.cq_strerror(code)) or ""
    if story:
        words = story if words in story else f"{words}: {story}"
    return OSError(code, words) if code > 0 else Error(code, words)


def numeric(address: Any) -> tuple[str, int]:
    """The host and port of a `cq_address`."""
    name = declared.cq_name()
    check(library.cq_address_name(ctypes.byref(address), ctypes.byref(name)))
    return name.text.decode(), name.port


def check(code: int, story: Optional[str] = None) -> None:
    """Raises what a code stands for, unless it is 0."""
    if code:
        raise error(code, story)


def story_of_end(scope: Any, code: int) -> str:
    """What has ended the waits in a scope, in words."""
    while scope is not None and scope.reason is None:
        scope = None if scope._shield else scope._parent
    return scope.reason if scope is not None else "deadline exceeded" if code == errno.ETIMEDOUT else "cancelled"


class Owner:
    """Owns an object of the library, which is freed with this one at the latest, and once.

    In a cycle the garbage collector may free it first, and end blocks that use it after that: `_handle` is None then.
    """

    __slots__ = ("_handle",)

    _handle: Optional[int]
    #: The name of the function that frees it.
    _freed_by: str

    def __del__(self) -> None:
        handle, self._handle = getattr(self, "_handle", None), None
        if handle is not None:
            getattr(library, self._freed_by)(handle)
