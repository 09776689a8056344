#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the code on purpose, one place at a time, and has the named tests notice.

    mutants.py [--list] [--check] [NAME...]

Each file tests/mutants/NAME.patch is one mutant: a patch below a few lines that say which rule it
takes out, what is wrong then, and which tests have to fail (`expect: PROGRAM FILTER`, one a line,
each on its own). All are tried if none is named, on a copy of the last commit below build/mutants.
The tests have to pass there first, with nothing broken.

--list prints the table that docs/mutants.md bears; --check only sees that each patch still fits and
that the table is up to date. Exit status 0 if every mutant was noticed by all that should.
"""
import argparse
import pathlib
import subprocess
import sys

import plainly

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "mutants"
TREE = WORK / "tree"
BUILD = WORK / "build"
DOCUMENT = ROOT / "docs" / "mutants.md"
LONGEST = 300  # seconds that a test may take; one that hangs has noticed


class Mutant:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.rule = self.what = ""
        self.expects = []
        for line in path.read_text().split("\ndiff --git ")[0].splitlines():
            key, _, value = line.partition(": ")
            if key == "rule":
                self.rule = value
            elif key == "what":
                self.what = value
            elif key == "expect":
                program, _, tests = value.partition(" ")
                self.expects.append((program, tests))
        if not (self.rule and self.what and self.expects):
            plainly.fail(f"{path}: needs lines rule:, what: and expect:", "write them in")

    def order(self):
        number = self.rule.split()[0]
        return (0, int(number), self.name) if number.isdigit() else (1, 0, self.rule + self.name)


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def must(*command):
    done = run(*command)
    if done.returncode != 0:
        plainly.fail(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}",
                     "mend that; a folder build/mutants that is out of order may be removed")


def prepare():
    """A copy of the last commit, configured: fast to build, and without assertions, so that it is
    the tests that notice."""
    WORK.mkdir(parents=True, exist_ok=True)
    if not TREE.exists():
        must("git", "clone", "--quiet", ROOT, TREE)
    must("git", "-C", TREE, "fetch", "--quiet", "origin", "HEAD")
    must("git", "-C", TREE, "reset", "--quiet", "--hard", "FETCH_HEAD")
    must("cmake", "-S", TREE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
         "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -DNDEBUG", "-DINVSAGA_BUILD_BENCHMARKS=OFF")


def build(programs):
    return run("cmake", "--build", BUILD, "--target", *sorted(programs))


def notices(program, tests):
    """Whether the tests fail; they are there, or it would say nothing."""
    path = next((found for found in BUILD.rglob(program) if found.is_file()), None)
    if path is None:
        plainly.fail(f"there is no test program {program}", "mend the lines expect: of the mutants")
    try:
        done = run(path, "--gtest_brief=1", f"--gtest_filter={tests}", timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return True
    if " 0 tests ran" in done.stdout or "\n[==========] 0 tests" in done.stdout:
        plainly.fail(f"{program} has no test {tests}", "mend the lines expect: of the mutants")
    return done.returncode != 0


def attempt(mutant):
    """What became of it, in a word; and what did not notice."""
    if run("git", "-C", TREE, "apply", mutant.path).returncode != 0:
        return "does not fit", []
    try:
        built = build({program for program, _ in mutant.expects})
        if built.returncode != 0:
            return "does not compile", [built.stdout[-2000:]]
        missed = [f"{p} {t}" for p, t in mutant.expects if not notices(p, t)]
        return ("missed" if missed else "noticed"), missed
    finally:
        must("git", "-C", TREE, "checkout", "--quiet", "--", ".")


def try_all(mutants):
    prepare()
    expects = {expect for mutant in mutants for expect in mutant.expects}
    built = build({program for program, _ in expects})
    if built.returncode != 0:
        plainly.fail(built.stdout + built.stderr, "have the last commit build with nothing broken")
    failing = [f"{p} {t}" for p, t in sorted(expects) if notices(p, t)]
    if failing:
        plainly.fail("these fail with nothing broken:\n  " + "\n  ".join(failing),
                     "mend them in the last commit: a mutant is noticed only by tests that pass")
    wrong = 0
    for mutant in mutants:
        word, details = attempt(mutant)
        wrong += word != "noticed"
        print(f"{word:16} {mutant.name} ({mutant.rule}: {mutant.what})", *details, sep="\n    ",
              flush=True)
    print(f"{len(mutants)} mutants, {len(mutants) - wrong} noticed")
    return 1 if wrong else 0


def table(mutants):
    lines = ["| rule | what is wrong then | mutant | noticed by |", "|---|---|---|---|"]
    for mutant in mutants:
        tests = "<br>".join(f"`{program}` `{tests}`" for program, tests in mutant.expects)
        lines.append(f"| {mutant.rule} | {mutant.what} | `{mutant.name}` | {tests} |")
    return "\n".join(lines)


def check(mutants):
    wrong = [f"{m.path.relative_to(ROOT)} does not fit the code any more" for m in mutants
             if run("git", "apply", "--check", m.path, cwd=ROOT).returncode != 0]
    if table(mutants) not in DOCUMENT.read_text():
        wrong.append("docs/mutants.md does not have the table that scripts/mutants.py --list prints")
    print("\n".join(wrong) or f"{len(mutants)} mutants fit")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    mutants = sorted(map(Mutant, (ROOT / "tests" / "mutants").glob("*.patch")), key=Mutant.order)
    if options.names:
        known = {mutant.name: mutant for mutant in mutants}
        unknown = [name for name in options.names if name not in known]
        if unknown:
            plainly.fail(f"no such mutant: {' '.join(unknown)}", "--list names those there are")
        mutants = [known[name] for name in options.names]
    if options.list:
        print(table(mutants))
        return 0
    return check(mutants) if options.check else try_all(mutants)


if __name__ == "__main__":
    plainly.run(main)
