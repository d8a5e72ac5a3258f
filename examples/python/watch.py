# SPDX-License-Identifier: MIT
"""Shows the lines that are added to files, as `tail -F` does: also when a file is renamed, replaced, cut, or not there yet.

    python3 watch.py FILE...
"""

import os
import sys

import cqueues


class Follower:
    """A file, the part of it that was shown, and a line that has no end yet."""

    def __init__(self, path):
        self.path, self.file, self.rest = path, None, b""

    def open(self, at_end=False):
        """Opens what has the name now, unless it is the file that is open already."""
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return False
        if self.file is not None and os.path.samestat(os.fstat(self.file.fileno()), there):
            return False
        self.show()  # what was written under the old name comes first
        self.close()
        self.file = open(self.path, "rb")
        if at_end:
            self.file.seek(0, os.SEEK_END)
        return True

    def show(self):
        """Shows what was added to the file that is open."""
        if self.file is None:
            return
        if os.fstat(self.file.fileno()).st_size < self.file.tell():
            self.tell("was cut")
            self.file.seek(0)
        *lines, self.rest = (self.rest + self.file.read()).split(b"\n")
        for line in lines:
            print(f"{self.path}: {line.decode(errors='replace')}", flush=True)

    def tell(self, what):
        print(f"{self.path} {what}", file=sys.stderr, flush=True)

    def close(self):
        if self.file is not None:
            self.file.close()
        self.file, self.rest = None, b""


async def follow(path):
    follower = Follower(path)
    with cqueues.watch(path) as changes:  # from here on nothing is missed
        follower.open(at_end=True)
        follower.tell("is watched")
        try:
            async for _name, _change in changes:
                follower.show()
                if follower.open():
                    follower.tell("is a new file")
                    follower.show()
        finally:
            follower.close()


async def main(paths):
    async with cqueues.open_nursery() as nursery:
        for path in paths:
            nursery.start_soon(follow, path)


try:
    cqueues.run(main, sys.argv[1:])
except KeyboardInterrupt:
    pass
