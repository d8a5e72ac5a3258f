# SPDX-License-Identifier: MIT
"""The loop: tasks are coroutines, what they wait for goes to the library as an array, what came of it comes back as one.

A coroutine that waits yields an operation: the arguments of `cq_operation` behind the task, in their order. It is
resumed with what came of it, or the exception that stands for its code.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Coroutine, Generator
from contextvars import Context, copy_context
from types import coroutine
from typing import Any, Callable, Optional

from ._library import check, declared, error, library, story_of_end

__all__ = ["Cancelled", "Task", "checkpoint", "current", "operation", "sleep"]

_OPERATION = struct.Struct("<QIIIIQQQdQ")
_RESULT = struct.Struct("<QQIiQQQI12x")
_SIZE = 64
assert _OPERATION.size == ctypes.sizeof(declared.cq_operation) == _SIZE
assert _RESULT.size == ctypes.sizeof(declared.cq_result) == _SIZE

#: How many operations go into a step, and how many results come out.
_ROOM = 1024
ENDLESS = float("nan")

ADD, END, NOTHING, SLEEP = declared.CQ_DO_ADD, declared.CQ_DO_END, declared.CQ_DO_NOTHING, declared.CQ_DO_SLEEP
CONDITION, SCOPE, READ, WRITE = declared.CQ_DO_CONDITION, declared.CQ_DO_SCOPE, declared.CQ_DO_READ, declared.CQ_DO_WRITE
LINK, CHECK = declared.CQ_OPERATION_LINK, declared.CQ_OPERATION_CHECK
_ENDED = (errno.ECANCELED, errno.ETIMEDOUT)
_MADE = (declared.CQ_DO_ACCEPT, declared.CQ_DO_ANSWER)
_TOLD = (declared.CQ_DO_SIGNAL, declared.CQ_DO_POLL, declared.CQ_DO_READ_INTO)

#: Where the bytes of a bytes object begin, from its address. Held by the check below.
BYTES_AT = bytes.__basicsize__ - 1
_probe = b"cqueues"
if sys.implementation.name != "cpython" or ctypes.string_at(id(_probe) + BYTES_AT, len(_probe)) != _probe:
    raise ImportError("cqueues needs CPython: it uses the addresses of bytes objects")


class Cancelled(BaseException):
    """Raised where a task waits whose cancel scope has ended. Let it pass: the scope catches it."""


class Task:
    """A task: a coroutine, its number in the library, and what it is in the middle of."""

    __slots__ = (
        "__weakref__", "condition", "context", "coroutine", "ended", "held", "key", "name", "number", "output", "parked",
        "scope", "value", "woken", "written",
    )

    def __init__(
        self, body: Coroutine[Any, Any, Any], name: str, scope: Any, ended: Callable[[Task], None], context: Context
    ) -> None:
        self.coroutine = body
        #: Its context variables.
        self.context = context
        self.name = name
        self.scope = scope
        self.ended = ended
        self.number = 0
        self.key = 0
        self.condition: Optional[int] = None
        #: While it is parked: the runner, and where its operation is in the list of those wanted.
        self.parked: Optional[tuple[Any, list[Any], int]] = None
        #: Whether `unpark` was called since it parked.
        self.woken = False
        #: What it has written and what leaves before its next operation: sockets and their bytes, in turn.
        self.output: Optional[list[Any]] = None
        self.written = 0
        #: What the operation under way needs.
        self.held: Any = None
        self.value: Any = None

    def __repr__(self) -> str:
        return f"<cqueues.Task {self.name!r}>"


class _Here(threading.local):
    """What runs in this thread."""

    runner: Optional[Runner] = None
    task: Optional[Task] = None


here = _Here()


def current() -> Task:
    """The task that runs. RuntimeError outside of `cqueues.run`."""
    task = here.task
    if task is None:
        raise RuntimeError("this must be called in a task: see cqueues.run")
    return task


class Runner:
    """A controller with its batch, and the tasks by their numbers here."""

    controller: Optional[int] = None

    def __init__(self) -> None:
        place = ctypes.c_void_p()
        check(library.cq_controller_new(ctypes.byref(place)))
        self.controller = place.value
        check(library.cq_batch_new(self.controller, 0, ctypes.byref(place)))
        self.batch = place.value
        size = ctypes.c_size_t()
        check(library.cq_batch_memory(self.batch, ctypes.byref(place), ctypes.byref(size)))
        self.base, self.room = place.value or 0, size.value
        self.memory = (ctypes.c_char * self.room).from_address(self.base)
        self.wanted: list[tuple[Any, ...]] = []
        self.tasks: dict[int, Task] = {}
        self.keys = 0
        self.alive = 0
        self.operations = bytearray(_SIZE * _ROOM)
        self.results = bytearray(_SIZE * _ROOM)
        self.conditions: list[int] = []
        #: What the operations of tasks that are over still need: until the next step but one.
        self.last_words: list[Any] = []
        #: The scopes of tasks that were started in a scope that had ended, by their keys.
        self.admitted: dict[int, Any] = {}
        #: Called in the loop's thread, in this order: put in by other threads, who alert the controller.
        self.calls: deque[Callable[[], None]] = deque()
        #: The scope of all tasks, and the threads that work for them, if there are any.
        self.root: Any = None
        self.pool: Any = None
        #: The clock, if tests move it.
        self.clock: Any = None
        #: What `anyio_backend` keeps for it.
        self.anyio: Any = None
        self.is_forked = False
        #: Whether other programs can look at it, who want to see names and places.
        self.is_inspected = bool(os.environ.get("CQUEUES_INSPECT"))

    def close(self) -> None:
        if self.is_forked:  # all of it is the parent's
            return
        if self.pool is not None:
            self.pool.close()
        library.cq_batch_free(self.batch)  # nothing of what a coroutine frees now is waited for
        for task in list(self.tasks.values()):
            try:
                task.context.run(task.coroutine.close)
            except BaseException:
                pass  # it awaits in spite of GeneratorExit: run raises what ended the loop
        self.admitted.clear()
        if self.root is not None:
            self.root._free()
        library.cq_controller_close(self.controller)
        self.conditions += [task.condition for task in self.tasks.values() if task.condition is not None]
        for condition in self.conditions:
            library.cq_condition_free(condition)

    def __del__(self) -> None:
        library.cq_controller_free(self.controller)  # not before: others may still post what nobody will do

    def spawn(
        self, body: Coroutine[Any, Any, Any], name: str, scope: Any, ended: Callable[[Task], None], context: Optional[Context] = None
    ) -> Task:
        """Starts a task in a scope; `ended` is called with it, whose `value` is then the outcome.

        It has a context, or a copy of the caller's.
        """
        task = Task(body, name, scope, ended, copy_context() if context is None else context)
        self.keys = key = self.keys + 1
        task.key = key
        self.tasks[key] = task
        self.alive += 1
        self.wanted.append((0, ADD, 0, 0, 0, scope.handle, key, 0, ENDLESS, 0))
        return task

    def post(self, call: Callable[[], None]) -> None:
        """Has something called in the loop's thread. Any thread may call this while the loop runs."""
        self.calls.append(call)
        library.cq_controller_alert(self.controller)

    def condition_of(self, task: Task) -> int:
        """What wakes the task, when it waits for another one of this loop."""
        if task.condition is None:
            if self.conditions:
                task.condition = self.conditions.pop()
            else:
                place = ctypes.c_void_p()
                check(library.cq_condition_new(False, ctypes.byref(place)))
                task.condition = place.value
        return task.condition  # type: ignore[return-value]

    def loop(self, once: bool = False) -> None:
        """Steps until no task is left; with `once` one step, which does not wait: for a loop inside another one."""
        operations, results = self.operations, memoryview(self.results)
        wanted_at = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(operations)))
        results_at = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(self.results)))
        produced, now = ctypes.c_size_t(), ctypes.c_double(0.0)
        produced_at = ctypes.byref(produced)
        batch, room, endless = ctypes.c_void_p(self.batch), ctypes.c_size_t(_ROOM), ctypes.c_double(0.0 if once else -1.0)
        step = library.cq_batch_step if self.clock is None else self.clock._step(self)
        pack, unpack = _OPERATION.pack_into, _RESULT.iter_unpack
        while self.alive > 0:
            wanted = self.wanted
            if len(wanted) > _ROOM:
                self.wanted = wanted[_ROOM:]
                wanted = wanted[:_ROOM]
            else:
                self.wanted = []
            at = 0
            try:
                for want in wanted:
                    pack(operations, at, *want)
                    at += _SIZE
            except (struct.error, TypeError):
                self.refuse_from(wanted)
                continue
            more = self.wanted or self.calls
            code = step(batch, wanted_at, len(wanted), now if more else endless, results_at, room, produced_at)
            self.last_words = []
            if self.calls:
                for _ in range(len(self.calls)):
                    self.calls.popleft()()
            count = produced.value
            if count:
                self.resume(unpack(results[: count * _SIZE]))
            if self.is_inspected and library.cq_controller_wants_places(self.controller):
                self.tell()
            if code:
                raise error(code)
            if once:
                break

    def tell(self) -> None:
        """Tells who looks from outside where the tasks are."""
        from ._dump import tell_places

        tell_places(self)

    def resume(self, results: Any) -> None:
        """Resumes each task with what came of its operation."""
        tasks, wanted, memory, base, room = self.tasks, self.wanted.append, self.memory, self.base, self.room
        for number, key, kind, code, made, address, size, events in results:
            task = tasks.get(key)
            if task is None:  # what was linked to its end has failed
                if code != errno.ENOENT:
                    wanted((number, END, 0, 0, 0, 0, 0, 0, ENDLESS, 0))
                continue
            here.task = task
            task.held = None
            run = task.context.run
            try:
                if code:
                    if kind == ADD:
                        self.admit(task, code)
                        continue
                    want = run(task.coroutine.throw, self.failure(task, kind, code, size))
                elif kind == READ:
                    at = address - base
                    if 0 <= at < room:
                        want = run(task.coroutine.send, memory[at : at + size])
                    else:
                        want = run(task.coroutine.send, ctypes.string_at(address, size) if address else None)
                elif kind == ADD:
                    task.number = number
                    if key in self.admitted:
                        self.admitted[key].expose()
                    want = run(task.coroutine.send, None)
                elif kind in _MADE:
                    want = run(task.coroutine.send, made)
                elif kind in _TOLD:
                    want = run(task.coroutine.send, (size, events))
                else:
                    want = run(task.coroutine.send, None)
            except StopIteration as stop:
                self.end(task, (stop.value, None))
            except BaseException as why:
                self.end(task, (None, why))
            else:
                if task.output:
                    self.send(task)
                try:
                    wanted((number, *want))
                except Exception:
                    self.refuse(task, want)
        here.task = None

    def admit(self, task: Task, code: int) -> None:
        """Starts a task whose scope had ended: shields of its own count. It is ended as soon as it runs."""
        from ._scopes import Anteroom

        if code not in _ENDED:
            task.coroutine.close()
            return self.end(task, (None, error(code)))
        self.admitted[task.key] = task.scope = Anteroom(self, task.scope)
        self.wanted.append((0, ADD, 0, 0, 0, task.scope.handle, task.key, 0, ENDLESS, 0))

    def refuse(self, task: Task, want: Any) -> None:
        """Raises TypeError in a task that awaits what is not of this loop: asyncio's, for instance."""
        here.task = task
        while True:
            try:
                why = TypeError(f"this loop does not know what to do with {want!r}: is it of another one?")
                want = task.context.run(task.coroutine.throw, why)
            except StopIteration as stop:
                return self.end(task, (stop.value, None))
            except BaseException as failed:
                return self.end(task, (None, failed))
            if type(want) is tuple and len(want) == 9:
                if task.output:
                    self.send(task)
                return self.wanted.append((task.number, *want))

    def refuse_from(self, wanted: list[tuple[Any, ...]]) -> None:
        """Refuses what is no operation, and keeps the rest for the next step."""
        sound, scratch = [], bytearray(_SIZE)
        tasks = {task.number: task for task in self.tasks.values()}
        later, self.wanted = self.wanted, []
        for want in wanted:
            try:
                _OPERATION.pack_into(scratch, 0, *want)
                sound.append(want)
            except (struct.error, TypeError):
                self.refuse(tasks[want[0]], want[1:])
        self.wanted = sound + later + self.wanted
        here.task = None

    def send(self, task: Task) -> None:
        """Links what the task has written to its next operation: what was written to one socket is one write."""
        output, task.output, task.written = task.output or [], None, 0
        task.held = held = list[Any]((output,))
        at = 0
        while at < len(output):
            socket, pieces = output[at], output[at + 1]
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            held.append(data)
            self.wanted.append((task.number, WRITE, LINK, 0, 0, socket._handle or 0, id(data) + BYTES_AT, len(data), ENDLESS, 0))
            at += 2

    def failure(self, task: Task, kind: int, code: int, size: int) -> BaseException:
        """What is raised in a task whose operation ended with a code."""
        if code in _ENDED and library.cq_task_status(self.controller, task.number):
            return Cancelled(story_of_end(task.scope, code))
        why = error(code)
        if kind == declared.CQ_DO_WRITE:
            why.written = size  # type: ignore[attr-defined]
        return why

    def end(self, task: Task, outcome: tuple[Any, Optional[BaseException]]) -> None:
        """A coroutine is over: so is its task, and whoever started it is told."""
        task.value = outcome
        self.tasks.pop(task.key, None)
        if task.key in self.admitted:
            self.last_words.append(self.admitted.pop(task.key))
        self.alive -= 1
        if task.condition is not None:
            self.conditions.append(task.condition)
            task.condition = None
        if task.number:
            if task.output:
                self.send(task)
                self.last_words.append(task.held)
            self.wanted.append((task.number, END, 0, 0, 0, 0, 0, 0, ENDLESS, 0))
        task.ended(task)
        task.value = task.scope = None  # nobody holds on to what it raised because of the task


