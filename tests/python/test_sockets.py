# SPDX-License-Identifier: MIT
"""Streams, listeners and TLS."""

import os
import socket
import tempfile
import unittest

import cqueues


class Streams(unittest.TestCase):
    def test_lines_come_as_they_were_sent(self):
        async def main():
            a, b = cqueues.pair()
            await a.write(b"one\ntwo\r\nthr")
            await a.write(b"ee\nfour")
            await a.finish()
            self.assertEqual([await b.readline() for _ in range(5)], [b"one\n", b"two\r\n", b"three\n", b"four", b""])
            await b.write(b"x\r\ny\nz")
            await b.finish()
            self.assertEqual([line async for line in a.lines()], [b"x", b"y", b"z"])

        cqueues.run(main)

    def test_reads_of_each_kind_share_what_has_come(self):
        async def main():
            a, b = cqueues.pair()
            await a.write(b"line\n0123456789rest")
            await a.finish()
            self.assertEqual(await b.readline(), b"line\n")
            self.assertEqual(await b.read(3), b"012")
            self.assertEqual(await b.read_exactly(4), b"3456")
            self.assertEqual(await b.read_exactly(0), b"")
            with self.assertRaises(EOFError):
                await b.read_exactly(100)
            self.assertEqual(await b.read_all(), b"789rest")
            self.assertEqual(await b.read(5), b"")
            with self.assertRaises(ValueError):
                await b.read(-1)

        cqueues.run(main)

    def test_megabytes_go_both_ways_at_once(self):
        data = os.urandom(3_000_000)

        async def send(end):
            await end.write(data)
            await end.finish()

        async def main():
            a, b = cqueues.pair()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(send, a)
                nursery.start_soon(send, b)
                self.assertEqual(await b.read_exactly(len(data)), data)
                self.assertEqual(await a.read_all(), data)

        cqueues.run(main)

    def test_a_line_that_does_not_end_is_bounded(self):
        async def main():
            a, b = cqueues.pair()
            b.max_line = 1000
            await a.write(b"x" * 5000)
            await a.drain()
            with self.assertRaises(ValueError):
                await b.readline()
            self.assertEqual(await b.read_exactly(5000), b"x" * 5000)

        cqueues.run(main)

    def test_a_write_that_fails_is_told_by_the_next_wait(self):
        async def main():
            a, b = cqueues.pair()
            b.close()
            await a.write(b"x")
            with self.assertRaises(OSError):
                await a.drain()
            await a.write(b"y")  # and a task that ends behind it, ends

        cqueues.run(main)

    def test_a_task_that_only_writes_waits_for_its_peer(self):
        async def main():
            a, b = cqueues.pair()
            count = 0
            with cqueues.move_on_after(0.05) as scope:
                while True:
                    await a.write(b"x" * 100)
                    count += 100
            self.assertTrue(scope.cancelled_caught)
            self.assertLess(count, 10_000_000)
            got = 0
            with cqueues.move_on_after(0.5):
                while got < count:
                    got += len(await b.read(65536))
            self.assertGreater(got, count - 65536 - 100)
            self.assertLessEqual(got, count)

        cqueues.run(main)

    def test_wrong_types_are_refused(self):
        async def main():
            a, b = cqueues.pair()
            with self.assertRaises(TypeError):
                await a.write("text")
            await a.write(bytearray(b"as "))
            await a.write(memoryview(b"bytes\n"))
            await a.drain()
            self.assertEqual(await b.readline(), b"as bytes\n")
            a.close()
            a.close()
            for use in (a.read, a.readline, a.drain):
                with self.assertRaises(OSError):
                    await use()
            with self.assertRaises(TypeError):
                await cqueues.connect("127.0.0.1", 1, colour=3)
            with self.assertRaises(ValueError):
                await cqueues.connect("127.0.0.1", 70000)

        cqueues.run(main)

    def test_a_socket_closed_by_another_task_ends_the_wait(self):
        async def main():
            a, b = cqueues.pair()

            async def close():
                await cqueues.sleep(0.005)
                a.close()

            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(close)
                with self.assertRaises(OSError):
                    await a.readline()

        cqueues.run(main)

    def test_a_cancelled_read_loses_nothing(self):
        async def main():
            a, b = cqueues.pair()
            await a.write(b"begin ")
            await a.drain()
            with cqueues.move_on_after(0.01) as scope:
                await b.readline()
            self.assertTrue(scope.cancelled_caught)
            await a.write(b"end\n")
            await a.drain()
            self.assertEqual(await b.readline(), b"begin end\n")

        cqueues.run(main)


class Connections(unittest.TestCase):
    def test_many_clients_are_served(self):
        async def echo(connection):
            async for line in connection.lines():
                await connection.write(line + b"!\n")

        async def client(address, number, out):
            async with await cqueues.connect(*address) as connection:
                for i in range(20):
                    await connection.write(b"%d %d\n" % (number, i))
                    out.append(await connection.readline())

        async def main():
            out = []
            async with await cqueues.listen("127.0.0.1") as listener:
                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(listener.serve, echo)
                    async with cqueues.open_nursery() as clients:
                        for number in range(50):
                            clients.start_soon(client, listener.local_name, number, out)
                    nursery.cancel_scope.cancel()
            return out

        out = cqueues.run(main)
        self.assertEqual(sorted(out), sorted(b"%d %d!\n" % (n, i) for n in range(50) for i in range(20)))

    def test_a_refused_connection_tells_whom(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]

        async def main():
            with self.assertRaises(ConnectionRefusedError) as caught:
                await cqueues.connect("127.0.0.1", port)
            self.assertIn(f"127.0.0.1:{port}", str(caught.exception))
            self.assertEqual(str(caught.exception).count(os.strerror(caught.exception.errno)), 1)

        cqueues.run(main)

    def test_unix_paths(self):
        async def main(path):
            listener = await cqueues.listen(path=path)
            client = await cqueues.connect(path=path)
            server = await listener.accept()
            await client.write(b"hello\n")
            await client.drain()
            self.assertEqual(await server.readline(), b"hello\n")
            self.assertEqual(client.peer_name, path)
            self.assertIn(path, repr(listener))
            listener.close()
            self.assertIn("closed", repr(listener))

        with tempfile.TemporaryDirectory() as folder:
            cqueues.run(main, os.path.join(folder, "socket"))

    def test_the_object_closes_what_is_forgotten(self):
        async def main():
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(100):
                cqueues.pair()
            self.assertLessEqual(len(os.listdir("/proc/self/fd")), before + 2)

        if not os.path.exists("/proc/self/fd"):
            self.skipTest("no /proc here")
        cqueues.run(main)


if __name__ == "__main__":
    unittest.main()
