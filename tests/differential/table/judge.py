# SPDX-License-Identifier: MIT
"""Which outcomes may stand beside each other: the rules for errors, and those of differences.txt."""

import fnmatch
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent.parent / "docs" / "differences.md"

ARGUMENT = re.compile(r"""throws "(?:bad argument #(-?\d+) to|calling) '([^']*)'""")
OF_LUA = re.compile('throws "(attempt to |table index|invalid option|string length|number has no integer|not enough memory"|userdata length)')
CLOSED = re.compile("(socket|cqueue) closed|cqueue running|resolver defunct")
NAMELESS = re.escape("to '?'")  # the original does not know what pcall calls
FRONT = re.compile("unknown DNS (type|class)|only `r' or `w' accepted")


class Rule:
    """A line of differences.txt: what may differ, in which cases, and the row of the document that says why."""

    def __init__(self, line, number):
        fields = [field.strip() for field in line.split(" || ")]
        if len(fields) != 4:
            sys.exit(f"differences.txt:{number}: four fields are needed")
        self.cases, self.original, self.ours, self.row = fields
        self.number, self.used = number, False
        self.patterns = [re.compile(fnmatch.translate(field.replace("[", "[[]")), re.DOTALL) for field in fields[:3]]

    def is_of(self, case):
        return self.patterns[0].match(case)

    def allows(self, *case_original_ours):
        return all(pattern.match(text) for pattern, text in zip(self.patterns, case_original_ours))

    def complaint(self, rows, all_cases_were_run):
        if self.row == "-" and self.original == "hang":
            documented = True
        else:
            documented = any(row.startswith(self.row) for row in rows)
        if not documented:
            return f"docs/differences.md has no row {self.row!r}"
        if all_cases_were_run and not self.used:
            return f"nothing differs so any more: {self.cases}"
        return None


def read_rules():
    lines = (HERE / "differences.txt").read_text().splitlines()
    return [Rule(line, number) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]


def documented_rows():
    """The first cells of the tables of docs/differences.md, and its headings."""
    rows = set()
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith("| "):
            rows.add(line[2:].split(" | ")[0].strip())
        elif line.startswith("#"):
            rows.add(line.lstrip("#").strip())
    return rows


def is_as_it_should_be(case, original, ours, rules):
    """The same, allowed by a rule, or any clean outcome where the original crashes or hangs."""
    same = canonical(case, original, ours)
    if not same or original == "hang":
        for rule in rules:
            if rule.allows(case, original, ours):
                rule.used = True
                return True
    if not is_clean(original):
        return is_clean(ours) and not ours.startswith("ended")
    return same


def is_clean(outcome):
    return not outcome.startswith(("crash", "hang"))


def canonical(case, original, ours):
    """Are the outcomes the same, but for what the wording of an error may be?"""
    first, first_rest = split(thrown(case, original))
    second, second_rest = split(thrown(case, ours))
    if first_rest != second_rest and not re.fullmatch(re.escape(first_rest).replace(NAMELESS, "to '[^']+'"), second_rest, re.DOTALL):
        return False
    return first == second or first.startswith("throws") and second.startswith("throws") and \
        same_error(case, first, second)


def thrown(case, outcome):
    """Methods of the controller that runs are called by pcall, whose results are those of the case."""
    return outcome.replace('returns false, "', 'throws "', 1) if case.startswith("running:") else outcome


def split(outcome):
    """What the call returned or threw, and what it left behind."""
    head, bar, tail = outcome.partition(" | ")
    return head, bar + tail


def same_error(case, first, second):
    """The front of a thrown text must be that of the original, what is in parentheses behind "bad argument #1 to 'f'"
    need not. Errors of Lua itself, and those that name a function behind the one that was called, are errors only."""
    if OF_LUA.match(first):
        return True
    closed = CLOSED.search(first) or CLOSED.search(second)
    if closed:
        return " [closed] " in case or closed[0] in first and closed[0] in second
    front = FRONT.search(first)
    if front:
        return front[0] in second
    argument = ARGUMENT.match(first)
    if not argument:
        return False
    number, function = argument.groups()
    called = re.split("[.:]", case.split(" ", 1)[0])[-1]
    if function.split(".")[-1] != called or number and number.startswith("-"):
        return "thrown by" not in second
    if " self=" in case:
        called = f"(?:{called}|method)"  # such a case calls it by that name
    if number is None:
        return re.match(f"throws \"calling '[^']*{called}' on bad self", second) is not None
    return re.match(f"throws \"bad argument #{number} to '[^']*{called}'", second) is not None
