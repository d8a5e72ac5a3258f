# SPDX-License-Identifier: MIT
"""Signals, changes of files, child processes."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import cqueues
from cqueues import Change


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class Signals(unittest.TestCase):
    def test_signals_are_told_in_the_block_and_have_their_effect_behind_it(self):
        seen = []

        async def main():
            with cqueues.open_signal_receiver(signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR2) as receiver:
                for number in (signal.SIGUSR1, signal.SIGUSR2):
                    os.kill(os.getpid(), number)
                    async for told in receiver:
                        self.assertEqual(told, number)
                        self.assertIsInstance(told, signal.Signals)
                        break
                with cqueues.move_on_after(0.005) as scope:
                    async for told in receiver:
                        self.fail("nothing was sent")
                self.assertTrue(scope.cancelled_caught)
                os.kill(os.getpid(), signal.SIGUSR1)
                self.assertEqual(seen, [])
            self.assertEqual(seen, [signal.SIGUSR1])
            with self.assertRaises(RuntimeError):
                await receiver.__anext__()

        before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
        try:
            cqueues.run(main)
        finally:
            signal.signal(signal.SIGUSR1, before)
        self.assertEqual(signal.pthread_sigmask(signal.SIG_BLOCK, []), set())

    def test_what_nobody_can_listen_for_is_refused(self):
        for wrong, error in (((), TypeError), ((signal.SIGKILL,), OSError), ((1000,), OSError), (("TERM",), TypeError)):
            with self.assertRaises(error):
                with cqueues.open_signal_receiver(*wrong):
                    self.fail("not reached")
        self.assertEqual(signal.pthread_sigmask(signal.SIG_BLOCK, []), set())


class Closed(unittest.TestCase):
    def test_who_waits_in_what_another_task_closes_is_told(self):
        async def expect(iterator, error, out):
            try:
                await iterator.__anext__()
            except error:
                out.append(error)

        async def main(folder):
            out = []
            async with cqueues.open_nursery() as nursery:
                with cqueues.open_signal_receiver(signal.SIGUSR1) as receiver, cqueues.watch(folder) as watch:
                    nursery.start_soon(expect, receiver, RuntimeError, out)
                    nursery.start_soon(expect, watch, ValueError, out)
                    await cqueues.sleep(0.005)
                    self.assertEqual(out, [])
                with cqueues.fail_after(5):
                    while len(out) < 2:
                        await cqueues.sleep(0.001)
            watch.close()

        with tempfile.TemporaryDirectory() as folder:
            cqueues.run(main, folder)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text="x"):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    async def until(self, watch, name, change):
        with cqueues.fail_after(10):
            async for told, changes in watch:
                if told == name and changes & change:
                    return
                self.assertNotEqual(told, "other")

    def test_a_directory_tells_its_names_and_ends_with_it(self):
        async def main():
            folder = os.path.join(self.folder, "inside")
            os.mkdir(folder)
            with cqueues.watch(folder) as watch:
                self.write("inside/a")
                await self.until(watch, "a", Change.CREATE)
                self.write("inside/.hidden")
                await self.until(watch, ".hidden", Change.CREATE)
                os.remove(os.path.join(folder, "a"))
                await self.until(watch, "a", Change.DELETE)
                os.remove(os.path.join(folder, ".hidden"))
                os.rmdir(folder)
                with cqueues.fail_after(10):
                    async for told, changes in watch:
                        pass
            with self.assertRaises(ValueError):
                await watch.__anext__()

        cqueues.run(main)

    def test_a_file_is_watched_alone_also_before_it_is_there(self):
        async def main():
            watch = cqueues.watch(os.path.join(self.folder, "file"))
            self.write("other")
            with cqueues.move_on_after(0.02) as scope:
                await self.until(watch, "file", Change.CREATE)
            self.assertTrue(scope.cancelled_caught)
            self.write("file")
            await self.until(watch, "file", Change.CREATE)
            self.write("file", "more")
            await self.until(watch, "file", Change.MODIFY)
            watch.close()

        cqueues.run(main)

    def test_a_tree_tells_paths(self):
        async def main():
            with cqueues.watch(self.folder, recursive=True) as watch:
                os.makedirs(os.path.join(self.folder, "a/b"))
                self.write("a/b/c")
                await self.until(watch, "a/b/c", Change.CREATE)

        cqueues.run(main)
        with self.assertRaises(FileNotFoundError):
            cqueues.watch(os.path.join(self.folder, "no/such"))
        with self.assertRaises(TypeError):
            cqueues.watch(5)


class Processes(unittest.TestCase):
    def test_run_process_feeds_and_collects(self):
        async def main():
            big = os.urandom(700_000)
            done = await cqueues.run_process(["cat"], input=big, capture_stdout=True)
            self.assertEqual((done.stdout, done.returncode, done.stderr), (big, 0, None))
            done = await cqueues.run_process("echo out; echo err >&2", capture_stdout=True, capture_stderr=True)
            self.assertEqual((done.stdout, done.stderr), (b"out\n", b"err\n"))
            done = await cqueues.run_process("echo out; echo err >&2", capture_stdout=True, stderr=subprocess.STDOUT)
            self.assertEqual(done.stdout, b"out\nerr\n")
            done = await cqueues.run_process(["true"], input=big)
            self.assertEqual(done.returncode, 0)
            with self.assertRaises(subprocess.CalledProcessError) as caught:
                await cqueues.run_process("echo text; exit 3", capture_stdout=True)
            self.assertEqual((caught.exception.returncode, caught.exception.output), (3, b"text\n"))
            done = await cqueues.run_process("kill -TERM $$", check=False)
            self.assertEqual(done.returncode, -signal.SIGTERM)
            done = await cqueues.run_process(
                [sys.executable, "-c", "import os; print(os.getcwd(), sorted(os.environ))"], capture_stdout=True, cwd="/",
                env={"ONLY": "1", "LC_CTYPE": "C.UTF-8"},
            )
            self.assertEqual(done.stdout, b"/ ['LC_CTYPE', 'ONLY']\n")

        cqueues.run(main)

    def test_commands_that_are_none_are_refused(self):
        async def main():
            for command, error in (
                (["/no/such/program"], FileNotFoundError), ([], ValueError), (b"true", TypeError), (["a\0b"], ValueError),
                ([5], TypeError), (None, TypeError),
            ):
                with self.assertRaises(error):
                    await cqueues.run_process(command)
            with self.assertRaises(ValueError):
                await cqueues.run_process("true", stdout=subprocess.PIPE, capture_stdout=True)
            with self.assertRaises(TypeError):
                await cqueues.run_process("true", input="text")

        cqueues.run(main)

    def test_a_process_is_talked_to(self):
        async def main():
            async with await cqueues.open_process(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                await process.stdin.write(b"hello\n")
                self.assertEqual(await process.stdout.readline(), b"hello\n")
                self.assertIsNone(process.returncode)
                await process.stdin.finish()
                self.assertEqual(await process.stdout.read_all(), b"")
            self.assertEqual(process.returncode, 0)
            process.kill()
            self.assertIsNone(process.stderr)

        cqueues.run(main)

    def test_cancelling_kills_and_reaps(self):
        async def main():
            begun = time.monotonic()
            with cqueues.move_on_after(0.05) as scope:
                await cqueues.run_process(["sleep", "60"], capture_stdout=True)
            self.assertTrue(scope.cancelled_caught)
            with self.assertRaises(subprocess.TimeoutExpired):
                await cqueues.run_process(["sleep", "60"], timeout=0.05)
            with cqueues.move_on_after(0.05) as scope:
                async with await cqueues.open_process(["sleep", "60"]) as process:
                    await process.wait()
            self.assertEqual(process.returncode, -signal.SIGKILL)
            self.assertTrue(gone(process.pid))
            with self.assertRaises(KeyError):
                async with await cqueues.open_process(["sleep", "60"]) as process:
                    raise KeyError
            self.assertTrue(gone(process.pid))
            self.assertLess(time.monotonic() - begun, 30)

        cqueues.run(main)


if __name__ == "__main__":
    unittest.main()
