# SPDX-License-Identifier: MIT
"""Trees of tasks, from inside and by `cq ps`."""

import io
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest

import cqueues

FILE = os.path.abspath(__file__)


def line_of(text):
    with open(FILE) as file:
        return next(number for number, line in enumerate(file, 1) if line.rstrip().endswith(text))


async def inner(connection):
    async for _ in connection.lines():  # place: inner
        pass


async def outer(connection):
    await inner(connection)  # place: outer


async def branch(connection):
    async with cqueues.open_nursery() as nursery:
        nursery.start_soon(outer, connection, name="leaf one")
        nursery.start_soon(cqueues.sleep, 100, name="leaf two")
        await cqueues.sleep_forever()  # place: branch


class Dumps(unittest.TestCase):
    def test_the_tree_has_names_waits_and_places(self):
        async def main():
            a, b = cqueues.pair()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(branch, b)
                nursery.start_soon(cqueues.Event().wait, name="event")
                await cqueues.sleep(0.01)
                out = io.StringIO()
                cqueues.dump(out)
                nursery.cancel_scope.cancel()
            return out.getvalue()

        lines = cqueues.run(main).splitlines()
        self.assertEqual(lines[0], "└── (T) main: running")
        self.assertRegex(lines[1], rf"^    └──  main {re.escape(FILE)}:\d+$")
        self.assertRegex(lines[2], r"^        ├── (\(T\) branch: \S.*)$")
        self.assertEqual(lines[3], f"        │   └──  branch {FILE}:{line_of('# place: branch')}")
        self.assertRegex(lines[4], r"^        │       ├── \(T\) leaf one: \S")
        self.assertEqual(lines[5], f"        │       │   └──  outer {FILE}:{line_of('# place: outer')}")
        self.assertEqual(lines[6], f"        │       │       └──  inner {FILE}:{line_of('# place: inner')}")
        self.assertRegex(lines[7], r"^        │       └── \(T\) leaf two: \S")
        self.assertTrue(any(re.match(r"        └── \(T\) event: \S", line) for line in lines[8:]))
        with self.assertRaises(RuntimeError):
            cqueues.dump()

    def test_others_see_names_and_places(self):
        def look(path):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                return json.loads(b"".join(iter(lambda: client.recv(65536), b"")))

        async def main(folder):
            a, b = cqueues.pair()
            path = os.path.join(folder, "inspect")
            async with cqueues.open_nursery() as nursery:
                cqueues.inspect(path)
                nursery.start_soon(outer, b, name="a name " + "ü" * 60)
                nursery.start_soon(cqueues.sleep_forever, name="sleeper")
                seen = await cqueues.to_thread.run_sync(look, path)
                with cqueues.fail_after(10):
                    again = await cqueues.to_thread.run_sync(look, path)
                cqueues.inspect(None)
                nursery.cancel_scope.cancel()
            with self.assertRaises(FileNotFoundError):
                cqueues.inspect(os.path.join(folder, "no", "such"))
            return seen, again

        with tempfile.TemporaryDirectory() as folder:
            for seen in cqueues.run(main, folder):
                tasks = {task["name"]: task for task in seen["tasks"]}
                self.assertEqual(tasks["a name " + "ü" * 28]["place"], f"{FILE}:{line_of('# place: inner')}")
                self.assertTrue(tasks["main"]["place"].startswith(FILE))
                self.assertIn("sleeper", tasks)

    def test_cq_ps_shows_them(self):
        program = os.path.join(os.path.dirname(os.environ.get("CQUEUES_LIBRARY", "")), "..", "bin", "cq")
        if not os.path.exists(program):
            self.skipTest("cq is not installed beside the library")

        looked_at = """if True:
            import cqueues, test_dump
            async def main():
                a, b = cqueues.pair()
                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(test_dump.outer, b, name="reader of b")
                    await cqueues.sleep(0.001)
                    print("ready", flush=True)
            cqueues.run(main)
            """

        async def main(folder):
            environment = {**os.environ, "CQUEUES_INSPECT": folder, "PYTHONPATH": os.pathsep.join(sys.path)}
            command = [sys.executable, "-c", looked_at]
            async with await cqueues.open_process(command, stdout=subprocess.PIPE, env=environment) as process:
                self.assertEqual(await process.stdout.readline(), b"ready\n")
                look = [program, "ps", str(process.pid)]
                done = await cqueues.run_process(look, capture_stdout=True, timeout=20, env=environment)
                process.kill()
            return done.stdout.decode()

        with tempfile.TemporaryDirectory() as folder:
            out = cqueues.run(main, folder)
        self.assertRegex(out, rf"reader of b.*test_dump.py:{line_of('# place: inner')}")


if __name__ == "__main__":
    unittest.main()
