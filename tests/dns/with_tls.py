# SPDX-License-Identifier: MIT
"""Name servers over TLS: those that people run, and one of Python's that counts and misbehaves. `run.sh` starts this.

    with_tls.py [WORD]          only the tests whose name has the word in it

What is not installed is skipped: unbound, kresd, named, dig.
"""

import contextlib
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import client
import namespace
from processes import Server
from verdicts import close, judge, report, run_all, test

ZONE_NAME = "kinds.test"
SECONDS = 60
PORT = 853


# -- Servers: a configuration and a command ------------------------------------------------


def unbound(folder, address, certificates):
    return f"""server:
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    interface: {address}@{PORT}
    tls-port: {PORT}
    tls-service-pem: "{certificates}/server.pem"
    tls-service-key: "{certificates}/server.key"
    do-not-query-localhost: no
    local-zone: "{ZONE_NAME}." static
    local-data: "{ZONE_NAME}. SOA ns.{ZONE_NAME}. host.{ZONE_NAME}. 1 2 3 4 5"
    local-data: "www.{ZONE_NAME}. 300 A 192.0.2.1"
    local-data: "six.{ZONE_NAME}. 300 A 192.0.2.6"
remote-control:
    control-enable: no
""", ["unbound", "-d", "-c"]


def kresd(folder, address, certificates):
    return f"""net.listen("{address}", {PORT}, {{ kind = "tls" }})
net.tls("{certificates}/server.pem", "{certificates}/server.key")
local function say(name, address)
	policy.add(policy.domains(policy.ANSWER({{ [kres.type.A] = {{ rdata = kres.str2ip(address), ttl = 300 }} }}), {{ todname(name) }}))
end
say("www.{ZONE_NAME}", "192.0.2.1")
say("six.{ZONE_NAME}", "192.0.2.6")
trust_anchors.remove(".")
""", ["kresd", "-n", str(folder), "-c"]


def named(folder, address, certificates):
    zone = folder / "zone"
    zone.write_text("$TTL 300\n@ SOA . . 1 2 3 4 5\n@ NS a\na A 192.0.2.3\nwww A 192.0.2.1\nsix A 192.0.2.6\n", encoding="utf-8")
    return f"""tls here {{ cert-file "{certificates}/server.pem"; key-file "{certificates}/server.key"; }};
options {{ directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile none; recursion no; dnssec-validation no;
listen-on port {PORT} tls here {{ {address}; }}; listen-on-v6 {{ none; }}; minimal-responses yes; }};
controls {{ }};
zone "{ZONE_NAME}" {{ type primary; file "{zone}"; }};
""", ["named", "-g", "-c"]


# Those that people run, with their addresses: named listens at those alone that an interface has.
SERVERS = [(unbound, "127.2.0.4"), (kresd, "127.2.0.6"), (named, "127.0.0.1")]


def wait_for_port(address, server):
    until = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection((address, PORT), 1):
            return
        if server.process.poll() is not None or time.monotonic() > until:
            said = Path(server.log).read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{server.process.args[0]} does not listen at {address}: {said[-2000:]}")
        time.sleep(0.02)


@contextlib.contextmanager
def running(folder, certificates):
    """Starts those that are installed; gives their names and addresses."""
    with contextlib.ExitStack() as stack:
        started = {}
        for make, address in SERVERS:
            name = make.__name__
            if not shutil.which(name):
                report("skip", f"the library beside {name} over TLS", "not installed")
                continue
            own = folder / name
            own.mkdir()
            text, arguments = make(own, address, certificates)
            path = own / "conf"
            path.write_text(text, encoding="utf-8")
            server = Server([*arguments, str(path)], own / "log")
            stack.callback(server.stop)
            wait_for_port(address, server)
            started[name] = address
        yield started


# -- A server that counts, and does what it is told -------------------------------------------


def answer_to(query):
    """One address for whatever is asked."""
    end = 12
    while query[end]:
        end += query[end] + 1
    question = query[12:end + 5]
    record = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 300, 4) + bytes([192, 0, 2, 1])
    return query[:2] + b"\x81\x80" + struct.pack(">4H", 1, 1, 0, 0) + question + record


class Scripted:
    """Serves TLS in threads. `reply(connection, message)` sends an answer with its length in front; returns whether the
    connection goes on."""

    def __init__(self, address, certificates, reply, name="server"):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
        self.reply, self.connections, self.handshakes, self.resumed, self.sizes = reply, 0, 0, 0, []
        self.listener = socket.create_server((address, PORT))
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self.listener.accept()
                self.connections += 1
                self.open.append(plain)
                threading.Thread(target=self.talk, args=(plain,), daemon=True).start()

    def talk(self, plain):
        with contextlib.suppress(OSError):
            connection = self.context.wrap_socket(plain, server_side=True)
            self.open.append(connection)
            self.handshakes += 1
            self.resumed += bool(connection.session_reused)
            while query := self.query(connection):
                self.sizes.append(len(query))
                answered = answer_to(query)
                if not self.reply(connection, struct.pack(">H", len(answered)) + answered):
                    break
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    @staticmethod
    def query(connection):
        def exactly(size):
            data = b""
            while len(data) < size and (more := connection.recv(size - len(data))):
                data += more
            return data
        length = exactly(2)
        return exactly(struct.unpack(">H", length)[0]) if len(length) == 2 else b""

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def at_once(connection, message):
    connection.sendall(message)
    return True


