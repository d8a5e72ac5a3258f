# SPDX-License-Identifier: MIT
"""Waiting for descriptors, which may be closed meanwhile."""

from __future__ import annotations

import ctypes
import select
from collections.abc import Generator
from types import coroutine
from typing import Any

import anyio

from .._library import declared, library
from .._loop import CHECK, ENDLESS, here
from ._scopes import state_of

__all__ = ["Waiter", "closing", "wait"]

READ, WRITE = 0, 1
_EVENTS = (select.POLLIN, select.POLLOUT)
_ACTIONS = ("reading from", "writing to")


class Waiter:
    """The wait for a descriptor in one direction. It can be used again: what the library is given is made once."""

    __slots__ = ("_direction", "_interest", "_number", "_operation", "is_closed")

    def __init__(self, number: int, direction: int) -> None:
        self._number, self._direction = number, direction
        self.is_closed = False
        self._interest = declared.cq_interest()
        self._interest.fd, self._interest.events, self._interest.timeout = number, _EVENTS[direction], ENDLESS
        self._operation = (declared.CQ_DO_POLL, CHECK, 0, 0, 0, ctypes.addressof(self._interest), 1, ENDLESS, 0)

    @coroutine
    def wait(self) -> Generator[Any, Any, None]:
        """Waits until the descriptor is ready. ClosedResourceError if it is closed meanwhile; BusyResourceError."""
        runner = here.runner
        assert runner is not None
        waiting = state_of(runner).waiting[self._direction]
        if self._number in waiting:
            raise anyio.BusyResourceError(_ACTIONS[self._direction])
        waiting[self._number] = self
        try:
            yield self._operation
        except OSError:
            if not self.is_closed:
                raise
        finally:
            del waiting[self._number]
        if self.is_closed:
            raise anyio.ClosedResourceError

    def close(self) -> None:
        """Ends the wait, also where the library has not been told of it yet."""
        self.is_closed = True
        self._interest.fd, self._interest.timeout = -1, 0.0


def _number(of: Any) -> int:
    return of if isinstance(of, int) else of.fileno()


async def wait(of: Any, direction: int) -> None:
    """Waits until a descriptor, or what has one, can be read from or written to."""
    number, runner = _number(of), here.runner
    assert runner is not None
    try:
        await Waiter(number, direction).wait()
    finally:
        # Its owner need not tell when it is closed, and its number may be another one's then: the kernel is told anew.
        if not any(number in waiting for waiting in state_of(runner).waiting):
            library.cq_controller_cancel(runner.controller, number)


def closing(of: Any) -> None:
    """A descriptor is about to be closed: who waits for it gets ClosedResourceError, and the controller forgets it."""
    runner = here.runner
    if runner is None:
        return
    number = _number(of)
    for waiting in state_of(runner).waiting:
        if number in waiting:
            waiting[number].close()
    library.cq_controller_cancel(runner.controller, number)
