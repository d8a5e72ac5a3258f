# SPDX-License-Identifier: MIT
"""Work in other threads, which block, and calls from there into the loop."""

from __future__ import annotations

import queue
import threading
from contextvars import copy_context
from typing import Any, Callable, Optional

from ._begin import begun
from ._loop import Runner, Task, checkpoint, current, here, park, unpark
from ._scopes import CancelScope
from ._sync import CapacityLimiter

__all__ = ["from_thread", "to_thread"]

_Answer = Callable[[Any, Optional[BaseException]], None]

#: How many threads may work at once for one loop, unless another limiter is given.
_LIMIT = 40


class _Job:
    """What a thread is to do, and what came of it."""

    def __init__(self, runner: Runner, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.runner, self.function, self.args = runner, function, args
        self.context = copy_context()
        self.ended: Callable[[], None] = lambda: None
        self.value: Any = None
        self.error: Optional[BaseException] = None
        self.is_over = self.is_abandoned = False

    def do(self) -> None:
        _work.job = self
        try:
            self.value = self.context.run(self.function, *self.args)
        except BaseException as why:
            self.error = why
        finally:
            _work.job = None
            del self.context, self.function, self.args  # the thread keeps nothing alive


class _Work(threading.local):
    """What the thread does at present."""

    job: Optional[_Job] = None


_work = _Work()


class _Worker(threading.Thread):
    """A thread that takes one job after another until it gets none."""

    def __init__(self, pool: Pool) -> None:
        try:
            super().__init__(name="cqueues worker", daemon=True)
        except RuntimeError:  # an interpreter within the process, which waits for its threads
            super().__init__(name="cqueues worker")
        self.pool = pool
        self.jobs: queue.SimpleQueue[Optional[_Job]] = queue.SimpleQueue()

    def run(self) -> None:
        while True:
            job = self.jobs.get()
            if job is None:
                return
            job.do()
            if not self.pool.returned(self, job):
                return
            del job


class Pool:
    """The threads of a loop: those without work wait for some until the loop ends."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.limiter = CapacityLimiter(_LIMIT)
        self.idle: list[_Worker] = []
        self.lock = threading.Lock()
        self.is_closed = False
        #: How many threads work for a task that waits for them.
        self.working = 0
        #: Where threads wait for what they have called in the loop, each with what it is to do for the loop, if anything.
        self.waiting: dict[Any, Optional[_Job]] = {}
        #: What they get where the loop ends before.
        self.ended: Callable[[], BaseException] = lambda: RuntimeError("the loop has ended")

    def start(self, job: _Job) -> None:
        with self.lock:
            worker = self.idle.pop() if self.idle else None
        if worker is None:
            worker = _Worker(self)
            worker.start()
        self.working += 1
        worker.jobs.put(job)

    def is_working(self) -> bool:
        """Whether a thread works, and a task waits for it: one that itself waits for the loop does not."""
        with self.lock:
            return self.working > sum(job is not None and not job.is_abandoned for job in self.waiting.values())

    def returned(self, worker: _Worker, job: _Job) -> bool:
        """The worker is free again, and who waits for the job is told; False if the loop has ended."""
        with self.lock:  # the loop does not end in the middle
            if self.is_closed:
                return False
            self.idle.append(worker)
            self.runner.post(job.ended)
            return True

    def close(self) -> None:
        with self.lock:
            self.is_closed = True
            idle, self.idle = self.idle, []
            for over in self.waiting:  # of threads that were abandoned
                over.put((None, self.ended()))
        for worker in idle:
            worker.jobs.put(None)
        for worker in idle:
            worker.join()


def _pool(runner: Runner) -> Pool:
    """The threads of a loop, from their first use on."""
    if runner.pool is None:
        runner.pool = Pool(runner)
    return runner.pool  # type: ignore[no-any-return]


class to_thread:
    """From a task into a thread."""

    @staticmethod
    async def run_sync(
        function: Callable[..., Any], *args: Any, limiter: Optional[CapacityLimiter] = None, abandon_on_cancel: bool = False
    ) -> Any:
        """Calls a function in a thread of its own, and returns what it does; what it raises is raised here.

        A cancel waits until the function has returned, which is then taken for the outcome; with `abandon_on_cancel` it
        does not, and the thread goes on by itself. `limiter`: how many at once; without one 40 for each loop.
        """
        if not callable(function):
            raise TypeError(f"run_sync needs a function, not {type(function).__name__}")
        await checkpoint()
        task, runner = current(), here.runner
        assert runner is not None
        pool = _pool(runner)
        used = pool.limiter if limiter is None else limiter
        job = _Job(runner, function, args)
        await used.acquire_on_behalf_of(job)

        def ended() -> None:
            job.is_over = True
            pool.working -= not job.is_abandoned
            used.release_on_behalf_of(job)
            if not job.is_abandoned:
                unpark(task)

        job.ended = ended
        try:
            pool.start(job)
        except BaseException:
            used.release_on_behalf_of(job)
            raise
        if abandon_on_cancel:
            try:
                await park()
            except BaseException:
                if not job.is_over:
                    job.is_abandoned = True
                    pool.working -= 1
                raise
        else:
            with CancelScope(shield=True):
                while not job.is_over:
                    await park()
        if job.error is not None:
            try:
                raise job.error
            finally:
                job.error = None
        return job.value

    @staticmethod
    def current_default_thread_limiter() -> CapacityLimiter:
        """The limiter of this loop that counts where none is given."""
        current()
        runner = here.runner
        assert runner is not None
        return _pool(runner).limiter


class from_thread:
    """From a thread of `to_thread.run_sync` into the loop that started it."""

    @staticmethod
    def run_sync(function: Callable[..., Any], *args: Any) -> Any:
        """Calls a function in the loop's thread, and returns what it does; what it raises is raised here.

        RuntimeError elsewhere than in such a thread, and if the loop has ended.
        """
        context = copy_context()

        def call(answer: _Answer) -> None:
            try:
                answer(context.run(function, *args), None)
            except BaseException as why:
                answer(None, why)

        return _outcome(call)

    @staticmethod
    def run(function: Callable[..., Any], *args: Any) -> Any:
        """Runs an async function as a task of the loop, and returns what it does; what it raises is raised here.

        Ctrl-C cancels it: `Cancelled` then. RuntimeError as for `run_sync`.
        """
        context = copy_context()

        def call(answer: _Answer) -> None:
            try:
                assert here.runner is not None
                name = getattr(function, "__qualname__", repr(function))
                body = context.run(begun, function, *args)
                here.runner.spawn(body, name, here.runner.root, lambda task: answer(*task.value), context)
            except BaseException as why:
                answer(None, why)

        return _outcome(call)


def _outcome(call: Callable[[_Answer], None]) -> Any:
    """`outcome` in a thread that works for a loop."""
    job = _work.job
    if job is None:
        raise RuntimeError("this must be called in a thread of to_thread.run_sync")
    return outcome(job.runner.pool, call)


def outcome(pool: Pool, call: Callable[[_Answer], None]) -> Any:
    """Has something called in the thread of a loop, and waits for its answer: a value, or what is raised here."""
    over: queue.SimpleQueue[Any] = queue.SimpleQueue()
    job = _work.job

    def answer(value: Any, why: Optional[BaseException]) -> None:
        with pool.lock:  # it works again, from now on
            pool.waiting.pop(over, None)
        over.put((value, why))

    with pool.lock:
        if pool.is_closed:
            raise pool.ended()
        pool.waiting[over] = job if job is not None and job.runner is pool.runner else None
        pool.runner.post(lambda: call(answer))
    value, why = over.get()
    if why is not None:
        raise why
    return value
