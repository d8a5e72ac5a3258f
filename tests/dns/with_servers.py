# SPDX-License-Identifier: MIT
"""The library beside the name servers that people run, each with the zone `servers/kinds.test.zone`: `run.sh` starts this.

    with_servers.py [WORD]          only the tests whose name has the word in it

What is not installed is skipped: named, knotd, nsd, unbound, dnsmasq, dig.
"""

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import client
import namespace
from processes import Server
from verdicts import close, judge, report, run_all, test

ZONE = Path(__file__).parent / "servers" / "kinds.test.zone"
ZONE_NAME = "kinds.test"
SECONDS = 60


# -- Servers: a configuration and a command ------------------------------------------------


def named(folder, address):
    """It refuses queries without its cookie: BADCOOKIE. A root of its own keeps it from looking for one."""
    (folder / "root").write_text("@ 1 IN SOA . . 1 2 3 4 5\n@ 1 IN NS a.\na 1 IN A 192.0.2.1\n", encoding="utf-8")
    return f"""options {{ directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile none; recursion no; dnssec-validation no;
listen-on {{ {address}; }}; listen-on-v6 {{ none; }}; require-server-cookie yes; minimal-responses yes; }};
controls {{ }};
zone "." {{ type primary; file "{folder}/root"; allow-query {{ none; }}; }};
zone "{ZONE_NAME}" {{ type primary; file "{ZONE}"; }};
""", ["named", "-g", "-c"]


def knotd(folder, address):
    """It refuses queries without its cookie, too."""
    return f"""server:
    rundir: "{folder}"
    listen: {address}@53
database:
    storage: "{folder}"
mod-cookies:
  - id: refuse
    badcookie-slip: 1
template:
  - id: default
    storage: "{ZONE.parent}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    global-module: mod-cookies/refuse
zone:
  - domain: {ZONE_NAME}
    file: {ZONE.name}
""", ["knotd", "-c"]


def nsd(folder, address):
    """It gives cookies, and does not ask for them."""
    return f"""server:
    server-count: 1
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{ZONE.parent}"
    pidfile: "{folder}/nsd.pid"
    zonelistfile: "{folder}/nsd.zones"
    xfrdfile: ""
    xfrdir: "{folder}"
    answer-cookie: yes
    cookie-secret-file: ""
    rrl-ratelimit: 0
    ip-address: {address}
remote-control:
    control-enable: no
zone:
    name: "{ZONE_NAME}"
    zonefile: "{ZONE.name}"
""", ["nsd", "-d", "-c"]


def unbound(folder, address):
    """It knows nothing of cookies at this age, and sends questions on to nobody."""
    return f"""server:
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    interface: {address}
    do-not-query-localhost: no
    local-zone: "{ZONE_NAME}." static
    local-data: "{ZONE_NAME}. SOA ns.{ZONE_NAME}. host.{ZONE_NAME}. 1 2 3 4 5"
    local-data: "www.{ZONE_NAME}. 300 A 192.0.2.1"
    local-data: "six.{ZONE_NAME}. 300 A 192.0.2.6"
remote-control:
    control-enable: no
""", ["unbound", "-d", "-c"]


def dnsmasq(folder, address):
    """It copies what it does not know."""
    return f"""no-daemon
no-resolv
no-hosts
no-poll
bind-interfaces
listen-address={address}
except-interface=none
user=root
pid-file={folder}/dnsmasq.pid
host-record=www.{ZONE_NAME},192.0.2.1
host-record=six.{ZONE_NAME},192.0.2.6
local-ttl=300
auth-server=ns.{ZONE_NAME},{address}
auth-zone={ZONE_NAME}
auth-ttl=300
""", ["dnsmasq", "-d", "-C"]


# The server, its address (named listens at those alone that an interface has), and how many questions two names take it with EDNS.
SERVERS = [(named, "127.0.0.1", 3), (knotd, "127.2.0.2", 3), (nsd, "127.2.0.3", 2), (unbound, "127.2.0.4", 2),
           (dnsmasq, "127.2.0.5", 2)]


