# SPDX-License-Identifier: MIT
"""The backend of anyio, beside anyio's own suite (foreign.sh): what goes wrong in the middle, and with what else it mixes."""

import asyncio
import gc
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import unittest.mock

import cqueues
from cqueues import guest

HAS_ANYIO = all(importlib.util.find_spec(name) for name in ("anyio", "sniffio"))
if HAS_ANYIO:
    import anyio
    import anyio.abc
    import anyio.from_thread
    import anyio.lowlevel
    import anyio.to_thread
    import sniffio

    import cqueues.anyio_backend

    cqueues.anyio_backend.install()
    cqueues.anyio_backend.install()


    wait_readable = getattr(anyio, "wait_readable", anyio.wait_socket_readable)


def run(function, *args):
    return anyio.run(function, *args, backend="cqueues")


@unittest.skipUnless(HAS_ANYIO, "no anyio")
class Scopes(unittest.TestCase):
    def test_a_deadline_can_be_moved_and_a_shield_lifted(self):
        async def main():
            begun = time.monotonic()
            with anyio.move_on_after(0.01) as scope:
                scope.deadline += 0.05
                await anyio.sleep(5)
            self.assertTrue(scope.cancelled_caught)
            self.assertGreaterEqual(time.monotonic() - begun, 0.06)
            with anyio.CancelScope() as outer:
                with anyio.CancelScope(shield=True) as inner:
                    outer.cancel()
                    await anyio.sleep(0.001)
                    self.assertEqual(anyio.current_effective_deadline(), float("inf"))
                    inner.shield = False
                    self.assertEqual(anyio.current_effective_deadline(), float("-inf"))
                    await anyio.sleep(5)
            self.assertEqual((outer.cancelled_caught, inner.cancelled_caught), (True, False))
            self.assertLess(time.monotonic() - begun, 4)

        run(main)

    def test_scopes_of_both_kinds_nest_in_each_other(self):
        async def main():
            with cqueues.move_on_after(0.01) as ours:
                async with anyio.create_task_group() as group:
                    group.start_soon(anyio.sleep, 5)
            self.assertTrue(ours.cancelled_caught)
            with anyio.move_on_after(0.01) as theirs:
                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(anyio.sleep, 5)
            self.assertTrue(theirs.cancelled_caught)
            with cqueues.CancelScope() as ours:
                ours.cancel()
                with anyio.CancelScope(shield=True):
                    await cqueues.sleep(0.001)
                await anyio.lowlevel.checkpoint_if_cancelled()
            self.assertTrue(ours.cancelled_caught)
            return sniffio.current_async_library()

        self.assertEqual(cqueues.run(main), "cqueues")
        self.assertEqual(run(main), "cqueues")

    def test_a_start_belongs_to_its_starter_until_it_has_started(self):
        steps = []

        async def slow(*, task_status):
            await anyio.sleep(0.02)
            task_status.started("ready")
            steps.append("started")
            await anyio.sleep(5)
            steps.append("not cancelled")

        async def main():
            async with anyio.create_task_group() as starters:
                async with anyio.create_task_group() as group:

                    async def start():
                        steps.append(await group.start(slow))

                    starters.start_soon(start)
                    await anyio.sleep(0.001)
                    group.cancel_scope.cancel()
                    with anyio.CancelScope(shield=True):
                        await anyio.sleep(0.05)
            async with anyio.create_task_group() as group:
                with anyio.move_on_after(0.005) as scope:
                    await group.start(slow)
                self.assertTrue(scope.cancelled_caught)

        run(main)
        self.assertEqual(sorted(steps), ["ready", "started"])

    def test_a_start_is_cancelled_with_its_starter_at_once(self):
        steps = []

        async def child(scope, *, task_status):
            scope.cancel()
            await anyio.lowlevel.checkpoint()
            steps.append("not cancelled")

        async def main():
            async with anyio.create_task_group() as group:
                with anyio.CancelScope() as scope:
                    await group.start(child, scope)
                steps.append(scope.cancelled_caught)

        run(main)
        self.assertEqual(steps, [True])

    def test_a_start_is_shown_below_its_starter_until_it_has_started(self):
        async def child(*, task_status):
            seen = [anyio.get_current_task().parent_id]
            task_status.started(seen)
            seen.append(anyio.get_current_task().parent_id)

        async def starter(group, seen):
            seen.append(anyio.get_current_task().id)
            seen.extend(await group.start(child))

        async def main():
            seen = []
            async with anyio.create_task_group() as group, cqueues.open_nursery() as nursery:
                nursery.start_soon(starter, group, seen)
            self.assertEqual(seen, [seen[0], seen[0], anyio.get_current_task().id])

        run(main)

    def test_tasks_that_are_left_at_random_leave_nothing(self):
        import random

        rng = random.Random(7)

        async def wander(depth):
            with anyio.move_on_after(rng.random() * 0.01, shield=rng.random() < 0.2):
                if depth:
                    async with anyio.create_task_group() as group:
                        for _ in range(2):
                            group.start_soon(wander, depth - 1)
                        await anyio.sleep(rng.random() * 0.01)
                        if rng.random() < 0.5:
                            group.cancel_scope.cancel()
                else:
                    await anyio.sleep(rng.random() * 0.02)

        async def main():
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(wander, 4)
            return len(anyio.get_running_tasks())

        self.assertEqual(run(main), 1)


