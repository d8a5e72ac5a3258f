# SPDX-License-Identifier: MIT
"""Tasks, nurseries, cancel scopes and deadlines."""

import gc
import os
import signal
import sys
import threading
import time
import unittest

import cqueues

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup


class Running(unittest.TestCase):
    def test_run_gives_the_result_and_raises_what_main_raises(self):
        async def add(a, b):
            await cqueues.sleep(0)
            return a + b

        async def fail():
            await cqueues.sleep(0.001)
            raise KeyError("gone")

        self.assertEqual(cqueues.run(add, 2, 3), 5)
        self.assertEqual(cqueues.run(add(2, 4)), 6)
        with self.assertRaises(KeyError):
            cqueues.run(fail)
        with self.assertRaises(TypeError):
            cqueues.run(5)

    def test_a_loop_in_a_loop_is_refused(self):
        async def outer():
            body = cqueues.sleep(0)
            with self.assertRaises(RuntimeError):
                cqueues.run(body)

        cqueues.run(outer)
        with self.assertRaises(RuntimeError):
            cqueues.current()

    def test_each_thread_may_have_a_loop(self):
        seen = []

        async def main(number):
            await cqueues.sleep(0.01)
            seen.append(number)

        threads = [threading.Thread(target=cqueues.run, args=(main, i)) for i in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(seen), list(range(5)))

    def test_sleepers_wake_in_the_order_of_their_times(self):
        order = []

        async def sleeper(seconds):
            await cqueues.sleep(seconds)
            order.append(seconds)

        async def main():
            async with cqueues.open_nursery() as nursery:
                for seconds in (0.03, 0.01, 0.02, 0):
                    nursery.start_soon(sleeper, seconds)

        begun = time.monotonic()
        cqueues.run(main)
        self.assertEqual(order, [0, 0.01, 0.02, 0.03])
        self.assertGreaterEqual(time.monotonic() - begun, 0.03)
        for wrong in (-1, float("nan")):
            with self.assertRaises(ValueError):
                cqueues.sleep(wrong)

    def test_ctrl_c_ends_all_tasks(self):
        ended = []

        async def child():
            try:
                await cqueues.sleep_forever()
            finally:
                ended.append(1)

        async def main():
            async with cqueues.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(child)
                nursery.start_soon(interrupt)

        async def interrupt():
            await cqueues.sleep(0.01)
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()

        with self.assertRaises(KeyboardInterrupt):
            cqueues.run(main)
        self.assertEqual(len(ended), 3)

    def test_a_million_short_tasks_leave_nothing(self):
        async def nothing():
            pass

        async def main(count):
            for _ in range(count // 1000):
                async with cqueues.open_nursery() as nursery:
                    for _ in range(1000):
                        nursery.start_soon(nothing)

        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1])

        if not os.path.exists("/proc/self/statm"):
            self.skipTest("no /proc here")
        cqueues.run(main, 50000)
        gc.collect()
        before = resident()
        cqueues.run(main, 100000)
        gc.collect()
        self.assertLess(resident() - before, 512)  # pages: 2 MiB


