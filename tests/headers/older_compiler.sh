#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Each public header alone, compiled as C++17, says first that it needs C++20:
# older_compiler.sh FOLDER COMPILER FLAG... (The testing kit is left out: GoogleTest comes first.)
set -euo pipefail
cd "$1"
shift
status=0
headers=$(find include backends/*/include -name '*.hpp' -not -path '*/testing/*' | sort)
for header in $headers; do
  line="#include <${header#*include/}>"
  first=$("$@" -std=c++17 -Wfatal-errors -fsyntax-only -x c++ - <<< "$line" 2>&1 |
    grep -m1 'error:' || true)
  [[ $first == *'invsaga needs C++20'* ]] && continue
  echo "$header: the first error is: $first"
  status=1
done
exit "$status"
