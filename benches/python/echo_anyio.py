# SPDX-License-Identifier: MIT
"""A line echo server on anyio: `echo_anyio.py cqueues|asyncio|uvloop|trio` says on which loop."""

import sys

import anyio


async def echo(stream):
    async with stream:
        async for data in stream:
            await stream.send(data)


async def main():
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0, backlog=4096)
    print("listening on 127.0.0.1", listener.extra(anyio.abc.SocketAttribute.local_port), flush=True)
    await listener.serve(echo)


loop, options = sys.argv[1], {}
if loop == "cqueues":
    import cqueues.anyio_backend

    cqueues.anyio_backend.install()
if loop == "uvloop":
    loop, options = "asyncio", {"use_uvloop": True}
anyio.run(main, backend=loop, backend_options=options)
