# SPDX-License-Identifier: MIT
"""What tasks of one loop use to wait for each other: events, locks, limits. All are fair: who came first goes first."""

from __future__ import annotations

import math
from collections import OrderedDict
from types import TracebackType
from typing import Any, Optional, Union

from ._loop import Task, checkpoint, current, park, unpark
from ._scopes import CancelScope

__all__ = ["CapacityLimiter", "Condition", "Event", "Lock", "Semaphore", "WouldBlock"]


class WouldBlock(Exception):
    """Raised by functions with `nowait` in their name where the others would wait."""


class Queue:
    """Tasks that wait, in the order in which they came, each with a value."""

    def __init__(self) -> None:
        self.waiting: OrderedDict[Any, Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self.waiting)

    async def wait(self, value: Any = None) -> None:
        """Waits until `wake` is its turn. `take` may have taken it out of the queue before."""
        task = current()
        self.waiting[task] = value
        try:
            await park()
        except BaseException:
            self.waiting.pop(task, None)
            raise

    def wake(self) -> Task:
        """Wakes the first, and returns it."""
        task: Task = next(iter(self.waiting))
        unpark(task)
        del self.waiting[task]
        return task


class Event:
    """Something that happens once: `set` wakes all who wait, and nobody waits from then on."""

    def __init__(self) -> None:
        self._is_set, self._queue = False, Queue()

    def is_set(self) -> bool:
        """Whether `set` was called."""
        return self._is_set

    def set(self) -> None:
        """It has happened."""
        while self._queue:
            self._queue.wake()
        self._is_set = True

    async def wait(self) -> None:
        """Waits until it has happened."""
        if self._is_set:
            await checkpoint()
        else:
            await self._queue.wait()

    def __repr__(self) -> str:
        return f"<cqueues.Event {'set' if self._is_set else 'not set'}, {len(self._queue)} waiting>"


