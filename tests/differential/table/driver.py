# SPDX-License-Identifier: MIT
"""Runs cases.lua on the original and on ours and compares what came of each case.

A case whose process dies, or that makes no progress for HANG_SECONDS, is run once more by itself; what then comes of
it is its outcome: "crash: ...", "hang". Behind it the others go on. `differences.txt` says which outcomes may differ.
"""

import argparse
import concurrent.futures
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "dns")]
import judge  # noqa: E402
import namespace  # noqa: E402

INTERPRETERS = ["lua5.1", "luajit", "lua5.2", "lua5.3", "lua5.4", "lua5.5"]
REFERENCES = {"lua5.5": "lua5.4"}  # the original does not know it
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
    own = ("LUA_PATH", "LUA_CPATH", "LUA_INIT")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


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


def isolate():
    """Puts files of ours in the place of the machine's resolver configuration, inside our own mounts."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in CONFIGURATION.items():
            path = pathlib.Path(directory, name)
            path.write_text(text)
            target = pathlib.Path("/etc", name)
            if target.exists():
                subprocess.run(["mount", "--bind", str(path), str(target)], check=True)


def subjects_of_interest(named):
    return named or sorted(path.stem for path in (HERE / "subjects").glob("*.lua"))


def sides_of(interpreters, prefix, scratch):
    """Both sides of each interpreter that is installed with the original; the names of the others."""
    sides, missing = {}, []
    for interpreter in interpreters:
        reference = REFERENCES.get(interpreter, interpreter)
        original = Side(reference, clean_environment())
        probe = [reference, "-e", 'require "cqueues"']
        if shutil.which(interpreter) and subprocess.run(
                probe, env=original.environment, capture_output=True, check=False).returncode == 0:
            sides[interpreter] = {"original": original, "ours": ours(interpreter, prefix, scratch)}
        else:
            missing.append(interpreter)
    return sides, missing


def run_all(sides, subjects, rules):
    """Outcomes and notes of each interpreter, subject and side."""
    never_end = [rule for rule in rules if rule.original == "hang"]

    def hangs(case):
        return any(rule.is_of(case) for rule in never_end)

    def job(interpreter, subject, name):
        notes = []
        known = hangs if name == "original" else lambda case: False
        return run_subject(sides[interpreter][name], subject, known, notes), notes

    keys = [(interpreter, subject, name) for interpreter in sides for subject in subjects
            for name in ("original", "ours")]
    with concurrent.futures.ThreadPoolExecutor(
            max_workers=max(2, os.cpu_count() or 2), initializer=namespace.leave_for_own_network) as pool:
        return dict(zip(keys, pool.map(lambda key: job(*key), keys)))


def as_the_reference_says(text):
    """An outcome on a version that the original does not know, as the version that stands for it would tell it."""
    text = text.replace('throws "<no error object>"', "throws nil")  # error(nil), since 5.5
    return text.replace("9007199254740992.0", "9.007199254741e+15")  # tostring of a float, since 5.5


def tell(interpreter, differences):
    """Cases that differ in the same way are told together."""
    for (function, original, our), cases in differences.items():
        more = f" and {len(cases) - 6} more" if len(cases) > 6 else ""
        print(f"FAILED {interpreter} {function}: {', '.join(cases[:6])}{more}")
        print(f"         original {original}\n         ours     {our}")


def compare(interpreter, subjects, results, rules):
    """How many cases are as they should be, and how many not, which are told."""
    passed = failed = 0
    differences = {}
    for subject in subjects:
        original, their_notes = results[interpreter, subject, "original"]
        mine, my_notes = results[interpreter, subject, "ours"]
        if interpreter in REFERENCES:
            mine = {case: as_the_reference_says(text) for case, text in mine.items()}
        for note in their_notes:
            print(f"note   {interpreter} original: {note}")
        for note in my_notes:
            print(f"FAILED {interpreter} ours: {note}")
        failed += len(my_notes)
        for case in original | mine:
            pair = original.get(case, "no such case"), mine.get(case, "no such case")
            if judge.is_as_it_should_be(case, *pair, rules):
                passed += 1
            else:
                failed += 1
                function, rest = case.split(" [", 1)
                differences.setdefault((function, *pair), []).append("[" + rest)
    tell(interpreter, differences)
    print(f"{interpreter}: {passed} as they should be, {failed} not")
    return passed, failed


def save(directory, results):
    for (interpreter, subject, name), (outcomes, _) in results.items():
        path = pathlib.Path(directory, f"{interpreter}.{subject}.{name}")
        path.write_text("".join(f"{case}\t{text}\n" for case, text in outcomes.items()))


def main():
    parser = argparse.ArgumentParser(description="Compares calls on the original and on ours.")
    parser.add_argument("--subject", action="append", help="a file of subjects/, without .lua")
    parser.add_argument("--save", metavar="DIRECTORY", help="write all outcomes below this directory")
    parser.add_argument("interpreters", nargs="*", default=INTERPRETERS)
    options = parser.parse_args()
    namespace.enter()
    isolate()

    subjects, rules = subjects_of_interest(options.subject), judge.read_rules()
    with tempfile.TemporaryDirectory(prefix="cqueues-table-") as scratch:
        sides, missing = sides_of(options.interpreters, os.environ["OURS_PREFIX"], pathlib.Path(scratch))
        results = run_all(sides, subjects, rules)
    for interpreter in missing:
        print(f"skip   {interpreter}: it or the original is not installed")
    if options.save:
        save(options.save, results)
    passed = failed = 0
    for interpreter in sides:
        good, bad = compare(interpreter, subjects, results, rules)
        passed, failed = passed + good, failed + bad
    rows = judge.documented_rows()
    for rule in rules:
        complaint = rule.complaint(rows, set(INTERPRETERS) <= set(sides) and not options.subject)
        if complaint:
            print(f"FAILED differences.txt:{rule.number}: {complaint}")
            failed += 1
    print(f"table: {passed} passed, {failed} failed, {len(missing)} skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
