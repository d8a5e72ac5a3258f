# SPDX-License-Identifier: MIT
"""Knot Resolver: its web module, which is lua-http inside the loop of libuv, and what else in it uses cqueues."""

import base64
import contextlib
import json
import re
import signal
import socket
import struct
import time

from harness import SECONDS, check, file, free_port, need
from programs import contains, equal
from websocket import TEXT, WebSocket
from with_lua_http import curl, nginx, trusting

# What asks servers outside is left out, and the answers come from a list.
CONFIGURATION = """
net.listen('127.0.0.1', {dns})
net.listen('127.0.0.1', {web}, {{ kind = 'webmgmt' }})
trust_anchors.remove('.')
for _, name in ipairs {{ 'ta_update', 'ta_signal_query', 'priming', 'detect_time_skew', 'detect_time_jump' }} do
	modules.unload(name)
end
modules = {{ 'hints > iterate', 'policy', 'http' }}
hints['www.local.net'] = '127.0.0.7'
cache.size = 10 * MB
{more}
event.after(0, function() io.stderr:write('serving\\n') end)
"""
PLAIN = "http.config({ tls = false })"
WITH_FILES = f"http.config({{ cert = '{file('server.pem')}', key = '{file('server.key')}' }})"


class Kresd:
    def __init__(self, side):
        self.dns, self.web = free_port(), free_port()
        self.folder, self.program = side.folder, None

    def url(self, path, scheme="http"):
        return f"{scheme}://localhost:{self.web}/{path}"

    def tell(self, command):
        """Says something to its control socket; returns the answer."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(SECONDS)
            control.connect(str(self.folder / "control" / str(self.program.process.pid)))
            control.sendall(command.encode() + b"\n")
            answer = b""
            while answer.count(b"> ") < 2:  # a prompt before the answer and one after it
                more = control.recv(65536)
                assert more, f"the control socket was closed: {answer}"
                answer += more
            return answer.split(b"> ")[1].decode().strip()


@contextlib.contextmanager
def kresd(side, more):
    need("kresd")
    served = Kresd(side)
    (side.folder / f"configuration-{served.web}").write_text(CONFIGURATION.format(dns=served.dns, web=served.web, more=more))
    with side.running(["kresd", "-n", "-c", f"configuration-{served.web}", "."]) as program:
        program.wait_for(rb"serving\n")
        program.uses(side.library)
        served.program = program
        yield served


def still_serves(served, side, *options, scheme="http"):
    contains(curl(side, *options, served.url("metrics", scheme)), b"answer_total")
    equal(address(served), "127.0.0.7")


def question(name="www.local.net"):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def answer_in(reply):
    """The address of a reply with one A record, which is at its end; or the number of what went wrong."""
    identity, flags, _, answers = struct.unpack(">4H", reply[:8])
    assert identity == 7 and flags & 0x8000, reply
    return socket.inet_ntoa(reply[-4:]) if answers == 1 else flags & 15


def address(served, name="www.local.net"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS)
        client.connect(("127.0.0.1", served.dns))
        client.send(question(name))
        return answer_in(client.recv(4096))


@check(["kresd"], seconds=2)
def kresd_serves_its_statistics_metrics_and_pages(side):
    with kresd(side, PLAIN) as served:
        contains(json.loads(curl(side, served.url("stats"))), "answer.total")
        contains(curl(side, served.url("metrics")), b"latency_count")
        contains(curl(side, served.url("")), b"kresd.js")
        jquery = curl(side, served.url("jquery.js"), "--http2-prior-knowledge")
        assert len(jquery) > 50_000
        equal(curl(side, "--write-out", "%{http_code}", "--output", "/dev/null", served.url("nothing")), b"404")
        found = curl(side, "--write-out", "%{num_connects}", "--output", "/dev/null", "--output", "/dev/null",
                     served.url("stats"), served.url("stats"))
        equal(found, b"10")
        still_serves(served, side)


@check(["kresd"], seconds=2)
def kresd_serves_over_TLS_with_a_certificate_of_ours_and_one_of_its_own(side):
    with kresd(side, WITH_FILES) as served:
        found = curl(side, "--write-out", "HTTP/%{http_version}", served.url("metrics", "https"))
        contains(found, b"answer_total")
        assert found.endswith(b"HTTP/2"), found[-20:]
        found = curl(side, "--http1.1", "--write-out", "HTTP/%{http_version}", served.url("metrics", "https"))
        assert found.endswith(b"HTTP/1.1"), found[-20:]
        curl(side, "--cacert", file("stranger.pem"), served.url("metrics", "https"), status=60)
        still_serves(served, side, scheme="https")
    with kresd(side, "") as served:
        still_serves(served, side, "--insecure", scheme="https")


@check(["kresd"], seconds=2)
def kresd_answers_DNS_over_HTTPS(side):
    with kresd(side, WITH_FILES) as served:
        wire = "content-type: application/dns-message"
        for version in "--http1.1", "--http2":
            found = curl(side, version, "--header", wire, "--data-binary", "@-", served.url("doh", "https"), text_in=question())
            equal(answer_in(found), "127.0.0.7")
        encoded = base64.urlsafe_b64encode(question()).decode().rstrip("=")
        equal(answer_in(curl(side, served.url(f"dns-query?dns={encoded}", "https"))), "127.0.0.7")
        contains(curl(side, "--include", served.url("doh?dns=x", "https")), b"input too short")


@check(["kresd"])
def kresd_traces_a_resolution(side):
    with kresd(side, PLAIN) as served:
        contains(curl(side, served.url("trace/www.local.net/A")), b"127.0.0.7")
        contains(curl(side, served.url("trace/www.local.net/X")), b"unexpected query type")


@check(["kresd"], seconds=4)
def kresd_sends_its_statistics_through_a_WebSocket(side):
    with kresd(side, PLAIN) as served, WebSocket(served.web, "/stats", SECONDS, protocol="json") as peer:
        contains(peer.answer, b"json")
        still_serves(served, side)
        for _ in range(2):
            kind, message = peer.receive()
            equal(kind, TEXT)
            contains(json.loads(message), "stats")
        peer.close()
        still_serves(served, side)
    with kresd(side, WITH_FILES) as served:
        with WebSocket(served.web, "/stats", SECONDS, tls=trusting()) as peer:
            contains(json.loads(peer.receive()[1]), "stats")
        still_serves(served, side, scheme="https")


@check(["kresd"], seconds=3)
def kresd_answers_hundreds_of_requests_while_it_resolves(side):
    need("h2load")
    with kresd(side, PLAIN) as served:
        for more in (["-p", "h2c"], ["--h1"]):
            found, _ = side.run(["h2load", "-n", "200", "-c", "10", "-m", "5", *more, served.url("metrics")])
            contains(found, b"200 succeeded, 0 failed")
            equal(address(served), "127.0.0.7")


@check(["kresd"], seconds=2)
def kresd_stops_at_once_while_clients_are_connected(side):
    for how in signal.SIGTERM, signal.SIGINT:
        with kresd(side, PLAIN) as served:
            with socket.create_connection(("127.0.0.1", served.web), SECONDS) as client, WebSocket(served.web, "/stats", SECONDS):
                client.sendall(b"GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
                contains(client.recv(1000), b"200")
                served.program.process.send_signal(how)
                status, said = served.program.ends(5)
            equal((status, b"assert" in said), (0, False))


@check(["kresd"])
def kresd_closes_its_web_server_and_opens_it_again(side):
    with kresd(side, PLAIN) as served:
        still_serves(served, side)
        contains(served.tell(f"net.close('127.0.0.1', {served.web})"), "true")
        curl(side, served.url("stats"), status=7)
        equal(address(served), "127.0.0.7")
        other = free_port()
        contains(served.tell(f"net.listen('127.0.0.1', {other}, {{ kind = 'webmgmt' }})"), "true")
        contains(curl(side, f"http://localhost:{other}/metrics"), b"answer_total")


@check(["kresd"])
def kresd_runs_workers_that_sleep(side):
    more = """
