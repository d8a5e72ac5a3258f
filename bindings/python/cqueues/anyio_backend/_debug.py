# SPDX-License-Identifier: MIT
"""Tasks as anyio shows them, and the wait until all others wait."""

from __future__ import annotations

import weakref
from typing import Any

import anyio

from .._dump import _parent
from .._loop import CHECK, ENDLESS, NOTHING, Runner, Task, here, operation
from ._scopes import is_cancelled, state_of

__all__ = ["idle", "info", "running"]


class CqueuesTaskInfo(anyio.TaskInfo):
    """A task."""

    __slots__ = ("_task",)

    def __init__(self, task: Task) -> None:
        parent = _parent(task)
        super().__init__(id(task), None if parent is None else id(parent), task.name, task.coroutine)
        self._task = weakref.ref(task)

    def has_pending_cancellation(self) -> bool:
        task = self._task()
        return task is not None and is_cancelled(task.scope)


def info(task: Task) -> anyio.TaskInfo:
    """What anyio tells of a task."""
    return CqueuesTaskInfo(task)


def running(runner: Runner) -> list[anyio.TaskInfo]:
    """All tasks of a loop, but for those of its own."""
    return [CqueuesTaskInfo(task) for task in runner.tasks.values() if task.scope.handle]


async def idle() -> None:
    """Waits until all other tasks wait for something."""
    runner = here.runner
    assert runner is not None
    state: Any = state_of(runner)
    state.idlers += 1
    quiet = 0
    try:
        while quiet < 3:
            wanted = runner.wanted
            await operation(NOTHING, CHECK, 0, 0, 0, 0, 0, ENDLESS, 0)
            # What this step was to do: the waits of tasks that ran before it.
            quiet = quiet + 1 if len(wanted) <= state.idlers and not runner.calls else 0
    finally:
        state.idlers -= 1
