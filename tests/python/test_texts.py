# SPDX-License-Identifier: MIT
"""Texts that programs hand over: what is refused, and what a refusal says."""

import os
import tempfile
import unittest
from pathlib import Path

import cqueues
from cqueues import records


class Nuls(unittest.TestCase):
    """In C a text ends at its first NUL: "good.test\\0.evil.test" passed a check as a whole, and stood for good.test."""

    def test_no_text_with_a_nul_is_taken_for_what_stands_before_it(self):
        resolver = cqueues.Resolver(nameservers=["[127.0.0.1]:1"], hosts={"a": "192.0.2.1"})
        run, make = cqueues.run_process, cqueues.Resolver
        taking = {
            "connect": lambda: cqueues.connect("127.0.0.1\0.x", 1),
            "listen": lambda: cqueues.listen("127.0.0.1\0.x"),
            "bind": lambda: cqueues.bind("127.0.0.1\0.x"),
            "resolve": lambda: resolver.resolve("a\0.x"),
            "query": lambda: resolver.query("a\0.x"),
            "reverse": lambda: resolver.reverse("192.0.2.1\0x"),
            "type": lambda: records.type_number("MX\0X"),
            "hosts": lambda: make(hosts={"a\0b": "192.0.2.1"}),
            "address": lambda: make(hosts={"a": "192.0.2.1\0"}),
            "nameservers": lambda: make(nameservers=["192.0.2.1\0b"]),
            "root": lambda: make(recursive=True, nameservers=["192.0.2.1\0b"]),
            "search": lambda: make(search=["a\0b"]),
            "option": lambda: make(timeout="1\0b"),
            "name of TLS": lambda: cqueues.TLS(name="a\0b"),
            "alpn": lambda: cqueues.TLS(alpn=("a\0b",)),
            "comma": lambda: cqueues.TLS(alpn=("a,b",)),
            "authorities": lambda: cqueues.TLS(authorities="/etc/ssl/certs\0b"),
            "certificate": lambda: cqueues.TLS(certificate="/dev/null\0b"),
            "watch": lambda: cqueues.watch("/tmp\0b"),
            "argument": lambda: run(["true", "a\0b"]),
            "shell": lambda: run("true\0b"),
            "folder": lambda: run(["true"], cwd="/tmp\0b"),
            "variable": lambda: run(["true"], env={"A": "a\0b"}),
            "its name": lambda: run(["true"], env={"A\0B": "a"}),
            "inspect": lambda: cqueues.inspect("/tmp/x\0b"),
        }

        async def main():
            for what, call in taking.items():
                with self.subTest(what), self.assertRaises(ValueError), cqueues.fail_after(5):
                    made = call()
                    if hasattr(made, "__await__"):
                        await made

        cqueues.run(main)

    def test_a_path_with_a_nul_is_refused_unless_it_is_abstract(self):
        async def main():
            with tempfile.TemporaryDirectory() as folder:
                with self.assertRaises((OSError, ValueError)):
                    await cqueues.listen(path=os.path.join(folder, "a\0b"))
                self.assertEqual(os.listdir(folder), [])

        cqueues.run(main)

    def test_names_of_tasks_may_have_any_character(self):
        async def main():
            async with cqueues.open_nursery() as nursery:
                nursery.start_soon(cqueues.sleep_forever, name="a\0b\udce4")
                await cqueues.sleep(0.01)
                with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "out"), "w+", errors="replace") as out:
                    cqueues.dump(out)
                    out.seek(0)
                    self.assertIn("a", out.read())
                    cqueues.inspect(os.path.join(folder, "socket"))
                    await cqueues.sleep(0.01)
                nursery.cancel_scope.cancel()

        cqueues.run(main)


class Reasons(unittest.TestCase):
    def test_tls_says_which_file_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            broken = Path(folder, "broken.pem")
            broken.write_text("no certificate\n")
            missing = Path(folder, "missing.pem")
            for path in (broken, missing):
                for argument in ("certificate", "authorities"):
                    with self.subTest(path.name, argument=argument), self.assertRaises(OSError) as caught:
                        cqueues.TLS(**{argument: path})
                    self.assertIn(path.name, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
