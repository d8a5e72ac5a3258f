# SPDX-License-Identifier: MIT
"""Datagrams over UDP, and what there is for tests."""

import unittest

import cqueues
from cqueues import testing


class Datagrams(unittest.TestCase):
    def test_datagrams_come_whole_with_their_senders(self):
        async def main():
            for host in ("127.0.0.1", "::1"):
                async with await cqueues.bind(host) as a, await cqueues.bind(host) as b:
                    for data in (b"one", b"", b"x" * 40000, bytearray(b"two"), memoryview(b"abcd")[::2]):
                        await a.send_to(data, b.local_name)
                        self.assertEqual(await b.receive(), (bytes(data), a.local_name))
                    await b.send_to(b"back", a.local_name)
                    self.assertEqual(await a.receive(), (b"back", b.local_name))

        cqueues.run(main)

    def test_many_at_once(self):
        async def main():
            async with await cqueues.bind() as a, await cqueues.bind() as b:
                sent = [b"%d" % number for number in range(100)]
                got = []

                async def receive():
                    while len(got) < 100:
                        came = await b.receive_many()
                        self.assertTrue(1 <= len(came) <= 32)
                        self.assertEqual({peer for _, peer in came}, {a.local_name})
                        got.extend(data for data, _ in came)

                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(receive)
                    await cqueues.checkpoint()
                    await a.send_many([(data, b.local_name) for data in sent])
                self.assertEqual(got, sent)
                await a.send_many([])

        cqueues.run(main)

    def test_who_receives_can_be_cancelled_and_loses_nothing(self):
        async def main():
            a, b = await cqueues.bind(), await cqueues.bind()
            for wait in (b.receive, b.receive_many):
                with cqueues.move_on_after(0.005) as scope:
                    await wait()
                self.assertTrue(scope.cancelled_caught)
            for number in range(40):
                await a.send_to(b"%d" % number, b.local_name)
            got = []
            with cqueues.CancelScope() as scope:
                scope.cancel()
                while True:  # others run, and a cancel is seen, also where there is always one
                    got.append(int((await b.receive())[0]))
            self.assertTrue(scope.cancelled_caught)
            while len(got) < 40:
                got.append(int((await b.receive())[0]))
            self.assertEqual(got, list(range(40)))

        cqueues.run(main)

    def test_closing_wakes_and_wrong_use_raises(self):
        async def main():
            a = await cqueues.bind()

            async def wait(receive):
                with self.assertRaises(OSError):
                    await receive()

            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(wait, a.receive)
                nursery.start_soon(wait, a.receive_many)
                await cqueues.sleep(0.005)
                a.close()
            with self.assertRaises(OSError):
                await a.send_to(b"x", ("127.0.0.1", 9))
            a = await cqueues.bind()
            for data, address, why in (
                ("text", ("127.0.0.1", 9), TypeError), (b"x", "127.0.0.1", TypeError), (b"x", ("127.0.0.1", "9"), TypeError),
                (b"x", ("127.0.0.1", 70000), ValueError), (b"x", ("host.example", 9), cqueues.Error), (b"x" * 70000, ("127.0.0.1", 9), OSError),
                (5, ("127.0.0.1", 9), TypeError),
            ):
                for send in (a.send_to(data, address), a.send_many([(data, address)])):
                    with self.assertRaises(why):
                        await send
            with self.assertRaises(OSError) as caught:
                await a.send_many([(b"x", a.local_name), (b"x" * 70000, a.local_name)])
            self.assertEqual(caught.exception.written, 1)
            with self.assertRaises(OSError):
                await cqueues.bind("127.0.0.1", a.local_name[1])

        cqueues.run(main)


class Testing(unittest.TestCase):
    def test_a_pair_of_streams(self):
        async def main():
            a, b = testing.memory_stream_pair()
            await a.write(b"x\n")
            await a.drain()
            self.assertEqual(await b.readline(), b"x\n")

        cqueues.run(main)


if __name__ == "__main__":
    unittest.main()
