# SPDX-License-Identifier: MIT
"""The library on the internet of the folder `internet`, beside unbound and the real dig: `run.sh` starts this.

    with_internet.py [WORD]         only the tests whose name has the word in it
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time

import client
import internet
import namespace
from sniffer import Sniffer
from verdicts import close, judge, report, run_all, test

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

RECURSIVE = ["--root", str(internet.FOLDER / "roots"), "--timeout", "1", "--attempts", "2", "--deadline", "30"]
STUB = [f"@{internet.RECURSIVE}", "--timeout", "5"]
SECONDS = 60

ASKED, HOPELESS = internet.names()


# -- Records in one form, whoever printed them ---------------------------------------------


def unescaped(text):
    """The bytes of texts in quotes, all joined."""
    parts = re.findall(r'"((?:\\.|[^"\\])*)"', text)
    whole = re.sub(r"\\(\d{3}|.)", lambda found: chr(int(found[1])) if found[1].isdigit() else found[1], "".join(parts))
    return whole.encode("latin-1")


def rdata_form(kind, text):
    """Data that compares equal to that of the same record. A TXT is one text however it is divided; types without
    a name of their own may be printed as text in quotes."""
    number = int(kind) if kind.isdigit() else dns.rdatatype.from_text(kind)
    if number in (dns.rdatatype.TXT, dns.rdatatype.SPF) or kind.isdigit() and not text.startswith("\\#"):
        return number, unescaped(text)
    rdata = dns.rdata.from_text(dns.rdataclass.IN, number, text, relativize=False)
    return number, rdata.to_digestable()


def line_form(line):
    """A printed record: owner, type and data."""
    name, _, _, kind, text = (line.split(None, 4) + [""])[:5]
    return (name.lower(), *rdata_form(kind, text))


def forms(lines):
    found = {line_form(re.sub(r"\s+", " ", line)) for line in lines}
    return {form for form in found if form[1] not in (dns.rdatatype.DNAME, dns.rdatatype.OPT)}


def our_section(packet, section):
    return forms(line for line in packet.sections[section] if " OPT " not in line)


def their_section(rrsets):
    return forms(f"{rrset.name} {rrset.ttl} IN {dns.rdatatype.to_text(rrset.rdtype)} {rdata.to_text()}"
                 for rrset in rrsets for rdata in rrset)


def shown(records):
    texts = [f"{name} {dns.rdatatype.to_text(kind)} {data[:24]!r}" for name, kind, data in sorted(records)]
    return ", ".join(texts) or "nothing"


def differences(rcode, answer, packet):
    """What is different in our packet. That nobody could help is SERVFAIL there, SERVFAIL or an error here."""
    ours = packet.rcode or "SERVFAIL"
    if ours != rcode:
        return [f"{ours} ({packet.error}), not {rcode}"]
    try:
        found = our_section(packet, "ANSWER")
    except (dns.exception.DNSException, ValueError) as reason:
        return [f"no text of zone files: {reason}: {packet.answer}"]
    if found != answer and rcode != "SERVFAIL":
        return [f"{shown(found - answer)} instead of {shown(answer - found)}"]
    return []


# -- Asking ------------------------------------------------------------------------------------


def ask_unbound(name, kind):
    query = dns.message.make_query(name, kind, use_edns=0, payload=1232)
    return dns.query.udp_with_fallback(query, internet.RECURSIVE, timeout=SECONDS)[0]


def total(sniffer, by_unbound):
    """How many questions reached servers of the internet."""
    return [query for query in sniffer.queries
            if query.target != internet.RECURSIVE and (query.source in internet.RECURSIVE_SOURCES) == by_unbound]


def by_protocol(queries):
    udp = sum(query.protocol == "udp" for query in queries)
    return f"{len(queries)} ({udp} UDP, {len(queries) - udp} TCP)"


# -- Tests -------------------------------------------------------------------------------------


@test
def recursion():
    """From cold caches: the answers are those of unbound, with no more questions."""
    with Sniffer() as theirs:
        right = [ask_unbound(*pair) for pair in ASKED]
    with Sniffer() as ours:
        begun = time.monotonic()
        packets, rest = client.batch([*RECURSIVE, "--stat"], ASKED, SECONDS)
        seconds = time.monotonic() - begun
    for pair, message, packet in zip(ASKED, right, packets):
        found = differences(dns.rcode.to_text(message.rcode()), their_section(message.answer), packet)
        judge("recursive: " + " ".join(pair), found)
    mine, yours = total(ours, False), total(theirs, True)
    print(f"       {len(ASKED)} names from cold, in {seconds:.2f} s: "
          f"ours asked {by_protocol(mine)}, unbound {by_protocol(yours)}")
    judge("recursion from cold asks no more than unbound", [] if len(mine) <= len(yours) else ["see above"])
    told = dict(re.findall(r"^; (\S+) (\d+)$", rest, re.MULTILINE))
    for protocol in "udp", "tcp":
        seen = sum(query.protocol == protocol for query in mine)
        said = int(told.get(f"{protocol}.sent.count", -1))
        judge(f"the statistics tell how many {protocol.upper()} questions were sent",
              [] if said == seen else [f"{said}, not {seen}"])


@test
def recursion_from_the_cache():
    """What had an outcome that may be kept is not asked again."""
    lasting = [pair for pair in ASKED if pair[0] != "short-lived.harbor.sea"]
    packets, _ = client.batch(RECURSIVE, lasting, SECONDS)
    lasting = [pair for pair, packet in zip(lasting, packets) if packet.rcode in ("NOERROR", "NXDOMAIN")]
    with Sniffer() as once:
        client.batch(RECURSIVE, lasting, SECONDS)
    with Sniffer() as twice:
        packets, _ = client.batch(RECURSIVE, lasting * 2, SECONDS)
    more = len(total(twice, False)) - len(total(once, False))
    judge(f"{len(lasting)} names are answered from the cache the second time",
          [f"{more} more questions"] if more > 0 else [])
    half = len(packets) // 2
    changed = [" ".join(pair) for pair, first, second in zip(lasting, packets, packets[half:])
               if (first.rcode, our_section(first, "ANSWER")) != (second.rcode, our_section(second, "ANSWER"))]
    judge("the cache answers what the servers answered", changed)


@test
def hopeless():
    """Nobody there answers: ours fails, and soon."""
    for pair in HOPELESS:
        with Sniffer() as sniffer:
            begun = time.monotonic()
            (packet,), _ = client.batch(RECURSIVE, [pair], SECONDS)
            seconds = time.monotonic() - begun
        sent = len(total(sniffer, False))
        good = packet.rcode in (None, "SERVFAIL") and not packet.answer and seconds < 15 and sent <= 32
        said = f"{packet.rcode}, {sent} questions, {seconds:.1f} seconds"
        judge("hopeless: " + " ".join(pair), [] if good else [said])


@test
def stub():
    """Through unbound, which knows it all by now: the same as the real dig gets."""
    if not shutil.which("dig"):
        report("skip", "the stub beside the real dig", "dig is not installed")
        return
    theirs = real_dig(ASKED)
    for options in [], ["--edns"], ["--tcp=only"]:
        packets, _ = client.batch([*STUB, *options], ASKED, SECONDS)
        for pair, right, packet in zip(ASKED, theirs, packets):
            found = differences(right.rcode, forms(right.answer), packet)
            judge(f"stub {' '.join(options)}{' ' if options else ''}beside dig: {' '.join(pair)}", found)
    other = [" ".join(pair) for pair, right, packet in zip(ASKED, theirs, packets)
             if right.rcode != "SERVFAIL" and right.rcode == packet.rcode and rough(right) != rough(packet)]
    judge("the stub's authority sections are of the kinds that dig has", other)


def rough(packet):
    """The kinds of records in the authority section."""
    return {line.split()[3] for line in packet.sections["AUTHORITY"]}


def real_dig(pairs):
    """What the dig of BIND prints, in the same form as ours."""
    with tempfile.NamedTemporaryFile("w", suffix=".names") as names:
        names.write("".join(f"{name} {kind}\n" for name, kind in pairs))
        names.flush()
        command = ["dig", f"@{internet.RECURSIVE}", "+nocmd", "+nostats", "+nocookie", "+bufsize=1232"]
        result = subprocess.run([*command, "-f", names.name], capture_output=True, timeout=SECONDS, check=True)
        text = result.stdout.decode()
    packets = []
    for part in re.split(r"^(?=;; Got answer:)", text, flags=re.MULTILINE)[1:]:
        text = re.sub(r";; (QUESTION|ANSWER|AUTHORITY|ADDITIONAL)[A-Z ]*:", r";; [\1:0]", part)
        text = re.sub(r"status: (\w+)", r"\n;; rcode : \1(", text)
        packets.append(client.Packet(re.sub(r"[\t ]+", " ", text)))
    assert len(packets) == len(pairs), f"dig answered {len(packets)} of {len(pairs)}"
    return packets


@test
def smart():
    """For MX, NS, SRV: the addresses of the hosts are in the additional section."""
    cases = [("harbor.sea", "MX", "mail2.fern.sea."), ("_sip._tcp.harbor.sea", "SRV", "www.forest.land.")]
    for name, kind, host in cases:
        for where, arguments in ("stub", STUB), ("recursive", RECURSIVE):
            (packet,), _ = client.batch([*arguments, "--smart"], [(name, kind)], SECONDS)
            hosts = {(owner, number) for owner, number, _ in our_section(packet, "ADDITIONAL")}
            judge(f"smart, {where}: {name} {kind} brings the address of {host}",
                  [] if (host, dns.rdatatype.A) in hosts else [f"additional: {packet.sections['ADDITIONAL']}"])


@test
def command_line():
    """What the program prints, and how it ends."""
    def run(*arguments):
        return subprocess.run([*client.DIG, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)

    for arguments, status, output in [
            ([*STUB, "www.harbor.sea", "--short"], 0, "192.0.2.1\n192.0.2.2\n"),
            ([*STUB, "harbor.sea", "TXT", "IN", "--short"], 0, '"two" "strings"\n"v=spf1 mx -all"\n'),
            ([*STUB, "gone.harbor.sea", "--short"], 0, ""),
            (["@127.1.8.1", "www.harbor.sea"], 1, ""),
            ([*STUB, "--no-such-option", "www.harbor.sea"], 2, ""),
            ([*STUB], 2, ""),
            ([*STUB, "www.harbor.sea", "NOTYPE"], 2, "")]:
        result = run(*arguments)
        found = (result.returncode, "".join(sorted(result.stdout.splitlines(keepends=True))))
        good = found == (status, output) and (status == 0 or "dig: " in result.stderr or "usage: " in result.stderr)
        judge("dig " + " ".join(arguments), [] if good else [f"{found} {result.stderr}"])


def main():
    namespace.enter(mounts=False)
    with internet.running():
        run_all()
    return close("internet")


if __name__ == "__main__":
    sys.exit(main())
