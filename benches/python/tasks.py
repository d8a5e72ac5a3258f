# SPDX-License-Identifier: MIT
"""Tasks, each way to run them: `tasks.py cqueues|asyncio|uvloop|trio sleepers|nursery COUNT`.

`sleepers`: COUNT tasks sleep twice each, for times up to 200 ms. `nursery`: COUNT tasks begin in one nursery, wait once
without a time, and end. Prints the operations and the CPU seconds that they took, the start of the loop left out.
"""

import random
import sys
import time

library, what, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
NAPS = 2


def cqueues_run(body):
    import cqueues

    async def main():
        begun = time.process_time()
        async with cqueues.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(body, cqueues.sleep)
        return time.process_time() - begun

    return cqueues.run(main)


def trio_run(body):
    import trio

    async def main():
        begun = time.process_time()
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(body, trio.sleep)
        return time.process_time() - begun

    return trio.run(main)


def asyncio_run(body):
    import asyncio

    async def main():
        begun = time.process_time()
        if hasattr(asyncio, "TaskGroup"):
            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(body(asyncio.sleep))
        else:
            await asyncio.gather(*(body(asyncio.sleep) for _ in range(count)))
        return time.process_time() - begun

    if library == "uvloop":
        import uvloop

        uvloop.install()
    return asyncio.run(main())


async def nap(sleep):
    for _ in range(NAPS):
        await sleep(random.random() * 0.2)


async def wait_once(sleep):
    await sleep(0)


random.seed(1)
operations = count * NAPS if what == "sleepers" else count
runs = {"cqueues": cqueues_run, "trio": trio_run, "asyncio": asyncio_run, "uvloop": asyncio_run}
print(f"operations={operations} cpu={runs[library](nap if what == 'sleepers' else wait_once):.6f}")
