# SPDX-License-Identifier: MIT
"""Reads the files of the folder `scenarios`; README.md there describes their language."""

import re
import shlex
from pathlib import Path

import wire

SETTINGS = {"id", "from", "question", "case", "rcode", "count.question", "count.answer", "count.authority",
            "count.additional", "cookie", "options", "opts", "cut", "extra", "after", "prefix", "close", "qr", "opcode"}
WORDS = {"tc", "aa", "noaa", "nora", "noopt", "noquestion", "twice", "chop"}


class Mistake(Exception):
    """Something in a scenario that makes no sense."""


class Record:
    """A record to send, or one that must be in the answer."""

    def __init__(self, words):
        self.name, ttl, self.type, *self.rdata = words
        self.any_ttl = ttl == "*"
        self.ttl = 0 if self.any_ttl else int(ttl)
        self.rclass = wire.IN
        if self.type.startswith("CLASS"):
            self.rclass, self.type, *self.rdata = int(self.type[5:]), *self.rdata
        wire.type_number(self.type)


class Reply:
    """What a server does on a query: a message, or `silence`, or `hangup`."""

    def __init__(self, kind, words=()):
        self.kind = kind
        self.settings, self.records = {}, []
        for word in words:
            name, equals, value = word.partition("=")
            if name not in (SETTINGS if equals else WORDS):
                raise Mistake(f"unknown word {word}")
            self.settings[name] = value


class Rule:
    """`on`: which queries, and what is done on them."""

    def __init__(self, words):
        self.text = " ".join(words)
        self.protocol = self.edns = self.cookie = None
        self.times, self.used, self.maybe = None, 0, False
        while words and (words[0] in ("udp", "tcp", "edns", "plain", "maybe") or words[0].startswith("cookie=")):
            word = words.pop(0)
            if word in ("udp", "tcp"):
                self.protocol = word
            elif word == "maybe":
                self.maybe = True
            elif word.startswith("cookie="):
                self.cookie = word.removeprefix("cookie=")
            else:
                self.edns = word == "edns"
        if words[2:3] == ["times"]:
            self.times = int(words[3])
            del words[2:4]
        if len(words) != 2:
            raise Mistake("on [udp|tcp] [edns|plain] [cookie=...] [maybe] NAME TYPE [times N]")
        self.name, self.type = words
        self.replies = []

    def matches(self, protocol, query):
        if self.protocol not in (None, protocol) or self.edns not in (None, query.edns):
            return False
        if self.cookie not in (None, kind_of_cookie(query.cookie)):
            return False
        if self.times is not None and self.used >= self.times:
            return False
        if self.type != "any" and wire.type_number(self.type) != query.type:
            return False
        name = query.name.lower()
        if self.name.startswith("*."):
            return name.endswith(self.name[1:].lower())
        return self.name == "any" or self.name.lower() == name


def kind_of_cookie(data):
    """`none`, `client`, or the server's in hexadecimal."""
    return (data[wire.CLIENT_COOKIE:].hex() or "client") if data else "none"


class Bound:
    """`3`, `<= 3`, `>= 3` or `2..3`."""

    def __init__(self, text):
        self.text = text
        if found := re.fullmatch(r"([\d.]*\d)\.\.([\d.]+)", text):
            self.least, self.most = float(found[1]), float(found[2])
        elif found := re.fullmatch(r"(<=|>=|) *([\d.]+)", text):
            self.least = 0 if found[1] == "<=" else float(found[2])
            self.most = float("inf") if found[1] == ">=" else float(found[2])
        else:
            raise Mistake(f"{text} is no bound")

    def holds(self, value):
        return self.least <= value <= self.most


class Ask:
    """A question, and what must come of it."""

    def __init__(self, name, kind):
        self.name, self.type = name, kind
        self.rcode = self.answer = self.fails = None
        self.bounds, self.nowhere, self.somewhere = {}, [], []
        self.eventually = 0

    def expect(self, word, rest):
        if word == "rcode":
            self.rcode = rest
        elif word == "answer":
            self.answer = self.answer or []
            if rest != "none":
                self.answer.append(Record(split(rest)))
        elif word == "fails":
            self.fails = re.compile(rest)
        elif word in ("queries", "seconds", "tcp"):
            self.bounds[word] = Bound(rest)
        elif word == "eventually":
            self.eventually = float(rest)
        elif word == "nowhere":
            self.nowhere.append(rest)
        elif word == "somewhere":
            self.somewhere.append(rest)
        else:
            raise Mistake(f"unknown expectation {word}")

    def check(self):
        """A question that asserts nothing, or only half, is refused."""
        outcome = self.fails is not None if self.rcode is None else self.answer is not None and self.fails is None
        if not outcome:
            raise Mistake(f"ask {self.name}: either `rcode` and `answer`, or `fails`")
        for word in "queries", "seconds":
            if self.bounds.get(word, Bound(">= 0")).most == float("inf"):
                raise Mistake(f"ask {self.name}: no upper limit of `{word}`")


