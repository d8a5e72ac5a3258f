# SPDX-License-Identifier: MIT
"""`run`: a loop from its begin to its end, with Ctrl-C, fork and async generators."""

from __future__ import annotations

import os
import signal
import sys
import threading
import weakref
from contextvars import Context, copy_context
from typing import Any, Callable, Optional

from ._begin import begun, unwrap
from ._clock import MockClock
from ._interrupts import heed_signals
from ._library import library
from ._loop import Cancelled, Runner, here
from ._scopes import CancelScope

__all__ = ["run"]


class Loop(Runner):
    """A loop that takes Ctrl-C, and closes async generators."""

    def __init__(self) -> None:
        super().__init__()
        #: Async generators that were begun and are not over.
        self.generators: weakref.WeakSet[Any] = weakref.WeakSet()
        self.interrupts = 0
        self.is_over = self.takes_interrupts = False
        self.restore: list[Callable[[], object]] = []

    def begin(self) -> None:
        """Becomes this thread's loop: with its signals, Ctrl-C and async generators."""
        here.runner = self
        hooks = sys.get_asyncgen_hooks()
        self.restore = [heed_signals(self), self.close, lambda: sys.set_asyncgen_hooks(*hooks)]
        self.root = CancelScope()
        self.root._open(self, None)
        sys.set_asyncgen_hooks(self.generators.add, self.finalize)
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                signal.signal(signal.SIGINT, self.interrupt)
                self.takes_interrupts = True
            except ValueError:  # the main interpreter does
                pass

    def finish(self) -> None:
        """When the tasks are over: closes the async generators that are left."""
        self.loop()
        while self.generators and not self.is_forked:
            for generator in list(self.generators):
                self.finalize(generator)
            self.alive += 1  # what was posted is to be done
            self.post(self.less)
            self.loop()

    def leave(self) -> None:
        """Is over: what is left of it is closed."""
        here.task = here.runner = None
        if self.takes_interrupts:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.is_over = True
        while self.restore:
            self.restore.pop()()

    def interrupt(self, number: int, frame: Any) -> None:
        """Ctrl-C: cancels all tasks; again, where they do not end: raises KeyboardInterrupt wherever the code is."""
        self.interrupts += 1
        if self.interrupts > 1:
            raise KeyboardInterrupt
        self.post(self.root.cancel)

    def finalize(self, generator: Any) -> None:
        """Closes an async generator that nobody needs any more, in a task."""
        self.generators.discard(generator)
        if self.is_over:
            return

        async def close() -> None:
            await generator.aclose()

        def spawn() -> None:
            self.spawn(close(), f"close of {generator!r}", self.root, lambda task: None)

        self.post(spawn)

    def less(self) -> None:
        """Ends what is counted as alive without a task."""
        self.alive -= 1


def _forked() -> None:
    """In a child of fork: the loop that ran in this thread goes on in the parent alone, and here another one may run."""
    runner, here.runner, here.task = here.runner, None, None
    if runner is not None:
        runner.is_forked, runner.alive = True, 0
        library.cq_controller_reset(runner.controller)  # what is closed from here on leaves the parent's loop alone
        runner.tasks.clear()
        sys.set_asyncgen_hooks(None, None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _same(context: Context) -> Context:
    return context


#: Says in the context of a main task which library runs, for libraries that want to know.
in_main_context: Callable[[Context], Context] = _same


def out_of_context(context: Context) -> Context:
    """In the context of another loop's code that ours starts, has libraries that want to know find out by themselves."""
    sniffio = sys.modules.get("sniffio")
    if sniffio is not None:
        context.run(sniffio.current_async_library_cvar.set, None)
    return context


def run(main: Any, *args: Any, clock: Optional[MockClock] = None) -> Any:
    """Runs an async function, or a coroutine, until it is over, with all that it has started, and returns its result.

    `clock`: a `cqueues.testing.MockClock`, by which tests move the time.

    It has this thread's loop for itself: RuntimeError in a task. Ctrl-C cancels all tasks and raises KeyboardInterrupt; a
    second one raises it at once.
    """
    if here.runner is not None:
        raise RuntimeError("a loop runs in this thread already")
    body = begun(main, *args) if callable(main) else main
    if not hasattr(body, "send"):
        raise TypeError(f"run needs an async function or a coroutine, not {type(main).__name__}")
    if clock is not None and not isinstance(clock, MockClock):
        body.close()
        raise TypeError(f"a clock is a cqueues.testing.MockClock, not {type(clock).__name__}")
    return run_in(Loop(), body, clock=clock)


def run_in(runner: Loop, body: Any, name: str = "main", clock: Optional[MockClock] = None) -> Any:
    """Runs a coroutine in a loop that is new, to the end of both."""
    outcome: list[tuple[Any, Optional[BaseException]]] = []
    try:
        runner.begin()
        runner.spawn(body, name, runner.root, lambda task: outcome.append(task.value), in_main_context(copy_context()))
        if clock is not None:
            clock._begin(runner)
        runner.finish()
        if runner.is_forked:
            raise RuntimeError("this is a child of fork: its tasks go on in the parent alone")
    finally:
        runner.leave()
        if clock is not None:
            clock._end(runner)
    if runner.interrupts and (outcome[0][1] is None or isinstance(outcome[0][1], Cancelled)):
        raise KeyboardInterrupt
    return unwrap(outcome[0])
