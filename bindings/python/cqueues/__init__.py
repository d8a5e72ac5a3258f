# SPDX-License-Identifier: MIT
"""Tasks, sockets, DNS, signals and files for Python, on libcqueues: `cqueues.run(main)` runs an async function.

Names follow trio's where it has one.
"""

from ._library import Error
from ._loop import Cancelled, Task, checkpoint, current, run, sleep, sleep_forever
from ._scopes import CancelScope, Nursery, TooSlowError, fail_after, move_on_after, open_nursery
from ._sockets import TLS, Listener, Socket, connect, listen, pair

__all__ = [
    "CancelScope", "Cancelled", "Error", "Nursery", "Task", "TooSlowError", "checkpoint", "current", "fail_after",
    "move_on_after", "open_nursery", "run", "sleep", "sleep_forever", "TLS", "Listener", "Socket", "connect", "listen", "pair",
]
