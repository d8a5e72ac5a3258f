# SPDX-License-Identifier: MIT
"""The tests of properties.py, where Hypothesis is there to make their inputs."""

import importlib.util
import unittest

if importlib.util.find_spec("hypothesis"):
    from properties import Addresses, Records, Streams  # noqa: F401
else:

    class Properties(unittest.TestCase):
        def test_the_parsers_take_whatever_comes(self):
            self.skipTest("no hypothesis (tests/python/run.sh --fetch)")
