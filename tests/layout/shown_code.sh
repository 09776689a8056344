#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every line of code that is shown stands in a program that is built and run: shown_code.sh FOLDER.
# Shown are the README's blocks ```cpp, and in the comments of public headers the lines with five
# or more blanks after `//` or `///`. Compared without the blanks at the ends, runs of blanks as
# one, and comments at the end of a line left out. What the README says a program prints (its
# blocks ```text) has to be in an example's expected output, blanks and all.
set -euo pipefail
cd "$1"
status=0

plain() { sed -E 's@ *// .*$@@; s/^ +//; s/ +$//; s/  +/ /g; /^$/d'; }

# compare PLACE PROGRAMS: each of the lines on stdin is one of the programs' lines
compare() {
  local line
  while IFS= read -r line; do
    grep -Fxq -- "$line" <<< "$2" && continue
    echo "$1: this line is in no program: $line"
    status=1
  done
}

block() {  # block LANGUAGE: what stands in the README's blocks of it
  awk -v first="^\`\`\`$1\$" '$0 ~ first { on = 1; next } /^```$/ { on = 0 } on' README.md
}

examples=$(find examples -name '*.cpp' -o -name '*.hpp' | sort | xargs cat | plain)
tests=$(find tests backends/*/tests -name '*.[ch]pp' -not -path '*/compile_fail/*' | sort |
  xargs cat | plain)
[[ -n $(block cpp) ]] || { echo 'README.md: no code was found'; exit 1; }
compare README.md "$examples" <<< "$(block cpp | plain)"
compare README.md "$(cat examples/*.expected examples/consumer/*.expected)" <<< "$(block text)"
found=0
while IFS= read -r header; do
  shown=$(sed -nE 's@^ *///? {5,}([^ ].*)$@\1@p' "$header" | plain)
  [[ -n $shown ]] || continue
  found=$((found + 1))
  compare "$header" "$examples"$'\n'"$tests" <<< "$shown"
done < <(find include backends/*/include -name '*.hpp' | sort)
((found > 0)) || { echo 'include: no code was found'; exit 1; }
exit "$status"
