# SPDX-License-Identifier: MIT
"""Child processes of anyio, and pipes."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from typing import Any, Optional

import anyio
import anyio.abc
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream

from .._loop import checkpoint, here
from ._descriptors import READ, WRITE, Waiter, closing
from ._sync import Event
from ._scopes import CancelScope

__all__ = ["Process", "open_process"]

_CHUNK = 65536


class _Pipe:
    """An end of a pipe, which is a descriptor that does not block."""

    def __init__(self, file: Any, direction: int) -> None:
        self._is_closed = False
        self._number = os.dup(file.fileno())  # its own: files warn where they are left open
        file.close()
        os.set_blocking(self._number, False)
        self._wait = Waiter(self._number, direction)
        self._guard = anyio.ResourceGuard("reading from" if direction == READ else "writing to")

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            closing(self._number)
            os.close(self._number)
        await checkpoint()

    def __del__(self) -> None:
        if not getattr(self, "_is_closed", True):
            closing(self._number)
            os.close(self._number)

    async def _do(self, function: Any, argument: Any) -> Any:
        while True:
            if self._is_closed:
                raise ClosedResourceError
            try:
                return function(self._number, argument)
            except (BlockingIOError, InterruptedError):
                await self._wait.wait()
            except OSError as why:
                raise BrokenResourceError from why


class _Output(_Pipe, anyio.abc.ByteReceiveStream):
    """What a process writes."""

    async def receive(self, max_bytes: int = _CHUNK) -> bytes:
        if max_bytes < 1:
            raise ValueError("max_bytes must be a positive integer")
        with self._guard:
            await checkpoint()
            data: bytes = await self._do(os.read, max_bytes)
        if not data:
            raise EndOfStream
        return data


class _Input(_Pipe, anyio.abc.ByteSendStream):
    """What a process reads."""

    async def send(self, item: bytes) -> None:
        with self._guard:
            await checkpoint()
            left = memoryview(item)
            while left:
                left = left[await self._do(os.write, left) :]


class Process(anyio.abc.Process):
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._stdin = None if process.stdin is None else _Input(process.stdin, WRITE)
        self._stdout = None if process.stdout is None else _Output(process.stdout, READ)
        self._stderr = None if process.stderr is None else _Output(process.stderr, READ)
        #: Tasks that wait for its end share one wait.
        self._over: Optional[Event] = None

    async def wait(self) -> int:
        await checkpoint()
        while self.returncode is None:
            if self._over is None:
                self._over = Event()
                try:
                    await self._ended()
                finally:
                    over, self._over = self._over, None
                    over.set()
            else:
                await self._over.wait()
        return self._process.returncode

    async def _ended(self) -> None:
        """Waits until the process can be reaped."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except (AttributeError, OSError):  # not on this system
            await self._ended_by_a_thread()
            return
        try:
            await Waiter(descriptor, READ).wait()
        finally:
            closing(descriptor)
            os.close(descriptor)

    async def _ended_by_a_thread(self) -> None:
        runner, over = here.runner, Event()
        assert runner is not None

        def wait() -> None:
            try:
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            except OSError as why:
                if why.errno != errno.ECHILD:  # somebody else has reaped it
                    raise
            runner.post(over.set)

        threading.Thread(target=wait, name="cqueues process", daemon=True).start()
        await over.wait()

    @property
    def returncode(self) -> Optional[int]:
        return self._process.poll()

    @property
    def pid(self) -> int:
        return self._process.pid

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def send_signal(self, signal: int) -> None:
        self._process.send_signal(signal)

    async def aclose(self) -> None:
        with CancelScope(shield=True):
            for stream in (self._stdin, self._stdout, self._stderr):
                if stream is not None:
                    await stream.aclose()
        try:
            await self.wait()
        except BaseException:
            self.kill()
            with CancelScope(shield=True):
                await self.wait()
            raise

    @property
    def stdin(self) -> Optional[anyio.abc.ByteSendStream]:
        return self._stdin

    @property
    def stdout(self) -> Optional[anyio.abc.ByteReceiveStream]:
        return self._stdout

    @property
    def stderr(self) -> Optional[anyio.abc.ByteReceiveStream]:
        return self._stderr


async def open_process(command: Any, **options: Any) -> Process:
    """Starts a program as subprocess.Popen does: a text is a command of the shell."""
    await checkpoint()
    is_text = isinstance(command, (str, bytes, os.PathLike))
    arguments: Any = os.fspath(command) if is_text else [os.fspath(part) for part in command]
    process: Any = subprocess.Popen(arguments, shell=is_text, bufsize=0, **options)
    return Process(process)
