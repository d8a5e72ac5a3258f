# SPDX-License-Identifier: MIT
"""An echo server with one fault, to see that the demo's client notices it.

bad_server.py FAULT, where FAULT is one of the words below; `none` is a good server.
"""

import os
import socket
import sys
import threading
import time

fault = sys.argv[1]
lines = 0


def serve(connection):
    global lines
    while data := connection.recv(1 << 16):
        lines += 1
        if lines > 100:
            if fault == "flip":
                data = bytes([data[0] ^ 1]) + data[1:]
            elif fault == "extra":
                data += b"x"
            elif fault == "drop":
                continue
            elif fault == "close":
                break
            elif fault == "exit":
                os._exit(0)
        connection.sendall(data)
    if fault == "linger":
        time.sleep(60)
    connection.close()


if fault == "dead":
    sys.exit()
if fault == "talk":
    print("hello", flush=True)
    time.sleep(60)
server = socket.create_server(("127.0.0.1", 0), backlog=64)
print("listening on", *server.getsockname(), flush=True)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
