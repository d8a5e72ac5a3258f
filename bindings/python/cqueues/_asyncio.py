# SPDX-License-Identifier: MIT
"""asyncio inside cqueues: a loop of asyncio's that makes one turn at a time and never waits by itself.

asyncio waits in its selector, which `SelectorEventLoop` lets a program choose. Ours does not wait: it notes for how long it was
to, and stops the loop, whose `run_forever` then returns behind this turn. A task of cqueues waits instead, for the descriptor of
the selector's own kernel queue and for that time.
"""

from __future__ import annotations

import asyncio
import ctypes
import math
import select
import selectors
import signal
import threading
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any, Callable, Optional

from ._begin import begun
from ._library import declared
from ._loop import CHECK, ENDLESS, Cancelled, checkpoint, current, operation
from ._poll import interrupt
from ._run import out_of_context
from ._scopes import CancelScope

__all__ = ["run_asyncio"]


class _Selector(selectors.BaseSelector):
    """A selector that does not wait."""

    def __init__(self) -> None:
        self._inner: Any = selectors.DefaultSelector()
        self.loop: Any = None
        #: For how many seconds it was to wait.
        self.seconds = 0.0

    def select(self, timeout: Optional[float] = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.loop.stop()
        found: list[tuple[selectors.SelectorKey, int]] = self._inner.select(0)
        self.seconds = 0.0 if found else math.inf if timeout is None else timeout
        return found

    def fileno(self) -> int:
        return self._inner.fileno()  # type: ignore[no-any-return]

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)  # type: ignore[no-any-return]

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)  # type: ignore[no-any-return]

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.modify(fileobj, events, data)  # type: ignore[no-any-return]

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()  # type: ignore[no-any-return]

    def close(self) -> None:
        self._inner.close()


def _wakeup() -> int:
    """The descriptor to which Python writes the numbers of signals; -1 without one, and outside of the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return -1
    number = signal.set_wakeup_fd(-1)
    _set_wakeup(number)
    return number


def _set_wakeup(number: int) -> None:
    if number >= 0 or threading.current_thread() is threading.main_thread():
        signal.set_wakeup_fd(number, warn_on_full_buffer=False)


class _Loop(asyncio.SelectorEventLoop):
    """A loop of asyncio's, which gives back the descriptor for signals that it takes for handlers of its own."""

    def __init__(self, selector: _Selector) -> None:
        super().__init__(selector)
        selector.loop = self
        self._signals: set[int] = set()
        self._before = -1

    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:  # type: ignore[override]
        before = _wakeup()
        super().add_signal_handler(sig, callback, *args)
        if not self._signals:
            self._before = before
        self._signals.add(sig)

    def remove_signal_handler(self, sig: int) -> bool:
        found = super().remove_signal_handler(sig)
        if self._signals:
            self._signals.discard(sig)
            if not self._signals:
                _set_wakeup(self._before)
        return found


class _Host:
    """A loop of asyncio's, and the task of cqueues that lets it take turns."""

    def __init__(self) -> None:
        self.selector = _Selector()
        self.loop = _Loop(self.selector)
        self.context = out_of_context(copy_context())
        interest = self.interest = declared.cq_interest()
        interest.fd, interest.events, interest.timeout = self.selector.fileno(), select.POLLIN, ENDLESS
        self.wait = (declared.CQ_DO_POLL, CHECK, 0, 0, 0, ctypes.addressof(interest), 1, ENDLESS, 0)

    def start(self, body: Any) -> asyncio.Future[Any]:
        """Starts a task of asyncio's."""
        return self.context.run(self.loop.create_task, body)

    async def drive(self, future: asyncio.Future[Any]) -> None:
        """Lets the loop take turns until the future is done. `Cancelled` if the scope of the task ends before."""
        while True:
            self.context.run(self.loop.run_forever)  # one turn: see `_Selector.select`
            if future.done():
                return
            seconds = self.selector.seconds
            if seconds <= 0:
                await checkpoint()
            else:
                self.interest.timeout = seconds if seconds != math.inf else ENDLESS
                await operation(*self.wait)

    async def finish(self) -> None:
        """Does what `asyncio.run` does in the end: tasks are cancelled, async generators closed, threads waited for."""
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            await self.drive(self.start(_all(left)))
        for task in left:
            if not task.cancelled() and task.exception() is not None:
                self.loop.call_exception_handler(
                    {"message": "unhandled exception in a task that was cancelled", "exception": task.exception(), "task": task}
                )
        await self.drive(self.start(self.loop.shutdown_asyncgens()))
        await self.drive(self.start(self.loop.shutdown_default_executor()))

    def close(self) -> None:
        interrupt(self.selector.fileno())  # its number may be another one's soon
        self.loop.close()


async def _all(tasks: Any) -> None:
    await asyncio.wait(tasks)


async def run_asyncio(main: Callable[..., Any], *args: Any) -> Any:
    """See `guest.run_asyncio`."""
    current()
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("a loop of asyncio runs in this thread already")
    host = _Host()
    cancelled: Optional[BaseException] = None
    try:
        future = host.start(_within(host.context.run(begun, main, *args)))
        try:
            await host.drive(future)
        except Cancelled as why:
            cancelled = why
            future.cancel()
            with CancelScope(shield=True):
                await host.drive(future)
    except GeneratorExit:  # nothing can be waited for any more
        host.close()
        raise
    except BaseException:
        await _end(host)
        raise
    await _end(host)
    if cancelled is not None and (future.cancelled() or future.exception() is None):
        raise cancelled
    return future.result()


async def _end(host: _Host) -> None:
    try:
        with CancelScope(shield=True):
            await host.finish()
    finally:
        host.close()


async def _within(body: Any) -> Any:
    return await body
