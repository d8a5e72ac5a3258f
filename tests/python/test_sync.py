# SPDX-License-Identifier: MIT
"""Events, locks, limits, conditions and memory channels."""

import math
import unittest

import cqueues


class Events(unittest.TestCase):
    def test_set_wakes_all_who_wait(self):
        async def main():
            event, woken = cqueues.Event(), []

            async def waiter(number):
                await event.wait()
                woken.append(number)

            async with cqueues.open_nursery() as nursery:
                for number in range(10):
                    nursery.start_soon(waiter, number)
                await cqueues.sleep(0.005)
                self.assertEqual(woken, [])
                self.assertFalse(event.is_set())
                event.set()
                event.set()
            self.assertEqual(woken, list(range(10)))
            self.assertTrue(event.is_set())
            await event.wait()

        cqueues.run(main)

    def test_a_wake_in_the_same_round_is_not_lost(self):
        # The waiter's operation has not reached the library when the setter runs.
        async def main(tasks):
            events = [cqueues.Event() for _ in range(tasks)]
            async with cqueues.open_nursery() as nursery:
                for event in events:
                    nursery.start_soon(event.wait)
                for event in events:
                    nursery.start_soon(set_it, event)

        async def set_it(event):
            event.set()

        with self.subTest("few"):
            cqueues.run(main, 3)
        with self.subTest("more than a step takes"):
            cqueues.run(main, 3000)

    def test_a_wake_is_not_lost_behind_a_write_that_waits(self):
        async def main():
            a, b = cqueues.pair()
            event = cqueues.Event()

            async def waiter():
                await a.write(b"x" * 65536)
                await a.write(b"y" * 2_000_000)
                await a.write(b"z" * 60000)
                await event.wait()

            async def reader():
                await cqueues.sleep(0.01)
                event.set()
                self.assertEqual(len(await b.read_exactly(2_125_536)), 2_125_536)

            with cqueues.fail_after(20):
                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(waiter)
                    nursery.start_soon(reader)

        cqueues.run(main)

    def test_who_was_woken_is_not_cancelled_in_that_wait(self):
        async def main():
            event, seen = cqueues.Event(), []

            async def waiter(scope):
                with scope:
                    await event.wait()
                    seen.append("woken")
                    await cqueues.checkpoint()
                    seen.append("not reached")

            scope = cqueues.CancelScope()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(waiter, scope)
                await cqueues.sleep(0.001)
                event.set()
                scope.cancel()
            self.assertEqual(seen, ["woken"])
            self.assertTrue(scope.cancelled_caught)

        cqueues.run(main)

    def test_a_cancelled_waiter_leaves(self):
        async def main():
            event = cqueues.Event()
            with cqueues.move_on_after(0.005) as scope:
                await event.wait()
            self.assertTrue(scope.cancelled_caught)
            self.assertIn("0 waiting", repr(event))
            event.set()
            with cqueues.CancelScope() as scope:
                scope.cancel()
                await event.wait()  # a checkpoint also where it needs not wait
            self.assertTrue(scope.cancelled_caught)

        cqueues.run(main)


class Locks(unittest.TestCase):
    def test_one_at_a_time_in_the_order_of_coming(self):
        async def main():
            lock, order, inside = cqueues.Lock(), [], []

            async def user(number):
                for _ in range(3):
                    async with lock:
                        inside.append(number)
                        self.assertEqual(len(inside), 1)
                        await cqueues.checkpoint()
                        order.append(number)
                        inside.pop()

            async with cqueues.open_nursery() as nursery:
                for number in range(4):
                    nursery.start_soon(user, number)
            self.assertEqual(order, [0, 1, 2, 3] * 3)
            self.assertFalse(lock.locked())

        cqueues.run(main)

    def test_wrong_use_is_refused(self):
        async def main():
            lock = cqueues.Lock()
            with self.assertRaises(RuntimeError):
                lock.release()
            async with lock:
                with self.assertRaises(RuntimeError):
                    await lock.acquire()
                with self.assertRaises(RuntimeError):
                    lock.acquire_nowait()

                async def other():
                    with self.assertRaises(cqueues.WouldBlock):
                        lock.acquire_nowait()
                    with self.assertRaises(RuntimeError):
                        lock.release()

                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(other)
            lock.acquire_nowait()
            lock.release()
            with self.assertRaises(RuntimeError):
                cqueues.Event().set, cqueues.Condition(lock).notify()

        cqueues.run(main)
        with self.assertRaises(RuntimeError):
            cqueues.Lock().acquire_nowait()

    def test_a_lock_goes_past_a_cancelled_waiter(self):
        async def main():
            lock, got = cqueues.Lock(), []

            async def waiter(number, scope):
                with scope:
                    async with lock:
                        got.append(number)
                        await cqueues.checkpoint()

            scopes = [cqueues.CancelScope() for _ in range(4)]
            async with cqueues.open_nursery() as nursery:
                async with lock:
                    for number, scope in enumerate(scopes):
                        nursery.start_soon(waiter, number, scope)
                    await cqueues.sleep(0.001)
                    scopes[0].cancel()
                    scopes[2].cancel()
                    await cqueues.sleep(0.001)
                scopes[1].cancel()  # behind the release: it has got it, and gives it on
            self.assertEqual(got, [1, 3])
            self.assertFalse(lock.locked())

        cqueues.run(main)


