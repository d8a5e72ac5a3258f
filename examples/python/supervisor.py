# SPDX-License-Identifier: MIT
"""Keeps programs running: starts them again when they end, and shows what they write.

    python3 supervisor.py COMMAND...

Each COMMAND is one of the shell; begin it with `exec` where the shell starts one program only, so that signals reach that. A program that ends soon is started again later and later. At SIGTERM or Ctrl-C the programs
get SIGTERM and some seconds to end, then SIGKILL.
"""

import signal
import subprocess
import sys

import cqueues

FIRST = 0.1  # seconds until a program is started again; twice as many each time
LAST = 30  # seconds, at most
STEADY = 10  # seconds that a program has run when it counts as healthy
GRACE = 5  # seconds between SIGTERM and SIGKILL
LINGER = 1  # seconds for what a program has started and left behind, which may write on


def say(name, what):
    print(f"{name}: {what}", flush=True)


async def show(name, pipe, reading, shown):
    with reading:
        async with pipe:
            async for line in pipe.lines():
                say(name, line.decode(errors="replace"))
    shown.set()


async def stop(process, shown):
    """Ends a program in order, and lets its last words be shown."""
    with cqueues.move_on_after(GRACE, shield=True):
        process.terminate()
        await process.wait()
    process.kill()
    with cqueues.move_on_after(LINGER, shield=True):
        await shown.wait()


async def once(name, command):
    """Runs a program until it ends, or this task does."""
    process = await cqueues.open_process(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    reading, shown = cqueues.CancelScope(shield=True), cqueues.Event()
    async with process, cqueues.open_nursery() as readers:
        readers.start_soon(show, name, process.stdout, reading, shown)
        try:
            await process.wait()
            await shown.wait()
        except cqueues.Cancelled:
            await stop(process, shown)
            reading.cancel()
            raise
    return process.returncode


async def supervise(name, command):
    pause = FIRST
    while True:
        begun = cqueues.current_time()
        status = await once(name, command)
        if cqueues.current_time() - begun >= STEADY:
            pause = FIRST
        say(name, f"ended with {status}, and starts again in {pause:g} s")
        await cqueues.sleep(pause)
        pause = min(2 * pause, LAST)


async def main(commands):
    with cqueues.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with cqueues.open_nursery() as programs:
            for number, command in enumerate(commands, 1):
                programs.start_soon(supervise, str(number), command)
            say("supervisor", f"{len(commands)} programs")
            async for number in signals:
                say("supervisor", f"{signal.Signals(number).name}: stopping")
                programs.cancel_scope.cancel()
                break
    say("supervisor", "stopped")


cqueues.run(main, sys.argv[1:])
