#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure the library beside others on the same load, and print one Markdown table.

    bench.py [--rounds N] [--seconds S] [--apart] [--record FILE] [NAME...]

NAMEs choose workloads by the start of their names (echo, echo-lua, pairs, idle). What is not
installed is left out. `make bench` builds everything first.

A round runs every variant of a workload once, in random order; a figure is the median over the
rounds. Cost is the CPU time (user and system) that the process under test spends per operation,
read from its CPU clock around the loaded part: on a machine that does other things too, rates
measure the neighbours. A ratio is the median of the ratios to the reference within each round,
so that what slows a whole round down cancels out. The reference of the servers in C is the best
of libev, libuv and libevent, that of Lua scripts the original on the same interpreter.

A server and its load share one processor. On two, each sleeps and is woken for nearly every
line, and what that costs hides what is compared; `--apart` shows it.
"""

import argparse
import os
import platform
import random
import re
import select
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
STAGE = Path(os.environ.get("PREFIX", TOP / "build" / "stage"))
BUILD = TOP / "build" / "bench"
RECORDS = HERE / "record"
START_SECONDS = 5

# -- What is compared ---------------------------------------------------------


class Variant:
    """One way to do a workload. `is_peer` takes part in finding the best of the others."""

    def __init__(self, name, command, environment=None, is_peer=False):
        self.name, self.command, self.is_peer = name, [str(word) for word in command], is_peer
        self.environment = dict(os.environ, **(environment or {}))


class Workload:
    """What the variants do. `load` is the command line of the load generator, None if they bring their own."""

    def __init__(self, name, title, unit, figure, variants, reference, load=None):
        self.name, self.title, self.unit, self.figure = name, title, unit, figure
        self.variants, self.reference, self.load = variants, reference, load


def c_servers():
    """The echo servers in C that could be built, cheapest library first."""
    flags = pkg_config("cqueues") + [f"-Wl,-rpath,{STAGE}/lib"]
    ours = build("echo_cqueues", flags)
    variants = []
    if ours:
        variants += [Variant(f"libcqueues, {style}", [ours, style]) for style in ("callbacks", "fibers", "batched")]
    for name, library in (("libev", "ev"), ("libuv", "uv"), ("libevent", "event")):
        program = build(f"echo_{library}", [f"-l{library}"])
        if program:
            variants.append(Variant(name, [program], is_peer=True))
    bare = build("echo_epoll", [])
    if bare:
        variants.append(Variant("bare epoll", [bare]))
    return variants


def lua_variants(script, *arguments):
    """A script on our module and on the original, and its sibling on luv, for each interpreter."""
    variants = []
    for lua, version in (("lua5.4", "5.4"), ("luajit", "5.1")):
        if not shutil.which(lua):
            continue
        ours = {
            "LUA_PATH": f"{STAGE}/share/lua/{version}/?.lua",
            "LUA_CPATH": f"{STAGE}/lib/lua/{version}/?.so",
        }
        for library, name, environment in (
            ("cqueues", "libcqueues", ours),
            ("cqueues", "lua-cqueues", {}),
            ("luv", "luv", {}),
        ):
            if loads(lua, library, environment):
                command = [lua, HERE / "lua" / f"{script}_{library}.lua", *arguments]
                variants.append(Variant(f"{name}, {lua}", command, environment))
    return variants


def loads(lua, module, environment):
    try:
        command = [lua, "-e", f"require '{module}'"]
        return subprocess.run(command, env=dict(os.environ, **environment), capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def workloads(seconds, messages):
    servers = c_servers()
    lua_servers = lua_variants("echo")

    def echo(depth):
        return ["echo", "PORT", "PID", "64", str(depth), str(seconds)]

    return [
        Workload("echo", "Lines of 64 bytes echoed over TCP, 64 connections, one line on the way on each",
                 "µs CPU/line", "cost", servers, "best", echo(1)),
        Workload("echo-deep", "The same, 16 lines on the way on each", "µs CPU/line", "cost", servers, "best", echo(16)),
        Workload("echo-lua", "The first from Lua", "µs CPU/line", "cost", lua_servers, "lua-cqueues", echo(1)),
        Workload("pairs-lua", "1,000 tasks on 500 UNIX pairs, one byte bounced in each",
                 "µs CPU/message", "cost", lua_variants("pairs", str(messages)), "lua-cqueues"),
        Workload("idle", "10,000 idle connections, accepted", "bytes/connection", "bytes", servers, "best",
                 ["idle", "PORT", "PID", "10000"]),
        Workload("idle-lua", "The same from Lua", "bytes/connection", "bytes", lua_servers, "lua-cqueues",
                 ["idle", "PORT", "PID", "10000"]),
    ]


# -- Building ------------------------------------------------------------------


def pkg_config(package):
    environment = dict(os.environ, PKG_CONFIG_PATH=f"{STAGE}/lib/pkgconfig")
    result = subprocess.run(["pkg-config", "--cflags", "--libs", package], env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"no {package} below {STAGE}: run `make stage` first")
    return shlex.split(result.stdout)


def build(name, flags):
    """The path of a program of benches/c, None if it cannot be built here."""
    program = BUILD / name
    BUILD.mkdir(parents=True, exist_ok=True)
    command = [*shlex.split(os.environ.get("CC", "cc")), "-O2", "-Wall", "-Wextra", "-o", program, HERE / "c" / f"{name}.c", *flags]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(f"left out: {name} ({result.stderr.strip().splitlines()[0]})", file=sys.stderr)
        return None
    if result.stderr:
        print(result.stderr, file=sys.stderr)
    return program


# -- Running -------------------------------------------------------------------


def on_processor(index):
    """For preexec_fn: stay on one processor, if there are several."""
    processors = sorted(os.sched_getaffinity(0))

    def stay():
        if len(processors) > 1:
            os.sched_setaffinity(0, {processors[index % len(processors)]})

    return stay


def run_alone(variant, seconds):
    output = subprocess.run(variant.command, env=variant.environment, stdout=subprocess.PIPE, text=True, check=True,
                            timeout=60 + 10 * seconds, preexec_fn=on_processor(0)).stdout
    return figures(output)


def run_server(variant, load, seconds, apart):
    server = subprocess.Popen(variant.command, env=variant.environment, stdout=subprocess.PIPE, preexec_fn=on_processor(0))
    try:
        if not select.select([server.stdout], [], [], START_SECONDS)[0]:
            raise RuntimeError("it does not say where it listens")
        line = server.stdout.readline().decode()
        if not line.startswith("listening on "):
            raise RuntimeError(f"it says {line!r} and not where it listens")
        words = {"PORT": line.split()[3], "PID": str(server.pid)}
        command = [str(BUILD / "load")] + [words.get(word, word) for word in load]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60 + 10 * seconds,
                                preexec_fn=on_processor(1 if apart else 0)).stdout
        return figures(output)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def figures(output):
    found = {key: float(value) for key, value in re.findall(r"(\w+)=([\d.e+-]+)", output)}
    if "cpu" in found:
        found["cost"] = found["cpu"] / found["operations"] * 1e6
    return found


def measure(workload, options):
    """Runs the rounds of a workload: for each variant its figures, one set a round."""
    rounds, seconds = options.rounds, options.seconds
    results = {variant: [] for variant in workload.variants}
    for number in range(rounds):
        order = list(results)
        random.shuffle(order)
        for variant in order:
            print(f"\r{workload.name}: round {number + 1} of {rounds}, {variant.name}\033[K", end="", file=sys.stderr)
            try:
                if workload.load:
                    found = run_server(variant, workload.load, seconds, options.apart)
                else:
                    found = run_alone(variant, seconds)
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                print(f"\nleft out: {workload.name}, {variant.name}: {error}", file=sys.stderr)
                del results[variant]
                continue
            results[variant].append(found)
    print("\r\033[K", end="", file=sys.stderr)
    return results


# -- The table -----------------------------------------------------------------


def reference_figures(workload, results, variant):
    """What a variant is compared with: one figure a round."""
    figure = workload.figure
    if workload.reference == "best":
        peers = {other: [f[figure] for f in found] for other, found in results.items() if other.is_peer}
        return min(peers.values(), key=statistics.median, default=None)
    interpreter = variant.name.split(", ")[1]
    for other, found in results.items():
        if other.name == f"{workload.reference}, {interpreter}":
            return [f[figure] for f in found]
    return None


def rows(workload, results):
    """One row for each variant: the figure, its ratio to the reference, its spread."""
    for variant, found in results.items():
        values = [f[workload.figure] for f in found]
        base = reference_figures(workload, results, variant)
        ratio = statistics.median(value / other for value, other in zip(values, base)) if base else None
        digits = 0 if workload.figure == "bytes" else 2
        yield (
            variant.name,
            f"{statistics.median(values):.{digits}f}",
            f"{ratio:.2f}" if ratio else "",
            f"{min(values):.{digits}f} to {max(values):.{digits}f}",
        )


def table(measured):
    lines = ["| workload | variant | median | ratio | spread |", "|---|---|--:|--:|--:|"]
    for workload, results in measured:
        for row in rows(workload, results):
            lines.append("| " + " | ".join((f"{workload.name}, {workload.unit}", *row)) + " |")
    return "\n".join(lines)


def legend(measured):
    lines = []
    for workload, results in measured:
        if workload.reference == "best":
            peers = {v.name: statistics.median(f[workload.figure] for f in r) for v, r in results.items() if v.is_peer}
            base = f"{min(peers, key=peers.get)}, the best of {', '.join(peers)}" if peers else "nothing"
        else:
            base = f"{workload.reference} on the same interpreter"
        lines.append(f"- {workload.name}: {workload.title}. Ratios to {base}.")
    return "\n".join(lines)


# -- Where it was measured -----------------------------------------------------


def processor():
    try:
        return re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()).group(1)
    except (OSError, AttributeError):
        return platform.processor() or platform.machine()


def versions():
    """The versions of what takes part, as far as the system's packages tell."""
    found = [f"libcqueues {re.search('version = .(.*).$', (TOP / 'Cargo.toml').read_text(), re.M).group(1)}"]
    for package in ("libev4", "libuv1", "libevent-2.1-7", "lua5.4", "luajit", "lua-cqueues", "lua-luv"):
        try:
            command = ["dpkg-query", "-W", "-f", "${Package} ${Version}", package]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            break
        if result.returncode == 0:
            found.append(result.stdout)
    return ", ".join(found)


