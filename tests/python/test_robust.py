# SPDX-License-Identifier: MIT
"""Wrong use, and ends in the middle: exceptions, never a crash, and nothing printed where nobody can catch it."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import types
import unittest
import weakref

import cqueues


def script(text, *, status=0, send=None):
    """Runs a program; what it printed, and wrote to standard error."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(text)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    )
    for number in send or ():
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
    out, err = process.communicate(timeout=30)
    if process.returncode != status:
        raise AssertionError(f"ended with {process.returncode}: {err}")
    return out, err


class Wrong(unittest.TestCase):
    def test_wrong_types_are_refused(self):
        async def main():
            a, b = cqueues.pair()
            for data in ("text", 5, None, [1, 2]):
                with self.assertRaises(TypeError):
                    await a.write(data)
            for size in ("1", None, 1.5):
                for read in (b.read, b.read_exactly):
                    with self.assertRaises(TypeError):
                        await read(size)
            for host, port in ((5, 5), (b"127.0.0.1", 80), ("127.0.0.1", "80"), ("127.0.0.1", None)):
                for use in (cqueues.connect, cqueues.listen):
                    with self.assertRaises(TypeError):
                        await use(host, port)
            with self.assertRaises(TypeError):
                await cqueues.connect("127.0.0.1", 1, nonsense=True)
            for call in (cqueues.sleep, cqueues.move_on_after):
                with self.assertRaises(TypeError):
                    call("1")
            async with cqueues.open_nursery() as nursery:
                for function in (5, list, lambda: 3):
                    with self.assertRaises(TypeError):
                        nursery.start_soon(function)
                    with self.assertRaises(TypeError):
                        await nursery.start(function)
            await a.write(memoryview(b"abcd")[::2])
            await a.write(bytearray(b"x"))
            await a.drain()
            self.assertEqual(await b.read_exactly(3), b"acx")

        cqueues.run(main)
        for wrong in (5, None, list, lambda: 3):
            with self.assertRaises(TypeError):
                cqueues.run(wrong)

    def test_what_is_of_another_loop_raises_in_the_task_that_awaits_it(self):
        @types.coroutine
        def foreign(value):
            yield value

        class Future:
            def __init__(self, loop):
                self.future = asyncio.Future(loop=loop)

            def __await__(self):
                return self.future.__await__()

        async def main():
            for value in (None, 5, (1, 2), tuple("a" * 9), Future(asyncio.new_event_loop())):
                with self.assertRaises(TypeError):
                    await (value if isinstance(value, Future) else foreign(value))
                await cqueues.sleep(0)
                if isinstance(value, Future):
                    value.future.get_loop().close()

        async def other():
            await cqueues.sleep(0.005)
            return 1

        async def both():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(main)
                self.assertEqual(await other(), 1)

        cqueues.run(both)

    def test_closed_sockets_raise(self):
        async def main():
            a, b = cqueues.pair()
            listener = await cqueues.listen()
            for socket in (a, listener):
                socket.close()
                socket.close()
                self.assertIn("closed", repr(socket))
                with self.assertRaises(OSError):
                    socket.local_name
            for wait in (a.readline, a.read, a.read_all, a.drain, a.finish, a.start_tls, listener.accept):
                with self.assertRaises(OSError):
                    await wait()

            async def wait(socket):
                with self.assertRaises(OSError):
                    await socket.readline()

            a, b = cqueues.pair()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(wait, a)
                await cqueues.sleep(0.001)
                a.close()

        cqueues.run(main)

    def test_another_thread_gets_exceptions(self):
        seen = []

        def touch(nursery, event):
            for call in (cqueues.current, cqueues.checkpoint, event.set, lambda: nursery.start_soon(cqueues.sleep, 0)):
                try:
                    seen.append(call())
                except RuntimeError as why:
                    seen.append(type(why))

        async def main():
            event = cqueues.Event()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(event.wait)
                await cqueues.checkpoint()
                thread = threading.Thread(target=touch, args=(nursery, event))
                thread.start()
                thread.join()
                event.set()

        cqueues.run(main)
        self.assertEqual([seen[0], *seen[2:]], [RuntimeError] * 3)

    def test_two_loops_may_wait_for_one_socket(self):
        async def other(socket, out):
            with cqueues.move_on_after(0.01) as scope:
                await socket.readline()
            out.append(scope.cancelled_caught)

        async def main():
            a, b = cqueues.pair()
            out = []
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(other, b, out)
                await cqueues.checkpoint()
                await cqueues.to_thread.run_sync(cqueues.run, other, b, out)
            self.assertEqual(out, [True, True])

        cqueues.run(main)


