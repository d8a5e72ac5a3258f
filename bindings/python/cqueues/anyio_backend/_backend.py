# SPDX-License-Identifier: MIT
"""The backend's class, as anyio looks it up: each method is what anyio's function of that name does."""

from __future__ import annotations

import math
import socket
from collections.abc import Sequence
from contextvars import Context
from typing import Any, Callable, Optional, Union

import anyio.abc
import sniffio

from .. import _run
from .._clock import current_time
from .._loop import Cancelled, Runner, checkpoint, current, here, sleep, sleep_forever
from .._threads import _pool
from . import _descriptors, _sockets, _threads
from ._debug import idle, info, running
from ._names import getaddrinfo, getnameinfo
from ._processes import Process, open_process
from ._scopes import CancelScope, checkpoint_if_cancelled, effective_deadline, shielded_checkpoint, state_of
from ._signals import SignalReceiver
from ._sync import CapacityLimiter, Event, Lock, Semaphore
from ._tasks import TaskGroup, task_name
from ._testing import TestRunner

__all__ = ["Backend", "backend_class", "named"]

#: How many threads work at once for one loop, unless another limiter is given.
_THREADS = 40


class _Loop(_run.Loop):
    """A loop whose system tasks, and what other threads have started, end when the main task does."""

    def __init__(self) -> None:
        super().__init__()
        _pool(self).ended = _threads.Finished