def and_goes(connection, message):
    connection.sendall(message)
    return False


def byte_by_byte(connection, message):
    for byte in message:
        connection.sendall(bytes([byte]))
    return True


def ask(server, pairs, *options):
    """The packets, and what the statistics say."""
    packets, rest = client.batch([f"@{server}", "--timeout", "2", "--attempts", "1", "--no-cache", "--stat", *options],
                                 pairs, SECONDS)
    return packets, {name: int(value) for name, value in re.findall(r"^; (\S+) (\d+)$", rest, re.MULTILINE)}


def names(count):
    return [(f"n{number}.{ZONE_NAME}", "A") for number in range(count)]


def wrong_answers(packets):
    return [f"{packet.answer}: {packet.error}" for packet in packets if len(packet.answer) != 1]


# -- Tests ---------------------------------------------------------------------------------

PAIRS = [(f"www.{ZONE_NAME}", "A"), (f"six.{ZONE_NAME}", "A")] * 10
RIGHT = [[f"www.{ZONE_NAME}. 300 IN A 192.0.2.1"], [f"six.{ZONE_NAME}. 300 IN A 192.0.2.6"]] * 10


@test
def servers_answer(started, _):
    """All of them answer, as they answer dig; nothing goes over UDP."""
    for name, address in started.items():
        packets, stat = ask(f"tls://{address}#localhost", PAIRS)
        found = [packet.answer for packet in packets]
        wrong = [] if found == RIGHT else [f"{found[:2]}: {[packet.error for packet in packets][:2]}"]
        wrong += ["it asked over UDP"] if stat["udp.sent.count"] else []
        wrong += [f"{stat['tcp.sent.count']} messages"] if stat["tcp.sent.count"] != len(PAIRS) else []
        judge(f"{name} answers over TLS", wrong)
        if not shutil.which("dig"):
            continue
        told = subprocess.run(["dig", "+tls", f"@{address}", PAIRS[0][0], "A", "+short"], capture_output=True, text=True,
                              timeout=SECONDS, check=False).stdout.split()
        judge(f"{name} answers dig over TLS in the same way", [] if told == ["192.0.2.1"] else [str(told)])


@test
def servers_with_other_names(started, _):
    """None of them is believed under another name, or at an address that is not in its certificate."""
    for name, address in started.items():
        for expected in f"tls://{address}#resolver.test", "tls://" + address:
            packets, stat = ask(expected, PAIRS[:1])
            if expected == "tls://127.0.0.1":
                judge(f"{name} is believed at its address", wrong_answers(packets))
                continue
            wrong = [] if packets[0].rcode is None and "mismatch" in packets[0].error else [packets[0].text + packets[0].error]
            wrong += [f"{address}:{PORT} is not in the reason"] if f"{address}:{PORT}" not in packets[0].error else []
            wrong += ["it asked over UDP"] if stat["udp.sent.count"] else []
            judge(f"{name} is not believed as {expected}", wrong)


@test
def a_hundred_questions(_, certificates):
    """They cost one connection and one handshake, and each is a multiple of 128 bytes."""
    server = Scripted("127.2.1.1", certificates, at_once)
    packets, _ = ask("tls://127.2.1.1#localhost", names(100))
    server.stop()
    wrong = wrong_answers(packets)
    wrong += [f"{server.connections} connections, {server.handshakes} handshakes"] if (server.connections, server.handshakes) != (1, 1) else []
    judge("a hundred questions share a handshake", wrong)
    odd = [str(size) for size in server.sizes if size % 128]
    judge("a hundred questions are padded", odd or ([] if len(server.sizes) == 100 else [str(len(server.sizes))]))


@test
def questions_in_plain_text(_, certificates):
    """Beside them, a question that goes over TCP in plain text has no padding, also with EDNS."""
    del certificates
    sizes = []
    listener = socket.create_server(("127.2.1.9", 53))

    def serve():
        connection, _ = listener.accept()
        query = Scripted.query(connection)
        sizes.append(len(query))
        answered = answer_to(query)
        connection.sendall(struct.pack(">H", len(answered)) + answered)
    threading.Thread(target=serve, daemon=True).start()
    packets, _ = ask("127.2.1.9", names(1), "--tcp=only", "--edns", "--no-cookies")
    listener.close()
    judge("a question in plain text is not padded", wrong_answers(packets) + ([] if sizes == [12 + 15 + 4 + 11] else [str(sizes)]))


@test
def a_server_that_closes(_, certificates):
    """A server that closes after each answer is asked all the same, and its sessions are resumed."""
    server = Scripted("127.2.1.2", certificates, and_goes)
    packets, stat = ask("tls://127.2.1.2#localhost", names(20))
    server.stop()
    wrong = wrong_answers(packets)
    wrong += [f"{stat['queries']} queries"] if stat["queries"] != 20 else []
    wrong += [f"{server.resumed} resumed"] if server.resumed < 19 else []
    judge("a server that closes each connection after an answer", wrong)


