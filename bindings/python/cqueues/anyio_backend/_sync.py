# SPDX-License-Identifier: MIT
"""Events, locks, semaphores and limiters of anyio. All are fair: who came first goes first."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Any, Optional, Union

import anyio

from .._loop import checkpoint, current
from ._debug import info
from ._scopes import Waiting, checkpoint_if_cancelled

__all__ = ["CapacityLimiter", "Event", "Lock", "Semaphore"]


async def _waits(is_fast: bool) -> None:
    """What comes before something free is taken: with `is_fast` others do not run."""
    await (checkpoint_if_cancelled() if is_fast else checkpoint())


class Event(anyio.Event):
    __slots__ = ("_is_set", "_queue")

    def __new__(cls) -> Event:
        return object.__new__(cls)

    def __init__(self) -> None:
        self._is_set, self._queue = False, Waiting()

    def set(self) -> None:
        self._is_set = True
        while self._queue:
            self._queue.wake()

    def is_set(self) -> bool:
        return self._is_set

    async def wait(self) -> None:
        if self._is_set:
            await checkpoint()
        else:
            await self._queue.wait()

    def statistics(self) -> anyio.EventStatistics:
        return anyio.EventStatistics(len(self._queue))


class Lock(anyio.Lock):
    __slots__ = ("_is_fast", "_owner", "_queue")

    def __new__(cls, *, fast_acquire: bool = False) -> Lock:
        return object.__new__(cls)

    def __init__(self, *, fast_acquire: bool = False) -> None:
        self._is_fast, self._queue = fast_acquire, Waiting()
        self._owner: Any = None

    def acquire_nowait(self) -> None:
        task = current()
        if self._owner is task:
            raise RuntimeError("Attempted to acquire an already held Lock")
        if self._owner is not None:
            raise anyio.WouldBlock
        self._owner = task

    async def acquire(self) -> None:
        task = current()
        if self._owner is task:
            raise RuntimeError("Attempted to acquire an already held Lock")
        if self._owner is None:
            await _waits(self._is_fast)
        if self._owner is None:
            self._owner = task
        else:
            await self._queue.wait()

    def release(self) -> None:
        if self._owner is not current():
            raise RuntimeError("The current task is not holding this lock")
        self._owner = self._queue.wake() if self._queue else None

    def locked(self) -> bool:
        return self._owner is not None

    def statistics(self) -> anyio.LockStatistics:
        owner = None if self._owner is None else info(self._owner)
        return anyio.LockStatistics(self._owner is not None, owner, len(self._queue))


class Semaphore(anyio.Semaphore):
    __slots__ = ("_max_value", "_queue", "_value")

    def __new__(cls, initial_value: int, *, max_value: Optional[int] = None, fast_acquire: bool = False) -> Semaphore:
        return object.__new__(cls)

    def __init__(self, initial_value: int, *, max_value: Optional[int] = None, fast_acquire: bool = False) -> None:
        super().__init__(initial_value, max_value=max_value, fast_acquire=fast_acquire)
        self._value, self._max_value, self._queue = initial_value, max_value, Waiting()

    def acquire_nowait(self) -> None:
        if not self._value:
            raise anyio.WouldBlock
        self._value -= 1

    async def acquire(self) -> None:
        if self._value:
            await _waits(self._fast_acquire)
        if self._value:
            self._value -= 1
        else:
            await self._queue.wait()

    def release(self) -> None:
        if self._max_value is not None and self._value >= self._max_value:
            raise ValueError("semaphore released too many times")
        if self._queue:
            self._queue.wake()
        else:
            self._value += 1

    @property
    def value(self) -> int:
        return self._value

    @property
    def max_value(self) -> Optional[int]:
        return self._max_value

    def statistics(self) -> anyio.SemaphoreStatistics:
        return anyio.SemaphoreStatistics(len(self._queue))


class CapacityLimiter(anyio.CapacityLimiter):
    """Tokens, of which each borrower has one at most."""

    __slots__ = ("_borrowers", "_pending", "_queue", "_total")

    def __new__(cls, total_tokens: float) -> CapacityLimiter:
        return object.__new__(cls)

    def __init__(self, total_tokens: float) -> None:
        self._borrowers: dict[Any, None] = {}
        self._pending: set[Any] = set()
        self._queue = Waiting()
        self.total_tokens = total_tokens

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self.release()

    @property
    def total_tokens(self) -> Union[int, float]:
        return self._total

    @total_tokens.setter
    def total_tokens(self, value: Union[int, float]) -> None:
        if not isinstance(value, int) and value != math.inf:
            raise TypeError("total_tokens must be an int or math.inf")
        if value < 0:
            raise ValueError("total_tokens must be >= 0")
        self._total = value
        self._lend()

    @property
    def borrowed_tokens(self) -> int:
        return len(self._borrowers)

    @property
    def available_tokens(self) -> Union[int, float]:
        return self._total - len(self._borrowers)

    def acquire_nowait(self) -> None:
        self.acquire_on_behalf_of_nowait(current())

    def acquire_on_behalf_of_nowait(self, borrower: object) -> None:
        self._check(borrower)
        if self._queue or self.available_tokens <= 0:
            raise anyio.WouldBlock
        self._borrowers[borrower] = None

    async def acquire(self) -> None:
        await self.acquire_on_behalf_of(current())

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        self._check(borrower)
        if self.available_tokens > 0 and not self._queue:
            await checkpoint()
            self._check(borrower)
        if self.available_tokens > 0 and not self._queue:
            self._borrowers[borrower] = None
            return
        self._pending.add(borrower)
        try:
            await self._queue.wait(borrower)
        finally:
            self._pending.discard(borrower)

    def release(self) -> None:
        self.release_on_behalf_of(current())

    def release_on_behalf_of(self, borrower: object) -> None:
        if borrower not in self._borrowers:
            raise RuntimeError("this borrower isn't holding any of this CapacityLimiter's tokens")
        del self._borrowers[borrower]
        self._lend()

    def _check(self, borrower: object) -> None:
        if borrower in self._borrowers or borrower in self._pending:
            raise RuntimeError("this borrower is already holding one of this CapacityLimiter's tokens")

    def _lend(self) -> None:
        while self._queue and self.available_tokens > 0:
            borrower = next(iter(self._queue.waiting.values()))
            self._queue.wake()
            self._borrowers[borrower] = None

    def statistics(self) -> anyio.CapacityLimiterStatistics:
        return anyio.CapacityLimiterStatistics(len(self._borrowers), self._total, tuple(self._borrowers), len(self._queue))