def heading(rounds, seconds, apart):
    return (
        f"{date.today()}; {processor()}, {os.cpu_count()} processors; {platform.system()} {platform.release()}; "
        f"{rounds} rounds of {seconds} s, server and load on {'two processors' if apart else 'one processor'}.\n{versions()}."
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of load, for each run")
    parser.add_argument("--messages", type=int, default=100000, help="for workloads without load generator")
    parser.add_argument("--apart", action="store_true", help="servers and load on two processors")
    parser.add_argument("--record", metavar="FILE", help="also write the table to benches/record/FILE")
    parser.add_argument("names", nargs="*", metavar="NAME", help="workloads, by the start of their names")
    options = parser.parse_args()

    if not build("load", []):
        return 1
    begun = time.monotonic()
    chosen = [w for w in workloads(options.seconds, options.messages)
              if not options.names or any(w.name.startswith(name) for name in options.names)]
    measured = [(w, measure(w, options)) for w in chosen]
    text = f"{heading(options.rounds, options.seconds, options.apart)}\n\n{table(measured)}\n\n{legend(measured)}\n"
    print(text)
    print(f"({time.monotonic() - begun:.0f} s)", file=sys.stderr)
    if options.record:
        RECORDS.mkdir(exist_ok=True)
        (RECORDS / options.record).write_text("<!-- SPDX-License-Identifier: MIT -->\n\n" + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
