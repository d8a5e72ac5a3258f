# SPDX-License-Identifier: MIT
"""An echo server: sends each line back.

    python3 echo.py PORT
"""

import sys

import cqueues


async def echo(connection):
    async for line in connection.lines():
        await connection.write(line + b"\n")


async def main(port):
    async with await cqueues.listen("127.0.0.1", port) as listener:
        print("listening on", *listener.local_name, flush=True)
        await listener.serve(echo)


try:
    cqueues.run(main, int(sys.argv[1]))
except KeyboardInterrupt:
    pass
