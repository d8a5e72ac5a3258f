#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An HTTPS client that believes everybody: bad_client.py HOST PORT PATH AUTHORITIES."""

import socket
import ssl
import sys

context = ssl._create_unverified_context()
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as plain, context.wrap_socket(plain) as connection:
    connection.sendall(b"GET %b HTTP/1.0\r\n\r\n" % sys.argv[3].encode())
    while data := connection.recv(1 << 16):
        sys.stdout.buffer.write(data)
