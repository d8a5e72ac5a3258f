#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the table of calls for input.c from the public header.

    generate.py include/cqueues.h >calls.h

Each function becomes a row: how it is called, what kind each parameter is of, and what its comment says may come back: the
codes after "Errors:", those of functions that it refers to ("as for `cq_...`"), and the value "for NULL". A comment that
says neither ends the program with status 1.
"""

import re
import sys

# Functions of type int whose result is no code.
VALUES = ("cq_version", "cq_socket_error", "cq_process_pid")


def functions(header):
    text = header[header.index('extern "C" {'):]
    pattern = r"/\*\*((?:(?!\*/).)*)\*/\s*([^;/{}]+?)\b(cq_\w+)\(([^;]*?)\);"
    for doc, result, name, parameters in re.findall(pattern, text, re.S):
        doc = re.sub(r"^ \* ?", "", doc, flags=re.M)
        parts = [" ".join(p.split()) for p in parameters.split(",")]
        pairs = [] if parts == ["void"] else [re.match(r"(.*?)(\w+)$", p).groups() for p in parts]
        yield name, " ".join(result.split()), [(t.strip(), n) for t, n in pairs], doc


class Comment:
    """What a comment says about results."""

    def __init__(self, name, doc):
        self.name, self.doc = name, doc
        joined = [" ".join(p.split()) for p in doc.split("\n\n")]
        self.errors = " ".join(re.sub(r".*?Errors: ", "", p) for p in joined if "Errors: " in p)
        self.refers = re.findall(r"[Aa]s (?:for )?`(cq_\w+)`(?: and `(cq_\w+)`)?", " ".join(joined))
        self.refers = [n for pair in self.refers for n in pair if n and n != name]
        self.fallback = re.search(
            r"(\b(?:False|True|NULL|NaN|SIZE_MAX|POLLIN|CQ_OLDEST_FIRST|CQ_HOLD_NONE)|-?\b\d+)`?(?:, also| [^.,:;]* and)? for NULL\b", " ".join(joined))
        self.any_thread = "any thread may" in " ".join(joined).lower() or "other threads may" in doc
        self.lives_alone = "no fiber may be waiting" in " ".join(joined)

    def says_nothing(self):
        return not self.errors and not self.refers


def codes(name, comments, seen=()):
    """The codes that may come back, and whether the system may say anything."""
    comment = comments[name]
    found, system = set(), False
    for other in comment.refers:
        if other in comments and other not in seen:
            more, anything = codes(other, comments, (*seen, name))
            found |= more
            system |= anything
    for instead in re.findall(r"(?<!CQ_)\bE\w+ instead of (E\w+)", comment.errors):
        found.discard(instead)
    text = re.sub(r"instead of E\w+", "", comment.errors)
    found |= set(re.findall(r"\b(?:CQ_)?E[A-Z0-9]{2,}\b", text))
    system |= bool(re.search(r"what the system says|what kept|what listen", text))
    return found, system


def kind(function, rtype, name):
    """The name of the parameter's kind in values.h."""
    plain = rtype.replace("const ", "").replace("struct ", "")
    if plain.endswith("**"):
        return "OUT" if plain.startswith("cq_") else "SCRATCH"
    if plain.endswith("*"):
        base = plain[:-1].strip()
        if base == "char":
            return "TEXT_" + name if rtype.startswith("const") else "SCRATCH"
        if base == "int":
            return "SIGNALS" if name == "signals" else "SCRATCH"
        if base == "void":
            if name in ("context", "ssl"):
                return "LIBSSL_" + name
            return "DATA"
        if base == "size_t":
            return "ROOM" if name == "count" else "SCRATCH"
        if base in ("cq_address", "cq_dns_record") and not rtype.startswith("const"):
            return "ADDRESSES" if name == "addresses" else "SCRATCH"
        if base in ("cq_name", "cq_stat", "cq_ready", "cq_dns_stat", "cq_task", "bool", "double", "uint32_t", "unsigned int", "cq_result"):
            return "SCRATCH"
        if base == "uint64_t":
            return "CURSOR"
        return base[3:].upper()
    return {"size_t": "SIZE", "double": "SECONDS", "bool": "BOOL", "cq_task": "TASK",
            "int": "INT_" + name, "uint32_t": "WORD_" + name, "unsigned int": "WORD_" + name,
            }.get(plain, "FUNCTION")


