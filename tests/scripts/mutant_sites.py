#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What scripts/mutant_sites.py takes for a place to break the code at, and what it says that a file
includes: mutant_sites.py ROOT"""
import pathlib
import re
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(ROOT / "scripts"))
import mutant_sites  # noqa: E402

CODE = '''// if (a == b) in a comment
#define MACRO(x) if (x == 1) y();
namespace here {
constexpr int outside = 1;
struct Shape { int sides = 4; bool is(int n) const { return n == sides; } };
[[nodiscard]] int area(int a, int b) {
  static_assert(sizeof(int) == 4);
  const std::string text = "if (x == 2) z();";
  if (const auto found = find(a); found != b) note(a, b);
  while (a < 10 && ready()) --a;
  const std::vector<int> none{};
  std::sort(all.begin(), all.end());
  struct Local { int kept = 3; };
  run([&] { touch(); });
  return a + 1;
}
}  // namespace here
'''

EXPECTED = {
    "condition": {"n != sides", "!(found != b)", "found == b", "!(a < 10 && ready())",
                  "a < 10 || ready()"},
    "statement": {"if (const auto found = find(a); found != b) note(a, b)",
                  "while (a < 10 && ready()) --a", "std::sort(all.begin(), all.end())",
                  "run([&] { touch(); })", "touch()"},
    "bound": {"a <= 10", "a"},
    "argument": {"note(b, a)", "std::sort(all.end(), all.begin())"},
    "constant": {"a < 11", "a + 0"},
}


def includes_missing(sources):
    """What one of ours includes of ours, and is not found."""
    includes = mutant_sites.Includes(ROOT)
    for path in sources:
        known = includes.of(path)
        for name in re.findall(r'^#include (?:<(invsaga/.*)>|"(.*)")', path.read_text(), re.M):
            if not any(one.endswith("".join(name).lstrip("./")) for one in known):
                yield f"{path}: {name}"
    of_a_source = includes.of(ROOT / "src" / "stock" / "stock.cpp")
    yield from {"src/stock/stock.cpp", "include/invsaga/stock.hpp",
                "include/invsaga/ids.hpp"} - of_a_source
    yield from {"include/invsaga/saga.hpp"} & of_a_source


def main():
    found = mutant_sites.sites(CODE)
    wrong = []
    for kind, wanted in EXPECTED.items():
        got = [site for site in found if site.kind == kind]
        if len(got) != len(wanted):
            wrong.append(f"{kind}: {[CODE[s.begin:s.end] + ' -> ' + s.put for s in got]}")
        if kind == "statement":
            left_out = {CODE[site.begin:site.end] for site in got}
            wrong += [f"not left out: {text}" for text in wanted - left_out]
            continue
        broken = [CODE[:site.begin] + site.put + CODE[site.end:] for site in got]
        wrong += [f"{kind}: never {text}" for text in wanted
                  if not any(text in mutant for mutant in broken)]
    whole = list((ROOT / "src").glob("**/*.cpp"))
    wrong += [f"includes: {missing}" for missing in includes_missing(whole)]
    for path in whole:
        text = path.read_text()
        for site in mutant_sites.sites(text):
            if text[site.begin:site.end] == site.put:
                wrong.append(f"{path}: breaks nothing at {site}")
    print("\n".join(wrong) or f"{len(found)} places, as they should be")
    return 1 if wrong or not whole else 0


if __name__ == "__main__":
    sys.exit(main())
