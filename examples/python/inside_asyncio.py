# SPDX-License-Identifier: MIT
"""A server of cqueues inside a program of asyncio: both run in one thread, and neither waits for the other.

    python3 inside_asyncio.py PORT

Lines that clients send go through a queue of asyncio's to a task of asyncio's, whose answers go back.
"""

import asyncio
import signal
import sys

import cqueues
from cqueues import guest


async def work(jobs):
    """asyncio's part: takes a line at a time, and calls a coroutine of asyncio's for it."""
    while True:
        line, answer = await jobs.get()
        await asyncio.sleep(0.01)
        answer.set_result(line.upper())


async def serve(port, jobs):
    """cqueues' part: a server with a time limit for each answer."""

    async def talk(connection):
        async for line in connection.lines():
            answer = asyncio.get_running_loop().create_future()
            with cqueues.fail_after(5):
                await guest.asyncio_result(jobs.put((line, answer)))
                await connection.write(await guest.asyncio_result(answer) + b"\n")

    async with await cqueues.listen("127.0.0.1", port) as listener:
        print("listening on", *listener.local_name, flush=True)
        await listener.serve(talk)


async def main(port):
    jobs: asyncio.Queue = asyncio.Queue(100)
    serving = asyncio.ensure_future(guest.run_in_asyncio(serve, port, jobs))
    for number in (signal.SIGINT, signal.SIGTERM):  # not KeyboardInterrupt, which comes in the middle of anything
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    worker = asyncio.create_task(work(jobs))
    try:
        await serving
    except asyncio.CancelledError:
        print("stopped")
    finally:
        worker.cancel()


asyncio.run(main(int(sys.argv[1])))
