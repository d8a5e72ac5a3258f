# SPDX-License-Identifier: MIT
"""cqueues inside asyncio and trio, and these inside cqueues."""

import asyncio
import importlib.util
import os
import threading
import time
import unittest

import cqueues
from cqueues import guest

HAS_TRIO = importlib.util.find_spec("trio") is not None
if HAS_TRIO:
    import trio


async def echo(connection):
    async for line in connection.lines():
        await connection.write(line + b"\n")


async def talk():
    """A server and its clients; how many lines came back."""
    count = 0
    async with await cqueues.listen("127.0.0.1") as listener:
        async with cqueues.open_nursery() as nursery:
            nursery.start_soon(listener.serve, echo)
            for number in range(5):
                async with await cqueues.connect(*listener.local_name) as client:
                    for _ in range(20):
                        await client.write(b"%d\n" % number)
                        count += await client.readline() == b"%d\n" % number
            await cqueues.sleep(0.01)
            nursery.cancel_scope.cancel()
    return count


class InAsyncio(unittest.TestCase):
    def test_sockets_and_timers_work_while_asyncio_goes_on(self):
        ticks = []

        async def tick():
            while True:
                ticks.append(1)
                await asyncio.sleep(0.001)

        async def main():
            ticking = asyncio.ensure_future(tick())
            found = await asyncio.gather(guest.run_in_asyncio(talk), guest.run_in_asyncio(talk))
            ticking.cancel()
            return found

        self.assertEqual(asyncio.run(main()), [100, 100])
        self.assertGreater(len(ticks), 3)

    def test_what_is_raised_comes_out(self):
        async def fail():
            await cqueues.sleep(0.001)
            raise KeyError("gone")

        async def main():
            with self.assertRaises(KeyError):
                await guest.run_in_asyncio(fail)
            with self.assertRaises(RuntimeError):
                await guest.run_in_asyncio(nested)
            return await guest.run_in_asyncio(cqueues.sleep, 0)

        async def nested():
            await guest.run_in_asyncio(fail)

        asyncio.run(main())
        self.assertIsNone(cqueues.run(cqueues.sleep, 0))  # nothing is left behind

    def test_a_sleep_takes_its_time_and_no_processor(self):
        async def main():
            begun, busy = time.monotonic(), time.process_time()
            await guest.run_in_asyncio(cqueues.sleep, 0.3)
            return time.monotonic() - begun, time.process_time() - busy

        took, busy = asyncio.run(main())
        self.assertGreaterEqual(took, 0.3)
        self.assertLess(busy, 0.15)

    def test_asyncio_cancels_what_is_inside(self):
        ended = []

        async def sleeper():
            try:
                await cqueues.sleep_forever()
            finally:
                with cqueues.CancelScope(shield=True):
                    await cqueues.sleep(0.01)
                ended.append(1)

        async def inside():
            async with cqueues.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(sleeper)

        async def main():
            task = asyncio.ensure_future(guest.run_in_asyncio(inside))
            await asyncio.sleep(0.02)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        self.assertEqual(len(ended), 3)

    def test_a_loop_that_asyncio_abandons_is_closed(self):
        async def inside():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(cqueues.sleep_forever)

        async def main():
            await guest.run_in_asyncio(inside)

        before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
        for _ in range(3):
            loop = asyncio.new_event_loop()
            body = main()
            task = loop.create_task(body)
            loop.run_until_complete(asyncio.sleep(0.01))
            body.close()
            task._log_destroy_pending = False
            del task, body
            loop.close()
        if before:
            self.assertLessEqual(len(os.listdir("/proc/self/fd")), before + 1)

    def test_tasks_wait_for_what_asyncio_does(self):
        async def double(value):
            await asyncio.sleep(0.005)
            if value < 0:
                raise ValueError(value)
            return value * 2

        cancelled = []

        async def endless():
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                cancelled.append(1)
                raise

        async def inside():
            self.assertEqual(await guest.asyncio_result(double(4)), 8)
            with self.assertRaises(ValueError):
                await guest.asyncio_result(double(-1))
            with cqueues.move_on_after(0.01) as scope:
                await guest.asyncio_result(endless())
            self.assertTrue(scope.cancelled_caught)
            return "done"

        self.assertEqual(asyncio.run(guest.run_in_asyncio(inside)), "done")
        self.assertEqual(cancelled, [1])


@unittest.skipUnless(HAS_TRIO, "no trio")
class Trio(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from trio._core import _thread_cache

        cls.cache, cls.idle = _thread_cache, _thread_cache.IDLE_TIMEOUT
        _thread_cache.IDLE_TIMEOUT = 0.01

    @classmethod
    def tearDownClass(cls):
        """trio's threads wait for more work for some seconds, and would take signals of the tests that follow."""
        cls.cache.IDLE_TIMEOUT = cls.idle
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join(20)

    def test_cqueues_runs_inside_trio(self):
        async def main():
            found = []

            async def one():
                found.append(await guest.run_in_trio(talk))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(one)
                nursery.start_soon(one)
            return found

        self.assertEqual(trio.run(main), [100, 100])

    def test_trio_cancels_what_is_inside(self):
        ended = []

        async def inside():
            try:
                await cqueues.sleep_forever()
            finally:
                with cqueues.CancelScope(shield=True):
                    await cqueues.sleep(0.01)
                ended.append(1)

        async def main():
            with trio.move_on_after(0.02) as scope:
                await guest.run_in_trio(inside)
            self.assertTrue(scope.cancelled_caught)

        trio.run(main)
        self.assertEqual(ended, [1])

    def test_trio_runs_inside_cqueues(self):
        async def add(a, b):
            await trio.sleep(0.01)
            return a + b

        async def fail():
            await trio.sleep(0)
            raise KeyError("gone")

        async def main():
            with self.assertRaises(KeyError):
                await guest.run_trio(fail)
            return await guest.run_trio(add, 2, 3)

        self.assertEqual(cqueues.run(main), 5)

    def test_a_scope_of_cqueues_cancels_trio(self):
        ended = []

        async def endless():
            try:
                await trio.sleep_forever()
            finally:
                ended.append(1)

        async def main():
            for seconds in (0, 0.02):
                with cqueues.move_on_after(seconds) as scope:
                    await guest.run_trio(endless)
                self.assertTrue(scope.cancelled_caught)

        cqueues.run(main)
        self.assertIn(len(ended), (1, 2))


if __name__ == "__main__":
    unittest.main()