for i = 3, 1, -1 do
	worker.coroutine(function()
		for _ = 1, 2 do worker.sleep(i / 10) end
		io.stderr:write('worker ' .. i .. '\\n')
	end)
end
"""
    with kresd(side, PLAIN + more) as served:
        served.program.wait_for(rb"worker 3\n")
        equal(re.findall(rb"worker (\d)", served.program.output), [b"1", b"2", b"3"])
        still_serves(served, side)


@check(["kresd"], seconds=2)
def kresd_asks_the_other_processes_of_its_kind(side):
    with kresd(side, PLAIN) as one, kresd(side, PLAIN) as other:
        for asked in one, other:
            found = asked.tell("map('worker.pid')")
            for served in one, other:
                contains(found, str(served.program.process.pid))
        contains(one.tell("map('\"' .. ('x'):rep(5000) .. '\"')"), "x" * 5000)
        contains(json.loads(curl(side, one.url("stats"))), "answer.total")
        contains(one.tell("map('error(1)')"), "error")
        still_serves(one, side)
        still_serves(other, side)


@check(["kresd"], seconds=2)
def kresd_reads_its_policy_again_when_the_file_changes(side):
    zone = side.folder / "zone"
    zone.write_text("one.local.net CNAME .\n")
    with kresd(side, PLAIN + f"\nlog_level('info') policy.add(policy.rpz(policy.DENY, '{zone}', true))") as served:
        equal(address(served, "one.local.net"), 3)
        zone.write_text("two.local.net CNAME .\n")
        served.program.wait_for(rb"RPZ reloading: zone")
        until = time.monotonic() + SECONDS
        while address(served, "two.local.net") != 3:
            assert time.monotonic() < until, "the new policy is not in force"
        still_serves(served, side)


@check(["kresd"], seconds=3)
def kresd_sends_metrics_to_graphite(side):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        more = """
modules.load('graphite')
graphite.config({ prefix = 'name', host = '127.0.0.1', port = %d, interval = 500, tcp = true })
""" % listener.getsockname()[1]
        with kresd(side, PLAIN + more) as served:
            for _ in range(2):  # it connects again when the connection was lost
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(SECONDS)
                    lines = b""
                    while lines.count(b"name.answer.total ") < 2:
                        more = connection.recv(65536)
                        assert more, "kresd closed the connection"
                        lines += more
                    assert all(re.match(rb"name\.[\w.;=]+ [\d.e+-]+ \d+$", line) for line in lines.splitlines()[:-1])
            still_serves(served, side)


@check(["kresd"])
def kresd_fetches_a_file_over_HTTPS(side):
    more = """
local file = io.tmpfile()
local ok, err = require('kluautil').kr_https_fetch('%s', file, '%s')
io.stderr:write('fetched ', tostring(ok), ' ', tostring(err), ' ', tostring(file:read('*a')))
"""
    with nginx(side) as web:
        for name in "tls", "tls1":
            with kresd(side, PLAIN + more % (web.url(name, "small"), file("ca.pem"))) as served:
                served.program.wait_for(rb"fetched true nil hello\n")
            with kresd(side, PLAIN + more % (web.url(name, "small"), file("stranger.pem"))) as served:
                served.program.wait_for(rb"fetched nil [^\n]*verify failed")
