# SPDX-License-Identifier: MIT
"""Cancel scopes and nurseries: the library's scopes, with the names and the behaviour of trio's."""

from __future__ import annotations

import ctypes
import errno
import math
import sys
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Callable, Iterator, Optional

from ._begin import begun
from ._library import check, library
from ._loop import ENDLESS, SCOPE, Cancelled, Runner, Task, current, here, operation, park, unpark

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

__all__ = ["CancelScope", "Nursery", "TooSlowError", "fail_after", "move_on_after", "open_nursery"]


#: Seconds that no program sees the end of.
_AGES = 1e9


class TooSlowError(TimeoutError):
    """Raised by `fail_after` when its time is over."""


class CancelScope:
    """A part of a task's code that can be cancelled: every wait in it then raises `Cancelled`, which it catches.

    `deadline`: seconds from the scope's begin; infinity: none. `shield`: what ends scopes around it does not end it.
    """

    #: Why it was cancelled, in words, where those are known.
    reason: Optional[str] = None

    def __init__(self, *, deadline: float = math.inf, shield: bool = False) -> None:
        self.handle: Optional[int] = None
        self.cancel_called = False
        self.cancelled_caught = False
        self._seconds = deadline
        self._shield = shield
        self._parent: Optional[CancelScope] = None
        #: The task that has begun it.
        self._task: Optional[Task] = None

    def _open(self, runner: Runner, parent: Optional[CancelScope]) -> None:
        place = ctypes.c_void_p()
        check(library.cq_scope_new(runner.controller, parent.handle if parent else None, ctypes.byref(place)))
        self.handle, self._parent = place.value, parent
        if self._seconds != math.inf:
            check(library.cq_scope_deadline(self.handle, max(0.0, self._seconds)))
        if self._shield:
            check(library.cq_scope_shield(self.handle, _AGES))
        if self.cancel_called:
            check(library.cq_scope_cancel(self.handle, 0, None))

    def _free(self) -> None:
        handle, self.handle = self.handle, None
        library.cq_scope_free(handle)

    def __del__(self) -> None:
        """Of a task that never came to the end of the block: its loop is over."""
        if getattr(self, "handle", None) is not None:
            self._free()  # once: the garbage collector may end the block after this

    def _has_ended(self) -> bool:
        return self.handle is not None and library.cq_scope_status(self.handle) != 0

    def __enter__(self) -> CancelScope:
        task = current()
        if self.handle is not None:
            raise RuntimeError("a cancel scope is entered once")
        assert here.runner is not None
        self._open(here.runner, task.scope)
        check(library.cq_scope_begin(self.handle, task.number))
        task.scope, self._task = self, task
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> bool:
        if is_abandoned(why):
            self._free()
            return False
        task = current()
        if task.scope is not self:
            raise RuntimeError("cancel scopes end in the reverse order of their begin, each in its own task")
        ended = self._has_ended()
        catches = ended and not (self._parent is not None and not self._shield and self._parent._has_ended())
        self.cancel_called = self.cancel_called or (ended and catches)
        check(library.cq_scope_end(self.handle, task.number))
        task.scope, self._task = self._parent, None
        self._free()
        if not catches or why is None:
            return False
        left = _without_cancelled(why)
        if left is None:
            self.cancelled_caught = True
            return True
        if left is not why:
            self.cancelled_caught = True
            raise left
        return False

    def cancel(self) -> None:
        """Ends the scope: what waits in it, now or later, raises `Cancelled`."""
        self.cancel_called = True
        if self.handle is not None:
            code = library.cq_scope_cancel(self.handle, 0, None)
            if code != errno.EBADF:  # its loop is over
                check(code)

    def __repr__(self) -> str:
        state = "not entered" if self.handle is None else "cancelled" if self._has_ended() else "active"
        return f"<cqueues.CancelScope {state}>"


def is_abandoned(why: Optional[BaseException]) -> bool:
    """Whether a block ends as its coroutine is thrown away: its loop is over, and nothing can be waited for."""
    return isinstance(why, GeneratorExit) and here.task is None


class Anteroom(CancelScope):
    """The scope of a task that was started in a scope that had ended: shielded until the task begins."""

    def __init__(self, runner: Runner, parent: CancelScope) -> None:
        super().__init__(shield=True)
        self._open(runner, parent)

    def expose(self) -> None:
        """The task begins: what has ended the scope around ends its waits from now on."""
        self._shield = False
        check(library.cq_scope_shield(self.handle, 0.0))

    def __del__(self) -> None:
        self._free()


def _without_cancelled(why: BaseException) -> Optional[BaseException]:
    """What is left of an exception without `Cancelled`: None if it is nothing else."""
    if isinstance(why, Cancelled):
        return None
    if isinstance(why, BaseExceptionGroup):
        caught, left = why.split(Cancelled)
        return why if caught is None else left
    return why


def move_on_after(seconds: float, *, shield: bool = False) -> CancelScope:
    """A scope that ends after so many seconds; the code behind it goes on."""
    if not seconds >= 0:
        raise ValueError("a time limit is not negative")
    return CancelScope(deadline=seconds, shield=shield)