class Nurseries(unittest.TestCase):
    def test_a_nursery_ends_behind_its_tasks(self):
        out = []

        async def child(number):
            await cqueues.sleep(0.001 * number)
            out.append(number)

        async def main():
            async with cqueues.open_nursery() as nursery:
                for number in range(5):
                    nursery.start_soon(child, number)
            out.append("end")
            with self.assertRaises(RuntimeError):
                nursery.start_soon(child, 1)

        cqueues.run(main)
        self.assertEqual(out, [0, 1, 2, 3, 4, "end"])

    def test_a_failure_cancels_the_others_and_is_raised_in_a_group(self):
        cancelled = []

        async def fail():
            await cqueues.sleep(0.001)
            raise ValueError("first")

        async def wait():
            try:
                await cqueues.sleep_forever()
            except cqueues.Cancelled:
                cancelled.append(1)
                raise

        async def main():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(fail)
                nursery.start_soon(wait)
                await wait()

        with self.assertRaises(ExceptionGroup) as caught:
            cqueues.run(main)
        self.assertEqual([str(why) for why in caught.exception.exceptions], ["first"])
        self.assertEqual(len(cancelled), 2)

    def test_what_the_block_raises_is_in_the_group(self):
        async def fail(text):
            raise ValueError(text)

        async def main():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(fail, "task")
                raise KeyError("block")

        with self.assertRaises(BaseExceptionGroup) as caught:
            cqueues.run(main)
        self.assertEqual({type(why) for why in caught.exception.exceptions}, {KeyError, ValueError})

    def test_nurseries_nest(self):
        ended = []

        async def leaf(number):
            try:
                await cqueues.sleep_forever()
            finally:
                ended.append(number)

        async def branch(number):
            async with cqueues.open_nursery() as nursery:
                for i in range(3):
                    nursery.start_soon(leaf, number * 10 + i)

        async def main():
            async with cqueues.open_nursery() as nursery:
                for number in range(3):
                    nursery.start_soon(branch, number)
                await cqueues.sleep(0.005)
                nursery.cancel_scope.cancel()

        cqueues.run(main)
        self.assertEqual(len(ended), 9)

    def test_start_waits_until_the_task_is_ready(self):
        async def serve(*, task_status):
            await cqueues.sleep(0.005)
            task_status.started("ready")
            await cqueues.sleep_forever()

        async def fail(*, task_status):
            raise OSError("no port")

        async def silent(*, task_status):
            pass

        async def main():
            async with cqueues.open_nursery() as nursery:
                self.assertEqual(await nursery.start(serve), "ready")
                with self.assertRaises(OSError):
                    await nursery.start(fail)
                with self.assertRaises(RuntimeError):
                    await nursery.start(silent)
                nursery.cancel_scope.cancel()

        cqueues.run(main)


class Scopes(unittest.TestCase):
    def test_a_time_limit_ends_what_waits(self):
        async def main():
            begun = time.monotonic()
            with cqueues.move_on_after(0.02) as scope:
                await cqueues.sleep(10)
            self.assertTrue(scope.cancelled_caught and scope.cancel_called)
            self.assertLess(time.monotonic() - begun, 5)
            with cqueues.move_on_after(10) as scope:
                await cqueues.sleep(0)
            self.assertFalse(scope.cancelled_caught or scope.cancel_called)
            with self.assertRaises(cqueues.TooSlowError):
                with cqueues.fail_after(0.01):
                    await cqueues.sleep(10)

        cqueues.run(main)

    def test_each_wait_of_a_cancelled_scope_raises_until_its_end(self):
        async def main():
            count = 0
            with cqueues.CancelScope() as scope:
                scope.cancel()
                for _ in range(3):
                    try:
                        await cqueues.checkpoint()
                    except cqueues.Cancelled:
                        count += 1
            self.assertEqual(count, 3)
            self.assertFalse(scope.cancelled_caught)
            await cqueues.checkpoint()

        cqueues.run(main)

    def test_the_outer_scope_catches_where_both_have_ended(self):
        async def main():
            with cqueues.CancelScope() as outer:
                with cqueues.CancelScope() as inner:
                    outer.cancel()
                    inner.cancel()
                    await cqueues.sleep(10)
                self.fail("not reached")
            self.assertTrue(outer.cancelled_caught)
            self.assertFalse(inner.cancelled_caught)

        cqueues.run(main)

    def test_a_failure_of_another_kind_goes_through_a_cancelled_scope_as_it_is(self):
        async def main():
            for why in (KeyError("a"), ExceptionGroup("group", [KeyError("b")])):
                with self.assertRaises(type(why)) as raised:
                    with cqueues.CancelScope() as scope:
                        scope.cancel()
                        raise why
                self.assertIs(raised.exception, why)
                self.assertFalse(scope.cancelled_caught)

        cqueues.run(main)

    def test_a_shield_keeps_a_cancel_out(self):
        async def main():
            done = []
            with cqueues.CancelScope() as outer:
                outer.cancel()
                with cqueues.CancelScope(shield=True):
                    await cqueues.sleep(0.005)
                    done.append(1)
                await cqueues.sleep(10)
            self.assertEqual(done, [1])
            self.assertTrue(outer.cancelled_caught)

        cqueues.run(main)

    def test_scopes_end_in_their_order(self):
        async def main():
            outer, inner = cqueues.CancelScope(), cqueues.CancelScope()
            outer.__enter__()
            inner.__enter__()
            with self.assertRaises(RuntimeError):
                outer.__exit__(None, None, None)
            inner.__exit__(None, None, None)
            outer.__exit__(None, None, None)
            with self.assertRaises(RuntimeError):
                cqueues.run(main)

        cqueues.run(main)


if __name__ == "__main__":
    unittest.main()
