# SPDX-License-Identifier: MIT
"""Runs every check on the original and then on ours, in a network where nothing leads outside.

    clients.py WORK [WORD...]       only the checks that have all the words in their line
"""

import concurrent.futures
import subprocess
import sys
import traceback
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[1:1] = [str(TESTS), str(TESTS / "dns")]

import harness
import namespace
import programs
import with_kresd  # noqa: F401 pylint: disable=unused-import
import with_lua_http  # noqa: F401 pylint: disable=unused-import
import with_prosody  # noqa: F401 pylint: disable=unused-import

# A check waits about as often as it works.
AT_ONCE = 4

counts = {"ok": 0, "FAILED": 0, "skip": 0}


def report(verdict, name, said=""):
    counts[verdict] += 1
    print(f"{verdict:<6} {name}{said}", flush=True)


def quiet_network():
    """One name server, on the loopback interface, and no names of the machine's own."""
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("hosts", "127.0.0.1 localhost\n::1 localhost\n")):
        path = harness.WORK / name
        path.write_text(text)
        subprocess.run(["mount", "--bind", str(path), f"/etc/{name}"], check=True)


def why(error):
    """What a failure said, in a few lines."""
    where = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in where if Path(frame.filename).parent == Path(__file__).parent]
    line = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}: " if ours else ""
    return line + (str(error) or type(error).__name__)[-1500:]


def judge(check, lua):
    """The verdict about one check with one interpreter, and what was said about it."""
    try:
        ours = harness.side(harness.OURS, lua, check)
        check.run(harness.side(harness.ORIGINAL, lua, check))
    except programs.Skip as reason:
        return "skip", f": {reason}"
    except Exception as error:  # pylint: disable=broad-except
        return "skip", f": fails on the original, too: {why(error).splitlines()[0][:300]}"
    try:
        check.run(ours)
    except Exception as error:  # pylint: disable=broad-except
        return "FAILED", "".join(f"\n       {line}" for line in why(error).splitlines())
    return "ok", ""


def main():
    namespace.enter()
    quiet_network()
    harness.prepare()
    words = sys.argv[2:]
    jobs = []
    for check in harness.CHECKS:
        for lua in check.interpreters:
            name = f"{lua}: {check.title}"
            if not words or all(word in name for word in words):
                jobs.append((name, check, lua))
    jobs.sort(key=lambda job: -job[1].seconds)  # the longest first
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [(name, pool.submit(judge, check, lua)) for name, check, lua in jobs]
        for name, future in running:
            verdict, said = future.result()
            report(verdict, name, said)
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {counts['skip']} skipped")
    return counts["FAILED"] > 0


if __name__ == "__main__":
    sys.exit(main())
