# SPDX-License-Identifier: MIT
"""The clock that tests move: deadlines of an hour end at once, and nothing is overtaken by them."""

import errno
import os
import signal
import threading
import time
import unittest

import cqueues
from cqueues import from_thread, to_thread
from cqueues.testing import MockClock, memory_stream_pair

HOUR = 3600
#: Of the system's clock: what takes so long was not jumped over.
LIMIT = 20


class Clocks(unittest.TestCase):
    def setUp(self):
        self.begun = time.monotonic()
        self.addCleanup(lambda: self.assertLess(time.monotonic() - self.begun, LIMIT))

    def run_jumping(self, main, *args):
        return cqueues.run(main, *args, clock=MockClock(autojump=True))


class Jumps(Clocks):
    def test_a_sleep_of_an_hour_is_over_at_once(self):
        async def main():
            begun = cqueues.current_time()
            await cqueues.sleep(HOUR)
            return cqueues.current_time() - begun

        passed = self.run_jumping(main)
        self.assertGreaterEqual(passed, HOUR)
        self.assertLess(passed, HOUR + 1e-3)

    def test_sleepers_wake_in_the_order_of_their_deadlines_each_at_its_own(self):
        async def main():
            begun, woken = cqueues.current_time(), []

            async def nap(hours):
                await cqueues.sleep(hours * HOUR)
                woken.append((hours, round((cqueues.current_time() - begun) / HOUR, 6)))

            async with cqueues.open_nursery() as nursery:
                for hours in (5, 1, 4, 2, 3):
                    nursery.start_soon(nap, hours)
            return woken

        self.assertEqual(self.run_jumping(main), [(hours, hours) for hours in (1, 2, 3, 4, 5)])

    def test_deadlines_of_scopes_end(self):
        async def main():
            with cqueues.move_on_after(HOUR) as scope:
                await cqueues.sleep_forever()
            self.assertTrue(scope.cancelled_caught)
            with self.assertRaises(cqueues.TooSlowError):
                with cqueues.fail_after(HOUR):
                    await cqueues.Event().wait()
            with cqueues.move_on_after(HOUR) as late:
                await cqueues.sleep(HOUR / 2)
            self.assertFalse(late.cancelled_caught)

        self.run_jumping(main)

    def test_the_timeout_of_a_socket_ends(self):
        async def main():
            async with await cqueues.listen() as listener:
                client = await cqueues.connect(*listener.local_name)
                async with client, await listener.accept() as server:
                    for wait in (client.readline, server.read, listener.accept, lambda: client.read_exactly(10)):
                        with cqueues.move_on_after(HOUR) as scope:
                            await wait()
                        self.assertTrue(scope.cancelled_caught)
                    await server.write(b"still there\n")
                    with cqueues.fail_after(HOUR):
                        self.assertEqual(await client.readline(), b"still there\n")

        self.run_jumping(main)

    def test_a_write_that_nobody_reads_ends_and_the_bytes_that_left_come(self):
        async def main():
            here, there = memory_stream_pair()
            async with here, there:
                with cqueues.move_on_after(HOUR) as scope:
                    for _ in range(1000):
                        await here.write(b"x" * 10000)
                self.assertTrue(scope.cancelled_caught)
                self.assertEqual(await there.read_exactly(10000), b"x" * 10000)

        self.run_jumping(main)


