# SPDX-License-Identifier: MIT
"""asyncio inside cqueues."""

import asyncio
import gc
import importlib.util
import os
import subprocess
import sys
import threading
import time
import unittest

import cqueues
from cqueues import guest


def descriptors():
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0


async def talk(count=20):
    """A server and a client of asyncio's; how many lines came back."""

    async def echo(reader, writer):
        while True:
            line = await reader.readline()
            if not line:
                break
            writer.write(line)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        over.set()

    over = asyncio.Event()
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    back = 0
    for number in range(count):
        writer.write(b"%d\n" % number)
        back += await reader.readline() == b"%d\n" % number
    writer.close()
    await writer.wait_closed()
    await over.wait()
    server.close()
    await server.wait_closed()
    return back


class Running(unittest.TestCase):
    def test_sockets_processes_threads_and_timers_work_while_cqueues_goes_on(self):
        ticks = []

        async def tick():
            while True:
                await cqueues.sleep(0.001)
                ticks.append(1)

        async def inside():
            loop = asyncio.get_running_loop()
            self.assertEqual(await loop.run_in_executor(None, pow, 2, 10), 1024)
            process = await asyncio.create_subprocess_exec("echo", "hello", stdout=asyncio.subprocess.PIPE)
            self.assertEqual((await process.communicate())[0], b"hello\n")
            self.assertEqual(process.returncode, 0)
            woken = asyncio.Event()
            threading.Timer(0.02, loop.call_soon_threadsafe, (woken.set,)).start()
            await woken.wait()
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.sleep(10), 0.01)
            return await talk()

        async def main():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(tick)
                found = await guest.run_asyncio(inside)
                nursery.cancel_scope.cancel()
            return found

        self.assertEqual(cqueues.run(main), 20)
        self.assertGreater(len(ticks), 5)

    def test_a_sleep_takes_its_time_and_no_processor(self):
        async def main():
            begun, busy = time.monotonic(), time.process_time()
            await guest.run_asyncio(asyncio.sleep, 0.3)
            return time.monotonic() - begun, time.process_time() - busy

        took, busy = cqueues.run(main)
        self.assertGreaterEqual(took, 0.299)
        self.assertLess(busy, 0.15)

    def test_who_is_always_busy_starves_nobody(self):
        async def spin(stop):
            count = 0
            while not stop:
                await asyncio.sleep(0)
                count += 1
            return count

        async def main():
            stop = []
            turns = 0
            async with cqueues.open_nursery() as nursery:
                counts = []

                async def asyncios():
                    counts.append(await guest.run_asyncio(spin, stop))

                nursery.start_soon(asyncios)
                begun = time.monotonic()
                while time.monotonic() - begun < 0.1:
                    await cqueues.checkpoint()
                    turns += 1
                stop.append(1)
            return turns, counts[0]

        turns, count = cqueues.run(main)
        self.assertGreater(turns, 50)
        self.assertGreater(count, 50)

    def test_several_run_at_once_in_one_loop_and_in_threads(self):
        async def main():
            found = []

            async def one():
                found.append(await guest.run_asyncio(talk))

            async with cqueues.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(one)
            return sum(found)

        sums = []
        threads = [threading.Thread(target=lambda: sums.append(cqueues.run(main))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sums, [60, 60, 60])

    def test_asyncio_sets_what_cqueues_waits_for(self):
        async def inside(event, nursery, seen):
            await asyncio.sleep(0.01)
            nursery.start_soon(cqueues.sleep, 0)
            event.set()
            await asyncio.sleep(0.01)
            seen.append("asyncio")

        async def main():
            event, seen = cqueues.Event(), []
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(guest.run_asyncio, inside, event, nursery, seen)
                await event.wait()
                seen.append("cqueues")
            return seen

        self.assertEqual(cqueues.run(main), ["cqueues", "asyncio"])

    def test_nothing_is_left_open(self):
        async def main():
            for _ in range(20):
                await guest.run_asyncio(talk, 1)

        cqueues.run(main)
        gc.collect()
        before = descriptors()
        cqueues.run(main)
        gc.collect()
        self.assertLessEqual(descriptors(), before)


class Ending(unittest.TestCase):
    def test_a_scope_cancels_the_main_task_and_waits_for_its_end(self):
        steps = []

        async def helper():
            try:
                await asyncio.sleep(100)
            finally:
                steps.append("helper")

        async def inside():
            left = asyncio.ensure_future(helper())
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                steps.append("main")
                await asyncio.sleep(0.01)
                steps.append("cleaned")
                raise
            return left

        async def main():
            with cqueues.move_on_after(0.02) as scope:
                await guest.run_asyncio(inside)
            return scope.cancelled_caught

        self.assertTrue(cqueues.run(main))
        self.assertEqual(steps, ["main", "cleaned", "helper"])

    def test_a_scope_that_has_ended_before_cancels_at_once(self):
        async def main():
            with cqueues.CancelScope() as scope:
                scope.cancel()
                await guest.run_asyncio(asyncio.sleep, 100)
            return scope.cancelled_caught

        self.assertTrue(cqueues.run(main))

    def test_who_catches_the_cancel_goes_on_to_its_end(self):
        steps = []

        async def stubborn(fails):
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                await asyncio.sleep(0.01)
            steps.append("over")
            if fails:
                raise KeyError("in the end")

        async def main():
            with cqueues.move_on_after(0.01) as scope:
                await guest.run_asyncio(stubborn, False)
            self.assertTrue(scope.cancelled_caught)
            with self.assertRaises(KeyError):
                with cqueues.move_on_after(0.01):
                    await guest.run_asyncio(stubborn, True)

        cqueues.run(main)
        self.assertEqual(steps, ["over", "over"])

    def test_what_is_raised_comes_out(self):
        async def fail():
            await asyncio.sleep(0)
            raise KeyError("gone")

        async def cancel_itself():
            asyncio.current_task().cancel()
            await asyncio.sleep(0)

        async def leave():
            raise SystemExit(3)

        async def main():
            with self.assertRaises(KeyError):
                await guest.run_asyncio(fail)
            with self.assertRaises(asyncio.CancelledError):
                await guest.run_asyncio(cancel_itself)
            with self.assertRaises(SystemExit):
                await guest.run_asyncio(leave)
            with self.assertRaises(TypeError):
                await guest.run_asyncio(len, "no async function")
            return await guest.run_asyncio(asyncio.sleep, 0, "still there")

        self.assertEqual(cqueues.run(main), "still there")

    def test_tasks_and_generators_that_are_left_are_ended(self):
        ended = []

        async def endless():
            try:
                await asyncio.sleep(1000)
            finally:
                ended.append("task")

        async def numbers():
            try:
                while True:
                    yield 1
            finally:
                await asyncio.sleep(0)
                ended.append("generator")

        kept = []

        async def inside():
            kept.append(asyncio.ensure_future(endless()))
            kept.append(numbers())
            await kept[1].__anext__()
            await asyncio.sleep(0)

        async def main():
            await guest.run_asyncio(inside)

        cqueues.run(main)
        self.assertEqual(ended, ["task", "generator"])

    def test_a_loop_that_is_abandoned_is_closed(self):
        async def inside():
            await asyncio.sleep(100)

        async def main():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(guest.run_asyncio, inside)

        body = main()
        before = descriptors()
        for _ in range(3):
            runner = guest._Guest(main, ())
            runner.step()
            runner.step()
            runner.step()
            logging_off(runner)
            runner.runner.close()
            del runner
        body.close()
        gc.collect()
        self.assertLessEqual(descriptors(), before + 3)


def logging_off(runner):
    """Tasks of asyncio's that are thrown away in the middle say so in the log."""
    import logging

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


class Misuse(unittest.TestCase):
    def test_loops_are_not_nested_the_wrong_way(self):
        async def inside_of_asyncio():
            with self.assertRaises(RuntimeError):
                await guest.run_asyncio(asyncio.sleep, 0)

        async def again():
            with self.assertRaises(RuntimeError):
                await guest.run_in_asyncio(cqueues.sleep, 0)
            with self.assertRaises(RuntimeError):
                cqueues.run(cqueues.sleep, 0)
            with self.assertRaises(RuntimeError):
                await cqueues.sleep(0)

        async def main():
            await guest.run_asyncio(again)
            with self.assertRaises((TypeError, RuntimeError)):
                await asyncio.sleep(0.01)

        asyncio.run(guest.run_in_asyncio(inside_of_asyncio))
        cqueues.run(main)
        body = guest.run_asyncio(asyncio.sleep, 0)
        with self.assertRaises(RuntimeError):
            body.send(None)

    @unittest.skipUnless(importlib.util.find_spec("anyio") and importlib.util.find_spec("sniffio"), "no anyio")
    def test_anyio_finds_asyncio_in_it_and_cqueues_around_it(self):
        import anyio
        import sniffio

        import cqueues.anyio_backend

        async def inside():
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep, 0.001)
            return sniffio.current_async_library()

        async def main():
            before = sniffio.current_async_library()
            return before, await guest.run_asyncio(inside), sniffio.current_async_library()

        cqueues.anyio_backend.install()
        self.assertEqual(anyio.run(main, backend="cqueues"), ("cqueues", "asyncio", "cqueues"))


class Signals(unittest.TestCase):
    def test_handlers_of_asyncio_are_called_and_leave_those_of_cqueues_alone(self):
        code = """if True:
            import asyncio, cqueues, os, signal, sys, threading, time
            from cqueues import guest

            async def inside():
                came = asyncio.Event()
                loop = asyncio.get_running_loop()
                for number in (signal.SIGUSR1, signal.SIGUSR2):
                    loop.add_signal_handler(number, came.set)
                    os.kill(os.getpid(), number)
                    await came.wait()
                    came.clear()
                    assert loop.remove_signal_handler(number)
                return "told"

            async def main():
                print(await guest.run_asyncio(inside))
                before = signal.set_wakeup_fd(-1)
                assert before >= 0
                signal.set_wakeup_fd(before)
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
                await guest.run_asyncio(asyncio.sleep, 30)

            try:
                cqueues.run(main)
            except KeyboardInterrupt:
                print("interrupted")
        """
        begun = time.monotonic()
        path = os.pathsep.join(sys.path)
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=50)
        self.assertEqual((ran.stdout.split(), ran.stderr), (["told", "interrupted"], ""))
        self.assertLess(time.monotonic() - begun, 20)


if __name__ == "__main__":
    unittest.main()