@coroutine
def operation(*want: Any) -> Generator[tuple[Any, ...], Any, Any]:
    """Waits for an operation: its kind, flags, format, mode, object, data, size, timeout, 0."""
    return (yield want)


_CHECKPOINT = (NOTHING, CHECK, 0, 0, 0, 0, 0, ENDLESS, 0)


def checkpoint() -> Awaitable[None]:
    """Lets other tasks run, and raises `Cancelled` if the scope of this one has ended."""
    return operation(*_CHECKPOINT)


def sleep(seconds: float) -> Awaitable[None]:
    """Waits so many seconds."""
    if not seconds >= 0:
        raise ValueError("a time to sleep is not negative")
    return _sleep(float(seconds))


@coroutine
def _sleep(seconds: float) -> Generator[tuple[Any, ...], Any, None]:
    yield (SLEEP, CHECK, 0, 0, 0, 0, 0, seconds, 0)


def sleep_forever() -> Awaitable[None]:
    """Waits until the scope ends."""
    return operation(SLEEP, CHECK, 0, 0, 0, 0, 0, ENDLESS, 0)


@coroutine
def park() -> Generator[tuple[Any, ...], Any, None]:
    """Waits until `unpark` is called with this task. From that call on it is not cancelled in this wait any more.

    Where it waits for one of several tasks, it writes down before that it does: what happens then is not missed.
    """
    task, runner = current(), here.runner
    assert runner is not None
    task.woken = False
    try:
        if task.output:  # an operation that is linked to another one cannot be exchanged below
            yield _CHECKPOINT
        if not task.woken:
            task.parked = (runner, runner.wanted, len(runner.wanted))
            yield (CONDITION, CHECK, 0, 0, runner.condition_of(task), 0, 0, ENDLESS, 0)
    except Cancelled:
        if not task.woken:
            raise
    finally:
        task.parked = None


def unpark(task: Task) -> None:
    """Wakes a task that is parked. RuntimeError in another thread than that of its loop."""
    parked = task.parked
    if parked is not None and not task.woken:
        runner, wanted, at = parked
        if runner is not here.runner:
            raise RuntimeError("a task of another loop waits for this: use from_thread.run_sync")
        if runner and wanted is runner.wanted:  # the library does not know of it yet
            wanted[at] = (task.number, NOTHING, 0, 0, 0, 0, 0, 0, ENDLESS, 0)
        else:
            _signal(task, parked)
    task.woken = True


def _signal(task: Task, parked: tuple[Any, ...]) -> None:
    """Signals the condition of a task; where its operation has not reached the library, behind the next step again."""
    if task.parked is parked:
        woken = ctypes.c_size_t()
        check(library.cq_condition_signal(task.condition, 1, ctypes.byref(woken)))
        if not woken.value:
            parked[0].calls.append(lambda: _signal(task, parked))
