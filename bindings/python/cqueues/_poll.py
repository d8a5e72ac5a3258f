# SPDX-License-Identifier: MIT
"""Waiting for objects of the library that have no operation of their own."""

from __future__ import annotations

import ctypes
from typing import Any

from ._library import declared, library
from ._loop import CHECK, ENDLESS, here, operation

__all__ = ["interrupt", "poll"]


async def poll(member: str, handle: Any, *, events: int = 0, timeout: float = ENDLESS) -> None:
    """Waits until a member of `cq_interest` fires: "process", "notify", "socket" or "fd" with its events. The handle stays live."""
    interest = declared.cq_interest()
    interest.fd, interest.events, interest.timeout = -1, events, ENDLESS
    setattr(interest, member, handle)
    await operation(declared.CQ_DO_POLL, CHECK, 0, 0, 0, ctypes.addressof(interest), 1, timeout, 0)


def interrupt(descriptor: int) -> None:
    """Ends the waits of this thread's loop for the descriptor of such an object, which is closed but not freed yet."""
    if here.runner is not None and descriptor >= 0:
        library.cq_controller_cancel(here.runner.controller, descriptor)
