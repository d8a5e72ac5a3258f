# SPDX-License-Identifier: MIT
"""Prosody: its net.cqueues, which lets a controller run inside Prosody's own loop, with a module that uses it."""

import contextlib
import re
import signal
import socket
import time

from harness import HERE, SECONDS, check, free_port, need
from programs import Skip, contains, equal
from with_lua_http import curl, nginx

CONFIGURATION = """
daemonize = false
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}"
network_backend = "{backend}"
plugin_paths = {{ "{plugins}" }}
modules_enabled = {{ "saslauth", "ping", "tasks" }}
modules_disabled = {{ "s2s" }}
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
c2s_require_encryption = false
VirtualHost "localhost"
authentication = "anonymous"
"""
BACKENDS = ["epoll", "select", "event"]


class Prosody:
    def __init__(self, program, port):
        self.program, self.port = program, port


@contextlib.contextmanager
def prosody(side, backend):
    need("prosody")
    if backend == "event" and not list((side.modules / "luaevent").glob("core*")):
        raise Skip("lua-event is not installed")
    port = free_port()
    configuration = side.folder / "prosody.cfg.lua"
    configuration.write_text(CONFIGURATION.format(folder=side.folder, backend=backend, plugins=HERE / "prosody", port=port))
    with side.running(["prosody", "-F", "--config", str(configuration)]) as program:
        program.wait_for(rb"Activated service 'c2s' on [^\n]*\n")
        program.wait_for(rb"tasks are ready")
        program.uses(side.library)
        yield Prosody(program, port)


class Client:
    """A client of XMPP (RFC 6120), as far as it is needed: anonymous, without TLS."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.input = ""
        self.begin()
        self.say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
        self.hear(r"<success ")
        self.begin()
        self.say("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        self.hear(r"<jid>([^<]*)</jid>")

    def begin(self):
        self.say("<stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
                 "xmlns:stream='http://etherx.jabber.org/streams'>")
        self.hear(r"<stream:features.*</stream:features>")

    def say(self, text):
        self.socket.sendall(text.encode())

    def hear(self, pattern):
        """Waits for that, and takes it out of what came; the rest is for others."""
        while not (found := re.search(pattern, self.input)):
            more = self.socket.recv(65536)
            assert more, f"Prosody closed the stream: {self.input[-500:]}"
            self.input += more.decode()
        self.input = self.input[:found.start()] + self.input[found.end():]
        return found

    def tell(self, command):
        self.say(f"<message to='localhost' type='normal' id='m'><body>{command}</body></message>")

    def told(self):
        return self.hear(r"<body>([^<]*)</body>").group(1)

    def ping(self):
        self.say("<iq type='get' to='localhost' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>")
        self.hear(r"<iq [^>]*type='result'[^>]*/>")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def on(backend):
    """The same checks on each of Prosody's loops."""

    def name(function, words):
        function.__name__ = words.format(backend=backend)
        return function

    def tasks(side):
        with prosody(side, backend) as served, Client(served.port) as client:
            client.ping()
            for seconds in "0.6", "0.2", "0.4", "0":
                client.tell(f"sleep {seconds}")
            client.ping()
            equal([client.told() for _ in range(4)], [f"slept {each}" for each in ("0", "0.2", "0.4", "0.6")])
            for _ in range(2):
                client.tell("wait")
                equal(client.told(), "waiting")
            client.tell("signal")
            equal(sorted(client.told() for _ in range(3)), ["signalled", "woken", "woken"])

    def fetches(side):
        with nginx(side) as web, prosody(side, backend) as served, Client(served.port) as client:
            for name_of_port in "plain", "tls", "tls1":
                client.tell(f"fetch {web.url(name_of_port, 'small')}")
                equal(client.told(), "200 hello\n")
            for _ in range(10):
                client.tell(f"fetch {web.url('plain', 'small')}")
            client.ping()
            equal([client.told() for _ in range(10)], ["200 hello\n"] * 10)
            client.tell(f"fetch http://localhost:{free_port()}/")
            contains(client.told(), "0 ")

    def serves(side):
        with prosody(side, backend) as served, Client(served.port) as client:
            client.tell("serve")
            port = client.told()
            equal(curl(side, f"http://localhost:{port}/one"), b"you asked for /one\n")
            equal(curl(side, "--http2-prior-knowledge", f"http://localhost:{port}/two"), b"you asked for /two\n")
            need("h2load")
            found, _ = side.run(["h2load", "-n", "100", "-c", "5", "-m", "5", "-p", "h2c", f"http://localhost:{port}/"])
            contains(found, b"100 succeeded, 0 failed")
            client.tell(f"fetch http://localhost:{port}/three")
            equal(client.told(), "200 you asked for /three\n")
            client.ping()

    def idles(side):
        with prosody(side, backend) as served, Client(served.port) as client:
            client.tell("serve")
            client.told()
            before, begun = processor_time(served), time.monotonic()
            client.tell("sleep 1")
            client.told()
            used, passed = processor_time(served) - before, time.monotonic() - begun
            assert used < passed / 4, f"{used} s of processor time in {passed} s"

    def stops(side):
        with prosody(side, backend) as served, Client(served.port) as client:
            client.tell("serve")
            client.told()
            client.tell("sleep 60")
            client.ping()
            served.program.process.send_signal(signal.SIGTERM)
            equal(served.program.ends()[0], 0)

    check(["prosody"], 2)(name(tasks, "tasks_run_inside_the_loop_of_Prosody_on_{backend}"))
    check(["prosody"], 2)(name(fetches, "lua_http_fetches_inside_the_loop_of_Prosody_on_{backend}"))
    check(["prosody"], 2)(name(serves, "lua_http_serves_inside_the_loop_of_Prosody_on_{backend}"))
    check(["prosody"], 2)(name(idles, "a_waiting_controller_leaves_the_loop_of_Prosody_idle_on_{backend}"))
    check(["prosody"], 2)(name(stops, "Prosody_stops_with_a_controller_in_its_loop_on_{backend}"))


def processor_time(served):
    with open(f"/proc/{served.program.process.pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


for each in BACKENDS:
    on(each)
