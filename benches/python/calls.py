# SPDX-License-Identifier: MIT
"""What the calls of a loop cost, in nanoseconds of CPU: `calls.py`. 64 descriptors are always ready to be written to.

A call of the library by ctypes without arguments; a step of a batch for one task that wants nothing, and for 64 tasks that each
wait for a descriptor, a task of them; `select.epoll` with 64 descriptors, a descriptor of them; a callback in a context.
"""

import contextvars
import select
import socket
import time

import cqueues
from cqueues import _loop
from cqueues._library import declared, library

COUNT, ROUNDS = 64, 2000


def cost(function, times):
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        for _ in range(times):
            function()
        best = min(best, time.process_time() - begun)
    return best / times * 1e9


def steps(body, tasks):
    """Nanoseconds for each operation of so many tasks that do one after the other."""

    async def work():
        for _ in range(ROUNDS):
            await body()

    async def main():
        async with cqueues.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(work)

    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        cqueues.run(main)
        best = min(best, time.process_time() - begun)
    return best / (ROUNDS * tasks) * 1e9


pairs = [socket.socketpair() for _ in range(COUNT)]
epoll = select.epoll()
for one, other in pairs:
    epoll.register(one, select.EPOLLOUT)
waiting = iter(range(10**9))
interests = []
for one, other in pairs:
    interest = declared.cq_interest()
    interest.fd, interest.events, interest.timeout = other.fileno(), select.POLLOUT, _loop.ENDLESS
    interests.append(interest)


def ready():
    interest = interests[next(waiting) % COUNT]
    return _loop.operation(declared.CQ_DO_POLL, 0, 0, 0, 0, _loop.ctypes.addressof(interest), 1, _loop.ENDLESS, 0)


print(f"a call by ctypes: {cost(library.cq_version, 200000):.0f}")
print(f"a callback in a context: {cost(lambda run=contextvars.copy_context().run: run(abs, 1), 200000):.0f}")
print(f"epoll, of {COUNT}: {cost(lambda: epoll.poll(0, 1024), 20000) / COUNT:.0f} a descriptor; of 1: {cost(lambda: epoll.poll(0, 1), 100000):.0f}")
print(f"a step, of 1 task: {steps(cqueues.checkpoint, 1):.0f}; of {COUNT}: {steps(cqueues.checkpoint, COUNT):.0f} a task")
print(f"a step with waits for descriptors, of {COUNT}: {steps(ready, COUNT):.0f} a task")
