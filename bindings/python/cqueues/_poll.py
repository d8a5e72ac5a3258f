# SPDX-License-Identifier: MIT
"""Waiting for objects of the library that have no operation of their own."""

from __future__ import annotations

import ctypes
from typing import Any

from ._library import declared
from ._loop import CHECK, ENDLESS, operation

__all__ = ["poll"]


async def poll(member: str, handle: Any, *, events: int = 0, timeout: float = ENDLESS) -> None:
    """Waits until a member of `cq_interest` fires: "process", "notify", "socket" with its events. The handle stays live."""
    interest = declared.cq_interest()
    interest.fd, interest.events, interest.timeout = -1, events, ENDLESS
    setattr(interest, member, handle)
    await operation(declared.CQ_DO_POLL, CHECK, 0, 0, 0, ctypes.addressof(interest), 1, timeout, 0)
