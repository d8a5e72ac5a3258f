# SPDX-License-Identifier: MIT
"""Threads of anyio: work in them, and calls from there into a loop."""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import Any, Callable

import anyio
import sniffio
from anyio._core._eventloop import claim_worker_thread, threadlocals

from .._begin import begun
from .._loop import Cancelled, Runner, current, here
from .._threads import _pool, outcome, to_thread
from ._scopes import is_cancelled

__all__ = ["Finished", "call", "check_cancelled", "name", "run", "run_soon", "run_sync", "runner_of"]

#: What a call from another thread finds when the loop has ended.
Finished: Any = getattr(anyio, "RunFinishedError", RuntimeError)


def name(context: Context, library: Any) -> Context:
    """In a context, says which library runs."""
    context.run(sniffio.current_async_library_cvar.set, library)
    return context


async def run_sync(backend: Any, function: Callable[..., Any], args: tuple[Any, ...], abandon: bool, limiter: Any) -> Any:
    """Calls a function in a thread."""
    runner, scope = here.runner, current().scope
    assert runner is not None
    context = name(copy_context(), None)

    def work() -> Any:
        with claim_worker_thread(backend, runner):
            threadlocals.current_cancel_scope, threadlocals.cqueues_scope = scope, runner.root if abandon else scope
            try:
                return context.run(function, *args)
            finally:
                del threadlocals.current_cancel_scope, threadlocals.cqueues_scope

    return await to_thread.run_sync(work, limiter=limiter, abandon_on_cancel=abandon)


def check_cancelled() -> None:
    """In a thread: raises Cancelled if the task that waits for it is cancelled."""
    scope = getattr(threadlocals, "current_cancel_scope", None)
    if scope is None:
        raise RuntimeError("This function can only be called inside an AnyIO worker thread")
    if is_cancelled(scope):
        raise Cancelled


def run_soon(runner: Runner, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Has a function called in the loop's thread, and does not wait."""
    context, pool = name(copy_context(), "cqueues"), _pool(runner)
    with pool.lock:
        if pool.is_closed:
            raise Finished
        runner.post(lambda: context.run(function, *args))


def runner_of(token: Any) -> Runner:
    """The loop of a token; without one, the loop that has started this thread's work."""
    if token is None:
        token = threadlocals.current_token.native_token
    return token  # type: ignore[no-any-return]


def call(runner: Runner, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Calls a function in the loop's thread, and returns what it does."""
    context = name(copy_context(), "cqueues")

    def within(answer: Any) -> None:
        try:
            answer(context.run(function, *args), None)
        except BaseException as why:
            answer(None, why)

    return outcome(_pool(runner), within)


def run(runner: Runner, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Runs an async function as a task of the loop, and returns what it does. It ends with the scope of a task that waits."""
    context = name(copy_context(), "cqueues")
    token = getattr(threadlocals, "current_token", None)
    scope = getattr(threadlocals, "cqueues_scope", None)
    if scope is None or getattr(token, "native_token", token) is not runner:
        scope = runner.root

    def within(answer: Any) -> None:
        try:
            body = context.run(begun, function, *args)
            runner.spawn(body, _name(function), scope, lambda task: answer(*task.value), context)
        except BaseException as why:
            answer(None, why)

    return outcome(_pool(runner), within)


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", function))