class Interrupts(unittest.TestCase):
    def test_ctrl_c_comes_through_at_each_kind_of_wait(self):
        async def main(wait):
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
            await wait()

        async def read():
            a, b = cqueues.pair()
            await a.readline()

        async def nursery():
            async with cqueues.open_nursery() as tasks:
                tasks.start_soon(cqueues.sleep_forever)
                tasks.start_soon(read)

        async def spin():
            while True:
                await cqueues.checkpoint()

        async def receive():
            await cqueues.open_memory_channel(0)[1].receive()

        async def accept():
            await (await cqueues.listen()).accept()

        async def process():
            await cqueues.run_process(["sleep", "60"])

        async def thread():
            await cqueues.to_thread.run_sync(time.sleep, 0.05)
            await cqueues.checkpoint()

        for wait in (cqueues.sleep_forever, read, nursery, spin, receive, accept, process, thread, cqueues.Event().wait):
            with self.subTest(wait=wait):
                with self.assertRaises(KeyboardInterrupt):
                    cqueues.run(main, wait)
                self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)
                self.assertEqual(cqueues.run(cqueues.sleep, 0), None)

    def test_a_second_ctrl_c_ends_what_does_not_listen(self):
        out, err = script(
            """
            import cqueues
            async def main():
                while True:
                    try:
                        print("ready", flush=True)
                        while True:
                            await cqueues.sleep(10)
                    except cqueues.Cancelled:
                        print("ready", flush=True)
                        while True:
                            pass
            try:
                cqueues.run(main)
            except KeyboardInterrupt:
                print("interrupted")
            """,
            send=[signal.SIGINT, signal.SIGINT],
        )
        self.assertEqual((out, err), ("interrupted\n", ""))


