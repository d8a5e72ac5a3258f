# SPDX-License-Identifier: MIT
"""cqueues as a backend of anyio, so that what is written for anyio runs on it.

    cqueues.anyio_backend.install()
    anyio.run(main, backend="cqueues")
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

try:
    import anyio
    import sniffio
    from anyio._core import _eventloop
except ImportError as why:
    raise ImportError(f"cqueues.anyio_backend needs anyio and sniffio: pip install 'libcqueues[anyio]' ({why})") from why

from . import _backend

__all__ = ["install", "teach_httpx"]

_NAME = "cqueues"


def install() -> None:
    """Makes "cqueues" known to anyio. A second call does nothing more.

    anyio looks a backend up as a module of its own, which this puts there, and lists those that it knows, to which it is
    added. What runs by `cqueues.run` from then on finds anyio's functions, too.
    """
    sys.modules[f"anyio._backends._{_NAME}"] = _backend
    if _NAME not in _eventloop.BACKENDS:
        _eventloop.BACKENDS = (*_eventloop.BACKENDS, _NAME)  # type: ignore[assignment]
    _backend.named()


def teach_httpx() -> None:
    """Lets httpx, httpcore and their successors httpx2 and httpcore2 run on this backend. A second call does nothing more.

    They ask for the loop's name, know those of asyncio and trio, and refuse to run elsewhere, although all that they do in
    asyncio they do by anyio. From this call on they take cqueues for such a loop. Errors: ImportError if none of them is
    there, or one is not as this knows it.
    """
    found = [core for core in ("httpcore", "httpcore2") if find_spec(core) is not None]
    if not found:
        raise ImportError("neither httpcore nor httpcore2 is installed")
    for core in found:
        for place in (f"{core}._synchronization", f"{core}._backends.auto"):
            _exchange(import_module(place), "current_async_library", _as_asyncio)
        client = core.replace("core", "x")
        if find_spec(client) is not None:
            _exchange(import_module(f"{client}._transports.asgi"), "create_event", _event)


def _exchange(module: Any, name: str, made: Callable[[Any], Any]) -> None:
    """Puts a function of our own around one of a module, once."""
    function = getattr(module, name, None)
    if function is None:
        raise ImportError(f"{module.__name__} has no {name}: this version is not known to cqueues")
    if not hasattr(function, "is_of_cqueues"):
        made = made(function)
        made.is_of_cqueues = True  # type: ignore[attr-defined]
        setattr(module, name, made)


def _is_ours() -> bool:
    try:
        return bool(sniffio.current_async_library() == _NAME)
    except sniffio.AsyncLibraryNotFoundError:
        return False


def _as_asyncio(known: Callable[[], str]) -> Callable[[], str]:
    return lambda: "asyncio" if _is_ours() else known()


def _event(known: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: anyio.Event() if _is_ours() else known()