class Limits(unittest.TestCase):
    def test_a_semaphore_counts(self):
        async def main():
            semaphore, inside, most = cqueues.Semaphore(2, max_value=2), [0], [0]

            async def user():
                async with semaphore:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    await cqueues.sleep(0.001)
                    inside[0] -= 1

            async with cqueues.open_nursery() as nursery:
                for _ in range(7):
                    nursery.start_soon(user)
            self.assertEqual((most[0], semaphore.value), (2, 2))
            with self.assertRaises(ValueError):
                semaphore.release()
            semaphore.acquire_nowait()
            semaphore.acquire_nowait()
            with self.assertRaises(cqueues.WouldBlock):
                semaphore.acquire_nowait()

        cqueues.run(main)
        for wrong in ((-1, None), (3, 2)):
            with self.assertRaises(ValueError):
                cqueues.Semaphore(wrong[0], max_value=wrong[1])
        with self.assertRaises(TypeError):
            cqueues.Semaphore(1.5)

    def test_a_limiter_lends_each_borrower_one(self):
        async def main():
            limiter, got = cqueues.CapacityLimiter(1), []

            async def user(number):
                async with limiter:
                    got.append(number)
                    await cqueues.sleep_forever()

            async with cqueues.open_nursery() as nursery:
                for number in range(4):
                    nursery.start_soon(user, number)
                await cqueues.sleep(0.001)
                self.assertEqual(got, [0])
                limiter.total_tokens = 3
                await cqueues.sleep(0.001)
                self.assertEqual(got, [0, 1, 2])
                self.assertEqual((limiter.borrowed_tokens, limiter.available_tokens), (3, 0))
                limiter.total_tokens = 1
                self.assertEqual(limiter.available_tokens, -2)
                nursery.cancel_scope.cancel()
            self.assertEqual(limiter.borrowed_tokens, 0)
            await limiter.acquire_on_behalf_of("a")
            for again in (limiter.acquire_on_behalf_of("a"), limiter.acquire_on_behalf_of("a")):
                with self.assertRaises(RuntimeError):
                    await again
            with self.assertRaises(cqueues.WouldBlock):
                limiter.acquire_nowait()
            limiter.release_on_behalf_of("a")
            with self.assertRaises(RuntimeError):
                limiter.release()
            for wrong, error in ((0, ValueError), (1.5, TypeError), ("1", TypeError)):
                with self.assertRaises(error):
                    limiter.total_tokens = wrong
            limiter.total_tokens = math.inf

        cqueues.run(main)


class Conditions(unittest.TestCase):
    def test_notify_lets_so_many_go_on_with_the_lock(self):
        async def main():
            condition, woken = cqueues.Condition(), []

            async def waiter(number):
                async with condition:
                    await condition.wait()
                    self.assertTrue(condition.locked())
                    woken.append(number)
                    await cqueues.checkpoint()

            async with cqueues.open_nursery() as nursery:
                for number in range(5):
                    nursery.start_soon(waiter, number)
                await cqueues.sleep(0.001)
                async with condition:
                    condition.notify(2)
                    await cqueues.sleep(0.001)
                    self.assertEqual(woken, [])
                await cqueues.sleep(0.001)
                self.assertEqual(woken, [0, 1])
                async with condition:
                    condition.notify_all()
            self.assertEqual(woken, [0, 1, 2, 3, 4])
            with self.assertRaises(RuntimeError):
                await condition.wait()
            with self.assertRaises(TypeError):
                cqueues.Condition("lock")

        cqueues.run(main)

    def test_a_cancelled_wait_has_the_lock_again(self):
        async def main():
            condition, seen = cqueues.Condition(), []

            async def waiter(scope):
                with scope:
                    async with condition:
                        try:
                            await condition.wait()
                        finally:
                            seen.append(condition.locked())

            scope = cqueues.CancelScope()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(waiter, scope)
                await cqueues.sleep(0.001)
                async with condition:
                    condition.notify()
                    scope.cancel()
                    await cqueues.sleep(0.001)
                    self.assertEqual(seen, [])
            self.assertEqual(seen, [True])
            self.assertTrue(scope.cancelled_caught)
            self.assertFalse(condition.locked())

        cqueues.run(main)


