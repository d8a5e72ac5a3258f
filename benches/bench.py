#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure the library beside others on the same load, and print one Markdown table.

    bench.py [--rounds N] [--seconds S] [--apart] [--record FILE] [NAME...]

NAMEs choose workloads by the start of their names (echo, accept, connect, idle, pairs, bulk, tls, udp, sleepers, python, dns;
`workloads.py` has them all). What is not installed is left out. `make bench` builds everything first.

A round runs every variant of a workload once, in random order; a figure is the median over the
rounds. Cost is the CPU time (user and system) that the process under test spends per operation,
read from its CPU clock around the loaded part: on a machine that does other things too, rates
measure the neighbours. A ratio is the median of the ratios to the reference within each round,
so that what slows a whole round down cancels out. The reference of programs in C is the best of
those named below the table, that of Lua scripts the original on the same interpreter, that of Python
scripts asyncio. `BENCH_PYTHON` in the environment names the CPython; uvloop and trio take part if it has them.

Both ends share one processor. On two, each sleeps and is woken for nearly every line, and what that
costs hides what is compared; `--apart` shows it.
"""

import argparse
import os
import platform
import random
import re
import select
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from workloads import TOP, workloads

RECORDS = Path(__file__).resolve().parent / "record"
START_SECONDS = 5
DIGITS = {"bytes": 0, "rate": 0, "mean": 3, "p99": 3}


# -- Running -------------------------------------------------------------------


def on_processor(index):
    """For preexec_fn: stay on one processor, if there are several."""
    processors = sorted(os.sched_getaffinity(0))

    def stay():
        if len(processors) > 1:
            os.sched_setaffinity(0, {processors[index % len(processors)]})

    return stay


def fill_in(command, words):
    return [words.get(str(word), str(word)) for word in command]


def run(command, seconds, processor, environment=None):
    """Runs what prints figures."""
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True,
                            timeout=60 + 10 * seconds, preexec_fn=on_processor(processor)).stdout
    return figures(output)


def with_server(command, environment, then):
    """Starts a server and calls `then` with what PORT and PID stand for."""
    server = subprocess.Popen([str(word) for word in command], env=environment, stdout=subprocess.PIPE, preexec_fn=on_processor(0))
    try:
        if not select.select([server.stdout], [], [], START_SECONDS)[0]:
            raise RuntimeError("it does not say where it listens")
        line = server.stdout.readline().decode()
        if not line.startswith("listening on "):
            raise RuntimeError(f"it says {line!r} and not where it listens")
        return then({"PORT": line.split()[3], "PID": str(server.pid)})
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def run_variant(workload, variant, seconds, apart):
    other = 1 if apart else 0
    if workload.load:
        return with_server(variant.command, variant.environment,
                           lambda words: run(fill_in(workload.load, words), seconds, other))
    if workload.server:
        return with_server(workload.server, None,
                           lambda words: run(fill_in(variant.command, words), seconds, other, variant.environment))
    return run(variant.command, seconds, 0, variant.environment)


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
                found = run_variant(workload, variant, seconds, options.apart)
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                print(f"\nleft out: {workload.name}, {variant.name}: {error}", file=sys.stderr)
                del results[variant]
                continue
            results[variant].append(found)
    print("\r\033[K", end="", file=sys.stderr)
    return results


# -- The table -----------------------------------------------------------------


def reference_figures(workload, results, variant):
    """What a variant is compared with: one figure a round; None for nothing."""
    figure = workload.figure
    if workload.reference is None:
        return None
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
        digits = DIGITS.get(workload.figure, 2)
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
        if workload.reference is None:
            lines.append(f"- {workload.name}: {workload.title}.")
            continue
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
    for package in ("libev4", "libuv1", "libevent-2.1-7", "libssl3", "libc-ares2", "nsd", "lua5.4", "luajit", "lua-cqueues", "lua-luv", "lua-luaossl"):
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
        f"{rounds} rounds of {seconds} s, both ends on {'two processors' if apart else 'one processor'}.\n{versions()}."
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

    begun = time.monotonic()
    chosen = [w for w in workloads(options.seconds, options.messages)
              if not options.names or any(w.name.startswith(name) for name in options.names)]
    measured = [(view, results) for w in chosen for results in [measure(w, options)] for view in w.views]
    text = f"{heading(options.rounds, options.seconds, options.apart)}\n\n{table(measured)}\n\n{legend(measured)}\n"
    print(text)
    print(f"({time.monotonic() - begun:.0f} s)", file=sys.stderr)
    if options.record:
        RECORDS.mkdir(exist_ok=True)
        (RECORDS / options.record).write_text("<!-- SPDX-License-Identifier: MIT -->\n\n" + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
