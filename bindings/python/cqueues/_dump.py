# SPDX-License-Identifier: MIT
"""What tasks wait for, and where in the code: as a tree here, and for `cq ps` from outside."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from typing import Any, Optional, TextIO, Union

from ._library import check, declared, library
from ._loop import Runner, Task, here

__all__ = ["dump", "inspect", "tell_places"]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
#: The longest name of a task that the library takes, in bytes.
_NAME_SIZE = 63
Place = tuple[str, str, int]


def _awaited(body: Any) -> Any:
    """What a coroutine, generator or async generator waits for; of what only wraps one of these, that."""
    for name in ("cr_await", "gi_yieldfrom", "ag_await"):
        if hasattr(body, name):
            return getattr(body, name)
    for inner in gc.get_referents(body):
        if hasattr(inner, "cr_frame") or hasattr(inner, "gi_frame") or hasattr(inner, "ag_frame"):
            return inner
    return None


def _chain(task: Task) -> Iterator[Place]:
    """Where the code of a task stands, the outermost function first: name, file, line."""
    if task is here.task:  # it runs: what it awaits is on the stack
        frame: Any = sys._getframe()
        outermost, places = getattr(task.coroutine, "cr_frame", None), []
        while frame is not None:
            places.append((frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno))
            if frame is outermost:
                break
            frame = frame.f_back
        yield from reversed(places)
        return
    body: Any = task.coroutine
    while body is not None:
        for kind in ("cr", "gi", "ag"):
            frame = getattr(body, f"{kind}_frame", None)
            if frame is not None:
                yield getattr(body, "__qualname__", frame.f_code.co_name), frame.f_code.co_filename, frame.f_lineno
        body = _awaited(body)


def _places(task: Task) -> list[Place]:
    """The same without this package's own functions, unless there is nothing else."""
    chain = list(_chain(task))
    return [place for place in chain if not place[1].startswith(_PACKAGE)] or chain


def _parent(task: Task) -> Optional[Task]:
    """The task in whose nursery another one is."""
    scope = task.scope
    while scope is not None:
        if scope._task is not None and scope._task is not task:
            return scope._task  # type: ignore[no-any-return]
        scope = scope._parent
    return None


def _waits(runner: Runner) -> dict[int, str]:
    """What each task waits for, in words of the library's, by its number."""
    count = ctypes.c_size_t()
    room = len(runner.tasks) + 16
    infos = (declared.cq_task_info * room)()
    check(library.cq_controller_tasks(runner.controller, infos, room, ctypes.byref(count)))
    return {info.task: info.wait.decode("utf-8", "replace") for info in infos[: min(room, count.value)]}


def dump(file: Optional[TextIO] = None) -> None:
    """Writes the tasks of this thread's loop as a tree: in each its name, what it waits for, where its code stands, and below
    that the tasks of its nurseries. `file`: instead of standard error. RuntimeError without a loop.
    """
    runner = here.runner
    if runner is None:
        raise RuntimeError("no loop runs in this thread: see cqueues.run")
    waits = _waits(runner)
    below: dict[Optional[Task], list[Task]] = {}
    for task in runner.tasks.values():
        if task.scope.handle:  # and not the one that heeds signals
            below.setdefault(_parent(task), []).append(task)
    out: list[str] = []
    # What is still to be drawn: text, prefix, whether it is the last one there, and what lies below it.
    rest: list[tuple[str, str, bool, Any]] = []

    def push(prefix: str, entries: list[tuple[str, Any]]) -> None:
        for at in range(len(entries) - 1, -1, -1):
            rest.append((entries[at][0], prefix, at == len(entries) - 1, entries[at][1]))

    def shown(task: Task) -> tuple[str, Any]:
        wait = "running" if task is here.task else waits.get(task.number, "")
        return f"(T) {task.name}{': ' if wait else ''}{wait}", (task, _places(task))

    push("", [shown(task) for task in below.get(None, [])])
    while rest:
        text, prefix, is_last, (task, places) = rest.pop()
        out.append(f"{prefix}{'└── ' if is_last else '├── '}{text}")
        prefix += "    " if is_last else "│   "
        if places:
            name, where, line = places[0]
            push(prefix, [(f" {name} {where}:{line}", (task, places[1:]))])
        else:
            push(prefix, [shown(child) for child in below.get(task, [])])
    (file or sys.stderr).write("\n".join(out) + "\n")


def inspect(path: Union[str, bytes, os.PathLike[str], None]) -> None:
    """Serves this thread's loop at a UNIX path for `cq ps`, which shows names of tasks and where their code stands.

    The environment variable CQUEUES_INSPECT does the same for each loop, if the program begins with it. None ends it. Errors: OSError of the path.
    """
    runner = here.runner
    if runner is None:
        raise RuntimeError("no loop runs in this thread: see cqueues.run")
    check(library.cq_controller_inspect(runner.controller, None if path is None else os.fsencode(path)))
    runner.is_inspected = path is not None


def tell_places(runner: Runner) -> None:
    """Tells the library the names of all tasks and where their code stands, for who looks at present."""
    for task in list(runner.tasks.values()):
        if task.number:
            name = task.name.encode("utf-8", "replace")[:_NAME_SIZE].replace(b"\0", b"?")
            library.cq_task_set_name(runner.controller, task.number, name.decode("utf-8", "ignore").encode())
            places = _places(task)
            if places:
                shown = f"{places[-1][1]}:{places[-1][2]}"
                library.cq_task_set_place(runner.controller, task.number, os.fsencode(shown))
