# SPDX-License-Identifier: MIT
"""Each program of docs/python-tutorial.md, run in the order in which they stand there: it prints what the text shows."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30


def blocks():
    """Each program of the text, its name, and what stands below it as its output."""
    text = (ROOT / "docs" / "python-tutorial.md").read_text(encoding="utf-8")
    found = re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", text, re.M | re.S)
    return found, text.count("```python")


class Tutorial(unittest.TestCase):
    def test_each_program_prints_what_the_text_shows(self):
        programs, count = blocks()
        self.assertEqual(len(programs), count, "each block has a name in its first line")
        self.assertGreaterEqual(count, 9)
        with tempfile.TemporaryDirectory() as folder:
            for name, program, wanted in programs:
                with self.subTest(name):
                    Path(folder, name).write_text(program, encoding="utf-8")
                    done = subprocess.run(
                        [sys.executable, "-W", "error::ResourceWarning", "-W", "error::RuntimeWarning", name], cwd=folder,
                        env=dict(os.environ, PYTHONPATH=os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))),
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS,
                    )
                    pattern = re.escape(wanted).replace(r"in\ \.\.\.", r"in\ [0-9.]+s")
                    self.assertRegex(done.stdout, f"\\A{pattern}\\Z")
                    self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
