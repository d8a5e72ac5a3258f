# SPDX-License-Identifier: MIT
"""A server with limits: counts the words of each line.

    python3 server.py PORT

At SIGTERM it accepts no more, gives the clients that are there some seconds to finish, and ends.
"""

import signal
import sys

import cqueues

CLIENTS = 100  # at a time
LINE = 1000  # bytes
IDLE = 30  # seconds without a line
WHOLE = 600  # seconds for a connection
GRACE = 5  # seconds, when it stops


async def answer(connection):
    """Lines are answered until the client ends, is idle, or sends what is no line."""
    connection.max_line = LINE
    while True:
        line = None
        with cqueues.move_on_after(IDLE):
            line = await connection.readline()
        if line is None:
            await connection.write(b"goodbye: no line for too long\n")
            return
        if not line:
            return
        await connection.write(b"%d\n" % len(line.split()))


async def serve(connection, counter):
    counter.add(connection)
    try:
        async with connection:
            with cqueues.move_on_after(WHOLE):
                await answer(connection)
    except (OSError, ValueError) as why:
        print("a client failed:", why, file=sys.stderr)
    finally:
        counter.remove(connection)


async def accept(listener, clients):
    counter: set[cqueues.Socket] = set()
    async for connection in listener:
        if len(counter) < CLIENTS:
            clients.start_soon(serve, connection, counter)
        else:
            connection.close()


async def stop_later(clients):
    await cqueues.sleep(GRACE)
    clients.cancel_scope.cancel()


async def main(port):
    async with cqueues.open_nursery() as helpers:
        async with cqueues.open_nursery() as clients:
            async with await cqueues.listen("127.0.0.1", port) as listener:
                print("listening on", *listener.local_name, flush=True)
                with cqueues.CancelScope() as accepting:
                    signal.signal(signal.SIGTERM, lambda *_: accepting.cancel())
                    await accept(listener, clients)
            helpers.start_soon(stop_later, clients)
        helpers.cancel_scope.cancel()
    print("stopped")


try:
    cqueues.run(main, int(sys.argv[1]))
except KeyboardInterrupt:
    pass
