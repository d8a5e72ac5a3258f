# SPDX-License-Identifier: MIT
"""The program `dig` of the examples: driving it, and reading what it prints."""

import os
import re
import shlex
import subprocess

DIG = shlex.split(os.environ.get("DIG", "build/dns/dig"))


class Packet:
    """What one question printed: outcome, the sections, and all of the text."""

    def __init__(self, text, error=""):
        self.text, self.error = text, error
        self.rcode = None
        self.sections = {"QUESTION": [], "ANSWER": [], "AUTHORITY": [], "ADDITIONAL": []}
        section = None
        for line in text.splitlines():
            if found := re.match(r";;\s*rcode : (\w+)\(", line):
                self.rcode = found[1]
            elif found := re.match(r";; \[(QUESTION|ANSWER|AUTHORITY|ADDITIONAL):\d+\]", line):
                section = self.sections[found[1]]
            elif section is not None and line and not line.startswith(";;"):
                section.append(line.removeprefix(";"))

    @property
    def answer(self):
        return self.sections["ANSWER"]


def start(arguments, **options):
    """`dig` that reads its questions line by line; after each it prints a line that begins with `;; asked`."""
    return subprocess.Popen([*DIG, *arguments, "--batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **options)


def batch(arguments, asked, seconds):
    """Asks all, one after another; returns a packet for each, and what was printed behind the last."""
    text = "".join(f"{name} {kind}\n" for name, kind in asked)
    result = subprocess.run([*DIG, *arguments, "--batch", "-"], input=text.encode(), capture_output=True,
                            timeout=seconds, check=False)
    errors = {}
    for line in result.stderr.decode(errors="replace").splitlines():
        if found := re.match(r"dig: (\S+) (\S+): (.*)", line):
            errors[found[1], found[2]] = found[3]
    assert result.returncode in (0, 1), f"dig ended with {result.returncode}: {result.stderr[-500:]}"
    *told, rest = re.split(r"^;; asked .*\n", result.stdout.decode(errors="replace"), flags=re.MULTILINE)
    assert len(told) == len(asked), f"{len(told)} outcomes of {len(asked)} questions: {result.stderr[-500:]}"
    return [Packet(part, errors.get(pair, "")) for part, pair in zip(told, asked)], rest
