# SPDX-License-Identifier: MIT
"""Makes a program that shows a difference smaller, until no operation can be left out any more."""


def shrink(numbers, differs):
    """`differs(without)` tells whether the program shows the difference if these operations are left out. Returns the
    largest set found: first halves of what is left are tried, then ever smaller pieces, at last single operations,
    until none of these can go."""
    left = list(numbers)
    dropped = frozenset()
    size = max(1, len(left) // 2)
    while left:
        removed = False
        start = 0
        while start < len(left):
            candidate = dropped | frozenset(left[start:start + size])
            if differs(candidate):
                dropped = candidate
                del left[start:start + size]
                removed = True
            else:
                start += size
        if size == 1 and not removed:
            break
        size = max(1, size // 2)
    return dropped
