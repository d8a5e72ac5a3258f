# SPDX-License-Identifier: MIT
"""Cancel scopes of anyio, on scopes of the library."""

from __future__ import annotations

import ctypes
import math
from types import TracebackType
from typing import Any, Optional

import anyio

from .._clock import current_time
from .._library import check, library
from .._loop import CHECK, ENDLESS, NOTHING, SCOPE, Runner, Task, current, here, operation
from .._scopes import _AGES, _without_cancelled
from .._sync import Queue

__all__ = [
    "CancelScope", "Waiting", "checkpoint_if_cancelled", "effective_deadline", "is_cancelled", "shielded_checkpoint", "state_of",
]


class CancelScope(anyio.CancelScope):
    """A scope of the library, with a deadline on the clock that can be moved, and a shield that can be lifted."""

    __slots__ = ("_caught", "_deadline", "_is_cancelled", "_is_spent", "_parent", "_shield", "_task", "handle", "reason")

    def __new__(cls, *, deadline: float = math.inf, shield: bool = False) -> CancelScope:
        return object.__new__(cls)

    def __init__(self, *, deadline: float = math.inf, shield: bool = False) -> None:
        self.handle: Optional[int] = None
        if math.isnan(deadline):
            raise ValueError("deadline must not be NaN")
        self._deadline, self._shield = deadline, shield
        self._is_cancelled = self._caught = self._is_spent = False
        #: Why it was cancelled, in words.
        self.reason: Optional[str] = None
        #: What is around it for the code inside: see `TaskGroup.start`.
        self._parent: Any = None
        #: The task that has begun it.
        self._task: Optional[Task] = None

    def open(self, runner: Runner, parent: Any, seen: Any = None) -> None:
        """Makes it in the library. `seen`: the scope that is around it for its own code, if that is another one."""
        place = ctypes.c_void_p()
        check(library.cq_scope_new(runner.controller, parent.handle, ctypes.byref(place)))
        self.handle, self._parent = place.value, seen or parent
        if self._shield:
            check(library.cq_scope_shield(self.handle, _AGES))
        if self._is_cancelled:
            check(library.cq_scope_cancel(self.handle, 0, None))
        elif self._deadline != math.inf:
            self._set_deadline()

    def free(self) -> None:
        """Gives it back to the library."""
        handle, self.handle = self.handle, None
        library.cq_scope_free(handle)

    def _set_deadline(self) -> None:
        left = self._deadline - current_time()
        if left <= 0:
            self.cancel("deadline exceeded")
        else:
            check(library.cq_scope_deadline(self.handle, left if left < _AGES else -1.0))

    def _has_ended(self) -> bool:
        """Whether it has ended in the library, or one around it that it does not keep out."""
        return self.handle is not None and library.cq_scope_status(self.handle) != 0

    def __enter__(self) -> CancelScope:
        task, runner = current(), here.runner
        assert runner is not None
        if self._task is not None or self._is_spent:
            raise RuntimeError("Each CancelScope may only be used for a single 'with' block")
        self.open(runner, task.scope)
        check(library.cq_scope_begin(self.handle, task.number))
        task.scope, self._task = self, task
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> bool:
        task = here.task
        if self._task is None or task is None:
            raise RuntimeError("This cancel scope is not active")
        if task is not self._task:
            raise RuntimeError("Attempted to exit cancel scope in a different task than it was entered in")
        if task.scope is not self:
            raise RuntimeError("Attempted to exit a cancel scope that isn't the current tasks's current cancel scope")
        parent = self._parent
        catches = self._has_ended() and (self._shield or not parent._has_ended())
        self._is_cancelled = self._is_cancelled or catches
        check(library.cq_scope_end(self.handle, task.number))
        task.scope, self._task, self._is_spent = parent, None, True
        self.free()
        if not catches or why is None:
            return False
        left = _without_cancelled(why)
        if left is why:
            return False
        self._caught = True
        if left is None:
            return True
        context = left.__context__
        try:
            raise left
        finally:
            left.__context__ = context
            del why, left, context

    def cancel(self, reason: Optional[str] = None) -> None:
        if not self._is_cancelled:
            self._is_cancelled = True
            by = "" if here.task is None else f" by {here.task.name}"
            self.reason = f"cancelled{by}{'' if reason is None else f'; reason: {reason}'}"
        if self.handle is not None:
            library.cq_scope_cancel(self.handle, 0, None)
            state = None if here.runner is None else here.runner.anyio
            for scope in () if state is None else tuple(state.starting):
                if is_cancelled(scope._parent):  # in the library it lies elsewhere: see `TaskGroup.start`
                    library.cq_scope_cancel(scope.handle, 0, None)

    @property
    def deadline(self) -> float:
        return self._deadline

    @deadline.setter
    def deadline(self, value: float) -> None:
        value = float(value)
        if math.isnan(value):
            raise ValueError("deadline must not be NaN")
        self._deadline = value
        if self.handle is not None and not self._is_cancelled:
            self._set_deadline()

    @property
    def cancel_called(self) -> bool:
        if not self._is_cancelled and self._task is not None and current_time() >= self._deadline:
            self.cancel("deadline exceeded")
        return self._is_cancelled

    @property
    def cancelled_caught(self) -> bool:
        return self._caught

    @property
    def shield(self) -> bool:
        return self._shield

    @shield.setter
    def shield(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError("shield must be a bool")
        self._shield = value
        if self.handle is not None:
            check(library.cq_scope_shield(self.handle, _AGES if value else 0.0))

    def __del__(self) -> None:
        if self.handle is not None:  # its loop has ended in the middle of it
            self.free()

    def __repr__(self) -> str:
        return f"<cqueues.anyio_backend.CancelScope {'cancelled' if self._is_cancelled else 'active' if self._task else 'idle'}>"


def effective_deadline() -> float:
    """The deadline that ends the waits of this task first; -inf if they have been ended."""
    scope, found = current().scope, math.inf
    while scope is not None:
        if scope.cancel_called:
            return -math.inf
        if isinstance(scope, CancelScope):
            found = min(found, scope._deadline)
        elif scope._has_ended():
            return -math.inf
        if scope._shield:
            break
        scope = scope._parent
    return found


def is_cancelled(scope: Any) -> bool:
    """Whether the waits in a scope are ended. Other threads may ask, too: it does not ask the library."""
    while scope is not None:
        if scope.cancel_called if not isinstance(scope, CancelScope) else scope._is_cancelled:
            return True
        if isinstance(scope, CancelScope) and current_time() >= scope._deadline:
            return True
        if scope._shield:
            return False
        scope = scope._parent
    return False


async def checkpoint_if_cancelled() -> None:
    """Raises Cancelled if the waits of this task have been ended."""
    if current().scope._has_ended():
        await operation(NOTHING, CHECK, 0, 0, 0, 0, 0, ENDLESS, 0)


async def shielded_checkpoint() -> None:
    """Lets others run; this is not cancelled."""
    runner = here.runner
    assert runner is not None
    # The wait for a scope that has ended is not ended by what ends the task's others.
    await operation(SCOPE, 0, 0, 0, state_of(runner).empty, 0, 0, ENDLESS, 0)


class Waiting(Queue):
    """Tasks that wait, in the order in which they came. Who is cancelled is not woken any more, but cancelled."""

    def __len__(self) -> int:
        while self.waiting:
            task = next(iter(self.waiting))
            if not task.scope._has_ended():
                break
            del self.waiting[task]
        return len(self.waiting)


class State:
    """What the backend keeps for a loop."""

    def __init__(self, runner: Runner) -> None:
        place = ctypes.c_void_p()
        check(library.cq_scope_new(runner.controller, None, ctypes.byref(place)))
        self._free = library.cq_scope_free
        #: A scope that has ended and has no tasks.
        self.empty = place.value or 0
        check(library.cq_scope_cancel(self.empty, 0, None))
        #: Who waits for descriptors, by their numbers: to read, to write.
        self.waiting: tuple[dict[int, Any], dict[int, Any]] = ({}, {})
        #: How many tasks wait until all others do.
        self.idlers = 0
        self.limiter: Any = None
        #: Spawn scopes of tasks of `TaskGroup.start` that have not started yet.
        self.starting: set[CancelScope] = set()
        #: Spawn scopes of tasks of `TaskGroup.start` that may still have their task in the library.
        self.spent: list[CancelScope] = []

    def free_spent(self) -> None:
        """Frees the scopes of tasks that were started by `TaskGroup.start` and have left the library."""
        if self.spent:
            spent, self.spent = self.spent, []
            for scope in spent:
                if library.cq_scope_count(scope.handle):
                    self.spent.append(scope)
                else:
                    scope.free()

    def __del__(self) -> None:
        for scope in self.spent:
            scope.free()
        self._free(self.empty)


def state_of(runner: Runner) -> State:
    """What the backend keeps for a loop, from its first use on."""
    if runner.anyio is None:
        runner.anyio = State(runner)
    return runner.anyio  # type: ignore[no-any-return]
