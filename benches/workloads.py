# SPDX-License-Identifier: MIT
"""What is compared: the programs that are built here, and the loads that are put on them."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent
STAGE = Path(os.environ.get("PREFIX", TOP / "build" / "stage"))
BUILD = TOP / "build" / "bench"

TLS_LIBRARIES = ["-lssl", "-lcrypto"]
MEBIBYTES = 256
CONNECTIONS = 5000
HANDSHAKES = 2000
QUESTIONS = 20000
LINES = 1000000
DATAGRAMS = 1000000
PARSED = 200000
SLEEPERS = 100000


class Variant:
    """One way to do a workload. `is_peer` takes part in finding the best of the others."""

    def __init__(self, name, command, environment=None, is_peer=False):
        self.name, self.command, self.is_peer = name, [str(word) for word in command], is_peer
        self.environment = dict(os.environ, **(environment or {}))


class Workload:
    """What the variants do. If they are servers, `load` is the command line of what loads them; if they are
    clients, `server` is that of what serves them. PORT and PID in a command line stand for the server's.
    `views` are the figures that are shown of one run: the workload itself, unless there are several."""

    def __init__(self, name, title, unit, variants, reference, load=None, server=None, figure="cost"):
        self.name, self.title, self.unit, self.figure = name, title, unit, figure
        self.variants, self.reference, self.load, self.server = variants, reference, load, server
        self.views = [self]

    def shows(self, name, title, unit, figure, reference="best"):
        """Adds a view: another figure of the same runs. Returns the workload."""
        self.views.append(Workload(name, title, unit, self.variants, reference, figure=figure))
        return self


# -- Building ------------------------------------------------------------------


def pkg_config(package):
    environment = dict(os.environ, PKG_CONFIG_PATH=f"{STAGE}/lib/pkgconfig")
    result = subprocess.run(["pkg-config", "--cflags", "--libs", package], env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"no {package} below {STAGE}: run `make stage` first")
    return shlex.split(result.stdout)


def build(name, flags=()):
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


def coroutines(name):
    """The path of a program of benches/cpp, None if it cannot be built here."""
    program = BUILD / name
    BUILD.mkdir(parents=True, exist_ok=True)
    command = [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++20", "-O2", "-Wall", "-Wextra", "-o", program,
               HERE / "cpp" / f"{name}.cpp", *pkg_config("cqueues"), f"-Wl,-rpath,{STAGE}/lib"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(f"left out: {name} ({result.stderr.strip().splitlines()[0]})", file=sys.stderr)
        return None
    return program


def ours(name):
    return build(f"{name}_cqueues", pkg_config("cqueues") + [f"-Wl,-rpath,{STAGE}/lib"])


def name_server():
    """The path of nsd, which lies where only the superuser looks."""
    return shutil.which("nsd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def certificate():
    """A certificate for this machine and its key, made anew; None without openssl."""
    paths = BUILD / "certificate.pem", BUILD / "key.pem"
    BUILD.mkdir(parents=True, exist_ok=True)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
               "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
               "-out", paths[0], "-keyout", paths[1]]
    try:
        made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        made = False
    return paths if made else None


# -- Variants in C -------------------------------------------------------------


def variants_of(*described):
    """Variants of (name, program, arguments...) whose programs could be built."""
    return [Variant(name, [program, *arguments]) for name, program, *arguments in described if program]


def as_peers(variants):
    for variant in variants:
        variant.is_peer = True
    return variants


def echo_servers():
    """The echo servers in C that could be built, cheapest library first."""
    program = ours("echo")
    variants = variants_of(*((f"libcqueues, {style}", program, style) for style in ("callbacks", "fibers", "batched", "pieces")))
    for name, server, library in (("libev", "ev", "ev"), ("libuv", "uv", "uv"), ("libevent", "event", "event"),
                                  ("libevent, bufferevents", "bufferevent", "event")):
        variants += as_peers(variants_of((name, build(f"echo_{server}", [f"-l{library}"]))))
    return variants + variants_of(("bare epoll", build("echo_epoll")))


def coroutine_servers():
    """Coroutines in C++ beside callbacks in C, both on the library."""
    return variants_of(("coroutines in C++", coroutines("echo_coroutines"))) + as_peers(
        variants_of(("callbacks in C", ours("echo"), "callbacks")))


def styles(program, names, *arguments):
    return variants_of(*((f"libcqueues, {style}", program, style, *arguments) for style in names))


def bulk_servers(direction):
    return styles(ours("bulk"), ("callbacks", "fibers"), direction, MEBIBYTES) + as_peers(
        variants_of(("bare epoll", build("bulk_epoll"), direction, MEBIBYTES)))


def tls_servers(direction, keys):
    program = build("tls_epoll", TLS_LIBRARIES)
    peers = (("libssl, 16 KiB a call", 16384), ("libssl, 64 KiB a call", 65536), ("libssl, tuned", 0))
    return variants_of(("libcqueues, fibers", ours("tls"), direction, *keys, MEBIBYTES)) + as_peers(
        variants_of(*((name, program, direction, *keys, size, MEBIBYTES) for name, size in peers)))


def idle_tls_servers(keys):
    program = ours("tls")
    return variants_of(("libcqueues, callbacks", program, "callbacks", *keys), ("libcqueues, fibers", program, "echo", *keys)) + as_peers(
        variants_of(("libssl", build("tls_epoll", TLS_LIBRARIES), "echo", *keys)))


def handshaking(role, kind, *keys):
    arguments = role, kind, *keys, HANDSHAKES
    program = build("handshakes_cqueues", [*pkg_config("cqueues"), f"-Wl,-rpath,{STAGE}/lib", *TLS_LIBRARIES])
    return variants_of(("libcqueues", program, *arguments)) + as_peers(
        variants_of(("libssl", build("handshakes_libssl", TLS_LIBRARIES), *arguments)))


def udp_servers():
    bare = build("udp_epoll")
    return styles(ours("udp"), ("callbacks", "fibers", "batched")) + as_peers(
        variants_of(("bare epoll", bare, "single"), ("bare epoll, batched", bare, "batched")))


def connecting_clients():
    arguments = "PORT", CONNECTIONS, 32
    return styles(ours("connect"), ("callbacks", "fibers"), *arguments) + as_peers(
        variants_of(("bare epoll", build("connect_epoll"), *arguments)))


def asking_clients(parallel, ports):
    """Peers are those who spend as many sockets."""
    arguments = "PORT", QUESTIONS, parallel
    variants = styles(ours("dns"), ("callbacks", "fibers"), *arguments, ports)
    cares = variants_of(("c-ares", build("dns_cares", ["-lcares"]), *arguments))
    if ports:
        return variants + as_peers(cares)
    return variants + as_peers(variants_of(("bare epoll", build("dns_epoll"), *arguments))) + cares


def parsers():
    return variants_of(("libcqueues", ours("dns_parse"), PARSED)) + as_peers(
        variants_of(("c-ares", build("dns_parse_cares", ["-lcares"]), PARSED)))


# -- Variants in Lua -----------------------------------------------------------


def lua_variants(script, *arguments, needs=None, under=()):
    """A script on our module and on the original, and its sibling on luv if there is one, for each
    interpreter, started by the command `under`. `needs` names another module that the script requires."""
    variants = []
    for lua, version in (("lua5.4", "5.4"), ("luajit", "5.1")):
        if not shutil.which(lua):
            continue
        for library, name, environment in (
            ("cqueues", "libcqueues", our_module(version)),
            ("cqueues", "lua-cqueues", {}),
            ("luv", "luv", {}),
        ):
            path = HERE / "lua" / f"{script}_{library}.lua"
            if environment is not None and path.exists() and loads(lua, [library] + ([needs] if needs else []), environment):
                variants.append(Variant(f"{name}, {lua}", [*under, lua, path, *arguments], environment))
    return variants


def without_luv(variants):
    return [variant for variant in variants if not variant.name.startswith("luv")]


def asking_scripts(parallel):
    """Ours twice, the second time with shared ports."""
    needs = "cqueues.dns.resolver"
    variants = lua_variants("dns", "PORT", QUESTIONS, parallel, needs=needs)
    shared = [variant for variant in lua_variants("dns", "PORT", QUESTIONS, parallel, 8, needs=needs)
              if variant.name.startswith("libcqueues")]
    for variant in shared:
        variant.name = variant.name.replace("libcqueues", "libcqueues with 8 ports")
    return variants + shared


def our_module(version):
    """Where Lua finds our module first and others behind it; None if ours is not there."""
    scripts, modules = STAGE / "share/lua" / version, STAGE / "lib/lua" / version
    if not ((scripts / "cqueues.lua").exists() and (modules / "_cqueues.so").exists()):
        return None
    return {"LUA_PATH": f"{scripts}/?.lua;;", "LUA_CPATH": f"{modules}/?.so;;"}


def loads(lua, modules, environment):
    requires = " ".join(f"require '{module}'" for module in modules)
    try:
        command = [lua, "-e", requires]
        return subprocess.run(command, env=dict(os.environ, **environment), capture_output=True, check=False).returncode == 0
    except OSError:
        return False


# -- Variants in Python --------------------------------------------------------

#: CPython, which decides whether uvloop and trio are there.
PYTHON = os.environ.get("BENCH_PYTHON", sys.executable)
PYTHON_NAMES = {"cqueues": "libcqueues", "asyncio": "asyncio", "uvloop": "uvloop", "trio": "trio"}


def python_variants(script, libraries, *arguments, tells=True):
    """A script on each of these libraries that is there. `tells`: it is told by an argument which one."""
    ours = {"PYTHONPATH": str(TOP / "bindings" / "python"), "CQUEUES_LIBRARY": str(STAGE / "lib" / "libcqueues.so.1")}
    found = []
    for library in libraries:
        environment = ours if library == "cqueues" else {}
        if loads_python(library, environment):
            path = HERE / "python" / (script if "." in script else f"{script}_{'cqueues' if library == 'cqueues' else 'asyncio'}.py")
            told = [library] if tells or library == "uvloop" else []
            found.append(Variant(PYTHON_NAMES[library], [PYTHON, path, *told, *arguments], environment, library == "asyncio"))
    return found


def loads_python(module, environment):
    command = [PYTHON, "-c", f"import {module}"]
    try:
        return subprocess.run(command, env=dict(os.environ, **environment), capture_output=True, check=False).returncode == 0
    except OSError:
        return False


# -- Workloads -----------------------------------------------------------------

PER_MEBIBYTE = "µs CPU/MiB"
PER_CONNECTION = "µs CPU/connection"
PER_QUESTION = "µs CPU/question"
ORIGINAL = "lua-cqueues"


def echo_workloads(seconds, messages):
    servers, lua_servers, load, plain = echo_servers(), lua_variants("echo"), build("load"), build("echo_epoll")

    def echo(depth):
        return [load, "echo", "PORT", "PID", 64, depth, seconds]

    idle = [load, "idle", "PORT", "PID", 10000]
    short = [load, "short", "PORT", "PID", CONNECTIONS, 32]
    connect = lua_variants("connect", "PORT", CONNECTIONS, 32)
    return [
        Workload("echo", "Lines of 64 bytes echoed over TCP, 64 connections, one line on the way on each",
                 "µs CPU/line", servers, "best", echo(1)),
        Workload("echo-deep", "The same, 16 lines on the way on each", "µs CPU/line", servers, "best", echo(16)),
        Workload("coroutines", "The first by a coroutine in C++ for each connection", "µs CPU/line", coroutine_servers(), "best", echo(1)),
        Workload("coroutines-deep", "The second by such coroutines", "µs CPU/line", coroutine_servers(), "best", echo(16)),
        Workload("echo-lua", "The first from Lua", "µs CPU/line", lua_servers, ORIGINAL, echo(1)),
        Workload("echo-deep-lua", "The second from Lua", "µs CPU/line", lua_servers, ORIGINAL, echo(16)),
        Workload("pairs-lua", "1,000 tasks on 500 UNIX pairs, one byte bounced in each",
                 "µs CPU/message", lua_variants("pairs", messages), ORIGINAL),
        Workload("accept", "Short connections accepted, 32 at a time: one line echoed, then closed",
                 PER_CONNECTION, servers, "best", short),
        Workload("accept-lua", "The same from Lua", PER_CONNECTION, lua_servers, ORIGINAL, short),
        Workload("connect", "Such connections made, to a server in C", PER_CONNECTION, connecting_clients(), "best", server=[plain]),
        Workload("connect-lua", "The same from Lua", PER_CONNECTION, connect, ORIGINAL, server=[plain]),
        Workload("idle", "10,000 idle connections, accepted", "bytes/connection", servers, "best", idle, figure="bytes"),
        Workload("idle-lua", "The same from Lua", "bytes/connection", lua_servers, ORIGINAL, idle, figure="bytes"),
    ]


def bulk_workloads():
    load = build("load_bulk", TLS_LIBRARIES)
    if not load:
        return []
    found = []
    for direction, verb, against in (("recv", "received", "blast"), ("send", "sent", "sink")):
        command = [load, against, "PORT", "PID", MEBIBYTES]
        found += [
            Workload(f"bulk-{direction}", f"Bulk data {verb} over TCP, 64 KiB a call", PER_MEBIBYTE,
                     bulk_servers(direction), "best", command),
            Workload(f"bulk-{direction}-lua", "The same from Lua", PER_MEBIBYTE,
                     lua_variants("bulk", direction, MEBIBYTES), ORIGINAL, command),
        ]
    return found + tls_workloads(load)


def tls_workloads(load):
    keys = certificate()
    if not keys:
        print("left out: TLS (openssl makes no certificate)", file=sys.stderr)
        return []
    found = []
    for direction, verb, against in (("recv", "received", "blast"), ("send", "sent", "sink")):
        command = [load, against, "PORT", "PID", MEBIBYTES, "tls"]
        lua = lua_variants("bulk", direction, MEBIBYTES, *keys, needs="openssl.ssl.context")
        found += [
            Workload(f"tls-{direction}", f"Bulk data {verb} over TLS 1.3 (AES-128-GCM)", PER_MEBIBYTE,
                     tls_servers(direction, keys), "best", command),
            Workload(f"tls-{direction}-lua", "The same from Lua", PER_MEBIBYTE,
                     without_luv(lua), ORIGINAL, command),
        ]
    for role, verb in (("server", "accepted"), ("client", "made")):
        for kind in ("full", "resumed"):
            found.append(Workload(f"tls-handshake-{role}-{kind}", f"TLS 1.3 connections {verb}, {kind} handshakes, one after the "
                                  "other", PER_CONNECTION, handshaking(role, kind, *keys), "best"))
    handshakes = lua_variants("handshakes", "PORT", HANDSHAKES)
    server = build("tls_epoll", TLS_LIBRARIES)
    return found + [
        Workload("tls-connect-lua", f"{HANDSHAKES:,} short TLS 1.3 connections made from Lua, resumed by those that can",
                 PER_CONNECTION, handshakes, ORIGINAL, server=[server, "echo", *keys]),
        Workload("tls-idle", "2,000 idle TLS connections, accepted", "bytes/connection",
                 idle_tls_servers(keys), "best", [load, "idle", "PORT", "PID", 2000], figure="bytes"),
    ]


def udp_workloads(seconds, messages):
    pairs = build("udp_pairs")
    lua = lua_variants("datagrams", messages, under=[pairs, 50]) if pairs else []
    program = build("datagrams_many", pkg_config("cqueues") + [f"-Wl,-rpath,{STAGE}/lib"])
    many = as_peers(variants_of(("sendmmsg(2), recvmmsg(2)", program, "plain", DATAGRAMS))) + variants_of(
        ("libcqueues, batches", program, "batch", DATAGRAMS), ("libcqueues, segments", program, "segments", DATAGRAMS))
    return [
        Workload("udp", "Datagrams of 64 bytes echoed, from 64 sockets, one on the way from each", "µs CPU/datagram",
                 udp_servers(), "best", [build("load_udp"), "PORT", "PID", 64, 1, seconds]),
        Workload("udp-lua", "100 tasks on 50 pairs of connected UDP sockets, one datagram bounced in each",
                 "µs CPU/datagram", lua, ORIGINAL),
        Workload("udp-many", "Datagrams of 1,400 bytes to another socket of the thread, 40 in each call, sent and received",
                 "µs CPU/datagram", many, "best"),
    ]


def thread_workloads():
    plain = build("lines_plain", ["-pthread"])
    program = build("lines_cqueues", pkg_config("cqueues") + [f"-Wl,-rpath,{STAGE}/lib", "-pthread"])
    senders = variants_of(("libcqueues, cq_thread_start", program, "thread", LINES)) + as_peers(
        variants_of(("libcqueues, sockets by hand", program, "sockets", LINES)))
    lua = lua_variants("lines", "thread", LINES // 4, needs="cqueues.thread")
    program = build("cores", pkg_config("cqueues") + [f"-Wl,-rpath,{STAGE}/lib", "-pthread"])
    cores = [variants_of(*((f"{threads} of {name}", program, how, threads, 2) for threads in (1, 2)))
             for name, how in (("libcqueues' controllers", "fibers"), ("epoll", "epoll"))]
    return [
        Workload("cores", "A line to and fro on each of 32 pairs of sockets in a thread, in one and in two threads",
                 "rounds/s", as_peers(cores[0][:1]) + cores[0][1:] + cores[1], "best", figure="rate"),
        Workload("lines", "Lines of 64 bytes from one thread to another over a socket pair, each sent by itself",
                 "µs CPU/line", senders + variants_of(("plain blocking sockets", plain, LINES)), "best"),
        Workload("lines-lua", "The same from Lua", "µs CPU/line", lua, ORIGINAL),
    ]


def token_workloads():
    def variants(*how):
        found = variants_of(("libcqueues", ours("tokens"), *how))
        for name, library in (("libev", "ev"), ("libuv", "uv"), ("libevent", "event")):
            found += as_peers(variants_of((name, build(f"tokens_{library}", [f"-l{library}"]), *how)))
        return found + variants_of(("bare epoll", build("tokens_epoll"), *how))

    return [Workload("tokens", "Of 1,000 pairs of sockets 100 get a byte, and who reads one sends another to the next pair until 1,000 were sent",
                     "µs CPU/byte", variants(), "best"),
            Workload("tokens-changing", "The same, and interest is taken back and stated anew at each byte",
                     "µs CPU/byte", variants("changing"), "best")]


def timer_workloads(seconds):
    seconds = max(3, seconds)
    variants = styles(ours("sleepers"), ("callbacks", "fibers"), seconds) + as_peers(
        variants_of(("libev", build("sleepers_ev", ["-lev"]), seconds), ("libuv", build("sleepers_uv", ["-luv", "-lm"]), seconds)))
    asleep = Workload("sleepers", "100,000 tasks (of others: timers) that each sleep again and again, for times up to twice a mean at "
                      "which the process is busy for half of the time: how late they wake, on the average",
                      "ms", variants, "best", figure="mean")
    return [asleep.shows("sleepers, 99th percentile", "All but one in a hundred wake no later than this", "ms", "p99")
            .shows("sleepers, cost", "What one of these wakes costs", "µs CPU/wake", "cost")
            .shows("sleepers, busy", "For how much of the time the process was busy", "%", "busy", None)
            .shows("sleepers, rate", "How many tasks woke in a second", "wakes/s", "rate", None)]


def lua_controller_workloads(messages):
    """What a controller does from Lua besides sockets: tasks that wait, wake each other, and are stepped by hand."""
    steps = lua_variants("steps", "ready", messages)
    called = [Variant(variant.name.replace("luv", "luv without coroutine"), [*variant.command[:-2], "called", messages])
              for variant in steps if variant.name.startswith("luv")]
    asleep = Workload("sleepers-lua", "100,000 tasks in Lua sleep twice each, for up to a second (luv: a timer and a coroutine each)",
                      "µs CPU/wake", lua_variants("sleepers", SLEEPERS), ORIGINAL)
    return [
        asleep.shows("sleepers-lua, lateness", "How late they wake, on the average", "ms", "mean", ORIGINAL),
        Workload("tasks-waiting-lua", "100,000 tasks that wait for one condition", "bytes/task",
                 without_luv(lua_variants("tasks", "waiting", SLEEPERS)), ORIGINAL, figure="bytes"),
        Workload("tasks-sleeping-lua", "100,000 tasks that sleep", "bytes/task", lua_variants("tasks", "sleeping", SLEEPERS), ORIGINAL,
                 figure="bytes"),
        Workload("conditions-lua", "Two tasks that signal each other and wait", "µs CPU/wake", lua_variants("conditions", "pair", 3 * messages),
                 ORIGINAL),
        Workload("conditions-crowd-lua", "1,000 tasks woken by one signal, again and again", "µs CPU/wake",
                 lua_variants("conditions", "crowd", 3 * messages), ORIGINAL),
        Workload("turns-lua", "A task that gives up its turn, by sleep(0)", "µs CPU/turn", lua_variants("conditions", "turns", 2 * messages),
                 ORIGINAL),
        Workload("steps-idle-lua", "A step that does not wait, with 1,000 idle sockets", "µs CPU/step",
                 lua_variants("steps", "idle", 2 * messages), ORIGINAL),
        Workload("steps-ready-lua", "The same with one ready, for whose task a byte is written before", "µs CPU/step", steps + called, ORIGINAL),
        Workload("nested-lua", "One byte to and fro between two tasks, four controllers deep", "µs CPU/message",
                 lua_variants("nested", 4, messages // 2), ORIGINAL),
    ]


def dns_workloads():
    parse_lua = lua_variants("dns_parse", PARSED // 10, needs="cqueues.dns.packet")
    found = [
        Workload("dns-parse", "An answer with 20 addresses parsed, each address and lifetime read", "µs CPU/message",
                 parsers(), "best"),
        Workload("dns-parse-lua", "The same from Lua", "µs CPU/message", parse_lua, ORIGINAL),
    ]
    if not name_server():
        print("left out: questions to a name server (no nsd)", file=sys.stderr)
        return found
    server = [sys.executable, HERE / "name_server.py", BUILD / "nsd"]
    for suffix, how, parallel in (("", "one after the other", 1), ("-deep", "64 at a time", 64)):
        found += [
            Workload(f"dns{suffix}", f"Questions to a name server, each for a new name from a socket of its own, {how} "
                     "(c-ares: one socket for all)", PER_QUESTION, asking_clients(parallel, 0), "best", server=server),
            Workload(f"dns-shared{suffix}", "The same from 8 sockets that are shared (c-ares: one)", PER_QUESTION,
                     asking_clients(parallel, 8), "best", server=server),
            Workload(f"dns{suffix}-lua", "Both from Lua", PER_QUESTION, asking_scripts(parallel), ORIGINAL, server=server),
        ]
    return found


def python_workloads(seconds):
    load = build("load")
    streams = python_variants("echo", ("cqueues", "asyncio", "uvloop"), tells=False)
    everybody = "cqueues", "asyncio", "uvloop", "trio"
    on_anyio = python_variants("echo_anyio.py", everybody) if loads_python("anyio, sniffio", {}) else []
    callbacks = python_variants("echo_callbacks.py", ("cqueues", "asyncio", "uvloop"))
    return [
        Workload("python-echo", "Lines of 64 bytes echoed over TCP by streams in Python, 64 connections, one line on the way on each",
                 "µs CPU/line", streams, "best", [load, "echo", "PORT", "PID", 64, 1, seconds]),
        Workload("python-echo-deep", "The same, 16 lines on the way on each", "µs CPU/line", streams, "best",
                 [load, "echo", "PORT", "PID", 64, 16, seconds]),
        Workload("python-anyio", "The first by streams of anyio on these loops", "µs CPU/line", on_anyio, "best",
                 [load, "echo", "PORT", "PID", 64, 1, seconds]),
        Workload("python-callbacks", "The first by protocols of asyncio, and by what could carry these on a controller", "µs CPU/line",
                 callbacks, "best", [load, "echo", "PORT", "PID", 64, 1, seconds]),
        Workload("python-callbacks-deep", "The same, 16 lines on the way on each", "µs CPU/line", callbacks, "best",
                 [load, "echo", "PORT", "PID", 64, 16, seconds]),
        Workload("python-idle", "10,000 idle connections, accepted by these servers", "bytes/connection", streams, "best",
                 [load, "idle", "PORT", "PID", 10000], figure="bytes"),
        Workload("python-sleepers", "100,000 tasks in Python that sleep twice each, for up to 200 ms", "µs CPU/sleep",
                 python_variants("tasks.py", everybody, "sleepers", 100000), "best"),
        Workload("python-nursery", "10,000 tasks in a nursery, each of which waits once without a time", "µs CPU/task",
                 python_variants("tasks.py", everybody, "nursery", 10000), "best"),
        Workload("python-import", "The library imported by an interpreter that has just begun", "ms",
                 python_variants("imports.py", everybody), "best", figure="milliseconds"),
    ]


def workloads(seconds, messages):
    return (echo_workloads(seconds, messages) + bulk_workloads() + udp_workloads(seconds, messages) + token_workloads() +
            timer_workloads(seconds) + lua_controller_workloads(messages) + thread_workloads() + python_workloads(seconds) +
            dns_workloads())
