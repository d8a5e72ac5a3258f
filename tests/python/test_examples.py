# SPDX-License-Identifier: MIT
"""The programs of examples/python, each as a process with real clients."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "python"
SECONDS = 20


class Client:
    """A connection, line by line."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        return self.file.readline()

    def close(self):
        self.file.close()
        self.socket.close()


def changed(test, path, changes):
    """A copy of a program in which some constants are others."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        test.assertEqual(text.count(old), 1, old)
        text = text.replace(old, new)
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    copy = Path(folder.name) / path.name
    copy.write_text(text, encoding="utf-8")
    return copy


class Servers(unittest.TestCase):
    def start(self, name, changes=()):
        """Starts a server; with `changes` some of its constants are others. Its process and port."""
        path = EXAMPLES / name
        if changes:
            path = changed(self, path, changes)
        server = subprocess.Popen([sys.executable, path, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        words = server.stdout.readline().split()
        self.assertEqual(words[:2], ["listening", "on"], words or server.communicate())
        return server, int(words[3])

    def client(self, port):
        made = Client(port)
        self.addCleanup(made.close)
        return made

    def ends(self, server, number):
        """What the server says when it is sent a signal, and its exit status."""
        server.send_signal(number)
        output, errors = server.communicate(timeout=SECONDS)
        return output, errors, server.returncode

    def test_echo(self):
        server, port = self.start("echo.py")
        clients = [self.client(port) for _ in range(5)]
        for number, client in enumerate(clients):
            client.send(b"line %d\nanother\n" % number)
        for number, client in enumerate(clients):
            self.assertEqual(client.line(), b"line %d\n" % number)
            self.assertEqual(client.line(), b"another\n")
        self.assertEqual(self.ends(server, signal.SIGINT), ("", "", 0))
        self.assertEqual(clients[0].line(), b"")

    def test_a_signal_that_comes_while_the_loop_works_is_not_left_lying(self):
        """It was handled when the kernel had something to tell, if it came between the last line of Python and the wait."""
        for _ in range(8):
            server, port = self.start("echo.py")
            clients = [self.client(port) for _ in range(5)]
            for client in clients:
                client.send(b"x\n")
            for client in clients:
                self.assertEqual(client.line(), b"x\n")
            self.assertEqual(self.ends(server, signal.SIGINT), ("", "", 0))

    def test_inside_asyncio(self):
        server, port = self.start("inside_asyncio.py")
        clients = [self.client(port) for _ in range(3)]
        for number, client in enumerate(clients):
            client.send(b"line %d\nanother\n" % number)
        for number, client in enumerate(clients):
            self.assertEqual(client.line(), b"LINE %d\n" % number)
            self.assertEqual(client.line(), b"ANOTHER\n")
        self.assertEqual(self.ends(server, signal.SIGINT), ("stopped\n", "", 0))
        self.assertEqual(clients[0].line(), b"")

    def test_chat(self):
        server, port = self.start("chat.py")
        ann, bob = self.client(port), self.client(port)
        ann.send(b"ann\n")
        twin = self.client(port)
        twin.send(b"ann\n")
        self.assertEqual(twin.line(), b"* that name is taken\n")
        self.assertEqual(twin.line(), b"")
        bob.send(b"bob\n")
        self.assertEqual(ann.line(), b"* bob is here\n")
        ann.send(b"hello\n")
        self.assertEqual(bob.line(), b"ann: hello\n")
        bob.send(b"hi\n")
        self.assertEqual(ann.line(), b"bob: hi\n")
        bob.close()
        self.assertEqual(ann.line(), b"* bob has gone\n")
        self.assertEqual(self.ends(server, signal.SIGINT), ("", "", 0))

    def test_chat_disconnects_who_does_not_read(self):
        server, port = self.start("chat.py", [("PATIENCE = 2", "PATIENCE = 0.2")])
        ann = self.client(port)
        ann.send(b"ann\n")
        bob = self.client(port)
        bob.send(b"bob\n")
        self.assertEqual(ann.line(), b"* bob is here\n")
        carl = self.client(port)
        carl.send(b"carl\n")
        self.assertEqual(bob.line(), b"* carl is here\n")
        finished = threading.Event()

        def flood():
            while not finished.is_set():
                bob.send(b"x" * 60000 + b"\n")

        sender = threading.Thread(target=flood, daemon=True)
        sender.start()
        while carl.line() != b"* ann has gone\n":
            pass
        finished.set()
        while sender.is_alive():
            carl.line()
        self.assertEqual(self.ends(server, signal.SIGINT)[2], 0)

    def test_server_answers_and_stops_when_its_clients_have_finished(self):
        server, port = self.start("server.py")
        client = self.client(port)
        client.send(b"three short words\n\n")
        self.assertEqual([client.line(), client.line()], [b"3\n", b"0\n"])
        server.send_signal(signal.SIGTERM)
        while True:  # it listens no more, soon
            try:
                Client(port).close()
            except ConnectionRefusedError:
                break
            except ConnectionResetError:  # it has just ended
                pass
        client.send(b"one\n")
        self.assertEqual(client.line(), b"1\n")
        client.close()
        self.assertEqual(server.communicate(timeout=SECONDS), ("stopped\n", ""))
        self.assertEqual(server.returncode, 0)

    def test_server_ends_clients_that_do_not_finish(self):
        server, port = self.start("server.py", [("GRACE = 5", "GRACE = 0.1")])
        client = self.client(port)
        client.send(b"word\n")
        self.assertEqual(client.line(), b"1\n")
        self.assertEqual(self.ends(server, signal.SIGTERM), ("stopped\n", "", 0))
        self.assertEqual(client.line(), b"")

    def test_server_has_limits(self):
        server, port = self.start("server.py", [("CLIENTS = 100", "CLIENTS = 2"), ("IDLE = 30", "IDLE = 0.3")])
        idle, long = self.client(port), self.client(port)
        long.send(b"a\n")
        self.assertEqual(long.line(), b"1\n")
        self.assertEqual(self.client(port).line(), b"")  # one too many
        long.send(b"x" * 5000)
        with self.assertRaises(ConnectionResetError):  # closed with bytes that nobody has read
            self.assertEqual(long.line(), b"")
            raise ConnectionResetError
        self.assertEqual(idle.line(), b"goodbye: no line for too long\n")
        self.assertEqual(idle.line(), b"")
        output, errors, status = self.ends(server, signal.SIGTERM)
        self.assertEqual((output, status), ("stopped\n", 0))
        self.assertIn("a client failed: a line of more than 1000 bytes", errors)


class Clients(unittest.TestCase):
    def serve(self, folder):
        """A server of one page over TLS, with a certificate for localhost; its port."""
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key.pem"]
        name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-out", folder / "cert.pem"]
        try:
            subprocess.run(["openssl", "req", "-x509", "-days", "2", *key, *name], check=True, capture_output=True)
        except FileNotFoundError:
            self.skipTest("no openssl")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    plain = listener.accept()[0]
                except OSError:
                    return
                with plain:
                    try:
                        with context.wrap_socket(plain, server_side=True) as client:
                            asked = client.recv(1000)
                            client.sendall(b"HTTP/1.0 200 OK\r\nServer: test\r\n\r\n" + asked.split()[1] + b" is here\n")
                            client.unwrap()
                    except OSError:
                        pass

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def test_https_get(self):
        with tempfile.TemporaryDirectory() as folder:
            port = self.serve(Path(folder))

            def get(**more):
                command = [sys.executable, EXAMPLES / "https_get.py", "localhost", str(port), "/page"]
                return subprocess.run(command, env=dict(os.environ, **more), capture_output=True, text=True, timeout=SECONDS)

            found = get(SSL_CERT_FILE=os.path.join(folder, "cert.pem"))
            self.assertEqual(found.stderr, "")
            self.assertEqual(found.stdout, "HTTP/1.0 200 OK\nServer: test\n\n/page is here\n")
            refused = get()
            self.assertEqual((refused.stdout, refused.returncode), ("", 1))
            self.assertIn("certificate", refused.stderr)


class Programs(unittest.TestCase):
    def start(self, name, *arguments, changes=()):
        """Starts a program; what it writes to either stream comes from `output`, line by line."""
        path = EXAMPLES / name
        if changes:
            path = changed(self, path, changes)
        program = subprocess.Popen(
            [sys.executable, path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.addCleanup(program.communicate)
        self.addCleanup(program.kill)
        return program

    def lines(self, program, *wanted):
        for line in wanted:
            self.assertEqual(program.stdout.readline(), line + "\n")

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Path(folder.name)

    def test_watch_follows_files_through_all_that_befalls_logs(self):
        folder = self.folder()
        log, other = folder / "log", folder / "other"
        log.write_text("before\n")
        watch = self.start("watch.py", str(log), str(other))
        told = sorted([watch.stdout.readline(), watch.stdout.readline()])
        self.assertEqual(told, [f"{log} is watched\n", f"{other} is watched\n"])
        with open(log, "a") as writer:
            writer.write("one\ntw")
            writer.flush()
            self.lines(watch, f"{log}: one")
            writer.write("o\n")
            writer.flush()
            self.lines(watch, f"{log}: two")
            log.rename(folder / "log.1")  # who writes goes on for a while
            writer.write("late\n")
        log.write_text("three\n")
        seen = [watch.stdout.readline() for _ in range(3)]
        self.assertEqual(seen, [f"{log}: late\n", f"{log} is a new file\n", f"{log}: three\n"])
        (folder / "new").write_text("four\n")
        (folder / "new").rename(log)
        self.lines(watch, f"{log} is a new file", f"{log}: four")
        with open(log, "r+") as writer:
            writer.truncate(0)
        self.lines(watch, f"{log} was cut")
        with open(log, "a") as writer:
            writer.write("five\n")
        self.lines(watch, f"{log}: five")
        other.write_text("hello\n")
        self.lines(watch, f"{other} is a new file", f"{other}: hello")
        log.unlink()
        log.write_text("six\n")
        self.lines(watch, f"{log} is a new file", f"{log}: six")
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.communicate(timeout=SECONDS)[0], "")
        self.assertEqual(watch.returncode, 0)

    def dig(self, *arguments):
        done = subprocess.run(
            [sys.executable, EXAMPLES / "dig.py", *arguments], capture_output=True, text=True, timeout=SECONDS
        )
        return done.stdout, done.stderr, done.returncode

    def test_dig_asks_a_server_and_from_the_root(self):
        from test_dns import Server

        with Server() as server:
            at, root = "@" + server.address, ("--root", server.address)
            self.assertEqual(self.dig(at, "example", "MX")[0].split("\n")[0], "example.\t300\tMX\t20 b.example.")
            self.assertEqual(self.dig(at, "host.example", "AAAA"), ("host.example.\t300\tAAAA\t2001:db8::1\n", "", 0))
            self.assertEqual(self.dig(*root, "example", "NS"), ("example.\t300\tNS\tns.example.\n", "", 0))
            self.assertEqual(self.dig(at, "example", "TXT")[0], "example.\t300\tTXT\t'one t\\x00wo'\n")
            self.assertEqual(self.dig(at, "example", "HINFO")[0], 'example.\t300\tHINFO\t"cpu" "os"\n')
            self.assertEqual(self.dig(at, "-x", "192.0.2.1"), ("host.example.\n", "", 0))
            self.assertEqual(self.dig(at, "host.example", "MX"), ("", "host.example has no MX\n", 0))
            output, errors, status = self.dig(at, "missing.example")
            self.assertEqual((output, status), ("", 1))
            self.assertIn("missing.example", errors)
            self.assertEqual(self.dig(at, "--timeout", "0.2", "silent.example")[2], 1)
            self.assertEqual(self.dig(at, "example", "NONSENSE")[1:], ("dig: 'NONSENSE' is no type of records\n", 2))
            self.assertEqual(self.dig()[2], 2)

    def test_supervisor_shows_what_programs_write_and_starts_them_again(self):
        program = self.start("supervisor.py", "echo hi; exit 3", changes=[("FIRST = 0.1", "FIRST = 0.05")])
        self.lines(
            program, "supervisor: 1 programs", "1: hi", "1: ended with 3, and starts again in 0.05 s", "1: hi",
            "1: ended with 3, and starts again in 0.1 s", "1: hi", "1: ended with 3, and starts again in 0.2 s",
        )
        program.send_signal(signal.SIGTERM)
        output = program.communicate(timeout=SECONDS)[0]
        self.assertTrue(output.endswith("supervisor: SIGTERM: stopping\nsupervisor: stopped\n"), output)
        self.assertEqual(program.returncode, 0)

    def test_supervisor_forgets_failures_of_a_program_that_has_run_well(self):
        program = self.start("supervisor.py", "exec sleep 0.2", changes=[("STEADY = 10", "STEADY = 0.1"), ("FIRST = 0.1", "FIRST = 0.01")])
        self.lines(program, "supervisor: 1 programs", *["1: ended with 0, and starts again in 0.01 s"] * 3)
        program.send_signal(signal.SIGINT)
        self.assertIn("SIGINT: stopping", program.communicate(timeout=SECONDS)[0])

    def test_supervisor_ends_programs_in_order_and_kills_those_that_do_not_end(self):
        polite = self.folder() / "polite.sh"
        polite.write_text("trap 'echo bye; exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done\n")
        stubborn = self.folder() / "stubborn.sh"
        stubborn.write_text("trap '' TERM\necho ready\nwhile :; do sleep 0.05; done\n")
        program = self.start("supervisor.py", f"exec sh {polite}", f"exec sh {stubborn}", changes=[("GRACE = 5", "GRACE = 0.3")])
        self.lines(program, "supervisor: 2 programs")
        self.assertEqual(sorted([program.stdout.readline(), program.stdout.readline()]), ["1: ready\n", "2: ready\n"])
        program.send_signal(signal.SIGTERM)
        output = program.communicate(timeout=SECONDS)[0]
        self.assertEqual(sorted(output.splitlines()), ["1: bye", "supervisor: SIGTERM: stopping", "supervisor: stopped"])
        self.assertEqual(program.returncode, 0)


if __name__ == "__main__":
    unittest.main()