@contextlib.contextmanager
def running():
    """Starts those that are installed; gives their names and addresses."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cqueues-servers-")))
        started = {}
        for make, address, _ in SERVERS:
            name = make.__name__
            if not shutil.which(name):
                report("skip", f"the library beside {name}", "not installed")
                continue
            own = folder / name
            own.mkdir()
            text, arguments = make(own, address)
            path = own / "conf"
            path.write_text(text, encoding="utf-8")
            server = Server([*arguments, str(path)], own / "log")
            stack.callback(server.stop)
            server.wait_for_answer(address, ZONE_NAME)
            started[name] = address
        yield started


def ask(address, options, pairs):
    """The packets, and what the statistics say."""
    packets, rest = client.batch([f"@{address}", "--timeout", "3", "--stat", *options], pairs, SECONDS)
    return packets, {name: int(value) for name, value in re.findall(r"^; (\S+) (\d+)$", rest, re.MULTILINE)}


# -- Tests ---------------------------------------------------------------------------------

PAIRS = [(f"www.{ZONE_NAME}", "A"), (f"six.{ZONE_NAME}", "A")]
RIGHT = [[f"www.{ZONE_NAME}. 300 IN A 192.0.2.1"], [f"six.{ZONE_NAME}. 300 IN A 192.0.2.6"]]


@test
def cookies(started):
    """A server that wants its cookie refuses the first question alone; no other server minds a cookie."""
    for make, address, queries in SERVERS:
        if make.__name__ not in started:
            continue
        for options, expected in (["--edns"], queries), (["--edns", "--tcp=only"], 2), ([], None):
            packets, stat = ask(address, options, PAIRS)
            found = [packet.answer for packet in packets]
            wrong = [] if found == RIGHT else [f"{found}: {[packet.error for packet in packets]}"]
            if expected and stat["queries"] != expected:
                wrong.append(f"{stat['queries']} questions, not {expected}")
            if "--tcp=only" not in options and expected and stat["tcp.sent.count"]:
                wrong.append("it asked over TCP")
            judge(f"{make.__name__} answers {' '.join(options) or 'without EDNS'}", wrong)


@test
def letters(started):
    """All of them keep the letter case of a name."""
    for name, address in started.items():
        packets, stat = ask(address, ["--use-caps-for-id", "--edns"], [("Www.Kinds.Test", "A")] + PAIRS[1:])
        found = [packet.answer for packet in packets]
        right = [[RIGHT[0][0].replace("www.kinds.test", "Www.Kinds.Test")], RIGHT[1]]
        wrong = [] if found == right else [f"{found}: {[packet.error for packet in packets]}"]
        wrong += ["it asked over TCP"] if stat["tcp.sent.count"] else []
        judge(f"{name} keeps random letters, and the asker's come back", wrong)


@test
def texts(started):
    """Records of every kind are printed as dig prints them."""
    if "nsd" not in started or not shutil.which("dig"):
        report("skip", "the texts of records beside dig", "nsd or dig is not installed")
        return
    lines = [line.split()[:4] for line in ZONE.read_text(encoding="utf-8").splitlines() if re.match(r"[a-z0-9-]+\s", line)]
    pairs = sorted({(f"{owner}.{ZONE_NAME}", kind) for owner, _, _, kind in lines})
    packets, _ = ask(started["nsd"], ["--edns"], pairs)
    for (name, kind), packet in zip(pairs, packets):
        command = ["dig", f"@{started['nsd']}", name, kind, "+noall", "+answer", "+nosplit"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True).stdout
        # A byte of a text has two forms, `\\"` and `\\034`.
        told = told.replace("\\\\", "\\092").replace('\\"', "\\034")
        theirs = sorted(re.sub(r"[\t ]+", " ", line) for line in told.splitlines())
        judge(f"the text of {name} {kind} is that of dig",
              [] if sorted(packet.answer) == theirs and theirs else [f"{packet.answer} instead of {theirs}"])


def main():
    namespace.enter(mounts=False)
    with running() as started:
        run_all(started)
    return close("servers")


if __name__ == "__main__":
    sys.exit(main())
