# SPDX-License-Identifier: MIT
"""Task groups of anyio, each in a scope of the library."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from contextvars import Context
from types import TracebackType
from typing import Any, Callable, Optional

import anyio
import anyio.abc

from .._library import library
from .._loop import ENDLESS, SCOPE, Cancelled, Runner, Task, current, here, operation, park, unpark
from ._scopes import CancelScope, shielded_checkpoint, state_of

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

__all__ = ["TaskGroup", "task_name"]

_TaskHandle: Any = getattr(anyio, "TaskHandle", None)


class TaskStatus:
    """How a task that `TaskGroup.start` has started tells that it is ready."""

    def __init__(self, group: TaskGroup, starter: Task, scope: CancelScope) -> None:
        self._group, self._starter, self._scope = group, starter, scope
        self._caller = starter.scope
        self.is_called = self.is_started = False
        self.value: Any = None

    def started(self, value: Any = None) -> None:
        if self.is_called:
            raise RuntimeError("called 'started' twice on the same task status")
        self.is_called = True
        if self._caller._has_ended():  # who started it is about to cancel it
            return
        self.value, self.is_started = value, True
        self._scope._parent, self._scope._task = self._group.cancel_scope, None
        self._scope.shield = False
        state_of(self._group._check_active()).starting.discard(self._scope)
        unpark(self._starter)


class TaskGroup(anyio.abc.TaskGroup):
    """Tasks that end together, in a scope of the library."""

    def __init__(self) -> None:
        self.cancel_scope: CancelScope = CancelScope()  # pyright: ignore[reportIncompatibleVariableOverride]
        self._is_entered = self._is_active = False
        self._count = 0
        self._failures: list[BaseException] = []
        self._runner: Optional[Runner] = None

    async def __aenter__(self) -> TaskGroup:
        if self._is_entered:
            raise RuntimeError("TaskGroup cannot be entered more than once")
        self._is_entered = self._is_active = True
        self._runner = here.runner
        self.cancel_scope.__enter__()
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> bool:
        scope = self.cancel_scope
        outcome = why
        try:
            if why is not None:
                scope.cancel()
                if not isinstance(why, Cancelled):
                    self._failures.append(why)
            if self._left():
                while self._left():
                    try:
                        await operation(SCOPE, 0, 0, 0, scope.handle, 0, 0, ENDLESS, 0)
                    except Cancelled:
                        pass  # now that it has ended the wait for its tasks is not
                if outcome is None and scope._has_ended():
                    scope.cancel()
                    outcome = Cancelled(scope.reason or "cancelled")
            else:
                await shielded_checkpoint()
            self._is_active = False
            if self._failures:
                outcome = BaseExceptionGroup("unhandled errors in a TaskGroup", self._failures)
            if scope.__exit__(type(outcome) if outcome else None, outcome, None):
                return True
            if outcome is None or outcome is why:
                return False
            raise outcome from None
        finally:
            self._is_active = False
            self._failures = []
            del outcome, why

    def _left(self) -> bool:
        """Whether tasks are left: here, or on their way out of the library."""
        return self._count > 0 or library.cq_scope_count(self.cancel_scope.handle) > 0

    def _check_active(self) -> Runner:
        runner = here.runner
        if not self._is_active or runner is None or runner is not self._runner:
            raise RuntimeError("This task group is not active; no new tasks can be started.")
        return runner

    def create_task(self, coro: Coroutine[Any, Any, Any], *, name: object = None, context: Optional[Context] = None) -> Any:
        if not isinstance(coro, Coroutine):
            raise TypeError(f"expected a coroutine, got {coro.__class__.__qualname__}")
        try:
            runner = self._check_active()
        except RuntimeError:
            coro.close()
            raise
        handle = _TaskHandle(coro, task_name(coro, name))
        self._count += 1
        runner.spawn(handle._run_coro(), handle.name, self.cancel_scope, self._ended, context)
        return handle

    if _TaskHandle is None:  # before anyio 4.14

        def start_soon(self, func: Callable[..., Any], *args: Any, name: object = None) -> Any:  # type: ignore[misc,override]
            runner = self._check_active()
            self._count += 1
            runner.spawn(_coroutine(func, args), task_name(func, name), self.cancel_scope, self._ended)

    async def start(
        self, func: Callable[..., Any], *args: Any, name: object = None, return_handle: bool = False
    ) -> Any:
        runner, starter = self._check_active(), current()
        # Until it has started, the task lies in the scope of its starter, who cancels it: the group's is kept out.
        scope = CancelScope(shield=True)
        status = TaskStatus(self, starter, scope)
        body, label = _coroutine(func, args, task_status=status), task_name(func, name)
        handle = None
        if _TaskHandle is not None:
            handle = _TaskHandle(body, label)
            body = handle._run_coro()
        over: list[Any] = []
        state = state_of(runner)
        state.free_spent()
        scope.open(runner, self.cancel_scope, starter.scope)
        scope._task = starter  # whose child it is so far
        state.starting.add(scope)

        def ended(task: Task) -> None:
            state.starting.discard(scope)
            state.spent.append(scope)
            if status.is_started:
                self._ended(task)
            else:
                self._count -= 1
                over.append(task.value[1])
                unpark(starter)

        self._count += 1
        runner.spawn(body, label, scope, ended)
        try:
            while not status.is_started and not over:
                await park()
        except BaseException:
            scope.cancel()
            with CancelScope(shield=True):
                while not status.is_started and not over:
                    await park()
            if over and over[0] is not None and not isinstance(over[0], Cancelled):
                raise over.pop()
            raise
        if not status.is_started:
            why = over.pop()
            if why is not None:
                raise why
            raise RuntimeError("Child exited without calling task_status.started()")
        if return_handle and handle is not None:
            handle._start_value = status.value
            return handle
        return status.value

    def _ended(self, task: Task) -> None:
        self._count -= 1
        why = task.value[1]
        if why is not None:
            if not isinstance(why, Cancelled):
                self._failures.append(why)
            self.cancel_scope.cancel()


def _coroutine(function: Callable[..., Any], args: tuple[Any, ...], **more: Any) -> Coroutine[Any, Any, Any]:
    body = function(*args, **more)
    if not isinstance(body, Coroutine):
        module = f"{function.__module__}." if hasattr(function, "__module__") else ""
        raise TypeError(
            f"Expected {module}{function.__qualname__}() to return a coroutine, but the return value ({body!r}) is not a coroutine object"
        )
    return body


def task_name(of: Any, override: object) -> str:
    """The name of a task: that of its function with the module's."""
    if override is not None:
        return str(override)
    frame = getattr(of, "cr_frame", None)
    module = frame.f_globals.get("__name__") if frame is not None else getattr(of, "__module__", None)
    return ".".join(part for part in (module, getattr(of, "__qualname__", None)) if part)
