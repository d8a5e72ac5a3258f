# SPDX-License-Identifier: MIT
"""From an async function to its coroutine, and from what came of that to a result."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Optional

from ._loop import Cancelled

__all__ = ["begun", "unwrap"]


def unwrap(outcome: tuple[Any, Optional[BaseException]]) -> Any:
    """What a main task returned, or raises what it raised. RuntimeError if it was cancelled: no scope is left for that."""
    value, why = outcome
    if isinstance(why, Cancelled):
        raise RuntimeError("the main task was cancelled") from why
    if why is not None:
        raise why
    return value


def begun(function: Any, *args: Any, **more: Any) -> Coroutine[Any, Any, Any]:
    """The coroutine of an async function. TypeError for what is none."""
    if not callable(function):
        if hasattr(function, "close"):
            function.close()
        raise TypeError(f"an async function is needed, and its arguments, not {function!r}")
    body = function(*args, **more)
    if not hasattr(body, "send") or not hasattr(body, "throw"):
        raise TypeError(f"{getattr(function, '__qualname__', function)!r} is no async function: it gave {body!r}")
    return body  # type: ignore[no-any-return]
