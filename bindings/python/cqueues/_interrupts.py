# SPDX-License-Identifier: MIT
"""Signals end the loop's wait.

Python's signal handlers run between two steps of the interpreter. A signal that comes when a step of the library has begun and
has not gone to sleep yet would be handled when the kernel next has something to tell, which may be never. So Python writes
each signal's number to a descriptor for which a task of the loop's own waits.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from typing import Any, Callable

from ._loop import Runner
from ._poll import poll

__all__ = ["heed_signals"]


class _NoScope:
    """What the task stands in: no scope ends it, and it is nobody's."""

    handle = 0
    _task = _parent = reason = None
    _shield = False


async def _heed(descriptor: int) -> None:
    """Waits for the descriptor again and again; that the loop goes round is all that is wanted."""
    while True:
        await poll("fd", descriptor, events=select.POLLIN)
        try:
            os.read(descriptor, 4096)
        except BlockingIOError:
            pass


def heed_signals(runner: Runner) -> Callable[[], None]:
    """Lets signals end the waits of a loop that begins; call the result when it is over, behind `Runner.close`.

    Only the main thread of the main interpreter handles signals, and a program that has set a descriptor by itself keeps it.
    """
    if threading.current_thread() is not threading.main_thread():
        return _nothing
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    try:
        before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    except ValueError:  # an interpreter within the process handles none
        os.close(reading)
        os.close(writing)
        return _nothing

    def end() -> None:
        if before == -1:
            left = signal.set_wakeup_fd(-1)
            if left not in (writing, -1):
                signal.set_wakeup_fd(left)
        os.close(reading)
        os.close(writing)

    if before != -1:
        signal.set_wakeup_fd(before)
        end()
        return _nothing

    def ended(task: Any) -> None:
        runner.alive += 1

    runner.spawn(_heed(reading), "signals", _NoScope, ended)
    runner.alive -= 1  # the loop is over without it
    return end


def _nothing() -> None:
    pass
