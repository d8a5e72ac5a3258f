# SPDX-License-Identifier: MIT
"""cqueues inside asyncio and trio, and these inside cqueues.

`run_in_asyncio` and `run_in_trio` run an async function of cqueues in a task of theirs: the controller is a descriptor, which
their loops watch. In it `asyncio_result` waits for what asyncio does. `run_asyncio` and `run_trio` run a function of theirs in a
task of cqueues.
"""

from __future__ import annotations

import ctypes
import math
import sys
from contextvars import copy_context
from importlib import import_module
from typing import Any, Callable, Optional

from . import _run
from ._begin import unwrap
from ._library import check, library
from ._loop import Cancelled, Runner, Task, current, here, park, unpark
from ._scopes import CancelScope

__all__ = ["asyncio_result", "run_asyncio", "run_in_asyncio", "run_in_trio", "run_trio"]


class _Guest:
    """A loop that somebody else's loop lets step."""

    def __init__(self, main: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if here.runner is not None:
            raise RuntimeError("a loop of cqueues cannot be a guest of its own")
        body: Any = main(*args)
        self._outcome: Optional[tuple[Any, Optional[BaseException]]] = None
        self.runner = Runner()
        self.runner.root = CancelScope()
        self.runner.root._open(self.runner, None)
        self.runner.spawn(body, "main", self.runner.root, self._ended, _run.in_main_context(copy_context()))
        place = ctypes.c_int()
        check(library.cq_controller_pollfd(self.runner.controller, ctypes.byref(place)))
        self.descriptor = place.value

    def _ended(self, task: Task) -> None:
        self._outcome = task.value

    def step(self) -> bool:
        """Makes a step that does not wait. False when all tasks are over."""
        before, here.runner = here.runner, self.runner
        names, name = getattr(sys.modules.get("sniffio"), "thread_local", None), None
        if names is not None:
            name, names.name = names.name, None  # what asks for the loop's name shall not find trio
        try:
            self.runner.loop(once=True)
        finally:
            here.runner = before
            if names is not None:
                names.name = name
        return self.runner.alive > 0

    def seconds(self) -> float:
        """In how many seconds the next step is due, if the descriptor is not readable before."""
        if self.runner.wanted or self.runner.calls:
            return 0.0
        due: float = library.cq_controller_timeout(self.runner.controller)
        return due if due >= 0 else math.inf

    def cancel(self) -> None:
        """Cancels all tasks: the next step brings it about."""
        self.runner.root.cancel()

    def result(self) -> Any:
        """What the main task returned, or raises what it raised."""
        assert self._outcome is not None
        return unwrap(self._outcome)


async def run_in_asyncio(main: Callable[..., Any], *args: Any) -> Any:
    """Runs an async function of cqueues inside the asyncio loop that runs, and returns its result: `await` it in asyncio.

    If asyncio cancels the task that waits here, all tasks of cqueues are cancelled first.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    guest = _Guest(main, args)
    over: asyncio.Future[None] = loop.create_future()
    timer: Optional[asyncio.Handle] = None

    def turn() -> None:
        nonlocal timer
        if timer is not None:
            timer.cancel()
            timer = None
        if over.done():
            return
        try:
            if not guest.step():
                over.set_result(None)
                return
        except BaseException as why:
            over.set_exception(why)
            return
        seconds = guest.seconds()
        if seconds == 0:
            timer = loop.call_soon(turn)
        elif seconds != math.inf:
            timer = loop.call_later(seconds, turn)

    loop.add_reader(guest.descriptor, turn)
    cancelled: Optional[BaseException] = None
    try:
        turn()
        while not over.done():
            try:
                await asyncio.wait([over])
            except asyncio.CancelledError as why:
                cancelled = why
                guest.cancel()
                turn()
        over.result()
    finally:
        loop.remove_reader(guest.descriptor)
        if timer is not None:
            timer.cancel()
        guest.runner.close()
    if cancelled is not None:
        raise cancelled
    return guest.result()


async def asyncio_result(awaitable: Any) -> Any:
    """Waits, in a task of cqueues that runs inside asyncio, for something of asyncio's, and returns its result.

    If the scope of the task ends, what it waits for is cancelled, and waited for.
    """
    import asyncio

    task, runner = current(), here.runner
    assert runner is not None
    future = _run.out_of_context(copy_context()).run(asyncio.ensure_future, awaitable)

    def wake(_: Any) -> None:
        runner.post(lambda: unpark(task))

    future.add_done_callback(wake)
    try:
        while not future.done():
            await park()
    except Cancelled:
        future.cancel()
        with CancelScope(shield=True):
            while not future.done():
                await park()
        if not future.cancelled():
            future.exception()  # it is not told again
        raise
    return future.result()


async def run_asyncio(main: Callable[..., Any], *args: Any) -> Any:
    """Runs an async function of asyncio inside cqueues, and returns its result: `await` it in a task of cqueues.

    It has a loop of asyncio's of its own, with all that belongs to one, and the other tasks of cqueues go on. If the scope of
    the task ends, asyncio's main task is cancelled, once, as by asyncio, and waited for; then `Cancelled` is raised. Errors:
    RuntimeError inside a loop of asyncio's.
    """
    host = import_module("._asyncio", __package__)  # asyncio takes longer to import than all else
    return await host.run_asyncio(main, *args)


async def run_in_trio(main: Callable[..., Any], *args: Any) -> Any:
    """Runs an async function of cqueues inside trio, and returns its result: `await` it in a task of trio's.

    If the scope of that task ends, all tasks of cqueues are cancelled first.
    """
    trio = import_module("trio")
    guest = _Guest(main, args)
    cancelled: Optional[BaseException] = None
    try:
        while guest.step():
            try:
                with trio.CancelScope(deadline=trio.current_time() + guest.seconds(), shield=cancelled is not None):
                    await trio.lowlevel.wait_readable(guest.descriptor)
            except trio.Cancelled as why:
                cancelled = why
                guest.cancel()
    finally:
        guest.runner.close()
    if cancelled is not None:
        raise cancelled
    return guest.result()


async def run_trio(main: Callable[..., Any], *args: Any) -> Any:
    """Runs an async function of trio inside cqueues, and returns its result: `await` it in a task of cqueues.

    If the scope of the task ends, trio's scope is cancelled, and its end waited for.
    """
    trio = import_module("trio")
    task, runner = current(), here.runner
    assert runner is not None
    outcomes: list[Any] = []

    scopes: list[Any] = []
    wanted: list[Any] = []

    async def within() -> Any:
        with trio.CancelScope() as scope:
            scopes[:] = [trio.lowlevel.current_trio_token(), scope]
            if wanted:
                scope.cancel()
            return await main(*args)

    def done(outcome: Any) -> None:
        outcomes.append(outcome)
        unpark(task)

    trio.lowlevel.start_guest_run(
        within, run_sync_soon_threadsafe=runner.post, done_callback=done, host_uses_signal_set_wakeup_fd=True
    )
    try:
        while not outcomes:
            await park()
    except Cancelled as why:
        wanted.append(why)
        if scopes:
            scopes[0].run_sync_soon(scopes[1].cancel)
        with CancelScope(shield=True):
            while not outcomes:
                await park()
        outcomes[0].unwrap()
        raise
    return outcomes[0].unwrap()