class Channels(unittest.TestCase):
    def test_values_come_once_in_their_order(self):
        async def main(room):
            send, receive = cqueues.open_memory_channel(room)
            got = []

            async def producer(channel, base):
                async with channel:
                    for number in range(20):
                        await channel.send(base + number)

            async def consumer(channel):
                async with channel:
                    async for value in channel:
                        got.append(value)

            async with cqueues.open_nursery() as nursery:
                with send, receive:
                    for base in (0, 100):
                        nursery.start_soon(producer, send.clone(), base)
                    for _ in range(3):
                        nursery.start_soon(consumer, receive.clone())
            self.assertEqual(sorted(got), [*range(20), *range(100, 120)])

        for room in (0, 1, 5, math.inf):
            with self.subTest(room=room):
                cqueues.run(main, room)

    def test_a_send_without_room_waits_for_who_receives(self):
        async def main():
            send, receive = cqueues.open_memory_channel(1)
            send.send_nowait(1)
            with self.assertRaises(cqueues.WouldBlock):
                send.send_nowait(2)
            with cqueues.move_on_after(0.001) as scope:
                await send.send(2)
            self.assertTrue(scope.cancelled_caught)
            self.assertEqual(receive.receive_nowait(), 1)
            with self.assertRaises(cqueues.WouldBlock):
                receive.receive_nowait()
            with cqueues.move_on_after(0.001) as scope:
                await receive.receive()
            send.send_nowait(3)
            self.assertEqual(await receive.receive(), 3)

        cqueues.run(main)

    def test_what_was_handed_over_is_received_in_spite_of_a_cancel(self):
        async def main():
            send, receive = cqueues.open_memory_channel(0)
            got = []

            async def consumer(scope):
                with scope:
                    got.append(await receive.receive())
                    await cqueues.checkpoint()
                    got.append("not reached")

            scope = cqueues.CancelScope()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(consumer, scope)
                await cqueues.sleep(0.001)
                scope.cancel()
                send.send_nowait("value")
            self.assertEqual(got, ["value"])

        cqueues.run(main)

    def test_closed_ends_tell_who_waits(self):
        async def main():
            async def expect(error, waits):
                with self.assertRaises(error):
                    await waits

            for close, error in (("own", cqueues.ClosedResourceError), ("other", cqueues.EndOfChannel)):
                send, receive = cqueues.open_memory_channel(0)
                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(expect, error, receive.receive())
                    await cqueues.sleep(0.001)
                    (receive if close == "own" else send).close()
            for close, error in (("own", cqueues.ClosedResourceError), ("other", cqueues.BrokenResourceError)):
                send, receive = cqueues.open_memory_channel(0)
                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(expect, error, send.send(1))
                    await cqueues.sleep(0.001)
                    (send if close == "own" else receive).close()
            send, receive = cqueues.open_memory_channel(3)
            send.send_nowait(1)
            twin = send.clone()
            await send.aclose()
            send.close()
            twin.send_nowait(2)
            twin.close()
            self.assertEqual([value async for value in receive], [1, 2])
            for again in (send.clone, twin.clone, lambda: send.send_nowait(1)):
                with self.assertRaises(cqueues.ClosedResourceError):
                    again()
            receive.close()
            await expect(cqueues.ClosedResourceError, receive.receive())
            send, receive = cqueues.open_memory_channel(3)
            receive.close()
            await expect(cqueues.BrokenResourceError, send.send(1))
            for wrong, error in ((-1, ValueError), (1.5, TypeError), (None, TypeError)):
                with self.assertRaises(error):
                    cqueues.open_memory_channel(wrong)

        cqueues.run(main)


class Starting(unittest.TestCase):
    def test_a_start_that_is_cancelled_cancels_the_task(self):
        async def main():
            seen = []

            async def slow(*, task_status):
                try:
                    await cqueues.sleep_forever()
                finally:
                    seen.append("ended")

            async with cqueues.open_nursery() as nursery:
                with cqueues.move_on_after(0.005) as scope:
                    await nursery.start(slow)
                self.assertEqual(seen, ["ended"])
                self.assertTrue(scope.cancelled_caught)
                event = cqueues.Event()  # a wait behind it is woken by its own cause alone
                with cqueues.move_on_after(0.005) as scope:
                    await event.wait()
                self.assertTrue(scope.cancelled_caught)

        cqueues.run(main)


if __name__ == "__main__":
    unittest.main()
