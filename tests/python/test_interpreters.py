# SPDX-License-Identifier: MIT
"""Interpreters within the process, and builds without the global interpreter lock."""

import os
import subprocess
import sys
import threading
import unittest

import cqueues

#: What runs in such an interpreter: a server, a client, a thread, and DNS of its own.
PROGRAM = """
import sys
sys.path[:0] = %r
try:
    import cqueues
except ImportError as why:
    if "does not support loading in subinterpreters" not in str(why):
        raise
else:
    async def echo(connection):
        async for line in connection.lines():
            await connection.write(line + b"\\n")

    async def main():
        async with await cqueues.listen() as listener:
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(listener.serve, echo)
                async with await cqueues.connect(*listener.local_name) as client:
                    for number in range(20):
                        await client.write(b"%%d\\n" %% number)
                        assert await client.readline() == b"%%d\\n" %% number
                assert await cqueues.to_thread.run_sync(lambda: 5) == 5
                assert await cqueues.resolve("127.0.0.1") == ["127.0.0.1"]
                nursery.cancel_scope.cancel()
        with cqueues.move_on_after(0.01):
            await cqueues.sleep_forever()

    for _ in range(3):
        cqueues.run(main)
    import os
    os.write(%d, b"ran")
"""


def interpreters():
    """The module of interpreters, under the name that it has, and how it makes one that may load ctypes and start threads."""
    try:
        import _xxsubinterpreters as module
    except ImportError:
        try:
            import _interpreters as module
        except ImportError:
            return None, None
        return module, module.create
    return module, lambda: module.create(isolated=False)


class Interpreters(unittest.TestCase):
    def setUp(self):
        self.module, self.create = interpreters()
        if self.module is None:
            self.skipTest("no module of interpreters")
        self.reading, self.writing = os.pipe()
        self.addCleanup(os.close, self.reading)
        self.addCleanup(os.close, self.writing)

    def run_in(self, made):
        """Runs the program; what the interpreter says of its failure."""
        try:
            return self.module.run_string(made, PROGRAM % (sys.path, self.writing))
        finally:
            self.module.destroy(made)

    def test_loops_run_in_interpreters_within_the_process(self):
        for _ in range(2):
            self.assertIsNone(self.run_in(self.create()))
            self.assertEqual(os.read(self.reading, 10), b"ran")
        cqueues.run(cqueues.sleep, 0.01)  # and this one's go on

    if sys.version_info[:2] == (3, 12):

        def test_one_with_a_lock_of_its_own_cannot_load_ctypes_and_says_so(self):
            self.assertIsNone(self.run_in(self.module.create()))
            os.write(self.writing, b".")
            self.assertEqual(os.read(self.reading, 10), b".")

    def test_loops_of_two_interpreters_run_at_once(self):
        outcomes = []
        threads = [threading.Thread(target=lambda: outcomes.append(self.run_in(self.create()))) for _ in range(2)]
        for thread in threads:
            thread.start()
        cqueues.run(cqueues.sleep, 0.05)
        for thread in threads:
            thread.join()
        self.assertEqual(outcomes, [None, None])
        self.assertEqual(os.read(self.reading, 10), b"ranran")


class Locks(unittest.TestCase):
    """A stand-in for a build without the lock: such builds say so by this function of `sys`."""

    def test_the_import_says_that_it_needs_the_lock(self):
        program = "import sys; sys._is_gil_enabled = lambda: %s; import cqueues"
        for enabled, status in ((False, 1), (True, 0)):
            done = subprocess.run([sys.executable, "-c", program % enabled], env=environment(), capture_output=True, text=True)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual("needs the global interpreter lock" in done.stderr, not enabled)


def environment():
    return dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))


if __name__ == "__main__":
    unittest.main()
