# SPDX-License-Identifier: MIT
"""DNS messages as bytes, right ones and wrong ones. Nothing here refuses to write nonsense.

A name is text with dots; `\\.` and `\\DDD` as in zone files. `a*63` in it is a label of 63 letters a. At its end
`^TARGET` is a compression pointer: `^12` to that place of the message, `^self` to the beginning of this very name,
`^+4` and `^-4` relative to that. A name that begins with `=` is bytes in hexadecimal.
"""

import re
import socket
import struct

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "NAPTR": 35,
         "DNAME": 39, "OPT": 41, "DS": 43, "SSHFP": 44, "SVCB": 64, "HTTPS": 65, "SPF": 99, "ANY": 255}
RCODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5, "YXDOMAIN": 6,
          "NOTAUTH": 9, "BADVERS": 16, "BADCOOKIE": 23}
SECTIONS = ["answer", "authority", "additional"]
IN, OPT = 1, 41
COOKIE, CLIENT_COOKIE = 10, 8
EDNS_SIZE = 1232  # what passes everywhere without fragments, and what our client has to say


class Malformed(Exception):
    """A query that is not one."""


class Query:
    """A question as the client sent it."""

    def __init__(self, data):
        if len(data) < 12:
            raise Malformed("shorter than a header")
        self.identity, self.flags, questions, answers, authorities, additionals = struct.unpack_from(">6H", data)
        if self.flags & 0xF800 or self.flags & 15 or (questions, answers, authorities) != (1, 0, 0) or additionals > 1:
            raise Malformed(f"no plain query: {data[:12].hex()}")
        labels, place = [], 12
        while data[place]:
            labels.append(data[place + 1:place + 1 + data[place]])
            place += 1 + data[place]
        self.name = ".".join(escaped(label) for label in labels) or "."
        self.type, rclass = struct.unpack_from(">2H", data, place + 1)
        self.question = data[12:place + 5]
        if rclass != IN:
            raise Malformed(f"class {rclass}")
        self.edns, self.cookie = additionals == 1, b""
        rest = data[place + 5:]
        if self.edns:
            name, kind, self.size, extended, version, _, length = struct.unpack_from(">BHHBBHH", rest)
            if (name, kind, extended, version) != (0, OPT, 0, 0) or self.size != EDNS_SIZE:
                raise Malformed(f"a strange OPT record: {rest.hex()}")
            self.cookie = cookie_of(rest[11:11 + length])
            rest = rest[11 + length:]
        if rest:
            raise Malformed(f"bytes after the query: {rest.hex()}")

    @property
    def recursion_desired(self):
        return bool(self.flags & 0x0100)


def cookie_of(options):
    """The data of the one option that our client sends."""
    if not options:
        return b""
    code, length = struct.unpack_from(">2H", options)
    if code != COOKIE or length != len(options) - 4 or not (length == CLIENT_COOKIE or 16 <= length <= 40):
        raise Malformed(f"strange options: {options.hex()}")
    return options[4:]


def reply_options(query, settings):
    """The data of the OPT record of a reply: `cookie=HEX` is a server cookie behind the client's, `cookie=echo` none,
    `cookie=wrong` one behind another client's; `options=HEX` is what stands before it, N times with `*N`."""
    text, _, times = settings.get("options", "").partition("*")
    out = bytes.fromhex(text) * int(times or 1)
    if "cookie" in settings and query.cookie:
        client, said = query.cookie[:CLIENT_COOKIE], settings["cookie"]
        if said == "wrong":
            client, said = bytes([client[0] ^ 1]) + client[1:], "00" * 16
        data = client + bytes.fromhex("" if said == "echo" else said)
        out += struct.pack(">2H", COOKIE, len(data)) + data
    return out


def escaped(label):
    return "".join(chr(c) if 33 <= c < 127 and c not in b".\\" else f"\\{c:03}" if c not in b".\\" else "\\" + chr(c)
                   for c in label)


def type_number(text):
    return TYPES[text] if text in TYPES else int(text.removeprefix("TYPE"))


def label_bytes(text):
    text = re.sub(r"(.)\*(\d+)", lambda found: found[1] * int(found[2]), text)
    raw = re.sub(r"\\(\d{3}|.)", lambda found: chr(int(found[1])) if found[1].isdigit() else found[1], text)
    return raw.encode("latin-1")