@contextmanager
def fail_after(seconds: float, *, shield: bool = False) -> Iterator[CancelScope]:
    """A scope that ends after so many seconds, and raises `TooSlowError` then."""
    with move_on_after(seconds, shield=shield) as scope:
        yield scope
    if scope.cancelled_caught:
        raise TooSlowError(f"not done within {seconds} s")


class TaskStatus:
    """What a task that `Nursery.start` has started tells its starter with."""

    def __init__(self, starter: Task) -> None:
        self._starter, self.value, self.is_started = starter, None, False

    def started(self, value: Any = None) -> None:
        """The task is ready for use; `value` is what `start` returns."""
        if self.is_started:
            raise RuntimeError("started is called once")
        self.value, self.is_started = value, True
        unpark(self._starter)


class Nursery:
    """Tasks that end together: see `open_nursery`. `cancel_scope` holds them and the code of the block."""

    def __init__(self) -> None:
        self.cancel_scope = CancelScope()
        self._failures: list[BaseException] = []
        self._count = 0
        self._is_open = False
        self._runner: Optional[Runner] = None
        self._spent: list[CancelScope] = []
        #: What is told of each task's end, made once while the block is open.
        self._told: Optional[Callable[[Task], None]] = None

    def start_soon(self, function: Callable[..., Any], *args: Any, name: Optional[str] = None) -> None:
        """Starts a task: it runs as soon as this one waits. RuntimeError behind the end of the block."""
        self._start(begun(function, *args), name or str(getattr(function, "__qualname__", function)), self._told)

    async def start(self, function: Callable[..., Any], *args: Any, name: Optional[str] = None) -> Any:
        """Starts a task and waits until it calls `task_status.started(value)`; that value. RuntimeError if it ends first."""
        status, over = TaskStatus(current()), []
        scope = CancelScope()

        def ended(task: Task) -> None:
            over.append(task.value)
            self._spent.append(scope)
            if not status.is_started:
                self._count -= 1
                unpark(status._starter)
            else:
                self._ended(task)

        label = name or str(getattr(function, "__qualname__", function))
        self._start(begun(function, *args, task_status=status), label, ended, scope)
        try:
            while not status.is_started and not over:
                await park()
        except BaseException:
            scope.cancel()
            with CancelScope(shield=True):
                while not status.is_started and not over:
                    await park()
            if over and isinstance(over[0][1], Exception):
                raise over[0][1]
            raise
        if over and not status.is_started:
            why = over[0][1]
            raise why if why is not None else RuntimeError(f"{label} ended without calling started")
        return status.value

    def _start(self, body: Any, name: str, ended: Optional[Callable[[Task], None]], scope: Optional[CancelScope] = None) -> None:
        """Spawns a task in the nursery's scope, or in one of its own inside of that."""
        if not self._is_open or ended is None or here.runner is None or here.runner is not self._runner:
            body.close()
            raise RuntimeError("the nursery is closed, or of another thread's loop")
        if scope is not None:
            self._free_spent()
            scope._open(here.runner, self.cancel_scope)
        self._count += 1
        here.runner.spawn(body, name, scope or self.cancel_scope, ended)

    def _free_spent(self, all: bool = False) -> None:
        """Frees the scopes of tasks that `start` has started and that have left the library: all, or where none waits."""
        spent, self._spent = self._spent, []
        for scope in spent:
            if all or not library.cq_scope_count(scope.handle):
                scope._free()
            else:
                self._spent.append(scope)

    def _ended(self, task: Task) -> None:
        self._count -= 1
        why = task.value[1]
        if why is not None and not isinstance(why, Cancelled):
            self._failures.append(why)
            self.cancel_scope.cancel()

    async def __aenter__(self) -> Nursery:
        self.cancel_scope.__enter__()
        self._runner, self._is_open, self._told = here.runner, True, self._ended
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> bool:
        if is_abandoned(why):
            self._is_open, self._told = False, None
            return self.cancel_scope.__exit__(kind, why, where)
        cancelled: Optional[BaseException] = None
        if why is not None:
            cancelled = why if isinstance(why, Cancelled) else None
            if cancelled is None:
                self._failures.append(why)
            self.cancel_scope.cancel()
        # Their ends may not have reached the library yet.
        while self._count or library.cq_scope_count(self.cancel_scope.handle):
            try:
                await operation(SCOPE, 0, 0, 0, self.cancel_scope.handle, 0, 0, ENDLESS, 0)
            except Cancelled as ended:
                cancelled = ended
        self._is_open, self._told = False, None
        self._free_spent(all=True)
        failures, self._failures = self._failures, []
        outcome: Optional[BaseException] = cancelled
        if failures:
            outcome = BaseExceptionGroup("tasks of a nursery failed", failures)
        elif cancelled is None and self.cancel_scope._has_ended():
            outcome = None
        caught = self.cancel_scope.__exit__(type(outcome) if outcome else None, outcome, None)
        if outcome is None or caught:
            return True
        if outcome is why:
            return False
        try:
            raise outcome
        finally:
            del outcome, failures, why


def open_nursery() -> Nursery:
    """A block whose tasks are over when it is: `async with cqueues.open_nursery() as nursery`.

    A task that fails cancels the others and the block; what failed is raised behind it, as an ExceptionGroup.
    """
    return Nursery()
