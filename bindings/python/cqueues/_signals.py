# SPDX-License-Identifier: MIT
"""Signals as something that tasks wait for."""

from __future__ import annotations

import ctypes
import signal
from contextlib import contextmanager
from typing import Any, AsyncIterator, Iterator

from ._library import Owner, check, declared, library
from ._loop import CHECK, ENDLESS, operation
from ._poll import interrupt

__all__ = ["open_signal_receiver"]


class _Receiver(Owner):
    """The signals that have come: `async for number in receiver`."""

    _freed_by = "cq_signal_free"

    def __init__(self, numbers: Any) -> None:
        self.is_open = True
        place = ctypes.c_void_p()
        check(library.cq_signal_listen(numbers, len(numbers), ctypes.byref(place)))
        self._handle = place.value

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        if not self.is_open:
            raise RuntimeError("this signal receiver is closed")
        try:
            number, _ = await operation(declared.CQ_DO_SIGNAL, CHECK, 0, 0, self._handle, 0, 0, ENDLESS, 0)
        except OSError:
            if self.is_open:
                raise
            raise RuntimeError("this signal receiver is closed") from None
        try:
            return signal.Signals(number)
        except ValueError:  # a real-time signal
            return int(number)


@contextmanager
def open_signal_receiver(*signals: int) -> Iterator[AsyncIterator[int]]:
    """A block in which signals are told instead of their usual effect: `with open_signal_receiver(SIGTERM) as signals`.

    They are blocked in this thread and those that it starts. Threads that ran before must have them blocked, too. One
    that nobody has asked for at the end has its usual effect then. Errors: TypeError without a signal; OSError (EINVAL)
    for SIGKILL, SIGSTOP and what is no signal.
    """
    if not signals:
        raise TypeError("no signals were given")
    numbers = (ctypes.c_int * len(set(signals)))(*sorted(set(signals)))
    receiver = _Receiver(numbers)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    check(library.cq_signal_block(numbers, len(numbers)))
    try:
        yield receiver
    finally:
        receiver.is_open = False
        interrupt(library.cq_signal_pollfd(receiver._handle))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number for number in numbers if number not in before])