@unittest.skipUnless(HAS_ANYIO, "no anyio")
class Handing(unittest.TestCase):
    def test_cancels_at_random_lose_nothing_that_is_handed_over(self):
        async def main(rng):
            lock, limiter = anyio.Lock(fast_acquire=rng.random() < 0.5), anyio.CapacityLimiter(2)
            semaphore, condition = anyio.Semaphore(2, max_value=2), anyio.Condition()
            send, receive = anyio.create_memory_object_stream(rng.choice((0, 3)))
            inside, sent, received = [0, 0, 0], [], []

            async def hold(what, index, most):
                async with what:
                    inside[index] += 1
                    assert inside[index] <= most
                    try:
                        await anyio.sleep(rng.random() * 0.001)
                    finally:
                        inside[index] -= 1

            async def news():
                async with condition:
                    if rng.random() < 0.5:
                        condition.notify(rng.randrange(1, 3))
                    else:
                        await condition.wait()

            async def give(number):
                await send.send(number)
                sent.append(number)

            async def take():
                received.append(await receive.receive())

            async def one(number):
                with anyio.move_on_after(rng.random() * 0.004) as scope:
                    await rng.choice((
                        lambda: hold(lock, 0, 1), lambda: hold(limiter, 1, 2), lambda: hold(semaphore, 2, 2), news,
                        lambda: give(number), take,
                    ))()
                if rng.random() < 0.1:
                    scope.cancel()

            async with anyio.create_task_group() as group:
                for number in range(300):
                    group.start_soon(one, number)
                    if rng.random() < 0.05:
                        await anyio.sleep(rng.random() * 0.001)
            with anyio.move_on_after(0.01):
                while True:
                    received.append(await receive.receive())
            # A send that is cancelled may have been received all the same: anyio's streams are so on each backend.
            self.assertEqual((set(sent) - set(received), len(received)), (set(), len(set(received))))
            self.assertEqual((lock.locked(), condition.locked(), semaphore.value, limiter.borrowed_tokens), (False, False, 2, 0))
            for what in (lock, condition, semaphore, limiter):
                self.assertEqual(what.statistics().tasks_waiting, 0)
            send.close()
            receive.close()

        import random

        for seed in range(12):
            run(main, random.Random(seed))


