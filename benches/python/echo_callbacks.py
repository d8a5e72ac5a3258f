# SPDX-License-Identifier: MIT
"""A line echo server of callbacks, as asyncio's protocols are: `echo_callbacks.py cqueues|asyncio|uvloop`.

Of cqueues it is what a loop for asyncio's protocols could be at best: nothing but the calls into the library, and for each
connection that has input one call of the protocol, without handles, contexts, timers, limits or errors.
"""

import asyncio
import ctypes
import struct
import sys


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Transport:
    __slots__ = ("number", "output", "protocol", "read", "socket")

    def __init__(self, protocol):
        self.protocol, self.output = protocol, []
        protocol.connection_made(self)

    def write(self, data):
        self.output.append(data)


def serve():
    from cqueues import _loop, _sockets
    from cqueues._library import check, declared, library

    runner = _loop.Runner()
    chosen, place = _sockets._Options("127.0.0.1", 0, None, {"backlog": 4096}), ctypes.c_void_p()
    check(library.cq_socket_listen(chosen.handle, ctypes.byref(place)))
    listener = _sockets.Listener(place.value)
    add, accept, read, write = _loop.ADD, declared.CQ_DO_ACCEPT, _loop.READ, _loop.WRITE
    endless, link, at_bytes = _loop.ENDLESS, _loop.LINK, _loop.BYTES_AT
    pack, unpack = _loop._OPERATION.pack_into, struct.Struct("<QQIiQQQI12x").iter_unpack
    operations, results = runner.operations, memoryview(runner.results)
    wanted_at = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(operations)))
    results_at = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(runner.results)))
    produced, wait = ctypes.c_size_t(), ctypes.c_double(-1.0)
    step, memory, base = library.cq_batch_step, runner.memory, runner.base
    transports, keys = {}, 1
    wanted = [(0, add, 0, 0, 0, 0, 1, 0, endless, 0)]
    held = []
    while True:
        at = 0
        for want in wanted:
            pack(operations, at, *want)
            at += 64
        check(step(runner.batch, wanted_at, len(wanted), wait, results_at, 1024, ctypes.byref(produced)))
        wanted, held = [], []
        for number, key, kind, code, made, address, size, _ in unpack(results[: produced.value * 64]):
            if kind == read:
                transport = transports[key]
                if code:
                    del transports[key]
                    wanted.append((number, _loop.END, 0, 0, 0, 0, 0, 0, endless, 0))
                    continue
                start = address - base
                transport.protocol.data_received(memory[start : start + size])
                for data in transport.output:
                    held.append(data)
                    wanted.append((number, write, link, 0, 0, transport.socket._handle, id(data) + at_bytes, len(data), endless, 0))
                transport.output.clear()
                wanted.append(transport.read)
            elif key == 1:
                if kind == add:
                    print("listening on", *listener.local_name, flush=True)
                else:
                    keys += 1
                    transports[keys] = transport = Transport(Echo())
                    transport.socket = _sockets.Socket(made)
                    wanted.append((0, add, 0, 0, 0, 0, keys, 0, endless, 0))
                wanted.append((number, accept, 0, 0, 0, listener._handle, 0, 0, endless, 0))
            else:
                transport = transports[key]
                transport.read = (number, *transport.socket._more)
                wanted.append(transport.read)


async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0, backlog=4096)
    print("listening on", *server.sockets[0].getsockname(), flush=True)
    await server.serve_forever()


if sys.argv[1] == "cqueues":
    serve()
elif sys.argv[1] == "uvloop":
    import uvloop

    uvloop.install()
if sys.argv[1] != "cqueues":
    asyncio.run(main())
