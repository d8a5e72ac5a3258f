# SPDX-License-Identifier: MIT
import cqueues


async def say(end):
    await end.write(b"from coroutine to coroutine\n")
    await end.finish()


async def main():
    first, second = cqueues.pair()
    async with cqueues.open_nursery() as nursery:
        nursery.start_soon(say, first)
        print((await second.readline()).decode().strip())


cqueues.run(main)
