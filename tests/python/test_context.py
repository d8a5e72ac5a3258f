# SPDX-License-Identifier: MIT
"""Context variables of tasks and threads, and tasks that are started in a scope that has ended."""

import contextvars
import unittest

import cqueues

variable = contextvars.ContextVar("variable", default="none")


class Contexts(unittest.TestCase):
    def test_each_task_has_a_copy_of_its_starters_variables(self):
        seen = {}

        async def child(name):
            seen[name] = [variable.get()]
            variable.set(name)
            await cqueues.sleep(0.001)
            seen[name].append(variable.get())

        async def main():
            variable.set("main")
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(child, "a")
                variable.set("later")
                nursery.start_soon(child, "b")
            return variable.get()

        self.assertEqual(cqueues.run(main), "later")
        self.assertEqual(seen, {"a": ["main", "a"], "b": ["later", "b"]})
        self.assertEqual(variable.get(), "none")

    def test_threads_have_them_and_give_them_back_to_the_loop(self):
        async def look():
            await cqueues.checkpoint()
            return variable.get()

        def work():
            found = [variable.get()]
            variable.set("thread")
            return found + [cqueues.from_thread.run(look), cqueues.from_thread.run_sync(variable.get)]

        async def main():
            variable.set("task")
            found = await cqueues.to_thread.run_sync(work)
            return found, variable.get()

        self.assertEqual(cqueues.run(main), (["task", "thread", "thread"], "task"))


class LateStart(unittest.TestCase):
    def test_a_task_of_an_ended_scope_runs_to_its_first_wait_that_no_shield_covers(self):
        steps = []

        async def late(name):
            steps.append(f"{name} begins")
            with cqueues.CancelScope(shield=True):
                await cqueues.sleep(0.001)
                steps.append(f"{name} cleans up")
            with cqueues.move_on_after(10) as scope:
                await cqueues.sleep(10)
            steps.append(f"{name} goes on {scope.cancelled_caught}")

        async def main():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(late, "before")
                nursery.cancel_scope.cancel()
                nursery.start_soon(late, "after")
                await cqueues.checkpoint()

        cqueues.run(main)
        self.assertEqual(sorted(steps), sorted(f"{n} {what}" for n in ("before", "after") for what in ("begins", "cleans up")))

    def test_a_nursery_in_such_a_task_ends_too(self):
        ended = []

        async def inner(name):
            try:
                await cqueues.sleep_forever()
            finally:
                ended.append(name)

        async def late():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(inner, 1)
                nursery.start_soon(inner, 2)

        async def main():
            for _ in range(50):
                async with cqueues.open_nursery() as nursery:
                    nursery.cancel_scope.cancel()
                    nursery.start_soon(late)

        cqueues.run(main)
        self.assertEqual(sorted(ended), [1] * 50 + [2] * 50)


if __name__ == "__main__":
    unittest.main()
