# SPDX-License-Identifier: MIT
"""A line echo server on the streams of asyncio; with the argument `uvloop` on that loop."""

import asyncio
import sys


async def echo(reader, writer):
    while True:
        line = await reader.readline()
        if not line:
            break
        writer.write(line)
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=4096)
    print("listening on", *server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()


if sys.argv[1:] == ["uvloop"]:
    import uvloop

    uvloop.install()
asyncio.run(main())