@unittest.skipUnless(HAS_ANYIO, "no anyio")
class Sockets(unittest.TestCase):
    def test_a_socket_that_is_closed_before_its_wait_has_begun_ends_it(self):
        async def main():
            first, second = socket.socketpair()
            stream = await cqueues.anyio_backend._backend.Backend.wrap_stream_socket(first)
            raised = []
            async with anyio.create_task_group() as group:

                async def receive():
                    try:
                        await stream.receive()
                    except anyio.ClosedResourceError:
                        raised.append(1)

                async def close():
                    await stream.aclose()

                group.start_soon(receive)
                group.start_soon(close)  # in the same round
            second.close()
            self.assertEqual(raised, [1])

        run(main)

    def test_the_number_of_a_socket_that_was_thrown_away_can_be_used_again(self):
        async def main():
            for _ in range(20):
                first, second = socket.socketpair()
                first.setblocking(False)
                with anyio.move_on_after(0.001):
                    await wait_readable(first)
                first.close()  # nobody is told
                second.close()
                gc.collect()
                again, other = socket.socketpair()
                other.send(b"x")
                with anyio.fail_after(5):
                    await wait_readable(again)
                again.close()
                other.close()

        run(main)

    def test_a_connect_that_is_cancelled_closes_its_socket(self):
        async def main():
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            full = [socket.socket() for _ in range(4)]
            for each in full:
                each.setblocking(False)
                each.connect_ex(listener.getsockname())
            before = len(os.listdir("/proc/self/fd"))
            with anyio.move_on_after(0.05):
                stream = await anyio.connect_tcp(*listener.getsockname())
                await stream.aclose()
            self.assertEqual(len(os.listdir("/proc/self/fd")), before)
            for each in (listener, *full):
                each.close()

        if not os.path.exists("/proc/self/fd"):
            self.skipTest("no /proc")
        run(main)

    def test_datagrams_go_to_names(self):
        async def main():
            make = cqueues.anyio_backend._backend.Backend.create_udp_socket
            async with await make(socket.AF_INET, ("127.0.0.1", 0), None, False) as one:
                async with await make(socket.AF_INET, ("127.0.0.1", 0), None, False) as other:
                    await one.sendto(b"hello", "localhost", other.extra(anyio.abc.SocketAttribute.local_port))
                    with anyio.fail_after(5):
                        return (await other.receive())[0]

        self.assertEqual(run(main), b"hello")


@unittest.skipUnless(HAS_ANYIO, "no anyio")
class System(unittest.TestCase):
    def test_a_signal_that_nobody_has_asked_for_has_its_usual_effect(self):
        came = []

        async def main(rest):
            with anyio.open_signal_receiver(signal.SIGUSR1, signal.SIGUSR2) as signals:
                for number in (signal.SIGUSR1, signal.SIGUSR2):
                    os.kill(os.getpid(), number)
                await anyio.sleep(rest)
                if rest:
                    async for number in signals:
                        came.append(number)
                        break
            await anyio.sleep(0.01)

        before = [signal.signal(number, lambda number, _: came.append(-number)) for number in (signal.SIGUSR1, signal.SIGUSR2)]
        try:
            run(main, 0.01)
            self.assertEqual(came, [signal.SIGUSR1, -signal.SIGUSR2])
            came.clear()
            run(main, 0)
            self.assertEqual(sorted(came), [-signal.SIGUSR2, -signal.SIGUSR1])
        finally:
            for number, handler in zip((signal.SIGUSR1, signal.SIGUSR2), before):
                signal.signal(number, handler)

    def test_several_tasks_wait_for_a_process_and_one_gives_up(self):
        async def main():
            ended = []

            async def wait(process):
                ended.append(await process.wait())

            async with await anyio.open_process(["sleep", "0.1"]) as process:
                async with anyio.create_task_group() as group:
                    with anyio.move_on_after(0.02):  # it is the one whose wait the others share
                        group.start_soon(wait, process)
                        group.start_soon(wait, process)
                        await process.wait()
            return ended

        self.assertEqual(run(main), [0, 0])

    def test_a_process_is_waited_for_where_the_system_has_no_descriptors_for_them(self):
        async def main():
            with unittest.mock.patch.object(os, "pidfd_open", side_effect=OSError(38, "not here"), create=True):
                async with await anyio.open_process(["sh", "-c", "exit 3"]) as process:
                    with anyio.fail_after(10):
                        return await process.wait()

        self.assertEqual(run(main), 3)


