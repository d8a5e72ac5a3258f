# SPDX-License-Identifier: MIT
"""Threads that work for tasks."""

import threading
import time
import unittest

import cqueues
from cqueues import from_thread, to_thread


class ToThread(unittest.TestCase):
    def test_results_and_failures_come_back(self):
        async def main():
            self.assertNotEqual(await to_thread.run_sync(threading.get_ident), threading.get_ident())
            self.assertEqual(await to_thread.run_sync(divmod, 7, 2), (3, 1))
            with self.assertRaises(ZeroDivisionError):
                await to_thread.run_sync(divmod, 7, 0)
            with self.assertRaises(SystemExit):
                await to_thread.run_sync(exit_now)
            with self.assertRaises(TypeError):
                await to_thread.run_sync(5)

        def exit_now():
            raise SystemExit

        cqueues.run(main)

    def test_the_loop_goes_on_and_idle_threads_are_used_again(self):
        names = []

        def work():
            names.append(threading.get_ident())
            time.sleep(0.002)

        async def main():
            ticks = 0
            async with cqueues.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(to_thread.run_sync, time.sleep, 0.03)
                while to_thread.current_default_thread_limiter().borrowed_tokens or not ticks:
                    ticks += 1
                    await cqueues.sleep(0.001)
            self.assertGreater(ticks, 5)
            for _ in range(20):
                await to_thread.run_sync(work)
            self.assertLessEqual(len(set(names)), 5)
            self.assertEqual(to_thread.current_default_thread_limiter().borrowed_tokens, 0)

        before = threading.active_count()
        begun = time.monotonic()
        cqueues.run(main)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(threading.active_count(), before)

    def test_a_limiter_bounds_them(self):
        inside, most, lock = [0], [0], threading.Lock()

        def work():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.005)
            with lock:
                inside[0] -= 1

        async def main():
            limiter = cqueues.CapacityLimiter(2)
            async with cqueues.open_nursery() as nursery:
                for _ in range(8):
                    nursery.start_soon(lambda: to_thread.run_sync(work, limiter=limiter))
            self.assertEqual(limiter.borrowed_tokens, 0)

        cqueues.run(main)
        self.assertEqual(most[0], 2)

    def test_a_cancel_waits_for_the_thread_unless_it_is_abandoned(self):
        go = threading.Event()

        async def main():
            done = []
            with cqueues.move_on_after(0.005) as scope:
                done.append(await to_thread.run_sync(lambda: time.sleep(0.03) or "value"))
                await cqueues.checkpoint()
            self.assertEqual(done, ["value"])
            self.assertTrue(scope.cancelled_caught)
            with cqueues.move_on_after(0.005) as scope:
                await to_thread.run_sync(go.wait, abandon_on_cancel=True)
            self.assertTrue(scope.cancelled_caught)
            limiter = to_thread.current_default_thread_limiter()
            self.assertEqual(limiter.borrowed_tokens, 1)
            go.set()
            with cqueues.fail_after(10):
                while limiter.borrowed_tokens:
                    await cqueues.sleep(0.001)

        cqueues.run(main)

    def test_a_loop_may_end_before_an_abandoned_thread(self):
        go, told = threading.Event(), []

        def late():
            go.wait()
            try:
                from_thread.run_sync(print)
            except RuntimeError as why:
                told.append(str(why))

        async def main():
            with cqueues.move_on_after(0.005):
                await to_thread.run_sync(late, abandon_on_cancel=True)

        cqueues.run(main)
        (worker,) = [thread for thread in threading.enumerate() if thread.name == "cqueues worker"]
        go.set()
        worker.join(10)
        self.assertEqual(told, ["the loop has ended"])


class FromThread(unittest.TestCase):
    def test_calls_go_into_the_loop(self):
        async def twice(value):
            await cqueues.sleep(0.001)
            return 2 * value

        async def fail():
            await cqueues.checkpoint()
            raise KeyError("in the loop")

        def work(thread, event):
            self.assertEqual(from_thread.run_sync(threading.get_ident), thread)
            self.assertEqual(from_thread.run(twice, 21), 42)
            with self.assertRaises(KeyError):
                from_thread.run(fail)
            with self.assertRaises(ZeroDivisionError):
                from_thread.run_sync(divmod, 1, 0)
            with self.assertRaises(RuntimeError):
                event.set()  # a task waits for it in the loop's thread
            from_thread.run_sync(event.set)

        async def main():
            event = cqueues.Event()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(event.wait)
                await cqueues.checkpoint()
                await to_thread.run_sync(work, threading.get_ident(), event)

        cqueues.run(main)
        for call in (from_thread.run, from_thread.run_sync):
            with self.assertRaises(RuntimeError):
                call(print)

    def test_thousands_of_calls_from_many_threads(self):
        count = [0]

        def add():
            count[0] += 1

        def work():
            for _ in range(100):
                from_thread.run_sync(add)

        async def main():
            async with cqueues.open_nursery() as nursery:
                for _ in range(10):
                    nursery.start_soon(to_thread.run_sync, work)

        cqueues.run(main)
        self.assertEqual(count, [1000])


if __name__ == "__main__":
    unittest.main()
