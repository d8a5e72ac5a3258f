# SPDX-License-Identifier: MIT
"""A chat server: the first line of a client is its name, each further one goes to all others.

    python3 chat.py PORT
"""

import sys

import cqueues

#: Seconds in which a client must take what is said to it.
PATIENCE = 2

clients: dict[bytes, cqueues.Socket] = {}


async def tell(text, everybody_but=None):
    """Sends a line to all others. Who does not take it in time is disconnected."""
    for name, connection in list(clients.items()):
        if name == everybody_but:
            continue
        try:
            with cqueues.fail_after(PATIENCE):
                await connection.write(text + b"\n")
                await connection.drain()
        except OSError:  # TimeoutError is one
            connection.close()  # its own task sees the end, and says goodbye


async def talk(connection):
    name = (await connection.readline()).strip()
    if not name or name in clients:
        await connection.write(b"* that name is taken\n")
        return
    clients[name] = connection
    try:
        await tell(b"* " + name + b" is here", name)
        async for line in connection.lines():
            await tell(name + b": " + line, name)
    except (OSError, ValueError):  # it has gone, or sends lines without end
        pass
    finally:
        del clients[name]
        with cqueues.CancelScope(shield=True):  # also when the server stops
            await tell(b"* " + name + b" has gone")


async def main(port):
    async with await cqueues.listen("127.0.0.1", port) as listener:
        print("listening on", *listener.local_name, flush=True)
        await listener.serve(talk)


try:
    cqueues.run(main, int(sys.argv[1]))
except KeyboardInterrupt:
    pass
