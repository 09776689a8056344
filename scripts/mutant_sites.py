# SPDX-License-Identifier: Apache-2.0
"""Where C++ code can be broken in a small way, for random_mutants.py: found by its text alone.

Only what stands within functions is changed; comments, texts, preprocessor lines, attributes and
`static_assert` are left as they are. The code is taken as clang-format leaves it: an operator has a
blank on both sides, the bracket of a template has none.
"""
import bisect
import re
from typing import NamedTuple

KINDS = ("condition", "statement", "bound", "argument", "constant")

NOT_CODE = re.compile(
    r"//[^\n]*|/\*.*?\*/|R\"\((?:.|\n)*?\)\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'(?!\d)"
    r"|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*|\[\[.*?\]\]|\bstatic_assert\b[^;]*;", re.S | re.M)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|concept|requires)\b")
CODE = re.compile(r"\)[^()=]*$|\b(else|do|try)\s*$")
# What begins so is no statement that can be left out: a declaration, or it would not compile.
KEPT = re.compile(
    r"(return\s+\S|co_return\s+\S|co_yield|const\b|constexpr\b|auto\b|static\b|using\b|case\b"
    r"|default\b|friend\b|typename\b|goto\b|struct\b|class\b|enum\b|template\b|[:,)\]}])")
DECLARATION = re.compile(
    r"[A-Za-z_][\w:]*(<.*>)?(::\w+)*[&*]*\s+[&*]*[A-Za-z_]\w*\s*([;({=]|$)", re.S)
OPENS = {"(": ")", "[": "]", "{": "}"}


class Site(NamedTuple):
    kind: str
    begin: int
    end: int
    put: str  # in place of what stands from begin to end


def blanked(text):
    """The text without what is no code, each character of that a blank."""
    return NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


class Functions:
    """Which places of a text stand within the bodies of functions."""

    def __init__(self, code):
        self.edges, self.inside = [], []
        stack, since = [], 0
        for found in re.finditer(r"[;{}]", code):
            at = found.start()
            if found.group() == "{":
                head = code[since:at]
                within = bool(stack) and stack[-1]
                local_type = re.match(r"\s*(class|struct|union|enum)\b", head)
                body = within and not local_type
                stack.append(body or (not SCOPE.search(head) and bool(CODE.search(head))))
            elif found.group() == "}" and stack:
                stack.pop()
            since = at + 1
            self.edges.append(at)
            self.inside.append(bool(stack) and stack[-1])

    def __contains__(self, place):
        last = bisect.bisect_left(self.edges, place) - 1
        return last >= 0 and self.inside[last]


def closing(code, opening):
    """Where the bracket closes that opens there; None if it does not."""
    stack = []
    for at in range(opening, len(code)):
        if code[at] in OPENS:
            stack.append(OPENS[code[at]])
        elif stack and code[at] == stack[-1]:
            stack.pop()
            if not stack:
                return at
    return None


def parts(code, begin, end):
    """What stands between the commas of a list, as (begin, end), without blanks around."""
    found, depth, since = [], 0, begin
    for at in range(begin, end):
        depth += (code[at] in "([{") - (code[at] in ")]}")
        if code[at] == "," and depth == 0:
            found.append((since, at))
            since = at + 1
    found.append((since, end))
    trimmed = []
    for first, last in found:
        text = code[first:last]
        trimmed.append((last - len(text.lstrip()), first + len(text.rstrip())))
    return trimmed


def conditions(text, code):
    for found in re.finditer(r"\b(?:if|while)(?: constexpr)? \(", code):
        end = closing(code, found.end() - 1)
        if end is None or "constexpr" in found.group():
            continue
        begin = found.end()
        depth = 0
        for at in range(begin, end):  # what is declared in a condition stays where it is
            depth += (code[at] in "([{") - (code[at] in ")]}")
            if code[at] == ";" and depth == 0:
                begin = at + 2
        condition = text[begin:end]
        if not re.match(r"(const |auto )", condition):
            yield Site("condition", begin, end, f"!({condition})")
    turned = {"==": "!=", "!=": "==", "&&": "||", "||": "&&"}
    for found in re.finditer(r"(?<= )(==|!=|&&|\|\|)(?=[ \n])", code):
        yield Site("condition", found.start(), found.end(), turned[found.group()])
    for found in re.finditer(r"(?<=[\s(])!(?=[\w(])", code):
        yield Site("condition", found.start(), found.end(), "")


