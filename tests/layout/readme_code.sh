#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every line of code in the README stands in a program that is built and run: readme_code.sh FOLDER
set -euo pipefail
cd "$1"
status=0
code=$(awk '/^```cpp$/ { on = 1; next } /^```$/ { on = 0 } on' README.md | sed 's/^ *//; /^$/d')
[ -n "$code" ] || { echo "README.md: no code was found"; exit 1; }
programs=$(cat examples/*.cpp examples/checkout/*.hpp | sed 's/^ *//')
while IFS= read -r line; do
  grep -Fxq -- "$line" <<<"$programs" && continue
  echo "README.md: this line is in no example: $line"
  status=1
done <<<"$code"
exit "$status"
