# SPDX-License-Identifier: MIT
"""What the checks share: the two libraries, starting and ending programs, and comparing.

A check is a function marked `@check(...)`; its name is a sentence. It is given a `Side`: one of the two libraries,
with one interpreter, and starts its programs through that.
"""

import contextlib
import ctypes
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import programs
from programs import read_until

HERE = Path(__file__).parent
TESTS = HERE.absolute().parent
WORK = Path(sys.argv[1]).absolute()
PREFIX = Path(os.environ["PREFIX"]).resolve()
CERTIFICATES = WORK / "certificates"
SECONDS = 10

ORIGINAL, OURS = "original", "ours"
INTERPRETERS = ["lua5.1", "luajit", "lua5.2", "lua5.3", "lua5.4", "lua5.5"]
# The original does not know this one: with 5.4 it says what is right.
NEW = "lua5.5"
CHECKS = []


class Check:
    def __init__(self, run, interpreters, seconds):
        self.run, self.interpreters, self.seconds = run, interpreters, seconds
        self.title = run.__name__.replace("_", " ")


def check(interpreters=tuple(INTERPRETERS), seconds=1):
    """Marks a check. `seconds` is what it takes about, so that the longest begin first."""

    def mark(function):
        CHECKS.append(Check(function, interpreters, seconds))
        return function

    return mark


# -- The libraries -----------------------------------------------------------------------

SHARE, LIB = Path("/usr/share/lua"), Path("/usr/lib")
# Of what lua-http needs, Debian has these pure Lua modules below 5.1 only, or below 5.1 and 5.2.
PURE = ["basexx.lua", "binaryheap.lua", "fifo.lua", "http", "lpeg_patterns"]


# What tests/lua55/modules.sh makes.
NEW_MODULES = TESTS.parent / "build/lua-5.5/modules"

# Programs that have an interpreter in them, or choose one.
INSIDE = {"kresd": "luajit", "prosody": "lua5.4"}


def version_of(lua):
    lua = INSIDE.get(lua, lua)
    return "5.1" if lua == "luajit" else lua[3:]


def link(folder, source):
    target = folder / source.name
    if source.exists() and not target.is_symlink():
        target.symlink_to(source)


def prepare():
    """Lays two folders of modules for each Lua: `modules`, all that Debian has but cqueues, and `original`, Debian's
    cqueues. A program finds the first, and the second or what is below PREFIX, and nothing else."""
    shutil.rmtree(WORK / "lua", ignore_errors=True)
    for version in sorted({version_of(lua) for lua in INTERPRETERS}):
        modules, original = [WORK / "lua" / name / version for name in ("modules", ORIGINAL)]
        for folder in (modules, original):
            folder.mkdir(parents=True)
        for source in sorted([*SHARE.glob(f"{version}/*"), *LIB.glob(f"*/lua/{version}/*")]):
            is_cqueues = source.name.split(".")[0] in ("cqueues", "_cqueues")
            if source.is_dir() and (modules / source.name).is_symlink():
                merge(modules / source.name, source)  # a folder of Lua and one of C, as those of LuaSocket
            else:
                link(original if is_cqueues else modules, source)
        for name in PURE:
            link(modules, SHARE / "5.1" / name)
        for source in sorted(NEW_MODULES.glob("*")) if version == version_of(NEW) else ():
            link(modules, source)


def merge(folder, source):
    """Makes the folder one of links to what it links to now and to what is in `source`."""
    if folder.is_symlink():
        before = folder.resolve()
        folder.unlink()
        merge(folder, before)
    folder.mkdir(exist_ok=True)
    for each in source.iterdir():
        if each.is_dir():
            merge(folder / each.name, each)
        else:
            link(folder, each)


PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


def need(program):
    programs.need(program, PATH)