@test
def answers_in_pieces(_, certificates):
    server = Scripted("127.2.1.3", certificates, byte_by_byte)
    packets, _ = ask("tls://127.2.1.3#localhost", names(5))
    server.stop()
    judge("an answer may come in records of one byte", wrong_answers(packets))


@test
def certificates_that_are_no_good(_, certificates):
    for number, (name, reason) in enumerate((("expired", "certificate has expired"), ("untrusted", "issuer certificate"),
                                             ("alone", "self-signed"), ("future", "not yet valid"))):
        address = f"127.2.2.{number + 1}"
        server = Scripted(address, certificates, at_once, name)
        packets, _ = ask(f"tls://{address}#localhost", names(1))
        server.stop()
        wrong = [] if reason in packets[0].error else [packets[0].error]
        wrong += ["it was asked"] if server.sizes else []
        judge(f"a server whose certificate is {name} is not asked", wrong)


@test
def a_server_that_dies_and_returns(_, certificates):
    """One resolver throughout: while the server is gone there is a failure, and later the answer."""
    address = "127.2.1.4"
    server = Scripted(address, certificates, at_once)
    process = client.start([f"@tls://{address}#localhost", "--timeout", "2", "--attempts", "1", "--no-cache", "--short"])

    def question(name):
        process.stdin.write(f"{name}.{ZONE_NAME} A\n".encode())
        process.stdin.flush()
        lines = []
        while not lines or not lines[-1].startswith(";; asked"):
            lines.append(process.stdout.readline().decode())
        return [line.strip() for line in lines[:-1]]
    told = [question("before")]
    server.stop()
    time.sleep(0.1)
    told.append(question("gone"))
    server = Scripted(address, certificates, at_once)
    told.append(question("after"))
    process.stdin.close()
    process.wait(SECONDS)
    server.stop()
    judge("a server that dies and returns", [] if told == [["192.0.2.1"], [], ["192.0.2.1"]] else [str(told)])


@test
def slow_servers(_, certificates):
    """A server that shakes hands and never answers costs its time limit; so does one that does not shake hands."""
    server = Scripted("127.2.1.5", certificates, lambda *_: True)
    begun = time.monotonic()
    packets, _ = ask("tls://127.2.1.5#localhost", names(1))
    spent = time.monotonic() - begun
    server.stop()
    judge("a server that never answers", [] if 1.5 < spent < 8 and not packets[0].answer else [f"{spent} s, {packets[0].answer}"])
    listener = socket.create_server(("127.2.1.6", PORT))
    begun = time.monotonic()
    packets, _ = ask("tls://127.2.1.6#localhost", names(1))
    spent = time.monotonic() - begun
    listener.close()
    judge("a server that never shakes hands", [] if 1.5 < spent < 8 and not packets[0].answer else [f"{spent} s, {packets[0].answer}"])


@test
def a_configuration_file(_, certificates):
    """The option stands in a file like resolv.conf: strict, and opportunistic beside a server without TLS."""
    server = Scripted("127.0.0.1" if not shutil.which("named") else "127.2.1.7", certificates, at_once)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        address = server.listener.getsockname()[0]
        file.write(f"nameserver tls://{address}#localhost # the name\noptions attempts:1 timeout:2\n")
        file.flush()
        packets, _ = client.batch(["--config", file.name], names(1), SECONDS)
    server.stop()
    judge("a server over TLS stands in a file", wrong_answers(packets) + ([] if server.sizes == [128] else [str(server.sizes)]))
    for option, answers in ("dns-over-tls", 0), ("dns-over-tls:opportunistic", 1):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
            plain.bind(("127.2.1.8", 53))
            plain.settimeout(4)
            asked = []

            def serve():
                with contextlib.suppress(OSError):
                    query, peer = plain.recvfrom(4096)
                    asked.append(query)
                    plain.sendto(answer_to(query), peer)
            thread = threading.Thread(target=serve)
            thread.start()
            file.write(f"nameserver 127.2.1.8\noptions attempts:1 timeout:2 {option}\n")
            file.flush()
            packets, _ = client.batch(["--config", file.name], names(1), SECONDS)
            thread.join()
        wrong = [] if (len(packets[0].answer), len(asked)) == (answers, answers) else [f"{packets[0].text}, {len(asked)} asked"]
        judge(f"a server without TLS under {option}", wrong)


def main():
    namespace.enter(mounts=False)
    with tempfile.TemporaryDirectory(prefix="cqueues-tls-") as folder:
        folder = Path(folder)
        certificates = folder / "certificates"
        script = Path(__file__).parent.parent / "certificates.sh"
        subprocess.run(["sh", str(script), str(certificates)], check=True, timeout=SECONDS)
        os.environ["SSL_CERT_FILE"] = str(certificates / "ca.pem")
        with running(folder, certificates) as started:
            run_all(started, certificates)
    return close("TLS")


if __name__ == "__main__":
    sys.exit(main())
