# SPDX-License-Identifier: MIT
"""Runs the suites of other people's packages with our backend of anyio, in a network where nothing leads outside.

    suites.py FOLDER [SUITE...]       FOLDER has their sources, each below its name and version
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "dns"))

import namespace

#: Their plugins for pytest, behind anyio's and ours.
SUITES = {
    "anyio": ("pytest_mock",),
    "httpcore": ("pytest_httpbin.plugin", "pytest_trio.plugin"),
    "httpx": (),
    "starlette": (),
}
#: getaddrinfo(3) with AI_ADDRCONFIG wants addresses that are not the loopback interface's, and a test a link-local one.
ADDRESSES = ("192.0.2.7/24", "2001:db8::7/64", "fe80::7/64")


def quiet_network(work):
    """Addresses, no name server that answers, and no names of the machine's own."""
    for address in ADDRESSES:
        more = ["nodad"] if ":" in address else []
        subprocess.run(["ip", "address", "add", address, "dev", "lo", *more], check=True)
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("hosts", "127.0.0.1 localhost\n::1 localhost\n")):
        path = work / name
        path.write_text(text)
        subprocess.run(["mount", "--bind", str(path), f"/etc/{name}"], check=True)


def known_failures(suite):
    """The tests that fail, by their names."""
    found = set()
    for line in (HERE / "known.txt").read_text().splitlines():
        words = line.split(None, 3)
        if words and words[0] == suite and (words[2] == "-" or os.geteuid() == 0):
            found.add(words[1])
    return found


def outcomes(folder, suite, plugins, work):
    """What came of each test: "passed", "failed" or "skipped"; and what pytest said."""
    report = work / f"{suite}.outcomes"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-o", "timeout=30", "-q", "--tb=short", "-p", "no:cacheprovider"]
    for plugin in ("anyio", "on_cqueues", "timeout", *plugins):
        command += ["-p", plugin]
    environment = {
        **os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1", "CQUEUES_OUTCOMES": str(report),
        "PYTHONPATH": f"{ROOT / 'bindings' / 'python'}:{HERE}",
    }
    command += ["-k", "cqueues", "tests"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    (work / f"{suite}.log").write_text(ran.stdout + ran.stderr)
    found = {}
    if report.exists():
        for line in report.read_text().splitlines():
            outcome, test = line.split(" ", 1)
            if found.get(test) != "failed":  # of its set-up, call and end one is enough
                found[test] = outcome
    return found, ran


def judge(suite, folder, plugins, work):
    """Prints what was not expected. How many passed, failed and were skipped."""
    found, ran = outcomes(folder, suite, plugins, work)
    known, failed = known_failures(suite), 0
    if ran.returncode not in (0, 1) or not found:
        print(f"FAILED {suite}: pytest ended with {ran.returncode}\n       " + "\n       ".join((ran.stdout + ran.stderr).splitlines()[-15:]))
        failed += 1
    for test, outcome in found.items():
        if outcome == "failed" and test not in known:
            print(f"FAILED {suite}: {test}")
            failed += 1
        if outcome == "passed" and test in known:
            print(f"FAILED {suite}: {test}: passes, although known.txt says that it does not")
            failed += 1
    for test in sorted(known - set(found)):
        print(f"FAILED {suite}: {test}: known.txt names it, and there is none")
        failed += 1
    passed = sum(outcome == "passed" for outcome in found.values())
    skipped = sum(outcome == "skipped" for outcome in found.values()) + sum(found.get(test) == "failed" for test in known)
    print(f"{'ok' if not failed else 'FAILED':<6} {folder.name}: {passed} pass, {failed} fail, {skipped} are skipped or known to fail", flush=True)
    return passed, failed, skipped


def main():
    namespace.enter()
    work = Path(sys.argv[1]).resolve()
    quiet_network(work)
    sums = [0, 0, 0]
    for suite, plugins in SUITES.items():
        if sys.argv[2:] and suite not in sys.argv[2:]:
            continue
        folders = [path for path in work.glob(f"{suite}-*") if path.is_dir()]
        if len(folders) != 1:
            print(f"FAILED {suite}: its source is not in {work}, or more than once")
            sums[1] += 1
            continue
        sums = [a + b for a, b in zip(sums, judge(suite, folders[0], plugins, work))]
    print(f"{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")
    return sums[1] > 0


if __name__ == "__main__":
    sys.exit(main())
