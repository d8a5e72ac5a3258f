# SPDX-License-Identifier: MIT
"""For tests of programs that use this package."""

from __future__ import annotations

from ._clock import MockClock
from ._sockets import Socket, pair

__all__ = ["MockClock", "memory_stream_pair"]


def memory_stream_pair() -> tuple[Socket, Socket]:
    """Two streams that are connected to each other: `cqueues.pair`, under trio's name. They go through the kernel."""
    return pair()
