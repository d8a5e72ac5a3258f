# SPDX-License-Identifier: MIT
"""The clock of the library, and one that tests move."""

from __future__ import annotations

import ctypes
import errno
import math
import select
import threading
from typing import Any, Callable, Optional

from ._library import check, library
from ._loop import Runner, here

__all__ = ["MockClock", "current_time"]

#: So long the kernel has had nothing to tell before the clock jumps, at the least: bytes that were sent over loopback
#: have come by then.
_SETTLED = 0.001


def current_time() -> float:
    """The time of the library's clock, in seconds since some point of its own: the clock of all deadlines here."""
    return float(library.cq_monotime())


class MockClock:
    """A clock that tests move: `cqueues.run(main, clock=MockClock(autojump=True))`. Names and meaning are trio's.

    `rate`: how fast it runs by itself, in seconds a second; 0 stands still. `autojump_threshold`: where all tasks have waited
    for so many seconds of the system's clock, and no thread works for one of them, the clock jumps to the next deadline.
    `autojump=True`: at once, which is a threshold of 0. One such clock runs at a time, and it is that of the whole process.
    """

    _one = threading.Lock()

    def __init__(self, rate: float = 0.0, autojump_threshold: float = math.inf, *, autojump: bool = False) -> None:
        self._rate = self._threshold = 0.0
        self._runner: Optional[Runner] = None
        self.rate = rate
        self.autojump_threshold = 0.0 if autojump else autojump_threshold

    @property
    def rate(self) -> float:
        """How fast it runs: may be set at any time. ValueError for what is no rate."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        rate = float(rate)
        if not 0 <= rate <= 1e6:
            raise ValueError("a rate is from 0 to 1000000")
        self._rate = rate
        if self._runner is not None:
            check(library.cq_clock_set_rate(rate))
            self._tell(self._runner)

    @property
    def autojump_threshold(self) -> float:
        """How long all tasks wait before it jumps; infinity: it does not. May be set at any time."""
        return self._threshold

    @autojump_threshold.setter
    def autojump_threshold(self, seconds: float) -> None:
        seconds = float(seconds)
        if not seconds >= 0:
            raise ValueError("a threshold is not negative")
        self._threshold = seconds
        if self._runner is not None:
            self._tell(self._runner)

    def jump(self, seconds: float) -> None:
        """Moves it forward: what is due by that goes on when the task that calls this waits. Any thread may call it.

        RuntimeError unless it is the clock of a `run` that goes on; ValueError for a negative time.
        """
        runner = self._runner
        if runner is None:
            raise RuntimeError("this clock does not run: see cqueues.run(main, clock=clock)")
        code = library.cq_clock_advance(seconds)
        if code == errno.EINVAL:
            raise ValueError(f"a clock jumps forward, and not by {seconds!r} seconds")
        check(code)
        self._tell(runner)

    def current_time(self) -> float:
        """The time that it shows."""
        return current_time()

    def __repr__(self) -> str:
        return f"<cqueues.testing.MockClock at {self.current_time():.3f}, rate {self._rate:g}, threshold {self._threshold:g}>"

    @staticmethod
    def _tell(runner: Runner) -> None:
        """A loop of another thread may wait for a time of the old course."""
        if here.runner is not runner:
            library.cq_controller_alert(runner.controller)

    def _begin(self, runner: Runner) -> None:
        if not MockClock._one.acquire(blocking=False):
            raise RuntimeError("another clock of this kind runs: there is one for the whole process")
        self._runner, runner.clock = runner, self
        check(library.cq_clock_set_rate(self._rate))

    def _end(self, runner: Runner) -> None:
        if self._runner is runner:
            self._runner = None
            check(library.cq_clock_set_rate(1.0))
            MockClock._one.release()

    def _step(self, runner: Runner) -> Callable[..., int]:
        """What the loop of a runner calls instead of `cq_batch_step`."""
        step: Callable[..., int] = library.cq_batch_step
        settled, descriptor = select.poll(), ctypes.c_int()
        check(library.cq_controller_pollfd(runner.controller, ctypes.byref(descriptor)))
        settled.register(descriptor.value, select.POLLIN)

        def jumping(batch: Any, wanted: Any, count: int, timeout: Any, results: Any, room: Any, produced: Any) -> int:
            code = step(batch, wanted, count, 0.0, results, room, produced)
            if timeout.value == 0:
                return code
            while not (code or produced._obj.value or runner.calls):
                is_busy = runner.pool is not None and runner.pool.is_working()
                if self._threshold == math.inf or is_busy:
                    return step(batch, wanted, 0, timeout, results, room, produced)
                left = library.cq_controller_timeout(runner.controller)
                if left != left:  # nothing to jump to
                    return step(batch, wanted, 0, timeout, results, room, produced)
                patience = max(self._threshold, _SETTLED)
                due = 0.0 if left == 0 else left / self._rate if self._rate else math.inf  # by itself, before it jumps
                if not settled.poll(math.ceil(min(patience, due, 1e6) * 1e3)) and due > patience:
                    check(library.cq_clock_advance(library.cq_controller_timeout(runner.controller)))
                code = step(batch, wanted, 0, 0.0, results, room, produced)
            return code

        return jumping
