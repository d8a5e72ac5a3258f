# SPDX-License-Identifier: MIT
"""Child processes, whose pipes are sockets."""

from __future__ import annotations

import ctypes
import errno
import math
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Optional, Union

from ._library import Owner, check, declared, library
from ._poll import poll
from ._scopes import CancelScope, is_abandoned, open_nursery
from ._sockets import Socket

__all__ = ["Process", "open_process", "run_process"]

Path = Union[str, bytes, "os.PathLike[str]"]
Command = Union[str, Sequence[Path]]


class Process(Owner):
    """A child process: see `open_process`. `stdin`, `stdout`, `stderr` are sockets, or None without a pipe."""

    _freed_by = "cq_process_free"

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._returncode: Optional[int] = None
        self.pid = int(library.cq_process_pid(handle))
        self.stdin = self._pipe(library.cq_process_stdin)
        self.stdout = self._pipe(library.cq_process_stdout)
        self.stderr = self._pipe(library.cq_process_stderr)

    def _pipe(self, take: Any) -> Optional[Socket]:
        place = ctypes.c_void_p()
        code = take(self._handle, ctypes.byref(place))
        if code == errno.ENOENT:
            return None
        check(code)
        return Socket(place.value or 0)

    @property
    def returncode(self) -> Optional[int]:
        """The exit status, or the negative number of the signal that ended it; None while it runs."""
        if self._returncode is None:
            code, number = ctypes.c_int(), ctypes.c_int()
            failure = library.cq_process_try_wait(self._handle, ctypes.byref(code), ctypes.byref(number))
            if failure != errno.EAGAIN:
                check(failure)
                self._returncode = -number.value if number.value else code.value
        return self._returncode

    async def wait(self) -> int:
        """Waits for its end, and returns its `returncode`."""
        while self.returncode is None:
            await poll("process", self._handle)
        return self._returncode  # type: ignore[return-value]

    def send_signal(self, number: int) -> None:
        """Sends it a signal; nothing once it has ended."""
        code = library.cq_process_kill(self._handle, number)
        if code != errno.ESRCH:
            check(code)

    def terminate(self) -> None:
        """Sends it SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Sends it SIGKILL."""
        self.send_signal(signal.SIGKILL)

    async def aclose(self) -> None:
        """Closes its pipes and waits for its end; where that is cancelled, the process is killed."""
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()
        try:
            await self.wait()
        except BaseException:
            await self._end()
            raise

    async def _end(self) -> None:
        """Kills it and waits until it is gone, whatever is cancelled."""
        self.kill()
        with CancelScope(shield=True):
            await self.wait()

    async def __aenter__(self) -> Process:
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        if why is not None and self._handle is not None:
            self.kill()
        if not is_abandoned(why):
            await self.aclose()

    def __repr__(self) -> str:
        return f"<cqueues.Process {self.pid}{'' if self._returncode is None else f' ended with {self._returncode}'}>"


def _arguments(command: Command) -> list[bytes]:
    """A text is a command of the shell, all else a program and its arguments."""
    if isinstance(command, str):
        return [b"/bin/sh", b"-c", os.fsencode(command)]
    if isinstance(command, bytes):
        raise TypeError("a command is a str for the shell, or a sequence of a program and its arguments")
    parts = [os.fsencode(part) for part in command]
    if not parts:
        raise ValueError("a command has a program")
    if any(b"\0" in part for part in parts):
        raise ValueError("a command has no NUL")
    return parts


def _stream(options: Any, stream: int, value: Any) -> None:
    kinds = {
        None: declared.CQ_PROCESS_INHERIT, subprocess.DEVNULL: declared.CQ_PROCESS_NULL, subprocess.PIPE: declared.CQ_PROCESS_SOCKET,
        subprocess.STDOUT: declared.CQ_PROCESS_STDOUT,
    }
    kind, descriptor = declared.CQ_PROCESS_DESCRIPTOR, -1
    if value is None or (isinstance(value, int) and value in kinds):
        kind = kinds[value]
    elif isinstance(value, int):
        descriptor = value
    else:
        descriptor = value.fileno() if hasattr(value, "fileno") else value.descriptor
    check(library.cq_process_options_stream(options, stream, kind, descriptor))