def environment(library, lua):
    version = version_of(lua)
    modules, original = [WORK / "lua" / name / version for name in ("modules", ORIGINAL)]
    if library == ORIGINAL:
        share = lib = original
    else:
        share, lib = PREFIX / "share/lua" / version, PREFIX / "lib/lua" / version
    kept = {name: value for name, value in os.environ.items() if not re.match(r"LUA_|.*_proxy$|.*_PROXY$", name)}
    return {**kept, "PATH": PATH, "HOME": str(WORK), "LC_ALL": "C.UTF-8",
            "SSL_CERT_FILE": file("ca.pem"), "SSL_CERT_DIR": str(WORK / "empty"),
            "LUA_PATH": f"{share}/?.lua;{modules}/?.lua", "LUA_CPATH": f"{lib}/?.so;{modules}/?.so"}


# -- Programs ------------------------------------------------------------------------------


def end_with_parent():
    """Asks the kernel to end this process with the thread that started it."""
    PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)


PRCTL, PR_SET_PDEATHSIG = ctypes.CDLL(None).prctl, 1


class Program:
    """A program that runs until the check is over. What it says is kept."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, preexec_fn=end_with_parent, **options)
        self.output = b""

    def wait_for(self, pattern, seconds=SECONDS):
        """Reads what it says until that matches."""
        found, self.output = read_until(self.process, self.output, pattern, seconds)
        return found

    def ends(self, seconds=SECONDS):
        """Waits for its end, which must be soon; returns its status and all that it said."""
        try:
            self.output += self.process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.process.args[0]} does not end: {text(self.output[-1000:])}") from None
        return self.process.returncode, self.output

    def uses(self, library, seconds=SECONDS):
        """Asserts that it has loaded that library, not the other."""
        maps = Path(f"/proc/{self.process.pid}/maps").read_text(encoding="utf-8")
        loaded = set(re.findall(r"/\S*cqueues\S*", maps))
        ours = {path for path in loaded if Path(path).is_relative_to(PREFIX)}
        assert loaded and ours == (loaded if library == OURS else set()), f"{library} runs with {loaded}"

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()


def run(command, text_in=b"", status=0, seconds=SECONDS, **options):
    """Runs a program to its end; returns what it printed on its two outputs."""
    try:
        result = subprocess.run(command, input=text_in, capture_output=True, timeout=seconds, check=False, **options)
    except subprocess.TimeoutExpired as late:
        said = text((late.stdout or b"")[-300:] + (late.stderr or b"")[-1000:])
        raise AssertionError(f"{short(command)} did not end in {seconds} seconds: {said}") from None
    told = f"{short(command)} ended with {result.returncode}: {text(result.stdout[-300:] + result.stderr[-1000:])}"
    assert status is None or result.returncode == status, told
    return result.stdout, result.stderr


def short(command):
    return " ".join([Path(command[0]).name, *(each for each in command[1:] if "/" not in each or "://" in each)])[:200]


def text(output):
    return output.decode(errors="replace").strip()


class Side:
    """One of the libraries with one interpreter, for one check."""

    def __init__(self, library, lua, folder):
        self.library, self.lua, self.folder = library, lua, folder
        self.environment = environment(library, lua)
        self.modules = WORK / "lua" / "modules" / version_of(lua)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    @contextlib.contextmanager
    def running(self, command, **options):
        program = Program(command, env=self.environment, cwd=self.folder, **options)
        try:
            yield program
        finally:
            program.stop()

    def run(self, command, text_in=b"", status=0, seconds=SECONDS):
        return run(command, text_in, status, seconds, env=self.environment, cwd=self.folder)


def side(library, lua, checked):
    place = f"{lua}-{library}-{CHECKS.index(checked)}"
    if lua == NEW and library == ORIGINAL:
        lua = "lua5.4"
    if lua == NEW and not NEW_MODULES.exists():
        raise programs.Skip("no LPeg and luaossl for it")
    need(lua)
    # A short name: the paths of Unix sockets below it have room for some hundred octets only.
    return Side(library, lua, WORK / "run" / place)


# -- The network -----------------------------------------------------------------------------

# The namespace is ours alone, and the kernel gives clients ports above these.
PORTS = itertools.count(10000)
PORTS_LOCK = threading.Lock()


def free_port():
    with PORTS_LOCK:
        return next(PORTS)


def file(name):
    return str(CERTIFICATES / name)