class Backend(anyio.abc.AsyncBackend):
    @classmethod
    def run(cls, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], options: dict[str, Any]) -> Any:
        if options:
            raise TypeError(f"the cqueues backend has no option {', '.join(options)}")

        async def main() -> Any:
            runner = here.runner
            assert runner is not None
            try:
                return await func(*args, **kwargs)
            finally:
                runner.root.cancel()

        return _run.run_in(_Loop(), main(), task_name(func, None))

    @classmethod
    def current_token(cls) -> object:
        current()
        return here.runner

    @classmethod
    def current_time(cls) -> float:
        return current_time()

    @classmethod
    def cancelled_exception_class(cls) -> type[BaseException]:
        return Cancelled

    @classmethod
    async def checkpoint(cls) -> None:
        try:
            await checkpoint()
        except Cancelled:
            await shielded_checkpoint()  # others run in this case, too
            raise

    @classmethod
    async def checkpoint_if_cancelled(cls) -> None:
        await checkpoint_if_cancelled()

    @classmethod
    async def cancel_shielded_checkpoint(cls) -> None:
        await shielded_checkpoint()

    @classmethod
    async def sleep(cls, delay: float) -> None:
        await (sleep_forever() if delay == math.inf else sleep(delay) if delay > 0 else checkpoint())

    @classmethod
    def create_cancel_scope(cls, *, deadline: float = math.inf, shield: bool = False) -> CancelScope:
        return CancelScope(deadline=deadline, shield=shield)

    @classmethod
    def current_effective_deadline(cls) -> float:
        return effective_deadline()

    @classmethod
    def create_task_group(cls) -> TaskGroup:
        return TaskGroup()

    @classmethod
    def create_event(cls) -> Event:
        return Event()

    @classmethod
    def create_lock(cls, *, fast_acquire: bool) -> Lock:
        return Lock(fast_acquire=fast_acquire)

    @classmethod
    def create_semaphore(cls, initial_value: int, *, max_value: Optional[int] = None, fast_acquire: bool = False) -> Semaphore:
        return Semaphore(initial_value, max_value=max_value, fast_acquire=fast_acquire)

    @classmethod
    def create_capacity_limiter(cls, total_tokens: float) -> CapacityLimiter:
        return CapacityLimiter(total_tokens)

    @classmethod
    async def run_sync_in_worker_thread(
        cls, func: Callable[..., Any], args: tuple[Any, ...], abandon_on_cancel: bool = False, limiter: Any = None
    ) -> Any:
        chosen = cls.current_default_thread_limiter() if limiter is None else limiter
        return await _threads.run_sync(cls, func, args, abandon_on_cancel, chosen)

    @classmethod
    def check_cancelled(cls) -> None:
        _threads.check_cancelled()

    @classmethod
    def run_async_from_thread(cls, func: Callable[..., Any], args: tuple[Any, ...], token: Any) -> Any:
        return _threads.run(_threads.runner_of(token), func, args)

    @classmethod
    def run_sync_from_thread(cls, func: Callable[..., Any], args: tuple[Any, ...], token: Any) -> Any:
        return _threads.call(_threads.runner_of(token), func, args)

    @classmethod
    def run_sync_soon(cls, func: Callable[..., object], args: tuple[Any, ...], token: Any) -> None:
        _threads.run_soon(token, func, args)

    @classmethod
    async def open_process(cls, command: Any, **options: Any) -> Process:
        return await open_process(command, **options)

    @classmethod
    def setup_process_pool_exit_at_shutdown(cls, workers: set[anyio.abc.Process]) -> None:
        runner = here.runner
        assert runner is not None

        async def wait() -> None:
            try:
                await sleep_forever()
            finally:
                for process in workers:
                    if process.returncode is None:
                        process.kill()
                with CancelScope(shield=True):
                    for process in workers:
                        await process.aclose()

        runner.spawn(wait(), "process pool", runner.root, lambda task: None)

    @classmethod
    async def connect_tcp(cls, host: str, port: int, local_address: Any = None) -> _sockets.SocketStream:
        raw = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if local_address:
                raw.bind(local_address)
        except BaseException:
            raw.close()
            raise
        await _sockets.connect(raw, (host, port))
        return _sockets.SocketStream(raw)

    @classmethod
    async def connect_unix(cls, path: Any, kind: Any = socket.SOCK_STREAM) -> _sockets.UNIXSocketStream:
        raw = socket.socket(socket.AF_UNIX, kind)
        await _sockets.connect(raw, path)
        return _sockets.UNIXSocketStream(raw)

    @classmethod
    def create_tcp_listener(cls, sock: socket.socket) -> _sockets.Listener:
        return _sockets.Listener(sock)

    @classmethod
    def create_unix_listener(cls, sock: socket.socket) -> _sockets.UNIXListener:
        return _sockets.UNIXListener(sock)

    @classmethod
    async def create_udp_socket(cls, family: Any, local_address: Any, remote_address: Any, reuse_port: bool) -> Any:
        return await _sockets.udp(family, local_address, remote_address, reuse_port)

    @classmethod
    async def create_unix_datagram_socket(cls, raw_socket: socket.socket, remote_path: Any) -> Any:
        if remote_path:
            await _sockets.connect(raw_socket, remote_path)
            return _sockets.ConnectedUNIXDatagramSocket(raw_socket)
        await checkpoint()
        return _sockets.UNIXDatagramSocket(raw_socket)

    @classmethod
    async def getaddrinfo(
        cls, host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Sequence[Any]:
        return await getaddrinfo(host, port, family, type, proto, flags)

    @classmethod
    async def getnameinfo(cls, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        return await getnameinfo(sockaddr, flags)

    @classmethod
    async def wait_readable(cls, obj: Any) -> None:
        await _descriptors.wait(obj, _descriptors.READ)

    @classmethod
    async def wait_writable(cls, obj: Any) -> None:
        await _descriptors.wait(obj, _descriptors.WRITE)

    @classmethod
    def notify_closing(cls, obj: Any) -> None:
        _descriptors.closing(obj)

    @classmethod
    async def wrap_listener_socket(cls, sock: socket.socket) -> _sockets.Listener:
        return _sockets.UNIXListener(sock) if sock.family == socket.AF_UNIX else _sockets.Listener(sock)

    @classmethod
    async def wrap_stream_socket(cls, sock: socket.socket) -> _sockets.SocketStream:
        return _sockets.SocketStream(sock)

    @classmethod
    async def wrap_unix_stream_socket(cls, sock: socket.socket) -> _sockets.UNIXSocketStream:
        return _sockets.UNIXSocketStream(sock)

    @classmethod
    async def wrap_udp_socket(cls, sock: socket.socket) -> _sockets.UDPSocket:
        return _sockets.UDPSocket(sock)

    @classmethod
    async def wrap_connected_udp_socket(cls, sock: socket.socket) -> _sockets.ConnectedUDPSocket:
        return _sockets.ConnectedUDPSocket(sock)

    @classmethod
    async def wrap_unix_datagram_socket(cls, sock: socket.socket) -> _sockets.UNIXDatagramSocket:
        return _sockets.UNIXDatagramSocket(sock)

    @classmethod
    async def wrap_connected_unix_datagram_socket(cls, sock: socket.socket) -> _sockets.ConnectedUNIXDatagramSocket:
        return _sockets.ConnectedUNIXDatagramSocket(sock)

    @classmethod
    def current_default_thread_limiter(cls) -> CapacityLimiter:
        runner = here.runner
        assert runner is not None
        state = state_of(runner)
        if state.limiter is None:
            state.limiter = CapacityLimiter(_THREADS)
        return state.limiter  # type: ignore[no-any-return]

    @classmethod
    def open_signal_receiver(cls, *signals: Any) -> SignalReceiver:
        return SignalReceiver(signals)

    @classmethod
    def get_current_task(cls) -> anyio.TaskInfo:
        return info(current())

    @classmethod
    def get_running_tasks(cls) -> Sequence[anyio.TaskInfo]:
        runner = here.runner
        assert runner is not None
        return running(runner)

    @classmethod
    async def wait_all_tasks_blocked(cls) -> None:
        await idle()

    @classmethod
    def create_test_runner(cls, options: dict[str, Any]) -> TestRunner:
        if options:
            raise TypeError(f"the cqueues backend has no option {', '.join(options)}")
        return TestRunner(_Loop())


def named() -> None:
    """Says in the context of each main task which library runs."""
    _run.in_main_context = lambda context: _threads.name(context, "cqueues")


backend_class = Backend