@unittest.skipUnless(HAS_ANYIO, "no anyio")
class Guests(unittest.TestCase):
    """Each loop inside another one is found by its name, and anyio works in all of them."""

    async def name(self):
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 0.001)
        self.assertEqual(await anyio.to_thread.run_sync(threading.active_count) > 1, True)
        return sniffio.current_async_library()

    def test_in_asyncio_and_asyncio_in_it(self):
        async def inside():
            return await self.name(), await guest.asyncio_result(self.name()), await self.name()

        async def main():
            return await self.name(), await guest.run_in_asyncio(inside), await self.name()

        self.assertEqual(asyncio.run(main()), ("asyncio", ("cqueues", "asyncio", "cqueues"), "asyncio"))

    @unittest.skipUnless(importlib.util.find_spec("trio"), "no trio")
    def test_in_trio_and_trio_in_it(self):
        import trio

        async def main():
            return sniffio.current_async_library(), await guest.run_in_trio(self.name), sniffio.current_async_library()

        async def around():
            return await self.name(), await guest.run_trio(trio_name), await self.name()

        async def trio_name():
            await anyio.sleep(0.001)
            return sniffio.current_async_library()

        self.assertEqual(trio.run(main), ("trio", "cqueues", "trio"))
        self.assertEqual(run(around), ("cqueues", "trio", "cqueues"))


@unittest.skipUnless(HAS_ANYIO, "no anyio")
class Loops(unittest.TestCase):
    def test_a_token_outlives_its_loop_and_says_so(self):
        async def main():
            return anyio.lowlevel.current_token() if hasattr(anyio.lowlevel, "current_token") else None

        token = run(main)
        if token is None:
            self.skipTest("this anyio has no tokens")
        for call in (anyio.from_thread.run, anyio.from_thread.run_sync):
            with self.assertRaises(RuntimeError):
                call(anyio.sleep, 0, token=token)

    def test_what_threads_have_started_ends_with_the_loop(self):
        outcome = []

        def outside(token):
            try:
                anyio.from_thread.run(anyio.sleep, 1000, token=token)
            except BaseException as why:
                outcome.append(why)

        async def main():
            if not hasattr(anyio.lowlevel, "current_token"):
                self.skipTest("this anyio has no tokens")
            thread = threading.Thread(target=outside, args=(anyio.lowlevel.current_token(),))
            thread.start()
            await anyio.sleep(0.05)
            return thread

        run(main).join(5)
        self.assertEqual(len(outcome), 1)

    def test_loops_run_in_threads_beside_each_other(self):
        async def talk():
            listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

            async def echo(stream):
                async with stream:
                    async for data in stream:
                        await stream.send(data)

            async with anyio.create_task_group() as group:
                group.start_soon(listener.serve, echo)
                async with await anyio.connect_tcp("127.0.0.1", listener.extra(anyio.abc.SocketAttribute.local_port)) as stream:
                    for number in range(50):
                        await stream.send(b"%d" % number)
                        self.assertEqual(await stream.receive(), b"%d" % number)
                group.cancel_scope.cancel()
            await listener.aclose()
            done.append(await anyio.to_thread.run_sync(threading.get_ident))

        done = []
        threads = [threading.Thread(target=run, args=(talk,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(done), 4)

    def test_a_loop_inside_another_is_refused(self):
        async def main():
            with self.assertRaises(RuntimeError):
                run(anyio.sleep, 0)

        run(main)

    def test_ctrl_c_ends_it(self):
        code = (
            "import anyio, os, signal, sys, cqueues.anyio_backend as b\nb.install()\n"
            "async def main():\n"
            "    try:\n"
            "        async with anyio.create_task_group() as group:\n"
            "            group.start_soon(anyio.sleep, 100)\n"
            "            os.kill(os.getpid(), signal.SIGINT)\n"
            "            await anyio.sleep(100)\n"
            "    finally:\n"
            "        print('cleaned')\n"
            "try:\n    anyio.run(main, backend='cqueues')\n"
            "except KeyboardInterrupt:\n    print('interrupted')\n"
        )
        path = os.pathsep.join(sys.path)
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=30)
        self.assertEqual(ran.stdout.split(), ["cleaned", "interrupted"], ran.stderr)

    def test_without_anyio_the_import_says_what_is_missing(self):
        code = "import sys; sys.modules['sniffio'] = None\nimport cqueues.anyio_backend"
        path = os.pathsep.join(sys.path)
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=30)
        self.assertIn("libcqueues[anyio]", ran.stderr)

    def test_options_are_refused(self):
        with self.assertRaises(TypeError):
            anyio.run(anyio.sleep, 0, backend="cqueues", backend_options={"debug": True})


if __name__ == "__main__":
    unittest.main()