class Scenario:
    """A file."""

    def __init__(self, path):
        self.path = Path(path)
        self.head = []
        self.roots, self.nameservers, self.options = [], [], []
        self.servers, self.steps, self.finally_ = {}, [], []
        self.hosts = self.config = None
        self.without_tcp = set()
        self.server = self.rule = self.reply = self.ask = self.text = None
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                self.line(line)
            except (Mistake, ValueError, IndexError, KeyError, TypeError, OSError) as mistake:
                raise Mistake(f"{self.path.name}:{number}: {mistake}") from mistake
        try:
            self.check()
        except Mistake as mistake:
            raise Mistake(f"{self.path.name}: {mistake}") from mistake

    @property
    def asks(self):
        return [step for kind, step in self.steps if kind == "ask"]

    def check(self):
        if len(" ".join(self.head)) < 40:
            raise Mistake("the comment at the head does not tell what this is about")
        if not self.asks:
            raise Mistake("nothing is asked")
        for ask in self.asks:
            ask.check()
        for rules in self.servers.values():
            for rule in rules:
                if not rule.replies:
                    raise Mistake(f"on {rule.text}: no reply, no `silence`")

    def line(self, line):
        if self.text is not None and line.startswith((" ", "\t")):
            self.text.append(line.strip())
            return
        self.text = None
        if line.startswith("#"):
            if not self.steps and not self.servers and "SPDX" not in line:
                self.head.append(line.strip("# "))
            return
        found = re.match(r"\s*repeat (\d+) (.*)", line)
        for n in range(1, int(found[1]) + 1) if found else [None]:
            text = found[2].replace("{n}", str(n)) if found else line
            word, _, rest = text.strip().partition(" ")
            if word:
                self.statement(word, rest.strip())

    def statement(self, word, rest):
        method = getattr(self, "on_" + word.replace(".", "_"), None)
        if self.ask is not None and word not in ("ask", "server", "finally", "resolv.conf"):
            self.ask.expect(word, rest)
        elif self.finally_ and word in ("ports", "ids", "stat"):
            self.expect_finally(word, rest)
        elif word in wire.SECTIONS:
            self.reply.records.append((word, Record(split(rest))))
        elif method:
            method(rest)
        else:
            raise Mistake(f"unknown word {word}")

    def on_roots(self, rest):
        self.roots += rest.split()

    def on_nameservers(self, rest):
        self.nameservers += rest.split()

    def on_options(self, rest):
        self.options += shlex.split(rest)

    def on_hosts(self, _):
        self.text = self.hosts = []

    def on_config(self, _):
        self.text = self.config = []

    def on_resolv_conf(self, _):
        self.text, self.ask = [], None
        self.steps.append(("resolv.conf", self.text))

    def on_server(self, rest):
        self.ask = self.rule = self.reply = None
        addresses = rest.removeprefix("udp ").split()
        self.server = self.servers.get(addresses[0], [])
        for address in addresses:  # several share their rules
            self.servers[address] = self.server
            if rest.startswith("udp "):
                self.without_tcp.add(address)

    def on_on(self, rest):
        self.rule, self.reply = Rule(rest.split()), None
        self.server.append(self.rule)

    def on_reply(self, rest):
        self.reply = Reply("message", rest.split())
        self.rule.replies.append(self.reply)

    def on_raw(self, rest):
        self.rule.replies.append(Reply("raw"))
        self.rule.replies[-1].hex = rest

    def on_silence(self, _):
        self.rule.replies.append(Reply("silence"))

    def on_hangup(self, _):
        self.rule.replies.append(Reply("hangup"))

    def on_ask(self, rest):
        name, kind = rest.split()
        self.ask = Ask(name, kind)
        self.steps.append(("ask", self.ask))

    def on_finally(self, _):
        self.ask = None
        self.finally_.append(None)

    def expect_finally(self, word, rest):
        name, _, bound = rest.partition(" ") if word == "stat" else (word, None, rest)
        self.finally_.append((word, name, Bound(bound.strip())))


def split(text):
    """Words; those in quotes keep their spaces."""
    return re.findall(r'"(?:\\.|[^"\\])*"|\S+', text)
