#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An HTTPS server that ends each answer in the middle, without a word of TLS.

cut_server.py CERTIFICATE KEY COUNT: prints its port, serves COUNT connections.
"""

import socket
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    for _ in range(int(sys.argv[3])):
        connection = context.wrap_socket(listener.accept()[0], server_side=True)
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\nhalf a page")
        connection.close()  # says nothing of the end: that would be unwrap()