def name_bytes(text, place):
    """A name that will stand at that place of the message."""
    if text.startswith("="):
        return bytes.fromhex(text[1:])
    text, pointer, target = text.partition("^")
    out = b""
    for label in re.findall(r"(?:\\.|[^.\\])+", text):
        data = label_bytes(label)
        out += bytes([len(data)]) + data
    if not pointer:
        return out + b"\0"
    place = place if target == "self" else place + int(target) if target[0] in "+-" else int(target)
    return out + struct.pack(">H", 0xC000 | place & 0x3FFF)


def rdata_bytes(kind, words, place):
    """What stands behind the type in a record; `\\# LENGTH HEX` is for any type (RFC 3597), and lies as it likes."""
    if words and words[0] == "\\#":
        return bytes.fromhex("".join(words[2:]))
    if kind == "A":
        return socket.inet_pton(socket.AF_INET, words[0])
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, words[0])
    if kind in ("NS", "CNAME", "PTR", "DNAME"):
        return name_bytes(words[0], place)
    if kind == "MX":
        return struct.pack(">H", int(words[0])) + name_bytes(words[1], place + 2)
    if kind == "SRV":
        return struct.pack(">3H", *map(int, words[:3])) + name_bytes(words[3], place + 6)
    if kind == "SOA":
        mname = name_bytes(words[0], place)
        rname = name_bytes(words[1], place + len(mname))
        return mname + rname + struct.pack(">5I", *map(int, words[2:7]))
    if kind == "TXT":
        texts = [label_bytes(word.strip('"')) for word in words]
        return b"".join(bytes([len(text)]) + text for text in texts)
    raise ValueError(f"no way to write {kind} but \\# LENGTH HEX")


def record_bytes(record, asked, place):
    owner = name_bytes(record.name.replace("{name}", asked), place)
    rdata = rdata_bytes(record.type, [word.replace("{name}", asked) for word in record.rdata], place + len(owner) + 10)
    length = len(rdata)
    if record.rdata and record.rdata[0] == "\\#":
        length = int(record.rdata[1])
    return owner + struct.pack(">2HIH", type_number(record.type), record.rclass, record.ttl, length) + rdata


def reply_bytes(query, reply, identity):
    """The reply to that query, as the scenario wants it."""
    settings = reply.settings
    rcode = settings.get("rcode", "NOERROR")
    rcode = RCODES[rcode] if rcode in RCODES else int(rcode)
    question, questions = query.question, 1
    if "question" in settings:
        name, _, kind = settings["question"].partition("/")
        question = name_bytes(name, 12) + struct.pack(">2H", type_number(kind), IN)
    if "case" in settings:
        change = str.lower if settings["case"] == "lower" else str.swapcase
        question = change(question[:-4].decode("latin-1")).encode("latin-1") + question[-4:]
    if "noquestion" in settings:
        question, questions = b"", 0
    if "twice" in settings:
        question, questions = question * 2, 2
    counts, records = [questions, 0, 0, 0], b""
    for section, record in reply.records:
        counts[1 + SECTIONS.index(section)] += 1
        records += record_bytes(record, query.name, 12 + len(question) + len(records))
    if query.edns and "noopt" not in settings:
        copies, options = int(settings.get("opts", 1)), reply_options(query, settings)
        counts[3] += copies
        records += (struct.pack(">BHHBBHH", 0, OPT, EDNS_SIZE, rcode >> 4, 0, 0, len(options)) + options) * copies
    for i, section in enumerate(["question", *SECTIONS]):
        counts[i] = int(settings.get(f"count.{section}", counts[i]))
    message = struct.pack(">2H4H", identity, flags(query, reply, rcode), *counts) + question + records
    message += bytes(int(settings.get("extra", 0)))
    return message[:int(settings["cut"])] if "cut" in settings else message


def flags(query, reply, rcode):
    settings = reply.settings
    kinds = {(section, record.type) for section, record in reply.records}
    bits = query.flags & 0x0100 | rcode & 15 | int(settings.get("opcode", 0)) << 11
    bits |= 0x8000 * (settings.get("qr") != "0")
    bits |= 0x0200 * ("tc" in settings)
    bits |= 0x0080 * (query.recursion_desired and "nora" not in settings)
    answers = any(section == "answer" for section, _ in kinds) or ("authority", "SOA") in kinds or rcode == 3
    return bits | 0x0400 * ("aa" in settings or answers and "noaa" not in settings and not query.recursion_desired)
