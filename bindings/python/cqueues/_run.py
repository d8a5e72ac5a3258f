# SPDX-License-Identifier: MIT
"""`run`: a loop from its begin to its end, with Ctrl-C, fork and async generators."""

from __future__ import annotations

import os
import signal
import sys
import threading
import weakref
from typing import Any, Optional

from ._clock import MockClock
from ._interrupts import heed_signals
from ._library import library
from ._loop import Cancelled, Runner, begun, here, unwrap
from ._scopes import CancelScope

__all__ = ["run"]


class _Loop(Runner):
    """A loop that takes Ctrl-C, and closes async generators."""

    def __init__(self) -> None:
        super().__init__()
        #: Async generators that were begun and are not over.
        self.generators: weakref.WeakSet[Any] = weakref.WeakSet()
        self.interrupts = 0
        self.is_over = False

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
    runner = _Loop()
    here.runner = runner
    outcome: list[tuple[Any, Optional[BaseException]]] = []
    hooks, takes_interrupts = sys.get_asyncgen_hooks(), False
    heeded = heed_signals(runner)
    try:
        runner.root = CancelScope()
        runner.root._open(runner, None)
        runner.spawn(body, "main", runner.root, lambda task: outcome.append(task.value))
        if clock is not None:
            clock._begin(runner)
        sys.set_asyncgen_hooks(runner.generators.add, runner.finalize)
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                signal.signal(signal.SIGINT, runner.interrupt)
                takes_interrupts = True
            except ValueError:  # the main interpreter does
                pass
        runner.loop()
        while runner.generators and not runner.is_forked:
            for generator in list(runner.generators):
                runner.finalize(generator)
            runner.alive += 1  # what was posted is to be done
            runner.post(runner.less)
            runner.loop()
        if runner.is_forked:
            raise RuntimeError("this is a child of fork: its tasks go on in the parent alone")
    finally:
        here.task = here.runner = None
        sys.set_asyncgen_hooks(*hooks)
        if takes_interrupts:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        runner.is_over = True
        runner.close()
        if clock is not None:
            clock._end(runner)
        heeded()
    if runner.interrupts and (outcome[0][1] is None or isinstance(outcome[0][1], Cancelled)):
        raise KeyboardInterrupt
    return unwrap(outcome[0])
