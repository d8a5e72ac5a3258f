# SPDX-License-Identifier: MIT
"""Tasks, sockets, DNS, signals and files for Python, on libcqueues: `cqueues.run(main)` runs an async function.

Names follow trio's where it has one.
"""

from ._channels import (
    BrokenResourceError, ClosedResourceError, EndOfChannel, MemoryReceiveChannel, MemorySendChannel, open_memory_channel,
)
from ._clock import current_time
from ._datagrams import DatagramSocket, bind
from ._dns import Resolver, query, resolve, reverse
from ._dump import dump, inspect
from ._files import Change, Watch, watch
from ._library import Error
from ._loop import Cancelled, Task, checkpoint, current, sleep, sleep_forever
from ._processes import Process, open_process, run_process
from ._run import run
from ._scopes import CancelScope, Nursery, TooSlowError, fail_after, move_on_after, open_nursery
from ._signals import open_signal_receiver
from ._sockets import TLS, Listener, Socket, connect, listen, pair
from ._sync import CapacityLimiter, Condition, Event, Lock, Semaphore, WouldBlock
from ._threads import from_thread, to_thread

__all__ = [
    "BrokenResourceError", "CancelScope", "Cancelled", "CapacityLimiter", "Change", "ClosedResourceError", "Condition",
    "DatagramSocket", "EndOfChannel", "Error", "Event", "Listener", "Lock", "MemoryReceiveChannel", "MemorySendChannel",
    "Nursery", "Process", "Resolver", "Semaphore", "Socket", "TLS", "Task", "TooSlowError", "Watch", "WouldBlock", "bind",
    "checkpoint", "connect", "current", "current_time", "dump", "fail_after", "from_thread", "inspect", "listen", "move_on_after",
    "open_memory_channel", "open_nursery", "open_process", "open_signal_receiver", "pair", "query", "resolve", "reverse",
    "run", "run_process", "sleep", "sleep_forever", "to_thread", "watch",
]
