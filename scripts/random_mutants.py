#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the code at random, one small place at a time, and tells what no test notices.

    random_mutants.py [--seed N] [--count N] [--from N] [--only REGEX] [--seconds N] [--quick N]
                      [--nearest N] [--these N,N,...] [--tree DIR]

A condition is turned, a statement left out, a bound moved by one, two arguments are swapped, a
constant is changed: anywhere in the functions of the core and the backends, drawn from the seed.
For each the test programs that depend on the file are built and run until one fails: those of the
same name and folder first, then those of who uses it, those that noticed others of the folder,
those that include its header and all others, quick ones first.
A program has a few times as long as it takes unbroken.

The mutants of a seed are numbered: --from N begins with the N-th, --only takes those of files whose
path has the pattern. What takes longer than --seconds (3,600) is counted apart as not decided, and
so is what does not compile. Who survives is printed with its place, at the end with its diff, and
kept as DIR/survivors/SEED-NUMBER.patch. With --quick N no program is run that takes longer than N
seconds unbroken, with --nearest N no more than the first N: for a first look at who may survive.
--these tries those numbers alone: who survived the first look, with all programs.

All happens on a copy of the last commit below DIR (build/random_mutants), built with the assertions
on and as shared libraries, so that one file compiled is one library linked. Exit status 0 if more
than 95 of 100 that were tried were noticed.
"""
import argparse
import collections
import concurrent.futures
import difflib
import json
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import time

import mutant_sites
import plainly

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEMORY = 8 << 30  # bytes that a test may use; one that wants more has noticed
UNKNOWN = 3  # seconds that a program is taken to take that has not been run
# Where the tests of a folder stand, if in none of its name (see docs/decisions/0006-the-house.md).
TESTS_OF = {"check": "history", "story": "history"}
FIRST = 2  # programs that are tried before twice as many more are looked after
SLACK = 10  # seconds that a test may take beyond a few times as long as unbroken


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace",
                          **options)


def must(*command, **options):
    done = run(*command, **options)
    if done.returncode != 0:
        plainly.fail(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}",
                     "mend that; a folder of mutants that is out of order may be removed")
    return done.stdout


class Copy:
    """A copy of the last commit, configured; what may notice what. Programs are built when they
    are wanted first, and run once unbroken then."""

    def __init__(self, folder, jobs, quick, nearest):
        self.folder, self.tree = folder, folder / "tree"
        self.quick = quick  # seconds that a program may take unbroken
        self.nearest = nearest  # so many programs are tried at most
        self.noticed = collections.Counter()  # how often, by folder and program
        self.build = self.tree / "build" / "mutants"  # ignored by git
        self.jobs = jobs
        folder.mkdir(parents=True, exist_ok=True)
        if not self.tree.exists():
            must("git", "clone", "--quiet", ROOT, self.tree)
        must("git", "-C", self.tree, "fetch", "--quiet", ROOT, "HEAD")
        must("git", "-C", self.tree, "reset", "--quiet", "--hard", "FETCH_HEAD")
        self.commit = must("git", "-C", self.tree, "rev-parse", "HEAD").strip()
        must("cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
             "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1", "-DCMAKE_CXX_FLAGS=-D_GLIBCXX_ASSERTIONS",
             "-DBUILD_SHARED_LIBS=ON", "-DCMAKE_LINK_DEPENDS_NO_SHARED=ON",
             "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "-DINVSAGA_BUILD_BENCHMARKS=OFF",
             "-DINVSAGA_BUILD_EXAMPLES=OFF", "-DINVSAGA_BUILD_FUZZ=OFF")
        paths = {path.stem: path for part in ("tests", "backends")
                 for path in self.tree.glob(f"{part}/**/*_test.cpp")}
        labelled = {name for name, path in paths.items() if "// labels: release" in path.read_text()}
        self.programs = {name: path for name, path in paths.items() if name not in labelled}
        self.read_dependencies()
        self.kept = folder / "times.json"
        known = json.loads(self.kept.read_text()) if self.kept.exists() else {"times": {}}
        self.times = known["times"]  # of any commit: they say who is quick
        self.sound = set(known["times"]) if known.get("commit") == self.commit else set()

    def read_dependencies(self):
        """Of each object the files that it is made of; of each program all the objects."""
        self.includes = mutant_sites.Includes(self.tree)
        commands = json.loads((self.build / "compile_commands.json").read_text())
        self.made_of = {re.search(r" -o (\S+)", each["command"]).group(1):
                        self.includes.of(pathlib.Path(each["file"])) for each in commands}
        self.objects, self.paths = {}, {}
        targets = must("ninja", "-t", "targets", "all", cwd=self.build).split("\n")
        files = {pathlib.Path(line.split(":")[0]).name: line.split(":")[0] for line in targets
                 if line.endswith("_Debug")}
        for name in self.programs:
            self.paths[name] = self.build / files[name]
            inputs = must("ninja", "-t", "inputs", files[name], cwd=self.build).split("\n")
            self.objects[name] = [path for path in inputs if path in self.made_of]

    def know(self, names):
        """How long each of them takes with nothing broken, in seconds. All have to pass."""
        new = [name for name in names if name not in self.sound]
        if not new:
            return
        must("ninja", f"-j{self.jobs}", *new, cwd=self.build)
        for name in new:
            begun = time.monotonic()
            if self.notices(name, 600):
                plainly.fail(f"{name} fails with nothing broken",
                             "mend it in the last commit: a mutant is noticed by tests that pass")
            self.times[name] = time.monotonic() - begun
            self.sound.add(name)
        times = {name: self.times[name] for name in sorted(self.sound)}
        self.kept.write_text(json.dumps({"commit": self.commit, "times": times}))

    def tests_of(self, path):
        """The folder where the tests of a file stand."""
        parts = pathlib.Path(path).parts
        if parts[0] == "backends":
            return "/".join([*parts[:2], "tests"])
        return "tests/" + (TESTS_OF.get(parts[1], parts[1]) if len(parts) > 2 else "ground")

    def who_may_notice(self, path):
        """The programs that depend on the file, in the order in which they are tried."""
        stem = pathlib.Path(path).stem
        headers = {path} | {found.relative_to(self.tree).as_posix()
                            for part in ("include", "src", "backends")
                            for found in self.tree.glob(f"{part}/**/{stem}.hpp")}
        using = {self.tests_of(each) for one in headers for each in self.includes.includers(one)}

        def distance(name):
            test = self.programs[name]
            folder = test.relative_to(self.tree).parent.as_posix()
            own = [made for made in self.objects[name] if f"/{name}.dir/" in made]
            near = any(headers & self.made_of[made] for made in own)
            return (not (stem in name or name[:-5] in stem), folder != self.tests_of(path),
                    folder not in using, -self.noticed[self.tests_of(path), name], not near,
                    self.times.get(name, UNKNOWN))

        depends = [name for name in self.programs if self.times.get(name, 0) <= self.quick
                   and any(path in self.made_of[made] for made in self.objects[name])]
        return sorted(depends, key=distance)

    def notices(self, name, longest):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        command = [self.paths[name], "--gtest_brief=1", "--gtest_fail_fast"]
        try:
            done = run(*command, timeout=longest, cwd=self.tree, preexec_fn=limit)
        except subprocess.TimeoutExpired:
            return True
        return done.returncode != 0

    def first_to_notice(self, mutant, seconds):
        """Builds and runs who may notice until one does; its name, or a word of what went wrong."""
        left = self.who_may_notice(mutant.path)[:self.nearest]
        count = FIRST
        while left:
            some, left = left[:count], left[count:]
            count *= 2
            self.know(some)
            begun = time.monotonic()
            with mutant:
                told = self.first_of(some, mutant, begun + seconds)
            if told:
                self.noticed[self.tests_of(mutant.path), told] += 1
                return told
            seconds -= time.monotonic() - begun
        return None

    def first_of(self, names, mutant, deadline):
        running = {}

        def noticed(when):
            done, _ = concurrent.futures.wait(running, return_when=when)
            return next((name for name in map(running.pop, done) if name in self.failed), None)

        self.failed = set()
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for number, name in enumerate(names):
                # A source is in a library, which is built with the first, as is what the mutant
                # before has left in another; a header is in them all.
                header = mutant.path.endswith(".hpp")
                if header or number == 0:
                    word = self.cannot_build([name] if header else names, deadline)
                    if word:
                        return word
                if time.monotonic() > deadline:
                    return "not decided"
                if self.times[name] > self.quick:
                    continue
                running[pool.submit(self.try_program, name)] = name
                if len(running) < self.jobs:
                    continue
                name = noticed(concurrent.futures.FIRST_COMPLETED)
                if name:
                    return name
            return noticed(concurrent.futures.ALL_COMPLETED)

    def try_program(self, name):
        if self.notices(name, 5 * self.times[name] + SLACK):
            self.failed.add(name)

    def cannot_build(self, names, deadline):
        try:
            built = run("ninja", f"-j{self.jobs}", *names, cwd=self.build,
                        timeout=max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return "not decided"
        return None if built.returncode == 0 else "does not compile"


class Mutant:
    def __init__(self, tree, path, site):
        self.path, self.kind = path, site.kind
        self.file = tree / path
        self.text = self.file.read_text()
        self.broken = self.text[:site.begin] + site.put + self.text[site.end:]
        self.line = self.text.count("\n", 0, site.begin) + 1

    def __enter__(self):
        self.file.write_text(self.broken)

    def __exit__(self, *_):
        self.file.write_text(self.text)

    def diff(self):
        return "".join(difflib.unified_diff(
            self.text.splitlines(True), self.broken.splitlines(True), f"a/{self.path}",
            f"b/{self.path}"))


def files(tree):
    """The core and the backends: what is shipped, but for the testing kit."""
    for pattern in ("include/invsaga/**/*.hpp", "src/**/*.?pp", "backends/*/include/**/*.hpp",
                    "backends/*/src/**/*.?pp"):
        for path in sorted(tree.glob(pattern)):
            if "testing" not in path.relative_to(tree).parts:
                yield path.relative_to(tree).as_posix()


def drawn(tree, seed, only):
    """Mutants without end, each once: a kind is drawn, then a place."""
    chance = random.Random(seed)
    places = {kind: [] for kind in mutant_sites.KINDS}
    for path in files(tree):
        for site in mutant_sites.sites((tree / path).read_text()):
            places[site.kind].append((path, site))
    while any(places.values()):
        kind = chance.choice([kind for kind in mutant_sites.KINDS if places[kind]])
        path, site = places[kind].pop(chance.randrange(len(places[kind])))
        if re.search(only, path):
            yield Mutant(tree, path, site)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100, help="that compile and are decided")
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="N")
    parser.add_argument("--only", default="", metavar="REGEX")
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--quick", type=float, default=float("inf"), metavar="N")
    parser.add_argument("--nearest", type=int, metavar="N")
    parser.add_argument("--these", default="", metavar="N,N,...")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--tree", type=pathlib.Path, default=ROOT / "build" / "random_mutants",
                        metavar="DIR")
    options = parser.parse_args()
    copy = Copy(options.tree.resolve(), options.jobs, options.quick, options.nearest)
    survivors = options.tree / "survivors"
    survivors.mkdir(exist_ok=True)
    these = {int(number) for number in options.these.split(",") if number}
    tried, apart, survived = 0, {"does not compile": 0, "not decided": 0}, []
    for number, mutant in enumerate(drawn(copy.tree, options.seed, options.only), 1):
        if tried >= options.count or (these and number > max(these)):
            break
        if number < options.first or (these and number not in these):
            continue
        told = copy.first_to_notice(mutant, options.seconds)
        if told in apart:
            apart[told] += 1
        else:
            tried += 1
        place = f"{mutant.path}:{mutant.line}"
        print(f"{number:4} {mutant.kind:9} {place}: {told or 'SURVIVED'}", flush=True)
        if told is None:
            survived.append(number)
            (survivors / f"{options.seed}-{number}.patch").write_text(mutant.diff())
    for number in survived:
        print(f"\nsurvivor {number}")
        print((survivors / f"{options.seed}-{number}.patch").read_text(), end="")
    print(f"\nseed {options.seed}: {tried} mutants tried, {tried - len(survived)} noticed, "
          f"{len(survived)} survived; besides, {apart['does not compile']} did not compile, "
          f"{apart['not decided']} were not decided")
    return 0 if len(survived) * 20 <= tried else 1


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    plainly.run(main)
