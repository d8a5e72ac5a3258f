# SPDX-License-Identifier: MIT
"""Runs cases.lua on the original and on ours and compares what came of each case.

    driver.py [--show] [--only PATTERN] [INTERPRETER...]

A case whose process dies, or that makes no progress for HANG_SECONDS, is run once more by itself; what then comes of
it is its outcome: "crash: ...", "hang". Behind it the others go on. `differences.txt` says which outcomes may differ.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "dns"))
import namespace  # noqa: E402

INTERPRETERS = ["lua5.1", "luajit", "lua5.2", "lua5.3", "lua5.4"]
HANG_SECONDS = 1.5
SIGNALS_OF_A_CRASH = (4, 6, 7, 8, 11)
CONFIGURATION = {
    "resolv.conf": "nameserver 127.0.0.1\nsearch example.test\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n127.0.0.9 nine.test nine\n",
    "nsswitch.conf": "hosts: files dns\n",
}


class Side:
    """One implementation on one interpreter: the command and the environment that runs it."""

    def __init__(self, interpreter, environment):
        self.interpreter = interpreter
        self.environment = environment


def version_of(interpreter):
    return "5.1" if interpreter == "luajit" else interpreter[3:]


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith(("LUA_PATH", "LUA_CPATH", "LUA_INIT"))}


def ours(interpreter, prefix, scratch):
    """Beside ours, luaossl and nothing else: what is missing in ours must not be found elsewhere."""
    version = version_of(interpreter)
    beside = scratch / version
    beside.mkdir(exist_ok=True)
    for module in [*pathlib.Path(f"/usr/share/lua/{version}").glob("openssl*"),
                   *pathlib.Path("/usr/lib").glob(f"*/lua/{version}/_openssl.so")]:
        link = beside / module.name
        if not link.exists():
            link.symlink_to(module)
    environment = clean_environment()
    environment["LUA_PATH"] = f"{prefix}/share/lua/{version}/?.lua;{beside}/?.lua"
    environment["LUA_CPATH"] = f"{prefix}/lib/lua/{version}/?.so;{beside}/?.so"
    return Side(interpreter, environment)


class Child:
    """A process that runs cases from `first` on; its lines, and how it ended."""

    def __init__(self, side, subject, first, count=None):
        self.reading, writing = os.pipe()
        command = [side.interpreter, str(HERE / "cases.lua"), subject, f"/dev/fd/{writing}", str(first)]
        if count:
            command.append(str(count))
        self.directory = tempfile.mkdtemp(prefix="cqueues-table-")
        environment = {**side.environment, "CASES_DIRECTORY": self.directory}
        self.process = subprocess.Popen(
            command, env=environment, pass_fds=(writing,), cwd=self.directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        os.close(writing)
        self.rest = b""

    def lines(self):
        """Each line; None when none has come for a while."""
        while True:
            ready, _, _ = select.select([self.reading], [], [], HANG_SECONDS)
            if not ready:
                yield None
                return
            data = os.read(self.reading, 1 << 16)
            if not data:
                return
            *complete, self.rest = (self.rest + data).split(b"\n")
            for line in complete:
                yield line.decode("latin-1")

    def end(self, kill=False):
        """How the process ended: its status, and the last thing it said."""
        if kill:
            self.process.kill()
        os.close(self.reading)
        try:
            _, errors = self.process.communicate(timeout=HANG_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, errors = self.process.communicate()
        shutil.rmtree(self.directory, ignore_errors=True)
        return self.process.returncode, errors.decode("latin-1").strip().split("\n")[-1]


def ending(status, errors):
    if status < 0 and -status in SIGNALS_OF_A_CRASH:
        return f"crash: signal {-status}"
    if status < 0:
        return f"ended by signal {-status}"
    return f"ended with status {status}: {errors}"


def run_alone(side, subject, number):
    child = Child(side, subject, number, 1)
    result, hung, finished = None, False, False
    for line in child.lines():
        if line is None:
            hung = True
        elif line.startswith("end "):
            result = line[4:]
        elif line == "done":
            finished = True
    status, errors = child.end(kill=hung)
    if hung:
        return "hang"
    if not finished or status != 0:
        return ending(status, errors)
    return result


def run_subject(side, subject, hangs, notes):
    """The outcome of each case of the subject, by name. `hangs(name)`: is the case known never to end here?"""
    outcomes, first, trouble = {}, 1, 0
    while first:
        child = Child(side, subject, first)
        again, name, number, hung, finished = None, None, first, False, False
        for line in child.lines():
            if line is None:
                hung = True
            elif line.startswith("begin "):
                _, number, name = line.split(" ", 2)
                number = int(number)
                if hangs(name):
                    outcomes[name] = "hang"
                    hung = "known"
                    break
            elif line.startswith("end "):
                outcomes[name] = line[4:]
            elif line.startswith("again "):
                again = int(line[6:])
            elif line == "done":
                finished = True
        status, errors = child.end(kill=bool(hung))
        if hung == "known":
            first = number + 1
        elif again:
            first = again
        elif finished:
            if status != 0:
                notes.append(f"{subject}: at its end {ending(status, errors)}")
            first = None
        elif name is None:
            notes.append(f"{subject}: does not start: {ending(status, errors)}")
            first = None
        else:
            batch = "hang" if hung else ending(status, errors)
            if name in outcomes:
                notes.append(f"{subject}: {batch} behind {name}")
            else:
                outcomes[name] = run_alone(side, subject, number)
                if not outcomes[name].startswith(("crash", "hang", "ended")):
                    notes.append(f"{subject}: {batch} in {name}, which alone {outcomes[name]}")
            first = number + 1
    return outcomes


class Rule:
    """A line of differences.txt: what may differ, in which cases, and the row that says why."""

    def __init__(self, line, number):
        fields = [field.strip() for field in line.split(" || ")]
        if len(fields) != 4:
            sys.exit(f"differences.txt:{number}: four fields are needed")
        self.cases, self.original, self.ours, self.row = fields
        self.number, self.used = number, False
        self.case_pattern = re.compile(fnmatch.translate(escape(self.cases)))
        self.original_pattern = re.compile(fnmatch.translate(escape(self.original)))
        self.ours_pattern = re.compile(fnmatch.translate(escape(self.ours)))

    def allows(self, name, original, our):
        return (self.case_pattern.match(name) and self.original_pattern.match(original)
                and self.ours_pattern.match(our))


def escape(pattern):
    """Brackets stand for themselves."""
    return pattern.replace("[", "[[]")


def read_rules():
    rules = []
    for number, line in enumerate((HERE / "differences.txt").read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            rules.append(Rule(line, number))
    return rules


def known_rows(document):
    """The first cells of the tables of docs/differences.md, and its headings."""
    rows = set()
    for line in document.read_text().splitlines():
        if line.startswith("| "):
            rows.add(line[2:].split(" | ")[0].strip())
        elif line.startswith("#"):
            rows.add(line.lstrip("#").strip())
    return rows


def isolate():
    """Puts files of ours in the place of the machine's resolver configuration, inside our own mounts."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in CONFIGURATION.items():
            path = pathlib.Path(directory, name)
            path.write_text(text)
            target = pathlib.Path("/etc", name)
            if target.exists():
                subprocess.run(["mount", "--bind", str(path), str(target)], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--save", help="write all outcomes below this directory")
    parser.add_argument("--subject", action="append")
    parser.add_argument("interpreters", nargs="*", default=INTERPRETERS)
    options = parser.parse_args()
    prefix = os.environ["OURS_PREFIX"]
    namespace.enter()
    isolate()

    subjects = options.subject or sorted(path.stem for path in (HERE / "subjects").glob("*.lua"))
    rules = read_rules()
    hang_rules = [rule for rule in rules if rule.original == "hang"]
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="cqueues-table-") as scratch:
        scratch = pathlib.Path(scratch)
        jobs = {}
        with concurrent.futures.ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
            for interpreter in options.interpreters:
                original = Side(interpreter, clean_environment())
                if not shutil.which(interpreter):
                    print(f"skip   {interpreter}: not installed")
                    skipped += 1
                    continue
                probe = subprocess.run([interpreter, "-e", 'require "cqueues"'], env=original.environment,
                                       capture_output=True, check=False)
                if probe.returncode != 0:
                    print(f"skip   {interpreter}: the original is not available")
                    skipped += 1
                    continue
                for subject in subjects:
                    for name, side in (("original", original), ("ours", ours(interpreter, prefix, scratch))):
                        notes = []
                        hangs = ((lambda case: any(rule.case_pattern.match(case) for rule in hang_rules))
                                 if name == "original" else (lambda case: False))
                        jobs[interpreter, subject, name] = (
                            pool.submit(run_subject, side, subject, hangs, notes), notes)
            for (interpreter, subject, name), (job, notes) in jobs.items():
                job.result()
        for interpreter in options.interpreters:
            good = bad = 0
            for subject in subjects:
                if (interpreter, subject, "ours") not in jobs:
                    continue
                theirs, their_notes = (jobs[interpreter, subject, "original"][0].result(), jobs[interpreter, subject, "original"][1])
                mine, my_notes = (jobs[interpreter, subject, "ours"][0].result(), jobs[interpreter, subject, "ours"][1])
                for note in my_notes:
                    print(f"FAILED {interpreter} ours: {note}")
                    bad += 1
                for note in their_notes:
                    print(f"note   {interpreter} original: {note}")
                if options.save:
                    for name, outcomes in (("original", theirs), ("ours", mine)):
                        path = pathlib.Path(options.save, f"{interpreter}.{subject}.{name}")
                        path.write_text("".join(f"{case}\t{text}\n" for case, text in outcomes.items()))
                for case in theirs | mine:
                    verdict = judge(case, theirs.get(case, "no such case"), mine.get(case, "no such case"), rules)
                    if verdict is None:
                        good += 1
                    else:
                        bad += 1
                        print(f"FAILED {interpreter} {case}\n         original {theirs.get(case)}\n         ours     {mine.get(case)}")
            print(f"{interpreter}: {good} as they should be, {bad} not")
            passed += good
            failed += bad
    rows = known_rows(HERE.parent.parent.parent / "docs" / "differences.md")
    for rule in rules:
        if not rule.used and not options.subject:
            print(f"FAILED differences.txt:{rule.number}: nothing differs so any more: {rule.cases}")
            failed += 1
        if not any(row.startswith(rule.row) for row in rows) and not (rule.row == "-" and rule.original == "hang"):
            print(f"FAILED differences.txt:{rule.number}: docs/differences.md has no row {rule.row!r}")
            failed += 1
    print(f"table: {passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0)


def canonical(case, original, our):
    """Both outcomes, without what the wording of an error may be: what is in the parentheses of "bad argument #1 to 'f'
    (...)", errors of Lua itself, and numbers of arguments where the original tells those of a function behind f."""
    called = re.split("[.:]", case.split(" ", 1)[0])[-1]
    first, first_rest = split(original)
    second, second_rest = split(our)
    if first.startswith("throws") and second.startswith("throws"):
        if OF_LUA.match(first):
            first = second = "throws"
        state = CLOSED.search(first) or CLOSED.search(second)
        unknown = UNKNOWN.search(first)
        if state and (state[0] in first and state[0] in second or " [closed] " in case):
            first = second = "throws " + state[0]
        elif unknown and unknown[0] in second:
            first = second = "throws " + unknown[0]
        argument = ARGUMENT.match(first)
        if argument:
            number, function = argument.groups()
            inner = function.split(".")[-1] != called or number and number.startswith("-")
            if inner and "thrown by" not in second:
                return "throws" + first_rest, "throws" + second_rest
            pattern = "bad argument" if inner else f"bad argument #{number} to '[^']*{called}'"
            closed = "closed" in first
            first = "throws " + pattern + " closed" * closed
            if re.match(f'throws "{pattern}', second):
                second = "throws " + pattern + " closed" * ("closed" in second)
    return first + first_rest, second + second_rest


def split(text):
    head, bar, tail = text.partition(" | ")
    return head, bar + tail


ARGUMENT = re.compile(r"""throws "(?:bad argument #(-?\d+) to|calling) '([^']*)'""")
CLOSED = re.compile("(socket|cqueue) closed|resolver defunct")
UNKNOWN = re.compile("unknown DNS (type|class)|only `r' or `w' accepted")
OF_LUA = re.compile('throws "(attempt to |table index|invalid option|string length|number has no integer)')


def judge(case, original, our, rules):
    """None if the outcomes may be as they are."""
    first, second = canonical(case, original, our)
    if first != second or original == "hang":
        for rule in rules:
            if rule.allows(case, original, our):
                rule.used = True
                return None
    if first == second and original != "hang" and not original.startswith("crash"):
        return None
    if original.startswith(("crash", "hang")) and not our.startswith(("crash", "hang", "ended")):
        return None
    return "differs"


if __name__ == "__main__":
    main()