async def open_process(
    command: Command,
    *,
    stdin: Any = None,
    stdout: Any = None,
    stderr: Any = None,
    cwd: Optional[Path] = None,
    env: Optional[Mapping[str, str]] = None,
    start_new_session: bool = False,
) -> Process:
    """Starts a program: a sequence of it and its arguments, or a text for the shell.

    Streams are as for `subprocess`: None (inherited), PIPE, DEVNULL, STDOUT, a descriptor or a file. `env` is the whole
    environment. Errors: OSError of the system (FileNotFoundError); ValueError, TypeError for what is no command.
    """
    place = ctypes.c_void_p()
    arguments = _arguments(command)
    check(library.cq_process_options_new(ctypes.byref(place)))
    options = place.value
    try:
        for argument in arguments:
            check(library.cq_process_options_argument(options, argument))
        for stream, value in enumerate((stdin, stdout, stderr)):
            _stream(options, stream, value)
        if cwd is not None:
            check(library.cq_process_options_directory(options, os.fsencode(cwd)))
        if env is not None:
            check(library.cq_process_options_set(options, declared.CQ_PROCESS_ENVIRONMENT, 0))
            for name, text in env.items():
                check(library.cq_process_options_variable(options, os.fsencode(name), os.fsencode(text)), name)
        check(library.cq_process_options_set(options, declared.CQ_PROCESS_SESSION, start_new_session))
        check(library.cq_process_spawn(options, ctypes.byref(place)), os.fsdecode(arguments[0]))
    finally:
        library.cq_process_options_free(options)
    return Process(place.value or 0)


async def run_process(
    command: Command,
    *,
    input: Optional[bytes] = b"",
    capture_stdout: bool = False,
    capture_stderr: bool = False,
    check: bool = True,
    timeout: float = math.inf,
    **options: Any,
) -> subprocess.CompletedProcess[bytes]:
    """Runs a program to its end, feeds it `input`, and collects what it writes. Where that is cancelled it is killed.

    With `input=None` it has this process's standard input. `timeout`: seconds, then subprocess.TimeoutExpired. Further
    options are those of `open_process`. Errors: subprocess.CalledProcessError if it fails, unless `check` is False.
    """
    if isinstance(input, str):
        raise TypeError("processes take bytes, not str: encode it")
    for name, captured in (("stdout", capture_stdout), ("stderr", capture_stderr)):
        if captured:
            if name in options:
                raise ValueError(f"{name} is given and captured")
            options[name] = subprocess.PIPE
    if input is not None and "stdin" not in options:
        options["stdin"] = subprocess.PIPE if input else subprocess.DEVNULL
    written: dict[str, bytes] = {}

    async def feed(pipe: Socket) -> None:
        async with pipe:
            try:
                await pipe.write(input or b"")
                await pipe.finish()
            except (BrokenPipeError, ConnectionResetError):
                pass  # it does not want all

    async def collect(name: str, pipe: Socket) -> None:
        async with pipe:
            written[name] = await pipe.read_all()

    process = await open_process(command, **options)
    with CancelScope(deadline=timeout) as scope:
        try:
            async with open_nursery() as nursery:
                if process.stdin is not None:
                    nursery.start_soon(feed, process.stdin)
                if process.stdout is not None:
                    nursery.start_soon(collect, "stdout", process.stdout)
                if process.stderr is not None:
                    nursery.start_soon(collect, "stderr", process.stderr)
                await process.wait()
        except BaseException:
            await process._end()
            raise
    if scope.cancelled_caught:
        raise subprocess.TimeoutExpired(command, timeout, written.get("stdout"), written.get("stderr"))
    done = subprocess.CompletedProcess(command, process.returncode or 0, written.get("stdout"), written.get("stderr"))
    if check:
        done.check_returncode()
    return done