class Forks(unittest.TestCase):
    def test_a_child_of_fork_has_no_tasks_and_may_run_a_loop_of_its_own(self):
        async def own():
            a, b = cqueues.pair()
            await a.write(b"x\n")
            await a.drain()
            return await b.readline()

        async def main():
            a, b = cqueues.pair()
            reads, writes = os.pipe()

            async def reader():
                return await b.readline()

            async def child():
                if os.fork():
                    return
                try:
                    await cqueues.sleep(0)
                    os.write(writes, b"not reached")
                finally:
                    os._exit(1)

            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(reader)
                await cqueues.sleep(0.005)
                pid = os.fork()
                if not pid:
                    try:
                        b.close()  # does not touch what the parent waits for
                        os.write(writes, cqueues.run(own))
                    finally:
                        os._exit(0)
                os.waitpid(pid, 0)
                self.assertEqual(os.read(reads, 100), b"x\n")
                await a.write(b"still here\n")
            os.close(reads)
            os.close(writes)

        with self.assertNoWarnings():
            cqueues.run(main)

    def test_scopes_of_tasks_that_never_end_are_freed(self):
        """Those of a child of fork, and of a loop that broke off: they were lost with the tasks."""
        out, err = script(
            """
            import cqueues, gc, os
            from cqueues._library import library
            counts = [0, 0]
            def counted(name, at):
                call = getattr(library, name)
                def counting(*args):
                    counts[at] += args[0] is not None
                    return call(*args)
                setattr(library, name, counting)
            counted("cq_scope_new", 0)
            counted("cq_scope_free", 1)
            async def wait():
                with cqueues.CancelScope(), cqueues.move_on_after(1000):
                    await cqueues.sleep_forever()
            async def main():
                async with cqueues.open_nursery() as nursery:
                    nursery.start_soon(wait)
                    await cqueues.sleep(0.01)
                    pid = os.fork()
                    if pid:
                        print("parent", os.waitpid(pid, 0)[1], flush=True)
                        nursery.cancel_scope.cancel()
                    await cqueues.sleep_forever()
            try:
                cqueues.run(main)
            except RuntimeError as why:
                print(type(why).__name__, flush=True)
                del why
            gc.collect()
            print(counts[0] == counts[1], counts[0] > 3, flush=True)
            """
        )
        self.assertEqual(out, "RuntimeError\nTrue True\nparent 0\nTrue True\n")
        self.assertEqual(err, "")

    def test_what_the_garbage_collector_has_freed_is_not_used_again(self):
        """In a cycle it may free an object first, and end the block around it after that."""
        out, err = script(
            """
            import cqueues, signal, types
            from cqueues._library import library
            freed = []
            for name in ("cq_notify_free", "cq_signal_free", "cq_process_free", "cq_socket_free", "cq_scope_free"):
                def counting(handle, name=name, call=getattr(library, name)):
                    freed.append((name, handle))
                    return call(handle)
                setattr(library, name, counting)
            @types.coroutine
            def stop():
                yield
            async def within(owner):
                async with owner:
                    await stop()
            async def main():
                with cqueues.watch("/tmp") as watch:
                    watch.__del__()
                with cqueues.open_signal_receiver(signal.SIGUSR1) as receiver:
                    receiver.__del__()
                a, b = cqueues.pair()
                async with a:
                    a.__del__()
                return await cqueues.open_process(["sleep", "60"])
            process = cqueues.run(main)
            for owner in (process, cqueues.run(cqueues.open_process, ["true"])):
                body = within(owner)
                body.send(None)
                if owner is process:
                    owner.kill()
                owner.__del__()
                body.close()
                owner.__del__()
            handles = [each for each in freed if each[1] is not None and each[0] != "cq_scope_free"]
            print(len(handles) == len(set(handles)), sorted({name for name, _ in handles}))
            """
        )
        self.assertEqual(out, "True ['cq_notify_free', 'cq_process_free', 'cq_signal_free', 'cq_socket_free']\n")
        self.assertEqual(err, "")

    def test_an_inherited_loop_raises(self):
        out, err = script(
            """
            import cqueues, os, sys
            async def main():
                pid = os.fork()
                await cqueues.sleep(0.01)
                print("parent", os.waitpid(pid, 0)[1], flush=True)
            try:
                cqueues.run(main)
            except RuntimeError as why:
                print(why, flush=True)
                os._exit(0)
            """
        )
        self.assertEqual(out, "this is a child of fork: its tasks go on in the parent alone\nparent 0\n")
        self.assertEqual(err, "")

    def assertNoWarnings(self):
        import warnings

        caught = warnings.catch_warnings()
        caught.__enter__()
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
        self.addCleanup(caught.__exit__, None, None, None)
        return self.subTest()


