# SPDX-License-Identifier: MIT
"""Channels between tasks of one loop: what is sent into one end is received from the other, each value once."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from types import TracebackType
from typing import Any, Optional, TypeVar, Union

from ._loop import checkpoint, current, park, unpark
from ._sync import WouldBlock

__all__ = [
    "BrokenResourceError", "ClosedResourceError", "EndOfChannel", "MemoryReceiveChannel", "MemorySendChannel",
    "open_memory_channel",
]


class ClosedResourceError(Exception):
    """This end of the channel was closed here."""


class BrokenResourceError(Exception):
    """The other end is closed: nobody will receive it."""


class EndOfChannel(Exception):
    """The other end is closed, and everything has been received."""


class _Waiter:
    """A task that waits in an end of the channel: to send `value`, or for one. `error` is raised in it."""

    __slots__ = ("end", "error", "task", "value")

    def __init__(self, end: _End, value: Any) -> None:
        self.end, self.task, self.value = end, current(), value
        self.error: Optional[Exception] = None


class _State:
    """What all ends of a channel share."""

    def __init__(self, room: Union[int, float]) -> None:
        self.room = room
        self.values: deque[Any] = deque()
        self.senders: OrderedDict[_Waiter, None] = OrderedDict()
        self.receivers: OrderedDict[_Waiter, None] = OrderedDict()
        self.sending, self.receiving = 0, 0


def _first(queue: OrderedDict[_Waiter, None]) -> _Waiter:
    """Wakes the first of a queue, and takes it out."""
    waiter = next(iter(queue))
    unpark(waiter.task)
    del queue[waiter]
    return waiter


def _refuse(queue: OrderedDict[_Waiter, None], error: Exception, end: Optional[_End] = None) -> None:
    """Raises something in all that wait, or in those at one end."""
    for waiter in [waiter for waiter in queue if end is None or waiter.end is end]:
        unpark(waiter.task)
        del queue[waiter]
        waiter.error = error


Self = TypeVar("Self", bound="_End")


class _End:
    """An end of a channel. There may be several of each kind, by `clone`, each of which is closed."""

    def __init__(self, state: _State) -> None:
        self._state, self._is_closed = state, False

    def _live(self) -> _State:
        if self._is_closed:
            raise ClosedResourceError(f"this {type(self).__name__} is closed")
        return self._state

    def clone(self: Self) -> Self:
        """Another end of the kind: the channel is closed on this side once all are."""
        return type(self)(self._live())

    def close(self) -> None:
        """Closes it at once. Who waits in it gets `ClosedResourceError`. Again: does nothing."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Closes it, and lets others run."""
        self.close()
        await checkpoint()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self.close()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self.close()

    async def _wait(self, queue: OrderedDict[_Waiter, None], value: Any = None) -> Any:
        waiter = _Waiter(self, value)
        queue[waiter] = None
        try:
            await park()
        except BaseException:
            queue.pop(waiter, None)
            raise
        if waiter.error is not None:
            raise waiter.error
        return waiter.value

    def __repr__(self) -> str:
        return f"<cqueues.{type(self).__name__} {'closed' if self._is_closed else 'open'}>"


class MemorySendChannel(_End):
    """The end that values are sent into."""

    def __init__(self, state: _State) -> None:
        super().__init__(state)
        state.sending += 1

    def send_nowait(self, value: Any) -> None:
        """Sends a value, or raises `WouldBlock` where `send` would wait."""
        state = self._live()
        if not state.receiving:
            raise BrokenResourceError("all receiving ends are closed")
        if state.receivers:
            _first(state.receivers).value = value
        elif len(state.values) < state.room:
            state.values.append(value)
        else:
            raise WouldBlock("the channel is full")

    async def send(self, value: Any) -> None:
        """Sends a value, as soon as there is room for it, or who receives it. What is cancelled was not sent.

        Errors: BrokenResourceError if nobody can receive it; ClosedResourceError.
        """
        state = self._live()
        if current().output or state.receivers or len(state.values) < state.room:
            await checkpoint()
        try:
            self.send_nowait(value)
        except WouldBlock:
            await self._wait(state.senders, value)

    def close(self) -> None:
        """Closes it at once. Behind the last one, who receives gets what is left, then `EndOfChannel`."""
        if self._is_closed:
            return
        state = self._state
        _refuse(state.senders, ClosedResourceError("the channel was closed in a send"), self)
        if state.sending == 1:
            _refuse(state.receivers, EndOfChannel("all sending ends are closed"))
        state.sending -= 1
        self._is_closed = True


class MemoryReceiveChannel(_End):
    """The end that values are received from: `async for value in channel`."""

    def __init__(self, state: _State) -> None:
        super().__init__(state)
        state.receiving += 1

    def receive_nowait(self) -> Any:
        """The next value, or raises `WouldBlock` where `receive` would wait."""
        state = self._live()
        if state.senders:
            state.values.append(_first(state.senders).value)
        if state.values:
            return state.values.popleft()
        if not state.sending:
            raise EndOfChannel("all sending ends are closed")
        raise WouldBlock("the channel is empty")

    async def receive(self) -> Any:
        """The next value. Each is received once, also where who receives is cancelled.

        Errors: EndOfChannel if none will come; ClosedResourceError.
        """
        state = self._live()
        if current().output or state.values or state.senders or not state.sending:
            await checkpoint()
        try:
            return self.receive_nowait()
        except WouldBlock:
            return await self._wait(state.receivers)

    def __aiter__(self) -> MemoryReceiveChannel:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except EndOfChannel:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """Closes it at once. Behind the last one, who sends gets `BrokenResourceError`; values that wait are dropped."""
        if self._is_closed:
            return
        state = self._state
        _refuse(state.receivers, ClosedResourceError("the channel was closed in a receive"), self)
        if state.receiving == 1:
            _refuse(state.senders, BrokenResourceError("all receiving ends are closed"))
            state.values.clear()
        state.receiving -= 1
        self._is_closed = True


def open_memory_channel(max_buffer_size: Union[int, float]) -> tuple[MemorySendChannel, MemoryReceiveChannel]:
    """A channel that holds so many values which nobody has received yet: 0: `send` waits for `receive`; math.inf."""
    if not isinstance(max_buffer_size, int) and max_buffer_size != math.inf:
        raise TypeError("max_buffer_size is a whole number or math.inf")
    if max_buffer_size < 0:
        raise ValueError("max_buffer_size is not negative")
    state = _State(max_buffer_size)
    return MemorySendChannel(state), MemoryReceiveChannel(state)