class Patience(Clocks):
    """What is under way comes before any jump."""

    def test_bytes_on_their_way_come_before_the_deadline(self):
        async def main(pair):
            async def pump(source, target):
                with cqueues.fail_after(1):  # of the clock, which would be over with the first jump
                    for _ in range(200):
                        await source.write(b"x" * 30000)
                        await target.write(await target.read_exactly(30000))
                        await source.read_exactly(30000)

            here, there = pair if pair else memory_stream_pair()
            async with here, there:
                begun = cqueues.current_time()
                await pump(here, there)
                self.assertEqual(cqueues.current_time(), begun)

        async def over_tcp():
            async with await cqueues.listen() as listener:
                client = await cqueues.connect(*listener.local_name)
                await main((client, await listener.accept()))

        self.run_jumping(main, None)
        self.run_jumping(over_tcp)

    def test_a_thread_that_works_is_waited_for(self):
        async def main():
            begun = cqueues.current_time()
            with cqueues.fail_after(HOUR):
                self.assertEqual(await to_thread.run_sync(lambda: time.sleep(0.2) or 5), 5)
            self.assertEqual(cqueues.current_time(), begun)

        self.run_jumping(main)
        self.assertGreaterEqual(time.monotonic() - self.begun, 0.2)

    def test_a_thread_that_waits_for_the_loop_does_not_work(self):
        async def nap():
            await cqueues.sleep(HOUR)
            return "slept"

        def work():
            time.sleep(0.05)
            slept = from_thread.run(nap)
            time.sleep(0.05)
            return slept

        async def main():
            begun = cqueues.current_time()
            with cqueues.fail_after(1.5 * HOUR):
                self.assertEqual(await to_thread.run_sync(work), "slept")
            self.assertAlmostEqual(cqueues.current_time() - begun, HOUR, delta=1)

        self.run_jumping(main)

    def test_a_thread_that_was_abandoned_is_not_waited_for(self):
        go = threading.Event()
        self.addCleanup(go.set)

        async def main():
            with cqueues.CancelScope() as scope:
                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(lambda: to_thread.run_sync(go.wait, abandon_on_cancel=True))
                    await cqueues.checkpoint()
                    scope.cancel()
            await cqueues.sleep(HOUR)
            go.set()

        self.run_jumping(main)

    def test_another_process_is_waited_for_as_long_as_the_threshold_says(self):
        async def main():
            with cqueues.fail_after(HOUR):
                found = await cqueues.run_process("sleep 0.2; echo there", capture_stdout=True)
            self.assertEqual(found.stdout, b"there\n")

        cqueues.run(main, clock=MockClock(autojump_threshold=5))

        async def jump():
            with cqueues.fail_after(10):
                await cqueues.run_process(["sleep", "30"])

        with self.assertRaises(cqueues.TooSlowError):
            self.run_jumping(jump)

    def test_a_signal_comes_before_a_jump_that_waits_for_it(self):
        async def main():
            scope = cqueues.CancelScope()
            before = signal.signal(signal.SIGUSR1, lambda *_: scope.cancel())
            self.addCleanup(signal.signal, signal.SIGUSR1, before)
            begun = cqueues.current_time()
            timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
            timer.start()
            with scope:
                await cqueues.sleep(HOUR)
            timer.join()
            self.assertTrue(scope.cancelled_caught)
            self.assertEqual(cqueues.current_time(), begun)

        cqueues.run(main, clock=MockClock(autojump_threshold=LIMIT))


