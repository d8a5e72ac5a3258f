# SPDX-License-Identifier: MIT
"""Runs all tests of DNS: the scenarios, each in a network of its own, and beside them the internet.

    suite.py [WORD...]      only the scenarios and tests whose name has one of the words in it
"""

import concurrent.futures
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import internet
import namespace
from processes import end_with_parent
from scenario import Mistake, Scenario

HERE = Path(__file__).parent
SECONDS = 110
# Scenarios wait more than they work.
AT_ONCE = 3

counts = {"ok": 0, "FAILED": 0, "skip": 0}


def report(verdict, name, said=""):
    counts[verdict] += 1
    print(f"{verdict:<6} {name}{said}", flush=True)


def run(script, *arguments, **environment):
    """The status and the output of one of the programs here; it takes its children with it when it ends."""
    process = subprocess.Popen([sys.executable, str(HERE / script), *arguments], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **environment},
                               text=True, errors="replace", preexec_fn=end_with_parent)
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        output = process.communicate()[0] + f"stopped after {SECONDS} seconds\n"
    return process.returncode, output


# -- Scenarios ---------------------------------------------------------------------------


def play(path):
    status, output = run("liar.py", str(path))
    lines = [f"\n       {line[:1000]}" for line in output.splitlines()[:20]] if status else []
    return "FAILED" if status else "ok", f"scenario {path.stem}", "".join(lines)


# What a client that believes everything gets wrong.
BITES = ["wrong-id", "wrong-address", "wrong-question", "not-a-response", "poisoned-additional", "cname-shuffled",
         "tcp-after-truncation", "pointer-in-rdata"]


def the_scenarios_bite():
    """A client that looks at nothing passes the plain one, and no other of these."""
    believer = f"{sys.executable} {HERE / 'believer.py'}"
    for name in ["plain", *BITES]:
        status, output = run("liar.py", str(HERE / "scenarios" / f"{name}.scenario"), DIG=believer)
        good = status == (name != "plain") and "Traceback" not in output
        name = f"{'passes' if name == 'plain' else 'fails'} {name}"
        report("ok" if good else "FAILED", f"a client that believes everything {name}", "" if good else f": {output}")


HEAD = """# A comment that is long enough to tell what the scenario is about.
nameservers 127.0.0.1
server 127.0.0.1
  on www A
    silence
"""
WHOLE = HEAD + """ask www A
  fails out
  queries 1
  seconds <= 1
"""
REFUSED = [
    ("no outcome", WHOLE.replace("  fails out\n", "")),
    ("no limit of queries", WHOLE.replace("queries 1", "queries >= 1")),
    ("no limit of time", WHOLE.replace("  seconds <= 1\n", "")),
    ("no question", HEAD),
    ("an answer but no rcode", WHOLE.replace("fails out", "answer none")),
    ("no reply", WHOLE.replace("    silence\n", "")),
    ("an unknown word", WHOLE.replace("silence", "reply loudly")),
    ("no comment", WHOLE.partition("\n")[2]),
]


def is_refused(text):
    with tempfile.NamedTemporaryFile("w", suffix=".scenario") as file:
        file.write(text)
        file.flush()
        try:
            Scenario(file.name)
        except Mistake:
            return True
    return False


def half_a_scenario_is_refused():
    """A scenario that asserts nothing, or has a word that nobody knows, is an error and not a success."""
    report("FAILED" if is_refused(WHOLE) else "ok", "a whole scenario is not refused")
    for what, text in REFUSED:
        report("ok" if is_refused(text) else "FAILED", f"a scenario with {what} is refused")


# -- All ------------------------------------------------------------------------------------


def internet_is_missing():
    """Why the tests with the internet cannot run, or None."""
    if internet.missing():
        return f"{', '.join(internet.missing())} not installed"
    if not importlib.util.find_spec("dns"):
        return "dnspython is not installed"
    return None


def count_others(status, output, what):
    """Takes over what the tests with the internet, or with servers, counted."""
    for line in output.splitlines():
        print(line)
        if re.match(r"(ok|FAILED|skip) {1,6}\S", line):
            counts[line.split()[0]] += 1
    if status not in (0, 1) or f"{what}: " not in output:
        report("FAILED", f"the tests with {what} ran to their end: status {status}")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    words = sys.argv[1:]
    scenarios = [path for path in sorted((HERE / "scenarios").glob("*.scenario"))
                 if not words or any(word in path.stem for word in words)]
    if not namespace.command():
        report("skip", "everything: network namespaces are not allowed here")
        return summary()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        beside = None  # the longest first; it shares the processors with the scenarios
        if not words or "internet" in words:
            if reason := internet_is_missing():
                report("skip", f"the library on an internet of its own: {reason}")
            else:
                beside = pool.submit(run, "with_internet.py")
        for verdict, name, said in pool.map(play, scenarios):
            report(verdict, name, said)
        if beside:
            count_others(*beside.result(), "internet")
        if not words or "servers" in words:
            count_others(*run("with_servers.py"), "servers")
        if not words or "tls" in words:
            if shutil.which("openssl"):
                count_others(*run("with_tls.py"), "TLS")
            else:
                report("skip", "name servers over TLS: the openssl program is needed")
        if not words or "glibc" in words:
            count_others(*run("with_glibc.py", os.environ.get("LIBRARY", "build/stage/lib/libcqueues.so.1")), "glibc")
    if not words:
        half_a_scenario_is_refused()
        the_scenarios_bite()
    return summary()


def summary():
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {counts['skip']} skipped")
    return counts["FAILED"] > 0


if __name__ == "__main__":
    sys.exit(main())
