# SPDX-License-Identifier: MIT
"""Signals of anyio: by handlers of Python's, as other threads may have them unblocked."""

from __future__ import annotations

import signal
from collections import deque
from types import TracebackType
from typing import Any, Optional

from .._loop import checkpoint, here
from ._scopes import Waiting

__all__ = ["SignalReceiver"]


class SignalReceiver:
    """A block in which signals are told: `async for number in receiver`. What nobody has asked for has its usual effect then."""

    def __init__(self, signals: tuple[int, ...]) -> None:
        self._signals = signals
        self._before: dict[int, Any] = {}
        self._came: deque[signal.Signals] = deque()
        self._queue = Waiting()
        self._runner: Any = None
        self._is_over = False

    def __enter__(self) -> SignalReceiver:
        self._runner = here.runner
        try:
            for number in set(self._signals):
                self._before[number] = signal.signal(number, self._handle)
        except BaseException:
            self._restore()
            raise
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self._restore()
        self._is_over = True
        while self._came:
            signal.raise_signal(self._came.popleft())

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _handle(self, number: int, frame: Any) -> None:
        self._runner.post(lambda: self._tell(signal.Signals(number)))

    def _tell(self, number: signal.Signals) -> None:
        if self._is_over:
            signal.raise_signal(number)
            return
        if number not in self._came:
            self._came.append(number)
        if self._queue:
            self._queue.wake()

    def __aiter__(self) -> SignalReceiver:
        return self

    async def __anext__(self) -> signal.Signals:
        await checkpoint()
        while not self._came:
            await self._queue.wait()
        return self._came.popleft()
