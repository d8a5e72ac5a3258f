# SPDX-License-Identifier: MIT
"""What anyio's plugin for pytest runs tests and fixtures with: one task, in which they follow each other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, Optional

import anyio.abc

from .._loop import Task, current, here, park, unpark
from .._run import Loop

__all__ = ["TestRunner"]

#: The loop stands still when it counts no task as alive.
_PAUSE = 1 << 40


class TestRunner(anyio.abc.TestRunner):
    """A loop whose main task does one call after the other; between them the loop stands still."""

    __test__ = False

    def __init__(self, runner: Loop) -> None:
        self._runner = runner
        self._task: Optional[Task] = None
        self._job: Any = None
        self._outcome: Any = None
        self._is_over = self._is_running = False

    def __enter__(self) -> TestRunner:
        self._runner.begin()
        here.runner = None
        self._runner.spawn(self._main(), "tests", self._runner.root, self._ended)
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        here.runner = self._runner
        try:
            if not self._is_over:
                self._is_over = True
                if self._task is not None:
                    unpark(self._task)
            self._runner.root.cancel()
            self._runner.finish()
        finally:
            self._runner.leave()

    async def _main(self) -> None:
        self._task = current()
        while True:
            while self._job is None and not self._is_over:
                await park()
            if self._job is None:
                return
            job, self._job = self._job, None
            try:
                self._outcome = (await job, None)
            except BaseException as why:
                self._outcome = (None, why)
            del job
            self._runner.alive -= _PAUSE

    def _ended(self, task: Task) -> None:
        self._is_over = True

    def _call(self, function: Callable[..., Any], *args: Any, **more: Any) -> Any:
        self._job = function(*args, **more)
        before, here.runner = here.runner, self._runner
        self._is_running = True
        if self._task is not None:
            unpark(self._task)
        try:
            self._runner.loop()
        finally:
            if self._runner.alive < 0:
                self._runner.alive += _PAUSE
            here.runner, self._is_running = before, False
        if self._outcome is None:
            raise RuntimeError("the loop has ended in the middle of a test")
        (value, why), self._outcome = self._outcome, None
        if why is not None:
            try:
                raise why
            finally:
                del why
        return value

    def is_running(self) -> bool:
        return self._is_running

    def run_asyncgen_fixture(
        self, fixture_func: Callable[..., AsyncGenerator[Any, Any]], kwargs: dict[str, Any]
    ) -> Iterable[Any]:
        generator = fixture_func(**kwargs)
        yield self._call(generator.asend, None)
        try:
            self._call(generator.asend, None)
        except StopAsyncIteration:
            return
        self._call(generator.aclose)
        raise RuntimeError("Async generator fixture did not stop")

    def run_fixture(self, fixture_func: Callable[..., Coroutine[Any, Any, Any]], kwargs: dict[str, Any]) -> Any:
        return self._call(fixture_func, **kwargs)

    def run_test(self, test_func: Callable[..., Coroutine[Any, Any, Any]], kwargs: dict[str, Any]) -> None:
        self._call(test_func, **kwargs)
