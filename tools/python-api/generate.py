#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the declarations of the Python binding from the public header.

    generate.py include/cqueues.h >bindings/python/cqueues/_declarations.py

Constants become names, structures that are declared with their members become classes of ctypes whose members have types
for checkers, and functions become rows of a table: name, result, parameters.
"""

import re
import sys

SIMPLE = {
    "void": "None", "int": "c_int", "unsigned int": "c_uint", "bool": "c_bool", "double": "c_double", "size_t": "c_size_t",
    "char": "c_char", "short": "c_short", "int16_t": "c_int16", "uint8_t": "c_uint8", "uint16_t": "c_uint16",
    "uint32_t": "c_uint32", "int32_t": "c_int32", "int64_t": "c_int64", "uint64_t": "c_uint64", "cq_task": "c_uint64",
}


#: What a member of that kind reads as in Python; all other numbers are int.
PYTHON = {"c_void_p": "Optional[int]", "c_char_p": "Optional[bytes]", "c_bool": "bool", "c_double": "float", "c_char": "bytes"}


def python_type(kind, structures):
    """The type of a member of a structure, for checkers."""
    element, is_array, _ = kind.partition(" * ")
    if is_array and element != "c_char":
        return f"Array[{element}]"
    return element if element in structures else PYTHON.get(element, "int")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def ctype(declared, structures):
    """The ctypes name of a C type. Handles, functions of the program's and pointers to memory are addresses."""
    plain = " ".join(re.sub(r"\b(const|struct)\b", "", declared).split())
    if plain.replace(" ", "") == "char*":
        return "c_char_p"
    if plain.endswith("*"):
        return "c_void_p"
    return SIMPLE.get(plain) or (plain if plain in structures else "c_void_p")


def constants(text):
    for name, value in re.findall(r"^#define (CQ_\w+) (-?(?:0x)?[0-9a-fA-F]+)u?$", text, re.M):
        yield name, value


def structures(text):
    found = {}
    for name, body in re.findall(r"typedef struct (cq_\w+) \{(.*?)\n\} \1;", text, re.S):
        members = []
        for declared in body.split(";"):
            match = re.match(r"\s*(.*?[\s*])(\w+)((?:\[\d+\])*)\s*$", declared, re.S)
            if match:
                kind = ctype(match[1], found)
                for size in reversed(re.findall(r"\[(\d+)\]", match[3])):
                    kind = f"{kind} * {size}"
                members.append((match[2], kind))
        found[name] = members
    return found


def functions(text, known):
    body = text[text.index('extern "C" {'):]
    for result, name, parameters in re.findall(r"^([\w *]+?)\b(cq_\w+)\(([^;{}]*?)\);", body, re.M | re.S):
        parts = [" ".join(part.split()) for part in parameters.split(",")]
        kinds = [] if parts == ["void"] else [ctype(re.match(r"(.*?)\w+$", part)[1], known) for part in parts]
        returned = ctype(result, known)
        # A text that a function returns is its address: it may be NULL, and its owner says how long it lasts.
        yield name, returned, kinds


def main():
    header = open(sys.argv[1], encoding="utf-8").read()
    text = without_comments(header)
    known = structures(text)
    rows = list(functions(text, known))
    kinds = [kind for _, result, taken in rows for kind in (result, *taken)] + [kind for of in known.values() for _, kind in of]
    used = {name for kind in kinds for name in re.findall(r"\bc_\w+", kind)} | {"Array", "Structure"}
    print('# SPDX-License-Identifier: MIT\n"""What include/cqueues.h declares. Made by tools/python-api/generate.py."""\n')
    print("from __future__ import annotations\n")
    print(f"from ctypes import {', '.join(sorted(used))}\nfrom typing import Any, Optional\n")
    for name, value in constants(text):
        print(f"{name} = {value}")
    for name, members in known.items():
        print(f"\n\nclass {name}(Structure):")
        for member, kind in members:
            print(f"    {member}: {python_type(kind, known)}")
        print("    _fields_ = [")
        for member, kind in members:
            print(f'        ("{member}", {kind}),')
        print("    ]")
    print("\n\nFUNCTIONS: list[tuple[str, Any, tuple[Any, ...]]] = [")
    for name, result, kinds in rows:
        listed = ", ".join(kinds) + ("," if len(kinds) == 1 else "")
        print(f'    ("{name}", {result}, ({listed})),')
    print("]")


main()
