# SPDX-License-Identifier: MIT
"""A client of WebSockets (RFC 6455) that shares no code with what is tested."""

import base64
import hashlib
import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket:
    def __init__(self, port, path, seconds, tls=None, protocol=None):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.input = b""
        key = base64.b64encode(os.urandom(16))
        more = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"{more}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key.decode()}\r\n\r\n".encode())
        self.answer = self.read_until(b"\r\n\r\n")
        assert self.answer.startswith(b"HTTP/1.1 101 "), self.answer
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        assert accept in self.answer, f"{self.answer} does not accept with {accept}"

    def more(self):
        new = self.socket.recv(65536)
        assert new, "the server closed the connection"
        self.input += new

    def read_until(self, mark):
        while mark not in self.input:
            self.more()
        found, _, self.input = self.input.partition(mark)
        return found

    def read(self, size):
        while len(self.input) < size:
            self.more()
        found, self.input = self.input[:size], self.input[size:]
        return found

    def send(self, opcode, payload, last=True):
        """Sends one frame, masked as a client must."""
        head = bytes([opcode | (0x80 if last else 0)])
        size = len(payload)
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += struct.pack(">BH", 0x80 | 126, size)
        else:
            head += struct.pack(">BQ", 0x80 | 127, size)
        mask = os.urandom(4)
        whole = int.from_bytes(payload, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        self.socket.sendall(head + mask + whole.to_bytes(size, "big"))

    def receive(self):
        """The opcode and the payload of the next frame."""
        first, size = self.read(2)
        if size == 126:
            (size,) = struct.unpack(">H", self.read(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.read(8))
        return first & 0x0F, self.read(size)

    def close(self, code=1000):
        """Says goodbye, unless the server did, and waits until it closes the connection."""
        self.send(CLOSE, struct.pack(">H", code))

    def at_end(self):
        return not self.input and self.socket.recv(1) == b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
