# SPDX-License-Identifier: MIT
"""The time that an import takes in an interpreter that has just begun: `imports.py cqueues`. Prints milliseconds."""

import sys
import time

begun = time.perf_counter()
__import__(sys.argv[1])
print(f"milliseconds={(time.perf_counter() - begun) * 1e3:.3f}")