class ByHand(Clocks):
    def test_it_stands_still_until_somebody_moves_it(self):
        clock = MockClock()

        async def main():
            over = []

            async def nap():
                await cqueues.sleep(1)
                over.append(True)

            begun = clock.current_time()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(nap)
                await to_thread.run_sync(time.sleep, 0.05)
                self.assertEqual(clock.current_time(), begun)
                clock.jump(0.75)
                await to_thread.run_sync(time.sleep, 0.05)
                self.assertEqual(over, [])
                self.assertAlmostEqual(clock.current_time(), begun + 0.75)
                clock.jump(0.25)
                await cqueues.checkpoint()
                await cqueues.checkpoint()
                self.assertEqual(over, [True])

        cqueues.run(main, clock=clock)

    def test_another_thread_may_move_it_while_the_loop_waits(self):
        clock = MockClock()

        async def main():
            timer = threading.Timer(0.05, clock.jump, (HOUR,))
            timer.start()
            await cqueues.sleep(HOUR)
            timer.join()
            timer = threading.Timer(0.05, setattr, (clock, "rate", 36000))
            timer.start()
            await cqueues.sleep(HOUR)
            timer.join()
            clock.rate = 0
            timer = threading.Timer(0.05, setattr, (clock, "autojump_threshold", 0))
            timer.start()
            await cqueues.sleep(HOUR)
            timer.join()

        cqueues.run(main, clock=clock)

    def test_it_runs_as_fast_as_its_rate(self):
        async def main():
            begun, real = cqueues.current_time(), time.monotonic()
            await cqueues.sleep(HOUR)
            self.assertGreaterEqual(cqueues.current_time() - begun, HOUR)
            self.assertGreaterEqual(time.monotonic() - real, 0.1)

        cqueues.run(main, clock=MockClock(rate=36000))

    def test_what_is_due_before_it_would_jump_is_not_late(self):
        async def main():
            real = time.monotonic()
            await cqueues.sleep(1)
            self.assertLess(time.monotonic() - real, 5)

        cqueues.run(main, clock=MockClock(rate=100, autojump_threshold=LIMIT))
        cqueues.run(main, clock=MockClock(rate=1e-3, autojump_threshold=0.01))

    def test_it_is_the_system_s_again_behind_the_run(self):
        async def nothing():
            pass

        async def fail():
            raise KeyError("it")

        for main, failure in ((nothing, None), (fail, KeyError), (lambda: None, TypeError)):
            try:
                cqueues.run(main, clock=MockClock())
            except Exception as why:
                self.assertIs(type(why), failure)
            before = cqueues.current_time()
            time.sleep(0.01)
            self.assertGreaterEqual(cqueues.current_time() - before, 0.01)
        cqueues.run(cqueues.sleep, 0.01)

    def test_what_is_no_time_is_refused(self):
        clock = MockClock()
        with self.assertRaises(RuntimeError):
            clock.jump(1)

        async def main():
            begun = clock.current_time()
            for bad in (-1, float("nan"), float("inf"), 1e300):
                with self.assertRaises(ValueError):
                    clock.jump(bad)
            clock.jump(0)
            self.assertEqual(clock.current_time(), begun)

        cqueues.run(main, clock=clock)
        for bad in (-1, float("nan"), float("inf")):
            with self.assertRaises(ValueError):
                clock.rate = bad
        for bad in (-1, float("nan")):
            with self.assertRaises(ValueError):
                clock.autojump_threshold = bad
        with self.assertRaises(TypeError):
            cqueues.run(main, clock=5)

    def test_one_runs_at_a_time(self):
        async def inner():
            await cqueues.sleep(HOUR)

        def elsewhere():
            with self.assertRaisesRegex(RuntimeError, "another clock"):
                cqueues.run(inner, clock=MockClock(autojump=True))

        async def main():
            await to_thread.run_sync(elsewhere)

        clock = MockClock()
        cqueues.run(main, clock=clock)
        self.run_jumping(inner)
        with self.assertRaises(RuntimeError):
            clock.jump(1)

    def test_a_loop_with_nothing_to_jump_to_waits_for_what_comes(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        timer = threading.Timer(0.1, os.write, (writing, b"x"))

        async def main():
            from cqueues._poll import poll

            timer.start()
            await poll("fd", reading, events=1)
            return os.read(reading, 10)

        self.assertEqual(self.run_jumping(main), b"x")
        timer.join()
        os.close(reading)

    def test_a_name_server_that_is_silent_is_given_up_at_once(self):
        import socket

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))

            async def main():
                begun = cqueues.current_time()
                resolver = cqueues.Resolver(nameservers=["[127.0.0.1]:%d" % silent.getsockname()[1]], hosts={}, timeout=HOUR, attempts=2)
                with self.assertRaises(OSError) as caught:
                    await resolver.query("nobody.test.")
                self.assertNotEqual(caught.exception.errno, errno.EINVAL)
                self.assertGreaterEqual(cqueues.current_time() - begun, 2)

            self.run_jumping(main)


if __name__ == "__main__":
    unittest.main()