def argument(index, rtype, name):
    slot = f"a[{index}]"
    if rtype in ("cq_function", "cq_release", "cq_resume", "cq_thread_function", "cq_blocking"):
        return f"{slot}.u ? a_{rtype[3:]} : NULL"
    if rtype == "double":
        return f"{slot}.d"
    return f"({rtype}){slot}.p" if rtype.endswith("*") else f"({rtype}){slot}.u"


def waits(comment, parameters):
    return any(t == "double" for t, _ in parameters) and not comment.name.endswith("set_timeout")


def fallback(comment):
    if not comment.fallback:
        return None
    word = comment.fallback[1]
    return {"False": "0", "True": "1", "NULL": "0", "NaN": "NOT_A_NUMBER", "SIZE_MAX": "-1"}.get(word, word)


def main():
    found = list(functions(open(sys.argv[1], encoding="utf-8").read()))
    comments = {name: Comment(name, doc) for name, _, _, doc in found}
    silent, kinds, rows, calls = [], set(), [], []
    for name, result, parameters, _ in found:
        comment = comments[name]
        is_code = result == "int" and not (name.endswith("_pollfd") and len(parameters) == 1) and name not in VALUES
        allowed, system = codes(name, comments) if is_code else (set(), False)
        if is_code and not allowed and parameters:
            silent.append(name)
        takes_handle = parameters and parameters[0][0].startswith(("struct cq_", "const struct cq_"))
        if not is_code and result != "void" and takes_handle and fallback(comment) is None:
            silent.append(name)
        list_ = ", ".join(argument(i, *p) for i, p in enumerate(parameters))
        call = f"{name}({list_})"
        store = {"void": f"{call}; r->i = 0", "double": f"r->d = {call}"}.get(
            result, f"r->i = (long long)(intptr_t){call}" if "*" in result else f"r->i = (long long){call}")
        ignored = "(void)a; " if not parameters else ""
        calls.append(f"static void call_{name}(const union value *a, union result *r)\n{{\n\t{ignored}{store};\n}}\n")
        row_kinds = [kind(name, *p) for p in parameters]
        kinds |= set(row_kinds)
        returns = "CODE" if is_code else {"double": "NUMBER", "void": "NOTHING"}.get(result, "VALUE")
        flags = "|".join(f for f, on in (
            ("SYSTEM", system), ("WAITS", waits(comment, parameters)), ("ANY_THREAD", comment.any_thread),
            ("ALONE", comment.lives_alone), ("FREES", name.endswith("_free"))) if on) or "0"
        value = fallback(comment)
        rows.append('\t{ "%s", call_%s, %s, %s, %s, %d, { %s }, { %s }, { %s } },' % (
            name, name, returns, flags, value or "NO_FALLBACK", len(parameters),
            ", ".join(row_kinds) or "0",
            ", ".join(f'"{t}"' for t, _ in parameters) or "0",
            ", ".join(sorted(allowed)) or "0"))
    if "--kinds" in sys.argv:
        print("\n".join(sorted(kinds)))
        return 0
    freers = sorted({n for n in comments if n.endswith("_free")})
    print("/* Made by generate.py. */")
    print("enum kind { NO_KIND, " + ", ".join(sorted(kinds)) + " };\n")
    print("\n".join(calls))
    print("static void free_as(const char *type, void *object)\n{")
    for freer in freers:
        noun = freer[:-5]
        print(f'\tif (strcmp(type, "struct {noun} **") == 0)\n\t\t{freer}((struct {noun} *)object);')
    print("}\n\nstatic const struct function functions[] = {")
    print("\n".join(rows))
    print("};")
    for name in silent:
        print(f"{name}: the comment does not say what comes back", file=sys.stderr)
    return bool(silent)


sys.exit(main())
