# SPDX-License-Identifier: MIT
"""A line echo server on cqueues."""

import cqueues


async def echo(connection):
    while True:
        line = await connection.readline()
        if not line:
            return
        await connection.write(line)


async def main():
    async with await cqueues.listen("127.0.0.1", 0, backlog=4096) as listener:
        print("listening on", *listener.local_name, flush=True)
        await listener.serve(echo)


cqueues.run(main)
