#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every precondition that a header states is looked at: requires.py [ROOT]

A contract says "Requires this." of a function, a constructor or a member; an assertion bears the
same words behind the function's name, or its class's: INVSAGA_ASSERT(condition, "name: this").
Backticks do not count. Prints where each is stated and where it is held; exit status 1 if one is
stated and nowhere held, or held and nowhere stated.
"""
import pathlib
import re
import sys

FOLDERS = ("include", "src", "backends/*/include", "backends/*/src")
STATED = re.compile(r"\bRequires\s+(.+?)\.(?=\s|$)")
CLASS = re.compile(r"^( *)(?:class|struct) (\w+)[^;]*\{$")
NAME = re.compile(r"(operator\s*(?:\(\)|\[\]|[^\s\w(]+)|~?\w+)\s*\(")
ASSERTION = re.compile(r"\bINVSAGA_ASSERT\(")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
NAMED = re.compile(r"^(?:\w+::)*(?:operator\S+|~?\w+): ")


def plain(text):
    return re.sub(r"\s+", " ", text.replace("`", "")).strip()


def contracts(lines):
    """Each run of `///` lines: the first line's number, its text, its indent, what it is of."""
    i = 0
    while i < len(lines):
        if not lines[i].lstrip().startswith("///"):
            i += 1
            continue
        begin = i
        text = []
        while i < len(lines) and lines[i].lstrip().startswith("///"):
            text.append(lines[i].lstrip().lstrip("/").strip())
            i += 1
        indent = len(lines[begin]) - len(lines[begin].lstrip())
        declared = []
        for line in lines[i:i + 8]:
            if not re.match(r"\s*(template <|requires )", line):
                declared.append(line)
            if declared and re.search(r"[;{]", line):
                break
        yield begin, " ".join(text), indent, " ".join(declared)


def class_of(lines, at, indent):
    for i in range(at, -1, -1):
        found = CLASS.match(lines[i])
        if found and len(found[1]) < indent:
            return found[2]
    return None


def stated(root, path):
    lines = path.read_text().splitlines()
    for at, text, indent, declaration in contracts(lines):
        for words in STATED.findall(text):
            found = NAME.search(declaration)
            name = found[1] if found else "?"
            owner = class_of(lines, at, indent) if indent > 0 else None
            yield (f"{path.relative_to(root)}:{at + 1}", owner, name, plain(words))


def closing(text, at):
    """The place behind the parenthesis that closes the one before `at`; texts are passed over."""
    depth = 1
    while at < len(text) and depth > 0:
        if text[at] == '"':
            at = TEXT.match(text, at).end()
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return at


def held(root, path):
    source = path.read_text()
    code = re.sub(r"(?m)^([ \t]*)//.*$|(?<=[;{},)])[ \t]+//.*$", lambda m: m[1] or "", source)
    for found in ASSERTION.finditer(code):
        if code[:found.start()].rstrip(" ").endswith("#define"):
            continue
        inside = code[found.end():closing(code, found.end()) - 1]
        last = re.search(r'(?:"(?:[^"\\]|\\.)*"\s*)+$', inside)
        if last:  # else the words are given by whoever calls
            place = f"{path.relative_to(root)}:{code.count(chr(10), 0, found.start()) + 1}"
            yield place, plain("".join(TEXT.findall(last[0])))


def main():
    default = pathlib.Path(__file__).resolve().parents[2]
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else default
    paths = sorted({path for folder in FOLDERS for part in root.glob(folder)
                    for path in part.rglob("*.[ch]pp")})
    assertions = {}
    for path in paths:
        for place, words in held(root, path):
            assertions.setdefault(words, []).append(place)
    status = 0
    known = set()
    for path in (path for path in paths if path.suffix == ".hpp"):
        for place, owner, name, words in stated(root, path):
            scopes = [f"{owner}::{name}", owner] if owner else [name]
            function = scopes[0]
            texts = [f"{scope}: {words}" for scope in scopes]
            known.update(texts)
            places = [place for text in texts for place in assertions.get(text, [])]
            if places:
                print(f"{place} {function} -> {' '.join(places)}")
                continue
            status = 1
            print(f'{place}: nobody looks: no INVSAGA_ASSERT(..., "{texts[0]}")')
    for words, places in assertions.items():
        if NAMED.match(words) and words not in known:
            status = 1
            print(f'{places[0]}: no header says so of the function: "{words}"')
    if not known:
        sys.exit(f"{root}: nothing is required anywhere")
    sys.exit(status)


main()
