# SPDX-License-Identifier: MIT
"""Counts the questions that cross the loopback interface to port 53, over UDP and TCP, by looking at every
packet: whoever asks and whoever answers has no part in the counting.
"""

import collections
import contextlib
import ipaddress
import socket
import struct
import threading

Query = collections.namedtuple("Query", "source target port protocol identity name type")


class Sniffer:
    """Looks on in a thread of its own while the block lasts; `queries` then has all of them."""

    def __init__(self):
        self.queries = []
        self.streams = {}
        self.packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        with contextlib.suppress(PermissionError):  # without, there is less room; what does not fit is noticed
            self.packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.packets.bind(("lo", ETH_P_ALL))
        # A datagram to this port says that all before it has been seen.
        self.end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.end.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.sendto(b"", self.end.getsockname())
        self.thread.join()
        _, lost = struct.unpack("=II", self.packets.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.packets.close()
        self.end.close()
        assert not lost, f"{lost} packets were not counted"

    def look(self):
        last = self.end.getsockname()[1]
        while True:
            packet, (_, _, kind, _, _) = self.packets.recvfrom(1 << 16)
            if kind == socket.PACKET_OUTGOING:  # each crosses twice: out and in
                continue
            if self.take(packet) == last:
                return

    def take(self, packet):
        """Looks into one packet; returns the port it goes to."""
        version = packet[0] >> 4
        if version == 4:
            size, protocol = (packet[0] & 15) * 4, packet[9]
            source, target = packet[12:16], packet[16:20]
            packet = packet[:struct.unpack_from(">H", packet, 2)[0]]
        elif version == 6:
            size, protocol = 40, packet[6]
            source, target = packet[8:24], packet[24:40]
        else:
            return None
        if protocol not in (socket.IPPROTO_UDP, socket.IPPROTO_TCP) or len(packet) < size + 8:
            return None
        source_port, target_port = struct.unpack_from(">HH", packet, size)
        if target_port == PORT:
            between = (str(ipaddress.ip_address(source)), str(ipaddress.ip_address(target)), source_port)
            if protocol == socket.IPPROTO_UDP:
                self.question(between, "udp", packet[size + 8:])
            else:
                self.segment(between, packet[size:])
        return target_port

    def segment(self, between, segment):
        """Adds what a TCP segment carries, and counts the questions that are complete."""
        sequence, = struct.unpack_from(">I", segment, 4)
        data = segment[(segment[12] >> 4) * 4:]
        if segment[13] & SYN or between not in self.streams:
            self.streams[between] = [sequence + 1 & 0xFFFFFFFF, b""]
        stream = self.streams[between]
        if not data or sequence != stream[0]:  # nothing, or sent again
            return
        stream[0] = sequence + len(data) & 0xFFFFFFFF
        stream[1] += data
        while len(stream[1]) >= 2 and len(stream[1]) >= 2 + (size := struct.unpack_from(">H", stream[1])[0]):
            self.question(between, "tcp", stream[1][2:2 + size])
            stream[1] = stream[1][2 + size:]

    def question(self, between, protocol, message):
        if len(message) < 12 or message[2] & QR:
            return
        labels, place = [], 12
        while place < len(message) and message[place]:
            labels.append(message[place + 1:place + 1 + message[place]].decode("latin-1"))
            place += 1 + message[place]
        kind = struct.unpack_from(">H", message, place + 1)[0] if len(message) >= place + 3 else None
        identity, = struct.unpack_from(">H", message)
        self.queries.append(Query(*between, protocol, identity, ".".join(labels).lower() or ".", kind))


PORT = 53
ETH_P_ALL = 3
SOL_PACKET, PACKET_STATISTICS = 263, 6
SO_RCVBUFFORCE = 33
SYN = 2
QR = 0x80