class _Block:
    """What is acquired for a block: `async with`."""

    async def acquire(self) -> None:
        raise NotImplementedError

    def release(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self.release()


async def _waits(is_free: bool) -> None:
    """Acquiring lets others run also where there is nothing to wait for; what was written leaves before a wait."""
    if is_free or current().output:
        await checkpoint()


class Lock(_Block):
    """One task has it at a time; `release` gives it to the one that has waited longest."""

    def __init__(self) -> None:
        self._owner: Optional[Task] = None
        self._queue = Queue()

    def locked(self) -> bool:
        """Whether a task has it."""
        return self._owner is not None

    def acquire_nowait(self) -> None:
        """Takes it, or raises `WouldBlock`. RuntimeError if this task has it."""
        task = current()
        if self._owner is task:
            raise RuntimeError("this task has the lock already")
        if self._owner is not None:
            raise WouldBlock("another task has the lock")
        self._owner = task

    async def acquire(self) -> None:
        """Waits until it is free, and takes it. RuntimeError if this task has it."""
        if self._owner is current():
            raise RuntimeError("this task has the lock already")
        await _waits(self._owner is None)
        if self._owner is None:
            self._owner = current()
        else:
            await self._queue.wait()

    def release(self) -> None:
        """Gives it up. RuntimeError if another task has it, or none."""
        if self._owner is not current():
            raise RuntimeError("a lock is released by the task that has it")
        self._owner = self._queue.wake() if self._queue else None

    def __repr__(self) -> str:
        return f"<cqueues.Lock {'locked' if self._owner else 'free'}, {len(self._queue)} waiting>"


class Semaphore(_Block):
    """A number: `acquire` takes one of it, and waits while there is none; `release` puts one back, up to `max_value`."""

    def __init__(self, initial_value: int, *, max_value: Optional[int] = None) -> None:
        for value in (initial_value, max_value):
            if value is not None and not isinstance(value, int):
                raise TypeError("the value of a semaphore is a whole number")
        if initial_value < 0 or (max_value is not None and max_value < initial_value):
            raise ValueError("the value of a semaphore is not negative, and at most max_value")
        self._value, self._max, self._queue = initial_value, max_value, Queue()

    @property
    def value(self) -> int:
        """How often it can be acquired without waiting."""
        return self._value

    @property
    def max_value(self) -> Optional[int]:
        """What `release` does not go beyond."""
        return self._max

    def acquire_nowait(self) -> None:
        """Takes one, or raises `WouldBlock`."""
        if not self._value:
            raise WouldBlock("the semaphore is at 0")
        self._value -= 1

    async def acquire(self) -> None:
        """Takes one, as soon as there is one."""
        await _waits(self._value > 0)
        if self._value:
            self._value -= 1
        else:
            await self._queue.wait()

    def release(self) -> None:
        """Puts one back, or gives it to the task that has waited longest. ValueError beyond `max_value`."""
        if self._queue:
            self._queue.wake()
        elif self._max is not None and self._value >= self._max:
            raise ValueError(f"released beyond max_value {self._max}")
        else:
            self._value += 1

    def __repr__(self) -> str:
        return f"<cqueues.Semaphore {self._value}, {len(self._queue)} waiting>"


class CapacityLimiter(_Block):
    """So many tokens, of which each task, or other borrower, has one at most."""

    def __init__(self, total_tokens: Union[int, float]) -> None:
        self._borrowers: set[Any] = set()
        self._pending: set[Any] = set()
        self._queue = Queue()
        self.total_tokens = total_tokens

    @property
    def total_tokens(self) -> Union[int, float]:
        """How many there are: a number from 1, or infinity. It can be set; what is lent out stays so."""
        return self._total

    @total_tokens.setter
    def total_tokens(self, total: Union[int, float]) -> None:
        if not isinstance(total, int) and total != math.inf:
            raise TypeError("total_tokens is a whole number or math.inf")
        if total < 1:
            raise ValueError("total_tokens is at least 1")
        self._total = total
        self._lend()

    @property
    def borrowed_tokens(self) -> int:
        """How many are lent out."""
        return len(self._borrowers)

    @property
    def available_tokens(self) -> Union[int, float]:
        """How many are left."""
        return self._total - len(self._borrowers)

    def acquire_nowait(self) -> None:
        """Borrows one for this task, or raises `WouldBlock`."""
        self.acquire_on_behalf_of_nowait(current())

    def acquire_on_behalf_of_nowait(self, borrower: Any) -> None:
        """Borrows one for something else. RuntimeError if it has one."""
        self._check(borrower)
        if self._queue or self.available_tokens <= 0:
            raise WouldBlock("all tokens are lent out")
        self._borrowers.add(borrower)

    async def acquire(self) -> None:
        """Borrows one for this task, as soon as there is one."""
        await self.acquire_on_behalf_of(current())

    async def acquire_on_behalf_of(self, borrower: Any) -> None:
        """Borrows one for something else. RuntimeError if it has one."""
        self._check(borrower)
        await _waits(self.available_tokens > 0)
        self._check(borrower)
        if self.available_tokens > 0 and not self._queue:
            self._borrowers.add(borrower)
        else:
            self._pending.add(borrower)
            try:
                await self._queue.wait(borrower)
            finally:
                self._pending.discard(borrower)

    def release(self) -> None:
        """Gives this task's back. RuntimeError if it has none."""
        self.release_on_behalf_of(current())

    def release_on_behalf_of(self, borrower: Any) -> None:
        """Gives that of something else back. RuntimeError if it has none."""
        if borrower not in self._borrowers:
            raise RuntimeError("this borrower has no token")
        self._borrowers.remove(borrower)
        self._lend()

    def _check(self, borrower: Any) -> None:
        if borrower in self._borrowers or borrower in self._pending:
            raise RuntimeError("this borrower has a token, or waits for one")

    def _lend(self) -> None:
        while self._queue and self.available_tokens > 0:
            borrower = next(iter(self._queue.waiting.values()))
            self._queue.wake()
            self._borrowers.add(borrower)

    def __repr__(self) -> str:
        return f"<cqueues.CapacityLimiter {len(self._borrowers)}/{self._total}, {len(self._queue)} waiting>"


class Condition(_Block):
    """A lock, and tasks that wait for news about what it guards."""

    def __init__(self, lock: Optional[Lock] = None) -> None:
        if lock is not None and not isinstance(lock, Lock):
            raise TypeError("a condition has a cqueues.Lock")
        self._lock, self._queue = lock or Lock(), Queue()

    def locked(self) -> bool:
        """Whether a task has the lock."""
        return self._lock.locked()

    def acquire_nowait(self) -> None:
        """Takes the lock, or raises `WouldBlock`."""
        self._lock.acquire_nowait()

    async def acquire(self) -> None:
        """Takes the lock."""
        await self._lock.acquire()

    def release(self) -> None:
        """Releases the lock."""
        self._lock.release()

    async def wait(self) -> None:
        """Releases the lock, waits for `notify`, and takes the lock again, also when it is cancelled.

        RuntimeError if this task has not the lock.
        """
        task = self._check()
        if task.output:
            await checkpoint()
        self._lock.release()
        try:
            await self._queue.wait()
        except BaseException:
            self._lock._queue.waiting.pop(task, None)
            if self._lock._owner is not task:
                with CancelScope(shield=True):
                    await self._lock.acquire()
            raise

    def notify(self, n: int = 1) -> None:
        """So many of those that wait go on, one after the other, once the lock is released. RuntimeError without the lock."""
        self._check()
        for _ in range(min(n, len(self._queue))):
            task, value = self._queue.waiting.popitem(last=False)
            self._lock._queue.waiting[task] = value

    def notify_all(self) -> None:
        """The same for all of them."""
        self.notify(len(self._queue))

    def _check(self) -> Task:
        task = current()
        if self._lock._owner is not task:
            raise RuntimeError("this task has not the lock of the condition")
        return task

    def __repr__(self) -> str:
        return f"<cqueues.Condition of {self._lock!r}, {len(self._queue)} waiting>"