class Ends(unittest.TestCase):
    def test_the_interpreter_ends_with_tasks_and_sockets_in_the_middle(self):
        for end in ("pass", "sys.exit(0)", "cqueues.run(cqueues.sleep, 0.01)"):
            out, err = script(
                f"""
                import sys, threading, time
                import cqueues
                kept = []
                async def main():
                    a, b = cqueues.pair()
                    listener = await cqueues.listen()
                    kept.extend([a, b, listener, cqueues.Event(), cqueues.TLS(), cqueues.Resolver(nameservers=["127.0.0.1"])])
                    kept.append(cqueues.watch("."))
                    async def lines():
                        async for line in b.lines():
                            pass
                    async with cqueues.open_nursery() as nursery:
                        nursery.start_soon(lines)
                        nursery.start_soon(listener.accept)
                        nursery.start_soon(lambda: cqueues.to_thread.run_sync(time.sleep, 100))
                        await cqueues.sleep(0.01)
                        started.set()
                        await cqueues.sleep_forever()
                started = threading.Event()
                threading.Thread(target=cqueues.run, args=(main,), daemon=True).start()
                started.wait()
                kept.append(kept)
                print("end")
                {end}
                """
            )
            self.assertEqual((out, err), ("end\n", ""))

    def test_an_async_generator_that_is_left_is_closed_in_a_task(self):
        closed = []

        async def numbers(label):
            try:
                for number in range(10):
                    yield number
                    await cqueues.checkpoint()
            finally:
                await cqueues.sleep(0.001)
                closed.append(label)

        async def main():
            kept = numbers("kept")
            async for number in numbers("left"):
                if number == 2:
                    break
            async for _ in kept:
                break
            gc.collect()
            with cqueues.move_on_after(10):
                while not closed:
                    await cqueues.sleep(0.001)
            self.assertEqual(closed, ["left"])
            a, b = cqueues.pair()
            await a.write(b"1\n2\n")
            async for line in b.lines():
                break
            self.assertEqual(await b.readline(), b"2\n")
            leaked.append(kept)

        leaked = []
        hooks = sys.get_asyncgen_hooks()
        cqueues.run(main)
        self.assertEqual(closed, ["left", "kept"])
        self.assertEqual(sys.get_asyncgen_hooks(), hooks)

    def test_what_is_left_of_a_loop_that_is_over_does_nothing(self):
        async def numbers():
            while True:
                try:
                    yield 1
                finally:
                    await cqueues.sleep(0)

        async def main():
            scope, nursery, generator = cqueues.CancelScope(), cqueues.open_nursery(), numbers()
            await nursery.__aenter__()
            scope.__enter__()
            await generator.__anext__()
            left.extend([scope, nursery, generator])
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

        left = []
        with self.assertRaises(KeyboardInterrupt):
            cqueues.run(main)
        scope, nursery, generator = left
        scope.cancel()
        nursery.cancel_scope.cancel()
        with self.assertRaises(RuntimeError):
            nursery.start_soon(cqueues.sleep, 0)
        left.clear()
        del generator
        gc.collect()

    def test_coroutines_that_nobody_awaits_harm_nothing(self):
        async def main():
            import warnings

            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                a, b = cqueues.pair()
                a.readline()
                cqueues.sleep(5)
                cqueues.checkpoint()
                cqueues.Event().wait()
                cqueues.to_thread.run_sync(print)
                gc.collect()
            self.assertTrue(all("never awaited" in str(what.message) for what in caught))
            await a.write(b"x\n")
            self.assertEqual(await (await echo(a, b)), b"x\n")

        async def echo(a, b):
            await a.drain()
            return b.readline()

        cqueues.run(main)

    def test_nothing_needs_the_garbage_collector(self):
        async def child(socket):
            await socket.readline()

        async def main():
            a, b = cqueues.pair()
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(child, b)
                await cqueues.sleep(0.001)
                await a.write(b"x\n")
            with cqueues.move_on_after(0.001):
                await b.readline()
            refs.extend([weakref.ref(a), weakref.ref(b)])

        refs = []
        gc.collect()
        gc.disable()
        try:
            cqueues.run(main)
            self.assertEqual([ref() for ref in refs], [None, None])
        finally:
            gc.enable()

    def test_objects_that_were_never_made_are_collected_quietly(self):
        for make in (
            lambda: cqueues.TLS(certificate="/no/such/file"), lambda: cqueues.Resolver(nameservers=["none"]), lambda: cqueues.watch("/no/such/folder/x"),
            lambda: cqueues.TLS(nonsense=1), lambda: cqueues.Resolver(5), lambda: cqueues.Socket(), lambda: cqueues.Semaphore(-1),
            lambda: cqueues.Watch(), lambda: cqueues.Process(),
        ):
            with self.assertRaises((OSError, ValueError, TypeError)):
                make()
        gc.collect()  # the runner counts what is raised in there as a failure


if __name__ == "__main__":
    unittest.main()