def statements(_, code):
    outer, since, depth = [], 0, 0  # depth: of round brackets, within the innermost block
    for found in re.finditer(r"[;{}()]", code):
        mark, at = found.group(), found.start()
        if mark in "()":
            depth += 1 if mark == "(" else -1
        elif mark == "{":
            outer.append((since, depth))
            since, depth = at + 1, 0
        elif mark == "}":
            since, depth = outer.pop() if outer else (0, 0)
            if depth == 0:
                since = at + 1
        elif depth == 0:
            begin = at - len(code[since:at].lstrip())
            words = code[begin:at].strip()
            if words and not KEPT.match(words) and not DECLARATION.match(words):
                yield Site("statement", begin, at, "")
            since = at + 1


def bounds(_, code):
    turned = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
    for found in re.finditer(r"(?<= )(<=|>=|<|>)(?= )", code):
        yield Site("bound", found.start(), found.end(), turned[found.group()])
    for found in re.finditer(r" [+-] 1\b(?!['.\d])", code):
        yield Site("bound", found.start(), found.end(), "")


def arguments(text, code):
    for found in re.finditer(r"(?<=[\w>])\(", code):
        before = re.search(r"(\w+)$", code[:found.start()][-40:])
        if before and before.group() in ("if", "while", "for", "switch", "return", "sizeof"):
            continue
        end = closing(code, found.start())
        if end is None:
            continue
        listed = parts(code, found.end(), end)
        for (begin, middle), (again, last) in zip(listed, listed[1:]):
            one, other = text[begin:middle], text[again:last]
            if one and other and one != other and "\n" not in one + other:
                yield Site("argument", begin, last, other + text[middle:again] + one)


def constants(text, code):
    for found in re.finditer(r"(?<![\w.'])\d+(?=(?:u|ull|LL|ULL)?\b)(?![.'])", code):
        number = int(found.group())
        yield Site("constant", found.start(), found.end(), str(0 if number == 1 else number + 1))
    for found in re.finditer(r"\b(true|false)\b", code):
        put = "false" if found.group() == "true" else "true"
        yield Site("constant", found.start(), found.end(), put)


def sites(text):
    """All there are, in the order of their places."""
    code = blanked(text)
    functions = Functions(code)
    found = []
    for find in (conditions, statements, bounds, arguments, constants):
        found += [site for site in find(text, code) if site.begin in functions]
    return sorted(found, key=lambda site: (site.begin, site.end, site.kind))


class Includes:
    """What a file includes, and that in turn, of ours: whatever `#include` names and is there."""

    LINE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.M)

    def __init__(self, tree):
        self.tree = tree
        self.known = {}
        self.roots = [tree, tree / "include", tree / "src", *tree.glob("backends/*/include"),
                      *tree.glob("backends/*/src")]

    def of(self, path):
        """The file itself too; as paths below the tree."""
        found, left = set(), [path]
        while left:
            one = left.pop()
            if one not in found:
                found.add(one)
                left += self.direct(one)
        return {one.relative_to(self.tree).as_posix() for one in found
                if one.is_relative_to(self.tree)}

    def includers(self, path):
        """Of the files that were looked at, those that name it; paths below the tree."""
        return [one.relative_to(self.tree).as_posix() for one, named in self.known.items()
                if self.tree / path in named and one.is_relative_to(self.tree)]

    def direct(self, path):
        if path not in self.known:
            text = path.read_text(errors="replace") if path.exists() else ""
            named = [(root / name).resolve() for name in self.LINE.findall(text)
                     for root in (path.parent, *self.roots)]
            self.known[path] = [one for one in named if one.is_file()]
        return self.known[path]
